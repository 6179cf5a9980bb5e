"""Shell completion: printed for each shell, installed where the shell looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.doors.cli.conftest import Ask

from shortdesk.doors.cli import COMMANDS


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_names_every_command_and_an_option(ask: Ask, shell: str) -> None:
    code, out, err = ask("completion", shell)
    assert (code, err) == (0, "")
    for name in COMMANDS:
        assert name in out
    assert "borrow-rate" in out


def test_the_shell_in_use_is_the_default(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert ask("completion").out == ask("completion", "fish").out
    monkeypatch.setenv("SHELL", "/bin/csh")
    code, out, err = ask("completion")
    assert (code, out) == (2, "")
    assert "give bash, zsh or fish" in err


@pytest.mark.parametrize("words", [("completion", "fish", "--install"), ("--install-completion", "fish")])
def test_install_writes_one_file(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    code, _, err = ask(*words)
    assert code == 0
    (written,) = (path for path in tmp_path.rglob("*") if path.is_file())
    assert str(written) in err
    assert "short" in written.read_text()
