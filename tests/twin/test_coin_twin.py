"""The compiled market against the exact twin where coins are collateral, on wild lists, after every command."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.coin_pair import COINED, CoinPair, coin_commands, coin_setup
from tests.twin.compare import Differs
from tests.twin.money_commands import agree
from tests.twin.wild_rules import FORMS, wild_setup

from shortdesk.ground.compile import interpreted
from shortdesk.market.tables import instrument_at

LENGTH = 500


@pytest.mark.parametrize("form", FORMS)
def test_coins_by_form(form: str, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists with a venue of their own each."""
    wanted = depth.pick(quick=6_000, check=12_000, deep=2_000_000) // len(FORMS) // (10 if interpreted() else 1)
    first = 20_000_000 + 1_000_000 * [*FORMS].index(form)
    for seed in range(first, first + -(-wanted // LENGTH)):
        agree(coin_setup(wild_setup(seed, FORMS[form])), min(LENGTH, wanted), COINED, CoinPair, coin_commands)


def test_the_lists_reach_what_they_are_about() -> None:
    setups = [coin_setup(wild_setup(30_000_000 + at, form)) for at, form in enumerate([*FORMS.values()] * 2)]
    seen: Counter[str] = sum((agree(one, LENGTH, COINED, CoinPair, coin_commands) for one in setups), Counter())
    assert seen["COLLATERAL"] > 20
    words = "LIQUIDATION_START LIQUIDATION_END WITHDRAWAL TRADE_LEG NOT_ENOUGH_BALANCE NOT_ENOUGH_MARGIN DEFICIT"
    assert set(words.split()) <= set(seen)


def test_the_comparison_sees_another_haircut() -> None:
    setup = coin_setup(wild_setup(40_000_000, FORMS["ioc"]))
    pair = CoinPair(setup)
    instrument_at(pair.world.block, 4).haircut_ppm = 200_000
    with pytest.raises(Differs):
        pair.tell_all(coin_commands(setup.seed, 2_000))
