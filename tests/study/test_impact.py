"""Impact: worked examples, what each law says of books and of trades one after the other, and Kyle's auctions."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study import impact, insider

sizes = st.floats(1e-3, 1e3)


@pytest.mark.parametrize(
    ("share", "days", "permanent", "temporary", "realised"),
    [("IBM", 0.1, 20, 22, 32), ("IBM", 0.2, 20, 15, 25), ("IBM", 0.5, 20, 8, 18), ("DRI", 0.1, 22, 32, 43),
     ("DRI", 0.2, 22, 21, 32), ("DRI", 0.5, 22, 12, 23)],
)  # fmt: skip
def test_the_worked_example_of_almgren_and_others(
    share: str, days: float, permanent: int, temporary: int, realised: int
) -> None:
    """A tenth of a day's volume in IBM (sigma 1.57%, 263 days of volume outstanding) and DRI (2.26%, 87)."""
    sigma, outstanding = {"IBM": (0.0157, 263), "DRI": (0.0226, 87)}[share]
    found = impact.almgren_cost(0.1, outstanding, days, sigma)
    assert [round(part) for part in found] == [permanent, temporary, realised]


def test_a_tenth_of_a_percent_of_volume_by_the_square_root() -> None:
    """0.75 times 2% times sqrt(0.001) = 4.74 basis points at the end, two thirds of it on average."""
    found = impact.root_impact(0.001, 1.0, 0.02)
    assert found.impact_bps == pytest.approx(0.75 * 200 * math.sqrt(0.001))
    assert found.average_cost_bps == pytest.approx(found.impact_bps * 2 / 3)


@given(sizes, sizes, sizes)
def test_four_times_the_size_is_twice_the_impact(size: float, volume: float, sigma: float) -> None:
    one, four = (impact.root_impact(k * size, volume, sigma).impact_bps for k in (1, 4))
    assert four == pytest.approx(2 * one)


@given(sizes, st.floats(0.0, 10.0), sizes)
def test_books_of_simple_shapes_are_sums_over_fine_levels(size: float, half: float, density: float) -> None:
    flat = impact.flat_book(size, half, density)
    at = (np.arange(10_000) + 0.5) / 10_000 * size / density + half
    assert flat.average_cost == pytest.approx(float(at.mean()), rel=1e-6)
    assert flat.terminal_displacement == pytest.approx(half + size / density)
    vee = impact.v_shaped_book(size, density)
    edge = np.linspace(0, vee.terminal_displacement, 4_001)
    level = density * (edge[1:] + edge[:-1]) / 2 * np.diff(edge)  # size of a thin slice at its middle
    assert level.sum() == pytest.approx(size)
    assert vee.total_cost == pytest.approx(float(level @ (edge[1:] + edge[:-1]) / 2), rel=1e-6)


def test_impact_fades_as_the_kernel_says() -> None:
    """One buy of 4 and nothing after it (a psi of 1/2): the kernel times 2."""
    kernel = impact.power_kernel(range(5), 1.0, 2.0, 0.5)
    found = impact.propagated_price([1, 0, 0, 0, 0], [4, 1, 1, 1, 1], kernel, 0.5)
    assert found == pytest.approx([2 / math.sqrt(1 + lag / 2) for lag in range(5)])


def test_many_trades_by_transform_are_the_sum() -> None:
    n = 2_500
    signs = np.where(np.sin(np.arange(n) ** 2) > 0, 1, -1)
    volumes = 1.0 + np.arange(n) % 7
    kernel = impact.power_kernel(np.arange(n), 1.0, 20.0, 0.4)
    found = impact.propagated_price(signs, volumes, kernel, 0.3)
    for last in (0, 1, 777, n - 1):
        direct = float((signs * volumes**0.3)[: last + 1] @ kernel[last::-1])
        assert found[last] == pytest.approx(direct, abs=1e-9)


def test_prices_diffuse_at_the_critical_decay() -> None:
    assert [impact.critical_decay(gamma) for gamma in (0.0, 0.5, 1.0)] == [0.5, 0.25, 0.0]


@pytest.mark.parametrize(("delta", "gamma", "free"), [(0.5, 0.5, True), (0.5, 0.49, False), (0.7, 0.41, False)])
def test_round_trips(delta: float, gamma: float, free: bool) -> None:
    assert impact.is_free_of_round_trip_profit(delta, gamma) is free


# --- auctions ----------------------------------------------------------------------------------------------------


def test_half_of_what_the_insider_knows_gets_into_the_price() -> None:
    found = insider.auction(2.0, 10.0, 100.0, 103.0, 4.0)
    assert found.insider_order == 15.0
    assert found.price == pytest.approx(100 + 0.1 * 19)
    assert found.posterior_variance == 2.0


@pytest.mark.parametrize("auctions", [1, 2, 5, 40])
def test_a_sequence_solves_its_equations(auctions: int) -> None:
    """Kyle's theorem 2, one line after the other, with sigma_u^2 per unit of time."""
    variance, noise = 4.0, 9.0
    found = insider.auction_sequence(auctions, variance, noise)
    length, alpha = 1 / auctions, 0.0
    assert found.value_variance[0] == pytest.approx(variance)
    for n in range(auctions - 1, -1, -1):
        flow, speed = found.price_per_flow[n], found.aggressiveness[n]
        before, after = found.value_variance[n : n + 2]
        assert flow == pytest.approx(speed * after / noise)
        assert speed * length == pytest.approx((1 - 2 * alpha * flow) / (2 * flow * (1 - alpha * flow)))
        assert after == pytest.approx((1 - speed * flow * length) * before)
        assert flow * (1 - alpha * flow) > 0  # the insider's second-order condition
        alpha = 1 / (4 * flow * (1 - alpha * flow))
    assert found.first_profit == pytest.approx(alpha)


def test_many_auctions_are_continuous_trade() -> None:
    found = insider.auction_sequence(2_000, 4.0, 9.0)
    assert found.price_per_flow[0] == pytest.approx(found.continuous_price_per_flow, rel=1e-2)
    # all that is known comes out, at an even pace
    assert found.value_variance[1_000] == pytest.approx(2.0, rel=1e-2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: impact.root_impact(-1, 1, 1), "size must be finite, at least 0"),
        (lambda: impact.almgren_cost(0.1, 263, 0, 0.01), "duration_days must be finite, above 0"),
        (lambda: impact.flat_book(1, 0, 0), "density must be finite, above 0"),
        (lambda: impact.propagated_price([1, 1], [1, 1], [1], 1), "they belong together"),
        (lambda: impact.critical_decay(1.5), "sign_memory must be finite"),
        (lambda: insider.auction(0, 1, 1, 1, 1), "value_deviation must be finite, above 0"),
        (lambda: insider.auction_sequence(0, 1, 1), "from 1 to 100,000 auctions, not 0"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
