"""What a pool costs whom: swaps, sandwiches, arbitrage, and what providing liquidity loses to better informed traders.

Closed forms on floats, for planning and for reading a market; the pools of the market itself count in integers. Pools
keep the product of their reserves unless a function says otherwise. *quote* and *base* are the pool's two assets, a
price is quote per base, and a fee is a fraction of what is paid in (0.003 is 30 basis points). Volatility is per
square root of a day.

Sources: Zhou et al. (2021) for the sandwich, whose closed form is our own; Angeris et al. (2019) for the arbitrage;
Milionis, Moallemi, Roughgarden and Zhang (2022) and Milionis, Moallemi and Roughgarden (2023) for loss versus
rebalancing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from shortdesk.ground.errors import UsageError

__all__ = [
    "Arbitrage",
    "Cycle",
    "FeeAdjustedLoss",
    "PricePush",
    "RangePosition",
    "RebalancingLoss",
    "Sandwich",
    "SmallestVictim",
    "Swap",
    "external_arbitrage",
    "impermanent_loss",
    "price_push_cost",
    "range_position",
    "rebalancing_loss",
    "rebalancing_loss_with_fees",
    "sandwich",
    "smallest_victim",
    "swap",
    "two_pool_arbitrage",
]

_SECONDS_PER_DAY = 86_400.0
_BASIS_POINT = 1e-4


def _positive(**given: float) -> None:
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be positive, not {value:g}")


def _a_fee(fee: float) -> float:
    """What is left of an input after the fee."""
    if not 0 <= fee < 1:
        raise UsageError(f"a fee is a fraction from 0 to below 1, not {fee:g}")
    return 1.0 - fee


# --- one swap -----------------------------------------------------------------------------------------------


class Swap(NamedTuple):
    """A swap of an input against a pool; prices are input per output."""

    out: float
    exec_price: float
    spot_before: float
    spot_after: float
    price_impact: float
    """How much less comes out than at the price before, fee included."""
    slippage_ex_fee: float
    """The same without the fee: what the size alone costs."""


def _out(paid: float, reserve_in: float, reserve_out: float, kept: float) -> float:
    return reserve_out * kept * paid / (reserve_in + kept * paid)


def swap(reserve_in: float, reserve_out: float, fee: float, amount_in: float) -> Swap:
    """A swap against a constant product: out = y g dx / (x + g dx), g = 1 - fee; the fee stays in the pool."""
    kept = _a_fee(fee)
    _positive(reserve_in=reserve_in, reserve_out=reserve_out, amount_in=amount_in)
    out = _out(amount_in, reserve_in, reserve_out, kept)
    spot = reserve_in / reserve_out
    return Swap(
        out=out,
        exec_price=amount_in / out,
        spot_before=spot,
        spot_after=spot * (1.0 + amount_in / reserve_in) * (1.0 + kept * amount_in / reserve_in),
        price_impact=1.0 - out * spot / amount_in,
        slippage_ex_fee=1.0 - out * spot / (kept * amount_in),
    )


# --- sandwiches ---------------------------------------------------------------------------------------------


class Sandwich(NamedTuple):
    """The largest front-run that a victim's slippage tolerance lets through, and who gains what."""

    victim_quote: float
    min_out: float
    front_run_in: float
    attacker_profit_before_gas: float
    """In the victim's input asset."""
    victim_loss_out: float
    profitable: bool


def sandwich(
    reserve_in: float, reserve_out: float, fee: float, victim_in: float, slippage_tolerance: float
) -> Sandwich:
    """The front-run a that leaves a victim v exactly its least output m, and its unwinding behind the victim.

    a solves g a^2 + a (x + g (x + g v)) + x (x + g v) - x y g v / m = 0 with g = 1 - fee.
    """
    kept = _a_fee(fee)
    _positive(reserve_in=reserve_in, reserve_out=reserve_out, victim_in=victim_in)
    if not 0 <= slippage_tolerance < 1:
        raise UsageError(f"a slippage tolerance is a fraction from 0 to below 1, not {slippage_tolerance:g}")
    x, y, v = reserve_in, reserve_out, victim_in
    quote = _out(v, x, y, kept)
    least = quote * (1.0 - slippage_tolerance)
    front = _larger_root(kept, x + kept * (x + kept * v), x * (x + kept * v) - x * y * kept * v / least)
    bought = _out(front, x, y, kept) if front > 0 else 0.0
    sold_for = _out(bought, y - bought - least, x + front + v, kept) if front > 0 else 0.0
    profit = sold_for - front
    return Sandwich(quote, least, front, profit, quote - least, profit > 0)


