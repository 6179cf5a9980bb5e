"""Bars, format by format: the same prices from every kind of file, exact to the last decimal."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.intake_files import ADABTC, BARS_0519, DAY, HOUR, KLINE_HEADER, csv_of, write, write_parquet

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.intake.bars import read_bars
from shortdesk.intake.times import parse_time

NOV_27 = 1_637_971_200_000_000_000
MINUTE = 60 * 10**9


def kinds(bars: object) -> list[str]:
    return [finding.kind for finding in bars.findings]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["k.csv", "k.csv.gz", "k.zip", "K.CSV"])
@pytest.mark.parametrize("header", ["", KLINE_HEADER], ids=["headerless", "header"])
def test_binance_archive_klines(tmp_path: Path, name: str, header: str) -> None:
    bars = read_bars(write(tmp_path, header + ADABTC, name))
    assert bars.open_time_nanos.tolist() == [NOV_27, NOV_27 + MINUTE, NOV_27 + 2 * MINUTE]
    assert bars.interval_nanos == MINUTE
    assert bars.price_decimals == 8
    assert bars.open.tolist() == [2853, 2854, 2859]
    assert bars.high.tolist() == [2854, 2860, 2860]
    assert bars.low.tolist() == [2851, 2854, 2857]
    assert bars.close.tolist() == [2854, 2859, 2859]
    assert bars.price(bars.close[0]) == Decimal("0.00002854")
    assert bars.label == "open"
    assert bars.findings == ()


def test_carriage_returns_a_byte_order_mark_and_a_missing_last_newline(tmp_path: Path) -> None:
    text = "\ufeff" + (KLINE_HEADER + ADABTC).rstrip("\n").replace("\n", "\r\n")
    assert read_bars(write(tmp_path, text)).close.tolist() == [2854, 2859, 2859]


@pytest.mark.parametrize(("unit", "factor"), [("s", 10**9), ("ms", 10**6), ("us", 10**3), ("ns", 1)])
def test_the_unit_of_time_is_told_by_the_digits(tmp_path: Path, unit: str, factor: int) -> None:
    """notes/data.md section 4, trap 2: nanoseconds in one year, microseconds in another of the same project."""
    bars = read_bars(write(tmp_path, csv_of([(NOV_27 + row * HOUR) // factor for row in range(5)])))
    assert bars.open_time_nanos.tolist() == [NOV_27 + row * HOUR for row in range(5)]


def test_archive_klines_in_microseconds(tmp_path: Path) -> None:
    """Spot files of the Binance archive since 2025: 16 digits, the end one microsecond before the next open."""
    rows = "".join(
        f"{1_735_689_600_000_000 + k * 3_600_000_000},93576.01,94100,93400.5,93900,1,"
        f"{1_735_689_600_000_000 + (k + 1) * 3_600_000_000 - 1},1,1,1,1,0\n"
        for k in range(3)
    )
    bars = read_bars(write(tmp_path, rows))
    assert bars.open_time_nanos[0] == parse_time("2025-01-01")
    assert bars.interval_nanos == HOUR
    assert bars.open.tolist() == [9_357_601] * 3


def test_freqtrade_columns_as_parquet(tmp_path: Path) -> None:
    """freqtrade's frame: date with a zone, floats; each float is its shortest decimal, and the reader says so."""
    rows = (
        "(TIMESTAMPTZ '2021-11-27 00:00:00+00', 54714.79::DOUBLE, 54780::DOUBLE, 54650.01::DOUBLE, 54700.1::DOUBLE, 1),"
        "(TIMESTAMPTZ '2021-11-27 01:00:00+00', 54700.1, 54750, 54600, 54610.3, 9.1)"
    )
    path = write_parquet(tmp_path, f"SELECT * FROM (VALUES {rows}) t(date, open, high, low, close, volume)")
    bars = read_bars(path)
    assert bars.open_time_nanos.tolist() == [NOV_27, NOV_27 + HOUR]
    assert bars.price_decimals == 2
    assert bars.low.tolist() == [5_465_001, 5_460_000]
    assert kinds(bars) == ["label", "floats"]


def test_freqtrade_columns_as_csv(tmp_path: Path) -> None:
    rows = "2021-11-27 00:00:00+00:00,1.5,2,1,1.75,3\n2021-11-27 01:00:00+00:00,1.75,2,1,2,3\n"
    text = "date,open,high,low,close,volume\n" + rows
    bars = read_bars(write(tmp_path, text))
    assert (bars.price_decimals, bars.close.tolist()) == (2, [175, 200])
    assert bars.open_time_nanos[0] == NOV_27


