"""Searchers: they read what waits for the next block of a pool and put a swap before it and one behind it.

A victim pays v for at least m of the other asset. In the coordinate x that its payment raises (√P where it buys the
base, 1 / √P where it sells), a payment moves x by v g / L, g = 1 - fee, and pays out L (1 / x_before - 1 / x_after).
The largest payment before it that leaves it exactly m takes x to

    x_1 = (√(d² + 4 d L / m) - d) / 2,    d = v g / L

as long as the range's liquidity L lasts. The searcher sends it with one more than the victim's priority fee, and the
way back with the same fee as the victim and a later place. Where its money allows less it does less. It attacks where
what comes back exceeds what was paid and the gas of both; the first found is enough. Each swap has a bound, so that one
which would lose fails, as where somebody with a higher fee moved the price first; the other then leaves stock. Source
of the idea: Zhou et al. (2021); the closed form is our own (``study/amm.py``).
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.blocks import Act, is_visible
from shortdesk.market.pool_rows import chain_row, pool_row, transaction_row
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.dex import chain_of, liquidity_of, pool_price, sign
from shortdesk.stage.funds import units_of
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import is_silent

__all__ = ["AMM_SEARCHER", "AmmSearcherTerms", "open_amm_searchers", "wake_amm_searcher"]

_MOST_LOOKED_AT = 500
_SAFETY = 1.000001
"""So much more than its bound is left to a victim: floats are not exact."""


class AmmSearcherTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="amm_searcher"
):
    """Searchers of one pool. Defaults are our assumptions."""

    name: str
    instrument: str
    """A pool whose base pays gas."""
    count: int = 1
    wealth_usd: float = 1_000_000
    """Of each, half of it in the base."""
    lead_ms: float = 200.0
    """How long before a block it looks; what arrives later is not seen."""
    latency_ms: float = 20.0


AMM_SEARCHER = row_type(
    ("lead_ns", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("attacks", "<i8"),  # so far
)
"""One searcher."""


def open_amm_searchers(cast: Cast, terms: AmmSearcherTerms) -> None:
    """One account and one agent for each."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "amm_searcher", Mechanism.MEV)
    for _ in range(terms.count):
        account = cast.account(market, latency_ms=terms.latency_ms)
        cast.endow(account, market, terms.wealth_usd / 2)
        own = cast.row(
            Part.AMM_SEARCHERS, AMM_SEARCHER, lead_ns=int(terms.lead_ms * 1e6), instrument=market.number,
            account=account,
        )  # fmt: skip
        cast.agent(AgentKind.AMM_SEARCHER, own, first_wake_ns=1)


@rule
def wake_amm_searcher(w: Any, s: Any, agent: int) -> int:
    """Look at what waits, shortly before the block, and attack the first that pays."""
    row = row_at(s, Part.AMM_SEARCHERS, agent_at(s, agent).own, AMM_SEARCHER)
    pool_at = int(instrument_at(w, int(row.instrument)).pool)
    chain = chain_row(w, chain_of(w, pool_at))
    now = int(clock_of(w).now_ns)
    look_ns = int(chain.due_ns) - int(row.lead_ns)
    if now < look_ns:
        return look_ns
    if not is_silent(w, s, agent):
        at = int(chain.first_pending)
        for _ in range(_MOST_LOOKED_AT):
            if at == 0 or _attack(w, s, agent, row, pool_at, at):
                break
            at = int(transaction_row(w, at).next)
    return look_ns + int(chain.interval_ns)


@rule
def _attack(w: Any, s: Any, agent: int, row: Any, pool_at: int, at: int) -> bool:
    """Sandwich a waiting swap if that pays; whether it was done."""
    victim, account = transaction_row(w, at), int(row.account)
    least, liquidity = _SAFETY * wide.approximately(wide.load(victim.bound)), liquidity_of(w, pool_at)
    is_prey = victim.act == Act.SWAP_EXACT_IN and victim.pool == pool_at and victim.account != account
    if not is_prey or not is_visible(w, at, account) or least <= 0.0 or liquidity <= 0.0:
        return False
    pool = pool_row(w, pool_at)
    chain = chain_row(w, pool.blocks)
    sells = victim.zero_for_one != 0
    kept = 1.0 - pool.fee_ppm * 1e-6
    root = math.sqrt(pool_price(w, pool_at))
    here = 1.0 / root if sells else root
    step = wide.approximately(wide.load(victim.amount)) * kept / liquidity
    there = 0.5 * (math.sqrt(step * step + 4.0 * step * liquidity / least) - step)
    has = 0.9 * units_of(w, account, int(pool.asset0) if sells else int(pool.asset1))
    paid = min((there - here) * liquidity / kept, has)
    if paid <= 0.0:
        return False
    there = here + paid * kept / liquidity
    bought = liquidity * (1.0 / here - 1.0 / there)
    behind = there + step
    back = liquidity * (behind - 1.0 / (1.0 / behind + bought * kept / liquidity))
    tip = int(victim.priority_fee) + 1
    gas = 2.0 * chain.swap_gas * (float(chain.base_fee) + tip) / float(chain.gas_price_scale)
    if not sells:
        gas *= root * root
    if back - paid <= gas:
        return False
    none, stock, first = wide.of(0), wide.of(int(0.999 * bought)), wide.of(int(paid))
    act = Act.SWAP_EXACT_IN.value
    sign(w, s, agent, account, pool_at, act, sells, 0, 0, 0, tip, first, none, stock, none)
    sign(w, s, agent, account, pool_at, act, not sells, 0, 0, 0, tip - 1, stock, none, first, none)
    row.attacks += 1
    return True
