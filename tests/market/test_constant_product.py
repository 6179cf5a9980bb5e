"""Constant product: the contract's own figures, real swaps of Ethereum, and what must hold whatever happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.pool_kernels import pool_world, wide_rows

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel
from shortdesk.ground.order import Revert
from shortdesk.market import constant_product
from shortdesk.market.constant_product import LOCKED_SHARES, amount_in, amount_out
from shortdesk.market.open_pool import open_constant_product
from shortdesk.market.pool_rows import pool_row, position_row

ONE = 10**18
FEE = 3000
OWNER, OTHER = 5, 6


def opened(amount0: int = 0, amount1: int = 0, fee_ppm: int = FEE) -> tuple[Any, int, Any]:
    """A block with one pool: the block, the pool's number, its row; with a first deposit if amounts are given."""
    w = pool_world().block
    at = open_constant_product(w, venue=1, account=9, asset0=1, asset1=2, fee_ppm=fee_ppm)
    if amount0:
        assert constant_product.deposit(w, at, OWNER, 0, amount0, amount1, 0, 0).why == Revert.NONE
    return w, at, pool_row(w, at)


def reserves(pool: Any) -> tuple[int, int]:
    return wide.load(pool.reserve0), wide.load(pool.reserve1)


# --- figures of the contract --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paid", "reserve_in", "reserve_out", "received"),
    [
        # Uniswap/v2-core, test/UniswapV2Pair.spec.ts, in whole tokens of 10^18 units
        (1, 5, 10, 1_662_497_915_624_478_906),
        (1, 10, 5, 453_305_446_940_074_565),
        (2, 5, 10, 2_851_015_155_847_869_602),
        (2, 10, 5, 831_248_957_812_239_453),
        (1, 10, 10, 906_610_893_880_149_131),
        (1, 100, 100, 987_158_034_397_061_298),
        (1, 1000, 1000, 996_006_981_039_903_216),
    ],
)
def test_output_of_an_input(paid: int, reserve_in: int, reserve_out: int, received: int) -> None:
    assert amount_out(paid * ONE, reserve_in * ONE, reserve_out * ONE, FEE) == received
    w, at, pool = opened(reserve_in * ONE, reserve_out * ONE)
    swapped = constant_product.swap(pool_row(w, at), True, True, paid * ONE, received)
    assert (swapped.why, swapped.amount_in, swapped.amount_out) == (Revert.NONE, paid * ONE, received)
    assert reserves(pool) == ((reserve_in + paid) * ONE, reserve_out * ONE - received)


def test_first_deposit_locks_a_thousand_shares() -> None:
    """v2-core: 1 and 4 tokens give 2 tokens of shares, 1,000 units of them nobody's."""
    w, _, pool = opened(ONE, 4 * ONE)
    assert wide.load(pool.shares) == 2 * ONE
    assert wide.load(position_row(w, 1).liquidity) == 2 * ONE - 1_000


def test_withdrawing_everything_leaves_the_locked_part() -> None:
    """v2-core: 3 and 3 tokens in, all but 1,000 units of each back."""
    w, at, pool = opened(3 * ONE, 3 * ONE)
    done = constant_product.withdraw(w, at, OWNER, 1, 3 * ONE - 1_000, 0, 0)
    assert (done.amount0, done.amount1) == (3 * ONE - 1_000, 3 * ONE - 1_000)
    assert reserves(pool) == (1_000, 1_000)
    assert wide.load(pool.shares) == LOCKED_SHARES
    assert constant_product.withdraw(w, at, OWNER, 1, 1, 0, 0).why == Revert.UNKNOWN_POSITION


# --- real swaps ---------------------------------------------------------------------------------------------

