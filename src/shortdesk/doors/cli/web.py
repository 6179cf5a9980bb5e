"""``shortdesk web``: the desk in a browser on this machine."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from shortdesk.ground.errors import MissingExtraError, UsageError

__all__ = ["web"]


def web(
    *,
    scenario: str = "short-squeeze",
    set: Annotated[tuple[str, ...], Parameter(name="--set", consume_multiple=True, negative=())] = (),
    port: int = 8765,
    open: Annotated[bool, Parameter(negative=())] = False,
    pace: float = 30.0,
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
    find_scenario(scenario, set)
    serve(Session("main", scenario, set, pace=pace), port=port, opens=open)
    return 0
