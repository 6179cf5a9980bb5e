"""Tier tables: read one symbol's rows from a CSV file and check that they make sense.

Columns: ``symbol, floor, cap, maintenance_rate, deduction, initial_rate, max_leverage``. An empty ``cap`` has
no upper bound. A rate is a decimal or a fraction such as ``1/80``. An empty ``deduction`` is worked out by
continuity, ``d_n = d_(n-1) + floor_n * (r_n - r_(n-1))``, where the venue's amounts are continuous. Exactly one
of ``initial_rate`` and ``max_leverage`` may be empty; each is then the inverse of the other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from shortdesk.ground.errors import InputError, unknown_name
from shortdesk.ground.fine import Exact, to_fraction
from shortdesk.ground.venue import StepRules, sheet_folder

__all__ = [
    "COLUMNS",
    "TierRow",
    "continuous_deductions",
    "leverage_of_maintenance",
    "maintenance_of_leverage",
    "next_deduction",
    "read_tiers",
    "step_tiers",
    "tier_line",
    "tier_symbols",
    "walk_tables",
]

COLUMNS = ("symbol", "floor", "cap", "maintenance_rate", "deduction", "initial_rate", "max_leverage")
"""The header of such a file."""


class TierRow(NamedTuple):
    """One tier in the unit of its table; ``cap`` is None where there is no upper bound."""

    floor: Fraction
    cap: Fraction | None
    maintenance_rate: Fraction
    deduction: Fraction
    initial_rate: Fraction
    max_leverage: Fraction


def tier_line(file: str | Path, symbol: str) -> str:
    """Where the last tier of a symbol stands, as ``file:line``."""
    path = _locate(file)
    return f"{path.name}:{_lines_by_symbol(path)[symbol][-1][0]}"


def read_tiers(file: str | Path, symbol: str, *, continuous: bool) -> tuple[TierRow, ...]:
    """The rows of one symbol, checked.

    Raises:
        InputError: unknown symbol (nearest names offered), or a broken row; names file, line and field.
    """
    path = _locate(file)
    lines = _lines_by_symbol(path)
    if symbol not in lines:
        raise InputError(unknown_name("symbol", symbol, lines), path.name)
    rows: list[TierRow] = []
    for number, text in lines[symbol]:
        rows.append(_read_row(text, f"{path.name}:{number}", rows[-1] if rows else None, continuous=continuous))
    return tuple(rows)


def tier_symbols(file: str | Path) -> list[str]:
    """All symbols of a table, in its order."""
    return list(_lines_by_symbol(_locate(file)))


def walk_tables(file: str | Path, *, continuous: bool) -> Iterator[tuple[str, tuple[TierRow, ...]]]:
    """Every symbol of a table with its checked rows."""
    for symbol in tier_symbols(file):
        yield symbol, read_tiers(file, symbol, continuous=continuous)


def continuous_deductions(floors: Sequence[Fraction], rates: Sequence[Fraction]) -> list[Fraction]:
    """Deductions that make maintenance continuous: d_1 = 0, d_n = d_(n-1) + floor_n * (r_n - r_(n-1))."""
    deductions = [Fraction(0)]
    for i in range(1, len(floors)):
        deductions.append(next_deduction(deductions[-1], floors[i], rates[i], rates[i - 1]))
    return deductions


def next_deduction(previous: Exact, floor: Exact, rate: Exact, previous_rate: Exact) -> Fraction:
    """The deduction that continues the tier below: previous + floor * (rate - previous rate)."""
    return to_fraction(previous) + to_fraction(floor) * (to_fraction(rate) - to_fraction(previous_rate))


def maintenance_of_leverage(max_leverage: Exact) -> Fraction:
    """Half the initial rate at the largest leverage: 1 / (2 * leverage) (Hyperliquid)."""
    return 1 / (2 * to_fraction(max_leverage))


def leverage_of_maintenance(maintenance_rate: Exact) -> Fraction:
    """The largest leverage where initial is twice maintenance: 1 / (2 * rate) (Bybit)."""
    return 1 / (2 * to_fraction(maintenance_rate))


def step_tiers(steps: StepRules, most: int = 200) -> tuple[TierRow, ...]:
    """Risk steps written out as tiers: each started step above the base limit adds one increment to both rates.

    The whole position takes the rate, so nothing is deducted. The list ends where the initial rate would
    pass 1, or after ``most`` rows.
    """
    rows: list[TierRow] = []
    floor = Fraction(0)
    for k in range(most):
        initial = Fraction(steps.initial_rate) + k * Fraction(steps.increment)
        if initial > 1:
            break
        cap = Fraction(steps.base_limit) + k * Fraction(steps.step)
        maintenance = Fraction(steps.maintenance_rate) + k * Fraction(steps.increment)
        rows.append(TierRow(floor, cap, maintenance, Fraction(0), initial, 1 / initial))
        floor = cap
    return tuple(rows)


def _locate(file: str | Path) -> Path:
    path = Path(file)
    return path if path.is_absolute() else sheet_folder() / "tiers" / path


@functools.cache
def _lines_by_symbol(path: Path) -> dict[str, list[tuple[int, str]]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", str(path)) from None
    lines = text.splitlines()
    if not lines or tuple(lines[0].split(",")) != COLUMNS:
        given = lines[0] if lines else "an empty file"
        raise InputError(f"header is '{given}'; expected '{','.join(COLUMNS)}'", f"{path.name}:1")
    found: dict[str, list[tuple[int, str]]] = {}
    for number, line in enumerate(lines[1:], 2):
        if line:
            found.setdefault(line[: line.find(",")], []).append((number, line))
    return found


def _read_row(text: str, where: str, before: TierRow | None, *, continuous: bool) -> TierRow:
    cells = text.split(",")
    if len(cells) != len(COLUMNS):
        raise InputError(f"{len(cells)} cells; expected {len(COLUMNS)}: {', '.join(COLUMNS)}", where)
    floor = _number(cells[1], where, "floor")
    cap = _number(cells[2], where, "cap") if cells[2] else None
    rate = _number(cells[3], where, "maintenance_rate")
    if not cells[5] and not cells[6]:
        raise InputError(
            "initial_rate and max_leverage are both empty; expected one of them, field initial_rate", where
        )
    given = {
        field: _number(cells[i], where, field) for i, field in ((5, "initial_rate"), (6, "max_leverage")) if cells[i]
    }
    for field, value in given.items():
        if value <= 0:
            raise InputError(f"{field} is {value}; expected a number above 0, field {field}", where)
    initial = given.get("initial_rate") or 1 / given["max_leverage"]
    leverage = given.get("max_leverage") or 1 / initial

    expected_floor = before.cap if before else Fraction(0)
    if expected_floor is None:
        raise InputError("a tier follows one without a cap, field floor", where)
    if floor != expected_floor:
        kind = "gap" if floor > expected_floor else "overlap"
        raise InputError(f"{kind} in tiers: floor is {cells[1]}, expected {expected_floor}, field floor", where)
    if cap is not None and cap <= floor:
        raise InputError(f"cap {cells[2]} is not above floor {cells[1]}, field cap", where)
    if not 0 < rate <= 1:
        raise InputError(f"a rate must lie in (0, 1]; given {cells[3]}, field maintenance_rate", where)
    if initial > 1:
        raise InputError(f"the initial rate is {initial}, above 1, field {next(iter(given))}", where)
    if rate > initial:
        raise InputError(f"maintenance rate {rate} is above the initial rate {initial}, field maintenance_rate", where)
    if before and rate < before.maintenance_rate:
        raise InputError(f"maintenance rate {rate} falls below the tier before, field maintenance_rate", where)

    chained = next_deduction(before.deduction, floor, rate, before.maintenance_rate) if before else Fraction(0)
    deduction = _number(cells[4], where, "deduction") if cells[4] else (chained if continuous else Fraction(0))
    if continuous and deduction != chained:
        raise InputError(
            f"maintenance jumps: deduction is {cells[4]}, continuity needs {chained}, field deduction", where
        )
    return TierRow(floor, cap, rate, deduction, initial, leverage)


def _number(text: str, where: str, field: str) -> Fraction:
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise InputError(f"'{text}' is not a number; expected e.g. 0.004 or 1/80, field {field}", where) from None
