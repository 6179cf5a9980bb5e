"""Liquidation acts: what a venue does, step by step, with a balance that no longer meets its maintenance.

Orders are withdrawn; Risk is asked again; then step after step, each sized by the venue's form, goes as a
reduce-only order into the same book as everybody's; what the form does not leave to the book is covered
(``covers``). After each step Risk is asked again, at once or after the venue's pause, until the balance is safe or
empty. Every step is a journal row whose cause leads back to the mark.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_up
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.ground.order import OrderFlag, Side, TimeInForce, Withdrawn
from shortdesk.margin.liquidation import (
    LiquidationForm,
)
from shortdesk.market.book import new_taker
from shortdesk.market.collateral import pay_with_coins
from shortdesk.market.covers import Cover, cover_lots, pay_minus
from shortdesk.market.desk import cancel_leg
from shortdesk.market.entry import Halt, enter_apart, has_room_to_act
from shortdesk.market.ladder import DUE, SICK
from shortdesk.market.ledger import Role, balance_for, find_balance, touch, transfer
from shortdesk.market.margin_check import balance_risk, leg_risk, price_of
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.steps import (
    bankruptcy_price,
    is_at_market,
    is_for_backstop,
    is_taken_at_once,
    is_tiered,
    step_limit,
    step_lots,
)
from shortdesk.market.tables import (
    CASE,
    Shelf,
    account_at,
    balance_at,
    case_of,
    clock_of,
    front_at,
    instrument_at,
    leg_at,
    level_at,
    put_back,
    venue_at,
)
from shortdesk.market.triggers import MS, is_dead, take_front, wait_on

__all__ = ["Phase", "due_ms", "is_someone_sick", "treat_first", "wake_due"]

_PPM = 1_000_000
_LEAST_WAIT_MS = 1_000
"""The pause after a step that closed nothing: without one it would be tried again at the same instant for ever."""
_MOST_IDLE = 11
"""So many idle steps are counted: the pause grows to 17 minutes."""


class Phase(IntEnum):
    """Where a liquidation stands between two steps."""

    BEGIN = 0
    CHOOSE = 1
    JUDGE = 2
    """An order of the step was sent; what it did not close may have to be covered."""
    COVER = 3
    PAY = 4


@rule(inline=True)
def is_someone_sick(w: Any) -> bool:
    """Whether a liquidation has a step to take now."""
    return bool(front_at(w, SICK).level != 0)


@rule(inline=True)
def due_ms(w: Any) -> int:
    """The millisecond at which the next paused liquidation goes on; 0 for none."""
    front = front_at(w, DUE)
    return int(front.ticks) if front.level != 0 else 0


@rule
def wake_due(w: Any) -> None:
    """The first of those whose pause is over goes on, at the time at which it was over."""
    clock_of(w).now_ns = max(clock_of(w).now_ns, due_ms(w) * MS)
    at = take_front(w, DUE)
    wait_on(w, SICK, at, at)


@rule
def treat_first(w: Any) -> bool:
    """Take one step of the liquidation with the lowest number; False when room ran out."""
    if not has_room_to_act(w):
        return False
    at = int(level_at(w, front_at(w, SICK).level).head)
    clock = clock_of(w)
    case = case_of(w, at)
    clock.mechanism = Mechanism.LIQUIDATION
    clock.cause = case.since_row
    if account_at(w, balance_at(w, at).account).role != Role.TRADER:
        return _unwind(w, at)
    if case.phase == Phase.BEGIN:
        return _begin(w, at)
    if case.phase == Phase.JUDGE or case.phase == Phase.COVER:
        clock.cause = case.step_row
        return _judge(w, at) if case.phase == Phase.JUDGE else _cover(w, at)
    if case.phase == Phase.PAY:
        return _pay(w, at)
    return _choose(w, at)


@rule
def _begin(w: Any, at: int) -> bool:
    """Withdraw every order that the balance stands behind."""
    case = case_of(w, at)
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if not cancel_leg(w, leg, Withdrawn.BY_LIQUIDATION):
            clock_of(w).halt = Halt.JOURNAL_FULL
            return False
        leg = leg_at(w, leg).balance_next
    balance = balance_at(w, at)
    case.phase = Phase.CHOOSE
    risk = balance_risk(w, at)
    leg = _worst_leg(w, at)
    number = leg_at(w, leg).instrument if leg != 0 else -1
    venue = venue_at(w, account_at(w, balance.account).venue)
    clock_of(w).cause = note_apart(
        w,
        Detail.MONEY,
        Kind.RISK_STATE,
        venue=account_at(w, balance.account).venue,
        instrument=number,
        asset=balance.asset,
        account=balance.account,
        price=price_of(w, number) if leg != 0 else -1,
        lots=leg_at(w, leg).lots if balance.leg != 0 else 0,
        units=risk.equity,
        code=RiskState.LIQUIDATING,
    )
    case.since_row = note_apart(
        w,
        Detail.MONEY,
        Kind.LIQUIDATION_START,
        venue=account_at(w, balance.account).venue,
        instrument=number,
        asset=balance.asset,
        account=balance.account,
        price=price_of(w, number) if leg != 0 else -1,
        lots=leg_at(w, leg).lots,
        units=risk.maintenance,
        code=venue.liquidation_form,
    )
    return True


@rule
def _worst_leg(w: Any, at: int) -> int:
    """The open leg with the largest maintenance, the lowest number among equals; 0 when all are flat."""
    best = 0
    most = -1
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if leg_at(w, leg).lots != 0:
            maintenance = leg_risk(w, leg, 0, price_of(w, leg_at(w, leg).instrument)).maintenance
            if maintenance > most or (maintenance == most and leg < best):
                best = leg
                most = maintenance
        leg = leg_at(w, leg).balance_next
    return int(best)


@rule
def _choose(w: Any, at: int) -> bool:
    """End it if the balance is safe or empty, else size the next step and send its order."""
    case = case_of(w, at)
    balance = balance_at(w, at)
    leg = _worst_leg(w, at)
    risk = balance_risk(w, at)
    if leg == 0:
        case.phase = Phase.PAY
        return True
    if not is_dead(w, at, risk):
        _end(w, at, risk.equity, RiskState.SAFE)
        return True
    number = leg_at(w, leg).instrument
    venue = venue_at(w, instrument_at(w, number).venue)
    if instrument_at(w, number).is_halted:
        _wait(w, at, _LEAST_WAIT_MS)
        return True
    case.step += 1
    case.step_leg = leg
    case.step_held = abs(leg_at(w, leg).lots)
    backstop = venue.backstop_ppm > 0 and is_for_backstop(venue, risk)
    lots = abs(leg_at(w, leg).lots) if backstop else step_lots(w, leg, case.step)
    takes_over = backstop or is_taken_at_once(w, leg, lots)
    limit = step_limit(w, at, leg, risk)
    if backstop:
        limit = price_of(w, number)
    case.step_row = note_apart(
        w,
        Detail.MONEY,
        Kind.LIQUIDATION_STEP,
        venue=instrument_at(w, number).venue,
        instrument=number,
        account=balance.account,
        order=-1 if takes_over else case.step,
        price=-1 if not takes_over and is_at_market(venue.liquidation_form) else limit,
        lots=-lots if leg_at(w, leg).lots > 0 else lots,
        code=min(255, case.step),
    )
    clock_of(w).cause = case.step_row
    if takes_over:
        case.step_lots = lots
        case.step_ticks = limit
        case.phase = Phase.COVER
    else:
        _send_order(w, at, leg, lots, limit)
    return True


@rule
def _send_order(w: Any, at: int, leg: int, lots: int, limit: int) -> None:
    """The step's order: reduce-only, immediate, into the book of everybody."""
    case = case_of(w, at)
    row = leg_at(w, leg)
    case.phase = Phase.JUDGE
    side = Side.SELL.value if row.lots > 0 else Side.BUY.value
    taker = new_taker(side, limit, leg, case.step, OrderFlag.REDUCE_ONLY, 0, Mechanism.LIQUIDATION)
    case.step_lots = lots
    form = venue_at(w, instrument_at(w, row.instrument).venue).liquidation_form
    enter_apart(w, taker, lots, is_at_market(form), TimeInForce.IOC, 0)


