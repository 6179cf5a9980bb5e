"""First passage of geometric Brownian motion against simulation, sixty digits and its own laws.

The published vectors run in tests/doors/verify/test_model_vectors.py.
"""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.study.passage_reference import erfcx_in_digits, hit_in_digits, moving_barrier_by_integral, simulate_barrier

from shortdesk.ground.errors import UsageError
from shortdesk.study.first_passage import (
    erfcx,
    hit_prob_brownian,
    hit_prob_down_gbm,
    hit_prob_up_discrete,
    hit_prob_up_gbm,
    short_liq_prob_by_leverage,
    short_liq_prob_with_funding,
    two_barrier_gbm,
    upper_tail,
)

PATHS = 100_000

prices = st.floats(1e-12, 1e12)
drifts = st.floats(-1e6, 1e6)
volatilities = st.floats(0.0, 1e6)
years = st.floats(0.0, 1e4)
plain_volatilities = st.floats(0.05, 3.0)
plain_years = st.floats(1e-3, 2.0)
above = st.floats(1e-3, 3.0)

#  barrier / spot   drift    volatility   days
UP = """
    1.01             0.0      0.6          1
    1.05             0.0      0.6          1
    1.10             0.0      0.6          30
    1.50             1.0      0.9          90
    1.30            -2.0      0.8          60
    2.00             0.5      1.0          365
"""


def rows(table: str) -> list[tuple[float, ...]]:
    return [tuple(float(word) for word in line.split()) for line in table.split("\n") if line.strip()]


@pytest.mark.parametrize(("ratio", "drift", "sigma", "days"), rows(UP))
def test_closed_form_is_what_simulation_gives(ratio: float, drift: float, sigma: float, days: float) -> None:
    """Eight steps with exact bridges between them; within four standard errors of 100,000 paths."""
    horizon = days / 365
    b = math.log(ratio)
    up = simulate_barrier(lambda _: b, drift - sigma**2 / 2, sigma, horizon, steps=8, paths=PATHS, seed=7)
    assert up.agrees(hit_prob_up_gbm(100.0, 100.0 * ratio, drift, sigma, horizon).p), up
    down = simulate_barrier(lambda _: b, sigma**2 / 2 - drift, sigma, horizon, steps=8, paths=PATHS, seed=8)
    assert down.agrees(hit_prob_down_gbm(100.0, 100.0 / ratio, drift, sigma, horizon).p), down


#  barrier   looks   days   error of the correction that the docs admit to
LOOKS = """
    1.10      7       7      0.008
    1.10      24      7      0.003
    1.10      168     7      0.001
    1.05      24      1      0.003
"""


@pytest.mark.parametrize(("ratio", "looks", "days", "admitted"), rows(LOOKS))
def test_discrete_correction_errs_as_admitted(ratio: float, looks: float, days: float, admitted: float) -> None:
    horizon, sigma = days / 365, 0.6
    exact = simulate_barrier(
        lambda _: math.log(ratio),
        -(sigma**2) / 2,
        sigma,
        horizon,
        steps=int(looks),
        paths=PATHS,
        seed=9,
        looks_only=True,
    )
    corrected = hit_prob_up_discrete(1.0, ratio, 0.0, sigma, horizon, looks).p
    assert exact.agrees(corrected, bias=admitted), (exact, corrected)
    watched = hit_prob_up_gbm(1.0, ratio, 0.0, sigma, horizon).p
    assert abs(corrected - exact.p) < abs(watched - exact.p) / 3


@pytest.mark.parametrize("x", [0.0, 1e-9, 0.1, 0.5, 1.0, 2.7, 4.0, 5.99, 6.0, 8.0, 9.999, 10.0, 15.0, 26.0, 40.0, 1e4])
def test_erfcx_keeps_its_digits(x: float) -> None:
    assert erfcx(x) == pytest.approx(float(erfcx_in_digits(x)), rel=1e-15)


def test_the_tail_keeps_its_digits() -> None:
    """P(Z > 38) from its asymptotic series in 60 digits; erfc alone has nothing left there."""
    exact = float(erfcx_in_digits(37.0 / math.sqrt(2.0))) * math.exp(-(37.0**2) / 2) / 2
    assert upper_tail(37.0) == pytest.approx(exact, rel=1e-13)
    assert upper_tail(-37.0) == 1.0
    assert upper_tail(60.0) == 0.0


