"""How large a liquidation's step is and at which price, by the venue's form; nothing here changes anything."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.margin.liquidation import (
    AccountState,
    LiquidationForm,
    account_state,
    fillable_units,
    first_order_lots,
    lots_down_to_tier,
    price_with_allowance,
)
from shortdesk.margin.position import entry_value, value_at
from shortdesk.margin.requirement import tier_measure
from shortdesk.margin.risk import Risk
from shortdesk.margin.solve import NO_PRICE, bankruptcy_ticks
from shortdesk.margin.tables import TIER
from shortdesk.market.margin_check import leg_profit, leg_risk, price_of
from shortdesk.market.settle import position_of
from shortdesk.market.tables import Shelf, instrument_at, leg_at, shelf_at, terms_at, venue_at

__all__ = [
    "bankruptcy_price",
    "is_at_market",
    "is_for_backstop",
    "is_taken_at_once",
    "is_tiered",
    "step_limit",
    "step_lots",
]

_PPM = 1_000_000


@rule
def is_for_backstop(venue: Any, risk: Risk) -> bool:
    """Whether equity is below the part of maintenance at which the venue's backstop takes everything."""
    return account_state(risk.equity, risk.maintenance, venue.backstop_ppm, _PPM) == AccountState.BACKSTOP


@rule
def is_at_market(form: int) -> bool:
    """Whether the form's orders are market orders, held only by the venue's price protection."""
    return form == LiquidationForm.FRACTION_THEN_WAIT or form == LiquidationForm.INCREMENTAL


@rule
def is_tiered(form: int) -> bool:
    """Whether the form goes down the tiers and takes the whole over in the lowest."""
    return form == LiquidationForm.LOWER_TIER_THEN_TAKEOVER or form == LiquidationForm.TWO_TIERS_THEN_TAKEOVER


@rule
def _measure(w: Any, leg: int) -> int:
    """What chooses the leg's tier, at its mark."""
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    now = value_at(instrument.form, instrument.factor, row.lots, price_of(w, row.instrument))
    return tier_measure(terms_at(w, row.instrument), row.lots, entry_value(position_of(row)), now)


@rule
def step_lots(w: Any, leg: int, step: int) -> int:
    """How many lots the venue closes in this step."""
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    venue = venue_at(w, instrument.venue)
    lots = abs(row.lots)
    form = venue.liquidation_form
    if is_tiered(form):
        left = _left_by_tiers(w, leg)
        if left == 0:
            return int(lots)
        return int(max(1, lots - mul_div_down(lots, left, _measure(w, leg))))
    if form == LiquidationForm.IOC_THEN_TAKEOVER or form == LiquidationForm.SALE_AND_REPAY:
        return int(lots)
    if form == LiquidationForm.FRACTION_THEN_WAIT and step > 1:
        return int(lots)
    notional = value_at(instrument.form, instrument.factor, lots, price_of(w, row.instrument))
    part = first_order_lots(lots, notional, venue.threshold_units, venue.first_fraction_ppm, _PPM)
    if form == LiquidationForm.FILLABLE_CAPPED and notional > venue.threshold_units:
        part = max(part, mul_div_up(lots, venue.threshold_units, notional))
    if venue.largest_step_units > 0 and notional > venue.largest_step_units:
        part = min(part, max(1, mul_div_down(lots, venue.largest_step_units, notional)))
    return int(max(1, min(lots, part)))


@rule
def _left_by_tiers(w: Any, leg: int) -> int:
    """The measure that one step down the tiers leaves; 0 where the whole is taken over."""
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    venue = venue_at(w, instrument.venue)
    place = shelf_at(w, Shelf.TIERS)
    return lots_down_to_tier(
        w[place.start : place.end].view(TIER),
        instrument.first_tier,
        instrument.tier_count,
        _measure(w, leg),
        venue.step_tiers,
        venue.last_taken,
    )


@rule
def is_taken_at_once(w: Any, leg: int, lots: int) -> bool:
    """In the lowest tiers these venues take the whole over without asking the book."""
    venue = venue_at(w, instrument_at(w, leg_at(w, leg).instrument).venue)
    return is_tiered(venue.liquidation_form) and lots == abs(leg_at(w, leg).lots) and _left_by_tiers(w, leg) == 0


@rule
def step_limit(w: Any, at: int, leg: int, risk: Risk) -> int:
    """The worst price of a step's order: bankruptcy, the fillable price, or any."""
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    form = venue_at(w, instrument.venue).liquidation_form
    worst = 1 if row.lots > 0 else instrument.highest_ticks
    if form == LiquidationForm.FILLABLE_CAPPED:
        return _fillable_price(w, leg, risk)
    if is_at_market(form):
        return int(worst)
    return bankruptcy_price(w, at, leg, risk)


@rule
def _fillable_price(w: Any, leg: int, risk: Risk) -> int:
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    venue = venue_at(w, instrument.venue)
    ticks = price_of(w, row.instrument)
    units = fillable_units(
        leg_risk(w, leg, 0, ticks).maintenance,
        risk.equity,
        risk.maintenance,
        venue.adjustment_ppm,
        venue.spread_ppm,
        _PPM,
    )
    return price_with_allowance(instrument.form, instrument.factor, row.lots, ticks, units, instrument.highest_ticks)


@rule
def bankruptcy_price(w: Any, at: int, leg: int, risk: Risk) -> int:
    """The last price of the leg at which the whole balance is worth nothing or more, all other prices held.

    ``bankruptcy_ticks`` is the first price at which equity is not positive; where that lies beyond nothing, an order or
    a takeover there would make a loss of rounding, so it is one tick nearer. Where the other legs decide alone,
    whatever this one's price, its mark is taken.
    """
    row = leg_at(w, leg)
    instrument = instrument_at(w, row.instrument)
    behind = risk.equity - leg_profit(w, leg, price_of(w, row.instrument))
    ticks = bankruptcy_ticks(instrument.form, instrument.factor, position_of(row), behind)
    if ticks == NO_PRICE or ticks > instrument.highest_ticks:
        return price_of(w, row.instrument)
    ticks = max(1, ticks)
    if behind + leg_profit(w, leg, ticks) < 0:
        ticks += 1 if row.lots > 0 else -1
    return max(1, ticks)
