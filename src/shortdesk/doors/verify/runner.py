"""Run worked examples and count what holds."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from shortdesk.doors.verify.compare import Difference, differences, is_reference
from shortdesk.doors.verify.examples import Example, read_examples
from shortdesk.ground.errors import ShortdeskError

__all__ = ["Failure", "FileResult", "run_file"]

Adapter = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_ROOM = "shortdesk.doors.verify"
_VENUE_ADAPTERS = ("perps", "rates", "loans")
_MODEL_ADAPTERS = (
    "models",
    "models_amm",
    "models_book",
    "models_cascade",
    "models_crowding",
    "models_estimators",
    "models_execution",
    "models_making",
)


@dataclass(frozen=True, slots=True)
class Failure:
    """An example that does not hold: where it misses, or why the rule would not answer."""

    example: Example
    differences: Sequence[Difference]
    error: str = ""


@dataclass(slots=True)
class FileResult:
    """What came out of one file, by kind of check."""

    path: Path
    passed: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    flagged_passed: Counter[str] = field(default_factory=Counter)
    flagged_failed: Counter[str] = field(default_factory=Counter)
    reference: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)

    @property
    def checks(self) -> list[str]:
        """Every kind of check in the file, in alphabetical order."""
        counters = (
            self.passed,
            self.failed,
            self.flagged_passed,
            self.flagged_failed,
            self.reference,
            self.unknown,
        )
        return sorted({check for counter in counters for check in counter})

    @property
    def is_clean(self) -> bool:
        """Whether no unflagged example failed and every rule was known."""
        return not self.failed and not self.unknown


@cache
def _adapters(*, models: bool) -> dict[str, Adapter]:
    """All translators of one schema, by rule or model name."""
    found: dict[str, Adapter] = {}
    for name in _MODEL_ADAPTERS if models else _VENUE_ADAPTERS:
        module = importlib.import_module(f"{_ROOM}.{name}")
        found.update(module.MODELS if models else module.RULES)
    return found


def run_file(path: Path) -> FileResult:
    """Every example of a file against the rules. A flagged example is counted apart and fails nothing.

    Raises:
        InputError: the file is in no known schema.
    """
    result = FileResult(path)
    for example in read_examples(path):
        _run_example(example, result)
    return result


def _run_example(example: Example, result: FileResult) -> None:
    if is_reference(example.tolerance):
        result.reference[example.check] += 1
        return
    adapter = _adapters(models=example.is_model).get(example.rule)
    if adapter is None:
        result.unknown[example.check] += 1
        result.failures.append(Failure(example, (), f"no rule here answers '{example.rule}'"))
        return
    missed: list[Difference] = []
    error = ""
    try:
        answer = adapter(example.inputs)
        missed = list(differences(example.expected, answer, example.tolerance, is_model=example.is_model))
    except ShortdeskError as refused:
        error = str(refused)
    except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError) as broken:
        error = f"{type(broken).__name__}: {broken}"
    holds = not missed and not error
    if not holds:
        result.failures.append(Failure(example, missed, error))
    if example.flags:
        (result.flagged_passed if holds else result.flagged_failed)[example.check] += 1
    else:
        (result.passed if holds else result.failed)[example.check] += 1
