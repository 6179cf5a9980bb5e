"""Quotes of market makers: against the equations they solve, against each other, and what must hold of any quote."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.stage import quoting

Floats = npt.NDArray[np.float64]

# risk aversion, volatility, fill rate, fill decay: the sets of the vectors, and a perp in ticks, lots and seconds
MAKERS = [(0.01, 0.3, 0.9, 0.3), (0.1, 2.0, 140.0, 1.5), (1e-6, 20.0, 2.0, 0.05)]

sizes = st.floats(1e-3, 1e3)
gammas = st.floats(1e-6, 10.0)


def loss_of_value(maker: tuple[float, float, float, float], limit: int, quotes: quoting.GltQuotes) -> Floats:
    """How fast the log of exp(-gamma theta(q)) moves under the stationary quotes, by inventory.

    From the maker's own problem: gamma^2 sigma^2 q^2/2 + the sum over sides of A e^(-k d) (e^(-gamma (d + gain)) - 1)
    is the same for each q; the gain in theta from one inventory to the next is read off the quotes.
    """
    gamma, sigma, rate, decay = maker
    premium = math.log1p(gamma / decay) / gamma
    steps = premium - quotes.bid[:-1]  # theta(q + 1) - theta(q)
    q = quotes.inventories.astype(float)
    total = gamma**2 * sigma**2 * q**2 / 2
    for side, shift in ((quotes.bid, np.append(steps, 0.0)), (quotes.ask, -np.insert(steps, 0, 0.0))):
        quoted = np.isfinite(side)
        d = np.where(quoted, side, 0.0)
        total += np.where(quoted, rate * np.exp(-decay * d) * np.expm1(-gamma * (d + shift)), 0.0)
    return total


@pytest.mark.parametrize("maker", MAKERS)
def test_stationary_quotes_lose_value_equally_fast_at_every_inventory(maker: tuple[float, float, float, float]) -> None:
    found = loss_of_value(maker, 12, quoting.glt_quotes(*maker, limit=12))
    assert np.ptp(found) < 1e-9 * np.abs(found).max()


@pytest.mark.parametrize("maker", MAKERS)
def test_no_other_distance_is_better(maker: tuple[float, float, float, float]) -> None:
    """Moving any one stationary bid a little either way raises the rate at which value is lost there."""
    gamma, _, rate, decay = maker
    quotes = quoting.glt_quotes(*maker, limit=8)
    gain = math.log1p(gamma / decay) / gamma - quotes.bid[:-1]
    for step in (-1e-3 / decay, 1e-3 / decay):
        best, moved = (
            rate * np.exp(-decay * d) * np.expm1(-gamma * (d + gain)) for d in (quotes.bid[:-1], quotes.bid[:-1] + step)
        )
        assert (moved > best).all()


@pytest.mark.parametrize("maker", MAKERS)
def test_quotes_with_time_left_become_stationary(maker: tuple[float, float, float, float]) -> None:
    still = quoting.glt_quotes(*maker, limit=6)
    gaps = [
        np.abs(quoting.glt_quotes(*maker, limit=6, time_left=time).bid[:-1] - still.bid[:-1]).max()
        for time in (0.0, 1e1, 1e3, 1e6)
    ]
    assert gaps[0] == max(gaps)
    assert gaps[-1] < 1e-9 * still.bid[6]


def test_without_time_left_only_the_fill_counts() -> None:
    found = quoting.glt_quotes(0.1, 2.0, 140.0, 1.5, limit=3, time_left=0.0)
    assert found.bid[:-1] == pytest.approx(math.log1p(0.1 / 1.5) / 0.1)
    assert found.bid[-1] == found.ask[0] == math.inf


def test_bid_and_ask_are_mirror_images_and_lean_away_from_the_inventory() -> None:
    found = quoting.glt_quotes(0.01, 0.3, 0.9, 0.3, limit=10)
    assert found.bid == pytest.approx(found.ask[::-1], rel=1e-12)
    assert (np.diff(found.bid[:-1]) > 0).all()


def test_the_straight_lines_are_the_quotes_well_inside_the_limit() -> None:
    maker = (0.01, 0.3, 0.9, 0.3)
    exact, lines = quoting.glt_quotes(*maker, limit=60), quoting.glt_coefficients(*maker)
    near = np.abs(exact.inventories) <= 10
    straight = lines.half_spread + lines.skew * exact.inventories[near]
    assert exact.bid[near] == pytest.approx(straight, rel=2e-3)


@given(gammas, sizes, sizes, sizes, sizes)
def test_counting_in_other_lots_changes_nothing(
    gamma: float, sigma: float, rate: float, decay: float, lot: float
) -> None:
    """A maker of orders of ``lot`` is a maker of orders of one whose money is counted in lots."""
    direct = quoting.glt_coefficients(gamma, sigma, rate, decay, lot)
    scaled = quoting.glt_coefficients(gamma * lot, sigma, rate, decay)
    assert direct.half_spread == pytest.approx(scaled.half_spread, rel=1e-9)
    assert direct.skew * lot == pytest.approx(scaled.skew, rel=1e-9)


@given(st.floats(1e-9, 1e-6))
def test_a_maker_without_fear_stands_at_one_over_k(gamma: float) -> None:
    found = quoting.glt_coefficients(gamma, 1.0, 1.0, 1.0)
    assert found.half_spread - found.skew / 2 == pytest.approx(1.0, rel=1e-6)
    assert found.skew == pytest.approx(math.sqrt(gamma * math.e / 2), rel=1e-5)


@given(st.floats(0.51, 1e4), sizes, sizes, sizes, sizes)
def test_risk_aversion_is_what_skews_one_half_spread(
    orders: float, sigma: float, rate: float, decay: float, lot: float
) -> None:
    gamma = quoting.glt_risk_aversion(orders * lot, sigma, rate, decay, lot)
    found = quoting.glt_coefficients(gamma, sigma, rate, decay, lot)
    assert found.skew * orders * lot == pytest.approx(found.half_spread, rel=1e-9)


def test_avellaneda_and_stoikov_by_hand() -> None:
    """q = 5, gamma = 0.1, sigma = 2, k = 1.5, one unit of time left: reservation 2 below the mid, spread 1.69."""
    found = quoting.stoikov_quotes(100, 5, 0.1, 2, 1.5, 1.0)
    assert found.reservation == 98
    assert found.spread == pytest.approx(0.1 * 4 + 20 * math.log(1 + 0.1 / 1.5))
    assert found.ask - found.bid == pytest.approx(found.spread)


def test_the_last_order_of_a_patient_seller_asks_most() -> None:
    found = quoting.glt_liquidation_quotes(0.05, 0.3, 0.0, 0.1, 0.3, 3.0, 6, 300.0)
    assert (np.diff(found) < 0).all()
    at_the_end = quoting.glt_liquidation_quotes(0.05, 0.3, 0.0, 0.1, 0.3, 3.0, 6, 0.0)
    assert at_the_end == pytest.approx(math.log1p(0.05 / 0.3) / 0.05 - 3.0)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: quoting.glt_coefficients(0.0, 1, 1, 1), "risk_aversion must be positive"),
        (lambda: quoting.glt_coefficients(1, -1, 1, 1), "volatility must be zero or more"),
        (lambda: quoting.glt_coefficients(1, 1, 1, 1, math.nan), "order_size must be positive"),
        (lambda: quoting.glt_quotes(1, 1, 1, 1, 0), "from 1 to 1000 orders, not 0"),
        (lambda: quoting.glt_quotes(1, 1, 1, 1, 5, -1.0), "time left must be zero or more"),
        (lambda: quoting.glt_quotes(5.0, 50.0, 1e-3, 50.0, 200), "too far out"),
        (lambda: quoting.glt_risk_aversion(0.5, 1, 1, 1), "half an order"),
        (lambda: quoting.glt_liquidation_quotes(1, 1, 0, 1, 1, 1, 0, 1.0), "orders to sell"),
        (lambda: quoting.stoikov_quotes(1, 0, 1, 1, 0, 1), "fill_decay must be positive"),
    ],
)
def test_what_cannot_be_quoted_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
