"""Mark and index: the middle of three, fair prices, bands, and an index with stale or outlying members."""

from __future__ import annotations

from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.margin import mark
from shortdesk.margin.mark import IndexForm

PRICES = st.lists(st.integers(1, 10**9), min_size=1, max_size=9)


@pytest.mark.parametrize(
    ("last", "expected"),
    # index 100: with funding 100.5, with basis 101
    [("90", "100.5"), ("100.7", "100.7"), ("150", "101")],
)
def test_the_mark_is_the_middle_of_three(last: str, expected: str) -> None:
    found = mark.median_mark_price("100", "0.01", 4, 8, "1", last)
    assert (found.with_funding, found.with_basis, found.mark) == (Decimal("100.5"), Decimal(101), Decimal(expected))


def test_the_fair_price_nears_the_index_as_funding_nears() -> None:
    basis = [mark.fair_mark_price("10000", "0.001", seconds, 28800, "0.01").basis for seconds in (28800, 14400, 59, 0)]
    assert basis == [10, 5, 0, 0]


@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 10**6))
def test_a_band_holds_the_mark_near_the_index(price: int, index: int, band: int) -> None:
    held = mark.mark_within_band(price, index, band, 10**6)
    assert abs(held - index) <= index * band // 10**6 + 1
    assert mark.mark_within_band(price, index, 0, 10**6) == price


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(0, 100))
def test_an_average_moves_towards_the_sample(average: int, sample: int, weight: int) -> None:
    moved = mark.moving_average(average, sample, weight, 100)
    assert min(average, sample) <= moved <= max(average, sample)


@pytest.mark.parametrize(
    ("prices", "weights", "fresh", "form", "expected"),
    [
        (["100", "102"], None, None, IndexForm.WEIGHTED_MEAN, "101"),
        (["100", "102"], ["3", "1"], None, IndexForm.WEIGHTED_MEAN, "100.5"),
        (["100", "102", "900"], None, [True, True, False], IndexForm.WEIGHTED_MEAN, "101"),
        (["100", "102", "900"], ["1", "1", "0"], None, IndexForm.WEIGHTED_MEAN, "101"),
        (["100", "102", "900"], None, None, IndexForm.WEIGHTED_MEDIAN, "102"),
        (["100", "102"], None, None, IndexForm.WEIGHTED_MEDIAN, "101"),
        (["100", "102", "104"], ["1", "1", "5"], None, IndexForm.WEIGHTED_MEDIAN, "104"),
        (["100", "102"], None, [False, False], IndexForm.WEIGHTED_MEAN, None),
        (["100", "102"], None, [False, True], IndexForm.WEIGHTED_MEDIAN, "102"),
    ],
)
def test_members_that_count(
    prices: list[str], weights: list[str] | None, fresh: list[bool] | None, form: IndexForm, expected: str | None
) -> None:
    found = mark.index_price(prices, weights, fresh, form)
    assert found == (None if expected is None else Decimal(expected))


def test_an_outlier_is_pulled_to_the_edge_of_the_band() -> None:
    """One member of three runs away: with a band of 5 % the index moves by a third of 5 % at most."""
    held = mark.index_price(["100", "100", "1000"], form=IndexForm.WEIGHTED_MEAN, band="0.05")
    assert held is not None
    assert abs(held - Decimal(305) / 3) < Decimal("1e-20")
    assert mark.index_price(["100", "100", "1000"], form=IndexForm.WEIGHTED_MEAN) == 400


@given(PRICES)
def test_equal_weights_give_the_usual_median(prices: list[int]) -> None:
    found = mark.index_ticks(prices, [1] * len(prices), [0] * len(prices), len(prices), 0, 1, 0, 1)
    assert abs(found - median(prices)) <= Decimal("0.5")


@given(PRICES, st.data())
def test_the_order_of_members_does_not_matter(prices: list[int], data: st.DataObject) -> None:
    members = [(price, data.draw(st.integers(1, 5)), data.draw(st.integers(0, 2))) for price in prices]
    mixed = data.draw(st.permutations(members))
    for form in IndexForm:
        first, second = (
            mark.index_ticks(*map(list, zip(*order, strict=True)), len(order), 1, form, 50_000, 10**6)  # type: ignore[arg-type]
            for order in (members, mixed)
        )
        assert first == second
        alive = [price for price, _, age in members if age <= 1]
        assert first == 0 if not alive else min(alive) <= first <= max(alive)
