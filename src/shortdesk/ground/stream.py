"""A stream on disk: rows of one fixed width in whole Parquet blocks, and an index that says which.

A stream is a folder:

    index.jsonl             first line: the fields; then one line per whole block
    block-000001.parquet    the rows, in order
    block-000002.parquet

A block is written under another name, renamed when whole, and only then entered into the index. So
whatever is in the index is whole, and what a killed writer leaves behind is not in it. Nothing waits
for the disk itself: after a power cut the digests say which blocks were lost.
The Journal is such a stream, and so are the commands a run was given.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError
from shortdesk.ground.row_hash import START, hash_rows, hash_text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["INDEX", "PART", "Block", "Header", "StreamReader", "block_name", "quoted_list"]

T = TypeVar("T")

INDEX = "index.jsonl"
PART = ".part"
"""The ending of a file that is still being written."""


class Header(msgspec.Struct, frozen=True):
    """The first line of an index: names and numpy types of the fields, in the order of their bytes."""

    fields: list[tuple[str, str]]

    @classmethod
    def of(cls, row: np.dtype[Any]) -> Header:
        """The header of a stream of ``row``."""
        return cls([(name, row[name].str) for name in row.names or ()])


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an index: a whole block.

    ``hash`` is the running hash of the stream up to and with this block, ``sha256`` the digest of the
    file's bytes. Times are the earliest and the latest of the rows; 0 where they carry none.
    """

    number: int
    first_seq: int
    last_seq: int
    rows: int
    first_ns: int
    last_ns: int
    hash: str
    sha256: str


def block_name(number: int) -> str:
    """The file of a block."""
    return f"block-{number:06d}.parquet"


def quoted_list(paths: Sequence[Path]) -> str:
    """Paths as a list in SQL."""
    return "[" + ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths) + "]"


class StreamReader:
    """A stream as it lies on disk at this moment: only its whole blocks, each checked before it is used.

    Raises:
        InputError: there is no index, a line of it cannot be read, a block is missing, or the stream
            holds other fields than ``row``.
    """

    def __init__(self, folder: Path, row: np.dtype[Any]) -> None:
        self.folder = folder
        self.row = row
        header, self.blocks, self.torn = _read_index(folder)
        wanted = Header.of(row).fields
        if header.fields != wanted:
            raise InputError(f"holds rows of {_listed(header.fields)}; expected {_listed(wanted)}", str(folder / INDEX))
        self._checked: set[int] = set()

    @property
    def rows(self) -> int:
        """How many rows lie in whole blocks."""
        return sum(block.rows for block in self.blocks)

    @property
    def hash(self) -> str:
        """The running hash over all whole blocks, as the writer entered it."""
        return self.blocks[-1].hash if self.blocks else hash_text(START)

    def leftovers(self) -> list[str]:
        """Names of files that belong to no whole block: what a killed writer was at."""
        known = {block_name(block.number) for block in self.blocks} | {INDEX}
        return sorted(path.name for path in self.folder.iterdir() if path.name not in known)

    def select(self, since: int | None = None, until: int | None = None) -> tuple[Block, ...]:
        """The blocks that may hold rows with ``since <= time_ns < until``."""
        return tuple(
            block
            for block in self.blocks
            if (since is None or block.last_ns >= since) and (until is None or block.first_ns < until)
        )

    def paths(self, blocks: Sequence[Block] | None = None) -> list[Path]:
        """The files of ``blocks`` (all when not given), after a check of each against its digest.

        Raises:
            InputError: a file is missing or is not what was written; names the file and its rows.
        """
        chosen = self.blocks if blocks is None else blocks
        for block in chosen:
            self._check(block)
        return [self.folder / block_name(block.number) for block in chosen]

    def _check(self, block: Block) -> None:
        if block.number in self._checked:
            return
        path = self.folder / block_name(block.number)
        where = f"{path} (rows {block.first_seq:,} to {block.last_seq:,})"
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except FileNotFoundError:
            raise InputError("the index names this block, but the file is missing", where) from None
        if digest != block.sha256:
            raise InputError("this block is damaged: its bytes are not those that were written", where)
        self._checked.add(block.number)

    def columns(
        self,
        names: Sequence[str],
        blocks: Sequence[Block] | None = None,
        condition: str = "",
        values: Sequence[int] = (),
    ) -> dict[str, NDArray[Any]]:
        """The named columns of the given blocks, in order; ``condition`` is a SQL condition on them."""
        import duckdb

        with duckdb.connect() as database:
            return self._columns(database, names, self.paths(blocks), condition, values)

    def table(
        self, blocks: Sequence[Block] | None = None, condition: str = "", values: Sequence[int] = ()
    ) -> NDArray[Any]:
        """The rows of the given blocks as one record array."""
        return self._as_rows(self.columns(self.row.names or (), blocks, condition, values))

    def each(self) -> Iterator[NDArray[Any]]:
        """Block after block as record arrays, so that a long stream is read in bounded memory."""
        import duckdb

        with duckdb.connect() as database:
            for block in self.blocks:
                yield self._as_rows(self._columns(database, self.row.names or (), self.paths([block])))

    def _columns(
        self,
        database: DuckDBPyConnection,
        names: Sequence[str],
        paths: Sequence[Path],
        condition: str = "",
        values: Sequence[int] = (),
    ) -> dict[str, NDArray[Any]]:
        if not paths:
            return {name: np.zeros(0, self.row[name]) for name in names}
        listed = ", ".join(f'"{name}"' for name in names)
        where = f" where {condition}" if condition else ""
        found = database.execute(f"select {listed} from read_parquet({quoted_list(paths)}){where}", list(values))
        return {name: np.asarray(column, self.row[name]) for name, column in found.fetchnumpy().items()}

    def _as_rows(self, columns: dict[str, NDArray[Any]]) -> NDArray[Any]:
        rows = np.zeros(len(next(iter(columns.values()))), self.row)
        for name, column in columns.items():
            rows[name] = column
        return rows

    def verify(self) -> str:
        """Read every row, compare the running hash after each block, and return the last.

        Raises:
            InputError: the rows of a block do not give the hash in the index; names the file.
        """
        value = START
        for block, rows in zip(self.blocks, self.each(), strict=True):
            value = hash_rows(rows, value)
            if hash_text(value) != block.hash:
                raise InputError(
                    f"its rows have the hash {hash_text(value)}; the index says {block.hash}",
                    str(self.folder / block_name(block.number)),
                )
        return hash_text(value)


def _read_index(folder: Path) -> tuple[Header, tuple[Block, ...], bool]:
    path = folder / INDEX
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no {INDEX} here, so this is not a stream of rows", str(folder)) from None
    lines = text.split(b"\n")
    torn = lines.pop() != b""  # a writer killed in the middle of a line leaves one without its end
    if not lines:
        raise InputError("the index has no first line that names the fields", str(path))
    header = _decode(lines[0], Header, path, 1)
    blocks: list[Block] = []
    for number, line in enumerate(lines[1:], 1):
        block = _decode(line, Block, path, number + 1)
        expected = blocks[-1].last_seq + 1 if blocks else block.first_seq
        if (block.number, block.first_seq) != (number, expected):
            found = f"block {block.number} from row {block.first_seq:,}"
            raise InputError(f"expected block {number} from row {expected:,}; found {found}", f"{path}:{number + 1}")
        blocks.append(block)
    return header, tuple(blocks), torn


def _decode(line: bytes, kind: type[T], path: Path, number: int) -> T:
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"not a line of an index: {problem}", f"{path}:{number}") from None


def _listed(fields: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in fields)
