"""Pools whose reserves keep their product: Uniswap v2's arithmetic, to the last unit.

Formulas of UniswapV2Library, UniswapV2Pair and UniswapV2Router02, whose test figures and real swaps the tests repeat.
Amounts and reserves stay below 2^112, as in the pair. No protocol fee is taken.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.order import Revert
from shortdesk.ground.units import Ppm
from shortdesk.ground.wide import Wide
from shortdesk.market.pool import (
    PPM,
    Provided,
    Swapped,
    close_if_empty,
    did_provide,
    did_swap,
    not_provided,
    not_swapped,
    open_position,
    outside_bound,
    position_refusal,
)
from shortdesk.market.pool_rows import pool_row, position_row
from shortdesk.market.tables import Shelf, has_room

__all__ = [
    "LOCKED_SHARES",
    "RESERVE_BITS",
    "amount_in",
    "amount_out",
    "deposit",
    "deposit_in_proportion",
    "first_shares",
    "minted_shares",
    "quote_swap",
    "redeemed",
    "swap",
    "withdraw",
]

LOCKED_SHARES = 1000
"""Shares of the first deposit that are nobody's for ever, so that a pool is never quite empty."""
RESERVE_BITS = 112
"""A reserve never needs more bits; the pair keeps both and a time in one word of 256."""


# --- the formulas -------------------------------------------------------------------------------------------


@rule
def amount_out(paid: Wide, reserve_in: Wide, reserve_out: Wide, fee_ppm: Ppm) -> Wide:
    """What a pool pays for an input: floor(in × (1 - fee) × reserve_out / (reserve_in + in × (1 - fee))).

    With a fee of 3,000 ppm this is the 997 / 1000 of the contract: numerator and denominator are merely both a
    thousand times larger. Source: UniswapV2Library.getAmountOut.
    """
    taken = wide.times(paid, PPM - fee_ppm)
    return wide.mul_div_down(taken, reserve_out, wide.add(wide.times(reserve_in, PPM), taken))


@rule
def amount_in(received: Wide, reserve_in: Wide, reserve_out: Wide, fee_ppm: Ppm) -> Wide:
    """What an output costs: floor(reserve_in × out / ((reserve_out - out) × (1 - fee))) + 1.

    Needs out < reserve_out. Source: UniswapV2Library.getAmountIn.
    """
    left = wide.times(wide.sub(reserve_out, received), PPM - fee_ppm)
    whole = wide.mul_div_down(wide.times(reserve_in, PPM), received, left)
    return wide.add(whole, wide.of(1))


@rule
def first_shares(amount0: Wide, amount1: Wide) -> Wide:
    """All shares after a pool's first deposit: floor(√(amount0 × amount1)). LOCKED_SHARES of them are nobody's."""
    return wide.sqrt_down(wide.mul(amount0, amount1))


@rule
def minted_shares(amount0: Wide, amount1: Wide, reserve0: Wide, reserve1: Wide, shares: Wide) -> Wide:
    """Shares for a later deposit: the smaller of amount × shares / reserve, each rounded down."""
    for_asset0 = wide.mul_div_down(amount0, shares, reserve0)
    for_asset1 = wide.mul_div_down(amount1, shares, reserve1)
    return wide.smaller(for_asset0, for_asset1)


@rule
def redeemed(burnt: Wide, reserve: Wide, shares: Wide) -> Wide:
    """Units of one asset that come back for shares: floor(burnt × reserve / shares)."""
    return wide.mul_div_down(burnt, reserve, shares)


@rule
def deposit_in_proportion(most0: Wide, most1: Wide, reserve0: Wide, reserve1: Wide) -> tuple[Wide, Wide]:
    """The largest deposit in the pool's proportion within two limits. Source: UniswapV2Router02._addLiquidity."""
    fitting1 = wide.mul_div_down(most0, reserve1, reserve0)
    if not wide.less(most1, fitting1):
        return most0, fitting1
    return wide.mul_div_down(most1, reserve0, reserve1), most1


# --- swapping -----------------------------------------------------------------------------------------------


@rule
def quote_swap(pool: Any, zero_for_one: bool, exact_in: bool, amount: Wide, bound: Wide) -> Swapped:
    """What ``swap`` would do."""
    reserve_in, reserve_out = _reserves(pool, zero_for_one)
    if wide.is_zero(amount):
        return not_swapped(Revert.ZERO_AMOUNT)
    if wide.is_zero(reserve_in) or wide.is_zero(reserve_out):
        return not_swapped(Revert.TOO_LITTLE_LIQUIDITY)
    if not exact_in and not wide.less(amount, reserve_out):
        return not_swapped(Revert.TOO_LITTLE_LIQUIDITY)
    if not _a_reserve(amount):
        return not_swapped(Revert.TOO_MUCH_LIQUIDITY)
    paid, received = amount, amount
    if exact_in:
        received = amount_out(amount, reserve_in, reserve_out, pool.fee_ppm)
    else:
        paid = amount_in(amount, reserve_in, reserve_out, pool.fee_ppm)
    if wide.is_zero(received):
        return not_swapped(Revert.ZERO_AMOUNT)
    if not _a_reserve(paid) or not _a_reserve(wide.add(reserve_in, paid)):
        return not_swapped(Revert.TOO_MUCH_LIQUIDITY)
    why = outside_bound(exact_in, paid, received, bound)
    if why != Revert.NONE:
        return not_swapped(why)
    return did_swap(paid, received, wide.mul_div_up(paid, wide.of(pool.fee_ppm), wide.of(PPM)))


