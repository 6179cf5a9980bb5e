"""Assets and instruments: what can be held, what can be traded, and on which grid."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from fractions import Fraction

import msgspec

from shortdesk.ground.errors import InputError
from shortdesk.ground.fine import Exact, plain, to_fraction
from shortdesk.ground.units import Lots, Ticks

__all__ = ["Asset", "Form", "Instrument"]


class Form(IntEnum):
    """How a contract turns a price into money."""

    SPOT = 0
    LINEAR = 1
    INVERSE = 2
    OPTION = 3


class Asset(msgspec.Struct, frozen=True):
    """What an account can hold; its smallest unit is 10^-digits."""

    name: str
    digits: int


class Instrument(msgspec.Struct, frozen=True, kw_only=True):
    """What can be traded, with its grid.

    ``contract_size`` is base units per contract on linear contracts (1 where sizes are written in the base
    asset), and quote units per contract on inverse ones. ``lot`` is the smallest step of a size, in
    contracts. ``grid_note`` says in words when tick or lot are old or assumed; ``grid_is_assumed`` when they are
    not from the venue at all.
    """

    venue: str
    symbol: str
    form: Form
    base: str
    quote: str
    settle: str
    tick: Decimal
    lot: Decimal
    contract_size: Decimal = Decimal(1)
    smallest: Decimal = Decimal(0)
    grid_note: str = ""
    grid_is_assumed: bool = False
    source: str = ""

    def ticks(self, price: Exact) -> Ticks:
        """A price on the grid.

        Raises:
            InputError: the price is not positive or lies off the grid; the message names the grid.
        """
        return Ticks(self._steps(price, self.tick, "price", "tick"))

    def lots(self, size: Exact) -> Lots:
        """A size, in contracts, on the grid.

        Raises:
            InputError: the size is not positive or lies off the grid; the message names the grid.
        """
        return Lots(self._steps(size, self.lot, "size", "lot"))

    def _steps(self, value: Exact, step: Decimal, what: str, step_name: str) -> int:
        exact = to_fraction(value, what)
        where = f"{self.venue} {self.symbol}"
        if exact <= 0:
            raise InputError(f"{what} {value} is not positive", where)
        steps = exact / Fraction(step)
        if steps.denominator != 1:
            low = steps.numerator // steps.denominator
            near = [plain(step * n) for n in (low, low + 1) if n > 0]
            raise InputError(
                f"{what} {value} is off the grid: the {step_name} is {plain(step)}; nearest are {' and '.join(near)}",
                where,
            )
        return steps.numerator

    def price(self, ticks: int) -> Decimal:
        """The price that ``ticks`` stand for."""
        return self.tick * ticks

    def size(self, lots: int) -> Decimal:
        """The size in contracts that ``lots`` stand for."""
        return self.lot * lots

    def contracts(self, quantity: Exact, price: Exact) -> Fraction:
        """How many contracts make up ``quantity`` of the base asset at ``price`` (exact, off the grid)."""
        exact = to_fraction(quantity, "quantity")
        if self.form == Form.INVERSE:
            return exact * to_fraction(price, "price") / Fraction(self.contract_size)
        return exact / Fraction(self.contract_size)
