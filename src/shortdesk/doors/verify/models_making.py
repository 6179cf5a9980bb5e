"""Market-making models: from the names of a vector to the functions that answer. Nothing is computed here."""

from __future__ import annotations

import math

from shortdesk.doors.verify.named import Model, Values, named, same, taken
from shortdesk.stage import adverse_selection, quote_trial, quoting

__all__ = ["MODELS"]

_SEED = 1
_PATHS = 60_000
"""What the bands of ``as_simulation`` are made for."""

_STOIKOV = {"gamma": "risk_aversion", "sigma": "volatility", "k": "fill_decay"}
_MAKER = _STOIKOV | {"A": "fill_rate"}
_TRIAL = _MAKER | {"strategy": "strategy", "T": "horizon", "dt": "step", "fill": "fills"}


def _trial(parameters: Values, names: dict[str, str]) -> Values:
    arguments = {"paths": _PATHS} | taken(parameters, names, frozenset({"s0"}))
    found = quote_trial.quote_trial(**arguments, seed=_SEED)
    return {
        "profit": found.profit,
        "std_profit": found.std_profit,
        "final_q": found.final_inventory,
        "std_final_q": found.std_final_inventory,
    }


def _glt(parameters: Values) -> Values:
    names = _MAKER | {"Q": "limit", "T_minus_t": "time_left", "q": "inventories"}
    maker = taken(parameters, names)
    inventories, time_left = maker.pop("inventories"), maker.pop("time_left")
    rows = [q + maker["limit"] for q in inventories]
    found = quoting.glt_quotes(**maker, time_left=time_left)
    stationary = quoting.glt_quotes(**maker, time_left=math.inf)
    del maker["limit"]
    lines = quoting.glt_coefficients(**maker)
    return {
        "delta_bid": found.bid[rows],
        "delta_ask": found.ask[rows],
        "delta_bid_stationary": stationary.bid[rows],
        "delta_bid_closed_approx": [lines.half_spread + lines.skew * q for q in inventories],
        "spread_closed_approx": 2.0 * lines.half_spread,
    }


MODELS: dict[str, Model] = {
    "as_quotes": named(quoting.stoikov_quotes, _STOIKOV | {"s": "mid", "q": "inventory", "T_minus_t": "time_left"}),
    "as_mean_spread": named(quoting.stoikov_mean_spread, _STOIKOV | {"T": "horizon"}, {"value": "spread"}),
    "as_table_printed": lambda parameters: _trial(parameters, _TRIAL | {"n_paths": "paths"}),
    "as_simulation": lambda parameters: _trial(parameters, _TRIAL),
    "glt_quotes": _glt,
    "glft_liquidation_quotes": named(
        quoting.glt_liquidation_quotes,
        _MAKER | {"mu": "drift", "b": "closing_cost", "q0": "orders", "T_minus_t": "time_left"},
        {"value": "delta_ask_q1_to_q0"},
    ),
    "glosten_milgrom_sequence": named(
        adverse_selection.informed_sequence,
        same("prior_high informed v_low v_high uninformed_buy trades"),
    ),
    "stale_quote_loss": named(
        adverse_selection.stale_quote_loss,
        {"sigma_per_sqrt_s": "volatility", "latency_s": "latency", "half_spread": "half_spread"},
        {"expected_loss": "expected_loss_two_sided"},
    ),
    "bcs_spread_exponential_jumps": named(
        adverse_selection.sniping_spread,
        {"lambda_invest": "investor_rate", "lambda_jump": "jump_rate", "mean_jump": "mean_jump"},
        {"value": "spread"},
    ),
}
"""Every market-making model: the vector's parameters in, the vector's expected names out."""