def test_ccxt_rows_without_header(tmp_path: Path) -> None:
    text = "1637971200000,54714.8,54780,54650,54700.1,12.5\n1637974800000,54700.1,54750,54600,54610.3,9.1\n"
    bars = read_bars(write(tmp_path, text))
    assert bars.high.tolist() == [547_800, 547_500]
    assert kinds(bars) == ["label"]


@pytest.mark.parametrize(
    "kind", ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMP_S", "TIMESTAMPTZ", "VARCHAR", "DATE"]
)
def test_every_kind_of_time_column_in_parquet(tmp_path: Path, kind: str) -> None:
    path = write_parquet(
        tmp_path,
        f"SELECT d::{kind} AS open_time, 7::DECIMAL(9,2) AS close FROM (VALUES ('2021-11-27'), ('2021-11-28')) t(d)",
    )
    if kind == "TIMESTAMPTZ":  # DuckDB reads the text in the zone of its session; here it is written with one
        path = write_parquet(
            tmp_path,
            "SELECT d::TIMESTAMPTZ AS open_time, 7::DECIMAL(9,2) AS close FROM (VALUES ('2021-11-27 02:00:00+02:00'), "
            "('2021-11-28 02:00:00+02:00')) t(d)",
        )
    assert read_bars(path).open_time_nanos.tolist() == [NOV_27, NOV_27 + DAY]


@pytest.mark.parametrize("kind", ["BIGINT", "DOUBLE", "VARCHAR"])
def test_epoch_milliseconds_in_parquet(tmp_path: Path, kind: str) -> None:
    path = write_parquet(
        tmp_path, f"SELECT (1637971200000 + 60000 * i)::{kind} AS timestamp, 7 AS close FROM range(3) t(i)"
    )
    assert read_bars(path).open_time_nanos.tolist() == [NOV_27 + MINUTE * row for row in range(3)]


@pytest.mark.parametrize(
    "kind", ["DECIMAL(9,2)", "DECIMAL(18,8)", "DECIMAL(30,10)", "DOUBLE", "FLOAT", "VARCHAR", "BIGINT"]
)
def test_every_kind_of_price_column_is_exact(tmp_path: Path, kind: str) -> None:
    prices = ["46222", "46330", "46319"] if kind == "BIGINT" else ["46222.01", "0.1", "123.5"]
    if kind == "FLOAT":
        prices = ["4622.25", "0.1", "123.5"]
    rows = ", ".join(f"({1637971200 + 60 * row}, '{price}')" for row, price in enumerate(prices))
    path = write_parquet(tmp_path, f"SELECT t AS open_time, p::{kind} AS close FROM (VALUES {rows}) v(t, p)")
    bars = read_bars(path)
    assert [bars.price(value) for value in bars.close] == [Decimal(price) for price in prices]
    assert ("floats" in kinds(bars)) == (kind in ("DOUBLE", "FLOAT"))


@pytest.mark.parametrize(
    ("texts", "decimals", "values"),
    [
        (["46222.01000000", "46222.50000000"], 2, [4_622_201, 4_622_250]),
        (["2.853e-05", "0.00002854"], 8, [2853, 2854]),
        (["1E3", "1000.5"], 1, [10_000, 10_005]),
        (["+5", ".25"], 2, [500, 25]),
        (["5.", " 7 "], 0, [5, 7]),
        (["0.000000000000000001", "0.000000000000000002"], 18, [1, 2]),
    ],
)
def test_the_grid_is_the_coarsest_that_holds_every_price(
    tmp_path: Path, texts: list[str], decimals: int, values: list[int]
) -> None:
    bars = read_bars(write(tmp_path, csv_of([1637971200, 1637974800], texts)))
    assert (bars.price_decimals, bars.close.tolist()) == (decimals, values)


@given(st.lists(st.decimals(min_value="0.00000001", max_value="9999999", places=8), min_size=2, max_size=8))
def test_every_printed_price_survives(tmp_path_factory: pytest.TempPathFactory, prices: list[Decimal]) -> None:
    folder = tmp_path_factory.mktemp("law")
    bars = read_bars(write(folder, csv_of([1637971200 + 3600 * row for row in range(len(prices))], prices)))
    assert [bars.price(value) for value in bars.close] == prices
    assert np.array_equal(bars.high, bars.close)


def test_names_are_found_whatever_their_case_and_order(tmp_path: Path) -> None:
    text = "Close,Low,High,Open,Volume,Date\n2,1,3,1.5,0,2021-11-27\n2.5,2,3,2,0,2021-11-28\n"
    bars = read_bars(write(tmp_path, text))
    assert (bars.interval_nanos, bars.open.tolist(), bars.high.tolist()) == (DAY, [15, 20], [30, 30])


