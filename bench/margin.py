"""Group ``margin``: who of a million isolated accounts may be liquidated at one mark; prices for all symbols.

The reference is what a careful numpy user writes on floats: notional, ``searchsorted`` for the bracket,
notional * rate - amount, compared with wallet plus profit. Ours is ``liquidatable_sweep`` on exact integers,
its bound checks included. Both are timed in one process and must flag the same accounts.

Beside it stands the one compiled call that gives liquidation prices for every symbol at ten leverages, against
the desk asked for one position after the other.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from harness import Section, cpu_seconds, times
from numpy.typing import NDArray
from prices import prices_section

from shortdesk.ground.instrument import Form
from shortdesk.ground.tiers import TierRow, read_tiers
from shortdesk.ground.venue import load_venue
from shortdesk.margin.contract import Scale, contract_of
from shortdesk.margin.sweep import SweepSchedule, liquidatable_sweep, maintenance_sweep, sweep_schedule

DESCRIPTION = "sweep of a million accounts against numpy searchsorted; prices for all symbols in one call"

DAY = date(2026, 9, 29)
SEED = 20261129
AIM, FLOOR = 6.0, 2.0
TICK, LOT, UNIT = Fraction(1, 100), Fraction(1, 10_000), Fraction(1, 1_000_000)
SHARED = Path(__file__).parents[2] / "shared" / "bench" / "workloads.py"


class Book(NamedTuple):
    """A book of accounts: lots of 10^-4 coins, entry in 10^-2, wallet in 10^-2 quote units; one mark in ticks."""

    name: str
    tiers: tuple[TierRow, ...]
    lots: NDArray[np.int64]
    entry: NDArray[np.int64]
    wallet: NDArray[np.int64]
    mark: int


def made_book(name: str, count: int, tiers: tuple[TierRow, ...], size: NDArray[np.float64]) -> Book:
    """Accounts with the given worth in quote units: 55 % short, entries within 20 % of 100, leverage 2 to 125."""
    rng = np.random.Generator(np.random.PCG64(SEED + 1))
    lots = size.astype(np.int64) * 100 + 1
    entry = (10_000 * np.exp(rng.uniform(-0.2, 0.2, count))).astype(np.int64)
    wallet = (lots * entry / 1e4 / np.exp(rng.uniform(np.log(2), np.log(125), count))).astype(np.int64) + 1
    return Book(name, tiers, np.where(rng.random(count) < 0.55, -lots, lots), entry, wallet, 11_200)


def books(count: int) -> list[Book]:
    """Small accounts, accounts of all sizes, and the shared workload where it lies beside the project."""
    rng = np.random.Generator(np.random.PCG64(SEED))
    tiers = read_tiers("binance_usdm_2026-09-29.csv", "BTCUSDT", continuous=True)
    made = [
        made_book("BTCUSDT, mostly small", count, tiers, np.exp(rng.normal(6.0, 2.0, count))),
        made_book("BTCUSDT, all brackets", count, tiers, np.exp(rng.uniform(3.0, 20.0, count))),
    ]
    if SHARED.is_file():
        made.append(shared_book(count))
    return made


def shared_book(count: int) -> Book:
    """The accounts and ten brackets of ``../shared/bench/workloads.py``."""
    found = importlib.util.spec_from_file_location("shared_workloads", SHARED)
    if found is None or found.loader is None:
        raise ImportError(f"{SHARED.name} cannot be read as Python")
    workloads: Any = importlib.util.module_from_spec(found)
    found.loader.exec_module(workloads)
    accounts = workloads.accounts(count)
    floors = [Fraction(int(floor)) for floor in workloads.BRACKET_FLOOR]
    rates = [Fraction(round(rate * 10_000), 10_000) for rate in workloads.BRACKET_MMR]
    amounts = [Fraction(0)]
    for i in range(1, len(floors)):
        amounts.append(amounts[-1] + floors[i] * (rates[i] - rates[i - 1]))
    caps: Sequence[Fraction | None] = [*floors[1:], None]
    tiers = tuple(
        TierRow(floor, cap, rate, amount, Fraction(1), Fraction(1))
        for floor, cap, rate, amount in zip(floors, caps, rates, amounts, strict=True)
    )
    return Book("shared accounts()", tiers, accounts["qty"], accounts["entry"], accounts["wallet"], 11_200)


def exact_schedule(book: Book) -> tuple[SweepSchedule, int]:
    """The sweep's schedule in units of 10^-6, and what one lot is worth at the mark."""
    rules = load_venue("binance_usdm").product[0].margin_at(DAY, "isolated")
    contract = contract_of(Form.LINEAR, book.tiers, rules, scale=Scale(TICK, LOT, UNIT))
    return sweep_schedule(contract.form, contract.terms, contract.tiers), book.mark * contract.factor


