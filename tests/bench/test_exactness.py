"""The exactness table: the exact reference is right, and the product gives the reference's price to the last digit."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
sys.path.insert(0, str(BENCH))

from exactness.positions import SHORTS, Short, decimal_text  # noqa: E402
from exactness.reference import Bracket, liquidation_price, maintenance, read_brackets  # noqa: E402
from exactness.table import error_of, message, ours  # noqa: E402

SYMBOLS = {short.symbol for short in SHORTS} | {other.symbol for short in SHORTS for other in short.others}
BRACKETS = read_brackets(SYMBOLS)
BY_ID = {short.id: short for short in SHORTS}


# Worked by hand from the brackets of 2026-09-29: (collateral + amount + notional) / (coins * (1 + rate)).
@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("BTC 500 20x", Fraction("525") / (Fraction("0.005") * Fraction("1.004"))),
        ("BTC 2M 20x", Fraction("2101500") / (20 * Fraction("1.0065"))),
        ("BTC 60M 20x", Fraction("63132000") / (600 * Fraction("1.02"))),
        ("DOGE 10M 10x", Fraction("11116280") / (50_000_000 * Fraction("1.05"))),
    ],
)
def test_the_reference_gives_what_is_worked_out_by_hand(name: str, by_hand: Fraction) -> None:
    assert liquidation_price(BY_ID[name], BRACKETS) == by_hand


# The DOGE short beside it owns 450,000 of notional at 1.25 % less 655 and has gained 50,000.
def test_the_reference_counts_the_other_short_in_a_cross_wallet() -> None:
    behind = Fraction(200_000) + 50_000 - (450_000 * Fraction("0.0125") - 655)
    price = (behind + 1_500 + 2_000_000) / (20 * Fraction("1.0065"))
    assert liquidation_price(BY_ID["BTC 2M cross, gain"], BRACKETS) == price


def test_a_root_outside_its_bracket_is_not_taken() -> None:
    """Two brackets: 1 % up to 1,000, then 50 % less 490. A 900 short dies beyond 1,000, where half is owed."""
    steep = [
        Bracket(Fraction(0), Fraction(1_000), Fraction("0.01"), Fraction(0), Fraction(10)),
        Bracket(Fraction(1_000), Fraction(9_000), Fraction("0.5"), Fraction(490), Fraction(2)),
    ]
    short = Short("two brackets", "", "XUSDT", "9", "100", 5)
    price = liquidation_price(short, {"XUSDT": steep})
    assert price == Fraction(180 + 490 + 900) / (9 * Fraction("1.5"))
    assert maintenance(9 * price, steep) == 180 + 900 - 9 * price


@pytest.mark.parametrize("short", SHORTS, ids=lambda short: short.id)
def test_the_product_agrees_with_the_reference(short: Short) -> None:
    """To within one step of the desk's grid of 24 decimals, and never below the price where equity still suffices."""
    assert 0 <= ours(short) - liquidation_price(short, BRACKETS) <= Fraction(1, 10**24)


def test_an_error_is_measured_on_the_distance() -> None:
    short = Short("one", "", "BTCUSDT", "1", "100", 10)
    assert error_of(112.0, short, Fraction(110)) == pytest.approx(0.2)
    assert error_of(100.0, short, Fraction(110)) == -1.0
    assert error_of(None, short, Fraction(110)) is None


def test_drivers_are_sent_exact_text() -> None:
    sent = json.loads(message(BRACKETS))
    assert {position["id"] for position in sent["positions"]} == set(BY_ID)
    tiny = next(position for position in sent["positions"] if position["id"] == "BTC 500 20x")
    assert (tiny["quantity"], tiny["entry"], tiny["wallet"]) == ("0.005", "100000", "25")


@pytest.mark.parametrize(("value", "text"), [("25", "25"), ("-1/8", "-0.125"), ("1/100", "0.01"), ("0", "0")])
def test_decimal_text(value: str, text: str) -> None:
    assert decimal_text(Fraction(value)) == text


def test_a_value_without_a_decimal_is_refused() -> None:
    with pytest.raises(ValueError, match="no short decimal"):
        decimal_text(Fraction(1, 3))


def test_a_symbol_without_brackets_is_named() -> None:
    with pytest.raises(LookupError, match="NOSUCHUSDT"):
        read_brackets({"NOSUCHUSDT"})
