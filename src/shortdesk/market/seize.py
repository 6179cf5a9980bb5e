"""Seizing: anyone repays a part of an unhealthy account's debt and takes its collateral with a bonus."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal
from shortdesk.margin.lending import Seizure, closes_whole, seizure
from shortdesk.margin.risk import is_liquidatable
from shortdesk.market.accounts import has_account, price_of
from shortdesk.market.buy_in import pay_for_nothing_left
from shortdesk.market.ledger import balance_for, find_balance, transfer
from shortdesk.market.loans import (
    RATE_ONE,
    charge,
    find_loan,
    find_pool,
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
from shortdesk.market.margin_check import covers_withdrawal
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.tables import account_at, clock_of, instrument_at, venue_at

__all__ = ["seize"]


@rule
def seize(w: Any, command: Any) -> int:
    """``account`` repays up to ``lots`` units of asset ``instrument`` that account ``client_id`` owes.

    It takes the other asset of the pool's pair. The health is asked with the interest that was charged so far.
    """
    if not has_account(w, command.client_id) or command.client_id == command.account:
        return Refusal.UNKNOWN_ACCOUNT
    if command.lots <= 0:
        return Refusal.BAD_SIZE
    venue = account_at(w, command.account).venue
    pool = find_pool(w, venue, command.instrument)
    at = find_loan(w, command.client_id, pool) if pool != 0 else 0
    if at == 0 or owed(w, at) == 0:
        return Refusal.NOTHING_OWED
    if not is_liquidatable(maintenance_risk(w, command.client_id, pool), lending_at(w, pool).trigger):
        return Refusal.NOT_LIQUIDATABLE
    taken = _taken(w, at, command.lots)
    if taken.to_liquidator <= 0:
        return Refusal.BAD_SIZE
    mine = find_balance(w, command.account, command.instrument, 0)
    if mine == 0 or not covers_withdrawal(w, mine, taken.debt_repaid):
        return Refusal.NOT_ENOUGH_BALANCE
    _move(w, at, command.account, taken)
    return Refusal.NONE


@rule
def _collateral_asset(w: Any, pool: int) -> int:
    pair = instrument_at(w, lending_at(w, pool).pair)
    return int(pair.settle_asset if is_base_pool(w, pool) else pair.base_asset)


@rule
def _taken(w: Any, at: int, wanted: int) -> Seizure:
    """What the call moves: at most the part of the debt that the venue lets one call close."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    pair = instrument_at(w, pool.pair)
    worths = loan_worths(w, loan.account, loan.pool)
    most = owed(w, at)
    if not closes_whole(
        worths.assets,
        worths.debts,
        RATE_ONE - pool.asset_rate,
        pool.full_below,
        worths.assets,
        worths.debts,
        pool.small_units,
    ):
        most = mul_div_down(most, pool.close_bps, 10_000)
    collateral = pair_units(w, loan.account, _collateral_asset(w, loan.pool))
    price = price_of(w, pool.pair) * int(pair.factor)
    lot = int(pair.base_units)
    covered = min(wanted, most)
    if is_base_pool(w, loan.pool):
        return seizure(covered, collateral, 1, 1, price, lot, pool.bonus_bps, pool.protocol_fee_bps)
    return seizure(covered, collateral, price, lot, 1, 1, pool.bonus_bps, pool.protocol_fee_bps)


@rule
def _move(w: Any, at: int, liquidator: int, taken: Seizure) -> None:
    """The liquidator's units pay the debt in the borrower's name; the collateral goes the other way."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    debtor = int(loan.account)
    asset = _collateral_asset(w, loan.pool)
    charge(w, at, present_rate(w, loan.pool))
    clock_of(w).cause = note_apart(
        w,
        Detail.MONEY,
        Kind.LIQUIDATION_STEP,
        venue=pool.venue,
        instrument=pool.pair,
        account=debtor,
        price=price_of(w, pool.pair),
        code=1,
    )
    mine = balance_for(w, debtor, pool.asset, 0)
    transfer(w, Kind.TRANSFER, mine, balance_for(w, liquidator, pool.asset, 0), taken.debt_repaid)
    repay_units(w, at, taken.debt_repaid)
    behind = balance_for(w, debtor, asset, 0)
    transfer(w, Kind.SEIZED, behind, balance_for(w, liquidator, asset, 0), -taken.to_liquidator)
    if taken.protocol_fee > 0:
        fees = balance_for(w, venue_at(w, pool.venue).fees, asset, 0)
        transfer(w, Kind.LIQUIDATION_FEE, behind, fees, -taken.protocol_fee, pool.pair)
    pay_for_nothing_left(w, at)
