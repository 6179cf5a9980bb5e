"""A World: one block of memory with all tables of a running market, and what can be done with it as a whole.

It can be cloned, hashed, saved to one file and restored to the same hash, and grown without changing anything
that happens in it. What it does stands in ``advance``.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.instrument import Form
from shortdesk.market.accounts import link_leg
from shortdesk.market.advance import advance, obey_all
from shortdesk.market.book import link_order
from shortdesk.market.carry_out import make_block
from shortdesk.market.entry import Halt
from shortdesk.market.ladder import HIGHEST_TICKS, LADDERS, link_page
from shortdesk.market.ledger import link_balance
from shortdesk.market.note import Detail
from shortdesk.market.pool_rows import chain_row, tick_row
from shortdesk.market.tables import (
    PAGE,
    SHELF,
    SHELF_BYTES,
    TABLES,
    Shelf,
    account_at,
    clock_of,
    instrument_at,
    order_at,
    row_at,
    rows_of,
    shelf_at,
)
from shortdesk.market.ticks import link_tick
from shortdesk.market.wire import send

__all__ = ["Capacity", "World", "bare_world", "laid_out"]

_LINE = 64
_FIRST_ROWS = 16
_MAGIC = "shortdesk world"
_VERSION = 3
_JOURNAL_FIELDS = (
    "journal_seq",
    "journal_count",
    "detail",
    "cause",
    "mechanism",
    "halt",
    "refusal",
    "full_table",
)
"""Fields of the clock that say how a run is written down, not what the market is."""

_BUCKETS = {
    Shelf.LEG_BUCKETS: Shelf.LEGS,
    Shelf.ORDER_BUCKETS: Shelf.ORDERS,
    Shelf.PAGE_BUCKETS: Shelf.PAGES,
    Shelf.NODE_BUCKETS: Shelf.NODES,
    Shelf.BALANCE_BUCKETS: Shelf.BALANCES,
    Shelf.TICK_BUCKETS: Shelf.TICKS,
}


@dataclass(frozen=True, kw_only=True)
class Capacity:
    """How many rows each table may hold; row 0, which is nobody, comes on top."""

    venues: int = 4
    instruments: int = 8
    accounts: int = 1_000
    legs: int = 2_000
    orders: int = 20_000
    pages: int = 2_000
    nodes: int = 4_000
    assets: int = 8
    balances: int = 2_000
    cases: int = 500
    tiers: int = 200
    lending: int = 8
    loans: int = 200
    links: int = 200
    messages: int = 1_000
    members: int = 40
    pools: int = 0
    positions: int = 0
    ticks: int = 0
    words: int = 0
    chains: int = 0
    transactions: int = 0
    journal_rows: int = 50_000

    def rows(self, shelf: Shelf) -> int:
        """How many rows a table gets."""
        if shelf in (Shelf.CLOCK, Shelf.HAND, Shelf.TOLD):
            return 1
        if shelf in _BUCKETS:
            return 1 << (2 * self.rows(_BUCKETS[shelf]) - 1).bit_length()
        if shelf == Shelf.FRONTS:
            return (self.instruments + 1) * LADDERS
        if shelf == Shelf.LEVELS:
            return (self.pages + 1) * 64
        if shelf in (Shelf.TERMS, Shelf.PRICING):
            return self.instruments + 1
        if shelf == Shelf.JOURNAL:
            return self.journal_rows
        if shelf == Shelf.INBOX:
            return self.messages + 1
        if shelf == Shelf.PLACES:
            return self.transactions + 1
        return int(getattr(self, shelf.name.lower())) + 1

    def with_more(self, shelf: Shelf) -> Capacity:
        """Twice as many rows in one table, or a few where there were none."""
        name = shelf.name.lower()
        return dataclasses.replace(self, **{name: 2 * int(getattr(self, name)) or _FIRST_ROWS})


class World:
    """All tables of a running market. ``block`` is what rules and kernels call ``w``."""

    def __init__(self, capacity: Capacity) -> None:
        for field in dataclasses.fields(capacity):
            value = getattr(capacity, field.name)
            least = 0 if field.default == 0 else 1
            if not least <= value < 1 << 31:
                raise UsageError(f"capacity of {field.name} is {value}; expected {least} to {(1 << 31) - 1}")
        self.capacity = capacity
        self.block = laid_out([(capacity.rows(shelf), TABLES[shelf].itemsize) for shelf in Shelf])

    def table(self, shelf: Shelf) -> NDArray[Any]:
        """One table as a numpy array that looks into the block."""
        place = shelf_at(self.block, shelf)
        rows: NDArray[Any] = self.block[place.start : place.end].view(TABLES[shelf])
        return rows

    def used_rows(self, shelf: Shelf) -> int:
        """How many rows of a table, row 0 included, may hold something."""
        if shelf in (Shelf.CLOCK, Shelf.FRONTS, Shelf.TERMS, Shelf.PRICING):
            return int(rows_of(self.block, shelf))
        if shelf == Shelf.HAND:
            # What it held last depends on where the journal happened to be full.
            return int(clock_of(self.block).hand_is_busy != 0)
        if shelf == Shelf.PLACES:
            return int(chain_row(self.block, int(clock_of(self.block).block_chain)).places)
        if shelf == Shelf.LEVELS:
            return 64 * (int(shelf_at(self.block, Shelf.PAGES).used) + 1)
        if shelf in _BUCKETS or shelf in (Shelf.TOLD, Shelf.JOURNAL):
            return 0
        return int(shelf_at(self.block, shelf).used) + 1

    def clone(self) -> World:
        """The same World again, independent of this one."""
        other = object.__new__(World)
        other.capacity = self.capacity
        other.block = _aligned(len(self.block))
        other.block[:] = self.block
        return other

    def digest(self) -> str:
        """Sixteen hex digits over everything the market is; how much room it has and how it is indexed do not count."""
        found = hashlib.sha256()
        for shelf in Shelf:
            rows = self.table(shelf)[: self.used_rows(shelf)]
            place = shelf_at(self.block, shelf)
            if shelf == Shelf.TRANSACTIONS:
                # Where a transaction lies decides nothing, and one that was refused leaves no trace.
                rows = rows[rows["act"] != 0]
                found.update(f"{shelf.name} {place.live}".encode())
            else:
                found.update(f"{shelf.name} {place.used} {place.free} {place.live}".encode())
            for name in rows.dtype.names or ():
                if name == "chain" or (shelf == Shelf.CLOCK and name in _JOURNAL_FIELDS):
                    continue
                found.update(np.ascontiguousarray(rows[name]).tobytes())
        return found.hexdigest()[:16]

    def save(self, path: Path) -> None:
        """Write the World to one file."""
        head = {
            "format": _MAGIC,
            "version": _VERSION,
            "digest": self.digest(),
            "capacity": dataclasses.asdict(self.capacity),
            "widths": [TABLES[shelf].itemsize for shelf in Shelf],
        }
        with path.open("wb") as file:
            file.write(msgspec.json.encode(head) + b"\n")
            file.write(self.block[:SHELF_BYTES].tobytes())
            for shelf in Shelf:
                file.write(self.table(shelf)[: self.used_rows(shelf)].tobytes())

    @classmethod
    def load(cls, path: Path) -> World:
        """Read a World back.

        Raises:
            InputError: the file is not a saved World, is of another version, or is damaged.
        """
        content = path.read_bytes()
        line, _, body = content.partition(b"\n")
        try:
            head = msgspec.json.decode(line)
            capacity = Capacity(**head["capacity"])
            known = head["format"] == _MAGIC and head["version"] == _VERSION
            known = known and head["widths"] == [TABLES[shelf].itemsize for shelf in Shelf]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise InputError("this is not a saved World", str(path)) from None
        if not known:
            raise InputError("this World was saved by another version of shortdesk", str(path))
        world = cls(capacity)
        shelves = np.frombuffer(body[:SHELF_BYTES].ljust(SHELF_BYTES, b"\0"), SHELF)
        at = SHELF_BYTES
        for shelf in Shelf:
            place = shelf_at(world.block, shelf)
            place.used, place.free, place.live = (int(shelves[shelf][name]) for name in ("used", "free", "live"))
        for shelf in Shelf:
            count = world.used_rows(shelf)
            width = TABLES[shelf].itemsize
            part = body[at : at + count * width]
            if count > rows_of(world.block, shelf) or len(part) != count * width:
                raise InputError("the file ends early or is damaged", str(path))
            world.table(shelf)[:count] = np.frombuffer(part, TABLES[shelf])
            at += count * width
        index_anew(world.block)
        if world.digest() != head["digest"]:
            raise InputError("the content does not match its digest", str(path))
        return world

    def grown(self, capacity: Capacity) -> World:
        """The same World with more room.

        Raises:
            UsageError: a table would not hold what is in it.
        """
        other = World(capacity)
        for shelf in Shelf:
            mine, place = shelf_at(self.block, shelf), shelf_at(other.block, shelf)
            count = self.used_rows(shelf)
            if shelf == Shelf.JOURNAL:
                count = int(clock_of(self.block).journal_count)
            if count > place.rows:
                raise UsageError(f"{shelf.name.lower()} hold {count - 1} rows; {place.rows - 1} are too few")
            place.used, place.free, place.live = mine.used, mine.free, mine.live
            other.table(shelf)[:count] = self.table(shelf)[:count]
        index_anew(other.block)
        return other

    def grow(self, shelf: Shelf) -> None:
        """Give one table twice its room, in place."""
        other = self.grown(self.capacity.with_more(shelf))
        self.capacity, self.block = other.capacity, other.block

    def take_journal(self) -> NDArray[Any]:
        """The journal rows written since they were last taken."""
        clock = clock_of(self.block)
        rows = self.table(Shelf.JOURNAL)[: int(clock.journal_count)].copy()
        clock.journal_count = 0
        return rows

    def obey(self, commands: NDArray[Any], *, grows: bool = True) -> NDArray[Any]:
        """Obey a table of commands to its end; the journal rows they caused.

        Raises:
            UsageError: a table is full and ``grows`` is False; the World stands where it stopped.
        """
        at, pieces = 0, []
        while True:
            at = int(obey_all(self.block, commands, at))
            pieces.append(self.take_journal())
            if self.is_done(grows):
                return np.concatenate(pieces)

    def send(self, commands: NDArray[Any], *, grows: bool = True) -> None:
        """Send a table of commands at their times; each arrives when its link has carried it (``wire``).

        Raises:
            UsageError: the inbox is full and ``grows`` is False; what was sent before is under way.
        """
        at = int(send(self.block, commands, 0))
        while not self.is_done(grows):
            at = int(send(self.block, commands, at))

    def advance(self, until_ns: int, *, grows: bool = True) -> NDArray[Any]:
        """Let time pass up to ``until_ns`` and obey what arrives; the journal rows that it caused.

        Raises:
            UsageError: a table is full and ``grows`` is False; what was not obeyed is still under way.
        """
        pieces = []
        while True:
            advance(self.block, until_ns)
            pieces.append(self.take_journal())
            if self.is_done(grows):
                return np.concatenate(pieces)

    def is_done(self, grows: bool) -> bool:
        """Whether the last call came to its end; a block that was due is made, and where a table was full is more room.

        Raises:
            UsageError: a table is full and ``grows`` is False.
        """
        clock = clock_of(self.block)
        is_done = clock.halt == Halt.DONE
        if clock.halt == Halt.BLOCK_DUE:
            make_block(self.block)
        halt = int(clock.halt)
        if halt == Halt.TABLE_FULL:
            full = Shelf(int(clock_of(self.block).full_table))
            if not grows:
                raise UsageError(f"the table of {full.name.lower()} is full; give the World more room")
            self.grow(full)
        return bool(is_done)


def bare_world(capacity: Capacity, detail: int = Detail.MONEY) -> World:
    """A World with one venue, one account and one bare instrument: a book in which nobody's money moves."""
    world = World(capacity)
    for shelf in (Shelf.VENUES, Shelf.INSTRUMENTS, Shelf.ACCOUNTS):
        place = shelf_at(world.block, shelf)
        place.used = place.live = 1
    instrument = instrument_at(world.block, 1)
    instrument.venue = 1
    instrument.form = Form.LINEAR
    instrument.factor = 1
    instrument.highest_ticks = HIGHEST_TICKS
    instrument.highest_lots = 1 << 40
    account_at(world.block, 1).venue = 1
    clock_of(world.block).detail = detail
    return world


