"""Stops and take-profits: parked until their trigger price, then orders like any other."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side, TimeInForce
from shortdesk.market.book import OrderState, keep, new_taker, signed, take_out
from shortdesk.market.entry import ALL_FLAGS, can_start, enter_apart, is_reached
from shortdesk.market.ladder import Ladder, dequeue, enqueue, ladder_number
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.tables import ORDER, Shelf, clock_of, front_at, instrument_at, leg_at, level_at, order_at

__all__ = ["amend_parked", "fire_parked", "park", "watched_ticks"]


@rule(inline=True)
def watched_ticks(instrument: Any, flags: int) -> int:
    """The price that a parked order waits for."""
    return int(instrument.last_ticks if flags & OrderFlag.ON_LAST else instrument.mark_ticks)


@rule(inline=True)
def _is_hit(seen: int, trigger: int, rises: bool) -> bool:
    return seen >= trigger if rises else seen <= trigger


@rule
def park(w: Any, leg: int, command: Any) -> int:
    """Put a stop or a take-profit where it waits for its trigger price."""
    number = leg_at(w, leg).instrument
    instrument = instrument_at(w, number)
    on_last = command.traits & OrderFlag.ON_LAST != 0
    seen = watched_ticks(instrument, command.traits)
    is_stop = command.order_kind <= OrderKind.STOP_MARKET
    rises = is_stop == (command.side == Side.BUY)
    if _is_hit(seen, command.trigger_ticks, rises):
        return Refusal.WOULD_TRIGGER_AT_ONCE
    which = (Ladder.LAST_FALLS if on_last else Ladder.MARK_FALLS) + (1 if rises else 0)
    at = keep(w, leg, command.client_id)
    order = order_at(w, at)
    order.price_ticks = command.trigger_ticks
    order.lots = command.lots
    order.extra = command.price_ticks
    order.side = command.side
    order.mechanism = command.mechanism
    flags = command.traits | OrderState.PARKED | (which << OrderState.LADDER_SHIFT)
    flags |= command.self_trade << OrderState.SELF_TRADE_SHIFT
    if command.order_kind & 1:
        flags |= OrderState.AT_MARKET
    if command.time_in_force == TimeInForce.IOC:
        flags |= OrderState.IMMEDIATE
    elif command.time_in_force == TimeInForce.FOK:
        flags |= OrderState.ALL_OR_NONE
    order.traits = flags
    enqueue(w, Shelf.ORDERS, ORDER, ladder_number(number, which), at, command.trigger_ticks, command.lots)
    note_apart(
        w,
        Detail.ORDERS,
        Kind.ACCEPTED,
        venue=instrument.venue,
        instrument=number,
        account=leg_at(w, leg).account,
        order=command.client_id,
        price=-1 if command.order_kind & 1 else command.price_ticks,
        lots=signed(command.side, command.lots),
        units=command.trigger_ticks,
        code=command.order_kind,
    )
    return Refusal.NONE


@rule
def amend_parked(w: Any, at: int, command: Any) -> int:
    """A parked order's limit, size and trigger are what the command says, 0 keeps them; a Refusal.

    With the same trigger it keeps its place among those that wait for it. The caller has looked at the limit.
    """
    order = order_at(w, at)
    number = leg_at(w, order.leg).instrument
    trigger = command.trigger_ticks if command.trigger_ticks != 0 else order.price_ticks
    lots = command.lots if command.lots != 0 else order.lots
    which = (order.traits >> OrderState.LADDER_SHIFT) & 7
    if _is_hit(watched_ticks(instrument_at(w, number), order.traits), trigger, which & 1 != 0):
        return Refusal.WOULD_TRIGGER_AT_ONCE
    keeps = trigger == order.price_ticks
    if keeps:
        level_at(w, order.level).lots += lots - order.lots
    else:
        dequeue(w, Shelf.ORDERS, ORDER, ladder_number(number, which), at, order.lots)
        order.price_ticks = trigger
        enqueue(w, Shelf.ORDERS, ORDER, ladder_number(number, which), at, trigger, lots)
    order.lots = lots
    if command.price_ticks != 0:
        order.extra = command.price_ticks
    order.mechanism = command.mechanism
    note_apart(
        w,
        Detail.ORDERS,
        Kind.AMENDED,
        venue=instrument_at(w, number).venue,
        instrument=number,
        account=leg_at(w, order.leg).account,
        order=order.client_id,
        price=-1 if order.traits & OrderState.AT_MARKET else order.extra,
        lots=signed(order.side, lots),
        units=trigger,
        code=1 if keeps else 0,
    )
    return Refusal.NONE


@rule
def fire_parked(w: Any, number: int) -> bool:
    """Set off every parked order whose trigger is reached, one after the other; False when room ran out.

    Ladders in their order, on each the nearest trigger first, at one trigger the one that waited longest.
    What one of them trades may set off the next.
    """
    which = Ladder.MARK_FALLS.value
    while which <= Ladder.LAST_RISES:
        if not is_reached(w, number, which):
            which += 1
            continue
        if clock_of(w).hand_is_busy or not can_start(w):
            return False
        _fire(w, number, which)
        which = Ladder.MARK_FALLS.value
    return True


@rule
def _fire(w: Any, number: int, which: int) -> None:
    """A parked order becomes an order like any other, or is refused like any other."""
    ladder = ladder_number(number, which)
    at = level_at(w, front_at(w, ladder).level).head
    order = order_at(w, at)
    leg, client_id, side, lots = order.leg, order.client_id, order.side, order.lots
    limit, flags, mechanism = order.extra, order.traits, order.mechanism
    trigger = order.price_ticks
    take_out(w, at)
    clock = clock_of(w)
    clock.mechanism = mechanism
    instrument = instrument_at(w, number)
    clock.cause = note_apart(
        w,
        Detail.ORDERS,
        Kind.TRIGGERED,
        venue=instrument.venue,
        instrument=number,
        account=leg_at(w, leg).account,
        order=client_id,
        price=trigger,
        lots=signed(side, lots),
    )
    time_in_force = TimeInForce.GTC.value
    if flags & OrderState.IMMEDIATE:
        time_in_force = TimeInForce.IOC.value
    elif flags & OrderState.ALL_OR_NONE:
        time_in_force = TimeInForce.FOK.value
    refusal = Refusal.HALTED.value
    if not instrument.is_halted:
        self_trade = (flags >> OrderState.SELF_TRADE_SHIFT) & 7
        taker = new_taker(side, limit, leg, client_id, flags & ALL_FLAGS, self_trade, mechanism)
        refusal = enter_apart(w, taker, lots, flags & OrderState.AT_MARKET != 0, time_in_force, 0)
    if refusal != Refusal.NONE:
        note_apart(
            w,
            Detail.ORDERS,
            Kind.REFUSED,
            venue=instrument.venue,
            instrument=number,
            account=leg_at(w, leg).account,
            order=client_id,
            price=limit,
            lots=signed(side, lots),
            code=refusal,
        )
