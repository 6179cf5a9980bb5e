"""Pool and MEV models: from the names of a vector to the functions that answer. Nothing is computed here."""

from __future__ import annotations

from shortdesk.doors.verify.named import Model, Values, named
from shortdesk.market.tick_math import sqrt_price_x96_at_tick
from shortdesk.study import amm

__all__ = ["MODELS"]

_RESERVES = {"x": "reserve_in", "y": "reserve_out", "fee": "fee"}
_POOL = {"quote_reserve": "quote_reserve", "base_reserve": "base_reserve"}


def _tick(parameters: Values) -> Values:
    price = sqrt_price_x96_at_tick(**parameters)
    return {"sqrt_price_x96": str(price), "float_sqrt_price": price / 2**96}


MODELS: dict[str, Model] = {
    "cpmm_swap": named(amm.swap, _RESERVES | {"dx": "amount_in"}),
    "sandwich_binding": named(
        amm.sandwich, _RESERVES | {"victim_in": "victim_in", "slippage_tolerance": "slippage_tolerance"}
    ),
    "sandwich_breakeven_victim": named(amm.smallest_victim, _RESERVES),
    "cpmm_external_arb": named(amm.external_arbitrage, _POOL | {"fee": "fee", "external_price": "external_price"}),
    "two_pool_arb": named(amm.two_pool_arbitrage, {"pool_a": "pool_a", "pool_b": "pool_b", "fee": "fee"}),
    "impermanent_loss": named(amm.impermanent_loss, {"price_ratio": "price_ratio"}, {"value": "il"}),
    "lvr_cpmm": named(amm.rebalancing_loss, {"sigma_per_sqrt_day": "sigma_per_sqrt_day", "pool_value": "pool_value"}),
    "lvr_with_fees": named(
        amm.rebalancing_loss_with_fees,
        {"sigma_per_sqrt_day": "sigma_per_sqrt_day", "block_time_s": "block_time_s", "fee_bps": "fees_bps"},
    ),
    "v3_position": named(
        amm.range_position,
        {
            "L": "liquidity",
            "P": "price",
            "P_low": "low_price",
            "P_high": "high_price",
            "sigma_per_sqrt_day": "sigma_per_sqrt_day",
        },
    ),
    "amm_price_push_cost": named(amm.price_push_cost, _POOL | {"price_factor": "price_factor"}),
    "tick_to_sqrt_price_x96": _tick,
}
"""Every pool model: the vector's parameters in, the vector's expected names out."""
