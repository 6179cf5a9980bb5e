"""Arithmetic on unsigned 256-bit integers as four 64-bit words, lowest first: what kernels do for ``ground/wide.py``.

Nobody else calls this file. Preconditions stand there. What a division is made of is repeated in place (``inline``):
handing four words from call to call took longer than the arithmetic, 61 ns against 28 for a product and a quotient.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from shortdesk.ground.bits import highest_bit
from shortdesk.ground.compile import rule
from shortdesk.ground.double_word import div_128_by_64, mul_64_to_128

__all__ = ["Words"]

Words: TypeAlias = tuple[np.uint64, np.uint64, np.uint64, np.uint64]
"""A number of 256 bits as four words, the lowest first."""

_ZERO = np.uint64(0)
_ONE = np.uint64(1)
_ALL = np.uint64((1 << 64) - 1)
_TOP_BIT = np.uint64(1 << 63)


# --- words and other numbers --------------------------------------------------------------------------------


@rule
def of(value: int) -> Words:
    """A non-negative 64-bit integer."""
    return np.uint64(value), _ZERO, _ZERO, _ZERO


@rule
def narrow(value: Words) -> int:
    """The lowest word as a signed integer."""
    return np.int64(value[0])  # type: ignore[return-value]


@rule
def fits_units(value: Words) -> bool:
    """a < 2^63."""
    return bool((value[1] | value[2] | value[3]) == _ZERO and value[0] < _TOP_BIT)


@rule
def load(field: Any) -> Words:
    """The words of a table's wide field."""
    return field[0], field[1], field[2], field[3]


@rule
def store(field: Any, value: Words) -> None:
    """Into a table's wide field."""
    field[0] = value[0]
    field[1] = value[1]
    field[2] = value[2]
    field[3] = value[3]


@rule
def approximately(a: Words) -> float:
    """a as a float."""
    return float(a[0]) + float(a[1]) * 2.0**64 + float(a[2]) * 2.0**128 + float(a[3]) * 2.0**192


# --- comparing ----------------------------------------------------------------------------------------------


@rule
def is_zero(a: Words) -> bool:
    """a = 0."""
    return bool((a[0] | a[1] | a[2] | a[3]) == _ZERO)


@rule
def equal(a: Words, b: Words) -> bool:
    """a = b."""
    return bool(a[0] == b[0] and a[1] == b[1] and a[2] == b[2] and a[3] == b[3])


@rule(inline=True)
def less(a: Words, b: Words) -> bool:
    """a < b."""
    if a[3] != b[3]:
        return bool(a[3] < b[3])
    if a[2] != b[2]:
        return bool(a[2] < b[2])
    if a[1] != b[1]:
        return bool(a[1] < b[1])
    return bool(a[0] < b[0])


# --- adding and subtracting ---------------------------------------------------------------------------------


