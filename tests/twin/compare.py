"""One market twice: the compiled World and the exact twin, told the same and compared after every command.

From the World everything is read as it lies in memory: every link, queue, level, page and front, so that a table
that has gone out of step with another is seen at once.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from tests.twin.account import AccountTerms
from tests.twin.book import Order
from tests.twin.command import Command, rows_of
from tests.twin.market import Market
from tests.twin.venues import Terms

from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, Side, TimeInForce
from shortdesk.market.accounts import leg_for
from shortdesk.market.book import OrderState
from shortdesk.market.ladder import level_ticks
from shortdesk.market.note import Detail
from shortdesk.market.tables import CLOCK, LEG, Shelf, account_at, clock_of, instrument_at, leg_at, shelf_at
from shortdesk.market.world import Capacity, World

SMALL = Capacity(venues=2, instruments=3, accounts=8, legs=40, orders=64, pages=32, nodes=96, journal_rows=200)
LADDERS = ("bids", "asks", "mark falls", "mark rises", "last falls", "last rises")
_PAGE_PRICES = 64


class Differs(AssertionError):
    """Twin and World do not agree, or a law is broken."""


class Pair:
    """A World and its twin, opened alike."""

    def __init__(
        self, instruments: dict[int, Terms], accounts: dict[int, AccountTerms], held: dict[int, int],
        capacity: Capacity = SMALL,
    ) -> None:  # fmt: skip
        self.twin = Market(instruments, accounts)
        self.world = opened(instruments, accounts, self.twin, capacity)
        for at, key in enumerate(self.twin.legs, 1):
            self.twin.held[key] = held.get(at, 0)
            leg_at(self.world.block, at).lots = held.get(at, 0)
        self.left: Counter[tuple[int, int, int, int]] = Counter()
        self.seen: Counter[str] = Counter()

    @property
    def key_of(self) -> dict[int, tuple[int, int, int]]:
        """The twin's key of each leg, by the World's number: legs are numbered as they are opened."""
        return dict(enumerate(self.twin.legs, 1))

    def tell(self, command: Command) -> None:
        """Tell both, compare what they say and what they are, and check the laws.

        Raises:
            Differs: saying where.
        """
        before = self.world.block.copy()
        expected = self.twin.obey(command)
        rows = self.world.obey(command.row()).tolist()
        if rows != expected:
            raise Differs(f"rows: the World wrote\n{_listed(rows)}\nthe twin\n{_listed(expected)}")
        refusal = Refusal(int(clock_of(self.world.block).refusal))
        if refusal != self.twin.refusal:
            raise Differs(f"refusal: the World says {refusal.name}, the twin {self.twin.refusal.name}")
        if refusal != Refusal.NONE and not self.twin.woke:
            refused_changes_nothing(self.world, before)
        self.compare_books()
        self._count(rows)
        self.seen[f"{refusal.name}"] += 1

    def compare_books(self) -> None:
        """Queues, fronts, prices and legs."""
        found, expected = books_of_world(self.world, self.key_of), books_of_twin(self.twin)
        if found != expected:
            both = [(key, found.get(key), expected.get(key)) for key in sorted({*found, *expected})]
            text = "\n".join(f"{key}\n  World {a}\n  twin  {b}" for key, a, b in both if a != b)
            raise Differs(f"books differ:\n{text}")
        for number, book in self.twin.books.items():
            row = instrument_at(self.world.block, number)
            if int(row.last_ticks) != self.twin.last[number]:
                raise Differs(f"last: the World has {row.last_ticks}, the twin {self.twin.last[number]}")
            bid, ask = book.best(Side.BUY), book.best(Side.SELL)
            if bid is not None and ask is not None and bid >= ask:
                raise Differs(f"book of instrument {number} is crossed or locked: {bid} {ask}")
        _compare_legs(self.world, self.twin)

    def _count(self, rows: list[tuple[Any, ...]]) -> None:
        """No lot both rests and is filled: the rows alone must explain every lot that is left in the books."""
        for _, _, _, order, maker, _, lots, _, account, other, instrument, _, _, kind, _, code in rows:
            mine = (account, instrument, int(lots < 0), order)
            self.seen[Kind(kind).name] += 1
            if kind == Kind.ACCEPTED:
                self.left[mine] += abs(lots)
            elif kind == Kind.AMENDED:
                self.left[mine] = abs(lots)
            elif kind in (Kind.CANCELLED, Kind.TRIGGERED):
                self.left[mine] -= abs(lots)
            elif kind == Kind.FILL:
                self.left[mine] -= abs(lots)
                self.left[(other, instrument, int(lots > 0), maker)] -= abs(lots)
            elif kind == Kind.RESTED and self.left[mine] != abs(lots):
                raise Differs(f"order {order} rests with {abs(lots)} lots; its rows leave {self.left[mine]}")
            if self.left[mine] < 0:
                raise Differs(f"order {order} of account {account} lost more lots than it had; code {code}")
            if self.left[mine] == 0:
                del self.left[mine]

    def explain(self) -> None:
        """What the rows leave must be what stands in the books.

        Raises:
            Differs: an order has more or fewer lots than its rows leave it.
        """
        standing: Counter[tuple[int, int, int, int]] = Counter()
        for key, leg in self.twin.legs.items():
            for order in leg.orders.values():
                standing[(key[0], key[1], order.side, order.client_id)] += order.left
        if +self.left != standing:
            raise Differs(f"rows leave {+self.left}, books hold {standing}")


def opened(instruments: dict[int, Terms], accounts: dict[int, AccountTerms], twin: Market, capacity: Capacity) -> World:
    """A World with the same venues, instruments, accounts and legs as the twin."""
    world = World(capacity)
    w = world.block
    for shelf, count in ((Shelf.VENUES, 2), (Shelf.INSTRUMENTS, len(instruments)), (Shelf.ACCOUNTS, len(accounts))):
        shelf_at(w, shelf).used = shelf_at(w, shelf).live = count
    for number, terms in instruments.items():
        row = instrument_at(w, number)
        for name, value in terms._asdict().items():
            if name != "asset":
                setattr(row, name, value)
    for number, account in accounts.items():
        row = account_at(w, number)
        row.venue, row.is_hedged, row.is_connected = account.venue, account.is_hedged, 1
        row.cancels_on_disconnect = account.cancels_on_disconnect
    for account_number, number, hedge in twin.legs:
        leg_for(w, account_number, number, hedge)
    clock_of(w).detail = Detail.ORDERS
    return world


_SPARED = {"journal_seq", "journal_count", "now_ns", "cause", "mechanism", "halt", "refusal"}


def refused_changes_nothing(world: World, before: Any) -> None:
    """Everything but the time, the journal and the answer is as it was.

    Raises:
        Differs: a refused command changed something.
    """
    journal, clock = shelf_at(world.block, Shelf.JOURNAL), shelf_at(world.block, Shelf.CLOCK)
    after = world.block
    if len(after) != len(before):
        _grew_and_nothing_else(world, before)
        return
    same = np.array_equal(after[: clock.start], before[: clock.start])
    same = same and np.array_equal(after[clock.end : journal.start], before[clock.end : journal.start])
    was, now = (block[clock.start : clock.end].view(CLOCK)[0] for block in (before, after))
    if not same or any(was[name] != now[name] for name in CLOCK.names if name not in _SPARED):
        raise Differs("a refused command changed the World")


def _grew_and_nothing_else(world: World, before: Any) -> None:
    older = world.clone()
    older.block = before
    clock_of(before).now_ns = clock_of(world.block).now_ns
    if older.digest() != world.digest():
        raise Differs("a refused command changed the World")


Seen = tuple[Any, ...]


def books_of_twin(market: Market) -> dict[tuple[int, str], list[tuple[int, list[Seen]]]]:
    """Every ladder that is not empty: its prices from the front, at each the queue."""
    found = {}
    for number, book in market.books.items():
        ladders = dict(zip(LADDERS, (*book.sides, *book.parked.values()), strict=True))
        for name, levels in ladders.items():
            if levels:
                prices = sorted(levels, reverse=LADDERS.index(name) % 2 == 0)
                found[(number, name)] = [(price, [_seen(order) for order in levels[price]]) for price in prices]
    return found


def _seen(order: Order) -> Seen:
    flags = order.flags
    if order.trigger:
        at_market = order.kind in (OrderKind.STOP_MARKET, OrderKind.PROFIT_MARKET)
        return (order.leg, order.client_id, order.side, order.shown, order.limit, order.mechanism, flags,
                at_market, order.time_in_force, order.self_trade)  # fmt: skip
    return (order.leg, order.client_id, order.side, order.shown, order.hidden, order.peak, order.mechanism, flags,
            order.self_trade)  # fmt: skip


def books_of_world(world: World, key_of: dict[int, tuple[int, int, int]]) -> dict[tuple[int, str], Any]:
    """The same, read from the World's tables, with every link and index checked on the way."""
    w = world.block
    rows = world.table(Shelf.ORDERS)[: shelf_at(w, Shelf.ORDERS).used + 1].tolist()
    fronts = world.table(Shelf.FRONTS).tolist()
    found: dict[tuple[int, str], Any] = {}
    live = [row for row in rows if row[8] != 0]
    heads = [row for row in live if row[5] == 0]
    levels = world.table(Shelf.LEVELS)[[row[6] for row in heads]].tolist()
    for row, (head, tail, lots) in zip(heads, levels, strict=True):
        number, which = key_of[row[8]][1], _ladder(row)
        queue, last = _queue(rows, row, which)
        if rows[head] is not row or rows[tail] is not last or lots != sum(one[2] for one in queue):
            raise Differs(f"level {row[6]} says {head} {tail} {lots}; its queue is {queue}")
        price = row[1]
        found.setdefault((number, LADDERS[which]), []).append((price, [_seen_row(one, key_of) for one in queue]))
    if sum(len(queue) for side in found.values() for _, queue in side) != len(live):
        raise Differs("an order stands in no queue")
    for (_, name), side in found.items():
        side.sort(reverse=LADDERS.index(name) % 2 == 0)
    has_money = [False, *(asset != 0 for (asset,) in columns(world, Shelf.INSTRUMENTS, "settle_asset"))]
    for at, (ticks, level) in enumerate(fronts[: 8 * len(has_money)]):
        number, which = divmod(at, 8)
        if number == 0 or (which >= len(LADDERS) and has_money[number]):
            continue  # where the sick wait, and legs for the price of their liquidation
        side = found.get((number, LADDERS[which]), []) if which < len(LADDERS) else []
        if (level != 0) != bool(side) or (side and ticks != side[0][0]):
            raise Differs(f"front of {number} {which} is {ticks} ({level}); its prices are {[p for p, _ in side]}")
    levels = {level for shelf in (Shelf.LEGS, Shelf.BALANCES) for (level,) in columns(world, shelf, "level") if level}
    waiting = {level: int(level_ticks(w, level)) for level in levels}
    _check_pages(world, {row[6]: row[1] for row in heads} | waiting)
    return found


