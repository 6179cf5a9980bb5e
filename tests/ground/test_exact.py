"""Exact arithmetic: what each name promises, its laws, and one text with one answer interpreted and compiled."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.compile import kernel
from shortdesk.ground.exact import (
    clamp,
    div_down,
    div_up,
    median3,
    mul_div_down,
    mul_div_nearest,
    mul_div_up,
    products_ordered,
)

LARGEST = 2**63 - 1
TRIPLES = 100_000

#   a × b / c                down        nearest     up
ROUNDINGS = """
    7 × 1 / 2                 3           4           4
   -7 × 1 / 2                -4          -4          -3
    5 × 1 / 3                 1           2           2
   -5 × 1 / 3                -2          -2          -1
    4 × 1 / 3                 1           1           2
    6 × 4 / 8                 3           3           3
    0 × 9 / 7                 0           0           0
    1 × 1 / 1000000           0           0           1
   -1 × 1 / 1000000          -1           0           0
    2000000 × 4000 / 1000000  8000        8000        8000
    2000001 × 4000 / 1000000  8000        8000        8001
    9223372036854775807 × 9223372036854775807 / 9223372036854775807  9223372036854775807  9223372036854775807  9223372036854775807
   -9223372036854775807 × 9223372036854775806 / 9223372036854775807 -9223372036854775806 -9223372036854775806 -9223372036854775806
    3037000500 × 3037000500 / 2  4611686018500125000  4611686018500125000  4611686018500125000
    3037000501 × 3037000501 / 2  4611686021537125500  4611686021537125501  4611686021537125501
