"""The running hash: its definition word by word, and what it must notice."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from shortdesk.ground.row_hash import MIX, START, STEP, hash_rows, hash_text

PAIR = np.dtype([("first", "<i8"), ("second", "<i4"), ("third", "<i4")])
WORD = 1 << 64
tables = arrays.arrays(PAIR, st.integers(0, 20))


def by_definition(rows: np.ndarray[Any, Any], before: int = START) -> int:
    value = before
    for row in rows:
        mixed = START
        for at in range(0, PAIR.itemsize, 8):
            word = int.from_bytes(row.tobytes()[at : at + 8], "little")
            mixed = (mixed ^ word) * MIX % WORD
            mixed ^= mixed >> 32
        value = (value * STEP + mixed) % WORD
    return value


@given(rows=tables)
def test_is_what_the_page_says(rows: np.ndarray[Any, Any]) -> None:
    assert hash_rows(rows) == by_definition(rows)


def test_is_what_the_page_says_over_several_passes() -> None:
    rows = np.zeros(20_000, PAIR)
    rows["first"] = np.arange(20_000) ** 2
    rows["second"] = -np.arange(20_000)
    assert hash_rows(rows) == by_definition(rows)


@given(left=tables, right=tables)
def test_can_be_carried_on(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any]) -> None:
    assert hash_rows(right, hash_rows(left)) == hash_rows(np.concatenate([left, right]))


def test_no_rows_leave_it_where_it_was() -> None:
    assert hash_rows(np.zeros(0, PAIR)) == START
    assert hash_text(START) == "243f6a8885a308d3"


def test_notices_each_flipped_bit() -> None:
    rows = np.zeros(3, PAIR)
    seen = {hash_rows(rows)}
    for byte in range(rows.nbytes):
        for bit in range(8):
            changed = rows.copy()
            changed.view(np.uint8)[byte] ^= 1 << bit
            seen.add(hash_rows(changed))
    assert len(seen) == 1 + rows.nbytes * 8


def test_notices_two_rows_exchanged_at_any_distance() -> None:
    rows = np.zeros(300, PAIR)
    rows["first"] = np.arange(300)
    straight = hash_rows(rows)
    for distance in range(1, 300):
        changed = rows.copy()
        changed[[0, distance]] = changed[[distance, 0]]
        assert hash_rows(changed) != straight, distance


def test_notices_a_row_of_zeros_more_or_less() -> None:
    assert len({hash_rows(np.zeros(count, PAIR)) for count in range(100)}) == 100


def test_takes_every_second_row_of_a_table() -> None:
    rows = np.zeros(10, PAIR)
    rows["first"] = np.arange(10)
    assert hash_rows(rows[::2]) == by_definition(rows[::2])


def test_refuses_rows_that_are_not_whole_words() -> None:
    with pytest.raises(ValueError, match="12 bytes"):
        hash_rows(np.zeros(2, "V12"))


def test_bytes_that_no_field_owns_do_not_count() -> None:
    gaps = np.dtype([("kind", "u1"), ("price", "<i8"), ("side", "u1")], align=True)
    assert gaps.itemsize == 24
    rows, dirty = np.zeros(5, gaps), np.full(5 * 24, 0xAA, np.uint8).view(gaps)
    for name in gaps.names or ():
        rows[name] = dirty[name] = np.arange(5)
    assert rows.tobytes() != dirty.tobytes()
    assert hash_rows(rows) == hash_rows(dirty)
    rows["side"][3] ^= 1
    assert hash_rows(rows) != hash_rows(dirty)