def columns(world: World, shelf: Shelf, *names: str) -> list[Seen]:
    """Some fields of all rows of a table that are or were in use, but for row 0."""
    rows = world.table(shelf)[1 : world.used_rows(shelf)]
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


def _ladder(row: Seen) -> int:
    return (row[13] >> OrderState.LADDER_SHIFT) & 7 if row[13] & OrderState.PARKED else row[11]


def _queue(rows: list[Seen], first: Seen, which: int) -> tuple[list[Seen], Seen]:
    queue, at = [first], first
    while at[4] != 0:
        behind = rows[at[4]]
        if rows[behind[5]] is not at or behind[6] != first[6] or behind[1] != first[1] or _ladder(behind) != which:
            raise Differs(f"queue of level {first[6]} is broken between {at} and {behind}")
        queue.append(behind)
        at = behind
    return queue, at


def _seen_row(row: Seen, key_of: dict[int, tuple[int, int, int]]) -> Seen:
    client_id, _, lots, extra, *_, leg, _, _, side, mechanism, traits = row
    if traits & OrderState.PARKED:
        tif = TimeInForce.IOC if traits & OrderState.IMMEDIATE else TimeInForce.GTC
        tif = TimeInForce.FOK if traits & OrderState.ALL_OR_NONE else tif
        at_market = bool(traits & OrderState.AT_MARKET)
        return (key_of[leg], client_id, side, lots, extra, mechanism, traits & 15, at_market, int(tif),
                (traits >> OrderState.SELF_TRADE_SHIFT) & 7)  # fmt: skip
    hidden, peak = divmod(extra, 1 << 32) if traits & OrderState.ICEBERG else (0, 0)
    return (key_of[leg], client_id, side, lots, hidden, peak, mechanism, traits & 15,
            (traits >> OrderState.SELF_TRADE_SHIFT) & 7)  # fmt: skip


