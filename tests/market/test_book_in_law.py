"""The book under random flows behaves as the theory of queues says: our matching, their tables.

Orders of one lot come, are taken and are cancelled at the rates of Cont, Stoikov and Talreja's Table 2. Compared
are chances: which side of the touch empties first, and whether orders that wait are filled before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from tests.conftest import Depth
from tests.market.books import IOC, POST, Bench

from shortdesk.ground.compile import interpreted
from shortdesk.ground.draw_many import draw_uniforms
from shortdesk.market.command import CommandKind
from shortdesk.study import cont_stoikov_talreja as cst
from shortdesk.study import queues

PAPER = cst.QueueRates(1.85, 0.94, 0.71)
BID, ASK = 99, 100


@dataclass
class Touch:
    """One market of two queues, a tick apart, and who stands in them: (client id, whether it is patient)."""

    draws: Iterator[float]
    bench: Bench = field(default_factory=Bench)
    waiting: dict[str, list[int]] = field(default_factory=lambda: {"buy": [], "sell": []})
    patient: dict[str, int] = field(default_factory=lambda: {"buy": 0, "sell": 0})
    last_id: int = 0

    def reset(self, bid: int, ask: int) -> None:
        for side in ("buy", "sell"):
            for order in list(self.waiting[side]):
                self.cancel(side, order)
            self.patient[side] = 0
        for side, count in (("buy", bid), ("sell", ask)):
            for _ in range(count):
                self.join(side)

    def join(self, side: str) -> int:
        self.last_id += 1
        self.bench.place(self.last_id, side, BID if side == "buy" else ASK, 1, **POST)
        self.waiting[side].append(self.last_id)
        return self.last_id

    def cancel(self, side: str, order: int) -> None:
        self.bench.send(CommandKind.CANCEL, client_id=order)
        self.waiting[side].remove(order)

    def take(self, side: str) -> None:
        """A market order against the side's queue: the book says whom it met."""
        self.last_id += 1
        taker, price = ("sell", BID) if side == "buy" else ("buy", ASK)
        rows = self.bench.place(self.last_id, taker, price, 1, account=2, **IOC)
        met = [row[1] for row in rows if row[0] == "FILL"]
        assert met == self.waiting[side][:1]
        self.waiting[side].remove(met[0])

    def shown(self, side: str) -> int:
        levels = self.bench.bids if side == "buy" else self.bench.asks
        return levels[0][1] if levels else 0

    def step(self, rates: cst.QueueRates, sides: tuple[str, ...] = ("buy", "sell")) -> float:
        """One event, and the time until it."""
        moves = []
        for side in sides:
            mortal = [order for order in self.waiting[side] if order != self.patient[side]]
            moves.append((rates.arrival_rate, side, "join"))
            moves.append((rates.market_rate * bool(self.waiting[side]), side, "take"))
            moves += [(rates.cancel_rate, side, str(order)) for order in mortal]
        edges = np.cumsum([rate for rate, _, _ in moves])
        wait = -math.log1p(-next(self.draws)) / edges[-1]
        _, side, what = moves[int(np.searchsorted(edges, next(self.draws) * edges[-1], side="right"))]
        if what == "join":
            self.join(side)
        elif what == "take":
            self.take(side)
        else:
            self.cancel(side, int(what))
        return float(wait)


def stream(seed: int) -> Iterator[float]:
    """Uniform numbers without end."""
    for block in range(1 << 30):
        yield from draw_uniforms(seed, 0, 100, block * 50_000, 50_000).tolist()


@pytest.fixture
def repeats(depth: Depth) -> int:
    return 60 if interpreted() else depth.pick(quick=200, check=800, deep=30_000)


def agrees(hits: int, repeats: int, chance: float) -> None:
    assert hits / repeats == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / repeats))


@pytest.mark.parametrize(("bid", "ask", "printed"), [(1, 2, 0.336), (3, 1, 0.741), (5, 4, 0.548)])
def test_the_touch_moves_as_often_as_table_3_says(bid: int, ask: int, printed: float, repeats: int) -> None:
    """The printed figures are within 8e-4 of the model's, far less than what the band of a simulation sees."""
    touch = Touch(stream(bid * 10 + ask))
    ups = 0
    for _ in range(repeats):
        touch.reset(bid, ask)
        while touch.shown("buy") and touch.shown("sell"):
            touch.step(PAPER)
        ups += touch.shown("sell") == 0
    agrees(ups, repeats, printed)


@pytest.mark.parametrize(("position", "opposite"), [(1, 3), (3, 2)])
def test_a_patient_order_is_filled_as_often_as_proposition_5_says(position: int, opposite: int, repeats: int) -> None:
    touch = Touch(stream(500 + position * 10 + opposite))
    filled = 0
    for _ in range(repeats):
        touch.reset(position, opposite)
        ours = touch.patient["buy"] = touch.waiting["buy"][-1]
        while ours in touch.waiting["buy"] and touch.shown("sell"):
            touch.step(PAPER)
        filled += ours not in touch.waiting["buy"]
    agrees(filled, repeats, cst.prob_fill_before_mid(PAPER, position, opposite))


@pytest.mark.parametrize(("bid", "ask", "printed"), [(2, 1, 0.308), (3, 3, 0.441)])
def test_both_sides_are_filled_as_often_as_table_5_says(bid: int, ask: int, printed: float, repeats: int) -> None:
    touch = Touch(stream(900 + bid * 10 + ask))
    made = 0
    for _ in range(repeats):
        touch.reset(bid, ask)
        ours = {side: touch.waiting[side][-1] for side in ("buy", "sell")}
        touch.patient |= ours
        while touch.shown("buy") and touch.shown("sell") and any(ours[side] in touch.waiting[side] for side in ours):
            touch.step(PAPER)
        made += all(ours[side] not in touch.waiting[side] for side in ours)
    agrees(made, repeats, printed)


def test_a_level_away_from_the_touch_refills_by_its_law(repeats: int) -> None:
    """Nobody takes from it: depth after a unit of time from one order and from none has the law's mean and variance."""
    level = cst.QueueRates(1.51, 0.0, 0.81)
    touch = Touch(stream(77))
    law = queues.depth_recovery(1.51, 0.81, 4, [1.0])
    found = []
    for _ in range(repeats):
        touch.reset(4, 0)
        clock = 0.0
        while True:
            before = touch.shown("buy")
            clock += touch.step(level, ("buy",))
            if clock > 1.0:
                break
        found.append(before)
    mean, variance = law.mean[0], law.variance[0]
    assert np.mean(found) == pytest.approx(mean, abs=4 * math.sqrt(variance / repeats))
    assert np.var(found) == pytest.approx(variance, rel=4 * math.sqrt(2.5 / repeats))


def test_a_queue_is_as_long_as_its_law_says(repeats: int) -> None:
    """Time with 0, 1, 2, 3 orders at the best bid, over twenty events for each repeat of the other tests."""
    touch = Touch(stream(78))
    touch.reset(2, 0)
    spent = np.zeros((20, 12))
    for part in spent:
        for _ in range(repeats):
            length = touch.shown("buy")
            part[min(length, 11)] += touch.step(PAPER, ("buy",))
    shares = spent / spent.sum(axis=1, keepdims=True)
    law = queues.queue_law(*PAPER).chances[:4]
    errors = shares.std(axis=0, ddof=1) / math.sqrt(20)
    assert (np.abs(shares.mean(axis=0)[:4] - law) < 4.5 * errors[:4]).all()
