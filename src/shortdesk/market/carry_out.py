"""A block is made: its transactions are put in order and carried out, and the ledger moves what they move.

A block comes at its chain's time, after what was due at a venue then and before what arrives then; chains of one time
go by venue. It can stop for room between two transactions and goes on where it stopped. While its venue is down a
chain makes no blocks. The market's loops come back when a block is due (``Halt.BLOCK_DUE``), and ``make_block`` is a
kernel of its own: a market without pools never compiles their arithmetic.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Revert
from shortdesk.market.blocks import Act, close_block, order_block, wind_blocks
from shortdesk.market.entry import MOST_NEW_BALANCES, Halt, stop_for_room
from shortdesk.market.ledger import balance_for, find_balance, transfer
from shortdesk.market.margin_check import spare_units
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.pool import PoolForm
from shortdesk.market.pool_rows import chain_row, place_row, pool_row, transaction_row
from shortdesk.market.tables import Shelf, clock_of, has_room, instrument_at, shelf_at, venue_at
from shortdesk.market.transact import Executed, Purse, execute

__all__ = ["make_block", "pool_ticks"]

_ROWS = 8
"""Journal rows that one transaction can write, and some."""
_MOST_PRICE_BITS = 190


# --- a block ------------------------------------------------------------------------------------------------


@rule
def _due_chain(w: Any) -> int:
    """The chain whose block comes first: by time, venue, number."""
    due_ns = clock_of(w).block_due_ns
    found = 0
    for at in range(1, shelf_at(w, Shelf.CHAINS).used + 1):
        chain = chain_row(w, at)
        if chain.due_ns == due_ns and (found == 0 or chain.venue < chain_row(w, found).venue):
            found = at
    return found


@kernel
def make_block(w: Any) -> bool:
    """Make the block that comes next, or go on with the one that is being made; False when room ran out."""
    clock = clock_of(w)
    clock.halt = Halt.DONE
    if clock.block_chain == 0:
        if not journal_has_room(w, 1):
            clock.halt = Halt.JOURNAL_FULL
            return False
        _begin(w, _due_chain(w))
    chain_at = int(clock.block_chain)
    if chain_at == 0:
        return True
    chain = chain_row(w, chain_at)
    while chain.carried < chain.places:
        if not _has_room(w):
            return False
        _carry_out(w, chain_at, int(place_row(w, chain.carried).transaction))
        chain.carried += 1
    close_block(w, chain_at, int(chain.gas_used))
    chain.places, chain.carried, chain.gas_used = 0, 0, 0
    clock.block_chain = 0
    clock.cause = -1
    clock.mechanism = 0
    wind_blocks(w)
    return True


@rule
def _begin(w: Any, chain_at: int) -> None:
    """Time has come to a chain's block: put it in order and say so; while its venue is down it is left out."""
    clock, chain = clock_of(w), chain_row(w, chain_at)
    clock.now_ns = max(clock.now_ns, chain.due_ns)
    clock.cause = -1
    clock.mechanism = 0
    if venue_at(w, chain.venue).is_down != 0:
        chain.due_ns += chain.interval_ns
        wind_blocks(w)
        return
    clock.block_chain = chain_at
    chain.places, chain.carried, chain.gas_used = order_block(w, chain_at, clock.now_ns), 0, 0
    chain.block_row = note_apart(
        w,
        Detail.MONEY,
        Kind.BLOCK,
        venue=chain.venue,
        asset=chain.gas_asset,
        order=chain.number,
        lots=chain.places,
        units=chain.base_fee,
    )


@rule
def _has_room(w: Any) -> bool:
    """Whether there is room for all that one transaction can write."""
    if not journal_has_room(w, _ROWS):
        clock_of(w).halt = Halt.JOURNAL_FULL
        return False
    if not has_room(w, Shelf.BALANCES, MOST_NEW_BALANCES):
        return stop_for_room(w, Shelf.BALANCES)
    if not has_room(w, Shelf.POSITIONS, 1):
        return stop_for_room(w, Shelf.POSITIONS)
    return True if has_room(w, Shelf.TICKS, 2) else stop_for_room(w, Shelf.TICKS)


# --- one transaction ----------------------------------------------------------------------------------------


@rule
def _carry_out(w: Any, chain_at: int, at: int) -> None:
    clock, row, chain = clock_of(w), transaction_row(w, at), chain_row(w, chain_at)
    pool = pool_row(w, row.pool)
    account = int(row.account)
    clock.mechanism = row.mechanism
    clock.cause = row.cause if row.cause >= 0 else chain.block_row
    purse = Purse(_spare(w, account, pool.asset0), _spare(w, account, pool.asset1), _spare(w, account, chain.gas_asset))
    done = execute(w, chain_at, at, clock.now_ns, purse)
    chain.gas_used += done.gas
    _pay_gas(w, chain_at, done)
    if done.why != Revert.NONE:
        note_apart(
            w, Detail.MONEY, Kind.POOL_REVERT, venue=chain.venue, instrument=pool.instrument, account=account,
            other=pool.account, code=done.why,
        )  # fmt: skip
        return
    cause = clock.cause
    clock.cause = _note_act(w, done)
    _move(w, done, pool.asset0, done.received0_units - done.paid0_units)
    _move(w, done, pool.asset1, done.received1_units - done.paid1_units)
    clock.cause = cause


