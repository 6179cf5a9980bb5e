"""The desk's face: variants, certain answers, bounds under funding, and what really happened to Bitcoin."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.study.passage_reference import Jumping, moving_barrier_by_integral, simulate_kou, simulate_kou_at_looks

from shortdesk.ground.errors import UsageError
from shortdesk.study.first_passage import hit_prob_down_gbm, hit_prob_up_discrete, short_liq_prob_with_funding
from shortdesk.study.jump_passage import KouJumps, assumed_jumps, kou_log_drift
from shortdesk.study.liquidation_probability import LiquidationProbability, liquidation_probability
from shortdesk.study.volatility import ewma_volatility

SAMPLES = Path(__file__).parents[2] / "src" / "shortdesk" / "sheets" / "samples"


def test_every_variant_in_one_answer() -> None:
    found = liquidation_probability(60_000, 66_000, 7, 0.6, monitoring=3600, jumps=assumed_jumps(0.6))
    assert found.continuous == pytest.approx(0.2395421446)
    assert found.discrete == pytest.approx(hit_prob_up_discrete(60_000, 66_000, 0.0, 0.6, 7 / 365, 168).p, rel=1e-12)
    assert found.with_jumps == pytest.approx(0.2320, abs=1e-4)
    assert found.discrete < found.continuous
    assert found.probability < found.with_jumps
    assert found.at_most == found.probability
    assert found.method == (
        "first passage of Kou's jump diffusion, looked at every 3600 s (barrier shifted by 0.5826 sigma sqrt(dt))"
    )


def test_what_was_not_asked_for_is_none() -> None:
    found = liquidation_probability(60_000, 66_000, 7, 0.6)
    assert (found.discrete, found.with_jumps) == (None, None)
    assert found.probability == found.continuous == found.at_most


def test_the_sentences_read_as_sentences() -> None:
    jumps = KouJumps(100.0, 0.5, 60.0, 50.0)
    found = liquidation_probability(1.0, 1.2, 14, 0.9, 0.1, -0.01, 86_400, jumps, maintenance_rate=0.01)
    assert found.assumptions == (
        "The price follows geometric Brownian motion with jumps: volatility 90.0% a year, expected growth 10.0% a "
        "year, both constant, around the clock on 365 days.",
        "Jumps: 100 a year, 50% of them up, with a mean size of 1.7% up and 2.0% down, 8% of the variance (as given).",
        "The venue looks every 86400 s, 14 times; what happens between looks does not count; with so few looks the "
        "correction itself is rough.",
        "Funding of 1.0000% of the entry notional is paid every day, which moves the liquidation price by -0.8251% a "
        f"day, compounded; in a straight line the figure lies between {found.probability:.1%} and {found.at_most:.1%}.",
        "Size and margin stay as they are: nothing is added, withdrawn, reduced or stopped out.",
    )
    assumed = liquidation_probability(1.0, 1.2, 14, 0.9, jumps=assumed_jumps(0.9)).assumptions[1]
    assert "assumed: ours, measured on hourly Bitcoin returns 2020 to 2024" in assumed


CERTAIN = [
    ({"liquidation": None}, 0.0, "There is no liquidation price"),
    ({"liquidation": None, "side": "long"}, 0.0, "There is no liquidation price"),
    ({"liquidation": -3.0, "side": "long"}, 0.0, "There is no liquidation price"),
    ({"liquidation": 100.0}, 1.0, "already stands at or beyond"),
    ({"liquidation": 90.0}, 1.0, "already stands at or beyond"),
    ({"liquidation": 110.0, "side": "long"}, 1.0, "already stands at or beyond"),
    ({"liquidation": 110.0, "horizon_days": 0.0}, 0.0, "zero days"),
    ({"liquidation": 110.0, "horizon_days": 5e-324, "funding_per_day": 0.01}, 0.0, "zero days"),
]


@pytest.mark.parametrize(("change", "p", "reason"), CERTAIN)
def test_certain_answers_give_their_reason(change: dict[str, Any], p: float, reason: str) -> None:
    given: dict[str, Any] = {"entry": 100.0, "horizon_days": 7.0, "volatility_annual": 0.6, "jumps": assumed_jumps(0.6)}
    found = liquidation_probability(**(given | change))
    assert (found.probability, found.at_most) == (p, p)
    assert reason in found.assumptions[0]


@pytest.mark.parametrize("received", [0.0003, -0.003, -0.01])
def test_a_short_with_funding_is_the_model_of_the_same_name(received: float) -> None:
    model = short_liq_prob_with_funding(60_000, 10, 0.005, received, 0.1, 0.6, 20)
    found = liquidation_probability(60_000, model.liquidation_price, 20, 0.6, 0.1, received, maintenance_rate=0.005)
    assert found.probability == pytest.approx(model.p, rel=1e-12)


@pytest.mark.parametrize("side", ["short", "long"])
@pytest.mark.parametrize("received", [-0.01, -0.002, 0.0003, 0.01])
def test_the_straight_barrier_lies_between_the_two_figures(side: str, received: float) -> None:
    """Equity = collateral + profit + funding: the price where it meets maintenance moves in a straight line."""
    entry, leverage, m, sigma, days = 100.0, 8.0, 0.01, 0.7, 14.0
    towards = 1.0 if side == "short" else -1.0
    liquidation = entry * (1 + towards / leverage) / (1 + towards * m)
    found = liquidation_probability(
        entry,
        liquidation,
        days,
        sigma,
        0.0,
        received,
        side=side,
        maintenance_rate=m,  # type: ignore[arg-type]
    )
    growth = towards * 365 * received * entry / (1 + towards * m) / liquidation

    def barrier(t: float) -> float:
        return towards * (math.log(liquidation / entry) + math.log1p(growth * t))

    exact = moving_barrier_by_integral(
        barrier, lambda t: towards * growth / (1 + growth * t), -towards * sigma**2 / 2, sigma, days / 365
    )
    assert found.probability <= found.at_most
    if side == "short":
        assert found.probability - 1e-9 <= exact <= found.at_most + 1e-9
    else:
        assert exact <= found.at_most + 1e-9
        assert found.at_most == found.probability  # for a long the formula itself is the upper bound


def test_funding_that_eats_the_whole_margin_is_bounded_by_certainty() -> None:
    found = liquidation_probability(100.0, 110.0, 200, 0.3, funding_per_day=-0.01)
    assert found.at_most == 1.0
    fed = liquidation_probability(100.0, 90.0, 200, 0.3, funding_per_day=0.01, side="long")
    assert fed.at_most == fed.probability < 0.5


@pytest.mark.parametrize("side", ["short", "long"])
def test_jumps_keep_the_growth_and_the_whole_volatility(side: str) -> None:
    """Against simulation of the price itself, 40% growth, jumps mostly up; four standard errors of 100,000 paths."""
    jumps, whole, growth, days = KouJumps(40.0, 0.8, 25.0, 15.0), 0.8, 0.4, 30.0
    between = math.sqrt(whole**2 - 40.0 * 2 * (0.8 / 25**2 + 0.2 / 15**2))
    mean_jump = 0.8 * 25 / 24 + 0.2 * 15 / 16 - 1
    mu = growth - between**2 / 2 - 40.0 * mean_jump
    if side == "short":
        found = liquidation_probability(100.0, 115.0, days, whole, growth, jumps=jumps)
        simulated = simulate_kou(math.log(1.15), days / 365, Jumping(mu, between, *jumps), paths=100_000, seed=2)
    else:
        found = liquidation_probability(100.0, 87.0, days, whole, growth, jumps=jumps, side="long")
        mirrored = Jumping(-mu, between, 40.0, 0.2, 15.0, 25.0)
        simulated = simulate_kou(math.log(100 / 87), days / 365, mirrored, paths=100_000, seed=2)
    assert simulated.agrees(found.probability), (found, simulated)


#  looks   error of the correction that the docs admit to
JUMP_LOOKS = """
    24      0.003
    168     0.001
