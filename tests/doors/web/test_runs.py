"""Runs on disk: names that are no names, what is broken, what is kept, compared, deleted and played again."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import uvicorn
from starlette.applications import Starlette
from tests.doors.web.conftest import SMALL, wait_for

from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.doors.web.replays import Works
from shortdesk.doors.web.run_routes import death_of, run_routes
from shortdesk.doors.web.runs import Shelf
from shortdesk.doors.web.serve import LOOPBACK, bound
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.compared import compare_view
from shortdesk.doors.web.view.effects import effect_views, t_95
from shortdesk.doors.web.view.report import report_view
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.stage.effects import effect_of
from shortdesk.stage.run import run_into
from shortdesk.stage.scenario import find_scenario
from shortdesk.study.postmortem_report import page_of

TOKEN = "the-token-of-this-start"
TRICKS = ["..", ".", "", "../etc", "a/b", "a\\b", "/etc", "a..b", ".hidden", "a\0b", "ä", "a b", "x" * 101, "a."]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short runs of a small market."""
    found = tmp_path_factory.mktemp("here") / "runs"
    for name, seed in (("first", 1), ("second", 2)):
        scenario = find_scenario("short-squeeze", (*SMALL, f"seed={seed}", "horizon_s=20", "trigger_s=5"))
        run_into(found / name, scenario)
    return found


@pytest.mark.parametrize("name", TRICKS)
def test_a_name_is_no_path(folder: Path, name: str) -> None:
    for act in (Shelf(folder).find, Shelf(folder).delete, Shelf(folder).explain):
        with pytest.raises(UsageError, match="expected a name"):
            act(name)


def test_a_link_out_of_the_folder_is_no_run(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "run.json").write_text("{}")
    shelf = Shelf(tmp_path / "runs")
    shelf.folder.mkdir()
    (shelf.folder / "link").symlink_to(outside)
    with pytest.raises(UsageError, match="no run 'link'"):
        shelf.delete("link")
    assert shelf.lines() == []
    assert outside.is_dir()


def test_a_folder_that_is_no_run_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(UsageError, match="not the folder of a run"):
        Shelf(tmp_path).delete("photos")
    assert (tmp_path / "photos").is_dir()


def test_the_list_tells_runs_and_what_is_broken(folder: Path, tmp_path: Path) -> None:
    lines = {one.name: one for one in Shelf(folder).lines()}
    assert set(lines) == {"first", "second"}
    assert lines["second"].seed == 2
    assert lines["first"].is_staged
    assert lines["first"].rows == len(Journal.open(folder / "first")) > 0
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_text("{")
    assert "not what a run writes" in Shelf(tmp_path).lines()[0].problem
    with pytest.raises(InputError):
        Shelf(tmp_path).explain("torn")


def test_a_report_has_what_the_page_has(folder: Path) -> None:
    report = Shelf(folder).explain("first")
    view, page = report_view(report), page_of(report)
    assert view.verdict == report.verdict.words
    assert view.sections[0].parts[0]["words"] == view.verdict
    assert [one.title for one in view.sections if one.title and f"<h2>{one.title}" not in page] == []
    kinds = {part["kind"] for section in view.sections for part in section.parts}
    assert kinds >= {"verdict", "facts", "table", "chart", "prose"}
    msgspec.json.encode(view)


def test_an_account_is_asked_for_by_name(folder: Path) -> None:
    report = Shelf(folder).explain("first")
    assert death_of(report, "") is None
    with pytest.raises(UsageError, match="no account 'nobody at all'"):
        death_of(report, "nobody at all")
    for one in report_view(report).dead[:1]:
        death = death_of(report, one.name)
        assert death is not None
        assert report_view(report, death).sections[1].title == f"Why was {one.name} liquidated?"


def test_two_runs_side_by_side(folder: Path) -> None:
    shelf = Shelf(folder)
    view = compare_view(shelf.explain("first"), shelf.explain("second"))
    assert all(one.first == one.second for one in compare_view(shelf.explain("first"), shelf.explain("first")).facts)
    assert any(one.first != one.second for one in view.facts)
    assert any(one.name == "sum" for one in view.pushed)


