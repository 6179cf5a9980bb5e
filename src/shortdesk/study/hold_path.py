"""The past as a held short meets it: bars in whole ticks, the mark beside them, the funding that falls due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import InputError
from shortdesk.intake import Bars, FundingHistory, format_interval, format_time
from shortdesk.study.hold_grid import decimals
from shortdesk.study.hold_walk import Charge, Funding, Path

__all__ = ["History", "first_price", "funding_charges", "path_of"]

_DIGITS = 7

IntArray: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """The past to be held through. ``mark`` are bars of the mark price over the same span; without them last trades
    decide. ``warnings`` say what is wrong with the data beyond their own findings.
    """

    bars: Bars
    funding: FundingHistory | None = None
    mark: Bars | None = None
    warnings: tuple[str, ...] = ()


def path_of(history: History, others: Sequence[Decimal]) -> tuple[Path, int]:
    """Bars as ticks, and the number of decimals that holds all prices, ``others`` included.

    Raises:
        InputError: too few bars, or mark prices that do not fit them.
    """
    bars, mark = history.bars, history.mark
    if len(bars) < (2 if bars.closes_only else 1):
        raise InputError(f"{len(bars)} bars in the span; expected at least {2 if bars.closes_only else 1}", bars.source)
    # Rounded prices in a file must not round the liquidation price: seven digits of the price at least.
    digits = _DIGITS - 1 - bars.price(bars.close[0]).adjusted()
    places = max(bars.price_decimals, decimals(others), mark.price_decimals if mark else 0, digits)
    judged = bars if mark is None else _aligned(mark, bars)
    opens, closes = bars.open_time_nanos.tolist(), bars.close_time_nanos.tolist()
    last = _ticks(bars.close, bars, places)
    if judged.open is None or judged.high is None or judged.low is None:
        if bars is not judged:
            raise InputError("holds closes only; expected open, high, low and close of the mark price", judged.source)
        # A bar of closes runs from the close before to its own; the first one only gives the entry.
        before, now = last[:-1], last[1:]
        high, low = list(map(max, before, now)), list(map(min, before, now))
        return Path(closes[:-1], closes[1:], before, high, low, now, now), places
    path = Path(
        open_nanos=opens,
        close_nanos=closes,
        open=_ticks(judged.open, judged, places),
        high=_ticks(judged.high, judged, places),
        low=_ticks(judged.low, judged, places),
        close=_ticks(judged.close, judged, places),
        last_close=last,
    )
    return path, places


def _ticks(values: IntArray, bars: Bars, places: int) -> list[int]:
    step = 10 ** (places - bars.price_decimals)
    return [value * step for value in values.tolist()]


def _aligned(mark: Bars, bars: Bars) -> Bars:
    """The mark bars that open when the bars do.

    Raises:
        InputError: another length, or a bar without its mark.
    """
    if mark.interval_nanos != bars.interval_nanos:
        lengths = f"{format_interval(mark.interval_nanos)}; the prices have {format_interval(bars.interval_nanos)}"
        raise InputError(f"bars of {lengths}; expected the same length", mark.source)
    cut = mark.between(int(bars.open_time_nanos[0]), int(bars.open_time_nanos[-1]) + 1)
    missing = np.setdiff1d(bars.open_time_nanos, cut.open_time_nanos)
    if len(missing):
        raise InputError(
            f"no mark price for {len(missing)} of {len(bars)} bars, first {format_time(int(missing[0]))}", mark.source
        )
    keep = np.isin(cut.open_time_nanos, bars.open_time_nanos)

    def kept(
        values: IntArray | None,
    ) -> IntArray | None:
        return None if values is None else values[keep]

    return replace(
        cut,
        open_time_nanos=cut.open_time_nanos[keep],
        close=cut.close[keep],
        open=kept(cut.open),
        high=kept(cut.high),
        low=kept(cut.low),
        mark_close=None,
        index_close=None,
    )


def first_price(history: History, path: Path, price_decimals: int) -> Decimal:
    """The first last trade at or after the opening; where only closes are known beside mark prices, the mark."""
    bars = history.bars
    if bars.open is not None:
        return bars.price(int(bars.open[0]))
    return Decimal(path.open[0]).scaleb(-price_decimals)


def funding_charges(history: FundingHistory | None, start: int, stop: int) -> list[Charge]:
    """The payments after ``start`` up to ``stop``; none without a history."""
    if history is None:
        return []
    within = history.between(start, stop)
    one = 10**within.rate_decimals
    return [
        Funding(nanos, rate, one) for nanos, rate in zip(within.time_nanos.tolist(), within.rate.tolist(), strict=True)
    ]
