"""Who pushed whom: forced orders, the fill that carried the price to each, roots, generations, and the branching ratio.

A venue looks at its mark on its own clock, so a mark row has no fill as its cause. The link is made here by one rule,
and it is ours. Look at the trades since the traded price last stood more than a spread short of the mark that set an
order off: whoever took most in that direction, net, carried it there, all forced orders together against each free
group. The fill named is the largest of theirs. Where the index went through the level first, the index moved the mark.
Where the mark was another instrument's, a coin's behind the position or one that shares its wallet, that is the root.
Everything else is read off the ``cause`` fields.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.study.postmortem_tape import Ints, Tape, mechanism_name

__all__ = [
    "INDEX",
    "UNKNOWN",
    "Branching",
    "Forced",
    "ForcedKind",
    "bounce_ticks",
    "branching_ratio",
    "find_forced",
    "last_crossing",
]

INDEX = "the index"
"""The root of what the index set off."""
UNKNOWN = "not in the Journal"
"""The root of what the Journal does not tell."""
_NORMAL_95 = 1.959963984540054
_CHUNK = 512


class ForcedKind(IntEnum):
    """What forced an order."""

    LIQUIDATION = 0
    STOP = 1
    BUY_IN = 2


@dataclass(frozen=True)
class Forced:
    """Forced orders of the instrument, one entry each, in order; ``-1`` where there is none.

    ``by_fill`` is the place among the tape's fills of the one that carried the price there; ``parent`` the forced order
    it belongs to; ``generation`` 1 for those that somebody free, or the index, set off. ``root`` indexes ``roots``.
    """

    row: Ints
    kind: Ints
    account: Ints
    lots: Ints
    """Signed position at the beginning; 0 where it is not told."""
    mark: Ints
    by_fill: Ints
    parent: Ints
    generation: Ints
    root: Ints
    root_fill: Ints
    roots: list[str]
    of_fill: Ints
    """For each fill of the tape the forced order behind it."""
    root_of_fill: Ints
    """For each fill of the tape its root."""

    def __len__(self) -> int:
        return len(self.row)


def find_forced(tape: Tape) -> Forced:
    """Forced orders with their places in the tree of causes; one pass over them, none over the rows in Python."""
    fills = tape.fills
    begun = tape.origin[fills]
    starts = tape.here(Kind.LIQUIDATION_START)
    starts = starts[np.isin(starts, begun) | (tape.lots[starts] != 0)]
    buy_ins = tape.here(Kind.BUY_IN)
    of_fill = np.full(len(fills), -1, np.int64)
    rows, kinds = [starts, buy_ins], [ForcedKind.LIQUIDATION, ForcedKind.BUY_IN]
    for mechanism, kind in (
        (Mechanism.LIQUIDATION, ForcedKind.LIQUIDATION),
        (Mechanism.STOP, ForcedKind.STOP),
        (Mechanism.RECALL, ForcedKind.BUY_IN),
    ):
        loose = (tape.mechanism[fills] == mechanism) & ~np.isin(begun, starts) & ~np.isin(begun, buy_ins)
        first = _first_of_orders(tape, fills[loose], begun[loose])
        rows.append(np.unique(first))
        kinds.append(kind)
        begun[loose] = first
    row = np.concatenate(rows)
    kind_of = np.repeat([int(kind) for kind in kinds], [len(one) for one in rows])
    order = np.argsort(row, kind="stable")
    row, kind_of = row[order], kind_of[order]
    if len(row):
        place = np.minimum(np.searchsorted(row, begun), len(row) - 1)
        of_fill = np.where(row[place] == begun, place, -1)
    return _with_parents(tape, row, kind_of, of_fill)


def _first_of_orders(tape: Tape, rows: Ints, begun: Ints) -> Ints:
    """For each row the first one of the same account, order and beginning."""
    if not len(rows):
        return rows
    keys = np.stack([tape.account[rows], tape.order[rows], begun])
    _, first, inverse = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return np.asarray(rows[first][inverse.ravel()], np.int64)


def last_crossing(prices: Ints, upto: int, level: int, up: bool, spread: int = 0) -> int:
    """The place below ``upto`` at which prices last went through ``level``, come from more than a spread before it.

    A price that hops between bid and ask around the level has not left it. -1 when prices never went through.
    """
    before = _last_below(prices, upto, level, up, spread)
    if before < 0:
        return -1
    values, line = (prices, level) if up else (-prices, -level)
    return before + 1 + int(np.argmax(values[before + 1 : upto] >= line))


def _last_below(prices: Ints, upto: int, level: int, up: bool, spread: int) -> int:
    """The last place more than a spread before the level, of those with a price at or beyond it behind them."""
    values, line = (prices, level) if up else (-prices, -level)
    beyond = _last_where(values, upto, line, above=True)
    return _last_where(values, beyond, line - max(1, spread), above=False) if beyond >= 0 else -1


def _last_where(values: Ints, upto: int, line: int, *, above: bool) -> int:
    """The last place below ``upto`` with a value at or above (at or below) the line; -1 when there is none."""
    stop = upto
    while stop > 0:
        start = max(0, stop - _CHUNK)
        part = values[start:stop]
        found = np.flatnonzero(part >= line if above else part <= line)
        if len(found):
            return start + int(found[-1])
        stop = start
    return -1


def bounce_ticks(tape: Tape) -> int:
    """The spread as the tape shows it: the median step between a fill and the next one from the other side."""
    fills = tape.fills
    turns = np.sign(tape.lots[fills][1:]) * np.sign(tape.lots[fills][:-1]) < 0
    steps = np.abs(np.diff(tape.price[fills]))[turns]
    return int(np.median(steps)) if len(steps) else 0


class _Finder:
    """Finds, mark by mark, what carried the price to it; marks are asked once."""

    def __init__(self, tape: Tape, pusher: Ints) -> None:
        self.tape = tape
        self.pusher = pusher
        self.fill_prices = tape.price[tape.fills]
        self.fill_lots = tape.lots[tape.fills]
        self.spread = bounce_ticks(tape)
        self.index_rows = tape.here(Kind.INDEX)
        self.index_prices = tape.price[self.index_rows]
        self._known: dict[tuple[int, bool], int] = {}

    def of(self, mark: int, up: bool) -> int:
        """The place among the fills; -1 for the index, -2 when the Journal does not tell."""
        if (mark, up) not in self._known:
            self._known[mark, up] = self._find(mark, up)
        return self._known[mark, up]

    def _find(self, mark: int, up: bool) -> int:
        tape = self.tape
        if tape.kind[mark] == Kind.FILL:
            return int(np.searchsorted(tape.fills, mark))
        level, upto = int(tape.price[mark]), int(np.searchsorted(tape.fills, mark))
        spread = self.spread
        before = _last_below(self.fill_prices, upto, level, up, spread)
        if before < 0:  # never so far away: the whole tape lies within a spread
            spread = 0
            before = _last_below(self.fill_prices, upto, level, up, spread)
        index = last_crossing(self.index_prices, int(np.searchsorted(self.index_rows, mark)), level, up)
        if before < 0:
            return -1 if index >= 0 else -2
        through = last_crossing(self.fill_prices, upto, level, up, spread)
        if index >= 0 and self.index_rows[index] < tape.fills[through]:
            return -1
        return self._strongest(before + 1, upto, up, through)

    def _strongest(self, first: int, upto: int, up: bool, otherwise: int) -> int:
        """The largest fill of whoever took most in the direction, net; all forced orders stand together."""
        lots = self.fill_lots[first:upto] if up else -self.fill_lots[first:upto]
        who = self.pusher[first:upto]
        sums = np.bincount(who, weights=lots.astype(np.float64))
        most = int(np.argmax(sums))
        if sums[most] <= 0:
            return otherwise
        mine = np.flatnonzero(who == most)
        return first + int(mine[np.argmax(lots[mine])])


def _with_parents(tape: Tape, row: Ints, kind: Ints, of_fill: Ints) -> Forced:
    count = len(row)
    fills = tape.fills
    lots = np.where(tape.kind[row] == Kind.FILL, -tape.lots[row], tape.lots[row])
    lots = np.where(np.isin(tape.kind[row], [Kind.TRIGGERED, Kind.BUY_IN]), -lots, lots)
    above = np.where(tape.cause[row] >= 0, tape.origin[np.maximum(tape.cause[row], 0)], -1)
    by_fill = np.full(count, -1, np.int64)
    parent = np.full(count, -1, np.int64)
    generation = np.ones(count, np.int64)
    root_fill = np.full(count, -1, np.int64)
    roots: dict[str, int] = {}
    root = np.zeros(count, np.int64)
    own = _own_roots(tape, fills, roots)
    finder = _Finder(tape, np.where(of_fill >= 0, 0, own + 1))
    for at in range(count):
        found = -2
        other = _other_mark(tape, int(above[at]))
        if not other and above[at] >= 0 and tape.kind[above[at]] in (Kind.MARK, Kind.FILL):
            found = finder.of(int(above[at]), bool(lots[at] <= 0))
        by_fill[at] = max(found, -1)
        if found < 0:
            root[at] = roots.setdefault(other or (INDEX if found == -1 else UNKNOWN), len(roots))
            continue
        parent[at] = of_fill[found]
        if parent[at] >= 0 and parent[at] != at:
            generation[at] = generation[parent[at]] + 1
            root[at], root_fill[at] = root[parent[at]], root_fill[parent[at]]
        else:
            parent[at] = -1
            root[at], root_fill[at] = own[found], found
    is_mark = (tape.kind[np.maximum(above, 0)] == Kind.MARK) & (tape.on[np.maximum(above, 0)] == tape.instrument)
    mark = np.where((above >= 0) & is_mark, above, -1)
    root_of_fill = np.where(of_fill >= 0, root[of_fill] if count else 0, own)
    return Forced(
        row, kind, tape.account[row], lots, mark, by_fill, parent, generation, root, root_fill, list(roots), of_fill,
        root_of_fill,
    )  # fmt: skip


def _other_mark(tape: Tape, row: int) -> str:
    """The mark that set an order off, where it is another instrument's."""
    if row < 0 or tape.kind[row] != Kind.MARK or tape.on[row] == tape.instrument:
        return ""
    return f"the mark of {tape.journal.names.instrument.name(int(tape.on[row]))}"


