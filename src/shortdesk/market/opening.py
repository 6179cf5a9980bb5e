"""Positions that are held when a market opens: their history is told by an entry price and a margin, not by fills.

Each position needs another of the same size and entry on the other side, or longs would not equal shorts and what
one side gains nobody would pay: whoever makes the table sees to it (``check_opening``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.market.accounts import Hedge, leg_for
from shortdesk.market.entry import Halt, has_room_for_balances, stop_for_room
from shortdesk.market.ledger import balance_for, transfer
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.row_type import row_type
from shortdesk.market.settle import move_position
from shortdesk.market.tables import Shelf, account_at, balance_at, clock_of, has_room, instrument_at, leg_at, venue_at
from shortdesk.market.world import World

__all__ = ["OPENING_ROW", "check_opening", "new_openings", "open_positions"]

_ROWS_OF_ONE = 8

OPENING_ROW = row_type(
    ("units", "<i8"),  # deposited into the account's wallet first
    ("lots", "<i8"),  # signed; 0 for a deposit alone
    ("ticks", "<i8"),  # entry price
    ("margin_units", "<i8"),  # of an isolated leg, out of the wallet
    ("account", "<i4"),
    ("asset", "<i4"),  # of the deposit
    ("instrument", "<i4"),
    ("leverage_x100", "<i4"),  # of the leg; 0 for the account's own
)
"""What one account holds at the opening: a deposit, and a position with its margin."""


def new_openings(count: int) -> NDArray[Any]:
    """A table of openings, all zero."""
    return np.zeros(count, OPENING_ROW)


def check_opening(table: NDArray[Any]) -> None:
    """Longs equal shorts, in lots and in lots times entry.

    Raises:
        UsageError: an instrument's positions do not balance.
    """
    for number in np.unique(table["instrument"][table["lots"] != 0]):
        rows = table[table["instrument"] == number]
        lots, worth = int(rows["lots"].sum()), sum(int(row["lots"]) * int(row["ticks"]) for row in rows)
        if lots or worth:
            raise UsageError(
                f"positions at the opening of instrument {number} leave {lots} lots and {worth} tick lots over; "
                "expected longs and shorts of the same size and entry"
            )


def open_positions(world: World, table: NDArray[Any]) -> NDArray[Any]:
    """Give accounts what they hold at the opening; the journal rows of it.

    Raises:
        UsageError: longs and shorts do not balance (``check_opening``).
    """
    check_opening(table)
    at, pieces = 0, []
    while at < len(table):
        at = int(_open_all(world.block, table, at))
        pieces.append(world.take_journal())
        if int(clock_of(world.block).halt) == Halt.TABLE_FULL:
            world.grow(Shelf(int(clock_of(world.block).full_table)))
    return np.concatenate(pieces) if pieces else world.take_journal()


@kernel
def _open_all(w: Any, table: Any, first: int) -> int:
    """Openings from ``first`` on; the number of the first that found no room."""
    clock = clock_of(w)
    clock.halt = Halt.DONE
    clock.cause = -1
    clock.mechanism = 0
    for at in range(first, len(table)):
        if not has_room(w, Shelf.LEGS, 1):
            stop_for_room(w, Shelf.LEGS)
            return at
        if not has_room_for_balances(w):
            return at
        if not journal_has_room(w, _ROWS_OF_ONE):
            clock.halt = Halt.JOURNAL_FULL
            return at
        _open_one(w, table[at])
    return len(table)


@rule
def _open_one(w: Any, row: Any) -> None:
    account = int(row.account)
    venue = venue_at(w, account_at(w, account).venue)
    if row.units != 0:
        outside = balance_for(w, venue.outside, row.asset, 0)
        transfer(w, Kind.DEPOSIT, balance_for(w, account, row.asset, 0), outside, row.units)
    if row.lots == 0:
        return
    number = int(row.instrument)
    leg = leg_for(w, account, number, Hedge.BOTH.value)
    if row.leverage_x100 != 0:
        leg_at(w, leg).leverage_x100 = row.leverage_x100
    note_apart(
        w,
        Detail.MONEY,
        Kind.OPENING,
        venue=account_at(w, account).venue,
        instrument=number,
        asset=instrument_at(w, number).settle_asset,
        account=account,
        price=row.ticks,
        lots=row.lots,
    )
    own = leg_at(w, leg).balance
    if row.margin_units != 0 and balance_at(w, own).leg == leg:
        wallet = balance_for(w, account, instrument_at(w, number).settle_asset, 0)
        transfer(w, Kind.MARGIN, wallet, own, -row.margin_units, number)
    move_position(w, leg, row.lots, row.ticks, -1)
