"""The tables that pools, and the blocks of the venues they stand on, live in.

They lie in one block of memory as a World does (``market/tables.py``), written ``w`` in every rule: the first rows say
where each table lies and what is free of it. ``pool_row(w, 3)`` is the third pool. Row 0 of every table is nobody.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.market.tables import BUCKET, SHELF, row_at, shelf_at

__all__ = [
    "CHAIN",
    "POOL",
    "POSITION",
    "TICK",
    "TRANSACTION",
    "WORD",
    "PoolShelf",
    "bucket_row",
    "chain_row",
    "grown_pool_block",
    "new_pool_block",
    "pool_row",
    "position_row",
    "tick_bucket",
    "tick_row",
    "transaction_row",
    "word_row",
]


class PoolShelf(IntEnum):
    """The tables in the order in which they lie in the block."""

    POOLS = 0
    POSITIONS = 1
    TICKS = 2
    TICK_BUCKETS = 3
    WORDS = 4
    CHAINS = 5
    TRANSACTIONS = 6


def _row(*fields: Any) -> Any:
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


POOL = _row(
    ("reserve0", *wide.FIELD),  # constant product
    ("reserve1", *wide.FIELD),
    ("shares", *wide.FIELD),
    ("sqrt_price_x96", *wide.FIELD),  # concentrated
    ("liquidity", *wide.FIELD),  # of the range the price is in
    ("fee_growth0_x128", *wide.FIELD),  # fees ever earned per unit of liquidity
    ("fee_growth1_x128", *wide.FIELD),
    ("tick_liquidity_max", *wide.FIELD),
    ("tick", "<i4"),
    ("tick_spacing", "<i4"),
    ("first_word", "<i4"),  # where its bitmap begins in the table of words
    ("lowest_word", "<i4"),  # number of the word that lies there
    ("fee_ppm", "<i4"),
    ("account", "<i4"),  # holds the reserves in the ledger
    ("asset0", "<i4"),
    ("asset1", "<i4"),
    ("venue", "<i4"),
    ("form", "<i4"),  # PoolForm
    ("chain", "<i4"),  # next free row
)
"""A pool: what it holds, its price and its fees."""

POSITION = _row(
    ("liquidity", *wide.FIELD),  # of a constant-product pool: shares
    ("fee_inside0_x128", *wide.FIELD),  # fee growth inside its range when last looked at
    ("fee_inside1_x128", *wide.FIELD),
    ("owed0", *wide.FIELD),  # to be collected
    ("owed1", *wide.FIELD),
    ("low_tick", "<i4"),
    ("high_tick", "<i4"),
    ("pool", "<i4"),  # 0 once it is closed
    ("account", "<i4"),
    ("chain", "<i4"),
)
"""What a liquidity provider put into a pool, and between which ticks."""

TICK = _row(
    ("gross", *wide.FIELD),  # liquidity of all positions that end here
    ("net", *wide.FIELD),  # liquidity that comes in when the price rises through it, modulo 2^256
    ("fee_outside0_x128", *wide.FIELD),  # fee growth on the side where the price is not
    ("fee_outside1_x128", *wide.FIELD),
    ("pool", "<i4"),
    ("tick", "<i4"),
    ("chain", "<i4"),  # next in the same bucket; next free row
)
"""A price at which positions begin or end."""

WORD = _row(("bits", *wide.FIELD))
"""A word of a pool's bitmap: which of 256 ticks are in use."""

CHAIN = _row(
    ("number", "<i8"),  # of the block to come
    ("due_ns", "<i8"),  # when it comes
    ("interval_ns", "<i8"),
    ("base_fee", "<i8"),  # price of a unit of gas; scale below
    ("gas_price_scale", "<i8"),  # so many of a price make one unit of the gas asset
    ("gas_limit", "<i8"),
    ("gas_target", "<i8"),  # gas in a block at which the base fee stays
    ("base_fee_pace", "<i8"),  # a full turn away from the target moves the base fee by 1 / pace
    ("swap_gas", "<i8"),  # gas that a swap uses
    ("liquidity_gas", "<i8"),  # gas that an act of a liquidity provider uses
    ("sequence", "<i8"),  # of the next transaction
    ("first_pending", "<i4"),
    ("last_pending", "<i4"),
    ("pending", "<i4"),
    ("venue", "<i4"),
    ("gas_asset", "<i4"),
    ("builder", "<i4"),  # account that earns the priority fees
    ("burner", "<i4"),  # account that the base fees go to, out of circulation
    ("chain", "<i4"),
)
"""The blocks of a venue: when they come, what gas costs, who waits."""

TRANSACTION = _row(
    ("amount", *wide.FIELD),  # swap: exact input or output; liquidity: most of asset 0, or liquidity to take away
    ("amount1", *wide.FIELD),  # liquidity: most of asset 1
    ("bound", *wide.FIELD),  # swap: least out or most in; liquidity: least of asset 0
    ("bound1", *wide.FIELD),  # liquidity: least of asset 1
    ("limit_x96", *wide.FIELD),  # swap: √price limit
    ("sequence", "<i8"),  # order of arrival
    ("arrival_ns", "<i8"),
    ("deadline_ns", "<i8"),  # 0 for none
    ("fee_max", "<i8"),  # most to pay for a unit of gas
    ("priority_fee", "<i8"),  # of it, most for the builder
    ("low_tick", "<i4"),
    ("high_tick", "<i4"),
    ("position", "<i4"),
    ("pool", "<i4"),
    ("account", "<i4"),
    ("block_chain", "<i4"),  # the chain it is sent to
    ("next", "<i4"),  # pending: the one that arrived after it
    ("prev", "<i4"),
    ("chain", "<i4"),  # next free row
    ("act", "<u1"),  # Act
    ("zero_for_one", "<u1"),
    ("is_private", "<u1"),  # seen by the builder only
    ("mechanism", "<u1"),
)
"""A transaction that waits for a block."""

