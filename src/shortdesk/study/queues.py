"""How long a queue of resting orders is, how it fills again, and which of two empties first: exact laws of queues.

Sizes are whole orders (or any other unit in which they come one by one); rates are per the same unit of time. Orders
join at ``arrival_rate``, market orders take one at ``market_rate`` while there is one, each resting order is cancelled
at ``cancel_rate``.

Sources: Cont and de Larrard, SIAM Journal on Financial Mathematics 4 (2013), recalled and recomputed by a linear system
and a matrix exponential; Huang, Lehalle and Rosenbaum, Journal of the American Statistical Association 110 (2015),
model I, by detailed balance; the rest is the textbook's birth and death process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, positive, row

__all__ = [
    "DepthRecovery",
    "NextEvent",
    "QueueLaw",
    "depth_recovery",
    "next_event",
    "prob_no_move",
    "prob_up_balanced",
    "queue_law",
    "queue_reactive_law",
]

_NEGLIGIBLE = 1e-30
_LONGEST_QUEUE = 10_000_000
_MOST_EVENTS = 1e8


def _rate(**given: float) -> None:
    for name, value in given.items():
        numbers(name, value, least=0.0, axes=0)


# --- one queue ---------------------------------------------------------------------------------------------------


class QueueLaw(NamedTuple):
    """The law of a queue's length in the long run."""

    chances: Array
    """Of 0, 1, 2, … orders; what is left out has a chance below 1e-30 of the likeliest length."""
    mean: float
    variance: float


def queue_law(arrival_rate: float, market_rate: float, cancel_rate: float) -> QueueLaw:
    """The stationary law of a queue: p_n proportional to the product over k <= n of lambda/(mu + k theta).

    With no market orders it is Poisson of mean lambda/theta: a level away from the touch.

    Raises UsageError for a negative rate, orders that never leave, or a queue that grows for ever.
    """
    _rate(arrival_rate=arrival_rate, market_rate=market_rate, cancel_rate=cancel_rate)
    if cancel_rate == 0 and arrival_rate >= market_rate:
        raise UsageError("a queue without cancellations must be taken faster than it grows")
    longest = _longest_queue(arrival_rate, market_rate, cancel_rate)
    if longest > _LONGEST_QUEUE:
        raise UsageError(f"at these rates a queue holds up to {longest:.3g} orders; count in larger ones")
    if arrival_rate == 0:
        return _law(np.ones(1))
    lengths = np.arange(1, math.ceil(longest) + 1)
    logs = np.insert(np.cumsum(np.log(arrival_rate / (market_rate + lengths * cancel_rate))), 0, 0.0)
    chances = np.exp(logs - logs.max())
    return _law(chances / chances.sum())


def _longest_queue(arrival_rate: float, market_rate: float, cancel_rate: float) -> float:
    """A length that is reached with a chance below 1e-30, from above: by the geometric law or by Poisson's."""
    geometric = poisson = math.inf
    if arrival_rate < market_rate:
        geometric = math.log(_NEGLIGIBLE) / math.log(arrival_rate / market_rate) if arrival_rate > 0 else 0.0
    if cancel_rate > 0:
        mean = arrival_rate / cancel_rate
        poisson = mean + 12.0 * math.sqrt(mean) + 60.0
    return min(geometric, poisson)


def queue_reactive_law(limit: Sequence[float], cancel: Sequence[float], market: Sequence[float]) -> QueueLaw:
    """The stationary law of a queue whose rates depend on its own length: p_n/p_0 = product of L_(k-1)/(C_k + M_k).

    ``limit`` has the rate of growth at lengths 0 … n - 1, ``cancel`` and ``market`` those of shrinking at 0 … n, of
    which the first is not used. n is the longest the queue gets.

    Raises UsageError for rows that do not fit, negative rates, or a length from which nothing leads down.
    Source: Huang, Lehalle and Rosenbaum (2015).
    """
    up, down_1, down_2 = (
        row(name, rates, least=0.0) for name, rates in (("limit", limit), ("cancel", cancel), ("market", market))
    )
    if not len(down_1) == len(down_2) == len(up) + 1:
        raise UsageError(
            f"cancel and market must have one rate more than limit's {len(up)}, not {len(down_1)} and {len(down_2)}"
        )
    down = (down_1 + down_2)[1:]
    if not down.min() > 0:
        raise UsageError("from every length above zero orders must leave at some rate")
    with np.errstate(divide="ignore"):
        logs = np.insert(np.cumsum(np.log(up) - np.log(down)), 0, 0.0)
    chances = np.exp(logs - logs.max())
    return _law(chances / chances.sum())


def _law(chances: Array) -> QueueLaw:
    lengths = np.arange(len(chances))
    mean = float(lengths @ chances)
    return QueueLaw(chances, mean, float((lengths - mean) ** 2 @ chances))


class NextEvent(NamedTuple):
    """Which of three events comes next, and after how long on average."""

    p_limit: float
    p_cancel: float
    p_market: float
    mean_wait: float


