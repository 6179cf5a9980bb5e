"""Putting a Stage together: populations become accounts in the World and rows in the Stage's tables.

Everything is collected first and laid out in one block at the end, so a population asks for rows without knowing how
many others there are.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.draw import Purpose, draw_uniform
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.tiers import TierRow
from shortdesk.market.collateral import COLLATERAL_ONE
from shortdesk.market.command import COMMAND
from shortdesk.market.open_collateral import set_multi_asset
from shortdesk.market.open_market import open_account
from shortdesk.market.open_wire import open_link, set_link
from shortdesk.market.opening import new_openings
from shortdesk.market.tables import Shelf, instrument_at, row_at, shelf_at
from shortdesk.market.world import World, laid_out
from shortdesk.stage.parts import AGENT, FEED, GRID, PLAY, SLOT, VALUE, WAKE, AgentKind, Part
from shortdesk.stage.wakes import queue_up

__all__ = ["Cast", "Market", "Population"]

_FEED_LINKS = 1 << 40
_MILLISECOND_NS = 10**6


@dataclass(frozen=True)
class Market:
    """One instrument as populations need it: numbers, scales, the assets it moves."""

    number: int
    venue: int
    price: float
    tick: Fraction
    lot: Fraction
    unit: Fraction
    settle_asset: int
    base_asset: int
    base_unit: Fraction
    is_perp: bool
    value: int
    tiers: tuple[TierRow, ...] = ()

    def lots(self, money: float) -> int:
        """Lots worth this much of the quote at the opening price; at least 1."""
        return max(1, round(money / (self.price * float(self.lot))))

    def ticks(self, price: float) -> int:
        """A price in ticks; at least 1."""
        return max(1, round(price / float(self.tick)))

    def units(self, money: float) -> int:
        """An amount of the settlement asset in its smallest units."""
        return int(money / float(self.unit))

    def base_units(self, size: float) -> int:
        """An amount of the base asset in its smallest units."""
        return int(size / float(self.base_unit))


@dataclass
class Population:
    """Who a population turned out to be: its agents and its accounts."""

    name: str
    kind: str
    mechanism: int
    agents: list[int] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)


class Cast:
    """The rows of a Stage under construction, and the World it stands beside."""

    def __init__(
        self, world: World, markets: Mapping[str, Market], seed: int, start_ns: int, horizon_s: float = 0
    ) -> None:
        self.world = world
        self.markets = dict(markets)
        self.seed = seed
        self.start_ns = start_ns
        self.horizon_s = horizon_s
        self.clocks_s: dict[str, float] = {}
        self.populations: list[Population] = []
        self.account_names: dict[int, str] = {}
        self.values: dict[str, int] = {}
        self.venues: dict[str, int] = {}
        self.assets: dict[str, int] = {}
        self.digits: dict[str, int] = {}
        self.pools: dict[str, int] = {}
        self.feeds: dict[str, int] = {}
        self.seats: dict[int, Any] = {}
        self._rows: dict[Part, list[dict[str, Any]]] = {}
        self._types: dict[Part, Any] = {
            Part.PLAY: PLAY, Part.PEN: COMMAND, Part.AGENTS: AGENT, Part.WAKES: WAKE, Part.VALUES: VALUE,
            Part.SLOTS: SLOT, Part.GRIDS: GRID, Part.FEEDS: FEED,
        }  # fmt: skip
        self._first_wakes: list[int] = []
        self._held: dict[tuple[int, int], tuple[int, int]] = {}
        self._openings: list[tuple[int, int, int, int, int, int, int, int]] = []

    def market(self, name: str) -> Market:
        """An instrument by its name in the scenario.

        Raises:
            UsageError: there is none.
        """
        if name not in self.markets:
            raise UsageError(unknown_name("instrument", name, self.markets))
        return self.markets[name]

    def begin(self, name: str, kind: str, mechanism: Mechanism) -> Population:
        """A new population; what is added next belongs to it."""
        self.populations.append(Population(name, kind, int(mechanism)))
        return self.populations[-1]

    def row(self, part: Part, row: Any, **fields: Any) -> int:
        """One row of a table; its number."""
        self._types[part] = row
        rows = self._rows.setdefault(part, [])
        rows.append(fields)
        return len(rows)

    def rows(self, part: Part, row: Any, count: int) -> int:
        """Several empty rows of a table; the number of the first."""
        first = self.row(part, row)
        for _ in range(count - 1):
            self.row(part, row)
        return first

    def change(self, part: Part, at: int, **fields: Any) -> None:
        """Set fields of a row that was added before."""
        self._rows[part][at - 1].update(fields)

    def agent(self, kind: AgentKind, own: int, *, first_wake_ns: int = 0, mechanism: int | None = None) -> int:
        """Someone to be woken, first so long after the start; its number."""
        population = self.populations[-1]
        index = len(population.agents)
        at = self.row(
            Part.AGENTS, AGENT, key=self.key(population.name, index), kind=int(kind), own=own,
            mechanism=population.mechanism if mechanism is None else mechanism, population=len(self.populations),
        )  # fmt: skip
        population.agents.append(at)
        self._first_wakes.append(self.start_ns + first_wake_ns)
        return at

    @staticmethod
    def key(name: str, index: int = 0) -> int:
        """The key of an agent's draws: by its population's name, so that other populations do not move it."""
        return (zlib.crc32(name.encode()) << 24) + index

    def account(
        self,
        market: Market,
        *,
        name: str = "",
        latency_ms: float = 0,
        leverage: float = 1,
        isolated: bool = False,
        venue: int = 0,
    ) -> int:
        """A new account at the market's venue, reached over a link of its own where it has a latency."""
        population = self.populations[-1]
        index = len(population.accounts)
        number = open_account(
            self.world, venue or market.venue, leverage_x100=max(100, round(100 * leverage)), is_isolated=isolated
        )
        population.accounts.append(number)
        self.account_names[number] = name or f"{population.name} {index + 1}"
        if latency_ms > 0:
            base_ns = int(latency_ms * _MILLISECOND_NS / 2)
            link = open_link(
                self.world, seed=self.seed, agent=_FEED_LINKS + number, base_ns=base_ns, jitter_ns=max(1, base_ns)
            )
            set_link(self.world, number, link)
        return number

    def deposit(self, account: int, asset: int, units: int) -> None:
        """Units that the account brings along."""
        if units > 0:
            self._openings.append((units, 0, 0, 0, account, asset, 0, 0))

    def endow(self, account: int, market: Market, money: float) -> None:
        """So much of the quote for the account; on a spot market as much again in the base."""
        self.deposit(account, market.settle_asset, market.units(money))
        if not market.is_perp:
            self.deposit(account, market.base_asset, market.base_units(money / market.price))

    def deposit_coins(self, account: int, pair: Market, money: float) -> None:
        """Coins that count for so much of the quote at the opening, behind the account's wallet."""
        set_multi_asset(self.world, account)
        row = instrument_at(self.world.block, pair.number)
        counted = pair.price * (1.0 - float(row.haircut_ppm) / COLLATERAL_ONE)
        self.deposit(account, pair.base_asset, pair.base_units(money / counted) + 2)

    def hold(
        self, account: int, market: Market, lots: int, ticks: int, margin_units: int = 0, leverage: float = 0
    ) -> None:
        """A position that the account holds at the opening (``market.opening``)."""
        if lots:
            self._held[account, market.number] = (lots, ticks)
            self._openings.append((0, lots, ticks, margin_units, account, 0, market.number, round(100 * leverage)))

    def held(self, account: int, market: Market) -> tuple[int, int]:
        """Lots and entry ticks of the position that an account holds in a market at the opening."""
        return self._held[account, market.number]

    def most_leverage(self, market: Market, worth: float) -> float:
        """The largest leverage that the market's tiers allow for a position of this worth in the quote."""
        row = self._tier(market, worth)
        return float(row.max_leverage or 1 / row.initial_rate)

    def maintenance_rate(self, market: Market, worth: float) -> float:
        """The maintenance rate of the tier of a position of this worth in the quote."""
        return float(self._tier(market, worth).maintenance_rate)

    @staticmethod
    def _tier(market: Market, worth: float) -> Any:
        fitting = [row for row in market.tiers if float(row.floor) <= worth]
        return fitting[-1] if fitting else market.tiers[0]

    def openings(self) -> NDArray[Any]:
        """Deposits and positions at the opening, in the order in which they were asked for."""
        table = new_openings(len(self._openings))
        names = ("units", "lots", "ticks", "margin_units", "account", "asset", "instrument", "leverage_x100")
        for name, values in zip(names, zip(*self._openings, strict=True), strict=False):
            table[name] = values
        return table

    def uniforms(self, key: int, count: int) -> NDArray[np.float64]:
        """``count`` draws of [0, 1) under a key of their own, for what a scenario draws before the start."""
        found = np.zeros(count)
        _fill_uniforms(found, self.seed, key)
        return found

    def block(self) -> NDArray[np.uint8]:
        """All tables in one block, with everybody in the queue of wakes."""
        agents = len(self._first_wakes)
        grids = self.world.used_rows(Shelf.INSTRUMENTS)
        sizes = []
        for part in Part:
            count = len(self._rows.get(part, ())) + 1
            count = {Part.PLAY: 1, Part.PEN: 1, Part.WAKES: agents + 1, Part.GRIDS: grids}.get(part, count)
            width = self._types[part].itemsize if part in self._types else 8
            sizes.append((count, width))
        s = laid_out(sizes)
        for part, rows in self._rows.items():
            place = shelf_at(s, part)
            place.used = place.live = len(rows)
            for at, fields in enumerate(rows, 1):
                row = row_at(s, part, at, self._types[part])
                for name, value in fields.items():
                    setattr(row, name, value)
        for market in self.markets.values():
            grid = row_at(s, Part.GRIDS, market.number, GRID)
            grid.tick, grid.lot, grid.own_value = float(market.tick), float(market.lot), market.value
        play = row_at(s, Part.PLAY, 0, PLAY)
        play.seed, play.start_ns = self.seed, self.start_ns
        for at, time_ns in enumerate(self._first_wakes, 1):
            queue_up(s, at, time_ns)
        return s


@kernel
def _fill_uniforms(found: Any, seed: int, key: int) -> None:
    for at in range(len(found)):
        found[at] = draw_uniform(seed, key, Purpose.OWN.value, at)
