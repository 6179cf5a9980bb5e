"""The exact twin of the market: slow, obvious, and told the same commands."""

from __future__ import annotations

from typing import Any

from tests.twin.account import leg_asked_for
from tests.twin.book import LegKey, Order, reducible
from tests.twin.command import Command
from tests.twin.entering import Entering
from tests.twin.venues import ABOUT_ORDERS, AT_MARKET, MOST_PEAK

from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, Refusal, Withdrawn
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule


class Market(Entering):
    """Commands about orders: what each does, or why it is not taken."""

    known: frozenset[int] = ABOUT_ORDERS
    unplaced: frozenset[int] = frozenset((CommandKind.DEPOSIT, CommandKind.WITHDRAW))
    """Kinds that are about an asset and no instrument."""

    # ---- commands

    def obey(self, command: Command) -> list[tuple[Any, ...]]:
        """Do what the command says, or write down why not; then let everything come to rest."""
        self.rows = []
        self._pass_time(command.time_ns)
        self.now = max(self.now, command.time_ns)
        self.cause, self.mechanism = -1, command.mechanism
        self.refusal = self._answer(command)
        if self.refusal != Refusal.NONE:
            self._refused(command)
        self._rest()
        return self.rows

    def _pass_time(self, until: int) -> None:
        """What is due before the next command."""

    def _rest(self) -> None:
        """What the command stirred up."""
        for number in self.books:
            self._fire_all(number)

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
        if command.kind in self.unplaced:
            return self._errand(command, (0, 0, 0))
        key = leg_asked_for(command.account, terms, command.instrument, command.side, command.traits)
        is_new = key not in self.legs
        if is_new:
            self._open_leg(key)
        refusal = self._answer_leg(key, command)
        if refusal != Refusal.NONE and is_new:
            self._unmake_leg(key)
        return refusal

    def _answer_leg(self, key: LegKey, command: Command) -> Refusal:
        if command.kind == CommandKind.PLACE:
            return self._place(key, command)
        if command.kind == CommandKind.CANCEL:
            return self._cancel(key, command)
        if command.kind == CommandKind.AMEND:
            return self._amend(key, command)
        return self._errand(command, key)

    def _errand(self, command: Command, key: LegKey) -> Refusal:
        raise NotImplementedError(f"command {command.kind} about {key}")

    def _sender(self, command: Command) -> list[Refusal]:
        if command.kind not in self.known:
            return [Refusal.UNKNOWN_COMMAND]
        account = self.accounts.get(command.account)
        if account is None:
            return [Refusal.UNKNOWN_ACCOUNT]
        if command.kind == CommandKind.CONNECTION:
            return []
        is_named = command.kind not in self.unplaced
        if is_named and (command.instrument != 0 or command.kind != CommandKind.CANCEL_ALL):
            terms = self.terms.get(command.instrument)
            if terms is None or terms.venue != account.venue:
                return [Refusal.UNKNOWN_INSTRUMENT]
        return [Refusal.VENUE_DOWN] if account.venue in self.down else []

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

    # ---- amending

    def _amend(self, key: LegKey, c: Command) -> Refusal:
        """A new limit and what is left of the size; it keeps its place where the venue's rule says so."""
        order, terms = self.legs[key].orders.get(c.client_id), self.terms[c.instrument]
        reasons = self._bad_amendment(order, c)
        if reasons:
            return min(reasons)
        assert order is not None
        if order.trigger:
            return self._amend_parked(order, c)
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
            found += self._bad_parked(order, c)
        elif self._outside_band(c.instrument, order.side, c.price_ticks or order.limit):
            found.append(Refusal.OUTSIDE_PRICE_BAND)
        return found

    def _bad_parked(self, order: Order, c: Command) -> list[Refusal]:
        """Its limit is as any order's, if it has one; its trigger must lie ahead."""
        found, has_limit = [], order.kind not in AT_MARKET
        if c.price_ticks and not has_limit:
            found.append(Refusal.BAD_PRICE)
        if not 0 <= c.trigger_ticks <= self.terms[c.instrument].highest_ticks:
            found.append(Refusal.BAD_TRIGGER)
        if has_limit and self._outside_band(c.instrument, order.side, c.price_ticks or order.limit):
            found.append(Refusal.OUTSIDE_PRICE_BAND)
        if self._is_hit(order, c.trigger_ticks or order.trigger):
            found.append(Refusal.WOULD_TRIGGER_AT_ONCE)
        return found

    def _amend_parked(self, order: Order, c: Command) -> Refusal:
        """It waits on with what was changed; with another trigger, behind those that wait for that already."""
        keeps = c.trigger_ticks in (0, order.trigger)
        order.limit, order.shown, order.mechanism = c.price_ticks or order.limit, c.lots or order.shown, c.mechanism
        if not keeps:
            self.books[c.instrument].take(order)
            order.trigger = c.trigger_ticks
            self.books[c.instrument].park(order, self._ladder_of(order))
        limit, lots = self._written_limit(order), order.left
        self._about(Kind.AMENDED, order, limit, lots, int(keeps), units=order.trigger)
        return Refusal.NONE

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
