"""What can go wrong because of what somebody gave us, said in one sentence.

Every error names what was given, what was expected and where. The doors turn them into one line on
standard error and an exit code; nothing else does.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["InputError", "MissingExtraError", "ShortdeskError", "UsageError", "nearest_names", "unknown_name"]


class ShortdeskError(Exception):
    """The parent of all errors meant for the user. ``exit_code`` follows the command line's table."""

    exit_code = 1


class UsageError(ShortdeskError):
    """An argument is outside what the command takes (exit code 2)."""

    exit_code = 2


class InputError(ShortdeskError):
    """A file or a value in it cannot be used (exit code 3).

    ``where`` is a file, a file with its line (``sheet.toml:12``), or a file, line and field.
    """

    exit_code = 3

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class MissingExtraError(ShortdeskError):
    """A command needs an optional package (exit code 4)."""

    exit_code = 4

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"this needs {package}; install it with: pip install 'shortdesk[{extra}]'")


def nearest_names(given: str, known: Iterable[str], most: int = 3) -> list[str]:
    """The known names that look most like the given one, best first, upper and lower case alike."""
    by_folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(given.casefold(), by_folded, n=most, cutoff=0.5)
    return [by_folded[name] for name in found]


def unknown_name(what: str, given: str, known: Iterable[str]) -> str:
    """One sentence for a name that is not known: ``unknown venue 'binanse'; did you mean 'binance'?``"""
    names = list(known)
    near = nearest_names(given, names)
    if near:
        hint = " or ".join(f"'{name}'" for name in near)
        return f"unknown {what} '{given}'; did you mean {hint}?"
    listed = ", ".join(sorted(names)[:12]) + (", …" if len(names) > 12 else "")
    return f"unknown {what} '{given}'; known are: {listed}"
