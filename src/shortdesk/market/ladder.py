"""A ladder: queues of rows ordered by price, sparse over the whole range of prices, never scanned.

The two sides of a book are ladders, and so are parked stops. A ladder has a *front*, the price that is served
first: the lowest on ladders with an odd number (asks, what fires when a price rises), the highest on those with
an even number (bids, what fires when it falls).

Prices live on pages of 64. A page holds one bit per price and stands in a hash table under (ladder, page
number), so a price anywhere costs the same and nothing is kept for prices without rows. Above the pages
stand nodes of 64 pages, of 64 nodes, and so on up to 2^42 ticks, each one bit per child: the next price
after an emptied one is found by looking at one bit per storey, almost always on the page itself.

Row 0 of every table is nobody, and 0 means none in every link.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from shortdesk.ground.bits import bit, bits_above, bits_below, highest_bit, lowest_bit
from shortdesk.ground.compile import rule
from shortdesk.market.tables import BUCKET, PAGE, Shelf, front_at, level_at, put_back, row_at, rows_of, take_row

__all__ = [
    "DUE",
    "HIGHEST_TICKS",
    "LADDERS",
    "Ladder",
    "SICK",
    "enqueue",
    "ladder_number",
    "level_of",
    "level_ticks",
    "link_page",
    "next_price",
    "dequeue",
]

_STOREYS = 6
_PAGE_BITS = 6
_IN_PAGE = 63
HIGHEST_TICKS = (1 << 42) - 1
"""The highest price a ladder can hold."""
LADDERS = 8
"""Ladders per instrument; a power of two, so that numbers are shifts. Those of instrument 0 serve balances."""
SICK = 1
"""The ladder of balances that are being liquidated, the lowest number first; it belongs to no instrument."""
DUE = 3
"""The ladder of balances whose next step is due later, by milliseconds."""


class Ladder(IntEnum):
    """The ladders of one instrument. Even: the highest price first; odd: the lowest first."""

    BIDS = 0
    ASKS = 1
    MARK_FALLS = 2
    MARK_RISES = 3
    LAST_FALLS = 4
    LAST_RISES = 5
    DEAD_FALLS = 6
    """Legs that have to be asked for their Risk when the mark falls; the next, when it rises."""
    DEAD_RISES = 7


@rule(inline=True)
def ladder_number(instrument: int, which: int) -> int:
    """The number of one of an instrument's ladders."""
    return (int(instrument) << 3) | int(which)


@rule(inline=True)
def _lowest_first(number: int) -> bool:
    return number & 1 == 1


@rule(inline=True)
def _key(number: int, storey: int, prefix: int) -> int:
    """One word for (ladder, storey, prefix); storey 0 are the pages."""
    return (number << 40) | (storey << 36) | prefix


@rule(inline=True)
def _bucket(w: Any, shelf: int, key: int) -> Any:
    """Where a key's chain begins. Neighbouring pages of one ladder stay neighbours."""
    mask = rows_of(w, shelf + 1) - 1
    return row_at(w, shelf + 1, (key + (key >> 36) * 2654435761) & mask, BUCKET)


@rule(inline=True)
def _find(w: Any, shelf: int, key: int) -> int:
    """The row under a key, 0 if there is none."""
    at = _bucket(w, shelf, key).first
    while at != 0 and row_at(w, shelf, at, PAGE).key != key:
        at = row_at(w, shelf, at, PAGE).chain
    return int(at)


@rule(inline=True)
def _link(w: Any, shelf: int, at: int, key: int) -> None:
    bucket = _bucket(w, shelf, key)
    page = row_at(w, shelf, at, PAGE)
    page.key = key
    page.chain = bucket.first
    bucket.first = at


@rule
def link_page(w: Any, shelf: int, at: int) -> None:
    """Enter a page or a node again under the key it has."""
    _link(w, shelf, at, row_at(w, shelf, at, PAGE).key)


