"""How far one series' clock stands off another's, measured from the prices themselves.

A bar labelled hours after it opened cannot be told from its own file: the labels look right. Beside a second series
of the same asset it can: shifted back by the right amount, the closes agree; by any other, they do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shortdesk.ground.errors import UsageError
from shortdesk.intake.bars import Bars
from shortdesk.intake.times import HOUR_NANOS, format_interval

__all__ = ["ClockOffset", "clock_offset"]

LEAST_MATCHES = 30
CLEARLY_BETTER = 4.0


@dataclass(frozen=True, slots=True)
class ClockOffset:
    """The shift that brings a series closest to the reference, and how close it is there and without a shift.

    ``error_bp`` is the median of abs(ln(close / reference close)) in basis points. ``is_off`` is True where the shift
    is not zero and at least four times closer than none.
    """

    shift_nanos: int
    error_bp: float
    error_unshifted_bp: float
    matches: int

    @property
    def is_off(self) -> bool:
        """Whether the clocks clearly differ."""
        return self.shift_nanos != 0 and self.error_unshifted_bp >= CLEARLY_BETTER * self.error_bp

    def __str__(self) -> str:
        if not self.is_off:
            return f"clocks agree (closes {self.error_unshifted_bp:.1f} bp apart)"
        return (
            f"clocks differ: as given the closes are {self.error_unshifted_bp:.1f} bp apart, shifted by "
            f"{format_interval(self.shift_nanos)} they are {self.error_bp:.1f} bp apart"
        )


def clock_offset(bars: Bars, reference: Bars, *, most_nanos: int = 14 * HOUR_NANOS) -> ClockOffset:
    """Try every shift of ``bars`` in steps of the reference's interval, up to ``most_nanos`` either way.

    The reference should be finer than the bars and of the same asset. Raises UsageError where fewer than thirty
    closes of the two can be compared without a shift.
    """
    errors_bp: dict[int, tuple[float, int]] = {}
    step = reference.interval_nanos
    ends, reference_ends = bars.close_time_nanos, reference.close_time_nanos
    prices = bars.close / 10.0**bars.price_decimals
    reference_prices = reference.close / 10.0**reference.price_decimals
    for count in range(-(most_nanos // step), most_nanos // step + 1):
        shifted = ends + count * step
        places = np.minimum(np.searchsorted(reference_ends, shifted), len(reference_ends) - 1)
        match = reference_ends[places] == shifted
        if match.sum() >= LEAST_MATCHES:
            apart = np.abs(np.log(prices[match] / reference_prices[places[match]]))
            errors_bp[count * step] = (1e4 * float(np.median(apart)), int(match.sum()))
    if 0 not in errors_bp:
        raise UsageError(
            f"fewer than {LEAST_MATCHES} closes of {bars.source} and {reference.source} fall on one time; "
            "their clocks cannot be compared"
        )
    shift = min(errors_bp, key=lambda nanos: (errors_bp[nanos][0], abs(nanos)))
    error_bp, matches = errors_bp[shift]
    return ClockOffset(shift, error_bp, errors_bp[0][0], matches)
