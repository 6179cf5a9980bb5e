"""From a venue's sheet to its row in a market: fees, prices, and its way of liquidating."""

from __future__ import annotations

from fractions import Fraction

from shortdesk.ground.errors import UsageError
from shortdesk.ground.venue import LiquidationRules, Product, at, find_venue
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.open_market import FEE_ONE, LiquidationTerms
from shortdesk.stage.scenario import VenueTerms

__all__ = ["fee_rate", "liquidation_terms", "product_of"]

_PPM = 1_000_000
_COVERS = {
    "insurance": Cover.INSURANCE, "backstop": Cover.INSURANCE, "adl": Cover.ADL, "loss_sharing": Cover.LOSS_SHARING,
    "deficit": Cover.DEFICIT,
}  # fmt: skip


def product_of(terms: VenueTerms) -> Product:
    """The product of the venue's sheet that the scenario trades.

    Raises:
        UsageError: no such venue or product.
    """
    return find_venue(terms.sheet).of_kind(terms.kind or None)


def fee_rate(given_bps: float | None, sheet: Fraction) -> int:
    """A fee as whole parts of FEE_ONE: the given one, else the sheet's."""
    rate = sheet if given_bps is None else Fraction(given_bps).limit_denominator(10**6) / 10_000
    return round(rate * FEE_ONE)


def liquidation_terms(terms: VenueTerms, unit: Fraction) -> LiquidationTerms:
    """The venue's way of liquidating, or that of the venue it is to liquidate like, on the market's scale.

    A backstop counts as an insurance fund, and deficit comes last where the sheet names nobody else.

    Raises:
        UsageError: the sheet does not liquidate positions so.
    """
    product = find_venue(terms.liquidates_like).of_kind(None) if terms.liquidates_like else product_of(terms)
    rules = at(product.liquidation, terms.day, f"{product.name}: liquidation")
    form = LiquidationForm[rules.form.upper()]
    if form in (LiquidationForm.SALE_AND_REPAY, LiquidationForm.ANYONE_WITH_BONUS):
        return LiquidationTerms(form=form, cover=(Cover.INSURANCE, Cover.DEFICIT))
    is_capped = form == LiquidationForm.FILLABLE_CAPPED
    return LiquidationTerms(
        form=form,
        cover=_covers(rules, terms.adl),
        adl_rank=AdlRank[rules.adl_rank.upper()],
        adl_price=AdlPrice.MARK if rules.adl_price in ("mark", "oracle") else AdlPrice.BANKRUPTCY,
        wait_ms=round(1_000 * (rules.wait_seconds if terms.wait_s is None else terms.wait_s)),
        first_fraction_ppm=round(Fraction(rules.largest_portion if is_capped else rules.first_fraction) * _PPM),
        threshold_units=int(Fraction(rules.smallest_notional if is_capped else rules.threshold) / unit),
        largest_step_units=int(Fraction(rules.largest_notional_per_block) / unit),
        backstop_ppm=round(Fraction(rules.backstop_fraction) * _PPM),
        spread_ppm=round(Fraction(rules.spread_to_maintenance) * _PPM),
        adjustment_ppm=round(Fraction(rules.bankruptcy_adjustment) * _PPM),
        unwind_ms=round(1_000 * terms.unwind_s),
        unwind_ppm=round(_PPM * terms.unwind_fraction),
        step_tiers=max(1, rules.risk_step_tiers),
    )


def _covers(rules: LiquidationRules, adl: bool) -> tuple[Cover, ...]:
    found = []
    for name in rules.cover:
        cover = _COVERS[name]
        if cover not in found and (adl or cover not in (Cover.ADL, Cover.LOSS_SHARING)):
            found.append(cover)
    if len(found) == 3 and Cover.DEFICIT not in found:
        raise UsageError(f"{rules.form}: three covers and no deficit; a market can keep three in all")
    return (*found, Cover.DEFICIT) if Cover.DEFICIT not in found else tuple(found)
