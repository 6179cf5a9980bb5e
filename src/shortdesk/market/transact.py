"""Carrying out one transaction of a block: what it does to the pool and what has to move in the ledger.

A transaction either does all it says or nothing; a reverted one still pays its gas. Nothing here moves money: the
result says how many units go from the account to the pool and back, and what the gas costs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.order import Revert
from shortdesk.ground.units import Nanos
from shortdesk.ground.wide import Wide
from shortdesk.market import concentrated, constant_product, liquidity
from shortdesk.market.blocks import Act, drop, gas_bill, gas_of
from shortdesk.market.pool import PoolForm, Provided, Swapped, not_provided, not_swapped
from shortdesk.market.pool_rows import chain_row, pool_row, position_row, transaction_row
from shortdesk.market.tables import Shelf, shelf_at
from shortdesk.market.tick_math import MAX_TICK, MIN_TICK, sqrt_price_x96_at_tick

__all__ = ["Executed", "Purse", "execute"]


class Purse(NamedTuple):
    """What the sender holds: of the pool's two assets, and of the asset that gas is paid in."""

    asset0_units: int
    asset1_units: int
    gas_units: int


class Executed(NamedTuple):
    """What came of a transaction. All units are zero or more; where ``why`` is not NONE only gas moves."""

    why: int
    act: int
    pool: int
    account: int
    position: int
    paid0_units: int
    paid1_units: int
    received0_units: int
    received1_units: int
    gas: int
    burnt_units: int
    builder_units: int
    liquidity: int
    """That came or went; 2^63 - 1 at most."""
    low_tick: int
    high_tick: int


