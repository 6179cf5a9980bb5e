"""A run that is watched: a progress bar on a terminal, nothing elsewhere; Ctrl-C stops it between two slices."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from shortdesk.doors.cli.output import console, notice
from shortdesk.doors.cli.stage_inputs import clock_text

if TYPE_CHECKING:
    from rich.progress import Progress

    from shortdesk.stage.run import Moment
    from shortdesk.stage.scenario import Scenario

__all__ = ["Interrupts", "RunWatch", "counting", "prepare_kernels"]

_SMALL_ACCOUNTS = 400
_SMALL_SECONDS = 120.0


def prepare_kernels(scenario: Scenario) -> None:
    """Say in one line that the market is compiled first; a small scenario is played as plain Python instead.

    Both give the same rows. Compiling takes about a minute, once after each update.
    """
    from shortdesk.ground.compile import cache_folder, interpreted

    if interpreted() or any(cache_folder("stage").rglob("*play_on*.nbi")):
        return
    people = sum(getattr(one, "count", 0) + getattr(one, "accounts", 0) for one in scenario.population)
    if people <= _SMALL_ACCOUNTS and scenario.horizon_s <= _SMALL_SECONDS:
        os.environ["SHORTDESK_INTERPRETED"] = "1"
    elif sys.stderr.isatty():
        notice("compiling the market and its agents, once after each update: a minute or two")


class Interrupts:
    """Ctrl-C as a question that a run is asked between two slices; a second one, or one before the first slice, breaks.

    As a context it holds the signal from its begin to its end.
    """

    def __init__(self) -> None:
        self.is_asked = False
        self.is_under_way = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        breaks = self.is_asked or not self.is_under_way
        # Asked too where it breaks: an interrupt raised inside a callback of a library is lost there.
        self.is_asked = True
        if breaks:
            raise KeyboardInterrupt


class RunWatch:
    """Called at each slice of a run: moves the bar, and says whether the run is to end."""

    def __init__(self, scenario: Scenario, end_ns: int, interrupts: Interrupts, *, quiet: bool) -> None:
        self._scenario, self._end_ns, self._interrupts = scenario, end_ns, interrupts
        self._shown = not quiet and sys.stderr.isatty()
        self._progress: Progress | None = None
        self._task: Any = None

    def __enter__(self) -> RunWatch:
        if self._shown:
            from rich.progress import BarColumn, Progress, TextColumn

            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"),
                console=console(stderr=True), transient=True,
            )  # fmt: skip
            total = self._end_ns - self._scenario.start_ns
            self._task = self._progress.add_task(self._scenario.name, total=total, told="opening")
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def __call__(self, moment: Moment) -> bool:
        self._interrupts.is_under_way = True
        if self._progress is not None:
            done = moment.now_ns - self._scenario.start_ns
            self._progress.update(self._task, completed=done, told=_told(moment, done / 1e9))
        return self._interrupts.is_asked


def _told(moment: Moment, seconds: float) -> str:
    prices = ", ".join(f"{name} {price:,.8g}" for name, price in list(moment.prices.items())[:2])
    makers = f"  {moment.present} of {moment.makers} makers" if moment.makers else ""
    return f"{clock_text(seconds)}  {prices}  {moment.liquidations:,} liquidations{makers}"


@contextmanager
def counting(what: str, total: int, *, quiet: bool) -> Iterator[Any]:
    """A progress line for a number of runs; the yielded function counts so many more."""
    if quiet or not sys.stderr.isatty():
        yield lambda done=1: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total)
        yield lambda done=1: progress.advance(task, done)
