"""Which way a book moves next, and whether a resting order is filled first: the model of Cont, Stoikov and Talreja.

All orders have size one. The best bid and the best ask are queues that know nothing of each other: limit orders join
each at ``arrival_rate``, market orders take from its front at ``market_rate``, and each resting order is cancelled at
``cancel_rate``. Rates are per the same unit of time, whichever; all answers are chances. When one of the queues
empties, the mid moves.

With a spread of one tick nothing can be placed inside it. A wider spread may also close by orders placed inside:
``inside_rate`` is the sum of their rates on one side.

Source: Cont, Stoikov and Talreja, A stochastic model for order book dynamics, Operations Research 58 (2010). Evidence:
the preprint's text was read; its tables 3 and 5 come out within 8e-4 and 5e-4, and its table 4 is another chance than
the one it is printed for (see :func:`prob_fill_after_mid`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError

__all__ = [
    "QueueRates",
    "prob_fill_after_mid",
    "prob_fill_before_mid",
    "prob_make_spread",
    "prob_mid_up",
    "prob_queue_grows",
]

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

_LONGEST_QUEUE = 2_000
"""Orders in a queue; the linear systems grow with its square."""

_LONGEST_STAY = 450.0
"""The logarithm of a time to empty, in events, up to which transforms are taken."""

_NEGLIGIBLE = 1e-25
"""A queue so long that it is reached with less than this chance is taken as the longest."""


class QueueRates(NamedTuple):
    """How fast orders come to and leave the best queue on either side."""

    arrival_rate: float
    market_rate: float
    cancel_rate: float
    """Per resting order."""

    def checked(self) -> QueueRates:
        """Itself.

        Raises UsageError unless orders arrive and leave at finite rates and the queue does not grow for ever.
        """
        rates = dict(zip(self._fields, self, strict=True))
        for name, rate in rates.items():
            if not (math.isfinite(rate) and rate >= 0):
                raise UsageError(f"{name} must be zero or more and finite, not {rate:g}")
        if self.arrival_rate <= 0 or self.market_rate + self.cancel_rate <= 0:
            raise UsageError("orders must arrive and must be taken or cancelled at some rate")
        if self.cancel_rate == 0 and self.arrival_rate >= self.market_rate:
            raise UsageError("a queue without cancellations must be taken faster than it grows")
        return self


def prob_queue_grows(distance_ticks: int, rates: QueueRates, orders: Sequence[int] | int) -> Floats:
    """The chance that the next change of a level is one order more: lambda/(lambda + n theta), + mu at the best price.

    ``distance_ticks`` counts from the opposite best: at 1 the level is itself the best and market orders reach it.
    Shape: that of ``orders``. Raises UsageError for a distance below 1 or no orders. Source: equation 27.
    """
    resting = np.asarray(orders, dtype=np.float64)
    if distance_ticks < 1 or resting.min() < 1:
        raise UsageError("a level is at least 1 tick from the opposite best and holds at least 1 order")
    arrival, market, cancel = rates.checked()
    leaving = resting * cancel + (market if distance_ticks == 1 else 0.0)
    return np.asarray(arrival / (arrival + leaving))


def prob_mid_up(rates: QueueRates, bid: int, ask: int, inside_rate: float = 0.0) -> float:
    """The chance that the mid's next move is upwards, with this many orders at the bid and at the ask.

    P[the ask queue empties first]. From the transforms f_n(s) of the time that n orders take to empty, continued
    fractions as in the paper: P = 1/2 + (1/pi) integral over w > 0 of Im(f_ask(iw) conj f_bid(iw))/w. With
    ``inside_rate`` on each side, the first of four clocks decides: a bid placed inside moves the mid up as well.

    Error below 1e-11. Raises UsageError for rates as :meth:`QueueRates.checked` or at which queues practically never
    empty, queues not from 1 to 2,000, or a negative inside rate. Source: proposition 3.
    """
    rates.checked()
    if _log_stay(rates) > _LONGEST_STAY:
        raise UsageError("at these rates a queue lives for more than 1e195 orders before it empties; cancel faster")
    _queues(bid, ask)
    if not (math.isfinite(inside_rate) and inside_rate >= 0):
        raise UsageError(f"inside_rate must be zero or more and finite, not {inside_rate:g}")
    if bid == ask:
        return 0.5
    scale = rates.arrival_rate + rates.market_rate + rates.cancel_rate + inside_rate

    def tilt(w: Floats) -> Floats:
        up, down = _first_move(rates, ask, w, inside_rate), _first_move(rates, bid, w, inside_rate)
        return (up * np.conj(down)).imag / w

    return 0.5 + scale * _integral(lambda x: tilt(scale * x)) / math.pi


def prob_fill_before_mid(rates: QueueRates, position: int, opposite: int) -> float:
    """The chance that a patient order, last of ``position`` orders, is filled before the opposite queue empties.

    Those ahead are cancelled or taken, the order itself stays: with k left it advances at mu + (k - 1) theta. The
    opposite queue lives its own life. Raises UsageError as :func:`prob_mid_up`. Source: proposition 5 as worded.
    """
    rates.checked()
    _queues(position, opposite)
    if rates.market_rate == 0:
        return 0.0
    return _fill_chances(rates, position, opposite)[position][opposite]


def prob_fill_after_mid(rates: QueueRates, bid: int, ask: int) -> float:
    """What the paper's table 4 prints at (bid, ask): 1 - :func:`prob_fill_before_mid` with the two exchanged.

    It is printed as the chance of proposition 5 but is that an order at position ``ask`` is *not* filled before an
    opposite queue of ``bid`` empties; so read, all 25 cells agree within 5e-4, as printed they miss by up to 0.21.
    """
    return 1.0 - prob_fill_before_mid(rates, ask, bid)


def prob_make_spread(rates: QueueRates, bid_position: int, ask_position: int) -> float:
    """The chance that two patient orders, last in the bid and in the ask queue, are both filled before the mid moves.

    First-step equations over (orders up to ours on the side filled last, on the other side, orders come in behind
    the latter), then as :func:`prob_fill_before_mid` with those behind as the opposite queue. Exact but for the queue
    behind being cut where it is reached with a chance below 1e-25.

    Raises UsageError as :func:`prob_mid_up`. Source: proposition 6.
    """
    rates.checked()
    _queues(bid_position, ask_position)
    if rates.market_rate == 0:
        return 0.0
    one = _filled_second(rates, bid_position, ask_position)
    return one + (one if bid_position == ask_position else _filled_second(rates, ask_position, bid_position))


def _queues(*orders: int) -> None:
    for count in orders:
        if not 1 <= count <= _LONGEST_QUEUE:
            raise UsageError(f"a queue holds from 1 to {_LONGEST_QUEUE} orders, not {count}")


# --- times to empty, by their transforms -----------------------------------------------------------------------


def _first_move(rates: QueueRates, orders: int, w: Floats, inside_rate: float) -> Complexes:
    """E[exp(-i w t)] for the first time t at which a queue of ``orders`` empties or an order is placed inside."""
    emptied = _emptying(rates, orders, np.asarray(inside_rate + 1j * w, dtype=np.complex128))
    early = inside_rate / (inside_rate + 1j * w) if inside_rate > 0 else 0.0
    return np.asarray(emptied + (1.0 - emptied) * early)


def _emptying(rates: QueueRates, orders: int, s: Complexes) -> Complexes:
    """E[exp(-s t)] for the time t that a queue of ``orders`` takes to empty.

    The product over k <= orders of g_k, the transform of going from k to k - 1 for the first time, with d_k = mu + k
    theta: g_k = d_k/(lambda + d_k + s - lambda g_(k+1)). Written for 1 - g_k, which for small s is small and would be
    lost; from a k beyond which the queue hardly ever gets.
    """
    arrival, market, cancel = rates
    missing: Complexes = np.zeros_like(s)
    product: Complexes = np.ones_like(s)
    for k in range(orders + _room_behind(rates, orders), 0, -1):
        leaving = market + k * cancel
        hindered = s + arrival * missing
        missing = hindered / (leaving + hindered)
        if k <= orders:
            product = product * leaving / (leaving + hindered)
    return product


def _log_stay(rates: QueueRates) -> float:
    """The logarithm of how much likelier the likeliest length of a queue is than an empty one."""
    arrival, market, cancel = rates
    total, k = 0.0, 1
    while market + k * cancel < arrival and total <= _LONGEST_STAY:
        total += math.log(arrival / (market + k * cancel))
        k += 1
    return total


def _room_behind(rates: QueueRates, orders: int) -> int:
    """How many orders more than ``orders`` a queue may come to hold before it is emptied, but for a chance of 1e-25.

    The chance of growing by j before shrinking by one is below the product of lambda/(mu + k theta) over the j.
    """
    arrival, market, cancel = rates
    chance, most, extra = 1.0, 1.0, 0
    while chance > _NEGLIGIBLE * most:
        extra += 1
        chance *= arrival / (market + (orders + extra) * cancel)
        most = max(most, chance)
        if extra > 10 * _LONGEST_QUEUE:
            raise UsageError("at these rates queues grow beyond 20,000 orders; the model is not made for that")
    return extra


def _integral(function: Callable[[Floats], Floats]) -> float:
    """The integral of a smooth function over x > 0, by the double exponential rule x = exp(pi/2 sinh t).

    From 1e-220, for queues that hardly ever empty, to 1e23. The step is halved until that changes nothing.
    """
    total, width, value = 0.0, 0.5, math.inf
    for halving in range(9):
        t = np.arange(-6.5, 4.3, width) if halving == 0 else np.arange(-6.5 + width, 4.3, 2.0 * width)
        x = np.exp(0.5 * math.pi * np.sinh(t))
        total += float(np.sum(function(x) * x * 0.5 * math.pi * np.cosh(t)))
        before, value = value, total * width
        if abs(value - before) < 1e-13:
            break
        width /= 2.0
    return value


# --- orders that wait, by first-step equations -----------------------------------------------------------------


def _fill_chances(rates: QueueRates, position: int, opposite: int) -> list[list[float]]:
    """Chances at [i][j] that a patient order with i orders up to its own is filled before an opposite queue of j
    empties, for i up to ``position`` and j from 0 to past ``opposite``.
    """
    arrival, market, cancel = rates
    size = opposite + _room_behind(rates, opposite)
    leaving = market + np.arange(1, size + 1) * cancel
    advances = market + np.arange(position) * cancel
    chances = [[0.0] + [1.0] * size]
    for advance, waits in zip(advances.tolist(), _waits(advances, arrival, leaving), strict=True):
        arrived = [advance * chance for chance in chances[-1][1:]]
        chances.append([0.0, *_expected(waits, arrived)])
    return chances


def _filled_second(rates: QueueRates, first: int, second: int) -> float:
    """The chance that our order at position ``first`` is filled before that at ``second``, and both before the mid
    moves.

    Until then, those behind the first order come at lambda and go at theta each; once it is filled they are the queue
    that must outlast the second.
    """
    arrival, market, cancel = rates
    reached = _fill_chances(rates, second, _room_behind(rates, 0))
    size = len(reached[0])
    # how fast either order advances depends on the sum of their positions alone
    waits = _waits(2.0 * market + np.arange(first + second - 1) * cancel, arrival, np.arange(size) * cancel)
    for k in range(1, first + 1):
        advance = market + (k - 1) * cancel
        rows = [[0.0] * size]
        for i in range(1, second + 1):
            other = market + (i - 1) * cancel
            arrived = [advance * x + other * y for x, y in zip(reached[i], rows[i - 1], strict=True)]
            rows.append(_expected(waits[k + i - 2], arrived))
        reached = rows
    return reached[second][0]


class _Waits(NamedTuple):
    """The equations of a queue that lives until something else happens, shorter lengths eliminated. By length."""

    shrinks: list[float]
    """d_j over the pivot; 0 for the shortest, which has nothing below."""
    grows: list[float]
    """lambda over the pivot; 0 for the longest."""
    scale: list[float]
    """One over the pivot."""


def _waits(ends: npt.NDArray[np.floating], arrival: float, leaving: npt.NDArray[np.floating]) -> list[_Waits]:
    """For each rate of ending: the elimination of (end + lambda + d_j) x_j = lambda x_(j+1) + d_j x_(j-1) + r_j.

    The longest queue refuses to grow. The pivots are written with one minus ``grows``, so that only positive numbers
    are added and every chance keeps its digits.
    """
    never = np.ones_like(ends)
    shrinks, grows, scale = [], [], []
    for j, rate in enumerate(leaving):
        held = ends + rate * never
        growth = arrival if j + 1 < len(leaving) else 0.0
        total = held + growth
        shrinks.append(rate / total if j else np.zeros_like(ends))
        grows.append(growth / total)
        scale.append(1.0 / total)
        never = held / total
    columns = (np.array(table).T.tolist() for table in (shrinks, grows, scale))
    return [_Waits(*one) for one in zip(*columns, strict=True)]


def _expected(waits: _Waits, arrived: list[float]) -> list[float]:
    """The solution for what arrives at each length when the queue's life is ended there."""
    eliminated, before = [], 0.0
    for shrinks, scale, value in zip(waits.shrinks, waits.scale, arrived, strict=True):
        before = scale * value + shrinks * before
        eliminated.append(before)
    found, after = [], 0.0
    for grows, value in zip(reversed(waits.grows), reversed(eliminated), strict=True):
        after = value + grows * after
        found.append(after)
    return found[::-1]
