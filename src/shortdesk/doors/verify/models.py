"""From a model's name in a vector file to the function that answers it: names are translated, nothing is computed.

The names on the left are the contract of the model vectors (schema ``vectors_models/1``); those on the
right are ours. A parameter nobody here knows is an error, so a vector cannot be passed by overlooking half of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from shortdesk.ground.errors import InputError
from shortdesk.study import first_passage, jump_passage, volatility

__all__ = ["MODELS"]

Values = Mapping[str, Any]

_PRICE = {
    "S": "spot", "barrier": "barrier", "mu": "drift_annual", "sigma": "volatility_annual", "T": "horizon_years",
}  # fmt: skip
_POSITION = {
    "entry": "entry", "leverage": "leverage", "mm_rate": "maintenance_rate", "mu": "drift_annual",
    "sigma": "volatility_annual",
}  # fmt: skip
_JUMPS = {"jump_rate": "rate_annual", "p_up": "p_up", "eta1": "eta_up", "eta2": "eta_down"}
_LOGARITHM = {"b": "log_distance", "mu": "log_drift_annual", "sigma": "volatility_annual"}
_WORDS = {"convention"}
"""Parameters that explain a vector in prose."""


class _Model(NamedTuple):
    """A function, and what vectors call its arguments, its results and the parts of its argument ``jumps``."""

    function: Callable[..., Any]
    arguments: Mapping[str, str]
    results: Mapping[str, str]
    jumps: Mapping[str, str]

    def answer(self, parameters: Values) -> Values:
        """The model's results under the vector's names."""
        unknown = parameters.keys() - self.arguments.keys() - self.jumps.keys() - _WORDS
        missing = (self.arguments.keys() | self.jumps.keys()) - parameters.keys()
        if unknown or missing:
            raise InputError(f"parameters unknown: {sorted(unknown)}, missing: {sorted(missing)}")
        arguments = {ours: parameters[theirs] for theirs, ours in self.arguments.items()}
        if self.jumps:
            arguments["jumps"] = jump_passage.KouJumps(
                **{ours: parameters[theirs] for theirs, ours in self.jumps.items()}
            )
        found = self.function(**arguments)._asdict()
        return {self.results.get(name, name): value for name, value in found.items()}


def _model(
    function: Callable[..., Any], arguments: Values, results: Values | None = None, jumps: Values | None = None
) -> Callable[[Values], Values]:
    return _Model(function, arguments, results or {}, jumps or {}).answer


MODELS: dict[str, Callable[[Values], Values]] = {
    "hit_prob_up_gbm": _model(first_passage.hit_prob_up_gbm, _PRICE),
    "hit_prob_down_gbm": _model(first_passage.hit_prob_down_gbm, _PRICE),
    "hit_prob_up_discrete": _model(first_passage.hit_prob_up_discrete, _PRICE | {"checks": "checks"}),
    "two_barrier_gbm": _model(
        first_passage.two_barrier_gbm,
        {"S": "spot", "lower": "lower", "upper": "upper", "mu": "drift_annual", "sigma": "volatility_annual"},
        {"expected_exit_years": "expected_exit_time"},
    ),
    "short_liq_prob_by_leverage": _model(
        first_passage.short_liq_prob_by_leverage,
        _POSITION | {"days": "horizons_days"},
        {"liquidation_price": "liq_price"},
    ),
    "short_liq_prob_with_funding": _model(
        first_passage.short_liq_prob_with_funding,
        _POSITION | {"funding_per_day_received": "funding_received_per_day", "days": "horizon_days"},
        {"liquidation_price": "liq_price", "barrier_growth_annual": "barrier_growth"},
    ),
    "hit_prob_up_kou": _model(jump_passage.hit_prob_up_kou, _LOGARITHM | {"T": "horizon_years"}, jumps=_JUMPS),
    "kou_overshoot": _model(
        jump_passage.kou_overshoot,
        _LOGARITHM | {"discount": "discount_annual", "y": "overshoot"},
        {"expected_gap_loss": "expected_gap_loss_per_unit_bankruptcy_price"},
        _JUMPS,
    ),
    "realised_measures": _model(volatility.realised_measures, {"returns": "returns"}),
}
"""Every model the truth runner can be asked: the vector's parameters in, the vector's expected names out."""
