"""The compiled market against the exact twin where people die: every form, with covers, ranks and pauses mixed.

Indexes, the venue's clock and funding are in the same lists. Marks jump by up to 60 %, so that everybody is
liquidated now and then, and the fund is emptied and filled again.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.compare import Differs
from tests.twin.money_commands import WILD, agree, commands_of
from tests.twin.money_pair import MoneyPair
from tests.twin.wild_rules import FORMS, wild_setup

from shortdesk.ground.compile import interpreted
from shortdesk.ground.kinds import RiskState
from shortdesk.market.tables import venue_at

LENGTH = 500


@pytest.mark.parametrize("form", FORMS)
def test_liquidations_by_form(form: str, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists with a venue of their own each."""
    wanted = depth.pick(quick=6_000, check=12_000, deep=2_000_000) // len(FORMS) // (10 if interpreted() else 1)
    first = 1_000_000 * [*FORMS].index(form)
    for seed in range(first, first + -(-wanted // LENGTH)):
        agree(wild_setup(seed, FORMS[form]), min(LENGTH, wanted), WILD)


def test_the_lists_reach_every_row_and_end_of_a_liquidation() -> None:
    """Every cover takes something, and every state is how one of them ends."""
    setups = [wild_setup(1_000 + at, form) for at, form in enumerate([*FORMS.values()] * 2)]
    seen: Counter[str] = sum((agree(setup, LENGTH, WILD) for setup in setups), Counter())
    words = "RISK_STATE LIQUIDATION_START LIQUIDATION_STEP LIQUIDATION_END TAKEOVER ADL LIQUIDATION_FEE INSURANCE_IN "
    words += "INSURANCE_OUT LOSS_SHARE DEFICIT MARGIN ACCOUNT_LIQUIDATING MEMBER INDEX PREMIUM FUNDING_RATE FUNDING"
    ends = {f"ENDS {state:d}" for state in (RiskState.SAFE, RiskState.TAKEN_OVER, RiskState.BANKRUPT)}
    assert {*words.split(), *ends} - set(seen) == set()


def test_the_comparison_sees_a_liquidation_that_waits_too_long() -> None:
    """The World's pause is made longer behind the twin's back."""
    setup = next(s for s in (wild_setup(at, FORMS["fraction"]) for at in range(50)) if s.rules.wait_ms == 700)
    pair = MoneyPair(setup)
    venue_at(pair.world.block, 1).wait_ms = 701
    with pytest.raises(Differs, match="pauses"):
        pair.tell_all(commands_of(setup.seed, 2_000, WILD))
