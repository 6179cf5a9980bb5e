"""Loans: hours and interest, margin levels and their bounds, liquidation prices, how much more may be borrowed."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import ONE, fine
from shortdesk.margin import borrow
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.risk import Trigger, is_liquidatable

MINUTE = 60 * 10**9


def at(clock: str) -> int:
    hours, minutes = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * MINUTE


@pytest.mark.parametrize(
    ("opened", "repaid", "touched", "started", "four_hours", "elapsed"),
    [
        # Binance's own example: borrowed 13:20, repaid 14:15 is two hours of the clock
        ("13:20", "14:15", 2, 1, 2, 1),
        ("13:20", "13:21", 1, 1, 2, 0),
        ("13:00", "13:59", 1, 1, 2, 0),
        ("13:00", "14:00", 2, 1, 2, 1),
        ("13:59", "14:01", 2, 1, 2, 1),
        ("13:20", "14:21", 2, 2, 2, 1),
        ("00:00", "23:59", 24, 24, 7, 23),
        ("10:00", "14:00", 5, 4, 2, 4),
        ("10:00", "14:01", 5, 5, 3, 4),
    ],
)
def test_hours_as_each_venue_counts_them(
    opened: str, repaid: str, touched: int, started: int, four_hours: int, elapsed: int
) -> None:
    counted = [borrow.charged_hours(form, at(opened), at(repaid)) for form in HourForm]
    assert counted == [touched, started, four_hours, elapsed]


@given(st.integers(0, 10**16), st.integers(0, 10**16), st.integers(0, 10**15), st.sampled_from(HourForm))
def test_hours_never_fall_as_time_goes(opened: int, held: int, more: int, form: HourForm) -> None:
    first = borrow.charged_hours(form, opened, opened + held)
    assert (form != HourForm.ELAPSED_HOURS) <= first <= borrow.charged_hours(form, opened, opened + held + more)


@given(
    st.decimals("0.00000001", "1000000", places=8),
    st.decimals("0", "0.01", places=8),
    st.integers(1, 10_000),
    st.integers(0, 1000),
)
def test_interest_grows_with_hours_and_is_exact(amount: Decimal, rate: Decimal, hours: int, more: int) -> None:
    due = borrow.interest_due(amount, rate, hours)
    assert Fraction(due) == Fraction(amount) * Fraction(rate) * hours
    assert due <= borrow.interest_due(amount, rate, hours + more)


def test_interest_in_smallest_units_goes_up() -> None:
    assert borrow.interest(1, 1, 10**9, 1) == 1
    assert borrow.interest(10**9, 1, 10**9, 3) == 3
    assert borrow.interest(10**9 + 1, 1, 10**9, 3) == 4


THRESHOLDS = {"transfer_out": "2", "borrow": "1.5", "margin_call": "1.3", "liquidation": "1.1"}


@pytest.mark.parametrize(
    ("level", "state"),
    [
        (None, "above_transfer_out"),
        ("2.0001", "above_transfer_out"),
        ("2", "above_transfer_out"),
        ("1.9999", "borrow_and_trade"),
        ("1.5001", "borrow_and_trade"),
        ("1.5", "no_borrow"),
        ("1.3001", "no_borrow"),
        ("1.3", "margin_call"),
        ("1.1001", "margin_call"),
        ("1.1", "liquidation"),
        ("0.5", "liquidation"),
    ],
)
def test_a_level_on_a_bound(level: str | None, state: str) -> None:
    assert borrow.level_state(level, THRESHOLDS) == state


@given(
    quote=st.decimals("1000", "1000000", places=2),
    debt=st.decimals("0.01", "10", places=4),
    on_debts=st.decimals("0.01", "0.3", places=4),
    on_assets=st.decimals("0", "0.3", places=2),
    trigger=st.sampled_from(Trigger),
    is_short=st.booleans(),
)
def test_a_loan_is_called_in_where_its_risk_flips(
    quote: Decimal, debt: Decimal, on_debts: Decimal, on_assets: Decimal, trigger: Trigger, is_short: bool
) -> None:
    base_assets, quote_assets, base_debt, quote_debt = (0, quote, debt, 0) if is_short else (debt, 0, 0, quote)
    price = borrow.loan_liquidation_price(
        maintenance_rate=on_debts,
        asset_rate=on_assets,
        base_assets=base_assets,
        quote_assets=quote_assets,
        base_debt=base_debt,
        quote_debt=quote_debt,
        trigger=trigger,
    )
    assert price is not None

    def dead(ticks: int) -> bool:
        one = 10**4
        rates = int(on_debts * one), int(on_assets * one), 0, one
        amounts = fine(base_assets), fine(quote_assets, 2), fine(base_debt), fine(quote_debt, 2)
        return is_liquidatable(borrow.loan_risk(*amounts, 1, ticks, *rates), trigger)

    against = 1 if is_short else -1
    assert dead(fine(price))
    assert not dead(fine(price) - against)
    # Closed form: counted assets = debts * (1 + rate).
    exact = Fraction(quote) * (1 - Fraction(on_assets)) / (Fraction(debt) * (1 + Fraction(on_debts)))
    if not is_short:
        exact = Fraction(quote) * (1 + Fraction(on_debts)) / (Fraction(debt) * (1 - Fraction(on_assets)))
    assert abs(Fraction(price) - exact) <= Fraction(2, ONE)


def test_no_debt_no_liquidation() -> None:
    assert borrow.loan_liquidation_price(maintenance_rate="0.1", quote_assets="100") is None
    assert borrow.margin_level("100", "0") is None


def test_more_may_be_borrowed_until_the_initial_ratio_binds() -> None:
    """(assets - ratio * borrowed) / (ratio - 1): after it, assets over debts stand at the ratio."""
    more = Fraction(borrow.most_borrowable("10000", "1.25", "2000"))
    assert (10000 + more) / (2000 + more) == Fraction(5, 4)
    assert borrow.most_borrowable("2000", "1.25", "2000") == 0
    with pytest.raises(UsageError, match="above 1"):
        borrow.most_borrowable("1", "1", "0")


def test_a_collateral_call_brings_the_level_back() -> None:
    missing = Fraction(borrow.collateral_call("1200", "1000", "1.3"))
    assert (1200 + missing) / 1000 == Fraction(13, 10)
    assert borrow.collateral_call("1300", "1000", "1.3") == 0


@pytest.mark.parametrize(("leverage", "rate"), [("10", "0.1"), ("3", "0.33333333"), ("7", "0.14285714")])
def test_rates_of_leverages_are_cut(leverage: str, rate: str) -> None:
    assert borrow.rate_from_leverage(leverage) == Decimal(rate)


def test_ladder_leverages_are_cut_to_hundredths() -> None:
    assert borrow.ladder_leverages(["1.111", "1.2", "1.5", "2"]) == [Decimal("10"), 6, 3, 2]


def test_a_unified_account_owes_only_what_is_missing() -> None:
    assert borrow.borrowed_by_account("100", "20", "30", "40") == 0
    assert borrow.borrowed_by_account("100", "50", "30", "40") == 20
