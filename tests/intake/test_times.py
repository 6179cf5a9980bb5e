"""Times as people write them: one reading or a refusal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.intake.times import DAY_NANOS, HOUR_NANOS, format_interval, format_time, parse_interval, parse_time

EIGHT = 1_606_809_600_000_000_000  # 2020-12-01 08:00 UTC


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("2020-12-01", EIGHT - 8 * HOUR_NANOS),
        ("2020-12-01 08:00", EIGHT),
        ("2020-12-01T08:00", EIGHT),
        ("2020-12-01 08:00Z", EIGHT),
        ("2020-12-01 08:00 UTC", EIGHT),
        ("2020-12-01T08:00:00+00:00", EIGHT),
        ("2020-12-01T09:00+01:00", EIGHT),
        ("2020-12-01T03:00:00-0500", EIGHT),
        ("2020-12-01T13:30+05:30", EIGHT),
        ("2020-12-01 08:00:00.5", EIGHT + 500_000_000),
        ("2020-12-01 08:00:00.000000001", EIGHT + 1),
        ("1606809600", EIGHT),
        ("1606809600000", EIGHT),
        ("1606809600000000", EIGHT),
        ("1606809600000000001", EIGHT + 1),
        ("  2020-12-01  ", EIGHT - 8 * HOUR_NANOS),
        ("2020-02-29", 1_582_934_400_000_000_000),
    ],
)
def test_what_is_read(text: str, nanos: int) -> None:
    assert parse_time(text) == nanos


@pytest.mark.parametrize(
    "text",
    [
        "01/12/2020", "12-01-2020", "2020-1-5", "20201201", "2020-12", "2020", "08:00", "2020-12-01 8:00", "tomorrow",
        "", "2020-12-01 08", "2020-12-01 08:00 CET", "Dec 1 2020", "160680960012", "2020-12-01T08:00:00.1234567891",
        "-1", "2020-13-01", "2021-02-29", "2020-12-01 24:00", "2020-12-01 08:60", "2020-12-01 08:00+19:00",
        "1969-12-31", "2300-01-01", "٢٠٢٠-١٢-٠١",
    ],
)  # fmt: skip
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_time(text)
    assert text in str(caught.value)
    assert "\n" not in str(caught.value)


def test_format_drops_what_is_zero() -> None:
    assert format_time(EIGHT) == "2020-12-01 08:00"
    assert format_time(EIGHT + 30 * 10**9) == "2020-12-01 08:00:30"
    assert format_time(EIGHT + 1_500_000) == "2020-12-01 08:00:00.0015"


@given(st.integers(0, 2**63 - 1))
def test_format_then_parse_is_the_same_instant(nanos: int) -> None:
    assert parse_time(format_time(nanos)) == nanos


@pytest.mark.parametrize(
    ("text", "nanos"),
    [("1m", 60 * 10**9), ("15m", 900 * 10**9), ("1h", HOUR_NANOS), ("8h", 8 * HOUR_NANOS), ("1d", DAY_NANOS),
     ("1w", 7 * DAY_NANOS)],
)  # fmt: skip
def test_intervals(text: str, nanos: int) -> None:
    assert parse_interval(text) == nanos


@pytest.mark.parametrize("text", ["1M", "0h", "h", "1 hour", "-1h", "1.5h", "60", ""])
def test_intervals_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an interval"):
        parse_interval(text)


@given(st.integers(1, 400 * DAY_NANOS))
def test_interval_names_its_length_exactly(nanos: int) -> None:
    text = format_interval(nanos)
    if not text.endswith("ns"):
        assert parse_interval(text) == nanos
    else:
        assert int(text.removesuffix("ns")) == nanos


def test_interval_names_as_a_trader_says_them() -> None:
    assert [format_interval(hours * HOUR_NANOS) for hours in (1, 7, 8, 24, 25, 48)] == [
        "1h",
        "7h",
        "8h",
        "1d",
        "25h",
        "2d",
    ]
    assert format_interval(-4 * HOUR_NANOS) == "-4h"