def _larger_root(a: float, b: float, c: float) -> float:
    """The larger root of a z^2 + b z + c = 0 for a, b > 0 and c <= 0, without taking nearly equal numbers apart."""
    return -2.0 * c / (b + math.sqrt(b * b - 4.0 * a * c))


class SmallestVictim(NamedTuple):
    """The smallest swap worth attacking without gas, and its share of the reserve it pays into."""

    victim_in_min: float
    ratio: float


def smallest_victim(reserve_in: float, reserve_out: float, fee: float) -> SmallestVictim:
    """The victim v for which a small front-run breaks even: g^2 (x + v)(x + g v) = x^2; about one fee of x."""
    kept = _a_fee(fee)
    _positive(reserve_in=reserve_in, reserve_out=reserve_out)
    ratio = _larger_root(kept**3, kept**2 * (1.0 + kept), kept**2 - 1.0)
    return SmallestVictim(ratio * reserve_in, ratio)


# --- arbitrage ----------------------------------------------------------------------------------------------


class Arbitrage(NamedTuple):
    """The best trade of a pool against a market of unlimited depth."""

    action: str
    """``buy_base`` from the pool, ``sell_base`` to it, or ``none``."""
    amount_in: float
    """Quote for buy_base, base for sell_base."""
    profit: float
    """In quote."""


def external_arbitrage(quote_reserve: float, base_reserve: float, fee: float, external_price: float) -> Arbitrage:
    """Trade until the pool's price, fee included, is the market's: dx = (sqrt(k P g) - x) / g."""
    kept = _a_fee(fee)
    _positive(quote_reserve=quote_reserve, base_reserve=base_reserve, external_price=external_price)
    product = quote_reserve * base_reserve
    paid = (math.sqrt(product * external_price * kept) - quote_reserve) / kept
    if paid > 0:
        return Arbitrage("buy_base", paid, _out(paid, quote_reserve, base_reserve, kept) * external_price - paid)
    sold = (math.sqrt(product * kept / external_price) - base_reserve) / kept
    if sold > 0:
        return Arbitrage("sell_base", sold, _out(sold, base_reserve, quote_reserve, kept) - sold * external_price)
    return Arbitrage("none", 0.0, 0.0)


class Cycle(NamedTuple):
    """Buying base in one pool and selling it in another."""

    buy_in: str
    """``a``, ``b`` or ``none``."""
    amount_in: float
    profit: float
    """Both in quote."""


def two_pool_arbitrage(pool_a: Sequence[float], pool_b: Sequence[float], fee: float) -> Cycle:
    """The best round through two pools (quote, base) with the same fee: maximise A dx / (B + C dx) - dx.

    For the direction a to b: A = g^2 x_b y_a, B = x_a y_b, C = g y_b + g^2 y_a, dx = (sqrt(A B) - B) / C.
    """
    kept = _a_fee(fee)
    for name, pool in (("pool_a", pool_a), ("pool_b", pool_b)):
        if len(pool) != 2:
            raise UsageError(f"{name} is a pair of reserves, quote and base, not {len(pool)} numbers")
        _positive(**{f"{name} quote": pool[0], f"{name} base": pool[1]})
    best = Cycle("none", 0.0, 0.0)
    for name, (x1, y1), (x2, y2) in (("a", pool_a, pool_b), ("b", pool_b, pool_a)):
        gain, start, slope = kept**2 * x2 * y1, x1 * y2, kept * y2 + kept**2 * y1
        paid = (math.sqrt(gain * start) - start) / slope
        if paid > 0:
            best = Cycle(name, paid, gain * paid / (start + slope * paid) - paid)
    return best


class PricePush(NamedTuple):
    """What it takes to move a pool's price, in quote."""

    capital_in_quote: float
    loss_if_reverted: float
    """What is lost when arbitrage brings the price back before the pusher does."""
    loss_over_pool_value: float


def price_push_cost(quote_reserve: float, base_reserve: float, price_factor: float) -> PricePush:
    """Push a price up by a factor r, without fees: x (sqrt(r) - 1) capital, x (sqrt(r) + 1/sqrt(r) - 2) lost."""
    _positive(quote_reserve=quote_reserve, base_reserve=base_reserve)
    if not (math.isfinite(price_factor) and price_factor >= 1):
        raise UsageError(f"a price is pushed up by a factor of at least 1, not {price_factor:g}")
    root = math.sqrt(price_factor)
    lost = (root - 1.0) ** 2 / root
    return PricePush(quote_reserve * (root - 1.0), quote_reserve * lost, lost / 2.0)


