"""Runs on disk as the desk sees them: the folders of one shelf, by name; found, kept, deleted, explained.

A name is one plain word: nothing that a path is made of gets from a page to the disk.
"""

from __future__ import annotations

import re
import shutil
import threading
from pathlib import Path

import msgspec

from shortdesk.doors.web.session import Session
from shortdesk.ground.errors import InputError, ShortdeskError, UsageError
from shortdesk.ground.journal import ROW, Journal
from shortdesk.ground.run_folder import JOURNAL, Run, RunWriter, read_run, versions
from shortdesk.stage.replay import REPLAYS
from shortdesk.stage.run import SCENARIO, Staged, read_summary, run_codes
from shortdesk.stage.scenario import scenario_digest
from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_verdict import Replay

__all__ = ["RunLine", "Shelf", "run_name"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
_LONGEST_NAME = 100
_MOST_KEPT = 2


class RunLine(msgspec.Struct, frozen=True):
    """A run in the list; ``problem`` says why it cannot be opened."""

    name: str
    scenario: str = ""
    seed: int = 0
    state: str = ""
    rows: int = 0
    rise_pct: float | None = None
    liquidations: int | None = None
    is_staged: bool = False
    changed_s: float = 0.0
    problem: str = ""


def run_name(path: Path) -> str:
    """What a run's folder is called on the desk: its own name, with a dash for what may not stand in one."""
    return re.sub(r"[^A-Za-z0-9._-]+|\.(?=\.|$)", "-", path.resolve().name).strip("-.")[:_LONGEST_NAME] or "run"


class Shelf:
    """The runs in one folder, and beside them a guest: a run that lies elsewhere."""

    def __init__(self, folder: Path, guest: Path | None = None) -> None:
        self.folder = folder
        at_home = guest is None or guest.resolve().parent == folder.resolve()
        self.guest = None if at_home or guest is None else guest.resolve()
        self._reports: dict[tuple[object, ...], Postmortem] = {}
        self._lock = threading.Lock()

    def find(self, name: str) -> Path:
        """The folder of a run.

        Raises:
            UsageError: not a name, or there is no such run.
        """
        if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
            raise UsageError(f"run {name[:_LONGEST_NAME]!r}: expected a name of letters, digits, dots, - and _")
        if self.guest is not None and name == run_name(self.guest):
            return self.guest
        path = self.folder / name
        if path.is_symlink() or not path.is_dir():
            raise UsageError(f"there is no run '{name}' here; it may have been deleted")
        return path

    def lines(self) -> list[RunLine]:
        """All runs, the newest first."""
        names = [one.name for one in self.folder.iterdir() if _is_run(one)] if self.folder.is_dir() else []
        if self.guest is not None:
            names = [*dict.fromkeys([*names, run_name(self.guest)])]
        return sorted(map(self._line, names), key=lambda one: (-one.changed_s, one.name))

    def delete(self, name: str) -> None:
        """Take a run off the disk for good.

        Raises:
            UsageError: no such run, or a folder that is not a run's.
            InputError: it cannot be removed.
        """
        path = self.find(name)
        if path == self.guest:
            raise UsageError(f"'{name}' lies elsewhere; the desk deletes runs of its own folder alone")
        if not _is_run(path):
            raise UsageError(f"'{name}' is not the folder of a run; it stays")
        try:
            shutil.rmtree(path)
        except OSError as problem:
            raise InputError(f"cannot be deleted: {problem.strerror}", name) from None

    def keep(self, session: Session) -> str:
        """Write what a session's market has done so far into a new run, and its name; in the market's own thread.

        Raises:
            InputError: the folder cannot be written.
        """
        play, scenario = session.play, session.play.scenario
        stem = f"{scenario.name}-seed{scenario.seed}-desk"
        number = 1
        while (self.folder / f"{stem}-{number}").exists():
            number += 1
        path = self.folder / f"{stem}-{number}"
        described = Run(
            scenario=scenario.name,
            scenario_digest=scenario_digest(scenario),
            seed=scenario.seed,
            start_ns=scenario.start_ns,
            versions=versions("numpy", "numba", "msgspec"),
            codes=run_codes(),
        )
        with RunWriter(path, described, play.names) as writer:
            staged = Staged(given=session.given, settings=session.settings, scenario=scenario)
            (path / SCENARIO).write_bytes(msgspec.json.format(msgspec.json.encode(staged), indent=1) + b"\n")
            journal = writer.stream(JOURNAL, ROW)
            for rows in session.recorder.pieces:
                journal.add(rows)
            writer.end("horizon" if play.is_over else "kept at the desk")
        return path.name

    def explain(self, name: str) -> Postmortem:
        """The post-mortem of a run; the last few are remembered.

        Raises:
            UsageError: no such run.
            InputError: its Journal is empty or damaged.
        """
        path = self.find(name)
        replays = path / REPLAYS
        journal = Journal.open(path)
        key = (name, journal.hash, len(journal), replays.stat().st_mtime_ns if replays.is_file() else 0)
        with self._lock:
            found = self._reports.get(key)
            if found is None:
                found = explain(journal, replays=_effects(replays))
                self._reports[key] = found
                while len(self._reports) > _MOST_KEPT:
                    del self._reports[next(iter(self._reports))]
        return found

    def _line(self, name: str) -> RunLine:
        path = self.find(name)
        changed_s = path.stat().st_mtime
        try:
            run = read_run(path)
        except ShortdeskError as problem:
            return RunLine(name, problem=str(problem), changed_s=changed_s)
        ended = run.streams.get(JOURNAL)
        line = RunLine(
            name=name,
            scenario=run.scenario,
            seed=run.seed,
            state=run.stop or run.state,
            rows=ended.rows if ended else 0,
            is_staged=(path / SCENARIO).is_file(),
            changed_s=changed_s,
        )
        try:
            first = read_summary(path).instrument[0]
        except (ShortdeskError, IndexError):  # a run that was killed, or kept at the desk, has none
            return line
        return msgspec.structs.replace(line, rise_pct=first.peak_pct, liquidations=first.liquidations)


def _is_run(path: Path) -> bool:
    return bool(_NAME.fullmatch(path.name)) and not path.is_symlink() and (path / "run.json").is_file()


def _effects(path: Path) -> list[Replay]:
    if not path.is_file():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Replay])
    except msgspec.DecodeError as problem:
        raise InputError(f"not a list of replays: {problem}", path.name) from None
