"""The compiled market against the exact twin where money moves: balances, positions and margin after every command.

Marks stay calm, so that hardly anybody has to be liquidated; where somebody would be, a list ends: liquidation has
tests of its own.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from fractions import Fraction

import pytest
from tests.conftest import Depth
from tests.twin.account import AccountTerms
from tests.twin.command import Command, in_words
from tests.twin.compare import SMALL, Differs, Pair
from tests.twin.market import Terms
from tests.twin.money import AccountMoney, BalanceKey, Ended, MoneyMarket, MoneyTerms, TierTerms
from tests.twin.shrink import shortest

from shortdesk.ground.compile import interpreted
from shortdesk.ground.instrument import Form
from shortdesk.ground.order import OrderFlag, OrderKind, SelfTrade, TimeInForce
from shortdesk.ground.sheet import MarginRules
from shortdesk.ground.tiers import TierRow
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom
from shortdesk.market.note import Detail
from shortdesk.market.open_market import FEE_ONE, open_account, open_asset, open_instrument, open_venue
from shortdesk.market.tables import Shelf, clock_of, venue_at
from shortdesk.market.world import World

DOLLARS, COINS = 1, 2
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
OWNERS = {
    6: AccountMoney(500), 7: AccountMoney(300), 8: AccountMoney(400, is_isolated=True), 9: AccountMoney(500),
    10: AccountMoney(250, is_isolated=True),
}  # fmt: skip
ACCOUNTS = {
    6: AccountTerms(1), 7: AccountTerms(1, cancels_on_disconnect=True), 8: AccountTerms(1),
    9: AccountTerms(1, is_hedged=True), 10: AccountTerms(1, is_hedged=True),
}  # fmt: skip
LOWEST, HIGHEST = 940, 1060
REDUCES_FROM = 1000


def contract_for(number: int) -> Contract:
    """The perpetual's terms as the market takes them."""
    margin = MarginRules(
        since=date(2024, 1, 1), source="made for a test", evidence="A", modes=("isolated", "cross"), price="mark",
        tier_by="value", maintenance_basis="price", initial_basis="price",
        initial_form="leverage" if number == LINEAR else "rate", closing_fee="none", trigger="at_or_below",
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


def money_of(number: int, rates: tuple[int, int]) -> MoneyTerms:
    """The same as the twin takes them."""
    taker, maker = (Fraction(rate, FEE_ONE) for rate in rates)
    if number == SPOT:
        return MoneyTerms(taker, maker, base=COINS, base_units=10**6)
    unit = CENT if number == LINEAR else SATOSHI
    tiers = tuple(
        TierTerms(int(Fraction(cap) / unit), 1 / Fraction(leverage), Fraction(rate), int(Fraction(deduction) / unit))
        for _, cap, leverage, rate, deduction in ROWS[number]
    )
    return MoneyTerms(taker, maker, tiers, by_leverage=number == LINEAR)


class MoneyPair(Pair):
    """A World with money and its twin."""

    def __init__(self, seed: int) -> None:
        dice = random.Random(f"money {seed}")
        self.world, self.left, self.seen = World(SMALL), Counter(), Counter()
        world, switches_open = self.world, dice.random() < 0.5
        clock_of(world.block).detail = Detail.ORDERS
        assert (open_asset(world, 2), open_asset(world, 6)) == (DOLLARS, COINS)
        assert open_venue(world, switches_open=switches_open) == 1
        purses = {(1, name): int(getattr(venue_at(world.block, 1), name)) for name in PURSES}
        terms, money = {}, {}
        for number, form in ((LINEAR, Form.LINEAR), (INVERSE, Form.INVERSE), (SPOT, Form.SPOT)):
            rates = (dice.choice((0, 450_000, 1_000_001)), dice.choice((0, 200_003, -100_007)))
            asset = COINS if number == INVERSE else DOLLARS
            contract = None if number == SPOT else contract_for(number)
            one = Terms(
                venue=1, form=form, factor=100 if contract is None else contract.factor, highest_ticks=HIGHEST + 100,
                highest_lots=500, bound_from=dice.choice((BoundFrom.MARK, BoundFrom.TOUCH)), bound_ppm=20_000,
                amend_rule=dice.choice(tuple(AmendRule)), asset=asset,
            )  # fmt: skip
            money[number], terms[number] = money_of(number, rates), one
            spot = {"base_asset": COINS, "base_units": 10**6} if number == SPOT else {}
            at = open_instrument(
                world, 1, form=form, settle_asset=asset, factor=one.factor, contract=contract, taker_rate=rates[0],
                maker_rate=rates[1], highest_ticks=one.highest_ticks, highest_lots=one.highest_lots,
                bound_from=BoundFrom(one.bound_from), bound_ppm=one.bound_ppm, amend_rule=AmendRule(one.amend_rule),
                **spot,
            )  # fmt: skip
            assert at == number
        for number, account in ACCOUNTS.items():
            owner = OWNERS[number]
            at = open_account(
                world, 1, leverage_x100=owner.leverage_x100, is_isolated=owner.is_isolated,
                is_hedged=account.is_hedged, cancels_on_disconnect=account.cancels_on_disconnect,
            )  # fmt: skip
            assert at == number
        self.bank = MoneyMarket(terms, ACCOUNTS, money, OWNERS, purses, assets=2, switches_open=switches_open)
        self.twin = self.bank

    def tell(self, command: Command) -> None:
        super().tell(command)
        self.compare_money()

    def compare_money(self) -> None:
        """Balances, positions and the laws.

        Raises:
            Differs: saying where.
        """
        bank, keys = self.bank, {0: None, **self.key_of}
        rows = self.world.table(Shelf.BALANCES)[1 : self.world.used_rows(Shelf.BALANCES)]
        found: dict[BalanceKey, int] = {
            (int(row.account), int(row.asset), keys[int(row.leg)]): int(row.units) for row in rows if row.units
        }
        expected = {key: units for key, units in bank.units.items() if units}
        if found != expected:
            raise Differs(f"balances: the World has {found}, the twin {expected}")
        legs = self.world.table(Shelf.LEGS)
        for at, key in self.key_of.items():
            p, row = bank.positions[key], legs[at]
            mine = (p.lots, p.opened, p.cost, p.rest, p.rest_at, bank.leverage[key])
            theirs = tuple(
                int(row[name]) for name in ("lots", "open_lots", "open_cost", "carry", "carry_ticks", "leverage_x100")
            )
            if mine != theirs or p.lots != bank.held[key]:
                raise Differs(f"position {key}: the World has {theirs}, the twin {mine}")
        self._laws(found)

    def _laws(self, balances: dict[BalanceKey, int]) -> None:
        """Zero sums, longs against shorts, and the equity identity: clearing owes exactly the paper profits.

        On an inverse contract either side of a fill drops less than a coin unit when the price moves on.
        """
        bank = self.bank
        for asset in (DOLLARS, COINS):
            if sum(units for key, units in balances.items() if key[1] == asset):
                raise Differs(f"asset {asset} does not sum to zero")
        for number in (LINEAR, INVERSE):
            lots = [p.lots for key, p in bank.positions.items() if key[1] == number]
            longs = sum(n for n in lots if n > 0)
            if sum(lots) or longs != int(self.world.table(Shelf.INSTRUMENTS)[number].open_lots):
                raise Differs(f"open longs and shorts of {number}: {lots}")
            paper = sum(bank.profit(key) for key in bank.positions if key[1] == number)
            clearing = balances.get((bank.purses[1, "clearing"], DOLLARS if number == LINEAR else COINS, None), 0)
            if abs(paper - clearing) > (0 if number == LINEAR else 2 * bank.inverse_fills + len(lots)):
                raise Differs(f"clearing owes {clearing}; paper profits of {number} are {paper}")


def commands_of(seed: int, count: int) -> list[Command]:
    """Deposits and marks first, then everything mixed around a price that stays within bounds."""
    dice = random.Random(f"money commands {seed}")
    begin = [Command(CommandKind.MARK, instrument=number, price_ticks=1_000) for number in (1, 2, 3)]
    for account in ACCOUNTS:
        begin.append(Command(CommandKind.DEPOSIT, account, DOLLARS, lots=dice.randint(500_000, 2_500_000)))
        begin.append(Command(CommandKind.DEPOSIT, account, COINS, lots=dice.randint(1_000_000, 9_000_000)))
    now, told = 0, []
    for _ in range(count - len(begin)):
        now += dice.choice((0, 0, 1, 1_000))
        command = _one(dice)
        if dice.random() < 0.02:
            name, value = dice.choice(_WRONG)
            command = command._replace(**{name: value})
        told.append(command._replace(time_ns=now, mechanism=dice.randint(1, 9)))
    return begin + told


_WRONG = (
    ("account", 0), ("account", 99), ("account", -3), ("instrument", 0), ("instrument", 4), ("instrument", -1),
    ("lots", 0), ("lots", -5), ("lots", 1 << 62), ("price_ticks", 0), ("price_ticks", 1 << 50), ("kind", 9),
    ("client_id", -1), ("side", 2), ("lots", 501),
)  # fmt: skip


def _price(dice: random.Random) -> int:
    return min(HIGHEST, max(LOWEST, round(dice.gauss(1_000, 25))))


def _one(dice: random.Random) -> Command:
    account, number, draw = dice.choice((*ACCOUNTS,)), dice.choice((1, 1, 2, 2, 3)), dice.random()
    base = Command(account=account, instrument=number, client_id=dice.randint(1, 20), side=dice.randint(0, 1))
    if draw < 0.08:
        return Command(CommandKind.MARK, instrument=number, price_ticks=_price(dice))
    if draw < 0.14:
        kind = dice.choice((CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.WITHDRAW))
        most = dice.choice((1_000, 100_000, 2_000_000))
        return Command(kind, account, dice.randint(0, 20) and dice.randint(1, 2), lots=dice.randint(1, most))
    if draw < 0.18:
        return base._replace(kind=CommandKind.SET_LEVERAGE, lots=dice.choice((99, 100, 200, 250, 400, 500, 501)))
    if draw < 0.22:
        return base._replace(kind=CommandKind.SET_ISOLATED, lots=dice.choice((0, 0, 1, 1, 2)))
    if draw < 0.27:
        return base._replace(kind=CommandKind.ADD_MARGIN, lots=round(dice.gauss(0, dice.choice((500, 200_000)))))
    if draw < 0.35:
        return base._replace(kind=CommandKind.CANCEL)
    if draw < 0.355:
        return base._replace(kind=CommandKind.CANCEL_ALL, instrument=dice.choice((0, number)))
    if draw < 0.36:
        return base._replace(kind=CommandKind.CONNECTION, instrument=0, lots=dice.randint(0, 1))
    if draw < 0.42:
        return base._replace(
            kind=CommandKind.AMEND, price_ticks=dice.choice((0, _price(dice))), lots=dice.choice((0, 1, 5, 30))
        )
    return _order(dice, base)


def _order(dice: random.Random, base: Command) -> Command:
    size = dice.choice((5, 5, 20, 80))
    order = base._replace(price_ticks=_price(dice), lots=dice.randint(1, size))
    draw = dice.random()
    if draw < 0.1:
        order = order._replace(order_kind=OrderKind.MARKET)
    elif draw < 0.2:
        order = order._replace(order_kind=dice.choice((2, 3, 4, 5)), trigger_ticks=_price(dice))
    elif draw < 0.25:
        order = order._replace(peak_lots=dice.randint(1, 4))
    elif draw < 0.3:
        order = order._replace(time_in_force=TimeInForce.IOC)
    elif draw < 0.33:
        order = order._replace(time_in_force=TimeInForce.FOK)
    elif draw < 0.38:
        order = order._replace(traits=OrderFlag.POST_ONLY | dice.choice((0, OrderFlag.SLIDES)))
    if dice.random() < 0.15:
        order = order._replace(traits=order.traits | OrderFlag.REDUCE_ONLY)
        if ACCOUNTS[order.account].is_hedged:
            order = order._replace(client_id=order.client_id + REDUCES_FROM)
    if dice.random() < 0.2:
        order = order._replace(self_trade=dice.choice(tuple(SelfTrade)))
    if order.time_in_force == TimeInForce.FOK and order.self_trade == SelfTrade.ALLOW:
        # Whether it fills is asked without moving positions; its own reducing orders would see theirs move.
        order = order._replace(self_trade=SelfTrade.CANCEL_TAKER)
    return order


def first_difference(seed: int, commands: list[Command]) -> tuple[int, int, str, Counter[str]]:
    """How many were told, the number of the first after which the two differ or -1, in what, and what was seen."""
    pair = MoneyPair(seed)
    for at, command in enumerate(commands):
        try:
            pair.tell(command)
        except Ended:
            return at + 1, -1, "", pair.seen
        except Differs as difference:
            return at, at, str(difference), pair.seen
    pair.explain()
    return len(commands), -1, "", pair.seen


def agree(seed: int, count: int) -> tuple[int, Counter[str]]:
    """Assert that both agree after each command; how many were told, and what was seen."""
    commands = commands_of(seed, count)
    told, at, difference, seen = first_difference(seed, commands)
    if at < 0:
        return told, seen
    kind = difference.partition(":")[0]

    def fails(part: list[Command]) -> bool:
        _, where, what, _ = first_difference(seed, part)
        return where >= 0 and what.partition(":")[0] == kind

    marks = commands[:3]
    few = marks + shortest(commands[3 : at + 1], lambda part: fails(marks + part))
    _, _, difference, _ = first_difference(seed, few)
    table = "\n".join(f"{number:>3}  {in_words(command)}" for number, command in enumerate(few, 1))
    raise AssertionError(f"seed {seed}, command {at} of {count}\n{table}\n{difference}")


LISTS = 4


@pytest.mark.parametrize("seed", range(LISTS))
def test_money_moves_as_it_should(seed: int, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists of at most a thousand."""
    wanted = depth.pick(quick=8_000, check=120_000, deep=2_000_000) // LISTS // (10 if interpreted() else 1)
    told, part = 0, seed * 1_000_000
    while told < wanted:
        told += agree(part, min(1_000, max(200, wanted - told)))[0]
        part += 1


def test_the_lists_reach_every_row_and_refusal_about_money() -> None:
    seen: Counter[str] = sum((agree(9_000_000 + seed, 800)[1] for seed in range(4)), Counter())
    words = (
        "FILL POSITION REALISED FEE TRADE_LEG DEPOSIT WITHDRAWAL MARGIN SETTING TRIGGERED UNKNOWN_ASSET BAD_SIZE "
        "LEVERAGE_TOO_HIGH POSITION_TOO_LARGE NOT_ENOUGH_MARGIN NOT_ENOUGH_BALANCE NOT_WHILE_OPEN BAD_KIND "
        "NOTHING_TO_REDUCE"
    )
    assert set(words.split()) <= set(seen)


def test_the_comparison_sees_a_unit_too_many() -> None:
    pair = MoneyPair(1)
    for command in commands_of(1, 60):
        pair.tell(command)
    pair.world.table(Shelf.BALANCES)[1].units += 1
    with pytest.raises(Differs, match="balances"):
        pair.compare_money()
