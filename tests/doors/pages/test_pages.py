"""Written pages as text: one file, readable without scripts, its figures the library's, no name that breaks out."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.doors.pages.reading import given, modules, without_scripts
from tests.doors.pages.sample import EVIL, evil, held, replayed, squeezed

from shortdesk.doors.pages import modules as scripts
from shortdesk.doors.pages import shell
from shortdesk.doors.pages.explained import postmortem_page
from shortdesk.doors.pages.figures import MOST, Row, candle_rows, row_of, series_of
from shortdesk.doors.pages.held import hold_page
from shortdesk.doors.pages.modules import STATIC, import_map, missing_scripts
from shortdesk.doors.pages.shell import PLAIN
from shortdesk.stage.replay import REPLAYS
from shortdesk.study.figure import Candles, FlowChart, Line, PathChart
from shortdesk.study.hold_report import charts, money_rows
from shortdesk.study.postmortem_map import doomed
from shortdesk.study.postmortem_report import sections_of

needs_scripts = pytest.mark.skipif(bool(missing_scripts()), reason="no scripts: make setup")
HOUR = 3_600_000_000_000


@needs_scripts
def test_a_page_reads_without_scripts_and_names_no_address() -> None:
    for text, told in ((hold_page(held()), "Liquidated on 2020-11-05"), (postmortem_page(squeezed()), "Post-mortem")):
        read = without_scripts(text)
        assert told in read
        assert read.count("<figure") >= 2
        assert read.count("<table>") >= 3
        for loading in ("src=", "href=", "url(", "@import", "http://", "https://"):
            assert loading not in read.replace("url(#", ""), loading
        assert len(text) < 1_000_000


@needs_scripts
def test_the_tables_are_those_of_the_study() -> None:
    result = held()
    read = without_scripts(hold_page(result))
    for name, value in money_rows(result):
        assert re.search(rf'<th scope="row" >{re.escape(name)}</th><td class="n">{re.escape(value)}</td>', read), name
    headings = re.findall(r"<h2>(.*?)</h2>", without_scripts(postmortem_page(squeezed())))
    assert headings == [one.heading for one in sections_of(squeezed()) if one.heading]


@needs_scripts
def test_a_held_short_s_data_are_the_library_s() -> None:
    result = held()
    found = given(hold_page(result))
    store = found["store"]
    bars = result.prices
    assert len(store["candles"]) == len(bars) == 151
    for candle, at in ((store["candles"][0], 0), (store["candles"][-1], len(bars) - 1)):
        told = [float(bars.price(int(column[at]))) for column in (bars.open, bars.high, bars.low, bars.close)]
        assert candle[:5] == [int(bars.open_time_nanos[at]) // 10**9, *told]
    border, entry = store["parts"]["lines"]
    assert (border["name"], entry["name"]) == ("liquidation price", "entry price")
    assert entry["values"][0] == float(result.entry_price)
    assert border["values"][len(result.bars) - 2] == pytest.approx(float(result.bars[-2].liquidation_price), abs=0.005)
    assert all(one is None for one in border["values"][len(result.bars) :])
    died = [one for one in store["parts"]["marks"] if one["kind"] == "liquidation"]
    assert [one["time"] for one in died] == [1_604_534_400]  # 2020-11-05
    equity, funding = (one["value"] for one in found["of"].values())
    known = [one for one in equity["lines"][0]["values"] if one is not None]
    assert len(known) == len(result.bars)
    assert known[:-1] == pytest.approx([float(one.equity) for one in result.bars[:-1]], abs=0.01)
    paid = sum(one for one in funding["lines"][0]["values"] if one is not None)
    assert paid == pytest.approx(float(result.totals.funding), abs=1e-3)
    assert store["parts"]["head"]["seen"] == [0, len(charts(result).price.candles.times) - 1]


@needs_scripts
def test_a_post_mortem_s_data_are_the_library_s() -> None:
    report = squeezed()
    store = given(postmortem_page(report))["store"]
    fills = report.tape.fills
    assert [one[1:5] for one in store["candles"]] == [[one] * 4 for one in report.tape.price[fills].tolist()]
    assert [one[5] for one in store["candles"]] == report.tape.units[fills].tolist()
    assert [one[6] for one in store["candles"]] == [0, 0, 1050, 1080, 0]
    assert [one["text"] for one in store["parts"]["marks"]] == ["the move begins", "the move ends", "first liquidation"]
    doomed_worth = sum(shorts for _, shorts, _ in store["columns"][0][1])
    assert doomed_worth == 10 * 102 + 10 * 105
    assert [sum(one[1] for one in bins) for _, bins in store["columns"]] == [2070, 2070, 1050, 0, 0]


@needs_scripts
def test_what_replays_found_is_in_the_page_and_stays_a_table_without_scripts(tmp_path: Path) -> None:
    text = postmortem_page(replayed(tmp_path), run=tmp_path)
    (panel,) = (one["value"] for one in given(text)["of"].values() if one["as"] == "given")
    (answer,) = panel["answers"]
    (effect,) = answer["effects"]
    assert (effect["as_was"], effect["otherwise"], effect["difference"]) == (6.5, 5.0, -1.5)
    assert panel["offers"] == []
    assert "Shapley value" in without_scripts(text)
    report = replayed(tmp_path)
    (tmp_path / REPLAYS).write_text('[{"mechanism": "liquidation"}]', encoding="utf-8")  # what others may write
    assert 'data-panel="sd-whatif"' not in postmortem_page(report, run=tmp_path)


def test_the_map_in_hindsight_by_hand() -> None:
    found = doomed(squeezed())
    seconds = [[(int(one) - 1_700_000_000 * 10**9) // 10**9 for one in row] for row in (found.since_ns, found.until_ns)]
    assert seconds == [[0, 0], [3, 4]]
    assert found.ticks.tolist() == [102, 105]
    assert found.lots.tolist() == [-10, -10]


def test_lines_and_flows_stand_on_the_candles() -> None:
    row = Row(np.arange(4) * HOUR, HOUR)
    line = Line("a", [0, HOUR // 2, 2 * HOUR], [1.0, 2.0, 3.0], steps=True)
    (view,) = series_of(row, PathChart("t", [line])).value.lines
    assert view.values == [2.0, 3.0, None, None]
    flow = FlowChart("f", [HOUR, 2 * HOUR, 2 * HOUR + 5], [1.0, -4.0, 2.5], HOUR)
    panel = series_of(row, flow).value
    assert (panel.bars, panel.base) == (True, 0.0)
    assert panel.lines[0].values == [1.0, -4.0, 2.5, None]


def test_many_candles_are_joined_and_closes_alone_become_candles() -> None:
    times = np.arange(4 * MOST + 1) * HOUR
    joined = Candles(times, np.arange(len(times)) + 1.0, HOUR).grouped(MOST)
    assert len(row_of(joined).opens_ns) <= MOST
    rows = candle_rows(Candles([0, HOUR, 2 * HOUR], [5.0, 7.0, 6.0], HOUR))
    assert [one[1:5] for one in rows] == [(5, 5, 5, 5), (5, 7, 5, 7), (7, 7, 6, 6)]


@needs_scripts
def test_a_hostile_name_stays_text() -> None:
    text = postmortem_page(evil())
    assert text.count("<script") == text.count("</script>") == 4
    assert "<img" not in text
    assert "alert(1)</script>" not in text
    assert EVIL in given(text)["store"]["parts"]["head"]["instrument"]
    assert "&lt;img src=x onerror=alert(2)&gt;" in without_scripts(text)


@needs_scripts
def test_a_page_carries_every_module_it_imports_and_no_other_file() -> None:
    for entry in sorted(one.stem for one in (STATIC / "pages").glob("*.js") if one.stem != "page"):
        found = import_map(f"pages/{entry}.js")
        assert {f"pages/{entry}.js", "pages/page.js", "store.js", "vendor/lit-html/lit-html.js"} <= set(found)
        for name, address in found.items():
            assert address.startswith("data:text/javascript;charset=utf-8,"), name
            assert not re.search(r"""(?:from|import)\s*["']\.""", address), name
    assert modules(hold_page(held())) == import_map("pages/hold.js")


@needs_scripts
def test_the_same_result_gives_the_same_page() -> None:
    assert hold_page(held()) == hold_page(held())
    assert postmortem_page(squeezed()) == postmortem_page(squeezed())


def test_without_the_scripts_of_others_the_figures_are_plain_and_the_page_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "index.html").write_text((STATIC / "index.html").read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(scripts, "STATIC", tmp_path)
    assert len(missing_scripts()) == 6
    assert shell.missing_scripts is missing_scripts
    text = hold_page(held())
    assert "<script" not in text
    assert PLAIN in text
    assert "Liquidated on 2020-11-05" in text


def test_pages_are_written_without_a_server_installed() -> None:
    program = (
        "import sys; sys.modules.update(dict.fromkeys(['starlette', 'uvicorn', 'websockets']))\n"
        "import shortdesk.doors.pages.held, shortdesk.doors.pages.explained\n"
        "assert 'numba' not in sys.modules, 'a post-mortem compiles nothing'\n"
        "import shortdesk.doors.pages.played, shortdesk.doors.pages.recording"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
