"""Estimators of returns: on series whose answer is known, at real sizes, and against the definition written out."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.draw_many import draw_uniforms
from shortdesk.ground.errors import UsageError
from shortdesk.study import return_estimators as est

Floats = npt.NDArray[np.float64]

series = st.lists(st.floats(-10.0, 10.0).map(lambda x: round(x, 3)), min_size=6, max_size=40).filter(
    lambda values: max(values) - min(values) > 0.1
)


def uniforms(count: int, seed: int = 1) -> Floats:
    return draw_uniforms(seed, 0, 100, 0, count)


def normals(count: int, seed: int = 1) -> Floats:
    """Box and Muller's pairs."""
    u = uniforms(2 * count, seed)
    return np.sqrt(-2 * np.log1p(-u[:count])) * np.cos(2 * math.pi * u[count:])


@pytest.mark.parametrize("alpha", [1.5, 3.0])
def test_the_tail_of_a_pareto_law_is_its_exponent(alpha: float) -> None:
    values = (1 - uniforms(200_000)) ** (-1 / alpha)
    found = est.hill(values, 2_000)
    assert found.alpha == pytest.approx(alpha, abs=3 * found.standard_error)
    assert found.standard_error == pytest.approx(alpha / math.sqrt(2_000), rel=0.1)
    assert np.sum(values > found.threshold) == 2_000


@given(series, st.integers(1, 5))
def test_hill_is_its_sum_and_blind_to_scale_and_sign(values: list[float], k: int) -> None:
    ranked = sorted((abs(value) for value in values), reverse=True)
    if ranked[k] == 0 or ranked[0] == ranked[k]:
        return
    found = est.hill(values, k).alpha
    assert found == pytest.approx(k / math.fsum(math.log(x / ranked[k]) for x in ranked[:k]), rel=1e-9)
    assert est.hill([-3 * value for value in values], k).alpha == pytest.approx(found, rel=1e-9)


def test_kurtosis_of_known_laws() -> None:
    assert est.excess_kurtosis(normals(400_000)) == pytest.approx(0.0, abs=0.05)
    assert est.excess_kurtosis(uniforms(400_000)) == pytest.approx(-1.2, abs=0.01)
    assert est.excess_kurtosis([-1, 1, -1, 1]) == pytest.approx(-2.0)


@given(series)
def test_autocorrelation_is_its_sum_by_either_way(values: list[float]) -> None:
    x = np.array(values) - np.mean(values)
    lags = range(len(values))
    expected = [float((x[: len(x) - lag] * x[lag:]).sum() / (x * x).sum()) for lag in lags]
    assert est.autocorrelation(values, lags) == pytest.approx(expected, abs=1e-12)
    many = [*lags] * 40  # enough lags for the transform
    assert est.autocorrelation(values, many) == pytest.approx(expected * 40, abs=1e-12)


def test_a_million_returns_remember_as_they_were_made() -> None:
    """x_t = 0.6 x_(t-1) + noise: the autocorrelation at lag l is 0.6^l."""
    noise = normals(1_000_000)
    x = np.convolve(noise, 0.6 ** np.arange(60))[: len(noise)]
    found = est.autocorrelation(x, np.arange(1, 101))
    assert found == pytest.approx(0.6 ** np.arange(1, 101), abs=6e-3)
    assert est.autocorrelation(x, 1) == pytest.approx(0.6, abs=3e-3)  # one lag, no row of them
    assert est.ljung_box(noise, 20) < 45 < est.ljung_box(x, 20)


@given(series, st.integers(2, 5))
def test_the_variance_ratio_is_lo_and_mackinlays(values: list[float], q: int) -> None:
    n, mean = len(values), math.fsum(values) / len(values)
    one = math.fsum((r - mean) ** 2 for r in values) / (n - 1)
    long = math.fsum((math.fsum(values[k - q : k]) - q * mean) ** 2 for k in range(q, n + 1))
    found = est.variance_ratio(values, q)
    assert found.ratio == pytest.approx(long / (q * (n - q + 1) * (1 - q / n)) / one, rel=1e-9, abs=1e-12)
    assert found.z_iid == pytest.approx((found.ratio - 1) / math.sqrt(2 * (2 * q - 1) * (q - 1) / (3 * q * n)))


def test_a_random_walk_has_a_ratio_of_one_and_bounces_pull_it_down() -> None:
    walk = normals(200_000)
    fair = est.variance_ratio(walk, 10)
    assert fair.ratio == pytest.approx(1.0, abs=0.03)
    assert abs(fair.z_iid) < 3
    bounce = np.diff(np.where(uniforms(200_001, 2) < 0.5, 0.7, -0.7))
    assert est.variance_ratio(walk + bounce, 10).z_robust < -30


def test_a_signature_shows_the_noise_at_short_steps_only() -> None:
    """A walk of variance 1 with independent noise of variance 2 on each price: 1 + 2 * 2/step."""
    price = np.cumsum(normals(300_000)) + math.sqrt(2) * normals(300_000, 2)
    found = est.realised_signature(price, [1, 2, 10, 100])
    assert found == pytest.approx([5.0, 3.0, 1.4, 1.04], rel=0.03)


@given(st.floats(-2.0, 2.0), st.floats(0.1, 100.0))
def test_a_power_law_is_found(exponent: float, prefactor: float) -> None:
    x = np.array([1.0, 3.0, 10.0, 50.0])
    found = est.power_law(x, prefactor * x**exponent)
    assert found.exponent == pytest.approx(exponent, abs=1e-9)
    assert found.prefactor == pytest.approx(prefactor)
    assert found.standard_error < 1e-9


def test_the_error_of_a_slope_is_as_large_as_it_says() -> None:
    """400 lines through the same points with noise of 0.5: slopes scatter by what each states."""
    x = np.linspace(0, 3, 30)
    lines = [est.least_squares(x, 2 * x + 0.5 * normals(30, seed)) for seed in range(400)]
    scatter = np.std([line.slope for line in lines])
    assert scatter == pytest.approx(np.mean([line.standard_error for line in lines]), rel=0.12)
    assert np.mean([line.slope for line in lines]) == pytest.approx(2.0, abs=0.03)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: est.hill([1, 2, 3], 3), "k must be from 1"),
        (lambda: est.hill([1, 1, 1, 1], 2), "no tail"),
        (lambda: est.hill([0, 0, 1], 1), "no tail"),
        (lambda: est.autocorrelation([1, 1, 1], [1]), "nothing varies"),
        (lambda: est.autocorrelation([1, 2, 3], [3]), "lags must be finite, at least 0 and below 3"),
        (lambda: est.autocorrelation([1, 2, 3], [0.5]), "whole numbers"),
        (lambda: est.ljung_box([1, 2, 3], 3), "lags must be from 1"),
        (lambda: est.variance_ratio([1, 2, 3, 4], 4), "q must be from 2"),
        (lambda: est.realised_signature([1, 2, 3], [0]), "steps must be finite, at least 1"),
        (lambda: est.power_law([1, 2], [1, -1]), "y must be finite, above 0"),
        (lambda: est.power_law([2, 2], [1, 3]), "two different x"),
        (lambda: est.excess_kurtosis([math.nan, 1]), "values must be finite"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
