"""Whom to ask when a mark moves: triggers choose, only Risk decides.

Between two changes of its own, a balance with one open leg dies at one price, the leg's liquidation price. A
balance with several legs has a gap between equity and maintenance; as long as no leg has lost more than its equal
share of the gap it cannot have died, so each leg waits for the price at which its share is gone. Both are the same
question to the same solver: a single leg's share is the whole gap. Triggers stand on two ladders per instrument,
so a mark costs what it touches and not how many accounts there are.

A balance that changed waits in a list until the next mark of any instrument and is then asked and armed anew. On a
venue that ``asks_everybody`` every balance with a leg in the instrument is asked; the journal must be the same.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import NO_MECHANISM, Kind, RiskState
from shortdesk.margin.risk import Risk, is_liquidatable
from shortdesk.margin.solve import NO_PRICE, liquidation_ticks
from shortdesk.margin.tables import TIER
from shortdesk.market.collateral import asking_ticks, coins_worth, pay_with_coins
from shortdesk.market.entry import Halt, is_reached, stop_for_room
from shortdesk.market.ladder import SICK, Ladder, dequeue, enqueue, ladder_number
from shortdesk.market.ledger import Role, find_balance, transfer
from shortdesk.market.margin_check import balance_risk, leg_risk, price_of
from shortdesk.market.note import journal_has_room
from shortdesk.market.settle import position_of
from shortdesk.market.tables import (
    BALANCE,
    CASE,
    LEG,
    Shelf,
    account_at,
    balance_at,
    case_of,
    clock_of,
    front_at,
    has_room,
    instrument_at,
    leg_at,
    level_at,
    shelf_at,
    take_row,
    terms_at,
    venue_at,
)

__all__ = ["MS", "arm", "ask_marked", "disarm", "is_dead", "take_front", "wait_on"]

MS = 1_000_000
"""Nanoseconds in a millisecond: who waits for a time waits for a millisecond."""
_ROWS_TO_ASK = 8
_PAGES_PER_LEG = 2
_NODES_PER_LEG = 12


@rule
def ask_marked(w: Any, number: int) -> bool:
    """Ask everybody whom an instrument's new mark, or a change of their own, may have killed; False without room."""
    clock = clock_of(w)
    clock.cause = instrument_at(w, number).mark_row
    clock.mechanism = NO_MECHANISM
    while clock.first_touched != 0:
        at = int(clock.first_touched)
        if not _has_room_to_ask(w, at):
            return False
        clock.first_touched = balance_at(w, at).touched_next
        balance_at(w, at).touched_next = 0
        balance_at(w, at).is_touched = 0
        _ask(w, at)
    if venue_at(w, instrument_at(w, number).venue).asks_everybody:
        return _ask_everybody(w, number)
    which = Ladder.DEAD_FALLS.value
    while which <= Ladder.DEAD_RISES:
        while is_reached(w, number, which):
            leg = level_at(w, front_at(w, ladder_number(number, which)).level).head
            at = int(leg_at(w, leg).balance)
            if not _has_room_to_ask(w, at):
                return False
            _ask(w, at)
        which += 1
    return True


@rule
def _ask_everybody(w: Any, number: int) -> bool:
    for at in range(1, shelf_at(w, Shelf.BALANCES).used + 1):
        leg = balance_at(w, at).first_leg
        while leg != 0 and (leg_at(w, leg).instrument != number or not _can_lose(w, leg)):
            leg = leg_at(w, leg).balance_next
        if leg != 0:
            if not _has_room_to_ask(w, at):
                return False
            _ask(w, at)
    return True


@rule
def _has_room_to_ask(w: Any, at: int) -> bool:
    """Room for the rows of one answer and for the new triggers of all its legs."""
    legs = 1
    leg = balance_at(w, at).first_leg
    while leg != 0:
        legs += 1
        leg = leg_at(w, leg).balance_next
    if not has_room(w, Shelf.PAGES, _PAGES_PER_LEG * legs):
        return stop_for_room(w, Shelf.PAGES)
    if not has_room(w, Shelf.NODES, _NODES_PER_LEG * legs):
        return stop_for_room(w, Shelf.NODES)
    if not has_room(w, Shelf.CASES, 1):
        return stop_for_room(w, Shelf.CASES)
    if not journal_has_room(w, _ROWS_TO_ASK):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    return True


@rule
def _ask(w: Any, at: int) -> None:
    """Dead balances fall sick; the others wait for their new triggers."""
    balance = balance_at(w, at)
    owner = account_at(w, balance.account)
    spared = venue_at(w, owner.venue).spares_everybody != 0
    if balance.state >= RiskState.LIQUIDATING or owner.role != Role.TRADER or spared:
        _disarm_all(w, at)
        return
    risk = balance_risk(w, at)
    if _is_flat(w, at):
        _look_after_flat(w, at)
    elif is_dead(w, at, risk):
        _fall_sick(w, at)
    elif venue_at(w, owner.venue).asks_everybody == 0:
        arm(w, at, risk)


@rule
def _is_flat(w: Any, at: int) -> bool:
    """Whether no leg of the balance is open."""
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if leg_at(w, leg).lots != 0:
            return False
        leg = leg_at(w, leg).balance_next
    return True


@rule
def _disarm_all(w: Any, at: int) -> None:
    leg = balance_at(w, at).first_leg
    while leg != 0:
        disarm(w, leg)
        leg = leg_at(w, leg).balance_next


