"""How exposed one side of a recorded market is at a moment: crowding, each part for itself, and the liquidation map.

Everything comes from a Journal and the venue's tiers. There is no single score: a large open interest with far
liquidation prices, or a dense ladder before a deep book, is no squeeze.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from shortdesk.ground.errors import InputError
from shortdesk.ground.kinds import Kind
from shortdesk.margin.contract import Contract
from shortdesk.study.arrays import Array
from shortdesk.study.cascade import Side, critical_shock, ladder_of
from shortdesk.study.crowding import level_concentration, share_near_liquidation
from shortdesk.study.liquidation_legs import held_at, price_per_lot, rebuild_legs
from shortdesk.study.liquidation_map import Guess, LiquidationMap, guess_levels, liquidation_map
from shortdesk.study.postmortem_tape import Tape

__all__ = ["MOVES", "NEAR", "Held", "SqueezeRisk", "exposure", "guess_of", "squeeze_risk"]

NEAR = (0.01, 0.02, 0.05, 0.10)
"""How near to liquidation is asked, as fractions of the price."""
MOVES = (0.05, 0.10, 0.20)
"""Moves whose critical shock is asked, as fractions of the price."""
_BUCKET = 0.005
"""Width of the price buckets of the concentration, as a fraction of the price."""
_ENTRIES = 64
"""Most prices at which outsiders place entries."""


class Held(NamedTuple):
    """One side of a market at a moment: prices in quote per base, sizes in base."""

    price: float
    side: Side
    open_interest: float
    levels: Array
    """Trigger prices of the side's positions, and below how large each is."""
    sizes: Array
    entries: Array
    """Prices at which was traded, and below how much at each: what outsiders see."""
    weights: Array
    maintenance_rate: float


class SqueezeRisk(NamedTuple):
    """Prices in quote per base, sizes in base."""

    price: float
    open_interest: float
    """Size held by shorts, which is what longs hold."""
    placed: float
    """Size of the side with a trigger price of its own: isolated positions."""
    legs: int
    depth_1pct: float
    depth_is_given: bool
    """Else it is what the fills say: 1 % of the price over the price moved per size."""
    oi_over_depth: float
    oi_over_volume: float
    """Open interest over what is traded in a day at the pace so far."""
    level_hhi: float
    """nan when nothing is placed, as the shares."""
    share_near: tuple[float, ...]
    """Of the open interest, within NEAR of liquidation on this side."""
    funding_rate: float
    """The last one fixed, of the interval; nan before the first."""
    greatest_gain: float
    critical_shocks: tuple[float, ...]
    """The smallest push from outside, as a fraction of the price, that the ladder makes a move of each of MOVES."""
    map: LiquidationMap


def squeeze_risk(
    tape: Tape, contract: Contract, at_ns: int, *, side: Side = "up", depth_1pct_quote: float | None = None
) -> SqueezeRisk:
    """The exposure of shorts (``up``) or longs (``down``) at a moment. Only rows up to ``at_ns`` are looked at.

    ``contract`` is on the Journal's scale, ``depth_1pct_quote`` the value resting within 1 % of the price.

    Raises InputError when nobody holds a position by then, there is no mark, or fills tell no depth and none is given.
    """
    marks = tape.marks[tape.time_ns[tape.marks] <= at_ns]
    if not len(marks):
        raise InputError("there is no mark price up to this moment")
    tick, lot = float(tape.grid.tick), float(tape.grid.lot)
    price = float(tape.price[marks[-1]]) * tick
    holding = held_at(tape, at_ns)
    interest = -float(holding.lots[holding.lots < 0].sum()) * lot
    if interest <= 0:
        raise InputError("nobody holds a position up to this moment: there is nothing to liquidate")
    legs = rebuild_legs(holding, contract)
    ours = legs.lots < 0 if side == "up" else legs.lots > 0
    entries, weights = _traded(tape, at_ns)
    held = Held(
        price=price,
        side=side,
        open_interest=interest,
        levels=np.asarray(legs.trigger_ticks[ours] * tick, np.float64),
        sizes=np.asarray(np.abs(legs.lots[ours]) * lot, np.float64),
        entries=entries,
        weights=weights,
        maintenance_rate=float(contract.rows[0].maintenance_rate),
    )
    return exposure(
        held,
        kappa=0.01 * price * price / depth_1pct_quote if depth_1pct_quote else price_per_lot(tape, at_ns) * tick / lot,
        depth_is_given=depth_1pct_quote is not None,
        volume_a_day=_volume_a_day(tape, at_ns) if len(entries) else math.nan,
        funding_rate=_funding(tape, at_ns),
    )


