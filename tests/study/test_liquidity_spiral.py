"""Feedbacks through hedging and funding: against finite differences and against iterating the feedback itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.dealer_hedging import dealer_gamma_volatility
from shortdesk.study.liquidity_spiral import liquidity_spiral

CALM: dict[str, Any] = {
    "customer_sell": 20, "fundamental": 100, "gamma_sigma2": 2, "margin": 5, "margin_slope": 0, "capital": 40,
}  # fmt: skip


# --- speculators --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "price", "position", "multiplier"),
    [
        ({}, 88.0, 8.0, 1.0),  # 40 of capital at a margin of 5 hold 8 of the 20 sold; the rest costs 12
        ({"margin_slope": 0.6}, 82.58963, 2.58963, 1.11184),  # margins triple on the way down
        ({"margin_slope": 0.1, "capital": -120, "inherited_position": 2}, 90.0, 10.0, 2.0),  # and old positions lose
    ],
)
def test_by_hand(change: dict[str, Any], price: float, position: float, multiplier: float) -> None:
    found = liquidity_spiral(**(CALM | change))
    assert found[:2] == pytest.approx((price, position), abs=1e-5)
    assert (found.multiplier, found.state) == (pytest.approx(multiplier, abs=1e-5), "constrained")


@given(st.floats(0.0, 0.2), st.floats(-1.0, 4.0), st.floats(10.0, 90.0))
def test_the_slope_is_what_more_capital_does(slope: float, held: float, spare: float) -> None:
    given_ = CALM | {"margin_slope": slope, "inherited_position": held, "capital": spare - 100 * held}
    found = liquidity_spiral(**given_)
    at_an_edge = found.speculator_position < 1e-3 or found.dprice_dcapital > 10
    if found.state != "constrained" or at_an_edge:
        return  # a little less capital, and they are out
    step = 1e-6
    more, less = (liquidity_spiral(**(given_ | {"capital": given_["capital"] + change})) for change in (step, -step))
    assert found.dprice_dcapital == pytest.approx((more.price - less.price) / (2 * step), rel=1e-3)
    binding = (5 + slope * (100 - found.price)) * found.speculator_position
    assert binding == pytest.approx(given_["capital"] + found.price * held, abs=1e-8)


def test_both_spirals_amplify() -> None:
    plain = liquidity_spiral(**CALM)
    assert plain.multiplier == 1
    assert liquidity_spiral(**(CALM | {"margin_slope": 0.1})).multiplier > 1
    assert liquidity_spiral(**(CALM | {"inherited_position": 1, "capital": -50})).multiplier > 1
    assert liquidity_spiral(**(CALM | {"margin_slope": -0.1})).multiplier < 1  # margins that fall with the price calm


def test_with_enough_capital_the_price_is_the_fundamental() -> None:
    assert liquidity_spiral(**(CALM | {"capital": 100})) == (100, 20, 0, 0, 1, "unconstrained")
    nearly = liquidity_spiral(**(CALM | {"capital": 99.9}))
    assert (nearly.state, nearly.price) == ("constrained", pytest.approx(99.98))


def test_steep_margins_make_the_price_jump() -> None:
    """One unit of capital less, and the next price that holds is 17.5 lower: 99 = (5 + 2 y)(20 - y) at y = 17.53."""
    steep = CALM | {"margin_slope": 2.0}
    enough, little, none = (liquidity_spiral(**(steep | {"capital": capital})) for capital in (100, 99, -1))
    assert (enough.price, enough.state) == (100, "unconstrained")
    assert (little.price, little.state) == (pytest.approx(100 - (35 + math.sqrt(1233)) / 4), "constrained")
    assert none == (80, 0, 0, 0, 1, "gone")


# --- dealers ------------------------------------------------------------------------------------------------


@given(st.floats(-0.9, 0.9))
def test_the_multiplier_is_the_sum_of_hedges_of_hedges(feedback: float) -> None:
    """A move of 1, its hedge, the hedge of that move, …: a geometric series."""
    total, move = 0.0, 1.0
    for _ in range(2000):
        total += move
        move *= -feedback
    assert float(dealer_gamma_volatility(1.0, feedback * 1000, 0.001).multiplier) == pytest.approx(total, rel=1e-9)


def test_short_gamma_amplifies_and_explodes() -> None:
    found = dealer_gamma_volatility(0.6, [200, 0, -200, -1000, -2000], 0.001)
    assert found.sigma_eff.tolist() == pytest.approx([0.5, 0.6, 0.75, math.inf, math.inf])
    assert found.explosive.tolist() == [False, False, False, True, True]


def test_slips_are_named() -> None:
    with pytest.raises(UsageError, match="volatility must be finite, at least 0; got -1"):
        dealer_gamma_volatility(-1, 0, 0)
    with pytest.raises(UsageError, match="the margin at the fundamental must be positive, not -5"):
        liquidity_spiral(**(CALM | {"margin_slope": 1, "reference": 90}))
    with pytest.raises(UsageError, match="gamma_sigma2 must be finite, above 0"):
        liquidity_spiral(**(CALM | {"gamma_sigma2": 0}))
