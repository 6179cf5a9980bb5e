"""Funding: from the premium to the rate to the payment, and that payers cover receivers."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.instrument import Form
from shortdesk.margin import funding
from shortdesk.margin.funding import FundingForm

RATE_ONE = 10**8


@pytest.mark.parametrize(
    ("bid", "ask", "index", "premium"),
    [
        ("99", "101", "100", "0"),
        ("100", "100", "100", "0"),
        ("101", "102", "100", "0.01"),
        ("97", "99", "100", "-0.01"),
        ("100", "101", "100", "0"),
        ("99", "100", "100", "0"),
    ],
)
def test_no_premium_while_the_index_lies_in_the_book(bid: str, ask: str, index: str, premium: str) -> None:
    assert funding.premium_index(bid, ask, index) == Decimal(premium)


def test_the_mid_form_has_no_dead_zone() -> None:
    assert funding.premium_index("99", "103", "100", "mid") == Decimal("0.01")


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=400))
def test_the_rising_average_is_the_weighted_sum(samples: list[int]) -> None:
    weighted = sum(k * p for k, p in enumerate(samples, 1))
    exact = Fraction(weighted, len(samples) * (len(samples) + 1) // 2)
    assert abs(funding.rising_average(weighted, len(samples)) - exact) <= Fraction(1, 2)


def test_the_newest_sample_weighs_most_and_none_gives_none() -> None:
    assert funding.average_premium(["0", "0", "0.006"]) == Decimal("0.003")
    assert funding.average_premium([]) == 0


@pytest.mark.parametrize(
    # Binance: interest 0.01 %, clamp 0.05 % per eight hours
    ("premium", "hours", "rate"),
    [
        ("0", 8, "0.0001"),
        ("0.0006", 8, "0.0001"),
        ("0.0007", 8, "0.0002"),
        ("-0.0004", 8, "0.0001"),
        ("-0.0005", 8, "0"),
        ("0.0007", 4, "0.0001"),
        ("0.0007", 1, "0.000025"),
        ("0.5", 8, "0.003"),
        ("-0.5", 8, "-0.003"),
    ],
)
def test_clamped_rates(premium: str, hours: int, rate: str) -> None:
    found = funding.funding_rate(premium, interest="0.0001", clamp_rate="0.0005", cap="0.003", interval_hours=hours)
    assert found == Decimal(rate)


@pytest.mark.parametrize(
    ("premium", "rate"),
    [("0", "0"), ("0.00025", "0"), ("-0.00025", "0"), ("0.0003", "0.00005"), ("-0.0003", "-0.00005"), ("1", "0.005")],
)
def test_dead_band(premium: str, rate: str) -> None:
    found = funding.funding_rate(premium, form=FundingForm.DEAD_BAND, band="0.00025", cap="0.005")
    assert found == Decimal(rate)


@given(st.integers(-(10**8), 10**8), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from([1, 2, 4, 8]))
def test_the_rate_rises_with_the_premium_and_keeps_its_cap(premium: int, interest: int, clamp: int, hours: int) -> None:
    for form in FundingForm:
        low, high = (funding.rate_by_form(form, premium + d, interest, clamp, 25_000, hours) for d in (0, 1000))
        assert low <= high
        assert abs(funding.limited_rate(low, 300_000)) <= 300_000
        assert funding.limited_rate(low, 0) == low


@given(
    sizes=st.lists(st.integers(1, 10**9), min_size=1, max_size=20),
    ticks=st.integers(1, 10**9),
    rate=st.integers(-(10**6), 10**6),
    inverse=st.booleans(),
)
def test_what_all_pay_covers_what_all_receive(sizes: list[int], ticks: int, rate: int, inverse: bool) -> None:
    """Longs of any sizes against one short of their sum: payers cover receivers, to a unit a head."""
    form, factor = (Form.INVERSE, 10**12) if inverse else (Form.LINEAR, 1)
    positions = [*sizes, -sum(sizes)]
    paid = [funding.funding_paid(form, factor, lots, ticks, rate, RATE_ONE) for lots in positions]
    slack = len(positions) * (2 if inverse else 1)
    assert (0 if not inverse else -slack) <= sum(paid) <= slack
    for lots, units in zip(positions, paid, strict=True):
        if units:
            assert (units > 0) == ((lots > 0) == (rate > 0))


@pytest.mark.parametrize("form", [Form.LINEAR, Form.INVERSE])
def test_a_long_and_a_short_of_one_size(form: Form) -> None:
    payments = [("0.00013", "61234.5"), ("-0.0002", "59876.1")]
    got = [funding.funding_received(side, "12345", payments, form) for side in ("long", "short")]
    assert -Fraction(1, 10**40) < sum(map(Fraction, got)) <= 0


def test_a_short_receives_a_positive_rate() -> None:
    assert funding.funding_received("short", "2", [("0.0001", "50000")]) == Decimal("10")
    assert funding.funding_received("long", "2", [("0.0001", "50000")]) == Decimal("-10")


def test_eight_hours_of_accrual_are_one_payment() -> None:
    whole = funding.funding_accrued("short", "50000", "50000", "0.0008", 480)
    assert whole == Decimal("0.0008")
    parts = sum(Fraction(funding.funding_accrued("short", "50000", "50000", "0.0008", m)) for m in (60, 180, 240))
    assert abs(Fraction(parts) - Fraction(whole)) < Fraction(1, 10**40)


def test_a_round_trip_adds_up() -> None:
    found = funding.round_trip("short", "50000", "50000", "51000", "49000", "0.0001")
    assert Fraction(found.net) == Fraction(found.realised) - Fraction(found.funding_paid)
    assert found.realised > 0
    assert found.funding_paid < 0
    assert abs(found.value_at_mark - Decimal(50000) / 51000) < Decimal("1e-20")
