"""Runs: what the folder holds, and that time may pass in any slices."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.stage.small import SMALL, small_squeeze

from shortdesk.ground.errors import InputError
from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.stage import run as runs
from shortdesk.stage.play import open_play
from shortdesk.stage.run import Moment, read_staged, read_summary, run_into
from shortdesk.stage.scenario import scenario_digest
from shortdesk.stage.tally import Presence, PricePath

SECOND_NS = 10**9


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the small squeeze."""
    found = tmp_path_factory.mktemp("runs") / "small"
    run_into(found, small_squeeze(), given="short-squeeze", settings=SMALL)
    return found


def test_the_folder_can_be_read_and_replayed_by_itself(folder: Path) -> None:
    scenario = small_squeeze()
    journal = Journal.open(folder)
    assert (journal.run.state, journal.run.stop, journal.notice) == ("ended", "horizon", "")
    assert (journal.run.seed, journal.run.scenario_digest) == (1, scenario_digest(scenario))
    assert journal.code_names(Kind.SHOCK)[2] == "makers_away"
    staged = read_staged(folder)
    assert (staged.scenario, staged.settings, staged.given) == (scenario, SMALL, "short-squeeze")
    assert np.array_equal(open_play(staged.scenario).run_all(), journal.rows())


def test_the_summary_is_what_the_journal_says(folder: Path) -> None:
    found = read_summary(folder)
    rows = Journal.open(folder).rows()
    one = found.instrument[0]
    fills = rows[rows["kind"] == Kind.FILL]
    forced = fills[fills["mechanism"] == Mechanism.LIQUIDATION]
    marks = rows[rows["kind"] == Kind.MARK]
    assert found.rows == len(rows)
    assert found.hash == Journal.open(folder).hash
    assert (one.fills, one.liquidation_lots) == (len(fills), int(np.abs(forced["lots"]).sum()))
    assert one.liquidations == int((rows["kind"] == Kind.LIQUIDATION_START).sum()) > 0
    assert int(one.liquidated * 10**6) == int(forced["units"].sum())
    started = marks["time_ns"] > found.start_ns + 4 * SECOND_NS
    assert int(one.base * 100) == int(marks["price"][~started][-1])
    assert int(one.peak * 100) == max(int(marks["price"][started].max()), int(one.base * 100))
    assert one.bars[0][0] == 0.0
    assert one.bars[-1][4] == float(one.last)
    stopped = {(int(row["account"]), int(row["order"])) for row in fills[fills["mechanism"] == Mechanism.STOP]}
    assert one.stops == len(stopped)


def test_slices_and_watchers_change_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SLICE_S", 0.7)
    seen: list[Moment] = []
    found = run_into(tmp_path / "sliced", small_squeeze(), watch=lambda moment: bool(seen.append(moment)))
    whole = read_summary(folder)
    assert (found.hash, found.state) == (whole.hash, whole.state)
    assert [moment.now_ns for moment in seen] == sorted({moment.now_ns for moment in seen})
    assert (seen[-1].makers, seen[-1].liquidations) == (8, whole.instrument[0].liquidations)


def test_a_run_that_is_stopped_is_a_beginning_of_the_whole(folder: Path, tmp_path: Path) -> None:
    scenario = small_squeeze()
    enough = scenario.start_ns + 5 * SECOND_NS
    found = run_into(tmp_path / "cut", scenario, watch=lambda moment: moment.now_ns >= enough)
    cut, whole = Journal.open(tmp_path / "cut"), Journal.open(folder)
    assert (found.stop, found.reached_s) == ("interrupted", 5.0)
    assert np.array_equal(cut.rows(), whole.rows()[: len(cut)])
    assert len(cut) == int((whole.rows()["time_ns"] <= enough).sum())
    until = run_into(tmp_path / "until", scenario, until_ns=enough)
    assert (until.stop, until.hash, until.state) == ("until", found.hash, found.state)


def test_another_process_comes_to_the_same_hash(folder: Path) -> None:
    text = (
        "from tests.stage.small import small_squeeze\nfrom shortdesk.stage.play import open_play\n"
        "from shortdesk.ground.journal import Journal\n"
        "print(Journal.from_rows(open_play(small_squeeze()).run_all()).hash)"
    )
    environment = {**os.environ, "SHORTDESK_INTERPRETED": "1", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", text], cwd=Path(__file__).parents[2], env=environment, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert done.stdout.strip() == read_summary(folder).hash


def test_another_seed_is_another_run(folder: Path, tmp_path: Path) -> None:
    assert run_into(tmp_path / "two", small_squeeze("seed=2")).hash != read_summary(folder).hash


def test_a_folder_that_is_no_staged_run_says_so(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not empty"):
        run_into(folder, small_squeeze())
    with pytest.raises(InputError, match=r"there is no run\.json"):
        read_staged(tmp_path)
    (tmp_path / "run.json").write_bytes((folder / "run.json").read_bytes())
    with pytest.raises(InputError, match="was not staged"):
        read_staged(tmp_path)


def test_a_price_path_by_hand() -> None:
    """Base 100 at t = 10; then 104 from 12 to 15, 97 to 18, 102 to the end at 20: area 3 · 4 + 2 · 2 = 16."""
    path = PricePath(0, 48_000, 10)
    path.add(np.array([1, 9, 12]), np.array([90, 100, 104]))
    path.add(np.array([15, 18]), np.array([97, 102]))
    path.close(20)
    assert (path.opening_ticks, path.base_ticks, path.latest_ticks) == (90, 100, 102)
    assert (path.peak_ticks, path.peak_ns, path.trough_ticks, path.trough_ns) == (104, 12, 97, 15)
    assert path.area == 16


def test_presence_by_hand() -> None:
    """Of two makers one is away from 2 to 5, the other from 4 on: 3 + 6 of 2 · 10."""
    presence = Presence(2, 0)
    for time_ns, account, is_there in ((2, 7, False), (4, 8, False), (5, 7, True)):
        presence.add(time_ns, account, is_there)
    presence.close(10)
    assert (presence.leaves, presence.fewest, presence.present) == (2, 0, 1)
    assert presence.absent_share(10) == 9 / 20
