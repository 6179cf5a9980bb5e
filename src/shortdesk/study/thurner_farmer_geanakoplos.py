"""Leverage causes fat tails: the fund market of Thurner, Farmer and Geanakoplos.

Noise traders hold a wealth xi whose logarithm reverts to ln(N V), V the value of a share and N their number. Value
funds buy below V: fund h holds shares worth min(beta_h m, lambda_max) W_h, with m = max(0, V - p) and wealth W_h =
cash + shares p. The price clears xi + sum_h (fund demand) = N p. A fund at its leverage cap must sell into a falling
price; the larger the cap, the fatter the tails.

W is taken as zero once it is negative: a fund that owes more than it holds demands nothing. Then excess demand is
continuous, positive near a price of zero and negative far up, so the number of clearing prices is odd but for
tangencies; the lowest may be the collapse in which every fund is worth nothing and noise traders alone make the
price.

Source: Thurner, Farmer and Geanakoplos, Leverage causes fat tails and clustered volatility, Quantitative Finance 12
(2012); the parameters rho .99, sigma .035, N 1000, V 1 seen in a public notebook of the model, the rest second-hand.
Everything is a vector over worlds: row r of a table is one market of its own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, Flags, numbers, row, same_length

__all__ = [
    "CapTails",
    "Clearing",
    "FundMarket",
    "FundPaths",
    "NoiseStationary",
    "clearing",
    "noise_stationary",
    "simulate_funds",
    "tails_by_leverage_cap",
]

_NEAR = 1e-9
"""Two clearing prices closer than this part of V are one: a root at the seam of two pieces is found from both sides."""


class NoiseStationary(NamedTuple):
    """The noise traders by themselves."""

    std_log: float
    mean_price: float
    """With nobody else, over V."""
    half_life: float
    """In steps."""


class Clearing(NamedTuple):
    """The clearing prices, and who holds what at the highest."""

    price: float
    fund_shares: Array
    """Shape (funds,)."""
    at_leverage_limit: Flags
    """Shape (funds,)."""
    n_equilibria: int
    """Clearing prices, a collapse not counted."""
    prices: Array
    """All clearing prices, falling, the collapse included."""
    collapse: bool
    """Whether the lowest is a price at which no fund is worth anything, though some are at the highest."""


class FundMarket(NamedTuple):
    """The parameters of the market, with the paper's values."""

    betas: tuple[float, ...] = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0)
    """Aggressiveness of each fund: wealth demanded per unit of mispricing."""
    max_leverage: float = 5.0
    shares_outstanding: float = 1000.0
    value: float = 1.0
    rho: float = 0.99
    """Persistence of the noise traders' log wealth, per step."""
    sigma: float = 0.035
    """Its shocks, per step."""
    initial_wealth: float = 2.0
    default_share: float = 0.1
    """A fund below this share of its initial wealth is wound up."""
    reentry_steps: int = 100
    flow_rate: float = 0.15
    """Share of wealth that flows in per step and unit of performance above the benchmark."""
    smoothing: float = 0.1
    """Weight of the last return in the performance that investors look at."""
    benchmark: float = 0.003
    """Return per step at which nobody moves their money."""


class FundPaths(NamedTuple):
    """What happened; T steps, R worlds."""

    prices: Array
    """Shape (T, R)."""
    fund_wealth: Array
    """Of all funds together, shape (T, R)."""
    leverage: Array
    """Value of all funds' shares over their wealth, shape (T, R); 0 when they have none."""
    defaults: npt.NDArray[np.intp]
    """Funds wound up in each world, shape (R,)."""


class CapTails(NamedTuple):
    """The tails of one-step log returns under one leverage cap."""

    max_leverage: float
    excess_kurtosis: float
    """Of all worlds' returns together."""
    standard_error: float
    """Over worlds, of the mean of their own kurtosis; nan for a single world."""
    defaults: int


def noise_stationary(rho: float, sigma: float) -> NoiseStationary:
    """ln xi is AR(1): std sigma / sqrt(1 - rho^2), mean price exp(variance / 2), half-life ln 2 / -ln rho.

    Raises UsageError for a rho outside (0, 1) or a negative sigma.
    """
    kept = float(numbers("rho", rho, above=0.0, below=1.0, axes=0))
    spread = float(numbers("sigma", sigma, least=0.0, axes=0)) / math.sqrt(1.0 - kept * kept)
    return NoiseStationary(spread, math.exp(spread * spread / 2.0), math.log(0.5) / math.log(kept))


# --- clearing -----------------------------------------------------------------------------------------------


class _Pieces(NamedTuple):
    """Candidate prices of R worlds: the roots of each of P pieces, and whether they lie in it; shape (R, P, 2)."""

    roots: Array
    inside: Flags


