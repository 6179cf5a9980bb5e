"""The Journal's row: everything that happened, one fixed-width record each.

One of the four narrow waists. The market writes it, and so do importers of real history. Studies,
reports, tax lots, screens, the gateway and ``shortdesk sql`` read it and never the market itself.

Layout: 80 bytes, ten little-endian 64-bit words, no padding. The first 13 fields of the design stand
under their names; ``asset``, ``other_order`` and ``code`` were added so that no field has to carry
another's meaning (what moved, the maker's order of a fill, the reason of a refusal). ``-1`` in
``cause``, ``order``, ``other_order``, ``account``, ``other``, ``instrument``, ``asset``, ``venue`` and
``price`` means none; ``lots`` and ``units`` are then 0. ``ground/kind_uses.py`` says what each kind fills.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import NO_MECHANISM, Kind, Mechanism

__all__ = ["JOURNAL_FORMAT", "NO_MECHANISM", "ROW", "ROW_BYTES", "Kind", "Mechanism", "append", "new_rows", "room"]

JOURNAL_FORMAT = 1
"""The number of this format. It changes when a field or the meaning of a number changes."""

_FIELDS = np.dtype(
    [
        ("seq", "<i8"),  # number of the row in its Journal, from 0 without a gap
        ("time_ns", "<i8"),  # nanoseconds since 1970-01-01 UTC
        ("cause", "<i8"),  # seq of the row that made this one; -1 for what comes from outside
        ("order", "<i8"),  # order, or what the kind says
        ("other_order", "<i8"),  # the other order of a pair
        ("price", "<i8"),  # ticks of the instrument
        ("lots", "<i8"),  # lots of the instrument, signed
        ("units", "<i8"),  # smallest units of the asset, signed
        ("account", "<i4"),  # whom the row is about
        ("other", "<i4"),  # counterparty
        ("instrument", "<i2"),
        ("asset", "<i2"),
        ("venue", "<i1"),
        ("kind", "<u1"),  # Kind
        ("mechanism", "<u1"),  # Mechanism, 0 for nobody's act
        ("code", "<u1"),  # reason, state or form, as the kind says
    ],
    align=True,
)
ROW: np.dtype[Any] = np.dtype((np.record, _FIELDS))
"""The row. ``np.record`` lets plain Python read ``rows[i].price`` as a kernel does."""
ROW_BYTES = ROW.itemsize


def new_rows(capacity: int) -> NDArray[Any]:
    """An empty table of ``capacity`` rows: a plain array, which a kernel takes twice as fast as a recarray."""
    return np.zeros(capacity, ROW)


@rule
def append(
    rows: Any,
    count: int,
    seq: int,
    time_ns: int,
    kind: int,
    cause: int,
    mechanism: int,
    venue: int = -1,
    instrument: int = -1,
    asset: int = -1,
    account: int = -1,
    other: int = -1,
    order: int = -1,
    other_order: int = -1,
    price: int = -1,
    lots: int = 0,
    units: int = 0,
    code: int = 0,
) -> int:
    """Write one row at ``rows[count]`` and return the new count.

    When the table is full nothing is written and ``~count`` (a negative number) is returned; given a
    negative count it writes nothing and returns it again, so that one look at the end of a step is
    enough. ``~`` of the answer is then the number of rows that were written.
    """
    if count < 0:
        return count
    if count >= len(rows):
        return ~count
    row = rows[count]
    row.seq = seq
    row.time_ns = time_ns
    row.cause = cause
    row.order = order
    row.other_order = other_order
    row.price = price
    row.lots = lots
    row.units = units
    row.account = account
    row.other = other
    row.instrument = instrument
    row.asset = asset
    row.venue = venue
    row.kind = kind
    row.mechanism = mechanism
    row.code = code
    return count + 1


@rule
def room(rows: Any, count: int, needed: int) -> bool:
    """Whether ``needed`` more rows fit; asked before a step, it makes a full table a clean stop."""
    return count >= 0 and count + needed <= len(rows)
