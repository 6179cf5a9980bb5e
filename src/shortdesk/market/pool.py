"""A pool: two assets that anybody may swap at a price made by formula. What can be done with it, and what comes of it.

Asset 0 and asset 1 are the pool's two assets; *zero for one* means that asset 0 is paid in. Amounts are wide
integers of the assets' smallest units (``ground/wide.py``), fees parts per million of what is paid in. A swap that
cannot be done is a value, ``Revert``, and leaves every table as it was.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from shortdesk.ground import wide
from shortdesk.ground.compile import rule
from shortdesk.ground.order import Revert
from shortdesk.ground.wide import Wide
from shortdesk.market.pool_rows import position_row
from shortdesk.market.pool_tables import POSITION
from shortdesk.market.tables import Shelf, put_back, shelf_at, take_row

__all__ = [
    "PPM",
    "PoolForm",
    "Provided",
    "Swapped",
    "close_if_empty",
    "did_provide",
    "did_swap",
    "not_provided",
    "not_swapped",
    "open_position",
    "outside_bound",
    "position_refusal",
]

PPM = 1_000_000
"""Parts of a whole that a fee is counted in."""


class PoolForm(IntEnum):
    """By which formula a pool trades. 0 is no pool."""

    CONSTANT_PRODUCT = 1
    CONCENTRATED = 2


class Swapped(NamedTuple):
    """What a swap does, or would do: all zero where ``why`` is not NONE. The fee is part of ``amount_in``."""

    why: int
    amount_in: Wide
    amount_out: Wide
    fee: Wide


class Provided(NamedTuple):
    """What changes hands when liquidity comes or goes: both amounts, the liquidity (or shares), the position's row."""

    why: int
    amount0: Wide
    amount1: Wide
    liquidity: Wide
    position: int


@rule
def did_swap(paid: Wide, received: Wide, fee: Wide) -> Swapped:
    """A swap that happened."""
    return Swapped(0, paid, received, fee)


@rule
def not_swapped(why: int) -> Swapped:
    """A swap that did not happen."""
    none = wide.of(0)
    return Swapped(why, none, none, none)


@rule
def did_provide(amount0: Wide, amount1: Wide, liquidity: Wide, position: int) -> Provided:
    """Liquidity that came or went."""
    return Provided(0, amount0, amount1, liquidity, position)


@rule
def not_provided(why: int) -> Provided:
    """Liquidity that neither came nor went."""
    none = wide.of(0)
    return Provided(why, none, none, none, 0)


@rule
def outside_bound(exact_in: bool, paid: Wide, received: Wide, bound: Wide) -> int:
    """Why a swap's price is not acceptable: least received of an exact input, most paid for an exact output.

    A bound of zero is no bound.
    """
    if wide.is_zero(bound):
        return Revert.NONE
    if exact_in and wide.less(received, bound):
        return Revert.TOO_LITTLE_OUT
    if not exact_in and wide.less(bound, paid):
        return Revert.TOO_MUCH_IN
    return Revert.NONE


# --- positions ----------------------------------------------------------------------------------------------


@rule
def position_refusal(w: Any, position_at: int, pool_at: int, account: int) -> int:
    """Why an account may not touch a position of a pool."""
    if position_at <= 0 or position_at >= shelf_at(w, Shelf.POSITIONS).rows:
        return Revert.UNKNOWN_POSITION
    position = position_row(w, position_at)
    if position.pool == 0 or position.pool != pool_at:
        return Revert.UNKNOWN_POSITION
    return Revert.NONE if position.account == account else Revert.NOT_THE_OWNER


@rule
def open_position(w: Any, pool_at: int, account: int, low_tick: int, high_tick: int) -> int:
    """A new empty position; the caller asked ``has_room``."""
    at = take_row(w, Shelf.POSITIONS, POSITION)
    position = position_row(w, at)
    position.pool, position.account = pool_at, account
    position.low_tick, position.high_tick = low_tick, high_tick
    none = wide.of(0)
    wide.store(position.liquidity, none)
    wide.store(position.fee_inside0_x128, none)
    wide.store(position.fee_inside1_x128, none)
    wide.store(position.owed0, none)
    wide.store(position.owed1, none)
    return at


@rule
def close_if_empty(w: Any, position_at: int) -> None:
    """Give the row of a position back that holds nothing and is owed nothing."""
    position = position_row(w, position_at)
    is_owed = not wide.is_zero(wide.load(position.owed0)) or not wide.is_zero(wide.load(position.owed1))
    if not is_owed and wide.is_zero(wide.load(position.liquidity)):
        position.pool = 0
        put_back(w, Shelf.POSITIONS, position_at, POSITION)
