"""How to work a large order: schedules that trade the cost of haste against the risk, or the refill, of waiting.

``size`` is signed: positive is sold in the papers' wording and bought in another's; the cost is the same. Prices,
sizes and times are in the caller's units; impact is price per size, and per size per time where it depends on speed.

Sources: Almgren and Chriss, Journal of Risk 3 (2000), whose worked case comes out (read in part; its text misprints the
drift's correction as 1,100 where the formula gives 11,080); Obizhaeva and Wang, Journal of Financial Markets 16 (2013)
and Alfonsi, Fruth and Schied, Quantitative Finance 10 (2010), recalled and checked by a quadratic program; Carlin, Lobo
and Viswanathan, Journal of Finance 62 (2007), derived again from the conditions of Euler and Lagrange.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, not_negative, numbers, positive, row

__all__ = [
    "BlockSchedule",
    "DiscreteSchedule",
    "PredatoryPaths",
    "RiskSchedule",
    "block_schedule",
    "discrete_schedule",
    "drift_correction",
    "predatory_paths",
    "risk_schedule",
]


def _count(name: str, count: int, least: int = 1) -> None:
    if not least <= count <= 1_000_000:
        raise UsageError(f"{name} must be from {least} to 1,000,000, not {count}")


# --- Almgren and Chriss ------------------------------------------------------------------------------------------


class RiskSchedule(NamedTuple):
    """What is still held after each step, and what the whole costs."""

    kappa: float
    """Per time: how fast the position is left at first."""
    effective_temporary: float
    """eta - gamma tau/2."""
    holdings: Array
    """At the start and after each step. Shape: (steps + 1,)."""
    expected_cost: float
    variance: float
    """Of the cost, in squared money."""
    half_life: float
    """1/kappa; infinite for even selling."""


def risk_schedule(
    size: float,
    horizon: float,
    steps: int,
    volatility: float,
    fixed_cost: float,
    permanent: float,
    temporary: float,
    risk_aversion: float,
) -> RiskSchedule:
    """The schedule with the least expected cost + risk_aversion times variance, with impact linear in speed.

    tau = T/N, eta' = eta - gamma tau/2, 2 (cosh(kappa tau) - 1) = lambda sigma^2 tau^2/eta'; holdings
    X sinh(kappa (T - t))/sinh(kappa T), with sines for a negative ``risk_aversion``. Cost = gamma X^2/2 +
    eps sum |n| + eta'/tau sum n^2, variance = sigma^2 tau sum of squared holdings after each step. ``volatility`` is in
    price units per square root of time, ``fixed_cost`` eps is half the spread and fees per size.

    Raises UsageError for parameters out of range, steps so long that permanent impact eats the temporary one, or a love
    of risk for which no schedule is best. Source: Almgren and Chriss (2000), equations 17 to 20.
    """
    numbers("size", size, axes=0)
    numbers("risk_aversion", risk_aversion, axes=0)
    positive(horizon=horizon, temporary=temporary)
    not_negative(volatility=volatility, fixed_cost=fixed_cost, permanent=permanent)
    _count("steps", steps)
    step = horizon / steps
    effective = temporary - permanent * step / 2.0
    if effective <= 0:
        raise UsageError("permanent impact over a step exceeds twice the temporary one; take shorter steps")
    half = 0.5 * step * math.sqrt(abs(risk_aversion) * volatility**2 / effective)
    left: Array = np.arange(steps, -1, -1, dtype=np.float64) * step
    if risk_aversion < 0 and (half >= 1.0 or 2.0 * math.asin(half) * steps >= math.pi):
        raise UsageError("with so much love of risk waiting is always better; there is no best schedule")
    kappa = 2.0 * (math.asin(half) if risk_aversion < 0 else math.asinh(half)) / step
    if kappa == 0.0:
        shape = left / horizon
    elif risk_aversion < 0:
        shape = np.sin(kappa * left) / math.sin(kappa * horizon)
    else:
        shape = np.exp(kappa * (left - horizon)) * np.expm1(-2.0 * kappa * left) / math.expm1(-2.0 * kappa * horizon)
    holdings: Array = np.asarray(size * shape, dtype=np.float64)
    trades = -np.diff(holdings)
    cost = permanent * size**2 / 2.0 + fixed_cost * np.abs(trades).sum() + effective / step * (trades**2).sum()
    variance = volatility**2 * step * (holdings[1:] ** 2).sum()
    half_life = 1.0 / kappa if kappa > 0 else math.inf
    return RiskSchedule(kappa, effective, holdings, float(cost), float(variance), half_life)


def drift_correction(drift: float, risk_aversion: float, volatility: float) -> float:
    """What is best held for ever because the price drifts: alpha/(2 lambda sigma^2), in sizes.

    ``drift`` is price per time. Raises UsageError unless risk aversion and volatility are positive.
    """
    positive(risk_aversion=risk_aversion, volatility=volatility)
    return drift / (2.0 * risk_aversion * volatility**2)


# --- books that refill -------------------------------------------------------------------------------------------


class BlockSchedule(NamedTuple):
    """A block, a constant rate, a block."""

    first_block: float
    last_block: float
    rate: float
    """Per time."""
    half_life: float
    """Of the book's refill."""
    cost_over_impact: float
    """Expected cost for a book that a unit of size moves by one price unit."""


