"""The page of a post-mortem: the desk's chart over the map in hindsight, the tree of causes, what replays found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from shortdesk.doors.pages.figures import MOST, Row, candle_rows, lines_on, marks_on, row_of, series_of
from shortdesk.doors.pages.shell import Panel, Store, live_page
from shortdesk.ground.errors import InputError
from shortdesk.study.figure import Candles, FlowChart, Part, PathChart, PriceChart, Section, Table, page
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_map import doomed
from shortdesk.study.postmortem_report import (
    ANSWERED,
    candles_of,
    footer_of,
    forced_chart,
    heading,
    price_chart,
    sections_of,
    subheading,
)

__all__ = ["postmortem_page"]

_COLUMNS = 240
_BIN = 0.0025
_SECOND_NS = 10**9
_UNDER = "what was going to be liquidated, in hindsight"


def postmortem_page(report: Postmortem, extra: Sequence[Section] = (), run: Path | None = None) -> str:
    """The whole post-mortem as one file that opens offline; ``run`` is its folder, where replays may be kept."""
    sections = sections_of(report, extra)
    title, under, footer = heading(report), subheading(report), footer_of(report)
    lead = next((part for part in sections[0].parts if isinstance(part, PriceChart)), None)
    candles, chart = candles_of(report.tape, MOST), price_chart(report)
    if lead is None or candles is None or chart is None:
        return page(title, sections, subtitle=under, footer=footer)
    row = row_of(candles)
    forced = forced_chart(report, len(row.opens_ns))  # as fine as the candles
    answers = _answers(run, bool(report.replays))

    def panels(part: Part) -> Sequence[Panel]:
        if part is lead:
            return [Panel("sd-chart")]
        if forced is not None and isinstance(part, FlowChart) and part.title == forced.title:
            return [series_of(row, forced)]
        if isinstance(part, PathChart | FlowChart):
            return [series_of(row, part)]
        if isinstance(part, Table) and part.caption == ANSWERED and answers is not None:
            return [Panel("sd-whatif", answers, "given")]
        return []

    store = Store(
        parts={
            "head": _head(report, candles),
            "lines": lines_on(row, chart),
            "marks": marks_on(row, chart.markers),
        },
        candles=candle_rows(candles, _worths(report, row)),
        columns=_columns(report, row),
    )
    return live_page(
        title, sections, entry="postmortem", store=store, panels=panels, subtitle=under, footer=footer,
    )  # fmt: skip


def _head(report: Postmortem, candles: Candles) -> dict[str, Any]:
    tape, grid = report.tape, report.tape.grid
    exponent = grid.tick.normalize().as_tuple().exponent
    return {
        "instrument": tape.name, "base": grid.base, "quote": grid.settle, "venue": "", "tick": float(grid.tick),
        "price_places": max(0, -exponent) if isinstance(exponent, int) else 2, "whole": True, "under": _UNDER,
        "candle_s": candles.interval_nanos // _SECOND_NS, "bin": _bin_ticks(report) * float(grid.tick),
    }  # fmt: skip


def _bin_ticks(report: Postmortem) -> int:
    """Ticks of one step of the map: a quarter per cent of the price at which the move began."""
    return max(1, round(_BIN * report.move.begin_ticks))


def _worths(report: Postmortem, row: Row) -> list[Any]:
    """Worth traded in each candle, and of it what forced orders bought and sold."""
    tape = report.tape
    rows = tape.fills
    if not len(rows):
        return []
    places = np.searchsorted(row.opens_ns, tape.time_ns[rows], side="right") - 1
    worth = np.abs(tape.worth(tape.instrument).of(tape.lots[rows], tape.price[rows])) * float(tape.grid.unit)
    forced = worth * (report.forced.of_fill >= 0)
    bought = tape.lots[rows] > 0
    return [np.bincount(places, one, len(row.opens_ns)) for one in (worth, forced * bought, forced * ~bought)]


def _columns(report: Postmortem, row: Row) -> list[tuple[int, list[tuple[int, float, float]]]]:
    """The map in hindsight at up to ``_COLUMNS`` candles, as a recorder has the map of its moment."""
    found, step = doomed(report), _bin_ticks(report)
    if not len(found.ticks):
        return []
    bins, places = np.unique(found.ticks // step, return_inverse=True)
    grid = report.tape.grid
    worth = np.abs(found.lots).astype(np.float64) * found.ticks * float(grid.tick) * float(grid.lot)
    columns = []
    for at in range(0, len(row.opens_ns), max(1, -(-len(row.opens_ns) // _COLUMNS))):
        now = int(row.opens_ns[at])
        alive = (found.since_ns <= now) & (found.until_ns > now)
        sums = [
            np.rint(np.bincount(places[alive], (worth * side)[alive], len(bins)))
            for side in (found.lots < 0, found.lots > 0)
        ]
        used = np.flatnonzero(sums[0] + sums[1])
        told = [(int(bins[one]), float(sums[0][one]), float(sums[1][one])) for one in used]
        columns.append((now // _SECOND_NS, told))
    return columns


def _answers(run: Path | None, has_some: bool) -> Any:
    """What replays of this run found, as the desk shows it; None where none were kept."""
    if run is None or not has_some:
        return None
    from shortdesk.doors.web.replays import Replaying, replays_view

    try:
        found = replays_view(run, Replaying())
    except InputError:  # effects that somebody else wrote: fewer figures than the panel shows; their table stays
        return None
    note = "What replays of this run found. More can be asked at the desk: shortdesk web --run, with this run's folder."
    return {"work": found.work, "offers": [], "answers": found.answers, "note": note}
