"""What the commands of the stage are given: lengths of time, ranges of a setting, folders for results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from shortdesk.ground.errors import InputError, UsageError

__all__ = ["Over", "clock_text", "new_folder", "parse_over", "parse_seconds"]

_LENGTH = re.compile(r"^\s*([0-9]*\.?[0-9]+)\s*(ms|s|m|min|h|d)?\s*$")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, None: 1.0}
_MOST_VALUES = 10_000


class Over(NamedTuple):
    """A setting and the values it takes, as text such as a scenario file would say them."""

    name: str
    values: tuple[str, ...]


def parse_seconds(text: str | None, name: str) -> float | None:
    """A length of time as ``90``, ``90s``, ``30m`` or ``2h``, in seconds.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    found = _LENGTH.match(text)
    if found is None:
        raise UsageError(f"{name} '{text}': expected a length of time such as 90s, 30m or 2h")
    return float(found[1]) * _UNITS[found[2]]


def clock_text(seconds: float) -> str:
    """``01:30:05`` after the start; with days in front where there are any."""
    whole = round(seconds)
    days, rest = divmod(whole, 86_400)
    text = f"{rest // 3_600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}d {text}" if days else text


def new_folder(out: Path | None, name: str, parent: Path = Path("runs")) -> Path:
    """The folder that was asked for, or the first free one of ``parent``: ``name``, ``name-2``, ``name-3`` …

    Raises:
        InputError: the folder that was asked for is a file or holds something.
    """
    if out is not None:
        if out.is_file():
            raise InputError("this is a file; a run needs a new folder", str(out))
        if out.is_dir() and any(out.iterdir()):
            raise InputError("this folder is not empty; a run needs a new one", str(out))
        return out
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            return folder
        number += 1


def parse_over(text: str) -> Over:
    """``makers.limit_usd=1e5..8e5:5`` (five values, evenly spaced) or ``makers.count=1,2,4``.

    Without a count a range takes whole steps of 1: ``seed=1..8``.

    Raises:
        UsageError: it is neither.
    """
    name, equals, given = text.partition("=")
    name, given = name.strip(), given.strip()
    if not equals or not name or not given:
        raise UsageError(f"range '{text}': expected NAME=FROM..TO:COUNT or NAME=A,B,C, such as makers.count=1,2,4")
    if ".." not in given:
        values = [value.strip() for value in given.split(",")]
        if not all(values):
            raise UsageError(f"range '{text}': a value is missing between two commas")
        return _over(text, name, values)
    ends, _, count_text = given.partition(":")
    low_text, _, high_text = ends.partition("..")
    try:
        low, high = float(low_text), float(high_text)
        count = int(count_text) if count_text else int(high - low) + 1
    except ValueError:
        raise UsageError(f"range '{text}': expected numbers, such as {name}=1e5..8e5:5") from None
    if count < 2 or not low < high:
        raise UsageError(f"range '{text}': expected at least two values, the first below the last")
    if count > _MOST_VALUES:
        raise UsageError(f"range '{text}': {count:,} values; expected at most {_MOST_VALUES:,}")
    step = (high - low) / (count - 1) if count_text else 1.0
    whole = _is_whole(low_text) and _is_whole(high_text) and step == int(step)
    points = [low + step * at for at in range(count)]
    return _over(text, name, [str(int(point)) if whole else format(point, ".12g") for point in points])


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) is not None


def _over(text: str, name: str, values: list[str]) -> Over:
    if len(set(values)) != len(values):
        raise UsageError(f"range '{text}': a value is given twice")
    return Over(name, tuple(values))
