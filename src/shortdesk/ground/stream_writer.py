"""Writes a stream behind the back of the loop that makes its rows.

The loop fills one buffer while the one before is compressed and written by another thread. It waits
only when it comes back to a buffer whose block is not on disk yet. Memory is bounded by the buffers.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError
from shortdesk.ground.row_hash import START, hash_rows, hash_text
from shortdesk.ground.stream import INDEX, PART, Block, Header, block_name

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["BLOCK_ROWS", "StreamWriter"]

BLOCK_ROWS = 1 << 18
"""Rows in a full block: 20 MiB of Journal in memory, about 3 to 4 MB on disk."""

# No dictionaries (version 2 has delta encoding for whole numbers): half the time, and smaller files.
_PARQUET = "format parquet, parquet_version v2, compression snappy, dictionary_size_limit 1, row_group_size 65536"

_DISK_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.ENOENT, errno.EACCES, errno.EROFS, errno.EIO)


class StreamWriter:
    """A new stream in ``folder``, which must be empty or missing.

    A loop that fills the buffer ``rows`` itself hands its first ``count`` rows over with ``turn(count)`` and
    goes on with the next buffer; one that has rows of its own gives them to ``add``. ``close`` hands over
    what is left and waits until all is on disk.

    Raises:
        InputError: the folder already holds something, or cannot be written.
    """

    def __init__(self, folder: Path, row: np.dtype[Any], *, block_rows: int = BLOCK_ROWS, buffers: int = 2) -> None:
        if row.names is None or row.itemsize % 8 or block_rows < 1 or buffers < 2:
            raise ValueError("a stream needs named fields of whole 64-bit words, a block and two buffers")
        self.folder = folder
        self.rows_written = 0
        self.waited_ns = 0
        self._row = row
        self._value = START
        self._number = 0
        self._problem: InputError | None = None
        self._database: DuckDBPyConnection | None = None
        self._index = self._begin()
        # Filled with zeros now: memory touched for the first time costs more than the row put into it.
        self._buffers = [np.full(block_rows, np.zeros((), row)) for _ in range(buffers)]
        self._writing: list[Future[None] | None] = [None] * buffers
        self._turn = 0
        self._filled = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="stream")

    @property
    def rows(self) -> NDArray[Any]:
        """The buffer to fill."""
        return self._buffers[self._turn]

    @property
    def hash(self) -> str:
        """The running hash over the blocks that are on disk."""
        return hash_text(self._value)

    def turn(self, count: int) -> NDArray[Any]:
        """Hand over the first ``count`` rows of the buffer; the buffer to go on with.

        Raises:
            InputError: a block could not be written, for instance because the disk is full. What was
                whole before stays readable.
        """
        self._filled = 0
        if count:
            self._writing[self._turn] = self._thread.submit(self._write, self.rows[:count])
            self._turn = (self._turn + 1) % len(self._buffers)
        self._wait(self._turn)
        return self.rows

    def add(self, rows: NDArray[Any]) -> None:
        """Copy rows into the buffer, and hand it over each time it is full.

        Raises:
            InputError: as ``turn``.
        """
        while len(rows):
            some = rows[: len(self.rows) - self._filled]
            self.rows[self._filled : self._filled + len(some)] = some
            self._filled += len(some)
            rows = rows[len(some) :]
            if self._filled == len(self.rows):
                self.turn(self._filled)

    def close(self, count: int = 0) -> None:
        """Hand over the last ``count`` rows, or those added, wait until all is on disk, and end the stream.

        A second call does nothing.

        Raises:
            InputError: as ``turn``.
        """
        if self._index.closed:
            return
        try:
            self.turn(count or self._filled)
            for slot in range(len(self._buffers)):
                self._wait(slot)
        finally:
            self._thread.shutdown()
            self._index.close()
            if self._database is not None:
                self._database.close()
                self._database = None

    def _wait(self, slot: int) -> None:
        writing = self._writing[slot]
        if writing is None:
            return
        began = time.perf_counter_ns()
        writing.result()
        self.waited_ns += time.perf_counter_ns() - began
        self._writing[slot] = None

    def _begin(self) -> IO[bytes]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise InputError("this folder is not empty; give a new one", str(self.folder))
            index = (self.folder / INDEX).open("wb")
            self._enter(index, Header.of(self._row))
        except OSError as problem:
            raise InputError(f"cannot be written: {problem.strerror}", str(self.folder)) from None
        return index

    def _write(self, rows: NDArray[Any]) -> None:
        if self._problem:  # a block after a lost one would leave a gap
            raise self._problem
        path = self.folder / block_name(self._number + 1)
        try:
            self._write_block(path, rows)
        except OSError as problem:
            self._problem = self._cannot_write(path, problem.errno, str(problem.strerror))
            raise self._problem from None
        except InputError as problem:
            self._problem = problem
            raise

    def _write_block(self, path: Path, rows: NDArray[Any]) -> None:
        part = path.with_suffix(PART)
        self._write_parquet(part, rows)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.rename(path)
        value = hash_rows(rows, self._value)
        self._enter(self._index, self._line(rows, hash_text(value), digest))
        self._value = value
        self._number += 1
        self.rows_written += len(rows)

    def _write_parquet(self, part: Path, rows: NDArray[Any]) -> None:
        import duckdb

        if self._database is None:
            # One thread: the other core belongs to the loop.
            self._database = duckdb.connect(config={"threads": 1})
        self._database.register("given", {name: np.asarray(rows[name]) for name in self._row.names or ()})
        target = str(part).replace("'", "''")
        try:
            self._database.execute(f"copy (select * from given) to '{target}' ({_PARQUET})")
        except duckdb.IOException as problem:
            known = (code for code in _DISK_ERRORS if os.strerror(code) in str(problem))
            raise self._cannot_write(part, next(known, None), str(problem)) from None

    def _line(self, rows: NDArray[Any], hash: str, digest: str) -> Block:
        names = self._row.names or ()
        first_seq = int(rows["seq"][0]) if "seq" in names else self.rows_written
        times = rows["time_ns"] if "time_ns" in names else np.zeros(1, np.int64)
        return Block(
            number=self._number + 1,
            first_seq=first_seq,
            last_seq=first_seq + len(rows) - 1,
            rows=len(rows),
            first_ns=int(times.min()),
            last_ns=int(times.max()),
            hash=hash,
            sha256=digest,
        )

    @staticmethod
    def _enter(index: IO[bytes], line: Header | Block) -> None:
        index.write(msgspec.json.encode(line) + b"\n")
        index.flush()

    def _cannot_write(self, path: Path, code: int | None, text: str) -> InputError:
        reason = os.strerror(code).lower() if code else text
        if self._number:
            before = f"what was whole before it is kept (block {self._number}, {self.rows_written:,} rows)"
        else:
            before = "no block was whole before it"
        return InputError(f"{reason}; {before}", str(path))
