"""The verdict: was it a squeeze? Thresholds that are ours, in one place, each held against its number.

A rise with liquidations in it is not yet a squeeze: forced orders must have been a good part of the buying, and must
have set one another off. The report on early 2021 by the staff of the US SEC found that covering was a small part of
the buying; a tool that could only say yes would be wrong by design.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import msgspec

from shortdesk.study.postmortem_causes import Branching
from shortdesk.study.postmortem_push import Move
from shortdesk.study.student import student_95

__all__ = ["THRESHOLDS", "Judged", "Replay", "Test", "Thresholds", "judge"]

Outcome = Literal["squeeze", "partly", "not"]


class Thresholds(NamedTuple):
    """What we ask of a squeeze; our own judgement, not a standard."""

    move: float = 0.01
    """The mark went so far, as a part of the price."""
    forced_orders: int = 20
    """So many liquidations, stops and buy-ins in the move."""
    forced_share: float = 0.20
    """Forced part of what takers took in the direction of the move."""
    branching: float = 0.25
    """Part of the forced orders that other forced orders set off."""
    given_back: float = 0.20
    """Part of the move that was undone, on average over the hour after it: an excess, and not a new price."""


THRESHOLDS = Thresholds()
"""The thresholds in force."""


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``replays.json``: what a functional loses when a mechanism is switched off, over paired seeds."""

    mechanism: str
    functional: str
    effect: float
    standard_error: float | None = None
    seeds: int = 0
    shapley: float | None = None


class Test(NamedTuple):
    """One question of the verdict. ``passed`` is None where the Journal does not tell."""

    name: str
    found: str
    needed: str
    passed: bool | None


class Judged(NamedTuple):
    """The verdict in words, and the tests behind it."""

    outcome: Outcome
    words: str
    tests: tuple[Test, ...]


def judge(
    move: Move,
    branching: Branching,
    forced: int,
    taken: int,
    replays: Sequence[Replay] = (),
    limits: Thresholds = THRESHOLDS,
) -> Judged:
    """The verdict from a move, the tree of its forced orders, and ``forced`` of ``taken`` lots in its direction.

    A squeeze passes every test, the replays' included where there are any; ``partly`` fails but has enough forced
    orders and passes one of the two that make a cascade (share, branching); everything else is not a squeeze.
    """
    tests = _tests(move, branching, forced, taken, replays, limits)
    passed = {test.name: test.passed for test in tests}
    if all(test.passed is not False for test in tests):
        outcome: Outcome = "squeeze"
    elif passed[_ORDERS] and (passed[_SHARE] or passed[_SPREAD]):
        outcome = "partly"
    else:
        outcome = "not"
    return Judged(outcome, _words(outcome, move, branching, forced, taken, tests), tests)


_ENOUGH_SEEDS = 8
"""Replays of fewer seeds can say that liquidations mattered, not that they did not."""
_ORDERS, _SHARE, _SPREAD = "forced orders in the move", "forced part of the buying", "set off by other forced orders"


def _tests(
    move: Move, branching: Branching, forced: int, taken: int, replays: Sequence[Replay], limits: Thresholds
) -> tuple[Test, ...]:
    share = forced / taken if taken else math.nan
    ratio = branching.ratio
    between = f"{ratio:.0%} (95 %: {branching.low:.0%} to {branching.high:.0%})" if branching.all else "none"
    found = [
        Test("the mark's move", f"{move.part:.2%}", f"{limits.move:.0%}", move.part >= limits.move),
        Test(_ORDERS, f"{branching.all:,}", f"{limits.forced_orders}", branching.all >= limits.forced_orders),
        Test(
            _SHARE, f"{share:.1%}" if taken else "no trades", f"{limits.forced_share:.0%}",
            share >= limits.forced_share if taken else None,
        ),
        Test(_SPREAD, between, f"{limits.branching:.0%}", ratio >= limits.branching if branching.all else False),
        Test(
            "given back in the hour after", f"{move.given_back:.0%}", f"{limits.given_back:.0%}",
            move.given_back >= limits.given_back,
        ),
    ]  # fmt: skip
    told = [
        one for one in replays if one.mechanism == "liquidation" and one.standard_error is not None and one.seeds > 1
    ]
    for one in told[:1]:
        half = student_95(one.seeds) * (one.standard_error or 0.0)
        differs = abs(one.effect) > half
        found.append(
            Test(
                f"without liquidations, {one.functional}, {one.seeds} seeds", f"{one.effect:+.4g} ± {half:.2g}",
                "95 % interval without 0", differs if differs or one.seeds >= _ENOUGH_SEEDS else None,
            )
        )  # fmt: skip
    return tuple(found)


def _words(outcome: Outcome, move: Move, branching: Branching, forced: int, taken: int, tests: Sequence[Test]) -> str:
    bought = "buying" if move.up else "selling"
    share = f"{forced / taken:.1%} of the aggressive {bought}" if taken else f"no {bought} at all"
    went = f"the mark {'rose' if move.up else 'fell'} {move.part:.1%}"
    if outcome == "squeeze":
        what = "A short squeeze" if move.up else "A long cascade"
        return (
            f"{what}: {went}; {branching.all:,} forced orders made {share}, {branching.ratio:.0%} of them were set off "
            f"by other forced orders, and {move.given_back:.0%} of the move was given back within the hour."
        )
    failed = [test for test in tests if test.passed is False]
    lacks = "; ".join(f"{test.name}: {test.found}, {test.needed} needed" for test in failed)
    if outcome == "partly":
        return (
            f"Not a squeeze by itself, though forced orders took part: {went}, they made {share}. What lacks: {lacks}."
        )
    return f"Not a squeeze: {went}, and forced orders made {share} ({branching.all:,} of them). What lacks: {lacks}."
