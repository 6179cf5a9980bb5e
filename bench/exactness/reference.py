"""The exact answer, written apart from the product: fractions and one bracket after the other.

A short of q coins sold at e, with W behind it, is liquidated at the lowest price P with

    W + (e - P) * q + gains of the others - maintenance of the others  =  q * P * rate - amount

where rate and amount belong to the bracket that holds q * P (Binance's published rule). Every bracket is
tried, the root must lie in the bracket that gave it, and the result is put back into the equation with the
bracket looked up anew.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from exactness.positions import Short

SHEET = Path(__file__).parents[2] / "src/shortdesk/sheets/tiers/binance_usdm_2026-09-29.csv"


class Bracket(NamedTuple):
    """Notional from ``floor`` to ``cap`` maintains notional * rate - amount, all in USDT."""

    floor: Fraction
    cap: Fraction
    rate: Fraction
    amount: Fraction
    leverage: Fraction


def read_brackets(symbols: set[str], sheet: Path = SHEET) -> dict[str, list[Bracket]]:
    """The brackets of some symbols, straight from the sheet's rows."""
    found: dict[str, list[Bracket]] = {symbol: [] for symbol in symbols}
    with sheet.open(newline="", encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        for row in rows:
            if row["symbol"] in found:
                columns = ("floor", "cap", "maintenance_rate", "deduction", "max_leverage")
                found[row["symbol"]].append(Bracket(*(Fraction(row[column]) for column in columns)))
    missing = sorted(symbol for symbol, brackets in found.items() if not brackets)
    if missing:
        raise LookupError(f"{sheet.name} has no brackets for {', '.join(missing)}")
    return found


def maintenance(notional: Fraction, brackets: Sequence[Bracket]) -> Fraction:
    """Maintenance margin of a notional."""
    bracket = next(row for row in brackets if notional <= row.cap)
    return notional * bracket.rate - bracket.amount


def liquidation_price(short: Short, brackets: dict[str, list[Bracket]]) -> Fraction:
    """The exact price of the module's equation."""
    quantity, entry = Fraction(short.quantity), Fraction(short.entry)
    behind = short.collateral
    for other in short.others:
        size, mark = Fraction(other.quantity), Fraction(other.mark)
        behind += size * (Fraction(other.entry) - mark)
        behind -= maintenance(size * mark, brackets[other.symbol])
    own = brackets[short.symbol]
    roots = set()
    for bracket in own:
        price = (behind + bracket.amount + quantity * entry) / (quantity * (1 + bracket.rate))
        if bracket.floor <= quantity * price <= bracket.cap:
            roots.add(price)
    (price,) = roots
    if behind + (entry - price) * quantity != maintenance(quantity * price, own):
        raise AssertionError(f"{short.id}: {price} does not solve the equation")
    return price
