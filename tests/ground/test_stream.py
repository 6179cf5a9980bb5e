"""Streams on disk: whole blocks, an index that can be trusted, and what is said when something is broken."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError
from shortdesk.ground.row_hash import hash_rows, hash_text
from shortdesk.ground.stream import INDEX, StreamReader
from shortdesk.ground.stream_writer import StreamWriter

PLAIN = np.dtype([("time_ns", "<i8"), ("size_lots", "<u4"), ("flags", "<u4"), ("weight", "<f8")])


def some_rows(count: int, first: int = 0) -> NDArray[Any]:
    numbers = np.arange(first, first + count)
    rows = np.zeros(count, PLAIN)
    rows["time_ns"] = numbers * 1_000
    rows["size_lots"] = numbers**2 % 4_294_967_291
    rows["flags"] = 0xFFFF_FFFF
    rows["weight"] = numbers / 7
    return rows


def write(folder: Path, rows: NDArray[Any], block_rows: int) -> StreamWriter:
    writer = StreamWriter(folder, rows.dtype, block_rows=block_rows)
    for start in range(0, len(rows), block_rows):
        some = rows[start : start + block_rows]
        writer.rows[: len(some)] = some
        writer.turn(len(some))
    writer.close()
    return writer


@settings(max_examples=15)
@given(count=st.integers(0, 40), block_rows=st.integers(1, 17))
def test_rows_come_back_in_order(tmp_path_factory: pytest.TempPathFactory, count: int, block_rows: int) -> None:
    folder = tmp_path_factory.mktemp("run") / "commands"
    rows = some_rows(count)
    starts = range(0, count, block_rows)
    writer = write(folder, rows, block_rows)
    stream = StreamReader(folder, PLAIN)
    assert stream.table().tobytes() == rows.tobytes()
    assert b"".join(block.tobytes() for block in stream.each()) == rows.tobytes()
    assert stream.rows == writer.rows_written == count
    assert stream.verify() == stream.hash == writer.hash == hash_text(hash_rows(rows))
    assert [block.rows for block in stream.blocks] == [len(rows[at : at + block_rows]) for at in starts]
    assert stream.leftovers() == []


def test_the_extremes_of_each_type_survive(tmp_path: Path) -> None:
    types = ["<i8", "<u8", "<i4", "<u4", "<i2", "<u2", "|i1", "|u1", "|u1", "|u1"]
    row = np.dtype([(f"field_{number}", kind) for number, kind in enumerate(types)])
    assert row.itemsize == 32
    rows = np.zeros(3, row)
    for name in row.names or ():
        rows[name] = [np.iinfo(row[name]).min, 0, np.iinfo(row[name]).max]
    write(tmp_path / "extremes", rows, 2)
    assert StreamReader(tmp_path / "extremes", row).table().tobytes() == rows.tobytes()


def test_bytes_between_fields_are_no_part_of_a_stream(tmp_path: Path) -> None:
    """Rows that a compiler lays out with gaps, as commands are, with old bytes left in the gaps."""
    gaps = np.dtype([("time_ns", "<i8"), ("kind", "u1"), ("chain", "<i4")], align=True)
    rows = np.full(7 * gaps.itemsize, 0xAA, np.uint8).view(gaps)
    for name in gaps.names or ():
        rows[name] = np.arange(7)
    writer = write(tmp_path / "commands", rows, 3)
    stream = StreamReader(tmp_path / "commands", gaps)
    assert stream.verify() == writer.hash == hash_text(hash_rows(stream.table()))
    assert all((stream.table()[name] == rows[name]).all() for name in gaps.names or ())


def test_the_index_says_what_lies_where(tmp_path: Path) -> None:
    write(tmp_path / "stream", some_rows(5), 2)
    blocks = StreamReader(tmp_path / "stream", PLAIN).blocks
    assert [(b.number, b.first_seq, b.last_seq, b.rows, b.first_ns, b.last_ns) for b in blocks] == [
        (1, 0, 1, 2, 0, 1_000),
        (2, 2, 3, 2, 2_000, 3_000),
        (3, 4, 4, 1, 4_000, 4_000),
    ]
    assert [b.hash for b in blocks] == [hash_text(hash_rows(some_rows(5)[:end])) for end in (2, 4, 5)]
    assert sorted(path.name for path in (tmp_path / "stream").iterdir()) == [
        "block-000001.parquet",
        "block-000002.parquet",
        "block-000003.parquet",
        "index.jsonl",
    ]


def test_the_buffer_is_another_after_each_turn(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path / "stream", PLAIN, block_rows=4)
    first = writer.rows
    second = writer.turn(4)
    assert second is writer.rows
    assert second is not first
    assert writer.turn(0) is second, "nothing was handed over"
    assert writer.turn(4) is first, "two buffers take turns"
    writer.close(1)
    writer.close(1)
    assert StreamReader(tmp_path / "stream", PLAIN).rows == 9


@pytest.mark.parametrize("at_once", [1, 3, 4, 5, 11, 26])
def test_rows_of_a_loop_of_its_own_are_added_in_any_portions(tmp_path: Path, at_once: int) -> None:
    rows = some_rows(26)
    writer = StreamWriter(tmp_path / "stream", PLAIN, block_rows=4)
    for start in range(0, 26, at_once):
        writer.add(rows[start : start + at_once])
    writer.close()
    stream = StreamReader(tmp_path / "stream", PLAIN)
    assert stream.table().tobytes() == rows.tobytes()
    assert [block.rows for block in stream.blocks] == [4, 4, 4, 4, 4, 4, 2]


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty; give a new one"):
        StreamWriter(tmp_path, PLAIN)
    assert (tmp_path / "note.txt").read_text() == "mine"
    with pytest.raises(InputError, match="cannot be written"):
        StreamWriter(tmp_path / "note.txt" / "stream", PLAIN)


def test_rows_of_part_words_and_single_buffers_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="whole 64-bit words"):
        StreamWriter(tmp_path / "a", np.dtype([("a", "<i4")]))
    with pytest.raises(ValueError, match="two buffers"):
        StreamWriter(tmp_path / "b", PLAIN, buffers=1)
    assert not (tmp_path / "a").exists()


# ---- what is broken is named -----------------------------------------------------------------------------------------


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    write(tmp_path / "stream", some_rows(30), 10)
    return tmp_path / "stream"


def flip(path: Path, at: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[at] ^= 1
    path.write_bytes(raw)


@pytest.mark.parametrize("at", [0, 100, -1], ids=["first byte", "in the middle", "last byte"])
def test_a_flipped_bit_names_block_and_rows(stream: Path, at: int) -> None:
    flip(stream / "block-000002.parquet", at)
    reader = StreamReader(stream, PLAIN)
    assert reader.table(reader.blocks[:1]).tobytes() == some_rows(30)[:10].tobytes(), "whole blocks stay readable"
    with pytest.raises(InputError, match=r"block-000002.parquet \(rows 10 to 19\): this block is damaged"):
        reader.table()
    with pytest.raises(InputError, match=r"block-000002.parquet \(rows 10 to 19\): this block is damaged"):
        reader.verify()


def test_a_cut_block_and_a_missing_block_are_named(stream: Path) -> None:
    last = stream / "block-000003.parquet"
    last.write_bytes(last.read_bytes()[:-7])
    with pytest.raises(InputError, match=r"block-000003.parquet \(rows 20 to 29\): this block is damaged"):
        StreamReader(stream, PLAIN).table()
    last.unlink()
    with pytest.raises(InputError, match=r"block-000003.parquet \(rows 20 to 29\): the index names this block"):
        StreamReader(stream, PLAIN).table()


def test_another_block_under_a_valid_digest_is_found_by_the_hash(stream: Path) -> None:
    lines = (stream / INDEX).read_bytes().splitlines(keepends=True)
    block = msgspec.json.decode(lines[2])
    block["hash"] = "0" * 16
    lines[2] = msgspec.json.encode(block) + b"\n"
    (stream / INDEX).write_bytes(b"".join(lines))
    with pytest.raises(
        InputError, match=r"block-000002.parquet: its rows have the hash [0-9a-f]{16}; the index says 0{16}"
    ):
        StreamReader(stream, PLAIN).verify()


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (0, b"\n", r"index.jsonl:1: not a line of an index"),
        (2, b"{\n", r"index.jsonl:3: not a line of an index"),
        (2, b'{"number":2}\n', r"index.jsonl:3: not a line of an index: Object missing required field `first_seq`"),
        (2, b"", r"index.jsonl:3: expected block 2 from row 10; found block 3 from row 20"),
        (
            0,
            b'{"fields":[["price","<i8"]]}\n',
            r"index.jsonl: holds rows of price <i8; expected time_ns <i8, size_lots",
        ),
    ],
    ids=["no header", "no JSON", "half a line", "a line lost", "other fields"],
)
def test_a_broken_index_names_its_line(stream: Path, line: int, text: bytes, said: str) -> None:
    lines = (stream / INDEX).read_bytes().splitlines(keepends=True)
    lines[line] = text
    (stream / INDEX).write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=said):
        StreamReader(stream, PLAIN)


def test_no_index_is_no_stream(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a stream of rows"):
        StreamReader(tmp_path, PLAIN)
    (tmp_path / INDEX).write_bytes(b"")
    with pytest.raises(InputError, match="no first line that names the fields"):
        StreamReader(tmp_path, PLAIN)


# ---- cut off in the middle -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("left", range(1, 198, 18))
def test_a_torn_last_line_counts_as_not_written(stream: Path, left: int) -> None:
    lines = (stream / INDEX).read_bytes().splitlines(keepends=True)
    assert left < len(lines[3])
    (stream / INDEX).write_bytes(b"".join(lines[:3]) + lines[3][:left])
    reader = StreamReader(stream, PLAIN)
    assert reader.torn
    assert reader.table().tobytes() == some_rows(30)[:20].tobytes()
    assert reader.leftovers() == ["block-000003.parquet"]


def test_an_unfinished_file_is_left_aside_and_named(stream: Path) -> None:
    (stream / "block-000004.part").write_bytes(b"PAR1 half a blo")
    reader = StreamReader(stream, PLAIN)
    assert reader.verify() == hash_text(hash_rows(some_rows(30)))
    assert reader.leftovers() == ["block-000004.part"]


ENDLESS = """
import itertools, sys
from pathlib import Path
from tests.ground.test_stream import PLAIN, some_rows
from shortdesk.ground.stream_writer import StreamWriter
writer = StreamWriter(Path(sys.argv[1]), PLAIN, block_rows=2_000)
for first in itertools.count(0, 2_000):
    writer.rows[:] = some_rows(2_000, first)
    writer.turn(2_000)
