"""The exact twin of seizing: anyone repays a part of a dead account's debt and takes its collateral with a bonus."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

from tests.twin.book import LegKey
from tests.twin.buy_in import CallingMarket
from tests.twin.command import Command
from tests.twin.lending import Loan

from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.command import CommandKind

BPS = 10_000


class Taken(NamedTuple):
    """What one call moves."""

    debt: int
    collateral: int
    fee: int


class WholeMarket(CallingMarket):
    """A market in which everything can happen."""

    known = CallingMarket.known | {CommandKind.SEIZE}
    unplaced = CallingMarket.unplaced | {CommandKind.SEIZE}

    def is_asked(self, loan: Loan) -> bool:
        """Where anyone may seize, somebody has to come."""
        return self.rules.form != LiquidationForm.ANYONE_WITH_BONUS and super().is_asked(loan)

    def _errand(self, c: Command, key: LegKey) -> Refusal:
        return self._seize(c) if c.kind == CommandKind.SEIZE else super()._errand(c, key)

    def _seize(self, c: Command) -> Refusal:
        if not 0 < c.instrument <= self.assets:
            return Refusal.UNKNOWN_ASSET
        if self._venue_of(c.client_id) < 0 or c.client_id == c.account:
            return Refusal.UNKNOWN_ACCOUNT
        if c.lots <= 0:
            return Refusal.BAD_SIZE
        loan = self.loans.get((c.client_id, c.instrument))
        if loan is None or loan.owed == 0:
            return Refusal.NOTHING_OWED
        if not self.is_loan_dead(loan):
            return Refusal.NOT_LIQUIDATABLE
        taken = self._taken(loan, c.lots)
        if taken.collateral - taken.fee <= 0:
            return Refusal.BAD_SIZE
        if not self.can_leave((c.account, c.instrument, None), taken.debt):
            return Refusal.NOT_ENOUGH_BALANCE
        self._move_seized(loan, c.account, taken)
        return Refusal.NONE

    def _collateral(self, loan: Loan) -> int:
        """The other asset of the pool's pair."""
        pair = self.pools[loan.asset].pair
        return self.terms[pair].asset if self.is_base(loan.asset) else self.money[pair].base

    def _taken(self, loan: Loan, wanted: int) -> Taken:
        """Collateral worth the debt and the bonus, as far as it is there; then the debt is what it buys."""
        pool = self.pools[loan.asset]
        backing, debts, terms = self.backing(loan.account, loan.asset), self.debts(loan.account), pool.terms
        is_small = backing < pool.small or debts < pool.small
        is_ill = backing * (1 - Fraction(terms.asset_rate)) <= debts * Fraction(terms.full_below)
        most = loan.owed if is_small or is_ill else floor(Fraction(loan.owed * terms.close_bps, BPS))
        other, debt = self._collateral(loan), min(wanted, most)
        price = self._price_in(pool.pair, loan.asset) / self._price_in(pool.pair, other)
        taken, there = floor(Fraction(floor(debt * price) * terms.bonus_bps, BPS)), self.has(loan.account, other)
        if taken > there:
            taken, debt = there, ceil(Fraction(ceil(there / price) * BPS, terms.bonus_bps))
        bonus = taken - floor(Fraction(taken * BPS, terms.bonus_bps))
        return Taken(debt, taken, ceil(Fraction(bonus * terms.protocol_fee_bps, BPS)))

    def _move_seized(self, loan: Loan, liquidator: int, taken: Taken) -> None:
        """The debt is returned in the debtor's name; the venue has a part of the bonus."""
        pair, other = self.pools[loan.asset].pair, self._collateral(loan)
        venue = self.terms[pair].venue
        self._charge(loan, self.yearly_rate(loan.asset))
        self.cause = self._row(
            Kind.LIQUIDATION_STEP, venue=venue, instrument=pair, account=loan.account, price=self.seen(pair), code=1
        )
        self._pay(Kind.TRANSFER, (loan.account, loan.asset, None), (liquidator, loan.asset, None), taken.debt)
        self._repay(loan, taken.debt)
        behind, fees = (loan.account, other, None), (self.purses[venue, "fees"], other, None)
        self._pay(Kind.SEIZED, behind, (liquidator, other, None), taken.fee - taken.collateral)
        if taken.fee:
            self._pay(Kind.LIQUIDATION_FEE, behind, fees, -taken.fee, instrument=pair)
        self._pay_for_nothing_left(loan, pair)
