"""``shortdesk sql``: what it prints, what it refuses, and the exit code of each."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from tests.ground.journals import NAMES, RUN, long_run, story

from shortdesk.doors.cli import main
from shortdesk.ground.journal import ROW
from shortdesk.ground.run_folder import RunWriter

Answer = tuple[int, str, str]
Ask = Callable[..., Answer]


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of the run in which Ann's short dies."""
    with RunWriter(tmp_path / "run", RUN, NAMES) as writer:
        journal = writer.stream("journal", ROW, block_rows=8)
        for start in range(0, len(story()), 8):
            some = story()[start : start + 8]
            journal.rows[: len(some)] = some
            journal.turn(len(some))
        writer.end("horizon")
    return tmp_path / "run"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the command; the exit code, standard output and standard error."""
    monkeypatch.setenv("COLUMNS", "120")

    def run_it(*arguments: object) -> Answer:
        with pytest.raises(SystemExit) as left:
            main(["sql", *(str(argument) for argument in arguments)])
        printed = capsys.readouterr()
        return int(str(left.value.code)), printed.out, printed.err

    return run_it


MONEY = "select why, account_name, amount_decimal from transfers order by seq"


def test_a_table_for_people(run: Path, ask: Ask) -> None:
    code, out, err = ask(run, MONEY)
    assert (code, err) == (0, "")
    assert [line.rstrip() for line in out.splitlines()] == [
        "why            account_name  amount_decimal",
        "deposit        ann                    12000",
        "deposit        ben                   500000",
        "fee            ann                      -60",
        "fee            ben                      -24",
        "realised       ann                   -13200",
        "insurance_out  ann                     1260",
    ]


def test_what_is_too_wide_for_a_table_is_shown_as_records(run: Path, ask: Ask) -> None:
    code, out, _ = ask(run, "select * from fills order by seq")
    lines = out.splitlines()
    assert code == 0
    assert [line for line in lines if line.startswith("row ")] == ["row 1", "row 2"]
    assert "  price_decimal    60000" in lines
    assert "  mechanism_name   liquidation" in lines
    assert not any(line.strip() == "code_name" for line in lines), "what is none is left out"


def test_json_is_a_list_with_decimals_as_text(run: Path, ask: Ask) -> None:
    code, out, err = ask(run, MONEY, "--json")
    assert (code, err) == (0, "")
    answer = json.loads(out)
    assert answer[0] == {"why": "deposit", "account_name": "ann", "amount_decimal": "12000"}
    assert len(answer) == 6
    assert ask(run, "select * from fills where seq < 0", "--json") == (0, "[]\n", "")


def test_csv_has_a_header_and_exact_figures(run: Path, ask: Ask) -> None:
    code, out, err = ask(run, "select units, amount_decimal, other_name from transfers order by seq limit 1", "--csv")
    assert (code, err) == (0, "")
    assert out == "units,amount_decimal,other_name\n1200000000000,12000,\n"


def test_values_of_all_sorts_are_written(run: Path, ask: Ask) -> None:
    query = """select 170141183460469231731687303715884105727 as huge,
        0.1::decimal(38, 18) + 1e-18::decimal(38, 18) as small, 'nan'::double as nan, 'inf'::float as inf,
        [1, null] as list, {'a': 1.50::decimal(9, 2)} as struct, true as yes, null as none,
        timestamp '2026-01-02 03:04:05.678901' as moment, date '2026-01-02' as day, '\\xff'::blob as bytes,
        'a,"b"' as quoted, time '01:02:03' as clock, interval 90 minute as span, map {1: 'x'} as map, 'süß €' as text,
        ''"""
    code, out, _ = ask(run, query, "--json")
    assert code == 0
    found = json.loads(out)[0]
    assert found == {
        "huge": 2**127 - 1,
        "small": "0.100000000000000001",
        "nan": "nan",
        "inf": "inf",
        "list": [1, None],
        "struct": {"a": "1.5"},
        "yes": True,
        "none": None,
        "moment": "2026-01-02T03:04:05.678901",
        "day": "2026-01-02",
        "bytes": "ff",
        "quoted": 'a,"b"',
        "clock": "01:02:03",
        "span": "1:30:00",
        "map": {"1": "x"},
        "text": "süß €",
        "''": "",
    }
    code, out, _ = ask(run, query, "--csv")
    header, row = csv.reader(io.StringIO(out))
    cells = dict(zip(header, row, strict=True))
    assert (cells["list"], cells["struct"], cells["yes"], cells["none"]) == ("[1, null]", '{"a": "1.5"}', "true", "")
    assert (cells["quoted"], cells["small"]) == ('a,"b"', "0.100000000000000001")


def test_the_query_may_come_from_standard_input(run: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("select count(*) as fills\nfrom fills;\n"))
    assert ask(run, "--csv") == (0, "fills\n2\n", "")


def test_a_missing_query_is_asked_for(run: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    screen.isatty = lambda: True  # type: ignore[method-assign]
    monkeypatch.setattr(sys, "stdin", screen)
    said = "shortdesk: a query is missing; give one, e.g. 'select * from fills limit 5'\n"
    assert ask(run) == (2, "", said)


@pytest.mark.parametrize("ending", ["json", "csv", "parquet", "CSV"])
def test_a_file_is_written_in_the_form_of_its_ending(run: Path, ask: Ask, tmp_path: Path, ending: str) -> None:
    target = tmp_path / f"it's the answer.{ending}"
    target.write_text("what was there before")
    assert ask(run, MONEY, "-o", target) == (0, "", f"wrote {target}\n")
    path = str(target).replace("'", "''")
    read = {"json": "read_json", "csv": "read_csv", "parquet": "read_parquet"}[ending.lower()]
    found = duckdb.sql(f"select * from {read}('{path}')").fetchall()
    assert [(why, name, float(amount)) for why, name, amount in found][-1] == ("insurance_out", "ann", 1260.0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [target.name, "run"]


def test_a_parquet_file_keeps_exact_types(run: Path, ask: Ask, tmp_path: Path) -> None:
    ask(run, "select units, amount_decimal from transfers", "-o", tmp_path / "a.parquet")
    types = duckdb.sql(f"describe select * from '{tmp_path / 'a.parquet'}'").fetchall()
    assert [row[:2] for row in types] == [("units", "BIGINT"), ("amount_decimal", "DECIMAL(38,18)")]


def test_many_rows_are_cut_for_people_only(tmp_path: Path, ask: Ask) -> None:
    long_run(tmp_path / "run", blocks=2, block_rows=400)
    code, out, err = ask(tmp_path / "run", "select seq from journal order by seq")
    assert (code, err) == (0, "the first 500 rows are shown; --csv, --json or -o FILE give all of them\n")
    assert out.splitlines()[-1].strip() == "499"
    code, out, err = ask(tmp_path / "run", "select seq from journal order by seq", "--csv")
    assert (code, err, out) == (0, "", "seq\n" + "".join(f"{seq}\n" for seq in range(800)))


def test_no_rows_are_said_so(run: Path, ask: Ask) -> None:
    assert ask(run, "select seq from fills where seq < 0") == (0, "seq\n", "no rows\n")


def test_a_run_that_was_cut_off_is_answered_with_a_notice(run: Path, ask: Ask) -> None:
    index = run / "journal" / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-5])
    description = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**description, "state": "running", "streams": {}}))
    code, out, err = ask(run, "select count(*) as rows from journal", "--csv")
    assert (code, out) == (0, "rows\n16\n")
    assert err == (
        "notice: this run has not ended (it is running or was cut off); it is readable up to block 2, row 15\n"
    )


@pytest.mark.parametrize(
    ("query", "code", "said"),
    [
        (
            "select prise from fills",
            2,
            'Referenced column "prise" not found in FROM clause! Candidate bindings: "price',
        ),
        ("select * from fils", 2, 'Table with name fils does not exist! Did you mean "fills"'),
        ("selec 1", 2, "the query cannot be read: Parser Error: syntax error"),
        ("", 2, "expected one query; got 0 statements"),
        ("select 1; select 2", 2, "expected one query; got 2 statements"),
        ("drop view fills", 2, "a Journal can only be read: expected a SELECT; got DROP"),
        ("copy fills to 'x.csv'", 2, "a Journal can only be read: expected a SELECT; got COPY"),
        ("select * from read_csv('/etc/hostname')", 2, "file system operations are disabled"),
        ("select 'x'::integer", 2, "Could not convert string 'x' to INT32"),
        ("select 1 where (select seq from journal) = 1", 2, "More than one row returned by a subquery"),
    ],
)
def test_a_query_that_cannot_be_answered_is_one_clear_line(
    run: Path, ask: Ask, query: str, code: int, said: str
) -> None:
    got, out, err = ask(run, query, "--csv")
    assert (got, out) == (code, "")
    assert err.startswith("shortdesk: ")
    assert said in err
    assert err.count("\n") == 1


def test_a_query_cannot_write_over_a_block(run: Path, ask: Ask) -> None:
    block = run / "journal" / "block-000001.parquet"
    before = block.read_bytes()
    write = f"copy (select 1) to '{block}' (format parquet, use_tmp_file false)"
    code, _, err = ask(run, f"with x as ({write}) select * from x")
    assert (code, block.read_bytes()) == (2, before)
    assert "WITH clause containing a COPY statement must be at the top level" in err


def test_a_query_cannot_write_while_a_file_is_asked_for(run: Path, ask: Ask, tmp_path: Path) -> None:
    part = tmp_path / ".a.csv.part"
    code, _, err = ask(run, f"with x as (copy (select 7) to '{part}') select * from x", "-o", tmp_path / "a.csv")
    assert (code, sorted(path.name for path in tmp_path.iterdir())) == (2, ["run"])
    assert "top level" in err


def test_a_failing_query_leaves_the_file_that_was_there(run: Path, ask: Ask, tmp_path: Path) -> None:
    for ending in ("csv", "json", "parquet"):
        target = tmp_path / f"kept.{ending}"
        target.write_text("mine")
        code, _, _ = ask(run, "select case when seq > 3 then 'x'::integer end from journal", "-o", target)
        assert (code, target.read_text()) == (2, "mine")
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--json", "--csv"], 2, "--json and --csv exclude each other"),
        (["-o", "{tmp}/a.txt"], 2, "the ending says the form; expected .json, .csv, .parquet"),
        (["-o", "{tmp}/nowhere/a.csv"], 3, "nowhere: there is no such folder"),
        (["-o", "{tmp}/run.csv"], 3, "run.csv: is a directory; expected a file name"),
        (["-o", "{tmp}/run/a.csv"], 2, "lies in the run's own folder, which is only read"),
        (["-o", "{tmp}/run/journal/block-000001.parquet"], 2, "lies in the run's own folder, which is only read"),
    ],
)
def test_a_form_that_cannot_be_is_named(
    run: Path, ask: Ask, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    (tmp_path / "run.csv").mkdir()
    before = sorted(path for path in tmp_path.rglob("*"))
    got, out, err = ask(run, "select 1", *(argument.format(tmp=tmp_path) for argument in arguments))
    assert (got, out) == (code, "")
    assert said in err
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_what_is_no_run_is_bad_input(tmp_path: Path, ask: Ask) -> None:
    assert ask(tmp_path / "nowhere", "select 1") == (
        3, "", f"shortdesk: {tmp_path / 'nowhere'}: there is no such folder\n",
    )  # fmt: skip
    code, _, err = ask(tmp_path, "select 1")
    assert (code, "this is not the folder of a run" in err) == (3, True)


def test_a_damaged_block_is_bad_input_and_named(run: Path, ask: Ask) -> None:
    block = run / "journal" / "block-000002.parquet"
    block.write_bytes(block.read_bytes()[:-1])
    code, out, err = ask(run, "select count(*) from journal")
    assert (code, out) == (3, "")
    assert "block-000002.parquet (rows 8 to 15): this block is damaged" in err


@pytest.mark.skipif(sys.platform == "win32", reason="sends an interrupt as a terminal does on POSIX systems")
def test_a_long_query_can_be_interrupted(run: Path, tmp_path: Path) -> None:
    endless = "select count(*) from range(100000000) a, range(1000000) b where a.range + b.range = 7"
    program = "import sys; from shortdesk.doors.cli import main; print('ready', flush=True); main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "sql", str(run), endless, "-o", str(tmp_path / "a.csv")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(2)
        assert process.poll() is None, "the query was to take far longer"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (130, "interrupted\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]


def test_help_names_the_views(ask: Ask) -> None:
    code, out, _ = ask("--help")
    assert code == 0
    assert all(view in out for view in ("journal", "fills", "transfers", "liquidations", "marks", "names", "run"))


def test_the_program_starts_without_the_compiler(run: Path) -> None:
    program = (
        "import sys\n"
        "from shortdesk.doors.cli import main\n"
        "try:\n"
        "    main(sys.argv[1:])\n"
        "finally:\n"
        "    print(*{'numba', 'llvmlite'} & set(sys.modules), file=sys.stderr)\n"
    )
    command = [sys.executable, "-c", program, "sql", str(run), "select count(*) as n from fills", "--csv"]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ}, check=False)
    assert (done.returncode, done.stdout, done.stderr.strip()) == (0, "n\n2\n", "")
