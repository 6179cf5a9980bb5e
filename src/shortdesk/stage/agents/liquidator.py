"""Liquidators of lending venues: they repay somebody's unhealthy debt, take the collateral with its bonus, and sell it.

Where anyone may seize, somebody has to come. A liquidator walks through the loans of a pair and reckons for each
unhealthy one, for what may be closed at once and for a half, a quarter and an eighth of it, at the oracle's price P:

    debt in the base:   profit = R P b - what buying R back costs in the book and its fee
    debt in the quote:  profit = what selling R b / P brings in the book, less its fee, - R

with R the debt repaid and b = bonus less the venue's part of it. It takes the best of them if that leaves
``least_profit_usd``, and at its next look trades what it has too much or too little of. So a thin book leaves debts
standing that nobody wants, and a fall of the price sells the collateral into itself.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.margin.lending import closes_whole
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.margin.risk import is_liquidatable
from shortdesk.market.accounts import price_of
from shortdesk.market.command import CommandKind
from shortdesk.market.ladder import Ladder
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.loans import RATE_ONE, is_base_pool, loan_worths, maintenance_risk, owed, pair_units
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import Shelf, clock_of, instrument_at, row_at, shelf_at, venue_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import fee_part, has_word_under_way, is_closed, spare_of, units_of
from shortdesk.stage.look import average_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import begin, buy_or_sell, is_silent, say

__all__ = ["LIQUIDATOR", "LiquidatorTerms", "open_liquidators", "wake_liquidator"]

_SIZES = 4
_BPS = 10_000.0


class LiquidatorTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="liquidator"
):
    """Liquidators. Defaults are our assumptions; a look every 12 seconds is Ethereum's block."""

    name: str
    instrument: str
    """The spot pair of a lending venue: its loans are watched, and its book is where the collateral goes."""
    count: int = 2
    capital_usd: float = 1_000_000
    """What one has of the quote, and of the base as much again."""
    least_profit_usd: float = 50.0
    """What a seizure must leave, for the block's fee and the risk."""
    scan_per_look: int = 200
    """Loans looked at in one look."""
    latency_ms: float = 1_000.0
    look_s: float = 12.0


LIQUIDATOR = row_type(
    ("look_rate_per_s", "<f8"),
    ("least_units", "<f8"),
    ("scan", "<i8"),
    ("cursor", "<i8"),  # the loan that was looked at last
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("base_asset", "<i8"),
    ("start_units", "<i8"),  # of the base, which it goes back to
)
"""One liquidator."""


def open_liquidators(cast: Cast, terms: LiquidatorTerms) -> None:
    """One account and one agent for each.

    Raises:
        UsageError: the instrument is no spot pair of a venue where anyone may seize.
    """
    market = cast.market(terms.instrument)
    form = venue_at(cast.world.block, market.venue).liquidation_form
    if market.is_perp or form != LiquidationForm.ANYONE_WITH_BONUS:
        raise UsageError(f"liquidator '{terms.name}': {terms.instrument} is at no lending venue where anyone may seize")
    cast.begin(terms.name, "liquidator", Mechanism.LIQUIDATION)
    base = market.base_units(terms.capital_usd / market.price)
    for index in range(terms.count):
        account = cast.account(market, latency_ms=terms.latency_ms)
        cast.deposit(account, market.settle_asset, market.units(terms.capital_usd))
        cast.deposit(account, market.base_asset, base)
        own = cast.row(
            Part.LIQUIDATORS, LIQUIDATOR, look_rate_per_s=1.0 / terms.look_s,
            least_units=float(market.units(terms.least_profit_usd)), scan=terms.scan_per_look,
            instrument=market.number, account=account, base_asset=market.base_asset, start_units=base,
        )  # fmt: skip
        cast.agent(AgentKind.LIQUIDATOR, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))


