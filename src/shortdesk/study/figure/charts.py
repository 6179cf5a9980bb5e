"""Three charts of a position's life: the price with its levels, a path such as equity, and flows such as funding.

Each is plain data with two faces: printed by rich in a terminal, and ``svg()`` for a page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from shortdesk.intake.times import DAY_NANOS
from shortdesk.study.figure import svg as drawn
from shortdesk.study.figure import terminal
from shortdesk.study.figure.axes import decimals_of, format_number, nice_ticks
from shortdesk.study.figure.series import Candles, Line, Marker, grouped_sums

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

__all__ = ["FlowChart", "PathChart", "PriceChart"]

FAR_LEVEL = 1.0
"""A level further from the prices than this many times their range stands in words instead of squeezing the chart."""
MARGIN = 0.04
"""Free room above and below, as a share of the range shown."""


@dataclass(frozen=True, slots=True)
class PriceChart:
    """Bars of a price with levels over time (a liquidation price, an entry) and what happened.

    ``title`` and ``description`` are read by people and by screen readers; ``unit`` is what the prices are in.
    """

    title: str
    candles: Candles
    levels: Sequence[Line] = ()
    markers: Sequence[Marker] = ()
    unit: str = ""
    description: str = ""
    height: int = 18

    @property
    def bounds(self) -> tuple[float, float]:
        """The values shown: all prices, and the levels that are not far from them."""
        candles = self.candles
        low = float(np.min(candles.low if candles.low is not None else candles.close))
        high = float(np.max(candles.high if candles.high is not None else candles.close))
        reach = FAR_LEVEL * max(high - low, 1e-9 * abs(high))
        values = [float(value) for line in self.levels for value in line.values]
        near = [value for value in values if low - reach <= value <= high + reach]
        return _with_margin(min([low, *near]), max([high, *near]))

    @property
    def far_levels(self) -> list[str]:
        """A sentence for each level that leaves the chart, in whole or in part."""
        low, high = self.bounds
        told = []
        for line in self.levels:
            values = np.asarray(line.values, dtype=np.float64)
            if ((values < low) | (values > high)).any():
                decimals = decimals_of(nice_ticks(low, high, 6))
                least, most = format_number(values.min(), decimals), format_number(values.max(), decimals)
                what = least if least == most else f"{least} to {most}"
                told.append(f"{line.name}: {what}, beyond the chart")
        return told

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from terminal.printable(self._rows(options.max_width, options.ascii_only), ascii_only=options.ascii_only)

    def _rows(self, width: int, ascii_only: bool) -> Iterator[Text]:
        low, high = self.bounds
        start, stop = self.candles.start_nanos, self.candles.stop_nanos
        plot = terminal.plot_for(
            width,
            self.height,
            start,
            stop,
            low,
            high,
            ascii_only=ascii_only,
            interval_nanos=self.candles.interval_nanos if self.candles.has_wicks else 0,
        )
        candles = self.candles.grouped(plot.canvas.width)
        for line in self.levels:
            terminal.draw_line(plot, line)
        if candles.has_wicks:
            terminal.draw_candles(plot, candles)
        else:
            terminal.draw_closes(plot, candles)
        terminal.draw_markers(plot, self.markers)
        yield _heading(self.title, self.unit)
        yield from terminal.framed(plot)
        yield from terminal.legend_rows(self.levels, self.markers, ascii_only=ascii_only)
        yield from _remarks(self.far_levels)

    def svg(self) -> str:
        """The chart as inline SVG, drawn once for a screen and once for a phone."""
        return drawn.both_sizes(lambda size: drawn.price(self, size))


@dataclass(frozen=True, slots=True)
class PathChart:
    """Lines over time, such as a position's equity; ``baseline`` is where nothing is won or lost."""

    title: str
    lines: Sequence[Line]
    baseline: float | None = None
    markers: Sequence[Marker] = ()
    unit: str = ""
    description: str = ""
    height: int = 12

    @property
    def bounds(self) -> tuple[float, float]:
        """All values, and the baseline."""
        values = [float(value) for line in self.lines for value in line.values]
        values += [] if self.baseline is None else [self.baseline]
        return _with_margin(min(values), max(values))

    @property
    def span(self) -> tuple[int, int]:
        """From the first to the last time of all lines."""
        first = min(int(line.times[0]) for line in self.lines)
        return first, max(first + 1, *(int(line.times[-1]) for line in self.lines))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from terminal.printable(self._rows(options.max_width, options.ascii_only), ascii_only=options.ascii_only)

    def _rows(self, width: int, ascii_only: bool) -> Iterator[Text]:
        plot = terminal.plot_for(width, self.height, *self.span, *self.bounds, ascii_only=ascii_only)
        if self.baseline is not None:
            terminal.draw_line(plot, Line("", self.span, [self.baseline] * 2, tone="quiet", steps=True))
        for line in self.lines:
            terminal.draw_line(plot, line)
        terminal.draw_markers(plot, self.markers)
        yield _heading(self.title, self.unit)
        yield from terminal.framed(plot)
        named = self.lines if len(self.lines) > 1 else ()
        yield from terminal.legend_rows(named, self.markers, ascii_only=ascii_only)

    def svg(self) -> str:
        """The chart as inline SVG, drawn once for a screen and once for a phone."""
        return drawn.both_sizes(lambda size: drawn.path(self, size))


