"""``shortdesk play``: a market told line by line, and what has to happen in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, fits, notice, to_json

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["play"]


def play(
    file: Path,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Play a script: accounts, deposits, orders and marks in a small market.

    Prints everything that happened. Lines that begin with expect, balance,
    equity, maintenance, position, owes or open orders say what has to be so;
    each that is not is shown with what was found, and the exit code is 1.

    Parameters
    ----------
    file
        The script, such as tests/market/plays/a-first-short.play.
    json
        Print a list with one object per event; decimals as text.
    quiet
        Print only what did not come true.
    """
    # A script has tens of commands: as plain Python they take less time than a compiled market takes to load.
    os.environ.setdefault("SHORTDESK_INTERPRETED", "1")
    from shortdesk.doors.play.script import play_file
    from shortdesk.doors.play.table import difference, event_lines, event_rows, event_table

    stage = play_file(file)
    if json and not quiet:
        sys.stdout.write(to_json(event_rows(stage.events)))
    elif not quiet:
        _show(event_table(stage.events), event_lines(stage.events))
    if stage.misses:
        sys.stdout.flush()
        if json:
            notice(difference(stage.misses))
        else:
            print(difference(stage.misses))
        return 1
    if not json and not quiet:
        count = len(stage.events)
        print(f"{count} event{'' if count == 1 else 's'}; everything that was expected came true.")
    return 0


def _show(table: Table, lines: list[str]) -> None:
    """The table where it fits or nobody watches; in a narrow window a line for each event."""
    out = console()
    if not sys.stdout.isatty() and "COLUMNS" not in os.environ:
        out.width = 10_000
    if fits(out, table):
        out.print(table)
        return
    for line in lines:
        print(line)
