"""What a rule of quoting earns against random fills: the trial in which Avellaneda and Stoikov compare two of them.

Each path keeps a maker quoting orders of size one on both sides from time 0 to the horizon. In every step of length dt
a quote at distance d is filled with a chance made of A exp(-k d) dt, then the mid goes up or down by sigma sqrt(dt).
Units as in ``quoting.py``.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from shortdesk.ground.draw import Purpose
from shortdesk.ground.draw_many import draw_blocks
from shortdesk.ground.errors import UsageError
from shortdesk.stage.quoting import stoikov_mean_spread, stoikov_quotes

__all__ = ["QuoteTrial", "quote_trial"]

Floats = npt.NDArray[np.float64]

_PATHS_AT_ONCE = 5_000
_TO_LOW_BITS = np.uint64(0x7FFFFFFF)


class QuoteTrial(NamedTuple):
    """Means and standard deviations over the paths; profit is cash and inventory at the last mid."""

    profit: float
    std_profit: float
    final_inventory: float
    std_final_inventory: float


class _Maker(NamedTuple):
    risk_aversion: float
    volatility: float
    fill_rate: float
    fill_decay: float
    horizon: float
    step: float


def quote_trial(
    strategy: Literal["inventory", "symmetric"],
    risk_aversion: float,
    volatility: float,
    fill_rate: float,
    fill_decay: float,
    horizon: float,
    step: float,
    *,
    fills: Literal["poisson", "linear"] = "poisson",
    paths: int,
    seed: int,
) -> QuoteTrial:
    """Run ``paths`` makers and say what they earned.

    ``inventory`` quotes as :func:`shortdesk.stage.quoting.stoikov_quotes`; ``symmetric`` keeps the mean spread of
    these around the mid, whatever it holds. A fill has the chance 1 - exp(-A exp(-k d) dt), or min(A exp(-k d) dt, 1)
    with ``linear``: the paper's own form, which pays about an eighth more than the honest one at its parameters.
    Common numbers: path i has the same price and the same luck under every strategy of one seed.

    Raises UsageError for another word, parameters as in ``quoting.py``, or fewer than two paths or one step.
    Source: Avellaneda and Stoikov (2008), section 3.3, tables 1 to 3 (read in two transcriptions; recomputed).
    """
    if strategy not in ("inventory", "symmetric"):
        raise UsageError(f"strategy must be 'inventory' or 'symmetric', not {strategy!r}")
    if fills not in ("poisson", "linear"):
        raise UsageError(f"fills must be 'poisson' or 'linear', not {fills!r}")
    if not (0 < step <= horizon < math.inf and fill_rate > 0 and paths >= 2):
        raise UsageError("a trial needs two paths, a positive fill rate and a positive step within the horizon")
    maker = _Maker(risk_aversion, volatility, fill_rate, fill_decay, horizon, step)
    parts = [
        _run(strategy, maker, fills, seed, first, min(_PATHS_AT_ONCE, paths - first))
        for first in range(0, paths, _PATHS_AT_ONCE)
    ]
    profit = np.concatenate([part[0] for part in parts])
    inventory = np.concatenate([part[1] for part in parts])
    return QuoteTrial(
        float(profit.mean()), float(profit.std(ddof=1)), float(inventory.mean()), float(inventory.std(ddof=1))
    )


def _run(strategy: str, maker: _Maker, fills: str, seed: int, first_path: int, paths: int) -> tuple[Floats, Floats]:
    """Profit and final inventory of some paths. One word of a block serves one step: a bit and two chances."""
    steps = round(maker.horizon / maker.step)
    blocks_per_path = -(-steps // 4)
    words = draw_blocks(seed, 0, Purpose.OWN, first_path * blocks_per_path, paths * blocks_per_path)
    words = np.ascontiguousarray(words.reshape(paths, 4 * blocks_per_path).T)
    jump = maker.volatility * math.sqrt(maker.step)
    mean_spread = stoikov_mean_spread(maker.risk_aversion, maker.volatility, maker.fill_decay, maker.horizon)
    mid, cash, held = np.zeros(paths), np.zeros(paths), np.zeros(paths)
    for i in range(steps):
        quotes = stoikov_quotes(
            0.0, 1.0, maker.risk_aversion, maker.volatility, maker.fill_decay, maker.horizon - i * maker.step
        )
        if strategy == "inventory":
            lean, half = held * quotes.reservation, quotes.spread / 2.0
        else:
            lean, half = 0.0 * held, mean_spread / 2.0
        word = words[i]
        bought = (word >> np.uint64(32) & _TO_LOW_BITS) < _chance(half - lean, maker, fills) * 2.0**31
        sold = (word & _TO_LOW_BITS) < _chance(half + lean, maker, fills) * 2.0**31
        cash += sold * (mid + lean + half) - bought * (mid + lean - half)
        held += bought.astype(np.float64) - sold
        mid += np.where(word >> np.uint64(63) == 1, jump, -jump)
    return cash + held * mid, held


def _chance(distance: Floats, maker: _Maker, fills: str) -> Floats:
    expected = maker.fill_rate * maker.step * np.exp(-maker.fill_decay * distance)
    return np.minimum(expected, 1.0) if fills == "linear" else -np.expm1(-expected)
