"""Group ``accounts``: the market with money: margin before each order, positions and cash of both sides.

The reference is the same plain-Python price-time book as in ``matching``, which knows no accounts at all. Every order
of a shared stream is given to one of many accounts by a hash of its number; all can afford it, so fills, lots and
turnover must be those of the bare book. A mark is compared with asking everybody.
"""

from __future__ import annotations

import sys
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from harness import Section, cpu_seconds
from matching import STREAMS, _by_reference, _module, commands_of
from numpy.typing import NDArray

from shortdesk.ground.instrument import Form
from shortdesk.ground.venue import find_venue
from shortdesk.margin.contract import Scale, build_contract
from shortdesk.market.advance import obey_all
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.entry import Halt
from shortdesk.market.note import Detail
from shortdesk.market.open_market import open_account, open_asset, open_instrument, open_venue
from shortdesk.market.tables import ACCOUNT, BALANCE, LEG, ORDER, Shelf, clock_of, instrument_at, shelf_at, venue_at
from shortdesk.market.world import Capacity, World

DESCRIPTION = "the market with accounts: margin, positions, cash, marks"

FLOORS = {100_000: 6.0, 1_000_000: 3.7}
RICH_UNITS = 10**12


def main() -> None:
    """Print the tables."""
    from rich.console import Console

    for section in measure("--quick" in sys.argv):
        section.show(Console())


def measure(quick: bool) -> list[Section]:
    """All tables of the group.

    Raises:
        Missing: the folder with the streams does not lie beside the project.
    """
    workloads, peer = _module("workloads"), _module("bench_matching")
    sizes = (1_000, 100_000) if quick else (1_000, 100_000, 1_000_000)
    return [_streams(workloads, peer, 100_000 if quick else 1_000_000, sizes), _marks(sizes), _memory()]


def opened(
    accounts: int, mark_ticks: int, *, isolated: bool, asks_everybody: bool = False, orders: int = 200_000
) -> World:
    """A venue with one linear perpetual on Binance's BTC tiers and many accounts with money."""
    room = Capacity(
        accounts=accounts + 10, legs=accounts + 10, balances=2 * accounts + 20, orders=orders, pages=60_000,
        nodes=60_000, journal_rows=1_000_000,
    )  # fmt: skip
    world = World(room)
    asset = open_asset(world, 6)
    venue = open_venue(world)
    venue_at(world.block, venue).asks_everybody = asks_everybody
    product = find_venue("binance_usdm").product[0]
    contract = build_contract(
        product,
        "BTCUSDT",
        "cross",
        date(2024, 1, 1),
        scale=Scale(Fraction(1, 10), Fraction(1, 1000), Fraction(1, 10**6)),
    )
    open_instrument(
        world, venue, form=Form.LINEAR, settle_asset=asset, contract=contract, taker_rate=500_000, maker_rate=200_000,
        highest_ticks=1 << 40,
    )  # fmt: skip
    first = open_account(world, venue, leverage_x100=500, is_isolated=isolated)
    rows = world.table(Shelf.ACCOUNTS)
    rows[first + 1 : first + accounts] = rows[first]
    place = shelf_at(world.block, Shelf.ACCOUNTS)
    place.used = place.live = first + accounts - 1
    clock_of(world.block).detail = Detail.MONEY
    money = new_commands(accounts)
    money["kind"], money["instrument"], money["lots"] = CommandKind.DEPOSIT, asset, RICH_UNITS
    money["account"] = np.arange(first, first + accounts)
    run(world, money)
    mark = new_commands(1)
    mark["kind"], mark["instrument"], mark["price_ticks"] = CommandKind.MARK, 1, mark_ticks
    run(world, mark)
    return world


def run(world: World, commands: NDArray[Any]) -> None:
    """Obey all commands; the journal's buffer is emptied when it is full, as a writer would."""
    at = 0
    while True:
        at = int(obey_all(world.block, commands, at))
        clock = clock_of(world.block)
        clock.journal_count = 0
        if clock.halt == Halt.DONE:
            return
        if clock.halt == Halt.TABLE_FULL:
            raise AssertionError(f"{Shelf(int(clock.full_table)).name} is full")


