"""``shortdesk verify``: worked examples of venues and papers against the rules."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.table import Table
from rich.text import Text

from shortdesk.doors.cli.output import console, to_json
from shortdesk.doors.verify.examples import example_files
from shortdesk.doors.verify.runner import Failure, FileResult, run_file
from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain

__all__ = ["verify"]


def verify(
    *paths: Path,
    failures: int = 20,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Check worked examples against the rules.

    Reads files of venue examples (a list) and of model examples (schema vectors_models/1), or folders of
    them. Exit code 1 when an unflagged example fails, 3 when a file is in neither schema.

    Parameters
    ----------
    paths
        Files or folders.
    failures
        How many failures to print in full.
    json
        Print everything as one JSON object.
    """
    if not paths:
        raise UsageError("no path given; expected files or folders of worked examples")
    results = [run_file(path) for path in example_files(list(paths))]
    if json:
        sys.stdout.write(to_json(_as_object(results)))
    else:
        _print(results, failures)
    return 0 if all(result.is_clean for result in results) else 1


def _print(results: Sequence[FileResult], most: int) -> None:
    out = console()
    table = Table(show_edge=False, pad_edge=False, header_style="bold")
    for name in ("file", "check"):
        table.add_column(name)
    for name in ("passed", "failed", "flagged", "flagged failing", "reference", "unknown"):
        table.add_column(name, justify="right")
    for result in results:
        for i, check in enumerate(result.checks):
            counts = _counts(result, check)
            cells = [str(count) if count else "" for count in counts.values()]
            bad = counts["failed"] or counts["unknown"]
            table.add_row(result.path.name if i == 0 else "", check, *cells, style="red" if bad else None)
    out.print(table)
    shown = [failure for result in results for failure in result.failures]
    for failure in shown[:most]:
        out.print(Text(_sentence(failure)))
    if len(shown) > most:
        out.print(f"... and {len(shown) - most} more; --failures {len(shown)} shows all")
    totals = _total(results)
    tested = totals["passed"] + totals["failed"]
    flagged = totals["flagged"] + totals["flagged_failing"]
    out.print(
        f"{totals['passed']} of {tested} unflagged examples hold; "
        f"{flagged} flagged, {totals['flagged_failing']} of them missing; {totals['reference']} kept for reference; "
        f"{totals['unknown']} with no rule here"
    )


def _counts(result: FileResult, check: str) -> dict[str, int]:
    return {
        "passed": result.passed[check],
        "failed": result.failed[check],
        "flagged": result.flagged_passed[check],
        "flagged_failing": result.flagged_failed[check],
        "reference": result.reference[check],
        "unknown": result.unknown[check],
    }


def _total(results: Sequence[FileResult]) -> dict[str, int]:
    totals = dict.fromkeys(("passed", "failed", "flagged", "flagged_failing", "reference", "unknown"), 0)
    for result in results:
        for check in result.checks:
            for name, count in _counts(result, check).items():
                totals[name] += count
    return totals


def _sentence(failure: Failure) -> str:
    example = failure.example
    kind = "flagged, misses" if example.flags else "misses"
    lines = [f"{example.id} ({example.subject}, rule {example.rule}) {kind}"]
    lines += [f"  {d.field}: expected {d.expected}, got {_shown(d.got)}" for d in failure.differences]
    if failure.error:
        lines.append(f"  {failure.error}")
    lines.append(f"  inputs: {', '.join(f'{name}={value}' for name, value in example.inputs.items())}")
    return "\n".join(lines)


def _shown(value: Any) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _as_object(results: Sequence[FileResult]) -> dict[str, Any]:
    return {
        "files": [
            {
                "file": str(result.path),
                "checks": {check: _counts(result, check) for check in result.checks},
                "failures": [_failure_object(failure) for failure in result.failures],
            }
            for result in results
        ],
        "total": _total(results),
    }


def _failure_object(failure: Failure) -> dict[str, Any]:
    example = failure.example
    return {
        "id": example.id,
        "rule": example.rule,
        "flags": list(example.flags),
        "inputs": dict(example.inputs),
        "differences": [{"field": d.field, "expected": d.expected, "got": _shown(d.got)} for d in failure.differences],
        "error": failure.error or None,
    }
