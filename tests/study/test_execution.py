"""Schedules and fills: no other schedule is cheaper, parts add up, tables a trader can follow."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study import execution, fills

Floats = npt.NDArray[np.float64]

PAPER = {
    "size": 1e6,
    "horizon": 5.0,
    "steps": 5,
    "volatility": 0.95,
    "fixed_cost": 0.0625,
    "permanent": 2.5e-7,
    "temporary": 2.5e-6,
}


# --- schedules ---------------------------------------------------------------------------------------------------


def risk_objective(holdings: Floats, risk_aversion: float) -> float:
    """Cost and risk of a schedule trade by trade: each pays for the impact of those before it and for its own speed."""
    trades = -np.diff(holdings)
    before = np.cumsum(trades) - trades
    paid = (
        trades @ (PAPER["permanent"] * before + PAPER["temporary"] * trades)
        + PAPER["fixed_cost"] * np.abs(trades).sum()
    )
    return float(paid + risk_aversion * PAPER["volatility"] ** 2 * (holdings[1:] ** 2).sum())


@pytest.mark.parametrize("risk_aversion", [0.0, 1e-6, 2e-6, 1e-4, -2e-7])
def test_no_other_schedule_costs_less(risk_aversion: float) -> None:
    found = execution.risk_schedule(**PAPER, risk_aversion=risk_aversion)
    best = risk_objective(found.holdings, risk_aversion)
    assert best == pytest.approx(found.expected_cost + risk_aversion * found.variance)
    for node in range(1, 5):
        for shift in (-500.0, 500.0):
            moved = found.holdings.copy()
            moved[node] += shift
            assert risk_objective(moved, risk_aversion) > best


def test_without_fear_one_sells_evenly() -> None:
    found = execution.risk_schedule(**PAPER, risk_aversion=0.0)
    assert found.holdings == pytest.approx(np.linspace(1e6, 0, 6))
    assert found.half_life == math.inf


def test_a_short_is_covered_as_a_long_is_sold() -> None:
    long, short = (execution.risk_schedule(**PAPER | {"size": size}, risk_aversion=1e-6) for size in (1e6, -1e6))
    assert short.holdings == pytest.approx(-long.holdings)
    assert short.expected_cost == pytest.approx(long.expected_cost)


def test_the_drift_of_the_paper_is_worth_11080_shares() -> None:
    """The preprint's text says 1,100; its own formula and numbers say 11,080."""
    assert execution.drift_correction(0.02, 1e-6, 0.95) == pytest.approx(11_080, abs=1)


def refill_cost(trades: Floats, refill_rate: float, horizon: float) -> float:
    """Each trade pays what is left of those before it and half of its own push."""
    left = math.exp(-refill_rate * horizon / (len(trades) - 1))
    pushed, paid = 0.0, 0.0
    for trade in trades:
        paid += trade * (pushed + trade / 2)
        pushed = (pushed + trade) * left
    return paid


@pytest.mark.parametrize(("refill_rate", "intervals"), [(5.0, 10), (0.1, 3), (30.0, 7), (1.0, 1)])
def test_no_other_trades_into_a_refilling_book_cost_less(refill_rate: float, intervals: int) -> None:
    found = execution.discrete_schedule(100.0, refill_rate, 1.0, intervals)
    assert found.trades.sum() == pytest.approx(100.0)
    best = refill_cost(found.trades, refill_rate, 1.0)
    assert best == pytest.approx(found.cost_over_impact)
    for one in range(intervals):
        for shift in (-1.0, 1.0):
            moved = found.trades.copy()
            moved[one] += shift
            moved[one + 1] -= shift
            assert refill_cost(moved, refill_rate, 1.0) > best


def test_ever_more_trades_become_block_rate_block() -> None:
    many, limit = execution.discrete_schedule(1.0, 3.0, 2.0, 20_000), execution.block_schedule(1.0, 3.0, 2.0)
    assert many.trades[0] == pytest.approx(limit.first_block, rel=1e-3)
    assert many.trades[1] * 10_000 == pytest.approx(limit.rate, rel=1e-3)
    assert many.cost_over_impact == pytest.approx(limit.cost_over_impact, rel=1e-3)


def own_cost(rate: Floats, others: Floats, permanent: float, temporary: float, time: Floats) -> float:
    """Integral of the price's displacement times a trader's own rate, by trapezoids."""
    total = rate + others
    moved = np.concatenate(([0.0], np.cumsum((total[1:] + total[:-1]) / 2 * np.diff(time))))
    paid = (permanent * moved + temporary * total) * rate
    return float(np.sum((paid[1:] + paid[:-1]) / 2 * np.diff(time)))


@pytest.mark.parametrize("targets", [[-1.0, 0.0], [1.0, 0.0, 0.0], [2.0, -1.0], [3.0]])
def test_nobody_gains_by_leaving_the_predatory_equilibrium(targets: list[float]) -> None:
    permanent, temporary, horizon = 5.0, 2.0, 1.0
    time = np.linspace(0.0, horizon, 4_001)
    found = execution.predatory_paths(targets, permanent, temporary, horizon, time)
    assert found.positions[:, 0] == pytest.approx(0.0, abs=1e-12)
    assert found.positions[:, -1] == pytest.approx(targets)
    rates = np.gradient(found.positions, time, axis=1, edge_order=2)
    for i in range(len(targets)):
        others = rates.sum(axis=0) - rates[i]
        base = own_cost(rates[i], others, permanent, temporary, time)
        assert base == pytest.approx(float(found.cost[i]), rel=1e-4, abs=1e-5)
        for wave in (1, 2, 3):
            for size in (-0.2, 0.2):
                bent = rates[i] + size * np.cos(math.pi * wave * time / horizon)  # trades nothing on balance
                assert own_cost(bent, others, permanent, temporary, time) > base - 1e-9


