"""A command: what an agent asks of a market, one fixed-width row each."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["COMMAND", "Command", "CommandKind", "new_commands"]


class CommandKind(IntEnum):
    """What is asked."""

    PLACE = 0
    CANCEL = 1
    AMEND = 2
    CANCEL_ALL = 3
    """All orders of the account; of one instrument where one is named."""


COMMAND = np.dtype(
    (
        np.record,
        np.dtype(
            [
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
                ("flags", "<u1"),
                ("self_trade", "<u1"),
                ("mechanism", "<u1"),
            ],
            align=True,
        ),
    )
)
"""One command. ``cause`` is the journal row that led to it, -1 for none."""


class Command(NamedTuple):
    """The same fields as plain numbers, for a command that does not come from a table."""

    time_ns: int
    client_id: int
    price_ticks: int
    lots: int
    trigger_ticks: int
    cause: int
    peak_lots: int
    account: int
    instrument: int
    kind: int
    side: int
    order_kind: int
    time_in_force: int
    flags: int
    self_trade: int
    mechanism: int


def new_commands(count: int) -> NDArray[Any]:
    """A table of commands, all zero but for ``cause``, whose rows read like prose."""
    rows = np.zeros(count, COMMAND)
    rows["cause"] = -1
    return rows
