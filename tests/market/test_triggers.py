"""An index may choose whom to ask; only Risk decides. Found by triggers or by asking everybody: the same journal."""

from __future__ import annotations

import random

import pytest
from tests.market.markets import ROOM, TWO_TIERS, Floor, hand_contract

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.ladder import Ladder, ladder_number
from shortdesk.market.open_market import LiquidationTerms, open_instrument
from shortdesk.market.tables import Shelf, front_at, instrument_at
from shortdesk.market.world import Capacity

FORMS = [
    LiquidationTerms(LiquidationForm.IOC_THEN_TAKEOVER, (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT)),
    LiquidationTerms(
        LiquidationForm.LOWER_TIER_THEN_TAKEOVER, (Cover.ADL, Cover.DEFICIT), AdlRank.ROI_AND_MARGIN_RATIO
    ),
    LiquidationTerms(
        LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE, Cover.ADL), AdlRank.PRICE_MOVE_TIMES_LEVERAGE,
        AdlPrice.MARK, wait_ms=2_000, first_fraction_ppm=200_000, threshold_units=300_000, backstop_ppm=666_667,
    ),
    LiquidationTerms(
        LiquidationForm.FILLABLE_CAPPED, (Cover.INSURANCE, Cover.ADL), AdlRank.PSEUDORANDOM, wait_ms=1_000,
        first_fraction_ppm=500_000, largest_step_units=400_000, spread_ppm=15_000,
    ),
    LiquidationTerms(LiquidationForm.INCREMENTAL, (Cover.LOSS_SHARING,), wait_ms=1_000, first_fraction_ppm=100_000),
]  # fmt: skip
NAMES = [f"trader {number}" for number in range(12)]


def busy(
    seed: int, terms: LiquidationTerms, commands: int, *, asks_everybody: bool, capacity: Capacity = ROOM
) -> Floor:
    """A venue with two perpetuals, a dozen traders, isolated and cross, and a mark that wanders and jumps."""
    dice = random.Random(seed)
    floor = Floor(
        terms, taker=500_000, maker=-100_000, liquidation=5_000_000, asks_everybody=asks_everybody, capacity=capacity
    )
    first = instrument_at(floor.world.block, floor.perp)
    other = open_instrument(
        floor.world, floor.venue, form=Form.LINEAR, settle_asset=floor.asset, contract=hand_contract(*TWO_TIERS),
        taker_rate=300_000, highest_ticks=int(first.highest_ticks),
    )  # fmt: skip
    perps = (floor.perp, other)
    for name in NAMES:
        floor.open(name, dice.choice((300, 1_000, 5_000)), leverage=5, isolated=dice.random() < 0.4)
    floor.send(CommandKind.DEPOSIT, "insurance", instrument=floor.asset, lots=50_000)
    marks = [1_000, 500]
    floor.send(CommandKind.MARK, instrument=other, price_ticks=marks[1])
    for _ in range(commands):
        which = dice.randint(0, 1)
        floor.now_ns += dice.choice((0, 1, 300_000_000))
        if dice.random() < 0.25:
            marks[which] = max(20, round(marks[which] * dice.choice((0.9, 0.97, 0.99, 1.01, 1.03, 1.1))))
            floor.send(CommandKind.MARK, instrument=perps[which], price_ticks=marks[which])
            continue
        price = max(1, marks[which] + dice.randint(-15, 15))
        floor.order(dice.choice(NAMES), dice.choice((-1, 1)) * dice.randint(1, 6), price, instrument=perps[which])
    return floor


@pytest.mark.parametrize("terms", FORMS, ids=lambda terms: terms.form.name.lower())
@pytest.mark.parametrize("seed", range(3))
def test_results_do_not_depend_on_the_index(seed: int, terms: LiquidationTerms) -> None:
    chosen = busy(seed, terms, 400, asks_everybody=False)
    everybody = busy(seed, terms, 400, asks_everybody=True)
    assert chosen.rows == everybody.rows


def test_the_lists_do_reach_liquidations_of_every_kind() -> None:
    """A comparison of two quiet markets would prove nothing."""
    seen = {row[13] for seed in (1, 2) for terms in FORMS for row in busy(seed, terms, 400, asks_everybody=False).rows}
    wanted = (
        Kind.RISK_STATE, Kind.LIQUIDATION_STEP, Kind.TAKEOVER, Kind.ADL, Kind.INSURANCE_OUT,
        Kind.LOSS_SHARE, Kind.LIQUIDATION_FEE, Kind.LIQUIDATION_END, Kind.MARGIN,
    )  # fmt: skip
    assert {kind for kind in wanted if kind not in seen} == set()


def test_one_leg_waits_for_its_liquidation_price() -> None:
    """Isolated and short 10 at 1,000 with 1,000 behind it: dead from 1,046 on, and that is where its trigger stands."""
    floor = Floor()
    floor.open("ann", 3_000, isolated=True)
    floor.open("mia", 100_000, leverage=2)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.mark(1_001)
    front = front_at(floor.world.block, ladder_number(floor.perp, Ladder.DEAD_RISES))
    assert (int(front.ticks), int(front.level) != 0) == (1_046, True)


def test_a_mark_that_touches_nobody_asks_nobody() -> None:
    """Triggers do not move while a mark wanders between them: nobody was asked and armed anew."""
    floor = Floor()
    for name in NAMES:
        floor.open(name, 3_000, isolated=True)
    for a, b in zip(NAMES[::2], NAMES[1::2], strict=True):
        floor.order(a, 4, 1_000)
        floor.order(b, -4, 1_000)
    floor.mark(1_000)
    before = floor.world.table(Shelf.LEGS).tobytes()
    for price in (1_003, 996, 1_010, 990):
        floor.mark(price)
    assert floor.world.table(Shelf.LEGS).tobytes() == before
