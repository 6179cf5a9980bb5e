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
from shortdesk.doors.web.replays import Works, kept_effects, replays_view
from shortdesk.doors.web.run_routes import death_of, run_routes
from shortdesk.doors.web.runs import Shelf, run_name
from shortdesk.doors.web.serve import LOOPBACK, bound
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.compared import compare_view
from shortdesk.doors.web.view.effects import answer_views, effect_view
from shortdesk.doors.web.view.offers import find_offer, offers_of
from shortdesk.doors.web.view.report import report_view
from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.stage.changes import apply_changes
from shortdesk.stage.effects import effect_of
from shortdesk.stage.play import open_play
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
    # Differences -1, -2, -3: mean -2, standard error 1 / sqrt 3, t of two degrees of freedom 4.303.
    one = effect_view(effect_of("liquidation", "peak_pct", [2.0, 4.0, 6.0], [1.0, 2.0, 3.0], adds=True))
    assert one.difference == pytest.approx(-2.0)
    assert one.low == pytest.approx(-2 - 4.303 / 3**0.5)
    assert one.high == pytest.approx(-2 + 4.303 / 3**0.5)
    assert not one.is_clear


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ([1.0, 2.1, 3.2], "the mark would have risen 2.10 % instead of 6.00 %: 3.90 points less."),
        ([5.0, 6.0, 7.0], "the mark would have risen 6.00 % instead of 6.00 %: nothing changes."),
        ([1.0, 6.0, 7.0], "the mark would have risen 4.67 % instead of 6.00 %; with 3 seeds that is not told apart"),
    ],
)
def test_what_was_found_is_said_in_a_sentence(changed: list[float], said: str) -> None:
    scenario = find_scenario("short-squeeze")
    effect = effect_of("liquidation", "peak_pct", [5.0, 6.0, 7.0], changed, adds=True)
    (one,) = answer_views([effect], scenario)
    assert (one.key, one.title) == ("without:liquidation", "Without liquidations")
    assert one.said.startswith(f"Had nobody been liquidated, {said}")
    (other,) = answer_views([msgspec.structs.replace(effect, mechanism="without account 7")], scenario)
    assert other.title == "without account 7"


@pytest.mark.parametrize(
    ("name", "has", "lacks"),
    [
        ("short-squeeze", ("without:trigger", "without:withdrawal", "fund", "like:bybit"), ("without:recall",)),
        ("borrow-squeeze", ("without:recall", "without:lenders", "shares", "wait"), ()),
    ],
)
def test_what_is_offered_fits_the_scenario(name: str, has: tuple[str, ...], lacks: tuple[str, ...]) -> None:
    scenario = find_scenario(name)
    keys = [one.key for one in offers_of(scenario)]
    assert len(set(keys)) == len(keys)
    assert set(has) <= set(keys)
    assert not set(lacks) & set(keys)
    assert f"like:{scenario.venue[0].sheet}" not in keys


@pytest.mark.parametrize("name", ["short-squeeze", "borrow-squeeze"])
def test_every_offer_can_be_made_true(name: str) -> None:
    play = open_play(find_scenario(name, SMALL if name == "short-squeeze" else ()))
    for one in offers_of(play.scenario):
        apply_changes(play.clone(), one.changes)


def test_ten_times_the_fund_is_ten_times_the_fund() -> None:
    (change,) = find_offer(find_scenario("short-squeeze"), "fund").changes
    assert change.what == "20000000"


def test_counterfactuals_in_the_background_are_kept_with_the_run(folder: Path) -> None:
    works = Works()
    begun = works.begin("first", folder / "first", "without:liquidation", 2)
    assert begun.asked == 4
    works.wait(300)
    done = works.of("first")
    assert (done.state, done.problem, done.done) == ("done", "", 4)
    works.begin("first", folder / "first", "wait", 2)
    works.wait(300)
    view = replays_view(folder / "first", Works().of("first"))
    assert [one.key for one in view.answers] == ["without:liquidation", "wait"]
    assert {one.key: one.plays for one in view.offers}["shares"] == 8
    assert {one.mechanism for one in kept_effects(folder / "first")} == {"liquidation", "wait 30"}
    liquidated = next(one for one in view.answers[0].effects if one.of == "liquidated, worth")
    assert liquidated.otherwise == 0
    with pytest.raises(UsageError, match="expected 2 to 50"):
        works.begin("first", folder / "first", "without:liquidation", 1)
    with pytest.raises(UsageError, match="'no such thing' cannot be asked of short-squeeze"):
        works.begin("second", folder / "second", "no such thing", 2)


def test_a_run_from_elsewhere_is_a_guest(folder: Path, tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "runs", folder / "first")
    assert [one.name for one in shelf.lines()] == ["first"]
    assert len(Journal.open(shelf.find("first"))) == len(Journal.open(folder / "first"))
    with pytest.raises(UsageError, match="lies elsewhere"):
        shelf.delete("first")
    assert Shelf(folder, folder / "first").guest is None
    for given, name in (("my run", "my-run"), ("..a", "a"), ("a..b", "a-.b"), ("ä", "run")):
        assert run_name(tmp_path / given) == name
        assert run_name(tmp_path / given) not in TRICKS


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
    status, replays = ask(server, "/runs/first/replay")
    assert (status, replays["work"]["state"]) == (200, "none")
    assert "without:liquidation" in {one["key"] for one in replays["offers"]}
    assert ask(server, "/runs/first/replay", '{"ask": "no such thing"}')[0] == 400
    status, said = ask(server, "/runs/first/report?account=nobody")
    assert status == 200
    assert "no account 'nobody'" in said["error"]
    assert ask(server, "/runs/first/export")[1].startswith(b"<!doctype html>")
    assert (folder / "second").is_dir()
    assert ask(server, "/runs/second/delete", '{"confirm": "second"}') == (200, {"deleted": "second"})
    assert not (folder / "second").exists()
