"""The screens that are read in Debian's Chromium: short ticket, post-mortem, runs; skipped where it is absent."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from tests.doors.web.conftest import SMALL, wait_for

from shortdesk.doors.web.app import STATIC, make_app
from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.doors.web.messages import MOST_BYTES
from shortdesk.doors.web.runs import Shelf
from shortdesk.doors.web.serve import LOOPBACK, bound
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.short import short_view
from shortdesk.ground.compile import interpreted

playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
pytestmark = [
    pytest.mark.skipif(interpreted(), reason="pages wait for a market at its compiled pace"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not (STATIC / "vendor" / "lit").is_dir(), reason="no scripts: make setup"),
]
TOKEN = "the-token-of-this-start"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, str]]:
    """A desk started in an empty folder, its market thirty seconds old."""
    listener = bound(0)
    guard = Guard(TOKEN, listener.getsockname()[1])
    session = Session("main", "short-squeeze", SMALL)
    config = uvicorn.Config(
        make_app(Desk(session), guard),
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        log_level="error",
        timeout_graceful_shutdown=1,
        lifespan="on",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        thread.start()
        wait_for("the opening", lambda: session.frame.state.phase != "opening")
        session.ask(lambda one: one.control(None, None, 30.0)).result(300)
        yield session, f"http://{LOOPBACK}:{guard.port}/?token={TOKEN}"
        server.should_exit = True
        thread.join(20)


@pytest.fixture
def page(desk: tuple[Session, str]) -> Iterator[Any]:
    """A page of the desk; its console and its network have to stay clean."""
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = browser.new_page(viewport={"width": 1280, "height": 720})
        found.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        found.on("pageerror", lambda problem: complaints.append(str(problem)))
        found.on("request", lambda asked: complaints.append(asked.url) if LOOPBACK not in asked.url else None)
        found.goto(desk[1])
        found.wait_for_selector("[data-testid=mark]")
        yield found
        browser.close()
    assert complaints == []


def test_the_ticket_shows_the_library_s_numbers_and_unfolds(page: Any) -> None:
    page.keyboard.press("3")
    page.fill("[data-testid=ask-entry]", "50000")
    page.fill("[data-testid=ask-stop]", "60000")
    page.wait_for_selector("text=liquidated first")
    view = short_view({"symbol": "BTC", "size": "1", "leverage": "10", "entry": "50000"})
    for one in view.venues:
        if one.liquidation:
            assert page.inner_text(f"[data-testid=liquidation-{one.venue}]") == f"{one.liquidation:,.1f}"
    page.click("[data-testid=unfold-bybit]")
    page.wait_for_selector("[data-testid=explanation] >> text=equity meets maintenance margin")
    page.fill("[data-testid=ask-stop]", "1")
    page.wait_for_selector("[data-testid=problem] >> text=not above the entry")


def test_a_market_is_kept_explained_played_again_and_deleted(page: Any) -> None:
    page.keyboard.press("4")
    page.click("[data-testid=keep]")
    page.wait_for_selector("[data-testid=heading]")
    (line,) = Shelf(Path("runs")).lines()
    report = Shelf(Path("runs")).explain(line.name)
    assert page.text_content("[data-testid=verdict]") == report.verdict.words
    page.reload()
    page.wait_for_selector("[data-testid=heading]")
    with page.expect_download() as export:
        page.keyboard.press("e")
    assert Path(export.value.path()).read_text(encoding="utf-8").startswith("<!doctype html>")
    page.fill("[data-testid=seeds]", "2")
    page.press("[data-testid=seeds]", "Tab")
    page.click("[data-testid=without]")
    page.wait_for_selector("[data-testid=effects], [data-testid=replay] .bad", timeout=120_000)
    assert page.inner_text("[data-testid=replay]") == "done"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("5")
    page.click("[data-testid=delete]")
    page.keyboard.press("Enter")
    assert len(Shelf(Path("runs")).lines()) == 1
    page.click("[data-testid=delete]")
    page.click("[data-testid=confirm]")
    page.wait_for_selector("[data-testid=none]")
    assert Shelf(Path("runs")).lines() == []


@pytest.mark.parametrize(("screen", "shown"), [("ticket", "venues"), ("postmortem", "heading"), ("runs", "runs")])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_serious_accessibility_fault(
    page: Any, desk: tuple[Session, str], screen: str, shown: str, theme: str
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core was not fetched: make setup")
    shelf = Shelf(Path("runs"))
    if not shelf.lines():
        desk[0].ask(shelf.keep).result(60)
    at = f"{screen}?run={shelf.lines()[0].name}" if screen == "postmortem" else screen
    page.evaluate(
        "([at, theme]) => { location.hash = '#/' + at; document.documentElement.dataset.theme = theme }", [at, theme]
    )
    page.wait_for_selector(f"[data-testid={shown}]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations)")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
