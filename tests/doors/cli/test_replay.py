"""``shortdesk replay`` and ``shortdesk sweep``: what a researcher reads, what is kept, what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask
from tests.stage.small import SMALL, small_squeeze

from shortdesk.doors.cli.stage_inputs import Over, clock_text, parse_over, parse_seconds
from shortdesk.ground.errors import UsageError
from shortdesk.stage.run import run_into

SHORT = [*SMALL, "horizon_s=8"]
SETTINGS = [word for setting in SHORT for word in ("--set", setting)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staged run."""
    found = tmp_path_factory.mktemp("runs") / "small"
    run_into(found, small_squeeze("horizon_s=8"), settings=SHORT)
    return found


def test_replays_as_a_researcher_reads_them(ask: Ask, folder: Path) -> None:
    answer = ask(
        "replay", folder, "--without", "liquidation", "--without", "trigger", "--shapley", "--seeds", 2, "--workers", 1
    )
    assert answer.code == 0
    lines = [line.rstrip() for line in answer.out.splitlines()]
    assert lines[0] == "SOL-PERP, fork at 00:00:04, to 00:00:08, 2 seeds from 1; money in USDC"
    assert "peak_pct  highest mark above the mark at the fork, % of it" in lines
    assert any(line.startswith("changed") and line.endswith("Shapley") for line in lines)
    assert "all switched off together" in answer.out
    assert "Shapley values sum to" in " ".join(answer.out.split())
    assert "runs part at (median)" in answer.out
    assert max(map(len, lines)) <= 120
    rows = json.loads((folder / "replays.json").read_text())
    peak = next(row for row in rows if (row["mechanism"], row["functional"]) == ("trigger", "peak_pct"))
    assert peak["seeds"] == 2
    assert peak["effect"] > 0
    assert {"mechanism", "functional", "effect", "standard_error", "seeds", "shapley"} <= set(peak)
    again = ask("replay", folder, "--without", "trigger", "--seeds", 1, "--workers", 1, "--json")
    one = json.loads(again.out)
    assert one["from_s"] == 4.0
    kept = json.loads((folder / "replays.json").read_text())
    assert [row["mechanism"] for row in kept] == [row["mechanism"] for row in rows]
    changed = next(row for row in kept if (row["mechanism"], row["functional"]) == ("trigger", "peak_pct"))
    assert (changed["seeds"], changed["standard_error"], changed["shapley"]) == (1, None, None)


def test_a_dose_response(ask: Ask, folder: Path) -> None:
    answer = ask("replay", folder, "--over", "trigger.amount_usd=100000,2000000", "--seeds", 2, "--workers", 1)
    assert answer.code == 0
    assert answer.out.splitlines()[1] == "at trigger.amount_usd"
    assert "peak_pct" in answer.out
    assert "means over seeds ± standard errors" in answer.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to change: give --without MECHANISM"),
        (("--without", "liquidatoin"), "did you mean 'liquidation'"),
        (("--without", "stop", "--shapley"), "Shapley values of 1 groups: expected 2 to 6"),
        (("--without", "stop", "--from", "9s"), "expected 0 <= fork < end <= 8 s"),
        (("--without", "stop", "--seeds", "0"), "expected 1 to 100,000 seeds"),
        (("--over", "wait"), "expected NAME=FROM..TO:COUNT"),
        (("--over", "makers.cuont=1,2"), "did you mean 'count'"),
        (("--fund", "much"), "expected an amount of the quote"),
    ],
)
def test_what_replay_refuses(ask: Ask, folder: Path, words: tuple[str, ...], said: str) -> None:
    answer = ask("replay", folder, *words)
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err


def test_a_sweep_and_its_table(ask: Ask, tmp_path: Path) -> None:
    words = ("sweep", "short-squeeze", *SETTINGS, "--over", "makers.count=2,4", "--seeds", 2, "--workers", 1)
    answer = ask(*words, "--out", tmp_path / "swept")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].split()[:3] == ["makers.count", "runs", "peak_pct"]
    assert [line.split()[:2] for line in lines[1:3]] == [["2", "2"], ["4", "2"]]
    kept = (tmp_path / "swept" / "rows.jsonl").read_bytes()
    rows = json.loads(ask(*words, "--out", tmp_path / "swept", "--json").out)
    assert (tmp_path / "swept" / "rows.jsonl").read_bytes() == kept
    assert [row["makers.count"] for row in rows] == [2, 4]
    quiet = ask(*words, "--out", tmp_path / "swept", "--quiet")
    assert quiet.out == f"{tmp_path / 'swept' / 'rows.parquet'}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--over", "seed=1..4"), "and not the seed"),
        (("--over", "makers.count=1,2", "--over", "makers.count=3"), "names a setting once"),
        (("--engine", "dask"), "--engine dask and --address go together"),
        (("--seeds", "0"), "expected 1 to 1,000,000 seeds"),
    ],
)
def test_what_sweep_refuses(ask: Ask, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    answer = ask("sweep", "short-squeeze", *words, "--out", tmp_path / "swept")
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.err
    assert not (tmp_path / "swept").exists()


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a.b=1,2,4", ("1", "2", "4")),
        ("a.b=1..4", ("1", "2", "3", "4")),
        ("a.b=1e5..8e5:5", ("100000", "275000", "450000", "625000", "800000")),
        ("a.b=0..1:3", ("0", "0.5", "1")),
        ("a.b=2..10:3", ("2", "6", "10")),
        ("a.b=long,short", ("long", "short")),
    ],
)
def test_ranges(text: str, values: tuple[str, ...]) -> None:
    assert parse_over(text) == Over("a.b", values)


@pytest.mark.parametrize("text", ["a", "a=", "=3", "a=1,,2", "a=4..1", "a=1..x", "a=1..2:1", "a=1,1", "a=0..99999999"])
def test_ranges_that_are_none(text: str) -> None:
    with pytest.raises(UsageError, match="range '"):
        parse_over(text)


def test_lengths_of_time() -> None:
    assert [parse_seconds(text, "until") for text in ("90", "90s", "1.5m", "2h", "1d", "250ms")] == [
        90, 90, 90, 7200, 86400, 0.25,
    ]  # fmt: skip
    assert [clock_text(seconds) for seconds in (5, 3_725, 90_061)] == ["00:00:05", "01:02:05", "1d 01:01:01"]
