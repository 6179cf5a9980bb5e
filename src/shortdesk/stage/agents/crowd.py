"""Leveraged crowds: accounts that hold isolated positions on one side, some with stops, some who add margin in time.

Sizes are Pareto, leverage comes from a mix, entries lie normally around a mean distance from the opening price. On the
other side of every position stands one of a few holders without leverage, so that longs equal shorts. A member is
looked at on a Poisson clock: when its equity falls below ``worry`` times its maintenance it may add margin out of what
it kept back, or give up and close at the market.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec
import numpy as np

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism, RiskState
from shortdesk.ground.order import OrderFlag, OrderKind, Side
from shortdesk.market.accounts import price_of
from shortdesk.market.command import CommandKind
from shortdesk.market.ledger import find_balance
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import balance_at, clock_of, instrument_at, leg_at, row_at
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import below, chance, wait_ns
from shortdesk.stage.look import leg_of
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import add_margin, begin, buy_or_sell, new_id, say

__all__ = ["CROWD", "MEMBER_ROW", "CrowdTerms", "Rung", "open_crowd", "wake_crowd"]

_SEEDS_AT_ONCE = 64
_DRAWS = 6
_LIVES_ABOVE = 1.3
_CUTS = 60


class Rung(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the crowd with one leverage."""

    leverage: float
    share: float


_MIX = (
    Rung(leverage=2, share=0.2), Rung(leverage=3, share=0.2), Rung(leverage=5, share=0.25),
    Rung(leverage=10, share=0.2), Rung(leverage=20, share=0.1), Rung(leverage=50, share=0.05),
)  # fmt: skip


class CrowdTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="crowd"):
    """A leveraged crowd. The mix and the probabilities are our assumptions; see the scenario for sources."""

    name: str
    instrument: str
    side: Literal["long", "short"]
    count: int
    open_interest_usd: float
    tail: float = 1.3
    """Pareto exponent of position sizes."""
    largest_share: float = 0.02
    """Of the open interest: no position is larger."""
    mix: tuple[Rung, ...] = _MIX
    entry_mean: float = 0.0
    """Mean of entry / opening price - 1."""
    entry_sd: float = 0.02
    kept_back: float = 1.0
    """What a member keeps in its wallet, as a part of its margin."""
    adds: float = 0.15
    """Chance that a worried member adds margin, once each time it is looked at."""
    gives_up: float = 0.05
    """Chance that it closes instead."""
    worry: float = 3.0
    """Equity over maintenance below which a member worries."""
    stops: float = 0.3
    """Share of members with a stop order."""
    stop_far: float = 0.6
    """Where the stop lies: part of the way from the opening price to where the margin would be gone."""
    look_s: float = 300.0
    """Mean time between two looks at one member."""
    holders: int = 50
    other: str = ""
    """A second perpetual of the venue in which every member holds as much on the same side, both behind one cross
    wallet: what happens in one market then forces sales in the other."""
    collateral: str = ""
    """A spot pair of the venue whose base the members hold as margin instead of its quote, behind a cross wallet."""


CROWD = row_type(
    ("rate_per_s", "<f8"),
    ("adds", "<f8"),
    ("gives_up", "<f8"),
    ("worry", "<f8"),
    ("instrument", "<i8"),
    ("first_member", "<i8"),
    ("member_count", "<i8"),
    ("seeded", "<i8"),  # members whose stops have been placed
    ("stop_mechanism", "<i8"),
)
"""One crowd."""

MEMBER_ROW = row_type(
    ("account", "<i8"),
    ("stop_ticks", "<i8"),  # 0: no stop
    ("adds_units", "<i8"),  # what it adds at once
)
"""One member of a crowd."""