@rule(inline=True)
def _unlink(w: Any, shelf: int, at: int) -> None:
    page = row_at(w, shelf, at, PAGE)
    bucket = _bucket(w, shelf, page.key)
    if bucket.first == at:
        bucket.first = page.chain
        return
    before = row_at(w, shelf, bucket.first, PAGE)
    while before.chain != at:
        before = row_at(w, shelf, before.chain, PAGE)
    before.chain = page.chain


@rule(inline=True)
def level_of(w: Any, number: int, ticks: int) -> int:
    """The level of a price, 0 if nothing stands there."""
    page = _find(w, Shelf.PAGES, _key(number, 0, ticks >> _PAGE_BITS))
    if page == 0 or row_at(w, Shelf.PAGES, page, PAGE).bits & bit(ticks & _IN_PAGE) == np.uint64(0):
        return 0
    return (page << _PAGE_BITS) | (ticks & _IN_PAGE)


@rule(inline=True)
def level_ticks(w: Any, level: int) -> int:
    """The price that a level stands for."""
    prefix = row_at(w, Shelf.PAGES, level >> _PAGE_BITS, PAGE).key & ((1 << 36) - 1)
    return int((prefix << _PAGE_BITS) | (level & _IN_PAGE))


@rule(inline=True)
def _open_level(w: Any, number: int, ticks: int) -> int:
    """The level of a price, made where it did not exist."""
    prefix = ticks >> _PAGE_BITS
    key = _key(number, 0, prefix)
    page = _find(w, Shelf.PAGES, key)
    if page == 0:
        page = take_row(w, Shelf.PAGES, PAGE)
        _link(w, Shelf.PAGES, page, key)
        row_at(w, Shelf.PAGES, page, PAGE).bits = np.uint64(0)
        _tell_parents(w, number, prefix)
    row_at(w, Shelf.PAGES, page, PAGE).bits |= bit(ticks & _IN_PAGE)
    return (page << _PAGE_BITS) | (ticks & _IN_PAGE)


@rule
def _tell_parents(w: Any, number: int, prefix: int) -> None:
    """Set the bit of a new page in the node above it, and so on up as far as nodes are new."""
    for storey in range(1, _STOREYS + 1):
        mine = bit(prefix & _IN_PAGE)
        prefix >>= _PAGE_BITS
        key = _key(number, storey, prefix)
        node = _find(w, Shelf.NODES, key)
        if node != 0:
            row_at(w, Shelf.NODES, node, PAGE).bits |= mine
            return
        node = take_row(w, Shelf.NODES, PAGE)
        _link(w, Shelf.NODES, node, key)
        row_at(w, Shelf.NODES, node, PAGE).bits = mine


@rule(inline=True)
def _close_level(w: Any, level: int) -> None:
    """Clear an empty level's bit; a page or node without bits is given back."""
    page = level >> _PAGE_BITS
    row_at(w, Shelf.PAGES, page, PAGE).bits &= ~bit(level & _IN_PAGE)
    if row_at(w, Shelf.PAGES, page, PAGE).bits == np.uint64(0):
        key = row_at(w, Shelf.PAGES, page, PAGE).key
        _unlink(w, Shelf.PAGES, page)
        put_back(w, Shelf.PAGES, page, PAGE)
        _tell_parents_gone(w, key >> 40, key & ((1 << 36) - 1))


@rule
def _tell_parents_gone(w: Any, number: int, prefix: int) -> None:
    for storey in range(1, _STOREYS + 1):
        mine = bit(prefix & _IN_PAGE)
        prefix >>= _PAGE_BITS
        node = _find(w, Shelf.NODES, _key(number, storey, prefix))
        row_at(w, Shelf.NODES, node, PAGE).bits &= ~mine
        if row_at(w, Shelf.NODES, node, PAGE).bits != np.uint64(0):
            return
        _unlink(w, Shelf.NODES, node)
        put_back(w, Shelf.NODES, node, PAGE)


