"""One machine: a short held by ``shortdesk hold`` and the same short in a market whose marks are the same bars."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from tests.conftest import Depth
from tests.laws.held_market import HeldMarket
from tests.study.hold_story import START, bars_of, funding_of

from shortdesk.ground.compile import interpreted
from shortdesk.ground.venue import load_venue
from shortdesk.intake import sample_bars, sample_funding
from shortdesk.study.hold import History, HoldRequest, hold
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.ticket import Size

DAY = date(2026, 9, 29)
VENUES = {"binance_usdm": "BTCUSDT", "bybit": "BTCUSDT", "hyperliquid": "BTC"}
LEVERAGES = ("2", "3", "5", "10", "25")


def agree(sheet: str, history: History, leverage: str, size: str) -> HoldResult:
    """The same bar, the same liquidation price, the same equities to the unit."""
    request = HoldRequest(
        symbol=VENUES[sheet], size=Size(Decimal(size), "base", "BTC"), leverage=Decimal(leverage), mode="isolated",
        rules_day=DAY,
    )  # fmt: skip
    result = hold(load_venue(sheet), request, history)
    market = HeldMarket(sheet, request, history, result, DAY)
    held = market.hold()
    lived = len(result.bars) - (result.liquidated is not None)
    assert held.equities == [bar.equity for bar in result.bars[:lived]]
    if result.liquidated is None:
        assert held.end is None
        return result
    assert held.end is not None
    died = result.liquidated
    bar = held.end.bar
    assert market.path.open_nanos[bar] <= died.since_nanos <= market.path.close_nanos[bar]
    assert lived == bar
    assert held.end.equity == died.equity_before_fees
    assert held.end.liquidation_price in (None, died.liquidation_price)
    return result


@pytest.mark.parametrize("sheet", VENUES)
@pytest.mark.parametrize(
    ("start", "stop", "interval"),
    [
        ("2020-10-01", "2021-01-10", "1d"),  # the squeeze of late 2020
        ("2022-05-01", "2022-08-15", "1d"),  # a fall, and the rally out of it
        ("2023-01-01", "2023-02-20", "8h"),
        ("2024-02-01", "2024-03-15", "8h"),
    ],
)
def test_recorded_prices_kill_the_same_shorts_in_the_same_bar(
    sheet: str, start: str, stop: str, interval: str, depth: Depth
) -> None:
    bars = sample_bars("BTCUSDT", start, stop, interval=interval)
    funding = sample_funding("BTCUSDT", start, stop) if interval == "8h" else None
    died = 0
    for leverage in depth.pick(quick=("3", "10"), check=LEVERAGES, deep=LEVERAGES):
        died += agree(sheet, History(bars=bars, funding=funding), leverage, "1.5").liquidated is not None
    assert died > 0 or start == "2022-05-01"


def wandering(seed: int, count: int) -> History:
    """Bars in half of the cases with gaps between them, and rates high enough that some die of what they pay."""
    luck = np.random.default_rng(seed)
    gaps = luck.normal(0.0, 0.01, count) if seed % 2 else np.zeros(count)
    closes = 2_000_000 * np.exp(np.cumsum(luck.normal(0.002, 0.02, count) + gaps))
    opens = np.concatenate([[2_000_000.0], closes[:-1]]) * np.exp(gaps)
    highs = np.maximum(opens, closes) * np.exp(np.abs(luck.normal(0.0, 0.01, count)))
    lows = np.minimum(opens, closes) * np.exp(-np.abs(luck.normal(0.0, 0.01, count)))
    rows = np.rint(np.stack([opens, highs, lows, closes], axis=1)).astype(int).tolist()
    rates = np.rint(luck.normal(-2e5, 4e5, count)).astype(int).tolist()
    return History(bars=bars_of(rows, start=START), funding=funding_of(rates, start=START))


@pytest.mark.parametrize("sheet", VENUES)
def test_random_paths_with_gaps_and_wild_funding(sheet: str, depth: Depth) -> None:
    runs = 6 if interpreted() else depth.pick(quick=15, check=60, deep=2_000)
    ends = {"alive": 0, "at its price": 0, "beyond it": 0}
    for seed in range(runs):
        luck = np.random.default_rng(1_000 + seed)
        leverage = str(luck.choice(("3", "5", "10", "20")))
        size = str(Decimal(int(luck.integers(1, 20_000))) / 1_000)
        died = agree(sheet, wandering(seed, 40), leverage, size).liquidated
        ends["alive" if died is None else "beyond it" if died.at_open else "at its price"] += 1
    assert min(ends.values()) > 0 or runs < 60  # so many are needed to have seen every way to end


def test_a_short_that_only_funding_kills() -> None:
    """The price stands still; what is paid at each instant eats the margin until a bar's end kills."""
    flat = [(2_000_000, 2_000_000, 2_000_000, 2_000_000)] * 12
    history = History(bars=bars_of(flat), funding=funding_of([-1_500_000] * 12))
    died = agree("binance_usdm", history, "10", "0.5").liquidated
    assert died is not None
    assert died.at_open
