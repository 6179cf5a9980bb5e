"""Opening a pool: the only place where a pool's parameters are checked."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import Any

from shortdesk.ground import wide
from shortdesk.ground.errors import UsageError
from shortdesk.ground.units import Ppm
from shortdesk.market.pool import PPM, PoolForm
from shortdesk.market.pool_rows import pool_row
from shortdesk.market.pool_tables import POOL
from shortdesk.market.tables import Shelf, has_room, shelf_at, take_row
from shortdesk.market.tick_math import MAX_SQRT_PRICE_X96, MIN_SQRT_PRICE_X96, tick_at_sqrt_price_x96
from shortdesk.market.ticks import tick_liquidity_max, word_range

__all__ = ["TICK_SPACING", "open_concentrated", "open_constant_product", "sqrt_price_x96_of", "words_needed"]

TICK_SPACING = MappingProxyType({100: 1, 500: 10, 3_000: 60, 10_000: 200})
"""Fee tiers of Uniswap v3 in parts per million, and the tick spacing of each. Source: UniswapV3Factory."""


def sqrt_price_x96_of(amount1: int, amount0: int) -> int:
    """The price at which so many units of the two assets are worth the same: floor(√(amount1 / amount0) × 2^96)."""
    if amount1 <= 0 or amount0 <= 0:
        raise UsageError(f"a pool's price needs two positive amounts, not {amount1} and {amount0}")
    return math.isqrt((amount1 << 192) // amount0)


def words_needed(tick_spacing: int) -> int:
    """How many words of 256 ticks a concentrated pool takes from the table."""
    lowest, highest = word_range(tick_spacing)
    return highest - lowest + 1


def open_constant_product(w: Any, *, venue: int, account: int, asset0: int, asset1: int, fee_ppm: Ppm) -> int:
    """A new empty pool that keeps the product of its reserves; its row number."""
    at = _open(w, venue, account, asset0, asset1, fee_ppm)
    pool_row(w, at).form = PoolForm.CONSTANT_PRODUCT
    return at


def open_concentrated(
    w: Any,
    *,
    venue: int,
    account: int,
    asset0: int,
    asset1: int,
    fee_ppm: Ppm,
    sqrt_price_x96: int,
    tick_spacing: int = 0,
) -> int:
    """A new empty concentrated pool at a price; its row number. The tick spacing follows from a usual fee tier."""
    spacing = tick_spacing or TICK_SPACING.get(fee_ppm, 0)
    if not 1 <= spacing < 1 << 14:
        usual = ", ".join(f"{fee:,}" for fee in TICK_SPACING)
        raise UsageError(
            f"a pool with a fee of {fee_ppm:,} ppm needs a tick spacing from 1 to 16383; usual fees: {usual}"
        )
    if not MIN_SQRT_PRICE_X96 <= sqrt_price_x96 < MAX_SQRT_PRICE_X96:
        raise UsageError(
            f"√price × 2^96 = {sqrt_price_x96} lies outside {MIN_SQRT_PRICE_X96} … {MAX_SQRT_PRICE_X96 - 1}"
        )
    shelf = shelf_at(w, Shelf.WORDS)
    count = words_needed(spacing)
    if not has_room(w, Shelf.WORDS, count):
        raise UsageError(f"the tables have no room for the {count:,} tick words of a pool with tick spacing {spacing}")
    at = _open(w, venue, account, asset0, asset1, fee_ppm)
    pool = pool_row(w, at)
    pool.form, pool.tick_spacing = PoolForm.CONCENTRATED, spacing
    pool.first_word, pool.lowest_word = int(shelf.used) + 1, word_range(spacing)[0]
    shelf.used += count
    shelf.live += count
    pool.tick = tick_at_sqrt_price_x96(sqrt_price_x96)
    wide.store(pool.sqrt_price_x96, sqrt_price_x96)
    wide.store(pool.tick_liquidity_max, tick_liquidity_max(spacing))
    return at


def _open(w: Any, venue: int, account: int, asset0: int, asset1: int, fee_ppm: Ppm) -> int:
    if asset0 == asset1:
        raise UsageError(f"a pool needs two different assets, not asset {asset0} twice")
    if not 0 <= fee_ppm < PPM:
        raise UsageError(f"a pool's fee lies from 0 to 999,999 ppm, not {fee_ppm:,}")
    if not has_room(w, Shelf.POOLS, 1):
        raise UsageError(f"the tables have room for {shelf_at(w, Shelf.POOLS).rows - 1} pools only")
    at = take_row(w, Shelf.POOLS, POOL)
    pool = pool_row(w, at)
    pool.venue, pool.account, pool.asset0, pool.asset1, pool.fee_ppm = venue, account, asset0, asset1, fee_ppm
    return at
