"""One page's socket: what it says is done, and it is sent the newest frame whenever it has drawn the last.

A page that draws slowly, or a line that is slow, gets fewer frames and never an old one; the market does not wait.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from shortdesk.doors.web.desk import FIRST, Desk
from shortdesk.doors.web.messages import (
    Answer,
    Cancel,
    Close,
    Control,
    Open,
    Order,
    Ready,
    Restart,
    Shock,
    Watch,
    read_message,
)
from shortdesk.doors.web.parts import PARTS
from shortdesk.doors.web.recorder import Candle, Column
from shortdesk.doors.web.session import Frame, Session, State
from shortdesk.doors.web.shocks import shock_now
from shortdesk.ground.errors import ShortdeskError, UsageError, unknown_name

__all__ = ["Connection", "FrameMessage"]

_GROWING = ("candles", "columns")
_encoder = msgspec.json.Encoder()


class FrameMessage(msgspec.Struct, frozen=True, tag_field="kind", tag="frame"):
    """One frame for one page: parts that changed since the last one it was sent, candles and columns it has not seen.

    ``play`` counts restarts. A ``whole`` frame is the first one of a play, or after the page asked for other parts: it
    tells everything, and the page forgets what it had. Until it comes, frames that were under way are of no use.
    """

    number: int
    session: str
    play: int
    whole: bool
    state: State
    parts: dict[str, msgspec.Raw]
    candles: list[Candle]
    columns: list[Column]


class Connection:
    """A page at its socket."""

    def __init__(self, socket: WebSocket, desk: Desk) -> None:
        self.socket = socket
        self.desk = desk
        self.session: Session | None = None
        self.parts: tuple[str, ...] = ()
        self._sent = -1
        self._play = -1
        self._shown: dict[str, bytes] = {}
        self._drawn = True
        self._candle_from = 0
        self._column_from = 0
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    async def talk(self) -> None:
        """Until the page leaves."""
        sender = asyncio.create_task(self._send_frames())
        try:
            while True:
                said = await self.socket.receive()
                if said["type"] == "websocket.disconnect":
                    break
                text = said.get("text")
                await self._obey(text if text is not None else said.get("bytes") or b"")
        except WebSocketDisconnect:
            pass
        finally:
            sender.cancel()
            self._leave()

    # --- what the page says ---------------------------------------------------------------------------------

    async def _obey(self, text: str | bytes) -> None:
        number = 0
        try:
            message = read_message(text)
            number = message.id
            answer = await self._do(message)
        except ShortdeskError as problem:
            answer = Answer(id=number, ok=False, text=str(problem))
        if answer is not None:
            await self._say(answer)

    async def _do(self, message: Any) -> Answer | None:
        if isinstance(message, Ready):
            self._drawn = True
            self._news.set()
            return None
        if isinstance(message, Watch):
            self._watch(message)
            return Answer(id=message.id, session=message.session or FIRST)
        if isinstance(message, Open):
            session = self.desk.open(message.scenario, message.seed, message.settings)
            return Answer(id=message.id, session=session.name, text=f"{message.scenario} opens")
        if self.session is None:
            raise UsageError("watch a session first")
        act = _ACTS[type(message)]
        text = await asyncio.wrap_future(self.session.ask(lambda session: act(session, message)))
        return Answer(id=message.id, text=text, session=self.session.name)

    def _watch(self, message: Watch) -> None:
        for name in message.parts:
            if name not in PARTS and name not in _GROWING:
                raise UsageError(unknown_name("part", name, [*PARTS, *_GROWING]))
        session = self.desk.find(message.session or FIRST)
        self._leave()
        self.session, self.parts = session, message.parts
        self._sent, self._play = -1, -1
        self._drawn = True
        session.listeners.add(self._wake)
        session.watch(name for name in self.parts if name in PARTS)
        self._news.set()

    def _leave(self) -> None:
        if self.session is not None:
            self.session.listeners.discard(self._wake)
            self.session.unwatch(name for name in self.parts if name in PARTS)
            self.session = None

    # --- what it is shown -----------------------------------------------------------------------------------

    def _wake(self) -> None:
        """Called by the market's thread."""
        self._loop.call_soon_threadsafe(self._news.set)

    async def _send_frames(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            session = self.session
            if session is None or not self._drawn or session.frame.number == self._sent:
                continue
            text = self._frame_text(session)
            self._drawn = False
            await self.socket.send_text(text)

    def _frame_text(self, session: Session) -> str:
        """The newest frame for this page, written once for all pages that have seen the same before."""
        frame = session.frame
        whole = frame.play != self._play
        if whole:
            self._play, self._candle_from, self._column_from, self._shown = frame.play, 0, 0, {}
        self._sent = frame.number
        news = [one for one in self.parts if one in frame.parts and self._shown.get(one) != frame.parts[one]]
        self._shown.update((name, frame.parts[name]) for name in news)
        key = (whole, *news, self.parts, self._candle_from, self._column_from)
        known = frame.texts.get(key)
        if known is None:
            message = self._message(session, frame, news, whole)
            known = (_encoder.encode(message).decode(), message.candles, message.columns)
            frame.texts[key] = known
        text, candles, columns = known
        self._candle_from = candles[-1][0] if candles else self._candle_from
        self._column_from = columns[-1][0] if columns else self._column_from
        return text

    def _message(self, session: Session, frame: Frame, news: list[str], whole: bool) -> FrameMessage:
        candles: list[Candle] = []
        columns: list[Column] = []
        if frame.state.phase == "ready":
            if "candles" in self.parts:
                candles = session.recorder.since(self._candle_from)
            if "columns" in self.parts:
                columns = session.recorder.columns_since(self._column_from)
        parts = {name: msgspec.Raw(frame.parts[name]) for name in news}
        return FrameMessage(frame.number, session.name, frame.play, whole, frame.state, parts, candles, columns)

    async def _say(self, message: Answer) -> None:
        await self.socket.send_text(_encoder.encode(message).decode())


_ACTS: dict[type, Any] = {
    Control: lambda session, said: session.control(said.playing, said.pace, said.step_s),
    Restart: lambda session, said: session.restart(said.scenario, said.seed),
    Shock: lambda session, said: shock_now(session.play, session.board, said.act, said.amount),
    Order: lambda session, said: session.trade(lambda play: session.seat.order(play, said)),
    Close: lambda session, said: session.trade(lambda play: session.seat.close(play, said.part)),
    Cancel: lambda session, said: session.trade(lambda play: session.seat.cancel(play, said.order)),
}
