"""Venues of pools on the Stage: opening them, what an agent sees of a pool, and what it signs.

Prices here are floats, in units of the quote per unit of the base (asset 1 per asset 0). Liquidity is Uniswap's L =
√(base × quote) for both forms of pool: within a range a swap of dy quote moves √price by dy / L.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.units import Nanos, Ppm
from shortdesk.ground.wide import Wide
from shortdesk.market.blocks import Transaction, write
from shortdesk.market.command import CommandKind
from shortdesk.market.open_dex import open_blocks, open_pool
from shortdesk.market.open_pool import sqrt_price_x96_of
from shortdesk.market.pool import PoolForm
from shortdesk.market.pool_rows import chain_row, pool_row, position_row
from shortdesk.market.tables import Shelf, clock_of, shelf_at
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.parts import VALUE, Part, agent_at
from shortdesk.stage.pen import begin, is_silent, say

if TYPE_CHECKING:
    from shortdesk.stage.scenario import Scenario

__all__ = [
    "GWEI",
    "MOST_TRANSACTIONS",
    "chain_of",
    "fee_growth",
    "is_flat",
    "liquidity_of",
    "open_dexes",
    "pool_price",
    "position_of",
    "sign",
    "until_next_block_ns",
]

GWEI = 10**9
"""Gas prices are counted in 10^-18 of the gas asset, so many of which are one gwei."""
MOST_TRANSACTIONS = 4
"""Transactions of one wake: so much room the loop keeps for them."""
_GAS_DIGITS = 18
_TWO_96 = 2.0**96
_TWO_128 = 2.0**128


# --- opening ------------------------------------------------------------------------------------------------


def open_dexes(cast: Cast, scenario: Scenario) -> None:
    """Every chain and every pool of the scenario; a pool is a market like an instrument.

    Raises:
        UsageError: a tick times a lot, or a lot, is no whole number of units.
    """
    chains: dict[str, int] = {}
    for terms in scenario.chain:
        digits = cast.digits[terms.gas_asset]
        found = open_blocks(
            cast.world, cast.venues[terms.name], gas_asset=cast.assets[terms.gas_asset],
            first_due_ns=Nanos(cast.start_ns + int(terms.block_s * 1e9)), interval_ns=Nanos(int(terms.block_s * 1e9)),
            base_fee=round(terms.base_fee_gwei * GWEI), gas_price_scale=10 ** (_GAS_DIGITS - digits),
        )  # fmt: skip
        chains[terms.name] = found.chain
        cast.account_names[found.builder] = f"builder of {terms.name}"
        cast.account_names[found.burner] = f"burnt gas of {terms.name}"
    for one in scenario.pool:
        tick, lot = Fraction(one.tick), Fraction(one.lot)
        unit, base_unit = (Fraction(1, 10 ** cast.digits[asset]) for asset in (one.quote, one.base))
        factor, base_units = tick * lot / unit, lot / base_unit
        if factor.denominator != 1 or base_units.denominator != 1:
            raise UsageError(
                f"pool {one.name}: tick times lot, and lot, have to be whole units; give {one.quote} or {one.base} "
                "more decimals"
            )
        price = Fraction(one.price) * base_unit / unit
        root = sqrt_price_x96_of(price.numerator, price.denominator) if one.form == "concentrated" else 0
        pool = open_pool(
            cast.world, chains[one.venue], base_asset=cast.assets[one.base], quote_asset=cast.assets[one.quote],
            factor=factor.numerator, base_units=base_units.numerator, fee_ppm=Ppm(round(100 * one.fee_bps)),
            sqrt_price_x96=root, highest_ticks=min(1 << 31, int(50 * one.price / one.tick)),
        )  # fmt: skip
        cast.account_names[pool.account] = f"reserves of {one.name}"
        value = cast.values.setdefault(one.base, 0)
        if value == 0:
            value = cast.values[one.base] = cast.row(Part.VALUES, VALUE, price=float(one.price))
        cast.markets[one.name] = Market(
            number=pool.instrument, venue=cast.venues[one.venue], price=float(one.price), tick=tick, lot=lot, unit=unit,
            settle_asset=cast.assets[one.quote], base_asset=cast.assets[one.base], base_unit=base_unit, is_perp=False,
            value=value,
        )  # fmt: skip


# --- looking ------------------------------------------------------------------------------------------------


@rule
def chain_of(w: Any, pool_at: int) -> int:
    """The chain that a pool stands on."""
    return int(pool_row(w, pool_at).blocks)


@rule
def is_flat(w: Any, pool_at: int) -> bool:
    """Whether a pool keeps the product of its reserves, at all prices."""
    return bool(pool_row(w, pool_at).form == PoolForm.CONSTANT_PRODUCT)


@rule
def pool_price(w: Any, pool_at: int) -> float:
    """Units of the quote per unit of the base; 0 where the pool is empty."""
    pool = pool_row(w, pool_at)
    if pool.form == PoolForm.CONSTANT_PRODUCT:
        base = wide.approximately(wide.load(pool.reserve0))
        return wide.approximately(wide.load(pool.reserve1)) / base if base > 0.0 else 0.0
    root = wide.approximately(wide.load(pool.sqrt_price_x96)) / _TWO_96
    return root * root


@rule
def liquidity_of(w: Any, pool_at: int) -> float:
    """L at the present price."""
    pool = pool_row(w, pool_at)
    if pool.form == PoolForm.CONSTANT_PRODUCT:
        product = wide.approximately(wide.load(pool.reserve0)) * wide.approximately(wide.load(pool.reserve1))
        return math.sqrt(product)
    return wide.approximately(wide.load(pool.liquidity))


@rule
def fee_growth(w: Any, pool_at: int) -> float:
    """All fees so far per worth of a position over all prices: (g1 + g0 P) / (2 √P), or L / shares."""
    pool = pool_row(w, pool_at)
    if pool.form == PoolForm.CONSTANT_PRODUCT:
        shares = wide.approximately(wide.load(pool.shares))
        return liquidity_of(w, pool_at) / shares if shares > 0.0 else 1.0
    price = pool_price(w, pool_at)
    growth0 = wide.approximately(wide.load(pool.fee_growth0_x128)) / _TWO_128
    growth1 = wide.approximately(wide.load(pool.fee_growth1_x128)) / _TWO_128
    return (growth1 + growth0 * price) / (2.0 * math.sqrt(price))


@rule
def position_of(w: Any, pool_at: int, account: int) -> int:
    """The first position of an account in a pool; 0 for none."""
    for at in range(1, shelf_at(w, Shelf.POSITIONS).used + 1):
        position = position_row(w, at)
        if position.pool == pool_at and position.account == account:
            return at
    return 0


@rule
def until_next_block_ns(w: Any, pool_at: int, latency_ns: int) -> int:
    """When what is sent now, so long under way, has been in a block."""
    chain = chain_row(w, chain_of(w, pool_at))
    arrives_ns = clock_of(w).now_ns + latency_ns
    due_ns = int(chain.due_ns)
    if arrives_ns >= due_ns:
        due_ns += ((arrives_ns - due_ns) // int(chain.interval_ns) + 1) * int(chain.interval_ns)
    return due_ns


# --- signing ------------------------------------------------------------------------------------------------


@rule
def sign(
    w: Any,
    s: Any,
    agent: int,
    account: int,
    pool_at: int,
    act: int,
    zero_for_one: bool,
    position: int,
    low_tick: int,
    high_tick: int,
    tip: int,
    amount: Wide,
    amount1: Wide,
    bound: Wide,
    limit_x96: Wide,
) -> None:
    """Write a transaction and send it over the account's link; it pays up to twice the present base fee and the tip.

    It runs out after five blocks. A silent agent writes nothing.
    """
    if is_silent(w, s, agent):
        return
    pool = pool_row(w, pool_at)
    chain = chain_row(w, pool.blocks)
    now = int(clock_of(w).now_ns)
    sent = Transaction(
        act, account, pool_at, zero_for_one, position, low_tick, high_tick, 2 * int(chain.base_fee) + tip, tip,
        now + 5 * int(chain.interval_ns), False, int(agent_at(s, agent).mechanism), -1,
    )  # fmt: skip
    at = write(w, sent, amount, amount1, bound, wide.of(0), limit_x96)
    if at != 0:
        begin(w, s, agent, CommandKind.TRANSACT.value, account, int(pool.instrument)).client_id = at
        say(w, s, agent)
