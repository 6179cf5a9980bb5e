"""Predators: they race a victim that they can see along the equilibrium's path, and leave everybody else alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.stage.agents.town import Town

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.tables import row_at
from shortdesk.stage.agents.crowd import CrowdTerms, Rung
from shortdesk.stage.agents.predator import PREDATOR, PredatorTerms, path
from shortdesk.stage.parts import Part

VECTORS = Path(__file__).parents[2] / "vectors_models" / "execution.json"


def predators(**changes: Any) -> PredatorTerms:
    terms: dict[str, Any] = {
        "name": "predators", "instrument": "PERP", "sees": 1.0, "near": 0.02, "least_usd": 50_000, "latency_ms": 1.0,
        "look_s": 0.25, "attack_s": 20.0, "rest_s": 1e6,
    }  # fmt: skip
    return PredatorTerms(**(terms | changes))


def crowd(name: str, usd: float, leverage: float) -> CrowdTerms:
    """One long, and who took the other side of it."""
    return CrowdTerms(
        name=name, instrument="PERP", side="long", count=1, open_interest_usd=usd, entry_sd=0.0, stops=0.0,
        kept_back=0.0, mix=(Rung(leverage=leverage, share=1.0),), look_s=1e6,
    )  # fmt: skip


def town(victim: CrowdTerms, **changes: Any) -> Town:
    found = Town(victim, predators(**changes))
    found.quote("PERP", 99.99, 100.01, 100_000.0)
    return found


def sizes(found: Town, account: int, began_ns: int = 0) -> list[tuple[float, float]]:
    """(seconds since then, size) of what an account held."""
    rows = found.of(Kind.POSITION)
    rows = rows[rows["account"] == account]
    return [(float(row["time_ns"] - began_ns) / 1e9, float(row["lots"]) * 0.01) for row in rows]


def test_the_path_is_that_of_the_published_game() -> None:
    seen = 0
    for vector in json.loads(VECTORS.read_text())["vectors"]:
        if vector["model"] != "predatory_trading_paths":
            continue
        given, targets = vector["parameters"], vector["parameters"]["target_changes"]
        if sorted(targets)[1:-1] != [0.0] * (len(targets) - 2) or 0.0 not in targets:
            continue
        demand = sum(targets)
        predator = vector["expected"]["positions"][targets.index(0.0)]
        steepness = given["gamma"] / given["lam"] * given["T"]
        for t, expected in zip(given["t"], predator, strict=True):
            assert demand * path(t / given["T"], steepness, len(targets)) == pytest.approx(expected, abs=1e-9)
        seen += 1
    assert seen >= 3


def test_a_victim_in_sight_is_raced_and_bought_back() -> None:
    # A long worth 100,000 with leverage 40: 2.5 % of equity, 0.5 to 1 % of maintenance, so within 2 % of its end.
    found = town(crowd("victim", 100_000, 40.0))
    found.go(60)
    predator = found.accounts("predators")[0]
    began_ns = int(row_at(found.play.block, Part.PREDATORS, 1, PREDATOR).began_ns)
    held = sizes(found, predator, began_ns)
    deepest = min(size for _, size in held)
    peak = max(path(0.01 * step, 10.0, 2) for step in range(101))
    assert deepest == pytest.approx(-1_000.0 * peak, rel=0.05)  # sells with the seller, 1,000 being his whole position
    assert held[-1][1] == 0.0
    assert held[-1][0] == pytest.approx(20.0, abs=2.0)
    for seconds, size in held[:-1]:
        assert size == pytest.approx(-1_000.0 * path(seconds / 20.0, 10.0, 2), abs=5.0)
    assert {int(row["mechanism"]) for row in found.of(Kind.FILL, "predators")} == {Mechanism.MOMENTUM}


@pytest.mark.parametrize(
    ("victim", "changes"),
    [
        (crowd("healthy", 100_000, 5.0), {}),
        (crowd("small", 40_000, 40.0), {}),
        (crowd("hidden", 100_000, 40.0), {"sees": 0.0}),
    ],
    ids=lambda given: getattr(given, "name", ""),
)
def test_nobody_else_is_touched(victim: CrowdTerms, changes: dict[str, Any]) -> None:
    found = town(victim, **changes)
    found.go(30)
    assert len(found.of(Kind.FILL, "predators")) == 0


def test_capital_limits_the_attack() -> None:
    found = town(crowd("victim", 100_000, 40.0), capital_usd=1_000, leverage=1.0)
    found.go(30)
    assert min(size for _, size in sizes(found, found.accounts("predators")[0])) == pytest.approx(-9.0)


def test_switched_off_they_are_silent_and_draw_on() -> None:
    loud, silent = town(crowd("victim", 100_000, 40.0)), town(crowd("victim", 100_000, 40.0))
    silent.switch_off(Mechanism.MOMENTUM)
    loud.go(10)
    silent.go(10)
    assert len(loud.of(Kind.FILL, "predators")) > 0
    assert len(silent.of(Kind.FILL, "predators")) == 0
    assert loud.draws("predators") == silent.draws("predators")


def test_a_spot_pair_has_no_victims() -> None:
    with pytest.raises(UsageError, match="spot pair"):
        Town(predators(instrument="SPOT"))
