"""A recorded price as points on a stage's clock: bars read in, laid out over simulated time, funding beside them.

Of a bar only open, high, low and close are known, not when the extremes were: the one nearer to the open comes first.
Between two points the price runs on a straight line. So every extreme of every bar is visited, which is what decides
who is liquidated; when inside of a bar it was is a guess, as it is in ``study.hold_walk``.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from shortdesk.ground.errors import InputError, UsageError

if TYPE_CHECKING:
    from shortdesk.intake import Bars
    from shortdesk.intake.samples import Product

__all__ = ["Points", "RatePoint", "read_points", "read_rates"]

_STEPS_OF_A_BAR = 4
_NANOS = 10**9


class Points(NamedTuple):
    """A recorded price: steps from the start and the price at each, rising; what the first instant is called."""

    steps: list[int]
    prices: list[float]
    first_nanos: int
    source: str


class RatePoint(NamedTuple):
    """A recorded funding rate, a part of the position's worth, and the step at which it is paid."""

    step: int
    rate: float


def read_points(
    file: str, sample: str, product: Product, interval: str, since: datetime, span_s: float, step_s: float
) -> Points:
    """The price over ``span_s`` recorded seconds from ``since`` on, in steps of ``step_s`` recorded seconds.

    ``file`` is read as ``shortdesk hold --prices`` reads it; without one it is the shipped history of ``sample``. Where
    only closes are known, the first of them is the price at the start and each is reached at the end of its bar.

    Raises:
        UsageError: the history does not cover the span, or a bar is shorter than four steps.
        InputError: the file cannot be used; names file, line and field.
    """
    first = int(since.replace(tzinfo=since.tzinfo or UTC).timestamp()) * _NANOS
    stop = first + math.ceil(span_s * _NANOS)
    bars = _of_file(file, interval, first, stop) if file else _of_sample(sample, product, interval, first, stop)
    step = step_s * _NANOS
    if bars.interval_nanos < _STEPS_OF_A_BAR * step and not bars.closes_only:
        raise UsageError(
            f"a bar of {bars.interval_nanos / _NANOS:g} s is {bars.interval_nanos / step:.3g} steps at this pace; "
            f"expected at least {_STEPS_OF_A_BAR}, one for each of its prices: lower pace or step_s"
        )
    points = _closes(bars) if bars.closes_only else _candles(bars, step)
    steps = [round((nanos - first) / step) for nanos, _ in points]
    return Points(steps, [float(bars.price(price)) for _, price in points], first, bars.source)


def _candles(bars: Bars, step: float) -> list[tuple[float, int]]:
    """Each bar's four prices: at its open, after one and two thirds, and one step before its end."""
    assert bars.open is not None
    assert bars.high is not None
    assert bars.low is not None
    points = []
    columns = (bars.open_time_nanos, bars.open, bars.high, bars.low, bars.close)
    last = int(bars.interval_nanos / step + 1e-9) - 1
    for start, open_, high, low, close in zip(*(column.tolist() for column in columns), strict=True):
        extremes = (high, low) if high - open_ <= open_ - low else (low, high)
        for at, price in zip((0, last // 3, 2 * last // 3, last), (open_, *extremes, close), strict=True):
            points.append((start + at * step, price))
    return points


def _closes(bars: Bars) -> list[tuple[float, int]]:
    first, *others = zip(bars.close_time_nanos.tolist(), bars.close.tolist(), strict=True)
    return [(int(bars.open_time_nanos[0]), first[1]), *others]


def _of_sample(sample: str, product: Product, interval: str, first: int, stop: int) -> Bars:
    """Shipped bars over the span; without an interval the finest that there are, highs and lows before closes."""
    from shortdesk.intake import format_interval, parse_interval, sample_bars, shipped

    known = [one for one in shipped() if one.product == product and one.holds != "funding" and one.symbol == sample]
    if interval:
        lengths = [int(parse_interval(interval))]
    else:
        ordered = sorted(known, key=lambda one: (one.holds != "ohlc", parse_interval(one.interval)))
        lengths = [int(parse_interval(one.interval)) for one in ordered if one.covers(first, stop)]
    for length in lengths or [86_400 * _NANOS]:
        if first % length == 0:
            last = first + -(-(stop - first) // length) * length
            return sample_bars(sample, first, last, interval=interval or format_interval(length), product=product)
    raise UsageError("the tape's first instant ('from', or the scenario's start) is not the start of a recorded bar")


def _of_file(file: str, interval: str, first: int, stop: int) -> Bars:
    from shortdesk.intake import format_time, read_bars

    bars = read_bars(file, interval=interval or None)
    held = int(bars.open_time_nanos[0]), int(bars.close_time_nanos[-1])
    if first < held[0] or stop > held[1]:
        raise UsageError(
            f"{bars.source} holds {format_time(held[0])} to {format_time(held[1])} UTC; the tape needs "
            f"{format_time(first)} to {format_time(stop)} (horizon_s times pace, from 'from' or the scenario's start)"
        )
    cut = bars.between(first, stop)
    if not len(cut) or int(cut.open_time_nanos[0]) != first:
        raise InputError(f"no bar opens at {format_time(first)} UTC, where the tape begins", bars.source)
    return cut


def read_rates(funding: str, first_nanos: int, span_s: float, step_s: float) -> list[RatePoint]:
    """Recorded funding over the span: a file, or a symbol of the shipped history; each paid at the step after it.

    Raises:
        UsageError: the shipped history does not cover the span or knows no such symbol.
        InputError: the file cannot be used; names file, line and field.
    """
    from shortdesk.intake import read_funding, sample_funding

    stop = first_nanos + int(span_s * _NANOS)
    if Path(funding).suffix or "/" in funding:
        history = read_funding(funding).between(first_nanos, stop)
    else:
        history = sample_funding(funding, first_nanos, stop)
    step = step_s * _NANOS
    return [
        RatePoint(math.ceil((nanos - first_nanos) / step - 1e-9), rate / 10**history.rate_decimals)
        for nanos, rate in zip(history.time_nanos.tolist(), history.rate.tolist(), strict=True)
    ]
