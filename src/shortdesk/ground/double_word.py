"""Products of two 64-bit integers kept in 128 bits: what kernels do for ``ground/exact.py``.

Nobody else calls this file but ``ground/words.py`` and ``ground/draw.py``; for the rest it is imported when the
first kernel is built.
"""

from __future__ import annotations

import numpy as np

from shortdesk.ground.bits import highest_bit
from shortdesk.ground.compile import rule

__all__ = [
    "div_128_by_64",
    "mul_64_to_128",
    "mul_div_down",
    "mul_div_nearest",
    "mul_div_up",
    "products_ordered",
]


def mul_div_down(a: int, b: int, c: int) -> int:
    """floor(a * b / c) on 64-bit words."""
    quotient, rest = _mul_div_magnitude(a, b, c)
    if (a < 0) != (b < 0):
        return -quotient - (1 if rest else 0)
    return quotient


def mul_div_up(a: int, b: int, c: int) -> int:
    """ceil(a * b / c) on 64-bit words."""
    quotient, rest = _mul_div_magnitude(a, b, c)
    if (a < 0) != (b < 0):
        return -quotient
    return quotient + (1 if rest else 0)


def mul_div_nearest(a: int, b: int, c: int) -> int:
    """round(a * b / c), halves away from zero, on 64-bit words."""
    quotient, rest = _mul_div_magnitude(a, b, c)
    if rest >= c - rest:
        quotient += 1
    return -quotient if (a < 0) != (b < 0) else quotient


@rule(inline=True)
def _mul_div_magnitude(a: int, b: int, c: int) -> tuple[int, int]:
    """Quotient and rest of abs(a) * abs(b) / c; only called from compiled text."""
    high, low = mul_64_to_128(np.uint64(abs(a)), np.uint64(abs(b)))
    if high == np.uint64(0):
        quotient = low // np.uint64(c)
        return np.int64(quotient), np.int64(low - quotient * np.uint64(c))  # type: ignore[return-value]
    quotient, rest = div_128_by_64(high, low, np.uint64(c))
    return np.int64(quotient), np.int64(rest)  # type: ignore[return-value]


@rule(machine="product")
def mul_64_to_128(a: np.uint64, b: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The high and the low word of a * b."""
    product = int(a) * int(b)
    return np.uint64(product >> 64), np.uint64(product & 0xFFFFFFFFFFFFFFFF)


@rule
def div_128_by_64(high: np.uint64, low: np.uint64, c: np.uint64) -> tuple[np.uint64, np.uint64]:
    """Quotient and rest; needs high < c. Schoolbook division in base 2^32 (Knuth, algorithm D)."""
    half = np.uint64(32)
    mask = np.uint64(0xFFFFFFFF)
    one = np.uint64(1)
    shift = np.uint64(63 - highest_bit(c))
    if shift > np.uint64(0):
        c = c << shift
        high = (high << shift) | (low >> (np.uint64(64) - shift))
        low = low << shift
    c_high, c_low = c >> half, c & mask
    low_high, low_low = low >> half, low & mask

    first = high // c_high
    rest = high - first * c_high
    while first > mask or first * c_low > ((rest << half) | low_high):
        first -= one
        rest += c_high
        if rest > mask:
            break
    middle = ((high << half) | low_high) - first * c

    second = middle // c_high
    rest = middle - second * c_high
    while second > mask or second * c_low > ((rest << half) | low_low):
        second -= one
        rest += c_high
        if rest > mask:
            break
    left = ((middle << half) | low_low) - second * c
    return (first << half) | second, left >> shift


def products_ordered(a: int, b: int, c: int, d: int) -> bool:
    """a * b >= c * d on 64-bit words."""
    left_sign = _sign(a) * _sign(b)
    right_sign = _sign(c) * _sign(d)
    if left_sign != right_sign:
        return left_sign > right_sign
    if left_sign == 0:
        return True
    left_high, left_low = mul_64_to_128(np.uint64(abs(a)), np.uint64(abs(b)))
    right_high, right_low = mul_64_to_128(np.uint64(abs(c)), np.uint64(abs(d)))
    if left_high == right_high and left_low == right_low:
        return True
    greater = left_high > right_high or (left_high == right_high and left_low > right_low)
    return bool(greater == (left_sign > 0))


@rule
def _sign(a: int) -> int:
    if a > 0:
        return 1
    return -1 if a < 0 else 0
