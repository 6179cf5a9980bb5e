"""Positions in concentrated pools: liquidity comes, goes, and is paid its fees.

Rounding favours the pool: whoever provides pays rounded up and gets back rounded down, so that a round trip costs
at most one unit of each asset. Source of the arithmetic: Uniswap v3-core (UniswapV3Pool, Position, Tick) and
v3-periphery (LiquidityAmounts).
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.order import Revert
from shortdesk.ground.wide import Wide
from shortdesk.market.pool import Provided, close_if_empty, did_provide, not_provided, open_position, position_refusal
from shortdesk.market.pool_rows import pool_row, position_row, tick_row
from shortdesk.market.swap_math import amount0_down, amount0_up, amount1_down, amount1_up
from shortdesk.market.tables import Shelf, has_room
from shortdesk.market.tick_math import sqrt_price_x96_at_tick, usable_tick_max
from shortdesk.market.ticks import change_tick, find_tick

__all__ = [
    "add_liquidity",
    "amounts_of_liquidity",
    "collect",
    "fees_inside_x128",
    "liquidity_for_amounts",
    "remove_liquidity",
]


# --- arithmetic ---------------------------------------------------------------------------------------------


@rule
def amounts_of_liquidity(
    sqrt_price_x96: Wide, low_x96: Wide, high_x96: Wide, liquidity: Wide, round_up: bool
) -> tuple[Wide, Wide]:
    """Units of both assets that a range's liquidity consists of: asset 0 above the price, asset 1 below it."""
    from_x96 = _within(sqrt_price_x96, low_x96, high_x96)
    if round_up:
        return amount0_up(from_x96, high_x96, liquidity), amount1_up(low_x96, from_x96, liquidity)
    return amount0_down(from_x96, high_x96, liquidity), amount1_down(low_x96, from_x96, liquidity)


@rule
def liquidity_for_amounts(sqrt_price_x96: Wide, low_x96: Wide, high_x96: Wide, most0: Wide, most1: Wide) -> Wide:
    """The most liquidity that two amounts can provide in a range; needs low < high and amounts below 2^128.

    Source: v3-periphery, LiquidityAmounts.getLiquidityForAmounts.
    """
    from_x96 = _within(sqrt_price_x96, low_x96, high_x96)
    if wide.equal(from_x96, low_x96):
        return _liquidity_for_0(low_x96, high_x96, most0)
    if wide.equal(from_x96, high_x96):
        return _liquidity_for_1(low_x96, high_x96, most1)
    return wide.smaller(_liquidity_for_0(from_x96, high_x96, most0), _liquidity_for_1(low_x96, from_x96, most1))


@rule
def _within(sqrt_price_x96: Wide, low_x96: Wide, high_x96: Wide) -> Wide:
    if wide.less(sqrt_price_x96, low_x96):
        return low_x96
    return wide.smaller(sqrt_price_x96, high_x96)


@rule
def _liquidity_for_0(low_x96: Wide, high_x96: Wide, amount0: Wide) -> Wide:
    between = wide.mul_div_down(low_x96, high_x96, wide.shift_left(wide.of(1), 96))
    return _divided_or_128_bits(amount0, between, wide.sub(high_x96, low_x96))


@rule
def _liquidity_for_1(low_x96: Wide, high_x96: Wide, amount1: Wide) -> Wide:
    return _divided_or_128_bits(amount1, wide.shift_left(wide.of(1), 96), wide.sub(high_x96, low_x96))


@rule
def _divided_or_128_bits(a: Wide, b: Wide, c: Wide) -> Wide:
    """floor(a × b / c), but not more than 2^128, which no tick may hold."""
    most = wide.shift_left(wide.of(1), 128)
    if not wide.quotient_fits(a, b, c):
        return most
    return wide.smaller(wide.mul_div_down(a, b, c), most)


