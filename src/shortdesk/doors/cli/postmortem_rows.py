"""A post-mortem for programs: one object, money and prices as decimal text."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from shortdesk.doors.cli.output import money
from shortdesk.study.postmortem import Postmortem, Winner
from shortdesk.study.postmortem_account import PARTS, Death
from shortdesk.study.postmortem_money import COLUMNS, Flows
from shortdesk.study.postmortem_push import Booked
from shortdesk.study.postmortem_report import clock
from shortdesk.study.postmortem_tape import Tape
from shortdesk.study.postmortem_what_if import what_ifs
from shortdesk.study.postmortem_why import why
from shortdesk.study.postmortem_worth import Gains

__all__ = ["report_object"]


def report_object(report: Postmortem, death: Death | None) -> dict[str, Any]:
    """Everything that the page shows, and the account's end where one was asked for."""
    tape, move, found = report.tape, report.move, report.branching
    return {
        "instrument": tape.name,
        "scenario": tape.journal.run.scenario,
        "seed": tape.journal.run.seed,
        "journal": tape.journal.hash,
        "outcome": report.verdict.outcome,
        "verdict": report.verdict.words,
        "tests": [one._asdict() for one in report.verdict.tests],
        "move": {
            "up": move.up, "begins": clock(move.begin_ns), "ends": clock(move.peak_ns),
            "from": tape.grid.price(move.begin_ticks), "to": tape.grid.price(move.peak_ticks),
            "part": _number(move.part), "given_back": _number(move.given_back),
        },
        "forced_size": _size(tape, report.forced_lots),
        "taken_size": _size(tape, report.taken_lots),
        "branching": {name: _number(value) for name, value in found._asdict().items()},
        "generations": [
            {"generation": one.number, "liquidations": one.liquidations, "stops": one.stops, "buy_ins": one.buy_ins,
             "size": _size(tape, one.lots)}
            for one in report.generations
        ],
        "roots": [{"root": who, "forced_orders": count, "deepest": deep} for who, count, deep in report.trees],
        "timeline": [{"time": clock(one.time_ns), "event": one.what, "price": one.price} for one in report.timeline],
        "pushed_by_mechanism": _pushed(tape, report.by_mechanism),
        "pushed_by_root": _pushed(tape, report.by_root),
        "rungs": [
            {"from": tape.grid.price(one.low_ticks), "to": tape.grid.price(one.high_ticks),
             "liquidations": one.liquidations, "stops": one.stops, "forced_size": _size(tape, one.forced_lots),
             "taken_size": _size(tape, one.all_lots), "gain": _number(one.gain)}
            for one in report.rungs
        ],
        "flows": [_flows(tape, one) for one in report.flows],
        "gains": _gains(tape, report.gains),
        "gained_most": _people(tape, report.winners),
        "lost_most": _people(tape, report.losers),
        "deleveraged": _people(tape, report.deleveraged),
        "replays": [{name: getattr(one, name) for name in one.__struct_fields__} for one in report.replays],
        "unknown": report.unknown,
        "account": None if death is None else _death(report, death),
    }  # fmt: skip


def _number(value: float) -> float | None:
    return None if isinstance(value, float) and math.isnan(value) else value


def _size(tape: Tape, lots: int) -> str | None:
    return money(lots * tape.grid.lot)


def _units(tape: Tape, units: int) -> str | None:
    return money(Decimal(int(units)) * tape.grid.unit)


def _pushed(tape: Tape, lines: Sequence[Booked]) -> list[dict[str, Any]]:
    return [
        {"who": one.name, "price_moved": money(one.half_ticks * tape.grid.tick / 2), "with": _size(tape, one.lots),
         "against": _size(tape, one.against)}
        for one in lines
    ]  # fmt: skip


def _flows(tape: Tape, flows: Flows) -> dict[str, Any]:
    unit = tape.unit_of(flows.asset)
    groups = [
        {"group": name, "accounts": int(flows.accounts[at]),
         **{column: money(int(flows.table[at, place]) * unit) for place, column in enumerate(COLUMNS)},
         "in_all": money(int(flows.totals[at]) * unit), "not_realised": money(int(flows.unrealised[at]) * unit)}
        for at, name in enumerate(flows.groups)
        if flows.table[at].any()
    ]  # fmt: skip
    return {"asset": tape.asset_name(flows.asset), "sum_units": int(flows.left_over.sum()), "groups": groups}


def _gains(tape: Tape, gains: Gains | None) -> dict[str, Any] | None:
    """Everything in the settlement asset at the last prices."""
    if gains is None:
        return None
    names = [tape.asset_name(one.asset) for one in gains.flows]
    groups = [
        {"group": name, **dict(zip(names, map(money, gains.parts[at]), strict=True)),
         "in_all": money(sum(gains.parts[at], Decimal(0)))}
        for at, name in enumerate(gains.flows[0].groups)
        if any(gains.parts[at])
    ]  # fmt: skip
    prices = [
        {"asset": tape.asset_name(one.asset), "price": money(one.price), "market": one.market} for one in gains.prices
    ]
    return {"asset": names[0], "prices": prices, "unpriced": [*map(tape.asset_name, gains.unpriced)], "groups": groups}


def _people(tape: Tape, people: Sequence[Winner]) -> list[dict[str, Any]]:
    return [
        {"account": one.name, "group": one.group, "gain": _units(tape, one.gain_units),
         **({"closed": _size(tape, one.lots), "at": tape.grid.price(one.price_ticks)} if one.lots else {})}
        for one in people
    ]  # fmt: skip


def _death(report: Postmortem, death: Death) -> dict[str, Any]:
    tape = report.tape
    return {
        "account": death.name,
        "group": death.group,
        "answer": why(report, death),
        "begun": clock(int(tape.time_ns[death.begun])),
        "ended": clock(int(tape.time_ns[death.ended])),
        "size": _size(tape, death.lots),
        "mark": tape.grid.price(death.mark_ticks),
        "equity": _units(tape, death.equity_units),
        "maintenance": _units(tape, death.maintenance_units),
        "equity_parts": {name: _units(tape, int(death.at_death.parts[0, place])) for place, name in enumerate(PARTS)},
        "liquidation_price": _number(death.line_ticks * float(tape.grid.tick)),
        "bankruptcy_price": _number(death.bankruptcy_ticks * float(tape.grid.tick)),
        "closed_price": _number(death.closed_ticks * float(tape.grid.tick)),
        "left": _units(tape, death.left_units),
        "left_at_last_mark": _units(tape, death.final_units),
        "paid_by_others": _units(tape, death.paid_by_others_units),
        "causes": [{"time": clock(one.time_ns), "what": one.what} for one in death.causes],
        "root": death.root,
        "took": {name: _size(tape, lots) for name, lots in death.took},
        "what_ifs": [
            {
                "if": one.what,
                "left": _units(tape, one.left_units),
                "saved": _units(tape, one.saved_units),
                "note": one.note,
            }
            for one in what_ifs(report, death)
        ],
    }
