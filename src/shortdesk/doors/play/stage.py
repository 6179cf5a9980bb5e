"""Where a play happens: a World, the names its script gave, and the rows that were written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from shortdesk.doors.play.event import Event, Names, event_of
from shortdesk.doors.play.words import LARGEST, Words
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.ledger import Role
from shortdesk.market.note import Detail
from shortdesk.market.tables import Shelf, clock_of, venue_at
from shortdesk.market.world import Capacity, World

__all__ = ["PURSES", "Miss", "Stage", "new_stage"]

PURSES = tuple(role.name.casefold() for role in Role if Role.CLEARING <= role <= Role.OUTSIDE)
"""Accounts of the venue itself, named as ``insurance of VENUE``; with one venue ``insurance`` is enough."""
_ABOUT_AN_ASSET = (
    CommandKind.DEPOSIT, CommandKind.WITHDRAW, CommandKind.BORROW, CommandKind.REPAY, CommandKind.RECALL,
    CommandKind.SEIZE, CommandKind.BUY_IN,
)  # fmt: skip
_ROOM = Capacity(accounts=100, legs=200, orders=500, pages=400, nodes=800, balances=400, journal_rows=2_000)


class Miss(NamedTuple):
    """A line that did not come true: where, what it says, and what was found instead."""

    where: str
    expected: str
    found: tuple[str, ...]


@dataclass
class Stage:
    """A World with names. ``seen`` counts the events up to the one matched last."""

    world: World
    names: Names = field(default_factory=Names)
    now_ns: int = 0
    next_id: int = 1
    order_at: dict[tuple[int, int], int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    seen: int = 0
    matched: set[int] = field(default_factory=set)
    misses: list[Miss] = field(default_factory=list)

    def send(self, words: Words, kind: CommandKind, **fields: int) -> None:
        """One command to the World; what it wrote is kept with the line that sent it."""
        words.end()
        rows = new_commands(1)
        for name, value in {"kind": kind, "time_ns": self.now_ns, "mechanism": Mechanism.USER, **fields}.items():
            if abs(value) >= LARGEST or (name == "peak_lots" and value >= 1 << 31):
                words.refuse(f"{value} is too large for {name}.")
            rows[name] = value
        for row in self.world.obey(rows):
            event = event_of(row, self.names, words.where)
            if event.kind == Kind.REFUSED and kind > CommandKind.AMEND:
                event = self._refused_apart(event, kind, fields)
            self.events.append(event)
        self._check_books(words)

    def _refused_apart(self, event: Event, kind: CommandKind, fields: dict[str, int]) -> Event:
        """A refusal repeats a command's raw fields; what is no size or instrument there is not shown as one."""
        event = event._replace(size=None, order=-1)
        if kind not in _ABOUT_AN_ASSET:
            return event
        asset = next(name for name, number in self.names.assets.items() if number == fields["instrument"])
        money = fields.get("lots", 0) * self.unit(fields["instrument"])
        return event._replace(instrument="", money=money, asset=asset)

    def _check_books(self, words: Words) -> None:
        """Every asset sums to zero over all balances, the venue's own included."""
        used = self.world.used_rows(Shelf.BALANCES)
        balances = self.world.table(Shelf.BALANCES)[1:used]
        for name, number in self.names.assets.items():
            total = sum(int(units) for units in balances["units"][balances["asset"] == number])
            if total:
                found = f"the balances of {name} sum to {total} units"
                self.misses.append(Miss(words.where, "balances that sum to zero", (found,)))

    def who(self, words: Words, what: str = "account") -> int:
        """An account by name, or a purse of a venue."""
        purse = words.peek().casefold()
        if purse not in PURSES:
            return words.known(what, self.names.accounts)
        words.take(what)
        if words.skip("of"):
            return int(venue_at(self.world.block, words.known("venue", self.names.venues))[purse])
        if len(self.names.venues) != 1:
            words.refuse(f"'{purse}' of which venue? expected '{purse} of VENUE'.")
        return int(venue_at(self.world.block, next(iter(self.names.venues.values())))[purse])

    def instrument(self, words: Words) -> int:
        """An instrument by name."""
        return words.known("instrument", self.names.instruments)

    def price(self, words: Words, instrument: int, what: str = "a price") -> int:
        """A price in ticks of the instrument."""
        return words.steps(what, self.names.ticks[instrument])

    def lots(self, words: Words, what: str = "a size") -> tuple[int, int]:
        """``0.5 BTC``: lots and the instrument."""
        word = words.take(f"{what} such as '1 BTC'")
        instrument = self.instrument(words)
        words.words.insert(0, word)
        return words.steps(what, self.names.lots[instrument]), instrument

    def money(self, words: Words, what: str = "an amount") -> tuple[int, int]:
        """``100 USDT``: units and the asset."""
        word = words.take(f"{what} such as '100 USDT'")
        asset = words.known("asset", self.names.assets)
        words.words.insert(0, word)
        return words.steps(what, self.unit(asset)), asset

    def unit(self, asset: int) -> Fraction:
        """What the smallest unit of an asset is worth."""
        return Fraction(1, 10 ** self.names.digits[asset])

    def all_names(self) -> Mapping[str, int]:
        """Every name given so far."""
        names = self.names
        return {**names.assets, **names.venues, **names.instruments, **names.accounts, **dict.fromkeys(PURSES, 0)}


def new_stage() -> Stage:
    """An empty stage whose Journal is told everything."""
    world = World(_ROOM)
    clock_of(world.block).detail = Detail.ORDERS
    return Stage(world)
