"""``shortdesk sql``: a recorded run asked with SQL."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shortdesk.doors.cli.output import notice
from shortdesk.doors.cli.sql_output import print_csv, print_json, print_table
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.ground.journal_views import connect, execute, only_reads

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["sql"]

ENDINGS = (".json", ".csv", ".parquet")


def sql(
    run: Path,
    query: str | None = None,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Ask a recorded run with SQL.

    Views: journal (every row), fills, transfers, liquidations, marks, names
    and run; the query "describe fills" lists the columns of one.
    A query reads this run and nothing else, and changes nothing.

    Parameters
    ----------
    run
        The folder of a run.
    query
        A SELECT in DuckDB's dialect; read from standard input when not given.
    json
        Print a list with one object per row; decimals as text.
    csv
        Print one line per row.
    output
        Write to a file; its ending (.json, .csv, .parquet) says the form.
    """
    _check_form(run, json, csv, output)
    asked = _from_input() if query is None else query
    journal = Journal.open(run)
    if journal.notice:
        notice(f"notice: {journal.notice}")
    part = output.with_name(f".{output.name}.part") if output else None
    with connect(journal, part) as database:
        text = only_reads(database, asked)
        if output and part:
            _write(database, text, output, part)
        else:
            _print(database, text, json, csv)
    return 0


def _from_input() -> str:
    if sys.stdin is None or sys.stdin.isatty():
        raise UsageError("a query is missing; give one, e.g. 'select * from fills limit 5'")
    return sys.stdin.read()


def _check_form(run: Path, json: bool, csv: bool, output: Path | None) -> None:
    if json and csv:
        raise UsageError("--json and --csv exclude each other; give one of them")
    if output is None:
        return
    if output.suffix.casefold() not in ENDINGS:
        raise UsageError(f"output '{output}': the ending says the form; expected {', '.join(ENDINGS)}")
    if output.is_dir():
        raise InputError("is a directory; expected a file name", str(output))
    if not output.parent.is_dir():
        raise InputError("there is no such folder", str(output.parent))
    if run.resolve() in output.resolve().parents:
        raise UsageError(f"output '{output}' lies in the run's own folder, which is only read")


def _print(database: DuckDBPyConnection, text: str, json: bool, csv: bool) -> None:
    answer = execute(database, text)
    if json:
        print_json(answer, sys.stdout)
    elif csv:
        print_csv(answer, sys.stdout)
    else:
        print_table(answer)


def _write(database: DuckDBPyConnection, text: str, output: Path, part: Path) -> None:
    """Write a file whole or not at all."""
    ending = output.suffix.casefold()
    try:
        if ending == ".parquet":
            target = str(part).replace("'", "''")
            execute(database, f"copy ({text}) to '{target}' (format parquet, use_tmp_file false)")
        else:
            answer = execute(database, text)
            with part.open("w", encoding="utf-8", newline="") as file:
                (print_json if ending == ".json" else print_csv)(answer, file)
        os.replace(part, output)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror}", str(output)) from None
    finally:
        part.unlink(missing_ok=True)
    notice(f"wrote {output}")