"""


@pytest.mark.parametrize("after_blocks", [1, 6, 23])
def test_a_killed_writer_leaves_whole_blocks(tmp_path: Path, after_blocks: int) -> None:
    folder = tmp_path / "stream"
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(folder)], cwd=root)
    try:
        deadline = time.monotonic() + 60
        while len(list(folder.glob("block-*.parquet"))) < after_blocks:
            assert process.poll() is None, "the writer ended before it could be killed"
            assert time.monotonic() < deadline, "the writer did not get going"
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()
    stream = StreamReader(folder, PLAIN)
    assert stream.rows == 2_000 * len(stream.blocks)
    assert len(stream.blocks) >= after_blocks - 1
    assert stream.verify() == hash_text(hash_rows(some_rows(stream.rows)))
    assert len(stream.leftovers()) <= 2, "at most a file being written and one not yet entered"


# ---- the disk, and memory --------------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is needed")
def test_a_full_disk_keeps_what_was_whole(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path / "stream", PLAIN, block_rows=10)
    (tmp_path / "stream" / "block-000002.part").symlink_to("/dev/full")
    said = r"block-000002.part: no space left on device; what was whole before it is kept \(block 1, 10 rows\)"
    for _ in range(2):
        writer.rows[:] = some_rows(10)
        writer.turn(10)
    with pytest.raises(InputError, match=said):
        writer.turn(10)
    with pytest.raises(InputError, match=said):
        writer.close()
    assert StreamReader(tmp_path / "stream", PLAIN).table().tobytes() == some_rows(10).tobytes()


def test_a_folder_taken_away_is_an_error_and_no_hang(tmp_path: Path) -> None:
    writer = StreamWriter(tmp_path / "stream", PLAIN, block_rows=10)
    (tmp_path / "stream").rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"block-000001.part: no such file or directory; no block was whole before it"):
        writer.close(10)


LONG = """
import resource, sys
from pathlib import Path
from tests.ground.test_stream import PLAIN, some_rows
from shortdesk.ground.stream_writer import StreamWriter
writer = StreamWriter(Path(sys.argv[1]), PLAIN, block_rows=100_000)
rows = some_rows(100_000)
for block in range(int(sys.argv[2])):
    writer.rows[:] = rows
    writer.turn(100_000)
writer.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs the resource module to read the highest memory use")
def test_memory_does_not_grow_with_the_run(tmp_path: Path) -> None:
    """Two buffers hold 4.8 MB; 60 blocks are 144 MB. What is kept between blocks would show."""

    def highest(blocks: int) -> int:
        command = [sys.executable, "-c", LONG, str(tmp_path / f"blocks-{blocks}"), str(blocks)]
        done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
        return int(done.stdout) * (1 if sys.platform == "darwin" else 1024)

    assert highest(60) - highest(6) < 40_000_000


def test_a_slow_disk_makes_the_loop_wait_and_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(self: StreamWriter, part: Path, rows: NDArray[Any]) -> None:
        time.sleep(0.05)
        real(self, part, rows)

    real = StreamWriter._write_parquet
    monkeypatch.setattr(StreamWriter, "_write_parquet", slowly)
    rows = some_rows(60)
    writer = write(tmp_path / "stream", rows, 10)
    assert writer.waited_ns > 100_000_000
    assert StreamReader(tmp_path / "stream", PLAIN).table().tobytes() == rows.tobytes()
