"""One machine: a short held by ``shortdesk hold`` through a file of bars, and in a market that plays the same file."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from tests.conftest import Depth
from tests.laws.taped_market import DAY, TapedMarket, write_bars, write_funding
from tests.study.hold_story import START, bars_of, funding_of

from shortdesk.ground.venue import load_venue
from shortdesk.intake import read_bars, read_funding, sample_bars, sample_funding
from shortdesk.stage.scenario import PopulationTerms
from shortdesk.study.hold import History, HoldRequest, hold
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.ticket import Size

VENUES = {"binance_usdm": "BTCUSDT", "bybit": "BTCUSDT", "hyperliquid": "BTC"}


def agree(
    tmp_path: Path, sheet: str, history: History, leverage: str, *, others: tuple[PopulationTerms, ...] = ()
) -> HoldResult:
    """The same bar of death; at the end of every bar before it the tape's close as the mark, and the same equity."""
    file, funding = write_bars(tmp_path / "bars.csv", history), write_funding(tmp_path / "funding.csv", history)
    read = History(bars=read_bars(file), funding=None if history.funding is None else read_funding(funding))
    request = HoldRequest(
        symbol=VENUES[sheet], size=Size(Decimal("1.5"), "base", "BTC"), leverage=Decimal(leverage), mode="isolated",
        rules_day=DAY,
    )  # fmt: skip
    result = hold(load_venue(sheet), request, read)
    held = TapedMarket(sheet, request, read, result, file, funding, others=others).hold()
    lived = len(result.bars) - (result.liquidated is not None)
    assert held.died_in == (None if result.liquidated is None else lived)
    assert held.marks == [read.bars.price(close) for close in read.bars.close[:lived].tolist()]
    assert held.equities == [bar.equity for bar in result.bars[:lived]]
    return result


@pytest.mark.parametrize("sheet", VENUES)
@pytest.mark.parametrize(
    ("start", "stop", "interval", "leverages"),
    [
        ("2020-12-15", "2021-01-10", "1d", ("2", "3", "10")),  # the squeeze of late 2020
        ("2023-01-01", "2023-01-16", "8h", ("3", "10")),
    ],
)
def test_a_tape_kills_the_same_shorts_in_the_same_bar(
    tmp_path: Path, sheet: str, start: str, stop: str, interval: str, leverages: tuple[str, ...], depth: Depth
) -> None:
    bars = sample_bars("BTCUSDT", start, stop, interval=interval)
    funding = sample_funding("BTCUSDT", start, stop) if interval == "8h" else None
    died = 0
    for leverage in depth.pick(quick=leverages[-2:], check=leverages, deep=leverages):
        died += agree(tmp_path, sheet, History(bars=bars, funding=funding), leverage).liquidated is not None
    assert died > 0


def test_a_short_that_only_funding_kills(tmp_path: Path) -> None:
    """The price hardly moves; what is paid at each instant eats the margin until a bar's end kills."""
    flat = [(2_000_000, 2_000_100, 1_999_900, 2_000_000)] * 12
    history = History(bars=bars_of(flat, start=START), funding=funding_of([-400_000] * 12, start=START))
    died = agree(tmp_path, "binance_usdm", history, "25").liquidated
    assert died is not None
