"""What a swap inside one price range costs: the arithmetic of concentrated liquidity, one step at a time.

Prices are √price × 2^96 (asset 1 per asset 0), liquidity is Uniswap's L, fees are parts per million of what is
paid in. Every rounding favours the pool, as in Uniswap's SqrtPriceMath and SwapMath libraries, and agrees with
them to the last unit.
"""

from __future__ import annotations

from typing import NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.units import Ppm
from shortdesk.ground.wide import Wide

__all__ = [
    "Step",
    "amount0_down",
    "amount0_up",
    "amount1_down",
    "amount1_up",
    "next_price_from_input",
    "next_price_from_output",
    "swap_step",
]

_PPM = 1_000_000


class Step(NamedTuple):
    """One step of a swap: the price it ends at, what is paid in without the fee, what is paid out, the fee."""

    sqrt_price_x96: Wide
    amount_in: Wide
    amount_out: Wide
    fee: Wide


# --- amounts between two prices -----------------------------------------------------------------------------


@rule
def amount0_down(low_x96: Wide, high_x96: Wide, liquidity: Wide) -> Wide:
    """Units of asset 0 between two prices, rounded down: L × (high - low) × 2^96 / high / low; needs low <= high."""
    scaled = wide.shift_left(liquidity, 96)
    return wide.div_down(wide.mul_div_down(scaled, wide.sub(high_x96, low_x96), high_x96), low_x96)


@rule
def amount0_up(low_x96: Wide, high_x96: Wide, liquidity: Wide) -> Wide:
    """Units of asset 0 between two prices, rounded up at each division; needs low <= high."""
    scaled = wide.shift_left(liquidity, 96)
    return wide.div_up(wide.mul_div_up(scaled, wide.sub(high_x96, low_x96), high_x96), low_x96)


@rule
def amount1_down(low_x96: Wide, high_x96: Wide, liquidity: Wide) -> Wide:
    """Units of asset 1 between two prices, rounded down: L × (high - low) / 2^96; needs low <= high."""
    return wide.mul_div_down(liquidity, wide.sub(high_x96, low_x96), wide.shift_left(wide.of(1), 96))


@rule
def amount1_up(low_x96: Wide, high_x96: Wide, liquidity: Wide) -> Wide:
    """Units of asset 1 between two prices, rounded up; needs low <= high."""
    return wide.mul_div_up(liquidity, wide.sub(high_x96, low_x96), wide.shift_left(wide.of(1), 96))


# --- the price after an amount ------------------------------------------------------------------------------


@rule
def next_price_from_input(sqrt_price_x96: Wide, liquidity: Wide, amount_in: Wide, zero_for_one: bool) -> Wide:
    """The price after an amount was paid in, rounded so that the pool does not pay too much; 0 where no price is.

    Needs price > 0 and liquidity > 0. Source: SqrtPriceMath.getNextSqrtPriceFromInput, which reverts instead of 0.
    """
    if zero_for_one:
        return _after_adding_0_up(sqrt_price_x96, liquidity, amount_in)
    return _after_adding_1_down(sqrt_price_x96, liquidity, amount_in)


@rule
def next_price_from_output(sqrt_price_x96: Wide, liquidity: Wide, amount_out: Wide, zero_for_one: bool) -> Wide:
    """The price after an amount was paid out, rounded so that the payer pays enough; 0 where the pool has less.

    Needs price > 0 and liquidity > 0. Source: SqrtPriceMath.getNextSqrtPriceFromOutput, which reverts instead of 0.
    """
    if zero_for_one:
        return _after_removing_1_down(sqrt_price_x96, liquidity, amount_out)
    return _after_removing_0_up(sqrt_price_x96, liquidity, amount_out)


@rule
def _after_adding_0_up(sqrt_price_x96: Wide, liquidity: Wide, amount: Wide) -> Wide:
    """ceil(L × √P / (L + amount × √P)); ceil(L / (L / √P + amount)) where the former needs more than 256 bits."""
    if wide.is_zero(amount):
        return sqrt_price_x96
    scaled = wide.shift_left(liquidity, 96)
    if wide.product_fits(amount, sqrt_price_x96):
        product = wide.mul(amount, sqrt_price_x96)
        if wide.sum_fits(scaled, product):
            return wide.mul_div_up(scaled, sqrt_price_x96, wide.add(scaled, product))
    virtual = wide.div_down(scaled, sqrt_price_x96)
    if not wide.sum_fits(virtual, amount):
        return wide.of(0)
    return wide.div_up(scaled, wide.add(virtual, amount))


@rule
def _after_removing_0_up(sqrt_price_x96: Wide, liquidity: Wide, amount: Wide) -> Wide:
    """ceil(L × √P / (L - amount × √P))."""
    if wide.is_zero(amount):
        return sqrt_price_x96
    scaled = wide.shift_left(liquidity, 96)
    if not wide.product_fits(amount, sqrt_price_x96):
        return wide.of(0)
    product = wide.mul(amount, sqrt_price_x96)
    if not wide.less(product, scaled):
        return wide.of(0)
    left = wide.sub(scaled, product)
    if not wide.quotient_fits(scaled, sqrt_price_x96, left):
        return wide.of(0)
    return _a_price_or_zero(wide.mul_div_up(scaled, sqrt_price_x96, left))


