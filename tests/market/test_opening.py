"""Positions at the opening: they need another side, take their margin from the deposit, and are written down."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.market.markets import Floor

from shortdesk.ground.errors import UsageError
from shortdesk.market.opening import new_openings, open_positions


def table(floor: Floor, *rows: tuple[str, int, int, int, int]) -> Any:
    """Rows of name, deposit in dollars, lots, entry, margin in dollars."""
    found = new_openings(len(rows))
    for one, (name, dollars, lots, entry, margin) in zip(found, rows, strict=True):
        one["account"], one["asset"], one["instrument"] = floor.names[name], floor.asset, floor.perp
        one["units"], one["lots"], one["ticks"], one["margin_units"] = 100 * dollars, lots, entry, 100 * margin
    return found


def floor_of_two() -> Floor:
    floor = Floor()
    floor.open("Ann", 0, isolated=True)
    floor.open("Bob", 0)
    return floor


def test_two_sides_at_one_entry() -> None:
    floor = floor_of_two()
    rows = open_positions(floor.world, table(floor, ("Ann", 500, -3, 900, 400), ("Bob", 9_000, 3, 900, 0)))
    told = [floor.told(row) for row in rows]
    assert [one for one in told if one[0] == "OPENING"] == [
        ("OPENING", "Ann", -3, 900, 0),
        ("OPENING", "Bob", 3, 900, 0),
    ]
    assert (floor.held("Ann"), floor.held("Bob")) == (-3, 3)
    assert (floor.wallet("Ann"), floor.wallet("Bob")) == (100, 9_000)
    floor.check()
    floor.mark(980)  # what Ann has left is 400 - 3 · 80 = 160 against 5 % of 2,940
    assert floor.held("Ann") == -3
    floor.mark(985)
    assert floor.held("Ann") == 0
    assert floor.wallet("Ann") == 100


@pytest.mark.parametrize(
    "rows",
    [
        [("Ann", 500, -3, 900, 400)],
        [("Ann", 500, -3, 900, 400), ("Bob", 9_000, 2, 900, 0)],
        [("Ann", 500, -3, 900, 400), ("Bob", 9_000, 3, 901, 0)],
    ],
)
def test_one_side_alone_is_refused_and_nothing_happens(rows: list[tuple[str, int, int, int, int]]) -> None:
    floor = floor_of_two()
    before = floor.world.digest()
    with pytest.raises(UsageError, match="longs and shorts of the same size and entry"):
        open_positions(floor.world, table(floor, *rows))
    assert floor.world.digest() == before


def test_tables_grow_on_the_way() -> None:
    floor = Floor()
    rows = []
    for at in range(200):
        floor.open(f"{at}", 0)
        rows.append((f"{at}", 1_000, 1 if at % 2 else -1, 1_000, 0))
    open_positions(floor.world, table(floor, *rows))
    assert sum(floor.held(f"{at}") for at in range(200)) == 0
    assert np.count_nonzero([floor.held(f"{at}") for at in range(200)]) == 200
    floor.check()
