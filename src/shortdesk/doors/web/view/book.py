"""The book as it shows: levels grouped by price, forced and own orders apart, depth near the middle."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.view.scale import Board
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.book import OrderState
from shortdesk.market.tables import Shelf
from shortdesk.market.world import World
from shortdesk.stage.look import ask_ticks, bid_ticks, mid_ticks

__all__ = ["BookView", "Level", "book_view", "group_ticks", "resting_orders"]

REACH = 0.04
"""Levels up to this part of the middle away are shown."""
BANDS_BPS = (10, 25, 50, 100)
"""Distances from the middle within which depth is summed, in basis points."""
_GROUP = 0.0002
_FORCED = (int(Mechanism.LIQUIDATION), int(Mechanism.ADL), int(Mechanism.STOP), int(Mechanism.RECALL))

Level = tuple[float, float, float, float]
"""Price of a group (its edge toward the middle's far side), size, of it the reader's own, of it forced."""


class BookView(msgspec.Struct, frozen=True):
    """What rests near the middle. Sizes are in the base, depth in the quote."""

    bid: float
    ask: float
    middle: float
    spread_bps: float
    step: float
    bids: list[Level]
    asks: list[Level]
    bands_bps: tuple[int, ...]
    bid_depth: list[float]
    ask_depth: list[float]


def group_ticks(board: Board) -> int:
    """How many ticks one line of the ladder takes: about two basis points, as 1, 2 or 5 times a power of ten."""
    wanted = max(1.0, board.market.price * _GROUP / board.tick)
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power >= wanted:
                return factor * power
        power *= 10


def resting_orders(world: World, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """The instrument's orders that stand in the book, and the account of each."""
    orders = world.table(Shelf.ORDERS)[1 : world.used_rows(Shelf.ORDERS)]
    legs = world.table(Shelf.LEGS)
    orders = orders[(orders["leg"] != 0) & (orders["level"] != 0) & (orders["traits"] & OrderState.PARKED == 0)]
    orders = orders[legs["instrument"][orders["leg"]] == number]
    return orders, legs["account"][orders["leg"]]


def book_view(world: World, board: Board, account: int = 0) -> BookView:
    """The book of an instrument; ``account`` is the reader's own."""
    number = board.number
    bid, ask, middle = bid_ticks(world.block, number), ask_ticks(world.block, number), mid_ticks(world.block, number)
    orders, owners = resting_orders(world, number)
    near = np.abs(orders["price_ticks"] - middle) <= REACH * middle
    orders, owners = orders[near], owners[near]
    step = group_ticks(board)
    buys = orders["side"] == Side.BUY
    bands = [band / 1e4 * middle for band in BANDS_BPS]
    return BookView(
        bid=board.price(bid),
        ask=board.price(ask),
        middle=middle * board.tick,
        spread_bps=1e4 * (ask - bid) / middle if bid and ask else 0.0,
        step=board.price(step),
        bids=_levels(orders[buys], owners[buys] == account, board, step, -1),
        asks=_levels(orders[~buys], owners[~buys] == account, board, step, 1),
        bands_bps=BANDS_BPS,
        bid_depth=[_depth(orders[buys], middle, band, board) for band in bands],
        ask_depth=[_depth(orders[~buys], middle, band, board) for band in bands],
    )


def _levels(orders: NDArray[Any], own: NDArray[Any], board: Board, step: int, away: int) -> list[Level]:
    """Groups of ``step`` ticks, best first: bids are grouped downward and asks upward, so that no group crosses."""
    ticks = orders["price_ticks"]
    groups = ticks // step if away < 0 else -(-ticks // step)
    prices, places = np.unique(groups, return_inverse=True)
    lots = orders["lots"].astype(np.float64)
    sizes = np.bincount(places, lots, len(prices)) * board.lot
    mine = np.bincount(places, lots * own, len(prices)) * board.lot
    forced = np.bincount(places, lots * np.isin(orders["mechanism"], _FORCED), len(prices)) * board.lot
    rows = [
        (board.price(int(price) * step), round(float(size), 9), round(float(ours), 9), round(float(pushed), 9))
        for price, size, ours, pushed in zip(prices, sizes, mine, forced, strict=True)
    ]
    return rows[::-1] if away < 0 else rows


def _depth(orders: NDArray[Any], middle: float, band: float, board: Board) -> float:
    near = orders[np.abs(orders["price_ticks"] - middle) <= band]
    return float((near["lots"] * near["price_ticks"].astype(np.float64)).sum() * board.lot * board.tick)
