"""What faster or better informed traders take from a quote, and the spread that pays for it.

Prices, half-spreads and jumps are in one price unit of the caller's, times in one time unit; losses are per unit of
size. Evidence: the conditions of Budish, Cramton and Shim and of Glosten and Milgrom are recalled, not read again; each
formula was recomputed from its definition (quadrature, root, Bayes' rule).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from shortdesk.ground.errors import UsageError

__all__ = ["InformedSequence", "StaleQuote", "informed_sequence", "sniping_spread", "stale_quote_loss"]


def _positive(**given: float) -> None:
    for name, value in given.items():
        if not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} must be positive and finite, not {value:g}")


def _between(low: float, high: float, **given: float) -> None:
    for name, value in given.items():
        if not low <= value <= high:
            raise UsageError(f"{name} must be from {low:g} to {high:g}, not {value:g}")


class StaleQuote(NamedTuple):
    """What a two-sided quote loses while it cannot be changed."""

    expected_loss: float
    """Per unit of size quoted on each side."""
    p_picked: float
    """The chance that one side of it is worth taking."""


def stale_quote_loss(volatility: float, latency: float, half_spread: float) -> StaleQuote:
    """The value that a quote gives away in one latency: E[(|dP| - h)^+], dP normal with deviation s = sigma sqrt(tau).

    = 2 (s phi(h/s) - h Phi(-h/s)); picked with chance 2 Phi(-h/s). ``volatility`` is in price units per square root of
    the time unit in which ``latency`` is given. Everybody who could pick it is assumed to see the price at once.

    Raises UsageError unless volatility and latency are positive and the half-spread is not negative.
    Source: the straddle of Bachelier; the idea of Copeland and Galai, Journal of Finance 38 (1983).
    """
    _positive(volatility=volatility, latency=latency)
    if not (math.isfinite(half_spread) and half_spread >= 0):
        raise UsageError(f"half_spread must be zero or more and finite, not {half_spread:g}")
    deviation = volatility * math.sqrt(latency)
    z = half_spread / deviation
    beyond = math.erfc(z * math.sqrt(0.5))
    density = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return StaleQuote(max(0.0, deviation * (2.0 * density - z * beyond)), beyond)


def sniping_spread(investor_rate: float, jump_rate: float, mean_jump: float) -> float:
    """The whole spread at which makers earn nothing when every jump beyond the quote is picked off.

    lambda_invest s/2 = lambda_jump P[J > s/2] E[J - s/2 | J > s/2]; for exponential jumps of mean m
    s = 2 m W(lambda_jump/lambda_invest), W being Lambert's function. Rates are per unit of time.

    Raises UsageError for a parameter that is not positive.
    Source: Budish, Cramton and Shim, Quarterly Journal of Economics 130 (2015).
    """
    _positive(investor_rate=investor_rate, jump_rate=jump_rate, mean_jump=mean_jump)
    return 2.0 * mean_jump * _lambert_w(jump_rate / investor_rate)


def _lambert_w(x: float) -> float:
    """w with w exp(w) = x for x > 0, by Halley's steps from a start that is close on either side of one."""
    w = math.log1p(x)
    if x > math.e:
        w = math.log(x) - math.log(math.log(x))
    for _ in range(40):
        scaled = w - x * math.exp(-w)
        step = scaled / (w + 1.0 - (w + 2.0) * scaled / (2.0 * w + 2.0))
        w -= step
        if abs(step) <= 4e-16 * w:
            break
    return w


class InformedSequence(NamedTuple):
    """Quotes before each trade and after the last, and what the maker then believes."""

    asks: list[float]
    bids: list[float]
    posterior: float
    """The chance of the high value after all trades."""
    first_spread: float


def informed_sequence(
    prior_high: float, informed: float, v_low: float, v_high: float, trades: str, uninformed_buy: float = 0.5
) -> InformedSequence:
    """Quotes of a maker without profit who faces informed traders: ask = E[V | a buy comes], bid = E[V | a sale comes].

    The value is ``v_low`` or ``v_high``; a share ``informed`` of traders knows it, the others buy with chance
    ``uninformed_buy``. ``trades`` is a text of B and S, taken at the quotes before each. At a prior of 1/2 the first
    spread is informed (v_high - v_low).

    Raises UsageError for chances outside 0 to 1, a value order upside down, another letter, or a trade that could not
    come (everybody informed, and the value already known).
    Source: Glosten and Milgrom, Journal of Financial Economics 14 (1985).
    """
    _between(0.0, 1.0, prior_high=prior_high, informed=informed, uninformed_buy=uninformed_buy)
    if not (math.isfinite(v_low) and math.isfinite(v_high) and v_low < v_high):
        raise UsageError(f"v_low must lie below v_high, both finite, not {v_low:g} and {v_high:g}")
    if set(trades) - {"B", "S"}:
        raise UsageError(f"trades are letters B and S, not {trades!r}")
    noise = 1.0 - informed
    buys = (informed + noise * uninformed_buy, noise * uninformed_buy)
    sales = (1.0 - buys[0], 1.0 - buys[1])

    def after(belief: float, chances: tuple[float, float]) -> float:
        reached = belief * chances[0] + (1.0 - belief) * chances[1]
        if reached <= 0.0:
            raise UsageError("a trade on one side cannot come, so there is no quote for it")
        return belief * chances[0] / reached

    belief, asks, bids = prior_high, [], []
    for trade in [*trades, ""]:
        if_bought, if_sold = after(belief, buys), after(belief, sales)
        asks.append(v_low + (v_high - v_low) * if_bought)
        bids.append(v_low + (v_high - v_low) * if_sold)
        belief = {"B": if_bought, "S": if_sold, "": belief}[trade]
    return InformedSequence(asks, bids, belief, asks[0] - bids[0])
