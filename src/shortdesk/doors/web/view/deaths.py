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
from shortdesk.market.tables import Shelf
from shortdesk.market.world import World

__all__ = ["Bin", "DeathMap", "armed_legs", "bin_ticks", "death_bins", "death_map"]

_PREFIX = (1 << 36) - 1
_PAGE_BITS = 6
_BIN = 0.0025

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
    legs = world.table(Shelf.LEGS)[1 : world.used_rows(Shelf.LEGS)]
    legs = legs[np.flatnonzero((legs["level"] != 0) & (legs["instrument"] == number) & (legs["lots"] != 0))]
    pages = world.table(Shelf.PAGES)["key"]
    levels = legs["level"].astype(np.int64)
    ticks = ((pages[levels >> _PAGE_BITS] & _PREFIX) << _PAGE_BITS) | (levels & ((1 << _PAGE_BITS) - 1))
    return legs, ticks


def death_bins(legs: NDArray[Any], ticks: NDArray[np.int64], board: Board) -> list[Bin]:
    """Worth by bin, lowest first; bins without any are left out."""
    if not len(legs):
        return []
    numbers, places = np.unique(ticks // bin_ticks(board), return_inverse=True)
    worth = np.abs(legs["lots"]).astype(np.float64) * ticks * (board.lot * board.tick)
    shorts = np.bincount(places, worth * (legs["lots"] < 0), len(numbers))
    longs = np.bincount(places, worth * (legs["lots"] > 0), len(numbers))
    return [(int(at), float(round(a)), float(round(b))) for at, a, b in zip(numbers, shorts, longs, strict=True)]


def death_map(world: World, board: Board) -> DeathMap:
    """The map of an instrument as it is now."""
    legs, ticks = armed_legs(world, board.number)
    bins = death_bins(legs, ticks, board)
    short, long = ticks[legs["lots"] < 0], ticks[legs["lots"] > 0]
    return DeathMap(
        step=board.price(bin_ticks(board)),
        bins=bins,
        shorts=sum(one[1] for one in bins),
        longs=sum(one[2] for one in bins),
        positions=len(legs),
        nearest_short=board.price(int(short.min())) if len(short) else 0.0,
        nearest_long=board.price(int(long.max())) if len(long) else 0.0,
    )
