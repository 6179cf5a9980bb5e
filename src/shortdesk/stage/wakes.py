"""The queue of wakes: a binary heap in which every agent has one place, ordered by (time, agent)."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.tables import shelf_at
from shortdesk.stage.parts import Part, wake_at

__all__ = ["NEVER_NS", "first_wake_ns", "first_woken", "put_off", "queue_up"]

NEVER_NS = 1 << 62
"""A time that does not come."""


@rule(inline=True)
def first_wake_ns(s: Any) -> int:
    """When the next agent is due; NEVER_NS where nobody is."""
    return int(wake_at(s, 1).time_ns) if shelf_at(s, Part.WAKES).live > 0 else NEVER_NS


@rule(inline=True)
def first_woken(s: Any) -> int:
    """The agent that is due next."""
    return int(wake_at(s, 1).agent)


@rule(inline=True)
def _is_before(time_ns: int, agent: int, other: Any) -> bool:
    return bool(time_ns < other.time_ns or (time_ns == other.time_ns and agent < other.agent))


@rule
def queue_up(s: Any, agent: int, time_ns: int) -> None:
    """A new agent's first wake; the caller has asked for room."""
    place = shelf_at(s, Part.WAKES)
    place.live += 1
    place.used = place.live
    at = int(place.live)
    while at > 1 and _is_before(time_ns, agent, wake_at(s, at // 2)):
        parent = wake_at(s, at // 2)
        row = wake_at(s, at)
        row.time_ns, row.agent = parent.time_ns, parent.agent
        at //= 2
    row = wake_at(s, at)
    row.time_ns, row.agent = time_ns, agent


@rule
def put_off(s: Any, time_ns: int) -> None:
    """The agent that was due next is woken again at ``time_ns``."""
    last = int(shelf_at(s, Part.WAKES).live)
    agent = int(wake_at(s, 1).agent)
    at = 1
    while True:
        child = 2 * at
        if child > last:
            break
        if child < last:
            other = wake_at(s, child + 1)
            if _is_before(other.time_ns, other.agent, wake_at(s, child)):
                child += 1
        below = wake_at(s, child)
        if _is_before(time_ns, agent, below):
            break
        row = wake_at(s, at)
        row.time_ns, row.agent = below.time_ns, below.agent
        at = child
    row = wake_at(s, at)
    row.time_ns, row.agent = time_ns, agent
