"""A play from its scenario: who is there at the opening, copies that go the same way, and what can be switched off."""

from __future__ import annotations

import numpy as np
import pytest
from tests.stage.small import small_squeeze

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.tables import Shelf
from shortdesk.stage.build import build
from shortdesk.stage.play import open_play

SECOND_NS = 10**9


def test_the_opening_balances_and_everybody_has_a_name() -> None:
    built = build(small_squeeze())
    legs = built.world.table(Shelf.LEGS)[1 : built.world.used_rows(Shelf.LEGS)]
    assert legs["lots"].sum() == 0
    market = built.cast.market("SOL-PERP")
    held = -legs["lots"][legs["lots"] < 0].sum() * float(market.lot) * market.price
    assert held == pytest.approx(240_000, rel=0.02)
    for asset in built.cast.assets.values():
        balances = built.world.table(Shelf.BALANCES)[1 : built.world.used_rows(Shelf.BALANCES)]
        assert balances["units"][balances["asset"] == asset].sum() == 0
    openings = built.opening[built.opening["kind"] == Kind.OPENING]
    assert (openings["lots"].sum(), len(openings)) == (0, np.count_nonzero(legs["lots"]))
    names = built.cast.account_names
    assert len(set(names.values())) == len(names) == built.world.used_rows(Shelf.ACCOUNTS) - 1
    members = next(one.accounts for one in built.cast.populations if one.name == "shorts")
    assert [names[at] for at in members[:2]] == ["shorts 1", "shorts 2"]


def test_nobody_is_to_be_liquidated_at_the_opening() -> None:
    built = build(small_squeeze("shorts.count=200"))
    for leg in built.world.table(Shelf.LEGS)[1 : built.world.used_rows(Shelf.LEGS)]:
        risk = balance_risk(built.world.block, int(leg["balance"]))
        assert risk.equity > risk.maintenance


def test_copies_go_the_same_way_and_apart_when_one_is_changed() -> None:
    play = open_play(small_squeeze())
    half = play.scenario.start_ns + 6 * SECOND_NS
    first = play.run_all(half)
    other, third = play.clone(), play.clone()
    assert other.digest() == play.digest() == third.digest()
    third.switch_off([Mechanism.LIQUIDATION], half)
    assert np.array_equal(other.run_all(), play.run_all())
    assert other.digest() == play.digest()
    rows = third.run_all()
    assert not (rows["kind"] == Kind.LIQUIDATION_START).any()
    assert third.digest() != play.digest()
    assert play.is_over
    again = open_play(small_squeeze())
    assert np.array_equal(again.run_all(half), first)
    again.run_all()
    assert again.digest() == play.digest()


def test_a_mechanism_that_is_off_does_nothing_from_then_on() -> None:
    play = open_play(small_squeeze())
    half = play.scenario.start_ns + 3 * SECOND_NS
    play.switch_off([Mechanism.NOISE, Mechanism.MAKER], half)
    rows = play.run_all()
    acts = np.isin(rows["mechanism"], [Mechanism.NOISE, Mechanism.MAKER]) & (rows["kind"] == Kind.FILL)
    late = rows["time_ns"] > half + SECOND_NS
    assert (acts & ~late).any()
    assert not (acts & late).any()


def test_a_population_that_is_not_there_cannot_be_taken_away() -> None:
    with pytest.raises(UsageError, match="'maker'"):
        open_play(small_squeeze()).take_away("maker")
