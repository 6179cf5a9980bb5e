"""Loans that are called in: the buy-in of a recall, and the sale and repayment of an account without margin.

Both go through the book of everybody: the account's orders are withdrawn, what it lacks is bought for its quote (or its
base sold, where the quote is owed), what came is returned. A minus in the quote is paid by the venue's covers and at
last by its deficit account; a debt with nothing behind it is paid for by the insurance fund and the deficit account.
What the book cannot supply stays owed and is said.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_up
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.ground.order import Side, TimeInForce, Withdrawn
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.margin.risk import is_liquidatable
from shortdesk.market.accounts import Hedge, leg_for, price_of
from shortdesk.market.book import new_taker
from shortdesk.market.covers import pay_minus
from shortdesk.market.desk import cancel_account
from shortdesk.market.entry import Halt, enter_apart, has_room_to_act
from shortdesk.market.ledger import balance_for, transfer
from shortdesk.market.lending import fall_sick, note_recall
from shortdesk.market.loans import (
    charge,
    is_base_pool,
    lending_at,
    loan_at,
    loan_worths,
    maintenance_risk,
    owed,
    pair_units,
    present_rate,
    repay_units,
)
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.tables import (
    Shelf,
    account_at,
    balance_at,
    clock_of,
    instrument_at,
    leg_at,
    shelf_at,
    venue_at,
)

__all__ = ["LoanPhase", "ask_loans", "cancel_account", "pay_for_nothing_left", "treat_loan"]


class LoanPhase(IntEnum):
    """Where the buy-in or liquidation of a loan stands."""

    BEGIN = 0
    JUDGE = 1
    """Its order was sent; what came is to be returned."""


@rule
def ask_loans(w: Any, number: int) -> None:
    """Ask every loan that is worth something by this instrument's mark; those without margin wait to be liquidated.

    Cost: one step for each loan ever drawn from the instrument's pools, and for an open one a walk over its account's
    loans. Loans of a venue where anyone may seize are not asked: there somebody has to come.
    """
    if shelf_at(w, Shelf.LENDING).used == 0:
        return
    form = venue_at(w, instrument_at(w, number).venue).liquidation_form
    if form == LiquidationForm.ANYONE_WITH_BONUS:
        return
    for pool in range(1, shelf_at(w, Shelf.LENDING).used + 1):
        if lending_at(w, pool).pair != number:
            continue
        at = int(lending_at(w, pool).first_loan)
        while at != 0:
            if owed(w, at) > 0 and _is_dead(w, at):
                _all_fall_sick(w, loan_at(w, at).account)
            at = int(loan_at(w, at).pool_next)


@rule
def _all_fall_sick(w: Any, account: int) -> None:
    at = int(account_at(w, account).first_loan)
    while at != 0:
        if owed(w, at) > 0 and loan_at(w, at).is_sick == 0:
            loan_at(w, at).since_row = clock_of(w).cause
            fall_sick(w, at, Mechanism.LIQUIDATION)
        at = int(loan_at(w, at).account_next)


@rule
def treat_loan(w: Any) -> bool:
    """Take one step for the loan that waits first; False when room ran out."""
    if not has_room_to_act(w):
        return False
    clock = clock_of(w)
    at = int(clock.first_sick_loan)
    loan = loan_at(w, at)
    clock.mechanism = loan.why
    clock.cause = loan.since_row
    if loan.phase == LoanPhase.BEGIN:
        if loan.why == Mechanism.LIQUIDATION and not _is_dead(w, at):
            _get_well(w, at)  # another loan's liquidation was enough
            return True
        if not cancel_account(w, loan.account, 0, Withdrawn.BY_LIQUIDATION):
            return False
        loan.phase = LoanPhase.JUDGE
        _begin(w, at)
        return True
    return _judge(w, at)


@rule
def _wanted(w: Any, at: int) -> int:
    """What is to be returned now."""
    loan = loan_at(w, at)
    if loan.why == Mechanism.RECALL:
        return min(int(loan.recall_units), owed(w, at))
    return owed(w, at)


@rule
def _begin(w: Any, at: int) -> None:
    """Say what begins, and send the order for what the account lacks."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    charge(w, at, present_rate(w, loan.pool))
    if loan.why == Mechanism.LIQUIDATION:
        loan.since_row = note_apart(
            w,
            Detail.MONEY,
            Kind.LIQUIDATION_START,
            venue=pool.venue,
            instrument=pool.pair,
            asset=instrument_at(w, pool.pair).settle_asset,
            account=loan.account,
            price=price_of(w, pool.pair),
            units=maintenance_risk(w, loan.account, loan.pool).maintenance,
            code=venue_at(w, pool.venue).liquidation_form,
        )
        clock_of(w).cause = loan.since_row
    lacking = _wanted(w, at) - pair_units(w, loan.account, pool.asset)
    if lacking > 0:
        leg = leg_for(w, loan.account, pool.pair, Hedge.BOTH.value)
        lots = _lots_for(w, at, lacking)
        if lots > 0 and instrument_at(w, pool.pair).is_halted == 0:
            _send(w, at, leg, lots)


