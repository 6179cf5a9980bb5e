"""The desk of a venue: takes commands about orders, or says why not.

Every function here returns a Refusal, 0 where the command was taken. Whatever is refused changes nothing.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce, Withdrawn
from shortdesk.market.book import (
    ROOM_FOR_A_FILL,
    OrderState,
    Taker,
    available_lots,
    crosses,
    find_order,
    hidden_lots,
    keep,
    make_smaller,
    new_taker,
    rest,
    signed,
    sweep,
    take_out,
    withdraw,
)
from shortdesk.market.ladder import Ladder, enqueue, ladder_number
from shortdesk.market.note import Detail, journal_has_room, note
from shortdesk.market.settle import reducible_lots
from shortdesk.market.stand import refusal_for_margin
from shortdesk.market.tables import (
    ORDER,
    Shelf,
    clock_of,
    front_at,
    hand_of,
    has_room,
    instrument_at,
    leg_at,
    level_at,
    order_at,
)

__all__ = [
    "AmendRule",
    "BoundFrom",
    "Halt",
    "amend_order",
    "can_start",
    "cancel_leg",
    "cancel_order",
    "carry_on",
    "fire_parked",
    "place_order",
    "stir",
]

_MOST_PEAK = (1 << 31) - 1
_ALL_FLAGS = 15


class Halt(IntEnum):
    """Why a call came back."""

    DONE = 0
    JOURNAL_FULL = 1
    """Fetch the journal's rows and call again."""
    TABLE_FULL = 2
    """Grow the table named by ``clock.full_table`` and call again."""


class BoundFrom(IntEnum):
    """What the price protection of a market order is measured from."""

    NOTHING = 0
    """The venue has none."""
    MARK = 1
    TOUCH = 2
    """The best price of the other side."""
    LAST = 3


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
    return _enter(w, taker, command.lots, False, 0, 0)


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
        return _park(w, leg, command)
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
    return _enter_apart(w, taker, command.lots, is_market, command.time_in_force, command.peak_lots)


@rule(inline=True)
def _refusal_for_form(
    w: Any, leg: int, command: Any, kind: int, time_in_force: int, flags: int, self_trade: int, peak: int
) -> int:
    """What is wrong with an order whatever stands in the book."""
    instrument = instrument_at(w, leg_at(w, leg).instrument)
    has_limit = kind != OrderKind.MARKET and kind & 1 == 0
    if instrument.is_halted:
        return Refusal.HALTED
    if command.side > Side.SELL:
        return Refusal.BAD_SIDE
    if kind > OrderKind.PROFIT_MARKET or time_in_force > TimeInForce.FOK:
        return Refusal.BAD_KIND
    if flags > _ALL_FLAGS or self_trade > SelfTrade.DECREMENT:
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
    if kind >= OrderKind.STOP_LIMIT and _watched_ticks(instrument, flags) == 0:
        return Refusal.NO_REFERENCE_PRICE
    if has_limit and _is_outside_band(instrument, command.side, command.price_ticks):
        return Refusal.OUTSIDE_PRICE_BAND
    return Refusal.NONE


@rule(inline=True)
def _watched_ticks(instrument: Any, flags: int) -> int:
    """The price that a parked order waits for."""
    return int(instrument.last_ticks if flags & OrderFlag.ON_LAST else instrument.mark_ticks)


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


class _Entry(NamedTuple):
    """An order as it may enter: its limit and size after the venue's rules, or a Refusal."""

    refusal: int
    limit_ticks: int
    lots: int


@rule(inline=True)
def _not_admitted(refusal: int) -> _Entry:
    return _Entry(refusal, 0, 0)


