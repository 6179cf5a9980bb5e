"""A run in the terminal: the price as a chart, what rose and fell, who was liquidated, what the fund paid."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.doors.pages.summary import figure_rows, fund_words, makers_words, money
from shortdesk.ground.fine import plain
from shortdesk.stage.run import InstrumentSummary, RunSummary
from shortdesk.study.figure.charts import PriceChart
from shortdesk.study.figure.series import Candles, Marker

__all__ = ["print_run"]


def print_run(out: Console, folder: Path, found: RunSummary) -> None:
    """Everything, for reading from top to bottom."""
    out.print(Text.assemble((found.scenario, "bold"), f", seed {found.seed}, {clock_text(found.reached_s)} played"))
    for one in found.instrument:
        if not one.fills and not one.opening:
            out.print(f"\n{one.name}: nobody traded it")
            continue
        if len(one.bars) > 1:
            out.print()
            out.print(_chart(found, one))
        out.print()
        _print_rows(out, one)
    out.print()
    for fund in found.fund:
        out.print(Text(fund_words(fund)))
    for asset, lacking in found.shortfall.items():
        if lacking:
            out.print(Text(f"accounts below zero at the end lack {money(lacking)} {asset}", style="bold red"))
    if found.makers:
        out.print(Text(makers_words(found)))
    out.print(Text(f"{found.rows:,} journal rows in {folder}, hash {found.hash}", style="dim"))


def _chart(found: RunSummary, one: InstrumentSummary) -> PriceChart:
    nanos = [found.start_ns + round(bar[0] * 1e9) for bar in one.bars]
    columns = list(zip(*one.bars, strict=True))
    peak = Marker(found.start_ns + round(one.peak_s * 1e9), float(one.peak), f"peak {plain(one.peak)}")
    return PriceChart(
        title=one.name,
        candles=Candles(
            times=nanos,
            open=columns[1],
            high=columns[2],
            low=columns[3],
            close=columns[4],
            interval_nanos=nanos[1] - nanos[0],
        ),
        markers=[peak] if one.peak > one.base else (),
        unit=one.quote,
        height=14,
    )


def _print_rows(out: Console, one: InstrumentSummary) -> None:
    table = Table(show_header=False, show_edge=False, pad_edge=False, box=None)
    table.add_column(style="bold")
    for _ in range(3):
        table.add_column(justify="right")
    for row in figure_rows(one):
        table.add_row(*row)
    out.print(table)
