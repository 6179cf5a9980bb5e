"""Brunnermeier and Pedersen's liquidity spirals: how a loss of speculators' capital moves a price they hold up.

Customers sell Z. Other customers buy back K (v - p) of it below the fundamental v, K = 2 / (gamma sigma^2);
speculators hold the rest, x = Z - K (v - p), as far as margins let them: m(p) x <= C + p x0, with a margin m(p) = m0
+ slope (reference - p) per unit held, capital C before the inherited position x0 is valued. A margin that rises as
the price falls (slope > 0) is the margin spiral; x0 > 0 is the loss spiral.

Source: Brunnermeier and Pedersen (2009), the proposition on spirals recalled from memory, derived here by implicit
differentiation and checked by finite differences.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import numbers

__all__ = ["LiquiditySpiral", "liquidity_spiral"]


class LiquiditySpiral(NamedTuple):
    """The price at which margins bind, and how it answers to capital."""

    price: float
    speculator_position: float
    dprice_dcapital: float
    no_spiral: float
    """The same slope if neither margins nor old positions depended on the price."""
    multiplier: float
    """dprice_dcapital / no_spiral."""
    state: Literal["unconstrained", "constrained", "gone"]
    """Capital to spare, price at the fundamental; margins bind; or speculators hold nothing, customers bear it all."""


def liquidity_spiral(
    customer_sell: float,
    fundamental: float,
    gamma_sigma2: float,
    margin: float,
    margin_slope: float,
    capital: float,
    inherited_position: float = 0.0,
    reference: float | None = None,
) -> LiquiditySpiral:
    """The stable price nearest the fundamental with m(p) x(p) = C + p x0, 0 <= x <= Z, and dp/dC there.

    dp/dC = 1 / (K m(p) + m'(p) x - x0), m' = -slope; without spirals 1 / (K m). Stable means that this slope is
    positive. Without such a price the speculators are out, the price is v - Z / K and more capital does not help at
    the margin (it jumps once there is enough).

    Raises UsageError for a sale, fundamental, risk aversion or margin that is not positive.
    """
    sale = float(numbers("customer_sell", customer_sell, above=0.0, axes=0))
    value = float(numbers("fundamental", fundamental, above=0.0, axes=0))
    appetite = 2.0 / float(numbers("gamma_sigma2", gamma_sigma2, above=0.0, axes=0))
    base = float(numbers("margin", margin, above=0.0, axes=0))
    slope = float(numbers("margin_slope", margin_slope, axes=0))
    funds = float(numbers("capital", capital, axes=0))
    held = float(numbers("inherited_position", inherited_position, axes=0))
    anchor = value if reference is None else float(numbers("reference", reference, above=0.0, axes=0))

    def margin_at(price: float) -> float:
        return base + slope * (anchor - price)

    if margin_at(value) <= 0.0:
        raise UsageError(f"the margin at the fundamental must be positive, not {margin_at(value):g}")
    if margin_at(value) * sale <= funds + value * held:
        return LiquiditySpiral(value, sale, 0.0, 0.0, 1.0, "unconstrained")
    # m(p) x(p) - C - p x0 as a quadratic in the discount y = v - p.
    m, x = margin_at(value), sale
    roots = _roots(-slope * appetite, slope * x - m * appetite + held, m * x - funds - value * held)
    for discount in sorted(root for root in roots if 0.0 <= root <= min(value, sale / appetite)):
        price = value - discount
        position, need = sale - appetite * discount, margin_at(price)
        steepness = appetite * need - slope * position - held
        if need > 0.0 and steepness > 0.0:
            found, plain = 1.0 / steepness, 1.0 / (appetite * need)
            return LiquiditySpiral(price, position, found, plain, found / plain, "constrained")
    return LiquiditySpiral(value - sale / appetite, 0.0, 0.0, 0.0, 1.0, "gone")


def _roots(a: float, b: float, c: float) -> list[float]:
    """The real roots of a z^2 + b z + c, without taking nearly equal numbers apart."""
    under = b * b - 4.0 * a * c
    if under < 0.0:
        return []
    q = -0.5 * (b + math.copysign(math.sqrt(under), b))
    return [top / bottom for top, bottom in ((q, a), (c, q)) if bottom != 0.0]