EXACT_INPUT = [
    # block, transaction, in, out, reserve in, reserve out. Source: flashbots/mev-inspect-py, tests/blocks.
    (10921991, 101, 245661335099386718256, 637054644324462161, 1084219447926018004900324, 2820720201472124229758),
    (11930296, 23, 6265922843921386135, 3200000000000, 4346822207514529469579, 2229797178091390),
    (11935012, 55, 3939716661584164802623, 68848100000000000000, 3824303318359199456515000, 67101151390803967329280),
    (12498502, 129, 100000000000000000, 75534835773825756945, 117929257530323021814, 89421242964982992495509),
    (12674514, 6, 140, 27769978446928763, 102191, 20359062910601229130),
    (12775690, 90, 8860357, 3494300361398442, 4471882054, 1772398017527825835),
    (12775690, 99, 744793, 1118857762218815258571, 618758118, 933438951666570150751833),
    (13179291, 4, 486454579533, 138035204650747674654, 216304531572481, 61700787393012058946307),
    (13302365, 64, 136964177485373552, 4146808509679762201941, 80015011969107529898, 2434018287983994287839848),
    (13326607, 40, 131724051623991, 2172722862305581454, 18492706413738314806, 305948025405494850199670),
    (13666312, 130, 1000000000000000000, 1189807882646601, 61866186517909357482, 75020175373412357),
]
EXACT_OUTPUT = [
    (12775690, 3, 652974555369106606, 60000000000000000000, 6112838867550472641025, 563441759503361884819996),
    (12775690, 21, 31164960, 10000000000000000000, 25775887833099, 8295688328196284368614787),
]


@pytest.mark.parametrize("real", EXACT_INPUT)
def test_real_swaps_of_an_exact_input(real: tuple[int, ...]) -> None:
    paid, received, reserve_in, reserve_out = real[2:]
    assert amount_out(paid, reserve_in, reserve_out, FEE) == received


@pytest.mark.parametrize("real", EXACT_OUTPUT)
def test_real_swaps_of_an_exact_output(real: tuple[int, ...]) -> None:
    paid, received, reserve_in, reserve_out = real[2:]
    assert amount_in(received, reserve_in, reserve_out, FEE) == paid


SANDWICH = [
    # Block 12775690, pool 0xefb47fcf…: transaction, asset 0 (WETH) paid, exact input, amount, the other amount
    (2, True, True, 12108789017249529876, 1114969767487478978357),
    (3, True, False, 60000000000000000000, 652974555369106606),
    (4, True, True, 300000000000000000, 27561865602394087181),
    (5, True, True, 125000000000000000, 11483313070817976324),
    (6, True, True, 30000000000000000000, 2742522049933966038599),
    (7, False, True, 1114969767487478978357, 12158780499164852150),
]
BEFORE_IT = (6100730078533223111149, 564556729270849363798353)


def play(skipped: tuple[int, ...] = ()) -> dict[int, tuple[int, int]]:
    """Paid and received of each swap of the block's pool, without those that are skipped."""
    w, at, pool = opened()
    wide.store(pool.reserve0, BEFORE_IT[0])
    wide.store(pool.reserve1, BEFORE_IT[1])
    found = {}
    for number, zero_for_one, exact_in, amount, _ in SANDWICH:
        if number not in skipped:
            swapped = constant_product.swap(pool_row(w, at), zero_for_one, exact_in, amount, 0)
            found[number] = swapped.amount_in, swapped.amount_out
    return found


def test_a_real_sandwich_to_the_last_unit() -> None:
    """The published label of block 12775690: gross profit 0.049991481915322274 WETH."""
    found = play()
    for number, _, exact_in, amount, other in SANDWICH:
        assert found[number] == ((amount, other) if exact_in else (other, amount))
    assert found[2][1] == found[7][0], "what was bought is sold"
    assert found[7][1] - found[2][0] == 49_991_481_915_322_274


def test_what_the_victims_would_have_got_without_it() -> None:
    """Transaction 3 would have paid 0.650394 WETH; 4, 5 and 6 received 0.3952 %, 0.3952 % and 0.3942 % less."""
    with_it, without = play(), play(skipped=(2, 7))
    assert round(without[3][0] / ONE, 6) == 0.650394
    losses = [1 - with_it[number][1] / without[number][1] for number in (4, 5, 6)]
    assert [round(100 * loss, 4) for loss in losses] == [0.3952, 0.3952, 0.3942]
    in_weth = (with_it[3][0] - without[3][0]) / ONE
    in_weth += sum(loss * with_it[number][0] / ONE for number, loss in zip((4, 5, 6), losses, strict=True))
    assert in_weth == pytest.approx(0.1228, abs=0.0005)


