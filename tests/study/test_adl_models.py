"""Deleveraging rules: a hole by hand, and what every allocation must keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.adl_models import (
    AdlAllocation,
    adl_comparison,
    close_in_turn,
    close_whole,
    pro_rata,
    queue_order,
    survivor_ratios,
    water_filling,
)

# Eighths and whole numbers: sums are exact, so a budget that is met is met.
profits = st.lists(st.integers(0, 1000).map(float), min_size=1, max_size=10)
budgets = st.integers(0, 6000).map(float)


# --- by hand ------------------------------------------------------------------------------------------------


def test_one_hole_under_every_rule() -> None:
    """50 are missing. Scores 200, 600, 150, 200: the second winner is first, and closing it whole takes 10 too much."""
    found = adl_comparison([100, 60, 30, 10], [2, 10, 5, 20], 50, 1.0, [20, 30])
    assert found.queue_order.tolist() == [1, 0, 3, 2]
    assert (found.queue_full_close.taken.tolist(), found.queue_full_close.overshoot) == ([0, 60, 0, 0], 10)
    assert found.queue_partial.taken.tolist() == [0, 50, 0, 0]
    assert found.pro_rata.taken.tolist() == [25, 15, 7.5, 2.5]
    assert found.queue_ratios == (2.0, 100 / 30)
    assert found.pro_rata_ratios == (1.5, 2.5)


def test_caps_push_the_level_up() -> None:
    """The largest may give a fifth at most, so the others give 40% instead of 30%."""
    found = water_filling([500, 200, 200, 50, 50], 300, [0.2, 0.5, 0.5, 1, 1])
    assert found.taken.tolist() == pytest.approx([100, 80, 80, 20, 20])
    assert found.water_level == pytest.approx(0.4)


def test_who_risked_more_gives_more() -> None:
    """Weights of 1 and 3: shares of 15% and 45% make 60 of 100 and 100."""
    found = water_filling([100, 100], 60, weights=[1, 3])
    assert found.taken.tolist() == pytest.approx([15, 45])
    capped = water_filling([100, 100], 160, weights=[1, 3])
    assert capped.taken.tolist() == pytest.approx([60, 100])


def test_a_hole_too_large_is_said() -> None:
    assert pro_rata([10, 20], 50) == AdlAllocation(pytest.approx(np.array([10, 20])), 0, 20)
    assert close_in_turn([10, 20], [1, 0], 50).uncovered == 20
    assert close_whole([10, 20], [1, 0], 50).uncovered == 20
    found = water_filling([10, 20], 50, [0.5, 1.0])
    assert (found.taken.tolist(), found.uncovered, found.water_level) == ([5, 20], 25, 1)


def test_equal_scores_keep_their_order() -> None:
    assert queue_order([1, 3, 3, 2, 3]).tolist() == [1, 2, 4, 3, 0]


# --- laws ---------------------------------------------------------------------------------------------------


@given(profits, budgets, st.randoms())
def test_every_rule_takes_the_budget_and_from_nobody_more_than_they_have(
    won: list[float], budget: float, luck: Any
) -> None:
    order = list(range(len(won)))
    luck.shuffle(order)
    caps = [luck.randint(0, 8) / 8 for _ in won]
    weights = [luck.randint(1, 8) for _ in won]
    for found, most in (
        (close_in_turn(won, order, budget), sum(won)),
        (close_whole(won, order, budget), sum(won)),
        (pro_rata(won, budget), sum(won)),
        (water_filling(won, budget), sum(won)),
        (water_filling(won, budget, caps, weights), sum(w * c for w, c in zip(won, caps, strict=True))),
    ):
        assert float(found.taken.sum()) == pytest.approx(budget + found.overshoot - found.uncovered, abs=1e-9)
        assert (found.taken >= 0).all()
        assert (found.taken <= np.array(won) + 1e-9).all()
        assert found.uncovered == pytest.approx(max(0.0, budget - most), abs=1e-9)
        assert found.overshoot == 0 or isinstance(found, AdlAllocation)


@given(profits, budgets, st.randoms())
def test_water_filling_fills_to_one_level(won: list[float], budget: float, luck: Any) -> None:
    """Who is below their cap stands at the level; who is at the cap would stand above it."""
    caps = np.array([luck.randint(0, 8) / 8 for _ in won])
    weights = np.array([luck.randint(1, 8) / 2 for _ in won])
    found = water_filling(won, budget, caps, weights)
    for profit, taken, cap, weight in zip(won, found.taken.tolist(), caps, weights, strict=True):
        if profit > 0:
            share = taken / profit
            assert share <= cap + 1e-9
            if share < cap - 1e-9:
                assert share / weight == pytest.approx(found.water_level, abs=1e-9)
            else:
                assert found.water_level * weight >= cap - 1e-9


@given(profits, budgets)
def test_without_caps_it_is_pro_rata(won: list[float], budget: float) -> None:
    assert water_filling(won, budget).taken.tolist() == pytest.approx(pro_rata(won, budget).taken.tolist())


@given(st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=10), budgets, st.randoms())
def test_a_queue_takes_whole_winners_from_the_front(won: list[float], budget: float, luck: Any) -> None:
    """All but the last one touched lose everything; closing whole touches the same ones and no others."""
    order = list(range(len(won)))
    luck.shuffle(order)
    in_turn, whole = close_in_turn(won, order, budget), close_whole(won, order, budget)
    touched = [place for place in order if in_turn.taken[place] > 0]
    assert touched == order[: len(touched)]
    assert all(in_turn.taken[place] == won[place] for place in touched[:-1])
    assert [place for place in order if whole.taken[place] > 0] == touched
    assert whole.overshoot == float((whole.taken - in_turn.taken).sum())


@given(st.lists(st.integers(1, 1000).map(float), min_size=1, max_size=10), budgets)
def test_pro_rata_leaves_the_largest_winner_the_same_share_as_all(won: list[float], budget: float) -> None:
    kept = max(0.0, 1 - budget / sum(won))
    assert survivor_ratios(won, pro_rata(won, budget).taken, [2.0]).ptsr == pytest.approx(kept * max(won) / 2, abs=1e-9)


# --- what people mistype ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: close_whole([1, 2], [0, 0], 1), r"order must list each of the winners 0 to 1 once, not \[0, 0\]"),
        (lambda: close_in_turn([1, 2], [0.0, 1.0], 1), "order must list"),
        (lambda: pro_rata([1, -2], 1), "profits must be finite, at least 0; got -2"),
        (lambda: pro_rata([], 1), "profits needs at least 1 numbers, not 0"),
        (lambda: water_filling([1, 2], 1, [0.5, 1.5]), "caps must be finite, at least 0 and at most 1; got 1.5"),
        (lambda: water_filling([1, 2], 1, [1, 1, 1]), "caps is one number or one for each of 2 winners"),
        (lambda: water_filling([1, 2], 1, weights=0), "weights must be finite, above 0; got 0"),
        (lambda: survivor_ratios([1], [1, 2], [1]), "taken has 2 entries and profits has 1"),
        (lambda: adl_comparison([1, 2], [1], 1, 1.0, [1]), "leverage has 1 entries and profits has 2"),
    ],
)
def test_a_slip_is_named(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
