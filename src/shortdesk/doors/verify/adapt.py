"""From the names of a model vector to a function that answers: names are translated, nothing is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from shortdesk.ground.errors import InputError

__all__ = ["Answer", "Values", "same", "taken", "translated"]

Values = Mapping[str, Any]
"""The parameters of a vector, or its results, by their names there."""

Answer = Callable[[Values], Values]
"""What answers a vector."""


def same(names: str) -> dict[str, str]:
    """Names, with blanks between them, that are the vector's and ours alike."""
    return {name: name for name in names.split()}


def taken(parameters: Values, names: Mapping[str, str], prose: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The parameters under our names; those in ``prose`` explain the vector in words and are left out.

    Raises InputError for a parameter that is unknown or missing, so that no vector passes by overlooking half of it.
    """
    unknown, missing = parameters.keys() - names.keys() - prose, names.keys() - parameters.keys()
    if unknown or missing:
        raise InputError(f"parameters unknown: {sorted(unknown)}, missing: {sorted(missing)}")
    return {ours: parameters[theirs] for theirs, ours in names.items()}


def translated(
    function: Callable[..., Any],
    arguments: Mapping[str, str],
    results: Mapping[str, str] | str | None = None,
    prose: frozenset[str] = frozenset(),
) -> Answer:
    """The function under the vector's names.

    ``arguments`` maps the vector's names to ours, ``results`` our names to the vector's where they differ; a text is
    the name of the one result of a function that returns a bare value.
    """

    def answer(parameters: Values) -> Values:
        found = function(**taken(parameters, arguments, prose))
        if isinstance(results, str):
            return {results: found}
        names = results or {}
        return {names.get(name, name): value for name, value in found._asdict().items()}

    return answer
