"""Every shipped sheet loads; a broken one is refused with file, line and field; dates choose among tables."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.venue import (
    DATED,
    LadderRules,
    Product,
    at,
    find_venue,
    load_venue,
    naming,
    read_venue,
    venue_ids,
)

TEN = [
    "aave_v3",
    "binance_coinm",
    "binance_margin",
    "binance_usdm",
    "bitmex",
    "bybit",
    "deribit",
    "dydx_v4",
    "hyperliquid",
    "okx",
]

KINDS = {
    "aave_v3": ["lending"],
    "binance_coinm": ["inverse"],
    "binance_margin": ["spot_margin"],
    "binance_usdm": ["linear"],
    "bitmex": ["inverse", "linear"],
    "bybit": ["linear", "inverse", "spot_margin"],
    "deribit": ["inverse", "linear", "option"],
    "dydx_v4": ["linear"],
    "hyperliquid": ["linear"],
    "okx": ["linear", "inverse", "spot_margin"],
}

SHEET = """\
venue = "test"
name = "Test venue"
short_names = ["tv"]

[[product]]
kind = "linear"
name = "Test perpetual"
symbol = "{base}{quote}"
quotes = ["USDT"]
settle = "quote"

[[product.grid]]
since = 2020-01-01
significant_digits = 5
lot = "0.001"
source = "assumed"
evidence = "A"

[[product.fees]]
since = 2020-01-01
taker = "0.0005"
maker = "0.0002"
source = "page"
evidence = "D"

[[product.fees]]
since = 2024-01-01
taker = "0.0004"
maker = "0.0002"
source = "page"
evidence = "D"

