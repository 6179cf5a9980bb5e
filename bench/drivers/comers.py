"""Agents of a user's own for ``bench/agents.py``: one that only sleeps, and one whose order comes or goes."""

from __future__ import annotations

import random
from typing import Any

from shortdesk.stage.view import Cancel, Order


class Idler:
    """Looks at nothing and says nothing: what being woken costs."""

    def __init__(self, seed: float) -> None:
        self.seed = seed

    def wake(self, view: Any, now: int) -> list[Any]:
        """Nothing."""
        return []


class Comer:
    """One message a wake: a market order in 15 of 100 cases, else a limit order that goes at the next wake."""

    def __init__(self, seed: float) -> None:
        self._dice = random.Random(seed)
        self._standing = 0
        self._given = 0

    def wake(self, view: Any, now: int) -> list[Any]:
        """One order, or its withdrawal."""
        if self._standing:
            gone, self._standing = self._standing, 0
            return [Cancel(gone)]
        dice = self._dice.random
        way = 1 if dice() < 0.5 else -1
        if dice() < 0.15:
            return [Order(way * 0.01)]
        self._given += 1
        self._standing = self._given
        return [Order(way * 0.01, price=view.mid() * (1 - way * 0.002 * dice()), id=self._given)]
