"""Counterfactuals in the background: a run played again without one mechanism, over a few seeds, with its progress."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from shortdesk.doors.web.view.effects import EffectView, effect_views
from shortdesk.ground.errors import ShortdeskError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.stage.changes import Change
from shortdesk.stage.replay import Question, keep_effects, replay, replays_asked
from shortdesk.stage.run import read_staged

__all__ = ["MOST_SEEDS", "Replaying", "Works"]

MOST_SEEDS = 50
"""Seeds that a page may ask for at once; the command line takes more."""


class Replaying(msgspec.Struct):
    """How far the replays of a run are: none, working, done, stopped or failed."""

    state: str = "none"
    without: str = ""
    done: int = 0
    asked: int = 0
    problem: str = ""
    note: str = ""
    effects: list[EffectView] = []


class _Stopped(Exception):
    """The reader asked for an end."""


class Works:
    """The replays of a server: one at a time, so that the market that is watched keeps its share of the machine."""

    def __init__(self) -> None:
        self._of: dict[str, Replaying] = {}
        self._thread: threading.Thread | None = None
        self._stops = False
        self._lock = threading.Lock()

    def of(self, name: str) -> Replaying:
        """How far the replays of a run are."""
        return self._of.get(name, Replaying())

    def begin(self, name: str, path: Path, without: str, seeds: int) -> Replaying:
        """Play a run again without a mechanism or a population, from the scenario's trigger to where the run ended.

        Raises:
            UsageError: seeds out of range, or other replays are at work.
            InputError: the run was not staged.
        """
        if not 2 <= seeds <= MOST_SEEDS:
            raise UsageError(f"seeds {seeds}: expected 2 to {MOST_SEEDS}")
        question = _question(path, without, seeds)
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise UsageError("other replays are at work; wait for them or stop them")
            work = Replaying("working", without, 0, replays_asked(question), note=_note(path))
            self._of[name] = work
            self._stops = False
            self._thread = threading.Thread(target=self._run, args=(work, question, path), daemon=True)
            self._thread.start()
        return work

    def stop(self) -> None:
        """End what is at work when its continuation is through."""
        self._stops = True

    def wait(self, seconds: float) -> None:
        """Until what is at work has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, work: Replaying, question: Question, path: Path) -> None:
        def told(finished: int) -> None:
            work.done += finished
            if self._stops:
                raise _Stopped

        try:
            found = replay(question, told=told)
            work.effects = effect_views(found.effects)
            keep_effects(path, found.effects)
            work.state = "done"
        except _Stopped:
            work.state = "stopped"
        except Exception as problem:
            # The thread's last word; the page shows it and the server goes on.
            is_ours = isinstance(problem, ShortdeskError)
            work.problem = str(problem) if is_ours else f"{type(problem).__name__}: {problem}"
            work.state = "failed"


def _question(path: Path, without: str, seeds: int) -> Question:
    scenario = read_staged(path).scenario
    from_ns = scenario.start_ns + int(scenario.trigger_s * 1e9)
    reached_ns = min(scenario.end_ns, _last_ns(Journal.open(path)))
    return Question(
        scenario=scenario,
        changes=(Change("without", without),),
        seeds=tuple(range(scenario.seed, scenario.seed + seeds)),
        from_ns=from_ns,
        until_ns=reached_ns if reached_ns > from_ns else scenario.end_ns,
    )


def _last_ns(journal: Journal) -> int:
    last_ns = 0
    for rows in journal.each():
        last_ns = int(rows["time_ns"][-1]) if len(rows) else last_ns
    return last_ns


def _note(path: Path) -> str:
    if Journal.open(path).run.stop != "kept at the desk":
        return ""
    return "What was done at the desk (orders, shocks) is not in the replays: they play the scenario."
