"""Write the grids of the sheets (tick, lot, contract size) from dated instrument lists and from rows seen elsewhere.

Usage: python tools/build_instruments.py ../shared/data/venue_instruments_snapshots

Each list is gzipped JSON as the venue's public endpoint answered: ``endpoint, received_utc, body``.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

HEADER = "symbol,since,tick,lot,contract_size,smallest,source\n"
FOLDER = Path(__file__).parents[1] / "src" / "shortdesk" / "sheets" / "instruments"


class Row(NamedTuple):
    symbol: str
    since: str
    tick: str
    lot: str
    contract_size: str
    smallest: str
    source: str


BOOK_2024 = "grid of all prices and sizes in five minutes of full depth"
RESPONSE = "instrument response in a public test fixture"
TIERS_2026 = "steps of the bounds in a position-tiers response; tick and contract size of the older list"
POSITIONS = "sizes of positions in venue responses; the tick follows from the venue's rule of digits"

SEEN: dict[str, tuple[Row, ...]] = {
    "binance_usdm.csv": (
        Row("BTCUSDT", "2024-08-08", "0.1", "0.001", "1", "0.001", BOOK_2024),
        Row("ETHUSDT", "2024-08-08", "0.01", "0.001", "1", "0.001", BOOK_2024),
    ),
    "binance_coinm.csv": (
        Row("BTCUSD_PERP", "2024-08-08", "0.1", "1", "100", "1", BOOK_2024),
        Row("ETHUSD_PERP", "2024-08-08", "0.01", "1", "10", "1", BOOK_2024),
    ),
    "binance_margin.csv": (
        Row("BTCUSDT", "2024-08-08", "0.01", "0.000001", "1", "0.000001", BOOK_2024),
        Row("ETHUSDT", "2024-08-08", "0.01", "0.0001", "1", "0.0001", BOOK_2024),
    ),
    "okx_swap.csv": (
        Row("BTC-USDT-SWAP", "2025-12-29", "0.1", "0.01", "0.01", "0.01", RESPONSE),
        Row("ETH-USDT-SWAP", "2026-05-28", "0.01", "0.01", "0.1", "0.01", TIERS_2026),
        Row("DOGE-USDT-SWAP", "2026-05-28", "0.000001", "0.01", "1000", "0.01", TIERS_2026),
        Row("BTC-USD-SWAP", "2025-12-29", "0.1", "0.1", "100", "0.1", RESPONSE),
    ),
    "bybit_linear.csv": (
        Row("BTCUSDT", "2023-10-02", "0.1", "0.001", "1", "0.001", RESPONSE),
        Row("ETHUSDT", "2022-11-01", "0.05", "0.01", "1", "0.01", "tick of a position response of 2022; lot not seen"),
    ),
    "bybit_inverse.csv": (
        Row("BTCUSD", "2023-11-14", "0.5", "1", "1", "1", RESPONSE),
        Row("ETHUSD", "2023-01-01", "0.05", "1", "1", "1", "tick of a position response of 2023"),
    ),
    "bybit_spot.csv": (Row("BTCUSDT", "2026-09-17", "0.1", "0.000001", "1", "0.000001", RESPONSE),),
    "deribit.csv": (Row("BTC-PERPETUAL", "2018-08-13", "0.5", "1", "10", "1", RESPONSE),),
    "hyperliquid.csv": (
        Row("BTC", "2024-10-01", "", "0.00001", "1", "0.00001", "szDecimals of a meta response"),
        Row("ETH", "2024-10-01", "", "0.0001", "1", "0.0001", "szDecimals of a meta response"),
        Row("ATOM", "2024-10-01", "", "0.01", "1", "0.01", "szDecimals of a meta response"),
        Row("SOL", "2024-10-01", "", "0.01", "1", "0.01", POSITIONS),
        Row("DOGE", "2024-10-01", "", "1", "1", "1", POSITIONS),
    ),
    "dydx_v4.csv": (
        Row("BTC-USD", "2025-12-08", "1", "0.0001", "1", "0.0001", RESPONSE),
        Row("ETH-USD", "2025-12-08", "0.1", "0.001", "1", "0.001", RESPONSE),
        Row("SOL-USD", "2025-12-08", "0.01", "0.1", "1", "0.1", RESPONSE),
    ),
}


def text(value: Any) -> str:
    """Digits without exponent and without trailing zeros."""
    return format(Decimal(str(value)).normalize(), "f")


def filters(entry: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {item["filterType"]: item for item in entry["filters"]}


def binance(body: dict[str, Any], day: str) -> Iterator[Row]:
    for entry in body["symbols"]:
        if entry["contractType"] == "PERPETUAL":
            tick = filters(entry)["PRICE_FILTER"]["tickSize"]
            size = filters(entry)["LOT_SIZE"]
            worth = text(entry.get("contractSize", 1))
            yield Row(
                entry["symbol"], day, text(tick), text(size["stepSize"]), worth, text(size["minQty"]), "exchangeInfo"
            )


def okx(body: dict[str, Any], day: str) -> Iterator[Row]:
    for entry in body["data"]:
        worth = text(Decimal(entry["ctVal"]) * Decimal(entry["ctMult"]))
        yield Row(
            entry["instId"],
            day,
            text(entry["tickSz"]),
            text(entry["lotSz"]),
            worth,
            text(entry["minSz"]),
            "instruments",
        )


def bitmex(body: list[dict[str, Any]], day: str) -> Iterator[Row]:
    for entry in body:
        if entry["isInverse"] and entry["typ"] == "FFWCSX":
            lot = text(entry["lotSize"])
            yield Row(entry["symbol"], day, text(entry["tickSize"]), lot, "1", lot, "instrument/active")


def dydx(body: dict[str, Any], day: str) -> Iterator[Row]:
    for symbol, entry in body["markets"].items():
        source = "older protocol (v3) markets"
        yield Row(
            symbol, day, text(entry["tickSize"]), text(entry["stepSize"]), "1", text(entry["minOrderSize"]), source
        )


LISTS = (
    ("binance_futures_20210722", "binance_usdm.csv", binance),
    ("binance_delivery_20210722", "binance_coinm.csv", binance),
    ("okx_20220513", "okx_swap.csv", okx),
    ("bitmex_20210722", "bitmex.csv", bitmex),
    ("dydx_20211028", "dydx_v4.csv", dydx),
)


def main(source: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: dict[str, list[Row]] = {}
    for name, target, read in LISTS:
        answer = json.loads(gzip.decompress((source / f"{name}.json.gz").read_bytes()))
        rows.setdefault(target, []).extend(read(answer["body"], answer["received_utc"][:10]))
    for target, seen in SEEN.items():
        rows.setdefault(target, []).extend(seen)
    for target, found in sorted(rows.items()):
        found.sort(key=lambda row: (row.symbol, row.since))
        (FOLDER / target).write_text(HEADER + "".join(",".join(row) + "\n" for row in found))
        print(f"{target}: {len({row.symbol for row in found})} symbols, {len(found)} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
