"""How answers leave: a table for people, JSON and CSV for programs, a file by its ending.

Data go to standard output, notices to standard error. Money is decimal text in JSON and CSV.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.fine import plain

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

__all__ = [
    "check_form",
    "check_page",
    "console",
    "emit",
    "fits",
    "money",
    "notice",
    "show",
    "to_csv",
    "to_json",
    "write_file",
    "write_page",
]

FILE_PLACES = 12
"""Decimals of money in JSON and CSV; what is printed on screen has fewer."""


def console(*, stderr: bool = False) -> Console:
    """A rich console that keeps to plain text when nobody watches or NO_COLOR is set."""
    from rich.console import Console

    plain_text = "NO_COLOR" in os.environ
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or 120)
    return Console(file=stream, no_color=plain_text, highlight=False, width=width, soft_wrap=False)


def fits(out: Console, table: Table) -> bool:
    """Whether a table can be printed in the window without cutting a cell."""
    from rich.measure import Measurement

    return Measurement.get(out, out.options.update(max_width=10_000), table).maximum <= out.width


def show(out: Console, table: Table) -> None:
    """A table where it fits the window; else each row as lines of ``name: value``, so that no digit is cut off."""
    from rich.text import Text

    if fits(out, table):
        out.print(table)
        return
    names = [str(column.header) for column in table.columns]
    columns = [list(column.cells) for column in table.columns]
    for cells in zip(*columns, strict=True):
        if not names[0]:
            out.print(Text(f"{str(cells[0]).strip()}: {', '.join(str(cell) for cell in cells[1:])}"))
            continue
        out.print(Text(str(cells[0]), style="bold"))
        for name, cell in zip(names[1:], cells[1:], strict=True):
            out.print(Text(f"  {name}: {cell}"))


def notice(message: str) -> None:
    """A remark for the person at the terminal, on standard error."""
    print(message, file=sys.stderr)


def money(value: Decimal | None, places: int = FILE_PLACES) -> str | None:
    """A decimal as plain text, or None."""
    return None if value is None else plain(value, places)


def to_json(rows: Any) -> str:
    """Rows as indented JSON text; decimals become text."""
    return json.dumps(rows, indent=2, default=_json_default, ensure_ascii=False) + "\n"


def _json_default(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain(value, FILE_PLACES)
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def to_csv(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV text with a header; nested values become JSON."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _csv_cell(value) for key, value in row.items()})
    return out.getvalue()


def _csv_cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return plain(value, FILE_PLACES)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, default=_json_default, ensure_ascii=False)
    return value


def check_form(*, as_json: bool, as_csv: bool, output: Path | None) -> None:
    """Refuse a form that cannot be given, before anything is computed.

    Raises:
        UsageError: JSON and CSV at once, or a file ending that is not known.
        InputError: the file is a directory.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other; give one of them")
    if output is None:
        return
    if os.path.isdir(output):
        raise InputError("is a directory; expected a file name", str(output))
    if output.suffix.casefold() not in (".json", ".csv"):
        raise UsageError(f"output '{output}': the ending says the form; expected .json or .csv")


def emit(rows: Sequence[Mapping[str, Any]], *, as_json: bool, as_csv: bool, output: Path | None) -> bool:
    """Write rows in the form asked for; False when a table for people is wanted instead.

    Raises:
        UsageError: see ``check_form``.
        InputError: the file cannot be written.
    """
    check_form(as_json=as_json, as_csv=as_csv, output=output)
    if output is not None:
        write_file(output, _text_for(rows, output))
        notice(f"wrote {output}")
        return True
    if as_json:
        sys.stdout.write(to_json(list(rows)))
    elif as_csv:
        sys.stdout.write(to_csv(rows))
    return as_json or as_csv


def _text_for(rows: Sequence[Mapping[str, Any]], output: Path) -> str:
    return to_json(list(rows)) if output.suffix.casefold() == ".json" else to_csv(rows)


def check_page(path: Path | None) -> None:
    """Refuse a page that could not be written, before anything is computed.

    Raises:
        UsageError: a name that does not end in .html.
        InputError: a directory, or a missing folder.
    """
    if path is None:
        return
    if path.is_dir():
        raise InputError("is a directory; expected a file name", str(path))
    if path.suffix.casefold() != ".html":
        raise UsageError(f"page '{path}': expected a name that ends in .html")
    if not path.parent.is_dir():
        raise InputError(f"the folder {path.parent} does not exist; make it first", str(path))


def write_page(path: Path, text: str) -> None:
    """Write a page; say so where it had to do without the desk's panels.

    Raises:
        InputError: as ``write_file``.
    """
    from shortdesk.doors.pages.shell import PLAIN

    write_file(path, text)
    if PLAIN in text:
        notice(f"notice: the page has {PLAIN}")


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all: a temporary file beside it is renamed at the end.

    Raises:
        InputError: a directory, a missing folder, or no permission.
    """
    if os.path.isdir(path):
        raise InputError("is a directory; expected a file name", str(path))
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise InputError(f"cannot be written: {error.strerror}", str(path)) from None
