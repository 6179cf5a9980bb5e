"""Why was I liquidated: one account's equity by component, whose orders carried the mark over its line, and its end.

Read off the Journal alone: what was put behind the position, what it realised, paid and received, and its profit at
each mark. Their sum is held against the equity that the venue itself wrote down when the liquidation began.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import MONEY_FROM, MONEY_UNTIL, Kind
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_causes import INDEX, UNKNOWN, ForcedKind
from shortdesk.study.postmortem_coins import coins_behind
from shortdesk.study.postmortem_tape import Ints, Tape, mechanism_name

__all__ = ["Cause", "Death", "Equity", "Step", "account_number", "equity_at", "why_liquidated"]

PARTS = ("put in", "realised", "fees", "funding", "liquidation", "coins", "unrealised")
"""What equity is made of; ``liquidation`` is what liquidation took and what others paid for it, ``coins`` what those of
another kind behind the positions count for."""
_PART = {
    Kind.REALISED: 1, Kind.FEE: 2, Kind.FUNDING: 3, Kind.LIQUIDATION_FEE: 4, Kind.INSURANCE_IN: 4,
    Kind.INSURANCE_OUT: 4, Kind.LOSS_SHARE: 4, Kind.DEFICIT: 4, Kind.COLLATERAL: 4,
}  # fmt: skip
_LONGEST_CHAIN = 12


@dataclass(frozen=True)
class Equity:
    """Equity by PARTS at rows of the tape, in units; ``lots`` are held then, ``ticks`` the mark."""

    rows: Ints
    ticks: Ints
    lots: Ints
    parts: Ints

    @property
    def total(self) -> Ints:
        """The sum of the parts."""
        return np.asarray(self.parts.sum(axis=1), np.int64)


class Cause(NamedTuple):
    """One link of the chain, from the account's end back to the first cause."""

    time_ns: int
    what: str
    ticks: int
    lots: int


class Step(NamedTuple):
    """Something that happened to the position or its money while it was liquidated."""

    time_ns: int
    what: str
    lots: int
    ticks: int
    who: str
    units: int


@dataclass(frozen=True)
class Death:
    """An account's liquidation. Ticks and lots of the instrument, units of its settlement asset."""

    account: int
    name: str
    group: str
    times: int
    """How often it was liquidated in this Journal; this is the largest of them."""
    begun: int
    """Row of its LIQUIDATION_START."""
    ended: int
    lots: int
    entry_ticks: float
    mark_ticks: int
    equity_units: int
    maintenance_units: int
    line_ticks: float
    """Where equity meets the maintenance requirement at its rate of that moment."""
    bankruptcy_ticks: float
    closed_lots: int
    closed_ticks: float
    left_units: int
    """Equity when it was over; margin that went back to the wallet counts."""
    final_units: int
    """The same at the last mark of the Journal."""
    paid_by_others_units: int
    """What the fund, winners or nobody paid of a minus."""
    path: Equity
    at_death: Equity
    causes: list[Cause]
    root: str
    steps: list[Step]
    took: list[tuple[str, int]]
    maintenance_rate: float
    """The requirement as a part of the position's worth when the liquidation began."""

    @property
    def is_partial(self) -> bool:
        """Whether a part of the position outlived the liquidation."""
        return self.closed_lots < abs(self.lots)


def account_number(report: Postmortem, given: str) -> int | None:
    """The account that a name, or a number, means; None when there is none."""
    names = report.tape.journal.names.account.names
    if given in names:
        return names.index(given)
    folded = [at for at, name in enumerate(names) if name.casefold() == given.casefold()]
    if len(folded) == 1:
        return folded[0]
    number = int(given) if given.isdecimal() else -1
    _, group = report.tape.groups
    return number if 0 <= number < len(group) - 1 else None


