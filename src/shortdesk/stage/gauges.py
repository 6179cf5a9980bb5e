"""What is read off a market between two moments: depth near the middle, equity of an account, what is below zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from shortdesk.ground.compile import kernel, rule
from shortdesk.ground.exact import mul_div_down
from shortdesk.market.ladder import Ladder
from shortdesk.market.ledger import Role, find_balance
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.tables import Shelf, account_at, balance_at, instrument_at, shelf_at
from shortdesk.market.world import World
from shortdesk.stage.look import lots_within

__all__ = ["depth_lots", "equity_units", "shortfall_units"]

_REACH = 0.01


def depth_lots(world: World, number: int) -> tuple[int, int]:
    """Lots that show within one per cent of the middle, on at most 500 prices a side: bids and asks."""
    found = np.zeros(2, np.int64)
    _depth(world.block, number, _REACH, found)
    return int(found[0]), int(found[1])


def equity_units(world: World, account: int, asset: int) -> int:
    """An account's cross wallet of an asset with the positions behind which it stands, at their marks.

    A purse's coins that it took for minuses count at their mark.
    """
    found = np.zeros(2, np.int64)
    _money(world.block, account, asset, found)
    return int(found[0])


def shortfall_units(world: World, asset: int) -> int:
    """What traders' balances of an asset lack: their equities below zero, added up without their sign."""
    found = np.zeros(2, np.int64)
    _money(world.block, 0, asset, found)
    return int(found[1])


@rule
def _coins_taken(w: Any, account: int, asset: int) -> int:
    """What a purse's coins of the venue's accepted pairs are worth at their marks."""
    units = 0
    for number in range(1, shelf_at(w, Shelf.INSTRUMENTS).used + 1):
        pair = instrument_at(w, number)
        if pair.exchange_ppm != 0 and pair.settle_asset == asset and pair.venue == account_at(w, account).venue:
            at = find_balance(w, account, pair.base_asset, 0)
            if at != 0:
                units += mul_div_down(balance_at(w, at).units, pair.mark_ticks * pair.factor, pair.base_units)
    return units


@kernel
def _depth(w: Any, number: int, reach: float, found: Any) -> None:
    found[0] = lots_within(w, number, Ladder.BIDS.value, reach)
    found[1] = lots_within(w, number, Ladder.ASKS.value, reach)


@kernel
def _money(w: Any, account: int, asset: int, found: Any) -> None:
    """Equity of one account, and what all traders' balances of the asset lack."""
    if account != 0:
        at = find_balance(w, account, asset, 0)
        found[0] = balance_risk(w, at).equity if at != 0 else 0
        if account_at(w, account).role != Role.TRADER:
            found[0] += _coins_taken(w, account, asset)
        return
    for at in range(1, shelf_at(w, Shelf.BALANCES).used + 1):
        balance = balance_at(w, at)
        if balance.asset == asset and balance.account != 0 and account_at(w, balance.account).role == Role.TRADER:
            found[1] += max(0, -balance_risk(w, at).equity)
