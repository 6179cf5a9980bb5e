"""What every driver shares: the positions come as JSON on standard input, the answers leave as JSON lines."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any


class Message:
    """The positions and the brackets that the runner sent."""

    def __init__(self) -> None:
        sent = json.load(sys.stdin)
        self.positions: list[dict[str, Any]] = sent["positions"]
        self.brackets: dict[str, list[list[float]]] = sent["brackets"]

    def rate_at(self, symbol: str, notional: float) -> float:
        """The maintenance rate of the bracket that holds a notional, for engines that take a single rate."""
        return next(rate for _, cap, rate, _, _ in self.brackets[symbol] if notional <= cap)


def number(position: dict[str, Any], field: str) -> float:
    """A field of a position as the float that these engines work with."""
    return float(position[field])


def say(peer: str, package: str, position: dict[str, Any], price: float | None, how: str, reason: str = "") -> None:
    """One answer; ``price`` is None where the engine has none, and ``reason`` says why."""
    if price is not None and not math.isfinite(price):
        price, reason = None, reason or "answers not-a-number"
    line = {
        "position": position["id"],
        "peer": peer,
        "version": version(package),
        "liquidation_price": price,
        "how": how,
        "reason": reason,
    }
    print(json.dumps(line), flush=True)


def lowest_dead(entry: float, dies_at: Callable[[float], bool]) -> float | None:
    """The lowest price at which an engine liquidates a short, for engines that only say yes or no."""
    alive, dead = entry, entry * 8
    if dies_at(alive):
        return entry
    if not dies_at(dead):
        return None
    while dead - alive > entry * 1e-13:
        middle = (alive + dead) / 2
        if dies_at(middle):
            dead = middle
        else:
            alive = middle
    return dead
