"""A small market for stories about one kind of agent: a spot pair and two perpetuals at 100, and a stranger with a pen.

A tick is 0.01, a lot 0.01; the books are empty but for what the stranger puts there.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import OrderKind, Side, TimeInForce
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.ledger import find_balance
from shortdesk.market.note import Detail
from shortdesk.market.open_market import open_account
from shortdesk.market.tables import Shelf, account_at, balance_at, clock_of
from shortdesk.stage.cast import Market
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.look import held_lots
from shortdesk.stage.parts import agent_at
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import InstrumentTerms, Scenario, VenueTerms

__all__ = ["DAY", "Town", "scenario", "without_clocks"]

DAY = date(2026, 9, 29)
_RICH = 1_000_000_000


def scenario(*populations: Any, **changes: Any) -> Scenario:
    """PERP and FAR at a futures venue each, SPOT at a margin venue, with these populations."""
    venues = (
        VenueTerms(name="futures", sheet="binance_usdm", day=DAY, insurance_usd=1_000_000),
        VenueTerms(name="others", sheet="binance_usdm", day=DAY, insurance_usd=1_000_000),
        VenueTerms(name="spot", sheet="binance_margin", day=DAY),
    )
    grid: dict[str, Any] = {
        "base": "SOL", "price": Decimal(100), "tick": Decimal("0.01"), "lot": Decimal("0.01"), "symbol": "SOLUSDT",
    }  # fmt: skip
    instruments = (
        InstrumentTerms(name="PERP", venue="futures", **grid),
        InstrumentTerms(name="FAR", venue="others", **grid),
        InstrumentTerms(name="SPOT", venue="spot", kind="spot", **grid),
    )
    given: dict[str, Any] = {
        "name": "town", "horizon_s": 86_400, "venue": venues, "instrument": instruments, "population": populations,
    }  # fmt: skip
    return Scenario(**(given | changes))


def without_clocks() -> dict[str, Any]:
    """Changes of a scenario whose marks stand where they are: nobody's clock ticks within the day."""
    return {"instrument": tuple(msgspec.structs.replace(one, clock_s=90_000.0) for one in scenario().instrument)}


class Town:
    """A scenario in play, and a stranger who puts orders into its books."""

    def __init__(self, *populations: Any, **changes: Any) -> None:
        self.play: Play = open_play(scenario(*populations, **changes))
        clock_of(self.play.world.block).detail = Detail.ORDERS
        self.rows: NDArray[Any] = self.play.run_all(self.play.now_ns)
        self._strangers: dict[int, int] = {}
        self._ids = 1 << 50

    @property
    def w(self) -> NDArray[Any]:
        """The World's block."""
        return self.play.world.block

    def market(self, name: str) -> Market:
        return self.play.cast.market(name)

    def stranger(self, venue: int) -> int:
        """The stranger's account at a venue, with plenty of everything."""
        if venue not in self._strangers:
            account = open_account(self.play.world, venue, leverage_x100=100)
            self._strangers[venue] = account
            for asset, digits in zip(self.play.cast.assets.values(), self.play.cast.digits.values(), strict=True):
                self.tell(CommandKind.DEPOSIT, account, asset, lots=_RICH * 10**digits)
        return self._strangers[venue]

    def tell(self, kind: CommandKind, account: int, instrument: int, **fields: Any) -> None:
        commands = new_commands(1)
        row = commands[0]
        row.time_ns, row.kind, row.account, row.instrument = self.play.now_ns, kind, account, instrument
        for name, value in fields.items():
            setattr(row, name, value)
        self.play.world.send(commands)

    def rest(self, name: str, side: Side, price: float, size: float) -> None:
        """The stranger's limit order."""
        self._order(name, side, size, price_ticks=self.market(name).ticks(price))

    def hit(self, name: str, side: Side, size: float) -> None:
        """The stranger's market order."""
        self._order(name, side, size, order_kind=OrderKind.MARKET, time_in_force=TimeInForce.IOC)

    def _order(self, name: str, side: Side, size: float, **fields: Any) -> None:
        market = self.market(name)
        self._ids += 1
        lots = round(size / float(market.lot))
        account = self.stranger(market.venue)
        self.tell(CommandKind.PLACE, account, market.number, client_id=self._ids, side=side, lots=lots, **fields)

    def quote(self, name: str, bid: float, ask: float, size: float) -> None:
        """The stranger's only two orders in a market: a bid and an ask."""
        market = self.market(name)
        self.tell(CommandKind.CANCEL_ALL, self.stranger(market.venue), market.number)
        self.rest(name, Side.BUY, bid, size)
        self.rest(name, Side.SELL, ask, size)

    def go(self, seconds: float) -> NDArray[Any]:
        """Let time pass; the rows of it, also added to ``rows``."""
        rows = self.play.run_all(self.play.now_ns + int(seconds * SECOND_NS))
        self.rows = np.concatenate([self.rows, rows])
        return rows

    def accounts(self, population: str) -> list[int]:
        return next(one.accounts for one in self.play.cast.populations if one.name == population)

    def agents(self, population: str) -> list[int]:
        return next(one.agents for one in self.play.cast.populations if one.name == population)

    def draws(self, population: str) -> list[int]:
        """How many numbers each of its agents has drawn."""
        return [int(agent_at(self.play.block, agent).draws) for agent in self.agents(population)]

    def held(self, account: int, name: str) -> float:
        """A position in the base."""
        market = self.market(name)
        return float(held_lots(self.w, account, market.number)) * float(market.lot)

    def units(self, account: int, asset: str) -> float:
        """What stands in a wallet, in whole assets."""
        number, digits = self.play.cast.assets[asset], self.play.cast.digits[asset]
        at = find_balance(self.w, account, number, 0)
        return float(balance_at(self.w, at).units) / 10**digits if at else 0.0

    def money(self, asset: str) -> int:
        """Units of an asset in the whole World; always 0."""
        number = self.play.cast.assets[asset]
        return sum(
            int(balance_at(self.w, at).units)
            for at in range(1, self.play.world.used_rows(Shelf.BALANCES))
            if balance_at(self.w, at).asset == number
        )

    def of(self, kind: Kind, population: str = "", rows: NDArray[Any] | None = None) -> NDArray[Any]:
        """Rows of a kind, where a population is named those of its accounts."""
        rows = self.rows if rows is None else rows
        found = rows[rows["kind"] == kind]
        return found[np.isin(found["account"], self.accounts(population))] if population else found

    def switch_off(self, *mechanisms: Mechanism) -> None:
        self.play.switch_off(mechanisms, self.play.now_ns)

    def venue_of(self, account: int) -> int:
        return int(account_at(self.w, account).venue)
