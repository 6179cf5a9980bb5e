"""The exact twin of the wire: messages in a plain list, each with its time of arrival, the earliest looked for anew.

What a link draws on top of its base is the same keyed draw as the market's; when it is drawn, in which order messages
arrive and what happens between two of them is worked out here.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.twin.command import Command, rows_of
from tests.twin.compare import Differs, columns
from tests.twin.money_pair import ACCOUNTS, INVERSE, LINEAR, MoneyPair, Setup
from tests.twin.seizing import WholeMarket

from shortdesk.ground.draw import Purpose, draw_exponential
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal
from shortdesk.market.command import CommandKind
from shortdesk.market.errands import Setting
from shortdesk.market.open_wire import open_link, set_feed, set_link
from shortdesk.market.tables import Shelf, clock_of, shelf_at
from shortdesk.market.wire import MOST_DELAY_NS

AFTER_ALL_NS = 1_000 * 10**9
"""So long after the last command everything has arrived; links of these tests are never slower."""


@dataclass
class Link:
    """A way to the venue: what it takes, what it carried, and when its last message arrives."""

    seed: int
    agent: int
    base: int
    jitter: int
    extra: int = 0
    sent: int = 0
    last: int = 0

    def arrival(self, sent_at: int) -> int:
        """Nobody overtakes whom he follows."""
        takes = self.base + self.extra
        if self.jitter:
            takes += int(self.jitter * draw_exponential(self.seed, self.agent, Purpose.LATENCY, self.sent))
        self.sent += 1
        self.last = max(self.last, sent_at + takes)
        return self.last


class Message(NamedTuple):
    """A command under way; messages compare as they arrive."""

    arrives: int
    venue: int
    number: int
    sent: int
    command: Command


class WiredMarket(WholeMarket):
    """A market that hears what is sent when it arrives. ``links`` are by account, ``feeds`` by instrument."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.links: dict[int, Link] = {}
        self.feeds: dict[int, Link] = {}
        self.under_way: list[Message] = []
        self.sent = 0

    def send(self, c: Command) -> None:
        """Put a command on its way, at its time or, if that is past, now."""
        sent_at = max(c.time_ns, self.now)
        link = self._link_of(c)
        arrives = link.arrival(sent_at) if link else sent_at
        arrived = c._replace(time_ns=arrives)
        self.under_way.append(Message(arrives, self._arrives_at(c), self.sent, sent_at, arrived))
        self.sent += 1

    def advance(self, until: int) -> list[tuple[Any, ...]]:
        """What arrives until then is obeyed, the first first; pauses that end in between end in between."""
        told: list[tuple[Any, ...]] = []
        while self.under_way and (first := min(self.under_way)).arrives <= until:
            self.under_way.remove(first)
            told += self.obey(first.command)
        self.rows = []
        self._pass_time(until)
        self.now = max(self.now, until)
        return told + self.rows

    def _link_of(self, c: Command) -> Link | None:
        if c.kind < CommandKind.MARK:
            return self.links.get(c.account)
        return self.feeds.get(c.instrument) if c.kind in (CommandKind.MARK, CommandKind.INDEX) else None

    def _arrives_at(self, c: Command) -> int:
        """The venue; 0 for what is about no single one."""
        if c.kind < CommandKind.MARK:
            return max(0, self._venue_of(c.account))
        if c.kind in (CommandKind.OUTAGE, CommandKind.ACCRUE):
            return c.instrument
        named = c.kind <= CommandKind.HALT and c.instrument in self.terms
        return self.terms[c.instrument].venue if named else 0

    def _run_venue(self, c: Command) -> Refusal:
        return self._delay(c) if c.kind == CommandKind.DELAY else super()._run_venue(c)

    def _delay(self, c: Command) -> Refusal:
        """From now on an account's messages, or an instrument's prices, take so much longer."""
        if c.account and self._venue_of(c.account) < 0:
            return Refusal.UNKNOWN_ACCOUNT
        if not c.account and c.instrument not in self.terms:
            return Refusal.UNKNOWN_INSTRUMENT
        link = self.links.get(c.account) if c.account else self.feeds.get(c.instrument)
        if link is None:
            return Refusal.BAD_KIND
        if not 0 <= c.lots <= MOST_DELAY_NS:
            return Refusal.BAD_SIZE
        link.extra = c.lots
        where = (
            {"venue": self._venue_of(c.account), "account": c.account}
            if c.account
            else {"venue": self.terms[c.instrument].venue, "instrument": c.instrument}
        )
        self._row(Kind.SETTING, **where, units=c.lots, code=Setting.DELAY_NS)
        return Refusal.NONE


