"""``shortdesk web``: what is refused before a port is opened, and the run that it is opened on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.doors.cli.conftest import Ask
from tests.stage.small import SMALL, small_squeeze

from shortdesk.stage.run import run_into

serve = pytest.importorskip("shortdesk.doors.web.serve", reason="the packages of the extra 'web' are not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A staged run."""
    found = tmp_path_factory.mktemp("here") / "runs" / "small"
    run_into(found, small_squeeze("horizon_s=8", "seed=7"), given="short-squeeze", settings=[*SMALL, "horizon_s=8"])
    return found


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server would have been started with."""
    found: dict[str, Any] = {}
    monkeypatch.setattr(serve, "serve", lambda session, **given: found.update(session=session, **given))
    return found


@pytest.mark.parametrize("how", ["folder", "name"])
def test_a_run_by_its_folder_or_by_its_name(
    ask: Ask, folder: Path, served: dict[str, Any], monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.chdir(folder.parents[1])
    assert ask("web", "--run", folder if how == "folder" else "small").code == 0
    assert served["run"].resolve() == folder
    assert served["session"].given == "short-squeeze"
    assert "seed=7" in served["session"].settings


def test_an_unknown_run_is_one_clear_message(ask: Ask, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parents[1])
    answer = ask("web", "--run", "big")
    assert answer.code == 2
    assert answer.err.splitlines() == [
        "shortdesk: there is no run 'big'; expected the folder of a run, or the name of one; in the folder runs there "
        "are: small"
    ]
    monkeypatch.chdir(folder)
    assert "the folder runs has no runs" in ask("web", "--run", "").err


def test_a_broken_run_is_said_before_the_desk_opens(ask: Ask, tmp_path: Path, served: dict[str, Any]) -> None:
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "run.json").write_text("{")
    answer = ask("web", "--run", tmp_path / "torn")
    assert (answer.code, served) == (3, {})
    assert "run.json" in answer.err
