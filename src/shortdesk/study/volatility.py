"""How much a price moves: annualised volatility measured from bars with a clock.

Volatility is the standard deviation of the logarithm of the price over a year of 365 days, a fraction:
0.6 is 60%. Variance per time is the sum of squared returns over the sum of their times, about a mean
of zero: over the days a desk looks at, the mean is noise. Times are integer nanoseconds, as everywhere.

Gaps are counted, never papered over. A return over more than one bar is a *gap*: it is left out, kept
for the time it really took, or refused, as the caller says. Standard errors use the fourth moment, as
crypto returns are far from normal; they ignore that volatility comes in bursts, so they are still short.

Sources: Parkinson, Journal of Business 53 (1980); J.P. Morgan, RiskMetrics Technical Document (1996);
Barndorff-Nielsen and Shephard, Journal of Financial Econometrics 2 (2004).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, NamedTuple

from shortdesk.ground.errors import InputError, UsageError

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    import numpy.typing as npt

    Numbers = Sequence[float] | npt.NDArray[np.floating[Any]] | npt.NDArray[np.integer[Any]]
    Times = Sequence[int] | npt.NDArray[np.integer[Any]]

__all__ = [
    "DaysOfVolatility",
    "RealisedMeasures",
    "Volatility",
    "close_to_close_volatility",
    "days_of_volatility",
    "ewma_volatility",
    "parkinson_volatility",
    "realised_measures",
]

_NANOS_PER_DAY = 86_400_000_000_000
_NANOS_PER_YEAR = 365 * _NANOS_PER_DAY

Gaps = Literal["skip", "span", "refuse"]


class Volatility(NamedTuple):
    """A measured volatility per year, and how much stands behind it.

    ``returns`` is how many returns (Parkinson: bars) were used, ``gaps`` how many returns were longer than a bar,
    ``span_days`` the time the used returns cover, ``bar_seconds`` the length of a bar. ``standard_error`` is
    that of ``value``, from the fourth moment and never below the one of normal returns.
    """

    value: float
    standard_error: float
    returns: int
    gaps: int
    span_days: float
    bar_seconds: float


class RealisedMeasures(NamedTuple):
    """Variation of one stretch of returns, not annualised: with jumps, without them, and the jumps' part."""

    rv: float
    bipower: float
    jump: float
    realised_vol: float


class DaysOfVolatility(NamedTuple):
    """A distance counted in volatility.

    ``daily_sigmas``: how many standard deviations of one day it is; ``days_to_one_sigma``: after how many
    days one standard deviation of the price covers it, which is the square of the former.
    """

    daily_sigmas: float
    days_to_one_sigma: float


def close_to_close_volatility(times_ns: Times, closes: Numbers, *, gaps: Gaps = "skip") -> Volatility:
    """Volatility from closes: sqrt(sum r^2 / sum dt), r = ln(close/previous close), dt in years.

    Both columns may be sequences or arrays. The bar is the most frequent step between times. ``gaps`` says
    what becomes of a return over more than one bar: "skip" leaves it and its time out, "span" keeps both
    (choose it for times without a rhythm), "refuse" raises.

    Raises InputError for fewer than two returns, times that do not increase, closes that are not positive
    and finite, columns of different length, or a gap that is refused, naming the row (from 0).
    """
    steps = _steps(times_ns, closes, gaps)
    return _weighted(steps, [1.0] * len(steps.returns))


def ewma_volatility(
    times_ns: Times, closes: Numbers, *, half_life_days: float = 11.2, gaps: Gaps = "skip"
) -> Volatility:
    """Volatility now, older returns weighing less: sqrt(sum w r^2 / sum w dt), w = 2^(-age/half life).

    The default half-life is that of RiskMetrics' 0.94 a day. The weights follow the clock, not the row number,
    so a gap ages what lies before it. Errors as :func:`close_to_close_volatility`; UsageError for a
    half-life that is not positive. The standard error counts (sum w)^2/sum w^2 returns.
    """
    if not (math.isfinite(half_life_days) and half_life_days > 0.0):
        raise UsageError(f"half-life must be a positive number of days, got {half_life_days:g}")
    steps = _steps(times_ns, closes, gaps)
    last = steps.ends_ns[-1]
    weights = [math.exp2(-(last - end) / _NANOS_PER_DAY / half_life_days) for end in steps.ends_ns]
    return _weighted(steps, weights)


