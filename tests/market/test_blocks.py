"""Blocks: who comes first, what gas costs, and transactions that do all they say or nothing."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.block_stage import (
    ATTACKER,
    BUILDER,
    BURNER,
    DEEP,
    ETH,
    GWEI_PER_ETH,
    MAKER,
    POOL,
    RICH,
    SECOND,
    TRADER,
    USDC,
    Stage,
)

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError
from shortdesk.ground.order import Revert
from shortdesk.market import blocks
from shortdesk.market.blocks import Act
from shortdesk.market.open_pool import sqrt_price_x96_of
from shortdesk.market.pool_rows import chain_row, pool_row, position_row
from shortdesk.market.tables import Shelf, shelf_at
from shortdesk.market.transact import Purse, execute


@pytest.fixture
def stage() -> Stage:
    funded = Stage()
    funded.fund()
    return funded


# --- the order ----------------------------------------------------------------------------------------------


def test_highest_priority_fee_first_then_the_one_that_came_first(stage: Stage) -> None:
    fees = [3, 1, 3, 7, 1, 7, 2]
    sent = [stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, priority_fee=fee) for fee in fees]
    assert stage.next_order() == [sent[i] for i in (3, 5, 0, 2, 6, 1, 4)]


def test_what_can_be_paid_on_top_of_the_base_fee_counts(stage: Stage) -> None:
    """Base fee 20 gwei, or a little less after the first block: a most of 21 leaves about 1 for the builder."""
    base = int(chain_row(stage.w, stage.chain).base_fee)
    capped = stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, priority_fee=50, fee_max=base + 1)
    modest = stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, priority_fee=2, fee_max=base + 100)
    stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, priority_fee=99, fee_max=base - 1)
    assert stage.next_order() == [modest, capped]
    assert blocks.priority_fee(stage.w, stage.chain, capped) == 1


def test_a_transaction_that_has_not_arrived_waits(stage: Stage) -> None:
    late = stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, now_ns=13 * SECOND)
    assert stage.next_order(12 * SECOND) == []
    assert stage.next_order(13 * SECOND) == [late]


def test_a_full_block_passes_over_what_does_not_fit(stage: Stage) -> None:
    chain = chain_row(stage.w, stage.chain)
    chain.gas_limit = int(chain.swap_gas) * 2 + 1
    big = stage.send(Act.ADD_LIQUIDITY, stage.flat, MAKER, amount=1, amount1=1, priority_fee=1)
    first, second, third = (
        stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, priority_fee=fee) for fee in (9, 8, 7)
    )
    assert stage.next_order() == [first, second]
    assert third
    assert big


@given(st.lists(st.integers(0, 5), max_size=40))
def test_the_order_is_that_of_a_sorted_list(fees: list[int]) -> None:
    stage = Stage(64)
    chain_row(stage.w, stage.chain).gas_limit = 10**9
    sent = [stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=1, priority_fee=fee) for fee in fees]
    expected = [at for _, _, at in sorted((-fee, i, at) for i, (fee, at) in enumerate(zip(fees, sent, strict=True)))]
    assert stage.next_order() == expected


# --- seeing -------------------------------------------------------------------------------------------------


def test_a_private_transaction_is_seen_by_its_sender_only(stage: Stage) -> None:
    public = stage.send(Act.SWAP_EXACT_IN, stage.flat, TRADER, amount=10**6)
    private = stage.send(Act.SWAP_EXACT_IN, stage.flat, TRADER, amount=10**6, is_private=True)
    assert [blocks.is_visible(stage.w, at, ATTACKER) for at in (public, private)] == [True, False]
    assert [blocks.is_visible(stage.w, at, TRADER) for at in (public, private)] == [True, True]
    assert stage.next_order() == [public, private]


# --- gas ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        # Base fee 1,000,000,000; target 15 million gas; EIP-1559: one eighth up when full, one eighth down when empty.
        (15_000_000, 1_000_000_000),
        (30_000_000, 1_125_000_000),
        (0, 875_000_000),
        (22_500_000, 1_062_500_000),
        (15_000_001, 1_000_000_008),
    ],
)
def test_base_fee_follows_the_fill_of_the_block(used: int, expected: int) -> None:
    assert blocks.next_base_fee(1_000_000_000, used, 15_000_000, 8) == expected


def test_a_base_fee_of_zero_rises_by_one_when_the_block_is_too_full() -> None:
    assert blocks.next_base_fee(0, 20_000_000, 15_000_000, 8) == 1
    assert blocks.next_base_fee(7, 0, 15_000_000, 8) == 7


def test_gas_is_burnt_and_tipped(stage: Stage) -> None:
    """120,000 gas at a base fee of 20 gwei and a priority fee of 3 gwei: 2,400,000 and 360,000 gwei."""
    chain_row(stage.w, stage.chain).base_fee = 20 * 10**9
    before = stage.ledger.of(TRADER, ETH)
    stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6, zero_for_one=False, priority_fee=3 * 10**9)
    burnt, tipped = stage.ledger.of(BURNER, ETH), stage.ledger.of(BUILDER, ETH)
    (done,) = stage.run()
    assert (done.burnt_units, done.builder_units, done.gas) == (2_400_000, 360_000, 120_000)
    assert stage.ledger.of(BURNER, ETH) - burnt == 2_400_000
    assert stage.ledger.of(BUILDER, ETH) - tipped == 360_000
    assert before - stage.ledger.of(TRADER, ETH) == 2_760_000 - done.received0_units


def test_who_cannot_pay_the_gas_is_dropped_and_pays_nothing(stage: Stage) -> None:
    at = stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**6)
    done = execute(stage.w, stage.chain, at, 0, Purse(10**9, 10**9, 100))
    assert done.why == Revert.TOO_LITTLE_MONEY
    assert (done.gas, done.burnt_units, done.builder_units) == (0, 0, 0)
    assert chain_row(stage.w, stage.chain).pending == 0


def test_gas_is_paid_before_the_same_asset_is_swapped(stage: Stage) -> None:
    at = stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=10**9, zero_for_one=True)
    done = execute(stage.w, stage.chain, at, 0, Purse(10**9, 0, 10**9))
    assert done.why == Revert.TOO_LITTLE_MONEY
    assert done.burnt_units > 0


# --- reverts ------------------------------------------------------------------------------------------------

ONE_ETH, BILLION = 10**9, 10**9 * 10**6
REVERTS = [
    # act, pool, what is asked, why not
    (Act.SWAP_EXACT_IN, 3, {"amount": ONE_ETH}, Revert.UNKNOWN_POOL),
    (Act.SWAP_EXACT_IN, -1, {"amount": ONE_ETH}, Revert.UNKNOWN_POOL),
    (Act.SWAP_EXACT_IN, 1, {"amount": ONE_ETH, "deadline_ns": 5}, Revert.EXPIRED),
    (Act.SWAP_EXACT_IN, 1, {"amount": 0}, Revert.ZERO_AMOUNT),
    (Act.SWAP_EXACT_IN, 2, {"amount": 0}, Revert.ZERO_AMOUNT),
    (Act.SWAP_EXACT_IN, 1, {"amount": ONE_ETH, "bound": 1995 * 10**6}, Revert.TOO_LITTLE_OUT),
    (Act.SWAP_EXACT_IN, 2, {"amount": ONE_ETH, "bound": 1995 * 10**6}, Revert.TOO_LITTLE_OUT),
    (Act.SWAP_EXACT_OUT, 1, {"amount": 1995 * 10**6, "bound": ONE_ETH}, Revert.TOO_MUCH_IN),
    (Act.SWAP_EXACT_OUT, 2, {"amount": 1995 * 10**6, "bound": ONE_ETH}, Revert.TOO_MUCH_IN),
    (Act.SWAP_EXACT_OUT, 1, {"amount": BILLION}, Revert.TOO_LITTLE_LIQUIDITY),
    (Act.SWAP_EXACT_OUT, 2, {"amount": BILLION}, Revert.TOO_LITTLE_LIQUIDITY),
    (Act.SWAP_EXACT_IN, 1, {"amount": ONE_ETH, "limit": 1 << 96}, Revert.BAD_PRICE_LIMIT),
    (Act.SWAP_EXACT_IN, 2, {"amount": ONE_ETH, "limit": 1 << 98}, Revert.BAD_PRICE_LIMIT),
    (Act.SWAP_EXACT_IN, 2, {"amount": 1 << 63}, Revert.TOO_LARGE_FOR_LEDGER),
    (Act.SWAP_EXACT_IN, 2, {"amount": 10**16}, Revert.TOO_LITTLE_MONEY),
    (Act.SWAP_EXACT_OUT, 1, {"amount": 1_999_999_999_000}, Revert.TOO_LITTLE_MONEY),
    (Act.ADD_LIQUIDITY, 2, {"amount": 9, "amount1": 9, "low_tick": 60, "high_tick": 60}, Revert.BAD_RANGE),
    (Act.ADD_LIQUIDITY, 2, {"amount": 9, "amount1": 9, "low_tick": -61, "high_tick": 60}, Revert.BAD_RANGE),
    (Act.ADD_LIQUIDITY, 2, {"amount": 9, "amount1": 9, "low_tick": 0, "high_tick": 900_000}, Revert.BAD_RANGE),
    (Act.ADD_LIQUIDITY, 1, {"amount": 10**9, "amount1": 10**9, "bound": 10**9}, Revert.TOO_LITTLE_OUT),
    (Act.ADD_LIQUIDITY, 1, {"amount": 10**16, "amount1": 1}, Revert.TOO_LITTLE_MONEY),
    (Act.REMOVE_LIQUIDITY, 1, {"position": 9, "amount": 1}, Revert.UNKNOWN_POSITION),
    (Act.REMOVE_LIQUIDITY, 2, {"position": 1, "amount": 1}, Revert.UNKNOWN_POSITION),
    (Act.REMOVE_LIQUIDITY, 1, {"position": 1, "amount": 1}, Revert.NOT_THE_OWNER),
    (Act.REMOVE_LIQUIDITY, 2, {"position": 2, "amount": 1}, Revert.NOT_THE_OWNER),
    (Act.COLLECT, 2, {"position": 2}, Revert.NOT_THE_OWNER),
    (Act.COLLECT, 1, {"position": 1}, Revert.ZERO_AMOUNT),
]


@pytest.mark.parametrize(("act", "pool", "asked", "why"), REVERTS)
def test_a_reverted_transaction_pays_its_gas_and_changes_nothing(
    stage: Stage, act: int, pool: int, asked: dict[str, int], why: Revert
) -> None:
    pools, end = shelf_at(stage.w, Shelf.POOLS), shelf_at(stage.w, Shelf.WORDS).end
    before = stage.w[pools.start : end].copy()
    at = stage.send(act, pool, TRADER, zero_for_one=True, **asked)
    done = execute(stage.w, stage.chain, at, 6, RICH)
    assert Revert(done.why) == why
    assert (done.paid0_units, done.paid1_units, done.received0_units, done.received1_units) == (0, 0, 0, 0)
    assert done.burnt_units > 0
    assert (stage.w[pools.start : end] == before).all()


def test_a_full_table_is_a_reason_and_growing_it_changes_nothing_else() -> None:
    small, large = Stage(ticks=2), Stage()
    span = {"low_tick": -61_080, "high_tick": -60_000}
    for stage in (small, large):
        stage.fund()
        stage.send(Act.ADD_LIQUIDITY, stage.ranged, MAKER, amount=10**9, amount1=10**9, **span)
    (full,) = small.run()
    assert full.why == Revert.TABLE_FULL
    small.world.grow(Shelf.TICKS)
    small.send(Act.ADD_LIQUIDITY, small.ranged, MAKER, amount=10**9, amount1=10**9, **span)
    (added,), (expected,) = small.run(), large.run()
    assert added[:9] == expected[:9]
    for amount in (10**8, 3 * 10**10):
        for stage in (small, large):
            stage.send(Act.SWAP_EXACT_IN, stage.ranged, amount=amount, zero_for_one=True)
        assert small.run()[0][:9] == large.run()[0][:9]
    with pytest.raises(UsageError, match="ticks hold 4 rows; 3 are too few"):
        small.world.grown(dataclasses.replace(small.world.capacity, ticks=3))


def test_an_expensive_list_is_refused_not_lost() -> None:
    stage = Stage(transactions=2)
    sent = [stage.send(Act.SWAP_EXACT_IN, stage.flat, amount=1) for _ in range(3)]
    assert sent == [1, 2, 0]


# --- doing --------------------------------------------------------------------------------------------------


def test_a_sandwich(stage: Stage) -> None:
    """The attacker sees the victim's swap, goes before it with a higher fee and sells right behind it."""
    quoted = constant_product_quote(stage, 20 * 10**9)
    victim = stage.send(
        Act.SWAP_EXACT_IN, stage.flat, TRADER, amount=20 * 10**9, zero_for_one=True, bound=quoted * 98 // 100
    )
    assert blocks.is_visible(stage.w, victim, ATTACKER)
    front = stage.send(
        Act.SWAP_EXACT_IN, stage.flat, ATTACKER, amount=5 * 10**9, zero_for_one=True, priority_fee=2 * 10**9
    )
    bought = constant_product_quote(stage, 5 * 10**9)
    back = stage.send(Act.SWAP_EXACT_IN, stage.flat, ATTACKER, amount=bought, zero_for_one=False)
    assert stage.next_order() == [front, victim, back]
    done = stage.run()
    assert [one.why for one in done] == [Revert.NONE] * 3
    assert done[0].received1_units == done[2].paid1_units == bought
    assert done[2].received0_units > done[0].paid0_units, "it pays before gas"
    assert done[1].received1_units < quoted


