"""Where positions are liquidated: the map as it is, beside what outsiders can guess of it.

The venue knows every position and its margin, so every trigger price. Outsiders know the open interest, what was
traded at which price and the tiers; with an assumed mix of leverage they draw a map of their own. Both are laid over
the same price buckets on one side of the price, and the error between them is a number. The ladder of the exact map
gives the ignition price and the gain by price (:mod:`shortdesk.study.cascade`).

Prices in quote per base, sizes in base and never negative. Evidence: definitions; the default mix is our assumption.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length
from shortdesk.study.cascade import Side, ignition_price, ladder_of, local_gain

__all__ = [
    "ASSUMED_MIX",
    "Guess",
    "LiquidationMap",
    "MapError",
    "book_ignition",
    "guess_levels",
    "liquidation_map",
    "map_error",
]

ASSUMED_MIX: Mapping[float, float] = {3.0: 0.15, 5.0: 0.20, 10.0: 0.30, 20.0: 0.25, 50.0: 0.10}
"""Share of open interest by leverage where nobody says better: our assumption, no venue publishes it."""


class Guess(NamedTuple):
    """Liquidation prices and sizes as outsiders guess them; both of shape (entries * leverages still alive,)."""

    levels: Array
    sizes: Array


class MapError(NamedTuple):
    """How far a guessed map is from the exact one."""

    misplaced: float
    """Share of the guess in the wrong bucket, sizes scaled alike: half the sum of |differences of shares|, 0 to 1."""
    size_ratio: float
    """Size guessed over size there is, within the map."""
    mean_distance: float
    """Mean distance of the guess over that of the exact map, both from the price."""


class LiquidationMap(NamedTuple):
    """Both maps on one side of the price; arrays of shape (buckets,), nearest bucket first."""

    price: float
    side: Side
    near: Array
    """The bound of each bucket that the price meets first."""
    far: Array
    exact: Array
    guessed: Array
    gain: Array
    """Size liquidated in a bucket times kappa, over the bucket's width; above 1 a move through it feeds itself."""
    beyond: float
    """Exact size further away than the map reaches."""
    ignition_price: float | None
    """The first price at which the push of those before covers the whole way; None: no such price."""
    error: MapError


def guess_levels(
    price: float,
    open_interest: float,
    entries: npt.ArrayLike,
    weights: npt.ArrayLike,
    *,
    maintenance_rate: float,
    mix: Mapping[float, float] = ASSUMED_MIX,
    side: Side = "up",
) -> Guess:
    """The map from open interest: everybody isolated, entered at ``entries`` by ``weights``, leveraged by ``mix``.

    A short entered at e with leverage L and nothing added is liquidated at e (1 + 1/L)/(1 + m), a long at
    e (1 - 1/L)/(1 - m), m the maintenance rate. Who would be liquidated at the price already is gone, and the open
    interest is shared by the others; when nobody is left the guess is empty.

    Raises UsageError for prices or leverages that are not positive, weights or shares without a sum, a rate outside
    [0, 1), or another word for the side.
    """
    at = float(numbers("price", price, above=0.0, axes=0))
    total = float(numbers("open_interest", open_interest, least=0.0, axes=0))
    entered, weight = row("entries", entries, above=0.0), row("weights", weights, least=0.0)
    same_length(entries=entered, weights=weight)
    leverage, share = row("leverages", list(mix), above=0.0), row("shares", list(mix.values()), least=0.0)
    rate = float(numbers("maintenance_rate", maintenance_rate, least=0.0, below=1.0, axes=0))
    if not (weight.sum() > 0 and share.sum() > 0):
        raise UsageError("weights of entries and shares of leverages must each add up to more than zero")
    sign = _sign(side)
    levels = np.outer(entered, (1.0 + sign / leverage) / (1.0 + sign * rate)).ravel()
    sizes = np.outer(weight, share).ravel()
    alive = (sign * (levels - at) > 0) & (levels > 0) & (sizes > 0)
    levels, sizes = levels[alive], sizes[alive]
    return Guess(levels, total * sizes / sizes.sum() if sizes.size else sizes)


