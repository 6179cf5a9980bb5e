"""How the pages are built. Nothing is fetched: no other project's index, no script or font from elsewhere."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
from pathlib import Path
from types import ModuleType

import shortdesk
from shortdesk.doors.cli import COMMANDS, app_of
from shortdesk.ground import compile as compiler


@functools.wraps(compiler.kernel)
def left_as_written(function: object) -> object:
    """Stands for ``@kernel``, so that a kernel is documented as the function it was written as."""
    return function


compiler.kernel = left_as_written  # before any room is imported

HERE = Path(__file__).parent

project = "shortdesk"
author = "the shortdesk contributors"
copyright = f"2026, {author}"
release = version = shortdesk.__version__

# Rooms may use the same short name for their own private noun (a Table of the sheets, a Table of a page); Sphinx
# cannot tell them apart in an annotation and would link neither.
suppress_warnings = ["ref.python"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"shortdesk {release}"
html_copy_source = False
html_show_sphinx = False

ROOMS = {
    "ground": "nouns and arithmetic",
    "margin": "the rules of an account",
    "market": "the moving market",
    "intake": "the past comes in",
    "stage": "scenarios, runs and agents",
    "study": "questions asked of a journal",
    "tax": "lots, gains and forms",
    "doors": "command line, web and gateway",
}


def write_if_changed(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def own_names(module: ModuleType) -> list[str]:
    """The public names that a module does not merely pass on from another one of ours."""
    homes = {name: getattr(getattr(module, name), "__module__", module.__name__) for name in vars(module)["__all__"]}
    return [name for name, home in homes.items() if home == module.__name__ or not home.startswith("shortdesk.")]


def room_page(room: str, what: str) -> str:
    """One page for a room: its files in the order of their names, each with its public names."""
    package = importlib.import_module(f"shortdesk.{room}")
    title = f"{room}: {what}"
    parts = [title, "=" * len(title), "", f".. automodule:: shortdesk.{room}", ""]
    for found in sorted(pkgutil.walk_packages(package.__path__, f"shortdesk.{room}."), key=lambda one: one.name):
        module = importlib.import_module(found.name)
        if hasattr(module, "__all__"):
            heading = found.name.removeprefix("shortdesk.")
            names = ", ".join(own_names(module))
            parts += [heading, "-" * len(heading), "", f".. automodule:: {found.name}"]
            parts += [f"   :members: {names}", ""] if names else [""]
    return "\n".join(parts)


def commands_page() -> str:
    """One section for each command, from its own help."""
    title = "Commands"
    parts = [title, "=" * len(title), "", "Exit codes: 0 done, 1 the answer is a finding, 2 usage, 3 bad input data,"]
    parts += ["4 a missing extra, 130 interrupted.", ""]
    for name in COMMANDS:
        command = app_of([name])[name]
        text = command.generate_docs("rst", heading_level=2, usage_name=f"shortdesk {name}")
        parts.append(re.sub(r"\.\. contents::.*\n(   .*\n)*", "", text))
    return "\n".join(parts)


def write_reference(app: object) -> None:
    """Write the generated pages anew, so that they never lag behind the sources."""
    generated = HERE / "reference" / "generated"
    pages = {generated / "commands.rst": commands_page()}
    for room, what in ROOMS.items():
        package = Path(shortdesk.__file__).parent / room
        if len(list(package.rglob("*.py"))) > 1:
            pages[generated / f"{room}.rst"] = room_page(room, what)
    for path, text in pages.items():
        write_if_changed(path, text)
    for stale in set(generated.glob("*.rst")) - set(pages):
        stale.unlink()


def skip_unsaid(app: object, what: str, name: str, value: object, skip: bool, options: object) -> bool | None:
    """Fields of named tuples that say nothing of their own stand in the signature already."""
    return True if (getattr(value, "__doc__", None) or "").startswith("Alias for field number") else None


def escape_marks(app: object, what: str, name: str, value: object, options: object, lines: list[str]) -> None:
    """Docstrings hold formulas: outside of ``code`` a bar is |an absolute value| and ``r_i`` is not a link."""
    for i, line in enumerate(lines):
        parts = re.split(r"(``.*?``)", line)
        parts[::2] = [re.sub(r"(?<=\w)_(?!\w)|\|", r"\\\g<0>", part) for part in parts[::2]]
        lines[i] = "".join(parts)


def setup(app: object) -> None:
    app.connect("builder-inited", write_reference)  # type: ignore[attr-defined]
    app.connect("autodoc-process-docstring", escape_marks, priority=900)  # type: ignore[attr-defined]
    app.connect("autodoc-skip-member", skip_unsaid)  # type: ignore[attr-defined]
