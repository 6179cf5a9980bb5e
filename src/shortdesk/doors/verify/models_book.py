"""Order-book models: from the names of a vector to the functions that answer. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable

from shortdesk.doors.verify.named import Model, Values, named, same, taken
from shortdesk.study import cont_stoikov_talreja as cst
from shortdesk.study import queues, zero_intelligence

__all__ = ["MODELS"]

_RATES = {"lam": "arrival_rate", "mu": "market_rate", "theta": "cancel_rate"}
_ZERO = {"mu": "market_rate", "alpha": "limit_rate", "delta": "cancel_rate", "sigma": "order_size"}


def _row(chance: Callable[[cst.QueueRates, int, int], float]) -> Model:
    """A row of one of the paper's tables: one bid queue, several ask queues, a spread of one tick."""

    def answer(parameters: Values) -> Values:
        given = taken(parameters, _RATES | same("b a spread"))
        bid, asks = given.pop("b"), given.pop("a")
        if given.pop("spread") != 1:
            raise ValueError("the tables are for a spread of one tick")
        rates = cst.QueueRates(**given)
        return {"p": [chance(rates, bid, ask) for ask in asks]}

    return answer


def _queue_grows(parameters: Values) -> Values:
    given = taken(parameters, _RATES | {"i": "distance_ticks", "n": "orders"})
    distance, orders = given.pop("distance_ticks"), given.pop("orders")
    return {"p": cst.prob_queue_grows(distance, cst.QueueRates(**given), orders)}


def _queue_law(parameters: Values) -> Values:
    found = queues.queue_law(**taken(parameters, _RATES))
    return {"p0_to_p5": found.chances[:6], "mean": found.mean, "var": found.variance}


MODELS: dict[str, Model] = {
    "cst_prob_mid_up": _row(cst.prob_mid_up),
    "cst_prob_fill_before_mid": _row(cst.prob_fill_before_mid),
    "cst_table4_printed": _row(cst.prob_fill_after_mid),
    "cst_prob_make_spread": _row(cst.prob_make_spread),
    "cst_up_prob_next_change": _queue_grows,
    "queue_stationary": _queue_law,
    "depth_recovery_mean": named(
        queues.depth_recovery,
        {"lam": "arrival_rate", "theta": "cancel_rate", "x0": "start", "t": "times"},
        {"variance": "var"},
    ),
    "cdl_prob_up_balanced": named(queues.prob_up_balanced, same("bid ask"), {"value": "p"}),
    "cdl_no_move_survival": named(
        queues.prob_no_move,
        same("bid ask") | {"t": "time", "lam": "arrival_rate", "death": "leaving_rate"},
        {"value": "p"},
    ),
    "qr_invariant": named(queues.queue_reactive_law, same("limit cancel market"), {"chances": "pi"}),
    "qr_next_event": named(queues.next_event, same("limit cancel market")),
    "sfgk_scales": named(
        zero_intelligence.book_scales,
        _ZERO | {"dp": "tick"},
        {
            "price": "p_c",
            "size": "N_c",
            "time": "t_c",
            "granularity": "epsilon",
            "tick": "dp_over_pc",
            "spread": "spread_scale",
            "depth": "asymptotic_depth",
        },
    ),
    "fpz_spread": named(zero_intelligence.spread_law, _ZERO, {"diffusion_over_constant": "diffusion_over_k"}),
}
"""Every order-book model: the vector's parameters in, the vector's expected names out."""
