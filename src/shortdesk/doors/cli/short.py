"""``shortdesk short``: a short on one venue or on all of them, one column each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.output import check_form, console, emit, money, notice
from shortdesk.doors.cli.short_table import render_tickets
from shortdesk.doors.cli.sizes import parse_date, parse_rate, parse_size, positive
from shortdesk.ground.errors import UsageError
from shortdesk.ground.reference import reference_price, reference_volatility
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import VenueRules, find_venue, load_venue, venue_ids
from shortdesk.study.short import compare_shorts, short_ticket
from shortdesk.study.ticket import ShortRequest, ShortTicket

__all__ = ["short", "ticket_row"]

_KINDS = ("linear", "inverse", "option", "spot_margin", "lending")
"""Venues stand side by side in this order of what they mainly offer."""

_LOWEST_ENTRY, _HIGHEST_ENTRY = Decimal("1e-12"), Decimal("1e12")


def short(
    symbol: str,
    size: Annotated[str, Parameter(allow_leading_hyphen=True)],
    *,
    venue: str = "all",
    kind: Literal["linear", "inverse", "spot_margin", "lending"] | None = None,
    entry: str | None = None,
    leverage: str | None = None,
    margin: Literal["isolated", "cross"] | None = None,
    wallet: str | None = None,
    date: str | None = None,
    horizon: str = "7",
    volatility: str | None = None,
    funding: str | None = None,
    borrow_rate: str | None = None,
    explain: bool = False,
    json: Annotated[bool, Parameter(negative=())] = False,
    csv: Annotated[bool, Parameter(negative=())] = False,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Price a short on one venue or on all of them, side by side.

    Shows what it needs, what it costs to hold, where it is liquidated and how likely that is.

    Parameters
    ----------
    symbol
        What to short: BTC, BTCUSDT, or a venue's own symbol.
    size
        Coins such as 2BTC, or a worth such as 250k, 1.5m, 250000USDT.
    venue
        One venue, several with commas, or all. Ids and unambiguous short forms.
    kind
        Kind of contract; the venue's usual one when not given.
    entry
        Entry price; a dated reference price when not given and known.
    leverage
        Worth over wallet; 10 when not given, less where the tier allows less.
    margin
        Margin mode; the venue's usual one when not given.
    wallet
        Money behind the short, in the settlement asset; its initial margin when not given.
    date
        The day whose rules apply, as 2026-09-30; today when not given.
    horizon
        Days ahead for carry and probability.
    volatility
        Yearly volatility, as 0.6 or 60%; measured from the shipped history when not given and known.
    funding
        Funding rate per eight hours, as 0.0001 or 0.01%.
    borrow_rate
        Yearly borrow rate for borrowed coins, as 0.05 or 5%.
    explain
        Print the equation with every number in it, frequent mistakes, and what moves the price next.
    json
        Print a list with one object per venue.
    csv
        Print one row per venue.
    output
        Write to a file; its ending (.json, .csv) says the form.
    """
    check_form(as_json=json, as_csv=csv, output=output)
    venues = _venues(venue)
    day = parse_date(date)
    entry_price, entry_note = _entry(symbol, entry, venues, kind)
    sigma, sigma_note = _volatility(symbol, volatility, venues, kind)
    request = ShortRequest(
        symbol=symbol,
        size=parse_size(size),
        entry=entry_price,
        day=day,
        leverage=positive(leverage, "leverage"),
        mode=margin,
        kind=kind,
        wallet=positive(wallet, "wallet"),
        horizon_days=positive(horizon, "horizon") or Decimal(7),
        volatility=sigma,
        funding_8h=parse_rate(funding, "funding", likely="0.05"),
        borrow_annual=parse_rate(borrow_rate, "borrow rate"),
        explain=explain,
    )
    if len(venues) == 1:
        tickets = [short_ticket(venues[0], request)]
    else:
        tickets = compare_shorts(venues, request)
        if all(ticket.refusal for ticket in tickets):
            raise UsageError("no venue takes it:" + "".join(f"\n  {t.venue}: {t.refusal}" for t in tickets))
    for note in (entry_note, sigma_note):
        if note:
            notice(note)
    rows = [ticket_row(ticket) for ticket in tickets]
    if not emit(rows, as_json=json, as_csv=csv, output=output):
        render_tickets(console(), tickets, request, explain=explain)
    return 0


