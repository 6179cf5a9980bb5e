"""Squeeze hunters: they buy into a rise that is about to reach the crowd of shorts, and sell into a fall of longs.

What they know is public: price, book and open interest. Where the crowd dies is estimated from the open interest, an
assumed mix of leverages and an assumed entry, the slow average of the price: rung L of the shorts lies at

    entry (1 + 1 / L) / (1 + maintenance)        of the longs at entry (1 - 1 / L) / (1 - maintenance)

A hunter enters when the return over ``window_s`` exceeds z σ √window and rungs lie within ``near`` ahead. With the
book's depth D within ``near``, prices give way by κ = near / D per lot, the rungs' lots F push by κ F, and trading Q
costs κ Q itself: the best size is Q = (κ F - costs) / (2 κ), as far as the capital goes. The position is bought in
pieces, decays with a half-life, and is closed when the return turns.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp, ln
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.ladder import Ladder
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, row_at
from shortdesk.stage.agents.crowd import Rung
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import fee_part, has_word_under_way, is_closed
from shortdesk.stage.look import held_lots, lots_within, mid_ticks, spread_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import buy_or_sell, is_silent

__all__ = ["MOMENTUM", "RUNG_ROW", "SIGHT", "MomentumTerms", "open_momentum", "wake_momentum"]

_LN_2 = math.log(2.0)
_DAY_S = 86_400.0
_SIGHTS = 16
_OVER_BELOW = 0.1
_SPENT = 0.9
_UP, _DOWN = 1, 2
_MIX = (
    Rung(leverage=5, share=0.25), Rung(leverage=10, share=0.35), Rung(leverage=20, share=0.25),
    Rung(leverage=50, share=0.15),
)  # fmt: skip


class MomentumTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="momentum"
):
    """Squeeze hunters. Window, z and capital (1-20 million) as in the project's agent table, the rest our assumptions:
    the mix is a guess as those of public liquidation maps are, heavier in high leverage than what crowds hold."""

    name: str
    instrument: str
    count: int = 3
    capital_usd: float = 2_000_000
    leverage: float = 2.0
    hunts: Literal["shorts", "longs", "both"] = "both"
    """Whose liquidation they look for."""
    window_s: float = 60.0
    z: float = 3.0
    """Return over the window, in its standard deviations, that wakes them."""
    sigma_day: float = 0.03
    """Usual volatility: where their own estimate begins."""
    sigma_half_life_s: float = 1_800.0
    """Of their estimate; long, so that the move itself does not hide it."""
    near: float = 0.015
    """How far ahead rungs count, and depth is looked at, as a part of the price."""
    mix: tuple[Rung, ...] = _MIX
    maintenance: float = 0.005
    entry_memory_s: float = 14_400.0
    """Memory of the average price at which the crowd is thought to have entered."""
    piece_usd: float = 50_000
    half_life_s: float = 120.0
    """Of the position, once it is on."""
    reversal: float = 0.5
    """Opposite return, as a part of what wakes them, at which everything is closed."""
    latency_ms: float = 20.0
    look_s: float = 2.0


MOMENTUM = row_type(
    ("look_rate_per_s", "<f8"),
    ("window_s", "<f8"),
    ("z", "<f8"),
    ("near", "<f8"),
    ("maintenance", "<f8"),
    ("entry_memory_s", "<f8"),
    ("half_life_s", "<f8"),
    ("reversal", "<f8"),
    ("sigma_half_life_s", "<f8"),
    ("variance", "<f8"),  # its estimate, per second
    ("entry", "<f8"),  # where the crowd is thought to have entered, in ticks
    ("seen_mid", "<f8"),
    ("seen_ns", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("limit_lots", "<i8"),
    ("piece_lots", "<i8"),
    ("directions", "<i8"),  # 1 up, 2 down, 3 both
    ("first_sight", "<i8"),
    ("sights", "<i8"),  # written so far
    ("first_rung", "<i8"),
    ("rung_count", "<i8"),
    ("peak_lots", "<i8"),  # what it set out to hold; 0 while it holds back
    ("entered_ns", "<i8"),
)

SIGHT = row_type(("mid", "<f8"), ("time_ns", "<i8"))
"""A price that a hunter saw; a ring of them reaches back over its window."""

RUNG_ROW = row_type(("leverage", "<f8"), ("share", "<f8"))
"""A part of the crowd that is assumed to have one leverage."""


def open_momentum(cast: Cast, terms: MomentumTerms) -> None:
    """One account and one agent for each hunter.

    Raises:
        UsageError: the instrument is no perpetual, or the mix does not sum to 1.
    """
    market = cast.market(terms.instrument)
    if not market.is_perp:
        raise UsageError(f"momentum '{terms.name}' reads open interest; {terms.instrument} is a spot pair")
    total = sum(rung.share for rung in terms.mix)
    if not math.isclose(total, 1.0, abs_tol=1e-6):
        raise UsageError(f"momentum '{terms.name}': shares of the leverage mix sum to {total:.4g}; expected 1")
    cast.begin(terms.name, "momentum", Mechanism.MOMENTUM)
    rungs = [cast.row(Part.RUNGS, RUNG_ROW, leverage=rung.leverage, share=rung.share) for rung in terms.mix]
    leverage = min(terms.leverage, cast.most_leverage(market, terms.capital_usd * terms.leverage))
    directions = {"shorts": _UP, "longs": _DOWN, "both": _UP + _DOWN}[terms.hunts]
    for index in range(terms.count):
        account = cast.account(market, leverage=leverage, latency_ms=terms.latency_ms)
        cast.deposit(account, market.settle_asset, market.units(terms.capital_usd))
        own = cast.row(
            Part.MOMENTUMS, MOMENTUM, look_rate_per_s=1.0 / terms.look_s, window_s=terms.window_s, z=terms.z,
            near=terms.near, maintenance=terms.maintenance, entry_memory_s=terms.entry_memory_s,
            half_life_s=terms.half_life_s, reversal=terms.reversal, sigma_half_life_s=terms.sigma_half_life_s,
            variance=terms.sigma_day**2 / _DAY_S, entry=market.price / float(market.tick), instrument=market.number,
            account=account, limit_lots=market.lots(_SPENT * terms.capital_usd * leverage),
            piece_lots=market.lots(terms.piece_usd), directions=directions,
            first_sight=cast.rows(Part.SIGHTS, SIGHT, _SIGHTS), first_rung=rungs[0], rung_count=len(rungs),
        )  # fmt: skip
        cast.agent(AgentKind.MOMENTUM, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))


@rule
def wake_momentum(w: Any, s: Any, agent: int) -> int:
    """See the price, decide how much to hold, and trade a piece of the difference."""
    row = row_at(s, Part.MOMENTUMS, agent_at(s, agent).own, MOMENTUM)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    change = _see(w, s, row, now)
    number, account = int(row.instrument), int(row.account)
    if is_silent(w, s, agent) or is_closed(w, number) or has_word_under_way(w, account):
        return next_ns
    held = held_lots(w, account, number)
    lacking = _target(w, s, row, change, held, now) - held
    piece = min(abs(lacking), int(row.piece_lots))
    buy_or_sell(w, s, agent, account, number, piece if lacking > 0 else -piece, lacking * held < 0)
    return next_ns


@rule
def _see(w: Any, s: Any, row: Any, now: int) -> float:
    """Volatility, assumed entry, and the return over the window; 0 before a window has passed."""
    mid = mid_ticks(w, int(row.instrument))
    seconds = (now - row.seen_ns) * 1e-9
    if row.seen_ns != 0 and seconds > 0.0 and row.seen_mid > 0.0:
        moved = ln(mid / row.seen_mid)
        kept = exp(-_LN_2 * seconds / row.sigma_half_life_s)
        row.variance = kept * row.variance + (1.0 - kept) * moved * moved / seconds
        row.entry += (1.0 - exp(-seconds / row.entry_memory_s)) * (mid - row.entry)
    row.seen_mid = mid
    row.seen_ns = now
    newest = row_at(s, Part.SIGHTS, _sight(row, int(row.sights) - 1), SIGHT)
    if row.sights == 0 or (now - newest.time_ns) * 1e-9 >= row.window_s / (_SIGHTS - 1):
        newest = row_at(s, Part.SIGHTS, _sight(row, int(row.sights)), SIGHT)
        newest.mid = mid
        newest.time_ns = now
        row.sights += 1
    if row.sights < _SIGHTS:
        return 0.0
    return ln(mid / row_at(s, Part.SIGHTS, _sight(row, int(row.sights)), SIGHT).mid)


@rule
def _sight(row: Any, at: int) -> int:
    return int(row.first_sight) + at % _SIGHTS


@rule
def _target(w: Any, s: Any, row: Any, change: float, held: int, now: int) -> int:
    """Lots to hold now, short < 0."""
    wakes_at = row.z * math.sqrt(row.variance * row.window_s)
    if row.peak_lots != 0:
        kept = exp(-_LN_2 * (now - row.entered_ns) * 1e-9 / row.half_life_s)
        turned = change * (1.0 if row.peak_lots > 0 else -1.0) < -row.reversal * wakes_at
        if turned or kept < _OVER_BELOW:
            row.peak_lots = 0
        return int(row.peak_lots * kept)
    if held != 0 or abs(change) <= wakes_at:
        return 0
    sign = 1 if change > 0.0 else -1
    if row.directions & (_UP if sign > 0 else _DOWN) != 0:
        row.peak_lots = sign * min(int(row.limit_lots), _best_lots(w, s, row, sign))
        row.entered_ns = now
    return int(row.peak_lots)


@rule
def _best_lots(w: Any, s: Any, row: Any, sign: int) -> int:
    """(κ F - costs) / (2 κ): the size with which riding the crowd's forced orders pays best; 0 where none pays."""
    number = int(row.instrument)
    depth = lots_within(w, number, Ladder.ASKS.value if sign > 0 else Ladder.BIDS.value, row.near)
    give = row.near / max(1.0, float(depth))
    costs = 2.0 * fee_part(w, number) + spread_ticks(w, number) / mid_ticks(w, number)
    return max(0, int((give * _fuel(w, s, row, sign) - costs) / (2.0 * give)))


@rule
def _fuel(w: Any, s: Any, row: Any, sign: int) -> float:
    """Lots of the crowd that are thought to be liquidated within ``near`` ahead of the price."""
    mid = mid_ticks(w, int(row.instrument))
    total = 0.0
    for at in range(row.first_rung, row.first_rung + row.rung_count):
        rung = row_at(s, Part.RUNGS, at, RUNG_ROW)
        dies_at = row.entry * (1.0 + sign / rung.leverage) / (1.0 + sign * row.maintenance)
        ahead = sign * (dies_at / mid - 1.0)
        if 0.0 < ahead <= row.near:
            total += rung.share * instrument_at(w, int(row.instrument)).open_lots
    return total
