"""Two runs beside one another: the figures of their post-mortems, line by line."""

from __future__ import annotations

import msgspec

from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_report import facts, flow_tables, pushed_tables

__all__ = ["Compared", "CompareView", "compare_view"]


class Compared(msgspec.Struct, frozen=True):
    """One line: what, in the first run, in the second."""

    name: str
    first: str
    second: str


class CompareView(msgspec.Struct, frozen=True):
    """Two runs: their verdicts, and their figures, who pushed, and who gained."""

    verdicts: tuple[str, str]
    facts: list[Compared]
    pushed: list[Compared]
    gained: list[Compared]


def compare_view(first: Postmortem, second: Postmortem) -> CompareView:
    """The same questions asked of both; a dash where one of them has no answer."""
    figures = [{one.name: one.value for one in facts(report)} for report in (first, second)]
    pushed = [{row[0]: row[2] for row in pushed_tables(report)[0].rows} for report in (first, second)]
    gained = []
    for report in (first, second):
        tables = flow_tables(report)
        at = tables[0].columns.index("in all") if tables else 0
        gained.append({row[0]: f"{row[at]} {report.tape.grid.settle}" for row in tables[0].rows} if tables else {})
    verdicts = (first.verdict.words, second.verdict.words)
    return CompareView(verdicts, _joined(*figures), _joined(*pushed), _joined(*gained))


def _joined(first: dict[str, str], second: dict[str, str]) -> list[Compared]:
    names = dict.fromkeys([*first, *second])
    return [Compared(name, first.get(name, "–"), second.get(name, "–")) for name in names]