@rule(inline=True)
def _admitted(w: Any, taker: Taker, lots: int, is_market: bool, time_in_force: int) -> _Entry:
    """What the book and the account say to an order of good form."""
    side, limit_ticks, flags = taker.side, taker.limit_ticks, taker.traits
    number = leg_at(w, taker.leg).instrument
    if is_market:
        limit_ticks = _protected_limit(w, number, side)
        if limit_ticks == 0:
            return _not_admitted(Refusal.NO_REFERENCE_PRICE)
    if flags & OrderFlag.REDUCE_ONLY:
        lots = min(lots, reducible_lots(leg_at(w, taker.leg).lots, side))
        if lots == 0:
            return _not_admitted(Refusal.NOTHING_TO_REDUCE)
    if flags & OrderFlag.POST_ONLY:
        limit_ticks = _passive_limit(w, number, side, limit_ticks, flags)
        if limit_ticks == 0:
            return _not_admitted(Refusal.WOULD_TAKE)
    if time_in_force == TimeInForce.FOK:
        limited = new_taker(side, limit_ticks, taker.leg, taker.client_id, flags, taker.self_trade, taker.mechanism)
        if available_lots(w, number, limited, lots) < lots:
            return _not_admitted(Refusal.CANNOT_FILL)
    refusal = refusal_for_margin(w, taker.leg, side, limit_ticks, lots, 0, flags)
    return _Entry(refusal, limit_ticks, lots)


@rule
def _passive_limit(w: Any, number: int, side: int, limit_ticks: int, flags: int) -> int:
    """The limit at which a post-only order rests; 0 if it would take and may not slide, or has nowhere to slide to."""
    other = front_at(w, ladder_number(number, 1 - side))
    if other.level == 0 or not crosses(side, limit_ticks, other.ticks):
        return limit_ticks
    beside = other.ticks - 1 if side == Side.BUY else other.ticks + 1
    may_slide = flags & OrderFlag.SLIDES != 0 and beside <= instrument_at(w, number).highest_ticks
    return int(beside) if may_slide else 0


@rule(inline=True)
def _enter(w: Any, taker: Taker, lots: int, is_market: bool, time_in_force: int, peak: int) -> int:
    """An order of good form meets the market."""
    entry = _admitted(w, taker, lots, is_market, time_in_force)
    if entry.refusal != Refusal.NONE:
        return entry.refusal
    number = leg_at(w, taker.leg).instrument
    _note_accepted(w, number, taker, entry, is_market)
    limited = new_taker(
        taker.side,
        entry.limit_ticks,
        taker.leg,
        taker.client_id,
        taker.traits,
        taker.self_trade,
        taker.mechanism,
    )
    _trade_and_rest(w, number, limited, entry.lots, peak, is_market or time_in_force != TimeInForce.GTC)
    return Refusal.NONE


@rule
def _enter_apart(w: Any, taker: Taker, lots: int, is_market: bool, time_in_force: int, peak: int) -> int:
    return _enter(w, taker, lots, is_market, time_in_force, peak)


@rule(inline=True)
def _note_accepted(w: Any, number: int, taker: Taker, entry: _Entry, is_market: bool) -> None:
    clock_of(w).cause = note(
        w,
        Detail.ORDERS,
        Kind.ACCEPTED,
        venue=instrument_at(w, number).venue,
        instrument=number,
        account=leg_at(w, taker.leg).account,
        order=taker.client_id,
        price=-1 if is_market else entry.limit_ticks,
        lots=signed(taker.side, entry.lots),
        code=OrderKind.MARKET if is_market else OrderKind.LIMIT,
    )


@rule
def _protected_limit(w: Any, number: int, side: int) -> int:
    """The worst price at which a market order may trade by the venue's protection; 0 without a reference."""
    instrument = instrument_at(w, number)
    if instrument.bound_from == BoundFrom.NOTHING:
        return instrument.highest_ticks if side == Side.BUY else 1
    reference = instrument.mark_ticks
    if instrument.bound_from == BoundFrom.TOUCH:
        other = front_at(w, ladder_number(number, 1 - side))
        reference = other.ticks if other.level != 0 else 0
    elif instrument.bound_from == BoundFrom.LAST:
        reference = instrument.last_ticks
    if reference == 0:
        return 0
    if side == Side.BUY:
        bound = mul_div_down(reference, 1_000_000 + instrument.bound_ppm, 1_000_000)
        return int(min(bound, instrument.highest_ticks))
    return max(1, mul_div_up(reference, 1_000_000 - instrument.bound_ppm, 1_000_000))


