"""What would have saved a liquidated account, counted on the path that prices really took.

Accounting, not causation: the path is held fixed, as if the account had been too small to matter. The maintenance
requirement keeps the rate that it had when the liquidation began.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_account import Death, equity_at

__all__ = ["WhatIf", "what_ifs"]

_RATE_ONE = 10**12


class WhatIf(NamedTuple):
    """One way out: what it takes, what would have been left, and what that is more than what was."""

    what: str
    left_units: int
    saved_units: int
    note: str


def what_ifs(report: Postmortem, death: Death) -> list[WhatIf]:
    """More margin, a smaller position, a stop; nothing for inverse contracts and for accounts without a position."""
    worth = report.tape.worth(report.tape.instrument)
    if worth.is_inverse or not worth.factor or not death.lots or not death.maintenance_units:
        return []
    found = [_more_margin(report, death), _smaller(report, death), _stop(report, death)]
    return [one for one in found if one is not None]


class _Held(NamedTuple):
    """The position held on from the liquidation: profit and need at every later mark, and what funding would bring."""

    profit: NDArray[np.float64]
    need: NDArray[np.float64]
    funding: float
    balance: float


def _held(report: Postmortem, death: Death) -> _Held:
    tape = report.tape
    per_tick = float(death.lots * tape.worth(tape.instrument).factor)
    marks = tape.marks[tape.marks >= death.begun]
    ticks = np.concatenate([[death.mark_ticks], tape.price[marks]]).astype(np.float64)
    unrealised = float(death.at_death.parts[0, -1])
    profit = unrealised + per_tick * (ticks - death.mark_ticks)
    need = death.maintenance_rate * abs(per_tick) * ticks
    rates = tape.here(Kind.FUNDING_RATE)
    rates = rates[rates > death.begun]
    paid = float((tape.units[rates] / _RATE_ONE * tape.price[rates] * per_tick).sum())
    return _Held(profit, need, -paid, death.equity_units - unrealised)


def _more_margin(report: Postmortem, death: Death) -> WhatIf:
    grid, held = report.tape.grid, _held(report, death)
    lacks = math.ceil(float(np.max(held.need - held.profit)) - held.balance)
    left = round(held.balance + held.profit[-1] + held.funding)
    what = f"{grid.money(lacks)} {grid.settle} more margin"
    return WhatIf(what, left, left - death.final_units, "lives through the worst mark, held to the last one")


def _smaller(report: Postmortem, death: Death) -> WhatIf | None:
    grid, held = report.tape.grid, _held(report, death)
    worst = float(np.max(held.need - held.profit))
    if worst <= 0 or held.balance <= 0:
        return None
    part = held.balance / worst
    if not 0 < part < 1:
        return None
    worth = abs(death.lots) * report.tape.worth(report.tape.instrument).factor * death.entry_ticks
    left = round(held.balance + part * (held.profit[-1] + held.funding))
    what = f"{part * worth / held.balance:.1f}x leverage instead of {worth / held.balance:.1f}x"
    note = f"the same margin behind {grid.size(math.floor(part * abs(death.lots)))} {grid.base}, held to the last mark"
    return WhatIf(what, left, left - death.final_units, note)


def _stop(report: Postmortem, death: Death) -> WhatIf | None:
    """A stop halfway between the first mark of the position's life and its line, filled at the next trade."""
    tape, path = report.tape, death.path
    if not len(path.rows) or math.isnan(death.line_ticks):
        return None
    level = round((float(path.ticks[0]) + death.line_ticks) / 2)
    before = path.rows < death.begun
    reached = before & ((path.ticks >= level) if death.lots < 0 else (path.ticks <= level)) & (path.lots != 0)
    if not reached.any():
        return None
    row = int(path.rows[np.argmax(reached)])
    later = tape.fills[(tape.fills > row) & (tape.account[tape.fills] != death.account)]
    if not len(later):
        return None
    price = int(tape.price[later[0]])
    then = equity_at(tape, death.account, np.array([row]), np.array([price]))
    fee = _fee_rate(report) * abs(int(then.lots[0])) * price * tape.worth(tape.instrument).factor
    left = round(int(then.total[0]) - fee)
    what = f"a stop at {tape.grid.price(level)}"
    return WhatIf(what, left, left - death.final_units, f"filled at the next trade, {tape.grid.price(price)}, fee paid")


def _fee_rate(report: Postmortem) -> float:
    """The usual taker fee as a part of worth: the median over the Journal."""
    tape = report.tape
    rows = tape.here(Kind.FEE)
    rows = rows[(tape.code[rows] == 0) & (tape.cause[rows] >= 0)]
    fills = tape.cause[rows]
    good = (tape.kind[fills] == Kind.FILL) & (tape.units[fills] > 0)
    return float(np.median(-tape.units[rows[good]] / tape.units[fills[good]])) if good.any() else 0.0
