"""``shortdesk play``: a market told line by line, and what has to happen in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, notice, show, to_json

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
    from shortdesk.doors.play.table import difference, event_rows, event_table

    stage = play_file(file)
    if json and not quiet:
        sys.stdout.write(to_json(event_rows(stage.events)))
    elif not quiet:
        show(console(), event_table(stage.events))
    if stage.misses:
        sys.stdout.flush()
        if json:
            notice(difference(stage.misses))
        else:
            print(difference(stage.misses))
        return 1
    if not json and not quiet:
        print(f"{len(stage.events)} events; everything that was expected came true.")
    return 0
