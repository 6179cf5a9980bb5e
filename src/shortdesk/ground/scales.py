"""Proof that an instrument's numbers fit into 63 bits, made when a sheet loads and not while a market runs.

Inside a kernel every amount is an int64 and overflow is silent. With ``d`` decimals in the settlement asset:

- linear: one lot is worth ``factor = lot * contract_size * tick * 10^d`` units per tick; a position of L lots at
  T ticks is worth L * T * factor units.
- inverse: one lot is worth ``factor = lot * contract_size * 10^d / tick`` units times ticks; a position of L lots
  at T ticks is worth L * factor / T units.

``factor`` must be a whole number, or worth would have to be rounded at every mark. Products with rates go
through a 128-bit middle (``ground.exact``), so there the rate's denominator and the result must each fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from shortdesk.ground.errors import InputError
from shortdesk.ground.fine import Exact, plain, to_decimal, to_fraction
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.ground.schedule import Schedule
from shortdesk.ground.tiers import TierRow, tier_line

__all__ = ["HEADROOM", "MOST", "Proof", "factor_of", "largest_worth", "prove_scale"]

MOST = (1 << 63) - 1
"""The largest whole number of a kernel."""

HEADROOM = 16
"""By how much the price may move against a position of the largest size before its worth could overflow."""


class Proof(NamedTuple):
    """What was proved: the whole factor, the largest worth in units, and the common denominator of all rates."""

    factor: int
    worth_units: int
    rate_one: int


def factor_of(instrument: Instrument, digits: int, where: str = "") -> int:
    """Units per lot and tick (linear, spot), or units times ticks per lot (inverse).

    ``digits`` is the number of decimals of the settlement asset.

    Raises:
        InputError: the factor is not whole: the smallest unit is too coarse for this tick and lot.
    """
    lot = Fraction(instrument.lot) * Fraction(instrument.contract_size) * 10**digits
    tick = Fraction(instrument.tick)
    factor = lot / tick if instrument.form == Form.INVERSE else lot * tick
    if factor.denominator != 1:
        step = "one lot over one tick" if instrument.form == Form.INVERSE else "one tick of one lot"
        raise InputError(
            f"{instrument.symbol}: {step} is {plain(to_decimal(factor, 12))} units of {instrument.settle} "
            f"(10^-{digits}); expected a whole number; tick {plain(instrument.tick)}, lot {plain(instrument.lot)}, "
            f"fields tick and lot",
            where,
        )
    whole: int = factor.numerator
    return whole


def largest_worth(schedule: Schedule, instrument: Instrument, price: Exact) -> Fraction:
    """What the largest position of a schedule is worth in the settlement asset at a price in quote per base.

    The last cap; where the last tier has none, ten times its floor, and where there is no floor either,
    10^9 of the settlement asset's own unit of account (a billion dollars' worth of it).
    """
    at_price = to_fraction(price, "price")
    cap = schedule.largest or schedule.rows[-1].floor * 10
    inverse = instrument.form == Form.INVERSE
    if not cap:
        return Fraction(10**9) / at_price if inverse else Fraction(10**9)
    if schedule.unit == "contracts":
        worth = cap * Fraction(instrument.contract_size)
        return worth / at_price if inverse else worth * at_price
    if schedule.unit == "coin" and not inverse:
        return cap * at_price
    return cap


def prove_scale(schedule: Schedule, instrument: Instrument, digits: int, price: Exact, field: str = "cap") -> Proof:
    """Proof that the largest position, moved against by ``HEADROOM``, and its products with rates fit 63 bits.

    ``digits`` is the number of decimals of the settlement asset, ``price`` the price of today in quote per base.

    Raises:
        InputError: names file, line and field of the tier that is too large, or the field of the grid.
    """
    where = tier_line(schedule.where, instrument.symbol) if schedule.where else schedule.source
    factor = factor_of(instrument, digits, where)
    one = common_denominator(schedule.rows)
    units = largest_worth(schedule, instrument, price) * HEADROOM * 10**digits
    worth = -(-units.numerator // units.denominator)
    for what, value, at in (
        (f"the largest position, {HEADROOM} times over, is worth", worth, field),
        ("the common denominator of the rates is", one, "maintenance_rate"),
        ("units per lot and tick are", factor, "lot"),
    ):
        if value > MOST:
            raise InputError(
                f"{instrument.symbol}: {what} {value}, more than 63 bits hold ({MOST}); use a coarser unit of "
                f"{instrument.settle} than 10^-{digits}, field {at}",
                where,
            )
    return Proof(factor, worth, one)


def common_denominator(rows: Iterable[TierRow]) -> int:
    """The smallest number of which every rate of a schedule is a whole part."""
    return lcm(*(rate.denominator for row in rows for rate in (row.maintenance_rate, row.initial_rate)))
