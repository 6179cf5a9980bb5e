"""Ticks and their prices: the contract's constants, the definition in high precision, and the way back."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pool_kernels import ticks_kernel

from shortdesk.ground import wide
from shortdesk.market.tick_math import (
    MAX_SQRT_PRICE_X96,
    MAX_TICK,
    MIN_SQRT_PRICE_X96,
    MIN_TICK,
    sqrt_price_x96_at_tick,
    tick_at_sqrt_price_x96,
    usable_tick_max,
)

prices = st.integers(MIN_SQRT_PRICE_X96, MAX_SQRT_PRICE_X96 - 1)
ticks = st.integers(MIN_TICK, MAX_TICK)


@pytest.mark.parametrize(
    ("tick", "sqrt_price_x96"),
    [
        # Uniswap v3-core and v4-core, TickMath and its tests
        (MIN_TICK, 4295128739),
        (MIN_TICK + 1, 4295343490),
        (-50_000, 6504256538020985011912221507),
        (-250, 78244023372248365697264290337),
        (0, 1 << 96),
        (50, 79426470787362580746886972461),
        (100, 79625275426524748796330556128),
        (3_000, 92049301871182272007977902845),
        (250_000, 21246587762933397357449903968194344),
        (738_203, 847134979253254120489401328389043031315994541),
        (MAX_TICK - 1, 1461373636630004318706518188784493106690254656249),
        (MAX_TICK, 1461446703485210103287273052203988822378723970342),
    ],
)
def test_published_prices(tick: int, sqrt_price_x96: int) -> None:
    assert sqrt_price_x96_at_tick(tick) == sqrt_price_x96


@given(ticks)
def test_a_price_is_its_definition_in_high_precision(tick: int) -> None:
    """√(1.0001^tick) × 2^96 within the precision that 2^-96 and twenty factors of 128 bits leave."""
    with localcontext() as context:
        context.prec = 80
        exact = (Decimal("1.0001") ** tick).sqrt() * 2**96
        error = abs(Decimal(sqrt_price_x96_at_tick(tick)) - exact)
        # Above tick 0 the reciprocal of 128 bits is taken, so the error grows with the square of the price.
        assert error <= 1 + exact * Decimal(2) ** -105 + exact * exact * Decimal(2) ** -216


@given(prices)
def test_the_tick_of_a_price_is_the_greatest_that_does_not_exceed_it(price: int) -> None:
    tick = tick_at_sqrt_price_x96(price)
    assert sqrt_price_x96_at_tick(tick) <= price < sqrt_price_x96_at_tick(tick + 1)


@given(ticks.filter(lambda tick: MIN_TICK < tick < MAX_TICK))
def test_beside_a_tick_one_unit_decides(tick: int) -> None:
    price = sqrt_price_x96_at_tick(tick)
    assert [tick_at_sqrt_price_x96(price + step) for step in (-1, 0, 1)] == [tick - 1, tick, tick]


def test_the_ends() -> None:
    assert tick_at_sqrt_price_x96(MIN_SQRT_PRICE_X96) == MIN_TICK
    assert tick_at_sqrt_price_x96(MAX_SQRT_PRICE_X96 - 1) == MAX_TICK - 1
    assert [usable_tick_max(spacing) for spacing in (1, 10, 60, 200)] == [887_272, 887_270, 887_220, 887_200]


@pytest.mark.compiled
def test_compiled_says_what_python_says() -> None:
    """10^5 ticks over the whole range, the ends among them."""
    asked = np.unique(np.linspace(MIN_TICK, MAX_TICK, 100_000).astype(np.int64))
    found, back = np.zeros((len(asked), 4), np.uint64), np.zeros(len(asked), np.int64)
    ticks_kernel(asked, found, back)
    expected = [sqrt_price_x96_at_tick(int(tick)) for tick in asked]
    assert [wide.load(row) for row in found] == expected
    # The price of the last tick lies outside what a pool can have; its tick is the one below.
    assert (back == np.minimum(asked, MAX_TICK - 1)).all()
