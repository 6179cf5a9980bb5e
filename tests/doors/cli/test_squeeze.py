"""``shortdesk squeeze``: what a trader reads, what a program reads, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask
from tests.stage.small import SMALL, small_squeeze

from shortdesk.stage.run import run_into

SETTINGS = [*SMALL, "horizon_s=8"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staged run."""
    found = tmp_path_factory.mktemp("runs") / "small"
    run_into(found, small_squeeze("horizon_s=8"), settings=SETTINGS)
    return found


def test_the_map_as_a_trader_reads_it(ask: Ask, folder: Path) -> None:
    answer = ask("squeeze", folder, "--depth-usd", 20_000)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("SOL-PERP, shorts at 00:00:04, mark ")
    assert any(line.startswith("ignition price") for line in lines)
    assert any(line.startswith("critical shock for a move") for line in lines)
    assert "given" in answer.out
    assert "█" in answer.out
    assert max(map(len, lines)) <= 120


def test_one_object_for_programs(ask: Ask, folder: Path) -> None:
    found = json.loads(ask("squeeze", folder, "--depth-usd", 20_000, "--at", "1s", "--json").out)
    assert found["instrument"] == "SOL-PERP"
    assert found["at_s"] == 1.0
    assert len(found["map"]["buckets"]) == 25
    assert found["funding_rate"] is None
    assert set(found["critical_shocks"]) == {"0.05", "0.1", "0.2"}
    assert set(found["share_near"]) == {"0.01", "0.02", "0.05", "0.1"}


def test_a_side_without_isolated_positions_is_told_so(ask: Ask, folder: Path) -> None:
    answer = ask("squeeze", folder, "--depth-usd", 20_000, "--side", "long")
    assert "Nobody on this side holds an isolated position" in " ".join(answer.out.split())
    assert "share of open interest by distance  none" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--side", "both"), "expected short or long"),
        (("--depth-usd", "-1"), "expected a positive number"),
        (("--at", "9h"), "horizon is 8 s"),
        (("--at", "0s"), "give the depth"),
    ],
)
def test_what_is_refused(ask: Ask, folder: Path, words: tuple[str, ...], said: str) -> None:
    answer = ask("squeeze", folder, *words)
    assert answer.code in (2, 3)
    assert said in " ".join(answer.err.split())
