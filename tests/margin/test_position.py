"""Position algebra as a trader reads it, and its laws."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.instrument import Form
from shortdesk.margin.position import FLAT, Position, after_fill, entry_value, unrealised, value_at

# A fill is lots (short < 0) at a price in ticks; one unit per lot and tick on linear, 10^12 / price on inverse.
COIN = 10**12

STORIES = """
short, add, buy half, buy back      linear   -10@100 -10@120 +10@90  +10@150   lots 0    realised 200 -400 sum -200
flip from short to long             linear   -4@100  +6@80                     lots 2    realised 80 sum 80
long, sell at a profit              linear   +5@100  -5@130                    lots 0    realised 150 sum 150
reduce twice keeps the average      linear   -3@100  -3@101 +1@90 +2@95        lots -3   realised 10.5 11 sum 21.5
"""


def play(form: int, factor: int, fills: list[tuple[int, int]]) -> tuple[Position, list[int]]:
    position, realised = FLAT, []
    for lots, ticks in fills:
        filled = after_fill(form, factor, position, lots, ticks)
        position = filled.position
        realised.append(filled.realised)
    return position, realised


@pytest.mark.parametrize("line", [line for line in STORIES.splitlines() if line])
def test_stories(line: str) -> None:
    words = line[36:].split()
    fills = [(int(lots), int(ticks)) for lots, ticks in (w.split("@") for w in words[1:] if "@" in w)]
    position, realised = play(Form.LINEAR, 2, fills)  # a factor of 2, so that halves are whole units
    assert position.lots == int(words[words.index("lots") + 1])
    assert sum(realised) == 2 * float(words[-1])
    told = [float(w) for w in words[words.index("realised") + 1 : words.index("sum")]]
    assert [r for r in realised if r] == [2 * t for t in told]


def test_average_of_two_shorts_is_weighted() -> None:
    position, _ = play(Form.LINEAR, 1, [(-10, 100), (-30, 120)])
    assert Fraction(entry_value(position), 40) == 115


def test_inverse_average_is_harmonic() -> None:
    position, _ = play(Form.INVERSE, COIN, [(-100, 100), (-100, 200)])
    # 100/100 + 100/200 coins = 1.5 coins for 200 contracts: the average is 133.33, not 150.
    assert entry_value(position) == 15 * COIN // 10


fills = st.lists(st.tuples(st.integers(-50, 50).filter(bool), st.integers(1, 5_000)), min_size=1, max_size=8)
forms = st.sampled_from([(Form.LINEAR, 3), (Form.INVERSE, 10**9)])


@given(fills, forms)
def test_closing_what_was_opened_returns_to_zero_to_the_unit(
    steps: list[tuple[int, int]], kind: tuple[Form, int]
) -> None:
    form, factor = kind
    position, _ = play(form, factor, steps)
    if position.lots:
        position = after_fill(form, factor, position, -position.lots, 777).position
    assert position.lots == 0
    assert position.open_cost == 0
    assert position.open_lots == 0
    assert unrealised(form, factor, position, 1234) == 0


@given(fills, st.integers(1, 5_000))
def test_realised_and_unrealised_add_up_to_the_cash_that_moved(steps: list[tuple[int, int]], mark: int) -> None:
    position, realised = play(Form.LINEAR, 3, steps)
    cash = -sum(lots * ticks * 3 for lots, ticks in steps)
    held = position.lots * mark * 3
    assert sum(realised) + unrealised(Form.LINEAR, 3, position, mark) == cash + held


@given(fills, st.data(), forms)
def test_it_does_not_matter_how_a_fill_is_split(
    steps: list[tuple[int, int]], data: st.DataObject, kind: tuple[Form, int]
) -> None:
    form, factor = kind
    whole, realised_whole = play(form, factor, steps)
    pieces: list[tuple[int, int]] = []
    for lots, ticks in steps:
        side, left = (1 if lots > 0 else -1), abs(lots)
        while left:
            piece = data.draw(st.integers(1, left))
            pieces.append((side * piece, ticks))
            left -= piece
    split, realised_split = play(form, factor, pieces)
    assert split == whole
    assert sum(realised_split) == sum(realised_whole)


@given(fills, st.integers(1, 5_000), forms)
def test_a_mirrored_position_earns_the_opposite(
    steps: list[tuple[int, int]], mark: int, kind: tuple[Form, int]
) -> None:
    form, factor = kind
    position, realised = play(form, factor, steps)
    mirrored, opposite = play(form, factor, [(-lots, ticks) for lots, ticks in steps])
    both = sum(realised) + sum(opposite)
    both += unrealised(form, factor, position, mark) + unrealised(form, factor, mirrored, mark)
    # Inverse fills are rounded against each side: together they lose at most a unit for each fill and side.
    assert both == 0 if form == Form.LINEAR else -2 * len(steps) - 1 <= both <= 1


@given(st.lists(st.integers(-50, 50).filter(bool), min_size=1, max_size=8), st.integers(1, 5_000), forms)
def test_what_is_opened_and_closed_at_one_price_earns_nothing(
    sizes: list[int], ticks: int, kind: tuple[Form, int]
) -> None:
    form, factor = kind
    steps = [(lots, ticks) for lots in sizes]
    position, _ = play(form, factor, steps)
    if position.lots:
        steps.append((-position.lots, ticks))
    position, realised = play(form, factor, steps)
    assert position == FLAT
    if form != Form.INVERSE or all(lots * sizes[0] > 0 for lots in sizes):
        assert sum(realised) == 0
    else:
        assert -len(steps) <= sum(realised) <= 0


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_inverse_worth_falls_as_the_price_rises(lots: int, ticks: int) -> None:
    assert value_at(Form.INVERSE, COIN, lots, ticks) >= value_at(Form.INVERSE, COIN, lots, ticks + 1)
