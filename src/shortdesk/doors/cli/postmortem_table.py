"""A post-mortem in the terminal: the verdict, the price, what happened, who pushed, who paid, and one account's end."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table as Printed
from rich.text import Text

from shortdesk.doors.cli.output import show
from shortdesk.study.figure import Table
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_account import Death
from shortdesk.study.postmortem_account_report import account_tables, equity_chart
from shortdesk.study.postmortem_report import (
    flow_tables,
    generations_table,
    heading,
    people_tables,
    price_chart,
    pushed_tables,
    replays_table,
    rungs_table,
    subheading,
    tests_table,
    timeline_table,
    trust,
)
from shortdesk.study.postmortem_why import why

__all__ = ["print_postmortem"]

_NUMBER = re.compile(r"[-−+]?[\d,]*(\.\d+)?( ?%|x)?|–")


def print_postmortem(out: Console, report: Postmortem, death: Death | None) -> None:
    """Everything, for reading from top to bottom; with an account, its end alone."""
    out.print(Text(heading(report), style="bold"))
    out.print(Text(subheading(report), style="dim"))
    out.print()
    style = {"squeeze": "bold red", "partly": "bold yellow", "not": "bold green"}[report.verdict.outcome]
    out.print(Text(report.verdict.words, style=style if death is None else "dim"))
    out.print()
    if death is not None:
        _print_death(out, report, death)
        return
    chart = price_chart(report, height=14)
    if chart is not None:
        out.print(chart)
        out.print()
    replays = replays_table(report)
    for table in (
        tests_table(report), timeline_table(report), *pushed_tables(report), generations_table(report),
        rungs_table(report),
        *flow_tables(report), *people_tables(report), *([replays] if replays else []),
    ):  # fmt: skip
        _print(out, table)
    for sentence in (*trust(report), *report.unknown):
        out.print(Text(f"note: {sentence}", style="dim"))


def _print_death(out: Console, report: Postmortem, death: Death) -> None:
    out.print(Text(why(report, death), style="bold red"))
    out.print()
    chart = equity_chart(report, death)
    if chart is not None:
        out.print(chart)
        out.print()
    for table in account_tables(report, death):
        _print(out, table)


def _print(out: Console, table: Table) -> None:
    if not table.rows:
        return
    out.print(Text(table.caption, style="bold"))
    printed = Printed(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for name, cells in zip(table.columns, zip(*table.rows, strict=True), strict=True):
        numbers = all(_NUMBER.fullmatch(cell) for cell in cells)
        printed.add_column(name, justify="right" if numbers else "left")
    for row in table.rows:
        printed.add_row(*row, style="bold" if row[0] == "sum" else None)
    show(out, printed)
    if table.note:
        out.print(Text(table.note, style="dim"))
    out.print()