def _pieces(noise: Array, cash: Array, shares: Array, betas: Array, market: FundMarket) -> _Pieces:
    """On every piece between kinks, demand - N p is a quadratic A p^2 + B p + C.

    Kinks lie where a fund reaches its cap (p = V - lambda / beta) and where its wealth is gone (p = -cash / shares).
    ``noise`` has shape (R,), ``cash`` and ``shares`` (R, H), ``betas`` (H,).
    """
    worlds, value, cap = noise.shape[0], market.value, market.max_leverage
    gone = np.divide(-cash, shares, out=np.zeros_like(cash), where=shares > 0)
    caps = np.broadcast_to(np.clip(value - cap / betas, 0.0, value), cash.shape)
    ends = np.broadcast_to([0.0, value], (worlds, 2))
    seams = np.sort(np.concatenate((ends, caps, np.clip(gone, 0.0, value)), axis=1), axis=1)
    low, high = seams[:, :-1], seams[:, 1:]
    middle = ((low + high) / 2.0)[:, :, None]
    own, borrowed = shares[:, None, :], cash[:, None, :]
    solvent = borrowed + own * middle > 0.0
    capped = solvent & (betas * (value - middle) > cap)
    free = betas * (solvent & ~capped)
    a = -(free * own).sum(axis=2)
    b = (free * (value * own - borrowed) + cap * (capped * own)).sum(axis=2) - market.shares_outstanding
    c = (free * (value * borrowed) + cap * (capped * borrowed)).sum(axis=2) + noise[:, None]
    # Above V no fund buys, and the noise traders' wealth alone makes the price.
    alone = noise / market.shares_outstanding
    roots = np.concatenate((_quadratic_roots(a, b, c), np.stack((alone, alone), axis=1)[:, None, :]), axis=1)
    low = np.concatenate((low, np.full((worlds, 1), value)), axis=1)[:, :, None]
    high = np.concatenate((high, np.full((worlds, 1), np.inf)), axis=1)[:, :, None]
    slack = 1e-11 * value
    inside = (roots >= low - slack) & (roots <= high + slack) & (high > low)
    return _Pieces(roots, inside)


def _quadratic_roots(a: Array, b: Array, c: Array) -> Array:
    """Both roots of a z^2 + b z + c along a new last axis; nan where there are none."""
    under = b * b - 4.0 * a * c
    with np.errstate(divide="ignore", invalid="ignore"):
        q = -0.5 * (b + np.copysign(np.sqrt(under), b))
        return np.stack((q / a, c / q), axis=-1)


def clearing(
    noise_wealth: float,
    betas: npt.ArrayLike,
    shares: npt.ArrayLike,
    cash: npt.ArrayLike,
    max_leverage: float,
    shares_outstanding: float = 1000.0,
    value: float = 1.0,
) -> Clearing:
    """The prices at which noise traders and funds together hold all shares; the highest is taken.

    ``betas``, ``shares`` and ``cash`` (negative when borrowed) have an entry for each fund. Exact: the excess demand
    is a quadratic between the kinks of the funds' demands.

    Raises UsageError for a wealth, value or number of shares that is not positive, a cap or beta that is not
    positive, or negative shares of a fund.
    """
    noise = numbers("noise_wealth", noise_wealth, above=0.0, axes=0)
    beta = row("betas", betas, above=0.0)
    held, money = row("shares", shares, least=0.0), row("cash", cash)
    same_length(betas=beta, shares=held, cash=money)
    market = FundMarket(
        max_leverage=float(numbers("max_leverage", max_leverage, above=0.0, axes=0)),
        shares_outstanding=float(numbers("shares_outstanding", shares_outstanding, above=0.0, axes=0)),
        value=float(numbers("value", value, above=0.0, axes=0)),
    )
    found = _pieces(noise.reshape(1), money[None, :], held[None, :], beta, market)
    candidates = np.sort(found.roots[found.inside])[::-1]
    apart = np.concatenate(([True], np.diff(candidates) < -_NEAR * market.value))
    prices = candidates[apart]
    price = float(prices[0])
    discount = max(0.0, market.value - price)
    wealth = np.maximum(0.0, money + held * price)
    wanted = np.minimum(beta * discount, market.max_leverage) * wealth / price
    collapse = bool((wealth > 0).any() and (money + held * prices[-1] <= 0).all())
    return Clearing(
        price, wanted, beta * discount >= market.max_leverage, int(prices.size) - collapse, prices, collapse
    )


# --- the market over time -----------------------------------------------------------------------------------