@rule
def wake_liquidator(w: Any, s: Any, agent: int) -> int:
    """Trade away what the last seizure left, or look for the next."""
    row = row_at(s, Part.LIQUIDATORS, agent_at(s, agent).own, LIQUIDATOR)
    next_ns = int(clock_of(w).now_ns) + wait_ns(s, agent, row.look_rate_per_s)
    number, account = int(row.instrument), int(row.account)
    if is_silent(w, s, agent) or is_closed(w, number) or has_word_under_way(w, account):
        return next_ns
    over = units_of(w, account, int(row.base_asset)) - int(row.start_units)
    lots = abs(over) // int(instrument_at(w, number).base_units)
    if lots > 0:
        buy_or_sell(w, s, agent, account, number, -lots if over > 0 else lots, False)
    else:
        _hunt(w, s, agent, row)
    return next_ns


@rule
def _hunt(w: Any, s: Any, agent: int, row: Any) -> None:
    """Seize from the first loan that pays."""
    used = int(shelf_at(w, Shelf.LOANS).used)
    for _ in range(min(int(row.scan), used)):
        row.cursor = row.cursor % used + 1
        loan = row_at(w, Shelf.LOANS, int(row.cursor), LOAN)
        pool = row_at(w, Shelf.LENDING, int(loan.pool), LENDING)
        if pool.pair != row.instrument or loan.account == row.account or owed(w, int(row.cursor)) == 0:
            continue
        if not is_liquidatable(maintenance_risk(w, int(loan.account), int(loan.pool)), pool.trigger):
            continue
        units = _best_units(w, row, int(row.cursor))
        if units > 0:
            pen = begin(w, s, agent, CommandKind.SEIZE.value, int(row.account), int(pool.asset))
            pen.client_id = loan.account
            pen.lots = units
            say(w, s, agent)
            return


@rule
def _best_units(w: Any, row: Any, at: int) -> int:
    """How much of a debt to repay: the most profitable of four sizes; 0 where none is worth it."""
    loan = row_at(w, Shelf.LOANS, at, LOAN)
    pool = row_at(w, Shelf.LENDING, int(loan.pool), LENDING)
    worths = loan_worths(w, int(loan.account), int(loan.pool))
    most = owed(w, at)
    health_rate = RATE_ONE - int(pool.asset_rate)
    if not closes_whole(
        worths.assets, worths.debts, health_rate, pool.full_below, worths.assets, worths.debts, pool.small_units
    ):
        most = most * int(pool.close_bps) // 10_000
    units = min(most, spare_of(w, int(row.account), int(pool.asset)))
    best = 0
    best_profit = float(row.least_units)
    for _ in range(_SIZES):
        profit = _profit(w, at, units)
        if profit >= best_profit:
            best = units
            best_profit = profit
        units //= 2
    return best


@rule
def _profit(w: Any, at: int, units: int) -> float:
    """What repaying so many units leaves, in units of the quote, after trading in the book of now."""
    loan = row_at(w, Shelf.LOANS, at, LOAN)
    pool = row_at(w, Shelf.LENDING, int(loan.pool), LENDING)
    number = int(pool.pair)
    pair = instrument_at(w, number)
    lot_worth = float(price_of(w, number)) * float(pair.factor)
    bonus = float(pool.bonus_bps) / _BPS
    kept = bonus - (bonus - 1.0) * float(pool.protocol_fee_bps) / _BPS
    if is_base_pool(w, int(loan.pool)):
        lots = float(units) / float(pair.base_units)
        behind = float(pair_units(w, int(loan.account), int(pair.settle_asset)))
        lots = min(lots, behind / (bonus * lot_worth))
        paid = average_ticks(w, number, Ladder.ASKS.value, int(lots) + 1) * float(pair.factor)
        return lots * (lot_worth * kept - paid * (1.0 + fee_part(w, number))) if paid > 0.0 else -1.0
    taken = float(units) / lot_worth * kept
    behind = float(pair_units(w, int(loan.account), int(pair.base_asset))) / float(pair.base_units) * kept / bonus
    lots = min(taken, behind)
    got = average_ticks(w, number, Ladder.BIDS.value, int(lots)) * float(pair.factor) if lots >= 1.0 else 0.0
    return lots * (got * (1.0 - fee_part(w, number)) - lot_worth / kept)
