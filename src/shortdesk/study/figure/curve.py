"""Curves over a price: what a position is worth, needs or pays at each price, with the prices that matter marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

from shortdesk.study.figure import svg as drawn
from shortdesk.study.figure.axes import Scale, decimals_of, format_number, nice_ticks
from shortdesk.study.figure.series import Line, Tone

__all__ = ["Curve", "CurveChart", "PriceMark"]

_ROW, _LETTER = 15, 6.4
_ROOM = 0.06


@dataclass(frozen=True, slots=True)
class Curve:
    """A named curve; values belong to prices one by one."""

    name: str
    prices: Sequence[float]
    values: Sequence[float]
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class PriceMark:
    """A price with a name, such as the entry."""

    name: str
    price: float
    tone: Tone = "quiet"


@dataclass(frozen=True, slots=True)
class CurveChart:
    """Curves with marks; from ``dead_from`` on, upward, the plot is shaded: the position is gone there.

    The first curve is filled towards ``baseline`` where one is given, above it as a gain, below it as a loss.
    """

    title: str
    curves: Sequence[Curve]
    marks: Sequence[PriceMark] = ()
    dead_from: float | None = None
    baseline: float | None = None
    unit: str = ""
    price_unit: str = ""
    description: str = ""

    @property
    def span(self) -> tuple[float, float]:
        """The prices shown."""
        prices = [price for one in self.curves for price in one.prices]
        return min(prices), max(prices)

    @property
    def bounds(self) -> tuple[float, float]:
        """The values shown."""
        values = [value for one in self.curves for value in one.values]
        values += [] if self.baseline is None else [self.baseline]
        low, high = min(values), max(values)
        room = _ROOM * (high - low or abs(high) or 1.0)
        return low - room, high + room

    def svg(self) -> str:
        """The chart as inline SVG, drawn once for a screen and once for a phone."""
        return drawn.both_sizes(lambda size: _curves(self, replace(size.without_names(), height=size.height - 60)))

    def html(self) -> str:
        """The figure of a page: the drawing with its key and its description."""
        unit = f' <span class="unit">{escape(self.unit)}</span>' if self.unit else ""
        lines = "".join(
            f'<li class="of-line">{drawn.line_icon(Line(one.name, [0], [0.0], one.tone))} {escape(one.name)}</li>'
            for one in self.curves
        )
        told = f'<p class="note">{escape(self.description)}</p>' if self.description else ""
        return (
            f"<figure><figcaption>{escape(self.title)}{unit}</figcaption>\n{self.svg()}\n"
            f'<ul class="key">{lines}</ul>{told}</figure>'
        )


def _curves(chart: CurveChart, size: drawn.Size) -> str:
    rows = _rows(chart, size)
    size = replace(size, top=size.top + _ROW * (1 + max(rows.values(), default=-1)))
    x = Scale(*chart.span, size.left, size.x_last)
    y = Scale(*chart.bounds, size.y_last, size.top)
    inside = [*_ground(chart, x, y, size), *_marks(chart, x, size, rows)]
    for curve in chart.curves:
        points = "L".join(f"{x(p):.1f} {y(v):.1f}" for p, v in zip(curve.prices, curve.values, strict=True))
        inside.append(f'<path class="line {curve.tone}" d="M{points}"/>')
    return drawn.framed(chart.title, chart.description, size, inside)


def _ground(chart: CurveChart, x: Scale, y: Scale, size: drawn.Size) -> Iterator[str]:
    """The shaded side, rules with their values, prices below, and the first curve's gain and loss."""
    if chart.dead_from is not None and chart.dead_from < x.high:
        left = x(max(chart.dead_from, x.low))
        yield f'<path class="zone" d="M{left:.1f} {size.top}H{size.x_last}V{size.y_last}H{left:.1f}z"/>'
    values = nice_ticks(y.low, y.high, size.value_ticks - 2)
    decimals = decimals_of(values)
    yield '<path class="grid" d="{}"/>'.format("".join(f"M{size.left} {y(one):.1f}H{size.x_last}" for one in values))
    for value in values:
        text = format_number(value, decimals)
        yield f'<text class="tick" x="{size.left - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{text}</text>'
    prices = nice_ticks(x.low, x.high, size.time_ticks)
    places = decimals_of(prices)
    for price in prices:
        text = format_number(price, places)
        half = 0.5 * _LETTER * len(text)
        middle = min(max(x(price), half), size.width - half)
        yield f'<path class="grid" d="M{x(price):.1f} {size.y_last}v4"/>'
        yield f'<text class="tick" x="{middle:.1f}" y="{size.height - 8}" text-anchor="middle">{text}</text>'
    if chart.baseline is not None:
        yield from _filled(chart.curves[0], chart.baseline, x, y)
        yield f'<path class="base" d="M{size.left} {y(chart.baseline):.1f}H{size.x_last}"/>'


def _filled(curve: Curve, baseline: float, x: Scale, y: Scale) -> Iterator[str]:
    """Two shapes, cut where the curve crosses the baseline."""
    points = [*zip(curve.prices, curve.values, strict=True)]
    for kind, sign in (("gain", 1.0), ("loss", -1.0)):
        shape: list[tuple[float, float]] = []
        for (price, value), (after, then) in zip(points, [*points[1:], points[-1]], strict=True):
            over, next_over = sign * (value - baseline), sign * (then - baseline)
            if over >= 0:
                shape.append((price, value))
            if over * next_over < 0:
                shape.append((price + (after - price) * over / (over - next_over), baseline))
        if len(shape) > 1:
            line = "L".join(f"{x(price):.1f} {y(value):.1f}" for price, value in shape)
            zero = y(baseline)
            first, last = x(shape[0][0]), x(shape[-1][0])
            yield f'<path class="{kind}" d="M{first:.1f} {zero:.1f}L{line}L{last:.1f} {zero:.1f}z"/>'


def _rows(chart: CurveChart, size: drawn.Size) -> dict[str, int]:
    """The row of each mark's label, so that no two overlap; marks beyond the plot have none."""
    low, high = chart.span
    x = Scale(low, high, size.left, size.x_last)
    ends: list[float] = []
    found = {}
    for mark in sorted(chart.marks, key=lambda one: one.price):
        if not low <= mark.price <= high:
            continue
        left, right = _reach(mark, x, size)
        row = next((at for at, end in enumerate(ends) if end + 8 < left), len(ends))
        ends[row : row + 1] = [right]
        found[mark.name] = row
    return found


def _reach(mark: PriceMark, x: Scale, size: drawn.Size) -> tuple[float, float]:
    half = 0.5 * _LETTER * len(mark.name) + 3
    middle = min(max(x(mark.price), size.left + half), size.x_last - half)
    return middle - half, middle + half


def _marks(chart: CurveChart, x: Scale, size: drawn.Size, rows: dict[str, int]) -> Iterator[str]:
    for mark in chart.marks:
        if mark.name not in rows:
            continue
        down = size.top - 5 - _ROW * rows[mark.name]
        left, right = _reach(mark, x, size)
        yield f'<path class="level {mark.tone}" d="M{x(mark.price):.1f} {down + 3}V{size.y_last}"/>'
        yield (
            f'<text class="name {mark.tone}" x="{(left + right) / 2:.1f}" y="{down}" text-anchor="middle">'
            f"{escape(mark.name)}</text>"
        )
