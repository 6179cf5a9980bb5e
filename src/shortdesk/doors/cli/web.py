"""``shortdesk web``: the desk in a browser on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shortdesk.ground.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from shortdesk.stage.run import Staged

__all__ = ["web"]


def web(
    *,
    scenario: str = "short-squeeze",
    set: Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=True, negative=())] = (),
    port: int = 8765,
    open: Annotated[bool, Parameter(negative=())] = False,
    pace: float = 30.0,
    run: str | None = None,
) -> int:
    """Open the desk in a browser: watch a market being squeezed, be the short in it.

    Prints an address with a token; only pages opened by it may talk to the server, and only from this machine.
    Ctrl-C closes the desk.

    Parameters
    ----------
    scenario
        The market that is staged first: a shipped scenario or a scenario file.
    set
        Values to put over the scenario's, such as makers.count=4 or seed=7.
    port
        The port on this machine; 0 takes any that is free.
    open
        Open the page in the machine's browser at once.
    pace
        Simulated seconds a second; 0 as fast as it goes.
    run
        Open the post-mortem of a recorded run: its folder, or its name in the
        folder runs. Its scenario is staged beside it.
    """
    try:
        from shortdesk.doors.web.serve import serve
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] in ("starlette", "uvicorn", "websockets"):
            raise MissingExtraError(str(missing.name), "web") from None
        raise
    from shortdesk.doors.web.session import Session
    from shortdesk.stage.scenario import find_scenario

    if not 0 <= pace <= 1e6:
        raise UsageError(f"pace {pace:g}; expected 0 to 1,000,000 simulated seconds a second")
    if not 0 <= port < 1 << 16:
        raise UsageError(f"port {port}; expected 0 to 65535")
    folder = None if run is None else _run_folder(run)
    staged = None if folder is None else _staged(folder)
    if staged is not None:
        scenario, set = staged.given, (*staged.settings, f"seed={staged.scenario.seed}", *set)
    find_scenario(scenario, set)
    serve(Session("main", scenario, set, pace=pace), port=port, opens=open, run=folder)
    return 0


def _run_folder(given: str) -> Path:
    """The folder that is meant, its Journal opened once so that what is broken is said here.

    Raises:
        UsageError: there is no such run.
        InputError: it is damaged.
    """
    from shortdesk.doors.web.run_routes import FOLDER
    from shortdesk.doors.web.runs import Shelf
    from shortdesk.ground.journal import Journal

    for folder in (Path(given), Path(FOLDER, given)):
        if given and (folder / "run.json").is_file():
            Journal.open(folder)
            return folder
    known = [one.name for one in Shelf(Path(FOLDER)).lines()]
    there = f"in the folder {FOLDER} there are: {', '.join(known[:8])}" if known else f"the folder {FOLDER} has no runs"
    raise UsageError(f"there is no run '{given}'; expected the folder of a run, or the name of one; {there}")


def _staged(folder: Path) -> Staged | None:
    """What the run played, where a stage wrote it and the scenario can still be found."""
    from shortdesk.ground.errors import ShortdeskError
    from shortdesk.stage.run import read_staged
    from shortdesk.stage.scenario import find_scenario

    try:
        staged = read_staged(folder)
        find_scenario(staged.given, staged.settings)
    except ShortdeskError:  # a Journal that was imported has no scenario; its post-mortem opens all the same
        return None
    return staged
