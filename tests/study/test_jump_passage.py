"""First passage with jumps against Brownian motion, Gaver and Stehfest in 80 digits, simulation and market data."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.study.passage_reference import Jumping, kou_by_gaver_stehfest, simulate_kou

from shortdesk.ground.errors import UsageError
from shortdesk.study.first_passage import hit_prob_brownian
from shortdesk.study.jump_passage import (
    JUMP_MEAN_DAILY_SIGMAS,
    JUMP_P_UP,
    JUMPS_PER_YEAR,
    KouJumps,
    assumed_jumps,
    hit_prob_up_kou,
    kou_log_drift,
    kou_overshoot,
)
from shortdesk.study.volatility import realised_measures

SAMPLES = Path(__file__).parents[2] / "src" / "shortdesk" / "sheets" / "samples"

#  distance   years      drift   volatility   jumps a year   up    1/mean up   1/mean down
CASES = """
    0.3        1.0        0.1     0.2          3              0.5   50          33.3
    0.3        1.0       -0.1     0.2          3              0.5   50          33.3
    0.0488     0.00274   -0.2     0.5          100            0.5   60          50
    0.1823     0.0822     0.0     0.7          30             0.6   20          25
    0.0953     0.0192    -0.2     0.55         62             0.43  50          50
    0.01       0.00274    0.0     0.6          62             0.43  50          50
    0.05       0.0822     2.0     0.6          20             0.9   8           30
    0.4        0.25       0.0     0.3          12             1.0   6           30
    0.2        0.25       0.3     0.3          12             0.0   6           30
