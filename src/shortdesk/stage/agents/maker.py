"""Market makers: Guéant–Lehalle–Fernandez-Tapia quotes with a hard limit, who leave when quoting does not pay.

Fair price: the middle of what others quote, leaned by the book's imbalance, mixed with what is known elsewhere. Its
own quotes are left out, or their skew would feed on itself. Around it quotes stand ``half_spread + skew q`` away
(``quoting.glt_coefficients``), both growing with the maker's own estimate of volatility.
A maker quotes while

    2 A exp(-k h) D h  >  D loss(h, σ√τ) / τ + γ σ² q² / 2

(income of the spread per second; what others pick off within one reaction time τ; the charge for its inventory), so
that withdrawal is an outcome of volatility, speed and inventory and not a threshold. Then it cancels everything, waits
for a while and looks again. At its limit it quotes the side that reduces alone.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp, ln, normal_density, normal_upper
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import OrderFlag, Side
from shortdesk.market.note import Detail, journal_has_room, note_apart
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, exponential
from shortdesk.stage.look import held_lots, imbalance, mid_of_others, mid_ticks, rests
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at, play_of, value_at
from shortdesk.stage.pen import cancel, cancel_all, is_silent, place
from shortdesk.stage.quoting import glt_coefficients, glt_risk_aversion

__all__ = ["MAKER", "QUOTE", "MakerTerms", "maker_at", "open_makers", "wake_maker"]

_DAY_S = 86_400.0
_MOST_LEVELS = 20


class MakerTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="maker"):
    """Market makers. Defaults are our assumptions; see the module for what they decide."""

    name: str
    instrument: str
    count: int = 8
    limit_usd: float = 1_000_000
    """Most that one maker holds, long or short."""
    half_spread_bps: float = 3.0
    """Where a maker without inventory quotes in usual volatility; 1 / k of the model."""
    fills_per_s: float = 0.5
    """A of the model: how often a quote at the fair price would be filled."""
    order_usd: float = 5_000
    """Size at the best level; each further one is ``growth`` times as large."""
    levels: int = 5
    step_bps: float = 4.0
    growth: float = 1.5
    sigma_day: float = 0.03
    """Usual volatility: at it, half the limit skews the quotes by one half-spread."""
    half_life_s: float = 30.0
    """Of its estimate of volatility."""
    latency_ms: float = 10.0
    requote_s: float = 1.0
    """Mean time between two looks; with the latency, its reaction time."""
    cool_off_s: float = 180.0
    elsewhere: float = 0.3
    """Weight of the value known elsewhere in its fair price."""
    never_leaves: bool = False


MAKER = row_type(
    ("limit_lots", "<i8"),
    ("order_lots", "<f8"),
    ("decay", "<f8"),  # k, per part of the price
    ("fills_per_s", "<f8"),
    ("premium", "<f8"),  # half-spread without volatility, part of the price
    ("skew", "<f8"),  # part of the price per lot, at the usual volatility
    ("aversion", "<f8"),  # gamma, per part of the price and lot
    ("usual_sigma", "<f8"),  # per square root of a second
    ("variance", "<f8"),  # its estimate, per second
    ("half_life_s", "<f8"),
    ("reaction_s", "<f8"),
    ("requote_s", "<f8"),
    ("cool_off_s", "<f8"),
    ("elsewhere", "<f8"),
    ("step", "<f8"),
    ("growth", "<f8"),
    ("seen_mid", "<f8"),  # what it saw last, and when
    ("seen_ns", "<i8"),
    ("away_until_ns", "<i8"),
    ("is_away", "<i8"),
    ("never_leaves", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("levels", "<i8"),
    ("first_quote", "<i8"),
)
"""One market maker; it keeps its ladder in QUOTES."""

QUOTE = row_type(("client_id", "<i8"), ("ticks", "<i8"))
"""One place in a maker's ladder: bids first, then asks."""


@rule(inline=True)
def maker_at(s: Any, at: int) -> Any:
    """A maker."""
    return row_at(s, Part.MAKERS, at, MAKER)


