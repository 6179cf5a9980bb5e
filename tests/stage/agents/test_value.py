"""News: how far the value wanders, its jumps, and how it listens to the market."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.stage.agents.town import Town, without_clocks

from shortdesk.ground.order import Side
from shortdesk.stage.agents.value import ValueTerms
from shortdesk.stage.parts import value_at

DAY_S = 86_400


def town(**changes: Any) -> Town:
    terms: dict[str, Any] = {"name": "news", "instrument": "PERP", "sigma_day": 0.0, "jumps_day": 0.0, "memory_s": 0.0}
    return Town(ValueTerms(**(terms | changes)), **without_clocks())


def walk(found: Town, steps: int, step_s: float) -> Any:
    """Changes of the logarithm of the value, step by step."""
    prices = [100.0]
    for _ in range(steps):
        found.go(step_s)
        prices.append(float(value_at(found.play.block, found.market("PERP").value).price))
    return np.diff(np.log(prices))


def test_it_stands_still_without_news() -> None:
    assert (walk(town(), 20, 1.0) == 0).all()


@pytest.mark.parametrize("wanders", [0.0, 0.5])
def test_it_wanders_by_what_sigma_says(wanders: float) -> None:
    """Ten-second steps of 8 % a day; where sigma itself wanders, its mean square is still that."""
    found = town(sigma_day=0.08, step_s=10.0, sigma_wanders=wanders, quick_s=30.0, slow_s=60.0)
    steps = walk(found, 1_500, 10.0)
    sigma = 0.08 * math.sqrt(10 / DAY_S)
    assert steps.std() == pytest.approx(sigma, rel=0.08 if wanders == 0 else 0.25)
    assert steps.mean() == pytest.approx(0, abs=4 * sigma / math.sqrt(1_500))
    kurtosis = float(np.mean(steps**4) / np.mean(steps**2) ** 2)
    assert (kurtosis > 3.8) == (wanders > 0)


def test_jumps_come_as_often_and_as_far_as_they_should() -> None:
    steps = walk(town(jumps_day=DAY_S / 20, jump=0.01), 1_000, 1.0)
    jumps = steps[steps != 0]
    assert len(jumps) == pytest.approx(50, abs=4 * math.sqrt(50))
    assert jumps.std() == pytest.approx(0.01, rel=0.4)


def test_it_comes_to_believe_what_is_traded() -> None:
    """The gap to the book's middle, a tenth at first, shrinks by (1 - step / memory) each second."""
    found = town(memory_s=50.0)
    found.rest("PERP", Side.BUY, 109.99, 1)
    found.rest("PERP", Side.SELL, 110.01, 1)
    walk(found, 40, 1.0)
    price = float(value_at(found.play.block, found.market("PERP").value).price)
    assert math.log(110 / price) == pytest.approx(math.log(1.1) * (1 - 1 / 50) ** 40, rel=1e-6)
