"""A Stage in play: a World and the people beside it, let run, cloned, hashed, and changed for a counterfactual."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.kinds import Kind, Mechanism, Stop
from shortdesk.ground.run_folder import Names
from shortdesk.market.book import OrderState
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.entry import Halt
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.tables import Shelf, clock_of, row_at, shelf_at, venue_at
from shortdesk.market.world import World
from shortdesk.stage.build import Built, build
from shortdesk.stage.cast import Cast
from shortdesk.stage.loop import Told, answer, play_on
from shortdesk.stage.parts import Part, agent_at, play_of
from shortdesk.stage.python_agent import AgentFailed, Mind
from shortdesk.stage.scenario import Scenario

__all__ = ["Play", "open_play"]


class Play:
    """One run of a scenario, as far as it has come. ``now_ns`` is its time."""

    def __init__(self, scenario: Scenario, built: Built) -> None:
        self.scenario = scenario
        self.world = built.world
        self.block = built.block
        self.cast: Cast = built.cast
        self.names: Names = built.names
        self._waiting = [built.opening]
        self._minds = {agent: Mind(built.cast, agent, seat) for agent, seat in built.cast.seats.items()}

    @property
    def now_ns(self) -> int:
        """The time up to which everything has happened."""
        return int(clock_of(self.world.block).now_ns)

    @property
    def is_over(self) -> bool:
        """Whether the horizon is reached."""
        return self.now_ns >= self.scenario.end_ns

    def run(self, until_ns: int) -> Iterator[NDArray[Any]]:
        """Let time pass up to ``until_ns``; journal rows in pieces, as they are written.

        Raises:
            AgentFailed: an agent of the user's own failed; the last row says so.
        """
        yield from self.take_waiting()
        until_ns = min(until_ns, self.scenario.end_ns)
        told = np.zeros(len(Told), np.int64)
        while True:
            play_on(self.world.block, self.block, until_ns, told)
            halt, agent, now_ns, written = told.tolist()
            if written:
                rows = self.world.take_journal()
                self._tell(rows)
                yield rows
            if halt != Halt.DONE:
                self.world.is_done(grows=True)  # what stopped it is seen to: room is made, a block is made
            else:
                if agent == 0:
                    return
                try:
                    self._wake(agent, now_ns)
                except AgentFailed:
                    yield self._ended_by(self._minds[agent])
                    raise

    def _tell(self, rows: NDArray[Any]) -> None:
        """Agents of the user's own hear of the fills."""
        if self._minds:
            fills = rows[rows["kind"] == Kind.FILL]
            if len(fills):
                for mind in self._minds.values():
                    mind.hear(fills)

    def _wake(self, agent: int, now_ns: int) -> None:
        """Ask an agent of the user's own, and send what it says; one that is switched off (< 0) is not asked."""
        mind = self._minds[abs(agent)]
        commands, next_ns = mind.wake(self.world.block, now_ns) if agent > 0 else mind.sleep(now_ns)
        answer(self.world.block, self.block, commands, next_ns)

    def _ended_by(self, mind: Mind) -> NDArray[Any]:
        """The row that says who ended the run."""
        note_stop(self.world.block, mind.account, int(Stop.AGENT_FAILED))
        return self.world.take_journal()

    def run_all(self, until_ns: int | None = None) -> NDArray[Any]:
        """Let time pass up to ``until_ns``, or to the horizon; all journal rows at once."""
        pieces = list(self.run(self.scenario.end_ns if until_ns is None else until_ns))
        return np.concatenate(pieces) if pieces else self.world.take_journal()

    def clone(self) -> Play:
        """The same play again, independent of this one."""
        other = copy.copy(self)
        other.world = self.world.clone()
        other.block = _copied(self.block)
        other._waiting = list(self._waiting)
        other._minds = {agent: mind.clone() for agent, mind in self._minds.items()}
        return other

    def digest(self) -> str:
        """Sixteen hex digits over the World and the people beside it."""
        found = hashlib.sha256(self.world.digest().encode())
        found.update(self.block.tobytes())
        return found.hexdigest()[:16]

    # --- what a counterfactual changes ----------------------------------------------------------------------

    def switch_off(self, mechanisms: Iterable[Mechanism], from_ns: int) -> None:
        """From ``from_ns`` on agents of these mechanisms do nothing; their draws go on.

        Liquidations are the venue's own act: with them off nobody is liquidated from now on, whoever is broke stays.
        Stops rest with the venue: with them off those that wait are withdrawn now.
        """
        play = play_of(self.block)
        for mechanism in mechanisms:
            if mechanism == Mechanism.LIQUIDATION:
                self._spare_everybody()
            if mechanism == Mechanism.STOP:
                self._withdraw_stops()
            play.off_mask = int(play.off_mask) | 1 << int(mechanism)
        play.off_from_ns = from_ns

    def _spare_everybody(self) -> None:
        for at in range(1, int(shelf_at(self.world.block, Shelf.VENUES).used) + 1):
            venue_at(self.world.block, at).spares_everybody = 1

    def _withdraw_stops(self) -> None:
        """Take back every order that waits for its trigger."""
        used = self.world.used_rows(Shelf.ORDERS)
        orders = self.world.table(Shelf.ORDERS)[:used]
        waiting = orders[(orders["leg"] != 0) & (orders["traits"] & OrderState.PARKED != 0)]
        legs = self.world.table(Shelf.LEGS)[waiting["leg"]]
        commands = new_commands(len(waiting))
        commands["time_ns"], commands["kind"] = self.now_ns, CommandKind.CANCEL
        commands["client_id"] = waiting["client_id"]
        for name in ("account", "instrument"):
            commands[name] = legs[name]
        self.world.send(commands)

    def freeze_makers(self, from_ns: int) -> None:
        """From ``from_ns`` on no maker leaves."""
        play_of(self.block).stays_from_ns = from_ns

    def take_away(self, population: str) -> None:
        """The population's agents do nothing from now on.

        Raises:
            UsageError: there is no such population.
        """
        found = {one.name: one for one in self.cast.populations}
        if population not in found:
            raise UsageError(unknown_name("population", population, found))
        for agent in found[population].agents:
            agent_at(self.block, agent).is_away = 1

    def obey(self, commands: NDArray[Any]) -> None:
        """Let the market obey commands at once; their rows come first when time passes again."""
        self._waiting.append(self.world.obey(commands))

    def keep_rows(self) -> None:
        """Rows that a change of the World wrote come first when time passes again."""
        self._waiting.append(self.world.take_journal())

    def take_waiting(self) -> list[NDArray[Any]]:
        """Rows of the opening or of changes that wait to be told."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def rows(self, part: Part, row: Any) -> Iterator[Any]:
        """The rows of one of the Stage's tables."""
        for at in range(1, int(shelf_at(self.block, part).used) + 1):
            yield row_at(self.block, part, at, row)

    def change(self, act: Callable[[World], None]) -> None:
        """Change the World itself, such as a venue's way of liquidating (``open_market.set_liquidation``)."""
        act(self.world)


@kernel
def note_stop(w: Any, account: int, code: int) -> None:
    """Write down that somebody ended the run."""
    note_apart(w, Detail.MONEY, Kind.STOPPED, account=account, code=code)


def open_play(scenario: Scenario) -> Play:
    """A scenario before its first second.

    Raises:
        UsageError: the scenario asks for what its sheets or its sizes do not allow.
    """
    return Play(scenario, build(scenario))


def _copied(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same bytes elsewhere, beginning on a cache line like the first."""
    line = 64
    raw = np.zeros(len(block) + line, np.uint8)
    offset = -raw.ctypes.data % line
    other = raw[offset : offset + len(block)]
    other[:] = block
    return other
