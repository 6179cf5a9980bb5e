"""The figures of an account that venues print under their own names; each key here is one definition.

A venue's sheet maps its printed names onto these keys (``fields``), so that ``totalMarginBalance``, ``eq`` and
``accountValue`` are computed by one text.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

__all__ = ["DEFINITIONS", "Amounts", "Definition"]


class Amounts(NamedTuple):
    """What an account's figures are made of, in its currency; debts are unsigned."""

    assets: Fraction
    """Balances at their prices, before haircuts."""
    collateral: Fraction
    """The same after haircuts."""
    at_thresholds: Fraction
    """The same at liquidation thresholds."""
    debts: Fraction
    unrealised: Fraction
    initial: Fraction
    maintenance: Fraction
    gross_notional: Fraction
    signed_notional: Fraction
    counts_for_loans: Fraction
    """Collateral at its loan-to-value."""


class Definition(NamedTuple):
    """One figure: what it is in words, and from what it is computed."""

    words: str
    of: Callable[[Amounts], Fraction | None]


def _ratio(part: Fraction, whole: Fraction) -> Fraction | None:
    return part / whole if whole else None


def _equity(a: Amounts) -> Fraction:
    return a.collateral - a.debts + a.unrealised


DEFINITIONS: dict[str, Definition] = {
    "wallet": Definition("balances less debts, without unrealised profit", lambda a: a.assets - a.debts),
    "unrealised": Definition("unrealised profit of open positions", lambda a: a.unrealised),
    "equity": Definition("collateral after haircuts, less debts, with unrealised profit", _equity),
    "gross_equity": Definition(
        "balances less debts, with unrealised profit, before haircuts", lambda a: a.assets - a.debts + a.unrealised
    ),
    "initial_margin": Definition("initial margin of positions, orders and loans", lambda a: a.initial),
    "maintenance_margin": Definition("maintenance margin of positions and loans", lambda a: a.maintenance),
    "available": Definition("equity less initial margin", lambda a: _equity(a) - a.initial),
    "initial_rate": Definition("initial margin over equity", lambda a: _ratio(a.initial, _equity(a))),
    "maintenance_rate": Definition(
        "maintenance margin over equity; liquidation at 1", lambda a: _ratio(a.maintenance, _equity(a))
    ),
    "margin_ratio": Definition(
        "equity over maintenance margin; liquidation at 1", lambda a: _ratio(_equity(a), a.maintenance)
    ),
    "gross_notional": Definition("worth of all positions, unsigned", lambda a: a.gross_notional),
    "raw_usd": Definition("equity less signed notional", lambda a: _equity(a) - a.signed_notional),
    "assets": Definition("balances at their prices", lambda a: a.assets),
    "collateral": Definition("balances after haircuts", lambda a: a.collateral),
    "debts": Definition("debts with interest at their prices", lambda a: a.debts),
    "net_assets": Definition("assets less debts", lambda a: a.assets - a.debts),
    "margin_level": Definition("assets over debts", lambda a: _ratio(a.assets, a.debts)),
    "health_factor": Definition(
        "collateral at liquidation thresholds over debts; liquidation below 1",
        lambda a: _ratio(a.at_thresholds, a.debts),
    ),
    "available_borrows": Definition(
        "collateral at its loan-to-value less debts", lambda a: max(Fraction(0), a.counts_for_loans - a.debts)
    ),
}
"""Every figure that a sheet may map a printed name onto."""
