"""Cascade, deleveraging, lending and fund-market models: from a vector's names to ours. Nothing is computed."""

from __future__ import annotations

from shortdesk.doors.verify.named import Model, Values, expect, named, plain
from shortdesk.study import (
    adl_models,
    cascade,
    cascade_laws,
    dealer_hedging,
    lending_models,
    liquidity_spiral,
    squeeze_metrics,
)
from shortdesk.study import thurner_farmer_geanakoplos as tfg

__all__ = ["MODELS"]


def _fixed_point(parameters: Values) -> Values:
    expect(parameters, {"p0", "shock", "side", "levels", "kappa", "impact"})
    ladder = cascade.ladder_of(
        parameters["p0"],
        [level for level, _ in parameters["levels"]],
        [size for _, size in parameters["levels"]],
        kappa=parameters["kappa"],
        side=parameters["side"],
        impact=parameters["impact"],
    )
    found: Values = plain(cascade.run_cascade(ladder, parameters["shock"]))
    return found


def _squeeze(parameters: Values) -> Values:
    names = {
        "short_interest": "short_interest", "float_shares": "float_size", "adv": "daily_volume",
        "depth_1pct": "depth_1pct", "funding_8h": "funding_8h", "price": "price", "kappa": "kappa",
    }  # fmt: skip
    expect(parameters, names.keys() | {"short_liq_levels"})
    levels = parameters["short_liq_levels"]
    found: Values = plain(
        squeeze_metrics.squeeze_metrics(
            levels=[level for level, _ in levels],
            sizes=[size for _, size in levels],
            **{ours: parameters[theirs] for theirs, ours in names.items()},
        )
    )
    return found


def _adl(parameters: Values) -> Values:
    expect(parameters, {"winner_pnl", "leverage", "budget", "caps", "loser_deficits", "score", "tie"})
    if (parameters["score"], parameters["tie"]) != ("pnl*leverage", "lower index first"):
        return {}
    found = adl_models.adl_comparison(
        parameters["winner_pnl"],
        parameters["leverage"],
        parameters["budget"],
        parameters["caps"],
        parameters["loser_deficits"],
    )
    return {
        "queue_order": plain(found.queue_order),
        "queue_full_close": plain(found.queue_full_close.taken),
        "queue_overshoot": found.queue_full_close.overshoot,
        "queue_partial": plain(found.queue_partial.taken),
        "pro_rata": plain(found.pro_rata.taken),
        "capped_pro_rata": plain(found.capped_pro_rata.taken),
        "water_level": found.capped_pro_rata.water_level,
        "ptsr_queue": found.queue_ratios.ptsr,
        "ptsr_pro_rata": found.pro_rata_ratios.ptsr,
        "pmr_pro_rata": found.pro_rata_ratios.pmr,
    }


def _clearing(parameters: Values) -> Values:
    expect(parameters, {"noise_wealth", "shares_outstanding", "V", "lambda_max", "funds"})
    funds = parameters["funds"]
    found: Values = plain(
        tfg.clearing(
            parameters["noise_wealth"],
            [fund["beta"] for fund in funds],
            [fund["shares"] for fund in funds],
            [fund["cash"] for fund in funds],
            parameters["lambda_max"],
            parameters["shares_outstanding"],
            parameters["V"],
        )
    )
    return found


MODELS: dict[str, Model] = {
    "cascade_fixed_point": _fixed_point,
    "cascade_uniform_density": named(
        cascade_laws.uniform_density, {"density": "density", "kappa": "kappa", "shock": "shock"}
    ),
    "cascade_count_law": named(cascade_laws.count_law, {"theta": "theta", "lam": "branching", "k": "k"}),
    "cascade_borel": named(cascade_laws.borel, {"branching": "branching", "k": "k"}),
    "cascade_resilient": named(
        cascade_laws.resilient_move,
        {"drift": "drift", "gain": "gain", "resilience": "resilience", "t": "times"},
    ),
    "cascade_paced_bound": named(
        cascade_laws.paced_bound,
        {"kappa": "kappa", "max_flow": "max_flow", "resilience": "resilience"},
        {"bound": "max_displacement"},
    ),
    "squeeze_metrics": _squeeze,
    "adl_allocation": _adl,
    "lending_liquidation": named(
        lending_models.lending_liquidation,
        {
            "collateral_value": "collateral_value",
            "debt_value": "debt_value",
            "liq_threshold": "threshold",
            "bonus": "bonus",
            "close_factor": "close_factor",
        },
    ),
    "dealer_gamma_vol": named(
        dealer_hedging.dealer_gamma_volatility,
        {"sigma": "volatility", "dealer_gamma": "dealer_gamma", "impact": "impact"},
    ),
    "bp_liquidity_spiral": named(
        liquidity_spiral.liquidity_spiral,
        {
            "customer_sell": "customer_sell",
            "fundamental": "fundamental",
            "gamma_sigma2": "gamma_sigma2",
            "margin0": "margin",
            "margin_slope": "margin_slope",
            "capital": "capital",
            "inherited_position": "inherited_position",
            "reference": "reference",
        },
    ),
    "tfg_clearing": _clearing,
    "tfg_noise_stationary": named(tfg.noise_stationary, {"rho": "rho", "sigma": "sigma"}),
}
"""Every cascade model: the vector's parameters in, the vector's expected names out."""
