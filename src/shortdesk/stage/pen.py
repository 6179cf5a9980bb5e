"""What an agent can say: commands, sent over its account's link at the time of its wake.

An agent whose mechanism is switched off, or who was taken out of the play, says nothing and draws on: nobody else's
numbers move.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.order import OrderFlag, OrderKind, Side, TimeInForce
from shortdesk.market.command import COMMAND, CommandKind
from shortdesk.market.tables import clock_of, row_at
from shortdesk.market.wire import send_one
from shortdesk.stage.parts import Part, agent_at, play_of

__all__ = [
    "MOST_MESSAGES",
    "add_margin",
    "buy_or_sell",
    "cancel",
    "cancel_all",
    "is_off",
    "is_silent",
    "new_id",
    "pen_of",
    "place",
    "say",
    "take",
]

MOST_MESSAGES = 96
"""Commands of one wake: so much room the loop keeps in the inbox. An agent with more to say wakes again."""


@rule(inline=True)
def pen_of(s: Any) -> Any:
    """The command that is being written."""
    return row_at(s, Part.PEN, 0, COMMAND)


@rule
def is_off(w: Any, s: Any, mechanism: int) -> bool:
    """Whether a mechanism is switched off now."""
    play = play_of(s)
    return bool((play.off_mask >> mechanism) & 1 == 1 and clock_of(w).now_ns >= play.off_from_ns)


@rule
def is_silent(w: Any, s: Any, agent: int) -> bool:
    """Whether the agent says nothing now: taken out of the play, or its mechanism is off."""
    row = agent_at(s, agent)
    return bool(row.is_away != 0 or is_off(w, s, int(row.mechanism)))


@rule(inline=True)
def new_id(s: Any, agent: int) -> int:
    """A client id that the agent has not used before."""
    row = agent_at(s, agent)
    row.next_id += 1
    return int(row.next_id)


@rule
def begin(w: Any, s: Any, agent: int, kind: int, account: int, instrument: int) -> Any:
    """A command with nothing in it but who, what and when."""
    pen = pen_of(s)
    pen.time_ns = clock_of(w).now_ns
    pen.client_id = 0
    pen.price_ticks = 0
    pen.lots = 0
    pen.trigger_ticks = 0
    pen.cause = -1
    pen.peak_lots = 0
    pen.account = account
    pen.instrument = instrument
    pen.kind = kind
    pen.side = 0
    pen.order_kind = 0
    pen.time_in_force = 0
    pen.traits = 0
    pen.self_trade = 0
    pen.mechanism = agent_at(s, agent).mechanism if agent != 0 else 0
    return pen


@rule
def say(w: Any, s: Any, agent: int) -> None:
    """Send what stands under the pen, unless the agent is silent."""
    if agent != 0 and is_silent(w, s, agent):
        return
    play_of(s).sent += 1
    send_one(w, pen_of(s))


@rule
def place(
    w: Any, s: Any, agent: int, account: int, instrument: int, side: int, ticks: int, lots: int, traits: int
) -> int:
    """A limit order that stays; its client id."""
    return _order(w, s, agent, account, instrument, side, ticks, lots, traits, TimeInForce.GTC.value)


@rule
def take(
    w: Any, s: Any, agent: int, account: int, instrument: int, side: int, ticks: int, lots: int, traits: int
) -> int:
    """An order that trades at once up to a limit, or at the market (``ticks`` 0), or not at all; its client id."""
    return _order(w, s, agent, account, instrument, side, ticks, lots, traits, TimeInForce.IOC.value)


@rule
def _order(
    w: Any,
    s: Any,
    agent: int,
    account: int,
    instrument: int,
    side: int,
    ticks: int,
    lots: int,
    traits: int,
    time_in_force: int,
) -> int:
    pen = begin(w, s, agent, CommandKind.PLACE.value, account, instrument)
    pen.client_id = new_id(s, agent)
    pen.side = side
    pen.price_ticks = ticks
    pen.lots = lots
    pen.traits = traits
    pen.order_kind = OrderKind.LIMIT.value if ticks != 0 else OrderKind.MARKET.value
    pen.time_in_force = time_in_force
    say(w, s, agent)
    return int(pen.client_id)


@rule
def buy_or_sell(w: Any, s: Any, agent: int, account: int, instrument: int, lots: int, reduces: bool) -> int:
    """A market order for signed lots; its client id, 0 for none."""
    if lots == 0:
        return 0
    side = Side.BUY.value if lots > 0 else Side.SELL.value
    traits = OrderFlag.REDUCE_ONLY.value if reduces else 0
    return take(w, s, agent, account, instrument, side, 0, abs(lots), traits)


@rule
def cancel(w: Any, s: Any, agent: int, account: int, instrument: int, client_id: int) -> None:
    """Take an order back; it may be gone by then."""
    pen = begin(w, s, agent, CommandKind.CANCEL.value, account, instrument)
    pen.client_id = client_id
    say(w, s, agent)


@rule
def cancel_all(w: Any, s: Any, agent: int, account: int, instrument: int) -> None:
    """Take all orders in an instrument back."""
    begin(w, s, agent, CommandKind.CANCEL_ALL.value, account, instrument)
    say(w, s, agent)


@rule
def add_margin(w: Any, s: Any, agent: int, account: int, instrument: int, units: int) -> None:
    """Units out of the wallet into an isolated leg's margin."""
    begin(w, s, agent, CommandKind.ADD_MARGIN.value, account, instrument).lots = units
    say(w, s, agent)