@rule(inline=True)
def _trade_and_rest(w: Any, number: int, taker: Taker, lots: int, peak: int, is_immediate: bool) -> None:
    """Trade what crosses; rest what is left, withdraw it, or keep it in hand until the journal has room."""
    left = sweep(w, number, taker, lots)
    if left != lots and (_is_reached(w, number, Ladder.LAST_FALLS) or _is_reached(w, number, Ladder.LAST_RISES)):
        stir(w, number)
    if left == 0:
        return
    if _is_unfinished(w, number, taker):
        _take_in_hand(w, number, taker, left, peak, is_immediate)
    elif is_immediate:
        _note_rest(w, Kind.CANCELLED, number, taker, left, Withdrawn.UNFILLED)
    else:
        rest(w, taker, number, left, peak)
        _note_rest(w, Kind.RESTED, number, taker, left, 0)


@rule
def _trade_apart(w: Any, number: int, taker: Taker, lots: int, peak: int, is_immediate: bool) -> None:
    _trade_and_rest(w, number, taker, lots, peak, is_immediate)


@rule(inline=True)
def _is_unfinished(w: Any, number: int, taker: Taker) -> bool:
    other = front_at(w, ladder_number(number, 1 - taker.side))
    return other.level != 0 and crosses(taker.side, taker.limit_ticks, other.ticks)


@rule
def _take_in_hand(w: Any, number: int, taker: Taker, lots: int, peak: int, is_immediate: bool) -> None:
    clock = clock_of(w)
    clock.hand_is_busy = 1
    hand = hand_of(w)
    hand.limit_ticks = taker.limit_ticks
    hand.client_id = taker.client_id
    hand.lots = lots
    hand.cause = clock.cause
    hand.instrument = number
    hand.leg = taker.leg
    hand.peak_lots = peak
    hand.side = taker.side
    hand.traits = taker.traits
    hand.self_trade = taker.self_trade
    hand.mechanism = taker.mechanism
    hand.is_immediate = is_immediate


@rule
def carry_on(w: Any) -> None:
    """Go on with the order in hand, if there is one."""
    clock = clock_of(w)
    if clock.hand_is_busy == 0:
        return
    hand = hand_of(w)
    clock.hand_is_busy = 0
    clock.cause = hand.cause
    clock.mechanism = hand.mechanism
    taker = new_taker(
        hand.side,
        hand.limit_ticks,
        hand.leg,
        hand.client_id,
        hand.traits,
        hand.self_trade,
        hand.mechanism,
    )
    _trade_apart(w, hand.instrument, taker, hand.lots, hand.peak_lots, hand.is_immediate != 0)


@rule(inline=True)
def _note_rest(w: Any, kind: int, number: int, taker: Taker, lots: int, code: int) -> None:
    note(
        w,
        Detail.ORDERS,
        kind,
        venue=instrument_at(w, number).venue,
        instrument=number,
        account=leg_at(w, taker.leg).account,
        order=taker.client_id,
        price=taker.limit_ticks,
        lots=signed(taker.side, lots),
        code=code,
    )


