"""How an order of good form enters the market: it may be held to a price, trades what crosses, and the rest stands.

When the journal is full in the middle of its fills, it stays in the hand of the World and goes on later.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side, TimeInForce, Withdrawn
from shortdesk.market.book import (
    ROOM_FOR_A_FILL,
    Taker,
    available_lots,
    crosses,
    new_taker,
    rest,
    signed,
    sweep,
)
from shortdesk.market.ladder import Ladder, ladder_number
from shortdesk.market.margin_check import order_refusal
from shortdesk.market.note import Detail, journal_has_room, note
from shortdesk.market.settle import reducible_lots
from shortdesk.market.tables import Shelf, clock_of, front_at, hand_of, has_room, instrument_at, leg_at

__all__ = [
    "ALL_FLAGS",
    "ASKING",
    "MOST_NEW_BALANCES",
    "BoundFrom",
    "Halt",
    "can_start",
    "has_room_for_balances",
    "has_room_to_act",
    "carry_on",
    "enter",
    "enter_apart",
    "is_reached",
    "mark_moved",
    "passive_limit",
    "stir",
    "stop_for_room",
    "trade_apart",
]

ALL_FLAGS = 15
"""Every bit of OrderFlag."""
ASKING = 2
"""In ``has_new_mark``: those whom the mark may have killed are being asked; 1: they will be."""
MOST_NEW_BALANCES = 8
"""So many balances one command, or one step of a liquidation, can open at most."""


class Halt(IntEnum):
    """Why a call came back."""

    DONE = 0
    JOURNAL_FULL = 1
    """Fetch the journal's rows and call again."""
    TABLE_FULL = 2
    """Grow the table named by ``clock.full_table`` and call again."""
    BLOCK_DUE = 3
    """Let the block of a chain be made (``carry_out.make_block``) and call again."""


class BoundFrom(IntEnum):
    """What the price protection of a market order is measured from."""

    NOTHING = 0
    """The venue has none."""
    MARK = 1
    TOUCH = 2
    """The best price of the other side."""
    LAST = 3


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
    """What the book says to an order of good form."""
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
        limit_ticks = passive_limit(w, number, side, limit_ticks, flags)
        if limit_ticks == 0:
            return _not_admitted(Refusal.WOULD_TAKE)
    if time_in_force == TimeInForce.FOK:
        limited = new_taker(side, limit_ticks, taker.leg, taker.client_id, flags, taker.self_trade, taker.mechanism)
        if available_lots(w, number, limited, lots) < lots:
            return _not_admitted(Refusal.CANNOT_FILL)
    if instrument_at(w, number).settle_asset != 0:
        asked = _likely_ticks(w, number, side, limit_ticks) if is_market else limit_ticks
        refusal = order_refusal(w, taker.leg, side, asked, lots, flags)
        if refusal != Refusal.NONE:
            return _not_admitted(refusal)
    return _Entry(Refusal.NONE.value, limit_ticks, lots)


@rule
def _likely_ticks(w: Any, number: int, side: int, limit_ticks: int) -> int:
    """The price at which a market order's margin is measured: the best of the other side; spot pays up to its limit."""
    other = front_at(w, ladder_number(number, 1 - side))
    if other.level == 0 or instrument_at(w, number).form == Form.SPOT:
        return limit_ticks
    return int(other.ticks)


@rule
def passive_limit(w: Any, number: int, side: int, limit_ticks: int, flags: int) -> int:
    """The limit at which a post-only order rests; 0 if it would take and may not slide, or has nowhere to slide to."""
    other = front_at(w, ladder_number(number, 1 - side))
    if other.level == 0 or not crosses(side, limit_ticks, other.ticks):
        return limit_ticks
    beside = other.ticks - 1 if side == Side.BUY else other.ticks + 1
    may_slide = flags & OrderFlag.SLIDES != 0 and beside <= instrument_at(w, number).highest_ticks
    return int(beside) if may_slide else 0


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
def enter(w: Any, taker: Taker, lots: int, is_market: bool, time_in_force: int, peak: int) -> int:
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
def enter_apart(w: Any, taker: Taker, lots: int, is_market: bool, time_in_force: int, peak: int) -> int:
    """``enter`` as one function that is called and not repeated in place: for the kinds of order that are rare."""
    return enter(w, taker, lots, is_market, time_in_force, peak)


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


