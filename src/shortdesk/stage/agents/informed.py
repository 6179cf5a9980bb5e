"""Informed traders: they know what the asset is worth and take every order that is wrong by more than it costs.

Without them a market is slow to learn: stale orders between the old price and the new worth are eaten by chance alone,
and the price trends for minutes after each piece of news. One looks at the value, and takes what stands on the wrong
side of it by more than the taker's fee and its edge, up to its limit.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import fee_part
from shortdesk.stage.look import ask_ticks, bid_ticks, held_lots
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at, value_at
from shortdesk.stage.pen import take

__all__ = ["INFORMED", "InformedTerms", "open_informed", "wake_informed"]


class InformedTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="informed"
):
    """Informed traders. Defaults are our assumptions."""

    name: str
    instrument: str
    count: int = 3
    order_usd: float = 50_000
    """Most of one trade."""
    limit_usd: float = 5_000_000
    """Most that one holds, long or short."""
    edge_bps: float = 0.5
    """What must be left after the fee."""
    look_s: float = 0.5
    """Mean time between two looks."""
    latency_ms: float = 20.0


INFORMED = row_type(
    ("edge", "<f8"),
    ("rate_per_s", "<f8"),
    ("order_lots", "<i8"),
    ("limit_lots", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
)
"""One informed trader."""


def open_informed(cast: Cast, terms: InformedTerms) -> None:
    """One account and one agent for each."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "informed", Mechanism.ARBITRAGE)
    for index in range(terms.count):
        account = cast.account(market, leverage=5, latency_ms=terms.latency_ms)
        cast.endow(account, market, 2 * terms.limit_usd)
        own = cast.row(
            Part.INFORMED, INFORMED, edge=terms.edge_bps / 1e4, rate_per_s=1.0 / terms.look_s,
            order_lots=market.lots(terms.order_usd), limit_lots=market.lots(terms.limit_usd),
            instrument=market.number, account=account,
        )  # fmt: skip
        cast.agent(AgentKind.INFORMED, own, first_wake_ns=(index + 1) * SECOND_NS)


@rule
def wake_informed(w: Any, s: Any, agent: int) -> int:
    """Take the side that is wrong, if one is; the time of the next look."""
    row = row_at(s, Part.INFORMED, int(agent_at(s, agent).own), INFORMED)
    account, number = int(row.account), int(row.instrument)
    grid = grid_at(s, number)
    worth = value_at(s, int(grid.own_value)).price / grid.tick
    costs = fee_part(w, number) + row.edge
    held = held_lots(w, account, number)
    highest, lowest = int(worth * (1.0 - costs)), int(worth * (1.0 + costs)) + 1
    ask, bid = ask_ticks(w, number), bid_ticks(w, number)
    if ask != 0 and ask <= highest:
        lots = min(int(row.order_lots), int(row.limit_lots) - held)
        if lots > 0:
            take(w, s, agent, account, number, Side.BUY.value, highest, lots, 0)
    elif bid >= lowest:
        lots = min(int(row.order_lots), int(row.limit_lots) + held)
        if lots > 0:
            take(w, s, agent, account, number, Side.SELL.value, lowest, lots, 0)
    return int(clock_of(w).now_ns) + wait_ns(s, agent, row.rate_per_s)
