"""Models of impact, execution and order placement: from the names of a vector to the functions that answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from shortdesk.doors.verify.named import Model, Values, named, same, taken
from shortdesk.study import execution, fills, impact, insider, limit_orders

__all__ = ["MODELS"]

_SIDES = {"buy": 1, "sell": -1}
_ALMGREN = {
    "sigma": "volatility_daily",
    "X_over_V": "size_over_volume",
    "Theta_over_V": "shares_over_volume",
    "T": "duration_days",
    "gamma": "permanent",
    "eta": "temporary",
}
_IN_BPS = {"permanent_bps": "permanent_bp", "temporary_bps": "temporary_bp", "realised_bps": "realised_bp"}
_BLOCKS = {"X": "size", "rho": "refill_rate", "T": "horizon"}
_QUOTE = {"A": "fill_rate", "k": "fill_decay"}
_LADDERS: dict[str, dict[str, Any]] = {
    "uniform": {},
    "linear": {"sizes": "linear"},
    "exponential": {"sizes": "exponential"},
    "geometric": {"prices": "geometric"},
}


def _almgren_printed(parameters: Values) -> Values:
    """In whole basis points, as the paper prints them."""
    names = _ALMGREN | {"beta": "temporary_power", "delta": "turnover_power"}
    found = named(impact.almgren_cost, names, _IN_BPS, frozenset({"stock"}))(parameters)
    return {name: round(value) for name, value in found.items()}


def _propagated(parameters: Values) -> Values:
    names = same("signs volumes") | {"G0": "scale", "l0": "start", "beta": "power", "psi": "volume_power"}
    given = taken(parameters, names, frozenset({"kernel"}))
    kernel = impact.power_kernel(range(len(given["signs"])), given["scale"], given["start"], given["power"])
    found = impact.propagated_price(given["signs"], given["volumes"], kernel, given["volume_power"])
    return {"price_displacement": found}


def _book_walk(parameters: Values) -> Values:
    given = taken(parameters, same("side levels mid") | {"qty": "size"})
    prices, sizes = np.array(given["levels"], dtype=np.float64).T
    return fills.book_walk(_SIDES[given["side"]], prices, sizes, given["mid"], given["size"])._asdict()


def _shortfall(parameters: Values) -> Values:
    names = same("side decision_price arrival_price end_price fees fills") | {"qty": "size"}
    given = taken(parameters, names)
    pairs = given.pop("fills")
    given |= {"side": _SIDES[given["side"]], "fill_sizes": [q for q, _ in pairs], "fill_prices": [p for _, p in pairs]}
    return fills.implementation_shortfall(**given)._asdict()


def _spread(parameters: Values) -> Values:
    names = {"side": "sides", "price": "prices", "mid": "mids", "mid_after": "mids_after"}
    given = taken(parameters, names)
    return fills.spread_parts(**given | {"sides": _SIDES[given["sides"]]})._asdict()


def _ladder(parameters: Values) -> Values:
    given = taken(parameters, same("kind first last total ratio") | {"n": "rungs"})
    return limit_orders.ladder(**_LADDERS[given.pop("kind")], **given)._asdict()


def _order_split(parameters: Values) -> Values:
    names = same("queue half_spread rebate fee underfill_penalty mean_outflow outflow") | {"S": "size"}
    given = taken(parameters, names)
    if given.pop("outflow") != "exponential":
        raise ValueError("what leaves the queue is exponential here")
    found = limit_orders.order_split(**given)._asdict()
    return found | {"lambda_low": found["penalty_low"], "lambda_high": found["penalty_high"]}


MODELS: dict[str, Model] = {
    "sqrt_impact_bps": named(
        impact.root_impact,
        {"Y": "coefficient", "sigma_daily": "volatility_daily", "Q": "size", "V_daily": "volume_daily"},
        {"impact_bps": "bps", "average_cost_bps": "avg_cost_bps"},
    ),
    "almgren2005_cost": named(impact.almgren_cost, _ALMGREN, _IN_BPS),
    "almgren2005_printed": _almgren_printed,
    "propagator_path": _propagated,
    "propagator_critical_beta": named(impact.critical_decay, {"sign_acf_exponent": "sign_memory"}, {"value": "beta"}),
    "gatheral_nda": named(
        impact.is_free_of_round_trip_profit,
        {"delta": "impact_power", "gamma": "decay_power"},
        {"value": "no_arbitrage_necessary"},
    ),
    "flat_density_book": named(
        impact.flat_book,
        same("half_spread density") | {"qty": "size"},
        {"average_cost": "avg_cost_per_unit", "total_cost": "total"},
        frozenset({"mid"}),
    ),
    "v_shaped_book": named(
        impact.v_shaped_book, {"slope": "slope", "qty": "size"}, {"average_cost": "avg_cost_per_unit"}
    ),
    "kyle_single": named(
        insider.auction,
        {
            "sigma_v": "value_deviation",
            "sigma_u": "noise_deviation",
            "p0": "prior_price",
            "v": "value",
            "u": "noise_order",
        },
        {"price_per_flow": "lam", "insider_aggressiveness": "beta", "posterior_variance": "posterior_var"},
    ),
    "kyle_sequential": named(
        insider.auction_sequence,
        {"N": "auctions", "Sigma0": "value_variance", "sigma_u2": "noise_variance"},
        {
            "price_per_flow": "lam",
            "aggressiveness": "beta",
            "value_variance": "Sigma",
            "first_profit": "alpha0",
            "continuous_price_per_flow": "continuous_limit_lambda",
        },
    ),
    "almgren_chriss": named(
        execution.risk_schedule,
        {
            "X": "size",
            "T": "horizon",
            "N": "steps",
            "sigma": "volatility",
            "eps": "fixed_cost",
            "gamma": "permanent",
            "eta": "temporary",
            "risk_aversion": "risk_aversion",
        },
        {"effective_temporary": "eta_tilde"},
        frozenset({"S0"}),
    ),
    "ac_alpha_correction": named(
        execution.drift_correction,
        {"alpha": "drift", "risk_aversion": "risk_aversion", "sigma": "volatility"},
        {"value": "x_bar_shares"},
    ),
    "obizhaeva_wang": named(
        execution.block_schedule,
        _BLOCKS,
        {"first_block": "x0", "last_block": "xT", "cost_over_impact": "cost_over_kappa"},
    ),
    "exp_kernel_discrete_schedule": named(
        execution.discrete_schedule, _BLOCKS | {"N": "intervals"}, {"cost_over_impact": "cost_over_kappa"}
    ),
    "predatory_trading_paths": named(
        execution.predatory_paths,
        {
            "target_changes": "target_changes",
            "gamma": "permanent",
            "lam": "temporary",
            "T": "horizon",
            "t": "times",
        },
    ),
    "book_walk": _book_walk,
    "implementation_shortfall": _shortfall,
    "spread_decomposition": _spread,
    "ladder": _ladder,
    "cont_kukanov_single": _order_split,
    "single_quote_optimum": named(limit_orders.best_distance, _QUOTE | same("cost"), {"distance": "delta"}),
    "fill_probability_poisson": named(limit_orders.fill_chance, _QUOTE | {"delta": "distance", "T": "time"}),
    "touch_probability_bm": named(
        limit_orders.touch_chance,
        {"S": "price", "limit": "limit_price", "sigma": "volatility_annual", "T": "years"},
        {"value": "p"},
    ),
}
"""Every model of impact, execution and placement: the vector's parameters in, the vector's expected names out."""
