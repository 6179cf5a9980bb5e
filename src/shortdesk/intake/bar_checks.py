"""The checks that decide whether bars can be used: grid of the clock, label convention, order of the prices."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.intake.clock import common_step, describe_grid, summer_time_hint
from shortdesk.intake.findings import Finding, note
from shortdesk.intake.table import IntArray, Table
from shortdesk.intake.times import DAY_NANOS, SECOND_NANOS, format_interval, format_time, parse_interval

__all__ = ["Label", "check_close_times", "check_prices", "open_times"]

Label: TypeAlias = Literal["open", "close"]
"""What the time of a bar dates: its open or its close."""

_LAST_INSTANTS = (1_000_000, 1_000, 1, SECOND_NANOS)
"""Venues write the end of a bar as its last millisecond, microsecond, nanosecond or second."""
_EARLY_ENDS = 0.01
"""The share of bars whose written end may differ: archives hold a few that were cut by an outage."""


def open_times(
    table: Table, column: str, labels: IntArray, interval: str | None, label: Label | None, shift: str | None
) -> tuple[IntArray, int, Label]:
    """The open time of every bar, the bar length, and the label convention, from sorted labels.

    ``label`` None means that nothing tells it: it is then the open, unless the times end in :59.999.
    Raises InputError for a step that does not fit the length and for a clock that stands off the usual grid.
    """
    step = _length(table, column, labels, interval)
    steps = np.diff(labels)
    if (steps % step).any():
        row = int(np.argmax(steps % step != 0)) + 1
        raise InputError(
            f"{format_time(int(labels[row]))} comes {format_interval(int(steps[row - 1]))} after the row before; "
            f"expected {format_interval(step)} or a multiple of it{summer_time_hint(labels)}",
            table.where(row, column),
        )
    last_instant = next((unit for unit in _LAST_INSTANTS if step > unit and (labels[0] + unit) % step == 0), 0)
    found: Label = label or ("close" if last_instant else "open")
    if last_instant and found == "open":
        raise InputError(
            f"{format_time(int(labels[0]))} is the last instant of a bar, so these are close times; "
            "the label given, or the column's name, says open",
            table.where(0, column),
        )
    opens = labels + last_instant - step if found == "close" else labels.copy()
    if shift is not None:
        opens = opens + _signed_interval(shift)
    elif opens[0] % step and step <= DAY_NANOS:
        _refuse_offset(table, column, int(opens[0]) % step, step)
    return opens, step, found


def _length(table: Table, column: str, labels: IntArray, interval: str | None) -> int:
    measured = common_step(labels)
    step = parse_interval(interval) if interval else measured
    if step == 0:
        raise InputError("one bar alone does not tell how long it is; give the interval", table.name)
    if measured and measured != step:
        raise InputError(
            f"rows follow each other by {format_interval(measured)}, the interval given is {format_interval(step)}",
            table.where(None, column),
        )
    if DAY_NANOS % step and step % DAY_NANOS:
        raise InputError(
            f"rows follow each other by {format_interval(step)}, which does not divide a day{summer_time_hint(labels)}",
            table.where(None, column),
        )
    return step


def _refuse_offset(table: Table, column: str, phase: int, step: int) -> None:
    offset = format_interval(phase)
    opposite = format_interval(step - phase)
    raise InputError(
        f"every bar opens {offset} after the usual grid of {format_interval(step)} ({describe_grid(step)} UTC): "
        f"local time, or labels that stand off the open. Give the shift that mends it (-{offset} or {opposite}), "
        "or shift 0h if the venue's bars really open there",
        table.where(0, column),
    )


def _signed_interval(text: str) -> int:
    given = text.strip()
    sign = -1 if given.startswith("-") else 1
    digits = given.removeprefix("-").removeprefix("+")
    if digits.rstrip("smhdw") in ("0", "00"):
        return 0
    try:
        return sign * parse_interval(digits)
    except UsageError:
        raise UsageError(f"'{text}' is not a shift; write a signed interval: 4h, -4h, 30m, 0h") from None


def check_close_times(table: Table, column: str, ends: IntArray, opens: IntArray, step: int) -> list[Finding]:
    """Refuse ends that contradict the opens and the bar length; note the few that were cut short."""
    last_instants = opens + step - ends
    wrong = ~np.isin(last_instants, (0, *_LAST_INSTANTS))
    if not wrong.any():
        return []
    if wrong.mean() > _EARLY_ENDS:
        row = int(np.argmax(wrong))
        raise InputError(
            f"the bar of {format_time(int(opens[row]))} ends at {format_time(int(ends[row]))}; with bars of "
            f"{format_interval(step)} it must end at {format_time(int(opens[row]) + step)}",
            table.where(row, column),
        )
    return [note("early ends", f"{int(wrong.sum())} bars carry an end time that is not one bar after their open")]


def check_prices(table: Table, columns: Mapping[str, str], prices: Mapping[str, IntArray]) -> None:
    """Raise InputError for a price that is not above zero, and for a high or a low inside its own bar."""
    for name, values in prices.items():
        if (values <= 0).any():
            row = int(np.argmax(values <= 0))
            given = table.text(row, columns[name])
            raise InputError(f"expected a price above zero, got {given}", table.where(row, columns[name]))
    if "high" not in prices:
        return
    for other in ("open", "close", "low"):
        _refuse_inside(table, columns, "high", "below", other, prices["high"] < prices[other])
    for other in ("open", "close"):
        _refuse_inside(table, columns, "low", "above", other, prices["low"] > prices[other])


def _refuse_inside(
    table: Table, columns: Mapping[str, str], name: str, side: str, other: str, bad: npt.NDArray[np.bool_]
) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        given, beside = table.text(row, columns[name]), table.text(row, columns[other])
        raise InputError(
            f"the {name} {given} is {side} the {other} {beside} of its own bar", table.where(row, columns[name])
        )
