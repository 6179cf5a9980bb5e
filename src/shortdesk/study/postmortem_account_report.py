"""One account's end to be looked at: its equity over time, the chain of causes, the steps, what would have saved it."""

from __future__ import annotations

import math

import numpy as np

from shortdesk.study.figure import (
    Curve,
    CurveChart,
    Fact,
    Facts,
    Line,
    Marker,
    Part,
    PathChart,
    PriceMark,
    Section,
    Table,
    Tone,
    Verdict,
)
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_account import PARTS, Death, Equity
from shortdesk.study.postmortem_report import clock
from shortdesk.study.postmortem_what_if import what_ifs
from shortdesk.study.postmortem_why import why

__all__ = ["account_section", "account_tables", "equity_chart"]

_MOST_STEPS = 24
_LAST_NS = 15 * 60 * 10**9


def account_section(report: Postmortem, death: Death) -> Section:
    """Everything about the account, for the page."""
    chart = equity_chart(report, death)
    parts: list[Part] = [
        Verdict(why(report, death), "bad"),
        *_saved(report, death),
        *([chart] if chart else []),
        *_payoff(report, death),
        *account_tables(report, death),
    ]
    was = "were" if death.name == "you" else "was"
    return Section(f"Why {was} {death.name} liquidated?", parts)


def _saved(report: Postmortem, death: Death) -> list[Part]:
    """The ways out with the money that each would have saved, before everything else."""
    grid = report.tape.grid
    found = [
        Fact(
            one.what,
            f"{grid.money(one.saved_units)} {grid.settle} saved",
            one.note,
            "good" if one.saved_units > 0 else "bad",
        )
        for one in what_ifs(report, death)
    ]
    return [Facts(found)] if found else []


def equity_chart(report: Postmortem, death: Death) -> PathChart | None:
    """Equity and the requirement at each mark of the last quarter of an hour, up to the end of the liquidation."""
    tape, path = report.tape, death.path
    if len(path.rows) < 2:
        return None
    unit = float(tape.grid.unit)
    late = tape.time_ns[path.rows] >= tape.time_ns[death.begun] - _LAST_NS
    path = Equity(path.rows[late], path.ticks[late], path.lots[late], path.parts[late])
    if len(path.rows) < 2:
        return None
    times = tape.time_ns[path.rows]
    worth = np.abs(tape.worth(tape.instrument).of(path.lots, np.maximum(1, path.ticks)))
    lines = [
        Line("equity", times, np.asarray(path.total * unit, np.float64)).thinned(400),
        Line("requirement", times, np.asarray(worth * (death.maintenance_rate * unit)), tone="danger").thinned(400),
    ]
    marker = Marker(int(tape.time_ns[death.begun]), death.equity_units * unit, "liquidated", kind="liquidation")
    told = "The requirement at the rate it had in the end; tiers of larger positions ask more."
    return PathChart("Equity against the requirement", lines, 0.0, [marker], tape.grid.settle, told)


def _payoff(report: Postmortem, death: Death) -> list[Part]:
    """What the position paid at each price of the Journal, with its entry, its line and its bankruptcy price."""
    tape = report.tape
    worth = tape.worth(tape.instrument)
    if worth.is_inverse or not worth.factor or not death.lots or math.isnan(death.entry_ticks + death.line_ticks):
        return []
    tick, unit = float(tape.grid.tick), float(tape.grid.unit)
    marks = tape.price[tape.marks]
    named = [death.entry_ticks, death.line_ticks, death.bankruptcy_ticks, float(death.mark_ticks)]
    ends = [float(one) for one in (marks.min(), marks.max(), *named) if not math.isnan(one)]
    ticks = np.linspace(min(ends), max(ends), 3)
    profits = death.lots * worth.factor * (ticks - death.entry_ticks) * unit
    tones: list[tuple[str, float, Tone]] = [
        ("entry", death.entry_ticks, "quiet"), ("liquidation", death.line_ticks, "danger"),
        ("bankruptcy", death.bankruptcy_ticks, "quiet"),
    ]  # fmt: skip
    shown = [
        PriceMark(f"{name} {tape.grid.price(round(at))}", at * tick, tone)
        for name, at, tone in tones
        if not math.isnan(at)
    ]
    curve = Curve("profit", [float(one) * tick for one in ticks], [float(one) for one in profits])
    dead = death.line_ticks * tick if death.lots < 0 else None
    told = "The size that it had when the liquidation began, before fees and funding."
    return [CurveChart("What it paid at each price", [curve], shown, dead, 0.0, tape.grid.settle, "", told)]


def account_tables(report: Postmortem, death: Death) -> list[Table]:
    """Equity by component, the chain of causes, the steps, who took the position, and what would have saved it."""
    found = [_components(report, death), _causes(report, death), _steps(report, death), _took(report, death)]
    return [*found, _what_ifs(report, death)]


