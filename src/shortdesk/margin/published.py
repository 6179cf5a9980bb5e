"""Price formulas that venues have published and that the common rule does not reproduce as they stand.

Each is kept in its published form, with the period it belongs to, so that its own examples can be checked.
The desk does not price with them.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.fine import Exact, to_decimal, to_fraction
from shortdesk.margin.desk import printed_liquidation, side_of

__all__ = [
    "InversePrices",
    "bankruptcy_by_leverage",
    "bitmex_contract_value",
    "inverse_cross_2020",
    "inverse_isolated_2026",
    "inverse_isolated_by_margin",
    "legacy_tier_cut",
    "maintenance_at_bankruptcy",
]


class InversePrices(NamedTuple):
    """Prices of an inverse position as printed, on the tick."""

    position_value: Decimal
    bankruptcy: Decimal
    liquidation: Decimal


def bankruptcy_by_leverage(side: str, entry: Exact, leverage: Exact) -> Decimal:
    """Inverse bankruptcy price by leverage: EP * lev / (lev + s). Source: Bybit help page."""
    lev = to_fraction(leverage)
    return to_decimal(to_fraction(entry) * lev / (lev + side_of(side)))


def inverse_isolated_by_margin(
    side: str, size: Exact, entry: Exact, margin: Exact, fee: Exact, mmr: Exact, tick: Exact
) -> InversePrices:
    """Inverse isolated prices when the margin contains the fee to close at bankruptcy. Source: Bybit responses.

    Bankruptcy worth = (v + s*M) / (1 + s*f); liquidation worth = v + s*(M - fee there - mmr*v); price = size / worth.
    """
    s, usd = side_of(side), to_fraction(size)
    value, held, rate = usd / to_fraction(entry), to_fraction(margin), to_fraction(fee)
    bust_worth = (value + s * held) / (1 + s * rate)
    dead_worth = value + s * (held - bust_worth * rate - to_fraction(mmr) * value)
    bust, dead = to_decimal(usd / bust_worth), to_decimal(usd / dead_worth)
    return InversePrices(
        to_decimal(value),
        printed_liquidation(bust, side, tick, "tick_against"),
        printed_liquidation(dead, side, tick, "tick_against"),
    )


def inverse_cross_2020(
    side: str, size: Exact, entry: Exact, balance: Exact, mmr: Exact, fee: Exact, tick: Exact
) -> InversePrices:
    """Inverse cross prices of an older Bybit page: size*(1 + s*f) / (v + s*(B - mmr*v)), bankruptcy without mmr.

    Only the liquidation price is put on the tick.
    """
    s, usd = side_of(side), to_fraction(size)
    value, free = usd / to_fraction(entry), to_fraction(balance)
    grown = usd * (1 + s * to_fraction(fee))
    bust = to_decimal(grown / (value + s * free))
    dead = to_decimal(grown / (value + s * (free - to_fraction(mmr) * value)))
    return InversePrices(to_decimal(value), bust, printed_liquidation(dead, side, tick, "tick_against"))


def inverse_isolated_2026(
    side: str,
    size: Exact,
    entry: Exact,
    leverage: Exact,
    extra: Exact,
    mmr: Exact,
    fee: Exact,
    deduction: Exact,
) -> Decimal:
    """Inverse isolated liquidation price published in 2026-05, seen once (Bybit):

    size*(1 + s*mmr) / (v + s*v/lev + s*extra/(1 + s*f) + s*deduction).
    """
    s, usd = side_of(side), to_fraction(size)
    value = usd / to_fraction(entry)
    behind = value / to_fraction(leverage) + to_fraction(extra) / (1 + s * to_fraction(fee)) + to_fraction(deduction)
    return to_decimal(usd * (1 + s * to_fraction(mmr)) / (value + s * behind))


def maintenance_at_bankruptcy(size: Exact, bankruptcy: Exact, mmr: Exact) -> Decimal:
    """Maintenance margin as older Bybit cross responses print it: mmr * size * bankruptcy price."""
    return to_decimal(to_fraction(size) * to_fraction(bankruptcy) * to_fraction(mmr))


def legacy_tier_cut(contracts: int, lowest_cap: int) -> tuple[int, int]:
    """How much older OKX pages close at once: straight down to the lowest tier. Returns (closed, remaining)."""
    remaining = min(contracts, lowest_cap)
    return contracts - remaining, remaining


def bitmex_contract_value(contracts: int, mark: Exact, multiplier_satoshi: Exact) -> Decimal:
    """Worth of inverse contracts in satoshi, the value of one contract rounded to 0.01 satoshi first."""
    one = Fraction(to_decimal(to_fraction(multiplier_satoshi) / to_fraction(mark), 2))
    return to_decimal(contracts * one)
