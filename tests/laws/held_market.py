"""A short held in a real market: recorded prices are its marks, recorded rates its funding; the venue does the rest.

The market is given the contract of the venue's sheet and the margin of ``shortdesk hold``, and nothing else of it: when
the short dies and what it is worth come out of trigger prices, Risk and the liquidation engine.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from shortdesk.ground.kinds import Kind
from shortdesk.ground.venue import load_venue
from shortdesk.margin.contract import build_contract
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.note import Detail
from shortdesk.market.open_market import open_account, open_asset, open_instrument, open_venue
from shortdesk.market.open_pricing import RATE_ONE, PricingTerms, open_pricing
from shortdesk.market.opening import new_openings, open_positions
from shortdesk.market.prices import pricing_at
from shortdesk.market.tables import Shelf, clock_of
from shortdesk.market.world import Capacity, World
from shortdesk.stage.scenario import VenueTerms
from shortdesk.stage.venues import liquidation_terms
from shortdesk.study.hold import History, HoldRequest
from shortdesk.study.hold_grid import DIGITS_OF_MONEY, Grid, grid_of
from shortdesk.study.hold_path import funding_charges, path_of
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.hold_walk import Funding, Path
from shortdesk.study.ticket import ShortRequest, place, sized

ROOM = Capacity(
    venues=1, instruments=1, accounts=10, legs=6, orders=20, pages=20, nodes=40, balances=30, cases=4, tiers=60,
    lending=1, loans=2, links=2, messages=4, members=2, journal_rows=400, assets=1,
)  # fmt: skip


class End(NamedTuple):
    """How the short died in the market."""

    bar: int
    liquidation_price: Decimal | None
    """The lowest mark that kills it; None where a payment of funding did."""
    equity: Decimal
    """At the mark that ``hold`` fills at."""


class Held(NamedTuple):
    """What the market says of a short: its equity at the end of every bar that it lived through, and its end."""

    equities: list[Decimal]
    end: End | None


class HeldMarket:
    """One venue, one perpetual, one isolated short and whoever is on its other side."""

    def __init__(self, sheet: str, request: HoldRequest, history: History, result: HoldResult, day: date) -> None:
        self.path, places = path_of(history, [request.entry] if request.entry is not None else [])
        rules = load_venue(sheet)
        asked = ShortRequest(
            symbol=request.symbol, size=request.size, entry=result.entry_price, day=day, leverage=request.leverage,
            mode=request.mode,
        )  # fmt: skip
        product, resolved = place(rules, asked)
        order = sized(rules, product, resolved, asked)
        self.grid: Grid = grid_of(order.instrument, places, rules.digits.get(resolved.settle, DIGITS_OF_MONEY))
        contract = build_contract(product, resolved.symbol, result.mode, day, scale=self.grid.scale)
        self.world = World(ROOM)
        clock_of(self.world.block).detail = Detail.MONEY
        asset = open_asset(self.world, self.grid.unit_decimals)
        terms = VenueTerms(name="venue", sheet=sheet, day=day)
        venue = open_venue(self.world, liquidation_terms(terms, self.grid.scale.unit))
        self.perp = open_instrument(
            self.world, venue, form=contract.form, settle_asset=asset, contract=contract,
            highest_ticks=int(10_000_000 / self.grid.scale.tick), highest_lots=self.grid.lots(result.quantity) + 1,
        )  # fmt: skip
        # The rate that was fixed at the instant before is paid: so a recorded one can be put in its place.
        open_pricing(self.world, self.perp, PricingTerms(interval_hours=8, pays_before=True), [1])
        pricing_at(self.world.block, self.perp).index_ticks = 1
        short, other = open_account(self.world, venue, is_isolated=True), open_account(self.world, venue)
        self.short = short
        table = new_openings(2)
        table["account"], table["asset"], table["instrument"] = (short, other), asset, self.perp
        table["ticks"] = self.grid.ticks(result.entry_price)
        lots = self.grid.lots(result.quantity)
        table["lots"] = -lots, lots
        table["leverage_x100"] = int(result.leverage * 100), 100
        margin = self.grid.units_up(result.wallet)
        table["units"], table["margin_units"] = (margin, 1 << 60), (margin, 0)
        open_positions(self.world, table)
        leg = self.world.table(Shelf.LEGS)[1]
        assert int(leg["account"]) == short
        self.balance = int(leg["balance"])
        self.charges = {
            charge.time_nanos: charge
            for charge in funding_charges(history.funding, self.path.open_nanos[0], self.path.close_nanos[-1])
            if isinstance(charge, Funding)
        }
        assert set(self.charges) <= set(self.path.close_nanos), "funding that falls inside of a bar has no known price"

    def send(self, world: World, kind: CommandKind, time_ns: int, ticks: int = 0) -> Any:
        row = new_commands(1)
        row["kind"], row["time_ns"], row["instrument"], row["price_ticks"] = kind, time_ns, self.perp, ticks
        return world.obey(row)

    def equity(self) -> Decimal:
        return self.grid.money(int(balance_risk(self.world.block, self.balance).equity))

    def hold(self) -> Held:
        """Every bar is its open, its high and its close; then what it pays."""
        path: Path = self.path
        found: list[Decimal] = []
        last = 0
        for bar in range(len(path)):
            start, stop = path.open_nanos[bar], path.close_nanos[bar]
            for time_ns, ticks in ((start, path.open[bar]), (start, path.high[bar]), (stop, path.close[bar])):
                before = self.world.clone()
                if self._died(self.send(self.world, CommandKind.MARK, time_ns, ticks)):
                    return Held(found, self._end(before, bar, time_ns, last, ticks, ticks == path.open[bar]))
                last = ticks
            if stop in self.charges:
                rows = self._pay(self.charges[stop], stop)
                if self._died(rows):
                    return Held(found, End(bar, None, self._equity_of(rows)))
            found.append(self.equity())
        return Held(found, None)

    def _pay(self, charge: Funding, time_ns: int) -> Any:
        pricing_at(self.world.block, self.perp).rate = charge.rate * RATE_ONE // charge.rate_one
        return self.send(self.world, CommandKind.FUND, time_ns)

    def _died(self, rows: Any) -> bool:
        return bool(((rows["kind"] == Kind.LIQUIDATION_START) & (rows["account"] == self.short)).any())

    def _equity_of(self, rows: Any) -> Decimal:
        """Equity at the moment of the decision, as the Journal has it."""
        state = rows[(rows["kind"] == Kind.RISK_STATE) & (rows["account"] == self.short)][0]
        return self.grid.money(int(state["units"]))

    def _end(self, world: World, bar: int, time_ns: int, alive: int, dead: int, at_open: bool) -> End:
        """The lowest mark that kills, by trying marks on copies of the market as it was."""
        first = dead
        alive = max(alive, 1)
        while dead - alive > 1:
            middle = (alive + dead) // 2
            if self._died(self.send(world.clone(), CommandKind.MARK, time_ns, middle)):
                dead = middle
            else:
                alive = middle
        rows = self.send(world.clone(), CommandKind.MARK, time_ns, first if at_open else dead)
        return End(bar, self.grid.price(dead), self._equity_of(rows))
