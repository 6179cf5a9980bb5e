"""A crowd for tests: eight traders on a small venue with money; they trade, are refused and go broke."""

from __future__ import annotations

from typing import Any

import numpy as np
from tests.market.markets import ROOM, Floor

from shortdesk.ground.order import OrderFlag, Side
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.open_market import LiquidationTerms
from shortdesk.market.world import Capacity

TRADERS = 8
SECOND = 10**9


def crowd(capacity: Capacity = ROOM) -> tuple[Floor, list[int]]:
    """A venue that liquidates in steps with a pause between them, and eight traders, every other one isolated."""
    terms = LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, wait_ms=700, first_fraction_ppm=300_000)
    floor = Floor(terms, taker=500_000, maker=200_000, liquidation=2_000_000, capacity=capacity)
    traders = [floor.open(f"trader {at}", 500 + 100 * at, isolated=at % 2 == 1) for at in range(TRADERS)]
    floor.mark(100)
    return floor, traders


def crowd_commands(seed: int, count: int, floor: Floor, traders: list[int]) -> Any:
    """Commands over a minute: orders around a wandering mark, cancels, money in and out, marks."""
    chance = np.random.default_rng(seed)
    table = new_commands(count)
    table["time_ns"] = np.sort(chance.integers(0, 60 * SECOND, count))
    mark = 100
    for at, row in enumerate(table):
        row["account"] = chance.choice(traders)
        row["instrument"] = floor.perp
        row["client_id"] = at + 1
        pick = chance.random()
        if pick < 0.65:
            row["kind"] = CommandKind.PLACE
            row["side"] = chance.choice((Side.BUY, Side.SELL))
            row["price_ticks"] = mark + int(chance.integers(-4, 5))
            row["lots"] = chance.integers(1, 25)
            row["traits"] = OrderFlag.REDUCE_ONLY if chance.random() < 0.1 else 0
        elif pick < 0.75:
            row["kind"] = CommandKind.CANCEL
            row["client_id"] = chance.integers(1, at + 2)
        elif pick < 0.8:
            row["kind"] = chance.choice((CommandKind.DEPOSIT, CommandKind.WITHDRAW))
            row["instrument"], row["lots"] = floor.asset, chance.integers(1, 20_000)
        else:
            mark = int(np.clip(mark + chance.integers(-9, 10), 60, 160))
            row["kind"], row["account"], row["price_ticks"] = CommandKind.MARK, 0, mark
    return table
