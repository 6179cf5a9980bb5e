"""The time column of a file, read and checked: its unit, its zone, its order, its step.

Met in real files, and therefore tested: labels in London time with summer time, bars labelled hours after they
open, seconds and milliseconds in one column, a file that runs newest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.intake.table import IntArray, Table
from shortdesk.intake.times import DAY_NANOS, EPOCH_DIGITS, format_interval, format_time

__all__ = ["Gap", "check_order", "common_step", "find_gaps", "read_clock", "to_utc", "zones_that_mend"]

SUMMER_TIME_ZONES = ("Europe/London", "Europe/Berlin", "America/New_York", "America/Chicago", "Australia/Sydney")
"""The zones tried when the steps of a file look like local time."""

_TEXT_TIME = (
    "([0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.][0-9]{1,9})?)?)?)"
    "( ?(?:Z|UTC)|[+-][0-9]{2}:?[0-9]{2})?"
)
_HALF_HOUR_NANOS = 1800 * 1_000_000_000
_EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Rows that should be there and are not: from ``start_nanos`` (the first one missing) up to ``stop_nanos``."""

    start_nanos: int
    stop_nanos: int
    missing: int

    def __str__(self) -> str:
        return f"{format_time(self.start_nanos)} to {format_time(self.stop_nanos)} ({self.missing} missing)"


def read_clock(table: Table, column: str, timezone: str) -> IntArray:
    """The column as nanoseconds since 1970-01-01 UTC, in file order, not yet checked for order.

    Epoch digits tell their unit by how many they are; written times may carry an offset; a time without one is
    taken in ``timezone``. Raises InputError for mixed units or forms, unreadable text, an empty cell, and times
    that do not exist, or happen twice, in the zone.
    """
    kind = table.columns[column]
    name = '"' + column.replace('"', '""') + '"'
    (empty,) = table.select(f"{name} IS NULL")
    if np.asarray(empty, dtype=bool).any():
        _refuse_row(table, column, int(np.argmax(empty)), "expected a time, got nothing", quote=False)
    if kind == "TIMESTAMP WITH TIME ZONE":
        (nanos,) = table.select(f"epoch_ns({name})")
        return np.asarray(nanos, dtype=np.int64)
    if kind.startswith(("TIMESTAMP", "DATE")):
        (nanos,) = table.select(f"epoch_ns({name}::TIMESTAMP_NS)")
        return to_utc(np.asarray(nanos, dtype=np.int64), timezone, table, column)
    text = f"{name}::VARCHAR"  # a float column writes 1637971200000.0
    whole = f"CASE WHEN contains({text}, '.') THEN regexp_replace({text}, '[.]0+$', '') ELSE {text} END"
    nanos, length = table.select(f"try_cast({whole} AS BIGINT)", f"length({whole})")
    digits = ~np.ma.getmaskarray(nanos)
    if digits.all():
        return _from_digits(table, column, np.asarray(nanos, dtype=np.int64), np.asarray(length, dtype=np.int64))
    _refuse(table, column, digits if not digits[0] else ~digits, "written dates and epoch digits in one column")
    return _from_text(table, column, text, timezone)


def _from_digits(table: Table, column: str, values: IntArray, lengths: IntArray) -> IntArray:
    known = ", ".join(f"{count} ({unit})" for count, (unit, _) in EPOCH_DIGITS.items())
    unusable = (values <= 0) | ~np.isin(lengths, list(EPOCH_DIGITS))
    _refuse(table, column, unusable, f"an epoch time has {known} digits")
    unit, unit_nanos = EPOCH_DIGITS[int(lengths[0])]
    _refuse(table, column, lengths != lengths[0], f"the first time is in {unit}, this one is not; one unit per file")
    return values * unit_nanos


def _from_text(table: Table, column: str, text: str, timezone: str) -> IntArray:
    (matches, zones, nanos) = table.select(
        f"regexp_full_match({text}, '{_TEXT_TIME}')",
        f"regexp_extract({text}, '^{_TEXT_TIME}$', 2)",
        f"epoch_ns(try_cast(regexp_extract({text}, '^{_TEXT_TIME}$', 1) AS TIMESTAMP_NS))",
    )
    expected = "expected a time like 2020-12-01, 2020-12-01 08:00 or 2020-12-01T08:00:00Z, or epoch digits"
    _refuse(table, column, ~np.asarray(matches, dtype=bool), expected)
    _refuse(table, column, np.ma.getmaskarray(nanos), "this day or hour does not exist on the calendar")
    naive = np.asarray(nanos, dtype=np.int64)
    if not any(zones):
        return to_utc(naive, timezone, table, column)
    with_zone = np.array([bool(zone) for zone in zones])
    _refuse(table, column, with_zone != with_zone[0], "some times carry a zone and some do not")
    offsets = {zone: _offset_nanos(zone) for zone in set(zones)}
    return naive - np.array([offsets[zone] for zone in zones], dtype=np.int64)


def _offset_nanos(zone: str) -> int:
    digits = zone.strip().replace(":", "")
    if digits in ("Z", "UTC"):
        return 0
    minutes = int(digits[1:3]) * 60 + int(digits[3:5])
    return (minutes if digits[0] == "+" else -minutes) * 60 * 1_000_000_000