def measure(quick: bool) -> list[Section]:
    """The sweep and the prices."""
    return [sweep_section(quick), prices_section(quick)]


def sweep_section(quick: bool) -> Section:
    """Rates of numpy and ours on each book."""
    count = 100_000 if quick else 1_000_000
    repetitions = 3 if quick else 7
    section = Section(
        f"Maintenance sweep, {count:,} isolated accounts",
        ("accounts", "numpy M/s", "ours: flags M/s", "ratio", "ours: margins M/s", "ratio", "flags"),
    )
    worst = float("inf")
    for book in books(count):
        row, ratio = measured_row(book, repetitions)
        section.rows.append(row)
        worst = min(worst, ratio)
    verdict = "reached" if worst >= AIM else "not reached" if worst >= FLOOR else "BELOW THE FLOOR"
    section.notes = [
        "numpy: float64, searchsorted, notional * rate - amount. Ours: int64, exact, bounds checked on every call.",
        "within a unit: told apart only by our margin being rounded up to a whole unit of 10^-6; checked in fractions.",
        f"lowest ratio {worst:.1f}; aim {AIM:g} {verdict}, floor {FLOOR:g}.",
    ]
    if not SHARED.is_file():
        section.notes.append("../shared/bench is not there, so its accounts() were not swept.")
    return section


def measured_row(book: Book, repetitions: int) -> tuple[list[str], float]:
    """One row of the table and the ratio of the flags."""
    count = len(book.lots)
    size, price, wallet = book.lots / 1e4, book.entry / 1e2, book.wallet / 1e2
    floors = np.array([float(tier.floor) for tier in book.tiers])
    rates = np.array([float(tier.maintenance_rate) for tier in book.tiers])
    amounts = np.array([float(tier.deduction) for tier in book.tiers])
    mark = book.mark / 1e2

    def with_numpy() -> NDArray[np.bool_]:
        notional = np.abs(size) * mark
        bracket = np.searchsorted(floors, notional, side="right") - 1
        flags: NDArray[np.bool_] = wallet + size * (mark - price) <= notional * rates[bracket] - amounts[bracket]
        return flags

    schedule, worth_per_lot = exact_schedule(book)
    entered = np.abs(book.lots) * book.entry
    wallet_units = book.wallet * 10_000
    theirs = with_numpy()
    ours = liquidatable_sweep(book.lots, entered, wallet_units, worth_per_lot, schedule)
    differing = np.flatnonzero(theirs != ours)
    for index in differing:
        check_by_hand(book, int(index), bool(ours[index]))

    reference = cpu_seconds(with_numpy, repetitions)
    flags = cpu_seconds(
        lambda: liquidatable_sweep(book.lots, entered, wallet_units, worth_per_lot, schedule), repetitions
    )
    margins = cpu_seconds(lambda: maintenance_sweep(book.lots, worth_per_lot, schedule), repetitions)
    agree = f"{int(ours.sum()):,}, " + (f"{len(differing)} within a unit" if len(differing) else "equal")
    rates_shown = [f"{count / seconds / 1e6:,.0f}" for seconds in (reference, flags, margins)]
    row = [
        book.name,
        rates_shown[0],
        rates_shown[1],
        times(reference, flags),
        rates_shown[2],
        times(reference, margins),
        agree,
    ]
    return row, reference / flags


def check_by_hand(book: Book, index: int, flag: bool) -> None:
    """One account in fractions, where floats and the sweep disagree: the rule must say what the sweep says.

    The rule rounds maintenance up to a whole unit, so such accounts stand within a unit of their margin.
    """
    size, mark = int(book.lots[index]) * LOT, book.mark * TICK
    notional = abs(size) * mark
    tier = next(row for row in book.tiers if row.cap is None or notional <= row.cap)
    maintenance = notional * tier.maintenance_rate - tier.deduction
    equity = int(book.wallet[index]) * TICK + size * (mark - int(book.entry[index]) * TICK)
    rounded = ceil(maintenance / UNIT) * UNIT
    if flag is not (equity <= rounded) or abs(equity - maintenance) > UNIT:
        raise AssertionError(f"{book.name}: the sweep is wrong about account {index}")
