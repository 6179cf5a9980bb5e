"""Crowding: how few hold how much, how alike they are, and how close together they would be forced out.

Positions are sizes or values, prices in quote per base, shares and rates fractions. Nothing here predicts a
squeeze by itself; it says how large one can be once something starts it (:mod:`shortdesk.study.cascade`).

Evidence: definitions throughout. Khandani and Lo (2007) is the case that made overlap a risk figure.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length

__all__ = [
    "Concentration",
    "Overlap",
    "Positioning",
    "concentration",
    "entry_overlap",
    "level_concentration",
    "overlap",
    "positioning",
    "share_near_liquidation",
]


class Concentration(NamedTuple):
    """How unequal holdings are."""

    hhi: float
    """Herfindahl-Hirschman index: sum of squared shares, from 1/n to 1."""
    effective_number: float
    """1 / hhi: as many equal holders would be as concentrated."""
    normalised_hhi: float
    """From 0 for equal shares to 1 for a single holder."""
    entropy: float
    """-sum w ln w, in nats; ln n for equal shares."""
    gini: float
    """From 0 for equal shares to (n - 1)/n."""
    top1: float
    """The largest share."""


class Overlap(NamedTuple):
    """What getting out takes, alone and when all get out at once; F funds, A assets."""

    days_to_liquidate_crowd: Array
    """Shape (A,)."""
    days_each: Array
    """Shape (F, A)."""
    cosine_overlap: Array
    """Cosine between every two portfolios, signs kept: 1 alike, -1 opposite; shape (F, F), nan for an empty one."""
    crowd_multiplier: Array
    """The crowd's days over one's own; nan where one holds nothing; shape (F, A)."""


class Positioning(NamedTuple):
    """How one-sided and how large a perpetual's crowd is."""

    oi_over_market_cap: float
    oi_over_depth: float
    """Open interest over the size resting within 1%."""
    funding_z: float
    """The last funding rate in standard deviations of those before it; nan when these never changed."""
    account_ratio: float
    """Long accounts over short accounts."""
    position_ratio: float
    """Long size over short size of the same group of accounts (of all accounts it is always 1)."""
    mean_size_ratio: float
    """Mean long account over mean short account: below 1 the few are short."""


def concentration(weights: npt.ArrayLike) -> Concentration:
    """Concentration of holdings; they are scaled to shares, so sizes will do.

    Gini = sum (2 i - n - 1) w_i / n over rising shares w_i, i = 1 … n.

    Raises UsageError for a negative holding or when there is nothing to share.
    """
    held = row("weights", weights, least=0.0)
    total = held.sum()
    if not total > 0:
        raise UsageError("weights must add up to more than zero")
    share = np.sort(held / total)
    n = share.size
    hhi = float(share @ share)
    even = 1.0 / n
    owned = share[share > 0]
    ranks = 2.0 * np.arange(1, n + 1) - n - 1.0
    return Concentration(
        hhi=hhi,
        effective_number=1.0 / hhi,
        normalised_hhi=max(0.0, hhi - even) / (1.0 - even) if n > 1 else 1.0,
        entropy=max(0.0, -float((owned * np.log(owned)).sum())),
        gini=max(0.0, float(ranks @ share) / n),
        top1=float(share[-1]),
    )


def overlap(positions: npt.ArrayLike, daily_volumes: npt.ArrayLike, participation: float) -> Overlap:
    """Days to liquidate = abs(position) / (participation * volume of a day), for each fund and for all together.

    ``positions`` has a row for each fund and a column for each asset, signed; ``participation`` is the share of
    the volume that an exit may be.

    Raises UsageError for volumes that are not positive, a participation outside (0, 1], or columns without a volume.
    """
    held = numbers("positions", positions, axes=2)
    volume = row("daily_volumes", daily_volumes, above=0.0)
    if held.shape[1] != volume.size:
        raise UsageError(f"positions are in {held.shape[1]} assets and daily_volumes has {volume.size}")
    share = float(numbers("participation", participation, above=0.0, most=1.0, axes=0))
    each = np.abs(held) / (share * volume)
    crowd = each.sum(axis=0)
    length = np.sqrt((held * held).sum(axis=1))
    product = np.outer(length, length)
    cosine = np.divide(held @ held.T, product, out=np.full(product.shape, np.nan), where=product > 0)
    multiplier = np.divide(crowd, each, out=np.full(each.shape, np.nan), where=each > 0)
    return Overlap(crowd, each, cosine, multiplier)


