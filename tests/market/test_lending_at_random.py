"""Lending under long random lists of commands: the books hold after each, and little room changes nothing."""

from __future__ import annotations

import random

import pytest
from tests.market.lenders import BONUS, HOUR, MARGIN, RESERVE, ROOM, SALE, Pair

from shortdesk.ground.kinds import Kind
from shortdesk.margin.borrow import HourForm
from shortdesk.market.command import CommandKind
from shortdesk.market.open_lending import LendingTerms, open_lending, set_auto_borrow
from shortdesk.market.open_market import LiquidationTerms
from shortdesk.market.world import Capacity

PLENTY = Capacity(accounts=60, legs=200, orders=900, pages=900, nodes=2_000, balances=900, journal_rows=90_000)
NAMES = tuple(f"a{number}" for number in range(6))


def played(seed: int, terms: LendingTerms, liquidation: LiquidationTerms, room: Capacity) -> tuple[str, set[str]]:
    """Both assets of a pair are lent to six accounts; ``Pair.send`` checks the books after each of 250 commands."""
    dice = random.Random(seed)
    pair = Pair(terms, liquidation, lent=3_000, room=room)
    other = open_lending(pair.world, pair.venue, pair.usd, pair=pair.pair, terms=terms)
    pair.names["dollars"] = other.lender
    pair.give("dollars", pair.usd, 400_000)
    for name in NAMES:
        pair.open(name, usd=dice.randrange(40_000), coin=dice.randrange(400))
    for name in NAMES[:2]:
        set_auto_borrow(pair.world, pair.names[name])
    price = 100
    said: set[str] = set()
    recalled = NAMES[0], pair.coin
    for _ in range(250):
        who, asset = dice.choice(NAMES), dice.choice((pair.usd, pair.coin))
        units = dice.randrange(1, 50_000 if asset == pair.usd else 800)
        match dice.randrange(12):
            case 0 | 1:
                pair.send(CommandKind.BORROW, who, instrument=asset, lots=units)
            case 2:
                pair.send(CommandKind.REPAY, who, instrument=asset, lots=units)
            case 3:
                price = min(500, max(20, price * dice.choice((70, 90, 115, 160)) // 100))
                pair.mark(price)
            case 4:
                pair.now_ns += dice.randrange(3 * HOUR)
                pair.accrue()
            case 5:
                due = pair.now_ns + dice.randrange(2) * HOUR
                pair.send(CommandKind.RECALL, who, instrument=asset, lots=units, trigger_ticks=due)
                recalled = who, asset
            case 6:
                pair.send(CommandKind.BUY_IN, recalled[0], instrument=recalled[1])
            case 7:
                pair.send(
                    CommandKind.SEIZE, who, instrument=asset, lots=units, client_id=pair.names[dice.choice(NAMES)]
                )
            case 8:
                pair.send(CommandKind.WITHDRAW, who, instrument=asset, lots=units)
            case _:
                lots = dice.choice((-1, 1)) * dice.randrange(1, 9)
                pair.order(who, lots, dice.choice((0, price + dice.randrange(-6, 7))) or 0)
        said.add(pair.refusal().name)
        said.update(Kind(int(row["kind"])).name for row in pair.rows)
    return pair.world.digest(), said


@pytest.mark.parametrize(
    ("terms", "liquidation"),
    [(MARGIN, SALE), (MARGIN._replace(hours=HourForm.STARTED_HOURS, compounds=True), SALE), (RESERVE, BONUS)],
    ids=["spot margin", "spot margin by started hours", "lending market"],
)
def test_the_books_hold_whatever_is_asked(terms: LendingTerms, liquidation: LiquidationTerms) -> None:
    said: set[str] = set()
    for seed in range(3):
        tight, heard = played(seed, terms, liquidation, ROOM)
        assert tight == played(seed, terms, liquidation, PLENTY)[0]
        said |= heard
    assert {"NOT_ENOUGH_MARGIN", "NOTHING_OWED", "REPAY", "LIQUIDATION_STEP"} <= said
    assert ("SEIZED" if liquidation == BONUS else "BUY_IN") in said