def why_liquidated(report: Postmortem, account: int) -> Death:
    """The end of an account that was liquidated (``liquidated_accounts`` lists them): its largest liquidation."""
    tape, forced = report.tape, report.forced
    mine = np.flatnonzero((forced.account == account) & (forced.kind == ForcedKind.LIQUIDATION))
    assert len(mine), "the account was not liquidated"
    at = int(mine[np.argmax(np.abs(forced.lots[mine]))])
    begun = int(forced.row[at])
    ended = _ended(tape, account, begun)
    here = int(tape.cause[begun]) if _says_equity(tape, begun) else begun
    mark = int(tape.price[here]) if tape.price[here] > 0 else _mark_at(tape, here)
    at_death = equity_at(tape, account, np.array([here]), np.array([mark]))
    equity = int(tape.units[here]) if _says_equity(tape, begun) else int(at_death.total[0])
    maintenance = int(tape.units[begun]) if tape.kind[begun] == Kind.LIQUIDATION_START else 0
    lots = int(forced.lots[at])
    line, bankruptcy, rate = _lines(tape, lots, mark, equity, maintenance)
    marks = tape.marks[(tape.marks >= _first_row(tape, account)) & (tape.marks <= ended)]
    closed_lots, closed_ticks = _closed(tape, account, begun, ended)
    after = np.array([ended, len(tape) - 1])
    left = equity_at(tape, account, after, np.array([_mark_at(tape, int(row)) for row in after]), keep=begun).total
    return Death(
        account=account, name=tape.account_name(account), group=tape.groups[0][int(tape.groups[1][account])],
        times=len(mine), begun=begun, ended=ended, lots=lots, entry_ticks=_entry(tape, account, here), mark_ticks=mark,
        equity_units=equity, maintenance_units=maintenance, line_ticks=line, bankruptcy_ticks=bankruptcy,
        closed_lots=closed_lots, closed_ticks=closed_ticks, left_units=int(left[0]), final_units=int(left[1]),
        paid_by_others_units=_paid_by_others(tape, account, begun, ended),
        path=equity_at(tape, account, marks, tape.price[marks]),
        at_death=at_death, causes=_chain(report, at), root=forced.roots[int(forced.root[at])],
        steps=_steps(tape, account, begun, ended), took=_took(tape, account, begun, ended), maintenance_rate=rate,
    )  # fmt: skip


def _says_equity(tape: Tape, begun: int) -> bool:
    """Whether the row before a liquidation's start tells the equity."""
    cause = int(tape.cause[begun])
    return bool(tape.kind[begun] == Kind.LIQUIDATION_START and cause >= 0 and tape.kind[cause] == Kind.RISK_STATE)


def _mark_at(tape: Tape, row: int) -> int:
    """The mark that holds after a row."""
    return int(tape.price[tape.marks[max(0, int(np.searchsorted(tape.marks, row, side="right")) - 1)]])


def _lines(tape: Tape, lots: int, mark: int, equity: int, maintenance: int) -> tuple[float, float, float]:
    """Liquidation and bankruptcy price in ticks, and the maintenance rate, of a linear position; nan where unknown.

    Equity moves by ``lots * factor`` a tick and the requirement by its rate of that: ``E + k (p - m) = r |k| p``.
    """
    worth = tape.worth(tape.instrument)
    if not lots or not worth.factor:
        return math.nan, math.nan, 0.0
    rate = maintenance / max(1, int(np.abs(worth.of(np.array([lots]), mark))[0]))
    if worth.is_inverse:
        return math.nan, math.nan, rate
    per_tick = float(lots * worth.factor)
    return mark - (equity - maintenance) / (per_tick - abs(per_tick) * rate), mark - equity / per_tick, rate


def _paid_by_others(tape: Tape, account: int, begun: int, ended: int) -> int:
    rows = tape.where(Kind.INSURANCE_OUT, Kind.DEFICIT, Kind.LOSS_SHARE)
    rows = rows[(rows > begun) & (rows <= ended)]
    return int(
        tape.units[rows[tape.account[rows] == account]].sum() - tape.units[rows[tape.other[rows] == account]].sum()
    )


def _first_row(tape: Tape, account: int) -> int:
    rows = tape.here(Kind.OPENING, Kind.POSITION)
    return int(rows[np.argmax(tape.account[rows] == account)]) if len(rows) else 0


def _ended(tape: Tape, account: int, begun: int) -> int:
    """The row at which the liquidation was over; the last row when it never was."""
    rows = tape.where(Kind.LIQUIDATION_END)
    rows = rows[(rows > begun) & (tape.account[rows] == account)]
    if not len(rows):
        return len(tape) - 1
    return int(rows[0])


def equity_at(tape: Tape, account: int, rows: Ints, ticks: Ints, keep: int = -1) -> Equity:
    """Equity behind the account's position after each of these rows, with the mark at ``ticks``.

    An isolated position has what MARGIN rows put behind it; a cross account has all that it holds. With ``keep``,
    margin moved after that row is not counted, so what a liquidation leaves is told when it went back to the wallet.
    """
    asset = int(tape.asset[tape.fills[0]]) if len(tape.fills) else -1
    ours = (tape.account == account) | (tape.other == account)
    money = np.flatnonzero(ours & (tape.kind >= MONEY_FROM) & (tape.kind < MONEY_UNTIL))
    margin = money[(tape.kind[money] == Kind.MARGIN) & (tape.on[money] == tape.instrument)]
    money = money[tape.asset[money] == asset] if asset >= 0 else money
    sign = np.where(tape.account[money] == account, 1, -1) - np.where(
        (tape.account[money] == account) & (tape.other[money] == account), 2, 0
    )
    part = np.zeros(256, np.int64)
    for kind, place in _PART.items():
        part[int(kind)] = place
    column = part[tape.kind[money]]
    if len(margin):
        inside = (tape.on[money] == tape.instrument) & ((column > 0) | (tape.kind[money] == Kind.MARGIN))
    else:
        inside = tape.kind[money] != Kind.MARGIN
    if keep >= 0:
        inside &= (tape.kind[money] != Kind.MARGIN) | (money <= keep)
    found = np.zeros((len(rows), len(PARTS)), np.int64)
    for place in range(PARTS.index("coins")):
        these = inside & (column == place)
        sums = np.concatenate([[0], np.cumsum(tape.units[money[these]] * sign[these])])
        found[:, place] = sums[np.searchsorted(money[these], rows, side="right")]
    lots, cost = _position_at(tape, account, tape.instrument, rows)
    found[:, -1] = tape.worth(tape.instrument).profit(lots, cost, ticks)
    if not len(margin):
        found[:, -1] += _elsewhere(tape, account, rows)
        found[:, PARTS.index("coins")] = coins_behind(tape, account, rows)
    return Equity(rows, ticks, lots, found)


