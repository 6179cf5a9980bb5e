"""Predators: traders who race somebody who will have to sell, and buy back from him (Carlin, Lobo, Viswanathan 2007).

With permanent impact γ and temporary impact λ of trading, n players, one of whom has to trade D until T and the others
nothing in all, each other player's position in equilibrium is, with g = γ / λ and k = (n - 1) g / (n + 1),

    x(t) = D / n [ (1 - e^(-k t)) / (1 - e^(-k T)) - (e^(g t) - 1) / (e^(g T) - 1) ]

They sell along with the seller and buy back while he still sells; for a short who has to cover it is the same the other
way round. Here D is the whole position of the victim, and the attack begins when a predator notices it: its equity is
within ``near`` of its maintenance, as a part of the position's worth. A predator looks at so many positions at a time,
and sees only a share ``sees`` of all accounts: what others hold is partly public (on-chain venues) and partly guessed.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.draw import Purpose, draw_uniform
from shortdesk.ground.elementary import exp
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism, RiskState
from shortdesk.market.accounts import price_of
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import Shelf, balance_at, clock_of, instrument_at, leg_at, row_at, shelf_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import has_word_under_way, is_closed
from shortdesk.stage.look import held_lots
from shortdesk.stage.parts import AgentKind, Part, agent_at, play_of
from shortdesk.stage.pen import buy_or_sell, is_silent

__all__ = ["PREDATOR", "PredatorTerms", "open_predators", "path", "wake_predator"]

_SPENT = 0.9
_SIGHT = int(Purpose.OWN) + 1
_STEEPEST = 200.0


class PredatorTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="predator"
):
    """Predators. Defaults are our assumptions; γ T / λ = 10 is the example of the model's vectors."""

    name: str
    instrument: str
    count: int = 1
    capital_usd: float = 5_000_000
    leverage: float = 3.0
    sees: float = 0.5
    """Share of accounts whose position a predator can see; which, is drawn once for each."""
    near: float = 0.01
    """Distance to liquidation, as a part of the position's worth, within which an account is a victim."""
    least_usd: float = 500_000
    """Positions worth less are left alone."""
    scan_per_look: int = 200
    """Positions looked at in one look."""
    attack_s: float = 120.0
    """T of the model."""
    steepness: float = 10.0
    """γ T / λ of the model: how much of the price's move stays, against what trading fast costs."""
    rest_s: float = 600.0
    latency_ms: float = 10.0
    look_s: float = 2.0


PREDATOR = row_type(
    ("look_rate_per_s", "<f8"),
    ("sees", "<f8"),
    ("near", "<f8"),
    ("least_worth", "<f8"),  # in units of the settlement asset
    ("steepness", "<f8"),
    ("attack_ns", "<i8"),
    ("rest_ns", "<i8"),
    ("players", "<i8"),  # n
    ("scan", "<i8"),
    ("cursor", "<i8"),  # the leg that was looked at last
    ("limit_lots", "<i8"),
    ("instrument", "<i8"),
    ("account", "<i8"),
    ("demand_lots", "<i8"),  # D of the attack under way
    ("began_ns", "<i8"),
    ("rests_until_ns", "<i8"),
)
"""One predator."""


def open_predators(cast: Cast, terms: PredatorTerms) -> None:
    """One account and one agent for each.

    Raises:
        UsageError: the instrument is no perpetual.
    """
    market = cast.market(terms.instrument)
    if not market.is_perp:
        raise UsageError(f"predator '{terms.name}' needs a perpetual; {terms.instrument} is a spot pair")
    cast.begin(terms.name, "predator", Mechanism.MOMENTUM)
    leverage = min(terms.leverage, cast.most_leverage(market, terms.capital_usd * terms.leverage))
    for index in range(terms.count):
        account = cast.account(market, leverage=leverage, latency_ms=terms.latency_ms)
        cast.deposit(account, market.settle_asset, market.units(terms.capital_usd))
        own = cast.row(
            Part.PREDATORS, PREDATOR, look_rate_per_s=1.0 / terms.look_s, sees=terms.sees, near=terms.near,
            least_worth=float(market.units(terms.least_usd)), steepness=min(terms.steepness, _STEEPEST),
            attack_ns=int(terms.attack_s * SECOND_NS), rest_ns=int(terms.rest_s * SECOND_NS), players=terms.count + 1,
            scan=terms.scan_per_look, limit_lots=market.lots(_SPENT * terms.capital_usd * leverage),
            instrument=market.number, account=account,
        )  # fmt: skip
        cast.agent(AgentKind.PREDATOR, own, first_wake_ns=SECOND_NS + index * SECOND_NS // max(1, terms.count))


@rule
def wake_predator(w: Any, s: Any, agent: int) -> int:
    """Look for a victim, or go on with the attack."""
    row = row_at(s, Part.PREDATORS, agent_at(s, agent).own, PREDATOR)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    number, account = int(row.instrument), int(row.account)
    if is_silent(w, s, agent) or is_closed(w, number) or has_word_under_way(w, account):
        return next_ns
    held = held_lots(w, account, number)
    if row.demand_lots == 0 and held == 0 and now >= row.rests_until_ns:
        row.demand_lots = _demand(w, s, agent, row)
        row.began_ns = now
    wanted = 0
    if row.demand_lots != 0:
        passed = float(now - row.began_ns) / float(row.attack_ns)
        wanted = int(row.demand_lots * path(passed, row.steepness, float(row.players)))
        wanted = max(-int(row.limit_lots), min(int(row.limit_lots), wanted))
        if passed >= 1.0:
            row.demand_lots = 0
            row.rests_until_ns = now + row.rest_ns
    buy_or_sell(w, s, agent, account, number, wanted - held, abs(wanted) < abs(held) and wanted * held >= 0)
    return next_ns


@rule
def path(passed: float, steepness: float, players: float) -> float:
    """A predator's position per unit of demand, ``passed`` from 0 to 1 of the attack."""
    if passed >= 1.0:
        return 0.0
    slow = (players - 1.0) / (players + 1.0) * steepness
    joined = (1.0 - exp(-slow * passed)) / (1.0 - exp(-slow))
    left = (exp(steepness * passed) - 1.0) / (exp(steepness) - 1.0)
    return (joined - left) / players


@rule
def _demand(w: Any, s: Any, agent: int, row: Any) -> int:
    """What the first victim found will have to trade, buying > 0; 0 where none is found in this look."""
    number = int(row.instrument)
    used = int(shelf_at(w, Shelf.LEGS).used)
    for _ in range(min(int(row.scan), used)):
        row.cursor = row.cursor % used + 1
        leg = leg_at(w, row.cursor)
        if leg.instrument != number or leg.lots == 0 or leg.account == row.account:
            continue
        worth = float(abs(leg.lots)) * float(price_of(w, number)) * float(instrument_at(w, number).factor)
        if worth < row.least_worth or balance_at(w, leg.balance).state >= RiskState.LIQUIDATING:
            continue
        if draw_uniform(play_of(s).seed, agent_at(s, agent).key, _SIGHT, int(leg.account)) >= row.sees:
            continue
        risk = balance_risk(w, int(leg.balance))
        if float(risk.equity - risk.maintenance) < row.near * worth:
            return -int(leg.lots)
    return 0
