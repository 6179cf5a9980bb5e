"""One HTML file that holds everything: text and drawings for paper, the desk's panels, their data, no address.

Without scripts it reads as the study's own page does. Its content policy lets the browser run these scripts and load
nothing; a name that holds markup stays text, in the page and in its data.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from shortdesk.doors.pages.modules import STATIC, import_map, missing_scripts
from shortdesk.study.figure import Part, Section, body_of, page

__all__ = ["PLAIN", "Panel", "Store", "covered", "live_page"]

PLAIN = "plain figures: the scripts of the desk are not in this installation; make setup fetches them"
"""What is said where a page had to do without the desk's panels."""

_STYLES = ("desk.css", "report.css", "page.css")
_LIGHT = re.compile(r':root\[data-theme="light"\] \{(.*?)\}', re.DOTALL)
_MARKUP = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})
_LOOKS = "style-src 'unsafe-inline'; img-src data:"
_THANKS = "Charts: Lightweight Charts™ by TradingView, Apache-2.0. Panels: lit, BSD-3-Clause."


class Store(msgspec.Struct, frozen=True):
    """What the page's store is given: the same as a desk's store hears over its socket."""

    parts: Mapping[str, Any]
    candles: Sequence[Any]
    columns: Sequence[Any] = ()
    state: Mapping[str, Any] = msgspec.field(default_factory=dict)


class Panel(NamedTuple):
    """A panel of the desk in the place of a drawing; without a tag the drawing only makes room for other panels.

    ``value`` is given to the element as its property ``name``.
    """

    tag: str = ""
    value: Any = None
    name: str = "of"


def covered(html: str, panel: str, of: str = "") -> str:
    """A place that shows the HTML on paper and without scripts, and a panel where scripts run."""
    given = f' data-of="{escape(of)}"' if of else ""
    inside = html if html.startswith("<figure") else f'<div class="drawn">{html}</div>' if html else ""
    return f'<div class="live" data-panel="{escape(panel)}"{given}>{inside}</div>'


def live_page(
    title: str, sections: Sequence[Section], *, entry: str, store: Store, panels: Callable[[Part], Sequence[Panel]],
    subtitle: str = "", footer: Sequence[str] = (),
) -> str:  # fmt: skip
    """The whole page as text; ``panels`` says which panels take the place of a part, none for most.

    Where the scripts of others are missing it is the study's page, which says so in its last line.
    """
    if missing_scripts():
        return page(title, sections, subtitle=subtitle, footer=[*footer, f"Written with {PLAIN}."])
    values: dict[str, dict[str, Any]] = {}

    def around(part: Part, html: str) -> str:
        found = panels(part)
        if not found:
            return html
        places = []
        for at, one in enumerate(found):
            key = f"{len(values)}" if one.value is not None else ""
            if key:
                values[key] = {"as": one.name, "value": one.value}
            places.append(covered("" if at else html, one.tag, key))
        return places[0] if len(places) == 1 else f'<div class="panels">{"".join(places)}</div>'

    body = body_of(sections, around)
    given = _json({"store": store, "of": values})
    return _whole(title, subtitle, body, [*footer, _THANKS], entry, given)


def _json(value: Any) -> str:
    """JSON in which no character can end the element that it stands in."""
    return msgspec.json.encode(value, enc_hook=_plain).decode().translate(_MARKUP)


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be shown")


def _styles() -> str:
    """The desk's styles; where no script chooses a theme the reader's system does, and paper is always light."""
    text = "\n".join(_read(name) for name in _STYLES)
    found = _LIGHT.search(text)
    assert found is not None
    light = found[1]
    return (
        f"{text}\n@media (prefers-color-scheme: light) {{ :root:not([data-theme]) {{{light}}} }}\n"
        f"@media print {{ :root, :root[data-theme] {{{light}}} }}"
    )


def _read(name: str) -> str:
    return Path(STATIC / name).read_text(encoding="utf-8")


def _whole(title: str, subtitle: str, body: str, footer: Sequence[str], entry: str, given: str) -> str:
    modules = json.dumps({"imports": import_map(f"pages/{entry}.js")}, indent=0)
    # A nonce that nobody who wrote a name in the data could know: it depends on all of the page.
    nonce = hashlib.sha256(f"{title}{body}{given}{modules}".encode()).hexdigest()[:32]
    policy = f"default-src 'none'; script-src 'nonce-{nonce}'; {_LOOKS}; base-uri 'none'"
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
<link rel="icon" href="data:,">
<style>
{_styles()}
</style>
<script nonce="{nonce}">
{_read("look.js")}</script>
</head>
<body>
<div class="page report">
<header><div><h1>{escape(title)}</h1>{under}</div></header>
<main>
{body}
</main>
<footer>{foot}</footer>
</div>
<script type="application/json" id="given">{given}</script>
<script type="importmap" nonce="{nonce}">{modules}</script>
<script type="module" nonce="{nonce}">import "pages/{entry}.js";</script>
</body>
</html>
"""