def test_closes_only_say_so(tmp_path: Path) -> None:
    bars = read_bars(
        write(tmp_path, "hour_open_utc,um_close\n2021-07-01 01:00,34923.04\n2021-07-01 02:00,34286.16\n"),
        close="um_close",
    )
    assert bars.closes_only
    assert bars.high is None
    assert bars.close.tolist() == [3_492_304, 3_428_616]


def test_mark_and_index_closes_ride_along_on_the_same_grid(tmp_path: Path) -> None:
    rows = "1637971200,1,2,1,2,1.505,1.5\n1637974800,2,2,1,1,1.25,1.2\n"
    text = "open_time,open,high,low,close,mark_close,index_close\n" + rows
    bars = read_bars(write(tmp_path, text))
    assert bars.price_decimals == 3
    assert (bars.mark_close.tolist(), bars.index_close.tolist()) == ([1505, 1250], [1500, 1200])


def test_arrays_cannot_be_changed(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path, BARS_0519))
    for values in (bars.open_time_nanos, bars.close, bars.high):
        with pytest.raises(ValueError, match="read-only"):
            values[0] = 1


def test_between_takes_bars_that_open_in_the_span(tmp_path: Path) -> None:
    bars = read_bars(write(tmp_path, BARS_0519))
    cut = bars.between(parse_time("2021-05-19 12:00"), parse_time("2021-05-19 14:00"))
    assert (len(cut), cut.low.tolist()) == (2, [311_955, 272_440])
    assert cut.close_time_nanos.tolist() == [parse_time("2021-05-19 13:00"), parse_time("2021-05-19 14:00")]
    assert len(bars.between(0, 1)) == 0


@pytest.mark.parametrize(
    ("label", "name", "first_open"),
    [
        ("open", "timestamp", "2021-11-27 01:00"),
        ("close", "timestamp", "2021-11-27 00:00"),
        (None, "timestamp", "2021-11-27 01:00"),
        (None, "close_time", "2021-11-27 00:00"),
        ("close", "close_time", "2021-11-27 00:00"),
        ("open", "open_time", "2021-11-27 01:00"),
    ],
)
def test_what_the_time_labels(tmp_path: Path, label: str | None, name: str, first_open: str) -> None:
    text = csv_of(["2021-11-27 01:00", "2021-11-27 02:00"], header=name)
    bars = read_bars(write(tmp_path, text), label=label)  # type: ignore[arg-type]
    assert bars.open_time_nanos[0] == parse_time(first_open)
    assert ("label" in kinds(bars)) == (label is None and name == "timestamp")


def test_the_last_millisecond_of_a_bar_is_its_close(tmp_path: Path) -> None:
    text = csv_of([1637971200000 + row * 3_600_000 - 1 for row in range(1, 4)], header="time")
    bars = read_bars(write(tmp_path, text))
    assert (bars.label, bars.open_time_nanos[0]) == ("close", NOV_27)


@pytest.mark.parametrize(
    ("label", "name", "expected"), [("close", "open_time", "open"), ("open", "close_time", "close")]
)
def test_a_label_against_the_columns_name_is_refused(tmp_path: Path, label: str, name: str, expected: str) -> None:
    with pytest.raises(InputError, match=f"name says it is the bar's {expected}, the label given says {label}"):
        read_bars(write(tmp_path, csv_of([1637971200, 1637974800], header=name)), label=label)  # type: ignore[arg-type]


def test_ends_that_contradict_the_opens_are_refused(tmp_path: Path) -> None:
    """Klines whose open_time is really the close: each bar seems to end before it starts."""
    text = KLINE_HEADER + "".join(
        f"{1637971200000 + k * 60000},1,1,1,1,1,{1637971199999 + k * 60000},1,1,1,1,0\n" for k in range(3)
    )
    with pytest.raises(InputError, match=r"bars\.csv:2, field 'close_time': the bar of 2021-11-27 00:00 ends at"):
        read_bars(write(tmp_path, text))


def test_few_ends_cut_by_an_outage_are_noted(tmp_path: Path) -> None:
    rows = [
        f"{1637971200000 + k * 60000},1,1,1,1,1,{1637971259999 + k * 60000 - 7000 * (k == 77)},1,1,1,1,0"
        for k in range(200)
    ]
    bars = read_bars(write(tmp_path, KLINE_HEADER + "\n".join(rows)))
    assert "early ends" in kinds(bars)


def test_one_bar_needs_an_interval(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of(["2021-11-27"]))
    with pytest.raises(InputError, match="give the interval"):
        read_bars(path)
    assert read_bars(path, interval="1d").interval_nanos == DAY
    with pytest.raises(UsageError, match="not an interval"):
        read_bars(path, interval="one day")


def test_an_interval_that_the_steps_contradict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="follow each other by 1d, the interval given is 1h"):
        read_bars(write(tmp_path, csv_of(["2021-11-27", "2021-11-28", "2021-11-29"])), interval="1h")