"""


def rows(table: str) -> list[tuple[float, ...]]:
    return [tuple(float(word) for word in line.split()) for line in table.split("\n") if line.strip()]


def models(row: tuple[float, ...]) -> tuple[float, float, Jumping, KouJumps]:
    distance, years, mu, sigma, rate, p_up, up, down = row
    return distance, years, Jumping(mu, sigma, rate, p_up, up, down), KouJumps(rate, p_up, up, down)


@pytest.mark.parametrize("row", rows(CASES))
def test_agrees_with_gaver_and_stehfest_in_80_digits(row: tuple[float, ...]) -> None:
    """Two inversions that share nothing, one on the real line and one along a vertical."""
    distance, years, model, jumps = models(row)
    p = hit_prob_up_kou(distance, years, model.mu, model.sigma, jumps).p
    wanted = kou_by_gaver_stehfest(distance, years, model, half=22) if model.p_up > 0 else None
    if wanted is None:  # without upward jumps one of that method's two roots is missing; jumps a billionth as likely do
        wanted = kou_by_gaver_stehfest(distance, years, model._replace(p_up=1e-12), half=22)
    assert p == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("row", rows(CASES))
def test_agrees_with_simulation(row: tuple[float, ...]) -> None:
    """Jumps at their exact times with Brownian bridges between them; four standard errors of 100,000 paths."""
    distance, years, model, jumps = models(row)
    simulated = simulate_kou(distance, years, model, paths=100_000, seed=11)
    assert simulated.agrees(hit_prob_up_kou(distance, years, model.mu, model.sigma, jumps).p), simulated


@pytest.mark.parametrize("carried", [-30.0, -5.0, 0.0, 1.0, 3.0, 8.0, 30.0, 100.0, 490.0])
def test_rare_jumps_leave_brownian_motion_whatever_the_drift(carried: float) -> None:
    """``carried`` is the drift over the horizon in standard deviations; Gaver and Stehfest fail above about three."""
    for away in (0.1, 1.0, 3.0, abs(carried) * 0.9, abs(carried), abs(carried) + 1.0):
        if away > 0.0:
            rare = hit_prob_up_kou(away * 0.1, 1.0, carried * 0.1, 0.1, KouJumps(1e-10, 0.5, 30.0, 30.0)).p
            plain = hit_prob_brownian(away * 0.1, carried * 0.1, 0.0, 0.1, 1.0).p
            assert rare == pytest.approx(plain, abs=3e-10)


def test_where_a_root_falls_on_eta_the_answer_stays() -> None:
    """The Brownian root equals eta1 at the first point of the series: both denominators vanish for rare jumps."""
    years, sigma = 0.1, 0.6
    eta = math.sqrt(2 * 24.0 / (2 * years)) / sigma
    plain = hit_prob_brownian(0.2, 0.0, 0.0, sigma, years).p
    for rate in (1e-6, 1e-8, 1e-10):
        assert hit_prob_up_kou(0.2, years, 0.0, sigma, KouJumps(rate, 1.0, eta, 30.0)).p == pytest.approx(
            plain, abs=2e-8
        )


@given(
    distance=st.floats(1e-6, 20.0),
    years=st.floats(1e-9, 50.0),
    mu=st.floats(-20.0, 20.0),
    sigma=st.floats(0.02, 20.0),
    rate=st.floats(0.0, 1e4),
    p_up=st.floats(0.0, 1.0),
    up=st.floats(0.1, 1e4),
    down=st.floats(0.1, 1e4),
)
def test_always_a_probability(
    distance: float, years: float, mu: float, sigma: float, rate: float, p_up: float, up: float, down: float
) -> None:
    assume(mu * math.sqrt(years) / sigma < 499.0)
    jumps = KouJumps(rate, p_up, up, down)
    p = hit_prob_up_kou(distance, years, mu, sigma, jumps).p
    assert 0.0 <= p <= 1.0
    if mu * math.sqrt(years) / sigma < 100.0:
        assert hit_prob_up_kou(distance * 2, years, mu, sigma, jumps).p <= p + 1e-8
        assert hit_prob_up_kou(distance, years / 2, mu, sigma, jumps).p <= p + 1e-8


@given(b=st.floats(0.01, 1.0), y=st.floats(0.0, 0.1), a=st.floats(0.1, 100.0), p_up=st.floats(0.05, 0.95))
def test_overshoot_adds_up(b: float, y: float, a: float, p_up: float) -> None:
    """A jump's share is part of the whole, the overshoot is exponential, and the roots solve G(beta) = a."""
    jumps = KouJumps(30.0, p_up, 20.0, 25.0)
    mu, sigma = -0.1, 0.7
    found = kou_overshoot(b, mu, sigma, jumps, a, y)
    assert 0.0 < found.beta1 < jumps.eta_up < found.beta2
    for beta in (found.beta1, found.beta2):
        jump = p_up * 20.0 / (20.0 - beta) + (1 - p_up) * 25.0 / (25.0 + beta) - 1.0
        g = mu * beta + sigma**2 / 2 * beta**2 + 30.0 * jump
        slope = (
            mu + sigma**2 * beta + 30.0 * (p_up * 20.0 / (20.0 - beta) ** 2 - (1 - p_up) * 25.0 / (25.0 + beta) ** 2)
        )
        assert abs(g - a) <= 1e-10 * abs(slope) * beta
    assert 0.0 < found.discounted_hit_by_jump < found.discounted_hit < 1.0
    assert found.discounted_overshoot_gt_y == pytest.approx(found.discounted_hit_by_jump * math.exp(-20.0 * y))
    assert found.expected_gap_loss == pytest.approx(found.discounted_overshoot_gt_y / 19.0)


def test_the_drift_of_the_logarithm_makes_the_price_grow_as_asked() -> None:
    """E[exp(X(1))] = exp(mu): simulated for jumps of 5% and 10%, four standard errors."""
    jumps, sigma = KouJumps(20.0, 0.3, 20.0, 10.0), 0.4
    drift = kou_log_drift(0.25, sigma, jumps)
    rng = np.random.default_rng(5)
    counts = rng.poisson(jumps.rate_annual, 200_000)
    ups = rng.binomial(counts, jumps.p_up)
    x = drift + sigma * rng.standard_normal(200_000)
    x += rng.gamma(np.maximum(ups, 1e-9)) / jumps.eta_up - rng.gamma(np.maximum(counts - ups, 1e-9)) / jumps.eta_down
    assert abs(np.exp(x).mean() - math.exp(0.25)) < 4 * np.exp(x).std() / math.sqrt(200_000)


