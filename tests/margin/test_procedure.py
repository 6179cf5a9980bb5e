"""What each venue does with a short that no longer meets its maintenance margin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.contract import build_contract
from shortdesk.margin.procedure import LiquidationPlan, liquidation_plan

DAY = date(2026, 11, 1)


def plan_at(
    venue: str, symbol: str, size: str, entry: str, leverage: str, mode: str = "isolated", beyond: str = "1"
) -> LiquidationPlan:
    """The plan of a fresh short at its liquidation price times ``beyond``."""
    product = load_venue(venue).of_kind("linear")
    contract = build_contract(product, symbol, mode, DAY)
    position = desk.opened(contract, "short", size, entry)
    wallet = desk.state(contract, position, entry).value / Decimal(leverage)
    if mode == "isolated":
        wallet = desk.isolated_wallet(contract, position, leverage)
    price = desk.liquidation_price(contract, position, wallet, leverage=leverage)
    assert price is not None
    fee = product.fees[-1].liquidation
    return liquidation_plan(
        product.liquidation[-1],
        contract,
        position,
        wallet,
        price * Decimal(beyond),
        leverage=leverage,
        liquidation_fee=fee,
    )


# venue, symbol, mode, size, entry, leverage, steps, closed
STORIES = """
binance_usdm BTCUSDT        isolated  2    90000  10  1  yes   the whole in one IOC
hyperliquid  BTC            isolated  1    90000  10  1  yes   below 100,000 USDC all at once
bybit        BTCUSDT        isolated  2    90000  10  1  yes   in the lowest tier it is taken over
okx          BTC-USDT-SWAP  isolated  2    90000  10  1  yes   in the two lowest tiers it is taken over
"""


@pytest.mark.parametrize("line", [line for line in STORIES.splitlines() if line])
def test_stories(line: str) -> None:
    venue, symbol, mode, size, entry, leverage, steps, closed, *_ = line.split()
    plan = plan_at(venue, symbol, size, entry, leverage, mode)
    assert len(plan.steps) == int(steps)
    assert plan.is_closed == (closed == "yes")


def test_binance_takes_its_fee_on_the_liquidated_value() -> None:
    plan = plan_at("binance_usdm", "BTCUSDT", "2", "90000", "10")
    step = plan.steps[0]
    assert step.size == 2
    assert step.size_left == 0
    assert step.fee == pytest.approx(step.size * step.price * Decimal("0.0125"))


def test_hyperliquid_sends_a_fifth_first_when_the_position_is_large() -> None:
    plan = plan_at("hyperliquid", "BTC", "10", "90000", "10", beyond="1.001")
    assert plan.steps[0].size == 2
    assert "30 s" in plan.steps[0].action


def test_deribit_closes_only_what_brings_margin_back() -> None:
    product = load_venue("deribit").of_kind("inverse")
    contract = build_contract(product, "BTC-PERPETUAL", "cross", DAY)
    position = desk.opened(contract, "short", "4000000", "50000")
    price = desk.liquidation_price(contract, position, "8")
    assert price is not None
    plan = liquidation_plan(product.liquidation[0], contract, position, "8", price)
    assert not plan.is_closed
    assert 0 < plan.steps[0].size < 4_000_000
    assert plan.shortfall == 0


def test_dydx_closes_a_tenth_a_block() -> None:
    plan = plan_at("dydx_v4", "BTC-USD", "2", "90000", "20", mode="cross", beyond="1.0001")
    assert plan.steps[0].size == pytest.approx(Decimal("0.2"))


def test_a_gap_through_bankruptcy_names_who_pays() -> None:
    plan = plan_at("binance_usdm", "BTCUSDT", "2", "90000", "10", beyond="1.1")
    assert plan.is_closed
    assert plan.shortfall > 0
    assert plan.borne_by == ("insurance", "adl")


def test_a_healthy_position_has_no_plan() -> None:
    product = load_venue("binance_usdm").of_kind("linear")
    contract = build_contract(product, "BTCUSDT", "isolated", DAY)
    position = desk.opened(contract, "short", "1", "90000")
    with pytest.raises(UsageError, match="not liquidatable"):
        liquidation_plan(product.liquidation[-1], contract, position, "9000", "90000")


@given(
    place=st.sampled_from(
        [
            ("binance_usdm", "DOGEUSDT", "isolated"),
            ("bybit", "BTCUSDT", "isolated"),
            ("okx", "BTC-USDT-SWAP", "isolated"),
            ("hyperliquid", "ETH", "isolated"),
            ("dydx_v4", "BTC-USD", "cross"),
        ]
    ),
    size=st.integers(1, 20),
    beyond=st.sampled_from(["1", "1.001", "1.02", "1.3"]),
)
def test_money_of_a_plan_adds_up(place: tuple[str, str, str], size: int, beyond: str) -> None:
    venue, symbol, mode = place
    product = load_venue(venue).of_kind("linear")
    contract = build_contract(product, symbol, mode, DAY)
    position = desk.opened(contract, "short", size, "50000")
    wallet = desk.isolated_wallet(contract, position, 5)
    price = desk.liquidation_price(contract, position, wallet, leverage=5)
    assert price is not None
    there = Fraction(price) * Fraction(beyond)
    rules = product.liquidation[-1]
    plan = liquidation_plan(rules, contract, position, wallet, there, leverage=5, liquidation_fee="0.01")
    before = Fraction(desk.state(contract, position, there, wallet).equity)
    fees = sum(Fraction(step.fee) for step in plan.steps)
    assert Fraction(plan.steps[-1].equity_left) == before - fees
    assert sum(Fraction(step.size) for step in plan.steps) + Fraction(plan.steps[-1].size_left) == size
    missing = max(Fraction(0), -Fraction(plan.steps[-1].equity_left)) if plan.is_closed else 0
    assert Fraction(plan.shortfall) == missing
