"""The price at which a position dies: a closed form guesses, Risk decides.

The answer is the first price on the grid, going against the position, at which ``is_liquidatable`` says yes.
The closed forms are only a first guess in floating point; they decide nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.margin.position import Position, entry_value
from shortdesk.margin.requirement import (
    Basis,
    FeeForm,
    Terms,
    Tier,
    TierBy,
    chosen_tier,
    position_risk,
)
from shortdesk.margin.risk import Risk, is_liquidatable

__all__ = ["NO_PRICE", "bankruptcy_ticks", "first_dead", "liquidation_ticks"]

NO_PRICE = 0
"""Stands for "there is no such price"; zero is never a price here."""


@rule
def liquidation_ticks(
    terms: Terms,
    tiers: Sequence[Tier],
    first: int,
    count: int,
    form: int,
    factor: int,
    position: Position,
    wallet: int,
    leverage_x100: int,
    highest_ticks: int,
) -> int:
    """The first price against the position at which it is liquidatable, in ticks; ``NO_PRICE`` if there is none.

    ``highest_ticks`` bounds the search; in a kernel it also keeps every product inside 63 bits.
    """
    if position.lots == 0:
        return NO_PRICE
    against = 1 if position.lots < 0 else -1
    guess = first_guess(terms, tiers, first, count, form, factor, position, wallet, leverage_x100)
    start = int(min(max(guess, 1.0), float(highest_ticks)))
    start = min(max(start, 1), highest_ticks)
    starts_dead = _dead_at(terms, tiers, first, count, form, factor, position, wallet, leverage_x100, start)

    # From the guess walk in doubling steps until both sides of the border are known.
    toward = -against if starts_dead else against
    seen = start
    other = start
    step = 1
    while True:
        seen = other
        other = min(max(other + toward * step, 1), highest_ticks)
        if other == seen:
            # Dead up to the end where it should be safest: dead everywhere, unless it is a position that asks for more
            # maintenance than it is worth, which dies the other way and has no price against it.
            far = highest_ticks if against > 0 else 1
            dies_there = _dead_at(terms, tiers, first, count, form, factor, position, wallet, leverage_x100, far)
            return other if starts_dead and dies_there else NO_PRICE
        is_dead = _dead_at(terms, tiers, first, count, form, factor, position, wallet, leverage_x100, other)
        if is_dead != starts_dead:
            break
        step *= 2
    dead = seen if starts_dead else other
    alive = other if starts_dead else seen

    while abs(dead - alive) > 1:
        middle = (alive + dead) // 2
        if _dead_at(terms, tiers, first, count, form, factor, position, wallet, leverage_x100, middle):
            dead = middle
        else:
            alive = middle
    return dead


@rule
def _dead_at(
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
) -> bool:
    risk = position_risk(terms, tiers, first, count, form, factor, position, wallet, leverage_x100, ticks)
    return is_liquidatable(risk, terms.trigger)


@rule
def first_guess(
    terms: Terms,
    tiers: Sequence[Tier],
    first: int,
    count: int,
    form: int,
    factor: int,
    position: Position,
    wallet: int,
    leverage_x100: int,
) -> float:
    """A floating-point guess at the liquidation price: the nearest root among the lines of the schedule.

    Each tier is a line, maintenance = rate * worth - deduction. With continuous deductions the schedule is
    the largest of its lines, so the root that the price meets first is the true one.
    """
    side = 1.0 if position.lots > 0 else -1.0
    cost = float(entry_value(position))
    entered = entry_value(position)
    one = float(terms.rate_one)
    worth_per_tick = float(abs(position.lots)) * float(factor)

    i = first
    last = first + count - 1
    if terms.tier_by == TierBy.ENTRY_VALUE or terms.tier_by == TierBy.CONTRACTS or terms.tier_by == TierBy.SLOPE:
        i = chosen_tier(terms, tiers, first, count, position.lots, entered, entered)
        last = i
    best = 0.0
    while i <= last:
        rate = float(tiers[i].maintenance_rate) / one
        fixed = -float(tiers[i].deduction)
        if terms.fee_form == FeeForm.TAKER_ON_VALUE:
            rate += float(terms.fee_rate) / one
        elif terms.fee_form == FeeForm.AT_BANKRUPTCY:
            turn = side if form != Form.INVERSE else -side
            fixed += float(terms.fee_rate) / one * (1.0 - turn * 100.0 / float(leverage_x100)) * cost
        if terms.basis == Basis.ENTRY:
            fixed += rate * cost
            rate = 0.0
        slope = 0.0
        if terms.tier_by == TierBy.SLOPE:
            if form == Form.INVERSE:
                slope = float(terms.slope) / one / float(terms.slope_size)
            else:
                rate += float(terms.slope) / one / float(terms.slope_size) * float(abs(position.lots))
        price = _line_root(form, side, rate, slope, fixed, float(wallet), cost, worth_per_tick)
        if price > 0.0 and (best == 0.0 or (side < 0.0 and price < best) or (side > 0.0 and price > best)):
            best = price
        i += 1
    if best == 0.0 and side < 0.0:
        return math.inf
    return best


@rule
def _line_root(
    form: int, side: float, rate: float, slope: float, fixed: float, wallet: float, cost: float, worth_per_tick: float
) -> float:
    """Where wallet + gain = rate * worth + slope * worth^2 + fixed; 0 if nowhere."""
    if form != Form.INVERSE:
        if side == rate:
            return 0.0
        return (side * cost - wallet + fixed) / (worth_per_tick * (side - rate))
    rest = wallet + side * cost - fixed
    line = side + rate
    worth = 0.0
    if slope == 0.0:
        if line != 0.0:
            worth = rest / line
    else:
        inside = line * line + 4.0 * slope * rest
        if inside < 0.0:
            return 0.0
        worth = (-line + side * inside**0.5) / (2.0 * slope)
    if worth <= 0.0:
        return 0.0
    return worth_per_tick / worth


@rule
def bankruptcy_ticks(form: int, factor: int, position: Position, wallet: int) -> int:
    """The first price against the position at which equity is gone: EP - s*WB/Q, inverse 1/(1/EP + s*WB/value).

    Rounded to the side where equity is not positive; ``NO_PRICE`` where equity never ends.
    """
    lots = abs(position.lots)
    if lots == 0:
        return NO_PRICE
    cost = entry_value(position)
    is_long = position.lots > 0
    if form == Form.INVERSE:
        left = cost + wallet if is_long else cost - wallet
        if left <= 0:
            return NO_PRICE
        return mul_div_down(lots, factor, left) if is_long else mul_div_up(lots, factor, left)
    left = cost - wallet if is_long else cost + wallet
    if left <= 0:
        return NO_PRICE
    return left // (lots * factor) if is_long else -(-left // (lots * factor))


def first_dead(ask: Callable[[int], Risk], trigger: int, alive_ticks: int, limit_ticks: int) -> int:
    """The first price from ``alive_ticks`` toward ``limit_ticks`` at which an account is liquidatable.

    ``ask`` gives the account's Risk at a price, the other prices held or moved along with it. Every account
    of contracts with continuous tiers is alive on one interval of prices, so one border lies on each side.
    Returns ``NO_PRICE`` when the account is alive at the limit.
    """
    if is_liquidatable(ask(alive_ticks), trigger):
        return alive_ticks
    if not is_liquidatable(ask(limit_ticks), trigger):
        return NO_PRICE
    alive, dead = alive_ticks, limit_ticks
    while abs(dead - alive) > 1:
        middle = (alive + dead) // 2
        if is_liquidatable(ask(middle), trigger):
            dead = middle
        else:
            alive = middle
    return dead
