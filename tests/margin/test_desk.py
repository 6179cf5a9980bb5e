"""The desk's small faces: ticks, printed prices, break-even, and what is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.contract import build_contract

CONTRACT = build_contract(load_venue("binance_usdm").of_kind("linear"), "BTCUSDT", "isolated", date(2026, 11, 1))


@pytest.mark.parametrize(
    ("side", "printed", "price"),
    [
        ("short", "exact", "100.37"),
        ("short", "tick_against", "100"),
        ("long", "tick_against", "100.5"),
        ("short", "tick_toward_entry", "99.87"),
        ("long", "tick_toward_entry", "100.87"),
    ],
)
def test_prices_as_venues_print_them(side: str, printed: str, price: str) -> None:
    assert desk.printed_liquidation(Decimal("100.37"), side, "0.5", printed) == Decimal(price)
    assert desk.printed_liquidation(Decimal("100.5"), side, "0.5", "tick_against") == Decimal("100.5")
    assert desk.printed_liquidation(Decimal("100.37"), side, 0, printed) == Decimal("100.37")


@given(st.decimals("0.01", "1e6", places=4), st.sampled_from(["0.1", "0.5", "1", "0.0001"]))
def test_the_nearest_tick_is_within_half_of_one(price: Decimal, tick: str) -> None:
    found = Fraction(desk.to_tick(price, tick))
    assert (found / Fraction(tick)).denominator == 1
    assert abs(found - Fraction(price)) <= Fraction(tick) / 2


@given(
    st.sampled_from(["short", "long"]),
    st.sampled_from([Form.LINEAR, Form.INVERSE]),
    st.integers(1, 20),
    st.integers(0, 20),
)
def test_closing_at_break_even_earns_back_both_fees(side: str, form: Form, opening: int, closing: int) -> None:
    entry, fees = Fraction(50_000), (Fraction(opening, 10_000), Fraction(closing, 10_000))
    price = Fraction(desk.break_even_price(side, 50_000, *fees, form))
    sign = 1 if side == "long" else -1
    if form == Form.LINEAR:
        left = sign * (price - entry) - entry * fees[0] - price * fees[1]
    else:
        left = sign * (1 / entry - 1 / price) - fees[0] / entry - fees[1] / price
    assert abs(left) < Fraction(1, 10**18)


@pytest.mark.parametrize(("size", "entry"), [("0", "1"), ("1", "0"), ("-1", "1"), ("1", "-1")])
def test_no_position_of_nothing(size: str, entry: str) -> None:
    with pytest.raises(UsageError, match="expected a positive number"):
        desk.opened(CONTRACT, "short", size, entry)


@pytest.mark.parametrize("value", ["NaN", "inf", "x", 1.5])
def test_no_number_no_position(value: object) -> None:
    with pytest.raises(UsageError):
        desk.opened(CONTRACT, "short", value, "1")  # type: ignore[arg-type]


def test_sides_have_four_names() -> None:
    assert [desk.side_of(side) for side in ("long", "buy", "short", "sell")] == [1, 1, -1, -1]
    with pytest.raises(UsageError, match="expected long or short"):
        desk.side_of("flat")


def test_wallet_and_state_are_inverse_to_each_other() -> None:
    position = desk.opened(CONTRACT, "short", "2", "50000")
    wallet = desk.wallet_behind(CONTRACT, position, "51000", "7000")
    assert wallet == 9000
    assert desk.state(CONTRACT, position, "51000", wallet).equity == 7000
    ratio = Fraction(desk.margin_ratio(CONTRACT, position, "51000", wallet))
    assert abs(ratio - Fraction(7000, 408)) < Fraction(1, 10**20)
    assert CONTRACT.row(desk.margins(CONTRACT, position, "51000").tier).maintenance_rate == Fraction(4, 1000)


def test_the_break_even_after_realised_profit_counts_the_closing_fee() -> None:
    price = Fraction(desk.break_even_after_realised("short", "2", "50000", "100", "0.001"))
    assert abs(-2 * (price - 50_000) + 100 - 2 * price * Fraction(1, 1000)) < Fraction(1, 10**15)
