"""Pools whose liquidity stands in price ranges: Uniswap v3's arithmetic, to the last unit.

A position provides liquidity between two ticks. A swap walks from tick to tick; at each initialised tick liquidity
comes in or goes. Fees are counted per unit of liquidity, and a position earns what was counted inside its range.
No protocol fee is taken. The tests repeat the swaps of v3-core's own test suite.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp
from shortdesk.ground.order import Revert
from shortdesk.ground.wide import Wide
from shortdesk.market.pool import Swapped, did_swap, not_swapped, outside_bound
from shortdesk.market.pool_rows import pool_row, tick_row
from shortdesk.market.swap_math import swap_step
from shortdesk.market.tick_math import (
    MAX_TICK,
    MIN_TICK,
    max_sqrt_price_x96,
    min_sqrt_price_x96,
    sqrt_price_x96_at_tick,
    tick_at_sqrt_price_x96,
)
from shortdesk.market.ticks import cross_tick, find_tick, next_tick_in_word

__all__ = ["Walk", "quote_swap", "swap"]


class Walk(NamedTuple):
    """Where a swap has come to: the pool's state to be, and what was paid, received and charged so far."""

    sqrt_price_x96: Wide
    tick: int
    liquidity: Wide
    fee_growth_x128: Wide
    """Of the asset paid in."""
    remaining: Wide
    paid: Wide
    received: Wide
    fee: Wide
    crossed: int
    """How many initialised ticks were passed."""


@rule
def quote_swap(
    w: Any, pool_at: int, zero_for_one: bool, exact_in: bool, amount: Wide, bound: Wide, limit_x96: Wide
) -> Swapped:
    """What ``swap`` would do."""
    why = _limit_refusal(pool_row(w, pool_at), zero_for_one, amount, limit_x96)
    if why != Revert.NONE:
        return not_swapped(why)
    walk = _walk(w, pool_at, zero_for_one, exact_in, amount, _limit(zero_for_one, limit_x96), False)
    return _judged(walk, exact_in, bound, wide.is_zero(limit_x96))


@rule
def swap(
    w: Any, pool_at: int, zero_for_one: bool, exact_in: bool, amount: Wide, bound: Wide, limit_x96: Wide
) -> Swapped:
    """Swap an exact input or an exact output, as far as the price limit.

    ``bound`` is the least to receive or the most to pay, zero for none. Without a price limit (zero) the swap is
    done whole or not at all; with one it stops there. Whether it will be accepted is known before a tick is
    written: a swap that passes ticks walks twice.
    """
    pool = pool_row(w, pool_at)
    why = _limit_refusal(pool, zero_for_one, amount, limit_x96)
    if why != Revert.NONE:
        return not_swapped(why)
    limit = _limit(zero_for_one, limit_x96)
    walk = _walk(w, pool_at, zero_for_one, exact_in, amount, limit, False)
    swapped = _judged(walk, exact_in, bound, wide.is_zero(limit_x96))
    if swapped.why != Revert.NONE:
        return swapped
    if walk.crossed:
        walk = _walk(w, pool_at, zero_for_one, exact_in, amount, limit, True)
    pool.tick = walk.tick
    wide.store(pool.sqrt_price_x96, walk.sqrt_price_x96)
    wide.store(pool.liquidity, walk.liquidity)
    if zero_for_one:
        wide.store(pool.fee_growth0_x128, walk.fee_growth_x128)
    else:
        wide.store(pool.fee_growth1_x128, walk.fee_growth_x128)
    return swapped


@rule
def _limit_refusal(pool: Any, zero_for_one: bool, amount: Wide, limit_x96: Wide) -> int:
    if wide.is_zero(amount):
        return Revert.ZERO_AMOUNT
    if wide.is_zero(limit_x96):
        return Revert.NONE
    price_x96 = wide.load(pool.sqrt_price_x96)
    if zero_for_one:
        is_good = wide.less(min_sqrt_price_x96(), limit_x96) and wide.less(limit_x96, price_x96)
    else:
        is_good = wide.less(limit_x96, max_sqrt_price_x96()) and wide.less(price_x96, limit_x96)
    return Revert.NONE if is_good else Revert.BAD_PRICE_LIMIT


