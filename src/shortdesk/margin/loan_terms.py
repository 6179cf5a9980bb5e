"""What a loan needs, whatever form a venue's sheet has: levels, ladders, rates on debt, liquidation thresholds.

Every form comes down to rates on what is owed and on what is held, which ``borrow.loan_risk`` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.venue import BorrowRules, LadderRules, Product, ReserveRules, at
from shortdesk.margin import borrow
from shortdesk.margin.risk import Trigger

__all__ = ["LoanTerms", "lending_terms", "margin_terms"]

_FIRST_RUNG = (
    "the first rung of the ladder is taken; larger loans stand on higher rungs, whose sizes are not in the sheets"
)


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """What a venue asks of a loan, as rates on what is owed and on what is held."""

    initial_rate: Fraction
    """Equity that a new loan needs, per debt."""
    maintenance_rate: Fraction
    """Equity per debt at which it is called in."""
    asset_rate: Fraction
    """Part of the assets that does not count against liquidation."""
    initial_asset_rate: Fraction
    """Part of the assets that does not count for a new loan."""
    trigger: Trigger
    hourly_rate: Decimal
    sentence: str
    notes: tuple[str, ...]
    source: str


def margin_terms(product: Product, base: str, mode: str, day: date) -> LoanTerms:
    """What a venue asks of a spot-margin loan of ``base`` in a mode, by its rules of the day.

    Raises:
        UsageError: the venue does not lend so.
    """
    rules = product.borrow_at(day, mode, base)
    if mode == "isolated" and product.ladders:
        ladder = _ladder(product, base, day)
        return _level_terms(
            rules,
            ladder.initial_ratios[0],
            ladder.liquidation_level,
            (rules.note, ladder.note, _FIRST_RUNG),
            ladder.source,
        )
    if rules.level_form == "assets_over_debts":
        # The venue lends up to its leverage: assets over debts of lev / (lev - 1).
        ratio = rules.largest_leverage / (rules.largest_leverage - 1)
        return _level_terms(rules, ratio, rules.liquidation_level, (rules.note,), f"{rules.source} [{rules.evidence}]")
    fee = at(product.fees, day, "fees").taker if rules.fee_in_trigger else Decimal(0)
    rate = borrow.loan_maintenance_rate(maintenance_rate=rules.maintenance_rate, taker_fee=fee)
    return LoanTerms(
        initial_rate=1 / Fraction(rules.largest_leverage),
        maintenance_rate=rate,
        asset_rate=Fraction(0),
        initial_asset_rate=Fraction(0),
        trigger=Trigger.AT_OR_BELOW,
        hourly_rate=rules.hourly_rate,
        sentence=f"equity over debt must stay above {plain(to_decimal(rate * 100), 4)} %",
        notes=(rules.note,),
        source=f"{rules.source} [{rules.evidence}]",
    )


def _level_terms(
    rules: BorrowRules, initial_ratio: Decimal, level: Decimal, notes: tuple[str, ...], source: str
) -> LoanTerms:
    return LoanTerms(
        initial_rate=Fraction(initial_ratio) - 1,
        maintenance_rate=borrow.loan_maintenance_rate(level=level),
        asset_rate=Fraction(0),
        initial_asset_rate=Fraction(0),
        trigger=Trigger.AT_OR_BELOW,
        hourly_rate=rules.hourly_rate,
        sentence=f"assets over debts: liquidation at {plain(level)}, new loans from {plain(initial_ratio, 4)}",
        notes=notes,
        source=source,
    )


def _ladder(product: Product, base: str, day: date) -> LadderRules:
    ladders = [ladder for ladder in product.ladders if ladder.since <= day]
    named = [ladder for ladder in ladders if base in ladder.bases]
    return at(named or [ladder for ladder in ladders if not ladder.bases], day, "isolated margin ladders")


def lending_terms(product: Product, collateral_symbol: str, borrowed_symbol: str, day: date) -> LoanTerms:
    """What a lending market asks of a loan of one reserve against another, by its rules of the day.

    Raises:
        UsageError: the sheets do not know a reserve, or the day is before its first rules.
    """
    collateral = _reserve(product, collateral_symbol, day)
    borrowed = _reserve(product, borrowed_symbol, day)
    ltv, threshold = Fraction(collateral.loan_to_value), Fraction(collateral.liquidation_threshold)
    return LoanTerms(
        initial_rate=Fraction(0),
        maintenance_rate=Fraction(0),
        asset_rate=1 - threshold,
        initial_asset_rate=1 - ltv,
        trigger=Trigger.BELOW,
        hourly_rate=borrowed.hourly_rate,
        sentence=(
            f"collateral {collateral.symbol} counts {plain(collateral.liquidation_threshold * 100)} % "
            f"(new loans up to {plain(collateral.loan_to_value * 100)} %); liquidation below a health factor of 1"
        ),
        notes=(f"the proceeds of the sale are posted as {collateral.symbol} too", borrowed.note),
        source=f"{collateral.source} [{collateral.evidence}]",
    )


def _reserve(product: Product, symbol: str, day: date) -> ReserveRules:
    known = [reserve for reserve in product.reserves if reserve.symbol == symbol]
    return at(known, day, f"{product.name}: reserve {symbol}")
