"""The golden plays of the market: every ``plays/*.play`` script comes true, line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from shortdesk.doors.play.script import play_file
from shortdesk.doors.play.table import difference

PLAYS = sorted((Path(__file__).parent / "plays").glob("*.play"))


def test_there_are_plays() -> None:
    assert PLAYS


@pytest.mark.parametrize("path", PLAYS, ids=[path.stem for path in PLAYS])
def test_play_comes_true(path: Path) -> None:
    stage = play_file(path)
    assert not stage.misses, difference(stage.misses)
    assert stage.matched, "a golden play that expects no event proves nothing"
