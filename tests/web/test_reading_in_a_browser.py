"""The screens that are read in Debian's Chromium: short ticket, post-mortem, runs; skipped where it is absent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.stage.small import SMALL as SQUEEZE
from tests.stage.small import small_squeeze
from tests.web.conftest import AXE, NEEDS, open_desk, open_page

from shortdesk.doors.web.runs import Shelf
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.short import short_view
from shortdesk.stage.run import run_into
from shortdesk.study.postmortem_tree import cause_tree

pytestmark = NEEDS


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, str]]:
    """A desk started in an empty folder, its market thirty seconds old."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        with open_desk() as (session, address):
            session.ask(lambda one: one.control(None, None, 30.0)).result(300)
            yield session, address


@pytest.fixture
def page(desk: tuple[Session, str]) -> Iterator[Any]:
    with open_page(desk[1]) as found:
        yield found


def test_the_ticket_shows_the_library_s_numbers_and_unfolds(page: Any) -> None:
    page.keyboard.press("4")
    page.fill("[data-testid=ask-entry]", "50000")
    page.fill("[data-testid=ask-stop]", "60000")
    page.wait_for_selector("text=liquidated first")
    view = short_view({"symbol": "BTC", "size": "1", "leverage": "10", "entry": "50000"})
    for one in view.venues:
        if one.liquidation:
            assert page.inner_text(f"[data-testid=liquidation-{one.venue}]") == f"{one.liquidation:,.1f}"
    page.wait_for_selector("[data-testid=curves] >> text=What it pays, Binance USDS-M perpetual")
    page.click("[data-testid=unfold-bybit]")
    page.wait_for_selector("[data-testid=curves] >> text=Equity as the price rises, Bybit linear perpetual")
    assert "stop 60,000.0" not in page.inner_text("[data-testid=curves]")  # beyond what is drawn
    page.wait_for_selector("[data-testid=explanation] >> text=equity meets maintenance margin")
    page.fill("[data-testid=ask-stop]", "1")
    page.wait_for_selector("[data-testid=problem] >> text=not above the entry")


def test_a_market_is_kept_explained_played_again_and_deleted(page: Any) -> None:
    page.keyboard.press("5")
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
    page.click("[data-testid='ask-without:liquidation']")
    page.wait_for_selector("[data-testid='answer-without:liquidation'], .bad[data-testid=replay]", timeout=120_000)
    assert page.inner_text("[data-testid=replay]") == "done"
    assert "Had nobody been liquidated" in page.inner_text("[data-testid='answer-without:liquidation']")
    page.click("[data-testid=ask-wait]")
    page.wait_for_selector("[data-testid=answer-wait]", timeout=120_000)
    page.reload()
    page.wait_for_selector("[data-testid=answer-wait]")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("6")
    page.click("[data-testid=delete]")
    page.keyboard.press("Enter")
    assert len(Shelf(Path("runs")).lines()) == 1
    page.click("[data-testid=delete]")
    page.click("[data-testid=confirm]")
    page.wait_for_selector("[data-testid=none]")
    assert Shelf(Path("runs")).lines() == []


def test_the_tree_of_causes_is_walked_by_keys(page: Any) -> None:
    scenario = small_squeeze()
    run_into(Path("runs") / "squeezed", scenario, given="short-squeeze", settings=SQUEEZE)
    page.evaluate("location.hash = '#/postmortem?run=squeezed'")
    page.wait_for_selector("[data-testid=tree-words]")
    tree = cause_tree(Shelf(Path("runs")).explain("squeezed"))
    assert tree is not None
    page.focus(".cause-tree")
    page.keyboard.press("End")
    last = tree.nodes[-1]
    assert last.words in page.inner_text("[data-testid=tree-words]")
    page.keyboard.press("ArrowLeft")
    above = tree.nodes[last.parent] if last.parent >= 0 else last
    assert above.words in page.inner_text("[data-testid=tree-words]")
    assert page.locator(".cause-tree svg.wide .node.chain").count() >= 1
    assert page.locator(".cause-tree svg.wide .node").count() == len(tree.nodes)


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
