"""Counterfactuals in the background: a run played again with one thing changed, over a few seeds, with its progress."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from shortdesk.doors.web.view.effects import AnswerView, answer_views
from shortdesk.doors.web.view.offers import Offer, find_offer, offers_of
from shortdesk.ground.errors import InputError, ShortdeskError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.stage.effects import Effect
from shortdesk.stage.replay import REPLAYS, Question, keep_effects, replay, replays_asked
from shortdesk.stage.run import SCENARIO, read_staged
from shortdesk.stage.scenario import Scenario

__all__ = ["MOST_SEEDS", "OfferView", "Replaying", "Replays", "Works", "kept_effects", "replays_view"]

MOST_SEEDS = 50
"""Seeds that a page may ask for at once; the command line takes more."""


class Replaying(msgspec.Struct):
    """How far the replays of a run are: none, working, done, stopped or failed."""

    state: str = "none"
    key: str = ""
    title: str = ""
    done: int = 0
    asked: int = 0
    problem: str = ""


class OfferView(msgspec.Struct, frozen=True):
    """A button."""

    key: str
    group: str
    title: str
    otherwise: str
    plays: int
    """Continuations for each seed, the one as it was among them."""


class Replays(msgspec.Struct, frozen=True):
    """What can be asked of a run, what is at work, and what was answered so far, this page or another."""

    work: Replaying
    offers: list[OfferView]
    answers: list[AnswerView]
    note: str


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

    def begin(self, name: str, path: Path, key: str, seeds: int) -> Replaying:
        """Play a run again with what an offer changes, from the scenario's trigger to where the run ended.

        Raises:
            UsageError: seeds out of range, no such offer, or other replays are at work.
            InputError: the run was not staged.
        """
        if not 2 <= seeds <= MOST_SEEDS:
            raise UsageError(f"seeds {seeds}: expected 2 to {MOST_SEEDS}")
        scenario = read_staged(path).scenario
        offer = find_offer(scenario, key)
        question = _question(scenario, path, offer, seeds)
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                raise UsageError("other replays are at work; wait for them or stop them")
            work = Replaying("working", offer.key, offer.title, 0, replays_asked(question))
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
            keep_effects(path, found.effects)
            work.state = "done"
        except _Stopped:
            work.state = "stopped"
        except Exception as problem:
            # The thread's last word; the page shows it and the server goes on.
            is_ours = isinstance(problem, ShortdeskError)
            work.problem = str(problem) if is_ours else f"{type(problem).__name__}: {problem}"
            work.state = "failed"


def replays_view(path: Path, work: Replaying) -> Replays:
    """Everything about the replays of a run; no offers where it was not staged.

    Raises:
        InputError: what is kept cannot be read.
    """
    kept = kept_effects(path)
    if not (path / SCENARIO).is_file():
        note = "This run was not staged here, so it cannot be played again."
        return Replays(work, [], answer_views(kept, None), note)
    scenario = read_staged(path).scenario
    offers = [
        OfferView(one.key, one.group, one.title, one.otherwise, replays_asked(_asked(scenario, one, 1, 0, 1)))
        for one in offers_of(scenario)
    ]
    return Replays(work, offers, answer_views(kept, scenario, scenario.instrument[0].quote), _note(path))


def kept_effects(path: Path) -> list[Effect]:
    """The effects in a run's folder, those of this desk and those of ``shortdesk replay``.

    Raises:
        InputError: the file is there but not what replays write.
    """
    kept = path / REPLAYS
    if not kept.is_file():
        return []
    try:
        return msgspec.json.decode(kept.read_bytes(), type=list[Effect])
    except msgspec.DecodeError as problem:
        raise InputError(f"not a list of effects: {problem}", kept.name) from None


def _question(scenario: Scenario, path: Path, offer: Offer, seeds: int) -> Question:
    from_ns = scenario.start_ns + int(scenario.trigger_s * 1e9)
    stream = Journal.open(path).stream
    last_ns = stream.blocks[-1].last_ns if stream is not None and stream.blocks else 0
    reached_ns = min(scenario.end_ns, last_ns)
    return _asked(scenario, offer, seeds, from_ns, reached_ns if reached_ns > from_ns else scenario.end_ns)


def _asked(scenario: Scenario, offer: Offer, seeds: int, from_ns: int, until_ns: int) -> Question:
    return Question(
        scenario=scenario,
        changes=offer.changes,
        seeds=tuple(range(scenario.seed, scenario.seed + seeds)),
        from_ns=from_ns,
        until_ns=until_ns,
        with_shapley=offer.with_shapley,
    )


def _note(path: Path) -> str:
    if Journal.open(path).run.stop != "kept at the desk":
        return ""
    return "What was done at the desk (orders, shocks) is not in the replays: they play the scenario."
