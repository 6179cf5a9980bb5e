"""The blocks of a venue on a chain: who waits, who comes first, what a unit of gas costs.

Transactions wait in a list that anybody may read, except those sent to the builder in private. When a block is due the
builder takes those that can pay its base fee, the highest priority fee first and among equals the one that came
first, until the gas is used up. That order is a list of row numbers; a builder with other wishes may change it before
the block is carried out (``market/carry_out.py``).

The base fee follows EIP-1559: it rises when blocks are fuller than their target, falls when they are emptier, and goes
to an account of its own, out of everybody's reach.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up
from shortdesk.ground.order import Refusal
from shortdesk.ground.units import Nanos
from shortdesk.ground.wide import Wide
from shortdesk.market.pool_rows import chain_row, place_row, pool_row, transaction_row
from shortdesk.market.pool_tables import TRANSACTION
from shortdesk.market.tables import Shelf, account_at, clock_of, has_room, put_back, shelf_at, take_row

__all__ = [
    "Act",
    "GasBill",
    "Transaction",
    "close_block",
    "drop",
    "enlist",
    "gas_bill",
    "gas_of",
    "is_block_next",
    "is_visible",
    "next_base_fee",
    "order_block",
    "priority_fee",
    "receive",
    "tear_up",
    "until_block_ns",
    "wind_blocks",
    "write",
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
    cause: int = -1
    """The journal row that led to it."""


class GasBill(NamedTuple):
    """What a transaction's gas costs: the base fee's part and the builder's."""

    burnt_units: int
    builder_units: int


# --- time ---------------------------------------------------------------------------------------------------


@rule(inline=True)
def until_block_ns(w: Any, until_ns: int) -> int:
    """When the next block comes, ``until_ns`` if none comes before."""
    due_ns = clock_of(w).block_due_ns
    return int(min(due_ns, until_ns)) if due_ns != 0 else int(until_ns)


@rule(inline=True)
def is_block_next(w: Any, until_ns: int) -> bool:
    """Whether a block is being carried out, or one comes by then."""
    clock = clock_of(w)
    return bool(clock.block_chain != 0 or (clock.block_due_ns != 0 and clock.block_due_ns <= until_ns))


@rule
def wind_blocks(w: Any) -> None:
    """Work out when the next block of any chain comes."""
    clock = clock_of(w)
    clock.block_due_ns = 0
    for at in range(1, shelf_at(w, Shelf.CHAINS).used + 1):
        due_ns = chain_row(w, at).due_ns
        if clock.block_due_ns == 0 or due_ns < clock.block_due_ns:
            clock.block_due_ns = due_ns


# --- waiting ------------------------------------------------------------------------------------------------


@rule
def write(w: Any, sent: Transaction, amount: Wide, amount1: Wide, bound: Wide, bound1: Wide, limit_x96: Wide) -> int:
    """Write a transaction down; its row, which a TRANSACT command carries to the chain, or 0 where the table is full.

    Swaps: ``amount`` is the exact input or output, ``bound`` the least out or the most in, ``limit_x96`` the √price
    to stop at. Liquidity: ``amount`` and ``amount1`` are the most to deposit, or ``amount`` is the liquidity to take
    away; ``bound`` and ``bound1`` are the least of both assets.
    """
    if not has_room(w, Shelf.TRANSACTIONS, 1):
        return 0
    at = take_row(w, Shelf.TRANSACTIONS, TRANSACTION)
    row = transaction_row(w, at)
    row.act, row.account, row.pool, row.zero_for_one = sent.act, sent.account, sent.pool, sent.zero_for_one
    row.position, row.low_tick, row.high_tick = sent.position, sent.low_tick, sent.high_tick
    row.fee_max, row.priority_fee, row.deadline_ns = sent.fee_max, sent.priority_fee, sent.deadline_ns
    row.is_private, row.mechanism, row.cause = sent.is_private, sent.mechanism, sent.cause
    wide.store(row.amount, amount)
    wide.store(row.amount1, amount1)
    wide.store(row.bound, bound)
    wide.store(row.bound1, bound1)
    wide.store(row.limit_x96, limit_x96)
    row.sequence, row.arrival_ns, row.block_chain, row.prev, row.next = 0, 0, 0, 0, 0
    return at


@rule
def enlist(w: Any, chain_at: int, at: int, now_ns: Nanos) -> None:
    """A written transaction arrives at its chain: it waits behind those that came before."""
    row, chain = transaction_row(w, at), chain_row(w, chain_at)
    row.sequence, row.arrival_ns, row.block_chain = chain.sequence, now_ns, chain_at
    chain.sequence += 1
    chain.pending += 1
    row.prev, row.next = chain.last_pending, 0
    if chain.last_pending == 0:
        chain.first_pending = at
    else:
        transaction_row(w, chain.last_pending).next = at
    chain.last_pending = at


