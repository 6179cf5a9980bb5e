"""A small market with money for tests: one linear perpetual whose figures can be worked out by hand.

One tick is one dollar, one lot one coin, one unit one cent; maintenance is 5 % of the worth at the mark up to
10,000 dollars and 10 % less 500 dollars above, the largest leverage 10x and 5x.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side
from shortdesk.ground.sheet import MarginRules
from shortdesk.ground.tiers import TierRow
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.ledger import find_balance
from shortdesk.market.note import Detail
from shortdesk.market.open_market import (
    LiquidationTerms,
    open_account,
    open_asset,
    open_instrument,
    open_venue,
)
from shortdesk.market.tables import Shelf, balance_at, clock_of, venue_at
from shortdesk.market.world import Capacity, World

CENTS = 100
ROOM = Capacity(accounts=40, legs=80, orders=200, pages=200, nodes=600, balances=100, journal_rows=600)


def hand_contract(*rows: tuple[str, str | None, str, str, str]) -> Contract:
    """A linear contract from rows of (floor, cap, maintenance rate, deduction, largest leverage), in dollars."""
    margin = MarginRules(
        since=date(2024, 1, 1), source="made for a test", evidence="A", modes=("isolated", "cross"), price="mark",
        tier_by="value", maintenance_basis="price", initial_basis="price", initial_form="leverage", closing_fee="none",
        trigger="at_or_below", printed_price="exact", break_even="open_fee", continuous=True,
    )  # fmt: skip
    tiers = [
        TierRow(
            floor=Fraction(floor), cap=Fraction(cap) if cap else None, maintenance_rate=Fraction(rate),
            initial_rate=1 / Fraction(leverage), deduction=Fraction(deduction), max_leverage=Fraction(leverage),
        )
        for floor, cap, rate, deduction, leverage in rows
    ]  # fmt: skip
    return contract_of(Form.LINEAR, tiers, margin, scale=Scale(Fraction(1), Fraction(1), Fraction(1, CENTS)))


TWO_TIERS = (("0", "10000", "0.05", "0", "10"), ("10000", "1000000", "0.1", "500", "5"))


class Floor:
    """A venue with one perpetual; accounts by name; what it says and holds in dollars."""

    def __init__(
        self, terms: LiquidationTerms | None = None, *, taker: int = 0, maker: int = 0, liquidation: int = 0,
        capacity: Capacity = ROOM, asks_everybody: bool = False,
    ) -> None:  # fmt: skip
        self.world = World(capacity)
        clock_of(self.world.block).detail = Detail.ORDERS
        self.asset = open_asset(self.world, 2)
        self.venue = open_venue(self.world, terms)
        venue_at(self.world.block, self.venue).asks_everybody = asks_everybody
        self.perp = open_instrument(
            self.world, self.venue, form=Form.LINEAR, settle_asset=self.asset, contract=hand_contract(*TWO_TIERS),
            taker_rate=taker, maker_rate=maker, liquidation_rate=liquidation, highest_ticks=1 << 30,
        )  # fmt: skip
        purses = venue_at(self.world.block, self.venue)
        self.names = {name: int(getattr(purses, name)) for name in ("insurance", "fees", "deficit", "clearing")}
        self.now_ns = 0
        self.orders = 0
        self.rows: list[Any] = []
        self.mark(1_000)

    def open(self, name: str, dollars: int, *, leverage: int = 10, isolated: bool = False, hedged: bool = False) -> int:
        number = open_account(
            self.world, self.venue, leverage_x100=100 * leverage, is_isolated=isolated, is_hedged=hedged
        )
        self.names[name] = number
        if dollars:
            self.send(CommandKind.DEPOSIT, name, instrument=self.asset, lots=dollars * CENTS)
        return number

    def send(self, kind: CommandKind, who: str = "", **fields: Any) -> list[tuple[Any, ...]]:
        row = new_commands(1)
        row["kind"], row["time_ns"], row["instrument"] = kind, self.now_ns, self.perp
        row["account"] = self.names.get(who, 0)
        for name, value in fields.items():
            row[name] = value
        rows = self.world.obey(row)
        self.rows += rows.tolist()
        self.check()
        return [self.told(one) for one in rows]

    def told(self, row: Any) -> tuple[Any, ...]:
        """(KIND, who, lots, price, dollars): the words of a table."""
        by_number = {number: name for name, number in self.names.items()}
        who = by_number.get(int(row["account"]), int(row["account"]))
        units = int(row["units"])
        dollars = Decimal(units) / CENTS if row["asset"] != -1 else units
        return (Kind(int(row["kind"])).name, who, int(row["lots"]), int(row["price"]), dollars)

    def order(self, who: str, lots: int, price: int = 0, **fields: Any) -> list[tuple[Any, ...]]:
        """Buy (``lots`` > 0) or sell at a limit; without a price at the market."""
        self.orders += 1
        side = Side.BUY if lots > 0 else Side.SELL
        kind = OrderKind.LIMIT if price else OrderKind.MARKET
        words = {"client_id": self.orders, "side": side, "lots": abs(lots), "price_ticks": price, "order_kind": kind}
        return self.send(CommandKind.PLACE, who, **{**words, **fields})

    def reduce(self, who: str, lots: int, price: int) -> list[tuple[Any, ...]]:
        return self.order(who, lots, price, traits=OrderFlag.REDUCE_ONLY)

    def mark(self, price: int) -> list[tuple[Any, ...]]:
        return self.send(CommandKind.MARK, price_ticks=price)

    def wait(self, seconds: float) -> list[tuple[Any, ...]]:
        self.now_ns += int(seconds * 1e9)
        return self.send(CommandKind.STEP)

    def refusal(self) -> Refusal:
        return Refusal(int(clock_of(self.world.block).refusal))

    def wallet(self, who: str) -> Decimal:
        at = int(find_balance(self.world.block, self.names[who], self.asset, 0))
        return Decimal(int(balance_at(self.world.block, at).units)) / CENTS if at else Decimal(0)

    def held(self, who: str) -> int:
        legs = self.world.table(Shelf.LEGS)[1 : self.world.used_rows(Shelf.LEGS)]
        return int(legs["lots"][legs["account"] == self.names[who]].sum())

    def check(self) -> None:
        """The laws that hold after every command: units sum to zero per asset, longs equal shorts."""
        balances = self.world.table(Shelf.BALANCES)[1 : self.world.used_rows(Shelf.BALANCES)]
        for asset in {int(number) for number in balances["asset"]}:
            assert balances["units"][balances["asset"] == asset].sum() == 0
        legs = self.world.table(Shelf.LEGS)[1 : self.world.used_rows(Shelf.LEGS)]
        for number in range(1, self.world.used_rows(Shelf.INSTRUMENTS)):
            lots = legs["lots"][legs["instrument"] == number]
            assert lots.sum() == 0
            assert lots[lots > 0].sum() == self.world.table(Shelf.INSTRUMENTS)[number].open_lots


def kinds(rows: list[tuple[Any, ...]]) -> list[str]:
    return [row[0] for row in rows]


def only(rows: list[tuple[Any, ...]], *names: str) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] in names]
