"""A venue that lends, for tests: one spot pair, a pool of its coin, terms of whole figures.

The coin has 100 units (0.01 coin), the dollar 100 cents; one tick is one dollar, one lot one coin.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderKind, Refusal, Side
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.margin.risk import Trigger
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.covers import Cover
from shortdesk.market.ledger import Role, find_balance
from shortdesk.market.loans import RATE_ONE, find_loan, owed
from shortdesk.market.note import Detail
from shortdesk.market.open_lending import (
    LendingTerms,
    open_lending,
)
from shortdesk.market.open_market import LiquidationTerms, open_account, open_asset, open_instrument, open_venue
from shortdesk.market.tables import Shelf, balance_at, clock_of, venue_at
from shortdesk.market.world import Capacity, World

HOUR = 3600 * 10**9
ROOM = Capacity(accounts=30, legs=60, orders=100, pages=100, nodes=400, balances=100, loans=4, journal_rows=300)
MARGIN = LendingTerms(
    lowest="0.0876", slope_1="0.0876", slope_2="8.76", optimal="0.8", initial_rate="0.5", debt_rate="0.1"
)
"""A curve of whole figures: 8.76 % a year is 0.001 % an hour. New loans need 150 %, and 110 % calls them in."""
RESERVE = LendingTerms(
    optimal="0.8", asset_rate="0.2", initial_asset_rate="0.25", trigger=Trigger.BELOW, hours=HourForm.ELAPSED_HOURS,
    counts_borrowed=False, compounds=True, bonus_bps=10_500, protocol_fee_bps=1_000, close_bps=5_000,
    full_below="0.95",
)  # fmt: skip
"""A lending market: 75 % for a new loan, called at 80 %, a bonus of 5 % with a tenth for the venue."""
SALE = LiquidationTerms(form=LiquidationForm.SALE_AND_REPAY, cover=(Cover.INSURANCE, Cover.DEFICIT))
BONUS = LiquidationTerms(form=LiquidationForm.ANYONE_WITH_BONUS, cover=(Cover.DEFICIT,))


class Pair:
    """A venue with one spot pair and a pool of its coin; accounts by name; what it says and holds, in units."""

    def __init__(
        self, terms: LendingTerms = MARGIN, liquidation: LiquidationTerms = SALE, *, room: Capacity = ROOM,
        lent: int = 10_000, base_units: int = 100, factor: int = 100, lends_quote: bool = False,
        liquidation_rate: int = 0, **asked: int,
    ) -> None:  # fmt: skip
        self.world = World(room)
        clock_of(self.world.block).detail = Detail.ORDERS
        self.usd, self.coin = open_asset(self.world, 2), open_asset(self.world, 2)
        self.venue = open_venue(self.world, liquidation)
        self.pair = open_instrument(
            self.world, self.venue, form=Form.SPOT, settle_asset=self.usd, base_asset=self.coin, base_units=base_units,
            factor=factor, liquidation_rate=liquidation_rate, highest_ticks=1 << 44,
        )  # fmt: skip
        purses = venue_at(self.world.block, self.venue)
        self.names = {name: int(getattr(purses, name)) for name in ("insurance", "fees", "deficit", "outside")}
        self.lent = self.usd if lends_quote else self.coin
        opened = open_lending(self.world, self.venue, self.lent, pair=self.pair, terms=terms, **asked)
        self.pool, self.names["lender"] = opened
        self.orders, self.now_ns = 0, 0
        if lent:
            self.give("lender", self.lent, lent)

    def open(self, name: str, *, usd: int = 0, coin: int = 0) -> None:
        self.names[name] = open_account(self.world, self.venue)
        for asset, units in ((self.usd, usd), (self.coin, coin)):
            if units:
                self.give(name, asset, units)

    def give(self, name: str, asset: int, units: int) -> None:
        self.send(CommandKind.DEPOSIT, name, instrument=asset, lots=units)
        assert self.refusal() == Refusal.NONE

    def send(self, kind: CommandKind, who: str = "", **fields: Any) -> list[tuple[str, str, int, int]]:
        row = new_commands(1)
        row["kind"], row["time_ns"], row["instrument"] = kind, self.now_ns, self.lent
        row["account"] = self.names.get(who, 0)
        for name, value in fields.items():
            row[name] = value
        before = self.world.digest()
        rows = self.world.obey(row)
        if self.refusal() != Refusal.NONE:
            assert self.world.digest() == before
        self.check()
        by_number = {number: name for name, number in self.names.items()}
        self.rows = rows
        return [
            (Kind(int(one["kind"])).name, by_number.get(int(one["account"]), ""), int(one["lots"]), int(one["units"]))
            for one in rows
        ]

    def check(self) -> None:
        """After every command: units sum to zero, pools lent what borrowers owe, no trader is below 0."""
        balances = self.world.table(Shelf.BALANCES)[1 : self.world.used_rows(Shelf.BALANCES)]
        for asset in (self.usd, self.coin):
            assert balances["units"][balances["asset"] == asset].sum() == 0
        loans = self.world.table(Shelf.LOANS)[1 : self.world.used_rows(Shelf.LOANS)]
        for pool in range(1, self.world.used_rows(Shelf.LENDING)):
            mine = loans[loans["pool"] == pool]
            assert self.world.table(Shelf.LENDING)[pool].lent_units == mine["units"].sum() + mine["interest"].sum()
        roles = self.world.table(Shelf.ACCOUNTS)["role"][balances["account"]]
        assert (balances["units"][roles == Role.TRADER] >= 0).all()

    def order(self, who: str, lots: int, price: int = 0) -> list[tuple[str, str, int, int]]:
        self.orders += 1
        return self.send(
            CommandKind.PLACE, who, instrument=self.pair, client_id=self.orders, price_ticks=price, lots=abs(lots),
            side=Side.BUY if lots > 0 else Side.SELL, order_kind=OrderKind.LIMIT if price else OrderKind.MARKET,
        )  # fmt: skip

    def mark(self, price: int) -> list[tuple[str, str, int, int]]:
        return self.send(CommandKind.MARK, instrument=self.pair, price_ticks=price)

    def borrow(self, who: str, units: int) -> Refusal:
        self.said = self.send(CommandKind.BORROW, who, lots=units)
        return self.refusal()

    def accrue(self) -> list[tuple[str, str, int, int]]:
        return self.send(CommandKind.ACCRUE, instrument=self.venue)

    def refusal(self) -> Refusal:
        return Refusal(int(clock_of(self.world.block).refusal))

    def has(self, who: str) -> tuple[int, int]:
        """(cents, units of the coin)."""
        found = []
        for asset in (self.usd, self.coin):
            at = find_balance(self.world.block, self.names[who], asset, 0)
            found.append(int(balance_at(self.world.block, at).units) if at else 0)
        return found[0], found[1]

    def owes(self, who: str) -> int:
        return owed(self.world.block, find_loan(self.world.block, self.names[who], self.pool))

    def rate(self) -> Fraction:
        return Fraction(int(self.world.table(Shelf.LENDING)[self.pool].rate), RATE_ONE)


def only(rows: list[tuple[str, str, int, int]], *names: str) -> list[tuple[str, str, int, int]]:
    return [row for row in rows if row[0] in names]
