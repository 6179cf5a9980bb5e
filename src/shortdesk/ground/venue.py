"""A venue's rules, read from its sheet: data with dates and sources, chosen among named forms.

A sheet never carries code and no venue's name ever stands in an ``if``: where venues differ, the sheet names
one of a few forms and gives its numbers. Every table has ``since`` (the day it came into force), ``source``
(where the numbers were seen) and ``evidence``: R a venue response reproduces it, D venue documentation,
T an open-source test asserts it, S secondary source, U not verified, A our own assumption.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec

from shortdesk.ground.errors import InputError, UsageError, unknown_name
from shortdesk.ground.toml import convert, read_toml

__all__ = [
    "BorrowRules",
    "CollateralRules",
    "Evidence",
    "FeeRules",
    "FundingRules",
    "Grid",
    "LadderRules",
    "LiquidationRules",
    "LiquidityTierRules",
    "MarginRules",
    "MarkRules",
    "OptionRules",
    "PortfolioRules",
    "Product",
    "ReserveRules",
    "SlopeRules",
    "StepRules",
    "TierTable",
    "VenueRules",
    "at",
    "find_venue",
    "load_venue",
    "sheet_folder",
    "venue_ids",
]

Evidence = Literal["R", "D", "T", "S", "U", "A"]
Mode = Literal["isolated", "cross", "portfolio"]
Kind = Literal["linear", "inverse", "spot_margin", "lending", "option"]


class Dated(Protocol):
    """Anything with a first day in force."""

    @property
    def since(self) -> date: ...


class OfBases(Dated, Protocol):
    """A dated table that may apply to some bases only."""

    @property
    def bases(self) -> tuple[str, ...]: ...


D = TypeVar("D", bound=Dated)
B = TypeVar("B", bound=OfBases)


class _Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every table of a sheet carries."""

    since: date
    source: str
    evidence: Evidence
    note: str = ""


class MarginRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How requirement and liquidation are worked out in some margin modes."""

    modes: tuple[Mode, ...]
    price: Literal["mark", "oracle", "index"]
    tier_by: Literal["value", "entry_value", "contracts", "slope"]
    maintenance_basis: Literal["price", "entry"]
    initial_basis: Literal["price", "entry"]
    initial_form: Literal["leverage", "rate"]
    closing_fee: Literal["none", "taker_on_value", "at_bankruptcy"]
    trigger: Literal["at_or_below", "below"]
    printed_price: Literal["exact", "tick_against", "tick_toward_entry"]
    break_even: Literal["open_fee", "both_fees"]
    continuous: bool
    """Whether maintenance amounts continue the tier below; checked when tiers load."""


class TierTable(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of tiers: a CSV file beside the sheets, or rows in the sheet itself."""

    unit: Literal["quote", "coin", "contracts"]
    file: str
    licence: str = ""
    complete: bool = True
    """Whether the table names every symbol of its day; what a partial one leaves out is looked up in an older one."""


class StepRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Risk steps (BitMEX): every started step above the base limit adds one increment to both rates."""

    symbol: str
    base_limit: Decimal
    step: Decimal
    initial_rate: Decimal
    maintenance_rate: Decimal
    increment: Decimal


class SlopeRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rates that grow with the size (Deribit): rate = base + slope * size in coin."""

    symbol: str
    initial_rate: Decimal
    maintenance_rate: Decimal
    slope: Decimal


class LiquidityTierRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A liquidity tier (dYdX): one pair of rates for all its markets; open interest raises the initial rate only."""

    name: str
    markets: tuple[str, ...]
    """The bases that trade in this tier."""
    initial_rate: Decimal
    maintenance_fraction: Decimal
    """Maintenance rate = initial rate * this."""
    impact_notional: Decimal
    open_interest_lower: Decimal = Decimal(0)
    open_interest_upper: Decimal = Decimal(0)
    """Between the two the initial rate rises in a straight line to 1; both 0 where it never rises."""


class FeeRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Trading fees and the fee on the liquidated value, as rates."""

    taker: Decimal
    maker: Decimal
    liquidation: Decimal = Decimal(0)


class FundingRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the funding rate is formed and paid."""

    form: Literal["clamped_premium", "dead_band", "legacy_clamp", "premium_only"]
    interval_hours: int
    """Hours between payments; 0 where funding accrues continuously."""
    interest_8h: Decimal = Decimal(0)
    clamp: Decimal = Decimal(0)
    dead_band: Decimal = Decimal(0)
    cap_form: Literal["none", "fixed", "margin_spread"] = "none"
    cap: Decimal = Decimal(0)
    """``fixed``: the largest rate of one payment (of 8 hours where funding accrues continuously).
    ``margin_spread``: the largest 8-hour rate as a multiple of (initial - maintenance rate)."""
    samples: Literal["rising", "equal", "snapshot"] = "rising"
    window: Literal["current", "previous"] = "current"
    """Whether the premium is averaged over the interval that is being paid for, or over the one before."""
    paid_on: Literal["mark", "oracle", "index"] = "mark"
    bases: tuple[str, ...] = ()
    """The bases to which the table applies; none named: all that no other table in force names."""


class MarkRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the mark price is formed."""

    form: Literal["median_funding_basis_last", "index_plus_basis", "fair_funding_basis", "oracle_median_ema", "oracle"]
    basis_seconds: int = 0
    """Length of the moving average of the basis."""
    band: Decimal = Decimal(0)
    """How far the mark may stand from the index, as a rate; 0 for no band."""


class LiquidationRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens when maintenance is not met, and who pays when equity is gone."""

    form: Literal[
        "ioc_then_takeover",
        "lower_tier_then_takeover",
        "two_tiers_then_takeover",
        "fraction_then_wait",
        "fillable_capped",
        "incremental",
        "sale_and_repay",
        "anyone_with_bonus",
    ]
    cover: tuple[Literal["insurance", "adl", "loss_sharing", "deficit", "backstop"], ...]
    adl_rank: Literal[
        "none", "profit_times_leverage", "roi_and_margin_ratio", "price_move_times_leverage", "pseudorandom"
    ]
    adl_price: Literal["none", "bankruptcy", "mark", "oracle"]
    adl_fund_drawdown: Decimal = Decimal(0)
    """ADL starts when the insurance fund has lost this part of its 8-hour peak; 0: when it is empty."""
    adl_mark_beyond: Decimal = Decimal(0)
    """Mark is used where the bankruptcy price is further from it than this, as a rate; 0: never."""
    first_fraction: Decimal = Decimal(1)
    threshold: Decimal = Decimal(0)
    """Notional above which ``first_fraction`` applies."""
    wait_seconds: int = 0
    fee_to_insurance: Decimal = Decimal(1)
    """Which part of the liquidation fee the insurance fund keeps."""
    backstop_fraction: Decimal = Decimal(0)
    """Equity below this part of maintenance goes to the backstop."""
    spread_to_maintenance: Decimal = Decimal(0)
    bankruptcy_adjustment: Decimal = Decimal(0)
    largest_fee: Decimal = Decimal(0)
    smallest_notional: Decimal = Decimal(0)
    largest_portion: Decimal = Decimal(1)
    largest_notional_per_block: Decimal = Decimal(0)
    risk_step_tiers: int = 0
    """How many tiers one step goes down."""


class BorrowRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Spot-margin loans: how hours are counted, which levels bind, what a loan costs when nothing else is said."""

    modes: tuple[Mode, ...]
    bases: tuple[str, ...] = ()
    """The bases to which the table applies; none named: all that no other table in force names."""
    hours: Literal["clock_hours", "started_hours", "exact"]
    level_form: Literal["assets_over_debts", "maintenance_on_debt"]
    liquidation_level: Decimal = Decimal(0)
    margin_call_level: Decimal = Decimal(0)
    borrow_level: Decimal = Decimal(0)
    transfer_level: Decimal = Decimal(0)
    maintenance_rate: Decimal = Decimal(0)
    """For ``maintenance_on_debt``: margin per debt value."""
    fee_in_trigger: bool = False
    largest_leverage: Decimal
    hourly_rate: Decimal
    """The hourly rate taken when the user gives none; labelled by ``evidence`` A where it is our assumption."""


class LadderRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Risk ratios of isolated spot-margin pairs (Binance): one ladder for each largest leverage.

    Largest leverage on rung i = 1 + 1/(initial_ratios[i] - 1), cut to two decimals.
    """

    largest_leverage: Decimal
    bases: tuple[str, ...]
    """The bases whose pairs stand on this ladder; none named: all that no other ladder names."""
    initial_ratios: tuple[Decimal, ...]
    margin_call_level: Decimal
    liquidation_level: Decimal


class CollateralRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an asset counts as collateral in a multi-asset account: value * (1 - haircut)."""

    asset: str
    haircut: Decimal


class OptionRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Standard margin of short options (Deribit), in coin per contract; OTM and strike relative to the underlying.

    Initial = max(initial_rate - OTM, initial_floor) + mark; maintenance = maintenance_rate + mark for calls and
    max(maintenance_rate, maintenance_rate * mark) + mark for puts, whose initial is never below their maintenance.
    """

    initial_rate: Decimal
    initial_floor: Decimal
    maintenance_rate: Decimal


class PortfolioRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Portfolio margin by scenarios (Deribit): worst bucket + roll shock, maintenance a part of it."""

    price_range: Decimal
    """The outermost buckets stand at + and - this move."""
    buckets: int
    extended_moves: tuple[Decimal, ...]
    """Further moves of the table beyond the range."""
    volatility_states: int
    roll_shock_rate: Decimal
    """Of the gross size."""
    maintenance_factor: Decimal


class ReserveRules(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One reserve of a lending market (Aave): what it counts as collateral and what borrowing it costs."""

    symbol: str
    liquidation_threshold: Decimal
    loan_to_value: Decimal
    liquidation_bonus: Decimal
    optimal_utilisation: Decimal
    base_rate: Decimal
    slope_1: Decimal
    slope_2: Decimal
    close_factor: Decimal
    full_close_below_health: Decimal
    small_reserve_usd: Decimal
    """A reserve of less than this may be closed whole; 0 where the size does not matter."""
    smallest_left_usd: Decimal = Decimal(0)
    """Less than this may not be left on either side, unless one side is emptied."""
    protocol_fee: Decimal = Decimal(0)
    """The protocol's part of the bonus."""
    hourly_rate: Decimal = Decimal(0)
    """The hourly borrow rate taken when the user gives none."""


class Grid(_Table, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The grid assumed for instruments whose tick and lot are not in the sheets."""

    significant_digits: int
    """A tick is one step in this many digits of the entry price; whole numbers are always prices."""
    most_decimals: int = 0
    """Decimals of a price and of a lot are together at most this (Hyperliquid: 6); 0 for no such limit."""
    lot: Decimal
    contract_size: Decimal = Decimal(1)


class Product(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One kind of contract on a venue and its dated tables, newest last."""

    kind: Kind
    name: str
    symbol: str
    """How the venue writes a symbol, e.g. ``{base}{quote}``."""
    quotes: tuple[str, ...]
    """Quote assets, the usual one first."""
    settle: Literal["quote", "base", "usd"]
    settle_asset: str = ""
    """What a contract quoted in dollars is settled in, where ``settle`` is ``usd``."""
    symbol_base: dict[str, str] = {}
    """Bases that the venue writes in its own way, e.g. BTC = XBT."""
    instruments: str = ""
    """CSV with real grids, read by ``ground.instruments_table``."""
    grid: tuple[Grid, ...]
    margin: tuple[MarginRules, ...] = ()
    tiers: tuple[TierTable, ...] = ()
    steps: tuple[StepRules, ...] = ()
    slopes: tuple[SlopeRules, ...] = ()
    liquidity_tiers: tuple[LiquidityTierRules, ...] = ()
    fees: tuple[FeeRules, ...]
    funding: tuple[FundingRules, ...] = ()
    mark: tuple[MarkRules, ...] = ()
    liquidation: tuple[LiquidationRules, ...]
    borrow: tuple[BorrowRules, ...] = ()
    ladders: tuple[LadderRules, ...] = ()
    reserves: tuple[ReserveRules, ...] = ()
    options: tuple[OptionRules, ...] = ()
    portfolio: tuple[PortfolioRules, ...] = ()

    def modes(self) -> list[str]:
        """The margin modes offered, in the order of the sheet."""
        of_margin = [mode for rules in self.margin for mode in rules.modes]
        return list(dict.fromkeys([*of_margin, *(mode for rules in self.borrow for mode in rules.modes)]))

    def margin_at(self, day: date, mode: str) -> MarginRules:
        """The margin rules in force for a mode.

        Raises:
            UsageError: the venue has no such mode, or the day is before its first schedule.
        """
        of_mode = [rules for rules in self.margin if mode in rules.modes]
        if not of_mode:
            raise UsageError(self._no_mode(mode))
        return at(of_mode, day, f"{self.name}: {mode} margin rules")

    def borrow_at(self, day: date, mode: str, base: str) -> BorrowRules:
        """The loan rules in force for a mode and a coin.

        Raises:
            UsageError: the venue lends in no such mode, or the day is before its first schedule.
        """
        of_mode = [rules for rules in self.borrow if mode in rules.modes]
        if not of_mode:
            raise UsageError(self._no_mode(mode))
        return at(naming(of_mode, base, day), day, f"{self.name}: {mode} loan rules")

    def funding_at(self, day: date, base: str) -> FundingRules:
        """The funding rules in force for a coin.

        Raises:
            UsageError: there is no funding here, or the day is before its first schedule.
        """
        return at(naming(self.funding, base, day), day, f"{self.name}: funding rules")

    def ladder_at(self, day: date, base: str) -> LadderRules:
        """The ladder of risk ratios on which an isolated pair stands.

        Raises:
            UsageError: the venue has none, or the day is before its first schedule.
        """
        return at(naming(self.ladders, base, day), day, f"{self.name}: ladder of risk ratios")

    def _no_mode(self, mode: str) -> str:
        return f"{self.name}: no {mode} margin here; offered: {', '.join(self.modes()) or 'none'}"


class VenueRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue's sheet, read in and checked."""

    venue: str
    name: str
    short_names: tuple[str, ...]
    digits: dict[str, int] = {}
    """Decimals of the smallest unit in which the venue keeps an asset; 8 for assets that are not named."""
    collateral: tuple[CollateralRules, ...] = ()
    product: tuple[Product, ...]

    def kinds(self) -> list[str]:
        """The kinds of contract this venue offers, the usual one first."""
        return [product.kind for product in self.product]

    def of_kind(self, kind: str | None = None) -> Product:
        """The product of a kind; the first of the sheet when none is named.

        Raises:
            UsageError: the venue has no such kind.
        """
        for product in self.product:
            if kind is None or product.kind == kind:
                return product
        raise UsageError(f"{self.name} has no {kind} contracts here; offered: {', '.join(self.kinds())}")


def naming(tables: Sequence[B], base: str, day: date) -> list[B]:
    """The tables in force that name a base; where none does, those that name no base at all.

    Before the first day of all of them, all are returned, so that ``at`` can say when they begin.
    """
    in_force = [table for table in tables if table.since <= day] or list(tables)
    return [table for table in in_force if base in table.bases] or [table for table in in_force if not table.bases]


def at(tables: Sequence[D], day: date, what: str) -> D:
    """The newest table in force on a day.

    Raises:
        UsageError: the day is before the first one; the message names the first day known.
    """
    in_force = [table for table in tables if table.since <= day]
    if not in_force:
        if not tables:
            raise UsageError(f"{what}: nothing in the sheets")
        first = min(table.since for table in tables)
        raise UsageError(f"{what}: nothing known on {day}; the first schedule begins on {first}")
    return max(in_force, key=lambda table: table.since)


def sheet_folder() -> Path:
    """Where the package keeps its sheets."""
    return Path(__file__).parent.parent / "sheets"


def venue_ids() -> list[str]:
    """All venues with a sheet, in alphabetical order."""
    return sorted(path.stem for path in (sheet_folder() / "venues").glob("*.toml"))


@functools.cache
def load_venue(venue: str) -> VenueRules:
    """A shipped venue's rules by its id.

    Raises:
        UsageError: no such venue.
        InputError: the sheet is broken; names file, line and field.
    """
    path = sheet_folder() / "venues" / f"{venue}.toml"
    if not path.is_file():
        raise UsageError(unknown_name("venue", venue, venue_ids()))
    return read_venue(path)


def read_venue(path: Path) -> VenueRules:
    """A venue's rules from any sheet file, checked.

    Raises:
        InputError: names file, line and field.
    """
    content, lines = read_toml(path, shown_as=path.name)
    rules = convert(content, VenueRules, lines, path.name)
    for i, product in enumerate(rules.product):
        for name in ("margin", "tiers", "fees", "funding", "mark", "liquidation", "borrow", "grid"):
            tables: Sequence[_Table] = getattr(product, name)
            for j, (earlier, later) in enumerate(itertools.pairwise(tables), 1):
                if later.since < earlier.since:
                    field = f"product[{i}].{name}[{j}].since"
                    raise InputError(
                        f"{later.since} stands after {earlier.since}; expected tables by date, field {field}",
                        f"{path.name}:{lines.of(field)}",
                    )
    return rules


def find_venue(given: str) -> VenueRules:
    """A venue by its id or an unambiguous short form (``binance``, ``okx``, ``dydx``).

    Raises:
        UsageError: unknown or ambiguous; nearest names are offered.
    """
    folded = given.strip().casefold()
    ids = venue_ids()
    if folded in ids:
        return load_venue(folded)
    named = [venue for venue in ids if folded in load_venue(venue).short_names]
    starting = named or [venue for venue in ids if venue.startswith(folded)]
    if folded and len(starting) == 1:
        return load_venue(starting[0])
    if folded and len(starting) > 1:
        raise UsageError(f"venue '{given}' is ambiguous; it may be {' or '.join(starting)}")
    short = [name for venue in ids for name in load_venue(venue).short_names]
    raise UsageError(unknown_name("venue", given, ids + short))
