"""The compiled market against the exact twin where money moves: balances, positions and margin after every command.

Marks stay calm, so that hardly anybody has to be liquidated: those who are have lists of their own.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.compare import Differs
from tests.twin.money_commands import CALM, agree, commands_of
from tests.twin.money_pair import MoneyPair, Setup

from shortdesk.ground.compile import interpreted
from shortdesk.market.tables import Shelf

LISTS = 4


@pytest.mark.parametrize("seed", range(LISTS))
def test_money_moves_as_it_should(seed: int, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists of at most a thousand."""
    wanted = depth.pick(quick=8_000, check=120_000, deep=2_000_000) // LISTS // (10 if interpreted() else 1)
    for part in range(-(-wanted // 1_000)):
        agree(Setup(seed * 1_000_000 + part), min(1_000, wanted), CALM)


def test_the_lists_reach_every_row_and_refusal_about_money() -> None:
    seen: Counter[str] = sum((agree(Setup(9_000_000 + seed), 800, CALM) for seed in range(4)), Counter())
    words = (
        "FILL POSITION REALISED FEE TRADE_LEG DEPOSIT WITHDRAWAL MARGIN SETTING TRIGGERED UNKNOWN_ASSET BAD_SIZE "
        "LEVERAGE_TOO_HIGH POSITION_TOO_LARGE NOT_ENOUGH_MARGIN NOT_ENOUGH_BALANCE NOT_WHILE_OPEN BAD_KIND "
        "NOTHING_TO_REDUCE"
    )
    assert set(words.split()) <= set(seen)


def test_the_comparison_sees_a_unit_too_many() -> None:
    pair = MoneyPair(Setup(1))
    for command in commands_of(1, 60, CALM):
        pair.tell(command)
    pair.world.table(Shelf.BALANCES)[1].units += 1
    with pytest.raises(Differs, match="balances"):
        pair.compare_money()
