"""Intervals of few values."""

from __future__ import annotations

import numpy as np
import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.study.student import student_95


@pytest.mark.parametrize(
    ("values", "expected"), [(2, 12.706), (3, 4.303), (12, 2.201), (31, 2.042), (50, 2.021), (1_000, 1.980)]
)
def test_the_table(values: int, expected: float) -> None:
    assert student_95(values) == expected


def test_it_never_narrows_with_fewer_values() -> None:
    found = [student_95(values) for values in range(2, 200)]
    assert found == sorted(found, reverse=True)


@pytest.mark.parametrize("values", [3, 5, 12])
def test_nineteen_of_twenty_intervals_hold_the_mean(values: int) -> None:
    """40,000 means of normal values: the miss is 5 % up to four standard errors of such a share."""
    drawn = np.random.default_rng(values).normal(1.0, 2.0, (40_000, values))
    error = drawn.std(axis=1, ddof=1) / np.sqrt(values)
    misses = (np.abs(drawn.mean(axis=1) - 1.0) > student_95(values) * error).mean()
    assert misses == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 40_000))


def test_one_value_has_no_interval() -> None:
    with pytest.raises(UsageError, match="at least 2 values, not 1"):
        student_95(1)
