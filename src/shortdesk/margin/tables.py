"""The margin room's tables for kernels, and liquidation prices for many positions in one compiled call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import InputError
from shortdesk.ground.instrument import Form
from shortdesk.margin.contract import Contract
from shortdesk.margin.position import FLAT, after_fill, entry_value
from shortdesk.margin.requirement import NO_CAP, Terms, Tier, initial_margin
from shortdesk.margin.solve import liquidation_ticks

__all__ = ["CONTRACT", "TERMS", "TIER", "ContractTables", "contract_tables", "liquidation_prices"]

_LARGEST = (1 << 63) - 1

TIER = np.dtype((np.record, [(name, np.int64) for name in Tier._fields]))
"""One tier; the fields of ``Tier``."""

TERMS = np.dtype((np.record, [(name, np.int64) for name in Terms._fields]))
"""One instrument's terms; the fields of ``Terms``."""

CONTRACT = np.dtype((np.record, [(name, np.int64) for name in ("form", "factor", "first_tier", "tier_count")]))
"""Where an instrument's form, factor and tiers stand."""


class ContractTables(NamedTuple):
    """Contracts as kernels read them: row i of ``contracts`` and of ``terms`` belongs to the i-th contract."""

    contracts: NDArray[Any]
    terms: NDArray[Any]
    tiers: NDArray[Any]


def contract_tables(contracts: Iterable[Contract]) -> ContractTables:
    """Contracts of one or many instruments as record arrays.

    Raises:
        InputError: a number does not fit 63 bits, so the scale is too fine for a kernel.
    """
    heads: list[tuple[int, ...]] = []
    terms: list[tuple[int, ...]] = []
    tiers: list[tuple[int, ...]] = []
    for contract in contracts:
        heads.append((int(contract.form), contract.factor, len(tiers), len(contract.tiers)))
        terms.append(tuple(int(value) for value in contract.terms))
        tiers.extend(tuple(tier._replace(cap=min(tier.cap, NO_CAP))) for tier in contract.tiers)
    for row in (*heads, *terms, *tiers):
        if max(row) > _LARGEST:
            raise InputError(f"{max(row)} does not fit 63 bits; a kernel needs a coarser scale")
    return ContractTables(np.array(heads, CONTRACT), np.array(terms, TERMS), np.array(tiers, TIER))


def liquidation_prices(
    tables: ContractTables,
    which: Sequence[int] | NDArray[np.int64],
    lots: Sequence[int] | NDArray[np.int64],
    entry_ticks: Sequence[int] | NDArray[np.int64],
    leverage_x100: Sequence[int] | NDArray[np.int64],
) -> NDArray[np.int64]:
    """Liquidation prices in ticks of fresh isolated positions, one per row; 0 where there is none.

    Each wallet is the initial margin at the entry. All arguments have shape (n,); ``which`` says which contract.
    One compiled call, exact: the same rule as the desk's, on this scale.

    Raises:
        InputError: a worth would not fit 62 bits.
    """
    rows, sizes, entries, leverages = (
        np.ascontiguousarray(column, np.int64) for column in (which, lots, entry_ticks, leverage_x100)
    )
    _check_reach(tables, rows, sizes, entries)
    out = np.zeros(len(rows), np.int64)
    _liquidation_prices(tables.contracts, tables.terms, tables.tiers, rows, sizes, entries, leverages, out)
    return out


def _check_reach(
    tables: ContractTables, rows: NDArray[np.int64], sizes: NDArray[np.int64], entries: NDArray[np.int64]
) -> None:
    """Refuse sizes whose worth at twice the entry would not fit 62 bits; a kernel would wrap without a word.

    Raises:
        InputError: names the first row.
    """
    # In floating point and half a bit early, so that the check itself cannot wrap.
    factors = tables.contracts["factor"][rows].astype(np.float64)
    prices = np.where(tables.contracts["form"][rows] == Form.INVERSE, 1.0, 2.0 * entries)
    worths = np.abs(sizes).astype(np.float64) * factors * prices
    far = np.flatnonzero(worths >= 3.2e18)
    if len(far):
        i = int(far[0])
        given = f"{abs(int(sizes[i]))} lots at {int(entries[i])} ticks"
        raise InputError(f"row {i}: {given} do not fit 62 bits; a coarser unit is needed")


@kernel
def _liquidation_prices(
    contracts: Any, terms: Any, tiers: Any, which: Any, lots: Any, entry_ticks: Any, leverage_x100: Any, out: Any
) -> None:
    for i in range(len(lots)):
        c = which[i]
        contract = contracts[c]
        first, count, form, factor = contract.first_tier, contract.tier_count, contract.form, contract.factor
        position = after_fill(form, factor, FLAT, lots[i], entry_ticks[i]).position
        entered = entry_value(position)
        wallet = initial_margin(terms[c], tiers, first, count, form, position.lots, entered, entered, leverage_x100[i])
        highest = (1 << 62) // (abs(lots[i]) * factor) if form != Form.INVERSE else 1 << 40
        out[i] = liquidation_ticks(
            terms[c], tiers, first, count, form, factor, position, wallet, leverage_x100[i], highest
        )
