"""The server over a real socket: who may talk to it, and what happens to those who may not, or who talk nonsense."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from tests.doors.web.conftest import SMALL, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from shortdesk.doors.web.app import make_app
from shortdesk.doors.web.desk import Desk
from shortdesk.doors.web.guard import Guard
from shortdesk.doors.web.messages import MOST_BYTES
from shortdesk.doors.web.serve import LOOPBACK, bound
from shortdesk.doors.web.session import Session
from shortdesk.ground.errors import UsageError

TOKEN = "the-token-of-this-start"


@pytest.fixture(scope="module")
def guard() -> Iterator[Guard]:
    listener = bound(0)
    found = Guard(TOKEN, listener.getsockname()[1])
    session = Session("main", "short-squeeze", SMALL)
    config = uvicorn.Config(
        make_app(Desk(session), found), ws="websockets-sansio", ws_max_size=MOST_BYTES, ws_per_message_deflate=False,
        log_level="error", timeout_graceful_shutdown=1, lifespan="on",
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    wait_for("the opening", lambda: session.frame.state.phase != "opening")
    yield found
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def get(guard: Guard, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(LOOPBACK, guard.port, timeout=20)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def talk(guard: Guard, *, origin: str | None = "", token: str = TOKEN) -> ClientConnection:
    own = f"http://{LOOPBACK}:{guard.port}"
    return connect(
        f"ws://{LOOPBACK}:{guard.port}/socket", origin=own if origin == "" else origin,  # type: ignore[arg-type]
        additional_headers={"Cookie": f"{guard.cookie}={token}"}, proxy=None, max_size=None,
    )  # fmt: skip


def say(socket: ClientConnection, **message: Any) -> dict[str, Any]:
    """The answer to a message; frames that come between are passed over."""
    socket.send(json.dumps({**message, "id": 5}))
    while True:
        heard: dict[str, Any] = json.loads(socket.recv(timeout=60))
        if heard["kind"] == "answer":
            return heard


def test_the_printed_address_gives_a_cookie_that_scripts_cannot_read(guard: Guard) -> None:
    status, headers, _ = get(guard, f"/?token={TOKEN}")
    assert (status, headers["location"]) == (303, "/")
    assert all(word in headers["set-cookie"].lower() for word in ("httponly", "samesite=strict", guard.cookie))
    assert get(guard, "/?token=of-yesterday")[0] == 403
    status, headers, body = get(guard, "/")
    assert status == 200
    assert "default-src 'none'" in headers["content-security-policy"]
    assert b"{nonce}" not in body


def test_a_name_that_was_made_to_point_here_is_not_answered(guard: Guard) -> None:
    assert get(guard, "/", Host="evil.example")[0] == 421


def test_scenarios_are_told_to_those_who_have_the_token(guard: Guard) -> None:
    assert get(guard, "/scenarios")[0] == 403
    status, _, body = get(guard, "/scenarios", Cookie=f"{guard.cookie}={TOKEN}")
    assert status == 200
    assert "short-squeeze" in {one["name"] for one in json.loads(body)}


@pytest.mark.parametrize(
    "path",
    ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2f..%2fserve.py", "/static//etc/passwd", "/nothing"],
)
def test_paths_do_not_lead_out_of_the_pages(guard: Guard, path: str) -> None:
    assert get(guard, path)[0] == 404


@pytest.mark.parametrize(
    ("origin", "token"), [("http://evil.example", TOKEN), (None, TOKEN), ("null", TOKEN), ("", "wrong"), ("", "")]
)
def test_a_socket_of_another_page_or_without_the_token_is_not_opened(
    guard: Guard, origin: str | None, token: str
) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        talk(guard, origin=origin, token=token)


def test_frames_come_one_by_one_as_they_are_drawn(guard: Guard) -> None:
    with talk(guard) as socket:
        socket.send(json.dumps({"say": "watch", "parts": ["head", "gauges", "candles"]}))
        heard = [json.loads(socket.recv(timeout=60)) for _ in range(2)]
        frame = next(one for one in heard if one["kind"] == "frame")
        assert set(frame["parts"]) <= {"head", "gauges"}
        with pytest.raises(TimeoutError):
            socket.recv(timeout=1.2)
        socket.send(json.dumps({"say": "ready", "frame": frame["number"]}))
        assert json.loads(socket.recv(timeout=60))["number"] > frame["number"]


def frame_of(socket: ClientConnection) -> dict[str, Any]:
    """The next frame; answers that come between are passed over."""
    while True:
        heard: dict[str, Any] = json.loads(socket.recv(timeout=60))
        if heard["kind"] == "frame":
            return heard


def test_a_page_that_never_draws_gets_one_frame_and_the_others_and_the_market_go_on(guard: Guard) -> None:
    with talk(guard) as slow, talk(guard) as quick:
        for socket in (slow, quick):
            socket.send(json.dumps({"say": "watch", "parts": ["head", "gauges"]}))
        began = frame_of(quick)
        quick.send(json.dumps({"say": "ready", "frame": began["number"]}))
        quick.send(json.dumps({"say": "control", "playing": True, "pace": 5}))
        seen = [began]
        while seen[-1]["state"]["now_s"] < began["state"]["now_s"] + 1:
            seen.append(frame_of(quick))
            quick.send(json.dumps({"say": "ready", "frame": seen[-1]["number"]}))
        assert say(quick, say="control", playing=False)["ok"]
        assert len(seen) > 2
        assert sum("head" in one["parts"] for one in seen) == 1  # it does not change, so it is not sent again
        stale = frame_of(slow)
        with pytest.raises(TimeoutError):
            frame_of_at_once(slow)
        slow.send(json.dumps({"say": "ready", "frame": stale["number"]}))
        assert frame_of(slow)["state"]["now_s"] >= seen[-1]["state"]["now_s"]


def frame_of_at_once(socket: ClientConnection) -> None:
    while json.loads(socket.recv(timeout=0.5))["kind"] != "frame":
        pass


def test_a_page_that_leaves_in_the_middle_of_an_order_loses_nothing(guard: Guard) -> None:
    with talk(guard) as leaver:
        assert say(leaver, say="watch", parts=["you"])["ok"]
        leaver.send(json.dumps({"say": "order", "side": "sell", "order": "market", "size": "1", "leverage": 2}))
    with talk(guard) as back:
        back.send(json.dumps({"say": "watch", "parts": ["you"]}))
        you: dict[str, Any] = {"position": None}
        for _ in range(20):
            frame = frame_of(back)
            you = frame["parts"].get("you", you)
            if you["position"]:
                break
            back.send(json.dumps({"say": "ready", "frame": frame["number"]}))
        assert you["position"]["size"] == -1
        assert say(back, say="close")["ok"]


def test_nonsense_is_answered_and_the_market_goes_on(guard: Guard) -> None:
    with talk(guard) as socket:
        assert "watch a session" in say(socket, say="control", playing=True)["text"]
        assert "unknown part" in say(socket, say="watch", parts=["secrets"])["text"]
        assert "unknown session" in say(socket, say="watch", session="../main")["text"]
        assert "unknown scenario" in say(socket, say="open", scenario="../../etc/passwd")["text"]
        assert not say(socket, say="dance")["ok"]
        socket.send(b"\x00\xff")
        assert not json.loads(socket.recv(timeout=60))["ok"]
        assert say(socket, say="watch", parts=["head"])["ok"]


def test_a_message_of_a_hundred_megabytes_ends_its_connection_alone(guard: Guard) -> None:
    with talk(guard) as other:
        with talk(guard) as socket:
            with contextlib.suppress(ConnectionClosed):  # the server may close before all of it was sent
                socket.send("x" * 100_000_000)
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=60)
        assert say(other, say="watch", parts=["head"])["ok"]


def test_a_port_in_use_is_said_with_what_to_do() -> None:
    with bound(0) as taken:
        taken.listen()
        with pytest.raises(UsageError, match=r"in use.*--port"):
            bound(taken.getsockname()[1])
