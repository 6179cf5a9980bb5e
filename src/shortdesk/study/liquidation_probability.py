"""How likely a position is liquidated within a horizon, with what was assumed said in sentences.

This is the desk's face of the first-passage formulas. It takes the liquidation price a venue's rules
gave, adds drift, funding, the interval at which the venue looks, and jumps, and returns each variant.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.study.first_passage import (
    DAYS_PER_YEAR,
    DISCRETE_SHIFT,
    hit_prob_brownian,
    log_ratio,
    require_between,
)
from shortdesk.study.jump_passage import KouJumps, assumed_jumps, hit_prob_up_kou, kou_log_drift

__all__ = ["LiquidationProbability", "liquidation_probability"]

_SECONDS_PER_DAY = 86_400.0


class LiquidationProbability(NamedTuple):
    """The chance of being liquidated within the horizon, and where the figure comes from.

    ``probability`` has everything in it that was asked for; ``continuous`` is the plain diffusion looked at
    all the time, ``discrete`` the diffusion looked at every so many seconds, ``with_jumps`` the jump diffusion
    looked at all the time; the last two are None when not asked for. ``at_most`` bounds ``probability`` from
    above where funding moves the barrier in a straight line and the formula bends it; without funding it is
    the same number. ``assumptions`` are sentences to print.
    """

    probability: float
    method: str
    continuous: float
    discrete: float | None
    with_jumps: float | None
    at_most: float
    assumptions: tuple[str, ...]


class _Market(NamedTuple):
    """What the price has to do: ``towards`` is 1 for a barrier above and -1 for one below."""

    towards: float
    distance: float
    years: float
    drift: float
    volatility: float


def liquidation_probability(
    entry: float,
    liquidation: float | None,
    horizon_days: float,
    volatility_annual: float,
    drift_annual: float = 0.0,
    funding_per_day: float = 0.0,
    monitoring: float | Literal["continuous"] = "continuous",
    jumps: KouJumps | None = None,
    *,
    side: Literal["short", "long"] = "short",
    maintenance_rate: float = 0.0,
    carry: str = "funding",
) -> LiquidationProbability:
    """The chance that the price, now at ``entry``, reaches ``liquidation`` within ``horizon_days``.

    ``volatility_annual`` is the whole volatility, 0.6 = 60%; jumps take their variance out of it, so the
    same measured figure serves with and without them. ``drift_annual`` is the expected growth of the price.
    ``funding_per_day`` is what the position receives a day as a fraction of its notional at entry; negative
    means it pays. ``monitoring`` is the seconds between two looks of the venue. ``maintenance_rate`` m places
    the effect of funding: the barrier moves by f entry/(1 + m) a day for a short, -f entry/(1 - m) for a long.
    ``carry`` is the word for it in the sentences: funding, or interest on a loan.

    No liquidation price gives 0, one already passed gives 1. Raises UsageError for numbers that are not
    finite or out of range, looks further apart than the horizon, and jumps with more variance than the
    volatility has. Sources: :mod:`shortdesk.study.first_passage`, :mod:`shortdesk.study.jump_passage`.
    """
    if side not in ("short", "long"):
        raise UsageError(f"side must be 'short' or 'long', got {side!r}")
    require_between("entry price", entry, 0.0, 1e12, open_below=True)
    require_between("horizon in days", horizon_days, 0.0, 1e9)
    require_between("volatility", volatility_annual, 0.0, 1e6)
    require_between("drift", drift_annual, -1e6, 1e6)
    require_between("funding per day", funding_per_day, -1e3, 1e3)
    require_between("maintenance rate", maintenance_rate, 0.0, 0.99)
    if liquidation is None or (side == "long" and liquidation <= 0.0):
        return _settled(0.0, "no liquidation price", "There is no liquidation price: no price closes this position.")
    require_between("liquidation price", liquidation, 0.0, math.inf, open_below=True)
    towards = 1.0 if side == "short" else -1.0
    distance = towards * log_ratio(liquidation, entry)
    if distance <= 0.0:
        return _settled(1.0, "already reached", "The price already stands at or beyond the liquidation price.")
    years = horizon_days / DAYS_PER_YEAR
    if years == 0.0:
        return _settled(0.0, "no time passes", "The horizon is zero days.")

    market = _Market(towards, distance, years, drift_annual, volatility_annual)
    seconds = _seconds_between_looks(monitoring, horizon_days)
    growth = DAYS_PER_YEAR * funding_per_day * towards * entry / (liquidation * (1.0 + towards * maintenance_rate))
    probability = _reach(market, growth, seconds, jumps)
    other = _reach_straight(market, growth, seconds, jumps) if growth else probability
    sentences = [
        _about_the_price(market, jumps),
        _about_jumps(market, jumps),
        _about_looks(seconds, horizon_days),
        _about_carry(carry, funding_per_day, growth, probability, other),
        "Size and margin stay as they are: nothing is added, withdrawn, reduced or stopped out.",
    ]
    return LiquidationProbability(
        probability=probability,
        method=_method(seconds, jumps, growth, carry),
        continuous=_reach(market, growth, 0.0, None),
        discrete=_reach(market, growth, seconds, None) if seconds else None,
        with_jumps=(_reach(market, growth, 0.0, jumps) if seconds else probability) if jumps else None,
        at_most=max(probability, other),
        assumptions=tuple(sentence for sentence in sentences if sentence),
    )


def _settled(probability: float, method: str, reason: str) -> LiquidationProbability:
    """An answer no model is needed for."""
    return LiquidationProbability(probability, method, probability, None, None, probability, (reason,))


def _reach(market: _Market, growth: float, seconds: float, jumps: KouJumps | None) -> float:
    """The chance of reaching a barrier that grows as exp(growth t), looked at every so many seconds."""
    step_root = math.sqrt(seconds / (_SECONDS_PER_DAY * DAYS_PER_YEAR))
    if jumps is None:
        away = market.distance + DISCRETE_SHIFT * market.volatility * step_root
        drift = market.towards * (market.drift - growth)
        return hit_prob_brownian(away, drift, -0.5 * market.towards, market.volatility, market.years).p
    volatility = _volatility_between_jumps(market.volatility, jumps)
    away = market.distance + DISCRETE_SHIFT * volatility * step_root
    log_drift = market.towards * (kou_log_drift(market.drift, volatility, jumps) - growth)
    facing = jumps if market.towards > 0.0 else jumps.mirrored()
    return hit_prob_up_kou(away, market.years, log_drift, volatility, facing).p


def _reach_straight(market: _Market, growth: float, seconds: float, jumps: KouJumps | None) -> float:
    """The chance for the barrier whose logarithm goes straight to where funding leaves it at the horizon.

    ln(1 + g t) is concave, so it lies under its tangent g t, which :func:`_reach` uses, and over this chord: the
    two figures hold the straight barrier's between them, whatever the price does in between.
    """
    moved = growth * market.years
    if moved > -1.0:
        return _reach(market, math.log1p(moved) / market.years, seconds, jumps)
    # Funding takes the barrier down to zero within the horizon: certain death for a short, none for a long.
    return 1.0 if market.towards > 0.0 else 0.0


def _volatility_between_jumps(volatility: float, jumps: KouJumps) -> float:
    left = volatility * volatility - jumps.variance_annual()
    if left < 1e-8:
        alone = math.sqrt(jumps.variance_annual())
        raise UsageError(
            f"the jumps alone make a volatility of {alone:.2%} a year; it must stay below the whole, {volatility:.2%}"
        )
    return math.sqrt(left)


def _seconds_between_looks(monitoring: float | str, horizon_days: float) -> float:
    """Zero for a price watched all the time."""
    if isinstance(monitoring, str):
        if monitoring != "continuous":
            raise UsageError(f"monitoring must be 'continuous' or a number of seconds, got {monitoring!r}")
        return 0.0
    require_between("seconds between two looks", monitoring, 0.0, 1e12, open_below=True)
    if monitoring > horizon_days * _SECONDS_PER_DAY:
        raise UsageError(
            f"the venue would not look once: {monitoring:g} seconds between looks, horizon {horizon_days:g} days"
        )
    return monitoring


def _method(seconds: float, jumps: KouJumps | None, growth: float, carry: str) -> str:
    """The model in a line, for a table's footnote."""
    model = "first passage of geometric Brownian motion" if jumps is None else "first passage of Kou's jump diffusion"
    looks = f", looked at every {seconds:g} s (barrier shifted by 0.5826 sigma sqrt(dt))" if seconds else ""
    moving = f", barrier moving with {carry}" if growth else ""
    return model + looks + moving


