"""The strip above the chart: prices, funding, open interest, makers, funds, lending, what was liquidated."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.view.scale import SECOND_NS, Board
from shortdesk.market.funding import rate_now
from shortdesk.market.loans import RATE_ONE, present_rate
from shortdesk.market.prices import pricing_at
from shortdesk.market.tables import Shelf, balance_at, clock_of, instrument_at, shelf_at, venue_at
from shortdesk.stage.agents.maker import MAKER
from shortdesk.stage.gauges import equity_units
from shortdesk.stage.parts import Part
from shortdesk.stage.play import Play

__all__ = ["Gauges", "PoolView", "gauges", "makers_of"]


class PoolView(msgspec.Struct, frozen=True):
    """A lending pool: how much of it is lent, and what it asks."""

    asset: str
    utilisation_pct: float
    rate_pct_year: float
    """At the present utilisation; what was charged last follows it by the hour."""
    lent: float
    free: float


class Gauges(msgspec.Struct, frozen=True):
    """One line of figures. Money is in the quote; 0 where a figure does not exist."""

    mark: float
    index: float
    last: float
    basis_bps: float
    """Mark over index, less one."""
    funding_pct: float
    """The rate that the next instant would fix now; + means longs pay shorts."""
    funding_fixed_pct: float
    funding_hours: float
    funding_in_s: float
    open_interest: float
    open_lots: int
    makers: int
    makers_present: int
    insurance: float
    deficit: float
    pools: list[PoolView]


def makers_of(play: Play, board: Board) -> NDArray[Any]:
    """The market makers of an instrument."""
    place = shelf_at(play.block, Part.MAKERS)
    if place.used == 0:  # a table that no population asked for has rows of no kind
        return np.zeros(0, MAKER)
    rows = play.block[int(place.start) : int(place.end)].view(MAKER)[1 : int(place.used) + 1]
    found: NDArray[Any] = rows[rows["instrument"] == board.number]
    return found


def gauges(play: Play, board: Board) -> Gauges:
    """The figures of an instrument now."""
    world = play.world
    w = world.block
    row, pricing = instrument_at(w, board.number), pricing_at(w, board.number)
    index, mark = int(pricing.index_ticks), int(row.mark_ticks)
    one = max(1, int(pricing.rate_one))
    makers = makers_of(play, board)
    purses = venue_at(w, board.market.venue)
    funded = bool(board.market.is_perp and index)
    return Gauges(
        mark=board.price(mark),
        index=board.price(index),
        last=board.price(int(row.last_ticks)),
        basis_bps=1e4 * (mark / index - 1) if index and mark else 0.0,
        funding_pct=100 * rate_now(w, board.number) / one if funded else 0.0,
        funding_fixed_pct=100 * int(pricing.rate) / one,
        funding_hours=int(pricing.interval_ns) / (3600 * SECOND_NS),
        funding_in_s=max(0.0, (int(pricing.next_funding_ns) - int(clock_of(w).now_ns)) / SECOND_NS) if funded else 0.0,
        open_interest=board.worth(int(row.open_lots), mark),
        open_lots=int(row.open_lots),
        makers=len(makers),
        makers_present=int(np.count_nonzero(makers["is_away"] == 0)),
        insurance=board.money(equity_units(world, int(purses.insurance), board.market.settle_asset)),
        deficit=-board.money(equity_units(world, int(purses.deficit), board.market.settle_asset)),
        pools=_pools(play, board),
    )


def _pools(play: Play, board: Board) -> list[PoolView]:
    """What is lent in the whole market, pool by pool."""
    world = play.world
    names = {number: name for name, number in play.cast.assets.items()}
    found = []
    for at, row in enumerate(world.table(Shelf.LENDING)[1 : world.used_rows(Shelf.LENDING)], 1):
        asset = int(row["asset"])
        one = 10 ** play.cast.digits[names[asset]]
        lent, free = int(row["lent_units"]), int(balance_at(world.block, int(row["lender_balance"])).units)
        found.append(
            PoolView(
                asset=names[asset],
                utilisation_pct=100 * lent / (lent + free) if lent + free > 0 else 0.0,
                rate_pct_year=100 * int(present_rate(world.block, at)) / RATE_ONE,
                lent=lent / one,
                free=free / one,
            )
        )
    return found
