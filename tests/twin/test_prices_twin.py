"""The compiled market against the exact twin where prices are formed: every mark, bands, outliers, impact, funding.

People trade, die and are funded in the same lists; half of all commands are about prices.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.compare import Differs
from tests.twin.money_commands import PRICED, agree, commands_of
from tests.twin.money_pair import INVERSE, LINEAR, MoneyPair
from tests.twin.wild_rules import FORMS, wild_setup

from shortdesk.ground.compile import interpreted
from shortdesk.ground.kinds import FeedState
from shortdesk.margin.funding import FundingForm
from shortdesk.margin.mark import MarkForm
from shortdesk.market.prices import pricing_at

LENGTH = 400
LISTS = 4


@pytest.mark.parametrize("seed", range(LISTS))
def test_prices_are_formed_as_they_should_be(seed: int, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists with forms, bands and weights of their own each."""
    wanted = depth.pick(quick=4_000, check=8_000, deep=1_000_000) // LISTS // (10 if interpreted() else 1)
    forms = [*FORMS.values()]
    for at in range(-(-wanted // LENGTH)):
        agree(wild_setup(70_000_000 + seed * 1_000_000 + at, forms[at % len(forms)]), min(LENGTH, wanted), PRICED)


def test_the_lists_reach_every_form_of_mark_and_every_state_of_a_member() -> None:
    setups = [wild_setup(4_000 + at, FORMS["ioc"]) for at in range(16)]
    seen: Counter[str] = sum((agree(setup, LENGTH, PRICED) for setup in setups), Counter())
    members = {f"MEMBER {state:d}" for state in (FeedState.LIVE, FeedState.STALE, FeedState.FROZEN, FeedState.OUTLIER)}
    words = "INDEX MARK PREMIUM FUNDING_RATE FUNDING NO_REFERENCE_PRICE BAD_CLIENT_ID BAD_PRICE BAD_FLAGS"
    assert {*members, *words.split()} - set(seen) == set()
    terms = [one.terms for setup in setups for one in setup.pricing.values()]
    assert {one.mark_form for one in terms} == set(MarkForm)
    assert {one.funding_form for one in terms} == set(FundingForm)


@pytest.mark.parametrize("number", [LINEAR, INVERSE])
def test_the_comparison_sees_an_average_that_is_one_part_too_quick(number: int) -> None:
    """The weight of a tick in the basis is changed behind the twin's back, by a tenth."""
    setup = next(
        setup
        for setup in (wild_setup(at, FORMS["ioc"]) for at in range(400))
        if setup.pricing[number].terms.mark_form == MarkForm.INDEX_PLUS_BASIS
        and setup.pricing[number].terms.basis_weight == "0.3"
        and setup.pricing[number].terms.mark_band == "0"
    )
    pair = MoneyPair(setup)
    pricing_at(pair.world.block, number).basis_weight += 30_000_000
    with pytest.raises(Differs, match="rows"):
        pair.tell_all(commands_of(setup.seed, 2_000, PRICED))
