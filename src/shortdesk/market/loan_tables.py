"""The rows of lending: pools that lend an asset, and the loans drawn from them."""

from __future__ import annotations

from shortdesk.market.row_type import row_type

__all__ = ["LENDING", "LOAN"]


LENDING = row_type(
    ("lent_units", "<i8"),  # owed by all borrowers, interest included
    ("rate_lowest", "<i8"),  # the curve, per year: out of RATE_ONE like all rates below
    ("slope_1", "<i8"),
    ("slope_2", "<i8"),
    ("optimal", "<i8"),
    ("reserve_units", "<i8"),  # never lent
    ("limit_units", "<i8"),  # the most one account may owe; 0 for no limit
    ("rate", "<i8"),  # of the last accrual
    ("accrued_ns", "<i8"),  # one more than the time of the last accrual, 0 before the first
    ("initial_rate", "<i8"),  # equity that a new loan needs: of the debts,
    ("initial_asset_rate", "<i8"),  # and of the assets
    ("debt_rate", "<i8"),  # equity at which a loan is called in: of the debts,
    ("asset_rate", "<i8"),  # and of the assets
    ("full_below", "<i8"),  # up to this health a debt may be repaid whole by anyone
    ("small_units", "<i8"),  # worth below which it may always, in the pair's quote
    ("pair", "<i4"),  # the spot instrument whose mark says what the loan is worth
    ("asset", "<i4"),
    ("venue", "<i4"),
    ("lender", "<i4"),  # the account whose units are lent
    ("lender_balance", "<i4"),
    ("first_loan", "<i4"),
    ("bonus_bps", "<i4"),  # what a liquidator takes for a debt of 10,000
    ("protocol_fee_bps", "<i4"),  # the venue's part of the bonus
    ("close_bps", "<i4"),  # part of a debt that one call may repay
    ("hour_form", "<u1"),  # HourForm
    ("trigger", "<u1"),  # Trigger
    ("counts_borrowed", "<u1"),  # units of the lent asset in the borrower's hands count as assets
    ("compounds", "<u1"),  # interest is charged on interest
)
"""A pool that lends an asset: what it has lent, what it asks, whom it lends to."""

LOAN = row_type(
    ("units", "<i8"),  # principal owed
    ("interest", "<i8"),  # interest owed
    ("opened_ns", "<i8"),
    ("hours", "<i8"),  # charged so far
    ("recall_units", "<i8"),  # what the lender wants back
    ("recall_ns", "<i8"),  # by then
    ("recall_row", "<i8"),  # the journal row that said so last
    ("since_row", "<i8"),  # the journal row that began its buy-in or liquidation
    ("account", "<i4"),
    ("pool", "<i4"),
    ("account_next", "<i4"),
    ("pool_next", "<i4"),
    ("sick_next", "<i4"),  # the next loan that waits for its buy-in or liquidation
    ("chain", "<i4"),
    ("phase", "<u1"),  # LoanPhase
    ("why", "<u1"),  # Mechanism: RECALL or LIQUIDATION
    ("is_sick", "<u1"),
    ("has_marked", "<u1"),  # the account's quote balance is liquidating because of this loan
)
"""What one account owes one pool."""
