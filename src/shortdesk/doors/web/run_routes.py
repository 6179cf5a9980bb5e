"""Addresses of runs and their post-mortems: list, keep, explain, compare, export, delete, counterfactuals."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from shortdesk.doors.pages.explained import postmortem_page
from shortdesk.doors.web.app import needs_token
from shortdesk.doors.web.desk import FIRST, Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.doors.web.replays import Works, replays_view
from shortdesk.doors.web.runs import Shelf
from shortdesk.doors.web.trader import NAME
from shortdesk.doors.web.view.compared import compare_view
from shortdesk.doors.web.view.report import report_view
from shortdesk.ground.errors import ShortdeskError, UsageError
from shortdesk.study.postmortem import Postmortem, liquidated_accounts
from shortdesk.study.postmortem_account import Death, account_number, why_liquidated
from shortdesk.study.postmortem_account_report import account_section

__all__ = ["FOLDER", "death_of", "run_routes"]

FOLDER = "runs"
"""Where runs are looked for: this folder in the one where the command was started."""
_MOST_BYTES = 4096
_KEEP_S = 120.0

T = TypeVar("T")


class _Keep(msgspec.Struct, forbid_unknown_fields=True):
    session: str = ""


class _Delete(msgspec.Struct, forbid_unknown_fields=True):
    confirm: str


class _Replay(msgspec.Struct, forbid_unknown_fields=True):
    ask: str
    seeds: int = 5


def death_of(report: Postmortem, given: str) -> Death | None:
    """The end of an account by name or number; None where no account is asked for.

    Raises:
        UsageError: it was not liquidated, or there is no such account.
    """
    if not given:
        return None
    number = account_number(report, given)
    if number is None:
        raise UsageError(f"there is no account '{given[:60]}' in this run")
    if all(one.account != number for one in liquidated_accounts(report)):
        raise UsageError(f"'{given[:60]}' was not liquidated on {report.tape.name}")
    return why_liquidated(report, number)


def _told(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


def _refused(problem: ShortdeskError, shelf: Shelf) -> Response:
    """What went wrong, said without the reader's folders."""
    text = str(problem).replace(f"{shelf.folder.resolve()}/", "").replace(f"{shelf.folder}/", "")
    return JSONResponse({"error": text}, 400 if isinstance(problem, UsageError) else 422)


class _Answers:
    """What is answered, over one shelf of runs; all but the wire."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self.desk, self.shelf, self.works = desk, Shelf(folder, desk.guest), Works()

    def listed(self, _: Request) -> Any:
        return {"runs": self.shelf.lines(), "folder": FOLDER}

    def explained(self, request: Request) -> Any:
        report = self.shelf.explain(request.path_params["name"])
        try:
            death = death_of(report, request.query_params.get("account", ""))
        except UsageError as problem:
            # An account is typed by hand: one that is not there is an answer, no failure.
            return {"error": str(problem)}
        return report_view(report, death)

    def exported(self, request: Request) -> Response:
        name = request.path_params["name"]
        report = self.shelf.explain(name)
        death = death_of(report, request.query_params.get("account", ""))
        extra = [account_section(report, death)] if death else ()
        text = postmortem_page(report, extra, self.shelf.find(name))
        return HTMLResponse(text, headers={"Content-Disposition": f'attachment; filename="postmortem-{name}.html"'})

    def compared(self, request: Request) -> Any:
        first, second = (request.query_params.get(name, "") for name in ("first", "second"))
        return compare_view(self.shelf.explain(first), self.shelf.explain(second))

    def kept(self, _: Request, given: _Keep) -> Any:
        session = self.desk.find(given.session or FIRST)
        name = session.ask(self.shelf.keep).result(_KEEP_S)
        return {"name": name, "account": NAME if session.verdict is not None else ""}

    def deleted(self, request: Request, given: _Delete) -> Any:
        name = request.path_params["name"]
        if given.confirm != name:
            raise UsageError("to delete a run its name has to be said again")
        if self.works.of(name).state == "working":
            raise UsageError("its replays are at work; stop them first")
        self.shelf.delete(name)
        return {"deleted": name}

    def replayed(self, request: Request, given: _Replay) -> Any:
        name = request.path_params["name"]
        return self.works.begin(name, self.shelf.find(name), given.ask, given.seeds)

    def replaying(self, request: Request) -> Any:
        name = request.path_params["name"]
        return replays_view(self.shelf.find(name), self.works.of(name))

    def stopped(self, _: Request, __: _Keep) -> Any:
        self.works.stop()
        return {"stopped": True}


def run_routes(desk: Desk, guard: Guard, folder: Path | None = None) -> Sequence[BaseRoute]:
    """The addresses of one server, over one shelf of runs."""
    found = _Answers(desk, folder or Path(FOLDER))

    def reads(answer: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def asked(request: Request) -> Response:
            try:
                told = await asyncio.to_thread(answer, request)
            except ShortdeskError as problem:
                return _refused(problem, found.shelf)
            return told if isinstance(told, Response) else _told(told)

        return needs_token(guard, asked)

    def changes(kind: type[T], answer: Callable[[Request, T], Any]) -> Callable[[Request], Any]:
        async def asked(request: Request) -> Response:
            if not guard.is_from_us(request):
                return JSONResponse({"error": "only a page of this desk may change runs"}, 403)
            try:
                given = msgspec.json.decode(await _body(request), type=kind)
                return _told(await asyncio.to_thread(answer, request, given))
            except msgspec.DecodeError as problem:
                return JSONResponse({"error": f"not understood: {problem}"}, 400)
            except ShortdeskError as problem:
                return _refused(problem, found.shelf)

        return needs_token(guard, asked)

    return [
        Route("/runs", reads(found.listed)),
        Route("/runs/compare", reads(found.compared)),
        Route("/runs/keep", changes(_Keep, found.kept), methods=["POST"]),
        Route("/runs/stop", changes(_Keep, found.stopped), methods=["POST"]),
        Route("/runs/{name}/report", reads(found.explained)),
        Route("/runs/{name}/export", reads(found.exported)),
        Route("/runs/{name}/delete", changes(_Delete, found.deleted), methods=["POST"]),
        Route("/runs/{name}/replay", changes(_Replay, found.replayed), methods=["POST"]),
        Route("/runs/{name}/replay", reads(found.replaying)),
    ]


async def _body(request: Request) -> bytes:
    """What was sent, as long as it is short.

    Raises:
        UsageError: it is not.
    """
    found = b""
    async for piece in request.stream():
        found += piece
        if len(found) > _MOST_BYTES:
            raise UsageError(f"a message of more than {_MOST_BYTES} bytes; expected a short one")
    return found
