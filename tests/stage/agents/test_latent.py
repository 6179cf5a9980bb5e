"""Latent liquidity: half of the people are in the book, more of them the further from the value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.stage.agents.town import Town

from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.tables import Shelf
from shortdesk.stage.agents.latent import LatentTerms
from shortdesk.stage.parts import value_at

SLOTS = 600
BAND = 0.03


def town(**changes: Any) -> Town:
    terms: dict[str, Any] = {
        "name": "latent", "instrument": "PERP", "depth_1pc_usd": 100_000, "band": BAND, "slots": SLOTS,
        "lifetime_s": 60, "accounts": 5,
    }  # fmt: skip
    return Town(LatentTerms(**(terms | changes)))


def orders(found: Town) -> Any:
    rows = found.play.world.table(Shelf.ORDERS)[1 : found.play.world.used_rows(Shelf.ORDERS)]
    return rows[rows["leg"] != 0]


def test_half_are_in_the_book_in_a_v_around_the_value() -> None:
    found = town()
    found.go(1)
    seen = orders(found)
    assert len(seen) == pytest.approx(SLOTS / 2, abs=4 * math.sqrt(SLOTS / 4))
    bids, asks = seen[seen["side"] == Side.BUY]["price_ticks"], seen[seen["side"] == Side.SELL]["price_ticks"]
    assert 10_000 * (1 - BAND) - 1 <= bids.min() <= bids.max() <= 10_000 <= asks.min() <= asks.max()
    assert asks.max() <= 10_000 * (1 + BAND) + 1
    far = np.abs(seen["price_ticks"] / 10_000 - 1) / BAND
    for part in (0.3, 0.6, 0.8):  # the chance of being nearer than a part of the band is its square
        expected = part * part
        assert np.mean(far < part) == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / len(seen)))
    near = seen[(far < 1 / 3) & (seen["side"] == Side.BUY)]
    assert near["lots"].sum() * 0.01 * 100 == pytest.approx(100_000, rel=0.6)


def test_half_stay_in_the_book_while_people_come_and_go() -> None:
    found = town(lifetime_s=5)
    found.go(1)
    first = set(orders(found)["client_id"].tolist())
    found.go(20)
    later = orders(found)
    assert len(later) == pytest.approx(SLOTS / 2, abs=4 * math.sqrt(SLOTS / 4))
    assert len(first & set(later["client_id"].tolist())) < 0.1 * len(first)  # four lifetimes leave e^-4 of them


def test_the_v_moves_with_the_value() -> None:
    found = town(lifetime_s=2, slots=200)
    found.go(1)
    market = found.market("PERP")
    value_at(found.play.block, market.value).price = 110.0
    found.go(12)
    seen = orders(found)["price_ticks"] / 11_000 - 1
    assert np.mean(np.abs(seen) < BAND + 0.001) > 0.95


def test_switched_off_it_is_silent_and_draws_on() -> None:
    loud, silent = town(), town()
    silent.switch_off(Mechanism.LATENT)
    stood = sorted(orders(silent)["client_id"].tolist())
    for found in (loud, silent):
        found.go(30)
    assert sorted(orders(silent)["client_id"].tolist()) == stood
    assert sorted(orders(loud)["client_id"].tolist()) != stood
    assert loud.draws("latent") == silent.draws("latent")
