"""What a book of purely random orders looks like: its scales, its spread and how fast its price diffuses.

Limit orders fall at ``limit_rate`` alpha (size per price and time) all over the book, market orders take
``market_rate`` mu (size per time), each resting order is cancelled at ``cancel_rate`` delta (per time), and all orders
have one ``order_size`` sigma. Prices, sizes and times are in the caller's units.

Sources: Smith, Farmer, Gillemot and Krishnamurthy, Quantitative Finance 3 (2003), recalled; Farmer, Patelli and Zovko,
Proceedings of the National Academy of Sciences 102 (2005), read in a secondary source. The exponents of the two agree
with each other; the constants are the authors' fits to simulations and are not recomputed here.
"""

from __future__ import annotations

from typing import NamedTuple

from shortdesk.study.arrays import numbers

__all__ = ["BookScales", "SpreadLaw", "book_scales", "spread_law"]


class BookScales(NamedTuple):
    """The natural units of a random book, and what dimensions alone say of it."""

    price: float
    """mu/(2 alpha)."""
    size: float
    """mu/(2 delta)."""
    time: float
    """1/delta."""
    granularity: float
    """2 delta sigma/mu, epsilon: small orders against what market orders take in a lifetime."""
    tick: float
    """The tick in natural prices."""
    spread: float
    """mu/alpha."""
    depth: float
    """Per price, far from the touch: alpha/delta."""
    depth_slope: float
    """Of depth per price against price, near the touch: alpha^2/(mu delta), in depth per price."""
    diffusion_short: float
    """Squared price per time, over short times."""
    diffusion_long: float


def book_scales(
    market_rate: float, limit_rate: float, cancel_rate: float, order_size: float, tick: float
) -> BookScales:
    """Scales of a book of random orders; diffusion mu^2 delta/alpha^2 times epsilon^(-1/2) short and ^(1/2) long.

    Raises UsageError for a parameter that is not positive. Source: Smith et al. (2003), table of scales.
    """
    _positive(market_rate=market_rate, limit_rate=limit_rate, cancel_rate=cancel_rate, order_size=order_size, tick=tick)
    price = market_rate / (2.0 * limit_rate)
    granularity = 2.0 * cancel_rate * order_size / market_rate
    diffusion = (market_rate / limit_rate) ** 2 * cancel_rate
    return BookScales(
        price=price,
        size=market_rate / (2.0 * cancel_rate),
        time=1.0 / cancel_rate,
        granularity=granularity,
        tick=tick / price,
        spread=market_rate / limit_rate,
        depth=limit_rate / cancel_rate,
        depth_slope=limit_rate**2 / (market_rate * cancel_rate),
        diffusion_short=diffusion * granularity**-0.5,
        diffusion_long=diffusion * granularity**0.5,
    )


class SpreadLaw(NamedTuple):
    """The mean spread of a random book, and its diffusion but for a constant factor."""

    spread: float
    diffusion_over_constant: float


def spread_law(market_rate: float, limit_rate: float, cancel_rate: float, order_size: float) -> SpreadLaw:
    """spread = (mu/alpha) (0.28 + 1.86 e^(3/4)), e = delta sigma/mu; diffusion ~ mu^(5/2) (delta/sigma)^(1/2) alpha^-2.

    Fitted for e between 0.001 and 0.3. Over stocks the log of the spread measured against that predicted has slope
    0.99 with a standard error of 0.10. Raises UsageError for a parameter that is not positive.
    Source: Farmer, Patelli and Zovko (2005).
    """
    _positive(market_rate=market_rate, limit_rate=limit_rate, cancel_rate=cancel_rate, order_size=order_size)
    granularity = cancel_rate * order_size / market_rate
    return SpreadLaw(
        market_rate / limit_rate * (0.28 + 1.86 * granularity**0.75),
        market_rate**2.5 * (cancel_rate / order_size) ** 0.5 / limit_rate**2,
    )


def _positive(**given: float) -> None:
    for name, value in given.items():
        numbers(name, value, above=0.0, axes=0)
