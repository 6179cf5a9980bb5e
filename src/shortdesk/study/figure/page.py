"""One HTML page that carries everything in itself: style, charts and tables, and no script, font or address.

It reads on a phone and on paper, in light and dark as the reader's system asks, and by a screen reader.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from shortdesk.intake.times import format_time
from shortdesk.study.figure import svg
from shortdesk.study.figure.charts import FlowChart, PathChart, PriceChart
from shortdesk.study.figure.curve import CurveChart
from shortdesk.study.figure.series import Line, Marker
from shortdesk.study.figure.style import STYLE
from shortdesk.study.figure.tree import CauseTree

__all__ = ["Around", "Fact", "Facts", "Part", "Prose", "Section", "Table", "Verdict", "body_of", "drawn", "page"]

Mood: TypeAlias = Literal["plain", "good", "bad"]

_NUMBER = re.compile(r"|[-−+]?[\d,]+(\.\d+)?([ ]?(%|bp|[A-Z]{3,5}))?|[-–—]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in one or two sentences, set apart."""

    text: str
    mood: Mood = "plain"


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs of plain text."""

    paragraphs: Sequence[str]


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure with its name, and a few words below it."""

    name: str
    value: str
    note: str = ""
    mood: Mood = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Figures side by side."""

    facts: Sequence[Fact]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns; a column that holds only numbers is set to the right."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


Part: TypeAlias = Verdict | Prose | Facts | Table | PriceChart | PathChart | FlowChart | CurveChart | CauseTree
"""What a section is made of."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its parts; without a heading the parts follow the title."""

    heading: str
    parts: Sequence[Part]


Around: TypeAlias = Callable[[Part, str], str]
"""What stands in a page in place of a part, given the part and its HTML."""


def page(title: str, sections: Sequence[Section], *, subtitle: str = "", footer: Sequence[str] = ()) -> str:
    """The whole page as text, to be written to a file or sent.

    All text is escaped. Its content policy forbids the browser to load or run anything.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    body = body_of(sections)
    under = f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else ""
    foot = "".join(f"<p>{escape(line)}</p>" for line in footer)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>{escape(title)}</title>
<style>
{STYLE}
</style>
</head>
<body>
<header><h1>{escape(title)}</h1>{under}</header>
<main>
{body}
</main>
{f"<footer>{foot}</footer>" if foot else ""}
</body>
</html>
"""


def body_of(sections: Sequence[Section], around: Around | None = None) -> str:
    """The sections as HTML, all text escaped; ``around`` may put something of its own beside or about a part."""
    return "\n".join(_section(section, around) for section in sections)


def drawn(chart: PriceChart | PathChart | FlowChart | CurveChart | CauseTree) -> str:
    """One chart as an HTML figure with its key, for a page that has the style sheet; all text is escaped."""
    return _part(chart)


def _section(section: Section, around: Around | None) -> str:
    heading = f"<h2>{escape(section.heading)}</h2>" if section.heading else ""
    parts = (_part(part) if around is None else around(part, _part(part)) for part in section.parts)
    return f"<section>{heading}\n" + "\n".join(parts) + "\n</section>"


def _part(part: Part) -> str:
    match part:
        case Verdict(text, mood):
            return f'<p class="verdict {mood}">{escape(text)}</p>'
        case Prose(paragraphs):
            return "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
        case Facts(facts):
            return '<dl class="facts">' + "".join(_fact(fact) for fact in facts) + "</dl>"
        case Table():
            return _table(part)
        case PriceChart():
            return _chart(part, part.levels, part.markers, part.far_levels)
        case PathChart():
            return _chart(part, part.lines if len(part.lines) > 1 else (), part.markers)
        case FlowChart():
            return _chart(part)
        case CauseTree() | CurveChart():
            return part.html()


def _fact(fact: Fact) -> str:
    note = f'<dd class="note">{escape(fact.note)}</dd>' if fact.note else ""
    return f'<div class="{fact.mood}"><dt>{escape(fact.name)}</dt><dd>{escape(fact.value)}</dd>{note}</div>'


def _table(table: Table) -> str:
    columns = list(zip(*table.rows, strict=True)) if table.rows else [() for _ in table.columns]
    right = [bool(cells) and all(_NUMBER.fullmatch(cell.strip()) for cell in cells) for cells in columns]
    marks = ['class="n"' if number else "" for number in right]
    head = "".join(
        f'<th scope="col" {mark}>{escape(name)}</th>' for name, mark in zip(table.columns, marks, strict=True)
    )
    rows = []
    for row in table.rows:
        first, *rest = (escape(cell) for cell in row)
        cells = "".join(f"<td {mark}>{cell}</td>" for cell, mark in zip(rest, marks[1:], strict=True))
        rows.append(f'<tr><th scope="row" {marks[0]}>{first}</th>{cells}</tr>')
    note = f'<p class="note">{escape(table.note)}</p>' if table.note else ""
    caption = escape(table.caption)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}"><table><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows) + f"\n</tbody></table></div>{note}"
    )


def _chart(
    chart: PriceChart | PathChart | FlowChart,
    lines: Sequence[Line] = (),
    markers: Sequence[Marker] = (),
    remarks: Sequence[str] = (),
) -> str:
    """A figure with its heading, the drawings, and the key to its lines and markers."""
    unit = f' <span class="unit">{escape(chart.unit)}</span>' if chart.unit else ""
    keys = [f'<li class="of-line">{svg.line_icon(line)} {escape(line.name)}</li>' for line in lines]
    for marker in sorted(markers, key=lambda one: one.time_nanos):
        when = f'<span class="when">{format_time(marker.time_nanos)}</span>'
        keys.append(f"<li>{svg.marker_icon(marker.kind)} {when} {escape(marker.label)}</li>")
    keys += [f'<li class="note">{escape(remark)}</li>' for remark in remarks]
    key = f'<ul class="key">{"".join(keys)}</ul>' if keys else ""
    told = f'<p class="note">{escape(chart.description)}</p>' if chart.description else ""
    return f"<figure><figcaption>{escape(chart.title)}{unit}</figcaption>\n{chart.svg()}\n{key}{told}</figure>"
