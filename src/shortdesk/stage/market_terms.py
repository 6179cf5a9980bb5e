"""What a scenario says about its market: venues, instruments and their indexes, pools that lend, shocks."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Literal

import msgspec

__all__ = ["InstrumentTerms", "MemberTerms", "PoolTerms", "ShockTerms", "Strict", "VenueTerms"]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are errors."""


class VenueTerms(Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue that follows a shipped sheet."""

    name: str
    sheet: str
    """A venue with a sheet, such as ``binance_usdm``."""
    day: date
    """Whose rules are in force."""
    kind: str = ""
    """A product of the sheet, such as ``linear``; empty: its first."""
    insurance_usd: float = 0
    """What the insurance fund holds at the opening, in the quote."""
    liquidates_like: str = ""
    """Another venue's sheet, whose way of liquidating is used instead."""
    wait_s: float | None = None
    """Pause after each step of a liquidation, instead of the sheet's."""
    unwind_s: float = 0
    """Pause between the orders by which the venue's fund closes what it took over; 0: it holds it. No venue says how
    it does that, so any other number is an assumption."""
    unwind_fraction: float = 0.1
    """The part of what is left that one such order is about."""
    adl: bool = True
    """False: nobody is deleveraged; the fund and then the venue bear what is left."""


class MemberTerms(Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A member of an index."""

    source: str = "elsewhere"
    """An instrument whose middle it reports; ``elsewhere``: what the base is worth to those who know."""
    weight: int = 1


class InstrumentTerms(Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A perpetual or a spot pair."""

    name: str
    venue: str
    kind: Literal["perp", "spot"] = "perp"
    base: str
    quote: str = "USDT"
    symbol: str = ""
    """Whose tiers are taken from the sheet; empty: the name."""
    price: Decimal
    tick: Decimal
    lot: Decimal
    index: tuple[MemberTerms, ...] = (MemberTerms(),)
    clock_s: float = 1.0
    """Time between two ticks of index and mark."""
    stale_s: float = 0
    """Members older than this are left out of the index; 0: never."""
    impact_usd: float = 0
    """Worth of the order whose average price the premium is sampled from; 0: the best price."""
    mark: Literal["venue", "index"] = "venue"
    """``index``: its mark is its index, whatever the venue's formula."""
    taker_bps: float | None = None
    maker_bps: float | None = None
    """Fees instead of the sheet's."""
    haircut: float | None = None
    """Spot: the base counts as margin in the quote at the pair's mark less this part; none: it does not count."""
    exchange: float | None = None
    """The part of the mark at which the venue takes the base for a minus; none: the part that counts."""


class PoolTerms(Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who lends an asset at a venue. What a loan needs is the sheet's, and on a lending market its rate curve too."""

    name: str
    pair: str
    """A spot pair of the asset at the venue: its mark, the weighted mean of its ``index`` members, values the loans."""
    asset: str = ""
    """Its base or its quote; empty: its base, what short sellers borrow."""
    size: float
    """What can be lent at the opening, in the asset."""
    reserve: float = 0
    """Never lent, in the asset."""
    limit: float = 0
    """The most that one account may owe, in the asset; 0: no limit."""
    mode: str = "cross"
    """The margin mode of a spot-margin venue whose levels apply."""
    lowest_year: float | None = None
    """Rate of an unused pool instead of the sheet's, or of 0 where the sheet has no curve."""
    slope_1_year: float | None = None
    """What it has risen by at the optimal use, instead of the sheet's; where the sheet has no curve, of its rate."""
    optimal: float = 0.8
    """Spot margin, where the sheet has no curve: the use at which the rate is the sheet's. Our assumption."""
    slope_2_year: float = 4.0
    """Spot margin: by how much the rate rises from there to a full pool. Our assumption: 400 % a year."""


class ShockTerms(Strict, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that the scenario itself does."""

    name: str = ""
    """By which it can be switched off or set; several may share one."""
    at_s: float
    act: Literal["news", "makers_away", "halt", "outage", "delay", "mute", "recall", "peg"]
    target: str
    """An instrument; for ``outage`` a venue, for ``recall`` a pool or its asset; for ``mute`` and ``peg``
    ``INSTRUMENT/2``, the second member of its index; for ``peg`` also a spot pair."""
    amount: float = 1.0
    """news: part of the value; makers_away, delay: seconds; halt, outage, mute: 1 begins, 0 ends; recall: part of
    every loan; peg: what one coin is worth, that in which the member quotes or the base of the pair."""
