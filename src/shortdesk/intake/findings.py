"""What a series says against itself: bars that are missing, a price that stood still, bars that do not join.

None of this stops a file from being read; whoever uses the prices decides what it means for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from shortdesk.intake.clock import Gap
from shortdesk.intake.table import IntArray
from shortdesk.intake.times import DAY_NANOS, HOUR_NANOS, MINUTE_NANOS, format_interval, format_time

__all__ = ["Finding", "counted", "gap_finding", "join_finding", "note", "stale_finding"]

STALE_AT_LEAST_NANOS = 30 * MINUTE_NANOS
JOIN_AT_LEAST_BP = 30.0
JOIN_TIMES_USUAL = 20.0
JOIN_NEIGHBOURS = 50


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a series: how often, first where, and a sentence for the reader."""

    kind: str
    message: str
    count: int = 1
    at_nanos: int | None = None

    def __str__(self) -> str:
        return self.message


def counted(count: int, noun: str) -> str:
    """``1 bar``, ``2 bars``."""
    return f"{count} {noun}" + ("" if count == 1 else "s")


def note(kind: str, message: str) -> Finding:
    """A remark on how the file was read, not tied to one bar."""
    return Finding(kind, message)


def gap_finding(gaps: Sequence[Gap], step: int) -> list[Finding]:
    """How many bars are missing in how many places, and the longest place."""
    if not gaps:
        return []
    longest = max(gaps, key=lambda gap: gap.missing)
    missing = sum(gap.missing for gap in gaps)
    what = f"{counted(len(gaps), 'gap')}, {counted(missing, 'bar')} of {format_interval(step)} missing"
    message = f"{what}; longest {longest}"
    return [Finding("gaps", message, len(gaps), gaps[0].start_nanos)]


def stale_finding(
    times: IntArray, step: int, decimals: int, close: IntArray, flat: npt.NDArray[np.bool_] | None, gaps: Sequence[Gap]
) -> list[Finding]:
    """Runs in which the price did not move.

    With highs and lows: two or more bars in a row that are flat at one price, half an hour at least. With closes
    only, equal neighbours happen by chance, so it takes three in a row, or two beside missing bars.
    """
    same = (np.diff(close) == 0) & (np.diff(times) == step)
    if flat is not None:
        same &= flat[1:] & flat[:-1]
    beside = {gap.start_nanos for gap in gaps} | {gap.stop_nanos for gap in gaps}
    runs = []
    for first, last in _runs(same):
        bars = last - first + 2
        edges = {int(times[first]), int(times[last + 1]) + step}
        enough = bars >= 3 or flat is not None or bool(edges & beside)
        if enough and bars * step >= STALE_AT_LEAST_NANOS:
            runs.append((bars, first))
    if not runs:
        return []
    bars, first = max(runs, key=lambda run: run[0])
    often = "once" if len(runs) == 1 else f"{len(runs)} times"
    price = Decimal(int(close[first])).scaleb(-decimals)
    message = (
        f"the price stood still {often}; longest {format_interval(bars * step)} from {format_time(int(times[first]))} "
        f"at {price}"
    )
    return [Finding("stale", message, len(runs), int(times[first]))]


def join_finding(times: IntArray, step: int, open_: IntArray, high: IntArray, close: IntArray) -> list[Finding]:
    """Bars that do not open where their neighbour closed, though no bar is missing between them.

    A jump counts from 30 basis points and 20 times the middle one of the hundred around it. A bar that carries the
    close and the high of a longer one (a day's bar in an hour's place) is called that.
    """
    if len(close) < 3:
        return []
    jump_bp = 1e4 * np.abs(open_[1:] / close[:-1] - 1.0)
    large = np.flatnonzero((jump_bp >= JOIN_AT_LEAST_BP) & (np.diff(times) == step))
    around = (jump_bp[max(row - JOIN_NEIGHBOURS, 0) : row + JOIN_NEIGHBOURS] for row in large)
    usual_bp = np.array([np.median(neighbours) for neighbours in around])
    rows = large[jump_bp[large] >= JOIN_TIMES_USUAL * usual_bp]
    if not len(rows):
        return []
    longer = sorted({int(n) for row in rows if (n := _length_it_carries(int(row), step, high, close))})
    shown = ", ".join(format_time(int(times[row])) for row in rows[:3]) + (", …" if len(rows) > 3 else "")
    bars = "1 bar does" if len(rows) == 1 else f"{len(rows)} bars do"
    message = f"{bars} not join the next ({shown}): jumps up to {jump_bp[rows].max():.0f} bp"
    if longer:
        names = " or ".join(format_interval(length) for length in longer)
        message += f"; they carry the close and the high of a {names} bar"
    return [Finding("join", message, len(rows), int(times[rows[0]]))]


def _length_it_carries(row: int, step: int, high: IntArray, close: IntArray) -> int:
    """The longer bar length whose close and high stand in this row; 0 for none."""
    for length in (4 * HOUR_NANOS, 8 * HOUR_NANOS, 12 * HOUR_NANOS, DAY_NANOS):
        bars = length // step
        last = row + bars - 1
        if bars < 3 or last >= len(close):
            continue
        if close[row] == close[last] and high[row] == high[row + 1 : last + 1].max(initial=0):
            return length
    return 0


def _runs(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of each run of True."""
    edges = np.diff(np.concatenate(([False], mask, [False])).astype(np.int8))
    return list(zip(np.flatnonzero(edges == 1).tolist(), (np.flatnonzero(edges == -1) - 1).tolist(), strict=True))
