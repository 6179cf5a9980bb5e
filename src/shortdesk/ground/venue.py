"""A venue's rules, read from its sheet: data with dates and sources, chosen among named forms.

A sheet never carries code and no venue's name ever stands in an ``if``: where venues differ, the sheet names
one of a few forms and gives its numbers. The tables themselves are in ``ground.sheet``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Literal, Protocol, TypeVar

import msgspec

from shortdesk.ground.errors import InputError, UsageError, nearest_names, unknown_name
from shortdesk.ground.sheet import (
    BorrowRules,
    Evidence,
    FeeRules,
    FundingRules,
    Grid,
    Kind,
    LadderRules,
    LiquidationRules,
    LiquidityTierRules,
    MarginRules,
    MarkRules,
    OptionRules,
    PortfolioRules,
    ReserveRules,
    SlopeRules,
    StepRules,
    Table,
    TierTable,
)
from shortdesk.ground.toml import convert, read_toml

__all__ = [
    "BorrowRules",
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
    "naming",
    "read_venue",
    "sheet_folder",
    "venue_ids",
]


class Dated(Protocol):
    """Anything with a first day in force."""

    @property
    def since(self) -> date: ...


class OfBases(Dated, Protocol):
    """A dated table that may apply to some bases only."""

    @property
    def bases(self) -> tuple[str, ...]: ...


DATED = (
    "margin",
    "tiers",
    "steps",
    "slopes",
    "liquidity_tiers",
    "fees",
    "funding",
    "mark",
    "liquidation",
    "borrow",
    "ladders",
    "reserves",
    "options",
    "portfolio",
    "grid",
)
"""The lists of dated tables of a product."""

D = TypeVar("D", bound=Dated)
B = TypeVar("B", bound=OfBases)


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
    fields: dict[str, str] = {}
    """Names of account figures that the venue prints, each with the key of its definition (``margin/fields.py``)."""
    digits: dict[str, int] = {}
    """Decimals of the smallest unit in which the venue keeps an asset; 8 for assets that are not named."""
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
    for field, problem in _problems(rules):
        raise InputError(f"{problem}, field {field}", f"{path.name}:{lines.of(field)}")
    return rules


def _problems(rules: VenueRules) -> Iterator[tuple[str, str]]:
    """What is wrong with a sheet whose keys and types are right: the field and the complaint."""
    for i, product in enumerate(rules.product):
        where = f"product[{i}]"
        if rules.of_kind(product.kind) is not product:
            yield f"{where}.kind", f"a second product of kind {product.kind}; expected one of each kind"
        if "{base}" not in product.symbol:
            yield f"{where}.symbol", f"'{product.symbol}' has no place for the coin; expected e.g. {{base}}{{quote}}"
        if product.settle == "usd" and not product.settle_asset:
            yield f"{where}.settle_asset", "missing: a contract settled in dollars names the asset"
        for name in DATED:
            tables: Sequence[Table] = getattr(product, name)
            for j, (earlier, later) in enumerate(itertools.pairwise(tables), 1):
                if later.since < earlier.since:
                    problem = f"{later.since} stands after {earlier.since}; expected tables by date"
                    yield f"{where}.{name}[{j}].since", problem
            for j, table in enumerate(tables):
                yield from ((f"{where}.{name}[{j}].{field}", problem) for field, problem in table.problems())


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
    near = nearest_names(given, ids + short)
    raise UsageError(unknown_name("venue", given, ids + short if near else ids))
