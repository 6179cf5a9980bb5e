"""The reader's seat in a running market: an account of its own, orders over a link, what became of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.messages import Order
from shortdesk.doors.web.view.scale import SECOND_NS, Board
from shortdesk.doors.web.words import refusal_text
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import OrderFlag, OrderKind, Side, TimeInForce
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.note import Detail
from shortdesk.market.open_market import open_account
from shortdesk.market.open_wire import open_link, set_link
from shortdesk.market.tables import clock_of, leg_at
from shortdesk.market.wire import link_at
from shortdesk.stage.look import leg_of
from shortdesk.stage.play import Play

__all__ = ["LATENCY_MS", "NAME", "Death", "Seat", "Slip", "Sums"]

NAME = "you"
"""What the reader's account is called in the run."""
LATENCY_MS = 50
"""An order takes so long to the venue and its answer back: a retail connection, our assumption."""
Line = tuple[int, int, str, str]
"""Journal row, time, sentence, tone."""
_START_WORTH = 100_000
_YOUR_LINK = 1 << 41

Slip = tuple[int, float, str, str]
"""Number, second since the start, what happened to the reader, and its tone: bad, good or plain."""


class Sums(msgspec.Struct):
    """What the account has paid and earned, in smallest units of the settlement asset; negative: paid."""

    fees: int = 0
    funding: int = 0
    realised: int = 0
    liquidation_fees: int = 0


class Death(msgspec.Struct, frozen=True):
    """A position of the reader's that was liquidated."""

    time_s: float
    mark: float
    size: float
    row: int
    """The journal row in which the liquidation began: where a post-mortem starts."""


