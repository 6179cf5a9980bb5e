"""``shortdesk run``: a scenario played into a run folder."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from shortdesk.doors.cli.output import check_page, console, notice, to_json, write_page
from shortdesk.doors.cli.stage_inputs import clock_text, new_folder, parse_seconds
from shortdesk.doors.cli.watching import Interrupts, RunWatch, prepare_kernels
from shortdesk.ground.errors import UsageError

if TYPE_CHECKING:
    from shortdesk.doors.pages.recording import Recording
    from shortdesk.stage.run import RunSummary
    from shortdesk.stage.scenario import Scenario

__all__ = ["run", "summary_row"]


def run(
    scenario: str,
    *,
    seed: int | None = None,
    set_: Annotated[tuple[str, ...], Parameter(name="--set", negative=())] = (),
    agent: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    until: str | None = None,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    html: Path | None = None,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Play a scenario: a market with its people, from its first second to its horizon.

    What happens is kept in a folder that sql, replay and postmortem read. The same
    scenario and seed give the same hash. Ctrl-C ends the run; the journal so far is kept.

    Parameters
    ----------
    scenario
        A shipped scenario (shortdesk scenario list), or a scenario file.
    seed
        The seed of all draws; the scenario's own when not given.
    set_
        A value put over the scenario's, as makers.count=4; may be given several times.
    agent
        An agent of your own as FILE:Class, on the scenario's first instrument; may be given several times.
    until
        End after this much simulated time, as 90s, 30m or 2h; the horizon when not given.
    out
        A new folder for the run; runs/NAME-SEED in the current folder when not given.
    html
        Write a page of the run to this file: the market at any of its moments, its gauges through time, its figures.
    quiet
        Print the run's folder alone.
    json
        Print a list with one object; decimals as text.
    """
    from shortdesk.stage.scenario import find_scenario

    check_page(html)
    settings = [*set_, *([] if seed is None else [f"seed={seed}"])]
    staged = find_scenario(scenario, settings)
    if agent:
        from shortdesk.stage.python_agent import with_agent

        for one in agent:
            staged = with_agent(staged, one)
    end_s = parse_seconds(until, "until") or staged.horizon_s
    if end_s > staged.horizon_s:
        raise UsageError(
            f"until {until}: the horizon is {staged.horizon_s:g} s; expected no more, or --set horizon_s=…"
        )
    folder = new_folder(out, f"{staged.name}-{staged.seed}")
    prepare_kernels(staged)
    from shortdesk.stage.run import SLICE_S, run_into

    recording = _recording(staged) if html else None
    slice_s = recording.slice_s if recording else SLICE_S
    end_ns = staged.start_ns + int(end_s * 1e9)
    with Interrupts() as interrupts:
        try:
            with RunWatch(staged, end_ns, interrupts, quiet=quiet) as watch:
                found = run_into(
                    folder, staged, given=scenario, settings=settings, until_ns=end_ns, watch=watch, look=recording,
                    slice_s=slice_s,
                )  # fmt: skip
        except KeyboardInterrupt:
            notice(f"interrupted{f'; what was written is in {folder}' if folder.exists() else ''}")
            return 130
    _show(folder, found, quiet=quiet, as_json=json)
    if html and recording:
        _write_page(html, found, recording, quiet=quiet)
    if found.stop == "interrupted":
        sys.stdout.flush()
        notice(f"interrupted after {clock_text(found.reached_s)}; the journal so far is whole and readable: {folder}")
        return 130
    return 0


def _recording(staged: Scenario) -> Recording:
    from shortdesk.doors.pages.recording import Recording

    return Recording(staged)


def _write_page(path: Path, found: RunSummary, recording: Recording, *, quiet: bool) -> None:
    from shortdesk.doors.pages.played import run_page

    sys.stdout.flush()
    if not recording.has_seen:
        notice(f"nobody traded, so there is nothing to draw: {path} was not written")
        return
    write_page(path, run_page(found, recording))
    if not quiet:
        notice(f"wrote {path}")


def _show(folder: Path, found: RunSummary, *, quiet: bool, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(to_json([summary_row(folder, found)]))
    elif quiet:
        print(folder)
    else:
        from shortdesk.doors.cli.run_table import print_run

        print_run(console(), folder, found)


def summary_row(folder: Path, found: RunSummary) -> dict[str, Any]:
    """A run's summary for programs; the bars of its prices are in the folder's ``summary.json``."""
    import msgspec

    row: dict[str, Any] = {"folder": str(folder), **msgspec.to_builtins(found, builtin_types=(Decimal,))}
    for one in row["instrument"]:
        del one["bars"]
    return row