#  distance   drift of the logarithm   volatility   years
TAILS = """
    0.01         0.0                      0.6          0.1
    0.1         -0.18                     0.6          0.02
    0.4         -0.18                     0.6          0.00274
    0.4         -0.18                     0.6          0.0004
    1.0         -8.0                      0.5          0.5
    1.0          3.0                      0.5          0.1
    2.0         30.0                      0.3          0.05
    0.1          30.0                     0.3          0.05
    3.0          0.0                      0.1          0.75
"""


@pytest.mark.parametrize(("distance", "drift", "sigma", "horizon"), rows(TAILS))
def test_all_digits_of_a_small_probability(distance: float, drift: float, sigma: float, horizon: float) -> None:
    """Against the textbook's formula in 100 digits. At 1e-n the rounding of the input counts 2.3 n fold."""
    wanted = hit_in_digits(distance, drift, sigma, horizon)
    found = hit_prob_brownian(distance, drift, 0.0, sigma, horizon).p
    assert found == pytest.approx(wanted, rel=2e-15 * (1.0 - math.log(wanted)), abs=0.0)


def test_a_huge_reflection_factor_does_not_overflow() -> None:
    """exp(2 nu b/sigma^2) is exp(5001) here, N(-d) far below 1e-308, and their product an ordinary number."""
    hit = hit_prob_brownian(0.5, 50.0, 0.0, 0.1, 0.01)
    assert hit.p == pytest.approx(0.5 + 0.5 * float(erfcx_in_digits(100 / math.sqrt(2))), rel=1e-12)
    assert hit.p_ever == 1.0


def test_two_barriers_against_their_differential_equations() -> None:
    """u'' sigma^2/2 + nu u' = 0 for the chance and = -1 for the time, by second differences in the logarithm."""
    lower, upper, drift, sigma, h = 80.0, 130.0, 0.4, 0.7, 1e-3
    nu = drift - sigma**2 / 2

    def at(x: float) -> tuple[float, float]:
        return two_barrier_gbm(100.0 * math.exp(x), lower, upper, drift, sigma)

    for x in (-0.15, 0.0, 0.2):
        left, here, right = at(x - h), at(x), at(x + h)
        for part, wanted in ((0, 0.0), (1, -1.0)):
            bend = (left[part] - 2 * here[part] + right[part]) / h**2
            slope = (right[part] - left[part]) / (2 * h)
            assert sigma**2 / 2 * bend + nu * slope == pytest.approx(wanted, abs=2e-5)
    assert two_barrier_gbm(upper, lower, upper, drift, sigma) == (1.0, 0.0)
    assert two_barrier_gbm(lower, lower, upper, drift, sigma) == (0.0, 0.0)


@given(up=above, down=above, sigma=st.floats(0.1, 3.0), drift=st.floats(-5.0, 5.0))
def test_two_barriers_in_exact_form_and_mirrored(up: float, down: float, sigma: float, drift: float) -> None:
    """The identity p b - (1-p) a = nu E[time], and the same question asked of 1/S, whose drift is sigma^2 - mu."""
    lower, upper = math.exp(-down), math.exp(up)
    p, time = two_barrier_gbm(1.0, lower, upper, drift, sigma)
    nu = drift - sigma**2 / 2
    assert p * up - (1 - p) * down == pytest.approx(nu * time, abs=1e-11 * (up + down))
    mirrored = two_barrier_gbm(1.0, 1 / upper, 1 / lower, sigma**2 - drift, sigma)
    assert mirrored.p_upper_first == pytest.approx(1 - p, abs=1e-11)
    assert mirrored.expected_exit_years == pytest.approx(time, rel=1e-9)