@rule
def execute(w: Any, chain_at: int, at: int, now_ns: Nanos, purse: Purse) -> Executed:
    """Carry out a waiting transaction and take it off the list.

    A sender who cannot even pay the gas costs the block nothing: the transaction is dropped. Gas is paid before
    anything else, so what the gas costs cannot be swapped.
    """
    row = transaction_row(w, at)
    act, pool_at, account = int(row.act), int(row.pool), int(row.account)
    bill = gas_bill(w, chain_at, at)
    gas_units = bill.burnt_units + bill.builder_units
    if purse.gas_units < gas_units:
        drop(w, at)
        return _moved(Revert.TOO_LITTLE_MONEY, act, pool_at, account, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    why = _refusal(w, at, now_ns)
    position, paid0, paid1, received0, received1 = 0, 0, 0, 0, 0
    units, low_tick, high_tick = 0, 0, 0
    if why == Revert.NONE:
        has0, has1 = _after_gas(w, chain_at, pool_at, purse, gas_units)
        if act == Act.SWAP_EXACT_IN or act == Act.SWAP_EXACT_OUT:
            swapped = _swap(w, at, has0 if row.zero_for_one else has1)
            why = swapped.why
            paid, received = wide.narrow(swapped.amount_in), wide.narrow(swapped.amount_out)
            if row.zero_for_one:
                paid0, received1 = paid, received
            else:
                paid1, received0 = paid, received
        else:
            low_tick, high_tick = _range_of(w, at)
            provided = _provide(w, at, has0, has1)
            why, position = provided.why, provided.position
            units = _capped(provided.liquidity)
            if act == Act.ADD_LIQUIDITY:
                paid0, paid1 = wide.narrow(provided.amount0), wide.narrow(provided.amount1)
            else:
                received0, received1 = wide.narrow(provided.amount0), wide.narrow(provided.amount1)
    gas = gas_of(w, chain_at, act)
    drop(w, at)
    return _moved(
        why,
        act,
        pool_at,
        account,
        position,
        paid0,
        paid1,
        received0,
        received1,
        gas,
        bill.burnt_units,
        bill.builder_units,
        units,
        low_tick,
        high_tick,
    )


@rule
def _capped(liquidity: Wide) -> int:
    """Liquidity as a row of the journal can say it: 2^63 - 1 stands for that and more."""
    return wide.narrow(liquidity) if wide.fits_units(liquidity) else (1 << 63) - 1


@rule
def _moved(
    why: int,
    act: int,
    pool: int,
    account: int,
    position: int,
    paid0: int,
    paid1: int,
    received0: int,
    received1: int,
    gas: int,
    burnt: int,
    builder: int,
    units: int,
    low_tick: int,
    high_tick: int,
) -> Executed:
    """One type for every outcome, whatever the constants were."""
    return Executed(
        why, act, pool, account, position, paid0, paid1, received0, received1, gas, burnt, builder, units, low_tick,
        high_tick,
    )  # fmt: skip


@rule
def _refusal(w: Any, at: int, now_ns: Nanos) -> int:
    """Why a transaction cannot be tried at all."""
    row = transaction_row(w, at)
    if row.pool <= 0 or row.pool > shelf_at(w, Shelf.POOLS).used or pool_row(w, row.pool).form == 0:
        return Revert.UNKNOWN_POOL
    if row.deadline_ns != 0 and row.deadline_ns < now_ns:
        return Revert.EXPIRED
    return Revert.NONE


@rule
def _after_gas(w: Any, chain_at: int, pool_at: int, purse: Purse, gas_units: int) -> tuple[int, int]:
    """What is left of both assets when the gas is paid."""
    pool, gas_asset = pool_row(w, pool_at), chain_row(w, chain_at).gas_asset
    has0, has1 = purse.asset0_units, purse.asset1_units
    if pool.asset0 == gas_asset:
        has0 -= gas_units
    if pool.asset1 == gas_asset:
        has1 -= gas_units
    return has0, has1


# --- swaps --------------------------------------------------------------------------------------------------


@rule
def _swap(w: Any, at: int, has: int) -> Swapped:
    """Swap with no more than the sender has: of an exact output it is the most to pay."""
    row = transaction_row(w, at)
    pool = pool_row(w, row.pool)
    exact_in = row.act == Act.SWAP_EXACT_IN
    zero_for_one = row.zero_for_one != 0
    amount, bound, purse = wide.load(row.amount), wide.load(row.bound), wide.of(has)
    if not wide.fits_units(amount):
        return not_swapped(Revert.TOO_LARGE_FOR_LEDGER)
    is_poor = False
    if exact_in:
        if wide.less(purse, amount):
            return not_swapped(Revert.TOO_LITTLE_MONEY)
    elif has == 0:
        return not_swapped(Revert.TOO_LITTLE_MONEY)
    else:
        is_poor = wide.is_zero(bound) or wide.less(purse, bound)
        bound = purse if is_poor else bound
    if pool.form == PoolForm.CONSTANT_PRODUCT:
        if not wide.is_zero(wide.load(row.limit_x96)):
            return not_swapped(Revert.BAD_PRICE_LIMIT)
        swapped = constant_product.swap(pool, zero_for_one, exact_in, amount, bound)
    else:
        swapped = concentrated.swap(w, row.pool, zero_for_one, exact_in, amount, bound, wide.load(row.limit_x96))
    if swapped.why == Revert.TOO_MUCH_IN and is_poor:
        return not_swapped(Revert.TOO_LITTLE_MONEY)
    return swapped


# --- liquidity ----------------------------------------------------------------------------------------------


@rule
def _provide(w: Any, at: int, has0: int, has1: int) -> Provided:
    row = transaction_row(w, at)
    if row.act == Act.ADD_LIQUIDITY:
        return _add(w, at, has0, has1)
    if pool_row(w, row.pool).form == PoolForm.CONSTANT_PRODUCT:
        if row.act == Act.COLLECT:
            return not_provided(Revert.ZERO_AMOUNT)
        least0, least1 = wide.load(row.bound), wide.load(row.bound1)
        return constant_product.withdraw(w, row.pool, row.account, row.position, wide.load(row.amount), least0, least1)
    return _remove_and_collect(w, at)


@rule
def _add(w: Any, at: int, has0: int, has1: int) -> Provided:
    """Deposit at most what was offered; the sender must hold what that comes to."""
    row = transaction_row(w, at)
    most0, most1 = wide.load(row.amount), wide.load(row.amount1)
    least0, least1 = wide.load(row.bound), wide.load(row.bound1)
    if not wide.fits_units(most0) or not wide.fits_units(most1):
        return not_provided(Revert.TOO_LARGE_FOR_LEDGER)
    if wide.less(wide.of(has0), most0) or wide.less(wide.of(has1), most1):
        return not_provided(Revert.TOO_LITTLE_MONEY)
    if pool_row(w, row.pool).form == PoolForm.CONSTANT_PRODUCT:
        return constant_product.deposit(w, row.pool, row.account, row.position, most0, most1, least0, least1)
    low_tick, high_tick = _range_of(w, at)
    if not MIN_TICK <= low_tick < high_tick <= MAX_TICK:
        return not_provided(Revert.BAD_RANGE)
    return _add_concentrated(w, at, low_tick, high_tick)


@rule
def _range_of(w: Any, at: int) -> tuple[int, int]:
    """The ticks that a transaction is about: those of the position it names, else those it says."""
    row = transaction_row(w, at)
    if 0 < row.position < shelf_at(w, Shelf.POSITIONS).rows:
        position = position_row(w, row.position)
        return int(position.low_tick), int(position.high_tick)
    return int(row.low_tick), int(row.high_tick)


@rule
def _add_concentrated(w: Any, at: int, low_tick: int, high_tick: int) -> Provided:
    """The most liquidity that the offered amounts provide in the range."""
    row = transaction_row(w, at)
    most0, most1 = wide.load(row.amount), wide.load(row.amount1)
    price = wide.load(pool_row(w, row.pool).sqrt_price_x96)
    low_x96, high_x96 = sqrt_price_x96_at_tick(low_tick), sqrt_price_x96_at_tick(high_tick)
    units = liquidity.liquidity_for_amounts(price, low_x96, high_x96, most0, most1)
    amount0, amount1 = liquidity.amounts_of_liquidity(price, low_x96, high_x96, units, True)
    if wide.less(amount0, wide.load(row.bound)) or wide.less(amount1, wide.load(row.bound1)):
        return not_provided(Revert.TOO_LITTLE_OUT)
    return liquidity.add_liquidity(w, row.pool, row.account, row.position, low_tick, high_tick, units, most0, most1)


@rule
def _remove_and_collect(w: Any, at: int) -> Provided:
    """Take liquidity away (none for a mere collection) and pay out all that is owed."""
    row = transaction_row(w, at)
    pool_at, account, position_at = int(row.pool), int(row.account), int(row.position)
    taken = wide.of(0) if row.act == Act.COLLECT else wide.load(row.amount)
    if row.act == Act.REMOVE_LIQUIDITY and wide.is_zero(taken):
        return not_provided(Revert.ZERO_AMOUNT)
    removed = liquidity.remove_liquidity(
        w, pool_at, account, position_at, taken, wide.load(row.bound), wide.load(row.bound1)
    )
    if removed.why != Revert.NONE:
        return removed
    everything = _most_units()
    return liquidity.collect(w, pool_at, account, position_at, everything, everything)


@rule
def _most_units() -> Wide:
    """The most that the ledger can move at once."""
    return wide.of((1 << 63) - 1)
