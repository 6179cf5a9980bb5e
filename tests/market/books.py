"""A few words to drive a bare book in tests, and what is seen of it from outside."""

from __future__ import annotations

from typing import Any

from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Side, TimeInForce
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.note import Detail
from shortdesk.market.tables import Shelf, account_at, clock_of, front_at, instrument_at, level_at, shelf_at
from shortdesk.market.world import Capacity, World, bare_world

SMALL = Capacity(accounts=8, legs=16, orders=200, pages=200, nodes=400, journal_rows=400)


class Bench:
    """A bare book with three accounts; every call obeys one command and answers with the rows it made."""

    def __init__(self, capacity: Capacity = SMALL) -> None:
        self.world: World = bare_world(capacity, Detail.ORDERS)
        accounts = shelf_at(self.world.block, Shelf.ACCOUNTS)
        accounts.used = accounts.live = 3
        for account in (1, 2, 3):
            account_at(self.world.block, account).venue = 1

    @property
    def instrument(self) -> Any:
        return instrument_at(self.world.block, 1)

    def send(self, kind: CommandKind, **fields: Any) -> list[tuple[Any, ...]]:
        rows = new_commands(1)
        rows["account"] = rows["instrument"] = 1
        rows["kind"] = kind
        for name, value in fields.items():
            rows[name] = value
        return [seen(row) for row in self.world.obey(rows)]

    def place(self, order: int, side: str, price: int, lots: int, **fields: Any) -> list[tuple[Any, ...]]:
        words = {"client_id": order, "side": Side[side.upper()], "price_ticks": price, "lots": lots}
        return self.send(CommandKind.PLACE, **words, **fields)

    def refusal(self) -> Refusal:
        return Refusal(int(clock_of(self.world.block).refusal))

    def side(self, which: int) -> list[tuple[int, int]]:
        """The prices of one side from the front with the lots that show there."""
        from shortdesk.market.ladder import level_of, next_price

        number = 8 + which
        ticks, found = int(front_at(self.world.block, number).ticks), []
        if front_at(self.world.block, number).level == 0:
            return []
        while ticks:
            found.append((ticks, int(level_at(self.world.block, level_of(self.world.block, number, ticks)).lots)))
            ticks = int(next_price(self.world.block, number, ticks))
        return found

    @property
    def bids(self) -> list[tuple[int, int]]:
        return self.side(0)

    @property
    def asks(self) -> list[tuple[int, int]]:
        return self.side(1)


def seen(row: Any) -> tuple[Any, ...]:
    """A row in the words of a table: FILL maker price lots, others order price lots code."""
    kind = Kind(int(row["kind"])).name
    order, price, lots = int(row["order"]), int(row["price"]), int(row["lots"])
    if kind == "FILL":
        return (kind, int(row["other_order"]), price, lots)
    return (kind, order, price, lots, int(row["code"]))


def fills(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[1:] for row in rows if row[0] == "FILL"]


MARKET = {"order_kind": OrderKind.MARKET}
IOC = {"time_in_force": TimeInForce.IOC}
FOK = {"time_in_force": TimeInForce.FOK}
POST = {"traits": OrderFlag.POST_ONLY}
SLIDE = {"traits": OrderFlag.POST_ONLY + OrderFlag.SLIDES}
REDUCE = {"traits": OrderFlag.REDUCE_ONLY}


def prevents(mode: SelfTrade) -> dict[str, int]:
    return {"self_trade": int(mode)}