def _about_the_price(market: _Market, jumps: KouJumps | None) -> str:
    model = "geometric Brownian motion" if jumps is None else "geometric Brownian motion with jumps"
    return (
        f"The price follows {model}: volatility {market.volatility:.1%} a year, expected growth {market.drift:.1%} "
        "a year, both constant, around the clock on 365 days."
    )


def _about_jumps(market: _Market, jumps: KouJumps | None) -> str:
    if jumps is None:
        return "There are no jumps and no bursts of volatility: far prices are reached more often than this says."
    share = jumps.variance_annual() / market.volatility**2
    origin = (
        "assumed: ours, measured on hourly Bitcoin returns 2020 to 2024, sizes scaled to the volatility"
        if jumps == assumed_jumps(market.volatility)
        else "as given"
    )
    return (
        f"Jumps: {jumps.rate_annual:.3g} a year, {jumps.p_up:.0%} of them up, with a mean size of "
        f"{1.0 / jumps.eta_up:.1%} up and {1.0 / jumps.eta_down:.1%} down, {share:.0%} of the variance ({origin})."
    )


def _about_looks(seconds: float, horizon_days: float) -> str:
    if not seconds:
        return "The price is watched all the time: any touch of the liquidation price counts."
    looks = horizon_days * _SECONDS_PER_DAY / seconds
    few = "; with so few looks the correction itself is rough" if looks < 20.0 else ""
    return f"The venue looks every {seconds:g} s, {looks:,.0f} times; what happens between looks does not count{few}."


def _about_carry(carry: str, per_day: float, growth: float, probability: float, other: float) -> str:
    if not growth:
        return ""
    verb = "received" if per_day > 0.0 else "paid"
    low, high = sorted((probability, other))
    straight = f"; in a straight line the figure lies between {low:.1%} and {high:.1%}" if high - low > 0.001 else ""
    return (
        f"{carry.capitalize()} of {abs(per_day):.4%} of the entry notional is {verb} every day, "
        f"which moves the liquidation price by {growth / DAYS_PER_YEAR:+.4%} a day, compounded{straight}."
    )
