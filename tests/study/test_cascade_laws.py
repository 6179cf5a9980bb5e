"""Laws of cascades: against simulated ladders, against each other, and against integration step by step."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.study.cascade import ladder_of, run_cascade
from shortdesk.study.cascade_laws import borel, count_law, fit_counts, paced_bound, resilient_move, uniform_density


def simulated_counts(theta: float, branching: float, runs: int, seed: int) -> list[int]:
    """Liquidation prices from a Poisson process, taken through the ladder of the cascade study."""
    luck = np.random.default_rng(seed)
    counts = []
    for _ in range(runs):
        distances = np.cumsum(luck.exponential(1.0, 400))
        ladder = ladder_of(1e6, 1e6 + distances, np.ones(400), kappa=branching)
        counts.append(int(run_cascade(ladder, theta).n_levels))
    assert max(counts) < 400
    return counts


# --- how many -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("theta", "branching"), [(3.0, 0.2), (1.0, 0.5), (2.0, 0.7)])
def test_simulated_ladders_have_the_count_law(theta: float, branching: float) -> None:
    """And no other one: the right branching ratio passes, one that is a tenth off does not."""
    counts = simulated_counts(theta, branching, 2000, seed=7)
    found = fit_counts(counts, theta, branching)
    assert found.p_value > 0.01
    assert found.branching == pytest.approx(branching, abs=3 * found.standard_error)
    assert found.standard_error < 0.03
    assert fit_counts(counts, theta, branching + 0.1).p_value < 0.01


def test_the_fit_as_a_table() -> None:
    """Four cascades of 0, 0, 1, 3: a mean of 1 after an expected start of a half is a branching ratio of a half."""
    found = fit_counts([0, 0, 1, 3], 0.5, 0.5)
    assert found.branching == 0.5
    assert found.standard_error == pytest.approx(0.5 * math.sqrt(2) / 2)
    assert found.statistic == pytest.approx(math.exp(-0.5) + 0.5 * math.exp(-1) + 0.375 * math.exp(-1.5) - 0.75)
    assert found.p_value == pytest.approx(1, abs=1e-6)
    assert fit_counts([0, 0], 1.0, 0.5)[2:] == (-math.inf, math.inf)


@pytest.mark.parametrize(("scaled", "p"), [(1.2238, 0.1), (1.3581, 0.05), (1.6276, 0.01)])
def test_the_usual_bounds_of_kolmogorov(scaled: float, p: float) -> None:
    """All counts zero, so the distance is 1 - exp(-theta): chosen to stand at the printed 10%, 5% and 1% points."""
    size = 10_000
    distance = scaled / (math.sqrt(size) + 0.12 + 0.11 / math.sqrt(size))
    assert fit_counts([0] * size, -math.log1p(-distance), 0.5).p_value == pytest.approx(p, rel=1e-3)


@given(st.floats(0.0, 20.0), st.floats(0.0, 0.7))
def test_chances_sum_to_one_and_have_the_stated_moments(theta: float, branching: float) -> None:
    k = np.arange(1500)
    law = count_law(theta, branching, k)
    assert float(law.pmf.sum()) == pytest.approx(1, abs=1e-9)
    assert float(law.pmf @ k) == pytest.approx(law.mean, rel=1e-6, abs=1e-9)
    assert float(law.pmf @ (k - law.mean) ** 2) == pytest.approx(law.var, rel=1e-6, abs=1e-9)
    assert law.p_runaway == 0


@given(st.floats(0.1, 3.0), st.floats(1.05, 3.0))
def test_what_the_law_lacks_beyond_one_is_the_runaway(theta: float, branching: float) -> None:
    """Borel: the same for a cascade that one liquidation starts; from many, all of them have to die out."""
    law = count_law(theta, branching, np.arange(60_000))
    assert 1 - float(law.pmf.sum()) == pytest.approx(law.p_runaway, abs=1e-6)
    assert (law.mean, law.var) == (math.inf, math.inf)
    one = borel(branching, np.arange(1, 60_000))
    assert 1 - float(one.pmf.sum()) == pytest.approx(one.p_runaway, abs=1e-6)
    assert law.p_runaway == pytest.approx(1 - math.exp(-theta * one.p_runaway))


@given(st.floats(0.0, 0.8))
def test_a_cascade_from_one_is_one_and_the_law_of_those_it_reaches(branching: float) -> None:
    """Conditioned on its first step: 1 + a count law that starts with n."""
    k = np.arange(1, 200)
    assert borel(branching, k).pmf.tolist() == pytest.approx(
        count_law(branching, branching, k - 1).pmf.tolist(), rel=1e-9, abs=1e-300
    )
    assert borel(branching, 1).mean == pytest.approx(1 / (1 - branching))


def test_at_criticality_large_cascades_follow_the_three_halves() -> None:
    k = np.array([1e3, 1e4, 1e5])
    law = borel(1.0, k)
    assert law.pmf.tolist() == pytest.approx((k**-1.5 / math.sqrt(2 * math.pi)).tolist(), rel=1e-3)
    slope = np.diff(np.log(law.pmf)) / np.diff(np.log(k))
    assert slope.tolist() == pytest.approx([-law.tail_exponent_at_criticality] * 2, abs=1e-3)
    assert (law.mean, law.p_runaway) == (math.inf, 0)


def test_without_feedback_it_is_poisson() -> None:
    assert count_law(2.0, 0.0, [0, 1, 2, 3]).pmf.tolist() == pytest.approx(
        [math.exp(-2) * 2**k / math.factorial(k) for k in range(4)]
    )
    assert count_law(0.0, 1.5, [0, 1]).pmf.tolist() == [1, 0]
    assert borel(0.0, [1, 2]).pmf.tolist() == [1, 0]


# --- how far ------------------------------------------------------------------------------------------------


def test_uniform_density_as_a_table() -> None:
    found = uniform_density([50, 2, 1, 0], [0.01, 0.45, 1, 5], [0.5, 2, 1, 3])
    assert found.gain.tolist() == pytest.approx([0.5, 0.9, 1, 0])
    assert found.total_move.tolist() == pytest.approx([1, 20, math.inf, 3])
    assert found.liquidated.tolist() == pytest.approx([50, 40, math.inf, 0])
    assert found.amplification.tolist() == pytest.approx([2, 10, math.inf, 1])
    assert found.runaway.tolist() == [False, False, True, False]
    assert float(uniform_density(2, 1, 0).total_move) == 0  # nothing starts it


def integrated(step: float, until: float, speed_of: Callable[[float], float]) -> float:
    """Runge-Kutta of D' = speed_of(D) from 0."""
    d = 0.0
    for _ in range(round(until / step)):
        k1 = speed_of(d)
        k2 = speed_of(d + step * k1 / 2)
        k3 = speed_of(d + step * k2 / 2)
        d += step * (k1 + 2 * k2 + 2 * k3 + speed_of(d + step * k3)) / 6
    return d


