"""One mark, a million isolated positions: what each must maintain, and which of them may be liquidated.

The same question that ``position_risk`` and ``is_liquidatable`` answer for one position, asked of whole
columns in one compiled pass. It covers linear contracts whose tier is chosen by their worth at the price
asked and whose margin holds no closing fee (Binance USDS-M, Hyperliquid); other forms are refused, and are
asked one by one.

Nothing is divided to decide. With r the rate of the tier out of ``one`` and d its deduction in units, the rule
says: equity <= ceil(worth * r / one) - d. All but the quotient are whole numbers, so this is the same as

    equity * one < worth * r - d * one + one          (without "+ one" where equality is still safe)

which is exact in 64 bits as long as the products fit. The pass notes the largest sizes it met, and afterwards
the bound is checked on unbounded integers: an answer that could have wrapped is never handed out.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import gcd
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.errors import InputError
from shortdesk.ground.instrument import Form
from shortdesk.margin.requirement import Basis, FeeForm, Terms, Tier, TierBy
from shortdesk.margin.risk import Trigger

__all__ = ["Rows", "SweepSchedule", "liquidatable_sweep", "maintenance_sweep", "sweep_schedule"]

Rows = tuple[tuple[int, int, int], ...]
"""Per tier: floor in units (the tier holds worth above it), rate out of ``one``, deduction times ``one``."""

_MOST = (1 << 63) - 1


class SweepSchedule(NamedTuple):
    """A schedule in the form that the sweep compiles: one loop body per tier, no look-up and no branch."""

    rows: Rows
    one: int
    slack: int
    """``one`` where equity = maintenance is liquidatable, 0 where it is safe."""


def sweep_schedule(form: int, terms: Terms, tiers: Sequence[Tier]) -> SweepSchedule:
    """The sweep's form of an instrument's terms and tiers; rates are reduced by what they share.

    Raises:
        InputError: the terms are not of the form that the sweep covers, the tiers have a gap, or a deduction would
            make the margin negative.
    """
    covered = (
        form in (Form.SPOT, Form.LINEAR)
        and terms.tier_by == TierBy.VALUE
        and terms.basis == Basis.PRICE
        and terms.fee_form == FeeForm.NONE
    )
    if not covered:
        raise InputError(
            "a sweep covers linear contracts with tiers by worth at the price asked and no closing fee inside "
            "the margin; ask position_risk for this instrument"
        )
    if not tiers or tiers[0].floor != 0:
        raise InputError("a sweep needs tiers that start at a floor of 0 units")
    for below, tier in pairwise(tiers):
        if tier.floor != below.cap:
            raise InputError(f"a tier ends at {below.cap} units but the next one starts at {tier.floor}")
    for tier in tiers:
        if tier.floor * tier.maintenance_rate < tier.deduction * terms.rate_one:
            raise InputError(f"the tier above {tier.floor} units deducts {tier.deduction}, more than its own margin")
    shared = gcd(terms.rate_one, *(tier.maintenance_rate for tier in tiers))
    one = terms.rate_one // shared
    rows = tuple((tier.floor, tier.maintenance_rate // shared, tier.deduction * one) for tier in tiers)
    return SweepSchedule(rows, one, one if terms.trigger == Trigger.AT_OR_BELOW else 0)


@rule
def scaled_maintenance(worth: int, rows: Rows) -> int:
    """worth * rate - deduction of the last tier whose floor lies below, times ``one``; 0 for no worth."""
    scaled = 0
    for floor, rate, deduction in rows:
        if worth > floor:
            scaled = worth * rate - deduction
    return scaled


@kernel
def _flag(
    lots: NDArray[np.int64],
    entered: NDArray[np.int64],
    wallet: NDArray[np.int64],
    worth_per_lot: int,
    one: int,
    slack: int,
    rows: Rows,
    flags: NDArray[np.bool_],
) -> tuple[int, int, int, int]:
    """Fill ``flags``; give back -max|lots|, min and max entered, -max|wallet| (-2^63 has no positive twin)."""
    low_lots, low_entered, high_entered, low_wallet = 0, 0, 0, 0
    for i in range(lots.shape[0]):
        worth = abs(lots[i]) * worth_per_lot
        profit = worth - entered[i] if lots[i] > 0 else entered[i] - worth
        due = scaled_maintenance(worth, rows)
        flags[i] = (due > 0) & ((wallet[i] + profit) * one < due + slack)
        low_lots = min(low_lots, -abs(lots[i]))
        low_entered = min(low_entered, entered[i])
        high_entered = max(high_entered, entered[i])
        low_wallet = min(low_wallet, -abs(wallet[i]))
    return low_lots, low_entered, high_entered, low_wallet


@kernel
def _require(lots: NDArray[np.int64], worth_per_lot: int, one: int, rows: Rows, margins: NDArray[np.int64]) -> int:
    """Fill ``margins`` in units, rounded up; give back -max|lots|."""
    low_lots = 0
    for i in range(lots.shape[0]):
        margins[i] = -(-scaled_maintenance(abs(lots[i]) * worth_per_lot, rows) // one)
        low_lots = min(low_lots, -abs(lots[i]))
    return low_lots


def liquidatable_sweep(
    lots: NDArray[np.int64],
    entered_units: NDArray[np.int64],
    wallet_units: NDArray[np.int64],
    worth_per_lot: int,
    schedule: SweepSchedule,
) -> NDArray[np.bool_]:
    """Which isolated positions may be liquidated at one mark: wallet + profit against maintenance, exactly.

    Args:
        lots: signed size per account, shape (n,).
        entered_units: unsigned worth at the average entry price, shape (n,).
        wallet_units: what stands behind the position without its profit, shape (n,).
        worth_per_lot: units that one lot is worth at the mark, ``mark_ticks * factor``.
        schedule: from ``sweep_schedule``.

    Raises:
        InputError: a column is not whole numbers or not of the same length, an entry worth is negative, or
            with P = worth_per_lot the sizes may leave 63 bits. The sweep takes every book with
            max|lots| * P * highest rate + highest deduction + one < 2^63 and
            (max|wallet| + max|lots| * P + max entered) * one < 2^63.
    """
    held = _column("lots", lots)
    entered = _column("entered_units", entered_units)
    wallet = _column("wallet_units", wallet_units)
    if not len(held) == len(entered) == len(wallet):
        raise InputError(
            "lots, entered_units and wallet_units must have one entry per account; "
            f"got {len(held)}, {len(entered)} and {len(wallet)}"
        )
    _check_scale(worth_per_lot, schedule)
    flags = np.empty(len(held), np.bool_)
    with np.errstate(over="ignore"):  # interpreted, numpy warns where compiled code wraps; both are caught below
        noted = _flag(held, entered, wallet, worth_per_lot, schedule.one, schedule.slack, schedule.rows, flags)
    low_lots, low_entered, high_entered, low_wallet = (int(value) for value in noted)
    if low_entered < 0:
        raise InputError(f"entered_units holds {low_entered}; the worth at entry is never negative")
    worth = _check_lots(-low_lots, worth_per_lot, schedule)
    if (worth + high_entered - low_wallet) * schedule.one > _MOST:
        raise InputError(
            f"wallets up to {-low_wallet} and entries up to {high_entered} units are too large for an exact sweep: "
            f"with a worth of up to {worth} units their sum may reach {_MOST // schedule.one}; use a coarser unit"
        )
    return flags


def maintenance_sweep(lots: NDArray[np.int64], worth_per_lot: int, schedule: SweepSchedule) -> NDArray[np.int64]:
    """Maintenance margin of every position at one mark, in units, rounded up: ceil(worth * r / one) - d.

    ``lots`` (shape (n,), signed) and ``worth_per_lot`` as in ``liquidatable_sweep``.

    Raises:
        InputError: lots are not whole numbers, or max|lots| * worth_per_lot * highest rate + highest deduction
            leaves 63 bits.
    """
    column = _column("lots", lots)
    _check_scale(worth_per_lot, schedule)
    margins = np.empty(len(column), np.int64)
    with np.errstate(over="ignore"):
        low_lots = int(_require(column, worth_per_lot, schedule.one, schedule.rows, margins))
    _check_lots(-low_lots, worth_per_lot, schedule)
    return margins


def _column(name: str, values: NDArray[np.int64]) -> NDArray[np.int64]:
    given = np.asarray(values)
    if given.ndim != 1 or not np.can_cast(given.dtype, np.int64, "safe") or given.dtype == np.bool_:
        raise InputError(
            f"{name} is an array of {given.dtype} with shape {given.shape}; expected 64-bit whole numbers, "
            "one per account"
        )
    return np.ascontiguousarray(given, np.int64)


def _highest(schedule: SweepSchedule) -> tuple[int, int]:
    """The highest rate, and the most that may be taken off or put on a product."""
    rate = max(abs(rate) for _, rate, _ in schedule.rows)
    return rate, max(abs(deduction) for _, _, deduction in schedule.rows) + schedule.one


def _check_scale(worth_per_lot: int, schedule: SweepSchedule) -> None:
    """The numbers handed to the kernel must themselves be 63-bit words."""
    rate, addend = _highest(schedule)
    floor = max(abs(floor) for floor, _, _ in schedule.rows)
    if worth_per_lot <= 0:
        raise InputError(f"worth_per_lot is {worth_per_lot}; one lot must be worth more than nothing")
    if max(worth_per_lot * rate + addend, floor) > _MOST:
        raise InputError(
            f"one lot is worth {worth_per_lot} units; with rates out of {schedule.one} and floors up to {floor} "
            "units this schedule leaves 63 bits; use a coarser unit"
        )


def _check_lots(most_lots: int, worth_per_lot: int, schedule: SweepSchedule) -> int:
    """The largest worth in the book, proved to fit."""
    rate, addend = _highest(schedule)
    worth = most_lots * worth_per_lot
    if worth * max(rate, schedule.one) + addend > _MOST:
        most = (_MOST - addend) // (max(rate, schedule.one) * worth_per_lot)
        raise InputError(
            f"a position of {most_lots} lots is too large for an exact sweep at {worth_per_lot} units a lot; "
            f"the largest it takes is {most} lots; use a coarser unit"
        )
    return worth
