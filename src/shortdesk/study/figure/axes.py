"""Scales and ticks: which values and dates stand on an axis, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shortdesk.intake.times import DAY_NANOS, HOUR_NANOS, MINUTE_NANOS

__all__ = ["Scale", "decimals_of", "format_number", "nice_ticks", "time_ticks"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SECOND_NANOS = MINUTE_NANOS // 60
_SECONDS = (1, 2, 5, 10, 15, 30)
_MINUTES = (1, 2, 5, 10, 15, 30)
_HOURS = (1, 2, 3, 4, 6, 8, 12)
_SECOND_STEPS = tuple(_SECOND_NANOS * n for n in _SECONDS)
_SHORT_STEPS = _SECOND_STEPS + tuple(MINUTE_NANOS * n for n in _MINUTES) + tuple(HOUR_NANOS * n for n in _HOURS)
_DAYS = (1, 2, 5, 10, 15)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps [low, high] onto [first, last]; either may run backwards."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        """Where the value stands."""
        return self.first + (value - self.low) / (self.high - self.low) * (self.last - self.first)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` round values in [low, high], a step of 1, 2, 2.5 or 5 times a power of ten apart."""
    if not high > low:
        return [low]
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1, 2, 2.5, 5, 10, 20, 25):
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return [count * step for count in range(first, last + 1)]
    return []


def decimals_of(ticks: list[float]) -> int:
    """The decimals that tell neighbouring ticks apart."""
    if len(ticks) < 2:
        return 0 if abs(ticks[0] if ticks else 0.0) >= 100 else 2
    step = abs(ticks[1] - ticks[0])
    for decimals in range(12):
        if abs(round(step, decimals) - step) < 1e-9 * step:
            return decimals
    return 12


def format_number(value: float, decimals: int) -> str:
    """``19,700.50``, with a true minus sign, never ``-0``."""
    text = f"{value:,.{decimals}f}"
    if float(text.replace(",", "")) == 0:
        text = text.removeprefix("-")
    return text.replace("-", "−")


def time_ticks(start_nanos: int, stop_nanos: int, most: int) -> list[tuple[int, str]]:
    """At most ``most`` round instants in [start, stop] with their labels, in UTC.

    The first label, and each that begins a year (or a day, on short spans), says so in full.
    """
    most = max(most, 1)
    for step in _SHORT_STEPS:
        first, last = -(-start_nanos // step), stop_nanos // step
        if last - first + 1 <= most:
            short, full = (_seconds, _day_and_seconds) if step < MINUTE_NANOS else (_clock, _day_and_clock)
            return _labelled([count * step for count in range(first, last + 1)], short, full, _day)
    for days in _DAYS:
        found = list(_month_days(start_nanos, stop_nanos, days))
        if len(found) <= most:
            return _labelled(found, _day, _day_and_year, _year)
    for months in _MONTHS:
        found = list(_month_starts(start_nanos, stop_nanos, months))
        if len(found) <= most:
            whole_years = months % 12 == 0
            return _labelled(found, _year if whole_years else _month, _year if whole_years else _month_and_year, _year)
    return []


def _labelled(
    instants: list[int],
    short: Callable[[datetime], str],
    full: Callable[[datetime], str],
    changes: Callable[[datetime], str],
) -> list[tuple[int, str]]:
    labels = []
    before = ""
    for nanos in instants:
        moment = _moment(nanos)
        labels.append((nanos, short(moment) if changes(moment) == before else full(moment)))
        before = changes(moment)
    return labels


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M}"


def _seconds(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}"


def _day_and_seconds(moment: datetime) -> str:
    return f"{_day(moment)} {_seconds(moment)}"


def _day(moment: datetime) -> str:
    return f"{moment.day} {_MONTH_NAMES[moment.month - 1]}"


def _month(moment: datetime) -> str:
    return _MONTH_NAMES[moment.month - 1]


def _year(moment: datetime) -> str:
    return str(moment.year)


def _day_and_clock(moment: datetime) -> str:
    return f"{_day(moment)} {_clock(moment)}"


def _day_and_year(moment: datetime) -> str:
    return f"{_day(moment)} {_year(moment)}"


def _month_and_year(moment: datetime) -> str:
    return f"{_month(moment)} {_year(moment)}"


def _month_days(start_nanos: int, stop_nanos: int, days: int) -> Iterator[int]:
    """Day 1 of each month and every so many days after it, leaving out what crowds the next month."""
    for first in _month_starts(start_nanos - 31 * DAY_NANOS, stop_nanos, 1):
        moment = _moment(first)
        following = (moment + timedelta(days=32)).replace(day=1)
        length = (following - moment).days
        for day in range(0, length, days):
            nanos = first + day * DAY_NANOS
            if (day == 0 or length - day >= days * 0.7) and start_nanos <= nanos <= stop_nanos:
                yield nanos


def _month_starts(start_nanos: int, stop_nanos: int, months: int) -> Iterator[int]:
    moment = _moment(start_nanos)
    count = moment.year * 12 + moment.month - 1
    count -= count % months
    while True:
        first = datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
        nanos = (first - _EPOCH) // timedelta(seconds=1) * 1_000_000_000
        if nanos > stop_nanos:
            return
        if nanos >= start_nanos:
            yield nanos
        count += months


def _moment(nanos: int) -> datetime:
    return _EPOCH + timedelta(seconds=nanos // 1_000_000_000)
