"""Wide integers: Python's own integers are the truth, and the words of a kernel must say the same."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Depth

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel

TOP = 1 << 256
EDGES = [0, 1, 2, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 64, (1 << 128) - 1, 1 << 128, (1 << 192) - 1, TOP - 1]


def some_wide(dice: random.Random) -> int:
    """Numbers of every length, and the ones that carry furthest: all ones, a single one, holes of zero words."""
    bits = dice.choice((1, 20, 63, 64, 65, 96, 127, 128, 129, 160, 192, 193, 255, 256))
    value = dice.getrandbits(bits)
    shape = dice.random()
    if shape < 0.10:
        return (1 << bits) - 1
    if shape < 0.20:
        return 1 << bits - 1
    if shape < 0.35:
        return value & ~(dice.choice(((1 << 64) - 1, (1 << 128) - 1)) << dice.choice((0, 64, 128)))
    return value


def column(values: list[int]) -> Any:
    return np.array([wide.to_words(value) for value in values], dtype=np.uint64)


def numbers(table: Any) -> list[int]:
    return [wide.load(row) for row in table]


# The order of the results of `everything`, each as Python says it.
EXPECTED: dict[str, Callable[[int, int, int, int], int]] = {
    "add_wrapping": lambda a, b, c, n: (a + b) % TOP,
    "sub_wrapping": lambda a, b, c, n: (a - b) % TOP,
    "mul": lambda a, b, c, n: a * b % TOP,
    "shift_left": lambda a, b, c, n: (a << n) % TOP,
    "shift_right_down": lambda a, b, c, n: a >> n,
    "flip_bit": lambda a, b, c, n: a ^ (1 << n % 256),
    "div_down": lambda a, b, c, n: a // c,
    "div_up": lambda a, b, c, n: -(-a // c),
    "mul_div_down": lambda a, b, c, n: a * b // c if a * b // c < TOP else 0,
    "mul_div_up": lambda a, b, c, n: -(-a * b // c) % TOP if a * b // c < TOP else 0,
    "sqrt_down": lambda a, b, c, n: math.isqrt(a),
    "smaller": lambda a, b, c, n: min(a, b),
    "bit_length": lambda a, b, c, n: a.bit_length(),
    "highest_bit_up_to": lambda a, b, c, n: 1 + (a & ((2 << n % 256) - 1)).bit_length() - 1,
    "lowest_bit_from": lambda a, b, c, n: 1 + next((bit for bit in range(n % 256, 256) if a >> bit & 1), -1),
    "is_zero": lambda a, b, c, n: a == 0,
    "equal": lambda a, b, c, n: a == b,
    "less": lambda a, b, c, n: a < b,
    "sum_fits": lambda a, b, c, n: a + b < TOP,
    "product_fits": lambda a, b, c, n: a * b < TOP,
    "quotient_fits": lambda a, b, c, n: a * b // c < TOP,
    "fits_units": lambda a, b, c, n: a < 1 << 63,
    "times": lambda a, b, c, n: a * (n + 1) * 997 % TOP,
}


@kernel
def everything(a_rows: Any, b_rows: Any, c_rows: Any, shifts: Any, out: Any) -> int:
    """Every function of the room on every row; out is (functions, rows, 4)."""
    for i in range(len(shifts)):
        a, b, c, n = wide.load(a_rows[i]), wide.load(b_rows[i]), wide.load(c_rows[i]), shifts[i]
        wide.store(out[0, i], wide.add_wrapping(a, b))
        wide.store(out[1, i], wide.sub_wrapping(a, b))
        wide.store(out[2, i], wide.mul(a, b))
        wide.store(out[3, i], wide.shift_left(a, n))
        wide.store(out[4, i], wide.shift_right_down(a, n))
        wide.store(out[5, i], wide.flip_bit(a, n % 256))
        wide.store(out[6, i], wide.div_down(a, c))
        wide.store(out[7, i], wide.div_up(a, c))
        if wide.quotient_fits(a, b, c):
            wide.store(out[8, i], wide.mul_div_down(a, b, c))
            wide.store(out[9, i], wide.mul_div_up(a, b, c))
        wide.store(out[10, i], wide.sqrt_down(a))
        wide.store(out[11, i], wide.smaller(a, b))
        wide.store(out[12, i], wide.of(wide.bit_length(a)))
        wide.store(out[13, i], wide.of(1 + max(wide.highest_bit_up_to(a, n % 256), -1)))
        wide.store(out[14, i], wide.of(1 + max(wide.lowest_bit_from(a, n % 256), -1)))
        wide.store(out[15, i], wide.of(1 if wide.is_zero(a) else 0))
        wide.store(out[16, i], wide.of(1 if wide.equal(a, b) else 0))
        wide.store(out[17, i], wide.of(1 if wide.less(a, b) else 0))
        wide.store(out[18, i], wide.of(1 if wide.sum_fits(a, b) else 0))
        wide.store(out[19, i], wide.of(1 if wide.product_fits(a, b) else 0))
        wide.store(out[20, i], wide.of(1 if wide.quotient_fits(a, b, c) else 0))
        wide.store(out[21, i], wide.of(1 if wide.fits_units(a) else 0))
        wide.store(out[22, i], wide.times(a, (n + 1) * 997))
    return len(shifts)


@pytest.mark.compiled
def test_words_say_what_python_says(depth: Depth) -> None:
    """10^5 random rows, the awkward shapes among them, through every function at once."""
    dice = random.Random(20261122)
    count = depth.pick(quick=100_000, check=100_000, deep=2_000_000)
    a, b, c = ([some_wide(dice) for _ in range(count)] for _ in range(3))
    edges = [(x, y, z) for x in EDGES for y in EDGES for z in EDGES]
    a, b, c = [x for x, _, _ in edges] + a, [y for _, y, _ in edges] + b, [z for _, _, z in edges] + c
    c = [value or 1 for value in c]
    b[-2000:] = a[-2000:]
    shifts = [dice.randrange(256) for _ in a]
    out = np.zeros((len(EXPECTED), len(a), 4), np.uint64)
    everything(column(a), column(b), column(c), np.array(shifts), out)
    for place, (name, expected) in enumerate(EXPECTED.items()):
        got = numbers(out[place])
        # Where a result does not fit, which the callers of mul, shift_left and mul_div_up exclude, words wrap.
        wrong = [i for i in range(len(a)) if got[i] != expected(a[i], b[i], c[i], shifts[i])]
        assert not wrong, f"{name} of {a[wrong[0]]}, {b[wrong[0]]}, {c[wrong[0]]}, {shifts[wrong[0]]}: {got[wrong[0]]}"


wides = st.integers(0, TOP - 1) | st.sampled_from(EDGES)


@given(wides, wides, wides.filter(bool))
def test_rounding_goes_where_the_name_says(a: int, b: int, c: int) -> None:
    down, up = wide.mul_div_down(a, b, c), wide.mul_div_up(a, b, c)
    assert down * c <= a * b <= up * c
    assert up - down == (a * b % c > 0)
    assert wide.div_up(a, c) - wide.div_down(a, c) == (a % c > 0)


@given(wides)
def test_a_number_survives_the_table(value: int) -> None:
    row = np.zeros(1, [("held", *wide.FIELD)])[0]
    wide.store(row["held"], value)
    assert wide.load(row["held"]) == value
    assert wide.load(np.array(wide.to_words(value))) == value


@pytest.mark.parametrize("value", [-1, TOP])
def test_what_has_no_words_is_refused(value: int) -> None:
    with pytest.raises(OverflowError, match="does not lie in 0"):
        wide.to_words(value)


def test_table_integers_do_not_leak_numpy_into_wide_numbers() -> None:
    """A numpy integer in a wide number would overflow in silence."""
    assert type(wide.of(np.int32(7))) is int
    assert type(wide.shift_left(1, np.int32(96))) is int
    assert wide.shift_left(1, np.int32(96)) == 1 << 96
    assert wide.flip_bit(0, np.int32(200)) == 1 << 200
