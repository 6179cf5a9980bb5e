"""Group ``journal``: what it costs to write rows down, to hash them, to stream them to disk, to read them back.

A kernel fills rows as a market would (one fill in four, the rest orders that rest), with some arithmetic before
each row in the place of a market's work. It runs against a buffer that is used again and again (Journal off) and
against the writer that compresses and stores the other buffer meanwhile (Journal on). Both are wall time, since
the question is whether the loop has to wait; the loop's own CPU time stands beside it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from harness import Section, times

from shortdesk.ground.compile import kernel
from shortdesk.ground.journal import ROW, ROW_BYTES, Journal, Kind, Mechanism, append, new_rows
from shortdesk.ground.row_hash import hash_rows
from shortdesk.ground.run_folder import Run, RunWriter
from shortdesk.ground.stream_writer import BLOCK_ROWS

DESCRIPTION = "rows appended, hashed, streamed to disk behind a running loop, and read back"

WORK = (0, 150, 300, 900)
"""Rounds of arithmetic before each row."""


@kernel
def fill_rows(rows: Any, seq: int, draw: int, work: int) -> int:
    """Fill a table from its first to its last row; the state of the draws afterwards."""
    count = 0
    now = 1_700_000_000_000_000_000 + seq * 500
    while count < len(rows):
        for _ in range(work + 1):
            draw = draw * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407
        some = (draw >> 33) & 0xFFFF
        now += some & 1_023
        price, lots = 600_000 + (some & 63), (some & 127) - 64
        if some & 3 == 0:
            count = append(
                rows, count, seq, now, Kind.FILL, seq - 1, Mechanism.NOISE, venue=0, instrument=0, asset=0,
                account=some, other=some >> 3, order=seq, other_order=seq - (some & 255), price=price, lots=lots,
                units=some * 9_973,
            )  # fmt: skip
        else:
            count = append(
                rows, count, seq, now, Kind.RESTED, seq - 1, Mechanism.MAKER, venue=0, instrument=0, account=some,
                order=seq, price=price, lots=lots,
            )  # fmt: skip
        seq += 1
    return draw


class Timed(NamedTuple):
    """Nanoseconds per row: on the wall, of the loop's own CPU, and waited for the writer."""

    wall: float
    loop: float
    waited: float


def measure(quick: bool) -> list[Section]:
    """The tables of this group."""
    blocks, repetitions = (4, 2) if quick else (16, 3)
    fill_rows(new_rows(10), 0, 1, 0)
    return [memory_section(repetitions), loop_section(blocks, repetitions), reading_section(blocks)]


def memory_section(repetitions: int) -> Section:
    """Rows in memory: append and hash."""
    rows = new_rows(BLOCK_ROWS)
    section = Section(f"Journal rows in memory ({ROW_BYTES} bytes each)", ["what", "ns per row", "M rows/s"])
    for what, work in (
        ("append in a kernel", lambda: fill_rows(rows, 0, 1, 0)),
        ("running hash", lambda: hash_rows(rows)),
    ):
        taken = median_ns(work, repetitions) / BLOCK_ROWS
        section.rows.append([what, f"{taken:.1f}", f"{1e3 / taken:,.1f}"])
    return section


def loop_section(blocks: int, repetitions: int) -> Section:
    """The loop without and with the writer behind it."""
    section = Section(
        "A loop that writes rows, Journal off and on",
        ["ns of work per row", "off, M rows/s", "on, M rows/s", "slowdown", "loop CPU on/off", "waited, ns per row"],
    )
    for work in WORK:
        off = median_of(lambda work=work: without(work, blocks), repetitions)  # type: ignore[misc]
        on = median_of(lambda work=work: streamed(work, blocks), repetitions)  # type: ignore[misc]
        section.rows.append(
            [
                f"{off.wall:.0f}",
                f"{1e3 / off.wall:,.2f}",
                f"{1e3 / on.wall:,.2f}",
                times(on.wall, off.wall),
                f"{on.loop / off.loop:.2f}",
                f"{on.waited:.0f}",
            ]
        )
    section.notes.append(
        f"{blocks} blocks of {BLOCK_ROWS:,} rows, two buffers; 'on' ends when the last block is on disk. Where a row"
        " takes the loop longer than the writer, on a processor of its own, the loop waits for the last block only."
    )
    return section


