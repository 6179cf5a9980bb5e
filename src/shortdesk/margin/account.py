"""A whole account on one venue: balances, loans and positions that stand for each other.

The account's Risk is the sum of its parts, in one currency, at one set of prices. A price move is given for a
base asset and moves everything that depends on it: every leg on that asset (both legs of a hedge), and the
worth of the coin itself where it is collateral or the money of an inverse contract.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.fine import ONE, Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.units import Units
from shortdesk.margin.collateral import counted_worth
from shortdesk.margin.contract import Contract, leverage_x100
from shortdesk.margin.desk import HIGHEST
from shortdesk.margin.position import Position, after_fill, entry_value, unrealised, value_at
from shortdesk.margin.requirement import TierBy, chosen_tier, position_risk
from shortdesk.margin.risk import NO_RISK, Risk, Trigger, add, is_liquidatable, margin_gap
from shortdesk.margin.solve import NO_PRICE, first_dead

__all__ = [
    "Account",
    "AccountFigures",
    "Balance",
    "Leg",
    "Moved",
    "account_figures",
    "account_risk",
    "hedge_liquidation_price",
    "largest_additional",
    "leg_state",
    "liquidation_moves",
    "net_delta",
]

_HIGHEST_MULTIPLE = 1000
"""Liquidation is looked for up to a thousand times the present price."""


class Balance(NamedTuple):
    """An amount of an asset, negative where it is owed; ``price`` is in the account's currency."""

    asset: str
    amount: Exact
    price: Exact = 1
    haircut: Exact = 0
    """Which part of a positive amount does not count as collateral at all."""
    uncounted: Exact = 0
    """Which part of a positive amount must stay untouched while anything is owed (one less a liquidation threshold)."""
    debt_rate: Exact | None = None
    """Maintenance margin per worth owed, where this debt has its own; else the account's."""


class Leg(NamedTuple):
    """An open position and where its price stands."""

    symbol: str
    base: str
    settle: str
    contract: Contract
    position: Position
    mark: Exact
    leverage: Exact = 1
    settle_price: Exact = 1
    """Price of the settlement asset in the account's currency; for inverse contracts it is the mark."""


class Account(NamedTuple):
    """Balances and legs that share their equity. ``debt_rate`` is the maintenance margin on what is owed."""

    balances: Sequence[Balance]
    legs: Sequence[Leg]
    trigger: Trigger = Trigger.AT_OR_BELOW
    debt_rate: Exact = 0
    debt_initial_rate: Exact = 0
    open_orders: Exact = 0
    """Initial margin of open orders, in the account's currency."""


class AccountFigures(NamedTuple):
    """The figures of an account in its currency."""

    wallet: Decimal
    """Balances less debts, after haircuts."""
    unrealised: Decimal
    equity: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal
    available: Decimal
    initial_rate: Decimal | None
    maintenance_rate: Decimal | None
    liquidatable: bool


class Moved(NamedTuple):
    """The prices of a base asset at which the account is liquidated, as multiples and as prices; None for never."""

    below: Decimal | None
    above: Decimal | None


def account_risk(account: Account, moves: Mapping[str, Fraction] | None = None) -> Risk:
    """Risk of the account in its currency, on the fine scale; ``moves`` multiplies prices by base asset."""
    moves = moves or {}
    total = add(_balances_risk(account, moves), Risk(Units(0), Units(fine(account.open_orders, 2)), Units(0)))
    for leg in account.legs:
        total = add(total, _leg_risk(leg, moves))
    return total


def _balances_risk(account: Account, moves: Mapping[str, Fraction]) -> Risk:
    total = NO_RISK
    is_owing = any(to_fraction(balance.amount) < 0 for balance in account.balances)
    for balance in account.balances:
        price = to_fraction(balance.price) * moves.get(balance.asset, Fraction(1))
        worth = fine(to_fraction(balance.amount) * price, 2)
        total = add(total, _held_risk(balance, worth, is_owing) if worth >= 0 else _owed_risk(account, balance, -worth))
    return total


