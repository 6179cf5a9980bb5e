"""The short ticket as a screen shows it: the venues side by side, a stop against each, one explanation unfolded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec

from shortdesk.doors.cli.sizes import parse_date, parse_rate, parse_size, positive
from shortdesk.ground.errors import UsageError
from shortdesk.ground.reference import reference_price, reference_volatility
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import VenueRules, find_venue, load_venue, venue_ids
from shortdesk.study.figure import drawn
from shortdesk.study.short import compare_shorts, short_ticket
from shortdesk.study.ticket import ShortRequest, ShortTicket
from shortdesk.study.ticket_path import equity_chart, payoff_chart, short_path

__all__ = ["ShortView", "StopView", "VenueView", "request_of", "short_view", "stop_view"]

_LOWEST_ENTRY, _HIGHEST_ENTRY = Decimal("1e-12"), Decimal("1e12")
_KINDS = ("linear", "inverse", "option", "spot_margin", "lending")


class StopView(msgspec.Struct, frozen=True):
    """What a stop would cost: fees of both orders and the way between, in the settlement asset."""

    price: float
    loss: float
    of_wallet_pct: float
    is_too_late: bool
    """The position is liquidated before the price gets there."""


class VenueView(msgspec.Struct, frozen=True):
    """One venue's column. ``refusal`` says why it would not take the order; its figures are then missing."""

    venue: str
    name: str
    symbol: str
    kind: str
    mode: str
    settle: str
    refusal: str
    notes: tuple[str, ...]
    leverage: float | None = None
    quantity: float | None = None
    notional: float | None = None
    wallet: float | None = None
    initial_margin: float | None = None
    maintenance_margin: float | None = None
    liquidation: float | None = None
    distance_pct: float | None = None
    bankruptcy: float | None = None
    break_even: float | None = None
    probability: float | None = None
    with_jumps: float | None = None
    fees: float | None = None
    carry_per_day: float | None = None
    carry: float | None = None
    carry_assumption: str = ""
    stop: StopView | None = None


class ShortView(msgspec.Struct, frozen=True):
    """The ticket: what was asked with its defaults filled in, the columns, and the unfolded explanation."""

    symbol: str
    entry: float
    horizon_days: float
    volatility: float | None
    said: list[str]
    venues: list[VenueView]
    explained: str
    explanation: tuple[str, ...]
    sources: tuple[str, ...]
    figures: tuple[str, ...] = ()
    """The payoff and the equity over the price of the explained venue, drawn."""


def request_of(given: Mapping[str, str]) -> tuple[ShortRequest, list[str]]:
    """The request that text fields make, and what was filled in for those left empty.

    Raises:
        UsageError: a field that does not read, or no reference price for the coin.
    """
    symbol = given.get("symbol", "").strip()
    if not symbol:
        raise UsageError("symbol is empty; expected a coin such as BTC, or a venue's own symbol")
    said = []
    base = _base_of(symbol)
    entry = positive(given.get("entry") or None, "entry")
    if entry is None:
        known = reference_price(base)
        if known is None:
            raise UsageError(f"there is no reference price for {base}; give an entry")
        entry = known.price
        said.append(f"Entry not given: {base} at {known.price}, as seen on {known.day}.")
    if not _LOWEST_ENTRY <= entry <= _HIGHEST_ENTRY:
        raise UsageError(f"entry {entry} is out of reach; expected a price from 1e-12 to 1e12")
    rate = parse_rate(given.get("volatility") or None, "volatility")
    if rate is not None and rate <= 0:
        raise UsageError("volatility has to be more than zero; expected e.g. 0.6 or 60%")
    volatility = None if rate is None else float(rate)
    if volatility is None:
        measured = reference_volatility(base)
        if measured is None:
            said.append(f"No history of {base} is shipped: give a volatility for the probability.")
        else:
            volatility = float(measured.annual)
            said.append(f"Volatility not given: {volatility:.1%} a year, {measured.first} to {measured.last}.")
    request = ShortRequest(
        symbol=symbol,
        size=parse_size(_with_unit(given.get("size", "").strip() or "1", base)),
        entry=entry,
        day=parse_date(None),
        leverage=positive(given.get("leverage") or None, "leverage"),
        horizon_days=positive(given.get("horizon") or None, "horizon") or Decimal(7),
        volatility=volatility,
    )
    return request, said


