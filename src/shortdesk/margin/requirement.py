"""Initial and maintenance margin by tier, as each venue chooses its tier.

A schedule is a list of tiers: up to ``cap`` the maintenance margin is ``value * rate - deduction``. Where a
venue's deduction continues the line below, the maintenance margin is continuous and convex, and so it is
also the largest of all the tiers' lines; other venues let the whole position take the rate of its tier, and
it jumps.

Rates are whole numbers out of ``rate_one``, a number chosen for the schedule so that every one of them is
exact (1/30 of Hyperliquid included). Deductions are units.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_nearest, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.units import Units
from shortdesk.margin.position import Position, entry_value, unrealised, value_at
from shortdesk.margin.risk import Risk, Trigger

__all__ = [
    "NO_CAP",
    "Basis",
    "FeeForm",
    "InitialForm",
    "Terms",
    "Tier",
    "TierBy",
    "fee_to_close",
    "initial_margin",
    "maintenance_margin",
    "position_risk",
    "tier_index",
    "tier_measure",
]

NO_CAP = (1 << 62) - 1
"""The cap of a tier without one, on a kernel's grid."""


class TierBy(IntEnum):
    """What is measured against the caps of the tiers."""

    VALUE = 0
    """The position's worth at the price asked (Binance, Hyperliquid, Bybit cross)."""
    ENTRY_VALUE = 1
    """Its worth at the average entry price (Bybit isolated, BitMEX)."""
    CONTRACTS = 2
    """Its size in lots (OKX)."""
    SLOPE = 3
    """Nothing: the rate grows with the size itself (Deribit)."""


class Basis(IntEnum):
    """Which worth the maintenance rate is taken of."""

    PRICE = 0
    ENTRY = 1


class FeeForm(IntEnum):
    """Which closing fee stands inside the maintenance margin."""

    NONE = 0
    TAKER_ON_VALUE = 1
    """The taker fee on the worth at the price asked (OKX)."""
    AT_BANKRUPTCY = 2
    """The taker fee on the worth at the bankruptcy price of the chosen leverage (Bybit)."""


class InitialForm(IntEnum):
    """Where the initial margin comes from."""

    LEVERAGE = 0
    """Worth divided by the leverage that the trader chose."""
    RATE = 1
    """Worth times the tier's initial rate (dYdX, Deribit)."""


class Tier(NamedTuple):
    """One row of a schedule; ``floor`` < measure <= ``cap``. Kernels read the same fields from a record."""

    floor: int
    cap: int
    initial_rate: int
    maintenance_rate: int
    deduction: int


class Terms(NamedTuple):
    """How one instrument's requirement is computed. Kernels read the same fields from a record.

    ``slope`` is the growth of both rates per ``slope_size`` of size (coin units on inverse contracts, lots
    on linear ones), out of ``rate_one``; zero but for ``TierBy.SLOPE``.
    """

    rate_one: int
    tier_by: TierBy
    basis: Basis
    initial_basis: Basis
    initial_form: InitialForm
    fee_form: FeeForm
    fee_rate: int
    slope: int
    slope_size: int
    trigger: Trigger


@rule(inline=True)
def tier_index(tiers: Sequence[Tier], first: int, count: int, measure: int) -> int:
    """Where the tier with floor < measure <= cap stands; beyond the last cap the last tier goes on."""
    last = first + count - 1
    i = first
    while i < last and measure > tiers[i].cap:
        i += 1
    return i


@rule(inline=True)
def tier_measure(terms: Terms, lots: int, entered: int, now: int) -> int:
    """What is held against the caps: contracts, worth at entry, or worth now."""
    if terms.tier_by == TierBy.CONTRACTS:
        return abs(lots)
    if terms.tier_by == TierBy.ENTRY_VALUE:
        return entered
    return now


@rule(inline=True)
def chosen_tier(terms: Terms, tiers: Sequence[Tier], first: int, count: int, lots: int, entered: int, now: int) -> int:
    """The tier that binds, by the venue's own measure: worth at entry, worth now, or contracts."""
    if terms.tier_by == TierBy.SLOPE:
        return first
    return tier_index(tiers, first, count, tier_measure(terms, lots, entered, now))


