"""A World with money and its twin, opened alike: two perpetuals and a spot pair on one venue, five traders."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from tests.twin.account import AccountTerms
from tests.twin.bank import AccountMoney, BalanceKey, MoneyTerms, TierTerms
from tests.twin.command import Command
from tests.twin.compare import SMALL, Differs, Pair, columns
from tests.twin.lending import PoolTerms
from tests.twin.pricing import Pricing
from tests.twin.seizing import WholeMarket
from tests.twin.venues import Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.sheet import MarginRules
from shortdesk.ground.tiers import TierRow
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.margin.risk import Trigger
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom
from shortdesk.market.ladder import DUE
from shortdesk.market.note import Detail
from shortdesk.market.open_lending import open_lending, set_auto_borrow
from shortdesk.market.open_market import (
    FEE_ONE,
    LiquidationTerms,
    open_account,
    open_asset,
    open_instrument,
    open_venue,
)
from shortdesk.market.open_pricing import open_pricing
from shortdesk.market.tables import Shelf, clock_of, venue_at
from shortdesk.market.world import World

DOLLARS, COINS = 1, 2
DIGITS = {DOLLARS: 2, COINS: 6}
CENT, SATOSHI = Fraction(1, 100), Fraction(1, 10**6)
LINEAR, INVERSE, SPOT = 1, 2, 3
ROWS = {
    LINEAR: (
        ("0", "20000", "5", "0.01", "0"),
        ("20000", "60000", "4", "0.015", "100"),
        ("60000", "150000", "2", "0.02", "400"),
    ),
    INVERSE: (("0", "3", "5", "0.01", "0"), ("3", "8", "4", "0.02", "0.03")),
}  # fmt: skip
"""Tiers: floor, cap, largest leverage, maintenance rate, deduction; in dollars and in coins."""
PURSES = ("clearing", "fees", "insurance", "deficit", "outside")
FUND = 3
OWNERS = {
    6: AccountMoney(500), 7: AccountMoney(300), 8: AccountMoney(400, is_isolated=True), 9: AccountMoney(500),
    10: AccountMoney(250, is_isolated=True),
}  # fmt: skip
ACCOUNTS = {
    6: AccountTerms(1), 7: AccountTerms(1, cancels_on_disconnect=True), 8: AccountTerms(1),
    9: AccountTerms(1, is_hedged=True), 10: AccountTerms(1, is_hedged=True),
}  # fmt: skip
OF_THE_FUND = {
    Kind.DEPOSIT, Kind.LIQUIDATION_FEE, Kind.INSURANCE_IN, Kind.INSURANCE_OUT, Kind.TAKEOVER, Kind.POSITION,
    Kind.REALISED, Kind.FUNDING, Kind.REFUSED, Kind.ACCEPTED, Kind.CANCELLED, Kind.FILL, Kind.FEE, Kind.DEFICIT,
}  # fmt: skip
"""The rows in which the insurance fund may have a part."""


class Setup(NamedTuple):
    """What the pair of a seed is opened with."""

    seed: int
    rules: LiquidationTerms = LiquidationTerms()
    trigger: Trigger = Trigger.AT_OR_BELOW
    liquidated: int = 0
    highest_ticks: int = 1160
    bound_ppm: int = 20_000
    pricing: dict[int, Pricing] = {}  # noqa: RUF012 - by instrument; never changed
    pools: dict[int, PoolTerms] = {}  # noqa: RUF012 - by asset; never changed
    borrows_itself: int = 0


def contract_for(number: int, trigger: Trigger) -> Contract:
    """The perpetual's terms as the market takes them."""
    margin = MarginRules(
        since=date(2024, 1, 1), source="made for a test", evidence="A", modes=("isolated", "cross"), price="mark",
        tier_by="value", maintenance_basis="price", initial_basis="price",
        initial_form="leverage" if number == LINEAR else "rate", closing_fee="none", trigger=trigger.name.lower(),
        printed_price="exact", break_even="open_fee", continuous=True,
    )  # fmt: skip
    tiers = [
        TierRow(
            floor=Fraction(floor), cap=Fraction(cap), maintenance_rate=Fraction(rate),
            initial_rate=1 / Fraction(leverage), deduction=Fraction(deduction), max_leverage=Fraction(leverage),
        )
        for floor, cap, leverage, rate, deduction in ROWS[number]
    ]  # fmt: skip
    if number == LINEAR:
        return contract_of(Form.LINEAR, tiers, margin, scale=Scale(Fraction(1), Fraction(1), CENT))
    return contract_of(Form.INVERSE, tiers, margin, scale=Scale(Fraction(1), Fraction(100), SATOSHI))


