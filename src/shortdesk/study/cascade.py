"""Liquidation cascades on a known ladder: where a move ends once everybody it liquidates has traded.

A ladder is the set of liquidation prices on one side of the price: above it those of shorts, whose forced buying
pushes the price up, below it those of longs. A first move of ``shock`` (from whatever cause) reaches some rungs;
their forced orders move the price by an impact I(Q) of the total size Q liquidated, which reaches more rungs, and
so on. The cascade ends at the least fixed point of

    move = shock + I(sum of sizes at distances <= move),   I(Q) = kappa Q  or  kappa sqrt(Q).

I never falls, so the least fixed point exists and rounds of "liquidate everybody reached, move the price" find it
(Tarski 1955). Prices are in quote per base, sizes in base, kappa in price per size or per square root of size; any
other consistent units do. A static ladder knows no refilling and no pacing: see :mod:`shortdesk.study.cascade_laws`.

Evidence: own definitions, derived; the fixed point is checked against its definition and by a second method in the
tests.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, Flags, numbers, row, same_length

__all__ = [
    "Cascade",
    "Impact",
    "Ladder",
    "LocalGain",
    "Rungs",
    "Side",
    "critical_shock",
    "ignition_price",
    "impact_of",
    "ladder_of",
    "local_gain",
    "run_cascade",
    "rungs",
]

_HAIR = 1e-12
"""A rung within this part of the price counts as reached: 1.1 - 1.0 is not 0.1 in floats, and means it."""

Side = Literal["up", "down"]
"""``up`` for liquidation prices of shorts above the price, ``down`` for those of longs below it."""
Impact = Literal["linear", "sqrt"]
"""How a price moves with the size traded: in proportion, or with its square root."""


class Ladder(NamedTuple):
    """Rungs in the order in which a move reaches them."""

    price: float
    side: Side
    distances: Array
    """From the price to each rung, rising; shape (rungs,)."""
    sizes: Array
    """Liquidated at each rung; shape (rungs,)."""
    pushes: Array
    """The impact of the first k rungs, for k = 0 … rungs; shape (rungs + 1,)."""
    kappa: float
    impact: Impact


class Cascade(NamedTuple):
    """What comes of each shock; every field has the shape of the shocks."""

    final_price: Array
    liquidated: Array
    """Total size."""
    rounds: npt.NDArray[np.intp]
    """Batches that liquidated somebody."""
    n_levels: npt.NDArray[np.intp]
    """Rungs reached."""
    amplification: Array
    """Total move over shock; nan for a shock of zero."""


class Rungs(NamedTuple):
    """What it takes to reach each rung of a ladder, in the order of distance; every field has shape (rungs,)."""

    level: Array
    size: Array
    gap: Array
    """From the price to the rung."""
    push_from_below: Array
    """The impact of all rungs before it."""
    self_sustaining: Flags
    """Whether that push alone covers the gap, with nothing left of the first shock."""
    shock_needed: Array
    """The smallest first move that ends up reaching it. Rungs that share a value go together."""


class LocalGain(NamedTuple):
    """Gain by price bucket; every field has shape (buckets,)."""

    low: Array
    high: Array
    density: Array
    """rho: size liquidated per unit of price."""
    gain: Array
    """g = rho kappa: the further move that a small move causes per unit of itself."""


def impact_of(total: npt.ArrayLike, kappa: float, impact: Impact = "linear") -> Array:
    """The move that a total size causes: kappa Q (linear) or kappa sqrt(Q).

    Raises UsageError for a negative size or kappa, or another word for the impact.
    """
    traded = numbers("total", total, least=0.0)
    slope = float(numbers("kappa", kappa, least=0.0, axes=0))
    if impact == "linear":
        return np.asarray(slope * traded)
    if impact == "sqrt":
        return np.asarray(slope * np.sqrt(traded))
    raise UsageError(f"impact is 'linear' or 'sqrt', not '{impact}'")


def ladder_of(
    price: float,
    levels: npt.ArrayLike,
    sizes: npt.ArrayLike,
    *,
    kappa: float,
    side: Side = "up",
    impact: Impact = "linear",
) -> Ladder:
    """The ladder of liquidation prices ``levels`` with ``sizes``, in any order.

    A rung at the price or behind it counts as reached by any move, even one of zero.

    Raises UsageError for prices that are not positive, negative sizes, rows of different length, or unknown words.
    """
    at = float(numbers("price", price, above=0.0, axes=0))
    where = numbers("levels", levels, above=0.0, axes=1)
    size = numbers("sizes", sizes, least=0.0, axes=1)
    same_length(levels=where, sizes=size)
    if side not in ("up", "down"):
        raise UsageError(f"side is 'up' or 'down', not '{side}'")
    distance = where - at if side == "up" else at - where
    order = np.argsort(distance, kind="stable")
    pushes = impact_of(np.concatenate(([0.0], np.cumsum(size[order]))), kappa, impact)
    return Ladder(at, side, distance[order], size[order], pushes, float(kappa), impact)


def run_cascade(ladder: Ladder, shocks: npt.ArrayLike) -> Cascade:
    """The least fixed point for each shock (any shape), by simultaneous rounds from the shock on.

    All shocks advance together: a round costs one search per shock, and there are at most as many rounds as rungs.
    The answer never falls with the shock. A rung that a move misses by less than a trillionth of the price is reached.

    Raises UsageError for a negative shock.

    >>> short_ladder = ladder_of(100, [101, 102, 103, 106], [5, 10, 10, 40], kappa=0.15)
    >>> float(run_cascade(short_ladder, 2.0).final_price)
    105.75
    """
    shock = numbers("shocks", shocks, least=0.0)
    reach = ladder.distances - _HAIR * ladder.price
    reached = np.zeros(shock.shape, dtype=np.intp)
    rounds = np.zeros(shock.shape, dtype=np.intp)
    while True:
        now = np.searchsorted(reach, shock + ladder.pushes[reached], side="right")
        more = now > reached
        if not more.any():
            break
        rounds += more
        reached = np.where(more, now, reached)
    move = shock + ladder.pushes[reached]
    totals = np.concatenate(([0.0], np.cumsum(ladder.sizes)))
    amplification = np.divide(move, shock, out=np.full(shock.shape, np.nan), where=shock > 0)
    sign = 1.0 if ladder.side == "up" else -1.0
    return Cascade(np.asarray(ladder.price + sign * move), totals[reached], rounds, reached, amplification)


def rungs(ladder: Ladder) -> Rungs:
    """Each rung with its gap, the push of those before it, and the shock that it takes to get there.

    Rung j needs shock + I(Q before j) >= d_j, and all rungs before it; so the shock needed is the running maximum of
    max(0, d_i - I(Q before i)) over i <= j.
    """
    before = ladder.pushes[:-1]
    own = np.maximum(0.0, ladder.distances - before)
    sign = 1.0 if ladder.side == "up" else -1.0
    return Rungs(
        level=ladder.price + sign * ladder.distances,
        size=ladder.sizes,
        gap=ladder.distances,
        push_from_below=before,
        self_sustaining=before >= ladder.distances - _HAIR * ladder.price,
        shock_needed=np.maximum.accumulate(own),
    )


def ignition_price(ladder: Ladder) -> float | None:
    """The price of the first self-sustaining rung; None when there is none.

    From there on the push of what was liquidated already carries the whole way from the price, so taking back the
    first shock no longer helps.
    """
    found = rungs(ladder)
    burning = np.flatnonzero(found.self_sustaining)
    return float(found.level[burning[0]]) if burning.size else None


def critical_shock(ladder: Ladder, moves: npt.ArrayLike) -> Array:
    """The smallest shock whose cascade moves the price by at least each of ``moves`` (any shape).

    With k rungs reached, which takes a shock of T_k, the move is shock + I(Q_k); so the answer is
    max(T_k, move - I(Q_k)) for the first k that gets as far before T_(k+1). Without any rung in the way it is the move
    itself; the further below, the more of the move the ladder does.

    Raises UsageError for a negative move.
    """
    wanted = numbers("moves", moves, least=0.0)
    thresholds = np.concatenate(([0.0], rungs(ladder).shock_needed))
    following = np.concatenate((thresholds[1:], [np.inf]))
    rung = np.searchsorted(following + ladder.pushes, wanted, side="right")
    return np.asarray(np.maximum(thresholds[rung], wanted - ladder.pushes[rung]))


def local_gain(levels: npt.ArrayLike, sizes: npt.ArrayLike, edges: npt.ArrayLike, kappa: npt.ArrayLike) -> LocalGain:
    """g(p) = rho(p) kappa(p) in the price buckets between rising ``edges``, each bucket with its lower edge.

    ``kappa`` is the move per size traded at that price: one number, or one per bucket. For a book, kappa is the width
    of the bucket over the size resting in it, so the gain is the size liquidated over the size resting. Above 1 a
    move through the bucket feeds itself.

    Raises UsageError for edges that do not rise, or a number of kappas that is not the number of buckets.
    """
    where = numbers("levels", levels, axes=1)
    size = numbers("sizes", sizes, least=0.0, axes=1)
    same_length(levels=where, sizes=size)
    bounds = row("edges", edges, at_least=2)
    width = np.diff(bounds)
    if not (width > 0).all():
        raise UsageError("edges of price buckets must rise from one to the next")
    slope = numbers("kappa", kappa, least=0.0)
    if slope.ndim and slope.shape != width.shape:
        raise UsageError(f"kappa is one number or one for each of {width.size} buckets, not {slope.size}")
    bucket = np.searchsorted(bounds, where, side="right") - 1
    inside = (bucket >= 0) & (bucket < width.size)
    density = np.bincount(bucket[inside], weights=size[inside], minlength=width.size) / width
    return LocalGain(bounds[:-1], bounds[1:], density, np.asarray(density * slope))
