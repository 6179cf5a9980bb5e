"""The book: who trades with whom. Price first, then time; a trade happens at the resting price.

An order is one row of 64 bytes. While it rests it stands in the queue of its price on its side's ladder, in
the list of its owner's orders, and under its client id.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, SelfTrade, Side, Withdrawn
from shortdesk.market.ladder import dequeue, enqueue, ladder_number, level_of, next_price
from shortdesk.market.note import Detail, journal_has_room, note
from shortdesk.market.settle import reducible_lots, settle_fill
from shortdesk.market.tables import (
    BALANCE,
    BUCKET,
    FORESEES,
    LEG,
    ORDER,
    Shelf,
    expect_row,
    front_at,
    instrument_at,
    leg_at,
    level_at,
    order_at,
    put_back,
    row_at,
    rows_of,
    take_row,
)

__all__ = [
    "COUNTS_FOR_NOTHING",
    "ROOM_FOR_A_FILL",
    "OrderState",
    "Taker",
    "available_lots",
    "bucket_of",
    "client_bucket",
    "crosses",
    "find_order",
    "forget",
    "hidden_lots",
    "keep",
    "ladder_of",
    "link_order",
    "make_smaller",
    "new_taker",
    "peak_lots",
    "promise",
    "rest",
    "signed",
    "sweep",
    "take_out",
    "withdraw",
]

ROOM_FOR_A_FILL = 24
"""Journal rows that one fill may write at most, with all it moves on both sides."""


class OrderState(IntEnum):
    """Bits in ``order.traits`` above those of ``OrderFlag``; those between first and last are for parked orders."""

    ICEBERG = 16
    PARKED = 32
    AT_MARKET = 64
    IMMEDIATE = 128
    ALL_OR_NONE = 256
    LADDER_SHIFT = 9
    """From here three bits hold the ladder on which a parked order waits."""
    SELF_TRADE_SHIFT = 12
    """From here three bits hold an order's SelfTrade mode."""


COUNTS_FOR_NOTHING = OrderFlag.REDUCE_ONLY | OrderState.PARKED
"""Orders with one of these traits promise no opening lots."""


class Taker(NamedTuple):
    """An arriving order while it trades."""

    side: int
    limit_ticks: int
    leg: int
    client_id: int
    traits: int
    self_trade: int
    mechanism: int


@rule(inline=True)
def new_taker(
    side: int, limit_ticks: int, leg: int, client_id: int, traits: int, self_trade: int, mechanism: int
) -> Taker:
    """A Taker of wide integers, whatever the widths of the fields it is made from."""
    return Taker(side, limit_ticks, leg, client_id, traits, self_trade, mechanism)


@rule(inline=True)
def signed(side: int, lots: int) -> int:
    """Lots with the sign of the side: + buys, - sells."""
    return lots if side == Side.BUY else -lots


@rule(inline=True)
def crosses(side: int, limit_ticks: int, other_ticks: int) -> bool:
    """Whether an order of this side and limit trades at a price of the other side."""
    if side == Side.BUY:
        return other_ticks <= limit_ticks
    return other_ticks >= limit_ticks


@rule(inline=True)
def hidden_lots(order: Any) -> int:
    """What an iceberg does not show."""
    return order.extra >> 32 if order.traits & OrderState.ICEBERG else 0


@rule(inline=True)
def peak_lots(order: Any) -> int:
    """What an iceberg shows at most."""
    return int(order.extra & 0xFFFFFFFF)


@rule(inline=True)
def ladder_of(order: Any, instrument: int) -> int:
    """The ladder on which an order stands: a side of the book, or that of its trigger."""
    if order.traits & OrderState.PARKED:
        return ladder_number(instrument, (order.traits >> OrderState.LADDER_SHIFT) & 7)
    return ladder_number(instrument, order.side)


@rule(inline=True)
def client_bucket(w: Any, leg: int, client_id: int) -> int:
    """The number of the bucket in which an order of a leg is found under its owner's number."""
    mask = rows_of(w, Shelf.ORDER_BUCKETS) - 1
    return ((client_id & mask) + leg * 40503) & mask


