"""Hedgers: option dealers who keep their delta at nought, and holders of a fixed short such as miners.

A dealer's net gamma Γ is what its delta gains in the quote when the price rises by 1 %; short gamma is negative. It is
largest where the price is at the strike K and falls off like a normal density of width ``width`` in ln price, so that
the delta at x = ln(price / K) is

    Δ(x) = 100 Γ width √(2π) (Φ(x / width) - ½)

At the opening the book of options is hedged. From then on the dealer trades against what Δ has become: who is short
gamma buys what rises and sells what falls. It trades when what is not hedged exceeds what Γ makes out of a move by
``band``, and then all of it, in pieces. On top it keeps ``fixed_short_usd`` short, whatever the price does.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import ln, normal_upper
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import has_word_under_way, is_closed
from shortdesk.stage.look import held_lots, mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at
from shortdesk.stage.pen import buy_or_sell, is_silent

__all__ = ["HEDGER", "HedgerTerms", "open_hedgers", "wake_hedger"]

_SQRT_2_PI = math.sqrt(2.0 * math.pi)


class HedgerTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="hedger"
):
    """Option dealers and fixed short hedges. The size of gamma is that of the project's agent table for a large coin
    (up to 200 million a percent, of either sign), divided here among ``count``; the rest is our assumption."""

    name: str
    instrument: str
    count: int = 1
    gamma_usd_per_pct: float = -2_000_000
    """Net gamma of all together: what their delta gains when the price rises by 1 %; short gamma < 0."""
    strike: float = 0
    """Where gamma is largest; 0: at the opening price."""
    width: float = 0.1
    """How far, in ln price, gamma reaches."""
    band: float = 0.002
    """A move of the price, as a part of it, that is not hedged."""
    piece_usd: float = 100_000
    fixed_short_usd: float = 0
    """Held short from the opening on, by all together."""
    capital_usd: float = 50_000_000
    leverage: float = 5.0
    latency_ms: float = 20.0
    look_s: float = 5.0


HEDGER = row_type(
    ("look_rate_per_s", "<f8"),
    ("gamma", "<f8"),  # of one, in quote per 1 %
    ("strike", "<f8"),
    ("width", "<f8"),
    ("start_delta", "<f8"),  # in quote, hedged before the opening
    ("band", "<f8"),
    ("fixed_lots", "<i8"),
    ("piece_lots", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("is_hedging", "<i8"),
)
"""One hedger."""


def open_hedgers(cast: Cast, terms: HedgerTerms) -> None:
    """One account and one agent for each; who took the other side of the fixed shorts has no leverage.

    Raises:
        UsageError: a fixed short, or gamma, on a spot pair.
    """
    market = cast.market(terms.instrument)
    if not market.is_perp:
        raise UsageError(f"hedger '{terms.name}' needs a perpetual; {terms.instrument} is a spot pair")
    cast.begin(terms.name, "hedger", Mechanism.HEDGE)
    strike = terms.strike or market.price
    gamma = terms.gamma_usd_per_pct / terms.count
    fixed = round(terms.fixed_short_usd / terms.count / (market.price * float(market.lot)))
    most = abs(gamma) * 100 * terms.width * _SQRT_2_PI / 2 + fixed * market.price * float(market.lot)
    leverage = min(terms.leverage, cast.most_leverage(market, most))
    for index in range(terms.count):
        account = cast.account(market, leverage=leverage, latency_ms=terms.latency_ms)
        cast.deposit(account, market.settle_asset, market.units(terms.capital_usd / terms.count))
        cast.hold(account, market, -fixed, market.ticks(market.price), 0, leverage)
        own = cast.row(
            Part.HEDGERS, HEDGER, look_rate_per_s=1.0 / terms.look_s, gamma=gamma, strike=strike, width=terms.width,
            start_delta=_delta(market.price, gamma, strike, terms.width), band=terms.band, fixed_lots=fixed,
            piece_lots=market.lots(terms.piece_usd), instrument=market.number, account=account,
        )  # fmt: skip
        cast.agent(AgentKind.HEDGER, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))
    if fixed:
        cast.begin(f"{terms.name} holders", "holders", Mechanism.USER)
        holder = cast.account(market, leverage=1)
        cast.deposit(holder, market.settle_asset, market.units(5 * terms.fixed_short_usd))
        cast.hold(holder, market, fixed * terms.count, market.ticks(market.price), 0, 1)


@rule
def _delta(price: float, gamma: float, strike: float, width: float) -> float:
    """Delta of the options in the quote, nought at the strike."""
    return 100.0 * gamma * width * _SQRT_2_PI * (0.5 - normal_upper(ln(price / strike) / width))


@rule
def wake_hedger(w: Any, s: Any, agent: int) -> int:
    """Compare the delta with the hedge; outside of the band trade it away."""
    row = row_at(s, Part.HEDGERS, agent_at(s, agent).own, HEDGER)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    number, account = int(row.instrument), int(row.account)
    if is_silent(w, s, agent) or is_closed(w, number) or has_word_under_way(w, account):
        return next_ns
    grid = grid_at(s, number)
    price = mid_ticks(w, number) * float(grid.tick)
    lot_worth = price * float(grid.lot)
    open_delta = _delta(price, row.gamma, row.strike, row.width) - row.start_delta
    held = held_lots(w, account, number)
    lacking = -int(open_delta / lot_worth) - int(row.fixed_lots) - held
    if abs(lacking) * lot_worth > 100.0 * abs(row.gamma) * row.band:
        row.is_hedging = 1
    if row.is_hedging == 0:
        return next_ns
    if abs(lacking) <= row.piece_lots:
        row.is_hedging = 0
    piece = min(abs(lacking), int(row.piece_lots))
    signed = piece if lacking > 0 else -piece
    buy_or_sell(w, s, agent, account, number, signed, abs(held + signed) < abs(held) and held * (held + signed) >= 0)
    return next_ns