@rule
def fees_inside_x128(w: Any, pool_at: int, low_tick: int, high_tick: int) -> tuple[Wide, Wide]:
    """Fee growth of both assets inside a range whose ticks are initialised, modulo 2^256."""
    pool = pool_row(w, pool_at)
    low = tick_row(w, find_tick(w, pool_at, low_tick))
    high = tick_row(w, find_tick(w, pool_at, high_tick))
    is_above_low, is_below_high = pool.tick >= low_tick, pool.tick < high_tick
    inside0 = _inside(
        wide.load(pool.fee_growth0_x128),
        wide.load(low.fee_outside0_x128),
        wide.load(high.fee_outside0_x128),
        is_above_low,
        is_below_high,
    )
    inside1 = _inside(
        wide.load(pool.fee_growth1_x128),
        wide.load(low.fee_outside1_x128),
        wide.load(high.fee_outside1_x128),
        is_above_low,
        is_below_high,
    )
    return inside0, inside1


@rule
def _inside(everywhere: Wide, low_outside: Wide, high_outside: Wide, is_above_low: bool, is_below_high: bool) -> Wide:
    """All growth less what grew below the lower tick and above the upper one."""
    below = low_outside if is_above_low else wide.sub_wrapping(everywhere, low_outside)
    above = high_outside if is_below_high else wide.sub_wrapping(everywhere, high_outside)
    return wide.sub_wrapping(wide.sub_wrapping(everywhere, below), above)


# --- acts ---------------------------------------------------------------------------------------------------


@rule
def add_liquidity(
    w: Any,
    pool_at: int,
    account: int,
    position_at: int,
    low_tick: int,
    high_tick: int,
    liquidity: Wide,
    most0: Wide,
    most1: Wide,
) -> Provided:
    """Provide liquidity in a range, for at most two amounts; position 0 opens a new one."""
    pool = pool_row(w, pool_at)
    why = _range_refusal(w, pool_at, account, position_at, low_tick, high_tick)
    if why != Revert.NONE:
        return not_provided(why)
    if wide.is_zero(liquidity):
        return not_provided(Revert.ZERO_AMOUNT)
    if _is_too_much(w, pool_at, low_tick, liquidity) or _is_too_much(w, pool_at, high_tick, liquidity):
        return not_provided(Revert.TOO_MUCH_LIQUIDITY)
    low_x96, high_x96 = sqrt_price_x96_at_tick(low_tick), sqrt_price_x96_at_tick(high_tick)
    amount0, amount1 = amounts_of_liquidity(wide.load(pool.sqrt_price_x96), low_x96, high_x96, liquidity, True)
    if wide.less(most0, amount0) or wide.less(most1, amount1):
        return not_provided(Revert.TOO_MUCH_IN)
    if not _has_room(w, pool_at, position_at, low_tick, high_tick):
        return not_provided(Revert.TABLE_FULL)
    change_tick(w, pool_at, low_tick, liquidity, True, False)
    change_tick(w, pool_at, high_tick, liquidity, True, True)
    if position_at == 0:
        position_at = open_position(w, pool_at, account, low_tick, high_tick)
    _credit_fees(w, pool_at, position_at)
    position = position_row(w, position_at)
    wide.store(position.liquidity, wide.add(wide.load(position.liquidity), liquidity))
    if low_tick <= pool.tick < high_tick:
        wide.store(pool.liquidity, wide.add(wide.load(pool.liquidity), liquidity))
    return did_provide(amount0, amount1, liquidity, position_at)


@rule
def remove_liquidity(
    w: Any, pool_at: int, account: int, position_at: int, liquidity: Wide, least0: Wide, least1: Wide
) -> Provided:
    """Take liquidity away: the amounts, and the fees so far, are owed to the position until it collects them.

    Zero liquidity only brings the fees up to date.
    """
    pool = pool_row(w, pool_at)
    why = position_refusal(w, position_at, pool_at, account)
    if why != Revert.NONE:
        return not_provided(why)
    position = position_row(w, position_at)
    held = wide.load(position.liquidity)
    if wide.is_zero(held) or wide.less(held, liquidity):
        return not_provided(Revert.TOO_LITTLE_LIQUIDITY)
    low_tick, high_tick = int(position.low_tick), int(position.high_tick)
    low_x96, high_x96 = sqrt_price_x96_at_tick(low_tick), sqrt_price_x96_at_tick(high_tick)
    amount0, amount1 = amounts_of_liquidity(wide.load(pool.sqrt_price_x96), low_x96, high_x96, liquidity, False)
    if wide.less(amount0, least0) or wide.less(amount1, least1):
        return not_provided(Revert.TOO_LITTLE_OUT)
    _credit_fees(w, pool_at, position_at)
    wide.store(position.owed0, wide.add(wide.load(position.owed0), amount0))
    wide.store(position.owed1, wide.add(wide.load(position.owed1), amount1))
    if not wide.is_zero(liquidity):
        change_tick(w, pool_at, low_tick, liquidity, False, False)
        change_tick(w, pool_at, high_tick, liquidity, False, True)
        wide.store(position.liquidity, wide.sub(held, liquidity))
        if low_tick <= pool.tick < high_tick:
            wide.store(pool.liquidity, wide.sub(wide.load(pool.liquidity), liquidity))
    return did_provide(amount0, amount1, liquidity, position_at)


