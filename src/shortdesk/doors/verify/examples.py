"""Read files of worked examples and check their form.

Two schemas: venue examples, a JSON list of objects with ``inputs``; model examples, an object with
``schema: vectors_models/1`` and a list ``vectors`` with ``parameters``. Numbers of venue examples are decimal
text, those of models are JSON numbers.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from shortdesk.ground.errors import InputError

__all__ = ["Example", "example_files", "read_examples"]

_VENUE_KEYS = {
    "id": str,
    "venue": str,
    "check": str,
    "rule": str,
    "inputs": dict,
    "expected": dict,
    "tolerance": dict,
}
_VENUE_EXTRA = {"contract", "mode", "evidence", "source", "as_of", "flags", "notes", "common_wrong"}
_MODEL_KEYS = {"id": str, "model": str, "parameters": dict, "expected": dict, "tolerance": dict}
_MODEL_EXTRA = {"source", "verified", "notes", "flags"}


class Example(NamedTuple):
    """One worked example: what to ask, what must come out, how closely."""

    id: str
    subject: str
    """The venue, or ``model``."""
    check: str
    rule: str
    """The key of a rule, or the name of a model."""
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: Mapping[str, Any]
    flags: tuple[str, ...]
    is_model: bool


def example_files(paths: list[Path]) -> list[Path]:
    """The files named, and all ``.json`` files of the folders named, in alphabetical order.

    Raises:
        InputError: a path that does not exist, or a folder without examples.
    """
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = sorted(path.glob("*.json"))
            if not found:
                raise InputError("a folder without .json files; expected worked examples", str(path))
            files.extend(found)
        elif path.exists():
            files.append(path)
        else:
            raise InputError("no such file or folder", str(path))
    return files


def read_examples(path: Path) -> list[Example]:
    """All examples of a file.

    Raises:
        InputError: not JSON, not one of the two schemas, or an id that stands twice; names file and example.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})", str(path)) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"is not JSON: {error.msg}", f"{path}:{error.lineno}") from None
    except (RecursionError, ValueError):
        raise InputError("nests too deep or has a number that is too long", str(path)) from None
    if isinstance(content, list):
        examples = [_venue_example(row, f"{path}, example {i}") for i, row in enumerate(content)]
    elif isinstance(content, dict) and content.get("schema") == "vectors_models/1":
        rows = content.get("vectors")
        if not isinstance(rows, list):
            raise InputError("has no list 'vectors'", str(path))
        examples = [_model_example(row, f"{path}, example {i}") for i, row in enumerate(rows)]
    else:
        raise InputError(
            "is in no known schema; expected a list of venue examples, or schema vectors_models/1", str(path)
        )
    if not examples:
        raise InputError("has no examples; there is nothing to check", str(path))
    seen: set[str] = set()
    for example in examples:
        if example.id in seen:
            raise InputError(f"id '{example.id}' stands twice", str(path))
        seen.add(example.id)
    return examples


def _venue_example(row: Any, where: str) -> Example:
    _require(row, _VENUE_KEYS, _VENUE_EXTRA, where)
    return Example(
        row["id"],
        row["venue"],
        row["check"],
        row["rule"],
        row["inputs"],
        row["expected"],
        row["tolerance"],
        tuple(row.get("flags") or ()),
        is_model=False,
    )


def _model_example(row: Any, where: str) -> Example:
    _require(row, _MODEL_KEYS, _MODEL_EXTRA, where)
    return Example(
        row["id"],
        "model",
        row["model"],
        row["model"],
        row["parameters"],
        row["expected"],
        row["tolerance"],
        tuple(row.get("flags") or ()),
        is_model=True,
    )


def _require(row: Any, keys: Mapping[str, type], extra: set[str], where: str) -> None:
    if not isinstance(row, dict):
        raise InputError(f"is a {type(row).__name__}; expected an object with {', '.join(keys)}", where)
    missing = [key for key in keys if key not in row]
    if missing:
        raise InputError(f"lacks {', '.join(missing)}", where)
    for key, kind in keys.items():
        if not isinstance(row[key], kind):
            raise InputError(f"{key} is a {type(row[key]).__name__}; expected {kind.__name__}", where)
    flags = row.get("flags") or []
    if not isinstance(flags, list) or not all(isinstance(flag, str) for flag in flags):
        raise InputError(f"flags is {flags!r}; expected a list of words", where)
    unknown = sorted(set(row) - set(keys) - extra)
    if unknown:
        raise InputError(f"unknown key {', '.join(unknown)}", where)
    if not row["expected"]:
        raise InputError("expects nothing; a test that cannot fail is no test", where)
