"""What the studies on arrays of numbers have in common: reading arguments in and refusing what is no number."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError

__all__ = ["Array", "Flags", "not_negative", "numbers", "positive", "row", "same_length"]

Array = npt.NDArray[np.float64]
"""Floats of any shape; a single number is an array without axes."""
Flags = npt.NDArray[np.bool_]
"""Truth values of any shape."""


def numbers(
    name: str,
    given: npt.ArrayLike,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
    below: float = math.inf,
    axes: int | None = None,
) -> Array:
    """``given`` as floats, all finite, within least <= x <= most and above < x < below.

    Raises:
        UsageError: something that is no finite number, lies outside, or has not ``axes`` axes; names the first culprit.
    """
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        raise UsageError(f"{name} must be numbers in rows of one length, not {given!r}") from None
    if axes is not None and found.ndim != axes:
        shape = {0: "one number", 1: "a row of numbers", 2: "a table of numbers"}[axes]
        raise UsageError(f"{name} must be {shape}, not an array of {found.ndim} axes")
    good = np.isfinite(found) & (found >= least) & (found > above) & (found <= most) & (found < below)
    if not good.all():
        limits = [
            f"{word} {limit:g}"
            for word, limit in (("at least", least), ("above", above), ("at most", most), ("below", below))
            if math.isfinite(limit)
        ]
        said = " and ".join(limits)
        raise UsageError(f"{name} must be finite{', ' + said if said else ''}; got {found[~good].flat[0]:g}")
    return found


def positive(**given: float) -> None:
    """Each is one finite number above 0; UsageError names the first that is not."""
    for name, value in given.items():
        numbers(name, value, above=0.0, axes=0)


def not_negative(**given: float) -> None:
    """Each is one finite number from 0 up; UsageError names the first that is not."""
    for name, value in given.items():
        numbers(name, value, least=0.0, axes=0)


def row(
    name: str, given: npt.ArrayLike, *, least: float = -math.inf, above: float = -math.inf, at_least: int = 1
) -> Array:
    """A row of at least ``at_least`` finite numbers; errors as :func:`numbers`."""
    found = numbers(name, given, least=least, above=above, axes=1)
    if found.size < at_least:
        raise UsageError(f"{name} needs at least {at_least} numbers, not {found.size}")
    return found


def same_length(**given: Array) -> None:
    """Raise UsageError unless all rows are as long as the first."""
    (first, length), *others = ((name, found.shape[0]) for name, found in given.items())
    for name, other in others:
        if other != length:
            raise UsageError(f"{name} has {other} entries and {first} has {length}; they belong together one by one")