def reading_section(blocks: int) -> Section:
    """What a run takes on disk, and how fast it is read."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "run"
        record(path, 0, blocks)
        bytes_per_row = sum(file.stat().st_size for file in (path / "journal").iterdir()) / (blocks * BLOCK_ROWS)
        section = Section(
            f"A run of {blocks * BLOCK_ROWS / 1e6:.1f} M rows read back ({bytes_per_row:.1f} bytes per row on disk)",
            ["what", "ns per row", "M rows/s"],
        )
        for what, work in READINGS.items():
            started = time.perf_counter_ns()
            work(Journal.open(path))
            taken = (time.perf_counter_ns() - started) / (blocks * BLOCK_ROWS)
            section.rows.append([what, f"{taken:.1f}", f"{1e3 / taken:,.1f}"])
    section.notes.append("Each reading opens the run anew and checks the digest of every block it touches.")
    return section


def verify(journal: Journal) -> None:
    """Read every row and recompute the hash."""
    if journal.stream is None or journal.stream.verify() != journal.hash:
        raise AssertionError("the run on disk is not the run that was written")


def by_sql(journal: Journal) -> None:
    """One sum over all fills."""
    with journal.connect() as database:
        database.execute("select mechanism_name, sum(abs(lots)) from fills group by all").fetchall()


READINGS: dict[str, Callable[[Journal], object]] = {
    "two columns of the fills": lambda journal: journal.columns(["price", "lots"], "fill"),
    "all rows, block after block, hash compared": verify,
    "SQL: lots filled by mechanism": by_sql,
}


def without(work: int, blocks: int) -> Timed:
    """The loop alone."""
    rows, draw = new_rows(BLOCK_ROWS), 1
    fill_rows(rows, 0, 1, 0)
    wall, loop = time.perf_counter_ns(), time.thread_time_ns()
    for block in range(blocks):
        draw = fill_rows(rows, block * BLOCK_ROWS, draw, work)
    return per_row(blocks, wall, loop, 0)


def streamed(work: int, blocks: int) -> Timed:
    """The loop with its rows going to disk."""
    with tempfile.TemporaryDirectory() as folder:
        return record(Path(folder) / "run", work, blocks)


def record(path: Path, work: int, blocks: int) -> Timed:
    """Write a run of whole blocks."""
    with RunWriter(path, Run()) as run:
        journal = run.stream("journal", ROW)
        rows, draw = journal.rows, 1
        wall, loop = time.perf_counter_ns(), time.thread_time_ns()
        for block in range(blocks):
            draw = fill_rows(rows, block * BLOCK_ROWS, draw, work)
            rows = journal.turn(BLOCK_ROWS)
        journal.close()
        taken = per_row(blocks, wall, loop, journal.waited_ns)
        run.end("horizon")
    return taken


def per_row(blocks: int, wall: int, loop: int, waited: int) -> Timed:
    """Nanoseconds per row since two clocks were read."""
    count = blocks * BLOCK_ROWS
    return Timed((time.perf_counter_ns() - wall) / count, (time.thread_time_ns() - loop) / count, waited / count)


def median_of(work: Callable[[], Timed], repetitions: int) -> Timed:
    """The repetition with the median wall time."""
    return sorted(work() for _ in range(repetitions))[repetitions // 2]


def median_ns(work: Callable[[], object], repetitions: int) -> float:
    """Median wall time of a call in nanoseconds, after one that is not counted."""
    work()
    taken = []
    for _ in range(max(repetitions, 5)):
        started = time.perf_counter_ns()
        work()
        taken.append(time.perf_counter_ns() - started)
    return statistics.median(taken)


def main() -> None:
    """Print this group's tables alone."""
    from rich.console import Console

    for section in measure(quick=False):
        section.show(Console())


if __name__ == "__main__":
    main()
