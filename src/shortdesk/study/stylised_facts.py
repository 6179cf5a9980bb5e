"""What real markets have in common, measured on the fills of a market: is a simulated one like them?

Each fact is one number of a set of days (runs that differ in nothing but their seed), with the band in which the
literature finds it. A measure pools all days, because one day is too short for memory over hours or for tails, and
its standard error comes from leaving one day out at a time: se^2 = (n - 1)/n sum (value without i - their mean)^2.
Prices are those of the last trade on a grid of equal steps, so returns at short steps hold the bounce between bid
and ask. A taker's order is one trade with one sign, however many makers it met.

Bands are ours, drawn around what is published: Cont, Quantitative Finance 1 (2001) for tails, kurtosis and clustering;
Lo and MacKinlay (1988) for variance ratios; Bouchaud, Gefen, Potters and Wyart (2004) and Lillo and Farmer (2004) for
the memory of signs; Hansen and Lunde (2006) for the signature plot.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind
from shortdesk.study.arrays import Array
from shortdesk.study.return_estimators import excess_kurtosis, hill, power_law, variance_ratio

__all__ = [
    "FACTS",
    "Day",
    "Fact",
    "Finding",
    "day_of",
    "day_of_journal",
    "grid_returns",
    "measure_facts",
    "memory_of_signs",
    "pooled_memory",
    "trade_signs",
]

_SECOND_NS = 1_000_000_000
_STEPS_S = (1, 5, 30, 60, 120, 300, 600, 3600)
_SIGNATURE_S = (1, 5, 30, 120, 600)
_SIGN_EDGES = (10, 16, 25, 40, 63, 100, 158, 251, 398, 631, 1000)
"""Ten bins of equal width on the logarithm of the lag, in trades."""
_CLUSTER_EDGES = (1, 2, 4, 8, 16, 32, 64, 128, 200)
"""Eight bins on the lag, in minutes; each twice as far as the one before."""


class Day(NamedTuple):
    """One run after its warm-up, reduced to what the facts need."""

    returns: dict[int, Array]
    """Log returns by the length of the step in seconds, each of shape (steps,)."""
    sign_memory: Array
    """Mean of s_t s_(t+l) over the lags of each bin; shape (bins,)."""
    trades: int


class Fact(NamedTuple):
    """One thing real markets have in common, and the band in which its number is looked for."""

    name: str
    measure: Callable[[Sequence[Day]], float]
    low: float
    high: float

    @property
    def band(self) -> str:
        """The band in words."""
        if math.isinf(self.high):
            return f"above {self.low:g}"
        if math.isinf(self.low):
            return f"below {self.high:g}"
        return f"{self.low:g} to {self.high:g}"


class Finding(NamedTuple):
    """A fact as it was found."""

    fact: Fact
    value: float
    """nan when it could not be measured, such as the slope of a memory that is not there."""
    standard_error: float
    """Over the days; nan for a single one."""

    @property
    def holds(self) -> bool:
        """Whether the value lies in the band; nan never does."""
        return self.fact.low <= self.value <= self.fact.high


def grid_returns(time_ns: npt.NDArray[np.int64], price: npt.ArrayLike, step_ns: int, from_ns: int, to_ns: int) -> Array:
    """Log returns of the last traded price between from, from + step, … up to ``to_ns``; shape (steps,).

    Raises UsageError when nothing was traded up to ``from_ns``, or the span holds less than one step.
    """
    grid = np.arange(from_ns, to_ns + 1, step_ns, dtype=np.int64)
    last = np.searchsorted(time_ns, grid, side="right") - 1
    if grid.size < 2 or last[0] < 0:
        raise UsageError("returns need a trade before their first moment, and a span of at least one step")
    return np.diff(np.log(np.asarray(price, np.float64)[last]))


def trade_signs(order: npt.NDArray[np.int64], lots: npt.NDArray[np.int64]) -> Array:
    """+1 for a taker who bought, -1 for one who sold: one for each run of fills of the same order; shape (trades,)."""
    if not len(order):
        return np.zeros(0)
    first = np.concatenate(([True], order[1:] != order[:-1]))
    return np.sign(lots[first]).astype(np.float64)


def memory_of_signs(signs: Array, edges: Sequence[int] = _SIGN_EDGES) -> Array:
    """Mean of s_t s_(t+l) for lags in [edge, next edge), the last bin with its upper edge; shape (bins,).

    Not centred: buying is as likely as selling. Raises UsageError when there are no more signs than the last lag.
    """
    most = edges[-1]
    if signs.size <= most:
        raise UsageError(f"memory up to a lag of {most} needs more than {signs.size} signs")
    count = 1 << (signs.size + most).bit_length()
    sums = np.fft.irfft(np.abs(np.fft.rfft(signs, count)) ** 2, count)[: most + 1]
    return _binned(sums / (signs.size - np.arange(most + 1)), edges)


def pooled_memory(series: Sequence[Array], edges: Sequence[int] = _CLUSTER_EDGES) -> Array:
    """Autocorrelation in bins of the lag as :func:`memory_of_signs`, of several series about their common mean.

    One short series about its own mean has autocorrelations that add up to -1/2 whatever it is; about the mean of many
    that bias goes. Raises UsageError when a series is no longer than the last lag, or nothing varies.
    """
    most = edges[-1]
    shortest = min((one.size for one in series), default=0)
    if shortest <= most:
        raise UsageError(f"memory up to a lag of {most} needs series longer than {shortest}")
    mean = float(np.concatenate(series).mean())
    spread = [one - mean for one in series]
    variance = sum(float(one @ one) for one in spread) / sum(one.size for one in spread)
    if variance == 0.0:
        raise UsageError("the series does not vary")
    sums = np.zeros(most + 1)
    pairs = np.zeros(most + 1)
    for one in spread:
        for lag in range(edges[0], most + 1):
            sums[lag] += float(one[: one.size - lag] @ one[lag:])
            pairs[lag] += one.size - lag
    return _binned(np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0) / variance, edges)


def _binned(by_lag: Array, edges: Sequence[int]) -> Array:
    ends = [*edges[1:-1], edges[-1] + 1]
    return np.array([by_lag[low:high].mean() for low, high in zip(edges[:-1], ends, strict=True)])


def _middles(edges: Sequence[int]) -> Array:
    ends = [*edges[1:-1], edges[-1] + 1]
    return np.array([math.sqrt(low * (high - 1)) for low, high in zip(edges[:-1], ends, strict=True)])


def day_of(
    time_ns: npt.NDArray[np.int64],
    price: npt.NDArray[np.int64],
    lots: npt.NDArray[np.int64],
    order: npt.NDArray[np.int64],
    *,
    from_ns: int,
    to_ns: int,
) -> Day:
    """One run of fills (time, ticks, signed lots, taker's order, all of shape (fills,)) between two times.

    Raises UsageError when nothing was traded before ``from_ns``, the span is shorter than four hours (the longest
    memory measured is 200 minutes), or it holds 1,000 trades or fewer.
    """
    if to_ns - from_ns < 4 * 3600 * _SECOND_NS:
        raise UsageError("stylised facts need at least four hours after the warm-up")
    returns = {step: grid_returns(time_ns, price, step * _SECOND_NS, from_ns, to_ns) for step in _STEPS_S}
    inside = (time_ns >= from_ns) & (time_ns <= to_ns)
    signs = trade_signs(order[inside], lots[inside])
    return Day(returns, memory_of_signs(signs), signs.size)


def day_of_journal(journal: Journal, instrument: int, *, warm_up_s: float = 1800.0, until_ns: int | None = None) -> Day:
    """The fills of one instrument of a Journal, without its first ``warm_up_s`` seconds; errors as :func:`day_of`."""
    found = journal.columns(("time_ns", "price", "lots", "order", "instrument"), Kind.FILL)
    here = found["instrument"] == instrument
    time_ns, price, lots, order = (found[name][here].astype(np.int64) for name in ("time_ns", "price", "lots", "order"))
    if not len(time_ns):
        raise UsageError("the Journal holds no fill of this instrument")
    last_ns = int(time_ns[-1]) if until_ns is None else until_ns
    return day_of(time_ns, price, lots, order, from_ns=int(time_ns[0]) + int(warm_up_s * 1e9), to_ns=last_ns)


def _all(days: Sequence[Day], step_s: int) -> Array:
    return np.concatenate([day.returns[step_s] for day in days])


def _kurtosis(step_s: int) -> Callable[[Sequence[Day]], float]:
    return lambda days: excess_kurtosis(_all(days, step_s))


def _kurtosis_falls(days: Sequence[Day]) -> float:
    second, minute, hour = (excess_kurtosis(_all(days, step)) for step in (1, 60, 3600))
    return min(second - minute, minute - hour)


def _tail(share: float) -> Callable[[Sequence[Day]], float]:
    def measure(days: Sequence[Day]) -> float:
        minutes = _all(days, 60)
        return hill(minutes, max(1, round(share * minutes.size))).alpha

    return measure


def _largest_predictability(days: Sequence[Day]) -> float:
    lags = [*range(1, 21), 20]
    return float(np.abs(pooled_memory([day.returns[300] for day in days], lags)).max())


def _variance_ratio(days: Sequence[Day]) -> float:
    return float(np.mean([variance_ratio(day.returns[60], 10).ratio for day in days]))


def _clustering(days: Sequence[Day]) -> Array:
    return pooled_memory([np.abs(day.returns[60]) for day in days])


def _cluster_floor(days: Sequence[Day]) -> float:
    return float(_clustering(days).min())


def _slope(memory: Array, edges: Sequence[int]) -> float:
    """nan where the memory is not positive throughout: it has no power law then."""
    return power_law(_middles(edges), memory).exponent if bool((memory > 0).all()) else math.nan


def _cluster_slope(days: Sequence[Day]) -> float:
    return _slope(_clustering(days), _CLUSTER_EDGES)


def _sign_slope(days: Sequence[Day]) -> float:
    trades = np.array([day.trades for day in days], np.float64)
    return _slope(np.average([day.sign_memory for day in days], axis=0, weights=trades), _SIGN_EDGES)


def _variance_per_s(days: Sequence[Day], step_s: int) -> float:
    return float(np.mean(_all(days, step_s) ** 2)) / step_s


def _signature(days: Sequence[Day]) -> float:
    return _variance_per_s(days, 1) / _variance_per_s(days, 600)


def _signature_rise(days: Sequence[Day]) -> float:
    plot = [_variance_per_s(days, step) for step in _SIGNATURE_S]
    return max(after / before for before, after in itertools.pairwise(plot))


FACTS = (
    Fact("tail exponent, 1 min, top 0.5 %", _tail(0.005), 2.0, 4.5),
    Fact("tail exponent, 1 min, top 1 %", _tail(0.01), 2.0, 4.5),
    Fact("tail exponent, 1 min, top 2 %", _tail(0.02), 2.0, 4.5),
    Fact("excess kurtosis, 1 min", _kurtosis(60), 5.0, math.inf),
    Fact("excess kurtosis, 1 h", _kurtosis(3600), -math.inf, 3.0),
    Fact("kurtosis falls 1 s, 1 min, 1 h: least fall", _kurtosis_falls, 0.0, math.inf),
    Fact("largest |acf| of 5 min returns, lags 1 to 20", _largest_predictability, 0.0, 0.05),
    Fact("variance ratio, 10 on 1 min", _variance_ratio, 0.85, 1.15),
    Fact("least acf of |1 min returns|, lags 1 to 200", _cluster_floor, 0.0, math.inf),
    Fact("slope of that acf on the lag, logs", _cluster_slope, -0.5, -0.2),
    Fact("variance at 1 s over that at 10 min", _signature, 1.0, 2.5),
    Fact("largest step up in the signature plot", _signature_rise, 0.0, 1.0),
    Fact("slope of the acf of signs, lags 10 to 1,000", _sign_slope, -0.8, -0.3),
)
"""The facts that fills alone can answer, in the order of the table."""


def measure_facts(days: Sequence[Day], facts: Sequence[Fact] = FACTS) -> list[Finding]:
    """Every fact over all days together, with the standard error that leaving out one day at a time gives.

    Raises UsageError for no day, or for days on which nothing moved.
    """
    if not days:
        raise UsageError("stylised facts need at least one day")
    found = []
    for fact in facts:
        without = [fact.measure([*days[:i], *days[i + 1 :]]) for i in range(len(days))] if len(days) > 1 else []
        n = len(without)
        error = math.sqrt((n - 1) / n * float(np.sum((np.array(without) - np.mean(without)) ** 2))) if n else math.nan
        found.append(Finding(fact, fact.measure(days), error))
    return found
