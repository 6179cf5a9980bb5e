"""What counterfactuals found: a sentence for each, and every functional with the interval that its seeds allow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from shortdesk.doors.web.view.offers import offers_of
from shortdesk.stage.changes import label_of
from shortdesk.stage.effects import Effect
from shortdesk.stage.scenario import Scenario
from shortdesk.study.student import student_95

__all__ = ["AnswerView", "EffectView", "answer_views", "effect_view"]

_WORDS = MappingProxyType(
    {
        "peak_pct": "highest rise, %",
        "area_pct_min": "rise over time, % × min",
        "depth_lost_pct": "depth lost at worst, %",
        "liquidated": "liquidated, worth",
        "bad_debt": "bad debt",
        "adl": "deleveraged, worth",
        "fund_change": "insurance fund, change",
    }
)
_LEAD, _SECOND = "peak_pct", "liquidated"
_LEAST_RISE = 0.5
"""A rise of less than this many per cent is no story; then the worth that was liquidated is told."""


class EffectView(msgspec.Struct, frozen=True):
    """One functional as it was and as it would have been, means over seeds, and their paired difference."""

    of: str
    as_was: float
    otherwise: float
    difference: float
    """Otherwise, less as it was."""
    low: float | None
    high: float | None
    is_clear: bool
    """The interval leaves 0 out."""
    share: float | None
    """The Shapley value, where effects of several were shared out."""


class AnswerView(msgspec.Struct, frozen=True):
    """One counterfactual: what it is called, what it says in a sentence, its figures."""

    key: str
    title: str
    said: str
    seeds: int
    lead: int
    """Place of the functional that the sentence is about."""
    effects: list[EffectView]


def effect_view(one: Effect) -> EffectView:
    """An effect with its 95 % interval, difference ± t · standard error; none from a single seed."""
    difference = one.changed - one.as_was
    half = None if one.standard_error is None or one.seeds < 2 else student_95(one.seeds) * one.standard_error
    return EffectView(
        of=_WORDS.get(one.functional, one.functional.replace("_", " ")),
        as_was=one.as_was,
        otherwise=one.changed,
        difference=difference,
        low=None if half is None else difference - half,
        high=None if half is None else difference + half,
        is_clear=half is not None and abs(difference) > half,
        share=one.shapley,
    )


def answer_views(effects: Sequence[Effect], scenario: Scenario | None, quote: str = "") -> list[AnswerView]:
    """Effects by counterfactual, in the order in which they were asked; titles are those of the scenario's buttons."""
    groups: dict[str, list[Effect]] = {}
    for one in effects:
        groups.setdefault(one.mechanism, []).append(one)
    known = _names(scenario)
    return [_answer(label, *known.get(label, ("", label, f"With “{label}” changed")), rows, quote)
            for label, rows in groups.items()]  # fmt: skip


def _names(scenario: Scenario | None) -> Mapping[str, tuple[str, str, str]]:
    if scenario is None:
        return {}
    return {
        label_of(one.changes): (one.key, one.title, one.otherwise)
        for one in offers_of(scenario)
        if len(one.changes) == 1
    }


def _answer(label: str, key: str, title: str, otherwise: str, rows: Sequence[Effect], quote: str) -> AnswerView:
    by_name = {one.functional: at for at, one in enumerate(rows)}
    lead = by_name.get(_LEAD, 0)
    if rows[lead].as_was < _LEAST_RISE and rows[lead].changed < _LEAST_RISE:
        lead = by_name.get(_SECOND, lead)
    views = [effect_view(one) for one in rows]
    said = f"{otherwise}, {_told(rows[lead].functional, views[lead], rows[lead].seeds, quote)}"
    return AnswerView(key or f"label:{label}", title, said, rows[0].seeds, lead, views)


def _told(functional: str, one: EffectView, seeds: int, quote: str) -> str:
    if functional == _LEAD:
        way = f"the mark would have risen {one.otherwise:.2f} % instead of {one.as_was:.2f} %"
        change = f"{abs(one.difference):.2f} points {'less' if one.difference < 0 else 'more'}"
    else:
        name = "worth liquidated" if functional == _SECOND else one.of
        way = f"{name} would have been {one.otherwise:,.0f} instead of {one.as_was:,.0f} {quote}".rstrip()
        change = f"{abs(one.difference):,.0f} {'less' if one.difference < 0 else 'more'}"
    if one.difference == 0:
        return f"{way}: nothing changes."
    if one.is_clear:
        return f"{way}: {change}."
    return f"{way}; with {seeds} seeds that is not told apart from chance."
