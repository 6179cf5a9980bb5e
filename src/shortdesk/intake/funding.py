"""Funding histories from a file: when, at which rate, for how many hours; exact integers, the clock checked.

A rate r stands for r * 10**-rate_decimals of the position's notional; above zero the longs pay the shorts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import InputError
from shortdesk.intake.clock import Gap, check_order, read_clock, summer_time_hint
from shortdesk.intake.findings import Finding, counted, note
from shortdesk.intake.table import IntArray, Table, open_table
from shortdesk.intake.times import HOUR_NANOS, MINUTE_NANOS, format_interval, format_time

__all__ = ["FundingHistory", "RateUnit", "read_funding"]

RateUnit: TypeAlias = Literal["fraction", "percent"]
"""0.0001 or 0.01 for one basis point."""

_HEADERLESS = {3: ("calc_time", "funding_interval_hours", "last_funding_rate")}
_TIME_NAMES = ("funding_utc", "calc_time", "funding_time", "fundingtime", "timestamp", "time", "date", "datetime")
_RATE_NAMES = ("rate", "last_funding_rate", "funding_rate", "fundingrate")
_EXPECTED = "a time (funding_utc, calc_time, time …) and a rate (rate, last_funding_rate, fundingRate)"

MOST_JITTER_NANOS = MINUTE_NANOS
"""How far from the full hour a recorded funding time may lie and still be that hour's."""
LEAST_DECIMALS = 8
LOOKS_LIKE_PERCENT = Decimal("0.005")
"""Half a percent for every period is beyond any venue's usual rate (0.01% in eight hours)."""


@dataclass(frozen=True, slots=True, eq=False)
class FundingHistory:
    """Funding of one perp, oldest first: instants in UTC nanoseconds on the full hour, rates, hours each covers."""

    source: str
    time_nanos: IntArray
    rate: IntArray
    rate_decimals: int
    interval_nanos: IntArray
    jitter_nanos: int = 0
    notes: tuple[Finding, ...] = ()

    def __len__(self) -> int:
        return len(self.time_nanos)

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Where payments are missing: the step is longer than the hours the next payment covers."""
        steps = np.diff(self.time_nanos)
        intervals = self.interval_nanos[1:]
        return tuple(
            Gap(
                int(self.time_nanos[row] + intervals[row]),
                int(self.time_nanos[row + 1]),
                int(-(-steps[row] // intervals[row])) - 1,
            )
            for row in np.flatnonzero(steps > intervals)
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What to know before these rates are believed: how they were read, and gaps."""
        gaps = self.gaps
        if not gaps:
            return self.notes
        longest = max(gaps, key=lambda gap: gap.missing)
        missing = sum(gap.missing for gap in gaps)
        what = f"{counted(len(gaps), 'gap')}, {counted(missing, 'payment')} missing"
        return (*self.notes, Finding("gaps", f"{what}; longest {longest}", len(gaps), gaps[0].start_nanos))

    def fraction(self, rate: int) -> Decimal:
        """The decimal fraction of notional an integer rate stands for."""
        return Decimal(int(rate)).scaleb(-self.rate_decimals)

    def between(self, start_nanos: int, stop_nanos: int) -> FundingHistory:
        """The payments at start < time <= stop: who opens at a funding instant was not there for it."""
        first, last = np.searchsorted(self.time_nanos, (start_nanos, stop_nanos), side="right").tolist()
        return replace(
            self,
            time_nanos=self.time_nanos[first:last],
            rate=self.rate[first:last],
            interval_nanos=self.interval_nanos[first:last],
        )


def read_funding(path: str | Path, *, timezone: str = "UTC", unit: RateUnit | None = None) -> FundingHistory:
    """Read and check a funding history: .csv, .csv.gz, .zip with one CSV inside, or .parquet.

    Columns: a time and a rate; ``funding_interval_hours`` where the file has it, else measured from the steps. Reads
    the Binance public archive (``calc_time, funding_interval_hours, last_funding_rate``) and ccxt's names.

    - timezone: the zone of written times that carry none
    - unit: ``fraction`` (0.0001) or ``percent`` (0.01); a file whose rates look like percent is refused until told

    Raises InputError naming file, line and field for whatever cannot be used.
    """
    with open_table(path, _HEADERLESS) as table:
        time = _column(table, _TIME_NAMES)
        rate = _column(table, _RATE_NAMES)
        hours = table.find("funding_interval_hours")
        table.load([column for column in (time, rate, hours) if column])

        recorded = read_clock(table, time, timezone)
        check_order(table, time, recorded)
        times, jitter = _on_the_hour(table, time, recorded)
        intervals = _stated(table, hours) if hours else _measured(table, time, times)
        decimals, (rates,) = table.exact([rate])
        decimals, rates = _as_fraction(table, rate, decimals, rates, unit)
        notes = []
        if jitter:
            worst = format_interval(jitter) if jitter >= 1_000_000 else f"{jitter} ns"
            notes.append(note("jitter", f"recorded up to {worst} off the full hour; set to it"))
        if table.holds_floats([rate]):
            notes.append(note("floats", "rates are stored as floats; each is taken as its shortest decimal"))
        source = table.name

    for values in (times, rates, intervals):
        values.flags.writeable = False
    return FundingHistory(
        source=source,
        time_nanos=times,
        rate=rates,
        rate_decimals=decimals,
        interval_nanos=intervals,
        jitter_nanos=jitter,
        notes=tuple(notes),
    )


