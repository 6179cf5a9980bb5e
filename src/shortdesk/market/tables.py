"""The tables of a World: their rows, and how they lie in one block of memory.

A World is one block of bytes, written ``w`` in every rule. A clone is one copy, a file one write, a rule
takes one argument, and nothing is counted by reference. The first rows of the block (``SHELF``) say where
each table lies, how many rows it has and which are free. ``order_at(w, 7)`` is the seventh order.

Row 0 of every table is nobody: 0 means none in every link, and a block of zeros is an empty World.
No field is named like an attribute of a numpy array.
"""

from __future__ import annotations

import os
from enum import IntEnum
from typing import Any

import numpy as np

from shortdesk.ground.compile import element, fetch_early, interpreted, rule
from shortdesk.ground.journal import ROW
from shortdesk.margin.tables import TERMS, TIER
from shortdesk.market.command import COMMAND
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.money_tables import ACCOUNT, ASSET, BALANCE, CASE, LEG, VENUE
from shortdesk.market.pool_tables import CHAIN, PLACE, POOL, POSITION, TICK, TRANSACTION, WORD
from shortdesk.market.pricing_tables import MEMBER, PRICING
from shortdesk.market.row_type import row_type
from shortdesk.market.wire_tables import INBOX, LINK

__all__ = [
    "ACCOUNT",
    "BALANCE",
    "BUCKET",
    "CASE",
    "CHECKED",
    "CLOCK",
    "FORESEES",
    "FRONT",
    "HAND",
    "INSTRUMENT",
    "JOURNAL_ROW",
    "LEG",
    "LEVEL",
    "ORDER",
    "PAGE",
    "SHELF",
    "SHELF_BYTES",
    "Shelf",
    "TABLES",
    "VENUE",
    "account_at",
    "balance_at",
    "case_of",
    "clock_of",
    "expect_row",
    "front_at",
    "hand_of",
    "has_room",
    "instrument_at",
    "leg_at",
    "level_at",
    "order_at",
    "put_back",
    "row_at",
    "rows_of",
    "shelf_at",
    "take_row",
    "terms_at",
    "told_of",
    "venue_at",
]


class Shelf(IntEnum):
    """The tables in the order in which they lie in the block. Buckets follow the table they find rows of."""

    CLOCK = 0
    HAND = 1
    TOLD = 2
    VENUES = 3
    INSTRUMENTS = 4
    ACCOUNTS = 5
    LEGS = 6
    LEG_BUCKETS = 7
    ORDERS = 8
    ORDER_BUCKETS = 9
    FRONTS = 10
    LEVELS = 11
    PAGES = 12
    PAGE_BUCKETS = 13
    NODES = 14
    NODE_BUCKETS = 15
    ASSETS = 16
    BALANCES = 17
    BALANCE_BUCKETS = 18
    TERMS = 19
    TIERS = 20
    LENDING = 21
    LOANS = 22
    LINKS = 23
    INBOX = 24
    MESSAGES = 25
    CASES = 26
    MEMBERS = 27
    PRICING = 28
    POOLS = 29
    POSITIONS = 30
    TICKS = 31
    TICK_BUCKETS = 32
    WORDS = 33
    CHAINS = 34
    TRANSACTIONS = 35
    PLACES = 36
    JOURNAL = 37


SHELF = row_type(
    ("start", "<i8"),  # first byte of the table in the block
    ("end", "<i8"),  # first byte behind it
    ("rows", "<i8"),  # how many rows it has, row 0 included
    ("used", "<i8"),  # rows 1 to used have been handed out at least once
    ("free", "<i8"),  # first row given back; the others hang on its ``chain``
    ("live", "<i8"),  # rows in use now
)

CLOCK = row_type(
    ("now_ns", "<i8"),
    ("first_restless", "<i8"),  # instruments whose prices moved since parked orders were last asked
    ("halt", "<i8"),  # Halt: why the last call came back
    ("refusal", "<i8"),  # of the last command, 0 if it was taken
    ("full_table", "<i8"),  # the Shelf that had no row left
    ("hand_is_busy", "<i8"),  # an order waits half traded for room
    ("journal_seq", "<i8"),  # number of the next journal row
    ("journal_count", "<i8"),  # rows in the buffer since it was last emptied
    ("detail", "<i8"),  # Detail: how much the journal is told
    ("cause", "<i8"),  # the row that made what happens now
    ("mechanism", "<i8"),  # who acts now
    ("first_sick_loan", "<i8"),  # loans that wait for their buy-in or liquidation
    ("message_seq", "<i8"),  # number of the next message on the wire
    ("paying_instrument", "<i8"),  # whose funding is being paid, and the leg it stopped at
    ("paying_leg", "<i8"),
    ("first_touched", "<i8"),  # balances that changed since they were last asked
    ("block_due_ns", "<i8"),  # when the next block of any chain comes; 0 where there is no chain
    ("block_chain", "<i8"),  # the chain whose block is being carried out
)

