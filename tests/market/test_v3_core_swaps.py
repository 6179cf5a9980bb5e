"""Uniswap v3-core's own swap tests: every figure to the last unit, and the positions burnt afterwards."""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from tests.market.pool_kernels import pool_world, swap_kernel

from shortdesk.ground import wide
from shortdesk.ground.order import Revert
from shortdesk.market import concentrated, liquidity
from shortdesk.market.open_pool import open_concentrated
from shortdesk.market.pool_rows import pool_row
from shortdesk.market.tables import Shelf, shelf_at
from shortdesk.market.tick_math import MAX_SQRT_PRICE_X96, MIN_SQRT_PRICE_X96, usable_tick_max

LIMITLESS = (1 << 255) - 1
FIGURES = Path(__file__).with_name("v3_core_swaps.txt")


class PoolCase(NamedTuple):
    name: str
    fee_ppm: int
    tick_spacing: int
    price: str
    positions: str


def encoded_price(text: str) -> int:
    """√price × 2^96 as the test suite encodes it: quotient and root kept to 40 decimals."""
    if text in ("min", "max"):
        return MIN_SQRT_PRICE_X96 if text == "min" else MAX_SQRT_PRICE_X96 - 1
    above, below = text.split(":")
    forty = Decimal(1).scaleb(-40)
    with localcontext() as context:
        context.prec = 160
        price = (Decimal(above) / Decimal(below)).quantize(forty, ROUND_HALF_UP)
        return int((price.sqrt().quantize(forty, ROUND_HALF_UP) * 2**96).to_integral_value(ROUND_FLOOR))


def cases() -> list[Any]:
    found, pool = [], None
    for line in FIGURES.read_text(encoding="utf-8").splitlines():
        columns = [column.strip() for column in line.removeprefix("pool ").split("|")]
        if not line or line.startswith("#"):
            continue
        if line.startswith("pool "):
            pool = PoolCase(columns[0], int(columns[1]), int(columns[2]), columns[3], columns[4])
        else:
            assert pool is not None
            found.append(pytest.param(pool, columns[0], columns[1:], id=f"{pool.name}: {columns[0]}"))
    return found


def opened(case: PoolCase) -> tuple[Any, int, list[tuple[int, int]]]:
    """The pool with its positions: the block, the pool's number, row and liquidity of each position."""
    w = pool_world(1, 4, 8, 800).block
    pool = open_concentrated(
        w,
        venue=1,
        account=9,
        asset0=1,
        asset1=2,
        fee_ppm=case.fee_ppm,
        sqrt_price_x96=encoded_price(case.price),
        tick_spacing=case.tick_spacing,
    )
    most = usable_tick_max(case.tick_spacing)
    ends = {"min": -most, "max": most}
    held = []
    for text in case.positions.replace("full", "min..max").split():
        span, amount = text.split(":")
        low, high = (ends[end] if end in ends else int(end) for end in span.split(".."))
        units = wide.load(pool_row(w, pool).tick_liquidity_max) if amount == "most" else int(float(amount))
        added = liquidity.add_liquidity(w, pool, 5, 0, low, high, units, LIMITLESS, LIMITLESS)
        assert added.why == Revert.NONE
        held.append((added.position, units))
    return w, pool, held


def asked(what: str) -> tuple[bool, bool, int, int]:
    """zero for one, exact input, amount, price limit."""
    verb, figure = what.split()
    zero_for_one = verb in ("in0", "out1", "to0")
    if verb.startswith("to"):
        return zero_for_one, True, LIMITLESS, encoded_price(figure)
    edge = MIN_SQRT_PRICE_X96 + 1 if zero_for_one else MAX_SQRT_PRICE_X96 - 1
    return zero_for_one, verb.startswith("in"), int(float(figure)), edge


@pytest.mark.parametrize(("case", "what", "figures"), cases())
def test_swap_gives_the_figures_of_the_contract(case: PoolCase, what: str, figures: list[str]) -> None:
    w, pool, held = opened(case)
    before = w.copy()
    zero_for_one, exact_in, amount, limit = asked(what)
    swapped = concentrated.swap(w, pool, zero_for_one, exact_in, amount, 0, limit)
    if figures == ["refused"]:
        assert swapped.why == Revert.BAD_PRICE_LIMIT
        assert (w == before).all()
        return
    paid, received = swapped.amount_in, -swapped.amount_out
    row = pool_row(w, pool)
    growth0, growth1 = wide.load(row.fee_growth0_x128), wide.load(row.fee_growth1_x128)
    got = (paid, received, growth0) if zero_for_one else (received, paid, growth1)
    assert [*got, int(row.tick)] == [int(figure) for figure in figures]
    assert (growth1 if zero_for_one else growth0) == 0

    compiled = swap_kernel(before, pool, zero_for_one, exact_in, amount, 0, limit)
    assert compiled == swapped
    assert (before == w).all(), "compiled and interpreted leave the same bytes"

    for position, units in held:
        assert liquidity.remove_liquidity(w, pool, 5, position, units, 0, 0).why == Revert.NONE
        assert liquidity.collect(w, pool, 5, position, LIMITLESS, LIMITLESS).why == Revert.NONE
    assert wide.load(pool_row(w, pool).liquidity) == 0
    words, buckets = shelf_at(w, Shelf.WORDS), shelf_at(w, Shelf.TICK_BUCKETS)
    assert not np.any(w[words.start : words.end]), "no tick is initialised any more"
    assert not np.any(w[buckets.start : buckets.end])
    assert shelf_at(w, Shelf.TICKS).live == 0
    assert shelf_at(w, Shelf.POSITIONS).live == 0


def test_the_figures_were_all_read() -> None:
    assert len(cases()) == 88
    assert len({case.values[0] for case in cases()}) == 15
