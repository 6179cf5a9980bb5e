"""Metaorder traders: a given order is done to the last lot; drawn ones keep their sign and have the sizes of a law."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.stage.agents.town import Town, without_clocks

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Side
from shortdesk.stage.agents.metaorder import MetaorderTerms


def town(**changes: Any) -> Town:
    terms: dict[str, Any] = {"name": "whales", "instrument": "PERP", "piece_usd": 1_000, "pause_s": 0.5}
    found = Town(MetaorderTerms(**(terms | changes)), **without_clocks())
    found.rest("PERP", Side.BUY, 99.99, 1e6)
    found.rest("PERP", Side.SELL, 100.01, 1e6)
    return found


def fills(found: Town) -> Any:
    return found.of(Kind.FILL, "whales")


@pytest.mark.parametrize(("amount", "lots"), [(20_000, 20_000), (-20_000, -20_000)])
def test_a_given_order_begins_at_its_time_and_is_done_to_the_last_lot(amount: float, lots: int) -> None:
    found = town(at_s=5, amount_usd=amount, traders=7)
    found.go(5)
    assert len(fills(found)) == 0
    found.go(60)
    seen = fills(found)
    assert seen["lots"].sum() == lots
    assert len(seen) > 8
    assert np.abs(seen["lots"]).mean() == pytest.approx(1_000, rel=0.8)
    assert {int(row["mechanism"]) for row in seen} == {Mechanism.METAORDER}
    assert int(seen["time_ns"][0]) > found.play.scenario.start_ns + 5 * 10**9  # the way to the venue takes a while
    before = found.draws("whales")
    found.go(600)
    assert found.draws("whales") == before


def test_drawn_orders_keep_their_sign_until_they_are_done() -> None:
    found = town(gap_s=30, pause_s=0.05, smallest_usd=5_000, largest_usd=20_000)
    found.go(1_500)
    seen = fills(found)
    signed = seen["lots"].astype(np.int64)
    gaps = np.diff(seen["time_ns"]) > 2 * 10**9  # a pause between two orders is some thirty seconds, mostly
    ends = np.flatnonzero(gaps | (np.diff(np.sign(signed)) != 0)) + 1
    wholes = [part.sum() for part in np.split(signed, ends)[:-1]]
    alone = [whole for whole in wholes if abs(whole) <= 20_000]
    assert len(alone) > 20
    assert min(abs(whole) for whole in alone) >= 5_000
    assert len(signed) > 5 * len(wholes)
    assert 0.2 < np.mean(np.array(wholes) > 0) < 0.8


def test_switched_off_it_is_silent_and_draws_on() -> None:
    loud, silent = town(gap_s=5, pause_s=0.2), town(gap_s=5, pause_s=0.2)
    silent.switch_off(Mechanism.METAORDER)
    for found in (loud, silent):
        found.go(60)
    assert len(fills(loud)) > 0
    assert len(fills(silent)) == 0
    assert loud.draws("whales") == silent.draws("whales")
