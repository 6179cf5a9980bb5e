"""Read a TOML file strictly, so that every complaint names the file, the line and the field.

Numbers with a point are read as exact decimals. Unknown keys are errors with a suggestion.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shortdesk.ground.errors import InputError, unknown_name

__all__ = ["Lines", "convert", "read_toml"]

T = TypeVar("T")

_TABLE = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


class Lines:
    """Where each key of a TOML text stands, by its path such as ``product[0].fees[1].taker``."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._line_of: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    def _read(self) -> None:
        prefix = ""
        depth = 0
        quote = ""
        for number, line in enumerate(self._text.splitlines(), 1):
            if quote:
                quote = "" if quote in line else quote
                continue
            if depth == 0:
                if table := _TABLE.match(line):
                    prefix = self._enter(table[2], is_array=table[1] == "[[", number=number)
                    continue
                if key := _KEY.match(line):
                    self._line_of[self._join(prefix, _clean(key[1]))] = number
            for mark in ('"""', "'''"):
                if line.count(mark) % 2:
                    quote = mark
            bare = re.sub(r"\"[^\"]*\"|'[^']*'|#.*", "", line)
            depth = max(0, depth + bare.count("[") + bare.count("{") - bare.count("]") - bare.count("}"))

    def _enter(self, name: str, *, is_array: bool, number: int) -> str:
        path = ""
        parts = _clean(name).split(".")
        for i, part in enumerate(parts):
            path = self._join(path, part)
            if i == len(parts) - 1 and is_array:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = f"{path}[{self._counts[path]}]"
        self._line_of.setdefault(path, number)
        return path

    @staticmethod
    def _join(prefix: str, name: str) -> str:
        return f"{prefix}.{name}" if prefix else name

    def of(self, path: str) -> int:
        """The line of the key, or of the nearest table around it; 1 when nothing is known."""
        if not self._line_of:
            self._read()
        while path:
            for known in (path, f"{path}[0]"):
                if known in self._line_of:
                    return self._line_of[known]
            cut = max(path.rfind("."), path.rfind("["))
            path = path[:cut] if cut > 0 else ""
        return 1


def _clean(dotted: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in dotted.split("."))


def read_toml(path: Path, *, shown_as: str = "") -> tuple[dict[str, Any], Lines]:
    """The content of a TOML file and where its keys stand.

    Raises:
        InputError: the file is missing, is a directory, is not text or is not TOML.
    """
    name = shown_as or str(path)
    if path.is_dir():
        raise InputError("is a directory; expected a TOML file", name)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError("no such file", name) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 text (byte {error.start})", name) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", name) from None
    try:
        return tomllib.loads(text, parse_float=Decimal), Lines(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+)", str(error))
        message = re.sub(r" \(at .*\)$", "", str(error))
        line = where[1] if where else str(len(text.splitlines()) or 1)
        raise InputError(f"is not TOML: {message}", f"{name}:{line}") from None
    except (RecursionError, ValueError):
        raise InputError("nests too deep or has a number that is too long", name) from None


def convert(content: Mapping[str, Any], kind: type[T], lines: Lines, name: str) -> T:
    """``content`` as the struct ``kind``; unknown keys, missing keys and wrong types name their line.

    Raises:
        InputError: with file, line and field.
    """
    try:
        return msgspec.convert(content, kind, strict=True)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        path = path.rstrip("`").lstrip(".")
        unknown = re.search(r"unknown field `([^`]+)`", message)
        if unknown:
            message = unknown_name("key", unknown[1], _fields_at(kind, path))
            path = f"{path}.{unknown[1]}" if path else unknown[1]
        message = message.replace("Object missing required field", "missing key").replace("`", "'")
        field = f", field {path}" if path else ""
        raise InputError(f"{message}{field}", f"{name}:{lines.of(path)}") from None


def _fields_at(kind: Any, path: str) -> list[str]:
    """The keys that the struct at a path takes."""
    names = re.findall(r"[A-Za-z_][A-Za-z0-9_]*", path)
    for name in names:
        for field in msgspec.structs.fields(kind):
            if field.encode_name == name:
                kind = _struct_inside(field.type)
                break
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
        return []
    return [field.encode_name for field in msgspec.structs.fields(kind)]


def _struct_inside(annotation: Any) -> Any:
    arguments = getattr(annotation, "__args__", ())
    for argument in arguments:
        found = _struct_inside(argument)
        if isinstance(found, type) and issubclass(found, msgspec.Struct):
            return found
    return annotation
