"""Charts as inline SVG: no script, no address, colours from the page's style, words for who cannot see them.

Text in an SVG shrinks with it, so every chart is drawn twice, for a screen and for a phone, and the page shows one.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from shortdesk.intake.times import DAY_NANOS, format_interval, format_time
from shortdesk.study.figure.axes import Scale, decimals_of, format_number, nice_ticks, time_ticks
from shortdesk.study.figure.series import Candles, Line, Marker, MarkerKind

if TYPE_CHECKING:
    from shortdesk.study.figure.charts import FlowChart, PathChart, PriceChart

__all__ = [
    "NARROW",
    "WIDE",
    "Size",
    "both_sizes",
    "flow",
    "framed",
    "grid",
    "line_icon",
    "marker_icon",
    "path",
    "per",
    "price",
]

_ID = "\0id\0"  # stands for the chart's own name until its content is known


@dataclass(frozen=True, slots=True)
class Size:
    """A chart's drawing: its box, the room around the plot, and how many bars and ticks it takes."""

    name: str
    width: int
    height: int
    left: int
    right: int
    bars: int
    time_ticks: int
    value_ticks: int
    top: int = 12
    bottom: int = 26

    def without_names(self) -> Size:
        """The same box with no room at the right for names of lines."""
        return replace(self, right=min(self.right, 12))

    @property
    def x_last(self) -> int:
        """The right edge of the plot."""
        return self.width - self.right

    @property
    def y_last(self) -> int:
        """The lower edge of the plot."""
        return self.height - self.bottom


WIDE = Size("wide", 860, 360, left=66, right=104, bars=170, time_ticks=8, value_ticks=7)
NARROW = Size("narrow", 380, 300, left=56, right=8, bars=78, time_ticks=4, value_ticks=6)
"""The drawing for a screen and the one for a phone."""


def both_sizes(draw: Callable[[Size], str]) -> str:
    """The chart in both sizes, each with a name of its own for what it refers to inside."""
    drawings = (draw(size) for size in (WIDE, NARROW))
    return "\n".join(drawing.replace(_ID, f"c{zlib.crc32(drawing.encode()):08x}") for drawing in drawings)


def price(chart: PriceChart, size: Size) -> str:
    """Candles, or a line of closes, with levels and markers."""
    candles = chart.candles.grouped(size.bars)
    named = _lines_to_name(chart.levels, chart.candles.stop_nanos, chart.bounds)
    size = size if named else size.without_names()
    x, y = _scales(size, (chart.candles.start_nanos, max(candles.stop_nanos, chart.candles.stop_nanos)), chart.bounds)
    decimals = decimals_of(nice_ticks(*chart.bounds, 40))
    inside = [
        *(_danger_zone(line, candles, x, y, size) for line in chart.levels if line.tone == "danger"),
        grid(x, y, size),
        *(_step_path(line, x, y) for line in chart.levels),
        _candles(candles, x, y) if candles.has_wicks else _closes(chart.candles, x, y),
        *(_marker(marker, x, y, size) for marker in chart.markers),
        _candle_tips(candles, x, size, decimals),
        _names(named, y, size),
    ]
    return framed(chart.title, chart.description, size, inside)


def path(chart: PathChart, size: Size) -> str:
    """Lines over time; the first is filled towards the baseline, above it as a gain, below it as a loss."""
    named = _lines_to_name(chart.lines, chart.span[1], chart.bounds) if len(chart.lines) > 1 else []
    size = _lower(size if named else size.without_names(), 0.8)
    x, y = _scales(size, chart.span, chart.bounds)
    inside = [grid(x, y, size)]
    if chart.baseline is not None:
        inside.append(_area(chart.lines[0], chart.baseline, x, y, size))
        inside.append(f'<path class="base" d="M{size.left} {y(chart.baseline):.1f}H{size.x_last}"/>')
    inside += [_step_path(line, x, y) if line.steps else _line_path(line, x, y) for line in chart.lines]
    inside += [_marker(marker, x, y, size) for marker in chart.markers]
    return framed(chart.title, chart.description, size, [*inside, _names(named, y, size)])


