"""All markets of one server: the one that everybody sees first, and those that pages open for themselves."""

from __future__ import annotations

from pathlib import Path

from shortdesk.doors.web.session import Session
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.stage.scenario import find_scenario, scenario_names

__all__ = ["FIRST", "MOST_SESSIONS", "Desk"]

FIRST = "main"
"""The session that a page sees when it names none."""
MOST_SESSIONS = 8
"""Markets at the same time; each keeps its whole Journal in memory."""


class Desk:
    """The sessions of a server by name."""

    def __init__(self, first: Session, guest: Path | None = None) -> None:
        self.guest = guest
        """The folder of a run that the desk was opened on; it may lie anywhere."""
        self.sessions: dict[str, Session] = {FIRST: first}
        self._opened = 0

    def start(self) -> None:
        """Let the first market be opened."""
        self.sessions[FIRST].start()

    def end(self) -> None:
        """Stop all markets."""
        for session in self.sessions.values():
            session.end()

    def find(self, name: str) -> Session:
        """A session.

        Raises:
            UsageError: there is none of that name.
        """
        if name not in self.sessions:
            raise UsageError(unknown_name("session", name, self.sessions))
        return self.sessions[name]

    def open(self, scenario: str, seed: int | None, settings: tuple[str, ...]) -> Session:
        """A new market of a shipped scenario. The one that nobody watches and is the oldest makes room.

        Raises:
            UsageError: no such scenario or setting, or every market there may be is watched by somebody.
        """
        if scenario not in scenario_names():
            raise UsageError(unknown_name("scenario", scenario, scenario_names()))
        given = (*settings, *(() if seed is None else (f"seed={seed}",)))
        find_scenario(scenario, given)
        self._make_room()
        self._opened += 1
        session = Session(f"own-{self._opened}", scenario, given)
        self.sessions[session.name] = session
        session.start()
        return session

    def _make_room(self) -> None:
        if len(self.sessions) < MOST_SESSIONS:
            return
        for name, session in self.sessions.items():
            if name != FIRST and not session.listeners:
                session.end()
                del self.sessions[name]
                return
        raise UsageError(f"{MOST_SESSIONS} markets run already; close the page of one of them first")