def _position_at(tape: Tape, account: int, instrument: int, rows: Ints) -> tuple[Ints, Ints]:
    """Lots held after each row, and what they cost."""
    told = tape.where(Kind.OPENING, Kind.POSITION)
    told = told[(tape.on[told] == instrument) & (tape.account[told] == account)]
    opened = tape.kind[told] == Kind.OPENING
    worth = np.abs(tape.worth(instrument).of(tape.lots[told], np.maximum(1, tape.price[told])))
    lots = np.concatenate([[0], tape.lots[told]])
    cost = np.concatenate([[0], np.where(opened, worth, tape.units[told])])
    at = np.searchsorted(told, rows, side="right")
    return lots[at], cost[at]


def _elsewhere(tape: Tape, account: int, rows: Ints) -> Ints:
    """Unrealised profit of a cross account's positions on other instruments, at their own last marks."""
    found = np.zeros(len(rows), np.int64)
    told = tape.where(Kind.POSITION, Kind.OPENING)
    told = told[(tape.account[told] == account) & (tape.on[told] >= 0)]
    for instrument in np.unique(tape.on[told]).tolist():
        marks = tape.where(Kind.MARK)
        marks = marks[tape.on[marks] == instrument]
        if instrument == tape.instrument or not len(marks):
            continue
        lots, cost = _position_at(tape, account, instrument, rows)
        last = marks[np.maximum(0, np.searchsorted(marks, rows, side="right") - 1)]
        found += tape.worth(instrument).profit(lots, cost, tape.price[last])
    return found


def _entry(tape: Tape, account: int, row: int) -> float:
    """Average entry of what is held after a row, in ticks; nan when flat."""
    lots, cost = _position_at(tape, account, tape.instrument, np.array([row]))
    worth = tape.worth(tape.instrument)
    if not lots[0] or not worth.factor or not cost[0]:
        return math.nan
    held = abs(int(lots[0]))
    return held * worth.factor / int(cost[0]) if worth.is_inverse else int(cost[0]) / (held * worth.factor)


def _closings(tape: Tape, account: int, begun: int, ended: int) -> Ints:
    """Rows that took lots off the account while it was liquidated."""
    rows = tape.here(Kind.FILL, Kind.TAKEOVER, Kind.ADL)
    rows = rows[(rows > begun) & (rows <= ended)]
    mine = np.where(tape.kind[rows] == Kind.ADL, tape.other[rows], tape.account[rows])
    return np.asarray(rows[mine == account], np.int64)


def _closed(tape: Tape, account: int, begun: int, ended: int) -> tuple[int, float]:
    rows = _closings(tape, account, begun, ended)
    lots = np.abs(tape.lots[rows])
    total = int(lots.sum())
    return total, float((lots * tape.price[rows]).sum()) / total if total else math.nan


def _chain(report: Postmortem, at: int) -> list[Cause]:
    """From the account's end back to the first cause, at most a dozen links."""
    tape, forced = report.tape, report.forced
    found: list[Cause] = []
    words = ("liquidation", "stop", "buy-in")
    for _ in range(_LONGEST_CHAIN):
        row = int(forced.row[at])
        mark = int(forced.mark[at])
        who = tape.account_name(int(forced.account[at]))
        price = int(tape.price[mark]) if mark >= 0 else int(tape.price[row])
        found.append(
            Cause(int(tape.time_ns[row]), f"{words[int(forced.kind[at])]} of {who}", price, int(forced.lots[at]))
        )
        if forced.by_fill[at] < 0:
            root = forced.roots[int(forced.root[at])]
            is_here = root in (INDEX, UNKNOWN)  # else another instrument's mark, whose price is not this one's
            found.append(Cause(int(tape.time_ns[row]), root, price if is_here else 0, 0))
            return found
        fill = int(tape.fills[int(forced.by_fill[at])])
        taker, how = tape.account_name(int(tape.account[fill])), mechanism_name(int(tape.mechanism[fill]))
        parent = int(forced.parent[at])
        carrier = f"a {how} order of {taker}" if parent >= 0 else f"{taker}, free to trade or not ({how})"
        found.append(Cause(int(tape.time_ns[fill]), carrier, int(tape.price[fill]), int(tape.lots[fill])))
        if parent < 0:
            return found
        at = parent
    found.append(Cause(found[-1].time_ns, "and so on, further back", 0, 0))
    return found


