"""Why the venue did not take an order, in words for a trader."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from shortdesk.ground.order import Refusal

__all__ = ["REFUSALS", "refusal_text"]

REFUSALS: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.VENUE_DOWN: "the venue is down; try again when it is back",
        Refusal.HALTED: "matching is halted; orders are not taken",
        Refusal.ACCOUNT_LIQUIDATING: "your position is being liquidated; the venue takes no orders from you now",
        Refusal.BAD_SIZE: "the size has to be more than zero",
        Refusal.SIZE_TOO_LARGE: "the size is larger than this market takes in one order",
        Refusal.BAD_PRICE: "the price is outside of what this market quotes",
        Refusal.NO_REFERENCE_PRICE: "there is no price yet that a market order could be measured against",
        Refusal.OUTSIDE_PRICE_BAND: "the price is too far from the mark",
        Refusal.NOTHING_TO_REDUCE: "there is no position that this order could reduce",
        Refusal.LEVERAGE_TOO_HIGH: "the leverage is higher than the venue allows for a position of this size",
        Refusal.POSITION_TOO_LARGE: "the position would be larger than the venue allows at this leverage",
        Refusal.NOT_ENOUGH_MARGIN: "not enough free margin; make it smaller or use more leverage",
        Refusal.NOT_ENOUGH_BALANCE: "not enough balance",
        Refusal.NOT_WHILE_OPEN: "leverage and margin mode cannot change while you hold a position or an order",
        Refusal.UNKNOWN_ORDER: "that order is gone: it was filled or withdrawn",
        Refusal.WOULD_TAKE: "a post-only order would have traded at once",
        Refusal.CANNOT_FILL: "the book cannot fill all of it",
    }
)
"""The refusals that an order ticket can meet; others are named as the venue names them."""


def refusal_text(code: int) -> str:
    """One sentence for a refusal."""
    refusal = Refusal(code)
    return REFUSALS.get(refusal, refusal.name.lower().replace("_", " "))