def _check_pages(world: World, prices: dict[int, int]) -> None:
    """Pages have one bit for each price that stands, and no other."""
    pages = world.table(Shelf.PAGES)[: world.used_rows(Shelf.PAGES)].tolist()
    expected = [0] * len(pages)
    for level, ticks in prices.items():
        page, place = divmod(level, _PAGE_PRICES)
        expected[page] |= 1 << place
        if (pages[page][0] & ((1 << 36) - 1)) * _PAGE_PRICES + place != ticks:
            raise Differs(f"level {level} stands for another price than its orders have: {ticks}")
    found = [bits for _, bits, _ in pages]
    if found != expected:
        raise Differs(f"pages have bits {found}; {expected} stand")


def _compare_legs(world: World, twin: Market) -> None:
    """Lots held, and lots in open orders that may open."""
    legs = world.table(Shelf.LEGS)[1 : len(twin.legs) + 1].tolist()
    columns = [LEG.names.index(name) for name in ("lots", "buying_lots", "selling_lots")]
    found = [tuple(row[column] for column in columns) for row in legs]
    for (key, leg), row in zip(twin.legs.items(), found, strict=True):
        may_open = [o for o in leg.orders.values() if not o.trigger and not o.flags & OrderFlag.REDUCE_ONLY]
        expected = (twin.held[key], *(sum(o.left for o in may_open if o.side == side) for side in Side))
        if row != expected:
            raise Differs(f"leg {key}: the World has {row}, the twin {expected}")


def _listed(rows: list[Seen]) -> str:
    return "\n".join(f"  {Kind(row[13]).name:<9} {row}" for row in rows) or "  nothing"


def told(world: World, commands: list[Command]) -> list[Any]:
    """Tell a World many commands in one call; all rows it wrote."""
    return list(world.obey(rows_of(commands)).tolist())
