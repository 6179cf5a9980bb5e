"""Crowding, contrarian and cross-venue models: from a vector's names to ours. Nothing is computed."""

from __future__ import annotations

from shortdesk.doors.verify.named import Model, Values, expect, named, plain
from shortdesk.study import contrarian, cross_venue, crowding

__all__ = ["MODELS"]


def _overlap(parameters: Values) -> Values:
    """The vectors hold two funds and look from the first one's side."""
    expect(parameters, {"positions", "adv", "participation"})
    found = plain(crowding.overlap(parameters["positions"], parameters["adv"], parameters["participation"]))
    return {
        **found,
        "cosine_overlap": found["cosine_overlap"][0][1],
        "crowd_multiplier": found["crowd_multiplier"][0],
    }


MODELS: dict[str, Model] = {
    "concentration": named(crowding.concentration, {"weights": "weights"}),
    "crowding_overlap": _overlap,
    "contrarian_weights": named(
        contrarian.contrarian_trade, {"prev_returns": "previous_returns", "next_returns": "next_returns"}
    ),
    "lo_mackinlay_profit": named(
        contrarian.expected_profit,
        {"var1_matrix": "var1_matrix", "innovation_cov": "innovation_cov", "mean": "mean_returns"},
    ),
    "ou_moments": named(
        contrarian.ornstein_uhlenbeck,
        {"kappa": "kappa", "theta": "theta", "sigma": "sigma", "x0": "start", "t": "time"},
    ),
    "funding_carry": named(
        contrarian.funding_carry,
        {
            "funding_rate": "funding_rate",
            "intervals": "intervals",
            "taker_fee": "taker_fee",
            "slippage": "slippage",
            "leverage": "leverage",
        },
    ),
    "index_aggregation": named(
        cross_venue.index_prices, {"prices": "prices", "weights": "weights", "max_dev": "max_dev"}
    ),
    "hayashi_yoshida": named(cross_venue.hayashi_yoshida, {"t1": "t1", "x1": "x1", "t2": "t2", "x2": "x2"}),
    "price_discovery_shares": named(cross_venue.price_discovery_shares, {"alpha": "alpha", "omega": "omega"}),
    "latency_arb_edge": named(
        cross_venue.latency_edge,
        {
            "gap": "gap",
            "price": "price",
            "fee_a": "fee_a",
            "fee_b": "fee_b",
            "latency_s": "latency_s",
            "sigma_gap_per_sqrt_s": "gap_volatility_per_sqrt_s",
        },
    ),
    "latency_race": named(
        cross_venue.latency_race,
        {"arb_mean_latency": "arbitrageur_mean", "maker_mean_latency": "maker_mean", "n_arbs": "arbitrageurs"},
        {"chance": "p_maker_cancels_first"},
    ),
}
"""Every crowding, contrarian and cross-venue model: the vector's parameters in, the vector's expected names out."""
