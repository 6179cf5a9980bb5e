"""Two queues of our book under random flows, many times over in one kernel: who empties first, who is filled before.

Orders of one lot come to, are taken from and leave the best bid and the best ask at the rates of Cont, Stoikov and
Talreja. What becomes of an order is asked of the book; kept here are only the numbers of those that wait.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.draw import Purpose, draw_uniform
from shortdesk.ground.order import OrderFlag, TimeInForce
from shortdesk.market.advance import tell
from shortdesk.market.command import CommandKind
from shortdesk.market.ladder import Ladder
from shortdesk.market.note import Detail
from shortdesk.market.world import Capacity, bare_world
from shortdesk.stage.look import ask_ticks, best_lots, bid_ticks, rests
from shortdesk.study.cont_stoikov_talreja import QueueRates

BID = 100
LONGEST = 200
NOBODY = -1


class Question(IntEnum):
    """What is counted."""

    MID_UP = 0
    """The mid's first move is upwards."""
    FILLED = 1
    """The last order at the bid, which waits, is filled before the ask empties."""
    BOTH_FILLED = 2
    """The last orders of both sides, which wait, are filled before either side is empty."""


def hits(
    question: Question, rates: QueueRates, bid: int, ask: int, runs: int, *, seed: int, spread: int = 1,
    inside_rate: float = 0.0,
) -> int:  # fmt: skip
    """In how many of so many runs it came so."""
    capacity = Capacity(accounts=4, legs=4, orders=4 * LONGEST, pages=20, nodes=40, journal_rows=100)
    world = bare_world(capacity, Detail.NOTHING)
    flows = np.array([*rates, inside_rate])
    waiting = np.zeros((2, LONGEST), np.int64)
    found = int(_hits(world.block, int(question), flows, bid, ask, runs, seed, spread, waiting))
    assert found >= 0, "the book did not do what it was told"
    return found


@kernel
def _hits(
    w: Any, question: int, flows: Any, bid: int, ask: int, runs: int, seed: int, spread: int, waiting: Any
) -> int:
    """``waiting`` is a row for each side: how many wait, then their numbers from the front."""
    found = 0
    last_id = 0
    draws = 0
    for _ in range(runs):
        tell(w, CommandKind.CANCEL_ALL.value, 1, 1, 0, 0, 0, 0, 0, 0, 0)
        waiting[0, 0] = 0
        waiting[1, 0] = 0
        for side in range(2):
            for _place in range(bid if side == 0 else ask):
                last_id += 1
                if not _join(w, waiting, side, spread, last_id):
                    return -1
        ours_0 = waiting[0, bid] if question != Question.MID_UP else NOBODY
        ours_1 = waiting[1, ask] if question == Question.BOTH_FILLED else NOBODY
        outcome = 0
        while outcome == 0:
            draws += 1
            last_id += 1
            u = draw_uniform(seed, 1, Purpose.OWN.value, draws)
            if not _event(w, flows, waiting, ours_0, ours_1, spread, last_id, u):
                return -1
            outcome = _outcome(w, question, ours_0, ours_1, spread)
        found += 1 if outcome == 1 else 0
    return found


@kernel
def _join(w: Any, waiting: Any, side: int, spread: int, client_id: int) -> bool:
    ticks = BID if side == 0 else BID + spread
    refusal = tell(
        w, CommandKind.PLACE.value, 1, 1, client_id, side, ticks, 1, 0, TimeInForce.GTC.value, OrderFlag.POST_ONLY.value
    )
    waiting[side, 0] += 1
    waiting[side, waiting[side, 0]] = client_id
    return bool(refusal == 0 and waiting[side, 0] < LONGEST - 2)


@rule
def _drop(waiting: Any, side: int, at: int) -> None:
    for place in range(at, waiting[side, 0]):
        waiting[side, place] = waiting[side, place + 1]
    waiting[side, 0] -= 1


@kernel
def _event(w: Any, flows: Any, waiting: Any, ours_0: int, ours_1: int, spread: int, client_id: int, u: float) -> bool:
    """One event, by its share in all rates; False where the book does not agree with who waits."""
    arrival, market, cancel, inside = flows[0], flows[1], flows[2], flows[3]
    total = 0.0
    for side in range(2):
        total += (
            arrival
            + inside
            + (market if waiting[side, 0] > 0 else 0.0)
            + cancel * _mortal(w, waiting, side, ours_0, ours_1)
        )
    left = u * total
    for side in range(2):
        if left < arrival:
            return _join(w, waiting, side, spread, client_id)
        left -= arrival
        if left < inside:
            ticks = BID + 1 if side == 0 else BID + spread - 1
            return bool(tell(w, CommandKind.PLACE.value, 1, 1, client_id, side, ticks, 1, 0, 0, 0) == 0)
        left -= inside
        if waiting[side, 0] > 0:
            if left < market:
                return _take(w, waiting, side, spread, client_id)
            left -= market
        mortal = _mortal(w, waiting, side, ours_0, ours_1)
        if left < cancel * mortal:
            return _leave(w, waiting, side, ours_0 if side == 0 else ours_1, min(mortal - 1, int(left / cancel)))
        left -= cancel * mortal
    return True


@rule
def _mortal(w: Any, waiting: Any, side: int, ours_0: int, ours_1: int) -> int:
    """How many of a side may be cancelled: all but an order that waits."""
    ours = ours_0 if side == 0 else ours_1
    stays = 1 if ours != NOBODY and rests(w, 1, 1, ours) != 0 else 0
    return int(waiting[side, 0]) - stays


@kernel
def _take(w: Any, waiting: Any, side: int, spread: int, client_id: int) -> bool:
    """A market order meets the one in front."""
    front = int(waiting[side, 1])
    ticks = BID if side == 0 else BID + spread
    refusal = tell(w, CommandKind.PLACE.value, 1, 1, client_id, 1 - side, ticks, 1, 0, TimeInForce.IOC.value, 0)
    _drop(waiting, side, 1)
    return bool(refusal == 0 and rests(w, 1, 1, front) == 0)


@kernel
def _leave(w: Any, waiting: Any, side: int, ours: int, which: int) -> bool:
    """The ``which``-th of those that may go is cancelled."""
    at = 1
    while True:
        if waiting[side, at] != ours:
            if which == 0:
                break
            which -= 1
        at += 1
    refusal = tell(w, CommandKind.CANCEL.value, 1, 1, int(waiting[side, at]), 0, 0, 0, 0, 0, 0)
    _drop(waiting, side, at)
    return bool(refusal == 0)


@rule
def _outcome(w: Any, question: int, ours_0: int, ours_1: int, spread: int) -> int:
    """0: it goes on, 1: it came so, 2: it did not. Asked of the book."""
    bids, asks = best_lots(w, 1, Ladder.BIDS.value), best_lots(w, 1, Ladder.ASKS.value)
    if question == Question.MID_UP:
        if asks == 0 or bid_ticks(w, 1) > BID:
            return 1
        return 2 if bids == 0 or ask_ticks(w, 1) < BID + spread else 0
    is_filled = rests(w, 1, 1, ours_0) == 0
    if question == Question.FILLED:
        if is_filled:
            return 1
        return 2 if asks == 0 else 0
    if is_filled and rests(w, 1, 1, ours_1) == 0:
        return 1
    return 2 if bids == 0 or asks == 0 else 0
