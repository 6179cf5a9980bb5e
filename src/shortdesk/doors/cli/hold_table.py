"""A held short in the terminal: the verdict, the chart, the figures, the money, other leverages, what to know."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.intake import format_time
from shortdesk.study.hold_report import charts, facts, heading, ladder_rows, money_rows, subheading
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.hold_words import verdict

__all__ = ["print_hold", "print_verdict"]

_NARROW = 74
"""Windows with fewer columns show one figure less of each leverage."""


def print_verdict(out: Console, result: HoldResult) -> None:
    """The answer alone."""
    style = "bold red" if result.liquidated else "bold green" if result.totals.profit >= 0 else "bold yellow"
    out.print(Text(verdict(result), style=style))


def print_hold(out: Console, result: HoldResult) -> None:
    """Everything, for reading from top to bottom."""
    out.print(Text(heading(result), style="bold"))
    out.print(Text(subheading(result), style="dim"))
    out.print()
    print_verdict(out, result)
    out.print()
    drawn = charts(result)
    out.print(drawn.price)
    out.print()
    if drawn.after is not None:
        out.print(drawn.after)
        out.print()
    _print_facts(out, result)
    out.print()
    _print_rows(out, ("where the money went", result.settle), money_rows(result))
    if drawn.funding is not None:
        out.print()
        out.print(drawn.funding)
    out.print()
    columns: tuple[str, ...] = (
        "the same short at",
        "wallet",
        "dies at",
        "died on",
        f"result, {result.settle}",
        "return",
    )
    rows = ladder_rows(result)
    if out.width < _NARROW:
        # The wallet is the worth over the leverage, so it can be spared first.
        columns = ("at", *columns[2:])
        rows = [(row[0], *row[2:]) for row in rows]
    _print_rows(out, columns, rows, left=(0, len(columns) - 3))
    out.print()
    for warning in result.warnings:
        out.print(Text.assemble(("warning: ", "bold yellow"), (warning, "yellow")))
    for note in result.notes:
        out.print(Text(f"note: {note}", style="dim"))
    for sentence in result.assumptions:
        out.print(Text(sentence, style="dim"))


def _print_facts(out: Console, result: HoldResult) -> None:
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(style="dim")
    for fact in facts(result):
        table.add_row(fact.name, fact.value, fact.note)
    if result.closest is not None:
        left = result.closest.room_pct
        room = f"{left:.2f} %" if left < 1000 else "far"
        when = f"left on {format_time(result.closest.open_nanos)}, high {result.closest.high:,.2f}"
        table.add_row("closest call" if result.liquidated is None else "closest call before", room, when)
    out.print(table)


def _print_rows(
    out: Console, columns: Sequence[str], rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)
) -> None:
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for index, name in enumerate(columns):
        table.add_column(name, justify="left" if index in left else "right")
    for row in rows:
        strong = row[0] == "came back" or row[0].endswith("(this one)")
        table.add_row(*row, style="bold" if strong else None)
    out.print(table)
