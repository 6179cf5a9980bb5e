"""The loop: whoever is due next is woken, and between two wakes the market obeys what has arrived.

Everything runs in one compiled call; it comes back to Python only when the market needs room, when an agent of the
user's own is due, or when time is up.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import kernel, rule
from shortdesk.market.advance import advance
from shortdesk.market.entry import Halt
from shortdesk.market.note import journal_has_room
from shortdesk.market.tables import Shelf, clock_of, has_room, shelf_at
from shortdesk.market.wire import send_one
from shortdesk.stage.agents.amm_arbitrage import wake_amm_arbitrage
from shortdesk.stage.agents.amm_lp import wake_amm_lp
from shortdesk.stage.agents.amm_searcher import wake_amm_searcher
from shortdesk.stage.agents.amm_swapper import wake_amm_swapper
from shortdesk.stage.agents.arbitrage import wake_arbitrage
from shortdesk.stage.agents.basis import wake_basis
from shortdesk.stage.agents.borrower import wake_borrower
from shortdesk.stage.agents.clock import wake_clock
from shortdesk.stage.agents.crowd import wake_crowd
from shortdesk.stage.agents.hedger import wake_hedger
from shortdesk.stage.agents.informed import wake_informed
from shortdesk.stage.agents.latent import wake_latent
from shortdesk.stage.agents.lender import wake_lender
from shortdesk.stage.agents.liquidator import wake_liquidator
from shortdesk.stage.agents.maker import wake_maker
from shortdesk.stage.agents.metaorder import wake_metaorder
from shortdesk.stage.agents.momentum import wake_momentum
from shortdesk.stage.agents.noise import wake_noise
from shortdesk.stage.agents.predator import wake_predator
from shortdesk.stage.agents.shock import wake_shock
from shortdesk.stage.agents.tape import wake_tape
from shortdesk.stage.agents.value import wake_value
from shortdesk.stage.dex import MOST_TRANSACTIONS
from shortdesk.stage.parts import AgentKind, agent_at, play_of
from shortdesk.stage.pen import MOST_MESSAGES, is_silent
from shortdesk.stage.wakes import NEVER_NS, first_wake_ns, first_woken, put_off

__all__ = ["Told", "answer", "play_on"]

_ROWS_OF_A_WAKE = 16


class Told(IntEnum):
    """Places of what ``play_on`` tells."""

    HALT = 0
    AGENT = 1
    NOW_NS = 2
    ROWS = 3


@kernel
def play_on(w: Any, s: Any, until_ns: int, told: Any) -> None:
    """Let time pass up to ``until_ns``; ``told`` (places of ``Told``) says why it ended, and when.

    The agent that Python has to ask is 0 for none, and negative for one that is passed over because it is silent.
    """
    clock, play = clock_of(w), play_of(s)
    python_agent = 0
    woken = 0
    while True:
        due_ns = first_wake_ns(s)
        advance(w, min(due_ns, until_ns))
        if clock.halt != Halt.DONE or due_ns > until_ns:
            break
        if not has_room(w, Shelf.INBOX, MOST_MESSAGES):
            clock.halt = Halt.TABLE_FULL
            clock.full_table = Shelf.MESSAGES
            break
        if shelf_at(w, Shelf.CHAINS).used > 0 and not has_room(w, Shelf.TRANSACTIONS, MOST_TRANSACTIONS):
            clock.halt = Halt.TABLE_FULL
            clock.full_table = Shelf.TRANSACTIONS
            break
        if not journal_has_room(w, _ROWS_OF_A_WAKE):
            clock.halt = Halt.JOURNAL_FULL
            break
        clock.cause = -1
        clock.mechanism = 0
        agent = first_woken(s)
        if agent_at(s, agent).kind == AgentKind.PYTHON:
            python_agent = -agent if is_silent(w, s, agent) else agent
            break
        agent_at(s, agent).wakes += 1
        put_off(s, wake(w, s, agent))
        woken += 1
    play.woken += woken
    told[Told.HALT] = clock.halt
    told[Told.AGENT] = python_agent
    told[Told.NOW_NS] = clock.now_ns
    told[Told.ROWS] = clock.journal_count


@kernel
def answer(w: Any, s: Any, commands: Any, next_ns: int) -> None:
    """The agent that Python woke says ``commands`` and is due again at ``next_ns``; ``play_on`` has asked for room."""
    row, play = agent_at(s, first_woken(s)), play_of(s)
    for at in range(len(commands)):
        commands[at].mechanism = row.mechanism
        send_one(w, commands[at])
    play.sent += len(commands)
    play.woken += 1
    row.wakes += 1
    put_off(s, next_ns)


@rule
def wake(w: Any, s: Any, agent: int) -> int:
    """Let an agent act; when it is to be woken again."""
    kind = int(agent_at(s, agent).kind)
    if kind == AgentKind.NOISE:
        return wake_noise(w, s, agent)
    if kind == AgentKind.LATENT:
        return wake_latent(w, s, agent)
    if kind == AgentKind.MAKER:
        return wake_maker(w, s, agent)
    if kind == AgentKind.CROWD:
        return wake_crowd(w, s, agent)
    if kind == AgentKind.METAORDER:
        return wake_metaorder(w, s, agent)
    if kind == AgentKind.INFORMED:
        return wake_informed(w, s, agent)
    if kind == AgentKind.CLOCK:
        return wake_clock(w, s, agent)
    if kind == AgentKind.VALUE:
        return wake_value(w, s, agent)
    if kind == AgentKind.SHOCK:
        return wake_shock(w, s, agent)
    if kind == AgentKind.ARBITRAGE:
        return wake_arbitrage(w, s, agent)
    if kind == AgentKind.MOMENTUM:
        return wake_momentum(w, s, agent)
    if kind == AgentKind.BASIS:
        return wake_basis(w, s, agent)
    if kind == AgentKind.HEDGER:
        return wake_hedger(w, s, agent)
    if kind == AgentKind.PREDATOR:
        return wake_predator(w, s, agent)
    if kind == AgentKind.BORROWER:
        return wake_borrower(w, s, agent)
    if kind == AgentKind.LENDER:
        return wake_lender(w, s, agent)
    if kind == AgentKind.LIQUIDATOR:
        return wake_liquidator(w, s, agent)
    if kind == AgentKind.AMM_LP:
        return wake_amm_lp(w, s, agent)
    if kind == AgentKind.AMM_SWAPPER:
        return wake_amm_swapper(w, s, agent)
    if kind == AgentKind.AMM_ARBITRAGE:
        return wake_amm_arbitrage(w, s, agent)
    if kind == AgentKind.AMM_SEARCHER:
        return wake_amm_searcher(w, s, agent)
    if kind == AgentKind.TAPE:
        return wake_tape(w, s, agent)
    return NEVER_NS
