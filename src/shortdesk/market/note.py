"""Writing the Journal from inside the market: one row, its number and cause filled in."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.journal import put
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Side
from shortdesk.market.tables import JOURNAL_ROW, Shelf, clock_of, row_at, rows_of

__all__ = ["Detail", "journal_has_room", "note", "note_apart", "note_refusal"]


class Detail(IntEnum):
    """How much a run writes down."""

    NOTHING = 0
    MONEY = 1
    """Fills, positions, transfers, prices, liquidations."""
    ORDERS = 2
    """Also orders taken, rested, withdrawn, and refusals."""


@rule(inline=True)
def journal_has_room(w: Any, wanted: int) -> bool:
    """Whether ``wanted`` more rows can be written before the caller must fetch what is there."""
    return bool(clock_of(w).journal_count + wanted <= rows_of(w, Shelf.JOURNAL))


@rule(inline=True)
def note(
    w: Any,
    detail: int,
    kind: int,
    venue: int = -1,
    instrument: int = -1,
    asset: int = -1,
    account: int = -1,
    other: int = -1,
    order: int = -1,
    other_order: int = -1,
    price: int = -1,
    lots: int = 0,
    units: int = 0,
    code: int = 0,
) -> int:
    """Write one row if the run wants this much detail; its number, or the present cause if it was not written.

    The caller has asked for room before.
    """
    if clock_of(w).detail < detail:
        return int(clock_of(w).cause)
    return _write(w, kind, venue, instrument, asset, account, other, order, other_order, price, lots, units, code)


@rule(inline=True)
def _write(
    w: Any,
    kind: int,
    venue: int,
    instrument: int,
    asset: int,
    account: int,
    other: int,
    order: int,
    other_order: int,
    price: int,
    lots: int,
    units: int,
    code: int,
) -> int:
    clock = clock_of(w)
    seq = clock.journal_seq
    put(
        row_at(w, Shelf.JOURNAL, clock.journal_count, JOURNAL_ROW),
        seq,
        clock.now_ns,
        kind,
        clock.cause,
        clock.mechanism,
        venue,
        instrument,
        asset,
        account,
        other,
        order,
        other_order,
        price,
        lots,
        units,
        code,
    )
    clock.journal_count += 1
    clock.journal_seq = seq + 1
    return int(seq)


@rule
def note_apart(
    w: Any,
    detail: int,
    kind: int,
    venue: int = -1,
    instrument: int = -1,
    asset: int = -1,
    account: int = -1,
    other: int = -1,
    order: int = -1,
    other_order: int = -1,
    price: int = -1,
    lots: int = 0,
    units: int = 0,
    code: int = 0,
) -> int:
    """``note`` as one function that is called and not repeated in place: for rows that are rare."""
    return note(w, detail, kind, venue, instrument, asset, account, other, order, other_order, price, lots, units, code)


@rule
def note_refusal(w: Any, venue: int, command: Any, refusal: int) -> None:
    """Say that a command was not taken, and why."""
    lots = command.lots if command.side == Side.BUY else -command.lots
    note_apart(
        w,
        Detail.ORDERS,
        Kind.REFUSED,
        venue=venue,
        instrument=command.instrument,
        account=command.account,
        order=command.client_id,
        price=command.price_ticks,
        lots=lots,
        code=refusal,
    )
