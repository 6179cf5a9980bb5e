"""Funding and basis traders: they hold a perpetual against its base while carrying it pays.

What a short perpetual held against the base earns in a day, as a part of its worth:

    carry = funding of a day + (perp / spot - 1) / holding_days

The first at the rate that the venue would fix now. A round trip costs two fills at each market, spread over the same
days. While |carry| exceeds that cost by more than ``threshold_bps_day`` they build up a position, full at twice the
threshold: short the perpetual where carry is positive, long where it is negative, the same size of the base the other
way. They keep it until carry has changed its sign. When the perpetual's margin is stressed they close, whatever the
carry, and rest. They are slow: one piece a look.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.funding import funding_hours, rate_now
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.prices import pricing_at
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, instrument_at, leg_at, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import base_unit, fee_part, has_word_under_way, is_closed, spare_of, units_of
from shortdesk.stage.look import held_lots, leg_of, mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at, value_at
from shortdesk.stage.pen import buy_or_sell, is_silent

__all__ = ["BASIS", "BasisTerms", "open_basis", "wake_basis"]

_SLACK = 1.02


class BasisTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="basis"):
    """Funding and basis traders. The threshold is that of the project's agent table, the rest our assumptions."""

    name: str
    instrument: str
    spot: str = ""
    """Where the base is held; empty: somewhere else, at what it is worth to those who know."""
    count: int = 3
    capital_usd: float = 3_000_000
    """What one brings to each venue; to the spot venue as much again in the base."""
    limit_usd: float = 2_000_000
    """Most that one holds."""
    piece_usd: float = 50_000
    threshold_bps_day: float = 10.0
    holding_days: float = 7.0
    leverage: float = 3.0
    stress: float = 3.0
    """Equity over maintenance of the perpetual below which everything is closed."""
    rest_s: float = 14_400.0
    """How long it stays out after that."""
    latency_ms: float = 100.0
    look_s: float = 60.0


