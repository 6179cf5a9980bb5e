"""The shipped history: what ships, that it says what is known of those days, and that it opens fast."""

from __future__ import annotations

import re
import subprocess
import sys
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import duckdb
import numpy as np
import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.intake.samples import SampleSeries, sample_bars, sample_funding, shipped
from shortdesk.intake.times import HOUR_NANOS, format_time, parse_interval, parse_time

FOLDER = Path(str(files("shortdesk.sheets"))) / "samples"
BARS = [series for series in shipped() if series.holds != "funding"]
FUNDING = [series for series in shipped() if series.holds == "funding"]


def load(series: SampleSeries) -> object:
    if series.holds == "funding":
        return sample_funding(series.symbol, series.start, series.stop)
    return sample_bars(series.symbol, series.start, series.stop, interval=series.interval, product=series.product)


def low(symbol: str, day: str, product: str | None = None) -> Decimal:
    start = parse_time(day)
    bars = sample_bars(symbol, start, start + 24 * HOUR_NANOS, interval="1d", product=product)  # type: ignore[arg-type]
    return bars.price(bars.low[0])


@pytest.mark.parametrize("series", BARS, ids=str)
def test_bars_fill_the_span_they_claim(series: SampleSeries) -> None:
    bars = load(series)
    assert format_time(int(bars.open_time_nanos[0])) == series.start
    assert format_time(int(bars.close_time_nanos[-1])) == series.stop
    assert bars.interval_nanos == parse_interval(series.interval)
    assert bars.closes_only == (series.holds == "close")
    missing = sum(gap.missing for gap in bars.gaps)
    assert len(bars) + missing == (parse_time(series.stop) - parse_time(series.start)) // bars.interval_nanos
    assert not [finding for finding in bars.findings if finding.kind in ("floats", "label")]


@pytest.mark.parametrize("series", FUNDING, ids=str)
def test_funding_fills_its_span_and_every_step_is_eight_hours(series: SampleSeries) -> None:
    history = load(series)
    assert history.time_nanos[0] == parse_time(series.start) + 8 * HOUR_NANOS
    assert format_time(int(history.time_nanos[-1])) == series.stop
    assert set(np.diff(history.time_nanos).tolist()) == {8 * HOUR_NANOS}
    assert set(history.interval_nanos.tolist()) == {8 * HOUR_NANOS}
    assert (history.gaps, history.findings, history.rate_decimals) == ((), (), 8)


def test_every_file_is_listed_and_named_in_the_readme() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in FOLDER.glob("*.parquet")} == {series.file_name for series in shipped()}
    rows = dict(re.findall(r"^\| (\w+) \| ([\d,]+) \|", readme, flags=re.MULTILINE))
    assert rows == {series.file_name.removesuffix(".parquet"): f"{len(load(series)):,}" for series in shipped()}
    assert "MIT" in (FOLDER / "NOTICE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 1_000_000


# ---- what is known of those days -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("symbol", "time", "rate"),
    [
        ("BTCUSDT", "2020-03-13 08:00", "-0.003"),  # the cap, on the day after the crash
        ("BTCUSDT", "2020-02-12 00:00", "0.003"),  # the cap above
        ("BTCUSDT", "2022-11-10 00:00", "-0.00119"),  # FTX
    ],
)
def test_funding_on_known_days(symbol: str, time: str, rate: str) -> None:
    instant = parse_time(time)
    history = sample_funding(symbol, instant - HOUR_NANOS, instant)
    assert len(history) == 1
    assert history.fraction(history.rate[0]).quantize(Decimal(rate)) == Decimal(rate)


def test_the_lowest_funding_ever_paid() -> None:
    history = sample_funding("BTCUSDT", "2019-09-10", "2024-08-09 08:00")
    order = np.argsort(history.rate, kind="stable")
    assert format_time(int(history.time_nanos[order[0]])) == "2020-03-13 08:00"
    assert format_time(int(history.time_nanos[order[1]])) == "2022-11-10 00:00"