def parkinson_volatility(times_ns: Times, highs: Numbers, lows: Numbers) -> Volatility:
    """Volatility from the range of bars: sqrt(mean ln(high/low)^2 / (4 ln 2 dt)), dt one bar in years.

    About five times as efficient as closes when prices move continuously; low where trades are few, since
    the extremes are then missed, and blind to moves between bars. A missing bar is counted as a gap and takes
    nothing from the others.

    Raises InputError as :func:`close_to_close_volatility`, and where a high lies below its low.
    Source: Parkinson (1980).
    """
    times, tops, bottoms = _whole(times_ns), _plain(highs), _plain(lows)
    _require_rows(times, tops, "high")
    _require_rows(times, bottoms, "low")
    for row, (high, low) in enumerate(zip(tops, bottoms, strict=True)):
        if high < low:
            raise InputError(f"the high {high:g} lies below the low {low:g}", f"row {row}")
    bar_ns = _bar_length(times)
    squares = [math.log(high / low) ** 2 / (4.0 * math.log(2.0)) for high, low in zip(tops, bottoms, strict=True)]
    count = len(squares)
    years = bar_ns / _NANOS_PER_YEAR
    mean = math.fsum(squares) / count
    # Var(ln(H/L)^2) of a Brownian bar: 9 zeta(3)/(16 ln^2 2) - 1 in units of the squared mean.
    spread = math.sqrt(max(math.fsum((s - mean) ** 2 for s in squares) / count, 0.407 * mean * mean) / count)
    value = math.sqrt(mean / years)
    gaps = sum(1 for step in _differences(times) if step > bar_ns)
    error = _error_of_root(value, mean, spread)
    return Volatility(value, error, count, gaps, count * bar_ns / _NANOS_PER_DAY, bar_ns / 1e9)


def realised_measures(returns: Numbers) -> RealisedMeasures:
    """Realised variance sum r^2, bipower variation pi/2 n/(n-1) sum |r_i r_(i-1)|, and what jumps add.

    ``jump`` = max(rv - bipower, 0); ``realised_vol`` = sqrt(rv), of the stretch itself. Raises InputError for
    fewer than two returns or one that is not finite. Source: Barndorff-Nielsen and Shephard (2004).
    """
    values = _plain(returns)
    if len(values) < 2:
        raise InputError(f"bipower variation needs at least 2 returns, got {len(values)}")
    for row, value in enumerate(values):
        if not math.isfinite(value):
            raise InputError(f"a return must be a finite number, got {value:g}", f"row {row}")
    count = len(values)
    rv = math.fsum(r * r for r in values)
    products = math.fsum(abs(r * before) for before, r in pairwise(values))
    bipower = 0.5 * math.pi * count / (count - 1) * products
    return RealisedMeasures(rv, bipower, max(rv - bipower, 0.0), math.sqrt(rv))


def days_of_volatility(distance_pct: float, volatility_annual: float) -> DaysOfVolatility:
    """A distance to a price, in per cent of the price now, counted in volatility.

    daily_sigmas = |ln(1 + distance/100)|/(volatility/sqrt 365); days_to_one_sigma = daily_sigmas^2. The
    distance is signed (12 is 12% above, -12 is 12% below) because in logarithms the two are not equally far.

    Raises UsageError for a distance of -100% or less, or a volatility that is not positive and finite.
    """
    if not (math.isfinite(distance_pct) and distance_pct > -100.0):
        raise UsageError(f"distance must be a finite number above -100 per cent, got {distance_pct:g}")
    if not (math.isfinite(volatility_annual) and volatility_annual > 0.0):
        raise UsageError(f"volatility must be a positive finite number, got {volatility_annual:g}")
    sigmas = abs(math.log1p(distance_pct / 100.0)) / (volatility_annual / math.sqrt(365.0))
    return DaysOfVolatility(sigmas, sigmas * sigmas)


