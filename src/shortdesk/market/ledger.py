"""The ledger: who holds how much of which asset, and the one rule that moves it.

Everything that can hold units is a balance: a trader's wallet, the margin of an isolated leg, and the venue's own
purses, which are accounts like any other. What comes in from outside leaves the account that stands for the
outside, so the units of every asset sum to zero at all times.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.note import Detail, note
from shortdesk.market.tables import (
    BALANCE,
    BUCKET,
    Shelf,
    account_at,
    balance_at,
    clock_of,
    instrument_at,
    leg_at,
    row_at,
    rows_of,
    take_row,
)

__all__ = [
    "Role",
    "balance_bucket",
    "balance_for",
    "find_balance",
    "forget_balance",
    "link_balance",
    "touch",
    "transfer",
]


class Role(IntEnum):
    """What an account is to its venue."""

    TRADER = 0
    CLEARING = 1
    """Stands between those who realise profits and those who realise losses."""
    FEES = 2
    INSURANCE = 3
    DEFICIT = 4
    """Bears what nobody else can; its minus is the venue's loss."""
    OUTSIDE = 5
    """Where deposits come from; its minus is what the venue was entrusted with."""
    LENDER = 6
    """Lends an asset; its units are what is still there to be lent."""
    POOL = 7
    """Holds the reserves of a pool."""
    BUILDER = 8
    """Earns the priority fees of a chain."""
    BURNER = 9
    """Where a chain's base fees go, out of circulation."""


@rule(inline=True)
def balance_bucket(w: Any, account: int, asset: int, leg: int) -> int:
    """The number of the bucket in which a balance is found."""
    mask = rows_of(w, Shelf.BALANCE_BUCKETS) - 1
    return int((int(account) + int(asset) * 40503 + int(leg) * 9973) & mask)


@rule(inline=True)
def _bucket(w: Any, account: int, asset: int, leg: int) -> Any:
    return row_at(w, Shelf.BALANCE_BUCKETS, balance_bucket(w, account, asset, leg), BUCKET)


@rule(inline=True)
def find_balance(w: Any, account: int, asset: int, leg: int) -> int:
    """An account's balance of an asset, or (``leg`` > 0) that of one isolated leg; 0 if it never had one."""
    at = _bucket(w, account, asset, leg).first
    while at != 0 and (
        balance_at(w, at).account != account or balance_at(w, at).asset != asset or balance_at(w, at).leg != leg
    ):
        at = balance_at(w, at).chain
    return int(at)


@rule
def link_balance(w: Any, at: int) -> None:
    """Enter a balance where ``find_balance`` looks."""
    balance = balance_at(w, at)
    bucket = _bucket(w, balance.account, balance.asset, balance.leg)
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
    link_balance(w, at)
    return at


@rule
def forget_balance(w: Any, at: int) -> None:
    """Unlink and empty a balance that was just made and never used."""
    balance = balance_at(w, at)
    _bucket(w, balance.account, balance.asset, balance.leg).first = balance.chain
    balance.account = 0
    balance.asset = 0
    balance.leg = 0
    balance.chain = 0


@rule
def transfer(
    w: Any,
    kind: int,
    mine: int,
    other: int,
    units: int,
    instrument: int = -1,
    order: int = -1,
    price: int = -1,
    lots: int = 0,
    code: int = 0,
) -> None:
    """Balance ``mine`` receives units from balance ``other`` (negative: pays them): the only writer of balances.

    ``kind`` says why, and is the kind of the journal row that is written.
    """
    receiver = balance_at(w, mine)
    giver = balance_at(w, other)
    assert receiver.asset == giver.asset
    receiver.units += units
    giver.units -= units
    touch(w, mine)
    touch(w, other)
    note(
        w,
        Detail.MONEY,
        kind,
        venue=_venue_of(w, receiver.account, instrument),
        instrument=instrument,
        asset=receiver.asset,
        account=receiver.account,
        other=giver.account,
        order=order,
        price=price,
        lots=lots,
        units=units,
        code=code,
    )


@rule(inline=True)
def _venue_of(w: Any, account: int, instrument: int) -> int:
    """The venue of an account; the instrument that it trades tells it without a look at the account's row."""
    return int(account_at(w, account).venue if instrument < 0 else instrument_at(w, instrument).venue)


@rule(inline=True)
def touch(w: Any, at: int) -> None:
    """What stands behind positions changed: it will be asked at the next mark."""
    if balance_at(w, at).coin_leg != 0:
        at = int(leg_at(w, balance_at(w, at).coin_leg).balance)
    balance = balance_at(w, at)
    if balance.is_touched == 0 and balance.first_leg != 0:
        clock = clock_of(w)
        balance.is_touched = 1
        balance.touched_next = clock.first_touched
        clock.first_touched = at
