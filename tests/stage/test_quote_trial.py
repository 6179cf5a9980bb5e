"""The trial of quoting rules: repeatable, the same luck for each rule, and right where the answer is known."""

from __future__ import annotations

import math
from typing import Any

import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.stage.quote_trial import quote_trial

PAPER: dict[str, Any] = {
    "risk_aversion": 0.1,
    "volatility": 2.0,
    "fill_rate": 140.0,
    "fill_decay": 1.5,
    "horizon": 1.0,
    "step": 0.005,
}


def test_the_seed_decides_everything() -> None:
    first, again, other = (quote_trial("inventory", **PAPER, paths=300, seed=seed) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_more_paths_begin_with_the_same_ones() -> None:
    """Paths are keyed, so 6,000 of them are the first 3,000 and the next ones, whatever is run together."""
    few, many = (quote_trial("symmetric", **PAPER, paths=paths, seed=1) for paths in (3_000, 6_000))
    error = few.std_profit / math.sqrt(3_000)
    assert 0 < abs(few.profit - many.profit) < 4 * error


def test_without_volatility_a_maker_earns_its_half_spread_per_fill() -> None:
    """Constant rate of 2 A exp(-k d) dt or what is left of it after two fills in a step: profit = steps 2 p d."""
    still = PAPER | {"volatility": 0.0, "horizon": 2.0}
    half = math.log1p(0.1 / 1.5) / 0.1
    chance = 1.0 - math.exp(-140.0 * math.exp(-1.5 * half) * 0.005)
    found = quote_trial("symmetric", **still, paths=4_000, seed=3)
    expected = 400 * 2 * chance * half
    spread = half * math.sqrt(400 * 2 * chance * (1 - chance))
    assert found.profit == pytest.approx(expected, abs=4 * spread / math.sqrt(4_000))
    assert found.std_profit == pytest.approx(spread, rel=0.05)


def test_inventory_control_costs_profit_and_buys_calm() -> None:
    calm, bold = (quote_trial(rule, **PAPER, paths=2_000, seed=5) for rule in ("inventory", "symmetric"))
    assert calm.profit < bold.profit
    assert calm.std_profit < 0.6 * bold.std_profit
    assert calm.std_final_inventory < 0.5 * bold.std_final_inventory


def test_the_papers_linear_fills_pay_an_eighth_too_much() -> None:
    honest, linear = (
        quote_trial("inventory", **PAPER, fills=fills, paths=5_000, seed=2).profit for fills in ("poisson", "linear")
    )
    assert 0.10 < 1 - honest / linear < 0.14


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"strategy": "greedy"}, "strategy must be"),
        ({"fills": "exact"}, "fills must be"),
        ({"step": 2.0}, "step within the horizon"),
        ({"paths": 1}, "two paths"),
        ({"risk_aversion": 0.0}, "risk_aversion must be positive"),
    ],
)
def test_a_trial_that_cannot_be_run_says_why(change: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        quote_trial(**{"strategy": "inventory", **PAPER, "paths": 10, "seed": 1} | change)