@rule
def _park(w: Any, leg: int, command: Any) -> int:
    """Put a stop or a take-profit where it waits for its trigger price."""
    number = leg_at(w, leg).instrument
    instrument = instrument_at(w, number)
    on_last = command.traits & OrderFlag.ON_LAST != 0
    seen = _watched_ticks(instrument, command.traits)
    is_stop = command.order_kind <= OrderKind.STOP_MARKET
    rises = is_stop == (command.side == Side.BUY)
    if (rises and seen >= command.trigger_ticks) or (not rises and seen <= command.trigger_ticks):
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
    note(
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


@rule(inline=True)
def can_start(w: Any) -> bool:
    """Whether there is room for one more order: in the journal, among orders, pages and nodes."""
    clock = clock_of(w)
    if not journal_has_room(w, 2 * ROOM_FOR_A_FILL):
        clock.halt = Halt.JOURNAL_FULL
        return False
    if not has_room(w, Shelf.ORDERS, 1):
        return _is_full(w, Shelf.ORDERS)
    if not has_room(w, Shelf.PAGES, 2):
        return _is_full(w, Shelf.PAGES)
    if not has_room(w, Shelf.NODES, 12):
        return _is_full(w, Shelf.NODES)
    return True


@rule
def _is_full(w: Any, shelf: int) -> bool:
    clock_of(w).halt = Halt.TABLE_FULL
    clock_of(w).full_table = shelf
    return False


@rule
def stir(w: Any, number: int) -> None:
    """An instrument's prices moved: its parked orders and its positions have to be asked."""
    instrument = instrument_at(w, number)
    if instrument.is_restless == 0:
        instrument.is_restless = 1
        instrument.restless_next = clock_of(w).first_restless
        clock_of(w).first_restless = number


@rule
def fire_parked(w: Any, number: int) -> bool:
    """Set off every parked order whose trigger is reached, one after the other; False when room ran out.

    Ladders in their order, on each the nearest trigger first, at one trigger the one that waited longest.
    What one of them trades may set off the next.
    """
    which = Ladder.MARK_FALLS.value
    while which <= Ladder.LAST_RISES:
        if not _is_reached(w, number, which):
            which += 1
            continue
        if clock_of(w).hand_is_busy or not can_start(w):
            return False
        _fire(w, number, which)
        which = Ladder.MARK_FALLS.value
    return True


@rule(inline=True)
def _is_reached(w: Any, number: int, which: int) -> bool:
    front = front_at(w, ladder_number(number, which))
    if front.level == 0:
        return False
    instrument = instrument_at(w, number)
    seen = instrument.last_ticks if which >= Ladder.LAST_FALLS else instrument.mark_ticks
    if seen == 0:
        return False
    return bool(seen >= front.ticks if which & 1 else seen <= front.ticks)


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
    clock.cause = note(
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
        taker = new_taker(side, limit, leg, client_id, flags & _ALL_FLAGS, self_trade, mechanism)
        refusal = _enter_apart(w, taker, lots, flags & OrderState.AT_MARKET != 0, time_in_force, 0)
    if refusal != Refusal.NONE:
        note(
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
def amend_order(w: Any, leg: int, command: Any) -> int:
    """Change an order's price and what is left of its size, by the venue's rule of priority.

    ``price_ticks`` 0 keeps the price; of a parked order the price is its limit and ``trigger_ticks`` its
    trigger. A changed order may trade at once, as a new one would.
    """
    number = leg_at(w, leg).instrument
    instrument = instrument_at(w, number)
    at = find_order(w, leg, command.client_id)
    order = order_at(w, at)
    if instrument.is_halted:
        return Refusal.HALTED
    if at != 0 and order.traits & OrderState.PARKED:
        return Refusal.BAD_KIND
    if command.lots < 0:
        return Refusal.BAD_SIZE
    if command.lots > instrument.highest_lots:
        return Refusal.SIZE_TOO_LARGE
    if command.price_ticks < 0 or command.price_ticks > instrument.highest_ticks:
        return Refusal.BAD_PRICE
    if at == 0:
        return Refusal.UNKNOWN_ORDER
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
def _note_amended(w: Any, number: int, leg: int, client_id: int, ticks: int, lots: int, kept: int) -> None:
    note(
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
    side, client_id, flags = order.side, order.client_id, order.traits & _ALL_FLAGS
    peak = order.extra & 0xFFFFFFFF if order.traits & OrderState.ICEBERG else 0
    self_trade = (order.traits >> OrderState.SELF_TRADE_SHIFT) & 7
    if peak != 0 and lots - peak > _MOST_PEAK:
        return Refusal.BAD_PEAK
    if flags & OrderFlag.REDUCE_ONLY:
        lots = min(lots, reducible_lots(leg_at(w, leg).lots, side))
        if lots == 0:
            return Refusal.NOTHING_TO_REDUCE
    if flags & OrderFlag.POST_ONLY:
        limit = _passive_limit(w, number, side, limit, flags)
        if limit == 0:
            return Refusal.WOULD_TAKE
    if lots > order.lots + hidden_lots(order) or limit != order.price_ticks:
        refusal = refusal_for_margin(w, leg, side, limit, lots, order.lots + hidden_lots(order), flags)
    else:
        refusal = Refusal.NONE.value
    if refusal != Refusal.NONE:
        return refusal
    _note_amended(w, number, leg, client_id, limit, signed(side, lots), 0)
    take_out(w, at)
    taker = new_taker(side, limit, leg, client_id, flags, self_trade, mechanism)
    _trade_apart(w, number, taker, lots, peak, False)
    return Refusal.NONE
