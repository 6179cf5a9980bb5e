"""The page of a run: the market at any of its moments in the desk's panels, its gauges through time, its figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.doors.pages.figures import MOST, Row, lines_on, marks_on, row_of, series_of
from shortdesk.doors.pages.recording import Recording, Sample
from shortdesk.doors.pages.shell import Panel, Store, live_page
from shortdesk.doors.pages.summary import figure_rows, fund_words, makers_words, money
from shortdesk.doors.web.view.book import BookView
from shortdesk.doors.web.view.deaths import Bin, DeathMap
from shortdesk.doors.web.view.scale import SECOND_NS, places_of
from shortdesk.ground.fine import plain
from shortdesk.ground.kinds import Kind
from shortdesk.stage.run import InstrumentSummary, RunSummary
from shortdesk.study.figure import (
    Candles,
    Fact,
    Facts,
    FlowChart,
    Line,
    Marker,
    Part,
    PathChart,
    PriceChart,
    Prose,
    Section,
    Table,
    Verdict,
)

__all__ = ["run_page"]

MOMENTS = 60
"""Moments that can be chosen on the page."""
_NEAR_BOOK, _NEAR_DEATHS, _NEAR_MAP = 0.0105, 0.06, 0.15
"""So far from the middle, the mark and all prices the page keeps what its panels can show: depth reaches 1 %, deaths
5 %, and the candles' map is seen no further without leaving the candles."""
_ROWS = 14


def run_page(found: RunSummary, recording: Recording) -> str:
    """A run as one file that opens offline; without a trade only its figures.

    Raises:
        ValueError: the recording has seen nothing.
    """
    recording.finish()
    if not recording.has_seen:
        raise ValueError("nothing was recorded: no trade, so nothing to draw")
    board = recording.board
    one = next(each for each in found.instrument if each.name == board.name)
    chart = _price_chart(recording, found, one)
    row = row_of(chart.candles)
    chosen = [recording.samples[at] for at in recording.chosen(MOMENTS)]

    def panels(part: Part) -> Sequence[Panel]:
        if part is chart:
            whole = [Panel("sd-strip"), Panel("sd-chart"), Panel("sd-deaths"), Panel("sd-depth"), Panel("sd-map")]
            return [Panel("sd-moments", _moments(recording, chosen, row, found.start_ns)), *whole]
        return [series_of(row, part)] if isinstance(part, PathChart | FlowChart) else []

    price = chart.candles
    assert price.low is not None
    assert price.high is not None
    low, high = (1 - _NEAR_MAP) * float(np.min(price.low)), (1 + _NEAR_MAP) * float(np.max(price.high))
    step = chosen[0].deaths.step
    columns = [(at, _within(bins, step, low, high)) for at, bins in recording.recorder.columns]
    store = Store(
        parts={
            "head": _head(recording, found),
            "lines": lines_on(row, chart),
            "marks": marks_on(row, chart.markers),
            **_parts(chosen[0]),
        },
        candles=recording.recorder.candles[-MOST:],
        columns=columns,
    )
    return live_page(
        f"{found.scenario}, seed {found.seed}", _sections(found, one, recording, chart), entry="run", store=store,
        panels=panels, subtitle=f"{board.name} on {board.venue}, {clock_text(found.reached_s)} played",
        footer=[f"Journal {found.hash}, {found.rows:,} rows"],
    )  # fmt: skip


def _head(recording: Recording, found: RunSummary) -> dict[str, Any]:
    board, seen, scenario = recording.board, recording.recorder, recording.scenario
    return {
        "scenario": scenario.name, "about": scenario.about, "seed": found.seed, "instrument": board.name,
        "base": board.base, "quote": board.quote, "venue": board.venue, "tick": board.tick, "lot": board.lot,
        "price_places": places_of(board.market.tick), "size_places": places_of(board.market.lot),
        "candle_s": seen.candle_s, "bin": recording.samples[0].deaths.step, "whole": True,
    }  # fmt: skip


def _moments(recording: Recording, chosen: Sequence[Sample], row: Row, start_ns: int) -> list[dict[str, Any]]:
    """Each moment: when it is, the candle it stands in, its name where it has one, and its parts of the store."""
    trigger_ns = start_ns + int(recording.scenario.trigger_s * SECOND_NS)
    deaths = np.diff([one.counts.liquidations for one in chosen], prepend=0)
    names = {0: "the opening", len(chosen) - 1: "the end"}
    before = [at for at, one in enumerate(chosen) if one.time_ns <= trigger_ns]
    if trigger_ns > start_ns and before:
        names[before[-1]] = "before it began"
    if deaths.max() > 0:
        names[int(deaths.argmax())] = "the height"
    return [
        {
            "now_s": (one.time_ns - start_ns) / SECOND_NS,
            "here": row.seconds[max(0, int(np.searchsorted(row.opens_ns, one.time_ns - 1, side="right")) - 1)],
            "title": names.get(at, ""),
            "parts": _parts(one),
        }
        for at, one in enumerate(chosen)
    ]


