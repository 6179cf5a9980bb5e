"""Arbitrageurs between a pool and a perpetual of the same coin: what moves one moves the other, a block later.

With P the pool's price and c its fee, selling the base into the pool and buying the perpetual pays while

    P (1 - c) > ask (1 + taker fee) (1 + edge)

and buying from the pool while P / (1 - c) < bid (1 - taker fee) (1 - edge). The swap goes into the next block, as large
as takes the pool to where it pays no more: L |1/√target - 1/√P| of the base, at most ``piece_usd``; worse prices are
refused by its bound.
What the block carried out is seen in the account's base, and the perpetual is traded until both cancel, at the market.
Of the profit a part goes to the builder, which is how arbitrageurs bid for their place. Source of the closed form:
Angeris et al. (2019).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.blocks import Act
from shortdesk.market.pool_rows import chain_row, pool_row
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.dex import liquidity_of, pool_price, sign, until_next_block_ns
from shortdesk.stage.funds import fee_part, has_word_under_way, is_closed, units_of
from shortdesk.stage.look import ask_ticks, bid_ticks, held_lots
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import buy_or_sell, is_silent

__all__ = ["AMM_ARBITRAGE", "AmmArbitrageTerms", "open_amm_arbitrage", "wake_amm_arbitrage"]

_MOST_TIP = 10**15


class AmmArbitrageTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="amm_arbitrage"
):
    """Arbitrageurs between a pool and a perpetual. Defaults are our assumptions."""

    name: str
    instrument: str
    """The pool."""
    hedge: str
    """The perpetual of the same coin."""
    count: int = 2
    capital_usd: float = 10_000_000
    """Of each, half of it on the chain, half of that in the base; the rest stands behind the perpetual."""
    piece_usd: float = 1_000_000
    edge_bps: float = 2.0
    builder_share: float = 0.5
    """Part of the expected profit that is offered to the builder."""
    look_s: float = 1.0
    latency_ms: float = 50.0
    leverage: float = 5.0


AMM_ARBITRAGE = row_type(
    ("edge", "<f8"),
    ("builder_share", "<f8"),
    ("look_rate_per_s", "<f8"),
    ("piece_units", "<f8"),  # of the quote
    ("lot_units", "<f8"),  # units of the base in a lot of the perpetual
    ("tick_price", "<f8"),  # units of the quote per unit of the base in a tick of the perpetual
    ("start_units", "<i8"),  # of the base, at the opening
    ("latency_ns", "<i8"),
    ("busy_until_ns", "<i8"),
    ("pool_instrument", "<i8"),
    ("perp", "<i8"),
    ("account", "<i8"),
    ("perp_account", "<i8"),
)
"""One arbitrageur."""


def open_amm_arbitrage(cast: Cast, terms: AmmArbitrageTerms) -> None:
    """Two accounts and one agent for each.

    Raises:
        UsageError: the hedge is no perpetual of the pool's coin that settles in its quote.
    """
    market, perp = cast.market(terms.instrument), cast.market(terms.hedge)
    if not perp.is_perp or (perp.base_asset, perp.settle_asset) != (market.base_asset, market.settle_asset):
        raise UsageError(
            f"amm_arbitrage '{terms.name}': {terms.hedge} is no perpetual on the coin of {terms.instrument}"
        )
    cast.begin(terms.name, "amm_arbitrage", Mechanism.ARBITRAGE)
    for index in range(terms.count):
        account = cast.account(market, latency_ms=terms.latency_ms)
        other = cast.account(perp, latency_ms=terms.latency_ms, leverage=terms.leverage)
        cast.endow(account, market, terms.capital_usd / 4)
        cast.deposit(other, perp.settle_asset, perp.units(terms.capital_usd / 2))
        own = cast.row(
            Part.AMM_ARBITRAGES, AMM_ARBITRAGE, edge=terms.edge_bps / 1e4, builder_share=terms.builder_share,
            look_rate_per_s=1.0 / terms.look_s, piece_units=market.units(terms.piece_usd),
            lot_units=float(perp.lot / market.base_unit),
            tick_price=float(perp.tick * market.base_unit / market.unit),
            start_units=market.base_units(terms.capital_usd / 4 / market.price),
            latency_ns=int(terms.latency_ms * 1e6), pool_instrument=market.number, perp=perp.number, account=account,
            perp_account=other,
        )  # fmt: skip
        cast.agent(AgentKind.AMM_ARBITRAGE, own, first_wake_ns=2 * SECOND_NS + index * SECOND_NS // 10)


@rule
def wake_amm_arbitrage(w: Any, s: Any, agent: int) -> int:
    """Hedge what the last block brought, and send a swap where the gap pays."""
    row = row_at(s, Part.AMM_ARBITRAGES, agent_at(s, agent).own, AMM_ARBITRAGE)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    if is_silent(w, s, agent):
        return next_ns
    perp = int(row.perp)
    pool_at = int(instrument_at(w, int(row.pool_instrument)).pool)
    if is_closed(w, perp):
        return next_ns
    _hedge(w, s, agent, row, perp, pool_at)
    if now >= row.busy_until_ns:
        _close_gap(w, s, agent, row, perp, pool_at)
    return next_ns


@rule
def _hedge(w: Any, s: Any, agent: int, row: Any, perp: int, pool_at: int) -> None:
    """Hold as many lots of the perpetual as the account lacks base, or owes more of it."""
    if has_word_under_way(w, int(row.perp_account)):
        return
    extra = units_of(w, int(row.account), int(pool_row(w, pool_at).asset0)) - int(row.start_units)
    wanted = int(-extra / row.lot_units)
    lots = wanted - held_lots(w, int(row.perp_account), perp)
    if lots != 0:
        buy_or_sell(w, s, agent, int(row.perp_account), perp, lots, False)


@rule
def _close_gap(w: Any, s: Any, agent: int, row: Any, perp: int, pool_at: int) -> None:
    price, liquidity = pool_price(w, pool_at), liquidity_of(w, pool_at)
    ask, bid = ask_ticks(w, perp) * row.tick_price, bid_ticks(w, perp) * row.tick_price
    if price <= 0.0 or liquidity <= 0.0 or ask <= 0.0 or bid <= 0.0:
        return
    pool = pool_row(w, pool_at)
    kept, taker = 1.0 - pool.fee_ppm * 1e-6, fee_part(w, perp)
    dear = ask * (1.0 + taker) * (1.0 + row.edge) / kept
    cheap = bid * (1.0 - taker) * (1.0 - row.edge) * kept
    if price > dear:
        base = liquidity * (1.0 / math.sqrt(dear) - 1.0 / math.sqrt(price)) / kept
        base = min(base, row.piece_units / price, 0.98 * units_of(w, int(row.account), int(pool.asset0)))
        _send(w, s, agent, row, pool_at, True, int(base), int(base * dear * kept), base * (price - dear) * 0.5 / price)
    elif price < cheap:
        quote = liquidity * (math.sqrt(cheap) - math.sqrt(price)) / kept
        quote = min(quote, row.piece_units, 0.98 * units_of(w, int(row.account), int(pool.asset1)))
        gain = quote * (cheap - price) * 0.5 / price
        _send(w, s, agent, row, pool_at, False, int(quote), int(quote / cheap * kept), gain / price)


@rule
def _send(
    w: Any, s: Any, agent: int, row: Any, pool_at: int, sells: bool, amount: int, least: int, gain_base: float
) -> None:
    """Swap, if the profit pays more than the gas; ``gain_base`` is it in units of the base, which also pays gas."""
    chain = chain_row(w, pool_row(w, pool_at).blocks)
    gas_units = float(chain.swap_gas) * float(chain.base_fee) / float(chain.gas_price_scale)
    if pool_row(w, pool_at).asset0 != chain.gas_asset:
        gas_units, gain_base = 0.0, 0.0
    if amount <= 0 or least <= 0 or (gas_units > 0.0 and gain_base <= gas_units):
        return
    offered = row.builder_share * max(0.0, gain_base - gas_units)
    tip = min(_MOST_TIP, int(offered * float(chain.gas_price_scale) / float(chain.swap_gas)))
    none = wide.of(0)
    sign(
        w, s, agent, int(row.account), pool_at, Act.SWAP_EXACT_IN.value, sells, 0, 0, 0, tip, wide.of(amount), none,
        wide.of(least), none,
    )  # fmt: skip
    row.busy_until_ns = until_next_block_ns(w, pool_at, int(row.latency_ns)) + 1
