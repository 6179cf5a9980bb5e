"""The exact liquidation map: at which mark each position is liquidated, and how much of it there is.

Not an estimate: every open position of the market stands on a ladder under the price at which its venue will ask it
(``market/triggers.py``), and this reads the ladder. A position that changed since the last mark still stands where it
stood; it moves with the next mark, a second later at most.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.view.scale import Board
from shortdesk.ground.compile import kernel
from shortdesk.market.ladder import level_ticks
from shortdesk.market.tables import Shelf, leg_at, shelf_at
from shortdesk.market.world import World

__all__ = ["Bin", "DeathMap", "armed_legs", "bin_ticks", "death_map"]

_BIN = 0.0025
_MOST_SPAN = 1 << 16

Bin = tuple[int, float, float]
"""Number of the bin (its lower edge is so many bins above 0), worth of shorts and of longs that die in it."""


class DeathMap(msgspec.Struct, frozen=True):
    """Worth of the positions liquidated per step of price, in the quote at their liquidation prices."""

    step: float
    bins: list[Bin]
    shorts: float
    longs: float
    positions: int
    nearest_short: float
    """The lowest mark that kills a short; 0 where no short can die."""
    nearest_long: float


def bin_ticks(board: Board) -> int:
    """Ticks in one bin of the map: a quarter per cent of the opening price."""
    return max(1, round(_BIN * board.market.price / board.tick))


def armed_legs(world: World, number: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Legs with a liquidation price, and that price in ticks."""
    places, _, ticks = _armed(world, number)
    return world.table(Shelf.LEGS)[places], ticks


def _armed(world: World, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """The same as their places in the table, their lots and their prices."""
    found = np.empty((3, world.used_rows(Shelf.LEGS)), np.int64)
    count = _find_armed(world.block, number, found[0], found[1], found[2])
    return found[0, :count], found[1, :count], found[2, :count]


@kernel
def _find_armed(w: Any, number: int, places: Any, lots: Any, ticks: Any) -> int:
    count = 0
    for at in range(1, shelf_at(w, Shelf.LEGS).used + 1):
        leg = leg_at(w, at)
        if leg.instrument == number and leg.level != 0 and leg.lots != 0:
            places[count] = at
            lots[count] = leg.lots
            ticks[count] = level_ticks(w, leg.level)
            count += 1
    return count


def _death_bins(lots: NDArray[np.int64], ticks: NDArray[np.int64], board: Board) -> list[Bin]:
    """Worth by bin, lowest first; bins without any are left out."""
    if not len(lots):
        return []
    numbers = ticks // bin_ticks(board)
    first = int(numbers.min())
    if int(numbers.max()) - first < _MOST_SPAN:
        bins, places = np.arange(first, int(numbers.max()) + 1), numbers - first
    else:  # somebody dies so far away that a place for each bin between would not fit
        bins, places = np.unique(numbers, return_inverse=True)
    worth = np.abs(lots).astype(np.float64) * ticks * (board.lot * board.tick)
    shorts = np.bincount(places, worth * (lots < 0), len(bins))
    longs = np.bincount(places, worth * (lots > 0), len(bins))
    used = np.flatnonzero(shorts + longs)
    sums = (np.rint(shorts[used]).tolist(), np.rint(longs[used]).tolist())
    return list(zip(bins[used].tolist(), *sums, strict=True))


def death_map(world: World, board: Board) -> DeathMap:
    """The map of an instrument as it is now."""
    _, lots, ticks = _armed(world, board.number)
    bins = _death_bins(lots, ticks, board)
    short, long = ticks[lots < 0], ticks[lots > 0]
    return DeathMap(
        step=board.price(bin_ticks(board)),
        bins=bins,
        shorts=sum(one[1] for one in bins),
        longs=sum(one[2] for one in bins),
        positions=len(lots),
        nearest_short=board.price(int(short.min())) if len(short) else 0.0,
        nearest_long=board.price(int(long.max())) if len(long) else 0.0,
    )
