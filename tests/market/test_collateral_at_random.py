"""Coins that lose their peg on a busy venue: found by triggers or by asking everybody, the journal is the same."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest
from tests.market.markets import CENTS, ROOM, TWO_TIERS, Floor, hand_contract
from tests.market.test_triggers import FORMS, NAMES

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.market.command import CommandKind
from shortdesk.market.open_collateral import accept_collateral, set_multi_asset
from shortdesk.market.open_market import LiquidationTerms, open_asset, open_instrument
from shortdesk.market.world import Capacity


class Desk:
    """A venue with two perpetuals and two coins that count as margin; the coins are traded too."""

    def __init__(self, dice: random.Random, terms: LiquidationTerms, asks_everybody: bool, capacity: Capacity) -> None:
        self.dice = dice
        self.floor = floor = Floor(
            terms, taker=500_000, maker=-100_000, liquidation=5_000_000, asks_everybody=asks_everybody,
            capacity=capacity,
        )  # fmt: skip
        self.coins = [open_asset(floor.world, 2) for _ in range(2)]
        self.pairs = [
            open_instrument(
                floor.world, floor.venue, form=Form.SPOT, settle_asset=floor.asset, factor=1, base_asset=coin,
                base_units=10 * CENTS, taker_rate=1_000_000, highest_ticks=1 << 24,
            )
            for coin in self.coins
        ]  # fmt: skip
        other = open_instrument(
            floor.world, floor.venue, form=Form.LINEAR, settle_asset=floor.asset,
            contract=hand_contract(*TWO_TIERS), highest_ticks=1 << 30,
        )  # fmt: skip
        self.perps = (floor.perp, other)
        self.marks = {floor.perp: 1_000, other: 500, self.pairs[0]: 1_000, self.pairs[1]: 30_000}
        for pair, haircut, exchange in ((self.pairs[0], "0.03", "0.99"), (self.pairs[1], "0.1", "0.85")):
            accept_collateral(floor.world, pair, haircut=haircut, exchange=exchange)
        self.settle_in()

    def settle_in(self) -> None:
        floor, dice = self.floor, self.dice
        for name in NAMES:
            has_coins = dice.random() < 0.6
            dollars = dice.choice((0, 0, 300) if has_coins else (1_000, 5_000))
            floor.open(name, dollars, leverage=5, isolated=not has_coins and dice.random() < 0.4)
            if has_coins:
                set_multi_asset(floor.world, floor.names[name])
                self.move(name, CommandKind.DEPOSIT, 0, dice.choice((300, 800)))
                self.move(name, CommandKind.DEPOSIT, 1, dice.choice((0, 5, 20)))
        floor.send(CommandKind.DEPOSIT, "insurance", instrument=floor.asset, lots=50 * CENTS)
        for number, ticks in self.marks.items():
            floor.send(CommandKind.MARK, instrument=number, price_ticks=ticks)

    def move(self, name: str, kind: CommandKind, coin: int, amount: int) -> None:
        self.floor.send(kind, name, instrument=self.coins[coin], lots=amount * CENTS)

    def act(self) -> None:
        floor, dice = self.floor, self.dice
        floor.now_ns += dice.choice((0, 1, 300_000_000))
        pick = dice.random()
        name = dice.choice(NAMES)
        number = dice.choice(list(self.marks))
        if pick < 0.3:
            self.marks[number] = max(20, round(self.marks[number] * dice.choice((0.85, 0.97, 0.99, 1.01, 1.03, 1.15))))
            floor.send(CommandKind.MARK, instrument=number, price_ticks=self.marks[number])
        elif pick < 0.36:
            self.move(name, CommandKind.WITHDRAW, dice.randint(0, 1), dice.choice((5, 100, 600)))
        elif pick < 0.4:
            self.move(name, CommandKind.DEPOSIT, dice.randint(0, 1), dice.choice((5, 50)))
        elif pick < 0.44:
            floor.send(CommandKind.CANCEL_ALL, name, instrument=0)
        else:
            width = max(1, self.marks[number] * 15 // 1_000)
            price = max(1, self.marks[number] + dice.randint(-width, width))
            floor.order(name, dice.choice((-1, 1)) * dice.randint(1, 6), price, instrument=number)


@cache
def busy(seed: int, terms: LiquidationTerms, *, asks_everybody: bool, capacity: Capacity = ROOM) -> Floor:
    desk = Desk(random.Random(seed), terms, asks_everybody, capacity)
    for _ in range(400):
        desk.act()
    return desk.floor


@pytest.mark.parametrize("terms", FORMS, ids=lambda terms: terms.form.name.lower())
@pytest.mark.parametrize("seed", range(2))
def test_results_do_not_depend_on_the_index(seed: int, terms: LiquidationTerms) -> None:
    chosen = busy(seed, terms, asks_everybody=False)
    everybody = busy(seed, terms, asks_everybody=True)
    assert chosen.rows == everybody.rows


def test_results_do_not_depend_on_the_room() -> None:
    tight = replace(ROOM, pages=8, nodes=40, cases=1, journal_rows=120)
    for terms in FORMS:
        assert busy(1, terms, asks_everybody=False, capacity=tight).rows == busy(1, terms, asks_everybody=False).rows


def test_the_lists_do_reach_what_they_are_about() -> None:
    rows = [row for seed in (0, 1) for terms in FORMS for row in busy(seed, terms, asks_everybody=False).rows]
    taken = [row for row in rows if row[13] == Kind.COLLATERAL]
    purses = {row[9] for row in taken}
    assert len(taken) > 20
    assert len(purses) == 2
    assert {row[11] for row in taken} == {1, 2, 3}