@rule
def _judge(w: Any, at: int) -> bool:
    """After a step's order: by the venue's form, what it did not close is covered, or waits for the next step."""
    case = case_of(w, at)
    leg = case.step_leg
    venue = venue_at(w, instrument_at(w, leg_at(w, leg).instrument).venue)
    form = venue.liquidation_form
    unclosed = max(0, abs(leg_at(w, leg).lots) - (case.step_held - case.step_lots))
    risk = balance_risk(w, at)
    if unclosed > 0 and is_dead(w, at, risk):
        takes_the_rest = form == LiquidationForm.IOC_THEN_TAKEOVER or is_tiered(form)
        if takes_the_rest or risk.equity < 0:
            case.step_lots = unclosed
            case.step_ticks = bankruptcy_price(w, at, leg, risk)
            case.phase = Phase.COVER
            return True
    _pause(w, at)
    return True


@rule
def _cover(w: Any, at: int) -> bool:
    """Let the covers take what the step leaves; goes on where it stopped when the journal was full."""
    case = case_of(w, at)
    if not cover_lots(w, at, case.step_leg, case.step_lots, case.step_ticks):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    _pause(w, at)
    return True


@rule
def _pause(w: Any, at: int) -> None:
    """The next step comes after the venue's pause; after steps that closed nothing, each time twice as late."""
    case = case_of(w, at)
    was_idle = abs(leg_at(w, case.step_leg).lots) >= case.step_held
    case.phase = Phase.CHOOSE
    case.idle = min(_MOST_IDLE, int(case.idle) + 1) if was_idle else 0
    if _worst_leg(w, at) == 0:
        return
    case.taken_by = Cover.NOBODY
    wait = int(venue_at(w, account_at(w, balance_at(w, at).account).venue).wait_ms)
    if case.idle != 0:
        wait = max(wait, _LEAST_WAIT_MS << (int(case.idle) - 1))
    if wait > 0:
        _wait(w, at, wait)


