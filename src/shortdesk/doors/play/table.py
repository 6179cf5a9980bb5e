"""What a play prints: a table of everything that happened, and what did not come true."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from shortdesk.doors.play.event import Event, decimal_of
from shortdesk.doors.play.stage import Miss
from shortdesk.ground.kinds import Kind

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["difference", "event_lines", "event_rows", "event_table"]

_RISK = range(Kind.RISK_STATE, Kind.ADL + 1)


def event_table(events: Sequence[Event]) -> Table:
    """Every event in a row: when, what, who, with whom, size, price, money, why, from which row."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("#", "time", "event", "who", "other", "size", "price", "money", "why", "from"):
        is_number = name not in ("event", "who", "other", "why")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for event in events:
        table.add_row(
            str(event.seq),
            _time(event),
            event.kind.name,
            event.who,
            event.other,
            event.sized(apart=True),
            event.priced(apart=True),
            event.paid(apart=True),
            _why(event),
            f"#{event.cause}" if event.cause >= 0 else "",
            style="bold" if event.kind in _RISK else "",
        )
    return table


def event_lines(events: Sequence[Event]) -> list[str]:
    """Every event in a line of its own, in the words of an ``expect`` line: for windows narrower than the table."""
    lines = []
    for event in events:
        cause = f" from #{event.cause}" if event.cause >= 0 else ""
        lines.append(f"#{event.seq} {_time(event)} {event}{cause}")
    return lines


def _time(event: Event) -> str:
    """Days, hours, minutes and seconds, as a script writes them; parts that are nothing are left out."""
    seconds = Fraction(event.time_ns, 10**9)
    parts = []
    for name, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        whole, seconds = divmod(seconds, length)
        if whole:
            parts.append(f"{whole}{name}")
    if seconds or not parts:
        parts.append(f"{decimal_of(seconds)}s")
    return " ".join(parts)


def _why(event: Event) -> str:
    """The row's code, and who acted where that is neither the script nor said by the event."""
    by = "" if event.mechanism == "USER" or event.kind in _RISK else event.mechanism.casefold()
    return f"{event.code} {by}".strip()


def event_rows(events: Sequence[Event]) -> list[dict[str, str | int | None]]:
    """Every event for programs; numbers as exact text, empty or null where the row says nothing."""
    return [
        {
            "seq": event.seq,
            "time_ns": event.time_ns,
            "event": event.kind.name,
            "venue": event.venue,
            "instrument": event.instrument,
            "who": event.who,
            "other": event.other,
            "size": "" if event.size is None else decimal_of(event.size),
            "price": event.priced(),
            "money": "" if event.money is None else decimal_of(event.money),
            "asset": event.asset,
            "order": event.order if event.order >= 0 else None,
            "why": event.code,
            "mechanism": event.mechanism,
            "cause": event.cause if event.cause >= 0 else None,
            "line": int(event.where.rpartition(":")[2]),
        }
        for event in events
    ]


def difference(misses: Sequence[Miss]) -> str:
    """Each line that did not come true, and below it what was found."""
    lines = []
    for miss in misses:
        lines.append(f"{miss.where}: did not come true")
        lines.append(f"  - {miss.expected}")
        lines.extend(f"  + {found}" for found in miss.found)
    return "\n".join(lines)