def simulate_funds(market: FundMarket, normals: npt.ArrayLike) -> FundPaths:
    """The market step by step, driven by standard normals of shape (T, R): T steps of R independent worlds.

    Each step: noise wealth moves, the market clears at the highest price, funds trade to their demand, investors
    move money by smoothed performance above the benchmark, funds below the default share are wound up and come back
    after ``reentry_steps``. Randomness is the caller's: the same normals, the same paths, and two markets driven by the
    same normals are a paired experiment.

    Raises UsageError for a market whose parameters make no sense, or normals that are no table.
    """
    betas = _checked(market)
    shocks = numbers("normals", normals, axes=2)
    steps, worlds = shocks.shape
    whole = math.log(market.shares_outstanding * market.value)
    log_noise = np.full(worlds, whole)
    cash = np.full((worlds, betas.size), market.initial_wealth)
    shares, performance = np.zeros_like(cash), np.zeros_like(cash)
    away = np.zeros(cash.shape, dtype=np.intp)
    before = np.full(worlds, market.value)
    prices, wealths, leverages = np.empty((3, steps, worlds))
    paths = FundPaths(prices, wealths, leverages, np.zeros(worlds, dtype=np.intp))
    for step in range(steps):
        log_noise = market.rho * log_noise + (1.0 - market.rho) * whole + market.sigma * shocks[step]
        found = _pieces(np.exp(log_noise), cash, shares, betas, market)
        price = np.where(found.inside, found.roots, -np.inf).max(axis=(1, 2))
        old = cash + shares * before[:, None]
        wealth = cash + shares * price[:, None]
        earned = np.divide(wealth - old, old, out=np.zeros_like(old), where=old > 0)
        performance += market.smoothing * (earned - performance)
        discount = np.maximum(0.0, market.value - price)[:, None]
        worth = np.maximum(0.0, wealth)
        demand = np.minimum(betas * discount, market.max_leverage) * worth
        shares = demand / price[:, None]
        flow = np.maximum(market.flow_rate * (performance - market.benchmark), -1.0) * worth
        cash = wealth - demand + flow
        _wind_up(market, cash, shares, performance, away, price, paths.defaults)
        paths.prices[step], before = price, price
        paths.fund_wealth[step] = worth.sum(axis=1)
        paths.leverage[step] = _share(demand.sum(axis=1), paths.fund_wealth[step])
    return paths


def _share(part: Array, whole: Array) -> Array:
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0)


def _wind_up(
    market: FundMarket,
    cash: Array,
    shares: Array,
    performance: Array,
    away: npt.NDArray[np.intp],
    price: Array,
    defaults: npt.NDArray[np.intp],
) -> None:
    """Take out funds that are worth too little, and bring back those that have been away long enough. In place."""
    here = away == 0
    broke = here & (cash + shares * price[:, None] < market.default_share * market.initial_wealth)
    back = away == 1
    away[~here] -= 1
    defaults += broke.sum(axis=1)
    cash[broke], shares[broke], performance[broke] = 0.0, 0.0, 0.0
    away[broke] = market.reentry_steps
    cash[back], performance[back] = market.initial_wealth, 0.0


def _checked(market: FundMarket) -> Array:
    for name in ("max_leverage", "shares_outstanding", "value", "initial_wealth"):
        numbers(name, getattr(market, name), above=0.0, axes=0)
    numbers("rho", market.rho, above=0.0, below=1.0, axes=0)
    numbers("sigma", market.sigma, least=0.0, axes=0)
    numbers("smoothing", market.smoothing, least=0.0, most=1.0, axes=0)
    numbers("default_share", market.default_share, least=0.0, below=1.0, axes=0)
    for name in ("flow_rate", "benchmark"):
        numbers(name, getattr(market, name), axes=0)
    if market.reentry_steps < 1:
        raise UsageError(f"reentry_steps must be at least 1, not {market.reentry_steps}")
    return row("betas", market.betas, above=0.0)


def tails_by_leverage_cap(
    caps: npt.ArrayLike, normals: npt.ArrayLike, market: FundMarket | None = None, drop_steps: int = 1000
) -> list[CapTails]:
    """Excess kurtosis of one-step log returns under each leverage cap, all driven by the same normals (T, R).

    The first ``drop_steps`` steps are left out: the funds start small.

    Raises UsageError as :func:`simulate_funds`, or when fewer than two returns are left.
    """
    base = FundMarket() if market is None else market
    rows: list[CapTails] = []
    for cap in row("caps", caps, above=0.0).tolist():
        paths = simulate_funds(base._replace(max_leverage=cap), normals)
        returns = np.diff(np.log(paths.prices[drop_steps:]), axis=0)
        if returns.shape[0] < 2:
            raise UsageError(f"{drop_steps} dropped steps leave nothing to measure")
        own = _excess_kurtosis(returns)
        error = float(own.std(ddof=1) / math.sqrt(own.size)) if own.size > 1 else math.nan
        pooled = float(_excess_kurtosis(returns.reshape(-1, 1))[0])
        rows.append(CapTails(cap, pooled, error, int(paths.defaults.sum())))
    return rows


def _excess_kurtosis(returns: Array) -> Array:
    """Fourth central moment over squared variance, less 3, of each column."""
    away = returns - returns.mean(axis=0)
    squares = away * away
    return np.asarray((squares * squares).mean(axis=0) / squares.mean(axis=0) ** 2 - 3.0)
