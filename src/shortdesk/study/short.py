"""What does this short need, cost and risk: one venue, or all of them side by side."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from shortdesk.ground.errors import ShortdeskError
from shortdesk.ground.venue import VenueRules
from shortdesk.study.ticket import ShortRequest, ShortTicket, place, sized
from shortdesk.study.ticket_loan import loan_ticket
from shortdesk.study.ticket_perp import perp_ticket

__all__ = ["compare_shorts", "short_ticket"]


def short_ticket(rules: VenueRules, request: ShortRequest) -> ShortTicket:
    """A short on one venue.

    Raises:
        UsageError: the venue would not take it; the message says why.
        InputError: size or price off the venue's grid.
    """
    product, resolved = place(rules, request)
    order = sized(rules, product, resolved, request)
    if product.kind in ("spot_margin", "lending"):
        return loan_ticket(order, request)
    return perp_ticket(order, request)


def compare_shorts(venues: Sequence[VenueRules], request: ShortRequest) -> list[ShortTicket]:
    """The same short on several venues; one that would not take it has ``refusal`` set."""
    return [_ticket_or_refusal(rules, request) for rules in venues]


def _ticket_or_refusal(rules: VenueRules, request: ShortRequest) -> ShortTicket:
    try:
        return short_ticket(rules, request)
    except ShortdeskError as refusal:
        try:
            _, resolved = place(rules, request)
            symbol, kind, settle = resolved.symbol, resolved.kind, resolved.settle
        except ShortdeskError:
            symbol, kind, settle = request.symbol, request.kind or rules.kinds()[0], ""
        return ShortTicket(
            venue=rules.venue,
            name=rules.name,
            symbol=symbol,
            kind=kind,
            mode=request.mode or "",
            settle=settle,
            leverage=request.leverage if request.leverage is not None else Decimal(0),
            entry_price=request.entry,
            refusal=str(refusal),
        )
