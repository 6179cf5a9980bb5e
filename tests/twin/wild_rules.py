"""Venues' ways of liquidating for wild lists, each form with covers, ranks and pauses as the seed has them."""

from __future__ import annotations

import random

from tests.twin.lending import PoolTerms
from tests.twin.money_pair import COINS, DOLLARS, INVERSE, LINEAR, SPOT, Setup
from tests.twin.pricing import Pricing

from shortdesk.margin.borrow import HourForm
from shortdesk.margin.funding import FundingForm
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.margin.mark import IndexForm, MarkForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.funding import Sampling
from shortdesk.market.open_lending import LendingTerms
from shortdesk.market.open_market import LiquidationTerms
from shortdesk.market.open_pricing import PricingTerms

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


def wild_pricing(dice: random.Random) -> Pricing:
    """An instrument's index and funding, whichever form it is of."""
    terms = PricingTerms(
        mark_form=dice.choice((MarkForm.ORACLE, *MarkForm)),
        index_form=dice.choice(tuple(IndexForm)),
        funding_form=dice.choice(tuple(FundingForm)),
        sampling=dice.choice(tuple(Sampling)),
        oldest_seconds=dice.choice((0, 3, 30)),
        outlier_band=dice.choice(("0", "0.01", "0.05")),
        basis_weight=dice.choice(("1", "0.3", "0.012345678")),
        book_weight=dice.choice(("1", "0.125")),
        mark_band=dice.choice(("0", "0.03", "0.1")),
        interest=dice.choice(("0", "0.0001", "-0.0003", "0.001234567")),
        clamp=dice.choice(("0", "0.0005", "0.01")),
        dead_band=dice.choice(("0", "0.0005", "0.02")),
        cap=dice.choice(("0", "0.003", "0.02")),
        interval_hours=dice.choice((0, 1, 8)),
        takes_middle=dice.random() < 0.3,
        pays_before=dice.random() < 0.3,
        pays_on_index=dice.random() < 0.3,
    )
    sizes = dice.choice(({}, {"impact_lots": 7}, {"impact_units": 900_000}))
    return Pricing(terms, dice.choice(((1,), (1, 1), (2, 1, 1), (3, 5, 0, 2))), **sizes)


def wild_pool(dice: random.Random, asset: int, is_market: bool) -> PoolTerms:
    """A pool of a spot-margin venue or of a lending market; either of the pair's assets."""
    terms = LendingTerms(
        lowest=dice.choice(("0", "0.03", "2")),
        slope_1=dice.choice(("0.05", "3")),
        slope_2=dice.choice(("0.6", "40")),
        optimal=dice.choice(("0.8", "0.45")),
        initial_rate="0" if is_market else dice.choice(("0.25", "0.5")),
        initial_asset_rate="0.2" if is_market else "0",
        debt_rate="0" if is_market else dice.choice(("0.1", "0.05")),
        asset_rate="0.14" if is_market else "0",
        trigger=Trigger.BELOW if is_market else Trigger.AT_OR_BELOW,
        hours=dice.choice(tuple(HourForm)),
        counts_borrowed=not is_market,
        compounds=dice.random() < 0.5,
        bonus_bps=dice.choice((10_000, 10_500, 11_234)),
        protocol_fee_bps=dice.choice((0, 1_000)),
        close_bps=dice.choice((10_000, 5_000)),
        full_below=dice.choice(("0", "0.95")),
    )
    per_dollar = 1 if asset == DOLLARS else 10
    return PoolTerms(
        SPOT, 11 if asset == COINS else 12, terms, reserve=dice.choice((0, 100_000)) * per_dollar,
        limit=dice.choice((0, 0, 900_000)) * per_dollar, small=dice.choice((0, 200_000)),
    )  # fmt: skip


def wild_setup(seed: int, form: LiquidationForm) -> Setup:
    """One venue of this form."""
    dice = random.Random(f"rules {seed}")
    markets = 0.9 if form == LiquidationForm.ANYONE_WITH_BONUS else 0.3
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
        spread_ppm=dice.choice((100_000, 1_500_000, 4_000_001)),
        adjustment_ppm=dice.choice((1_000_000, 400_003)),
        step_tiers=2 if form == LiquidationForm.TWO_TIERS_THEN_TAKEOVER else 1,
        last_taken=2 if form == LiquidationForm.TWO_TIERS_THEN_TAKEOVER else 1,
        unwind_ms=dice.choice((0, 0, 900, 20_000)),
        unwind_ppm=dice.choice((1_000_000, 250_000)),
    )
    return Setup(
        seed, rules, dice.choice(tuple(Trigger)), dice.choice((0, 2_000_000, 12_500_001)), highest_ticks=2_200,
        bound_ppm=dice.choice((20_000, 100_000)),
        pricing={number: wild_pricing(dice) for number in (LINEAR, INVERSE)},
        pools={asset: wild_pool(dice, asset, dice.random() < markets) for asset in (COINS, DOLLARS)},
        borrows_itself=dice.choice((0, 7, 9)),
    )  # fmt: skip
