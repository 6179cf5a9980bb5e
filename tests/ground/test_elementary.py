"""Logarithm, exponential and normal law against the machine's own."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.elementary import exp, ln, normal_density, normal_upper, power


@given(st.floats(1e-300, 1e300))
def test_ln_is_the_logarithm(x: float) -> None:
    assert math.isclose(ln(x), math.log(x), rel_tol=1e-14, abs_tol=1e-15)


@given(st.floats(-690, 690))
def test_exp_is_the_exponential(x: float) -> None:
    assert math.isclose(exp(x), math.exp(x), rel_tol=2e-15 * max(1.0, abs(x)))


def test_exp_at_its_ends() -> None:
    assert exp(-701.0) == 0.0
    assert exp(800.0) == exp(700.0)


@given(st.floats(1e-3, 1e3), st.floats(-5, 5))
def test_power(x: float, y: float) -> None:
    assert math.isclose(power(x, y), x**y, rel_tol=1e-12)


@given(st.floats(-8, 8))
def test_normal_law(x: float) -> None:
    assert abs(normal_upper(x) - 0.5 * math.erfc(x / math.sqrt(2))) < 1e-7
    assert math.isclose(normal_density(x), math.exp(-x * x / 2) / math.sqrt(2 * math.pi), rel_tol=1e-12)
