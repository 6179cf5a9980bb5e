"""Metaorder traders: large intentions, sold or bought in small pieces over time.

Sizes follow a Pareto law with tail exponent α and pieces keep their sign until the whole is done; that gives the signs
of trades an autocorrelation that falls like lag^-(α - 1) (Lillo, Mike and Farmer 2005). One trader works on one
metaorder at a time. A trader with a time of its own does one given order and then no other.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import power
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, chance, exponential
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import buy_or_sell
from shortdesk.stage.wakes import NEVER_NS

__all__ = ["METAORDER", "MetaorderTerms", "open_metaorders", "wake_metaorder"]


class MetaorderTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="metaorder"
):
    """Large intentions. Defaults are our assumptions, the tail exponent the field's."""

    name: str
    instrument: str
    traders: int = 1
    gap_s: float = 600
    """Mean pause of one trader between two metaorders."""
    smallest_usd: float = 20_000
    tail: float = 1.5
    largest_usd: float = 2_000_000
    piece_usd: float = 5_000
    """Mean size of a piece."""
    pause_s: float = 4
    """Mean pause between two pieces."""
    wealth_usd: float = 5_000_000
    at_s: float = -1
    """A given order instead: when it begins."""
    amount_usd: float = 0
    """A given order's size; negative: it sells."""


METAORDER = row_type(
    ("gap_s", "<f8"),
    ("smallest_lots", "<f8"),
    ("tail", "<f8"),
    ("largest_lots", "<f8"),
    ("piece_lots", "<f8"),
    ("pause_s", "<f8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("left_lots", "<i8"),  # of the metaorder under way, selling < 0
    ("is_given", "<i8"),
)
"""One trader of metaorders."""


def open_metaorders(cast: Cast, terms: MetaorderTerms) -> None:
    """One account and one agent for each trader."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "metaorder", Mechanism.METAORDER)
    is_given = terms.at_s >= 0
    lot_worth = market.price * float(market.lot)
    for index in range(1 if is_given else terms.traders):
        account = cast.account(market, leverage=5, latency_ms=100)
        cast.endow(account, market, terms.wealth_usd)
        lots = market.lots(abs(terms.amount_usd)) if is_given else 0
        own = cast.row(
            Part.METAORDERS, METAORDER, gap_s=terms.gap_s, smallest_lots=terms.smallest_usd / lot_worth,
            tail=terms.tail, largest_lots=terms.largest_usd / lot_worth, piece_lots=terms.piece_usd / lot_worth,
            pause_s=terms.pause_s, instrument=market.number, account=account, is_given=int(is_given),
            left_lots=-lots if terms.amount_usd < 0 else lots,
        )  # fmt: skip
        first_s = terms.at_s if is_given else terms.gap_s * (index + 0.5) / terms.traders
        cast.agent(AgentKind.METAORDER, own, first_wake_ns=int(first_s * SECOND_NS))


@rule
def wake_metaorder(w: Any, s: Any, agent: int) -> int:
    """The next piece; after the last one a pause, then a new metaorder."""
    row = row_at(s, Part.METAORDERS, agent_at(s, agent).own, METAORDER)
    now = int(clock_of(w).now_ns)
    if row.left_lots == 0:
        if row.is_given:
            return NEVER_NS
        whole = row.smallest_lots * power(1.0 - chance(s, agent), -1.0 / row.tail)
        lots = max(1, int(min(whole, row.largest_lots)))
        row.left_lots = lots if chance(s, agent) < 0.5 else -lots
    piece = min(abs(int(row.left_lots)), max(1, int(row.piece_lots * exponential(s, agent) + 0.5)))
    signed = piece if row.left_lots > 0 else -piece
    buy_or_sell(w, s, agent, int(row.account), int(row.instrument), signed, False)
    row.left_lots -= signed
    pause_s = row.pause_s if row.left_lots != 0 else row.gap_s
    return now + max(1, int(exponential(s, agent) * pause_s * SECOND_NS))
