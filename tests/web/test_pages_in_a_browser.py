"""Written pages in Debian's Chromium, opened as files without a network: panels, figures, keys, hostile names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.doors.pages.reading import given
from tests.doors.pages.sample import EVIL, evil, held, played, replayed, squeezed
from tests.web.conftest import AXE, CHROMIUM

from shortdesk.doors.pages.explained import postmortem_page
from shortdesk.doors.pages.held import hold_page
from shortdesk.doors.pages.modules import missing_scripts
from shortdesk.doors.pages.played import run_page
from shortdesk.study.postmortem_tree import cause_tree

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.skipif(bool(missing_scripts()), reason="no scripts: make setup"),
]
PHONE = {"width": 390, "height": 800}
DESK = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every kind of page, written to a file."""
    folder = tmp_path_factory.mktemp("pages")
    found, recording = played(folder / "run")
    texts = {
        "replayed": postmortem_page(replayed(folder), run=folder),
        "run": run_page(found, recording),
        "hold": hold_page(held()),
        "postmortem": postmortem_page(squeezed()),
        "evil": postmortem_page(evil()),
    }
    for name, text in texts.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in texts}


@contextmanager
def opened(path: Path, *, scripts: bool = True, theme: str = "dark", size: dict[str, int] = DESK) -> Iterator[Any]:
    """The page of a file, offline; its console stays clean and it asks for nothing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        context = browser.new_context(viewport=size, color_scheme=theme, offline=True, java_script_enabled=scripts)
        found = context.new_page()
        found.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        found.on("pageerror", lambda problem: complaints.append(str(problem)))
        found.on("request", lambda asked: complaints.append(asked.url) if _leaves(asked.url, path) else None)
        found.on("dialog", lambda box: complaints.append(f"a dialog: {box.message}"))
        found.goto(path.as_uri())
        if scripts:
            found.wait_for_selector("html[data-ready]")
        yield found
        browser.close()
    assert complaints == []


def _leaves(url: str, path: Path) -> bool:
    return not url.startswith("data:") and url != path.as_uri()


def test_a_held_short_is_read_by_pointer_and_keys(pages: dict[str, Path]) -> None:
    with opened(pages["hold"]) as page:
        assert page.locator("sd-chart, sd-series").count() == 3
        assert not page.locator("figure").first.is_visible()
        assert "151 candles" in page.text_content("[data-testid=chart]")
        page.focus("sd-chart .plot")
        page.keyboard.press("Home")
        told = page.inner_text("[data-testid=reading]")
        assert told.startswith("2020-10-01: 10,773.00 to ")
        assert "entry price 10,773.00" in told
        page.keyboard.press("End")
        assert page.inner_text("[data-testid=reading]").startswith("2021-02-28: ")
        page.focus("sd-series .plot")
        page.keyboard.press("Home")
        first = given(pages["hold"].read_text(encoding="utf-8"))["of"]["0"]["value"]["lines"][0]["values"][0]
        assert page.inner_text("sd-series >> nth=0 >> .reading") == f"2020-10-01: {first:,.2f} USDT"
        page.keyboard.press("+")
        page.hover("sd-chart .plot")
        assert "high" in page.inner_text("[data-testid=reading]")


def test_a_run_is_looked_at_at_any_of_its_moments(pages: dict[str, Path]) -> None:
    found = given(pages["run"].read_text(encoding="utf-8"))
    moments = next(one["value"] for one in found["of"].values() if isinstance(one["value"], list))
    head = found["store"]["parts"]["head"]
    with opened(pages["run"]) as page:
        mark = "[data-testid=mark]"
        height = next(at for at, one in enumerate(moments) if one["title"] == "the height")
        for key, at in ((None, height), (".", height + 1), (",", height)):
            if key:
                page.keyboard.press(key)
            gauges = moments[at]["parts"]["gauges"]
            page.wait_for_function(
                "([mark, text]) => document.querySelector(mark).textContent === text",
                arg=[mark, f"{gauges['mark']:,.{head['price_places']}f}"],
            )
            assert page.inner_text("[data-testid=makers]") == f"{gauges['makers_present']} / {gauges['makers']}"
            positions = f"{moments[at]['parts']['counts']['liquidations']:,} positions"
            assert page.inner_text("[data-testid=liquidated-more]") == positions
        page.click("text=the opening")
        assert page.inner_text("[data-testid=clock]") == "0:00:00" or moments[0]["now_s"] > 0
        page.evaluate("document.activeElement.blur()")  # a focused button has Space for itself
        page.keyboard.press("Space")
        page.wait_for_function(
            "(last) => document.querySelector('[data-testid=moment]').value === last", arg=str(len(moments) - 1)
        )
        assert page.inner_text("[data-testid=play]") == "Play"
        assert page.text_content("[data-testid=map]").split(" ")[1:2] == ["shorts"]


def test_the_tree_of_a_written_post_mortem_is_walked_by_keys(pages: dict[str, Path]) -> None:
    tree = cause_tree(squeezed())
    assert tree is not None
    with opened(pages["postmortem"]) as page:
        page.focus(".cause-tree")
        page.keyboard.press("End")
        assert tree.nodes[-1].words in page.inner_text("[data-testid=tree-words]")
        page.keyboard.press("ArrowLeft")
        assert tree.nodes[tree.nodes[-1].parent].words in page.inner_text("[data-testid=tree-words]")
        assert "wait to be liquidated" in page.text_content("[data-testid=chart]")


def test_what_replays_found_is_shown_without_asking_anybody(pages: dict[str, Path]) -> None:
    with opened(pages["replayed"]) as page:
        assert page.locator("sd-whatif .answer").count() == 1
        assert page.inner_text("sd-whatif .versus b >> nth=0") == "6.50"
        assert page.locator("sd-whatif button").count() == 0


def test_theme_palette_keys_and_sections_by_keyboard(pages: dict[str, Path]) -> None:
    with opened(pages["postmortem"]) as page:
        root = "document.documentElement.dataset"
        assert page.evaluate(f"{root}.theme") == "dark"
        page.keyboard.press("t")
        assert page.evaluate(f"{root}.theme") == "light"
        page.keyboard.press("p")
        assert page.evaluate(f"{root}.palette") == "swapped"
        page.keyboard.press("g")
        page.keyboard.press("g")
        assert page.evaluate("document.activeElement.textContent") == "Was it a squeeze?"
        page.keyboard.press("?")
        assert page.locator("dialog[open]").count() == 1
        assert "dark or light" in page.inner_text("dialog[open]")


@pytest.mark.parametrize("kind", ["hold", "run", "postmortem"])
def test_on_paper_and_without_scripts_the_drawings_are_there(pages: dict[str, Path], kind: str) -> None:
    with opened(pages[kind]) as page:
        page.emulate_media(media="print")
        assert page.locator("figure").first.is_visible()
        assert page.locator("sd-chart, sd-series").first.is_hidden()
        white = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--card')")
        assert white.strip() == "#ffffff"
        assert len(page.pdf()) > 20_000
    with opened(pages[kind], scripts=False) as page:
        assert page.locator("figure").first.is_visible()
        assert page.locator("table").count() >= 3


def test_a_hostile_name_is_shown_and_does_nothing(pages: dict[str, Path]) -> None:
    with opened(pages["evil"]) as page:
        assert EVIL.removesuffix("\u2028") in page.text_content("sd-chart h2")
        assert page.locator("img").count() == 0


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("kind", ["hold", "run", "postmortem"])
def test_no_serious_accessibility_fault_and_no_overflow(
    pages: dict[str, Path], kind: str, theme: str, size: dict[str, int]
) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core was not fetched: make setup")
    with opened(pages[kind], theme=theme, size=size) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        page.evaluate(AXE.read_text(encoding="utf-8"))
        found = page.evaluate("axe.run().then((found) => found.violations)")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
