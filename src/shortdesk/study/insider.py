"""A trader who knows the value, noise traders, and a market maker who sees only their sum: Kyle's auctions.

``value_deviation`` sigma_v is in price units, ``noise_deviation`` sigma_u in size units; lambda, price per size, is
what the maker moves the price by for a unit of order flow.

Source: Kyle, Econometrica 53 (1985). Evidence: the single auction is the textbook's; the sequential one's equations are
recalled and checked by their limits (one auction is the single one; many tend to sigma_v/sigma_u).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, positive

__all__ = ["Auction", "AuctionSequence", "auction", "auction_sequence"]


class Auction(NamedTuple):
    """One auction: its coefficients, and what happens for a given value and noise."""

    price_per_flow: float
    """lambda."""
    insider_aggressiveness: float
    """beta: size bought per price unit of mispricing."""
    insider_order: float
    order_flow: float
    price: float
    posterior_variance: float
    expected_profit: float
    """Of the insider before the value is known."""


def auction(
    value_deviation: float, noise_deviation: float, prior_price: float, value: float, noise_order: float
) -> Auction:
    """lambda = sigma_v/(2 sigma_u), beta = sigma_u/sigma_v: half of what the insider knows gets into the price.

    Raises UsageError for deviations that are not positive.
    """
    positive(value_deviation=value_deviation, noise_deviation=noise_deviation)
    price_per_flow = value_deviation / (2.0 * noise_deviation)
    aggressiveness = noise_deviation / value_deviation
    order = aggressiveness * (value - prior_price)
    return Auction(
        price_per_flow,
        aggressiveness,
        order,
        order + noise_order,
        prior_price + price_per_flow * (order + noise_order),
        value_deviation**2 / 2.0,
        value_deviation * noise_deviation / 2.0,
    )


class AuctionSequence(NamedTuple):
    """Auctions of equal length over a day, in order of time."""

    price_per_flow: Array
    """Shape: (auctions,)."""
    aggressiveness: Array
    """Per time: the order in an auction of length dt is this times dt times the mispricing. Shape: (auctions,)."""
    value_variance: Array
    """Left before the first and after each. Shape: (auctions + 1,)."""
    first_profit: float
    """alpha_0: expected profit per squared mispricing at the start, beyond a constant."""
    continuous_price_per_flow: float
    """What lambda tends to with many auctions."""


def auction_sequence(auctions: int, value_variance: float, noise_variance: float) -> AuctionSequence:
    """Backwards from the last auction, where lambda beta dt = 1/2, with Sigma after it as the unknown.

    lambda_n = beta_n Sigma_n/sigma_u^2, beta_n dt = (1 - 2 alpha_n lambda_n)/(2 lambda_n (1 - alpha_n lambda_n)),
    Sigma_n = (1 - beta_n lambda_n dt) Sigma_(n-1), alpha_(n-1) = 1/(4 lambda_n (1 - alpha_n lambda_n)). With the
    variance left at the end as unit, every step is one cubic in lambda; all is then scaled to that at the start.

    Raises UsageError for variances that are not positive, or auctions not from 1 to 100,000. Source: theorem 2.
    """
    positive(value_variance=value_variance, noise_variance=noise_variance)
    if not 1 <= auctions <= 100_000:
        raise UsageError(f"a day has from 1 to 100,000 auctions, not {auctions}")
    length = 1.0 / auctions
    left, profit = 1.0, 0.0
    flows, speeds, variances = [], [], [left]
    for _ in range(auctions):
        flow = _price_per_flow(profit, left, length)
        speed = flow / left
        left /= 1.0 - speed * flow * length
        profit = 1.0 / (4.0 * flow * (1.0 - profit * flow))
        flows.append(flow)
        speeds.append(speed)
        variances.append(left)
    scale = math.sqrt(value_variance / left)
    noise = math.sqrt(noise_variance)
    return AuctionSequence(
        np.array(flows[::-1]) * (scale / noise),
        np.array(speeds[::-1]) * (noise / scale),
        np.array(variances[::-1]) * scale**2,
        profit * noise / scale,
        math.sqrt(value_variance) / noise,
    )


def _price_per_flow(profit: float, left: float, length: float) -> float:
    """lambda with 2 (lambda^2 dt/Sigma)(1 - alpha lambda) = 1 - 2 alpha lambda, by bisection from 0 to 1/(2 alpha).

    In units in which the noise's variance is one. At 0 the left side is less, at 1/(2 alpha) it is more.
    """
    low, high = 0.0, 1.0 / (2.0 * profit) if profit > 0 else 2.0 * math.sqrt(left / (2.0 * length))
    while True:
        middle = (low + high) / 2.0
        if middle in (low, high):
            return middle
        excess = 2.0 * middle**2 * length / left * (1.0 - profit * middle) - 1.0 + 2.0 * profit * middle
        low, high = (low, middle) if excess > 0 else (middle, high)
