"""Starting and ending the server: one port on this machine, said aloud, closed cleanly."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
import sys
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import uvicorn

from shortdesk.doors.web.app import ROUTES, STATIC, make_app
from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard, new_token
from shortdesk.doors.web.messages import MOST_BYTES
from shortdesk.doors.web.run_routes import run_routes
from shortdesk.doors.web.runs import run_name
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.short_routes import short_routes
from shortdesk.ground.errors import MissingExtraError, UsageError

__all__ = ["LOOPBACK", "bound", "serve"]

LOOPBACK = "127.0.0.1"
"""The only address that the server binds."""
_GRACE_S = 2
ROUTES += [run_routes, short_routes]


def bound(port: int) -> socket.socket:
    """A socket on this machine's own address; port 0 takes a free one.

    Raises:
        UsageError: the port is in use or may not be used.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
    except (OSError, OverflowError) as problem:
        found.close()
        if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
            raise UsageError(
                f"port {port} is in use, maybe by another desk; close that one, or give another port: "
                f"--port {port + 1}, or --port 0 for any that is free"
            ) from None
        raise UsageError(f"port {port} cannot be used: {problem}") from None
    return found


def serve(session: Session, *, port: int, opens: bool, run: Path | None = None) -> None:
    """Serve until interrupted; the address opens the post-mortem of ``run`` where one is given.

    Raises:
        UsageError: the port is in use.
        MissingExtraError: the scripts of the pages were never fetched.
    """
    if not (STATIC / "vendor" / "lit").is_dir():
        raise MissingExtraError("the scripts of its pages (in a clone: make setup)", "web")
    listener = bound(port)
    guard = Guard(new_token(), listener.getsockname()[1])
    desk = Desk(session, run)
    config = uvicorn.Config(
        make_app(desk, guard),
        ws="websockets-sansio",
        ws_max_size=MOST_BYTES,
        ws_per_message_deflate=False,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
        lifespan="on",
    )
    address = f"http://{LOOPBACK}:{guard.port}/?token={guard.token}"
    if run is not None:
        address += f"#/postmortem?run={run_name(run)}"
    server = _Server(config)
    server.said = f"The desk is open at {address}\nCtrl-C closes it."
    server.opens = address if opens else ""
    asyncio.run(server.serve(sockets=[listener]))
    print("The desk is closed.", file=sys.stderr)


class _Server(uvicorn.Server):
    """uvicorn, ending on Ctrl-C without raising it again, and saying where it is once it is there."""

    said = ""
    opens = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self.said, flush=True)
        if self.opens:
            await asyncio.to_thread(webbrowser.open, self.opens)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for one in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError):  # Windows, or not the main thread
                loop.add_signal_handler(one, self._leave)
        yield

    def _leave(self, *_: Any) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
