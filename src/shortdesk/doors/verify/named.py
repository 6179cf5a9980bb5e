"""A function under the names that a vector uses for its arguments and results. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from shortdesk.ground.errors import InputError

__all__ = ["Model", "Values", "expect", "named", "plain"]

Values = Mapping[str, Any]
"""Parameters or results by name."""
Model = Callable[[Values], Values]
"""From a vector's parameters to its expected names."""


def expect(parameters: Values, names: set[str]) -> None:
    """Raise InputError unless the parameters are exactly these, so that none can be overlooked."""
    unknown, missing = parameters.keys() - names, names - parameters.keys()
    if unknown or missing:
        raise InputError(f"parameters unknown: {sorted(unknown)}, missing: {sorted(missing)}")


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
    function: Callable[..., Any], arguments: Mapping[str, str], results: Mapping[str, str] | None = None
) -> Model:
    """``function`` under the vector's names: ``arguments`` from theirs to ours, ``results`` from ours to theirs.

    A function that answers with one number or list has that under each name of ``results``.
    """
    renamed = results or {}

    def answer(parameters: Values) -> Values:
        expect(parameters, set(arguments))
        found = plain(function(**{ours: parameters[theirs] for theirs, ours in arguments.items()}))
        if not isinstance(found, dict):
            return dict.fromkeys(renamed.values(), found)
        return {renamed.get(name, name): value for name, value in found.items()}

    return answer
