"""The market with money against itself: as it is compiled and as its plain text runs, on the twin's own lists."""

from __future__ import annotations

import pytest
from tests.conftest import Depth
from tests.twin.compare import told
from tests.twin.money_commands import LENT, PRICED, WILD, Mood, commands_of
from tests.twin.money_pair import MoneyPair
from tests.twin.wild_rules import FORMS, wild_setup

import shortdesk.market.world as world_module
from shortdesk.market.advance import obey_all

MOODS = {"wild": WILD, "priced": PRICED, "lent": LENT}


@pytest.mark.compiled
@pytest.mark.parametrize("mood", MOODS.values(), ids=MOODS)
def test_the_plain_text_does_the_same(mood: Mood, depth: Depth, monkeypatch: pytest.MonkeyPatch) -> None:
    """People die, loans are called in and prices are formed; every form of liquidation has a list of its own."""
    count = depth.pick(quick=60, check=250, deep=5_000)
    for at, form in enumerate(FORMS.values()):
        setup = wild_setup(6_000 + at, form)
        commands = commands_of(setup.seed, count, mood)
        compiled, plain = MoneyPair(setup).world, MoneyPair(setup).world
        rows = told(compiled, commands)
        with monkeypatch.context() as patch:
            patch.setattr(world_module, "obey_all", obey_all.py_func)
            assert told(plain, commands) == rows
        assert plain.digest() == compiled.digest()