@rule
def swap(pool: Any, zero_for_one: bool, exact_in: bool, amount: Wide, bound: Wide) -> Swapped:
    """Swap an exact input or an exact output; the fee stays in the reserves."""
    swapped = quote_swap(pool, zero_for_one, exact_in, amount, bound)
    if swapped.why == Revert.NONE:
        reserve_in, reserve_out = _reserves(pool, zero_for_one)
        reserve_in = wide.add(reserve_in, swapped.amount_in)
        reserve_out = wide.sub(reserve_out, swapped.amount_out)
        if zero_for_one:
            _keep(pool, reserve_in, reserve_out)
        else:
            _keep(pool, reserve_out, reserve_in)
    return swapped


@rule
def _reserves(pool: Any, zero_for_one: bool) -> tuple[Wide, Wide]:
    """The reserve paid into, then the one paid out of."""
    if zero_for_one:
        return wide.load(pool.reserve0), wide.load(pool.reserve1)
    return wide.load(pool.reserve1), wide.load(pool.reserve0)


@rule
def _keep(pool: Any, reserve0: Wide, reserve1: Wide) -> None:
    wide.store(pool.reserve0, reserve0)
    wide.store(pool.reserve1, reserve1)


@rule
def _a_reserve(amount: Wide) -> bool:
    return wide.bit_length(amount) <= RESERVE_BITS


# --- providing ----------------------------------------------------------------------------------------------


@rule
def deposit(
    w: Any, pool_at: int, account: int, position_at: int, most0: Wide, most1: Wide, least0: Wide, least1: Wide
) -> Provided:
    """Deposit both assets in the pool's proportion, within two limits each, for shares; position 0 opens a new one."""
    pool = pool_row(w, pool_at)
    if position_at != 0:
        why = position_refusal(w, position_at, pool_at, account)
        if why != Revert.NONE:
            return not_provided(why)
    if wide.is_zero(most0) or wide.is_zero(most1):
        return not_provided(Revert.ZERO_AMOUNT)
    if not _a_reserve(most0) or not _a_reserve(most1):
        return not_provided(Revert.TOO_MUCH_LIQUIDITY)
    reserve0, reserve1, shares = wide.load(pool.reserve0), wide.load(pool.reserve1), wide.load(pool.shares)
    amount0, amount1, locked = most0, most1, wide.of(0)
    if wide.is_zero(shares):
        locked = wide.of(LOCKED_SHARES)
        minted = first_shares(amount0, amount1)
        if not wide.less(locked, minted):
            return not_provided(Revert.ZERO_AMOUNT)
        minted = wide.sub(minted, locked)
    else:
        amount0, amount1 = deposit_in_proportion(most0, most1, reserve0, reserve1)
        minted = minted_shares(amount0, amount1, reserve0, reserve1, shares)
        if wide.is_zero(minted):
            return not_provided(Revert.ZERO_AMOUNT)
    if not _a_reserve(wide.add(reserve0, amount0)) or not _a_reserve(wide.add(reserve1, amount1)):
        return not_provided(Revert.TOO_MUCH_LIQUIDITY)
    if wide.less(amount0, least0) or wide.less(amount1, least1):
        return not_provided(Revert.TOO_LITTLE_OUT)
    if position_at == 0:
        if not has_room(w, Shelf.POSITIONS, 1):
            return not_provided(Revert.TABLE_FULL)
        position_at = open_position(w, pool_at, account, 0, 0)
    position = position_row(w, position_at)
    wide.store(position.liquidity, wide.add(wide.load(position.liquidity), minted))
    wide.store(pool.shares, wide.add(shares, wide.add(minted, locked)))
    _keep(pool, wide.add(reserve0, amount0), wide.add(reserve1, amount1))
    return did_provide(amount0, amount1, minted, position_at)


@rule
def withdraw(w: Any, pool_at: int, account: int, position_at: int, burnt: Wide, least0: Wide, least1: Wide) -> Provided:
    """Give shares back for their part of both reserves."""
    pool = pool_row(w, pool_at)
    why = position_refusal(w, position_at, pool_at, account)
    if why != Revert.NONE:
        return not_provided(why)
    if wide.is_zero(burnt):
        return not_provided(Revert.ZERO_AMOUNT)
    position = position_row(w, position_at)
    held = wide.load(position.liquidity)
    if wide.less(held, burnt):
        return not_provided(Revert.TOO_LITTLE_LIQUIDITY)
    reserve0, reserve1, shares = wide.load(pool.reserve0), wide.load(pool.reserve1), wide.load(pool.shares)
    amount0, amount1 = redeemed(burnt, reserve0, shares), redeemed(burnt, reserve1, shares)
    if wide.is_zero(amount0) or wide.is_zero(amount1):
        return not_provided(Revert.ZERO_AMOUNT)
    if wide.less(amount0, least0) or wide.less(amount1, least1):
        return not_provided(Revert.TOO_LITTLE_OUT)
    wide.store(position.liquidity, wide.sub(held, burnt))
    wide.store(pool.shares, wide.sub(shares, burnt))
    _keep(pool, wide.sub(reserve0, amount0), wide.sub(reserve1, amount1))
    close_if_empty(w, position_at)
    return did_provide(amount0, amount1, burnt, position_at)
