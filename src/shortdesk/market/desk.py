"""The desk of a venue: takes commands about orders, or says why not.

Every function here returns a Refusal, 0 where the command was taken. Whatever is refused changes nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce, Withdrawn
from shortdesk.market.book import (
    ROOM_FOR_A_FILL,
    OrderState,
    find_order,
    hidden_lots,
    make_smaller,
    new_taker,
    promise,
    signed,
    take_out,
    withdraw,
)
from shortdesk.market.entry import ALL_FLAGS, Halt, enter, enter_apart, passive_limit, trade_apart
from shortdesk.market.margin_check import order_refusal
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.parked import amend_parked, park, watched_ticks
from shortdesk.market.settle import reducible_lots
from shortdesk.market.tables import account_at, clock_of, instrument_at, leg_at, order_at

__all__ = ["AmendRule", "amend_order", "cancel_account", "cancel_leg", "cancel_order", "place_order"]

_MOST_PEAK = (1 << 31) - 1


class AmendRule(IntEnum):
    """When an amended order keeps its place in the queue."""

    KEEPS_WHEN_SMALLER = 0
    """Same price and not larger: it keeps its place; else it goes to the end."""
    ALWAYS_LAST = 1
    """An amendment is a cancel and a new order."""


@rule(inline=True)
def place_order(w: Any, leg: int, command: Any) -> int:
    """Take an order: check it, trade what crosses, then rest, park or withdraw what is left.

    Most orders are plain limit orders. The compiler gets the same text twice, once with everything that
    makes an order special known to be zero.
    """
    special = command.order_kind | command.time_in_force | command.traits | command.self_trade | command.peak_lots
    if special != 0:
        return _place_special(w, leg, command)
    refusal = _refusal_for_form(w, leg, command, 0, 0, 0, 0, 0)
    if refusal != Refusal.NONE:
        return refusal
    taker = new_taker(command.side, command.price_ticks, leg, command.client_id, 0, 0, command.mechanism)
    return enter(w, taker, command.lots, False, 0, 0)


@rule
def _place_special(w: Any, leg: int, command: Any) -> int:
    refusal = _refusal_for_form(
        w,
        leg,
        command,
        command.order_kind,
        command.time_in_force,
        command.traits,
        command.self_trade,
        command.peak_lots,
    )
    if refusal != Refusal.NONE:
        return refusal
    if command.order_kind >= OrderKind.STOP_LIMIT:
        return park(w, leg, command)
    taker = new_taker(
        command.side,
        command.price_ticks,
        leg,
        command.client_id,
        command.traits,
        command.self_trade,
        command.mechanism,
    )
    is_market = command.order_kind == OrderKind.MARKET
    return enter_apart(w, taker, command.lots, is_market, command.time_in_force, command.peak_lots)


@rule(inline=True)
def _refusal_for_form(
    w: Any, leg: int, command: Any, kind: int, time_in_force: int, flags: int, self_trade: int, peak: int
) -> int:
    """What is wrong with an order whatever stands in the book."""
    instrument = instrument_at(w, leg_at(w, leg).instrument)
    has_limit = kind != OrderKind.MARKET and kind & 1 == 0
    if instrument.is_halted:
        return Refusal.NO_BOOK if instrument.pool != 0 else Refusal.HALTED
    if command.side > Side.SELL:
        return Refusal.BAD_SIDE
    if kind > OrderKind.PROFIT_MARKET or time_in_force > TimeInForce.FOK:
        return Refusal.BAD_KIND
    if flags > ALL_FLAGS or self_trade > SelfTrade.DECREMENT:
        return Refusal.BAD_FLAGS
    if flags & OrderFlag.POST_ONLY and (not has_limit or time_in_force != TimeInForce.GTC):
        return Refusal.BAD_FLAGS
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    if command.lots > instrument.highest_lots:
        return Refusal.SIZE_TOO_LARGE
    if has_limit and (command.price_ticks <= 0 or command.price_ticks > instrument.highest_ticks):
        return Refusal.BAD_PRICE
    if kind >= OrderKind.STOP_LIMIT and (
        command.trigger_ticks <= 0 or command.trigger_ticks > instrument.highest_ticks
    ):
        return Refusal.BAD_TRIGGER
    if peak != 0 and (
        kind != OrderKind.LIMIT or time_in_force != TimeInForce.GTC or peak < 0 or command.lots - peak > _MOST_PEAK
    ):
        return Refusal.BAD_PEAK
    if command.client_id < 0:
        return Refusal.BAD_CLIENT_ID
    if find_order(w, leg, command.client_id) != 0:
        return Refusal.REPEATED_CLIENT_ID
    if kind >= OrderKind.STOP_LIMIT and watched_ticks(instrument, flags) == 0:
        return Refusal.NO_REFERENCE_PRICE
    if instrument.mark_ticks == 0 and instrument.settle_asset != 0 and instrument.form != Form.SPOT:
        return Refusal.NO_REFERENCE_PRICE  # no margin can be asked without a mark
    if has_limit and _is_outside_band(instrument, command.side, command.price_ticks):
        return Refusal.OUTSIDE_PRICE_BAND
    return Refusal.NONE


@rule(inline=True)
def _is_outside_band(instrument: Any, side: int, limit_ticks: int) -> bool:
    """Whether a limit is further on the dear side of the mark than the venue allows."""
    if instrument.band_ppm == 0 or instrument.mark_ticks == 0:
        return False
    return _is_beyond(instrument, side, limit_ticks)


@rule
def _is_beyond(instrument: Any, side: int, limit_ticks: int) -> bool:
    if side == Side.BUY:
        return limit_ticks > mul_div_down(instrument.mark_ticks, 1_000_000 + instrument.band_ppm, 1_000_000)
    return limit_ticks < mul_div_up(instrument.mark_ticks, 1_000_000 - instrument.band_ppm, 1_000_000)


@rule(inline=True)
def cancel_order(w: Any, leg: int, command: Any) -> int:
    """Withdraw one order."""
    at = find_order(w, leg, command.client_id)
    if at == 0:
        return Refusal.UNKNOWN_ORDER
    withdraw(w, at, Withdrawn.BY_OWNER)
    return Refusal.NONE


@rule
def cancel_leg(w: Any, leg: int, why: int) -> bool:
    """Withdraw all orders of a leg, the newest first; False when room ran out."""
    while leg_at(w, leg).first_order != 0:
        if not journal_has_room(w, ROOM_FOR_A_FILL):
            return False
        withdraw(w, leg_at(w, leg).first_order, why)
    return True


@rule
def cancel_account(w: Any, account: int, number: int, why: int) -> bool:
    """Withdraw an account's orders, in one instrument or (0) in all; False when the journal is full."""
    leg = account_at(w, account).first_leg
    while leg != 0:
        if (number == 0 or leg_at(w, leg).instrument == number) and not cancel_leg(w, leg, why):
            clock_of(w).halt = Halt.JOURNAL_FULL
            return False
        leg = leg_at(w, leg).account_next
    return True


