"""The venue's own clock for one instrument: members report to its index, index and mark are made, funding is paid.

It also keeps the hour of its venue's loans. What it sends about prices goes over the instrument's feed.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.command import CommandKind
from shortdesk.market.prices import pricing_at
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import Part, agent_at, feed_at, grid_at, value_at
from shortdesk.stage.pen import begin, say

__all__ = ["CLOCK_ROW", "HOUR_NS", "wake_clock"]

HOUR_NS = 3_600 * SECOND_NS
"""Nanoseconds in an hour of interest."""
_MINUTE_NS = 60 * SECOND_NS

CLOCK_ROW = row_type(
    ("instrument", "<i8"),
    ("first_feed", "<i8"),
    ("feed_count", "<i8"),
    ("period_ns", "<i8"),
    ("next_minute_ns", "<i8"),  # where funding accrues
    ("lends_venue", "<i8"),  # whose hours of interest it keeps; 0 for none
    ("next_hour_ns", "<i8"),
    ("is_priced", "<i8"),  # a perpetual: index, mark and funding
    ("funds", "<i8"),  # it calls the funding instants; else a tape does
    ("is_marked", "<i8"),  # a spot pair whose mark says what loans are worth
)
"""One instrument's clock."""


@rule
def wake_clock(w: Any, s: Any, agent: int) -> int:
    """Reports of the members, a tick, and what is due: funding, interest."""
    row = row_at(s, Part.CLOCKS, agent_at(s, agent).own, CLOCK_ROW)
    now = int(clock_of(w).now_ns)
    number = int(row.instrument)
    if row.is_priced:
        for at in range(row.first_feed, row.first_feed + row.feed_count):
            _report(w, s, at, number)
        begin(w, s, 0, CommandKind.TICK.value, 0, number)
        say(w, s, 0)
        if row.funds and _is_funding_due(w, row, number, now):
            begin(w, s, 0, CommandKind.FUND.value, 0, number)
            say(w, s, 0)
    if row.is_marked:
        _mark(w, s, row, number)
    if row.lends_venue != 0 and now >= row.next_hour_ns:
        row.next_hour_ns += HOUR_NS
        begin(w, s, 0, CommandKind.ACCRUE.value, 0, int(row.lends_venue))
        say(w, s, 0)
    return now + int(row.period_ns)


@rule
def _is_funding_due(w: Any, row: Any, number: int, now: int) -> bool:
    pricing = pricing_at(w, number)
    if pricing.interval_ns != 0:
        return bool(now >= pricing.next_funding_ns)
    if now < row.next_minute_ns:
        return False
    row.next_minute_ns = now + _MINUTE_NS
    return True


@rule
def _mark(w: Any, s: Any, row: Any, number: int) -> None:
    """The mark of a pair that loans are valued by: the weighted mean of what its members say, where it has changed."""
    total = 0.0
    weight = 0.0
    for at in range(row.first_feed, row.first_feed + row.feed_count):
        feed = feed_at(s, at)
        if not feed.is_mute:
            total += float(feed.weight) * _price_of_feed(w, s, at, number)
            weight += float(feed.weight)
    if weight == 0.0:
        return
    ticks = max(1, int(total / weight / grid_at(s, number).tick + 0.5))
    if ticks != instrument_at(w, number).mark_ticks:
        begin(w, s, 0, CommandKind.MARK.value, 0, number).price_ticks = ticks
        say(w, s, 0)


@rule
def _price_of_feed(w: Any, s: Any, at: int, number: int) -> float:
    """What a source says, in the quote: the middle of a market's book, or what is known elsewhere."""
    feed = feed_at(s, at)
    source = int(feed.source)
    price = float(value_at(s, int(grid_at(s, number).own_value)).price)
    if source != 0:
        price = mid_ticks(w, source) * float(grid_at(s, source).tick)
    return price / float(feed.scale)


@rule
def _report(w: Any, s: Any, at: int, number: int) -> None:
    """One member's price goes to the index."""
    feed = feed_at(s, at)
    if feed.is_mute:
        return
    price = _price_of_feed(w, s, at, number)
    pen = begin(w, s, 0, CommandKind.INDEX.value, 0, number)
    pen.client_id = feed.member
    pen.price_ticks = max(1, int(price / grid_at(s, number).tick + 0.5))
    say(w, s, 0)
