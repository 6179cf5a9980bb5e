"""Decisions of a liquidation: steps of tiers, first orders, fees, states, and who is deleveraged first."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.margin import liquidation
from shortdesk.margin.liquidation import AdlRank, TierStep

CAPS = (500, 1000, 2000, 3000)


@pytest.mark.parametrize(
    ("contracts", "step"),
    [
        # OKX: two tiers down from tier 3, takeover in tiers 1 and 2
        (1, TierStep(1, 0, 1)),
        (500, TierStep(1, 0, 500)),
        (501, TierStep(2, 0, 501)),
        (1000, TierStep(2, 0, 1000)),
        (1001, TierStep(3, 500, 501)),
        (2000, TierStep(3, 500, 1500)),
        (2001, TierStep(4, 1000, 1001)),
        (3000, TierStep(4, 1000, 2000)),
        (9000, TierStep(4, 1000, 8000)),
    ],
)
def test_two_tiers_at_a_time(contracts: int, step: TierStep) -> None:
    assert liquidation.tier_step(contracts, CAPS) == step


@pytest.mark.parametrize(
    ("contracts", "step"),
    [
        (500, TierStep(1, 0, 500)),
        (501, TierStep(2, 500, 1)),
        (2001, TierStep(4, 2000, 1)),
        (3001, TierStep(4, 2000, 1001)),
    ],
)
def test_one_tier_at_a_time(contracts: int, step: TierStep) -> None:
    assert liquidation.tier_step(contracts, CAPS, tiers_down=1, last_taken=1) == step


@given(st.integers(1, 10_000), st.integers(1, 3), st.integers(1, 3))
def test_steps_end_in_a_takeover(contracts: int, down: int, last: int) -> None:
    left, steps = contracts, 0
    while left:
        step = liquidation.tier_step(left, CAPS, tiers_down=down, last_taken=last)
        assert step.closed > 0
        assert step.closed + step.remaining == left
        left, steps = step.remaining, steps + 1
    assert steps <= len(CAPS) + 1


def test_no_tiers_is_an_error() -> None:
    with pytest.raises(UsageError, match="tier caps"):
        liquidation.tier_step(1, [])


@pytest.mark.parametrize(
    # Hyperliquid: a fifth first above 100,000
    ("notional", "first"),
    [("99999", "99999"), ("100000", "100000"), ("100001", "20000.2"), ("1000000", "200000")],
)
def test_the_first_order(notional: str, first: str) -> None:
    assert liquidation.first_order_notional(notional, "100000", "0.2") == Decimal(first)


@pytest.mark.parametrize(
    ("equity", "state"),
    [
        ("300.01", "safe"),
        ("300", "safe"),
        ("299.99", "market_liquidation"),
        ("200", "market_liquidation"),
        ("199.99", "backstop"),
        ("0", "backstop"),
        ("-5", "backstop"),
    ],
)
def test_states_of_an_account_that_must_maintain_300(equity: str, state: str) -> None:
    assert liquidation.state_name(equity, "300") == state


def test_the_fee_is_on_the_fill_and_goes_up() -> None:
    assert liquidation.liquidation_fee_of("2", "50000", "0.0125") == 1250
    assert liquidation.liquidation_fee(-3, 7, 1, 1, 100) == 1


ONE = 10**8


def score(rank: AdlRank, *, profit: int = 0, wallet: int = 100, is_long: bool = True, **more: int) -> int:
    rest = {"initial": 100, "maintenance": 10, "entry": 100, "mark": 110, "notional": 1000, **more}
    return liquidation.adl_score(rank, is_long, profit, wallet, *rest.values(), ONE, 1)


@pytest.mark.parametrize(
    ("rank", "profit", "expected"),
    [
        # profit / wallet * maintenance / equity
        (AdlRank.PROFIT_TIMES_LEVERAGE, 100, ONE * 100 // 100 * 10 // 200),
        # profit / initial margin * maintenance / equity
        (AdlRank.ROI_AND_MARGIN_RATIO, 100, ONE * 100 // 100 * 10 // 200),
        # mark / entry * notional / account value
        (AdlRank.PRICE_MOVE_TIMES_LEVERAGE, 100, ONE * 110 // 100 * 1000 // 200),
        (AdlRank.PSEUDORANDOM, 100, 0),
        (AdlRank.NONE, 100, 0),
    ],
)
def test_each_form_by_hand(rank: AdlRank, profit: int, expected: int) -> None:
    assert score(rank, profit=profit) == expected


@pytest.mark.parametrize("rank", [AdlRank.PROFIT_TIMES_LEVERAGE, AdlRank.ROI_AND_MARGIN_RATIO])
def test_losers_are_not_deleveraged_and_winners_rank_by_profit_and_leverage(rank: AdlRank) -> None:
    assert score(rank, profit=0) == score(rank, profit=-50) == 0
    assert score(rank, profit=10) < score(rank, profit=20)
    assert score(rank, profit=10, maintenance=10) < score(rank, profit=10, maintenance=20)


def test_a_short_ranks_by_the_fall() -> None:
    rank = AdlRank.PRICE_MOVE_TIMES_LEVERAGE
    assert score(rank, is_long=False, mark=80) > score(rank, is_long=False, mark=90)
    assert score(rank, wallet=-1, is_long=False) == 0
    assert liquidation.adl_score_by_move("short", "80", "100", "1000", "500") == Decimal("2.5")
    assert liquidation.adl_score_by_move("long", "120", "100", "1000", "500") == Decimal("2.4")


def test_binance_counts_a_wallet_of_at_least_one() -> None:
    found = liquidation.adl_score_of("50", "0.2", maintenance="5")
    assert found.profit_ratio == 50
    assert liquidation.adl_score_of("-50", "100", maintenance="5").score == 0
    assert liquidation.adl_score_of("-50", "20", maintenance="5").margin_ratio == 0


def test_what_is_closed_makes_up_the_shortage() -> None:
    size = liquidation.closable_to_cover("100", "0.1", "0.01", "0.005", "50", "1")
    # each unit closed frees 50 * (0.1 - 0.01) and costs 50 * 0.005
    assert size * (50 * (Decimal("0.1") - Decimal("0.01")) - 50 * Decimal("0.005")) - 100 < Decimal("1e-18")


PPM, FINE = 10**6, 10**12
FILLABLE = [
    row
    for row in json.loads((Path(__file__).parents[1] / "vectors" / "dydx_v4.json").read_text(encoding="utf-8"))
    if row["rule"] == "DX-FILL" and len(row["inputs"]["positions"]) == 1
]
"""The chain's own tests of its fillable price, one position each."""