def _aligned(size: int) -> NDArray[np.uint8]:
    """Zeroed bytes that begin on a cache line."""
    raw = np.zeros(size + _LINE, np.uint8)
    offset = -raw.ctypes.data % _LINE
    return raw[offset : offset + size]


def laid_out(sizes: Sequence[tuple[int, int]]) -> NDArray[np.uint8]:
    """A block of empty tables, each given as how many rows it has and how wide one is, behind their shelf rows."""
    places = []
    at = -(-SHELF.itemsize * len(sizes) // _LINE) * _LINE
    for rows, width in sizes:
        places.append((at, at + rows * width))
        at = -(-(at + rows * width) // _LINE) * _LINE
    block = _aligned(at)
    for shelf, (start, end) in enumerate(places):
        place = shelf_at(block, shelf)
        place.start, place.end, place.rows = start, end, sizes[shelf][0]
    return block


@kernel
def index_anew(w: Any) -> None:
    """Fill the buckets of every table from its rows; the buckets must be empty."""
    for at in range(1, shelf_at(w, Shelf.LEGS).used + 1):
        link_leg(w, at)
    for at in range(1, shelf_at(w, Shelf.BALANCES).used + 1):
        link_balance(w, at)
    for at in range(1, shelf_at(w, Shelf.TICKS).used + 1):
        if tick_row(w, at).pool != 0:
            link_tick(w, at)
    for at in range(1, shelf_at(w, Shelf.ORDERS).used + 1):
        if order_at(w, at).leg != 0:
            link_order(w, at)
    for at in range(1, shelf_at(w, Shelf.PAGES).used + 1):
        if row_at(w, Shelf.PAGES, at, PAGE).bits != np.uint64(0):
            link_page(w, Shelf.PAGES, at)
    for at in range(1, shelf_at(w, Shelf.NODES).used + 1):
        if row_at(w, Shelf.NODES, at, PAGE).bits != np.uint64(0):
            link_page(w, Shelf.NODES, at)