# --- providing liquidity ------------------------------------------------------------------------------------


def impermanent_loss(price_ratio: float) -> float:
    """Value of a constant-product position against holding, after the price moved by a ratio: 2 sqrt(r)/(1 + r) - 1."""
    _positive(price_ratio=price_ratio)
    return 2.0 * math.sqrt(price_ratio) / (1.0 + price_ratio) - 1.0


class RebalancingLoss(NamedTuple):
    """Loss versus rebalancing: what arbitrage takes from a pool without fees."""

    lvr_per_day: float
    lvr_bps_per_day: float
    expected_value_ratio_1day: float
    """Expected value after a day against the same portfolio held, the price being a driftless martingale."""


def rebalancing_loss(sigma_per_sqrt_day: float, pool_value: float) -> RebalancingLoss:
    """sigma^2 / 8 of the pool's value per day: 3.125 basis points at a daily volatility of 5%."""
    _positive(sigma_per_sqrt_day=sigma_per_sqrt_day, pool_value=pool_value)
    rate = sigma_per_sqrt_day**2 / 8.0
    return RebalancingLoss(rate * pool_value, rate / _BASIS_POINT, math.exp(-rate))


class FeeAdjustedLoss(NamedTuple):
    """For each fee: the share of blocks with a trade, and arbitrage profit per day as a fraction of the pool."""

    p_trade: list[float]
    arb_profit_rate_per_day_over_pool: list[float]


def rebalancing_loss_with_fees(
    sigma_per_sqrt_day: float, block_time_s: float, fees_bps: Sequence[float]
) -> FeeAdjustedLoss:
    """Loss versus rebalancing when blocks come at random and trades pay a fee gamma; lambda = blocks per day.

    P_trade = 1 / (1 + sqrt(2 lambda) gamma / sigma); rate = sigma^2/8 P_trade cosh(gamma/2) / (1 - sigma^2/(8 lambda)).
    """
    _positive(sigma_per_sqrt_day=sigma_per_sqrt_day, block_time_s=block_time_s)
    blocks_per_day = _SECONDS_PER_DAY / block_time_s
    rate = sigma_per_sqrt_day**2 / 8.0
    if rate >= blocks_per_day:
        raise UsageError("the formula needs blocks that are short against the volatility: sigma^2 / 8 < blocks per day")
    fees = [fee * _BASIS_POINT for fee in fees_bps]
    for fee in fees:
        _a_fee(fee)
    chances = [1.0 / (1.0 + math.sqrt(2.0 * blocks_per_day) * fee / sigma_per_sqrt_day) for fee in fees]
    per_trade = rate / (1.0 - rate / blocks_per_day)
    return FeeAdjustedLoss(
        chances, [per_trade * p * math.cosh(fee / 2.0) for p, fee in zip(chances, fees, strict=True)]
    )


class RangePosition(NamedTuple):
    """A position of concentrated liquidity at a price."""

    base: float
    quote: float
    value: float
    """In quote."""
    lvr_per_day: float
    lvr_bps_of_value: float
    delta: float
    """Change of value per change of price, in base."""
    gamma: float
    """Change of delta per change of price."""


def range_position(
    liquidity: float, price: float, low_price: float, high_price: float, sigma_per_sqrt_day: float
) -> RangePosition:
    """Amounts, value and risk of liquidity L between two prices.

    In range: base = L (1/sqrt(P) - 1/sqrt(P_high)), quote = L (sqrt(P) - sqrt(P_low)), loss versus rebalancing
    L sigma^2 sqrt(P) / 4 per day, gamma = -L / (2 P^1.5). Out of range there is only one asset and neither.
    """
    _positive(liquidity=liquidity, price=price, low_price=low_price, sigma_per_sqrt_day=sigma_per_sqrt_day)
    if not low_price < high_price < math.inf:
        raise UsageError(f"a range needs low_price < high_price, not {low_price:g} and {high_price:g}")
    root = math.sqrt(min(max(price, low_price), high_price))
    base = liquidity * (1.0 / root - 1.0 / math.sqrt(high_price))
    quote = liquidity * (root - math.sqrt(low_price))
    value = base * price + quote
    is_inside = low_price < price < high_price
    loss = liquidity * sigma_per_sqrt_day**2 * root / 4.0 if is_inside else 0.0
    gamma = -liquidity / (2.0 * price**1.5) if is_inside else 0.0
    return RangePosition(base, quote, value, loss, loss / value / _BASIS_POINT, base, gamma)
