"""On-chain lending: seizures keep to the balance and the stated bonus; bounds of the close factor."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.margin import lending
from shortdesk.margin.lending import LiquidationCall

AMOUNTS = st.integers(1, 10**24)
PRICES = st.integers(1, 10**13)
DECIMALS = st.sampled_from([6, 8, 18])


@given(AMOUNTS, AMOUNTS, PRICES, PRICES, DECIMALS, DECIMALS, st.integers(10_000, 12_000), st.integers(0, 5_000))
def test_a_seizure_keeps_its_bounds(
    cover: int, balance: int, price: int, debt_price: int, places: int, debt_places: int, bonus: int, fee: int
) -> None:
    unit, debt_unit = 10**places, 10**debt_places
    found = lending.seizure(cover, balance, price, unit, debt_price, debt_unit, bonus, fee)
    taken = found.to_liquidator + found.protocol_fee
    assert 0 <= taken <= balance
    assert found.protocol_fee >= 0
    assert found.to_liquidator >= 0
    # What is taken is worth at most the debt repaid with its bonus.
    worth = Fraction(taken * price, unit)
    assert worth <= Fraction(found.debt_repaid * debt_price, debt_unit) * Fraction(bonus, 10_000)
    # The protocol's part is its share of the bonus, rounded up.
    bonus_units = taken - taken * 10_000 // bonus
    assert Fraction(bonus_units * fee, 10_000) <= found.protocol_fee < Fraction(bonus_units * fee, 10_000) + 1


@given(AMOUNTS, AMOUNTS, st.integers(0, 10**20))
def test_more_cover_takes_no_less(cover: int, balance: int, more: int) -> None:
    given_ = (balance, 2_000 * 10**8, 10**18, 10**8, 10**6, 10_500, 1_000)
    less, larger = (lending.seizure(amount, *given_) for amount in (cover, cover + more))
    assert less.to_liquidator + less.protocol_fee <= larger.to_liquidator + larger.protocol_fee


@pytest.mark.parametrize(
    ("health", "collateral", "debt", "part"),
    [
        ("0.99", "10000", "8000", "0.5"),
        ("0.9501", "10000", "8000", "0.5"),
        ("0.95", "10000", "8000", "1"),
        ("0.5", "10000", "8000", "1"),
        ("0.99", "2000", "2000", "0.5"),
        ("0.99", "1999.99", "2000", "1"),
        ("0.99", "2000", "1999.99", "1"),
    ],
)
def test_bounds_of_the_close_factor(health: str, collateral: str, debt: str, part: str) -> None:
    assert lending.close_factor(health, collateral, debt) == Decimal(part)


def call(collateral: int, debt: int, requested: int | None = None) -> LiquidationCall:
    """USDC collateral against WETH at 2,000; threshold 80 %, bonus 5 %, a tenth of it to the protocol."""
    return lending.liquidation_call(
        collateral_amount=collateral * 10**6,
        collateral_decimals=6,
        collateral_price=10**8,
        debt_amount=debt * 10**16,
        debt_decimals=18,
        debt_price=2_000 * 10**8,
        threshold_bps=8_000,
        bonus_bps=10_500,
        protocol_fee_bps=1_000,
        requested=requested,
    )


def test_calls_from_healthy_to_under_water() -> None:
    # 10,000 * 0.8 = 8,000 against 4 ETH: a health factor of exactly 1 is safe
    assert call(10_000, 400) == LiquidationCall(Decimal(1), False, Decimal("0.5"), 0, 0, 0, 0)
    # 4.10 ETH owe 8,200: half may be repaid, 2.05 ETH = 4,100 and 5 % of it
    half = call(10_000, 410)
    assert (half.liquidatable, half.close_factor) == (True, Decimal("0.5"))
    assert half.debt_repaid == 205 * 10**16
    assert half.collateral_to_liquidator + half.protocol_fee == 4_305 * 10**6
    assert half.protocol_fee == 20_500_000
    # 6 ETH owe 12,000 with 10,000 behind them: all collateral goes and a deficit stays
    under = call(10_000, 600)
    assert under.close_factor == 1
    assert under.collateral_to_liquidator + under.protocol_fee == 10_000 * 10**6
    assert under.bad_debt == 600 * 10**16 - under.debt_repaid > 0


def test_a_small_request_is_met_as_asked() -> None:
    assert call(10_000, 410, requested=10**16).debt_repaid == 10**16


@given(st.integers(0, 100), st.integers(0, 100))
def test_the_borrow_rate_never_falls_with_utilisation(a: int, b: int) -> None:
    low, high = sorted((a, b))
    rates = [lending.borrow_rate_at(Fraction(u, 100), "0.8", "0", "0.04", "0.6") for u in (low, high)]
    assert rates[0] <= rates[1]


@pytest.mark.parametrize(
    ("used", "rate"), [("0", "0.01"), ("0.4", "0.03"), ("0.8", "0.05"), ("0.9", "0.35"), ("1", "0.65")]
)
def test_two_slopes_meet_at_the_bend(used: str, rate: str) -> None:
    assert lending.borrow_rate_at(used, "0.8", "0.01", "0.04", "0.6") == Decimal(rate)


def test_the_health_factor_is_one_at_the_liquidation_price() -> None:
    price = lending.lending_liquidation_price("10000", "0.8", "2")
    assert price is not None
    assert abs(Fraction(price) - 4000) < Fraction(1, 10**20)
    assert lending.health_factor("10000", "0.8", "8000") == 1
    assert lending.lending_liquidation_price("10000", "0.8", "0") is None
