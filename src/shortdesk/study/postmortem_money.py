"""Where the money went: flows by group that conserve to the unit in every asset, who gained, what it was made of.

Each row that moves units has two ends, so every column sums to zero over all groups, the venue's purses and the
outside included. What is not realised yet is valued at the last mark, against the clearing purse; in a whole Journal
longs equal shorts, so the clearing purse must then stand at zero as well: that is the check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import MONEY_FROM, MONEY_UNTIL, Kind
from shortdesk.study.postmortem_tape import Ints, Tape, Worth

__all__ = ["COLUMNS", "NOBODYS", "Flows", "Holding", "flows_of", "holdings", "last_ticks", "trade_by_trade"]

COLUMNS = ("price", "fees", "funding", "interest", "liquidation", "other")
"""What a gain is made of; deposits, withdrawals, margin, the principal of loans and what providers put into pools or
took out of them are none: a pool's gain is its providers'."""
_PART = {
    Kind.REALISED: 0, Kind.TRADE_LEG: 0, Kind.POOL_LEG: 0, Kind.FEE: 1, Kind.BLOCK_FEE: 1, Kind.FUNDING: 2,
    Kind.INTEREST: 3, Kind.LIQUIDATION_FEE: 4, Kind.INSURANCE_IN: 4, Kind.INSURANCE_OUT: 4, Kind.LOSS_SHARE: 4,
    Kind.DEFICIT: 4, Kind.SEIZED: 4, Kind.COLLATERAL: 4, Kind.TRANSFER: 5, Kind.INCOME: 5,
}  # fmt: skip
_PURSES = (
    ("deficit", (Kind.DEFICIT,)), ("insurance fund", (Kind.INSURANCE_IN, Kind.INSURANCE_OUT, Kind.LIQUIDATION_FEE)),
    ("fee income", (Kind.FEE,)), ("clearing", (Kind.REALISED, Kind.FUNDING)),
)  # fmt: skip
_VENUE = {
    "fees": "fee income", "insurance": "insurance fund", "deficit": "deficit", "clearing": "clearing",
    "reserves": "pools, for their providers",
}  # fmt: skip
NOBODYS = frozenset({*_VENUE.values(), "outside", "builder", "burnt gas"})
"""Groups that are no traders: purses of venues and chains, reserves of pools, what lies outside."""
_PROVIDING = (Kind.POOL_MINT, Kind.POOL_BURN, Kind.POOL_COLLECT)


class Holding(NamedTuple):
    """Positions on one instrument by account: unrealised profit at the opening, and what is held at the end."""

    account: Ints
    opening_profit: Ints
    """Of what was held when the Journal begins, at the first mark."""
    lots: Ints
    cost: Ints
    """Unsigned, as the venue books it."""


@dataclass(frozen=True)
class Flows:
    """Units of one asset. ``table`` is groups by COLUMNS; ``account`` the same by account, the last for the outside."""

    asset: int
    groups: list[str]
    accounts: Ints
    """How many accounts each group has that gained or lost."""
    table: Ints
    unrealised: Ints
    """Of the price column, what is not realised; by group."""
    account: Ints
    group_of: Ints

    @property
    def totals(self) -> Ints:
        """Gain of each group."""
        return np.asarray(self.table.sum(axis=1), np.int64)

    @property
    def left_over(self) -> Ints:
        """Sum of each column over all groups: zero, or the books are wrong."""
        return np.asarray(self.table.sum(axis=0), np.int64)

    @property
    def clearing(self) -> int:
        """What the clearing purse is left with; zero but for rounding in a Journal that tells both sides."""
        at = self.groups.index("clearing") if "clearing" in self.groups else -1
        return int(self.table[at].sum()) if at >= 0 else 0


def flows_of(tape: Tape, asset: int) -> Flows:
    """Gains in one asset by group: populations, the liquidated and the deleveraged apart, the venue's purses.

    Raises:
        AssertionError: a column does not sum to zero.
    """
    names, group = _groups(tape)
    count = len(group)
    cash = np.zeros((count, len(COLUMNS)), np.int64)
    rows = np.flatnonzero((tape.kind >= MONEY_FROM) & (tape.kind < MONEY_UNTIL) & (tape.asset == asset))
    rows = rows[~_is_providing(tape, rows)]
    part = np.full(256, -1, np.int64)
    for kind, place in _PART.items():
        part[int(kind)] = place
    column = part[tape.kind[rows]]
    rows, column = rows[column >= 0], column[column >= 0]
    np.add.at(cash, (tape.account[rows], column), tape.units[rows])
    np.add.at(cash, (tape.other[rows], column), -tape.units[rows])
    open_profit = np.zeros(count, np.int64)
    for instrument in _settled_in(tape, asset):
        positions = holdings(tape, instrument)
        np.add.at(open_profit, positions.account, unrealised_change(tape, instrument, positions))
    clearing = np.flatnonzero(group == names.index("clearing")) if "clearing" in names else group[:0]
    open_profit[clearing[0] if len(clearing) else count - 1] -= open_profit.sum()
    cash[:, 0] += open_profit
    table = np.zeros((len(names), len(COLUMNS)), np.int64)
    np.add.at(table, group, cash)
    not_realised = np.zeros(len(names), np.int64)
    np.add.at(not_realised, group, open_profit)
    active = np.bincount(group[np.any(cash != 0, axis=1)], minlength=len(names))
    flows = Flows(asset, names, active, table, not_realised, cash, group)
    assert not flows.left_over.any(), f"the flows do not conserve: {flows.left_over.tolist()} units are left over"
    return flows


def _is_providing(tape: Tape, rows: Ints) -> NDArray[np.bool_]:
    """Which rows move what a provider puts into a pool or takes out of it."""
    cause = tape.cause[rows]
    by_provider = np.isin(tape.kind[cause], [int(kind) for kind in _PROVIDING]) & (cause >= 0)
    return np.asarray((tape.kind[rows] == int(Kind.POOL_LEG)) & by_provider, np.bool_)


def _settled_in(tape: Tape, asset: int) -> list[int]:
    rows = tape.where(Kind.POSITION, Kind.OPENING)
    rows = rows[(tape.asset[rows] == asset) & (tape.on[rows] >= 0)]
    return [int(one) for one in np.unique(tape.on[rows])]


def holdings(tape: Tape, instrument: int) -> Holding:
    """Who held what at the opening, and what at the end, in the order of accounts."""
    rows = tape.where(Kind.OPENING, Kind.POSITION)
    rows = rows[(tape.on[rows] == instrument)]
    accounts, place = np.unique(tape.account[rows], return_inverse=True)
    opening_profit, lots, cost = (np.zeros(len(accounts), np.int64) for _ in range(3))
    worth = tape.worth(instrument)
    is_opening = tape.kind[rows] == Kind.OPENING
    held, entered = tape.lots[rows[is_opening]], np.maximum(1, tape.price[rows[is_opening]])
    paid = np.abs(worth.of(held, entered))
    np.add.at(opening_profit, place[is_opening], worth.profit(held, paid, _ends(tape, instrument)[0]))
    np.add.at(lots, place[is_opening], held)
    np.add.at(cost, place[is_opening], paid)
    # A position row tells all of a position. With repeated places numpy keeps the value assigned last: the latest row.
    told = rows[~is_opening]
    lots[place[~is_opening]] = tape.lots[told]
    cost[place[~is_opening]] = tape.units[told]
    return Holding(accounts, opening_profit, lots, cost)


def unrealised_change(tape: Tape, instrument: int, held: Holding) -> Ints:
    """Unrealised profit at the last mark less that of the opening at the first mark, by account."""
    worth = tape.worth(instrument)
    return worth.profit(held.lots, held.cost, _ends(tape, instrument)[1]) - held.opening_profit


def last_ticks(tape: Tape, instrument: int) -> int:
    """The last mark of an instrument; its last trade where there are no marks, 1 where there is neither."""
    return _ends(tape, instrument)[1]


def _ends(tape: Tape, instrument: int) -> tuple[int, int]:
    """The first and the last mark in ticks; of trades where there are no marks."""
    for kind in (Kind.MARK, Kind.FILL, Kind.POOL_SWAP):
        rows = tape.where(kind)
        rows = rows[tape.on[rows] == instrument]
        if len(rows):
            return int(tape.price[rows[0]]), int(tape.price[rows[-1]])
    return 1, 1


def trade_by_trade(tape: Tape, instrument: int) -> Ints:
    """The price column of one linear instrument by account, counted the other way; both agree to the unit.

    Every trade, and what was held at the opening, is valued at the last mark: ``lots * (last - price) * factor``.
    """
    worth = tape.worth(instrument)
    first, last = _ends(tape, instrument)
    _, group = tape.groups
    gained = np.zeros(len(group), np.int64)
    opened = tape.where(Kind.OPENING)
    opened = opened[(tape.on[opened] == instrument) & (tape.lots[opened] != 0)]
    _add(gained, tape.account[opened], worth, tape.lots[opened], last - first)
    for kind, sign in ((Kind.FILL, 1), (Kind.ADL, 1), (Kind.TAKEOVER, -1)):
        rows = tape.where(kind)
        rows = rows[tape.on[rows] == instrument]
        lots = sign * tape.lots[rows]
        _add(gained, tape.account[rows], worth, lots, last - tape.price[rows])
        _add(gained, tape.other[rows], worth, -lots, last - tape.price[rows])
    return gained


def _add(to: Ints, accounts: Ints, worth: Worth, lots: Ints, ticks: Ints | int) -> None:
    np.add.at(to, accounts, np.asarray(lots * ticks * worth.factor, np.int64))


def _groups(tape: Tape) -> tuple[list[str], Ints]:
    """Groups with the venue's purses under their own names, and the liquidated and deleveraged of a group apart."""
    names, group = tape.groups
    labels = [_VENUE.get(name, name) for name in names]
    known: dict[str, int] = {}
    base = np.array([known.setdefault(label, len(known)) for label in labels], np.int64)[group]
    for purse, kinds in _PURSES:
        rows = tape.where(*kinds)
        mine = np.unique(tape.other[rows][tape.other[rows] >= 0])
        if len(mine):
            base[mine] = known.setdefault(purse, len(known))
    purses = [known[purse] for purse, _ in _PURSES if purse in known] + [known["outside"]]
    for label, kind in ((", liquidated", Kind.LIQUIDATION_START), (", deleveraged", Kind.ADL)):
        mine = np.unique(tape.account[tape.where(kind)])
        mine = mine[mine >= 0]
        mine = mine[~np.isin(base[mine], purses)]
        told = list(known)
        for old in np.unique(base[mine]).tolist():
            base[mine[base[mine] == old]] = known.setdefault(f"{told[old]}{label}", len(known))
    return list(known), base
