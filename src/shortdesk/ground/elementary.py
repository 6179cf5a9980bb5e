"""Logarithm, exponential and the normal law out of sums, products and quotients alone.

IEEE 754 fixes those to the last bit, and no two machines' mathematical libraries agree on the last bit of a logarithm:
what a run's hash depends on uses these.
"""

from __future__ import annotations

import math

from shortdesk.ground.compile import rule

__all__ = ["exp", "ln", "normal_density", "normal_upper", "power"]

_LN_2 = math.log(2.0)
_LN_2_HIGH = 0.693147180369123816490
_LN_2_LOW = 1.90821492927058770002e-10
_SQRT_HALF = math.sqrt(0.5)
_DENSITY_AT_0 = 1.0 / math.sqrt(2.0 * math.pi)


@rule
def ln(x: float) -> float:
    """The natural logarithm of x > 0, within 4 units of its last place.

    x = m · 2^e with m from √½ to √2, ln m = 2 (s + s³/3 + s⁵/5 + …) with s = (m - 1) / (m + 1): |s| < 0.172, so
    twelve terms are enough. Machines' own logarithms differ in the last bit; this one does not.
    """
    m, e = math.frexp(x)
    if m < _SQRT_HALF:
        m, e = 2.0 * m, e - 1
    s = (m - 1.0) / (m + 1.0)
    square = s * s
    total = 0.0
    for part in range(23, 1, -2):
        total = (total + 1.0 / part) * square
    return float(e) * _LN_2 + 2.0 * (s + s * total)


@rule
def exp(x: float) -> float:
    """e^x within 4 units of its last place; 0 below -700, and no more than e^700.

    x = k ln 2 + r with |r| <= ½ ln 2, e^r by fourteen terms of its series, times 2^k.
    """
    if x < -700.0:
        return 0.0
    x = min(x, 700.0)
    k = math.floor(x / _LN_2 + 0.5)
    r = (x - k * _LN_2_HIGH) - k * _LN_2_LOW
    total = 1.0
    for part in range(14, 0, -1):
        total = 1.0 + total * r / part
    return math.ldexp(total, int(k))


@rule
def power(x: float, y: float) -> float:
    """x^y for x > 0."""
    return exp(y * ln(x))


@rule
def normal_density(x: float) -> float:
    """Density of the standard normal law."""
    return _DENSITY_AT_0 * exp(-0.5 * x * x)


@rule
def normal_upper(x: float) -> float:
    """P[standard normal > x], within 8e-8 (Abramowitz and Stegun 26.2.17)."""
    far = abs(x)
    t = 1.0 / (1.0 + 0.2316419 * far)
    series = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    upper = normal_density(far) * series
    return upper if x >= 0.0 else 1.0 - upper
