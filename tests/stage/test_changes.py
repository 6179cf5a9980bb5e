"""What a counterfactual takes away: one account, in all its markets, and never somebody else's."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.market.tables import Shelf
from shortdesk.stage.agents.borrower import BorrowerTerms
from shortdesk.stage.agents.crowd import CrowdTerms
from shortdesk.stage.changes import Change, apply_changes
from shortdesk.stage.scenario import PoolTerms


def test_a_member_of_a_crowd_in_two_markets_is_closed_in_both() -> None:
    instruments = scenario().instrument
    second = msgspec.structs.replace(instruments[0], name="PERP2")
    crowd = CrowdTerms(
        name="longs", instrument="PERP", other="PERP2", side="long", count=8, open_interest_usd=80_000, stops=0.0
    )
    found = Town(crowd, instrument=(*instruments, second))
    account = found.accounts("longs")[2]
    assert found.held(account, "PERP") > 0
    assert found.held(account, "PERP2") > 0
    apply_changes(found.play, [Change("without_account", "longs 3")])
    assert found.held(account, "PERP") == found.held(account, "PERP2") == 0
    legs = found.play.world.table(Shelf.LEGS)
    for name in ("PERP", "PERP2"):
        assert legs["lots"][legs["instrument"] == found.market(name).number].sum() == 0
    rows = np.concatenate(found.play.take_waiting())
    assert (rows["kind"] == Kind.POSITION).sum() == 4


def test_one_of_many_borrowers_cannot_be_taken_away_alone() -> None:
    """One agent acts for all of them: taking it away would silence the others too."""
    pool = PoolTerms(name="pool", pair="SPOT", size=1_000)
    found = Town(BorrowerTerms(name="spot shorts", instrument="SPOT", count=3, short_usd=3_000), lending=(pool,))
    with pytest.raises(UsageError, match="take the population 'spot shorts' away"):
        apply_changes(found.play, [Change("without_account", "spot shorts 2")])
