"""A post-mortem: what happened in a Journal, who pushed whom, who paid, and whether it was a squeeze.

It reads the Journal and its names, nothing else, so it works on a staged run, on a play, and on history that was
imported, as far as its rows go; what it cannot know it says (``Postmortem.unknown``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind
from shortdesk.study.postmortem_causes import (
    Branching,
    Forced,
    ForcedKind,
    bounce_ticks,
    branching_ratio,
    find_forced,
)
from shortdesk.study.postmortem_money import NOBODYS, Flows, flows_of
from shortdesk.study.postmortem_push import (
    Booked,
    Move,
    Rung,
    book_by_mechanism,
    book_by_root,
    find_move,
    forced_lots,
    rungs_of,
)
from shortdesk.study.postmortem_tape import Ints, Tape, read_tape
from shortdesk.study.postmortem_timeline import Entry, timeline_of
from shortdesk.study.postmortem_verdict import Judged, Replay, judge
from shortdesk.study.postmortem_worth import Gains, gains_of

__all__ = ["Generation", "Postmortem", "Winner", "explain", "liquidated_accounts"]

TOP = 8
"""So many winners, losers and deleveraged accounts are told."""


@dataclass(frozen=True, slots=True)
class Generation:
    """Forced orders of the move that stand equally far from the root of their tree."""

    number: int
    liquidations: int
    stops: int
    buy_ins: int
    lots: int


@dataclass(frozen=True, slots=True)
class Winner:
    """One account's gain in units, and what was taken from it by deleveraging."""

    account: int
    name: str
    group: str
    gain_units: int
    lots: int = 0
    price_ticks: float = 0.0


@dataclass(frozen=True)
class Postmortem:
    """The finding. Flows are in the settlement asset of the instrument first, then in the other assets that moved."""

    tape: Tape
    forced: Forced
    move: Move
    in_move: NDArray[np.bool_]
    """Which forced orders belong to the move."""
    verdict: Judged
    timeline: list[Entry]
    branching: Branching
    generations: list[Generation]
    trees: list[tuple[str, int, int]]
    """Roots of the trees of the move: who, forced orders in all, the deepest generation."""
    by_mechanism: list[Booked]
    by_root: list[Booked]
    forced_lots: int
    taken_lots: int
    spread_ticks: int
    rungs: list[Rung]
    flows: list[Flows]
    gains: Gains | None
    """All assets at their last prices."""
    winners: list[Winner]
    losers: list[Winner]
    deleveraged: list[Winner]
    replays: Sequence[Replay]
    unknown: list[str]


def explain(journal: Journal, *, instrument: str = "", replays: Sequence[Replay] = ()) -> Postmortem:
    """The post-mortem of a Journal, about one instrument: the named one, else the one with most liquidations.

    Raises:
        UsageError: there is no such instrument.
        InputError: the Journal is empty, has no market in it, or a block is damaged.
    """
    tape = read_tape(journal, instrument)
    forced = find_forced(tape)
    move = find_move(tape, forced)
    in_move = move.holds(forced.row)
    branching = branching_ratio(tape, forced, in_move, move.begin_ns, move.peak_ns)
    mine, all_of_it = forced_lots(tape, move, forced)
    flows = [flows_of(tape, asset) for asset in _assets(tape)]
    gains = gains_of(tape, flows)
    ranked = _ranked(tape, gains) if gains is not None else []
    return Postmortem(
        tape, forced, move, in_move, judge(move, branching, mine, all_of_it, replays), timeline_of(tape, forced, move),
        branching, _generations(tape, forced, in_move), _trees(forced, in_move), book_by_mechanism(tape, move),
        book_by_root(tape, move, forced), mine, all_of_it, bounce_ticks(tape),
        rungs_of(tape, move, forced, branching), flows, gains,
        [one for one in ranked[:TOP] if one.gain_units > 0],
        [one for one in ranked[::-1][:TOP] if one.gain_units < 0], _deleveraged(tape, flows), replays,
        _unknown(tape, flows),
    )  # fmt: skip


def _assets(tape: Tape) -> list[int]:
    """The settlement asset first, then whatever else changed hands as gain or loss."""
    rows = tape.where(Kind.FILL, Kind.POSITION)
    first = rows[(tape.on[rows] == tape.instrument) & (tape.asset[rows] >= 0)]
    found = [int(tape.asset[first[0]])] if len(first) else []
    moved = tape.where(
        Kind.REALISED, Kind.TRADE_LEG, Kind.POOL_LEG, Kind.FEE, Kind.SEIZED, Kind.COLLATERAL, Kind.INCOME
    )
    return found + [int(one) for one in np.unique(tape.asset[moved]) if one >= 0 and int(one) not in found]


