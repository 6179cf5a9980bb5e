"""The exact twin with money: balances in a dictionary, positions from their definition, margin before each order.

Everything is exact and rounded where the venue rounds: fees and margins up, costs and worths to the nearest unit,
coins of an inverse fill down for who buys and up for who sells, the remainder carried on at the same price.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.account import AccountTerms
from tests.twin.book import LegKey, Order, reducible
from tests.twin.command import Command
from tests.twin.market import ABOUT_ORDERS, AT_MARKET, Market, Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, Refusal, Side
from shortdesk.market.command import CommandKind
from shortdesk.market.errands import Setting

BalanceKey = tuple[int, int, LegKey | None]
"""Account, asset, and the leg that the balance stands behind alone, or None for a wallet."""
MOST_UNITS = 1 << 61


class Ended(Exception):
    """Somebody would be liquidated now."""


class TierTerms(NamedTuple):
    """Up to ``cap`` units of worth: the largest leverage's margin, and maintenance as rate less deduction."""

    cap: int
    initial: Fraction
    maintenance: Fraction
    deduction: int


class MoneyTerms(NamedTuple):
    """What an instrument costs, and what a position in it asks for."""

    taker: Fraction
    maker: Fraction
    tiers: tuple[TierTerms, ...] = ()
    by_leverage: bool = True
    base: int = 0
    base_units: int = 0


class AccountMoney(NamedTuple):
    """How an account's legs are opened."""

    leverage_x100: int = 100
    is_isolated: bool = False


@dataclass
class Position:
    """Signed lots; ``opened`` lots had cost ``cost`` when last added to; a remainder of coins at one price."""

    lots: int = 0
    opened: int = 0
    cost: int = 0
    rest: int = 0
    rest_at: int = 0

    def entry(self, lots: int) -> int:
        """What that many of the lots cost."""
        if self.opened == 0:
            return 0
        return self.cost if lots == self.opened else nearest(Fraction(self.cost * lots, self.opened))


def nearest(exact: Fraction) -> int:
    """To the nearest whole; a half goes up."""
    return floor(exact + Fraction(1, 2))


def worth(terms: Terms, lots: int, price: int) -> int:
    """What lots are worth at a price, whichever side they are on."""
    if terms.form == Form.INVERSE:
        return nearest(Fraction(abs(lots) * terms.factor, price))
    return abs(lots) * price * terms.factor


