"""The short ticket: what a short needs on a venue, what it costs, where and how likely it dies.

One question, asked of each venue's rules: sizes go on the venue's grid, the tier that binds is found, margin
and prices come from the margin room, the chance of liquidation from first passage. A venue that would not take
the order says why.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Literal, NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.instrument import Instrument
from shortdesk.ground.instruments_table import find_instrument
from shortdesk.ground.symbols import Resolved, resolve
from shortdesk.ground.venue import Product, VenueRules
from shortdesk.study.jump_passage import assumed_jumps
from shortdesk.study.liquidation_probability import LiquidationProbability, liquidation_probability
from shortdesk.study.volatility import days_of_volatility

__all__ = ["Carry", "Odds", "ShortRequest", "ShortTicket", "Size", "Sized", "odds_of", "place", "sized"]

SECONDS_BETWEEN_LOOKS = 1.0
"""Venues mark every second or so; the looks variant of the probability assumes this."""


class Size(NamedTuple):
    """How much to short: an amount of the base asset, or a worth in the quote asset."""

    amount: Decimal
    unit: Literal["base", "quote"]
    asset: str = ""
    """The asset written with it, empty where none was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortRequest:
    """A short as the trader asks for it. Rates are plain numbers (0.0001 is 0.01 %)."""

    symbol: str
    size: Size
    entry: Decimal
    day: date
    leverage: Decimal | None = None
    mode: str | None = None
    kind: str | None = None
    wallet: Decimal | None = None
    horizon_days: Decimal = Decimal(7)
    volatility: float | None = None
    funding_8h: Decimal | None = None
    borrow_annual: Decimal | None = None
    taker: Decimal | None = None
    explain: bool = False
    """Whether tickets carry their explanation; it takes as long as the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry:
    """What holding costs, in the settlement asset; negative is received."""

    kind: Literal["funding", "interest"]
    rate_per_day: Decimal
    per_day: Decimal
    per_horizon: Decimal
    assumption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """How far the liquidation price is and how likely it is reached within the horizon."""

    distance_pct: Decimal | None
    sigmas: float | None
    days_to_one_sigma: float | None
    probability: LiquidationProbability | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortTicket:
    """One venue's answer. ``refusal`` says why the venue would not take it; the figures are then missing."""

    venue: str
    name: str
    symbol: str
    kind: str
    mode: str
    settle: str
    leverage: Decimal | None
    entry_price: Decimal
    quantity: Decimal | None = None
    contracts: Decimal | None = None
    notional: Decimal | None = None
    wallet: Decimal | None = None
    initial_margin: Decimal | None = None
    maintenance_margin: Decimal | None = None
    tier: int | None = None
    tier_count: int | None = None
    maintenance_rate: Decimal | None = None
    tier_at_liquidation: int | None = None
    liquidation_price: Decimal | None = None
    bankruptcy_price: Decimal | None = None
    break_even_price: Decimal | None = None
    open_fee: Decimal | None = None
    close_fee: Decimal | None = None
    carry: Carry | None = None
    odds: Odds | None = None
    refusal: str = ""
    notes: tuple[str, ...] = ()
    """What differs from what was asked: another quote, a rounded size, an assumed grid."""
    remarks: tuple[str, ...] = ()
    """What the sheet says about the rules used."""
    explanation: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def distance_pct(self) -> Decimal | None:
        """How far the price may rise, in per cent of the entry."""
        return self.odds.distance_pct if self.odds else None

    @property
    def liquidation_probability(self) -> float | None:
        """The chance of being liquidated within the horizon: a diffusion with funding, watched all the time."""
        return self.odds.probability.continuous if self.odds and self.odds.probability else None


class Sized(NamedTuple):
    """A request on a venue's grid."""

    rules: VenueRules
    product: Product
    resolved: Resolved
    instrument: Instrument
    contracts: Decimal
    """Whole lots of contracts."""
    quantity: Decimal
    """In the base asset at the entry price."""
    notional: Decimal
    """In the quote asset at the entry price."""
    notes: tuple[str, ...]