@rule
def _lots_for(w: Any, at: int, lacking: int) -> int:
    """Lots to buy so that a debt in the base can be returned, or to sell for one in the quote.

    For a debt in the quote, a recall sells what covers it at the mark, and a liquidation all there is of the base.
    """
    loan = loan_at(w, at)
    pair = instrument_at(w, lending_at(w, loan.pool).pair)
    if is_base_pool(w, loan.pool):
        return -(-lacking // int(pair.base_units))
    held = pair_units(w, loan.account, pair.base_asset) // int(pair.base_units)
    if loan.why == Mechanism.LIQUIDATION:
        return held
    return min(held, mul_div_up(lacking, 1, price_of(w, lending_at(w, loan.pool).pair) * pair.factor))


@rule
def _send(w: Any, at: int, leg: int, lots: int) -> None:
    """The forced market order, within the venue's price protection."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    buys = is_base_pool(w, loan.pool)
    side = Side.BUY.value if buys else Side.SELL.value
    signed = lots if buys else -lots
    if loan.why == Mechanism.RECALL:
        clock_of(w).cause = note_apart(
            w,
            Detail.MONEY,
            Kind.BUY_IN,
            venue=pool.venue,
            instrument=pool.pair,
            account=loan.account,
            order=at,
            lots=signed,
        )
    else:
        clock_of(w).cause = note_apart(
            w,
            Detail.MONEY,
            Kind.LIQUIDATION_STEP,
            venue=pool.venue,
            instrument=pool.pair,
            account=loan.account,
            order=at,
            lots=signed,
            code=1,
        )
        if balance_at(w, leg_at(w, leg).balance).state < RiskState.LIQUIDATING:
            balance_at(w, leg_at(w, leg).balance).state = RiskState.LIQUIDATING
            loan.has_marked = 1
    enter_apart(w, new_taker(side, 0, leg, at, 0, 0, loan.why), lots, True, TimeInForce.IOC, 0)


@rule
def _judge(w: Any, at: int) -> bool:
    """Return what came, let a minus be paid, and end it."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    quote = balance_for(w, loan.account, instrument_at(w, pool.pair).settle_asset, 0)
    repay_units(w, at, min(_wanted(w, at), pair_units(w, loan.account, pool.asset)))
    if balance_at(w, quote).units < 0 and not pay_minus(w, quote, pool.pair):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    if loan.why == Mechanism.LIQUIDATION:
        pay_for_nothing_left(w, at)
        _end(w, at, quote)
    elif loan.recall_units > 0:
        loan.recall_row = note_recall(w, at)
    _get_well(w, at)
    return True


@rule
def _is_dead(w: Any, at: int) -> bool:
    loan = loan_at(w, at)
    return is_liquidatable(maintenance_risk(w, loan.account, loan.pool), lending_at(w, loan.pool).trigger)


@rule
def _get_well(w: Any, at: int) -> None:
    """The first of the waiting loans waits no longer."""
    loan = loan_at(w, at)
    clock_of(w).first_sick_loan = loan.sick_next
    loan.sick_next = 0
    loan.is_sick = 0
    loan.phase = LoanPhase.BEGIN
    loan.why = 0
    loan.since_row = 0


@rule
def pay_for_nothing_left(w: Any, at: int) -> None:
    """A debt with nothing behind it: the fund pays it as far as it has the asset, then the deficit account."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    if owed(w, at) == 0 or loan_worths(w, loan.account, loan.pool).assets > 0:
        return
    venue = venue_at(w, pool.venue)
    mine = balance_for(w, loan.account, pool.asset, 0)
    units = owed(w, at)
    paid = min(units, pair_units(w, venue.insurance, pool.asset))
    if paid > 0:
        transfer(w, Kind.INSURANCE_OUT, mine, balance_for(w, venue.insurance, pool.asset, 0), paid, pool.pair)
    if units > paid:
        transfer(w, Kind.DEFICIT, mine, balance_for(w, venue.deficit, pool.asset, 0), units - paid, pool.pair)
    repay_units(w, at, units)


@rule
def _end(w: Any, at: int, quote: int) -> None:
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    if loan.has_marked != 0:
        balance_at(w, quote).state = RiskState.SAFE
        loan.has_marked = 0
    state = RiskState.LIQUIDATING.value if _is_dead(w, at) else RiskState.SAFE.value
    note_apart(
        w,
        Detail.MONEY,
        Kind.LIQUIDATION_END,
        venue=pool.venue,
        instrument=pool.pair,
        asset=instrument_at(w, pool.pair).settle_asset,
        account=loan.account,
        units=maintenance_risk(w, loan.account, loan.pool).equity,
        code=state,
    )
