"""Placing limit orders: tables by hand, and no other split, distance or ladder where one is said to be best."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study import first_passage, limit_orders

sizes = st.floats(1.0, 1e4)


def test_a_ladder_by_hand() -> None:
    """15 from 100 down to 90 on five rungs, one unit more on each: 1 at 100, 5 at 90, 93.33 on average."""
    found = limit_orders.ladder(100, 90, 5, 15, sizes="linear")
    assert list(found.prices) == [100, 97.5, 95, 92.5, 90]
    assert found.sizes == pytest.approx([1, 2, 3, 4, 5])
    assert found.avg_if_filled == pytest.approx([100, 98 + 1 / 3, 96 + 2 / 3, 95, 93 + 1 / 3])
    assert found.avg_price == pytest.approx(93 + 1 / 3)


def test_ladders_of_other_shapes() -> None:
    geometric = limit_orders.ladder(100, 400, 3, 9, prices="geometric")
    assert geometric.prices == pytest.approx([100, 200, 400])
    assert geometric.sizes == pytest.approx([3, 3, 3])
    doubling = limit_orders.ladder(10, 8, 3, 7, sizes="exponential", ratio=2)
    assert doubling.sizes == pytest.approx([1, 2, 4])
    assert list(limit_orders.ladder(10, 8, 1, 7).prices) == [10]


@given(
    sizes, sizes, st.integers(1, 60), sizes, st.floats(0.1, 10.0), st.sampled_from(["equal", "linear", "exponential"])
)
def test_a_ladder_adds_up(first: float, last: float, rungs: int, total: float, ratio: float, how: str) -> None:
    found = limit_orders.ladder(first, last, rungs, total, sizes=how, ratio=ratio)  # type: ignore[arg-type]
    assert found.sizes.sum() == pytest.approx(total)
    assert min(first, last) * (1 - 1e-9) <= found.avg_price <= max(first, last) * (1 + 1e-9)
    assert found.avg_if_filled[0] == pytest.approx(first)


def split_cost(
    limit: float, size: float, queue: float, half: float, rebate: float, fee: float, penalty: float, mean: float
) -> float:
    """The cost of a split, the fill's mean summed over a fine grid of what leaves the queue."""
    u = (np.arange(200_000) + 0.5) / 200_000
    outflow = -mean * np.log1p(-u)
    filled = float(np.clip(outflow - queue, 0.0, limit).mean())
    return (half + fee) * (size - limit) - (half + rebate) * filled + penalty * (limit - filled)


@pytest.mark.parametrize(
    ("queue", "penalty", "mean", "kind"),
    [(2_000, 0.05, 2_200, "both"), (500, 0.2, 5_000, "both"), (500, 0.01, 5_000, "limit"), (8_000, 0.4, 500, "market")],
)
def test_no_other_split_costs_less(queue: float, penalty: float, mean: float, kind: str) -> None:
    given_ = (1_000.0, queue, 0.02, 0.002, 0.003, penalty, mean)
    found = limit_orders.order_split(*given_)
    assert (found.limit == 1_000, found.limit == 0) == (kind == "limit", kind == "market")
    assert found.market + found.limit == pytest.approx(1_000)
    assert found.expected_cost == pytest.approx(split_cost(found.limit, *given_), rel=1e-4)
    others = [split_cost(limit, *given_) for limit in np.linspace(0, 1_000, 21)]
    assert found.expected_cost <= min(others) + 1e-3


def test_the_first_in_the_queue_never_pays_the_spread_for_all() -> None:
    found = limit_orders.order_split(10, 0, 0.5, 0, 0, 100.0, 50)
    assert found.penalty_high == math.inf
    assert found.limit > 0


@given(st.floats(0.1, 100.0), st.floats(0.01, 10.0), st.floats(-0.5, 3.0))
def test_the_best_distance_is_best_and_does_not_depend_on_the_rate(rate: float, decay: float, cost: float) -> None:
    found = limit_orders.best_distance(rate, decay, cost)
    assert found.distance == limit_orders.best_distance(2 * rate, decay, cost).distance
    for shift in (-0.1 / decay, 0.1 / decay):
        other = found.distance + shift
        assert (other - cost) * rate * math.exp(-decay * other) < found.profit_rate


def test_the_linear_chance_is_too_high() -> None:
    """The step of Avellaneda and Stoikov at distance 0.75: 22.7% where it should be 20.3%."""
    found = limit_orders.fill_chance(140, 1.5, 0.75, 0.005)
    assert (round(found.p, 3), round(found.linear, 3)) == (0.203, 0.227)
    assert found.mean_wait == pytest.approx(math.exp(1.5 * 0.75) / 140)


@given(st.floats(1.0, 1e5), st.floats(0.5, 1.5), st.floats(0.05, 3.0), st.floats(1e-4, 1.0))
def test_a_touch_is_a_first_passage_without_drift(price: float, factor: float, sigma: float, years: float) -> None:
    limit = price * factor
    hit = first_passage.hit_prob_up_gbm if factor > 1 else first_passage.hit_prob_down_gbm
    expected = hit(price, limit, sigma**2 / 2, sigma, years).p  # the logarithm then has no drift
    assert limit_orders.touch_chance(price, limit, sigma, years) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_a_touch_without_time_or_distance() -> None:
    assert limit_orders.touch_chance(100, 100, 0.5, 0.0) == 1.0
    assert limit_orders.touch_chance(100, 99, 0.5, 0.0) == 0.0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: limit_orders.ladder(1, 2, 0, 1), "from 1 to 100,000 rungs, not 0"),
        (lambda: limit_orders.ladder(1, 2, 3, 1, sizes="fat"), "'equal' and 'fat'"),  # type: ignore[arg-type]
        (lambda: limit_orders.ladder(1, 2, 3, 1, ratio=0), "ratio must be finite, above 0"),
        (lambda: limit_orders.order_split(0, 1, 1, 1, 1, 1, 1), "size must be finite, above 0"),
        (lambda: limit_orders.order_split(1, 1, 0.1, -0.2, 0, 1, 1), "not by more than half the spread"),
        (lambda: limit_orders.best_distance(1, 0, 1), "fill_decay must be finite, above 0"),
        (lambda: limit_orders.fill_chance(1, 1, 1, -1), "time must be finite, at least 0"),
        (lambda: limit_orders.touch_chance(1, 0, 1, 1), "limit_price must be finite, above 0"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
