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

from shortdesk.ground.compile import element, rule
from shortdesk.ground.journal import ROW
from shortdesk.market.command import COMMAND

__all__ = [
    "ACCOUNT",
    "BALANCE",
    "BUCKET",
    "CHECKED",
    "CLOCK",
    "FRONT",
    "HAND",
    "INBOX",
    "INSTRUMENT",
    "JOURNAL_ROW",
    "LEG",
    "LENDER",
    "LEVEL",
    "LINK",
    "LOAN",
    "MEMBER",
    "ORDER",
    "PAGE",
    "SHELF",
    "SHELF_BYTES",
    "Shelf",
    "TABLES",
    "TIER",
    "VENUE",
    "account_at",
    "balance_at",
    "clock_of",
    "front_at",
    "hand_of",
    "has_room",
    "inbox_at",
    "instrument_at",
    "leg_at",
    "lender_at",
    "level_at",
    "link_at",
    "loan_at",
    "member_at",
    "message_at",
    "order_at",
    "put_back",
    "row_at",
    "rows_of",
    "shelf_at",
    "take_row",
    "tier_at",
    "venue_at",
]


def _row(*fields: tuple[str, str]) -> Any:
    """A record type whose rows read like prose (``order.lots``), aligned to its widest field."""
    return np.dtype((np.record, np.dtype(list(fields), align=True)))


class Shelf(IntEnum):
    """The tables in the order in which they lie in the block. Buckets follow the table they find rows of."""

    CLOCK = 0
    HAND = 1
    VENUES = 2
    INSTRUMENTS = 3
    TIERS = 4
    ACCOUNTS = 5
    BALANCES = 6
    BALANCE_BUCKETS = 7
    LEGS = 8
    LEG_BUCKETS = 9
    ORDERS = 10
    ORDER_BUCKETS = 11
    FRONTS = 12
    LEVELS = 13
    PAGES = 14
    PAGE_BUCKETS = 15
    NODES = 16
    NODE_BUCKETS = 17
    LOANS = 18
    LENDERS = 19
    MEMBERS = 20
    LINKS = 21
    MESSAGES = 22
    INBOX = 23
    JOURNAL = 24


SHELF = _row(
    ("start", "<i8"),  # first byte of the table in the block
    ("end", "<i8"),  # first byte behind it
    ("rows", "<i8"),  # how many rows it has, row 0 included
    ("used", "<i8"),  # rows 1 to used have been handed out at least once
    ("free", "<i8"),  # first row given back; the others hang on its ``chain``
    ("live", "<i8"),  # rows in use now
)

CLOCK = _row(
    ("now_ns", "<i8"),
    ("horizon_ns", "<i8"),
    ("sequence", "<i8"),  # number of the next command in the inbox
    ("seed", "<i8"),  # of every keyed draw
    ("first_restless", "<i8"),  # instruments whose prices moved since stops and positions were last asked
    ("halt", "<i8"),  # Halt: why the last call came back
    ("refusal", "<i8"),  # of the last command, 0 if it was taken
    ("full_table", "<i8"),  # the Shelf that had no row left
    ("asks_everybody", "<i8"),  # 1: no trigger index, every leg is asked at every tick (the slow twin)
    ("asked", "<i8"),  # how many times Risk was asked whether somebody dies
    ("hand_is_busy", "<i8"),  # an order waits half traded for room
    ("journal_seq", "<i8"),  # number of the next journal row
    ("journal_count", "<i8"),  # rows in the buffer since it was last emptied
    ("detail", "<i8"),  # Detail: how much the journal is told
    ("cause", "<i8"),  # the row that made what happens now
    ("mechanism", "<i8"),  # who acts now
)