def flow(chart: FlowChart, size: Size) -> str:
    """Bars from zero: up for what was received, down for what was paid."""
    size = _lower(size.without_names(), 0.6)
    sums, width = chart.grouped(size.bars)
    bounds = chart.bounds_of(sums)
    x, y = _scales(size, chart.span, bounds)
    decimals = decimals_of(nice_ticks(*bounds, 40))
    thick = max(x(chart.span[0] + width) - x(chart.span[0]) - 0.8, 0.6)
    bars: dict[str, list[str]] = {"up": [], "down": []}
    tips = []
    for start, amount in sums.items():
        left, top, bottom = x(start), y(max(amount, 0.0)), y(min(amount, 0.0))
        bars["up" if amount >= 0 else "down"].append(f"M{left:.1f} {top:.1f}h{thick:.1f}V{bottom:.1f}h-{thick:.1f}z")
        tips.append(_tip(left, thick, size, f"{format_time(start)}: {format_number(amount, decimals)}"))
    summed = per("", width, chart.interval_nanos)
    inside = [
        grid(x, y, size),
        f'<text class="tick" x="{size.x_last}" y="{size.top}" text-anchor="end">{summed}</text>' if summed else "",
        *(f'<path class="flow {kind}" d="{"".join(drawn)}"/>' for kind, drawn in bars.items() if drawn),
        f'<path class="base" d="M{size.left} {y(0.0):.1f}H{size.x_last}"/>',
        *tips,
    ]
    return framed(chart.title, chart.description, size, inside)


def per(unit: str, width_nanos: int, interval_nanos: int) -> str:
    """``USDT per day`` where several amounts are summed into one bar, else the unit alone."""
    if width_nanos == interval_nanos:
        return unit
    return f"{unit} per {'day' if width_nanos == DAY_NANOS else format_interval(width_nanos)}".strip()


def marker_icon(kind: MarkerKind) -> str:
    """The sign of a marker, for the key below a chart."""
    return f'<svg class="icon" viewBox="0 0 14 14" aria-hidden="true">{_sign(kind, 7, 7)}</svg>'


def line_icon(line: Line) -> str:
    """A piece of a line, for the key below a chart."""
    kind = "level" if line.steps else "line"
    return (
        f'<svg class="icon" viewBox="0 0 14 14" aria-hidden="true"><path class="{kind} {line.tone}" d="M0 7H14"/></svg>'
    )


def framed(title: str, description: str, size: Size, inside: Iterable[str]) -> str:
    """The drawing with its title and description around what is inside."""
    body = "\n".join(part for part in inside if part)
    words = f'<title id="{_ID}t">{escape(title)}</title><desc id="{_ID}d">{escape(description)}</desc>'
    return (
        f'<svg class="chart {size.name}" viewBox="0 0 {size.width} {size.height}" role="img" '
        f'aria-labelledby="{_ID}t {_ID}d">{words}\n{body}\n</svg>'
    )


def _lower(size: Size, share: float) -> Size:
    return replace(size, height=int(size.height * share), value_ticks=max(int(size.value_ticks * share), 3))


def _scales(size: Size, span: tuple[int, int], bounds: tuple[float, float]) -> tuple[Scale, Scale]:
    return Scale(*span, size.left, size.x_last), Scale(*bounds, size.y_last, size.top)


