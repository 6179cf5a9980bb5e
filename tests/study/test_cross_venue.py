"""Venues out of step: indexes by hand, covariation by its double sum, discovery by following a shock, races run."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.cross_venue import (
    hayashi_yoshida,
    index_prices,
    latency_edge,
    latency_race,
    lead_lag,
    price_discovery_shares,
)

series = st.lists(st.tuples(st.integers(1, 40), st.integers(-8, 8)), min_size=2, max_size=12).map(
    lambda rows: (np.cumsum([gap for gap, _ in rows]) / 8, np.cumsum([change for _, change in rows]) / 4)
)


STEPS = np.linspace(-10, 10, 20_001)
BELL = np.exp(-STEPS * STEPS / 2) / np.exp(-STEPS * STEPS / 2).sum()


# --- index --------------------------------------------------------------------------------------------------


def test_one_venue_runs_away() -> None:
    """Three venues at 60,000 and one at 61,500 with a tenth of the weight; members may stray half a percent."""
    found = index_prices([60_000, 60_010, 59_990, 61_500], [0.3, 0.3, 0.3, 0.1], 0.005)
    assert found.mean == 60_150
    assert (found.median, found.weighted_median) == (60_005, 60_000)
    assert found.clamped_weighted == 60_030.5025  # 61,500 counts as 60,005 x 1.005
    assert (found.drop_outliers_weighted, found.breakdown_sources_median) == (60_000, 1)


def test_exact_halves_are_seen() -> None:
    """0.1 + 0.2 and 0.3 are halves, though not in binary; the house then takes the middle of the two prices."""
    assert index_prices([100, 101, 102], [0.1, 0.2, 0.3], 0.5).weighted_median == 101.5
    assert index_prices([100, 101, 102], [0.1, 0.2, 0.31], 0.5).weighted_median == 102


def test_two_venues_far_apart_leave_nothing_near_their_middle() -> None:
    found = index_prices([90, 110], [1, 1], 0.01)
    assert math.isnan(found.drop_outliers_weighted)
    assert found.clamped_weighted == 100


@given(st.lists(st.tuples(st.integers(9000, 11_000), st.integers(1, 9)), min_size=1, max_size=8), st.integers(0, 20))
def test_no_index_leaves_its_members(rows: list[tuple[int, int]], dev_pct: int) -> None:
    prices, weights = zip(*rows, strict=True)
    found = index_prices(prices, weights, dev_pct / 100)
    assert found.median == float(np.median(prices))
    assert found.mean == pytest.approx(float(np.average(prices, weights=weights)))
    for index in found[:4]:
        assert min(prices) - 1e-9 <= index <= max(prices) + 1e-9
    if dev_pct == 20:
        assert index_prices(prices, weights, 0.5).clamped_weighted == pytest.approx(found.mean)


@given(st.lists(st.integers(9900, 10_100), min_size=3, max_size=9), st.floats(1, 1e9))
def test_the_median_stands_until_half_the_sources_lie(honest: list[int], lie: float) -> None:
    broken = index_prices(honest, [1] * len(honest), 0).breakdown_sources_median
    prices = [lie] * broken + [float(price) for price in honest[broken:]]
    assert min(honest) <= index_prices(prices, [1] * len(prices), 0).median <= max(honest)


# --- covariation --------------------------------------------------------------------------------------------


@given(series, series)
def test_covariation_is_its_double_sum(one: tuple[Any, Any], two: tuple[Any, Any]) -> None:
    (t1, x1), (t2, x2) = one, two
    wanted = 0.0
    for i in range(1, len(t1)):
        for j in range(1, len(t2)):
            if max(t1[i - 1], t2[j - 1]) < min(t1[i], t2[j]):
                wanted += (x1[i] - x1[i - 1]) * (x2[j] - x2[j - 1])
    found = hayashi_yoshida(t1, x1, t2, x2)
    assert found.cov == pytest.approx(wanted)
    assert hayashi_yoshida(t2, x2, t1, x1).cov == pytest.approx(wanted)
    assert hayashi_yoshida(t1, x1, t1, x1).cov == pytest.approx(found.rv1)


def test_it_does_not_vanish_with_the_rate_of_observation() -> None:
    """Two venues see one price at their own random times: the true covariation is that of the price."""
    luck = np.random.default_rng(5)
    path = np.concatenate(([0.0], np.cumsum(luck.standard_normal(200_000))))
    seen = [np.sort(luck.choice(path.size, 20_000, replace=False)) for _ in range(2)]
    found = hayashi_yoshida(seen[0], path[seen[0]], seen[1], path[seen[1]])
    assert found.cov == pytest.approx(200_000, rel=0.03)


@pytest.mark.parametrize("lag", [0.0, 30.0, -30.0])
def test_who_leads(lag: float) -> None:
    luck = np.random.default_rng(6)
    path = np.concatenate(([0.0], np.cumsum(luck.standard_normal(50_000))))
    one, two = (np.sort(luck.choice(path.size, 15_000, replace=False)) for _ in range(2))
    found = lead_lag(one, path[one], two + lag, path[two], np.arange(-60, 61, 5))
    assert found.best_lag == lag
    assert float(found.correlation.max()) > 0.9


# --- price discovery ----------------------------------------------------------------------------------------


def test_who_does_not_adjust_leads() -> None:
    """The first market never corrects towards the second, so it is where the price is made."""
    found = price_discovery_shares([0.0, 0.4], np.eye(2))
    for share in (found.component_share, found.information_share_order12, found.information_share_order21):
        assert share.tolist() == [1, 0]


def test_correlated_innovations_leave_an_interval() -> None:
    found = price_discovery_shares([-0.02, 0.4], [[1, 0.8], [0.8, 1]])
    assert found.information_share_low.tolist() == pytest.approx([0.332564, 0.000831], abs=1e-6)
    assert found.information_share_high.tolist() == pytest.approx([0.999169, 0.667436], abs=1e-6)


@given(st.floats(-0.9, -0.01), st.floats(0.01, 0.9), st.floats(0.1, 3), st.floats(0.1, 3), st.floats(-0.95, 0.95))
def test_shares_sum_to_one_and_do_not_know_the_order_of_markets(
    a1: float, a2: float, s1: float, s2: float, correlation: float
) -> None:
    cross = correlation * s1 * s2
    found = price_discovery_shares([a1, a2], [[s1 * s1, cross], [cross, s2 * s2]])
    mirrored = price_discovery_shares([a2, a1], [[s2 * s2, cross], [cross, s1 * s1]])
    assert found.component_share.tolist() == pytest.approx(mirrored.component_share[::-1].tolist())
    assert found.information_share_order12 == pytest.approx(mirrored.information_share_order21[::-1])
    for share in (*found[:3], found.is_mid):
        assert float(share.sum()) == pytest.approx(1)
    alone = price_discovery_shares([a1, a2], [[s1 * s1, 0.0], [0.0, s2 * s2]])
    assert alone.information_share_low == pytest.approx(alone.information_share_high)


def test_the_common_price_is_where_both_end_up() -> None:
    """A shock to one market, followed through the error correction: the component share is what remains of it."""
    alpha = np.array([-0.3, 0.05])
    for market, share in enumerate(price_discovery_shares(alpha, np.eye(2)).component_share.tolist()):
        prices = np.eye(2)[market]
        for _ in range(300):
            prices = prices + alpha * (prices[0] - prices[1])
        assert prices.tolist() == pytest.approx([share, share])


# --- latency ------------------------------------------------------------------------------------------------


def test_a_gap_of_forty_dollars() -> None:
    """Fees take 24; a second of 20 dollars of noise leaves a 79% chance, and a limit order saves 2.40 on average."""
    found = latency_edge(40, 60_000, 0.0002, 0.0002, [0, 1], 20)
    assert found.net_if_instant.tolist() == pytest.approx([16, 16])
    assert found.p_still_profitable.tolist() == pytest.approx([1, 0.788145], abs=1e-6)
    assert found.expected_if_ioc_limit.tolist() == pytest.approx([16, 18.404145], abs=1e-6)


@given(st.floats(-50, 50), st.floats(0.01, 5), st.floats(0.1, 50))
def test_an_edge_is_the_mean_over_where_the_gap_may_be(gap: float, latency: float, sigma: float) -> None:
    """The expectation as a sum over 20,001 steps of a normal from -10 to 10."""
    net = gap - 6 + sigma * math.sqrt(latency) * STEPS
    found = latency_edge(gap, 60_000, 0, 0.0001, latency, sigma)
    assert float(found.expected_if_always_send) == pytest.approx(float((BELL * net).sum()), abs=1e-6)
    assert float(found.expected_if_ioc_limit) == pytest.approx(float((BELL * np.maximum(net, 0)).sum()), abs=1e-4)
    assert float(found.p_still_profitable) == pytest.approx(float(BELL[net > 0].sum()), abs=1e-3)


def test_without_noise_the_edge_is_certain() -> None:
    found = latency_edge([7, 5], 60_000, 0, 0.0001, 1.0, 0.0)
    assert found.p_still_profitable.tolist() == [1, 0]
    assert found.expected_if_ioc_limit.tolist() == pytest.approx([1, 0])


def test_of_n_equals_the_maker_wins_one_race_in_n() -> None:
    """Budish, Cramton and Shim (2015): with N firms of equal speed the one whose quote is stale is first in 1 of N."""
    assert latency_race(1, 1, [0, 1, 4, 9]).tolist() == pytest.approx([1, 1 / 2, 1 / 5, 1 / 10])


def test_a_race_run_ten_thousand_times() -> None:
    luck = np.random.default_rng(8)
    maker = luck.exponential(20.0, 10_000)
    fastest = luck.exponential(5.0, (10_000, 2)).min(axis=1)
    assert float((maker < fastest).mean()) == pytest.approx(float(latency_race(5, 20, 2)), abs=0.01)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: index_prices([1, -1], [1, 1], 0), "prices must be finite, above 0; got -1"),
        (lambda: index_prices([1, 1], [1], 0), "weights has 1 entries and prices has 2"),
        (lambda: index_prices([1], [1], 1), "max_dev must be finite, at least 0 and below 1; got 1"),
        (lambda: hayashi_yoshida([0, 0], [1, 2], [0, 1], [1, 2]), "t1 must rise from each observation to the next"),
        (lambda: hayashi_yoshida([0, 1], [1, 2, 3], [0, 1], [1, 2]), "x1 has 3 entries and t1 has 2"),
        (lambda: lead_lag([0, 1], [1, 1], [0, 1], [1, 2], [0]), "a series that never changes"),
        (lambda: price_discovery_shares([0.1, 0.1], np.eye(2)), "equal adjustment leaves no common price"),
        (lambda: price_discovery_shares([0, 0.1], [[1, 2], [2, 1]]), "omega must be symmetric and positive definite"),
        (lambda: price_discovery_shares([0, 0.1, 0.2], np.eye(3)), "shares of two markets"),
        (lambda: latency_edge(1, 0, 0, 0, 1, 1), "price must be finite, above 0; got 0"),
        (lambda: latency_race(0, 1, 1), "arbitrageur_mean must be finite, above 0; got 0"),
    ],
)
def test_a_slip_is_named(call: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
