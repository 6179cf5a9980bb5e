"""What a scenario says about a venue of pools: its chain of blocks, and each pool that stands on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from shortdesk.ground.errors import unknown_name

__all__ = ["ChainTerms", "DexPoolTerms", "dex_problems"]


class ChainTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue of pools and the chain that its transactions wait at; it has no sheet."""

    name: str
    gas_asset: str
    """What gas is paid in; an asset of one of its pools."""
    block_s: float = 12.0
    """Time between two blocks; Ethereum's since September 2022."""
    base_fee_gwei: float = 1.0
    """Price of a unit of gas at the opening, in 10^-9 of the gas asset; our assumption. EIP-1559 moves it."""


class DexPoolTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pool, traded as an instrument without a book. It is empty until somebody provides liquidity."""

    name: str
    venue: str
    """The chain it stands on."""
    form: Literal["constant_product", "concentrated"] = "concentrated"
    base: str
    quote: str
    price: Decimal
    tick: Decimal
    lot: Decimal
    """The grid on which the Journal tells its prices and sizes; amounts themselves are exact."""
    fee_bps: float = 30.0
    """What a swap pays to the providers; a concentrated pool takes 1, 5, 30 or 100."""


def dex_problems(
    chains: Sequence[ChainTerms], pools: Sequence[DexPoolTerms], taken: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with chains and pools: the field and the complaint; ``taken`` are the instruments' names."""
    names = [chain.name for chain in chains]
    for at, pool in enumerate(pools):
        if pool.venue not in names:
            yield f"pool[{at}].venue", unknown_name("chain", pool.venue, names)
        if pool.name in taken:
            yield f"pool[{at}].name", f"an instrument is called '{pool.name}'"
        for field in ("price", "tick", "lot"):
            if not getattr(pool, field) > 0:
                yield f"pool[{at}].{field}", f"{getattr(pool, field)}; expected more than 0"
        if pool.form == "concentrated" and pool.fee_bps not in (1, 5, 30, 100):
            yield f"pool[{at}].fee_bps", f"{pool.fee_bps:g}; a concentrated pool takes 1, 5, 30 or 100"
        if not 0 <= pool.fee_bps < 10_000:
            yield f"pool[{at}].fee_bps", f"{pool.fee_bps:g}; expected 0 to 9,999"
    for at, chain in enumerate(chains):
        if not 0.1 <= chain.block_s <= 3_600:
            yield f"chain[{at}].block_s", f"{chain.block_s:g}; expected 0.1 to 3,600"
        if not 0 <= chain.base_fee_gwei <= 1e6:
            yield f"chain[{at}].base_fee_gwei", f"{chain.base_fee_gwei:g}; expected 0 to 1,000,000"
        assets = sorted({asset for pool in pools if pool.venue == chain.name for asset in (pool.base, pool.quote)})
        if chain.gas_asset not in assets:
            yield f"chain[{at}].gas_asset", unknown_name("asset of its pools", chain.gas_asset, assets)
