"""Cascades on a ladder: examples by hand, and the least fixed point against its definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.cascade import (
    Ladder,
    critical_shock,
    ignition_price,
    impact_of,
    ladder_of,
    local_gain,
    run_cascade,
    rungs,
)

# Eighths and quarters are exact in floats, so what is reached exactly is reached.
eighths = st.integers(1, 400).map(lambda n: n / 8)
rung_lists = st.lists(st.tuples(st.integers(1, 200).map(lambda n: n / 4), st.integers(0, 40)), max_size=12)
kappas = st.sampled_from([0.0, 0.125, 0.25, 0.5, 2.0])
impacts = st.sampled_from(["linear", "sqrt"])


def above_100(rows: list[tuple[float, int]], kappa: float, impact: Any = "linear", side: Any = "up") -> Ladder:
    sign = 1 if side == "up" else -1
    levels = [100 + sign * distance for distance, _ in rows]
    return ladder_of(100, levels, [size for _, size in rows], kappa=kappa, impact=impact, side=side)


def move_by_definition(rows: list[tuple[float, int]], kappa: float, impact: str, shock: float) -> float:
    """The least m with m = shock + I(sum of sizes at distances <= m), tried from the fewest rungs up."""
    for reached in range(len(rows) + 1):
        total = sum(size for _, size in sorted(rows)[:reached])
        move = shock + (kappa * total if impact == "linear" else kappa * math.sqrt(total))
        if sum(distance <= move for distance, _ in rows) == reached:
            return move
    raise AssertionError("the ladder has a fixed point")


# --- by hand ------------------------------------------------------------------------------------------------

SHORTS = [(101, 5), (102, 10), (103, 10), (106, 40)]
"""A ladder of four rungs; buying one unit moves the price by 0.15."""


@pytest.mark.parametrize(
    ("shock", "reached", "final"),
    [
        (0.5, 0, 100.5),  # no rung in reach
        (1.0, 1, 101.75),  # the first rung buys 5: + 0.75
        (1.25, 3, 105.0),  # 102 is reached exactly, and 103 with it: 25 bought push 3.75
        (2.0, 3, 105.75),  # three rungs buy 25: + 3.75; 106 stays a quarter away
        (2.25, 4, 112.0),  # 106 is reached exactly and buys 40 more
    ],
)
def test_a_ladder_by_hand(shock: float, reached: int, final: float) -> None:
    ladder = ladder_of(100, [level for level, _ in SHORTS], [size for _, size in SHORTS], kappa=0.15)
    found = run_cascade(ladder, shock)
    assert (int(found.n_levels), float(found.final_price)) == (reached, pytest.approx(final))


def test_what_each_rung_takes() -> None:
    found = rungs(ladder_of(100, [106, 101, 103, 102], [40, 5, 10, 10], kappa=0.15))
    assert found.level.tolist() == [101, 102, 103, 106]
    assert found.push_from_below.tolist() == pytest.approx([0, 0.75, 2.25, 3.75])
    assert found.shock_needed.tolist() == pytest.approx([1, 1.25, 1.25, 2.25])  # 102 and 103 go together
    assert not found.self_sustaining.any()


def test_the_price_of_no_return() -> None:
    """20 x 0.15 = 3 pushed by the first two rungs carry the price to 103 by themselves."""
    assert ignition_price(ladder_of(100, [101, 102, 103], [10, 10, 10], kappa=0.15)) == 103
    assert ignition_price(ladder_of(100, [99, 98, 97], [10, 10, 10], kappa=0.15, side="down")) == 97
    assert ignition_price(ladder_of(100, [101, 102, 103], [10, 9, 10], kappa=0.15)) is None
    assert ignition_price(ladder_of(100, [], [], kappa=0.15)) is None


def test_the_shock_that_it_takes() -> None:
    ladder = ladder_of(100, [101, 102, 103, 106], [5, 10, 10, 40], kappa=0.15)
    assert critical_shock(ladder, [0.5, 1.0, 2.0, 5.0, 6.0, 12.0]).tolist() == pytest.approx(
        [0.5, 1.0, 1.25, 1.25, 2.25, 2.25]
    )
    assert float(critical_shock(ladder, 20.0)) == pytest.approx(20 - 65 * 0.15)
    assert float(critical_shock(ladder_of(100, [], [], kappa=1), 7.0)) == 7


def test_gain_of_a_book_is_what_is_liquidated_over_what_rests() -> None:
    """50 liquidated where 100 rest, 90 where 60 rest, none where 80 rest; what lies outside is left out."""
    resting, width = np.array([100.0, 60.0, 80.0]), 10.0
    found = local_gain([101, 109.5, 110, 135], [20, 30, 90, 1000], [100, 110, 120, 130], width / resting)
    assert found.gain.tolist() == pytest.approx([0.5, 1.5, 0.0])
    assert found.density.tolist() == pytest.approx([5.0, 9.0, 0.0])
    assert (found.low.tolist(), found.high.tolist()) == ([100, 110, 120], [110, 120, 130])


def test_a_fine_ladder_is_the_continuum() -> None:
    """Gain one half doubles a move, up to one rung."""
    spacing, density = 0.01, 50.0
    levels = 100 + spacing * np.arange(1, 2001)
    ladder = ladder_of(100, levels, np.full(levels.size, density * spacing), kappa=0.01)
    found = run_cascade(ladder, [0.5, 1.0, 4.0])
    assert (found.final_price - 100).tolist() == pytest.approx([1.0, 2.0, 8.0], abs=2 * spacing)


# --- laws ---------------------------------------------------------------------------------------------------


@given(rung_lists, kappas, impacts, eighths)
def test_it_is_the_least_fixed_point(rows: list[tuple[float, int]], kappa: float, impact: str, shock: float) -> None:
    found = run_cascade(above_100(rows, kappa, impact), shock)
    assert float(found.final_price) - 100 == pytest.approx(move_by_definition(rows, kappa, impact, shock))
    move = float(found.final_price) - 100
    assert float(found.liquidated) == sum(size for distance, size in rows if distance <= move)
    assert int(found.rounds) <= int(found.n_levels)
    assert float(found.amplification) == pytest.approx(move / shock)


@given(rung_lists, kappas, impacts, st.lists(eighths, min_size=2, max_size=8))
def test_a_larger_shock_never_ends_lower(
    rows: list[tuple[float, int]], kappa: float, impact: str, shocks: list[float]
) -> None:
    """All shocks at once, and each as if it were alone."""
    ladder = above_100(rows, kappa, impact)
    found = run_cascade(ladder, sorted(shocks))
    for field in (found.final_price, found.liquidated, found.n_levels):
        assert (np.diff(field) >= 0).all()
    for place, shock in enumerate(sorted(shocks)):
        assert run_cascade(ladder, shock).final_price == found.final_price[place]


@given(rung_lists, kappas, eighths)
def test_the_table_of_rungs_says_who_is_reached(rows: list[tuple[float, int]], kappa: float, shock: float) -> None:
    """A second method: thresholds instead of rounds."""
    ladder = above_100(rows, kappa)
    assert int(run_cascade(ladder, shock).n_levels) == int((rungs(ladder).shock_needed <= shock).sum())


@given(rung_lists, kappas, eighths)
def test_the_critical_shock_is_just_enough(rows: list[tuple[float, int]], kappa: float, wanted: float) -> None:
    ladder = above_100(rows, kappa)
    shock = float(critical_shock(ladder, wanted))
    assert float(run_cascade(ladder, shock).final_price) - 100 >= wanted
    if shock > 0:
        assert float(run_cascade(ladder, shock - 1 / 64).final_price) - 100 < wanted


@given(rung_lists, kappas, impacts, eighths, st.randoms())
def test_neither_direction_nor_order_matters(
    rows: list[tuple[float, int]], kappa: float, impact: str, shock: float, luck: Any
) -> None:
    rows = [(distance, size) for distance, size in rows if distance < 100]
    shuffled = list(rows)
    luck.shuffle(shuffled)
    up = run_cascade(above_100(rows, kappa, impact), shock)
    down = run_cascade(above_100(shuffled, kappa, impact, side="down"), shock)
    assert float(up.final_price) - 100 == pytest.approx(100 - float(down.final_price))
    assert up.n_levels == down.n_levels


@given(rung_lists, kappas, impacts)
def test_ignition_is_where_the_push_pays_for_the_way(rows: list[tuple[float, int]], kappa: float, impact: str) -> None:
    ladder = above_100(rows, kappa, impact)
    price = ignition_price(ladder)
    found = rungs(ladder)
    pays = [
        float(level)
        for level, gap, push in zip(found.level, found.gap, found.push_from_below, strict=True)
        if push >= gap
    ]
    assert price == (min(pays) if pays else None)


def test_a_rung_that_is_met_in_decimals_is_met() -> None:
    """1.1 - 1.0 is a little more than 0.1 in floats."""
    assert 1.1 - 1.0 > 0.1
    assert run_cascade(ladder_of(1.0, [1.1], [1], kappa=1), 0.1).n_levels == 1
    assert run_cascade(ladder_of(1.0, [1.1], [1], kappa=1), 0.0999999).n_levels == 0


def test_impacts() -> None:
    assert impact_of([0, 4, 9], 2.0).tolist() == [0, 8, 18]
    assert impact_of([0, 4, 9], 2.0, "sqrt").tolist() == [0, 4, 6]
    assert math.isnan(float(run_cascade(ladder_of(100, [101], [1], kappa=1), 0.0).amplification))


# --- what people mistype ------------------------------------------------------------------------------------

LADDER = {"price": 100, "levels": [101], "sizes": [1], "kappa": 1}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"price": 0}, "price must be finite, above 0; got 0"),
        ({"levels": [101, math.nan]}, "levels must be finite, above 0; got nan"),
        ({"levels": 101}, "levels must be a row of numbers, not an array of 0 axes"),
        ({"levels": ["high"]}, "levels must be numbers in rows of one length"),
        ({"levels": [101, 102]}, "sizes has 1 entries and levels has 2"),
        ({"sizes": [-1]}, "sizes must be finite, at least 0; got -1"),
        ({"kappa": -1}, "kappa must be finite, at least 0; got -1"),
        ({"side": "left"}, "side is 'up' or 'down', not 'left'"),
        ({"impact": "cubic"}, "impact is 'linear' or 'sqrt', not 'cubic'"),
    ],
)
def test_a_slip_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ladder_of(**(LADDER | change))


def test_slips_in_shocks_and_buckets() -> None:
    ladder = ladder_of(**LADDER)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="shocks must be finite, at least 0; got -1"):
        run_cascade(ladder, [1, -1])
    with pytest.raises(UsageError, match="moves must be finite, at least 0"):
        critical_shock(ladder, -1)
    with pytest.raises(UsageError, match="must rise"):
        local_gain([1], [1], [1, 3, 2], 1)
    with pytest.raises(UsageError, match="edges needs at least 2 numbers, not 1"):
        local_gain([1], [1], [1], 1)
    with pytest.raises(UsageError, match="one for each of 2 buckets, not 3"):
        local_gain([1], [1], [1, 2, 3], [1, 1, 1])
