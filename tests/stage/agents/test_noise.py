"""Ambient flow: market orders on a Poisson clock, leaning with the book; limit orders that come and go."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.stage.agents.town import Town, without_clocks

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.tables import Shelf
from shortdesk.stage.agents.noise import NoiseTerms


def town(bid: float = 99.99, ask: float = 100.01, bid_size: float = 1e5, ask_size: float = 1e5, **changes: Any) -> Town:
    """A book that no market order goes through, and nobody but takers."""
    terms: dict[str, Any] = {
        "name": "noise", "instrument": "PERP", "takers_per_s": 10, "taker_usd": 1_000, "slots": 0, "accounts": 20,
        "lean": 0.0, "wealth_usd": 1e8,
    }  # fmt: skip
    found = Town(NoiseTerms(**(terms | changes)), **without_clocks())
    found.rest("PERP", Side.BUY, bid, bid_size)
    found.rest("PERP", Side.SELL, ask, ask_size)
    found.go(60)
    return found


def taken(found: Town) -> Any:
    """Signed sizes of what takers traded, in the base."""
    fills = found.of(Kind.FILL, "noise")
    return fills["lots"] * 0.01


def test_takers_come_on_a_poisson_clock_and_buy_as_often_as_they_sell() -> None:
    sizes = taken(town())
    assert len(sizes) == pytest.approx(600, abs=4 * math.sqrt(600))
    assert np.mean(sizes > 0) == pytest.approx(0.5, abs=4 * 0.5 / math.sqrt(600))
    assert np.abs(sizes).mean() * 100 == pytest.approx(1_000, rel=4 * math.sqrt(math.exp(1.2**2) - 1) / math.sqrt(600))


def test_they_lean_to_where_less_stands_in_the_way() -> None:
    """Nine tenths of the size at the best prices is bid: an imbalance of 0.8, so nine in ten buy at a lean of 1."""
    sizes = taken(town(bid_size=9e5, ask_size=1e5, lean=1.0, taker_usd=100))
    assert np.mean(sizes > 0) == pytest.approx(0.9, abs=0.06)


def test_half_of_them_hold_back_at_twice_the_usual_spread() -> None:
    assert len(taken(town(bid=99.98, ask=100.02))) == pytest.approx(300, abs=4 * math.sqrt(300))


def test_limit_orders_come_and_go_and_never_cross() -> None:
    found = town(takers_per_s=0, slots=100, lifetime_s=5, far_bps=4)
    assert len(found.of(Kind.FILL)) == 0
    rows = found.play.world.table(Shelf.ORDERS)[1 : found.play.world.used_rows(Shelf.ORDERS)]
    seen = rows[(rows["leg"] != 0) & (rows["mechanism"] == Mechanism.NOISE)]
    assert len(seen) == pytest.approx(50, abs=20)
    bids, asks = (seen[seen["side"] == side]["price_ticks"] for side in (Side.BUY, Side.SELL))
    assert bids.max() < asks.min()
    from_other = np.concatenate([asks - 9_999, 10_001 - bids])
    assert from_other.min() >= 1
    assert from_other.mean() == pytest.approx(4, abs=3)


def test_switched_off_it_is_silent_and_draws_on() -> None:
    draws = {}
    for is_off in (False, True):
        found = Town(NoiseTerms(name="noise", instrument="PERP", takers_per_s=5, taker_usd=500, slots=20, accounts=4))
        if is_off:
            found.switch_off(Mechanism.NOISE)
        found.quote("PERP", 99.99, 100.01, 1e4)
        found.go(20)
        assert (len(found.of(Kind.FILL)) == 0) == is_off
        draws[is_off] = found.draws("noise")
    assert draws[False] == draws[True]