@given(up=above, sigma=plain_volatilities, drift=st.floats(-3.0, 3.0))
def test_a_lower_barrier_far_away_does_not_matter(up: float, sigma: float, drift: float) -> None:
    """With the lower barrier 600 logarithms away the upper is reached first about as often as ever."""
    ever = hit_prob_up_gbm(1.0, math.exp(up), drift, sigma, 1.0).p_ever
    first = two_barrier_gbm(1.0, math.exp(-600.0), math.exp(up), drift, sigma).p_upper_first
    assert first == pytest.approx(ever, abs=up / 600.0)
    nearer = two_barrier_gbm(1.0, math.exp(-2.0), math.exp(up), drift, sigma).p_upper_first
    assert nearer <= first * (1 + 1e-12)


@given(spot=prices, barrier=prices, drift=drifts, sigma=volatilities, horizon=years, looks=st.floats(1.0, 1e9))
def test_always_a_probability(
    spot: float, barrier: float, drift: float, sigma: float, horizon: float, looks: float
) -> None:
    for hit in (
        hit_prob_up_gbm(spot, barrier, drift, sigma, horizon),
        hit_prob_down_gbm(spot, barrier, drift, sigma, horizon),
        hit_prob_up_discrete(spot, barrier, drift, sigma, horizon, looks),
    ):
        assert 0.0 <= hit.p_terminal_only <= 1.0
        assert 0.0 <= hit.p <= hit.p_ever <= 1.0
        assert hit.p_terminal_only <= hit.p * (1 + 1e-12) + 1e-300


@given(spot=prices, lower=prices, upper=prices, drift=drifts, sigma=st.floats(1e-6, 1e6))
def test_two_barriers_at_the_extremes(spot: float, lower: float, upper: float, drift: float, sigma: float) -> None:
    if lower >= upper:
        lower, upper = upper / 2, lower * 2
    p, time = two_barrier_gbm(spot, lower, upper, drift, sigma)
    assert 0.0 <= p <= 1.0
    assert 0.0 <= time < math.inf


@given(up=above, sigma=plain_volatilities, horizon=plain_years, drift=st.floats(-2.0, 0.0), more=st.floats(1.01, 3.0))
def test_more_volatility_time_or_nearness_is_more_risk(
    up: float, sigma: float, horizon: float, drift: float, more: float
) -> None:
    """In volatility only where the drift does not itself carry the price to the barrier."""
    here = hit_prob_up_gbm(1.0, math.exp(up), drift, sigma, horizon).p
    slack = 1e-12
    assert hit_prob_up_gbm(1.0, math.exp(up), drift, sigma * more, horizon).p >= here - slack
    assert hit_prob_up_gbm(1.0, math.exp(up), drift, sigma, horizon * more).p >= here - slack
    assert hit_prob_up_gbm(1.0, math.exp(up / more), drift, sigma, horizon).p >= here - slack
    assert hit_prob_down_gbm(1.0, math.exp(-up), -drift, sigma * more, horizon).p >= (
        hit_prob_down_gbm(1.0, math.exp(-up), -drift, sigma, horizon).p - slack
    )


@given(up=above, sigma=plain_volatilities, horizon=plain_years, looks=st.floats(1.0, 1e6), more=st.floats(1.0, 100.0))
def test_fewer_looks_see_less(up: float, sigma: float, horizon: float, looks: float, more: float) -> None:
    seldom = hit_prob_up_discrete(1.0, math.exp(up), 0.0, sigma, horizon, looks).p
    often = hit_prob_up_discrete(1.0, math.exp(up), 0.0, sigma, horizon, looks * more).p
    assert seldom <= often + 1e-15
    assert often <= hit_prob_up_gbm(1.0, math.exp(up), 0.0, sigma, horizon).p + 1e-15


@given(leverage=st.floats(1.0, 50.0), more=st.floats(1.01, 2.0), sigma=plain_volatilities)
def test_more_leverage_is_more_risk(leverage: float, more: float, sigma: float) -> None:
    low = short_liq_prob_by_leverage(100.0, leverage, 0.005, 0.0, sigma, [1.0, 7.0, 30.0])
    high = short_liq_prob_by_leverage(100.0, leverage * more, 0.005, 0.0, sigma, [1.0, 7.0, 30.0])
    assert high.liquidation_price < low.liquidation_price
    assert all(h >= p for h, p in zip(high.p, low.p, strict=True))
    assert list(low.p) == sorted(low.p)


