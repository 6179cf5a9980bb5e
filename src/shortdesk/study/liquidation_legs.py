"""Isolated positions of a Journal at one moment, with the price at which each is liquidated by the venue's tiers.

A position is the last OPENING or POSITION row of its account; the margin behind it is what MARGIN rows put there and
what fees, funding and realised profit made of it. The trigger price is the margin room's own rule, on the Journal's
scale. Cross accounts have no trigger price of their own (it hangs on all they hold), so they are counted and not
placed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.units import Lots, Ticks, Units
from shortdesk.margin.contract import Contract
from shortdesk.margin.position import Position
from shortdesk.margin.solve import NO_PRICE, liquidation_ticks
from shortdesk.study.postmortem_tape import Ints, Tape
from shortdesk.study.return_estimators import least_squares

__all__ = ["Holding", "Legs", "held_at", "price_per_lot", "rebuild_legs"]

_MONEY = (
    Kind.REALISED, Kind.FEE, Kind.FUNDING, Kind.LIQUIDATION_FEE, Kind.INSURANCE_IN, Kind.INSURANCE_OUT,
    Kind.LOSS_SHARE, Kind.DEFICIT, Kind.MARGIN,
)  # fmt: skip


class Holding(NamedTuple):
    """Who holds what; every field of shape (accounts with a position,)."""

    account: Ints
    lots: Ints
    cost: Ints
    """In units, unsigned."""
    margin: Ints
    """Behind an isolated position, in units."""
    is_isolated: Ints
    """1 where MARGIN rows put something behind it."""


class Legs(NamedTuple):
    """Isolated positions that have a trigger price; every field of shape (legs,)."""

    account: Ints
    lots: Ints
    trigger_ticks: Ints


def held_at(tape: Tape, at_ns: int) -> Holding:
    """Every position on the tape's instrument after all that happened up to ``at_ns``."""
    told = tape.here(Kind.OPENING, Kind.POSITION)
    told = told[tape.time_ns[told] <= at_ns]
    accounts, last = np.unique(tape.account[told][::-1], return_index=True)
    rows = told[::-1][last]
    worth = np.abs(tape.worth(tape.instrument).of(tape.lots[rows], np.maximum(1, tape.price[rows])))
    cost = np.where(tape.kind[rows] == Kind.OPENING, worth, tape.units[rows])
    money = tape.here(*_MONEY)
    money = money[tape.time_ns[money] <= at_ns]
    size = int(max(tape.account.max(initial=0), tape.other.max(initial=0))) + 1
    margin, isolated = np.zeros(size + 1, np.int64), np.zeros(size + 1, np.int64)
    # A MARGIN row names the same account twice: what leaves its wallet comes to its position.
    own = tape.account[money] == tape.other[money]
    np.add.at(margin, tape.account[money], np.where(own, 0, tape.units[money]))
    np.subtract.at(margin, tape.other[money], tape.units[money])
    isolated[tape.account[money[tape.kind[money] == Kind.MARGIN]]] = 1
    open_ = tape.lots[rows] != 0
    who = accounts[open_]
    return Holding(who, tape.lots[rows][open_], cost[open_], margin[who], isolated[who])


def rebuild_legs(holding: Holding, contract: Contract) -> Legs:
    """The isolated positions and the first tick against each at which the venue liquidates it.

    ``contract`` is on the Journal's scale. Leverage is taken as cost over margin, which matters only where a venue
    counts a fee at bankruptcy. Positions without such a price are left out.
    """
    account, lots, triggers = [], [], []
    for who, held, cost, margin, isolated in zip(*(column.tolist() for column in holding), strict=True):
        if not isolated:
            continue
        position = Position(Lots(held), Lots(abs(held)), Units(cost), 0, Ticks(0))
        highest = 1 << 40 if contract.form == Form.INVERSE else (1 << 62) // (abs(held) * contract.factor)
        leverage = max(100, 100 * cost // margin) if margin > 0 else 100
        ticks = liquidation_ticks(
            contract.terms, contract.tiers, 0, len(contract.tiers), contract.form, contract.factor, position, margin,
            leverage, highest,
        )  # fmt: skip
        if ticks != NO_PRICE:
            account.append(who)
            lots.append(held)
            triggers.append(ticks)
    return Legs(np.array(account, np.int64), np.array(lots, np.int64), np.array(triggers, np.int64))


def price_per_lot(tape: Tape, at_ns: int, step_s: float = 10.0) -> float:
    """Kyle's lambda up to ``at_ns``: the slope of the price change in ticks on the signed lots of each ``step_s``.

    What fills reveal of the book; orders that stand further away than the price went are not in it.

    Raises InputError when there are fewer than ten steps with trades, or the price does not rise with buying.
    """
    if not (math.isfinite(step_s) and step_s > 0):
        raise UsageError(f"a step must be a positive number of seconds, not {step_s}")
    rows = tape.fills[tape.time_ns[tape.fills] <= at_ns]
    steps = (tape.time_ns[rows] - tape.start_ns) // int(step_s * 1e9)
    _, first = np.unique(steps, return_index=True)
    if len(first) < 11:
        raise InputError("too few trades up to this moment to tell how far a lot moves the price; give the depth")
    flow = np.add.reduceat(tape.lots[rows], first).astype(np.float64)
    last = np.append(first[1:], len(rows)) - 1
    moves = np.diff(tape.price[rows][last].astype(np.float64))
    if not np.ptp(flow[1:]) > 0:
        raise InputError("the same size was traded in every step: no slope of price on size; give the depth")
    slope = least_squares(flow[1:], moves).slope
    if slope <= 0:
        raise InputError("the price did not rise with buying up to this moment, so fills tell no depth; give it")
    return slope
