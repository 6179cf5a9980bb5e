"""The traps met in real price files (shared notes/data.md, section 4), each set up small and met in the real data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest
from tests.intake.intake_files import csv_of, write, write_parquet

from shortdesk.ground.errors import InputError
from shortdesk.intake.bars import Bars, read_bars
from shortdesk.intake.clock_offset import clock_offset
from shortdesk.intake.samples import sample_bars
from shortdesk.intake.times import HOUR_NANOS, format_time, parse_time

LONG = "data/binance_btc_funding_basis_2019_2024"
CROSS = "data/cross_venue_8h_2023_2024/bars.parquet"


def messages(bars: Bars) -> dict[str, str]:
    return {finding.kind: finding.message for finding in bars.findings}


def wall_clock(start: str, hours: int, count: int, zone: str) -> list[str]:
    """Times as a wall clock of the zone shows them, one every so many hours."""
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    shown = ((first + timedelta(hours=hours * row)).astimezone(ZoneInfo(zone)) for row in range(count))
    return [moment.strftime("%Y-%m-%d %H:%M") for moment in shown]


# ---- trap 4: local time with summer time ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "start", "hours", "symptom"),
    [
        ("Europe/London", "2021-10-25", 1, "2021-10-31 01:00 stands twice"),
        ("Europe/London", "2021-10-25", 8, "2021-10-31 08:00 comes 7h after the row before"),
        ("Europe/London", "2021-03-25", 8, "2021-03-28 09:00 comes 9h after the row before"),
        ("Europe/Berlin", "2021-10-25", 1, "2021-10-31 02:00 stands twice"),
        ("America/New_York", "2021-11-01", 1, "2021-11-07 01:00 stands twice"),
        ("America/Chicago", "2021-11-01", 4, "comes 3h after the row before"),
        ("Australia/Sydney", "2021-03-30", 1, "2021-04-04 02:00 stands twice"),
    ],
)
def test_local_labels_are_named_and_mended(tmp_path: Path, zone: str, start: str, hours: int, symptom: str) -> None:
    path = write(tmp_path, csv_of(wall_clock(start, hours, 24 * 14 // hours, zone), header="date"))
    with pytest.raises(InputError) as caught:
        read_bars(path)
    assert symptom in str(caught.value)
    advice = str(caught.value).partition("these look like local times with summer time: try the time zone ")[2]
    assert zone in advice.split(" or ")
    bars = read_bars(path, timezone=zone, shift="0h")
    assert bars.open_time_nanos[0] == parse_time(start)
    assert bars.gaps == ()


def test_a_plain_hole_is_not_called_summer_time(tmp_path: Path) -> None:
    hours = [f"2021-03-{day:02d} {hour:02d}:00" for day in (26, 27, 28) for hour in range(24)]
    hours.insert(30, hours[29])
    with pytest.raises(InputError, match=r"stands twice$"):
        read_bars(write(tmp_path, csv_of(hours)))


def test_an_hour_the_zone_skips_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of(["2021-03-28 00:00", "2021-03-28 01:00", "2021-03-28 02:00"]))
    with pytest.raises(InputError, match=r"bars\.csv:3.*this hour does not exist in Europe/London"):
        read_bars(path, timezone="Europe/London")


def test_a_repeated_hour_that_nothing_decides_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of(["2021-10-31 01:00", "2021-10-31 02:00", "2021-10-31 03:00"]))
    with pytest.raises(InputError, match=r"bars\.csv:2.*this hour happens twice in Europe/London"):
        read_bars(path, timezone="Europe/London")


def test_london_labels_in_the_real_set(tmp_path: Path, shared: Path) -> None:
    query = f"FROM '{shared / CROSS}' WHERE exchange = 'binance' AND pair = 'BTCUSDT' ORDER BY label_as_given"
    path = write_parquet(tmp_path, f"SELECT label_as_given AS date, open, high, low, close {query}")
    with pytest.raises(InputError, match=r"2023-03-26 09:00 comes 9h after .* try the time zone Europe/London"):
        read_bars(path)
    bars = read_bars(path, timezone="Europe/London")
    with duckdb.connect() as connection:
        expected = connection.execute(f"SELECT epoch_ns(bar_open_utc) {query}").fetchall()
    assert bars.open_time_nanos.tolist() == [nanos for (nanos,) in expected]


# ---- trap 5: the label is hours after the open ---------------------------------------------------------------------


def test_bars_off_the_usual_grid_are_refused_until_told(tmp_path: Path) -> None:
    path = write(tmp_path, csv_of([f"2023-01-{day:02d} {hour:02d}:00" for day in (1, 2) for hour in (4, 12, 20)]))
    with pytest.raises(InputError) as caught:
        read_bars(path)
    assert "every bar opens 4h after the usual grid of 8h (00:00, 08:00, 16:00 UTC)" in str(caught.value)
    assert read_bars(path, shift="0h").open_time_nanos[0] == parse_time("2023-01-01 04:00")
    assert read_bars(path, shift="-4h").open_time_nanos[0] == parse_time("2023-01-01 00:00")
    assert read_bars(path, shift="4h").open_time_nanos[0] == parse_time("2023-01-01 08:00")


@pytest.mark.parametrize(("venue", "shift_hours"), [("binance", 0), ("bybit", -4), ("okx", -4)])
@pytest.mark.parametrize("pair", ["BTCUSDT", "BTCUSDCM"])
def test_the_four_hour_trap_is_measured(tmp_path: Path, shared: Path, venue: str, shift_hours: int, pair: str) -> None:
    """Labels alone cannot tell it; beside hourly closes of the same coin they can."""
    path = write_parquet(
        tmp_path,
        f"SELECT label_as_given AS date, open, high, low, close FROM '{shared / CROSS}' "
        f"WHERE exchange = '{venue}' AND pair = '{pair}' ORDER BY date",
    )
    reference = sample_bars("BTCUSD_PERP", "2023-01-01", "2024-07-01", interval="1h")
    offset = clock_offset(read_bars(path, timezone="Europe/London"), reference)
    assert offset.shift_nanos == shift_hours * HOUR_NANOS
    assert offset.is_off == (shift_hours != 0)
    assert offset.error_bp < 5.0
    assert ("shifted by -4h" in str(offset)) == offset.is_off
    if (venue, pair) == ("binance", "BTCUSDCM"):
        assert offset.error_bp == 0.0


# ---- trap 6: rows with a later price in them, missing bars ---------------------------------------------------------


def test_a_days_bar_in_an_hours_place_is_found(shared: Path) -> None:
    bars = read_bars(shared / LONG / "cm_BTCUSD_PERP_1h.parquet")
    assert messages(bars)["join"] == (
        "3 bars do not join the next (2022-12-11 00:00, 2022-12-12 00:00, 2022-12-13 00:00): jumps up to 353 bp; "
        "they carry the close and the high of a 1d bar"
    )


def test_gaps_of_the_inverse_perp(shared: Path) -> None:
    """22 of two hours and 9 of about a day or more, as its README counts them."""
    bars = read_bars(shared / LONG / "cm_BTCUSD_PERP_1h.parquet")
    missing = sorted(gap.missing for gap in bars.gaps)
    assert missing == [1] * 22 + [22] + [24] * 6 + [48] * 2
    assert messages(bars)["gaps"] == (
        "31 gaps, 284 bars of 1h missing; longest 2023-11-03 00:00 to 2023-11-05 00:00 (48 missing)"
    )


def test_gaps_are_listed_and_stop_nothing(tmp_path: Path) -> None:
    hours = [f"2021-11-27 {hour:02d}:00" for hour in (0, 1, 2, 5, 6, 8)]
    bars = read_bars(write(tmp_path, csv_of(hours)))
    assert [str(gap) for gap in bars.gaps] == [
        "2021-11-27 03:00 to 2021-11-27 05:00 (2 missing)",
        "2021-11-27 07:00 to 2021-11-27 08:00 (1 missing)",
    ]
    assert messages(bars)["gaps"].startswith("2 gaps, 3 bars of 1h missing; longest 2021-11-27 03:00")
    assert bars.between(0, parse_time("2021-11-27 03:00")).gaps == ()


def test_an_honest_jump_over_a_gap_is_no_broken_join(tmp_path: Path) -> None:
    hours = [*range(6), *range(9, 15)]
    prices = ["100"] * 6 + ["150"] * 6
    bars = read_bars(write(tmp_path, csv_of([f"2021-11-27 {hour:02d}:00" for hour in hours], prices)))
    assert "join" not in messages(bars)


# ---- a market that stood still -------------------------------------------------------------------------------------


def test_the_outage_of_march_2023_is_seen() -> None:
    spot = sample_bars("BTCUSDT", "2023-03-01", "2023-04-01", interval="1h", product="spot")
    assert messages(spot)["stale"] == "the price stood still once; longest 2h from 2023-03-24 11:00 at 28080.00"
    perp = sample_bars("BTCUSDT", "2023-03-01", "2023-04-01", interval="1h")
    assert "stale" not in messages(perp)
    at = spot.open_time_nanos == parse_time("2023-03-24 11:00")
    basis_bp = 1e4 * (perp.close[at] / spot.close[at] - 1)
    assert basis_bp[0] == pytest.approx(-185.8, abs=0.05)


def test_equal_closes_by_chance_are_not_a_stop() -> None:
    """A hundred thousand hours hold a few equal neighbours; eleven of the perp's and two of the spot's are chance."""
    for product in ("usdm", "spot"):
        bars = sample_bars("BTCUSDT", "2021-07-01 01:00", "2024-07-01 01:00", interval="1h", product=product)
        assert (bars.close[1:] == bars.close[:-1]).sum() >= 3
        assert ("stale" in messages(bars)) == (product == "spot")


@pytest.mark.parametrize(
    ("flat", "minutes", "found"), [(3, 60, True), (2, 60, True), (1, 60, False), (20, 1, False), (40, 1, True)]
)
def test_flat_bars_count_from_half_an_hour(tmp_path: Path, flat: int, minutes: int, found: bool) -> None:
    rows = ["open_time,open,high,low,close"]
    for row in range(100):
        price = "100,100,100,100" if 50 <= row < 50 + flat else f"{100 + row % 3},104,98,{100 + (row + 1) % 3}"
        rows.append(f"{1637971200 + 60 * minutes * row},{price}")
    bars = read_bars(write(tmp_path, "\n".join(rows)))
    assert ("stale" in messages(bars)) == found


# ---- traps 7 and 9: what the numbers are in ------------------------------------------------------------------------


def test_contracts_of_the_inverse_perp_are_never_read_as_coins(tmp_path: Path) -> None:
    """COIN-M volume counts contracts of 100 USD; no volume is read, so none can be taken for coins."""
    text = (
        "open_utc,open,high,low,close,volume_contracts_100usd,volume_btc\n"
        "2020-08-11 08:00,11752.2,11780.2,11711.9,11717.7,22443,191.02861558\n"
        "2020-08-11 09:00,11718.9,11772.3,11704.2,11716.2,22293,189.69461078\n"
    )
    bars = read_bars(write(tmp_path, text))
    assert bars.close.tolist() == [117_177, 117_162]
    assert not [name for name in bars.__slots__ if "volume" in name]


def test_dollars_are_not_always_tether() -> None:
    """12 May 2022: the dollar-quoted inverse perp stood 322 bp under the USDT-quoted linear one."""
    coinm = sample_bars("BTCUSD_PERP", "2022-05-12 06:00", "2022-05-12 07:00", interval="1h")
    usdm = sample_bars("BTCUSDT", "2022-05-12 06:00", "2022-05-12 07:00", interval="1h")
    spot = sample_bars("BTCUSDT", "2022-05-12 06:00", "2022-05-12 07:00", interval="1h", product="spot")
    assert 1e4 * (float(coinm.price(coinm.close[0])) / float(spot.price(spot.close[0])) - 1) == pytest.approx(
        -321.6, abs=0.1
    )
    assert float(coinm.price(coinm.close[0])) < 0.98 * float(usdm.price(usdm.close[0]))


def test_every_shared_bar_file_is_read(shared: Path) -> None:
    for name, count in (("cm_BTCUSD_PERP_1d", 1449), ("um_BTCUSDT_1d", 1680), ("spot_BTCUSDT_1d", 2549)):
        assert len(read_bars(shared / LONG / f"{name}.parquet")) == count
    minutes = read_bars(shared / "data/btc_perp_1m_202201/bars_1m.parquet")
    assert (len(minutes), minutes.gaps) == (45_031, ())
    assert format_time(int(minutes.open_time_nanos[minutes.low.argmin()])) == "2022-01-24 13:01"
    assert minutes.price(minutes.low.min()) == 32_837
