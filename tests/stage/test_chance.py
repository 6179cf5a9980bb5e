"""Draws are keyed: who an agent's neighbours are, and what they do, does not move its numbers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.stage.agents.town import scenario
from tests.stage.small import small_squeeze

from shortdesk.stage.agents.noise import NoiseTerms
from shortdesk.stage.chance import below, chance, exponential, normal, wait_ns
from shortdesk.stage.parts import agent_at, play_of
from shortdesk.stage.play import Play, open_play

SECOND_NS = 10**9


def noise(name: str) -> NoiseTerms:
    return NoiseTerms(name=name, instrument="PERP", takers_per_s=1, taker_usd=100, slots=5, accounts=2)


def numbers(play: Play, name: str) -> list[float]:
    """The next ten numbers of a population's only agent."""
    agent = next(one.agents[0] for one in play.cast.populations if one.name == name)
    return [chance(play.block, agent) for _ in range(10)]


def test_a_neighbour_does_not_move_an_agents_numbers() -> None:
    alone = numbers(open_play(scenario(noise("b"))), "b")
    assert numbers(open_play(scenario(noise("a"), noise("b"))), "b") == alone
    assert numbers(open_play(scenario(noise("b"), noise("a"))), "b") == alone
    assert numbers(open_play(scenario(noise("a"))), "a") != alone
    assert numbers(open_play(scenario(noise("b"), seed=2)), "b") != alone


def test_laws_of_the_draws() -> None:
    play = open_play(scenario(noise("a")))
    s, agent = play.block, next(one.agents[0] for one in play.cast.populations if one.name == "a")
    count = 4_000
    uniforms = np.array([chance(s, agent) for _ in range(count)])
    assert 0 <= uniforms.min() <= uniforms.max() < 1
    assert uniforms.mean() == pytest.approx(0.5, abs=4 * np.sqrt(1 / 12 / count))
    waits = np.array([exponential(s, agent) for _ in range(count)])
    assert waits.mean() == pytest.approx(1, abs=4 / np.sqrt(count))
    normals = np.array([normal(s, agent) for _ in range(count)])
    assert (normals.mean(), normals.std()) == (pytest.approx(0, abs=0.07), pytest.approx(1, abs=0.05))
    picks = np.bincount([below(s, agent, 5) for _ in range(count)], minlength=5)
    assert len(picks) == 5
    assert picks.min() > count / 5 - 4 * np.sqrt(count * 0.16)
    assert agent_at(s, agent).draws == 4 * count
    assert wait_ns(s, agent, 0.0) == wait_ns(s, agent, 1e-300) == 10**18, "a clock that hardly ever strikes"
    assert np.mean([wait_ns(s, agent, 100.0) for _ in range(count)]) == pytest.approx(1e7, rel=4 / np.sqrt(count))


def test_who_is_taken_away_changes_nothing_before_his_first_act() -> None:
    whole = open_play(small_squeeze())
    without = whole.clone()
    without.take_away("trigger")
    rows, others = whole.run_all(), without.run_all()
    begins = whole.scenario.start_ns + 5 * SECOND_NS
    assert np.array_equal(rows[rows["time_ns"] < begins], others[others["time_ns"] < begins])
    assert not np.array_equal(rows, others)
    traders = set(next(one.accounts for one in whole.cast.populations if one.name == "trigger"))
    assert not traders & set(others["account"][others["time_ns"] >= begins].tolist())
    assert play_of(without.block).seed == play_of(whole.block).seed
