"""Positions in concentrated pools: the contract's own figures, and what must hold whatever happens."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Depth
from tests.market.pool_kernels import add_kernel, collect_kernel, pool_world, remove_kernel, swap_kernel

from shortdesk.ground import wide
from shortdesk.ground.order import Revert
from shortdesk.market import concentrated, liquidity
from shortdesk.market.open_pool import open_concentrated, sqrt_price_x96_of, words_needed
from shortdesk.market.pool_rows import pool_row, position_row, tick_row
from shortdesk.market.tables import Shelf, shelf_at
from shortdesk.market.tick_math import sqrt_price_x96_at_tick, tick_at_sqrt_price_x96, usable_tick_max
from shortdesk.market.ticks import find_tick

ONE = 10**18
ENDLESS = (1 << 254) - 1
OWNER, OTHER = 5, 6
SPACING = 60
MOST = usable_tick_max(SPACING)


class Pool:
    """A concentrated pool that keeps count of what it was paid and what it paid out."""

    def __init__(self, amount1: int = 1, amount0: int = 1, fee_ppm: int = 3000, ticks: int = 64) -> None:
        self.w = pool_world(1, 64, ticks, words_needed(SPACING)).block
        self.at = open_concentrated(
            self.w,
            venue=1,
            account=9,
            asset0=1,
            asset1=2,
            fee_ppm=fee_ppm,
            sqrt_price_x96=sqrt_price_x96_of(amount1, amount0),
            tick_spacing=SPACING,
        )
        self.held = [0, 0]

    @property
    def row(self) -> Any:
        return pool_row(self.w, self.at)

    def add(self, low: int, high: int, units: int, owner: int = OWNER, position: int = 0) -> Any:
        added = liquidity.add_liquidity(self.w, self.at, owner, position, low, high, units, ENDLESS, ENDLESS)
        self.held = [self.held[0] + added.amount0, self.held[1] + added.amount1]
        return added

    def remove(self, position: int, units: int, owner: int = OWNER) -> Any:
        return liquidity.remove_liquidity(self.w, self.at, owner, position, units, 0, 0)

    def collect(self, position: int, owner: int = OWNER) -> Any:
        paid = liquidity.collect(self.w, self.at, owner, position, ENDLESS, ENDLESS)
        self.held = [self.held[0] - paid.amount0, self.held[1] - paid.amount1]
        return paid

    def swap(self, zero_for_one: bool, amount: int, exact_in: bool = True) -> Any:
        swapped = concentrated.swap(self.w, self.at, zero_for_one, exact_in, amount, 0, 0)
        paid, received = (0, 1) if zero_for_one else (1, 0)
        self.held[paid] += swapped.amount_in
        self.held[received] -= swapped.amount_out
        return swapped

    def gross(self, tick: int) -> int:
        return wide.load(tick_row(self.w, find_tick(self.w, self.at, tick)).gross)


def ten_to_one() -> Pool:
    """The pool of v3-core's mint tests: 1 of asset 1 for 10 of asset 0, liquidity 3,161 everywhere."""
    pool = Pool(1, 10)
    pool.add(-MOST, MOST, 3161)
    return pool


def at_zero() -> Pool:
    """The pool of v3-core's other tests: price 1, liquidity 2e18 everywhere."""
    pool = Pool()
    pool.add(-MOST, MOST, 2 * ONE)
    return pool


# --- figures of v3-core, test/UniswapV3Pool.spec.ts ---------------------------------------------------------


def test_initial_balances_and_tick() -> None:
    pool = ten_to_one()
    assert pool.held == [9996, 1000]
    assert pool.row.tick == -23_028


