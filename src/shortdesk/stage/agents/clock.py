"""The venue's own clock for one instrument: members report to its index, index and mark are made, funding is paid.

It also keeps the hour of its venue's loans. What it sends about prices goes over the instrument's feed.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.command import CommandKind
from shortdesk.market.prices import pricing_at
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import Part, agent_at, feed_at, grid_at, value_at
from shortdesk.stage.pen import begin, say

__all__ = ["CLOCK_ROW", "wake_clock"]

_HOUR_NS = 3_600 * SECOND_NS
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
        if _is_funding_due(w, row, number, now):
            begin(w, s, 0, CommandKind.FUND.value, 0, number)
            say(w, s, 0)
    if row.lends_venue != 0 and now >= row.next_hour_ns:
        row.next_hour_ns += _HOUR_NS
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
def _report(w: Any, s: Any, at: int, number: int) -> None:
    """One member's price: the middle of a market's book, or what is known elsewhere."""
    feed = feed_at(s, at)
    if feed.is_mute:
        return
    grid = grid_at(s, number)
    source = int(feed.source)
    worth = value_at(s, int(grid.own_value)).price
    price = mid_ticks(w, source) * grid_at(s, source).tick if source != 0 else worth
    price *= feed.scale
    pen = begin(w, s, 0, CommandKind.INDEX.value, 0, number)
    pen.client_id = feed.member
    pen.price_ticks = max(1, int(price / grid.tick + 0.5))
    say(w, s, 0)
