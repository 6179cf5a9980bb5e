"""A post-mortem as a screen shows it: the same sections as the page that is written, as plain data."""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.study.figure import Facts, Part, Prose, Section, Table, Verdict, drawn
from shortdesk.study.postmortem import Postmortem, liquidated_accounts
from shortdesk.study.postmortem_account import Death
from shortdesk.study.postmortem_account_report import account_section
from shortdesk.study.postmortem_report import heading, sections_of, subheading

__all__ = ["DeadView", "ReportView", "SectionView", "report_view"]


class SectionView(msgspec.Struct, frozen=True):
    """A heading and its parts: each has a ``kind`` (verdict, facts, prose, table or chart) and what that kind shows."""

    title: str
    parts: list[dict[str, Any]]


class DeadView(msgspec.Struct, frozen=True):
    """An account that was liquidated, and what it gained in all, in words."""

    name: str
    group: str
    gain: str


class ReportView(msgspec.Struct, frozen=True):
    """A post-mortem, verdict first."""

    heading: str
    subheading: str
    verdict: str
    outcome: str
    account: str
    sections: list[SectionView]
    dead: list[DeadView]
    unit: str


def report_view(report: Postmortem, death: Death | None = None) -> ReportView:
    """The sections of a post-mortem; an account's end follows the verdict where one was asked for."""
    extra = [] if death is None else [account_section(report, death)]
    grid = report.tape.grid
    return ReportView(
        heading=heading(report),
        subheading=subheading(report),
        verdict=report.verdict.words,
        outcome=report.verdict.outcome,
        account="" if death is None else death.name,
        sections=[_section(one) for one in sections_of(report, extra)],
        dead=[DeadView(one.name, one.group, grid.money(one.gain_units)) for one in liquidated_accounts(report)],
        unit=grid.settle,
    )


def _section(section: Section) -> SectionView:
    return SectionView(section.heading, [_part(part) for part in section.parts])


def _part(part: Part) -> dict[str, Any]:
    if isinstance(part, Verdict):
        return {"kind": "verdict", "words": part.text, "mood": part.mood}
    if isinstance(part, Facts):
        return {
            "kind": "facts",
            "facts": [{"name": f.name, "value": f.value, "note": f.note, "mood": f.mood} for f in part.facts],
        }
    if isinstance(part, Prose):
        return {"kind": "prose", "lines": list(part.paragraphs)}
    if isinstance(part, Table):
        rows = [list(row) for row in part.rows]
        return {
            "kind": "table", "caption": part.caption, "columns": list(part.columns), "rows": rows, "note": part.note,
        }  # fmt: skip
    return {"kind": "chart", "title": part.title, "figure": drawn(part)}
