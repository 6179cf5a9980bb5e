"""Bars and funding made by hand, for tests of shorts that are held."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from shortdesk.ground.venue import load_venue
from shortdesk.intake import Bars, FundingHistory, parse_time
from shortdesk.study.hold import History, HoldRequest, hold
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.ticket import Size

HOUR = 3_600_000_000_000
START = parse_time("2020-10-01")


def bars_of(rows: Sequence[Sequence[str | int]], *, hours: int = 8, start: int = START, decimals: int = 2) -> Bars:
    """Bars from rows of open, high, low, close; whole ticks where they are integers, else decimal text."""
    scale = 10**decimals
    ticks = [[value if isinstance(value, int) else int(Decimal(value) * scale) for value in row] for row in rows]
    values = np.array(ticks, dtype=np.int64)
    times = start + HOUR * hours * np.arange(len(rows), dtype=np.int64)
    return Bars(
        source="by hand",
        interval_nanos=HOUR * hours,
        price_decimals=decimals,
        open_time_nanos=times,
        open=values[:, 0],
        high=values[:, 1],
        low=values[:, 2],
        close=values[:, 3],
    )


def closes_of(closes: Sequence[str], *, hours: int = 1, start: int = START) -> Bars:
    """Bars of which only the closes are known."""
    values = np.array([int(Decimal(close) * 100) for close in closes], dtype=np.int64)
    times = start + HOUR * hours * np.arange(len(closes), dtype=np.int64)
    return Bars(source="by hand", interval_nanos=HOUR * hours, price_decimals=2, open_time_nanos=times, close=values)


def funding_of(rates: Sequence[str | int], *, hours: int = 8, start: int = START) -> FundingHistory:
    """Funding from the first instant after ``start``; whole 1e-8 where integers, else decimal text."""
    values = [rate if isinstance(rate, int) else int(Decimal(rate) * 10**8) for rate in rates]
    count = len(values)
    return FundingHistory(
        source="by hand",
        time_nanos=start + HOUR * hours * np.arange(1, count + 1, dtype=np.int64),
        rate=np.array(values, dtype=np.int64),
        rate_decimals=8,
        interval_nanos=np.full(count, HOUR * hours, dtype=np.int64),
    )


def held(
    bars: Bars,
    funding: FundingHistory | None = None,
    *,
    venue: str = "binance_usdm",
    symbol: str = "BTCUSDT",
    size: str = "1",
    mark: Bars | None = None,
    **asked: object,
) -> HoldResult:
    """A short of ``size`` coins through them."""
    request = HoldRequest(symbol=symbol, size=Size(Decimal(size), "base", "BTC"), **asked)  # type: ignore[arg-type]
    return hold(load_venue(venue), request, History(bars=bars, funding=funding, mark=mark))
