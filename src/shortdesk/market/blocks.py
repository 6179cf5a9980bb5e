"""The blocks of a venue on a chain: who waits, who comes first, what a unit of gas costs.

Transactions wait in a list that anybody may read, except those sent to the builder in private. When a block is due the
builder takes those that can pay its base fee, the highest priority fee first and among equals the one that came
first, until the gas is used up. That order is a list of row numbers; a builder with other wishes may change it before
the block is carried out (``market/transact.py``).

The base fee follows EIP-1559: it rises when blocks are fuller than their target, falls when they are emptier, and goes
to an account of its own, out of everybody's reach.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.units import Nanos
from shortdesk.ground.wide import Wide
from shortdesk.market.pool_tables import TRANSACTION, PoolShelf, chain_row, transaction_row
from shortdesk.market.tables import has_room, put_back, take_row

__all__ = [
    "Act",
    "GasBill",
    "Transaction",
    "close_block",
    "drop",
    "gas_bill",
    "gas_of",
    "is_visible",
    "next_base_fee",
    "order_block",
    "priority_fee",
    "send",
]


class Act(IntEnum):
    """What a transaction does."""

    SWAP_EXACT_IN = 1
    SWAP_EXACT_OUT = 2
    ADD_LIQUIDITY = 3
    REMOVE_LIQUIDITY = 4
    """Take liquidity away and collect what is owed."""
    COLLECT = 5
    """Collect the fees only."""


class Transaction(NamedTuple):
    """What an account sends to a chain. Zero means none in limits, bounds and the deadline."""

    act: int
    account: int
    pool: int
    zero_for_one: bool = False
    """Swaps: asset 0 is paid."""
    position: int = 0
    """0 opens a new one."""
    low_tick: int = 0
    high_tick: int = 0
    fee_max: int = 0
    """Most to pay for a unit of gas, in the chain's gas price."""
    priority_fee: int = 0
    """Of it, most for the builder."""
    deadline_ns: int = 0
    is_private: bool = False
    mechanism: int = 0


class GasBill(NamedTuple):
    """What a transaction's gas costs: the base fee's part and the builder's."""

    burnt_units: int
    builder_units: int


# --- waiting ------------------------------------------------------------------------------------------------


@rule
def send(
    w: Any,
    chain_at: int,
    now_ns: Nanos,
    sent: Transaction,
    amount: Wide,
    amount1: Wide,
    bound: Wide,
    bound1: Wide,
    limit_x96: Wide,
) -> int:
    """Put a transaction at the end of the waiting list; its row, or 0 where the table is full.

    Swaps: ``amount`` is the exact input or output, ``bound`` the least out or the most in, ``limit_x96`` the √price
    to stop at. Liquidity: ``amount`` and ``amount1`` are the most to deposit, or ``amount`` is the liquidity to take
    away; ``bound`` and ``bound1`` are the least of both assets.
    """
    if not has_room(w, PoolShelf.TRANSACTIONS, 1):
        return 0
    at = take_row(w, PoolShelf.TRANSACTIONS, TRANSACTION)
    row, chain = transaction_row(w, at), chain_row(w, chain_at)
    row.act, row.account, row.pool, row.zero_for_one = sent.act, sent.account, sent.pool, sent.zero_for_one
    row.position, row.low_tick, row.high_tick = sent.position, sent.low_tick, sent.high_tick
    row.fee_max, row.priority_fee, row.deadline_ns = sent.fee_max, sent.priority_fee, sent.deadline_ns
    row.is_private, row.mechanism = sent.is_private, sent.mechanism
    wide.store(row.amount, amount)
    wide.store(row.amount1, amount1)
    wide.store(row.bound, bound)
    wide.store(row.bound1, bound1)
    wide.store(row.limit_x96, limit_x96)
    row.sequence, row.arrival_ns, row.block_chain = chain.sequence, now_ns, chain_at
    chain.sequence += 1
    chain.pending += 1
    row.prev, row.next = chain.last_pending, 0
    if chain.last_pending == 0:
        chain.first_pending = at
    else:
        transaction_row(w, chain.last_pending).next = at
    chain.last_pending = at
    return at


@rule
def is_visible(w: Any, at: int, account: int) -> bool:
    """Whether an account may see a waiting transaction: its own, and all that were not sent in private."""
    row = transaction_row(w, at)
    return bool(row.is_private == 0 or row.account == account)


@rule
def drop(w: Any, at: int) -> None:
    """Take a transaction out of the waiting list: carried out, replaced or withdrawn."""
    row = transaction_row(w, at)
    chain = chain_row(w, row.block_chain)
    if row.prev == 0:
        chain.first_pending = row.next
    else:
        transaction_row(w, row.prev).next = row.next
    if row.next == 0:
        chain.last_pending = row.prev
    else:
        transaction_row(w, row.next).prev = row.prev
    chain.pending -= 1
    row.block_chain = 0
    put_back(w, PoolShelf.TRANSACTIONS, at, TRANSACTION)


