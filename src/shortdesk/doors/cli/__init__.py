"""The command line. ``main`` knows every command by name and imports only the one that was asked for."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["COMMANDS", "app_of", "main"]

COMMANDS: dict[str, tuple[str, str]] = {
    "short": ("short:short", "Price a short on one venue or on all of them, side by side."),
    "account": ("account:account", "Equity, margin and liquidation prices of a whole account."),
    "hold": ("hold:hold", "Take a short through real history: when it died, or what it earned."),
    "venues": ("venues:venues", "The rules in force on a venue at a date, with their sources."),
    "verify": ("verify:verify", "Check worked examples against the rules."),
    "postmortem": ("postmortem:postmortem", "Explain a recorded run: who pushed, who paid, was it a squeeze."),
    "scenario": ("scenario:scenario", "Scenarios: list, show, check and begin a new one."),
    "run": ("run:run", "Play a scenario: squeezes, cascades and drains made by agents."),
    "web": ("web:web", "The desk in a browser: watch a squeeze, be the short in it."),
    "squeeze": ("squeeze:squeeze", "How crowded a run was at a moment, and where its people would be liquidated."),
    "replay": ("replay:replay", "Play a run again with one thing changed: what would have happened otherwise."),
    "sweep": ("sweep:sweep", "A scenario at many values and seeds, one row for each run."),
    "play": ("play:play", "Play a market line by line and check what happens in it."),
    "sql": ("sql:sql", "Ask a recorded run with SQL."),
    "completion": ("completion:completion", "Print or install shell completion for bash, zsh or fish."),
}
"""Each command's function, as ``module:name`` in this room, and its line in the help."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code.

    0 done, 1 the answer is a finding, 2 usage, 3 bad input data, 4 missing extra, 130 interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _run(given)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader left (a pager, head). Python would complain again while it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        print(f"shortdesk: the output cannot be written: {error.strerror}", file=sys.stderr)
        code = 3
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = 130
    sys.exit(code)


def _run(given: list[str]) -> int:
    if not given or given[0] in ("--help", "-h", "help"):
        print(_help_text(), end="")
        return 0
    if given[0] in ("--version", "-V"):
        from shortdesk import __version__

        print(__version__)
        return 0
    from shortdesk.ground.errors import ShortdeskError, UsageError, unknown_name

    try:
        if given[0] == "--install-completion":
            given[0] = "completion"
            given.insert(1, "--install")
        if given[0] not in COMMANDS:
            raise UsageError(unknown_name("command", given[0], COMMANDS))
        from cyclopts import CycloptsError

        app = app_of([given[0]])
        try:
            answer = app(given, result_action="return_value", print_error=False, exit_on_error=False)
        except CycloptsError as error:
            raise UsageError(f"{error} See: shortdesk {given[0]} --help") from None
    except ShortdeskError as error:
        print(f"shortdesk: {error}", file=sys.stderr)
        return error.exit_code
    return answer if isinstance(answer, int) else 0


def app_of(names: Sequence[str]) -> Any:
    """A cyclopts app with the named commands; completion asks for all of them."""
    from cyclopts import App

    from shortdesk import __version__

    app = App(
        name="shortdesk",
        version=__version__,
        help="A desk for people who sell short in crypto markets.",
        help_format="plaintext",
        version_flags=["--version", "-V"],
        suppress_keyboard_interrupt=False,  # main says so, and with which exit code
    )
    for name in names:
        app.command(_function(name), name=name)
    return app


def _function(name: str) -> Callable[..., Any]:
    module, _, function = COMMANDS[name][0].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(f"{__name__}.{module}"), function)
    return found


def _help_text() -> str:
    width = max(len(name) for name in COMMANDS)
    lines = [
        "shortdesk: price, stage, explain and settle short positions in crypto markets.",
        "",
        "Usage: shortdesk COMMAND [ARGUMENTS] [OPTIONS]",
        "",
        "Commands:",
        *(f"  {name:<{width}}  {line}" for name, (_, line) in COMMANDS.items()),
        "",
        "Options:",
        "  --help                Show this text; after a command, the command's own help.",
        "  --version             Show the version.",
        "  --install-completion  Install shell completion.",
        "",
        "Try: shortdesk short BTCUSDT 2BTC --venue all --leverage 10",
        "",
    ]
    return "\n".join(lines)
