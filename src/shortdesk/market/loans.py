"""Loans: what an account owes a pool, what interest costs it, what stands behind it, and moving units both ways.

An account owes each pool at most one loan. What is owed grows by interest at once: an INTEREST row moves the units to
the lender and a BORROW row lends them back, so the borrower keeps its units, every row sums to zero, and BORROW less
REPAY rows are always what is owed. Rates are out of ``RATE_ONE`` and per year.

All loans of an account are worth something in one quote asset. Assets are the account's units of that quote and of
the base assets of the pairs it borrows in; perpetuals in the same wallet are not counted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal
from shortdesk.margin.borrow import charged_hours, interest, loan_risk
from shortdesk.margin.lending import borrow_rate
from shortdesk.margin.risk import Risk
from shortdesk.market.accounts import price_of
from shortdesk.market.ledger import balance_for, find_balance, transfer
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.tables import (
    Shelf,
    account_at,
    balance_at,
    clock_of,
    has_room,
    instrument_at,
    row_at,
    shelf_at,
    take_row,
)

__all__ = [
    "RATE_ONE",
    "Worths",
    "borrow_shortage",
    "borrow_units",
    "charge",
    "find_loan",
    "find_pool",
    "initial_risk",
    "is_base_pool",
    "lending_at",
    "loan_at",
    "loan_for",
    "loan_worths",
    "maintenance_risk",
    "owed",
    "pair_units",
    "present_rate",
    "repay_from_fill",
    "repay_units",
]

RATE_ONE = 10**12
"""Rates of lending are whole parts of this, and per year where time matters."""
_YEAR_HOURS = 8_760


class Worths(NamedTuple):
    """What stands behind an account's loans and what it owes, in units of the quote."""

    assets: int
    debts: int


@rule(inline=True)
def lending_at(w: Any, at: int) -> Any:
    """A pool that lends an asset."""
    return row_at(w, Shelf.LENDING, at, LENDING)


@rule(inline=True)
def loan_at(w: Any, at: int) -> Any:
    """What one account owes one pool."""
    return row_at(w, Shelf.LOANS, at, LOAN)


@rule
def find_pool(w: Any, venue: int, asset: int) -> int:
    """The venue's pool of an asset; 0 if it has none."""
    for at in range(1, shelf_at(w, Shelf.LENDING).used + 1):
        if lending_at(w, at).venue == venue and lending_at(w, at).asset == asset:
            return at
    return 0


@rule
def find_loan(w: Any, account: int, pool: int) -> int:
    """The account's loan of a pool; 0 if it never had one."""
    at = int(account_at(w, account).first_loan)
    while at != 0 and loan_at(w, at).pool != pool:
        at = int(loan_at(w, at).account_next)
    return at


@rule
def loan_for(w: Any, account: int, pool: int) -> int:
    """``find_loan``, made where there was none; the caller has asked for room."""
    at = find_loan(w, account, pool)
    if at != 0:
        return at
    at = take_row(w, Shelf.LOANS, LOAN)
    loan = loan_at(w, at)
    loan.account = account
    loan.pool = pool
    loan.account_next = account_at(w, account).first_loan
    account_at(w, account).first_loan = at
    loan.pool_next = lending_at(w, pool).first_loan
    lending_at(w, pool).first_loan = at
    return at


@rule(inline=True)
def owed(w: Any, at: int) -> int:
    """What a loan owes, interest included; 0 for no loan."""
    return int(loan_at(w, at).units) + int(loan_at(w, at).interest)


@rule
def is_base_pool(w: Any, pool: int) -> bool:
    """Whether the pool lends the base asset of its pair: what short sellers borrow."""
    return bool(instrument_at(w, lending_at(w, pool).pair).base_asset == lending_at(w, pool).asset)


@rule
def pair_units(w: Any, account: int, asset: int) -> int:
    """An account's units of an asset, at least 0."""
    at = find_balance(w, account, asset, 0)
    return max(0, int(balance_at(w, at).units)) if at != 0 else 0


