"""A real desk and a page of it in Debian's Chromium; tests that use them are skipped where something is missing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
from shortdesk.ground.compile import interpreted

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TOKEN = "the-token-of-this-start"
NEEDS = [
    pytest.mark.skipif(interpreted(), reason="pages wait for a market at its compiled pace"),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(not (STATIC / "vendor" / "lit").is_dir(), reason="no scripts: make setup"),
]


@contextmanager
def open_desk() -> Iterator[tuple[Session, str]]:
    """A desk on a free port with the small squeeze staged, and its address."""
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


@contextmanager
def open_page(address: str) -> Iterator[Any]:
    """A page of the desk; its console and its network have to stay clean."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
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