def next_event(limit: float, cancel: float, market: float) -> NextEvent:
    """Competing exponential clocks: each comes first with the chance of its share in the sum of rates.

    Raises UsageError for a negative rate or three zeros.
    """
    _rate(limit=limit, cancel=cancel, market=market)
    total = limit + cancel + market
    if total <= 0:
        raise UsageError("one of the three rates must be positive")
    return NextEvent(limit / total, cancel / total, market / total, 1.0 / total)


class DepthRecovery(NamedTuple):
    """Depth at each time asked for, and how long half of a gap takes to close."""

    mean: Array
    variance: Array
    half_life: float


def depth_recovery(arrival_rate: float, cancel_rate: float, start: float, times: Sequence[float]) -> DepthRecovery:
    """How a level away from the touch refills: those of the start who are left, and those who came since.

    mean = lambda/theta + (x0 - lambda/theta) exp(-theta t); variance = mean - x0 exp(-2 theta t); half-life ln 2/theta.

    Raises UsageError for rates that are not positive, a negative start or time.
    Source: the queue with infinitely many servers.
    """
    positive(arrival_rate=arrival_rate, cancel_rate=cancel_rate)
    _rate(start=start)
    left = np.exp(-cancel_rate * row("times", times, least=0.0))
    came = arrival_rate / cancel_rate * (1.0 - left)
    return DepthRecovery(start * left + came, start * left * (1.0 - left) + came, math.log(2.0) / cancel_rate)


# --- two queues --------------------------------------------------------------------------------------------------


def prob_up_balanced(bid: int, ask: int) -> float:
    """The chance that the ask queue empties before the bid queue when each grows as fast as it shrinks.

    (1/pi) integral from 0 to pi of exp(-2 ask asinh(sin(t/2))) sin(bid t) cos(t/2)/sin(t/2) dt. Rates do not matter
    as long as they are equal, constant, and the same on both sides.

    Raises UsageError for queues below 1 or above 5,000. Source: Cont and de Larrard (2013), proposition for the
    balanced case; their (2 - cos t - sqrt((2 - cos t)^2 - 1))^n is the same power without the cancellation.
    """
    for count in (bid, ask):
        if not 1 <= count <= 5_000:
            raise UsageError(f"a queue holds from 1 to 5,000 orders, not {count}")
    x, weights = np.polynomial.legendre.leggauss(64)
    panels = 2 + max(bid, ask) // 8
    edges = np.linspace(0.0, math.pi, panels + 1)
    half = 0.5 * math.pi / panels
    t = (edges[:-1, None] + half * (1.0 + x[None, :])).ravel()
    wave = np.exp(-2.0 * ask * np.arcsinh(np.sin(0.5 * t))) * np.sin(bid * t) / np.tan(0.5 * t)
    return float(wave @ np.tile(weights, panels)) * half / math.pi


def prob_no_move(bid: int, ask: int, time: float, arrival_rate: float, leaving_rate: float) -> float:
    """The chance that neither queue empties within ``time``, both growing and shrinking by one at constant rates.

    For each queue of n that has moved by S, a difference of two Poisson numbers: P[S > -n] less the same seen in a
    mirror at zero, the sum over k >= 1 of (lambda/d)^k P[S = -n - k]. The queues do not know of each other.

    Raises UsageError for queues below 1, a negative time, rates that are not positive, or 1e8 events expected.
    Source: Cont and de Larrard (2013) by Bessel functions, which are the same sums.
    """
    if min(bid, ask) < 1:
        raise UsageError(f"a queue holds at least 1 order, not {min(bid, ask)}")
    _rate(time=time)
    positive(arrival_rate=arrival_rate, leaving_rate=leaving_rate)
    if time * max(arrival_rate, leaving_rate) > _MOST_EVENTS:
        raise UsageError(f"{time * max(arrival_rate, leaving_rate):.3g} events are expected; sums are for up to 1e8")
    first_up, up = _poisson(time * arrival_rate)
    first_down, down = _poisson(time * leaving_rate)
    moved = np.convolve(up, down[::-1])
    moves = np.arange(len(moved), dtype=np.float64) + first_up - (first_down + len(down) - 1)
    one, other = (_survival(queue, moves, moved, arrival_rate / leaving_rate) for queue in (bid, ask))
    return one * other


def _poisson(mean: float) -> tuple[int, Array]:
    """The first number and the chances from it on of a Poisson law; what is left out is below 1e-30."""
    width = 12.0 * math.sqrt(mean) + 40.0
    first, last = max(0, math.floor(mean - width)), math.ceil(mean + width)
    if mean == 0.0:
        return 0, np.ones(1)
    middle = math.floor(mean)
    above = np.cumprod(mean / np.arange(middle + 1, last + 1))
    below = np.cumprod(np.arange(middle, first, -1) / mean)
    chances = np.concatenate((below[::-1], [1.0], above))
    return first, chances / chances.sum()


def _survival(queue: int, moves: Array, chances: Array, ratio: float) -> float:
    """The chance that a queue has not been empty, by reflection; ``ratio`` is lambda/d."""
    alive = float(chances[moves > -queue].sum())
    if ratio <= 1.0:
        past = moves < -queue
        return alive - float(ratio ** (-queue - moves[past]) @ chances[past])
    return alive - ratio**-queue * float(chances[moves > queue].sum())
