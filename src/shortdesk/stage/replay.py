"""Counterfactuals: a run forked before its trigger, one thing changed, the same draws, over paired seeds.

Draws are keyed by agent and counter, so whoever is not touched by a change acts as before until the change reaches it
through the market.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.toml import Lines
from shortdesk.stage.changes import Change, apply_changes, label_of
from shortdesk.stage.effects import Divergence, Effect, Total, effect_of, shapley, standard_error
from shortdesk.stage.measure import FUNCTIONALS, Outcome, fork_of, market_of, measure, parting
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.pool import spread
from shortdesk.stage.scenario import Scenario, scenario_of, with_settings

__all__ = [
    "Dose",
    "Question",
    "Replays",
    "changed_scenario",
    "dose_response",
    "keep_effects",
    "replay",
    "replays_asked",
]

_MOST_GROUPS = 6
_ADDS = ("without", "without_account")
REPLAYS = "replays.json"
"""What replays leave in a run's folder, for whoever explains the run: a list of effects."""


class Question(NamedTuple):
    """What is asked of a scenario: changes, each by itself, and from when to when."""

    scenario: Scenario
    changes: tuple[Change, ...]
    seeds: tuple[int, ...]
    from_ns: int
    until_ns: int
    instrument: str = ""
    with_shapley: bool = False


class Replays(msgspec.Struct, frozen=True, kw_only=True):
    """The answer: effects of single changes, of all together, and how far continuations stayed alike."""

    instrument: str
    quote: str
    seeds: tuple[int, ...]
    from_s: float
    until_s: float
    effects: tuple[Effect, ...]
    totals: tuple[Total, ...]
    divergences: tuple[Divergence, ...]


class Dose(msgspec.Struct, frozen=True, kw_only=True):
    """A functional at one value of a parameter, and its paired difference from the first value."""

    name: str
    value: str
    functional: str
    mean: float
    standard_error: float | None
    difference: float
    difference_error: float | None


class _Job(NamedTuple):
    question: Question
    seed: int
    variants: tuple[tuple[Change, ...], ...]


class _Answer(NamedTuple):
    values: list[dict[str, float]]
    partings: list[tuple[int | None, float]]


def replays_asked(question: Question) -> int:
    """How many continuations the question takes in all."""
    return len(question.seeds) * (1 + len(_variants(question)))


def _variants(question: Question) -> tuple[tuple[Change, ...], ...]:
    """Single changes first, then what is switched off together."""
    groups = _groups(question)
    found: list[tuple[Change, ...]] = [(one,) for one in question.changes]
    if question.with_shapley:
        found += [chosen for k in range(2, len(groups) + 1) for chosen in combinations(groups, k)]
    elif len(groups) > 1:
        found.append(groups)
    return tuple(found)


def _groups(question: Question) -> tuple[Change, ...]:
    return tuple(one for one in question.changes if one.do in _ADDS)


def replay(question: Question, *, workers: int = 1, told: Callable[[int], object] | None = None) -> Replays:
    """Fork each seed's run, let every continuation run, compare.

    ``told`` is called with how many continuations were finished since.

    Raises:
        UsageError: nothing to change, names that the scenario does not have, or too many groups for Shapley values.
    """
    _check(question)
    variants = _variants(question)
    jobs = [_Job(question, seed, variants) for seed in question.seeds]
    answers: dict[int, _Answer] = {}
    for number, answer in spread(_answer, jobs, workers):
        answers[number] = answer
        if told is not None:
            told(1 + len(variants))
    ordered = [answers[number] for number in range(len(jobs))]
    play = open_play(question.scenario)
    market = market_of(play, question.instrument)
    terms = next(one for one in question.scenario.instrument if play.cast.markets[one.name] is market)
    shares = _shares(question, variants, ordered) if question.with_shapley else {}
    effects = _effects(question, ordered, shares)
    return Replays(
        instrument=terms.name,
        quote=terms.quote,
        seeds=question.seeds,
        from_s=(question.from_ns - question.scenario.start_ns) / 1e9,
        until_s=(question.until_ns - question.scenario.start_ns) / 1e9,
        effects=effects,
        totals=_totals(question, variants, ordered, effects),
        divergences=_divergences(question, ordered),
    )


