"""What a series of returns is like: its tails, its memory, and how its variance grows with the step.

Every function takes a sequence or an array and is made for series of millions. Returns are per step of equal length;
conventions that differ between packages are stated at each function.

Sources: Hill, Annals of Statistics 3 (1975); Ljung and Box, Biometrika 65 (1978); Lo and MacKinlay, Review of Financial
Studies 1 (1988). Definitions, checked by arithmetic.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row

__all__ = [
    "Line",
    "PowerLaw",
    "TailExponent",
    "VarianceRatio",
    "autocorrelation",
    "excess_kurtosis",
    "hill",
    "least_squares",
    "ljung_box",
    "power_law",
    "realised_signature",
    "variance_ratio",
]

_FEW_LAGS = 32
"""Up to this many lags are summed one by one; for more, one transform serves all."""


class TailExponent(NamedTuple):
    """How fast the chance of a large value falls: as x^-alpha."""

    alpha: float
    standard_error: float
    """alpha/sqrt(k); values that come in bursts make it too small."""
    threshold: float
    """The (k + 1)-th largest size, from where on the tail was taken."""


def hill(values: npt.ArrayLike, k: int) -> TailExponent:
    """Hill's estimator on the k largest sizes: k over the sum of ln(|x|_(i)/|x|_(k+1)).

    Raises UsageError unless 1 <= k < number of values, or when the tail has no spread or begins at zero.
    """
    sizes = np.abs(row("values", values))
    if not 1 <= k < sizes.size:
        raise UsageError(f"k must be from 1 to one less than the {sizes.size} values, not {k}")
    top = np.partition(sizes, sizes.size - k - 1)[sizes.size - k - 1 :]
    threshold = float(top[0])
    if threshold <= 0.0 or float(top.max()) == threshold:
        raise UsageError(f"the {k + 1} largest sizes go from {threshold:g} to {top.max():g}: no tail to measure")
    alpha = k / float(np.log(top[1:] / threshold).sum())
    return TailExponent(alpha, alpha / math.sqrt(k), threshold)


def excess_kurtosis(values: npt.ArrayLike) -> float:
    """The fourth central moment over the squared second, less 3: zero for a normal law (no correction for few values).

    Raises UsageError for fewer than two values or values that are all the same.
    """
    spread = _centred("values", values, 2)
    variance = float(spread @ spread) / spread.size
    return float(np.mean(spread**4)) / variance**2 - 3.0


def autocorrelation(values: npt.ArrayLike, lags: npt.ArrayLike) -> Array:
    """Autocorrelation at whole lags: sum (x_t - m)(x_(t+l) - m) over sum (x_t - m)^2, m the mean of all (biased form).

    For clustering of volatility ask it of absolute returns, for memory of flow of trade signs. Shape: that of the lags.
    Raises UsageError for a lag that is not whole, negative or as long as the series, or values all the same.
    """
    spread = _centred("values", values, 2)
    steps = numbers("lags", lags, least=0.0, below=float(spread.size))
    if (steps != np.floor(steps)).any():
        raise UsageError("lags are whole numbers of steps")
    whole = steps.astype(np.int64)
    total = float(spread @ spread)
    if whole.size <= _FEW_LAGS:
        sums = np.array([float(spread[: spread.size - lag] @ spread[lag:]) for lag in whole.ravel()])
        return np.asarray(sums.reshape(whole.shape) / total)
    count = 1 << (spread.size + int(whole.max())).bit_length()
    power = np.abs(np.fft.rfft(spread, count)) ** 2
    return np.asarray(np.fft.irfft(power, count)[whole] / total)


def ljung_box(values: npt.ArrayLike, lags: int) -> float:
    """Q = n (n + 2) sum over the first lags of acf^2/(n - lag): chi-squared with ``lags`` degrees without memory.

    Raises UsageError as :func:`autocorrelation`, or for no lag.
    """
    found = row("values", values)
    if not 1 <= lags < found.size:
        raise UsageError(f"lags must be from 1 to one less than the {found.size} values, not {lags}")
    steps = np.arange(1, lags + 1)
    return float(found.size * (found.size + 2) * (autocorrelation(found, steps) ** 2 / (found.size - steps)).sum())


class VarianceRatio(NamedTuple):
    """Variance over q steps against q times that of one; one for a random walk."""

    ratio: float
    z_iid: float
    """Standard deviations from one if returns are independent and alike."""
    z_robust: float
    """The same allowing the variance to change."""


def variance_ratio(returns: npt.ArrayLike, q: int) -> VarianceRatio:
    """Lo and MacKinlay's VR(q) from overlapping sums, both variances without bias.

    Denominators n - 1 and q (n - q + 1)(1 - q/n); z_iid with variance 2 (2 q - 1)(q - 1)/(3 q n), z_robust with the sum
    over j < q of (2 (q - j)/q)^2 delta_j. Raises UsageError unless 2 <= q < number of returns, or for returns all the
    same.
    """
    spread = _centred("returns", returns, 3)
    n = spread.size
    if not 2 <= q < n:
        raise UsageError(f"q must be from 2 to one less than the {n} returns, not {q}")
    total = float(spread @ spread)
    sums = np.cumsum(np.insert(spread, 0, 0.0))
    long = sums[q:] - sums[:-q]
    ratio = float(long @ long) / (q * (n - q + 1) * (1.0 - q / n)) / (total / (n - 1))
    squares = spread**2
    deltas = [float(squares[j:] @ squares[:-j]) / total**2 for j in range(1, q)]
    robust = math.fsum((2.0 * (q - j) / q) ** 2 * delta for j, delta in enumerate(deltas, start=1))
    plain = 2.0 * (2.0 * q - 1.0) * (q - 1.0) / (3.0 * q * n)
    return VarianceRatio(ratio, (ratio - 1.0) / math.sqrt(plain), (ratio - 1.0) / math.sqrt(robust))


def realised_signature(log_prices: npt.ArrayLike, steps: npt.ArrayLike) -> Array:
    """Realised variance per row, by the number of rows stepped over: the mean of (p_(t+s) - p_t)^2/s over all t.

    On a price that stands still between trades, noise makes short steps larger than long ones. ``log_prices`` are rows
    at equal times. Shape: that of the steps. Raises UsageError for a step below 1, not whole, or as long as the series.
    """
    prices = row("log_prices", log_prices, at_least=2)
    spans = numbers("steps", steps, least=1.0, below=float(prices.size))
    if (spans != np.floor(spans)).any():
        raise UsageError("steps are whole numbers of rows")
    found = [float(np.mean((prices[s:] - prices[:-s]) ** 2)) / s for s in spans.astype(np.int64).ravel()]
    return np.array(found).reshape(spans.shape)


class PowerLaw(NamedTuple):
    """y = prefactor x^exponent, by least squares on logarithms."""

    exponent: float
    prefactor: float
    standard_error: float
    """Of the exponent; nan with two points."""


def power_law(x: npt.ArrayLike, y: npt.ArrayLike) -> PowerLaw:
    """The straight line through (ln x, ln y): how impact grows with size, how fast memory fades with the lag.

    Each point counts alike, so average first what is noisy: a y that noise makes negative has no logarithm.
    Raises UsageError for rows that do not fit, values that are not positive, or fewer than two different x.
    """
    across, up = np.log(row("x", x, above=0.0)), np.log(row("y", y, above=0.0))
    line = least_squares(across, up)
    return PowerLaw(line.slope, math.exp(line.intercept), line.standard_error)


class Line(NamedTuple):
    """y = intercept + slope x, with the share of y's variance it explains."""

    slope: float
    intercept: float
    r2: float
    standard_error: float


def least_squares(x: Array, y: Array) -> Line:
    """Ordinary least squares with an intercept.

    Raises UsageError for rows of different length, fewer than two different x.
    """
    if x.size != y.size:
        raise UsageError(f"{x.size} values of x but {y.size} of y")
    across, up = x - x.mean(), y - y.mean()
    squares = float(across @ across)
    if x.size < 2 or squares == 0.0:
        raise UsageError("a line needs at least two different x")
    slope = float(across @ up) / squares
    total = float(up @ up)
    rest = float(np.sum((up - slope * across) ** 2))
    error = math.sqrt(rest / (x.size - 2) / squares) if x.size > 2 else math.nan
    return Line(slope, float(y.mean() - slope * x.mean()), 1.0 - rest / total if total > 0 else math.nan, error)


def _centred(name: str, values: npt.ArrayLike, least: int) -> Array:
    found = row(name, values, at_least=least)
    spread: Array = found - found.mean()
    if found.min() == found.max():
        raise UsageError(f"{name} are all {found[0]:g}: nothing varies")
    return spread
