"""Who is liquidated how: the steps a venue takes with one position, at what cost, and who bears what is left.

The plan assumes that every order fills at the price asked, with nobody else in the book; what a real book does to
it is a question for the market. After each step the account's Risk is asked again, so a plan ends as soon as the
rest is safe.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import Exact, fine, from_fine, to_fraction
from shortdesk.ground.sheet import LiquidationRules
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract
from shortdesk.margin.liquidation import first_order_lots, lots_down_to_tier
from shortdesk.margin.position import Position, after_fill, entry_value, value_at
from shortdesk.margin.quantums import partial_limits
from shortdesk.margin.requirement import tier_measure
from shortdesk.margin.risk import is_liquidatable

__all__ = ["LiquidationPlan", "LiquidationStep", "liquidation_plan"]

_MOST_STEPS = 64
_PPM = 1_000_000


class LiquidationStep(NamedTuple):
    """One step: what is done, with how much, at which price, for which fee, and what is left after it."""

    action: str
    size: Decimal
    price: Decimal
    fee: Decimal
    size_left: Decimal
    equity_left: Decimal


class LiquidationPlan(NamedTuple):
    """All steps, and who bears a shortfall: equity below zero after the last one."""

    steps: tuple[LiquidationStep, ...]
    is_closed: bool
    """Whether nothing of the position is left."""
    shortfall: Decimal
    borne_by: tuple[str, ...]


class _Held(NamedTuple):
    position: Position
    wallet: int


def liquidation_plan(
    rules: LiquidationRules,
    contract: Contract,
    position: Position,
    wallet: Exact,
    price: Exact,
    *,
    leverage: Exact = 1,
    liquidation_fee: Exact = 0,
) -> LiquidationPlan:
    """The steps that a venue takes with a position that is liquidatable at ``price``.

    ``liquidation_fee`` is a rate on the value that is liquidated.

    Raises:
        UsageError: the position is not liquidatable at this price.
    """
    ticks, fee_rate = fine(price), to_fraction(liquidation_fee, "liquidation fee")
    held = _Held(position, fine(wallet, 2))
    if not _is_dead(contract, held, ticks, leverage):
        raise UsageError(f"at {price} the position is not liquidatable; there is nothing to plan")
    steps: list[LiquidationStep] = []
    while held.position.lots and _is_dead(contract, held, ticks, leverage) and len(steps) < _MOST_STEPS:
        lots, action = _next_step(rules, contract, held, ticks, leverage, is_first=not steps)
        held, step = _closed(contract, held, lots, ticks, fee_rate, action)
        steps.append(step)
    left = held.wallet if not held.position.lots else 0
    covers = tuple(rules.cover) if left < 0 else ()
    return LiquidationPlan(tuple(steps), held.position.lots == 0, from_fine(max(0, -left), 2), covers)


def _is_dead(contract: Contract, held: _Held, ticks: int, leverage: Exact) -> bool:
    price = from_fine(ticks)
    risk = desk.risk_of(contract, held.position, price, from_fine(held.wallet, 2), leverage)
    return is_liquidatable(risk, contract.terms.trigger)


def _next_step(
    rules: LiquidationRules, contract: Contract, held: _Held, ticks: int, leverage: Exact, *, is_first: bool
) -> tuple[int, str]:
    """How many lots the venue closes next, and in which words."""
    lots = abs(held.position.lots)
    notional = value_at(contract.form, contract.factor, lots, ticks)
    if rules.form in ("lower_tier_then_takeover", "two_tiers_then_takeover"):
        return _tier_step(rules, contract, held.position, notional)
    if rules.form == "fraction_then_wait" and is_first:
        fraction = to_fraction(rules.first_fraction)
        threshold = fine(rules.threshold, 2)
        first = first_order_lots(lots, notional, threshold, fraction.numerator, fraction.denominator)
        return first, "market order" if first == lots else f"market order, then {rules.wait_seconds} s pause"
    if rules.form == "fillable_capped":
        return _capped_step(rules, lots, notional)
    if rules.form == "incremental":
        return _least_to_close(contract, held, ticks, leverage), "small steps, one a second, until margin is met"
    words = {
        "ioc_then_takeover": "cancel orders, reduce-only IOC; the rest to the fund at the bankruptcy price",
        "fraction_then_wait": "market order for the rest",
        "sale_and_repay": "buy back and repay the loan",
        "anyone_with_bonus": "anyone repays the debt and takes collateral with a bonus",
    }
    return lots, words[rules.form]


def _tier_step(rules: LiquidationRules, contract: Contract, position: Position, notional: int) -> tuple[int, str]:
    """Down by the venue's number of tiers, by the same measure that chose the tier."""
    lots = abs(position.lots)
    measure = tier_measure(contract.terms, lots, entry_value(position), notional)
    last_taken = 2 if rules.form == "two_tiers_then_takeover" else 1
    left = lots_down_to_tier(contract.tiers, 0, len(contract.tiers), measure, rules.risk_step_tiers, last_taken)
    if left == 0:
        return lots, "takeover of the whole at the bankruptcy price"
    tiers = "one tier" if rules.risk_step_tiers == 1 else f"{rules.risk_step_tiers} tiers"
    return max(1, lots - lots * left // measure), f"close down by {tiers}"


def _capped_step(rules: LiquidationRules, lots: int, notional: int) -> tuple[int, str]:
    """dYdX: at least the smallest notional, at most a portion, and never more than the cap of a block."""
    smallest, portion = fine(rules.smallest_notional, 2), int(to_fraction(rules.largest_portion) * _PPM)
    _, most = partial_limits(notional, smallest, portion)
    allowed = min(most, fine(rules.largest_notional_per_block, 2), notional)
    return max(1, -(-lots * allowed // notional)), "order at the fillable price, the most of one block"


def _least_to_close(contract: Contract, held: _Held, ticks: int, leverage: Exact) -> int:
    """The fewest lots whose close at this price makes the rest safe; all of them when none does."""
    low, high = 0, abs(held.position.lots)
    while high - low > 1:
        middle = (low + high) // 2
        after, _ = _closed(contract, held, middle, ticks, Fraction(0), "")
        if _is_dead(contract, after, ticks, leverage):
            low = middle
        else:
            high = middle
    return high


def _closed(
    contract: Contract, held: _Held, lots: int, ticks: int, fee_rate: Fraction, action: str
) -> tuple[_Held, LiquidationStep]:
    """The position and its wallet after closing some lots at a price and paying the fee on their value."""
    side = 1 if held.position.lots > 0 else -1
    filled = after_fill(contract.form, contract.factor, held.position, -side * lots, ticks)
    value = value_at(contract.form, contract.factor, lots, ticks)
    fee = -(-value * fee_rate.numerator // fee_rate.denominator)
    after = _Held(filled.position, held.wallet + filled.realised - fee)
    equity = desk.risk_of(contract, after.position, from_fine(ticks), from_fine(after.wallet, 2)).equity
    step = LiquidationStep(
        action,
        from_fine(lots),
        from_fine(ticks),
        from_fine(fee, 2),
        from_fine(abs(after.position.lots)),
        from_fine(equity, 2),
    )
    return after, step
