"""Cascades in our market: the fixed point run by run, the law of how many, and the bound that pacing and refill give.

Notes of the law: ``shortdesk.study.cascade_laws``. What is tested here is the market: its trigger prices, its engine,
its book. The studies only say what has to come out.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.conftest import Depth
from tests.laws.frozen_ladder import CENTS, DEPTH, PRICE, FrozenLadder, follow_last

from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Side
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.covers import Cover
from shortdesk.market.ladder import Ladder, ladder_number
from shortdesk.market.note import Detail
from shortdesk.market.open_market import LiquidationTerms
from shortdesk.market.tables import Shelf, clock_of, front_at
from shortdesk.study.cascade import ladder_of, run_cascade
from shortdesk.study.cascade_laws import count_law, fit_counts, paced_bound

STEP_TICKS = 2
"""What one liquidation moves: q = STEP_TICKS · DEPTH lots, kappa = 1 / DEPTH."""
FIRST_MOVE = 10
REACH = {0.3: 260, 0.6: 500, 0.8: 1_400}
"""Ticks of ladder and book for each branching ratio: further than any run comes."""


@cache
def market(branching: float) -> FrozenLadder:
    reach = REACH[branching]
    mean = reach * branching / STEP_TICKS
    return FrozenLadder(reach, int(mean + 8 * math.sqrt(mean)), STEP_TICKS * DEPTH)


def poisson_ladder(luck: np.random.Generator, branching: float) -> NDArray[np.int64]:
    """Liquidation ticks of a Poisson process: so many on each tick, none of which knows of the others."""
    on_each = luck.poisson(branching / STEP_TICKS, REACH[branching])
    return np.repeat(np.arange(1, REACH[branching] + 1), on_each)


@cache
def counts(branching: float, runs: int) -> NDArray[np.int64]:
    """Liquidated in each of so many markets; each agrees with the least fixed point of its ladder."""
    found = np.zeros(runs, np.int64)
    luck = np.random.default_rng(round(1_000 * branching))
    for run in range(runs):
        ticks = poisson_ladder(luck, branching)
        fall = market(branching).fall(ticks, FIRST_MOVE)
        assert fall.move_ticks < REACH[branching] - STEP_TICKS, "the ladder is too short"
        ladder = ladder_of(PRICE, PRICE + ticks, np.full(len(ticks), STEP_TICKS * DEPTH), kappa=1 / DEPTH)
        expected = run_cascade(ladder, FIRST_MOVE)
        assert fall.count == int(expected.n_levels)
        assert PRICE + fall.move_ticks == pytest.approx(float(expected.final_price))
        found[run] = fall.count
    return found


def test_a_ladder_by_hand() -> None:
    """Ten ticks reach the shorts at 4 and 10; their four ticks that at 13; its two nobody: 15 and 17 stay."""
    stage = market(0.3)
    ticks = np.array([4, 10, 13, 17, 19])
    world = stage.with_shorts(ticks)
    clock_of(world.block).detail = Detail.MONEY
    rows = stage.push(world, FIRST_MOVE)
    assert list(rows["price"][rows["kind"] == Kind.FILL]) == [PRICE + at for at in range(1, 11)]
    assert not (rows["kind"] == Kind.LIQUIDATION_START).any()  # the mark has not moved yet
    follow_last(world.block, stage.perp)
    rows = world.take_journal()
    started = rows[rows["kind"] == Kind.LIQUIDATION_START]
    assert [int(row["price"]) - PRICE for row in started] == [10, 10, 14]
    marks = rows[rows["kind"] == Kind.MARK]
    assert [int(row["price"]) - PRICE for row in marks] == [10, 14, 16]
    assert stage.fall(ticks, FIRST_MOVE) == (3, 16)
    assert stage.fall(np.array([4, 10, 13, 16]), FIRST_MOVE) == (4, 18)  # one tick nearer, and it is reached as well


@pytest.mark.parametrize("ticks", [1, 7, 200])
def test_a_short_dies_at_its_own_tick_and_not_before(ticks: int) -> None:
    stage = market(0.3)
    alone = np.array([ticks])
    assert stage.fall(alone, ticks).count == 1
    if ticks > 1:
        assert stage.fall(alone, ticks - 1).count == 0


@pytest.mark.parametrize("branching", [0.3, 0.6, 0.8])
def test_counts_in_our_market_have_the_law(branching: float, depth: Depth) -> None:
    """Generalised Poisson with theta = r · first move, n = r kappa q: the right n passes and no other."""
    runs = depth.pick(quick={0.3: 40, 0.6: 12, 0.8: 4}[branching], check=2_500, deep=20_000)
    theta = FIRST_MOVE * branching / STEP_TICKS
    seen = counts(branching, runs)
    fit = fit_counts(seen, theta, branching)
    assert fit.p_value > 0.01
    law = count_law(theta, branching, 0)
    assert float(seen.mean()) == pytest.approx(law.mean, abs=3 * math.sqrt(law.var / runs))
    assert fit.branching == pytest.approx(branching, abs=3 * fit.standard_error)
    if depth.name != "quick":
        assert float(seen.var()) == pytest.approx(law.var, rel=0.25)
        assert fit_counts(seen, theta, branching - 0.1).p_value < 0.01
        assert fit_counts(seen, theta, branching + 0.1).p_value < 0.01


# --- pace and refill -----------------------------------------------------------------------------------------------

PACED_TICKS = 20
"""What one step of a paced liquidation moves; a step is taken every second."""
STEPS = 60
REFILL_PER_S = 0.2


class WhaleStory:
    """One short of many steps and next to no margin, so that it is liquidated to its end, in a book that refills."""

    def __init__(self, wait_ms: int, step_ticks: int) -> None:
        lots = STEPS * PACED_TICKS * DEPTH
        step_units = step_ticks * DEPTH * (PRICE + 1) * CENTS
        terms = LiquidationTerms(
            LiquidationForm.INCREMENTAL, cover=(Cover.DEFICIT,), wait_ms=wait_ms, largest_step_units=step_units
        )
        self.stage = FrozenLadder(STEPS * PACED_TICKS + 10, 1, lots, terms)
        self.world = self.stage.with_shorts(np.array([1]), 1)
        self.now_ns = 0
        self.exact = 0.0
        self.ids = 1 << 20
        self.send(CommandKind.MARK, price_ticks=PRICE + 1)

    def send(self, kind: CommandKind, **fields: int) -> None:
        row = new_commands(1)
        row["kind"], row["instrument"], row["time_ns"] = kind, self.stage.perp, self.now_ns
        for name, value in fields.items():
            row[name] = value
        self.world.obey(row)

    def displacement(self) -> int:
        """Ticks of the book that are gone."""
        front = front_at(self.world.block, ladder_number(self.stage.perp, Ladder.ASKS))
        return int(front.ticks) - PRICE - 1

    def pass_time(self, seconds: float) -> None:
        """The venue acts when it is due; then what decays of the displacement comes back as new offers."""
        before = self.displacement()
        self.now_ns += round(seconds * 10**9)
        self.send(CommandKind.STEP)
        self.exact = self.exact * math.exp(-REFILL_PER_S * seconds) + self.displacement() - before
        for ticks in range(math.ceil(self.exact) + 1, self.displacement() + 1):
            self.ids += 1
            self.send(
                CommandKind.PLACE, account=self.stage.seller, client_id=self.ids, side=Side.SELL, lots=DEPTH,
                price_ticks=PRICE + ticks,
            )  # fmt: skip


def test_paced_liquidations_hold_the_price_no_further_than_kappa_f_over_r() -> None:
    """Steps come as jumps: the price is held at the bound on average, and passes it by less than a step."""
    story = WhaleStory(wait_ms=1_000, step_ticks=PACED_TICKS)
    kappa, pace = 1 / DEPTH, PACED_TICKS * DEPTH / 1.0
    bound = float(paced_bound(kappa, pace, REFILL_PER_S))
    assert bound == pytest.approx(100)
    assert story.displacement() == PACED_TICKS  # the first step is taken at once
    story.exact = float(PACED_TICKS)
    highest, seen = 0, []
    for tenth in range(10 * STEPS - 20):
        story.pass_time(0.1)
        highest = max(highest, story.displacement())
        if tenth >= 300:
            seen.append(story.displacement())
    assert highest <= bound + PACED_TICKS
    assert highest > bound
    decay = REFILL_PER_S * 0.1
    in_between = -math.expm1(-decay) / decay  # what was seen, at the beginning of each tenth, falls until the next
    assert in_between * float(np.mean(seen[: len(seen) // 10 * 10])) == pytest.approx(bound, abs=1)
    legs = story.world.table(Shelf.LEGS)[1 : story.world.used_rows(Shelf.LEGS)]
    held = int(legs["lots"][legs["account"] == story.stage.shorts[0]].sum())
    assert held == -PACED_TICKS * DEPTH  # one step is left: pace and not the book set the time


def test_without_pace_the_same_short_goes_through_the_whole_book() -> None:
    story = WhaleStory(wait_ms=0, step_ticks=PACED_TICKS)
    assert story.displacement() == STEPS * PACED_TICKS


def test_a_slower_pace_holds_the_price_nearer() -> None:
    found = []
    for wait_ms in (1_000, 2_000):
        story = WhaleStory(wait_ms=wait_ms, step_ticks=PACED_TICKS)
        story.exact = float(PACED_TICKS)
        highest = 0
        for _ in range(300):
            story.pass_time(0.1)
            highest = max(highest, story.displacement())
        found.append(highest)
    one_more = PACED_TICKS / (1 - math.exp(-REFILL_PER_S)), PACED_TICKS / (1 - math.exp(-2 * REFILL_PER_S))
    assert found == [pytest.approx(one, abs=2) for one in one_more]