def open_crowd(cast: Cast, terms: CrowdTerms) -> None:
    """Accounts with their positions, holders on the other side, one agent for all of them.

    Raises:
        UsageError: no perpetual, a second market that shares no wallet with the first, or a mix that does not sum to 1.
    """
    market = cast.market(terms.instrument)
    if not market.is_perp:
        raise UsageError(f"crowd '{terms.name}' needs a perpetual; {terms.instrument} is a spot pair")
    shared = cast.market(terms.other) if terms.other else None
    if shared is not None and not (shared.is_perp and _share_a_wallet(market, shared)):
        raise UsageError(f"crowd '{terms.name}': {terms.other} is no second perpetual of {terms.instrument}'s wallet")
    coins = cast.market(terms.collateral) if terms.collateral else None
    if coins is not None and not _can_stand_behind(cast, coins, market):
        raise UsageError(
            f"crowd '{terms.name}': collateral {terms.collateral} is no spot pair in {terms.instrument}'s money at its "
            "venue, or has no haircut"
        )
    if coins is not None and shared is not None:
        raise UsageError(f"crowd '{terms.name}': expected collateral or a second market, not both")
    cast.begin(terms.name, "crowd", Mechanism.USER)
    sign = 1 if terms.side == "long" else -1
    draws = cast.uniforms(cast.key(terms.name, 1 << 22), terms.count * _DRAWS).reshape(terms.count, _DRAWS)
    lots = _sizes(terms, market, draws[:, 0])
    leverages = _leverages(terms, draws[:, 1])
    normals = np.sqrt(-2.0 * np.log1p(-draws[:, 2])) * np.cos(2.0 * math.pi * draws[:, 3])
    entries = market.price * (1.0 + terms.entry_mean + terms.entry_sd * normals)
    members = []
    for size, leverage, entry, draw in zip(lots, leverages, entries, draws[:, 4], strict=True):
        held = sign * int(size)
        members.append(_open_member(cast, market, terms, held, float(leverage), float(entry), float(draw)))
    own = cast.row(
        Part.CROWDS, CROWD, rate_per_s=terms.count / terms.look_s, adds=0.0 if shared or coins else terms.adds,
        gives_up=terms.gives_up, worry=terms.worry, instrument=market.number, first_member=members[0],
        member_count=len(members), stop_mechanism=int(Mechanism.STOP),
    )  # fmt: skip
    cast.agent(AgentKind.CROWD, own)
    accounts = list(cast.populations[-1].accounts)
    _open_holders(cast, market, terms, f"{terms.name} holders", [cast.held(at, market) for at in accounts])
    if shared is not None:
        name = f"{terms.name} holders of {terms.other}"
        _open_holders(cast, shared, terms, name, [cast.held(at, shared) for at in accounts])


def _share_a_wallet(one: Market, other: Market) -> bool:
    return (one.venue, one.settle_asset) == (other.venue, other.settle_asset) and one.number != other.number


def _can_stand_behind(cast: Cast, coins: Market, market: Market) -> bool:
    """Whether the base of a pair counts as margin in a market's money."""
    is_counted = instrument_at(cast.world.block, coins.number).exchange_ppm != 0
    return (coins.venue, coins.settle_asset) == (market.venue, market.settle_asset) and bool(is_counted)


def _sizes(terms: CrowdTerms, market: Market, draws: Any) -> Any:
    """Pareto sizes that sum to the open interest, in lots."""
    sizes = (1.0 - draws) ** (-1.0 / terms.tail)
    mean = sizes.mean()  # few members cannot all be smaller than the share: then nobody is cut below this
    for _ in range(_CUTS):  # what is cut off makes the whole smaller, and with it what the largest may be
        sizes = np.minimum(sizes, max(terms.largest_share * sizes.sum(), mean))
    worth = terms.open_interest_usd * sizes / sizes.sum()
    return np.maximum(1, np.rint(worth / (market.price * float(market.lot)))).astype(np.int64)


def _leverages(terms: CrowdTerms, draws: Any) -> Any:
    shares = np.cumsum([rung.share for rung in terms.mix])
    if not math.isclose(shares[-1], 1.0, abs_tol=1e-6):
        raise UsageError(f"crowd '{terms.name}': shares of the leverage mix sum to {shares[-1]:.4g}; expected 1")
    found = np.searchsorted(shares / shares[-1], draws, side="right")
    return np.array([rung.leverage for rung in terms.mix])[np.minimum(found, len(terms.mix) - 1)]


def _open_member(
    cast: Cast, market: Market, terms: CrowdTerms, lots: int, leverage: float, entry: float, draw: float
) -> int:
    """One account: as much leverage as its tier allows, an entry it has lived through, maybe a stop."""
    size = abs(lots) * float(market.lot)
    leverage = min(leverage, cast.most_leverage(market, size * market.price))
    sign = 1 if lots > 0 else -1
    rate = cast.maintenance_rate(market, size * market.price)
    if sign * (market.price - entry) + entry / leverage < _LIVES_ABOVE * rate * market.price:
        entry = market.price
    ticks = market.ticks(entry)
    margin = size * ticks * float(market.tick) / leverage
    account = cast.account(market, leverage=leverage, isolated=not (terms.other or terms.collateral))
    brought = margin * (1.0 + terms.kept_back)
    if terms.collateral:
        cast.deposit_coins(account, cast.market(terms.collateral), brought)
    else:
        cast.deposit(account, market.settle_asset, market.units(brought) + 2)
    cast.hold(account, market, lots, ticks, market.units(margin) + 1, leverage)
    if terms.other:
        _open_in_other(cast, cast.market(terms.other), account, sign * size * market.price, leverage)
    dead = entry - sign * entry / leverage
    stop = market.price + terms.stop_far * (dead - market.price)
    return cast.row(
        Part.MEMBERS, MEMBER_ROW, account=account, adds_units=market.units(margin * terms.kept_back / 2),
        stop_ticks=market.ticks(stop) if draw < terms.stops and stop > 0 else 0,
    )  # fmt: skip


