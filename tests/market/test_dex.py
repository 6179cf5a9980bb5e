"""Pools in the World: transactions arrive like orders, blocks are events, and the ledger moves every unit."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.market.dexes import BLOCK_NS, ETH_UNITS, GWEI, ROOM, SECOND, USDC_UNITS, Dex, kinds

from shortdesk.ground import wide
from shortdesk.ground.errors import UsageError
from shortdesk.ground.journal import ROW
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Refusal, Revert
from shortdesk.market.advance import advance
from shortdesk.market.blocks import Act
from shortdesk.market.carry_out import make_block
from shortdesk.market.command import CommandKind
from shortdesk.market.entry import Halt
from shortdesk.market.open_dex import open_blocks, open_pool
from shortdesk.market.open_market import open_account, open_venue
from shortdesk.market.open_wire import open_link, set_link
from shortdesk.market.pool_rows import chain_row, pool_row, position_row
from shortdesk.market.tables import Shelf, clock_of, instrument_at
from shortdesk.market.world import Capacity, World

ONE_ETH = ETH_UNITS


@pytest.fixture
def dex() -> Dex:
    found = Dex()
    found.provide()
    return found


def swap_of(dex: Dex, **fields: Any) -> Any:
    given = {"amount": ONE_ETH, "zero_for_one": True, **fields}
    return dex.written(Act.SWAP_EXACT_IN, given.pop("pool", dex.flat), given.pop("account", dex.trader), **given)


# --- what a block writes ------------------------------------------------------------------------------------


def test_a_swap_by_hand(dex: Dex) -> None:
    """1 ETH at 0.3 % against 1,000 ETH and 2,000,000 USDC: 0.997 × 2,000,000 / 1,000.997 = 1,992.013962 USDC.

    Gas: 120,000 at the base fee of the block's row, rounded down, is burnt; with the tip of 1 gwei it is rounded up.
    """
    base_fee = int(chain_row(dex.w, dex.chain.chain).base_fee)
    before = [dex.units(dex.trader, asset) for asset in (dex.eth, dex.usdc)]
    dex.took(dex.world.obey(swap_of(dex, mechanism=Mechanism.AMM)))
    rows = dex.pass_time()
    assert kinds(rows) == ["BLOCK", "BLOCK_FEE", "BLOCK_FEE", "POOL_SWAP", "POOL_LEG", "POOL_LEG"]
    block, burnt, tip, swap, paid, received = rows
    assert (block["order"], block["lots"], block["units"]) == (2, 1, base_fee)
    assert (burnt["units"], burnt["other"], burnt["code"]) == (-(120_000 * base_fee // GWEI), dex.chain.burner, 0)
    assert (tip["units"], tip["other"], tip["code"]) == (-120_001, dex.chain.builder, 1)
    assert (swap["account"], swap["other"], swap["instrument"]) == (dex.trader, dex.flat.account, dex.flat.instrument)
    assert (swap["lots"], swap["units"], swap["asset"]) == (-1_000, 1_992_013_962, dex.usdc)
    # (2,000,000 - 1,992.013962) / 1,001 = 1,996.0119 USDC, in hundredths.
    assert swap["price"] == 199_601 == instrument_at(dex.w, dex.flat.instrument).last_ticks
    assert (paid["asset"], paid["units"]) == (dex.eth, -ONE_ETH)
    assert (received["asset"], received["units"]) == (dex.usdc, 1_992_013_962)
    assert {int(row["cause"]) for row in (paid, received)} == {int(swap["seq"])}
    assert {int(row["cause"]) for row in (burnt, tip, swap)} == {int(block["seq"])}
    assert {int(row["mechanism"]) for row in rows[1:]} == {Mechanism.AMM}
    assert block["mechanism"] == 0
    after = [dex.units(dex.trader, asset) for asset in (dex.eth, dex.usdc)]
    gas = -int(burnt["units"] + tip["units"])
    assert [after[0] - before[0], after[1] - before[1]] == [-ONE_ETH - gas, 1_992_013_962]


def test_liquidity_comes_and_goes_with_its_range() -> None:
    dex = Dex()
    dex.transact(
        Act.ADD_LIQUIDITY, dex.ranged, dex.provider, amount=10 * ONE_ETH, amount1=20_000 * USDC_UNITS,
        low_tick=-69_120, high_tick=-69_000,
    )  # fmt: skip
    rows = dex.pass_time()
    (mint,) = rows[rows["kind"] == Kind.POOL_MINT]
    assert (mint["price"], mint["units"], mint["order"], mint["code"]) == (-69_120, -69_000, 1, 1)
    assert mint["lots"] == wide.load(position_row(dex.w, 1).liquidity)
    legs = rows[rows["kind"] == Kind.POOL_LEG]
    assert set(legs["cause"]) == {mint["seq"]}
    assert set(legs["order"]) == {1}
    dex.took(dex.world.obey(swap_of(dex, pool=dex.ranged)))
    dex.pass_time()
    dex.transact(Act.COLLECT, dex.ranged, dex.provider, position=1)
    rows = dex.pass_time()
    assert kinds(rows, Kind.BLOCK, Kind.BLOCK_FEE) == ["POOL_COLLECT", "POOL_LEG"]
    # 0.3 % of 1 ETH is 3,000,000 gwei; per liquidity and back it loses at most one.
    assert rows[-1]["units"] in (2_999_999, 3_000_000)
    dex.transact(Act.REMOVE_LIQUIDITY, dex.ranged, dex.provider, position=1, amount=int(mint["lots"]))
    rows = dex.pass_time()
    assert kinds(rows, Kind.BLOCK, Kind.BLOCK_FEE) == ["POOL_BURN", "POOL_LEG", "POOL_LEG"]
    assert [dex.units(dex.ranged.account, asset) for asset in (dex.eth, dex.usdc)] <= [2, 2]


def test_what_fails_says_why_and_pays_its_gas(dex: Dex) -> None:
    dex.took(dex.world.obey(swap_of(dex, bound=3_000 * USDC_UNITS)))
    rows = dex.pass_time()
    assert kinds(rows) == ["BLOCK", "BLOCK_FEE", "BLOCK_FEE", "POOL_REVERT"]
    assert rows[-1]["code"] == Revert.TOO_LITTLE_OUT


def test_a_front_run_pays_more_for_its_place(dex: Dex) -> None:
    """A searcher who sees a swap buys before it with a higher fee, and its victim gets less."""
    quoted = 20 * ONE_ETH * 997 * 2_000_000 * USDC_UNITS // (1_000 * ONE_ETH * 1_000 + 20 * ONE_ETH * 997)
    dex.took(dex.world.obey(swap_of(dex, amount=20 * ONE_ETH, mechanism=Mechanism.NOISE)))
    front = swap_of(dex, amount=5 * ONE_ETH, account=dex.searcher, priority_fee=2 * GWEI, mechanism=Mechanism.MEV)
    dex.took(dex.world.obey(front))
    rows = dex.pass_time()
    swaps = rows[rows["kind"] == Kind.POOL_SWAP]
    assert list(swaps["account"]) == [dex.searcher, dex.trader]
    assert list(swaps["mechanism"]) == [Mechanism.MEV, Mechanism.NOISE]
    assert swaps[1]["units"] < quoted


# --- time ---------------------------------------------------------------------------------------------------


def test_blocks_come_before_what_arrives_at_their_time(dex: Dex) -> None:
    """One transaction arrives a nanosecond before the block, the other with it and waits for the next."""
    due_ns = int(chain_row(dex.w, dex.chain.chain).due_ns)
    early, late = swap_of(dex), swap_of(dex, account=dex.searcher)
    early["time_ns"], late["time_ns"] = due_ns - 1, due_ns
    dex.world.send(np.concatenate([late, early]))
    rows = dex.took(dex.world.advance(due_ns + BLOCK_NS))
    swaps = rows[rows["kind"] == Kind.POOL_SWAP]
    assert list(swaps["account"]) == [dex.trader, dex.searcher]
    assert list(swaps["time_ns"]) == [due_ns, due_ns + BLOCK_NS]


def test_a_transaction_takes_the_time_of_its_accounts_link(dex: Dex) -> None:
    set_link(dex.world, dex.trader, open_link(dex.world, seed=1, agent=1, base_ns=13 * SECOND))
    dex.world.send(swap_of(dex))
    assert "POOL_SWAP" not in kinds(dex.pass_time(12))
    assert "POOL_SWAP" in kinds(dex.pass_time(12))


def test_cutting_time_changes_nothing(dex: Dex) -> None:
    other = Dex()
    other.provide()
    for one in (dex, other):
        one.world.send(swap_of(one))
        one.world.send(swap_of(one, pool=one.ranged, account=one.searcher))
    dex.pass_time(100)
    for _ in range(40):
        other.pass_time(2.5)
    assert dex.rows == other.rows
    assert dex.world.digest() == other.world.digest()


def test_two_chains_at_one_time_go_by_venue(dex: Dex) -> None:
    second = open_venue(dex.world)
    due_ns = int(chain_row(dex.w, dex.chain.chain).due_ns)
    open_blocks(
        dex.world, second, gas_asset=dex.eth, first_due_ns=due_ns, interval_ns=4 * SECOND, base_fee=0,
        gas_price_scale=GWEI,
    )  # fmt: skip
    rows = dex.pass_time(12)
    blocks = rows[rows["kind"] == Kind.BLOCK]
    assert list(blocks["venue"]) == [dex.venue, second]
    rows = dex.pass_time(12)
    assert list(rows[rows["kind"] == Kind.BLOCK]["venue"]) == [second, second, dex.venue, second]


def test_a_venue_that_is_down_makes_no_blocks(dex: Dex) -> None:
    dex.took(dex.world.obey(swap_of(dex)))
    number = int(chain_row(dex.w, dex.chain.chain).number)
    dex.tell(CommandKind.OUTAGE, instrument=dex.venue, lots=1)
    assert kinds(dex.pass_time(36)) == []
    dex.tell(CommandKind.OUTAGE, instrument=dex.venue, lots=0)
    rows = dex.pass_time(12)
    assert kinds(rows)[0] == "BLOCK"
    assert rows[0]["order"] == number
    assert "POOL_SWAP" in kinds(rows)


def test_what_can_never_pay_is_dropped_when_its_time_is_over(dex: Dex) -> None:
    for deadline_ns in (0, dex.now_ns + 20 * SECOND):
        dex.took(dex.world.obey(swap_of(dex, fee_max=1, priority_fee=1, deadline_ns=deadline_ns)))
    pending = [int(chain_row(dex.w, dex.chain.chain).pending)]
    for _ in range(2):
        dex.pass_time()
        pending.append(int(chain_row(dex.w, dex.chain.chain).pending))
    assert pending == [2, 2, 1]


# --- refusals -----------------------------------------------------------------------------------------------


REFUSED: list[tuple[str, Callable[[Dex, Any], None], Refusal]] = [
    ("a row that was never written", lambda dex, one: one.__setitem__("client_id", 999), Refusal.UNKNOWN_ORDER),
    ("somebody else's row", lambda dex, one: one.__setitem__("account", dex.searcher), Refusal.UNKNOWN_ORDER),
    ("another pool's instrument", lambda dex, one: one.__setitem__("instrument", 2), Refusal.UNKNOWN_INSTRUMENT),
    ("no such account", lambda dex, one: one.__setitem__("account", 999), Refusal.UNKNOWN_ACCOUNT),
]


@pytest.mark.parametrize(("what", "change", "refusal"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_is_refused_leaves_the_world_as_it_was(
    dex: Dex, what: str, change: Callable[[Dex, Any], None], refusal: Refusal
) -> None:
    before = dex.world.digest()
    one = swap_of(dex)
    number = int(one["client_id"][0])
    change(dex, one)
    rows = dex.took(dex.world.obey(one))
    assert kinds(rows) == ["REFUSED"]
    assert Refusal(int(rows[0]["code"])) == refusal
    if refusal == Refusal.UNKNOWN_INSTRUMENT:
        assert dex.world.digest() == before, "the row that was written for it is given back"
    else:
        one = dex.command(CommandKind.TRANSACT, dex.trader, 2, client_id=number)
        dex.took(dex.world.obey(one))
        assert dex.world.digest() == before, "as soon as the row's owner sends it wrongly"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"priority_fee": -1}, Refusal.BAD_PRICE),
        ({"fee_max": -1}, Refusal.BAD_PRICE),
    ],
)
def test_fees_below_zero_are_refused(dex: Dex, fields: dict[str, int], refusal: Refusal) -> None:
    before = dex.world.digest()
    rows = dex.took(dex.world.obey(swap_of(dex, **fields)))
    assert Refusal(int(rows[0]["code"])) == refusal
    assert dex.world.digest() == before


def test_a_venue_that_is_down_takes_no_transaction(dex: Dex) -> None:
    dex.tell(CommandKind.OUTAGE, instrument=dex.venue, lots=1)
    before = dex.world.digest()
    rows = dex.took(dex.world.obey(swap_of(dex)))
    assert Refusal(int(rows[0]["code"])) == Refusal.VENUE_DOWN
    assert dex.world.digest() == before


def test_one_transaction_is_taken_once(dex: Dex) -> None:
    one = swap_of(dex)
    dex.took(dex.world.obey(one))
    rows = dex.took(dex.world.obey(one))
    assert Refusal(int(rows[0]["code"])) == Refusal.UNKNOWN_ORDER
    assert kinds(dex.pass_time()).count("POOL_SWAP") == 1


def test_a_pool_of_another_venue_is_unknown(dex: Dex) -> None:
    second = open_venue(dex.world)
    stranger = open_account(dex.world, second)
    rows = dex.took(dex.world.obey(swap_of(dex, account=stranger)))
    assert Refusal(int(rows[0]["code"])) == Refusal.UNKNOWN_INSTRUMENT


def test_a_pool_has_no_book(dex: Dex) -> None:
    before = dex.world.digest()
    number = dex.flat.instrument
    for kind, fields in (
        (CommandKind.PLACE, {"client_id": 1, "lots": 1, "price_ticks": 200_000}),
        (CommandKind.HALT, {"lots": 0}),
    ):
        rows = dex.tell(kind, dex.trader, number, **fields)
        assert Refusal(int(rows[0]["code"])) == Refusal.NO_BOOK
    assert dex.world.digest() == before


def test_nobody_deposits_into_a_pool_but_through_it(dex: Dex) -> None:
    before = dex.world.digest()
    for kind in (CommandKind.DEPOSIT, CommandKind.WITHDRAW):
        rows = dex.tell(kind, dex.flat.account, dex.eth, lots=1)
        assert Refusal(int(rows[0]["code"])) == Refusal.UNKNOWN_ACCOUNT
    assert dex.world.digest() == before


# --- the block of memory ------------------------------------------------------------------------------------


def random_play(dex: Dex, blocks: int, seed: int) -> None:
    """Transactions of every kind from everybody, then a block."""
    dice = random.Random(seed)
    for _ in range(blocks):
        for _ in range(dice.randrange(6)):
            dex.world.send(anything(dex, dice))
        dex.pass_time()


def anything(dex: Dex, dice: random.Random) -> Any:
    pool, account = dice.choice((dex.flat, dex.ranged)), dice.choice((dex.provider, dex.trader, dex.searcher))
    act = dice.choice(list(Act))
    more: dict[str, Any] = {"priority_fee": dice.randrange(5), "mechanism": Mechanism.AMM}
    if act in (Act.SWAP_EXACT_IN, Act.SWAP_EXACT_OUT):
        more["zero_for_one"] = dice.random() < 0.5
        more["amount"] = int(10 ** dice.uniform(3, 12))
    elif act == Act.ADD_LIQUIDITY:
        low = dice.randrange(-1_300, -1_000) * 60
        more |= {"low_tick": low, "high_tick": low + 60 * dice.randrange(1, 300)}
        more["amount"], more["amount1"] = int(10 ** dice.uniform(6, 11)), int(10 ** dice.uniform(6, 12))
    else:
        more["position"] = dice.randrange(1, 12)
        if act == Act.REMOVE_LIQUIDITY:
            held = wide.load(position_row(dex.w, more["position"]).liquidity)
            more["amount"] = held // dice.choice((1, 2, 3)) or 1
    return dex.written(act, pool, account, **more)


def test_random_blocks_keep_the_laws_and_always_end_the_same(dex: Dex) -> None:
    """The laws are asked after every block (``Dex.check``); the hash is that of every row, compiled or not."""
    random_play(dex, 60, 7)
    rows = np.array(dex.rows, ROW)
    codes = {Revert(int(code)) for code in rows["code"][rows["kind"] == Kind.POOL_REVERT]}
    assert codes >= {Revert.NOT_THE_OWNER, Revert.UNKNOWN_POSITION}
    told = {Kind(int(kind)) for kind in rows["kind"]}
    assert told >= {Kind.POOL_SWAP, Kind.POOL_MINT, Kind.POOL_BURN, Kind.POOL_COLLECT, Kind.POOL_REVERT}
    assert hashlib.sha256(repr(dex.rows).encode()).hexdigest()[:16] == "15899e96645b2726"


def test_room_that_runs_out_changes_nothing() -> None:
    small = dataclasses.replace(
        ROOM, journal_rows=70, balances=24, pools=0, positions=0, ticks=0, words=0, chains=0, transactions=0, messages=4
    )
    tight, wide_open = Dex(small), Dex()
    for one in (tight, wide_open):
        one.provide()
        random_play(one, 25, 11)
    assert tight.rows == wide_open.rows
    assert tight.world.digest() == wide_open.world.digest()
    assert tight.world.capacity.ticks > 0


def test_a_world_is_saved_and_cloned_in_the_middle_of_a_block(dex: Dex, tmp_path: Path) -> None:
    small = Dex(dataclasses.replace(ROOM, journal_rows=70))
    small.provide()
    for _ in range(20):
        small.world.send(swap_of(small))
    advance(small.w, small.now_ns + BLOCK_NS)
    assert clock_of(small.w).halt == Halt.BLOCK_DUE
    make_block(small.w)
    assert clock_of(small.w).halt == Halt.JOURNAL_FULL
    assert clock_of(small.w).block_chain == small.chain.chain
    carried = int(chain_row(small.w, small.chain.chain).carried)
    assert 0 < carried < 20
    small.world.take_journal()
    path = tmp_path / "world"
    small.world.save(path)
    loaded, cloned = World.load(path), small.world.clone()
    until_ns = small.now_ns + BLOCK_NS
    found = [world.advance(until_ns) for world in (small.world, loaded, cloned)]
    assert len({rows.tobytes() for rows in found}) == 1
    assert len({world.digest() for world in (small.world, loaded, cloned)}) == 1
    assert kinds(found[0]).count("POOL_SWAP") == 20 - carried


def test_a_world_without_pools_has_no_room_for_them() -> None:
    plain = World(Capacity())
    for shelf in (Shelf.POOLS, Shelf.POSITIONS, Shelf.TICKS, Shelf.WORDS, Shelf.CHAINS, Shelf.TRANSACTIONS):
        assert len(plain.table(shelf)) == 1
    with pytest.raises(UsageError, match="capacity of pools is -1; expected 0 to"):
        World(Capacity(pools=-1))


# --- opening ------------------------------------------------------------------------------------------------


def test_a_venue_has_one_chain(dex: Dex) -> None:
    with pytest.raises(UsageError, match="has a chain already"):
        open_blocks(
            dex.world, dex.venue, gas_asset=dex.eth, first_due_ns=1, interval_ns=1, base_fee=0, gas_price_scale=1
        )


def test_a_pool_needs_a_chain() -> None:
    with pytest.raises(UsageError, match="there is no chain 1"):
        open_pool(World(Capacity()), 1, base_asset=1, quote_asset=2, factor=1, base_units=1, fee_ppm=3_000)


def test_the_price_of_both_forms_in_ticks(dex: Dex) -> None:
    """2,000 USDC in hundredths; the ranged pool has it from its opening, the flat one from its first deposit."""
    fresh = Dex()
    assert instrument_at(fresh.w, fresh.ranged.instrument).last_ticks == 200_000
    assert instrument_at(fresh.w, fresh.flat.instrument).last_ticks == 0
    assert instrument_at(dex.w, dex.flat.instrument).last_ticks == 200_000
    assert pool_row(dex.w, dex.flat.pool).instrument == dex.flat.instrument
