"""Other roads to the same probabilities: simulation, an integral equation, sixty digits.

Nothing here calls the code it judges.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798")


class Simulated(NamedTuple):
    """A simulated probability and its standard error."""

    p: float
    error: float

    def agrees(self, formula: float, errors: float = 4.0, bias: float = 0.0) -> bool:
        """Whether a formula lies within so many standard errors, plus a bias that the test states."""
        return abs(formula - self.p) <= errors * self.error + bias


def mean_of(chances: np.ndarray) -> Simulated:
    return Simulated(float(chances.mean()), float(chances.std() / math.sqrt(len(chances))))


def simulate_barrier(
    barrier: Callable[[float], float],
    log_drift: float,
    sigma: float,
    years: float,
    *,
    steps: int,
    paths: int,
    seed: int,
    looks_only: bool = False,
) -> Simulated:
    """The chance that a Brownian motion from 0 meets ``barrier(t)``, in logarithms, from below.

    Between steps the barrier is taken as straight, and the chance that the bridge meets it is put in exactly; with
    ``looks_only`` just the steps count. Exact for a straight barrier whatever the number of steps.
    """
    rng = np.random.default_rng(seed)
    dt = years / steps
    place = np.zeros(paths)
    alive = np.ones(paths)
    room = np.full(paths, barrier(0.0))
    for step in range(1, steps + 1):
        place = place + log_drift * dt + sigma * math.sqrt(dt) * rng.standard_normal(paths)
        after = barrier(step * dt) - place
        if looks_only:
            alive[after <= 0.0] = 0.0
        else:
            between = 1.0 - np.exp(np.minimum(-2.0 * room * after / (sigma * sigma * dt), 0.0))
            alive *= np.where(after <= 0.0, 0.0, between)
        room = np.maximum(after, 0.0)
    return mean_of(1.0 - alive)


class Jumping(NamedTuple):
    """Kou's model: drift of the logarithm, volatility between jumps, and the jumps."""

    mu: float
    sigma: float
    rate: float
    p_up: float
    eta1: float
    eta2: float


