"""The desk of a venue: takes commands about orders, or says why not."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce, Withdrawn
from shortdesk.market.book import (
    OrderState,
    Taker,
    available_lots,
    crosses,
    find_order,
    rest,
    signed,
    sweep,
    withdraw,
)
from shortdesk.market.ladder import ladder_number
from shortdesk.market.note import Detail, note
from shortdesk.market.tables import front_at, instrument_at, leg_at

__all__ = ["cancel_order", "place_order"]


@rule
def place_order(w: Any, leg: int, command: Any) -> int:
    """Take an order: check it, trade what crosses, rest or withdraw what is left. The Refusal, 0 for none."""
    number = leg_at(w, leg).instrument
    instrument = instrument_at(w, number)
    limit = command.price_ticks
    lots = command.lots
    if lots <= 0:
        return Refusal.BAD_SIZE
    if lots > instrument.highest_lots:
        return Refusal.SIZE_TOO_LARGE
    if limit <= 0 or limit > instrument.highest_ticks:
        return Refusal.BAD_PRICE
    if find_order(w, leg, command.client_id) != 0:
        return Refusal.REPEATED_CLIENT_ID
    taker = Taker(
        int(command.side), int(limit), int(leg), int(command.client_id), int(command.flags), int(command.self_trade), int(command.mechanism)
    )
    front = front_at(w, ladder_number(number, 1 - taker.side))
    if front.level != 0 and crosses(taker.side, limit, front.ticks):
        if command.flags & OrderFlag.POST_ONLY:
            return Refusal.WOULD_TAKE
        if command.time_in_force == TimeInForce.FOK and available_lots(w, number, taker, lots) < lots:
            return Refusal.CANNOT_FILL
        lots = sweep(w, number, taker, lots)
    if lots > 0:
        rest(w, taker, number, lots, command.peak_lots)
    return 0


@rule
def cancel_order(w: Any, leg: int, command: Any) -> int:
    at = find_order(w, leg, command.client_id)
    if at == 0:
        return Refusal.UNKNOWN_ORDER
    withdraw(w, at, Withdrawn.BY_OWNER)
    return 0
