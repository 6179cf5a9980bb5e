"""Liquidation maps: a guess by hand, an error by hand, and trigger prices against what a market then did."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.stage.small import small_squeeze

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import find_venue
from shortdesk.margin.contract import Contract, Scale, build_contract
from shortdesk.stage.play import open_play
from shortdesk.stage.venues import product_of
from shortdesk.study.cascade import Side, ladder_of, run_cascade
from shortdesk.study.liquidation_legs import Holding, held_at, price_per_lot, rebuild_legs
from shortdesk.study.liquidation_map import Guess, book_ignition, guess_levels, liquidation_map, map_error
from shortdesk.study.postmortem_tape import Tape, read_tape
from shortdesk.study.squeeze_risk import MOVES, Held, exposure, squeeze_risk


def test_a_guess_by_hand() -> None:
    # A short at 100 with 10x and m = 10 %: 100 * 1.1 / 1.1 = 100, at the price already, so gone; with 2x: 150 / 1.1.
    guess = guess_levels(100.0, 30.0, [100.0], [1.0], maintenance_rate=0.1, mix={10.0: 0.5, 2.0: 0.5})
    assert guess.levels == pytest.approx([150 / 1.1])
    assert guess.sizes == pytest.approx([30.0])
    # A long at 100 with 4x and m = 0: 75. Two entries, weights 1 and 3.
    guess = guess_levels(100.0, 8.0, [100.0, 120.0], [1.0, 3.0], maintenance_rate=0.0, mix={4.0: 1.0}, side="down")
    assert guess.levels == pytest.approx([75.0, 90.0])
    assert guess.sizes == pytest.approx([2.0, 6.0])


def test_a_guess_without_anybody_left_is_empty() -> None:
    guess = guess_levels(200.0, 8.0, [100.0], [1.0], maintenance_rate=0.0, mix={10.0: 1.0})
    assert guess.levels.size == guess.sizes.size == 0


def test_an_error_by_hand() -> None:
    # Shares 1/4, 3/4 against 1/2, 1/2; distances: exact (1 + 9)/4 = 2.5, guess (1 + 3)/2 = 2.
    assert map_error([1.0, 3.0], [5.0, 15.0], [20.0, 20.0]) == pytest.approx((0.25, 2.0, 0.8))
    assert math.isnan(map_error([1.0], [0.0], [1.0]).misplaced)
    assert map_error([1.0], [2.0], [0.0]).size_ratio == 0.0


def test_a_map_by_hand() -> None:
    # From 100 to 110 in two buckets. kappa 0.5: gains 4/5 * 0.5 = 0.4 and 30/5 * 0.5 = 3. The rung at 106 (gap 6) has
    # a push of 2 before it, that at 107 (gap 7) one of 12: it is the first to be carried.
    found = liquidation_map(
        100.0, [102.0, 106.0, 107.0, 130.0], [4.0, 20.0, 10.0, 7.0], Guess(np.array([103.0]), np.array([41.0])),
        kappa=0.5, reach=0.1, buckets=2,
    )  # fmt: skip
    assert found.exact == pytest.approx([4.0, 30.0])
    assert found.guessed == pytest.approx([41.0, 0.0])
    assert found.gain == pytest.approx([0.4, 3.0])
    assert found.far == pytest.approx([105.0, 110.0])
    assert (found.beyond, found.ignition_price) == (7.0, 107.0)
    assert found.error.misplaced == pytest.approx(30 / 34)


def test_longs_are_mapped_downward_and_who_is_behind_the_price_counts_first() -> None:
    found = liquidation_map(
        100.0, [101.0, 92.0], [3.0, 5.0], Guess(np.zeros(0), np.zeros(0)), kappa=0.1, side="down", reach=0.1, buckets=2
    )
    assert found.exact == pytest.approx([3.0, 5.0])
    assert found.near == pytest.approx([100.0, 95.0])


def test_a_map_refuses_no_bucket() -> None:
    with pytest.raises(UsageError, match="at least one bucket"):
        liquidation_map(100.0, [101.0], [1.0], Guess(np.zeros(0), np.zeros(0)), kappa=0.1, buckets=0)


@pytest.fixture(scope="module")
def staged() -> tuple[Tape, Contract, int]:
    """A small squeeze, the contract of its market, and its first moment."""
    scenario = small_squeeze()
    play = open_play(scenario)
    tape = read_tape(Journal.from_rows(play.run_all(), names=play.names))
    venue, terms = scenario.venue[0], scenario.instrument[0]
    product = product_of(venue)
    symbol = resolve(find_venue(venue.sheet), product.kind, terms.symbol or terms.name, venue.day).symbol
    scale = Scale(Fraction(terms.tick), Fraction(terms.lot), Fraction(tape.grid.unit))
    return tape, build_contract(product, symbol, "isolated", venue.day, scale=scale), scenario.start_ns


def test_who_is_liquidated_next_is_who_the_map_says(staged: tuple[Tape, Contract, int]) -> None:
    """Of those nobody touches in between, the mark before is short of the trigger price and the mark then is not."""
    tape, contract, start_ns = staged
    legs = rebuild_legs(held_at(tape, start_ns), contract)
    trigger = dict(zip(legs.account.tolist(), legs.trigger_ticks.tolist(), strict=True))
    touched = tape.here(Kind.POSITION, Kind.MARGIN, Kind.FEE, Kind.FUNDING)
    checked = 0
    for row in tape.here(Kind.LIQUIDATION_START).tolist():
        account = int(tape.account[row])
        changes = touched[(tape.account[touched] == account) & (tape.time_ns[touched] > start_ns) & (touched < row)]
        if tape.time_ns[row] <= start_ns or len(changes):
            continue
        last = int(np.searchsorted(tape.marks, row)) - 1
        before, now = (int(tape.price[tape.marks[at]]) for at in (last - 1, last))
        assert before < trigger[account] <= now
        checked += 1
    assert checked >= 5


def test_margin_moves_the_trigger_price_by_hand(staged: tuple[Tape, Contract, int]) -> None:
    """A short of 100 lots at 8,600 ticks; each tick costs 100 lots * factor, so more margin means more ticks."""
    _, contract, _ = staged
    cost = 100 * 8_600 * contract.factor
    rate = contract.rows[0].maintenance_rate

    def trigger(margin: int, isolated: int = 1) -> list[int]:
        held = (np.array([7]), np.array([-100]), np.array([cost]), np.array([margin]), np.array([isolated]))
        return rebuild_legs(Holding(*held), contract).trigger_ticks.tolist()

    # margin + cost - 100 p f falls to the rate times 100 p f at p = (margin + cost)/((1 + rate) 100 f).
    by_hand = float((cost // 10 + cost) / ((1 + Fraction(rate)) * 100 * contract.factor))
    assert trigger(cost // 10)[0] == pytest.approx(by_hand, abs=1.0)
    assert trigger(cost // 5)[0] > trigger(cost // 10)[0]
    assert trigger(cost // 10, isolated=0) == []


def test_the_risk_of_a_small_squeeze(staged: tuple[Tape, Contract, int]) -> None:
    tape, contract, start_ns = staged
    found = squeeze_risk(tape, contract, start_ns + 500_000_000, depth_1pct_quote=20_000.0)
    assert found.legs > 20
    assert found.placed <= found.open_interest
    assert found.oi_over_depth == pytest.approx(found.open_interest * found.price / 20_000)
    assert list(found.share_near) == sorted(found.share_near)
    assert found.map.exact.sum() + found.map.beyond == pytest.approx(found.placed)
    assert math.isnan(found.funding_rate)


@pytest.mark.parametrize("side", ["up", "down"])
def test_the_critical_shock_is_the_smallest_that_the_ladder_makes_the_move(side: Side) -> None:
    """Three rungs, 3 apart and 2 of push each at 100: 3 is needed to start, then 5 is reached; 10 and 20 take more."""
    sign = 1 if side == "up" else -1
    levels = np.array([100.0 + sign * away for away in (3, 6, 9)])
    some = np.array([100.0])
    held = Held(100.0, side, 6.0, levels, np.full(3, 2.0), some, some, 0.005)
    found = exposure(held, kappa=1.0, depth_is_given=True).critical_shocks
    ladder = ladder_of(100.0, levels, np.full(3, 2.0), kappa=1.0, side=side)
    for move, shock in zip(MOVES, found, strict=True):
        reached, short_of = abs(run_cascade(ladder, [shock * 100 + 1e-9, shock * 100 - 1e-6]).final_price - 100)
        assert short_of < move * 100 <= reached
    assert found == pytest.approx((0.03, 0.05, 0.14))


def test_too_few_fills_tell_no_depth(staged: tuple[Tape, Contract, int]) -> None:
    tape, _, start_ns = staged
    with pytest.raises(InputError, match="give the depth"):
        price_per_lot(tape, start_ns)


def through_the_book(levels: list[float], sizes: list[float], asks: list[float], offered: list[float]) -> float | None:
    """The definition, level by level."""
    for level in sorted(levels):
        before = sum(size for at, size in zip(levels, sizes, strict=True) if at < level)
        wall = sum(size for at, size in zip(asks, offered, strict=True) if at < level)
        if before > 0 and before >= wall:
            return level
    return None


@given(
    st.lists(st.tuples(st.integers(101, 120), st.integers(0, 9)), max_size=12),
    st.lists(st.tuples(st.integers(101, 120), st.integers(0, 9)), max_size=12),
)
def test_ignition_through_the_book_is_its_definition_on_both_sides(
    dead: list[tuple[int, int]], book: list[tuple[int, int]]
) -> None:
    levels, sizes = [float(at) for at, _ in dead], [float(size) for _, size in dead]
    asks, offered = [float(at) for at, _ in book], [float(size) for _, size in book]
    found = book_ignition(levels, sizes, asks, offered)
    assert found == through_the_book(levels, sizes, asks, offered)
    below = book_ignition([200 - at for at in levels], sizes, [200 - at for at in asks], offered, side="down")
    assert below == (None if found is None else 200 - found)
