"""An agent of the user's own: a Python class in a file, named in the scenario, with an account at each venue."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.parts import AgentKind

__all__ = ["OwnTerms", "Seat", "open_own"]


class OwnTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="python"):
    """A Python class that trades (docs/how-to/your-own-agent.md). Money and latency are our assumptions."""

    name: str
    file: str
    """The Python file, from where the program runs."""
    cls: str = msgspec.field(name="class")
    instrument: str
    """The market that the view is about where none is named."""
    others: tuple[str, ...] = ()
    """Further markets it may look at and trade in."""
    options: dict[str, float | str | bool] = {}
    """Given to the class when it is made."""
    capital_usd: float = 100_000
    """In the quote, at each venue."""
    base_usd: float = 0
    """Worth of the base that it has on each spot pair."""
    leverage: float = 5.0
    latency_ms: float = 50.0
    """There and back, with an exponential part of the same mean."""
    every_s: float = 1.0
    """Time between two wakes where the class does not say."""
    most_steps: int = 5_000_000
    """Steps (bytecode instructions) of Python that one wake may run."""


@dataclass(frozen=True)
class Seat:
    """Where an agent of the user's own sits: its terms, its account at each venue, its markets."""

    terms: OwnTerms
    accounts: dict[int, int]
    markets: tuple[Market, ...]
    names: tuple[str, ...]


def open_own(cast: Cast, terms: OwnTerms) -> None:
    """One agent with an account at each venue of its markets.

    Raises:
        UsageError: an unknown instrument, or a time between wakes that is not positive.
    """
    if not terms.every_s > 0 or terms.most_steps < 1:
        raise UsageError(f"agent '{terms.name}': every_s and most_steps must be more than 0")
    names = (terms.instrument, *(one for one in terms.others if one != terms.instrument))
    markets = tuple(cast.market(name) for name in names)
    cast.begin(terms.name, "python", Mechanism.USER)
    accounts: dict[int, int] = {}
    for market in markets:
        if market.venue not in accounts:
            leverage = terms.leverage
            if market.is_perp:
                leverage = min(leverage, cast.most_leverage(market, terms.capital_usd * leverage))
            accounts[market.venue] = cast.account(market, leverage=leverage, latency_ms=terms.latency_ms)
            cast.deposit(accounts[market.venue], market.settle_asset, market.units(terms.capital_usd))
        if not market.is_perp:
            cast.deposit(accounts[market.venue], market.base_asset, market.base_units(terms.base_usd / market.price))
    agent = cast.agent(AgentKind.PYTHON, 0, first_wake_ns=int(terms.every_s * SECOND_NS))
    cast.seats[agent] = Seat(terms, accounts, markets, names)
