"""Small files for the tests of this room, written as a user's would be."""

from __future__ import annotations

import gzip
import zipfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

HOUR = 3600 * 10**9
DAY = 24 * HOUR

# Binance public archive, spot ADABTC 1m, 2021-11-27: first three rows.
ADABTC = """\
1637971200000,0.00002853,0.00002854,0.00002851,0.00002854,36304.20000000,1637971259999,1.03547608,79,19523.00000000,0.55694227,0
1637971260000,0.00002854,0.00002860,0.00002854,0.00002859,89196.60000000,1637971319999,2.54751330,98,59004.20000000,1.68545512,0
1637971320000,0.00002859,0.00002860,0.00002857,0.00002859,26547.30000000,1637971379999,0.75867802,50,5425.90000000,0.15506127,0
"""
KLINE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)

# Binance COIN-M BTCUSD_PERP, four hours of 2021-05-19 (dollars).
BARS_0519 = """\
open_utc,open,high,low,close
2021-05-19 11:00,39409.9,39500.0,36036.0,38651.9
2021-05-19 12:00,38652.0,39168.8,31195.5,33998.2
2021-05-19 13:00,34000.0,36900.0,27244.0,35687.1
2021-05-19 14:00,35687.0,37562.3,33690.1,37478.9
"""


def write(folder: Path, text: str, name: str = "bars.csv") -> Path:
    """A text as .csv, .csv.gz or .zip, by the ending of its name."""
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    elif name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.csv", text)
    else:
        path.write_text(text, encoding="utf-8", newline="")
    return path


def write_parquet(folder: Path, query: str, name: str = "bars.parquet") -> Path:
    """The rows of a query as Parquet."""
    path = folder / name
    duckdb.connect().sql(f"COPY ({query}) TO '{path}' (FORMAT parquet)")
    return path


def csv_of(times: Sequence[object], prices: Sequence[object] | None = None, header: str = "open_time") -> str:
    """Bars that stay near 100, one for each time."""
    rows = []
    for index, time in enumerate(times):
        price = prices[index] if prices else f"100.{index % 7}"
        rows.append(f"{time},{price},{price},{price},{price}")
    return f"{header},open,high,low,close\n" + "\n".join(rows) + "\n"
