"""A command: what an agent asks of a market, one fixed-width row each."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMMAND", "COMMAND_FIELDS", "CommandKind", "new_commands"]


class CommandKind(IntEnum):
    """What is asked.

    Kinds without a rule yet are refused as unknown.
    Kinds from ``DEPOSIT`` on use ``lots`` for units, rates or times, as they say.
    """

    PLACE = 0
    CANCEL = 1
    AMEND = 2
    """New price and size of an order, and trigger of one that is parked; 0 keeps each."""
    CANCEL_ALL = 3
    """All orders of the account; of one instrument where one is named."""
    CONNECTION = 4
    """The account's link goes down (``lots`` 0) or comes back (1)."""

    DEPOSIT = 10
    """``lots`` units of asset ``instrument`` come in from outside."""
    WITHDRAW = 11
    SET_LEVERAGE = 12
    """``lots`` is the leverage times 100."""
    SET_ISOLATED = 13
    """``lots`` 1: the account's leg in the instrument stands alone; 0: it shares the wallet."""
    ADD_MARGIN = 14
    """``lots`` units into the isolated leg; negative: out of it."""
    BORROW = 15
    """``lots`` units of asset ``instrument``."""
    REPAY = 16
    RECALL = 17
    """The lender of asset ``instrument`` wants ``lots`` units back from the account by ``trigger_ticks`` (a time)."""
    SEIZE = 18
    """``account`` repays up to ``lots`` units that account ``client_id`` owes, and takes collateral with a bonus."""
    TRANSACT = 19
    """The account's transaction with row ``client_id`` (``blocks.write``), for the pool traded as ``instrument``."""

    MARK = 30
    """The instrument's mark is ``price_ticks``, whatever its formula says."""
    INDEX = 31
    """Member number ``client_id`` of the instrument's index says ``price_ticks``; ``traits`` 1 freezes it."""
    TICK = 32
    """The venue's clock: index, mark and premium are worked out."""
    FUND = 33
    """The instrument's funding instant; with ``traits`` 1 at the rate ``lots``, whatever its formula says."""
    HALT = 34
    """Matching stops (``lots`` 1) or goes on (0)."""
    OUTAGE = 35
    """The venue named by ``instrument`` goes down (``lots`` 1) or comes back (0)."""
    ACCRUE = 36
    """The hour of the venue named by ``instrument``: interest on its loans."""
    STEP = 37
    """Time passes: whatever was due until then happens."""
    BUY_IN = 38
    """A recalled loan's time is up."""
    DELAY = 39
    """Messages of the account, or with account 0 the instrument's prices, take ``lots`` nanoseconds longer."""


COMMAND_FIELDS = [
    ("time_ns", "<i8"),
    ("client_id", "<i8"),
    ("price_ticks", "<i8"),
    ("lots", "<i8"),
    ("trigger_ticks", "<i8"),
    ("cause", "<i8"),
    ("peak_lots", "<i4"),
    ("account", "<i4"),
    ("instrument", "<i2"),
    ("kind", "<u1"),
    ("side", "<u1"),
    ("order_kind", "<u1"),
    ("time_in_force", "<u1"),
    ("traits", "<u1"),
    ("self_trade", "<u1"),
    ("mechanism", "<u1"),
]

COMMAND = np.dtype((np.record, np.dtype(COMMAND_FIELDS, align=True)))
"""One command. ``cause`` is the journal row that led to it, -1 for none."""


def new_commands(count: int) -> NDArray[Any]:
    """A table of commands, all zero but for ``cause``, whose rows read like prose."""
    rows = np.zeros(count, COMMAND)
    rows["cause"] = -1
    return rows