def simulate_kou(b: float, years: float, model: Jumping, *, paths: int, seed: int) -> Simulated:
    """The chance that X reaches b: jumps at their exact times, a Brownian bridge in between, nothing discretised."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(model.rate * years, paths)
    most = int(counts.max())
    times = rng.uniform(0.0, years, (paths, most))
    times[np.arange(most)[None, :] >= counts[:, None]] = years
    times.sort(axis=1)
    place, clock, alive = np.zeros(paths), np.zeros(paths), np.ones(paths)
    for jump in range(most + 1):
        until = times[:, jump] if jump < most else np.full(paths, years)
        dt = until - clock
        after = place + model.mu * dt + model.sigma * np.sqrt(dt) * rng.standard_normal(paths)
        spread = np.maximum(model.sigma**2 * dt, 1e-300)
        inside = (after < b) & (place < b)
        bridge = 1.0 - np.exp(np.minimum(-2.0 * (b - place) * (b - after) / spread, 0.0))
        alive *= np.where(inside, np.where(dt > 0.0, bridge, 1.0), 0.0)
        up = rng.random(paths) < model.p_up
        size = np.where(up, rng.exponential(1.0 / model.eta1, paths), -rng.exponential(1.0 / model.eta2, paths))
        place = np.where(jump < counts, after + size, after)
        alive[place >= b] = 0.0
        clock = until
    return mean_of(1.0 - alive)


def moving_barrier_by_integral(
    barrier: Callable[[float], float], slope: Callable[[float], float], log_drift: float, sigma: float, years: float
) -> float:
    """The chance that mu t + sigma W meets a smooth moving barrier, by an integral equation for the density.

    Buonocore, Nobile and Ricciardi (1987): g(t) = -2 k(t; 0, 0) + 2 int g(s) k(t; S(s), s) ds with a kernel that
    vanishes at s = t; trapezoid rule, then Richardson's extrapolation over two grids.
    """

    def on_grid(n: int) -> float:
        dt = years / n
        t = dt * np.arange(n + 1)
        at = np.array([barrier(x) for x in t])
        speed = np.array([slope(x) for x in t])

        def kernel(k: int, y: np.ndarray | float, s: np.ndarray | float) -> np.ndarray | float:
            left = t[k] - s
            away = at[k] - y - log_drift * left
            density = np.exp(-(away**2) / (2.0 * sigma**2 * left)) / np.sqrt(2.0 * math.pi * sigma**2 * left)
            return 0.5 * density * (speed[k] - log_drift - away / left)

        g = np.zeros(n + 1)
        for k in range(1, n + 1):
            g[k] = -2.0 * float(kernel(k, 0.0, 0.0))
            if k > 1:
                g[k] += 2.0 * dt * float(np.sum(g[1:k] * kernel(k, at[1:k], t[1:k])))
        return float(dt * (g.sum() - 0.5 * g[-1]))

    coarse, fine = on_grid(400), on_grid(800)
    return fine + (fine - coarse) / 3.0


@cache
def stehfest_weights(half: int) -> list[Fraction]:
    weights = []
    for k in range(1, 2 * half + 1):
        total = Fraction(0)
        for j in range((k + 1) // 2, min(k, half) + 1):
            total += Fraction(j ** (half + 1), math.factorial(half)) * (
                math.comb(half, j) * math.comb(2 * j, j) * math.comb(j, k - j)
            )
        weights.append((-1) ** (half + k) * total)
    return weights


def kou_by_gaver_stehfest(b: float, years: float, model: Jumping, *, half: int, digits: int = 80) -> float:
    """P(tau <= T) by the Gaver-Stehfest sum of 2 ``half`` terms in decimals, roots by bisection and Newton."""
    with localcontext(Context(prec=digits)):
        distance, mu, sigma = Decimal(b), Decimal(model.mu), Decimal(model.sigma)
        rate, up, down = Decimal(model.rate), Decimal(model.eta1), Decimal(model.eta2)
        p = Decimal(model.p_up)
        step = Decimal(2).ln() / Decimal(years)

        def root(a: Decimal, low: Decimal, high: Decimal, sign: int) -> Decimal:
            def value(x: Decimal) -> tuple[Decimal, Decimal]:
                one_side = mu * x + sigma**2 * x**2 / 2 + rate * ((1 - p) * down / (down + x) - 1) - a
                steep = mu + sigma**2 * x - rate * (1 - p) * down / (down + x) ** 2
                return sign * (one_side * (up - x) + rate * p * up), sign * (steep * (up - x) - one_side)

            x = (low + high) / 2
            for _ in range(400):
                here, slope = value(x)
                low, high = (low, x) if here > 0 else (x, high)
                after = x - here / slope if slope else low
                if not low < after < high:
                    after = (low + high) / 2
                if abs(after - x) <= abs(after) * Decimal(10) ** -(digits // 2 + 1):
                    return after
                x = after
            raise AssertionError("no root found")

        total = Decimal(0)
        for k, weight in enumerate(stehfest_weights(half), start=1):
            a = step * k
            far = up * 2
            while (mu * far + sigma**2 * far**2 / 2 - rate - a) * (up - far) + rate * p * up > 0:
                far *= 2
            beta1, beta2 = root(a, Decimal(0), up, 1), root(a, up, far, -1)
            hit = (up - beta1) * beta2 * (-distance * beta1).exp() + (beta2 - up) * beta1 * (-distance * beta2).exp()
            total += Decimal(weight.numerator) / Decimal(weight.denominator) * hit / (up * (beta2 - beta1)) / k
        return float(total)


def erfcx_in_digits(x: float | Decimal, digits: int = 60) -> Decimal:
    """exp(x^2) erfc(x) for x >= 0: Taylor's series of erf below 6, Legendre's continued fraction above."""
    with localcontext(Context(prec=digits + 40)):
        at = Decimal(x)
        root_pi = PI.sqrt()
        if x < 6.0:
            term = total = at
            n = 0
            while abs(term) > Decimal(10) ** -(digits + 35):
                n += 1
                term = -term * at * at / n
                total += term / (2 * n + 1)
            return (1 - 2 * total / root_pi) * (at * at).exp()
        tail = at
        for n in range(2000, 0, -1):
            tail = at + Decimal(n) / 2 / tail
        return 1 / (tail * root_pi)


def hit_in_digits(distance: float, drift: float, sigma: float, years: float) -> float:
    """The reflection principle as every textbook prints it, in 100 digits, where nothing overflows or cancels."""
    with localcontext(Context(prec=100)):
        b, nu, s2, t = (Decimal(number) for number in (distance, drift, sigma * sigma, years))
        spread = (s2 * t).sqrt()

        def tail(d: Decimal) -> Decimal:
            half = (-d * d / 2).exp() * erfcx_in_digits(abs(d) / Decimal(2).sqrt()) / 2
            return half if d >= 0 else 1 - half

        return float(tail((b - nu * t) / spread) + (2 * nu * b / s2).exp() * tail((b + nu * t) / spread))


def simulate_kou_at_looks(b: float, years: float, model: Jumping, *, looks: int, paths: int, seed: int) -> Simulated:
    """The chance that X stands at or above b at one of ``looks`` equally spaced looks; increments drawn exactly."""
    rng = np.random.default_rng(seed)
    dt = years / looks
    place, reached = np.zeros(paths), np.zeros(paths, dtype=bool)
    for _ in range(looks):
        ups = rng.poisson(model.rate * model.p_up * dt, paths)
        downs = rng.poisson(model.rate * (1 - model.p_up) * dt, paths)
        place += model.mu * dt + model.sigma * math.sqrt(dt) * rng.standard_normal(paths)
        place += rng.standard_gamma(ups) / model.eta1 - rng.standard_gamma(downs) / model.eta2
        reached |= place >= b
    return mean_of(reached.astype(float))
