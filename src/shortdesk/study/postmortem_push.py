"""Who moved the price: the move a post-mortem is about, its changes booked to takers, forced against free buying.

The middle of the book is what a trade shows of it: the price of a purchase less half a spread, of a sale plus half a
spread. A change from one trade to the next is booked to the taker of the first of the two: it is what became of the
book after it, refills included. The sums are exact: the way of that middle from the move's first trade to its last.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind
from shortdesk.study.postmortem_causes import Branching, Forced, ForcedKind, bounce_ticks
from shortdesk.study.postmortem_tape import Ints, Tape, mechanism_name

__all__ = ["Booked", "Move", "Rung", "book_by_mechanism", "book_by_root", "find_move", "forced_lots", "rungs_of"]

_TOLD = (ForcedKind.LIQUIDATION, ForcedKind.STOP)
_AFTER_NS = 3_600 * 10**9
RUNGS = 8
"""So many equal parts of the move are told apart."""


class Move(NamedTuple):
    """The largest move of the mark in the direction of the forced orders; rows are row numbers of the tape.

    What the last mark sets off at the same instant still belongs to the move: it ends with row ``until``.
    """

    up: bool
    begin: int
    peak: int
    until: int
    begin_ns: int
    peak_ns: int
    begin_ticks: int
    peak_ticks: int
    end_ticks: int
    after_ticks: float
    """The mark on average over the hour after the peak, or to the end of the Journal where that comes first."""

    @property
    def ticks(self) -> int:
        """How far it went, unsigned."""
        return abs(self.peak_ticks - self.begin_ticks)

    @property
    def part(self) -> float:
        """How far it went, as a part of the price."""
        return self.ticks / self.begin_ticks

    @property
    def given_back(self) -> float:
        """Which part of it was undone on average over the hour after it, wherever the recording ends later."""
        return abs(self.peak_ticks - self.after_ticks) / self.ticks if self.ticks else 0.0

    @property
    def sign(self) -> int:
        """1 for a move up, -1 for one down."""
        return 1 if self.up else -1

    def holds(self, rows: Ints) -> NDArray[np.bool_]:
        """Which rows lie in it."""
        return np.asarray((rows > self.begin) & (rows <= self.until))


def find_move(tape: Tape, forced: Forced) -> Move:
    """The move: up where forced orders bought on the whole, down where they sold; without any, the larger one."""
    marks = tape.marks
    prices = tape.price[marks]
    lots = int(tape.lots[tape.fills[forced.of_fill >= 0]].sum())
    ways = [_largest(prices, up) for up in (True, False)]
    sizes = [abs(int(prices[peak]) - int(prices[begin])) / int(prices[begin]) for begin, peak in ways]
    up = lots > 0 if lots else sizes[0] >= sizes[1]
    begin, peak = ways[0 if up else 1]
    return Move(
        up, int(marks[begin]), int(marks[peak]), _last_at(tape, int(marks[peak])),
        int(tape.time_ns[marks[begin]]), int(tape.time_ns[marks[peak]]),
        int(prices[begin]), int(prices[peak]), int(prices[-1]), _mean_after(tape, peak),
    )  # fmt: skip


def _mean_after(tape: Tape, peak: int) -> float:
    """The mean of the mark in time, from its change number ``peak`` on."""
    times, prices = tape.time_ns[tape.marks][peak:], tape.price[tape.marks][peak:]
    until = min(int(tape.time_ns[-1]), int(times[0]) + _AFTER_NS)
    seen = times < until
    held = np.diff(np.append(times[seen], until))
    return float(np.average(prices[seen], weights=held)) if len(held) else float(prices[0])


def _last_at(tape: Tape, row: int) -> int:
    """The last row at the same instant."""
    return int(np.searchsorted(tape.time_ns, tape.time_ns[row], side="right")) - 1


def _largest(prices: Ints, up: bool) -> tuple[int, int]:
    """Places of the low and the high of the largest rise (fall)."""
    values = prices if up else -prices
    peak = int(np.argmax(values - np.minimum.accumulate(values)))
    before = values[: peak + 1]
    return int(len(before) - 1 - np.argmin(before[::-1])), peak


class Booked(NamedTuple):
    """One line of the booking: who, by how much, and what they took with and against the direction of the move."""

    name: str
    half_ticks: int
    lots: int
    against: int

    @property
    def ticks(self) -> float:
        """By how many ticks the middle moved after their trades."""
        return self.half_ticks / 2


def _booked(tape: Tape, move: Move, keys: Ints, names: dict[int, str]) -> list[Booked]:
    fills = tape.fills
    inside = move.holds(fills)
    middles = 2 * tape.price[fills][inside] - np.sign(tape.lots[fills][inside]) * bounce_ticks(tape)
    steps = np.diff(middles, append=middles[-1:])
    lots = tape.lots[fills][inside] * move.sign
    key = keys[inside]
    found = []
    for number in np.unique(key).tolist():
        mine = key == number
        with_it, against = lots[mine & (lots > 0)].sum(), -lots[mine & (lots < 0)].sum()
        found.append(Booked(names[number], int(steps[mine].sum()), int(with_it), int(against)))
    return sorted(found, key=lambda one: (-move.sign * one.half_ticks, one.name))


def book_by_mechanism(tape: Tape, move: Move) -> list[Booked]:
    """Changes of the middle in the move by the taker's mechanism, the strongest first."""
    keys = tape.mechanism[tape.fills]
    return _booked(tape, move, keys, {int(one): mechanism_name(int(one)) for one in np.unique(keys)})


