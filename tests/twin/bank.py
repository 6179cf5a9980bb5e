"""The exact twin's bank: balances in a dictionary, positions from their definition, and what they promise.

Everything is exact and rounded where the venue rounds: fees and margins up, costs and worths to the nearest unit,
coins of an inverse fill down for who buys and up for who sells, the remainder carried on at the same price.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from tests.twin.account import AccountTerms
from tests.twin.book import LegKey, Order
from tests.twin.market import Market
from tests.twin.venues import Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, Side

BalanceKey = tuple[int, int, LegKey | None]
"""Account, asset, and the leg that the balance stands behind alone, or None for a wallet."""
MOST_UNITS = 1 << 61


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
    liquidated: Fraction = Fraction(0)


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
    if lots == 0:
        return 0  # also where there is no price yet
    if terms.form == Form.INVERSE:
        return nearest(Fraction(abs(lots) * terms.factor, price))
    return abs(lots) * price * terms.factor


class Bank(Market):
    """Balances, positions and margins. Purses are accounts by the name of what they are for."""

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
        self.opened: list[BalanceKey] = []
        self.touched: list[BalanceKey] = []
        self.treated: BalanceKey | None = None  # whose forced order is in the book
        self.is_forced = False  # an order that skips the question whether the money is there
        self.inverse_moves = 0
        self.positions_move = True

    def _open_leg(self, key: LegKey) -> None:
        super()._open_leg(key)
        terms, owner = self.terms[key[1]], self.owners.get(key[0], AccountMoney())
        alone = key if owner.is_isolated and terms.form != Form.SPOT else None
        self.positions[key], self.leverage[key] = Position(), owner.leverage_x100
        self.behind[key] = (key[0], terms.asset, alone)
        self._open_balance(self.behind[key])

    def _unmake_leg(self, key: LegKey) -> None:
        super()._unmake_leg(key)
        del self.positions[key], self.leverage[key]
        balance = self.behind.pop(key)
        if balance[2] == key:
            self.opened.remove(balance)

    def _open_balance(self, balance: BalanceKey) -> None:
        """Balances are numbered in the order in which they were first needed."""
        if balance not in self.opened:
            self.opened.append(balance)

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
        self._open_balance(mine)
        self._open_balance(other)
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
        return self.profit_at(key, self.seen(key[1])) if self.positions[key].lots else 0

    def profit_at(self, key: LegKey, price: int) -> int:
        """What closing at a price would realise."""
        terms, position = self.terms[key[1]], self.positions[key]
        now, then = worth(terms, position.lots, price), position.entry(abs(position.lots))
        return now - then if (position.lots > 0) != (terms.form == Form.INVERSE) else then - now

    def is_liquidating(self, balance: BalanceKey) -> bool:
        """Whether the venue is closing what a balance stands behind."""
        return False

    def tier(self, number: int, units: int) -> TierTerms:
        """The first tier whose cap holds so much worth, or the last."""
        tiers = self.money[number].tiers
        return next((tier for tier in tiers if units <= tier.cap), tiers[-1])

    def initial(self, key: LegKey, more: tuple[int, int] = (0, 0), without: Order | None = None) -> int:
        """Initial margin of the larger position that one side of the orders could lead to."""
        lots = self.positions[key].lots
        buys, sells = (sum(order.left for order in self.promised(key, side, without)) + more[side] for side in Side)
        return self.initial_of(key, max(abs(lots), abs(lots + buys), abs(lots - sells)))

    def initial_of(self, key: LegKey, lots: int) -> int:
        """Initial margin of so many lots."""
        now = worth(self.terms[key[1]], lots, self.seen(key[1]))
        if self.money[key[1]].by_leverage:
            return ceil(Fraction(now * 100, self.leverage[key]))
        return ceil(now * self.tier(key[1], now).initial)

    def maintenance(self, key: LegKey) -> int:
        """What the position must keep."""
        number, lots = key[1], self.positions[key].lots
        if lots == 0:
            return 0
        now = worth(self.terms[number], lots, self.seen(number))
        tier = self.tier(number, now)
        return ceil(now * tier.maintenance) - tier.deduction

    def owed(self, balance: BalanceKey, ordered: LegKey | None = None, more: tuple[int, int] = (0, 0),
             without: Order | None = None) -> int:  # fmt: skip
        """What a balance has promised: margins of its legs, the cost of spot bids, and the coins of spot offers."""
        account, asset, alone = balance
        total = 0
        for key, behind in self.behind.items():
            terms, costs = self.terms[key[1]], self.money[key[1]]
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
        return units <= self.spare(balance, without)

    def spare(self, balance: BalanceKey, without: Order | None = None) -> int:
        """What may leave a balance: no more than is there, nor than promises and losses at the marks leave."""
        losses = sum(min(0, self.profit(key)) for key, behind in self.behind.items() if behind == balance)
        return min(self.units[balance], self.units[balance] + losses - self.owed(balance, without=without))