@rule
def _assets(w: Any, account: int, pool: int, more: int) -> int:
    """Worth in quote of what stands behind the account's loans and one of ``pool``; ``more`` units come with that."""
    row = lending_at(w, pool)
    pair = instrument_at(w, row.pair)
    base_more = more if row.counts_borrowed != 0 and is_base_pool(w, pool) else 0
    quote_more = more if row.counts_borrowed != 0 and not is_base_pool(w, pool) else 0
    total = quote_more
    if _counts_quote(w, pool):
        total += pair_units(w, account, pair.settle_asset)
    if _counts_base(w, pool):
        total += _base_worth(w, row.pair, pair_units(w, account, pair.base_asset) + base_more)
    at = int(account_at(w, account).first_loan)
    while at != 0:
        other = lending_at(w, loan_at(w, at).pool)
        if owed(w, at) > 0 and other.pair != row.pair and other.counts_borrowed != 0 and _is_first(w, at):
            total += _base_worth(w, other.pair, pair_units(w, account, instrument_at(w, other.pair).base_asset))
        at = int(loan_at(w, at).account_next)
    return total


@rule
def _counts_quote(w: Any, pool: int) -> bool:
    """Whether the quote of the pool's pair stands behind its loans."""
    return bool(lending_at(w, pool).counts_borrowed != 0 or is_base_pool(w, pool))


@rule
def _counts_base(w: Any, pool: int) -> bool:
    return bool(lending_at(w, pool).counts_borrowed != 0 or not is_base_pool(w, pool))


@rule
def _is_first(w: Any, at: int) -> bool:
    """Whether no earlier open loan on the account's list serves the same pair."""
    pair = lending_at(w, loan_at(w, at).pool).pair
    other = int(account_at(w, loan_at(w, at).account).first_loan)
    while other != at:
        if owed(w, other) > 0 and lending_at(w, loan_at(w, other).pool).pair == pair:
            return False
        other = int(loan_at(w, other).account_next)
    return True


@rule
def _base_worth(w: Any, number: int, units: int) -> int:
    pair = instrument_at(w, number)
    return mul_div_down(units, price_of(w, number) * pair.factor, pair.base_units)


@rule
def _debt_worth(w: Any, pool: int, units: int) -> int:
    """Worth in quote of owed units, rounded up."""
    if not is_base_pool(w, pool):
        return units
    pair = instrument_at(w, lending_at(w, pool).pair)
    return mul_div_up(units, price_of(w, lending_at(w, pool).pair) * pair.factor, pair.base_units)


@rule
def _debts(w: Any, account: int) -> int:
    total = 0
    at = int(account_at(w, account).first_loan)
    while at != 0:
        total += _debt_worth(w, loan_at(w, at).pool, owed(w, at))
        at = int(loan_at(w, at).account_next)
    return total


@rule
def loan_worths(w: Any, account: int, pool: int) -> Worths:
    """Assets and debts of an account by the terms of one of the pools it owes, at the present marks."""
    return Worths(_assets(w, account, pool, 0), _debts(w, account))


@rule
def maintenance_risk(w: Any, account: int, pool: int) -> Risk:
    """Risk of an account by the terms of one of the pools it owes, in units of the quote at the present marks."""
    row = lending_at(w, pool)
    worths = loan_worths(w, account, pool)
    return loan_risk(0, worths.assets, 0, worths.debts, 1, 1, row.debt_rate, row.asset_rate, 0, RATE_ONE)


@rule
def initial_risk(w: Any, account: int, pool: int, more: int, asset: int, gone: int) -> Risk:
    """Risk with ``more`` borrowed and ``gone`` units of an asset withdrawn; its maintenance is what a new loan needs.

    ``loan_risk`` knows one rate on assets; a new loan's own rates are given to it in their place.
    """
    row = lending_at(w, pool)
    assets = _assets(w, account, pool, more)
    if gone > 0 and asset == instrument_at(w, row.pair).settle_asset and _counts_quote(w, pool):
        assets -= gone
    elif gone > 0 and asset == instrument_at(w, row.pair).base_asset and _counts_base(w, pool):
        assets -= _base_worth(w, row.pair, gone)
    debts = _debts(w, account) + _debt_worth(w, pool, more)
    return loan_risk(0, assets, 0, debts, 1, 1, row.initial_rate, row.initial_asset_rate, 0, RATE_ONE)


@rule
def present_rate(w: Any, pool: int) -> int:
    """The yearly rate at the pool's present utilisation: lent out of lent and still there."""
    row = lending_at(w, pool)
    whole = int(row.lent_units) + max(0, int(balance_at(w, row.lender_balance).units))
    used = mul_div_down(row.lent_units, RATE_ONE, whole) if whole > 0 else 0
    return borrow_rate(used, row.optimal, row.rate_lowest, row.slope_1, row.slope_2, RATE_ONE)


