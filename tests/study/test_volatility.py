"""Volatility from bars with a clock: by hand, by simulation, with gaps, and with bad columns."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.study.volatility import (
    close_to_close_volatility,
    days_of_volatility,
    ewma_volatility,
    parkinson_volatility,
    realised_measures,
)

DAY = 86_400_000_000_000
HOUR = DAY // 24


def test_by_hand() -> None:
    """Daily closes 100, 110, 99, 99: ln 1.1 and ln 0.9, over three days of 365."""
    found = close_to_close_volatility([0, DAY, 2 * DAY, 3 * DAY], [100, 110, 99, 99])
    assert found.value == pytest.approx(math.sqrt((math.log(1.1) ** 2 + math.log(0.9) ** 2) / (3 / 365)))
    assert (found.returns, found.gaps, found.span_days, found.bar_seconds) == (3, 0, 3.0, 86_400.0)


def test_gaps_are_left_out_spanned_or_refused() -> None:
    """A day is missing between the third and the fourth close."""
    times, closes = [0, DAY, 2 * DAY, 4 * DAY, 5 * DAY], [100.0, 101.0, 102.0, 90.0, 91.0]
    steps = [math.log(b / a) for a, b in pairwise(closes)]
    skip = close_to_close_volatility(times, closes)
    assert skip.value == pytest.approx(math.sqrt((steps[0] ** 2 + steps[1] ** 2 + steps[3] ** 2) / (3 / 365)))
    assert (skip.returns, skip.gaps, skip.span_days) == (3, 1, 3.0)
    span = close_to_close_volatility(times, closes, gaps="span")
    assert span.value == pytest.approx(math.sqrt(sum(step**2 for step in steps) / (5 / 365)))
    assert (span.returns, span.gaps, span.span_days) == (4, 1, 5.0)
    with pytest.raises(InputError, match=r"row 3: 172800 s since the row before, a bar is 86400 s"):
        close_to_close_volatility(times, closes, gaps="refuse")


def test_lists_tuples_and_arrays_are_the_same() -> None:
    times, closes = [0, HOUR, 2 * HOUR, 3 * HOUR], [1.0, 1.01, 1.0, 1.02]
    from_lists = close_to_close_volatility(times, closes)
    assert close_to_close_volatility(tuple(times), tuple(closes)) == from_lists
    assert close_to_close_volatility(np.array(times), np.array(closes)) == from_lists


def brownian_bars(sigma: float, bars: int, inside: int, seed: int) -> tuple[list[int], Any, Any, Any]:
    """Daily closes, highs and lows of a Brownian motion looked at ``inside`` times a day."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((bars, inside)) * sigma / math.sqrt(365 * inside)
    path = np.cumsum(steps.ravel()).reshape(bars, inside)
    opens = np.concatenate([[0.0], path[:-1, -1]])
    whole = np.concatenate([opens[:, None], path], axis=1)
    return [DAY * i for i in range(bars)], np.exp(path[:, -1]), np.exp(whole.max(axis=1)), np.exp(whole.min(axis=1))


def test_estimators_find_the_volatility_within_their_own_errors() -> None:
    """3,000 simulated days at 80%: each within four of its standard errors, Parkinson also low for few looks."""
    times, closes, highs, lows = brownian_bars(0.8, 3_000, 400, seed=1)
    close = close_to_close_volatility(times, closes)
    assert abs(close.value - 0.8) < 4 * close.standard_error
    assert close.standard_error == pytest.approx(0.8 / math.sqrt(2 * 3_000), rel=0.1)
    ranged = parkinson_volatility(times, highs, lows)
    missed = 0.8 * 0.03  # extremes between 400 looks a day
    assert 0.8 - missed - 4 * ranged.standard_error < ranged.value < 0.8 + 4 * ranged.standard_error
    assert (close.standard_error / ranged.standard_error) ** 2 == pytest.approx(4.9, rel=0.25)


def test_standard_errors_cover_the_truth() -> None:
    """Over 200 simulated quarters the true value lies within two standard errors about 95 times in 100."""
    inside = []
    for seed in range(200):
        times, closes, _, _ = brownian_bars(0.6, 90, 1, seed)
        found = close_to_close_volatility(times, closes)
        inside.append(abs(found.value - 0.6) < 2 * found.standard_error)
    assert 0.90 < np.mean(inside) < 0.995


def test_fat_tails_widen_the_standard_error() -> None:
    rng = np.random.default_rng(3)
    heavy = np.exp(np.cumsum(0.01 * rng.standard_t(3, 2_000)))
    found = close_to_close_volatility([DAY * i for i in range(2_000)], heavy)
    assert found.standard_error > 2 * found.value / math.sqrt(2 * found.returns)


def test_ewma_follows_what_is_recent() -> None:
    """A calm year, then a wild month: the weights forget the year with a half-life of 11.2 days."""
    rng = np.random.default_rng(4)
    returns = np.concatenate([0.01 * rng.standard_normal(365), 0.06 * rng.standard_normal(30)])
    closes = np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
    times = [DAY * i for i in range(len(closes))]
    wild = 0.06 * math.sqrt(365)
    now = ewma_volatility(times, closes)
    assert abs(now.value - wild * math.sqrt(1 - 2 ** (-30 / 11.2))) < 3 * now.standard_error
    assert close_to_close_volatility(times, closes).value < 0.5 * now.value
    assert now.standard_error > 3 * close_to_close_volatility(times, closes).standard_error