"""  # noqa: E501


def rows() -> list[list[int]]:
    return [[int(word) for word in line.split() if word not in "×/"] for line in ROUNDINGS.split("\n") if line.strip()]


@kernel
def round_all(a: Any, b: Any, c: Any, down: Any, nearest: Any, up: Any) -> None:
    for i in range(a.size):
        down[i] = mul_div_down(a[i], b[i], c[i])
        nearest[i] = mul_div_nearest(a[i], b[i], c[i])
        up[i] = mul_div_up(a[i], b[i], c[i])


@kernel
def compare_all(a: Any, b: Any, c: Any, d: Any, ordered: Any) -> None:
    for i in range(a.size):
        ordered[i] = products_ordered(a[i], b[i], c[i], d[i])


@kernel
def small_all(a: Any, b: Any, c: Any, down: Any, up: Any, held: Any, middle: Any) -> None:
    for i in range(a.size):
        down[i] = div_down(a[i], c[i])
        up[i] = div_up(a[i], c[i])
        held[i] = clamp(a[i], -c[i], c[i])
        middle[i] = median3(a[i], b[i], c[i])


def words(values: list[int]) -> Any:
    return np.array(values, dtype=np.int64)


def compiled_roundings(triples: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    a, b, c = (words(list(column)) for column in zip(*triples, strict=True))
    down, nearest, up = (np.zeros_like(a) for _ in range(3))
    round_all(a, b, c, down, nearest, up)
    return list(zip(down.tolist(), nearest.tolist(), up.tolist(), strict=True))


def random_words(rng: np.random.Generator, count: int) -> list[int]:
    """Signed words of every magnitude alike; one in four an extreme, one in four with extreme halves.

    Extremes are 0, ±1, the largest, a power of two and its neighbours. Extreme halves are what a division in base 2^32
    gets wrong first.
    """
    extremes = [0, 1, LARGEST - 1, LARGEST]
    for power in range(1, 63):
        extremes += [2**power - 1, 2**power, 2**power + 1]
    halves = [0, 1, 2, 2**31 - 1, 2**31, 2**31 + 1, 2**32 - 2, 2**32 - 1]
    drawn = (rng.integers(0, LARGEST, count, endpoint=True) >> rng.integers(0, 63, count)).tolist()
    kinds, signs = rng.integers(0, 4, count).tolist(), rng.choice([-1, 1], count).tolist()
    extreme, high, low = (rng.choice(choices, count).tolist() for choices in (extremes, halves, halves))
    made = [drawn, drawn, extreme, [((h << 32) | w) & LARGEST for h, w in zip(high, low, strict=True)]]
    return [sign * made[kind][i] for i, (kind, sign) in enumerate(zip(kinds, signs, strict=True))]


def random_triples(seed: int, count: int) -> list[tuple[int, int, int]]:
    """Triples within the promise of ``mul_div_*``: c is positive and the quotient fits, whichever way it is rounded."""
    rng = np.random.default_rng(seed)
    triples: list[tuple[int, int, int]] = []
    while len(triples) < count:
        for a, b, c in zip(*(random_words(rng, count) for _ in range(3)), strict=True):
            c = abs(c)
            if c > 0 and abs(a * b) <= (LARGEST - 1) * c:
                triples.append((a, b, c))
    return triples[:count]


@pytest.mark.parametrize(("a", "b", "c", "down", "nearest", "up"), rows())
def test_named_roundings(a: int, b: int, c: int, down: int, nearest: int, up: int) -> None:
    assert (mul_div_down(a, b, c), mul_div_nearest(a, b, c), mul_div_up(a, b, c)) == (down, nearest, up)


def test_named_roundings_compiled() -> None:
    table = rows()
    got = compiled_roundings([(a, b, c) for a, b, c, *_ in table])
    assert got == [tuple(row[3:]) for row in table]


def test_compiled_and_interpreted_agree() -> None:
    triples = random_triples(seed=20201017, count=TRIPLES)
    wide = sum(abs(a * b) > LARGEST for a, b, _ in triples)
    assert wide > TRIPLES // 10, "too few products need more than 64 bits to say anything about the 128-bit path"
    wanted = [(mul_div_down(*t), mul_div_nearest(*t), mul_div_up(*t)) for t in triples]
    got = compiled_roundings(triples)
    wrong = [(t, g, w) for t, g, w in zip(triples, got, wanted, strict=True) if g != w]
    assert not wrong, f"{len(wrong)} of {len(triples)} differ, first (a, b, c), compiled, interpreted: {wrong[0]}"


def test_comparison_of_products_compiled_and_interpreted_agree() -> None:
    rng = np.random.default_rng(20201018)
    a, b, c, d = (random_words(rng, TRIPLES) for _ in range(4))
    # Random products are hardly ever close; a third of the cases is equal or off by one factor.
    for i in range(0, TRIPLES, 3):
        c[i], d[i] = b[i], a[i] - (i % 2 if a[i] > -LARGEST else 0)
    ordered = np.zeros(TRIPLES, dtype=np.bool_)
    compare_all(words(a), words(b), words(c), words(d), ordered)
    wanted = [products_ordered(*four) for four in zip(a, b, c, d, strict=True)]
    assert {True, False} == set(wanted)
    assert ordered.tolist() == wanted


def test_small_rules_compiled_and_interpreted_agree() -> None:
    rng = np.random.default_rng(20201019)
    a, b = random_words(rng, TRIPLES), random_words(rng, TRIPLES)
    c = [abs(value) or 1 for value in random_words(rng, TRIPLES)]
    out = [np.zeros(TRIPLES, dtype=np.int64) for _ in range(4)]
    small_all(words(a), words(b), words(c), *out)
    wanted = [
        (div_down(x, z), div_up(x, z), clamp(x, -z, z), median3(x, y, z)) for x, y, z in zip(a, b, c, strict=True)
    ]
    assert list(zip(*(column.tolist() for column in out), strict=True)) == wanted


word = st.integers(-LARGEST, LARGEST) | st.integers(-1000, 1000)
divisor = st.integers(1, LARGEST) | st.integers(1, 1000)


@given(word, word, divisor)
def test_down_and_up_enclose_the_exact_value(a: int, b: int, c: int) -> None:
    exact = Fraction(a * b, c)
    assert mul_div_down(a, b, c) == floor(exact)
    assert mul_div_up(a, b, c) == ceil(exact)


@given(word, word, divisor)
def test_nearest_is_within_half_and_halves_go_away_from_zero(a: int, b: int, c: int) -> None:
    exact = Fraction(a * b, c)
    nearest = mul_div_nearest(a, b, c)
    assert abs(nearest - exact) <= Fraction(1, 2)
    if abs(nearest - exact) == Fraction(1, 2):
        assert abs(nearest) > abs(exact)


@given(word, word, divisor)
def test_a_mirrored_position_is_rounded_as_a_mirror(a: int, b: int, c: int) -> None:
    """What a long gains by a rounding a short loses by it, and neither side is favoured by ``nearest``."""
    assert mul_div_down(-a, b, c) == -mul_div_up(a, b, c)
    assert mul_div_nearest(-a, b, c) == -mul_div_nearest(a, b, c)


@given(word, divisor)
def test_multiplying_and_dividing_by_the_same_returns_what_was_given(a: int, c: int) -> None:
    assert mul_div_down(a, c, c) == mul_div_nearest(a, c, c) == mul_div_up(a, c, c) == a


@given(word, word, divisor, divisor)
def test_comparing_products_compares_ratios(a: int, c: int, b: int, d: int) -> None:
    assert products_ordered(a, d, c, b) == (Fraction(a, b) >= Fraction(c, d))


@given(word, word, word)
def test_median_is_the_middle_of_the_sorted(a: int, b: int, c: int) -> None:
    assert median3(a, b, c) == sorted((a, b, c))[1]


@given(word, word, word)
def test_clamp_holds_between_its_bounds(value: int, one: int, other: int) -> None:
    lowest, highest = min(one, other), max(one, other)
    assert clamp(value, lowest, highest) == sorted((lowest, value, highest))[1]
