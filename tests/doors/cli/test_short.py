"""``shortdesk short``: what it prints, what JSON and CSV hold, and figures known from elsewhere."""

from __future__ import annotations

import csv
import io
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask

REQUIRED = (
    *("venue", "symbol", "quantity", "notional", "entry_price", "leverage", "initial_margin", "maintenance_margin"),
    *("tier", "liquidation_price", "bankruptcy_price", "break_even_price", "distance_pct", "liquidation_probability"),
)
MONEY = ("quantity", "notional", "entry_price", "initial_margin", "maintenance_margin", "bankruptcy_price")
DAY = ("--date", "2026-11-01")
BTC = ("short", "BTC", "2BTC", "--entry", "90000", "--volatility", "60%", *DAY)


def test_json_has_one_object_per_venue_with_the_promised_keys(ask: Ask) -> None:
    answer = ask(*BTC, "--leverage", "3", "--json")
    assert answer.code == 0
    rows = json.loads(answer.out)
    assert len(rows) == len({row["venue"] for row in rows}) == 10
    for row in rows:
        assert set(REQUIRED) <= set(row)
        assert row["refusal"] is None
        for key in MONEY:
            assert isinstance(row[key], str)
            assert re.fullmatch(r"\d+(\.\d+)?", row[key]), (row["venue"], key)
        assert 0 < row["liquidation_probability"] < 1
        assert Decimal(row["distance_pct"]) > 0
        assert Decimal("90000") < Decimal(row["liquidation_price"]) <= Decimal(row["bankruptcy_price"])
        assert Decimal(row["maintenance_margin"]) <= Decimal(row["initial_margin"]) * 2


def test_venues_stand_together_by_kind(ask: Ask) -> None:
    kinds = [row["kind"] for row in json.loads(ask(*BTC, "--json").out)]
    assert kinds == sorted(kinds, key=["linear", "inverse", "option", "spot_margin", "lending"].index)


def test_an_inverse_short_backed_by_its_coins_has_no_liquidation_price(ask: Ask) -> None:
    answer = ask("short", "BTC", "90000USD", "--venue", "coinm", "--entry", "90000", "--wallet", "1", *DAY, "--json")
    (row,) = json.loads(answer.out)
    assert row["liquidation_price"] is None
    assert row["distance_pct"] is None
    assert any("back the whole short" in note for note in row["notes"])
    shown = ask("short", "BTC", "90000USD", "--venue", "coinm", "--entry", "90000", "--wallet", "1", *DAY)
    assert re.search(r"liquidation price\s+│\s+none", shown.out)


KNOWN = [
    # size, entry, leverage, day: liquidation price to the cent by hand from the brackets of that day
    # (wallet + Q*EP + amount) / (Q * (1 + rate)); 2026-09: 0.65 % and 1,500; 2024-10: 0.65 % and 950
    ("2000000USDT", "90000", "20", "2026-11-01", "93956.78", 3),
    ("2000000USDT", "90000", "20", "2024-11-01", "93932.19", 3),
]


@pytest.mark.parametrize(("size", "entry", "leverage", "day", "price", "tier"), KNOWN)
def test_known_liquidation_prices(
    ask: Ask, size: str, entry: str, leverage: str, day: str, price: str, tier: int
) -> None:
    answer = ask(
        *("short", "BTC", size, "--venue", "binance_usdm", "--entry", entry, "--leverage", leverage),
        *("--date", day, "--json"),
    )
    (row,) = json.loads(answer.out)
    assert Decimal(row["liquidation_price"]).quantize(Decimal("0.01")) == Decimal(price)
    assert row["tier_at_liquidation"] == tier


def test_csv_says_the_same_as_json(ask: Ask) -> None:
    rows = json.loads(ask(*BTC, "--json").out)
    lines = list(csv.DictReader(io.StringIO(ask(*BTC, "--csv").out)))
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert set(row) == set(line)
        for key, value in row.items():
            if value is None:
                assert line[key] == ""
            elif isinstance(value, str):
                assert line[key] == value
            else:
                assert json.loads(line[key]) == value