@rule
def _look_after_flat(w: Any, at: int) -> None:
    """Nothing is open: a minus is paid with coins or needs a payer; isolated margin that no order needs goes home."""
    balance = balance_at(w, at)
    _disarm_all(w, at)
    if balance.units < 0:
        if not pay_with_coins(w, at, -1):
            _fall_sick(w, at)
    elif balance.leg != 0 and balance.units > 0 and leg_at(w, balance.leg).first_order == 0:
        wallet = find_balance(w, balance.account, balance.asset, 0)
        if wallet != 0:
            transfer(w, Kind.MARGIN, wallet, at, balance.units, leg_at(w, balance.leg).instrument)


@rule
def is_dead(w: Any, at: int, risk: Risk) -> bool:
    """Whether the venue may liquidate, by the terms of the first leg that is open."""
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if leg_at(w, leg).lots != 0:
            return is_liquidatable(risk, terms_at(w, leg_at(w, leg).instrument).trigger)
        leg = leg_at(w, leg).balance_next
    return False


@rule
def _fall_sick(w: Any, at: int) -> None:
    """The balance joins the sick, who are treated by their number: the order in which they were found is no matter."""
    balance = balance_at(w, at)
    _disarm_all(w, at)
    balance.state = RiskState.LIQUIDATING
    balance.case = take_row(w, Shelf.CASES, CASE)
    case = case_of(w, at)
    case.since_row = clock_of(w).cause
    case.step = 0
    case.step_leg = 0
    case.cursor = 0
    case.phase = 0
    case.idle = 0
    case.taken_by = 0
    wait_on(w, SICK, at, at)


@rule
def wait_on(w: Any, ladder: int, at: int, key: int) -> None:
    """Put a balance on the ladder of the sick, or of those whose step is due."""
    enqueue(w, Shelf.BALANCES, BALANCE, ladder, at, int(key), 1)


@rule
def take_front(w: Any, ladder: int) -> int:
    """Take the first balance off a ladder."""
    at = level_at(w, front_at(w, ladder).level).head
    dequeue(w, Shelf.BALANCES, BALANCE, ladder, at, 1)
    return int(at)


@rule
def arm(w: Any, at: int, risk: Risk) -> None:
    """Give each leg of a living balance that can lose something the price at which it must be asked again."""
    legs = 0
    leg = balance_at(w, at).first_leg
    while leg != 0:
        if _can_lose(w, leg):
            legs += 1
        leg = leg_at(w, leg).balance_next
    leg = balance_at(w, at).first_leg
    while leg != 0:
        disarm(w, leg)
        if leg_at(w, leg).lots != 0:
            _arm_leg(w, leg, (risk.equity - risk.maintenance) // legs)
        elif _can_lose(w, leg):
            _arm_coins(w, leg, (risk.equity - risk.maintenance) // legs)
        leg = leg_at(w, leg).balance_next


@rule
def _can_lose(w: Any, at: int) -> bool:
    """Whether a mark of the leg's instrument can take something from its balance."""
    leg = leg_at(w, at)
    return bool(leg.lots != 0 or (leg.is_collateral != 0 and coins_worth(w, at) > 0))


@rule
def _arm_coins(w: Any, at: int, share: int) -> None:
    """The leg of a pair waits for the mark at which its coins, being collateral, have lost so much."""
    ticks = asking_ticks(w, at, share)
    if ticks > 0:
        leg_at(w, at).is_armed_short = 0
        enqueue(w, Shelf.LEGS, LEG, ladder_number(leg_at(w, at).instrument, Ladder.DEAD_FALLS.value), at, ticks, 1)


@rule
def _arm_leg(w: Any, at: int, share: int) -> None:
    """The leg waits for the price at which it alone has lost ``share`` units more than now."""
    leg = leg_at(w, at)
    number = int(leg.instrument)
    instrument = instrument_at(w, number)
    seen = price_of(w, number)
    own = leg_risk(w, at, 0, seen)
    highest = int(instrument.highest_ticks)
    if instrument.form != Form.INVERSE:
        highest = min(highest, (1 << 62) // (abs(int(leg.lots)) * int(instrument.factor)))
    place = shelf_at(w, Shelf.TIERS)
    ticks = liquidation_ticks(
        terms_at(w, number),
        w[place.start : place.end].view(TIER),
        instrument.first_tier,
        instrument.tier_count,
        instrument.form,
        instrument.factor,
        position_of(leg),
        share - (own.equity - own.maintenance),
        leg.leverage_x100,
        highest,
    )
    if ticks == NO_PRICE:
        return
    # Alive now, so the next question comes at the earliest one tick from here.
    is_short = leg.lots < 0
    ticks = max(ticks, seen + 1) if is_short else min(ticks, seen - 1)
    if ticks <= 0 or ticks > instrument.highest_ticks:
        return
    leg.is_armed_short = 1 if is_short else 0
    which = Ladder.DEAD_RISES.value if is_short else Ladder.DEAD_FALLS.value
    enqueue(w, Shelf.LEGS, LEG, ladder_number(number, which), at, ticks, 1)


@rule
def disarm(w: Any, at: int) -> None:
    """The leg waits for no price any more."""
    leg = leg_at(w, at)
    if leg.level == 0:
        return
    which = Ladder.DEAD_RISES.value if leg.is_armed_short else Ladder.DEAD_FALLS.value
    dequeue(w, Shelf.LEGS, LEG, ladder_number(leg.instrument, which), at, 1)
