"""The grid a held short is computed on: whole ticks, lots and units, none of them coarser than what came in."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.fine import Exact, to_decimal, to_fraction
from shortdesk.ground.instrument import Form, Instrument
from shortdesk.margin.contract import Scale

__all__ = ["DIGITS_OF_MONEY", "Grid", "decimals", "grid_of"]

DIGITS_OF_MONEY = 8
"""Decimals of money where the venue's sheet does not name the asset."""

_MOST_DECIMALS = 40


class Grid(NamedTuple):
    """Prices with ``price_decimals``, money with ``unit_decimals``; ``scale`` says the same to the margin rules.

    ``factor`` is units per lot and tick on linear contracts and loans, units times ticks per lot on inverse ones.
    """

    form: Form
    scale: Scale
    factor: int
    price_decimals: int
    unit_decimals: int

    def ticks(self, price: Exact) -> int:
        """A price in ticks; the grid was chosen so that the prices of one hold all lie on it."""
        return _whole(to_fraction(price) / self.scale.tick)

    def lots(self, size: Exact) -> int:
        """A size (base on linear contracts, quote on inverse ones) in lots."""
        return _whole(to_fraction(size) / self.scale.lot)

    def units_up(self, money: Exact) -> int:
        """Money in units, rounded up."""
        exact = to_fraction(money) / self.scale.unit
        return -(-exact.numerator // exact.denominator)

    def price(self, ticks: int) -> Decimal:
        """The price that ticks stand for."""
        return to_decimal(ticks * self.scale.tick, self.price_decimals)

    def money(self, units: int) -> Decimal:
        """The money that units stand for."""
        return to_decimal(units * self.scale.unit, self.unit_decimals)


def decimals(values: Iterable[Decimal]) -> int:
    """The most decimals that any of the values has."""
    return max((max(0, -int(value.normalize().as_tuple().exponent)) for value in values), default=0)


def grid_of(instrument: Instrument, price_decimals: int, money_decimals: int, *, borrowed: bool = False) -> Grid:
    """The grid of an instrument: the venue's lots, prices with ``price_decimals``, money not coarser than the venue's.

    A ``borrowed`` coin is counted in its smallest unit, since interest grows below the lot.
    """
    tick = Fraction(1, 10**price_decimals)
    lot = Fraction(instrument.lot) * Fraction(instrument.contract_size)
    if borrowed:
        lot = Fraction(1, 10 ** max(DIGITS_OF_MONEY, decimals([instrument.lot])))
    inverse = instrument.form == Form.INVERSE
    worth = lot / tick if inverse else lot * tick
    for places in range(money_decimals, _MOST_DECIMALS):
        factor = worth * 10**places
        if factor.denominator == 1:
            scale = Scale(tick, lot, Fraction(1, 10**places))
            return Grid(instrument.form, scale, factor.numerator, price_decimals, places)
    raise AssertionError(f"{instrument.symbol}: tick {tick} and lot {lot} are no decimals")


def _whole(exact: Fraction) -> int:
    assert exact.denominator == 1, f"{exact} is off the grid"
    return exact.numerator