def test_ewma_is_riskmetrics_on_daily_bars() -> None:
    """sigma^2 = 0.06 sum 0.94^k r^2 with the weights made to sum to one."""
    returns = [0.02, -0.01, 0.03, -0.015]
    closes = np.exp(np.concatenate([[0.0], np.cumsum(returns)]))
    weights = [0.94**k for k in (3, 2, 1, 0)]
    daily = math.sqrt(sum(w * r * r for w, r in zip(weights, returns, strict=True)) / sum(weights))
    half_life = math.log(0.5) / math.log(0.94)
    found = ewma_volatility([DAY * i for i in range(5)], closes, half_life_days=half_life)
    assert found.value == pytest.approx(daily * math.sqrt(365))
    assert half_life == pytest.approx(11.2, abs=0.01)


def test_a_gap_ages_what_lies_before_it() -> None:
    near = ewma_volatility([0, DAY, 2 * DAY, 3 * DAY, 4 * DAY], [1, 1.5, 1, 1.01, 1.0])
    far = ewma_volatility([0, DAY, 2 * DAY, 30 * DAY, 31 * DAY], [1, 1.5, 1, 1.01, 1.0])
    assert far.value < near.value


def test_equal_weights_are_the_limit_of_a_long_half_life() -> None:
    times, closes = [DAY * i for i in range(6)], [1, 1.1, 1.05, 1.2, 1.1, 1.15]
    assert ewma_volatility(times, closes, half_life_days=1e9).value == pytest.approx(
        close_to_close_volatility(times, closes).value, rel=1e-6
    )


def test_parkinson_by_hand() -> None:
    """Three days of high/low 1.1: ln 1.1/sqrt(4 ln 2) a day."""
    found = parkinson_volatility([0, DAY, 2 * DAY], [110.0] * 3, [100.0] * 3)
    assert found.value == pytest.approx(math.log(1.1) / math.sqrt(4 * math.log(2)) * math.sqrt(365))
    assert (found.returns, found.gaps, found.span_days) == (3, 0, 3.0)


@given(st.lists(st.floats(-0.2, 0.2), min_size=2, max_size=60))
def test_realised_measures_hold_together(returns: list[float]) -> None:
    found = realised_measures(returns)
    assert found.realised_vol**2 == pytest.approx(found.rv)
    assert found.jump == max(found.rv - found.bipower, 0.0)
    assert realised_measures([2 * r for r in returns]).rv == pytest.approx(4 * found.rv)


@given(closes=st.lists(st.floats(0.01, 100.0), min_size=4, max_size=40), scale=st.floats(1e-6, 1e6))
def test_the_currency_and_the_direction_of_time_do_not_matter(closes: list[float], scale: float) -> None:
    times = [HOUR * i for i in range(len(closes))]
    here = close_to_close_volatility(times, closes).value
    assert close_to_close_volatility(times, [scale * c for c in closes]).value == pytest.approx(
        here, rel=1e-6, abs=1e-6
    )
    assert close_to_close_volatility(times, closes[::-1]).value == pytest.approx(here, rel=1e-9)


#  distance %   volatility   daily sigmas   days until one sigma covers it
DISTANCES = """
    9.45         0.60         2.875          8.267
   -9.45         0.60         3.161          9.991
    0.0          0.60         0.0            0.0
    100.0        0.60         22.071         487.126
"""


@pytest.mark.parametrize("line", [line for line in DISTANCES.split("\n") if line.strip()])
def test_distance_in_days_of_volatility(line: str) -> None:
    distance, volatility, sigmas, days = (float(word) for word in line.split())
    found = days_of_volatility(distance, volatility)
    assert found == pytest.approx((sigmas, days), abs=0.0006)
    one_sigma = volatility * math.sqrt(found.days_to_one_sigma / 365)
    assert one_sigma == pytest.approx(abs(math.log1p(distance / 100)))


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: close_to_close_volatility([0, 1], [1, 2]), InputError, "at least 3 rows, got 2"),
        (lambda: close_to_close_volatility([0, 1, 2], [1, 2]), InputError, "3 times but 2 closes"),
        (
            lambda: close_to_close_volatility([0, 2, 2], [1, 2, 3]),
            InputError,
            "row 2: times must increase, got 2 after 2",
        ),
        (
            lambda: close_to_close_volatility([0, 1, 2], [1, 0, 3]),
            InputError,
            "row 1: a close must be a positive finite",
        ),
        (lambda: close_to_close_volatility([0, 1, 2], [1, math.nan, 3]), InputError, "row 1: .* got nan"),
        (lambda: close_to_close_volatility([0, 1, 9], [1, 2, 3]), InputError, "only 1 of 2 returns takes one bar"),
        (
            lambda: close_to_close_volatility([0, 1, 2], [1, 2, 3], gaps="fill"),
            UsageError,
            "gaps must be .* got 'fill'",
        ),
        (lambda: ewma_volatility([0, 1, 2], [1, 2, 3], half_life_days=0), UsageError, "half-life must be a positive"),
        (lambda: parkinson_volatility([0, 1, 2], [1, 2, 3], [1, 3, 2]), InputError, "row 1: the high 2 lies below"),
        (lambda: realised_measures([0.1]), InputError, "at least 2 returns, got 1"),
        (lambda: realised_measures([0.1, math.inf]), InputError, "row 1: a return must be a finite number, got inf"),
        (lambda: days_of_volatility(-100, 0.6), UsageError, "distance must be a finite number above -100 per cent"),
        (lambda: days_of_volatility(10, 0), UsageError, "volatility must be a positive finite number, got 0"),
    ],
)
def test_bad_columns_are_named(call: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        call()
