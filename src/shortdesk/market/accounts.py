"""Accounts, their balances and their legs: finding them, and making them when they are first needed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.tables import (
    BALANCE,
    BUCKET,
    LEG,
    Shelf,
    account_at,
    balance_at,
    has_room,
    instrument_at,
    leg_at,
    row_at,
    rows_of,
    shelf_at,
    take_row,
)

__all__ = [
    "Hedge",
    "Role",
    "balance_for",
    "find_balance",
    "find_leg",
    "has_account",
    "leg_for",
    "link_balance",
    "link_leg",
    "room_for_a_leg",
]


class Role(IntEnum):
    """What an account is to its venue."""

    TRADER = 0
    FEES = 1
    CLEARING = 2
    INSURANCE = 3
    DEFICIT = 4
    OUTSIDE = 5
    LENDERS = 6
    LIQUIDATOR = 7


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


@rule(inline=True)
def _balance_bucket(w: Any, account: int, asset: int, leg: int) -> Any:
    mask = rows_of(w, Shelf.BALANCE_BUCKETS) - 1
    return row_at(w, Shelf.BALANCE_BUCKETS, (int(account) + int(asset) * 40503 + int(leg) * 9973) & mask, BUCKET)


@rule
def find_balance(w: Any, account: int, asset: int, leg: int) -> int:
    """The row of an account's units of an asset (``leg`` 0) or of an isolated leg's own; 0 if it never had one."""
    at = _balance_bucket(w, account, asset, leg).first
    while at != 0 and (
        balance_at(w, at).account != account or balance_at(w, at).asset != asset or balance_at(w, at).leg != leg
    ):
        at = balance_at(w, at).chain
    return int(at)


@rule
def link_balance(w: Any, at: int) -> None:
    """Enter a balance where ``find_balance`` looks."""
    balance = balance_at(w, at)
    bucket = _balance_bucket(w, int(balance.account), int(balance.asset), int(balance.leg))
    balance.chain = bucket.first
    bucket.first = at


@rule
def balance_for(w: Any, account: int, asset: int, leg: int) -> int:
    """``find_balance``, made where there was none; the caller has asked for room."""
    at = find_balance(w, account, asset, leg)
    if at != 0:
        return at
    at = take_row(w, Shelf.BALANCES, BALANCE)
    balance = balance_at(w, at)
    balance.account = account
    balance.asset = asset
    balance.leg = leg
    balance.account_next = account_at(w, account).first_balance
    account_at(w, account).first_balance = at
    link_balance(w, at)
    return at


@rule(inline=True)
def room_for_a_leg(w: Any) -> int:
    """0 when a leg with its balances can be made, else the Shelf that is full."""
    if not has_room(w, Shelf.LEGS, 1):
        return Shelf.LEGS.value
    if not has_room(w, Shelf.BALANCES, 4):
        return Shelf.BALANCES.value
    return 0


@rule
def leg_for(w: Any, account: int, number: int, hedge: int) -> int:
    """``find_leg``, made where there was none; the caller has asked for room."""
    at = find_leg(w, account, number, hedge)
    if at != 0:
        return at
    at = take_row(w, Shelf.LEGS, LEG)
    leg = leg_at(w, at)
    owner = account_at(w, account)
    instrument = instrument_at(w, number)
    leg.account = account
    leg.instrument = number
    leg.hedge = hedge
    leg.leverage_x100 = min(instrument.highest_leverage_x100, 2000)
    leg.account_next = owner.first_leg
    owner.first_leg = at
    leg.instrument_next = instrument.first_leg
    instrument.first_leg = at
    link_leg(w, at)
    if instrument.has_accounts:
        leg.balance = balance_for(w, account, instrument.settle_asset, 0)
        if owner.is_isolated:
            leg.is_isolated = 1
            leg.balance = balance_for(w, account, instrument.settle_asset, at)
    return at