def map_error(distances: npt.ArrayLike, exact: npt.ArrayLike, guessed: npt.ArrayLike) -> MapError:
    """Compare two maps over the same buckets, ``distances`` their middles from the price; nan where one is empty.

    >>> map_error([1, 2, 3], [0, 10, 10], [10, 10, 0])
    MapError(misplaced=0.5, size_ratio=1.0, mean_distance=0.6)

    Raises UsageError for negative sizes or rows of different length.
    """
    away = row("distances", distances, above=0.0)
    there, guess = row("exact", exact, least=0.0), row("guessed", guessed, least=0.0)
    same_length(distances=away, exact=there, guessed=guess)
    if not there.sum() > 0:
        return MapError(math.nan, math.nan, math.nan)
    ratio = float(guess.sum() / there.sum())
    if not guess.sum() > 0:
        return MapError(math.nan, ratio, math.nan)
    first, second = there / there.sum(), guess / guess.sum()
    return MapError(float(np.abs(first - second).sum()) / 2.0, ratio, float((away @ second) / (away @ first)))


def liquidation_map(
    price: float,
    levels: npt.ArrayLike,
    sizes: npt.ArrayLike,
    guess: Guess,
    *,
    kappa: float,
    side: Side = "up",
    reach: float = 0.25,
    buckets: int = 25,
) -> LiquidationMap:
    """Both maps in ``buckets`` equal price buckets from the price to ``reach`` (a fraction of it) away.

    ``levels`` and ``sizes`` are the exact trigger prices; who stands at the price or behind it counts in the first
    bucket. ``kappa`` is the move in price per size traded. The ladder has every level, however far.

    Raises UsageError for prices that are not positive, negative sizes, a reach outside (0, 1), or no bucket.
    """
    ladder = ladder_of(price, levels, sizes, kappa=kappa, side=side)
    width = float(numbers("reach", reach, above=0.0, below=1.0, axes=0)) * ladder.price
    if buckets < 1:
        raise UsageError(f"a map has at least one bucket, not {buckets}")
    sign = _sign(side)
    edges = np.linspace(0.0, width, buckets + 1)
    exact = np.maximum(ladder.distances, 0.0)
    found = local_gain(exact, ladder.sizes, edges, kappa)
    step = width / buckets
    guessed = local_gain(sign * (guess.levels - ladder.price), guess.sizes, edges, kappa).density * step
    inside = found.density * step
    return LiquidationMap(
        price=ladder.price,
        side=side,
        near=ladder.price + sign * edges[:-1],
        far=ladder.price + sign * edges[1:],
        exact=inside,
        guessed=guessed,
        gain=found.gain,
        beyond=float(ladder.sizes[exact >= width].sum()),
        ignition_price=ignition_price(ladder),
        error=map_error(edges[:-1] + step / 2.0, inside, guessed),
    )


def book_ignition(
    levels: npt.ArrayLike, sizes: npt.ArrayLike, quotes: npt.ArrayLike, offered: npt.ArrayLike, *, side: Side = "up"
) -> float | None:
    """The first trigger price that the orders of those before it reach through the book itself; None: no such price.

    ``quotes`` and ``offered`` are the resting orders in the way. To get to a level they must eat all that rests nearer:

        the least P of levels with sum of sizes at levels before P >= sum of what is offered before P, and the first > 0

    The ignition price without the assumption that depth is spread evenly. Orders that come or go meanwhile are not
    foreseen.

    >>> book_ignition([101, 102, 103, 104], [3, 3, 3, 3], [100.5, 101.5, 102.5], [3, 3, 1])
    104.0

    Raises UsageError for prices that are not positive, negative sizes, rows of different length, another side.
    """
    sign = _sign(side)
    at, size = row("levels", levels, above=0.0, at_least=0), row("sizes", sizes, least=0.0, at_least=0)
    quoted, rests = row("quotes", quotes, above=0.0, at_least=0), row("offered", offered, least=0.0, at_least=0)
    same_length(levels=at, sizes=size)
    same_length(quotes=quoted, offered=rests)
    order, book = np.argsort(sign * at, kind="stable"), np.argsort(sign * quoted, kind="stable")
    way = sign * at[order]
    pushed = np.append(0.0, np.cumsum(size[order]))[np.searchsorted(way, way, side="left")]
    wall = np.append(0.0, np.cumsum(rests[book]))[np.searchsorted(sign * quoted[book], way, side="left")]
    lit = np.flatnonzero((pushed > 0) & (pushed >= wall))
    return float(at[order][lit[0]]) if lit.size else None


def _sign(side: Side) -> float:
    if side not in ("up", "down"):
        raise UsageError(f"side is 'up' or 'down', not '{side}'")
    return 1.0 if side == "up" else -1.0