@rule(inline=True)
def bucket_of(w: Any, leg: int, client_id: int) -> Any:
    """That bucket: where the chain of the orders in it begins."""
    return row_at(w, Shelf.ORDER_BUCKETS, client_bucket(w, leg, client_id), BUCKET)


@rule(inline=True)
def find_order(w: Any, leg: int, client_id: int) -> int:
    """The live order of a leg under its owner's number; 0 if there is none."""
    at = bucket_of(w, leg, client_id).first
    while at != 0 and (order_at(w, at).client_id != client_id or order_at(w, at).leg != leg):
        at = order_at(w, at).chain
    return int(at)


@rule(inline=True)
def link_order(w: Any, at: int) -> None:
    """Enter an order where ``find_order`` looks."""
    order = order_at(w, at)
    bucket = bucket_of(w, order.leg, order.client_id)
    order.chain = bucket.first
    bucket.first = at


@rule(inline=True)
def keep(w: Any, leg: int, client_id: int) -> int:
    """A new order row, entered under its client id and among its owner's orders."""
    at = take_row(w, Shelf.ORDERS, ORDER)
    order = order_at(w, at)
    order.client_id = client_id
    order.leg = leg
    order.level = 0
    link_order(w, at)
    owner = leg_at(w, leg)
    first = owner.first_order
    order.leg_next = first
    order.leg_prev = 0
    if first != 0:
        order_at(w, first).leg_prev = at
    owner.first_order = at
    return at


@rule(inline=True)
def forget(w: Any, at: int) -> None:
    """Give an order's row back; it must stand in no queue any more."""
    order = order_at(w, at)
    bucket = bucket_of(w, order.leg, order.client_id)
    if bucket.first == at:
        bucket.first = order.chain
    else:
        before = order_at(w, bucket.first)
        while before.chain != at:
            before = order_at(w, before.chain)
        before.chain = order.chain
    if order.leg_prev == 0:
        leg_at(w, order.leg).first_order = order.leg_next
    else:
        order_at(w, order.leg_prev).leg_next = order.leg_next
    if order.leg_next != 0:
        order_at(w, order.leg_next).leg_prev = order.leg_prev
    order.leg = 0
    put_back(w, Shelf.ORDERS, at, ORDER)


@rule(inline=True)
def rest(w: Any, taker: Taker, instrument: int, lots: int, peak: int) -> int:
    """Let what is left of an order stand in the book, last at its price; ``peak`` > 0 makes it an iceberg."""
    at = keep(w, taker.leg, taker.client_id)
    order = order_at(w, at)
    shown = lots
    order.extra = 0
    order.traits = taker.traits | (taker.self_trade << OrderState.SELF_TRADE_SHIFT)
    if peak > 0:
        shown = min(lots, int(peak))
        order.extra = ((lots - shown) << 32) | int(peak)
        order.traits |= OrderState.ICEBERG
    order.price_ticks = taker.limit_ticks
    order.lots = shown
    order.side = taker.side
    order.mechanism = taker.mechanism
    promise(w, order, lots)
    enqueue(w, Shelf.ORDERS, ORDER, ladder_number(instrument, taker.side), at, taker.limit_ticks, shown)
    return at


@rule(inline=True)
def promise(w: Any, order: Any, lots: int) -> None:
    """Count lots that may open into what their leg has in open orders; negative when they are gone."""
    if order.traits & COUNTS_FOR_NOTHING:
        return
    leg = leg_at(w, order.leg)
    if order.side == Side.BUY:
        leg.buying_lots += lots
        leg.buying_cost += lots * order.price_ticks
    else:
        leg.selling_lots += lots


@rule
def take_out(w: Any, at: int) -> None:
    """Take an order off its ladder and forget it, without a word."""
    order = order_at(w, at)
    promise(w, order, -(order.lots + hidden_lots(order)))
    dequeue(w, Shelf.ORDERS, ORDER, ladder_of(order, leg_at(w, order.leg).instrument), at, order.lots)
    forget(w, at)