HAND = row_type(
    ("limit_ticks", "<i8"),
    ("client_id", "<i8"),
    ("lots", "<i8"),
    ("cause", "<i8"),
    ("instrument", "<i4"),
    ("leg", "<i4"),
    ("peak_lots", "<i4"),
    ("side", "<u1"),
    ("traits", "<u2"),
    ("self_trade", "<u1"),
    ("mechanism", "<u1"),
    ("is_immediate", "<u1"),
)

INSTRUMENT = row_type(
    ("factor", "<i8"),  # units per tick and lot; inverse: units times ticks per lot
    ("highest_ticks", "<i8"),
    ("highest_lots", "<i8"),
    ("bound_ppm", "<i8"),  # how far from its reference a market order may trade
    ("band_ppm", "<i8"),  # how far from the mark a limit may stand; 0 for anywhere
    ("last_ticks", "<i8"),
    ("mark_ticks", "<i8"),
    ("fills", "<i8"),
    ("traded_lots", "<i8"),
    ("turnover_tick_lots", "<i8"),
    ("open_lots", "<i8"),  # lots held long, which are as many as lots held short
    ("taker_rate", "<i8"),  # out of the venue's fee_one
    ("maker_rate", "<i8"),
    ("liquidation_rate", "<i8"),
    ("mark_row", "<i8"),  # the journal row that moved the mark last
    ("base_units", "<i8"),  # spot: units of the base asset in one lot
    ("most_counted", "<i8"),  # spot: so many units of the base count as one account's collateral at most
    ("venue", "<i4"),
    ("settle_asset", "<i4"),  # 0: a bare book, in which nobody's money moves
    ("base_asset", "<i4"),  # spot
    ("clearing", "<i4"),  # balances of the venue in the settlement asset
    ("fee_income", "<i4"),
    ("first_tier", "<i4"),
    ("tier_count", "<i4"),
    ("restless_next", "<i4"),
    ("link", "<i4"),  # that its marks and index prices come over
    ("pool", "<i4"),  # what it is traded in instead of a book
    ("haircut_ppm", "<i4"),  # spot: the part of its base's worth that does not count as collateral
    ("exchange_ppm", "<i4"),  # spot: the part of it at which the venue takes the base for a minus; 0: no collateral
    ("form", "<u1"),  # Form
    ("bound_from", "<u1"),  # BoundFrom
    ("amend_rule", "<u1"),  # AmendRule
    ("is_halted", "<u1"),
    ("has_new_mark", "<u1"),
    ("is_restless", "<u1"),
)

ORDER = row_type(
    ("client_id", "<i8"),  # its owner's number for it, once among the owner's live orders
    ("price_ticks", "<i8"),  # limit; of a parked stop: its trigger
    ("lots", "<i8"),  # what is left; of an iceberg: what is left of the part that shows
    ("extra", "<i8"),  # iceberg: hidden lots and peak; parked stop: the limit it will have
    ("next", "<i4"),  # behind it in the queue of its level
    ("prev", "<i4"),
    ("level", "<i4"),  # 0 while it does not rest
    ("chain", "<i4"),  # next with the same bucket of client ids; next free row
    ("leg", "<i4"),  # 0 for a free row
    ("leg_next", "<i4"),  # the leg's other orders
    ("leg_prev", "<i4"),
    ("side", "<u1"),
    ("mechanism", "<u1"),
    ("traits", "<u2"),
)

FRONT = row_type(("ticks", "<i8"), ("level", "<i8"))
LEVEL = row_type(("head", "<i4"), ("tail", "<i4"), ("lots", "<i8"))
PAGE = row_type(("key", "<i8"), ("bits", "<u8"), ("chain", "<i4"))
JOURNAL_ROW = np.dtype((np.record, ROW))
BUCKET = row_type(("first", "<i4"))

TABLES: dict[Shelf, Any] = {
    Shelf.CLOCK: CLOCK,
    Shelf.HAND: HAND,
    Shelf.TOLD: COMMAND,
    Shelf.VENUES: VENUE,
    Shelf.INSTRUMENTS: INSTRUMENT,
    Shelf.ACCOUNTS: ACCOUNT,
    Shelf.LEGS: LEG,
    Shelf.LEG_BUCKETS: BUCKET,
    Shelf.ORDERS: ORDER,
    Shelf.ORDER_BUCKETS: BUCKET,
    Shelf.FRONTS: FRONT,
    Shelf.LEVELS: LEVEL,
    Shelf.PAGES: PAGE,
    Shelf.PAGE_BUCKETS: BUCKET,
    Shelf.NODES: PAGE,
    Shelf.NODE_BUCKETS: BUCKET,
    Shelf.ASSETS: ASSET,
    Shelf.BALANCES: BALANCE,
    Shelf.BALANCE_BUCKETS: BUCKET,
    Shelf.CASES: CASE,
    Shelf.TERMS: TERMS,
    Shelf.TIERS: TIER,
    Shelf.LENDING: LENDING,
    Shelf.LOANS: LOAN,
    Shelf.LINKS: LINK,
    Shelf.INBOX: INBOX,
    Shelf.MESSAGES: COMMAND,
    Shelf.MEMBERS: MEMBER,
    Shelf.PRICING: PRICING,
    Shelf.POOLS: POOL,
    Shelf.POSITIONS: POSITION,
    Shelf.TICKS: TICK,
    Shelf.TICK_BUCKETS: BUCKET,
    Shelf.WORDS: WORD,
    Shelf.CHAINS: CHAIN,
    Shelf.TRANSACTIONS: TRANSACTION,
    Shelf.PLACES: PLACE,
    Shelf.JOURNAL: JOURNAL_ROW,
}
"""The row type of every table."""

