"""Gains in several assets as one figure: each asset at its last price in the settlement asset.

Who buys coins has less money and more coins; only both together say whether he gained. An asset is worth the last mark
of a market in which it is the base and the settlement asset the quote, a spot pair or a pool before a perpetual.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from shortdesk.study.postmortem_money import Flows, last_ticks
from shortdesk.study.postmortem_tape import Ints, Tape

__all__ = ["Gains", "Price", "gains_of"]

_PREFERRED = ("spot", "pool", "perp")


class Price(NamedTuple):
    """What one of an asset is worth in the settlement asset, and the market that says so."""

    asset: int
    price: Decimal
    market: str


class Gains(NamedTuple):
    """Gains in the settlement asset and in all assets that have a price in it."""

    flows: list[Flows]
    """Those that are counted, the settlement asset first."""
    prices: list[Price]
    """Of the others, in their order."""
    unpriced: list[int]
    """Assets without a price: what was gained in them is in no sum."""
    parts: list[list[Decimal]]
    """By group of ``flows``, then by asset: worth in the settlement asset. Each asset's sums to zero."""
    account: Ints
    """By account, the last for the outside: units of the settlement asset, to the nearest."""


def gains_of(tape: Tape, flows: list[Flows]) -> Gains | None:
    """All flows at the last prices; None where no money moves. The first of ``flows`` is in the settlement asset."""
    if not flows:
        return None
    settle = flows[0].asset
    unit = tape.unit_of(settle)
    counted, prices, unpriced = [flows[0]], [], []
    total = np.asarray(flows[0].account.sum(axis=1), np.int64)
    for one in flows[1:]:
        found = _price_of(tape, one.asset, settle)
        if found is None:
            unpriced.append(one.asset)
            continue
        counted.append(one)
        prices.append(found)
        worth = float(tape.unit_of(one.asset) * found.price / unit)
        total = total + np.rint(one.account.sum(axis=1) * worth).astype(np.int64)
    worths = [unit, *(tape.unit_of(one.asset) * one.price for one in prices)]
    parts = [
        [int(one.totals[at]) * worth for one, worth in zip(counted, worths, strict=True)]
        for at in range(len(flows[0].groups))
    ]
    return Gains(counted, prices, unpriced, parts, total)


def _price_of(tape: Tape, asset: int, settle: int) -> Price | None:
    names = tape.journal.names.instrument
    wanted = (tape.asset_name(asset), tape.asset_name(settle))
    found = [
        at
        for at, about in enumerate(names.info)
        if (about.get("base"), about.get("quote")) == wanted and about.get("kind") in _PREFERRED
    ]
    if not found:
        return None
    best = min(found, key=lambda at: (_PREFERRED.index(names.info[at]["kind"]), at))
    return Price(asset, last_ticks(tape, best) * tape.grid_of(best).tick, names.name(best))
