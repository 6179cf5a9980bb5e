"""Laws of liquidation cascades: how far and how many, when only the density of liquidation prices is known.

Three layers. A continuum of liquidation prices multiplies every move by 1/(1 - g), where the gain g = rho kappa is
the density of liquidations times the impact. Where liquidation prices fall at random (a Poisson process of rate r,
each of size q), the *number* liquidated has an exact law with branching ratio n = r kappa q. With a book that refills
at a rate R the move decays again, unless the gain is 1 or more; then only the pace of the liquidation engine bounds
it.

Evidence: derived here; the count law is Consul and Jain's generalised Poisson (1973), also called Borel-Tanner,
matched by simulation; resilient and paced moves were checked against numerical integration.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, Flags, numbers, row

__all__ = [
    "BorelLaw",
    "CountFit",
    "CountLaw",
    "ResilientMove",
    "UniformCascade",
    "borel",
    "count_law",
    "fit_counts",
    "paced_bound",
    "resilient_move",
    "uniform_density",
]

_TAIL_AT_CRITICALITY = 1.5


class UniformCascade(NamedTuple):
    """A cascade through evenly spread liquidation prices; fields have the common shape of the arguments."""

    gain: Array
    total_move: Array
    liquidated: Array
    amplification: Array
    runaway: Flags
    """Gain of 1 or more: the other figures are infinite."""


class CountLaw(NamedTuple):
    """How many are liquidated after a first move."""

    pmf: Array
    """The chance of exactly k, in the shape of k."""
    mean: float
    """Infinite from a branching ratio of 1 on."""
    var: float
    p_runaway: float
    """The chance that the cascade never ends; 0 up to a branching ratio of 1."""


class CountFit(NamedTuple):
    """Counts of liquidations against the law."""

    statistic: float
    """Kolmogorov-Smirnov: the largest distance between the two cumulated laws."""
    p_value: float
    """The chance of a larger one if the law holds; for counts it errs upwards, so a small one can be trusted."""
    branching: float
    """Measured: 1 - theta / mean count; -inf when nobody was liquidated."""
    standard_error: float
    """Of the measured branching ratio, from the spread of the counts."""


class BorelLaw(NamedTuple):
    """How many are liquidated after the first, that one included."""

    pmf: Array
    mean: float
    p_runaway: float
    tail_exponent_at_criticality: float
    """At a branching ratio of 1 the chance of k falls as k^-1.5 / sqrt(2 pi)."""


class ResilientMove(NamedTuple):
    """A steady drift amplified by liquidations, in a book that refills."""

    displacement: Array
    """By liquidations, at each time."""
    price_move: Array
    """Drift and displacement."""
    initial_amplification: float
    final_displacement: float
    """Infinite without resilience."""
    relaxation_time: float


def uniform_density(density: npt.ArrayLike, kappa: npt.ArrayLike, shock: npt.ArrayLike) -> UniformCascade:
    """Density rho per unit of price, linear impact kappa: g = rho kappa, total move = shock / (1 - g).

    Liquidated is rho times the total move. From g = 1 on there is no end: a runaway (with any shock above zero).

    Raises UsageError for a negative argument.
    """
    rho, slope, first = (
        numbers(name, given, least=0.0) for name, given in (("density", density), ("kappa", kappa), ("shock", shock))
    )
    rho, slope, first = np.broadcast_arrays(rho, slope, first)
    gain = np.asarray(rho * slope)
    runaway = gain >= 1.0
    room = np.where(runaway, 1.0, 1.0 - gain)
    amplification = np.where(runaway, np.inf, 1.0 / room)
    move = np.where(runaway & (first > 0), np.inf, first / room)
    liquidated = np.where(runaway & (first > 0), np.inf, rho * first / room)
    return UniformCascade(gain, move, liquidated, amplification, np.asarray(runaway))


def _counts(k: npt.ArrayLike, least: int) -> tuple[Array, Array]:
    """Whole numbers from ``least`` on, and the logarithms of their factorials."""
    counts = numbers("k", k, least=least)
    if (counts != np.floor(counts)).any():
        raise UsageError(f"k counts liquidations: whole numbers from {least} on")
    factorials = np.array([math.lgamma(count + 1.0) for count in counts.ravel().tolist()]).reshape(counts.shape)
    return counts, factorials


def _p_dies_out(branching: float) -> float:
    """The chance that a branching process with Poisson offspring ends: the least root of q = exp(n (q - 1))."""
    if branching <= 1.0:
        return 1.0
    # Newton from below on the convex exp(n (q - 1)) - q, which rises to its least root without passing it.
    q = math.exp(-branching)
    for _ in range(200):
        offspring = math.exp(branching * (q - 1.0))
        better = q + (offspring - q) / (1.0 - branching * offspring)
        if better - q <= 1e-16:
            break
        q = better
    return q


def count_law(theta: float, branching: float, k: npt.ArrayLike) -> CountLaw:
    """P(k) = theta (theta + k n)^(k-1) exp(-theta - k n) / k!, mean theta / (1 - n), variance theta / (1 - n)^3.

    theta = r * first move is the mean number reached by the first move itself, n = r kappa q the mean number that one
    liquidation reaches; k any shape, from 0. Beyond n = 1 the law has a hole: the chance of a runaway.

    Raises UsageError for a negative theta or branching ratio, or k that are no counts.

    >>> round(count_law(3.0, 0.2, 0).mean, 9)
    3.75
    """
    start = float(numbers("theta", theta, least=0.0, axes=0))
    n = float(numbers("branching", branching, least=0.0, axes=0))
    counts, factorials = _counts(k, 0)
    if start == 0.0:
        pmf = np.where(counts == 0, 1.0, 0.0)
    else:
        reach = start + counts * n
        pmf = np.exp(math.log(start) + (counts - 1.0) * np.log(reach) - reach - factorials)
    ends = n < 1.0 or start == 0.0
    mean = (start / (1.0 - n) if start else 0.0) if ends else math.inf
    var = (start / (1.0 - n) ** 3 if start else 0.0) if ends else math.inf
    return CountLaw(pmf, mean, var, -math.expm1(start * (_p_dies_out(n) - 1.0)))


def fit_counts(counts: npt.ArrayLike, theta: float, branching: float) -> CountFit:
    """Whether counts of independent cascades follow the count law, and the branching ratio that they show themselves.

    p = 2 sum (-1)^(j-1) exp(-2 j^2 s^2), s = (sqrt(N) + 0.12 + 0.11 / sqrt(N)) D (Stephens 1970).

    Raises UsageError for fewer than two counts, numbers that are no counts, or a theta that is not positive.
    """
    seen = row("counts", counts, least=0.0, at_least=2)
    if (seen != np.floor(seen)).any():
        raise UsageError("counts are whole numbers from 0 on")
    start = float(numbers("theta", theta, above=0.0, axes=0))
    law = count_law(start, branching, np.arange(int(seen.max()) + 1))
    size = seen.size
    measured = np.cumsum(np.bincount(seen.astype(np.intp))) / size
    distance = float(np.abs(np.cumsum(law.pmf) - measured).max())
    scaled = (math.sqrt(size) + 0.12 + 0.11 / math.sqrt(size)) * distance
    terms = np.arange(1, 101)
    p = 2.0 * float(((-1.0) ** (terms - 1) * np.exp(-2.0 * terms**2 * scaled**2)).sum()) if scaled > 0.2 else 1.0
    mean = float(seen.mean())
    if mean == 0.0:
        return CountFit(distance, min(1.0, max(0.0, p)), -math.inf, math.inf)
    error = start / mean**2 * float(seen.std(ddof=1)) / math.sqrt(size)
    return CountFit(distance, min(1.0, max(0.0, p)), 1.0 - start / mean, error)


def borel(branching: float, k: npt.ArrayLike) -> BorelLaw:
    """P(k) = exp(-n k) (n k)^(k-1) / k! for k = 1, 2, …: a cascade that one liquidation starts; mean 1 / (1 - n).

    Raises UsageError as :func:`count_law`. Source: Borel (1942).
    """
    n = float(numbers("branching", branching, least=0.0, axes=0))
    counts, factorials = _counts(k, 1)
    if n == 0.0:
        pmf = np.where(counts == 1, 1.0, 0.0)
    else:
        reach = n * counts
        pmf = np.exp((counts - 1.0) * np.log(reach) - reach - factorials)
    mean = 1.0 / (1.0 - n) if n < 1.0 else math.inf
    return BorelLaw(pmf, mean, 1.0 - _p_dies_out(n), _TAIL_AT_CRITICALITY)


def resilient_move(drift: float, gain: float, resilience: float, times: npt.ArrayLike) -> ResilientMove:
    """A drift u through a density of liquidations whose impact decays at a rate R: D' = (g u - R D) / (1 - g).

    D(t) = (g u / R)(1 - exp(-R t / (1 - g))), price move u t + D(t). The first instant is amplified by 1 / (1 - g); in
    the end liquidations hold the price g u / R away. Drift in price per time, R per time, times any shape.

    Raises UsageError for a gain of 1 or more, which blows up at once however resilient the book
    (see :func:`paced_bound`), and for a negative resilience or time.
    """
    speed = float(numbers("drift", drift, axes=0))
    g = float(numbers("gain", gain, least=0.0, axes=0))
    refill = float(numbers("resilience", resilience, least=0.0, axes=0))
    t = numbers("times", times, least=0.0)
    if g >= 1.0:
        raise UsageError(f"gain must be below 1, not {g:g}: from 1 on the price jumps however fast the book refills")
    room = 1.0 - g
    if refill > 0.0:
        displacement = -(g * speed / refill) * np.expm1(-refill * t / room)
        final, relaxation = g * speed / refill, room / refill
    else:
        displacement = g * speed * t / room
        final, relaxation = math.copysign(math.inf, speed) if g * speed else 0.0, math.inf
    return ResilientMove(np.asarray(displacement), np.asarray(speed * t + displacement), 1.0 / room, final, relaxation)


def paced_bound(kappa: npt.ArrayLike, max_flow: npt.ArrayLike, resilience: npt.ArrayLike) -> Array:
    """The furthest that liquidations of at most ``max_flow`` (size per time) can hold a price: kappa f_max / R.

    Holds whatever the gain is: D' = kappa f - R D with f <= f_max never passes it.

    Raises UsageError for a negative kappa or flow, or a resilience that is not positive.
    """
    slope, flow = numbers("kappa", kappa, least=0.0), numbers("max_flow", max_flow, least=0.0)
    return np.asarray(slope * flow / numbers("resilience", resilience, above=0.0))
