"""Lending under stress: loans by hand, the toxic line, and populations against one loan at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.margin.lending import health_factor
from shortdesk.study.lending_models import (
    lending_liquidation,
    liquidable_by_fall,
    liquidation_spiral,
    toxic_ltv,
)

loans = st.tuples(
    st.floats(50, 150), st.floats(50, 150), st.floats(0.5, 0.95), st.floats(0.0, 0.15), st.floats(0.1, 1.0)
)


@pytest.mark.parametrize(
    ("collateral", "debt", "repaid", "seized", "health_after", "toxic"),
    [
        (100, 82, 41, 43.05, 1.11122, False),  # heals
        (100, 96, 48, 50.4, 0.82667, True),  # above 1/1.05 = 95.24%: worse than the 0.83333 before
        (100, 50, 0, 0, 1.6, False),  # healthy, left alone
        (100, 250, 95.2381, 100, 0.0, True),  # all collateral goes before half the debt is repaid
    ],
)
def test_loans_by_hand(
    collateral: float, debt: float, repaid: float, seized: float, health_after: float, toxic: bool
) -> None:
    """Threshold 80%, bonus 5%, half the debt at a time."""
    found = lending_liquidation(collateral, debt, 0.8, 0.05, 0.5)
    assert [float(found.repaid), float(found.seized), float(found.health_after)] == pytest.approx(
        [repaid, seized, health_after], abs=1e-4
    )
    assert bool(found.toxic) is toxic
    assert float(found.health_before) == pytest.approx(float(health_factor(collateral, "0.8", debt)))


def test_the_toxic_line() -> None:
    assert toxic_ltv([0, 0.05, 0.1]).tolist() == pytest.approx([1, 0.952381, 0.909091], abs=1e-6)


@given(loans)
def test_the_loan_to_value_rises_only_beyond_the_toxic_line(loan: tuple[float, float, float, float, float]) -> None:
    collateral, debt, threshold, bonus, factor = loan
    found = lending_liquidation(collateral, debt, threshold, bonus, factor)
    before, after = float(found.ltv_before), float(found.ltv_after)
    if float(found.repaid) == 0:
        assert (before, bool(found.toxic)) == (after, False)
    elif abs(before - float(toxic_ltv(bonus))) > 1e-9:
        assert (after > before) == bool(found.toxic)


@given(st.lists(loans, min_size=1, max_size=8))
def test_a_population_is_its_loans(several: list[tuple[float, float, float, float, float]]) -> None:
    columns = [list(column) for column in zip(*several, strict=True)]
    together, ends = lending_liquidation(*columns), liquidation_spiral(*columns)
    for place, loan in enumerate(several):
        for whole, one in zip(
            (*together, *ends), (*lending_liquidation(*loan), *liquidation_spiral(*loan)), strict=True
        ):
            assert whole[place] == one


@given(loans)
def test_a_spiral_heals_below_the_toxic_line_and_eats_everything_above(
    loan: tuple[float, float, float, float, float],
) -> None:
    collateral, debt, threshold, bonus, _ = loan
    found = liquidation_spiral(*loan)
    assert float(found.seized) <= collateral * (1 + 1e-12)
    assert float(found.repaid) + float(found.bad_debt) <= debt * (1 + 1e-12)
    if collateral * threshold >= debt:
        assert found.rounds == 0
    elif debt / collateral < float(toxic_ltv(bonus)) - 1e-9:
        assert (float(found.bad_debt), found.rounds > 0) == (0, True)
    elif debt / collateral > float(toxic_ltv(bonus)) + 1e-9:
        assert float(found.seized) == pytest.approx(collateral)
        assert float(found.bad_debt) == pytest.approx(debt - collateral / (1 + bonus), abs=1e-9 * debt)


def test_repaid_whole_there_is_no_health_left_to_speak_of() -> None:
    found = lending_liquidation(100, 90, 0.8, 0.05, 1.0)
    assert (float(found.health_after), float(found.ltv_after)) == (math.inf, 0)


def test_what_a_fall_sets_loose() -> None:
    """Three loans that fall at losses of 10%, 25% and 50%: a loan is liquidable below a health of 1, not at it."""
    held, owed = [100.0, 100.0, 100.0], [72.0, 60.0, 40.0]
    assert liquidable_by_fall(held, owed, 0.8, [0, 0.05, 0.11, 0.26, 0.51, 1.0]).tolist() == [0, 0, 72, 132, 172, 172]
    assert float(liquidable_by_fall([100], [60], 0.75, 0.2)) == 0  # 80 x 0.75 = 60: exactly 1


@given(st.lists(st.tuples(st.floats(50, 150), st.floats(10, 150)), min_size=1, max_size=10), st.floats(0, 0.9))
def test_a_fall_counts_each_loan_at_its_new_health(several: list[tuple[float, float]], fall: float) -> None:
    held, owed = (np.array(column) for column in zip(*several, strict=True))
    health = held * (1 - fall) * 0.8 / owed
    if (np.abs(health - 1) > 1e-12).all():
        assert float(liquidable_by_fall(held, owed, 0.8, fall)) == pytest.approx(float(owed[health < 1].sum()))


def test_slips_are_named() -> None:
    with pytest.raises(UsageError, match=r"threshold must be finite, above 0 and at most 1; got 80"):
        lending_liquidation(100, 90, 80, 0.05, 0.5)
    with pytest.raises(UsageError, match="debt_value must be finite, above 0; got 0"):
        lending_liquidation(100, 0, 0.8, 0.05, 0.5)
    with pytest.raises(UsageError, match=r"close_factor must be finite, at least 0.001 and at most 1; got 1e-05"):
        liquidation_spiral(100, 90, 0.8, 0.05, 1e-5)
    with pytest.raises(UsageError, match="debt_values has 2 entries and collateral_values has 1"):
        liquidable_by_fall([100], [1, 2], 0.8, 0.1)
