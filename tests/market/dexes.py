"""A venue of pools in a World: two pools of ETH and USDC, a provider, a trader and a searcher, and the laws."""

from __future__ import annotations

from typing import Any

import numpy as np

from shortdesk.ground import wide
from shortdesk.ground.kinds import Kind
from shortdesk.market import liquidity
from shortdesk.market.blocks import Act, Transaction
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.ledger import find_balance
from shortdesk.market.note import Detail
from shortdesk.market.open_dex import open_blocks, open_pool, write_transaction
from shortdesk.market.open_market import open_account, open_asset, open_venue
from shortdesk.market.open_pool import sqrt_price_x96_of
from shortdesk.market.pool_rows import pool_row, position_row
from shortdesk.market.tables import Shelf, balance_at, clock_of
from shortdesk.market.tick_math import sqrt_price_x96_at_tick
from shortdesk.market.world import Capacity, World

GWEI = 10**9
ETH_UNITS, USDC_UNITS = 10**9, 10**6
SECOND = 10**9
BLOCK_NS = 12 * SECOND
RICH = 10**6
"""So many ETH, and 2,000 times as many USDC, everybody begins with."""
ROOM = Capacity(
    venues=2, accounts=20, legs=20, orders=20, pages=20, nodes=60, balances=60, cases=2, links=10, messages=100,
    journal_rows=400, pools=2, positions=30, ticks=60, words=200, chains=1, transactions=60,
)  # fmt: skip


class Dex:
    """ETH in gwei, USDC in millionths; a tick is 0.01 USDC, a lot 0.001 ETH; a block every 12 s, base fee 20 gwei."""

    def __init__(self, capacity: Capacity = ROOM) -> None:
        self.world = World(capacity)
        clock_of(self.world.block).detail = Detail.ORDERS
        self.eth, self.usdc = open_asset(self.world, 9), open_asset(self.world, 6)
        self.venue = open_venue(self.world)
        self.chain = open_blocks(
            self.world, self.venue, gas_asset=self.eth, first_due_ns=BLOCK_NS, interval_ns=BLOCK_NS,
            base_fee=20 * GWEI, gas_price_scale=GWEI,
        )  # fmt: skip
        pair: dict[str, int] = {
            "base_asset": self.eth, "quote_asset": self.usdc, "factor": 10, "base_units": 10**6, "fee_ppm": 3_000
        }  # fmt: skip
        self.flat = open_pool(self.world, self.chain.chain, **pair)
        price = sqrt_price_x96_of(2_000 * USDC_UNITS, ETH_UNITS)
        self.ranged = open_pool(self.world, self.chain.chain, sqrt_price_x96=price, **pair)
        self.provider, self.trader, self.searcher = (open_account(self.world, self.venue) for _ in range(3))
        self.rows: list[Any] = []
        for who in (self.provider, self.trader, self.searcher):
            self.tell(CommandKind.DEPOSIT, who, self.eth, lots=RICH * ETH_UNITS)
            self.tell(CommandKind.DEPOSIT, who, self.usdc, lots=2_000 * RICH * USDC_UNITS)

    @property
    def w(self) -> Any:
        return self.world.block

    @property
    def now_ns(self) -> int:
        return int(clock_of(self.w).now_ns)

    def command(self, kind: CommandKind, account: int = 0, instrument: int = 0, **fields: Any) -> Any:
        row = new_commands(1)
        row["kind"], row["account"], row["instrument"], row["time_ns"] = kind, account, instrument, self.now_ns
        for name, value in fields.items():
            row[name] = value
        return row

    def tell(self, kind: CommandKind, account: int = 0, instrument: int = 0, **fields: Any) -> Any:
        """Obey one command at once; its journal rows."""
        return self.took(self.world.obey(self.command(kind, account, instrument, **fields)))

    def took(self, rows: Any) -> Any:
        self.rows += rows.tolist()
        self.check()
        return rows

    def written(self, act: Act, pool: Any, account: int, **fields: Any) -> Any:
        """The TRANSACT command of a transaction that is written down now."""
        values = {
            name: fields.pop(name) for name in ("amount", "amount1", "bound", "bound1", "limit_x96") if name in fields
        }
        fields = {"fee_max": 100 * GWEI, "priority_fee": GWEI, **fields}
        at = write_transaction(self.world, Transaction(int(act), account, pool.pool, **fields), **values)
        return self.command(CommandKind.TRANSACT, account, pool.instrument, client_id=at)

    def transact(self, act: Act, pool: Any, account: int, **fields: Any) -> Any:
        return self.took(self.world.obey(self.written(act, pool, account, **fields)))

    def pass_time(self, seconds: float = 12) -> Any:
        """Let time pass, a block at a time where that is not said; the journal rows."""
        return self.took(self.world.advance(self.now_ns + int(seconds * SECOND)))

    def provide(self) -> None:
        """1,000 ETH and 2,000,000 USDC into each pool, the ranged one from about 1,000 to 4,000 USDC."""
        for pool, span in ((self.flat, {}), (self.ranged, {"low_tick": -76_000 // 60 * 60, "high_tick": -55_260})):
            self.transact(
                Act.ADD_LIQUIDITY, pool, self.provider, amount=1_000 * ETH_UNITS, amount1=2_000_000 * USDC_UNITS, **span
            )
        self.pass_time()

    def units(self, account: int, asset: int) -> int:
        at = find_balance(self.w, account, asset, 0)
        return int(balance_at(self.w, at).units) if at else 0

    # --- laws -----------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Units sum to zero per asset; reserves are the ledger's; a ranged pool holds what all its positions own."""
        balances = self.world.table(Shelf.BALANCES)[: self.world.used_rows(Shelf.BALANCES)]
        for asset in (self.eth, self.usdc):
            assert balances["units"][balances["asset"] == asset].sum() == 0
        flat = pool_row(self.w, self.flat.pool)
        assert self.units(self.flat.account, self.eth) == wide.load(flat.reserve0)
        assert self.units(self.flat.account, self.usdc) == wide.load(flat.reserve1)
        claims = self.claims()
        vault = np.array([self.units(self.ranged.account, asset) for asset in (self.eth, self.usdc)])
        assert (vault >= claims).all(), "what providers can take out is there"

    def claims(self) -> Any:
        """What the providers of the ranged pool could take out now, fees included."""
        world = self.world.clone()
        w, pool = world.block, self.ranged.pool
        total = np.zeros(2, np.int64)
        for at in range(1, world.used_rows(Shelf.POSITIONS)):
            position = position_row(w, at)
            if position.pool != pool:
                continue
            account = int(position.account)
            if wide.load(position.liquidity):
                liquidity.remove_liquidity(w, pool, account, at, 0, 0, 0)
            low, high = (sqrt_price_x96_at_tick(int(tick)) for tick in (position.low_tick, position.high_tick))
            price = wide.load(pool_row(w, pool).sqrt_price_x96)
            held = wide.load(position.liquidity)
            amounts = liquidity.amounts_of_liquidity(price, low, high, held, False)
            total += [int(amounts[0] + wide.load(position.owed0)), int(amounts[1] + wide.load(position.owed1))]
        return total


def kinds(rows: Any, *without: Kind) -> list[str]:
    """The names of rows, in order."""
    return [Kind(int(kind)).name for kind in rows["kind"] if kind not in without]
