"""The exact twin of lending: what an account may borrow, what interest costs it, and what becomes of loans called in.

What is owed is worth its price rounded up, what stands behind it its price rounded down; rates are in parts per 10^12
and per year. Interest is rounded up and lent at once: a row pays it to the lender, another lends it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.bank import MOST_UNITS, BalanceKey
from tests.twin.book import LegKey, Order
from tests.twin.command import Command
from tests.twin.pricing import HOUR_NS, PricedMarket

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Refusal, Side
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.command import CommandKind
from shortdesk.market.open_lending import LendingTerms

RATE_ONE, YEAR_HOURS = 10**12, 8_760
ABOUT_LOANS = frozenset((CommandKind.BORROW, CommandKind.REPAY, CommandKind.RECALL))


class PoolTerms(NamedTuple):
    """A pool as the test opens it."""

    pair: int
    lender: int
    terms: LendingTerms
    reserve: int = 0
    limit: int = 0
    small: int = 0


@dataclass
class Loan:
    """What an account owes a pool, and what its lender wants back by when."""

    number: int
    account: int
    asset: int
    units: int = 0
    interest: int = 0
    opened: int = 0
    hours: int = 0
    recalled: int = 0
    recalled_by: int = 0
    recall_row: int = 0

    @property
    def owed(self) -> int:
        return self.units + self.interest


class LentMarket(PricedMarket):
    """A market with a pool for each of some assets; loans are kept by account and asset, the oldest first."""

    known = PricedMarket.known | ABOUT_LOANS
    unplaced = PricedMarket.unplaced | ABOUT_LOANS

    def __init__(self, *args: Any, pools: dict[int, PoolTerms], borrows_itself: int, **more: Any) -> None:
        super().__init__(*args, **more)
        self.pools, self.borrows_itself = pools, borrows_itself
        self.loans: dict[tuple[int, int], Loan] = {}
        self.rates: dict[int, tuple[int, int]] = {}
        if borrows_itself:
            for asset in pools:
                self._loan_for(borrows_itself, asset)

    def _loan_for(self, account: int, asset: int) -> Loan:
        return self.loans.setdefault((account, asset), Loan(len(self.loans) + 1, account, asset))

    def lent(self, asset: int) -> int:
        """What all borrowers owe a pool, interest included."""
        return sum(loan.owed for loan in self.loans.values() if loan.asset == asset)

    def lender(self, asset: int) -> BalanceKey:
        """The balance whose units are lent."""
        return (self.pools[asset].lender, asset, None)

    # ---- what stands behind a loan

    def is_base(self, asset: int) -> bool:
        """Whether the asset is the base of its pool's pair."""
        return self.money[self.pools[asset].pair].base == asset

    def has(self, account: int, asset: int) -> int:
        """Units of an asset, at least none."""
        return max(0, self.units[account, asset, None])

    def price_of_unit(self, asset: int) -> Fraction:
        """What a unit is worth in units of the quote."""
        pair = self.pools[asset].pair
        if not self.is_base(asset):
            return Fraction(1)
        return Fraction(self.seen(pair) * self.terms[pair].factor, self.money[pair].base_units)

    def backing(self, account: int, asset: int, more: int = 0, gone: tuple[int, int] = (0, 0)) -> int:
        """Worth of what stands behind a loan: both assets of the pair, on a lending market not the borrowed one."""
        pool, total = self.pools[asset], 0
        quote, base = self.terms[pool.pair].asset, self.money[pool.pair].base
        for one in (quote, base):
            if one != asset or pool.terms.counts_borrowed:
                price = self._price_in(pool.pair, one)
                total += floor((self.has(account, one) + (more if one == asset else 0)) * price)
                total -= floor(gone[1] * price) if one == gone[0] else 0
        return total

    def _price_in(self, pair: int, asset: int) -> Fraction:
        if asset != self.money[pair].base:
            return Fraction(1)
        return Fraction(self.seen(pair) * self.terms[pair].factor, self.money[pair].base_units)

    def debts(self, account: int) -> int:
        """Worth of all that an account owes."""
        owed = [loan for loan in self.loans.values() if loan.account == account]
        return sum(ceil(loan.owed * self.price_of_unit(loan.asset)) for loan in owed)

    def carries(self, account: int, asset: int, more: int = 0, gone: tuple[int, int] = (0, 0)) -> bool:
        """Whether equity is what a new loan of that pool would need, with more borrowed or units gone."""
        terms = self.pools[asset].terms
        assets = self.backing(account, asset, more, gone)
        debts = self.debts(account) + ceil(more * self.price_of_unit(asset))
        needed = ceil(debts * Fraction(terms.initial_rate)) + ceil(assets * Fraction(terms.initial_asset_rate))
        return assets - debts >= (needed if debts > 0 else 0)

    def kept(self, loan: Loan) -> int:
        """Equity at which a loan is called in."""
        terms, debts = self.pools[loan.asset].terms, self.debts(loan.account)
        if debts == 0:
            return 0
        on_assets = ceil(self.backing(loan.account, loan.asset) * Fraction(terms.asset_rate))
        return ceil(debts * Fraction(terms.debt_rate)) + on_assets

    def behind_loan(self, loan: Loan) -> int:
        """Assets less debts."""
        return self.backing(loan.account, loan.asset) - self.debts(loan.account)

    def is_loan_dead(self, loan: Loan) -> bool:
        """Whether the venue may call it in."""
        needed, equity = self.kept(loan), self.behind_loan(loan)
        at_or_below = self.pools[loan.asset].terms.trigger == Trigger.AT_OR_BELOW
        return needed != 0 and (equity <= needed if at_or_below else equity < needed)

    # ---- interest

    def yearly_rate(self, asset: int) -> int:
        """Two slopes that meet at the optimal use of the pool."""
        terms, lent = self.pools[asset].terms, self.lent(asset)
        whole = lent + max(0, self.units[self.lender(asset)])
        used = floor(Fraction(lent * RATE_ONE, whole)) if whole else 0
        lowest, first, second, bend = (
            round(Fraction(rate) * RATE_ONE) for rate in (terms.lowest, terms.slope_1, terms.slope_2, terms.optimal)
        )
        if used <= bend:
            return lowest + floor(Fraction(first * used, bend))
        return lowest + first + floor(Fraction(second * (used - bend), RATE_ONE - bend))

    def hours_of(self, asset: int, opened: int) -> int:
        """For how many hours a loan opened then has cost interest by now."""
        form, began = self.pools[asset].terms.hours, self.now // HOUR_NS - opened // HOUR_NS
        if form == HourForm.CLOCK_HOURS:
            return began + 1
        if form == HourForm.ELAPSED_HOURS:
            return began
        started = max(1, ceil(Fraction(self.now - opened, HOUR_NS)))
        return started if form == HourForm.STARTED_HOURS else 1 + ceil(Fraction(started, 4))

    def _charge(self, loan: Loan, rate: int) -> None:
        """Interest for the hours that began since the last time."""
        hours = self.hours_of(loan.asset, loan.opened)
        if hours <= loan.hours or loan.owed == 0:
            return
        hours, loan.hours = hours - loan.hours, hours
        on_interest = loan.interest if self.pools[loan.asset].terms.compounds else 0
        self._add_interest(loan, loan.units + on_interest, rate, hours)

    def _add_interest(self, loan: Loan, units: int, rate: int, hours: int) -> None:
        cost = ceil(Fraction(units * rate * hours, RATE_ONE * YEAR_HOURS))
        if cost > 0:
            mine, lender = (loan.account, loan.asset, None), self.lender(loan.asset)
            self._pay(Kind.INTEREST, mine, lender, -cost)
            self._pay(Kind.BORROW, mine, lender, cost, instrument=self.pools[loan.asset].pair)
            loan.interest += cost

    def _accrue(self) -> None:
        """The hour of the venue: all loans at the rate of their pool, and who owes more is asked."""
        self.mechanism = Mechanism.INTEREST
        for asset, pool in self.pools.items():
            if self.rates.get(asset, (-1, 0))[0] != self.now:
                self.rates[asset] = (self.now, self.yearly_rate(asset))
                venue = self.terms[pool.pair].venue
                self._row(Kind.BORROW_RATE, venue=venue, asset=asset, other=pool.lender, units=self.rates[asset][1])
            for loan in reversed(list(self.loans.values())):
                if loan.asset == asset:
                    self._charge(loan, self.rates[asset][1])
            self._mark_moved(pool.pair)

    # ---- borrowing and returning

    def _errand(self, c: Command, key: LegKey) -> Refusal:
        if c.kind not in ABOUT_LOANS:
            return super()._errand(c, key)
        if not 0 < c.instrument <= self.assets:
            return Refusal.UNKNOWN_ASSET
        if c.kind == CommandKind.BORROW:
            return self._borrow(c)
        if c.lots <= 0:
            return Refusal.BAD_SIZE
        if c.kind == CommandKind.RECALL and c.trigger_ticks < self.now:
            return Refusal.BAD_TRIGGER
        loan = self.loans.get((c.account, c.instrument))
        if loan is None or loan.owed == 0:
            return Refusal.NOTHING_OWED
        return self._repay_asked(loan, c.lots) if c.kind == CommandKind.REPAY else self._recall(loan, c)

    def _borrow(self, c: Command) -> Refusal:
        if c.lots <= 0:
            return Refusal.BAD_SIZE
        if c.lots > MOST_UNITS:
            return Refusal.SIZE_TOO_LARGE
        return self._lend(c.account, c.instrument, c.lots) if c.instrument in self.pools else Refusal.NOTHING_TO_LEND

    def _lend(self, account: int, asset: int, units: int) -> Refusal:
        """Units from the pool, with the first hour's interest where the venue charges it at once."""
        pool, loan = self.pools[asset], self.loans.get((account, asset))
        if units > self.units[self.lender(asset)] - pool.reserve:
            return Refusal.NOTHING_TO_LEND
        if 0 < pool.limit < units + (loan.owed if loan else 0):
            return Refusal.OVER_BORROW_LIMIT
        if not self.carries(account, asset, units):
            return Refusal.NOT_ENOUGH_MARGIN
        loan = self._loan_for(account, asset)
        if loan.owed:
            self._charge(loan, self.yearly_rate(asset))
        else:
            loan.opened, loan.hours = self.now, self.hours_of(asset, self.now)
        self._pay(Kind.BORROW, (account, asset, None), self.lender(asset), units, instrument=pool.pair)
        loan.units += units
        self._add_interest(loan, units, self.yearly_rate(asset), self.hours_of(asset, self.now))
        return Refusal.NONE

    def _repay_asked(self, loan: Loan, units: int) -> Refusal:
        """Not more than is owed; interest that falls due now is returned where it is there too."""
        mine: BalanceKey = (loan.account, loan.asset, None)
        if not self.can_leave(mine, min(units, loan.owed)):
            return Refusal.NOT_ENOUGH_BALANCE
        self._charge(loan, self.yearly_rate(loan.asset))
        units = min(units, loan.owed)
        self._repay(loan, units if self.can_leave(mine, units) else min(units, loan.units))
        return Refusal.NONE

    def _repay(self, loan: Loan, units: int) -> None:
        """Interest first."""
        if units <= 0:
            return
        mine, pool = (loan.account, loan.asset, None), self.pools[loan.asset]
        self._pay(Kind.REPAY, mine, self.lender(loan.asset), -units, instrument=pool.pair)
        first = min(units, loan.interest)
        loan.interest, loan.units = loan.interest - first, loan.units - (units - first)
        loan.recalled = max(0, loan.recalled - units)

    def _keeps(self, wallet: BalanceKey, units: int) -> Refusal:
        """What leaves must leave the loans covered."""
        account, asset, _ = wallet
        owing = [loan for loan in self.loans.values() if loan.account == account and loan.owed]
        carried = all(self.carries(account, loan.asset, gone=(asset, units)) for loan in owing)
        return super()._keeps(wallet, units) or (Refusal.NONE if carried else Refusal.NOT_ENOUGH_MARGIN)

    # ---- who borrows of itself

    def _lacks(self, balance: BalanceKey, cost: int, without: Order | None) -> bool:
        """What a spot order lacks is borrowed, where the account does so of itself and may."""
        account, asset, _ = balance
        if not super()._lacks(balance, cost, without):
            return False
        if account != self.borrows_itself or asset not in self.pools:
            return True
        return self._lend(account, asset, cost - self.spare(balance, without)) != Refusal.NONE

    def _settle(self, taker: Order, maker: Order, price: int, lots: int) -> None:
        """What a spot fill brought goes back where the account returns loans of itself, the base before the quote."""
        super()._settle(taker, maker, price, lots)
        number = taker.leg[1]
        base = self.money[number].base
        if not base:
            return
        buyer, seller = (taker, maker) if taker.side == Side.BUY else (maker, taker)
        rate = self.money[number].taker if seller is taker else self.money[number].maker
        fee = ceil(lots * price * self.terms[number].factor * rate)
        came = {
            (buyer.leg[0], base): lots * self.money[number].base_units,
            (seller.leg[0], self.terms[number].asset): lots * price * self.terms[number].factor - fee,
        }
        for (account, asset), units in came.items():
            loan = self.loans.get((account, asset))
            if account == self.borrows_itself and loan and loan.owed:
                self._charge(loan, self.yearly_rate(asset))
                self._repay(loan, min(loan.owed, units, self.has(account, asset)))

    def _recall(self, loan: Loan, c: Command) -> Refusal:
        loan.recalled, loan.recalled_by = min(c.lots, loan.owed), c.trigger_ticks
        self._say_recall(loan)
        return Refusal.NONE

    def _say_recall(self, loan: Loan) -> None:
        pool = self.pools[loan.asset]
        loan.recall_row = self._row(
            Kind.RECALL, venue=self.terms[pool.pair].venue, asset=loan.asset, account=loan.account, other=pool.lender,
            units=loan.recalled,
        )  # fmt: skip