@rule
def collect(w: Any, pool_at: int, account: int, position_at: int, most0: Wide, most1: Wide) -> Provided:
    """Pay out what a position is owed, up to two limits; a position that is empty then is closed."""
    why = position_refusal(w, position_at, pool_at, account)
    if why != Revert.NONE:
        return not_provided(why)
    position = position_row(w, position_at)
    owed0, owed1 = wide.load(position.owed0), wide.load(position.owed1)
    amount0, amount1 = wide.smaller(owed0, most0), wide.smaller(owed1, most1)
    wide.store(position.owed0, wide.sub(owed0, amount0))
    wide.store(position.owed1, wide.sub(owed1, amount1))
    close_if_empty(w, position_at)
    return did_provide(amount0, amount1, wide.of(0), position_at)


@rule
def _range_refusal(w: Any, pool_at: int, account: int, position_at: int, low_tick: int, high_tick: int) -> int:
    if position_at != 0:
        why = position_refusal(w, position_at, pool_at, account)
        if why != Revert.NONE:
            return why
        position = position_row(w, position_at)
        if position.low_tick != low_tick or position.high_tick != high_tick:
            return Revert.BAD_RANGE
    spacing = int(pool_row(w, pool_at).tick_spacing)
    highest = usable_tick_max(spacing)
    is_good = -highest <= low_tick < high_tick <= highest and low_tick % spacing == 0 and high_tick % spacing == 0
    return Revert.NONE if is_good else Revert.BAD_RANGE


@rule
def _is_too_much(w: Any, pool_at: int, tick: int, liquidity: Wide) -> bool:
    """Whether a tick could not hold this much more. Row 0 holds nothing, so an unknown tick counts as empty."""
    held = wide.load(tick_row(w, find_tick(w, pool_at, tick)).gross)
    if not wide.sum_fits(held, liquidity):
        return True
    return wide.less(wide.load(pool_row(w, pool_at).tick_liquidity_max), wide.add(held, liquidity))


@rule
def _has_room(w: Any, pool_at: int, position_at: int, low_tick: int, high_tick: int) -> bool:
    new_ticks = 0
    if find_tick(w, pool_at, low_tick) == 0:
        new_ticks += 1
    if find_tick(w, pool_at, high_tick) == 0:
        new_ticks += 1
    if not has_room(w, Shelf.TICKS, new_ticks):
        return False
    return position_at != 0 or has_room(w, Shelf.POSITIONS, 1)


@rule
def _credit_fees(w: Any, pool_at: int, position_at: int) -> None:
    """Owe the position what its liquidity earned since it was last looked at, rounded down."""
    position = position_row(w, position_at)
    inside0, inside1 = fees_inside_x128(w, pool_at, int(position.low_tick), int(position.high_tick))
    liquidity = wide.load(position.liquidity)
    earned0 = _earned(inside0, wide.load(position.fee_inside0_x128), liquidity)
    earned1 = _earned(inside1, wide.load(position.fee_inside1_x128), liquidity)
    wide.store(position.owed0, wide.add(wide.load(position.owed0), earned0))
    wide.store(position.owed1, wide.add(wide.load(position.owed1), earned1))
    wide.store(position.fee_inside0_x128, inside0)
    wide.store(position.fee_inside1_x128, inside1)


@rule
def _earned(inside_x128: Wide, before_x128: Wide, liquidity: Wide) -> Wide:
    grown = wide.sub_wrapping(inside_x128, before_x128)
    return wide.mul_div_down(grown, liquidity, wide.shift_left(wide.of(1), 128))