def _owned(commands: NDArray[Any], accounts: int, first: int) -> NDArray[Any]:
    rows = commands.copy()
    ids = commands["client_id"].astype(np.uint64)
    rows["account"] = first + (ids * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(33)) % np.uint64(accounts)
    return rows


def _streams(workloads: Any, peer: Any, count: int, sizes: tuple[int, ...]) -> Section:
    section = Section(
        f"With accounts, {count:,} messages",
        ("stream", "accounts", "plain Python book M/s", "ours M/s", "ratio"),
    )
    for name in STREAMS:
        stream = workloads.stream(name, count)
        columns = [stream[key].tolist() for key in ("kind", "oid", "side", "price", "qty")]
        messages = list(zip(*columns, strict=True))
        reference = cpu_seconds(lambda rows=messages: _by_reference(peer, rows))
        expected = _by_reference(peer, messages)
        for accounts in sizes:
            base = opened(accounts, int(np.median(stream["price"])), isolated=False)
            commands = _owned(commands_of(stream), accounts, 6)
            worlds = iter([base.clone() for _ in range(3)])
            last: list[World] = []

            def work(waiting: Any = worlds, rows: Any = commands, kept: list[World] = last) -> None:
                kept[:] = [next(waiting)]
                run(kept[0], rows)

            taken = cpu_seconds(work, 2)
            left = instrument_at(last[0].block, 1)
            found = (int(left.fills), int(left.traded_lots), int(left.turnover_tick_lots))
            if found != expected:
                raise AssertionError(f"{name}: ours leaves {found}, the reference {expected}")
            section.rows.append(
                (name, f"{accounts:,}", f"{count / reference / 1e6:.2f}", f"{count / taken / 1e6:.2f}",
                 f"{reference / taken:.1f}")
            )  # fmt: skip
    section.notes.append("floor 6 times the plain-Python book at 100,000 accounts, 3.7 times at 1,000,000")
    section.notes.append("the plain-Python book has no accounts; ours writes every money row to the journal's buffer")
    return section


def _marks(sizes: tuple[int, ...]) -> Section:
    section = Section("A mark that kills nobody", ("isolated positions", "us a mark", "us asking everybody", "ratio"))
    for accounts in sizes:
        taken = {}
        for everybody in (False, True):
            world = opened(accounts, 600_000, isolated=True, asks_everybody=everybody, orders=1_000)
            trade = new_commands(accounts)
            trade["account"] = np.arange(6, 6 + accounts)
            trade["instrument"], trade["client_id"], trade["lots"], trade["price_ticks"] = 1, 1, 10, 600_000
            trade["side"] = np.arange(accounts) & 1
            run(world, trade)
            marks = new_commands(20 if everybody else 2_000)
            marks["kind"], marks["instrument"] = CommandKind.MARK, 1
            marks["price_ticks"] = 600_000 + np.arange(len(marks)) % 7
            run(world, marks[:2])
            taken[everybody] = cpu_seconds(lambda w=world, m=marks: run(w, m), 3) / len(marks) * 1e6
        ratio = taken[False] / taken[True]
        section.rows.append((f"{accounts:,}", f"{taken[False]:.3f}", f"{taken[True]:.1f}", f"{ratio:.1e}"))
    section.notes.append("floor: at 1,000,000 positions at most 1e-03 of asking everybody")
    return section


def _memory() -> Section:
    section = Section("Memory", ("row", "bytes"))
    hot = ("account", ACCOUNT), ("leg, with its position and trigger", LEG), ("balance", BALANCE), ("order", ORDER)
    for name, dtype in hot:
        section.rows.append((name, str(dtype.itemsize)))
    section.notes.append("goals: an order at most 64 bytes, an account's hot state (its leg) at most 128")
    return section


if __name__ == "__main__":
    main()
