"""The address of the short ticket: a question in the query, the venues' answers side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shortdesk.doors.web.app import needs_token
from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.doors.web.view.short import short_view
from shortdesk.ground.errors import ShortdeskError, UsageError

__all__ = ["short_routes"]

_MOST_LETTERS = 80


def short_routes(desk: Desk, guard: Guard) -> Sequence[BaseRoute]:
    """The ticket's address; it needs no market."""

    async def ticket(request: Request) -> Response:
        given = dict(request.query_params)
        try:
            for name, value in given.items():
                if len(value) > _MOST_LETTERS:
                    what = name[:_MOST_LETTERS]
                    raise UsageError(f"{what} has {len(value)} letters; expected {_MOST_LETTERS} at most")
            found = await asyncio.to_thread(short_view, given)
        except ShortdeskError as problem:
            # Fields are asked while they are typed: one that does not read yet is an answer, no failure.
            return JSONResponse({"error": str(problem)})
        return Response(msgspec.json.encode(found), media_type="application/json")

    return [Route("/ticket", needs_token(guard, ticket))]
