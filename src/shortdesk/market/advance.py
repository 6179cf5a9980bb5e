"""The table of contents of a market: what a World does with what it is told.

``advance`` pops what has arrived in the order (time, venue, number) and obeys it; after each command it lets
everything come to rest that the command stirred up. It comes back for one of the reasons in ``Halt`` and can be
called again: nothing is lost, nothing is done twice.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import OrderFlag, Refusal, Side, Withdrawn
from shortdesk.market.accounts import Hedge, find_leg, has_account, leg_for, unmake_leg
from shortdesk.market.blocks import is_block_next, receive, tear_up, until_block_ns
from shortdesk.market.buy_in import ask_loans, treat_loan
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import amend_order, cancel_account, cancel_order, place_order
from shortdesk.market.entry import ASKING, Halt, can_start, carry_on, has_room_for_balances, mark_moved, stop_for_room
from shortdesk.market.errands import (
    add_margin,
    deposit,
    set_isolated,
    set_leverage,
    set_mark,
    stop_matching,
    stop_venue,
)
from shortdesk.market.foresight import FORESIGHT, foresee, is_wide
from shortdesk.market.funding import pay_on, run_prices
from shortdesk.market.lending import accrue, borrow, call_in, recall, repay
from shortdesk.market.liquidate import due_ms, is_someone_sick, treat_first, wake_due
from shortdesk.market.note import Detail, note_apart, note_refusal
from shortdesk.market.parked import fire_parked
from shortdesk.market.seize import seize
from shortdesk.market.tables import (
    FORESEES,
    Shelf,
    account_at,
    clock_of,
    has_room,
    instrument_at,
    shelf_at,
    told_of,
    venue_at,
)
from shortdesk.market.triggers import MS, ask_marked
from shortdesk.market.wire import drop_next, next_arrival_ns, next_message, set_delay, waiting

__all__ = ["advance", "obey", "obey_all", "tell"]

_KNOWN_APART = tuple(int(kind) for kind in CommandKind if kind > CommandKind.AMEND)
"""Numbers of the commands that are not about one order and have a rule."""


@kernel
def obey_all(w: Any, commands: Any, first: int) -> int:
    """Obey a table of commands from ``first`` on; the number of the first one not yet obeyed."""
    clock = clock_of(w)
    clock.halt = Halt.DONE
    at = first
    while True:
        if is_stirred(w) and not come_to_rest(w):
            return at
        if at == len(commands) or not can_start(w):
            return at
        if is_due(w, until_block_ns(w, commands[at].time_ns)):
            wake_due(w)
            continue
        if is_block_next(w, commands[at].time_ns):
            clock.halt = Halt.BLOCK_DUE
            return at
        if FORESEES and is_wide(w) and at + FORESIGHT < len(commands):
            foresee(w, commands, at)
        if not obey(w, commands[at]):
            return at
        at += 1


@kernel
def advance(w: Any, until_ns: int) -> int:
    """Obey what arrives up to a time, itself included; how many messages were obeyed.

    When it stops for room, what was not obeyed is still in the inbox. When it is done the World's time is ``until_ns``.
    """
    clock = clock_of(w)
    clock.halt = Halt.DONE
    obeyed = 0
    while True:
        if is_stirred(w) and not come_to_rest(w):
            return obeyed
        if not can_start(w):
            return obeyed
        arrival_ns = next_arrival_ns(w, until_ns)
        if is_due(w, until_block_ns(w, arrival_ns)):
            wake_due(w)
            continue
        if is_block_next(w, arrival_ns):
            clock.halt = Halt.BLOCK_DUE
            return obeyed
        if waiting(w) == 0 or next_message(w).time_ns > until_ns:
            clock.now_ns = max(clock.now_ns, until_ns)
            return obeyed
        if not obey(w, next_message(w)):
            return obeyed
        drop_next(w)
        obeyed += 1


@kernel
def tell(
    w: Any,
    kind: int,
    account: int,
    instrument: int,
    client_id: int,
    side: int,
    price_ticks: int,
    lots: int,
    order_kind: int,
    time_in_force: int,
    traits: int,
) -> int:
    """Obey one command given as plain numbers; its Refusal, -1 when a call to ``obey_all`` must come first."""
    clock = clock_of(w)
    clock.halt = Halt.DONE
    if is_stirred(w) or not can_start(w):
        return -1
    command = told_of(w)
    command.time_ns = clock.now_ns
    command.client_id = client_id
    command.price_ticks = price_ticks
    command.lots = lots
    command.trigger_ticks = 0
    command.cause = -1
    command.peak_lots = 0
    command.account = account
    command.instrument = instrument
    command.kind = kind
    command.side = side
    command.order_kind = order_kind
    command.time_in_force = time_in_force
    command.traits = traits
    command.self_trade = 0
    command.mechanism = 0
    if not obey(w, command):
        return -1
    if is_stirred(w):
        come_to_rest(w)
    return int(clock.refusal)


@rule(inline=True)
def obey(w: Any, command: Any) -> bool:
    """Do what one command says, or write down why not; False when it must be told again after making room."""
    clock = clock_of(w)
    clock.now_ns = max(clock.now_ns, command.time_ns)
    clock.cause = command.cause
    clock.mechanism = command.mechanism
    if command.kind > CommandKind.AMEND:
        return _obey_apart(w, command)
    clock.refusal = _refusal_for_sender(w, command)
    if clock.refusal == Refusal.NONE:
        balances = shelf_at(w, Shelf.BALANCES).used
        legs = shelf_at(w, Shelf.LEGS).used
        leg = _leg_of(w, command)
        if leg == 0:
            return False
        if command.kind == CommandKind.PLACE:
            clock.refusal = place_order(w, leg, command)
        elif command.kind == CommandKind.CANCEL:
            clock.refusal = cancel_order(w, leg, command)
        else:
            clock.refusal = amend_order(w, leg, command)
        if clock.refusal != Refusal.NONE and shelf_at(w, Shelf.LEGS).used > legs:
            unmake_leg(w, leg, balances)
    if clock.refusal != Refusal.NONE:
        _refuse(w, command, clock.refusal)
    return True


@rule(inline=True)
def _refusal_for_sender(w: Any, command: Any) -> int:
    """Whether account and instrument exist and belong together, and the venue listens."""
    if not has_account(w, command.account):
        return Refusal.UNKNOWN_ACCOUNT
    venue = account_at(w, command.account).venue
    if not _trades(w, venue, command.instrument):
        return Refusal.UNKNOWN_INSTRUMENT
    if venue_at(w, venue).is_down:
        return Refusal.VENUE_DOWN
    return Refusal.NONE


@rule(inline=True)
def _trades(w: Any, venue: int, number: int) -> bool:
    """Whether there is such an instrument, and at this venue."""
    return bool(0 < number <= shelf_at(w, Shelf.INSTRUMENTS).used and instrument_at(w, number).venue == venue)


@rule(inline=True)
def _leg_of(w: Any, command: Any) -> int:
    """The leg that a command is about, made when it is needed; 0 when there is no room to make it."""
    hedge = Hedge.BOTH.value
    if account_at(w, command.account).is_hedged:
        closes = command.traits & OrderFlag.REDUCE_ONLY != 0
        hedge = Hedge.LONG.value if (command.side == Side.BUY) != closes else Hedge.SHORT.value
    leg = find_leg(w, command.account, command.instrument, hedge)
    return leg if leg != 0 else _new_leg(w, command, hedge)


@rule
def _new_leg(w: Any, command: Any, hedge: int) -> int:
    if not has_room(w, Shelf.LEGS, 1):
        stop_for_room(w, Shelf.LEGS)
        return 0
    if not has_room_for_balances(w):
        return 0
    return leg_for(w, command.account, command.instrument, hedge)


@rule
def _refuse(w: Any, command: Any, refusal: int) -> None:
    venue = account_at(w, command.account).venue if has_account(w, command.account) else -1
    note_refusal(w, venue, command, refusal)


@rule
def _obey_apart(w: Any, command: Any) -> bool:
    """Commands that are not about one order."""
    clock = clock_of(w)
    if not has_room_for_balances(w):
        return False
    clock.refusal = _refusal_apart(w, command)
    if clock.refusal == Refusal.NONE:
        if command.kind == CommandKind.CANCEL_ALL:
            return cancel_account(w, command.account, command.instrument, Withdrawn.BY_OWNER)
        if command.kind == CommandKind.CONNECTION:
            return _connect(w, command)
        if command.kind == CommandKind.ACCRUE:
            return _accrue(w, command)
        if command.kind == CommandKind.BORROW and not has_room(w, Shelf.LOANS, 1):
            return stop_for_room(w, Shelf.LOANS)
        if command.kind >= CommandKind.MARK:
            clock.refusal = _run_venue(w, command)
        elif command.kind == CommandKind.TRANSACT:
            clock.refusal = receive(w, command)
        elif command.kind <= CommandKind.WITHDRAW:
            clock.refusal = deposit(w, command, 1 if command.kind == CommandKind.DEPOSIT else -1)
        elif command.kind >= CommandKind.BORROW:
            clock.refusal = _lend(w, command)
        else:
            return _set_leg(w, command)
    elif command.kind == CommandKind.TRANSACT:
        tear_up(w, command)
    if clock.refusal != Refusal.NONE:
        _refuse(w, command, clock.refusal)
    return True


@rule
def _refusal_apart(w: Any, command: Any) -> int:
    """Whether the command is known, its sender exists, and what it names is at the sender's venue."""
    kind = command.kind
    if kind not in _KNOWN_APART:
        return Refusal.UNKNOWN_COMMAND
    if kind >= CommandKind.MARK:
        return Refusal.NONE
    if not has_account(w, command.account):
        return Refusal.UNKNOWN_ACCOUNT
    venue = account_at(w, command.account).venue
    names_instrument = kind == CommandKind.CANCEL_ALL or CommandKind.SET_LEVERAGE <= kind <= CommandKind.ADD_MARGIN
    if kind == CommandKind.CANCEL_ALL and command.instrument == 0:
        names_instrument = False
    if names_instrument and not _trades(w, venue, command.instrument):
        return Refusal.UNKNOWN_INSTRUMENT
    if kind != CommandKind.CONNECTION and venue_at(w, venue).is_down:
        return Refusal.VENUE_DOWN
    return Refusal.NONE


