"""Position algebra: open, add, reduce, flip; what a position is worth and what it has realised.

A position is signed lots (short < 0) and what they were opened for. Averages are not stored: the cost of
what is left is always the same share of what was opened, so a close pays out to the last unit and it does
not matter into how many pieces a fill was split.

Linear contracts and spot are worth ``lots * ticks * factor`` units of the quote asset, exactly. Inverse
contracts are worth ``lots * factor / ticks`` units of the coin; the fraction that a fill leaves over is
carried to the next piece at the same price.
"""

from __future__ import annotations

from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_nearest
from shortdesk.ground.instrument import Form
from shortdesk.ground.units import Lots, Ticks, Units

__all__ = [
    "FLAT",
    "Filled",
    "Position",
    "after_fill",
    "cost_of",
    "entry_value",
    "unrealised",
    "value_at",
]


class Position(NamedTuple):
    """Signed lots and what was paid for them.

    ``lots`` are held now. ``open_lots`` (unsigned) were worth ``open_cost`` units (unsigned) when last
    added to; reducing leaves both untouched. ``carry`` is the remainder of the last inverse fill, out of
    ``carry_ticks``.
    """

    lots: Lots
    open_lots: Lots
    open_cost: Units
    carry: int
    carry_ticks: Ticks


class Filled(NamedTuple):
    """A position after a fill, and what the fill realised in units of the settlement asset."""

    position: Position
    realised: Units


FLAT = Position(Lots(0), Lots(0), Units(0), 0, Ticks(0))
"""No position."""


@rule(inline=True)
def value_at(form: int, factor: int, lots: int, ticks: int) -> int:
    """Unsigned worth in units at a price: ``|lots| * ticks * factor``, inverse ``|lots| * factor / ticks``."""
    if form == Form.INVERSE:
        return mul_div_nearest(abs(lots), factor, ticks)
    return abs(lots) * ticks * factor


@rule(inline=True)
def cost_of(open_cost: int, open_lots: int, lots: int) -> int:
    """Unsigned opening cost of ``|lots|`` out of ``open_lots`` that cost ``open_cost``; to the nearest unit."""
    if open_lots == 0 or lots == 0:
        return 0
    if abs(lots) == open_lots:
        return open_cost
    return mul_div_nearest(open_cost, abs(lots), open_lots)


@rule(inline=True)
def entry_value(position: Position) -> int:
    """Unsigned worth in units at the average entry price."""
    return cost_of(position.open_cost, position.open_lots, position.lots)


@rule(inline=True)
def gain(form: int, is_long: bool, opened_at: int, closed_at: int) -> int:
    """What a round trip earns: long linear ``closed - opened``, mirrored for shorts and for inverse contracts."""
    if (form == Form.INVERSE) == is_long:
        return opened_at - closed_at
    return closed_at - opened_at


@rule(inline=True)
def unrealised(form: int, factor: int, position: Position, ticks: int) -> int:
    """Profit in units if everything were closed at ``ticks``: linear s*Q*(P - EP), inverse s*n*c*(1/EP - 1/P)."""
    if position.lots == 0:
        return 0
    return gain(form, position.lots > 0, entry_value(position), value_at(form, factor, position.lots, ticks))


@rule(inline=True)
def after_fill(form: int, factor: int, position: Position, lots: int, ticks: int) -> Filled:
    """The position after buying (``lots`` > 0) or selling (``lots`` < 0) at ``ticks``.

    Opens, adds, reduces, closes or flips. The sum of all that was realised does not depend on how a fill
    at one price was split.
    """
    held = position.lots
    carry = position.carry if position.carry_ticks == ticks else 0
    closed = 0
    if (held > 0 and lots < 0) or (held < 0 and lots > 0):
        closed = min(abs(held), abs(lots))
    added = abs(lots) - closed

    realised = 0
    open_lots = int(position.open_lots)
    open_cost = int(position.open_cost)
    if closed > 0:
        worth, carry = _worth_of_fill(form, factor, closed if lots > 0 else -closed, ticks, carry)
        kept = abs(held) - closed
        released = cost_of(open_cost, open_lots, held) - cost_of(open_cost, open_lots, kept)
        realised = gain(form, held > 0, released, worth)
        if kept == 0:
            open_lots = 0
            open_cost = 0
    if added > 0:
        worth, carry = _worth_of_fill(form, factor, added if lots > 0 else -added, ticks, carry)
        left = abs(held) - closed
        open_cost = cost_of(open_cost, open_lots, left) + worth
        open_lots = left + added
    rest_at = ticks if carry > 0 else 0
    return Filled(
        Position(Lots(held + lots), Lots(open_lots), Units(open_cost), carry, Ticks(rest_at)), Units(realised)
    )


@rule(inline=True)
def _worth_of_fill(form: int, factor: int, lots: int, ticks: int, carry: int) -> tuple[int, int]:
    """Unsigned units that signed ``lots`` at ``ticks`` are worth, and the remainder out of ``ticks``.

    Coins that a buy takes are rounded down and those that a sale gives are rounded up, against the trader. The
    remainder is signed with the fill, so what is sold and bought back at one price cancels to the unit.
    """
    if form == Form.INVERSE:
        total = carry + lots * factor
        return abs(total // ticks), total % ticks
    return abs(lots) * ticks * factor, 0
