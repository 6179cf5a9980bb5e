"""The exact twin's book: lists of orders in dictionaries by price, and the walk of an arriving order through them.

Written from what the orders mean. There is no index, no link and no shortcut: the best price is the minimum of
the keys, a queue is a list, and whether a fill-or-kill order can fill is found by trying on a copy.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import NamedTuple

from shortdesk.ground.order import OrderFlag, SelfTrade, Side, Withdrawn

LegKey = tuple[int, int, int]
"""Account, instrument, and 0 both ways, 1 the long leg, 2 the short leg."""


@dataclass(slots=True)
class Order:
    """An order with everything it was told, and what is left of it."""

    leg: LegKey
    client_id: int
    side: int
    limit: int
    shown: int
    hidden: int = 0
    peak: int = 0
    flags: int = 0
    self_trade: int = SelfTrade.ALLOW
    mechanism: int = 0
    trigger: int = 0  # while it is parked
    kind: int = 0
    time_in_force: int = 0

    @property
    def left(self) -> int:
        return self.shown + self.hidden


class Event(NamedTuple):
    """What happened on the walk: a fill, an order withdrawn, or lots that left without a trade."""

    what: str
    order: Order
    price: int
    lots: int
    why: int = 0


@dataclass
class Book:
    """Both sides of one instrument and its parked orders."""

    sides: tuple[dict[int, list[Order]], dict[int, list[Order]]] = field(default_factory=lambda: ({}, {}))
    parked: dict[str, dict[int, list[Order]]] = field(
        default_factory=lambda: {"mark falls": {}, "mark rises": {}, "last falls": {}, "last rises": {}}
    )

    def best(self, side: int) -> int | None:
        """The best price of a side."""
        prices = self.sides[side]
        if not prices:
            return None
        return max(prices) if side == Side.BUY else min(prices)

    def would_take(self, side: int, limit: int) -> bool:
        """Whether an order of this side and limit would meet somebody."""
        other = self.best(1 - side)
        return other is not None and (other <= limit if side == Side.BUY else other >= limit)

    def put(self, order: Order) -> None:
        """Last in the queue of its price."""
        self.sides[order.side].setdefault(order.limit, []).append(order)

    def take(self, order: Order) -> None:
        """Out of the book or from where it is parked."""
        for levels in (*self.sides, *self.parked.values()):
            for price, queue in levels.items():
                if any(other is order for other in queue):
                    queue[:] = [other for other in queue if other is not order]
                    if not queue:
                        del levels[price]
                    return
        raise AssertionError("an order that is nowhere")

    def park(self, order: Order, ladder: str) -> None:
        """Wait for the trigger."""
        self.parked[ladder].setdefault(order.trigger, []).append(order)

    def walk(self, taker: Order, lots: int, held: dict[LegKey, int], moves: bool) -> tuple[int, list[Event]]:
        """Let an arriving order meet the other side; what is left of it, and what happened, in order.

        ``held`` are the lots of every leg; they move with each fill where ``moves``.
        """
        events: list[Event] = []
        while lots > 0 and self.would_take(taker.side, taker.limit):
            price = self.best(1 - taker.side)
            assert price is not None
            maker = self.sides[1 - taker.side][price][0]
            meet = min(lots, maker.shown)
            if taker.self_trade != SelfTrade.ALLOW and maker.leg[0] == taker.leg[0]:
                lots = self._meet_oneself(taker, maker, price, lots, events)
                continue
            if maker.flags & OrderFlag.REDUCE_ONLY:
                meet = min(meet, reducible(held[maker.leg], maker.side))
                if meet == 0:
                    events.append(Event("withdrawn", maker, price, maker.left, Withdrawn.NOTHING_TO_REDUCE))
                    self.take(maker)
                    continue
            lots -= meet
            if moves:
                held[taker.leg] += meet if taker.side == Side.BUY else -meet
                held[maker.leg] -= meet if taker.side == Side.BUY else -meet
            events.append(Event("fill", maker, price, meet))
            self._lose(maker, meet)
        return lots, events

    def _meet_oneself(self, taker: Order, maker: Order, price: int, lots: int, events: list[Event]) -> int:
        """Self-trade prevention; what is left of the taker."""
        if taker.self_trade == SelfTrade.DECREMENT:
            both = min(lots, maker.shown)
            events.append(Event("taker lost", taker, taker.limit, both))
            events.append(Event("maker lost", maker, price, both))
            self._lose(maker, both)
            return lots - both
        if taker.self_trade in (SelfTrade.CANCEL_MAKER, SelfTrade.CANCEL_BOTH):
            events.append(Event("withdrawn", maker, price, maker.left, Withdrawn.SELF_TRADE))
            self.take(maker)
        if taker.self_trade in (SelfTrade.CANCEL_TAKER, SelfTrade.CANCEL_BOTH):
            events.append(Event("taker lost", taker, taker.limit, lots))
            return 0
        return lots

    def _lose(self, maker: Order, lots: int) -> None:
        """A resting order loses lots that showed; an iceberg then shows its next part, at the end of the queue."""
        maker.shown -= lots
        if maker.shown > 0:
            return
        self.take(maker)
        if maker.hidden > 0:
            maker.shown = min(maker.hidden, maker.peak)
            maker.hidden -= maker.shown
            self.put(maker)

    def could_fill(self, taker: Order, lots: int, held: dict[LegKey, int], moves: bool) -> bool:
        """Whether everything would trade: tried on a copy."""
        _, events = copy.deepcopy(self).walk(taker, lots, dict(held), moves)
        return sum(event.lots for event in events if event.what == "fill") == lots


def reducible(held: int, side: int) -> int:
    """How many lots an order of this side would close of what is held."""
    return max(0, -held) if side == Side.BUY else max(0, held)