@rule
def _run_venue(w: Any, command: Any) -> int:
    """What the market's own clock says: marks, halts, outages."""
    if command.kind == CommandKind.MARK:
        refusal = set_mark(w, command)
        if refusal == Refusal.NONE:
            mark_moved(w, command.instrument)
        return refusal
    if CommandKind.INDEX <= command.kind <= CommandKind.FUND:
        return run_prices(w, command)
    if command.kind == CommandKind.BUY_IN:
        return call_in(w, command)
    if command.kind == CommandKind.STEP:
        return Refusal.NONE
    if command.kind == CommandKind.DELAY:
        return set_delay(w, command)
    if command.kind == CommandKind.HALT:
        return stop_matching(w, command)
    return stop_venue(w, command)


@rule
def _accrue(w: Any, command: Any) -> bool:
    """The hour of a venue; False when the journal is full."""
    if not 0 < command.instrument <= shelf_at(w, Shelf.VENUES).used:
        clock_of(w).refusal = Refusal.UNKNOWN_INSTRUMENT
        _refuse(w, command, Refusal.UNKNOWN_INSTRUMENT)
        return True
    clock_of(w).mechanism = Mechanism.INTEREST
    if not accrue(w, command.instrument):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    return True


@rule
def _lend(w: Any, command: Any) -> int:
    """What borrowers, lenders and liquidators ask about an asset."""
    if not 0 < command.instrument <= shelf_at(w, Shelf.ASSETS).used:
        return Refusal.UNKNOWN_ASSET
    if command.kind == CommandKind.BORROW:
        return borrow(w, command)
    if command.kind == CommandKind.REPAY:
        return repay(w, command)
    if command.kind == CommandKind.RECALL:
        return recall(w, command)
    return seize(w, command)


