"""The initialised ticks of concentrated pools: where liquidity begins or ends, and how the next one is found.

A pool keeps one bit for each usable tick in words of 256, as Uniswap's TickBitmap does. The width is part of the
arithmetic: a swap stops at the end of a word even where no liquidity begins, and every stop rounds. What stands at
an initialised tick lies in one table for all pools, found through buckets and given back when the tick empties.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.wide import Wide
from shortdesk.market.pool_rows import bucket_row, pool_row, tick_bucket, tick_row, word_row
from shortdesk.market.pool_tables import TICK
from shortdesk.market.tables import Shelf, put_back, take_row
from shortdesk.market.tick_math import MAX_TICK, MIN_TICK

__all__ = [
    "change_tick",
    "cross_tick",
    "find_tick",
    "link_tick",
    "next_tick_in_word",
    "tick_liquidity_max",
    "word_range",
]


@rule
def word_range(tick_spacing: int) -> tuple[int, int]:
    """The numbers of the lowest and the highest word of a pool's bitmap."""
    return (MIN_TICK // tick_spacing) >> 8, (MAX_TICK // tick_spacing + 1) >> 8


@rule
def tick_liquidity_max(tick_spacing: int) -> Wide:
    """Most liquidity one tick may hold, so that all ticks together stay below 2^128.

    Source: Uniswap v3-core, Tick.tickSpacingToMaxLiquidityPerTick.
    """
    ticks = 2 * (MAX_TICK // tick_spacing) + 1
    highest = wide.sub(wide.shift_left(wide.of(1), 128), wide.of(1))
    return wide.div_down(highest, wide.of(ticks))


@rule
def next_tick_in_word(w: Any, pool: Any, tick: int, falling: bool) -> tuple[int, bool]:
    """The next initialised tick at or below (or above) a tick, else the last tick of the word; and whether it is one.

    Falling looks from the tick itself downwards, rising from the next usable tick upwards.
    Source: Uniswap v3-core, TickBitmap.nextInitializedTickWithinOneWord.
    """
    place = tick // pool.tick_spacing
    if not falling:
        place += 1
    bit = place & 255
    bits = wide.load(word_row(w, pool.first_word + (place >> 8) - pool.lowest_word).bits)
    if falling:
        found = wide.highest_bit_up_to(bits, bit)
        return (place - bit + max(found, 0)) * pool.tick_spacing, found >= 0
    found = wide.lowest_bit_from(bits, bit)
    if found < 0:
        return (place - bit + 255) * pool.tick_spacing, False
    return (place - bit + found) * pool.tick_spacing, True


@rule
def find_tick(w: Any, pool_at: int, tick: int) -> int:
    """The row of an initialised tick; 0 where the tick is not initialised."""
    at = bucket_row(w, tick_bucket(w, pool_at, tick)).first
    while at != 0 and not (tick_row(w, at).tick == tick and tick_row(w, at).pool == pool_at):
        at = tick_row(w, at).chain
    return int(at)


@rule
def change_tick(w: Any, pool_at: int, tick: int, liquidity: Wide, is_added: bool, is_upper: bool) -> None:
    """Add or take away the liquidity of a position that ends at this tick; the caller asked for room and bounds.

    By convention all fees earned before a tick was initialised were earned below it.
    """
    pool = pool_row(w, pool_at)
    at = find_tick(w, pool_at, tick)
    if at == 0:
        at = _initialise(w, pool_at, tick)
    row = tick_row(w, at)
    gross, net = wide.load(row.gross), wide.load(row.net)
    gross = wide.add(gross, liquidity) if is_added else wide.sub(gross, liquidity)
    net = wide.add_wrapping(net, liquidity) if is_added != is_upper else wide.sub_wrapping(net, liquidity)
    wide.store(row.gross, gross)
    wide.store(row.net, net)
    if wide.is_zero(gross):
        _forget(w, pool_at, tick, at)
        _flip(w, pool, tick)


@rule
def _initialise(w: Any, pool_at: int, tick: int) -> int:
    pool = pool_row(w, pool_at)
    at = take_row(w, Shelf.TICKS, TICK)
    row = tick_row(w, at)
    row.pool, row.tick = pool_at, tick
    link_tick(w, at)
    none = wide.of(0)
    is_below = tick <= pool.tick
    wide.store(row.gross, none)
    wide.store(row.net, none)
    wide.store(row.fee_outside0_x128, wide.load(pool.fee_growth0_x128) if is_below else none)
    wide.store(row.fee_outside1_x128, wide.load(pool.fee_growth1_x128) if is_below else none)
    _flip(w, pool, tick)
    return at


@rule
def link_tick(w: Any, at: int) -> None:
    """Enter an initialised tick where ``find_tick`` looks."""
    row = tick_row(w, at)
    bucket = bucket_row(w, tick_bucket(w, row.pool, row.tick))
    row.chain = bucket.first
    bucket.first = at


@rule
def _forget(w: Any, pool_at: int, tick: int, at: int) -> None:
    """Take an empty tick out of its bucket and give its row back."""
    bucket = tick_bucket(w, pool_at, tick)
    before = 0
    here = int(bucket_row(w, bucket).first)
    while here != at:
        before, here = here, int(tick_row(w, here).chain)
    if before == 0:
        bucket_row(w, bucket).first = tick_row(w, at).chain
    else:
        tick_row(w, before).chain = tick_row(w, at).chain
    tick_row(w, at).pool = 0
    put_back(w, Shelf.TICKS, at, TICK)


@rule
def _flip(w: Any, pool: Any, tick: int) -> None:
    place = tick // pool.tick_spacing
    word = word_row(w, pool.first_word + (place >> 8) - pool.lowest_word)
    wide.store(word.bits, wide.flip_bit(wide.load(word.bits), place & 255))


@rule
def cross_tick(w: Any, at: int, fee_growth0_x128: Wide, fee_growth1_x128: Wide) -> None:
    """The price passes an initialised tick: what was outside it becomes inside and the other way round."""
    row = tick_row(w, at)
    wide.store(row.fee_outside0_x128, wide.sub_wrapping(fee_growth0_x128, wide.load(row.fee_outside0_x128)))
    wide.store(row.fee_outside1_x128, wide.sub_wrapping(fee_growth1_x128, wide.load(row.fee_outside1_x128)))