def constant_product_quote(stage: Stage, amount: int) -> int:
    pool = pool_row(stage.w, stage.flat)
    reserve0, reserve1 = wide.load(pool.reserve0), wide.load(pool.reserve1)
    return amount * 997 * reserve1 // (reserve0 * 1000 + amount * 997)


def test_a_price_limit_fills_in_part(stage: Stage) -> None:
    limit = sqrt_price_x96_of(1_990 * 10**6, GWEI_PER_ETH)
    stage.send(Act.SWAP_EXACT_IN, stage.ranged, amount=10**14, zero_for_one=True, limit=limit)
    (done,) = stage.run()
    assert done.why == Revert.NONE
    assert 0 < done.paid0_units < 10**14
    assert wide.load(pool_row(stage.w, stage.ranged).sqrt_price_x96) == limit


def test_providers_earn_the_fees(stage: Stage) -> None:
    """A round trip of 100 ETH pays 30 bp twice; both pools' provider takes out more than was put in."""
    for pool in (stage.flat, stage.ranged):
        stage.send(Act.SWAP_EXACT_IN, pool, amount=100 * 10**9, zero_for_one=True)
    received = [one.received1_units for one in stage.run()]
    for pool, units in zip((stage.flat, stage.ranged), received, strict=True):
        stage.send(Act.SWAP_EXACT_IN, pool, amount=units, zero_for_one=False)
    stage.run()
    stage.send(Act.COLLECT, stage.ranged, MAKER, position=2)
    (collected,) = stage.run()
    assert abs(collected.received0_units - 300_000_000) <= 1, "0.3% of 100 ETH, in gwei"
    assert abs(collected.received1_units - received[1] * 3 // 1000) <= 1
    for pool, position in ((stage.flat, 1), (stage.ranged, 2)):
        held = wide.load(position_row(stage.w, position).liquidity)
        stage.send(Act.REMOVE_LIQUIDITY, pool, MAKER, position=position, amount=held)
        (removed,) = stage.run()
        assert removed.why == Revert.NONE
    assert stage.ledger.of(DEEP, ETH) <= 2, "only what was rounded in the pool's favour stays"
    assert stage.ledger.of(DEEP, USDC) <= 2
    assert stage.ledger.of(MAKER, ETH) > 10**15 + 5 * 10**8, "two pools, 0.3 ETH each, less gas"
    assert 0 <= 10**15 - stage.ledger.of(MAKER, USDC) < 2_000, "the locked shares of the constant product"
    assert shelf_at(stage.w, Shelf.POSITIONS).live == 0


def test_blocks_follow_each_other_at_their_interval(stage: Stage) -> None:
    chain = chain_row(stage.w, stage.chain)
    assert (chain.number, chain.due_ns) == (2, 24 * SECOND)
    stage.run()
    assert (chain.number, chain.due_ns) == (3, 36 * SECOND)


# --- laws ---------------------------------------------------------------------------------------------------


@kernel
def execute_kernel(w: Any, chain: int, at: int, now_ns: int, eth: int, usdc: int) -> Any:
    return execute(w, chain, at, now_ns, Purse(eth, usdc, eth))


@pytest.mark.compiled
def test_random_blocks_conserve_money_and_compile_to_the_same_bytes() -> None:
    """2,000 random transactions of every kind: units sum to zero, pools own what the ledger says, and the compiled
    text leaves the same block of bytes as the interpreted one."""
    dice = random.Random(5)
    stage = Stage(64)
    stage.fund()
    totals = [stage.ledger.total(asset) for asset in (ETH, USDC)]
    seen = set()
    for _ in range(250):
        for _ in range(8):
            send_anything(stage, dice)
        order = stage.next_order()
        twin = stage.w.copy()
        purses = {
            account: (stage.ledger.of(account, ETH), stage.ledger.of(account, USDC)) for account in (MAKER, TRADER)
        }
        first = order[0]
        sender = int(blocks.transaction_row(twin, first).account)
        compiled = execute_kernel(twin, stage.chain, first, 12 * SECOND, *purses[sender])
        single = stage.w.copy()
        expected = execute(single, stage.chain, first, 12 * SECOND, Purse(*purses[sender], purses[sender][0]))
        assert tuple(compiled) == tuple(expected)
        assert (twin == single).all()
        for one in stage.run(order):
            seen.add((one.act, one.why))
        assert [stage.ledger.total(asset) for asset in (ETH, USDC)] == totals
        flat = pool_row(stage.w, stage.flat)
        assert stage.ledger.of(POOL, ETH) == wide.load(flat.reserve0)
        assert stage.ledger.of(POOL, USDC) == wide.load(flat.reserve1)
    assert {why for _, why in seen} >= {Revert.NONE, Revert.TOO_LITTLE_OUT, Revert.NOT_THE_OWNER}
    assert {act for act, why in seen if why == Revert.NONE} == set(Act)


def send_anything(stage: Stage, dice: random.Random) -> None:
    account, pool = dice.choice((MAKER, TRADER)), dice.choice((stage.flat, stage.ranged))
    act = dice.choice(list(Act))
    more: dict[str, Any] = {"zero_for_one": dice.random() < 0.5, "priority_fee": dice.randrange(5)}
    if act in (Act.SWAP_EXACT_IN, Act.SWAP_EXACT_OUT):
        more["amount"] = int(10 ** dice.uniform(3, 12))
        if dice.random() < 0.2:
            more["bound"] = 10**12
    elif act == Act.ADD_LIQUIDITY:
        more["amount"], more["amount1"] = int(10 ** dice.uniform(6, 11)), int(10 ** dice.uniform(6, 12))
        if pool == stage.ranged:
            low = dice.randrange(-20, 200) * 60
            more["low_tick"], more["high_tick"] = low, low + 60 * dice.randrange(1, 300)
    else:
        more["position"] = dice.randrange(1, 12)
        if act == Act.REMOVE_LIQUIDITY:
            held = wide.load(position_row(stage.w, more["position"]).liquidity)
            more["amount"] = held // dice.choice((1, 2, 3)) or 1
    stage.send(act, pool, account, **more)
