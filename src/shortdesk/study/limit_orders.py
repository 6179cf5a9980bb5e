"""Where to place limit orders, and what that is worth: ladders, the best single distance, chances of being filled.

Prices, sizes and times are in the caller's units; fees and rebates are per unit of size, in price units.

Sources: Cont and Kukanov, Quantitative Finance 17 (2017), recalled and derived again, checked by minimising the cost;
the exponential fill intensity of Avellaneda and Stoikov (2008); the reflection principle. Ladders are definitions.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, not_negative, numbers, positive
from shortdesk.study.first_passage import log_ratio, upper_tail

__all__ = [
    "FillChance",
    "Ladder",
    "OrderSplit",
    "SingleQuote",
    "best_distance",
    "fill_chance",
    "ladder",
    "order_split",
    "touch_chance",
]


class Ladder(NamedTuple):
    """Orders at several prices; the first rung is filled first."""

    prices: Array
    sizes: Array
    avg_price: float
    """If all are filled."""
    avg_if_filled: Array
    """If the first one, two, three … are."""


def ladder(
    first: float,
    last: float,
    rungs: int,
    total: float,
    *,
    sizes: Literal["equal", "linear", "exponential"] = "equal",
    ratio: float = 1.0,
    prices: Literal["equal", "geometric"] = "equal",
) -> Ladder:
    """Spread ``total`` over rungs from one price to another, both included.

    Prices lie equally far apart, or by equal factors (``geometric``). Sizes are equal, proportional to 1, 2, 3 …
    (``linear``), or grow by ``ratio`` from rung to rung (``exponential``).

    Raises UsageError for prices, total or ratio that are not positive, another word, or no rungs.
    """
    positive(first=first, last=last, total=total, ratio=ratio)
    if not 1 <= rungs <= 100_000:
        raise UsageError(f"a ladder has from 1 to 100,000 rungs, not {rungs}")
    if prices not in ("equal", "geometric") or sizes not in ("equal", "linear", "exponential"):
        raise UsageError(
            f"prices are 'equal' or 'geometric', sizes 'equal', 'linear' or 'exponential', not {prices!r} and {sizes!r}"
        )
    steps = np.arange(rungs)
    at = np.geomspace(first, last, rungs) if prices == "geometric" else np.linspace(first, last, rungs)
    logs = np.log(steps + 1.0) if sizes == "linear" else steps * (math.log(ratio) if sizes == "exponential" else 0.0)
    weights = np.exp(logs - logs.max())
    held = total * weights / weights.sum()
    averages = np.cumsum(held * at) / np.cumsum(held)
    return Ladder(at, held, float(averages[-1]), averages)


# --- market or limit ---------------------------------------------------------------------------------------------


class OrderSplit(NamedTuple):
    """How much to take at once and how much to leave in the queue."""

    market: float
    limit: float
    penalty_low: float
    """Below this penalty for what stays unfilled, everything is left in the queue."""
    penalty_high: float
    """Above it everything is taken at once."""
    expected_cost: float
    """Against the mid, in money."""


def order_split(
    size: float,
    queue: float,
    half_spread: float,
    rebate: float,
    fee: float,
    underfill_penalty: float,
    mean_outflow: float,
) -> OrderSplit:
    """Split ``size`` between a market order and a limit order behind ``queue``, of which an exponential amount leaves.

    With limit L and market M = S - L the cost is (h + f) M - (h + r) E[filled] + lambda_u E[L - filled], least where
    F(Q + L) = (2 h + f + r)/(lambda_u + h + r), F the law of what leaves the queue within the time at hand.

    Raises UsageError for a size or mean outflow that is not positive, or another parameter that is negative.
    Source: Cont and Kukanov (2017), one exchange.
    """
    positive(size=size, mean_outflow=mean_outflow)
    not_negative(queue=queue, half_spread=half_spread, underfill_penalty=underfill_penalty)
    numbers("rebate", rebate, axes=0)
    numbers("fee", fee, axes=0)
    if half_spread + rebate < 0 or half_spread + fee < 0:
        raise UsageError("a rebate or fee may be negative, but not by more than half the spread")
    dear, kept = 2.0 * half_spread + fee + rebate, half_spread + rebate
    low = dear / -math.expm1(-(queue + size) / mean_outflow) - kept
    high = dear / -math.expm1(-queue / mean_outflow) - kept if queue > 0 else math.inf
    if underfill_penalty <= low:
        limit = size
    elif underfill_penalty >= high:
        limit = 0.0
    else:
        limit = -mean_outflow * math.log1p(-dear / (underfill_penalty + kept)) - queue
    filled = mean_outflow * math.exp(-queue / mean_outflow) * -math.expm1(-limit / mean_outflow)
    cost = (half_spread + fee) * (size - limit) - kept * filled + underfill_penalty * (limit - filled)
    return OrderSplit(size - limit, limit, low, high, cost)


# --- how far away ------------------------------------------------------------------------------------------------


class SingleQuote(NamedTuple):
    """The distance at which one quote earns most per unit of time."""

    distance: float
    rate: float
    """Fills per time."""
    profit_rate: float


def best_distance(fill_rate: float, fill_decay: float, cost: float) -> SingleQuote:
    """Maximise (d - c) A exp(-k d): d = 1/k + c, whatever A. ``cost`` per unit filled may be negative (a rebate).

    Raises UsageError for a rate or decay that is not positive.
    """
    positive(fill_rate=fill_rate, fill_decay=fill_decay)
    numbers("cost", cost, axes=0)
    distance = 1.0 / fill_decay + cost
    rate = fill_rate * math.exp(-fill_decay * distance)
    return SingleQuote(distance, rate, rate / fill_decay)


class FillChance(NamedTuple):
    """The chance of a fill within a time."""

    p: float
    linear: float
    """min(rate times time, 1): what takes its place in simulations with coarse steps, and is too high."""
    mean_wait: float


def fill_chance(fill_rate: float, fill_decay: float, distance: float, time: float) -> FillChance:
    """1 - exp(-t A exp(-k d)) for a quote at distance d that is filled at rate A exp(-k d).

    Raises UsageError for a rate or decay that is not positive, or a negative time.
    """
    positive(fill_rate=fill_rate, fill_decay=fill_decay)
    not_negative(time=time)
    numbers("distance", distance, axes=0)
    rate = fill_rate * math.exp(-fill_decay * distance)
    return FillChance(-math.expm1(-rate * time), min(rate * time, 1.0), 1.0 / rate if rate > 0 else math.inf)


def touch_chance(price: float, limit_price: float, volatility_annual: float, years: float) -> float:
    """The chance that the price reaches a limit price in time: 2 Phi(-|ln(limit/price)|/(sigma sqrt(T))).

    For a logarithm without drift. An upper bound for a fill: being touched is not yet being first in the queue.
    Raises UsageError for prices that are not positive, or a negative volatility or time.
    """
    positive(price=price, limit_price=limit_price)
    not_negative(volatility_annual=volatility_annual, years=years)
    away = abs(log_ratio(limit_price, price))
    spread = volatility_annual * math.sqrt(years)
    if away == 0.0:
        return 1.0
    return 2.0 * upper_tail(away / spread) if spread > 0 else 0.0
