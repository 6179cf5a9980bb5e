"""Estimators of liquidity: prices made with a known spread, books and flows a trader can check by hand."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.draw_many import draw_uniforms
from shortdesk.ground.errors import UsageError
from shortdesk.study import liquidity_estimators as est


def uniforms(count: int, seed: int = 1) -> np.ndarray:
    return draw_uniforms(seed, 0, 100, 0, count)


# --- spreads -----------------------------------------------------------------------------------------------------


def test_roll_finds_the_spread_that_made_the_bounce() -> None:
    mid = np.cumsum(0.2 * (uniforms(400_000) - 0.5)) + 1_000
    price = mid + np.where(uniforms(400_000, 2) < 0.5, 0.25, -0.25)
    assert est.roll_spread(price).spread == pytest.approx(0.5, rel=0.02)


def test_roll_knows_no_spread_where_prices_trend() -> None:
    found = est.roll_spread([1, 2, 4, 8, 16, 32])
    assert found.autocovariance > 0
    assert math.isnan(found.spread)


def test_corwin_and_schultz_find_the_spread_in_highs_and_lows() -> None:
    """2,000 bars of 390 fine steps, 3% a bar, with half a percent on either side of the price."""
    bars, steps, sigma, half = 2_000, 390, 0.03, 0.005
    u = uniforms(bars * steps).reshape(bars, steps)
    path = np.cumsum(np.where(u < 0.5, 1, -1).ravel() * sigma / math.sqrt(steps)).reshape(bars, steps)
    highs, lows = np.exp(path.max(axis=1)) * (1 + half), np.exp(path.min(axis=1)) * (1 - half)
    found = est.corwin_schultz(highs, lows)
    assert found.shape == (bars - 1,)
    assert float(found.mean()) == pytest.approx(2 * half, rel=0.2)
    wide = est.corwin_schultz(np.exp(path.max(axis=1)) * 1.02, np.exp(path.min(axis=1)) * 0.98)
    assert float(wide.mean()) > 2.5 * float(found.mean())


# --- flow --------------------------------------------------------------------------------------------------------


def test_amihud_leaves_out_bars_without_a_trade() -> None:
    assert est.amihud([0.01, -0.02, 0.0], [1e6, 2e6, 0.0]) == pytest.approx(1e-8)


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        ((100, 5, 101, 7), (100, 8, 101, 7), 3),  # 3 join the bid
        ((100, 5, 101, 7), (100, 5, 101, 4), 3),  # 3 leave the ask
        ((100, 5, 101, 7), (100.5, 2, 101, 7), 2),  # a better bid of 2
        ((100, 5, 101, 7), (99.5, 9, 101, 7), -5),  # the bid of 5 is gone
        ((100, 5, 101, 7), (100, 5, 101.5, 3), 7),  # the ask of 7 is gone
        ((100, 5, 101, 7), (100, 5, 101, 7), 0),
    ],
)
def test_what_a_change_of_quotes_says(before: tuple[float, ...], after: tuple[float, ...], event: float) -> None:
    assert list(est.order_flow_imbalance(*zip(before, after, strict=True))) == [event]


def test_kyles_lambda_is_the_slope() -> None:
    flow = uniforms(5_000) - 0.5
    found = est.kyle_lambda(flow, 0.3 * flow + 0.01 + 0.02 * (uniforms(5_000, 2) - 0.5))
    assert found.slope == pytest.approx(0.3, abs=4 * found.standard_error)
    assert found.intercept == pytest.approx(0.01, abs=1e-3)
    assert found.r2 > 0.99


# --- depth -------------------------------------------------------------------------------------------------------


def test_depth_by_hand_whatever_the_order_of_levels() -> None:
    """Mid 100; within 50 basis points 99.5 to 100.5: 15 bid, 5 asked."""
    bids, asks = {99.9: 2, 99.8: 3, 99.5: 10, 98: 50}, {100.1: 1, 100.3: 4, 100.6: 8, 102: 40}
    one = est.book_depth([*bids], [*bids.values()], [*asks], [*asks.values()], [50, 200])
    other = est.book_depth([*bids][::-1], [*bids.values()][::-1], [*asks], [*asks.values()], [50, 200])
    assert list(one.bid_depth) == list(other.bid_depth) == [15, 65]
    assert list(one.ask_depth) == [5, 53]
    assert one.imbalance[0] == pytest.approx(0.5)
    assert one.microprice == pytest.approx((99.9 * 1 + 100.1 * 2) / 3)
    assert one.spread_bps == pytest.approx(20)


def test_an_empty_band_leans_nowhere() -> None:
    assert math.isnan(est.book_depth([99], [1], [101], [1], [10]).imbalance[0])


def test_a_drain_by_hand() -> None:
    """Baseline 100, down to 10 at step 4, half of the 90 back 3 steps later, nine tenths of 100 after 5."""
    found = est.depth_volatility([100, 95, 97, 40, 10, 12, 30, 55, 80, 90, 96], 100)
    assert (found.min_index, found.max_drop) == (4, 0.9)
    assert (found.steps_to_half_recovery, found.steps_to_90pct_of_baseline) == (3, 5)


def test_a_drain_that_stays_dry() -> None:
    found = est.depth_volatility([100, 40, 0, 5], 100)
    assert found.std_log_change == math.inf
    assert found.max_drop == 1.0
    assert found.steps_to_half_recovery is None
    assert found.steps_to_90pct_of_baseline is None


@pytest.mark.parametrize("theta", [0.02, 0.2])
def test_a_level_of_orders_that_come_and_go_refills_at_their_rate(theta: float) -> None:
    """A queue with infinitely many servers, 400 orders on average, looked at every unit of time for 20,000 of them.

    Who stays is binomial and who comes is Poisson; both numbers are large, so normals of their variance stand in.
    """
    u = uniforms(80_000)
    normals = np.sqrt(-2 * np.log1p(-u[:40_000])) * np.cos(2 * math.pi * u[40_000:])
    left, mean, depth = math.exp(-theta), 400.0, [400.0]
    for stay, come in normals.reshape(-1, 2):
        now = depth[-1]
        kept = now * left + math.sqrt(now * left * (1 - left)) * stay
        came = mean * (1 - left)
        depth.append(kept + came + math.sqrt(came) * come)
    found = est.refill_speed(depth, 1.0)
    assert found.persistence == pytest.approx(left, abs=4 * found.standard_error)
    assert found.half_life == pytest.approx(math.log(2) / theta, rel=0.2)


@given(st.floats(0.05, 0.99), st.floats(0.1, 60.0), st.floats(-50.0, -1.0))
def test_a_gap_that_closes_smoothly_gives_its_half_life(left: float, step: float, gap: float) -> None:
    depth = 100 + gap * left ** np.arange(30)
    found = est.refill_speed(depth, step, baseline=100)
    assert found.half_life == pytest.approx(-step * math.log(2) / math.log(left), rel=1e-6)


def test_gaps_that_flip_or_grow() -> None:
    assert est.refill_speed([90, 110, 90, 110], 1, baseline=100).half_life == 0
    assert est.refill_speed([90, 80, 60, 20], 1, baseline=100).half_life == math.inf


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: est.roll_spread([1, 2, 3]), "at least 4 numbers"),
        (lambda: est.corwin_schultz([1, 2], [1, 3]), "high lies below the low in row 1"),
        (lambda: est.amihud([0.1], [0.0]), "no bar has a trade"),
        (lambda: est.order_flow_imbalance([1, 2], [1, 1], [2, 3], [1]), "belong together"),
        (lambda: est.book_depth([], [], [101], [1], [10]), "bid_prices needs at least 1"),
        (lambda: est.book_depth([101], [1], [101], [1], [10]), "does not lie below the best ask"),
        (lambda: est.depth_volatility([0, 0, 0], 1), "zero throughout"),
        (lambda: est.depth_volatility([1, 1, 1], 0), "baseline must be finite, above 0"),
        (lambda: est.refill_speed([5, 5, 5], 1), "never leaves its baseline"),
        (lambda: est.refill_speed([5, 6, 5], 0), "step must be finite, above 0"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
