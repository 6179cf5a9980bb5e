"""The server's addresses: the page, its files, and the socket.

``ROUTES`` is open: another file may append routes that it makes from a Desk and a Guard (docs/why/web.md).
"""

from __future__ import annotations

import asyncio
import contextlib
import html
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from shortdesk.doors.pages.modules import STATIC
from shortdesk.doors.web.connection import Connection
from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.stage.scenario import read_scenario, scenario_folder, scenario_names

__all__ = ["ROUTES", "STATIC", "make_app", "needs_token"]

ROUTES: list[Callable[[Desk, Guard], Sequence[BaseRoute]]] = []
"""More addresses, each made when the server starts."""

_PAGE = "index.html"


def make_app(desk: Desk, guard: Guard) -> ASGIApp:
    """The application of one server."""
    open_sockets: set[Connection] = set()

    async def page(request: Request) -> Response:
        token = request.query_params.get("token")
        if token is None:
            nonce = secrets.token_urlsafe(12)
            text = (STATIC / _PAGE).read_text(encoding="utf-8").replace("{nonce}", html.escape(nonce))
            return HTMLResponse(text, headers=dict(guard.headers(request, nonce)))
        if not guard.is_right(token):
            return PlainTextResponse(
                "This address carries the token of another start of the desk. Open the one that the command printed.\n",
                status_code=403,
            )
        answer = RedirectResponse("/", status_code=303, headers={"Cache-Control": "no-store"})
        answer.set_cookie(guard.cookie, token, httponly=True, samesite="strict", path="/")
        return answer

    async def socket(connection: WebSocket) -> None:
        if not guard.is_from_us(connection) or not guard.knows(connection):
            await connection.close(1008)
            return
        await connection.accept()
        talk = Connection(connection, desk)
        open_sockets.add(talk)
        try:
            await talk.talk()
        finally:
            open_sockets.discard(talk)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        desk.start()
        yield
        await asyncio.to_thread(desk.end)

    more = [route for make in ROUTES for route in make(desk, guard)]
    routes = [
        Route("/", page),
        Route("/scenarios", needs_token(guard, _scenarios)),
        WebSocketRoute("/socket", socket),
        *more,
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return _Guarded(Starlette(routes=routes, lifespan=lifespan), guard)


def needs_token(
    guard: Guard, answer: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """An address that answers only to a page opened with the token."""

    async def asked(request: Request) -> Response:
        if not guard.knows(request):
            return JSONResponse({"error": "open the address that the command printed"}, status_code=403)
        return await answer(request)

    return asked


async def _scenarios(request: Request) -> Response:
    found = []
    for name in scenario_names():
        scenario = read_scenario(scenario_folder() / f"{name}.toml")
        found.append({"name": name, "about": scenario.about, "horizon_s": scenario.horizon_s})
    return JSONResponse(found)


class _Guarded:
    """Asks for the Host before anything else, and gives every answer the headers of the house."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self.app = app
        self.guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if not self.guard.is_for_us(request):
            elsewhere = PlainTextResponse("This server answers on this machine only.\n", status_code=421)
            await elsewhere(scope, receive, send)
            return

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", []))
                known = {name.lower() for name, _ in given}
                for name, value in self.guard.headers(request, "none").items():
                    if name.lower().encode() not in known:
                        given.append((name.lower().encode(), value.encode()))
                message["headers"] = given
            await send(message)

        await self.app(scope, receive, with_headers)
