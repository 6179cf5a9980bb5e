"""The rows of pools and of the blocks of the venues they stand on; ``pool_rows`` reaches them."""

from __future__ import annotations

from shortdesk.ground import wide
from shortdesk.market.row_type import row_type

__all__ = ["CHAIN", "PLACE", "POOL", "POSITION", "TICK", "TRANSACTION", "WORD"]

POOL = row_type(
    ("reserve0", *wide.FIELD),  # constant product
    ("reserve1", *wide.FIELD),
    ("shares", *wide.FIELD),
    ("sqrt_price_x96", *wide.FIELD),  # concentrated
    ("liquidity", *wide.FIELD),  # of the range the price is in
    ("fee_growth0_x128", *wide.FIELD),  # fees ever earned per unit of liquidity
    ("fee_growth1_x128", *wide.FIELD),
    ("tick_liquidity_max", *wide.FIELD),
    ("tick", "<i4"),
    ("tick_spacing", "<i4"),
    ("first_word", "<i4"),  # where its bitmap begins in the table of words
    ("lowest_word", "<i4"),  # number of the word that lies there
    ("fee_ppm", "<i4"),
    ("account", "<i4"),  # holds the reserves in the ledger
    ("instrument", "<i4"),  # that it is traded as
    ("blocks", "<i4"),  # the chain it stands on
    ("asset0", "<i4"),
    ("asset1", "<i4"),
    ("venue", "<i4"),
    ("form", "<i4"),  # PoolForm
    ("chain", "<i4"),  # next free row
)
"""A pool: what it holds, its price and its fees."""

POSITION = row_type(
    ("liquidity", *wide.FIELD),  # of a constant-product pool: shares
    ("fee_inside0_x128", *wide.FIELD),  # fee growth inside its range when last looked at
    ("fee_inside1_x128", *wide.FIELD),
    ("owed0", *wide.FIELD),  # to be collected
    ("owed1", *wide.FIELD),
    ("low_tick", "<i4"),
    ("high_tick", "<i4"),
    ("pool", "<i4"),  # 0 once it is closed
    ("account", "<i4"),
    ("chain", "<i4"),
)
"""What a liquidity provider put into a pool, and between which ticks."""

TICK = row_type(
    ("gross", *wide.FIELD),  # liquidity of all positions that end here
    ("net", *wide.FIELD),  # liquidity that comes in when the price rises through it, modulo 2^256
    ("fee_outside0_x128", *wide.FIELD),  # fee growth on the side where the price is not
    ("fee_outside1_x128", *wide.FIELD),
    ("pool", "<i4"),
    ("tick", "<i4"),
    ("chain", "<i4"),  # next in the same bucket; next free row
)
"""A price at which positions begin or end."""

WORD = row_type(("bits", *wide.FIELD))
"""A word of a pool's bitmap: which of 256 ticks are in use."""

CHAIN = row_type(
    ("number", "<i8"),  # of the block to come
    ("due_ns", "<i8"),  # when it comes
    ("interval_ns", "<i8"),
    ("base_fee", "<i8"),  # price of a unit of gas; scale below
    ("gas_price_scale", "<i8"),  # so many of a price make one unit of the gas asset
    ("gas_limit", "<i8"),
    ("gas_target", "<i8"),  # gas in a block at which the base fee stays
    ("base_fee_pace", "<i8"),  # a full turn away from the target moves the base fee by 1 / pace
    ("swap_gas", "<i8"),  # gas that a swap uses
    ("liquidity_gas", "<i8"),  # gas that an act of a liquidity provider uses
    ("sequence", "<i8"),  # of the next transaction
    ("gas_used", "<i8"),  # in the block that is being carried out
    ("block_row", "<i8"),  # the journal row of it
    ("first_pending", "<i4"),
    ("last_pending", "<i4"),
    ("pending", "<i4"),
    ("venue", "<i4"),
    ("gas_asset", "<i4"),
    ("builder", "<i4"),  # account that earns the priority fees
    ("burner", "<i4"),  # account that the base fees go to, out of circulation
    ("places", "<i4"),  # transactions of the block that is being carried out
    ("carried", "<i4"),  # how many of them are
    ("chain", "<i4"),
)
"""The blocks of a venue: when they come, what gas costs, who waits."""

TRANSACTION = row_type(
    ("amount", *wide.FIELD),  # swap: exact input or output; liquidity: most of asset 0, or liquidity to take away
    ("amount1", *wide.FIELD),  # liquidity: most of asset 1
    ("bound", *wide.FIELD),  # swap: least out or most in; liquidity: least of asset 0
    ("bound1", *wide.FIELD),  # liquidity: least of asset 1
    ("limit_x96", *wide.FIELD),  # swap: √price limit
    ("sequence", "<i8"),  # order of arrival
    ("arrival_ns", "<i8"),
    ("deadline_ns", "<i8"),  # 0 for none
    ("cause", "<i8"),  # the journal row that led to it, -1 for none
    ("fee_max", "<i8"),  # most to pay for a unit of gas
    ("priority_fee", "<i8"),  # of it, most for the builder
    ("low_tick", "<i4"),
    ("high_tick", "<i4"),
    ("position", "<i4"),
    ("pool", "<i4"),
    ("account", "<i4"),
    ("block_chain", "<i4"),  # the chain it waits at; 0 while it is only written
    ("next", "<i4"),  # pending: the one that arrived after it
    ("prev", "<i4"),
    ("chain", "<i4"),  # next free row
    ("act", "<u1"),  # Act; 0 for a free row
    ("zero_for_one", "<u1"),
    ("is_private", "<u1"),  # seen by the builder only
    ("mechanism", "<u1"),
)
"""A transaction that is under way or waits for a block."""

PLACE = row_type(("transaction", "<i4"))
"""One place of the block that is being carried out, in its order."""
