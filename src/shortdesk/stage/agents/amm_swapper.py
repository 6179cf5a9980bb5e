"""Swappers: people who trade in a pool, at random, or one who buys or sells a sum in pieces.

Arrivals are a Poisson clock and sizes lognormal. With ``amount_usd`` it is one order: from ``at_s`` on pieces of
``piece_usd`` go in, one a block, until the sum is through. Each asks for at least the price it saw, less the fee and
``slippage_bps``; what would get less fails, and pays its gas.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.blocks import Act
from shortdesk.market.pool_rows import pool_row
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, below, chance, exponential, normal, wait_ns
from shortdesk.stage.dex import GWEI, pool_price, sign, until_next_block_ns
from shortdesk.stage.funds import units_of
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import is_silent
from shortdesk.stage.wakes import NEVER_NS

__all__ = ["AMM_SWAPPER", "AmmSwapperTerms", "open_amm_swappers", "wake_amm_swapper"]


class AmmSwapperTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="amm_swapper"
):
    """Flow of a pool. Defaults are our assumptions."""

    name: str
    instrument: str
    """A pool."""
    swaps_per_s: float = 0.2
    size_usd: float = 2_000
    """Mean worth of a swap."""
    size_sigma: float = 1.0
    """Of the logarithm of sizes."""
    accounts: int = 20
    wealth_usd: float = 500_000
    """Of each account, half of it in the base."""
    slippage_bps: float = 50.0
    tip_gwei: float = 1.0
    """Mean of the priority fee, drawn for each."""
    latency_ms: float = 500.0
    at_s: float = 0.0
    """When an order of ``amount_usd`` begins."""
    amount_usd: float = 0.0
    """An order instead of flow: bought in all, sold where it is negative."""
    piece_usd: float = 50_000


AMM_SWAPPER = row_type(
    ("rate_per_s", "<f8"),
    ("size_units", "<f8"),  # of the quote, mean or piece
    ("size_sigma", "<f8"),
    ("slippage", "<f8"),
    ("tip", "<f8"),
    ("left_units", "<f8"),  # of an order, in the quote
    ("sells", "<i8"),
    ("is_order", "<i8"),
    ("instrument", "<i8"),
    ("first_account", "<i8"),
    ("account_count", "<i8"),
    ("latency_ns", "<i8"),
)
"""The flow of a pool, or one order."""


def open_amm_swappers(cast: Cast, terms: AmmSwapperTerms) -> None:
    """Accounts and one agent for all of them."""
    market = cast.market(terms.instrument)
    is_order = terms.amount_usd != 0
    cast.begin(terms.name, "amm_swapper", Mechanism.METAORDER if is_order else Mechanism.NOISE)
    count = 1 if is_order else terms.accounts
    wealth = 2.2 * abs(terms.amount_usd) if is_order else terms.wealth_usd
    accounts = [cast.account(market, latency_ms=terms.latency_ms) for _ in range(count)]
    for account in accounts:
        cast.endow(account, market, wealth / 2)
    own = cast.row(
        Part.AMM_SWAPPERS, AMM_SWAPPER, rate_per_s=terms.swaps_per_s, size_sigma=terms.size_sigma,
        size_units=market.units(terms.piece_usd if is_order else terms.size_usd), slippage=terms.slippage_bps / 1e4,
        tip=terms.tip_gwei * GWEI, left_units=market.units(abs(terms.amount_usd)), sells=int(terms.amount_usd < 0),
        is_order=int(is_order), instrument=market.number, first_account=accounts[0], account_count=count,
        latency_ns=int(terms.latency_ms * 1e6),
    )  # fmt: skip
    cast.agent(AgentKind.AMM_SWAPPER, own, first_wake_ns=int(terms.at_s * SECOND_NS) if is_order else SECOND_NS)


@rule
def wake_amm_swapper(w: Any, s: Any, agent: int) -> int:
    """One swap. As many draws whatever happens."""
    row = row_at(s, Part.AMM_SWAPPERS, agent_at(s, agent).own, AMM_SWAPPER)
    side, who, drawn, tip = chance(s, agent), below(s, agent, 1 << 40), normal(s, agent), exponential(s, agent)
    account = int(row.first_account + who % row.account_count)
    pool_at = int(instrument_at(w, int(row.instrument)).pool)
    if row.is_order == 0:
        size = row.size_units * exp(row.size_sigma * drawn - 0.5 * row.size_sigma * row.size_sigma)
        _swap(w, s, agent, row, account, pool_at, side < 0.5, size, int(row.tip * tip))
        return int(clock_of(w).now_ns) + wait_ns(s, agent, row.rate_per_s)
    if row.left_units <= 0.0:
        return NEVER_NS
    if not is_silent(w, s, agent):
        size = min(row.left_units, row.size_units)
        _swap(w, s, agent, row, account, pool_at, row.sells != 0, size, int(row.tip * tip))
        row.left_units -= size
    return until_next_block_ns(w, pool_at, int(row.latency_ns)) + 1


@rule
def _swap(
    w: Any, s: Any, agent: int, row: Any, account: int, pool_at: int, sells: bool, worth_units: float, tip: int
) -> None:
    """Swap so much of the quote, or base of that worth, as far as it is there."""
    price = pool_price(w, pool_at)
    pool = pool_row(w, pool_at)
    if price <= 0.0:
        return
    kept = (1.0 - pool.fee_ppm * 1e-6) * (1.0 - row.slippage)
    if sells:
        amount = min(int(worth_units / price), int(0.99 * units_of(w, account, int(pool.asset0))))
        least = int(amount * price * kept)
    else:
        amount = min(int(worth_units), units_of(w, account, int(pool.asset1)))
        least = int(amount / price * kept)
    if amount > 0 and least > 0:
        none = wide.of(0)
        sign(
            w, s, agent, account, pool_at, Act.SWAP_EXACT_IN.value, sells, 0, 0, 0, tip, wide.of(amount), none,
            wide.of(least), none,
        )  # fmt: skip