def place(rules: VenueRules, request: ShortRequest) -> tuple[Product, Resolved]:
    """The product and the contract that a request means on a venue.

    Raises:
        UsageError: the venue does not trade it.
    """
    resolved = resolve(rules, request.kind, request.symbol, request.day)
    return rules.of_kind(resolved.kind), resolved


def sized(rules: VenueRules, product: Product, resolved: Resolved, request: ShortRequest) -> Sized:
    """The request on the venue's lots.

    A size written in coins must lie on the lot where the sheets know it; a worth, and any size where contracts
    are not coins, is rounded down to whole lots, and a note says so.

    Raises:
        UsageError: off the grid, or smaller than one lot.
    """
    instrument = find_instrument(rules, product, resolved, request.day, request.entry)
    size = request.size
    if size.asset and size.unit == "base" and size.asset.upper() not in (resolved.base.upper(), ""):
        expected = f"expected an amount of {resolved.base} or a worth such as 250k"
        raise UsageError(f"size {size.amount}{size.asset}: {expected}")
    exact = Fraction(size.amount) if size.unit == "base" else Fraction(size.amount) / Fraction(request.entry)
    contracts = instrument.contracts(exact, request.entry)
    lots = contracts / Fraction(instrument.lot)
    whole = lots.numerator // lots.denominator
    notes = [instrument.grid_note] if instrument.grid_note else []
    if lots.denominator != 1:
        known_grid = not instrument.grid_is_assumed and size.unit == "base" and product.kind != "inverse"
        if known_grid and instrument.contract_size == 1:
            instrument.lots(plain(to_decimal(contracts)))  # raises, naming the grid
        unit = "contracts" if instrument.contract_size != 1 or product.kind == "inverse" else resolved.base
        rounded = plain(instrument.size(whole))
        notes.append(f"size rounded down to {rounded} {unit}, whole lots of {plain(instrument.lot)}")
    if whole == 0 or instrument.size(whole) < instrument.smallest:
        least = max(instrument.lot, instrument.smallest)
        raise UsageError(f"size is below the smallest order, {least} contracts of {instrument.contract_size}")
    held = instrument.size(whole)
    face = Fraction(held) * Fraction(instrument.contract_size)
    if product.kind == "inverse":
        quantity, notional = face / Fraction(request.entry), face
    else:
        quantity, notional = face, face * Fraction(request.entry)
    return Sized(rules, product, resolved, instrument, held, to_decimal(quantity), to_decimal(notional), tuple(notes))


def odds_of(
    request: ShortRequest,
    liquidation: Decimal | None,
    received_per_day: Decimal,
    maintenance: Decimal,
    carry: Literal["funding", "interest"] = "funding",
) -> Odds:
    """Distance and probability for a liquidation price; ``received_per_day`` is a fraction of the notional."""
    if liquidation is None:
        distance = None
    else:
        distance = to_decimal((Fraction(liquidation) / Fraction(request.entry) - 1) * 100, 12)
    if request.volatility is None:
        return Odds(distance_pct=distance, sigmas=None, days_to_one_sigma=None, probability=None)
    days = days_of_volatility(float(distance), request.volatility) if distance is not None else None
    probability = liquidation_probability(
        float(request.entry),
        float(liquidation) if liquidation is not None else None,
        float(request.horizon_days),
        request.volatility,
        funding_per_day=float(received_per_day),
        monitoring=SECONDS_BETWEEN_LOOKS,
        jumps=assumed_jumps(request.volatility),
        maintenance_rate=float(maintenance),
        carry=carry,
    )
    return Odds(
        distance_pct=distance,
        sigmas=days.daily_sigmas if days else None,
        days_to_one_sigma=days.days_to_one_sigma if days else None,
        probability=probability,
    )
