"""Tier tables: all shipped rows are sound, and a broken row is refused with file, line and field."""

from __future__ import annotations

import itertools
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.schedule import find_schedule, known_symbols
from shortdesk.ground.tiers import COLUMNS, TierRow, read_tiers, step_tiers, tier_line, tier_symbols, walk_tables
from shortdesk.ground.venue import Product, load_venue, sheet_folder, venue_ids

HEADER = ",".join(COLUMNS)
FILES = sorted(path.name for path in (sheet_folder() / "tiers").glob("*.csv"))
JUMPS = {"okx_swap_2022.csv", "okx_swap_2025-07-05.csv", "okx_swap_2026-05-28.csv"}
"""Tables of a venue whose whole position takes the rate of its tier."""


def product_of(venue: str, kind: str | None = None) -> Product:
    return load_venue(venue).of_kind(kind)


@pytest.mark.parametrize(
    ("file", "symbols", "rows"), [("binance_usdm_2026-09-29.csv", 907, 7276), ("binance_usdm_2024-10.csv", 349, 2805)]
)
def test_binance_tables_are_whole_and_their_amounts_continuous(file: str, symbols: int, rows: int) -> None:
    # read_tiers refuses a row whose stored amount does not continue the tier below
    found = dict(walk_tables(file, continuous=True))
    assert (len(found), sum(map(len, found.values()))) == (symbols, rows)


@pytest.mark.parametrize("file", FILES)
def test_every_shipped_table_is_sound_and_monotone(file: str) -> None:
    for symbol, rows in walk_tables(file, continuous=file not in JUMPS):
        for below, above in itertools.pairwise(rows):
            assert below.cap == above.floor, (file, symbol)
            assert below.maintenance_rate < above.maintenance_rate, (file, symbol)
            assert below.initial_rate < above.initial_rate, (file, symbol)
            assert below.max_leverage > above.max_leverage, (file, symbol)
        if file not in JUMPS:
            assert margin_at_caps(rows) == [], (file, symbol)


def margin_at_caps(rows: tuple[TierRow, ...]) -> list[Fraction]:
    """Caps at which the maintenance margin of two neighbouring tiers differs."""
    return [
        above.floor
        for below, above in itertools.pairwise(rows)
        if above.floor * below.maintenance_rate - below.deduction
        != above.floor * above.maintenance_rate - above.deduction
    ]


def test_every_table_named_by_a_sheet_is_shipped_and_the_other_way_round() -> None:
    named = {table.file for venue in venue_ids() for product in load_venue(venue).product for table in product.tiers}
    assert named == set(FILES)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("A,0,10,0.01,,,50\nA,20,30,0.02,,,25", "t.csv:3: gap in tiers: floor is 20, expected 10, field floor"),
        ("A,0,10,0.01,,,50\nA,5,30,0.02,,,25", "t.csv:3: overlap in tiers: floor is 5, expected 10, field floor"),
        ("A,5,10,0.01,,,50", "t.csv:2: gap in tiers: floor is 5, expected 0, field floor"),
        ("A,0,,0.01,,,50\nA,10,20,0.02,,,25", "t.csv:3: a tier follows one without a cap"),
        ("A,0,0,0.01,,,50", "t.csv:2: cap 0 is not above floor 0, field cap"),
        (
            "A,0,10,0.01,0,,50\nA,10,30,0.02,0.2,,25",
            "t.csv:3: maintenance jumps: deduction is 0.2, continuity needs 1/10, field deduction",
        ),
        ("A,0,10,0.02,,,50\nA,10,30,0.01,,,60", "t.csv:3: maintenance rate 1/100 falls below the tier before"),
        ("A,0,10,0.03,,,50", "t.csv:2: maintenance rate 3/100 is above the initial rate 1/50"),
        ("A,0,10,0,,,50", r"t.csv:2: a rate must lie in \(0, 1\]; given 0, field maintenance_rate"),
        ("A,0,10,1.5,,,50", r"t.csv:2: a rate must lie in \(0, 1\]; given 1.5, field maintenance_rate"),
        ("A,0,10,0.01,,,0", "t.csv:2: max_leverage is 0; expected a number above 0, field max_leverage"),
        ("A,0,10,0.01,,-0.5,", "t.csv:2: initial_rate is -1/2; expected a number above 0, field initial_rate"),
        ("A,0,10,0.01,,,0.5", "t.csv:2: the initial rate is 2, above 1, field max_leverage"),
        ("A,0,10,0.01,,,", "t.csv:2: initial_rate and max_leverage are both empty"),
        ("A,0,10,0.01,,50", "t.csv:2: 6 cells; expected 7: symbol, floor, cap"),
        ("A,0,ten,0.01,,,50", "t.csv:2: 'ten' is not a number; expected e.g. 0.004 or 1/80, field cap"),
        ("A,0,10,1/0,,,50", "t.csv:2: '1/0' is not a number; .*field maintenance_rate"),
    ],
)
def test_a_broken_row_is_refused_with_line_and_field(tmp_path: Path, rows: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEADER}\n{rows}\n")
    with pytest.raises(InputError, match=message):
        read_tiers(path, "A", continuous=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "t.csv:1: header is 'an empty file'; expected 'symbol,floor"), ("a,b\n", "t.csv:1: header is 'a,b'")],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        tier_symbols(path)


