"""Which rules bind a short while it is held: those in force on each day, and what to say where none is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.schedule import Schedule, find_schedule
from shortdesk.ground.sheet import Table
from shortdesk.ground.venue import DATED, LiquidationRules, VenueRules, at
from shortdesk.margin.contract import Contract, build_contract
from shortdesk.study.hold_grid import Grid
from shortdesk.study.ticket import ShortRequest, Sized, place

__all__ = ["Ending", "Epoch", "day_of", "ending_at", "epochs", "first_known_day", "start_of"]

_EPOCH = date(1970, 1, 1)
_ENDS_AT_BANKRUPTCY = ("lower_tier_then_takeover", "two_tiers_then_takeover")
"""The forms in which the venue takes the position over at its bankruptcy price, so that it keeps what is left."""
_IN_PARTS = (*_ENDS_AT_BANKRUPTCY, "fraction_then_wait", "fillable_capped", "incremental")
"""The forms in which a venue may close a large position in parts."""


class Epoch(NamedTuple):
    """A contract in force from a day on, with the schedule it was built from."""

    since_nanos: int
    day: date
    contract: Contract
    schedule: Schedule


class Ending(NamedTuple):
    """What a close and a liquidation cost on a day."""

    taker: Fraction
    fee: Fraction
    """On the liquidated worth, at most what equity is left."""
    keeps_rest: bool
    """Whether the venue keeps the equity that is left."""
    in_parts: bool
    cover: tuple[str, ...]
    """Who pays where equity is gone, first to last."""
    source: str


def day_of(nanos: int) -> date:
    """The UTC day of an instant."""
    return _EPOCH + timedelta(days=nanos // 86_400_000_000_000)


def start_of(day: date) -> int:
    """The first instant of a UTC day."""
    return (day - _EPOCH).days * 86_400_000_000_000


def first_known_day(rules: VenueRules, request: ShortRequest) -> date:
    """The day of the request, or the first day after it for which the sheets have everything.

    Raises:
        UsageError: the venue does not trade it, on no day; the complaint about the day asked.
    """
    tables = [table for product in rules.product for name in DATED for table in getattr(product, name)]
    later: list[date] = sorted({table.since for table in tables if table.since > request.day})
    complaint: UsageError | None = None
    for day in (request.day, *later):
        try:
            _ask_for_everything(rules, replace(request, day=day))
        except UsageError as error:
            complaint = complaint or error
        else:
            return day
    assert complaint is not None
    raise complaint


def _ask_for_everything(rules: VenueRules, request: ShortRequest) -> None:
    product, resolved = place(rules, request)
    at(product.fees, request.day, "fees")
    at(product.grid, request.day, "grid")
    at(product.liquidation, request.day, "liquidation")
    if product.kind in ("linear", "inverse"):
        find_schedule(product, resolved.symbol, request.day)
        product.margin_at(request.day, request.mode or product.margin[0].modes[0])
    elif product.kind == "spot_margin":
        modes = [mode for table in product.borrow for mode in table.modes]
        mode = request.mode or ("isolated" if "isolated" in modes else "cross")
        product.borrow_at(request.day, mode, resolved.base)
        if mode == "isolated" and product.ladders:
            product.ladder_at(request.day, resolved.base)


def epochs(
    order: Sized, mode: str, grid: Grid, start_nanos: int, stop_nanos: int, first_day: date, *, fixed: bool
) -> list[Epoch]:
    """The contracts that bind from ``start`` to ``stop``, each only where it differs from the one before.

    ``first_day`` is the day whose rules bind at the start; with ``fixed`` they bind throughout.
    """
    product = order.product
    last_day = day_of(stop_nanos - 1)
    tables: Sequence[Table] = (
        *product.margin, *product.tiers, *product.steps, *product.slopes, *product.liquidity_tiers, *product.fees,
    )  # fmt: skip
    dated = set() if fixed else {table.since for table in tables}
    days = sorted(day for day in dated if first_day < day <= last_day)
    found: list[Epoch] = []
    for day in (first_day, *days):
        size = order.instrument.contract_size
        contract = build_contract(product, order.resolved.symbol, mode, day, contract_size=size, scale=grid.scale)
        if not found or contract != found[-1].contract:
            since = start_nanos if not found else start_of(day)
            found.append(Epoch(since, day, contract, find_schedule(product, order.resolved.symbol, day)))
    return found


def ending_at(order: Sized, day: date, taker: Fraction | None = None) -> Ending:
    """How a short ends on a day, by the venue's sheet."""
    fees = at(order.product.fees, day, "fees")
    rules: LiquidationRules = at(order.product.liquidation, day, "liquidation")
    return Ending(
        taker=Fraction(fees.taker) if taker is None else taker,
        fee=Fraction(fees.liquidation),
        keeps_rest=rules.form in _ENDS_AT_BANKRUPTCY,
        in_parts=rules.form in _IN_PARTS,
        cover=rules.cover,
        source=f"{rules.source} [{rules.evidence}]; fees: {fees.source} [{fees.evidence}]",
    )
