"""Take the documentation's pictures: the shipped squeeze at its height on the desk and in written pages, both themes.

    python tools/take_pictures.py          all of them
    python tools/take_pictures.py desk     those of the desk
    python tools/take_pictures.py pages    those of the written pages

Needs what ``make setup`` installs and a chromium on the path. Pictures go to ``docs/pictures``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
NEAR_S, HEIGHT_S = 34 * 60 + 30, 35 * 60 + 22
"""Seconds on the clock: shortly before, and when most liquidations of the shipped seed happen."""
SIZE = {"width": 1280, "height": 720}


PROGRAM = [sys.executable, "-m", "shortdesk"]


def main() -> None:
    """Take what was asked for."""
    from playwright.sync_api import sync_playwright

    asked = sys.argv[1:] or ["desk", "pages"]
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for one in asked:
            {"desk": _desk, "pages": _pages}[one](browser)
        browser.close()


def _pages(browser: Any) -> None:
    """A run and its post-mortem as files, each from the heading of its chart on."""
    with tempfile.TemporaryDirectory() as folder:
        run, page = Path(folder) / "run", Path(folder) / "run.html"
        subprocess.run([*PROGRAM, "run", "short-squeeze", "--out", run, "--html", page, "--quiet"], check=True)
        subprocess.run([*PROGRAM, "postmortem", run, "--quiet"], check=True)
        files = {"run-page": (page, "sd-moments", 1180), "postmortem-page": (run / "postmortem.html", "h1", 900)}
        for theme in ("light", "dark"):
            for name, (path, first, height) in files.items():
                context = browser.new_context(
                    viewport={"width": 1180, "height": height}, color_scheme=theme, offline=True
                )
                shown = context.new_page()
                shown.goto(path.as_uri())
                shown.wait_for_selector("html[data-ready]")
                shown.evaluate(f"scrollTo(0, document.querySelector('{first}').getBoundingClientRect().top - 12)")
                shown.wait_for_timeout(700)
                shown.screenshot(path=FOLDER / f"{name}-{theme}.png")
                context.close()


def _desk(browser: Any) -> None:
    """Open a desk of its own, let the squeeze play and take the pictures."""
    command = [*PROGRAM, "web", "--port", "0", "--pace", "300"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            address = re.search(r"http://\S+", server.stdout.readline())
            assert address, "the desk did not say where it is"
            page = browser.new_page(viewport=SIZE, color_scheme="light")
            page.goto(address.group(0))
            page.wait_for_selector("[data-testid=clock]", timeout=300_000)
            page.wait_for_selector("[data-testid=opening]", state="detached", timeout=300_000)
            page.keyboard.press("2")
            _short(page)
            page.keyboard.press("1")
            _play_until(page, NEAR_S)
            for _ in range(3):
                page.keyboard.press("-")
            _play_until(page, HEIGHT_S)
            page.keyboard.press("Space")
            page.wait_for_timeout(1_000)
            for theme in ("light", "dark"):
                page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
                page.wait_for_timeout(700)
                for key, name in (("1", "cockpit"), ("2", "short")):
                    page.keyboard.press(key)
                    page.wait_for_timeout(700)
                    page.screenshot(path=FOLDER / f"{name}-{theme}.png")
        finally:
            server.terminate()


def _short(page: Any) -> None:
    """A position of the reader's own, so that there is something to look at."""
    page.wait_for_selector("[data-testid=sell]")
    page.fill("[data-testid=size]", "200")
    page.click("[data-testid=sell]")
    page.wait_for_timeout(1_000)
    page.evaluate("document.activeElement.blur()")


def _play_until(page: Any, seconds: int) -> None:
    """Let the market play until its clock shows so many seconds."""
    if page.inner_text("[data-testid=play]") == "Play":
        page.keyboard.press("Space")
    while _seconds(page.inner_text("[data-testid=clock]")) < seconds:
        page.wait_for_timeout(20)


def _seconds(clock: str) -> int:
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return 3_600 * hours + 60 * minutes + seconds


if __name__ == "__main__":
    main()
