"""Funding histories: formats, the clock, the unit of the rates."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.intake.intake_files import write, write_parquet
from tests.intake.test_traps import wall_clock

from shortdesk.ground.errors import InputError
from shortdesk.intake.funding import FundingHistory, read_funding
from shortdesk.intake.times import HOUR_NANOS, format_time, parse_time

MAY_11 = parse_time("2022-05-11")


def funding_csv(times: list[object], rates: list[object] | None = None, header: str = "time,rate") -> str:
    rows = [f"{time},{rates[row] if rates else '0.0001'}" for row, time in enumerate(times)]
    return header + "\n" + "\n".join(rows) + "\n"


def eight_hourly(count: int, start: str = "2022-05-11") -> list[object]:
    return [format_time(parse_time(start) + 8 * HOUR_NANOS * row) for row in range(count)]


def messages(history: FundingHistory) -> dict[str, str]:
    return {finding.kind: finding.message for finding in history.findings}


def refusal(path: Path, **options: str) -> str:
    with pytest.raises(InputError) as caught:
        read_funding(path, **options)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(f"{path.parent}/")


# Binance public archive, form of BTCUSDT-fundingRate-2022-05: milliseconds that run a little late.
ARCHIVE = """\
calc_time,funding_interval_hours,last_funding_rate
1652227200003,8,0.00006132
1652256000000,8,-0.00012855
1652284800017,8,-0.00024009
"""


@pytest.mark.parametrize("name", ["f.csv", "f.csv.gz", "f.zip"])
@pytest.mark.parametrize("header", [True, False])
def test_binance_archive(tmp_path: Path, name: str, header: bool) -> None:
    text = ARCHIVE if header else ARCHIVE.partition("\n")[2]
    history = read_funding(write(tmp_path, text, name))
    assert history.time_nanos.tolist() == [MAY_11 + 8 * HOUR_NANOS * row for row in range(3)]
    assert history.rate_decimals == 8
    assert history.rate.tolist() == [6132, -12855, -24009]
    assert history.interval_nanos.tolist() == [8 * HOUR_NANOS] * 3
    assert history.jitter_nanos == 17_000_000
    assert messages(history)["jitter"] == "recorded up to 17ms off the full hour; set to it"
    assert history.fraction(history.rate[1]) == Decimal("-0.00012855")


@pytest.mark.parametrize("header", ["time,rate", "funding_utc,rate", "timestamp,fundingRate", "Date,Funding_Rate"])
def test_names_of_plain_files(tmp_path: Path, header: str) -> None:
    history = read_funding(write(tmp_path, funding_csv(eight_hourly(4), ["0.0001", "1e-4", "-0.00001", "0"], header)))
    assert history.rate.tolist() == [10_000, 10_000, -1_000, 0]
    assert history.findings == ()


def test_rates_finer_than_1e_8_keep_their_decimals(tmp_path: Path) -> None:
    history = read_funding(write(tmp_path, funding_csv(eight_hourly(2), ["0.0014456930262915", "0.0001"])))
    assert history.rate_decimals == 16
    assert history.fraction(history.rate[0]) == Decimal("0.0014456930262915")


def test_floats_are_taken_by_their_shortest_decimal_and_said(tmp_path: Path) -> None:
    time = "TIMESTAMP '2022-05-11' + i * INTERVAL 8 HOUR"
    query = f"SELECT {time} AS funding_utc, 4.014e-05::DOUBLE AS rate FROM range(3) t(i)"
    history = read_funding(write_parquet(tmp_path, query))
    assert (history.rate.tolist(), history.rate_decimals) == ([4014] * 3, 8)
    assert "floats" in messages(history)


def test_one_row_needs_its_hours(tmp_path: Path) -> None:
    assert "give funding_interval_hours" in refusal(write(tmp_path, funding_csv(eight_hourly(1))))
    history = read_funding(write(tmp_path, ARCHIVE.rsplit("\n", 3)[0] + "\n"))
    assert (len(history), history.interval_nanos.tolist()) == (1, [8 * HOUR_NANOS])


def test_a_change_from_eight_to_four_hours_is_followed(tmp_path: Path) -> None:
    hours = [0, 8, 16, 24, 28, 32, 36]
    times = [format_time(MAY_11 + hour * HOUR_NANOS) for hour in hours]
    history = read_funding(write(tmp_path, funding_csv(times)))
    assert [nanos // HOUR_NANOS for nanos in history.interval_nanos] == [8, 8, 8, 8, 4, 4, 4]
    assert history.gaps == ()


@pytest.mark.parametrize(("lost", "longest", "missing"), [((3,), 1, 1), ((3, 4), 2, 2), ((2, 5, 6, 7), 3, 4)])
def test_missing_payments_are_gaps_and_not_longer_intervals(
    tmp_path: Path, lost: tuple[int, ...], longest: int, missing: int
) -> None:
    times = [time for row, time in enumerate(eight_hourly(14)) if row not in lost]
    history = read_funding(write(tmp_path, funding_csv(times)))
    assert set(history.interval_nanos.tolist()) == {8 * HOUR_NANOS}
    assert max(gap.missing for gap in history.gaps) == longest
    assert messages(history)["gaps"].partition(", ")[2].startswith(f"{missing} payment")


def test_missing_payments_where_the_file_states_the_hours(tmp_path: Path) -> None:
    rows = [(0, 8), (8, 8), (24, 8), (28, 4), (32, 4)]
    text = "calc_time,funding_interval_hours,last_funding_rate\n" + "".join(
        f"{(MAY_11 + hour * HOUR_NANOS) // 10**6},{covers},0.0001\n" for hour, covers in rows
    )
    history = read_funding(write(tmp_path, text))
    assert [str(gap) for gap in history.gaps] == ["2022-05-11 16:00 to 2022-05-12 00:00 (1 missing)"]


@pytest.mark.parametrize(
    ("zone", "start", "step"),
    [
        ("Europe/London", "2021-10-20", "7h"),
        ("Europe/London", "2021-03-20", "9h"),
        ("America/New_York", "2021-11-01", "7h"),
    ],
)
def test_seven_and_nine_hour_steps_are_summer_time(tmp_path: Path, zone: str, start: str, step: str) -> None:
    """notes/data.md section 4, trap 4: labels in London local time; after conversion every step is eight hours."""
    path = write(tmp_path, funding_csv(list(wall_clock(start, 8, 60, zone))))
    message = refusal(path)
    assert f"comes {step} after the payment before" in message
    assert zone in message.partition("try the time zone ")[2].split(" or ")
    history = read_funding(path, timezone=zone)
    assert history.time_nanos[0] == parse_time(start)
    assert set(history.interval_nanos.tolist()) == {8 * HOUR_NANOS}
    assert history.gaps == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-05-11 16:30,0.0001", "f.csv:4, field 'time': '2022-05-11 16:30': funding falls on a full hour"),
        ("2022-05-11 08:00:20,0.0001", "f.csv:4, field 'time': 2022-05-11 08:00 is paid twice"),
        ("2022-05-11 08:00,0.0001", "f.csv:4, field 'time': 2022-05-11 08:00 stands twice"),
        ("2022-05-10 16:00,0.0001", "f.csv:4, field 'time': the time goes back from 2022-05-11 08:00"),
        ("2022-05-11 16:00,0.01%", "f.csv:4, field 'rate': expected a number, got '0.01%'"),
        ("2022-05-11 16:00,", "f.csv:4, field 'rate': expected a number, got nothing"),
        ("2022-05-11 16:00,1.5", "f.csv:4, field 'rate': '1.5': a rate of the whole notional or more"),
        ("2022-05-11 16:00,-1", "f.csv:4, field 'rate': '-1': a rate of the whole notional or more"),
        ("2022-05-11 15:00,0.0001", "f.csv:4, field 'time': 2022-05-11 15:00 comes 7h after the payment before"),
    ],
)  # fmt: skip
def test_a_wrong_row(tmp_path: Path, text: str, expected: str) -> None:
    lines = funding_csv(eight_hourly(8)).splitlines()
    lines[3] = text
    assert refusal(write(tmp_path, "\n".join(lines), "f.csv")).startswith(expected)


@pytest.mark.parametrize("hours", ["0", "-8", "2.5", "48", "eight"])
def test_stated_hours_must_be_whole_and_few(tmp_path: Path, hours: str) -> None:
    message = refusal(write(tmp_path, ARCHIVE.replace(",8,-0.00012855", f",{hours},-0.00012855"), "f.csv"))
    assert message.startswith("f.csv:3, field 'funding_interval_hours'")


def test_percent_is_refused_until_told(tmp_path: Path) -> None:
    path = write(tmp_path, funding_csv(eight_hourly(6), ["0.01", "0.0125", "-0.0034", "0.01", "0.01", "-0.3"]))
    assert "looks like percent; expected fractions such as 0.0001" in refusal(path)
    history = read_funding(path, unit="percent")
    assert history.fraction(history.rate[-1]) == Decimal("-0.003")
    assert read_funding(path, unit="fraction").fraction(history.rate[0]) > 0


def test_missing_columns(tmp_path: Path) -> None:
    message = refusal(write(tmp_path, funding_csv(eight_hourly(3), header="time,fundingrat")))
    assert "column 'rate' is missing" in message
    assert "the file has time, fundingrat" in message


def test_between_leaves_out_the_payment_at_the_start(tmp_path: Path) -> None:
    """Who opens at the funding instant was not there for it; who closes at one was."""
    history = read_funding(write(tmp_path, funding_csv(eight_hourly(6))))
    cut = history.between(parse_time("2022-05-11 08:00"), parse_time("2022-05-12 00:00"))
    assert [format_time(int(time)) for time in cut.time_nanos] == ["2022-05-11 16:00", "2022-05-12 00:00"]
