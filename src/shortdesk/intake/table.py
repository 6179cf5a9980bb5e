"""One file of rows, opened by DuckDB: CSV (plain, gzip or zip) or Parquet, and where each row stands in it.

Text stays text until it is asked for as an exact integer, so no price or rate passes through a float. The one
exception is a Parquet file that holds floats already: their shortest decimal is taken, and the reader says so.
"""

from __future__ import annotations

import csv
import functools
import gzip
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import InputError, nearest_names
from shortdesk.intake.times import parse_time

if TYPE_CHECKING:
    import duckdb

__all__ = ["IntArray", "Table", "open_table"]

IntArray: TypeAlias = npt.NDArray[np.int64]
"""A column of integers: times, prices or rates."""

_ENDINGS = (".csv", ".csv.gz", ".zip", ".parquet")
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_MOST_DIGITS = 18


class Table:
    """The rows of one file. ``columns`` maps each column's name to its DuckDB type; ``load`` reads some of them."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        name: str,
        scan: str,
        columns: Mapping[str, str],
        *,
        first_line: int | None,
        header: bool,
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.header = header
        self.rows = 0
        self._connection = connection
        self._scan = scan
        self._first_line = first_line

    def where(self, row: int | None = None, field: str | None = None) -> str:
        """The place a message names: the file, its line (Parquet: row, counted from 1) and the field."""
        place = self.name
        if row is not None:
            place += f", row {row + 1}" if self._first_line is None else f":{row + self._first_line}"
        return f"{place}, field '{field}'" if field else place

    def find(self, *names: str) -> str | None:
        """The file's own spelling of the first of ``names`` it has, upper and lower case alike."""
        folded = {column.strip().casefold(): column for column in self.columns}
        return next((folded[name.casefold()] for name in names if name.casefold() in folded), None)

    def missing(self, name: str, expected: str) -> InputError:
        """The error for a column that is not there, offering the nearest names."""
        near = nearest_names(name, self.columns, most=2)
        hint = f"; did you mean {' or '.join(repr(column) for column in near)}?" if near else ""
        return InputError(
            f"column '{name}' is missing; expected {expected}; the file has {', '.join(self.columns)}{hint}", self.name
        )

    def load(self, columns: Sequence[str]) -> None:
        """Read these columns into memory. Raises InputError for a torn row, a broken file or no rows at all."""
        import duckdb

        listed = ", ".join(
            f"trim({name}) AS {name}" if self.columns[column] == "VARCHAR" else name
            for column, name in ((column, _quoted(column)) for column in columns)
        )
        try:
            self._connection.execute(
                "CREATE OR REPLACE TEMP TABLE rows AS "
                f"SELECT row_number() OVER () - 1 AS row, {listed} FROM {self._scan}"
            )
        except duckdb.Error as error:
            raise _torn(self, str(error)) from None
        self.rows = self._one("SELECT count(*) FROM rows")
        if self.rows == 0:
            raise InputError("there are no rows in it, only a header", self.name)

    def text(self, row: int, column: str) -> str:
        """What stands in that cell, as text."""
        cell = self._one(f"SELECT {_quoted(column)}::VARCHAR FROM rows WHERE row = {int(row)}")
        return "nothing" if cell is None else f"'{cell}'"

    def distinct(self, column: str) -> int:
        """How many different values the column holds."""
        return int(self._one(f"SELECT count(DISTINCT {_quoted(column)}) FROM {self._scan}"))

    def select(self, *expressions: str) -> list[npt.NDArray[Any]]:
        """Each SQL expression over the loaded rows, in file order; masked where it is NULL."""
        named = ", ".join(f"({expression}) AS e{index}" for index, expression in enumerate(expressions))
        found = self._connection.execute(f"SELECT {named} FROM rows ORDER BY row").fetchnumpy()
        return [found[f"e{index}"] for index in range(len(expressions))]

    def holds_floats(self, columns: Sequence[str]) -> bool:
        """Whether any of these columns is stored as a binary float."""
        return any(self.columns[column] in ("FLOAT", "DOUBLE") for column in columns)

    def exact(self, columns: Sequence[str]) -> tuple[int, list[IntArray]]:
        """The columns as integers on one decimal grid: (decimals, arrays); a value v stands for v * 10**-decimals.

        The grid is the coarsest that holds every value. Raises InputError for an empty cell, for what is not a
        number, and for values that need more than 18 digits on that grid.
        """
        decimals = self._common_decimals(columns)
        found = self.select(*(self._on_grid(column, decimals) for column in columns))
        for column, values in zip(columns, found, strict=True):
            if (lost := np.ma.getmaskarray(values)).any():
                row = int(np.argmax(lost))
                raise InputError(
                    f"{self.text(row, column)} needs more than {_MOST_DIGITS} digits on the grid of 1e-{decimals} "
                    "that the other values ask for",
                    self.where(row, column),
                )
        return decimals, [np.asarray(values, dtype=np.int64) for values in found]

    def _common_decimals(self, columns: Sequence[str]) -> int:
        """The decimals that hold every value of these columns; refuses cells that are not numbers."""
        checks = []
        for column in columns:
            text, name = self._as_text(column), _quoted(column)
            proper = "true" if self._decimal_scale(column) is not None else f"regexp_full_match({text}, '{_NUMBER}')"
            checks.append(f"min(row) FILTER ({name} IS NULL OR NOT {proper})")
            checks.append(f"coalesce(bool_or(contains({text}, 'e') OR contains({text}, 'E')), false)")
        answers = iter(self._row(f"SELECT {', '.join(checks)} FROM rows"))
        lengths = []
        for column, bad, exponents in zip(columns, answers, answers, strict=True):
            if bad is not None:
                raise InputError(f"expected a number, got {self.text(bad, column)}", self.where(bad, column))
            lengths.append(f"max({self._decimals(column, exponents=exponents)})")
        for column, decimals in zip(columns, found := self._row(f"SELECT {', '.join(lengths)} FROM rows"), strict=True):
            if decimals > _MOST_DIGITS:
                where = self.where(None, column)
                raise InputError(f"values with {decimals} decimals; at most {_MOST_DIGITS} can be kept", where)
        return max(0, *map(int, found))

    def _decimals(self, column: str, *, exponents: bool) -> str:
        """The SQL that counts a number's decimals, without the zeros they end in."""
        scale = self._decimal_scale(column)
        if scale is not None:
            return str(scale)
        text = self._as_text(column)
        if not exponents:
            return f"CASE WHEN contains({text}, '.') THEN length(rtrim({text}, '0')) - strpos({text}, '.') ELSE 0 END"
        mantissa, exponent = f"split_part(lower({text}), 'e', 1)", f"split_part(lower({text}), 'e', 2)"
        return f"length(rtrim(split_part({mantissa}, '.', 2), '0')) - coalesce(try_cast({exponent} AS INTEGER), 0)"

    def _on_grid(self, column: str, decimals: int) -> str:
        """The SQL that turns a number into an integer on the grid; NULL where it does not fit."""
        scale = self._decimal_scale(column)
        if scale is None:
            value = f"try_cast({self._as_text(column)} AS DECIMAL({_MOST_DIGITS},{decimals}))"
        else:
            value = f"{_quoted(column)}::DECIMAL({_MOST_DIGITS + 1},{scale})"
        return f"try_cast({value} * {10**decimals}::DECIMAL({_MOST_DIGITS + 1},0) AS BIGINT)"

    def _decimal_scale(self, column: str) -> int | None:
        match = re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", self.columns[column])
        return int(match[2]) if match and int(match[1]) <= _MOST_DIGITS else None

    def _as_text(self, column: str) -> str:
        name = _quoted(column)
        return name if self.columns[column] == "VARCHAR" else f"{name}::VARCHAR"

    def _row(self, query: str) -> tuple[Any, ...]:
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return tuple(row)

    def _one(self, query: str) -> Any:
        return self._row(query)[0]


