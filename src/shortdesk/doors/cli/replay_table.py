"""Replays in the terminal: a table for each functional, what all switches do together, how alike runs stayed."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.output import show
from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.stage.effects import Effect, Total
from shortdesk.stage.measure import FUNCTIONALS
from shortdesk.stage.replay import Dose, Replays
from shortdesk.study.student import student_95

__all__ = ["print_doses", "print_replays"]

_LOW_CORRELATION = 0.3


def print_replays(out: Console, found: Replays) -> None:
    """Functionals that do not move anywhere are left out, and said to be."""
    seeds = f"{len(found.seeds)} {'seed' if len(found.seeds) == 1 else 'seeds'} from {found.seeds[0]}"
    span = f"fork at {clock_text(found.from_s)}, to {clock_text(found.until_s)}"
    out.print(Text.assemble((f"{found.instrument}, {span}", "bold"), f", {seeds}; money in {found.quote}"))
    still = []
    for functional, meaning in FUNCTIONALS.items():
        mine = [one for one in found.effects if one.functional == functional]
        if all(one.effect == 0 and not one.standard_error for one in mine):
            still.append(functional)
            continue
        out.print()
        out.print(Text.assemble((functional, "bold"), f"  {meaning}"))
        _print_effects(out, mine)
        for total in found.totals:
            if total.functional == functional:
                out.print(Text(_total_text(total)))
    if still:
        out.print()
        out.print(Text(f"not changed by any of them: {', '.join(still)}"))
    out.print()
    _print_divergence(out, found)
    _print_remarks(out, found)


def _print_effects(out: Console, effects: Sequence[Effect]) -> None:
    with_shares = any(one.shapley is not None for one in effects)
    columns = ["changed", "as it was", "then", "effect", "95 % interval", "if independent"]
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for name in [*columns, *(["Shapley"] if with_shares else [])]:
        table.add_column(name, justify="left" if name == "changed" else "right")
    for one in effects:
        row = [one.mechanism, _figure(one.as_was), _figure(one.changed), _signed(one.effect)]
        row += [_interval(one, one.standard_error), _interval(one, one.independent_error)]
        if with_shares:
            row.append("" if one.shapley is None else _with_error(one.shapley, one.shapley_error))
        table.add_row(*row)
    show(out, table)


def _total_text(total: Total) -> str:
    text = f"all switched off together: {_with_error(total.total, total.standard_error)}"
    text += f"; one at a time they sum to {_signed(total.one_at_a_time)}"
    if total.interaction_share is not None:
        text += f", so {100 * total.interaction_share:.0f} % is between them"
    if total.shapley_sum is not None:
        text += f"; Shapley values sum to {_signed(total.shapley_sum)}"
    return text


def _print_divergence(out: Console, found: Replays) -> None:
    names = list(dict.fromkeys(one.mechanism for one in found.divergences))
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for name in ("changed", "runs part at (median)", "same fills after it", "correlation of peaks"):
        table.add_column(name, justify="left" if name == "changed" else "right")
    for name in names:
        mine = [one for one in found.divergences if one.mechanism == name]
        times = [one.parts_at_s for one in mine if one.parts_at_s is not None]
        same = statistics.fmean(one.same_fills for one in mine)
        peak = next(one for one in found.effects if (one.mechanism, one.functional) == (name, "peak_pct"))
        table.add_row(
            name,
            clock_text(statistics.median(times)) if times else "never",
            f"{100 * same:.1f} %",
            "" if peak.correlation is None else f"{peak.correlation:.2f}",
        )
    show(out, table)


def _print_remarks(out: Console, found: Replays) -> None:
    out.print()
    out.print(
        Text(
            "effect: what a mechanism, an account or a population adds; for another rule or number, what it does.",
            style="dim",
        )
    )
    if len(found.seeds) < 2:
        out.print(Text("one seed gives no interval; give --seeds 10 or more.", style="yellow"))
    loose = [
        one.mechanism
        for one in found.effects
        if one.functional == "peak_pct" and one.correlation is not None and one.correlation < _LOW_CORRELATION
    ]
    if loose:
        names = ", ".join(loose)
        out.print(Text(f"{names}: correlation below 0.3, so pairing no longer helps; use more seeds.", style="yellow"))


def print_doses(out: Console, doses: Sequence[Dose]) -> None:
    """A row for each value, a column for each functional that moves."""
    names = [name for name in FUNCTIONALS if len({one.mean for one in doses if one.functional == name}) > 1]
    out.print()
    if not names:
        out.print(Text(f"{doses[0].name} changes nothing that is measured."))
        return
    out.print(Text(f"at {doses[0].name}", style="bold"))
    table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None)
    for name in ("value", *names):
        table.add_column(name, justify="right")
    for value in dict.fromkeys(one.value for one in doses):
        mine = {one.functional: one for one in doses if one.value == value}
        table.add_row(value, *(_with_error(mine[name].mean, mine[name].standard_error, signed=False) for name in names))
    show(out, table)
    out.print(Text("means over seeds ± standard errors; the same seeds at every value.", style="dim"))


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:,.4g}"


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else ''}{_figure(value)}"


def _with_error(value: float, error: float | None, *, signed: bool = True) -> str:
    text = _signed(value) if signed else _figure(value)
    return text if error is None else f"{text} ± {_figure(error)}"


def _interval(one: Effect, error: float | None) -> str:
    if error is None:
        return ""
    t = student_95(one.seeds)
    return f"{_signed(one.effect - t * error)} to {_signed(one.effect + t * error)}"
