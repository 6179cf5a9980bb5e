"""``shortdesk sweep``: a scenario at many values and seeds, one row for each run."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, notice, show, to_json
from shortdesk.doors.cli.stage_inputs import parse_over
from shortdesk.doors.cli.watching import counting, prepare_kernels
from shortdesk.ground.errors import UsageError

if TYPE_CHECKING:
    from shortdesk.stage.sweep import Sweep

__all__ = ["sweep"]

_MOST_RUNS = 1_000_000
_SHOWN = ("peak_pct", "liquidated", "bad_debt", "depth_lost_pct", "maker_absence")


def sweep(
    scenario: str,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    over: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    seeds: int = 10,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    instrument: str = "",
    workers: int = 2,
    engine: Literal["local", "dask"] = "local",
    address: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())] = False,
) -> int:
    """Play a scenario at every value of some settings and at many seeds; one row for each run.

    Rows are kept as they come: the same command in the same folder goes on where it was
    stopped. At the end rows.parquet holds all of them, the same whoever computed them.

    Parameters
    ----------
    scenario
        A shipped scenario, or a scenario file.
    out
        The folder of the sweep, new or begun before.
    over
        A setting and its values, as makers.limit_usd=1e5..8e5:5 or makers.count=1,2,4; several make a grid.
    seeds
        How many seeds at each value, from the scenario's own on.
    set_
        A value put over the scenario's for all runs; may be given several times.
    instrument
        What is measured; the first perpetual when not given.
    workers
        Processes at work at the same time.
    engine
        Who computes: processes of this machine, or a dask scheduler's workers.
    address
        The scheduler's, as tcp://127.0.0.1:8786.
    json
        Print the means as a list of objects.
    quiet
        Print the path of the table alone.
    """
    from shortdesk.stage.scenario import find_scenario
    from shortdesk.stage.sweep import Sweep, missing_jobs, open_sweep, sweep_jobs

    found = find_scenario(scenario, set_)
    ranges = [parse_over(text) for text in over]
    names = [one.name for one in ranges]
    if len(set(names)) != len(names) or "seed" in names:
        raise UsageError("--over names a setting once, and not the seed; --seeds says how many seeds")
    if (engine == "dask") != (address is not None):
        raise UsageError("--engine dask and --address go together")
    if not 1 <= seeds <= _MOST_RUNS or not 1 <= workers <= 64:
        raise UsageError(f"seeds {seeds}, workers {workers}: expected 1 to {_MOST_RUNS:,} seeds, 1 to 64 workers")
    asked = Sweep(
        scenario=found,
        over=tuple((one.name, one.values) for one in ranges),
        seeds=tuple(range(found.seed, found.seed + seeds)),
        instrument=instrument,
    )
    jobs = sweep_jobs(asked)
    if len(jobs) > _MOST_RUNS:
        raise UsageError(f"{len(jobs):,} runs; expected at most {_MOST_RUNS:,}")
    open_sweep(out, asked)
    missing = len(missing_jobs(out, jobs))
    if missing < len(jobs) and not quiet and sys.stderr.isatty():
        notice(f"{len(jobs) - missing:,} of {len(jobs):,} runs have their row already")
    return _compute(out, asked, missing, workers, address, as_json=json, quiet=quiet)


def _compute(
    out: Path, asked: Sweep, missing: int, workers: int, address: str | None, *, as_json: bool, quiet: bool
) -> int:
    from shortdesk.stage.sweep import run_sweep

    with ExitStack() as held:
        who: Any = workers
        if address is not None:
            from shortdesk.stage.dask_engine import DaskEngine

            who = held.enter_context(DaskEngine(address))
        else:
            prepare_kernels(asked.scenario)
        told = held.enter_context(counting("runs", missing, quiet=quiet))
        try:
            path = run_sweep(out, asked, who, told)
        except KeyboardInterrupt:
            notice(f"interrupted; the rows so far are kept, the same command goes on: {out}")
            return 130
    if quiet:
        print(path)
        return 0
    rows = _means(path, asked)
    if as_json:
        sys.stdout.write(to_json(rows))
        return 0
    _print(rows)
    sys.stdout.flush()
    notice(f"{path}: a row for each run")
    return 0


def _means(path: Path, asked: Sweep) -> list[dict[str, Any]]:
    """Mean and standard error over seeds at each value, in the order of the values."""
    import duckdb

    names = [name for name, _ in asked.over]
    quoted = ", ".join(f'"{name}"' for name in names)
    figures = ", ".join(f"avg({name}) as {name}, stddev_samp({name}) / sqrt(count(*)) as {name}_se" for name in _SHOWN)
    head = f"{quoted}, " if names else ""
    tail = f" group by {quoted} order by min(place)" if names else ""
    source = f"(select *, row_number() over () as place from read_parquet('{str(path).replace(chr(39), chr(39) * 2)}'))"
    with duckdb.connect(config={"threads": 1}) as database:
        answer = database.execute(f"select {head}count(*) as runs, {figures} from {source}{tail}")
        columns = [column[0] for column in answer.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in answer.fetchall()]


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    out = console()
    names = [name for name in rows[0] if name.removesuffix("_se") not in _SHOWN]
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for name in (*names, *_SHOWN):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*(_cell(row[name]) for name in names), *(_figure(row, name) for name in _SHOWN))
    show(out, table)
    out.print(Text("means over seeds ± standard errors, from the trigger on", style="dim"))


def _cell(value: Any) -> str:
    return f"{value:,.10g}" if isinstance(value, int | float) else str(value)


def _figure(row: dict[str, Any], name: str) -> str:
    value, error = row[name], row[f"{name}_se"]
    text = f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}"
    if error is None:
        return text
    return f"{text} ± {error:,.0f}" if abs(error) >= 1_000 else f"{text} ± {error:,.2g}"
