"""``shortdesk account``: figures by hand, where legs die, what-ifs, and files that cannot be used."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doors.cli.conftest import Ask

from shortdesk.doors.cli import main
from shortdesk.ground.venue import load_venue

EXAMPLES = Path(__file__).parents[3] / "examples"
HEDGED = EXAMPLES / "hedged_account.toml"
LOAN = EXAMPLES / "margin_loan.toml"

SHORT = """venue = "binance_usdm"
date = 2026-11-01

[[balance]]
asset = "USDT"
amount = "10000"

[[position]]
symbol = "BTCUSDT"
side = "short"
size = "1"
entry = "90000"
mark = "91000"
leverage = "20"
"""

COIN = """venue = "deribit"
currency = "{currency}"
date = 2026-11-01

[prices]
BTC = "60000"

[[balance]]
asset = "BTC"
amount = "1"

[[position]]
symbol = "BTC-PERPETUAL"
side = "short"
size = "3000"
entry = "50000"
mark = "60000"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "account.toml"
    path.write_text(SHORT)
    return path


def report(ask: Ask, *arguments: object) -> dict[str, Any]:
    (found,) = json.loads(ask("account", *arguments, "--json").out)
    return dict(found)


def test_figures_of_a_cross_account_by_hand(ask: Ask) -> None:
    """60,000 USDT; short 4 BTC 90,000 -> 92,000, long 60 ETH 3,000 -> 3,050; an order of 93,000 at 20x."""
    found = report(ask, HEDGED)
    assert (found["venue"], found["date"], found["currency"]) == ("binance_usdm", "2026-11-01", "USDT")
    assert found["fields"] == {
        "totalWalletBalance": "60000",
        "totalUnrealizedProfit": "-5000",  # -8,000 + 3,000; the isolated DOGE stands alone
        "totalMarginBalance": "55000",
        "totalInitialMargin": "32200",  # 368,000/20 + 183,000/20 + 93,000/20
        "totalMaintMargin": "2272",  # (368,000 * 0.5 % - 300) + 183,000 * 0.4 %
        "availableBalance": "22800",
        "marginRatio": "0.041309090909",
    }
    btc, eth, doge = found["positions"]
    # Room: what is left over 1/20 of each coin, and 1 BTC of the same side in the tier of 150x above 20x.
    assert (btc["maintenance_margin"], btc["tier"]) == ("1540", 2)
    assert btc["liquidation_below"] is None
    assert eth["liquidation_above"] is None
    assert doge["margin"] == "isolated"
    assert not found["liquidatable"]
    assert {coin["base"]: coin["net_delta"] for coin in found["coins"]} == {"BTC": "-4", "ETH": "60", "DOGE": "-500000"}


def test_a_move_to_just_before_the_death_of_a_leg_and_just_beyond(ask: Ask) -> None:
    """The liquidation price of the report is where the account dies when the price is moved there."""
    btc = report(ask, HEDGED)["positions"][0]
    change = (Decimal(btc["liquidation_above"]) / Decimal(btc["mark"]) - 1) * 100
    for by, code in ((Decimal("-0.000001"), 0), (Decimal("0.000001"), 1)):
        answer = ask("account", HEDGED, f"--move=BTC={change + by:+f}%", "--json")
        assert answer.code == code
        (found,) = json.loads(answer.out)
        assert found["after_move"]["liquidatable"] == bool(code)
        assert not found["liquidatable"]


def test_what_if_shows_both_columns(ask: Ask) -> None:
    out = ask("account", HEDGED, "--move", "BTC=+15%", "--move", "ETH=-10%").out
    assert "second column: after BTC +15.00%, ETH -10.00%" in out
    found = report(ask, HEDGED, "--move", "BTC=+5%")
    # 4 BTC short lose 4 * 4,600.
    now, after = (Decimal(at["fields"]["totalMarginBalance"]) for at in (found, found["after_move"]))
    assert now - after == 4 * 4600


def test_a_dead_account_and_a_dead_isolated_position_exit_1(ask: Ask, file: Path) -> None:
    assert ask("account", file).code == 0
    answer = ask("account", file, "--move", "BTC=+20%")
    assert answer.code == 1
    assert "after the move: the cross account is liquidatable" in answer.out
    answer = ask("account", HEDGED, "--move", "DOGE=+20%")
    assert answer.code == 1
    assert "after the move: the isolated position DOGEUSDT is liquidatable" in answer.out
    assert json.loads(ask("account", HEDGED, "--move", "DOGE=+20%", "--json").out)[0]["after_move"][
        "liquidatable_isolated"
    ] == ["DOGEUSDT"]


