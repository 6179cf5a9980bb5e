"""The wire: when messages arrive, in which order they are obeyed, and that none is lost or obeyed twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.market.crowds import SECOND, crowd, crowd_commands
from tests.market.markets import ROOM, Floor

from shortdesk.ground.draw import Purpose, draw_exponential
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Refusal, Side
from shortdesk.market.advance import advance
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.entry import Halt
from shortdesk.market.errands import Setting
from shortdesk.market.open_market import open_account, open_venue
from shortdesk.market.open_wire import open_link, set_feed, set_link
from shortdesk.market.tables import Shelf, clock_of, shelf_at
from shortdesk.market.wire import MOST_DELAY_NS, send
from shortdesk.market.world import Capacity, World

WIRE = (Shelf.LINKS, Shelf.INBOX, Shelf.MESSAGES)
SMALL = Capacity(
    accounts=40, legs=80, orders=200, pages=200, nodes=600, balances=100, links=20, messages=1, journal_rows=130
)
LATER = 10**12


def orders(*told: tuple[int, int, int], instrument: int = 1) -> Any:
    """Bids of one lot from (account, time, client id), at a price that rests."""
    rows = new_commands(len(told))
    rows["kind"], rows["side"], rows["lots"], rows["price_ticks"] = CommandKind.PLACE, Side.BUY, 1, 50
    rows["instrument"] = instrument
    for row, (account, time_ns, client_id) in zip(rows, told, strict=True):
        row["account"], row["time_ns"], row["client_id"] = account, time_ns, client_id
    return rows


def under_way(world: World) -> list[tuple[int, int, int, int]]:
    """(arrival, venue, number, client id) of every message on the wire, in the order of arrival."""
    count = int(shelf_at(world.block, Shelf.INBOX).live)
    messages = world.table(Shelf.MESSAGES)
    return sorted(
        (int(row["arrives_ns"]), int(row["venue"]), int(row["seq"]), int(messages["client_id"][row["slot"]]))
        for row in world.table(Shelf.INBOX)[1 : count + 1]
    )


def rested(rows: Any) -> list[tuple[int, int]]:
    """(client id, time) of the orders that came to rest."""
    return [(int(row["order"]), int(row["time_ns"])) for row in rows if row["kind"] == Kind.RESTED]


def two_senders() -> tuple[Floor, int, int]:
    floor = Floor()
    return floor, floor.open("near", 10_000), floor.open("far", 10_000)


def wired_crowd(seed: int, capacity: Capacity = ROOM, *, without: int = -1) -> tuple[Floor, list[int], Any]:
    """The crowd with a jittering link each and a slow feed, and its commands, sent."""
    floor, traders = crowd(capacity)
    for at, trader in enumerate(traders):
        link = open_link(floor.world, seed=seed, agent=at, base_ns=SECOND // 10 * at, jitter_ns=SECOND)
        set_link(floor.world, trader, link)
    set_feed(floor.world, floor.perp, open_link(floor.world, seed=seed, agent=99, base_ns=2 * SECOND))
    commands = crowd_commands(seed, 150, floor, traders)
    if without >= 0:
        commands = commands[commands["account"] != traders[without]]
    floor.world.send(commands)
    return floor, traders, commands


# --- when and in which order --------------------------------------------------------------------------------


def test_messages_arrive_when_their_link_has_carried_them() -> None:
    floor, near, far = two_senders()
    world = floor.world
    set_link(world, near, open_link(world, seed=1, agent=1, base_ns=100))
    set_link(world, far, open_link(world, seed=1, agent=2, base_ns=400, extra_ns=50))
    world.send(orders((far, 1_000, 1), (near, 1_200, 2), (near, 1_400, 3)))
    assert rested(world.advance(1_299)) == []
    assert rested(world.advance(1_300)) == [(2, 1_300)]
    assert clock_of(world.block).now_ns == 1_300
    assert rested(world.advance(2_000)) == [(1, 1_450), (3, 1_500)]
    assert rested(world.advance(3_000)) == []


def test_equal_times_go_by_venue_and_then_by_number() -> None:
    floor = Floor()
    second = open_venue(floor.world)
    there = open_account(floor.world, second)
    here = floor.open("here", 1_000)
    floor.world.send(orders((there, 500, 1), (here, 500, 2), (here, 500, 3)))
    rows = floor.world.advance(500)
    told = [(int(row["order"]), Kind(int(row["kind"]))) for row in rows if row["kind"] != Kind.ACCEPTED]
    assert told == [
        (2, Kind.RESTED),
        (3, Kind.RESTED),
        (1, Kind.REFUSED),  # the instrument is not at that venue
    ]


def test_what_is_sent_late_is_sent_now() -> None:
    floor, near, far = two_senders()
    set_link(floor.world, near, open_link(floor.world, seed=1, agent=1, base_ns=100))
    floor.world.advance(5_000)
    floor.world.send(orders((near, 10, 1), (far, 10, 2)))
    assert rested(floor.world.advance(5_099)) == [(2, 5_000)]
    assert rested(floor.world.advance(5_100)) == [(1, 5_100)]


@given(
    told=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3_000)), max_size=40),
    base=st.lists(st.integers(0, 800), min_size=2, max_size=2),
    jitter=st.lists(st.integers(0, 800), min_size=2, max_size=2),
)
def test_arrivals_follow_the_formula_and_nobody_overtakes_on_a_link(
    told: list[tuple[int, int]], base: list[int], jitter: list[int]
) -> None:
    """Senders 0 and 1 have a link, sender 2 has none."""
    floor, near, far = two_senders()
    direct = floor.open("direct", 10_000)
    for at, account in enumerate((near, far)):
        link = open_link(floor.world, seed=3, agent=at, base_ns=base[at], jitter_ns=jitter[at])
        set_link(floor.world, account, link)
    accounts = (near, far, direct)
    floor.world.send(orders(*((accounts[who], time, at + 1) for at, (who, time) in enumerate(told))))
    expected, last, sent = [], [0, 0], [0, 0]
    for at, (who, time) in enumerate(told):
        arrives = time
        if who < 2:
            drawn = int(jitter[who] * draw_exponential(3, who, Purpose.LATENCY, sent[who])) if jitter[who] else 0
            last[who] = arrives = max(last[who], time + base[who] + drawn)
            sent[who] += 1
        expected.append((arrives, floor.venue, at, at + 1))
    assert under_way(floor.world) == sorted(expected)
    rows = floor.world.advance(LATER)
    assert rested(rows) == [(client_id, arrives) for arrives, _, _, client_id in sorted(expected)]
    for who in (0, 1):
        mine = [number for number, _ in rested(rows) if told[number - 1][0] == who]
        assert mine == sorted(mine)
    assert under_way(floor.world) == []


def arrivals(world: World) -> list[tuple[int, int, int]]:
    """(arrival, account, client id) of every message, in this order."""
    messages = world.table(Shelf.MESSAGES)
    queue = world.table(Shelf.INBOX)[1 : int(shelf_at(world.block, Shelf.INBOX).live) + 1]
    return sorted(
        (int(row["arrives_ns"]), int(messages["account"][row["slot"]]), int(messages["client_id"][row["slot"]]))
        for row in queue
    )


@pytest.mark.parametrize("gone", [0, 3, 7])
def test_removing_one_sender_leaves_every_other_arrival(gone: int) -> None:
    everyone, traders, _ = wired_crowd(5)
    fewer, _, _ = wired_crowd(5, without=gone)
    kept = [one for one in arrivals(everyone.world) if one[1] != traders[gone]]
    assert kept == arrivals(fewer.world)
    assert 0 < len(kept) < 150


# --- the same market ----------------------------------------------------------------------------------------


def market_of(world: World) -> dict[str, bytes]:
    """All tables but those of the wire."""
    found = {}
    for shelf in Shelf:
        if shelf not in (*WIRE, Shelf.CLOCK):
            rows = world.table(shelf)[: world.used_rows(shelf)]
            found[shelf.name] = b"".join(
                np.ascontiguousarray(rows[name]).tobytes() for name in rows.dtype.names or () if name != "chain"
            )
    return found


def test_the_wire_obeys_what_sorted_commands_would() -> None:
    """Money, paused liquidations and all: the queue adds an order and nothing else."""
    steps = 0
    for seed in range(4):
        floor, _, commands = wired_crowd(seed)
        direct = floor.world.clone()
        messages = floor.world.table(Shelf.MESSAGES)
        queue = floor.world.table(Shelf.INBOX)[1:151]
        order = sorted(queue, key=lambda row: (row["arrives_ns"], row["venue"], row["seq"]))
        assert len(commands) == len(order)
        arrived = np.concatenate([messages[row["slot"] : row["slot"] + 1] for row in order])
        assert sorted(arrived["client_id"].tolist()) == sorted(commands["client_id"].tolist())
        end = new_commands(1)
        end["kind"], end["time_ns"] = CommandKind.STEP, LATER
        expected = direct.obey(np.concatenate([arrived, end]))
        rows = floor.world.advance(LATER)
        assert np.array_equal(rows, expected)
        assert market_of(floor.world) == market_of(direct)
        steps += np.count_nonzero(rows["kind"] == Kind.LIQUIDATION_STEP)
        floor.check()
    assert steps > 0


@pytest.mark.parametrize("seed", range(2))
def test_how_time_is_cut_does_not_matter(seed: int) -> None:
    floor, _, _ = wired_crowd(seed)
    other = floor.world.clone()
    whole = floor.world.advance(100 * SECOND)
    pieces = [other.advance(at * SECOND) for at in range(0, 101, 7)] + [other.advance(100 * SECOND)]
    assert np.array_equal(whole, np.concatenate(pieces))
    assert floor.world.digest() == other.digest()


@pytest.mark.parametrize("seed", range(2))
def test_a_small_inbox_and_journal_that_grow_change_nothing(seed: int) -> None:
    large, _, _ = wired_crowd(seed)
    small, _, _ = wired_crowd(seed, SMALL)
    assert small.world.digest() == large.world.digest()
    assert np.array_equal(small.world.advance(LATER), large.world.advance(LATER))
    assert small.world.digest() == large.world.digest()
    assert small.world.capacity.messages < large.world.capacity.messages


def test_compiled_and_interpreted_are_one() -> None:
    floor, traders, _ = wired_crowd(3)
    plain = floor.world.clone()
    more = crowd_commands(4, 20, floor, traders)
    send(floor.world.block, more, 0)
    send.py_func(plain.block, more, 0)  # type: ignore[attr-defined]
    assert plain.digest() == floor.world.digest()
    assert advance(floor.world.block, 20 * SECOND) == advance.py_func(plain.block, 20 * SECOND)  # type: ignore[attr-defined]
    assert np.array_equal(plain.take_journal(), floor.world.take_journal())
    assert plain.digest() == floor.world.digest()


# --- stopping and going on ----------------------------------------------------------------------------------


def test_a_full_inbox_says_so_and_loses_nothing() -> None:
    floor = Floor(capacity=SMALL)
    near = floor.open("near", 1_000)
    commands = orders((near, 10, 1), (near, 20, 2), (near, 30, 3))
    assert send(floor.world.block, commands, 0) == 1
    assert clock_of(floor.world.block).halt == Halt.TABLE_FULL
    assert clock_of(floor.world.block).full_table == Shelf.MESSAGES
    with pytest.raises(UsageError, match="messages is full"):
        floor.world.send(commands[1:], grows=False)
    floor.world.grow(Shelf.MESSAGES)
    assert send(floor.world.block, commands, 1) == 2
    floor.world.send(commands[2:])
    assert rested(floor.world.advance(100)) == [(1, 10), (2, 20), (3, 30)]


def test_a_full_journal_stops_between_two_messages() -> None:
    floor = Floor(capacity=SMALL)
    near = floor.open("near", 100_000, leverage=2)
    floor.world.take_journal()
    commands = orders(*((near, at, at + 1) for at in range(100)))
    floor.world.send(commands)
    obeyed, stops, rows = 0, 0, []
    while True:
        obeyed += int(advance(floor.world.block, 1_000))
        rows.append(floor.world.take_journal())
        if clock_of(floor.world.block).halt == Halt.DONE:
            break
        assert clock_of(floor.world.block).halt in (Halt.JOURNAL_FULL, Halt.TABLE_FULL)
        assert len(under_way(floor.world)) == 100 - obeyed
        if clock_of(floor.world.block).halt == Halt.TABLE_FULL:
            floor.world.grow(Shelf(int(clock_of(floor.world.block).full_table)))
        stops += 1
    assert obeyed == 100
    assert stops > 0
    assert rested(np.concatenate(rows)) == [(at + 1, at) for at in range(100)]


def test_saved_in_mid_flight(tmp_path: Path) -> None:
    floor, _, _ = wired_crowd(6)
    floor.world.advance(20 * SECOND)
    assert under_way(floor.world)
    floor.world.save(tmp_path / "world")
    restored = World.load(tmp_path / "world")
    assert under_way(restored) == under_way(floor.world)
    assert np.array_equal(restored.advance(LATER), floor.world.advance(LATER))
    assert restored.digest() == floor.world.digest()


def test_the_hash_counts_what_is_under_way() -> None:
    floor, near, _ = two_senders()
    other = floor.world.clone()
    floor.world.send(orders((near, 10, 1)))
    other.send(orders((near, 10, 2)))
    assert floor.world.digest() != other.digest()


# --- outages and delays -------------------------------------------------------------------------------------


def test_what_arrives_while_the_venue_is_down_is_refused() -> None:
    """Sent before the outage, arrived in it; and sent in it, arrived after."""
    floor, near, _ = two_senders()
    set_link(floor.world, near, open_link(floor.world, seed=1, agent=1, base_ns=100))
    outage = new_commands(2)
    outage["kind"], outage["instrument"], outage["lots"], outage["time_ns"] = (
        CommandKind.OUTAGE, floor.venue, (1, 0), (50, 300),
    )  # fmt: skip
    floor.world.send(np.concatenate([orders((near, 0, 1), (near, 250, 2)), outage]))
    rows = floor.world.advance(1_000)
    told = [(Kind(int(row["kind"])), int(row["time_ns"])) for row in rows if row["kind"] != Kind.ACCEPTED]
    assert told == [(Kind.HALTED, 50), (Kind.REFUSED, 100), (Kind.RESUMED, 300), (Kind.RESTED, 350)]
    assert [int(row["code"]) for row in rows if row["kind"] == Kind.REFUSED] == [Refusal.VENUE_DOWN]


def told(kind: CommandKind, time_ns: int, **fields: int) -> Any:
    row = new_commands(1)
    row["kind"], row["time_ns"] = kind, time_ns
    for name, value in fields.items():
        row[name] = value
    return row


def test_a_delayed_feed() -> None:
    """Two marks while the feed is slow; when it is fast again the third does not overtake the second."""
    floor = Floor()
    set_feed(floor.world, floor.perp, open_link(floor.world, seed=1, agent=9, base_ns=10))
    for time_ns, lots in ((100, 5_000), (300, 0)):
        floor.world.send(told(CommandKind.DELAY, time_ns, instrument=floor.perp, lots=lots))
        floor.world.advance(time_ns)
        for later, ticks in ((10, time_ns), (20, time_ns + 1)):
            floor.world.send(told(CommandKind.MARK, time_ns + later, instrument=floor.perp, price_ticks=ticks))
    rows = floor.world.advance(LATER)
    marks = [(int(row["price"]), int(row["time_ns"])) for row in rows if row["kind"] == Kind.MARK]
    assert marks == [(100, 5_120), (101, 5_130), (300, 5_130), (301, 5_130)]


def test_a_delay_is_written_down_and_bad_ones_are_refused() -> None:
    floor, near, far = two_senders()
    set_link(floor.world, near, open_link(floor.world, seed=1, agent=1, base_ns=10))
    rows = floor.world.obey(told(CommandKind.DELAY, 0, account=near, lots=70))
    (row,) = [row for row in rows if row["kind"] == Kind.SETTING]
    assert (row["account"], row["units"], row["code"]) == (near, 70, Setting.DELAY_NS)
    digest = floor.world.digest()
    for fields, refusal in (
        ({"account": near, "lots": -1}, Refusal.BAD_SIZE),
        ({"account": near, "lots": MOST_DELAY_NS + 1}, Refusal.BAD_SIZE),
        ({"account": far, "lots": 5}, Refusal.BAD_KIND),
        ({"account": 999, "lots": 5}, Refusal.UNKNOWN_ACCOUNT),
        ({"instrument": 999, "lots": 5}, Refusal.UNKNOWN_INSTRUMENT),
        ({"instrument": floor.perp, "lots": 5}, Refusal.BAD_KIND),
    ):
        floor.world.obey(told(CommandKind.DELAY, 0, **fields))
        assert floor.refusal() == refusal
        assert floor.world.digest() == digest


@pytest.mark.parametrize("name", ["base_ns", "jitter_ns", "extra_ns", "seed", "agent"])
def test_a_link_with_a_negative_number_is_an_error(name: str) -> None:
    words = {"seed": 1, "agent": 1, "base_ns": 1, name: -1}
    with pytest.raises(UsageError, match=f"{name} of a link is -1"):
        open_link(Floor().world, **words)
