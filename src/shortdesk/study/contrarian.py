"""Contrarian strategies: buying losers, waiting for a spread to revert, being paid to stand against the crowd.

Returns and rates are fractions. Sources: Lehmann (1990) and Lo and MacKinlay (1990) for the weights and the
decomposition, which is an identity, checked against direct expectation; Ornstein-Uhlenbeck in closed form; the carry
is a definition.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length

__all__ = [
    "ContrarianTrade",
    "FundingCarry",
    "OrnsteinUhlenbeck",
    "ProfitDecomposition",
    "SampleDecomposition",
    "contrarian_trade",
    "expected_profit",
    "funding_carry",
    "ornstein_uhlenbeck",
    "sample_decomposition",
]


class ContrarianTrade(NamedTuple):
    """One period of the contrarian portfolio."""

    weights: Array
    """Sum to zero."""
    profit: float
    investment: float
    """Half the sum of absolute weights."""
    return_on_investment: float
    """nan when nothing is invested."""


class ProfitDecomposition(NamedTuple):
    """Where the expected profit comes from: cross + own - mean_dispersion."""

    cross: float
    """From cross-autocovariances: one asset leads another."""
    own: float
    """From assets that revert themselves."""
    mean_dispersion: float
    """Lost by betting against assets that rise more on average."""
    expected_profit: float
    gamma1: Array
    """E[(R(t-1) - mu)(R(t) - mu)'], shape (N, N)."""


class SampleDecomposition(NamedTuple):
    """The same for returns that happened; the parts sum to the mean profit exactly."""

    cross: float
    own: float
    mean_dispersion: float
    mean_profit: float


class OrnsteinUhlenbeck(NamedTuple):
    """A reverting spread after a time; fields have the common shape of the arguments."""

    mean: Array
    var: Array
    stationary_std: Array
    half_life: Array


class FundingCarry(NamedTuple):
    """Perpetual against spot, held for some fundings, as fractions of the notional of one leg."""

    side: str
    gross: float
    cost: float
    net_on_notional: float
    net_on_capital: float
    """Capital is the spot notional plus the margin of the perpetual."""
    breakeven_intervals: float
    """Infinite at a rate of zero."""


def contrarian_trade(previous_returns: npt.ArrayLike, next_returns: npt.ArrayLike) -> ContrarianTrade:
    """w_i = -(R_i(t-1) - mean R(t-1)) / N, profit sum w_i R_i(t).

    Raises UsageError for rows of different length or fewer than two assets.
    """
    past, now = row("previous_returns", previous_returns, at_least=2), row("next_returns", next_returns)
    same_length(previous_returns=past, next_returns=now)
    weights = -(past - past.mean()) / past.size
    profit, investment = float(weights @ now), 0.5 * float(np.abs(weights).sum())
    return ContrarianTrade(weights, profit, investment, profit / investment if investment > 0 else math.nan)


def _parts(gamma1: Array, mean: Array) -> tuple[float, float, float]:
    """C = (i' G i - tr G) / N^2, O = -(N - 1) tr G / N^2 and the dispersion of means, mean of (mu_i - mu_m)^2."""
    n = mean.size
    own = float(np.trace(gamma1))
    return (float(gamma1.sum()) - own) / n**2, -(n - 1) * own / n**2, float(mean.var())


def expected_profit(
    var1_matrix: npt.ArrayLike, innovation_cov: npt.ArrayLike, mean_returns: npt.ArrayLike
) -> ProfitDecomposition:
    """The decomposition for returns that follow R(t) - mu = A (R(t-1) - mu) + e, e with covariance S.

    Gamma0 = A Gamma0 A' + S, Gamma1 = Gamma0 A'; expected profit C + O - dispersion of means.

    Raises UsageError for tables of another shape, fewer than two assets, or an A that does not die out (an eigenvalue
    on or outside the unit circle).
    """
    mean = row("mean_returns", mean_returns, at_least=2)
    n = mean.size
    a, s = numbers("var1_matrix", var1_matrix, axes=2), numbers("innovation_cov", innovation_cov, axes=2)
    for name, table in (("var1_matrix", a), ("innovation_cov", s)):
        if table.shape != (n, n):
            raise UsageError(f"{name} must be {n} by {n} for {n} assets, not {table.shape[0]} by {table.shape[1]}")
    if not (np.abs(np.linalg.eigvals(a)) < 1.0).all():
        raise UsageError("returns with this var1_matrix have no stationary law: an eigenvalue is 1 or larger")
    gamma0 = np.linalg.solve(np.eye(n * n) - np.kron(a, a), s.reshape(-1)).reshape(n, n)
    gamma1 = gamma0 @ a.T
    cross, own, spread = _parts(gamma1, mean)
    return ProfitDecomposition(cross, own, spread, cross + own - spread, gamma1)


def sample_decomposition(returns: npt.ArrayLike) -> SampleDecomposition:
    """The contrarian strategy over a table of returns (T, N): mean profit over T - 1 trades, split into its parts.

    Gamma1 is the mean of outer products of returns about the means of their own stretch (all but the last, all but the
    first), and the dispersion is the covariance across assets of these two rows of means, so the identity is exact.

    Raises UsageError for fewer than two periods or assets.
    """
    table = numbers("returns", returns, axes=2)
    if table.shape[0] < 2 or table.shape[1] < 2:
        raise UsageError(f"returns need at least 2 periods of 2 assets, not {table.shape[0]} of {table.shape[1]}")
    past, now = table[:-1], table[1:]
    before, after = past.mean(axis=0), now.mean(axis=0)
    gamma1 = (past - before).T @ (now - after) / past.shape[0]
    cross, own, _ = _parts(gamma1, before)
    spread = float(((before - before.mean()) * (after - after.mean())).mean())
    weights = -(past - past.mean(axis=1, keepdims=True)) / table.shape[1]
    return SampleDecomposition(cross, own, spread, float((weights * now).sum(axis=1).mean()))


def ornstein_uhlenbeck(
    kappa: npt.ArrayLike, theta: npt.ArrayLike, sigma: npt.ArrayLike, start: npt.ArrayLike, time: npt.ArrayLike
) -> OrnsteinUhlenbeck:
    """dX = kappa (theta - X) dt + sigma dW from ``start``: moments after ``time``, in the units of kappa and sigma.

    mean = theta + (x0 - theta) exp(-kappa t), variance = sigma^2 (1 - exp(-2 kappa t)) / (2 kappa); half-life
    ln 2 / kappa.

    Raises UsageError for a kappa that is not positive, or a negative sigma or time.
    """
    speed, level, noise, first, t = np.broadcast_arrays(
        numbers("kappa", kappa, above=0.0),
        numbers("theta", theta),
        numbers("sigma", sigma, least=0.0),
        numbers("start", start),
        numbers("time", time, least=0.0),
    )
    limit = noise**2 / (2.0 * speed)
    return OrnsteinUhlenbeck(
        mean=np.asarray(level + (first - level) * np.exp(-speed * t)),
        var=np.asarray(-limit * np.expm1(-2.0 * speed * t)),
        stationary_std=np.asarray(np.sqrt(limit)),
        half_life=np.asarray(math.log(2.0) / speed),
    )


def funding_carry(
    funding_rate: float, intervals: float, taker_fee: float, slippage: float, leverage: float
) -> FundingCarry:
    """Take the side that is paid: short the perpetual and hold spot at a positive rate, else the other way round.

    Two legs in and out are four taker fills: cost 4 (fee + slippage). Capital 1 + 1 / leverage. Borrowing the spot
    to sell it is not in here.

    Raises UsageError for negative intervals, fee or slippage, or a leverage that is not positive.
    """
    rate = float(numbers("funding_rate", funding_rate, axes=0))
    held = float(numbers("intervals", intervals, least=0.0, axes=0))
    fill = float(numbers("taker_fee", taker_fee, axes=0)) + float(numbers("slippage", slippage, least=0.0, axes=0))
    geared = float(numbers("leverage", leverage, above=0.0, axes=0))
    gross, cost = abs(rate) * held, 4.0 * fill
    return FundingCarry(
        side="long_perp_short_spot" if rate < 0 else "short_perp_long_spot",
        gross=gross,
        cost=cost,
        net_on_notional=gross - cost,
        net_on_capital=(gross - cost) / (1.0 + 1.0 / geared),
        breakeven_intervals=cost / abs(rate) if rate else math.inf,
    )
