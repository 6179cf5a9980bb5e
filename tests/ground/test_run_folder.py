"""A run on disk: what it says of itself, and how it is told apart from what is no run."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from tests.ground.journals import NAMES, RUN, fill_rows, long_run, story
from tests.ground.test_stream import PLAIN, some_rows

import shortdesk
from shortdesk.ground.errors import InputError
from shortdesk.ground.journal import ROW, Journal, new_rows
from shortdesk.ground.order import Refusal
from shortdesk.ground.row_hash import hash_rows, hash_text
from shortdesk.ground.run_folder import JOURNAL_FORMAT, Run, RunWriter, code_table, read_names, read_run, versions
from shortdesk.ground.stream import StreamReader


def test_a_run_tells_what_it_was(tmp_path: Path) -> None:
    rows = long_run(tmp_path / "run", blocks=2, block_rows=50)
    run = read_run(tmp_path / "run")
    assert (run.format, run.shortdesk, run.state, run.stop) == (
        JOURNAL_FORMAT,
        shortdesk.__version__,
        "ended",
        "horizon",
    )
    assert (run.scenario, run.scenario_digest, run.seed, run.start_ns) == ("a short dies", "5eed", 7, RUN.start_ns)
    assert run.codes == {"shock": {1: "jump"}}
    assert run.streams["journal"].rows == 100
    assert run.streams["journal"].hash == hash_text(hash_rows(rows))
    assert read_names(tmp_path / "run") == NAMES
    assert Journal.open(tmp_path / "run").names == NAMES


def test_a_run_keeps_its_commands_beside_its_journal(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", RUN) as run:
        commands = run.stream("commands", PLAIN, block_rows=10)
        journal = run.stream("journal", ROW)
        commands.rows[:7] = some_rows(7)
        journal.rows[: len(story())] = story()
        commands.close(7)
        journal.close(len(story()))
        ended = run.end("horizon")
    assert {name: stream.rows for name, stream in ended.streams.items()} == {"commands": 7, "journal": len(story())}
    assert StreamReader(tmp_path / "run" / "commands", PLAIN).table().tobytes() == some_rows(7).tobytes()
    assert Journal.open(tmp_path / "run").rows().tobytes() == story().tobytes()


def test_numbers_without_names_are_told_by_number() -> None:
    table = NAMES.asset
    assert [table.name(number) for number in (-1, 0, 1, 2)] == ["", "USDT", "BTC", "#2"]


def test_an_enum_is_a_table_of_codes() -> None:
    assert code_table(Refusal)[Refusal.NOT_ENOUGH_MARGIN] == "not_enough_margin"


def test_versions_name_python_and_packages() -> None:
    assert versions("numpy", "duckdb").keys() == {"python", "numpy", "duckdb"}
    assert versions()["python"] == sys.version.split()[0]


# ---- where nothing may be written ------------------------------------------------------------------------------------


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    long_run(tmp_path / "run", blocks=1, block_rows=10)
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    with pytest.raises(InputError, match="run: this folder is not empty; a run needs a new one"):
        RunWriter(tmp_path / "run", RUN)
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before


def test_a_file_is_no_place_for_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InputError, match="file: this is a file; a run needs a new folder"):
        RunWriter(tmp_path / "file", RUN)
    with pytest.raises(InputError, match="cannot be written"):
        RunWriter(tmp_path / "file" / "run", RUN)
    assert (tmp_path / "file").read_text() == "mine"


# ---- what is not a run, or not one of ours ---------------------------------------------------------------------------


def test_what_is_no_run_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: there is no such folder"):
        Journal.open(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file: this is not a folder"):
        Journal.open(tmp_path / "file")
    with pytest.raises(InputError, match=r"this is not the folder of a run: there is no run.json in it"):
        Journal.open(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "run.json: not what a run writes: Input data was truncated"),
        ('{"format": 1, "seed": "x"}', r"run.json: not what a run writes: Expected `int`, got `str` - at `\$.seed`"),
        ('{"state": "ended"}', "run.json: not what a run writes: Object missing required field `format`"),
        ("\x00\xff", "run.json: not what a run writes"),
    ],
    ids=["empty", "wrong type", "no format", "no text"],
)
def test_a_broken_description_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "run.json").write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match=said):
        read_run(tmp_path)


def test_a_newer_format_asks_for_a_newer_program(tmp_path: Path) -> None:
    newer = {"format": JOURNAL_FORMAT + 1, "state": "in a way nobody knows yet"}
    (tmp_path / "run.json").write_bytes(msgspec.json.encode(newer))
    said = f"written in journal format {JOURNAL_FORMAT + 1} by a newer shortdesk; this one .* reads up to format"
    with pytest.raises(InputError, match=said):
        Journal.open(tmp_path)


@pytest.mark.parametrize("gone", ["names.json", "journal/index.jsonl"])
def test_a_lost_part_of_a_run_is_named(tmp_path: Path, gone: str) -> None:
    long_run(tmp_path / "run", blocks=1, block_rows=10)
    (tmp_path / "run" / gone).unlink()
    with pytest.raises(InputError, match=gone.split("/")[0]):
        Journal.open(tmp_path / "run")


# ---- runs that did not come to their end -----------------------------------------------------------------------------


def half_a_run(folder: Path, problem: BaseException) -> None:
    rows = new_rows(30)
    fill_rows(rows, 0, 1)
    with RunWriter(folder, RUN, NAMES) as run:
        journal = run.stream("journal", ROW, block_rows=10)
        for start in (0, 10):
            journal.rows[:] = rows[start : start + 10]
            journal.turn(10)
        raise problem


@pytest.mark.parametrize(
    ("problem", "stop"),
    [(KeyboardInterrupt, "interrupted"), (RuntimeError, "failed: agent bear raised")],
    ids=["Ctrl-C", "an error"],
)
def test_a_run_that_fails_keeps_its_journal(tmp_path: Path, problem: type[BaseException], stop: str) -> None:
    with pytest.raises(problem):
        half_a_run(tmp_path / "run", problem("agent bear raised"))
    journal = Journal.open(tmp_path / "run")
    assert (journal.run.state, journal.run.stop) == ("ended", stop)
    assert len(journal.rows()) == 20
    if stop.startswith("failed"):
        assert journal.notice == f"this run ended early ({stop}); it is readable up to block 2, row 19"
    else:
        assert journal.notice == "", "a run that was interrupted is whole"


def test_rows_added_before_a_failure_are_kept(tmp_path: Path) -> None:
    def fail() -> None:
        with RunWriter(tmp_path / "run", RUN, NAMES) as run:
            run.stream("journal", ROW).add(story()[:5])
            raise RuntimeError("agent bear raised")

    with pytest.raises(RuntimeError, match="bear"):
        fail()
    assert Journal.open(tmp_path / "run").rows().tobytes() == story()[:5].tobytes()


def a_run_that_loses_its_folder(path: Path) -> None:
    with RunWriter(path, RUN) as run:
        journal = run.stream("journal", ROW, block_rows=10)
        (path / "journal").rename(path / "taken")
        for _ in range(3):
            journal.turn(10)


def test_a_run_whose_block_is_lost_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"block-000001.part: no such file"):
        a_run_that_loses_its_folder(tmp_path / "run")
    (tmp_path / "run" / "taken").rename(tmp_path / "run" / "journal")
    assert read_run(tmp_path / "run").stop.startswith("failed: ")
    assert "readable up to its beginning: no whole block" in Journal.open(tmp_path / "run").notice


ENDLESS = """
import itertools, sys
from pathlib import Path
from shortdesk.ground.journal import ROW, new_rows
from shortdesk.ground.run_folder import RunWriter
from tests.ground.journals import NAMES, RUN, story
with RunWriter(Path(sys.argv[1]), RUN, NAMES) as run:
    journal = run.stream("journal", ROW, block_rows=100)
    for first in itertools.count(0, 100):
        journal.rows["seq"] = range(first, first + 100)
        journal.turn(100)
"""


def test_a_killed_run_is_readable_up_to_its_last_whole_block_and_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)], cwd=Path(__file__).parents[2])
    try:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("journal/block-*.parquet"))) < 5:
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline, "the run did not get going"
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    journal = Journal.open(folder)
    assert journal.run.state == "running"
    last = len(journal) - 1
    assert journal.rows()["seq"].tolist() == list(range(len(journal)))
    assert journal.notice == (
        "this run has not ended (it is running or was cut off); it is readable up to "
        f"block {len(journal) // 100}, row {last:,}"
    )


def test_a_run_without_any_row_is_a_run(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", Run(), NAMES) as run:
        run.stream("journal", ROW)
        run.end("nothing to do")
    journal = Journal.open(tmp_path / "run")
    assert (len(journal), journal.notice, journal.rows().shape) == (0, "", (0,))
