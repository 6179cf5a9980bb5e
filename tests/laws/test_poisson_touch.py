"""The three tables of Cont, Stoikov and Talreja, cell by cell, out of our book.

``tests/market/test_book_in_law.py`` tells some of the cells as stories, one command at a time; here are all of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from tests.conftest import Depth
from tests.laws.poisson_touch import Question, hits

from shortdesk.ground.compile import interpreted
from shortdesk.study.cont_stoikov_talreja import (
    QueueRates,
    prob_fill_before_mid,
    prob_make_spread,
    prob_mid_up,
)

AT_ONE_TICK = QueueRates(1.85, 0.94, 0.71)
AT_TWO_TICKS = QueueRates(1.51, 0.94, 0.81)
"""The paper's rates at one and at two ticks from the other side's best price."""
CELLS = [(bid, ask) for bid in range(1, 6) for ask in range(1, 6)]
TABLES: dict[Question, Callable[[QueueRates, int, int], float]] = {
    Question.MID_UP: prob_mid_up,
    Question.FILLED: prob_fill_before_mid,
    Question.BOTH_FILLED: prob_make_spread,
}


def band(chance: float, runs: int) -> float:
    """Four and a half standard errors, or the 0.006 that is asked for where runs are so many that this is more."""
    return max(0.006, 4.5 * math.sqrt(chance * (1 - chance) / runs)) if runs < 100_000 else 0.006


def agrees(found: int, runs: int, chance: float) -> None:
    assert found / runs == pytest.approx(chance, abs=band(chance, runs))


@pytest.fixture
def runs(depth: Depth) -> int:
    """At 240,000 runs, 0.006 is six standard errors of an even chance; at the 30,000 of the paper's band it is two."""
    return 25 if interpreted() else depth.pick(quick=2_000, check=30_000, deep=240_000)


@pytest.mark.parametrize("question", Question)
def test_every_cell_of_a_table_comes_out_of_our_book(question: Question, runs: int) -> None:
    for bid, ask in CELLS:
        found = hits(question, AT_ONE_TICK, bid, ask, runs, seed=100 * int(question) + 10 * bid + ask)
        agrees(found, runs, TABLES[question](AT_ONE_TICK, bid, ask))


@pytest.mark.parametrize(("bid", "ask"), [(1, 1), (1, 3), (4, 2)])
def test_orders_inside_a_wider_spread_move_the_mid_as_well(bid: int, ask: int, runs: int) -> None:
    """Two ticks apart: the queues live at the rates of two ticks, and orders between them come at those of one."""
    found = hits(Question.MID_UP, AT_TWO_TICKS, bid, ask, runs, seed=7, spread=2, inside_rate=1.85)
    agrees(found, runs, prob_mid_up(AT_TWO_TICKS, bid, ask, 1.85))


def test_the_band_would_notice_another_rate(runs: int) -> None:
    """With cancels half as often, patient orders behind three others are filled visibly less often."""
    if runs < 1_000:
        pytest.skip("a few interpreted runs cannot tell the two apart")
    slower = QueueRates(1.85, 0.94, 0.355)
    chance = prob_fill_before_mid(AT_ONE_TICK, 4, 2)
    found = hits(Question.FILLED, slower, 4, 2, runs, seed=8)
    assert abs(found / runs - chance) > band(chance, runs)
