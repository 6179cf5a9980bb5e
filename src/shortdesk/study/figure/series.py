"""What a chart is made of: bars, lines, levels, markers. Plain numbers; times are UTC nanoseconds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["Candles", "Line", "Marker", "MarkerKind", "Tone", "grouped_sums"]

Tone: TypeAlias = Literal["plain", "danger", "quiet", "good"]
"""What a line means: the thing itself, a level not to be reached, a reference, something earned."""
MarkerKind: TypeAlias = Literal["entry", "exit", "liquidation", "event"]
"""What happened at a marker; a short's entry is a sale and its exit a purchase."""

FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candles:
    """Bars that open at ``times``; without highs and lows only the closes are drawn."""

    times: Sequence[int] | npt.NDArray[np.int64]
    close: Sequence[float] | FloatArray
    interval_nanos: int
    open: Sequence[float] | FloatArray | None = None
    high: Sequence[float] | FloatArray | None = None
    low: Sequence[float] | FloatArray | None = None

    def __post_init__(self) -> None:
        for values in (self.open, self.high, self.low, self.close):
            _check(self.times, values)

    @property
    def start_nanos(self) -> int:
        """When the first bar opens."""
        return int(self.times[0])

    @property
    def stop_nanos(self) -> int:
        """When the last bar closes."""
        return int(self.times[-1]) + self.interval_nanos

    @property
    def has_wicks(self) -> bool:
        """Whether highs and lows are known."""
        return self.open is not None and self.high is not None and self.low is not None

    def grouped(self, most: int) -> Candles:
        """The same bars joined so that at most ``most`` remain: first open, highest high, lowest low, last close."""
        bars = max((self.stop_nanos - self.start_nanos) // self.interval_nanos, 1)
        each = math.ceil(bars / max(most, 1))
        if each <= 1:
            return self
        times = np.asarray(self.times, dtype=np.int64)
        group = (times - times[0]) // (each * self.interval_nanos)
        first = np.flatnonzero(np.diff(group, prepend=-1))
        last = np.append(first[1:], len(times)) - 1

        def of(values: Sequence[float] | FloatArray | None) -> FloatArray:
            return np.asarray(values, dtype=np.float64)

        return Candles(
            times=times[0] + group[first] * (each * self.interval_nanos),
            close=of(self.close)[last],
            interval_nanos=each * self.interval_nanos,
            open=None if self.open is None else of(self.open)[first],
            high=None if self.high is None else np.maximum.reduceat(of(self.high), first),
            low=None if self.low is None else np.minimum.reduceat(of(self.low), first),
        )


@dataclass(frozen=True, slots=True)
class Line:
    """A named line over time. With ``steps`` each value holds until the next time, as a liquidation price does."""

    name: str
    times: Sequence[int] | npt.NDArray[np.int64]
    values: Sequence[float] | FloatArray
    tone: Tone = "plain"
    steps: bool = False

    def __post_init__(self) -> None:
        _check(self.times, self.values)

    def value_at(self, nanos: float) -> float | None:
        """The value that holds at an instant: the last one given before; None before the first and after the last."""
        times = np.asarray(self.times, dtype=np.int64)
        place = int(np.searchsorted(times, nanos, side="right")) - 1
        if place < 0 or nanos > times[-1]:
            return None
        return float(self.values[place])

    def thinned(self, most: int) -> Line:
        """The same line with at most four points in each of ``most`` spans: its first, lowest, highest and last."""
        if len(self.times) <= 4 * most:
            return self
        times = np.asarray(self.times, dtype=np.int64)
        values = np.asarray(self.values, dtype=np.float64)
        span = (times - times[0]) * most // (int(times[-1] - times[0]) + 1)
        edges = np.flatnonzero(np.diff(span, prepend=-1, append=span[-1] + 1))
        kept: set[int] = set()
        for first, after in pairwise(edges.tolist()):
            part = values[first:after]
            kept |= {first, first + int(part.argmin()), first + int(part.argmax()), after - 1}
        rows = np.array(sorted(kept))
        return replace(self, times=times[rows], values=values[rows])


@dataclass(frozen=True, slots=True)
class Marker:
    """Something that happened at a time and a price, in a few words."""

    time_nanos: int
    value: float
    label: str
    kind: MarkerKind = field(default="event")


def _check(times: Sequence[int] | npt.NDArray[np.int64], values: Sequence[float] | FloatArray | None) -> None:
    """Raise ValueError where a chart would be empty, torn or without bounds."""
    if len(times) == 0:
        raise ValueError("nothing to draw: no times")
    if values is not None and len(values) != len(times):
        raise ValueError(f"{len(times)} times, but {len(values)} values")
    if values is not None and not np.isfinite(np.asarray(values, dtype=np.float64)).all():
        raise ValueError("a value to draw is not a finite number")


def grouped_sums(
    times: Sequence[int] | npt.NDArray[np.int64],
    amounts: Sequence[float] | FloatArray,
    start_nanos: int,
    width_nanos: int,
) -> dict[int, float]:
    """Amounts summed over spans of equal width from ``start_nanos``: {start of the span: sum}."""
    sums: dict[int, float] = {}
    for time, amount in zip(times, amounts, strict=True):
        span = start_nanos + (int(time) - start_nanos) // width_nanos * width_nanos
        sums[span] = sums.get(span, 0.0) + float(amount)
    return sums
