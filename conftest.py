"""Every example in README.md, docs/ and the docstrings of src/ runs as a test.

Python blocks of one page share a namespace. ``console`` blocks are commands of the ``shortdesk`` program with the
output they must print: ``...`` stands for any text, and a last line ``[exit 2]`` for an exit code other than 0.
A ``toml`` or ``text`` block whose first line is a comment with a file name (``.toml``, ``.play``) is written to that
file for the commands after it;
a ``json`` block, which can hold no comment, is written to ``examples.json``.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sybil import Document, Example, Sybil
from sybil.integration import pytest as sybil_pytest
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

OPTIONS = doctest.ELLIPSIS | doctest.REPORT_NDIFF


def page_folder(document: Document) -> Path:
    """A temporary folder that one page's files and commands share."""
    if "_folder" not in document.namespace:
        document.namespace["_folder"] = tempfile.TemporaryDirectory(prefix="shortdesk-page-")
    return Path(document.namespace["_folder"].name)


def remove_folder(namespace: dict[str, Any]) -> None:
    if "_folder" in namespace:
        namespace.pop("_folder").cleanup()


def run_command(words: list[str], folder: Path) -> str:
    """What the command prints, standard output before standard error, with its exit code when that is not 0."""
    assert words[0] == "shortdesk", f"a console block runs shortdesk and nothing else, not {words[0]!r}"
    environment = {**os.environ, "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb"}
    program = Path(sys.executable).with_name("shortdesk")
    done = subprocess.run(
        [str(program), *words[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,  # the first command of all may have to compile its kernels
        check=False,
    )
    code = f"[exit {done.returncode}]\n" if done.returncode else ""
    return done.stdout + done.stderr + code


def evaluate_console(example: Example) -> str | None:
    """Run the commands of a block one after the other; the first that prints something else fails the example."""
    block = re.split(r"^\$ ", str(example.parsed), flags=re.MULTILINE)
    if block[0].strip():
        return f"a console block begins with '$ ', not with {block[0].strip()!r}"
    for part in block[1:]:
        command, _, wanted = part.partition("\n")
        got = run_command(shlex.split(command), page_folder(example.document))
        if not wanted.strip() and "[exit" not in got:
            continue
        checked = doctest.Example(command, wanted.rstrip() + "\n")
        got = "\n".join(line.rstrip() for line in got.rstrip().splitlines()) + "\n"
        if not doctest.OutputChecker().check_output(checked.want, got, OPTIONS):
            return f"$ {command}\n" + doctest.OutputChecker().output_difference(checked, got, OPTIONS)
    return None


def write_file(example: Example) -> None:
    """Keep a block that names its file in a first comment; other blocks are only shown."""
    named = re.match(r"#\s*([\w.-]+\.(?:toml|play))\s*\n", str(example.parsed))
    if named:
        (page_folder(example.document) / named.group(1)).write_text(str(example.parsed), encoding="utf-8")


def write_examples(example: Example) -> None:
    """Keep a block of worked examples for the commands after it."""
    (page_folder(example.document) / "examples.json").write_text(str(example.parsed), encoding="utf-8")


pages = Sybil(
    parsers=[
        PythonCodeBlockParser(doctest_optionflags=OPTIONS),
        CodeBlockParser(language="console", evaluator=evaluate_console),
        CodeBlockParser(language="toml", evaluator=write_file),
        CodeBlockParser(language="text", evaluator=write_file),
        CodeBlockParser(language="json", evaluator=write_examples),
        SkipParser(),
    ],
    pattern="*.md",
    teardown=remove_folder,
)
docstrings = Sybil(parsers=[DocTestParser(OPTIONS)], path="src", pattern="*.py")

pytest_collect_file = sybil_pytest.pytest_integration(pages, docstrings)
