"""Losses of a quote to faster and better informed traders: against sums done by brute force, and the limits."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.stage import adverse_selection

positive = st.floats(1e-3, 1e3)


@pytest.mark.parametrize(("sigma", "latency", "half"), [(1.0, 0.25, 0.5), (30.0, 0.1, 5.0), (0.5, 0.01, 0.0)])
def test_a_stale_quote_loses_the_mean_of_what_lies_beyond_it(sigma: float, latency: float, half: float) -> None:
    deviation = sigma * math.sqrt(latency)
    move, width = np.linspace(-10 * deviation, 10 * deviation, 2_000_001, retstep=True)
    density = np.exp(-0.5 * (move / deviation) ** 2) / (deviation * math.sqrt(2 * math.pi))
    found = adverse_selection.stale_quote_loss(sigma, latency, half)
    assert found.expected_loss == pytest.approx(float(np.maximum(np.abs(move) - half, 0) @ density * width), rel=1e-9)
    assert found.p_picked == pytest.approx(float((np.abs(move) > half) @ density * width), abs=1e-5)


@given(positive, positive, st.floats(0.0, 1e3), st.floats(1.01, 10.0))
def test_waiting_longer_or_closer_loses_more(sigma: float, latency: float, half: float, factor: float) -> None:
    loss = adverse_selection.stale_quote_loss(sigma, latency, half).expected_loss
    assert adverse_selection.stale_quote_loss(sigma, latency * factor, half).expected_loss >= loss
    assert adverse_selection.stale_quote_loss(sigma, latency, half / factor).expected_loss >= loss
    assert 0 <= loss <= sigma * math.sqrt(latency) * math.sqrt(2 / math.pi)


@given(positive, st.floats(1e-6, 1e9), positive)
def test_at_the_sniping_spread_makers_earn_nothing(investors: float, jumps: float, mean: float) -> None:
    half = adverse_selection.sniping_spread(investors, jumps, mean) / 2
    earned = investors * half
    lost = jumps * mean * math.exp(-half / mean)
    assert earned == pytest.approx(lost, rel=1e-9)


def test_a_share_of_informed_traders_is_that_share_of_the_range_as_spread() -> None:
    found = adverse_selection.informed_sequence(0.5, 0.05, 59_000, 61_000, "")
    assert found.first_spread == pytest.approx(0.05 * 2_000)
    assert found.posterior == 0.5


@given(st.floats(0.01, 0.99), st.floats(0.0, 0.95), st.floats(0.05, 0.95), st.text("BS", max_size=8))
def test_prices_are_a_martingale_and_bayes_counts_only_the_trades(
    prior: float, informed: float, buys: float, trades: str
) -> None:
    found = adverse_selection.informed_sequence(prior, informed, 0.0, 1.0, trades, buys)
    p_buy = [informed * h + (1 - informed) * buys for h in (1, 0)]
    high, low = prior, 1 - prior
    for i, trade in enumerate(trades):
        belief = high / (high + low)
        chance = belief * p_buy[0] + (1 - belief) * p_buy[1]
        assert found.asks[i] * chance + found.bids[i] * (1 - chance) == pytest.approx(belief, abs=1e-12)
        high *= p_buy[0] if trade == "B" else 1 - p_buy[0]
        low *= p_buy[1] if trade == "B" else 1 - p_buy[1]
    assert found.posterior == pytest.approx(high / (high + low), abs=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: adverse_selection.stale_quote_loss(0, 1, 1), "volatility must be positive"),
        (lambda: adverse_selection.stale_quote_loss(1, 1, -1), "half_spread must be zero or more"),
        (lambda: adverse_selection.sniping_spread(0, 1, 1), "investor_rate must be positive"),
        (lambda: adverse_selection.informed_sequence(1.5, 0, 0, 1, ""), "prior_high must be from 0 to 1"),
        (lambda: adverse_selection.informed_sequence(0.5, 0, 1, 1, ""), "v_low must lie below"),
        (lambda: adverse_selection.informed_sequence(0.5, 0, 0, 1, "BX"), "letters B and S"),
        (lambda: adverse_selection.informed_sequence(1.0, 1.0, 0, 1, ""), "cannot come"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
