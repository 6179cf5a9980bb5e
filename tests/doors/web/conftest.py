"""A small market at play in its own thread, and a server in front of it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from shortdesk.doors.web.parts import PARTS
from shortdesk.doors.web.session import Session

SMALL = (
    "shorts.count=30",
    "latent.slots=100",
    "latent.accounts=5",
    "noise.accounts=5",
    "institutions.traders=2",
)


def wait_for(what: str, holds: object, seconds: float = 300.0) -> None:
    """Until a condition holds; the name of what was waited for where it never does."""
    assert callable(holds)
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    found = Session("main", "short-squeeze", SMALL)
    found.watch(PARTS)
    found.start()
    wait_for("the opening", lambda: found.frame.state.phase != "opening")
    assert found.frame.state.problem == ""
    found.ask(lambda one: one.control(None, None, 5.0)).result(300)
    yield found
    found.end()
