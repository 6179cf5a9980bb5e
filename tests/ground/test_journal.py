"""The row: its bytes, how kernels write it, and one hash in all modes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.ground.journals import NAMES, OPEN, RUN, SECOND, fill_rows, long_run, story

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError
from shortdesk.ground.journal import ROW, ROW_BYTES, Journal, Kind, Mechanism, append, kind_named, new_rows, room
from shortdesk.ground.kind_uses import USES
from shortdesk.ground.kinds import CODES, money_kinds
from shortdesk.ground.row_hash import hash_rows

ASKED_FOR = ["seq", "time_ns", "kind", "venue", "instrument", "account", "other", "order"]
ASKED_FOR += ["price", "lots", "units", "cause", "mechanism"]


def test_a_row_is_ten_words_without_gaps() -> None:
    assert ROW_BYTES == ROW.itemsize == 80
    assert sum(ROW[name].itemsize for name in ROW.names or ()) == 80
    offsets = [(ROW.fields[name][1], ROW[name].itemsize) for name in ROW.names or ()]
    assert all(offset % size == 0 for offset, size in offsets), "each field lies where the machine reads it whole"
    assert {ROW[name].str[0] for name in ROW.names or ()} <= {"<", "|"}, "little-endian on every machine"


def test_a_row_has_what_every_reader_counts_on() -> None:
    assert set(ASKED_FOR) <= set(ROW.names or ())
    assert set(ROW.names or ()) - set(ASKED_FOR) == {"asset", "other_order", "code"}


def test_no_field_is_hidden_by_an_attribute_of_numpy() -> None:
    table, row = np.zeros(1, ROW).view(np.recarray), new_rows(1)[0]
    plain = np.zeros(1)
    for name in ROW.names or ():
        assert not hasattr(plain, name)
        assert not hasattr(plain[0], name)
        assert table[name].dtype == getattr(table, name).dtype
        assert getattr(row, name) == 0


def test_mechanisms_are_those_of_the_attribution() -> None:
    names = "noise maker latent metaorder liquidation adl stop momentum arbitrage hedge funding interest recall amm mev"
    assert [mechanism.name.lower() for mechanism in Mechanism] == [*names.split(), "user", "tape"]
    assert [int(mechanism) for mechanism in Mechanism] == list(range(1, 18))


def test_every_kind_says_what_it_fills() -> None:
    assert set(USES) == set(Kind)
    for kind, use in USES.items():
        assert set(use.fields) <= set(ROW.names or ()) - {"seq", "time_ns", "kind", "cause", "mechanism"}, kind
        assert 0 < int(kind) < 256


def test_rows_that_move_units_say_what_from_whom_and_how_much() -> None:
    assert {kind for kind in Kind if "received from other" in USES[kind].fields.get("units", "")} == set(money_kinds())
    assert all({"asset", "account", "other", "units"} <= set(USES[kind].fields) for kind in money_kinds())


def test_a_named_code_belongs_to_a_kind_that_uses_it() -> None:
    for kind, names in CODES.items():
        assert names.__name__ in USES[kind].fields["code"]
        assert all(0 <= member < 256 for member in names)
    run_tables = {kind for kind, use in USES.items() if "run's table" in use.fields.get("code", "")}
    assert not run_tables & set(CODES)


@kernel
def two_rows(rows: Any, count: int) -> int:
    count = append(rows, count, 5, 70, Kind.FILL, -1, Mechanism.STOP, account=3, other=4, price=600_000, lots=-2)
    return append(rows, count, 6, 71, Kind.FEE, 5, Mechanism.STOP, asset=0, units=-11, account=3, code=1)


@pytest.mark.parametrize("write", [two_rows, two_rows.py_func], ids=["kernel", "python"])
def test_appended_rows_hold_what_was_given_and_none_elsewhere(write: Any) -> None:
    rows = new_rows(3)
    assert write(rows, 0) == 2
    # seq time cause order other_order price lots units account other instrument asset venue kind mechanism code
    assert [row.tolist() for row in rows] == [
        (5, 70, -1, -1, -1, 600_000, -2, 0, 3, 4, -1, -1, -1, Kind.FILL, Mechanism.STOP, 0),
        (6, 71, 5, -1, -1, -1, 0, -11, 3, -1, -1, 0, -1, Kind.FEE, Mechanism.STOP, 1),
        (0,) * 16,
    ]


@pytest.mark.parametrize("write", [two_rows, two_rows.py_func], ids=["kernel", "python"])
@pytest.mark.parametrize(
    ("capacity", "before", "after"),
    [
        pytest.param(4, 2, 4, id="just enough"),
        pytest.param(3, 2, ~3, id="full after the first"),
        pytest.param(2, 2, ~2, id="full before the first"),
        pytest.param(9, ~7, ~7, id="was full already"),
        pytest.param(0, 0, ~0, id="no table at all"),
    ],
)
def test_a_full_table_is_told_and_not_overrun(write: Any, capacity: int, before: int, after: int) -> None:
    longer = new_rows(capacity + 2)
    assert write(longer[:capacity], before) == after
    written = after if after >= 0 else ~after
    assert not longer[written:].view(np.uint8).any() or before < 0


def test_room_is_asked_before_a_step() -> None:
    rows = new_rows(5)
    assert [room(rows, count, 3) for count in (0, 2, 3, ~2)] == [True, True, False, False]


def test_one_hash_compiled_interpreted_and_read_back(tmp_path: Path) -> None:
    compiled = long_run(tmp_path / "run", blocks=3, block_rows=1_000)
    interpreted = new_rows(3_000)
    fill_rows.py_func(interpreted, 0, 1)  # type: ignore[attr-defined]
    assert interpreted.tobytes() == compiled.tobytes()
    back = Journal.open(tmp_path / "run")
    assert hash_rows(back.rows()) == hash_rows(interpreted) == hash_rows(compiled)
    assert back.hash == Journal.from_rows(interpreted).hash == back.run.streams["journal"].hash


@pytest.fixture(params=["memory", "disk"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    """The same story in memory and in blocks of eight rows."""
    if request.param == "memory":
        return Journal.from_rows(story(), RUN, NAMES)
    from shortdesk.ground.run_folder import RunWriter

    with RunWriter(tmp_path / "run", RUN, NAMES) as run:
        stream = run.stream("journal", ROW, block_rows=8)
        for start in range(0, len(story()), 8):
            some = story()[start : start + 8]
            stream.rows[: len(some)] = some
            stream.turn(len(some))
        run.end("horizon")
    return Journal.open(tmp_path / "run")


def test_rows_come_back_as_they_were(journal: Journal) -> None:
    assert len(journal) == len(story())
    assert journal.rows().dtype == ROW
    assert journal.rows().tobytes() == story().tobytes()
    assert b"".join(rows.tobytes() for rows in journal.each()) == story().tobytes()
    assert journal.notice == ""
    assert journal.rows()[5].price == 600_000


def seqs(rows: NDArray[Any]) -> list[int]:
    return [int(seq) for seq in rows["seq"]]


def test_rows_are_chosen_by_kind_and_time(journal: Journal) -> None:
    assert seqs(journal.rows("fill")) == [5, 14]
    assert seqs(journal.rows(Kind.FILL, "fee")) == [5, 6, 7, 14]
    assert seqs(journal.rows(since=OPEN + SECOND, until=OPEN + 2 * SECOND)) == [2, 3]
    assert seqs(journal.rows("fill", since=OPEN + 60 * SECOND)) == [14]
    assert seqs(journal.rows(until=OPEN)) == []
    assert seqs(journal.rows("buy_in")) == []


def test_columns_are_those_asked_for(journal: Journal) -> None:
    columns = journal.columns(["account", "units"], "fee")
    assert list(columns) == ["account", "units"]
    assert columns["account"].dtype == np.int32
    assert columns["units"].tolist() == [-60_00000000, -24_00000000]
    assert list(journal.columns()) == list(ROW.names or ())
    assert journal.columns(["price"], "buy_in")["price"].dtype == np.int64


def test_a_table_has_names_beside_numbers(journal: Journal) -> None:
    fills = journal.table("fill")
    assert fills["account_name"].tolist() == ["ann", "ann"]
    assert fills["other_name"].tolist() == ["ben", "ben"]
    assert fills["instrument_name"].tolist() == ["BTCUSDT", "BTCUSDT"]
    assert fills["mechanism_name"].tolist() == ["user", "liquidation"]
    assert fills["lots"].tolist() == [-2_000, 2_000]
    assert "code" not in fills, "a fill does not use it"
    assert journal.table("refused")["code_name"].tolist() == ["not_enough_margin"]
    assert journal.table("shock")["code_name"].tolist() == ["jump"]
    assert journal.table("deposit")["other_name"].tolist() == ["", ""]
    assert journal.table("mark")["mechanism_name"].tolist() == [""]
    assert journal.table("buy_in")["account_name"].tolist() == []


def test_what_does_not_exist_is_named(journal: Journal) -> None:
    with pytest.raises(UsageError, match="unknown kind 'fil'; did you mean 'fill'"):
        journal.rows("fil")
    with pytest.raises(UsageError, match="unknown column 'prise'; did you mean 'price'"):
        journal.columns(["prise"])
    with pytest.raises(UsageError, match="blocks"):
        journal.rows(blocks=(2, 9))


def test_blocks_are_chosen_by_number(tmp_path: Path) -> None:
    rows = long_run(tmp_path / "run", blocks=4, block_rows=100)
    journal = Journal.open(tmp_path / "run")
    assert journal.rows(blocks=(2, 3)).tobytes() == rows[100:300].tobytes()
    assert seqs(journal.rows(blocks=(1, 1), since=int(rows[150].time_ns))) == []
    with pytest.raises(UsageError, match="blocks 3 to 5 asked for; there are blocks 1 to 4"):
        journal.rows(blocks=(3, 5))


def test_kinds_have_names_in_either_case() -> None:
    assert kind_named("Liquidation_Start") is kind_named(Kind.LIQUIDATION_START) is Kind.LIQUIDATION_START


def test_a_journal_in_memory_takes_journal_rows_only() -> None:
    with pytest.raises(ValueError, match="journal rows of 80 bytes"):
        Journal.from_rows(np.zeros(3))