class MoneyMarket(Market):
    """A market whose fills move money. Purses are accounts by the name of what they are for."""

    known = ABOUT_ORDERS | {
        CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.SET_LEVERAGE, CommandKind.SET_ISOLATED,
        CommandKind.ADD_MARGIN,
    }  # fmt: skip

    def __init__(
        self, instruments: dict[int, Terms], accounts: dict[int, AccountTerms], money: dict[int, MoneyTerms],
        owners: dict[int, AccountMoney], purses: dict[tuple[int, str], int], *, assets: int, switches_open: bool,
    ) -> None:  # fmt: skip
        super().__init__(instruments, accounts)
        self.legs, self.held = {}, {}
        self.money, self.owners, self.purses = money, owners, purses
        self.assets, self.switches_open = assets, switches_open
        self.units: defaultdict[BalanceKey, int] = defaultdict(int)
        self.positions: dict[LegKey, Position] = {}
        self.leverage: dict[LegKey, int] = {}
        self.behind: dict[LegKey, BalanceKey] = {}
        self.touched: list[BalanceKey] = []
        self.inverse_fills = 0
        self.positions_move = True

    def _open_leg(self, key: LegKey) -> None:
        super()._open_leg(key)
        terms, owner = self.terms[key[1]], self.owners[key[0]]
        alone = key if owner.is_isolated and terms.form != Form.SPOT else None
        self.positions[key], self.leverage[key] = Position(), owner.leverage_x100
        self.behind[key] = (key[0], terms.asset, alone)

    def obey(self, command: Command) -> list[tuple[Any, ...]]:
        """As any market; and a mark asks everybody whose balance changed since the last one.

        Raises:
            Ended: somebody would be liquidated.
        """
        rows = super().obey(command)
        if command.kind == CommandKind.MARK and self.refusal == Refusal.NONE:
            if self.sick():
                raise Ended
            self.cause, self.mechanism = rows[0][0], 0
            for balance in reversed(self.touched):
                self._go_home(balance)
            self.touched = []
        return rows

    def _go_home(self, balance: BalanceKey) -> None:
        """What stands behind an isolated leg without position or orders goes back to the wallet."""
        account, asset, key = balance
        if account not in self.accounts or key is None or self.units[balance] <= 0:
            return
        if self.positions[key].lots == 0 and not self.legs[key].orders and self.behind[key] == balance:
            self._pay(Kind.MARGIN, (account, asset, None), balance, self.units[balance], instrument=key[1])

    def _venue_of(self, account: int) -> int:
        purses = {at: venue for (venue, _), at in self.purses.items()}
        return purses.get(account) or super()._venue_of(account)

    def _touch(self, balance: BalanceKey) -> None:
        if balance not in self.touched and balance in self.behind.values():
            self.touched.append(balance)

    # ---- balances

    def _pay(
        self, kind: Kind, mine: BalanceKey, other: BalanceKey, units: int, *,
        instrument: int = -1, order: int = -1, price: int = -1, lots: int = 0, code: int = 0,
    ) -> None:  # fmt: skip
        """Units come to ``mine`` from ``other``, and the row that says so."""
        self.units[mine] += units
        self.units[other] -= units
        self._touch(mine)
        self._touch(other)
        self._row(
            kind, venue=self._venue_of(mine[0]), instrument=instrument, asset=mine[1], account=mine[0],
            other=other[0], order=order,
            price=price, lots=lots, units=units, code=code,
        )  # fmt: skip

    def seen(self, number: int) -> int:
        """The mark, or on spot the last price while there is none."""
        return self.mark[number] or self.last[number]

    def promised(self, key: LegKey, side: int, without: Order | None = None) -> list[Order]:
        """A leg's orders of one side that may open."""
        return [
            order for order in self.legs[key].orders.values()
            if order.side == side and not order.trigger and not order.flags & OrderFlag.REDUCE_ONLY
            and order is not without
        ]  # fmt: skip

    def profit(self, key: LegKey) -> int:
        """Paper profit at the mark."""
        terms, position = self.terms[key[1]], self.positions[key]
        if position.lots == 0:
            return 0
        now, then = worth(terms, position.lots, self.seen(key[1])), position.entry(abs(position.lots))
        return now - then if (position.lots > 0) != (terms.form == Form.INVERSE) else then - now

    def tier(self, number: int, units: int) -> TierTerms:
        """The first tier whose cap holds so much worth, or the last."""
        tiers = self.money[number].tiers
        return next((tier for tier in tiers if units <= tier.cap), tiers[-1])

    def initial(self, key: LegKey, more: tuple[int, int] = (0, 0), without: Order | None = None) -> int:
        """Initial margin of the larger position that one side of the orders could lead to."""
        number, lots = key[1], self.positions[key].lots
        buys, sells = (sum(order.left for order in self.promised(key, side, without)) + more[side] for side in Side)
        now = worth(self.terms[number], max(abs(lots), abs(lots + buys), abs(lots - sells)), self.seen(number))
        if self.money[number].by_leverage:
            return ceil(Fraction(now * 100, self.leverage[key]))
        return ceil(now * self.tier(number, now).initial)

    def maintenance(self, key: LegKey) -> int:
        """What the position must keep."""
        number, lots = key[1], self.positions[key].lots
        now = worth(self.terms[number], lots, self.seen(number))
        tier = self.tier(number, now)
        return ceil(now * tier.maintenance) - tier.deduction if lots else 0

    def sick(self) -> list[BalanceKey]:
        """Balances whose positions a venue would liquidate."""
        found = []
        for balance in sorted({*self.behind.values()}, key=str):
            legs = [key for key, behind in self.behind.items() if behind == balance and self.positions[key].lots]
            equity = self.units[balance] + sum(map(self.profit, legs))
            if legs and equity <= sum(map(self.maintenance, legs)):
                found.append(balance)
        return found

    def owed(self, balance: BalanceKey, ordered: LegKey | None = None, more: tuple[int, int] = (0, 0),
             without: Order | None = None) -> int:  # fmt: skip
        """What a balance has promised: margins of its legs, the cost of spot bids, and the coins of spot offers."""
        account, asset, alone = balance
        total = 0
        for key, behind in self.behind.items():
            terms, costs = self.terms[key[1]], self.money[key[1]]
            if key not in self.legs:
                continue
            if terms.form == Form.SPOT:
                if behind == balance:
                    bids = self.promised(key, Side.BUY, without)
                    total += sum(order.left * order.limit * terms.factor for order in bids)
                if key[0] == account and costs.base == asset and alone is None:
                    offers = self.promised(key, Side.SELL, without)
                    total += sum(order.left for order in offers) * costs.base_units
            elif behind == balance:
                total += self.initial(key, more if key == ordered else (0, 0), without)
                total += self.standing_loss(key, without)
        return total

    def standing_loss(self, key: LegKey, without: Order | None = None) -> int:
        """What a leg's orders that may open would lose against the mark at once at their limits."""
        terms, seen = self.terms[key[1]], self.seen(key[1])
        orders = [order for side in Side for order in self.promised(key, side, without)]
        worse = [o for o in orders if (o.limit > seen if o.side == Side.BUY else o.limit < seen)]
        return sum(abs(worth(terms, o.left, o.limit) - worth(terms, o.left, seen)) for o in worse)

    def can_leave(self, balance: BalanceKey, units: int, without: Order | None = None) -> bool:
        """They are there, and what is left covers everything, paper profit not counted."""
        losses = sum(min(0, self.profit(key)) for key, behind in self.behind.items() if behind == balance)
        left = self.units[balance] - units
        return left >= 0 and left + losses >= self.owed(balance, without=without)

    # ---- margin before an order

    def _admits(self, order: Order, lots: int, instead_of: Order | None = None) -> Refusal:
        key, number = order.leg, order.leg[1]
        terms, costs = self.terms[number], self.money[number]
        if order.flags & OrderFlag.REDUCE_ONLY:
            return Refusal.NONE
        if terms.form == Form.SPOT:
            balance: BalanceKey = self.behind[key] if order.side == Side.BUY else (key[0], costs.base, None)
            cost = lots * order.limit * terms.factor if order.side == Side.BUY else lots * costs.base_units
            return Refusal.NONE if self.can_leave(balance, cost, instead_of) else Refusal.NOT_ENOUGH_BALANCE
        held, standing = self.positions[key].lots, sum(o.left for o in self.promised(key, order.side, instead_of))
        if standing + lots <= reducible(held, order.side):
            return Refusal.NONE
        reached = held + standing + lots if order.side == Side.BUY else held - standing - lots
        now = worth(terms, reached, self.seen(number))
        if costs.by_leverage and Fraction(self.leverage[key], 100) * self.tier(number, now).initial > 1:
            return Refusal.LEVERAGE_TOO_HIGH
        if now > costs.tiers[-1].cap:
            return Refusal.POSITION_TOO_LARGE
        return self._has_margin(order, lots, instead_of)

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
            self.inverse_fills += terms.form == Form.INVERSE
            self._move(maker, -signed, price)
            self._move(taker, signed, price)
        for order, rate, code in ((maker, costs.maker, 1), (taker, costs.taker, 0)):
            fee = ceil(worth(terms, lots, price) * rate)
            if fee:
                income = (self.purses[terms.venue, "fees"], terms.asset, None)
                self._pay(
                    Kind.FEE, self.behind[order.leg], income, -fee,
                    instrument=number, order=order.client_id, code=code,
                )  # fmt: skip

    def _move(self, order: Order, lots: int, price: int) -> None:
        """A leg buys or sells: what closes is realised, what is more is opened."""
        key, number = order.leg, order.leg[1]
        terms, p = self.terms[number], self.positions[key]
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
                instrument=number, order=order.client_id, price=price, lots=way * closed,
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
        if sign < 0 and not self.can_leave(wallet, c.lots):
            return Refusal.NOT_ENOUGH_BALANCE
        outside = (self.purses[self.accounts[c.account].venue, "outside"], c.instrument, None)
        self._pay(Kind.DEPOSIT if sign > 0 else Kind.WITHDRAWAL, wallet, outside, sign * c.lots)
        return Refusal.NONE

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
        if terms.form == Form.SPOT or wanted not in (0, 1):
            return Refusal.BAD_KIND
        is_open = self.positions[key].lots != 0 or bool(self.legs[key].orders)
        if is_open and not self.switches_open:
            return Refusal.NOT_WHILE_OPEN
        wallet: BalanceKey = (key[0], terms.asset, None)
        if is_open and not (self.can_leave(old, 0) and self.can_leave(wallet, 0)):
            return Refusal.NOT_ENOUGH_MARGIN
        new: BalanceKey = (key[0], terms.asset, key if wanted else None)
        if new != old:
            needed = self.initial(key) + self.standing_loss(key) - min(0, self.profit(key))
            moved = self.units[old] if old[2] == key else needed
            self.behind[key] = new
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
