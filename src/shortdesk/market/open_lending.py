"""Opening lending: a pool of an asset, its terms from the venue's sheet, accounts that borrow of themselves."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import Exact, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.ground.venue import Product, at
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.loan_terms import lending_terms, margin_terms
from shortdesk.margin.risk import Trigger
from shortdesk.market.ledger import Role
from shortdesk.market.loans import RATE_ONE, find_pool, lending_at, loan_for
from shortdesk.market.open_market import balance_of, open_account, take_row_of
from shortdesk.market.tables import Shelf, account_at, has_room, instrument_at
from shortdesk.market.world import World

__all__ = ["Lending", "LendingTerms", "open_lending", "reserve_lending", "set_auto_borrow", "spot_margin_lending"]

_HOURS = {
    "clock_hours": HourForm.CLOCK_HOURS,
    "started_hours": HourForm.STARTED_HOURS,
    "exact": HourForm.ELAPSED_HOURS,
}


class Lending(NamedTuple):
    """The numbers of a new pool and of the account whose units it lends."""

    pool: int
    lender: int


class LendingTerms(NamedTuple):
    """What a pool asks of its borrowers. Rates are exact parts of one, those of the curve per year."""

    lowest: Exact = 0
    slope_1: Exact = 0
    slope_2: Exact = 0
    optimal: Exact = 1
    initial_rate: Exact = 0
    initial_asset_rate: Exact = 0
    debt_rate: Exact = 0
    asset_rate: Exact = 0
    trigger: Trigger = Trigger.AT_OR_BELOW
    hours: HourForm = HourForm.CLOCK_HOURS
    counts_borrowed: bool = True
    compounds: bool = False
    bonus_bps: int = 10_000
    protocol_fee_bps: int = 0
    close_bps: int = 10_000
    full_below: Exact = 0


def spot_margin_lending(product: Product, base: str, mode: str, day: date, curve: LendingTerms) -> LendingTerms:
    """A spot-margin venue's terms of the day, on the given curve: such venues publish rates, not curves.

    Raises:
        UsageError: the venue does not lend so.
    """
    terms = margin_terms(product, base, mode, day)
    return curve._replace(
        initial_rate=terms.initial_rate,
        initial_asset_rate=terms.initial_asset_rate,
        debt_rate=terms.maintenance_rate,
        asset_rate=terms.asset_rate,
        trigger=terms.trigger,
        hours=_HOURS[product.borrow_at(day, mode, base).hours],
    )


def reserve_lending(product: Product, collateral: str, borrowed: str, day: date) -> LendingTerms:
    """A lending market's terms of the day for one reserve borrowed against another, its rate curve included.

    Raises:
        UsageError: the sheets do not know a reserve, or the day is before its first rules.
    """
    terms = lending_terms(product, collateral, borrowed, day)
    known = {
        symbol: at([row for row in product.reserves if row.symbol == symbol], day, symbol)
        for symbol in (collateral, borrowed)
    }
    lent, behind = known[borrowed], known[collateral]
    return LendingTerms(
        lowest=lent.base_rate,
        slope_1=lent.slope_1,
        slope_2=lent.slope_2,
        optimal=lent.optimal_utilisation,
        initial_rate=terms.initial_rate,
        initial_asset_rate=terms.initial_asset_rate,
        debt_rate=terms.maintenance_rate,
        asset_rate=terms.asset_rate,
        trigger=terms.trigger,
        hours=HourForm.ELAPSED_HOURS,
        counts_borrowed=False,
        compounds=True,
        bonus_bps=int(10_000 * (1 + behind.liquidation_bonus)),
        protocol_fee_bps=int(10_000 * behind.protocol_fee),
        close_bps=int(10_000 * lent.close_factor),
        full_below=lent.full_close_below_health,
    )


def open_lending(
    world: World,
    venue: int,
    asset: int,
    *,
    pair: int,
    terms: LendingTerms,
    reserve_units: int = 0,
    limit_units: int = 0,
    small_units: int = 0,
) -> Lending:
    """A new pool with a lender's account; what is deposited into that account can be lent.

    ``reserve_units`` always stay; ``limit_units`` is the most one account may owe, 0 for no limit. A debt or its
    collateral worth less than ``small_units`` of the quote may be seized whole.

    Raises:
        UsageError: the pair is no spot pair with this asset at this venue, the venue lends it already, or a rate is not
            between 0 and what 62 bits hold.
    """
    w = world.block
    row = instrument_at(w, pair if 0 < pair < world.used_rows(Shelf.INSTRUMENTS) else 0)
    if (
        row.venue == 0
        or row.form != Form.SPOT
        or row.pool != 0
        or row.venue != venue
        or asset not in (row.base_asset, row.settle_asset)
    ):
        raise UsageError(f"instrument {pair} is no spot pair of venue {venue} with asset {asset}")
    if _find_pool(w, venue, asset) != 0:
        raise UsageError(f"venue {venue} lends asset {asset} already")
    optimal = _rate(terms.optimal, "optimal")
    if not 0 < optimal <= RATE_ONE:
        raise UsageError(f"optimal utilisation {terms.optimal}: expected more than 0 and at most 1")
    number = take_row_of(world, Shelf.LENDING)
    lender = open_account(world, venue, role=Role.LENDER)
    balance = balance_of(world, lender, asset)
    pool = lending_at(world.block, number)
    pool.venue, pool.asset, pool.pair, pool.lender, pool.lender_balance = venue, asset, pair, lender, balance
    pool.reserve_units, pool.limit_units, pool.small_units = reserve_units, limit_units, small_units
    pool.optimal, pool.rate_lowest = optimal, _rate(terms.lowest, "lowest rate")
    for name in ("slope_1", "slope_2", "initial_rate", "initial_asset_rate", "debt_rate", "asset_rate", "full_below"):
        setattr(pool, name, _rate(getattr(terms, name), name.replace("_", " ")))
    for name in ("trigger", "counts_borrowed", "compounds", "bonus_bps", "protocol_fee_bps", "close_bps"):
        setattr(pool, name, getattr(terms, name))
    pool.hour_form = terms.hours
    return Lending(number, lender)


def set_auto_borrow(world: World, account: int, is_on: bool = True) -> None:
    """From now on the account borrows what a spot order lacks, and repays from what a fill brings; or no longer.

    Raises:
        UsageError: its coins are collateral for positions.
    """
    if is_on and account_at(world.block, account).is_multi_asset:
        raise UsageError(f"account {account}'s coins stand behind positions; they cannot stand behind loans too")
    venue = int(account_at(world.block, account).venue)
    for pool in range(1, world.used_rows(Shelf.LENDING)):
        if is_on and lending_at(world.block, pool).venue == venue:
            if not has_room(world.block, Shelf.LOANS, 1):
                world.grow(Shelf.LOANS)
            _loan_for(world.block, account, pool)
    account_at(world.block, account).is_auto_borrow = is_on


def _rate(given: Exact, name: str) -> int:
    part: Fraction = to_fraction(given, name) * RATE_ONE
    if not 0 <= part < 1 << 62:
        raise UsageError(f"{name} {given}: expected 0 or more, and less than {(1 << 62) // RATE_ONE}")
    return round(part)


@kernel
def _find_pool(w: Any, venue: int, asset: int) -> int:
    return find_pool(w, venue, asset)


@kernel
def _loan_for(w: Any, account: int, pool: int) -> int:
    return loan_for(w, account, pool)
