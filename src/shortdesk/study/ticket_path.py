"""A short over the price: profit, equity and requirement at each price by the venue's own rules, drawn.

Where equity meets the requirement the venue liquidates; where it meets zero the position is bankrupt. The path of the
price does not matter for either, but it may not come back from the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.venue import VenueRules
from shortdesk.study.figure import Curve, CurveChart, PriceMark
from shortdesk.study.ticket import ShortRequest, ShortTicket, place, sized
from shortdesk.study.ticket_loan import loan_figures
from shortdesk.study.ticket_perp import perp_figures

__all__ = ["PathPoint", "equity_chart", "payoff_chart", "short_path"]

POINTS = 48
_BELOW, _ABOVE, _FAR = 1.15, 1.3, Fraction(6, 10)


class PathPoint(NamedTuple):
    """A price and what the short comes to there, in the settlement asset."""

    price: float
    profit: float
    equity: float
    requirement: float


def short_path(rules: VenueRules, request: ShortRequest, ticket: ShortTicket) -> list[PathPoint]:
    """The short at prices around its entry, as far as its bankruptcy price and a little beyond, mirrored below.

    ``ticket`` is the venue's answer to the request. Fees and carry are left out; the wallet is what the ticket says.

    Raises:
        UsageError: the venue would not take it.
    """
    product, resolved = place(rules, request)
    order = sized(rules, product, resolved, request)
    is_loan = product.kind in ("spot_margin", "lending")
    figures = loan_figures(order, request) if is_loan else perp_figures(order, request)
    found = []
    for price in _prices(request.entry, ticket):
        equity, requirement = figures(price)
        profit = equity - (ticket.wallet or Decimal(0))
        found.append(PathPoint(float(price), float(profit), float(equity), float(requirement)))
    return found


def _prices(entry: Decimal, ticket: ShortTicket) -> Sequence[Decimal]:
    """Evenly spread, and those that are marked."""
    far = ticket.bankruptcy_price or ticket.liquidation_price
    way = Fraction(far) - Fraction(entry) if far is not None else _FAR * Fraction(entry)
    way = min(max(way, Fraction(entry) / 1000), 3 * Fraction(entry))
    low = max(Fraction(entry) - Fraction(_BELOW) * way, Fraction(entry) / 50)
    high = Fraction(entry) + Fraction(_ABOVE) * way
    even = [low + (high - low) * at / POINTS for at in range(POINTS + 1)]
    marked = [Fraction(one) for one in (entry, ticket.liquidation_price, ticket.bankruptcy_price) if one is not None]
    places = Decimal(1).scaleb(-12)
    return sorted(
        {
            (Decimal(one.numerator) / Decimal(one.denominator)).quantize(places)
            for one in (*even, *marked)
            if low <= one <= high
        }
    )


def payoff_chart(ticket: ShortTicket, points: Sequence[PathPoint], stop: Decimal | None = None) -> CurveChart:
    """Profit by price: alive up to the liquidation price; from there on the wallet is what it cost."""
    dead = float(ticket.liquidation_price) if ticket.liquidation_price is not None else None
    alive = [one for one in points if dead is None or one.price <= dead]
    curves = [Curve("profit", [one.price for one in alive], [one.profit for one in alive])]
    told = "Before fees and carry."
    if dead is not None and alive:
        lost = -float(ticket.wallet or 0)
        edge = max(points[-1].price, dead)
        curves.append(
            Curve("at worst, after liquidation", [dead, dead, edge], [alive[-1].profit, lost, lost], "danger")
        )
        told = "Before fees and carry. At the liquidation price the venue closes it; at worst the whole wallet is gone."
    return CurveChart(
        f"What it pays, {ticket.name}", curves, _marked(ticket, stop), dead, 0.0, ticket.settle, "", told
    )  # fmt: skip


def equity_chart(ticket: ShortTicket, points: Sequence[PathPoint], stop: Decimal | None = None) -> CurveChart:
    """Equity against the maintenance requirement as the price rises; where they meet the venue liquidates."""
    rising = [one for one in points if one.price >= float(ticket.entry_price) * 0.999]
    prices = [one.price for one in rising]
    curves = [
        Curve("equity", prices, [one.equity for one in rising]),
        Curve("maintenance requirement", prices, [one.requirement for one in rising], "danger"),
    ]
    dead = float(ticket.liquidation_price) if ticket.liquidation_price is not None else None
    told = "Where equity meets the requirement the venue liquidates; where it meets zero the position is bankrupt."
    if dead is None:
        told = "Equity never meets the requirement: there is no liquidation price."
    return CurveChart(
        f"Equity as the price rises, {ticket.name}", curves, _marked(ticket, stop), dead, 0.0, ticket.settle, "", told
    )  # fmt: skip


def _marked(ticket: ShortTicket, stop: Decimal | None) -> list[PriceMark]:
    named = (
        ("entry", ticket.entry_price, "quiet"), ("stop", stop, "good"),
        ("liquidation", ticket.liquidation_price, "danger"), ("bankruptcy", ticket.bankruptcy_price, "quiet"),
    )  # fmt: skip
    return [
        PriceMark(f"{name} {_price(price)}", float(price), tone)  # type: ignore[arg-type]
        for name, price, tone in named
        if price is not None
    ]


def _price(price: Decimal) -> str:
    places = 1 if price >= 1000 else 3 if price >= 1 else 8
    return f"{price:,.{places}f}"