def _held_risk(balance: Balance, worth: int, is_owing: bool) -> Risk:
    """What is held counts after its haircut; what a threshold leaves uncounted must stay while anything is owed."""
    cut, uncounted = to_fraction(balance.haircut), to_fraction(balance.uncounted if is_owing else 0)
    counted = counted_worth(worth, cut.numerator, cut.denominator)
    kept = Units(mul_div_up(counted, uncounted.numerator, uncounted.denominator))
    return Risk(Units(counted), kept, kept)


def _owed_risk(account: Account, balance: Balance, owed: int) -> Risk:
    rate = to_fraction(account.debt_rate if balance.debt_rate is None else balance.debt_rate)
    on_new = max(rate, to_fraction(account.debt_initial_rate))
    initial = mul_div_up(owed, on_new.numerator, on_new.denominator)
    return Risk(Units(-owed), Units(initial), Units(mul_div_up(owed, rate.numerator, rate.denominator)))


def _leg_risk(leg: Leg, moves: Mapping[str, Fraction]) -> Risk:
    contract = leg.contract
    ticks = fine(to_fraction(leg.mark) * moves.get(leg.base, Fraction(1)))
    risk = position_risk(
        contract.terms,
        contract.tiers,
        0,
        len(contract.tiers),
        contract.form,
        contract.factor,
        leg.position,
        0,
        leverage_x100(leg.leverage),
        ticks,
    )
    price = fine(to_fraction(leg.settle_price) * moves.get(leg.settle, Fraction(1)))
    if price == ONE:
        return risk
    return Risk(
        Units(mul_div_down(risk.equity, price, ONE)),
        Units(mul_div_up(risk.initial, price, ONE)),
        Units(mul_div_up(risk.maintenance, price, ONE)),
    )


def account_figures(account: Account, moves: Mapping[str, Fraction] | None = None) -> AccountFigures:
    """Wallet, equity, margins, rates and what is still available."""
    risk = account_risk(account, moves)
    wallet = _balances_risk(account, moves or {}).equity
    return AccountFigures(
        wallet=from_fine(wallet, 2),
        unrealised=from_fine(risk.equity - wallet, 2),
        equity=from_fine(risk.equity, 2),
        initial_margin=from_fine(risk.initial, 2),
        maintenance_margin=from_fine(risk.maintenance, 2),
        available=from_fine(risk.equity - risk.initial, 2),
        initial_rate=to_decimal(Fraction(risk.initial, risk.equity)) if risk.equity else None,
        maintenance_rate=to_decimal(Fraction(risk.maintenance, risk.equity)) if risk.equity else None,
        liquidatable=is_liquidatable(risk, account.trigger),
    )


def liquidation_moves(account: Account, base: str) -> Moved:
    """The multiples of a base asset's price at which the account dies, all other prices held.

    Found by asking the account's Risk; resolved to 10^-24 of the price.
    """

    def dead(multiple: int) -> bool:
        return is_liquidatable(account_risk(account, {base: Fraction(multiple, ONE)}), account.trigger)

    if dead(ONE):
        return Moved(Decimal(1), Decimal(1))
    return Moved(_border(dead, ONE, 1), _border(dead, ONE, _HIGHEST_MULTIPLE * ONE))


def _border(dead: Callable[[int], bool], alive: int, limit: int) -> Decimal | None:
    if not dead(limit):
        return None
    gone = limit
    while abs(gone - alive) > 1:
        middle = (alive + gone) // 2
        if dead(middle):
            gone = middle
        else:
            alive = middle
    return from_fine(gone)


def net_delta(account: Account, base: str) -> Decimal:
    """How much the account gains, in its currency, per unit of currency that the base asset rises.

    Spot and debts count their amounts, linear legs their size, inverse legs n*c/entry coins, whose profit is in the
    coin itself. Haircuts do not change it.
    """
    coins = sum((to_fraction(b.amount) for b in account.balances if b.asset == base), Fraction(0))
    for leg in account.legs:
        if leg.base != base:
            continue
        side = 1 if leg.position.lots > 0 else -1
        if leg.contract.form == Form.INVERSE:
            # A short earns s*(n/EP - n/P) coins; worth of those in the currency moves by s*n/EP per unit of price.
            coins += side * Fraction(entry_value(leg.position), ONE**2)
        else:
            coins += Fraction(leg.position.lots, ONE)
    return to_decimal(coins)


