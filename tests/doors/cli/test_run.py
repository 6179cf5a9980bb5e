"""``shortdesk run`` and ``shortdesk scenario``: what is printed, what is kept, what is refused."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask
from tests.doors.pages.reading import without_scripts
from tests.stage.small import SMALL

from shortdesk.doors.cli.watching import Interrupts, RunWatch
from shortdesk.ground.journal import Journal
from shortdesk.stage.run import Moment
from shortdesk.stage.scenario import find_scenario

SETTINGS = [word for setting in SMALL for word in ("--set", setting)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_as_a_trader_reads_it(ask: Ask, here: Path) -> None:
    answer = ask("run", "short-squeeze", *SETTINGS)
    assert (answer.code, answer.err) == (0, "")
    lines = [line.rstrip() for line in answer.out.splitlines()]
    assert lines[0] == "short-squeeze, seed 1, 00:00:12 played"
    assert lines[2] == "SOL-PERP  USDC"
    named = {line.split("  ")[0]: line.split() for line in lines}
    assert float(named["peak"][1]) > float(named["measured from"][2])
    assert int(named["liquidations"][1]) > 0
    assert any(line.startswith("insurance fund of futures: 2,000,000 USDC before") for line in lines)
    assert lines[-1].startswith("makers: 8") is False
    assert lines[-1].endswith(Journal.open(here / "runs" / "short-squeeze-1").hash)
    assert max(map(len, lines)) <= 120


def test_each_run_gets_a_folder_and_the_same_hash(ask: Ask, here: Path) -> None:
    first = ask("run", "short-squeeze", *SETTINGS, "--seed", 7, "--until", "2s", "--quiet")
    second = ask("run", "short-squeeze", *SETTINGS, "--seed", 7, "--until", "2s", "--json")
    assert (first.code, first.out, first.err) == (0, "runs/short-squeeze-7\n", "")
    (row,) = json.loads(second.out)
    assert (row["folder"], row["seed"], row["stop"]) == ("runs/short-squeeze-7-2", 7, "until")
    assert row["hash"] == Journal.open(here / "runs" / "short-squeeze-7").hash
    assert row["fund"][0]["before"] == "2000000"


def test_a_page_of_a_run(ask: Ask, here: Path) -> None:
    plain = ask("run", "short-squeeze", *SETTINGS, "--out", "plain", "--json")
    answer = ask("run", "short-squeeze", *SETTINGS, "--out", "seen", "--html", "page.html")
    assert (answer.code, answer.err) == (0, "wrote page.html\n")
    assert json.loads(plain.out)[0]["hash"] == Journal.open(here / "seen").hash
    read = without_scripts((here / "page.html").read_text(encoding="utf-8"))
    assert "short-squeeze, seed 1" in read
    assert "The market through time" in read
    part = ask("run", "short-squeeze", *SETTINGS, "--until", "3s", "--quiet", "--html", "part.html")
    assert (part.out, part.err) == ("runs/short-squeeze-1\n", "")
    assert "00:00:03 played" in (here / "part.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "code", "said"), [("page.txt", 2, "ends in .html"), ("no/page.html", 3, "make it first")]
)
def test_a_page_that_cannot_be_written_is_refused_before_anything_is_played(
    ask: Ask, here: Path, page: str, code: int, said: str
) -> None:
    answer = ask("run", "short-squeeze", *SETTINGS, "--html", page)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("run", "short-squeze"), 2, "unknown scenario 'short-squeze'; did you mean 'short-squeeze'"),
        (("run", "short-squeeze", "--set", "seed"), 2, "setting 'seed': expected name=value"),
        (("run", "short-squeeze", "--set", "maker.count=4"), 2, "unknown name 'maker'; did you mean 'makers'?"),
        (
            ("run", "short-squeeze", "--set", "makers.cuont=4"),
            2,
            "unknown key of makers 'cuont'; did you mean 'count'?",
        ),
        (("run", "short-squeeze", "--set", "makers.count=four"), 2, "setting 'makers.count=four': Expected 'int', got"),
        (("run", "short-squeeze", "--set", "population=3"), 2, "unknown key of the scenario 'population'"),
        (("run", "short-squeeze", "--set", "horizon_s=-1"), 3, "expected more than 0 and at most thirty days"),
        (("run", "short-squeeze", "--until", "soon"), 2, "until 'soon': expected a length of time such as 90s"),
        (("run", "short-squeeze", "--until", "3h"), 2, "the horizon is 7200 s"),
        (("run", "nowhere.toml"), 3, "nowhere.toml: no such file"),
        (("run", "short-squeeze", "--out", "kept"), 3, "kept: this folder is not empty"),
        (("scenario", "show"), 2, "a name is missing"),
        (("scenario", "new", "plain.txt"), 2, "expected a file that ends in .toml"),
        (("scenario", "new", "kept/old.toml"), 3, "exists already"),
    ],
)
def test_what_is_refused_and_how(ask: Ask, here: Path, words: tuple[str, ...], code: int, said: str) -> None:
    (here / "kept").mkdir()
    (here / "kept" / "old.toml").write_text("")
    answer = ask(*words)
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    assert not (here / "runs").exists()


def test_ctrl_c_leaves_a_journal_that_can_be_read(here: Path) -> None:
    program = [sys.executable, "-m", "shortdesk", "run", "short-squeeze", *SETTINGS]
    environment = {**os.environ, "SHORTDESK_INTERPRETED": "1"}
    running = subprocess.Popen(
        [*program, "--set", "horizon_s=80000", "--out", "cut"], env=environment, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not (here / "cut" / "scenario.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "interrupted" in err
    journal = Journal.open(here / "cut")
    assert journal.run.stop == "interrupted"
    assert len(journal) == len(journal.rows())


def test_a_ctrl_c_that_a_library_swallowed_ends_the_run_all_the_same() -> None:
    with Interrupts() as interrupts:
        with suppress(KeyboardInterrupt):  # raised while the run was opening, inside somebody's callback
            os.kill(os.getpid(), signal.SIGINT)
        watch = RunWatch(find_scenario("short-squeeze", []), 1, interrupts, quiet=True)
        assert watch(Moment(0, {}, 0, 0, 0, 0))


def test_ctrl_c_between_two_slices_ends_the_run_in_order(ask: Ask, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = RunWatch.__call__

    def pressed(watch: RunWatch, moment: Moment) -> bool:
        before = said(watch, moment)
        if not before:
            os.kill(os.getpid(), signal.SIGINT)
        return before

    monkeypatch.setattr(RunWatch, "__call__", pressed)
    answer = ask("run", "short-squeeze", *SETTINGS, "--set", "horizon_s=80000", "--out", "cut", "--json")
    assert answer.code == 130
    assert "interrupted after 00:00:10; the journal so far is whole and readable: cut" in answer.err
    (row,) = json.loads(answer.out)
    journal = Journal.open(here / "cut")
    assert (row["stop"], row["reached_s"], row["hash"]) == ("interrupted", 10.0, journal.hash)
    assert len(journal) == row["rows"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_scenarios_are_listed_shown_checked_and_begun(ask: Ask, here: Path) -> None:
    listed = ask("scenario", "list")
    assert listed.code == 0
    assert "short-squeeze  02:00:00, " in listed.out
    (row,) = [one for one in json.loads(ask("scenario", "--json").out) if one["name"] == "short-squeeze"]
    assert row["instruments"] == ["SOL-PERP"]
    shown = ask("scenario", "show", "short-squeeze", "--set", "makers.count=3")
    assert "population makers  maker" in shown.out
    assert "count 3" in shown.out
    made = ask("scenario", "new", "mine.toml")
    assert (made.code, made.out) == (0, "")
    assert ask("scenario", "show", "mine.toml", "--text").out == (here / "mine.toml").read_text()
    checked = ask("scenario", "check", "mine.toml", *SETTINGS)
    assert checked.out.splitlines()[-1].startswith("mine can be played: ")
    (here / "mine.toml").write_text((here / "mine.toml").read_text().replace("tick = 0.01", "tick = 0.011"))
    refused = ask("scenario", "check", "mine.toml", *SETTINGS)
    assert (refused.code, refused.out) == (3, "")
    assert "86.00 is not on the grid of 0.011, field instrument[0].price" in refused.err


def test_an_agent_of_ones_own_sits_in_any_scenario(ask: Ask, here: Path) -> None:
    Path("mine.py").write_text(
        "from shortdesk.stage.view import Order\n\n\n"
        "class SellOnce:\n"
        "    def wake(self, view, now):\n"
        "        return [Order(-1.0)] if view.position() == 0 else []\n"
    )
    answer = ask("run", "short-squeeze", *SETTINGS, "--agent", "mine.py:SellOnce", "--out", "r")
    assert (answer.code, answer.err) == (0, "")
    journal = Journal.open("r")
    mine = journal.names.account.names.index("SellOnce 1")
    assert int(journal.rows("FILL")["lots"][journal.rows("FILL")["account"] == mine].sum()) == -100
    for given, words in (("mine.py", "expected FILE:Class"), ("other.py:X", "there is no such file")):
        assert words in ask("run", "short-squeeze", "--agent", given).err
