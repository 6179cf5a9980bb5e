"""The exact twin with money: margin before each order, what a fill moves, money in and out, settings."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from tests.twin.bank import MOST_UNITS, BalanceKey, Bank, Position, worth
from tests.twin.book import LegKey, Order, reducible
from tests.twin.command import Command
from tests.twin.venues import ABOUT_ORDERS, AT_MARKET, Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, Refusal, Side
from shortdesk.market.command import CommandKind
from shortdesk.market.errands import Setting


class MoneyMarket(Bank):
    """A market whose fills move money."""

    known = ABOUT_ORDERS | {
        CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.SET_LEVERAGE, CommandKind.SET_ISOLATED,
        CommandKind.ADD_MARGIN,
    }  # fmt: skip
    # ---- margin before an order

    def _admits(self, order: Order, lots: int, instead_of: Order | None = None) -> Refusal:
        key, number = order.leg, order.leg[1]
        terms, costs = self.terms[number], self.money[number]
        if order.flags & OrderFlag.REDUCE_ONLY:
            return Refusal.NONE
        if terms.form == Form.SPOT:
            balance: BalanceKey = self.behind[key] if order.side == Side.BUY else (key[0], costs.base, None)
            cost = lots * order.limit * terms.factor if order.side == Side.BUY else lots * costs.base_units
            lacks = not self.is_forced and self._lacks(balance, cost, instead_of)
            return Refusal.NOT_ENOUGH_BALANCE if lacks else Refusal.NONE
        if self.is_liquidating(self.behind[key]):
            return Refusal.ACCOUNT_LIQUIDATING
        held, standing = self.positions[key].lots, sum(o.left for o in self.promised(key, order.side, instead_of))
        if standing + lots <= reducible(held, order.side):
            return Refusal.NONE
        reached = held + standing + lots if order.side == Side.BUY else held - standing - lots
        now = worth(terms, reached, self.seen(number))
        if costs.by_leverage and Fraction(self.leverage[key], 100) * self.tier(number, now).initial > 1:
            return Refusal.LEVERAGE_TOO_HIGH
        if now > costs.tiers[-1].cap or abs(reached) > terms.highest_lots:
            return Refusal.POSITION_TOO_LARGE
        return self._has_margin(order, lots, instead_of)

    def _lacks(self, balance: BalanceKey, cost: int, without: Order | None) -> bool:
        """Whether a spot order cannot be paid for."""
        return not self.can_leave(balance, cost, without)

    def _has_margin(self, order: Order, lots: int, instead_of: Order | None) -> Refusal:
        """Equity covers all margins and what the order would lose at once; an isolated leg may fetch the rest."""
        key, number, balance = order.leg, order.leg[1], self.behind[order.leg]
        terms, seen = self.terms[number], self.seen(number)
        limit = order.limit
        if order.kind in AT_MARKET:
            limit = self.books[number].best(1 - order.side) or limit
        is_worse = limit > seen if order.side == Side.BUY else limit < seen
        loss = abs(worth(terms, lots, limit) - worth(terms, lots, seen)) if is_worse else 0
        more = (lots, 0) if order.side == Side.BUY else (0, lots)
        profit = sum(self.profit(leg) for leg, behind in self.behind.items() if behind == balance)
        short = loss + self.owed(balance, key, more, instead_of) - self.units[balance] - profit
        if short <= 0:
            return Refusal.NONE
        wallet: BalanceKey = (key[0], terms.asset, None)
        if balance == wallet or not self.can_leave(wallet, short):
            return Refusal.NOT_ENOUGH_MARGIN
        self._pay(Kind.MARGIN, wallet, balance, -short, instrument=number)
        return Refusal.NONE

    # ---- fills

    def _settle(self, taker: Order, maker: Order, price: int, lots: int) -> None:
        number = taker.leg[1]
        terms, costs = self.terms[number], self.money[number]
        signed = lots if taker.side == Side.BUY else -lots
        if terms.form == Form.SPOT:
            mine, other = taker.leg[0], maker.leg[0]
            self._pay(
                Kind.TRADE_LEG, (mine, costs.base, None), (other, costs.base, None), signed * costs.base_units,
                instrument=number, order=taker.client_id,
            )  # fmt: skip
            self._pay(
                Kind.TRADE_LEG, self.behind[taker.leg], self.behind[maker.leg], -signed * price * terms.factor,
                instrument=number, order=taker.client_id,
            )  # fmt: skip
        else:
            self._move(maker.leg, -signed, price, maker.client_id)
            self._move(taker.leg, signed, price, taker.client_id)
        for order, rate, code in ((maker, costs.maker, 1), (taker, costs.taker, 0)):
            fee = ceil(worth(terms, lots, price) * rate)
            if fee:
                income = (self.purses[terms.venue, "fees"], terms.asset, None)
                self._pay(
                    Kind.FEE, self.behind[order.leg], income, -fee,
                    instrument=number, order=order.client_id, code=code,
                )  # fmt: skip
        if self.treated is not None and costs.liquidated:
            self._charge_liquidation(self.treated, ceil(worth(terms, lots, price) * costs.liquidated), number)

    def _charge_liquidation(self, mine: BalanceKey, fee: int, number: int) -> None:
        """The fee of a forced order is the fund's, as far as the balance has it."""
        fund = (self.purses[self.terms[number].venue, "insurance"], mine[1], None)
        if (fee := min(fee, self.units[mine])) > 0:
            self._pay(Kind.LIQUIDATION_FEE, mine, fund, -fee, instrument=number)

    def _move(self, key: LegKey, lots: int, price: int, order: int = -1) -> None:
        """A leg buys or sells: what closes is realised, what is more is opened."""
        number = key[1]
        terms, p = self.terms[number], self.positions[key]
        self.inverse_moves += terms.form == Form.INVERSE
        is_long, held = p.lots > 0, abs(p.lots)
        closed = min(held, abs(lots)) if p.lots * lots < 0 else 0
        opened = abs(lots) - closed
        way = 1 if lots > 0 else -1
        if p.rest_at != price:
            p.rest = 0
        realised = 0
        if closed:
            got = self._coins_or_cash(terms, p, way * closed, price)
            released = p.entry(held) - p.entry(held - closed)
            realised = got - released if is_long != (terms.form == Form.INVERSE) else released - got
        kept = held - closed
        if kept == 0 and closed:
            p.opened = p.cost = 0
        if opened:
            paid = self._coins_or_cash(terms, p, way * opened, price)
            p.cost, p.opened = p.entry(kept) + paid, kept + opened
        p.lots += lots
        p.rest_at = price if p.rest else 0
        average = -1
        if p.lots and terms.form == Form.INVERSE:
            average = floor(Fraction(p.opened * terms.factor, max(1, p.cost)) + Fraction(1, 2))
        elif p.lots:
            average = floor(Fraction(p.cost, p.opened * terms.factor) + Fraction(1, 2))
        self._row(
            Kind.POSITION, venue=terms.venue, instrument=number, asset=terms.asset, account=key[0], price=average,
            lots=p.lots, units=p.entry(abs(p.lots)),
        )  # fmt: skip
        self._touch(self.behind[key])
        if closed:
            clearing = (self.purses[terms.venue, "clearing"], terms.asset, None)
            self._pay(
                Kind.REALISED, self.behind[key], clearing, realised,
                instrument=number, order=order, price=price, lots=way * closed,
            )  # fmt: skip

    @staticmethod
    def _coins_or_cash(terms: Terms, p: Position, lots: int, price: int) -> int:
        if terms.form != Form.INVERSE:
            return abs(lots) * price * terms.factor
        exact = Fraction(p.rest + lots * terms.factor, price)
        p.rest = p.rest + lots * terms.factor - floor(exact) * price
        return abs(floor(exact))

    # ---- money in and out, settings

    def _errand(self, c: Command, key: LegKey) -> Refusal:
        if c.kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW):
            return self._carry(c, 1 if c.kind == CommandKind.DEPOSIT else -1)
        if c.kind == CommandKind.SET_LEVERAGE:
            return self._set_leverage(key, c.lots)
        if c.kind == CommandKind.SET_ISOLATED:
            return self._set_isolated(key, c.lots)
        return self._add_margin(key, c.lots)

    def _carry(self, c: Command, sign: int) -> Refusal:
        if not 0 < c.instrument <= self.assets:
            return Refusal.UNKNOWN_ASSET
        if c.lots <= 0:
            return Refusal.BAD_SIZE
        if c.lots > MOST_UNITS:
            return Refusal.SIZE_TOO_LARGE
        wallet: BalanceKey = (c.account, c.instrument, None)
        if sign < 0 and (refusal := self._keeps(wallet, c.lots)):
            return refusal
        outside = (self.purses[self.accounts[c.account].venue, "outside"], c.instrument, None)
        self._pay(Kind.DEPOSIT if sign > 0 else Kind.WITHDRAWAL, wallet, outside, sign * c.lots)
        return Refusal.NONE

    def _keeps(self, wallet: BalanceKey, units: int) -> Refusal:
        """Why units may not leave a wallet for the outside."""
        return Refusal.NONE if self.can_leave(wallet, units) else Refusal.NOT_ENOUGH_BALANCE

    def _set_leverage(self, key: LegKey, wanted: int) -> Refusal:
        number, costs, before = key[1], self.money[key[1]], self.leverage[key]
        if wanted < 100:
            return Refusal.BAD_SIZE
        if wanted > 100_000:
            return Refusal.LEVERAGE_TOO_HIGH
        if costs.tiers and costs.by_leverage:
            now = worth(self.terms[number], self.positions[key].lots, self.seen(number))
            if Fraction(wanted, 100) * self.tier(number, now).initial > 1:
                return Refusal.LEVERAGE_TOO_HIGH
        self.leverage[key] = wanted
        if wanted < before and not self.can_leave(self.behind[key], 0):
            self.leverage[key] = before
            return Refusal.NOT_ENOUGH_MARGIN
        self._touch(self.behind[key])
        self._setting(key, Setting.LEVERAGE_X100, wanted)
        return Refusal.NONE

    def _set_isolated(self, key: LegKey, wanted: int) -> Refusal:
        terms, old = self.terms[key[1]], self.behind[key]
        wallet: BalanceKey = (key[0], terms.asset, None)
        is_open = self.positions[key].lots != 0 or bool(self.legs[key].orders)
        if terms.form == Form.SPOT or wanted not in (0, 1):
            return Refusal.BAD_KIND
        if is_open and not self.switches_open:
            return Refusal.NOT_WHILE_OPEN
        if self.is_liquidating(old) or self.is_liquidating(wallet):
            return Refusal.ACCOUNT_LIQUIDATING
        if is_open and not (self.can_leave(old, 0) and self.can_leave(wallet, 0)):
            return Refusal.NOT_ENOUGH_MARGIN
        new: BalanceKey = (key[0], terms.asset, key if wanted else None)
        if new != old:
            needed = self.initial(key) + self.standing_loss(key) - min(0, self.profit(key))
            moved = self.units[old] if old[2] == key else needed
            del self.behind[key]  # of a balance's legs the one that joined last comes first
            self.behind[key] = new
            self._open_balance(new)
            if moved:
                self._pay(Kind.MARGIN, new, old, moved, instrument=key[1])
            self._touch(new)
        self._setting(key, Setting.ISOLATED, wanted)
        return Refusal.NONE

    def _add_margin(self, key: LegKey, units: int) -> Refusal:
        mine, wallet = self.behind[key], (key[0], self.terms[key[1]].asset, None)
        if mine[2] != key:
            return Refusal.BAD_KIND
        if units == 0 or abs(units) > MOST_UNITS:
            return Refusal.BAD_SIZE
        if not self.can_leave(wallet if units > 0 else mine, abs(units)):
            return Refusal.NOT_ENOUGH_BALANCE
        self._pay(Kind.MARGIN, wallet, mine, -units, instrument=key[1])
        return Refusal.NONE

    def _setting(self, key: LegKey, which: Setting, value: int) -> None:
        self._row(
            Kind.SETTING, venue=self.terms[key[1]].venue, instrument=key[1], account=key[0], units=value, code=which
        )
