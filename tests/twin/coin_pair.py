"""A World and its twin with two coins that count as margin in dollars, each traded in a pair of its own."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

from tests.twin.bank import MoneyTerms
from tests.twin.coins import CoinMarket, CoinTerms
from tests.twin.command import Command
from tests.twin.money_commands import FUND, WILD, Mood, commands_of
from tests.twin.money_pair import ACCOUNTS, COINS, DIGITS, DOLLARS, SPOT, MoneyPair, Setup
from tests.twin.venues import Terms

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom
from shortdesk.market.open_collateral import accept_collateral, set_multi_asset
from shortdesk.market.open_market import FEE_ONE, open_instrument

STABLE, GOLD = 3, 4
STABLE_PAIR, GOLD_PAIR = 4, 5
BASES = {STABLE_PAIR: (STABLE, 1, 1_000), GOLD_PAIR: (GOLD, 10, 7_000)}
"""Each pair's base, units of a tick and lot, units of a lot."""
OWNERS_OF_COINS = [6, 7, 9]
COINED = WILD._replace(numbers=(1, 1, 1, 1, 1, 2, 3, 3), jumps=0.1, gifts=0.03, ticks=0.03, sizes=(5, 10, 20), ids=200)


class CoinPair(MoneyPair):
    """A World with collateral and its twin."""

    market = CoinMarket
    digits = DIGITS | {STABLE: 2, GOLD: 4}
    of_the_fund = MoneyPair.of_the_fund | {Kind.COLLATERAL}

    def _open_coins(
        self, dice: random.Random, terms: dict[int, Terms], money: dict[int, MoneyTerms], setup: Setup
    ) -> dict[str, Any]:  # fmt: skip
        """The pairs in the World and for the twin, with what their bases count for."""
        coins = {}
        for number, (base, factor, base_units) in BASES.items():
            taker, maker = dice.choice((0, 450_000)), dice.choice((0, 200_003, -100_007))
            terms[number] = Terms(
                venue=1, form=Form.SPOT, factor=factor, highest_ticks=setup.highest_ticks, highest_lots=500,
                bound_from=BoundFrom.TOUCH, bound_ppm=setup.bound_ppm, amend_rule=dice.choice(tuple(AmendRule)),
                asset=DOLLARS,
            )  # fmt: skip
            money[number] = MoneyTerms(
                Fraction(taker, FEE_ONE), Fraction(maker, FEE_ONE), base=base, base_units=base_units
            )
            at = open_instrument(
                self.world, 1, form=Form.SPOT, settle_asset=DOLLARS, factor=factor, base_asset=base,
                base_units=base_units, taker_rate=taker, maker_rate=maker, highest_ticks=setup.highest_ticks,
                highest_lots=500, bound_from=BoundFrom.TOUCH, bound_ppm=setup.bound_ppm,
                amend_rule=AmendRule(terms[number].amend_rule),
            )  # fmt: skip
            assert at == number
            haircut = dice.choice(("0", "0.0001", "0.05", "0.3333"))
            exchange = dice.choice(("1", "0.975", "0.7"))
            accept_collateral(self.world, number, haircut=haircut, exchange=exchange)
            coins[number] = CoinTerms(Fraction(haircut), Fraction(exchange))
        return {"coins": coins, "owners_of_coins": OWNERS_OF_COINS}

    def _settle_in(self) -> None:
        """Whose coins stand behind their wallets; the rows that say so are not compared."""
        for account in OWNERS_OF_COINS:
            set_multi_asset(self.world, account)
        self.world.take_journal()


def coin_setup(setup: Setup) -> Setup:
    """A venue that lends nothing: what is collateral cannot stand behind loans."""
    return setup._replace(pools={}, borrows_itself=0)


def coin_commands(seed: int, count: int, mood: Mood = COINED) -> list[Command]:
    """Wild lists, in which two thirds of what was about the spot pair, or about its coins, is about these."""
    pairs, assets = (SPOT, STABLE_PAIR, GOLD_PAIR), (COINS, STABLE, GOLD)
    dice = random.Random(f"coins {seed}")
    found = [Command(CommandKind.MARK, instrument=number, price_ticks=1_000) for number in BASES]
    found += [
        Command(CommandKind.DEPOSIT, account, asset, lots=dice.randint(50_000, 300_000))
        for account in ACCOUNTS
        for asset in (STABLE, GOLD)
    ]
    for command in commands_of(seed, count, mood):
        which = command.client_id % 3 if command.kind <= CommandKind.AMEND else dice.randint(0, 2)
        if command.kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW):
            if command.instrument == COINS:
                command = command._replace(instrument=assets[which])
            elif command.instrument == DOLLARS and command.account in OWNERS_OF_COINS and command.account != FUND:
                command = command._replace(lots=max(1, command.lots // 20))
        elif command.instrument == SPOT and command.kind not in (CommandKind.INDEX, CommandKind.TICK, CommandKind.FUND):
            command = command._replace(instrument=pairs[which])
        found.append(command)
    return found[:count]
