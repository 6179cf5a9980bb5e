"""The 95 % interval of a mean of few values, by Student's t: the one rule for effects over seeds, wherever shown."""

from __future__ import annotations

from types import MappingProxyType

from shortdesk.ground.errors import UsageError

__all__ = ["student_95"]

_QUANTILES = MappingProxyType(
    {
        1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262, 10: 2.228,
        11: 2.201, 12: 2.179, 13: 2.160, 14: 2.145, 15: 2.131, 16: 2.120, 17: 2.110, 18: 2.101, 19: 2.093, 20: 2.086,
        21: 2.080, 22: 2.074, 23: 2.069, 24: 2.064, 25: 2.060, 26: 2.056, 27: 2.052, 28: 2.048, 29: 2.045, 30: 2.042,
        40: 2.021, 60: 2.000, 120: 1.980,
    }
)  # fmt: skip
"""97.5 % quantiles by degrees of freedom, to three digits (any table of the distribution)."""


def student_95(values: int) -> float:
    """So many standard errors on each side of a mean of ``values`` independent values hold the truth in 95 of 100.

    Between two degrees of freedom of the table the wider interval is taken.

    Raises:
        UsageError: fewer than two values, which have no interval.
    """
    if values < 2:
        raise UsageError(f"an interval needs at least 2 values, not {values}")
    return _QUANTILES[max(degrees for degrees in _QUANTILES if degrees <= values - 1)]