def open_makers(cast: Cast, terms: MakerTerms) -> None:
    """One account and one agent for each maker."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "maker", Mechanism.MAKER)
    lot_worth = market.price * float(market.lot)
    order_lots = max(1.0, terms.order_usd / lot_worth)
    limit_lots = market.lots(terms.limit_usd)
    half, sigma = terms.half_spread_bps / 1e4, terms.sigma_day / math.sqrt(_DAY_S)
    decay = 1.0 / half
    aversion = glt_risk_aversion(limit_lots / 2, sigma, terms.fills_per_s, decay, order_lots)
    found = glt_coefficients(aversion, sigma, terms.fills_per_s, decay, order_lots)
    for index in range(terms.count):
        account = cast.account(market, leverage=5, latency_ms=terms.latency_ms)
        cast.endow(account, market, 2 * terms.limit_usd)
        own = cast.row(
            Part.MAKERS, MAKER, limit_lots=limit_lots, order_lots=order_lots, decay=decay,
            fills_per_s=terms.fills_per_s, premium=found.half_spread - found.skew * order_lots / 2, skew=found.skew,
            aversion=aversion, usual_sigma=sigma, variance=sigma * sigma, half_life_s=terms.half_life_s,
            reaction_s=terms.requote_s + terms.latency_ms / 1e3, requote_s=terms.requote_s,
            cool_off_s=terms.cool_off_s, elsewhere=terms.elsewhere, step=terms.step_bps / 1e4, growth=terms.growth,
            never_leaves=int(terms.never_leaves), instrument=market.number, account=account,
            levels=min(terms.levels, _MOST_LEVELS),
            first_quote=cast.rows(Part.QUOTES, QUOTE, 2 * min(terms.levels, _MOST_LEVELS)),
        )  # fmt: skip
        cast.agent(AgentKind.MAKER, own, first_wake_ns=SECOND_NS // 2 + index * SECOND_NS // max(1, terms.count))


@rule
def wake_maker(w: Any, s: Any, agent: int) -> int:
    """Look, decide whether to quote, and move what stands in the wrong place."""
    row = maker_at(s, int(agent_at(s, agent).own))
    now = int(clock_of(w).now_ns)
    wait_s = row.requote_s * (0.5 + 0.5 * exponential(s, agent))
    away_s = row.cool_off_s * (0.5 + exponential(s, agent))
    next_ns = now + max(1, int(wait_s * SECOND_NS))
    if is_silent(w, s, agent):
        return next_ns
    _estimate(w, row, now)
    if now < row.away_until_ns:
        if row.is_away == 0:
            _leave(w, s, agent, row)
        return next_ns
    held = held_lots(w, int(row.account), int(row.instrument))
    sigma = math.sqrt(row.variance)
    half = (row.premium + row.skew * row.order_lots * 0.5) * max(1.0, sigma / row.usual_sigma)
    stays = row.never_leaves != 0 or (play_of(s).stays_from_ns != 0 and now >= play_of(s).stays_from_ns)
    if not stays and not _pays(row, half, sigma, held):
        row.away_until_ns = now + int(away_s * SECOND_NS)
        _leave(w, s, agent, row)
        return next_ns
    if row.is_away != 0:
        row.is_away = 0
        _note_presence(w, row, 1)
    _quote(w, s, agent, row, half, row.skew * max(1.0, sigma / row.usual_sigma) * held, held)
    return next_ns


@rule
def _estimate(w: Any, row: Any, now: int) -> None:
    """Volatility out of squared changes of the middle, old ones forgotten with a half-life."""
    mid = mid_ticks(w, int(row.instrument))
    if row.seen_ns != 0 and now > row.seen_ns and mid > 0.0 and row.seen_mid > 0.0:
        seconds = (now - row.seen_ns) * 1e-9
        change = ln(mid / row.seen_mid)
        kept = exp(-0.6931471805599453 * seconds / row.half_life_s)
        row.variance = kept * row.variance + (1.0 - kept) * change * change / seconds
    row.seen_mid = mid
    row.seen_ns = now


@rule
def _pays(row: Any, half: float, sigma: float, held: int) -> bool:
    """Whether the spread's income exceeds what is picked off and what the inventory costs, all per second."""
    income = 2.0 * row.fills_per_s * exp(-row.decay * half) * row.order_lots * half
    deviation = sigma * math.sqrt(row.reaction_s)
    z = half / deviation if deviation > 0.0 else 40.0
    picked = 2.0 * deviation * (normal_density(z) - z * normal_upper(z)) * row.order_lots / row.reaction_s
    inventory = 0.5 * row.aversion * sigma * sigma * held * held
    return bool(income > picked + inventory)


@rule
def _leave(w: Any, s: Any, agent: int, row: Any) -> None:
    cancel_all(w, s, agent, int(row.account), int(row.instrument))
    for at in range(row.first_quote, row.first_quote + 2 * row.levels):
        row_at(s, Part.QUOTES, at, QUOTE).client_id = 0
    if row.is_away == 0:
        row.is_away = 1
        _note_presence(w, row, 0)


@rule
def _note_presence(w: Any, row: Any, is_there: int) -> None:
    """A maker leaves (0) or comes back (1)."""
    if not journal_has_room(w, 1):
        return
    number = int(row.instrument)
    note_apart(
        w, Detail.MONEY, Kind.PRESENCE, venue=instrument_at(w, number).venue, instrument=number,
        account=int(row.account), units=is_there,
    )  # fmt: skip


@rule
def _quote(w: Any, s: Any, agent: int, row: Any, half: float, skew: float, held: int) -> None:
    """Move the quotes to where they belong; those that stand close enough keep their place in the queue."""
    number = int(row.instrument)
    grid = grid_at(s, number)
    mid = mid_of_others(w, number, int(row.account))
    worth = value_at(s, int(grid.own_value)).price / grid.tick
    fair = mid * (1.0 + 0.5 * half * imbalance(w, number))
    fair += row.elsewhere * (worth - fair)
    slack = max(1, int(0.25 * half * mid))
    lots = row.order_lots
    far = 0.0
    for level in range(row.levels):
        bid = int(fair * (1.0 - half - skew - far))
        ask = int(fair * (1.0 + half - skew + far)) + 1
        room_to_buy = int(row.limit_lots - held)
        room_to_sell = int(row.limit_lots + held)
        _set_quote(w, s, agent, row, row.first_quote + level, Side.BUY.value, bid, min(int(lots), room_to_buy), slack)
        at = row.first_quote + row.levels + level
        _set_quote(w, s, agent, row, at, Side.SELL.value, ask, min(int(lots), room_to_sell), slack)
        far += row.step * max(1.0, half * row.decay)
        lots *= row.growth


@rule
def _set_quote(w: Any, s: Any, agent: int, row: Any, at: int, side: int, ticks: int, lots: int, slack: int) -> None:
    quote = row_at(s, Part.QUOTES, at, QUOTE)
    account, number = int(row.account), int(row.instrument)
    if quote.client_id != 0 and rests(w, account, number, int(quote.client_id)) != 0:
        if lots > 0 and abs(int(quote.ticks) - ticks) <= slack:
            return
        cancel(w, s, agent, account, number, int(quote.client_id))
    quote.client_id = 0
    if lots > 0 and ticks > 0:
        traits = OrderFlag.POST_ONLY.value + OrderFlag.SLIDES.value
        quote.client_id = place(w, s, agent, account, number, side, ticks, lots, traits)
        quote.ticks = ticks
