"""The exact twin of the market: slow, obvious, and told the same commands.

What it writes down are the journal's rows as plain tuples. Where several reasons refuse a command they are all
collected, and the one with the lowest number is given.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.account import AccountTerms, Leg, leg_asked_for, legs_of
from tests.twin.book import Book, Event, LegKey, Order, reducible
from tests.twin.command import Command

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce, Withdrawn
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom

ONE = 1_000_000
MOST_PEAK = (1 << 31) - 1
PARKING = (OrderKind.STOP_LIMIT, OrderKind.STOP_MARKET, OrderKind.PROFIT_LIMIT, OrderKind.PROFIT_MARKET)
ABOUT_ORDERS = frozenset(
    (CommandKind.PLACE, CommandKind.CANCEL, CommandKind.AMEND, CommandKind.CANCEL_ALL, CommandKind.CONNECTION)
)
AT_MARKET = (OrderKind.MARKET, OrderKind.STOP_MARKET, OrderKind.PROFIT_MARKET)


class Terms(NamedTuple):
    """An instrument as the test opens it."""

    venue: int
    form: int = Form.LINEAR
    factor: int = 1
    highest_ticks: int = 1 << 40
    highest_lots: int = 1 << 40
    bound_from: int = BoundFrom.NOTHING
    bound_ppm: int = 0
    band_ppm: int = 0
    amend_rule: int = AmendRule.KEEPS_WHEN_SMALLER
    asset: int = 0


class Market:
    """Books, legs and prices of a few venues; ``rows`` is what the last command wrote."""

    known: frozenset[int] = ABOUT_ORDERS

    def __init__(self, instruments: dict[int, Terms], accounts: dict[int, AccountTerms]) -> None:
        self.terms, self.accounts = instruments, accounts
        self.books = {number: Book() for number in instruments}
        self.mark = dict.fromkeys(instruments, 0)
        self.last = dict.fromkeys(instruments, 0)
        self.halted: set[int] = set()
        self.down: set[int] = set()
        venues = {number: terms.venue for number, terms in instruments.items()}
        self.legs: dict[LegKey, Leg] = {
            key: Leg() for number, terms in accounts.items() for key in legs_of(number, terms, venues)
        }
        self.held: dict[LegKey, int] = dict.fromkeys(self.legs, 0)
        self.positions_move = False
        self.rows: list[tuple[Any, ...]] = []
        self.seq = self.now = 0
        self.cause, self.mechanism = -1, 0
        self.refusal = Refusal.NONE

    # ---- commands

    def obey(self, command: Command) -> list[tuple[Any, ...]]:
        """Do what the command says, or write down why not; then let everything come to rest."""
        self.rows = []
        self.now = max(self.now, command.time_ns)
        self.cause, self.mechanism = -1, command.mechanism
        self.refusal = self._answer(command)
        if self.refusal != Refusal.NONE:
            self._refused(command)
        for number in self.books:
            self._fire_all(number)
        return self.rows

    def _answer(self, command: Command) -> Refusal:
        if command.kind >= CommandKind.MARK:
            return self._run_venue(command)
        reasons = self._sender(command)
        if reasons:
            return min(reasons)
        if command.kind == CommandKind.CANCEL_ALL:
            return self._cancel_all(command.account, command.instrument, Withdrawn.BY_OWNER)
        if command.kind == CommandKind.CONNECTION:
            return self._connect(command)
        terms = self.accounts[command.account]
        if command.kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW):
            return self._errand(command, (0, 0, 0))
        key = leg_asked_for(command.account, terms, command.instrument, command.side, command.traits)
        is_new = key not in self.legs
        if is_new:
            self._open_leg(key)
        refusal = self._answer_leg(key, command)
        if refusal != Refusal.NONE and is_new:
            del self.legs[key], self.held[key]
        return refusal

    def _answer_leg(self, key: LegKey, command: Command) -> Refusal:
        if command.kind == CommandKind.PLACE:
            return self._place(key, command)
        if command.kind == CommandKind.CANCEL:
            return self._cancel(key, command)
        if command.kind == CommandKind.AMEND:
            return self._amend(key, command)
        return self._errand(command, key)

    # ---- where a market with money does more

    def _open_leg(self, key: LegKey) -> None:
        self.legs[key], self.held[key] = Leg(), 0

    def _errand(self, command: Command, key: LegKey) -> Refusal:
        raise NotImplementedError(f"command {command.kind} about {key}")

    def _admits(self, order: Order, lots: int, instead_of: Order | None = None) -> Refusal:
        """Whether there is money for an order, its limit and size settled."""
        return Refusal.NONE

    def _settle(self, taker: Order, maker: Order, price: int, lots: int) -> None:
        """What a fill does to positions and balances; the present cause is its row."""

    def _moves(self, number: int) -> bool:
        return self.positions_move and self.terms[number].form != Form.SPOT

    def _sender(self, command: Command) -> list[Refusal]:
        if command.kind not in self.known:
            return [Refusal.UNKNOWN_COMMAND]
        account = self.accounts.get(command.account)
        if account is None:
            return [Refusal.UNKNOWN_ACCOUNT]
        if command.kind == CommandKind.CONNECTION:
            return []
        is_named = command.kind not in (CommandKind.DEPOSIT, CommandKind.WITHDRAW)
        if is_named and (command.instrument != 0 or command.kind != CommandKind.CANCEL_ALL):
            terms = self.terms.get(command.instrument)
            if terms is None or terms.venue != account.venue:
                return [Refusal.UNKNOWN_INSTRUMENT]
        return [Refusal.VENUE_DOWN] if account.venue in self.down else []

    def _run_venue(self, command: Command) -> Refusal:
        """Marks, halts and outages, which no account sends; and time that passes."""
        number, terms = command.instrument, self.terms.get(command.instrument)
        if command.kind == CommandKind.STEP:
            return Refusal.NONE
        if command.kind not in (CommandKind.MARK, CommandKind.HALT, CommandKind.OUTAGE):
            return Refusal.UNKNOWN_COMMAND
        said = Kind.HALTED if command.lots else Kind.RESUMED
        if command.kind == CommandKind.OUTAGE:
            if number not in {one.venue for one in self.terms.values()}:
                return Refusal.UNKNOWN_INSTRUMENT
            (self.down.add if command.lots else self.down.discard)(number)
            self._row(said, venue=number)
            return Refusal.NONE
        if terms is None:
            return Refusal.UNKNOWN_INSTRUMENT
        if command.kind == CommandKind.HALT:
            (self.halted.add if command.lots else self.halted.discard)(number)
            self._row(said, venue=terms.venue, instrument=number)
            return Refusal.NONE
        if not 0 < command.price_ticks <= terms.highest_ticks:
            return Refusal.BAD_PRICE
        self.mark[number] = command.price_ticks
        self.cause = self._row(Kind.MARK, venue=terms.venue, instrument=number, price=command.price_ticks)
        return Refusal.NONE

    def _connect(self, command: Command) -> Refusal:
        account = self.accounts[command.account]
        if command.lots == 0 and account.cancels_on_disconnect:
            self._cancel_all(command.account, 0, Withdrawn.DISCONNECTED)
        self._row(Kind.CONNECTION, venue=account.venue, account=command.account, code=1 if command.lots else 0)
        return Refusal.NONE

    def _cancel_all(self, account: int, number: int, why: int) -> Refusal:
        """The newest leg first, in it the newest order first."""
        for key in reversed(self.legs):
            if key[0] == account and number in (0, key[1]):
                for order in reversed(list(self.legs[key].orders.values())):
                    self._withdraw(order, why)
        return Refusal.NONE

    def _cancel(self, key: LegKey, command: Command) -> Refusal:
        order = self.legs[key].orders.get(command.client_id)
        if order is None:
            return Refusal.UNKNOWN_ORDER
        self._withdraw(order, Withdrawn.BY_OWNER)
        return Refusal.NONE

    # ---- placing

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
        if limited and self._outside_band(c.instrument, c.side, c.price_ticks):
            found.append(Refusal.OUTSIDE_PRICE_BAND)
        return found

    def _outside_band(self, number: int, side: int, limit: int) -> bool:
        terms, mark = self.terms[number], self.mark[number]
        if terms.band_ppm == 0 or mark == 0:
            return False
        width = Fraction(terms.band_ppm, ONE)
        return limit > floor(mark * (1 + width)) if side == Side.BUY else limit < ceil(mark * (1 - width))

    def _looks_at(self, number: int, flags: int) -> int:
        return self.last[number] if flags & OrderFlag.ON_LAST else self.mark[number]

    def _park(self, order: Order) -> Refusal:
        number = order.leg[1]
        seen = self._looks_at(number, order.flags)
        is_stop = order.kind in (OrderKind.STOP_LIMIT, OrderKind.STOP_MARKET)
        rises = is_stop == (order.side == Side.BUY)
        if seen >= order.trigger if rises else seen <= order.trigger:
            return Refusal.WOULD_TRIGGER_AT_ONCE
        watched = "last" if order.flags & OrderFlag.ON_LAST else "mark"
        self.books[number].park(order, f"{watched} {'rises' if rises else 'falls'}")
        self.legs[order.leg].orders[order.client_id] = order
        self._about(Kind.ACCEPTED, order, self._written_limit(order), order.left, order.kind, units=order.trigger)
        return Refusal.NONE

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

    # ---- amending

    def _amend(self, key: LegKey, c: Command) -> Refusal:
        """A new limit and what is left of the size; it keeps its place where the venue's rule says so."""
        order, terms = self.legs[key].orders.get(c.client_id), self.terms[c.instrument]
        reasons = self._bad_amendment(order, c)
        if reasons:
            return min(reasons)
        assert order is not None
        limit, lots = c.price_ticks or order.limit, c.lots or order.left
        same_place = limit == order.limit and lots <= order.left
        if same_place and terms.amend_rule == AmendRule.KEEPS_WHEN_SMALLER:
            order.shown, order.hidden = min(order.shown, lots), max(0, lots - order.shown)
            self._about(Kind.AMENDED, order, limit, lots, 1)
            return Refusal.NONE
        return self._replace(order, limit, lots, c)

    def _bad_amendment(self, order: Order | None, c: Command) -> list[Refusal]:
        terms, found = self.terms[c.instrument], []
        if c.instrument in self.halted:
            found.append(Refusal.HALTED)
        if c.lots < 0:
            found.append(Refusal.BAD_SIZE)
        if c.lots > terms.highest_lots:
            found.append(Refusal.SIZE_TOO_LARGE)
        if not 0 <= c.price_ticks <= terms.highest_ticks:
            found.append(Refusal.BAD_PRICE)
        if order is None:
            found.append(Refusal.UNKNOWN_ORDER)
        elif order.trigger:
            found.append(Refusal.BAD_KIND)
        elif self._outside_band(c.instrument, order.side, c.price_ticks or order.limit):
            found.append(Refusal.OUTSIDE_PRICE_BAND)
        return found

    def _replace(self, order: Order, limit: int, lots: int, c: Command) -> Refusal:
        """As a cancel and a new order of the same number would do, refused before anything moved."""
        if order.peak and lots - order.peak > MOST_PEAK:
            return Refusal.BAD_PEAK
        newer = Order(
            order.leg,
            order.client_id,
            order.side,
            limit,
            lots,
            0,
            order.peak,
            order.flags,
            order.self_trade,
            c.mechanism,
        )
        if order.flags & OrderFlag.REDUCE_ONLY:
            lots = min(lots, reducible(self.held[order.leg], order.side))
            if lots == 0:
                return Refusal.NOTHING_TO_REDUCE
        if not self._made_passive(newer):
            return Refusal.WOULD_TAKE
        if lots > order.left or newer.limit != order.limit:
            refusal = self._admits(newer, lots, order)
            if refusal != Refusal.NONE:
                return refusal
        self._about(Kind.AMENDED, newer, newer.limit, lots, 0)
        self._forget(order)
        self._trade(newer, lots, False)
        return Refusal.NONE

    # ---- words

    def _forget(self, order: Order) -> None:
        self.books[order.leg[1]].take(order)
        del self.legs[order.leg].orders[order.client_id]

    def _withdraw(self, order: Order, why: int) -> None:
        self._about(Kind.CANCELLED, order, order.trigger or order.limit, order.left, why)
        self._forget(order)

    def _about(self, kind: int, order: Order, price: int, lots: int, code: int, units: int = 0) -> int:
        account, number, _ = order.leg
        return self._row(
            kind, venue=self.terms[number].venue, instrument=number, account=account, order=order.client_id,
            price=price, lots=lots if order.side == Side.BUY else -lots, units=units, code=code,
        )  # fmt: skip

    def _venue_of(self, account: int) -> int:
        return self.accounts[account].venue if account in self.accounts else -1

    def _refused(self, c: Command) -> None:
        self._row(
            Kind.REFUSED, venue=self._venue_of(c.account), instrument=c.instrument, account=c.account,
            order=c.client_id, price=c.price_ticks, lots=c.lots if c.side == Side.BUY else -c.lots, code=self.refusal,
        )  # fmt: skip

    def _row(
        self, kind: int, *, venue: int = -1, instrument: int = -1, asset: int = -1, account: int = -1, other: int = -1,
        order: int = -1, other_order: int = -1, price: int = -1, lots: int = 0, units: int = 0, code: int = 0,
    ) -> int:  # fmt: skip
        """One row in the order of the journal's fields; its number."""
        self.rows.append(
            (self.seq, self.now, self.cause, order, other_order, price, lots, units, account, other, instrument,
             asset, venue, int(kind), self.mechanism, int(code))
        )  # fmt: skip
        self.seq += 1
        return self.seq - 1