@rule
def maintenance_margin(
    terms: Terms,
    tiers: Sequence[Tier],
    first: int,
    count: int,
    form: int,
    lots: int,
    entered: int,
    now: int,
    leverage_x100: int,
) -> int:
    """Maintenance margin in units, rounded up: value * rate - deduction, plus the closing fee where it counts.

    ``entered`` and ``now`` are the worth at the entry price and at the price asked.
    """
    if lots == 0:
        return 0
    tier = tiers[chosen_tier(terms, tiers, first, count, lots, entered, now)]
    worth = entered if terms.basis == Basis.ENTRY else now
    margin = mul_div_up(worth, tier.maintenance_rate, terms.rate_one) - tier.deduction
    if terms.tier_by == TierBy.SLOPE:
        margin += slope_margin(terms, form, lots, now)
    if terms.fee_form == FeeForm.TAKER_ON_VALUE:
        margin += mul_div_up(now, terms.fee_rate, terms.rate_one)
    elif terms.fee_form == FeeForm.AT_BANKRUPTCY:
        margin += fee_to_close(terms, form, lots, entered, leverage_x100)
    return margin


@rule
def slope_margin(terms: Terms, form: int, lots: int, now: int) -> int:
    """What the size adds to a Deribit margin: worth * slope * size, the size in coin at the price asked."""
    size = now if form == Form.INVERSE else abs(lots)
    return mul_div_up(mul_div_nearest(now, size, terms.slope_size), terms.slope, terms.rate_one)


@rule
def fee_to_close(terms: Terms, form: int, lots: int, entered: int, leverage_x100: int) -> int:
    """The taker fee of a close at the bankruptcy price: value at entry * (1 - s/lev) * fee, inverse (1 + s/lev)."""
    side = 1 if lots > 0 else -1
    if form == Form.INVERSE:
        side = -side
    at_bankruptcy = mul_div_nearest(entered, leverage_x100 - 100 * side, leverage_x100)
    return mul_div_up(at_bankruptcy, terms.fee_rate, terms.rate_one)


@rule(inline=True)
def initial_margin(
    terms: Terms,
    tiers: Sequence[Tier],
    first: int,
    count: int,
    form: int,
    lots: int,
    entered: int,
    now: int,
    leverage_x100: int,
) -> int:
    """Initial margin in units, rounded up: worth / leverage or worth * rate, plus the closing fee at Bybit."""
    if lots == 0:
        return 0
    worth = entered if terms.initial_basis == Basis.ENTRY else now
    if terms.initial_form == InitialForm.RATE:
        tier = tiers[chosen_tier(terms, tiers, first, count, lots, entered, now)]
        margin = mul_div_up(worth, tier.initial_rate, terms.rate_one)
        if terms.tier_by == TierBy.SLOPE:
            margin += slope_margin(terms, form, lots, now)
    else:
        margin = mul_div_up(worth, 100, leverage_x100)
    if terms.fee_form == FeeForm.AT_BANKRUPTCY:
        margin += fee_to_close(terms, form, lots, entered, leverage_x100)
    return margin


@rule
def position_risk(
    terms: Terms,
    tiers: Sequence[Tier],
    first: int,
    count: int,
    form: int,
    factor: int,
    position: Position,
    wallet: int,
    leverage_x100: int,
    ticks: int,
) -> Risk:
    """Risk of one position at a price, with ``wallet`` units behind it (zero for a part of a cross account)."""
    entered = entry_value(position)
    now = value_at(form, factor, position.lots, ticks)
    initial = initial_margin(terms, tiers, first, count, form, position.lots, entered, now, leverage_x100)
    maintenance = maintenance_margin(terms, tiers, first, count, form, position.lots, entered, now, leverage_x100)
    equity = wallet + unrealised(form, factor, position, ticks)
    return Risk(Units(equity), Units(initial), Units(maintenance))
