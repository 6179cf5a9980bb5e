"""Exact integer arithmetic whose names say how they round, and therefore whom they favour.

``mul_div_*`` computes a * b / c with the product kept in full. Called from Python the integers are
unbounded, those read from a table included: a row gives numpy's 64-bit integers, which would wrap. In a
kernel the product has 128 bits and only the quotient must fit in 63; a caller proves that bound when the
sheet loads. ``c`` must be positive.
"""

from __future__ import annotations

from shortdesk.ground.compile import rule

__all__ = [
    "clamp",
    "div_down",
    "div_up",
    "median3",
    "mul_div_down",
    "mul_div_nearest",
    "mul_div_up",
    "products_ordered",
]


@rule(compiled="shortdesk.ground.double_word:mul_div_down")
def mul_div_down(a: int, b: int, c: int) -> int:
    """floor(a * b / c): toward minus infinity."""
    return int(a) * int(b) // int(c)


@rule(compiled="shortdesk.ground.double_word:mul_div_up")
def mul_div_up(a: int, b: int, c: int) -> int:
    """ceil(a * b / c): toward plus infinity."""
    return -(-int(a) * int(b) // int(c))


@rule(compiled="shortdesk.ground.double_word:mul_div_nearest")
def mul_div_nearest(a: int, b: int, c: int) -> int:
    """a * b / c to the nearest integer, halves away from zero, so that it favours neither side."""
    quotient, rest = divmod(abs(int(a) * int(b)), int(c))
    if 2 * rest >= c:
        quotient += 1
    return -quotient if (a < 0) != (b < 0) else quotient


@rule(compiled="shortdesk.ground.double_word:products_ordered")
def products_ordered(a: int, b: int, c: int, d: int) -> bool:
    """Whether a * b >= c * d: compares two ratios without dividing."""
    return int(a) * int(b) >= int(c) * int(d)


@rule
def div_down(a: int, c: int) -> int:
    """floor(a / c)."""
    return a // c


@rule
def div_up(a: int, c: int) -> int:
    """ceil(a / c)."""
    return -(-a // c)


@rule
def clamp(value: int, lowest: int, highest: int) -> int:
    """value, held between lowest and highest."""
    if value < lowest:
        return lowest
    if value > highest:
        return highest
    return value


@rule
def median3(a: int, b: int, c: int) -> int:
    """The middle one of three."""
    if a > b:
        a, b = b, a
    if b > c:
        b = c
    return a if a > b else b
