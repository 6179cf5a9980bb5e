"""A chain with two pools for tests of blocks, and a ledger that only adds up."""

from __future__ import annotations

from typing import Any

from tests.market.pool_kernels import pool_world

from shortdesk.ground.order import Revert
from shortdesk.market import blocks
from shortdesk.market.blocks import Act, Transaction
from shortdesk.market.open_chain import open_chain
from shortdesk.market.open_pool import open_concentrated, open_constant_product, sqrt_price_x96_of, words_needed
from shortdesk.market.pool_rows import place_row, pool_row
from shortdesk.market.transact import Executed, Purse, execute

ETH, USDC = 1, 2
MAKER, TRADER, ATTACKER, BUILDER, BURNER, POOL, DEEP = 11, 12, 13, 21, 22, 31, 32
RICH = Purse(10**15, 10**15, 10**15)
GWEI_PER_ETH = 10**9
SECOND = 10**9


class Ledger:
    """Balances by account and asset; the only thing a test needs of a ledger: nothing is made, nothing is lost."""

    def __init__(self, **held: dict[int, int]) -> None:
        self.units: dict[tuple[int, int], int] = {}
        for account in (MAKER, TRADER, ATTACKER):
            self.units[account, ETH] = 10**15
            self.units[account, USDC] = 10**15

    def of(self, account: int, asset: int) -> int:
        return self.units.get((account, asset), 0)

    def transfer(self, giver: int, taker: int, asset: int, units: int) -> None:
        assert 0 <= units <= self.of(giver, asset), f"{giver} cannot pay {units} of asset {asset}"
        self.units[giver, asset] = self.of(giver, asset) - units
        self.units[taker, asset] = self.of(taker, asset) + units

    def total(self, asset: int) -> int:
        return sum(units for (_, held), units in self.units.items() if held == asset)


class Stage:
    """A chain with a constant-product pool (row 1) and a concentrated one (row 2): ETH in gwei, USDC in millionths."""

    def __init__(self, transactions: int = 32, ticks: int = 32) -> None:
        self.world = pool_world(2, 16, ticks, words_needed(60), transactions=transactions)
        self.chain = open_chain(
            self.w,
            venue=1,
            first_due_ns=12 * SECOND,
            interval_ns=12 * SECOND,
            gas_asset=ETH,
            builder=BUILDER,
            burner=BURNER,
            base_fee=20 * 10**9,
            gas_price_scale=GWEI_PER_ETH,
        )
        self.flat = open_constant_product(self.w, venue=1, account=POOL, asset0=ETH, asset1=USDC, fee_ppm=3000)
        self.ranged = open_concentrated(
            self.w,
            venue=1,
            account=DEEP,
            asset0=ETH,
            asset1=USDC,
            fee_ppm=3000,
            sqrt_price_x96=sqrt_price_x96_of(2_000 * 10**6, GWEI_PER_ETH),
        )
        self.ledger = Ledger()

    @property
    def w(self) -> Any:
        return self.world.block

    def send(self, act: int, pool: int, account: int = TRADER, amount: int = 0, amount1: int = 0, **more: Any) -> int:
        """Put a transaction on the list; amounts by name, everything else as in Transaction."""
        now = more.pop("now_ns", 0)
        given = [amount, amount1, more.pop("bound", 0), more.pop("bound1", 0), more.pop("limit", 0)]
        more = {"fee_max": 100 * 10**9, "priority_fee": 10**9, **more}
        at = blocks.write(self.w, Transaction(act, account, pool, **more), *given)
        if at:
            blocks.enlist(self.w, self.chain, at, now)
        return at

    def next_order(self, now_ns: int = 12 * SECOND) -> list[int]:
        count = blocks.order_block(self.w, self.chain, now_ns)
        return [int(place_row(self.w, at).transaction) for at in range(count)]

    def run(self, order: list[int] | None = None, now_ns: int = 12 * SECOND) -> list[Executed]:
        """Carry out a block and move what it says through the ledger."""
        done = []
        for at in self.next_order(now_ns) if order is None else order:
            account = int(blocks.transaction_row(self.w, at).account)
            purse = Purse(self.ledger.of(account, ETH), self.ledger.of(account, USDC), self.ledger.of(account, ETH))
            one = execute(self.w, self.chain, at, now_ns, purse)
            vault = int(pool_row(self.w, one.pool).account) if one.pool in (self.flat, self.ranged) else 0
            self.ledger.transfer(account, BURNER, ETH, one.burnt_units)
            self.ledger.transfer(account, BUILDER, ETH, one.builder_units)
            for asset, paid, received in (
                (ETH, one.paid0_units, one.received0_units),
                (USDC, one.paid1_units, one.received1_units),
            ):
                self.ledger.transfer(account, vault, asset, paid)
                self.ledger.transfer(vault, account, asset, received)
            done.append(one)
        blocks.close_block(self.w, self.chain, sum(one.gas for one in done))
        return done

    def fund(self) -> None:
        """The maker fills both pools: at most 1,000 ETH and 2,000,000 USDC each, ranged from 1,000 to 4,000."""
        for pool, span in ((self.flat, {}), (self.ranged, {"low_tick": 0, "high_tick": 13_860})):
            self.send(Act.ADD_LIQUIDITY, pool, MAKER, amount=1_000 * GWEI_PER_ETH, amount1=2_000_000 * 10**6, **span)
        assert [one.why for one in self.run()] == [Revert.NONE, Revert.NONE]
