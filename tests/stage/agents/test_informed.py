"""Informed traders: they take what is wrong by more than it costs, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stage.agents.town import Town, without_clocks

from shortdesk.ground.kinds import Mechanism
from shortdesk.stage.agents.informed import InformedTerms
from shortdesk.stage.parts import value_at


def town(**changes: Any) -> Town:
    """One trader who looks five times a second; the taker's fee is 5 bp, so with its edge it wants more than 6 bp."""
    terms = {"name": "informed", "instrument": "PERP", "count": 1, "order_usd": 1_000, "limit_usd": 2_500,
             "edge_bps": 1.0, "look_s": 0.2, "latency_ms": 2.0}  # fmt: skip
    return Town(InformedTerms(**(terms | changes)), **without_clocks())


def holds(found: Town) -> float:
    return found.held(found.accounts("informed")[0], "PERP")


@pytest.mark.parametrize(
    ("bid", "ask", "worth", "held"),
    [
        (99.95, 100.05, 100.0, 0.0),  # right on both sides
        (99.90, 99.95, 100.0, 0.0),  # 5 bp too cheap: less than it costs
        (99.80, 99.90, 100.0, 25.0),  # 10 bp too cheap: up to its limit of 2,500
        (100.10, 100.20, 100.0, -25.0),
        (99.95, 100.05, 101.0, 25.0),  # news
    ],
)
def test_it_takes_what_is_wrong_by_more_than_it_costs(bid: float, ask: float, worth: float, held: float) -> None:
    found = town()
    value_at(found.play.block, found.market("PERP").value).price = worth
    found.quote("PERP", bid, ask, 1_000.0)
    found.go(6)
    assert holds(found) == pytest.approx(held)


def test_switched_off_it_takes_nothing() -> None:
    found = town()
    found.play.switch_off([Mechanism.ARBITRAGE], found.play.now_ns)
    found.quote("PERP", 99.0, 99.5, 1_000.0)
    found.go(6)
    assert holds(found) == 0.0
