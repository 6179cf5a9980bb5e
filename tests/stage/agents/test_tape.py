"""A tape: where the book and the index go, how long another's push lasts, funding, and recordings that do not fit."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Side
from shortdesk.market.command import CommandKind
from shortdesk.market.prices import pricing_at
from shortdesk.stage.agents.tape import TapeTerms
from shortdesk.stage.look import ask_ticks, bid_ticks
from shortdesk.stage.play import open_play
from shortdesk.stage.tapes import read_points

# 2026-01-05, where a scenario begins by itself: three bars of a minute.
BARS = """open_time,open,high,low,close
2026-01-05 00:00,100,103,99,102
2026-01-05 00:01,102,102,90,95
2026-01-05 00:02,95,96,95,96
"""


def recorded(tmp_path: Path, text: str = BARS) -> str:
    path = tmp_path / "bars.csv"
    path.write_text(text)
    return str(path)


def tape(tmp_path: Path, **changes: Any) -> TapeTerms:
    file = changes.pop("file", "") or recorded(tmp_path)
    return TapeTerms(name="tape", instrument="PERP", levels=1, file=file, **changes)


def town(tmp_path: Path, **changes: Any) -> Town:
    return Town(tape(tmp_path, **changes), horizon_s=180.0)


def middle(found: Town) -> float:
    number, w = found.market("PERP").number, found.play.world.block
    return (bid_ticks(w, number) + ask_ticks(w, number)) / 200


def test_bars_become_points_with_the_nearer_extreme_first(tmp_path: Path) -> None:
    start = scenario().start
    found = read_points(recorded(tmp_path), "", "usdm", "", start, 180.0, 1.0)
    assert found.prices == [100, 99, 103, 102, 102, 102, 90, 95, 95, 95, 96, 96]
    assert found.steps == [0, 19, 39, 59, 60, 79, 99, 119, 120, 139, 159, 179]


def test_the_book_and_the_index_go_where_the_tape_goes(tmp_path: Path) -> None:
    found = town(tmp_path)
    seen = {}
    for second in range(1, 170):
        found.go(1.0)
        seen[second] = (
            middle(found),
            pricing_at(found.play.world.block, found.market("PERP").number).index_ticks / 100,
        )
    for second, price in ((19, 99), (39, 103), (59, 102), (99, 90), (119, 95), (139, 95), (159, 96)):
        assert seen[second][0] == pytest.approx(price, abs=0.011)
        assert seen[second + 1][1] == pytest.approx(seen[second][0], abs=0.011)  # the clock looks a tick later
    assert seen[29][0] == pytest.approx(101, abs=0.02)  # half of the way from 99 to 103


def test_funding_comes_from_the_record(tmp_path: Path) -> None:
    rates = tmp_path / "rates.csv"
    rates.write_text(
        "funding_time,rate,funding_interval_hours\n2026-01-05 00:00,0.0001,8\n2026-01-05 08:00,-0.0007,8\n"
    )
    bars = "open_time,open,high,low,close\n" + "".join(
        f"2026-01-05 {hour:02d}:00,100,101,99,100\n" for hour in range(10)
    )
    terms = tape(tmp_path, file=recorded(tmp_path, bars), funding=str(rates), pace=600.0)
    found = open_play(scenario(terms, horizon_s=60.0)).run_all()
    fixed = found[(found["kind"] == Kind.FUNDING_RATE) & (found["instrument"] == 1)]
    assert fixed["units"].tolist() == [-7 * 10**8]
    assert (fixed["time_ns"] - scenario().start_ns).tolist() == [48 * 10**9]  # eight hours at 600 to one


def test_rebased_the_tape_begins_at_the_instruments_price(tmp_path: Path) -> None:
    file = recorded(tmp_path, BARS.replace(",100,103,99,102", ",50,51.5,49.5,51"))
    found = town(tmp_path, file=file, rebased=True)
    found.go(39.0)
    assert middle(found) == pytest.approx(103, abs=0.02)


@pytest.mark.parametrize(
    ("changes", "horizon_s", "said"),
    [
        ({}, 181.0, "holds 2026-01-05 00:00 to 2026-01-05 00:03"),
        ({"pace": 60.0}, 3.0, "at least 4"),
        ({"step_s": 0.5}, 180.0, "looks at prices every 1 s"),
    ],
)
def test_a_recording_that_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], horizon_s: float, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        open_play(scenario(tape(tmp_path, **changes), horizon_s=horizon_s))


def test_another_price_and_an_unreadable_file_are_refused(tmp_path: Path) -> None:
    file = recorded(tmp_path, BARS.replace(",100,103,99,102", ",50,51.5,49.5,51"))
    with pytest.raises(UsageError, match="set price = 50, or rebased = true"):
        open_play(scenario(tape(tmp_path, file=file), horizon_s=180.0))
    with pytest.raises(InputError, match=r"none\.csv"):
        open_play(scenario(tape(tmp_path, file=str(tmp_path / "none.csv")), horizon_s=180.0))


@pytest.mark.parametrize(("memory_s", "lasts"), [(0.0, False), (2.0, True)])
def test_how_long_a_push_lasts(tmp_path: Path, memory_s: float, lasts: bool) -> None:
    """A bid far above stands for ten seconds; then it is taken away."""
    flat = "open_time,open,high,low,close\n" + "".join(
        f"2026-01-05 00:0{minute},100,100.1,99.9,100\n" for minute in range(3)
    )
    found = town(tmp_path, file=recorded(tmp_path, flat), memory_s=memory_s, depth_usd=1_000)
    found.go(5.0)
    found.rest("PERP", Side.BUY, 103.0, 10_000)
    found.go(10.0)
    market = found.market("PERP")
    found.tell(CommandKind.CANCEL_ALL, found.stranger(market.venue), market.number)
    found.go(5.0)
    moved = math.log(middle(found) / 100)
    assert moved > 0.01 if lasts else abs(moved) < 0.002
