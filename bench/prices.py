"""Part of group ``margin``: liquidation prices of every symbol at ten leverages, in one compiled call.

The reference is the desk, asked for one position after the other in plain Python; both run the same rules.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from harness import Section, cpu_seconds, times
from numpy.typing import NDArray

from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import walk_tables
from shortdesk.ground.venue import load_venue
from shortdesk.margin import desk
from shortdesk.margin.contract import Contract, Scale, contract_of
from shortdesk.margin.tables import contract_tables, liquidation_prices

DAY = date(2026, 9, 29)
PRICE_SCALE = Scale(Fraction(1, 10_000), Fraction(1, 10_000), Fraction(1, 10**8))
ENTRY, COINS = 100, 100
LEVERAGES = (1, 2, 3, 4, 5, 8, 10, 15, 20, 25)


class Batch(NamedTuple):
    """Shorts of one notional in every symbol at ten leverages, held down to what the symbol allows."""

    contracts: list[Contract]
    which: NDArray[np.int64]
    lots: NDArray[np.int64]
    entry: NDArray[np.int64]
    leverage_x100: NDArray[np.int64]


def every_symbol() -> Batch:
    """10,000 quote units sold short at 100 in each of the symbols of 2026-09-29."""
    rules = load_venue("binance_usdm").product[0].margin_at(DAY, "isolated")
    contracts = []
    leverages = []
    for _, rows in walk_tables("binance_usdm_2026-09-29.csv", continuous=True):
        contracts.append(contract_of(Form.LINEAR, rows, rules, scale=PRICE_SCALE))
        most = next(row.max_leverage for row in rows if row.cap is None or row.cap >= ENTRY * COINS)
        leverages += [min(leverage, int(most)) * 100 for leverage in LEVERAGES]
    count = len(leverages)
    return Batch(
        contracts,
        np.repeat(np.arange(len(contracts)), len(LEVERAGES)),
        np.full(count, -COINS * 10_000),
        np.full(count, ENTRY * 10_000),
        np.array(leverages, np.int64),
    )


def prices_section(quick: bool) -> Section:
    """One compiled call for the whole batch against the desk on some of it, in prices per second."""
    batch = every_symbol()
    tables = contract_tables(batch.contracts)
    count = len(batch.which)

    def in_one_call() -> NDArray[np.int64]:
        return liquidation_prices(tables, batch.which, batch.lots, batch.entry, batch.leverage_x100)

    asked = range(0, count, count // (50 if quick else 200))

    def one_by_one() -> list[Fraction]:
        return [desk_price(batch, index) for index in asked]

    for index, price in zip(asked, one_by_one(), strict=True):
        ticks = int(in_one_call()[index])
        if abs(ticks * PRICE_SCALE.tick - price) > PRICE_SCALE.tick:
            raise AssertionError(f"row {index}: {ticks} ticks in one call, {float(price)} at the desk")
    compiled = cpu_seconds(in_one_call, 3 if quick else 7)
    plain = cpu_seconds(one_by_one, 3) / len(asked)
    ratio = times(plain, compiled / count)
    section = Section(
        f"Liquidation prices, {len(batch.contracts)} symbols at {len(LEVERAGES)} leverages",
        ("how", "prices", "ms", "prices per second", "ratio"),
    )
    section.rows = [
        ("desk, one by one", f"{len(asked):,}", f"{plain * len(asked) * 1e3:.1f}", f"{1 / plain:,.0f}", "1"),
        ("one compiled call", f"{count:,}", f"{compiled * 1e3:.1f}", f"{count / compiled:,.0f}", ratio),
    ]
    section.notes = [
        "the same rules twice: by the desk on its fine scale, contract built for each price; and compiled on ticks.",
        f"The {len(asked)} prices asked of both agree to one tick of 10^-4.",
    ]
    return section


def desk_price(batch: Batch, index: int) -> Fraction:
    """The desk's own price of one row of the batch, on its fine scale."""
    rows = batch.contracts[batch.which[index]].rows
    rules = load_venue("binance_usdm").product[0].margin_at(DAY, "isolated")
    contract = contract_of(Form.LINEAR, rows, rules)
    leverage = Fraction(int(batch.leverage_x100[index]), 100)
    position = desk.opened(contract, "short", COINS, ENTRY)
    price = desk.liquidation_price(contract, position, Fraction(COINS * ENTRY) / leverage, leverage=leverage)
    if price is None:
        raise AssertionError(f"row {index}: the desk has no price")
    return Fraction(price)
