"""The tables of a Stage: who trades, when each is woken, what prices are worth in the end.

A Stage is one block of bytes, written ``s``, beside the World's ``w`` and laid out like it: the first rows say where
each table lies, row 0 of a table is nobody. Each kind of agent has a table of its own, whose row type stands in the
agent's file; here are the tables that all share. A Stage can be cloned and hashed like a World.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import row_at

__all__ = [
    "AGENT",
    "FEED",
    "GRID",
    "PLAY",
    "SLOT",
    "VALUE",
    "WAKE",
    "AgentKind",
    "Part",
    "agent_at",
    "feed_at",
    "grid_at",
    "play_of",
    "slot_at",
    "value_at",
    "wake_at",
]


class AgentKind(IntEnum):
    """Who is woken; each kind's rule stands in ``agents/``."""

    CLOCK = 1
    """The venue's own clock: index, mark, funding instants, hours of interest."""
    VALUE = 2
    """News: moves what an asset is worth."""
    SHOCK = 3
    """The scenario's list of events."""
    LATENT = 4
    NOISE = 5
    METAORDER = 6
    MAKER = 7
    CROWD = 8
    PYTHON = 9
    """A class of the user's own; the loop comes back to Python for it."""
    ARBITRAGE = 10
    MOMENTUM = 11
    PREDATOR = 12
    BASIS = 13
    HEDGER = 14
    BORROWER = 15
    LENDER = 16
    LIQUIDATOR = 17
    INFORMED = 18
    AMM_LP = 19
    AMM_SWAPPER = 20
    AMM_ARBITRAGE = 21
    AMM_SEARCHER = 22
    TAPE = 23


class Part(IntEnum):
    """The tables in the order in which they lie in the block."""

    PLAY = 0
    PEN = 1
    AGENTS = 2
    WAKES = 3
    VALUES = 4
    SLOTS = 5
    CLOCKS = 6
    NEWS = 7
    SHOCKS = 8
    LATENTS = 9
    NOISES = 10
    METAORDERS = 11
    MAKERS = 12
    CROWDS = 13
    MEMBERS = 14
    QUOTES = 15
    ARBITRAGES = 16
    MOMENTUMS = 17
    PREDATORS = 18
    BASES = 19
    HEDGERS = 20
    BORROWERS = 21
    LENDERS = 22
    LIQUIDATORS = 23
    GRIDS = 24
    FEEDS = 25
    ENDS = 26
    SIGHTS = 27
    RUNGS = 28
    SHORTS = 29
    INFORMED = 30
    AMM_LPS = 31
    AMM_SWAPPERS = 32
    AMM_ARBITRAGES = 33
    AMM_SEARCHERS = 34
    TAPES = 35
    TAPE_POINTS = 36
    TAPE_RATES = 37


PLAY = row_type(
    ("seed", "<i8"),
    ("start_ns", "<i8"),
    ("off_from_ns", "<i8"),  # from when on mechanisms that are switched off are silent
    ("off_mask", "<i8"),  # one bit per Mechanism
    ("woken", "<i8"),  # agents woken so far
    ("sent", "<i8"),  # commands sent so far
    ("stays_from_ns", "<i8"),  # from when on makers never withdraw; 0: they may
)
"""The one row of what holds for the whole Stage."""

AGENT = row_type(
    ("key", "<i8"),  # its own part of the key of its draws
    ("draws", "<i8"),  # draws so far: the counter of the key
    ("next_id", "<i8"),  # client id of its next order
    ("wakes", "<i8"),
    ("kind", "<i4"),  # AgentKind
    ("own", "<i4"),  # its row in its kind's table
    ("mechanism", "<i4"),
    ("population", "<i4"),  # its number in the scenario, from 1
    ("is_away", "<u1"),  # taken out of the play: woken, draws, but does nothing
)
"""Someone who is woken."""

WAKE = row_type(("time_ns", "<i8"), ("agent", "<i8"))
"""One place of the queue of wakes, a binary heap from row 1 on; every agent has one."""

VALUE = row_type(
    ("price", "<f8"),  # in quote per base
    ("base_asset", "<i8"),
)
"""What a base asset is worth to those who know: moved by news, followed by flow."""

GRID = row_type(
    ("tick", "<f8"),  # in quote per base
    ("lot", "<f8"),  # in base
    ("own_value", "<i8"),  # the row of VALUES that says what its base is worth
)
"""What a tick and a lot are worth, for models; row k is instrument k's."""

FEED = row_type(
    ("source", "<i8"),  # instrument whose middle is reported; 0: the value known elsewhere
    ("member", "<i8"),  # number of the index member it speaks for
    ("is_mute", "<i8"),  # says nothing: the member grows old
    ("scale", "<f8"),  # what the coin it quotes in is worth; 1 on its peg
    ("weight", "<f8"),
)
"""Who tells an instrument's index a price."""

SLOT = row_type(
    ("client_id", "<i8"),  # of the order that fills the slot; 0 while it is empty
)
"""A place for one resting order of a population."""


@rule(inline=True)
def play_of(s: Any) -> Any:
    """What holds for the whole Stage."""
    return row_at(s, Part.PLAY, 0, PLAY)


@rule(inline=True)
def agent_at(s: Any, at: int) -> Any:
    """An agent."""
    return row_at(s, Part.AGENTS, at, AGENT)


@rule(inline=True)
def wake_at(s: Any, at: int) -> Any:
    """A place of the queue of wakes."""
    return row_at(s, Part.WAKES, at, WAKE)


@rule(inline=True)
def value_at(s: Any, at: int) -> Any:
    """What an asset is worth."""
    return row_at(s, Part.VALUES, at, VALUE)


@rule(inline=True)
def slot_at(s: Any, at: int) -> Any:
    """A place for an order."""
    return row_at(s, Part.SLOTS, at, SLOT)


@rule(inline=True)
def grid_at(s: Any, instrument: int) -> Any:
    """What an instrument's tick and lot are worth."""
    return row_at(s, Part.GRIDS, instrument, GRID)


@rule(inline=True)
def feed_at(s: Any, at: int) -> Any:
    """A source of an index member's price."""
    return row_at(s, Part.FEEDS, at, FEED)