_KINDS: dict[PoolShelf, Any] = {
    PoolShelf.POOLS: POOL,
    PoolShelf.POSITIONS: POSITION,
    PoolShelf.TICKS: TICK,
    PoolShelf.TICK_BUCKETS: BUCKET,
    PoolShelf.WORDS: WORD,
    PoolShelf.CHAINS: CHAIN,
    PoolShelf.TRANSACTIONS: TRANSACTION,
}
_LINE = 64


# --- rows ---------------------------------------------------------------------------------------------------


@rule
def pool_row(w: Any, at: int) -> Any:
    """A pool."""
    return row_at(w, PoolShelf.POOLS, at, POOL)


@rule
def position_row(w: Any, at: int) -> Any:
    """A liquidity provider's position in a pool."""
    return row_at(w, PoolShelf.POSITIONS, at, POSITION)


@rule
def tick_row(w: Any, at: int) -> Any:
    """An initialised tick of a concentrated pool."""
    return row_at(w, PoolShelf.TICKS, at, TICK)


@rule
def word_row(w: Any, at: int) -> Any:
    """256 ticks of a concentrated pool, one bit each."""
    return row_at(w, PoolShelf.WORDS, at, WORD)


@rule
def bucket_row(w: Any, at: int) -> Any:
    """The first of the ticks that share a bucket."""
    return row_at(w, PoolShelf.TICK_BUCKETS, at, BUCKET)


@rule
def chain_row(w: Any, at: int) -> Any:
    """The blocks of one venue."""
    return row_at(w, PoolShelf.CHAINS, at, CHAIN)


@rule
def transaction_row(w: Any, at: int) -> Any:
    """A transaction that waits for a block."""
    return row_at(w, PoolShelf.TRANSACTIONS, at, TRANSACTION)


@rule
def tick_bucket(w: Any, pool_at: int, tick: int) -> int:
    """The bucket of a pool's tick; there are 2^n buckets."""
    return (tick + 40_503 * pool_at) & (int(shelf_at(w, PoolShelf.TICK_BUCKETS).rows) - 1)


# --- the block ----------------------------------------------------------------------------------------------


def new_pool_block(
    pools: int = 1, positions: int = 16, ticks: int = 32, words: int = 0, chains: int = 1, transactions: int = 64
) -> NDArray[np.uint8]:
    """An empty block with room for so many pools, positions, initialised ticks, words of 256 ticks, chains of blocks
    and waiting transactions."""
    rows = {
        PoolShelf.POOLS: pools + 1,
        PoolShelf.POSITIONS: positions + 1,
        PoolShelf.TICKS: ticks + 1,
        PoolShelf.TICK_BUCKETS: 1 << max(ticks, 1).bit_length(),
        PoolShelf.WORDS: words + 1,
        PoolShelf.CHAINS: chains + 1,
        PoolShelf.TRANSACTIONS: transactions + 1,
    }
    end = SHELF.itemsize * len(PoolShelf)
    shelves = np.zeros(len(PoolShelf), SHELF)
    for shelf, count in rows.items():
        start = -(-end // _LINE) * _LINE
        end = start + count * _KINDS[shelf].itemsize
        shelves[shelf].start, shelves[shelf].end, shelves[shelf].rows = start, end, count
    block = np.zeros(-(-end // _LINE) * _LINE, np.uint8)
    block[: shelves.nbytes] = shelves.view(np.uint8)
    return block


def grown_pool_block(w: NDArray[np.uint8], **capacities: int) -> NDArray[np.uint8]:
    """The same pools in a block with room for more; numbers of rows stay, so nothing that happens later differs."""
    held = {shelf.name.lower(): int(shelf_at(w, shelf).rows) - 1 for shelf in PoolShelf}
    del held["tick_buckets"]  # follows from the ticks
    for name, capacity in capacities.items():
        if name not in held:
            raise UsageError(f"there is no table of {name}; there are {', '.join(held)}")
        if capacity < held[name]:
            raise UsageError(f"the table of {name} has room for {held[name]} and cannot shrink to {capacity}")
    new = new_pool_block(**{**held, **capacities})
    for shelf in PoolShelf:
        if shelf == PoolShelf.TICK_BUCKETS:
            continue
        old_shelf, new_shelf = shelf_at(w, shelf), shelf_at(new, shelf)
        length = int(old_shelf.end) - int(old_shelf.start)
        new[new_shelf.start : new_shelf.start + length] = w[old_shelf.start : old_shelf.end]
        new_shelf.used, new_shelf.free, new_shelf.live = old_shelf.used, old_shelf.free, old_shelf.live
    _rehang_ticks(w, new)
    return new


def _rehang_ticks(old: NDArray[np.uint8], new: NDArray[np.uint8]) -> None:
    """Hang every initialised tick into its bucket of the larger table."""
    for bucket in range(int(shelf_at(old, PoolShelf.TICK_BUCKETS).rows)):
        at = int(bucket_row(old, bucket).first)
        while at != 0:
            row, following = tick_row(new, at), int(tick_row(old, at).chain)
            first = bucket_row(new, tick_bucket(new, int(row.pool), int(row.tick)))
            row.chain, first.first = int(first.first), at
            at = following