SHELF_BYTES = SHELF.itemsize * len(Shelf)
CHECKED = os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")
"""Whether every row number is checked against its table."""
FORESEES = not interpreted()
"""Whether rows are asked of the memory before their turn; interpreted that would only take time."""


@rule(inline=True)
def row_at(w: Any, shelf: int, at: int, dtype: Any) -> Any:
    """One row of a table."""
    if CHECKED and not 0 <= at < rows_of(w, shelf):
        raise IndexError("row outside its table")
    return element(w, element(w, 0, shelf, SHELF).start, at, dtype)


@rule(inline=True)
def expect_row(w: Any, shelf: int, at: int, dtype: Any) -> None:
    """Have a row brought near that will soon be looked at; whether there is such a row does not matter."""
    fetch_early(w, element(w, 0, shelf, SHELF).start, at, dtype)


@rule(inline=True)
def rows_of(w: Any, shelf: int) -> int:
    """How many rows a table has, row 0 included."""
    return int(element(w, 0, shelf, SHELF).rows)


@rule(inline=True)
def shelf_at(w: Any, shelf: int) -> Any:
    """Where a table lies and what is free of it."""
    return element(w, 0, shelf, SHELF)


@rule(inline=True)
def has_room(w: Any, shelf: int, wanted: int) -> bool:
    """Whether ``wanted`` more rows can be taken from a table."""
    place = shelf_at(w, shelf)
    return bool(place.rows - 1 - place.live >= wanted)


@rule(inline=True)
def take_row(w: Any, shelf: int, dtype: Any) -> int:
    """A free row: the one given back last, else the next never used. The caller asked ``has_room``."""
    place = shelf_at(w, shelf)
    at = place.free
    if at != 0:
        place.free = row_at(w, shelf, at, dtype).chain
    else:
        place.used += 1
        at = place.used
    place.live += 1
    return int(at)


@rule(inline=True)
def put_back(w: Any, shelf: int, at: int, dtype: Any) -> None:
    """Give a row back."""
    place = shelf_at(w, shelf)
    row_at(w, shelf, at, dtype).chain = place.free
    place.free = at
    place.live -= 1


@rule(inline=True)
def clock_of(w: Any) -> Any:
    """The one row of what holds for the whole World: time, journal, who acts."""
    return row_at(w, Shelf.CLOCK, 0, CLOCK)


@rule(inline=True)
def hand_of(w: Any) -> Any:
    """The order that waits half traded until the journal has room again."""
    return row_at(w, Shelf.HAND, 0, HAND)


@rule(inline=True)
def told_of(w: Any) -> Any:
    """The one command that was told as plain numbers, while it is obeyed."""
    return row_at(w, Shelf.TOLD, 0, COMMAND)


@rule(inline=True)
def venue_at(w: Any, at: int) -> Any:
    """A venue."""
    return row_at(w, Shelf.VENUES, at, VENUE)


@rule(inline=True)
def instrument_at(w: Any, at: int) -> Any:
    """An instrument."""
    return row_at(w, Shelf.INSTRUMENTS, at, INSTRUMENT)


@rule(inline=True)
def account_at(w: Any, at: int) -> Any:
    """An account."""
    return row_at(w, Shelf.ACCOUNTS, at, ACCOUNT)


@rule(inline=True)
def leg_at(w: Any, at: int) -> Any:
    """An account's leg in one instrument: its position and its orders."""
    return row_at(w, Shelf.LEGS, at, LEG)


@rule(inline=True)
def balance_at(w: Any, at: int) -> Any:
    """An account's units of an asset, or the margin of one of its isolated legs."""
    return row_at(w, Shelf.BALANCES, at, BALANCE)


@rule(inline=True)
def case_of(w: Any, balance: int) -> Any:
    """The liquidation of a balance; row 0, nobody's, where there is none."""
    return row_at(w, Shelf.CASES, balance_at(w, balance).case, CASE)


@rule(inline=True)
def terms_at(w: Any, instrument: int) -> Any:
    """How an instrument's margin is computed."""
    return row_at(w, Shelf.TERMS, instrument, TERMS)


@rule(inline=True)
def order_at(w: Any, at: int) -> Any:
    """An order that rests or is parked."""
    return row_at(w, Shelf.ORDERS, at, ORDER)


@rule(inline=True)
def front_at(w: Any, at: int) -> Any:
    """The price that a ladder serves first."""
    return row_at(w, Shelf.FRONTS, at, FRONT)


@rule(inline=True)
def level_at(w: Any, at: int) -> Any:
    """The queue of one price."""
    return row_at(w, Shelf.LEVELS, at, LEVEL)
