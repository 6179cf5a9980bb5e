"""Accounts and their legs: finding them, and making them when they are first needed."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.instrument import Form
from shortdesk.market.ledger import balance_for, forget_balance
from shortdesk.market.tables import (
    BUCKET,
    LEG,
    Shelf,
    account_at,
    balance_at,
    instrument_at,
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
    "join_balance",
    "leave_balance",
    "leg_bucket",
    "leg_for",
    "price_of",
    "promised_base",
    "unmake_leg",
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
def leg_bucket(w: Any, account: int, instrument: int, hedge: int) -> int:
    """The number of the bucket in which a leg is found."""
    mask = rows_of(w, Shelf.LEG_BUCKETS) - 1
    return int((int(account) + int(instrument) * 40503 + int(hedge) * 9973) & mask)


@rule(inline=True)
def _leg_bucket(w: Any, account: int, instrument: int, hedge: int) -> Any:
    return row_at(w, Shelf.LEG_BUCKETS, leg_bucket(w, account, instrument, hedge), BUCKET)


@rule(inline=True)
def find_leg(w: Any, account: int, instrument: int, hedge: int) -> int:
    """The account's leg in an instrument; 0 if it never had one. The newest is looked at first: often the only one."""
    newest = account_at(w, account).first_leg
    if newest != 0 and leg_at(w, newest).instrument == instrument and leg_at(w, newest).hedge == hedge:
        return int(newest)
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
    leg.leverage_x100 = owner.leverage_x100 if owner.leverage_x100 != 0 else 100
    asset = instrument_at(w, number).settle_asset
    if asset != 0:
        alone = at if owner.is_isolated and instrument_at(w, number).form != Form.SPOT else 0
        join_balance(w, at, balance_for(w, account, asset, alone))
    return at


@rule(inline=True)
def price_of(w: Any, number: int) -> int:
    """The mark, or the last trade while there is no mark; 0 when there is neither."""
    instrument = instrument_at(w, number)
    return int(instrument.mark_ticks if instrument.mark_ticks != 0 else instrument.last_ticks)


@rule(inline=True)
def promised_base(w: Any, account: int, asset: int) -> int:
    """Units of a base asset that the account's standing orders sell."""
    units = 0
    at = account_at(w, account).first_leg
    while at != 0:
        leg = leg_at(w, at)
        pair = instrument_at(w, leg.instrument)
        if pair.form == Form.SPOT and pair.base_asset == asset:
            units += leg.selling_lots * pair.base_units
        at = leg.account_next
    return int(units)


@rule
def unmake_leg(w: Any, at: int, balances: int) -> None:
    """Take back the leg that was made last, before anything was done with it.

    ``balances`` is how many balances there were before it was made; one made with it goes too.
    """
    leg = leg_at(w, at)
    _leg_bucket(w, leg.account, leg.instrument, leg.hedge).first = leg.chain
    account_at(w, leg.account).first_leg = leg.account_next
    if leg.balance != 0:
        leave_balance(w, at)
    if shelf_at(w, Shelf.BALANCES).used > balances:
        forget_balance(w, shelf_at(w, Shelf.BALANCES).used)
        _hand_back(w, Shelf.BALANCES)
    leg.account = 0
    leg.instrument = 0
    leg.hedge = 0
    leg.chain = 0
    leg.account_next = 0
    leg.leverage_x100 = 0
    _hand_back(w, Shelf.LEGS)


@rule
def _hand_back(w: Any, shelf: int) -> None:
    """The row handed out last was never handed out. Legs and balances are given back in no other way."""
    place = shelf_at(w, shelf)
    place.used -= 1
    place.live -= 1


@rule
def join_balance(w: Any, at: int, balance: int) -> None:
    """From now on this balance stands behind the leg."""
    leg = leg_at(w, at)
    leg.balance = balance
    leg.balance_next = balance_at(w, balance).first_leg
    balance_at(w, balance).first_leg = at


@rule
def leave_balance(w: Any, at: int) -> None:
    """No balance stands behind the leg any more."""
    leg = leg_at(w, at)
    balance = balance_at(w, leg.balance)
    if balance.first_leg == at:
        balance.first_leg = leg.balance_next
    else:
        before = leg_at(w, balance.first_leg)
        while before.balance_next != at:
            before = leg_at(w, before.balance_next)
        before.balance_next = leg.balance_next
    leg.balance = 0
    leg.balance_next = 0
