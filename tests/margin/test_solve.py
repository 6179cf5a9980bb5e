"""The liquidation price is exactly where Risk flips: one tick before it the position lives, at it it is dead."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shortdesk.ground.fine import ONE, fine
from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import tier_symbols
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.margin.risk import is_liquidatable

DAY = date(2026, 11, 1)

PLACES = [
    ("binance_usdm", "linear", "BTCUSDT", "isolated"),
    ("binance_usdm", "linear", "DOGEUSDT", "cross"),
    ("binance_coinm", "inverse", "BTCUSD_PERP", "isolated"),
    ("bybit", "linear", "BTCUSDT", "isolated"),
    ("bybit", "linear", "BTCUSDT", "cross"),
    ("bybit", "inverse", "BTCUSD", "isolated"),
    ("okx", "linear", "BTC-USDT-SWAP", "isolated"),
    ("deribit", "inverse", "BTC-PERPETUAL", "cross"),
    ("deribit", "linear", "SOL_USDC-PERPETUAL", "cross"),
    ("bitmex", "inverse", "XBTUSD", "isolated"),
    ("bitmex", "linear", "XBTUSDT", "isolated"),
    ("hyperliquid", "linear", "BTC", "isolated"),
    ("dydx_v4", "linear", "BTC-USD", "cross"),
]


def contract_at(venue: str, kind: str, symbol: str, mode: str) -> Contract:
    return build_contract(load_venue(venue).of_kind(kind), symbol, mode, DAY)


def dead_at(contract: Contract, position: object, wallet: Decimal, leverage: Decimal, ticks: int) -> bool:
    price = Fraction(ticks, ONE)
    risk = desk.risk_of(contract, position, price, wallet, leverage)  # type: ignore[arg-type]
    return is_liquidatable(risk, contract.terms.trigger)


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(place))
@given(
    side=st.sampled_from(["short", "long"]),
    notional=st.integers(1_000, 900_000),
    entry=st.decimals("0.01", "150000", places=2),
    leverage=st.sampled_from([Decimal(x) for x in ("1", "2", "3.5", "10", "20")]),
    spare=st.decimals("0", "0.5", places=3),
)
def test_risk_flips_there_and_nowhere_before(
    place: tuple[str, str, str, str], side: str, notional: int, entry: Decimal, leverage: Decimal, spare: Decimal
) -> None:
    contract = contract_at(*place)
    size = Decimal(notional) if contract.form == Form.INVERSE else Decimal(notional) / entry
    position = desk.opened(contract, side, size, entry)
    value = Fraction(desk.state(contract, position, entry).entry_value)
    wallet = desk.from_fine(fine(value / Fraction(leverage) * (1 + Fraction(spare)), 2), 2)
    assume(not dead_at(contract, position, wallet, leverage, fine(entry)))
    price = desk.liquidation_price(contract, position, wallet, leverage=leverage)
    against = 1 if side == "short" else -1
    if price is None:
        last = desk.HIGHEST if side == "short" else 1
        assert not dead_at(contract, position, wallet, leverage, last)
        return
    ticks = fine(price)
    assert dead_at(contract, position, wallet, leverage, ticks)
    assert not dead_at(contract, position, wallet, leverage, ticks - against)
    assert (price > entry) == (side == "short")


def test_a_long_that_asks_for_more_maintenance_than_it_is_worth_has_no_price_below() -> None:
    """Deribit asks 102 % for 200,000 SOL: equity 0.024 + p, maintenance 1.02 p; it dies above 1.2 times its entry."""
    contract = contract_at("deribit", "linear", "SOL_USDC-PERPETUAL", "cross")
    position = desk.opened(contract, "long", 200_000, "0.50")
    wallet = Decimal(100_000) * Decimal("1.024")
    assert not dead_at(contract, position, wallet, Decimal(1), fine("0.50"))
    assert not dead_at(contract, position, wallet, Decimal(1), 1)
    assert dead_at(contract, position, wallet, Decimal(1), fine("0.61"))
    assert desk.liquidation_price(contract, position, wallet, leverage=1) is None


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(place))
def test_more_wallet_moves_it_away_and_bankruptcy_lies_behind(place: tuple[str, str, str, str]) -> None:
    contract = contract_at(*place)
    size = Decimal(200_000) if contract.form == Form.INVERSE else Decimal(4)
    position = desk.opened(contract, "short", size, "50000")
    value = desk.state(contract, position, "50000").value
    prices = []
    for part in ("0.06", "0.1", "0.2", "0.4"):
        wallet = value * Decimal(part)
        price = desk.liquidation_price(contract, position, wallet, leverage=10)
        bust = desk.bankruptcy_price(contract, position, wallet)
        assert price is not None
        assert bust is not None
        assert price <= bust
        prices.append(price)
    assert prices == sorted(prices)
    assert len(set(prices)) == len(prices)


def test_a_one_times_linear_short_dies() -> None:
    contract = contract_at("binance_usdm", "linear", "BTCUSDT", "isolated")
    position = desk.opened(contract, "short", "1", "50000")
    price = desk.liquidation_price(contract, position, "50000")
    assert price is not None
    assert 99_000 < price < 100_000


def test_an_inverse_short_backed_by_its_coins_never_dies() -> None:
    contract = contract_at("binance_coinm", "inverse", "BTCUSD_PERP", "isolated")
    position = desk.opened(contract, "short", "50000", "50000")
    assert desk.liquidation_price(contract, position, "1") is None
    assert desk.liquidation_price(contract, position, "0.99") is not None
    assert desk.equity_in_the_end(contract, position, "1.25") == Decimal("0.25")


def test_every_binance_symbol_has_a_liquidation_price_beyond_its_entry() -> None:
    product = load_venue("binance_usdm").of_kind("linear")
    symbols = tier_symbols("binance_usdm_2026-09-29.csv")
    assert len(symbols) == 907
    for symbol in symbols:
        contract = build_contract(product, symbol, "isolated", DAY)
        leverage = min(5, int(contract.rows[0].max_leverage))
        position = desk.opened(contract, "short", "1000", "1")
        wallet = desk.isolated_wallet(contract, position, leverage)
        price = desk.liquidation_price(contract, position, wallet, leverage=leverage)
        assert price is not None
        assert 1 < price < 1 + Fraction(1, leverage)