@rule(inline=True)
def _trade_and_rest(w: Any, number: int, taker: Taker, lots: int, peak: int, is_immediate: bool) -> None:
    """Trade what crosses; rest what is left, withdraw it, or keep it in hand until the journal has room."""
    left = sweep(w, number, taker, lots)
    if left != lots and (is_reached(w, number, Ladder.LAST_FALLS) or is_reached(w, number, Ladder.LAST_RISES)):
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
def trade_apart(w: Any, number: int, taker: Taker, lots: int, peak: int, is_immediate: bool) -> None:
    """Trade what crosses and let the rest stand, as one function that is called and not repeated in place."""
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
    trade_apart(w, hand.instrument, taker, hand.lots, hand.peak_lots, hand.is_immediate != 0)


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


@rule(inline=True)
def can_start(w: Any) -> bool:
    """Whether there is room for one more order: in the journal, among orders, pages and nodes."""
    clock = clock_of(w)
    if not journal_has_room(w, 2 * ROOM_FOR_A_FILL):
        clock.halt = Halt.JOURNAL_FULL
        return False
    if not has_room(w, Shelf.ORDERS, 1):
        return stop_for_room(w, Shelf.ORDERS)
    if not has_room(w, Shelf.PAGES, 2):
        return stop_for_room(w, Shelf.PAGES)
    if not has_room(w, Shelf.NODES, 12):
        return stop_for_room(w, Shelf.NODES)
    return True


@rule
def stop_for_room(w: Any, shelf: int) -> bool:
    """The call comes back because a table is full; always False, so that it can be returned."""
    clock_of(w).halt = Halt.TABLE_FULL
    clock_of(w).full_table = shelf
    return False


@rule
def has_room_to_act(w: Any) -> bool:
    """Whether there is room for one step of a venue's own: legs, balances and cases it may open, rows it writes."""
    if not has_room(w, Shelf.LEGS, 2):
        return stop_for_room(w, Shelf.LEGS)
    if not has_room(w, Shelf.CASES, 2):
        return stop_for_room(w, Shelf.CASES)
    if not has_room(w, Shelf.BALANCES, MOST_NEW_BALANCES):
        return stop_for_room(w, Shelf.BALANCES)
    if not journal_has_room(w, 2 * ROOM_FOR_A_FILL):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    return True


@rule
def has_room_for_balances(w: Any) -> bool:
    """Whether there is room for the balances that one command can open."""
    return True if has_room(w, Shelf.BALANCES, MOST_NEW_BALANCES) else stop_for_room(w, Shelf.BALANCES)


@rule
def stir(w: Any, number: int) -> None:
    """An instrument's prices moved: its parked orders have to be asked."""
    instrument = instrument_at(w, number)
    if instrument.is_restless == 0:
        instrument.is_restless = 1
        instrument.restless_next = clock_of(w).first_restless
        clock_of(w).first_restless = number


@rule
def mark_moved(w: Any, number: int) -> None:
    """An instrument has a new mark, said by the present cause: parked orders and those it may have killed are asked."""
    instrument_at(w, number).has_new_mark = 1
    instrument_at(w, number).mark_row = clock_of(w).cause
    stir(w, number)


@rule(inline=True)
def is_reached(w: Any, number: int, which: int) -> bool:
    """Whether the nearest trigger of a ladder is reached by the price that the ladder watches."""
    front = front_at(w, ladder_number(number, which))
    if front.level == 0:
        return False
    instrument = instrument_at(w, number)
    is_last = which == Ladder.LAST_FALLS or which == Ladder.LAST_RISES
    seen = instrument.last_ticks if is_last else instrument.mark_ticks
    if seen == 0:
        return False
    return bool(seen >= front.ticks if which & 1 else seen <= front.ticks)
