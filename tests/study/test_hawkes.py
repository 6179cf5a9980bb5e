"""Self-exciting events: against sums done by brute force, a simulated process, and the limits of the formulas."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.draw_many import draw_uniforms
from shortdesk.ground.errors import UsageError
from shortdesk.study import hawkes

BASE, JUMP, DECAY, END = 0.5, 1.2, 2.0, 4_000.0


def simulated(base: float, jump: float, decay: float, end: float, seed: int = 5) -> list[float]:
    """Ogata's thinning: between events the rate only falls, so the rate just after the last bounds it."""
    u = iter(draw_uniforms(seed, 0, 100, 0, 60_000))
    time, excited, events = 0.0, 0.0, []
    while True:
        bound = base + excited
        wait = -math.log1p(-next(u)) / bound
        time += wait
        excited *= math.exp(-decay * wait)
        if time > end:
            return events
        if next(u) * bound < base + excited:
            events.append(time)
            excited += jump


@pytest.fixture(scope="module")
def events() -> list[float]:
    return simulated(BASE, JUMP, DECAY, END)


@given(
    st.lists(st.floats(0.0, 50.0), max_size=12).map(sorted),
    st.floats(0.1, 3.0),
    st.floats(0.0, 2.0),
    st.floats(0.1, 5.0),
)
def test_the_likelihood_is_the_double_sum(times: list[float], base: float, jump: float, decay: float) -> None:
    found = hawkes.hawkes_likelihood(times, 50.0, base, jump, decay)
    rates = [base + jump * math.fsum(math.exp(-decay * (t - s)) for s in times[:i]) for i, t in enumerate(times)]

    def counted(t: float, before: int) -> float:
        return base * t + jump / decay * math.fsum(1 - math.exp(-decay * (t - s)) for s in times[:before])

    expected = math.fsum(math.log(rate) for rate in rates) - counted(50.0, len(times))
    assert found.loglik == pytest.approx(expected, rel=1e-10, abs=1e-10)
    assert found.compensator == pytest.approx([counted(t, i) for i, t in enumerate(times)], rel=1e-9, abs=1e-12)


def test_counted_in_its_own_time_the_process_is_poisson(events: list[float]) -> None:
    steps = np.diff(hawkes.hawkes_likelihood(events, END, BASE, JUMP, DECAY).compensator, prepend=0.0)
    assert steps.mean() == pytest.approx(1.0, abs=4 / math.sqrt(len(events)))
    # an exponential of mean 1 exceeds its own median half of the time
    assert np.mean(steps > math.log(2)) == pytest.approx(0.5, abs=2 / math.sqrt(len(events)))


def test_rate_and_clustering_are_those_of_the_steady_state(events: list[float]) -> None:
    found = hawkes.hawkes_moments(BASE, JUMP, DECAY)
    assert len(events) / END == pytest.approx(found.mean_rate, rel=0.1)
    counts = np.histogram(events, bins=200, range=(0.0, END))[0]
    # windows of 20 are long against memory of 1/(beta - alpha) = 1.25; the fano factor's error is about 10%
    assert counts.var() / counts.mean() == pytest.approx(found.fano_infinity, rel=0.35)


def test_the_variance_of_long_counts_is_the_integral_of_the_covariance() -> None:
    """fano = 1 + 2 integral of covariance density / rate."""
    found = hawkes.hawkes_moments(BASE, JUMP, DECAY, [0.0])
    area = 2 * found.autocov_density[0] / (DECAY - JUMP)
    assert 1 + area / found.mean_rate == pytest.approx(found.fano_infinity)


def test_a_fit_finds_the_parameters_and_stands_on_the_top(events: list[float]) -> None:
    found = hawkes.hawkes_fit(events, END)
    assert found.branching == pytest.approx(JUMP / DECAY, abs=0.06)
    assert found.base_rate == pytest.approx(BASE, rel=0.12)
    assert found.decay == pytest.approx(DECAY, rel=0.2)
    top = hawkes.hawkes_likelihood(events, END, found.base_rate, found.jump, found.decay).loglik
    assert top == pytest.approx(found.loglik, rel=1e-8)
    for change in ((1.02, 1, 1), (0.98, 1, 1), (1, 1.02, 1), (1, 0.98, 1), (1, 1, 1.02), (1, 1, 0.98)):
        moved = [x * y for x, y in zip((found.base_rate, found.jump, found.decay), change, strict=True)]
        assert hawkes.hawkes_likelihood(events, END, *moved).loglik < top


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_children_of_events_without_memory_are_seen_to_be_luck(events: list[float], seed: int) -> None:
    times = np.cumsum(-np.log1p(-draw_uniforms(seed, 0, 100, 0, 2_000)))
    found = hawkes.hawkes_fit(times, float(times[-1]))
    assert -1e-3 < found.loglik - found.loglik_without < 5
    real = hawkes.hawkes_fit(events, END)
    assert real.loglik - real.loglik_without > 100


@given(st.floats(0.01, 5.0), st.floats(0.01, 0.95), st.floats(0.1, 10.0))
def test_a_signature_falls_from_the_rate_of_moves_to_what_diffuses(base: float, n: float, decay: float) -> None:
    found = hawkes.signature_plot(base, n * decay, decay, [1e-9, 0.1, 1.0, 10.0, 1e9])
    assert found.variance[0] == pytest.approx(found.at_zero, rel=1e-6)
    assert found.variance[-1] == pytest.approx(found.at_infinity, rel=1e-6)
    assert (np.diff(found.variance) <= 0).all()
    assert found.at_zero == pytest.approx(2 * base / (1 - n))


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hawkes.hawkes_moments(1, 2, 2), "from 1 on there is no steady state"),
        (lambda: hawkes.hawkes_moments(0, 1, 2), "base_rate must be finite, above 0"),
        (lambda: hawkes.hawkes_likelihood([2, 1], 5, 1, 1, 2), "must not decrease and must end by 5"),
        (lambda: hawkes.hawkes_likelihood([1, 6], 5, 1, 1, 2), "must not decrease and must end by 5"),
        (lambda: hawkes.hawkes_fit([1, 2, 3], 5), "at least 10 events"),
        (lambda: hawkes.hawkes_fit([1.0] * 20, 5), "not all at one time"),
        (lambda: hawkes.signature_plot(1, 1, 2, [0]), "steps must be finite, above 0"),
    ],
)
def test_what_has_no_answer_is_said(call: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call()
