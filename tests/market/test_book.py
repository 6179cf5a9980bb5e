"""The book, one order kind after the other, as tables of what is sent and what is seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.market.books import FOK, IOC, MARKET, POST, REDUCE, SLIDE, SMALL, Bench, fills, prevents

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.order import OrderFlag, OrderKind, Refusal, SelfTrade, Withdrawn
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.desk import AmendRule
from shortdesk.market.entry import BoundFrom, stir
from shortdesk.market.tables import Shelf, account_at, hand_of, leg_at
from shortdesk.market.world import Capacity, World


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_price_goes_first_then_time(bench: Bench) -> None:
    bench.place(1, "sell", 101, 5)
    bench.place(2, "sell", 100, 5)
    bench.place(3, "sell", 100, 5)
    assert fills(bench.place(4, "buy", 101, 12)) == [(2, 100, 5), (3, 100, 5), (1, 101, 2)]
    assert bench.asks == [(101, 3)]
    assert bench.bids == []


def test_prices_a_thousand_times_apart_stand_in_one_book(bench: Bench) -> None:
    for order, price in enumerate((1_000_000, 1_000, 1_000_000_000, 999_999, 64, 63), 1):
        bench.place(order, "sell", price, 1)
    assert [price for price, _ in bench.asks] == [63, 64, 1_000, 999_999, 1_000_000, 1_000_000_000]
    assert fills(bench.place(9, "buy", 1 << 41, 6)) == [
        (6, 63, 1), (5, 64, 1), (2, 1_000, 1), (4, 999_999, 1), (1, 1_000_000, 1), (3, 1_000_000_000, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "lots", "traded", "left_on_book"),
    [({}, 12, 10, [(100, 2)]), (IOC, 12, 10, []), (FOK, 10, 10, []), (FOK, 11, 0, [])],
)
def test_time_in_force(bench: Bench, kind: dict[str, int], lots: int, traded: int, left_on_book: list[int]) -> None:
    bench.place(1, "sell", 100, 4)
    bench.place(2, "sell", 99, 6)
    got = fills(bench.place(3, "buy", 100, lots, **kind))
    assert sum(row[2] for row in got) == traded
    assert bench.bids == left_on_book
    assert (bench.refusal() == Refusal.CANNOT_FILL) == (traded == 0)


def test_post_only_is_refused_or_slides(bench: Bench) -> None:
    bench.place(1, "sell", 100, 5)
    bench.place(2, "buy", 100, 5, **POST)
    assert bench.refusal() == Refusal.WOULD_TAKE
    bench.place(3, "buy", 105, 5, **SLIDE)
    assert bench.bids == [(99, 5)]


@pytest.mark.parametrize(
    ("bound_from", "bound_ppm", "traded"),
    [(BoundFrom.NOTHING, 0, 9), (BoundFrom.MARK, 10_000, 6), (BoundFrom.TOUCH, 0, 3), (BoundFrom.LAST, 0, 0)],
)
def test_market_order_under_price_protection(bench: Bench, bound_from: int, bound_ppm: int, traded: int) -> None:
    for order, price in enumerate((1_000, 1_010, 1_011), 1):
        bench.place(order, "sell", price, 3)
    bench.instrument.bound_from, bench.instrument.bound_ppm = bound_from, bound_ppm
    bench.instrument.mark_ticks = 1_000
    rows = bench.place(9, "buy", 0, 9, **MARKET)
    assert sum(row[2] for row in fills(rows)) == traded
    assert bench.bids == []
    assert (bench.refusal() == Refusal.NO_REFERENCE_PRICE) == (traded == 0)
    if 0 < traded < 9:
        assert rows[-1][0] == "CANCELLED"
        assert rows[-1][4] == Withdrawn.UNFILLED


def test_fill_or_kill_does_not_count_what_hides_behind_the_own_order_that_ends_it(bench: Bench) -> None:
    bench.place(1, "sell", 100, 10, account=2, peak_lots=4)
    bench.place(2, "sell", 100, 5)
    mode = prevents(SelfTrade.CANCEL_TAKER)
    bench.place(3, "buy", 100, 5, **FOK, **mode)  # 4 show; the other 6 come up behind the own 5
    assert bench.refusal() == Refusal.CANNOT_FILL
    assert fills(bench.place(4, "buy", 100, 4, **FOK, **mode)) == [(1, 100, 4)]


def test_iceberg_shows_its_peak_and_queues_again(bench: Bench) -> None:
    bench.place(1, "sell", 100, 10, peak_lots=4)
    bench.place(2, "sell", 100, 5)
    assert bench.asks == [(100, 9)]
    assert fills(bench.place(3, "buy", 100, 6)) == [(1, 100, 4), (2, 100, 2)]
    assert bench.asks == [(100, 7)]  # three of order 2, then the next four of order 1
    assert fills(bench.place(4, "buy", 100, 9)) == [(2, 100, 3), (1, 100, 4), (1, 100, 2)]
    assert bench.asks == []


@pytest.mark.parametrize(
    ("mode", "traded", "bids", "asks"),
    [
        (SelfTrade.ALLOW, [(1, 100, 5), (2, 100, 3)], [], [(100, 2)]),
        (SelfTrade.CANCEL_TAKER, [], [], [(100, 10)]),
        (SelfTrade.CANCEL_MAKER, [(2, 100, 5)], [(100, 3)], []),
        (SelfTrade.CANCEL_BOTH, [], [], [(100, 5)]),
        (SelfTrade.DECREMENT, [(2, 100, 3)], [], [(100, 2)]),
    ],
)
def test_self_trade_prevention(
    bench: Bench, mode: SelfTrade, traded: list[int], bids: list[int], asks: list[int]
) -> None:
    bench.place(1, "sell", 100, 5)
    bench.place(2, "sell", 100, 5, account=2)
    assert fills(bench.place(3, "buy", 100, 8, **prevents(mode))) == traded
    assert bench.bids == bids
    assert bench.asks == asks


def hold(bench: Bench, account: int, lots: int) -> None:
    """Give an account a position on the bare book, where fills move none."""
    bench.place(900 + account, "buy", 1, 1, account=account)
    bench.send(CommandKind.CANCEL, client_id=900 + account, account=account)
    legs = bench.world.table(Shelf.LEGS)
    at = next(i for i in range(1, bench.world.used_rows(Shelf.LEGS)) if legs[i].account == account)
    leg_at(bench.world.block, at).lots = lots


def test_reduce_only_is_measured_at_the_fill(bench: Bench) -> None:
    bench.place(1, "sell", 100, 5, account=2, **REDUCE)
    assert bench.refusal() == Refusal.NOTHING_TO_REDUCE
    hold(bench, 2, 8)
    bench.place(2, "sell", 100, 9, account=2, **REDUCE)
    assert bench.asks == [(100, 8)]
    hold(bench, 2, 3)
    rows = bench.place(3, "buy", 100, 4)
    assert fills(rows) == [(2, 100, 3), (2, 100, 1)]  # bare: the fill itself changes no position
    hold(bench, 2, 0)
    rows = bench.place(4, "buy", 100, 4)
    assert fills(rows) == []
    assert rows[1][0] == "CANCELLED"
    assert rows[1][4] == Withdrawn.NOTHING_TO_REDUCE
    assert bench.bids == [(100, 4)]


@pytest.mark.parametrize(
    ("rule", "price", "lots", "first"),
    [
        (AmendRule.KEEPS_WHEN_SMALLER, 0, 3, 1),
        (AmendRule.KEEPS_WHEN_SMALLER, 0, 7, 2),
        (AmendRule.KEEPS_WHEN_SMALLER, 101, 5, 2),
        (AmendRule.ALWAYS_LAST, 0, 3, 2),
    ],
)
def test_amend_by_the_rule_of_priority(bench: Bench, rule: int, price: int, lots: int, first: int) -> None:
    bench.instrument.amend_rule = rule
    bench.place(1, "sell", 100, 5)
    bench.place(2, "sell", 100, 5)
    bench.send(CommandKind.AMEND, client_id=1, price_ticks=price, lots=lots)
    assert bench.refusal() == Refusal.NONE
    assert sum(shown for _, shown in bench.asks) == 5 + lots
    assert fills(bench.place(3, "buy", 101, 1))[0][0] == first


def test_amended_into_the_other_side_it_trades(bench: Bench) -> None:
    bench.place(1, "buy", 90, 5)
    bench.place(2, "sell", 100, 3)
    assert fills(bench.send(CommandKind.AMEND, client_id=1, price_ticks=100)) == [(2, 100, 3)]
    assert bench.bids == [(100, 2)]


@pytest.mark.parametrize(
    ("kind", "side", "trigger", "quiet", "fires"),
    [
        (OrderKind.STOP_MARKET, "buy", 110, 109, 110),
        (OrderKind.STOP_MARKET, "sell", 90, 91, 90),
        (OrderKind.PROFIT_MARKET, "buy", 90, 91, 89),
        (OrderKind.PROFIT_MARKET, "sell", 110, 109, 111),
        (OrderKind.STOP_LIMIT, "buy", 110, 109, 111),
    ],
)
def test_parked_orders_fire_on_the_mark(
    bench: Bench, kind: OrderKind, side: str, trigger: int, quiet: int, fires: int
) -> None:
    bench.place(1, "sell", 120, 1)
    bench.place(2, "buy", 80, 1)
    bench.instrument.mark_ticks = 100
    bench.place(3, side, 120, 1, account=2, order_kind=kind, trigger_ticks=trigger)
    assert bench.refusal() == Refusal.NONE
    for mark, expected in ((quiet, 0), (fires, 1)):
        bench.instrument.mark_ticks = mark
        stir(bench.world.block, 1)
        rows = bench.send(CommandKind.CANCEL, client_id=77)
        assert len(fills(rows)) == expected


def test_stops_on_last_set_each_other_off(bench: Bench) -> None:
    for order, price in enumerate((100, 101, 102, 103), 1):
        bench.place(order, "sell", price, 1)
    on_last = {"order_kind": OrderKind.STOP_MARKET, "traits": OrderFlag.ON_LAST, "account": 2}
    bench.instrument.last_ticks = 99
    bench.place(11, "buy", 0, 1, trigger_ticks=100, **on_last)
    bench.place(12, "buy", 0, 1, trigger_ticks=101, **on_last)
    bench.place(13, "buy", 0, 1, trigger_ticks=102, **on_last)
    rows = bench.place(20, "buy", 100, 1, account=3)
    assert [row[1] for row in rows if row[0] == "TRIGGERED"] == [11, 12, 13]
    assert [row[1] for row in fills(rows)] == [100, 101, 102, 103]


def test_a_stop_that_would_fire_at_once_is_refused(bench: Bench) -> None:
    stop = {"order_kind": OrderKind.STOP_MARKET, "trigger_ticks": 100}
    bench.place(1, "buy", 0, 1, **stop)
    assert bench.refusal() == Refusal.NO_REFERENCE_PRICE
    bench.instrument.mark_ticks = 100
    bench.place(1, "buy", 0, 1, **stop)
    assert bench.refusal() == Refusal.WOULD_TRIGGER_AT_ONCE


def test_a_stop_that_is_amended_waits_on_with_its_new_terms(bench: Bench) -> None:
    """At one trigger the one that waited longest fires first: a new size keeps the place, a new trigger does not."""
    bench.place(1, "sell", 120, 30)
    bench.instrument.mark_ticks = 100
    stop = {"order_kind": OrderKind.STOP_LIMIT, "trigger_ticks": 110, "account": 2}
    for order in (11, 12, 13):
        bench.place(order, "buy", 120, 5, **stop)
    amend = {"account": 2}
    rows = bench.send(CommandKind.AMEND, client_id=11, lots=7, **amend)
    assert [row[:4] for row in rows] == [("AMENDED", 11, 120, 7)]
    bench.send(CommandKind.AMEND, client_id=12, trigger_ticks=105, **amend)
    bench.send(CommandKind.AMEND, client_id=12, trigger_ticks=110, price_ticks=121, **amend)
    bench.instrument.mark_ticks = 110
    stir(bench.world.block, 1)
    rows = bench.send(CommandKind.CANCEL, client_id=77)
    assert [row[1] for row in rows if row[0] == "TRIGGERED"] == [11, 13, 12]
    assert [row[2] for row in fills(rows)] == [7, 5, 5]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"trigger_ticks": 100}, Refusal.WOULD_TRIGGER_AT_ONCE),
        ({"trigger_ticks": -1}, Refusal.BAD_TRIGGER),
        ({"trigger_ticks": 1 << 60}, Refusal.BAD_TRIGGER),
        ({"price_ticks": 120}, Refusal.BAD_PRICE),
        ({"lots": -1}, Refusal.BAD_SIZE),
    ],
)
def test_a_stop_is_not_amended_into_what_could_not_be_placed(
    bench: Bench, fields: dict[str, int], why: Refusal
) -> None:
    """One at the market has no limit to be changed."""
    bench.instrument.mark_ticks = 100
    bench.place(11, "buy", 0, 5, order_kind=OrderKind.STOP_MARKET, trigger_ticks=110)
    bench.send(CommandKind.AMEND, client_id=11, **fields)
    assert bench.refusal() == why


def test_cancel_all_and_nothing_else(bench: Bench) -> None:
    bench.instrument.mark_ticks = 50
    bench.place(1, "sell", 100, 5)
    bench.place(2, "buy", 90, 5)
    bench.place(3, "buy", 0, 5, order_kind=OrderKind.STOP_MARKET, trigger_ticks=200)
    bench.place(1, "sell", 101, 5, account=2)
    rows = bench.send(CommandKind.CANCEL_ALL)
    assert sorted(row[1] for row in rows) == [1, 2, 3]
    assert bench.asks == [(101, 5)]


def test_the_link_goes_down(bench: Bench) -> None:
    account_at(bench.world.block, 1).cancels_on_disconnect = 1
    bench.place(1, "sell", 100, 5)
    bench.place(2, "sell", 100, 5, account=2)
    for account in (1, 2):
        bench.send(CommandKind.CONNECTION, account=account, lots=0)
    assert bench.asks == [(100, 5)]


BAD = {
    Refusal.UNKNOWN_ACCOUNT: {"account": 9},
    Refusal.UNKNOWN_INSTRUMENT: {"instrument": 5},
    Refusal.UNKNOWN_COMMAND: {"kind": 200},
    Refusal.BAD_SIDE: {"side": 2},
    Refusal.BAD_KIND: {"order_kind": 6},
    Refusal.BAD_FLAGS: {"traits": 16},
    Refusal.BAD_SIZE: {"lots": 0},
    Refusal.SIZE_TOO_LARGE: {"lots": (1 << 40) + 1},
    Refusal.BAD_PRICE: {"price_ticks": -1},
    Refusal.BAD_TRIGGER: {"order_kind": OrderKind.STOP_MARKET},
    Refusal.BAD_PEAK: {"peak_lots": -1},
    Refusal.BAD_CLIENT_ID: {"client_id": -1},
    Refusal.REPEATED_CLIENT_ID: {"client_id": 1},
    Refusal.UNKNOWN_ORDER: {"kind": CommandKind.CANCEL, "client_id": 5},
    Refusal.WOULD_TAKE: {"traits": OrderFlag.POST_ONLY, "side": 0},
    Refusal.NO_REFERENCE_PRICE: {"order_kind": OrderKind.STOP_MARKET, "trigger_ticks": 5},
}


@pytest.mark.parametrize("refusal", BAD, ids=lambda refusal: refusal.name)
def test_what_is_refused_changes_nothing(bench: Bench, refusal: Refusal) -> None:
    bench.place(1, "sell", 100, 5)
    before = bench.world.digest()
    rows = new_commands(1)
    words = {"account": 1, "instrument": 1, "client_id": 2, "side": 1, "price_ticks": 100, "lots": 1}
    for name, value in (words | BAD[refusal]).items():
        rows[name] = value
    bench.world.obey(rows)
    assert bench.refusal() == refusal
    assert bench.world.digest() == before


def test_a_full_table_stops_and_a_grown_one_goes_on() -> None:
    rows = new_commands(300)
    rows["account"] = rows["instrument"] = rows["lots"] = 1
    rows["client_id"] = np.arange(300)
    rows["side"] = np.arange(300) % 2
    rows["price_ticks"] = np.where(
        rows["side"] == 0, 10_000 - 70 * np.arange(300) % 9_000, 20_000 + 7 * rows["client_id"]
    )
    tight, wide = Bench(Capacity(orders=10, pages=3, nodes=13, journal_rows=60)), Bench()
    with pytest.raises(UsageError, match="full; give the World more room"):
        Bench(Capacity(orders=10)).world.obey(rows, grows=False)
    a, b = tight.world.obey(rows), wide.world.obey(rows)
    assert np.array_equal(a, b)
    assert tight.world.digest() == wide.world.digest()


def test_where_the_journal_was_full_is_no_part_of_the_market() -> None:
    rows = new_commands(81)
    rows["account"] = rows["instrument"] = rows["lots"] = 1
    rows["client_id"] = np.arange(81)
    rows["side"], rows["price_ticks"] = 1, 100
    rows["side"][80], rows["lots"][80] = 0, 80
    tight, wide = Bench(Capacity(journal_rows=60)), Bench()
    a, b = tight.world.obey(rows), wide.world.obey(rows)
    assert np.array_equal(a, b)
    assert hand_of(tight.world.block).client_id == 80, "it was in hand in between"
    assert tight.world.digest() == wide.world.digest()


def test_saved_and_restored_to_the_same_hash(bench: Bench, tmp_path: Path) -> None:
    bench.place(1, "sell", 100, 5)
    bench.place(2, "buy", 90, 5)
    bench.send(CommandKind.CANCEL, client_id=1)
    path = tmp_path / "world"
    bench.world.save(path)
    again = World.load(path)
    assert again.digest() == bench.world.digest() == bench.world.clone().digest()
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match="ends early or is damaged"):
        World.load(path)
    path.write_text("hello")
    with pytest.raises(InputError, match="not a saved World"):
        World.load(path)


def test_small_rows() -> None:
    assert SMALL.rows(Shelf.ORDER_BUCKETS) == 512
    with pytest.raises(UsageError, match="capacity of orders is 0"):
        World(Capacity(orders=0))
