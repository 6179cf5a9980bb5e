"""The answer to a query: a table or records for people, JSON and CSV for programs, a piece at a time."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TextIO

from shortdesk.doors.cli.output import console, notice
from shortdesk.ground.fine import plain

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from rich.console import Console

__all__ = ["MOST_ROWS", "print_csv", "print_json", "print_table"]

MOST_ROWS = 500
"""Rows shown to people; JSON, CSV and files have all."""

_AT_ONCE = 10_000
_GAP = 2


def print_json(answer: DuckDBPyConnection, out: TextIO) -> None:
    """A list with one object per row, one line each."""
    names = _names(answer)
    separator = "[\n"
    for row in _rows(answer):
        cells = {name: _plain(value) for name, value in zip(names, row, strict=True)}
        out.write(separator + "  " + json.dumps(cells, ensure_ascii=False))
        separator = ",\n"
    out.write("[]\n" if separator == "[\n" else "\n]\n")


def print_csv(answer: DuckDBPyConnection, out: TextIO) -> None:
    """A header and one line per row; none is an empty cell, nested values are JSON."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_names(answer))
    for row in _rows(answer):
        writer.writerow([_text(value) for value in row])


def print_table(answer: DuckDBPyConnection) -> None:
    """A table where it fits the width, else one record after the other; at most ``MOST_ROWS`` rows."""
    names = _names(answer)
    rows = answer.fetchmany(MOST_ROWS + 1)
    shown = [[_text(value) for value in row] for row in rows[:MOST_ROWS]]
    screen = console()
    widths = [max([len(name), *(len(row[at]) for row in shown)]) for at, name in enumerate(names)]
    if sum(widths) + _GAP * (len(widths) - 1) <= screen.width:
        _as_table(screen, names, shown, _numeric(rows, len(names)))
    else:
        _as_records(screen, names, shown)
    if not rows:
        notice("no rows")
    if len(rows) > MOST_ROWS:
        notice(f"the first {MOST_ROWS} rows are shown; --csv, --json or -o FILE give all of them")


def _as_table(screen: Console, names: list[str], rows: list[list[str]], numeric: list[bool]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for name, right in zip(names, numeric, strict=True):
        table.add_column(Text(name), justify="right" if right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    screen.print(table)


def _as_records(screen: Console, names: list[str], rows: list[list[str]]) -> None:
    from rich.text import Text

    width = max(len(name) for name in names)
    for number, row in enumerate(rows, 1):
        screen.print(Text(f"row {number}", style="bold"))
        for name, cell in zip(names, row, strict=True):
            if cell:
                screen.print(Text(f"  {name:<{width}}  {cell}"), soft_wrap=True)


def _numeric(rows: list[tuple[Any, ...]], columns: int) -> list[bool]:
    """Which columns hold numbers and nothing else, so that their digits stand below each other."""
    numbers = int | float | Decimal | None
    return [all(isinstance(row[at], numbers) for row in rows) for at in range(columns)]


def _names(answer: DuckDBPyConnection) -> list[str]:
    return [column[0] for column in answer.description or ()]


def _rows(answer: DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while rows := answer.fetchmany(_AT_ONCE):
        yield from rows


def _plain(value: Any) -> Any:
    """A value as JSON can hold it: decimals, times and what is no number as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else str(value)
        case Decimal():
            return plain(value)
        case datetime() | date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case list() | tuple():
            return [_plain(member) for member in value]
        case dict():
            return {str(key): _plain(member) for key, member in value.items()}
    return str(value)


def _text(value: Any) -> str:
    found = _plain(value)
    if found is None:
        return ""
    if isinstance(found, bool):
        return "true" if found else "false"
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
