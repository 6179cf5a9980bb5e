"""Price bars from a file: open time, open, high, low, close as exact integers, and what is wrong with them.

What cannot be used is an InputError that names file, line and field. What can be used but should be known (missing
bars, a price that stood still, a bar that does not join the next) stands in ``Bars.findings``.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import numpy as np

from shortdesk.ground.errors import InputError
from shortdesk.intake.bar_checks import Label, check_close_times, check_prices, open_times
from shortdesk.intake.clock import Gap, check_order, find_gaps, read_clock
from shortdesk.intake.findings import Finding, gap_finding, join_finding, note, stale_finding
from shortdesk.intake.table import IntArray, Table, open_table

__all__ = ["Bars", "Label", "read_bars"]

KLINE_COLUMNS = (
    "open_time", "open", "high", "low", "close", "volume", "close_time", "quote_volume", "count",
    "taker_buy_volume", "taker_buy_quote_volume", "ignore",
)  # fmt: skip
"""Binance public archive, klines of every kind; older files have no header."""
CCXT_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
"""What ccxt's fetch_ohlcv returns, row by row."""

_HEADERLESS = {len(KLINE_COLUMNS): KLINE_COLUMNS, len(CCXT_COLUMNS): CCXT_COLUMNS}
_OPEN_NAMES = ("open_time", "open_utc", "bar_open_utc", "hour_open_utc", "day_open_utc", "opentime")
_CLOSE_NAMES = ("close_time", "close_utc", "bar_close_utc", "closetime")
_PLAIN_NAMES = ("timestamp", "date", "datetime", "time", "unix", "ts")
_SERIES_NAMES = ("symbol", "pair", "instrument", "ticker", "exchange", "venue", "market", "contract", "asset")
_EXPECTED = "a time (open_time, timestamp, date …) and open, high, low, close, or a close alone"


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars of one series, oldest first: a price p stands for p * 10**-price_decimals, times are UTC nanoseconds.

    ``open``, ``high`` and ``low`` are None where the source holds closes only: then no wick is known.
    """

    source: str
    interval_nanos: int
    price_decimals: int
    open_time_nanos: IntArray
    close: IntArray
    open: IntArray | None = None
    high: IntArray | None = None
    low: IntArray | None = None
    mark_close: IntArray | None = None
    index_close: IntArray | None = None
    label: Label = "open"
    notes: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.open_time_nanos)

    @property
    def close_time_nanos(self) -> IntArray:
        """When each bar ends: the open time of the next one, where none is missing."""
        return self.open_time_nanos + self.interval_nanos

    @property
    def closes_only(self) -> bool:
        """True where highs and lows are not known."""
        return self.high is None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where bars are missing."""
        return find_gaps(self.open_time_nanos, self.interval_nanos)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know before these prices are believed: how they were read, gaps, stillness, broken joins."""
        times, step, gaps = self.open_time_nanos, self.interval_nanos, self.gaps
        found = [*self.notes, *gap_finding(gaps, step)]
        if self.open is None or self.high is None or self.low is None:
            return (*found, *stale_finding(times, step, self.price_decimals, self.close, None, gaps))
        flat = (self.high == self.low) & (self.open == self.close) & (self.high == self.close)
        found += stale_finding(times, step, self.price_decimals, self.close, flat, gaps)
        return (*found, *join_finding(times, step, self.open, self.high, self.close))

    def price(self, value: int) -> Decimal:
        """The decimal price an integer of this series stands for."""
        return Decimal(int(value)).scaleb(-self.price_decimals)

    def between(self, start_nanos: int, stop_nanos: int) -> Bars:
        """The bars that open in [start, stop)."""
        first, last = np.searchsorted(self.open_time_nanos, (start_nanos, stop_nanos), side="left").tolist()

        def cut(values: IntArray | None) -> IntArray | None:
            return None if values is None else values[first:last]

        return replace(
            self,
            open_time_nanos=self.open_time_nanos[first:last],
            close=self.close[first:last],
            open=cut(self.open),
            high=cut(self.high),
            low=cut(self.low),
            mark_close=cut(self.mark_close),
            index_close=cut(self.index_close),
        )


def read_bars(
    path: str | Path,
    *,
    interval: str | None = None,
    label: Label | None = None,
    timezone: str = "UTC",
    shift: str | None = None,
    close: str = "close",
) -> Bars:
    """Read and check a file of bars: .csv, .csv.gz, .zip with one CSV inside, or .parquet.

    Columns: a time; ``open, high, low, close``, or a close alone; optionally ``mark_close`` and ``index_close``. Reads
    Binance public archive klines with and without header, ccxt's six columns, freqtrade's ``date, open, …, volume``.

    - interval: the length of a bar (``1h``); measured from the steps when not given
    - label: whether the time is that of a bar's open or close; told by the column's name where it can be
    - timezone: the zone of written times that carry none
    - shift: added to each time to reach the true one; given at all, it says that an unusual grid is right
    - close: the name of the close column, in a file that holds several

    Raises InputError naming file, line and field for whatever cannot be used.
    """
    with open_table(path, _HEADERLESS) as table:
        time, told = _time_column(table, label)
        prices = _price_columns(table, close)
        end = table.find(*_CLOSE_NAMES) if told == "open" else None
        _check_one_series(table)
        table.load([time, *prices.values(), *([end] if end else [])])

        labels = read_clock(table, time, timezone)
        check_order(table, time, labels)
        opens, step, used = open_times(table, time, labels, interval, told, shift)
        notes = _notes(table, list(prices.values()), assumed_open=told is None and used == "open")
        if end:
            notes += check_close_times(table, end, read_clock(table, end, timezone), labels, step)
        decimals, arrays = table.exact(list(prices.values()))
        named = dict(zip(prices, arrays, strict=True))
        check_prices(table, prices, named)
        source = table.name

    for values in (opens, *arrays):
        values.flags.writeable = False
    return Bars(
        source=source,
        interval_nanos=step,
        price_decimals=decimals,
        open_time_nanos=opens,
        label=used,
        notes=tuple(notes),
        **named,
    )


def _time_column(table: Table, label: Label | None) -> tuple[str, Label | None]:
    """The column that dates a bar, and whether it dates the open or the close where name or caller tell it."""
    opened, plain, closed = table.find(*_OPEN_NAMES), table.find(*_PLAIN_NAMES), table.find(*_CLOSE_NAMES)
    if opened is None and plain is not None:
        return plain, label
    column = opened or closed
    if column is None:
        raise table.missing("open_time", _EXPECTED)
    named: Label = "open" if opened else "close"
    if label and label != named:
        raise InputError(
            f"the column's name says it is the bar's {named}, the label given says {label}; they cannot both be right",
            table.where(None, column),
        )
    return column, named


def _price_columns(table: Table, close: str) -> dict[str, str]:
    """Our names of the price columns and the file's spelling of each."""
    found_close = table.find(close)
    if found_close is None:
        closes = [column for column in table.columns if column.casefold().endswith("_close")]
        if closes:
            raise InputError(
                f"column '{close}' is missing; the file has the closes {', '.join(closes)}: say which one to use",
                table.name,
            )
        raise table.missing(close, _EXPECTED)
    columns = {"close": found_close}
    if close.casefold() == "close":
        rest = {name: table.find(name) for name in ("open", "high", "low")}
        names = [column.casefold() for column in table.columns]
        misspelt = any(difflib.get_close_matches(name, names, cutoff=0.7) for name in rest)
        if any(rest.values()) or misspelt:
            for name, column in rest.items():
                if column is None:
                    raise table.missing(name, _EXPECTED)
                columns[name] = column
    for name in ("mark_close", "index_close"):
        column = table.find(name)
        if column is not None and column != found_close:
            columns[name] = column
    return columns


def _check_one_series(table: Table) -> None:
    for name in _SERIES_NAMES:
        column = table.find(name)
        if column is not None and (count := table.distinct(column)) > 1:
            raise InputError(
                f"the file holds several series ({count} different values here); expected one: keep the rows of one "
                f"{column} in a file of its own",
                table.where(None, column),
            )


def _notes(table: Table, columns: list[str], *, assumed_open: bool) -> list[Finding]:
    notes = []
    if assumed_open:
        notes.append(note("label", "each time is taken as the open of its bar; nothing in the file says so"))
    if table.holds_floats(columns):
        notes.append(note("floats", "prices are stored as floats; each is taken as its shortest decimal"))
    return notes
