"""Crowding: examples by hand, and each measure against its definition."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.crowding import (
    concentration,
    entry_overlap,
    level_concentration,
    overlap,
    positioning,
    share_near_liquidation,
)

sizes = st.lists(st.integers(0, 1000).map(float), min_size=1, max_size=12).filter(lambda row: sum(row) > 0)
priced = st.lists(st.tuples(st.integers(50, 200).map(float), st.integers(1, 100).map(float)), min_size=1, max_size=12)


# --- how few hold how much ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "hhi", "normalised", "entropy", "gini", "top"),
    [
        ([1, 1, 1, 1], 0.25, 0.0, math.log(4), 0.0, 0.25),
        ([9, 1], 0.82, 0.64, 0.3250830, 0.4, 0.9),
        ([0.5, 0.3, 0.2], 0.38, 0.07, 1.0296530, 0.2, 0.5),
        ([0, 0, 7, 0], 1.0, 1.0, 0.0, 0.75, 1.0),
        ([3], 1.0, 1.0, 0.0, 0.0, 1.0),
    ],
)
def test_concentration_as_a_table(
    weights: list[float], hhi: float, normalised: float, entropy: float, gini: float, top: float
) -> None:
    assert concentration(weights) == pytest.approx((hhi, 1 / hhi, normalised, entropy, gini, top), abs=1e-7)


@given(sizes)
def test_concentration_by_definition(held: list[float]) -> None:
    found = concentration(held)
    n, share = len(held), [size / sum(held) for size in held]
    assert found.gini == pytest.approx(sum(abs(a - b) for a in share for b in share) / (2 * n), abs=1e-12)
    assert 1 / n - 1e-12 <= found.hhi <= 1 + 1e-12
    assert 0 <= found.gini <= 1 - 1 / n + 1e-12
    assert -1e-12 <= found.entropy <= math.log(n) + 1e-12
    assert math.exp(found.entropy) >= found.effective_number - 1e-9
    assert concentration([3 * size for size in held[::-1]]) == pytest.approx(found, abs=1e-12)
    assert concentration(held * 2).hhi == pytest.approx(found.hhi / 2)


# --- how alike they are -------------------------------------------------------------------------------------


def test_two_funds_and_two_coins() -> None:
    """A tenth of the volume a day; the second coin trades little, and the first fund sits in it."""
    found = overlap([[100, 50], [200, 10]], [1000, 100], 0.1)
    assert found.days_each.tolist() == [[1, 5], [2, 1]]
    assert found.days_to_liquidate_crowd.tolist() == [3, 6]
    assert found.crowd_multiplier.tolist() == [[3, 1.2], [1.5, 6]]
    assert found.cosine_overlap[0, 1] == pytest.approx(0.915644, abs=1e-6)


def test_opposite_and_empty_portfolios() -> None:
    found = overlap([[1, -2], [-2, 4], [0, 0]], [1, 1], 1.0)
    assert found.cosine_overlap[0].tolist() == pytest.approx([1, -1, math.nan], nan_ok=True)
    assert found.days_to_liquidate_crowd.tolist() == [3, 6]  # both have to trade, whatever the sign
    assert np.isnan(found.crowd_multiplier[2]).all()


# --- how close together they would be forced out --------------------------------------------------------------


def test_levels_in_buckets() -> None:
    """60,900 and 60,100 go together, 61,000 does not: shares of 3/4 and 1/4."""
    assert level_concentration([60_900, 60_100, 61_000], [10, 20, 10], 1000) == pytest.approx(0.75**2 + 0.25**2)


def test_share_of_open_interest_near_liquidation() -> None:
    found = share_near_liquidation(100, [101, 99, 105, 120], [10, 20, 30, 40], [0.005, 0.01, 0.05, 0.2])
    assert found.tolist() == pytest.approx([0, 0.3, 0.6, 1])


@given(priced, st.floats(0, 1))
def test_share_near_liquidation_by_definition(rows: list[tuple[float, float]], within: float) -> None:
    levels, size = zip(*rows, strict=True)
    near = sum(s for level, s in rows if abs(level - 100) <= within * 100)
    assert float(share_near_liquidation(100, levels, size, within)) == pytest.approx(near / sum(size))


def test_entries_together_and_apart() -> None:
    """Half came in at 100 or 100.5, half at 130: within 1% a second unit is with the first one half of the time."""
    assert entry_overlap([100, 100.5, 130], [25, 25, 50], 0.01) == pytest.approx(0.5)
    assert entry_overlap([100, 100.5, 130], [25, 25, 50], 0.0) == pytest.approx(0.375)  # the HHI of entries
    assert entry_overlap([100, 100.5, 130], [25, 25, 50], 0.4) == pytest.approx(1)


@given(priced, st.sampled_from([0.0, 0.013, 0.11, 0.37, 5.0]))
def test_entry_overlap_by_definition(rows: list[tuple[float, float]], within: float) -> None:
    entries, size = zip(*rows, strict=True)
    total = sum(size)
    pairs = itertools.product(rows, rows)
    close = sum(s * t for (a, s), (b, t) in pairs if abs(math.log(a) - math.log(b)) <= math.log1p(within))
    assert entry_overlap(entries, size, within) == pytest.approx(close / total**2)


def test_the_positioning_set() -> None:
    """Rates before: mean 1, deviation 1 (in basis points); now -2. Three longs to one short: the few are short."""
    found = positioning(500, 10_000, 25, [0.0001, 0, 0.0002, -0.0002], (3000, 1000), (600, 600))
    assert found == pytest.approx((0.05, 20, -3, 3, 1, 1 / 3))
    assert math.isnan(positioning(1, 1, 1, [0.0001, 0.0001, 0.0001, 0.5], (1, 1), (1, 1)).funding_z)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: concentration([0, 0]), "weights must add up to more than zero"),
        (lambda: concentration([1, -1]), "weights must be finite, at least 0; got -1"),
        (lambda: overlap([[1, 2]], [1], 0.1), "positions are in 2 assets and daily_volumes has 1"),
        (lambda: overlap([1, 2], [1, 1], 0.1), "positions must be a table of numbers"),
        (lambda: overlap([[1]], [1], 10), "participation must be finite, above 0 and at most 1; got 10"),
        (lambda: level_concentration([1], [1], 0), "bucket must be finite, above 0"),
        (lambda: share_near_liquidation(1, [1], [0], 0.1), "sizes must add up to more than zero"),
        (lambda: entry_overlap([1], [0], 0.1), "sizes must add up to more than zero"),
        (lambda: entry_overlap([1, 2], [1], 0.1), "sizes has 1 entries and entries has 2"),
        (lambda: positioning(1, 1, 1, [0, 0], (1, 1), (1, 1)), "funding_rates needs at least 3 numbers, not 2"),
        (lambda: positioning(1, 1, 1, [0, 0, 0], (1, 0), (1, 1)), "accounts must be finite, above 0; got 0"),
    ],
)
def test_a_slip_is_named(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
