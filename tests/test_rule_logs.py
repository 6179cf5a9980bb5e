"""The decision logs point at things that exist: files, functions, fields of sheets, worked examples, tests."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from shortdesk.ground.venue import venue_ids

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "shortdesk"
LOGS = sorted((ROOT / "docs" / "rules").glob("*.md"))
COLUMNS = "| decision | why | status | where | test |"
IDS = re.compile(r"^(?:av|bb|bm|bn|db|dx|hl|ok)-[a-z0-9_.*-]+$")


def quoted(path: Path) -> Iterator[str]:
    """Everything a log sets in code type."""
    yield from re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))


def rows(path: Path) -> list[list[str]]:
    """The cells of the decision table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index(COLUMNS) + 2
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def test_every_venue_has_its_log() -> None:
    assert {path.stem for path in LOGS} >= {*venue_ids(), "index"}


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_every_decision_has_a_reason_a_status_a_place_and_a_test(path: Path) -> None:
    for cells in rows(path):
        assert len(cells) == 5, cells
        assert all(cells), cells
        assert re.match(r"(rule|choice|inference)\b", cells[2]), cells[2]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.stem)
def test_files_and_functions_named_exist(path: Path) -> None:
    for text in quoted(path):
        if "/" in text and re.search(r"\.(py|toml|csv)$", text):
            assert (ROOT / text).exists() or (PACKAGE / text).exists(), f"{path.name}: {text}"
    # `file.py`, `function`, `function`: each function stands in that file
    for file, names in re.findall(r"`([a-z_]+/[a-z_]+\.py)`((?:,? (?:and )?`[A-Za-z_.]+`)+)", path.read_text()):
        source = ((PACKAGE / file) if (PACKAGE / file).exists() else (ROOT / file)).read_text()
        for name in re.findall(r"`([A-Za-z_.]+)`", names):
            assert re.search(rf"\b{re.escape(name)}\b", source), f"{path.name}: {name} is not in {file}"


@pytest.mark.parametrize("venue", venue_ids())
def test_fields_of_the_sheet_named_in_a_log_stand_in_the_sheet(venue: str) -> None:
    sheet = (PACKAGE / "sheets" / "venues" / f"{venue}.toml").read_text()
    for text in quoted(ROOT / "docs" / "rules" / f"{venue}.md"):
        if re.fullmatch(r'[a-z_]+ = (?:"[a-z_]+"|\[.*\]|true|false)', text) or text.startswith("[["):
            assert text in sheet, f"{venue}: {text}"


def test_worked_examples_named_exist(shared: Path) -> None:
    known = [vector["id"] for path in (shared / "vectors").glob("*.json") for vector in json.loads(path.read_text())]
    named = {text for path in LOGS for text in quoted(path) if IDS.match(text)}
    assert len(named) > 100
    for text in sorted(named):
        assert any(fnmatch(one, text) for one in known), text


def test_tests_named_exist() -> None:
    named = {text for path in LOGS for text in quoted(path) if text.startswith("tests/")}
    assert named
    for text in sorted(named):
        assert (ROOT / text).is_file(), text
