"""Coins of another kind that stood behind an account's positions, as the Journal tells them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from shortdesk.ground.kinds import MONEY_FROM, MONEY_UNTIL, Kind
from shortdesk.margin.collateral import counted_worth
from shortdesk.study.postmortem_tape import Ints, Tape

__all__ = ["coins_behind"]

_COUNTS = "counted_ppm"
_PPM = 1_000_000


def coins_behind(tape: Tape, account: int, rows: Ints) -> Ints:
    """What an account's coins counted for after each row, in units of the settlement asset.

    A SETTING row says which pair's base stands behind the wallet and how much of its worth counts; the mark is that
    pair's, and the rule the venue's. Zero for an account without such a row. Coins offered for sale, which do not
    count, are not taken out.
    """
    found = np.zeros(len(rows), np.int64)
    names = tape.journal.code_names(Kind.SETTING)
    told = tape.where(Kind.SETTING)
    for row in told[tape.account[told] == account].tolist():
        if names.get(int(tape.code[row])) == _COUNTS:
            found += _worth(tape, account, int(tape.on[row]), int(tape.units[row]), rows)
    return found


def _worth(tape: Tape, account: int, pair: int, counted_ppm: int, rows: Ints) -> Ints:
    about = tape.journal.names.instrument.info[pair]
    asset = tape.journal.names.asset.names.index(about["base"])
    marks = tape.where(Kind.MARK)
    marks = marks[tape.on[marks] == pair]
    if not len(marks):
        return np.zeros(len(rows), np.int64)
    last = np.searchsorted(marks, rows, side="right") - 1
    ticks = np.where(last >= 0, tape.price[marks[np.maximum(0, last)]], 0)
    unit = Fraction(tape.unit_of(asset)) / Fraction(tape.unit_of(tape.journal.names.asset.names.index(about["quote"])))
    rate = Fraction(about["tick"]) * unit
    held = np.maximum(0, _held(tape, account, asset, rows))
    worth = [int(int(units) * int(price) * rate) for units, price in zip(held, ticks, strict=True)]
    return np.array([counted_worth(one, _PPM - counted_ppm, _PPM) for one in worth], np.int64)


def _held(tape: Tape, account: int, asset: int, rows: Ints) -> Ints:
    """Units of an asset that the account has after each row."""
    money = np.flatnonzero(
        ((tape.account == account) | (tape.other == account))
        & (tape.kind >= MONEY_FROM)
        & (tape.kind < MONEY_UNTIL)
        & (tape.asset == asset)
    )
    sign = (tape.account[money] == account).astype(np.int64) - (tape.other[money] == account)
    sums = np.concatenate([[0], np.cumsum(tape.units[money] * sign)])
    return np.asarray(sums[np.searchsorted(money, rows, side="right")], np.int64)