def _column(table: Table, names: tuple[str, ...]) -> str:
    column = table.find(*names)
    if column is None:
        raise table.missing(names[0], _EXPECTED)
    return column


def _on_the_hour(table: Table, column: str, recorded: IntArray) -> tuple[IntArray, int]:
    """Each time set to the nearest full hour, and the furthest it was from it."""
    times = (recorded + HOUR_NANOS // 2) // HOUR_NANOS * HOUR_NANOS
    off = np.abs(recorded - times)
    _refuse(
        table, column, off > MOST_JITTER_NANOS, "funding falls on a full hour; this is more than a minute away from one"
    )
    steps = np.diff(times)
    if (steps == 0).any():
        row = int(np.argmax(steps == 0)) + 1
        raise InputError(f"{format_time(int(times[row]))} is paid twice", table.where(row, column))
    return times, int(off.max())


def _stated(table: Table, column: str) -> IntArray:
    """The hours each row says it covers."""
    decimals, (hours,) = table.exact([column])
    scale = 10**decimals
    _refuse(table, column, (hours <= 0) | (hours % scale != 0) | (hours > 24 * scale), "expected whole hours, 1 to 24")
    return np.asarray(hours // scale * HOUR_NANOS, dtype=np.int64)


def _measured(table: Table, column: str, times: IntArray) -> IntArray:
    """The hours each payment covers, from the steps.

    A step that a neighbour shares is a funding interval; a lone longer one is a gap, a lone shorter one an error.
    So a venue's change from 8 h to 4 h is followed, and a missing row is seen.
    """
    steps = np.diff(times)
    if len(steps) == 0:
        raise InputError(
            "one payment alone does not tell which hours it covers; give funding_interval_hours", table.name
        )
    shared = np.zeros(len(steps), dtype=bool)
    same = steps[1:] == steps[:-1]
    shared[1:] |= same
    shared[:-1] |= same
    if not shared.any():
        shared[:] = steps == steps.min()
    usual = np.flatnonzero(shared)
    nearest = (
        usual[np.abs(np.arange(len(steps))[:, None] - usual[None, :]).argmin(axis=1)] if not shared.all() else None
    )
    intervals = steps if nearest is None else np.where(shared, steps, steps[nearest])
    uneven = steps % intervals != 0
    if uneven.any():
        row = int(np.argmax(uneven)) + 1
        raise InputError(
            f"{format_time(int(times[row]))} comes {format_interval(int(steps[row - 1]))} after the payment before; "
            f"expected {format_interval(int(intervals[row - 1]))} or a multiple of it{summer_time_hint(times)}",
            table.where(row, column),
        )
    return np.concatenate((intervals[:1], intervals)).astype(np.int64)


def _as_fraction(
    table: Table, column: str, decimals: int, rates: IntArray, unit: RateUnit | None
) -> tuple[int, IntArray]:
    """Rates as fractions of notional on a grid of 1e-8 or finer."""
    middle = Decimal(int(np.median(np.abs(rates)))).scaleb(-decimals)
    if unit is None and middle >= LOOKS_LIKE_PERCENT:
        raise InputError(
            f"half of the rates are {middle} or more for one period, which looks like percent; expected fractions such "
            "as 0.0001. Say which unit the file is in: fraction or percent",
            table.where(None, column),
        )
    if unit == "percent":
        decimals += 2
    one = 10 ** max(decimals, 1)
    _refuse(table, column, np.abs(rates) >= one, "a rate of the whole notional or more in one period")
    if decimals < LEAST_DECIMALS:
        rates = rates * 10 ** (LEAST_DECIMALS - decimals)
        decimals = LEAST_DECIMALS
    return decimals, rates


def _refuse(table: Table, column: str, bad: npt.NDArray[np.bool_], why: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(f"{table.text(row, column)}: {why}", table.where(row, column))