_STEPS = (
    Kind.RISK_STATE, Kind.LIQUIDATION_START, Kind.LIQUIDATION_STEP, Kind.FILL, Kind.TAKEOVER, Kind.ADL,
    Kind.LIQUIDATION_FEE, Kind.INSURANCE_IN, Kind.INSURANCE_OUT, Kind.LOSS_SHARE, Kind.DEFICIT, Kind.COLLATERAL,
    Kind.LIQUIDATION_END,
)  # fmt: skip
_SAID = {
    Kind.RISK_STATE: "equity below the requirement; equity", Kind.LIQUIDATION_START: "liquidation begins; requirement",
    Kind.LIQUIDATION_STEP: "an order is sent", Kind.FILL: "closed in the book", Kind.TAKEOVER: "taken over",
    Kind.ADL: "closed against a winner", Kind.LIQUIDATION_FEE: "liquidation fee",
    Kind.INSURANCE_IN: "what was left goes to the fund", Kind.INSURANCE_OUT: "the fund pays the rest",
    Kind.LOSS_SHARE: "winners pay the rest", Kind.DEFICIT: "nobody can pay the rest",
    Kind.COLLATERAL: "the venue pays and takes coins for it", Kind.LIQUIDATION_END: "liquidation ends; equity left",
}  # fmt: skip


def _steps(tape: Tape, account: int, begun: int, ended: int) -> list[Step]:
    """What happened to the position, row by row."""
    rows = tape.where(*_STEPS)
    first = int(tape.cause[begun]) if tape.cause[begun] >= 0 else begun
    rows = rows[(rows >= min(first, begun)) & (rows <= ended)]
    rows = rows[(tape.account[rows] == account) | ((tape.kind[rows] == Kind.ADL) & (tape.other[rows] == account))]
    # What coins went for is told by the payment; the row of the coins themselves is in another asset.
    rows = rows[(tape.kind[rows] != Kind.COLLATERAL) | (tape.price[rows] < 0)]
    found: list[Step] = []
    for run in np.split(rows, np.flatnonzero(~_goes_on(tape, rows)) + 1) if len(rows) else []:
        found.append(_step(tape, run))
    return found


def _goes_on(tape: Tape, rows: Ints) -> NDArray[np.bool_]:
    """Whether the next row is a fill of the same order, as this one is."""
    is_fill = tape.kind[rows] == Kind.FILL
    same = (np.diff(tape.cause[rows]) == 0) & (np.diff(tape.order[rows]) == 0)
    return np.asarray(is_fill[:-1] & is_fill[1:] & same)


def _step(tape: Tape, rows: Ints) -> Step:
    """One step: a row, or all fills of one order at their average price."""
    row = int(rows[0])
    kind = Kind(int(tape.kind[row]))
    others = tape.account[rows] if kind == Kind.ADL else tape.other[rows]
    sign = -1 if kind in (Kind.ADL, Kind.TAKEOVER) else 1
    lots = sign * int(tape.lots[rows].sum())
    shown = 0 if kind in (Kind.FILL, Kind.ADL) else int(tape.units[row])
    what, ticks, who = _SAID[kind], int(tape.price[row]), tape.account_name(int(others[0])) if others[0] >= 0 else ""
    if len(rows) > 1:
        size = np.abs(tape.lots[rows])
        ticks = round(float((size * tape.price[rows]).sum()) / max(1, int(size.sum())))
        what, who = f"{what}, {len(rows)} fills", f"{len(np.unique(others))} accounts"
    return Step(int(tape.time_ns[row]), what, lots, ticks, who, shown)


def _took(tape: Tape, account: int, begun: int, ended: int) -> list[tuple[str, int]]:
    """Who took the position: groups and lots, the largest first."""
    rows = _closings(tape, account, begun, ended)
    others = np.where(tape.kind[rows] == Kind.ADL, tape.account[rows], tape.other[rows])
    names, group = tape.groups
    sums: dict[str, int] = {}
    for other, lots in zip(group[others].tolist(), np.abs(tape.lots[rows]).tolist(), strict=True):
        sums[names[other]] = sums.get(names[other], 0) + lots
    return sorted(sums.items(), key=lambda one: (-one[1], one[0]))
