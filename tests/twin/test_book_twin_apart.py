"""The compiled market against the exact twin where lists of their own are needed, and the World as a whole.

Reducing orders are tried on a bare book, in which positions stand still: there a fill-or-kill order cannot be told
by the positions it would move, so it is left to the lists that have no reducing orders. Cancelling everything and
outages of a venue are told in different lists.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from tests.conftest import Depth
from tests.twin.command import Command
from tests.twin.compare import told
from tests.twin.random_commands import Taste
from tests.twin.runs import agree, commands_of, pair_of, part

import shortdesk.market.world as world_module
from shortdesk.ground.compile import interpreted
from shortdesk.market.advance import obey_all
from shortdesk.market.tables import Shelf
from shortdesk.market.world import World

REDUCING = Taste(reduce_only=250, fill_or_kill=0)
OUTAGES = Taste(outages=20, cancel_all=0)
QUIET = Taste(icebergs=0, parked=0, slides=0, post_only=0, prevents=0, bad=0, amend=0, fill_or_kill=0)
CROWDED = Taste(amend=300, icebergs=400, parked=400, prevents=900, bad=0)
LISTS = 2


@pytest.mark.parametrize("seed", range(LISTS))
@pytest.mark.parametrize("taste", [REDUCING, OUTAGES, QUIET, CROWDED], ids=["reducing", "outages", "quiet", "crowded"])
def test_lists_of_their_own(seed: int, taste: Taste, depth: Depth) -> None:
    agree(1_000 + seed, part(depth, 11) // LISTS, taste)


def test_reducing_and_outages_reach_their_refusals() -> None:
    assert agree(1_100, 1_500, REDUCING)["NOTHING_TO_REDUCE"] > 20
    assert agree(1_101, 1_500, OUTAGES)["VENUE_DOWN"] > 20


def halves(seed: int, count: int) -> tuple[World, list[Command]]:
    """A World in the middle of a list, and the rest of the list."""
    commands = commands_of(seed, count, Taste())
    world = pair_of(seed, Taste()).world
    told(world, commands[: count // 2])
    return world, commands[count // 2 :]


@pytest.mark.parametrize("seed", range(2_000, 2_004))
def test_a_copy_goes_on_as_the_original_would(seed: int, tmp_path: Path) -> None:
    """Cloned, saved and restored, or grown in any table: the same hash, the same rows, the same hash again."""
    world, rest = halves(seed, 400 if interpreted() else 3_000)
    world.save(tmp_path / "world")
    copies = {"clone": world.clone(), "restored": World.load(tmp_path / "world")}
    for shelf in (Shelf.ORDERS, Shelf.PAGES, Shelf.NODES, Shelf.LEGS):
        copies[shelf.name] = world.grown(world.capacity.with_more(shelf))
    copies["JOURNAL"] = world.grown(dataclasses.replace(world.capacity, journal_rows=5_000))
    before = world.digest()
    assert {name: copy.digest() for name, copy in copies.items()} == dict.fromkeys(copies, before)
    rows = told(world, rest)
    assert world.digest() != before
    for name, copy in copies.items():
        assert told(copy, rest) == rows, name
        assert copy.digest() == world.digest(), name


@pytest.mark.parametrize("seed", range(3_000, 3_004))
def test_all_commands_in_one_call_or_each_in_its_own(seed: int) -> None:
    commands = commands_of(seed, 300 if interpreted() else 3_000, Taste())
    together, apart = pair_of(seed, Taste()).world, pair_of(seed, Taste()).world
    rows = told(together, commands)
    assert rows == [row for command in commands for row in told(apart, [command])]
    assert together.digest() == apart.digest()


@pytest.mark.compiled
@pytest.mark.parametrize("seed", range(4_000, 4_002))
def test_the_plain_text_of_the_market_does_the_same(seed: int, depth: Depth, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rules as Python runs them, on unbounded integers, write the same rows and leave the same hash."""
    commands = commands_of(seed, depth.pick(quick=250, check=1_000, deep=20_000), Taste())
    compiled, plain = pair_of(seed, Taste()).world, pair_of(seed, Taste()).world
    rows = told(compiled, commands)
    monkeypatch.setattr(world_module, "obey_all", obey_all.py_func)
    assert told(plain, commands) == rows
    assert plain.digest() == compiled.digest()
