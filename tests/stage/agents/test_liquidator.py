"""Liquidators: they come when a debt is unhealthy and the book leaves a profit, and trade away what they took."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.stage.agents.town import DAY, Town

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.loan_tables import LOAN
from shortdesk.market.tables import Shelf, row_at
from shortdesk.stage.agents.borrower import BorrowerTerms
from shortdesk.stage.agents.liquidator import LiquidatorTerms
from shortdesk.stage.scenario import InstrumentTerms, MemberTerms, PoolTerms, VenueTerms

# One borrower owes 100 ETH at 100 against 10,000 USDC of proceeds and 4,900 of its own. USDC counts 80 %, so the loan
# is unhealthy where 0.8 × 14,900 falls below 100 P: above 119.2. Half of it may be closed at once; the bonus is 4.5 %,
# and a tenth of that is the venue's: who repays 50 ETH at 125 gets 6,250 × 1.0405 = 6,503.


def town(**changes: Any) -> Town:
    """Oracle and book say 100, and nobody is in need."""
    terms: dict[str, Any] = {
        "name": "keepers", "instrument": "ETH", "count": 1, "capital_usd": 20_000, "latency_ms": 10.0, "look_s": 2.0,
    }  # fmt: skip
    grid: dict[str, Any] = {"base": "ETH", "quote": "USDC", "tick": "0.01", "lot": "0.01", "price": "100"}
    grid |= {name: Decimal(grid[name]) for name in ("tick", "lot", "price")}
    oracle = InstrumentTerms(name="ORACLE", venue="chain", kind="spot", **grid)
    pair = InstrumentTerms(name="ETH", venue="chain", kind="spot", index=(MemberTerms(source="ORACLE"),), **grid)
    borrower = BorrowerTerms(
        name="shorts", instrument="ETH", count=1, short_usd=10_000, short_at_opening=1.0, leverage=1.001 / 0.49,
        stop=50.0, profit=0.99, heeds=0.0, bearable_rate_year=1e9, largest_share=1.0,
    )  # fmt: skip
    found = Town(
        borrower, LiquidatorTerms(**(terms | changes)), venue=(VenueTerms(name="chain", sheet="aave_v3", day=DAY),),
        instrument=(oracle, pair), lending=(PoolTerms(name="pool", pair="ETH", size=1_000),),
    )  # fmt: skip
    found.quote("ORACLE", 99.99, 100.01, 1_000.0)
    found.quote("ETH", 99.99, 100.01, 1_000.0)
    found.go(30)
    assert len(found.of(Kind.LIQUIDATION_STEP)) == 0
    return found


def move(found: Town, oracle: float, ask: float, depth: float = 1_000.0, seconds: float = 30.0) -> Any:
    found.quote("ORACLE", oracle - 0.01, oracle + 0.01, 1_000.0)
    found.quote("ETH", ask - 0.02, ask, depth)
    return found.go(seconds)


def owed(found: Town) -> float:
    loan = row_at(found.w, Shelf.LOANS, 1, LOAN)
    return (int(loan.units) + int(loan.interest)) / 10**8


def test_a_healthy_debt_is_left_alone() -> None:
    found = town()
    assert owed(found) == pytest.approx(100.0, rel=1e-3)
    assert len(found.of(Kind.SEIZED, rows=move(found, 118.0, 118.0))) == 0


def test_half_of_an_unhealthy_one_is_repaid_with_the_bonus_and_bought_back() -> None:
    found = town()
    had = found.units(found.accounts("keepers")[0], "USDC")
    rows = move(found, 121.0, 121.0, seconds=12.0)
    steps = found.of(Kind.SEIZED, rows=rows)
    assert len(steps) >= 1
    assert abs(int(steps["units"][0])) / 1e6 == pytest.approx(50 * 121.0 * 1.0405, rel=1e-3)
    assert int(steps["mechanism"][0]) == Mechanism.LIQUIDATION
    found.go(60)
    account = found.accounts("keepers")[0]
    repaid = 100.0 - owed(found)
    assert found.units(account, "ETH") == pytest.approx(200.0, abs=0.01)
    earned = found.units(account, "USDC") - had
    # The bonus less its tenth, less a fee of 5 bp on buying back.
    assert earned == pytest.approx(repaid * 121.0 * (0.0405 - 0.0005), rel=0.02)
    assert found.money("USDC") == 0
    assert found.money("ETH") == 0


def test_where_the_book_eats_the_bonus_nobody_comes() -> None:
    found = town()
    assert len(found.of(Kind.SEIZED, rows=move(found, 121.0, 121.0 * 1.05))) == 0


def test_a_thin_book_is_taken_in_parts() -> None:
    found = town()
    rows = move(found, 121.0, 121.0, depth=15.0, seconds=6.0)
    seized = found.of(Kind.REPAY, "shorts", rows)
    assert len(seized) > 0
    assert abs(int(seized["units"][0])) / 1e8 == pytest.approx(100.0 / 2 / 4, rel=0.01)  # 50 and 25 do not fit


def test_capital_limits_a_seizure() -> None:
    found = town(capital_usd=1_000, least_profit_usd=10.0)
    rows = move(found, 121.0, 121.0, seconds=6.0)
    assert abs(int(found.of(Kind.REPAY, "shorts", rows)["units"][0])) / 1e8 == pytest.approx(10.0, rel=0.01)


def test_switched_off_they_are_silent_and_draw_on() -> None:
    loud, silent = town(), town()
    silent.switch_off(Mechanism.LIQUIDATION)
    first = move(loud, 125.0, 125.0)
    second = move(silent, 125.0, 125.0)
    assert len(loud.of(Kind.SEIZED, rows=first)) > 0
    assert len(silent.of(Kind.SEIZED, rows=second)) == 0
    assert loud.draws("keepers") == silent.draws("keepers")


def test_a_venue_that_liquidates_itself_has_no_liquidators() -> None:
    with pytest.raises(UsageError, match="anyone may seize"):
        Town(LiquidatorTerms(name="keepers", instrument="SPOT"))