def grid(x: Scale, y: Scale, size: Size) -> str:
    """Rules and values at the left, dates below."""
    values = nice_ticks(y.low, y.high, size.value_ticks)
    decimals = decimals_of(values)
    rules = "".join(f"M{size.left} {y(value):.1f}H{size.x_last}" for value in values)
    parts = [f'<path class="grid" d="{rules}"/>']
    for value in values:
        text = format_number(value, decimals)
        parts.append(f'<text class="tick" x="{size.left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{text}</text>')
    free_from = 0.0
    for nanos, label in time_ticks(int(x.low), int(x.high), size.time_ticks):
        half = 3.4 * len(label)
        middle = min(max(x(nanos), half), size.width - half)
        if middle - half < free_from:
            continue
        free_from = middle + half + 6
        parts.append(f'<path class="grid" d="M{x(nanos):.1f} {size.y_last}v4"/>')
        parts.append(f'<text class="tick" x="{middle:.1f}" y="{size.height - 8}" text-anchor="middle">{label}</text>')
    return "".join(parts)


def _candles(candles: Candles, x: Scale, y: Scale) -> str:
    """Four paths: wicks and bodies of rising and of falling bars; rising bodies are hollow."""
    assert candles.open is not None
    assert candles.high is not None
    assert candles.low is not None
    step = x(candles.interval_nanos) - x(0)
    thick = max(min(step * 0.64, 11.0), 0.8)
    wicks: dict[str, list[str]] = {"up": [], "down": []}
    bodies: dict[str, list[str]] = {"up": [], "down": []}
    for index, time in enumerate(candles.times):
        middle = x(int(time)) + step / 2
        open_, close = float(candles.open[index]), float(candles.close[index])
        kind = "up" if close >= open_ else "down"
        top, bottom = y(max(open_, close)), y(min(open_, close))
        highest, lowest = y(float(candles.high[index])), y(float(candles.low[index]))
        wicks[kind].append(f"M{middle:.1f} {highest:.1f}V{top:.1f}M{middle:.1f} {bottom:.1f}V{lowest:.1f}")
        height = max(bottom - top, 0.6)
        bodies[kind].append(f"M{middle - thick / 2:.1f} {top:.1f}h{thick:.1f}v{height:.1f}h-{thick:.1f}z")
    return "".join(
        f'<path class="{part} {kind}" d="{"".join(found[kind])}"/>'
        for part, found in (("wick", wicks), ("body", bodies))
        for kind in ("up", "down")
        if found[kind]
    )


def _closes(candles: Candles, x: Scale, y: Scale) -> str:
    ends = [int(time) + candles.interval_nanos for time in candles.times]
    return _line_path(Line("close", ends, candles.close), x, y)


def _candle_tips(candles: Candles, x: Scale, size: Size, decimals: int) -> str:
    """An unseen strip over every bar that tells its prices when pointed at."""
    step = x(candles.interval_nanos) - x(0)
    tips = []
    for index, time in enumerate(candles.times):
        named = [("open", candles.open), ("high", candles.high), ("low", candles.low), ("close", candles.close)]
        told = [
            f"{name} {format_number(float(values[index]), decimals)}" for name, values in named if values is not None
        ]
        tips.append(_tip(x(int(time)), step, size, f"{format_time(int(time))}: {', '.join(told)}"))
    return "".join(tips)


def _tip(left: float, width: float, size: Size, text: str) -> str:
    box = f'x="{left:.1f}" y="{size.top}" width="{width:.1f}" height="{size.y_last - size.top}"'
    return f'<rect class="tip" {box}><title>{escape(text)}</title></rect>'


def _step_path(line: Line, x: Scale, y: Scale) -> str:
    points = _steps(_thinned(line, x), x, y)
    return f'<path class="level {line.tone}" d="M{points}"/>' if points else ""


def _thinned(line: Line, x: Scale) -> Line:
    """No more points than a drawing of this width can show."""
    return line.thinned(int(x.last - x.first))


def _steps(line: Line, x: Scale, y: Scale) -> str:
    """A path that holds each value until the next time; values beyond the plot run along its edge unseen."""
    moves = [f"{x(int(line.times[0])):.1f} {_held(y, float(line.values[0])):.1f}"]
    for time, value in zip(line.times[1:], line.values[1:], strict=True):
        moves.append(f"H{x(int(time)):.1f}V{_held(y, float(value)):.1f}")
    return "".join(moves)


