"""From a venue's sheet to its way of liquidating in a market; worths in units of a cent."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from tests.stage.small import small_squeeze

from shortdesk.ground.kinds import Kind
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.covers import Cover
from shortdesk.market.open_market import LiquidationTerms
from shortdesk.stage.play import open_play
from shortdesk.stage.scenario import VenueTerms
from shortdesk.stage.venues import liquidation_terms

CENT = Fraction(1, 100)


def terms_of(sheet: str, **more: Any) -> LiquidationTerms:
    return liquidation_terms(VenueTerms(name="venue", sheet=sheet, day=date(2026, 1, 5), **more), CENT)


def test_dydx_closes_between_a_thousand_dollars_and_the_most_of_a_block() -> None:
    """A tenth of a position, at least 1,000 and at most 100,000 dollars; a block is taken as a second."""
    found = terms_of("dydx_v4")
    assert (found.form, found.cover) == (LiquidationForm.FILLABLE_CAPPED, (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT))
    assert (found.first_fraction_ppm, found.threshold_units) == (100_000, 100_000)
    assert (found.largest_step_units, found.wait_ms) == (10_000_000, 1_000)
    assert (found.spread_ppm, found.adjustment_ppm) == (1_500_000, 1_000_000)


def test_deribit_closes_step_by_step() -> None:
    found = terms_of("deribit")
    assert (found.form, found.first_fraction_ppm, found.threshold_units) == (LiquidationForm.INCREMENTAL, 100_000, 0)
    assert found.wait_ms == 1_000


@pytest.mark.parametrize("sheet", ["binance_usdm", "bybit", "okx", "bitmex", "hyperliquid", "dydx_v4", "deribit"])
def test_no_sheet_says_how_a_fund_closes_what_it_took_over(sheet: str) -> None:
    assert terms_of(sheet).unwind_ms == 0
    paced = terms_of(sheet, unwind_s=2.5, unwind_fraction=0.25)
    assert (paced.unwind_ms, paced.unwind_ppm) == (2_500, 250_000)


def test_a_fund_with_a_pace_sells_into_the_market_what_it_took() -> None:
    """In the small squeeze the fund takes shorts over; with a pace it buys them back, without one it does not."""
    like = ("futures.liquidates_like=binance_usdm", "futures.insurance_usd=1000000")
    bought = {}
    for pace in ("0", "0.5"):
        rows = open_play(small_squeeze(*like, f"futures.unwind_s={pace}")).run_all()
        funds = set(rows["other"][rows["kind"] == Kind.TAKEOVER].tolist())
        assert len(funds) == 1
        bought[pace] = int(rows["lots"][(rows["kind"] == Kind.FILL) & (rows["account"] == funds.pop())].sum())
    assert bought["0"] == 0
    assert bought["0.5"] > 0