def test_the_assumed_jumps_are_what_the_sample_shows() -> None:
    """62 a year, 43% up, 13% of the variance: measured again on the hourly sample that ships with the package."""
    bars = duckdb.sql(f"select open_utc, close from '{SAMPLES}/coinm_BTCUSD_PERP_1h.parquet' order by 1").fetchnumpy()
    hours = bars["open_utc"].astype("datetime64[h]").astype(int)
    returns = np.diff(np.log(bars["close"]))[np.diff(hours) == 1]
    ends = hours[1:][np.diff(hours) == 1]
    assert len(returns) == 34_686

    window = 78  # Lee and Mykland's choice for hourly returns
    products = np.concatenate([[0.0], np.abs(returns[1:] * returns[:-1])])
    sums = np.concatenate([[0.0], np.cumsum(products)])
    now = np.arange(window + 1, len(returns))
    local = np.sqrt(math.pi / 2 * (sums[now] - sums[now - window + 1]) / (window - 1))
    jumped = np.abs(returns[now]) > 5.0 * local
    assert jumped.sum() / (len(returns) / 8760) == pytest.approx(JUMPS_PER_YEAR, abs=1.0)
    assert (returns[now][jumped] > 0).mean() == pytest.approx(JUMP_P_UP, abs=0.01)

    days = [returns[ends // 24 == day] for day in np.unique(ends // 24)]
    measured = [realised_measures(day) for day in days if len(day) == 24]
    share = 1.0 - sum(m.bipower for m in measured) / sum(m.rv for m in measured)
    assert share == pytest.approx(0.13, abs=0.005)
    assert assumed_jumps(0.6).variance_annual() / 0.36 == pytest.approx(share, abs=0.005)


def test_assumed_jumps_scale_with_volatility_up_to_a_half() -> None:
    assert assumed_jumps(0.6) == KouJumps(62.0, 0.43, *[math.sqrt(365) / (JUMP_MEAN_DAILY_SIGMAS * 0.6)] * 2)
    assert assumed_jumps(1000.0).eta_up == 2.0


def test_a_barrier_already_reached_or_no_time() -> None:
    jumps = assumed_jumps(0.6)
    assert hit_prob_up_kou(0.0, 1.0, 0.0, 0.5, jumps).p == 1.0
    assert hit_prob_up_kou(0.1, 0.0, 0.0, 0.5, jumps).p == 0.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hit_prob_up_kou(0.1, 1.0, 0.0, 0.0, KouJumps(1, 0.5, 20, 20)), "volatility between jumps must be"),
        (lambda: hit_prob_up_kou(0.1, 1.0, 0.0, 0.5, KouJumps(-1, 0.5, 20, 20)), "jumps per year must be"),
        (lambda: hit_prob_up_kou(0.1, 1.0, 0.0, 0.5, KouJumps(1, 1.5, 20, 20)), "share of jumps that go up must be"),
        (lambda: hit_prob_up_kou(0.1, 1.0, 60.0, 0.1, KouJumps(1, 0.5, 20, 20)), "at most 500 standard deviations"),
        (lambda: kou_log_drift(0.0, 0.5, KouJumps(1, 0.5, 1.0, 20)), "eta_up must be a finite number above 1, got 1"),
        (lambda: kou_overshoot(0.1, 0.0, 0.5, KouJumps(1, 0.5, 20, 20), 0.0, 0.0), "discount must be"),
        (lambda: assumed_jumps(0.0), "volatility must be a finite number above 0, got 0"),
    ],
)
def test_bad_numbers_are_named(call: object, said: str) -> None:
    assert callable(call)
    with pytest.raises(UsageError, match=said):
        call()