@rule
def amend_order(w: Any, leg: int, command: Any) -> int:
    """Change an order's price and what is left of its size, by the venue's rule of priority.

    ``price_ticks`` 0 keeps the price; of a parked order the price is its limit and ``trigger_ticks`` its
    trigger. A changed order may trade at once, as a new one would; a changed trigger must lie ahead.
    """
    number = leg_at(w, leg).instrument
    instrument = instrument_at(w, number)
    at = find_order(w, leg, command.client_id)
    order = order_at(w, at)
    if instrument.is_halted:
        return Refusal.NO_BOOK if instrument.pool != 0 else Refusal.HALTED
    if command.lots < 0:
        return Refusal.BAD_SIZE
    if command.lots > instrument.highest_lots:
        return Refusal.SIZE_TOO_LARGE
    if command.price_ticks < 0 or command.price_ticks > instrument.highest_ticks:
        return Refusal.BAD_PRICE
    if at == 0:
        return Refusal.UNKNOWN_ORDER
    if order.traits & OrderState.PARKED:
        return _amend_parked(w, at, command)
    limit = command.price_ticks if command.price_ticks != 0 else order.price_ticks
    held = order.lots + hidden_lots(order)
    lots = command.lots if command.lots != 0 else held
    if _is_outside_band(instrument, order.side, limit):
        return Refusal.OUTSIDE_PRICE_BAND
    keeps = instrument.amend_rule == AmendRule.KEEPS_WHEN_SMALLER and limit == order.price_ticks and lots <= held
    if keeps:
        make_smaller(w, at, lots)
        _note_amended(w, number, leg, command.client_id, limit, signed(order.side, lots), 1)
        return Refusal.NONE
    return _replace(w, leg, number, at, limit, lots, command.mechanism)


