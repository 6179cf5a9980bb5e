"""``shortdesk hold``: what a trader reads, what programs get, what is written, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask
from tests.doors.pages.reading import without_scripts

SQUEEZE = ("hold", "BTCUSDT", "2BTC", "--from", "2020-10-01", "--to", "2021-02-28", "--leverage", "3")

BARS = """\
open_time,open,high,low,close
2020-10-01 00:00,10000,10200,9900,10100
2020-10-01 08:00,10100,10500,10050,10400
2020-10-01 16:00,10400,10945.51,10300,10800
2020-10-02 00:00,10800,10900,10000,10050
2020-10-02 08:00,10050,10060,9500,9600
"""
FUNDING = """\
funding_utc,rate
2020-10-01 08:00,0.001
2020-10-01 16:00,-0.002
2020-10-02 00:00,0.0005
2020-10-02 08:00,0
2020-10-02 16:00,-0.0001
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, ...]:
    """The five bars of tests/study/test_hold.py as files, and the options that name them."""
    (tmp_path / "bars.csv").write_text(BARS)
    (tmp_path / "funding.csv").write_text(FUNDING)
    return ("--prices", str(tmp_path / "bars.csv"), "--funding-file", str(tmp_path / "funding.csv"))


def test_the_squeeze_as_a_trader_reads_it(ask: Ask) -> None:
    answer = ask(*SQUEEZE)
    assert (answer.code, answer.err) == (0, "")
    lines = [line.rstrip() for line in answer.out.splitlines()]
    assert lines[:5] == [
        "Short 2 BTC, BTCUSDT on Binance USDS-M perpetual",
        "isolated 3x, 2020-10-01 00:00 to 2021-03-01 00:00 UTC, bars of 1d",
        "",
        "Liquidated on 2020-11-05 (the hour is not known), after 35 days: the price reached the liquidation price of "
        "14,360.12,",
        "+33.3 % from the entry. Of 7,192.77 USDT put in, nothing came back.",
    ]
    start = lines.index("where the money went                 USDT")
    assert lines[start : start + 7] == [
        "where the money went                 USDT",
        "put in: wallet and fee to open  +7,192.77",
        "price, from entry to exit       −7,174.24",
        "funding                           +107.11",
        "fee to open                        −10.77",
        "liquidation fee                   −114.87",
        "came back                            0.00",
    ]
    start = next(i for i, line in enumerate(lines) if line.startswith("the same short at"))
    assert lines[start + 1 : start + 8] == [
        "1x                 21,546.00  21,460.16  2020-12-17    −21,556.77  −100.0 %",
        "2x                 10,773.00  16,095.12  2020-11-12    −10,783.77  −100.0 %",
        "3x (this one)       7,182.00  14,306.78  2020-11-05     −7,192.77  −100.0 %",
        "5x                  4,309.20  12,876.10  2020-10-21     −4,319.97  −100.0 %",
        "10x                 2,154.60  11,803.09  2020-10-20     −2,165.37  −100.0 %",
        "20x                 1,077.30  11,266.59  2020-10-10     −1,088.07  −100.0 %",
        "50x                   430.92  10,944.69  2020-10-08       −441.69  −100.0 %",
    ]
    text = " ".join(lines)
    for heading in ("Price and liquidation price  USDT", "What came after  USDT", "Funding  USDT"):
        assert heading in text
    assert "Last trades decide, because no mark prices are given." in text
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("width", ["60", "80", "140"])
def test_it_fits_the_window(ask: Ask, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
    monkeypatch.setenv("COLUMNS", width)
    answer = ask(*SQUEEZE)
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= int(width)
    assert "…" not in answer.out, "nothing is cut"


def test_json_has_the_result_and_on_request_the_path(ask: Ask) -> None:
    (row,) = json.loads(ask(*SQUEEZE, "--json").out)
    assert row["outcome"] == "liquidated"
    assert row["liquidation"]["from"] == "2020-11-05 00:00"
    assert row["liquidation"]["fill_price"] == "14360.12"
    totals = {name: Decimal(value) for name, value in row["totals"].items()}
    paid = sum(
        totals[name] for name in ("interest", "open_fee", "close_fee", "liquidation_fee", "kept_by_venue", "money_back")
    )
    came = sum(totals[name] for name in ("stake", "added", "price_profit", "funding", "covered_by_others"))
    assert came == paid
    assert "bars" not in row
    (row,) = json.loads(ask(*SQUEEZE, "--json", "--path").out)
    assert len(row["bars"]) == 36
    assert len(row["funding_payments"]) == 105
    assert row["bars"][0]["open_utc"] == "2020-10-01 00:00"
    assert sum(Decimal(payment["amount"]) for payment in row["funding_payments"]) == totals["funding"]


def test_csv_has_one_row_per_bar(ask: Ask, files: tuple[str, ...]) -> None:
    rows = list(csv.DictReader(io.StringIO(ask("hold", "BTCUSDT", "1BTC", "--leverage", "10", *files, "--csv").out)))
    assert [row["wallet"] for row in rows] == ["1010.1", "989.3", "994.7", "994.7", "993.74"]
    assert [row["liquidation_price"] for row in rows] == ["10966.24", "10945.52", "10950.9", "10950.9", "10949.95"]


def test_ones_own_files_give_the_figures_worked_by_hand(ask: Ask, files: tuple[str, ...], tmp_path: Path) -> None:
    answer = ask("hold", "BTCUSDT", "1BTC", "--leverage", "10", *files, "--json")
    (row,) = json.loads(answer.out)
    assert row["profit"] == "383.94"
    assert row["totals"]["money_back"] == "1388.94"
    # A part of the file, by its times.
    (row,) = json.loads(
        ask("hold", "BTCUSDT", "1BTC", *files, "--from", "2020-10-01T08:00", "--to", "2020-10-01", "--json").out
    )
    assert (row["opened"], row["ended"], row["entry_price"]) == ("2020-10-01 08:00", "2020-10-02 00:00", "10100")
    # The same highs a wick higher kill it, unless mark prices say that they were no mark.
    (tmp_path / "wick.csv").write_text(BARS.replace("10945.51", "11500"))
    wicked = ("hold", "BTCUSDT", "1BTC", "--leverage", "10", "--prices", tmp_path / "wick.csv", *files[2:], "--json")
    assert json.loads(ask(*wicked).out)[0]["outcome"] == "liquidated"
    (row,) = json.loads(ask(*wicked, "--mark", tmp_path / "bars.csv").out)
    assert (row["outcome"], row["prices_decide"]) == ("closed", "mark")


def test_a_file_without_funding_says_that_none_is_counted(ask: Ask, files: tuple[str, ...]) -> None:
    answer = ask("hold", "BTCUSDT", "1BTC", *files[:2])
    assert "warning: no funding history is given, so no funding is counted" in answer.out


def test_the_page_carries_everything_in_itself(ask: Ask, tmp_path: Path) -> None:
    page = tmp_path / "hold.html"
    answer = ask(*SQUEEZE, "-o", page, "--quiet")
    assert (answer.code, answer.out, answer.err) == (0, "", "")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    for part in ("Liquidated on 2020-11-05", "14,360.12", "What came after", "Equity behind the short", "came back"):
        assert part in text
    for loading in ("src=", "href=", "url(", "@import", "http://", "https://"):
        assert loading not in without_scripts(text).replace("url(#", "")
    assert [path.name for path in tmp_path.iterdir()] == ["hold.html"]


def test_files_by_their_ending(ask: Ask, tmp_path: Path) -> None:
    assert ask(*SQUEEZE, "-o", tmp_path / "hold.json", "-q").code == 0
    assert json.loads((tmp_path / "hold.json").read_text())[0]["outcome"] == "liquidated"
    assert ask(*SQUEEZE, "-o", tmp_path / "hold.csv", "-q").code == 0
    assert len((tmp_path / "hold.csv").read_text().splitlines()) == 37


def test_quiet_is_the_verdict_in_one_line(ask: Ask) -> None:
    answer = ask(*SQUEEZE, "--quiet")
    assert answer.out.count("\n") == 1
    assert answer.out.startswith("Liquidated on 2020-11-05")


def test_a_liquidation_is_an_answer_and_on_request_a_failure(ask: Ask) -> None:
    assert ask(*SQUEEZE, "-q").code == 0
    assert ask(*SQUEEZE, "-q", "--fail-on-liquidation").code == 1
    lived = ("hold", "BTC", "1BTC", "--from", "2022-05-01", "--to", "2022-05-31", "--leverage", "2", "-q")
    assert ask(*lived, "--fail-on-liquidation").code == 0


def test_what_stands_in_for_missing_history_is_said_aloud(ask: Ask) -> None:
    coin = ask("hold", "BTC", "1BTC", "--venue", "coinm", "--from", "2020-10-01", "--to", "2020-10-31")
    text = " ".join(coin.out.split())
    assert "warning: the funding rates are those of BTCUSDT: BTCUSD_PERP ships with funding of 2021-06-30" in text
    assert "warning: rules of 2024-01-01 are applied to 2020-10-01" in text
    other = ask("hold", "BTC", "1BTC", "--venue", "bybit", "--from", "2020-10-01", "--to", "2020-10-31")
    text = " ".join(other.out.split())
    assert "warning: prices and funding are those of BTCUSDT on Binance USDS-M futures: this venue's own differ" in text
    # The first hour of many months is missing from the coin-margined bars.
    late = ask("hold", "BTC", "1BTC", "--venue", "coinm", "--from", "2021-07-01", "--to", "2021-07-31")
    text = " ".join(late.out.split())
    assert "bars are missing from 2021-07-01 00:00 to 2021-07-01 01:00 UTC: it opens at the first there is" in text


def test_hourly_closes_warn(ask: Ask) -> None:
    span = ("--from", "2021-08-01", "--to", "2021-08-31", "--interval", "1h")
    answer = ask("hold", "BTC", "1BTC", *span, "--leverage", "2")
    assert "warning: highs are unknown: between two closes a wick may have killed it earlier" in answer.out


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ("--from 2021-10-01 --to 2021-02-28", 2, "--from 2021-10-01 is not before --to 2021-02-28"),
        ("--from 2025-10-01 --to 2025-12-28", 2, "the shipped history does not cover 2025-10-01 00:00 to 2025-12-29"),
        ("--from 2020-10-01T05:00 --to 2021-02-28", 2, "does not start and end with a bar"),
        ("--from 2020-10-01 --to 2021-02-30", 2, "--to: '2021-02-30' does not exist on the calendar"),
        ("", 2, "--from and --to are needed with the shipped history; it has usdm BTCUSDT 1d bars, 2020-01-01"),
        ("--from 2020-10-01 --to 2021-02-28 --leverage 200", 2, "200x is above the largest leverage for 21546 USDT"),
        ("--from 2020-10-01 --to 2021-02-28 --leverage 0", 2, "leverage 0 is not positive"),
        ("--from 2020-10-01 --to 2021-02-28 --leverage 10 --wallet 10", 2, "wallet 10 is below the initial margin"),
        ("--from 2020-10-01 --to 2021-02-28 --venue binanse", 2, "unknown venue 'binanse'; did you mean"),
        ("--from 2020-10-01 --to 2021-02-28 --venue aave", 2, "hold knows no loans against a health factor"),
        ("--from 2020-10-01 --to 2021-02-28 --kind inverse", 2, "has no inverse contracts here"),
        ("--from 2020-10-01 --to 2021-02-28 --rules-date 2018-01-01", 2, "2018-01-01"),
        ("--from 2020-10-01 --to 2021-02-28 --add-margin 500", 2, "expected a time and an amount: 2020-12-15=5000"),
        ("--from 2020-10-01 --to 2021-02-28 --add-margin 2022-01-01=500", 2, "expected a time inside 2020-10-01"),
        ("--from 2020-10-01 --to 2021-02-28 --json --csv", 2, "--json and --csv exclude each other"),
        ("--from 2020-10-01 --to 2021-02-28 -o hold.pdf", 2, "expected .html, .json, .csv"),
        ("--from 2020-10-01 --to 2021-02-28 -o .", 3, "is a directory; expected a file name"),
        ("--from 2020-10-01 --to 2021-02-28 -o nowhere/hold.html", 3, "the folder nowhere does not exist"),
        ("--prices .", 3, "this is a directory"),
        ("--prices missing.csv", 3, "missing.csv: there is no such file"),
        ("--prices torn.csv", 3, "torn.csv:3"),
        ("--prices bars.csv --from 2019-01-01", 2, "bars.csv does not cover 2019-01-01"),
        ("--prices bars.csv --funding-file torn.csv", 3, "torn.csv"),
        ("--prices bars.csv --funding-file funding.csv --venue margin", 2, "pays interest, not funding"),
    ],
)
def test_bad_input_is_one_message_and_nothing_is_written(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, code: int, complaint: str
) -> None:
    (tmp_path / "bars.csv").write_text(BARS)
    (tmp_path / "funding.csv").write_text(FUNDING)
    (tmp_path / "torn.csv").write_text(BARS.replace("10050,10400", "10050,abc"))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.iterdir())
    answer = ask("hold", "BTCUSDT", "2BTC", *arguments.split())
    assert answer.code == code, answer.err
    assert answer.out == ""
    assert answer.err.startswith("shortdesk: ")
    assert answer.err.count("\n") == 1
    assert complaint in answer.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("symbol", "size", "code", "complaint"),
    [
        ("BTCUSTD", "2BTC", 2, "unknown symbol 'BTCUSTD'; did you mean 'BTCUSDT'"),
        ("ETHUSDT", "2ETH", 2, "no prices of ETH ship with shortdesk, only of BTC; give yours with --prices FILE"),
        ("BTCUSDT", "2.0005BTC", 3, "size 2.0005 is off the grid: the lot is 0.001"),
        ("BTCUSDT", "2ETH", 2, "expected an amount of BTC"),
        ("BTCUSDT", "0BTC", 2, "is not positive"),
        ("BTCUSDT", "2", 2, "could be coins or money"),
    ],
)
def test_what_cannot_be_sold(ask: Ask, symbol: str, size: str, code: int, complaint: str) -> None:
    answer = ask("hold", symbol, size, "--from", "2020-10-01", "--to", "2021-02-28")
    assert (answer.code, answer.out) == (code, "")
    assert complaint in answer.err


def test_holding_needs_no_compiler() -> None:
    text = (
        "import sys\nfrom shortdesk.doors.cli import main\n"
        f"try:\n    main({[*SQUEEZE, '-q']!r})\nexcept SystemExit:\n    pass\n"
        "assert not {'numba', 'llvmlite'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Liquidated")
