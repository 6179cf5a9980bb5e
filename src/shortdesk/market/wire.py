"""The wire: what is sent arrives later, in the order (arrival time, venue, number of sending).

``send`` puts commands into the World's inbox with their times of arrival; ``advance.advance`` takes them out.

    arrival = max(sending + base + extra + jitter × exponential, last arrival over the same link)

The draw is keyed by the link and by how many messages went over it before, so what one sender does moves no other's
arrivals. A link is first in, first out: a later message never overtakes an earlier one. Commands of an account go over
its account's link, MARK and INDEX over their instrument's feed, everything else, and whoever has no link, arrives
at once. A command whose time is past is sent now. Nothing is checked before arrival.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.draw import Purpose, draw_exponential
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal
from shortdesk.market.accounts import has_account
from shortdesk.market.command import COMMAND, CommandKind
from shortdesk.market.entry import Halt
from shortdesk.market.errands import Setting
from shortdesk.market.note import Detail, note
from shortdesk.market.tables import Shelf, account_at, clock_of, has_room, instrument_at, row_at, shelf_at
from shortdesk.market.wire_tables import INBOX, LINK

__all__ = [
    "MOST_DELAY_NS",
    "arrival_at",
    "drop_next",
    "link_at",
    "message_at",
    "next_arrival_ns",
    "next_message",
    "send",
    "send_one",
    "set_delay",
    "waiting",
]

MOST_DELAY_NS = 1 << 53
"""A hundred days: the most that base, jitter and extra delay of a link may be."""


@rule(inline=True)
def link_at(w: Any, at: int) -> Any:
    """A link; row 0 takes no time."""
    return row_at(w, Shelf.LINKS, at, LINK)


@rule(inline=True)
def arrival_at(w: Any, at: int) -> Any:
    """A place of the queue."""
    return row_at(w, Shelf.INBOX, at, INBOX)


@rule(inline=True)
def message_at(w: Any, slot: int) -> Any:
    """The command of a message; its time is that of its arrival."""
    return row_at(w, Shelf.MESSAGES, slot, COMMAND)


@rule(inline=True)
def waiting(w: Any) -> int:
    """How many messages are under way."""
    return int(shelf_at(w, Shelf.INBOX).live)


@rule(inline=True)
def next_message(w: Any) -> Any:
    """The command that arrives first; there must be one."""
    return message_at(w, arrival_at(w, 1).slot)


@rule(inline=True)
def next_arrival_ns(w: Any, until_ns: int) -> int:
    """When the first message arrives, ``until_ns`` if none does before."""
    if waiting(w) == 0:
        return until_ns
    return int(min(arrival_at(w, 1).arrives_ns, until_ns))


@kernel
def send(w: Any, commands: Any, first: int) -> int:
    """Send a table of commands from ``first`` on at their times; the number of the first one not yet sent."""
    clock = clock_of(w)
    clock.halt = Halt.DONE
    for at in range(first, len(commands)):
        if not has_room(w, Shelf.INBOX, 1):
            clock.halt = Halt.TABLE_FULL
            clock.full_table = Shelf.MESSAGES
            return at
        send_one(w, commands[at])
    return len(commands)


@rule
def send_one(w: Any, command: Any) -> None:
    """Send one command at its time; the caller has asked for room in the inbox."""
    sent_ns = max(command.time_ns, clock_of(w).now_ns)
    arrives_ns = _arrival_ns(w, _link_of(w, command), sent_ns)
    slot = _push(w, arrives_ns, sent_ns, _venue_of(w, command))
    _copy_command(message_at(w, slot), command)
    message_at(w, slot).time_ns = arrives_ns


@rule
def _arrival_ns(w: Any, number: int, sent_ns: int) -> int:
    if number == 0:
        return sent_ns
    link = link_at(w, number)
    takes_ns = link.base_ns + link.extra_ns
    if link.jitter_ns != 0:
        takes_ns += int(link.jitter_ns * draw_exponential(link.seed, link.agent, Purpose.LATENCY, link.sent))
    link.sent += 1
    link.last_ns = max(link.last_ns, sent_ns + takes_ns)
    return int(link.last_ns)


@rule
def _names_instrument(w: Any, command: Any) -> bool:
    return bool(0 < command.instrument <= shelf_at(w, Shelf.INSTRUMENTS).used)


@rule
def _link_of(w: Any, command: Any) -> int:
    """The link that a command goes over; 0 for none."""
    kind = command.kind
    if kind < CommandKind.MARK:
        return int(account_at(w, command.account).link) if has_account(w, command.account) else 0
    is_price = kind == CommandKind.MARK or kind == CommandKind.INDEX
    return int(instrument_at(w, command.instrument).link) if is_price and _names_instrument(w, command) else 0


@rule
def _venue_of(w: Any, command: Any) -> int:
    """The venue at which a command arrives; 0 where it is about no single one."""
    kind = command.kind
    if kind < CommandKind.MARK:
        return int(account_at(w, command.account).venue) if has_account(w, command.account) else 0
    if kind == CommandKind.OUTAGE or kind == CommandKind.ACCRUE:
        return int(command.instrument)
    if kind > CommandKind.HALT or not _names_instrument(w, command):
        return 0
    return int(instrument_at(w, command.instrument).venue)


@rule
def _copy_command(to: Any, command: Any) -> None:
    """Field by field: bytes between fields stay zero, and the World's hash is that of its fields."""
    to.client_id = command.client_id
    to.price_ticks = command.price_ticks
    to.lots = command.lots
    to.trigger_ticks = command.trigger_ticks
    to.cause = command.cause
    to.peak_lots = command.peak_lots
    to.account = command.account
    to.instrument = command.instrument
    to.kind = command.kind
    to.side = command.side
    to.order_kind = command.order_kind
    to.time_in_force = command.time_in_force
    to.traits = command.traits
    to.self_trade = command.self_trade
    to.mechanism = command.mechanism