@dataclass(frozen=True, slots=True)
class FlowChart:
    """Amounts received (above zero) and paid (below) at their times, summed where they are too many to draw."""

    title: str
    times: Sequence[int] | npt.NDArray[np.int64]
    amounts: Sequence[float] | npt.NDArray[np.float64]
    interval_nanos: int
    unit: str = ""
    description: str = ""
    height: int = 8

    @property
    def span(self) -> tuple[int, int]:
        """From one interval before the first amount to the last, since an amount is for the time before it."""
        return int(self.times[0]) - self.interval_nanos, int(self.times[-1])

    def grouped(self, most: int) -> tuple[dict[int, float], int]:
        """At most about ``most`` sums over single intervals, days or weeks: ({start: sum}, width)."""
        start, stop = self.span
        widths = [self.interval_nanos, *(days * DAY_NANOS for days in (1, 2, 7, 14, 28))]
        fitting = (width for width in widths if width >= self.interval_nanos and (stop - start) // width <= most)
        width = next(fitting, widths[-1])
        return grouped_sums([int(time) - 1 for time in self.times], self.amounts, start, width), width

    @staticmethod
    def bounds_of(sums: dict[int, float]) -> tuple[float, float]:
        """The range of the sums, zero included."""
        return _with_margin(min([0.0, *sums.values()]), max([0.0, *sums.values()]))

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from terminal.printable(self._rows(options.max_width, options.ascii_only), ascii_only=options.ascii_only)

    def _rows(self, width: int, ascii_only: bool) -> Iterator[Text]:
        sums, span = self.grouped(max(width - 14, 8))
        plot = terminal.plot_for(width, self.height, *self.span, *self.bounds_of(sums), ascii_only=ascii_only)
        terminal.draw_flow(plot, sums, span)
        yield _heading(self.title, drawn.per(self.unit, span, self.interval_nanos))
        yield from terminal.framed(plot)

    def svg(self) -> str:
        """The chart as inline SVG, drawn once for a screen and once for a phone."""
        return drawn.both_sizes(lambda size: drawn.flow(self, size))


def _with_margin(low: float, high: float) -> tuple[float, float]:
    room = MARGIN * (high - low) if high > low else max(abs(high) * 0.01, 1e-9)
    return low - room, high + room


def _heading(title: str, unit: str) -> Text:
    from rich.text import Text

    return Text.assemble((title, "bold"), (f"  {unit}" if unit else "", "dim"))


def _remarks(sentences: Sequence[str]) -> Iterator[Text]:
    from rich.text import Text

    for sentence in sentences:
        yield Text(sentence, style="dim")
