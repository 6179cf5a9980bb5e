"""Charts for a terminal: characters on a grid, as wide as the window, in ASCII where it cannot show more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shortdesk.intake.times import format_time
from shortdesk.study.figure.axes import decimals_of, format_number, nice_ticks, time_ticks
from shortdesk.study.figure.series import Candles, Line, Marker

if TYPE_CHECKING:
    from rich.text import Text

__all__ = [
    "ASCII_MARKS",
    "MARKS",
    "STYLES",
    "Canvas",
    "Plot",
    "draw_candles",
    "draw_closes",
    "draw_flow",
    "draw_line",
    "draw_markers",
    "framed",
    "legend_rows",
    "plot_for",
    "printable",
]

STYLES = {
    "plain": "cyan", "danger": "bold red", "quiet": "dim", "good": "green", "up": "green", "down": "red",
    "entry": "bold yellow", "exit": "bold yellow", "liquidation": "bold red", "event": "bold magenta", "axis": "dim",
}  # fmt: skip
"""The colour of each tone, of rising and falling bars, and of each kind of marker."""
MARKS = {"entry": "▼", "exit": "▲", "liquidation": "✖", "event": "●"}
ASCII_MARKS = {"entry": "v", "exit": "^", "liquidation": "X", "event": "o"}
"""How a marker of each kind is drawn; a short's entry sells, so it points down."""

# The upper and the lower half of a cell: 0 nothing, 1 wick, 2 body.
_HALVES = {
    (0, 1): "╷", (1, 0): "╵", (1, 1): "│", (0, 2): "╻", (2, 0): "╹", (2, 2): "┃", (1, 2): "╽", (2, 1): "╿",
}  # fmt: skip
_TO_ASCII = str.maketrans("−–—×·…’‘“”", "---x..''\"\"")
_LEVEL_DOTS = "⣀⠤⠒⠉"
_SPARSE_DOTS = "⡀⠄⠂⠁"
_BRAILLE_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))


class Canvas:
    """Rows of cells, each a character and a style."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._cells = [[(" ", "")] * width for _ in range(height)]

    def put(self, column: int, row: int, character: str, style: str) -> None:
        """Set a cell; outside of the canvas nothing happens."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self._cells[row][column] = (character, style)

    def add_dot(self, column: int, row: int, dot: int, style: str) -> None:
        """Add one braille dot to a cell."""
        if 0 <= column < self.width and 0 <= row < self.height:
            before = ord(self._cells[row][column][0])
            kept = before if 0x2800 <= before < 0x2900 else 0x2800
            self._cells[row][column] = (chr(kept | dot), style)

    def row(self, index: int) -> Text:
        """One row as styled text."""
        from rich.text import Text

        text = Text(no_wrap=True, end="")
        for character, style in self._cells[index]:
            text.append(character, style=style)
        return text


@dataclass(frozen=True, slots=True)
class Plot:
    """The canvas between the axes with its two scales: time to columns, value to half rows counted from below."""

    canvas: Canvas
    start_nanos: int
    stop_nanos: int
    low: float
    high: float
    ascii_only: bool

    def column(self, nanos: float) -> int:
        """The column an instant falls into."""
        share = (nanos - self.start_nanos) / (self.stop_nanos - self.start_nanos)
        return min(int(share * self.canvas.width), self.canvas.width - 1) if share >= 0 else -1

    def level(self, value: float, parts: int = 2) -> int:
        """The part of a row (half, quarter …) a value falls into, counted from below."""
        steps = parts * self.canvas.height
        share = (value - self.low) / (self.high - self.low)
        return steps - 1 if share == 1 else int(np.floor(share * steps))

    def row(self, value: float) -> int:
        """The row a value falls into, counted from above."""
        return self.canvas.height - 1 - self.level(value, 1)