def test_the_ending_of_the_file_says_the_form(ask: Ask, tmp_path: Path) -> None:
    printed = ask(*BTC, "--json").out
    for name in ("a.json", "b.JSON"):
        answer = ask(*BTC, "-o", tmp_path / name)
        assert (answer.code, answer.out) == (0, "")
        assert "wrote" in answer.err
        assert (tmp_path / name).read_text() == printed
    assert ask(*BTC, "-o", tmp_path / "c.csv").code == 0
    assert (tmp_path / "c.csv").read_text().startswith("venue,name,symbol,")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "b.JSON", "c.csv"]


def test_the_table_has_a_column_per_venue_and_every_line(ask: Ask) -> None:
    out = ask(*BTC, "--venue", "binance,okx").out
    assert "\x1b[" not in out
    assert re.search(r"binance_usdm\s+┃\s+okx", out)
    for label in (
        *("quantity", "notional", "initial margin", "maintenance margin", "tier, at liquidation", "liquidation price"),
        *("distance", "in daily volatility", "probability, 7 days", "bankruptcy price", "break-even price"),
        *("fee to open", "fee to close", "carry a day", "carry, 7 days"),
    ):
        assert label in out


def number(text: str) -> Decimal:
    return Decimal(text)


def last_digit(text: str) -> Decimal:
    """What one step of the last printed digit is worth."""
    return Decimal(1).scaleb(-len(text.partition(".")[2]))


@pytest.mark.parametrize("venue", ["binance_usdm", "okx", "hyperliquid", "bitmex", "binance_coinm"])
def test_the_equation_of_explain_adds_up(ask: Ask, venue: str) -> None:
    """Every number of the equation is printed, so it can be computed again from the print alone."""
    out = ask(*BTC, "--venue", venue, "--leverage", "5", "--explain").out
    linear = re.search(r"wallet ([\d.]+) \+ ([\d.]+) \* \(([\d.]+) - ([\d.]+)\) = ([\d.]+)", out)
    inverse = re.search(r"wallet ([\d.]+) \+ ([\d.]+) \* \(1/([\d.]+) - 1/([\d.]+)\) = ([\d.]+)", out)
    if linear:
        wallet, size, entry, price, equity = map(number, linear.groups())
        left, slack = wallet + size * (entry - price), size * last_digit(linear[4]) + last_digit(linear[5])
    else:
        assert inverse is not None
        wallet, size, price, entry, equity = map(number, inverse.groups())
        left, slack = wallet + size * (1 / price - 1 / entry), Decimal("1e-6")
    assert abs(left - equity) <= slack
    maintenance = re.search(r"maintenance (?:entry )?value ([\d.]+) \* ([\d.]+) %(?: - ([\d.]+))?(.*?) = ([\d.]+)", out)
    assert maintenance is not None
    value, rate, amount = (number(maintenance[i] or "0") for i in (1, 2, 3))
    if not maintenance[4]:
        assert abs(value * rate / 100 - amount - number(maintenance[5])) <= Decimal("0.001")
    assert abs(number(maintenance[5]) - equity) <= slack + Decimal("0.001")


def test_explain_names_tier_mistakes_and_movers(ask: Ask) -> None:
    out = ask("short", "BTC", "2000000USDT", "--venue", "binance", "--entry", "90000", "--leverage", "20", *DAY)
    assert "What frequent mistakes" not in out.out
    explained = ask(
        *(
            "short",
            "BTC",
            "2000000USDT",
            "--venue",
            "binance",
            "--entry",
            "90000",
            "--leverage",
            "20",
            *DAY,
            "--explain",
        )
    ).out
    for words in (
        "Tier 3 of 12 binds there",
        "maintenance amount forgotten",
        "bankruptcy price taken for it",
        "a day of funding (receives",
        "a tenth of the wallet",
        "Source: tiers:",
    ):
        assert words in explained


def test_interest_is_called_interest(ask: Ask) -> None:
    out = ask(*BTC, "--venue", "binance_margin", "--leverage", "2", "--explain").out
    assert "Interest of 0.0250% of the entry notional is paid every day" in out
    assert "Funding" not in out


