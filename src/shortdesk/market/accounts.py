"""Accounts and their legs: finding them, and making them when they are first needed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.tables import (
    BUCKET,
    LEG,
    Shelf,
    account_at,
    leg_at,
    row_at,
    rows_of,
    shelf_at,
    take_row,
)

__all__ = [
    "Hedge",
    "find_leg",
    "has_account",
    "leg_for",
    "link_leg",
]


class Hedge(IntEnum):
    """Which side a leg is for."""

    BOTH = 0
    LONG = 1
    SHORT = 2


@rule(inline=True)
def has_account(w: Any, account: int) -> bool:
    """Whether there is such an account."""
    return bool(0 < account <= shelf_at(w, Shelf.ACCOUNTS).used)


@rule(inline=True)
def _leg_bucket(w: Any, account: int, instrument: int, hedge: int) -> Any:
    mask = rows_of(w, Shelf.LEG_BUCKETS) - 1
    return row_at(w, Shelf.LEG_BUCKETS, (int(account) + int(instrument) * 40503 + int(hedge) * 9973) & mask, BUCKET)


@rule(inline=True)
def find_leg(w: Any, account: int, instrument: int, hedge: int) -> int:
    """The account's leg in an instrument; 0 if it never had one."""
    at = _leg_bucket(w, account, instrument, hedge).first
    while at != 0 and (
        leg_at(w, at).account != account or leg_at(w, at).instrument != instrument or leg_at(w, at).hedge != hedge
    ):
        at = leg_at(w, at).chain
    return int(at)


@rule
def link_leg(w: Any, at: int) -> None:
    """Enter a leg where ``find_leg`` looks."""
    leg = leg_at(w, at)
    bucket = _leg_bucket(w, int(leg.account), int(leg.instrument), int(leg.hedge))
    leg.chain = bucket.first
    bucket.first = at


@rule
def leg_for(w: Any, account: int, number: int, hedge: int) -> int:
    """``find_leg``, made where there was none; the caller has asked for room."""
    at = find_leg(w, account, number, hedge)
    if at != 0:
        return at
    at = take_row(w, Shelf.LEGS, LEG)
    leg = leg_at(w, at)
    owner = account_at(w, account)
    leg.account = account
    leg.instrument = number
    leg.hedge = hedge
    leg.account_next = owner.first_leg
    owner.first_leg = at
    link_leg(w, at)
    return at
