"""Snapshot, restore, replay: a World from a file goes on exactly as the one that was saved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.market.crowds import crowd, crowd_commands
from tests.market.markets import ROOM

from shortdesk.ground.kinds import Kind
from shortdesk.ground.row_hash import hash_rows
from shortdesk.market.open_wire import open_link, set_feed, set_link
from shortdesk.market.world import World

COUNT = 250


def test_the_crowd_does_everything() -> None:
    """What follows proves little on a quiet market: here orders trade, are refused, and traders go broke."""
    floor, traders = crowd()
    rows = floor.world.obey(crowd_commands(1, COUNT, floor, traders))
    happened = {Kind(int(kind)) for kind in rows["kind"]}
    assert {Kind.RESTED, Kind.FILL, Kind.CANCELLED, Kind.REFUSED, Kind.MARK, Kind.DEPOSIT} <= happened
    assert {Kind.WITHDRAWAL, Kind.FEE, Kind.LIQUIDATION_START, Kind.LIQUIDATION_END, Kind.INSURANCE_OUT} <= happened
    floor.check()


@pytest.mark.parametrize("seed", range(4))
def test_a_restored_world_goes_on_to_the_same_hash(seed: int, tmp_path: Path) -> None:
    floor, traders = crowd()
    commands = crowd_commands(seed, COUNT, floor, traders)
    floor.world.save(tmp_path / "start")
    np.save(tmp_path / "commands.npy", commands)

    cut = 100 + 17 * seed
    before = floor.world.obey(commands[:cut])
    floor.world.save(tmp_path / "middle")
    after = floor.world.obey(commands[cut:])
    digest, journal = floor.world.digest(), hash_rows(after, hash_rows(before))

    middle = World.load(tmp_path / "middle")
    assert np.array_equal(middle.obey(commands[cut:]), after)
    assert middle.digest() == digest

    recorded: Any = np.load(tmp_path / "commands.npy").view(commands.dtype)
    again = World.load(tmp_path / "start")
    assert hash_rows(again.obey(recorded)) == journal
    assert again.digest() == digest


def test_how_the_commands_are_cut_does_not_matter() -> None:
    floor, traders = crowd()
    commands = crowd_commands(9, COUNT, floor, traders)
    single = floor.world.clone()
    whole = floor.world.obey(commands)
    one_by_one = np.concatenate([single.obey(commands[at : at + 1]) for at in range(COUNT)])
    assert np.array_equal(whole, one_by_one)
    assert single.digest() == floor.world.digest()


def test_another_command_gives_another_hash() -> None:
    floor, traders = crowd()
    commands = crowd_commands(9, COUNT, floor, traders)
    other = floor.world.clone()
    floor.world.obey(commands)
    other.obey(commands[:-1])
    missing = commands[-1:].copy()
    missing["time_ns"] += 1
    other.obey(missing)
    assert other.digest() != floor.world.digest()


@pytest.mark.parametrize("seed", range(3))
def test_a_snapshot_with_messages_under_way(seed: int, tmp_path: Path) -> None:
    floor, traders = crowd(ROOM)
    for at, trader in enumerate(traders):
        link = open_link(floor.world, seed=seed, agent=at, base_ns=10**8, jitter_ns=10**10)
        set_link(floor.world, trader, link)
    set_feed(floor.world, floor.perp, open_link(floor.world, seed=seed, agent=99, base_ns=3 * 10**9))
    world = floor.world
    world.send(crowd_commands(seed, COUNT, floor, traders))
    first = world.advance(30 * 10**9)
    world.save(tmp_path / "middle")
    second = world.advance(10**12)
    assert len(first) > 0
    assert len(second) > 0

    restored = World.load(tmp_path / "middle")
    assert np.array_equal(restored.advance(10**12), second)
    assert restored.digest() == world.digest()
