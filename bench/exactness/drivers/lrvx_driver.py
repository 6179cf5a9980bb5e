"""lrvx (formerly FLOX): the lowest mark at which its LiquidationEngine liquidates.

Once with its own Binance preset, once with the venue's brackets handed to ``add_tier``, which takes a floor
and a rate and has no maintenance amount.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lrvx
from common import Message, lowest_dead, number, say

OWN = 0


def engine_with(brackets: list[list[float]]) -> lrvx.LiquidationEngine:
    engine = lrvx.LiquidationEngine()
    for floor, _, rate, _, _ in brackets:
        engine.add_tier(floor, rate)
    return engine


def dies_isolated(new_engine: Callable[[], lrvx.LiquidationEngine], position: dict[str, Any], mark: float) -> bool:
    engine = new_engine()
    engine.open_position(1, OWN, -number(position, "quantity"), number(position, "entry"), number(position, "wallet"))
    return bool(engine.on_mark(OWN, mark)["liquidations_count"])


def dies_cross(new_engine: Callable[[], lrvx.LiquidationEngine], position: dict[str, Any], mark: float) -> bool:
    account = lrvx.Account(1, number(position, "wallet"))
    account.set_margin_mode("cross")
    account.open_position(OWN, -number(position, "quantity"), number(position, "entry"))
    marks = []
    for symbol, other in enumerate(position["others"], start=1):
        account.open_position(symbol, -number(other, "quantity"), number(other, "entry"))
        marks.append((symbol, number(other, "mark")))
    engine = new_engine()
    engine.attach_account(account)
    return bool(engine.on_marks([*marks, (OWN, mark)])["liquidations_count"])


def main() -> None:
    message = Message()
    for position in message.positions:
        brackets = message.brackets[position["symbol"]]
        variants = {
            "lrvx, preset": lrvx.LiquidationEngine.binance_um_futures,
            "lrvx, brackets": lambda brackets=brackets: engine_with(brackets),
        }
        dies = dies_cross if position["mode"] == "cross" else dies_isolated
        for peer, new_engine in variants.items():
            price = lowest_dead(number(position, "entry"), lambda mark: dies(new_engine, position, mark))  # noqa: B023
            ladder = (
                "its Binance preset" if peer == "lrvx, preset" else "given the short's brackets, one ladder for all"
            )
            say(peer, "lrvx", position, price, f"lowest mark at which LiquidationEngine liquidates, {ladder}")


main()
