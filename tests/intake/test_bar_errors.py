"""What is refused, and in which words: file, line, field, what was given, what was expected."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from tests.intake.intake_files import ADABTC, BARS_0519, KLINE_HEADER, csv_of, write, write_parquet

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.intake.bars import read_bars

HOURS = [f"2021-11-27 {hour:02d}:00" for hour in range(12)]


def refusal(path: Path, **options: str) -> str:
    """The message, with the folder cut off; it must be one line and start with the file."""
    with pytest.raises(InputError) as caught:
        read_bars(path, **options)  # type: ignore[arg-type]
    message = str(caught.value)
    assert message.startswith(str(path))
    assert "\n" not in message
    return message.removeprefix(f"{path.parent}/")


@pytest.mark.parametrize(
    ("given", "field", "expected"),
    [
        ("31195.5", "-1", "bars.csv:3, field 'low': expected a price above zero, got '-1'"),
        ("31195.5", "0", "bars.csv:3, field 'low': expected a price above zero, got '0'"),
        ("31195.5", "nan", "bars.csv:3, field 'low': expected a number, got 'nan'"),
        ("31195.5", "inf", "bars.csv:3, field 'low': expected a number, got 'inf'"),
        ("31195.5", "", "bars.csv:3, field 'low': expected a number, got nothing"),
        ("31195.5", "$31195", "bars.csv:3, field 'low': expected a number, got '$31195'"),
        (
            "38652.0,39168.8", "38652.0,38168.8",
            "bars.csv:3, field 'high': the high '38168.8' is below the open '38652.0' of its own bar",
        ),
        (
            "37562.3,33690.1", "37562.3,36690.1",
            "bars.csv:5, field 'low': the low '36690.1' is above the open '35687.0' of its own bar",
        ),
        (
            "33690.1,37478.9", "33690.1,33478.9",
            "bars.csv:5, field 'low': the low '33690.1' is above the close '33478.9' of its own bar",
        ),
        ("2021-05-19 12:00", "2021-05-19 11:00", "bars.csv:3, field 'open_utc': 2021-05-19 11:00 stands twice"),
        (
            "2021-05-19 14:00", "2021-05-19 10:00",
            "bars.csv:5, field 'open_utc': the time goes back from 2021-05-19 13:00 to 2021-05-19 10:00",
        ),
        (
            "2021-05-19 13:00", "2021-05-19 13:05",
            "bars.csv:4, field 'open_utc': 2021-05-19 13:05 comes 65m after the row before; "
            "expected 1h or a multiple of it",
        ),
        ("2021-05-19 13:00", "", "bars.csv:4, field 'open_utc': expected a time, got nothing"),
        (
            "2021-05-19 13:00", "19/05/2021 13:00",
            "bars.csv:4, field 'open_utc': '19/05/2021 13:00': expected a time like 2020-12-01, 2020-12-01 08:00 or "
            "2020-12-01T08:00:00Z, or epoch digits",
        ),
        (
            "2021-05-19 13:00", "2021-05-19 25:00",
            "bars.csv:4, field 'open_utc': '2021-05-19 25:00': this day or hour does not exist on the calendar",
        ),
        (
            "2021-05-19 13:00", "1621429200",
            "bars.csv:4, field 'open_utc': '1621429200': written dates and epoch digits in one column",
        ),
        (
            "2021-05-19 13:00", "2021-05-19 13:00Z",
            "bars.csv:4, field 'open_utc': '2021-05-19 13:00Z': some times carry a zone and some do not",
        ),
        ("36900.0,27244.0,35687.1", "36900.0,27244.0", "bars.csv:4: expected 5 columns, found 4"),
        ("36900.0,27244.0,35687.1", "36,900.0,27,244.0,35,687.1", "bars.csv:4: expected 5 columns, found more; numbers "
         "take no thousands separator"),
        ("36900.0", '"36900.0', "bars.csv:4: a quotation mark is opened and not closed"),
    ],
)  # fmt: skip
def test_a_wrong_cell(tmp_path: Path, given: str, field: str, expected: str) -> None:
    assert BARS_0519.count(given) == 1
    assert refusal(write(tmp_path, BARS_0519.replace(given, field))) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "open_utc,open,hgih,low,close",
            "column 'high' is missing; expected a time (open_time, timestamp, date …) and open, high, low, close, or a "
            "close alone; the file has open_utc, open, hgih, low, close; did you mean 'hgih'?",
        ),
        ("opened,open,high,low,close", "did you mean 'opened'"),
        ("open_utc,open,high,low,last", "column 'close' is missing"),
        ("open_utc,close,high,low,close", "bars.csv:1: column 'close' stands twice in the header"),
        (
            "open_utc,spot_close,um_close,low,cm_close",
            "the file has the closes spot_close, um_close, cm_close: say which",
        ),
    ],
)
def test_a_wrong_header(tmp_path: Path, header: str, expected: str) -> None:
    text = BARS_0519.replace("open_utc,open,high,low,close", header)
    assert expected in refusal(write(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty, or its first line is"),
        ("open_time,open,high,low,close\n", "there are no rows in it, only a header"),
        ("open_time;open;high;low;close\n1;2;3;4;5\n", "bars.csv:1: columns are separated by ';'; expected commas"),
        (
            "https://www.example.org\nopen_time,close\n1637971200,5\n",
            "bars.csv:1: expected a header with several columns",
        ),
        ("1637971200,1,2,0.5,1\n", "without a header only 6 or 12 columns are understood"),
        (KLINE_HEADER.replace(",ignore", "") + ADABTC, "expected 11 columns, found more"),
    ],
)
def test_a_wrong_file(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refusal(write(tmp_path, text))


def test_a_file_that_is_not_there_or_not_one(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv") == "gone.csv: there is no such file"
    (tmp_path / "folder.csv").mkdir()
    assert "this is a directory" in refusal(tmp_path / "folder.csv")


@pytest.mark.parametrize("name", ["bars.xlsx", "bars.json", "bars", "bars.csv.bz2"])
def test_an_unknown_ending(tmp_path: Path, name: str) -> None:
    assert "expected .csv, .csv.gz, .zip, .parquet" in refusal(write(tmp_path, BARS_0519, name))


def test_a_feather_file_is_told_what_to_become(tmp_path: Path) -> None:
    assert "save a feather file as Parquet first" in refusal(write(tmp_path, BARS_0519, "BTC_USDT-1h.feather"))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", b"open_time,close\n1,2\n"])
def test_a_broken_parquet(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bars.parquet"
    path.write_bytes(content)
    assert ("this is not a whole Parquet file" if content else "the file is empty") in refusal(path)


def test_half_a_parquet(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, "SELECT range AS open_time, 1.5 AS close FROM range(1000)")
    path.write_bytes(path.read_bytes()[:-200])
    assert "this is not a whole Parquet file" in refusal(path)


def test_a_wrong_row_of_a_parquet_is_counted_from_one(tmp_path: Path) -> None:
    path = write_parquet(tmp_path, "SELECT 1637971200 + 60 * i AS ts, 5.0 - i AS close FROM range(8) t(i)")
    assert refusal(path) == "bars.parquet, row 6, field 'close': expected a price above zero, got '0.0'"
    path = write_parquet(
        tmp_path,
        "SELECT 1637971200 + 60 * i AS ts, CASE i WHEN 3 THEN 'nan'::DOUBLE ELSE 5 END AS close FROM range(8) t(i)",
    )
    assert refusal(path) == "bars.parquet, row 4, field 'close': expected a number, got 'nan'"
    path = write_parquet(tmp_path, "SELECT 1637971200 + 60 * i AS ts, nullif(i, 2) + 1 AS close FROM range(8) t(i)")
    assert refusal(path) == "bars.parquet, row 3, field 'close': expected a number, got nothing"


def test_archives_that_cannot_be_unpacked(tmp_path: Path) -> None:
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(gzip.compress(BARS_0519.encode() * 50)[:60])
    assert "cannot be" in refusal(torn)
    plain = write(tmp_path, BARS_0519).rename(tmp_path / "plain.csv.gz")
    assert "cannot be unpacked" in refusal(plain)
    fake = tmp_path / "fake.zip"
    fake.write_text(BARS_0519)
    assert "this is not a whole zip file" in refusal(fake)


@pytest.mark.parametrize(
    ("names", "listed"), [([], "nothing"), (["a.csv", "b.csv"], "a.csv, b.csv"), (["a.txt"], "a.txt")]
)
def test_a_zip_holds_one_csv(tmp_path: Path, names: list[str], listed: str) -> None:
    path = tmp_path / "bars.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, BARS_0519)
    assert refusal(path) == f"bars.zip: expected a zip with one .csv inside, found {listed}"


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "bars.csv"
    path.write_bytes(BARS_0519.encode("utf-16"))
    assert refusal(path) == "bars.csv: this is not UTF-8 text"
    path.write_bytes(BARS_0519.replace("34000.0", "3400\xe90").encode("latin-1"))
    assert refusal(path) == "bars.csv: this is not UTF-8 text"
    rows = "".join(f"{1637971200 + 60 * row},5\n" for row in range(2000))
    path.write_bytes(b"open_time,close\n" + rows.encode() + b"1638091200,\xe9\n")
    assert refusal(path) == "bars.csv:2002: this is not UTF-8 text"


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([1637971200, 1637974800, 1637978400000], "the first time is in seconds, this one is not; one unit per file"),
        ([1637971200000, 1637974800000000], "the first time is in milliseconds, this one is not"),
        ([16379712000, 16379748000], "an epoch time has 10 (seconds), 13 (milliseconds), 16 (micro"),
        ([20211127, 20211128], "an epoch time has"),
    ],
)  # fmt: skip
def test_mixed_or_unknown_units_of_time(tmp_path: Path, times: list[int], expected: str) -> None:
    assert expected in refusal(write(tmp_path, csv_of(times)))


def test_a_file_that_runs_newest_first(tmp_path: Path) -> None:
    assert "the rows run newest first; expected oldest first" in refusal(write(tmp_path, csv_of(HOURS[::-1])))


def test_several_series_in_one_file(tmp_path: Path) -> None:
    text = "symbol,open_time,close\nBTCUSDT,1637971200,54000\nETHUSDT,1637971200,4000\n"
    assert "field 'symbol': the file holds several series (2 different values here)" in refusal(write(tmp_path, text))


@pytest.mark.parametrize("price", ["123456789012345678.5", "1e30", "0.1234567890123456789"])
def test_prices_that_no_grid_can_hold(tmp_path: Path, price: str) -> None:
    assert "18" in refusal(write(tmp_path, csv_of(HOURS[:2], ["1.25", price])))


def test_steps_that_do_not_divide_a_day(tmp_path: Path) -> None:
    times = [1637971200 + 7 * 3600 * row for row in range(6)]
    assert "follow each other by 7h, which does not divide a day" in refusal(write(tmp_path, csv_of(times)))


def test_options_that_make_no_sense(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of(HOURS))
    with pytest.raises(UsageError, match="unknown time zone 'London'"):
        read_bars(path, timezone="London")
    with pytest.raises(UsageError, match="'four' is not a shift"):
        read_bars(path, shift="four")


def test_odd_file_names_are_read_as_they_are(tmp_path: Path) -> None:
    """DuckDB takes *, ? and [ ] for wildcards; a quotation mark would end its text."""
    write(tmp_path, csv_of(HOURS[:3]), "ab.csv")
    for name in ("a*.csv", "a[b].csv", "a?.csv", "o'clock.csv", "with space.csv"):
        assert len(read_bars(write(tmp_path, csv_of(HOURS), name))) == len(HOURS)