@pytest.mark.parametrize(
    ("day", "spot", "usdm", "coinm"),
    [
        ("2021-05-19", "30000.00", "28688.00", "27244.00"),
        ("2021-12-04", "42000.30", "40888.89", "40681.80"),
        ("2023-08-17", "25166.00", "24581.00", "24359.10"),
    ],
)
def test_lows_differ_by_product(day: str, spot: str, usdm: str, coinm: str) -> None:
    """A long liquidated at 29,000 on 2021-05-19 died on one product only."""
    assert low("BTCUSDT", day, "spot") == Decimal(spot)
    assert low("BTCUSDT", day) == Decimal(usdm)
    assert low("BTCUSD_PERP", day) == Decimal(coinm)


def test_the_widest_hour_of_the_inverse_perp() -> None:
    bars = sample_bars("BTCUSD_PERP", "2020-08-11 08:00", "2024-08-09", interval="1h")
    ratio = bars.high / bars.low - 1
    assert format_time(int(bars.open_time_nanos[ratio.argmax()])) == "2021-05-19 13:00"
    assert ratio.max() == pytest.approx(0.354, abs=0.0005)


def test_the_squeeze_of_the_winter_is_there() -> None:
    """From 19,700 on 1 December 2020 to above 41,000 on 8 January 2021: what a short of that time met."""
    bars = sample_bars("BTCUSDT", "2020-12-01", "2021-01-15")
    assert bars.source == "shipped sample: usdm BTCUSDT 1d bars, 2020-01-01 00:00 to 2024-08-09 00:00"
    top = int(bars.high.argmax())
    assert bars.price(bars.high[top]) == Decimal("42125.51")
    assert format_time(int(bars.open_time_nanos[top])) == "2021-01-08 00:00"


@pytest.mark.parametrize(("product", "symbol"), [("usdm", "BTCUSDT"), ("spot", "BTCUSDT"), ("coinm", "BTCUSD_PERP")])
def test_three_bars_of_eight_hours_make_the_day(product: str, symbol: str) -> None:
    """Two sources that do not know each other agree on every high, low and close."""
    days = sample_bars(symbol, "2023-01-01", "2024-07-01", interval="1d", product=product)
    eights = sample_bars(symbol, "2023-01-01", "2024-07-01", interval="8h", product=product)
    parts = np.searchsorted(eights.open_time_nanos, days.open_time_nanos)[:, None] + np.arange(3)
    assert np.array_equal(eights.high[parts].max(axis=1), days.high)
    assert np.array_equal(eights.low[parts].min(axis=1), days.low)
    assert np.array_equal(eights.close[parts[:, 2]], days.close)


def test_hourly_closes_lie_inside_the_day() -> None:
    days = sample_bars("BTCUSDT", "2021-07-02", "2024-07-01", interval="1d")
    hours = sample_bars("BTCUSDT", "2021-07-02", "2024-07-01", interval="1h")
    of_day = np.searchsorted(days.open_time_nanos, hours.open_time_nanos, side="right") - 1
    same_day = hours.open_time_nanos - days.open_time_nanos[of_day] < 24 * HOUR_NANOS
    scale = 10 ** (days.price_decimals - hours.price_decimals)
    closes = hours.close[same_day] * scale
    assert same_day.sum() > 26_000
    assert (closes <= days.high[of_day[same_day]]).all()
    assert (closes >= days.low[of_day[same_day]]).all()


# ---- what is asked for ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "stop", "interval"),
    [
        ("2020-12-01", "2021-03-01", "1d"),
        ("2023-03-01", "2023-04-01", "8h"),
        ("2023-03-01 08:00", "2023-03-02 16:00", "8h"),
    ],
)
def test_the_finest_bars_with_wicks_are_chosen(start: str, stop: str, interval: str) -> None:
    assert sample_bars("BTCUSDT", start, stop).interval_nanos == parse_interval(interval)
    assert sample_bars("btcusdt", parse_time(start), parse_time(stop)).interval_nanos == parse_interval(interval)


