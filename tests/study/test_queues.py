"""Laws of queues: against generators written out as matrices, textbook cases, and symmetries."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study import queues, zero_intelligence

rates = st.floats(0.05, 20.0)


def flow(generator: npt.NDArray[np.float64], time: float) -> npt.NDArray[np.float64]:
    """exp(generator time): the series of a small part of the time, squared as often as it was halved."""
    part = generator * time / 2.0**14
    step = term = np.eye(len(generator))
    for n in range(1, 12):
        term = term @ part / n
        step = step + term
    for _ in range(14):
        step = step @ step
    return step


@given(rates, rates, rates)
def test_in_the_long_run_as_many_come_as_go(arrival: float, market: float, cancel: float) -> None:
    found = queues.queue_law(arrival, market, cancel)
    lengths = np.arange(len(found.chances))
    going = (market + lengths * cancel)[1:] * found.chances[1:]
    assert arrival * found.chances[:-1] == pytest.approx(going, rel=1e-9)
    assert found.chances.sum() == pytest.approx(1.0)
    # what comes equals what is taken and cancelled
    assert arrival == pytest.approx(market * (1 - found.chances[0]) + cancel * found.mean, rel=1e-9)


def test_without_market_orders_a_level_is_poisson() -> None:
    found = queues.queue_law(3.0, 0.0, 0.5)
    assert found.mean == pytest.approx(6.0)
    assert found.variance == pytest.approx(6.0)
    assert found.chances[6] == pytest.approx(math.exp(-6) * 6**6 / math.factorial(6))


def test_without_cancellations_a_queue_is_geometric() -> None:
    assert queues.queue_law(1.0, 2.0, 0.0).chances[:4] == pytest.approx([0.5, 0.25, 0.125, 0.0625])


def test_no_orders_come_no_queue() -> None:
    assert list(queues.queue_law(0.0, 1.0, 1.0).chances) == [1.0]


@given(st.lists(st.floats(0.1, 5.0), min_size=1, max_size=12), st.floats(0.1, 3.0), st.floats(0.0, 1.0))
def test_rates_by_length_with_constant_ones_are_the_plain_queue(
    limit: list[float], market: float, theta: float
) -> None:
    longest = len(limit)
    cancel = [n * theta for n in range(longest + 1)]
    found = queues.queue_reactive_law(limit, cancel, [market] * (longest + 1))
    down = np.array(cancel) + market
    assert np.array(limit) * found.chances[:-1] == pytest.approx(down[1:] * found.chances[1:], rel=1e-9)
    assert found.mean == pytest.approx(float(np.arange(longest + 1) @ found.chances))


@pytest.mark.parametrize("start", [0, 3, 12])
def test_depth_comes_back_as_its_generator_says(start: int) -> None:
    arrival, cancel, size = 2.0, 0.5, 40
    n = np.arange(size)
    generator = np.diag(np.full(size - 1, arrival), 1) + np.diag(n[1:] * cancel, -1)
    generator -= np.diag(generator.sum(axis=1))
    times = [0.3, 2.0, 9.0]
    found = queues.depth_recovery(arrival, cancel, start, times)
    for i, time in enumerate(times):
        law = flow(generator, time)[start]
        assert found.mean[i] == pytest.approx(float(law @ n), rel=1e-9)
        assert found.variance[i] == pytest.approx(float(law @ n**2 - (law @ n) ** 2), rel=1e-8)


def test_half_the_gap_closes_in_a_half_life() -> None:
    half_life = queues.depth_recovery(50.0, 0.05, 200, [0.0]).half_life
    assert queues.depth_recovery(50.0, 0.05, 200, [half_life]).mean[0] == pytest.approx((200 + 1000) / 2)


@given(st.integers(1, 60), st.integers(1, 60))
def test_balanced_queues_are_mirror_images_and_harmonic(bid: int, ask: int) -> None:
    """P[up] is the mean of P[up] at the four neighbours, 0 with an empty bid and 1 with an empty ask."""

    def up(b: int, a: int) -> float:
        return 0.0 if b == 0 else 1.0 if a == 0 else queues.prob_up_balanced(b, a)

    assert up(bid, ask) + up(ask, bid) == pytest.approx(1.0, abs=1e-11)
    around = up(bid + 1, ask) + up(bid - 1, ask) + up(bid, ask + 1) + up(bid, ask - 1)
    assert up(bid, ask) == pytest.approx(around / 4, abs=1e-11)


def test_long_balanced_queues_move_by_their_angle() -> None:
    """In the limit of long queues P[up] = 1 - (2/pi) atan(ask/bid)."""
    assert queues.prob_up_balanced(2_000, 1_000) == pytest.approx(1 - 2 / math.pi * math.atan(0.5), abs=1e-6)


@pytest.mark.parametrize(("queue", "time", "arrival", "leaving"), [(1, 0.5, 1, 1), (3, 2, 1, 1), (10, 6, 1.2, 1.5)])
def test_no_move_is_what_the_generator_says(queue: int, time: float, arrival: float, leaving: float) -> None:
    size = 90
    generator = np.diag(np.full(size - 1, 1.0 * arrival), 1) + np.diag(np.full(size - 1, 1.0 * leaving), -1)
    generator -= (arrival + leaving) * np.eye(size)
    stays = flow(generator, time)[queue - 1].sum()
    assert queues.prob_no_move(queue, queue, time, arrival, leaving) == pytest.approx(stays**2, abs=1e-10)


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.0, 50.0), rates, rates)
def test_no_move_gets_less_likely(bid: int, ask: int, time: float, arrival: float, leaving: float) -> None:
    now, later = (queues.prob_no_move(bid, ask, t, arrival, leaving) for t in (time, 1.5 * time))
    assert -1e-12 <= later <= now + 1e-12 <= 1.0 + 2e-12
    assert queues.prob_no_move(bid + 1, ask, time, arrival, leaving) >= now - 1e-12
    # a queue that grows faster than it shrinks may last for ever
    if arrival > leaving:
        assert now >= (1 - (leaving / arrival) ** bid) * (1 - (leaving / arrival) ** ask) - 1e-10


def test_at_time_zero_nothing_has_moved() -> None:
    assert queues.prob_no_move(1, 5, 0.0, 1.0, 2.0) == 1.0


def test_clocks_compete() -> None:
    found = queues.next_event(1.2, 0.4, 0.4)
    assert found == pytest.approx((0.6, 0.2, 0.2, 0.5))


# --- random books ------------------------------------------------------------------------------------------------


@given(rates, rates, rates, rates, st.floats(0.1, 10.0))
def test_other_units_change_the_numbers_as_units_do(
    mu: float, alpha: float, delta: float, sigma: float, k: float
) -> None:
    """Prices k times larger, sizes and times as before: spreads scale by k, diffusion by k squared."""
    plain = zero_intelligence.book_scales(mu, alpha, delta, sigma, 0.1)
    scaled = zero_intelligence.book_scales(mu, alpha / k, delta, sigma, 0.1 * k)
    assert scaled.spread == pytest.approx(k * plain.spread)
    assert scaled.tick == pytest.approx(plain.tick)
    assert scaled.diffusion_long == pytest.approx(k * k * plain.diffusion_long)
    one, other = (zero_intelligence.spread_law(mu, a, delta, sigma) for a in (alpha, alpha / k))
    assert other.spread == pytest.approx(k * one.spread)
    assert other.diffusion_over_constant == pytest.approx(k * k * one.diffusion_over_constant)


def test_the_two_papers_agree_on_the_short_diffusion() -> None:
    """Both are mu^2.5 delta^0.5 sigma^-0.5 alpha^-2, the scales with a factor of 2^(-1/2) in front."""
    scales, law = zero_intelligence.book_scales(2, 1, 0.02, 3, 0.1), zero_intelligence.spread_law(2, 1, 0.02, 3)
    assert scales.diffusion_short * math.sqrt(2) == pytest.approx(law.diffusion_over_constant)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: queues.queue_law(2, 1, 0), "taken faster than it grows"),
        (lambda: queues.queue_law(-1, 1, 1), "arrival_rate must be finite, at least 0"),
        (lambda: queues.queue_law(1e9, 0, 1), "holds up to 1e\\+09 orders"),
        (lambda: queues.queue_reactive_law([1, 1], [0, 1], [0, 1]), "one rate more than limit's 2, not 2 and 2"),
        (lambda: queues.queue_reactive_law([1], [0, 0], [1, 0]), "leave at some rate"),
        (lambda: queues.next_event(0, 0, 0), "one of the three"),
        (lambda: queues.depth_recovery(1, 0, 0, [1]), "cancel_rate must be finite, above 0"),
        (lambda: queues.depth_recovery(1, 1, 0, [-1]), "times must be finite, at least 0"),
        (lambda: queues.prob_up_balanced(0, 1), "from 1 to 5,000 orders, not 0"),
        (lambda: queues.prob_no_move(1, 0, 1, 1, 1), "at least 1 order, not 0"),
        (lambda: queues.prob_no_move(1, 1, 1e9, 1, 1), "up to 1e8"),
        (lambda: zero_intelligence.spread_law(1, 0, 1, 1), "limit_rate must be finite, above 0"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