@pytest.mark.parametrize(
    ("drift", "gain", "refill"), [(0.01, 0.5, 0.1), (1.0, 0.3, 1.0), (-0.05, 0.95, 0.02), (1, 0.2, 0)]
)
def test_a_resilient_move_is_its_equation(drift: float, gain: float, refill: float) -> None:
    found = resilient_move(drift, gain, refill, [1.0, 5.0])
    for place, t in enumerate((1.0, 5.0)):
        d = integrated(1e-3, t, lambda d: (gain * drift - refill * d) / (1 - gain))
        assert float(found.displacement[place]) == pytest.approx(d, rel=1e-8)
        assert float(found.price_move[place]) == pytest.approx(d + drift * t, rel=1e-8)


def test_the_first_instant_is_amplified_and_the_end_is_a_distance() -> None:
    found = resilient_move(0.01, 0.5, 0.1, [1e-6, 1e6])
    assert float(found.price_move[0]) == pytest.approx(0.01 * 1e-6 * found.initial_amplification, rel=1e-5)
    assert float(found.displacement[1]) == pytest.approx(found.final_displacement)
    assert resilient_move(-1, 0.5, 0, 1).final_displacement == -math.inf
    assert resilient_move(1, 0, 0, 1).final_displacement == 0


@given(st.floats(0.01, 2.0), st.floats(0.1, 5.0), st.floats(0.05, 2.0), st.floats(1.0, 5.0))
def test_paced_liquidations_never_pass_their_bound(kappa: float, pace: float, refill: float, gain: float) -> None:
    """Even with a gain above 1, where liquidations want to go as fast as they are let."""
    bound = float(paced_bound(kappa, pace, refill))
    d, furthest = 0.0, 0.0
    for step in range(400):
        wanted = gain / kappa * (0.01 + d)  # all that the move so far reaches, asked for at once
        d += 0.02 * (kappa * min(pace, wanted if step else 0.0) - refill * d)
        furthest = max(furthest, d)
    assert furthest <= bound * (1 + 1e-12)


# --- what people mistype ------------------------------------------------------------------------------------


def test_slips_are_named() -> None:
    with pytest.raises(UsageError, match="gain must be below 1, not 1: from 1 on the price jumps"):
        resilient_move(0.01, 1.0, 0.1, [1.0])
    with pytest.raises(UsageError, match="whole numbers from 0 on"):
        count_law(1, 0.5, [0.5])
    with pytest.raises(UsageError, match="counts are whole numbers"):
        fit_counts([1.5, 2], 1, 0.5)
    with pytest.raises(UsageError, match="theta must be finite, above 0; got 0"):
        fit_counts([1, 2], 0, 0.5)
    with pytest.raises(UsageError, match="k must be finite, at least 1; got 0"):
        borel(0.5, [0])
    with pytest.raises(UsageError, match="resilience must be finite, above 0; got 0"):
        paced_bound(1, 1, 0)
    with pytest.raises(UsageError, match="density must be finite, at least 0; got -1"):
        uniform_density(-1, 1, 1)
    with pytest.raises(UsageError, match="theta must be one number"):
        count_law([1, 2], 0.5, 1)  # type: ignore[arg-type]