class Seat:
    """An account in a play, with money in it. ``deposit`` is in the quote."""

    def __init__(self, play: Play, board: Board, deposit: float = _START_WORTH) -> None:
        self.board = board
        self.deposit = deposit
        self.account = open_account(play.world, board.market.venue, leverage_x100=1000, is_isolated=True)
        names, info = play.names.account.names, play.names.account.info
        names.extend([""] * (self.account + 1 - len(names)))
        info.extend([{"population": "", "kind": ""}] * (self.account + 1 - len(info)))
        names[self.account], info[self.account] = NAME, {"population": NAME, "kind": "user"}
        self.sums = Sums()
        self.slips: deque[Slip] = deque(maxlen=100)
        self.death: Death | None = None
        self.flat_wallet = deposit
        """What the account had when it was flat last."""
        self._said = 0
        self._ids = 0
        self._start(play)

    def _start(self, play: Play) -> None:
        """The deposit arrives at once; what is sent later goes over a link."""
        commands = new_commands(1)
        commands["time_ns"], commands["kind"] = play.now_ns, CommandKind.DEPOSIT
        commands["account"], commands["instrument"] = self.account, self.board.market.settle_asset
        commands["lots"] = self.board.market.units(self.deposit)
        play.world.send(commands)
        half_ns = LATENCY_MS * 10**6 // 2
        self._link = open_link(play.world, seed=play.cast.seed, agent=_YOUR_LINK, base_ns=2 * half_ns, jitter_ns=0)
        set_link(play.world, self.account, self._link)

    # --- what the reader says -------------------------------------------------------------------------------

    def order(self, play: Play, order: Order) -> str:
        """Send an order; what is said about it at once.

        Raises:
            UsageError: a size or price that is off the grid, or a limit order without a price.
        """
        lots = self.board.lots_of(order.size)
        ticks = 0
        if order.order == "limit":
            if not order.price:
                raise UsageError("a limit order needs a price")
            ticks = self.board.ticks_of(order.price)
        settings = self._settings(play, order)
        commands = new_commands(len(settings) + 1)
        for row, (kind, value) in zip(commands, settings, strict=False):
            row["kind"], row["lots"] = kind, value
        self._ids += 1
        last = commands[-1]
        last["kind"], last["client_id"], last["lots"], last["price_ticks"] = CommandKind.PLACE, self._ids, lots, ticks
        last["side"] = Side.BUY if order.side == "buy" else Side.SELL
        last["order_kind"] = OrderKind.LIMIT if ticks else OrderKind.MARKET
        last["time_in_force"] = TimeInForce.GTC if ticks else TimeInForce.IOC
        last["traits"] = OrderFlag.REDUCE_ONLY if order.reduces else 0
        self._send(play, commands)
        return f"{order.side} {order.size} {self.board.base} sent"

    def _settings(self, play: Play, order: Order) -> list[tuple[int, int]]:
        """Leverage and margin mode, said before an order that opens; the venue refuses them while a position stands."""
        leg = leg_of(play.world.block, self.account, self.board.number)
        row = leg_at(play.world.block, leg)
        if order.reduces or (leg != 0 and (int(row.lots) or int(row.first_order))):
            return []
        return [
            (CommandKind.SET_ISOLATED, int(order.isolated)),
            (CommandKind.SET_LEVERAGE, round(100 * order.leverage)),
        ]

    def close(self, play: Play, part: float) -> str:
        """Close a part of the position at the market.

        Raises:
            UsageError: there is no position.
        """
        leg = leg_of(play.world.block, self.account, self.board.number)
        lots = int(leg_at(play.world.block, leg).lots) if leg else 0
        if lots == 0:
            raise UsageError("there is no position to close")
        commands = new_commands(1)
        self._ids += 1
        row = commands[0]
        row["kind"], row["client_id"], row["lots"] = CommandKind.PLACE, self._ids, max(1, round(abs(lots) * part))
        row["side"] = Side.BUY if lots < 0 else Side.SELL
        row["order_kind"], row["time_in_force"] = OrderKind.MARKET, TimeInForce.IOC
        row["traits"] = OrderFlag.REDUCE_ONLY
        self._send(play, commands)
        return "closing at the market"

    def cancel(self, play: Play, order: int) -> str:
        """Withdraw one order, or all (0)."""
        commands = new_commands(1)
        row = commands[0]
        row["kind"] = CommandKind.CANCEL if order else CommandKind.CANCEL_ALL
        row["client_id"] = order
        self._send(play, commands)
        return "withdrawal sent"

    def _send(self, play: Play, commands: NDArray[Any]) -> None:
        commands["time_ns"], commands["account"] = play.now_ns, self.account
        commands["instrument"], commands["mechanism"] = self.board.number, Mechanism.USER
        play.world.send(commands)

    def arrives_ns(self, play: Play) -> int:
        """When the last thing said reaches the venue."""
        return int(link_at(play.world.block, self._link).last_ns)

    def listens(self, play: Play, listens: bool) -> None:
        """Whether the Journal is told of orders too: for the moment in which the reader's arrive."""
        clock_of(play.world.block).detail = Detail.ORDERS if listens else Detail.MONEY

    # --- what came of it ------------------------------------------------------------------------------------

    def add(self, rows: NDArray[Any]) -> None:
        """Take journal rows in: what they say about the reader."""
        mine = rows[(rows["account"] == self.account) | (rows["other"] == self.account)]
        if not len(mine):
            return
        self._add_sums(mine)
        fills = mine[(mine["kind"] == Kind.FILL) & (mine["instrument"] == self.board.number)]
        told = [*self._fills(fills), *self._rows(mine[mine["account"] == self.account])]
        for _, time_ns, text, tone in sorted(told):
            self.say(time_ns, text, tone)

    def _add_sums(self, rows: NDArray[Any]) -> None:
        rows = rows[(rows["account"] == self.account) & (rows["asset"] == self.board.market.settle_asset)]
        for name, kind in (
            ("fees", Kind.FEE), ("funding", Kind.FUNDING), ("realised", Kind.REALISED),
            ("liquidation_fees", Kind.LIQUIDATION_FEE),
        ):  # fmt: skip
            units = int(rows["units"][rows["kind"] == kind].sum())
            setattr(self.sums, name, getattr(self.sums, name) + units)

    def _fills(self, fills: NDArray[Any]) -> Iterator[Line]:
        """Fills of one order at one time are one line, at their average price."""
        takes = fills["account"] == self.account
        own = np.where(takes, fills["order"], fills["other_order"])
        signed = np.where(takes, fills["lots"], -fills["lots"])
        forced = takes & (fills["mechanism"] == Mechanism.LIQUIDATION)
        for time_ns, order in dict.fromkeys(zip(fills["time_ns"].tolist(), own.tolist(), strict=True)):
            chosen = (fills["time_ns"] == time_ns) & (own == order)
            lots, prices = signed[chosen], fills["price"][chosen]
            price = float((lots * prices.astype(np.float64)).sum() / lots.sum()) * self.board.tick
            size = self.board.size(int(lots.sum()))
            text = f"{abs(size):,g} {self.board.base} at {price:,.{self.places}f} on average"
            seq = int(fills["seq"][chosen][0])
            if forced[chosen].any():
                yield seq, time_ns, f"the venue {'bought' if size > 0 else 'sold'} {text} for you", "bad"
            else:
                yield seq, time_ns, f"{'bought' if size > 0 else 'sold'} {text}", "good"

    @property
    def places(self) -> int:
        """Decimals of a price."""
        return max(0, -int(f"{self.board.tick:e}".partition("e")[2])) + 1

    def _rows(self, rows: NDArray[Any]) -> Iterator[Line]:
        board = self.board
        for row in rows:
            size, price = abs(board.size(int(row["lots"]))), board.price(int(row["price"]))
            text, tone = self._said_of(row, size, price)
            if text:
                yield int(row["seq"]), int(row["time_ns"]), text, tone

    def _said_of(self, row: Any, size: float, price: float) -> tuple[str, str]:
        """A row about the reader as a sentence and its tone; nothing where a sentence would say what another says."""
        board, kind = self.board, int(row["kind"])
        if kind == Kind.REFUSED:
            return f"refused: {refusal_text(int(row['code']))}", "bad"
        if kind == Kind.RESTED:
            return f"{'buy' if int(row['lots']) > 0 else 'sell'} {size:,g} {board.base} rests at {price:,g}", "plain"
        if kind == Kind.CANCELLED and size:
            return f"{size:,g} {board.base} of an order withdrawn", "plain"
        if kind == Kind.FUNDING:
            units = board.money(int(row["units"]))
            return f"funding {units:+,.2f} {board.quote}", "good" if units > 0 else "bad"
        if kind == Kind.LIQUIDATION_START:
            self.death = Death(board.seconds(int(row["time_ns"])), price, board.size(int(row["lots"])), int(row["seq"]))
            return f"LIQUIDATED at mark {price:,g}", "bad"
        if kind == Kind.LIQUIDATION_END and size:
            self.death = None
            return f"the liquidation ends; {size:,g} {board.base} are left", "bad"
        if kind == Kind.ADL:
            return f"deleveraged: {size:,g} {board.base} closed at {price:,g}", "bad"
        if kind == Kind.TAKEOVER:
            return f"the venue took over what was left, at {price:,g}", "bad"
        return "", ""

    def say(self, time_ns: int, text: str, tone: str) -> None:
        """One more line about the reader."""
        self._said += 1
        self.slips.append((self._said, (time_ns - self.board.start_ns) / SECOND_NS, text, tone))