@pytest.mark.parametrize(
    ("low", "high", "units", "amount0", "amount1"),
    [
        # above the price: asset 0 only
        (-22_980, 0, 10_000, 21_549, 0),
        (-22_980, MOST, 10_000, 31_549, 0),
        (MOST - 60, MOST, 2**102, 828_011_525, 0),
        # around it: both
        (-MOST + 60, MOST - 60, 100, 317, 32),
        (-MOST, MOST, 10_000, 31_623, 3_163),
        # below it: asset 1 only
        (-46_080, -23_040, 10_000, 0, 2_162),
        (-MOST, -23_040, 10_000, 0, 3_161),
        (-MOST, -MOST + 60, 2**102, 0, 828_011_520),
    ],
)
def test_what_a_position_costs(low: int, high: int, units: int, amount0: int, amount1: int) -> None:
    added = ten_to_one().add(low, high, units)
    assert (added.why, added.amount0, added.amount1) == (Revert.NONE, amount0, amount1)


@pytest.mark.parametrize(
    ("low", "high", "units", "amount0", "amount1"),
    [(-240, 0, 10_000, 120, 0), (-MOST + 60, MOST - 60, 100, 316, 31), (-46_080, -46_020, 10_000, 0, 3)],
)
def test_what_comes_back(low: int, high: int, units: int, amount0: int, amount1: int) -> None:
    pool = ten_to_one()
    position = pool.add(low, high, units).position
    assert pool.remove(position, units).why == Revert.NONE
    paid = pool.collect(position)
    assert (paid.amount0, paid.amount1) == (amount0, amount1)


def test_liquidity_at_a_tick_is_the_sum_of_its_positions() -> None:
    pool = ten_to_one()
    first = pool.add(-240, 0, 100).position
    pool.add(-240, 60, 150)
    pool.add(0, 120, 60)
    assert [pool.gross(tick) for tick in (-240, 0, 60, 120)] == [250, 160, 150, 60]
    pool.remove(first, 90)
    assert [pool.gross(tick) for tick in (-240, 0)] == [160, 70]
    pool.remove(first, 10)
    assert [pool.gross(tick) for tick in (-240, 0, 60, 120)] == [150, 60, 150, 60]


def test_a_tick_is_cleared_with_its_last_position() -> None:
    pool = ten_to_one()
    first = pool.add(-240, 0, 100).position
    pool.add(-60, 0, 250)
    pool.remove(first, 100)
    assert find_tick(pool.w, pool.at, -240) == 0
    assert pool.gross(-60) == 250


def test_a_tick_holds_its_share_of_2_to_the_128_and_no_more() -> None:
    pool = ten_to_one()
    most = wide.load(pool.row.tick_liquidity_max)
    assert most == 11_505_743_598_341_114_571_880_798_222_544_994, "the figure of the contract for a spacing of 60"
    pool.add(-MOST + 60, MOST - 60, 1_000)
    for low, high in ((-MOST + 60, MOST - 60), (-MOST + 120, MOST - 60), (-MOST + 60, MOST - 120)):
        assert pool.add(low, high, most - 1_000 + 1).why == Revert.TOO_MUCH_LIQUIDITY
    assert pool.add(-MOST + 60, MOST - 60, most - 1_000).why == Revert.NONE


