"""How figures are taken and shown: CPU time, medians, ratios, tables, and environments that vanish.

A figure is the median of a few repetitions of CPU seconds of the whole process, thread pools pinned to one
thread. It is quoted as a ratio to a named reference that was measured in the same run, because ratios travel
from one machine to the next and rates do not.
"""

from __future__ import annotations

import gc
import os
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

POOLS = ("NUMBA", "OMP", "OPENBLAS", "MKL", "RAYON")
ONE_THREAD = {f"{pool}_NUM_THREADS": "1" for pool in POOLS} | {"POLARS_MAX_THREADS": "1"}
"""Environment that pins the thread pools of numeric libraries; must be set before they are imported."""


class Missing(Exception):
    """Something that a measurement needs is not there; the message says what, and the row shows it."""


@dataclass
class Section:
    """One table of results with what a reader must know about it."""

    title: str
    columns: Sequence[str]
    words: frozenset[str] = frozenset()
    """Columns of text beside the first one; all others are numbers and stand on the right."""
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def show(self, console: Console) -> None:
        """Print the table to a terminal or a file."""
        table = Table(title=self.title, title_justify="left", title_style="bold", header_style="", box=SIMPLE_HEAD)
        for column in self.columns:
            table.add_column(column, justify="left" if self.is_text(column) else "right")
        for row in self.rows:
            table.add_row(*row)
        console.print(table)
        for note in self.notes:
            console.print(f"  {note}", highlight=False)
        console.print()

    def is_text(self, column: str) -> bool:
        """Whether a column holds words."""
        return column == self.columns[0] or column in self.words

    def markdown(self) -> str:
        """The same as a Markdown section."""
        lines = [f"### {self.title}", "", "| " + " | ".join(self.columns) + " |"]
        lines.append("| " + " | ".join("---" if self.is_text(column) else "---:" for column in self.columns) + " |")
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        if self.notes:
            lines += ["", *(f"- {note}" for note in self.notes)]
        return "\n".join(lines) + "\n"


def cpu_seconds(work: Callable[[], object], repetitions: int = 5) -> float:
    """Median CPU seconds of one call, after one call that is not counted."""
    work()
    taken = []
    for _ in range(repetitions):
        gc.collect()
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


def times(slow: float, fast: float) -> str:
    """A ratio of two times with the digits that it deserves."""
    ratio = slow / fast
    return f"{ratio:,.0f}x" if ratio >= 100 else f"{ratio:.1f}x"


def run_command(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, str]:
    """Wall seconds of a command in a fresh process, and what it said on standard error.

    Raises:
        Missing: the command does not exist, hangs, or does not end with 0.
    """
    started = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=dict(environment), timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(str(error)) from None
    taken = time.perf_counter() - started
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise Missing(f"ends with {done.returncode}: {last[:90]}")
    return taken, done.stderr


def wall_seconds(
    commands: Mapping[str, Sequence[str]], repetitions: int, environment: Mapping[str, str]
) -> dict[str, float | Missing]:
    """Median wall seconds per command, the commands taking turns; the first round is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in commands}
    missing: dict[str, Missing] = {}
    for repetition in range(repetitions + 1):
        for name, command in commands.items():
            if name in missing:
                continue
            try:
                seconds, _ = run_command(command, environment)
            except Missing as reason:
                missing[name] = reason
                continue
            if repetition:
                taken[name].append(seconds)
    return {name: missing.get(name) or statistics.median(taken[name]) for name in commands}


def throwaway_python(folder: Path, requirements: Sequence[str], minutes: float = 10) -> Path:
    """The interpreter of a new virtual environment in ``folder`` with ``requirements`` installed by pip.

    Raises:
        Missing: pip did not install them; the message is pip's last line.
    """
    venv.create(folder, with_pip=True, clear=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-input", "--no-compile"]
    try:
        done = subprocess.run([*command, *requirements], capture_output=True, text=True, timeout=60 * minutes)
    except subprocess.TimeoutExpired:
        raise Missing(f"not installed within {minutes:g} minutes") from None
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Missing(f"not installable: {(errors or ['pip failed'])[-1].removeprefix('ERROR: ')[:120]}")
    return python


def python_version() -> str:
    """Major, minor and micro version of the running interpreter."""
    return ".".join(str(part) for part in sys.version_info[:3])
