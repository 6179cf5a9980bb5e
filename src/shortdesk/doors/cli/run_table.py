"""A run in the terminal: the price as a chart, what rose and fell, who was liquidated, what the fund paid."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.stage_inputs import clock_text
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
        change = fund.after - fund.before
        lost = f", {_money(fund.deficit)} not covered" if fund.deficit else ""
        text = f"insurance fund of {fund.venue}: {_money(fund.before)} {fund.asset} before, {_money(fund.after)} after"
        out.print(Text(f"{text} ({_signed(change)}){lost}"))
    for asset, lacking in found.shortfall.items():
        if lacking:
            out.print(Text(f"accounts below zero at the end lack {_money(lacking)} {asset}", style="bold red"))
    if found.makers:
        times = "once" if found.maker_leaves == 1 else f"{found.maker_leaves} times"
        away = f"away {100 * found.maker_absence:.1f} % of their time"
        out.print(Text(f"makers: {found.makers}, at the fewest {found.fewest_makers} quoting; left {times}, {away}"))
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
    for row in _rows(one):
        table.add_row(*row)
    out.print(table)


def _rows(one: InstrumentSummary) -> Iterator[tuple[str, str, str, str]]:
    def size(lots: int) -> str:
        return f"{lots * one.lot:,.0f} {one.asset}" if lots * one.lot >= 100 else f"{plain(lots * one.lot)} {one.asset}"

    def worth(money: Decimal) -> str:
        return f"{_money(money)} {one.quote}"

    yield "opened at", plain(one.opening), "", ""
    yield "measured from", plain(one.base), "", ""
    yield "peak", plain(one.peak), f"{one.peak_pct:+.2f} %", f"at {clock_text(one.peak_s)}"
    yield "trough", plain(one.trough), f"{one.trough_pct:+.2f} %", f"at {clock_text(one.trough_s)}"
    yield "last", plain(one.last), "", ""
    yield "trades", f"{one.fills:,}", "", worth(one.traded)
    yield "liquidations", f"{one.liquidations:,}", size(one.liquidation_lots), worth(one.liquidated)
    yield "taken over", "", size(one.taken_over_lots), ""
    yield "stops", f"{one.stops:,}", size(one.stop_lots), worth(one.stopped)
    yield "deleveraged", f"{one.adl:,}", size(one.adl_lots), worth(one.deleveraged)
    yield "losses others paid", "", "", worth(one.bad_debt)


def _money(value: Decimal) -> str:
    return f"{value:,.0f}"


def _signed(value: Decimal) -> str:
    return f"{value:+,.0f}"
