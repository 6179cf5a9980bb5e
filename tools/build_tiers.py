"""Write the tier tables of the sheets from the dated bracket lists kept beside the project.

Usage: python tools/build_tiers.py ../shared/data/tiers

Each list is JSON with ``tiers: {symbol: rows}``; the columns are named in the list itself. The small tables of
the sheets that no such list holds (Binance 2020, Bybit 2026-09, OKX 2026-05 and others) were written by hand from
the sources that their venue's sheet names.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

HEADER = "symbol,floor,cap,maintenance_rate,deduction,initial_rate,max_leverage\n"
FOLDER = Path(__file__).parents[1] / "src" / "shortdesk" / "sheets" / "tiers"

Row = tuple[str, list[Decimal | None]]


def text(value: Decimal | None) -> str:
    """Digits without exponent; empty for none."""
    return "" if value is None else format(value.normalize(), "f")


def binance_symbol(unified: str) -> str:
    """``BTC/USDT:USDT-261225`` as the venue writes it: ``BTCUSDT_261225``."""
    pair, _, settled = unified.partition(":")
    expiry = settled.partition("-")[2]
    return pair.replace("/", "") + (f"_{expiry}" if expiry else "")


def notional_rows(symbol: str, row: list[Decimal | None]) -> str:
    floor, cap, rate, amount, leverage = row
    return f"{symbol},{text(floor)},{text(cap)},{text(rate)},{text(amount)},,{text(leverage)}\n"


def coin_rows(symbol: str, row: list[Decimal | None]) -> str:
    # The stored brackets carry no leverage; the venue's published ladder has floor(1 / (2 * rate)) on every row.
    floor, cap, rate, amount = row
    assert rate is not None
    leverage = 1 / (2 * rate)
    return f"{symbol},{text(floor)},{text(cap)},{text(rate)},{text(amount)},,{int(leverage)}\n"


def bybit_rows(symbol: str, row: list[Decimal | None]) -> str:
    floor, cap, rate, amount, initial = row
    return f"{symbol},{text(floor)},{text(cap)},{text(rate)},{text(amount)},{text(initial)},\n"


def hyperliquid_rows(symbol: str, row: list[Decimal | None]) -> str:
    floor, cap, leverage, _, _ = row
    assert leverage is not None
    return f"{symbol},{text(floor)},{text(cap)},1/{text(2 * leverage)},,,{text(leverage)}\n"


def okx_rows(symbol: str, row: list[Decimal | None]) -> str:
    # Bounds are printed as inclusive integers: "2001 to 4000" begins above 2000.
    low, high, rate, leverage = row
    assert low is not None
    return f"{symbol},{text(max(low - 1, Decimal(0)))},{text(high)},{text(rate)},,,{text(leverage)}\n"


class Table(NamedTuple):
    """One CSV to write: from which list, in which symbols, by which row; ``only`` picks symbols of one day."""

    source: str
    target: str
    symbol_of: Callable[[str], str]
    write: Callable[[str, list[Decimal | None]], str]
    only: tuple[str, ...] = ()


TABLES = (
    Table("binance_usdm_2024-10.json", "binance_usdm_2024-10.csv", binance_symbol, notional_rows),
    Table("binance_usdm_2026-09.json", "binance_usdm_2026-09-29.csv", binance_symbol, notional_rows),
    Table("binance_coinm_btcusd.json", "binance_coinm_2024.csv", str, coin_rows),
    Table("bybit_linear_2026-02.json", "bybit_linear_2026-02-27.csv", str, bybit_rows),
    Table("hyperliquid_2026.json", "hyperliquid_2025.csv", str, hyperliquid_rows),
    Table("okx_samples.json", "okx_swap_2022.csv", str, okx_rows, ("ETH-USDT-SWAP",)),
    Table("okx_samples.json", "okx_swap_2025-07-05.csv", str, okx_rows, ("TIA-USDT-SWAP",)),
)


def lines_of(content: dict[str, dict[str, list[list[Decimal | None]]]], table: Table) -> Iterator[str]:
    yield HEADER
    for symbol, rows in content["tiers"].items():
        if not table.only or symbol in table.only:
            for row in rows:
                yield table.write(table.symbol_of(symbol), row)


def main(source: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for table in TABLES:
        content = json.loads((source / table.source).read_text(), parse_float=Decimal, parse_int=Decimal)
        lines = list(lines_of(content, table))
        (FOLDER / table.target).write_text("".join(lines))
        print(f"{table.target}: {len({line.split(',')[0] for line in lines[1:]})} symbols, {len(lines) - 1} rows")


if __name__ == "__main__":
    if len(sys.argv) != 2 or not re.search("tiers", sys.argv[1]):
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
