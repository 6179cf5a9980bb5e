"""Ticks of a concentrated pool and their prices: price = 1.0001^tick, kept as √price × 2^96.

The twenty factors, the bounds and the rounding are those of Uniswap's TickMath library (v3-core and v4-core),
so every price agrees to the last bit. The way back needs no logarithm in integers: a tick is *defined* as the
greatest one whose price does not exceed the given price, so a guess is enough, checked exactly where it is close.
"""

from __future__ import annotations

import math

import numpy as np

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp
from shortdesk.ground.wide import Wide
from shortdesk.ground.words import Words

__all__ = [
    "MAX_SQRT_PRICE_X96",
    "MAX_TICK",
    "MIN_SQRT_PRICE_X96",
    "MIN_TICK",
    "max_sqrt_price_x96",
    "min_sqrt_price_x96",
    "sqrt_price_x96_at_tick",
    "tick_at_sqrt_price_x96",
    "usable_tick_max",
]

MIN_TICK = -887_272
MAX_TICK = 887_272
MIN_SQRT_PRICE_X96 = 4_295_128_739
MAX_SQRT_PRICE_X96 = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342

_FACTORS_X128 = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x09AA508B5B7A84E1C677DE54F3E99BC9,
    0x005D6AF8DEDB81196699C329225EE604,
    0x00002216E584F5FA1EA926041BEDFE98,
    0x00000000048A170391F7DC42444E8FA2,
)
"""√(1.0001^-(2^k)) × 2^128 for k = 0 … 19."""

_FACTOR_WORDS = np.array([wide.to_words(factor) for factor in _FACTORS_X128], dtype=np.uint64)
_MAX_WORDS = wide.to_words(MAX_SQRT_PRICE_X96)
_TICKS_PER_E_FOLD = 2.0 / math.log(1.0001)
_NEAR_A_TICK = 0.001


def _factor_words(bit: int) -> Words:
    return _FACTOR_WORDS[bit, 0], _FACTOR_WORDS[bit, 1], _FACTOR_WORDS[bit, 2], _FACTOR_WORDS[bit, 3]


@rule(compiled=_factor_words)
def _factor_x128(bit: int) -> Wide:
    return _FACTORS_X128[bit]


def _max_words() -> Words:
    return _MAX_WORDS


@rule(compiled=_max_words)
def max_sqrt_price_x96() -> Wide:
    """The price of MAX_TICK, which a pool never reaches."""
    return MAX_SQRT_PRICE_X96


@rule
def min_sqrt_price_x96() -> Wide:
    """The price of MIN_TICK, the lowest a pool can have."""
    return wide.of(MIN_SQRT_PRICE_X96)


@rule
def usable_tick_max(tick_spacing: int) -> int:
    """The highest tick a position may end at; the lowest is its negative."""
    return MAX_TICK // tick_spacing * tick_spacing


@rule
def sqrt_price_x96_at_tick(tick: int) -> Wide:
    """√(1.0001^tick) × 2^96, rounded up; tick from MIN_TICK to MAX_TICK.

    Source: Uniswap v3-core and v4-core, TickMath.getSqrtRatioAtTick.
    """
    distance = abs(tick)
    ratio_x128 = wide.shift_left(wide.of(1), 128)
    for bit in range(20):
        if distance >> bit & 1:
            ratio_x128 = wide.shift_right_down(wide.mul(ratio_x128, _factor_x128(bit)), 128)
    if tick > 0:
        ratio_x128 = wide.div_down(wide.sub_wrapping(wide.of(0), wide.of(1)), ratio_x128)
    return wide.shift_right_down(wide.add(ratio_x128, wide.of((1 << 32) - 1)), 32)


@rule
def tick_at_sqrt_price_x96(sqrt_price_x96: Wide) -> int:
    """The greatest tick whose price is not above this one; MIN_SQRT_PRICE_X96 <= price < MAX_SQRT_PRICE_X96.

    The logarithm of a float is wrong by less than 10^-8 ticks and the rounding of a price moves a tick's place by
    less than 10^-5, so a guess that is not within 0.001 of a whole tick is the answer. Any other is checked.
    """
    guess = math.log(wide.approximately(sqrt_price_x96) / 2.0**96) * _TICKS_PER_E_FOLD
    tick = clamp(math.floor(guess), MIN_TICK, MAX_TICK - 1)
    if _NEAR_A_TICK < guess - tick < 1.0 - _NEAR_A_TICK:
        return tick
    while tick < MAX_TICK - 1 and not wide.less(sqrt_price_x96, sqrt_price_x96_at_tick(tick + 1)):
        tick += 1
    while wide.less(sqrt_price_x96, sqrt_price_x96_at_tick(tick)):
        tick -= 1
    return tick