@rule
def _after_adding_1_down(sqrt_price_x96: Wide, liquidity: Wide, amount: Wide) -> Wide:
    """√P + floor(amount × 2^96 / L)."""
    unit_x96 = wide.shift_left(wide.of(1), 96)
    if not wide.quotient_fits(amount, unit_x96, liquidity):
        return wide.of(0)
    rise = wide.mul_div_down(amount, unit_x96, liquidity)
    if not wide.sum_fits(sqrt_price_x96, rise):
        return wide.of(0)
    return _a_price_or_zero(wide.add(sqrt_price_x96, rise))


@rule
def _after_removing_1_down(sqrt_price_x96: Wide, liquidity: Wide, amount: Wide) -> Wide:
    """√P - ceil(amount × 2^96 / L)."""
    unit_x96 = wide.shift_left(wide.of(1), 96)
    if not wide.quotient_fits(amount, unit_x96, liquidity):
        return wide.of(0)
    if not wide.less(wide.mul_div_down(amount, unit_x96, liquidity), sqrt_price_x96):
        return wide.of(0)
    return wide.sub(sqrt_price_x96, wide.mul_div_up(amount, unit_x96, liquidity))


@rule
def _a_price_or_zero(sqrt_price_x96: Wide) -> Wide:
    """The price, if it has at most 160 bits."""
    return sqrt_price_x96 if wide.bit_length(sqrt_price_x96) <= 160 else wide.of(0)


# --- one step -----------------------------------------------------------------------------------------------


@rule
def swap_step(
    sqrt_price_x96: Wide, target_x96: Wide, liquidity: Wide, remaining: Wide, exact_in: bool, fee_ppm: Ppm
) -> Step:
    """Swap towards the target price until it is reached or nothing remains; the target tells the direction.

    ``remaining`` is what may still be paid in, fee included, or with ``exact_in`` false what is still to be paid
    out. Source: SwapMath.computeSwapStep.
    """
    if exact_in:
        return _step_paying(sqrt_price_x96, target_x96, liquidity, remaining, fee_ppm)
    return _step_receiving(sqrt_price_x96, target_x96, liquidity, remaining, fee_ppm)


@rule
def _step_paying(sqrt_price_x96: Wide, target_x96: Wide, liquidity: Wide, remaining: Wide, fee_ppm: Ppm) -> Step:
    zero_for_one = not wide.less(sqrt_price_x96, target_x96)
    less_fee = wide.mul_div_down(remaining, wide.of(_PPM - fee_ppm), wide.of(_PPM))
    amount_in = _paid_in(sqrt_price_x96, target_x96, liquidity, zero_for_one)
    if not wide.less(less_fee, amount_in):
        amount_out = _paid_out(sqrt_price_x96, target_x96, liquidity, zero_for_one)
        return Step(target_x96, amount_in, amount_out, _fee_on(amount_in, fee_ppm))
    reached_x96 = next_price_from_input(sqrt_price_x96, liquidity, less_fee, zero_for_one)
    amount_out = _paid_out(sqrt_price_x96, reached_x96, liquidity, zero_for_one)
    amount_in = _paid_in(sqrt_price_x96, reached_x96, liquidity, zero_for_one)
    if wide.equal(reached_x96, target_x96):
        return Step(reached_x96, amount_in, amount_out, _fee_on(amount_in, fee_ppm))
    return Step(reached_x96, amount_in, amount_out, wide.sub(remaining, amount_in))


@rule
def _step_receiving(sqrt_price_x96: Wide, target_x96: Wide, liquidity: Wide, remaining: Wide, fee_ppm: Ppm) -> Step:
    zero_for_one = not wide.less(sqrt_price_x96, target_x96)
    amount_out = _paid_out(sqrt_price_x96, target_x96, liquidity, zero_for_one)
    reached_x96 = target_x96
    if wide.less(remaining, amount_out):
        reached_x96 = next_price_from_output(sqrt_price_x96, liquidity, remaining, zero_for_one)
        amount_out = _paid_out(sqrt_price_x96, reached_x96, liquidity, zero_for_one)
    amount_in = _paid_in(sqrt_price_x96, reached_x96, liquidity, zero_for_one)
    return Step(reached_x96, amount_in, wide.smaller(amount_out, remaining), _fee_on(amount_in, fee_ppm))


@rule
def _paid_in(from_x96: Wide, to_x96: Wide, liquidity: Wide, zero_for_one: bool) -> Wide:
    """Rounded up: the pool is paid in full."""
    if zero_for_one:
        return amount0_up(to_x96, from_x96, liquidity)
    return amount1_up(from_x96, to_x96, liquidity)


@rule
def _paid_out(from_x96: Wide, to_x96: Wide, liquidity: Wide, zero_for_one: bool) -> Wide:
    """Rounded down: the pool never pays more than it owes."""
    if zero_for_one:
        return amount1_down(to_x96, from_x96, liquidity)
    return amount0_down(from_x96, to_x96, liquidity)


@rule
def _fee_on(amount_in: Wide, fee_ppm: Ppm) -> Wide:
    """The fee, of which ``amount_in`` is what remains: rounded up."""
    return wide.mul_div_up(amount_in, wide.of(fee_ppm), wide.of(_PPM - fee_ppm))
