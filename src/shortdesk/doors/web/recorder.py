"""What a screen remembers of the Journal: candles, the tape, the death map through time, counts, what happened.

Fed with journal rows as they are written. Lists only grow or have their last entry replaced, and entries are tuples,
so a connection may read them while the market runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.happenings import Happening, told
from shortdesk.doors.web.view.deaths import Bin
from shortdesk.doors.web.view.scale import SECOND_NS, Board
from shortdesk.ground.kinds import Kind, Mechanism

__all__ = ["FORCED", "Candle", "Recorder", "Trade", "candle_seconds", "columns_seconds"]

FORCED = (int(Mechanism.LIQUIDATION), int(Mechanism.ADL), int(Mechanism.STOP), int(Mechanism.RECALL))
"""Mechanisms whose trades nobody chose at that moment."""

Candle = tuple[int, float, float, float, float, float, float, float]
"""Second since 1970 at which it begins, first, highest, lowest, last price, worth traded, worth of forced buying and
of forced selling in it."""

Trade = tuple[int, float, float, float, int, int]
"""Number, second since the start, price, signed size (+ the taker bought), Mechanism of the taker, 1 if it is the
reader's own."""

Column = tuple[int, list[Bin]]
"""Second since 1970, and the death map at that moment."""

_CANDLES = 1_500
_COLUMNS = 240
_TRADES = 60
_HAPPENINGS = 200
_NICE = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


def candle_seconds(horizon_s: float, most: int = _CANDLES) -> int:
    """Length of a candle so that the whole play has about ``most`` of them."""
    return next((nice for nice in _NICE if nice * most >= horizon_s), _NICE[-1])


def columns_seconds(horizon_s: float) -> int:
    """Time between two columns of the map, so that the whole play has about ``_COLUMNS`` of them."""
    return candle_seconds(horizon_s, _COLUMNS)