def _parts(sample: Sample) -> dict[str, Any]:
    mark = sample.gauges.mark
    return {
        "gauges": sample.gauges, "counts": sample.counts, "book": _near_book(sample.book),
        "deaths": _near_deaths(sample.deaths, mark), "liquidations": sample.map,
    }  # fmt: skip


def _near_book(book: BookView) -> BookView:
    reach = _NEAR_BOOK * book.middle
    bids, asks = ([one for one in side if abs(one[0] - book.middle) <= reach] for side in (book.bids, book.asks))
    return msgspec.structs.replace(book, bids=bids, asks=asks)


def _near_deaths(deaths: DeathMap, mark: float) -> DeathMap:
    near = _within(deaths.bins, deaths.step, (1 - _NEAR_DEATHS) * mark, (1 + _NEAR_DEATHS) * mark)
    return msgspec.structs.replace(deaths, bins=near)


def _within(bins: Sequence[Bin], step: float, low: float, high: float) -> list[Bin]:
    return [one for one in bins if low <= (one[0] + 1) * step and one[0] * step <= high]


def _price_chart(recording: Recording, found: RunSummary, one: InstrumentSummary) -> PriceChart:
    seen = recording.recorder
    columns = list(zip(*seen.candles[-MOST:], strict=True))
    candles = Candles(
        times=np.array(columns[0], np.int64) * SECOND_NS, open=columns[1], high=columns[2], low=columns[3],
        close=columns[4], interval_nanos=seen.candle_s * SECOND_NS,
    )  # fmt: skip
    lines = [recording.path("mark", Kind.MARK, "plain"), recording.path("index", Kind.INDEX, "quiet")]
    markers = []
    if one.peak > one.base:
        at_ns = found.start_ns + round(one.peak_s * SECOND_NS)
        markers.append(Marker(at_ns, float(one.peak), f"peak {plain(one.peak)}"))
    return PriceChart("Price, mark and index", candles, [line for line in lines if line], markers, unit=one.quote)


def _sections(found: RunSummary, one: InstrumentSummary, seen: Recording, chart: PriceChart) -> list[Section]:
    about = [Prose([f"About it: {seen.scenario.about}"])] if seen.scenario.about else []
    tables = [
        Table(
            f"Figures of {each.name}", ("", "price or number", "size or change", "worth or time"), [*figure_rows(each)]
        )
        for each in found.instrument
    ]
    told = [fund_words(fund) for fund in found.fund] + ([makers_words(found)] if found.makers else [])
    return [
        Section("", [Verdict(_verdict(found, one)), _facts(found, one), *about]),
        Section("The market at any moment", [chart]),
        Section("Through time", [*_paths(seen, one.quote), _through_time(seen, found.start_ns)]),
        Section("What happened", [_happenings(seen)]),
        Section("Figures", [*tables, Prose([f"{text[:1].upper()}{text[1:]}." for text in told])]),
        Section("How far to trust this", [Prose([*_trust(seen)])]),
    ]


def _verdict(found: RunSummary, one: InstrumentSummary) -> str:
    way = f"{one.name} went from {plain(one.base)} to {plain(one.peak)} ({_percent(one.peak_pct)})"
    down = f"down to {plain(one.trough)} ({_percent(one.trough_pct)})"
    worth = f"worth {money(one.liquidated)} {one.quote}"
    died = f"{one.liquidations:,} positions {worth} were liquidated"
    if one.liquidations < 2:
        died = f"one position {worth} was liquidated" if one.liquidations else "nobody was liquidated"
    lost = f"; others paid {money(one.bad_debt)} {one.quote} of the losses" if one.bad_debt else ""
    return f"{way} and {down}; {died}{lost}."


def _percent(value: float) -> str:
    return f"{value:+.2f} %".replace("-", "−")


