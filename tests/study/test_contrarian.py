"""Contrarian strategies: the decomposition as an identity, a reverting spread against steps, a carry by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.contrarian import (
    contrarian_trade,
    expected_profit,
    funding_carry,
    ornstein_uhlenbeck,
    sample_decomposition,
)

returns = st.floats(-0.2, 0.2)


# --- losers and winners -------------------------------------------------------------------------------------


def test_a_trade_by_hand() -> None:
    """Sold the winner, bought the loser, both came back."""
    found = contrarian_trade([0.1, -0.1], [-0.02, 0.03])
    assert (found.weights.tolist(), found.profit, found.investment) == ([-0.05, 0.05], pytest.approx(0.0025), 0.05)
    assert found.return_on_investment == pytest.approx(0.05)
    assert math.isnan(contrarian_trade([0.01, 0.01], [0.5, -0.2]).return_on_investment)


@given(st.lists(st.tuples(returns, returns), min_size=2, max_size=8))
def test_weights_sum_to_nothing_and_the_level_of_returns_does_not_matter(rows: list[tuple[float, float]]) -> None:
    past, now = zip(*rows, strict=True)
    found = contrarian_trade(past, now)
    assert float(found.weights.sum()) == pytest.approx(0, abs=1e-15)
    moved = contrarian_trade([r + 0.3 for r in past], [r - 0.1 for r in now])
    assert moved.profit == pytest.approx(found.profit, abs=1e-15)


def test_pure_lead_lag_pays_without_any_reversal() -> None:
    """The second follows the first, neither reverts: all profit is cross-autocovariance (Lo and MacKinlay's point)."""
    found = expected_profit([[0, 0], [0.5, 0]], np.eye(2), [0, 0])
    assert found.gamma1.tolist() == [[0, 0.5], [0, 0]]
    assert (found.cross, found.own, found.expected_profit) == (0.125, 0, 0.125)


def test_the_decomposition_is_the_expectation() -> None:
    """E[sum w_i R_i] = -(trace Gamma1 - i' Gamma1 i / N) / N - var(mu), without C and O, and by simulation."""
    a, mean = np.array([[-0.2, 0.1, 0], [0.3, 0.1, -0.1], [0.05, 0, -0.3]]), np.array([0.01, 0.02, -0.01])
    cov = np.array([[1.0, 0.3, 0.1], [0.3, 0.8, 0.2], [0.1, 0.2, 1.2]]) * 0.01
    found = expected_profit(a, cov, mean)
    gamma0 = sum(np.linalg.matrix_power(a, k) @ cov @ np.linalg.matrix_power(a.T, k) for k in range(200))
    gamma1 = gamma0 @ a.T
    assert found.gamma1 == pytest.approx(gamma1)
    direct = -(np.trace(gamma1) - gamma1.sum() / 3) / 3 - mean.var()
    assert found.expected_profit == pytest.approx(float(direct))
    luck = np.random.default_rng(2)
    shocks = luck.multivariate_normal(np.zeros(3), cov, size=100_000)
    path = np.zeros_like(shocks)
    for t in range(1, len(path)):
        path[t] = a @ path[t - 1] + shocks[t]
    path += mean
    past, now = path[:-1], path[1:]
    profits = (-(past - past.mean(axis=1, keepdims=True)) / 3 * now).sum(axis=1)
    error = float(profits.std()) / math.sqrt(len(profits))
    assert float(profits.mean()) == pytest.approx(found.expected_profit, abs=3 * error)


@given(st.integers(2, 6), st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_what_happened_splits_exactly(assets: int, periods: int, seed: int) -> None:
    table = np.random.default_rng(seed).normal(0.01, 0.1, (periods, assets))
    found = sample_decomposition(table)
    assert found.cross + found.own - found.mean_dispersion == pytest.approx(found.mean_profit, abs=1e-14)
    trades = [contrarian_trade(table[t], table[t + 1]).profit for t in range(periods - 1)]
    assert found.mean_profit == pytest.approx(float(np.mean(trades)), abs=1e-15)


# --- a reverting spread ---------------------------------------------------------------------------------------


@given(st.floats(0.1, 50), st.floats(-1, 1), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 2), st.floats(0, 2))
def test_two_steps_are_one_long_step(
    kappa: float, theta: float, sigma: float, start: float, first: float, second: float
) -> None:
    """Markov: the mean goes on from the mean, and the variance decays and is added to."""
    one = ornstein_uhlenbeck(kappa, theta, sigma, start, first)
    two = ornstein_uhlenbeck(kappa, theta, sigma, float(one.mean), second)
    whole = ornstein_uhlenbeck(kappa, theta, sigma, start, first + second)
    assert float(two.mean) == pytest.approx(float(whole.mean), abs=1e-12)
    carried = float(one.var) * math.exp(-2 * kappa * second) + float(two.var)
    assert carried == pytest.approx(float(whole.var), abs=1e-12)


def test_a_spread_reverts_by_half_in_a_half_life() -> None:
    half = float(ornstein_uhlenbeck(5, 0, 0.2, 0.1, 0).half_life)
    found = ornstein_uhlenbeck(5, 0, 0.2, 0.1, [0, half, 1e3])
    assert found.mean.tolist() == pytest.approx([0.1, 0.05, 0], abs=1e-12)
    assert np.sqrt(found.var).tolist() == pytest.approx([0, math.sqrt(0.75) * 0.0632455532, 0.0632455532])
    assert found.stationary_std.shape == (3,)


# --- carry --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate", "side", "net", "on_capital", "breakeven"),
    [
        (0.0001, "short_perp_long_spot", 0.0009, 0.0006, 12),  # a week of the usual rate: 21 bp less 12 bp of cost
        (-0.001, "long_perp_short_spot", 0.0198, 0.0132, 1.2),
        (0.0, "short_perp_long_spot", -0.0012, -0.0008, math.inf),
    ],
)
def test_a_week_of_carry(rate: float, side: str, net: float, on_capital: float, breakeven: float) -> None:
    """21 fundings, 2 bp fee, 1 bp slippage, the perpetual at two times."""
    found = funding_carry(rate, 21, 0.0002, 0.0001, 2)
    assert found.side == side
    assert found[3:] == pytest.approx((net, on_capital, breakeven))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: contrarian_trade([0.1], [0.1]), "previous_returns needs at least 2 numbers, not 1"),
        (lambda: contrarian_trade([0.1, 0.2], [0.1]), "next_returns has 1 entries and previous_returns has 2"),
        (
            lambda: expected_profit([[1, 0], [0, 0]], np.eye(2), [0, 0]),
            "no stationary law: an eigenvalue is 1 or larger",
        ),
        (lambda: expected_profit(np.eye(3), np.eye(2), [0, 0]), "var1_matrix must be 2 by 2 for 2 assets, not 3 by 3"),
        (lambda: sample_decomposition([[0.1, 0.2]]), "at least 2 periods of 2 assets, not 1 of 2"),
        (lambda: ornstein_uhlenbeck(0, 0, 1, 0, 1), "kappa must be finite, above 0; got 0"),
        (lambda: funding_carry(0.1, 1, 0, 0, 0), "leverage must be finite, above 0; got 0"),
        (lambda: funding_carry(0.1, -1, 0, 0, 1), "intervals must be finite, at least 0; got -1"),
    ],
)
def test_a_slip_is_named(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
