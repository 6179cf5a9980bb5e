"""Estimators and self-exciting events: from the names of a vector to the functions that answer."""

from __future__ import annotations

import numpy as np

from shortdesk.doors.verify.named import Model, Values, named, same, taken
from shortdesk.study import hawkes, liquidity_estimators, return_estimators

__all__ = ["MODELS"]

_HAWKES = {"mu": "base_rate", "alpha": "jump", "beta": "decay"}


def _autocorrelation(parameters: Values) -> Values:
    given = taken(parameters, {"x": "values", "lags": "lags"})
    values, lags = given["values"], given["lags"]
    return {
        "acf": return_estimators.autocorrelation(values, lags),
        "acf_abs": return_estimators.autocorrelation(np.abs(values), lags),
        "ljung_box_3": return_estimators.ljung_box(values, 3),
    }


def _corwin_schultz(parameters: Values) -> Values:
    given = taken(parameters, same("high1 low1 high2 low2"))
    highs, lows = [given["high1"], given["high2"]], [given["low1"], given["low2"]]
    return {"spread": liquidity_estimators.corwin_schultz(highs, lows)[0]}


def _imbalance(parameters: Values) -> Values:
    given = taken(parameters, {"quotes_bid_bidsize_ask_asksize": "quotes"})
    bids, bid_sizes, asks, ask_sizes = zip(*given["quotes"], strict=True)
    events = liquidity_estimators.order_flow_imbalance(bids, bid_sizes, asks, ask_sizes)
    return {"events": events, "total": events.sum()}


def _book_depth(parameters: Values) -> Values:
    given = taken(parameters, same("book bps"))
    book = given["book"]
    (bids, bid_sizes), (asks, ask_sizes) = (zip(*book[side], strict=True) for side in ("bids", "asks"))
    found = liquidity_estimators.book_depth(bids, bid_sizes, asks, ask_sizes, given["bps"])
    return found._asdict()


MODELS: dict[str, Model] = {
    "hill": named(return_estimators.hill, same("values k")),
    "autocorrelation": _autocorrelation,
    "variance_ratio": named(return_estimators.variance_ratio, same("returns q"), {"ratio": "vr"}),
    "impact_exponent_fit": named(return_estimators.power_law, {"Q": "x", "impact": "y"}, {"exponent": "delta"}),
    "roll_spread": named(liquidity_estimators.roll_spread, same("prices"), {"autocovariance": "autocov"}),
    "corwin_schultz": _corwin_schultz,
    "amihud": named(
        liquidity_estimators.amihud, {"returns": "returns", "dollar_volume": "volumes"}, {"value": "illiq"}
    ),
    "order_flow_imbalance": _imbalance,
    "kyle_lambda_ols": named(
        liquidity_estimators.kyle_lambda, {"signed_volume": "signed_volumes", "price_change": "price_changes"}
    ),
    "book_depth": _book_depth,
    "depth_volatility": named(
        liquidity_estimators.depth_volatility,
        same("depth baseline"),
        {
            "steps_to_half_recovery": "steps_to_50pct_recovery_of_drop",
        },
    ),
    "hawkes_exp_stationary": named(hawkes.hawkes_moments, _HAWKES | {"tau": "lags"}),
    "hawkes_exp_loglik": named(
        hawkes.hawkes_likelihood,
        _HAWKES | {"times": "times", "T": "end"},
        {"compensator": "compensator_at_events"},
    ),
    "bacry_signature_plot": named(
        hawkes.signature_plot,
        _HAWKES | {"tau": "steps"},
        {"variance": "C", "at_zero": "C0", "at_infinity": "Cinf"},
    ),
}
"""Every estimator: the vector's parameters in, the vector's expected names out."""
