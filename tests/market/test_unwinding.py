"""What a purse took over goes back into the book at the venue's pace; dollars and coins worked out by hand."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import pytest
from tests.market.markets import ROOM, Floor, only
from tests.market.test_liquidation import IOC, squeezed

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import Cover
from shortdesk.market.tables import Shelf, shelf_at

PACED = IOC._replace(unwind_ms=1_000, unwind_ppm=500_000)


def taken_over(terms: Any = PACED, **more: Any) -> Floor:
    """Nobody sells, so at 1,046 the fund takes all ten coins at 1,100, where Ann's margin is gone."""
    floor = squeezed(terms, **more)
    floor.mark(1_046)
    return floor


def fills(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row[1:4] for row in only(rows, "FILL")]


def cases(floor: Floor) -> int:
    return int(shelf_at(floor.world.block, Shelf.CASES).live)


def test_half_of_what_is_left_every_second() -> None:
    """Five, three, one, one; each fill at 1,050 earns the fund 50 dollars a coin, and is said to be a liquidation's."""
    floor = taken_over(fund=100)
    assert (floor.held("insurance"), floor.wallet("insurance")) == (-10, Decimal(100))
    assert fills(floor.wait(1)) == []  # nobody sells yet; the next try is a second later
    floor.order("mia", -20, 1_050)
    told = [fills(floor.wait(1)) for _ in range(5)]
    assert told == [[("insurance", lots, 1_050)] for lots in (5, 3, 1, 1)] + [[]]
    assert (floor.held("insurance"), floor.wallet("insurance"), cases(floor)) == (0, Decimal(600), 0)


def test_its_fills_lead_back_to_the_takeover() -> None:
    floor = taken_over(fund=100)
    floor.order("mia", -20, 1_050)
    floor.wait(1)
    rows = {row[0]: row for row in floor.rows}
    fill = [row for row in floor.rows if Kind(row[13]) == Kind.FILL][-1]
    assert fill[14] == Mechanism.LIQUIDATION
    assert [Kind(rows[fill[2]][13]), Kind(rows[rows[fill[2]][2]][13])] == [Kind.ACCEPTED, Kind.TAKEOVER]


def test_without_a_pace_the_fund_holds_it() -> None:
    floor = taken_over(IOC, fund=100)
    floor.order("mia", -20, 1_050)
    assert floor.wait(3_600) == []
    assert (floor.held("insurance"), cases(floor)) == (-10, 0)


def test_what_a_fund_loses_beyond_its_units_is_booked_on_the_deficit_account() -> None:
    """It sold at 1,100 and buys ten coins at 1,150: 500 dollars, of which it has 100."""
    floor = taken_over(PACED._replace(unwind_ppm=1_000_000), fund=100)
    floor.order("mia", -20, 1_150)
    floor.wait(1)
    rows = floor.wait(1)
    assert only(rows, "DEFICIT") == [("DEFICIT", "insurance", 0, -1, Decimal(400))]
    assert (floor.wallet("insurance"), floor.wallet("deficit")) == (Decimal(0), Decimal(-400))


def test_the_deficit_account_closes_what_it_took_as_well() -> None:
    """It takes ten coins at the mark of 1,046 and buys them back at 1,050; its minus stays where it is."""
    floor = taken_over(PACED._replace(cover=(Cover.DEFICIT,), unwind_ppm=1_000_000))
    floor.order("mia", -20, 1_050)
    floor.wait(1)
    assert floor.held("deficit") == 0
    assert only(floor.wait(1), "DEFICIT") == []
    assert (floor.wallet("deficit"), cases(floor)) == (Decimal(-40), 0)


def test_a_halted_instrument_is_left_alone() -> None:
    floor = taken_over(fund=100)
    floor.order("mia", -20, 1_050)
    floor.send(CommandKind.HALT, lots=1)
    assert fills(floor.wait(5)) == []
    floor.send(CommandKind.HALT, lots=0)
    assert fills(floor.wait(1)) == [("insurance", 5, 1_050)]


@pytest.mark.parametrize(("name", "rows"), [("cases", 1), ("journal_rows", 80), ("legs", 4), ("balances", 12)])
def test_how_much_room_there_is_does_not_matter(name: str, rows: int) -> None:
    """A table that is nearly full is grown on the way, and the same happens."""
    told = []
    for room in (ROOM, dataclasses.replace(ROOM, **{name: rows})):
        floor = taken_over(fund=100, capacity=room)
        floor.order("mia", -20, 1_050)
        for _ in range(6):
            floor.wait(1)
        told.append(floor.rows)
    assert told[0] == told[1]