def leg_state(leg: Leg) -> tuple[Decimal, Decimal]:
    """Unrealised profit and worth of a leg at its mark, in its settlement asset."""
    ticks = fine(leg.mark)
    contract = leg.contract
    return (
        from_fine(unrealised(contract.form, contract.factor, leg.position, ticks), 2),
        from_fine(value_at(contract.form, contract.factor, leg.position.lots, ticks), 2),
    )


def largest_additional(account: Account, leg: Leg) -> Decimal:
    """The largest size that can be added to a leg at its mark, in its own side, by asking the account's Risk.

    The answer leaves equity at or above the initial margin with open orders counted, and keeps to the venue's tiers: no
    more leverage than the tier of the new size allows, no size beyond the last cap. Resolved to 10^-8 of a unit.
    """
    step = ONE // 10**8
    others = [other for other in account.legs if other is not leg]
    side = 1 if leg.position.lots > 0 else -1

    def fits(steps: int) -> bool:
        added = _with_lots(leg, side * steps * step)
        if not _is_offered(added):
            return False
        risk = account_risk(account._replace(legs=[*others, added]))
        return risk.equity >= risk.initial and not is_liquidatable(risk, account.trigger)

    if not fits(0):
        return Decimal(0)
    high = 1
    while fits(high) and high < 10**24:
        high *= 2
    low = high // 2 if high > 1 else 0
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return from_fine(low * step)


def _is_offered(leg: Leg) -> bool:
    """Whether the venue's tiers allow the leg's size at its leverage."""
    contract, lots = leg.contract, leg.position.lots
    now = value_at(contract.form, contract.factor, lots, fine(leg.mark))
    entered = entry_value(leg.position)
    tier = chosen_tier(contract.terms, contract.tiers, 0, len(contract.tiers), lots, entered, now)
    measure = abs(lots) if contract.terms.tier_by == TierBy.CONTRACTS else max(now, entered)
    return measure <= contract.tiers[-1].cap and to_fraction(leg.leverage) <= contract.rows[tier].max_leverage


def hedge_liquidation_price(
    legs: Sequence[Leg], wallet: Exact, *, other_maintenance: Exact = 0, other_unrealised: Exact = 0
) -> Decimal | None:
    """The one price at which legs on the same instrument die together (hedge mode); None for never.

    Both legs pay maintenance margin; the net size says on which side the price lies.
    """
    net = sum(leg.position.lots for leg in legs)
    behind = fine(wallet, 2) - fine(other_maintenance, 2) + fine(other_unrealised, 2)

    def ask(ticks: int) -> Risk:
        risk = Risk(Units(behind), Units(0), Units(0))
        for leg in legs:
            risk = add(risk, _leg_risk(leg._replace(mark=from_fine(ticks)), {}))
        return risk

    dead = first_dead(ask, legs[0].contract.terms.trigger, _safest(ask), 1 if net > 0 else HIGHEST)
    return None if dead == NO_PRICE else from_fine(dead)


def _safest(ask: Callable[[int], Risk]) -> int:
    """The price at which most equity stands above maintenance: the top of a concave curve, by thirds."""
    low, high = 1, HIGHEST
    while high - low > 2:
        third = (high - low) // 3
        left, right = low + third, high - third
        if margin_gap(ask(left)) < margin_gap(ask(right)):
            low = left + 1
        else:
            high = right
    return max(range(low, high + 1), key=lambda ticks: margin_gap(ask(ticks)))


def _with_lots(leg: Leg, lots: int) -> Leg:
    if lots == 0:
        return leg
    filled = after_fill(leg.contract.form, leg.contract.factor, leg.position, lots, fine(leg.mark))
    return leg._replace(position=filled.position)
