"""The compiled market against the exact twin where everything is sent: latency, delays, outages, links that go down.

Two accounts share a link, one has none, and the prices of both perpetuals come over feeds of their own. After every
command that is sent, what was said, what is under way and how far each link is must be the same; so must the market.
"""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.compare import Differs
from tests.twin.money_commands import WIRED, agree, commands_of
from tests.twin.wild_rules import FORMS, wild_setup
from tests.twin.wire import WirePair

from shortdesk.ground.compile import interpreted
from shortdesk.market.wire import link_at

LENGTH = 400
LISTS = 4


@pytest.mark.parametrize("seed", range(LISTS))
def test_what_is_sent_arrives_as_it_should(seed: int, depth: Depth) -> None:
    """As many commands as the depth asks for, in lists with links and a venue of their own each."""
    wanted = depth.pick(quick=4_000, check=8_000, deep=1_000_000) // LISTS // (10 if interpreted() else 1)
    forms = [*FORMS.values()]
    for at in range(-(-wanted // LENGTH)):
        setup = wild_setup(80_000_000 + seed * 1_000_000 + at, forms[at % len(forms)])
        agree(setup, min(LENGTH, wanted), WIRED, WirePair)


def test_the_lists_reach_every_row_and_refusal_of_the_wire() -> None:
    setups = [wild_setup(5_000 + at, form) for at, form in enumerate(FORMS.values())]
    seen: Counter[str] = sum((agree(setup, LENGTH, WIRED, WirePair) for setup in setups), Counter())
    words = (
        "VENUE_DOWN HALTED RESUMED CONNECTION CANCELLED DELAY_NS BAD_KIND UNKNOWN_ACCOUNT UNKNOWN_INSTRUMENT BAD_SIZE "
    )
    words += "FILL TRIGGERED LIQUIDATION_START LIQUIDATION_END MEMBER FUNDING"
    assert set(words.split()) - set(seen) == set()


def test_the_comparison_sees_a_link_that_is_a_nanosecond_slower() -> None:
    setup = wild_setup(1, FORMS["ioc"])
    pair = WirePair(setup)
    link_at(pair.world.block, 1).base_ns += 1
    with pytest.raises(Differs, match="wire"):
        pair.tell_all(commands_of(setup.seed, 500, WIRED))
