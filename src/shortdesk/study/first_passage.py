"""How likely a price reaches a barrier in time: first passage of geometric Brownian motion.

The price S follows dS/S = mu dt + sigma dW, so its logarithm drifts at mu - sigma^2/2. A short is
liquidated when the price first reaches a barrier above it, a long when it reaches one below. Time is
in years of 365 days, drift and volatility are per year, and all of it is fractions: 0.6 is 60%.

The textbook formula N(d) + exp(2 nu b / sigma^2) N(d') multiplies a huge number by a tiny one. Here
the product is taken as exp(-d^2/2) erfcx(...), which is the same number without either extreme, so
the tails keep their digits (docs/why/first-passage.md).

Sources: reflection principle with drift, e.g. Borodin and Salminen, Handbook of Brownian Motion, 2.0.2;
discrete monitoring: Broadie, Glasserman and Kou, A continuity correction for discrete barrier options,
Mathematical Finance 7 (1997).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from shortdesk.ground.errors import UsageError

__all__ = [
    "DAYS_PER_YEAR",
    "DISCRETE_SHIFT",
    "FundedLiquidation",
    "HitProbability",
    "LeveragedLiquidation",
    "TwoBarrierExit",
    "erfcx",
    "hit_prob_brownian",
    "hit_prob_down_gbm",
    "hit_prob_up_discrete",
    "hit_prob_up_gbm",
    "log_ratio",
    "require_between",
    "short_liq_prob_by_leverage",
    "short_liq_prob_with_funding",
    "two_barrier_gbm",
    "upper_tail",
]

DAYS_PER_YEAR = 365.0
"""Markets that never close are counted around the clock; leap days are ignored."""

DISCRETE_SHIFT = 0.5825971579390107
"""-zeta(1/2)/sqrt(2 pi), printed as 0.5826 by Broadie, Glasserman and Kou."""

_LIMIT = 1e12
"""Above this a price, drift, volatility or horizon is refused: it is a slip of the pen, not a market."""


class HitProbability(NamedTuple):
    """Chances that a barrier is reached.

    ``p`` within the horizon; ``p_ever`` without a horizon; ``p_terminal_only`` that the price stands
    at or beyond the barrier at the end, which is what one gets by forgetting the way there.
    """

    p: float
    p_ever: float
    p_terminal_only: float


class TwoBarrierExit(NamedTuple):
    """Which of two barriers is reached first, and the mean time until either is, in years."""

    p_upper_first: float
    expected_exit_years: float


class LeveragedLiquidation(NamedTuple):
    """The liquidation price of an isolated linear short and the chance of reaching it by each horizon."""

    liquidation_price: float
    p: tuple[float, ...]


class FundedLiquidation(NamedTuple):
    """The same with funding: ``barrier_growth_annual`` is the rate at which funding moves the barrier."""

    liquidation_price: float
    barrier_growth_annual: float
    p: float


def hit_prob_up_gbm(
    spot: float, barrier: float, drift_annual: float, volatility_annual: float, horizon_years: float
) -> HitProbability:
    """The chance that the price rises to ``barrier`` within the horizon (liquidation of a short).

    With b = ln(barrier/spot), nu = drift - volatility^2/2, s = volatility sqrt(T):
    p = N((nu T - b)/s) + exp(2 nu b / volatility^2) N(-(b + nu T)/s). A barrier at or below the spot
    is already reached: p = 1.

    >>> hit_prob_up_gbm(60_000, 66_000, 0.0, 0.6, 30 / 365).p
    0.551...

    Raises UsageError for a price that is not positive, a negative volatility or horizon, or a number
    that is not finite. Source: reflection principle with drift.
    """
    _require_market(spot, barrier, drift_annual, volatility_annual, horizon_years)
    distance = log_ratio(barrier, spot)
    return hit_prob_brownian(distance, drift_annual, -0.5, volatility_annual, horizon_years)


def hit_prob_down_gbm(
    spot: float, barrier: float, drift_annual: float, volatility_annual: float, horizon_years: float
) -> HitProbability:
    """The chance that the price falls to ``barrier`` within the horizon (liquidation of a long).

    The mirror image of :func:`hit_prob_up_gbm`: b = ln(spot/barrier), nu = volatility^2/2 - drift.
    A barrier at or above the spot is already reached. Errors and source as there.
    """
    _require_market(spot, barrier, drift_annual, volatility_annual, horizon_years)
    distance = log_ratio(spot, barrier)
    return hit_prob_brownian(distance, -drift_annual, 0.5, volatility_annual, horizon_years)


def hit_prob_up_discrete(
    spot: float, barrier: float, drift_annual: float, volatility_annual: float, horizon_years: float, checks: float
) -> HitProbability:
    """The chance that the price stands at or above ``barrier`` at one of ``checks`` equally spaced looks.

    The continuous formula with the barrier moved away by exp(0.5826 volatility sqrt(T/checks)). The
    error of the correction is of order 1/checks; measured figures are in docs/why/first-passage.md.

    Raises UsageError as :func:`hit_prob_up_gbm`, and for fewer than one check.
    Source: Broadie, Glasserman and Kou (1997).
    """
    _require_market(spot, barrier, drift_annual, volatility_annual, horizon_years)
    require_between("checks", checks, 1.0, math.inf)
    distance = log_ratio(barrier, spot)
    if distance > 0.0:
        distance += DISCRETE_SHIFT * volatility_annual * math.sqrt(horizon_years / checks)
    return hit_prob_brownian(distance, drift_annual, -0.5, volatility_annual, horizon_years)


def two_barrier_gbm(
    spot: float, lower: float, upper: float, drift_annual: float, volatility_annual: float
) -> TwoBarrierExit:
    """Whether the price reaches ``upper`` before ``lower``, without a horizon, and how long that takes.

    With a = ln(spot/lower), b = ln(upper/spot), theta = 2 drift/volatility^2 - 1:
    p = (1 - exp(-theta a))/(1 - exp(-theta (a + b))), mean time (p (a + b) - a)/nu, or a b/volatility^2
    where nu = 0. A spot at or beyond a barrier has reached it, in no time.

    Raises UsageError as :func:`hit_prob_up_gbm`, for a volatility of zero and for upper <= lower.
    Source: scale function of the logarithm of the price.
    """
    _require_market(spot, upper, drift_annual, volatility_annual, 0.0)
    require_between("lower barrier", lower, 0.0, _LIMIT, open_below=True)
    require_between("volatility", volatility_annual, 1e-9, _LIMIT)
    if upper <= lower:
        raise UsageError(f"the upper barrier {upper:g} must lie above the lower one {lower:g}")
    if spot >= upper:
        return TwoBarrierExit(1.0, 0.0)
    if spot <= lower:
        return TwoBarrierExit(0.0, 0.0)
    theta = 2.0 * (drift_annual / volatility_annual) / volatility_annual - 1.0
    below, above = log_ratio(spot, lower), log_ratio(upper, spot)
    if theta >= 0.0:
        p_upper, shape = _exit_with_drift(theta, below, above)
    else:
        # 1 - p_lower would lose the digits of a small p_upper; exp(theta b) times the mirrored ratio keeps them.
        shape = _exit_with_drift(-theta, above, below)[1]
        p_upper = math.exp(theta * above) * _ratio_of_expm1(-theta * below, -theta * (below + above))
    years = 2.0 * below / volatility_annual * (above / volatility_annual) * shape
    return TwoBarrierExit(p_upper, years)


def short_liq_prob_by_leverage(
    entry: float,
    leverage: float,
    maintenance_rate: float,
    drift_annual: float,
    volatility_annual: float,
    horizons_days: Sequence[float],
) -> LeveragedLiquidation:
    """The chance that an isolated linear short of this leverage is liquidated within each horizon.

    The liquidation price is entry (1 + 1/leverage)/(1 + maintenance_rate): no fees, no tiers, no
    funding. A venue's own liquidation price comes from the margin rules; this one is the model's.

    Raises UsageError as :func:`hit_prob_up_gbm`, and for a leverage that is not positive or a negative
    maintenance rate. Source: notes of the project, own derivation.
    """
    price = _short_liquidation_price(entry, leverage, maintenance_rate)
    return LeveragedLiquidation(
        price,
        tuple(
            hit_prob_up_gbm(entry, price, drift_annual, volatility_annual, days / DAYS_PER_YEAR).p
            for days in horizons_days
        ),
    )


def short_liq_prob_with_funding(
    entry: float,
    leverage: float,
    maintenance_rate: float,
    funding_received_per_day: float,
    drift_annual: float,
    volatility_annual: float,
    horizon_days: float,
) -> FundedLiquidation:
    """The chance that an isolated linear short is liquidated when funding feeds or eats its collateral.

    Equity = collateral + (entry - price) + funding received, on the notional at entry. The barrier then
    moves as B0 (1 + g t), g = 365 f/(1 + 1/leverage) per year for f received per day (negative: paid). Taken as
    B0 exp(g t) it is a fixed barrier for a price whose logarithm drifts at mu - sigma^2/2 - g.
    The exponential lies above the straight line, so the figure is a little low: at 10x and 60% volatility .717
    against .721 when 0.3% a day is paid for 30 days, .777 against .793 when 1% is paid for 14.
    :func:`shortdesk.study.liquidation_probability.liquidation_probability` gives bounds.

    Raises UsageError as :func:`short_liq_prob_by_leverage`. Source: own derivation.
    """
    price = _short_liquidation_price(entry, leverage, maintenance_rate)
    require_between("funding per day", funding_received_per_day, -_LIMIT, _LIMIT)
    growth = DAYS_PER_YEAR * funding_received_per_day / (1.0 + 1.0 / leverage)
    hit = hit_prob_up_gbm(entry, price, drift_annual - growth, volatility_annual, horizon_days / DAYS_PER_YEAR)
    return FundedLiquidation(price, growth, hit.p)


def hit_prob_brownian(
    distance: float, drift: float, variance_drift: float, volatility: float, years: float
) -> HitProbability:
    """The chance that X(t) = (drift + variance_drift volatility^2) t + volatility W(t) reaches ``distance``.

    ``variance_drift`` is -1/2 for the logarithm of a price looking up, 1/2 looking down, 0 for a plain
    Brownian motion; it is kept apart because volatility^2 would overflow or vanish long before the
    answer does. ``distance`` is in logarithms; at or below zero it is already reached.
    """
    if distance <= 0.0:
        return HitProbability(1.0, 1.0, 1.0)
    spread = volatility * math.sqrt(years)
    if spread < 1e-140:
        return _without_noise(distance, drift + variance_drift * volatility * volatility, years)
    away = distance / spread
    # drift of X over the horizon, counted in standard deviations
    carry = (drift / volatility) * math.sqrt(years) + variance_drift * spread
    exponent = 2.0 * distance * ((drift / volatility) / volatility + variance_drift)
    ever = math.exp(min(exponent, 0.0))
    beyond = upper_tail(away - carry)
    if away + carry > 0.0:
        # exp(2 nu b / sigma^2) N(-d') = exp(-d^2/2) erfcx(d'/sqrt 2)/2, since d'^2 - d^2 is that exponent twice
        reflected = 0.5 * _exp_minus_half_square(away - carry) * erfcx((away + carry) * math.sqrt(0.5))
    else:
        reflected = ever * upper_tail(away + carry)
    return HitProbability(min(beyond + reflected, ever), ever, beyond)


def _without_noise(distance: float, drift: float, years: float) -> HitProbability:
    """A price without volatility goes where its drift carries it."""
    arrives = 1.0 if drift * years >= distance else 0.0
    return HitProbability(arrives, 1.0 if drift > 0.0 else 0.0, arrives)


def upper_tail(x: float) -> float:
    """P(Z >= x) of a standard normal Z, with its digits kept down to 1e-308."""
    if x <= 0.0:
        return 0.5 * math.erfc(x * math.sqrt(0.5))
    return 0.5 * _exp_minus_half_square(x) * erfcx(x * math.sqrt(0.5))


def erfcx(x: float) -> float:
    """exp(x^2) erfc(x) for x >= 0: about 1/(x sqrt pi) where erfc itself has long vanished.

    Relative error below 1e-15 (measured against 60 digits). Source: Abramowitz and Stegun 7.1.23.
    """
    if x < 10.0:
        return _exp_square(x) * math.erfc(x)
    # Ten terms of the asymptotic series; at x = 10 the next one is below 1e-17.
    half_inverse = 0.5 / (x * x)
    term = total = 1.0
    for n in range(1, 11):
        term *= -(2 * n - 1) * half_inverse
        total += term
    return total / (x * math.sqrt(math.pi))


def _exp_square(x: float) -> float:
    """exp(x^2) without the error of a rounded square: x is split so that the large part squares exactly."""
    head = math.floor(x * 128.0 + 0.5) / 128.0
    rest = x - head
    return math.exp(head * head) * math.exp(rest * (head + x))


def _exp_minus_half_square(x: float) -> float:
    """exp(-x^2/2), zero where it is below the smallest float."""
    size = abs(x)
    if size > 39.0:
        return 0.0
    head = math.floor(size * 128.0 + 0.5) / 128.0
    rest = size - head
    return math.exp(-0.5 * head * head) * math.exp(-0.5 * rest * (head + size))


def _exit_with_drift(theta: float, behind: float, ahead: float) -> tuple[float, float]:
    """For theta >= 0: the chance of leaving ahead first, and the mean exit time over 2 a b/sigma^2.

    The time is (p (a + b) - a)/nu; written out, its cancelling terms are taken together. Below one it
    is a power series in theta (a + b), where even that would lose digits.
    """
    u, w = theta * behind, theta * ahead
    v = u + w
    p_ahead = _ratio_of_expm1(u, v) if v > 0.0 else behind / (behind + ahead)
    if v < 1.0:
        return p_ahead, _slope_of_mean_decay(u, v) / _mean_decay(v)
    slope = (-math.expm1(-u) - u * math.exp(-u) * _mean_decay(w)) / u / v
    return p_ahead, slope / _mean_decay(v)


def _ratio_of_expm1(u: float, v: float) -> float:
    """(1 - exp(-u))/(1 - exp(-v)) for 0 <= u <= v and 0 < v."""
    return math.expm1(-u) / math.expm1(-v)


def _mean_decay(x: float) -> float:
    """(1 - exp(-x))/x, one at zero."""
    return -math.expm1(-x) / x if x > 0.0 else 1.0


def _slope_of_mean_decay(u: float, v: float) -> float:
    """-(f(v) - f(u))/(v - u) for f(x) = (1 - exp(-x))/x and 0 <= u <= v < 1, by its power series."""
    total, sign, factorial, powers, v_power = 0.0, 1.0, 1.0, 0.0, 1.0
    for n in range(1, 22):
        factorial *= n + 1
        powers = powers * u + v_power  # sum of u^k v^(n-1-k)
        total += sign * powers / factorial
        sign, v_power = -sign, v_power * v
    return total


def _short_liquidation_price(entry: float, leverage: float, maintenance_rate: float) -> float:
    require_between("entry", entry, 0.0, _LIMIT, open_below=True)
    require_between("leverage", leverage, 0.0, _LIMIT, open_below=True)
    require_between("maintenance rate", maintenance_rate, 0.0, _LIMIT)
    return entry * (1.0 + 1.0 / leverage) / (1.0 + maintenance_rate)


def log_ratio(numerator: float, denominator: float) -> float:
    """ln(numerator/denominator) of positive numbers, exact to the last digits when they are close."""
    if 0.5 < numerator / denominator < 2.0:
        return math.log1p((numerator - denominator) / denominator)
    return math.log(numerator) - math.log(denominator)


def _require_market(spot: float, barrier: float, drift: float, volatility: float, years: float) -> None:
    require_between("price", spot, 0.0, _LIMIT, open_below=True)
    require_between("barrier", barrier, 0.0, math.inf, open_below=True)
    require_between("drift", drift, -_LIMIT, _LIMIT)
    require_between("volatility", volatility, 0.0, _LIMIT)
    require_between("horizon", years, 0.0, _LIMIT)


def require_between(what: str, given: float, low: float, high: float, *, open_below: bool = False) -> None:
    """Raise UsageError unless ``given`` is a finite number from ``low`` to ``high`` (above ``low`` if open)."""
    if math.isfinite(given) and (low < given if open_below else low <= given) and given <= high:
        return
    least = f"above {low:g}" if open_below else f"at least {low:g}"
    most = "" if high == math.inf else f" and at most {high:g}"
    raise UsageError(f"{what} must be a finite number {least}{most}, got {given:g}")
