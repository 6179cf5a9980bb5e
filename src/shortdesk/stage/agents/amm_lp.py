"""Liquidity providers: they stand in a pool as long as its fees pay for what arbitrage takes from them.

What a position loses to traders who know better is σ² / 8 of its worth per second over all prices (loss versus
rebalancing; Milionis, Moallemi, Roughgarden and Zhang 2022), what it earns is the pool's fee growth. Both grow alike
with the concentration of a range, so one comparison serves both forms of pool. A provider stays while

    σ² / 8 <= patience × fees per second and worth    and    σ <= jump × usual σ

with σ estimated from the price it watches and the fees from the pool, old observations forgotten with half-lives of
their own. Leaving is a transaction like any other: it waits for its block. After a cool-off it looks again. In a
concentrated pool it provides from price / (1 + width) to price × (1 + width) and moves its range when the price has
gone ``drift`` of the way to its end. It does not swap to balance what it holds: what does not fit the range stays idle.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp, ln
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.blocks import Act
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.pool_rows import pool_row, position_row
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, exponential
from shortdesk.stage.dex import GWEI, fee_growth, is_flat, position_of, sign, until_next_block_ns
from shortdesk.stage.funds import units_of
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at, play_of
from shortdesk.stage.pen import is_silent

__all__ = ["AMM_LP", "AmmLpTerms", "open_amm_lps", "wake_amm_lp"]

_DAY_S = 86_400.0
_LN_2 = 0.6931471805599453
_LN_TICK = 9.999500033330834e-05


class AmmLpTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="amm_lp"):
    """Liquidity providers of one pool. Defaults are our assumptions; see the module for what they decide."""

    name: str
    instrument: str
    """A pool."""
    watch: str = ""
    """The instrument whose price tells the volatility; empty: the pool."""
    count: int = 20
    wealth_usd: float = 500_000
    """Of each, half of it in the base."""
    width: float = 0.10
    """How far a range reaches on both sides, as a part of the price."""
    drift: float = 0.8
    sigma_day: float = 0.05
    """Usual volatility."""
    jump: float = 3.0
    patience: float = 1.0
    fees_over_loss: float = 1.5
    """What fees are believed to be at the opening, in usual losses."""
    half_life_s: float = 120.0
    """Of the estimate of volatility."""
    fee_half_life_s: float = 1_800.0
    look_s: float = 12.0
    cool_off_s: float = 1_800.0
    latency_ms: float = 500.0
    tip_gwei: float = 2.0
    never_leaves: bool = False


AMM_LP = row_type(
    ("variance", "<f8"),  # its estimate, per second
    ("usual_variance", "<f8"),
    ("fee_rate", "<f8"),  # its estimate, per second and worth
    ("jump", "<f8"),
    ("patience", "<f8"),
    ("half_life_s", "<f8"),
    ("fee_half_life_s", "<f8"),
    ("look_s", "<f8"),
    ("cool_off_s", "<f8"),
    ("drift", "<f8"),
    ("seen_mid", "<f8"),  # what it saw last, and when
    ("seen_growth", "<f8"),
    ("seen_ns", "<i8"),
    ("half_width", "<i8"),  # of its range, in ticks
    ("tip", "<i8"),
    ("latency_ns", "<i8"),
    ("away_until_ns", "<i8"),
    ("busy_until_ns", "<i8"),  # the block that carries what it sent last
    ("is_away", "<i8"),
    ("never_leaves", "<i8"),
    ("instrument", "<i8"),
    ("watched", "<i8"),
    ("account", "<i8"),
)
"""One provider."""


def open_amm_lps(cast: Cast, terms: AmmLpTerms) -> None:
    """One account and one agent for each provider."""
    market = cast.market(terms.instrument)
    watched = cast.market(terms.watch or terms.instrument)
    cast.begin(terms.name, "amm_lp", Mechanism.AMM)
    variance = terms.sigma_day**2 / _DAY_S
    for index in range(terms.count):
        account = cast.account(market, latency_ms=terms.latency_ms)
        cast.endow(account, market, terms.wealth_usd / 2)
        own = cast.row(
            Part.AMM_LPS, AMM_LP, variance=variance, usual_variance=variance,
            fee_rate=terms.fees_over_loss * variance / 8, jump=terms.jump, patience=terms.patience,
            half_life_s=terms.half_life_s, fee_half_life_s=terms.fee_half_life_s, look_s=terms.look_s,
            cool_off_s=terms.cool_off_s, drift=terms.drift, half_width=round(math.log1p(terms.width) / _LN_TICK),
            tip=int(terms.tip_gwei * GWEI), latency_ns=int(terms.latency_ms * 1e6),
            never_leaves=int(terms.never_leaves), instrument=market.number, watched=watched.number, account=account,
        )  # fmt: skip
        cast.agent(AgentKind.AMM_LP, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))


@rule
def wake_amm_lp(w: Any, s: Any, agent: int) -> int:
    """Look, and provide, move the range or leave; one transaction at a time."""
    row = row_at(s, Part.AMM_LPS, agent_at(s, agent).own, AMM_LP)
    now = int(clock_of(w).now_ns)
    next_ns = now + max(1, int(row.look_s * (0.5 + 0.5 * exponential(s, agent)) * SECOND_NS))
    away_s = row.cool_off_s * (0.5 + 0.5 * exponential(s, agent))
    if is_silent(w, s, agent):
        return next_ns
    pool_at = int(instrument_at(w, int(row.instrument)).pool)
    _estimate(w, row, pool_at, now)
    if now < row.busy_until_ns:
        return next_ns
    stays = row.never_leaves != 0 or (play_of(s).stays_from_ns != 0 and now >= play_of(s).stays_from_ns)
    position = position_of(w, pool_at, int(row.account))
    if not stays and not _pays(row):
        row.away_until_ns = now + int(away_s * SECOND_NS)
        if row.is_away == 0:
            row.is_away = 1
            _note_presence(w, row, 0)
        if position != 0:
            _remove(w, s, agent, row, pool_at, position)
    elif position != 0:
        if row.is_away == 0 and _has_drifted(w, row, pool_at, position):
            _remove(w, s, agent, row, pool_at, position)
    elif stays or now >= row.away_until_ns:
        if row.is_away != 0:
            row.is_away = 0
            _note_presence(w, row, 1)
        _add(w, s, agent, row, pool_at)
    return next_ns


@rule
def _estimate(w: Any, row: Any, pool_at: int, now: int) -> None:
    """Volatility out of squared changes of the watched middle; fees out of the pool's growth."""
    mid, growth = mid_ticks(w, int(row.watched)), fee_growth(w, pool_at)
    if row.seen_ns != 0 and now > row.seen_ns:
        seconds = (now - row.seen_ns) * 1e-9
        if mid > 0.0 and row.seen_mid > 0.0:
            change = ln(mid / row.seen_mid)
            kept = exp(-_LN_2 * seconds / row.half_life_s)
            row.variance = kept * row.variance + (1.0 - kept) * change * change / seconds
        earned = growth - row.seen_growth
        if earned >= 0.0:
            kept = exp(-_LN_2 * seconds / row.fee_half_life_s)
            row.fee_rate = kept * row.fee_rate + (1.0 - kept) * earned / seconds
    row.seen_mid, row.seen_growth, row.seen_ns = mid, growth, now