@rule
def charge(w: Any, at: int, rate: int) -> None:
    """Interest for the hours that have begun since the loan was last charged."""
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    hours = charged_hours(pool.hour_form, loan.opened_ns, clock_of(w).now_ns)
    due = hours - int(loan.hours)
    if due <= 0 or owed(w, at) == 0:
        return
    loan.hours = hours
    _add_interest(w, at, int(loan.units) + (int(loan.interest) if pool.compounds != 0 else 0), rate, due)


@rule
def _add_interest(w: Any, at: int, units: int, rate: int, hours: int) -> None:
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    cost = interest(units, rate, RATE_ONE * _YEAR_HOURS, hours)
    if cost <= 0:
        return
    mine = balance_for(w, loan.account, pool.asset, 0)
    transfer(w, Kind.INTEREST, mine, pool.lender_balance, -cost)
    transfer(w, Kind.BORROW, mine, pool.lender_balance, cost, pool.pair)
    loan.interest += cost
    pool.lent_units += cost


@rule
def borrow_units(w: Any, account: int, pool: int, units: int) -> int:
    """Lend an account units, or say why not. Where the account has no loan of the pool yet, there must be room."""
    row = lending_at(w, pool)
    at = find_loan(w, account, pool)
    if units > balance_at(w, row.lender_balance).units - row.reserve_units:
        return Refusal.NOTHING_TO_LEND
    if row.limit_units > 0 and owed(w, at) + units > row.limit_units:
        return Refusal.OVER_BORROW_LIMIT
    if price_of(w, row.pair) == 0:
        return Refusal.NO_REFERENCE_PRICE
    if not _has_one_quote(w, account, pool):
        return Refusal.BAD_KIND
    risk = initial_risk(w, account, pool, units, 0, 0)
    if risk.equity < risk.maintenance:
        return Refusal.NOT_ENOUGH_MARGIN
    if at == 0:
        at = loan_for(w, account, pool)
    rate = present_rate(w, pool)
    loan = loan_at(w, at)
    if owed(w, at) == 0:
        loan.opened_ns = clock_of(w).now_ns
        loan.hours = charged_hours(row.hour_form, loan.opened_ns, loan.opened_ns)
    else:
        charge(w, at, rate)
    transfer(w, Kind.BORROW, balance_for(w, account, row.asset, 0), row.lender_balance, units, row.pair)
    loan.units += units
    row.lent_units += units
    now = clock_of(w).now_ns
    _add_interest(w, at, units, present_rate(w, pool), charged_hours(row.hour_form, now, now))
    return Refusal.NONE


@rule
def _has_one_quote(w: Any, account: int, pool: int) -> bool:
    """Whether all that the account owes is measured in the quote of this pool's pair."""
    quote = instrument_at(w, lending_at(w, pool).pair).settle_asset
    at = int(account_at(w, account).first_loan)
    while at != 0:
        if owed(w, at) > 0 and instrument_at(w, lending_at(w, loan_at(w, at).pool).pair).settle_asset != quote:
            return False
        at = int(loan_at(w, at).account_next)
    return True


@rule
def repay_units(w: Any, at: int, units: int) -> None:
    """Return units of a loan, interest first; the caller knows that they are there and owed."""
    if units <= 0:
        return
    loan = loan_at(w, at)
    pool = lending_at(w, loan.pool)
    mine = balance_for(w, loan.account, pool.asset, 0)
    transfer(w, Kind.REPAY, mine, pool.lender_balance, -units, pool.pair)
    first = min(units, int(loan.interest))
    loan.interest -= first
    loan.units -= units - first
    pool.lent_units -= units
    loan.recall_units = max(0, loan.recall_units - units)


@rule
def repay_from_fill(w: Any, account: int, asset: int, came: int) -> None:
    """An account that repays of itself returns what a fill brought it, and nothing that its orders promise."""
    if account_at(w, account).is_auto_borrow == 0:
        return
    pool = find_pool(w, account_at(w, account).venue, asset)
    at = find_loan(w, account, pool) if pool != 0 else 0
    if at != 0 and owed(w, at) > 0:
        charge(w, at, present_rate(w, pool))
        repay_units(w, at, min(owed(w, at), came, pair_units(w, account, asset)))


@rule
def borrow_shortage(w: Any, account: int, asset: int, units: int) -> bool:
    """An account that borrows of itself draws what an order lacks; False where it does not, or may not."""
    if account_at(w, account).is_auto_borrow == 0 or units <= 0:
        return False
    pool = find_pool(w, account_at(w, account).venue, asset)
    if pool == 0 or (find_loan(w, account, pool) == 0 and not has_room(w, Shelf.LOANS, 1)):
        return False
    return borrow_units(w, account, pool, units) == Refusal.NONE
