"""Sweeps: the same table whoever computes it, and nothing computed twice."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pytest
from tests.stage.small import small_squeeze

from shortdesk.ground.errors import InputError, MissingExtraError, UsageError
from shortdesk.ground.journal import Journal
from shortdesk.stage.play import open_play
from shortdesk.stage.replay import changed_scenario
from shortdesk.stage.run import run_into
from shortdesk.stage.sweep import Sweep, SweepJob, missing_jobs, open_sweep, run_job, run_sweep, sweep_jobs

SHORT = small_squeeze("horizon_s=4", "trigger_s=1", "trigger.at_s=1")
ASKED = Sweep(scenario=SHORT, over=(("makers.count", ("2", "4")), ("shorts.kept_back", ("1",))), seeds=(1, 2))


def table(folder: Path) -> list[tuple[Any, ...]]:
    with duckdb.connect() as database:
        return database.execute(f"select * from read_parquet('{folder / 'rows.parquet'}')").fetchall()


class Broken(Exception):
    """Somebody pulled the plug."""


def until_broken(after: int, done: list[SweepJob]) -> Any:
    """An engine that computes so many runs, the last first, and then breaks."""

    def engine(jobs: Sequence[SweepJob]) -> Iterator[tuple[int, dict[str, Any]]]:
        for number in range(len(jobs))[::-1]:
            if len(done) == after:
                raise Broken
            done.append(jobs[number])
            yield number, run_job(jobs[number])

    return engine


def test_the_order_of_runs_is_that_of_values_then_seeds() -> None:
    jobs = sweep_jobs(ASKED)
    assert [(job.settings, job.seed) for job in jobs] == [
        ((f"makers.count={count}", "shorts.kept_back=1"), seed) for count in (2, 4) for seed in (1, 2)
    ]


def test_an_interrupted_sweep_goes_on_and_its_table_is_the_same(tmp_path: Path) -> None:
    done: list[SweepJob] = []
    with pytest.raises(Broken):
        run_sweep(tmp_path / "cut", ASKED, until_broken(3, done))
    lines = tmp_path / "cut" / "rows.jsonl"
    assert missing_jobs(tmp_path / "cut", sweep_jobs(ASKED)) == [0]
    assert not (tmp_path / "cut" / "rows.parquet").exists()
    lines.write_bytes(lines.read_bytes()[:-20])  # the last line was cut off in the middle
    again: list[SweepJob] = []
    run_sweep(tmp_path / "cut", ASKED, until_broken(9, again))
    assert [job for job in done if job in again] == done[2:]
    assert len(again) == 2
    run_sweep(tmp_path / "whole", ASKED)
    assert table(tmp_path / "cut") == table(tmp_path / "whole")
    assert (tmp_path / "cut" / "rows.parquet").read_bytes() == (tmp_path / "whole" / "rows.parquet").read_bytes()
    never: list[SweepJob] = []
    run_sweep(tmp_path / "whole", ASKED, until_broken(0, never))
    assert never == []


def test_a_pool_gives_the_same_bytes(tmp_path: Path) -> None:
    counted: list[int] = []
    run_sweep(tmp_path / "alone", ASKED, 1, counted.append)
    run_sweep(tmp_path / "pool", ASKED, 2)
    assert counted == [1] * 4
    assert (tmp_path / "alone" / "rows.parquet").read_bytes() == (tmp_path / "pool" / "rows.parquet").read_bytes()


def test_a_row_is_the_run(tmp_path: Path) -> None:
    job = sweep_jobs(ASKED)[3]
    row = run_job(job)
    scenario = changed_scenario(SHORT, ["makers.count=4", "seed=2"])
    found = run_into(tmp_path / "run", scenario)
    assert (row["hash"], row["seed"], row["makers.count"]) == (found.hash, 2, "4")
    assert row["hash"] == Journal.from_rows(open_play(scenario).run_all()).hash
    one = found.instrument[0]
    assert row["peak_pct"] == pytest.approx(one.peak_pct)
    rows = Journal.open(tmp_path / "run").rows()
    later = rows[rows["time_ns"] > scenario.start_ns + 10**9]
    assert row["fills"] == int((later["kind"] == 4).sum())
    assert np.isfinite([value for value in row.values() if isinstance(value, float)]).all()


def test_a_folder_belongs_to_one_sweep(tmp_path: Path) -> None:
    open_sweep(tmp_path / "one", ASKED)
    open_sweep(tmp_path / "one", ASKED)
    with pytest.raises(InputError, match="another sweep"):
        open_sweep(tmp_path / "one", msgspec.structs.replace(ASKED, seeds=(1,)))
    (tmp_path / "else").mkdir()
    (tmp_path / "else" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="holds no sweep"):
        open_sweep(tmp_path / "else", ASKED)
    with pytest.raises(UsageError, match="unknown key of makers 'cuont'"):
        sweep_jobs(msgspec.structs.replace(ASKED, over=(("makers.cuont", ("1",)),)))


def test_without_dask_the_message_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from shortdesk.stage.dask_engine import DaskEngine

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'shortdesk\[dask\]'"):
        DaskEngine("tcp://127.0.0.1:1")


def test_dask_workers_give_the_same_bytes_though_one_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="the extra 'dask' is not installed")
    from shortdesk.stage.dask_engine import DaskEngine

    run_sweep(tmp_path / "alone", ASKED)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        DaskEngine(cluster.scheduler_address) as engine,
    ):
        killed: list[int] = []

        def kill_one(_: int) -> None:
            if not killed:
                killed.append(next(iter(cluster.workers.values())).process.pid)
                os.kill(killed[0], signal.SIGKILL)

        run_sweep(tmp_path / "dask", ASKED, engine, kill_one)
    assert killed
    assert (tmp_path / "alone" / "rows.parquet").read_bytes() == (tmp_path / "dask" / "rows.parquet").read_bytes()
