"""Venues' ways of liquidating for wild lists, each form with covers, ranks and pauses as the seed has them."""

from __future__ import annotations

import random

from tests.twin.money_pair import Setup

from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.open_market import LiquidationTerms

FORMS = {
    "ioc": LiquidationForm.IOC_THEN_TAKEOVER,
    "lower tier": LiquidationForm.LOWER_TIER_THEN_TAKEOVER,
    "two tiers": LiquidationForm.TWO_TIERS_THEN_TAKEOVER,
    "fraction": LiquidationForm.FRACTION_THEN_WAIT,
    "fillable": LiquidationForm.FILLABLE_CAPPED,
    "incremental": LiquidationForm.INCREMENTAL,
}
COVERS = (
    (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT), (Cover.INSURANCE, Cover.ADL), (Cover.INSURANCE, Cover.DEFICIT),
    (Cover.ADL, Cover.LOSS_SHARING), (Cover.INSURANCE, Cover.LOSS_SHARING), (Cover.INSURANCE,), (Cover.DEFICIT,), (),
    (Cover.LOSS_SHARING, Cover.ADL, Cover.INSURANCE),
)  # fmt: skip


def wild_setup(seed: int, form: LiquidationForm) -> Setup:
    """One venue of this form."""
    dice = random.Random(f"rules {seed}")
    rules = LiquidationTerms(
        form,
        dice.choice(COVERS),
        dice.choice(tuple(AdlRank)),
        dice.choice(tuple(AdlPrice)),
        wait_ms=dice.choice((0, 700, 30_000)),
        first_fraction_ppm=dice.choice((1_000_000, 200_000, 333_333)),
        threshold_units=dice.choice((0, 500_000, 2_000_000)),
        largest_step_units=dice.choice((0, 0, 700_000)),
        backstop_ppm=dice.choice((0, 666_667)),
        spread_ppm=dice.choice((5_000, 15_001)),
        step_tiers=2 if form == LiquidationForm.TWO_TIERS_THEN_TAKEOVER else 1,
        last_taken=2 if form == LiquidationForm.TWO_TIERS_THEN_TAKEOVER else 1,
    )
    return Setup(
        seed, rules, dice.choice(tuple(Trigger)), dice.choice((0, 2_000_000, 12_500_001)), highest_ticks=2_200,
        bound_ppm=dice.choice((20_000, 100_000)),
    )  # fmt: skip