@rule
def make_smaller(w: Any, at: int, lots: int) -> None:
    """Leave an order only ``lots``, in its place; an iceberg gives up hidden lots first."""
    order = order_at(w, at)
    hidden = hidden_lots(order)
    shown = min(order.lots, lots)
    promise(w, order, lots - order.lots - hidden)
    level_at(w, order.level).lots -= order.lots - shown
    if order.traits & OrderState.ICEBERG:
        order.extra -= (hidden - (lots - shown)) << 32
    order.lots = shown


@rule
def withdraw(w: Any, at: int, why: int) -> None:
    """Take an order out of the book and say why."""
    order = order_at(w, at)
    leg = leg_at(w, order.leg)
    note(
        w,
        Detail.ORDERS,
        Kind.CANCELLED,
        venue=instrument_at(w, leg.instrument).venue,
        instrument=leg.instrument,
        account=leg.account,
        order=order.client_id,
        price=order.price_ticks,
        lots=signed(order.side, order.lots + hidden_lots(order)),
        code=why,
    )
    take_out(w, at)


@rule(inline=True)
def sweep(w: Any, instrument: int, taker: Taker, lots: int) -> int:
    """Trade an arriving order against the other side while prices cross; what is left of it.

    Stops early, with the front still crossing, when the journal has no room for another fill.
    """
    number = ladder_number(instrument, 1 - taker.side)
    front = front_at(w, number)
    while lots > 0 and front.level != 0 and crosses(taker.side, taker.limit_ticks, front.ticks):
        if not journal_has_room(w, ROOM_FOR_A_FILL):
            break
        at = level_at(w, front.level).head
        maker = order_at(w, at)
        if FORESEES:
            _expect_fill(w, maker)
        traded = min(lots, maker.lots)
        if taker.self_trade != SelfTrade.ALLOW and leg_at(w, maker.leg).account == leg_at(w, taker.leg).account:
            lots = _meet_oneself(w, number, taker, at, lots)
            continue
        if maker.traits & OrderFlag.REDUCE_ONLY:
            traded = min(traded, reducible_lots(leg_at(w, maker.leg).lots, maker.side))
            if traded == 0:
                withdraw(w, at, Withdrawn.NOTHING_TO_REDUCE)
                continue
        lots -= traded
        _fill(w, instrument, taker, maker, front.ticks, traded)
        _shrink(w, number, at, traded)
    return lots


@rule(inline=True)
def _expect_fill(w: Any, maker: Any) -> None:
    """Ask early for what the end of a fill will look at, and for the leg of the order that is next in the queue."""
    expect_row(w, Shelf.BALANCES, leg_at(w, maker.leg).balance, BALANCE)
    expect_row(w, Shelf.ORDER_BUCKETS, client_bucket(w, maker.leg, maker.client_id), BUCKET)
    expect_row(w, Shelf.LEGS, order_at(w, maker.next).leg, LEG)


@rule(inline=True)
def _fill(w: Any, instrument: int, taker: Taker, maker: Any, ticks: int, lots: int) -> None:
    """Two orders met."""
    traded = instrument_at(w, instrument)
    traded.last_ticks = ticks
    traded.fills += 1
    traded.traded_lots += lots
    traded.turnover_tick_lots += lots * ticks
    settle_fill(w, instrument, taker, maker, ticks, lots)


@rule(inline=True)
def _shrink(w: Any, number: int, at: int, lots: int) -> None:
    """A resting order loses lots; an iceberg shows its next part and queues again; an empty order goes."""
    order = order_at(w, at)
    level = level_at(w, order.level)
    left = order.lots - lots
    promise(w, order, -lots)
    if left > 0:
        order.lots = left
        level.lots -= lots
        return
    dequeue(w, Shelf.ORDERS, ORDER, number, at, lots)
    if hidden_lots(order) == 0:
        forget(w, at)
        return
    shown = min(hidden_lots(order), peak_lots(order))
    order.extra -= shown << 32
    order.lots = shown
    enqueue(w, Shelf.ORDERS, ORDER, number, at, order.price_ticks, shown)