def test_every_swap_of_the_blocks(shared: Path) -> None:
    """365 swaps with known reserves in the 21 blocks: 324 exact inputs and 18 exact outputs to the last unit, two more
    in pools of 0.25 and 0.4 %, and 21 that no fee explains: tokens that tax a transfer."""
    table = shared / "data" / "mev_ethereum_blocks" / "swaps.parquet"
    rows = duckdb.sql(
        "select amount_in_raw, amount_out_raw, reserve_in_raw, reserve_out_raw from read_parquet(?) "
        "where kind = 'uniswap_v2_like' and reserve_in_raw is not null",
        params=[str(table)],
    ).fetchall()
    counts = {"input": 0, "output": 0, "other fee": 0, "differs": 0}
    for row in rows:
        paid, received, reserve_in, reserve_out = map(int, row)
        if amount_out(paid, reserve_in, reserve_out, FEE) == received:
            counts["input"] += 1
        elif received < reserve_out and amount_in(received, reserve_in, reserve_out, FEE) == paid:
            counts["output"] += 1
        elif any(amount_out(paid, reserve_in, reserve_out, fee) == received for fee in (2_500, 4_000)):
            counts["other fee"] += 1
        else:
            counts["differs"] += 1
    assert counts == {"input": 324, "output": 18, "other fee": 2, "differs": 21}


# --- compiled -----------------------------------------------------------------------------------------------


@kernel
def both_ways(given: Any, fees: Any, out: Any) -> int:
    for i in range(len(fees)):
        amount, reserve_in, reserve_out = wide.load(given[0, i]), wide.load(given[1, i]), wide.load(given[2, i])
        wide.store(out[0, i], amount_out(amount, reserve_in, reserve_out, fees[i]))
        if wide.less(amount, reserve_out):
            wide.store(out[1, i], amount_in(amount, reserve_in, reserve_out, fees[i]))
    return len(fees)


@pytest.mark.compiled
def test_compiled_says_what_python_says() -> None:
    """10^5 random swaps up to the widest reserves, six fees."""
    dice = np.random.Generator(np.random.PCG64(1))
    count = 100_000
    columns = [[int(2.0**bits) for bits in dice.uniform(low, 112, count)] for low in (0, 10, 10)]
    fees = dice.choice([0, 100, 500, 2_500, 3_000, 10_000], count)
    out = np.zeros((2, count, 4), np.uint64)
    both_ways(wide_rows(*columns), fees, out)
    for i, (amount, reserve_in, reserve_out) in enumerate(zip(*columns, strict=True)):
        fee = int(fees[i])
        assert wide.load(out[0, i]) == amount_out(amount, reserve_in, reserve_out, fee)
        if amount < reserve_out:
            assert wide.load(out[1, i]) == amount_in(amount, reserve_in, reserve_out, fee)


# --- laws ---------------------------------------------------------------------------------------------------

held = st.integers(10**4, 10**30)


@given(held, held, st.integers(1, 10**30), st.sampled_from([0, 100, 3_000, 10_000]), st.booleans())
def test_the_product_never_falls(reserve0: int, reserve1: int, amount: int, fee: int, zero_for_one: bool) -> None:
    _, _, pool = opened(reserve0, reserve1, fee)
    constant_product.swap(pool, zero_for_one, True, amount, 0)
    after0, after1 = reserves(pool)
    assert after0 * after1 >= reserve0 * reserve1


@given(held, held, st.integers(1, 10**30))
def test_input_and_output_agree(reserve_in: int, reserve_out: int, received: int) -> None:
    """Paying what an output costs brings at least that output; a unit less than its least price does not."""
    received = received % (reserve_out - 1) + 1
    if received < reserve_out:
        paid = amount_in(received, reserve_in, reserve_out, FEE)
        assert amount_out(paid, reserve_in, reserve_out, FEE) >= received
        assert paid < 2 or amount_out(paid - 2, reserve_in, reserve_out, FEE) < received


