"""A chain that counts in quantums: which way each amount rounds, open interest, and where a sub-account dies."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.margin import quantums
from shortdesk.margin.quantums import Holding

RESOLUTION = -10
"""BTC: a base quantum is 10^-10."""


def btc(base_quantums: int, price: int | Fraction = 50_000) -> Holding:
    return Holding("BTC-USD", base_quantums, RESOLUTION, Fraction(price), Fraction(1, 50), Fraction(3, 250))


@given(st.integers(-(10**14), 10**14), st.decimals("0.0001", "200000", places=4))
def test_margins_round_up_and_notionals_toward_zero(base: int, price: Decimal) -> None:
    """One base quantum moves price * 10^(-10 + 6) quote quantums."""
    exact = base * Fraction(price) / 10**4
    found = quantums.holding_risk(btc(base, Fraction(price)))
    assert found.equity == int(exact)
    for margin, rate in ((found.initial, Fraction(1, 50)), (found.maintenance, Fraction(3, 250))):
        assert abs(exact) * rate <= margin < abs(exact) * rate + 1
    initial, maintenance = quantums.required_margins(base, RESOLUTION, price, 0, 20_000, 600_000)
    assert (initial, maintenance) == (found.initial, found.maintenance)


@pytest.mark.parametrize(
    ("open_interest", "ppm"),
    [(0, 20_000), (100, 20_000), (150, 510_000), (199, 990_200), (200, 1_000_000), (999, 1_000_000)],
)
def test_open_interest_lifts_the_initial_rate_to_one(open_interest: int, ppm: int) -> None:
    assert quantums.open_interest_rate(20_000, open_interest, 100, 200) == ppm
    assert quantums.open_interest_rate(20_000, open_interest, 0, 0) == 20_000


@given(st.integers(1, 10**13), st.decimals("0.02", "1", places=3), st.booleans())
def test_a_sub_account_dies_just_beyond_its_liquidation_price(base: int, margin: Decimal, is_short: bool) -> None:
    """Equality is safe; a price further by as much as the rounding of quantums is not."""
    assume(base > 10**9)
    size = Fraction(-base if is_short else base, 10**10)
    quote = -size * 50_000 + abs(size) * 50_000 * Fraction(margin)
    units = int(quote * 10**6)
    price = Fraction(quantums.quantum_liquidation_price(size, Fraction(units, 10**6), "0.012"))
    assume(price > 1)
    slack = 3 / abs(size) / 10**6
    signed = -base if is_short else base
    against = 1 if is_short else -1
    assert quantums.liquidatable(quantums.net_risk(units, [btc(signed, price + against * slack)]))
    assert not quantums.liquidatable(quantums.net_risk(units, [btc(signed, price - against * slack)]))


def test_equality_is_safe_and_one_quantum_less_is_not() -> None:
    # short 1 BTC at 50,000: maintenance 600
    holding = [btc(-(10**10))]
    assert not quantums.liquidatable(quantums.net_risk(50_600 * 10**6, holding))
    assert quantums.liquidatable(quantums.net_risk(50_600 * 10**6 - 1, holding))
    assert not quantums.liquidatable(quantums.net_risk(-5, []))


def test_closing_all_at_the_bankruptcy_quote_leaves_nothing() -> None:
    quote, holdings = 50_300 * 10**6, [btc(-(10**10))]
    whole = quantums.bankruptcy_quote(quote, holdings, "BTC-USD", 10**10)
    assert quote + whole == 0
    with pytest.raises(UsageError, match="no position in ETH-USD; the account holds BTC-USD"):
        quantums.bankruptcy_quote(quote, holdings, "ETH-USD", 1)


def test_the_fillable_price_moves_from_the_oracle_toward_bankruptcy() -> None:
    """In quote quantums per base quantum; at 50,000 that is 5."""
    prices = [
        quantums.fillable_price(quote * 10**6, [btc(-(10**10))], "BTC-USD", 1_000_000, 1_500_000)
        for quote in (50_600, 50_500, 50_300, 50_000, 49_000)
    ]
    assert prices[0] == 5
    assert prices == sorted(prices)
    # ABR is 1 from zero equity on: 50,000 + 1.5 * 600 a coin
    assert prices[3] == prices[4] == Decimal("5.09")


def test_the_fund_gains_at_most_its_fee_and_bears_losses_whole() -> None:
    holdings = [btc(-(10**10))]
    quote = 50_300 * 10**6
    gain = quantums.insurance_delta(quote, holdings, "buy", 10**10, "50000", 5_000)
    assert gain == 50_000 * 10**6 * 5 // 1000
    assert quantums.insurance_delta(quote, holdings, "buy", 10**10, "50299", 5_000) == 10**6
    assert quantums.insurance_delta(quote, holdings, "buy", 10**10, "50400", 5_000) == -100 * 10**6


@pytest.mark.parametrize(
    ("notional", "least", "most"),
    [(500, 500, 500), (1_000, 1_000, 1_000), (5_000, 1_000, 1_000), (50_000, 1_000, 5_000)],
)
def test_limits_of_one_block(notional: int, least: int, most: int) -> None:
    assert quantums.partial_limits(notional, 1_000, 100_000) == (least, most)


@given(st.integers(-(10**6), 10**6), st.integers(1, 28_800))
def test_the_funding_index_is_cut_toward_zero(rate_ppm: int, seconds: int) -> None:
    up = quantums.funding_index_delta(RESOLUTION, "50000", 0, rate_ppm, seconds)
    assert up == -quantums.funding_index_delta(RESOLUTION, "50000", 0, -rate_ppm, seconds)
    assert abs(up) <= abs(Fraction(5 * rate_ppm * seconds, 28_800)) < abs(up) + 1


def test_a_long_pays_what_a_short_receives() -> None:
    assert quantums.funding_settlement(0, 7, 10**10) == -quantums.funding_settlement(0, 7, -(10**10)) == -7 * 10**10


def test_rates_of_a_liquidity_tier() -> None:
    assert quantums.tier_rates("0.02", "0.6", "6") == (Decimal("0.012"), Decimal("0.048"))
    assert quantums.funding_rate_limit(6_000_000, 20_000, 600_000) == 48_000
