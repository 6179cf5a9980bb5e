"""What is said at once when the reader's position dies: at which mark, what it cost, and who took in the last minute.

The whole answer, with causes and counterfactuals, is the post-mortem's (``study/postmortem``).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from shortdesk.ground.kinds import Mechanism

__all__ = ["PUSH_S", "PushView", "Verdict", "mechanism_name", "pushes"]

PUSH_S = 60
"""Seconds before a death in which takers are counted."""

_NAMES = {
    Mechanism.LIQUIDATION: "liquidations of others",
    Mechanism.STOP: "stop orders",
    Mechanism.ADL: "deleveraging",
    Mechanism.METAORDER: "large orders worked by institutions",
    Mechanism.NOISE: "small takers",
    Mechanism.MAKER: "makers",
    Mechanism.LATENT: "patient orders",
    Mechanism.MOMENTUM: "trend followers",
    Mechanism.ARBITRAGE: "arbitrage",
    Mechanism.HEDGE: "hedgers",
    Mechanism.RECALL: "buy-ins of recalled loans",
    Mechanism.TAPE: "the recorded market",
    Mechanism.USER: "people trading for themselves",
}


class PushView(msgspec.Struct, frozen=True):
    """How much one mechanism took against the position, in the quote, and its share of all that was taken so."""

    mechanism: str
    name: str
    worth: float
    share_pct: float


class Verdict(msgspec.Struct, frozen=True):
    """A death in figures."""

    time_s: float
    mark: float
    size: float
    lost: float
    left: float
    row: int
    pushes: list[PushView]


def mechanism_name(mechanism: int) -> str:
    """A mechanism as a reader says it; ``the venue`` for none."""
    if mechanism == 0:
        return "the venue"
    known = Mechanism(mechanism)
    return _NAMES.get(known, known.name.lower())


def pushes(pushed: Iterable[tuple[int, int, float]], until_s: int, sign: int) -> list[PushView]:
    """Who took in the last minute in direction ``sign`` (+ bought), the largest first.

    ``pushed`` are seconds, mechanisms and signed worth of taking; netted by second and mechanism.
    """
    sums: dict[int, float] = {}
    for second, mechanism, worth in pushed:
        if until_s - PUSH_S <= second <= until_s and worth * sign > 0:
            sums[mechanism] = sums.get(mechanism, 0.0) + abs(worth)
    total = sum(sums.values())
    ranked = sorted(sums.items(), key=lambda one: -one[1])
    return [
        PushView(
            Mechanism(mechanism).name.lower() if mechanism else "venue",
            mechanism_name(mechanism),
            round(worth, 2),
            100 * worth / total,
        )
        for mechanism, worth in ranked
    ]