@rule
def _amend_parked(w: Any, at: int, command: Any) -> int:
    """What a new parked order is asked, and of one at the market that no limit is named."""
    order = order_at(w, at)
    instrument = instrument_at(w, leg_at(w, order.leg).instrument)
    is_at_market = order.traits & OrderState.AT_MARKET != 0
    if is_at_market and command.price_ticks != 0:
        return Refusal.BAD_PRICE
    if command.trigger_ticks < 0 or command.trigger_ticks > instrument.highest_ticks:
        return Refusal.BAD_TRIGGER
    limit = command.price_ticks if command.price_ticks != 0 else order.extra
    if not is_at_market and _is_outside_band(instrument, order.side, limit):
        return Refusal.OUTSIDE_PRICE_BAND
    return amend_parked(w, at, command)


@rule
def _amended_refusal(w: Any, leg: int, at: int, limit: int, lots: int) -> int:
    """Whether the margin allows the order in its new form; asked with the old form out of the way."""
    order = order_at(w, at)
    held = order.lots + hidden_lots(order)
    traits = order.traits
    promise(w, order, -held)
    order.traits = traits | OrderFlag.REDUCE_ONLY  # in its old form it counts for nothing meanwhile
    refusal = order_refusal(w, leg, order.side, limit, lots, traits & ALL_FLAGS)
    order.traits = traits
    promise(w, order, held)
    return refusal


@rule
def _note_amended(w: Any, number: int, leg: int, client_id: int, ticks: int, lots: int, kept: int) -> None:
    note_apart(
        w,
        Detail.ORDERS,
        Kind.AMENDED,
        venue=instrument_at(w, number).venue,
        instrument=number,
        account=leg_at(w, leg).account,
        order=client_id,
        price=ticks,
        lots=lots,
        code=kept,
    )


@rule
def _replace(w: Any, leg: int, number: int, at: int, limit: int, lots: int, mechanism: int) -> int:
    """Take the order out and enter it again as a new one under its number; refused before anything moved.

    What a new one would be measured for is measured again: whether it takes, and what it can still reduce.
    """
    order = order_at(w, at)
    side, client_id, flags = order.side, order.client_id, order.traits & ALL_FLAGS
    peak = order.extra & 0xFFFFFFFF if order.traits & OrderState.ICEBERG else 0
    self_trade = (order.traits >> OrderState.SELF_TRADE_SHIFT) & 7
    if peak != 0 and lots - peak > _MOST_PEAK:
        return Refusal.BAD_PEAK
    if flags & OrderFlag.REDUCE_ONLY:
        lots = min(lots, reducible_lots(leg_at(w, leg).lots, side))
        if lots == 0:
            return Refusal.NOTHING_TO_REDUCE
    if flags & OrderFlag.POST_ONLY:
        limit = passive_limit(w, number, side, limit, flags)
        if limit == 0:
            return Refusal.WOULD_TAKE
    more = lots - order.lots - hidden_lots(order)
    if instrument_at(w, number).settle_asset != 0 and (more > 0 or limit != order.price_ticks):
        refusal = _amended_refusal(w, leg, at, limit, lots)
        if refusal != Refusal.NONE:
            return refusal
    _note_amended(w, number, leg, client_id, limit, signed(side, lots), 0)
    take_out(w, at)
    taker = new_taker(side, limit, leg, client_id, flags, self_trade, mechanism)
    trade_apart(w, number, taker, lots, peak, False)
    return Refusal.NONE