# --- the queue ----------------------------------------------------------------------------------------------


@rule
def _is_before(w: Any, a: int, b: int) -> bool:
    """Whether place ``a`` holds what comes earlier than what place ``b`` holds."""
    first, second = arrival_at(w, a), arrival_at(w, b)
    if first.arrives_ns != second.arrives_ns:
        return bool(first.arrives_ns < second.arrives_ns)
    if first.venue != second.venue:
        return bool(first.venue < second.venue)
    return bool(first.seq < second.seq)


@rule
def _swap(w: Any, a: int, b: int) -> None:
    first, second = arrival_at(w, a), arrival_at(w, b)
    arrives_ns, sent_ns, seq = first.arrives_ns, first.sent_ns, first.seq
    venue, slot = first.venue, first.slot
    first.arrives_ns, first.sent_ns, first.seq = second.arrives_ns, second.sent_ns, second.seq
    first.venue, first.slot = second.venue, second.slot
    second.arrives_ns, second.sent_ns, second.seq = arrives_ns, sent_ns, seq
    second.venue, second.slot = venue, slot


@rule
def _push(w: Any, arrives_ns: int, sent_ns: int, venue: int) -> int:
    """A new message's place in the queue; the free row of MESSAGES that it gets."""
    clock, place = clock_of(w), shelf_at(w, Shelf.INBOX)
    place.live += 1
    at = int(place.live)
    entry = arrival_at(w, at)
    if at > place.used:
        place.used = at
        entry.slot = at
        shelf_at(w, Shelf.MESSAGES).used = at
    shelf_at(w, Shelf.MESSAGES).live = at
    slot = int(entry.slot)
    entry.arrives_ns, entry.sent_ns, entry.seq = arrives_ns, sent_ns, clock.message_seq
    entry.venue = venue
    clock.message_seq += 1
    while at > 1 and _is_before(w, at, at // 2):
        _swap(w, at, at // 2)
        at //= 2
    return slot


@rule
def drop_next(w: Any) -> None:
    """Take the first message out of the queue; its row is free again."""
    place = shelf_at(w, Shelf.INBOX)
    last = int(place.live)
    _swap(w, 1, last)
    place.live = last - 1
    shelf_at(w, Shelf.MESSAGES).live = last - 1
    at = 1
    while True:
        child = 2 * at
        if child >= last:
            return
        if child + 1 < last and _is_before(w, child + 1, child):
            child += 1
        if not _is_before(w, child, at):
            return
        _swap(w, at, child)
        at = child


# --- delays -------------------------------------------------------------------------------------------------


@rule
def set_delay(w: Any, command: Any) -> int:
    """Messages sent from now on over a link take ``lots`` nanoseconds longer than they else would.

    The link is that of the account, or with account 0 the feed of the instrument.
    """
    instrument = -1
    if command.account != 0:
        if not has_account(w, command.account):
            return Refusal.UNKNOWN_ACCOUNT
        number = account_at(w, command.account).link
        venue = account_at(w, command.account).venue
    else:
        if not _names_instrument(w, command):
            return Refusal.UNKNOWN_INSTRUMENT
        instrument = command.instrument
        number = instrument_at(w, command.instrument).link
        venue = instrument_at(w, command.instrument).venue
    if number == 0:
        return Refusal.BAD_KIND
    if not 0 <= command.lots <= MOST_DELAY_NS:
        return Refusal.BAD_SIZE
    link_at(w, number).extra_ns = command.lots
    note(
        w,
        Detail.MONEY,
        Kind.SETTING,
        venue=venue,
        instrument=instrument,
        account=command.account if command.account != 0 else -1,
        units=command.lots,
        code=Setting.DELAY_NS.value,
    )
    return Refusal.NONE
