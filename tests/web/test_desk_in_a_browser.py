"""The desk in Debian's Chromium, driven by Playwright against a real server; skipped where either is absent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from tests.doors.web.conftest import wait_for
from tests.web.conftest import AXE, NEEDS, open_desk, open_page

from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.gauges import gauges
from shortdesk.doors.web.view.liquidations import liquidation_view

pytestmark = NEEDS


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, str]]:
    """A desk started in an empty folder, so that runs are kept there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        with open_desk() as found:
            yield found


@pytest.fixture
def page(desk: tuple[Session, str]) -> Iterator[Any]:
    """A page of the desk, its market at the beginning."""
    session, address = desk
    session.ask(lambda one: one.restart("", None)).result(300)
    with open_page(address) as found:
        yield found


def test_the_cockpit_shows_the_library_s_numbers(page: Any, desk: tuple[Session, str]) -> None:
    session, _ = desk
    page.click("[data-testid=step]")
    wait_for("the step", lambda: session.frame.state.now_s >= 5)
    page.wait_for_selector("[data-testid=clock]:text-is('0:00:05')")
    view = gauges(session.play, session.board)
    assert page.inner_text("[data-testid=mark]") == f"{view.mark:,.2f}"
    assert page.inner_text("[data-testid=makers]") == f"{view.makers_present} / {view.makers}"
    rows = page.locator("[data-testid=depth] tbody tr").all_text_contents()
    assert [row.split(" bp")[0][-2:].lstrip("k ") for row in rows] == ["10", "25", "50", "00"]
    assert page.inner_text("[data-testid=adl-more]").startswith("queue ")
    assert "wait to be liquidated" in page.text_content("[data-testid=chart]")


def test_the_map_shows_the_library_s_numbers_and_is_read_by_keys(page: Any, desk: tuple[Session, str]) -> None:
    session, _ = desk
    page.keyboard.press("3")
    page.wait_for_selector("[data-testid=map-table]")
    page.click("[data-testid=step]")
    page.wait_for_selector("[data-testid=clock]:text-is('0:00:05')")
    page.wait_for_timeout(1200)
    recorder = session.recorder
    view = liquidation_view(session.play.world, session.board, recorder.candles, recorder.candle_s)
    assert view is not None
    ignition = view.shorts.ignition_book
    assert page.inner_text("[data-testid=ignition]") == (f"{ignition:,.2f}" if ignition else "none")
    assert f"{view.shorts.positions:,} shorts" in page.text_content("[data-testid=map]")
    assert len(page.query_selector_all("[data-testid=map-table] tbody tr")) == 17
    page.focus(".map canvas")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    low, high = (view.mark * (1 + 0.0025 * step) for step in (1, 2))
    assert page.inner_text("[data-testid=readout]").startswith(f"{low:,.2f} – {high:,.2f}")
    page.keyboard.press("]")
    assert page.eval_on_selector("[data-testid=reach]", "one => one.selectedOptions[0].text") == "± 10 %"
    page.keyboard.press("e")
    assert page.get_attribute("[data-testid=estimate]", "aria-pressed") == "false"


MIRRORS = """() => Object.fromEntries([...document.querySelectorAll("main [data-testid], header [data-testid]")]
  .map((one, at) => [`${at} ${one.dataset.testid}`, one.textContent.trim()]))"""


SIZE_PLACES = """async () => {
  const { sizePlaces } = await import("/static/format.js");
  return [[29400, 3], [3000, 3], [86, 2], [0.2, 0], [29400, 0], [0, 3]].map(([price, most]) => sizePlaces(price, most));
}"""


def test_sizes_keep_the_decimals_that_are_worth_something(page: Any) -> None:
    """A thousandth of a bitcoin shows, a hundredth of a SOL does not; never more than the lot has."""
    assert page.evaluate(SIZE_PLACES) == [3, 2, 0, 0, 0, 0]


LATE_FRAME = """async () => {
  const { store } = await import("/static/store.js");
  const late = { kind: "frame", number: 1, session: "", play: store.play, whole: false, state: store.state, parts: {} };
  store.play = -1; // other parts were asked for; their whole frame is still to come
  store._hear({ ...late, candles: [[9e9, 1, 1, 1, 1, 0, 0, 0]], columns: [] });
  return store.candles.at(-1)?.[0] ?? 0;
}"""


def test_changing_screens_loses_no_candle(page: Any, desk: tuple[Session, str]) -> None:
    """Each screen asks for other parts; a frame that is under way then does not stand for the whole history."""
    session, _ = desk
    session.ask(lambda one: one.control(True, 5, None)).result(60)
    for key in "121312131":
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    wait_for("some candles", lambda: len(session.recorder.candles) >= 3)
    session.ask(lambda one: one.control(False, None, None)).result(60)
    page.wait_for_timeout(500)
    assert page.text_content("[data-testid=chart]").startswith(f"{len(session.recorder.candles)} candles")
    assert page.evaluate(LATE_FRAME) < 9e9


def test_two_browsers_that_watch_one_run_agree_panel_by_panel(page: Any, desk: tuple[Session, str]) -> None:
    session, address = desk
    other = page.context.browser.new_context(viewport={"width": 1280, "height": 720}).new_page()
    other.goto(address)
    other.wait_for_selector("[data-testid=mark]")
    page.keyboard.press("Space")
    wait_for("two minutes of the market", lambda: session.frame.state.now_s >= 120)
    page.keyboard.press("Space")
    wait_for("the pause", lambda: not session.frame.state.playing)
    page.wait_for_timeout(1_500)
    first, second = page.evaluate(MIRRORS), other.evaluate(MIRRORS)
    assert len(first) > 20
    assert first == second


def test_each_column_of_the_map_stands_at_its_moment(page: Any, desk: tuple[Session, str]) -> None:
    session, _ = desk
    session.ask(lambda one: one.control(None, None, 300.0)).result(300)
    wait_for("the step", lambda: session.frame.state.now_s >= 300)
    page.wait_for_selector("[data-testid=clock]:text-is('0:05:00')")
    page.wait_for_timeout(300)
    places = page.evaluate(
        "() => { const { heat } = document.querySelector('sd-chart'); return heat.columns.map(([at]) => heat.x(at)) }"
    )
    assert len(places) > 5
    assert all(left < right for left, right in pairwise(places))


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
    page.keyboard.press("Space")
    page.focus("[data-testid=explain]")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-testid=heading]", timeout=60_000)
    assert "account=you" in page.url
    page.wait_for_selector("text=Why were you liquidated?")


@pytest.mark.parametrize("screen", ["cockpit", "short", "map"])
@pytest.mark.parametrize("theme", ["dark", "light"])
def test_no_serious_accessibility_fault(page: Any, screen: str, theme: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core was not fetched: make setup")
    page.evaluate(
        "([screen, theme]) => { location.hash = '#/' + screen; document.documentElement.dataset.theme = theme }",
        [screen, theme],
    )
    shown = {"cockpit": "withdraw", "short": "sell", "map": "map-table"}[screen]
    page.wait_for_selector(f"[data-testid={shown}]")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run().then((found) => found.violations)")
    serious = [
        f"{one['id']}: {one['nodes'][0]['html'][:160]} {one['nodes'][0]['failureSummary'][:200]}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
    assert serious == []