@rule(inline=True)
def _beyond(word: np.uint64, position: int, upward: bool) -> np.uint64:
    return word & bits_above(position) if upward else word & bits_below(position)


@rule(inline=True)
def _nearest(word: np.uint64, upward: bool) -> int:
    return lowest_bit(word) if upward else highest_bit(word)


@rule
def next_price(w: Any, number: int, ticks: int) -> int:
    """The next price of a ladder behind ``ticks``, away from the front; 0 if there is none."""
    upward = _lowest_first(number)
    prefix = ticks >> _PAGE_BITS
    page = _find(w, Shelf.PAGES, _key(number, 0, prefix))
    if page != 0:
        word = _beyond(row_at(w, Shelf.PAGES, page, PAGE).bits, ticks & _IN_PAGE, upward)
        if word != np.uint64(0):
            return (prefix << _PAGE_BITS) | _nearest(word, upward)
    for storey in range(1, _STOREYS + 1):
        position = prefix & _IN_PAGE
        prefix >>= _PAGE_BITS
        node = _find(w, Shelf.NODES, _key(number, storey, prefix))
        if node != 0:
            word = _beyond(row_at(w, Shelf.NODES, node, PAGE).bits, position, upward)
            if word != np.uint64(0):
                return _descend(w, number, storey - 1, (prefix << _PAGE_BITS) | _nearest(word, upward), upward)
    return 0


@rule
def _descend(w: Any, number: int, storey: int, prefix: int, upward: bool) -> int:
    """The front price below a node, or on a page, known to hold one."""
    while storey > 0:
        node = _find(w, Shelf.NODES, _key(number, storey, prefix))
        prefix = (prefix << _PAGE_BITS) | _nearest(row_at(w, Shelf.NODES, node, PAGE).bits, upward)
        storey -= 1
    page = _find(w, Shelf.PAGES, _key(number, 0, prefix))
    return (prefix << _PAGE_BITS) | _nearest(row_at(w, Shelf.PAGES, page, PAGE).bits, upward)


@rule(inline=True)
def enqueue(w: Any, shelf: int, dtype: Any, number: int, at: int, ticks: int, lots: int) -> None:
    """Put a row (with fields ``next``, ``prev``, ``level``) last in the queue of its price."""
    index = _open_level(w, number, ticks)
    level = level_at(w, index)
    row = row_at(w, shelf, at, dtype)
    row.level = index
    row.next = 0
    row.prev = level.tail
    if level.tail == 0:
        level.head = at
    else:
        row_at(w, shelf, level.tail, dtype).next = at
    level.tail = at
    level.lots += lots
    front = front_at(w, number)
    if front.level == 0 or (ticks < front.ticks if _lowest_first(number) else ticks > front.ticks):
        front.ticks = ticks
        front.level = index


@rule(inline=True)
def dequeue(w: Any, shelf: int, dtype: Any, number: int, at: int, lots: int) -> None:
    """Take a row out of its queue. ``lots`` are what it still counted for in its level."""
    row = row_at(w, shelf, at, dtype)
    index = row.level
    level = level_at(w, index)
    if row.prev == 0:
        level.head = row.next
    else:
        row_at(w, shelf, row.prev, dtype).next = row.next
    if row.next == 0:
        level.tail = row.prev
    else:
        row_at(w, shelf, row.next, dtype).prev = row.prev
    level.lots -= lots
    row.level = 0
    if level.head == 0:
        _retire(w, number, index)


@rule
def _retire(w: Any, number: int, index: int) -> None:
    """A level has emptied: the front moves on if it was the front, and its bit goes."""
    front = front_at(w, number)
    if front.level == index:
        ticks = next_price(w, number, front.ticks)
        front.ticks = ticks
        front.level = level_of(w, number, ticks) if ticks != 0 else 0
    _close_level(w, index)
