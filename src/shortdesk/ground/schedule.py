"""Which tiers bind a symbol on a day, from whichever kind of table its venue's sheet has: a CSV of tiers, risk
steps, a slope, or a liquidity tier.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Literal, NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.tiers import TierRow, read_tiers, step_tiers, tier_symbols
from shortdesk.ground.venue import Evidence, LiquidityTierRules, Product, SlopeRules, TierTable, at

__all__ = ["Schedule", "find_schedule", "known_symbols"]


class Schedule(NamedTuple):
    """The tiers that bind one symbol on one day, and where they were seen.

    ``slope`` is the growth of both rates per coin of size (Deribit), 0 elsewhere. ``liquidity_tier`` is there
    where open interest may raise the initial rate (dYdX). ``where`` names the file of the sheets.
    """

    rows: tuple[TierRow, ...]
    unit: Literal["quote", "coin", "contracts"]
    since: date
    source: str
    evidence: Evidence
    note: str
    where: str
    slope: Fraction = Fraction(0)
    liquidity_tier: LiquidityTierRules | None = None

    @property
    def largest(self) -> Fraction | None:
        """The largest position the schedule covers, in its unit; None where it has no end."""
        return self.rows[-1].cap


def find_schedule(product: Product, symbol: str, day: date) -> Schedule:
    """The tiers of a symbol in force on a day, from whichever kind of table the sheet has for it.

    Newest table first; an older one is asked only where the newer is marked as partial.

    Raises:
        UsageError: the symbol is in no table in force (the known ones are listed), or the day is before all of them.
    """
    if found := _tier_table(product, symbol, day):
        # The coin ladders of a sheet without margin rules have no deductions to check.
        continuous = any(rules.continuous for rules in product.margin)
        rows = read_tiers(found.file, symbol, continuous=continuous)
        return Schedule(rows, found.unit, found.since, found.source, found.evidence, found.note, found.file)
    steps = [table for table in product.steps if table.symbol == symbol and table.since <= day]
    if steps:
        step = at(steps, day, symbol)
        unit: Literal["quote", "coin"] = "coin" if product.kind == "inverse" else "quote"
        return Schedule(step_tiers(step), unit, step.since, step.source, step.evidence, step.note, "")
    slopes = [table for table in product.slopes if table.symbol == symbol and table.since <= day]
    if slopes:
        line = at(slopes, day, symbol)
        rows = (_slope_row(line),)
        return Schedule(rows, "coin", line.since, line.source, line.evidence, line.note, "", slope=Fraction(line.slope))
    pools = [pool for pool in product.liquidity_tiers if pool.since <= day and symbol in _pool_symbols(product, pool)]
    if pools:
        pool = at(pools, day, symbol)
        rows = (_pool_row(pool),)
        return Schedule(rows, "quote", pool.since, pool.source, pool.evidence, pool.note, "", liquidity_tier=pool)
    raise UsageError(_no_schedule(product, symbol, day))


def known_symbols(product: Product, day: date) -> list[str]:
    """The symbols that have tiers or a reserve on a day, as the venue writes them, in the order of the sheet."""
    names: dict[str, None] = {}
    for table in _in_force(product, day):
        names.update(dict.fromkeys(tier_symbols(table.file)))
    names.update((step.symbol, None) for step in product.steps if step.since <= day)
    names.update((line.symbol, None) for line in product.slopes if line.since <= day)
    names.update((reserve.symbol, None) for reserve in product.reserves if reserve.since <= day)
    for pool in product.liquidity_tiers:
        if pool.since <= day:
            names.update(dict.fromkeys(_pool_symbols(product, pool)))
    return list(names)


def _in_force(product: Product, day: date) -> list[TierTable]:
    """The tables to ask, newest first, down to the newest complete one."""
    tables: list[TierTable] = []
    for table in sorted(product.tiers, key=lambda table: table.since, reverse=True):
        if table.since <= day:
            tables.append(table)
            if table.complete:
                break
    return tables


def _tier_table(product: Product, symbol: str, day: date) -> TierTable | None:
    return next((table for table in _in_force(product, day) if symbol in tier_symbols(table.file)), None)


def _pool_symbols(product: Product, pool: LiquidityTierRules) -> list[str]:
    return [product.symbol.format(base=base, quote=product.quotes[0]) for base in pool.markets]


def _slope_row(line: SlopeRules) -> TierRow:
    initial, maintenance = Fraction(line.initial_rate), Fraction(line.maintenance_rate)
    return TierRow(Fraction(0), None, maintenance, Fraction(0), initial, 1 / initial)


def _pool_row(pool: LiquidityTierRules) -> TierRow:
    initial = Fraction(pool.initial_rate)
    return TierRow(Fraction(0), None, initial * Fraction(pool.maintenance_fraction), Fraction(0), initial, 1 / initial)


def _no_schedule(product: Product, symbol: str, day: date) -> str:
    known = known_symbols(product, day)
    if not known:
        first = min((table.since for table in (*product.tiers, *product.steps, *product.slopes)), default=None)
        begin = f"; the first begin on {first}" if first and first > day else ""
        return f"{product.name}: no tiers in the sheets on {day}{begin}"
    listed = ", ".join(known[:6]) + (", …" if len(known) > 6 else "")
    return f"no tiers in the sheets for {symbol} on {product.name} on {day}; known: {listed}"
