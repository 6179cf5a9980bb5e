"""Unsigned 256-bit integers, exact, for arithmetic that pools of a blockchain prescribe to the last unit.

Called from Python a *wide* number is a plain ``int``. In a kernel it is four unsigned 64-bit words, the
lowest first. One text serves both as long as it uses the functions of this file instead of operators:

    wide.mul_div_down(liquidity, wide.sub(price_high, price_low), price_high)

Names say how a division rounds, and ``_wrapping`` says that the result is taken modulo 2^256; every other
function needs a caller who knows that the true result lies in 0 … 2^256 - 1 (``sum_fits`` and
``product_fits`` ask). In a table a wide number is a field of type ``FIELD``; ``load`` and ``store`` reach it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from shortdesk.ground import words
from shortdesk.ground.compile import rule
from shortdesk.ground.words import Words

__all__ = [
    "FIELD",
    "Wide",
    "add",
    "add_wrapping",
    "approximately",
    "bit_length",
    "div_down",
    "div_up",
    "equal",
    "fits_units",
    "flip_bit",
    "highest_bit_up_to",
    "is_zero",
    "less",
    "load",
    "lowest_bit_from",
    "mul",
    "mul_div_down",
    "mul_div_up",
    "narrow",
    "of",
    "product_fits",
    "quotient_fits",
    "shift_left",
    "shift_right_down",
    "smaller",
    "sqrt_down",
    "store",
    "sub",
    "sub_wrapping",
    "sum_fits",
    "times",
    "to_words",
]

Wide: TypeAlias = int
"""A non-negative integer below 2^256; ``int`` in Python, ``Words`` in a kernel."""

FIELD = ("<u8", (4,))
"""The type of a wide field of a table: ``("liquidity", *wide.FIELD)``."""

_MODULUS = 1 << 256
_MASK_64 = (1 << 64) - 1


# --- in and out ---------------------------------------------------------------------------------------------


def to_words(value: int) -> Words:
    """The four words of a number, lowest first: what a kernel takes as an argument."""
    if not 0 <= value < _MODULUS:
        raise OverflowError(f"{value} does not lie in 0 … 2^256 - 1")
    parts = [np.uint64((value >> shift) & _MASK_64) for shift in (0, 64, 128, 192)]
    return parts[0], parts[1], parts[2], parts[3]


@rule(compiled=words.of)
def of(value: int) -> Wide:
    """A non-negative 64-bit integer, also one from a table, made wide."""
    return int(value)


@rule(compiled=words.narrow)
def narrow(value: Wide) -> int:
    """A wide number as a 64-bit integer; ``fits_units`` must hold."""
    return value


@rule(compiled=words.fits_units)
def fits_units(value: Wide) -> bool:
    """Whether value < 2^63, so that the ledger can move it."""
    return value < 1 << 63


@rule(compiled=words.load)
def load(field: Any) -> Wide:
    """The number in a table's wide field."""
    return int.from_bytes(field.tobytes(), "little")


@rule(compiled=words.store)
def store(field: Any, value: Wide) -> None:
    """Write a number into a table's wide field."""
    field[:] = np.frombuffer(value.to_bytes(32, "little"), dtype="<u8")


@rule(compiled=words.approximately)
def approximately(a: Wide) -> float:
    """a as a float, for a first guess; the last bits may differ between Python and a kernel."""
    return float(a)


# --- comparing ----------------------------------------------------------------------------------------------


@rule(compiled=words.is_zero)
def is_zero(a: Wide) -> bool:
    """a = 0."""
    return a == 0


@rule(compiled=words.equal)
def equal(a: Wide, b: Wide) -> bool:
    """a = b."""
    return a == b


@rule(compiled=words.less)
def less(a: Wide, b: Wide) -> bool:
    """a < b."""
    return a < b


@rule
def smaller(a: Wide, b: Wide) -> Wide:
    """The smaller of two."""
    return b if less(b, a) else a


# --- adding and subtracting ---------------------------------------------------------------------------------


