"""Times and bar intervals as people write them, to integer nanoseconds and back.

A form that two people could read differently is refused: ``01/12/2020`` is not a date here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from shortdesk.ground.errors import UsageError
from shortdesk.ground.units import Nanos

__all__ = [
    "DAY_NANOS",
    "EPOCH_DIGITS",
    "HOUR_NANOS",
    "MINUTE_NANOS",
    "SECOND_NANOS",
    "format_interval",
    "format_time",
    "parse_interval",
    "parse_time",
]

SECOND_NANOS = 1_000_000_000
MINUTE_NANOS = 60 * SECOND_NANOS
HOUR_NANOS = 60 * MINUTE_NANOS
DAY_NANOS = 24 * HOUR_NANOS
"""Lengths of time in nanoseconds."""

EPOCH_DIGITS = {
    10: ("seconds", 1_000_000_000),
    13: ("milliseconds", 1_000_000),
    16: ("microseconds", 1_000),
    19: ("nanoseconds", 1),
}
"""Digits of an epoch time between 2001 and 2286: the name of its unit and the unit in nanoseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    r"(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?: ?(Z|UTC)|([+-])(\d{2}):?(\d{2}))?)?",
    re.ASCII,
)
_INTERVAL = re.compile(r"([1-9]\d{0,5})(ms|s|m|h|d|w)", re.ASCII)
_INTERVAL_UNITS = {
    "w": 7 * DAY_NANOS, "d": DAY_NANOS, "h": HOUR_NANOS, "m": MINUTE_NANOS, "s": SECOND_NANOS, "ms": 1_000_000,
}  # fmt: skip
_LAST = 2**63 - 1


def parse_time(text: str) -> Nanos:
    """The instant a text means, in nanoseconds since 1970-01-01 UTC.

    Reads ``2020-12-01``, ``2020-12-01 08:00``, ``2020-12-01T08:00:30.5Z``, an offset as in ``+02:00``, and epoch
    digits in seconds (10), milliseconds (13), microseconds (16) or nanoseconds (19). Without a zone it is UTC.

    Raises UsageError for anything else, and for a day or hour that does not exist.
    """
    given = text.strip()
    if given.isascii() and given.isdigit():
        return _parse_epoch(given)
    match = _TIME.fullmatch(given)
    if match is None:
        raise UsageError(
            f"'{text}' is not a time that reads one way only; write 2020-12-01, 2020-12-01 08:00, "
            "2020-12-01T08:00:00+02:00 (UTC when no zone is given) or epoch digits"
        )
    year, month, day, hour, minute, second, fraction, _, sign, zone_hours, zone_minutes = match.groups()
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), tzinfo=UTC
        )
    except ValueError as error:
        raise UsageError(f"'{text}' does not exist on the calendar: {error}") from None
    offset_minutes = 0
    if sign:
        if int(zone_hours) > 14 or int(zone_minutes) > 59:
            raise UsageError(f"'{text}' has a zone outside -14:00 to +14:00")
        offset_minutes = (int(zone_hours) * 60 + int(zone_minutes)) * (1 if sign == "+" else -1)
    seconds = (moment - _EPOCH) // timedelta(seconds=1) - 60 * offset_minutes
    return _inside(seconds * SECOND_NANOS + int((fraction or "0").ljust(9, "0")), text)


def _parse_epoch(digits: str) -> Nanos:
    if len(digits) not in EPOCH_DIGITS:
        raise UsageError(
            f"'{digits}' has {len(digits)} digits; an epoch time has 10 (seconds), 13 (ms), 16 (µs) or 19 (ns), "
            "and a date is written 2020-12-01"
        )
    return _inside(int(digits) * EPOCH_DIGITS[len(digits)][1], digits)


def _inside(nanos: int, text: str) -> Nanos:
    if not 0 <= nanos <= _LAST:
        raise UsageError(f"'{text}' is outside 1970-01-01 to 2262-04-11, the times that fit 64 bits of nanoseconds")
    return Nanos(nanos)


def format_time(nanos: int) -> str:
    """``2020-12-01 08:00``, in UTC, with seconds and their fraction only where they are not zero."""
    seconds, fraction = divmod(int(nanos), SECOND_NANOS)
    moment = _EPOCH + timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%d %H:%M")
    if moment.second or fraction:
        text += f":{moment.second:02d}"
    if fraction:
        text += f".{fraction:09d}".rstrip("0")
    return text


def parse_interval(text: str) -> Nanos:
    """The length of a bar written as ``1m``, ``15m``, ``1h``, ``8h``, ``1d`` …, in nanoseconds.

    Raises UsageError for anything else; a month (``1M``) has no fixed length.
    """
    match = _INTERVAL.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"'{text}' is not an interval; write a number and a unit (s, m, h, d, w): 1m, 15m, 1h, 8h, 1d")
    return Nanos(int(match[1]) * _INTERVAL_UNITS[match[2]])


def format_interval(nanos: int) -> str:
    """``1h``, ``8h``, ``1d``: the largest unit that divides it; ``25h`` stays ``25h``."""
    if nanos < 0:
        return "-" + format_interval(-nanos)
    for unit, unit_nanos in _INTERVAL_UNITS.items():
        if unit != "w" and nanos and nanos % unit_nanos == 0:
            return f"{nanos // unit_nanos}{unit}"
    return f"{nanos}ns"
