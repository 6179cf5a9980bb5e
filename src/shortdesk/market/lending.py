"""What borrowers and lenders ask: borrow, repay, recall, the hour's interest, the end of a recalled loan's time.

Every function but ``accrue`` returns a Refusal; what is refused changes nothing.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Refusal
from shortdesk.market.accounts import has_account, price_of
from shortdesk.market.entry import mark_moved
from shortdesk.market.ledger import find_balance
from shortdesk.market.loans import (
    borrow_units,
    charge,
    find_loan,
    find_pool,
    initial_risk,
    lending_at,
    loan_at,
    owed,
    present_rate,
    repay_units,
)
from shortdesk.market.margin_check import covers_withdrawal
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.tables import Shelf, account_at, clock_of, shelf_at

__all__ = [
    "accrue",
    "borrow",
    "call_in",
    "fall_sick",
    "note_recall",
    "recall",
    "repay",
    "withdrawal_leaves_cover",
]

_MOST_UNITS = 1 << 61


@rule
def _pool_asked(w: Any, command: Any) -> int:
    return find_pool(w, account_at(w, command.account).venue, command.instrument)


@rule
def borrow(w: Any, command: Any) -> int:
    """``lots`` units of asset ``instrument`` for the account; the caller has asked for room for a loan."""
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    if command.lots > _MOST_UNITS:
        return Refusal.SIZE_TOO_LARGE
    if account_at(w, command.account).is_multi_asset:
        return Refusal.BAD_KIND  # its coins stand behind positions already
    pool = _pool_asked(w, command)
    if pool == 0:
        return Refusal.NOTHING_TO_LEND
    return borrow_units(w, command.account, pool, command.lots)


@rule
def repay(w: Any, command: Any) -> int:
    """Up to ``lots`` units go back to the pool, interest first; not more than is owed, and not what orders promise."""
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    pool = _pool_asked(w, command)
    at = find_loan(w, command.account, pool) if pool != 0 else 0
    if at == 0 or owed(w, at) == 0:
        return Refusal.NOTHING_OWED
    mine = find_balance(w, command.account, command.instrument, 0)
    # Interest that falls due now makes the debt larger, never smaller.
    if not covers_withdrawal(w, mine, min(command.lots, owed(w, at))):
        return Refusal.NOT_ENOUGH_BALANCE
    charge(w, at, present_rate(w, pool))
    units = min(command.lots, owed(w, at))
    repay_units(w, at, units if covers_withdrawal(w, mine, units) else min(units, int(loan_at(w, at).units)))
    return Refusal.NONE


@rule
def withdrawal_leaves_cover(w: Any, account: int, asset: int, units: int) -> bool:
    """Whether what is left after a withdrawal still carries the account's loans as a new loan would have to be."""
    at = int(account_at(w, account).first_loan)
    while at != 0:
        pool = loan_at(w, at).pool
        if owed(w, at) > 0:
            risk = initial_risk(w, account, pool, 0, asset, units)
            if risk.equity < risk.maintenance:
                return False
        at = int(loan_at(w, at).account_next)
    return True


@rule
def recall(w: Any, command: Any) -> int:
    """The lender wants ``lots`` units back by ``trigger_ticks``; more than is owed means all that is owed."""
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    if command.trigger_ticks < clock_of(w).now_ns:
        return Refusal.BAD_TRIGGER
    pool = _pool_asked(w, command)
    at = find_loan(w, command.account, pool) if pool != 0 else 0
    if at == 0 or owed(w, at) == 0:
        return Refusal.NOTHING_OWED
    loan = loan_at(w, at)
    loan.recall_units = min(command.lots, owed(w, at))
    loan.recall_ns = command.trigger_ticks
    loan.recall_row = note_recall(w, at)
    return Refusal.NONE


@rule
def note_recall(w: Any, at: int) -> int:
    """Say how much the lender still wants back."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    return note_apart(
        w,
        Detail.MONEY,
        Kind.RECALL,
        venue=pool.venue,
        asset=pool.asset,
        account=loan.account,
        other=pool.lender,
        units=loan.recall_units,
    )


@rule
def call_in(w: Any, command: Any) -> int:
    """The time of a recalled loan is up: its buy-in waits to be done."""
    if not has_account(w, command.account):
        return Refusal.UNKNOWN_ACCOUNT
    pool = _pool_asked(w, command)
    at = find_loan(w, command.account, pool) if pool != 0 else 0
    if at == 0 or owed(w, at) == 0 or loan_at(w, at).recall_units == 0:
        return Refusal.NOTHING_OWED
    if clock_of(w).now_ns < loan_at(w, at).recall_ns:
        return Refusal.BAD_TRIGGER
    loan_at(w, at).since_row = loan_at(w, at).recall_row
    fall_sick(w, at, Mechanism.RECALL)
    return Refusal.NONE


@rule
def fall_sick(w: Any, at: int, why: int) -> None:
    """The loan waits for its buy-in (RECALL) or its liquidation."""
    loan = loan_at(w, at)
    if loan.is_sick == 0:
        loan.is_sick = 1
        loan.why = why
        loan.sick_next = clock_of(w).first_sick_loan
        clock_of(w).first_sick_loan = at


@rule
def accrue(w: Any, venue: int) -> bool:
    """The hour of a venue: each pool's rate at its utilisation, and interest of all its loans at that rate.

    False when the journal is full; told again at the same time it goes on where it stopped.
    """
    now = clock_of(w).now_ns
    for pool in range(1, shelf_at(w, Shelf.LENDING).used + 1):
        row = lending_at(w, pool)
        if row.venue != venue:
            continue
        if not journal_has_room(w, 8):
            return False
        if row.accrued_ns != now + 1:
            row.accrued_ns = now + 1
            row.rate = present_rate(w, pool)
            _note_rate(w, pool)
        at = int(row.first_loan)
        while at != 0:
            if not journal_has_room(w, 8):
                return False
            charge(w, at, row.rate)
            at = int(loan_at(w, at).pool_next)
        if price_of(w, row.pair) != 0:
            mark_moved(w, row.pair)  # who owes more is asked as if the mark had moved
    return True


@rule
def _note_rate(w: Any, pool: int) -> None:
    row = lending_at(w, pool)
    note_apart(
        w,
        Detail.MONEY,
        Kind.BORROW_RATE,
        venue=row.venue,
        asset=row.asset,
        other=row.lender,
        units=row.rate,
    )