# --- the order of a block -----------------------------------------------------------------------------------


@rule
def priority_fee(w: Any, chain_at: int, at: int) -> int:
    """What the builder earns on a unit of gas: min(priority fee, most to pay - base fee); negative: it cannot pay."""
    row = transaction_row(w, at)
    left = row.fee_max - chain_row(w, chain_at).base_fee
    return int(min(row.priority_fee, left))


@rule
def order_block(w: Any, chain_at: int, now_ns: Nanos, places: Any) -> int:
    """Fill ``places`` with the transactions of the next block in their order; how many there are.

    Those that arrived by now and can pay the base fee, by (priority fee, highest first; sequence), as long as their
    gas fits; one that does not fit is passed over. ``places`` is an int64 array with room for all that wait.
    """
    chain = chain_row(w, chain_at)
    count = 0
    at = int(chain.first_pending)
    while at != 0:
        row = transaction_row(w, at)
        if row.arrival_ns <= now_ns and priority_fee(w, chain_at, at) >= 0:
            places[count] = at
            count += 1
        at = int(row.next)
    _sort(w, chain_at, places, count)
    return _fitting(w, chain_at, places, count)


@rule
def _fitting(w: Any, chain_at: int, places: Any, count: int) -> int:
    """Keep those whose gas fits into the block."""
    chain = chain_row(w, chain_at)
    left, kept = int(chain.gas_limit), 0
    for i in range(count):
        gas = gas_of(w, chain_at, transaction_row(w, places[i]).act)
        if gas <= left:
            left -= gas
            places[kept] = places[i]
            kept += 1
    return kept


@rule
def _sort(w: Any, chain_at: int, places: Any, count: int) -> None:
    """Heap sort in place: no memory, and never slow. The heap's top comes last in the block."""
    for start in range(count // 2 - 1, -1, -1):
        _sink(w, chain_at, places, start, count)
    for end in range(count - 1, 0, -1):
        places[0], places[end] = places[end], places[0]
        _sink(w, chain_at, places, 0, end)


@rule
def _sink(w: Any, chain_at: int, places: Any, start: int, end: int) -> None:
    root = start
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and _is_before(w, chain_at, places[child], places[child + 1]):
            child += 1
        if not _is_before(w, chain_at, places[root], places[child]):
            return
        places[root], places[child] = places[child], places[root]
        root = child


@rule
def _is_before(w: Any, chain_at: int, a: int, b: int) -> bool:
    fee_a, fee_b = priority_fee(w, chain_at, a), priority_fee(w, chain_at, b)
    if fee_a != fee_b:
        return fee_a > fee_b
    return bool(transaction_row(w, a).sequence < transaction_row(w, b).sequence)


# --- gas ----------------------------------------------------------------------------------------------------


@rule
def gas_of(w: Any, chain_at: int, act: int) -> int:
    """Gas that an act uses, done or reverted: a parameter of the chain, not a count of instructions."""
    chain = chain_row(w, chain_at)
    if act == Act.SWAP_EXACT_IN or act == Act.SWAP_EXACT_OUT:
        return int(chain.swap_gas)
    return int(chain.liquidity_gas)


@rule
def gas_bill(w: Any, chain_at: int, at: int) -> GasBill:
    """What a transaction pays for its gas in a block now: gas × (base fee + priority fee) / scale, rounded up.

    The base fee's part is rounded down; the rest is the builder's.
    """
    chain = chain_row(w, chain_at)
    gas = gas_of(w, chain_at, transaction_row(w, at).act)
    price = chain.base_fee + priority_fee(w, chain_at, at)
    whole = mul_div_up(gas, price, chain.gas_price_scale)
    burnt = mul_div_down(gas, chain.base_fee, chain.gas_price_scale)
    return GasBill(burnt, whole - burnt)


@rule
def next_base_fee(base_fee: int, gas_used: int, gas_target: int, pace: int) -> int:
    """The base fee after a block: base × (1 + (used - target) / target / pace), at least 1 more after a full one.

    Source: EIP-1559, with BASE_FEE_MAX_CHANGE_DENOMINATOR as ``pace`` (8 on Ethereum).
    """
    if gas_used == gas_target:
        return base_fee
    if gas_used > gas_target:
        return base_fee + max(mul_div_down(base_fee, gas_used - gas_target, gas_target) // pace, 1)
    return base_fee - mul_div_down(base_fee, gas_target - gas_used, gas_target) // pace


@rule
def close_block(w: Any, chain_at: int, gas_used: int) -> None:
    """The block is made: the next one has the next number, its time and its base fee."""
    chain = chain_row(w, chain_at)
    chain.base_fee = next_base_fee(chain.base_fee, gas_used, chain.gas_target, chain.base_fee_pace)
    chain.number += 1
    chain.due_ns += chain.interval_ns
