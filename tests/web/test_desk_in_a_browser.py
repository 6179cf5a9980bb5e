"""The desk in Debian's Chromium, driven by Playwright against a real server; skipped where either is absent."""

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
from shortdesk.doors.web.serve import LOOPBACK, bound
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.gauges import gauges
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
def desk() -> Iterator[tuple[Session, str]]:
    listener = bound(0)
    guard = Guard(TOKEN, listener.getsockname()[1])
    session = Session("main", "short-squeeze", SMALL)
    config = uvicorn.Config(
        make_app(Desk(session), guard), ws="websockets-sansio", ws_max_size=MOST_BYTES, log_level="error",
        timeout_graceful_shutdown=1, lifespan="on",
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for("the opening", lambda: session.frame.state.phase != "opening")
    yield session, f"http://{LOOPBACK}:{guard.port}/?token={TOKEN}"
    server.should_exit = True
    thread.join(20)


@pytest.fixture
def page(desk: tuple[Session, str]) -> Iterator[Any]:
    """A page of the desk; its console and its network have to stay clean."""
    session, address = desk
    session.ask(lambda one: one.restart("", None)).result(300)
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = browser.new_page(viewport={"width": 1280, "height": 720})
        found.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        found.on("pageerror", lambda problem: complaints.append(str(problem)))
        found.on("request", lambda asked: complaints.append(asked.url) if LOOPBACK not in asked.url else None)
        found.goto(address)
        found.wait_for_selector("[data-testid=mark]")
        yield found
        browser.close()
    assert complaints == []


def test_the_cockpit_shows_the_library_s_numbers(page: Any, desk: tuple[Session, str]) -> None:
    session, _ = desk
    page.click("[data-testid=step]")
    wait_for("the step", lambda: session.frame.state.now_s >= 5)
    page.wait_for_selector("[data-testid=clock]:text-is('0:00:05')")
    view = gauges(session.play, session.board)
    assert page.inner_text("[data-testid=mark]") == f"{view.mark:,.2f}"
    assert page.inner_text("[data-testid=makers]") == f"{view.makers_present} / {view.makers}"
    assert "wait to be liquidated" in page.text_content("[data-testid=chart]")


def test_by_keys_alone_a_short_is_placed_and_liquidated_and_the_page_says_why(page: Any) -> None:
    page.keyboard.press(".")
    page.keyboard.press("2")
    page.wait_for_selector("[data-testid=sell]")
    page.keyboard.press("s")
    page.keyboard.type("5")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=position-size]")
    assert page.inner_text("[data-testid=position-size]") == "-5.00"
    page.keyboard.press("Shift+Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("1")
    page.wait_for_selector("[data-testid=withdraw]")
    page.fill("[aria-label='Per cent by which the value moves']", "40")
    page.keyboard.press("Tab")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.keyboard.press("Space")
    page.wait_for_selector("[data-testid=verdict]", timeout=120_000)
    assert "USDC" in page.inner_text("[data-testid=verdict-lost]")
    assert "Your short died" in page.inner_text("[data-testid=verdict]")


@pytest.mark.parametrize("screen", ["cockpit", "short"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_serious_accessibility_fault(page: Any, screen: str, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core was not fetched: make setup")
    page.evaluate(
        "([screen, theme]) => { location.hash = '#/' + screen; document.documentElement.dataset.theme = theme }",
        [screen, theme],
    )
    page.wait_for_selector("[data-testid=withdraw]" if screen == "cockpit" else "[data-testid=sell]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations)")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