def money_of(number: int, rates: tuple[int, int, int]) -> MoneyTerms:
    """The same as the twin takes them."""
    taker, maker, liquidated = (Fraction(rate, FEE_ONE) for rate in rates)
    if number == SPOT:
        return MoneyTerms(taker, maker, base=COINS, base_units=10**6, liquidated=liquidated)
    unit = CENT if number == LINEAR else SATOSHI
    tiers = tuple(
        TierTerms(int(Fraction(cap) / unit), 1 / Fraction(leverage), Fraction(rate), int(Fraction(deduction) / unit))
        for _, cap, leverage, rate, deduction in ROWS[number]
    )
    return MoneyTerms(taker, maker, tiers, by_leverage=number == LINEAR, liquidated=liquidated)


class MoneyPair(Pair):
    """A World with money and its twin."""

    market: type[WholeMarket] = WholeMarket
    digits = DIGITS
    of_the_fund = frozenset(OF_THE_FUND)

    def __init__(self, setup: Setup) -> None:
        dice = random.Random(f"money {setup.seed}")
        self.world, self.left, self.seen = World(SMALL), Counter(), Counter()
        world, switches_open = self.world, dice.random() < 0.5
        clock_of(world.block).detail = Detail.ORDERS
        assert [open_asset(world, digits) for digits in self.digits.values()] == [*self.digits]
        assert open_venue(world, setup.rules, switches_open=switches_open) == 1
        purses = {(1, name): int(getattr(venue_at(world.block, 1), name)) for name in PURSES}
        terms, money = {}, {}
        for number, form in ((LINEAR, Form.LINEAR), (INVERSE, Form.INVERSE), (SPOT, Form.SPOT)):
            rates = (dice.choice((0, 450_000, 1_000_001)), dice.choice((0, 200_003, -100_007)), setup.liquidated)
            terms[number], money[number] = self._open(dice, number, form, rates, setup), money_of(number, rates)
        coins = self._open_coins(dice, terms, money, setup)
        for number, account in ACCOUNTS.items():
            owner = OWNERS[number]
            at = open_account(
                world, 1, leverage_x100=owner.leverage_x100, is_isolated=owner.is_isolated,
                is_hedged=account.is_hedged, cancels_on_disconnect=account.cancels_on_disconnect,
            )  # fmt: skip
            assert at == number
        for number, one in setup.pricing.items():
            sizes = {"impact_lots": one.impact_lots, "impact_units": one.impact_units}
            open_pricing(world, number, one.terms, one.weights, **sizes)
        for asset, pool in setup.pools.items():
            opened = open_lending(
                world,
                1,
                asset,
                pair=pool.pair,
                terms=pool.terms,
                reserve_units=pool.reserve,
                limit_units=pool.limit,
                small_units=pool.small,
            )
            assert opened.lender == pool.lender
        if setup.borrows_itself:
            set_auto_borrow(world, setup.borrows_itself)
        self._settle_in()
        others = {number: AccountTerms(1) for number in (FUND, *(pool.lender for pool in setup.pools.values()))}
        self.bank = self.market(
            terms, {**others, **ACCOUNTS}, money, OWNERS, purses, assets=len(self.digits), switches_open=switches_open,
            rules=setup.rules, trigger=setup.trigger, one_units={at: 10**digits for at, digits in self.digits.items()},
            pricing=setup.pricing, pools=setup.pools, borrows_itself=setup.borrows_itself, **coins,
        )  # fmt: skip
        self.twin = self.bank

    def _open_coins(
        self, dice: random.Random, terms: dict[int, Terms], money: dict[int, MoneyTerms], setup: Setup
    ) -> dict[str, Any]:  # fmt: skip
        """Where there is collateral: its pairs, and what the twin has to know about it."""
        return {}

    def _settle_in(self) -> None:
        """What accounts are told before the first command."""

    def _open(
        self, dice: random.Random, number: int, form: Form, rates: tuple[int, int, int], setup: Setup
    ) -> Terms:  # fmt: skip
        """The instrument in the World, and the terms by which the twin knows it."""
        contract = None if number == SPOT else contract_for(number, setup.trigger)
        terms = Terms(
            venue=1, form=form, factor=100 if contract is None else contract.factor, highest_ticks=setup.highest_ticks,
            highest_lots=500, bound_from=dice.choice((BoundFrom.MARK, BoundFrom.TOUCH)), bound_ppm=setup.bound_ppm,
            amend_rule=dice.choice(tuple(AmendRule)), asset=COINS if number == INVERSE else DOLLARS,
        )  # fmt: skip
        spot = {"base_asset": COINS, "base_units": 10**6} if number == SPOT else {}
        at = open_instrument(
            self.world, 1, form=form, settle_asset=terms.asset, factor=terms.factor, contract=contract,
            taker_rate=rates[0], maker_rate=rates[1], liquidation_rate=rates[2],
            highest_ticks=terms.highest_ticks, highest_lots=terms.highest_lots,
            bound_from=BoundFrom(terms.bound_from), bound_ppm=terms.bound_ppm, amend_rule=AmendRule(terms.amend_rule),
            **spot,
        )  # fmt: skip
        assert at == number
        return terms

    def tell(self, command: Command) -> None:
        super().tell(command)
        self.compare_money()

    def tell_all(self, commands: list[Command]) -> None:
        """Tell one after the other."""
        for command in commands:
            self.tell(command)

    def compare_money(self) -> None:
        """Balances, positions and the laws.

        Raises:
            Differs: saying where.
        """
        bank, keys = self.bank, {0: None, **self.key_of}
        rows = columns(self.world, Shelf.BALANCES, "account", "asset", "leg", "units", "case")
        found: dict[BalanceKey, int] = {
            (account, asset, keys[leg]): units for account, asset, leg, units, _ in rows if units
        }
        expected = {key: units for key, units in bank.units.items() if units}
        if found != expected:
            raise Differs(f"balances: the World has {found}, the twin {expected}")
        names = ("lots", "open_lots", "open_cost", "carry", "carry_ticks", "leverage_x100")
        for key, theirs in zip(bank.legs, columns(self.world, Shelf.LEGS, *names), strict=True):
            p = bank.positions[key]
            mine = (p.lots, p.opened, p.cost, p.rest, p.rest_at, bank.leverage[key])
            if mine != theirs or p.lots != bank.held[key]:
                raise Differs(f"position {key}: the World has {theirs}, the twin {mine}")
        self._compare_cases({(account, asset, keys[leg]) for account, asset, leg, _, case in rows if case})
        self._compare_loans()
        self._laws(found)

    def _compare_loans(self) -> None:
        """What is owed, since when, what is wanted back, and what each pool has lent."""
        bank = self.bank
        names = ("account", "units", "interest", "opened_ns", "hours", "recall_units", "recall_ns")
        found = columns(self.world, Shelf.LOANS, *names)
        expected = [
            (one.account, one.units, one.interest, one.opened, one.hours, one.recalled, one.recalled_by)
            for one in bank.loans.values()
        ]
        if found != expected:
            raise Differs(f"loans: the World has {found}, the twin {expected}")
        lent = dict(columns(self.world, Shelf.LENDING, "asset", "lent_units"))
        if lent != {asset: bank.lent(asset) for asset in bank.pools}:
            raise Differs(f"lent: the World has {lent}")

    def _compare_cases(self, found: set[BalanceKey]) -> None:
        """Who is being liquidated, and for how long the first still waits."""
        expected = {*self.bank.cases, *self.bank.unwinding}
        if found != expected:
            raise Differs(f"liquidations: the World has {found}, the twin {expected}")
        front = self.world.table(Shelf.FRONTS)[DUE]
        due = int(front.ticks) if front.level else 0
        if due != (self.bank.due[0].ms if self.bank.due else 0):
            raise Differs(f"pauses: the World's first ends at {due} ms, the twin's are {self.bank.due}")

    def _laws(self, balances: dict[BalanceKey, int]) -> None:
        """Zero sums, longs against shorts, and the equity identity: clearing owes exactly the paper profits.

        What rounding leaves of funding stays there too. On an inverse contract either side of a fill drops less than
        a coin unit when the price moves on.
        """
        bank = self.bank
        for asset in self.digits:
            if sum(units for key, units in balances.items() if key[1] == asset):
                raise Differs(f"asset {asset} does not sum to zero")
        for number in (LINEAR, INVERSE):
            lots = [p.lots for key, p in bank.positions.items() if key[1] == number]
            longs = sum(n for n in lots if n > 0)
            if sum(lots) or longs != int(self.world.table(Shelf.INSTRUMENTS)[number].open_lots):
                raise Differs(f"open longs and shorts of {number}: {lots}")
            paper = sum(bank.profit(key) for key in bank.positions if key[1] == number)
            clearing = balances.get((bank.purses[1, "clearing"], DOLLARS if number == LINEAR else COINS, None), 0)
            clearing -= bank.left_by_funding[number]
            if abs(paper - clearing) > (0 if number == LINEAR else bank.inverse_moves + len(lots)):
                raise Differs(f"clearing owes {clearing}; paper profits of {number} are {paper}")

    def _count(self, rows: list[tuple[Any, ...]]) -> None:
        super()._count(rows)
        for row in rows:
            if FUND in row[8:10] and Kind(row[13]) not in self.of_the_fund:
                raise Differs(f"the fund has a part in {Kind(row[13]).name} {row}")
            if row[13] in (Kind.LIQUIDATION_END, Kind.MEMBER):
                self.seen[f"{'ENDS' if row[13] == Kind.LIQUIDATION_END else 'MEMBER'} {row[15]}"] += 1