def test_the_inverse_perp_has_hours() -> None:
    assert sample_bars("BTCUSD_PERP", "2021-05-19 05:00", "2021-05-20 17:00").interval_nanos == HOUR_NANOS


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        (("BTCUSDC", "2021-01-01", "2021-02-01"), {}, "'BTCUSDC'; did you mean 'BTCUSDT'"),
        (("BTCUSDT", "2019-12-01", "2020-02-01"), {}, "does not cover 2019-12-01 00:00 to 2020-02-01 00:00 UTC"),
        (("BTCUSDT", "2024-08-01", "2024-09-01"), {}, "bring your own prices for other times"),
        (("BTCUSDT", "2021-01-01", "2021-02-01"), {"interval": "1h"}, "it has usdm BTCUSDT 1h bars, closes only"),
        (("BTCUSDT", "2021-01-01", "2021-02-01"), {"interval": "5m"}, "no 5m bars of BTCUSDT ship"),
        (("BTCUSDT", "2021-01-01", "2021-02-01"), {"product": "coinm"}, "no coinm history of BTCUSDT ships"),
        (("BTCUSDT", "2021-01-01 05:00", "2021-02-01"), {}, "does not start and end with a bar"),
        (("BTCUSDT", "2021-02-01", "2021-01-01"), {}, "the span must end after it starts"),
        (("BTCUSDT", "01/02/2021", "2021-03-01"), {}, "is not a time that reads one way only"),
    ],
)  # fmt: skip
def test_what_does_not_ship_is_said(arguments: tuple[str, str, str], options: dict[str, str], expected: str) -> None:
    with pytest.raises(UsageError) as caught:
        sample_bars(*arguments, **options)  # type: ignore[arg-type]
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


def test_funding_outside_the_span_is_said() -> None:
    with pytest.raises(UsageError, match="it has coinm BTCUSD_PERP 8h funding, 2021-06-30 16:00 to 2024-08-09 08:00"):
        sample_funding("BTCUSD_PERP", "2021-01-01", "2022-01-01")


# ---- as built, and how fast ----------------------------------------------------------------------------------------


def test_the_sample_is_what_its_build_makes(shared: Path) -> None:
    """Every row is the source's; only the four rows the README names are left out."""
    source = shared / "data/binance_btc_funding_basis_2019_2024"
    pairs = [
        ("usdm_BTCUSDT_1d", "um_BTCUSDT_1d", 0), ("spot_BTCUSDT_1d", "spot_BTCUSDT_1d", 0),
        ("coinm_BTCUSD_PERP_1d", "cm_BTCUSD_PERP_1d", 1), ("coinm_BTCUSD_PERP_1h", "cm_BTCUSD_PERP_1h", 3),
    ]  # fmt: skip
    for ours, theirs, left_out in pairs:
        columns = "open_utc, open::DOUBLE, high::DOUBLE, low::DOUBLE, close::DOUBLE"
        mine, given = (f"SELECT {columns} FROM '{path}.parquet'" for path in (FOLDER / ours, source / theirs))
        connection = duckdb.connect()
        assert connection.sql(f"SELECT count(*) FROM ({mine} EXCEPT {given})").fetchall() == [(0,)]
        assert connection.sql(f"SELECT count(*) FROM ({given} EXCEPT {mine})").fetchall() == [(left_out,)]


def test_every_shipped_series_opens_over_its_whole_span() -> None:
    for series in shipped():
        if series.holds == "funding":
            assert len(sample_funding(series.symbol, series.start, series.stop).rate) > 0
        else:
            span = (series.start, series.stop)
            bars = sample_bars(series.symbol, *span, interval=series.interval, product=series.product)
            assert bars.closes_only == (series.holds == "close")


def test_nothing_heavy_is_imported_before_a_file_is_opened() -> None:
    text = "import sys, shortdesk.intake; print(sorted({'duckdb', 'numba', 'rich'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