"""


@pytest.mark.parametrize("line", [line for line in JUMP_LOOKS.split("\n") if line.strip()])
def test_jumps_seen_only_at_looks(line: str) -> None:
    """The barrier moves by the volatility between jumps alone; against simulation at the looks."""
    looks, admitted = int(line.split()[0]), float(line.split()[1])
    jumps = assumed_jumps(0.6)
    between = math.sqrt(0.36 - jumps.variance_annual())
    mu = kou_log_drift(0.0, between, jumps)
    found = liquidation_probability(100.0, 110.0, 7, 0.6, monitoring=7 * 86_400 / looks, jumps=jumps)
    model = Jumping(mu, between, *jumps)
    simulated = simulate_kou_at_looks(math.log(1.1), 7 / 365, model, looks=looks, paths=100_000, seed=6)
    assert simulated.agrees(found.probability, bias=admitted), (found, simulated)
    assert found.with_jumps is not None
    assert abs(found.probability - simulated.p) < abs(found.with_jumps - simulated.p) / 3


def test_a_long_looks_down() -> None:
    found = liquidation_probability(3000, 2900, 2, 0.9, -0.5, side="long")
    assert found.probability == pytest.approx(hit_prob_down_gbm(3000, 2900, -0.5, 0.9, 2 / 365).p, rel=1e-12)


@given(
    entry=st.floats(1e-9, 1e9),
    away=st.floats(-0.5, 20.0),
    days=st.floats(0.0, 365.0),
    sigma=st.floats(0.2, 20.0),
    drift=st.floats(-5.0, 5.0),
    funding=st.floats(-0.03, 0.03),
    looks=st.floats(1.0, 1e6),
    with_jumps=st.booleans(),
    short=st.booleans(),
)
def test_always_a_probability_and_discrete_never_above_continuous(
    entry: float,
    away: float,
    days: float,
    sigma: float,
    drift: float,
    funding: float,
    looks: float,
    with_jumps: bool,
    short: bool,
) -> None:
    found = liquidation_probability(
        entry,
        entry * (1 + away),
        days,
        sigma,
        drift,
        funding,
        days * 86_400 / looks if days > 1e-6 else "continuous",
        assumed_jumps(sigma) if with_jumps else None,
        side="short" if short else "long",
    )
    numbers = [found.probability, found.continuous, found.at_most, found.discrete or 0.0, found.with_jumps or 0.0]
    assert all(0.0 <= number <= 1.0 for number in numbers)
    assert found.probability <= found.at_most
    if found.discrete is not None:
        assert found.discrete <= found.continuous + 1e-15
    assert found.method
    assert found.assumptions


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"entry": 0.0}, "entry price must be a finite number above 0"),
        ({"liquidation": 0.0}, "liquidation price must be a finite number above 0"),
        ({"liquidation": math.nan}, "liquidation price must be .* got nan"),
        ({"volatility_annual": -0.1}, "volatility must be"),
        ({"horizon_days": math.inf}, "horizon in days must be .* got inf"),
        ({"monitoring": 0.0}, "seconds between two looks must be a finite number above 0"),
        ({"monitoring": 1e6}, "the venue would not look once: 1e\\+06 seconds between looks, horizon 7 days"),
        ({"monitoring": "hourly"}, "monitoring must be 'continuous' or a number of seconds, got 'hourly'"),
        ({"side": "both"}, "side must be 'short' or 'long', got 'both'"),
        ({"jumps": KouJumps(100, 0.5, 10, 10)}, "jumps alone make a volatility of 141.42% a year; .* 60.00%"),
    ],
)
def test_bad_numbers_are_named(change: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"entry": 100.0, "liquidation": 110.0, "horizon_days": 7.0, "volatility_annual": 0.6}
    with pytest.raises(UsageError, match=said):
        liquidation_probability(**(given | change))


#  days   rise     said by the formula   happened to Bitcoin    (spot BTCUSDT, daily bars, August 2017 to August 2024)
HISTORY = """
    1      0.03     0.353                 0.284
    1      0.05     0.156                 0.140
    1      0.10     0.023                 0.030
    7      0.05     0.543                 0.519
    7      0.10     0.265                 0.242
    7      0.20     0.065                 0.074
    30     0.10     0.549                 0.617
    30     0.20     0.285                 0.358
    30     0.35     0.110                 0.173
