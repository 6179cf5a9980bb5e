"""A market at play in a thread of its own: paced, paused, stepped, disturbed, traded in, and looked at.

Everything that touches the Play happens in its thread. Others leave acts, which are done between two slices of time,
and read the newest frame, which is never changed once it is published. A kernel lets go of the interpreter's lock,
so the server answers while the market runs.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from shortdesk.doors.web.parts import PARTS
from shortdesk.doors.web.recorder import Candle, Column, Recorder
from shortdesk.doors.web.trader import Seat
from shortdesk.doors.web.view.deaths import DeathMap, death_map
from shortdesk.doors.web.view.scale import SECOND_NS, Board, board_of
from shortdesk.doors.web.view.verdict import Verdict, pushes
from shortdesk.doors.web.view.you import adl_light, adl_queue, wallet
from shortdesk.ground.errors import ShortdeskError, UsageError
from shortdesk.stage.look import held_lots
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import find_scenario

__all__ = ["FRAMES_PER_S", "Frame", "Session", "State"]

FRAMES_PER_S = 10
"""Frames published a second while the market runs."""

_FRAME_S = 1 / FRAMES_PER_S
_LIGHTS_EVERY_S = 1.0
_IDLE_S = 0.5
_LONGEST_SLICE_S = 600.0
_FULL_SLICE_S = 20.0

Act = Callable[["Session"], str]


class State(msgspec.Struct, frozen=True):
    """Whether the market runs and how far it is."""

    phase: str
    """opening, ready, or failed."""
    problem: str = ""
    playing: bool = False
    pace: float = 0.0
    now_s: float = 0.0
    horizon_s: float = 0.0
    over: bool = False


@dataclass(frozen=True)
class Frame:
    """What can be seen at one moment: the parts that somebody watches, each already written as JSON."""

    number: int
    play: int
    """Counts restarts: with a new one everything before is void."""
    state: State
    parts: Mapping[str, bytes] = field(default_factory=dict)
    texts: dict[tuple[Any, ...], tuple[str, list[Candle], list[Column]]] = field(default_factory=dict)
    """Messages made of it so far, by what their pages had seen before; the server's loop alone touches them."""


