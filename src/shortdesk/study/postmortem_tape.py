"""A Journal laid out for a post-mortem: whole columns, causes as row numbers, names and scales as people write them.

Nothing is computed here that the Journal does not say, but for one thing: what a lot at a tick is worth in units is
read off the fills themselves, so that it holds for any Journal, and for linear and inverse contracts alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError, UsageError, unknown_name
from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.run_folder import NameTable

__all__ = ["Grid", "Ints", "Tape", "Worth", "mechanism_name", "read_tape", "signed"]

Ints = NDArray[np.int64]
"""A column of whole numbers: row numbers, ticks, lots, units, nanoseconds."""

_COLUMNS = (
    "seq", "time_ns", "cause", "order", "price", "lots", "units", "account", "other", "instrument", "asset", "kind",
    "mechanism", "code",
)  # fmt: skip


class Worth(NamedTuple):
    """What lots are worth in units: ``lots * ticks * factor``, inverse ``lots * factor / ticks``; 0 when not known."""

    factor: int
    is_inverse: bool = False

    def of(self, lots: Ints, ticks: Ints | int) -> Ints:
        """Signed worth of signed lots at a price, inverse to the nearest unit, as the market books it."""
        if not self.is_inverse:
            return np.asarray(lots * ticks * self.factor, np.int64)
        ticks = np.maximum(1, np.asarray(ticks, np.int64))
        return np.asarray(np.sign(lots) * ((2 * np.abs(lots) * self.factor + ticks) // (2 * ticks)), np.int64)

    def profit(self, lots: Ints, cost: Ints, ticks: Ints | int) -> Ints:
        """Unrealised profit of positions that cost ``cost`` (unsigned) at a price."""
        now = np.abs(self.of(lots, ticks))
        gained = np.sign(lots) * (now - cost)
        return np.asarray(-gained if self.is_inverse else gained, np.int64)


class Grid(NamedTuple):
    """Steps of an instrument or an asset as decimals; a step of 1 where the names do not tell it."""

    tick: Decimal
    lot: Decimal
    unit: Decimal
    base: str
    settle: str

    def price(self, ticks: float) -> str:
        """A price as people write it."""
        return _written(Decimal(round(ticks)) * self.tick, self.tick)

    def size(self, lots: float) -> str:
        """A size, about five digits of it."""
        return self.short(float(lots) * float(self.lot))

    def money(self, units: float) -> str:
        """Units of the settlement asset to two decimals, finer where the amount is small."""
        value = Decimal(round(units)) * self.unit
        return signed(value, 2 if abs(value) >= 1 or not value else 6)

    @staticmethod
    def short(value: float) -> str:
        """A size for reading: thousands apart, decimals only where they matter."""
        places = 0 if abs(value) >= 1000 else 2 if abs(value) >= 1 else 6
        text = f"{value:,.{places}f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", "−")


def signed(value: Decimal, places: int) -> str:
    """Digits with thousands apart and a true minus; never ``−0``."""
    text = f"{value:,.{places}f}"
    if not text.strip("-0.,"):
        text = text.lstrip("-")
    return text.replace("-", "−")


def _written(value: Decimal, step: Decimal) -> str:
    exponent = step.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 else 0
    return f"{value:,.{places}f}"


def mechanism_name(number: int) -> str:
    """A mechanism in lower case; ``nobody`` for none."""
    known = {int(one): one.name.lower() for one in Mechanism}
    return known.get(number, f"#{number}" if number else "nobody")


@dataclass(frozen=True)
class Tape:
    """The rows of a Journal as columns, and the instrument a post-mortem is about. ``cause`` holds row numbers."""

    journal: Journal
    instrument: int
    time_ns: Ints
    cause: Ints
    order: Ints
    price: Ints
    lots: Ints
    units: Ints
    account: Ints
    other: Ints
    on: Ints
    """The instrument of each row."""
    asset: Ints
    kind: Ints
    mechanism: Ints
    code: Ints

    def __len__(self) -> int:
        return len(self.time_ns)

    @property
    def start_ns(self) -> int:
        """The time of the first row."""
        return int(self.time_ns[0])

    def where(self, *kinds: Kind) -> Ints:
        """Row numbers of these kinds, whatever instrument they are on."""
        if len(kinds) == 1:
            return np.flatnonzero(self.kind == int(kinds[0]))
        return np.flatnonzero(np.isin(self.kind, [int(one) for one in kinds]))

    def here(self, *kinds: Kind) -> Ints:
        """Row numbers of these kinds on the instrument."""
        found = self.where(*kinds)
        return np.asarray(found[self.on[found] == self.instrument], np.int64)

    @cached_property
    def fills(self) -> Ints:
        """Row numbers of the instrument's fills."""
        return self.here(Kind.FILL)

    @cached_property
    def marks(self) -> Ints:
        """Row numbers of the instrument's marks; of its fills where the Journal tells no marks."""
        found = self.here(Kind.MARK)
        return found if len(found) else self.fills

    @property
    def has_marks(self) -> bool:
        """Whether the Journal tells marks of the instrument."""
        return len(self.here(Kind.MARK)) > 0

    @cached_property
    def origin(self) -> Ints:
        """For each row the first of its ancestors, itself included, that is a mark, a liquidation's start, a stop that
        was set off or a buy-in; where there is none, the row that came from outside."""
        stops = np.isin(
            self.kind, [int(one) for one in (Kind.MARK, Kind.LIQUIDATION_START, Kind.TRIGGERED, Kind.BUY_IN)]
        )
        up: Ints = np.where(stops | (self.cause < 0), np.arange(len(self)), self.cause)
        while True:
            further: Ints = up[up]
            if np.array_equal(further, up):
                return up
            up = further

    @cached_property
    def grid(self) -> Grid:
        """Scales and names of the instrument."""
        return self.grid_of(self.instrument)

    def grid_of(self, instrument: int) -> Grid:
        """Scales and names of an instrument."""
        about = _info(self.journal.names.instrument, instrument)
        fills = self.where(Kind.FILL)
        mine = fills[self.on[fills] == instrument]
        asset = int(self.asset[mine[0]]) if len(mine) else -1
        name = self.asset_name(asset) if asset >= 0 else about.get("settle", about.get("quote", ""))
        return Grid(
            _decimal(about.get("tick", "")), _decimal(about.get("lot", "")), self.unit_of(asset),
            about.get("base", ""), name,
        )  # fmt: skip

    def unit_of(self, asset: int) -> Decimal:
        """What the smallest unit of an asset is; 1 when the names do not tell its digits."""
        digits = _info(self.journal.names.asset, asset).get("digits", "")
        return Decimal(1).scaleb(-int(digits)) if digits.isdigit() else Decimal(1)

    def asset_name(self, asset: int) -> str:
        """An asset's name."""
        return self.journal.names.asset.name(asset) or "units"

    @property
    def name(self) -> str:
        """The instrument's name."""
        return self.journal.names.instrument.name(self.instrument) or "the market"

    def account_name(self, account: int) -> str:
        """An account's name; ``somebody`` on a public tape."""
        return self.journal.names.account.name(account) or "somebody"

    @cached_property
    def groups(self) -> tuple[list[str], Ints]:
        """Names of the groups and the group of each account, the last for those outside of the Journal (-1).

        A group is an account's population where the names tell one; else each account is its own while they are few.
        """
        table = self.journal.names.account
        most = int(max(self.account.max(initial=0), self.other.max(initial=0), len(table.names) - 1)) + 1
        names: dict[str, int] = {}
        found = np.zeros(most + 1, np.int64)
        for number in range(most):
            found[number] = names.setdefault(self._group(table, number), len(names))
        found[most] = names.setdefault("outside", len(names))
        return list(names), found

    def _group(self, table: NameTable, number: int) -> str:
        about = _info(table, number)
        name = table.name(number)
        if about.get("population") == "venue" or about.get("kind") == "venue":
            return name.partition(" of ")[0]
        if about.get("population"):
            return about["population"]
        return name if name and len(table.names) <= _FEW else "traders"

    def worth(self, instrument: int) -> Worth:
        """What lots of an instrument are worth, read off its fills."""
        rows = self.where(Kind.FILL, Kind.ADL)
        rows = rows[(self.on[rows] == instrument) & (self.units[rows] > 0) & (self.price[rows] > 0)]
        if not len(rows):
            return self._worth_of_positions(instrument)
        lots, ticks, units = np.abs(self.lots[rows]), self.price[rows], self.units[rows]
        return _fitting(lots, ticks, units)

    def _worth_of_positions(self, instrument: int) -> Worth:
        rows = self.where(Kind.POSITION)
        rows = rows[(self.on[rows] == instrument) & (self.lots[rows] != 0) & (self.price[rows] > 0)]
        return _fitting(np.abs(self.lots[rows]), self.price[rows], self.units[rows]) if len(rows) else Worth(0)


