"""Opening the chain of blocks that a venue's pools stand on."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.errors import UsageError
from shortdesk.ground.units import Nanos
from shortdesk.market.blocks import wind_blocks
from shortdesk.market.pool_rows import chain_row
from shortdesk.market.pool_tables import CHAIN
from shortdesk.market.tables import Shelf, has_room, take_row

__all__ = ["LIQUIDITY_GAS", "SWAP_GAS", "open_chain"]

SWAP_GAS = 120_000
"""Median of 289 transactions with one swap in 21 blocks of Ethereum, 2020 to 2022: 111,532 (v2), 131,959 (v3)."""
LIQUIDITY_GAS = 250_000
"""Our own figure for one act of a liquidity provider, not measured."""


def open_chain(
    w: Any,
    *,
    venue: int,
    first_due_ns: Nanos,
    interval_ns: Nanos,
    gas_asset: int,
    builder: int,
    burner: int,
    base_fee: int,
    gas_price_scale: int,
    gas_limit: int = 30_000_000,
    gas_target: int = 15_000_000,
    base_fee_pace: int = 8,
    swap_gas: int = SWAP_GAS,
    liquidity_gas: int = LIQUIDITY_GAS,
) -> int:
    """A chain without blocks yet; its row number. The defaults are Ethereum's from 2021 to 2024.

    ``gas_price_scale`` of the gas price make one unit of the gas asset: 10^9 where the asset's unit is a gwei and
    prices are in wei.
    """
    for name, value in (
        ("interval_ns", interval_ns),
        ("gas_price_scale", gas_price_scale),
        ("gas_target", gas_target),
        ("base_fee_pace", base_fee_pace),
        ("swap_gas", swap_gas),
        ("liquidity_gas", liquidity_gas),
    ):
        if value <= 0:
            raise UsageError(f"a chain's {name} must be positive, not {value:,}")
    if gas_limit < max(gas_target, swap_gas, liquidity_gas):
        raise UsageError(f"a block of {gas_limit:,} gas is smaller than its target or one transaction")
    if base_fee < 0:
        raise UsageError(f"a chain's base fee cannot be negative: {base_fee:,}")
    if not has_room(w, Shelf.CHAINS, 1):
        raise UsageError("the tables have no room for another chain")
    at = take_row(w, Shelf.CHAINS, CHAIN)
    chain = chain_row(w, at)
    chain.due_ns, chain.interval_ns, chain.number = first_due_ns, interval_ns, 1
    chain.base_fee, chain.gas_price_scale, chain.base_fee_pace = base_fee, gas_price_scale, base_fee_pace
    chain.gas_limit, chain.gas_target = gas_limit, gas_target
    chain.swap_gas, chain.liquidity_gas = swap_gas, liquidity_gas
    chain.venue, chain.gas_asset, chain.builder, chain.burner = venue, gas_asset, builder, burner
    wind_blocks(w)
    return at