def test_a_short_on_borrowed_coins(ask: Ask) -> None:
    """65,000 USDT against 0.5001 BTC at 91,000; liquidation where 65,000 / (0.5001 * P) falls to the venue's level."""
    found = report(ask, LOAN)
    assert Decimal(found["fields"]["marginLevel"]) == Decimal("1.428285771417")
    (btc,) = found["coins"]
    assert btc["net_delta"] == "-0.5001"
    assert abs(Decimal(btc["liquidation_above"]) * Decimal("0.5001") * Decimal("1.1") - 65000) < Decimal("0.001")


def test_a_coin_as_collateral_and_as_debt(ask: Ask, tmp_path: Path) -> None:
    """2 ETH and 1,000 USDT stand for 0.05 BTC: an asset's own fall kills, and so does the rise of the debt."""
    path = tmp_path / "coins.toml"
    path.write_text(
        'venue = "margin"\ncurrency = "BTC"\n[prices]\nBTC = "100000"\nETH = "4000"\n'
        '[[balance]]\nasset = "ETH"\namount = "2"\n[[balance]]\nasset = "USDT"\namount = "1000"\n'
        '[[loan]]\nasset = "BTC"\namount = "0.05"\n'
    )
    found = report(ask, path)
    assert found["currency"] == "BTC"
    figures = {key: found["fields"][name] for name, key in load_venue("binance_margin").fields.items()}
    assert figures["assets"] == "0.09"
    assert figures["debts"] == "0.05"
    assert figures["net_assets"] == "0.04"
    assert figures["margin_level"] == "1.8"
    coins = {coin["base"]: coin for coin in found["coins"]}
    assert coins["ETH"]["liquidation_above"] is None
    # 1,000 + 2 P = 1.1 * 5,000
    assert coins["ETH"]["liquidation_below"] == "2250"
    # 9,000 = 1.1 * 0.05 P
    assert Decimal(coins["BTC"]["liquidation_above"]).quantize(Decimal("0.01")) == Decimal("163636.36")


@pytest.mark.parametrize(("currency", "unit"), [("BTC", 1), ("USD", 60000)])
def test_a_coin_account_is_shown_in_the_currency_it_names(ask: Ask, tmp_path: Path, currency: str, unit: int) -> None:
    """Short 30,000 USD of contracts from 50,000 to 60,000: 30,000 * (1/60,000 - 1/50,000) = -0.1 BTC."""
    path = tmp_path / "coin.toml"
    path.write_text(COIN.format(currency=currency))
    fields = report(ask, path)["fields"]
    assert Decimal(fields["balance"]) == unit
    assert Decimal(fields["futures_session_upl"]) == Decimal("-0.1") * unit
    assert Decimal(fields["equity"]) == Decimal("0.9") * unit
    # What is held in coins is worth as many coins after a move, and more dollars.
    moved = report(ask, path, "--move", "BTC=+10%")["after_move"]["fields"]
    assert Decimal(moved["balance"]) == (Decimal(1) if currency == "BTC" else Decimal("66000"))


def test_csv_has_a_row_per_position(ask: Ask, tmp_path: Path) -> None:
    lines = list(csv.DictReader(io.StringIO(ask("account", HEDGED, "--csv").out)))
    assert [line["symbol"] for line in lines] == ["BTCUSDT", "ETHUSDT", "DOGEUSDT"]
    assert lines == [
        {key: "" if value is None else str(value) for key, value in row.items()}
        for row in report(ask, HEDGED)["positions"]
    ]
    assert ask("account", HEDGED, "-o", tmp_path / "x.CSV").out == ""
    assert (tmp_path / "x.CSV").read_text() == ask("account", HEDGED, "--csv").out


