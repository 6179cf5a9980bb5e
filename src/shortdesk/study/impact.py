"""How far a trade moves the price, and for how long: laws of market impact.

Two questions that must not be averaged: how far a whole order moves the price (the square root of its size), and what
its speed costs on top (the power 3/5 of its rate). Volatility is a fraction per square root of a day, sizes and volumes
are in one unit, costs in basis points where the name says so.

Sources: Tóth et al., Physical Review X 1 (2011) and Donier and Bonart, Market Microstructure and Liquidity 1 (2015) for
the square root (abstracts read); Almgren, Thum, Hauptmann and Li, Risk 18 (2005), whose worked example comes out within
its rounding (read in a transcription); Bouchaud, Gefen, Potters and Wyart, Quantitative Finance 4 (2004) for the
propagator; Gatheral, Quantitative Finance 10 (2010), recalled.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.study.arrays import Array, not_negative, numbers, positive, row, same_length

__all__ = [
    "AlmgrenCost",
    "BookDisplacement",
    "RootImpact",
    "almgren_cost",
    "critical_decay",
    "flat_book",
    "is_free_of_round_trip_profit",
    "power_kernel",
    "propagated_price",
    "root_impact",
    "v_shaped_book",
]

_BASIS_POINT = 1e-4


# --- whole orders ------------------------------------------------------------------------------------------------


class RootImpact(NamedTuple):
    """What an order worked over a while does to the price, in basis points."""

    impact_bps: float
    """At its end."""
    average_cost_bps: float
    """Paid on average: two thirds, since the law holds all along the way."""


def root_impact(size: float, volume_daily: float, volatility_daily: float, coefficient: float = 0.75) -> RootImpact:
    """The square-root law: Y sigma sqrt(Q/V), with Y from 0.5 to 1 in most studies.

    For Bitcoin it was seen over four decades of size. It is of orders worked in pieces, not of one trade against a
    standing book: :func:`flat_book` and the walk through real levels say what that costs.

    Raises UsageError for a negative size, or a volume, volatility or coefficient that is not positive.
    """
    not_negative(size=size)
    positive(volume_daily=volume_daily, volatility_daily=volatility_daily, coefficient=coefficient)
    impact = coefficient * volatility_daily * math.sqrt(size / volume_daily) / _BASIS_POINT
    return RootImpact(impact, impact * 2.0 / 3.0)


class AlmgrenCost(NamedTuple):
    """Cost of an order of a share of daily volume, in basis points."""

    permanent_bps: float
    temporary_bps: float
    realised_bps: float
    """Half the permanent impact and the temporary one: what is paid."""


def almgren_cost(
    size_over_volume: float,
    shares_over_volume: float,
    duration_days: float,
    volatility_daily: float,
    permanent: float = 0.314,
    temporary: float = 0.142,
    temporary_power: float = 0.6,
    turnover_power: float = 0.25,
) -> AlmgrenCost:
    """I = gamma sigma (X/V) (Theta/V)^(1/4); K = eta sigma (X/(V T))^(3/5); realised = I/2 + K.

    Fitted to orders in US shares; T is in days of volume, Theta the number of shares outstanding. For a coin that
    number and the constants are a guess, and whoever prints the result must say so.

    Raises UsageError for a negative size, or another parameter that is not positive. Source: Almgren et al. (2005).
    """
    not_negative(size_over_volume=size_over_volume, permanent=permanent, temporary=temporary)
    positive(shares_over_volume=shares_over_volume, duration_days=duration_days, volatility_daily=volatility_daily)
    positive(temporary_power=temporary_power, turnover_power=turnover_power)
    scale = volatility_daily / _BASIS_POINT
    lasting = permanent * scale * size_over_volume * shares_over_volume**turnover_power
    passing = temporary * scale * (size_over_volume / duration_days) ** temporary_power
    return AlmgrenCost(lasting, passing, lasting / 2.0 + passing)


# --- standing books ----------------------------------------------------------------------------------------------


class BookDisplacement(NamedTuple):
    """A market order against a book of a simple shape, in price units from the mid."""

    terminal_displacement: float
    average_cost: float
    total_cost: float


def flat_book(size: float, half_spread: float, density: float) -> BookDisplacement:
    """A book with equally much per price behind the touch: displacement h + q/rho, total cost h q + q^2/(2 rho).

    ``density`` rho is size per price. Raises UsageError for a negative size or half-spread, or no density.
    """
    not_negative(size=size, half_spread=half_spread)
    positive(density=density)
    average = half_spread + size / (2.0 * density)
    return BookDisplacement(half_spread + size / density, average, average * size)


def v_shaped_book(size: float, slope: float) -> BookDisplacement:
    """A book whose density grows as A x with the distance x from the price: displacement sqrt(2 Q/A), cost two thirds.

    The latent book behind the square-root law. ``slope`` A is size per squared price.
    Raises UsageError for a negative size or a slope that is not positive.
    """
    not_negative(size=size)
    positive(slope=slope)
    end = math.sqrt(2.0 * size / slope)
    average = end * 2.0 / 3.0
    return BookDisplacement(end, average, average * size)


# --- trade after trade -------------------------------------------------------------------------------------------


def power_kernel(lags: npt.ArrayLike, scale: float, start: float, power: float) -> Array:
    """G(l) = G0 (l0/(l0 + l))^beta: what is left of a trade's impact ``lags`` trades (or any time) later.

    Raises UsageError for a negative lag or a start that is not positive.
    """
    positive(start=start)
    return np.asarray(scale * (start / (start + numbers("lags", lags, least=0.0))) ** power)


def propagated_price(signs: npt.ArrayLike, volumes: npt.ArrayLike, kernel: npt.ArrayLike, volume_power: float) -> Array:
    """Price displacement just after each trade: the sum over trades so far of G(age) sign volume^psi.

    ``kernel`` has G at ages 0, 1, 2, … trades and must reach back to the first. Shape: that of the signs.

    Raises UsageError for rows that do not fit, or volumes that are not positive. Source: Bouchaud et al. (2004).
    """
    side, size = row("signs", signs), row("volumes", volumes, above=0.0)
    fading = row("kernel", kernel)
    same_length(signs=side, volumes=size, kernel=fading)
    pushes = np.sign(side) * size**volume_power
    count = 1 << (2 * len(side) - 1).bit_length()
    if len(side) <= 2_000:
        return np.convolve(pushes, fading)[: len(side)]
    return np.fft.irfft(np.fft.rfft(pushes, count) * np.fft.rfft(fading, count), count)[: len(side)]


def critical_decay(sign_memory: float) -> float:
    """The power at which impact must fade for prices to diffuse: beta = (1 - gamma)/2.

    ``sign_memory`` gamma is the power at which the autocorrelation of trade signs falls, from 0 to 1.
    Raises UsageError outside. Source: Bouchaud et al. (2004).
    """
    numbers("sign_memory", sign_memory, least=0.0, most=1.0, axes=0)
    return (1.0 - sign_memory) / 2.0


def is_free_of_round_trip_profit(impact_power: float, decay_power: float) -> bool:
    """Whether impact v^delta that fades as t^-gamma can be free of profitable round trips.

    Necessary: gamma + delta >= 1 and gamma >= 2 - log2(3) = 0.415; not sufficient.
    Raises UsageError for powers that are not positive. Source: Gatheral (2010), recalled.
    """
    positive(impact_power=impact_power, decay_power=decay_power)
    return impact_power + decay_power >= 1.0 and decay_power >= 2.0 - math.log2(3.0)
