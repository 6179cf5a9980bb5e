"""The Journal's row: everything that happened, one fixed-width record each.

One of the four narrow waists. The market writes it, and so do importers of real history. Studies,
reports, tax lots, screens, the gateway and ``shortdesk sql`` read it and never the market itself.

Layout: 80 bytes, ten little-endian 64-bit words, no padding. The first 13 fields of the design stand
under their names; ``asset``, ``other_order`` and ``code`` were added so that no field has to carry
another's meaning (what moved, the maker's order of a fill, the reason of a refusal). ``-1`` in
``cause``, ``order``, ``other_order``, ``account``, ``other``, ``instrument``, ``asset``, ``venue`` and
``price`` means none; ``lots`` and ``units`` are then 0. ``ground/kind_uses.py`` says what each kind fills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.kind_uses import USES
from shortdesk.ground.kinds import CODES, NO_MECHANISM, Kind, Mechanism
from shortdesk.ground.row_hash import hash_rows, hash_text
from shortdesk.ground.run_folder import JOURNAL, JOURNAL_FORMAT, Names, NameTable, Run, code_table, read_names, read_run
from shortdesk.ground.stream import Block, StreamReader

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = [
    "JOURNAL_FORMAT",
    "NO_MECHANISM",
    "ROW",
    "ROW_BYTES",
    "Journal",
    "Kind",
    "Mechanism",
    "append",
    "kind_named",
    "new_rows",
    "put",
    "room",
]

_FIELDS = np.dtype(
    [
        ("seq", "<i8"),  # number of the row in its Journal, from 0 without a gap
        ("time_ns", "<i8"),  # nanoseconds since 1970-01-01 UTC
        ("cause", "<i8"),  # seq of the row that made this one; -1 for what comes from outside
        ("order", "<i8"),  # order, or what the kind says
        ("other_order", "<i8"),  # the other order of a pair
        ("price", "<i8"),  # ticks of the instrument
        ("lots", "<i8"),  # lots of the instrument, signed
        ("units", "<i8"),  # smallest units of the asset, signed
        ("account", "<i4"),  # whom the row is about
        ("other", "<i4"),  # counterparty
        ("instrument", "<i2"),
        ("asset", "<i2"),
        ("venue", "<i1"),
        ("kind", "<u1"),  # Kind
        ("mechanism", "<u1"),  # Mechanism, 0 for nobody's act
        ("code", "<u1"),  # reason, state or form, as the kind says
    ],
    align=True,
)
ROW: np.dtype[Any] = np.dtype((np.record, _FIELDS))
"""The row. ``np.record`` lets plain Python read ``rows[i].price`` as a kernel does."""
ROW_BYTES = ROW.itemsize
"""How many bytes a row takes."""


def new_rows(capacity: int) -> NDArray[Any]:
    """An empty table of ``capacity`` rows: a plain array, which a kernel takes twice as fast as a recarray."""
    return np.zeros(capacity, ROW)


@rule
def append(
    rows: Any,
    count: int,
    seq: int,
    time_ns: int,
    kind: int,
    cause: int,
    mechanism: int,
    venue: int = -1,
    instrument: int = -1,
    asset: int = -1,
    account: int = -1,
    other: int = -1,
    order: int = -1,
    other_order: int = -1,
    price: int = -1,
    lots: int = 0,
    units: int = 0,
    code: int = 0,
) -> int:
    """Write one row at ``rows[count]`` and return the new count.

    When the table is full nothing is written and ``~count`` (a negative number) is returned; given a
    negative count it writes nothing and returns it again, so that one look at the end of a step is
    enough. ``~`` of the answer is then the number of rows that were written.
    """
    if count < 0:
        return count
    if count >= len(rows):
        return ~count
    put(
        rows[count],
        seq,
        time_ns,
        kind,
        cause,
        mechanism,
        venue,
        instrument,
        asset,
        account,
        other,
        order,
        other_order,
        price,
        lots,
        units,
        code,
    )
    return count + 1


@rule(inline=True)
def put(
    row: Any,
    seq: int,
    time_ns: int,
    kind: int,
    cause: int,
    mechanism: int,
    venue: int,
    instrument: int,
    asset: int,
    account: int,
    other: int,
    order: int,
    other_order: int,
    price: int,
    lots: int,
    units: int,
    code: int,
) -> None:
    """Fill one row of a table in which room was asked for before."""
    row.seq = seq
    row.time_ns = time_ns
    row.cause = cause
    row.order = order
    row.other_order = other_order
    row.price = price
    row.lots = lots
    row.units = units
    row.account = account
    row.other = other
    row.instrument = instrument
    row.asset = asset
    row.venue = venue
    row.kind = kind
    row.mechanism = mechanism
    row.code = code


@rule
def room(rows: Any, count: int, needed: int) -> bool:
    """Whether ``needed`` more rows fit; asked before a step, it makes a full table a clean stop."""
    return count >= 0 and count + needed <= len(rows)


class Journal:
    """The rows of one run, in memory or in whole blocks on disk, with its description and its names.

    ``notice`` is empty, or says that the run has not ended and how far it can be read.
    """

    def __init__(self, run: Run, names: Names, rows: NDArray[Any] | None, stream: StreamReader | None) -> None:
        self.run = run
        self.names = names
        self.stream = stream
        self._rows = rows

    @classmethod
    def open(cls, folder: Path | str) -> Journal:
        """The Journal of a run folder; of a run that was cut off, what lies in whole blocks.

        Raises:
            InputError: the folder is not a run's, a newer shortdesk wrote it, or its index is broken.
        """
        path = Path(folder)
        run = read_run(path)
        return cls(run, read_names(path), None, StreamReader(path / JOURNAL, ROW))

    @classmethod
    def from_rows(cls, rows: NDArray[Any], run: Run | None = None, names: Names | None = None) -> Journal:
        """The Journal of a run that was kept in memory.

        Raises:
            ValueError: the rows are not journal rows.
        """
        if rows.dtype != ROW or rows.ndim != 1:
            raise ValueError(f"expected journal rows of {ROW_BYTES} bytes; got {rows.dtype} of shape {rows.shape}")
        return cls(run or Run(state="ended"), names or Names(), rows, None)

    def __len__(self) -> int:
        return self.stream.rows if self.stream else len(self._memory())

    @property
    def hash(self) -> str:
        """The running hash over all rows (``ground/row_hash.py``)."""
        return self.stream.hash if self.stream else hash_text(hash_rows(self._memory()))

    @property
    def notice(self) -> str:
        """One sentence when the run has not ended or left unfinished files; else empty."""
        if self.stream is None:
            return ""
        ended = self.run.streams.get(JOURNAL)
        if ended and ended.rows == len(self) and not self.run.stop.startswith("failed"):
            return ""
        blocks = self.stream.blocks
        reach = f"block {blocks[-1].number}, row {blocks[-1].last_seq:,}" if blocks else "its beginning: no whole block"
        if self.run.state == "running":
            return f"this run has not ended (it is running or was cut off); it is readable up to {reach}"
        return f"this run ended early ({self.run.stop or 'no reason given'}); it is readable up to {reach}"

    def rows(
        self,
        *kinds: Kind | str,
        since: int | None = None,
        until: int | None = None,
        blocks: tuple[int, int] | None = None,
    ) -> NDArray[Any]:
        """The rows as one record array, in order.

        ``kinds`` by value or name (all when none is given); times ``since <= time_ns < until``;
        ``blocks`` the first and the last block by number, counted from 1.

        Raises:
            UsageError: a kind or a block that does not exist.
            InputError: a block is missing or damaged.
        """
        wanted = [kind_named(kind) for kind in kinds]
        if self.stream is None:
            self._no_blocks(blocks)
            return self._memory()[self._mask(wanted, since, until)]
        condition, values = _condition(wanted, since, until)
        return self.stream.table(self._chosen(since, until, blocks), condition, values)

    def columns(
        self,
        names: Sequence[str] = (),
        *kinds: Kind | str,
        since: int | None = None,
        until: int | None = None,
        blocks: tuple[int, int] | None = None,
    ) -> dict[str, NDArray[Any]]:
        """The named columns (all when none is named) of the rows that ``rows`` would give.

        Raises:
            UsageError: a column, a kind or a block that does not exist.
            InputError: a block is missing or damaged.
        """
        fields = ROW.names or ()
        for name in names:
            if name not in fields:
                raise UsageError(unknown_name("column", name, fields))
        if self.stream is None:
            rows = self.rows(*kinds, since=since, until=until, blocks=blocks)
            return {name: rows[name] for name in names or fields}
        condition, values = _condition([kind_named(kind) for kind in kinds], since, until)
        return self.stream.columns(names or fields, self._chosen(since, until, blocks), condition, values)

    def each(self) -> Iterator[NDArray[Any]]:
        """Block after block, so that a Journal larger than memory can be read."""
        if self.stream is None:
            yield self._memory()
        else:
            yield from self.stream.each()

    def table(self, kind: Kind | str, *, since: int | None = None, until: int | None = None) -> dict[str, NDArray[Any]]:
        """The rows of one kind: what it fills, with a column of names beside each column of ids.

        Raises:
            UsageError: there is no such kind.
            InputError: a block is missing or damaged.
        """
        chosen = kind_named(kind)
        fields = ["seq", "time_ns", *USES[chosen].fields, "cause", "mechanism"]
        found: dict[str, NDArray[Any]] = {}
        for name, column in self.columns(fields, chosen, since=since, until=until).items():
            found[name] = column
            if name in _NAMED:
                found[f"{name}_name"] = self._names_of(name, column, chosen)
        return found

    def code_names(self, kind: Kind) -> dict[int, str]:
        """What the ``code`` of a kind means: the enum's names, then the run's own."""
        named = code_table(CODES[kind]) if kind in CODES else {}
        return named | self.run.codes.get(kind.name.lower(), {})

    def connect(self) -> DuckDBPyConnection:
        """A database with the views of ``ground/journal_views.py`` that reads this Journal and nothing else.

        Raises:
            InputError: a block is missing or damaged.
        """
        from shortdesk.ground.journal_views import connect

        return connect(self)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """The rows that answer a query over the views; it can change nothing, whoever wrote it.

        Raises:
            UsageError: the text is no query, does something else than read, or cannot be answered.
            InputError: a block is missing or damaged.
        """
        from shortdesk.ground.journal_views import execute, only_reads

        with self.connect() as database:
            return execute(database, only_reads(database, query)).fetchall()

    def _memory(self) -> NDArray[Any]:
        assert self._rows is not None
        return self._rows

    def _mask(self, kinds: Sequence[Kind], since: int | None, until: int | None) -> NDArray[np.bool_]:
        rows = self._memory()
        mask = np.ones(len(rows), np.bool_)
        if kinds:
            mask &= np.isin(rows["kind"], [int(kind) for kind in kinds])
        if since is not None:
            mask &= rows["time_ns"] >= since
        if until is not None:
            mask &= rows["time_ns"] < until
        return mask

    def _chosen(self, since: int | None, until: int | None, blocks: tuple[int, int] | None) -> list[Block]:
        assert self.stream is not None
        first, last = blocks or (1, len(self.stream.blocks))
        if blocks and not 1 <= first <= last <= len(self.stream.blocks):
            raise UsageError(f"blocks {first} to {last} asked for; there are blocks 1 to {len(self.stream.blocks)}")
        return [block for block in self.stream.select(since, until) if first <= block.number <= last]

    @staticmethod
    def _no_blocks(blocks: tuple[int, int] | None) -> None:
        if blocks:
            raise UsageError("a Journal in memory has no blocks to choose from")

    def _names_of(self, field: str, column: NDArray[Any], kind: Kind) -> NDArray[Any]:
        numbers, places = np.unique(column, return_inverse=True)
        names = [self._name_of(field, int(number), kind) for number in numbers]
        return np.array(names, object)[places] if names else np.zeros(0, object)

    def _name_of(self, field: str, number: int, kind: Kind) -> str:
        if field == "mechanism":
            return Mechanism(number).name.lower() if number != NO_MECHANISM else ""
        if field == "code":
            return self.code_names(kind).get(number, f"#{number}")
        table: NameTable = getattr(self.names, _NAMED[field])
        return table.name(number)


_NAMED = {
    "venue": "venue",
    "instrument": "instrument",
    "asset": "asset",
    "account": "account",
    "other": "account",
    "code": "code",
    "mechanism": "mechanism",
}
"""Fields that are numbers of something with a name, and whose table holds it."""


def kind_named(kind: Kind | str) -> Kind:
    """A kind by value or by name, upper or lower case.

    Raises:
        UsageError: there is no such kind.
    """
    if isinstance(kind, Kind):
        return kind
    try:
        return Kind[kind.upper()]
    except KeyError:
        raise UsageError(unknown_name("kind", kind, (known.name.lower() for known in Kind))) from None


def _condition(kinds: Sequence[Kind], since: int | None, until: int | None) -> tuple[str, list[int]]:
    parts: list[str] = []
    values: list[int] = []
    if kinds:
        parts.append(f"kind in ({', '.join(str(int(kind)) for kind in kinds)})")
    if since is not None:
        parts.append("time_ns >= ?")
        values.append(int(since))
    if until is not None:
        parts.append("time_ns < ?")
        values.append(int(until))
    return " and ".join(parts), values