_FEW = 30
"""So many accounts without populations are still told one by one."""


def _fitting(lots: Ints, ticks: Ints, units: Ints) -> Worth:
    """The factor that makes lots at ticks worth these units: a linear contract where it fits, else an inverse one."""
    largest = int(np.argmax(units))
    factor = int(units[largest]) // max(1, int(lots[largest] * ticks[largest]))
    if factor > 0 and bool(np.all(np.abs(lots * ticks * factor - units) <= lots * factor)):
        return Worth(factor)
    whole = float(np.median(units * (ticks / np.maximum(1, lots))))
    return Worth(max(0, round(whole)), is_inverse=True)


def _info(table: NameTable, number: int) -> dict[str, str]:
    return table.info[number] if 0 <= number < len(table.info) else {}


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return Decimal(1)
    return found if found > 0 else Decimal(1)


def read_tape(journal: Journal, instrument: str = "") -> Tape:
    """A Journal's columns, about one instrument: the named one, else the one with most of what was liquidated.

    Raises:
        UsageError: no instrument of this name.
        InputError: the Journal is empty, or a block is damaged.
    """
    if not len(journal):
        raise InputError("the Journal is empty: nothing happened that could be explained")
    found = journal.columns(_COLUMNS)
    seq = found.pop("seq").astype(np.int64)
    found["cause"] = _as_rows(seq, found["cause"])
    found["on"] = found.pop("instrument")
    columns = {name: np.ascontiguousarray(column, np.int64) for name, column in found.items()}
    return Tape(journal, _chosen(journal, columns, instrument), **columns)


def _as_rows(seq: Ints, cause: Ints) -> Ints:
    """Causes as row numbers of these columns; -1 for what lies outside."""
    first = int(seq[0])
    if int(seq[-1]) - first == len(seq) - 1:
        rows = cause - first
        return np.where((cause >= 0) & (rows >= 0) & (rows < len(seq)), rows, -1)
    rows = np.searchsorted(seq, cause)
    inside = (cause >= 0) & (rows < len(seq))
    return np.where(inside & (seq[np.minimum(rows, len(seq) - 1)] == cause), rows, -1)


def _chosen(journal: Journal, columns: dict[str, Ints], name: str) -> int:
    names = journal.names.instrument.names
    if name:
        if name not in names:
            raise UsageError(unknown_name("instrument", name, [one for one in names if one]))
        return names.index(name)
    kind, on = columns["kind"], columns["on"]
    for told in (Kind.LIQUIDATION_START, Kind.FILL, Kind.POOL_SWAP, Kind.MARK):
        rows = np.flatnonzero((kind == int(told)) & (on >= 0))
        if len(rows):
            return int(np.argmax(np.bincount(on[rows])))
    raise InputError("the Journal holds neither fills nor marks: there is no market in it to explain")