@rule
def _spare(w: Any, account: int, asset: int) -> int:
    """What an account can pay of an asset."""
    at = find_balance(w, account, asset, 0)
    return max(0, int(spare_units(w, at))) if at != 0 else 0


@rule
def _pay_gas(w: Any, chain_at: int, done: Executed) -> None:
    chain = chain_row(w, chain_at)
    if done.burnt_units + done.builder_units == 0:
        return
    mine = balance_for(w, done.account, chain.gas_asset, 0)
    burner = balance_for(w, chain.burner, chain.gas_asset, 0)
    builder = balance_for(w, chain.builder, chain.gas_asset, 0)
    if done.burnt_units != 0:
        transfer(w, Kind.BLOCK_FEE, mine, burner, -done.burnt_units, code=0)
    if done.builder_units != 0:
        transfer(w, Kind.BLOCK_FEE, mine, builder, -done.builder_units, code=1)


@rule
def _move(w: Any, done: Executed, asset: int, units: int) -> None:
    """The account receives units of one of the pool's assets from the pool, or pays them into it."""
    if units == 0:
        return
    pool = pool_row(w, done.pool)
    mine, vault = balance_for(w, done.account, asset, 0), balance_for(w, pool.account, asset, 0)
    transfer(w, Kind.POOL_LEG, mine, vault, units, pool.instrument, order=done.position if done.position != 0 else -1)


@rule
def _note_act(w: Any, done: Executed) -> int:
    """The row of what was done; the amounts are the POOL_LEG rows that it causes."""
    if done.act == Act.SWAP_EXACT_IN or done.act == Act.SWAP_EXACT_OUT:
        return _note_swap(w, done)
    pool = pool_row(w, done.pool)
    number = int(pool.instrument)
    if done.act == Act.COLLECT:
        return note_apart(
            w, Detail.MONEY, Kind.POOL_COLLECT, venue=pool.venue, instrument=number, account=done.account,
            other=pool.account, order=done.position,
        )  # fmt: skip
    instrument_at(w, number).last_ticks = pool_ticks(w, done.pool)
    kind = Kind.POOL_MINT.value if done.act == Act.ADD_LIQUIDITY else Kind.POOL_BURN.value
    is_ranged = pool.form == PoolForm.CONCENTRATED
    return note_apart(
        w, Detail.MONEY, kind, venue=pool.venue, instrument=number, account=done.account, other=pool.account,
        order=done.position, price=done.low_tick if is_ranged else -1, lots=done.liquidity,
        units=done.high_tick if is_ranged else 0, code=1 if is_ranged else 0,
    )  # fmt: skip


@rule
def _note_swap(w: Any, done: Executed) -> int:
    pool = pool_row(w, done.pool)
    number = int(pool.instrument)
    instrument = instrument_at(w, number)
    bought = done.received0_units - done.paid0_units
    size = abs(bought) // instrument.base_units
    instrument.last_ticks = pool_ticks(w, done.pool)
    instrument.fills += 1
    instrument.traded_lots += size
    instrument.turnover_tick_lots += size * instrument.last_ticks
    return note_apart(
        w, Detail.MONEY, Kind.POOL_SWAP, venue=pool.venue, instrument=number, asset=pool.asset1, account=done.account,
        other=pool.account, price=instrument.last_ticks, lots=size if bought > 0 else -size,
        units=done.received1_units - done.paid1_units,
    )  # fmt: skip


@rule
def pool_ticks(w: Any, pool_at: int) -> int:
    """A pool's price in ticks of the instrument it is traded as, to the nearest; 0 where there is none.

    Asset 0 is the base: ticks = units of asset 1 per unit of asset 0 × base units of a lot / units of a tick and lot.
    """
    pool = pool_row(w, pool_at)
    instrument = instrument_at(w, pool.instrument)
    if pool.form == PoolForm.CONSTANT_PRODUCT:
        if wide.is_zero(wide.load(pool.reserve0)):
            return 0
        worth = wide.times(wide.load(pool.reserve1), instrument.base_units)
        one = wide.times(wide.load(pool.reserve0), instrument.factor)
    else:
        root = wide.load(pool.sqrt_price_x96)
        price_x96 = wide.mul_div_down(root, root, wide.shift_left(wide.of(1), 96))
        if wide.bit_length(price_x96) > _MOST_PRICE_BITS:
            return int(instrument.highest_ticks)
        worth = wide.times(price_x96, instrument.base_units)
        one = wide.shift_left(wide.of(instrument.factor), 96)
    found = wide.div_down(wide.add(wide.times(worth, 2), one), wide.times(one, 2))
    if not wide.fits_units(found):
        return int(instrument.highest_ticks)
    return int(min(wide.narrow(found), instrument.highest_ticks))
