"""Risk: equity, initial and maintenance margin; of a position or of an account. It sums.

The questions about it are one line each, and they are the only place where anything is decided: the desk,
the market, a replay and a study all ask these.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import products_ordered
from shortdesk.ground.units import Units

__all__ = [
    "NO_RISK",
    "Risk",
    "Trigger",
    "add",
    "is_initially_covered",
    "is_liquidatable",
    "is_no_riskier",
    "margin_gap",
]


class Risk(NamedTuple):
    """Three amounts in units of one asset, at one price vector."""

    equity: Units
    initial: Units
    maintenance: Units


class Trigger(IntEnum):
    """When maintenance is no longer met. A venue's sheet says which."""

    AT_OR_BELOW = 0
    """Liquidatable when equity <= maintenance (margin ratio >= 100 %)."""
    BELOW = 1
    """Liquidatable when equity < maintenance; equality is safe."""


NO_RISK = Risk(Units(0), Units(0), Units(0))
"""What nothing adds to a sum."""


@rule
def add(a: Risk, b: Risk) -> Risk:
    """The Risk of two parts held together."""
    return Risk(Units(a.equity + b.equity), Units(a.initial + b.initial), Units(a.maintenance + b.maintenance))


@rule
def margin_gap(risk: Risk) -> int:
    """How much equity stands above maintenance, in units."""
    return risk.equity - risk.maintenance


@rule
def is_liquidatable(risk: Risk, trigger: int) -> bool:
    """Whether the venue may liquidate. Nothing is liquidatable where nothing has to be maintained."""
    if risk.maintenance == 0:
        return False
    if trigger == Trigger.BELOW:
        return risk.equity < risk.maintenance
    return risk.equity <= risk.maintenance


@rule
def is_initially_covered(risk: Risk) -> bool:
    """Whether equity carries the initial margin, as a new order must leave it."""
    return risk.equity >= risk.initial


@rule
def is_no_riskier(after: Risk, before: Risk) -> bool:
    """Whether a change leaves at least as much equity per maintenance: how a sick account may still trade.

    Compared by multiplication, equity_a * maintenance_b >= equity_b * maintenance_a, so nothing is divided.
    """
    if before.maintenance == 0:
        return after.maintenance == 0 and after.equity >= before.equity
    return products_ordered(after.equity, before.maintenance, before.equity, after.maintenance)
