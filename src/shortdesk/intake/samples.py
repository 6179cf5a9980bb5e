"""The price and funding history that ships with the package: Binance BTC, to August 2024.

Three products: the linear perp ``BTCUSDT`` (usdm), the inverse perp ``BTCUSD_PERP`` (coinm) and the spot pair
``BTCUSDT`` (spot). What each series can and cannot tell stands in the README beside the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from typing import Literal, TypeAlias

from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.intake.bars import Bars, read_bars
from shortdesk.intake.funding import FundingHistory, read_funding
from shortdesk.intake.times import format_time, parse_interval, parse_time

__all__ = ["Product", "SampleSeries", "sample_bars", "sample_funding", "shipped"]

Product: TypeAlias = Literal["usdm", "coinm", "spot"]
"""The linear perp, the inverse perp, the spot pair."""
Holds: TypeAlias = Literal["ohlc", "close", "funding"]


@dataclass(frozen=True, slots=True)
class SampleSeries:
    """One shipped series: what it is of, what it holds, and the span it covers in UTC.

    Bars open in [start, stop); payments fall in (start, stop], since the first one pays for the hours before it.
    """

    product: Product
    symbol: str
    holds: Holds
    interval: str
    start: str
    stop: str

    @property
    def file_name(self) -> str:
        """The Parquet file in ``sheets/samples``."""
        ending = {"ohlc": self.interval, "close": f"{self.interval}_close", "funding": "funding"}[self.holds]
        return f"{self.product}_{self.symbol}_{ending}.parquet"

    def covers(self, start_nanos: int, stop_nanos: int) -> bool:
        """Whether the series holds the whole span."""
        return parse_time(self.start) <= start_nanos and stop_nanos <= parse_time(self.stop)

    def __str__(self) -> str:
        what = {"ohlc": "bars", "close": "bars, closes only", "funding": "funding"}[self.holds]
        return f"{self.product} {self.symbol} {self.interval} {what}, {self.start} to {self.stop}"


_SHIPPED = (
    SampleSeries("usdm", "BTCUSDT", "ohlc", "1d", "2020-01-01 00:00", "2024-08-09 00:00"),
    SampleSeries("usdm", "BTCUSDT", "ohlc", "8h", "2023-01-01 00:00", "2024-07-01 08:00"),
    SampleSeries("usdm", "BTCUSDT", "close", "1h", "2021-07-01 01:00", "2024-07-01 01:00"),
    SampleSeries("usdm", "BTCUSDT", "funding", "8h", "2019-09-10 00:00", "2024-08-09 08:00"),
    SampleSeries("coinm", "BTCUSD_PERP", "ohlc", "1d", "2020-08-11 00:00", "2024-08-09 00:00"),
    SampleSeries("coinm", "BTCUSD_PERP", "ohlc", "8h", "2023-01-01 00:00", "2024-07-01 08:00"),
    SampleSeries("coinm", "BTCUSD_PERP", "ohlc", "1h", "2020-08-11 08:00", "2024-08-09 00:00"),
    SampleSeries("coinm", "BTCUSD_PERP", "funding", "8h", "2021-06-30 16:00", "2024-08-09 08:00"),
    SampleSeries("spot", "BTCUSDT", "ohlc", "1d", "2017-08-17 00:00", "2024-08-09 00:00"),
    SampleSeries("spot", "BTCUSDT", "ohlc", "8h", "2023-01-01 00:00", "2024-07-01 08:00"),
    SampleSeries("spot", "BTCUSDT", "close", "1h", "2021-07-01 01:00", "2024-07-01 01:00"),
)


def shipped() -> tuple[SampleSeries, ...]:
    """Every series in the package."""
    return _SHIPPED


def sample_bars(
    symbol: str, start: str | int, stop: str | int, *, interval: str | None = None, product: Product | None = None
) -> Bars:
    """Shipped bars of a symbol that open in [start, stop), which must be bar boundaries.

    Times are text as ``parse_time`` reads it, or UTC nanoseconds. Without an interval it is the finest one with highs
    and lows that covers the span. ``BTCUSDT`` is the perp unless the product is ``spot``.

    Raises UsageError for a symbol, interval or span that does not ship, naming what does.
    """
    first, last = _span(start, stop)
    series = [one for one in _of_symbol(symbol, product) if one.holds != "funding"]
    if interval is None:
        series = sorted((one for one in series if one.holds == "ohlc"), key=lambda one: parse_interval(one.interval))
    else:
        kept = [one for one in series if parse_interval(one.interval) == parse_interval(interval)]
        if not kept:
            raise UsageError(f"no {interval} bars of {symbol} ship with shortdesk; there are {_listed(series)}")
        series = kept
    covering = [one for one in series if one.covers(first, last)]
    if not covering:
        raise _outside(first, last, series)
    for one in covering:
        length = parse_interval(one.interval)
        if first % length == 0 and last % length == 0:
            with as_file(_file(one)) as path:
                return replace(read_bars(path), source=f"shipped sample: {one}").between(first, last)
    span = f"{format_time(first)} to {format_time(last)} UTC"
    raise UsageError(f"{span} does not start and end with a bar; there are {_listed(covering)}")


def sample_funding(symbol: str, start: str | int, stop: str | int) -> FundingHistory:
    """Shipped funding of a perp at start < time <= stop; times as in ``sample_bars``.

    Raises UsageError for a symbol or span that does not ship, naming what does.
    """
    first, last = _span(start, stop)
    series = [one for one in _of_symbol(symbol, None) if one.holds == "funding"]
    if not series[0].covers(first, last):
        raise _outside(first, last, series)
    with as_file(_file(series[0])) as path:
        return replace(read_funding(path), source=f"shipped sample: {series[0]}").between(first, last)


def _span(start: str | int, stop: str | int) -> tuple[int, int]:
    first = parse_time(start) if isinstance(start, str) else int(start)
    last = parse_time(stop) if isinstance(stop, str) else int(stop)
    if first >= last:
        raise UsageError(f"the span must end after it starts; given {format_time(first)} to {format_time(last)} UTC")
    return first, last


def _of_symbol(symbol: str, product: Product | None) -> list[SampleSeries]:
    named = [one for one in _SHIPPED if one.symbol.casefold() == symbol.casefold()]
    if not named:
        raise UsageError(unknown_name("symbol in the shipped history", symbol, {one.symbol for one in _SHIPPED}))
    wanted = product or named[0].product
    found = [one for one in named if one.product == wanted]
    if not found:
        products = sorted({one.product for one in named})
        raise UsageError(f"no {wanted} history of {symbol} ships with shortdesk; there is {', '.join(products)}")
    return found


def _outside(first: int, last: int, series: Sequence[SampleSeries]) -> UsageError:
    span = f"{format_time(first)} to {format_time(last)} UTC"
    return UsageError(
        f"the shipped history does not cover {span}; it has {_listed(series)}; bring your own prices for other times"
    )


def _listed(series: Iterable[SampleSeries]) -> str:
    return "; ".join(str(one) for one in series)


def _file(series: SampleSeries) -> Traversable:
    return files("shortdesk.sheets") / "samples" / series.file_name