def to_utc(naive: IntArray, timezone: str, table: Table, column: str) -> IntArray:
    """Wall-clock nanoseconds of ``timezone`` as UTC.

    The hour that summer time repeats is decided by the step from the row before; where that does not decide,
    and for the hour that summer time skips, InputError names the row.
    """
    if timezone.upper() in ("UTC", "Z"):
        return naive
    early, late = _both_readings(naive, _zone(timezone))
    _refuse(table, column, early > late, f"this hour does not exist in {timezone}: summer time skips it")
    step = common_step(naive)
    utc = early.copy()
    for row in np.flatnonzero(early < late):
        before = utc[row - 1] + step if row else None
        if before == late[row]:
            utc[row] = late[row]
        elif before != early[row]:
            _refuse_row(
                table, column, int(row), f"this hour happens twice in {timezone}, and the row before does not say which"
            )
    return utc


def _zone(timezone: str) -> ZoneInfo:
    try:
        return ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"unknown time zone '{timezone}'; expected a name like UTC or Europe/London") from None


def _both_readings(naive: IntArray, zone: ZoneInfo) -> tuple[IntArray, IntArray]:
    """UTC of each wall-clock time before and after a clock change; equal but for repeated and skipped hours."""
    blocks, where = np.unique(naive // _HALF_HOUR_NANOS, return_inverse=True)
    offsets = np.empty((2, len(blocks)), dtype=np.int64)
    for index, block in enumerate(blocks.tolist()):
        moment = _EPOCH + timedelta(minutes=30 * block)
        for fold in (0, 1):
            offset = moment.replace(tzinfo=zone, fold=fold).utcoffset()
            assert offset is not None
            offsets[fold, index] = offset // timedelta(seconds=1) * 1_000_000_000
    return naive - offsets[0][where], naive - offsets[1][where]


def common_step(times: IntArray) -> int:
    """The most frequent positive step from row to row; of equals the smallest that divides a day; 0 for none."""
    steps = np.diff(times)
    steps, counts = np.unique(steps[steps > 0], return_counts=True)
    if not len(steps):
        return 0
    frequent = [int(step) for step in steps[counts == counts.max()]]
    return next((step for step in frequent if DAY_NANOS % step == 0), frequent[0])


def check_order(table: Table, column: str, times: IntArray) -> None:
    """Raise InputError unless every time is later than the one before, naming the row and the likely cause."""
    steps = np.diff(times)
    if (steps > 0).all():
        return
    if (steps < 0).all():
        raise InputError("the rows run newest first; expected oldest first", table.where(0, column))
    row = int(np.argmax(steps <= 0)) + 1
    now, before = format_time(int(times[row])), format_time(int(times[row - 1]))
    what = f"{now} stands twice" if steps[row - 1] == 0 else f"the time goes back from {before} to {now}"
    _refuse_row(table, column, row, what + summer_time_hint(times), quote=False)


def summer_time_hint(times: IntArray) -> str:
    """The advice to add to a message when reading the times as local time of some zone would mend their steps."""
    zones = zones_that_mend(times)
    if not zones:
        return ""
    return f"; these look like local times with summer time: try the time zone {' or '.join(zones)}"


def zones_that_mend(times: IntArray) -> list[str]:
    """The zones in which the times, taken as wall clock, have fewer odd steps than they show, and no uneven one."""
    step = common_step(times)
    if step == 0:
        return []
    odd_as_given = int((np.diff(times) != step).sum())
    found = []
    for name in SUMMER_TIME_ZONES:
        try:
            early, late = _both_readings(times, ZoneInfo(name))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            continue  # a machine without this zone's data
        if (early > late).any():
            continue
        utc = early.copy()
        for row in np.flatnonzero(early < late):
            if row and utc[row - 1] + step == late[row]:
                utc[row] = late[row]
        steps = np.diff(utc)
        if (steps > 0).all() and (steps % step == 0).all() and int((steps != step).sum()) < odd_as_given:
            found.append(name)
    return found


def find_gaps(times: IntArray, step: int) -> tuple[Gap, ...]:
    """The places where more than one step lies between two rows; needs sorted times on one grid."""
    steps = np.diff(times)
    return tuple(
        Gap(int(times[row]) + step, int(times[row + 1]), int(steps[row] // step) - 1)
        for row in np.flatnonzero(steps > step)
    )


def describe_grid(step: int) -> str:
    """``00:00, 08:00, 16:00``: where a grid of this step stands in a day, or its step where it is short."""
    if DAY_NANOS % step or DAY_NANOS // step > 6:
        return f"every {format_interval(step)} from 00:00"
    return ", ".join(format_time(row * step)[11:16] for row in range(DAY_NANOS // step))


def _refuse(table: Table, column: str, bad: np.ndarray, why: str) -> None:
    if bad.any():
        _refuse_row(table, column, int(np.argmax(bad)), why)


def _refuse_row(table: Table, column: str, row: int, why: str, *, quote: bool = True) -> NoReturn:
    given = f"{table.text(row, column)}: " if quote else ""
    raise InputError(given + why, table.where(row, column))
