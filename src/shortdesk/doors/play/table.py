"""What a play prints: a table of everything that happened, and what did not come true."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from shortdesk.doors.play.event import Event, decimal_of
from shortdesk.doors.play.stage import Miss

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["difference", "event_rows", "event_table"]


def event_table(events: Sequence[Event]) -> Table:
    """Every event in a row: when, what, who, with whom, size, price, money, why."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("#", "time", "event", "who", "other", "size", "price", "money", "why"):
        is_number = name in ("#", "time", "size", "price", "money")
        table.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for event in events:
        table.add_row(
            str(event.seq),
            _time(event),
            event.kind.name,
            event.who,
            event.other,
            event.sized(),
            event.priced(),
            event.paid(),
            _why(event),
            style="bold" if 30 <= event.kind < 40 else "",
        )
    return table


def _time(event: Event) -> str:
    return f"{decimal_of(Fraction(event.time_ns, 10**9))}s"


def _why(event: Event) -> str:
    """The row's code, who acted, and the number of the row that made it."""
    parts = [event.code, event.mechanism.casefold() if event.mechanism != "USER" else ""]
    if event.cause >= 0:
        parts.append(f"after #{event.cause}")
    return " ".join(part for part in parts if part)


def event_rows(events: Sequence[Event]) -> list[dict[str, str | int]]:
    """Every event for programs; numbers as exact text, empty where the row says nothing."""
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
            "order": event.order,
            "why": event.code,
            "mechanism": event.mechanism,
            "cause": event.cause,
            "line": event.where.rpartition(":")[2],
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
