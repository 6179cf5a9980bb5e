"""Group ``startup``: what a person waits for before the first line appears, against a bare interpreter.

Every command runs in a fresh process, the commands taking turns, medians of seven wall times. A command that
does not exist or fails is shown with its last line.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from harness import ONE_THREAD, Missing, Section, run_command, wall_seconds

DESCRIPTION = "start-up of the command line against `python -c pass`"

BARE = "python -c pass"
DESK = "shortdesk short BTCUSDT 2BTC --venue all"
MOST_TIMES_BARE, MOST_SECONDS = 8.0, 0.35


def commands() -> dict[str, tuple[str, ...]]:
    """The bare interpreter, and the installed ``shortdesk`` beside it."""
    program = str(Path(sys.executable).parent / ("shortdesk.exe" if os.name == "nt" else "shortdesk"))
    asked = ("shortdesk --help", "shortdesk --version", DESK)
    return {BARE: (sys.executable, "-c", "pass")} | {name: (program, *name.split()[1:]) for name in asked}


def measure(quick: bool) -> list[Section]:
    """Medians of each command and their ratio to the bare interpreter."""
    repetitions = 3 if quick else 7
    environment = {**os.environ, **ONE_THREAD}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the uncounted round leaves bytecode, as any first run does
    taken = wall_seconds(commands(), repetitions, environment)
    bare = taken[BARE]
    if isinstance(bare, Missing):
        raise bare
    words = frozenset({"verdict"})
    section = Section(
        "Start-up, wall time of a fresh process", ("command", "ms", "x bare", "at most", "verdict"), words
    )
    for name, seconds in taken.items():
        bound = "" if name == BARE else f"{MOST_SECONDS:g} s" if name == DESK else f"{MOST_TIMES_BARE:g}x bare"
        if isinstance(seconds, Missing):
            section.rows.append((name, "-", "-", bound, f"not measured: {seconds}"))
            continue
        kept = seconds <= (MOST_SECONDS if name == DESK else MOST_TIMES_BARE * bare)
        verdict = "" if name == BARE else "kept" if kept else "NOT KEPT"
        if name == DESK:
            verdict += f", {numba_note(environment)}"
        section.rows.append((name, f"{seconds * 1e3:.0f}", f"{seconds / bare:.1f}", bound, verdict))
    section.notes = [f"medians of {repetitions}, the commands taking turns, after one uncounted round"]
    return [section]


def numba_note(environment: dict[str, str]) -> str:
    """Whether the desk's command pulls in the compiler, read from the interpreter's own list of imports."""
    _, imports = run_command(commands()[DESK], environment | {"PYTHONPROFILEIMPORTTIME": "1"})
    names = {line.rsplit("|", 1)[-1].strip() for line in imports.splitlines() if line.startswith("import time:")}
    return "BUT IMPORTS NUMBA" if "numba" in names else f"numba not among its {len(names)} imports"