def _venues(given: str) -> Sequence[VenueRules]:
    if given.strip().casefold() == "all":
        return sorted(map(load_venue, venue_ids()), key=lambda rules: _KINDS.index(rules.product[0].kind))
    names = [name for name in given.split(",") if name.strip()]
    if not names:
        raise UsageError("venue is empty; expected an id such as binance_usdm, several with commas, or all")
    by_id = {rules.venue: rules for rules in map(find_venue, names)}
    return list(by_id.values())


def _base_of(symbol: str, venues: Sequence[VenueRules], kind: str | None) -> str:
    """The coin meant, by the first venue that knows it; the venue's complaint when none does."""
    complaint: UsageError | None = None
    for rules in venues:
        try:
            return resolve(rules, kind, symbol, parse_date(None)).base
        except UsageError as error:
            complaint = complaint or error
    assert complaint is not None
    raise complaint


def _entry(symbol: str, given: str | None, venues: Sequence[VenueRules], kind: str | None) -> tuple[Decimal, str]:
    price = positive(given, "entry")
    if price is not None:
        if not _LOWEST_ENTRY <= price <= _HIGHEST_ENTRY:
            raise UsageError(f"entry {given} is out of reach; expected a price from 1e-12 to 1e12")
        return price, ""
    base = _base_of(symbol, venues, kind)
    known = reference_price(base)
    if known is None:
        raise UsageError(f"no reference price for {base} in the sheets; give one with --entry")
    return known.price, f"entry not given: {base} at {known.price}, as seen on {known.day} (change it with --entry)"


def _volatility(
    symbol: str, given: str | None, venues: Sequence[VenueRules], kind: str | None
) -> tuple[float | None, str]:
    rate = parse_rate(given, "volatility")
    if rate is not None:
        if rate <= 0:
            raise UsageError(f"volatility {given} is not positive; expected e.g. 0.6 or 60%")
        return float(rate), ""
    base = _base_of(symbol, venues, kind)
    known = reference_volatility(base)
    if known is None:
        return None, f"no history of {base} ships with shortdesk: give --volatility for the probability of liquidation"
    measured = f"{float(known.annual):.1%} +- {float(known.standard_error):.1%} a year"
    return float(known.annual), f"volatility not given: {measured}, {base} daily closes {known.first} to {known.last}"


def ticket_row(ticket: ShortTicket) -> dict[str, Any]:
    """A ticket as one flat object for JSON and CSV; money and prices are decimal text."""
    odds, carry = ticket.odds, ticket.carry
    probability = odds.probability if odds else None
    return {
        "venue": ticket.venue,
        "name": ticket.name,
        "symbol": ticket.symbol,
        "kind": ticket.kind,
        "margin_mode": ticket.mode or None,
        "settle_asset": ticket.settle or None,
        "quantity": money(ticket.quantity),
        "contracts": money(ticket.contracts),
        "notional": money(ticket.notional),
        "entry_price": money(ticket.entry_price),
        "leverage": money(ticket.leverage),
        "wallet": money(ticket.wallet),
        "initial_margin": money(ticket.initial_margin),
        "maintenance_margin": money(ticket.maintenance_margin),
        "maintenance_rate_at_liquidation": money(ticket.maintenance_rate),
        "tier": ticket.tier,
        "tier_count": ticket.tier_count,
        "tier_at_liquidation": ticket.tier_at_liquidation,
        "liquidation_price": money(ticket.liquidation_price),
        "bankruptcy_price": money(ticket.bankruptcy_price),
        "break_even_price": money(ticket.break_even_price),
        "distance_pct": money(ticket.distance_pct, 8),
        "distance_daily_sigmas": odds.sigmas if odds else None,
        "distance_days": odds.days_to_one_sigma if odds else None,
        "liquidation_probability": ticket.liquidation_probability,
        "liquidation_probability_discrete": probability.discrete if probability else None,
        "liquidation_probability_with_jumps": probability.with_jumps if probability else None,
        "probability_method": probability.method if probability else None,
        "probability_assumptions": list(probability.assumptions) if probability else [],
        "open_fee": money(ticket.open_fee),
        "close_fee": money(ticket.close_fee),
        "carry_kind": carry.kind if carry else None,
        "carry_rate_per_day": money(carry.rate_per_day) if carry else None,
        "carry_per_day": money(carry.per_day) if carry else None,
        "carry_per_horizon": money(carry.per_horizon) if carry else None,
        "carry_assumption": carry.assumption if carry else None,
        "refusal": ticket.refusal or None,
        "notes": list(ticket.notes),
        "remarks": list(ticket.remarks),
        "sources": list(ticket.sources),
    }
