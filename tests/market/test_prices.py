"""Index and mark on the venue's clock: figures a trader can work out, one tick one dollar."""

from __future__ import annotations

from typing import Any

import pytest
from tests.market.markets import Floor, kinds

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import FeedState
from shortdesk.ground.order import Refusal
from shortdesk.margin.mark import IndexForm, MarkForm
from shortdesk.market.command import CommandKind
from shortdesk.market.open_pricing import RATE_ONE, PricingTerms, open_pricing
from shortdesk.market.prices import member_at, pricing_at
from shortdesk.market.tables import Shelf

MEAN = PricingTerms(index_form=IndexForm.WEIGHTED_MEAN, oldest_seconds=60, outlier_band="0.1")


def priced(terms: PricingTerms = MEAN, weights: tuple[int, ...] = (1, 1, 1), **impact: int) -> Floor:
    floor = Floor()
    open_pricing(floor.world, floor.perp, terms, weights, **impact)
    return floor


def say(floor: Floor, *prices: int) -> None:
    for number, price in enumerate(prices, 1):
        floor.send(CommandKind.INDEX, client_id=number, price_ticks=price)


def tick(floor: Floor, seconds: int = 0) -> list[tuple[Any, ...]]:
    floor.now_ns += seconds * 10**9
    return floor.send(CommandKind.TICK)


def index_of(floor: Floor) -> int:
    return int(pricing_at(floor.world.block, floor.perp).index_ticks)


def mark_of(floor: Floor) -> int:
    return int(floor.world.table(Shelf.INSTRUMENTS)[floor.perp].mark_ticks)


@pytest.mark.parametrize(
    ("prices", "weights", "index"),
    [
        ((100, 102, 104), (1, 1, 1), 102),
        ((100, 102, 104), (2, 1, 1), 102),  # (200 + 102 + 104) / 4 = 101.5, halves away from zero
        ((100, 100, 200), (1, 1, 1), 103),  # 200 is pulled to 100 + 10 %: (100 + 100 + 110) / 3 = 103.3
        ((100, 100, 50), (1, 1, 1), 97),  # 50 is pulled to 90: 290 / 3 = 96.7
    ],
)
def test_weighted_mean(prices: tuple[int, ...], weights: tuple[int, ...], index: int) -> None:
    floor = priced(weights=weights)
    say(floor, *prices)
    tick(floor)
    assert index_of(floor) == index


def test_stale_member_is_left_out_and_returns() -> None:
    floor = priced()
    say(floor, 100, 100, 106)
    assert kinds(tick(floor)) == ["INDEX", "MARK", "PREMIUM"]
    assert index_of(floor) == 102
    floor.now_ns += 61 * 10**9
    say(floor, 100, 100)
    assert kinds(tick(floor)) == ["MEMBER", "INDEX", "MARK", "PREMIUM"]
    assert index_of(floor) == 100
    assert state(floor, 3) == FeedState.STALE
    say(floor, 100, 100, 106)
    tick(floor)
    assert (index_of(floor), state(floor, 3)) == (102, FeedState.LIVE)


def state(floor: Floor, member: int) -> int:
    return int(member_at(floor.world.block, pricing_at(floor.world.block, floor.perp).first_member + member - 1).state)


def test_exactly_the_oldest_age_still_counts() -> None:
    floor = priced()
    say(floor, 100, 100, 106)
    tick(floor, 60)
    assert index_of(floor) == 102


def test_when_all_are_stale_the_index_stands() -> None:
    floor = priced()
    say(floor, 100, 100, 106)
    tick(floor)
    assert kinds(tick(floor, 100)) == ["MEMBER", "MEMBER", "MEMBER", "PREMIUM"]
    assert index_of(floor) == 102


def test_frozen_member_stands_still_and_does_not_grow_old() -> None:
    floor = priced()
    say(floor, 100, 100, 106)
    floor.send(CommandKind.INDEX, client_id=3, traits=1)
    floor.now_ns += 3_600 * 10**9
    say(floor, 100, 100)
    tick(floor)
    assert (index_of(floor), state(floor, 3)) == (102, FeedState.FROZEN)
    floor.send(CommandKind.INDEX, client_id=3, price_ticks=100)
    tick(floor)
    assert (index_of(floor), state(floor, 3)) == (100, FeedState.LIVE)


def test_outlier_is_named() -> None:
    floor = priced()
    say(floor, 100, 100, 200)
    tick(floor)
    assert [state(floor, k) for k in (1, 2, 3)] == [FeedState.LIVE, FeedState.LIVE, FeedState.OUTLIER]


def test_without_a_middle_nobody_is_an_outlier() -> None:
    """Only a member that weighs nothing is still fresh: the index stands still, and nobody is far from it."""
    floor = priced(weights=(1, 1, 0))
    say(floor, 100, 101, 150)
    tick(floor)
    assert state(floor, 3) == FeedState.OUTLIER
    floor.now_ns += 61 * 10**9
    floor.send(CommandKind.INDEX, client_id=3, price_ticks=150)
    tick(floor)
    assert [state(floor, k) for k in (1, 2, 3)] == [FeedState.STALE, FeedState.STALE, FeedState.LIVE]


