"""Opening a venue of pools: its chain of blocks, and each pool as an instrument with an account of its own."""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.units import Nanos, Ppm
from shortdesk.market.blocks import Transaction, write
from shortdesk.market.carry_out import pool_ticks
from shortdesk.market.ledger import Role
from shortdesk.market.open_chain import open_chain
from shortdesk.market.open_market import balance_of, open_account, open_instrument
from shortdesk.market.open_pool import TICK_SPACING, open_concentrated, open_constant_product, words_needed
from shortdesk.market.pool_rows import chain_row, pool_row
from shortdesk.market.tables import Shelf, has_room, instrument_at
from shortdesk.market.world import World

__all__ = ["Chain", "Pool", "open_blocks", "open_pool", "write_transaction"]


class Chain(NamedTuple):
    """The number of a venue's chain, and of the accounts that earn and burn what its gas costs."""

    chain: int
    builder: int
    burner: int


class Pool(NamedTuple):
    """The numbers of a pool, of the instrument it is traded as, and of the account that holds its reserves."""

    pool: int
    instrument: int
    account: int


def open_blocks(
    world: World,
    venue: int,
    *,
    gas_asset: int,
    first_due_ns: Nanos,
    interval_ns: Nanos,
    base_fee: int,
    gas_price_scale: int,
    **more: int,
) -> Chain:
    """The chain of blocks of a venue; ``more`` as in ``open_chain``.

    Raises:
        UsageError: the venue has a chain already, or the chain cannot be.
    """
    for at in range(1, world.used_rows(Shelf.CHAINS)):
        if chain_row(world.block, at).venue == venue:
            raise UsageError(f"venue {venue} has a chain already; expected one chain a venue")
    _make_room(world, Shelf.CHAINS, 1)
    builder, burner = (open_account(world, venue, role=role) for role in (Role.BUILDER, Role.BURNER))
    for account in (builder, burner):
        balance_of(world, account, gas_asset)
    number = open_chain(
        world.block, venue=venue, first_due_ns=first_due_ns, interval_ns=interval_ns, gas_asset=gas_asset,
        builder=builder, burner=burner, base_fee=base_fee, gas_price_scale=gas_price_scale, **more,
    )  # fmt: skip
    return Chain(number, builder, burner)


def open_pool(
    world: World,
    chain: int,
    *,
    base_asset: int,
    quote_asset: int,
    factor: int,
    base_units: int,
    fee_ppm: Ppm,
    sqrt_price_x96: int = 0,
    tick_spacing: int = 0,
    highest_ticks: int = 1 << 31,
) -> Pool:
    """A new empty pool on a chain and the instrument it is traded as, whose tick and lot its journal rows use.

    With ``sqrt_price_x96`` (units of the quote per unit of the base) it is a concentrated pool at that price, without
    it a constant-product pool; ``factor`` and ``base_units`` are those of a spot instrument.

    Raises:
        UsageError: there is no such chain, or the pool cannot be.
    """
    if not 0 < chain < world.used_rows(Shelf.CHAINS):
        raise UsageError(f"there is no chain {chain}; open one first")
    venue = int(chain_row(world.block, chain).venue)
    _make_room(world, Shelf.POOLS, 1)
    account = open_account(world, venue, role=Role.POOL)
    given: dict[str, Any] = {
        "venue": venue, "account": account, "asset0": base_asset, "asset1": quote_asset, "fee_ppm": fee_ppm,
    }  # fmt: skip
    if sqrt_price_x96:
        spacing = tick_spacing or TICK_SPACING.get(fee_ppm, 0)
        if spacing > 0:
            _make_room(world, Shelf.WORDS, words_needed(spacing))
        number = open_concentrated(world.block, sqrt_price_x96=sqrt_price_x96, tick_spacing=tick_spacing, **given)
    else:
        number = open_constant_product(world.block, **given)
    instrument = open_instrument(
        world, venue, form=Form.SPOT, settle_asset=quote_asset, factor=factor, base_asset=base_asset,
        base_units=base_units, highest_ticks=highest_ticks,
    )  # fmt: skip
    for asset in (base_asset, quote_asset):
        balance_of(world, account, asset)
    pool, row = pool_row(world.block, number), instrument_at(world.block, instrument)
    pool.instrument, pool.blocks = instrument, chain
    row.pool, row.is_halted = number, 1
    row.last_ticks = pool_ticks(world.block, number)
    return Pool(number, instrument, account)


def write_transaction(
    world: World,
    sent: Transaction,
    *,
    amount: int = 0,
    amount1: int = 0,
    bound: int = 0,
    bound1: int = 0,
    limit_x96: int = 0,
) -> int:
    """Write a transaction down (``blocks.write``); its row, the ``client_id`` of the TRANSACT command that carries it.

    Raises:
        UsageError: an amount, a bound or the limit does not lie in 0 … 2^256 - 1.
    """
    values = (amount, amount1, bound, bound1, limit_x96)
    if not all(0 <= value < 1 << 256 for value in values):
        raise UsageError("amounts, bounds and limits of a transaction lie in 0 … 2^256 - 1")
    _make_room(world, Shelf.TRANSACTIONS, 1)
    return write(world.block, sent, *values)


def _make_room(world: World, shelf: Shelf, count: int) -> None:
    """Let a table grow until so many rows are free."""
    while not has_room(world.block, shelf, count):
        world.grow(shelf)
