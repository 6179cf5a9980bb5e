"""Lending pools under stress: what a liquidation does to a loan, when it makes it worse, what a fall sets loose.

A loan with collateral C and debt D (values in one currency) has health C * threshold / D. Below 1 a liquidator may
repay a part of the debt and takes collateral worth 1 + bonus times that. These are values without rounding, for whole
populations of loans at once; one loan in the contracts' integers is :mod:`shortdesk.margin.lending`.

Sources: fixed-spread liquidation as in Aave and Compound; the toxic condition is algebra, derived here. Perez et al.
(2021) for what a fall makes liquidable, read as an abstract only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.study.arrays import Array, Flags, numbers, row, same_length

__all__ = [
    "LendingLiquidation",
    "LendingSpiral",
    "liquidable_by_fall",
    "liquidation_spiral",
    "lending_liquidation",
    "toxic_ltv",
]


class LendingLiquidation(NamedTuple):
    """One liquidation of each loan; fields have the common shape of the arguments. Values in one currency."""

    health_before: Array
    repaid: Array
    """0 for a loan that is healthy."""
    seized: Array
    health_after: Array
    """Infinite when nothing is owed any more."""
    ltv_before: Array
    """Debt over collateral."""
    ltv_after: Array
    toxic: Flags
    """Liquidated above the toxic loan-to-value, so it ends up worse than it was."""


class LendingSpiral(NamedTuple):
    """Each loan liquidated again and again until it is healthy or has no collateral left."""

    rounds: npt.NDArray[np.intp]
    repaid: Array
    seized: Array
    bad_debt: Array
    """Owed with no collateral left."""


def toxic_ltv(bonus: npt.ArrayLike) -> Array:
    """1 / (1 + bonus): above this loan-to-value each liquidation raises the loan-to-value further."""
    return np.asarray(1.0 / (1.0 + numbers("bonus", bonus, least=0.0)))


def _ratio(top: Array, bottom: Array) -> Array:
    """top / bottom, infinite where only the bottom is zero, and zero where both are."""
    return np.divide(top, bottom, out=np.where(top > 0, np.inf, 0.0), where=bottom > 0)


def lending_liquidation(
    collateral_value: npt.ArrayLike,
    debt_value: npt.ArrayLike,
    threshold: npt.ArrayLike,
    bonus: npt.ArrayLike,
    close_factor: npt.ArrayLike,
) -> LendingLiquidation:
    """One liquidation at the close factor: repay R = close factor * D, seize R (1 + bonus), never more than there is.

    The loan-to-value rises iff it was above 1 / (1 + bonus). A healthy loan is left alone.

    Raises UsageError for collateral or debt that is not positive, a negative bonus, or fractions outside 0 to 1.
    """
    held, owed, limit, extra, part = np.broadcast_arrays(
        numbers("collateral_value", collateral_value, above=0.0),
        numbers("debt_value", debt_value, above=0.0),
        numbers("threshold", threshold, above=0.0, most=1.0),
        numbers("bonus", bonus, least=0.0),
        numbers("close_factor", close_factor, above=0.0, most=1.0),
    )
    health, ltv = np.asarray(held * limit / owed), np.asarray(owed / held)
    falls = health < 1.0
    repaid = np.where(falls, np.minimum(part * owed, held / (1.0 + extra)), 0.0)
    seized = np.minimum(repaid * (1.0 + extra), held)
    held_after, owed_after = held - seized, owed - repaid
    return LendingLiquidation(
        health_before=health,
        repaid=repaid,
        seized=seized,
        health_after=np.where(owed_after > 0, _ratio(held_after * limit, owed_after), np.inf),
        ltv_before=ltv,
        ltv_after=_ratio(owed_after, held_after),
        toxic=falls & (ltv > toxic_ltv(extra)),
    )


def liquidation_spiral(
    collateral_value: npt.ArrayLike,
    debt_value: npt.ArrayLike,
    threshold: npt.ArrayLike,
    bonus: npt.ArrayLike,
    close_factor: npt.ArrayLike,
) -> LendingSpiral:
    """Liquidate every loan until it is healthy or its collateral is gone; what is owed then is bad debt.

    Below the toxic loan-to-value the health rises with each liquidation and the loan recovers; above it, it ends with
    all collateral sold. A debt below a billionth of the first one counts as repaid.

    Raises UsageError as :func:`lending_liquidation`, and for a close factor below 0.001, which would take too long.
    """
    held, owed, limit, extra, part = (
        np.array(column)
        for column in np.broadcast_arrays(
            numbers("collateral_value", collateral_value, above=0.0),
            numbers("debt_value", debt_value, above=0.0),
            numbers("threshold", threshold, above=0.0, most=1.0),
            numbers("bonus", bonus, least=0.0),
            numbers("close_factor", close_factor, least=0.001, most=1.0),
        )
    )
    first = owed.copy()
    repaid, seized = np.zeros_like(owed), np.zeros_like(owed)
    rounds = np.zeros(owed.shape, dtype=np.intp)
    while True:
        falls = (owed > 1e-9 * first) & (held > 0) & (held * limit < owed)
        if not falls.any():
            break
        pays = np.where(falls, np.minimum(part * owed, held / (1.0 + extra)), 0.0)
        takes_all = falls & (part * owed * (1.0 + extra) >= held)
        takes = np.where(takes_all, held, pays * (1.0 + extra))
        owed, held = owed - pays, np.where(takes_all, 0.0, held - takes)
        repaid, seized, rounds = repaid + pays, seized + takes, rounds + falls
    return LendingSpiral(rounds, repaid, seized, np.where(held > 0, 0.0, owed))


def liquidable_by_fall(
    collateral_values: npt.ArrayLike, debt_values: npt.ArrayLike, thresholds: npt.ArrayLike, falls: npt.ArrayLike
) -> Array:
    """The debt of all loans whose health is below 1 once their collateral has lost each fraction; shape of ``falls``.

    Raises UsageError for values that are not positive, fractions outside 0 to 1, or rows of different length.
    """
    held, owed = row("collateral_values", collateral_values, above=0.0), row("debt_values", debt_values, above=0.0)
    limit = np.broadcast_to(numbers("thresholds", thresholds, above=0.0, most=1.0), held.shape)
    same_length(collateral_values=held, debt_values=owed)
    lost = numbers("falls", falls, least=0.0, most=1.0)
    # A loan falls when 1 - fall < D / (C threshold); sorted once, each fall is one search.
    edge = owed / (held * limit)
    order = np.argsort(-edge, kind="stable")
    totals = np.concatenate(([0.0], np.cumsum(owed[order])))
    return np.asarray(totals[np.searchsorted(-edge[order], -(1.0 - lost), side="left")])