def _components(report: Postmortem, death: Death) -> Table:
    """Equity by component at the beginning, at the beginning of the move, and when the liquidation began."""
    tape, path = report.tape, death.path
    moments = [0, int(np.searchsorted(path.rows, report.move.begin))] if len(path.rows) else []
    moments = [at for at in dict.fromkeys(moments) if at < len(path.rows) and path.rows[at] < death.begun]
    columns = [(clock(int(tape.time_ns[path.rows[at]]))[11:], path.parts[at]) for at in moments]
    columns.append((clock(int(tape.time_ns[death.begun]))[11:], death.at_death.parts[0]))
    rows = [
        (name, *(tape.grid.money(int(parts[place])) for _, parts in columns))
        for place, name in enumerate(PARTS)
        if any(parts[place] for _, parts in columns)
    ]
    rows.append(("equity", *(tape.grid.money(int(parts.sum())) for _, parts in columns)))
    blank = ("",) * (len(columns) - 1)
    rows.append(("the venue says: equity", *blank, tape.grid.money(death.equity_units)))
    rows.append(("the venue says: requirement", *blank, tape.grid.money(death.maintenance_units)))
    gap = int(death.at_death.total[0]) - death.equity_units
    lacks = f"{tape.grid.money(death.maintenance_units - death.equity_units)} {tape.grid.settle}"
    note = f"What bound: the maintenance requirement at the mark; {lacks} of equity were lacking."
    if gap:
        note += f" The parts read off the Journal differ from the venue's figure by {tape.grid.money(gap)}."
    return Table(f"Equity by component, {tape.grid.settle}", ("what", *(name for name, _ in columns)), rows, note)


def _causes(report: Postmortem, death: Death) -> Table:
    grid = report.tape.grid
    rows = [
        (
            clock(one.time_ns)[11:], "\u00a0\u00a0" * (at // 2) + ("carried by " if at % 2 else "") + one.what,
            grid.price(one.ticks) if one.ticks > 0 else "",
            grid.size(one.lots) if one.lots else "",
        )
        for at, one in enumerate(death.causes)
    ]  # fmt: skip
    note = "From the end back to the first cause; marks for forced orders, traded prices for who took."
    return Table("Whose order moved the mark over the line", ("UTC", "event", "at", f"size, {grid.base}"), rows, note)


def _steps(report: Postmortem, death: Death) -> Table:
    grid = report.tape.grid
    shown = death.steps
    if len(shown) > _MOST_STEPS:
        shown = [*shown[: _MOST_STEPS // 2], *shown[-_MOST_STEPS // 2 :]]
    rows = [
        (
            clock(one.time_ns)[11:], one.what, one.who, grid.size(one.lots) if one.lots else "",
            grid.price(one.ticks) if one.ticks > 0 else "", grid.money(one.units) if one.units else "",
        )
        for one in shown
    ]  # fmt: skip
    left_out = len(death.steps) - len(shown)
    note = f"{left_out} steps in the middle are left out." if left_out else ""
    columns = ("UTC", "step", "who", f"size, {grid.base}", "at", grid.settle)
    return Table("What happened to the position", columns, rows, note)


def _took(report: Postmortem, death: Death) -> Table:
    grid = report.tape.grid
    rows = [(name, grid.size(lots), f"{lots / max(1, death.closed_lots):.0%}") for name, lots in death.took]
    note = ""
    if death.closed_lots and death.bankruptcy_ticks == death.bankruptcy_ticks:
        worse = (death.closed_ticks - death.bankruptcy_ticks) * (1 if death.lots < 0 else -1)
        lost = round(worse * death.closed_lots * report.tape.worth(report.tape.instrument).factor)
        than = (
            f"{'worse' if lost > 0 else 'better'} than at the bankruptcy price of {grid.price(death.bankruptcy_ticks)}"
        )
        note = f"By {grid.money(abs(lost))} {grid.settle} {than}; others paid {grid.money(death.paid_by_others_units)}."
    return Table("Who took it", ("who", grid.base or "size", "part"), rows, note)


def _what_ifs(report: Postmortem, death: Death) -> Table:
    grid = report.tape.grid
    rows = [
        (one.what, grid.money(one.left_units), grid.money(one.saved_units), one.note) for one in what_ifs(report, death)
    ]
    note = (
        "Counted on the prices as they were, as if the position had been too small to move them: accounting, not "
        f"causation. Left is equity at the last mark; in truth it was {grid.money(death.final_units)} {grid.settle}."
    )
    return Table("What would have saved it", ("if", f"left, {grid.settle}", "saved", "what"), rows, note)