#  leverage  received a day  days  volatility   shortfall of the exponential barrier, at most
FUNDED = """
    10        -0.0003         30    0.6          0.0001
    10        -0.003          30    0.6          0.005
    10        -0.01           14    0.6          0.016
    5         -0.01           14    0.6          0.021
    5          0.003          30    0.6          0.003
"""


@pytest.mark.parametrize(("leverage", "received", "days", "sigma", "shortfall"), rows(FUNDED))
def test_funding_against_the_straight_barrier(
    leverage: float, received: float, days: float, sigma: float, shortfall: float
) -> None:
    """The true barrier B0 (1 + g t), by an integral equation: the closed form is low, by as much as the docs admit."""
    found = short_liq_prob_with_funding(100.0, leverage, 0.005, received, 0.0, sigma, days)
    g, b0 = found.barrier_growth_annual, math.log(found.liquidation_price / 100.0)
    exact = moving_barrier_by_integral(
        lambda t: b0 + math.log1p(g * t), lambda t: g / (1 + g * t), -(sigma**2) / 2, sigma, days / 365
    )
    assert 0.0 < exact - found.p < shortfall
    by_hand = simulate_barrier(
        lambda t: b0 + math.log1p(g * t), -(sigma**2) / 2, sigma, days / 365, steps=28, paths=PATHS, seed=3
    )
    assert by_hand.agrees(exact)


def test_the_integral_equation_knows_the_flat_and_the_exponential_barrier() -> None:
    flat = moving_barrier_by_integral(lambda _: 0.2, lambda _: 0.0, -0.18, 0.6, 0.1)
    assert flat == pytest.approx(hit_prob_brownian(0.2, -0.18, 0.0, 0.6, 0.1).p, abs=1e-10)
    rising = moving_barrier_by_integral(lambda t: 0.2 - 3 * t, lambda _: -3.0, -0.18, 0.6, 0.1)
    assert rising == pytest.approx(hit_prob_brownian(0.2, 2.82, 0.0, 0.6, 0.1).p, abs=1e-10)


def test_without_volatility_only_the_drift_arrives() -> None:
    assert hit_prob_up_gbm(100.0, 105.0, 0.1, 0.0, 1.0).p == 1.0
    assert hit_prob_up_gbm(100.0, 120.0, 0.1, 0.0, 1.0) == (0.0, 1.0, 0.0)
    assert hit_prob_up_gbm(100.0, 120.0, 0.1, 0.5, 0.0).p == 0.0


def test_a_barrier_already_reached() -> None:
    assert hit_prob_up_gbm(100.0, 100.0, 0.0, 0.5, 1.0).p == 1.0
    assert hit_prob_down_gbm(100.0, 130.0, 0.0, 0.5, 0.0).p == 1.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hit_prob_up_gbm(0.0, 1.0, 0.0, 0.5, 1.0), "price must be a finite number above 0"),
        (lambda: hit_prob_up_gbm(1.0, -2.0, 0.0, 0.5, 1.0), "barrier must be a finite number above 0, got -2"),
        (lambda: hit_prob_up_gbm(1.0, 2.0, 0.0, -0.5, 1.0), "volatility must be a finite number at least 0"),
        (lambda: hit_prob_up_gbm(1.0, 2.0, 0.0, 0.5, math.nan), "horizon .* got nan"),
        (lambda: hit_prob_up_gbm(1.0, 2.0, math.inf, 0.5, 1.0), "drift .* got inf"),
        (lambda: hit_prob_up_discrete(1.0, 2.0, 0.0, 0.5, 1.0, 0.5), "checks must be a finite number at least 1"),
        (lambda: two_barrier_gbm(1.0, 0.9, 0.9, 0.0, 0.5), "must lie above the lower one"),
        (lambda: two_barrier_gbm(1.0, 0.9, 1.1, 0.0, 0.0), "volatility must be a finite number at least 1e-09"),
        (
            lambda: short_liq_prob_by_leverage(1.0, 0.0, 0.01, 0.0, 0.5, [1.0]),
            "leverage must be a finite number above 0",
        ),
    ],
)
def test_bad_numbers_are_named(call: object, said: str) -> None:
    assert callable(call)
    with pytest.raises(UsageError, match=said):
        call()
