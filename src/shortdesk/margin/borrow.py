"""Spot-margin loans: interest, margin level, the price that calls them in, how much more may be borrowed.

An account holds a base and a quote asset and owes some of both. Its Risk is measured in the quote asset:
equity is assets less debts, and the maintenance margin is a rate on the debts and a rate on the assets. "Assets
over debts at or below 1.1" and "equity at or below 0.1 of the debts" are the same sentence; a liquidation
threshold of 0.86 leaves 0.14 of the collateral uncounted. So one rule serves every venue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.exact import mul_div_up
from shortdesk.ground.fine import Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.ground.units import Units
from shortdesk.margin.desk import HIGHEST
from shortdesk.margin.risk import Risk, Trigger
from shortdesk.margin.solve import NO_PRICE, first_dead

__all__ = [
    "HourForm",
    "Loan",
    "LoanState",
    "borrowed_by_account",
    "charged_hours",
    "collateral_call",
    "interest",
    "interest_due",
    "ladder_leverages",
    "level_state",
    "loan_liquidation_price",
    "loan_maintenance_rate",
    "loan_margins",
    "loan_risk",
    "loan_state",
    "margin_level",
    "most_borrowable",
    "rate_from_leverage",
]

_HOUR_NS = 3_600_000_000_000


class HourForm(IntEnum):
    """How a venue counts the hours of a loan."""

    CLOCK_HOURS = 0
    """Every hour of the clock that the loan touched (Binance's pages)."""
    STARTED_HOURS = 1
    """The duration in hours, rounded up, at least one."""
    FOUR_HOURS = 2
    """An opening fee and one more for every started four hours (Kraken)."""
    ELAPSED_HOURS = 3
    """Every hour of the clock that began since: how the market steps the interest that runs by the second (Aave)."""


class Loan(NamedTuple):
    """What a spot-margin account holds and owes, all unsigned; interest owed is part of the debts."""

    base_assets: int
    quote_assets: int
    base_debt: int
    quote_debt: int


@rule
def charged_hours(form: int, opened_ns: int, now_ns: int) -> int:
    """For how many hours interest is due."""
    if form == HourForm.CLOCK_HOURS:
        return now_ns // _HOUR_NS - opened_ns // _HOUR_NS + 1
    if form == HourForm.ELAPSED_HOURS:
        return now_ns // _HOUR_NS - opened_ns // _HOUR_NS
    started = max(1, -((opened_ns - now_ns) // _HOUR_NS))
    if form == HourForm.FOUR_HOURS:
        return 1 + -(-started // 4)
    return started


@rule
def interest(borrowed_units: int, hourly_rate: int, rate_one: int, hours: int) -> int:
    """Simple interest in the borrowed asset, rounded up: borrowed * rate * hours."""
    return mul_div_up(borrowed_units, hourly_rate * hours, rate_one)


@rule
def loan_risk(
    base_assets: int,
    quote_assets: int,
    base_debt: int,
    quote_debt: int,
    factor: int,
    ticks: int,
    debt_rate: int,
    asset_rate: int,
    initial_rate: int,
    rate_one: int,
) -> Risk:
    """Risk of a spot-margin account in quote units: assets - debts, and rates on debts and on assets.

    ``base`` amounts are lots worth ``ticks * factor`` units each. Without debts nothing has to be maintained.
    """
    debts = base_debt * ticks * factor + quote_debt
    assets = base_assets * ticks * factor + quote_assets
    maintenance = 0
    if debts > 0:
        maintenance = mul_div_up(debts, debt_rate, rate_one) + mul_div_up(assets, asset_rate, rate_one)
    return Risk(Units(assets - debts), Units(mul_div_up(debts, initial_rate, rate_one)), Units(maintenance))


# --- the desk's face ---


def interest_due(
    borrowed: Exact, rate: Exact, hours: Exact, form: HourForm = HourForm.STARTED_HOURS, rate_hours: Exact = 1
) -> Decimal:
    """Interest on a loan held for ``hours``; ``rate`` is per ``rate_hours`` (24 for a daily rate).

    For a venue that counts hours of the clock give the hours touched. With ``FOUR_HOURS`` the rate is the fee
    of one four-hour period.
    """
    held = to_fraction(hours, "hours")
    nanos = -(-(held * _HOUR_NS).numerator // (held * _HOUR_NS).denominator)
    counted = charged_hours(HourForm.STARTED_HOURS if form == HourForm.CLOCK_HOURS else form, 0, nanos)
    per_hour = to_fraction(rate, "rate") / to_fraction(rate_hours)
    return from_fine(interest(fine(borrowed, 2), per_hour.numerator, per_hour.denominator, counted), 2)


def loan_maintenance_rate(
    level: Exact | None = None, maintenance_rate: Exact | None = None, taker_fee: Exact = 0
) -> Fraction:
    """The rate on debts that a venue's trigger amounts to.

    A margin level L: L - 1 (Binance). A maintenance rate with the closing fee: (1 + mmr) * (1 + fee) - 1 (OKX).
    """
    if level is not None:
        return to_fraction(level, "level") - 1
    return (1 + to_fraction(maintenance_rate or 0)) * (1 + to_fraction(taker_fee)) - 1


def loan_liquidation_price(
    *,
    maintenance_rate: Exact,
    asset_rate: Exact = 0,
    base_assets: Exact = 0,
    quote_assets: Exact = 0,
    base_debt: Exact = 0,
    base_interest: Exact = 0,
    quote_debt: Exact = 0,
    trigger: Trigger = Trigger.AT_OR_BELOW,
) -> Decimal | None:
    """The price of the base asset at which the account is liquidated, by asking ``loan_risk``; None if never.

    With base debt above base assets the account is short and dies above; otherwise it is long and dies below.
    """
    on_debts, on_assets = to_fraction(maintenance_rate, "maintenance rate"), to_fraction(asset_rate, "asset rate")
    loan = Loan(fine(base_assets), fine(quote_assets, 2), fine(base_debt) + fine(base_interest), fine(quote_debt, 2))
    ask = _asking(loan, on_debts, on_assets)
    is_short = loan.base_debt * (1 + on_debts) > loan.base_assets * (1 - on_assets)
    dead = first_dead(ask, trigger, 1, HIGHEST) if is_short else first_dead(ask, trigger, HIGHEST, 1)
    return None if dead == NO_PRICE else from_fine(dead)


def loan_margins(
    *, price: Exact, maintenance_rate: Exact, asset_rate: Exact, quote_assets: Exact, base_debt: Exact
) -> tuple[Decimal, Decimal]:
    """Equity and maintenance of a borrowed short at a price, in the quote asset, by asking ``loan_risk``."""
    loan = Loan(0, fine(quote_assets, 2), fine(base_debt), 0)
    risk = _asking(loan, to_fraction(maintenance_rate), to_fraction(asset_rate))(fine(price))
    return from_fine(risk.equity, 2), from_fine(risk.maintenance, 2)


def _asking(loan: Loan, on_debts: Fraction, on_assets: Fraction) -> Callable[[int], Risk]:
    """The Risk of a loan on the desk's fine scale, as a function of the price."""
    one = lcm(on_debts.denominator, on_assets.denominator)

    def ask(ticks: int) -> Risk:
        return loan_risk(*loan, 1, ticks, int(on_debts * one), int(on_assets * one), 0, one)

    return ask


class LoanState(NamedTuple):
    """A spot-margin position at a price."""

    maintenance: Decimal
    margin_ratio: Decimal
    """Equity over what liquidation needs; 1 is liquidation."""
    liquidation_price: Decimal | None


def loan_state(
    side: str,
    *,
    mark: Exact,
    mmr: Exact,
    taker_fee: Exact,
    quote_assets: Exact = 0,
    base_liability: Exact = 0,
    base_assets: Exact = 0,
    quote_liability: Exact = 0,
) -> LoanState:
    """An isolated spot-margin position as OKX prints it: a short in the quote asset, a long in the base asset.

    ratio = equity / (MM + (liability + MM) * fee), MM = liability * mmr.
    """
    price, rate, fee = to_fraction(mark), to_fraction(mmr), to_fraction(taker_fee)
    if side == "short":
        liability = to_fraction(base_liability) * price
        assets = to_fraction(quote_assets)
    else:
        liability = to_fraction(quote_liability) / price
        assets = to_fraction(base_assets)
    maintenance = liability * rate
    needed = maintenance + (liability + maintenance) * fee
    price_dead = loan_liquidation_price(
        maintenance_rate=loan_maintenance_rate(maintenance_rate=mmr, taker_fee=taker_fee),
        base_assets=base_assets,
        quote_assets=quote_assets,
        base_debt=base_liability,
        quote_debt=quote_liability,
    )
    return LoanState(to_decimal(maintenance), to_decimal((assets - liability) / needed), price_dead)


def margin_level(assets: Exact, liabilities: Exact) -> Decimal | None:
    """Assets over debts and interest, both in one currency; None without debts."""
    owed = to_fraction(liabilities)
    return to_decimal(to_fraction(assets) / owed) if owed else None


def level_state(level: Exact | None, thresholds: Mapping[str, Exact]) -> str:
    """In which band of the venue's thresholds a margin level lies.

    ``thresholds`` has transfer_out, borrow, margin_call and liquidation. A level on a bound belongs to the
    worse band, except the transfer-out bound.
    """
    if level is None:
        return "above_transfer_out"
    at = to_fraction(level)
    if at <= to_fraction(thresholds["liquidation"]):
        return "liquidation"
    if at <= to_fraction(thresholds["margin_call"]):
        return "margin_call"
    if at <= to_fraction(thresholds["borrow"]):
        return "no_borrow"
    if at < to_fraction(thresholds["transfer_out"]):
        return "borrow_and_trade"
    return "above_transfer_out"


def most_borrowable(total_assets: Exact, initial_risk_ratio: Exact, borrowed: Exact, price: Exact = 1) -> Decimal:
    """How much more of the base asset may be borrowed: (assets - ratio * borrowed) / (ratio - 1) / price."""
    ratio = to_fraction(initial_risk_ratio)
    if ratio <= 1:
        raise UsageError(f"initial risk ratio {initial_risk_ratio}: expected a number above 1")
    room = (to_fraction(total_assets) - ratio * to_fraction(borrowed)) / (ratio - 1)
    return to_decimal(max(Fraction(0), room) / to_fraction(price))


def ladder_leverages(initial_risk_ratios: list[Exact]) -> list[Decimal]:
    """The largest leverage at each initial risk ratio: 1 + 1 / (ratio - 1), cut to two decimals."""
    leverages = []
    for ratio in initial_risk_ratios:
        hundredths = (1 + 1 / (to_fraction(ratio) - 1)) * 100
        leverages.append(to_decimal(Fraction(hundredths.numerator // hundredths.denominator, 100), 2))
    return leverages


def rate_from_leverage(largest_leverage: Exact) -> Decimal:
    """The initial rate of a borrow tier: 1 / leverage, cut to eight decimals (Bybit)."""
    rate = 1 / to_fraction(largest_leverage)
    return to_decimal(Fraction(rate.numerator * 10**8 // rate.denominator, 10**8), 8)


def borrowed_by_account(equity: Exact, buy_option_margin: Exact, option_value: Exact, frozen: Exact) -> Decimal:
    """What a unified account owes: |min(0, equity - buy option margin - option value - frozen)| (Bybit)."""
    free = to_fraction(equity) - to_fraction(buy_option_margin) - to_fraction(option_value) - to_fraction(frozen)
    return to_decimal(max(Fraction(0), -free))


def collateral_call(assets: Exact, liabilities: Exact, call_level: Exact) -> Decimal:
    """How much must be added to bring the margin level back to the call level; 0 when it is above."""
    missing = to_fraction(call_level) * to_fraction(liabilities) - to_fraction(assets)
    return to_decimal(max(Fraction(0), missing))
