"""Who pays when a liquidation leaves a hole: rules of auto-deleveraging (ADL) side by side.

A deficit is spread over the winners on the other side of the market. Each rule says what each of them gives up of
their profit; haircuts are on profit alone, not on equity. Amounts are in the settlement currency. The venues' own
ranking formulas are rules of the margin room (:func:`shortdesk.margin.liquidation.adl_score`); here a score is any
number.

Source: the rules as formalised by Chitra (2025), read; the allocations are definitions, and they conserve the budget.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.errors import UsageError
from shortdesk.study.arrays import Array, numbers, row, same_length

__all__ = [
    "AdlAllocation",
    "AdlComparison",
    "SurvivorRatios",
    "WaterFilling",
    "adl_comparison",
    "close_in_turn",
    "close_whole",
    "pro_rata",
    "queue_order",
    "survivor_ratios",
    "water_filling",
]

_Order = npt.NDArray[np.intp]


class AdlAllocation(NamedTuple):
    """What each winner gives up; taken.sum() = budget + overshoot - uncovered."""

    taken: Array
    overshoot: float
    """Taken beyond the budget."""
    uncovered: float
    """Left of the budget when the winners have no more."""


class WaterFilling(NamedTuple):
    """An allocation to a common level."""

    taken: Array
    water_level: float
    """eta: everybody gives min(eta * weight, cap) of their profit; the highest cap / weight when uncovered."""
    overshoot: float
    uncovered: float


class SurvivorRatios(NamedTuple):
    """How much the largest winner keeps, against what the losers did not pay."""

    ptsr: float
    """Largest profit left over the total deficit."""
    pmr: float
    """Largest profit left over the largest deficit."""


class AdlComparison(NamedTuple):
    """One hole under every rule."""

    queue_order: _Order
    queue_full_close: AdlAllocation
    queue_partial: AdlAllocation
    pro_rata: AdlAllocation
    capped_pro_rata: WaterFilling
    queue_ratios: SurvivorRatios
    """Of the queue that closes whole positions."""
    pro_rata_ratios: SurvivorRatios


def queue_order(scores: npt.ArrayLike) -> _Order:
    """Winners by falling score; of equal scores the one listed first. Raises UsageError for no scores."""
    return np.argsort(-row("scores", scores), kind="stable")


def _winners(profits: npt.ArrayLike, budget: float) -> tuple[Array, float]:
    won = row("profits", profits, least=0.0)
    return won, float(numbers("budget", budget, least=0.0, axes=0))


def _turns(order: npt.ArrayLike, count: int) -> _Order:
    turns = np.asarray(order)
    if turns.dtype.kind not in "iu" or turns.shape != (count,) or (np.sort(turns) != np.arange(count)).any():
        raise UsageError(f"order must list each of the winners 0 to {count - 1} once, not {turns.tolist()}")
    return turns.astype(np.intp)


def close_in_turn(profits: npt.ArrayLike, order: npt.ArrayLike, budget: float) -> AdlAllocation:
    """Take from winners in turn, the last one only as much as is still missing: never an overshoot.

    Raises UsageError for a negative profit or budget, or an order that is no permutation.
    """
    won, wanted = _winners(profits, budget)
    turns = _turns(order, won.size)
    reached = np.minimum(np.cumsum(won[turns]), wanted)
    taken = np.empty_like(won)
    taken[turns] = np.diff(reached, prepend=0.0)
    return AdlAllocation(taken, 0.0, float(wanted - reached[-1]))


def close_whole(profits: npt.ArrayLike, order: npt.ArrayLike, budget: float) -> AdlAllocation:
    """Close winners whole, in turn, until the budget is covered: the last one pays beyond what was missing.

    Raises UsageError as :func:`close_in_turn`.
    """
    won, wanted = _winners(profits, budget)
    turns = _turns(order, won.size)
    before = np.cumsum(won[turns]) - won[turns]
    taken = np.zeros_like(won)
    taken[turns] = np.where(before < wanted, won[turns], 0.0)
    left = float(taken.sum()) - wanted
    return AdlAllocation(taken, max(0.0, left), max(0.0, -left))


def pro_rata(profits: npt.ArrayLike, budget: float) -> AdlAllocation:
    """Everybody gives the same share of their profit: budget / sum of profits, at most all of it.

    Raises UsageError for a negative profit or budget.
    """
    won, wanted = _winners(profits, budget)
    total = float(won.sum())
    if total <= wanted:
        return AdlAllocation(won.copy(), 0.0, wanted - total)
    return AdlAllocation(won * (wanted / total), 0.0, 0.0)


def water_filling(
    profits: npt.ArrayLike, budget: float, caps: npt.ArrayLike = 1.0, weights: npt.ArrayLike = 1.0
) -> WaterFilling:
    """Fill all winners to a common level eta: winner i gives min(eta w_i, cap_i) of their profit, in sum the budget.

    With weights of 1 it is capped pro-rata; weights by risk (leverage, say) take more from those who risked more.
    The sum is piecewise linear in eta with a kink at each cap_i / w_i, so the level is exact and not searched for.

    Raises UsageError for a negative profit or budget, caps outside 0 to 1, or weights that are not positive.
    """
    won, wanted = _winners(profits, budget)
    cap = numbers("caps", caps, least=0.0, most=1.0)
    weight = numbers("weights", weights, above=0.0)
    for name, given in (("caps", cap), ("weights", weight)):
        if given.ndim > 1 or (given.ndim == 1 and given.shape != won.shape):
            raise UsageError(f"{name} is one number or one for each of {won.size} winners")
    cap, weight = np.broadcast_to(cap, won.shape), np.broadcast_to(weight, won.shape)
    full = cap / weight
    order = np.argsort(full, kind="stable")
    kinks, given_up, flow = full[order], (won * cap)[order], (won * weight)[order]
    # Filled to kink j: those up to j have given all they may, the rest give in proportion.
    done = np.cumsum(given_up)
    running = flow.sum() - np.cumsum(flow)
    at_kink = np.maximum.accumulate(done + kinks * running)
    place = int(np.searchsorted(at_kink, wanted, side="left"))
    if place == won.size:
        return WaterFilling(won * cap, float(kinks[-1]), 0.0, max(0.0, wanted - float(done[-1])))
    before = float(done[place - 1]) if place else 0.0
    rate = float(flow[place:].sum())
    level = (wanted - before) / rate if rate > 0 else float(kinks[place])
    return WaterFilling(won * np.minimum(level * weight, cap), level, 0.0, 0.0)


def survivor_ratios(profits: npt.ArrayLike, taken: npt.ArrayLike, deficits: npt.ArrayLike) -> SurvivorRatios:
    """PTSR and PMR of an allocation against the losers' deficits.

    Raises UsageError for deficits that are not positive, or rows of different length.
    """
    won, gone = row("profits", profits, least=0.0), row("taken", taken, least=0.0)
    same_length(profits=won, taken=gone)
    owed = row("deficits", deficits, above=0.0)
    left = float((won - gone).max())
    return SurvivorRatios(left / float(owed.sum()), left / float(owed.max()))


def adl_comparison(
    profits: npt.ArrayLike, leverage: npt.ArrayLike, budget: float, caps: npt.ArrayLike, deficits: npt.ArrayLike
) -> AdlComparison:
    """One hole under every rule; the queue ranks by profit times leverage, of equal ones the first listed.

    Raises UsageError as the single rules.
    """
    won, geared = row("profits", profits, least=0.0), row("leverage", leverage, above=0.0)
    same_length(profits=won, leverage=geared)
    order = queue_order(won * geared)
    whole, shared = close_whole(won, order, budget), pro_rata(won, budget)
    return AdlComparison(
        queue_order=order,
        queue_full_close=whole,
        queue_partial=close_in_turn(won, order, budget),
        pro_rata=shared,
        capped_pro_rata=water_filling(won, budget, caps),
        queue_ratios=survivor_ratios(won, whole.taken, deficits),
        pro_rata_ratios=survivor_ratios(won, shared.taken, deficits),
    )
