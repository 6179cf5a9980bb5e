"""Draws made many at a time are the draws made one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.ground.draw import draw_uniform, draw_word, philox
from shortdesk.ground.draw_many import draw_blocks, draw_uniforms
from shortdesk.ground.errors import UsageError

keys = st.one_of(st.integers(0, 2**63 - 10), st.integers(0, 100))


@given(keys, keys, keys, keys)
def test_the_same_numbers_as_one_by_one(seed: int, agent: int, purpose: int, first: int) -> None:
    blocks = draw_blocks(seed, agent, purpose, first, 3)
    assert [int(word) for word in blocks[:, 0]] == [int(draw_word(seed, agent, purpose, first + i)) for i in range(3)]
    assert list(draw_uniforms(seed, agent, purpose, first, 3)) == [
        draw_uniform(seed, agent, purpose, first + i) for i in range(3)
    ]
    zero = np.uint64(0)
    whole = philox(np.uint64(first + 2), np.uint64(purpose), zero, zero, np.uint64(seed), np.uint64(agent))
    assert [int(word) for word in blocks[2]] == [int(word) for word in whole]


def test_parts_of_the_work_leave_no_seam() -> None:
    whole = draw_blocks(4, 3, 2, 1, 40_000)
    assert np.array_equal(whole[16_380:16_390], draw_blocks(4, 3, 2, 16_381, 10))
    assert len(np.unique(whole)) == whole.size


def test_no_draws_are_an_empty_array() -> None:
    assert draw_blocks(1, 1, 1, 1, 0).shape == (0, 4)


@pytest.mark.parametrize("key", [(-1, 0, 0, 0, 1), (0, 0, 2**63, 0, 1), (0, 0, 0, 2**63 - 1, 1), (0, 0, 0, 0, -1)])
def test_a_key_out_of_range_is_refused(key: tuple[int, int, int, int, int]) -> None:
    with pytest.raises(UsageError, match="whole numbers from 0"):
        draw_blocks(*key)