@given(held, held, st.integers(3, 10**28))
def test_splitting_never_gains(reserve0: int, reserve1: int, amount: int) -> None:
    _, _, whole = opened(reserve0, reserve1)
    _, _, parts = opened(reserve0, reserve1)
    received = constant_product.swap(whole, True, True, amount, 0).amount_out
    share = amount // 3
    halves = (share, amount - share)
    assert sum(constant_product.swap(parts, True, True, part, 0).amount_out for part in halves) <= received


@given(held, held, st.integers(1, 10**24), st.integers(1, 10**24))
def test_deposit_then_withdraw_never_gains(reserve0: int, reserve1: int, most0: int, most1: int) -> None:
    w, at, pool = opened(reserve0, reserve1)
    before = reserves(pool)
    added = constant_product.deposit(w, at, OTHER, 0, most0, most1, 0, 0)
    if added.why != Revert.NONE:
        assert reserves(pool) == before
        return
    assert added.amount0 <= most0
    assert added.amount1 <= most1
    taken = constant_product.withdraw(w, at, OTHER, added.position, added.liquidity, 0, 0)
    if taken.why == Revert.NONE:
        assert taken.amount0 <= added.amount0
        assert taken.amount1 <= added.amount1


@given(held, held, st.integers(1, 10**24))
def test_997_of_1000_is_3000_parts_per_million(reserve_in: int, reserve_out: int, paid: int) -> None:
    """The contract's own arithmetic, written with its own constants."""
    taken = paid * 997
    assert amount_out(paid, reserve_in, reserve_out, FEE) == taken * reserve_out // (reserve_in * 1000 + taken)


# --- refusals -----------------------------------------------------------------------------------------------


def test_refusals_name_their_reason_and_change_nothing() -> None:
    w, at, pool = opened(10**6, 10**6)
    before = w.copy()
    swaps = [
        ((True, True, 0, 0), Revert.ZERO_AMOUNT),
        ((True, True, 1, 0), Revert.ZERO_AMOUNT),
        ((True, False, 10**6, 0), Revert.TOO_LITTLE_LIQUIDITY),
        ((True, True, 1 << 112, 0), Revert.TOO_MUCH_LIQUIDITY),
        ((True, True, (1 << 112) - 1, 0), Revert.TOO_MUCH_LIQUIDITY),
        ((True, True, 1_000, 997), Revert.TOO_LITTLE_OUT),
        ((True, False, 1_000, 1_003), Revert.TOO_MUCH_IN),
    ]
    for asked, why in swaps:
        assert constant_product.swap(pool, *asked).why == why
    assert constant_product.swap(opened()[2], True, True, 1, 0).why == Revert.TOO_LITTLE_LIQUIDITY
    deposits = [
        ((OTHER, 1, 1, 1, 0, 0), Revert.NOT_THE_OWNER),
        ((OTHER, 9, 1, 1, 0, 0), Revert.UNKNOWN_POSITION),
        ((OTHER, 0, 0, 1, 0, 0), Revert.ZERO_AMOUNT),
        ((OTHER, 0, 1 << 112, 1, 0, 0), Revert.TOO_MUCH_LIQUIDITY),
        ((OTHER, 0, (1 << 112) - 1, (1 << 112) - 1, 0, 0), Revert.TOO_MUCH_LIQUIDITY),
        ((OTHER, 0, 1_000, 500, 501, 0), Revert.TOO_LITTLE_OUT),
    ]
    for asked, why in deposits:
        assert constant_product.deposit(w, at, *asked).why == why
    withdrawals = [
        ((OTHER, 1, 1, 0, 0), Revert.NOT_THE_OWNER),
        ((OWNER, 1, 0, 0, 0), Revert.ZERO_AMOUNT),
        ((OWNER, 1, 10**6, 0, 0), Revert.TOO_LITTLE_LIQUIDITY),
        ((OWNER, 1, 1_000, 1_001, 0), Revert.TOO_LITTLE_OUT),
    ]
    for asked, why in withdrawals:
        assert constant_product.withdraw(w, at, *asked).why == why
    assert (w == before).all()
    assert constant_product.deposit(*opened()[:2], OWNER, 0, 1_000, 1_000, 0, 0).why == Revert.ZERO_AMOUNT