def _open_in_other(cast: Cast, other: Market, account: int, worth: float, leverage: float) -> None:
    """As much in the second market, entered at its opening price, with its margin in the same wallet."""
    lots = other.lots(abs(worth))
    ticks = other.ticks(other.price)
    cast.deposit(account, other.settle_asset, other.units(abs(worth) / leverage) + 2)
    cast.hold(account, other, lots if worth > 0 else -lots, ticks, 0, leverage)


def _open_holders(cast: Cast, market: Market, terms: CrowdTerms, name: str, held: list[tuple[int, int]]) -> None:
    """A few accounts without leverage on the other side of every position, at its entry price."""
    cast.begin(name, "holders", Mechanism.USER)
    holders = [cast.account(market, leverage=1) for _ in range(min(terms.holders, len(held)))]
    needs = [0.0] * len(holders)
    for index, (lots, ticks) in enumerate(held):
        at = index % len(holders)
        cast.hold(holders[at], market, -lots, ticks, 0, 1)
        needs[at] += abs(lots) * float(market.lot) * ticks * float(market.tick)
    for account, need in zip(holders, needs, strict=True):
        cast.deposit(account, market.settle_asset, market.units(5.0 * need))


@rule
def wake_crowd(w: Any, s: Any, agent: int) -> int:
    """One member looks at its position; at the start, stops are placed."""
    row = row_at(s, Part.CROWDS, agent_at(s, agent).own, CROWD)
    now = int(clock_of(w).now_ns)
    if row.seeded < row.member_count:
        until = min(row.seeded + _SEEDS_AT_ONCE, row.member_count)
        while row.seeded < until:
            _place_stop(w, s, agent, row, int(row.first_member + row.seeded))
            row.seeded += 1
        return now
    member = row_at(s, Part.MEMBERS, int(row.first_member) + below(s, agent, int(row.member_count)), MEMBER_ROW)
    draw = chance(s, agent)
    _look(w, s, agent, row, member, draw)
    return now + wait_ns(s, agent, row.rate_per_s)


@rule
def _look(w: Any, s: Any, agent: int, row: Any, member: Any, draw: float) -> None:
    account, number = int(member.account), int(row.instrument)
    leg = leg_of(w, account, number)
    if leg == 0 or leg_at(w, leg).lots == 0 or price_of(w, number) == 0:
        return
    balance = balance_at(w, leg_at(w, leg).balance)
    if balance.state >= RiskState.LIQUIDATING:
        return
    risk = balance_risk(w, int(leg_at(w, leg).balance))
    if risk.equity >= row.worry * risk.maintenance:
        return
    if draw < row.adds:
        wallet = find_balance(w, account, instrument_at(w, number).settle_asset, 0)
        units = min(int(member.adds_units), int(balance_at(w, wallet).units)) if wallet != 0 else 0
        if units > 0:
            add_margin(w, s, agent, account, number, units)
    elif draw < row.adds + row.gives_up:
        buy_or_sell(w, s, agent, account, number, -int(leg_at(w, leg).lots), True)


@rule
def _place_stop(w: Any, s: Any, agent: int, row: Any, at: int) -> None:
    """A reduce-only stop at the market for the whole position."""
    member = row_at(s, Part.MEMBERS, at, MEMBER_ROW)
    if member.stop_ticks == 0:
        return
    account, number = int(member.account), int(row.instrument)
    leg = leg_of(w, account, number)
    lots = int(leg_at(w, leg).lots) if leg != 0 else 0
    if lots == 0:
        return
    pen = begin(w, s, agent, CommandKind.PLACE.value, account, number)
    pen.client_id = new_id(s, agent)
    pen.side = Side.SELL.value if lots > 0 else Side.BUY.value
    pen.trigger_ticks = member.stop_ticks
    pen.lots = abs(lots)
    pen.order_kind = OrderKind.STOP_MARKET.value
    pen.traits = OrderFlag.REDUCE_ONLY.value
    pen.mechanism = row.stop_mechanism
    say(w, s, agent)