def _check(question: Question) -> None:
    scenario, changes = question.scenario, question.changes
    if not changes:
        raise UsageError("nothing to change: give --without MECHANISM, --without-account NAME, --like SHEET …")
    if len(set(changes)) != len(changes):
        raise UsageError("the same change is given twice")
    if not scenario.start_ns <= question.from_ns < question.until_ns <= scenario.end_ns:
        raise UsageError(
            f"a fork at {(question.from_ns - scenario.start_ns) / 1e9:g} s and an end at "
            f"{(question.until_ns - scenario.start_ns) / 1e9:g} s: expected 0 <= fork < end <= {scenario.horizon_s:g} s"
        )
    groups = _groups(question)
    if question.with_shapley and not 2 <= len(groups) <= _MOST_GROUPS:
        raise UsageError(f"Shapley values of {len(groups)} groups: expected 2 to {_MOST_GROUPS} given with --without")
    for change in changes:  # names are wrong now and not in the middle
        play = open_play(scenario)
        apply_changes(play, [change])


def _answer(job: _Job) -> _Answer:
    """All continuations of one seed."""
    question = job.question
    play = open_play(msgspec.structs.replace(question.scenario, seed=job.seed))
    fork = fork_of(play, question.from_ns)

    def run(changes: tuple[Change, ...]) -> Outcome:
        other = play.clone()
        apply_changes(other, changes)
        return measure(other, fork, question.until_ns, question.instrument, traced=len(changes) < 2)

    as_was = run(())
    assert as_was.trace is not None
    values, partings = [as_was.values], []
    for changes in job.variants:
        found = run(changes)
        values.append(found.values)
        if found.trace is not None:
            partings.append(parting(as_was.trace, found.trace))
    return _Answer(values, partings)


def _effects(
    question: Question, answers: Sequence[_Answer], shares: Mapping[tuple[str, str], tuple[float, float | None]]
) -> tuple[Effect, ...]:
    found = []
    for at, change in enumerate(question.changes, 1):
        for functional in FUNCTIONALS:
            as_was = [answer.values[0][functional] for answer in answers]
            changed = [answer.values[at][functional] for answer in answers]
            name = label_of([change])
            effect = effect_of(name, functional, as_was, changed, adds=change.do in _ADDS)
            share, error = shares.get((name, functional), (None, None))
            found.append(msgspec.structs.replace(effect, shapley=share, shapley_error=error))
    return tuple(found)


def _shares(
    question: Question, variants: Sequence[tuple[Change, ...]], answers: Sequence[_Answer]
) -> dict[tuple[str, str], tuple[float, float | None]]:
    """Shapley values seed by seed, then their means and standard errors."""
    groups = _groups(question)
    names = [label_of([one]) for one in groups]
    found = {}
    for functional in FUNCTIONALS:
        by_seed = []
        for answer in answers:
            value = {frozenset(names): answer.values[0][functional]}
            for at, changes in enumerate(variants, 1):
                if all(one in groups for one in changes):
                    left = frozenset(names) - {label_of([one]) for one in changes}
                    value[left] = answer.values[at][functional]
            by_seed.append(shapley(names, value))
        for name in names:
            values = [float(shares[name]) for shares in by_seed]
            found[name, functional] = (math.fsum(values) / len(values), standard_error(values))
    return found


def _totals(
    question: Question,
    variants: Sequence[tuple[Change, ...]],
    answers: Sequence[_Answer],
    effects: Sequence[Effect],
) -> tuple[Total, ...]:
    groups = _groups(question)
    if len(groups) < 2:
        return ()
    at = 1 + variants.index(groups)
    names = {label_of([one]) for one in groups}
    found = []
    for functional in FUNCTIONALS:
        differences = [answer.values[0][functional] - answer.values[at][functional] for answer in answers]
        total = math.fsum(differences) / len(differences)
        mine = [one for one in effects if one.functional == functional and one.mechanism in names]
        single = math.fsum(one.effect for one in mine)
        shares = [one.shapley for one in mine if one.shapley is not None]
        found.append(
            Total(
                functional=functional,
                total=total,
                standard_error=standard_error(differences),
                one_at_a_time=single,
                interaction_share=(total - single) / total if total else None,
                shapley_sum=math.fsum(shares) if shares else None,
            )
        )
    return tuple(found)