@rule
def _limit(zero_for_one: bool, limit_x96: Wide) -> Wide:
    """The price limit given, or the last price there is in this direction."""
    if not wide.is_zero(limit_x96):
        return limit_x96
    if zero_for_one:
        return wide.add(min_sqrt_price_x96(), wide.of(1))
    return wide.sub(max_sqrt_price_x96(), wide.of(1))


@rule
def _judged(walk: Walk, exact_in: bool, bound: Wide, is_whole: bool) -> Swapped:
    """The walk as a swap, or why it is not accepted."""
    if is_whole and not wide.is_zero(walk.remaining):
        return not_swapped(Revert.TOO_LITTLE_LIQUIDITY)
    why = outside_bound(exact_in, walk.paid, walk.received, bound)
    if why != Revert.NONE:
        return not_swapped(why)
    return did_swap(walk.paid, walk.received, walk.fee)


@rule
def _walk(
    w: Any, pool_at: int, zero_for_one: bool, exact_in: bool, amount: Wide, limit_x96: Wide, is_real: bool
) -> Walk:
    """Find the next tick, swap up to it, count the fee, pass it; until nothing remains or the limit is reached.

    Only ticks passed for real are written. Source: Uniswap v3-core, UniswapV3Pool.swap.
    """
    pool = pool_row(w, pool_at)
    price, tick, liquidity = wide.load(pool.sqrt_price_x96), int(pool.tick), wide.load(pool.liquidity)
    growth0, growth1 = wide.load(pool.fee_growth0_x128), wide.load(pool.fee_growth1_x128)
    remaining, paid, received, fee = amount, wide.of(0), wide.of(0), wide.of(0)
    crossed = 0
    while not wide.is_zero(remaining) and not wide.equal(price, limit_x96):
        next_tick, is_initialised = next_tick_in_word(w, pool, tick, zero_for_one)
        next_tick = clamp(next_tick, MIN_TICK, MAX_TICK)
        next_price = sqrt_price_x96_at_tick(next_tick)
        step = swap_step(
            price, _nearer(next_price, limit_x96, zero_for_one), liquidity, remaining, exact_in, pool.fee_ppm
        )
        spent = wide.add(step.amount_in, step.fee)
        paid, received, fee = wide.add(paid, spent), wide.add(received, step.amount_out), wide.add(fee, step.fee)
        remaining = wide.sub(remaining, spent if exact_in else step.amount_out)
        if zero_for_one:
            growth0 = wide.add_wrapping(growth0, _per_liquidity_x128(step.fee, liquidity))
        else:
            growth1 = wide.add_wrapping(growth1, _per_liquidity_x128(step.fee, liquidity))
        if wide.equal(step.sqrt_price_x96, next_price):
            if is_initialised:
                at = find_tick(w, pool_at, next_tick)
                liquidity = _beyond(liquidity, wide.load(tick_row(w, at).net), zero_for_one)
                crossed += 1
                if is_real:
                    cross_tick(w, at, growth0, growth1)
            tick = next_tick - 1 if zero_for_one else next_tick
        elif not wide.equal(step.sqrt_price_x96, price):
            tick = tick_at_sqrt_price_x96(step.sqrt_price_x96)
        price = step.sqrt_price_x96
    growth = growth0 if zero_for_one else growth1
    return Walk(price, tick, liquidity, growth, remaining, paid, received, fee, crossed)


@rule
def _nearer(next_x96: Wide, limit_x96: Wide, zero_for_one: bool) -> Wide:
    """Whichever price is reached first."""
    if zero_for_one:
        return limit_x96 if wide.less(next_x96, limit_x96) else next_x96
    return wide.smaller(next_x96, limit_x96)


@rule
def _per_liquidity_x128(fee: Wide, liquidity: Wide) -> Wide:
    """A fee per unit of liquidity: floor(fee × 2^128 / L); where there is no liquidity there is no fee."""
    if wide.is_zero(liquidity):
        return liquidity
    return wide.mul_div_down(fee, wide.shift_left(wide.of(1), 128), liquidity)


@rule
def _beyond(liquidity: Wide, net: Wide, zero_for_one: bool) -> Wide:
    """Liquidity on the other side of an initialised tick."""
    if zero_for_one:
        return wide.sub_wrapping(liquidity, net)
    return wide.add_wrapping(liquidity, net)