[[product.liquidation]]
since = 2020-01-01
form = "ioc_then_takeover"
cover = ["insurance"]
adl_rank = "none"
adl_price = "none"
source = "page"
evidence = "D"
"""


def sheet(tmp_path: Path, old: str = "", new: str = "") -> Path:
    assert SHEET.count(old) >= 1
    path = tmp_path / "test.toml"
    path.write_text(SHEET.replace(old, new, 1) if old else SHEET)
    return path


def test_the_ten_venues_are_shipped() -> None:
    assert venue_ids() == TEN


@pytest.mark.parametrize("venue", TEN)
def test_every_shipped_sheet_loads_with_its_kinds(venue: str) -> None:
    rules = load_venue(venue)
    assert rules.venue == venue
    assert rules.kinds() == KINDS[venue]


@pytest.mark.parametrize("venue", TEN)
def test_every_number_has_a_source_and_an_evidence_mark(venue: str) -> None:
    for product in load_venue(venue).product:
        for name in DATED:
            for table in getattr(product, name):
                assert table.source.strip()
                assert table.evidence in "RDTSUA"
                # An assumption or an unverified number says what is assumed, in its source or its note.
                if table.evidence in "AU":
                    assert len(table.source + table.note) > 10, (venue, name, table.since)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'taker = "0.0005"',
            'takr = "0.0005"',
            r"test.toml:21: unknown key 'takr'; did you mean 'taker' or 'maker'\?, field .*takr",
        ),
        ('taker = "0.0005"\n', "", r"test.toml:19: missing key 'taker', field product\[0\].fees\[0\]"),
        ('taker = "0.0005"', 'taker = "much"', r"test.toml:21: .*field product\[0\].fees\[0\].taker"),
        ('taker = "0.0005"', 'taker = "5"', r"test.toml:21: 5 is not a rate; .*field product\[0\].fees\[0\].taker"),
        ('lot = "0.001"', 'lot = "-1"', r"test.toml:15: -1 is negative; .*field product\[0\].grid\[0\].lot"),
        ('lot = "0.001"', 'lot = "NaN"', r"test.toml:15: NaN is not finite; .*field product\[0\].grid\[0\].lot"),
        ('kind = "linear"', 'kind = "liner"', r"test.toml:6: Invalid enum value 'liner', field product\[0\].kind"),
        ('evidence = "A"', 'evidence = "X"', r"test.toml:17: Invalid enum value 'X', field product\[0\].grid\[0\]"),
        ('source = "assumed"', 'source = " "', r"test.toml:16: is empty; .*field product\[0\].grid\[0\].source"),
        ("since = 2024-01-01", "since = 2019-01-01", r"test.toml:27: 2019-01-01 stands after 2020-01-01; .*fees\[1\]"),
        ("since = 2024-01-01", "since = 2024-13-01", r"test.toml:27: is not TOML"),
        ('settle = "quote"', 'settle = "usd"', r"test.toml:5: missing: .*field product\[0\].settle_asset"),
        ('"{base}{quote}"', '"BTC{quote}"', r"test.toml:8: 'BTC\{quote\}' has no place for the coin; .*symbol"),
        ("[[product.grid]]", "[[product.gird]]", r"test.toml:12: unknown key 'gird'; did you mean 'grid' or 'kind'\?"),
        (
            "form = ",
            "frm = ",
            r"test.toml:35: unknown key 'frm'; did you mean 'form'\?, field product\[0\].liquidation",
        ),
    ],
)
def test_a_broken_sheet_is_refused_with_line_and_field(tmp_path: Path, old: str, new: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as refused:
        read_venue(sheet(tmp_path, old, new))
    assert refused.value.exit_code == 3


def test_two_products_of_one_kind_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "test.toml"
    path.write_text(SHEET + SHEET[SHEET.index("[[product]]") :])
    with pytest.raises(InputError, match=r"test.toml:42: a second product of kind linear.*field product\[1\].kind"):
        read_venue(path)


def test_a_missing_sheet_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_venue(tmp_path / "none.toml")
    with pytest.raises(InputError, match="is a directory"):
        read_venue(tmp_path)


def test_the_day_chooses_the_table(tmp_path: Path) -> None:
    fees = read_venue(sheet(tmp_path)).product[0].fees
    assert [table.taker for table in fees] == [Decimal("0.0005"), Decimal("0.0004")]


def perp(venue: str) -> Product:
    return load_venue(venue).of_kind()


DATED_CHANGES = [
    # venue, what, the day before and the day itself, value before, value from then on
    ("binance_usdm", "mark basis of minutes, then 30 s", date(2025, 9, 17), date(2025, 9, 18), 150, 30),
    (
        "bybit",
        "cross margin on the entry value, then on the mark",
        date(2025, 9, 1),
        date(2025, 9, 2),
        "entry",
        "price",
    ),
    ("bybit", "fund drawdown that starts ADL", date(2025, 10, 31), date(2025, 11, 1), Decimal("0.3"), Decimal(1)),
    ("okx", "window of the average premium", date(2024, 3, 4), date(2024, 3, 5), "previous", "current"),
    ("deribit", "liquidation fee", date(2026, 7, 31), date(2026, 8, 1), Decimal("0.0075"), Decimal("0.01")),
    ("aave_v3", "close factor by health alone, then by size too", date(2026, 5, 31), date(2026, 6, 1), 0, 2000),
]


def value_on(venue: str, what: str, day: date) -> object:
    product = perp(venue)
    if venue == "binance_usdm":
        return at(product.mark, day, what).basis_seconds
    if venue == "bybit" and "cross" in what:
        return product.margin_at(day, "cross").maintenance_basis
    if venue == "bybit":
        return at(product.liquidation, day, what).adl_fund_drawdown
    if venue == "okx":
        return product.funding_at(day, "XRP").window
    if venue == "deribit":
        return at(product.fees, day, what).liquidation
    return at([reserve for reserve in product.reserves if reserve.symbol == "USDC"], day, what).small_reserve_usd


@pytest.mark.parametrize(("venue", "what", "before", "on", "old", "new"), DATED_CHANGES)
def test_dated_changes_of_the_notes_are_dated_tables(
    venue: str, what: str, before: date, on: date, old: object, new: object
) -> None:
    assert value_on(venue, what, before) == old
    assert value_on(venue, what, on) == new


def test_bybit_isolated_margin_stays_on_the_entry_value() -> None:
    for day in (date(2025, 9, 1), date(2026, 11, 24)):
        assert perp("bybit").margin_at(day, "isolated").initial_basis == "entry"


def test_the_inverse_formula_of_2026_is_marked_as_unverified() -> None:
    rules = load_venue("bybit").of_kind("inverse").margin_at(date(2026, 11, 24), "isolated")
    assert (rules.maintenance_basis, rules.evidence) == ("price", "U")


@pytest.mark.parametrize(
    ("base", "cap"), [("BTC", "0.00375"), ("ETH", "0.0075"), ("XRP", "0.015")], ids=["btc", "major", "others"]
)
def test_a_table_for_some_coins_wins_over_the_general_one(base: str, cap: str) -> None:
    assert perp("okx").funding_at(date(2026, 1, 1), base).cap == Decimal(cap)


def test_a_table_for_some_coins_counts_only_from_its_first_day() -> None:
    assert perp("okx").funding_at(date(2023, 1, 1), "BTC").cap == Decimal("0.015")
    assert naming(perp("okx").funding, "BTC", date(2010, 1, 1)) == [
        table for table in perp("okx").funding if "BTC" in table.bases
    ]


def test_loans_and_ladders_differ_by_coin() -> None:
    day = date(2026, 1, 1)
    loans = load_venue("okx").of_kind("spot_margin")
    assert loans.borrow_at(day, "isolated", "BTC").maintenance_rate == Decimal("0.03")
    assert loans.borrow_at(day, "isolated", "LTC").maintenance_rate == Decimal("0.05")
    isolated = load_venue("binance_margin").of_kind()
    levels = [isolated.ladder_at(day, base).liquidation_level for base in ("BTC", "SOL", "WLD")]
    assert levels == [Decimal("1.05"), Decimal("1.15"), Decimal("1.18")]


@pytest.mark.parametrize("ladder", load_venue("binance_margin").of_kind().ladders, ids=lambda ladder: ladder.note[:20])
def test_ladders_reproduce_their_largest_leverage(ladder: LadderRules) -> None:
    # 1 + 1 / (ratio - 1), cut to two decimals (Binance isolated margin tier page)
    ratio = ladder.initial_ratios[0]
    assert int((1 + 1 / (ratio - 1)) * 100) == int(ladder.largest_leverage * 100)


def test_a_day_before_the_first_schedule_is_refused() -> None:
    with pytest.raises(UsageError, match="nothing known on 2010-01-01; the first schedule begins on 2019-09-01"):
        perp("binance_usdm").margin_at(date(2010, 1, 1), "isolated")


def test_a_mode_that_is_not_offered_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="Deribit inverse perpetual: no isolated margin here; offered: cross"):
        perp("deribit").margin_at(date(2026, 1, 1), "isolated")
    assert perp("deribit").modes() == ["cross"]
    assert load_venue("binance_margin").of_kind().modes() == ["cross", "isolated"]


@pytest.mark.parametrize(
    ("given", "venue"),
    [
        ("binance", "binance_usdm"),
        ("BINANCE_USDM", "binance_usdm"),
        ("coinm", "binance_coinm"),
        ("okx", "okx"),
        ("dydx", "dydx_v4"),
        ("hl", "hyperliquid"),
        ("aave", "aave_v3"),
        ("der", "deribit"),
    ],
)
def test_venues_by_short_names(given: str, venue: str) -> None:
    assert find_venue(given).venue == venue


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("binanse", "unknown venue 'binanse'; did you mean 'binance'"),
        ("b", "venue 'b' is ambiguous; it may be binance_coinm or binance_margin or binance_usdm or bitmex or bybit"),
        ("", "unknown venue ''"),
    ],
)
def test_unknown_and_ambiguous_venues_are_refused(given: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_venue(given)


def test_an_unknown_kind_is_refused_with_those_offered() -> None:
    with pytest.raises(UsageError, match="Hyperliquid has no option contracts here; offered: linear"):
        load_venue("hyperliquid").of_kind("option")
