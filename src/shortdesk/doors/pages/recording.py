"""A run looked at while it is played: what a page of it needs, with the desk's own memory and views.

The market is looked at once in each column of the liquidation map, about 240 times in a run, and more often while many
die. All of these samples tell the gauges through time; of the rest, which is large, a page chooses some.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.parts import Counts
from shortdesk.doors.web.recorder import Recorder, columns_seconds
from shortdesk.doors.web.view.book import BookView, book_view
from shortdesk.doors.web.view.deaths import DeathMap, death_map
from shortdesk.doors.web.view.gauges import Gauges, gauges
from shortdesk.doors.web.view.liquidations import LiquidationView, liquidation_view
from shortdesk.doors.web.view.scale import SECOND_NS, Board, board_of
from shortdesk.doors.web.view.you import adl_queue
from shortdesk.ground.kinds import Kind
from shortdesk.stage.play import Play
from shortdesk.stage.run import SLICE_S
from shortdesk.stage.scenario import Scenario
from shortdesk.study.figure import Line, Tone

__all__ = ["Recording", "Sample"]

_NOBODY = 0
"""The account of a reader who has none."""
_STIR, _MOST = 10, 600
"""With so many new liquidations the market is looked at between two columns too, until there are so many samples."""


class Sample(NamedTuple):
    """The market at one moment, as the desk shows it."""

    time_ns: int
    gauges: Gauges
    counts: Counts
    book: BookView
    deaths: DeathMap
    map: LiquidationView | None


class Recording:
    """Looks at a run (``stage.run.Look``); everything is of the instrument that the desk would show."""

    board: Board
    recorder: Recorder
    _play: Play

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.column_s = columns_seconds(scenario.horizon_s)
        self.slice_s = min(SLICE_S, float(self.column_s))
        """A slice of the run may be no longer, so that no column is left out."""
        self.samples: list[Sample] = []
        self._waiting: list[NDArray[Any]] = []
        self._prices: dict[Kind, list[NDArray[Any]]] = {Kind.MARK: [], Kind.INDEX: []}
        self._column = -1

    @property
    def has_seen(self) -> bool:
        """Whether there is anything to show: a trade, and a moment after it."""
        return bool(self.samples) and bool(self.recorder.candles)

    def rows(self, rows: NDArray[Any]) -> None:
        """Rows of the Journal; they are taken in at the end of their slice."""
        self._waiting.append(rows)

    def at(self, play: Play) -> None:
        """The market between two slices: sampled at the first look, where a column of the map is full, in a stir."""
        if not self.samples:
            self.board = board_of(play)
            self.recorder = Recorder(self.board, self.scenario.horizon_s, _NOBODY)
        self._play = play
        self._take_in()
        column = play.now_ns // (self.column_s * SECOND_NS)
        died = self.recorder.liquidations - (self.samples[-1].counts.liquidations if self.samples else 0)
        if column != self._column or (died >= _STIR and len(self.samples) < _MOST):
            self._column = column
            self._sample_now()

    def finish(self) -> None:
        """The run has ended: its last moment is sampled too."""
        if self.samples and self.samples[-1].time_ns != self._play.now_ns:
            self._sample_now()

    def path(self, name: str, kind: Kind, tone: Tone) -> Line | None:
        """The marks or the indexes of the whole run as a line; None where there are none."""
        rows = self._prices[kind]
        if not rows:
            return None
        times = np.concatenate([one["time_ns"] for one in rows]).astype(np.int64)
        prices = np.concatenate([one["price"] for one in rows]) * self.board.tick
        return Line(name, times, prices, tone=tone, steps=True)

    def _take_in(self) -> None:
        for rows in self._waiting:
            self.recorder.add(rows)
            mine = rows[rows["instrument"] == self.board.number]
            for kind, found in self._prices.items():
                some = mine[mine["kind"] == kind]
                if len(some):
                    found.append(some[["time_ns", "price"]].copy())
        self._waiting.clear()
        self.recorder.pieces.clear()  # the run writes them; nobody keeps them from here

    def _sample_now(self) -> None:
        play, board, seen = self._play, self.board, self.recorder
        world = play.world
        queue = adl_queue(world, board) if board.market.is_perp else (0, 0)
        shorts, longs = seen.liquidated
        counts = Counts(seen.liquidations, shorts, longs, seen.deleveraged, queue, seen.rows)
        found = liquidation_view(world, board, seen.candles, seen.candle_s)
        deaths = death_map(world, board)
        book = book_view(world, board)
        self.samples.append(Sample(play.now_ns, gauges(play, board), counts, book, deaths, found))
        seen.add_column(max(self.scenario.start_ns, play.now_ns - 1), deaths.bins)

    def chosen(self, most: int) -> Sequence[int]:
        """Places of at most ``most`` samples: half of them spread over the time, half over the liquidations."""
        many = len(self.samples)
        deaths = np.array([one.counts.liquidations for one in self.samples], np.float64)
        way = np.arange(many) / max(1, many - 1) + deaths / max(1.0, deaths[-1])
        wanted = np.linspace(way[0], way[-1], most)
        places = np.unique(np.append(np.searchsorted(way, wanted - 1e-12), [0, many - 1]))
        return [int(one) for one in places[places < many]]
