"""Mark and index prices: what liquidations and funding look at instead of the last trade."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp, median3, mul_div_nearest
from shortdesk.ground.fine import ONE, Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.margin.desk import to_tick

__all__ = [
    "FairMark",
    "IndexForm",
    "MarkForm",
    "MedianMark",
    "fair_mark",
    "fair_mark_price",
    "index_price",
    "index_ticks",
    "mark_within_band",
    "median_mark",
    "median_mark_price",
    "moving_average",
]


class MarkForm(IntEnum):
    """How a venue forms its mark."""

    MEDIAN_FUNDING_BASIS_LAST = 0
    """Middle of index with funding, index with average basis, last trade (Binance, Bybit)."""
    INDEX_PLUS_BASIS = 1
    """Index plus a moving average of the basis (OKX, Deribit), held in a band."""
    FAIR_FUNDING_BASIS = 2
    """Index plus the funding still to come (BitMEX)."""
    ORACLE_MEDIAN_EMA = 3
    """Middle of oracle plus averaged basis, middle of bid, ask and last, and other venues' perps (Hyperliquid)."""
    ORACLE = 4
    """The oracle itself (dYdX, Aave)."""


class IndexForm(IntEnum):
    """How the prices of several members become one."""

    WEIGHTED_MEAN = 0
    WEIGHTED_MEDIAN = 1


@rule
def median_mark(
    index_ticks: int, rate: int, rate_one: int, left: int, interval: int, basis_ticks: int, last_ticks: int
) -> int:
    """median(index * (1 + rate * left / interval), index + average basis, last)."""
    with_funding = index_ticks + mul_div_nearest(mul_div_nearest(index_ticks, rate, rate_one), left, interval)
    return median3(with_funding, index_ticks + basis_ticks, last_ticks)


@rule
def fair_mark(index_ticks: int, rate: int, rate_one: int, left: int, interval: int) -> int:
    """index + index * rate * left / interval."""
    return index_ticks + mul_div_nearest(mul_div_nearest(index_ticks, rate, rate_one), left, interval)


@rule
def mark_within_band(mark_ticks: int, index_ticks: int, band: int, rate_one: int) -> int:
    """The mark, no further than ``band`` from the index; a band of zero means none."""
    if band == 0:
        return mark_ticks
    room = mul_div_nearest(index_ticks, band, rate_one)
    return clamp(mark_ticks, index_ticks - room, index_ticks + room)


@rule
def moving_average(average: int, sample: int, weight: int, weight_one: int) -> int:
    """One step of an exponential average: average + (sample - average) * weight / weight_one."""
    return average + mul_div_nearest(sample - average, weight, weight_one)


@rule
def index_ticks(
    prices: Sequence[int],
    weights: Sequence[int],
    ages: Sequence[int],
    count: int,
    oldest: int,
    form: int,
    band: int,
    rate_one: int,
) -> int:
    """The index out of its members; 0 when no member is fresh.

    A member older than ``oldest`` counts as stale and is left out. With a ``band`` (out of ``rate_one``) a
    member further than that from the weighted median is pulled to the edge of the band.
    """
    middle = _weighted_median(prices, weights, ages, count, oldest)
    if middle == 0 or form == IndexForm.WEIGHTED_MEDIAN:
        return middle
    room = mul_div_nearest(middle, band, rate_one)
    total = 0
    weight = 0
    for i in range(count):
        if ages[i] <= oldest and weights[i] > 0:
            price = int(prices[i])
            if band > 0:
                price = clamp(price, middle - room, middle + room)
            total += price * int(weights[i])
            weight += int(weights[i])
    return mul_div_nearest(total, 1, weight)


@rule
def _weighted_median(
    prices: Sequence[int], weights: Sequence[int], ages: Sequence[int], count: int, oldest: int
) -> int:
    """The lowest price at which the weight of cheaper or equal fresh members reaches half; 0 when none is fresh.

    Where the weight reaches exactly half, the mean of that price and the next one, rounded to nearest.
    """
    whole = 0
    for i in range(count):
        if ages[i] <= oldest:
            whole += weights[i]
    if whole == 0:
        return 0
    best = 0
    following = 0
    for i in range(count):
        if ages[i] > oldest or weights[i] == 0:
            continue
        reached = 0
        for j in range(count):
            if ages[j] <= oldest and prices[j] <= prices[i]:
                reached += weights[j]
        if 2 * reached >= whole and (best == 0 or prices[i] < best):
            best = int(prices[i])
    reached = 0
    for j in range(count):
        if ages[j] > oldest or weights[j] == 0:
            continue
        if prices[j] <= best:
            reached += weights[j]
        elif following == 0 or prices[j] < following:
            following = int(prices[j])
    if 2 * reached == whole and following > 0:
        return mul_div_nearest(best + following, 1, 2)
    return best


# --- the desk's face ---


class MedianMark(NamedTuple):
    """The two constructed prices and the mark."""

    with_funding: Decimal
    with_basis: Decimal
    mark: Decimal


class FairMark(NamedTuple):
    """BitMEX's fair price: the yearly basis rate, the basis on the tick, and the price."""

    basis_rate: Decimal
    basis: Decimal
    price: Decimal


def median_mark_price(
    index: Exact, last_rate: Exact, left: Exact, interval: Exact, average_basis: Exact, last: Exact
) -> MedianMark:
    """The mark as the middle of three; ``left`` and ``interval`` in the same unit of time."""
    share = to_fraction(left) / to_fraction(interval)
    arguments = (fine(index), fine(last_rate), ONE, share.numerator, share.denominator)
    mark = median_mark(*arguments, fine(average_basis), fine(last))
    return MedianMark(from_fine(fair_mark(*arguments)), from_fine(fine(index) + fine(average_basis)), from_fine(mark))


def fair_mark_price(index: Exact, rate: Exact, seconds_left: Exact, interval_seconds: Exact, tick: Exact) -> FairMark:
    """index + round(index * rate * time left / interval, tick), time left in whole minutes."""
    minutes = int(to_fraction(seconds_left) // 60)
    interval = to_fraction(interval_seconds) / 60
    exact_index = to_fraction(index)
    basis = to_tick(exact_index * to_fraction(rate) * minutes / interval, tick)
    per_year = to_fraction(365 * 24 * 60) / interval
    return FairMark(to_decimal(to_fraction(rate) * per_year), basis, to_decimal(exact_index + to_fraction(basis)))


def index_price(
    prices: Sequence[Exact],
    weights: Sequence[Exact] | None = None,
    fresh: Sequence[bool] | None = None,
    form: IndexForm = IndexForm.WEIGHTED_MEDIAN,
    band: Exact = 0,
) -> Decimal | None:
    """The index out of member prices; None when no member is fresh."""
    count = len(prices)
    steps = [fine(price) for price in prices]
    shares = [fine(weight) for weight in weights] if weights is not None else [1] * count
    ages = [0 if alive else 1 for alive in fresh] if fresh is not None else [0] * count
    found = index_ticks(steps, shares, ages, count, 0, form, fine(band), ONE)
    return from_fine(found) if found else None