def _divergences(question: Question, answers: Sequence[_Answer]) -> tuple[Divergence, ...]:
    return tuple(
        Divergence(
            mechanism=label_of([change]),
            seed=seed,
            parts_at_s=None if time_ns is None else (time_ns - question.scenario.start_ns) / 1e9,
            same_fills=share,
        )
        for seed, answer in zip(question.seeds, answers, strict=True)
        for change, (time_ns, share) in zip(question.changes, answer.partings, strict=False)
    )


# --- one number at several values ----------------------------------------------------------------------------


class _DoseJob(NamedTuple):
    question: Question
    seed: int
    name: str
    value: str


def dose_response(
    question: Question,
    name: str,
    values: Sequence[str],
    *,
    workers: int = 1,
    told: Callable[[int], object] | None = None,
) -> tuple[Dose, ...]:
    """Functionals at each value of ``fund``, ``wait`` (changed at the fork) or a setting of the scenario, same seeds.

    Raises:
        UsageError: the scenario has no such setting, or it does not take a value.
    """
    for value in values:
        _dosed(question.scenario, name, value)
    jobs = [_DoseJob(question, seed, name, value) for value in values for seed in question.seeds]
    found: dict[int, dict[str, float]] = {}
    for number, answer in spread(_dose, jobs, workers):
        found[number] = answer
        if told is not None:
            told(1)
    n = len(question.seeds)
    doses = []
    for at, value in enumerate(values):
        for functional in FUNCTIONALS:
            here = [found[at * n + seed][functional] for seed in range(n)]
            differences = [one - found[seed][functional] for seed, one in enumerate(here)]
            doses.append(
                Dose(
                    name=name,
                    value=value,
                    functional=functional,
                    mean=math.fsum(here) / n,
                    standard_error=standard_error(here),
                    difference=math.fsum(differences) / n,
                    difference_error=standard_error(differences),
                )
            )
    return tuple(doses)


def _dosed(scenario: Scenario, name: str, value: str) -> tuple[Scenario, list[Change]]:
    if name in ("fund", "wait"):
        return scenario, [Change("fund" if name == "fund" else "wait", value)]
    return changed_scenario(scenario, [f"{name}={value}"]), []


def _dose(job: _DoseJob) -> dict[str, float]:
    scenario, changes = _dosed(job.question.scenario, job.name, job.value)
    play: Play = open_play(msgspec.structs.replace(scenario, seed=job.seed))
    fork = fork_of(play, job.question.from_ns)
    other = play.clone()
    apply_changes(other, changes)
    return measure(other, fork, job.question.until_ns, job.question.instrument).values


def changed_scenario(scenario: Scenario, settings: Sequence[str]) -> Scenario:
    """A scenario with further settings put over it.

    Raises:
        UsageError: a setting that names nothing.
        InputError: a value that does not fit the others.
    """
    content: dict[str, Any] = msgspec.to_builtins(scenario)
    return scenario_of(with_settings(content, settings), Lines(""), f"{scenario.name} with {', '.join(settings)}")


def keep_effects(folder: Path, found: Sequence[Effect]) -> Path:
    """Enter effects into a run folder's ``replays.json``; those of the same mechanism and functional are replaced.

    Raises:
        InputError: the file is there but not a list of effects, or cannot be written.
    """
    path = folder / REPLAYS
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    try:
        if path.is_file():
            for row in msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]]):
                rows[str(row.get("mechanism")), str(row.get("functional"))] = row
        for one in found:
            rows[one.mechanism, one.functional] = msgspec.to_builtins(one)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(msgspec.json.format(msgspec.json.encode(list(rows.values())), indent=1) + b"\n")
        part.replace(path)
    except msgspec.DecodeError as problem:
        raise InputError(f"not a list of replays: {problem}", str(path)) from None
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror}", str(path)) from None
    return path
