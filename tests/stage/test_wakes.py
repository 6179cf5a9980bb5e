"""The queue of wakes: whoever is due first is woken first, the lower number among equals, whatever was put off."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shortdesk.market.world import laid_out
from shortdesk.stage.parts import WAKE, Part
from shortdesk.stage.wakes import NEVER_NS, first_wake_ns, first_woken, put_off, queue_up


def queue(room: int) -> Any:
    return laid_out([(room + 1, WAKE.itemsize) if part == Part.WAKES else (1, 8) for part in Part])


def test_nobody_is_due_in_an_empty_queue() -> None:
    assert first_wake_ns(queue(3)) == NEVER_NS


@given(
    st.lists(st.integers(0, 20), min_size=1, max_size=40), st.lists(st.integers(0, 9) | st.just(NEVER_NS), max_size=150)
)
def test_the_heap_is_a_sorted_list(first: list[int], delays: list[int]) -> None:
    s = queue(len(first))
    model = []
    for agent, time_ns in enumerate(first, 1):
        queue_up(s, agent, time_ns)
        model.append((time_ns, agent))
        assert first_wake_ns(s) == min(model)[0]
    for delay in delays:
        due = min(model)
        assert (first_wake_ns(s), first_woken(s)) == due
        later = min(due[0] + delay, NEVER_NS)
        put_off(s, later)
        model[model.index(due)] = (later, due[1])
    assert (first_wake_ns(s), first_woken(s)) == min(model)


@pytest.mark.parametrize("later", [0, 5, 10])
def test_an_agent_alone_is_always_next(later: int) -> None:
    s = queue(1)
    queue_up(s, 1, 3)
    put_off(s, later)
    assert (first_wake_ns(s), first_woken(s)) == (later, 1)
