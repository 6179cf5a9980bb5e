"""The fund market: clearing against its equation and against a search, and fatter tails with more leverage."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import Depth

from shortdesk.ground.errors import UsageError
from shortdesk.study.thurner_farmer_geanakoplos import (
    FundMarket,
    clearing,
    noise_stationary,
    simulate_funds,
    tails_by_leverage_cap,
)

funds = st.tuples(
    st.integers(5, 80).map(float), st.integers(0, 600).map(float), st.integers(-500, 100).map(lambda n: n + 0.25)
)


def excess(price: float, noise: float, several: list[tuple[float, float, float]], cap: float) -> float:
    """Value demanded less value there is, at a price: 1,000 shares, fundamental 1."""
    wanted = noise
    for beta, shares, cash in several:
        wanted += min(beta * max(0.0, 1.0 - price), cap) * max(0.0, cash + shares * price)
    return wanted - 1000.0 * price


# --- clearing -----------------------------------------------------------------------------------------------


def test_one_fund_three_prices() -> None:
    """A fund of 500 shares and 380 of debt: as it stands at 0.92, at its limit at 0.8667, or worth nothing at 0.60."""
    found = clearing(600, [50], [500], [-380], 5)
    assert found.prices.tolist() == pytest.approx([0.92, 13 / 15, 0.6])
    assert (found.price, found.n_equilibria, found.collapse) == (pytest.approx(0.92), 2, True)
    assert found.fund_shares.tolist() == pytest.approx([320 / 0.92])


def test_above_the_fundamental_noise_traders_are_alone() -> None:
    found = clearing(1050, [50, 20], [500, 0], [-380, 10], 5)
    assert (found.price, found.fund_shares.tolist(), found.n_equilibria) == (pytest.approx(1.05), [0, 0], 1)
    assert not found.collapse


def test_without_wealth_there_is_nothing_to_collapse() -> None:
    found = clearing(800, [50], [0], [-10], 5)
    assert (found.price, found.n_equilibria, found.collapse) == (pytest.approx(0.8), 1, False)


@given(
    st.integers(300, 1100).map(lambda n: n + 0.125),
    st.lists(funds, min_size=1, max_size=4),
    st.sampled_from([1.0, 4.0, 10.0]),
)
def test_every_price_clears_and_none_above_the_highest_does(
    noise: float, several: list[tuple[float, float, float]], cap: float
) -> None:
    beta, shares, cash = (list(column) for column in zip(*several, strict=True))
    found = clearing(noise, beta, shares, cash, cap)
    for price in found.prices.tolist():
        assert excess(price, noise, several, cap) == pytest.approx(0, abs=1e-6)
    assert excess(float(found.price) + 1e-6, noise, several, cap) < 0
    grid = np.linspace(float(found.price) + 1e-6, 3.0, 400)
    assert all(excess(price, noise, several, cap) < 0 for price in grid.tolist())
    held = noise / found.price + float(found.fund_shares.sum())
    assert held == pytest.approx(1000)


@given(
    st.integers(300, 1100).map(lambda n: n + 0.125),
    st.lists(funds, min_size=1, max_size=3),
    st.sampled_from([4.0, 10.0]),
)
def test_a_search_finds_no_price_that_was_missed(
    noise: float, several: list[tuple[float, float, float]], cap: float
) -> None:
    """Every change of sign on a fine grid belongs to one of the prices found."""
    beta, shares, cash = (list(column) for column in zip(*several, strict=True))
    found = clearing(noise, beta, shares, cash, cap).prices
    grid = np.linspace(0.0005, 1.5, 3000)
    signs = np.sign([excess(price, noise, several, cap) for price in grid.tolist()])
    for place in np.flatnonzero(signs[1:] != signs[:-1]).tolist():
        assert ((found >= grid[place] - 1e-9) & (found <= grid[place + 1] + 1e-9)).any()


# --- the market over time -----------------------------------------------------------------------------------


def test_leverage_makes_tails_fat(depth: Depth) -> None:
    """The paper's claim: with the cap the excess kurtosis rises, by far more than its error. The same luck for all."""
    steps = depth.pick(quick=3000, check=6000, deep=50_000)
    luck = np.random.default_rng(1).standard_normal((steps, 16))
    tails = tails_by_leverage_cap([1, 3, 7.5], luck)
    kurtosis = [row.excess_kurtosis for row in tails]
    assert 0.2 < kurtosis[0] < 1.5
    assert kurtosis[1] > kurtosis[0] + 0.5
    assert kurtosis[2] > kurtosis[1] + 3
    assert (tails[0].defaults, tails[2].defaults > 20) == (0, True)


def test_worlds_are_independent_and_reproducible() -> None:
    luck = np.random.default_rng(3).standard_normal((400, 5))
    market = FundMarket(max_leverage=8.0)
    together = simulate_funds(market, luck)
    alone = simulate_funds(market, luck[:, 2:3])
    assert together.prices[:, 2].tolist() == alone.prices[:, 0].tolist()
    assert (together.leverage <= 8 + 1e-9).all()


def test_without_funds_worth_mentioning_noise_is_its_stationary_law() -> None:
    """A fund with a billionth of the market: the log price is the AR(1) of the noise traders.

    4,000 worlds of about four independent stretches each: a standard error of 0.2% on the mean price.
    """
    market = FundMarket(betas=(5.0,), initial_wealth=1e-6, flow_rate=0.0)
    luck = np.random.default_rng(4).standard_normal((1200, 4000))
    logs = np.log(simulate_funds(market, luck).prices[600:])
    law = noise_stationary(market.rho, market.sigma)
    assert float(logs.std()) == pytest.approx(law.std_log, rel=0.01)
    assert float(np.exp(logs).mean()) == pytest.approx(law.mean_price, rel=0.01)
    lagged = float((logs[69:] * logs[:-69]).mean() / (logs * logs).mean())
    assert lagged == pytest.approx(0.5, abs=0.01)
    assert law.half_life == pytest.approx(68.97, abs=0.01)


def test_a_fund_that_is_wound_up_comes_back() -> None:
    """A crash by hand: noise wealth falls by a third in three steps against funds at their limit."""
    luck = np.zeros((300, 1))
    luck[50:80] = -1.2
    luck[80:83] = -6.0
    found = simulate_funds(FundMarket(max_leverage=15.0, reentry_steps=40), luck)
    assert found.defaults[0] > 0
    assert found.fund_wealth[90, 0] < found.fund_wealth[79, 0]
    assert found.fund_wealth[-1, 0] > 10  # they are back


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: clearing(0, [1], [1], [1], 1), "noise_wealth must be finite, above 0; got 0"),
        (lambda: clearing(1, [1], [-1], [1], 1), "shares must be finite, at least 0; got -1"),
        (lambda: clearing(1, [1, 2], [1], [1], 1), "shares has 1 entries and betas has 2"),
        (lambda: noise_stationary(1.0, 0.1), "rho must be finite, above 0 and below 1; got 1"),
        (lambda: simulate_funds(FundMarket(), [0.0]), "normals must be a table of numbers"),
        (lambda: simulate_funds(FundMarket(reentry_steps=0), [[0.0]]), "reentry_steps must be at least 1, not 0"),
        (lambda: simulate_funds(FundMarket(max_leverage=math.nan), [[0.0]]), "max_leverage must be finite"),
        (lambda: tails_by_leverage_cap([1], [[0.0]] * 3, drop_steps=2), "2 dropped steps leave nothing to measure"),
    ],
)
def test_a_slip_is_named(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
