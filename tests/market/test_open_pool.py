"""Opening pools and chains: what cannot be is refused with the reason."""

from __future__ import annotations

import pytest
from tests.market.pool_kernels import pool_world

from shortdesk.ground.errors import UsageError
from shortdesk.market.open_chain import open_chain
from shortdesk.market.open_pool import open_concentrated, words_needed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"interval_ns": 0}, "interval_ns must be positive, not 0"),
        ({"gas_limit": 1_000}, "a block of 1,000 gas is smaller than its target or one transaction"),
        ({"base_fee": -1}, "base fee cannot be negative"),
    ],
)
def test_a_chain_that_cannot_be(change: dict[str, int], said: str) -> None:
    good = {
        "venue": 1,
        "first_due_ns": 0,
        "interval_ns": 12,
        "gas_asset": 1,
        "builder": 2,
        "burner": 3,
        "base_fee": 7,
        "gas_price_scale": 1,
    }
    with pytest.raises(UsageError, match=said):
        open_chain(pool_world().block, **{**good, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"fee_ppm": 2_500},
            "a pool with a fee of 2,500 ppm needs a tick spacing from 1 to 16383; usual fees: 100, 500",
        ),
        ({"sqrt_price_x96": 7}, "lies outside 4295128739"),
        ({"asset1": 1}, "two different assets, not asset 1 twice"),
        ({"fee_ppm": 1_000_000, "tick_spacing": 60}, "from 0 to 999,999 ppm, not 1,000,000"),
        ({"fee_ppm": 100}, "no room for the 6,932 tick words of a pool with tick spacing 1"),
    ],
)
def test_a_pool_that_cannot_be(change: dict[str, int], said: str) -> None:
    good = {"venue": 1, "account": 5, "asset0": 1, "asset1": 2, "fee_ppm": 3_000, "sqrt_price_x96": 1 << 96}
    with pytest.raises(UsageError, match=said):
        open_concentrated(pool_world(words=words_needed(60)).block, **{**good, **change})