@pytest.mark.parametrize("row", FILLABLE, ids=[row["id"] for row in FILLABLE])
def test_the_markets_fillable_price_is_the_chains(row: dict[str, dict[str, str]]) -> None:
    """A unit is 10^-12 of a quote quantum, a lot a base quantum, a tick 10^-12 of a price of one."""
    i = row["inputs"]
    position: dict[str, str] = i["positions"][0]  # type: ignore[assignment,index]
    lots = int(position["base_quantums"])
    # dollars for a coin to quote quantums for a base quantum: 10^6 quantums a dollar, 10^resolution coins a quantum
    ticks = Fraction(position["oracle_price"]) * FINE * Fraction(10) ** (6 + int(position["atomic_resolution"]))
    assert ticks.denominator == 1
    worth = lots * int(ticks)
    maintenance = abs(worth) * Fraction(position["mmr"])
    equity = int(i["quote_balance_quantums"]) * FINE + worth
    units = liquidation.fillable_units(
        int(maintenance), equity, int(maintenance), int(i["bankruptcy_adjustment_ppm"]),
        int(i["spread_to_mmr_ratio_ppm"]), PPM,
    )  # fmt: skip
    found = liquidation.price_with_allowance(Form.LINEAR, 1, lots, int(ticks), units, FINE**2)
    assert Fraction(found, FINE) == Fraction(row["expected"]["quote_quantums_per_base_quantum"])


@pytest.mark.parametrize(
    ("form", "lots", "units", "price"),
    [
        # ten contracts at 1,000: worth 10,000 dollars, or, a thousand dollars each, ten coins
        (Form.LINEAR, 10, 0, 1_000),
        (Form.LINEAR, 10, 95, 991),  # 9.5 each, rounded towards the mark
        (Form.LINEAR, -10, 95, 1_009),
        (Form.LINEAR, -10, 99_999, 2_000),  # no dearer than the highest price
        (Form.LINEAR, 10, 99_999, 1),
        (Form.INVERSE, 10, 0, 1_000),
        (Form.INVERSE, 10, 1, 910),  # 10,000 / 11 coins = 909.09
        (Form.INVERSE, -10, 1, 1_111),  # 10,000 / 9 coins = 1,111.11
        (Form.INVERSE, -10, 10, 2_000),  # more than it is worth
    ],
)
def test_a_price_that_gives_up_so_much(form: Form, lots: int, units: int, price: int) -> None:
    factor = 1 if form == Form.LINEAR else 1_000
    assert liquidation.price_with_allowance(form, factor, lots, 1_000, units, 2_000) == price


@pytest.mark.parametrize(
    ("equity", "adjustment", "given"),
    [
        (600, PPM, 0),  # maintenance is met
        (500, PPM, 0),
        (250, PPM, 375),  # half of it is missing: half of the spread of 750
        (0, PPM, 750),
        (-400, PPM, 750),
        (250, 2 * PPM, 750),
        (0, PPM // 2, 375),
        (-500, PPM // 2, 750),
    ],
)
def test_what_a_fillable_price_gives_up(equity: int, adjustment: int, given: int) -> None:
    assert liquidation.fillable_units(500, equity, 500, adjustment, 3 * PPM // 2, PPM) == given


def test_nothing_is_given_up_where_nothing_has_to_be_maintained() -> None:
    assert liquidation.fillable_units(0, -5, 0, PPM, PPM, PPM) == 0
