"""What a trade cost: against the book, against the moment it was decided, and against where the price went.

Costs are positive for whoever pays them, on both sides; basis points are of the reference price named. A side is +1 for
who buys and -1 for who sells. Sources: Perold, Journal of Portfolio Management 14 (1988), with the delay set apart as
Wagner and Edwards do; the effective and realised spread as in SEC rule 605. All are definitions, checked by arithmetic.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length

__all__ = [
    "BookWalk",
    "Shortfall",
    "SpreadParts",
    "book_walk",
    "implementation_shortfall",
    "spread_parts",
]

_BASIS_POINT = 1e-4


def _sign(side: int) -> int:
    if side not in (1, -1):
        raise UsageError(f"a side is 1 for who buys and -1 for who sells, not {side}")
    return side


class BookWalk(NamedTuple):
    """A market order against the levels of a book; prices and basis points are nan when nothing was filled."""

    filled: float
    vwap: float
    last_price: float
    unfilled: float
    slippage_bps: float
    """Of the average price against the mid."""
    slippage_vs_touch_bps: float
    market_impact_cost: float
    """Money paid beyond the mid for what was filled."""


def book_walk(side: int, prices: npt.ArrayLike, sizes: npt.ArrayLike, mid: float, size: float) -> BookWalk:
    """Fill ``size`` from levels in the order given, best first.

    Raises UsageError for a negative size, sizes that are negative, levels that do not get worse, or a best level on the
    wrong side of the mid.
    """
    sign = _sign(side)
    levels = row("prices", prices, above=0.0, at_least=0)
    resting = row("sizes", sizes, least=0.0, at_least=0)
    same_length(prices=levels, sizes=resting)
    numbers("mid", mid, above=0.0, axes=0)
    numbers("size", size, least=0.0, axes=0)
    if len(levels) and ((sign * np.diff(levels)).min(initial=1.0) <= 0 or sign * (levels[0] - mid) < 0):
        raise UsageError("levels come best first, each worse than the one before and none beyond the mid")
    taken = np.diff(np.minimum(np.cumsum(resting), size), prepend=0.0)
    filled = float(taken.sum())
    if filled == 0.0:
        return BookWalk(0.0, math.nan, math.nan, size, math.nan, math.nan, 0.0)
    vwap = float(taken @ levels) / filled
    return BookWalk(
        filled=filled,
        vwap=vwap,
        last_price=float(levels[taken > 0][-1]),
        unfilled=size - filled,
        slippage_bps=sign * (vwap - mid) / mid / _BASIS_POINT,
        slippage_vs_touch_bps=sign * (vwap - levels[0]) / levels[0] / _BASIS_POINT,
        market_impact_cost=sign * (vwap - mid) * filled,
    )


class Shortfall(NamedTuple):
    """What an order cost against the price at which it was decided, in money."""

    delay: float
    """On the whole order: until it reached the market."""
    trading: float
    """On what was filled: against the price on arrival."""
    opportunity: float
    """On the rest: until the end."""
    fees: float
    total: float
    total_bps: float
    """Of the order's value at the decision."""
    fill_ratio: float


def implementation_shortfall(
    side: int,
    size: float,
    decision_price: float,
    arrival_price: float,
    fill_sizes: npt.ArrayLike,
    fill_prices: npt.ArrayLike,
    end_price: float,
    fees: float = 0.0,
) -> Shortfall:
    """The parts add up to what was paid, with the rest at the end price, less the order's value at the decision.

    Raises UsageError for prices or a size that are not positive, or fills above the size.
    """
    sign = _sign(side)
    sizes = row("fill_sizes", fill_sizes, above=0.0, at_least=0)
    prices = row("fill_prices", fill_prices, above=0.0, at_least=0)
    same_length(fill_sizes=sizes, fill_prices=prices)
    for name, value in (("size", size), ("decision_price", decision_price), ("arrival_price", arrival_price)):
        numbers(name, value, above=0.0, axes=0)
    numbers("end_price", end_price, above=0.0, axes=0)
    filled = float(sizes.sum())
    if filled > size * (1.0 + 1e-12):
        raise UsageError(f"fills of {filled:g} exceed the order's {size:g}")
    delay = sign * (arrival_price - decision_price) * size
    trading = float(sign * (sizes @ (prices - arrival_price)))
    opportunity = sign * (end_price - arrival_price) * (size - filled)
    total = delay + trading + opportunity + fees
    in_bps = total / (size * decision_price) / _BASIS_POINT
    return Shortfall(delay, trading, opportunity, fees, total, in_bps, filled / size)


class SpreadParts(NamedTuple):
    """What takers paid and what makers kept of it, per trade, both as whole spreads. Shape: that of the prices."""

    effective: Array
    realised: Array
    """What the maker has left once the price has moved."""
    impact: Array
    effective_bps: Array
    """Of the mid."""


def spread_parts(
    sides: npt.ArrayLike, prices: npt.ArrayLike, mids: npt.ArrayLike, mids_after: npt.ArrayLike
) -> SpreadParts:
    """effective = 2 s (price - mid) = realised 2 s (price - mid after) + impact 2 s (mid after - mid).

    ``mids`` just before each trade, ``mids_after`` at a chosen time later. Raises UsageError for a side that is not
    +1 or -1, or prices that are not positive.
    """
    sign = numbers("sides", sides)
    if not (np.abs(sign) == 1.0).all():
        raise UsageError("a side is 1 for who buys and -1 for who sells")
    price, mid, after = (
        numbers(name, given, above=0.0)
        for name, given in (("prices", prices), ("mids", mids), ("mids_after", mids_after))
    )
    effective = np.asarray(2.0 * sign * (price - mid))
    return SpreadParts(
        effective,
        np.asarray(2.0 * sign * (price - after)),
        np.asarray(2.0 * sign * (after - mid)),
        effective / mid / _BASIS_POINT,
    )
