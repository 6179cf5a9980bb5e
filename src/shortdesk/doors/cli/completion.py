"""``shortdesk completion``: shell completion, printed or installed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from shortdesk.doors.cli.output import notice
from shortdesk.ground.errors import UsageError

__all__ = ["completion"]

Shell = Literal["bash", "zsh", "fish"]


def completion(
    shell: Shell | None = None,
    *,
    install: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Print or install shell completion for bash, zsh or fish.

    Parameters
    ----------
    shell
        The shell; the one in use when not given.
    install
        Write the script where the shell looks for it, instead of printing it.
    """
    from shortdesk.doors.cli import COMMANDS, app_of

    chosen = shell or _current_shell()
    app = app_of(list(COMMANDS))
    if install:
        path: Path = app.install_completion(shell=chosen)
        notice(f"wrote {path}; open a new {chosen} to use it")
    else:
        print(app.generate_completion(shell=chosen))
    return 0


def _current_shell() -> Shell:
    name = Path(os.environ.get("SHELL", "")).name
    known: tuple[Shell, ...] = ("bash", "zsh", "fish")
    for shell in known:
        if name == shell:
            return shell
    raise UsageError(f"shell '{name}' is not known; give bash, zsh or fish")
