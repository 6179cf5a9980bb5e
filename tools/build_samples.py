"""Rebuild the price and funding sample that ships with the package.

    python tools/build_samples.py ../shared/data

Prices and rates are written as DECIMAL: the source holds floats whose shortest decimal is the venue's
own print, so nothing is rounded; the build stops where that does not hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

TARGET = Path(__file__).parents[1] / "src" / "shortdesk" / "sheets" / "samples"
PRICE = "DECIMAL(9,2)"
RATE = "DECIMAL(9,8)"

# The source's hourly COIN-M file holds three whole-day bars in the place of the hour 00:00, and its daily file
# one day made of two hours. They are left out: a missing bar is reported, a wrong one would be believed.
DAY_IN_AN_HOURS_PLACE = ("2022-12-11 00:00", "2022-12-12 00:00", "2022-12-13 00:00")
DAY_OF_TWO_HOURS = ("2022-11-15 00:00",)

BARS = ("open", "high", "low", "close")
LONG = "binance_btc_funding_basis_2019_2024"
CROSS = "cross_venue_8h_2023_2024/bars.parquet"

# name of the shipped file: source, time column, {our column: source column}, rows to keep
TABLES: dict[str, tuple[str, str, dict[str, str], str]] = {
    "usdm_BTCUSDT_1d": (f"{LONG}/um_BTCUSDT_1d.parquet", "open_utc", {c: c for c in BARS}, "true"),
    "spot_BTCUSDT_1d": (f"{LONG}/spot_BTCUSDT_1d.parquet", "open_utc", {c: c for c in BARS}, "true"),
    "coinm_BTCUSD_PERP_1d": (
        f"{LONG}/cm_BTCUSD_PERP_1d.parquet",
        "open_utc",
        {c: c for c in BARS},
        f"open_utc NOT IN {DAY_OF_TWO_HOURS}",
    ),
    "coinm_BTCUSD_PERP_1h": (
        f"{LONG}/cm_BTCUSD_PERP_1h.parquet",
        "open_utc",
        {c: c for c in BARS},
        f"open_utc NOT IN {DAY_IN_AN_HOURS_PLACE}",
    ),
    "usdm_BTCUSDT_8h": (
        CROSS,
        "bar_open_utc",
        {c: c for c in BARS},
        "exchange = 'binance' AND pair = 'BTCUSDT'",
    ),
    "spot_BTCUSDT_8h": (
        CROSS,
        "bar_open_utc",
        {c: c for c in BARS},
        "exchange = 'binance' AND pair = 'BTC/USDT'",
    ),
    "coinm_BTCUSD_PERP_8h": (
        CROSS,
        "bar_open_utc",
        {c: c for c in BARS},
        "exchange = 'binance' AND pair = 'BTCUSDCM'",
    ),
    "usdm_BTCUSDT_1h_close": (f"{LONG}/basis_hourly.parquet", "hour_open_utc", {"close": "um_close"}, "true"),
    "spot_BTCUSDT_1h_close": (f"{LONG}/basis_hourly.parquet", "hour_open_utc", {"close": "spot_close"}, "true"),
    "usdm_BTCUSDT_funding": (f"{LONG}/funding_um_BTCUSDT.parquet", "funding_utc", {"rate": "rate"}, "true"),
    "coinm_BTCUSD_PERP_funding": (
        f"{LONG}/funding_cm_BTCUSD_PERP.parquet",
        "funding_utc",
        {"rate": "rate"},
        "true",
    ),
}


def build(source: Path) -> None:
    """Write every table of ``TABLES`` from ``source`` and print what was written."""
    connection = duckdb.connect()
    total = 0
    for name, (file, time, columns, keep) in TABLES.items():
        kind = RATE if "rate" in columns else PRICE
        rows = f"read_parquet('{source / file}') WHERE {keep}"
        changed = " + ".join(f"count(*) FILTER ({c}::{kind}::DOUBLE IS DISTINCT FROM {c})" for c in columns.values())
        ((lost, count),) = connection.sql(f"SELECT {changed}, count(*) FROM {rows}").fetchall()
        if lost or not count:
            raise SystemExit(f"{file}: {lost} of {count} values do not fit {kind}; nothing written for {name}")
        when = "funding_utc" if "rate" in columns else "open_utc"
        exact = ", ".join(f"{c}::{kind} AS {name}" for name, c in columns.items())
        path = TARGET / f"{name}.parquet"
        connection.sql(
            f"COPY (SELECT {time} AS {when}, {exact} FROM {rows} ORDER BY {time}) TO '{path}' "
            "(FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 19, ROW_GROUP_SIZE 1000000)"
        )
        total += path.stat().st_size
        print(f"{path.stat().st_size:9,} bytes  {count:7,} rows  {path.name}")
    print(f"{total:9,} bytes in all")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    build(Path(sys.argv[1]))