def test_intervals_come_from_student() -> None:
    # Differences 1, 2, 3: mean 2, standard error 1 / sqrt 3, t of two degrees of freedom 4.303.
    (one,) = effect_views([effect_of("liquidation", "peak_pct", [2.0, 4.0, 6.0], [1.0, 2.0, 3.0], adds=True)])
    assert one.effect == pytest.approx(2.0)
    assert one.low == pytest.approx(2 - 4.303 / 3**0.5)
    assert one.high == pytest.approx(2 + 4.303 / 3**0.5)
    assert t_95(31) == 2.042
    assert t_95(1000) == 1.960


def test_a_counterfactual_in_the_background(folder: Path) -> None:
    works = Works()
    begun = works.begin("first", folder / "first", "liquidation", 2)
    assert begun.asked == 4
    works.wait(300)
    done = works.of("first")
    assert (done.state, done.problem, done.done) == ("done", "", 4)
    liquidated = next(one for one in done.effects if one.of == "liquidated, worth")
    assert liquidated.otherwise == 0
    assert (folder / "first" / "replays.json").is_file()
    with pytest.raises(UsageError, match="expected 2 to 50"):
        works.begin("first", folder / "first", "liquidation", 1)
    works.begin("second", folder / "second", "no such thing", 2)
    works.wait(300)
    assert works.of("second").state == "failed"
    assert "no such thing" in works.of("second").problem


def test_a_session_is_kept_as_a_run(session: Session, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "runs")
    first, second = (session.ask(shelf.keep).result(60) for _ in range(2))
    assert first != second
    assert len(Journal.open(shelf.find(first))) == session.recorder.rows
    assert report_view(shelf.explain(first)).heading.startswith("Post-mortem: SOL-PERP")
    shelf.delete(first)
    assert [one.name for one in shelf.lines()] == [second]


@pytest.fixture
def server(folder: Path) -> Iterator[Guard]:
    listener = bound(0)
    guard = Guard(TOKEN, listener.getsockname()[1])
    desk = Desk(Session("main", "short-squeeze", SMALL))
    app = Starlette(routes=list(run_routes(desk, guard, folder)))
    running = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for("the start of the server", lambda: running.started)
    yield guard
    running.should_exit = True
    thread.join(20)


def ask(guard: Guard, path: str, body: str | None = None, **headers: str) -> tuple[int, Any]:
    talk = http.client.HTTPConnection(LOOPBACK, guard.port, timeout=60)
    own = {"Cookie": f"{guard.cookie}={TOKEN}", "Origin": f"http://{LOOPBACK}:{guard.port}", **headers}
    talk.request("GET" if body is None else "POST", path, body, own)
    answer = talk.getresponse()
    text = answer.read()
    talk.close()
    return answer.status, json.loads(text) if text[:1] in b"{[" else text


def test_runs_over_the_wire(server: Guard, folder: Path) -> None:
    status, listed = ask(server, "/runs")
    assert status == 200
    assert {one["name"] for one in listed["runs"]} == {"first", "second"}
    assert ask(server, "/runs", Cookie="")[0] == 403
    assert ask(server, "/runs/second/delete", '{"confirm": "second"}', Origin="http://elsewhere")[0] == 403
    assert ask(server, "/runs/second/delete", '{"confirm": "first"}')[0] == 400
    assert ask(server, "/runs/second/delete", "[" * 5000)[0] == 400
    assert ask(server, "/runs/second/delete", '{"confirm": 3}')[0] == 400
    assert ask(server, "/runs/%2e%2e/report")[0] in (400, 404)
    status, said = ask(server, "/runs/missing/report")
    assert status == 400
    assert "no run 'missing'" in said["error"]
    assert ask(server, "/runs/first/export")[1].startswith(b"<!doctype html>")
    assert (folder / "second").is_dir()
    assert ask(server, "/runs/second/delete", '{"confirm": "second"}') == (200, {"deleted": "second"})
    assert not (folder / "second").exists()
