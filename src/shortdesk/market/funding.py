"""Funding on the venue's clock: premiums sampled from the book, the rate fixed from them, positions paid.

The formulas are those of ``margin.funding``; here stands only what they are asked with. Payments go through the venue's
clearing balance, each rounded against its position, so what rounding leaves over stays there. A payment walks all
legs of the World once, whoever they belong to: funding instants are rare, and legs keep no list of their
instrument for them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp, mul_div_nearest, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Refusal
from shortdesk.margin.funding import (
    accrued_funding,
    funding_paid,
    impact_premium,
    limited_rate,
    mid_premium,
    rate_by_form,
    rising_average,
)
from shortdesk.margin.position import value_at
from shortdesk.market.command import CommandKind
from shortdesk.market.entry import mark_moved
from shortdesk.market.ladder import Ladder, ladder_number, level_of, next_price
from shortdesk.market.ledger import transfer
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.prices import make_prices, pricing_at, pricing_refusal, set_member
from shortdesk.market.tables import Shelf, clock_of, front_at, instrument_at, leg_at, level_at, shelf_at

__all__ = ["MOST_SAMPLES", "Sampling", "fund", "funding_hours", "impact_ticks", "pay_on", "rate_now", "run_prices"]

MOST_SAMPLES = 10_000
"""Premiums sampled between two instants; later ones are not counted, so that their sum fits in a word."""
_LARGEST_PREMIUM = 100
_HOUR_NS = 3_600 * 10**9
_MINUTE_NS = 60 * 10**9
_PER_RATE = 10**12
"""Rates in the journal are parts per this."""


class Sampling(IntEnum):
    """What becomes of the premiums between two instants."""

    RISING = 0
    """Average with weights 1, 2, 3, …"""
    EQUAL = 1
    SNAPSHOT = 2
    """Only the last counts."""


@rule
def run_prices(w: Any, command: Any) -> int:
    """INDEX, TICK and FUND; a Refusal."""
    if command.kind == CommandKind.INDEX:
        return set_member(w, command)
    if command.kind == CommandKind.FUND:
        return fund(w, command)
    refusal = make_prices(w, command.instrument)
    if refusal == Refusal.NONE:
        _sample(w, command.instrument)
    return refusal


@rule
def impact_ticks(w: Any, number: int, which: int) -> int:
    """Average price of a market order of the impact size against one side; 0 where the side cannot fill it.

    The last level gives as many whole lots as the worth still needs. Linear: worth / lots; inverse: lots / worth.
    """
    pricing = pricing_at(w, number)
    instrument = instrument_at(w, number)
    side = ladder_number(number, which)
    by_worth = pricing.impact_units != 0
    left = int(pricing.impact_units) if by_worth else max(1, int(pricing.impact_lots))
    lots = 0
    worth = 0
    ticks = int(front_at(w, side).ticks) if front_at(w, side).level != 0 else 0
    while left > 0:
        if ticks == 0:
            return 0
        taken = int(level_at(w, level_of(w, side, ticks)).lots)
        if by_worth:
            units = value_at(instrument.form, instrument.factor, taken, ticks)
            if units >= left:
                taken = mul_div_up(left, taken, units)
            left -= units
        else:
            taken = min(taken, left)
            left -= taken
        lots += taken
        worth += value_at(instrument.form, instrument.factor, taken, ticks)
        ticks = next_price(w, side, ticks)
    if instrument.form == Form.INVERSE:
        return mul_div_nearest(lots, instrument.factor, max(1, worth))
    return mul_div_nearest(worth, 1, lots * instrument.factor)


@rule
def _sample(w: Any, number: int) -> None:
    """One premium; a side of the book that cannot fill the impact size counts as standing at the index."""
    pricing = pricing_at(w, number)
    index = int(pricing.index_ticks)
    bid = impact_ticks(w, number, Ladder.BIDS.value)
    ask = impact_ticks(w, number, Ladder.ASKS.value)
    bid = bid if bid != 0 else index
    ask = ask if ask != 0 else index
    one = int(pricing.rate_one)
    premium = mid_premium(bid, ask, index, one) if pricing.takes_middle else impact_premium(bid, ask, index, one)
    premium = clamp(premium, -_LARGEST_PREMIUM * one, _LARGEST_PREMIUM * one)
    pricing.premium_last = premium
    if pricing.samples < MOST_SAMPLES:
        pricing.samples += 1
        pricing.premium_sum += premium * (pricing.samples if pricing.sampling == Sampling.RISING else 1)
    note_apart(
        w,
        Detail.MONEY,
        Kind.PREMIUM,
        venue=instrument_at(w, number).venue,
        instrument=number,
        units=mul_div_nearest(premium, _PER_RATE, one),
    )


@rule
def _average(pricing: Any) -> int:
    if pricing.sampling == Sampling.SNAPSHOT or pricing.samples == 0:
        return int(pricing.premium_last)
    if pricing.sampling == Sampling.EQUAL:
        return mul_div_nearest(pricing.premium_sum, 1, pricing.samples)
    return rising_average(pricing.premium_sum, pricing.samples)


@rule
def funding_hours(w: Any, number: int) -> int:
    """For how many hours a rate of the instrument is: its interval, or eight where funding accrues."""
    interval_ns = int(pricing_at(w, number).interval_ns)
    return interval_ns // _HOUR_NS if interval_ns != 0 else 8


@rule
def rate_now(w: Any, number: int) -> int:
    """The rate, out of ``rate_one``, that a funding instant would fix now from the premiums sampled since the last."""
    pricing = pricing_at(w, number)
    hours = funding_hours(w, number)
    rate = rate_by_form(
        pricing.funding_form, _average(pricing), pricing.interest, pricing.clamp, pricing.dead_band, hours
    )
    return limited_rate(rate, pricing.cap)


@rule
def fund(w: Any, command: Any) -> int:
    """The instrument's funding instant: the rate is fixed from the samples, and paying begins.

    With ``traits`` 1 the rate is ``lots`` out of ``rate_one``, and this one is paid: so a recorded one can be. Not
    where funding accrues by the minute.
    """
    number = int(command.instrument)
    refusal = pricing_refusal(w, number)
    if refusal != Refusal.NONE:
        return refusal
    pricing = pricing_at(w, number)
    is_told = command.traits == 1
    if command.traits > 1 or (is_told and pricing.interval_ns == 0):
        return Refusal.BAD_FLAGS
    if is_told and abs(command.lots) > pricing.rate_one:
        return Refusal.SIZE_TOO_LARGE
    instrument = instrument_at(w, number)
    if instrument.form == Form.SPOT or instrument.settle_asset == 0:
        return Refusal.BAD_KIND
    ticks = int(pricing.index_ticks if pricing.pays_on_index or pricing.interval_ns == 0 else instrument.mark_ticks)
    if ticks == 0 or pricing.index_ticks == 0:
        return Refusal.NO_REFERENCE_PRICE
    rate = int(command.lots) if is_told else rate_now(w, number)
    pricing.paid_rate = pricing.rate if pricing.pays_before and not is_told else rate
    pricing.paid_ticks = ticks
    pricing.rate = rate
    pricing.samples = 0
    pricing.premium_sum = 0
    _turn_clock(w, number)
    pricing.rate_row = note_apart(
        w,
        Detail.MONEY,
        Kind.FUNDING_RATE,
        venue=instrument.venue,
        instrument=number,
        price=ticks,
        units=mul_div_nearest(rate, _PER_RATE, pricing.rate_one),
    )
    if pricing.paid_rate != 0 and (pricing.interval_ns != 0 or pricing.paid_minutes != 0):
        clock_of(w).paying_instrument = number
        clock_of(w).paying_leg = 1
    return Refusal.NONE


@rule
def _turn_clock(w: Any, number: int) -> None:
    """When the next instant is; where funding accrues, how many whole minutes this one is for."""
    pricing = pricing_at(w, number)
    now = int(clock_of(w).now_ns)
    interval = int(pricing.interval_ns)
    if interval == 0:
        pricing.paid_minutes = max(0, now - pricing.paid_until_ns) // _MINUTE_NS
        pricing.paid_until_ns += pricing.paid_minutes * _MINUTE_NS
    elif now >= pricing.next_funding_ns:
        pricing.next_funding_ns += interval * ((now - pricing.next_funding_ns) // interval + 1)


@rule
def pay_on(w: Any) -> None:
    """Pay the legs that are still to be paid, as far as the journal has room; behind the last one all are asked."""
    clock = clock_of(w)
    number = int(clock.paying_instrument)
    pricing = pricing_at(w, number)
    instrument = instrument_at(w, number)
    clock.cause = pricing.rate_row
    clock.mechanism = Mechanism.FUNDING
    last = shelf_at(w, Shelf.LEGS).used
    while clock.paying_leg <= last:
        if not journal_has_room(w, 2):
            return
        leg = leg_at(w, clock.paying_leg)
        if leg.instrument == number and leg.lots != 0:
            paid = _paid(pricing, instrument, int(leg.lots))
            if paid != 0:
                ticks = pricing.paid_ticks
                transfer(w, Kind.FUNDING, leg.balance, instrument.clearing, -paid, number, -1, ticks, leg.lots)
        clock.paying_leg += 1
    clock.paying_instrument = 0
    clock.paying_leg = 0
    mark_moved(w, number)  # who paid is asked at once, as if the mark had moved


@rule
def _paid(pricing: Any, instrument: Any, lots: int) -> int:
    """Units that a position pays at this instant; negative when it receives."""
    form, factor, ticks = instrument.form, instrument.factor, pricing.paid_ticks
    if pricing.interval_ns == 0:
        return accrued_funding(form, factor, lots, ticks, pricing.paid_rate, pricing.rate_one, pricing.paid_minutes)
    return funding_paid(form, factor, lots, ticks, pricing.paid_rate, pricing.rate_one)
