"""The liquidation map in hindsight: who was going to be liquidated at which mark, from when on, as a Journal shows it.

A market that runs knows every trigger price; a Journal tells only those that were reached. So this map holds the
positions that were liquidated, each from the moment it was opened, under the mark that its liquidation began at.
A position that was topped up on the way stands under its last trigger all the time; who was never liquidated is not
in it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shortdesk.ground.kinds import Kind
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_causes import ForcedKind
from shortdesk.study.postmortem_tape import Ints, Tape

__all__ = ["Doomed", "doomed"]


class Doomed(NamedTuple):
    """Positions that were liquidated, in order; all of shape (liquidations,)."""

    since_ns: Ints
    """When the position was opened, on the side that died; the first row where it was held before the Journal."""
    until_ns: Ints
    """When its liquidation began."""
    ticks: Ints
    """The mark it began at."""
    lots: Ints
    """The position then, signed."""


def doomed(report: Postmortem) -> Doomed:
    """The liquidated positions of a post-mortem's instrument whose size and mark the Journal tells."""
    tape, forced = report.tape, report.forced
    rows = forced.row[(forced.kind == ForcedKind.LIQUIDATION) & (forced.lots != 0)]
    rows = rows[(tape.kind[rows] == int(Kind.LIQUIDATION_START)) & (tape.price[rows] > 0)]
    return Doomed(_since(tape, rows), tape.time_ns[rows], tape.price[rows], tape.lots[rows])


def _since(tape: Tape, rows: Ints) -> Ints:
    """When each position was opened: the first of its rows that have its sign without a break."""
    held = tape.here(Kind.POSITION, Kind.OPENING)
    held = held[np.isin(tape.account[held], tape.account[rows])]
    order = np.argsort(tape.account[held], kind="stable")
    held = held[order]
    if not len(held):
        return tape.time_ns[rows]
    owner, sign = tape.account[held], np.sign(tape.lots[held])
    turns = np.ones(len(held), np.bool_)
    turns[1:] = (owner[1:] != owner[:-1]) | (sign[1:] != sign[:-1])
    begun = np.maximum.accumulate(np.where(turns, np.arange(len(held)), 0))
    place = np.searchsorted(owner * len(tape) + held, tape.account[rows] * len(tape) + rows) - 1
    known = (place >= 0) & (owner[place] == tape.account[rows]) & (sign[place] == np.sign(tape.lots[rows]))
    return np.asarray(np.where(known, tape.time_ns[held[begun[place]]], tape.time_ns[rows]), np.int64)