def _facts(found: RunSummary, one: InstrumentSummary) -> Facts:
    shown = [
        Fact("peak", plain(one.peak), f"{_percent(one.peak_pct)} at {clock_text(one.peak_s)}"),
        Fact("trough", plain(one.trough), f"{_percent(one.trough_pct)} at {clock_text(one.trough_s)}"),
        Fact("last", plain(one.last), f"opened at {plain(one.opening)}"),
        Fact("liquidations", f"{one.liquidations:,}", f"{money(one.liquidated)} {one.quote}"),
        Fact("stops", f"{one.stops:,}", f"{money(one.stopped)} {one.quote}"),
        Fact("deleveraged", f"{one.adl:,}", f"{money(one.deleveraged)} {one.quote}"),
        Fact("traded", f"{money(one.traded)} {one.quote}", f"{one.fills:,} trades"),
    ]
    if found.makers:
        left = f"left {found.maker_leaves} times" if found.maker_leaves != 1 else "left once"
        shown.append(Fact("makers at the fewest", f"{found.fewest_makers} of {found.makers}", left))
    return Facts(shown)


def _paths(recording: Recording, quote: str) -> Iterator[Part]:
    """What the samples tell through time; what never changes is left out."""
    samples = recording.samples
    times = np.array([one.time_ns for one in samples], np.int64)

    def line(name: str, values: Sequence[float], tone: Any = "plain", *, steps: bool = False) -> Line:
        return Line(name, times, np.asarray(values, np.float64), tone=tone, steps=steps)

    gauges = [one.gauges for one in samples]
    depths = [line("bids", [one.book.bid_depth[-1] for one in samples], "good")]
    depths.append(line("asks", [one.book.ask_depth[-1] for one in samples], "danger"))
    shown = [
        PathChart("Liquidated so far", [_liquidated(samples, line)], unit=quote),
        PathChart("Depth within 1 %", depths, unit=quote),
        PathChart("Makers who quote", [line("makers", [one.makers_present for one in gauges], steps=True)]),
        PathChart("Open interest", [line("open interest", [one.open_interest for one in gauges])], unit=quote),
        PathChart("Mark over index", [line("basis", [one.basis_bps for one in gauges])], baseline=0.0, unit="bp"),
        PathChart("Funding", [line("rate", [one.funding_pct for one in gauges])], baseline=0.0, unit="%"),
        PathChart("Insurance fund", [line("fund", [one.insurance for one in gauges])], unit=quote),
    ]
    for at, pool in enumerate(gauges[0].pools):
        lent = line("lent", [one.pools[at].utilisation_pct for one in gauges])
        rate = line("rate, a year", [one.pools[at].rate_pct_year for one in gauges], "danger")
        shown.append(PathChart(f"Borrowing {pool.asset}", [lent, rate], unit="%"))
    yield from (one for one in shown if any(float(np.ptp(np.asarray(each.values))) > 0 for each in one.lines))


def _liquidated(samples: Sequence[Sample], line: Any) -> Line:
    found: Line = line("worth", [one.counts.shorts_liquidated + one.counts.longs_liquidated for one in samples])
    return found


def _through_time(recording: Recording, start_ns: int) -> Table:
    places = places_of(recording.board.market.tick)
    rows = []
    for at in recording.chosen(_ROWS):
        one = recording.samples[at]
        gauges, book = one.gauges, one.book
        rows.append(
            (
                clock_text((one.time_ns - start_ns) / SECOND_NS), f"{gauges.mark:,.{places}f}",
                f"{gauges.open_interest:,.0f}", f"{book.bid_depth[-1]:,.0f}", f"{book.ask_depth[-1]:,.0f}",
                f"{gauges.makers_present}", f"{one.counts.liquidations:,}", f"{one.deaths.shorts:,.0f}",
                f"{one.deaths.longs:,.0f}",
            )
        )  # fmt: skip
    columns = (
        "after", "mark", "open interest", "bids in 1 %", "asks in 1 %", "makers", "liquidated", "shorts that can die",
        "longs that can die",
    )  # fmt: skip
    return Table("The market through time", columns, rows, f"Worth in {recording.board.quote}.")


def _happenings(recording: Recording) -> Table:
    rows = [(clock_text(time_s), text) for _, time_s, text, _ in recording.recorder.happenings]
    note = f"The last {len(rows)} things that happened." if len(rows) == recording.recorder.happenings.maxlen else ""
    return Table("What happened", ("after", "event"), rows, note)


def _trust(recording: Recording) -> Iterator[str]:
    yield "Everything here follows from the scenario and its seed: the same two give the same rows and the same page."
    yield (
        f"The map, the book and the gauges were looked at every {recording.column_s} s of the market's time; what came "
        "and went between two looks is in the Journal alone."
    )
