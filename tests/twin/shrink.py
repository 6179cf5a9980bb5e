"""A failing list of commands made shorter: what is left is what it takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def shortest(items: list[T], fails: Callable[[list[T]], bool]) -> list[T]:
    """Leave out ever smaller parts as long as what is left still fails (delta debugging, Zeller 1999)."""
    part = max(1, len(items) // 2)
    while True:
        at, shrank = 0, False
        while at < len(items):
            shorter = items[:at] + items[at + part :]
            if shorter and fails(shorter):
                items, shrank = shorter, True
            else:
                at += part
        if part == 1 and not shrank:
            return items
        part = max(1, part // 2) if not shrank or part > 1 else 1
