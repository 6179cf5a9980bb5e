"""The compiled market against the exact twin, compared after every command on random lists of commands."""

from __future__ import annotations

from collections import Counter

import pytest
from tests.conftest import Depth
from tests.twin.command import Command
from tests.twin.compare import Differs, Pair
from tests.twin.random_commands import ACCOUNTS, Taste
from tests.twin.runs import agree, pair_of, part
from tests.twin.shrink import shortest

from shortdesk.ground.order import Refusal, Side
from shortdesk.market.command import CommandKind
from shortdesk.market.desk import AmendRule
from shortdesk.market.tables import Shelf, instrument_at, leg_at, level_at

EVERYTHING = Taste()
LISTS = 8
NEVER_HERE = {
    Refusal.NOTHING_TO_REDUCE, Refusal.VENUE_DOWN, Refusal.UNKNOWN_ASSET, Refusal.ACCOUNT_LIQUIDATING,
    Refusal.LEVERAGE_TOO_HIGH, Refusal.POSITION_TOO_LARGE, Refusal.NOT_ENOUGH_MARGIN, Refusal.NOT_ENOUGH_BALANCE,
    Refusal.NOT_WHILE_OPEN, Refusal.NOTHING_TO_LEND, Refusal.OVER_BORROW_LIMIT, Refusal.NOTHING_OWED,
    Refusal.NOT_LIQUIDATABLE, Refusal.NO_BOOK,
}  # fmt: skip
"""Refusals that lists of book commands do not lead to: about money or pools, and two that have lists of their own."""


@pytest.mark.parametrize("seed", range(LISTS))
def test_everything_at_once(seed: int, depth: Depth) -> None:
    agree(seed, part(depth, 50) // LISTS, EVERYTHING)


def test_the_lists_reach_every_kind_of_row_and_refusal(depth: Depth) -> None:
    """A twin that is never told something cannot disagree about it."""
    seen: Counter[str] = sum((agree(100 + seed, 2_500, EVERYTHING) for seed in range(4)), Counter())
    reasons = {reason.name for reason in Refusal if reason not in NEVER_HERE}
    names = "ACCEPTED REFUSED RESTED FILL CANCELLED AMENDED TRIGGERED CONNECTION MARK HALTED RESUMED"
    assert reasons | set(names.split()) <= set(seen)


def standing() -> Pair:
    """Two orders at one price, told to both markets."""
    pair = pair_of(0, EVERYTHING)
    for account, order in ((1, 1), (2, 2)):
        pair.tell(Command(account=account, client_id=order, side=Side.SELL, price_ticks=1_000, lots=5))
    return pair


def test_the_comparison_sees_a_queue_in_another_order() -> None:
    pair = standing()
    queue = pair.twin.books[1].sides[Side.SELL][1_000]
    queue.reverse()
    with pytest.raises(Differs, match="books differ"):
        pair.compare_books()


def test_the_comparison_sees_a_level_that_counts_wrongly() -> None:
    pair = standing()
    level = int(pair.world.table(Shelf.ORDERS)[1].level)
    level_at(pair.world.block, level).lots += 1
    with pytest.raises(Differs, match="its queue is"):
        pair.compare_books()


def test_the_comparison_sees_a_leg_that_promises_wrongly() -> None:
    pair = standing()
    leg_at(pair.world.block, 1).buying_lots = 3
    with pytest.raises(Differs, match="leg"):
        pair.compare_books()


def test_the_comparison_sees_another_rule() -> None:
    """The World keeps an order's place where the twin's venue sends it to the end."""
    pair = standing()
    theirs = AmendRule.ALWAYS_LAST
    if pair.twin.terms[1].amend_rule == theirs:
        theirs = AmendRule.KEEPS_WHEN_SMALLER
    instrument_at(pair.world.block, 1).amend_rule = theirs
    with pytest.raises(Differs, match="rows"):
        pair.tell(Command(kind=CommandKind.AMEND, client_id=1, side=Side.SELL, lots=4))


def test_a_failing_list_is_made_as_short_as_it_can_be() -> None:
    assert shortest(list(range(100)), lambda part: {17, 63, 64} <= set(part)) == [17, 63, 64]
    assert shortest([5], lambda part: 5 in part) == [5]


def test_accounts_are_as_they_are_said_to_be() -> None:
    pair = standing()
    assert len(pair.twin.legs) == 12 == len({*pair.key_of.values()})
    assert {key[0] for key in pair.twin.legs} == set(ACCOUNTS)