@rule
def _wait(w: Any, at: int, wait_ms: int) -> None:
    take_front(w, SICK)
    wait_on(w, DUE, at, int(clock_of(w).now_ns) // MS + wait_ms)


@rule
def _pay(w: Any, at: int) -> bool:
    """Nothing is open any more: what is below zero is paid, with coins first, and the liquidation ends.

    What the fund's takeover at bankruptcy, or a backstop, leaves goes to the fund; everything else is its owner's.
    """
    case = case_of(w, at)
    balance = balance_at(w, at)
    number = leg_at(w, case.step_leg).instrument if case.step_leg != 0 else -1
    state = RiskState.SAFE.value
    if balance.units < 0:
        if pay_with_coins(w, at, number):
            return True
        state = RiskState.BANKRUPT.value
        if not pay_minus(w, at, number):
            clock_of(w).halt = Halt.JOURNAL_FULL
            return False
    elif case.taken_by == Cover.INSURANCE and balance.units > 0:
        venue = venue_at(w, account_at(w, balance.account).venue)
        fund = balance_for(w, venue.insurance, balance.asset, 0)
        transfer(w, Kind.INSURANCE_IN, at, fund, -balance.units, number)
    elif balance.leg != 0 and balance.units > 0:
        wallet = find_balance(w, balance.account, balance.asset, 0)
        if wallet != 0:
            transfer(w, Kind.MARGIN, wallet, at, balance.units, number)
    if state != RiskState.BANKRUPT and case.taken_by != Cover.NOBODY:
        state = RiskState.TAKEN_OVER.value
    _end(w, at, balance.units, state)
    return True


@rule
def _end(w: Any, at: int, equity: int, state: int) -> None:
    """The balance is its owner's again."""
    case = case_of(w, at)
    balance = balance_at(w, at)
    take_front(w, SICK)
    leg = _worst_leg(w, at)
    note_apart(
        w,
        Detail.MONEY,
        Kind.LIQUIDATION_END,
        venue=account_at(w, balance.account).venue,
        instrument=leg_at(w, case.step_leg).instrument if case.step_leg != 0 else -1,
        asset=balance.asset,
        account=balance.account,
        lots=leg_at(w, leg).lots,
        units=equity,
        code=state,
    )
    balance.state = RiskState.SAFE
    put_back(w, Shelf.CASES, balance.case, CASE)
    balance.case = 0
    touch(w, at)


@rule
def _unwind(w: Any, at: int) -> bool:
    """A purse closes a part of what it took over: an order like any other, at the market and its price protection.

    When nothing is left, what the fund does not have is booked on the deficit account.
    """
    case = case_of(w, at)
    balance = balance_at(w, at)
    venue = venue_at(w, account_at(w, balance.account).venue)
    leg = _worst_leg(w, at)
    if leg == 0:
        take_front(w, SICK)
        put_back(w, Shelf.CASES, balance.case, CASE)
        balance.case = 0
        if balance.units < 0 and balance.account != venue.deficit:
            transfer(w, Kind.DEFICIT, at, balance_for(w, venue.deficit, balance.asset, 0), -balance.units)
        return True
    _wait(w, at, int(venue.unwind_ms))
    row = leg_at(w, leg)
    if instrument_at(w, row.instrument).is_halted:
        return True
    case.step += 1
    side = Side.SELL.value if row.lots > 0 else Side.BUY.value
    taker = new_taker(side, 0, leg, case.step, OrderFlag.REDUCE_ONLY, 0, Mechanism.LIQUIDATION)
    enter_apart(w, taker, mul_div_up(abs(row.lots), venue.unwind_ppm, _PPM), True, TimeInForce.IOC, 0)
    return True
