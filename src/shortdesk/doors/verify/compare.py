"""Whether an answer meets what an example expects, within the tolerance that the example states."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

__all__ = ["Difference", "differences", "is_reference"]

_WORDS = {"inf": math.inf, "-inf": -math.inf, "nan": math.nan}


class Difference(NamedTuple):
    """One field whose answer is not what was expected."""

    field: str
    expected: Any
    got: Any


def is_reference(tolerance: Mapping[str, Any]) -> bool:
    """Whether an example is a published figure kept for reference, with nothing to test."""
    return set(tolerance) <= {"note"}


def differences(
    expected: Mapping[str, Any], got: Mapping[str, Any], tolerance: Mapping[str, Any], *, is_model: bool
) -> Iterator[Difference]:
    """The fields that miss. |got - want| <= max(abs, rel * |want|) for venues, abs + rel * |want| for models.

    Every field of ``expected`` must be answered. Where a model's absolute tolerance is an object, only the
    fields it names are compared.
    """
    absolute = tolerance.get("abs", 0)
    fields = expected
    if isinstance(absolute, Mapping):
        fields = {name: expected[name] for name in absolute}
    for name, want in fields.items():
        if name not in got:
            yield Difference(name, want, "no answer")
            continue
        own = absolute[name] if isinstance(absolute, Mapping) else absolute
        exact = tolerance.get("exact") in (True, name)
        limits = (Fraction(0), Fraction(0)) if exact else (Fraction(str(own)), Fraction(str(tolerance.get("rel", 0))))
        if not _meets(want, got[name], limits, is_model=is_model):
            yield Difference(name, want, got[name])


def _meets(want: Any, got: Any, limits: tuple[Fraction, Fraction], *, is_model: bool) -> bool:
    if isinstance(want, list | tuple):
        answers = list(got) if hasattr(got, "__iter__") and not isinstance(got, str) else None
        return (
            answers is not None
            and len(answers) == len(want)
            and all(_meets(w, g, limits, is_model=is_model) for w, g in zip(want, answers, strict=True))
        )
    if isinstance(want, Mapping):
        return isinstance(got, Mapping) and all(
            key in got and _meets(value, got[key], limits, is_model=is_model) for key, value in want.items()
        )
    if want is None or got is None or isinstance(want, bool) or isinstance(got, bool):
        return want is got or (isinstance(want, bool) and isinstance(got, bool) and want == got)
    if isinstance(want, str) and is_model and want in _WORDS:
        return _same_word(_WORDS[want], got)
    number, answer = _number(want), _number(got)
    if number is None or answer is None:
        return bool(want == got)
    absolute, relative = limits
    allowed = absolute + relative * abs(number) if is_model else max(absolute, relative * abs(number))
    if is_model and isinstance(want, int):
        allowed = Fraction(0)
    return abs(answer - number) <= allowed


def _same_word(want: float, got: Any) -> bool:
    if not isinstance(got, float):
        return False
    return math.isnan(got) if math.isnan(want) else got == want


def _number(value: Any) -> Fraction | None:
    """The exact value of a number or of its text; None for words and for floats that are not finite."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int | float | Decimal | Fraction):
        return Fraction(value)
    if isinstance(value, str):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError):
            return None
    return Fraction(float(value)) if hasattr(value, "__float__") else None