def test_a_new_position_earns_nothing_of_the_past() -> None:
    """v3-core's poke test: fee growth inside the range when it opens, and three units back for four paid."""
    pool = ten_to_one()
    pool.add(-MOST + 60, MOST - 60, ONE, OTHER)
    pool.swap(True, ONE // 10)
    pool.swap(False, ONE // 100)
    position = pool.add(-MOST + 60, MOST - 60, 1).position
    row = position_row(pool.w, position)
    inside = 102_084_710_076_281_216_349_243_831_104_605_583, 10_208_471_007_628_121_634_924_383_110_460_558
    assert (wide.load(row.fee_inside0_x128), wide.load(row.fee_inside1_x128)) == inside
    assert (wide.load(row.owed0), wide.load(row.owed1)) == (0, 0)
    pool.remove(position, 1)
    assert (wide.load(row.fee_inside0_x128), wide.load(row.fee_inside1_x128)) == inside
    assert (wide.load(row.owed0), wide.load(row.owed1)) == (3, 0)
    assert pool.remove(position, 0).why == Revert.TOO_LITTLE_LIQUIDITY, "an empty position cannot be poked"


def test_fee_growth_stays_with_an_emptied_position() -> None:
    """At zero tick with 2e18 of the pool's own and 1e18 of another: one whole unit each way."""
    pool = at_zero()
    position = pool.add(-MOST, MOST, ONE, OTHER).position
    pool.swap(True, ONE)
    pool.swap(False, ONE)
    pool.remove(position, ONE, OTHER)
    row = position_row(pool.w, position)
    assert wide.load(row.fee_inside0_x128) == 340_282_366_920_938_463_463_374_607_431_768_211
    assert wide.load(row.fee_inside1_x128) == 340_282_366_920_938_576_890_830_247_744_589_365
    assert wide.load(row.owed0) > 0 < wide.load(row.owed1)


def test_ticks_after_two_swaps() -> None:
    pool = at_zero()
    pool.swap(True, ONE // 2)
    assert pool.row.tick == -4_452
    pool.swap(False, ONE // 4)
    assert pool.row.tick == -1_558


def test_a_position_serves_as_a_limit_order() -> None:
    """Sell asset 0 from tick 0 to 120: 5,981,737,760,509,663 in, 6,017,734,268,818,165 of asset 1 back, and fees."""
    pool = at_zero()
    added = pool.add(0, 120, ONE)
    assert (added.amount0, added.amount1) == (5_981_737_760_509_663, 0)
    pool.swap(False, 2 * ONE)
    removed = pool.remove(added.position, ONE)
    assert (removed.amount0, removed.amount1) == (0, 6_017_734_268_818_165)
    assert pool.collect(added.position).amount1 > 6_017_734_268_818_165


@pytest.mark.parametrize(("low", "high", "inside_after"), [(0, 60, 2 * ONE), (-60, 0, 3 * ONE)])
def test_liquidity_follows_the_price_across_a_tick(low: int, high: int, inside_after: int) -> None:
    """One unit of asset 0 is enough to push the price from tick 0 to -1."""
    pool = at_zero()
    pool.add(low, high, ONE)
    pool.swap(True, 1)
    assert pool.row.tick == -1
    assert wide.load(pool.row.liquidity) == inside_after


# --- refusals -----------------------------------------------------------------------------------------------


def test_refusals_name_their_reason_and_change_nothing() -> None:
    pool = at_zero()
    mine, theirs = pool.add(-60, 60, ONE).position, pool.add(-60, 60, ONE, OTHER).position
    before = pool.w.copy()
    assert pool.add(60, 60, 1).why == Revert.BAD_RANGE
    assert pool.add(120, 60, 1).why == Revert.BAD_RANGE
    assert pool.add(-61, 60, 1).why == Revert.BAD_RANGE
    assert pool.add(-MOST - 60, 60, 1).why == Revert.BAD_RANGE
    assert pool.add(0, MOST + 60, 1).why == Revert.BAD_RANGE
    assert pool.add(-120, 60, 1, position=mine).why == Revert.BAD_RANGE
    assert pool.add(-60, 60, 0).why == Revert.ZERO_AMOUNT
    assert pool.add(-60, 60, 1, position=theirs).why == Revert.NOT_THE_OWNER
    assert pool.add(-60, 60, 1, position=999).why == Revert.UNKNOWN_POSITION
    assert pool.remove(theirs, 1).why == Revert.NOT_THE_OWNER
    assert pool.remove(mine, ONE + 1).why == Revert.TOO_LITTLE_LIQUIDITY
    assert pool.remove(44, 1).why == Revert.UNKNOWN_POSITION
    assert pool.collect(theirs).why == Revert.NOT_THE_OWNER
    limited = liquidity.add_liquidity(pool.w, pool.at, OWNER, 0, -60, 60, ONE, 1, 1)
    assert limited.why == Revert.TOO_MUCH_IN
    least = liquidity.remove_liquidity(pool.w, pool.at, OWNER, mine, ONE, ONE, 0)
    assert least.why == Revert.TOO_LITTLE_OUT
    assert (pool.w == before).all()


def test_a_closed_position_is_unknown() -> None:
    pool = at_zero()
    position = pool.add(-60, 60, ONE).position
    pool.remove(position, ONE)
    pool.collect(position)
    assert pool.collect(position).why == Revert.UNKNOWN_POSITION


def test_full_tables_refuse_before_anything_is_written() -> None:
    pool = Pool(ticks=3)
    pool.add(-60, 60, ONE)
    before = pool.w.copy()
    assert pool.add(-120, 120, ONE).why == Revert.TABLE_FULL
    assert (pool.w == before).all()
    assert pool.add(-60, 120, ONE).why == Revert.NONE


# --- laws ---------------------------------------------------------------------------------------------------

places = st.integers(-500, 500).map(lambda place: place * SPACING)
amounts = st.integers(1, 10**24)


@given(st.integers(-30_000, 30_000), places, places, amounts)
def test_mint_then_burn_returns_the_deposit_but_for_one_unit(tick: int, a: int, b: int, units: int) -> None:
    low, high = min(a, b), max(a, b) + SPACING
    price = sqrt_price_x96_at_tick(tick)
    edges = sqrt_price_x96_at_tick(low), sqrt_price_x96_at_tick(high)
    paid = liquidity.amounts_of_liquidity(price, *edges, units, True)
    back = liquidity.amounts_of_liquidity(price, *edges, units, False)
    # Asset 0 is divided twice, and each division may round.
    assert 0 <= paid[0] - back[0] <= 2
    assert 0 <= paid[1] - back[1] <= 1


@given(st.integers(-30_000, 30_000), places, places, amounts, amounts)
def test_liquidity_for_amounts_never_asks_for_more(tick: int, a: int, b: int, most0: int, most1: int) -> None:
    low, high = min(a, b), max(a, b) + SPACING
    price = sqrt_price_x96_at_tick(tick)
    edges = sqrt_price_x96_at_tick(low), sqrt_price_x96_at_tick(high)
    units = liquidity.liquidity_for_amounts(price, *edges, most0, most1)
    need0, need1 = liquidity.amounts_of_liquidity(price, *edges, units, True)
    assert need0 <= most0
    assert need1 <= most1


def crowded(dice: random.Random) -> tuple[Pool, list[tuple[int, int]]]:
    """A pool with liquidity everywhere and a dozen random ranges."""
    pool, positions = at_zero(), []
    for _ in range(12):
        low = dice.randrange(-40, 40) * SPACING
        added = pool.add(low, low + SPACING * dice.randrange(1, 30), int(10 ** dice.uniform(12, 19)))
        positions.append((added.position, added.liquidity))
    return pool, positions


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.booleans(), st.integers(10**6, 10**18))
def test_splitting_a_swap_never_gains(seed: int, zero_for_one: bool, amount: int) -> None:
    whole, _ = crowded(random.Random(seed))
    parts, _ = crowded(random.Random(seed))
    received = whole.swap(zero_for_one, amount).amount_out
    share = amount // 3
    split = sum(parts.swap(zero_for_one, part).amount_out for part in (share, share, amount - 2 * share))
    assert split <= received


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.booleans(), st.integers(10**6, 10**18))
def test_a_round_trip_never_gains(seed: int, zero_for_one: bool, amount: int) -> None:
    pool, _ = crowded(random.Random(seed))
    there = pool.swap(zero_for_one, amount).amount_out
    if there:
        assert pool.swap(not zero_for_one, there).amount_out < amount


@settings(max_examples=15)
@given(st.integers(0, 2**32), st.booleans(), st.integers(10**6, 10**18))
def test_an_exact_output_costs_what_an_exact_input_would_bring(seed: int, zero_for_one: bool, amount: int) -> None:
    dice = random.Random(seed)
    bought, _ = crowded(dice)
    paid = bought.swap(zero_for_one, amount, exact_in=False)
    assert paid.amount_out == amount
    sold, _ = crowded(random.Random(seed))
    assert sold.swap(zero_for_one, paid.amount_in).amount_out >= amount


@settings(max_examples=10)
@given(st.integers(0, 2**32))
def test_across_the_ticks_and_back(seed: int) -> None:
    """To a price far away and back to the old one: liquidity, tick and price are the same, fees were only earned."""
    pool, _ = crowded(random.Random(seed))
    row = pool.row
    before = wide.load(row.liquidity), wide.load(row.sqrt_price_x96)
    far = sqrt_price_x96_at_tick(-5_000)
    concentrated.swap(pool.w, pool.at, True, True, ENDLESS, 0, far)
    assert wide.load(row.sqrt_price_x96) == far
    concentrated.swap(pool.w, pool.at, False, True, ENDLESS, 0, before[1])
    assert (wide.load(row.liquidity), wide.load(row.sqrt_price_x96)) == before
    assert row.tick == tick_at_sqrt_price_x96(before[1])


@pytest.mark.compiled
def test_random_lives_of_a_pool(depth: Depth) -> None:
    """Positions come, go and collect while swaps pass: the pool can always pay, owes no fee that was not paid, its
    liquidity is the sum of the positions around the price, and the compiled text leaves the same bytes."""
    for seed in range(depth.pick(quick=2, check=5, deep=200)):
        one_life(random.Random(seed), 150)


def one_life(dice: random.Random, acts: int) -> None:
    pool, positions = crowded(dice)
    twin = pool.w.copy()
    for _ in range(acts):
        act = dice.random()
        if act < 0.6:
            zero_for_one, exact_in = dice.random() < 0.5, dice.random() < 0.7
            amount = int(10 ** dice.uniform(2, 18))
            swapped = pool.swap(zero_for_one, amount, exact_in)
            assert swap_kernel(twin, pool.at, zero_for_one, exact_in, amount, 0, 0) == swapped
        elif act < 0.8 or not positions:
            low = dice.randrange(-40, 40) * SPACING
            high, units = low + SPACING * dice.randrange(1, 30), int(10 ** dice.uniform(6, 19))
            added = pool.add(low, high, units)
            assert add_kernel(twin, pool.at, OWNER, 0, low, high, units) == added
            if added.why == Revert.NONE:
                positions.append((added.position, units))
        else:
            position, units = positions.pop(dice.randrange(len(positions)))
            assert pool.remove(position, units)[:3] == remove_kernel(twin, pool.at, OWNER, position, units)[:3]
            assert pool.collect(position)[:3] == collect_kernel(twin, pool.at, OWNER, position)[:3]
        assert (pool.w == twin).all()
        assert wide.load(pool.row.liquidity) == liquidity_around(pool)
    for position in range(1, int(shelf_at(pool.w, Shelf.POSITIONS).used) + 1):
        if position_row(pool.w, position).pool:
            pool.remove(position, wide.load(position_row(pool.w, position).liquidity))
            pool.collect(position)
    assert min(pool.held) >= 0, "the pool could pay everybody"
    assert shelf_at(pool.w, Shelf.TICKS).live == 0


def liquidity_around(pool: Pool) -> int:
    used = int(shelf_at(pool.w, Shelf.POSITIONS).used)
    rows = [position_row(pool.w, at) for at in range(1, used + 1)]
    tick = int(pool.row.tick)
    return sum(wide.load(row.liquidity) for row in rows if row.pool and row.low_tick <= tick < row.high_tick)


def test_fees_are_shared_by_liquidity_and_never_made() -> None:
    """Two providers, 3 : 1, a thousand small swaps: what both collect is all but the rounding of what was charged."""
    pool = Pool()
    big, small = pool.add(-600, 600, 3 * ONE).position, pool.add(-600, 600, ONE, OTHER).position
    charged = [0, 0]
    for i in range(1_000):
        swapped = pool.swap(i % 2 == 0, 10**14 + i)
        charged[i % 2] += swapped.fee
    pool.remove(big, 0)
    pool.remove(small, 0, OTHER)
    got_big, got_small = pool.collect(big), pool.collect(small, OTHER)
    for asset, (of_big, of_small) in enumerate(
        ((got_big.amount0, got_small.amount0), (got_big.amount1, got_small.amount1))
    ):
        assert 0 <= charged[asset] - of_big - of_small <= 2
        assert abs(of_big - 3 * of_small) <= 4
