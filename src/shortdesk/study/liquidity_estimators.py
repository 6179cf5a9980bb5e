"""How liquid a market was: spreads read off prices, impact per flow, depth of books and how it comes and goes.

Every function takes sequences or arrays. Where a convention differs between packages it is stated at the function.

Sources: Roll, Journal of Finance 39 (1984); Corwin and Schultz, Journal of Finance 67 (2012); Amihud, Journal of
Financial Markets 5 (2002); Cont, Kukanov and Stoikov, Journal of Financial Econometrics 12 (2014). Definitions, checked
by arithmetic.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length
from shortdesk.study.return_estimators import Line, least_squares

__all__ = [
    "BookDepth",
    "DepthVolatility",
    "RefillSpeed",
    "RollSpread",
    "amihud",
    "book_depth",
    "corwin_schultz",
    "depth_volatility",
    "kyle_lambda",
    "order_flow_imbalance",
    "refill_speed",
    "roll_spread",
]

_BASIS_POINT = 1e-4
_SAME_PRICE = 1e-9
"""Two distances from the mid that differ by less than this share are one: prices are decimals, the ratio is not."""


# --- spreads from prices -----------------------------------------------------------------------------------------


class RollSpread(NamedTuple):
    """The spread that bid-ask bounce betrays."""

    autocovariance: float
    spread: float
    """In price units; nan where changes of price do not bounce."""


def roll_spread(prices: npt.ArrayLike) -> RollSpread:
    """Roll's spread 2 sqrt(-c), c the covariance of successive price changes (n - 1, each part about its own mean).

    Raises UsageError for fewer than four prices.
    """
    changes = np.diff(row("prices", prices, at_least=4))
    before, after = changes[:-1] - changes[:-1].mean(), changes[1:] - changes[1:].mean()
    covariance = float(before @ after) / (before.size - 1)
    return RollSpread(covariance, 2.0 * math.sqrt(-covariance) if covariance <= 0 else math.nan)


def corwin_schultz(highs: npt.ArrayLike, lows: npt.ArrayLike) -> Array:
    """The relative spread from the highs and lows of each two successive bars; negative estimates are kept.

    b = ln(H1/L1)^2 + ln(H2/L2)^2, g = ln(max H/min L)^2, a = (sqrt(2 b) - sqrt(b))/(3 - 2 sqrt 2) -
    sqrt(g/(3 - 2 sqrt 2)), spread = 2 (e^a - 1)/(1 + e^a). No correction for gaps between bars: these markets do not
    close. Shape: (bars - 1,). Raises UsageError for fewer than two bars, prices not positive, or a high below its low.
    """
    top, bottom = row("highs", highs, above=0.0, at_least=2), row("lows", lows, above=0.0, at_least=2)
    same_length(highs=top, lows=bottom)
    if (top < bottom).any():
        raise UsageError(f"the high lies below the low in row {int(np.argmax(top < bottom))}")
    squares = np.log(top / bottom) ** 2
    b = squares[:-1] + squares[1:]
    g = np.log(np.maximum(top[:-1], top[1:]) / np.minimum(bottom[:-1], bottom[1:])) ** 2
    narrow = 3.0 - 2.0 * math.sqrt(2.0)
    a = (math.sqrt(2.0) - 1.0) * np.sqrt(b) / narrow - np.sqrt(g / narrow)
    return np.asarray(2.0 * np.tanh(a / 2.0))


# --- impact per flow ---------------------------------------------------------------------------------------------


def amihud(returns: npt.ArrayLike, volumes: npt.ArrayLike) -> float:
    """The mean of |return|/volume over bars with a trade; ``volumes`` in money, so it is per unit of money.

    Raises UsageError for rows that do not fit, a negative volume, or no bar with a trade.
    """
    moved, traded = row("returns", returns), row("volumes", volumes, least=0.0)
    same_length(returns=moved, volumes=traded)
    alive = traded > 0
    if not alive.any():
        raise UsageError("no bar has a trade")
    return float(np.mean(np.abs(moved[alive]) / traded[alive]))


def order_flow_imbalance(
    bids: npt.ArrayLike, bid_sizes: npt.ArrayLike, asks: npt.ArrayLike, ask_sizes: npt.ArrayLike
) -> Array:
    """What each change of the best quotes says of demand: size that came to the bid or left the ask, less the reverse.

    e = [b >= b'] q_b - [b <= b'] q_b' - [a <= a'] q_a + [a >= a'] q_a', primes for the quote before. Its sum over
    a time moves the price nearly in a line. Shape: (quotes - 1,). Raises UsageError for rows that do not fit or a
    negative size.
    """
    b, a = row("bids", bids, at_least=2), row("asks", asks, at_least=2)
    qb, qa = row("bid_sizes", bid_sizes, least=0.0), row("ask_sizes", ask_sizes, least=0.0)
    same_length(bids=b, asks=a, bid_sizes=qb, ask_sizes=qa)
    bought = (b[1:] >= b[:-1]) * qb[1:] - (b[1:] <= b[:-1]) * qb[:-1]
    sold = (a[1:] <= a[:-1]) * qa[1:] - (a[1:] >= a[:-1]) * qa[:-1]
    return np.asarray(bought - sold)


def kyle_lambda(signed_volumes: npt.ArrayLike, price_changes: npt.ArrayLike) -> Line:
    """Price per unit of flow: the least-squares line of price changes on signed volume, with an intercept.

    Raises UsageError for rows that do not fit or volumes that do not vary.
    """
    return least_squares(row("signed_volumes", signed_volumes), row("price_changes", price_changes))


# --- depth -------------------------------------------------------------------------------------------------------


class BookDepth(NamedTuple):
    """One book. Shapes: (bands,) for depth and imbalance."""

    mid: float
    bid_depth: Array
    ask_depth: Array
    imbalance: Array
    """(bid - ask)/(bid + ask); nan where a band is empty on both sides."""
    microprice: float
    """Each best price weighed by the size of the other."""
    spread_bps: float


def book_depth(
    bid_prices: npt.ArrayLike,
    bid_sizes: npt.ArrayLike,
    ask_prices: npt.ArrayLike,
    ask_sizes: npt.ArrayLike,
    bands_bps: npt.ArrayLike,
) -> BookDepth:
    """Size on each side within so many basis points of the mid, the edge included.

    Levels come in any order. A book with an empty side has no mid and is an error: count those apart.
    Raises UsageError for an empty side, a crossed book, or numbers out of range.
    """
    bids, asks = row("bid_prices", bid_prices, above=0.0), row("ask_prices", ask_prices, above=0.0)
    bid_rest, ask_rest = row("bid_sizes", bid_sizes, least=0.0), row("ask_sizes", ask_sizes, least=0.0)
    same_length(bid_prices=bids, bid_sizes=bid_rest)
    same_length(ask_prices=asks, ask_sizes=ask_rest)
    bands = row("bands_bps", bands_bps, least=0.0)
    bid, ask = float(bids.max()), float(asks.min())
    if bid >= ask:
        raise UsageError(f"the best bid {bid:g} does not lie below the best ask {ask:g}")
    mid = (bid + ask) / 2.0
    reach = bands[:, None] * _BASIS_POINT * mid * (1.0 + _SAME_PRICE)
    below, above = ((mid - bids) <= reach) @ bid_rest, ((asks - mid) <= reach) @ ask_rest
    both = below + above
    imbalance = np.divide(below - above, both, out=np.full_like(both, math.nan), where=both > 0)
    at_bid, at_ask = float(bid_rest[bids == bid].sum()), float(ask_rest[asks == ask].sum())
    micro = (bid * at_ask + ask * at_bid) / (at_bid + at_ask) if at_bid + at_ask > 0 else mid
    return BookDepth(mid, below, above, imbalance, micro, (ask - bid) / mid / _BASIS_POINT)


class DepthVolatility(NamedTuple):
    """How depth came and went, for reports on drains."""

    std_log_change: float
    """Of ln(depth/previous depth), n - 1; infinite when the depth was zero at some step."""
    coefficient_of_variation: float
    """Standard deviation (n - 1) over the mean."""
    max_drop: float
    """1 - deepest/baseline."""
    min_index: int
    steps_to_half_recovery: int | None
    """From the deepest point until half of the drop is made good; None if it never is."""
    steps_to_90pct_of_baseline: int | None


def depth_volatility(depth: npt.ArrayLike, baseline: float) -> DepthVolatility:
    """Size of the swings of a series of depths, the deepest drop against ``baseline``, and the way back.

    Raises UsageError for fewer than three depths, a negative one, nothing but zeros, or a baseline not positive.
    """
    found = row("depth", depth, least=0.0, at_least=3)
    numbers("baseline", baseline, above=0.0, axes=0)
    if not found.any():
        raise UsageError("the depth is zero throughout")
    deepest = int(np.argmin(found))
    lowest = float(found[deepest])
    swing = float(np.std(np.diff(np.log(found)), ddof=1)) if lowest > 0 else math.inf
    return DepthVolatility(
        swing,
        float(np.std(found, ddof=1) / np.mean(found)),
        1.0 - lowest / baseline,
        deepest,
        _steps_until(found[deepest:], lowest + 0.5 * (baseline - lowest)),
        _steps_until(found[deepest:], 0.9 * baseline),
    )


def _steps_until(depth: Array, level: float) -> int | None:
    reached = np.flatnonzero(depth >= level)
    return int(reached[0]) if reached.size else None


class RefillSpeed(NamedTuple):
    """How fast depth goes back to where it was."""

    half_life: float
    """In the unit of the step; 0 if a gap does not outlive a step, infinite if it does not close."""
    persistence: float
    """Share of a gap that is left after one step."""
    standard_error: float
    """Of the persistence."""


def refill_speed(depth: npt.ArrayLike, step: float, baseline: float | None = None) -> RefillSpeed:
    """Half-life of gaps in depth, ln 2 step/-ln(p), p the regression of each gap on the one before.

    A gap is depth less ``baseline``, the mean if none is given. Exact in the mean for a level whose orders come at a
    constant rate and leave each on its own (``queues.depth_recovery``): of its gap exp(-theta step) is left. Short
    series without a baseline make it too fast by about (1 + 3 p)/n in p.

    Raises UsageError for fewer than three depths, a step that is not positive, or depth that never leaves the baseline.
    """
    found = row("depth", depth, at_least=3)
    numbers("step", step, above=0.0, axes=0)
    gaps = found - (found.mean() if baseline is None else baseline)
    squares = float(gaps[:-1] @ gaps[:-1])
    if squares == 0.0:
        raise UsageError("the depth never leaves its baseline: nothing to refill")
    left = float(gaps[:-1] @ gaps[1:]) / squares
    rest = gaps[1:] - left * gaps[:-1]
    error = math.sqrt(float(rest @ rest) / (rest.size - 1) / squares)
    half_life = 0.0 if left <= 0 else math.inf if left >= 1 else -math.log(2.0) * step / math.log(left)
    return RefillSpeed(half_life, left, error)
