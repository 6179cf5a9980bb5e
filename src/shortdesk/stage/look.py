"""What an agent sees at the moment of its wake. Its orders arrive later by both ways of its latency together.

Seeing the book of now and acting at now + feed + order latency is the same as seeing it a feed's latency later and
acting then: the two delays are one number, that of the account's link.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.accounts import Hedge, find_leg
from shortdesk.market.book import find_order
from shortdesk.market.ladder import Ladder, ladder_number, level_of, next_price
from shortdesk.market.tables import front_at, instrument_at, leg_at, level_at, order_at

__all__ = [
    "ask_ticks",
    "average_ticks",
    "best_lots",
    "bid_ticks",
    "held_lots",
    "imbalance",
    "leg_of",
    "lots_within",
    "mid_of_others",
    "mid_ticks",
    "rests",
    "spread_ticks",
]

_MOST_PRICES = 500


@rule(inline=True)
def bid_ticks(w: Any, number: int) -> int:
    """The best bid; 0 where there is none."""
    front = front_at(w, ladder_number(number, Ladder.BIDS))
    return int(front.ticks) if front.level != 0 else 0


@rule(inline=True)
def ask_ticks(w: Any, number: int) -> int:
    """The best ask; 0 where there is none."""
    front = front_at(w, ladder_number(number, Ladder.ASKS))
    return int(front.ticks) if front.level != 0 else 0


@rule
def mid_ticks(w: Any, number: int) -> float:
    """The middle of the best prices; with one side empty the other, with both the last trade, else the mark."""
    bid, ask = bid_ticks(w, number), ask_ticks(w, number)
    if bid != 0 and ask != 0:
        return (bid + ask) * 0.5
    if bid != 0 or ask != 0:
        return float(max(bid, ask))
    instrument = instrument_at(w, number)
    return float(instrument.last_ticks) if instrument.last_ticks != 0 else float(instrument.mark_ticks)


@rule
def mid_of_others(w: Any, number: int, account: int) -> float:
    """``mid_ticks`` of the book without the account's own orders, or with them where it stands alone."""
    bid = _best_of_others(w, number, Ladder.BIDS.value, account)
    ask = _best_of_others(w, number, Ladder.ASKS.value, account)
    return (bid + ask) * 0.5 if bid != 0 and ask != 0 else mid_ticks(w, number)


@rule
def _best_of_others(w: Any, number: int, which: int, account: int) -> int:
    """The first price at which somebody else's order rests; 0 where there is none."""
    ladder = ladder_number(number, which)
    ticks = int(front_at(w, ladder).ticks) if front_at(w, ladder).level != 0 else 0
    while ticks != 0:
        at = level_at(w, level_of(w, ladder, ticks)).head
        while at != 0 and leg_at(w, order_at(w, at).leg).account == account:
            at = order_at(w, at).next
        if at != 0:
            return ticks
        ticks = next_price(w, ladder, ticks)
    return 0


@rule
def spread_ticks(w: Any, number: int) -> int:
    """Best ask less best bid; 0 where a side is empty."""
    bid, ask = bid_ticks(w, number), ask_ticks(w, number)
    return ask - bid if bid != 0 and ask != 0 else 0


@rule
def best_lots(w: Any, number: int, which: int) -> int:
    """Lots that show at the best price of one ladder."""
    front = front_at(w, ladder_number(number, which))
    return int(level_at(w, front.level).lots) if front.level != 0 else 0


@rule
def lots_within(w: Any, number: int, which: int, part: float) -> int:
    """Lots that show on one ladder up to this part of the middle away from it, on at most 500 prices."""
    side = ladder_number(number, which)
    middle = mid_ticks(w, number)
    ticks = int(front_at(w, side).ticks) if front_at(w, side).level != 0 else 0
    lots = 0
    for _ in range(_MOST_PRICES):
        if ticks == 0 or abs(ticks - middle) > part * middle:
            break
        lots += int(level_at(w, level_of(w, side, ticks)).lots)
        ticks = next_price(w, side, ticks)
    return lots


@rule
def average_ticks(w: Any, number: int, which: int, lots: int) -> float:
    """Average price of a market order for so many lots against one ladder; 0 where 500 prices do not fill it."""
    side = ladder_number(number, which)
    ticks = int(front_at(w, side).ticks) if front_at(w, side).level != 0 else 0
    left = lots
    worth = 0.0
    for _ in range(_MOST_PRICES):
        if ticks == 0 or left <= 0:
            break
        taken = min(left, int(level_at(w, level_of(w, side, ticks)).lots))
        worth += float(taken) * float(ticks)
        left -= taken
        ticks = next_price(w, side, ticks)
    return worth / float(lots) if left <= 0 and lots > 0 else 0.0


@rule
def imbalance(w: Any, number: int) -> float:
    """(bid lots - ask lots) / (bid lots + ask lots) at the best prices, -1 to 1; 0 where both are empty."""
    bids, asks = best_lots(w, number, Ladder.BIDS.value), best_lots(w, number, Ladder.ASKS.value)
    return float(bids - asks) / float(bids + asks) if bids + asks > 0 else 0.0


@rule(inline=True)
def leg_of(w: Any, account: int, number: int) -> int:
    """The account's leg; 0 while it has none."""
    return find_leg(w, account, number, Hedge.BOTH.value)


@rule
def held_lots(w: Any, account: int, number: int) -> int:
    """The account's position, short < 0."""
    leg = leg_of(w, account, number)
    return int(leg_at(w, leg).lots) if leg != 0 else 0


@rule
def rests(w: Any, account: int, number: int, client_id: int) -> int:
    """The row of a live order of the account; 0 when it is gone or has not arrived yet."""
    leg = leg_of(w, account, number)
    return find_order(w, leg, client_id) if leg != 0 else 0
