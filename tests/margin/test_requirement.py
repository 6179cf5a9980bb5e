"""Margin by tier: continuity, monotony, each venue's own choice of tier, and compiled rules equal interpreted ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.compile import kernel
from shortdesk.ground.fine import ONE, fine
from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, Scale, build_contract, contract_of
from shortdesk.margin.position import FLAT, after_fill, entry_value, value_at
from shortdesk.margin.requirement import maintenance_margin, position_risk, tier_index
from shortdesk.margin.risk import is_liquidatable
from shortdesk.margin.solve import bankruptcy_ticks, liquidation_ticks
from shortdesk.margin.tables import contract_tables

DAY = date(2026, 11, 1)
MARKET = Scale(Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**6))
"""A tick of 0.1, a lot of 0.001, a unit of 10^-6: as a market keeps a BTC perpetual."""

CONTINUOUS = [
    ("binance_usdm", "linear", "BTCUSDT"),
    ("binance_usdm", "linear", "DOGEUSDT"),
    ("binance_coinm", "inverse", "BTCUSD_PERP"),
    ("bybit", "linear", "BTCUSDT"),
    ("hyperliquid", "linear", "ETH"),
]


def contract_at(venue: str, kind: str, symbol: str, mode: str = "isolated", scale: Scale | None = None) -> Contract:
    product = load_venue(venue).of_kind(kind)
    return build_contract(product, symbol, mode, DAY, **({"scale": scale} if scale else {}))


def margin_of(contract: Contract, worth: int) -> int:
    """Maintenance of a position that is worth this much now and was at entry, without fees inside."""
    lots = -worth if contract.form != Form.INVERSE else -1
    bare = contract.terms._replace(fee_form=0)  # type: ignore[arg-type]
    count = len(contract.tiers)
    return maintenance_margin(bare, contract.tiers, 0, count, contract.form, lots, worth, worth, 1000)


@pytest.mark.parametrize("place", CONTINUOUS, ids="-".join)
def test_maintenance_is_continuous_where_tiers_meet(place: tuple[str, str, str]) -> None:
    contract = contract_at(*place)
    for row in contract.rows[:-1]:
        assert row.cap is not None
        edge = fine(row.cap, 2)
        step = margin_of(contract, edge + 1) - margin_of(contract, edge)
        assert 0 <= step <= 2  # one unit of 10^-48 and its rounding


@pytest.mark.parametrize("place", CONTINUOUS, ids="-".join)
@given(st.data())
def test_maintenance_grows_with_the_position(place: tuple[str, str, str], data: st.DataObject) -> None:
    contract = contract_at(*place)
    small, large = sorted(data.draw(st.lists(st.integers(1, 10**9), min_size=2, max_size=2)))
    assert margin_of(contract, small * ONE**2) <= margin_of(contract, large * ONE**2)


@pytest.mark.parametrize("place", CONTINUOUS, ids="-".join)
@given(st.integers(1, 2 * 10**9))
def test_continuous_maintenance_is_the_largest_of_all_lines(place: tuple[str, str, str], worth: int) -> None:
    contract = contract_at(*place)
    lines = [row.maintenance_rate * worth - row.deduction for row in contract.rows]
    assert abs(Fraction(margin_of(contract, worth * ONE**2), ONE**2) - max(lines)) <= Fraction(2, ONE**2)


TIERS = """
a bound belongs to the tier below   0:10 10:20 20:30   10  1
just above it is the next           0:10 10:20 20:30   11  2
nothing held                        0:10 10:20 20:30   0   1
beyond the last cap                 0:10 10:20 20:30   99  3
"""


@pytest.mark.parametrize("line", [line for line in TIERS.splitlines() if line])
def test_which_tier(line: str) -> None:
    *tiers, measure, expected = line[36:].split()
    rows = [
        TierRow(Fraction(int(a)), Fraction(int(b)), Fraction(1, 100), Fraction(0), Fraction(1, 10), Fraction(10))
        for a, b in (tier.split(":") for tier in tiers)
    ]
    margin = load_venue("binance_usdm").of_kind("linear").margin_at(DAY, "isolated")
    contract = contract_of(Form.LINEAR, rows, margin)
    assert tier_index(contract.tiers, 0, len(rows), int(measure) * ONE**2) + 1 == int(expected)


def test_bybit_isolated_keeps_the_tier_of_its_entry_and_binance_does_not() -> None:
    rows = [
        TierRow(Fraction(0), Fraction(100_000), Fraction(1, 200), Fraction(0), Fraction(1, 50), Fraction(50)),
        TierRow(Fraction(100_000), None, Fraction(1, 50), Fraction(1_500), Fraction(1, 10), Fraction(10)),
    ]
    tiers = {}
    for venue in ("bybit", "binance_usdm"):
        rules = load_venue(venue).of_kind("linear").margin_at(DAY, "isolated")
        contract = contract_of(Form.LINEAR, rows, rules)
        position = desk.opened(contract, "short", "9.9", "10000")  # 99,000 at entry
        tiers[venue] = [desk.margins(contract, position, price, 10).tier for price in ("10000", "10200")]
    assert tiers == {"bybit": [1, 1], "binance_usdm": [1, 2]}


def test_two_dated_schedules_of_one_symbol_differ() -> None:
    product = load_venue("binance_usdm").of_kind("linear")
    answers = []
    for day in (date(2024, 11, 1), date(2026, 11, 1)):
        contract = build_contract(product, "BTCUSDT", "isolated", day)
        position = desk.opened(contract, "short", "1000", "60000")
        answers.append(desk.liquidation_price(contract, position, "3000000", leverage=20))
    assert answers[0] != answers[1]


RANDOM_ACCOUNTS = 100_000

PLACES = [
    ("binance_usdm", "linear", "BTCUSDT", "isolated", MARKET),
    ("bybit", "linear", "BTCUSDT", "isolated", MARKET),
    ("bybit", "linear", "BTCUSDT", "cross", MARKET),
    ("okx", "linear", "BTC-USDT-SWAP", "isolated", MARKET),
    ("hyperliquid", "linear", "BTC", "isolated", MARKET),
    ("dydx_v4", "linear", "BTC-USD", "cross", MARKET),
    ("binance_coinm", "inverse", "BTCUSD_PERP", "isolated", Scale(Fraction(1, 10), Fraction(100), Fraction(1, 10**8))),
    ("deribit", "inverse", "BTC-PERPETUAL", "cross", Scale(Fraction(1, 2), Fraction(10), Fraction(1, 10**8))),
]


@kernel
def _ask_all(contract: Any, terms: Any, tiers: Any, columns: Any, out: Any) -> None:
    """Risk, verdict, liquidation and bankruptcy price of every account, compiled."""
    form, factor = contract.form, contract.factor
    first, count = contract.first_tier, contract.tier_count
    for i in range(len(columns)):
        lots, entry, wallet, leverage, mark, highest = columns[i]
        position = after_fill(form, factor, FLAT, lots, entry).position
        risk = position_risk(terms, tiers, first, count, form, factor, position, wallet, leverage, mark)
        out[i, 0] = risk.equity
        out[i, 1] = risk.initial
        out[i, 2] = risk.maintenance
        out[i, 3] = is_liquidatable(risk, terms.trigger)
        out[i, 4] = liquidation_ticks(terms, tiers, first, count, form, factor, position, wallet, leverage, highest)
        out[i, 5] = bankruptcy_ticks(form, factor, position, wallet)


def _random_accounts(contract: Contract, n: int, rng: np.random.Generator) -> np.ndarray[Any, Any]:
    columns = np.empty((n, 6), np.int64)
    columns[:, 0] = rng.integers(1, 60_000, n) * rng.choice((-1, 1), n)
    columns[:, 1] = rng.integers(20_000, 1_000_000, n)
    columns[:, 3] = rng.integers(1, 50, n) * 100
    columns[:, 4] = np.maximum(1, columns[:, 1] * rng.uniform(0.6, 1.6, n)).astype(np.int64)
    for i in range(n):
        lots, entry, leverage = (int(columns[i, k]) for k in (0, 1, 3))
        worth = value_at(contract.form, contract.factor, lots, entry)
        columns[i, 2] = worth * 100 // leverage + 1
        columns[i, 5] = 2**40 if contract.form == Form.INVERSE else 2**62 // (abs(lots) * contract.factor)
    return columns


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(place[:4]))
def test_interpreted_and_compiled_rules_agree_on_random_accounts(place: tuple[str, str, str, str, Scale]) -> None:
    venue, kind, symbol, mode, scale = place
    contract = contract_at(venue, kind, symbol, mode, scale)
    tables = contract_tables([contract])
    n = RANDOM_ACCOUNTS // len(PLACES)
    columns = _random_accounts(contract, n, np.random.default_rng(20261124))
    out = np.zeros((n, 6), np.int64)
    _ask_all(tables.contracts[0], tables.terms[0], tables.tiers, columns, out)
    count = len(contract.tiers)
    for i in range(n):
        lots, entry, wallet, leverage, mark, highest = (int(value) for value in columns[i])
        position = after_fill(contract.form, contract.factor, FLAT, lots, entry).position
        arguments = (
            contract.terms,
            contract.tiers,
            0,
            count,
            contract.form,
            contract.factor,
            position,
            wallet,
            leverage,
        )
        risk = position_risk(*arguments, mark)
        assert tuple(int(value) for value in out[i, :3]) == risk
        assert bool(out[i, 3]) == is_liquidatable(risk, contract.terms.trigger)
        assert int(out[i, 5]) == bankruptcy_ticks(contract.form, contract.factor, position, wallet)
        if i % 20 == 0:  # the interpreted search is slow; every twentieth account is searched twice
            assert int(out[i, 4]) == liquidation_ticks(*arguments, highest)


def test_entry_value_is_what_was_paid() -> None:
    position = after_fill(Form.LINEAR, 1, FLAT, -7, 11).position
    assert entry_value(position) == 77
    assert Decimal(entry_value(position)) == 77
