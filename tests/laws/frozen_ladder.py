"""A ladder of isolated shorts over a linear book, in a real market: our engine liquidates, our book moves the price.

One tick is one dollar, one lot one coin, one unit one cent. On every tick above the opening price rest ``DEPTH`` lots,
so an order of ``DEPTH`` m lots moves the last trade by exactly m ticks. The mark follows the last trade. Each short
holds the same size and exactly so much margin that its Risk flips at its own tick.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.instrument import Form
from shortdesk.ground.order import OrderKind, Side, TimeInForce
from shortdesk.ground.sheet import MarginRules
from shortdesk.ground.tiers import TierRow
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.margin.position import FLAT, after_fill
from shortdesk.margin.requirement import position_risk
from shortdesk.market.advance import tell
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.covers import Cover
from shortdesk.market.note import Detail
from shortdesk.market.open_market import LiquidationTerms, open_account, open_asset, open_instrument, open_venue
from shortdesk.market.opening import new_openings, open_positions
from shortdesk.market.tables import Shelf, clock_of, instrument_at
from shortdesk.market.world import Capacity, World

PRICE = 100_000
DEPTH = 3
CENTS = 100
RICH = 1 << 50
AT_ONCE = LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, cover=(Cover.DEFICIT,))
"""The whole at the market in one step, and nobody takes it over before the book has been asked."""


def plain_contract() -> Contract:
    """A maintenance of half a per cent, in one tier and without fees."""
    margin = MarginRules(
        since=date(2024, 1, 1), source="made for a test", evidence="A", modes=("isolated", "cross"), price="mark",
        tier_by="value", maintenance_basis="price", initial_basis="price", initial_form="leverage", closing_fee="none",
        trigger="at_or_below", printed_price="exact", break_even="open_fee", continuous=True,
    )  # fmt: skip
    tier = TierRow(
        floor=Fraction(0), cap=None, maintenance_rate=Fraction(1, 200), initial_rate=Fraction(1, 100),
        deduction=Fraction(0), max_leverage=Fraction(100),
    )  # fmt: skip
    return contract_of(Form.LINEAR, [tier], margin, scale=Scale(Fraction(1), Fraction(1), Fraction(1, CENTS)))


class Fall(NamedTuple):
    """What came of a first move."""

    count: int
    """Shorts liquidated."""
    move_ticks: int
    """From the opening price to the last trade."""


class FrozenLadder:
    """A market with a book of ``reach`` ticks and room for ``shorts`` accounts, to be used again for many ladders."""

    def __init__(self, reach: int, shorts: int, lots: int, terms: LiquidationTerms = AT_ONCE) -> None:
        self.reach, self.lots = reach, lots
        room = shorts + 20
        self.world = World(Capacity(
            accounts=room, legs=2 * room, orders=reach + 100, pages=reach // 16 + 100, nodes=reach // 8 + 200,
            balances=4 * room, cases=room, journal_rows=4_000, messages=64, members=4, loans=4, links=4,
        ))  # fmt: skip
        clock_of(self.world.block).detail = Detail.NOTHING
        self.asset = open_asset(self.world, 2)
        self.venue = open_venue(self.world, terms)
        self.contract = plain_contract()
        self.perp = open_instrument(
            self.world, self.venue, form=Form.LINEAR, settle_asset=self.asset, contract=self.contract,
            highest_ticks=1 << 22,
        )  # fmt: skip
        self.seller, self.buyer, self.holder = (open_account(self.world, self.venue) for _ in range(3))
        self.shorts = [
            open_account(self.world, self.venue, leverage_x100=10_000, is_isolated=True) for _ in range(shorts)
        ]
        self._margins = np.array([self._margin(ticks) for ticks in range(1, reach + 1)])
        self._open_book()

    def _margin(self, ticks: int) -> int:
        """The margin with which equity comes down to maintenance exactly at so many ticks above the opening price."""
        contract = self.contract
        held = after_fill(contract.form, contract.factor, FLAT, -self.lots, PRICE).position
        risk = position_risk(
            contract.terms, contract.tiers, 0, 1, contract.form, contract.factor, held, 0, 10_000, PRICE + ticks
        )
        return int(risk.maintenance - risk.equity)

    def _open_book(self) -> None:
        table = new_openings(3)
        table["account"] = self.seller, self.buyer, self.holder
        table["asset"], table["units"] = self.asset, RICH
        open_positions(self.world, table)
        asks = new_commands(self.reach + 1)
        asks["kind"], asks["account"], asks["instrument"] = CommandKind.PLACE, self.seller, self.perp
        asks["client_id"], asks["side"], asks["lots"] = np.arange(self.reach + 1), Side.SELL, DEPTH
        asks["price_ticks"] = PRICE + np.arange(self.reach + 1)
        asks["kind"][0], asks["account"][0] = CommandKind.MARK, 0
        self.world.obey(asks)

    def with_shorts(self, ticks: NDArray[np.int64], margin_units: int = 0) -> World:
        """The market with one short for each of these distances, in ticks above the opening price.

        With ``margin_units`` each has these instead of what brings it to its tick.
        """
        world = self.world.clone()
        table = new_openings(len(ticks) + 1)
        table["asset"], table["instrument"], table["ticks"] = self.asset, self.perp, PRICE
        table["account"] = [*self.shorts[: len(ticks)], self.holder]
        table["lots"] = -self.lots
        table["lots"][-1] = self.lots * len(ticks)
        table["margin_units"][:-1] = table["units"][:-1] = margin_units or self._margins[ticks - 1]
        open_positions(world, table)
        return world

    def push(self, world: World, ticks: int) -> NDArray[Any]:
        """A first order that moves the last trade by so many ticks."""
        order = new_commands(1)
        order["kind"], order["account"], order["instrument"] = CommandKind.PLACE, self.buyer, self.perp
        order["client_id"], order["side"], order["lots"] = 1, Side.BUY, DEPTH * ticks
        order["order_kind"], order["time_in_force"] = OrderKind.MARKET, TimeInForce.IOC
        return world.obey(order)

    def fall(self, ticks: NDArray[np.int64], first_move: int) -> Fall:
        """Push, let the mark follow the last trade until it stands, and count who is left."""
        world = self.with_shorts(ticks)
        self.push(world, first_move)
        assert follow_last(world.block, self.perp) >= 0
        legs = world.table(Shelf.LEGS)[1 : world.used_rows(Shelf.LEGS)]
        left = int(((legs["lots"] < 0) & np.isin(legs["account"], self.shorts)).sum())
        last = int(instrument_at(world.block, self.perp).last_ticks)
        return Fall(len(ticks) - left, last - PRICE)


@kernel
def follow_last(w: Any, number: int) -> int:
    """Set the mark to the last trade until it is there; how often, -1 when a table was full."""
    instrument = instrument_at(w, number)
    rounds = 0
    while instrument.mark_ticks != instrument.last_ticks:
        if tell(w, CommandKind.MARK.value, 0, number, 0, 0, instrument.last_ticks, 0, 0, 0, 0) != 0:
            return -1
        rounds += 1
    return rounds