def short_view(given: Mapping[str, str]) -> ShortView:
    """The ticket on every venue; the venue in ``explain`` is unfolded.

    Raises:
        UsageError: a field that does not read, or a venue that there is not.
    """
    request, said = request_of(given)
    stop = positive(given.get("stop") or None, "stop")
    if stop is not None and stop <= request.entry:
        raise UsageError(f"stop {stop} is not above the entry {request.entry}; a short's stop is a buy above it")
    tickets = compare_shorts(_venues(), request)
    explained = given.get("explain", "")
    explanation: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    if explained:
        ticket = _explained(explained, request)
        explanation, sources = ticket.explanation or (ticket.refusal,), ticket.sources
        figures = _figures(explained, request, ticket, stop)
    return ShortView(
        symbol=request.symbol,
        entry=float(request.entry),
        horizon_days=float(request.horizon_days),
        volatility=request.volatility,
        said=said,
        venues=sorted((_column(one, stop) for one in tickets), key=lambda one: bool(one.refusal)),
        explained=explained,
        explanation=explanation,
        sources=sources,
        figures=figures,
    )


def _figures(venue: str, request: ShortRequest, ticket: ShortTicket, stop: Decimal | None) -> tuple[str, ...]:
    if ticket.refusal:
        return ()
    points = short_path(find_venue(venue), request, ticket)
    return drawn(payoff_chart(ticket, points, stop)), drawn(equity_chart(ticket, points, stop))


def stop_view(ticket: ShortTicket, stop: Decimal) -> StopView | None:
    """The stop against one ticket; linear: q (stop - entry), inverse: q (1 - entry / stop) coins, each with fees."""
    if ticket.quantity is None or ticket.open_fee is None or ticket.close_fee is None or not ticket.wallet:
        return None
    if ticket.kind == "inverse":
        way = ticket.quantity * (1 - ticket.entry_price / stop)
        fee = ticket.close_fee * ticket.entry_price / stop
    else:
        way = ticket.quantity * (stop - ticket.entry_price)
        fee = ticket.close_fee * stop / ticket.entry_price
    loss = way + ticket.open_fee + fee
    line = ticket.liquidation_price
    return StopView(float(stop), float(loss), float(100 * loss / ticket.wallet), line is not None and stop >= line)


def _explained(venue: str, request: ShortRequest) -> ShortTicket:
    rules = find_venue(venue)
    asked = replace(request, explain=True)
    refused = compare_shorts([rules], request)[0]
    return refused if refused.refusal else short_ticket(rules, asked)


def _venues() -> Sequence[VenueRules]:
    return sorted(map(load_venue, venue_ids()), key=lambda rules: _KINDS.index(rules.product[0].kind))


def _with_unit(size: str, base: str) -> str:
    """A plain number is coins."""
    return f"{size}{base}" if size.replace(".", "", 1).isdigit() else size


def _base_of(symbol: str) -> str:
    complaint: UsageError | None = None
    for rules in _venues():
        try:
            return resolve(rules, None, symbol, parse_date(None)).base
        except UsageError as error:
            complaint = complaint or error
    assert complaint is not None
    raise complaint


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _column(ticket: ShortTicket, stop: Decimal | None) -> VenueView:
    carry, odds = ticket.carry, ticket.odds
    jumps = odds.probability.with_jumps if odds and odds.probability else None
    fees = None if ticket.open_fee is None or ticket.close_fee is None else float(ticket.open_fee + ticket.close_fee)
    return VenueView(
        venue=ticket.venue,
        name=ticket.name,
        symbol=ticket.symbol,
        kind=ticket.kind.replace("_", " "),
        mode=ticket.mode,
        settle=ticket.settle,
        refusal=ticket.refusal,
        notes=ticket.notes,
        leverage=_number(ticket.leverage),
        quantity=_number(ticket.quantity),
        notional=_number(ticket.notional),
        wallet=_number(ticket.wallet),
        initial_margin=_number(ticket.initial_margin),
        maintenance_margin=_number(ticket.maintenance_margin),
        liquidation=_number(ticket.liquidation_price),
        distance_pct=_number(ticket.distance_pct),
        bankruptcy=_number(ticket.bankruptcy_price),
        break_even=_number(ticket.break_even_price),
        probability=ticket.liquidation_probability,
        with_jumps=jumps,
        fees=fees,
        carry_per_day=_number(carry.per_day) if carry else None,
        carry=_number(carry.per_horizon) if carry else None,
        carry_assumption=carry.assumption if carry else "",
        stop=None if stop is None or ticket.refusal else stop_view(ticket, stop),
    )
