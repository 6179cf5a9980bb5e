"""Ticks and labels, and bars joined for a chart that has fewer columns than bars."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.intake.times import HOUR_NANOS, parse_time
from shortdesk.study.figure.axes import Scale, decimals_of, format_number, nice_ticks, time_ticks
from shortdesk.study.figure.series import Candles, Line, grouped_sums

VALUES = st.floats(-1e9, 1e9, allow_nan=False)


@pytest.mark.parametrize(
    ("low", "high", "most", "labels"),
    [
        (17_600, 42_125, 6, ["20,000", "25,000", "30,000", "35,000", "40,000"]),
        (0.00002853, 0.0000286, 5, ["0.00002854", "0.00002856", "0.00002858", "0.00002860"]),
        (-3_000, 8_000, 6, ["−2,000", "0", "2,000", "4,000", "6,000", "8,000"]),
        (99.5, 100.5, 5, ["99.6", "99.8", "100.0", "100.2", "100.4"]),
        (0, 10, 4, ["0", "5", "10"]),
        (5, 5, 4, ["5.00"]),
    ],
)
def test_values_on_an_axis(low: float, high: float, most: int, labels: list[str]) -> None:
    ticks = nice_ticks(low, high, most)
    assert [format_number(tick, decimals_of(ticks)) for tick in ticks] == labels


@given(VALUES, st.floats(1e-6, 1e9), st.integers(1, 12))
def test_ticks_are_even_inside_and_not_too_many(low: float, width: float, most: int) -> None:
    high = low + width
    ticks = nice_ticks(low, high, most)
    slack = 1e-6 * (high - low) + 1e-9 * abs(low)
    assert len(ticks) <= most
    assert all(low - slack <= tick <= high + slack for tick in ticks)
    steps = [after - before for before, after in pairwise(ticks)]
    assert all(abs(step - steps[0]) <= slack for step in steps)
    assert len(ticks) >= most // 4


def test_no_minus_zero_and_a_true_minus() -> None:
    assert format_number(-0.001, 2) == "0.00"
    assert format_number(-1234.5, 1) == "−1,234.5"


@pytest.mark.parametrize(
    ("start", "stop", "most", "labels"),
    [
        ("2020-12-01", "2021-01-15", 8, ["1 Dec 2020", "11 Dec", "21 Dec", "1 Jan 2021", "11 Jan"]),
        ("2020-10-01", "2021-03-01", 6, ["Oct 2020", "Nov", "Dec", "Jan 2021", "Feb", "Mar"]),
        ("2019-09-10", "2024-08-09", 8, ["2020", "2021", "2022", "2023", "2024"]),
        ("2021-05-19", "2021-05-19 16:00", 5, ["19 May 00:00", "04:00", "08:00", "12:00", "16:00"]),
        ("2021-05-18 12:00", "2021-05-19 14:00", 3, ["18 May 16:00", "19 May 00:00", "08:00"]),
        ("2021-05-18", "2021-05-21", 6, ["18 May 2021", "19 May", "20 May", "21 May"]),
    ],
)
def test_dates_on_an_axis(start: str, stop: str, most: int, labels: list[str]) -> None:
    assert [label for _, label in time_ticks(parse_time(start), parse_time(stop), most)] == labels


@given(st.integers(0, 4 * 10**18), st.integers(60 * 10**9, 20 * 366 * 24 * HOUR_NANOS), st.integers(1, 12))
def test_dates_lie_inside_in_order_and_not_too_many(start: int, length: int, most: int) -> None:
    ticks = time_ticks(start, start + length, most)
    assert len(ticks) <= most
    assert all(start <= nanos <= start + length for nanos, _ in ticks)
    assert all(before < after for (before, _), (after, _) in pairwise(ticks))


def test_a_scale_may_run_backwards() -> None:
    scale = Scale(10.0, 20.0, 100.0, 0.0)
    assert [scale(10.0), scale(15.0), scale(20.0)] == [100.0, 50.0, 0.0]


@given(
    st.lists(st.tuples(st.integers(0, 300), VALUES, VALUES, VALUES, VALUES), min_size=1, max_size=60),
    st.integers(1, 40),
)
def test_joined_bars_keep_every_extreme(rows: list[tuple[int, float, float, float, float]], most: int) -> None:
    rows = sorted({row[0]: row for row in rows}.values())
    times = [row[0] * HOUR_NANOS for row in rows]
    four = np.array([sorted(row[1:]) for row in rows])
    candles = Candles(times, four[:, 2], HOUR_NANOS, four[:, 1], four[:, 3], four[:, 0])
    joined = candles.grouped(most)
    assert len(joined.times) <= most
    assert np.max(joined.high) == four[:, 3].max()
    assert np.min(joined.low) == four[:, 0].min()
    assert joined.open[0] == four[0, 1]
    assert joined.close[-1] == four[-1, 2]
    assert joined.start_nanos == candles.start_nanos
    assert joined.stop_nanos >= candles.stop_nanos


def test_a_hole_in_the_bars_stays_a_hole() -> None:
    times = [hour * HOUR_NANOS for hour in (0, 1, 2, 3, 20, 21, 22, 23)]
    joined = Candles(times, range(8), HOUR_NANOS).grouped(6)
    assert [time // HOUR_NANOS for time in joined.times] == [0, 20]
    assert list(joined.close) == [3, 7]


def test_a_level_holds_until_the_next() -> None:
    line = Line("liquidation", [10, 20, 30], [1.0, 2.0, 3.0], steps=True)
    assert [line.value_at(at) for at in (9, 10, 19.5, 20, 30, 31)] == [None, 1.0, 1.0, 2.0, 3.0, None]


@given(st.lists(VALUES, min_size=1, max_size=400), st.integers(1, 50))
def test_a_thinned_line_keeps_its_ends_and_extremes(values: list[float], most: int) -> None:
    thin = Line("equity", range(len(values)), values).thinned(most)
    assert len(thin.times) <= 4 * most
    assert (thin.values[0], thin.values[-1]) == (values[0], values[-1])
    assert (min(thin.values), max(thin.values)) == (min(values), max(values))
    assert all(thin.values[index] == values[time] for index, time in enumerate(thin.times))


def test_flows_are_summed_by_span() -> None:
    assert grouped_sums([0, 5, 9, 10, 25], [1, 2, 3, 4, 5], 0, 10) == {0: 6.0, 10: 4.0, 20: 5.0}


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        ([], [], "nothing to draw"),
        ([1, 2], [1.0], "2 times, but 1 values"),
        ([1], [float("nan")], "not a finite number"),
    ],
)
def test_what_cannot_be_drawn(times: list[int], values: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Line("line", times, values)
    with pytest.raises(ValueError, match=message):
        Candles(times, values, 1)
