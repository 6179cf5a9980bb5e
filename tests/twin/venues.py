"""The exact twin's venues: what stands where, which prices were seen, and the rows that say what happened.

What is written down are the journal's rows as plain tuples.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.account import AccountTerms, Leg, legs_of
from tests.twin.book import Book, LegKey, Order
from tests.twin.command import Command

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side
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


class Venues:
    """Books, legs and prices of a few venues; ``rows`` is what the last command wrote."""

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
        self.woke = False  # something was due before the last command

    # ---- where a market with money does more

    def _open_leg(self, key: LegKey) -> None:
        self.legs[key], self.held[key] = Leg(), 0

    def _unmake_leg(self, key: LegKey) -> None:
        """What was opened for a command that then was refused."""
        del self.legs[key], self.held[key]

    def _admits(self, order: Order, lots: int, instead_of: Order | None = None) -> Refusal:
        """Whether there is money for an order, its limit and size settled."""
        return Refusal.NONE

    def _settle(self, taker: Order, maker: Order, price: int, lots: int) -> None:
        """What a fill does to positions and balances; the present cause is its row."""

    def _moves(self, number: int) -> bool:
        return self.positions_move and self.terms[number].form != Form.SPOT

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

    def _outside_band(self, number: int, side: int, limit: int) -> bool:
        terms, mark = self.terms[number], self.mark[number]
        if terms.band_ppm == 0 or mark == 0:
            return False
        width = Fraction(terms.band_ppm, ONE)
        return limit > floor(mark * (1 + width)) if side == Side.BUY else limit < ceil(mark * (1 - width))

    def _looks_at(self, number: int, flags: int) -> int:
        return self.last[number] if flags & OrderFlag.ON_LAST else self.mark[number]

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
