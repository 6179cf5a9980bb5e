"""The liquidation map as a screen: what will be liquidated where, what outsiders would guess, and the book in the way.

The same exposure as ``shortdesk squeeze`` prints (``study/squeeze_risk``), asked of the market that runs: trigger
prices are those of the venue's own ladder, depth is what rests in the book, entries are the candles so far.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.recorder import Candle
from shortdesk.doors.web.view.book import resting_orders
from shortdesk.doors.web.view.deaths import armed_legs
from shortdesk.doors.web.view.scale import SECOND_NS, Board
from shortdesk.ground.order import Side as OrderSide
from shortdesk.market.prices import pricing_at
from shortdesk.market.tables import clock_of, instrument_at
from shortdesk.market.world import World
from shortdesk.study.cascade import Side
from shortdesk.study.liquidation_map import book_ignition, liquidation_map
from shortdesk.study.squeeze_risk import NEAR, Held, exposure, guess_of

__all__ = ["LiquidationView", "SideView", "held_of", "liquidation_view"]

REACH = 0.25
"""The map reaches this part of the mark away."""
STEPS = 100
"""Steps of price on each side."""


class SideView(msgspec.Struct, frozen=True):
    """Shorts above the mark, or longs below it. Worth is in the quote, step by step from the mark outward."""

    exact: list[float]
    guessed: list[float]
    book: list[float]
    """Worth that rests in the way: offers above the mark, bids below it."""
    gain: list[float]
    positions: int
    placed: float
    beyond: float
    ignition: float
    """With the depth within 1 % spread evenly; 0: no such price."""
    ignition_book: float
    """Order by order through the book as it stands; 0: no such price."""
    depth_1pct: float
    oi_over_depth: float
    greatest_gain: float
    near: list[tuple[float, float]]
    """Distance in per cent, and the per cent of the open interest liquidated within it."""
    misplaced_pct: float | None
    size_ratio: float | None
    mean_distance: float | None
    """The guess beside the truth, as ``map_error`` has it; None where one of them is empty."""


class LiquidationView(msgspec.Struct, frozen=True):
    """Both sides around one mark."""

    mark: float
    reach_pct: float
    steps: int
    open_interest: float
    shorts: SideView
    longs: SideView


def liquidation_view(world: World, board: Board, candles: Sequence[Candle], step_s: int) -> LiquidationView | None:
    """The map of an instrument as it is now; None while it has no mark or no tiers.

    ``candles`` are the trades so far, each of ``step_s`` seconds: what outsiders see.
    """
    row = instrument_at(world.block, board.number)
    mark = board.price(int(row.mark_ticks))
    if mark <= 0 or not board.market.tiers:
        return None
    legs, ticks = armed_legs(world, board.number)
    orders, _ = resting_orders(world, board.number)
    pricing = pricing_at(world.block, board.number)
    has_rate = int(pricing.next_funding_ns) - int(pricing.interval_ns) > board.start_ns
    rate = int(pricing.rate) / max(1, int(pricing.rate_one)) if has_rate else math.nan
    seconds = max(float(step_s), (int(clock_of(world.block).now_ns) - board.start_ns) / SECOND_NS)
    volume = sum(one[5] for one in candles) / mark * 86_400 / seconds
    interest = board.size(int(row.open_lots))
    sides = []
    for side in ("up", "down"):
        held = held_of(board, mark, interest, legs, ticks, candles, side)
        sides.append(_side(board, held, orders, volume, rate))
    return LiquidationView(
        mark=mark, reach_pct=100 * REACH, steps=STEPS, open_interest=interest * mark, shorts=sides[0], longs=sides[1]
    )


def held_of(
    board: Board, mark: float, interest: float, legs: NDArray[Any], ticks: NDArray[np.int64],
    candles: Sequence[Candle], side: str,
) -> Held:  # fmt: skip
    """One side's positions and what outsiders see of it: the middle of each candle, by the size traded in it."""
    way: Side = "up" if side == "up" else "down"
    ours = legs["lots"] < 0 if way == "up" else legs["lots"] > 0
    bars = np.array([(one[2] + one[3] + one[4], one[5]) for one in candles if one[5] > 0], np.float64).reshape(-1, 2)
    entries = bars[:, 0] / 3
    return Held(
        price=mark,
        side=way,
        open_interest=interest,
        levels=np.asarray(ticks[ours] * board.tick, np.float64),
        sizes=np.asarray(np.abs(legs["lots"][ours]) * board.lot, np.float64),
        entries=entries,
        weights=bars[:, 1] / entries,
        maintenance_rate=float(board.market.tiers[0].maintenance_rate),
    )


def _side(board: Board, held: Held, orders: NDArray[Any], volume: float, rate: float) -> SideView:
    up = held.side == "up"
    rests = orders[orders["side"] == (OrderSide.SELL if up else OrderSide.BUY)]
    quotes, offered = rests["price_ticks"] * board.tick, rests["lots"] * board.lot
    away = (quotes - held.price) * (1 if up else -1)
    near = away <= 0.01 * held.price
    depth = max(board.lot * held.price, float((quotes[near] * offered[near]).sum()))
    kappa = 0.01 * held.price * held.price / depth
    risk = exposure(held, kappa=kappa, depth_is_given=True, volume_a_day=volume, funding_rate=rate)
    fine = liquidation_map(
        held.price, held.levels, held.sizes, guess_of(held), kappa=kappa, side=held.side, reach=REACH, buckets=STEPS
    )
    middles = (fine.near + fine.far) / 2
    edges = np.linspace(0.0, REACH * held.price, STEPS + 1)
    book, _ = np.histogram(np.maximum(away, 0.0), edges, weights=quotes * offered)
    error = risk.map.error
    return SideView(
        exact=_whole(fine.exact * middles),
        guessed=_whole(fine.guessed * middles),
        book=_whole(book),
        gain=np.round(fine.gain, 3).tolist(),
        positions=risk.legs,
        placed=risk.placed * held.price,
        beyond=risk.map.beyond * held.price,
        ignition=risk.map.ignition_price or 0.0,
        ignition_book=book_ignition(held.levels, held.sizes, quotes, offered, side=held.side) or 0.0,
        depth_1pct=depth,
        oi_over_depth=risk.oi_over_depth,
        greatest_gain=risk.greatest_gain,
        near=[(100 * a, 100 * b) for a, b in zip(NEAR, risk.share_near, strict=True) if math.isfinite(b)],
        misplaced_pct=_known(100 * error.misplaced),
        size_ratio=_known(error.size_ratio),
        mean_distance=_known(error.mean_distance),
    )


def _whole(values: NDArray[np.float64]) -> list[float]:
    return [float(one) for one in np.round(values).tolist()]


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
