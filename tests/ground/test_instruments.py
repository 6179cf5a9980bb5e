"""The grid of an instrument: real where seen, with its day; assumed elsewhere, and said so."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.ground.instruments_table import COLUMNS, find_instrument, read_grids, tick_of_digits
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import load_venue, sheet_folder, venue_ids

DAY = date(2026, 11, 24)
FILES = sorted(path.name for path in (sheet_folder() / "instruments").glob("*.csv"))


def instrument(venue: str, given: str, price: str, day: date = DAY, kind: str | None = None) -> Instrument:
    rules = load_venue(venue)
    found = resolve(rules, kind, given, day)
    return find_instrument(rules, rules.of_kind(found.kind), found, day, price)


@pytest.mark.parametrize(
    ("venue", "given", "day", "tick", "lot", "contract_size", "form"),
    [
        # five minutes of full depth of 2024-08-08, exchangeInfo of 2021-07-22
        ("binance_usdm", "BTCUSDT", DAY, "0.1", "0.001", "1", Form.LINEAR),
        ("binance_usdm", "BTCUSDT", date(2022, 1, 1), "0.01", "0.001", "1", Form.LINEAR),
        ("binance_usdm", "DOGEUSDT", DAY, "0.00001", "1", "1", Form.LINEAR),
        ("binance_coinm", "BTCUSD", DAY, "0.1", "1", "100", Form.INVERSE),
        ("binance_coinm", "ETHUSD", DAY, "0.01", "1", "10", Form.INVERSE),
        ("bybit", "BTCUSDT", DAY, "0.1", "0.001", "1", Form.LINEAR),
        ("bybit", "BTCUSD", DAY, "0.5", "1", "1", Form.INVERSE),
        ("okx", "BTCUSDT", date(2022, 6, 1), "0.1", "1", "0.01", Form.LINEAR),
        ("okx", "BTCUSDT", DAY, "0.1", "0.01", "0.01", Form.LINEAR),
        ("okx", "ETHUSDT", DAY, "0.01", "0.01", "0.1", Form.LINEAR),
        ("okx", "BTCUSD", date(2022, 6, 1), "0.1", "1", "100", Form.INVERSE),
        ("bitmex", "XBTUSD", DAY, "0.5", "100", "1", Form.INVERSE),
        ("deribit", "BTC", DAY, "0.5", "1", "10", Form.INVERSE),
        ("dydx_v4", "SOL", DAY, "0.01", "0.1", "1", Form.LINEAR),
        ("binance_margin", "BTC", DAY, "0.01", "0.000001", "1", Form.SPOT),
    ],
)
def test_the_real_grid_where_it_was_seen(
    venue: str, given: str, day: date, tick: str, lot: str, contract_size: str, form: Form
) -> None:
    found = instrument(venue, given, "30000", day)
    assert (found.tick, found.lot, found.contract_size) == (Decimal(tick), Decimal(lot), Decimal(contract_size))
    assert found.form == form
    assert "assumed" not in found.grid_note


@pytest.mark.parametrize(
    ("coin", "price", "tick", "lot"),
    [
        # at most 5 significant figures, at most 6 - szDecimals decimals, whole numbers always
        ("BTC", "91234", "1", "0.00001"),
        ("BTC", "123456", "1", "0.00001"),
        ("BTC", "9123", "0.1", "0.00001"),
        ("ETH", "2950", "0.1", "0.0001"),
        ("ETH", "1.5", "0.01", "0.0001"),
        ("DOGE", "0.16", "0.00001", "1"),
        ("DOGE", "0.016", "0.000001", "1"),
        ("SOL", "140", "0.01", "0.01"),
    ],
)
def test_hyperliquids_rule_of_digits(coin: str, price: str, tick: str, lot: str) -> None:
    found = instrument("hyperliquid", coin, price)
    assert (found.tick, found.lot) == (Decimal(tick), Decimal(lot))


@pytest.mark.parametrize(
    ("price", "tick"),
    [("91234.5", "0.1"), ("3000", "0.01"), ("0.16", "0.000001"), ("0.00001234", "1E-8"), ("1e-7", "1E-9")],
)
def test_an_assumed_tick_is_one_step_in_six_digits(price: str, tick: str) -> None:
    grid = load_venue("binance_usdm").of_kind().grid[0]
    assert tick_of_digits(float(price), grid, grid.lot) == Decimal(tick)


def test_what_is_assumed_is_said() -> None:
    found = instrument("deribit", "ETH", "2950")
    assert found.grid_note == (
        "grid assumed: tick 0.1 (5 digits of the entry price), lot 1; this instrument's grid is not in the sheets"
    )


def test_what_is_old_is_said_with_its_day() -> None:
    assert instrument("binance_usdm", "XRPUSDT", "2.1").grid_note == "grid as seen on 2021-07-22: tick 0.0001, lot 0.1"
    assert instrument("binance_usdm", "XRPUSDT", "2.1", date(2021, 8, 1)).grid_note == ""
    # a day before anything was seen takes the oldest grid and says when it was seen
    assert instrument("binance_usdm", "BTCUSDT", "9000", date(2020, 6, 1)).grid_note.startswith("grid as seen on 2021")


def test_off_grid_input_is_refused_by_the_instrument() -> None:
    with pytest.raises(InputError, match=r"binance_usdm BTCUSDT: size 2.0005 is off the grid: the lot is 0.001"):
        instrument("binance_usdm", "BTCUSDT", "90000").lots("2.0005")


@pytest.mark.parametrize("price", ["NaN", "inf", "many", "0", "-1"])
def test_a_price_that_is_none_is_refused(price: str) -> None:
    with pytest.raises(UsageError, match="entry price"):
        instrument("okx", "BTC", price)


@pytest.mark.parametrize("file", FILES)
def test_every_shipped_table_is_read(file: str) -> None:
    for symbol, rows in read_grids(file).items():
        assert symbol
        assert all(row.lot > 0 and row.contract_size > 0 and row.smallest >= row.lot and row.source for row in rows)


def test_every_table_named_by_a_sheet_is_shipped_and_the_other_way_round() -> None:
    named = {product.instruments for venue in venue_ids() for product in load_venue(venue).product}
    assert named - {""} == set(FILES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,2021-01-01,0.1,1,1,1", "t.csv:2: 6 cells; expected 7: symbol, since, tick"),
        ("A,yesterday,0.1,1,1,1,x", "t.csv:2: 'yesterday' is not a date; expected e.g. 2021-07-22, field since"),
        ("A,2021-01-01,0,1,1,1,x", "t.csv:2: '0' is not a positive number, field tick"),
        ("A,2021-01-01,0.1,-1,1,1,x", "t.csv:2: '-1' is not a positive number, field lot"),
        ("A,2021-01-01,0.1,1,NaN,1,x", "t.csv:2: 'NaN' is not a positive number, field contract_size"),
        ("A,2021-01-01,0.1,1,1,one,x", "t.csv:2: 'one' is not a positive number, field smallest"),
        (
            "A,2021-01-01,0.1,1,1,1,x\nA,2020-01-01,0.1,1,1,1,x",
            "t.csv:3: 2020-01-01 stands after 2021-01-01; expected rows by date, field since",
        ),
    ],
)
def test_a_broken_row_is_refused_with_line_and_field(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{','.join(COLUMNS)}\n{rows}\n")
    with pytest.raises(InputError, match=message):
        read_grids(path)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n")
    with pytest.raises(InputError, match=r"t.csv:1: header is 'a,b'; expected 'symbol,since,tick"):
        read_grids(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_grids(tmp_path / "none.csv")
