"""The exact twin of loans that are called in: a recall's buy-in, and the sale and repayment of an account that died.

The account's orders are withdrawn, what it lacks is bought in the book of everybody (or its base sold, where the quote
is owed), what came is returned, and a minus has its payers.
"""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

from tests.twin.bank import BalanceKey
from tests.twin.book import Order
from tests.twin.command import Command
from tests.twin.lending import LentMarket, Loan

from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.ground.order import OrderKind, Refusal, Side, TimeInForce, Withdrawn
from shortdesk.market.command import CommandKind


class Called(NamedTuple):
    """A loan that waits to be called in, why, and since which row."""

    loan: Loan
    why: Mechanism
    since: int


class CallingMarket(LentMarket):
    """A market that calls loans in. ``called`` wait for it, the last first."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.called: list[Called] = []

    def _run_venue(self, c: Command) -> Refusal:
        if c.kind == CommandKind.ACCRUE:
            if c.instrument not in {one.venue for one in self.terms.values()}:
                return Refusal.UNKNOWN_INSTRUMENT
            self._accrue()
            return Refusal.NONE
        if c.kind == CommandKind.BUY_IN:
            return self._call_in(c)
        return super()._run_venue(c)

    def _call_in(self, c: Command) -> Refusal:
        """A recalled loan's time is up."""
        if self._venue_of(c.account) < 0:
            return Refusal.UNKNOWN_ACCOUNT
        loan = self.loans.get((c.account, c.instrument))
        if loan is None or loan.owed == 0 or loan.recalled == 0:
            return Refusal.NOTHING_OWED
        if self.now < loan.recalled_by:
            return Refusal.BAD_TRIGGER
        self.called.append(Called(loan, Mechanism.RECALL, loan.recall_row))
        return Refusal.NONE

    def _ask_everybody(self, number: int) -> None:
        """After the balances the loans, the newest of each pool first; all loans of a dead account are called in."""
        super()._ask_everybody(number)
        for asset, pool in self.pools.items():
            for loan in reversed(list(self.loans.values())):
                if pool.pair == number and loan.asset == asset and self.is_asked(loan) and self.is_loan_dead(loan):
                    self._call_all(loan.account)

    def is_asked(self, loan: Loan) -> bool:
        """Whether the venue itself looks after a loan."""
        return loan.owed > 0

    def _call_all(self, account: int) -> None:
        for loan in reversed(list(self.loans.values())):
            if loan.account == account and loan.owed and loan not in [called.loan for called in self.called]:
                self.called.append(Called(loan, Mechanism.LIQUIDATION, self.cause))

    def _treat_somebody(self) -> bool:
        """Loans come before balances, the one that was called in last first."""
        if not self.called:
            return super()._treat_somebody()
        self._treat_loan(self.called[-1])
        self.called.pop()
        return True

    def _treat_loan(self, called: Called) -> None:
        loan, why, since = called
        self.cause, self.mechanism = since, why
        is_dead = why == Mechanism.LIQUIDATION
        if is_dead and not self.is_loan_dead(loan):
            return
        pair = self.pools[loan.asset].pair
        quote: BalanceKey = (loan.account, self.terms[pair].asset, None)
        self._cancel_all(loan.account, 0, Withdrawn.BY_LIQUIDATION)
        self._charge(loan, self.yearly_rate(loan.asset))
        if is_dead:
            since = self.cause = self._row(
                Kind.LIQUIDATION_START, venue=self.terms[pair].venue, instrument=pair, asset=quote[1],
                account=loan.account, price=self.seen(pair), units=self.kept(loan), code=self.rules.form,
            )  # fmt: skip
        self._buy_or_sell(loan, why, pair)
        self.cause = since
        self._repay(loan, min(self._wanted(loan, why), self.has(loan.account, loan.asset)))
        if self.units[quote] < 0:
            self._pay_minus(quote, pair)
        if is_dead:
            self._pay_for_nothing_left(loan, pair)
            state = RiskState.LIQUIDATING if self.is_loan_dead(loan) else RiskState.SAFE
            self._row(
                Kind.LIQUIDATION_END, venue=self.terms[pair].venue, instrument=pair, asset=quote[1],
                account=loan.account, units=self.behind_loan(loan), code=state,
            )  # fmt: skip
        elif loan.recalled:
            self._say_recall(loan)

    def _wanted(self, loan: Loan, why: Mechanism) -> int:
        """What is to be returned now."""
        return min(loan.recalled, loan.owed) if why == Mechanism.RECALL else loan.owed

    def _buy_or_sell(self, loan: Loan, why: Mechanism, pair: int) -> None:
        """The forced market order for what the account lacks."""
        lacking = self._wanted(loan, why) - self.has(loan.account, loan.asset)
        if lacking <= 0:
            return
        key = (loan.account, pair, 0)
        if key not in self.legs:
            self._open_leg(key)
        lots = self._lots_for(loan, why, lacking, pair)
        if lots == 0 or pair in self.halted:
            return
        side = Side.BUY if self.is_base(loan.asset) else Side.SELL
        said = {"venue": self.terms[pair].venue, "instrument": pair, "account": loan.account, "order": loan.number}
        signed = lots if side == Side.BUY else -lots
        if why == Mechanism.RECALL:
            self.cause = self._row(Kind.BUY_IN, **said, lots=signed)
        else:
            self.cause = self._row(Kind.LIQUIDATION_STEP, **said, lots=signed, code=1)
            self.treated = self.behind[key]
        self.is_forced = True
        self._enter(
            Order(key, loan.number, side, 0, lots, mechanism=why, kind=OrderKind.MARKET, time_in_force=TimeInForce.IOC)
        )
        self.is_forced, self.treated = False, None

    def _lots_for(self, loan: Loan, why: Mechanism, lacking: int, pair: int) -> int:
        """Enough to return the base; of what is held, enough at the mark for a recall of the quote, else all."""
        per_lot = self.money[pair].base_units
        if self.is_base(loan.asset):
            return ceil(Fraction(lacking, per_lot))
        held = self.has(loan.account, self.money[pair].base) // per_lot
        if why == Mechanism.LIQUIDATION:
            return held
        return min(held, ceil(Fraction(lacking, self.seen(pair) * self.terms[pair].factor)))

    def _pay_for_nothing_left(self, loan: Loan, pair: int) -> None:
        """A debt with nothing behind it: the fund pays it as far as it has the asset, then the deficit account."""
        if loan.owed == 0 or self.backing(loan.account, loan.asset) > 0:
            return
        venue, mine, owed = self.terms[pair].venue, (loan.account, loan.asset, None), loan.owed
        fund, deficit = ((self.purses[venue, purse], loan.asset, None) for purse in ("insurance", "deficit"))
        paid = min(owed, max(0, self.units[fund]))
        if paid:
            self._pay(Kind.INSURANCE_OUT, mine, fund, paid, instrument=pair)
        if owed > paid:
            self._pay(Kind.DEFICIT, mine, deficit, owed - paid, instrument=pair)
        self._repay(loan, owed)
