"""``shortdesk replay``: what would have happened otherwise."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, notice, to_json
from shortdesk.doors.cli.stage_inputs import parse_over, parse_seconds
from shortdesk.doors.cli.watching import counting, prepare_kernels
from shortdesk.ground.errors import UsageError

if TYPE_CHECKING:
    from shortdesk.stage.changes import Change
    from shortdesk.stage.replay import Dose, Question, Replays
    from shortdesk.stage.run import Staged

__all__ = ["replay"]

_MOST_WORKERS = 64


def replay(
    run: Path,
    *,
    without: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    without_account: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    like: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    adl_like: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    fund: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    wait: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    over: str | None = None,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    until: str | None = None,
    seeds: int = 10,
    shapley: Annotated[bool, Parameter(negative=())] = False,
    instrument: str = "",
    workers: int = 2,
    json: Annotated[bool, Parameter(negative=())] = False,
    quiet: Annotated[bool, Parameter(name=["--quiet", "-q"], negative=())] = False,
) -> int:
    """Play a staged run again from a fork with one thing changed, and say what it changed.

    Every change is tried by itself, over the same seeds and with the same draws, so that
    the difference is the change's. Effects go into the run's replays.json, which
    postmortem reads.

    Parameters
    ----------
    run
        The folder of a staged run.
    without
        Switch off a mechanism (liquidation, adl, stop, momentum, withdrawal, recall …) or
        take a population away; may be given several times.
    without_account
        Take one account away; may be given several times.
    like
        Liquidate as this venue's sheet says, such as bybit; may be given several times.
    adl_like
        Take only order and price of deleveraging from this venue's sheet.
    fund
        What the insurance fund holds at the fork, in the quote.
    wait
        Pause after each step of a liquidation, in seconds.
    over
        One number at several values: fund, wait or a setting, as makers.limit_usd=1e5..8e5:5.
    from_
        The fork, as 30m after the start; the scenario's trigger when not given.
    until
        Where continuations end; the horizon when not given.
    seeds
        How many seeds, from the run's own on.
    shapley
        Share the effect of all --without together out among them: 2^n replays a seed.
    instrument
        What is measured; the first perpetual when not given.
    workers
        Processes at work at the same time.
    json
        Print one object with everything.
    quiet
        Print nothing beside errors; effects are kept all the same.
    """
    from shortdesk.stage.run import read_staged

    if not 1 <= seeds <= 100_000 or not 1 <= workers <= _MOST_WORKERS:
        raise UsageError(f"seeds {seeds}, workers {workers}: expected 1 to 100,000 seeds, 1 to {_MOST_WORKERS} workers")
    staged = read_staged(run)
    changes = _changes(
        without=without, without_account=without_account, like=like, adl_like=adl_like, fund=fund, wait=wait
    )
    question = _question(staged, changes, from_, until, seeds, instrument, shapley)
    prepare_kernels(question.scenario)
    found = _ask(run, question, workers, quiet) if changes or over is None else None
    doses = _ask_doses(question, over, workers, quiet) if over else ()
    _show(found, doses, as_json=json, quiet=quiet)
    if found is not None and not quiet:
        sys.stdout.flush()
        notice(f"effects kept in {run / 'replays.json'}")
    return 0


def _changes(**given: tuple[str, ...]) -> tuple[Change, ...]:
    from shortdesk.stage.changes import Change

    kinds: dict[str, Any] = {name: name for name in given}
    return tuple(Change(kinds[name], what) for name, values in given.items() for what in values)


def _question(
    staged: Staged,
    changes: tuple[Change, ...],
    from_: str | None,
    until: str | None,
    seeds: int,
    instrument: str,
    shapley: bool,
) -> Question:
    from shortdesk.stage.replay import Question

    scenario = staged.scenario
    fork_s = parse_seconds(from_, "from")
    end_s = parse_seconds(until, "until")
    return Question(
        scenario=scenario,
        changes=changes,
        seeds=tuple(range(scenario.seed, scenario.seed + seeds)),
        from_ns=scenario.start_ns + int((scenario.trigger_s if fork_s is None else fork_s) * 1e9),
        until_ns=scenario.end_ns if end_s is None else scenario.start_ns + int(end_s * 1e9),
        instrument=instrument,
        with_shapley=shapley,
    )


def _ask(run: Path, question: Question, workers: int, quiet: bool) -> Replays:
    from shortdesk.stage.replay import keep_effects, replay, replays_asked

    with counting("replays", replays_asked(question), quiet=quiet) as told:
        found = replay(question, workers=workers, told=told)
    keep_effects(run, found.effects)
    return found


def _ask_doses(question: Question, over: str, workers: int, quiet: bool) -> tuple[Dose, ...]:
    from shortdesk.stage.replay import dose_response

    name, values = parse_over(over)
    with counting("doses", len(values) * len(question.seeds), quiet=quiet) as told:
        return dose_response(question, name, values, workers=workers, told=told)


def _show(found: Replays | None, doses: tuple[Dose, ...], *, as_json: bool, quiet: bool) -> None:
    import msgspec

    if as_json:
        answer: dict[str, Any] = {} if found is None else msgspec.to_builtins(found)
        sys.stdout.write(to_json({**answer, **({"doses": msgspec.to_builtins(doses)} if doses else {})}))
    elif not quiet:
        from shortdesk.doors.cli.replay_table import print_doses, print_replays

        out = console()
        if found is not None:
            print_replays(out, found)
        if doses:
            print_doses(out, doses)
