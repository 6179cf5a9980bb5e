"""The reader's own account: its position as traders know it, its orders, where it stands in the queue for ADL."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.view.book import resting_orders
from shortdesk.doors.web.view.scale import Board
from shortdesk.ground.compile import kernel
from shortdesk.ground.kinds import RiskState
from shortdesk.ground.order import Side
from shortdesk.margin.position import entry_value
from shortdesk.market.accounts import price_of
from shortdesk.market.covers import leg_score
from shortdesk.market.ladder import level_ticks
from shortdesk.market.ledger import find_balance
from shortdesk.market.margin_check import balance_risk, leg_profit
from shortdesk.market.settle import position_of
from shortdesk.market.tables import Shelf, balance_at, leg_at, shelf_at, venue_at
from shortdesk.market.world import World
from shortdesk.stage.look import leg_of

__all__ = ["OrderView", "PositionView", "adl_light", "adl_queue", "own_orders", "position_view", "wallet"]

LIGHTS = 5
"""Lights of the ADL gauge; all lit: first in the queue."""


class PositionView(msgspec.Struct, frozen=True):
    """An open position. Money is in the settlement asset, prices in the quote."""

    size: float
    """Signed; a short is below zero."""
    worth: float
    entry: float
    mark: float
    pnl: float
    roe_pct: float
    """PnL over the initial margin at entry."""
    leverage: float
    isolated: bool
    margin: float
    """Units that stand behind it, before PnL."""
    equity: float
    maintenance: float
    margin_ratio_pct: float
    """Maintenance over equity: liquidated at 100 %."""
    liquidation: float
    """The mark at which the venue liquidates; 0 while it is not known or cannot be reached."""
    distance_pct: float
    adl_lights: int
    state: str


class OrderView(msgspec.Struct, frozen=True):
    """An order of the reader's that rests."""

    id: int
    side: str
    price: float
    size: float
    reduces: bool


def wallet(world: World, board: Board, account: int) -> float:
    """What the account has free of positions that stand alone."""
    at = find_balance(world.block, account, board.market.settle_asset, 0)
    return board.money(int(balance_at(world.block, at).units)) if at else 0.0


def position_view(world: World, board: Board, account: int, lights: int = 0) -> PositionView | None:
    """The account's position in the instrument; None while it is flat. ``lights`` as ``adl_light`` found them."""
    w = world.block
    at = leg_of(w, account, board.number)
    if at == 0 or int(leg_at(w, at).lots) == 0:
        return None
    leg = leg_at(w, at)
    balance = balance_at(w, int(leg.balance))
    mark = price_of(w, board.number)
    risk = balance_risk(w, int(leg.balance))
    lots, cost = int(leg.lots), entry_value(position_of(leg))
    profit = leg_profit(w, at, mark)
    liquidation = board.price(int(level_ticks(w, int(leg.level)))) if int(leg.level) else 0.0
    leverage = int(leg.leverage_x100) / 100
    return PositionView(
        size=board.size(lots),
        worth=board.worth(abs(lots), mark),
        entry=board.money(cost) / board.size(abs(lots)),
        mark=board.price(mark),
        pnl=board.money(profit),
        roe_pct=100 * profit / (cost / leverage) if cost else 0.0,
        leverage=leverage,
        isolated=int(balance.leg) != 0,
        margin=board.money(int(balance.units)),
        equity=board.money(risk.equity),
        maintenance=board.money(risk.maintenance),
        margin_ratio_pct=100 * risk.maintenance / risk.equity if risk.equity > 0 else 999.0,
        liquidation=liquidation,
        distance_pct=100 * (liquidation / board.price(mark) - 1) if liquidation and mark else 0.0,
        adl_lights=lights,
        state=RiskState(int(balance.state)).name.lower().replace("_", " "),
    )


def own_orders(world: World, board: Board, account: int) -> list[OrderView]:
    """The account's resting orders, the best price first on each side."""
    orders, owners = resting_orders(world, board.number)
    return [
        OrderView(
            id=int(row["client_id"]),
            side="buy" if row["side"] == Side.BUY else "sell",
            price=board.price(int(row["price_ticks"])),
            size=board.size(int(row["lots"])),
            reduces=bool(int(row["traits"]) & 4),
        )
        for row in orders[owners == account]
    ]


def adl_light(world: World, board: Board, account: int) -> int:
    """How many of the five lights are lit: the fifth of its side's queue for deleveraging in which the account stands.

    0 without a position or without a profit: nobody without a profit is deleveraged.
    """
    at = leg_of(world.block, account, board.number)
    if at == 0 or int(leg_at(world.block, at).lots) == 0:
        return 0
    scores = np.zeros(world.used_rows(Shelf.LEGS), np.int64)
    rank = int(venue_at(world.block, board.market.venue).adl_rank)
    _scores(world.block, board.number, 1 if int(leg_at(world.block, at).lots) > 0 else -1, rank, scores)
    return _light(scores, at)


def adl_queue(world: World, board: Board) -> tuple[int, int]:
    """How many longs and how many shorts stand in the queue for deleveraging, as their venue ranks them."""
    rank = int(venue_at(world.block, board.market.venue).adl_rank)
    found = []
    for sign in (1, -1):
        scores = np.zeros(world.used_rows(Shelf.LEGS), np.int64)
        _scores(world.block, board.number, sign, rank, scores)
        found.append(int(np.count_nonzero(scores > 0)))
    return found[0], found[1]


def _light(scores: NDArray[Any], at: int) -> int:
    own = scores[at]
    if own <= 0:
        return 0
    ranked = scores[scores > 0]
    above = float(np.count_nonzero(ranked > own)) / len(ranked)
    return LIGHTS - min(LIGHTS - 1, int(above * LIGHTS))


@kernel
def _scores(w: Any, number: int, sign: int, rank: int, found: Any) -> None:
    """Each leg's place in the queue of its side; 0 for those of others."""
    for at in range(1, shelf_at(w, Shelf.LEGS).used + 1):
        leg = leg_at(w, at)
        if leg.instrument == number and leg.lots * sign > 0:
            found[at] = leg_score(w, at, at, rank)