def draw_candles(plot: Plot, candles: Candles) -> None:
    """Wicks thin, bodies thick, half a row exact; green where the bar closed at or above its open."""
    assert candles.open is not None
    assert candles.high is not None
    assert candles.low is not None
    for index, time in enumerate(candles.times):
        column = plot.column(int(time) + candles.interval_nanos / 2)
        ends = (float(candles.open[index]), float(candles.close[index]))
        style = STYLES["up" if ends[1] >= ends[0] else "down"]
        body = range(plot.level(min(ends)), plot.level(max(ends)) + 1)
        wick = range(plot.level(float(candles.low[index])), plot.level(float(candles.high[index])) + 1)
        for row in range(wick.start // 2, (wick.stop - 1) // 2 + 1):
            halves = tuple(2 if half in body else 1 if half in wick else 0 for half in (2 * row + 1, 2 * row))
            plain = ("#" if ends[1] < ends[0] else "+") if 2 in halves else "|"
            plot.canvas.put(
                column, plot.canvas.height - 1 - row, plain if plot.ascii_only else _HALVES[halves[0], halves[1]], style
            )


def draw_closes(plot: Plot, candles: Candles) -> None:
    """Closes alone, as a line."""
    ends = [int(time) + candles.interval_nanos for time in candles.times]
    draw_line(plot, Line("close", ends, candles.close))


def draw_line(plot: Plot, line: Line) -> None:
    """A line in braille dots, two by four in a cell; a level that holds in steps is a row of dots."""
    style = STYLES[line.tone]
    if line.steps:
        for column in range(plot.canvas.width):
            span = (plot.stop_nanos - plot.start_nanos) / plot.canvas.width
            value = line.value_at(plot.start_nanos + (column + 0.5) * span)
            if value is not None and plot.low <= value <= plot.high:
                dots = _SPARSE_DOTS if line.tone == "quiet" else _LEVEL_DOTS
                sign = "-" if plot.ascii_only else dots[plot.level(value, 4) % 4]
                plot.canvas.put(column, plot.row(value), sign, style)
        return
    fine = np.arange(2 * plot.canvas.width)
    at = plot.start_nanos + (fine + 0.5) / len(fine) * (plot.stop_nanos - plot.start_nanos)
    values = np.interp(at, np.asarray(line.times, dtype=np.float64), np.asarray(line.values, dtype=np.float64))
    inside = (at >= float(line.times[0])) & (at <= float(line.times[-1]))
    before: int | None = None
    for dot_column in fine[inside]:
        level = plot.level(float(values[dot_column]), 4)
        for height in _joined(before, level):
            _put_dot(plot, int(dot_column), height, style)
        before = level


def _joined(before: int | None, level: int) -> range:
    """The dots that lead from the height before to this one."""
    if before is None or before == level:
        return range(level, level + 1)
    return range(before + 1, level + 1) if level > before else range(level, before)


def _put_dot(plot: Plot, dot_column: int, height: int, style: str) -> None:
    row = plot.canvas.height - 1 - height // 4
    if plot.ascii_only:
        plot.canvas.put(dot_column // 2, row, "*", style)
    else:
        plot.canvas.add_dot(dot_column // 2, row, _BRAILLE_DOTS[3 - height % 4][dot_column % 2], style)


def draw_flow(plot: Plot, sums: dict[int, float], width_nanos: int) -> None:
    """Bars up from zero for what was received, down for what was paid."""
    zero = plot.level(0.0)
    for start, amount in sums.items():
        first = plot.column(start)
        columns = range(first, max(plot.column(start + width_nanos), first + 1))
        level = plot.level(amount)
        halves = range(zero, level + 1) if amount > 0 else range(level, zero)
        style = STYLES["up" if amount > 0 else "down"]
        for row in range(halves.start // 2, (halves.stop - 1) // 2 + 1):
            upper, lower = 2 * row + 1 in halves, 2 * row in halves
            full = "█" if upper and lower else "▀" if upper else "▄"
            for column in columns if upper or lower else ():
                plot.canvas.put(column, plot.canvas.height - 1 - row, "#" if plot.ascii_only else full, style)


def draw_markers(plot: Plot, markers: Sequence[Marker]) -> None:
    """A sign for each marker at its time and value, held inside the plot."""
    marks = ASCII_MARKS if plot.ascii_only else MARKS
    for marker in markers:
        row = min(max(plot.row(marker.value), 0), plot.canvas.height - 1)
        plot.canvas.put(plot.column(marker.time_nanos), row, marks[marker.kind], STYLES[marker.kind])


def plot_for(
    width: int,
    height: int,
    start_nanos: int,
    stop_nanos: int,
    low: float,
    high: float,
    *,
    ascii_only: bool,
    interval_nanos: int = 0,
) -> Plot:
    """An empty plot that leaves room for its value axis in ``width`` columns.

    With an interval the plot is as wide as gives every bar, or every group of bars, the same number of columns.
    """
    labels = _value_labels(low, high, height)
    room = max((len(text) for _, text in labels), default=0) + 2
    columns = max(width - room, 8)
    if interval_nanos:
        bars = max((stop_nanos - start_nanos) // interval_nanos, 1)
        groups = math.ceil(bars / math.ceil(bars / columns))
        columns = groups * (columns // groups)
    return Plot(Canvas(columns, height), start_nanos, stop_nanos, low, high, ascii_only)


def framed(plot: Plot) -> Iterator[Text]:
    """The plot's rows between a value axis at the left and a time axis below."""
    from rich.text import Text

    labels = _value_labels(plot.low, plot.high, plot.canvas.height)
    room = max((len(text) for _, text in labels), default=0)
    beside = {plot.row(value): text for value, text in labels}
    upright, branch, corner, flat, down = "|++-+" if plot.ascii_only else "│┤└─┬"
    for row in range(plot.canvas.height):
        label = beside.get(row, "")
        axis = (f"{label:>{room}} {branch if label else upright}", STYLES["axis"])
        yield Text.assemble(axis, plot.canvas.row(row))
    ticks = time_ticks(plot.start_nanos, plot.stop_nanos, max(plot.canvas.width // 14, 2))
    rule, words = [flat] * plot.canvas.width, [" "] * (plot.canvas.width + room + 2)
    free_from = 0
    for nanos, label in ticks:
        column = plot.column(nanos)
        first = min(max(room + 2 + column - len(label) // 2, 0), len(words) - len(label))
        if first < free_from:
            continue
        rule[column] = down
        words[first : first + len(label)] = label
        free_from = first + len(label) + 2
    yield Text(" " * room + f" {corner}" + "".join(rule), style=STYLES["axis"])
    yield Text("".join(words).rstrip(), style=STYLES["axis"])


def _value_labels(low: float, high: float, height: int) -> list[tuple[float, str]]:
    ticks = nice_ticks(low, high, max(height // 3, 2))
    decimals = decimals_of(ticks)
    return [(value, format_number(value, decimals)) for value in ticks]


def printable(rows: Iterable[Text], *, ascii_only: bool) -> Iterator[Text]:
    """The rows as they are, or with every character that ASCII lacks replaced by its nearest, one for one."""
    for row in rows:
        if ascii_only:
            row.plain = row.plain.translate(_TO_ASCII).encode("ascii", "replace").decode()
        yield row


def legend_rows(lines: Sequence[Line], markers: Sequence[Marker], *, ascii_only: bool) -> Iterator[Text]:
    """What each line and each marker is, markers in the order of their times."""
    from rich.text import Text

    if lines:
        row = Text()
        for line in lines:
            dots = "⡠⠒⠢" if not line.steps else "⠂⠂⠂" if line.tone == "quiet" else "⠒⠒⠒"
            sign = ("---" if line.steps else "***") if ascii_only else dots
            row.append(f"{sign} ", style=STYLES[line.tone])
            row.append(f"{line.name}   ")
        row.rstrip()
        yield row
    marks = ASCII_MARKS if ascii_only else MARKS
    for marker in sorted(markers, key=lambda one: one.time_nanos):
        mark = (f"{marks[marker.kind]} ", STYLES[marker.kind])
        yield Text.assemble(mark, (f"{format_time(marker.time_nanos)}  ", "dim"), marker.label)
