"""The desk's modules put into a page, so that it needs no server and no network.

A page that was opened from a file may import no file, but it may import what it carries: each module becomes a
``data:`` address in the page's import map. Their text is what stands in ``web/static``; only the relative names in
their imports are written out in full, because a ``data:`` address has no folder.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path, PurePosixPath
from urllib.parse import quote

__all__ = ["STATIC", "import_map", "missing_scripts"]

STATIC = Path(__file__).parents[1] / "web" / "static"
"""The desk's pages and their scripts."""

_ADDRESS = "/static/"
_MAP = re.compile(r'<script type="importmap"[^>]*>(.*?)</script>', re.DOTALL)
_IMPORT = re.compile(r"""((?:^|[;}\s])(?:import|export)\b[^"'`;()]*?)(["'])([^"'\s]+)\2""", re.MULTILINE)
"""An import or an export from somewhere, up to the name of the module; types in comments and import() have brackets."""
_READABLE = "".join(map(chr, range(0x20, 0x7F))).translate({ord(one): None for one in '%#<"\\\\'})
"""What may stand in a ``data:`` address inside JSON inside HTML as it is."""


@cache
def _vendored() -> dict[str, str]:
    """Names of the modules of others, each with its file; as the desk's own page has them."""
    found = _MAP.search((STATIC / "index.html").read_text(encoding="utf-8"))
    assert found is not None
    imports: dict[str, str] = json.loads(found[1])["imports"]
    return {name: address.removeprefix(_ADDRESS) for name, address in imports.items()}


def missing_scripts() -> list[str]:
    """Files of others' scripts that this installation lacks: set-up fetches them, the wheel carries them."""
    return [path for path in _vendored().values() if not (STATIC / path).is_file()]


def import_map(entry: str) -> dict[str, str]:
    """Every module that ``entry`` (a file in the static folder) needs, by name: its text as a ``data:`` address."""
    found: dict[str, str] = {}
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        text, needed = _resolved(path)
        found[path] = f"data:text/javascript;charset=utf-8,{quote(text, safe=_READABLE)}"
        waiting += needed
    return dict(sorted(found.items()))


def _resolved(path: str) -> tuple[str, list[str]]:
    """A module with the names of its imports written out in full, and those names."""
    needed = []

    def full(found: re.Match[str]) -> str:
        name = _path_of(found[3], path)
        needed.append(name)
        return f"{found[1]}{found[2]}{name}{found[2]}"

    return _IMPORT.sub(full, (STATIC / path).read_text(encoding="utf-8")), needed


def _path_of(name: str, importer: str) -> str:
    if not name.startswith("."):
        return _vendored()[name]
    parts: list[str] = []
    for part in PurePosixPath(importer).parent.joinpath(name).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
