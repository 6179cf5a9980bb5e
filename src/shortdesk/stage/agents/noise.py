"""Ambient flow near the touch: impatient market orders and short-lived limit orders, reacting to the queues.

Queue-reactive in the reduced form (imbalance, spread): a taker leans towards the thinner side of the book and holds
back where the spread is wide (Huang, Lehalle and Rosenbaum 2015, and its successors conditioned on imbalance and
spread). Sizes are log-normal. Proposal times are those of a Poisson clock at the highest rate; what the state refuses
is thinned out, so the times do not move when the state does.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import below, chance, exponential, normal, wait_ns
from shortdesk.stage.look import ask_ticks, bid_ticks, imbalance, mid_ticks, rests, spread_ticks
from shortdesk.stage.parts import SLOT, AgentKind, Part, agent_at, slot_at
from shortdesk.stage.pen import buy_or_sell, cancel, place

__all__ = ["NOISE", "NoiseTerms", "open_noise", "wake_noise"]


class NoiseTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="noise"):
    """Flow without a view. Defaults are our assumptions."""

    name: str
    instrument: str
    takers_per_s: float
    taker_usd: float
    """Mean size of a market order."""
    size_sigma: float = 1.2
    """Of the logarithm of sizes."""
    lean: float = 0.5
    """By how much a full imbalance moves the chance of buying away from one half."""
    usual_spread_bps: float = 2.0
    """Takers hold back in proportion where the spread is wider."""
    slots: int = 200
    """Places for short-lived limit orders."""
    lifetime_s: float = 15.0
    limit_usd: float = 2_000.0
    far_bps: float = 4.0
    """Mean distance of a limit order from the other side's best price."""
    accounts: int = 200
    wealth_usd: float = 1_000_000


NOISE = row_type(
    ("taker_rate_per_s", "<f8"),
    ("rate_per_s", "<f8"),
    ("taker_lots", "<f8"),
    ("size_sigma", "<f8"),
    ("lean", "<f8"),
    ("usual_spread", "<f8"),  # part of the price
    ("limit_lots", "<f8"),
    ("far", "<f8"),  # part of the price
    ("instrument", "<i8"),
    ("first_slot", "<i8"),
    ("slot_count", "<i8"),
    ("first_account", "<i8"),
    ("account_count", "<i8"),
)
"""Ambient flow of one market."""


def open_noise(cast: Cast, terms: NoiseTerms) -> None:
    """Accounts, slots and one agent for all of them."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "noise", Mechanism.NOISE)
    accounts = [cast.account(market, leverage=5) for _ in range(terms.accounts)]
    for account in accounts:
        cast.endow(account, market, terms.wealth_usd)
    lot_worth = market.price * float(market.lot)
    own = cast.row(
        Part.NOISES, NOISE, taker_rate_per_s=terms.takers_per_s,
        rate_per_s=terms.takers_per_s + terms.slots / terms.lifetime_s, taker_lots=terms.taker_usd / lot_worth,
        size_sigma=terms.size_sigma, lean=terms.lean, usual_spread=terms.usual_spread_bps / 1e4,
        limit_lots=terms.limit_usd / lot_worth, far=terms.far_bps / 1e4, instrument=market.number,
        first_slot=cast.rows(Part.SLOTS, SLOT, terms.slots), slot_count=terms.slots, first_account=accounts[0],
        account_count=len(accounts),
    )  # fmt: skip
    cast.agent(AgentKind.NOISE, own)


@rule
def wake_noise(w: Any, s: Any, agent: int) -> int:
    """One market order, or one slot that comes or goes. As many draws whatever happens."""
    row = row_at(s, Part.NOISES, agent_at(s, agent).own, NOISE)
    kind, who, first, second = chance(s, agent), below(s, agent, 1 << 40), chance(s, agent), chance(s, agent)
    size = exp(row.size_sigma * normal(s, agent) - 0.5 * row.size_sigma * row.size_sigma)
    far = exponential(s, agent)
    if kind * row.rate_per_s < row.taker_rate_per_s:
        _take(w, s, agent, row, who, first, second, size)
    else:
        _toggle(w, s, agent, row, who, first, size, far)
    return int(clock_of(w).now_ns) + wait_ns(s, agent, row.rate_per_s)


@rule
def _take(w: Any, s: Any, agent: int, row: Any, who: int, first: float, second: float, size: float) -> None:
    """A market order; its chance shrinks with the spread, its side leans to where less stands in the way."""
    number = int(row.instrument)
    spread = spread_ticks(w, number)
    usual = row.usual_spread * mid_ticks(w, number)
    if spread > usual and first * spread > usual:
        return
    buys = second < 0.5 * (1.0 + row.lean * imbalance(w, number))
    lots = max(1, int(row.taker_lots * size + 0.5))
    account = int(row.first_account + who % row.account_count)
    buy_or_sell(w, s, agent, account, number, lots if buys else -lots, False)


@rule
def _toggle(w: Any, s: Any, agent: int, row: Any, who: int, first: float, size: float, far: float) -> None:
    """A slot in the book leaves it; one outside comes in at a distance from the other side's best price.

    Where the other side is empty it is the last price that counts.
    """
    number = int(row.instrument)
    at = int(row.first_slot) + who % int(row.slot_count)
    slot = slot_at(s, at)
    account = int(row.first_account + (at - row.first_slot) % row.account_count)
    if slot.client_id != 0 and rests(w, account, number, int(slot.client_id)) != 0:
        cancel(w, s, agent, account, number, int(slot.client_id))
        slot.client_id = 0
        return
    is_bid = first < 0.5
    other = ask_ticks(w, number) if is_bid else bid_ticks(w, number)
    mid = mid_ticks(w, number)
    other = other if other != 0 else int(mid)
    away = 1 + int(row.far * mid * far)
    ticks = other - away if is_bid else other + away
    side = Side.BUY.value if is_bid else Side.SELL.value
    if other != 0 and ticks > 0:
        slot.client_id = place(w, s, agent, account, number, side, ticks, max(1, int(row.limit_lots * size + 0.5)), 0)
