"""The exact twin of coins as collateral: what they add to a wallet, when they may go, who takes them for a minus.

A leg of an accepted pair has a "profit" of what its coins count for, so a wallet's equity is a sum as before. How many
may go is found by trying: the fewest that have to stay are looked for among all.
"""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from math import ceil, floor
from typing import Any, NamedTuple

from tests.twin.bank import BalanceKey
from tests.twin.book import LegKey, Order
from tests.twin.covers import Case
from tests.twin.seizing import WholeMarket

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, Refusal, Side


class CoinTerms(NamedTuple):
    """What a pair's base counts for behind its quote, and what the venue takes it at."""

    haircut: Fraction
    exchange: Fraction


class CoinMarket(WholeMarket):
    """A market in which coins stand behind wallets."""

    def __init__(self, *args: Any, coins: dict[int, CoinTerms], owners_of_coins: list[int], **more: Any) -> None:
        super().__init__(*args, **more)
        self.coins = coins
        self.collateral: dict[BalanceKey, LegKey] = {}
        """The leg by which coins stand behind a wallet, by the coins' balance."""
        for number in coins:
            for purse in ("insurance", "deficit"):
                for asset in (self.terms[number].asset, self.money[number].base):
                    self._open_balance((self.purses[1, purse], asset, None))
        for account in owners_of_coins:
            for number in coins:
                key = (account, number, 0)
                self._open_leg(key)
                coin = (account, self.money[number].base, None)
                self._open_balance(coin)
                self.collateral[coin] = key
                self._touch(self.behind[key])
                self.seq += 1  # a SETTING row says so

    # ---- what coins count for

    def worth_of(self, key: LegKey, units: int) -> int:
        """At the pair's mark; nothing before the first."""
        terms = self.terms[key[1]]
        return floor(Fraction(units * self.mark[key[1]] * terms.factor, self.money[key[1]].base_units))

    def counted(self, key: LegKey, units: int) -> int:
        """After the haircut, which is rounded up."""
        whole = self.worth_of(key, units)
        return whole - ceil(whole * self.coins[key[1]].haircut)

    def free_coins(self, key: LegKey, without: Order | None = None) -> int:
        """What the account has and does not offer for sale."""
        account, base = key[0], self.money[key[1]].base
        offered = sum(
            order.left * self.money[leg[1]].base_units
            for leg in self.legs
            if leg[0] == account and self.terms[leg[1]].form == Form.SPOT and self.money[leg[1]].base == base
            for order in self.promised(leg, Side.SELL, without)
        )
        return self.units[account, base, None] - offered

    def profit(self, key: LegKey) -> int:
        """Of a leg whose coins are collateral: what they count for."""
        if key in self.collateral.values():
            return self.counted(key, max(0, self.free_coins(key)))
        return super().profit(key)

    def spare(self, balance: BalanceKey, without: Order | None = None) -> int:
        """Coins may go as far as their wallet is covered without them; they never let cash go."""
        spare = super().spare(balance, without)
        if balance not in self.collateral:
            return spare
        key = self.collateral[balance]
        wallet, free = self.behind[key], self.free_coins(key, without)
        legs = [leg for leg, behind in self.behind.items() if behind == wallet]
        coins = [leg for leg in legs if leg in self.collateral.values()]
        left = self.units[wallet] - self.owed(wallet, without=without)
        left += sum(min(0, self.profit(leg)) for leg in legs)
        left += sum(self.counted(leg, max(0, self.free_coins(leg, without))) for leg in coins)
        must_count = self.counted(key, max(0, free)) - max(0, left)
        if must_count <= 0:
            return min(spare, free)
        stays = bisect_left(range(free + 1), must_count, key=lambda units: self.counted(key, units))
        return min(spare, free - stays)

    # ---- when a wallet is asked

    def _touch(self, balance: BalanceKey) -> None:
        super()._touch(self.behind[self.collateral[balance]] if balance in self.collateral else balance)

    def _admits(self, order: Order, lots: int, instead_of: Order | None = None) -> Refusal:
        """Coins that are offered no longer count."""
        refusal = super()._admits(order, lots, instead_of)
        terms = self.terms[order.leg[1]]
        is_asked = terms.form == Form.SPOT and order.side == Side.SELL and not order.flags & OrderFlag.REDUCE_ONLY
        coin = (order.leg[0], self.money[order.leg[1]].base, None)
        if refusal == Refusal.NONE and is_asked and coin in self.collateral:
            self._touch(coin)
        return refusal

    # ---- a minus

    def _ask(self, balance: BalanceKey) -> None:
        is_open = any(self.positions[key].lots for key in self.legs_behind(balance))
        is_traders = balance not in self.cases and balance[0] not in self.purses.values()
        if is_traders and not is_open and self.units[balance] < 0 and self._pay_with_coins(balance, -1):
            return
        super()._ask(balance)

    def _pay_out(self, balance: BalanceKey, case: Case) -> None:
        number = case.leg[1] if case.leg else -1
        if self.units[balance] < 0:
            self._pay_with_coins(balance, number)
        super()._pay_out(balance, case)

    def _pay_with_coins(self, balance: BalanceKey, number: int) -> bool:
        """The fund pays if it has the units, else the deficit account; of each kind in proportion to its worth."""
        keys = [key for key in self.legs_behind(balance) if key in self.collateral.values()]
        pays = {key: self._pays(key) for key in keys}
        total = sum(pays.values())
        minus = min(total, -self.units[balance])
        if minus <= 0:
            return False
        fund, deficit = (self.purses[self._venue_of(balance[0]), name] for name in ("insurance", "deficit"))
        purse = fund if self.units[fund, balance[1], None] >= minus else deficit
        for key in keys:
            if minus <= 0:
                break
            part = ceil(Fraction(minus * pays[key], total))
            total, minus = total - pays[key], minus - part
            if part:
                self._exchange(balance, key, purse, part, number)
        return True

    def _pays(self, key: LegKey) -> int:
        return floor(self.worth_of(key, max(0, self.free_coins(key))) * self.coins[key[1]].exchange)

    def _exchange(self, balance: BalanceKey, key: LegKey, purse: int, part: int, number: int) -> None:
        terms, costs, mark = self.terms[key[1]], self.money[key[1]], self.mark[key[1]]
        taken = max(0, self.free_coins(key))
        if part < self._pays(key):
            needed = ceil(part / self.coins[key[1]].exchange)
            taken = min(taken, ceil(Fraction(needed * costs.base_units, mark * terms.factor)))
        self._pay(Kind.COLLATERAL, balance, (purse, balance[1], None), part, instrument=number)
        self._pay(
            Kind.COLLATERAL, (key[0], costs.base, None), (purse, costs.base, None), -taken,
            instrument=key[1], price=mark,
        )  # fmt: skip