@rule
def _meet_oneself(w: Any, number: int, taker: Taker, at: int, lots: int) -> int:
    """Self-trade prevention: what is left of the taker after it met an order of its own account."""
    mode = taker.self_trade
    if mode == SelfTrade.DECREMENT:
        both = min(lots, order_at(w, at).lots)
        _note_decrement(w, taker.leg, taker.client_id, taker.side, taker.limit_ticks, both)
        order = order_at(w, at)
        _note_decrement(w, order.leg, order.client_id, order.side, order.price_ticks, both)
        _shrink(w, number, at, both)
        return int(lots - both)
    if mode != SelfTrade.CANCEL_TAKER:
        withdraw(w, at, Withdrawn.SELF_TRADE)
    if mode != SelfTrade.CANCEL_MAKER:
        _note_decrement(w, taker.leg, taker.client_id, taker.side, taker.limit_ticks, lots)
        return 0
    return lots


@rule
def _note_decrement(w: Any, leg: int, client_id: int, side: int, ticks: int, lots: int) -> None:
    owner = leg_at(w, leg)
    note(
        w,
        Detail.ORDERS,
        Kind.CANCELLED,
        venue=instrument_at(w, owner.instrument).venue,
        instrument=owner.instrument,
        account=owner.account,
        order=client_id,
        price=ticks,
        lots=signed(side, lots),
        code=Withdrawn.SELF_TRADE,
    )


@rule
def available_lots(w: Any, instrument: int, taker: Taker, wanted: int) -> int:
    """How much a sweep would trade, by the turns of ``sweep`` but without trading; counted up to ``wanted``."""
    number = ladder_number(instrument, 1 - taker.side)
    front = front_at(w, number)
    ticks = front.ticks
    index = front.level
    found = 0
    while index != 0 and found < wanted and crosses(taker.side, taker.limit_ticks, ticks):
        at = level_at(w, index).head
        ends_here = _ends_at_oneself(w, at, taker)
        while at != 0 and found < wanted:
            order = order_at(w, at)
            # A hidden part comes up behind the others of its price: behind an own order that ends the sweep, never.
            lots = order.lots if ends_here else order.lots + hidden_lots(order)
            own = taker.self_trade != SelfTrade.ALLOW and leg_at(w, order.leg).account == leg_at(w, taker.leg).account
            if own and taker.self_trade != SelfTrade.CANCEL_MAKER:
                return found
            if own:
                lots = 0
            elif order.traits & OrderFlag.REDUCE_ONLY:
                held = reducible_lots(leg_at(w, order.leg).lots, order.side)
                lots = min(lots, max(0, held - _counted_before(w, number, order.leg, at)))
            found += lots
            at = order.next
        ticks = next_price(w, number, ticks)
        index = level_of(w, number, ticks) if ticks != 0 else 0
    return min(found, wanted)


@rule
def _ends_at_oneself(w: Any, first: int, taker: Taker) -> bool:
    """Whether a queue holds an order of the taker's own account at which its sweep would end."""
    if taker.self_trade == SelfTrade.ALLOW or taker.self_trade == SelfTrade.CANCEL_MAKER:
        return False
    at = first
    while at != 0 and leg_at(w, order_at(w, at).leg).account != leg_at(w, taker.leg).account:
        at = order_at(w, at).next
    return at != 0


@rule
def _counted_before(w: Any, number: int, leg: int, until: int) -> int:
    """Lots of a leg's own orders that a sweep would have traded before it reaches order ``until``."""
    ticks = front_at(w, number).ticks
    index = front_at(w, number).level
    total = 0
    while index != 0:
        at = level_at(w, index).head
        while at != 0:
            if at == until:
                return total
            if order_at(w, at).leg == leg:
                total += order_at(w, at).lots + hidden_lots(order_at(w, at))
            at = order_at(w, at).next
        ticks = next_price(w, number, ticks)
        index = level_of(w, number, ticks) if ticks != 0 else 0
    return total
