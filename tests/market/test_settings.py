"""Leverage, isolated and cross, margin in and out: what a trader may change, and what a refusal leaves untouched."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.market.markets import Floor, only

from shortdesk.ground.order import Refusal
from shortdesk.market.command import CommandKind
from shortdesk.market.tables import venue_at


def short_of_ten(*, isolated: bool = False, switches: bool = True, dollars: int = 3_000) -> Floor:
    """Ann is short 10 coins at 1,000 with 10x: 1,000 dollars of initial margin."""
    floor = Floor()
    venue_at(floor.world.block, floor.venue).switches_open = switches
    floor.open("ann", dollars, isolated=isolated)
    floor.open("mia", 100_000, leverage=2)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.mark(1_000)
    return floor


def tried(floor: Floor, kind: CommandKind, lots: int) -> tuple[Refusal, list[Any], bool]:
    """The answer, the money rows, and whether the World stayed what it was."""
    before = floor.world.digest()
    rows = floor.send(kind, "ann", lots=lots)
    return floor.refusal(), only(rows, "MARGIN"), floor.world.digest() == before


def test_a_living_cross_leg_takes_its_margin_and_its_loss_along() -> None:
    """At 1,020 she needs 1,020 of initial margin and has lost 200: 1,220 go with the leg; it dies at 1,065.45.

    1,220 - 10 (P - 1,000) <= P - 500 from 11,720 / 11 = 1,065.45 on.
    """
    floor = short_of_ten()
    floor.mark(1_020)
    answer, moved, _ = tried(floor, CommandKind.SET_ISOLATED, 1)
    assert (answer, moved) == (Refusal.NONE, [("MARGIN", "ann", 0, -1, Decimal(1_220))])
    assert floor.wallet("ann") == 1_780
    assert only(floor.mark(1_065), "RISK_STATE") == []
    assert len(only(floor.mark(1_066), "RISK_STATE")) == 1


def test_back_to_cross_brings_everything_home() -> None:
    floor = short_of_ten(isolated=True)
    assert floor.wallet("ann") == 2_000
    answer, moved, _ = tried(floor, CommandKind.SET_ISOLATED, 0)
    assert (answer, moved) == (Refusal.NONE, [("MARGIN", "ann", 0, -1, Decimal(1_000))])
    assert floor.wallet("ann") == 3_000


def test_a_venue_that_does_not_switch_open_legs_says_so() -> None:
    floor = short_of_ten(switches=False)
    assert tried(floor, CommandKind.SET_ISOLATED, 1) == (Refusal.NOT_WHILE_OPEN, [], True)


def test_who_is_not_covered_cannot_switch() -> None:
    """3,000 - 2,000 at 1,200 leaves less than the 1,200 of initial margin."""
    floor = short_of_ten()
    floor.mark(1_190)
    floor.mark(1_200)
    assert tried(floor, CommandKind.SET_ISOLATED, 1) == (Refusal.NOT_ENOUGH_MARGIN, [], True)


def test_leverage_down_needs_margin_and_up_needs_a_tier() -> None:
    """2x asks for 5,000 of her 3,000; 4x for 2,500. 10,000 dollars are in the first tier, which allows 10x."""
    floor = short_of_ten()
    assert tried(floor, CommandKind.SET_LEVERAGE, 200) == (Refusal.NOT_ENOUGH_MARGIN, [], True)
    assert tried(floor, CommandKind.SET_LEVERAGE, 1_001) == (Refusal.LEVERAGE_TOO_HIGH, [], True)
    assert tried(floor, CommandKind.SET_LEVERAGE, 400)[0] == Refusal.NONE
    floor.mark(1_001)
    assert tried(floor, CommandKind.SET_LEVERAGE, 900) == (Refusal.LEVERAGE_TOO_HIGH, [], True)


def test_margin_goes_in_as_far_as_the_wallet_and_out_as_far_as_the_rest_is_covered() -> None:
    floor = short_of_ten(isolated=True)
    assert tried(floor, CommandKind.ADD_MARGIN, 200_001) == (Refusal.NOT_ENOUGH_BALANCE, [], True)
    assert tried(floor, CommandKind.ADD_MARGIN, 50_000)[1] == [("MARGIN", "ann", 0, -1, Decimal(-500))]
    assert tried(floor, CommandKind.ADD_MARGIN, -50_001) == (Refusal.NOT_ENOUGH_BALANCE, [], True)
    assert tried(floor, CommandKind.ADD_MARGIN, -50_000)[1] == [("MARGIN", "ann", 0, -1, Decimal(500))]


def test_a_closed_isolated_leg_sends_its_margin_home_at_the_next_mark() -> None:
    """She buys back at 990: 1,000 of margin and 100 of profit are in her wallet again."""
    floor = short_of_ten(isolated=True)
    floor.order("mia", -10, 990)
    floor.order("ann", 10, 990)
    assert only(floor.mark(990), "MARGIN") == [("MARGIN", "ann", 0, -1, Decimal(1_100))]
    assert floor.wallet("ann") == 3_100


def test_paper_profit_cannot_be_withdrawn_and_a_loss_is_kept_back() -> None:
    """At 900 she has won 1,000: of 3,000 in the wallet 2,100 are free (initial margin 900). At 1,100 only 900."""
    floor = short_of_ten()
    floor.mark(900)
    for allowed in (210_000, 210_001):
        again = short_of_ten()
        again.mark(900)
        answer = again.send(CommandKind.WITHDRAW, "ann", instrument=again.asset, lots=allowed)
        assert (again.refusal() == Refusal.NONE) == (allowed == 210_000), answer
    floor.mark(1_100)
    floor.send(CommandKind.WITHDRAW, "ann", instrument=floor.asset, lots=90_001)
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE
