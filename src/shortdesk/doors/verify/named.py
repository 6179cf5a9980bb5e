"""A function under the names that a vector uses for its arguments and results. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from typing import Any

import numpy as np

from shortdesk.ground.errors import InputError

__all__ = ["Model", "Values", "expect", "named", "plain", "same", "taken"]

Values = Mapping[str, Any]
"""Parameters or results by name."""
Model = Callable[[Values], Values]
"""From a vector's parameters to its expected names."""


def expect(parameters: Values, names: Set[str]) -> None:
    """Raise InputError unless the parameters are exactly these, so that none can be overlooked."""
    unknown, missing = parameters.keys() - names, names - parameters.keys()
    if unknown or missing:
        raise InputError(f"parameters unknown: {sorted(unknown)}, missing: {sorted(missing)}")


def same(names: str) -> dict[str, str]:
    """Names, with blanks between them, that are the vector's and ours alike."""
    return {name: name for name in names.split()}


def taken(parameters: Values, names: Mapping[str, str], prose: Set[str] = frozenset()) -> dict[str, Any]:
    """The parameters under our names; those in ``prose``, which may be missing, explain the vector and are left out.

    Errors as :func:`expect`.
    """
    expect({name: value for name, value in parameters.items() if name not in prose}, names.keys())
    return {ours: parameters[theirs] for theirs, ours in names.items()}


def plain(value: Any) -> Any:
    """Arrays as lists and numbers, named tuples as mappings; anything else as it is."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(field) for name, field in value._asdict().items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def named(
    function: Callable[..., Any],
    arguments: Mapping[str, str],
    results: Mapping[str, str] | None = None,
    prose: Set[str] = frozenset(),
) -> Model:
    """``function`` under the vector's names: ``arguments`` from theirs to ours, ``results`` from ours to theirs.

    A function that answers with one number or list has that under each name of ``results``. ``prose`` as in
    :func:`taken`.
    """
    renamed = results or {}

    def answer(parameters: Values) -> Values:
        found = plain(function(**taken(parameters, arguments, prose)))
        if not isinstance(found, dict):
            return dict.fromkeys(renamed.values(), found)
        return {renamed.get(name, name): value for name, value in found.items()}

    return answer
