"""Rows of pools and chains by their numbers: ``pool_row(w, 3)`` is the third pool. Row 0 of every table is nobody."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.pool_tables import CHAIN, PLACE, POOL, POSITION, TICK, TRANSACTION, WORD
from shortdesk.market.tables import BUCKET, Shelf, row_at, shelf_at

__all__ = [
    "bucket_row",
    "chain_row",
    "place_row",
    "pool_row",
    "position_row",
    "tick_bucket",
    "tick_row",
    "transaction_row",
    "word_row",
]


@rule
def pool_row(w: Any, at: int) -> Any:
    """A pool."""
    return row_at(w, Shelf.POOLS, at, POOL)


@rule
def position_row(w: Any, at: int) -> Any:
    """A liquidity provider's position in a pool."""
    return row_at(w, Shelf.POSITIONS, at, POSITION)


@rule
def tick_row(w: Any, at: int) -> Any:
    """An initialised tick of a concentrated pool."""
    return row_at(w, Shelf.TICKS, at, TICK)


@rule
def word_row(w: Any, at: int) -> Any:
    """256 ticks of a concentrated pool, one bit each."""
    return row_at(w, Shelf.WORDS, at, WORD)


@rule
def bucket_row(w: Any, at: int) -> Any:
    """The first of the ticks that share a bucket."""
    return row_at(w, Shelf.TICK_BUCKETS, at, BUCKET)


@rule
def chain_row(w: Any, at: int) -> Any:
    """The blocks of one venue."""
    return row_at(w, Shelf.CHAINS, at, CHAIN)


@rule
def transaction_row(w: Any, at: int) -> Any:
    """A transaction that waits for a block."""
    return row_at(w, Shelf.TRANSACTIONS, at, TRANSACTION)


@rule
def tick_bucket(w: Any, pool_at: int, tick: int) -> int:
    """The bucket of a pool's tick; there are 2^n buckets."""
    return (tick + 40_503 * pool_at) & (int(shelf_at(w, Shelf.TICK_BUCKETS).rows) - 1)


@rule
def place_row(w: Any, at: int) -> Any:
    """A place of the block that is being carried out."""
    return row_at(w, Shelf.PLACES, at, PLACE)
