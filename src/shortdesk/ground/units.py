"""The units of money, price, size, rate and time: integers with a name.

The checker keeps them apart; at run time each is a plain ``int`` and works inside a kernel. The unit
stands last in every name: ``mark_ticks``, ``fee_units``, ``rate_ppm``. What one tick, lot or unit is
worth stands in the Instrument and the Asset, nowhere else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType

__all__ = ["Lots", "Nanos", "Ppm", "Ticks", "Units"]

if TYPE_CHECKING:
    Ticks = NewType("Ticks", int)
    """A price: how many ticks of the instrument."""
    Lots = NewType("Lots", int)
    """A size: how many lots of the instrument; signed where a side is meant (short < 0)."""
    Units = NewType("Units", int)
    """Money: how many of the asset's smallest units."""
    Ppm = NewType("Ppm", int)
    """A rate in parts per million."""
    Nanos = NewType("Nanos", int)
    """Nanoseconds since 1970-01-01 UTC, or a duration."""
else:
    Ticks = Lots = Units = Ppm = Nanos = int
