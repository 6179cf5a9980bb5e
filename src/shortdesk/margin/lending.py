"""On-chain lending as a way to be short: post a stable asset, borrow the coin, sell it.

The health factor is sum(collateral * liquidation threshold) / debt. Below 1 anyone may repay a part of the debt
and take collateral with a bonus. Amounts are integers of the token's smallest unit, prices integers with eight
decimals, thresholds and bonuses basis points; rounding follows the contracts (Aave v3).
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up, products_ordered
from shortdesk.ground.fine import Exact, to_decimal, to_fraction
from shortdesk.margin.borrow import loan_liquidation_price
from shortdesk.margin.risk import Trigger

__all__ = [
    "LiquidationCall",
    "Seizure",
    "borrow_rate",
    "borrow_rate_at",
    "close_factor",
    "closes_whole",
    "health_factor",
    "lending_liquidation_price",
    "liquidation_call",
    "seizure",
]

_BPS = 10_000
_SMALL_VALUE_USD = 2_000
"""Reserves below this value may be closed whole (Aave v3.3)."""
_CLOSE_HEALTH = Fraction(95, 100)


class Seizure(NamedTuple):
    """What one liquidation call moves, in smallest units."""

    debt_repaid: int
    to_liquidator: int
    protocol_fee: int


class LiquidationCall(NamedTuple):
    """A liquidation call worked out whole."""

    health_factor: Decimal
    liquidatable: bool
    close_factor: Decimal
    debt_repaid: int
    collateral_to_liquidator: int
    protocol_fee: int
    bad_debt: int


@rule
def seizure(
    debt_to_cover: int,
    collateral_balance: int,
    collateral_price: int,
    collateral_unit: int,
    debt_price: int,
    debt_unit: int,
    bonus_bps: int,
    protocol_fee_bps: int,
) -> Seizure:
    """Collateral taken for ``debt_to_cover``: floor on the base, floor with the bonus; capped by the balance.

    When capped, the debt is what the balance buys, rounded up. The protocol's part comes out of the bonus,
    rounded up.
    """
    base = mul_div_down(debt_to_cover, debt_price * collateral_unit, collateral_price * debt_unit)
    taken = mul_div_down(base, bonus_bps, 10_000)
    debt = debt_to_cover
    if taken > collateral_balance:
        taken = collateral_balance
        worth = mul_div_up(taken, collateral_price * debt_unit, debt_price * collateral_unit)
        debt = mul_div_up(worth, 10_000, bonus_bps)
    bonus = taken - mul_div_down(taken, 10_000, bonus_bps)
    fee = mul_div_up(bonus, protocol_fee_bps, 10_000)
    return Seizure(debt, taken - fee, fee)


@rule
def borrow_rate(utilisation: int, optimal: int, rate_base: int, slope_1: int, slope_2: int, rate_one: int) -> int:
    """The yearly variable rate, two slopes that meet at the optimal utilisation; all out of ``rate_one``."""
    if utilisation <= optimal:
        return rate_base + mul_div_down(slope_1, utilisation, optimal)
    return rate_base + slope_1 + mul_div_down(slope_2, utilisation - optimal, rate_one - optimal)


@rule
def closes_whole(
    counted: int, owed: int, health_rate: int, full_rate: int, collateral_value: int, debt_value: int, small: int
) -> bool:
    """Whether one call may repay a debt whole: the health is at most a bound, or either side is small.

    The health is ``counted * health_rate / owed``, and the bound ``full_rate``, on the scale of ``health_rate``.
    """
    if collateral_value < small or debt_value < small:
        return True
    return products_ordered(owed, full_rate, counted, health_rate)


# --- the desk's face ---


def borrow_rate_at(utilisation: Exact, optimal: Exact, base: Exact, slope_1: Exact, slope_2: Exact) -> Decimal:
    """The variable borrow rate per year at a utilisation between 0 and 1."""
    one = 10**27
    used, bend, lowest, first, second = (
        int(to_fraction(value) * one) for value in (utilisation, optimal, base, slope_1, slope_2)
    )
    return to_decimal(Fraction(borrow_rate(used, bend, lowest, first, second, one), one))


def health_factor(collateral_value: Exact, liquidation_threshold: Exact, debt_value: Exact) -> Decimal:
    """collateral * threshold / debt."""
    return to_decimal(to_fraction(collateral_value) * to_fraction(liquidation_threshold) / to_fraction(debt_value))


def lending_liquidation_price(
    stable_collateral: Exact, liquidation_threshold: Exact, borrowed: Exact
) -> Decimal | None:
    """The price of the borrowed coin at which the health factor falls below 1; None without a debt.

    Asked of ``loan_risk``: what a threshold leaves uncounted of the collateral is its maintenance margin.
    """
    return loan_liquidation_price(
        maintenance_rate=0,
        asset_rate=1 - to_fraction(liquidation_threshold),
        quote_assets=stable_collateral,
        base_debt=borrowed,
        trigger=Trigger.BELOW,
    )


def close_factor(
    health: Exact,
    collateral_value_usd: Exact,
    debt_value_usd: Exact,
    *,
    partial: Exact = "0.5",
    full_below: Exact = _CLOSE_HEALTH,
    small_usd: Exact = _SMALL_VALUE_USD,
) -> Decimal:
    """Which part of the debt one call may repay: half while healthy enough and both sides are large, else all."""
    asked, bound, small = to_fraction(health), to_fraction(full_below), to_fraction(small_usd)
    collateral, debt = to_fraction(collateral_value_usd), to_fraction(debt_value_usd)
    one = lcm(collateral.denominator, debt.denominator, small.denominator)
    whole = closes_whole(
        asked.numerator,
        asked.denominator,
        bound.denominator,
        bound.numerator,
        int(collateral * one),
        int(debt * one),
        int(small * one),
    )
    return Decimal(1) if whole else to_decimal(to_fraction(partial))


def liquidation_call(
    *,
    collateral_amount: int,
    collateral_decimals: int,
    collateral_price: int,
    debt_amount: int,
    debt_decimals: int,
    debt_price: int,
    threshold_bps: int,
    bonus_bps: int,
    protocol_fee_bps: int,
    requested: int | None,
) -> LiquidationCall:
    """One liquidation call on a position of one collateral and one debt; ``requested`` None means all allowed.

    A debt left without collateral is a booked deficit.
    """
    collateral_unit, debt_unit = 10**collateral_decimals, 10**debt_decimals
    collateral_value = Fraction(collateral_amount * collateral_price, collateral_unit * 10**8)
    debt_value = Fraction(debt_amount * debt_price, debt_unit * 10**8)
    health = collateral_value * threshold_bps / _BPS / debt_value
    part = close_factor(health, collateral_value, debt_value)
    if health >= 1:
        return LiquidationCall(to_decimal(health), False, part, 0, 0, 0, 0)
    most = int(debt_amount * Fraction(part))
    covered = most if requested is None else min(requested, most)
    taken = seizure(
        covered,
        collateral_amount,
        collateral_price,
        collateral_unit,
        debt_price,
        debt_unit,
        bonus_bps,
        protocol_fee_bps,
    )
    collateral_left = collateral_amount - taken.to_liquidator - taken.protocol_fee
    bad_debt = debt_amount - taken.debt_repaid if collateral_left == 0 else 0
    return LiquidationCall(
        to_decimal(health), True, part, taken.debt_repaid, taken.to_liquidator, taken.protocol_fee, bad_debt
    )
