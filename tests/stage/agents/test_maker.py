"""Market makers: quotes around the fair price, skewed by what they hold up to a limit; they leave and return."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stage.agents.town import Town, without_clocks

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.tables import Shelf
from shortdesk.stage.agents.maker import MakerTerms

LIMIT = 10_000.0


def town(**changes: Any) -> Town:
    """One maker of up to 100 coins, who quotes one by one at 100, around a book a per cent wide."""
    terms: dict[str, Any] = {
        "name": "makers", "instrument": "PERP", "count": 1, "limit_usd": LIMIT, "order_usd": 100, "levels": 3,
        "requote_s": 0.2, "latency_ms": 2.0, "cool_off_s": 5.0, "half_spread_bps": 10.0, "step_bps": 10.0,
    }  # fmt: skip
    found = Town(MakerTerms(**(terms | changes)), **without_clocks())
    found.quote("PERP", 99.50, 100.50, 1_000.0)
    found.go(3)
    return found


def quotes(found: Town) -> tuple[list[float], list[float]]:
    """Prices of the maker's bids and asks, best first."""
    rows = found.play.world.table(Shelf.ORDERS)[1 : found.play.world.used_rows(Shelf.ORDERS)]
    seen = rows[(rows["leg"] != 0) & (rows["mechanism"] == Mechanism.MAKER)]
    bids = sorted((seen["price_ticks"][seen["side"] == Side.BUY] * 0.01).tolist(), reverse=True)
    return bids, sorted((seen["price_ticks"][seen["side"] == Side.SELL] * 0.01).tolist())


def holds(found: Town) -> float:
    return found.held(found.accounts("makers")[0], "PERP")


def test_it_quotes_a_half_spread_on_both_sides_and_steps_behind() -> None:
    bids, asks = quotes(town())
    assert (len(bids), len(asks)) == (3, 3)
    assert bids[0] == pytest.approx(99.90, abs=0.04)
    assert asks[0] == pytest.approx(100.10, abs=0.04)
    assert [bids[0] - one for one in bids] == pytest.approx([0, 0.1, 0.2], abs=0.04)


def fill_up(found: Town, side: Side, size: float) -> None:
    """The stranger trades with the maker alone, little by little."""
    target = size if side == Side.SELL else -size
    for _ in range(400):
        left = abs(target - holds(found))
        if left < 0.5:
            return
        found.hit("PERP", side, min(left, 1.0))
        found.go(0.6)
    raise AssertionError("the maker does not take so much")


@pytest.mark.parametrize("elsewhere", [0.0, 0.3, 1.0])
def test_what_it_holds_skews_its_quotes_by_a_half_spread_at_half_of_its_limit(elsewhere: float) -> None:
    # Its own quotes do not count in its fair price: else the skew would move the middle, and that the quotes again.
    found = town(never_leaves=True, sigma_day=0.3, order_usd=1_000, elsewhere=elsewhere)
    before = quotes(found)
    fill_up(found, Side.SELL, LIMIT / 100 / 2)
    found.go(30)  # its own estimate of volatility comes down again
    bids, asks = quotes(found)
    assert before[0][0] - bids[0] == pytest.approx(0.10, abs=0.05)
    assert before[1][0] - asks[0] == pytest.approx(0.10, abs=0.05)


def test_at_its_limit_it_quotes_the_side_that_reduces_alone() -> None:
    found = town(never_leaves=True, limit_usd=1_000, order_usd=500)
    fill_up(found, Side.SELL, 10.0)
    found.go(5)
    bids, asks = quotes(found)
    assert holds(found) == pytest.approx(10.0, abs=0.5)
    assert holds(found) <= 10.0
    assert len(asks) == 3
    assert len(bids) <= 1


@pytest.mark.parametrize("stays", [False, True])
def test_it_leaves_when_the_price_runs_wild_and_comes_back(stays: bool) -> None:
    found = town(never_leaves=stays)
    for swing in (0.05, -0.05, 0.05, -0.05):
        found.quote("PERP", 99.5 * (1 + swing), 100.5 * (1 + swing), 1_000.0)
        found.go(1)
    seen = found.of(Kind.PRESENCE, "makers")
    assert (len(seen) > 0) == (not stays)
    bids, asks = quotes(found)
    assert bool(bids or asks) == stays
    found.quote("PERP", 99.5, 100.5, 1_000.0)
    found.go(450)  # fifteen half-lives of its estimate
    bids, asks = quotes(found)
    assert len(bids) == len(asks) == 3
    if not stays:
        assert found.of(Kind.PRESENCE, "makers")["units"].tolist()[::2] == [0] * (len(found.of(Kind.PRESENCE)) // 2)
        assert int(found.of(Kind.PRESENCE, "makers")["units"][-1]) == 1


def test_switched_off_it_is_silent_and_draws_on() -> None:
    loud, silent = town(), town()
    silent.switch_off(Mechanism.MAKER)
    stood = quotes(silent)
    for found in (loud, silent):
        found.quote("PERP", 98.50, 99.40, 1_000.0)
        found.go(20)
    assert quotes(silent) != quotes(loud)
    assert [one for one in quotes(silent)[1] if one in stood[1]] == quotes(silent)[1]
    assert loud.draws("makers") == silent.draws("makers")