BASIS = row_type(
    ("look_rate_per_s", "<f8"),
    ("threshold", "<f8"),  # part of the worth in a day
    ("holding_days", "<f8"),
    ("stress", "<f8"),
    ("limit_lots", "<f8"),  # of the perpetual
    ("piece_lots", "<i8"),
    ("rest_ns", "<i8"),
    ("rests_until_ns", "<i8"),
    ("is_stressed", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("spot", "<i8"),  # the spot pair, 0: elsewhere
    ("spot_account", "<i8"),
    ("base_asset", "<i8"),
    ("quote_asset", "<i8"),
    ("start_units", "<i8"),  # base at the opening
)
"""One basis trader."""


def open_basis(cast: Cast, terms: BasisTerms) -> None:
    """One agent, and an account at each venue, for each trader.

    Raises:
        UsageError: the markets are not a perpetual and a spot pair of its base.
    """
    market = cast.market(terms.instrument)
    spot = cast.market(terms.spot) if terms.spot else None
    if not market.is_perp or (spot and (spot.is_perp or spot.base_asset != market.base_asset)):
        raise UsageError(f"basis '{terms.name}': expected a perpetual, and a spot pair of its base")
    cast.begin(terms.name, "basis", Mechanism.FUNDING)
    leverage = min(terms.leverage, cast.most_leverage(market, terms.limit_usd))
    for index in range(terms.count):
        account = cast.account(market, leverage=leverage, latency_ms=terms.latency_ms)
        cast.deposit(account, market.settle_asset, market.units(terms.capital_usd))
        spot_account = base = 0
        if spot:
            spot_account = cast.account(spot, latency_ms=terms.latency_ms)
            base = spot.base_units(terms.capital_usd / spot.price)
            cast.deposit(spot_account, spot.settle_asset, spot.units(terms.capital_usd))
            cast.deposit(spot_account, spot.base_asset, base)
        own = cast.row(
            Part.BASES, BASIS, look_rate_per_s=1.0 / terms.look_s, threshold=terms.threshold_bps_day / 1e4,
            holding_days=terms.holding_days, stress=terms.stress, limit_lots=float(market.lots(terms.limit_usd)),
            piece_lots=market.lots(terms.piece_usd), rest_ns=int(terms.rest_s * SECOND_NS), instrument=market.number,
            account=account, spot=spot.number if spot else 0, spot_account=spot_account, base_asset=market.base_asset,
            quote_asset=spot.settle_asset if spot else 0, start_units=base,
        )  # fmt: skip
        first_ns = int(terms.look_s * SECOND_NS * (index + 1) / max(1, terms.count))
        cast.agent(AgentKind.BASIS, own, first_wake_ns=first_ns)


@rule
def wake_basis(w: Any, s: Any, agent: int) -> int:
    """Reckon the carry, move a piece towards what it is worth, and keep the base even with the perpetual."""
    row = row_at(s, Part.BASES, agent_at(s, agent).own, BASIS)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    number, account, spot = int(row.instrument), int(row.account), int(row.spot)
    if is_silent(w, s, agent) or is_closed(w, number) or has_word_under_way(w, account):
        return next_ns
    if spot != 0 and (is_closed(w, spot) or has_word_under_way(w, int(row.spot_account))):
        return next_ns
    held = held_lots(w, account, number)
    lacking = _target(w, s, row, held, now) - held
    piece = abs(lacking) if row.is_stressed != 0 else min(abs(lacking), int(row.piece_lots))
    if spot != 0:
        piece = min(piece, _lots_matched(w, s, row, held, lacking))
    signed = piece if lacking > 0 else -piece
    buy_or_sell(w, s, agent, account, number, signed, abs(held + signed) < abs(held))
    if spot != 0:
        _keep_even(w, s, agent, row, held + signed)
    return next_ns


@rule
def _carry(w: Any, s: Any, row: Any) -> float:
    """What a short perpetual against the base earns in a day, as a part of its worth."""
    number, spot = int(row.instrument), int(row.spot)
    rate = float(rate_now(w, number)) / float(pricing_at(w, number).rate_one)
    perp = mid_ticks(w, number) * float(grid_at(s, number).tick)
    worth = float(value_at(s, int(grid_at(s, number).own_value)).price)
    if spot != 0:
        worth = mid_ticks(w, spot) * float(grid_at(s, spot).tick)
    return rate * 24.0 / funding_hours(w, number) + (perp / worth - 1.0) / float(row.holding_days)


@rule
def _target(w: Any, s: Any, row: Any, held: int, now: int) -> int:
    """Lots of the perpetual to hold, short < 0."""
    leg = leg_of(w, int(row.account), int(row.instrument))
    if held != 0:
        risk = balance_risk(w, int(leg_at(w, leg).balance))
        if risk.equity < row.stress * risk.maintenance:
            row.is_stressed = 1
            row.rests_until_ns = now + row.rest_ns
    elif row.is_stressed != 0:
        row.is_stressed = 0
    if row.is_stressed != 0 or now < row.rests_until_ns:
        return 0
    carry = _carry(w, s, row)
    fees = fee_part(w, int(row.instrument)) + (fee_part(w, int(row.spot)) if row.spot != 0 else 0.0)
    over = abs(carry) - 2.0 * fees / row.holding_days - row.threshold
    wanted = int(row.limit_lots * min(1.0, max(0.0, over / row.threshold)))
    if carry > 0.0:
        return min(held, -wanted) if held <= 0 else -wanted
    return max(held, wanted) if held >= 0 else wanted


@rule
def _spot_size(w: Any, s: Any, row: Any) -> float:
    """Base held beyond what was there at the opening."""
    units = units_of(w, int(row.spot_account), int(row.base_asset)) - int(row.start_units)
    return float(units) * base_unit(w, s, int(row.spot))


@rule
def _lots_matched(w: Any, s: Any, row: Any, held: int, lacking: int) -> int:
    """Lots of the perpetual by which the position may grow so that the spot account can take the other side."""
    if abs(held + lacking) < abs(held):
        return abs(lacking)
    spot, account = int(row.spot), int(row.spot_account)
    if lacking > 0:
        size = float(spare_of(w, account, int(row.base_asset))) * base_unit(w, s, spot)
    else:
        lot_units = _SLACK * mid_ticks(w, spot) * float(instrument_at(w, spot).factor)
        size = float(spare_of(w, account, int(row.quote_asset))) / lot_units * float(grid_at(s, spot).lot)
    return int(size / grid_at(s, int(row.instrument)).lot)


@rule
def _keep_even(w: Any, s: Any, agent: int, row: Any, perp_lots: int) -> None:
    """Buy or sell the base so that both sides are of one size."""
    spot = int(row.spot)
    lot = float(grid_at(s, spot).lot)
    lacking = -perp_lots * float(grid_at(s, int(row.instrument)).lot) - _spot_size(w, s, row)
    lots = int(abs(lacking) / lot + 1e-6)
    buy_or_sell(w, s, agent, int(row.spot_account), spot, lots if lacking > 0.0 else -lots, False)