def _generations(tape: Tape, forced: Forced, chosen: NDArray[np.bool_]) -> list[Generation]:
    lots = np.zeros(len(forced), np.int64)
    mine = forced.of_fill >= 0
    np.add.at(lots, forced.of_fill[mine], np.abs(tape.lots[tape.fills[mine]]))
    found = []
    for number in np.unique(forced.generation[chosen]).tolist():
        here = chosen & (forced.generation == number)
        liquidations, stops, buy_ins = (int((here & (forced.kind == kind)).sum()) for kind in ForcedKind)
        found.append(Generation(number, liquidations, stops, buy_ins, int(lots[here].sum())))
    return found


def _trees(forced: Forced, chosen: NDArray[np.bool_]) -> list[tuple[str, int, int]]:
    found = []
    for number in np.unique(forced.root[chosen]).tolist():
        here = chosen & (forced.root == number)
        found.append((forced.roots[number], int(here.sum()), int(forced.generation[here].max())))
    return sorted(found, key=lambda one: (-one[1], one[0]))


def _ranked(tape: Tape, found: Gains) -> list[Winner]:
    """Accounts that gained or lost, the largest gain first; the venue's purses are nobody's."""
    flows, gains = found.flows[0], found.account
    open_to_all = np.array([name not in NOBODYS for name in flows.groups], np.bool_)[flows.group_of]
    people = np.flatnonzero((gains != 0) & open_to_all)
    order = people[np.argsort(-gains[people], kind="stable")]
    ends = np.concatenate([order[:TOP], order[max(TOP, len(order) - TOP) :]])
    return [
        Winner(int(one), tape.account_name(int(one)), flows.groups[int(flows.group_of[one])], int(gains[one]))
        for one in ends
    ]


def _deleveraged(tape: Tape, flows: Sequence[Flows]) -> list[Winner]:
    """Accounts that were reduced against bankrupt ones, the largest reduction first; gains are of the whole Journal."""
    rows = tape.here(Kind.ADL)
    names, group = tape.groups
    found = []
    for account in np.unique(tape.account[rows]).tolist():
        mine = rows[tape.account[rows] == account]
        lots = np.abs(tape.lots[mine])
        price = float((lots * tape.price[mine]).sum() / max(1, lots.sum()))
        gain = int(flows[0].account[account].sum()) if flows else 0
        who = tape.account_name(account)
        found.append(Winner(account, who, names[int(group[account])], gain, int(lots.sum()), price))
    return sorted(found, key=lambda one: (-one.lots, one.account))


def liquidated_accounts(report: Postmortem) -> list[Winner]:
    """Accounts that were liquidated, the worst loss first."""
    rows = report.forced.row[report.forced.kind == ForcedKind.LIQUIDATION]
    accounts: Ints = np.unique(report.tape.account[rows])
    flows = report.flows[0] if report.flows else None
    names, group = report.tape.groups
    found = [
        Winner(
            int(one), report.tape.account_name(int(one)), names[int(group[one])],
            int(flows.account[one].sum()) if flows else 0,
        )
        for one in accounts
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.gain_units, one.account))


def _unknown(tape: Tape, flows: Sequence[Flows]) -> list[str]:
    """What this Journal does not tell."""
    found = []
    if not tape.has_marks:
        found.append("There are no marks: the traded price stands in for them.")
    if not len(tape.fills):
        found.append("There are no trades of this instrument: nobody can be said to have pushed.")
    elif bool(np.all(tape.account[tape.fills] < 0)):
        found.append(
            "The trades name nobody, as on a public tape: forced orders are known only where their rows say so."
        )
    if not len(tape.here(Kind.INDEX)):
        found.append("There is no index: moves of the whole market cannot be told from moves of this one.")
    if not flows:
        found.append("No money moves in it: gains and losses are not known.")
    elif abs(flows[0].clearing) > 1_000_000:
        found.append(
            "The clearing purse does not end at zero: the Journal does not tell both sides of every position, so what "
            "others gained or lost is not known."
        )
    if journal_notice := tape.journal.notice:
        found.append(f"{journal_notice[:1].upper()}{journal_notice[1:]}.")
    return found