@contextmanager
def open_table(path: str | Path, headerless: Mapping[int, Sequence[str]]) -> Iterator[Table]:
    """Open a file of rows; ``headerless`` names the columns of a CSV without a header, by how many there are.

    Raises InputError for a missing file, a directory, an ending that is not read, an empty or broken file, a zip
    that does not hold exactly one CSV, and a header that cannot be understood.
    """
    name = str(path)
    kind = _ending(Path(path), name)
    connection = _database().cursor()
    try:
        if kind == ".parquet":
            yield _open_parquet(connection, Path(path), name)
        elif kind == ".zip":
            with tempfile.TemporaryDirectory(prefix="shortdesk-") as folder:
                yield _open_csv(connection, _unzip(Path(path), name, Path(folder)), name, headerless)
        else:
            yield _open_csv(connection, Path(path), name, headerless)
    finally:
        connection.close()


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    """One database in memory for the process, since opening one costs more than reading a small file."""
    import duckdb

    return duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})


def _ending(path: Path, name: str) -> str:
    if path.is_dir():
        raise InputError(f"this is a directory; expected one file ending in {', '.join(_ENDINGS)}", name)
    if not path.is_file():
        raise InputError("there is no such file", name)
    for ending in _ENDINGS:
        if path.name.casefold().endswith(ending):
            if path.stat().st_size == 0:
                raise InputError("the file is empty", name)
            return ending
    hint = "; save a feather file as Parquet first" if path.suffix.casefold() == ".feather" else ""
    raise InputError(f"cannot tell the format from '{path.suffix}'; expected {', '.join(_ENDINGS)}{hint}", name)


