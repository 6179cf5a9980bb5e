"""How likely a price that also jumps reaches a barrier: first passage under Kou's jump diffusion.

X(t) = mu t + sigma W(t) + sum of jumps is the logarithm of the price. Jumps come at a constant rate;
each is up with probability p and then exponential with mean 1/eta1, else down with mean 1/eta2. The
Laplace transform of the passage time is known in closed form (Kou and Wang, First passage times of a
jump diffusion process, Advances in Applied Probability 35, 2003); it is inverted numerically.

The inversion is the Fourier series of Abate and Whitt (Queueing Systems 10, 1992) in plain floats
rather than Gaver and Stehfest. Both agree to 1e-9 in ordinary cases, but where the drift alone carries the
price to the barrier (five standard deviations, say) thirty-two terms of Gaver and Stehfest are wrong in the
fourth decimal whatever their precision, and the Fourier series is not (docs/why/first-passage.md).
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.study.first_passage import DAYS_PER_YEAR, hit_prob_brownian, require_between

__all__ = [
    "JumpHit",
    "KouJumps",
    "KouOvershoot",
    "assumed_jumps",
    "hit_prob_up_kou",
    "kou_log_drift",
    "kou_overshoot",
]

_DAMPING = 24.0
"""The series is wrong by exp(-24) = 4e-11 of P(3 T); more damping would bring rounding errors instead."""

_MOST_CARRY = 500.0
_SMALLEST_VOLATILITY = 1e-4


class KouJumps(NamedTuple):
    """Double exponential jumps: how many a year, the share that go up, and one over the mean sizes.

    ``eta_up`` = 50 is a mean upward jump of 1/50 = 2% in logarithms.
    """

    rate_annual: float
    p_up: float
    eta_up: float
    eta_down: float

    def variance_annual(self) -> float:
        """What the jumps add to the variance of the logarithm in a year: rate (2 p/eta1^2 + 2 (1-p)/eta2^2)."""
        return self.rate_annual * 2.0 * (self.p_up / self.eta_up**2 + (1.0 - self.p_up) / self.eta_down**2)

    def mirrored(self) -> KouJumps:
        """The same jumps seen with the price axis upside down."""
        return KouJumps(self.rate_annual, 1.0 - self.p_up, self.eta_down, self.eta_up)


class JumpHit(NamedTuple):
    """The chance ``p`` that the barrier is reached within the horizon, to about 1e-10 absolute."""

    p: float


class KouOvershoot(NamedTuple):
    """How far beyond the barrier the price lands, with time discounted at a rate a: E[exp(-a tau) ...].

    ``discounted_hit`` for any passage, ``discounted_hit_by_jump`` where a jump carries the price beyond,
    ``discounted_overshoot_gt_y`` where it lands more than y beyond, and
    ``expected_gap_loss`` = E[exp(-a tau) (exp(X - b - y) - 1)+], the loss beyond a bankruptcy price that lies
    y above the liquidation price, as a fraction of that price: what an insurance fund must carry.
    ``beta1`` and ``beta2`` are the positive roots the formulas are made of.
    """

    beta1: float
    beta2: float
    discounted_hit: float
    discounted_hit_by_jump: float
    discounted_overshoot_gt_y: float
    expected_gap_loss: float


JUMPS_PER_YEAR = 62.0
JUMP_P_UP = 0.43
JUMP_MEAN_DAILY_SIGMAS = 0.62
_LARGEST_MEAN_JUMP = 0.5


def assumed_jumps(volatility_annual: float) -> KouJumps:
    """Jumps to assume when nobody measured any: 62 a year, 43% of them up, each 0.62 daily sigmas on average.

    Ours, measured on 34,686 hourly returns of Binance BTCUSD_PERP, August 2020 to August 2024: rate and
    share of hours beyond five local sigmas (Lee and Mykland's statistic, 78 hours), and a size that gives
    the jumps the 13% of variance that bipower variation leaves them. Sizes scale with the volatility given, up
    to a mean of 50%; that other coins jump like Bitcoin is an assumption. Each is exponential in logarithms.

    Raises UsageError for a volatility that is not positive and finite.
    """
    require_between("volatility", volatility_annual, 0.0, math.inf, open_below=True)
    mean = min(JUMP_MEAN_DAILY_SIGMAS * volatility_annual / math.sqrt(DAYS_PER_YEAR), _LARGEST_MEAN_JUMP)
    return KouJumps(JUMPS_PER_YEAR, JUMP_P_UP, 1.0 / mean, 1.0 / mean)


def kou_log_drift(drift_annual: float, volatility_annual: float, jumps: KouJumps) -> float:
    """The drift of X that makes the price itself grow at ``drift_annual``, jumps included.

    mu_X = mu - sigma^2/2 - rate (p eta1/(eta1 - 1) + (1-p) eta2/(eta2 + 1) - 1), sigma being the volatility
    between jumps. Raises UsageError unless eta_up > 1: else the mean price is infinite.
    """
    _require_jumps(jumps)
    require_between("eta_up", jumps.eta_up, 1.0, math.inf, open_below=True)
    # p/(eta1 - 1) - (1-p)/(eta2 + 1) is the mean relative jump with its ones cancelled by hand.
    mean_jump = jumps.p_up / (jumps.eta_up - 1.0) - (1.0 - jumps.p_up) / (jumps.eta_down + 1.0)
    return drift_annual - 0.5 * volatility_annual * volatility_annual - jumps.rate_annual * mean_jump


def hit_prob_up_kou(
    log_distance: float, horizon_years: float, log_drift_annual: float, volatility_annual: float, jumps: KouJumps
) -> JumpHit:
    """The chance that X, starting at zero, reaches ``log_distance`` = ln(barrier/spot) within the horizon.

    ``log_drift_annual`` is the drift mu of X itself, jumps apart (:func:`kou_log_drift`);
    ``volatility_annual`` is that between jumps. For a barrier below pass the mirror image: ln(spot/barrier),
    -mu and ``jumps.mirrored()``. The absolute error is about 1e-10, measured against Brownian motion, against
    Gaver and Stehfest in 80 digits and against simulation; a smaller chance than that comes out as noise near zero.

    Raises UsageError for numbers outside their range, a volatility below 0.0001, and a drift of more than 500
    standard deviations towards the barrier.
    """
    _require_jumps(jumps)
    require_between("horizon", horizon_years, 0.0, 1e9)
    require_between("volatility between jumps", volatility_annual, _SMALLEST_VOLATILITY, 1e6)
    require_between("drift of the logarithm", log_drift_annual, -1e9, 1e9)
    if log_distance <= 0.0:
        return JumpHit(1.0)
    if horizon_years < 1e-12:
        return JumpHit(0.0)
    if jumps.rate_annual * horizon_years < 1e-12:
        return JumpHit(hit_prob_brownian(log_distance, log_drift_annual, 0.0, volatility_annual, horizon_years).p)
    carry = log_drift_annual * math.sqrt(horizon_years) / volatility_annual
    if carry > _MOST_CARRY:
        raise UsageError(
            f"with jumps the drift may carry the price at most {_MOST_CARRY:.0f} standard deviations "
            f"over the horizon, got {carry:.0f}"
        )

    def transform(a: complex) -> complex:
        return _transform(a, log_distance, log_drift_annual, volatility_annual, jumps) / a

    # A passage time that is nearly certain has a steep distribution: it takes terms in proportion.
    value = _invert(transform, horizon_years, 40 + int(2.0 * max(carry, 0.0)))
    return JumpHit(min(max(value, 0.0), 1.0))


def kou_overshoot(
    log_distance: float,
    log_drift_annual: float,
    volatility_annual: float,
    jumps: KouJumps,
    discount_annual: float,
    overshoot: float,
) -> KouOvershoot:
    """What the passage over ``log_distance`` is worth when it happens by a jump, discounted at ``discount_annual``.

    With beta1 < eta1 < beta2 the positive roots of G(x) = a and b the distance: by jump and more than y beyond
    exp(-eta1 y) (eta1 - beta1)(beta2 - eta1)/(eta1 (beta2 - beta1)) (exp(-b beta1) - exp(-b beta2)); the overshoot of
    a jump is exponential again, so the gap loss is that over (eta1 - 1). A discount a stands for a life
    that ends at rate a: with a = 12 the figures are those of about a month.

    Raises UsageError for numbers outside their range, a discount of zero or eta_up <= 1.
    Source: Kou and Wang (2003), joint law of passage time and overshoot.
    """
    _require_jumps(jumps)
    require_between("eta_up", jumps.eta_up, 1.0, math.inf, open_below=True)
    require_between("log distance", log_distance, 0.0, math.inf, open_below=True)
    require_between("volatility between jumps", volatility_annual, _SMALLEST_VOLATILITY, 1e6)
    require_between("discount", discount_annual, 0.0, 1e9, open_below=True)
    require_between("overshoot", overshoot, 0.0, math.inf)
    roots = _positive_roots(discount_annual, log_drift_annual, volatility_annual, jumps)
    beta1, beta2 = (root.real for root in roots)
    eta = jumps.eta_up
    near, far = math.exp(-log_distance * beta1), math.exp(-log_distance * beta2)
    hit = ((eta - beta1) * beta2 * near + (beta2 - eta) * beta1 * far) / (eta * (beta2 - beta1))
    by_jump = (eta - beta1) * (beta2 - eta) / (eta * (beta2 - beta1)) * (near - far)
    beyond = by_jump * math.exp(-eta * overshoot)
    return KouOvershoot(beta1, beta2, hit, by_jump, beyond, beyond / (eta - 1.0))


def _transform(a: complex, distance: float, drift: float, volatility: float, jumps: KouJumps) -> complex:
    """E[exp(-a tau)] of the passage time tau over ``distance``, for a with a positive real part."""
    beta1, beta2 = _positive_roots(a, drift, volatility, jumps)
    eta = jumps.eta_up
    near, far = cmath.exp(-distance * beta1), cmath.exp(-distance * beta2)
    return ((eta - beta1) * beta2 * near + (beta2 - eta) * beta1 * far) / (eta * (beta2 - beta1))


def _positive_roots(a: complex, drift: float, volatility: float, jumps: KouJumps) -> tuple[complex, complex]:
    """The two roots with a positive real part of G(x) = a, the smaller real part first.

    G(x) = mu x + sigma^2 x^2/2 + rate (p eta1/(eta1 - x) + (1-p) eta2/(eta2 + x) - 1); times (eta1 - x)(eta2 + x)
    it is a polynomial of degree four with two roots on either side.
    """
    rate, p_up, up, down = jumps
    half = 0.5 * volatility * volatility
    rest = -(rate + a)
    gap, area = up - down, up * down
    lead = -half
    cubic = (half * gap - drift) / lead
    square = (half * area + drift * gap - rest) / lead
    linear = (drift * area + rest * gap + rate * (p_up * up - (1.0 - p_up) * down)) / lead
    constant = (rest * area + rate * area) / lead
    # Brownian motion alone, and jumps alone, tell where the roots are; off the real line lest two guesses meet.
    without_jumps = cmath.sqrt(drift * drift + 4.0 * half * a)
    guesses = [
        (-drift + without_jumps) / (2.0 * half),
        (-drift - without_jumps) / (2.0 * half),
        up * (1.0 + 0.01j),
        -down * (1.0 + 0.01j),
    ]
    roots = _quartic_roots(cubic, square, linear, constant, guesses)
    roots.sort(key=lambda root: root.real)
    return roots[2], roots[3]


def _quartic_roots(
    cubic: complex, square: complex, linear: complex, constant: complex, guesses: list[complex]
) -> list[complex]:
    """All roots of x^4 + cubic x^3 + square x^2 + linear x + constant, by Durand and Kerner's iteration."""
    roots = list(guesses)
    for _ in range(100):
        largest = 0.0
        for i, x in enumerate(roots):
            value = (((x + cubic) * x + square) * x + linear) * x + constant
            others = complex(1.0)
            for j, other in enumerate(roots):
                if j != i:
                    others *= x - other
            step = value / others if others else 0.001 * x
            roots[i] = x - step
            largest = max(largest, abs(step) / abs(roots[i])) if roots[i] else 1.0
        if largest < 1e-14:
            break
    return roots


def _invert(transform: Callable[[complex], complex], time: float, terms: int) -> float:
    """f(time) from its Laplace transform: an alternating Fourier series, its tail averaged with binomial weights.

    f(t) = exp(A/2)/t (Re F(A/2t)/2 + sum (-1)^k Re F((A + 2 k pi i)/2t)). Source: Abate and Whitt (1992), EULER.
    """
    averaged = 16
    total = 0.5 * transform(complex(_DAMPING / (2.0 * time))).real
    value = 0.0
    sign = 1.0
    for k in range(1, terms + averaged + 1):
        sign = -sign
        total += sign * transform(complex(_DAMPING, 2.0 * math.pi * k) / (2.0 * time)).real
        if k >= terms:
            value += math.comb(averaged, k - terms) * total
    return math.exp(0.5 * _DAMPING) / time * value / 2.0**averaged


def _require_jumps(jumps: KouJumps) -> None:
    require_between("jumps per year", jumps.rate_annual, 0.0, 1e9)
    require_between("share of jumps that go up", jumps.p_up, 0.0, 1.0)
    require_between("eta_up", jumps.eta_up, 0.0, 1e9, open_below=True)
    require_between("eta_down", jumps.eta_down, 0.0, 1e9, open_below=True)
