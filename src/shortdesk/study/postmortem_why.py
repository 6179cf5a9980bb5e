"""The answer to "why was I liquidated?" in a few sentences."""

from __future__ import annotations

import math

from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_account import Death

__all__ = ["why"]


def why(report: Postmortem, death: Death) -> str:
    """What happened, whose orders did it, and what was left."""
    if not death.lots:
        return f"{death.name} had no position left: its own orders had closed it below zero, and the minus was settled."
    return " ".join(part for part in (_what(report, death), _who(death), _end(report, death)) if part)


def _what(report: Postmortem, death: Death) -> str:
    grid = report.tape.grid
    side = "short" if death.lots < 0 else "long"
    entry = "" if math.isnan(death.entry_ticks) else f" from {grid.price(death.entry_ticks)}"
    often = f" {death.times} times, of which this is the largest" if death.times > 1 else ""
    who, was, its = ("You", "were", "your") if death.name == "you" else (death.name, "was", "its")
    return (
        f"{who}, {side} {grid.size(abs(death.lots))} {grid.base}{entry}, {was} liquidated{often}: at the mark of "
        f"{grid.price(death.mark_ticks)} {its} equity of {grid.money(death.equity_units)} {grid.settle} no longer met "
        f"the maintenance requirement of {grid.money(death.maintenance_units)} {grid.settle}."
    )


def _who(death: Death) -> str:
    deep = (len(death.causes) - 1) // 2
    carried = f"The price was carried there by {death.causes[1].what}." if len(death.causes) > 1 else ""
    if len(death.causes) > 1 and death.causes[1].ticks == 0:
        carried = f"What carried it over the line was not this price but {death.causes[1].what}."
    if not deep:
        return carried
    orders = "order stands" if deep == 1 else "orders stand"
    return f"{carried} {deep} forced {orders} between it and the first cause: {death.root}."


def _end(report: Postmortem, death: Death) -> str:
    grid = report.tape.grid
    if not death.closed_lots:
        return ""
    worse = (death.closed_ticks - death.bankruptcy_ticks) * (1 if death.lots < 0 else -1)
    how = "worse than" if worse > 0.5 else "better than" if worse < -0.5 else "at"
    against = "" if math.isnan(worse) else f", {how} its bankruptcy price of {grid.price(death.bankruptcy_ticks)}"
    part = f"{death.closed_lots / abs(death.lots):.0%} of it" if death.is_partial else "It"
    left = f"{grid.money(death.left_units)} {grid.settle} of its equity were left"
    if death.paid_by_others_units > 0:
        left = f"others paid {grid.money(death.paid_by_others_units)} {grid.settle} of its minus"
    return f"{part} was closed at {grid.price(death.closed_ticks)} on average{against}; {left}."