def test_a_symbol_that_is_not_in_a_table_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="unknown symbol 'BTCUSD'; did you mean 'BTCUSDT' or 'BTCUSDC'"):
        read_tiers("binance_usdm_2024-10.csv", "BTCUSD", continuous=True)


def test_a_tier_knows_its_line() -> None:
    assert tier_line("okx_swap_2026-05-28.csv", "BTC-USDT-SWAP") == "okx_swap_2026-05-28.csv:34"


def test_two_dated_schedules_give_different_answers_for_one_symbol() -> None:
    binance = product_of("binance_usdm")
    found = [find_schedule(binance, "BTCUSDT", date(year, 11, 24)) for year in (2020, 2024, 2026)]
    assert [(str(schedule.since), len(schedule.rows)) for schedule in found] == [
        ("2020-01-01", 6),
        ("2024-10-01", 12),
        ("2026-09-29", 12),
    ]
    first_caps = [schedule.rows[0].cap for schedule in found]
    assert first_caps == [50_000, 50_000, 300_000]
    # a position of one million USDT: 1 % less 1,300; 0.5 % less 50; 0.65 % less 1,500
    margins = [margin_of(schedule.rows, Fraction(1_000_000)) for schedule in found]
    assert margins[0] == 8_700
    assert len(set(margins)) == 3


def margin_of(rows: tuple[TierRow, ...], value: Fraction) -> Fraction:
    row = next(row for row in rows if row.cap is None or value <= row.cap)
    return value * row.maintenance_rate - row.deduction


@pytest.mark.parametrize(
    ("symbol", "rate", "amount"), [("BTCUSDT", "0.025", 16_300), ("ETHUSDT", "0.1", 135_365), ("BTCUSDT", "0.005", 50)]
)
def test_the_schedule_of_2020_has_the_amounts_of_the_venues_own_examples(symbol: str, rate: str, amount: int) -> None:
    rows = find_schedule(product_of("binance_usdm"), symbol, date(2021, 1, 10)).rows
    assert [row.deduction for row in rows if row.maintenance_rate == Fraction(rate)] == [amount]


def test_a_partial_table_lets_an_older_one_answer() -> None:
    bybit = product_of("bybit")
    day = date(2026, 11, 24)
    assert find_schedule(bybit, "BTCUSDT", day).since == date(2026, 9, 17)
    assert find_schedule(bybit, "ETHUSDT", day).since == date(2026, 2, 27)
    assert find_schedule(bybit, "BTCUSDT", date(2026, 9, 16)).since == date(2026, 2, 27)


