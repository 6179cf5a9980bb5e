"""The two kinds of short that are held: a perpetual with its wallet, and a borrowed coin that was sold.

Both are values. Whatever happens to one (funding, interest, added margin, new rules) gives the next one, and both
answer the same questions on the grid of ``study.hold_grid``, asked of the margin rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from shortdesk.ground.exact import mul_div_up
from shortdesk.margin.borrow import HourForm, charged_hours, interest, loan_risk
from shortdesk.margin.contract import Contract
from shortdesk.margin.funding import funding_paid
from shortdesk.margin.position import Position, entry_value, unrealised, value_at
from shortdesk.margin.requirement import chosen_tier, position_risk
from shortdesk.margin.risk import Risk, is_liquidatable
from shortdesk.margin.solve import bankruptcy_ticks, liquidation_ticks

__all__ = ["HOURS", "LoanShort", "PerpShort", "Short"]

HOURS = {"clock_hours": HourForm.CLOCK_HOURS, "started_hours": HourForm.STARTED_HOURS}
"""How a sheet says hours are counted, and the rule that counts them so."""

_HIGHEST = 10**15
"""No price above this is searched, in quote per base."""


@dataclass(frozen=True, slots=True)
class PerpShort:
    """A short perpetual: the contract of the day, the position, the wallet behind it, the chosen leverage."""

    contract: Contract
    position: Position
    wallet: int
    leverage_x100: int

    @property
    def trigger(self) -> int:
        """As the venue's sheet says."""
        return self.contract.terms.trigger

    def risk(self, ticks: int) -> Risk:
        """Equity and maintenance at a price."""
        contract = self.contract
        return position_risk(
            contract.terms,
            contract.tiers,
            0,
            len(contract.tiers),
            contract.form,
            contract.factor,
            self.position,
            self.wallet,
            self.leverage_x100,
            ticks,
        )

    def liquidation(self) -> int:
        """The first price at which it is liquidated; ``NO_PRICE`` where there is none."""
        contract = self.contract
        return liquidation_ticks(
            contract.terms,
            contract.tiers,
            0,
            len(contract.tiers),
            contract.form,
            contract.factor,
            self.position,
            self.wallet,
            self.leverage_x100,
            int(_HIGHEST / contract.scale.tick),
        )

    def bankruptcy(self) -> int:
        """The first price at which nothing is left; ``NO_PRICE`` where there is none."""
        return bankruptcy_ticks(self.contract.form, self.contract.factor, self.position, self.wallet)

    def profit(self, ticks: int) -> int:
        """What the price has earned since the entry."""
        return unrealised(self.contract.form, self.contract.factor, self.position, ticks)

    def worth(self, ticks: int) -> int:
        """The position's worth at a price."""
        return value_at(self.contract.form, self.contract.factor, self.position.lots, ticks)

    def interest(self, ticks: int) -> int:
        """None is owed on a perpetual."""
        return 0

    def is_called(self, ticks: int) -> bool:
        """The sheets know no margin call on a perpetual."""
        return False

    def funding(self, rate: int, rate_one: int, ticks: int) -> int:
        """What the short receives at a funding instant; negative when it pays."""
        contract = self.contract
        return -funding_paid(contract.form, contract.factor, self.position.lots, ticks, rate, rate_one)

    def tier(self, ticks: int) -> int:
        """The number of the tier that binds at a price, from 1."""
        contract = self.contract
        entered = entry_value(self.position)
        count = len(contract.tiers)
        lots = self.position.lots
        return chosen_tier(contract.terms, contract.tiers, 0, count, lots, entered, self.worth(ticks)) + 1

    def with_wallet(self, wallet: int) -> PerpShort:
        """The same short with another wallet behind it."""
        return replace(self, wallet=wallet)

    def under(self, contract: Contract) -> PerpShort:
        """The same short under other rules."""
        return replace(self, contract=contract)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanShort:
    """A borrowed coin that was sold at ``entry_ticks``. Coins are lots, ``factor`` units are one lot at one tick.

    ``maintenance`` is the rate on the debt, ``call_level`` assets over debts at which margin is called for.
    ``rate`` is interest per hour, simple, on the coins borrowed.
    """

    factor: int
    entry_ticks: int
    borrowed: int
    wallet: int
    maintenance: Fraction
    trigger: int
    rate: Fraction
    hours: str
    opened_nanos: int
    call_level: Fraction | None = None
    owed: int = 0
    """Interest in coins."""

    @property
    def assets(self) -> int:
        """The wallet and the proceeds of the sale."""
        return self.wallet + self.borrowed * self.entry_ticks * self.factor

    def risk(self, ticks: int) -> Risk:
        """Equity and maintenance at a price."""
        rate = self.maintenance
        debt = self.borrowed + self.owed
        return loan_risk(0, self.assets, debt, 0, self.factor, ticks, rate.numerator, 0, 0, rate.denominator)

    def liquidation(self) -> int:
        """The first price at which it is liquidated."""
        guess = self.assets / (1 + self.maintenance) / ((self.borrowed + self.owed) * self.factor)
        ticks = max(1, guess.numerator // guess.denominator)
        while is_liquidatable(self.risk(ticks), self.trigger):
            ticks -= 1
        while not is_liquidatable(self.risk(ticks), self.trigger):
            ticks += 1
        return ticks

    def bankruptcy(self) -> int:
        """The first price at which the debt takes all assets."""
        return -(-self.assets // ((self.borrowed + self.owed) * self.factor))

    def profit(self, ticks: int) -> int:
        """What the price has earned since the sale, without interest."""
        return self.borrowed * self.factor * (self.entry_ticks - ticks)

    def worth(self, ticks: int) -> int:
        """What the borrowed coins cost at a price."""
        return self.borrowed * self.factor * ticks

    def interest(self, ticks: int) -> int:
        """The interest owed, valued at a price."""
        return self.owed * self.factor * ticks

    def is_called(self, ticks: int) -> bool:
        """Whether assets over debts have come down to the call level."""
        if self.call_level is None:
            return False
        return self.assets <= self.call_level * (self.borrowed + self.owed) * self.factor * ticks

    def accrued(self, now_nanos: int) -> LoanShort:
        """With interest for the hours up to the last instant before ``now_nanos``."""
        if self.hours == "exact":
            hour = 3_600_000_000_000
            owed = mul_div_up(
                self.borrowed, self.rate.numerator * (now_nanos - self.opened_nanos), self.rate.denominator * hour
            )
        else:
            hours = charged_hours(HOURS[self.hours], self.opened_nanos, now_nanos - 1)
            owed = interest(self.borrowed, self.rate.numerator, self.rate.denominator, hours)
        return replace(self, owed=owed)

    def with_wallet(self, wallet: int) -> LoanShort:
        """The same short with another wallet beside it."""
        return replace(self, wallet=wallet)


Short: TypeAlias = PerpShort | LoanShort
"""A short that is held."""