class WirePair(MoneyPair):
    """A World and its twin that are sent everything over links; two accounts share one, another has none."""

    market = WiredMarket

    def __init__(self, setup: Setup) -> None:
        super().__init__(setup)
        assert isinstance(self.bank, WiredMarket)
        self.wired = self.bank
        dice = random.Random(f"wire {setup.seed}")
        first, second, *others = ACCOUNTS
        shared = self._new_link(dice, 1)
        self.wired.links[first] = self.wired.links[second] = shared
        self.wired.links |= {account: self._new_link(dice, 2 + account) for account in others[:-1]}
        self.wired.feeds = {number: self._new_link(dice, 100 + number) for number in (LINEAR, INVERSE)}
        self.every = [shared, *(self.wired.links[one] for one in others[:-1]), *self.wired.feeds.values()]
        for account, link in self.wired.links.items():
            set_link(self.world, account, 1 + self.every.index(link))
        for number, link in self.wired.feeds.items():
            set_feed(self.world, number, 1 + self.every.index(link))

    def _new_link(self, dice: random.Random, agent: int) -> Link:
        base, jitter = dice.choice((0, 400, 10**6, 5 * 10**7)), dice.choice((0, 0, 700, 2 * 10**6, 10**9))
        link = Link(dice.randint(0, 5), agent, base, jitter)
        open_link(self.world, seed=link.seed, agent=agent, base_ns=base, jitter_ns=jitter)
        return link

    def tell(self, command: Command) -> None:
        """Let time pass to the command's and send it; both markets must have said the same and be the same.

        Raises:
            Differs: saying where.
        """
        self._advance(command.time_ns)
        self.wired.send(command)
        self.world.send(rows_of([command]))
        self._compare_wire()

    def explain(self) -> None:
        """Everything arrives; then as ever."""
        self._advance(self.wired.now + AFTER_ALL_NS)
        if self.wired.under_way:
            raise Differs(f"wire: {len(self.wired.under_way)} messages never arrive")
        super().explain()

    def _advance(self, until: int) -> None:
        expected = self.wired.advance(until)
        rows = self.world.advance(until).tolist()
        if rows != expected:
            raise Differs(f"rows: until {until} the World wrote\n{rows}\nthe twin\n{expected}")
        if int(clock_of(self.world.block).now_ns) != self.wired.now:
            raise Differs(f"time: the World has {clock_of(self.world.block).now_ns}, the twin {self.wired.now}")
        self.compare_books()
        self._count(rows)
        self.compare_money()
        self._compare_wire()

    def _count(self, rows: list[tuple[Any, ...]]) -> None:
        super()._count(rows)
        for row in rows:
            if row[13] in (Kind.REFUSED, Kind.SETTING):
                word = Refusal(row[15]) if row[13] == Kind.REFUSED else Setting(row[15])
                self.seen[word.name] += 1

    def _compare_wire(self) -> None:
        """What is under way, and how far every link is."""
        count = int(shelf_at(self.world.block, Shelf.INBOX).live)
        messages = self.world.table(Shelf.MESSAGES)
        found = sorted(
            (arrives, venue, seq, sent, Command(*(int(messages[slot][name]) for name in Command._fields)))
            for arrives, sent, seq, venue, slot in self.world.table(Shelf.INBOX)[1 : count + 1].tolist()
        )
        if found != sorted(self.wired.under_way):
            raise Differs(f"wire: in the World {found} are under way, in the twin {sorted(self.wired.under_way)}")
        links = columns(self.world, Shelf.LINKS, "extra_ns", "sent", "last_ns")
        if links != [(link.extra, link.sent, link.last) for link in self.every]:
            raise Differs(f"links: the World has {links}, the twin {self.every}")