@pytest.mark.parametrize(
    ("given", "venue"),
    [
        ("binance", "binance_usdm"),
        ("usdm", "binance_usdm"),
        ("coinm", "binance_coinm"),
        ("margin", "binance_margin"),
        ("byb", "bybit"),
        ("OKX", "okx"),
        ("deri", "deribit"),
        ("mex", "bitmex"),
        ("hl", "hyperliquid"),
        ("dydx", "dydx_v4"),
        ("aave", "aave_v3"),
    ],
)
def test_short_forms_of_venues(ask: Ask, given: str, venue: str) -> None:
    (row,) = json.loads(ask(*BTC, "--leverage", "2", "--venue", given, "--json").out)
    assert row["venue"] == venue


def test_a_venue_named_twice_stands_once(ask: Ask) -> None:
    assert len(json.loads(ask(*BTC, "--venue", "binance,usdm,binance_usdm", "--json").out)) == 1


def test_venues_that_refuse_say_why_beside_those_that_take_it(ask: Ask) -> None:
    answer = ask(*BTC, "--leverage", "40")
    assert answer.code == 0
    assert "aave_v3: not taken: a short of 40 times the wallet is above the largest here" in answer.out
    rows = {row["venue"]: row for row in json.loads(ask(*BTC, "--leverage", "40", "--json").out)}
    assert rows["aave_v3"]["liquidation_price"] is None
    assert "above the largest here" in rows["aave_v3"]["refusal"]
    assert rows["binance_usdm"]["refusal"] is None


def test_doubtful_evidence_is_a_note_everybody_sees(ask: Ask) -> None:
    rows = json.loads(ask(*BTC, "--leverage", "3", "--json").out)
    for row in rows:
        tiers = next((source for source in row["sources"] if source.startswith("tiers:")), "")
        doubtful = "[A]" in tiers or "[U]" in tiers
        assert doubtful == any(note.startswith("tiers are") for note in row["notes"]), row["venue"]


def test_assumed_entry_and_volatility_are_said_on_standard_error(ask: Ask) -> None:
    answer = ask("short", "BTC", "2BTC", "--venue", "binance", "--json", *DAY)
    assert "entry not given" in answer.err
    assert "volatility not given" in answer.err
    json.loads(answer.out)


def test_size_as_worth_and_as_coins_meet(ask: Ask) -> None:
    coins = json.loads(ask(*BTC, "--venue", "binance", "--json").out)
    for worth in ("180k", "180000USDT", "$180000", "0.18m", "180,000USDT"):
        assert json.loads(ask("short", "BTC", worth, *BTC[3:], "--venue", "binance", "--json").out) == coins


@pytest.mark.parametrize("width", range(60, 220, 5))
def test_a_table_keeps_its_venues_at_every_width(ask: Ask, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    _, out, _ = ask("short", "BTC", "2BTC", "--entry", "90000", "--date", "2026-11-01")
    assert "binance_usdm" in out.split("notional")[0]
    assert "quantity: " not in out


@pytest.mark.parametrize(
    ("arguments", "given"),
    [
        (("DOGE", "500k", "--entry", "0,2"), "entry '0,2'"),
        (("DOGE", "500,5k", "--entry", "0.2"), "size '500,5k'"),
        (("DOGE", "500k", "--entry", "0,200"), "entry '0,200'"),
        (("DOGE", "1,25,000USDT", "--entry", "0.2"), "size '1,25,000USDT'"),
    ],
)
def test_a_comma_is_no_decimal_point(ask: Ask, arguments: tuple[str, ...], given: str) -> None:
    """Read without a word, 0,2 would be 2: a short ten times as large as meant."""
    code, _, err = ask("short", *arguments, "--venue", "binance")
    assert code == 2
    assert given in err
    assert "commas only set thousands apart" in err


def test_commas_between_thousands_are_read(ask: Ask) -> None:
    _, out, _ = ask(
        "short", "BTC", "1,250,000USDT", "--entry", "90,000.5", "--venue", "binance", "--date", "2026-11-01"
    )
    assert "worth 1250000 at 90000.5" in out
