"""Spot-margin short sellers: they borrow the base, sell it, and buy it back at a profit, at a stop, or when called.

Their accounts borrow of themselves what a sale lacks and repay from what a purchase brings, as spot-margin venues
offer. Some are short at the opening: their loans are drawn then, and the base is gone, sold before for the quote that
they hold. Each has a size of its own (Pareto), a profit and a stop of its own; one member is looked at on a Poisson
clock. Who is flat enters by chance while the rate is bearable; who is short covers when the price has fallen by its
profit or risen by its stop, when the rate is no longer bearable, or, if it heeds, when its loan is recalled. Who does
not heed is bought in by the venue when the time is up.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import OrderKind, Side, TimeInForce
from shortdesk.market.command import CommandKind
from shortdesk.market.loans import RATE_ONE, find_loan, find_pool, lending_at, loan_at, owed, present_rate
from shortdesk.market.open_lending import set_auto_borrow
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import below, chance, wait_ns
from shortdesk.stage.funds import has_word_under_way, is_closed, units_of
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import begin, buy_or_sell, is_off, is_silent, new_id, say

__all__ = ["BORROWER", "SHORT", "BorrowerTerms", "open_borrowers", "wake_borrower"]

_SEEDS_AT_ONCE = 32
_DRAWS = 4
_ROUNDING = 1 + 1e-9
_SLACK = 1.001


class BorrowerTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="borrower"
):
    """Spot-margin short sellers. Defaults are our assumptions."""

    name: str
    instrument: str
    """A spot pair whose base a pool of the venue lends."""
    count: int = 200
    short_usd: float
    """Worth of all shorts if everybody is short."""
    tail: float = 1.3
    """Pareto exponent of sizes."""
    largest_share: float = 0.05
    """Of all: nobody is larger."""
    short_at_opening: float = 0.7
    """Share of members who are short when it begins."""
    leverage: float = 1.5
    """Debt over own money at the entry; a venue that lends up to three times allows 2."""
    profit: float = 0.05
    """Mean fall at which a member takes its profit; each has one half to one and a half times as much."""
    stop: float = 0.06
    """Mean rise at which it gives up."""
    enters: float = 0.02
    """Chance that a flat member enters when it is looked at."""
    bearable_rate_year: float = 1.0
    """Rate of the loan above which nobody enters and members leave."""
    heeds: float = 0.5
    """Share of members who cover before a recall's time is up."""
    look_s: float = 60.0
    """Mean time between two looks at one member."""
    latency_ms: float = 100.0


BORROWER = row_type(
    ("rate_per_s", "<f8"),
    ("enters", "<f8"),
    ("bearable_rate", "<f8"),  # out of RATE_ONE
    ("instrument", "<i8"),
    ("pool", "<i8"),
    ("base_asset", "<i8"),
    ("first_member", "<i8"),
    ("member_count", "<i8"),
    ("seeded", "<i8"),  # members whose opening loans have been drawn
)
"""A population of short sellers."""

SHORT = row_type(
    ("account", "<i8"),
    ("lots", "<i8"),  # what it sells at an entry
    ("starts_short", "<i8"),
    ("heeds", "<i8"),
    ("profit", "<f8"),  # parts of the entry price
    ("stop", "<f8"),
    ("entry_mid", "<f8"),  # in ticks
)
"""One short seller."""


def open_borrowers(cast: Cast, terms: BorrowerTerms) -> None:
    """Accounts with the quote that stands behind their shorts, one agent for all of them.

    Raises:
        UsageError: the instrument is no spot pair, nobody lends its base, or it does not lend so much.
    """
    market = cast.market(terms.instrument)
    pool = 0 if market.is_perp else int(find_pool(cast.world.block, market.venue, market.base_asset))
    if pool == 0:
        raise UsageError(f"borrower '{terms.name}': nobody lends the base of {terms.instrument} as a spot pair")
    row = lending_at(cast.world.block, pool)
    most = 1 / ((RATE_ONE + int(row.initial_rate)) / (RATE_ONE - int(row.initial_asset_rate)) - 1)
    if not 0 < terms.leverage <= most * _ROUNDING:
        given = f"leverage {terms.leverage:g}"
        raise UsageError(f"borrower '{terms.name}': {given}; expected more than 0 and at most {most:.4g}")
    cast.begin(terms.name, "borrower", Mechanism.USER)
    draws = cast.uniforms(cast.key(terms.name, 1 << 22), terms.count * _DRAWS).reshape(terms.count, _DRAWS)
    sizes = (1.0 - draws[:, 0]) ** (-1.0 / terms.tail)
    sizes = sizes.clip(max=max(terms.largest_share * sizes.sum(), sizes.mean()))
    worths = terms.short_usd * sizes / sizes.sum()
    starts = round(terms.short_at_opening * terms.count)
    members = [
        _open_member(cast, market, terms, float(worth), index < starts, draws[index])
        for index, worth in enumerate(worths)
    ]
    own = cast.row(
        Part.BORROWERS, BORROWER, rate_per_s=terms.count / terms.look_s, enters=terms.enters,
        bearable_rate=terms.bearable_rate_year * RATE_ONE, instrument=market.number, pool=pool,
        base_asset=market.base_asset, first_member=members[0], member_count=len(members),
    )  # fmt: skip
    cast.agent(AgentKind.BORROWER, own)


