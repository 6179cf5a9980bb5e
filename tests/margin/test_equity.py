"""Figures under the names that venues print: each from amounts, by hand, and none standing for another."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from shortdesk.ground.venue import load_venue, venue_ids
from shortdesk.margin import equity
from shortdesk.margin.fields import DEFINITIONS, Amounts

AMOUNTS = Amounts(*map(Fraction, (1000, 900, 900, 200, -50, 120, 60, 3000, -1000, 700)))
"""assets, collateral, debts, unrealised, initial, maintenance, gross and signed notional, worth for loans"""

FIGURES = {
    "wallet": 800,
    "unrealised": -50,
    "equity": 650,
    "gross_equity": 750,
    "initial_margin": 120,
    "maintenance_margin": 60,
    "available": 530,
    "initial_rate": Fraction(120, 650),
    "maintenance_rate": Fraction(60, 650),
    "margin_ratio": Fraction(650, 60),
    "gross_notional": 3000,
    "raw_usd": 1650,
    "assets": 1000,
    "collateral": 900,
    "debts": 200,
    "net_assets": 800,
    "margin_level": 5,
    "health_factor": Fraction(9, 2),
    "available_borrows": 500,
}


@pytest.mark.parametrize("key", sorted(DEFINITIONS))
def test_every_definition_by_hand(key: str) -> None:
    assert DEFINITIONS[key].of(AMOUNTS) == FIGURES[key]
    assert DEFINITIONS[key].words


def test_ratios_without_a_divisor_have_no_value() -> None:
    nothing = Amounts(*[Fraction(0)] * 10)
    none = {key for key, definition in DEFINITIONS.items() if definition.of(nothing) is None}
    assert none == {"initial_rate", "maintenance_rate", "margin_ratio", "margin_level", "health_factor"}


@pytest.mark.parametrize("venue", venue_ids())
def test_every_printed_name_has_a_definition(venue: str) -> None:
    fields = load_venue(venue).fields
    assert fields
    assert set(fields.values()) <= set(DEFINITIONS)


def test_a_coin_account_keeps_options_out_of_its_margin_balance() -> None:
    found = equity.coin_account("10", "-0.5", "0.2", "0.1", "-1", "2")
    assert found.equity == Decimal("8.6")
    assert found.margin_balance == Decimal("9.6")
    assert found.available_funds == Decimal("7.6")
    assert found.session_upl == Decimal("-0.3")


@pytest.mark.parametrize(("side", "value"), [("long", "600"), ("short", "-1400")])
def test_a_chain_account_counts_from_raw_usd(side: str, value: str) -> None:
    found = equity.chain_account("1000", "-400", "50", side)
    assert found == (Decimal(value), Decimal(value) - 50)


@pytest.mark.parametrize(("side", "value"), [("long", "11000"), ("short", "9000")])
def test_return_on_equity(side: str, value: str) -> None:
    found = equity.return_on_equity(side, "2", "5000", "10", "1000")
    assert found == (1, Decimal(value), Decimal(value) / 10)


def test_what_must_stay_when_margin_is_taken_out() -> None:
    assert equity.transfer_requirement("100", "900") == 100
    assert equity.transfer_requirement("100", "1100") == 110
    assert equity.isolated_margin("100", "-30") == 70
