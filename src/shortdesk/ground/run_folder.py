"""A run on disk: one folder with its description, its names, its Journal and its commands.

    run.json       what was run and with what; whether it has ended, why, and with which hashes
    names.json     names of venues, instruments, assets and accounts, with what a reader must know of them
    journal/       the Journal, a stream (ground/stream.py)
    commands/      further streams, for instance the commands a replay is made from

``run.json`` is written when the run begins and again when it ends. A run that was killed is readable up
to the last whole block of each stream, and its description still says ``running``.
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, TypeVar

import msgspec
import numpy as np

import shortdesk
from shortdesk.ground.errors import InputError
from shortdesk.ground.stream import PART
from shortdesk.ground.stream_writer import BLOCK_ROWS, StreamWriter

__all__ = [
    "JOURNAL",
    "JOURNAL_FORMAT",
    "NameTable",
    "Names",
    "Run",
    "RunWriter",
    "StreamEnd",
    "code_table",
    "read_names",
    "read_run",
    "versions",
]

T = TypeVar("T")

JOURNAL_FORMAT = 1
"""The number of this format. It changes when a field, a file or the meaning of a number changes."""

RUN = "run.json"
NAMES = "names.json"
JOURNAL = "journal"
"""Names of what a run's folder holds: what the run was, its names, and the folder of its blocks of rows."""


class NameTable(msgspec.Struct, frozen=True):
    """Names by id, and for each id (or for none) what else is known of it, as text.

    An instrument's ``tick``, ``lot`` and an asset's ``digits`` let readers turn ticks, lots and units
    into prices and amounts.
    """

    names: list[str] = []
    info: list[dict[str, str]] = []

    def name(self, number: int) -> str:
        """The name of ``number``; empty for none (-1), ``#7`` for a number without a name."""
        if number < 0:
            return ""
        return self.names[number] if number < len(self.names) else f"#{number}"


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The four tables of names of a run."""

    venue: NameTable = NameTable()
    instrument: NameTable = NameTable()
    asset: NameTable = NameTable()
    account: NameTable = NameTable()


class StreamEnd(msgspec.Struct, frozen=True):
    """What a stream held when the run ended."""

    rows: int
    hash: str


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What was run and how it ended.

    ``codes`` names the ``code`` of a kind where the run has its own table, by the kind's name in lower
    case. ``streams`` is empty until the run has ended.
    """

    format: int = JOURNAL_FORMAT
    shortdesk: str = shortdesk.__version__
    state: Literal["running", "ended"] = "running"
    stop: str = ""
    scenario: str = ""
    scenario_digest: str = ""
    seed: int = 0
    start_ns: int = 0
    versions: dict[str, str] = {}
    codes: dict[str, dict[int, str]] = {}
    streams: dict[str, StreamEnd] = {}


class _Format(msgspec.Struct):
    format: int


class RunWriter:
    """A new run folder and the writers of its streams; as a context it ends the run whatever happens.

    Raises:
        InputError: the folder exists and is not empty, or cannot be written.
    """

    def __init__(self, path: Path, run: Run, names: Names | None = None) -> None:
        self.path = path
        self.run = run
        self._streams: dict[str, StreamWriter] = {}
        self._ended = False
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise InputError("this folder is not empty; a run needs a new one", str(path))
            self._write(NAMES, names or Names())
            self._write(RUN, run)
        except FileExistsError:
            raise InputError("this is a file; a run needs a new folder", str(path)) from None
        except OSError as problem:
            raise InputError(f"cannot be written: {problem.strerror}", str(path)) from None

    def stream(self, name: str, row: np.dtype[Any], *, block_rows: int = BLOCK_ROWS) -> StreamWriter:
        """A new stream of the run; the Journal's name is ``journal``.

        Raises:
            InputError: as ``StreamWriter``.
        """
        writer = StreamWriter(self.path / name, row, block_rows=block_rows)
        self._streams[name] = writer
        return writer

    def end(self, stop: str) -> Run:
        """Close what is open, enter why the run ended and the hashes of its streams.

        Raises:
            InputError: rows of a stream could not be written.
        """
        self._ended = True
        problems: list[InputError] = []
        for writer in self._streams.values():
            try:
                writer.close()
            except InputError as problem:
                problems.append(problem)
        streams = {name: StreamEnd(writer.rows_written, writer.hash) for name, writer in self._streams.items()}
        stop = f"failed: {problems[0]}" if problems else stop
        self.run = msgspec.structs.replace(self.run, state="ended", stop=stop, streams=streams)
        try:
            self._write(RUN, self.run)
        except OSError as problem:
            problems.append(InputError(f"cannot be written: {problem.strerror}", str(self.path / RUN)))
        if problems:
            raise problems[0]
        return self.run

    def __enter__(self) -> RunWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ended:
            return
        if kind is None:
            self.end("")
            return
        try:
            self.end("interrupted" if issubclass(kind, KeyboardInterrupt) else f"failed: {problem}")
        except InputError as second:  # the first problem is the one to tell
            if problem is not None:
                problem.add_note(str(second))

    def _write(self, name: str, value: Run | Names) -> None:
        target = self.path / name
        part = target.with_suffix(PART)
        part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
        part.replace(target)


def read_run(path: Path) -> Run:
    """The description of the run in a folder.

    Raises:
        InputError: there is no such folder, it is not a run's, or a newer shortdesk wrote it.
    """
    if not path.is_dir():
        raise InputError("this is not a folder" if path.exists() else "there is no such folder", str(path))
    if not (path / RUN).is_file():
        raise InputError(f"this is not the folder of a run: there is no {RUN} in it", str(path))
    given = _decode(path / RUN, _Format).format
    if given > JOURNAL_FORMAT:
        raise InputError(
            f"written in journal format {given} by a newer shortdesk; this one ({shortdesk.__version__}) reads up to "
            f"format {JOURNAL_FORMAT}",
            str(path / RUN),
        )
    return _decode(path / RUN, Run)


def read_names(path: Path) -> Names:
    """The names of the run in a folder.

    Raises:
        InputError: the file is missing or cannot be read.
    """
    return _decode(path / NAMES, Names)


def _decode(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except OSError as problem:
        raise InputError(f"cannot be read: {os.strerror(problem.errno or 0).lower()}", str(path)) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"not what a run writes: {problem}", str(path)) from None


def code_table(names: type[IntEnum]) -> dict[int, str]:
    """An enum as a table of codes."""
    return {int(member): member.name.lower() for member in names}


def versions(*packages: str) -> dict[str, str]:
    """The versions of Python and of the given packages, for a run's description."""
    from importlib.metadata import version

    return {"python": sys.version.split()[0], **{package: version(package) for package in packages}}
