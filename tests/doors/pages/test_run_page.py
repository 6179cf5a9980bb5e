"""The page of a run: what was seen while it was played is what the library says, and looking changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doors.pages.reading import given, without_scripts
from tests.doors.pages.sample import played
from tests.stage.small import small_squeeze

from shortdesk.doors.pages.modules import missing_scripts
from shortdesk.doors.pages.played import MOMENTS, run_page
from shortdesk.doors.pages.recording import Recording
from shortdesk.doors.pages.summary import figure_rows
from shortdesk.ground.journal import Journal, Kind
from shortdesk.stage.run import RunSummary, run_into

pytestmark = pytest.mark.skipif(bool(missing_scripts()), reason="no scripts: make setup")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunSummary, Recording]:
    folder = tmp_path_factory.mktemp("played") / "run"
    found, recording = played(folder)
    recording.finish()
    return folder, found, recording


def test_looking_changes_nothing(run: tuple[Path, RunSummary, Recording], tmp_path: Path) -> None:
    assert run_into(tmp_path / "run", small_squeeze()).hash == run[1].hash


def test_the_samples_are_the_journal_s(run: tuple[Path, RunSummary, Recording]) -> None:
    folder, found, recording = run
    rows = Journal.open(folder).rows()
    mine = rows[rows["instrument"] == recording.board.number]
    deaths = mine[mine["kind"] == Kind.LIQUIDATION_START]
    marks = mine[mine["kind"] == Kind.MARK]
    assert len(recording.samples) >= 12
    for one in recording.samples:
        assert one.counts.liquidations == int((deaths["time_ns"] <= one.time_ns).sum())
        before = marks[marks["time_ns"] <= one.time_ns]
        if len(before):
            assert one.gauges.mark == recording.board.price(int(before["price"][-1]))
    assert recording.samples[-1].counts.liquidations == found.instrument[0].liquidations > 0
    assert recording.samples[-1].time_ns == recording.scenario.end_ns


def test_the_page_carries_them(run: tuple[Path, RunSummary, Recording]) -> None:
    _, found, recording = run
    text = run_page(found, recording)
    told = given(text)
    moments = next(one["value"] for one in told["of"].values() if isinstance(one["value"], list))
    assert 2 <= len(moments) <= MOMENTS + 2
    assert moments[0]["title"] == "the opening"
    assert moments[-1]["title"] == "the end"
    assert {"before it began", "the height"} <= {one["title"] for one in moments}
    assert moments[-1]["now_s"] == 12
    assert moments[-1]["parts"]["gauges"]["mark"] == recording.samples[-1].gauges.mark
    candles = told["store"]["candles"]
    assert [tuple(one) for one in candles] == recording.recorder.candles
    assert {one["here"] for one in moments} <= {one[0] for one in candles}
    lines = told["store"]["parts"]["lines"]
    assert [one["name"] for one in lines] == ["mark", "index"]
    assert all(len(one["values"]) == len(candles) for one in lines)
    assert run_page(found, recording) == text


def test_it_reads_without_scripts(run: tuple[Path, RunSummary, Recording]) -> None:
    _, found, recording = run
    read = without_scripts(run_page(found, recording))
    for row in figure_rows(found.instrument[0]):
        assert f">{row[0]}</th>" in read
    assert f"{found.instrument[0].liquidations:,} positions worth" in read
    assert "The market through time" in read
    for loading in ("src=", "href=", "url(", "http://", "https://"):
        assert loading not in read.replace("url(#", ""), loading


def test_nothing_seen_is_no_page(run: tuple[Path, RunSummary, Recording]) -> None:
    with pytest.raises(ValueError, match="no trade"):
        run_page(run[1], Recording(small_squeeze()))