@rule
def receive(w: Any, command: Any) -> int:
    """A TRANSACT command arrives with the row of its transaction, ``client_id``; what is refused is torn up."""
    at = command.client_id
    if not _is_its_own(w, command):
        return Refusal.UNKNOWN_ORDER
    row = transaction_row(w, at)
    refusal = _refusal(w, command.account, row, command.instrument)
    if refusal == Refusal.NONE:
        enlist(w, pool_row(w, row.pool).blocks, at, clock_of(w).now_ns)
    else:
        tear_up(w, command)
    return refusal


@rule
def tear_up(w: Any, command: Any) -> None:
    """Give the row of a TRANSACT command back that was refused."""
    if _is_its_own(w, command):
        _give_back(w, command.client_id)


@rule
def _is_its_own(w: Any, command: Any) -> bool:
    """Whether a command carries a transaction that its account wrote and that does not wait yet."""
    at = command.client_id
    if not 0 < at <= shelf_at(w, Shelf.TRANSACTIONS).used:
        return False
    row = transaction_row(w, at)
    return bool(row.act != 0 and row.account == command.account and row.block_chain == 0)


@rule
def _refusal(w: Any, account: int, row: Any, instrument: int) -> int:
    """Why a chain does not take a transaction on its list; whether it can be done is asked in its block."""
    if not 0 < row.pool <= shelf_at(w, Shelf.POOLS).used:
        return Refusal.UNKNOWN_INSTRUMENT
    pool = pool_row(w, row.pool)
    if pool.venue != account_at(w, account).venue or pool.instrument != instrument:
        return Refusal.UNKNOWN_INSTRUMENT
    if row.act > Act.COLLECT:
        return Refusal.BAD_KIND
    if row.fee_max < 0 or row.priority_fee < 0:
        return Refusal.BAD_PRICE
    return Refusal.NONE


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
    _give_back(w, at)


@rule
def _give_back(w: Any, at: int) -> None:
    row = transaction_row(w, at)
    row.act, row.block_chain = 0, 0
    put_back(w, Shelf.TRANSACTIONS, at, TRANSACTION)


# --- the order of a block -----------------------------------------------------------------------------------


@rule
def priority_fee(w: Any, chain_at: int, at: int) -> int:
    """What the builder earns on a unit of gas: min(priority fee, most to pay - base fee); negative: it cannot pay."""
    row = transaction_row(w, at)
    left = row.fee_max - chain_row(w, chain_at).base_fee
    return int(min(row.priority_fee, left))


@rule
def order_block(w: Any, chain_at: int, now_ns: Nanos) -> int:
    """Fill PLACES, from row 0 on, with the transactions of the next block in their order; how many there are.

    Those that arrived by now and can pay the base fee, by (priority fee, highest first; sequence), as long as their
    gas fits; one that does not fit is passed over. One that cannot pay and whose deadline is past is dropped.
    """
    chain = chain_row(w, chain_at)
    count = 0
    at = int(chain.first_pending)
    while at != 0:
        row = transaction_row(w, at)
        following = int(row.next)
        if row.arrival_ns <= now_ns:
            if priority_fee(w, chain_at, at) >= 0:
                place_row(w, count).transaction = at
                count += 1
            elif row.deadline_ns != 0 and row.deadline_ns < now_ns:
                drop(w, at)
        at = following
    _sort(w, chain_at, count)
    return _fitting(w, chain_at, count)


@rule
def _fitting(w: Any, chain_at: int, count: int) -> int:
    """Keep those whose gas fits into the block."""
    chain = chain_row(w, chain_at)
    left, kept = int(chain.gas_limit), 0
    for i in range(count):
        at = int(place_row(w, i).transaction)
        gas = gas_of(w, chain_at, transaction_row(w, at).act)
        if gas <= left:
            left -= gas
            place_row(w, kept).transaction = at
            kept += 1
    return kept


@rule
def _sort(w: Any, chain_at: int, count: int) -> None:
    """Heap sort in place: no memory, and never slow. The heap's top comes last in the block."""
    for start in range(count // 2 - 1, -1, -1):
        _sink(w, chain_at, start, count)
    for end in range(count - 1, 0, -1):
        _swap(w, 0, end)
        _sink(w, chain_at, 0, end)


@rule
def _sink(w: Any, chain_at: int, start: int, end: int) -> None:
    root = start
    while 2 * root + 1 < end:
        child = 2 * root + 1
        if child + 1 < end and _is_before(w, chain_at, child, child + 1):
            child += 1
        if not _is_before(w, chain_at, root, child):
            return
        _swap(w, root, child)
        root = child


@rule
def _swap(w: Any, a: int, b: int) -> None:
    first, second = place_row(w, a), place_row(w, b)
    at = int(first.transaction)
    first.transaction = second.transaction
    second.transaction = at


@rule
def _is_before(w: Any, chain_at: int, a: int, b: int) -> bool:
    """Whether place ``a`` holds what comes earlier in the block than what place ``b`` holds."""
    first, second = int(place_row(w, a).transaction), int(place_row(w, b).transaction)
    fee_a, fee_b = priority_fee(w, chain_at, first), priority_fee(w, chain_at, second)
    if fee_a != fee_b:
        return fee_a > fee_b
    return bool(transaction_row(w, first).sequence < transaction_row(w, second).sequence)


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
