"""Pool studies: the closed forms against plain simulation, against exact integers, and against what must hold."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.doors.verify.models_amm import MODELS
from shortdesk.doors.verify.runner import run_file
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.market import constant_product
from shortdesk.study import amm

VECTORS = Path(__file__).parents[1] / "vectors_models" / "amm_mev.json"

reserves = st.floats(1e2, 1e10)
fees = st.sampled_from([0.0, 0.0001, 0.0005, 0.003, 0.01])


def simulated(paid: float, x: float, y: float, fee: float) -> tuple[float, float, float]:
    """A swap done by its definition: what comes out, and the reserves afterwards."""
    taken = paid * (1 - fee)
    out = y - x * y / (x + taken)
    return out, x + paid, y - out


# --- vectors ------------------------------------------------------------------------------------------------


def test_every_vector_holds() -> None:
    result = run_file(VECTORS)
    assert result.is_clean, result.failures
    assert sum(result.passed.values()) == 41
    assert set(result.passed) == set(MODELS)


def test_the_vectors_beside_the_project(shared: Path) -> None:
    result = run_file(shared / "vectors_models" / "amm_mev.json")
    assert result.is_clean, result.failures
    assert sum(result.passed.values()) >= 41


def test_a_vector_with_half_its_parameters_is_an_error() -> None:
    with pytest.raises(InputError, match=r"parameters unknown: \['tip'\], missing: \['dx'\]"):
        MODELS["cpmm_swap"]({"x": 1.0, "y": 1.0, "fee": 0.0, "tip": 3.0})


def test_five_percent_a_day_costs_3_125_basis_points() -> None:
    """The figure usually quoted from Milionis et al. (2022)."""
    assert amm.rebalancing_loss(0.05, 1.0).lvr_bps_per_day == pytest.approx(3.125)


# --- laws ---------------------------------------------------------------------------------------------------


@given(reserves, reserves, fees, st.floats(1e-6, 10.0))
def test_a_swap_is_what_its_definition_says(x: float, y: float, fee: float, share: float) -> None:
    found = amm.swap(x, y, fee, share * x)
    out, x_after, y_after = simulated(share * x, x, y, fee)
    assert found.out == pytest.approx(out, rel=1e-6)
    assert found.spot_after == pytest.approx(x_after / y_after, rel=1e-9)
    assert found.slippage_ex_fee <= found.price_impact + 1e-15


@given(st.integers(10**6, 10**24), st.integers(10**6, 10**24), st.integers(1, 10**24))
def test_the_float_swap_is_the_integer_swap_but_for_rounding(x: int, y: int, paid: int) -> None:
    exact = constant_product.amount_out(paid, x, y, 3000)
    assert abs(amm.swap(x, y, 0.003, paid).out - exact) <= 1.0 + 1e-12 * y


@given(reserves, reserves, fees, st.floats(1e-4, 0.5), st.floats(0.001, 0.2))
def test_a_sandwich_leaves_the_victim_exactly_its_least(
    x: float, y: float, fee: float, share: float, tolerance: float
) -> None:
    found = amm.sandwich(x, y, fee, share * x, tolerance)
    bought, x1, y1 = simulated(found.front_run_in, x, y, fee)
    received, x2, y2 = simulated(share * x, x1, y1, fee)
    assert received == pytest.approx(found.min_out, rel=1e-7)
    back, _, _ = simulated(bought, y2, x2, fee)
    assert back - found.front_run_in == pytest.approx(found.attacker_profit_before_gas, abs=1e-7 * x)
    assert found.profitable == (found.attacker_profit_before_gas > 0)


@given(reserves, reserves, st.sampled_from([0.0005, 0.003, 0.01]))
def test_below_the_smallest_victim_no_front_run_pays(x: float, y: float, fee: float) -> None:
    """A front-run of a millionth of the reserve, on either side of the break-even victim."""
    edge = amm.smallest_victim(x, y, fee)
    assert edge.ratio == pytest.approx(fee, rel=0.02)
    for factor, pays in ((0.99, False), (1.01, True)):
        front = 1e-6 * x
        bought, x1, y1 = simulated(front, x, y, fee)
        _, x2, y2 = simulated(edge.victim_in_min * factor, x1, y1, fee)
        assert (simulated(bought, y2, x2, fee)[0] > front) == pays


@given(reserves, reserves, fees, st.floats(0.5, 2.0))
def test_no_other_size_of_arbitrage_earns_more(quote: float, base: float, fee: float, move: float) -> None:
    price = quote / base * move
    found = amm.external_arbitrage(quote, base, fee, price)

    def profit(size: float) -> float:
        if found.action == "buy_base":
            return simulated(size, quote, base, fee)[0] * price - size
        return simulated(size, base, quote, fee)[0] - size * price

    if found.action == "none":
        assert 1 - fee - 1e-12 <= move <= 1 / (1 - fee) + 1e-12
        return
    assert profit(found.amount_in) == pytest.approx(found.profit, abs=1e-9 * quote)
    for factor in (0.5, 0.9, 1.1, 2.0):
        assert profit(found.amount_in * factor) <= found.profit + 1e-9 * quote


@given(reserves, reserves, fees, st.floats(0.3, 3.0))
def test_no_other_round_through_two_pools_earns_more(quote: float, base: float, fee: float, move: float) -> None:
    a, b = (quote, base), (quote * move, base)
    found = amm.two_pool_arbitrage(a, b, fee)
    for name, first, second in (("a", a, b), ("b", b, a)):
        for size in (1e-4, 1e-2, 0.1, 1.0):
            paid = size * quote if found.buy_in != name else found.amount_in * (0.5 + size)
            bought = simulated(paid, *first, fee)[0]
            assert simulated(bought, second[1], second[0], fee)[0] - paid <= found.profit + 1e-9 * quote
    assert found.profit >= 0


@given(st.floats(1e-6, 1e6))
def test_impermanent_loss_is_never_a_gain_and_does_not_know_the_direction(ratio: float) -> None:
    assert amm.impermanent_loss(ratio) <= 1e-15
    assert amm.impermanent_loss(ratio) == pytest.approx(amm.impermanent_loss(1 / ratio), abs=1e-12)


@given(st.floats(1.0, 100.0), reserves)
def test_a_price_push_costs_what_the_way_back_takes(factor: float, quote: float) -> None:
    """Buy up to the price, let arbitrage take the pool back, and compare what was bought with what was paid."""
    base = quote / 2000
    found = amm.price_push_cost(quote, base, factor)
    bought, pushed, left = simulated(found.capital_in_quote, quote, base, 0.0) if factor > 1 else (0.0, quote, base)
    assert pushed / left == pytest.approx(quote / base * factor, rel=1e-6)
    assert found.loss_if_reverted == pytest.approx(found.capital_in_quote - bought * 2000, abs=1e-7 * quote)


@given(st.floats(0.2, 5.0))
def test_delta_and_gamma_of_a_range_are_its_derivatives(price: float) -> None:
    def value(at: float) -> float:
        return amm.range_position(1.0, at, 0.5, 2.0, 0.04).value

    found, step = amm.range_position(1.0, price, 0.5, 2.0, 0.04), 1e-4
    if min(abs(price - 0.5), abs(price - 2.0)) > 2 * step:
        assert (value(price + step) - value(price - step)) / (2 * step) == pytest.approx(found.delta, abs=1e-6)
        curved = (value(price + step) - 2 * value(price) + value(price - step)) / step**2
        assert curved == pytest.approx(found.gamma, abs=1e-3)
        assert found.lvr_per_day == pytest.approx(-0.5 * 0.04**2 * price**2 * found.gamma)


def test_out_of_range_there_is_one_asset_and_no_loss() -> None:
    below, above = (amm.range_position(1.0, price, 0.5, 2.0, 0.04) for price in (0.3, 3.0))
    assert (below.quote, above.base) == (0.0, 0.0)
    assert [below.gamma, above.gamma, below.lvr_per_day, above.lvr_per_day] == [0.0, 0.0, 0.0, 0.0]


def test_without_fees_every_block_trades_and_short_blocks_lose_the_plain_rate() -> None:
    found = amm.rebalancing_loss_with_fees(0.05, 0.001, [0.0])
    assert found.p_trade == [1.0]
    assert found.arb_profit_rate_per_day_over_pool[0] == pytest.approx(0.05**2 / 8)


# --- what people mistype ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "given_wrongly", "said"),
    [
        (amm.swap, {"reserve_in": 1, "reserve_out": 1, "fee": 1.0, "amount_in": 1}, "from 0 to below 1, not 1"),
        (amm.swap, {"reserve_in": 0, "reserve_out": 1, "fee": 0, "amount_in": 1}, "reserve_in must be positive, not 0"),
        (amm.swap, {"reserve_in": math.inf, "reserve_out": 1, "fee": 0, "amount_in": 1}, "reserve_in must be positive"),
        (amm.two_pool_arbitrage, {"pool_a": [1], "pool_b": [1, 1], "fee": 0}, "pool_a is a pair of reserves"),
        (amm.price_push_cost, {"quote_reserve": 1, "base_reserve": 1, "price_factor": 0.5}, "at least 1, not 0.5"),
        (
            amm.range_position,
            {"liquidity": 1, "price": 1, "low_price": 2, "high_price": 1, "sigma_per_sqrt_day": 0.1},
            "low_price < high_price, not 2 and 1",
        ),
        (
            amm.sandwich,
            {"reserve_in": 1, "reserve_out": 1, "fee": 0, "victim_in": 1, "slippage_tolerance": 5},
            "slippage tolerance is a fraction from 0 to below 1, not 5",
        ),
        (
            amm.rebalancing_loss_with_fees,
            {"sigma_per_sqrt_day": 10.0, "block_time_s": 86_400.0, "fees_bps": [1]},
            "short against the volatility",
        ),
    ],
)
def test_a_slip_is_named(call: Any, given_wrongly: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        call(**given_wrongly)


def test_vectors_are_the_file_of_the_notes(shared: Path) -> None:
    """The copy here says what the original says."""
    ours = {v["id"]: v for v in json.loads(VECTORS.read_text())["vectors"]}
    theirs = {v["id"]: v for v in json.loads((shared / "vectors_models" / "amm_mev.json").read_text())["vectors"]}
    assert all(theirs[name] == vector for name, vector in ours.items())