def level_concentration(levels: npt.ArrayLike, sizes: npt.ArrayLike, bucket: float) -> float:
    """HHI of the sizes in price buckets [k bucket, (k + 1) bucket): how much would go at about the same price.

    Raises UsageError for a bucket that is not positive, negative sizes, or nothing at all.
    """
    where, size = row("levels", levels, above=0.0), row("sizes", sizes, least=0.0)
    same_length(levels=where, sizes=size)
    width = float(numbers("bucket", bucket, above=0.0, axes=0))
    _, place = np.unique(np.floor(where / width), return_inverse=True)
    return concentration(np.bincount(place, weights=size)).hhi


def share_near_liquidation(price: float, levels: npt.ArrayLike, sizes: npt.ArrayLike, within: npt.ArrayLike) -> Array:
    """The share of size whose liquidation price lies within a fraction of the price, either side; shape of ``within``.

    ``sizes`` are those of all positions counted; one that cannot be liquidated may stand at a price far away.

    Raises UsageError for prices that are not positive, a negative size or distance, or no size at all.
    """
    at = float(numbers("price", price, above=0.0, axes=0))
    where, size = row("levels", levels, above=0.0), row("sizes", sizes, least=0.0)
    same_length(levels=where, sizes=size)
    reach = numbers("within", within, least=0.0)
    if not size.sum() > 0:
        raise UsageError("sizes must add up to more than zero")
    distance = np.abs(where - at)
    order = np.argsort(distance, kind="stable")
    totals = np.concatenate(([0.0], np.cumsum(size[order])))
    return np.asarray(totals[np.searchsorted(distance[order], reach * at, side="right")] / totals[-1])


def entry_overlap(entries: npt.ArrayLike, sizes: npt.ArrayLike, within: float) -> float:
    """The chance that two units of open interest, drawn at random, were entered within a fraction of each other.

    sum over i, j of w_i w_j [abs(ln e_i - ln e_j) <= ln(1 + within)], w shares of size, i = j included: at ``within``
    zero it is the HHI of entry prices, and 1 when all came in together.

    Raises UsageError for prices that are not positive, a negative size or distance, or no size at all.
    """
    price, size = row("entries", entries, above=0.0), row("sizes", sizes, least=0.0)
    same_length(entries=price, sizes=size)
    band = math.log1p(float(numbers("within", within, least=0.0, axes=0)))
    if not size.sum() > 0:
        raise UsageError("sizes must add up to more than zero")
    order = np.argsort(price, kind="stable")
    logs, share = np.log(price[order]), size[order] / size.sum()
    reached = np.concatenate(([0.0], np.cumsum(share)))
    last = np.searchsorted(logs, logs + band, side="right")
    # Counted once from its lower end, every pair not at the same price stands for two.
    first = np.searchsorted(logs, logs, side="left")
    above = reached[last] - reached[np.searchsorted(logs, logs, side="right")]
    level = reached[np.searchsorted(logs, logs, side="right")] - reached[first]
    return float(share @ (level + 2.0 * above))


def positioning(
    open_interest: float,
    market_cap: float,
    depth_1pct: float,
    funding_rates: npt.ArrayLike,
    accounts: tuple[float, float],
    positions: tuple[float, float],
) -> Positioning:
    """The positioning set of a perpetual. ``accounts`` and ``positions`` are (long, short) of one group of traders.

    Open interest, market cap and depth are in one unit; funding rates in the order of time, the last one judged by
    mean and standard deviation (n - 1) of those before.

    Raises UsageError for figures that are not positive, or fewer than three funding rates.
    """
    interest = float(numbers("open_interest", open_interest, least=0.0, axes=0))
    cap = float(numbers("market_cap", market_cap, above=0.0, axes=0))
    depth = float(numbers("depth_1pct", depth_1pct, above=0.0, axes=0))
    rates = row("funding_rates", funding_rates, at_least=3)
    longs, shorts = row("accounts", accounts, above=0.0, at_least=2).tolist()
    bought, sold = row("positions", positions, above=0.0, at_least=2).tolist()
    past = rates[:-1]
    spread = float(past.std(ddof=1))
    scale = float(np.abs(past).max())
    z = (float(rates[-1]) - float(past.mean())) / spread if spread > 1e-12 * scale else math.nan
    return Positioning(
        interest / cap, interest / depth, z, longs / shorts, bought / sold, (bought / longs) / (sold / shorts)
    )