"""


@pytest.mark.parametrize("line", [line for line in HISTORY.split("\n") if line.strip()])
def test_against_what_happened_to_bitcoin(line: str) -> None:
    """The rows of docs/why/first-passage.md: windows that do not overlap, volatility known when each began."""
    days, rise, said, happened = (float(word) for word in line.split())
    length = int(days)
    bars = duckdb.sql(f"select open_utc, high, close from '{SAMPLES}/spot_BTCUSDT_1d.parquet' order by 1").fetchnumpy()
    times = bars["open_utc"].astype("datetime64[ns]").astype("int64")
    chances: list[LiquidationProbability] = []
    reached: list[bool] = []
    starts = [i for i in range(90, len(times) - length) if i % length == 0]
    for i in starts:
        known = slice(max(0, i - 120), i + 1)
        volatility = ewma_volatility(times[known], bars["close"][known]).value
        price = float(bars["close"][i])
        chances.append(liquidation_probability(price, price * (1 + rise), days, volatility))
        reached.append(bool(bars["high"][i + 1 : i + 1 + length].max() >= price * (1 + rise)))
    assert np.mean([c.probability for c in chances]) == pytest.approx(said, abs=0.0006)
    assert np.mean(reached) == pytest.approx(happened, abs=0.0006)


def test_the_command_line_pays_for_no_array_library() -> None:
    """``shortdesk short`` must start fast: the formulas and the volatility of closes need neither numpy nor decimal."""
    text = """
import sys
from shortdesk.study.jump_passage import assumed_jumps
from shortdesk.study.liquidation_probability import liquidation_probability
from shortdesk.study.volatility import close_to_close_volatility
v = close_to_close_volatility([0, 86400 * 10**9, 2 * 86400 * 10**9], [1.0, 1.02, 1.0]).value
liquidation_probability(100.0, 110.0, 7, v, monitoring=60, jumps=assumed_jumps(v))
assert not {"numpy", "scipy", "numba", "statistics", "decimal"} & set(sys.modules), sorted(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
