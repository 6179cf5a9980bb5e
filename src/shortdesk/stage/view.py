"""What an agent of the user's own sees when it is woken, and the orders that it can give.

Everything is as of the wake. What it says arrives later by both ways of its latency together, which is the same as
seeing late and acting at once (``look``). Prices are in the quote per base, sizes in the base, buying and holding long
> 0, money in whole assets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.market.book import hidden_lots
from shortdesk.market.funding import funding_hours, rate_now
from shortdesk.market.ladder import Ladder, ladder_number, level_of, next_price
from shortdesk.market.ledger import find_balance
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.prices import pricing_at
from shortdesk.market.tables import front_at, instrument_at, leg_at, level_at, order_at
from shortdesk.stage.agents.own import Seat
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.funds import spare_of, units_of
from shortdesk.stage.look import ask_ticks, best_lots, bid_ticks, held_lots, leg_of, mid_ticks

__all__ = ["Cancel", "CancelAll", "OpenOrder", "Order", "Quotes", "Sleep", "Trade", "View"]

Quotes = list[tuple[float, float]]
"""Prices with what stands there, the best first."""
_MOST_ORDERS = 256
_DIGITS = 12


class Order(NamedTuple):
    """Buy (``size`` > 0) or sell at ``price`` or better; without a price at the market.

    ``size`` is cut down to whole lots; a price is moved to the grid, against the buyer down, against the seller up.
    ``ioc``: what does not trade at once is withdrawn. ``id``: a number of your own, not used before; 0: one is given.
    """

    size: float
    price: float | None = None
    instrument: str = ""
    ioc: bool = False
    post_only: bool = False
    reduce_only: bool = False
    id: int = 0


class Cancel(NamedTuple):
    """Take an order back; it may be gone by then."""

    id: int
    instrument: str = ""


class CancelAll(NamedTuple):
    """Take all orders in an instrument back."""

    instrument: str = ""


class Sleep(NamedTuple):
    """Wake me again so many seconds from now."""

    seconds: float


class Trade(NamedTuple):
    """A trade since the last wake: ``size`` > 0 where the taker bought; of own trades where you bought."""

    time_ns: int
    price: float
    size: float


class OpenOrder(NamedTuple):
    """An order of yours that stands in the book, with what is left of it; ``size`` > 0 buys."""

    id: int
    price: float
    size: float


class _Glance(NamedTuple):
    bid: int
    bid_lots: int
    ask: int
    ask_lots: int
    mark: int
    last: int
    open_lots: int
    index_ticks: int
    rate: int
    rate_one: int
    rate_hours: int
    next_funding_ns: int
    held: int
    equity: int
    maintenance: int


@dataclass
class View:
    """The markets of one agent at one wake; an instrument that is not named is the agent's first."""

    cast: Cast
    seat: Seat
    now_ns: int = 0

    def __post_init__(self) -> None:
        self._w: Any = None
        self._glances: dict[str, _Glance] = {}
        self._heard: list[NDArray[Any]] = []
        self._found = np.zeros(len(_Glance._fields), np.int64)
        self._grids = {market.number: (float(market.tick), float(market.lot)) for market in self.seat.markets}

    def warm_up(self, w: Any) -> None:
        """Have everything compiled that a wake may ask, so that compiling is not counted as the agent's own steps."""
        self.open_at(w, self.now_ns, [])
        self.depth(1)
        self.orders()
        self.mid()
        self.balance()
        self.free()
        self.bid()

    def open_at(self, w: Any, now_ns: int, heard: list[NDArray[Any]]) -> None:
        """A new wake begins; ``heard`` are the fills since the last."""
        self._w, self.now_ns, self._heard = w, now_ns, heard
        self._glances.clear()

    def grid(self, market: Market) -> tuple[float, float]:
        """Tick and lot of one of its markets."""
        return self._grids[market.number]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The markets that can be asked about."""
        return self.seat.names

    @property
    def seconds(self) -> float:
        """Time since the scenario began."""
        return (self.now_ns - self.cast.start_ns) / 1e9

    def tick(self, instrument: str = "") -> float:
        """The smallest step of a price."""
        return float(self.market(instrument).tick)

    def lot(self, instrument: str = "") -> float:
        """The smallest size."""
        return float(self.market(instrument).lot)

    def bid(self, instrument: str = "") -> float:
        """The best bid; 0 where there is none."""
        return self._price(self._glance(instrument).bid, instrument)

    def ask(self, instrument: str = "") -> float:
        """The best ask; 0 where there is none."""
        return self._price(self._glance(instrument).ask, instrument)

    def mid(self, instrument: str = "") -> float:
        """The middle of the best prices; with one side empty the other, with both the last trade, else the mark."""
        return float(_mid(self._w, self.market(instrument).number)) * self.tick(instrument)

    def best_sizes(self, instrument: str = "") -> tuple[float, float]:
        """What stands at the best bid and at the best ask."""
        found = self._glance(instrument)
        return self._size(found.bid_lots, instrument), self._size(found.ask_lots, instrument)

    def depth(
        self, levels: int = 10, instrument: str = ""
    ) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """(price, size) of the best bids and of the best asks, the best first."""
        number = self.market(instrument).number
        sides = []
        for which in (Ladder.BIDS, Ladder.ASKS):
            found = np.zeros((max(1, levels), 2), np.int64)
            count = int(_depth(self._w, number, int(which), found))
            pairs = found[:count].tolist()
            sides.append([(self._price(ticks, instrument), self._size(lots, instrument)) for ticks, lots in pairs])
        return sides[0], sides[1]

    def mark(self, instrument: str = "") -> float:
        """What positions are valued at; 0 on a spot pair without one."""
        return self._price(self._glance(instrument).mark, instrument)

    def index(self, instrument: str = "") -> float:
        """A perpetual's index."""
        return self._price(self._glance(instrument).index_ticks, instrument)

    def last(self, instrument: str = "") -> float:
        """The price of the last trade; 0 before the first."""
        return self._price(self._glance(instrument).last, instrument)

    def open_interest(self, instrument: str = "") -> float:
        """What is held long, which is as much as is held short."""
        return self._size(self._glance(instrument).open_lots, instrument)

    def funding_rate(self, instrument: str = "") -> float:
        """The rate that would be fixed now; longs pay shorts where it is more than 0."""
        found = self._glance(instrument)
        return found.rate / found.rate_one if found.rate_one else 0.0

    def funding_hours(self, instrument: str = "") -> int:
        """For how many hours that rate is."""
        return self._glance(instrument).rate_hours

    def next_funding_ns(self, instrument: str = "") -> int:
        """When it is paid next; 0 where it accrues all the time."""
        return self._glance(instrument).next_funding_ns

    def position(self, instrument: str = "") -> float:
        """What you hold of a perpetual; of a spot pair its base."""
        market = self.market(instrument)
        if market.is_perp:
            return self._size(self._glance(instrument).held, instrument)
        account = self.seat.accounts[market.venue]
        return float(_units(self._w, account, market.base_asset)) * float(market.base_unit)

    def equity(self, instrument: str = "") -> float:
        """What stands behind the position at the mark, in the quote."""
        market = self.market(instrument)
        return self._glance(instrument).equity * float(market.unit)

    def maintenance(self, instrument: str = "") -> float:
        """The equity at which the position is liquidated, in the quote."""
        market = self.market(instrument)
        return self._glance(instrument).maintenance * float(market.unit)

    def balance(self, instrument: str = "") -> float:
        """The quote in the wallet at the instrument's venue."""
        market = self.market(instrument)
        return float(_units(self._w, self.seat.accounts[market.venue], market.settle_asset)) * float(market.unit)

    def free(self, instrument: str = "") -> float:
        """What of it neither margins nor orders need."""
        market = self.market(instrument)
        return float(_spare(self._w, self.seat.accounts[market.venue], market.settle_asset)) * float(market.unit)

    def orders(self, instrument: str = "") -> list[OpenOrder]:
        """Your orders that stand in the book; at most 256."""
        market = self.market(instrument)
        found = np.zeros((_MOST_ORDERS, 3), np.int64)
        count = int(_orders(self._w, self.seat.accounts[market.venue], market.number, found))
        return [
            OpenOrder(number, self._price(ticks, instrument), self._size(lots, instrument))
            for number, ticks, lots in found[:count].tolist()
        ]

    def trades(self, instrument: str = "") -> list[Trade]:
        """Everybody's trades since the last wake."""
        rows = self._fills(instrument)
        return [self._trade(row, instrument, 1) for row in rows]

    def fills(self, instrument: str = "") -> list[Trade]:
        """Your own trades since the last wake."""
        account = self.seat.accounts[self.market(instrument).venue]
        found = []
        for row in self._fills(instrument):
            if row["account"] == account:
                found.append(self._trade(row, instrument, 1))
            elif row["other"] == account:
                found.append(self._trade(row, instrument, -1))
        return found

    def market(self, instrument: str = "") -> Market:
        """The market of a name.

        Raises:
            UsageError: it is none of the agent's.
        """
        if not instrument:
            return self.seat.markets[0]
        if instrument not in self.seat.names:
            raise UsageError(unknown_name("instrument", instrument, self.seat.names))
        return self.seat.markets[self.seat.names.index(instrument)]

    def _fills(self, instrument: str) -> list[Any]:
        number = self.market(instrument).number
        return [row for rows in self._heard for row in rows[rows["instrument"] == number]]

    def _trade(self, row: Any, instrument: str, sign: int) -> Trade:
        price, size = self._price(int(row["price"]), instrument), self._size(int(row["lots"]), instrument)
        return Trade(int(row["time_ns"]), price, sign * size)

    def _price(self, ticks: int, instrument: str) -> float:
        return round(ticks * self._grids[self.market(instrument).number][0], _DIGITS)

    def _size(self, lots: int, instrument: str) -> float:
        return round(lots * self._grids[self.market(instrument).number][1], _DIGITS)

    def _glance(self, instrument: str) -> _Glance:
        if instrument not in self._glances:
            market = self.market(instrument)
            _look_at(self._w, self.seat.accounts[market.venue], market.number, market.is_perp, self._found)
            self._glances[instrument] = _Glance(*self._found.tolist())
        return self._glances[instrument]