@pytest.mark.parametrize(
    ("form", "mark"),
    [
        (MarkForm.ORACLE, 1000),
        (MarkForm.INDEX_PLUS_BASIS, 1015),  # middle of 1010 and 1020
        (MarkForm.FAIR_FUNDING_BASIS, 1000),  # no rate yet
        (MarkForm.MEDIAN_FUNDING_BASIS_LAST, 1000),  # of 1000, 1015 and, without a trade, the index
        (MarkForm.ORACLE_MEDIAN_EMA, 1010),  # of 1015, and twice the middle of 1010, 1020 and 1000
    ],
)
def test_mark_by_form(form: MarkForm, mark: int) -> None:
    floor = priced(PricingTerms(mark_form=form), (1,))
    floor.open("bob", 100_000)
    floor.order("bob", 1, 1010)
    floor.order("bob", -1, 1020)
    say(floor, 1000)
    tick(floor)
    assert mark_of(floor) == mark


def test_basis_is_averaged_and_mark_is_held_in_its_band() -> None:
    terms = PricingTerms(mark_form=MarkForm.INDEX_PLUS_BASIS, basis_weight="0.5", mark_band="0.02")
    floor = priced(terms, (1,))
    floor.open("bob", 100_000)
    floor.order("bob", 1, 1010)
    floor.order("bob", -1, 1020)
    say(floor, 1000)
    tick(floor)
    assert mark_of(floor) == 1015
    say(floor, 1005)
    tick(floor)
    assert mark_of(floor) == 1018  # basis 15, then 10: average 12.5; 1005 + 13
    say(floor, 900)
    tick(floor)
    assert mark_of(floor) == 918  # 2 % from 900


def test_a_new_mark_sets_off_what_waits_for_it() -> None:
    floor = priced(PricingTerms(), (1,))
    floor.open("ann", 500)
    floor.open("bob", 100_000)
    say(floor, 1000)
    tick(floor)
    floor.order("bob", 2, 1000)
    floor.order("ann", -2, 1000)
    say(floor, 1300)
    assert "LIQUIDATION_START" in kinds(tick(floor))


@pytest.mark.parametrize(
    ("kind", "fields", "why"),
    [
        (CommandKind.TICK, {}, Refusal.NO_REFERENCE_PRICE),
        (CommandKind.FUND, {}, Refusal.NO_REFERENCE_PRICE),
        (CommandKind.FUND, {"traits": 2}, Refusal.BAD_FLAGS),
        (CommandKind.FUND, {"traits": 1, "lots": RATE_ONE + 1}, Refusal.SIZE_TOO_LARGE),
        (CommandKind.TICK, {"instrument": 9}, Refusal.UNKNOWN_INSTRUMENT),
        (CommandKind.FUND, {"instrument": 0}, Refusal.UNKNOWN_INSTRUMENT),
        (CommandKind.INDEX, {"instrument": -1, "client_id": 1, "price_ticks": 5}, Refusal.UNKNOWN_INSTRUMENT),
        (CommandKind.INDEX, {"client_id": 4, "price_ticks": 5}, Refusal.BAD_CLIENT_ID),
        (CommandKind.INDEX, {"client_id": 0, "price_ticks": 5}, Refusal.BAD_CLIENT_ID),
        (CommandKind.INDEX, {"client_id": 1, "price_ticks": 0}, Refusal.BAD_PRICE),
        (CommandKind.INDEX, {"client_id": 1, "price_ticks": 1 << 60}, Refusal.BAD_PRICE),
        (CommandKind.INDEX, {"client_id": 1, "traits": 1}, Refusal.BAD_PRICE),  # frozen before its first price
        (CommandKind.INDEX, {"client_id": 1, "price_ticks": 5, "traits": 2}, Refusal.BAD_FLAGS),
        (CommandKind.INDEX, {"client_id": 4, "price_ticks": 0, "traits": 2}, Refusal.BAD_FLAGS),  # the lowest of three
        (CommandKind.INDEX, {"client_id": 4, "price_ticks": 0}, Refusal.BAD_PRICE),
        (CommandKind.INDEX, {"client_id": 4, "price_ticks": 0, "traits": 1}, Refusal.BAD_CLIENT_ID),
    ],
)
def test_refused_and_nothing_changes(kind: CommandKind, fields: dict[str, Any], why: Refusal) -> None:
    floor = priced()
    before = floor.world.digest()
    assert kinds(floor.send(kind, **fields)) == ["REFUSED"]
    assert floor.refusal() == why
    assert floor.world.digest() == before


def test_an_instrument_without_prices_has_no_clock() -> None:
    floor = Floor()
    floor.send(CommandKind.TICK)
    assert floor.refusal() == Refusal.UNKNOWN_INSTRUMENT


@pytest.mark.parametrize("weights", [(), (-1, 2), (0, 0), (1 << 21,), (1,) * 25])
def test_bad_weights(weights: tuple[int, ...]) -> None:
    floor = Floor()
    with pytest.raises(UsageError, match="weights"):
        open_pricing(floor.world, floor.perp, MEAN, weights)
    open_pricing(floor.world, floor.perp, MEAN, (1,))
    with pytest.raises(UsageError, match="already"):
        open_pricing(floor.world, floor.perp, MEAN, (1,))
