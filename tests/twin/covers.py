"""The exact twin of who bears what a liquidation leaves: the fund, the winners on the other side, the deficit account.

Winners are ranked as their venue says (profit times leverage, return times margin ratio, price move times leverage,
or drawn by a key), in millionths to the nearest; what they bear is rounded up against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from tests.twin.bank import BalanceKey, nearest, worth
from tests.twin.book import LegKey
from tests.twin.money import MoneyMarket

from shortdesk.ground.draw import Purpose, draw_below
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.margin.liquidation import AdlRank
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.open_market import LiquidationTerms

MOST_LEVERAGE = 10**6
"""Nobody's equity ranks as smaller than this part of the position's worth."""


@dataclass
class Case:
    """A liquidation under way: the row that began it, its steps so far, and who took the last lots of the last."""

    since: int
    has_begun: bool = False
    step: int = 0
    idle: int = 0
    leg: LegKey | None = None
    taken_by: Cover = Cover.NOBODY


class CoveringMarket(MoneyMarket):
    """What the book does not close, and what nobody has."""

    rules = LiquidationTerms()
    one_units: dict[int, int] = {}  # noqa: RUF012 - the smallest wallet that counts, by asset; given by the test

    def equity(self, balance: BalanceKey) -> int:
        """Units and paper profits of the positions they stand behind."""
        return self.units[balance] + sum(self.profit(key) for key in self.legs_behind(balance))

    def legs_behind(self, balance: BalanceKey) -> list[LegKey]:
        """The legs of a balance, the one that joined it last first."""
        return [key for key in reversed(self.behind) if self.behind[key] == balance]

    def number_of(self, key: LegKey) -> int:
        """Legs are numbered as they are opened."""
        return [*self.legs].index(key) + 1

    def _cover(self, balance: BalanceKey, case: Case, key: LegKey, lots: int, price: int) -> None:
        """Let the covers take lots off a dead balance, in the venue's order."""
        for cover in self.rules.cover:
            before = lots
            if cover == Cover.INSURANCE and self._fund_can_take(balance):
                self._take_over(key, lots, price, "insurance")
                lots = 0
            elif cover == Cover.DEFICIT:
                self._take_over(key, lots, self.seen(key[1]), "deficit")
                lots = 0
            elif cover == Cover.ADL:
                while lots and (winner := self._first_winner(key)):
                    lots -= self._deleverage(key, winner, lots, price)
            if lots != before:
                case.taken_by = cover
            if lots == 0:
                return

    def _fund_can_take(self, balance: BalanceKey) -> bool:
        """With all it took before it could pay at the marks what the dead balance lacks."""
        fund = (self.purses[self._venue_of(balance[0]), "insurance"], balance[1], None)
        return self.equity(fund) + min(0, self.equity(balance)) >= 0

    def _take_over(self, key: LegKey, lots: int, price: int, purse: str) -> None:
        account, number, _ = key
        venue, signed = self.terms[number].venue, lots if self.positions[key].lots > 0 else -lots
        holder, before = self.purses[venue, purse], self.cause
        self.cause = self._row(
            Kind.TAKEOVER, venue=venue, instrument=number, account=account, other=holder, price=price, lots=signed
        )
        theirs = (holder, number, 0)
        if theirs not in self.legs:
            self._open_leg(theirs)
        self._move_apart(key, -signed, price)
        self._move_apart(theirs, signed, price)
        self._unwind_later(self.behind[theirs], self.cause)
        self.cause = before

    def _unwind_later(self, purse: BalanceKey, row: int) -> None:
        """What a purse does with a position that it took over."""

    def _move_apart(self, key: LegKey, lots: int, price: int) -> None:
        """A position moves without an order."""
        self.held[key] += lots
        self._move(key, lots, price)

    # ---- winners

    def is_winner(self, key: LegKey, number: int) -> bool:
        """Whether this is a trader's open leg in the instrument, and nobody who is being liquidated."""
        is_trader = key[0] not in self.purses.values()
        return (
            is_trader
            and key[1] == number
            and self.positions[key].lots != 0
            and not self.is_liquidating(self.behind[key])
        )

    def _first_winner(self, loser: LegKey) -> LegKey | None:
        """The highest score on the other side; the lowest leg number among equals."""
        is_long = self.positions[loser].lots > 0
        scores = {
            key: self.score(key, loser)
            for key in self.legs
            if self.is_winner(key, loser[1]) and (self.positions[key].lots > 0) != is_long
        }
        best = max(scores.values(), default=0)
        return next(key for key in scores if scores[key] == best) if best > 0 else None

    def score(self, key: LegKey, loser: LegKey) -> int:
        """A winner's rank in millionths by the venue's formula."""
        rank, terms, position = self.rules.adl_rank, self.terms[key[1]], self.positions[key]
        if rank == AdlRank.NONE:
            return 0
        if rank == AdlRank.PSEUDORANDOM:
            return 1 + int(draw_below(1 << 32, self.now, self.number_of(loser), Purpose.ADL, self.number_of(key)))
        now, entered = worth(terms, position.lots, self.seen(key[1])), position.entry(abs(position.lots))
        profit, smallest = self.profit(key), self.one_units[terms.asset]
        wallet = max(self.units[self.behind[key]], smallest + now // MOST_LEVERAGE - profit)
        equity = wallet + profit
        if rank == AdlRank.PRICE_MOVE_TIMES_LEVERAGE:
            rose = Fraction(max(1, now), max(1, entered))
            if terms.form == Form.INVERSE:
                rose = 1 / rose
            move = nearest(10**6 * (rose if position.lots > 0 else 1 / rose))
            return nearest(Fraction(move * now, equity))
        if profit <= 0:
            return 0
        against = (
            max(smallest, wallet) if rank == AdlRank.PROFIT_TIMES_LEVERAGE else self.initial_of(key, position.lots)
        )
        return nearest(Fraction(nearest(Fraction(profit * 10**6, against)) * self.maintenance(key), equity))

    def _deleverage(self, loser: LegKey, winner: LegKey, lots: int, bankruptcy: int) -> int:
        """Close a winner against the loser, without the book; how many lots that took."""
        number, terms = loser[1], self.terms[loser[1]]
        price = self.seen(number) if self.rules.adl_price == AdlPrice.MARK else bankruptcy
        closed = min(lots, abs(self.positions[winner].lots))
        signed = closed if self.positions[loser].lots > 0 else -closed
        before, was, self.mechanism = self.cause, self.mechanism, Mechanism.ADL
        self.cause = self._row(
            Kind.ADL, venue=terms.venue, instrument=number, asset=terms.asset, account=winner[0], other=loser[0],
            price=price, lots=signed, units=worth(terms, closed, price),
        )  # fmt: skip
        self._move_apart(loser, -signed, price)
        self._move_apart(winner, signed, price)
        self.cause, self.mechanism = before, was
        return closed

    # ---- a minus

    def _pay_minus(self, balance: BalanceKey, number: int) -> None:
        """Its payers in the venue's order; what none of them bears stands on the deficit account."""
        account, asset, _ = balance
        venue = self._venue_of(account)
        for cover in self.rules.cover:
            if cover == Cover.INSURANCE:
                fund = (self.purses[venue, "insurance"], asset, None)
                paid = min(-self.units[balance], max(0, self.units[fund]))
                if paid > 0:
                    self._pay(Kind.INSURANCE_OUT, balance, fund, paid, instrument=number)
            elif cover == Cover.LOSS_SHARING:
                self._share_minus(balance, number)
            if self.units[balance] >= 0:
                return
        deficit = (self.purses[venue, "deficit"], asset, None)
        self._pay(Kind.DEFICIT, balance, deficit, -self.units[balance], instrument=number)

    def _share_minus(self, balance: BalanceKey, number: int) -> None:
        """Each winner bears the part that its profit is of all profits, and all together no more than these."""
        profits = {key: max(0, self.profit(key)) for key in self.legs if self.is_winner(key, number)}
        left = sum(profits.values())
        for key, profit in profits.items():
            if self.units[balance] >= 0 or left == 0:
                return
            if profit:
                part = ceil(Fraction(min(-self.units[balance], left) * profit, left))
                left -= profit
                self._pay(Kind.LOSS_SHARE, self.behind[key], balance, -part, instrument=number)
