"""The exact twin of how an order enters: its form, what it is held to, what crosses, what is left; stops that fire.

Where several reasons refuse a command they are all collected, and the one with the lowest number is given.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from tests.twin.book import Event, LegKey, Order, reducible
from tests.twin.command import Command
from tests.twin.venues import AT_MARKET, MOST_PEAK, ONE, PARKING, Venues

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce, Withdrawn
from shortdesk.market.entry import BoundFrom


class Entering(Venues):
    """Orders that come in, and orders that wait for a trigger."""

    def _place(self, key: LegKey, command: Command) -> Refusal:
        reasons = self._form(key, command)
        if reasons:
            return min(reasons)
        order = Order(
            key, command.client_id, command.side, command.price_ticks, command.lots, 0, command.peak_lots,
            command.traits, command.self_trade, command.mechanism, 0, command.order_kind, command.time_in_force,
        )  # fmt: skip
        if command.order_kind in PARKING:
            order.trigger = command.trigger_ticks
            return self._park(order)
        return self._enter(order)

    def _form(self, key: LegKey, c: Command) -> list[Refusal]:
        """All that is wrong with an order whatever stands in the book."""
        terms, found = self.terms[c.instrument], []
        if c.instrument in self.halted:
            found.append(Refusal.HALTED)
        if c.side not in (Side.BUY, Side.SELL):
            found.append(Refusal.BAD_SIDE)
        if c.order_kind > OrderKind.PROFIT_MARKET or c.time_in_force > TimeInForce.FOK:
            found.append(Refusal.BAD_KIND)
            return found
        limited = c.order_kind not in AT_MARKET
        only_makes = bool(c.traits & OrderFlag.POST_ONLY)
        if c.traits > 15 or c.self_trade > SelfTrade.DECREMENT:
            found.append(Refusal.BAD_FLAGS)
        if only_makes and (not limited or c.time_in_force != TimeInForce.GTC):
            found.append(Refusal.BAD_FLAGS)
        if c.lots <= 0:
            found.append(Refusal.BAD_SIZE)
        if c.lots > terms.highest_lots:
            found.append(Refusal.SIZE_TOO_LARGE)
        if limited and not 0 < c.price_ticks <= terms.highest_ticks:
            found.append(Refusal.BAD_PRICE)
        if c.order_kind in PARKING:
            if not 0 < c.trigger_ticks <= terms.highest_ticks:
                found.append(Refusal.BAD_TRIGGER)
            if self._looks_at(c.instrument, c.traits) == 0:
                found.append(Refusal.NO_REFERENCE_PRICE)
        if c.peak_lots != 0:
            iceberg = c.order_kind == OrderKind.LIMIT and c.time_in_force == TimeInForce.GTC and c.peak_lots > 0
            if not iceberg or c.lots - c.peak_lots > MOST_PEAK:
                found.append(Refusal.BAD_PEAK)
        if c.client_id < 0:
            found.append(Refusal.BAD_CLIENT_ID)
        if c.client_id in self.legs[key].orders:
            found.append(Refusal.REPEATED_CLIENT_ID)
        if terms.asset and terms.form != Form.SPOT and self.mark[c.instrument] == 0:
            found.append(Refusal.NO_REFERENCE_PRICE)  # no margin can be worked out
        if limited and self._outside_band(c.instrument, c.side, c.price_ticks):
            found.append(Refusal.OUTSIDE_PRICE_BAND)
        return found

    def _park(self, order: Order) -> Refusal:
        if self._is_hit(order, order.trigger):
            return Refusal.WOULD_TRIGGER_AT_ONCE
        self.books[order.leg[1]].park(order, self._ladder_of(order))
        self.legs[order.leg].orders[order.client_id] = order
        self._about(Kind.ACCEPTED, order, self._written_limit(order), order.left, order.kind, units=order.trigger)
        return Refusal.NONE

    def _ladder_of(self, order: Order) -> str:
        """A stop waits for a price that goes against its owner, a take-profit for one that goes with him."""
        rises = (order.kind in (OrderKind.STOP_LIMIT, OrderKind.STOP_MARKET)) == (order.side == Side.BUY)
        return f"{'last' if order.flags & OrderFlag.ON_LAST else 'mark'} {'rises' if rises else 'falls'}"

    def _is_hit(self, order: Order, trigger: int) -> bool:
        seen = self._looks_at(order.leg[1], order.flags)
        return seen >= trigger if self._ladder_of(order).endswith("rises") else seen <= trigger

    def _written_limit(self, order: Order) -> int:
        return -1 if order.kind in AT_MARKET else order.limit

    def _enter(self, order: Order) -> Refusal:
        """An order of good form meets the book: limits, then what crosses, then what is left."""
        number, book = order.leg[1], self.books[order.leg[1]]
        is_market, lots = order.kind in AT_MARKET, order.left
        if is_market:
            order.limit = self._protected(number, order.side)
            if order.limit == 0:
                return Refusal.NO_REFERENCE_PRICE
        if order.flags & OrderFlag.REDUCE_ONLY:
            lots = min(lots, reducible(self.held[order.leg], order.side))
            if lots == 0:
                return Refusal.NOTHING_TO_REDUCE
        if not self._made_passive(order):
            return Refusal.WOULD_TAKE
        if order.time_in_force == TimeInForce.FOK and not book.could_fill(order, lots, self.held, self._moves(number)):
            return Refusal.CANNOT_FILL
        refusal = self._admits(order, lots)
        if refusal != Refusal.NONE:
            return refusal
        code = OrderKind.MARKET if is_market else OrderKind.LIMIT
        self.cause = self._about(Kind.ACCEPTED, order, self._written_limit(order), lots, code)
        self._trade(order, lots, is_market or order.time_in_force != TimeInForce.GTC)
        return Refusal.NONE

    def _made_passive(self, order: Order) -> bool:
        """A post-only order does not take: it slides next to the other side where it may, or is refused."""
        book = self.books[order.leg[1]]
        if not order.flags & OrderFlag.POST_ONLY or not book.would_take(order.side, order.limit):
            return True
        best = book.best(1 - order.side)
        assert best is not None
        order.limit = best - 1 if order.side == Side.BUY else best + 1
        return bool(order.flags & OrderFlag.SLIDES) and 0 < order.limit <= self.terms[order.leg[1]].highest_ticks

    def _protected(self, number: int, side: int) -> int:
        """The worst price a market order may get; 0 when the venue has nothing to measure from."""
        terms = self.terms[number]
        if terms.bound_from == BoundFrom.NOTHING:
            return terms.highest_ticks if side == Side.BUY else 1
        reference = {
            BoundFrom.MARK: self.mark[number],
            BoundFrom.LAST: self.last[number],
            BoundFrom.TOUCH: self.books[number].best(1 - side) or 0,
        }[BoundFrom(terms.bound_from)]
        if reference == 0:
            return 0
        width = Fraction(terms.bound_ppm, ONE)
        if side == Side.BUY:
            return min(floor(reference * (1 + width)), terms.highest_ticks)
        return max(ceil(reference * (1 - width)), 1)

    def _trade(self, order: Order, lots: int, is_immediate: bool) -> None:
        number, book = order.leg[1], self.books[order.leg[1]]
        left, events = book.walk(order, lots, self.held, self._moves(number))
        for event in events:
            self._happened(order, event)
        if left == 0:
            return
        if is_immediate:
            self._about(Kind.CANCELLED, order, order.limit, left, Withdrawn.UNFILLED)
            return
        order.shown = min(left, order.peak) if order.peak else left
        order.hidden = left - order.shown
        book.put(order)
        self.legs[order.leg].orders[order.client_id] = order
        self._about(Kind.RESTED, order, order.limit, left, 0)
        assert not book.would_take(order.side, order.limit), number

    def _happened(self, taker: Order, event: Event) -> None:
        other = event.order
        if event.what == "fill":
            self._fill(taker, other, event.price, event.lots)
        else:
            why = event.why or Withdrawn.SELF_TRADE
            self._about(Kind.CANCELLED, other, event.price, event.lots, why)
        if other is not taker:
            orders, gone = self.legs[other.leg].orders, event.what == "withdrawn" or other.left == 0
            if gone and orders.get(other.client_id) is other:
                del orders[other.client_id]

    def _fill(self, taker: Order, maker: Order, price: int, lots: int) -> None:
        number, terms = taker.leg[1], self.terms[taker.leg[1]]
        self.last[number] = price
        exact = Fraction(lots * terms.factor, price) if terms.form == Form.INVERSE else lots * price * terms.factor
        before = self.cause
        row = self._row(
            Kind.FILL, venue=terms.venue, instrument=number, asset=terms.asset, account=taker.leg[0],
            other=maker.leg[0],
            order=taker.client_id, other_order=maker.client_id, price=price,
            lots=lots if taker.side == Side.BUY else -lots, units=floor(exact + Fraction(1, 2)),
        )  # fmt: skip
        self.cause = row
        self._settle(taker, maker, price, lots)
        self.cause = before

    # ---- parked orders

    def _fire_all(self, number: int) -> None:
        """Until nothing is reached: ladders in their order, the nearest trigger first, the oldest first."""
        while order := self._reached(number):
            self._fire(order)

    def _reached(self, number: int) -> Order | None:
        for ladder, waiting in self.books[number].parked.items():
            seen = self.last[number] if ladder.startswith("last") else self.mark[number]
            rises = ladder.endswith("rises")
            if not waiting or seen == 0:
                continue
            nearest = min(waiting) if rises else max(waiting)
            if seen >= nearest if rises else seen <= nearest:
                return waiting[nearest][0]
        return None

    def _fire(self, order: Order) -> None:
        self._forget(order)
        self.mechanism = order.mechanism
        self.cause = self._about(Kind.TRIGGERED, order, order.trigger, order.left, 0)
        order.trigger, told, lots = 0, order.limit, order.left
        refusal = Refusal.HALTED if order.leg[1] in self.halted else self._enter(order)
        if refusal != Refusal.NONE:
            self._about(Kind.REFUSED, order, told, lots, refusal)