@rule(compiled=words.add)
def add(a: Wide, b: Wide) -> Wide:
    """a + b."""
    return a + b


@rule(compiled=words.sub)
def sub(a: Wide, b: Wide) -> Wide:
    """a - b; needs a >= b."""
    return a - b


@rule(compiled=words.add)
def add_wrapping(a: Wide, b: Wide) -> Wide:
    """(a + b) mod 2^256."""
    return (a + b) % _MODULUS


@rule(compiled=words.sub)
def sub_wrapping(a: Wide, b: Wide) -> Wide:
    """(a - b) mod 2^256."""
    return (a - b) % _MODULUS


@rule(compiled=words.sum_fits)
def sum_fits(a: Wide, b: Wide) -> bool:
    """Whether a + b < 2^256."""
    return a + b < _MODULUS


# --- bits ---------------------------------------------------------------------------------------------------


@rule(compiled=words.shift_left)
def shift_left(a: Wide, bits: int) -> Wide:
    """a × 2^bits."""
    return a << int(bits)


@rule(compiled=words.shift_right)
def shift_right_down(a: Wide, bits: int) -> Wide:
    """floor(a / 2^bits)."""
    return a >> int(bits)


@rule(compiled=words.bit_length)
def bit_length(a: Wide) -> int:
    """How many bits a needs; 0 for 0."""
    return a.bit_length()


@rule(compiled=words.flip_bit)
def flip_bit(a: Wide, bit: int) -> Wide:
    """a with bit number ``bit`` (0 … 255) turned over."""
    return a ^ (1 << int(bit))


@rule(compiled=words.highest_bit_up_to)
def highest_bit_up_to(a: Wide, bit: int) -> int:
    """The number of the highest 1 among bits 0 … bit of a; negative where there is none."""
    return (a & ((2 << int(bit)) - 1)).bit_length() - 1


@rule(compiled=words.lowest_bit_from)
def lowest_bit_from(a: Wide, bit: int) -> int:
    """The number of the lowest 1 among bits bit … 255 of a; negative where there is none."""
    left = a >> int(bit) << int(bit)
    return (left & -left).bit_length() - 1


# --- multiplying --------------------------------------------------------------------------------------------


@rule(compiled=words.mul)
def mul(a: Wide, b: Wide) -> Wide:
    """a × b."""
    return a * b


@rule(compiled=words.times)
def times(a: Wide, n: int) -> Wide:
    """a × n for a non-negative 64-bit integer n, also one from a table."""
    return a * int(n)


@rule(compiled=words.product_fits)
def product_fits(a: Wide, b: Wide) -> bool:
    """Whether a × b < 2^256."""
    return a * b < _MODULUS


# --- dividing -----------------------------------------------------------------------------------------------


@rule(compiled=words.quotient_fits)
def quotient_fits(a: Wide, b: Wide, c: Wide) -> bool:
    """Whether floor(a × b / c) < 2^256; needs c > 0."""
    return a * b // c < _MODULUS


@rule(compiled=words.div_down)
def div_down(a: Wide, c: Wide) -> Wide:
    """floor(a / c); needs c > 0."""
    return a // c


@rule(compiled=words.div_up)
def div_up(a: Wide, c: Wide) -> Wide:
    """ceil(a / c); needs c > 0."""
    return -(-a // c)


@rule(compiled=words.mul_div_down)
def mul_div_down(a: Wide, b: Wide, c: Wide) -> Wide:
    """floor(a × b / c) with the product kept in 512 bits; needs c > 0 and a quotient that fits."""
    return a * b // c


@rule(compiled=words.mul_div_up)
def mul_div_up(a: Wide, b: Wide, c: Wide) -> Wide:
    """ceil(a × b / c) with the product kept in 512 bits; needs c > 0 and a quotient that fits."""
    return -(-a * b // c)


@rule(compiled=words.sqrt_down)
def sqrt_down(a: Wide) -> Wide:
    """floor(√a)."""
    return math.isqrt(a)