def _held(y: Scale, value: float) -> float:
    """Where a value stands, at most a little outside of the plot."""
    return y(min(max(value, y.low - 0.02 * (y.high - y.low)), y.high + 0.02 * (y.high - y.low)))


def _line_path(line: Line, x: Scale, y: Scale) -> str:
    line = _thinned(line, x)
    points = zip(line.times, line.values, strict=True)
    drawn = "L".join(f"{x(int(time)):.1f} {y(float(value)):.1f}" for time, value in points)
    return f'<path class="line {line.tone}" d="M{drawn}"/>'


def _area(line: Line, baseline: float, x: Scale, y: Scale, size: Size) -> str:
    line = _thinned(line, x)
    points = "L".join(
        f"{x(int(time)):.1f} {y(float(value)):.1f}" for time, value in zip(line.times, line.values, strict=True)
    )
    zero = y(baseline)
    shape = f"M{x(int(line.times[0])):.1f} {zero:.1f}L{points}V{zero:.1f}z"
    halves = (("gain", size.top, zero - size.top), ("loss", zero, size.y_last - zero))
    return "".join(
        f'<clipPath id="{_ID}{kind}"><rect x="0" y="{top:.1f}" width="{size.width}" height="{max(height, 0):.1f}"/>'
        f'</clipPath><path class="{kind}" clip-path="url(#{_ID}{kind})" d="{shape}"/>'
        for kind, top, height in halves
    )


def _danger_zone(line: Line, candles: Candles, x: Scale, y: Scale, size: Size) -> str:
    """The side of the level on which the position is dead, shaded: away from the price when the level begins."""
    begins = int(np.searchsorted(np.asarray(candles.times), int(line.times[0]), side="right")) - 1
    above = float(line.values[0]) >= float(candles.close[max(begins, 0)])
    edge = size.top if above else size.y_last
    first, last = x(int(line.times[0])), x(int(line.times[-1]))
    border = _steps(_thinned(line, x), x, y)
    return f'<path class="zone" d="M{first:.1f} {edge}L{border}H{last:.1f}V{edge}z"/>'


def _lines_to_name(lines: Sequence[Line], stop_nanos: int, bounds: tuple[float, float]) -> list[Line]:
    """The lines that reach the right edge inside the plot: only there is room for a name beside them."""
    reach = [line for line in lines if int(line.times[-1]) >= stop_nanos]
    return [line for line in reach if bounds[0] <= float(line.values[-1]) <= bounds[1]]


def _names(lines: Sequence[Line], y: Scale, size: Size) -> str:
    """The names of the lines beside their last values, pushed apart where they touch; on a phone the key tells."""
    if size.name != WIDE.name:
        return ""
    parts = []
    free_from = float(size.top)
    for place, line in sorted(((y(float(line.values[-1])), line) for line in lines), key=lambda one: one[0]):
        at = max(place + 4, free_from + 4)
        free_from = at + 10
        parts.append(f'<text class="name {line.tone}" x="{size.x_last + 6}" y="{at:.1f}">{escape(line.name)}</text>')
    return "".join(parts)


def _marker(marker: Marker, x: Scale, y: Scale, size: Size) -> str:
    across = min(max(x(marker.time_nanos), size.left), size.x_last)
    down = min(max(y(marker.value), size.top + 4), size.y_last - 4)
    return f'<g class="marker {marker.kind}">{_sign(marker.kind, across, down)}</g>'


def _sign(kind: MarkerKind, across: float, down: float) -> str:
    """A triangle for the sale, one for the purchase, a cross for a liquidation, a disc for the rest."""
    shapes = {
        "entry": "m-6 -5h12l-6 10z",
        "exit": "m-6 5h12l-6 -10z",
        "liquidation": "m-5 -5l10 10m0 -10l-10 10",
        "event": "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    }
    drawn = f"M{across:.1f} {down:.1f}{shapes[kind]}"
    return f'<path class="halo" d="{drawn}"/><path class="sign {kind}" d="{drawn}"/>'
