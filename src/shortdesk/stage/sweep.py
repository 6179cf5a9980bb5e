"""Sweeps: a scenario at every value of some settings and at many seeds, one row for each run, resumable.

The folder holds ``sweep.json`` (what is asked), ``rows.jsonl`` (a line for each run that has ended, in the order in
which they ended) and, when all have, ``rows.parquet`` in the order of values and seeds. Who computes a row changes
nothing in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shortdesk.ground.errors import InputError
from shortdesk.ground.row_hash import START, hash_rows, hash_text
from shortdesk.stage.measure import Fork, measure
from shortdesk.stage.play import open_play
from shortdesk.stage.pool import spread
from shortdesk.stage.replay import changed_scenario
from shortdesk.stage.run import Moment, record
from shortdesk.stage.scenario import Scenario, scenario_digest
from shortdesk.stage.tally import Tally

__all__ = ["Sweep", "SweepJob", "missing_jobs", "open_sweep", "run_job", "run_sweep", "sweep_jobs", "write_rows"]

PLAN, LINES, ROWS = "sweep.json", "rows.jsonl", "rows.parquet"
"""Names of what a sweep's folder holds: what is asked, what has been answered, and the whole table."""

Answer = tuple[int, dict[str, Any]]
Engine = Callable[[Sequence["SweepJob"]], Iterator[Answer]]


class Sweep(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: a scenario, settings with their values, seeds."""

    scenario: Scenario
    over: tuple[tuple[str, tuple[str, ...]], ...]
    seeds: tuple[int, ...]
    instrument: str = ""


class SweepJob(NamedTuple):
    """One run of a sweep; plain data, so that any process can do it."""

    scenario: bytes
    settings: tuple[str, ...]
    seed: int
    instrument: str


def sweep_jobs(sweep: Sweep) -> list[SweepJob]:
    """Every run, values in the order given, the last setting fastest, then seeds.

    Raises:
        UsageError: a setting that the scenario does not have.
        InputError: a value that does not fit.
    """
    content = msgspec.json.encode(sweep.scenario)
    jobs = []
    for values in product(*(values for _, values in sweep.over)):
        settings = tuple(f"{name}={value}" for (name, _), value in zip(sweep.over, values, strict=True))
        changed_scenario(sweep.scenario, settings)
        jobs += [SweepJob(content, settings, seed, sweep.instrument) for seed in sweep.seeds]
    return jobs


def run_job(job: SweepJob) -> dict[str, Any]:
    """Play one run to its horizon; its row: settings, seed, functionals from the trigger on, counts, hash."""
    scenario = changed_scenario(msgspec.json.decode(job.scenario, type=Scenario), [*job.settings, f"seed={job.seed}"])
    play = open_play(scenario)
    value = START

    def add(rows: Any) -> None:
        nonlocal value
        value = hash_rows(rows, value)

    trigger_ns = scenario.start_ns + int(scenario.trigger_s * 1e9)
    tally = Tally(play.cast, scenario.start_ns, scenario.end_ns, trigger_ns)
    record(play, trigger_ns, tally, _nobody, add)
    bases = {number: path.latest_ticks for number, path in tally.paths.items()}
    outcome = measure(play, Fork(play, bases, dict(tally.presence.away)), scenario.end_ns, job.instrument, add=add)
    return {
        **dict(setting.partition("=")[::2] for setting in job.settings),
        "seed": job.seed,
        **outcome.values,
        **outcome.counts,
        "digest": scenario_digest(scenario),
        "hash": hash_text(value),
    }


def _nobody(_: Moment) -> bool:
    return False


def open_sweep(folder: Path, sweep: Sweep) -> None:
    """Begin a sweep's folder, or find the same sweep in it.

    Raises:
        InputError: the folder holds something else, another sweep, or cannot be written.
    """
    path = folder / PLAN
    content = msgspec.json.format(msgspec.json.encode(sweep), indent=1) + b"\n"
    try:
        if path.is_file():
            if path.read_bytes() != content:
                raise InputError("another sweep was begun in this folder; give a new one", str(folder))
            return
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise InputError("this folder is not empty and holds no sweep; give a new one", str(folder))
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(content)
        part.replace(path)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror}", str(folder)) from None


def _answered(folder: Path, jobs: int) -> dict[int, dict[str, Any]]:
    """Rows that were computed before; a line that was cut off in the middle counts for nothing."""
    found: dict[int, dict[str, Any]] = {}
    path = folder / LINES
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        try:
            number, row = msgspec.json.decode(line, type=tuple[int, dict[str, Any]])
        except msgspec.DecodeError:
            continue
        if 0 <= number < jobs:
            found[number] = row
    return found


def missing_jobs(folder: Path, jobs: Sequence[SweepJob]) -> list[int]:
    """Numbers of the runs that have no row yet."""
    found = _answered(folder, len(jobs))
    return [number for number in range(len(jobs)) if number not in found]


def run_sweep(
    folder: Path, sweep: Sweep, engine: Engine | int = 1, told: Callable[[int], object] | None = None
) -> Path:
    """Compute what is missing and write the whole table; ``engine`` is a number of processes or who else computes.

    Raises:
        InputError: the folder holds something else or cannot be written.
        UsageError: a setting that the scenario does not have.
    """
    jobs = sweep_jobs(sweep)
    open_sweep(folder, sweep)
    missing = missing_jobs(folder, jobs)
    asked = [jobs[number] for number in missing]
    answers = spread(run_job, asked, engine) if isinstance(engine, int) else engine(asked)
    path = folder / LINES
    try:
        with path.open("ab") as lines:
            if path.stat().st_size and not path.read_bytes().endswith(b"\n"):
                lines.write(b"\n")
            for number, row in answers if asked else ():
                lines.write(msgspec.json.encode((missing[number], row)) + b"\n")
                lines.flush()
                if told is not None:
                    told(1)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror}", str(path)) from None
    return write_rows(folder, sweep, len(jobs))


def write_rows(folder: Path, sweep: Sweep, jobs: int) -> Path:
    """All rows as ``rows.parquet``, in the order of the jobs.

    Raises:
        InputError: rows are missing, or the file cannot be written.
    """
    import duckdb
    import numpy as np

    found = _answered(folder, jobs)
    if len(found) != jobs:
        raise InputError(f"{jobs - len(found)} of {jobs} runs have no row yet; start the same sweep again", str(folder))
    rows = [found[number] for number in range(jobs)]
    path = folder / ROWS
    part = path.with_name(f".{path.name}.part")
    columns: dict[str, Any] = {}
    for name in rows[0]:
        values = [row[name] for row in rows]
        columns[name] = _column(values, np, isinstance(values[0], str) and name in dict(sweep.over))
    try:
        with duckdb.connect(config={"threads": 1}) as database:
            database.register("given", columns)
            database.execute(f"copy given to '{str(part).replace(chr(39), chr(39) * 2)}' (format parquet)")
        part.replace(path)
    except (OSError, duckdb.IOException) as problem:
        raise InputError(f"cannot be written: {problem}", str(path)) from None
    return path


def _column(values: Sequence[Any], np: Any, may_be_numbers: bool) -> Any:
    """A setting's values as numbers where all are, else as text."""
    if may_be_numbers:
        try:
            numbers = [float(value) for value in values]
        except ValueError:
            return np.array(values, object)
        return np.array(numbers) if all(map(math.isfinite, numbers)) else np.array(values, object)
    return np.array(values, object) if isinstance(values[0], str) else np.array(values)