@rule
def _add_with_carry(a: np.uint64, b: np.uint64, carry: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The low word of a + b + carry, and the carry out."""
    first = a + b
    total = first + carry
    return total, np.uint64(first < a) + np.uint64(total < first)


@rule
def _sub_with_borrow(a: np.uint64, b: np.uint64, borrow: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The low word of a - b - borrow, and the borrow out."""
    first = a - b
    total = first - borrow
    return total, np.uint64(a < b) + np.uint64(first < borrow)


@rule
def _add_words_carry(a: Words, b: Words) -> tuple[Words, np.uint64]:
    """a + b: four words and the carry."""
    w0, carry = _add_with_carry(a[0], b[0], _ZERO)
    w1, carry = _add_with_carry(a[1], b[1], carry)
    w2, carry = _add_with_carry(a[2], b[2], carry)
    w3, carry = _add_with_carry(a[3], b[3], carry)
    return (w0, w1, w2, w3), carry


@rule(inline=True)
def _sub_words_borrow(a: Words, b: Words) -> tuple[Words, np.uint64]:
    """a - b: four words and the borrow."""
    w0, borrow = _sub_with_borrow(a[0], b[0], _ZERO)
    w1, borrow = _sub_with_borrow(a[1], b[1], borrow)
    w2, borrow = _sub_with_borrow(a[2], b[2], borrow)
    w3, borrow = _sub_with_borrow(a[3], b[3], borrow)
    return (w0, w1, w2, w3), borrow


@rule
def add(a: Words, b: Words) -> Words:
    """(a + b) mod 2^256."""
    return _add_words_carry(a, b)[0]


@rule
def sub(a: Words, b: Words) -> Words:
    """(a - b) mod 2^256."""
    return _sub_words_borrow(a, b)[0]


@rule
def sum_fits(a: Words, b: Words) -> bool:
    """a + b < 2^256."""
    return bool(_add_words_carry(a, b)[1] == _ZERO)


# --- bits ---------------------------------------------------------------------------------------------------


@rule
def shift_left(a: Words, bits: int) -> Words:
    """(a × 2^bits) mod 2^256."""
    if bits >= 256:
        return _ZERO, _ZERO, _ZERO, _ZERO
    if bits >= 128:
        a = (_ZERO, _ZERO, a[0], a[1])
        bits -= 128
    if bits >= 64:
        a = (_ZERO, a[0], a[1], a[2])
        bits -= 64
    if bits == 0:
        return a
    up, down = np.uint64(bits), np.uint64(64 - bits)
    return a[0] << up, (a[1] << up) | (a[0] >> down), (a[2] << up) | (a[1] >> down), (a[3] << up) | (a[2] >> down)


@rule
def shift_right(a: Words, bits: int) -> Words:
    """floor(a / 2^bits)."""
    if bits >= 256:
        return _ZERO, _ZERO, _ZERO, _ZERO
    if bits >= 128:
        a = (a[2], a[3], _ZERO, _ZERO)
        bits -= 128
    if bits >= 64:
        a = (a[1], a[2], a[3], _ZERO)
        bits -= 64
    if bits == 0:
        return a
    down, up = np.uint64(bits), np.uint64(64 - bits)
    return (a[0] >> down) | (a[1] << up), (a[1] >> down) | (a[2] << up), (a[2] >> down) | (a[3] << up), a[3] >> down


@rule
def bit_length(a: Words) -> int:
    """Bits needed; 0 for 0."""
    if a[3] != _ZERO:
        return 193 + highest_bit(a[3])
    if a[2] != _ZERO:
        return 129 + highest_bit(a[2])
    if a[1] != _ZERO:
        return 65 + highest_bit(a[1])
    if a[0] != _ZERO:
        return 1 + highest_bit(a[0])
    return 0


@rule
def flip_bit(a: Words, bit: int) -> Words:
    """One bit turned over."""
    one = shift_left((_ONE, _ZERO, _ZERO, _ZERO), bit)
    return a[0] ^ one[0], a[1] ^ one[1], a[2] ^ one[2], a[3] ^ one[3]


@rule
def highest_bit_up_to(a: Words, bit: int) -> int:
    """The highest 1 among bits 0 … bit; negative for none."""
    return bit_length(shift_left(a, 255 - bit)) - 256 + bit


@rule
def lowest_bit_from(a: Words, bit: int) -> int:
    """The lowest 1 among bits bit … 255; negative for none."""
    left = shift_left(shift_right(a, bit), bit)
    negated = sub((_ZERO, _ZERO, _ZERO, _ZERO), left)
    lowest = (left[0] & negated[0], left[1] & negated[1], left[2] & negated[2], left[3] & negated[3])
    return bit_length(lowest) - 1


# --- multiplying --------------------------------------------------------------------------------------------


@rule(inline=True)
def _mul_add(a: np.uint64, b: np.uint64, c: np.uint64, d: np.uint64) -> tuple[np.uint64, np.uint64]:
    """The high and the low word of a × b + c + d, which never needs a third word."""
    high, low = mul_64_to_128(a, b)
    low, first = _add_with_carry(low, c, _ZERO)
    low, second = _add_with_carry(low, d, _ZERO)
    return high + first + second, low


@rule(inline=True)
def _mul_row(a: Words, b: np.uint64, onto: Words) -> tuple[Words, np.uint64]:
    """a × b + onto: four words and the fifth. One line of a multiplication on paper."""
    if b == _ZERO:
        return onto, _ZERO
    high, w0 = _mul_add(a[0], b, onto[0], _ZERO)
    high, w1 = _mul_add(a[1], b, onto[1], high)
    if (a[2] | a[3] | onto[2] | onto[3]) == _ZERO:
        return (w0, w1, high, _ZERO), _ZERO
    high, w2 = _mul_add(a[2], b, onto[2], high)
    high, w3 = _mul_add(a[3], b, onto[3], high)
    return (w0, w1, w2, w3), high


@rule(inline=True)
def _mul_to_512(a: Words, b: Words) -> tuple[Words, Words]:
    """The high and the low half of a × b: one row for each word of b, each moved one word further."""
    high, low = (_ZERO, _ZERO, _ZERO, _ZERO), (_ZERO, _ZERO, _ZERO, _ZERO)
    for _ in range(4):
        row, fifth = _mul_row(a, b[0], high)
        high = (row[1], row[2], row[3], fifth)
        low = (low[1], low[2], low[3], row[0])
        b = (b[1], b[2], b[3], _ZERO)
    return high, low


@rule
def mul(a: Words, b: Words) -> Words:
    """(a × b) mod 2^256."""
    return _mul_to_512(a, b)[1]


@rule
def times(a: Words, n: int) -> Words:
    """(a × n) mod 2^256."""
    return _mul_row(a, np.uint64(n), (_ZERO, _ZERO, _ZERO, _ZERO))[0]


@rule
def product_fits(a: Words, b: Words) -> bool:
    """a × b < 2^256."""
    if bit_length(a) + bit_length(b) <= 256:
        return True
    return is_zero(_mul_to_512(a, b)[0])


# --- dividing -----------------------------------------------------------------------------------------------


@rule(inline=True)
def _quotient_word(rest: Words, following: np.uint64, c: Words) -> tuple[np.uint64, Words]:
    """One digit, base 2^64, of a division on paper; needs rest < c and the top bit of c set.

    The digit guessed from the leading words is at most two too large (Knuth, volume 2, 4.3.1, theorem B).
    """
    if rest[3] == _ZERO:
        moved = (following, rest[0], rest[1], rest[2])
        if less(moved, c):
            return _ZERO, moved
    digit = _ALL if rest[3] >= c[3] else div_128_by_64(rest[3], rest[2], c[3])[0]
    product, fifth = _mul_row(c, digit, (_ZERO, _ZERO, _ZERO, _ZERO))
    left, borrow = _sub_words_borrow((following, rest[0], rest[1], rest[2]), product)
    top, borrow = _sub_with_borrow(rest[3], fifth, borrow)
    while borrow != _ZERO:
        digit -= _ONE
        left, carry = _add_words_carry(left, c)
        before = top
        top += carry
        if top < before:
            borrow = _ZERO
    return digit, left


@rule(inline=True)
def _shift_up(a: Words, bits: int, below: np.uint64) -> Words:
    """a × 2^bits for less than 64 bits, the lowest filled from the top of the word below."""
    up, down = np.uint64(bits), np.uint64(63 - bits)
    return (
        (a[0] << up) | (below >> _ONE >> down),
        (a[1] << up) | (a[0] >> _ONE >> down),
        (a[2] << up) | (a[1] >> _ONE >> down),
        (a[3] << up) | (a[2] >> _ONE >> down),
    )


@rule(inline=True)
def _div_512_by_256(high: Words, low: Words, c: Words) -> tuple[Words, Words]:
    """Quotient and rest, both scaled so that only rest = 0 matters; needs high < c, so that the quotient fits."""
    while c[3] == _ZERO:
        high = (low[3], high[0], high[1], high[2])
        low = (_ZERO, low[0], low[1], low[2])
        c = (_ZERO, c[0], c[1], c[2])
    shift = 63 - highest_bit(c[3])
    rest, low, c = _shift_up(high, shift, low[3]), _shift_up(low, shift, _ZERO), _shift_up(c, shift, _ZERO)
    quotient = (_ZERO, _ZERO, _ZERO, _ZERO)
    for _ in range(4):
        digit, rest = _quotient_word(rest, low[3], c)
        quotient = (digit, quotient[0], quotient[1], quotient[2])
        low = (_ZERO, low[0], low[1], low[2])
    return quotient, rest


@rule
def _mul_div(a: Words, b: Words, c: Words, one_if_rest: np.uint64) -> Words:
    """a × b / c, rounded down, and 1 more where there is a rest and this is wanted."""
    high, low = _mul_to_512(a, b)
    if (c[1] | c[2] | c[3] | low[2] | low[3]) == _ZERO and low[1] < c[0] and is_zero(high):
        digit, last = div_128_by_64(low[1], low[0], c[0])
        quotient, rest = (digit, _ZERO, _ZERO, _ZERO), (last, _ZERO, _ZERO, _ZERO)
    else:
        quotient, rest = _div_512_by_256(high, low, c)
    if one_if_rest == _ZERO or is_zero(rest):
        return quotient
    return add(quotient, (_ONE, _ZERO, _ZERO, _ZERO))


@rule
def div_down(a: Words, c: Words) -> Words:
    """floor(a / c)."""
    return _mul_div(a, (_ONE, _ZERO, _ZERO, _ZERO), c, _ZERO)


@rule
def div_up(a: Words, c: Words) -> Words:
    """ceil(a / c)."""
    return _mul_div(a, (_ONE, _ZERO, _ZERO, _ZERO), c, _ONE)


@rule
def mul_div_down(a: Words, b: Words, c: Words) -> Words:
    """floor(a × b / c)."""
    return _mul_div(a, b, c, _ZERO)


@rule
def mul_div_up(a: Words, b: Words, c: Words) -> Words:
    """ceil(a × b / c)."""
    return _mul_div(a, b, c, _ONE)


@rule
def quotient_fits(a: Words, b: Words, c: Words) -> bool:
    """floor(a × b / c) < 2^256."""
    return less(_mul_to_512(a, b)[0], c)


@rule
def sqrt_down(a: Words) -> Words:
    """floor(√a) by Newton's method, from a power of two above the root: it falls until it has arrived."""
    if is_zero(a):
        return a
    root = shift_left((_ONE, _ZERO, _ZERO, _ZERO), (bit_length(a) + 1) // 2)
    while True:
        better = shift_right(add(root, div_down(a, root)), 1)
        if not less(better, root):
            return root
        root = better