def test_a_predator_earns_what_a_distressed_seller_pays_extra() -> None:
    """gamma 10, lambda 1, T 1: 6.00 alone, 8.40 with one predator, who gains 1.61."""
    alone, hunted = (execution.predatory_paths(t, 10.0, 1.0, 1.0, [0.0]).cost for t in ([-1.0], [-1.0, 0.0]))
    assert alone[0] == pytest.approx(6.0)
    assert hunted == pytest.approx([8.40, -1.61], abs=0.005)


# --- fills -------------------------------------------------------------------------------------------------------


def test_a_market_order_walks_down_the_book() -> None:
    """Buy 7 from 2 @ 100.1, 3 @ 100.2, 5 @ 100.5 with the mid at 100.05."""
    found = fills.book_walk(1, [100.1, 100.2, 100.5], [2, 3, 5], 100.05, 7)
    assert found.vwap == pytest.approx((2 * 100.1 + 3 * 100.2 + 2 * 100.5) / 7)
    assert (found.filled, found.unfilled, found.last_price) == (7, 0, 100.5)
    assert found.market_impact_cost == pytest.approx(7 * (found.vwap - 100.05))


def test_an_empty_book_fills_nothing() -> None:
    found = fills.book_walk(-1, [], [], 100.0, 3)
    assert (found.filled, found.unfilled, found.market_impact_cost) == (0, 3, 0)
    assert math.isnan(found.vwap)


@given(st.lists(st.tuples(st.floats(0.01, 5.0), st.floats(0.1, 50.0)), min_size=1, max_size=8), st.floats(0.1, 300.0))
def test_buying_and_selling_mirror_images_costs_the_same(levels: list[tuple[float, float]], size: float) -> None:
    steps, sizes = zip(*levels, strict=True)
    away = np.cumsum(steps)
    buy, sell = (fills.book_walk(side, 100.0 + side * away, sizes, 100.0, size) for side in (1, -1))
    assert buy.market_impact_cost == pytest.approx(sell.market_impact_cost, rel=1e-6)
    assert buy.filled == sell.filled == pytest.approx(min(size, sum(sizes)))
    assert buy.slippage_bps == pytest.approx(sell.slippage_bps, rel=1e-6)


prices = st.floats(50.0, 150.0)


@given(
    st.sampled_from([1, -1]), prices, prices, prices, st.lists(st.tuples(st.floats(0.1, 3.0), prices), max_size=5),
    st.floats(0.0, 20.0), st.floats(0.0, 9.0),
)  # fmt: skip
def test_shortfall_is_what_was_paid_less_what_was_decided(
    side: int, decided: float, arrived: float, end: float, done: list[tuple[float, float]], rest: float, fees: float
) -> None:
    size = sum(q for q, _ in done) + rest + 0.1
    found = fills.implementation_shortfall(
        side, size, decided, arrived, [q for q, _ in done], [p for _, p in done], end, fees
    )
    paid = sum(q * p for q, p in done) + (size - sum(q for q, _ in done)) * end
    assert found.total == pytest.approx(side * (paid - size * decided) + fees, abs=1e-8)
    assert found.total == pytest.approx(found.delay + found.trading + found.opportunity + found.fees)


def test_who_keeps_the_spread() -> None:
    """A buy at 100.06 with the mid at 100 which then goes to 100.03; a sale at 99.9 after which it does not move."""
    found = fills.spread_parts([1, -1], [100.06, 99.9], [100.0, 100.0], [100.03, 100.0])
    assert found.effective == pytest.approx([0.12, 0.2])
    assert found.realised == pytest.approx([0.06, 0.2])
    assert found.impact == pytest.approx([0.06, 0.0])
    assert found.effective_bps == pytest.approx([12, 20])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: execution.risk_schedule(**PAPER | {"permanent": 1e-5}, risk_aversion=0.0), "take shorter steps"),
        (lambda: execution.risk_schedule(**PAPER, risk_aversion=-1e-5), "love of risk"),
        (lambda: execution.risk_schedule(**PAPER | {"steps": 0}, risk_aversion=0.0), "steps must be from 1"),
        (lambda: execution.block_schedule(1, 0, 1), "refill_rate must be finite, above 0"),
        (lambda: execution.predatory_paths([1], 1, 1, 1, [2]), "within the horizon of 1, not at 2"),
        (lambda: fills.book_walk(0, [1], [1], 1, 1), "a side is 1"),
        (lambda: fills.book_walk(1, [101, 100.5], [1, 1], 100, 1), "levels come best first"),
        (lambda: fills.book_walk(1, [99], [1], 100, 1), "none beyond the mid"),
        (lambda: fills.implementation_shortfall(1, 1, 1, 1, [2], [1], 1), "exceed the order's 1"),
        (lambda: fills.spread_parts([2], [1], [1], [1]), "a side is 1"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