def _own_roots(tape: Tape, fills: Ints, roots: dict[str, int]) -> Ints:
    """The root of a free fill: its taker's group and mechanism."""
    names, group = tape.groups
    key = group[tape.account[fills]] * 256 + tape.mechanism[fills]
    found, inverse = np.unique(key, return_inverse=True)
    numbers = []
    for one in found.tolist():
        who, how = names[one // 256], mechanism_name(one % 256)
        numbers.append(roots.setdefault(who if who == how else f"{who} ({how})", len(roots)))
    return np.array(numbers, np.int64)[inverse] if len(found) else np.zeros(0, np.int64)


class Branching(NamedTuple):
    """The branching ratio as the tree has it, beside density times size times impact; nan where nothing can be said."""

    first: int
    all: int
    ratio: float
    low: float
    high: float
    density: float
    """Forced orders per tick that the mark went."""
    size_lots: float
    impact: float
    """Ticks per lot: how the traded price answered to what takers bought, net, in spans of ``span_s``."""
    impact_error: float
    gain: float
    gain_low: float
    gain_high: float
    span_s: float


def branching_ratio(tape: Tape, forced: Forced, chosen: NDArray[np.bool_], begin_ns: int, end_ns: int) -> Branching:
    """Forced orders that others set off, as a part of all, held against density x size x impact.

    Ratio n = 1 - first / all, the maximum of Borel's law for trees; its standard error is sqrt(n (1 - n) / first), and
    3 / first bounds it where none was set off by another. The
    density is all over the way of the mark, the impact a least-squares slope through the origin. Source: notes on
    cascades, generalised Poisson law.
    """
    total = int(chosen.sum())
    first = int((chosen & (forced.parent < 0)).sum())
    ratio = 1.0 - first / total if total else math.nan
    spread = _NORMAL_95 * math.sqrt(ratio * (1 - ratio) / first) if first else math.nan
    if first and first == total:  # none in so many: the rule of three
        spread = 3 / first
    marks = tape.marks
    seen = marks[(tape.time_ns[marks] >= begin_ns) & (tape.time_ns[marks] <= end_ns)]
    way = float(np.ptp(tape.price[seen])) if len(seen) else 0.0
    mine = np.isin(forced.of_fill, np.flatnonzero(chosen))
    lots = float(np.abs(tape.lots[tape.fills[mine]]).sum())
    span_s, impact, error = _impact(tape, begin_ns, end_ns)
    density = total / way if way else math.nan
    size = lots / total if total else math.nan
    gain = density * size * impact
    wide = math.hypot(1 / math.sqrt(total), error / impact) if total and impact else math.nan
    return Branching(
        first, total, ratio, max(0.0, ratio - spread), min(1.0, ratio + spread), density, size, impact, error, gain,
        max(0.0, gain * (1 - _NORMAL_95 * wide)), gain * (1 + _NORMAL_95 * wide), span_s,
    )  # fmt: skip


def _impact(tape: Tape, begin_ns: int, end_ns: int) -> tuple[float, float, float]:
    """Span in seconds, ticks per lot and its standard error: price changes over spans on what takers bought net."""
    fills = tape.fills
    fills = fills[(tape.time_ns[fills] >= begin_ns) & (tape.time_ns[fills] <= end_ns)]
    span_ns = max(1, min(10 * 10**9, (end_ns - begin_ns) // 30))
    if len(fills) < 3:
        return span_ns / 1e9, math.nan, math.nan
    bins = (tape.time_ns[fills] - begin_ns) // span_ns
    edges = np.flatnonzero(np.diff(bins, prepend=-1))
    flow = np.add.reduceat(tape.lots[fills], edges).astype(np.float64)
    last = tape.price[fills[np.append(edges[1:], len(fills)) - 1]].astype(np.float64)
    moves = np.diff(last, prepend=float(tape.price[fills[0]]))
    square = float(flow @ flow)
    if len(flow) < 3 or not square:
        return span_ns / 1e9, math.nan, math.nan
    slope = float(flow @ moves) / square
    left = moves - slope * flow
    return span_ns / 1e9, slope, math.sqrt(float((flow * left) @ (flow * left))) / square