HAND = _row(
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

VENUE = _row(
    ("step_wait_ns", "<i8"),  # between two steps of one liquidation
    ("threshold_units", "<i8"),  # worth above which the first step is a fraction
    ("fraction_ppm", "<i8"),  # of the first step
    ("backstop_ppm", "<i8"),  # equity below this part of maintenance goes to the backstop
    ("portion_ppm", "<i8"),  # largest part of a position in one step
    ("smallest_units", "<i8"),  # worth below which a step takes everything
    ("spread_to_maintenance_ppm", "<i8"),  # the fillable price
    ("bankruptcy_adjustment_ppm", "<i8"),
    ("adl_beyond_ppm", "<i8"),  # deleverage at mark where bankruptcy is further from it than this; 0 never
    ("close_factor_ppm", "<i8"),  # of a debt that one call may repay
    ("close_everything_ppm", "<i8"),  # health below which everything may be repaid
    ("bonus_bps", "<i8"),  # 10500: five per cent
    ("protocol_fee_bps", "<i8"),
    ("fee_account", "<i4"),
    ("clearing_account", "<i4"),
    ("insurance_account", "<i4"),
    ("deficit_account", "<i4"),
    ("outside_account", "<i4"),  # where deposits come from
    ("pool_account", "<i4"),  # the lending pools
    ("tiers_down", "<i4"),
    ("last_taken", "<i4"),
    ("liquidation_form", "<u1"),  # LiquidationForm
    ("cover", "<u1"),  # Cover bits
    ("adl_rank", "<u1"),  # AdlRank
    ("adl_price", "<u1"),  # AdlPrice
    ("hour_form", "<u1"),  # HourForm
    ("is_down", "<u1"),
)

INSTRUMENT = _row(
    ("factor", "<i8"),  # units per tick and lot; inverse: units times ticks per lot
    ("base_factor", "<i8"),  # spot: units of the base asset per lot
    ("highest_ticks", "<i8"),
    ("highest_lots", "<i8"),
    ("bound_ppm", "<i8"),  # how far from its reference a market order may trade
    ("band_ppm", "<i8"),  # how far from the mark a limit may stand; 0 for anywhere
    ("last_ticks", "<i8"),
    ("mark_ticks", "<i8"),
    ("index_ticks", "<i8"),
    ("rate_one", "<i8"),  # from here the fields of margin's Terms, under their names
    ("fee_rate", "<i8"),
    ("slope", "<i8"),
    ("slope_size", "<i8"),
    ("taker_ppm", "<i8"),
    ("maker_ppm", "<i8"),  # negative: a rebate
    ("liquidation_ppm", "<i8"),
    ("highest_leverage_x100", "<i8"),
    ("loan_debt_rate", "<i8"),  # spot margin: maintenance per debt and per asset, out of rate_one
    ("loan_asset_rate", "<i8"),
    ("loan_initial_rate", "<i8"),
    ("funding_interest", "<i8"),  # rates out of FUNDING_ONE
    ("funding_clamp", "<i8"),
    ("funding_band", "<i8"),
    ("funding_cap", "<i8"),
    ("funding_rate", "<i8"),  # the rate fixed last
    ("funding_hours", "<i8"),
    ("next_funding_ns", "<i8"),
    ("funding_leg", "<i8"),  # the leg that is paid next while a payment runs; 0 when none runs
    ("premium_sum", "<i8"),  # sum of number times sample
    ("premium_count", "<i8"),
    ("impact_lots", "<i8"),
    ("basis_ticks_e6", "<i8"),  # average basis in millionths of a tick
    ("basis_weight_ppm", "<i8"),
    ("mark_band_ppm", "<i8"),
    ("stale_ns", "<i8"),  # index members older than this are left out
    ("member_band_ppm", "<i8"),
    ("tick_ns", "<i8"),  # the venue's clock for index, mark and premium; 0: it has none
    ("fills", "<i8"),
    ("traded_lots", "<i8"),
    ("turnover_tick_lots", "<i8"),
    ("open_lots", "<i8"),  # open interest: the sum of all long positions
    ("dice", "<i8"),  # draws of this instrument so far
    ("venue", "<i4"),
    ("base_asset", "<i4"),
    ("quote_asset", "<i4"),
    ("settle_asset", "<i4"),
    ("clearing_balance", "<i4"),
    ("fee_balance", "<i4"),
    ("insurance_balance", "<i4"),
    ("first_tier", "<i4"),
    ("tier_count", "<i4"),
    ("first_leg", "<i4"),  # all legs of the instrument, the newest first
    ("first_member", "<i4"),
    ("restless_next", "<i4"),
    ("form", "<u1"),  # Form
    ("tier_by", "<u1"),
    ("basis", "<u1"),
    ("initial_basis", "<u1"),
    ("initial_form", "<u1"),
    ("fee_form", "<u1"),
    ("trigger", "<u1"),
    ("funding_form", "<u1"),
    ("premium_form", "<u1"),  # 0 impact prices with their dead zone, 1 their middle
    ("mark_form", "<u1"),
    ("index_form", "<u1"),
    ("bound_from", "<u1"),  # BoundFrom
    ("amend_rule", "<u1"),  # AmendRule
    ("is_halted", "<u1"),
    ("has_accounts", "<u1"),  # 0: a bare book, nobody's money moves
    ("is_restless", "<u1"),
)

TIER = _row(
    ("floor", "<i8"),
    ("cap", "<i8"),
    ("initial_rate", "<i8"),
    ("maintenance_rate", "<i8"),
    ("deduction", "<i8"),
)

ACCOUNT = _row(
    ("venue", "<i4"),
    ("first_leg", "<i4"),
    ("first_balance", "<i4"),
    ("role", "<u1"),  # Role
    ("is_hedged", "<u1"),  # keeps long and short legs apart
    ("is_isolated", "<u1"),  # new legs are isolated
    ("is_connected", "<u1"),
    ("cancels_on_disconnect", "<u1"),
    ("auto_borrows", "<u1"),
    ("risk_state", "<u1"),  # RiskState
)

BALANCE = _row(
    ("units", "<i8"),
    ("account", "<i4"),
    ("asset", "<i4"),
    ("leg", "<i4"),  # of an isolated position's own balance; 0: the account's
    ("chain", "<i4"),
    ("account_next", "<i4"),
    ("loan", "<i4"),  # what the account owes of the asset; 0 nothing
)

LEG = _row(
    ("lots", "<i8"),  # held now, short < 0
    ("open_lots", "<i8"),
    ("open_cost", "<i8"),
    ("buying_lots", "<i8"),  # in open orders that may open
    ("selling_lots", "<i8"),
    ("account", "<i4"),
    ("instrument", "<i4"),
    ("balance", "<i4"),  # whose units stand behind it
    ("first_order", "<i4"),
    ("next", "<i4"),  # in the queue of the price at which it is asked
    ("prev", "<i4"),
    ("level", "<i4"),
    ("chain", "<i4"),
    ("account_next", "<i4"),
    ("instrument_next", "<i4"),
    ("leverage_x100", "<i4"),
    ("hedge", "<u1"),  # 0 both ways, 1 the long leg, 2 the short leg
    ("is_isolated", "<u1"),
    ("watched_on", "<u1"),  # the ladder it waits on; meaningless while level is 0
    ("step", "<u1"),  # of its liquidation; 0 while it lives
    # up to here 96 bytes: what a message touches
    ("carry", "<i8"),
    ("carry_ticks", "<i8"),
    ("due_ns", "<i8"),  # before this no further step
    ("locked_units", "<i8"),  # spot: quote units promised to open buy orders
)

ORDER = _row(
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

FRONT = _row(("ticks", "<i8"), ("level", "<i8"))
LEVEL = _row(("head", "<i4"), ("tail", "<i4"), ("lots", "<i8"))
PAGE = _row(("key", "<i8"), ("bits", "<u8"), ("chain", "<i4"))
JOURNAL_ROW = np.dtype((np.record, ROW))
BUCKET = _row(("first", "<i4"))

LOAN = _row(
    ("owed_units", "<i8"),  # drawn and not yet returned
    ("interest_units", "<i8"),  # charged and not yet paid
    ("opened_ns", "<i8"),
    ("charged_ns", "<i8"),  # interest is charged up to here
    ("recalled_units", "<i8"),  # wanted back by the lender
    ("recall_due_ns", "<i8"),
    ("balance", "<i4"),
    ("lender", "<i4"),
    ("chain", "<i4"),
    ("lender_next", "<i4"),
    ("lender_prev", "<i4"),
    ("instrument", "<i4"),  # where the asset is bought back
)

LENDER = _row(
    ("lent_units", "<i8"),
    ("limit_units", "<i8"),  # that one account may owe; 0 for no limit
    ("optimal", "<i8"),  # utilisation and rates out of FUNDING_ONE
    ("rate_base", "<i8"),
    ("slope_1", "<i8"),
    ("slope_2", "<i8"),
    ("yearly_rate", "<i8"),
    ("venue", "<i4"),
    ("asset", "<i4"),
    ("balance", "<i4"),  # what can still be lent
    ("first_loan", "<i4"),
)

MEMBER = _row(
    ("price_ticks", "<i8"),
    ("weight", "<i8"),
    ("seen_ns", "<i8"),
    ("source", "<i4"),  # an instrument whose last trade it follows; 0: told from outside
    ("instrument_next", "<i4"),
    ("is_frozen", "<u1"),
)

LINK = _row(
    ("base_ns", "<i8"),
    ("jitter_ns", "<i8"),
    ("draws", "<i8"),
    ("account", "<i4"),
    ("venue", "<i4"),
)

INBOX = _row(
    ("time_ns", "<i8"),
    ("turn", "<i8"),  # venue, then number of the command: who comes first at one instant
    ("message", "<i8"),
)

TABLES: dict[Shelf, Any] = {
    Shelf.CLOCK: CLOCK,
    Shelf.HAND: HAND,
    Shelf.VENUES: VENUE,
    Shelf.INSTRUMENTS: INSTRUMENT,
    Shelf.TIERS: TIER,
    Shelf.ACCOUNTS: ACCOUNT,
    Shelf.BALANCES: BALANCE,
    Shelf.BALANCE_BUCKETS: BUCKET,
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
    Shelf.LOANS: LOAN,
    Shelf.LENDERS: LENDER,
    Shelf.MEMBERS: MEMBER,
    Shelf.LINKS: LINK,
    Shelf.MESSAGES: COMMAND,
    Shelf.INBOX: INBOX,
    Shelf.JOURNAL: JOURNAL_ROW,
}
"""The row type of every table."""

SHELF_BYTES = SHELF.itemsize * len(Shelf)
CHECKED = os.environ.get("NUMBA_BOUNDSCHECK", "0") not in ("", "0")
"""Whether every row number is checked against its table."""


@rule(inline=True)
def row_at(w: Any, shelf: int, at: int, dtype: Any) -> Any:
    """One row of a table."""
    if CHECKED and not 0 <= at < rows_of(w, shelf):
        raise IndexError("row outside its table")
    return element(w, element(w, 0, shelf, SHELF).start, at, dtype)


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
def venue_at(w: Any, at: int) -> Any:
    """A venue."""
    return row_at(w, Shelf.VENUES, at, VENUE)


@rule(inline=True)
def instrument_at(w: Any, at: int) -> Any:
    """An instrument."""
    return row_at(w, Shelf.INSTRUMENTS, at, INSTRUMENT)


@rule(inline=True)
def tier_at(w: Any, at: int) -> Any:
    """One tier of a schedule."""
    return row_at(w, Shelf.TIERS, at, TIER)


@rule(inline=True)
def account_at(w: Any, at: int) -> Any:
    """An account."""
    return row_at(w, Shelf.ACCOUNTS, at, ACCOUNT)


@rule(inline=True)
def balance_at(w: Any, at: int) -> Any:
    """How many units of one asset an account, or an isolated position, has."""
    return row_at(w, Shelf.BALANCES, at, BALANCE)


@rule(inline=True)
def leg_at(w: Any, at: int) -> Any:
    """An account's leg in one instrument: its position and its orders."""
    return row_at(w, Shelf.LEGS, at, LEG)


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


@rule(inline=True)
def loan_at(w: Any, at: int) -> Any:
    """What an account owes of one asset."""
    return row_at(w, Shelf.LOANS, at, LOAN)


@rule(inline=True)
def lender_at(w: Any, at: int) -> Any:
    """A lending pool."""
    return row_at(w, Shelf.LENDERS, at, LENDER)


@rule(inline=True)
def member_at(w: Any, at: int) -> Any:
    """A member of an index."""
    return row_at(w, Shelf.MEMBERS, at, MEMBER)


@rule(inline=True)
def link_at(w: Any, at: int) -> Any:
    """The way from an account to a venue."""
    return row_at(w, Shelf.LINKS, at, LINK)


@rule(inline=True)
def message_at(w: Any, at: int) -> Any:
    """A command on its way."""
    return row_at(w, Shelf.MESSAGES, at, COMMAND)


@rule(inline=True)
def inbox_at(w: Any, at: int) -> Any:
    """A place in the heap of what is on its way."""
    return row_at(w, Shelf.INBOX, at, INBOX)
