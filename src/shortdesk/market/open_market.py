"""Opening a market: assets, venues with their purses, instruments with their margin terms, accounts.

All of it is done from Python before the first command; the market itself opens legs and balances as they are needed.
Numbers answered here (of assets, venues, instruments, accounts) count from 1 and are those that commands and
journal rows use.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.margin.contract import Contract
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.margin.tables import contract_tables
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom
from shortdesk.market.ledger import Role, balance_for
from shortdesk.market.money_tables import ASSET
from shortdesk.market.tables import Shelf, account_at, instrument_at, row_at, shelf_at, venue_at
from shortdesk.market.world import World

__all__ = [
    "FEE_ONE",
    "LiquidationTerms",
    "balance_of",
    "open_account",
    "open_asset",
    "open_instrument",
    "open_venue",
    "set_liquidation",
    "take_row_of",
]

FEE_ONE = 10**9
"""Fee rates are whole parts of this."""
_MOST_WORTH = 1 << 62
_PURSES = ("clearing", "fees", "insurance", "deficit", "outside")


class LiquidationTerms(NamedTuple):
    """A venue's way of liquidating, on the market's scale; the fields of VENUE of the same names."""

    form: LiquidationForm = LiquidationForm.IOC_THEN_TAKEOVER
    cover: tuple[Cover, ...] = (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT)
    adl_rank: AdlRank = AdlRank.PROFIT_TIMES_LEVERAGE
    adl_price: AdlPrice = AdlPrice.BANKRUPTCY
    wait_ms: int = 0
    first_fraction_ppm: int = 1_000_000
    threshold_units: int = 0
    largest_step_units: int = 0
    backstop_ppm: int = 0
    spread_ppm: int = 0
    adjustment_ppm: int = 1_000_000
    unwind_ms: int = 0
    unwind_ppm: int = 1_000_000
    step_tiers: int = 1
    last_taken: int = 1


def open_asset(world: World, digits: int) -> int:
    """A new asset whose smallest unit is 10^-digits."""
    at = take_row_of(world, Shelf.ASSETS)
    row_at(world.block, Shelf.ASSETS, at, ASSET).one_units = 10**digits
    return at


def open_venue(world: World, terms: LiquidationTerms | None = None, *, switches_open: bool = False) -> int:
    """A new venue, with an account for each of its own purses.

    ``switches_open``: legs may change between isolated and cross while they have a position or orders.
    """
    at = take_row_of(world, Shelf.VENUES)
    venue = venue_at(world.block, at)
    venue.fee_one = FEE_ONE
    venue.switches_open = switches_open
    for name in _PURSES:
        setattr(venue, name, open_account(world, at, role=Role[name.upper()]))
    set_liquidation(world, at, terms or LiquidationTerms())
    return at


def set_liquidation(world: World, venue: int, terms: LiquidationTerms) -> None:
    """From now on the venue liquidates in this way: also how one venue is given another's rules.

    Raises:
        UsageError: more than three covers.
    """
    if len(terms.cover) > 3:
        raise UsageError(f"{len(terms.cover)} covers; expected at most 3")
    row = venue_at(world.block, venue)
    row.liquidation_form = terms.form
    covers = (*terms.cover, Cover.NOBODY, Cover.NOBODY, Cover.NOBODY)
    row.cover_1, row.cover_2, row.cover_3 = covers[:3]
    for name in terms._fields:
        if name not in ("form", "cover"):
            setattr(row, name, getattr(terms, name))


def open_instrument(
    world: World,
    venue: int,
    *,
    form: Form,
    settle_asset: int,
    factor: int = 1,
    contract: Contract | None = None,
    base_asset: int = 0,
    base_units: int = 0,
    taker_rate: int = 0,
    maker_rate: int = 0,
    liquidation_rate: int = 0,
    highest_ticks: int = 1 << 31,
    highest_lots: int = 0,
    bound_from: BoundFrom = BoundFrom.NOTHING,
    bound_ppm: int = 0,
    band_ppm: int = 0,
    amend_rule: AmendRule = AmendRule.KEEPS_WHEN_SMALLER,
) -> int:
    """A new instrument; a perpetual takes factor, terms and tiers from its ``contract``. Rates are out of FEE_ONE.

    ``highest_ticks`` and ``highest_lots`` bound what an order may say and what a position may hold; what the largest
    is worth must fit 62 bits. ``highest_lots`` 0 means as many as do.

    Raises:
        UsageError: a perpetual without a contract, a spot pair without a base asset, or limits whose worth does
            not fit.
    """
    if form != Form.SPOT and contract is None:
        raise UsageError("a perpetual needs a contract; expected one from margin.contract")
    if form == Form.SPOT and (base_asset == 0 or base_units == 0):
        raise UsageError("a spot pair needs a base asset and how many of its units one lot is")
    factor = contract.factor if contract else factor
    per_lot = max(base_units, factor if form == Form.INVERSE else factor * highest_ticks)
    highest_lots = highest_lots or min(1 << 40, _MOST_WORTH // per_lot)
    if highest_ticks < 1 or highest_lots < 1 or highest_lots * per_lot > _MOST_WORTH:
        raise UsageError(
            f"an order of {max(1, highest_lots)} lots at {highest_ticks} ticks is larger than a market can hold: it is "
            f"worth more than 2^62 units (factor {factor}); expected fewer lots, lower prices or a coarser unit"
        )
    at = take_row_of(world, Shelf.INSTRUMENTS)
    w = world.block
    row = instrument_at(w, at)
    row.venue, row.form, row.factor = venue, form, factor
    row.settle_asset, row.base_asset, row.base_units = settle_asset, base_asset, base_units
    row.taker_rate, row.maker_rate, row.liquidation_rate = taker_rate, maker_rate, liquidation_rate
    row.highest_ticks, row.highest_lots = highest_ticks, highest_lots
    row.bound_from, row.bound_ppm, row.band_ppm, row.amend_rule = bound_from, bound_ppm, band_ppm, amend_rule
    purses = venue_at(w, venue)
    row.clearing = balance_of(world, int(purses.clearing), settle_asset)
    row.fee_income = balance_of(world, int(purses.fees), settle_asset)
    if contract is not None:
        _write_terms(world, at, contract)
    return at


def _write_terms(world: World, at: int, contract: Contract) -> None:
    tables = contract_tables([contract])
    world.table(Shelf.TERMS)[at] = tables.terms[0]
    first = 0
    for tier in tables.tiers:
        number = take_row_of(world, Shelf.TIERS)
        first = first or number
        world.table(Shelf.TIERS)[number] = tier
    row = instrument_at(world.block, at)
    row.first_tier, row.tier_count = first, len(tables.tiers)


def open_account(
    world: World,
    venue: int,
    *,
    role: Role = Role.TRADER,
    leverage_x100: int = 100,
    is_isolated: bool = False,
    is_hedged: bool = False,
    cancels_on_disconnect: bool = False,
) -> int:
    """A new account at a venue; leverage and isolation are those of the legs it will open."""
    at = take_row_of(world, Shelf.ACCOUNTS)
    row = account_at(world.block, at)
    row.venue, row.role, row.leverage_x100, row.is_isolated = venue, role, leverage_x100, is_isolated
    row.is_hedged, row.is_connected, row.cancels_on_disconnect = is_hedged, 1, cancels_on_disconnect
    return at


def balance_of(world: World, account: int, asset: int) -> int:
    """The account's balance of an asset, made where there was none."""
    if shelf_at(world.block, Shelf.BALANCES).live + 1 >= shelf_at(world.block, Shelf.BALANCES).rows:
        world.grow(Shelf.BALANCES)
    return int(_balance_for(world.block, account, asset))


@kernel
def _balance_for(w: Any, account: int, asset: int) -> int:
    return balance_for(w, account, asset, 0)


def take_row_of(world: World, shelf: Shelf) -> int:
    """The next row of a table that is only ever added to; the table grows when it is full."""
    if shelf_at(world.block, shelf).used + 1 >= shelf_at(world.block, shelf).rows:
        world.grow(shelf)
    place = shelf_at(world.block, shelf)
    place.used += 1
    place.live += 1
    return int(place.used)
