"""Where a market maker puts its quotes: distances from the mid by inventory, and what waiting there costs.

Closed forms on floats. Every quantity is in the caller's own units, as long as they agree: with prices in ticks, sizes
in lots and time in seconds, money is in ticks times lots. Then

* ``volatility`` is the standard deviation of the price's change in one unit of time, in price units (not a fraction);
* ``fill_rate`` A and ``fill_decay`` k say that a quote at distance d from the mid is filled A exp(-k d) times per unit
  of time; A is per time, k per price unit;
* ``risk_aversion`` gamma is per unit of money: the maker prefers a safe sum to a normal one with variance V when the
  latter's mean is less than gamma V / 2 higher;
* a distance is positive away from the mid, on either side; a negative one stands beyond the mid.

Sources: Avellaneda and Stoikov, Quantitative Finance 8 (2008); Guéant, Lehalle and Fernandez-Tapia, SIAM Journal on
Financial Mathematics 3 (2012) and Mathematics and Financial Economics 7 (2013). Evidence: the formulas are
recalled, not read again; each was recomputed from the model's definition, and the vectors hold to twelve digits.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError

__all__ = [
    "GltCoefficients",
    "GltQuotes",
    "StoikovQuotes",
    "glt_coefficients",
    "glt_liquidation_quotes",
    "glt_quotes",
    "glt_risk_aversion",
    "stoikov_mean_spread",
    "stoikov_quotes",
]

Floats = npt.NDArray[np.float64]

_LARGEST_LIMIT = 1_000
"""Inventory limits above this many orders are refused: the matrices would not fit."""


def _positive(**given: float) -> None:
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be positive and finite, not {value:g}")


def _not_negative(**given: float) -> None:
    for name, value in given.items():
        if not (math.isfinite(value) and value >= 0):
            raise UsageError(f"{name} must be zero or more and finite, not {value:g}")


# --- Avellaneda and Stoikov ---------------------------------------------------------------------------------


class StoikovQuotes(NamedTuple):
    """The price at which the maker is indifferent, and its quotes around it."""

    reservation: float
    spread: float
    bid: float
    ask: float


def _fill_premium(risk_aversion: float, fill_decay: float) -> float:
    """ln(1 + gamma/k)/gamma: how far a quote stands off for its own fill risk; 1/k as gamma goes to zero."""
    return math.log1p(risk_aversion / fill_decay) / risk_aversion


def stoikov_quotes(
    mid: float, inventory: float, risk_aversion: float, volatility: float, fill_decay: float, time_left: float
) -> StoikovQuotes:
    """Quotes of a maker who must value its inventory at the mid after ``time_left``.

    reservation = mid - q gamma sigma^2 tau; spread = gamma sigma^2 tau + (2/gamma) ln(1 + gamma/k), in price units.
    ``inventory`` is in orders of size one. Raises UsageError unless gamma and k are positive, volatility and time
    not negative. Source: Avellaneda and Stoikov (2008).
    """
    _positive(risk_aversion=risk_aversion, fill_decay=fill_decay)
    _not_negative(volatility=volatility, time_left=time_left)
    risk = risk_aversion * volatility**2 * time_left
    reservation = mid - inventory * risk
    spread = risk + 2.0 * _fill_premium(risk_aversion, fill_decay)
    return StoikovQuotes(reservation, spread, reservation - spread / 2.0, reservation + spread / 2.0)


def stoikov_mean_spread(risk_aversion: float, volatility: float, fill_decay: float, horizon: float) -> float:
    """The spread of :func:`stoikov_quotes` averaged over the horizon: gamma sigma^2 T/2 + (2/gamma) ln(1 + gamma/k)."""
    return stoikov_quotes(0.0, 0.0, risk_aversion, volatility, fill_decay, horizon / 2.0).spread


# --- Guéant, Lehalle and Fernandez-Tapia --------------------------------------------------------------------


class GltCoefficients(NamedTuple):
    """Quotes that are straight lines in inventory q: the bid stands ``half_spread + skew q`` below the mid,
    the ask ``half_spread - skew q`` above it.
    """

    half_spread: float
    """In price units."""
    skew: float
    """In price units per unit of inventory (per lot, where sizes are lots)."""


def glt_coefficients(
    risk_aversion: float, volatility: float, fill_rate: float, fill_decay: float, order_size: float = 1.0
) -> GltCoefficients:
    """Half-spread and skew of a maker who quotes for ever, in the closed approximation.

    For orders of size D, gamma' = gamma D:
    skew = sqrt(gamma sigma^2/(2 k A D) (1 + gamma'/k)^(1 + k/gamma')),
    half_spread = ln(1 + gamma'/k)/gamma' + skew D/2.

    ``risk_aversion`` per money (price times size), ``volatility`` in price units per square root of time, ``fill_rate``
    per time, ``fill_decay`` per price unit, ``order_size`` in size units. The approximation forgets the inventory
    limit, so it is good while |q| is well inside it; :func:`glt_quotes` has the limit in it.

    Raises UsageError for a parameter that is not positive (volatility may be zero: no skew then).
    Source: Guéant, Lehalle and Fernandez-Tapia (2013); the order size is our own scaling of money by D.
    """
    _positive(risk_aversion=risk_aversion, fill_rate=fill_rate, fill_decay=fill_decay, order_size=order_size)
    _not_negative(volatility=volatility)
    gamma = risk_aversion * order_size
    growth = math.exp((1.0 + fill_decay / gamma) * math.log1p(gamma / fill_decay))
    skew = volatility * math.sqrt(risk_aversion / (2.0 * fill_decay * fill_rate * order_size) * growth)
    return GltCoefficients(_fill_premium(gamma, fill_decay) + skew * order_size / 2.0, skew)


def glt_risk_aversion(
    inventory: float, volatility: float, fill_rate: float, fill_decay: float, order_size: float = 1.0
) -> float:
    """The risk aversion at which a maker holding ``inventory`` has moved its quotes by one half-spread.

    Solves skew(gamma) q = half_spread(gamma) of :func:`glt_coefficients`: at q it buys a half-spread lower and sells at
    the mid. The left side over the right grows with gamma from 0 to 2 q/D, so there is one answer for q > D/2.

    Raises UsageError for a parameter that is not positive, or an inventory of half an order or less.
    Source: own; risk aversion is easier said as an inventory.
    """
    _positive(inventory=inventory, volatility=volatility, fill_rate=fill_rate, fill_decay=fill_decay)
    _positive(order_size=order_size)
    if inventory <= order_size / 2.0:
        raise UsageError(f"no risk aversion skews a half-spread within {inventory:g}, half an order of {order_size:g}")

    def leans_enough(log_gamma: float) -> bool:
        found = glt_coefficients(math.exp(log_gamma), volatility, fill_rate, fill_decay, order_size)
        return found.skew * inventory >= found.half_spread

    low = high = math.log(fill_decay / order_size)
    while leans_enough(low):
        low -= 1.0
    while not leans_enough(high):
        high += 1.0
        if high - low > 300.0:
            raise UsageError("no risk aversion of a size that floats can hold skews the quotes by a half-spread there")
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (low, middle) if leans_enough(middle) else (middle, high)
    return math.exp(high)


class GltQuotes(NamedTuple):
    """Distances from the mid for each inventory from -limit to limit, in orders.

    A maker at its limit does not quote the side that would pass it: that distance is infinite.
    """

    inventories: npt.NDArray[np.int64]
    bid: Floats
    ask: Floats


def glt_quotes(
    risk_aversion: float,
    volatility: float,
    fill_rate: float,
    fill_decay: float,
    limit: int,
    time_left: float = math.inf,
) -> GltQuotes:
    """The optimal quotes of a maker who may hold at most ``limit`` orders of size one, long or short.

    v = exp(-M tau) 1 with M = diag(alpha q^2) less eta beside the diagonal, alpha = k gamma sigma^2/2,
    eta = A (1 + gamma/k)^-(1 + k/gamma). Bid distance = ln(v_q/v_(q+1))/k + ln(1 + gamma/k)/gamma, the ask's with
    q - 1. With ``time_left`` infinite, v is the eigenvector of M's smallest eigenvalue: quotes that no longer depend
    on time.

    Raises UsageError for parameters out of range, a limit that is not from 1 to 1,000, or one so far out that its
    weight is no float.
    Source: Guéant, Lehalle and Fernandez-Tapia (2013).
    """
    _positive(risk_aversion=risk_aversion, fill_rate=fill_rate, fill_decay=fill_decay)
    _not_negative(volatility=volatility)
    if not 1 <= limit <= _LARGEST_LIMIT:
        raise UsageError(f"an inventory limit is from 1 to {_LARGEST_LIMIT} orders, not {limit}")
    if not time_left >= 0:
        raise UsageError(f"the time left must be zero or more, not {time_left:g}")
    inventories = np.arange(-limit, limit + 1)
    held = fill_decay * risk_aversion * volatility**2 / 2.0 * inventories.astype(np.float64) ** 2
    beside = np.full(2 * limit, _entry_rate(risk_aversion, fill_rate, fill_decay))
    log_v = _log_of_flow(held, beside, beside, np.ones(2 * limit + 1), time_left)
    steps = np.diff(log_v) / fill_decay
    premium = _fill_premium(risk_aversion, fill_decay)
    return GltQuotes(
        inventories,
        bid=np.append(premium - steps, np.inf),
        ask=np.insert(premium + steps, 0, np.inf),
    )


def glt_liquidation_quotes(
    risk_aversion: float,
    volatility: float,
    drift: float,
    fill_rate: float,
    fill_decay: float,
    closing_cost: float,
    orders: int,
    time_left: float,
) -> Floats:
    """Ask distances, with 1, 2, … ``orders`` left, of somebody who sells by limit orders alone until the time is up.

    w' = (alpha q^2 - beta q) w_q - eta w_(q-1), w_q at the end = exp(-k q b), with beta = k mu and alpha, eta as in
    :func:`glt_quotes`; distance = ln(w_q/w_(q-1))/k + ln(1 + gamma/k)/gamma. ``closing_cost`` b is what the rest loses
    per unit when it is sold at once at the end, ``drift`` mu the price's drift per unit of time. A distance may be
    negative: then it is worth crossing the mid. Shape: (orders,).

    Raises UsageError for parameters out of range. Source: Guéant, Lehalle and Fernandez-Tapia (2012).
    """
    _positive(risk_aversion=risk_aversion, fill_rate=fill_rate, fill_decay=fill_decay)
    _not_negative(volatility=volatility, time_left=time_left)
    if not 1 <= orders <= _LARGEST_LIMIT:
        raise UsageError(f"orders to sell are from 1 to {_LARGEST_LIMIT}, not {orders}")
    left = np.arange(orders + 1, dtype=np.float64)
    held = fill_decay * (risk_aversion * volatility**2 / 2.0 * left**2 - drift * left)
    below = np.full(orders, _entry_rate(risk_aversion, fill_rate, fill_decay))
    log_w = _log_of_flow(held, below, np.zeros(orders), np.exp(-fill_decay * closing_cost * left), time_left)
    return np.diff(log_w) / fill_decay + _fill_premium(risk_aversion, fill_decay)


def _entry_rate(risk_aversion: float, fill_rate: float, fill_decay: float) -> float:
    """eta = A (1 + gamma/k)^-(1 + k/gamma)."""
    exponent = 1.0 + fill_decay / risk_aversion
    return fill_rate * math.exp(-exponent * math.log1p(risk_aversion / fill_decay))


def _log_of_flow(diagonal: Floats, below: Floats, above: Floats, start: Floats, time: float) -> Floats:
    """ln(exp(-M time) start), up to a constant, for M with this diagonal and -below, -above beside it.

    M less its largest diagonal entry is minus a matrix without a negative entry, so its powers add and never cancel:
    every component keeps its digits, however small. The exponential is taken over time/2^n and squared n times,
    each time divided by its largest entry; for an infinite time until a squaring changes nothing.
    """
    matrix = np.diag(diagonal.max() - diagonal) + np.diag(below, -1) + np.diag(above, 1)
    size = float(matrix.sum(axis=1).max())
    doublings = max(0, math.ceil(math.log2(size * time))) if 0.0 < time * size < math.inf else 0
    flow = _small_exponential(matrix * (time / 2.0**doublings if math.isfinite(time) else 1.0 / size))
    if math.isfinite(time):
        for _ in range(doublings):
            flow = _squared(flow)
        return _log(flow @ start)
    before = np.full_like(start, math.inf)
    log_v = _log(flow @ start)
    while np.abs(log_v - before).max() > 1e-13 * np.abs(log_v).max():
        before, flow = log_v, _squared(flow)
        log_v = _log(flow @ start)
        log_v -= log_v[len(log_v) // 2]
    return log_v


def _log(weights: Floats) -> Floats:
    if not weights.min() > 0.0:
        raise UsageError("the inventory limit lies too far out for this risk: its weight is below any float; lower it")
    return np.log(weights)


def _squared(flow: Floats) -> Floats:
    product: Floats = flow @ flow
    product /= product.max()
    return product


def _small_exponential(matrix: Floats) -> Floats:
    """exp of a matrix with entries of at least 0 and row sums of at most 1, by its series; 20 terms leave 1e-18."""
    term = total = np.eye(len(matrix))
    for n in range(1, 21):
        term = term @ matrix / n
        total = total + term
    return total
