"""What a fill does to the two who met."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Side
from shortdesk.margin.position import value_at
from shortdesk.market.note import Detail, note
from shortdesk.market.tables import instrument_at, leg_at

__all__ = ["reducible_lots", "settle_fill"]


@rule(inline=True)
def reducible_lots(held: int, side: int) -> int:
    """How many lots an order of this side could close of a position of ``held`` lots."""
    if side == Side.BUY:
        return -held if held < 0 else 0
    return held if held > 0 else 0


@rule(inline=True)
def settle_fill(w: Any, number: int, taker: Any, maker: Any, ticks: int, lots: int) -> None:
    """Write the fill down."""
    instrument = instrument_at(w, number)
    note(
        w,
        Detail.MONEY,
        Kind.FILL,
        venue=instrument.venue,
        instrument=number,
        asset=instrument.settle_asset,
        account=leg_at(w, taker.leg).account,
        other=leg_at(w, maker.leg).account,
        order=taker.client_id,
        other_order=maker.client_id,
        price=ticks,
        lots=lots if taker.side == Side.BUY else -lots,
        units=value_at(instrument.form, instrument.factor, lots, ticks),
    )