BAD = [
    # what stands in the file instead, what the message says, on which line
    ('venue = "binance_usdm"', 'venue = "binanse"', "did you mean", 1),
    ('venue = "binance_usdm"', "venue = ", "is not TOML", 1),
    ("[[balance]]", "[[balanse]]", "did you mean 'balance'", 4),
    ('amount = "10000"', 'amout = "10000"', "did you mean 'amount'", 6),
    ('amount = "10000"', 'amount = "NaN"', "is not finite", 6),
    ('amount = "10000"', 'amount = "-1"', "owed amounts stand under [[loan]]", 6),
    ('amount = "10000"', 'amount = "1e400"', "out of reach", 6),
    ('amount = "10000"', "amount = true", "field balance[0].amount", 6),
    ('asset = "USDT"', 'asset = "PEPE"', "no price for PEPE", 4),
    ('size = "1"', 'size = "0"', "is zero", 11),
    ('size = "1"', 'size = "inf"', "is not finite", 11),
    ('mark = "91000"', 'mark = "-91000"', "is negative", 13),
    ('mark = "91000"', 'mark = "1e-40"', "out of reach", 13),
    ('leverage = "20"', 'leverage = "2000"', "above the largest leverage of 150x", 14),
    ('side = "short"', 'side = "shrot"', "Invalid enum value 'shrot'", 10),
    ('symbol = "BTCUSDT"', 'symbol = "BTCUSTD"', "did you mean 'BTCUSDT'", 8),
    ("date = 2026-11-01", "date = 2001-01-01", "the first schedule begins on", 8),
    ("date = 2026-11-01", 'date = 2026-11-01\nmode = "portfolio"', "portfolio margin", 3),
    ("date = 2026-11-01", 'date = 2026-11-01\ncurrency = "FOO"', "no price for 'FOO'", 3),
]


@pytest.mark.parametrize(("old", "new", "words", "line"), BAD, ids=[bad[1] for bad in BAD])
def test_a_wrong_value_names_file_and_line(ask: Ask, file: Path, old: str, new: str, words: str, line: int) -> None:
    file.write_text(SHORT.replace(old, new, 1))
    code, out, err = ask("account", file)
    assert (code, out) == (3, "")
    assert err.startswith(f"shortdesk: {file}:{line}: ")
    assert words in err
    assert err.count("\n") == 1


def test_files_that_are_none(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "binary.toml").write_bytes(bytes(range(256)))
    (tmp_path / "empty.toml").write_text("")
    (tmp_path / "nothing.toml").write_text('venue = "okx"\n')
    (tmp_path / "huge.toml").write_text("a = " + "[" * 5000 + "]" * 5000)
    for name in ("missing.toml", ".", "binary.toml", "empty.toml", "nothing.toml", "huge.toml"):
        code, out, err = ask("account", tmp_path / name)
        assert (code, out) == (3, ""), name
        assert err.startswith("shortdesk: ")
        assert "Traceback" not in err


@pytest.mark.parametrize(
    ("move", "words"),
    [
        ("BTC", "expected e.g. BTC=+15%"),
        ("=5%", "expected e.g. BTC=+15%"),
        ("BTC=", "expected e.g. BTC=+15%"),
        ("BTC=much", "is not a number"),
        ("BTC=-100%", "to zero or below"),
        ("BTC=NaN", "is not finite"),
        ("BTC=1e400", "too large"),
        ("PEPE=5%", "depends on PEPE; it holds BTC"),
    ],
)
def test_moves_that_are_none(ask: Ask, file: Path, move: str, words: str) -> None:
    code, out, err = ask("account", file, "--move", move)
    assert (code, out) == (2, "")
    assert words in err


VALUES = st.one_of(
    st.decimals().map(str), st.sampled_from(("short", "BTCUSDT", "USDT", "binance", "cross", "BTC", "")), st.text()
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_no_file_makes_a_traceback(data: st.DataObject, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A few values of a good file are replaced by anything."""
    lines = SHORT.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.sampled_from([i for i, line in enumerate(lines) if " = " in line]))
        key = lines[at].partition(" = ")[0]
        lines[at] = f"{key} = {json.dumps(data.draw(VALUES), ensure_ascii=False)}"
    path = tmp_path / "any.toml"
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    with pytest.raises(SystemExit) as left:
        main(["account", str(path)])
    assert left.value.code in (0, 1, 2, 3)
    printed = capsys.readouterr()
    if left.value.code in (2, 3):
        assert printed.out == ""
        assert printed.err.startswith("shortdesk: ")


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[3] / "examples").glob("*.toml")), ids=lambda path: path.stem
)
def test_the_shipped_examples_are_alive(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["account", str(path)])
    assert left.value.code == 0
    assert "dies" in capsys.readouterr().out
