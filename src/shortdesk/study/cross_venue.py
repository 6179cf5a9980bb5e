"""One asset on several venues: whose price leads, what an index makes of them, and who is faster.

Sources: index rules are definitions, on the house's own index (:func:`shortdesk.margin.mark.index_price`); Hayashi
and Yoshida (2005); Gonzalo and Granger (1995) and Hasbrouck (1995) for price discovery; the latency models are closed
forms of our own. Evidence: each recomputed by a second method in the tests.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.margin.mark import IndexForm, index_price
from shortdesk.study.arrays import Array, numbers, row, same_length
from shortdesk.study.first_passage import upper_tail

__all__ = [
    "Covariation",
    "DiscoveryShares",
    "IndexPrices",
    "LatencyEdge",
    "LeadLag",
    "hayashi_yoshida",
    "index_prices",
    "latency_edge",
    "latency_race",
    "lead_lag",
    "price_discovery_shares",
]


# --- index --------------------------------------------------------------------------------------------------


class IndexPrices(NamedTuple):
    """The same members under five rules."""

    mean: float
    """Weighted."""
    median: float
    """Without weights; the mean of the middle two when their number is even."""
    weighted_median: float
    """The lowest price at which the weight of members at or below it reaches half; the mean with the next when it is
    exactly half (the house's rule)."""
    clamped_weighted: float
    """Weighted mean, members further than max_dev from the median without weights pulled to the edge."""
    drop_outliers_weighted: float
    """Weighted mean of the members within max_dev of the median without weights; nan when none is."""
    breakdown_sources_median: int
    """How many members may lie without moving the median without weights beyond the honest ones."""


def index_prices(prices: npt.ArrayLike, weights: npt.ArrayLike, max_dev: float) -> IndexPrices:
    """An index out of member prices, by each rule. Worked out on exact decimals, so equal halves are seen as such.

    Raises UsageError for prices or weights that are not positive, rows of different length, or a max_dev outside [0,
    1).
    """
    given, share = row("prices", prices, above=0.0), row("weights", weights, above=0.0)
    same_length(prices=given, weights=share)
    dev = _exact(float(numbers("max_dev", max_dev, least=0.0, below=1.0, axes=0)))
    members = [_exact(price) for price in given.tolist()]
    weight = [_exact(part) for part in share.tolist()]
    middle = Fraction(_index(members, None, IndexForm.WEIGHTED_MEDIAN))
    low, high = middle * (1 - dev), middle * (1 + dev)
    near = [(price, part) for price, part in zip(members, weight, strict=True) if low <= price <= high]
    return IndexPrices(
        mean=float(_index(members, weight, IndexForm.WEIGHTED_MEAN)),
        median=float(middle),
        weighted_median=float(_index(members, weight, IndexForm.WEIGHTED_MEDIAN)),
        clamped_weighted=float(
            _index([min(max(price, low), high) for price in members], weight, IndexForm.WEIGHTED_MEAN)
        ),
        drop_outliers_weighted=float(
            _index([price for price, _ in near], [part for _, part in near], IndexForm.WEIGHTED_MEAN)
        )
        if near
        else math.nan,
        breakdown_sources_median=(given.size - 1) // 2,
    )


def _exact(number: float) -> Fraction:
    """The decimal that a float was written as."""
    return Fraction(repr(number))


def _index(members: list[Fraction], weights: list[Fraction] | None, form: IndexForm) -> Fraction:
    found = index_price(members, weights, form=form)
    assert found is not None, "members were checked to be there, with positive prices and weights"
    return Fraction(found)


# --- moving together, and who leads ---------------------------------------------------------------------------


class Covariation(NamedTuple):
    """Covariation of two series observed at their own times; not annualised."""

    cov: float
    rv1: float
    """Realised variance, sum of squared changes."""
    rv2: float


class LeadLag(NamedTuple):
    """Correlation at each lag, and the lag at which it is largest in size."""

    lags: Array
    correlation: Array
    """Hayashi-Yoshida covariation over the square root of both variances, at each lag."""
    best_lag: float
    """Positive when the first series leads, in the unit of the times."""


def _changes(name: str, times: npt.ArrayLike, values: npt.ArrayLike) -> tuple[Array, Array]:
    t, x = row(f"t{name}", times, at_least=2), row(f"x{name}", values, at_least=2)
    same_length(**{f"t{name}": t, f"x{name}": x})
    if not (np.diff(t) > 0).all():
        raise UsageError(f"t{name} must rise from each observation to the next")
    return t, np.diff(x)


def _overlapping(t1: Array, dx1: Array, t2: Array, dx2: Array) -> float:
    """sum of dx1_i dx2_j over intervals that overlap: for each i the j form one run, so a cumulative sum does."""
    first = np.searchsorted(t2[1:], t1[:-1], side="right")
    last = np.searchsorted(t2[:-1], t1[1:], side="left")
    reached = np.concatenate(([0.0], np.cumsum(dx2)))
    return float(dx1 @ (reached[np.maximum(first, last)] - reached[first]))


def hayashi_yoshida(t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike) -> Covariation:
    """sum of dx1_i dx2_j over all pairs of half-open intervals (t(i-1), t(i)] and (t(j-1), t(j)] that overlap.

    No grid, no interpolation: unlike a covariance on a grid it does not vanish as the grid gets finer. O((n + m) log).

    Raises UsageError for times that do not rise, rows of different length or fewer than two observations.
    """
    time1, change1 = _changes("1", t1, x1)
    time2, change2 = _changes("2", t2, x2)
    cov = _overlapping(time1, change1, time2, change2)
    return Covariation(cov, float(change1 @ change1), float(change2 @ change2))


def lead_lag(
    t1: npt.ArrayLike, x1: npt.ArrayLike, t2: npt.ArrayLike, x2: npt.ArrayLike, lags: npt.ArrayLike
) -> LeadLag:
    """The Hayashi-Yoshida correlation with the second series moved back by each lag; the peak says who leads.

    A positive best lag: what the first does, the second does so much later (Hoffmann, Rosenbaum and Yoshida 2013).

    Raises UsageError as :func:`hayashi_yoshida`, and for a series that never changes.
    """
    time1, change1 = _changes("1", t1, x1)
    time2, change2 = _changes("2", t2, x2)
    shift = row("lags", lags)
    scale = math.sqrt(float(change1 @ change1) * float(change2 @ change2))
    if not scale > 0:
        raise UsageError("a series that never changes has no correlation")
    found = np.array([_overlapping(time1, change1, time2 - lag, change2) for lag in shift.tolist()]) / scale
    return LeadLag(shift, found, float(shift[int(np.argmax(np.abs(found)))]))


class DiscoveryShares(NamedTuple):
    """Shares of two markets in price discovery; every field has shape (2,)."""

    component_share: Array
    information_share_order12: Array
    """The first market's shocks come first."""
    information_share_order21: Array
    information_share_low: Array
    information_share_high: Array
    is_mid: Array
    """The middle of the two orderings. The interval is the answer; this is for tables that have room for one number."""


def price_discovery_shares(alpha: npt.ArrayLike, omega: npt.ArrayLike) -> DiscoveryShares:
    """From a VECM of two prices with cointegration (1, -1): adjustment speeds alpha, innovation covariance Omega.

    Component share g = (a2, -a1) / (a2 - a1). Information share of market j: (g' F)_j^2 / (g' Omega g), F the
    Cholesky factor of Omega; it depends on the order, and with correlated innovations the two orders may be far
    apart.

    Raises UsageError when both adjust alike (there is no common price), or Omega is no covariance.
    """
    speed = numbers("alpha", alpha, axes=1)
    cov = numbers("omega", omega, axes=2)
    if speed.shape != (2,) or cov.shape != (2, 2):
        raise UsageError("alpha has 2 entries and omega is 2 by 2: shares of two markets")
    if cov[0, 1] != cov[1, 0] or not (cov[0, 0] > 0 and cov[1, 1] > 0 and cov[0, 0] * cov[1, 1] > cov[0, 1] ** 2):
        raise UsageError("omega must be symmetric and positive definite")
    if speed[1] == speed[0]:
        raise UsageError("alpha must differ between the markets; equal adjustment leaves no common price")
    common = np.array([speed[1], -speed[0]]) / (speed[1] - speed[0])
    total = float(common @ cov @ common)
    first = (common @ np.linalg.cholesky(cov)) ** 2 / total
    swapped = (common[::-1] @ np.linalg.cholesky(cov[::-1, ::-1])) ** 2 / total
    second = swapped[::-1]
    return DiscoveryShares(
        common, first, second, np.minimum(first, second), np.maximum(first, second), (first + second) / 2.0
    )


# --- latency ------------------------------------------------------------------------------------------------


class LatencyEdge(NamedTuple):
    """What a price gap is worth by the time an order arrives; money per unit of base, shape of the arguments."""

    fees: Array
    net_if_instant: Array
    p_still_profitable: Array
    expected_if_always_send: Array
    """A market order: losses included."""
    expected_if_ioc_limit: Array
    """An immediate-or-cancel limit at break-even: only gains are filled."""


def latency_edge(
    gap: npt.ArrayLike,
    price: npt.ArrayLike,
    fee_a: npt.ArrayLike,
    fee_b: npt.ArrayLike,
    latency_s: npt.ArrayLike,
    gap_volatility_per_sqrt_s: npt.ArrayLike,
) -> LatencyEdge:
    """The gap after the latency is normal about the gap now, with standard deviation s = sigma sqrt(latency).

    With net = gap - (fee_a + fee_b) price: P = N(net / s), limit order E[max(net + s Z, 0)] = net N(net / s) + s
    phi(net / s). The limit's value counts a fill whenever there is a gain; a race for it (:func:`latency_race`) is
    not in it.

    Raises UsageError for a price that is not positive, or a negative latency or volatility.
    """
    distance, at, one, other, wait, sigma = np.broadcast_arrays(
        numbers("gap", gap),
        numbers("price", price, above=0.0),
        numbers("fee_a", fee_a),
        numbers("fee_b", fee_b),
        numbers("latency_s", latency_s, least=0.0),
        numbers("gap_volatility_per_sqrt_s", gap_volatility_per_sqrt_s, least=0.0),
    )
    fees = np.asarray((one + other) * at)
    net = np.asarray(distance - fees)
    spread = np.asarray(sigma * np.sqrt(wait))
    certain = np.where(net > 0, np.inf, -np.inf)
    score = np.divide(net, spread, out=certain, where=spread > 0)
    chance = np.array([upper_tail(-z) for z in score.ravel().tolist()]).reshape(score.shape)
    bell = np.exp(-0.5 * np.minimum(score * score, 1500.0)) / math.sqrt(2.0 * math.pi)
    return LatencyEdge(fees, net, chance, net.copy(), np.asarray(net * chance + spread * bell))


def latency_race(arbitrageur_mean: npt.ArrayLike, maker_mean: npt.ArrayLike, arbitrageurs: npt.ArrayLike) -> Array:
    """The chance that a maker cancels before any of n arbitrageurs hits the stale quote, reaction times exponential.

    Rates add up: (1 / maker) / (1 / maker + n / arbitrageur) = a / (a + n m).

    Raises UsageError for mean times that are not positive, or a negative number of arbitrageurs.
    """
    slow, quick = numbers("arbitrageur_mean", arbitrageur_mean, above=0.0), numbers("maker_mean", maker_mean, above=0.0)
    return np.asarray(slow / (slow + numbers("arbitrageurs", arbitrageurs, least=0.0) * quick))
