"""Decisions of a liquidation: steps of tiers, first orders, fees, states, and who is deleveraged first."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.errors import UsageError
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
