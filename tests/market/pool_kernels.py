"""Small Worlds for pools, and kernels around their rules, to hold the compiled text against the interpreted one."""

from __future__ import annotations

from typing import Any

import numpy as np

from shortdesk.ground import wide
from shortdesk.ground.compile import kernel
from shortdesk.market import concentrated, liquidity
from shortdesk.market.pool import Provided, Swapped
from shortdesk.market.swap_math import swap_step
from shortdesk.market.tick_math import sqrt_price_x96_at_tick, tick_at_sqrt_price_x96
from shortdesk.market.world import Capacity, World


def pool_world(pools: int = 1, positions: int = 16, ticks: int = 32, words: int = 0, **more: int) -> World:
    """A small World with room for pools and for nearly nothing else."""
    small = dict.fromkeys(("accounts", "legs", "orders", "pages", "nodes", "balances", "cases", "tiers", "loans"), 2)
    given = {"chains": 1, "transactions": 64, "links": 2, "messages": 2, "journal_rows": 64, **small, **more}
    return World(Capacity(pools=pools, positions=positions, ticks=ticks, words=words, **given))


def wide_rows(*columns: Any) -> Any:
    """Columns of integers as one table of wide fields, (columns, rows, 4)."""
    return np.array([[wide.to_words(value) for value in column] for column in columns], dtype=np.uint64)


@kernel
def _swap(w: Any, pool: int, zero_for_one: bool, exact_in: bool, given: Any, out: Any) -> int:
    swapped = concentrated.swap(
        w, pool, zero_for_one, exact_in, wide.load(given[0]), wide.load(given[1]), wide.load(given[2])
    )
    wide.store(out[0], swapped.amount_in)
    wide.store(out[1], swapped.amount_out)
    wide.store(out[2], swapped.fee)
    return swapped.why


def swap_kernel(w: Any, pool: int, zero_for_one: bool, exact_in: bool, amount: int, bound: int, limit: int) -> Swapped:
    """``concentrated.swap``, compiled."""
    given = wide_rows([amount, bound, limit])[0]
    out = np.zeros((3, 4), np.uint64)
    why = _swap(w, pool, zero_for_one, exact_in, given, out)
    return Swapped(int(why), wide.load(out[0]), wide.load(out[1]), wide.load(out[2]))


@kernel
def _provide(w: Any, pool: int, account: int, position: int, low: int, high: int, given: Any, out: Any) -> Any:
    most = wide.shift_left(wide.of(1), 254)
    units = wide.load(given)
    if low < high:
        done = liquidity.add_liquidity(w, pool, account, position, low, high, units, most, most)
    else:
        done = liquidity.remove_liquidity(w, pool, account, position, units, wide.of(0), wide.of(0))
    wide.store(out[0], done.amount0)
    wide.store(out[1], done.amount1)
    return done.why, done.position


def add_kernel(w: Any, pool: int, account: int, position: int, low: int, high: int, units: int) -> Provided:
    """``liquidity.add_liquidity`` without limits, compiled."""
    out = np.zeros((2, 4), np.uint64)
    why, at = _provide(w, pool, account, position, low, high, wide_rows([units])[0][0], out)
    return Provided(int(why), wide.load(out[0]), wide.load(out[1]), units if not why else 0, int(at))


def remove_kernel(w: Any, pool: int, account: int, position: int, units: int) -> Provided:
    """``liquidity.remove_liquidity`` without limits, compiled."""
    return add_kernel(w, pool, account, position, 0, 0, units)


@kernel
def _collect(w: Any, pool: int, account: int, position: int, out: Any) -> int:
    most = wide.shift_left(wide.of(1), 254)
    done = liquidity.collect(w, pool, account, position, most, most)
    wide.store(out[0], done.amount0)
    wide.store(out[1], done.amount1)
    return done.why


def collect_kernel(w: Any, pool: int, account: int, position: int) -> Provided:
    """``liquidity.collect`` of everything, compiled."""
    out = np.zeros((2, 4), np.uint64)
    why = _collect(w, pool, account, position, out)
    return Provided(int(why), wide.load(out[0]), wide.load(out[1]), 0, position if not why else 0)


@kernel
def steps_kernel(given: Any, exact_in: Any, fee_ppm: Any, out: Any) -> int:
    """``swap_step`` on columns price, target, liquidity, remaining; out: price, in, out, fee."""
    for i in range(len(exact_in)):
        step = swap_step(
            wide.load(given[0, i]),
            wide.load(given[1, i]),
            wide.load(given[2, i]),
            wide.load(given[3, i]),
            exact_in[i],
            fee_ppm[i],
        )
        wide.store(out[0, i], step.sqrt_price_x96)
        wide.store(out[1, i], step.amount_in)
        wide.store(out[2, i], step.amount_out)
        wide.store(out[3, i], step.fee)
    return len(exact_in)


@kernel
def ticks_kernel(ticks: Any, prices: Any, back: Any) -> int:
    """The price of every tick, and the tick of every price."""
    for i in range(len(ticks)):
        wide.store(prices[i], sqrt_price_x96_at_tick(ticks[i]))
        back[i] = tick_at_sqrt_price_x96(wide.load(prices[i]))
    return len(ticks)
