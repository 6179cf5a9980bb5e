"""Leveraged crowds: what they hold at the opening, their stops, and what the worried do."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.tables import Shelf
from shortdesk.stage.agents.crowd import CrowdTerms, Rung
from shortdesk.stage.parts import value_at
from shortdesk.stage.play import open_play

COUNT = 150
MIX = (Rung(leverage=5, share=0.4), Rung(leverage=20, share=0.6))


def terms(**changes: Any) -> CrowdTerms:
    given: dict[str, Any] = {
        "name": "shorts", "instrument": "PERP", "side": "short", "count": COUNT, "open_interest_usd": 3_000_000,
        "mix": MIX, "stops": 0.0, "look_s": 5.0, "holders": 10,
    }  # fmt: skip
    return CrowdTerms(**(given | changes))


def town(**changes: Any) -> Town:
    found = Town(terms(**changes))
    found.quote("PERP", 99.99, 100.01, 1e5)
    return found


def to_price(found: Town, price: float) -> None:
    """The index, and with it book and mark, go to a price."""
    value_at(found.play.block, found.market("PERP").value).price = price
    found.quote("PERP", price - 0.01, price + 0.01, 1e5)
    found.go(2)


def held(found: Town, population: str) -> Any:
    return np.array([found.held(account, "PERP") for account in found.accounts(population)])


@pytest.mark.parametrize(("side", "sign"), [("short", -1), ("long", 1)])
def test_what_is_held_at_the_opening(side: str, sign: int) -> None:
    found = town(side=side, entry_mean=0.01, entry_sd=0.005)
    members, holders = held(found, "shorts"), held(found, "shorts holders")
    assert (sign * members > 0).all()
    assert members.sum() == pytest.approx(-holders.sum())
    assert abs(members.sum()) * 100 == pytest.approx(3_000_000, rel=0.01)
    assert np.abs(members).max() * 100 <= 0.0201 * 3_000_000
    openings = found.of(Kind.OPENING, "shorts")
    entries = openings["price"] * 0.01
    moved = entries[entries != 100.0]
    assert moved.mean() == pytest.approx(101, abs=4 * 0.5 / math.sqrt(len(moved)))
    legs = found.play.world.table(Shelf.LEGS)[1 : found.play.world.used_rows(Shelf.LEGS)]
    mine = legs[np.isin(legs["account"], found.accounts("shorts"))]
    assert set(mine["leverage_x100"].tolist()) == {500, 2_000}
    assert np.mean(mine["leverage_x100"] == 500) == pytest.approx(0.4, abs=4 * math.sqrt(0.24 / COUNT))


def test_liquidation_comes_to_the_most_leveraged_first() -> None:
    """Without entries that differ, 20x shorts die four to five per cent above and 5x ones far beyond."""
    found = town(entry_sd=0.0, adds=0.0, gives_up=0.0)
    legs = found.play.world.table(Shelf.LEGS)[1 : found.play.world.used_rows(Shelf.LEGS)]
    steep = set(legs["account"][legs["leverage_x100"] == 2_000].tolist())
    to_price(found, 103.0)
    assert len(found.of(Kind.LIQUIDATION_START)) == 0
    to_price(found, 106.0)
    assert set(found.of(Kind.LIQUIDATION_START)["account"].tolist()) == steep
    assert found.money("USDT") == 0


def test_stops_wait_part_of_the_way_to_where_the_margin_is_gone() -> None:
    """Six tenths of the way: a 20x short at 103.00, a 5x one at 112.00."""
    found = town(entry_sd=0.0, stops=1.0, adds=0.0, gives_up=0.0)
    found.go(1)
    orders = found.play.world.table(Shelf.ORDERS)[1 : found.play.world.used_rows(Shelf.ORDERS)]
    waiting = orders[(orders["leg"] != 0) & (orders["mechanism"] == Mechanism.STOP)]
    assert len(waiting) == COUNT
    assert set(waiting["side"].tolist()) == {Side.BUY}
    assert set(waiting["price_ticks"].tolist()) == {10_300, 11_200}
    to_price(found, 103.5)
    fills = found.of(Kind.FILL, "shorts")
    assert set(fills["mechanism"].tolist()) == {Mechanism.STOP}
    assert len(found.of(Kind.LIQUIDATION_START)) == 0
    assert np.count_nonzero(held(found, "shorts")) == np.count_nonzero(waiting["price_ticks"] == 11_200)


def test_the_worried_add_margin_or_give_up() -> None:
    found = town(entry_sd=0.0, mix=(Rung(leverage=10, share=1.0),), worry=8.0, adds=0.5, gives_up=0.5)
    found.go(30)
    assert len(found.of(Kind.MARGIN, "shorts", found.rows[found.rows["time_ns"] > found.play.scenario.start_ns])) == 0
    before = len(found.rows)
    to_price(found, 106.0)
    found.go(20)
    rows = found.rows[before:]
    added, closed = found.of(Kind.MARGIN, "shorts", rows), found.of(Kind.FILL, "shorts", rows)
    assert len(added) > 10
    assert len(closed) > 10
    assert set(closed["mechanism"].tolist()) == {Mechanism.USER}
    assert np.count_nonzero(held(found, "shorts")) == COUNT - len(set(closed["account"].tolist()))
    assert found.money("USDT") == 0


def test_who_is_safe_does_nothing() -> None:
    found = town(entry_sd=0.0, mix=(Rung(leverage=5, share=1.0),), adds=0.5, gives_up=0.5)
    rows = found.go(30)
    assert len(found.of(Kind.FILL, "shorts", rows)) == len(found.of(Kind.MARGIN, "shorts", rows)) == 0


def test_switched_off_it_is_silent_and_draws_on() -> None:
    loud, silent = town(entry_sd=0.0, worry=30.0), town(entry_sd=0.0, worry=30.0)
    silent.switch_off(Mechanism.USER)
    for found in (loud, silent):
        to_price(found, 101.0)
        found.go(10)
    assert len(loud.of(Kind.FILL, "shorts")) > 0
    assert len(silent.of(Kind.FILL, "shorts")) == 0
    assert loud.draws("shorts") == silent.draws("shorts")


def test_a_crowd_needs_a_perpetual_and_a_whole_mix() -> None:
    with pytest.raises(UsageError, match="SPOT is a spot pair"):
        open_play(scenario(terms(instrument="SPOT")))
    with pytest.raises(UsageError, match=r"sum to 0\.4; expected 1"):
        open_play(scenario(terms(mix=MIX[:1])))


@pytest.mark.parametrize("other", ["PERP", "FAR", "SPOT"])
def test_a_second_market_shares_the_wallet(other: str) -> None:
    with pytest.raises(UsageError, match=f"{other} is no second perpetual of PERP's wallet"):
        open_play(scenario(terms(other=other)))