def _open_parquet(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> Table:
    import duckdb

    scan = f"read_parquet({_literal(path)})"
    try:
        columns = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
    except duckdb.Error as error:
        raise InputError(f"this is not a whole Parquet file ({_first_sentence(str(error))})", name) from None
    return Table(connection, name, scan, columns, first_line=None, header=True)


def _open_csv(
    connection: duckdb.DuckDBPyConnection, path: Path, name: str, headerless: Mapping[int, Sequence[str]]
) -> Table:
    first = _first_row(path, name)
    header = not _is_data(first)
    if header:
        names = _header_names(first, name)
    elif len(first) in headerless:
        names = list(headerless[len(first)])
    else:
        known = " or ".join(str(count) for count in sorted(headerless))
        raise InputError(
            f"the first line holds {len(first)} values and no column names; without a header only {known} columns "
            "are understood",
            f"{name}:1",
        )
    types = ", ".join(f"{_text(column)}: 'VARCHAR'" for column in names)
    compression = "gzip" if path.name.casefold().endswith(".gz") else "none"
    scan = (
        f"read_csv({_literal(path)}, columns={{{types}}}, header={str(header).lower()}, delim=',', quote='\"', "
        f"escape='\"', auto_detect=false, compression='{compression}')"
    )
    columns = dict.fromkeys(names, "VARCHAR")
    return Table(connection, name, scan, columns, first_line=2 if header else 1, header=header)


def _first_row(path: Path, name: str) -> list[str]:
    try:
        packed = path.name.casefold().endswith(".gz")
        with (
            gzip.open(path) if packed else path.open("rb") as raw,
            io.TextIOWrapper(raw, encoding="utf-8-sig", newline="") as lines,
        ):
            row = next(csv.reader(lines), [])
    except UnicodeDecodeError:
        raise InputError("this is not UTF-8 text", name) from None
    except (gzip.BadGzipFile, zlib.error, EOFError, OSError) as error:
        raise InputError(f"cannot be unpacked ({error})", name) from None
    except csv.Error as error:
        raise InputError(f"the first line is not CSV ({error})", f"{name}:1") from None
    if not any(cell.strip() for cell in row):
        raise InputError("the file is empty, or its first line is", name)
    return row


def _is_data(row: Sequence[str]) -> bool:
    """Numbers all along, or a time and then numbers: a row of data stands where a header was expected."""
    first, rest = row[0].strip(), [cell.strip() for cell in row[1:]]
    if not all(re.fullmatch(_NUMBER, cell) or not cell for cell in rest):
        return False
    if re.fullmatch(_NUMBER, first):
        return True
    try:
        parse_time(first)
    except Exception:
        return False
    return True


def _header_names(row: Sequence[str], name: str) -> list[str]:
    names = [cell.strip() for cell in row]
    if len(names) == 1 and (found := [mark for mark in (";", "\t", "|") if mark in names[0]]):
        raise InputError(f"columns are separated by {found[0]!r}; expected commas", f"{name}:1")
    if len(names) == 1:
        raise InputError(f"expected a header with several columns, got {names[0]!r}", f"{name}:1")
    folded = [column.casefold() for column in names]
    for column in folded:
        if folded.count(column) > 1:
            raise InputError(f"column '{column}' stands twice in the header", f"{name}:1")
    if "" in names:
        names = [column or f"column {index + 1}" for index, column in enumerate(names)]
    return names


def _unzip(path: Path, name: str, folder: Path) -> Path:
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(inside) != 1 or not inside[0].filename.casefold().endswith(".csv"):
                listed = ", ".join(entry.filename for entry in inside[:4]) or "nothing"
                raise InputError(f"expected a zip with one .csv inside, found {listed}", name)
            target = folder / "inside.csv"
            with archive.open(inside[0]) as packed, target.open("wb") as out:
                while block := packed.read(1 << 20):
                    out.write(block)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as error:
        raise InputError(f"this is not a whole zip file ({error})", name) from None
    if target.stat().st_size == 0:
        raise InputError("the file inside the zip is empty", name)
    return target


def _torn(table: Table, message: str) -> InputError:
    """DuckDB's report of a row it could not take, in one line of ours."""
    line = re.search(r"on Line: (\d+)", message)
    counts = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", message)
    where = f"{table.name}:{line[1]}" if line else table.name
    if counts and int(counts[2]) > int(counts[1]):
        return InputError(f"expected {counts[1]} columns, found more; numbers take no thousands separator", where)
    if counts:
        return InputError(f"expected {counts[1]} columns, found {counts[2]}", where)
    if "unicode" in message:
        return InputError("this is not UTF-8 text", where)
    if "unterminated quote" in message:
        return InputError("a quotation mark is opened and not closed", where)
    return InputError(f"the rows cannot be read ({_first_sentence(message)})", where)


def _first_sentence(message: str) -> str:
    return (
        re.sub(r"\s*\"?'?/[^\s'\"]*['\"]?", "", message.splitlines()[0]).removeprefix("Invalid Input Error: ").strip()
    )


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _literal(path: Path) -> str:
    """The path as an SQL string that DuckDB takes for one file: its wildcards are put in brackets."""
    return _text(re.sub(r"([*?\[])", r"[\1]", str(path)))
