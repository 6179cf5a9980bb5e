"""How exposed shorts are to a squeeze: a transparent set of figures, never one magic number.

Days to cover and short interest over float are those of stock markets. In a perpetual every short has a long, so
short interest over float says nothing there: leave the float out and read the open interest against depth, the
funding and the ladder. Published scores (S3, Ortex) are proprietary, so there is nothing to reproduce.

Evidence: definitions; short interest over float as in the SEC staff report on early 2021.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import numbers, row, same_length
from shortdesk.study.cascade import ignition_price, ladder_of, rungs
from shortdesk.study.crowding import concentration

__all__ = ["SqueezeMetrics", "SqueezeRung", "squeeze_metrics"]

_FUNDINGS_PER_YEAR = 3 * 365


class SqueezeRung(NamedTuple):
    """One liquidation price of shorts: how far it is, and what those before it do to get there."""

    level: float
    gap: float
    push_from_below: float
    self_sustaining: bool
    """Whether the push of the rungs below covers the gap."""


class SqueezeMetrics(NamedTuple):
    """The exposure of shorts; sizes in base, prices in quote per base, rates as fractions."""

    si_pct_float: float
    """Short interest over float, as a fraction; nan when no float was given."""
    days_to_cover: float
    """Short interest over the volume of a day."""
    depth_cover_ratio: float
    """Short interest over the size offered within 1%."""
    funding_annualised: float
    """Simple, of a rate per eight hours; negative when shorts pay."""
    ladder: list[SqueezeRung]
    total_liq: float
    hhi_levels: float
    """Concentration of the ladder: 1 when all of it stands at one price."""
    buying_needed_to_first: float
    """Size that moves the price to the first rung; infinite without impact."""
    ignition_price: float | None
    """The first self-sustaining rung."""


def squeeze_metrics(
    short_interest: float,
    daily_volume: float,
    depth_1pct: float,
    funding_8h: float,
    levels: npt.ArrayLike,
    sizes: npt.ArrayLike,
    price: float,
    kappa: float,
    float_size: float | None = None,
) -> SqueezeMetrics:
    """All figures at a price; liquidation prices of shorts above it, linear impact kappa in price per size.

    Raises UsageError for sizes or prices that are not positive, or a liquidation price that is not above the price.
    """
    short = float(numbers("short_interest", short_interest, least=0.0, axes=0))
    volume = float(numbers("daily_volume", daily_volume, above=0.0, axes=0))
    depth = float(numbers("depth_1pct", depth_1pct, above=0.0, axes=0))
    funding = float(numbers("funding_8h", funding_8h, axes=0))
    where, size = row("levels", levels, above=0.0), row("sizes", sizes, above=0.0)
    same_length(levels=where, sizes=size)
    ladder = ladder_of(price, where, size, kappa=kappa)
    found = rungs(ladder)
    first = float(found.gap[0])
    if first <= 0.0:
        raise UsageError(f"a short at {found.level[0]:g} is liquidated already at a price of {ladder.price:g}")
    table = [
        SqueezeRung(*columns)
        for columns in zip(
            found.level.tolist(), found.gap.tolist(), found.push_from_below.tolist(), found.self_sustaining.tolist(),
            strict=True,
        )
    ]  # fmt: skip
    shares = math.nan if float_size is None else short / float(numbers("float_size", float_size, above=0.0, axes=0))
    return SqueezeMetrics(
        si_pct_float=shares,
        days_to_cover=short / volume,
        depth_cover_ratio=short / depth,
        funding_annualised=funding * _FUNDINGS_PER_YEAR,
        ladder=table,
        total_liq=float(size.sum()),
        hhi_levels=concentration(size).hhi,
        buying_needed_to_first=first / ladder.kappa if ladder.kappa > 0 else math.inf,
        ignition_price=ignition_price(ladder),
    )
