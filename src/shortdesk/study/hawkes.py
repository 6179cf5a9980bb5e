"""Events that call forth more of their kind: Hawkes processes with an exponential kernel.

The rate of events is mu + sum over past events of alpha exp(-beta age): ``base_rate`` and ``jump`` are per unit of
time, ``decay`` as well. One event has n = alpha/beta children on average, the branching ratio: the share of events that
were called forth by others. Times are in any unit, in non-decreasing order.

Sources: Hawkes, Biometrika 58 (1971); Ozaki, Annals of the Institute of Statistical Mathematics 31 (1979); Bacry,
Delattre, Hoffmann and Muzy, Quantitative Finance 13 (2013). Evidence: formulas recalled, checked against a double sum
and simulations; the parameter sets in the vectors are not known to be the papers' own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row

__all__ = [
    "HawkesFit",
    "HawkesLikelihood",
    "HawkesMoments",
    "SignaturePlot",
    "hawkes_fit",
    "hawkes_likelihood",
    "hawkes_moments",
    "signature_plot",
]


def _branching(base_rate: float, jump: float, decay: float, *, stationary: bool) -> float:
    numbers("base_rate", base_rate, above=0.0, axes=0)
    numbers("jump", jump, least=0.0, axes=0)
    numbers("decay", decay, above=0.0, axes=0)
    ratio = jump / decay
    if stationary and ratio >= 1:
        raise UsageError(f"one event calls forth {ratio:g} others on average; from 1 on there is no steady state")
    return ratio


class HawkesMoments(NamedTuple):
    """The process in its steady state."""

    branching: float
    mean_rate: float
    fano_infinity: float
    """Variance of counts over their mean, in long windows: 1/(1 - n)^2."""
    autocov_density: Array
    """Covariance of the rates of events at two times apart, per time squared."""
    mean_cluster_size: float


def hawkes_moments(base_rate: float, jump: float, decay: float, lags: npt.ArrayLike = ()) -> HawkesMoments:
    """Rate mu/(1 - n), cluster 1/(1 - n), covariance at lag u: alpha rate (1 - n/2)/(1 - n) exp(-(beta - alpha) u).

    Raises UsageError for rates that are not positive, a negative lag, or n of 1 and more. Source: Hawkes (1971).
    """
    n = _branching(base_rate, jump, decay, stationary=True)
    rate = base_rate / (1.0 - n)
    ages = row("lags", lags, least=0.0, at_least=0)
    return HawkesMoments(
        branching=n,
        mean_rate=rate,
        fano_infinity=(1.0 - n) ** -2,
        autocov_density=jump * rate * (1.0 - n / 2.0) / (1.0 - n) * np.exp(-(decay - jump) * ages),
        mean_cluster_size=1.0 / (1.0 - n),
    )


class HawkesLikelihood(NamedTuple):
    """How likely the times are, and the time that the process itself counted at each."""

    loglik: float
    compensator: Array
    """Integral of the rate up to each event: with the right parameters its steps are exponential of mean 1."""


def hawkes_likelihood(
    times: npt.ArrayLike, end: float, base_rate: float, jump: float, decay: float
) -> HawkesLikelihood:
    """ln likelihood of the events of [0, end]: sum of ln rate(t_i) less the integral of the rate up to ``end``.

    In one pass, with R_i = exp(-beta (t_i - t_(i-1))) (1 + R_(i-1)); of two events at one time the one listed first
    excites the other. n of 1 and more is allowed: the likelihood needs no steady state.

    Raises UsageError for times that decrease or lie outside [0, end], or rates that are not positive.
    Source: Ozaki (1979).
    """
    _branching(base_rate, jump, decay, stationary=False)
    events = _times(times, end)
    excited = np.array(_excitation(events, decay))
    compensator = base_rate * events + jump / decay * (np.arange(len(events)) - excited)
    at_end = base_rate * end - jump / decay * float(np.expm1(-decay * (end - events)).sum())
    return HawkesLikelihood(float(np.log(base_rate + jump * excited).sum()) - at_end, compensator)


def _times(times: npt.ArrayLike, end: float) -> Array:
    events = row("times", times, least=0.0, at_least=0)
    numbers("end", end, least=0.0, axes=0)
    if len(events) and (np.diff(events).min(initial=0.0) < 0 or events[-1] > end):
        raise UsageError(f"times must not decrease and must end by {end:g}")
    return events


def _excitation(events: Array, decay: float) -> list[float]:
    """R_i, the sum over earlier events of exp(-beta (t_i - t_j))."""
    found, value = [], 0.0
    for i, fade in enumerate(np.exp(-decay * np.diff(events, prepend=events[:1])).tolist()):
        value = fade * (1.0 + value) if i else 0.0
        found.append(value)
    return found


class HawkesFit(NamedTuple):
    """The likeliest parameters."""

    base_rate: float
    jump: float
    decay: float
    branching: float
    loglik: float
    loglik_without: float
    """Of events that call forth none. A gain of less than about 5 is luck, and the branching ratio then means nothing:
    slow memory looks like a changing base."""


def hawkes_fit(times: npt.ArrayLike, end: float) -> HawkesFit:
    """The parameters under which the events of [0, end] are likeliest, by the method of expectation and maximisation.

    Each event is shared out between the base and its predecessors by their part in the rate; base, children per event
    and mean age of parents follow, until the likelihood rises by less than 1e-9. The optimum found is a local one.

    Raises UsageError as :func:`hawkes_likelihood`, for fewer than 10 events, or all at one time.
    Source: Veen and Schoenberg, Journal of the American Statistical Association 103 (2008), for the method.
    """
    events = _times(times, end)
    if len(events) < 10 or events[0] == events[-1]:
        raise UsageError(f"a fit needs at least 10 events, not all at one time; got {len(events)}")
    mean_gap = end / len(events)
    base, n, decay = 0.5 / mean_gap, 0.5, 1.0 / mean_gap
    before, loglik = -math.inf, -math.inf
    for _ in range(2_000):
        excited, aged = _excited_and_aged(events, decay)
        rate = base + n * decay * excited
        before, loglik = (
            loglik,
            float(np.log(rate).sum() - base * end) + n * float(np.expm1(-decay * (end - events)).sum()),
        )
        if loglik - before < 1e-9 * abs(loglik):
            break
        children = float((n * decay * excited / rate).sum())
        ages = float((n * decay * aged / rate).sum())
        left = end - events
        gone = np.exp(-decay * left)
        base = float((base / rate).sum()) / end
        # children beyond the end were never seen: their share and their ages belong to the expectation
        decay = children / (ages + n * float((left * gone).sum()))
        n = children / float((1.0 - gone).sum())
    without = len(events) * (math.log(len(events) / end) - 1.0)
    return HawkesFit(base, n * decay, decay, n, loglik, without)


def _excited_and_aged(events: Array, decay: float) -> tuple[Array, Array]:
    """Sums over earlier events of exp(-beta age) and of age exp(-beta age), at each event."""
    gaps = np.diff(events, prepend=events[:1])
    excited, aged, r, a = [], [], 0.0, 0.0
    for i, (gap, fade) in enumerate(zip(gaps.tolist(), np.exp(-decay * gaps).tolist(), strict=True)):
        if i:
            a = fade * (a + gap * (1.0 + r))
            r = fade * (1.0 + r)
        excited.append(r)
        aged.append(a)
    return np.array(excited), np.array(aged)


class SignaturePlot(NamedTuple):
    """Realised variance per unit of time, in squared ticks, by the length of the steps it is measured over."""

    variance: Array
    at_zero: float
    """In the limit of short steps: the rate of all moves."""
    at_infinity: float
    """In the limit of long steps: the variance that diffusion keeps."""


def signature_plot(base_rate: float, jump: float, decay: float, steps: npt.ArrayLike) -> SignaturePlot:
    """Variance by step of a price that moves by one tick, up moves calling forth down moves and the reverse.

    C(t) = L (k^2 + (1 - k^2)(1 - exp(-g t))/(g t)), L = 2 mu/(1 - n), k = 1/(1 + n), g = alpha + beta: short steps see
    moves that are taken back. ``base_rate`` is of one direction.

    Raises UsageError for rates that are not positive, n of 1 and more, or a step of zero or less.
    Source: Bacry, Delattre, Hoffmann and Muzy (2013).
    """
    n = _branching(base_rate, jump, decay, stationary=True)
    spans = row("steps", steps, above=0.0) * (jump + decay)
    rate, kept = 2.0 * base_rate / (1.0 - n), (1.0 + n) ** -2
    taken_back = -np.expm1(-spans) / spans
    return SignaturePlot(rate * (kept + (1.0 - kept) * taken_back), rate, rate * kept)