def block_schedule(size: float, refill_rate: float, horizon: float) -> BlockSchedule:
    """The cheapest way through a flat book whose impact fades as exp(-rho t): block X/(rho T + 2), rate rho times it.

    Cost = kappa X^2/(rho T + 2), kappa being price per size and half of a block paying for itself.
    Raises UsageError for a refill rate or horizon that is not positive. Source: Obizhaeva and Wang (2013).
    """
    numbers("size", size, axes=0)
    positive(refill_rate=refill_rate, horizon=horizon)
    block = size / (refill_rate * horizon + 2.0)
    return BlockSchedule(block, block, refill_rate * block, math.log(2.0) / refill_rate, size * block)


class DiscreteSchedule(NamedTuple):
    """Trades at equal intervals, and their cost."""

    trades: Array
    """Shape: (intervals + 1,)."""
    cost_over_impact: float


def discrete_schedule(size: float, refill_rate: float, horizon: float, intervals: int) -> DiscreteSchedule:
    """The same with trades at N + 1 times only: ends X/(2 + (N - 1)(1 - a)), between (1 - a) of that.

    a = exp(-rho T/N); cost = kappa X^2 (1 + a)/(2 (2 + (N - 1)(1 - a))). Raises UsageError as
    :func:`block_schedule`, or for no interval.
    Source: Alfonsi, Fruth and Schied (2010).
    """
    numbers("size", size, axes=0)
    positive(refill_rate=refill_rate, horizon=horizon)
    _count("intervals", intervals)
    fresh = -math.expm1(-refill_rate * horizon / intervals)
    end = size / (2.0 + (intervals - 1) * fresh)
    trades = np.full(intervals + 1, fresh * end)
    trades[[0, -1]] = end
    return DiscreteSchedule(trades, size * end * (2.0 - fresh) / 2.0)


# --- predation ---------------------------------------------------------------------------------------------------


class PredatoryPaths(NamedTuple):
    """Positions over time, and what each trader pays."""

    positions: Array
    """Change since the start. Shape: (traders, times)."""
    cost: Array
    """Negative for a predator who earns. Shape: (traders,)."""


def predatory_paths(
    target_changes: npt.ArrayLike, permanent: float, temporary: float, horizon: float, times: npt.ArrayLike
) -> PredatoryPaths:
    """What traders do who know of each other's need: the equilibrium in which some must trade and others need not.

    Price = U + gamma X + lambda Y, X the sum of positions and Y of rates. With g = gamma/lambda, rate i is
    a exp(-(n - 1)/(n + 1) g t) + b_i exp(g t): a carries the average target, b_i the own excess over it, so that
    predators first sell with a distressed seller and buy from it at the end. Cost_i is the integral of the price's
    displacement times rate i.

    Raises UsageError for no trader, impact or horizon that is not positive, or times outside the horizon.
    Source: Carlin, Lobo and Viswanathan (2007).
    """
    targets = row("target_changes", target_changes)
    moments = row("times", times, least=0.0)
    positive(permanent=permanent, temporary=temporary, horizon=horizon)
    if moments.max() > horizon:
        raise UsageError(f"times must lie within the horizon of {horizon:g}, not at {moments.max():g}")
    n, growth = len(targets), permanent / temporary
    fade = (n - 1) / (n + 1) * growth
    mean = float(targets.mean())
    common = _aged(fade, moments) / _aged(fade, np.array(horizon))
    own = (np.exp(-growth * (horizon - moments)) - math.exp(-growth * horizon)) / -math.expm1(-growth * horizon)
    positions = mean * common + (targets - mean)[:, None] * own
    return PredatoryPaths(positions, _predatory_costs(targets, temporary, growth, horizon))


def _aged(rate: float, times: Array) -> Array:
    """The integral of exp(-rate s) from 0 to t."""
    return np.asarray(-np.expm1(-rate * times) / rate if rate > 0 else times)


def _predatory_costs(targets: Array, temporary: float, growth: float, horizon: float) -> Array:
    """The price's displacement is n a (gamma E(t) + lambda e^(-c t)), E the integral of e^(-c s) up to t."""
    n, mean = len(targets), float(targets.mean())
    fade = (n - 1) / (n + 1) * growth
    end = np.array(horizon)
    scale = mean / float(_aged(fade, end))
    if n == 1:
        return np.array([scale**2 * temporary * (growth * horizon**2 / 2.0 + horizon)])
    late, lost = temporary * (n + 1) / (n - 1), temporary * 2.0 / (n - 1)
    common = late * _aged(fade, end) - lost * _aged(2.0 * fade, end)
    back = growth - fade
    own = late / growth * -math.expm1(-growth * horizon) - lost * math.exp(-fade * horizon) * _aged(back, end)
    excess = (targets - mean) * growth / -math.expm1(-growth * horizon)
    return np.asarray(n * scale * (scale * common + excess * own))
