"""Drawings as the desk's panels need them: every line, bar and flow put onto the times of one row of candles.

A chart of the desk counts candles, not seconds, so all that moves together stands on the same candles. Long histories
are joined to ``MOST`` candles: a screen has fewer columns, and the page stays small.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from shortdesk.doors.pages.shell import Panel
from shortdesk.study.figure import Candles, FlowChart, Line, Marker, PathChart, PriceChart
from shortdesk.study.figure.axes import decimals_of, nice_ticks

__all__ = [
    "MOST",
    "LineView",
    "MarkView",
    "Row",
    "SeriesView",
    "candle_rows",
    "lines_on",
    "marks_on",
    "row_of",
    "series_of",
]

MOST = 1_500
"""Candles of a page at most."""

_SECOND_NS = 10**9
_FAR = 1e-12

Ints: TypeAlias = npt.NDArray[np.int64]


class Row(NamedTuple):
    """The candles that a page stands on: when each opens, and how long it is."""

    opens_ns: Ints
    step_ns: int

    @property
    def ends_ns(self) -> Ints:
        """When each candle is over: with its length, or where the next one opens."""
        following = np.append(self.opens_ns[1:], np.iinfo(np.int64).max)
        return np.asarray(np.minimum(self.opens_ns + self.step_ns, following), np.int64)

    @property
    def seconds(self) -> list[int]:
        """The times as a chart has them."""
        found: list[int] = (self.opens_ns // _SECOND_NS).tolist()
        return found


class LineView(msgspec.Struct, frozen=True):
    """A line with a value for each candle; None where it has none. ``scales``: it belongs into the range shown."""

    name: str
    tone: str
    steps: bool
    scales: bool
    values: list[float | None]


class MarkView(msgspec.Struct, frozen=True):
    """Something that happened in a candle."""

    time: int
    text: str
    kind: str


class SeriesView(msgspec.Struct, frozen=True):
    """A panel below the candles: lines, or bars of what flowed in each candle."""

    title: str
    unit: str
    note: str
    places: int
    """Decimals of the axis; a value that is read has two more, where any value has decimals at all."""
    exact: int
    bars: bool
    base: float | None
    lines: list[LineView]


def row_of(candles: Candles) -> Row:
    """The times of candles."""
    return Row(np.asarray(candles.times, np.int64), int(candles.interval_nanos))


def candle_rows(
    candles: Candles, worth: Sequence[Sequence[float]] = ()
) -> list[tuple[int, float, float, float, float, float, float, float]]:
    """Candles as a recorder has them; ``worth`` is what was traded and forced to buy and to sell in each, if known.

    Where only closes are known a candle runs from the close before to its own.
    """
    close = np.asarray(candles.close, np.float64)
    begin = np.append(close[:1], close[:-1]) if candles.open is None else np.asarray(candles.open, np.float64)
    high = np.maximum(begin, close) if candles.high is None else np.asarray(candles.high, np.float64)
    low = np.minimum(begin, close) if candles.low is None else np.asarray(candles.low, np.float64)
    rest = [np.asarray(one, np.float64) for one in worth] or [np.zeros(len(close))] * 3
    columns = [row_of(candles).seconds, *(_rounded(one) for one in (begin, high, low, close)), *map(_rounded, rest)]
    return list(zip(*columns, strict=True))


def lines_on(row: Row, chart: PriceChart) -> list[LineView]:
    """The levels of a price chart; those far from the prices do not stretch its range, as in the drawing."""
    low, high = chart.bounds
    found = []
    for line in chart.levels:
        values = np.asarray(line.values, np.float64)
        found.append(_line(row, line, scales=bool(((values >= low) & (values <= high)).all())))
    return found


def marks_on(row: Row, markers: Sequence[Marker]) -> list[MarkView]:
    """What happened, each in its candle."""
    seconds = row.seconds
    return [MarkView(seconds[_candle_of(row, one.time_nanos)], one.label, one.kind) for one in markers]


def series_of(row: Row, part: PathChart | FlowChart) -> Panel:
    """The panel of lines or flows."""
    if isinstance(part, FlowChart):
        sums = _flow(row, part)
        lines = [LineView(part.title, "plain", False, True, sums)]
        known = [one for one in sums if one is not None]
        base = 0.0 if any(one < 0 for one in known) else None
    else:
        lines = [_line(row, one) for one in part.lines]
        known = [one for line in lines for one in line.values if one is not None]
        base = part.baseline if len(part.lines) == 1 else None
        if base is not None and not any(one < base for one in known):
            base = None  # gain and loss are told apart only where there is a loss
    places = decimals_of(nice_ticks(min(known), max(known), 8)) if known and max(known) > min(known) else 0
    exact = places if all(one == round(one, places) for one in known) else places + 2
    view = SeriesView(part.title, part.unit, part.description, places, exact, isinstance(part, FlowChart), base, lines)
    return Panel("sd-series", view)


def _line(row: Row, line: Line, *, scales: bool = True) -> LineView:
    """A line at the end of each candle: the last value given by then, while the line lasts."""
    times = np.asarray(line.times, np.int64)
    values = np.asarray(line.values, np.float64)
    places = np.searchsorted(times, row.ends_ns, side="right") - 1
    alive = (places >= 0) & (row.opens_ns < max(int(times[-1]), int(times[0]) + 1))
    digits = _digits(values)
    told = [round(float(values[at]), digits) if lives else None for at, lives in zip(places, alive, strict=True)]
    return LineView(line.name, line.tone, line.steps, scales, told)


def _flow(row: Row, flow: FlowChart) -> list[float | None]:
    """What flowed in each candle, None for nothing; an amount is for the time before it."""
    times = np.asarray(flow.times, np.int64) - 1
    places = np.clip(np.searchsorted(row.opens_ns, times, side="right") - 1, 0, len(row.opens_ns) - 1)
    sums = np.asarray(np.bincount(places, np.asarray(flow.amounts), len(row.opens_ns)), np.float64)
    digits = _digits(sums)
    return [round(float(one), digits) if one else None for one in sums]


def _candle_of(row: Row, time_ns: int) -> int:
    return max(0, int(np.searchsorted(row.opens_ns, time_ns, side="right")) - 1)


def _digits(values: npt.NDArray[np.float64]) -> int:
    """Decimals that keep seven digits of the largest value."""
    most = float(np.abs(values).max(initial=0.0))
    return 2 if most <= _FAR else max(0, 6 - int(np.floor(np.log10(most))))


def _rounded(values: npt.NDArray[np.float64]) -> list[float]:
    found: list[float] = np.round(values, _digits(values) + 3).tolist()
    return found
