"""From ticks, lots and units to what a trader reads. The instrument knows its scales; only this file asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from shortdesk.ground.errors import UsageError
from shortdesk.stage.cast import Market
from shortdesk.stage.play import Play
from shortdesk.stage.scenario import InstrumentTerms

__all__ = ["SECOND_NS", "Board", "board_of", "places_of"]

SECOND_NS = 10**9
"""Nanoseconds in a second."""


def places_of(step: Fraction) -> int:
    """Decimals that show every multiple of a step."""
    places = 0
    while places < 12 and (step * 10**places).denominator != 1:
        places += 1
    return places


@dataclass(frozen=True)
class Board:
    """One instrument as a screen needs it."""

    name: str
    base: str
    quote: str
    venue: str
    market: Market
    venue_names: Mapping[str, int]
    start_ns: int

    @property
    def number(self) -> int:
        """The instrument's number in the market."""
        return self.market.number

    @property
    def tick(self) -> float:
        """One tick in the quote."""
        return float(self.market.tick)

    @property
    def lot(self) -> float:
        """One lot in the base."""
        return float(self.market.lot)

    def price(self, ticks: int) -> float:
        """Ticks as a price: the number nearest to the exact one."""
        tick = self.market.tick
        return int(ticks) * tick.numerator / tick.denominator

    def size(self, lots: int) -> float:
        """Lots as an amount of the base."""
        lot = self.market.lot
        return int(lots) * lot.numerator / lot.denominator

    def money(self, units: int) -> float:
        """Smallest units of the settlement asset as an amount."""
        return float(units * self.market.unit)

    def worth(self, lots: int, ticks: int) -> float:
        """Lots at a price, in the quote."""
        return float(lots * ticks * self.market.lot * self.market.tick)

    def seconds(self, time_ns: int) -> float:
        """Time since the play began."""
        return (time_ns - self.start_ns) / SECOND_NS

    def lots_of(self, text: str) -> int:
        """A size as whole lots.

        Raises:
            UsageError: no number, not above zero, or not on the grid.
        """
        return self._steps(text, self.market.lot, "size", self.base)

    def ticks_of(self, text: str) -> int:
        """A price as whole ticks.

        Raises:
            UsageError: no number, not above zero, or not on the grid.
        """
        return self._steps(text, self.market.tick, "price", self.quote)

    @staticmethod
    def _steps(text: str, step: Fraction, what: str, unit: str) -> int:
        try:
            value = Decimal(text)
            steps = Fraction(value) / step
        except (ArithmeticError, ValueError):
            raise UsageError(f"{what} '{text[:40]}' is not a number; expected one such as {float(step):g}") from None
        if not 0 < steps < 1 << 40:
            raise UsageError(f"{what} {text[:40]}: expected more than 0 and less than {float(step * 2**40):.3g} {unit}")
        if steps.denominator != 1:
            raise UsageError(f"{what} {text[:40]} is not on the grid; expected a multiple of {float(step):g} {unit}")
        return steps.numerator


def board_of(play: Play, name: str = "") -> Board:
    """The board of an instrument; without a name of the scenario's first perpetual, else of its first instrument.

    Raises:
        UsageError: there is no such instrument.
    """
    terms = play.scenario.instrument
    if name:
        market = play.cast.market(name)
        chosen = next(one for one in terms if one.name == name)
    else:
        chosen = _lead(terms)
        market = play.cast.market(chosen.name)
    return Board(chosen.name, chosen.base, chosen.quote, chosen.venue, market, play.cast.venues, play.scenario.start_ns)


def _lead(terms: tuple[InstrumentTerms, ...]) -> InstrumentTerms:
    return next((one for one in terms if one.kind == "perp"), terms[0])
