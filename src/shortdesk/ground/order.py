"""An order is an intention with limits; a Refusal says why it was not taken."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["OrderFlag", "OrderKind", "Refusal", "Revert", "SelfTrade", "Side", "TimeInForce", "Withdrawn"]


class Side(IntEnum):
    """Which way an order trades."""

    BUY = 0
    SELL = 1


class OrderKind(IntEnum):
    """What an order is. Stops and take-profits are parked until their trigger price is reached."""

    LIMIT = 0
    MARKET = 1
    STOP_LIMIT = 2
    STOP_MARKET = 3
    PROFIT_LIMIT = 4
    PROFIT_MARKET = 5


class TimeInForce(IntEnum):
    """How long an order stays. A market order never rests, whatever it says here."""

    GTC = 0
    """Good till cancelled: what does not trade at once rests."""
    IOC = 1
    """Immediate or cancel: what does not trade at once is withdrawn."""
    FOK = 2
    """Fill or kill: everything trades at once or nothing does."""


class OrderFlag(IntEnum):
    """Single bits an order may carry, added up."""

    POST_ONLY = 1
    """Never takes; refused if it would."""
    SLIDES = 2
    """A post-only order that would take is moved one tick outside the other side instead of refused."""
    REDUCE_ONLY = 4
    """Never opens; measured again at the moment of every fill."""
    ON_LAST = 8
    """A parked order looks at the last trade instead of the mark price."""


class SelfTrade(IntEnum):
    """What happens when an order meets another order of the same account."""

    ALLOW = 0
    CANCEL_TAKER = 1
    CANCEL_MAKER = 2
    CANCEL_BOTH = 3
    DECREMENT = 4
    """Both shrink by the smaller of the two, without a trade."""


class Refusal(IntEnum):
    """Why a command was not taken.

    Where several reasons hold, the lowest number is given. Whether a liquidation, the balance and the margin allow it
    is asked last, and the first of these that does not is given.
    """

    NONE = 0
    UNKNOWN_COMMAND = 1
    UNKNOWN_ACCOUNT = 2
    UNKNOWN_INSTRUMENT = 3
    UNKNOWN_ASSET = 4
    VENUE_DOWN = 5
    HALTED = 6
    ACCOUNT_LIQUIDATING = 7
    BAD_SIDE = 8
    BAD_KIND = 9
    BAD_FLAGS = 10
    BAD_SIZE = 11
    """Zero or negative."""
    SIZE_TOO_LARGE = 12
    BAD_PRICE = 13
    """Zero, negative, or beyond the instrument's highest price."""
    BAD_TRIGGER = 14
    BAD_PEAK = 15
    BAD_CLIENT_ID = 16
    REPEATED_CLIENT_ID = 17
    UNKNOWN_ORDER = 18
    NO_REFERENCE_PRICE = 19
    """A market order or a stop without a price to be measured against."""
    OUTSIDE_PRICE_BAND = 20
    WOULD_TRIGGER_AT_ONCE = 21
    NOTHING_TO_REDUCE = 22
    WOULD_TAKE = 23
    CANNOT_FILL = 24
    """A fill-or-kill order that the book cannot fill."""
    LEVERAGE_TOO_HIGH = 25
    POSITION_TOO_LARGE = 26
    NOT_ENOUGH_MARGIN = 27
    NOT_ENOUGH_BALANCE = 28
    NOT_WHILE_OPEN = 29
    """A setting that cannot change while orders or a position stand."""
    NOTHING_TO_LEND = 30
    OVER_BORROW_LIMIT = 31
    NOTHING_OWED = 32
    NOT_LIQUIDATABLE = 33
    """Nobody may seize from an account whose margin holds."""
    NO_BOOK = 34
    """An order or a halt for a pool, which is traded in by transactions; asked before the size and the price."""


class Revert(IntEnum):
    """Why a pool did not do what a transaction asked. Where several reasons hold, the lowest number is given."""

    NONE = 0
    UNKNOWN_POOL = 1
    UNKNOWN_POSITION = 2
    NOT_THE_OWNER = 3
    EXPIRED = 4
    ZERO_AMOUNT = 5
    """Nothing is asked for, or nothing would come of it."""
    BAD_RANGE = 6
    """Lower tick not below upper tick, outside the usable ticks, or off the pool's tick spacing."""
    BAD_PRICE_LIMIT = 7
    """A price limit on the wrong side of the price, out of bounds, or given to a constant-product pool."""
    TOO_LITTLE_LIQUIDITY = 8
    """The pool cannot fill the order, or a position holds less than is to be taken away."""
    TOO_MUCH_LIQUIDITY = 9
    """A tick would hold more liquidity than its share of 2^128, or a reserve more than 2^112."""
    TOO_LITTLE_OUT = 10
    """Less would be received than the order demands."""
    TOO_MUCH_IN = 11
    """More would be paid than the order allows."""
    TOO_LARGE_FOR_LEDGER = 12
    """An amount does not fit into 63 bits."""
    TOO_LITTLE_MONEY = 13
    """The account does not hold what it would have to pay."""
    TABLE_FULL = 14
    """No free row: the caller grows the tables and asks again."""


class Withdrawn(IntEnum):
    """Why an order, or what was left of it, was withdrawn."""

    BY_OWNER = 1
    UNFILLED = 2
    """The rest of an immediate order."""
    SELF_TRADE = 3
    NOTHING_TO_REDUCE = 4
    BY_LIQUIDATION = 5
    DISCONNECTED = 6
    OUT_OF_MARGIN = 7
    """What it would have opened is no longer covered."""
    REPRICED = 8
    """Replaced by an amendment that then could not rest."""