class Session:
    """One market with its thread. ``listener`` is called, from that thread, whenever there is a new frame."""

    play: Play
    board: Board
    recorder: Recorder
    seat: Seat
    deaths: DeathMap
    """The liquidation map at the end of the last slice of time."""

    def __init__(
        self, name: str, given: str, settings: Iterable[str] = (), *, pace: float = 30.0, playing: bool = False
    ) -> None:
        self.name = name
        self.given = given
        self.settings = tuple(settings)
        self.pace = pace
        self.playing = playing
        self.lights = 0
        self.queue = (0, 0)
        """Longs and shorts that stand in line to be deleveraged."""
        self.verdict: Verdict | None = None
        self.frame = Frame(0, 0, State("opening"))
        self.listeners: set[Callable[[], None]] = set()
        self.watched: Counter[str] = Counter()
        self.slow: dict[Recorder, tuple[float, Any]] = {}
        """What is too slow for every frame: when it was computed, and what it was; of the play that is recorded."""
        self._acts: list[tuple[Act, Future[str]]] = []
        self._lock = threading.Condition()
        self._ends = False
        self._plays = 0
        self._lit = 0.0
        self._thread = threading.Thread(target=self._run, name=f"market {name}", daemon=True)

    # --- from other threads ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin: the market is opened in its own thread."""
        self._thread.start()

    def end(self) -> None:
        """Stop the thread at the end of its slice, and wait for it for a moment."""
        with self._lock:
            self._ends = True
            self._lock.notify_all()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def ask(self, act: Act) -> Future[str]:
        """Have something done between two slices; its answer, or its error, later."""
        answer: Future[str] = Future()
        with self._lock:
            self._acts.append((act, answer))
            self._lock.notify_all()
        return answer

    def watch(self, names: Iterable[str]) -> None:
        """Somebody looks at these parts from the next frame on."""
        with self._lock:
            self.watched.update(names)
            self._acts.append((lambda _: "", Future()))  # so that a frame is published at once
            self._lock.notify_all()

    def unwatch(self, names: Iterable[str]) -> None:
        """Somebody looks no more."""
        with self._lock:
            self.watched.subtract(names)
            self.watched = +self.watched

    # --- acts, done in the market's own thread ---------------------------------------------------------------

    def control(self, playing: bool | None, pace: float | None, step_s: float | None) -> str:
        """Let it run or stand, change its pace, or step while it stands."""
        if pace is not None:
            self.pace = pace
        if playing is not None:
            self.playing = playing and not self.play.is_over
        if step_s is not None:
            self.playing = False
            self.pass_time(int(step_s * SECOND_NS))
        return ""

    def pass_time(self, ns: int) -> None:
        """Let so much time pass."""
        self.run_until(self.play.now_ns + ns)

    def run_until(self, until_ns: int) -> None:
        """Let time pass up to a moment, column by column of the map, and take in what is written."""
        column_ns = self.recorder.column_s * SECOND_NS
        until_ns = min(until_ns, self.play.scenario.end_ns)
        while True:
            here_ns = min(until_ns, (self.play.now_ns // column_ns + 1) * column_ns)
            for rows in self.play.run(here_ns):
                self.recorder.add(rows)
                self.seat.add(rows)
            self.deaths = death_map(self.play.world, self.board)
            seen_ns = max(self.play.scenario.start_ns, self.play.now_ns - 1)
            self.recorder.add_column(seen_ns, self.deaths.bins)
            self._look_after_the_reader()
            if here_ns >= until_ns:
                break
        if self.play.is_over:
            self.playing = False

    def trade(self, say: Callable[[Play], str]) -> str:
        """Send what the reader says and let time pass until it has reached the venue, so that the answer is known."""
        if self.play.is_over:
            raise UsageError("the play is over; restart it to trade again")
        text = say(self.play)
        self.seat.listens(self.play, True)
        try:
            self.run_until(self.seat.arrives_ns(self.play))
        finally:
            self.seat.listens(self.play, False)
        return text

    def restart(self, given: str, seed: int | None) -> str:
        """The first second again."""
        if given:
            self.given, self.settings = given, tuple(one for one in self.settings if one.startswith("seed="))
        if seed is not None:
            self.settings = (*(one for one in self.settings if not one.startswith("seed=")), f"seed={seed}")
        self._open()
        return f"{self.play.scenario.name}, seed {self.play.scenario.seed}"

    # --- the thread -----------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._publish(State("opening"))
            self._open()
            self._loop()
        except Exception as problem:
            # The thread's last word: pages show it, the other markets go on.
            told = str(problem) if isinstance(problem, ShortdeskError) else f"{type(problem).__name__}: {problem}"
            self._publish(State("failed", problem=told))
            for _, answer in self._taken_acts():
                answer.set_exception(UsageError(told))

    def _open(self) -> None:
        """A new play; the one before stays if the new one cannot be opened."""
        play = open_play(find_scenario(self.given, self.settings))
        board = board_of(play)
        seat = Seat(play, board)
        self.play, self.board, self.seat = play, board, seat
        self.recorder = Recorder(board, play.scenario.horizon_s, seat.account)
        self.verdict, self.lights = None, 0
        self._plays += 1
        self.pass_time(0)

    def _loop(self) -> None:
        last = time.monotonic()
        published = 0.0
        while not self._ends:
            acts = self._taken_acts()
            for act, answer in acts:
                self._do(act, answer)
            now = time.monotonic()
            passed, last = now - last, now
            if self.playing:
                self._play_on(passed * self.pace, now)
            if acts or now - published >= (_FRAME_S if self.playing else _IDLE_S):
                published = now
                self._publish(self._state())
            with self._lock:
                if not self._acts and not self._ends:
                    rest = _FRAME_S / 2 if self.playing and self.pace else 0.001 if self.playing else _IDLE_S
                    self._lock.wait(rest)

    def _play_on(self, due_s: float, now: float) -> None:
        """Let the simulated time pass that is due; a market that is slower than asked for just runs slower."""
        if self.pace:
            self.pass_time(int(min(due_s, _LONGEST_SLICE_S) * SECOND_NS))
            return
        while time.monotonic() - now < _FRAME_S / 2 and self.playing:
            self.pass_time(int(_FULL_SLICE_S * SECOND_NS))

    def _do(self, act: Act, answer: Future[str]) -> None:
        if not answer.set_running_or_notify_cancel():
            return
        try:
            answer.set_result(act(self))
        except ShortdeskError as problem:
            answer.set_exception(problem)

    def _taken_acts(self) -> list[tuple[Act, Future[str]]]:
        with self._lock:
            acts, self._acts = self._acts, []
        return acts

    def _look_after_the_reader(self) -> None:
        """Where the reader stands: what it had while it was flat, and what is said when it dies."""
        seat, board, world = self.seat, self.board, self.play.world
        if held_lots(world.block, seat.account, board.number) != 0:
            return
        left = wallet(world, board, seat.account)
        death = seat.death
        if death is not None:
            until_s = board.start_ns // SECOND_NS + int(death.time_s)
            self.verdict = Verdict(
                time_s=death.time_s,
                mark=death.mark,
                size=death.size,
                lost=seat.flat_wallet - left,
                left=left,
                row=death.row,
                pushes=pushes(self.recorder.pushed, until_s, 1 if death.size < 0 else -1),
            )
            seat.death = None
        seat.flat_wallet = left

    def _state(self) -> State:
        play = self.play
        return State(
            phase="ready",
            playing=self.playing,
            pace=self.pace,
            now_s=self.board.seconds(play.now_ns),
            horizon_s=play.scenario.horizon_s,
            over=play.is_over,
        )

    def _publish(self, state: State) -> None:
        parts: dict[str, bytes] = {}
        if state.phase == "ready":
            self._light_up()
            with self._lock:
                wanted = list(self.watched)
            for name in wanted:
                parts[name] = msgspec.json.encode(PARTS[name](self), enc_hook=_plain)
        self.frame = Frame(self.frame.number + 1, self._plays, state, parts)
        for listener in list(self.listeners):
            with contextlib.suppress(RuntimeError):  # its loop has closed
                listener()

    def _light_up(self) -> None:
        """The ADL lights, once a second: they rank everybody."""
        now = time.monotonic()
        if now - self._lit >= _LIGHTS_EVERY_S:
            self._lit = now
            self.lights = adl_light(self.play.world, self.board, self.seat.account)
            self.queue = adl_queue(self.play.world, self.board) if self.board.market.is_perp else (0, 0)


def _plain(value: Any) -> Any:
    """numpy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be shown")