def book_by_root(tape: Tape, move: Move, forced: Forced) -> list[Booked]:
    """The same by the root of each taker's chain of causes: a forced order counts for who set its tree off."""
    return _booked(tape, move, forced.root_of_fill, dict(enumerate(forced.roots)))


def forced_lots(tape: Tape, move: Move, forced: Forced) -> tuple[int, int]:
    """Lots that forced orders, and that all orders, took in the direction of the move.

    Deleveraging trades outside of the book; what it closed of bankrupt positions counts on both sides.
    """
    fills = tape.fills
    lots = np.where(move.holds(fills), tape.lots[fills] * move.sign, 0)
    taken = np.maximum(lots, 0)
    adl = tape.here(Kind.ADL)
    closed = int(np.maximum(-tape.lots[adl[move.holds(adl)]] * move.sign, 0).sum())
    return int(taken[forced.of_fill >= 0].sum()) + closed, int(taken.sum()) + closed


class Rung(NamedTuple):
    """A part of the way: what was forced in it, and the gain there."""

    low_ticks: int
    high_ticks: int
    liquidations: int
    stops: int
    forced_lots: int
    all_lots: int
    gain: float
    """Forced lots per tick times ticks per lot."""


def rungs_of(tape: Tape, move: Move, forced: Forced, branching: Branching) -> list[Rung]:
    """Gain by price: the move in equal parts, each forced order where the mark stood that set it off."""
    count = min(RUNGS, move.ticks)
    if count < 1:
        return []
    edges = np.linspace(move.begin_ticks, move.peak_ticks, count + 1).round().astype(np.int64)
    inside = move.holds(forced.row)
    level = np.where(forced.mark >= 0, tape.price[np.maximum(forced.mark, 0)], tape.price[forced.row])
    part = _part_of(level, edges, move)
    fills = tape.fills[move.holds(tape.fills)]
    lots = np.maximum(tape.lots[fills] * move.sign, 0)
    of_fill = forced.of_fill[move.holds(tape.fills)]
    traded = _part_of(tape.price[fills], edges, move)
    forced_at = np.where(of_fill >= 0, part[of_fill] if len(part) else 0, -1)
    found = []
    for at in range(count):
        here = inside & (part == at)
        pushed = int(lots[(forced_at == at) & (of_fill >= 0)].sum())
        gain = pushed / abs(int(edges[at + 1] - edges[at])) * branching.impact
        dead, stopped = (int((here & (forced.kind == kind)).sum()) for kind in _TOLD)
        found.append(
            Rung(int(edges[at]), int(edges[at + 1]), dead, stopped, pushed, int(lots[traded == at].sum()), gain)
        )
    return found


def _part_of(ticks: Ints, edges: Ints, move: Move) -> Ints:
    """In which part of the way a price lies; prices beyond an end belong to the part at that end."""
    values, lines = (ticks, edges) if move.up else (-ticks, -edges)
    return np.clip(np.searchsorted(lines, values, side="right") - 1, 0, len(edges) - 2)
