"""The scenario's own acts: news, makers sent away, outages, halts, late feeds, frozen members, recalls, lost pegs."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind
from shortdesk.market.command import CommandKind
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import Shelf, clock_of, row_at, shelf_at
from shortdesk.stage.agents.maker import maker_at
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.parts import Part, agent_at, feed_at, grid_at, value_at
from shortdesk.stage.pen import begin, say
from shortdesk.stage.wakes import NEVER_NS

__all__ = ["SHOCK_ROW", "Act", "act_on", "recalls_on", "wake_shock"]


class Act(IntEnum):
    """What a shock does to its target."""

    NEWS = 1
    """The value of instrument ``target``'s base changes by the part ``amount``."""
    MAKERS_AWAY = 2
    """Makers of instrument ``target`` stay away for ``amount`` seconds."""
    HALT = 3
    """Matching of instrument ``target`` stops (``amount`` 1) or goes on (0)."""
    OUTAGE = 4
    """Venue ``target`` goes down (1) or comes back (0)."""
    DELAY = 5
    """Prices reach instrument ``target`` ``amount`` seconds later."""
    MUTE = 6
    """Feed ``target`` says nothing (1) or speaks again (0)."""
    RECALL = 7
    """Lenders of pool ``target`` want the part ``amount`` of every loan back within ten minutes."""
    PEG = 8
    """The coin in which the source of feed ``target`` quotes is worth ``amount`` of what it stands for."""
    COIN_PEG = 9
    """The base of pair ``target`` is worth ``amount`` of its quote."""


SHOCK_ROW = row_type(
    ("time_ns", "<i8"),
    ("act", "<i8"),
    ("target", "<i8"),
    ("amount", "<f8"),
    ("cursor", "<i8"),  # RECALL: the loan that comes next
    ("number", "<i8"),  # of the shock in the scenario, from 1
    ("is_off", "<i8"),  # a counterfactual has taken it away
)
"""One shock. The agent's own row is the next one; the last is followed by a row of time 0."""

_ON_INSTRUMENTS = (int(Act.NEWS), int(Act.MAKERS_AWAY), int(Act.HALT), int(Act.DELAY), int(Act.COIN_PEG))
"""Acts whose target is an instrument."""
_TIME_TO_REPAY_NS = 600 * SECOND_NS
_LOANS_AT_ONCE = 40
_PPM = 1e6


@rule
def wake_shock(w: Any, s: Any, agent: int) -> int:
    """What is due now; the time of the next."""
    one = agent_at(s, agent)
    row = row_at(s, Part.SHOCKS, int(one.own), SHOCK_ROW)
    now = int(clock_of(w).now_ns)
    if row.time_ns == 0:
        return NEVER_NS
    if row.time_ns > now:
        return int(row.time_ns)
    if not row.is_off:
        if row.act == Act.RECALL and recalls_on(w, s, row):
            return now
        act_on(w, s, row)
    one.own += 1
    following = row_at(s, Part.SHOCKS, int(one.own), SHOCK_ROW)
    return max(now, int(following.time_ns)) if following.time_ns != 0 else NEVER_NS


@rule
def act_on(w: Any, s: Any, row: Any) -> None:
    """Do what one shock says, now; of a recall only what is said about it (``recalls_on`` does the rest)."""
    target, amount = int(row.target), row.amount
    if row.act == Act.NEWS:
        value_at(s, int(grid_at(s, target).own_value)).price *= 1.0 + amount
    elif row.act == Act.MAKERS_AWAY:
        _send_away(w, s, target, amount)
    elif row.act == Act.HALT or row.act == Act.OUTAGE:
        kind = CommandKind.HALT.value if row.act == Act.HALT else CommandKind.OUTAGE.value
        begin(w, s, 0, kind, 0, target).lots = int(amount)
        say(w, s, 0)
    elif row.act == Act.DELAY:
        begin(w, s, 0, CommandKind.DELAY.value, 0, target).lots = int(amount * SECOND_NS)
        say(w, s, 0)
    elif row.act == Act.MUTE:
        feed_at(s, target).is_mute = int(amount)
    elif row.act == Act.PEG:
        feed_at(s, target).scale = amount
    elif row.act == Act.COIN_PEG:
        value_at(s, int(grid_at(s, target).own_value)).price = amount
    if journal_has_room(w, 1):
        number = target if row.act in _ON_INSTRUMENTS else -1
        units = int(amount * _PPM)
        note_apart(w, Detail.MONEY, Kind.SHOCK, instrument=number, units=units, code=int(row.act), order=target)


@rule
def _send_away(w: Any, s: Any, number: int, seconds: float) -> None:
    """Makers of an instrument are away until then; each cancels its quotes at its next look."""
    until_ns = int(clock_of(w).now_ns + seconds * SECOND_NS)
    for at in range(1, shelf_at(s, Part.MAKERS).used + 1):
        maker = maker_at(s, at)
        if maker.instrument == number:
            maker.away_until_ns = max(maker.away_until_ns, until_ns)


@rule
def recalls_on(w: Any, s: Any, row: Any) -> bool:
    """Recall some more of a pool's loans, each with its buy-in at the end of its time; whether any are left."""
    done = 0
    now = int(clock_of(w).now_ns)
    while row.cursor < shelf_at(w, Shelf.LOANS).used and done < _LOANS_AT_ONCE:
        row.cursor += 1
        loan = row_at(w, Shelf.LOANS, int(row.cursor), LOAN)
        if loan.pool != row.target or loan.units + loan.interest <= 0:
            continue
        asset = int(row_at(w, Shelf.LENDING, int(loan.pool), LENDING).asset)
        pen = begin(w, s, 0, CommandKind.RECALL.value, int(loan.account), asset)
        pen.lots = max(1, int((loan.units + loan.interest) * row.amount))
        pen.trigger_ticks = now + _TIME_TO_REPAY_NS
        say(w, s, 0)
        begin(w, s, 0, CommandKind.BUY_IN.value, int(loan.account), asset).time_ns = now + _TIME_TO_REPAY_NS
        say(w, s, 0)
        done += 1
    return bool(row.cursor < shelf_at(w, Shelf.LOANS).used)