class _Steps(NamedTuple):
    """Returns that are used, how long each took and when it ended."""

    returns: list[float]
    lengths_ns: list[int]
    ends_ns: list[int]
    gaps: int
    bar_ns: int


def _steps(times_ns: Times, closes: Numbers, gaps: Gaps) -> _Steps:
    """The returns between consecutive closes, gaps treated as asked."""
    if gaps not in ("skip", "span", "refuse"):
        raise UsageError(f"gaps must be 'skip', 'span' or 'refuse', got {gaps!r}")
    times, prices = _whole(times_ns), _plain(closes)
    _require_rows(times, prices, "close")
    bar_ns = _bar_length(times)
    returns, lengths, ends, found = [], [], [], 0
    for row, length in enumerate(_differences(times), start=1):
        if length > bar_ns:
            if gaps == "refuse":
                raise InputError(f"{length / 1e9:g} s since the row before, a bar is {bar_ns / 1e9:g} s", f"row {row}")
            found += 1
            if gaps == "skip":
                continue
        returns.append(math.log(prices[row] / prices[row - 1]))
        lengths.append(length)
        ends.append(times[row])
    if len(returns) < 2:
        raise InputError(f"only {len(returns)} of {len(times) - 1} returns takes one bar of {bar_ns / 1e9:g} s")
    return _Steps(returns, lengths, ends, found, bar_ns)


def _weighted(steps: _Steps, weights: list[float]) -> Volatility:
    """sqrt(sum w r^2/sum w dt) with its standard error."""
    rows = list(zip(weights, steps.returns, steps.lengths_ns, strict=True))
    weight = math.fsum(weights)
    years = math.fsum(w * length for w, _, length in rows) / _NANOS_PER_YEAR
    variance = math.fsum(w * r * r for w, r, _ in rows) / years
    rates = [(w, r * r * _NANOS_PER_YEAR / length) for w, r, length in rows]
    scatter = math.fsum(w * (rate - variance) ** 2 for w, rate in rates) / weight
    effective = weight * weight / math.fsum(w * w for w in weights)
    # A normal return's square has a variance of twice its squared mean.
    spread = math.sqrt(max(scatter, 2.0 * variance * variance) / effective)
    value = math.sqrt(variance)
    return Volatility(
        value,
        _error_of_root(value, variance, spread),
        len(rows),
        steps.gaps,
        sum(steps.lengths_ns) / _NANOS_PER_DAY,
        steps.bar_ns / 1e9,
    )


def _error_of_root(value: float, mean: float, spread: float) -> float:
    """The standard error of a root whose square is known to within ``spread``: value spread/(2 mean)."""
    return 0.5 * value * spread / mean if mean > 0.0 else 0.0


def _require_rows(times: list[int], prices: list[float], what: str) -> None:
    if len(times) != len(prices):
        raise InputError(f"{len(times)} times but {len(prices)} {what}s")
    if len(times) < 3:
        raise InputError(f"a volatility needs at least 3 rows, got {len(times)}")
    for row, price in enumerate(prices):
        if not (math.isfinite(price) and price > 0.0):
            raise InputError(f"a {what} must be a positive finite number, got {price:g}", f"row {row}")
    for row, step in enumerate(_differences(times), start=1):
        if step <= 0:
            raise InputError(f"times must increase, got {times[row]} after {times[row - 1]}", f"row {row}")


def _bar_length(times: list[int]) -> int:
    """The most frequent step; the shorter one where two are equally frequent."""
    counts = Counter(_differences(times))
    most = max(counts.values())
    return min(step for step, count in counts.items() if count == most)


def _differences(times: list[int]) -> list[int]:
    return [after - before for before, after in pairwise(times)]


def _whole(times_ns: Times) -> list[int]:
    """Times as Python integers, from a sequence or an array."""
    return [int(time) for time in times_ns]


def _plain(values: Numbers) -> list[float]:
    """Numbers as Python floats, from a sequence or an array: one text serves both, and no array is needed."""
    return [float(value) for value in values]
