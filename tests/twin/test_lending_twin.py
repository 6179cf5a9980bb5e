"""The compiled market against the exact twin where units are lent: interest, recalls, buy-ins, loans that die, seizing.

Perpetuals, funding and liquidations of every form are in the same lists, and share the wallets that stand behind the
loans.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.compare import Differs
from tests.twin.money_commands import LENT, SEIZED, agree, commands_of
from tests.twin.money_pair import MoneyPair, Setup
from tests.twin.wild_rules import FORMS, wild_setup

from shortdesk.ground.compile import interpreted
from shortdesk.ground.kinds import RiskState
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.tables import Shelf

LENGTH = 500
LISTS = 4


@pytest.mark.parametrize("seed", range(LISTS))
def test_loans_are_served_as_they_should_be(seed: int, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists with pools and a venue of their own each."""
    wanted = depth.pick(quick=4_000, check=8_000, deep=1_000_000) // LISTS // (10 if interpreted() else 1)
    forms = [*FORMS.values()]
    for at in range(-(-wanted // LENGTH)):
        agree(wild_setup(50_000_000 + seed * 1_000_000 + at, forms[at % len(forms)]), min(LENGTH, wanted), LENT)


def test_anyone_seizes_as_he_may(depth: Depth) -> None:
    """A lending market: nobody is called in, whoever comes takes collateral with a bonus."""
    wanted = depth.pick(quick=2_000, check=4_000, deep=500_000) // (10 if interpreted() else 1)
    for at in range(60_000_000, 60_000_000 + -(-wanted // LENGTH)):
        agree(wild_setup(at, LiquidationForm.ANYONE_WITH_BONUS), min(LENGTH, wanted), SEIZED)


def test_the_lists_reach_every_row_and_refusal_about_loans() -> None:
    setups = [wild_setup(2_000 + at, form) for at, form in enumerate([*FORMS.values()] * 2)]
    seen: Counter[str] = sum((agree(setup, LENGTH, LENT) for setup in setups), Counter())
    words = (
        "BORROW REPAY INTEREST BORROW_RATE RECALL BUY_IN NOTHING_TO_LEND OVER_BORROW_LIMIT NOTHING_OWED BAD_TRIGGER "
    )
    words += "NOT_ENOUGH_MARGIN LIQUIDATION_START LIQUIDATION_STEP TRADE_LEG DEFICIT"
    assert {*words.split(), f"ENDS {RiskState.LIQUIDATING:d}"} - set(seen) == set()
    markets = [wild_setup(3_000 + at, LiquidationForm.ANYONE_WITH_BONUS) for at in range(6)]
    seen = sum((agree(setup, LENGTH, SEIZED) for setup in markets), Counter())
    assert {"SEIZED", "TRANSFER", "LIQUIDATION_FEE", "NOT_LIQUIDATABLE", "UNKNOWN_ACCOUNT"} - set(seen) == set()


def test_the_comparison_sees_interest_on_interest_where_there_is_none() -> None:
    """Not every list of a thousand commands charges one loan twice; among six there is one that does."""
    setups = [one for one in (wild_setup(at, FORMS["ioc"]) for at in range(50)) if not one.pools[2].terms.compounds]
    with pytest.raises(Differs, match="INTEREST"):
        _compound_unasked(setups[:6])


def _compound_unasked(setups: list[Setup]) -> None:
    """Each World compounds interest; its twin, as the terms say, does not."""
    for setup in setups:
        pair = MoneyPair(setup)
        pair.world.table(Shelf.LENDING)[1].compounds = 1
        pair.tell_all(commands_of(setup.seed, 1_000, LENT))