class Recorder:
    """The memory of one instrument's screen. ``account`` is the reader's own."""

    def __init__(self, board: Board, horizon_s: float, account: int) -> None:
        self.board = board
        self.account = account
        self.candle_s = candle_seconds(horizon_s)
        self.column_s = columns_seconds(horizon_s)
        self.candles: list[Candle] = []
        self.columns: list[Column] = []
        self.trades: deque[Trade] = deque(maxlen=_TRADES)
        self.happenings: deque[Happening] = deque(maxlen=_HAPPENINGS)
        self.pieces: list[NDArray[Any]] = []
        self.rows = 0
        self.liquidations = 0
        self.liquidated = [0.0, 0.0]
        """Worth of positions that began to be liquidated at their marks: shorts, longs."""
        self.deleveraged = 0.0
        self.pushed: deque[tuple[int, int, float]] = deque()
        """Second, mechanism and signed worth of taking in the last minutes, for who pushed."""
        self._number = 0
        self._said = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Take journal rows in."""
        self.pieces.append(rows)
        self.rows += len(rows)
        mine = rows["instrument"] == self.board.number
        fills = rows[(rows["kind"] == Kind.FILL) & mine]
        if len(fills):
            self._add_candles(fills)
            self._add_trades(fills)
            self._add_push(fills)
        started = rows[(rows["kind"] == Kind.LIQUIDATION_START) & mine]
        for lots, sign in ((started[started["lots"] < 0], 0), (started[started["lots"] > 0], 1)):
            worth = np.abs(lots["lots"]).astype(np.float64) * lots["price"]
            self.liquidated[sign] += float(worth.sum()) * self.board.lot * self.board.tick
        self.liquidations += len(started)
        closed = rows[(rows["kind"] == Kind.ADL) & mine]
        worth = np.abs(closed["lots"]).astype(np.float64) * closed["price"]
        self.deleveraged += float(worth.sum()) * self.board.lot * self.board.tick
        for time_s, text, tone in told(rows, self.board):
            self._said += 1
            self.happenings.append((self._said, time_s, text, tone))

    def add_column(self, time_ns: int, bins: Sequence[Bin]) -> None:
        """The death map as it is now; within one column's time the newest replaces the one before."""
        at = time_ns // SECOND_NS // self.column_s * self.column_s
        column = (int(at), list(bins))
        if self.columns and self.columns[-1][0] == at:
            self.columns[-1] = column
        else:
            self.columns.append(column)

    def since(self, second: int) -> list[Candle]:
        """Candles that begin at a second or later; a reader who has some gives the last it has, which may change."""
        return self.candles[_first_from(self.candles, second) :]

    def columns_since(self, second: int) -> list[Column]:
        """Columns that begin at a second or later."""
        return self.columns[_first_from(self.columns, second) :]

    def _add_candles(self, fills: NDArray[Any]) -> None:
        begins = fills["time_ns"] // (self.candle_s * SECOND_NS)
        cuts = np.flatnonzero(np.diff(begins)) + 1
        board = self.board
        for part in np.split(fills, cuts):
            at = int(part["time_ns"][0]) // (self.candle_s * SECOND_NS) * self.candle_s
            prices, lots = part["price"], part["lots"].astype(np.float64)
            worth = np.abs(lots) * prices * board.lot * board.tick
            forced = worth * np.isin(part["mechanism"], FORCED)
            candle = (
                at,
                board.price(int(prices[0])),
                board.price(int(prices.max())),
                board.price(int(prices.min())),
                board.price(int(prices[-1])),
                round(float(worth.sum()), 2),
                round(float(forced[lots > 0].sum()), 2),
                round(float(forced[lots < 0].sum()), 2),
            )
            if self.candles and self.candles[-1][0] == at:
                self.candles[-1] = _joined(self.candles[-1], candle)
            else:
                self.candles.append(candle)

    def _add_trades(self, fills: NDArray[Any]) -> None:
        """The last trades of the tape; fills of one order at one moment and price are one trade."""
        board = self.board
        for row in fills[-4 * _TRADES :]:
            own = int(self.account in (int(row["account"]), int(row["other"])))
            time_s, price = board.seconds(int(row["time_ns"])), board.price(int(row["price"]))
            size, mechanism = board.size(int(row["lots"])), int(row["mechanism"])
            last = self.trades[-1] if self.trades else None
            if last and (last[1], last[2], last[4], last[5], last[3] > 0) == (time_s, price, mechanism, own, size > 0):
                self.trades[-1] = (last[0], time_s, price, round(last[3] + size, 9), mechanism, own)
                continue
            self._number += 1
            self.trades.append((self._number, time_s, price, size, mechanism, own))

    def _add_push(self, fills: NDArray[Any]) -> None:
        seconds = fills["time_ns"] // SECOND_NS
        worth = fills["lots"].astype(np.float64) * fills["price"] * (self.board.lot * self.board.tick)
        keys = seconds * 256 + fills["mechanism"]
        numbers, places = np.unique(keys, return_inverse=True)
        sums = np.bincount(places, worth, len(numbers))
        for key, value in zip(numbers.tolist(), sums.tolist(), strict=True):
            self.pushed.append((key // 256, key % 256, value))
        while self.pushed and self.pushed[0][0] < self.pushed[-1][0] - 600:
            self.pushed.popleft()


def _joined(first: Candle, second: Candle) -> Candle:
    return (
        first[0],
        first[1],
        max(first[2], second[2]),
        min(first[3], second[3]),
        second[4],
        round(first[5] + second[5], 2),
        round(first[6] + second[6], 2),
        round(first[7] + second[7], 2),
    )


def _first_from(entries: Sequence[Any], second: int) -> int:
    """The place of the first entry that begins at a second or later, looked for from the end."""
    at = len(entries)
    while at > 0 and entries[at - 1][0] >= second:
        at -= 1
    return at