def test_a_whole_table_lets_none() -> None:
    binance = product_of("binance_usdm")
    gone = set(known_symbols(binance, date(2025, 1, 1))) - set(known_symbols(binance, date(2026, 11, 24)))
    symbol = min(gone)
    assert find_schedule(binance, symbol, date(2025, 1, 1)).rows
    with pytest.raises(UsageError, match=f"no tiers in the sheets for {symbol} on Binance USDS-M perpetual"):
        find_schedule(binance, symbol, date(2026, 11, 24))


@pytest.mark.parametrize(
    ("venue", "kind", "symbol", "message"),
    [
        ("okx", "linear", "XYZ-USDT-SWAP", "no tiers in the sheets for XYZ-USDT-SWAP on OKX linear swap on 2026-11-24"),
        ("okx", "linear", "XYZ-USDT-SWAP", "known: BTC-USDT-SWAP, ETH-USDT-SWAP, DOGE-USDT-SWAP, TIA-USDT-SWAP"),
        ("okx", "inverse", "BTC-USD-SWAP", "OKX inverse swap: no tiers in the sheets on 2026-11-24"),
        ("deribit", "inverse", "SOL-PERPETUAL", "known: BTC-PERPETUAL, ETH-PERPETUAL"),
    ],
)
def test_a_symbol_without_tiers_is_refused_with_those_known(venue: str, kind: str, symbol: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        find_schedule(product_of(venue, kind), symbol, date(2026, 11, 24))


def test_before_the_first_tiers_the_message_says_when_they_begin() -> None:
    with pytest.raises(UsageError, match="no tiers in the sheets on 2019-12-31; the first begin on 2020-01-01"):
        find_schedule(product_of("binance_usdm"), "BTCUSDT", date(2019, 12, 31))


def test_risk_steps_are_dated_and_read_as_tiers() -> None:
    bitmex = product_of("bitmex")
    # BitMEX risk-limit page: 230 XBT stand one started step above the base limit of 200
    rows = find_schedule(bitmex, "XBTUSD", date(2025, 1, 1)).rows
    assert (rows[1].floor, rows[1].cap, rows[1].maintenance_rate) == (200, 350, Fraction("0.01"))
    # its page of 2015-2017: 130 XBT, base limit 100, step 50
    old = find_schedule(bitmex, "XBTUSD", date(2017, 1, 1)).rows
    assert (old[1].cap, old[1].initial_rate) == (150, Fraction("0.025"))
    assert find_schedule(bitmex, "XBTUSD", date(2022, 1, 1)).rows[0].maintenance_rate == Fraction("0.0035")
    assert step_tiers(bitmex.steps[-1], most=3)[-1].cap == 500


def test_slopes_and_liquidity_tiers_are_schedules_too() -> None:
    day = date(2026, 11, 24)
    btc = find_schedule(product_of("deribit"), "BTC-PERPETUAL", day)
    assert (btc.slope, btc.rows[0].initial_rate, btc.largest) == (Fraction("0.00005"), Fraction("0.02"), None)
    sol = find_schedule(product_of("dydx_v4"), "SOL-USD", day)
    # indexer response of 2025-12-08: initial 0.05, maintenance 0.03, open interest caps 40 and 100 million
    assert (sol.rows[0].initial_rate, sol.rows[0].maintenance_rate) == (Fraction("0.05"), Fraction("0.03"))
    assert sol.liquidity_tier is not None
    assert (sol.liquidity_tier.open_interest_lower, sol.liquidity_tier.open_interest_upper) == (40_000_000, 100_000_000)


def test_every_known_symbol_of_every_venue_has_a_schedule() -> None:
    day = date(2026, 11, 24)
    counts = {}
    for venue in venue_ids():
        for product in load_venue(venue).product:
            if product.margin:
                symbols = known_symbols(product, day)
                counts[venue, product.kind] = len(symbols)
                for symbol in symbols:
                    assert find_schedule(product, symbol, day).rows
    assert counts["binance_usdm", "linear"] == 907
    assert counts["hyperliquid", "linear"] == 39
    assert counts["okx", "linear"] == 4
