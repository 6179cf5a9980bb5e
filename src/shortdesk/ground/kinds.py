"""What a journal row can say: its kind, the mechanism behind it, the states its code may name.

The numbers are part of the journal's format: a number is never given to another meaning, and new
members take free numbers. ``ground/kind_uses.py`` says which fields a kind fills.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from shortdesk.ground.order import OrderKind, Refusal, Revert, Withdrawn

__all__ = [
    "CODES",
    "MONEY_FROM",
    "MONEY_UNTIL",
    "NO_MECHANISM",
    "FeedState",
    "Kind",
    "Mechanism",
    "RiskState",
    "Stop",
    "money_kinds",
]

MONEY_FROM = 60
"""Kinds from here up to MONEY_UNTIL (exclusive) move units; no other row does."""
MONEY_UNTIL = 100
NO_MECHANISM = 0
"""The mechanism of a row that nobody's act brought about: a block, a mark on the venue's clock, a halt."""


class Kind(IntEnum):
    """What happened. 0 is not a kind, so that a row never written is seen."""

    ACCEPTED = 1
    REFUSED = 2
    RESTED = 3
    FILL = 4
    CANCELLED = 5
    AMENDED = 6
    TRIGGERED = 7
    POSITION = 8
    SETTING = 9
    DEPTH = 10
    SETTLED = 11
    EXERCISED = 12

    MARK = 20
    INDEX = 21
    ORACLE = 22
    MEMBER = 23
    PREMIUM = 24
    FUNDING_RATE = 25
    BORROW_RATE = 26

    RISK_STATE = 30
    LIQUIDATION_START = 31
    LIQUIDATION_STEP = 32
    TAKEOVER = 33
    LIQUIDATION_END = 34
    ADL = 35
    RECALL = 36
    BUY_IN = 37

    TRANSFER = 60
    DEPOSIT = 61
    WITHDRAWAL = 62
    TRADE_LEG = 63
    FEE = 64
    REALISED = 65
    FUNDING = 66
    INTEREST = 67
    BORROW = 68
    REPAY = 69
    LIQUIDATION_FEE = 70
    INSURANCE_IN = 71
    INSURANCE_OUT = 72
    LOSS_SHARE = 73
    DEFICIT = 74
    SEIZED = 75
    POOL_LEG = 76
    BLOCK_FEE = 77
    INCOME = 78
    OPENING = 79
    MARGIN = 80
    COLLATERAL = 81

    POOL_SWAP = 110
    POOL_MINT = 111
    POOL_BURN = 112
    POOL_COLLECT = 113
    BLOCK = 114
    POOL_REVERT = 115

    HALTED = 120
    RESUMED = 121
    FEED_STATE = 122
    CONNECTION = 123
    RULES = 124
    SHOCK = 125
    AGENT_WAKE = 126
    SNAPSHOT = 127
    STOPPED = 128
    PRESENCE = 129


class Mechanism(IntEnum):
    """Why somebody acted: the tag that attribution sums over. 0 (``NO_MECHANISM``) is nobody's act."""

    NOISE = 1
    MAKER = 2
    LATENT = 3
    METAORDER = 4
    LIQUIDATION = 5
    ADL = 6
    STOP = 7
    MOMENTUM = 8
    ARBITRAGE = 9
    HEDGE = 10
    FUNDING = 11
    INTEREST = 12
    RECALL = 13
    AMM = 14
    MEV = 15
    USER = 16
    TAPE = 17


class RiskState(IntEnum):
    """Where an account or an isolated position stands with its venue."""

    SAFE = 0
    WARNED = 1
    LIQUIDATING = 2
    TAKEN_OVER = 3
    BANKRUPT = 4


class FeedState(IntEnum):
    """How a price source is used."""

    LIVE = 0
    DELAYED = 1
    STALE = 2
    FROZEN = 3
    OUTLIER = 4
    ABSENT = 5


class Stop(IntEnum):
    """Why a run ended."""

    HORIZON = 1
    NOTHING_LEFT = 2
    TABLE_FULL = 3
    INTERRUPTED = 4
    AGENT_FAILED = 5


CODES: Mapping[Kind, type[IntEnum]] = MappingProxyType(
    {
        Kind.ACCEPTED: OrderKind,
        Kind.REFUSED: Refusal,
        Kind.CANCELLED: Withdrawn,
        Kind.MEMBER: FeedState,
        Kind.RISK_STATE: RiskState,
        Kind.LIQUIDATION_END: RiskState,
        Kind.FEED_STATE: FeedState,
        Kind.STOPPED: Stop,
        Kind.POOL_REVERT: Revert,
    }
)
"""Kinds whose ``code`` is named by an enum; a run may add tables of its own for others."""


def money_kinds() -> tuple[Kind, ...]:
    """The kinds that move units, in order of their number."""
    return tuple(kind for kind in Kind if MONEY_FROM <= kind < MONEY_UNTIL)