@rule
def _set_leg(w: Any, command: Any) -> bool:
    """A setting of one leg, or its margin."""
    clock = clock_of(w)
    balances = shelf_at(w, Shelf.BALANCES).used
    legs = shelf_at(w, Shelf.LEGS).used
    leg = _leg_of(w, command)
    if leg == 0:
        return False
    if command.kind == CommandKind.SET_LEVERAGE:
        clock.refusal = set_leverage(w, leg, command)
    elif command.kind == CommandKind.SET_ISOLATED:
        clock.refusal = set_isolated(w, leg, command)
    else:
        clock.refusal = add_margin(w, leg, command)
    if clock.refusal != Refusal.NONE:
        if shelf_at(w, Shelf.LEGS).used > legs:
            unmake_leg(w, leg, balances)
        _refuse(w, command, clock.refusal)
    return True


@rule
def _connect(w: Any, command: Any) -> bool:
    """An account's link goes down or comes back; orders go with it where the account asked for that."""
    account = account_at(w, command.account)
    account.is_connected = 1 if command.lots != 0 else 0
    withdraws = command.lots == 0 and account.cancels_on_disconnect != 0
    if withdraws and not cancel_account(w, command.account, 0, Withdrawn.DISCONNECTED):
        return False
    is_up = account.is_connected
    note_apart(w, Detail.ORDERS, Kind.CONNECTION, venue=account.venue, account=command.account, code=is_up)
    return True


@rule(inline=True)
def is_stirred(w: Any) -> bool:
    """Whether something waits to be done before the next command."""
    clock = clock_of(w)
    waits = clock.hand_is_busy != 0 or clock.first_restless != 0 or clock.first_sick_loan != 0
    waits = waits or clock.paying_instrument != 0
    return bool(waits or is_someone_sick(w))


@rule(inline=True)
def is_due(w: Any, time_ns: int) -> bool:
    """Whether a paused liquidation goes on before this time or at it."""
    due = due_ms(w)
    return bool(due != 0 and due * MS <= time_ns)


@rule
def come_to_rest(w: Any) -> bool:
    """Do all that the last command stirred up; False when room ran out on the way."""
    clock = clock_of(w)
    while is_stirred(w):
        if not can_start(w):
            return False
        if clock.hand_is_busy:
            carry_on(w)
            continue
        if clock.paying_instrument != 0:
            pay_on(w)
            continue
        number = clock.first_restless
        instrument = instrument_at(w, number)
        if instrument.has_new_mark == ASKING:
            # All are asked at one and the same state of the market, however often room runs out on the way.
            if not ask_marked(w, number):
                return False
            ask_loans(w, number)
            instrument.has_new_mark = 0
            continue
        if clock.first_sick_loan != 0:
            if not treat_loan(w):
                return False
            continue
        if is_someone_sick(w):
            if not treat_first(w):
                return False
            continue
        if not fire_parked(w, number):
            if clock.hand_is_busy:
                continue
            return False
        if instrument.has_new_mark:
            instrument.has_new_mark = ASKING
            continue
        clock.first_restless = instrument.restless_next
        instrument.is_restless = 0
    return True
