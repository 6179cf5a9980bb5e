"""The rows of who is there and what they hold: assets, venues, accounts, legs, balances, cases of liquidation."""

from __future__ import annotations

from shortdesk.market.row_type import row_type

__all__ = ["ACCOUNT", "ASSET", "BALANCE", "CASE", "LEG", "VENUE"]

ASSET = row_type(("one_units", "<i8"))  # smallest units in one of it
"""What an account can hold."""

VENUE = row_type(
    ("fee_one", "<i8"),  # fee rates of the venue's instruments are out of this
    ("first_fraction_ppm", "<i8"),  # FRACTION_THEN_WAIT, FILLABLE_CAPPED, INCREMENTAL: the part of one step
    ("threshold_units", "<i8"),  # worth above which the part applies; a FILLABLE_CAPPED step is no smaller than this
    ("largest_step_units", "<i8"),  # FILLABLE_CAPPED: the most of one step; 0 for no limit
    ("backstop_ppm", "<i8"),  # equity below this part of maintenance goes to the backstop; 0 for none
    ("spread_ppm", "<i8"),  # FILLABLE_CAPPED: the most that the order may give up, as a part of maintenance
    ("adjustment_ppm", "<i8"),  # FILLABLE_CAPPED: how fast it comes to that as the account gets poorer
    ("wait_ms", "<i8"),  # pause after a step of a liquidation
    ("unwind_ms", "<i8"),  # pause between the orders by which purses close what they took over; 0: they hold it
    ("unwind_ppm", "<i8"),  # the part of what is left that one such order is about
    ("clearing", "<i4"),  # accounts of the venue itself
    ("fees", "<i4"),
    ("insurance", "<i4"),
    ("deficit", "<i4"),
    ("outside", "<i4"),
    ("liquidation_form", "<u1"),  # LiquidationForm
    ("adl_rank", "<u1"),  # AdlRank
    ("adl_price", "<u1"),  # AdlPrice
    ("cover_1", "<u1"),  # Cover: who bears what is left, in this order
    ("cover_2", "<u1"),
    ("cover_3", "<u1"),
    ("step_tiers", "<u1"),  # how many tiers one step goes down
    ("last_taken", "<u1"),  # in the lowest of so many tiers the whole is taken over
    ("asks_everybody", "<u1"),  # tests: liquidations found without triggers
    ("spares_everybody", "<u1"),  # counterfactuals: nobody is liquidated
    ("switches_open", "<u1"),  # legs may change between isolated and cross while they are open
    ("is_down", "<u1"),
)
"""A venue: its purses and its way of liquidating."""

ACCOUNT = row_type(
    ("venue", "<i4"),
    ("first_leg", "<i4"),
    ("first_loan", "<i4"),
    ("link", "<i4"),  # that its commands go over
    ("leverage_x100", "<i4"),  # of legs made from now on; 0 for once
    ("is_isolated", "<u1"),  # legs made from now on stand alone
    ("role", "<u1"),  # Role: a trader, or one of the venue's own purses
    ("is_hedged", "<u1"),  # keeps long and short legs apart
    ("is_connected", "<u1"),
    ("cancels_on_disconnect", "<u1"),
    ("is_auto_borrow", "<u1"),  # borrows what a spot order lacks, repays from what a fill brings
    ("is_multi_asset", "<u1"),  # coins stand behind its wallets as collateral
    width=32,
)
"""An owner of balances and legs at one venue."""

LEG = row_type(
    ("lots", "<i8"),  # held, short < 0
    ("buying_lots", "<i8"),  # in open orders that may open
    ("selling_lots", "<i8"),
    ("buying_cost", "<i8"),  # ticks times lots of those that buy
    ("open_lots", "<i8"),  # with the next three: margin.position.Position
    ("open_cost", "<i8"),
    ("carry", "<i8"),
    ("carry_ticks", "<i8"),
    ("account", "<i4"),
    ("instrument", "<i4"),
    ("first_order", "<i4"),
    ("chain", "<i4"),
    ("account_next", "<i4"),
    ("balance", "<i4"),  # whose units stand behind it; 0 in a bare book
    ("balance_next", "<i4"),  # the other legs of that balance
    ("next", "<i4"),  # on the ladder of its trigger
    ("prev", "<i4"),
    ("level", "<i4"),
    ("leverage_x100", "<i4"),
    ("hedge", "<u1"),  # 0 both ways, 1 the long leg, 2 the short leg
    ("is_armed_short", "<u1"),  # its trigger is one that fires when the mark rises
    ("is_collateral", "<u1"),  # spot: the account's coins of the pair's base stand behind its balance
    width=128,
)
"""A position in one instrument and its open orders; two cache lines."""

BALANCE = row_type(
    ("units", "<i8"),
    ("account", "<i4"),
    ("asset", "<i4"),
    ("leg", "<i4"),  # the isolated leg whose margin this is; 0 for a wallet
    ("first_leg", "<i4"),  # legs that it stands behind
    ("touched_next", "<i4"),  # the next that waits to be asked at the next mark
    ("chain", "<i4"),
    ("next", "<i4"),  # on the ladder of the sick, or of those whose next step is due
    ("prev", "<i4"),
    ("level", "<i4"),
    ("case", "<i4"),  # its liquidation, or a purse's closing of what it took over, while there is one
    ("coin_leg", "<i4"),  # of coins that are collateral: the leg of the pair by which they stand behind a wallet
    ("state", "<u1"),  # RiskState
    ("is_touched", "<u1"),
    width=64,
)
"""Units of one asset and the legs they stand behind; one cache line."""

CASE = row_type(
    ("since_row", "<i8"),  # the journal row that began the liquidation
    ("step_row", "<i8"),  # the journal row of the present step
    ("step_held", "<i8"),  # lots of its leg when the step began, unsigned
    ("step_lots", "<i8"),  # lots of the step's order, then those that covers still have to take; unsigned
    ("step_ticks", "<i8"),  # at this price
    ("step", "<i4"),  # from 1
    ("step_leg", "<i4"),  # the leg that the present step is about
    ("cursor", "<i4"),  # the last leg that was asked to share the loss
    ("chain", "<i4"),
    ("phase", "<u1"),  # Phase
    ("idle", "<u1"),  # steps in a row that closed nothing
    ("taken_by", "<u1"),  # Cover that took the last lots of its last step
)
"""A liquidation under way, or a purse's closing of what it took over."""