@kernel
def _look_at(w: Any, account: int, number: int, is_perp: bool, found: Any) -> None:
    instrument = instrument_at(w, number)
    found[:] = 0
    found[0], found[1] = bid_ticks(w, number), best_lots(w, number, Ladder.BIDS.value)
    found[2], found[3] = ask_ticks(w, number), best_lots(w, number, Ladder.ASKS.value)
    found[4], found[5], found[6] = instrument.mark_ticks, instrument.last_ticks, instrument.open_lots
    if is_perp:
        pricing = pricing_at(w, number)
        found[7], found[8], found[9] = pricing.index_ticks, rate_now(w, number), pricing.rate_one
        found[10], found[11] = funding_hours(w, number), pricing.next_funding_ns
    leg = leg_of(w, account, number)
    found[12] = held_lots(w, account, number)
    # Before its first order an account has no leg, but a wallet that would stand behind one.
    balance = int(leg_at(w, leg).balance) if leg != 0 else find_balance(w, account, instrument.settle_asset, 0)
    if is_perp and balance != 0:
        risk = balance_risk(w, balance)
        found[13], found[14] = risk.equity, risk.maintenance


@kernel
def _mid(w: Any, number: int) -> float:
    return mid_ticks(w, number)


@kernel
def _units(w: Any, account: int, asset: int) -> int:
    return units_of(w, account, asset)


@kernel
def _spare(w: Any, account: int, asset: int) -> int:
    return spare_of(w, account, asset)


@kernel
def _depth(w: Any, number: int, which: int, found: Any) -> int:
    side = ladder_number(number, which)
    ticks = int(front_at(w, side).ticks) if front_at(w, side).level != 0 else 0
    count = 0
    while ticks != 0 and count < len(found):
        found[count, 0] = ticks
        found[count, 1] = level_at(w, level_of(w, side, ticks)).lots
        count += 1
        ticks = next_price(w, side, ticks)
    return count


@kernel
def _orders(w: Any, account: int, number: int, found: Any) -> int:
    leg = leg_of(w, account, number)
    at = int(leg_at(w, leg).first_order) if leg != 0 else 0
    count = 0
    while at != 0 and count < len(found):
        order = order_at(w, at)
        if order.level != 0:
            lots = order.lots + hidden_lots(order)
            found[count, 0] = order.client_id
            found[count, 1] = order.price_ticks
            found[count, 2] = lots if order.side == 0 else -lots
            count += 1
        at = int(order.leg_next)
    return count