def guess_of(held: Held) -> Guess:
    """What outsiders would draw of the side: everybody entered where was traded, or at the price before any trade."""
    traded = bool(len(held.entries))
    return guess_levels(
        held.price, held.open_interest, held.entries if traded else [held.price], held.weights if traded else [1.0],
        maintenance_rate=held.maintenance_rate, side=held.side,
    )  # fmt: skip


def exposure(
    held: Held, *, kappa: float, depth_is_given: bool, volume_a_day: float = math.nan, funding_rate: float = math.nan
) -> SqueezeRisk:
    """The exposure of one side: the parts of crowding, and the map with buckets of a per cent.

    ``kappa`` is the move in price per size traded; ``volume_a_day`` in base.

    Raises UsageError for prices or a kappa that are not positive.
    """
    price, levels, sizes = held.price, held.levels, held.sizes
    found = liquidation_map(price, levels, sizes, guess_of(held), kappa=kappa, side=held.side)
    ladder = ladder_of(price, levels, sizes, kappa=kappa, side=held.side)
    has_levels = bool(sizes.sum() > 0) and held.open_interest > 0
    near = share_near_liquidation(price, levels, sizes, NEAR) * sizes.sum() / held.open_interest if has_levels else None
    depth = 0.01 * price / kappa
    return SqueezeRisk(
        price=price,
        open_interest=held.open_interest,
        placed=float(sizes.sum()),
        legs=len(sizes),
        depth_1pct=depth,
        depth_is_given=depth_is_given,
        oi_over_depth=held.open_interest / depth,
        oi_over_volume=held.open_interest / volume_a_day if volume_a_day > 0 else math.nan,
        level_hhi=level_concentration(levels, sizes, _BUCKET * price) if has_levels else math.nan,
        share_near=tuple(near.tolist()) if near is not None else (math.nan,) * len(NEAR),
        funding_rate=funding_rate,
        greatest_gain=float(found.gain.max()),
        critical_shocks=tuple((critical_shock(ladder, np.array(MOVES) * price) / price).tolist()),
        map=found,
    )


def _traded(tape: Tape, at_ns: int) -> tuple[Array, Array]:
    """Prices at which was traded, and how much at each; neighbours together so that there are few."""
    rows = tape.fills[tape.time_ns[tape.fills] <= at_ns]
    if not len(rows):
        return np.zeros(0), np.zeros(0)
    prices, size = tape.price[rows].astype(np.float64), np.abs(tape.lots[rows]).astype(np.float64)
    sums, edges = np.histogram(prices, bins=_ENTRIES, weights=size)
    middles = (edges[:-1] + edges[1:]) / 2.0 * float(tape.grid.tick)
    return middles[sums > 0], sums[sums > 0]


def _volume_a_day(tape: Tape, at_ns: int) -> float:
    rows = tape.fills[tape.time_ns[tape.fills] <= at_ns]
    seconds = max(1.0, (at_ns - tape.start_ns) / 1e9)
    return float(np.abs(tape.lots[rows]).sum()) * float(tape.grid.lot) * 86_400.0 / seconds


def _funding(tape: Tape, at_ns: int) -> float:
    rows = tape.here(Kind.FUNDING_RATE)
    rows = rows[tape.time_ns[rows] <= at_ns]
    return float(tape.units[rows[-1]]) / 1e12 if len(rows) else math.nan