@rule
def _pays(row: Any) -> bool:
    """Whether fees pay for the loss versus rebalancing, and the price is not jumping."""
    is_calm = row.variance <= row.jump * row.jump * row.usual_variance
    return bool(is_calm and row.variance / 8.0 <= row.patience * row.fee_rate)


@rule
def _has_drifted(w: Any, row: Any, pool_at: int, position_at: int) -> bool:
    """Whether the price of a concentrated pool is near an end of the range, or beyond it."""
    if is_flat(w, pool_at):
        return False
    position = position_row(w, position_at)
    middle = 0.5 * (position.low_tick + position.high_tick)
    return bool(abs(pool_row(w, pool_at).tick - middle) > row.drift * 0.5 * (position.high_tick - position.low_tick))


@rule
def _remove(w: Any, s: Any, agent: int, row: Any, pool_at: int, position: int) -> None:
    """Take everything out, fees included."""
    none = wide.of(0)
    sign(
        w, s, agent, int(row.account), pool_at, Act.REMOVE_LIQUIDITY.value, False, position, 0, 0, int(row.tip),
        wide.load(position_row(w, position).liquidity), none, none, none,
    )  # fmt: skip
    row.busy_until_ns = until_next_block_ns(w, pool_at, int(row.latency_ns)) + 1


@rule
def _add(w: Any, s: Any, agent: int, row: Any, pool_at: int) -> None:
    """Put in what there is, but for a hundredth of the base that pays gas."""
    pool = pool_row(w, pool_at)
    none = wide.of(0)
    low, high = 0, 0
    if not is_flat(w, pool_at):
        spacing = int(pool.tick_spacing)
        low = (int(pool.tick) - int(row.half_width)) // spacing * spacing
        high = low + max(1, 2 * int(row.half_width) // spacing) * spacing
    amount0 = int(0.99 * units_of(w, int(row.account), int(pool.asset0)))
    amount1 = units_of(w, int(row.account), int(pool.asset1))
    if amount0 > 0 and amount1 > 0:
        sign(
            w, s, agent, int(row.account), pool_at, Act.ADD_LIQUIDITY.value, False, 0, low, high, int(row.tip),
            wide.of(amount0), wide.of(amount1), none, none,
        )  # fmt: skip
        row.busy_until_ns = until_next_block_ns(w, pool_at, int(row.latency_ns)) + 1


@rule
def _note_presence(w: Any, row: Any, is_there: int) -> None:
    """A provider decides to leave (0) or to come back (1)."""
    if journal_has_room(w, 1):
        number = int(row.instrument)
        note_apart(
            w, Detail.MONEY, Kind.PRESENCE, venue=instrument_at(w, number).venue, instrument=number,
            account=int(row.account), units=is_there,
        )  # fmt: skip
