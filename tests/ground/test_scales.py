"""Every shipped instrument fits 63 bits with room to spare; one that does not is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from shortdesk.ground.errors import InputError
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.ground.instruments_table import find_instrument
from shortdesk.ground.scales import HEADROOM, MOST, factor_of, largest_worth, prove_scale
from shortdesk.ground.schedule import Schedule, find_schedule, known_symbols
from shortdesk.ground.symbols import resolve
from shortdesk.ground.tiers import TierRow
from shortdesk.ground.venue import Product, VenueRules, load_venue, venue_ids

DAY = date(2026, 11, 24)
PRICES = {"BTC": "90000", "ETH": "3000", "SOL": "140"}
"""Prices of late 2025; every other coin is tried at 50 cents. Worth in quote does not depend on them."""


def margined() -> Iterator[tuple[VenueRules, Product]]:
    for venue in venue_ids():
        for product in load_venue(venue).product:
            if product.margin:
                yield load_venue(venue), product


@pytest.mark.parametrize(
    ("rules", "product"), [pytest.param(rules, product, id=product.name) for rules, product in margined()]
)
def test_every_shipped_schedule_fits_63_bits(rules: VenueRules, product: Product) -> None:
    for symbol in known_symbols(product, DAY):
        found = resolve(rules, product.kind, symbol, DAY)
        price = PRICES.get(found.base, "0.5")
        instrument = find_instrument(rules, product, found, DAY, price)
        proof = prove_scale(find_schedule(product, symbol, DAY), instrument, rules.digits.get(found.settle, 8), price)
        assert proof.factor > 0
        assert proof.worth_units <= MOST


def perp(**changes: object) -> Instrument:
    usual = Instrument(
        venue="test",
        symbol="BTCUSDT",
        form=Form.LINEAR,
        base="BTC",
        quote="USDT",
        settle="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.001"),
    )
    return msgspec.structs.replace(usual, **changes)


def schedule(*caps: int | None, unit: str = "quote") -> Schedule:
    floors = [0, *[cap for cap in caps if cap is not None]]
    rows = tuple(
        TierRow(
            Fraction(floor),
            None if cap is None else Fraction(cap),
            Fraction(1, 100),
            Fraction(0),
            Fraction(1, 50),
            Fraction(50),
        )
        for floor, cap in zip(floors, caps, strict=False)
    )
    return Schedule(rows, unit, DAY, "test", "A", "", "")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("instrument", "digits", "factor"),
    [
        (perp(), 8, 10_000),  # 0.1 USDT a tick and BTC, 0.001 BTC a lot: 10^-4 USDT
        (perp(), 6, 100),
        (perp(form=Form.INVERSE, lot=Decimal(1), contract_size=Decimal(100), settle="BTC"), 8, 10**11),
        (perp(contract_size=Decimal("0.01"), lot=Decimal(1)), 8, 100_000),
    ],
)
def test_units_per_lot_and_tick(instrument: Instrument, digits: int, factor: int) -> None:
    assert factor_of(instrument, digits) == factor


def test_a_unit_too_coarse_for_the_grid_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"BTCUSDT: one tick of one lot is 0.1 units of USDT \(10\^-3\); .*tick 0.1, lot"
    ):
        factor_of(perp(), 3)


@pytest.mark.parametrize(
    ("found", "instrument", "price", "worth"),
    [
        (schedule(100, 1000), perp(), "90000", 1000),
        (schedule(100, None), perp(), "90000", 1000),  # open end: ten times its floor
        (schedule(None), perp(), "90000", 10**9),
        (schedule(500, unit="contracts"), perp(contract_size=Decimal("0.01")), "90000", 450_000),
        (schedule(500, unit="coin"), perp(form=Form.INVERSE), "90000", 500),
        (schedule(9, unit="contracts"), perp(form=Form.INVERSE, contract_size=Decimal(100)), "90000", Fraction(1, 100)),
    ],
)
def test_the_largest_position_in_the_settlement_asset(
    found: Schedule, instrument: Instrument, price: str, worth: Fraction
) -> None:
    assert largest_worth(found, instrument, price) == worth


def test_the_limit_is_exact() -> None:
    # 18 decimals leave room for 9.22 tokens; the largest cap that fits is the whole part of that over HEADROOM
    digits, instrument = 9, perp()
    fits = MOST // (HEADROOM * 10**digits)
    assert prove_scale(schedule(fits), instrument, digits, "90000").worth_units <= MOST
    with pytest.raises(InputError, match=r"BTCUSDT: the largest position, 16 times over, is worth .*, field cap"):
        prove_scale(schedule(fits + 1), instrument, digits, "90000")


def test_a_tier_that_is_too_large_is_refused_with_file_and_line() -> None:
    found = find_schedule(load_venue("binance_usdm").of_kind(), "BTCUSDT", DAY)
    with pytest.raises(InputError, match=r"^binance_usdm_2026-09-29.csv:\d+: BTCUSDT: the largest position") as refused:
        prove_scale(found, perp(), 12, "90000")
    assert "use a coarser unit of USDT than 10^-12, field cap" in str(refused.value)