def _open_member(cast: Cast, market: Market, terms: BorrowerTerms, worth: float, starts_short: bool, draws: Any) -> int:
    lots = market.lots(worth)
    account = cast.account(market, latency_ms=terms.latency_ms)
    proceeds = lots * float(market.lot) * market.price
    own = _SLACK * proceeds / terms.leverage
    cast.deposit(account, market.settle_asset, market.units(own + proceeds * starts_short))
    cast.deposit(account, market.base_asset, 1)
    set_auto_borrow(cast.world, account)
    return cast.row(
        Part.SHORTS, SHORT, account=account, lots=lots, starts_short=int(starts_short),
        heeds=int(draws[1] < terms.heeds), profit=terms.profit * (0.5 + draws[2]), stop=terms.stop * (0.5 + draws[3]),
        entry_mid=market.price / float(market.tick),
    )  # fmt: skip


@rule
def wake_borrower(w: Any, s: Any, agent: int) -> int:
    """One member looks at its short; at the start, the loans of the opening are drawn."""
    row = row_at(s, Part.BORROWERS, agent_at(s, agent).own, BORROWER)
    now = int(clock_of(w).now_ns)
    if row.seeded < row.member_count:
        until = min(row.seeded + _SEEDS_AT_ONCE, row.member_count)
        while row.seeded < until:
            _draw_loan(w, s, agent, row, int(row.first_member + row.seeded))
            row.seeded += 1
        return now
    member = row_at(s, Part.SHORTS, int(row.first_member) + below(s, agent, int(row.member_count)), SHORT)
    draw = chance(s, agent)
    next_ns = now + wait_ns(s, agent, row.rate_per_s)
    number, account = int(row.instrument), int(member.account)
    if not is_silent(w, s, agent) and not is_closed(w, number) and not has_word_under_way(w, account):
        _look(w, s, agent, row, member, draw)
    return next_ns


@rule
def _draw_loan(w: Any, s: Any, agent: int, row: Any, at: int) -> None:
    """A loan at the opening, and its base out of the venue: it was sold before."""
    member = row_at(s, Part.SHORTS, at, SHORT)
    if member.starts_short == 0:
        return
    units = int(member.lots) * int(instrument_at(w, int(row.instrument)).base_units)
    for kind in (CommandKind.BORROW.value, CommandKind.WITHDRAW.value):
        begin(w, s, agent, kind, int(member.account), int(row.base_asset)).lots = units
        say(w, s, agent)


@rule
def _look(w: Any, s: Any, agent: int, row: Any, member: Any, draw: float) -> None:
    number, account = int(row.instrument), int(member.account)
    loan = find_loan(w, account, int(row.pool))
    mid = mid_ticks(w, number)
    if loan == 0 or owed(w, loan) == 0:
        if draw < row.enters and present_rate(w, int(row.pool)) <= row.bearable_rate:
            member.entry_mid = mid
            buy_or_sell(w, s, agent, account, number, -int(member.lots), False)
        return
    lot_units = int(instrument_at(w, number).base_units)
    lacking = owed(w, loan) - units_of(w, account, int(row.base_asset))
    stops = mid >= member.entry_mid * (1.0 + member.stop) and not is_off(w, s, Mechanism.STOP.value)
    profits = mid <= member.entry_mid * (1.0 - member.profit)
    called = loan_at(w, loan).recall_units > 0 and member.heeds != 0
    dear = present_rate(w, int(row.pool)) > row.bearable_rate
    if stops or profits or called or dear:
        mechanism = Mechanism.STOP.value if stops else agent_at(s, agent).mechanism
        _cover(w, s, agent, account, row, -(-lacking // lot_units), mechanism)


@rule
def _cover(w: Any, s: Any, agent: int, account: int, row: Any, lots: int, mechanism: int) -> None:
    """Buy back what is owed; with enough of the base in hand already, repay."""
    if lots > 0:
        pen = begin(w, s, agent, CommandKind.PLACE.value, account, int(row.instrument))
        pen.client_id = new_id(s, agent)
        pen.side = Side.BUY.value
        pen.lots = lots
        pen.order_kind = OrderKind.MARKET.value
        pen.time_in_force = TimeInForce.IOC.value
        pen.mechanism = mechanism
        say(w, s, agent)
        return
    begin(w, s, agent, CommandKind.REPAY.value, account, int(row.base_asset)).lots = units_of(
        w, account, int(row.base_asset)
    )
    say(w, s, agent)
