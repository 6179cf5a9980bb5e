"""Group ``web``: the desk in a browser: first paint, what server and browser cost, eight pages beside one, memory.

A real ``shortdesk web`` in a process of its own with the shipped squeeze staged, and a real Chromium. Costs are CPU
seconds of processes as the kernel counts them (user and system, all threads, all of Chromium's processes), never wall
time, so that other work on the machine changes them little. Needs Linux, chromium and playwright.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness import Missing, Section

from shortdesk.stage.play import open_play
from shortdesk.stage.scenario import find_scenario

DESCRIPTION = "the desk in a browser: first paint, cost of server and browser, eight pages, memory"

SCENARIO = "short-squeeze"
PACE = 30
CELLS = 12_000
PARTS = ("head", "gauges", "counts", "book", "deaths", "tape", "happenings", "you", "candles", "columns")
_PATIENCE_S = 60
_TICKS_PER_S = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_PAINTED = """
(() => {
  const seen = () => /candles/.test(document.querySelector("[data-testid=chart]")?.textContent ?? "");
  const watcher = new MutationObserver(() => {
    if (!seen()) return;
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.painted = performance.now(); }));
  });
  watcher.observe(document, { subtree: true, childList: true, characterData: true });
})();
"""


def measure(quick: bool) -> list[Section]:
    """All tables of the group.

    Raises:
        Missing: no Chromium, no playwright, or no Linux.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        raise Missing("chromium is not installed")
    if not Path("/proc/self/stat").is_file():
        raise Missing("CPU times of processes are read from /proc, which this system has not")
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError:
        raise Missing("the package playwright is not installed") from None
    with started_desk() as desk:
        slowed = _slowed(desk, 3 if quick else 7)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            try:
                cells = desk.play_until_cells(CELLS)
                paint = _first_paint(desk, browser, 3 if quick else 7)
                costs = _costs(desk, browser, 5.0 if quick else 20.0, cells)
                memory = _memory(desk, browser, 1200.0 if quick else 3600.0)
            finally:
                browser.close()
    return [paint, costs, slowed, memory]


# --- a desk of its own ----------------------------------------------------------------------------------------------


class Desk:
    """A running ``shortdesk web`` and a socket of its own to it."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process = process
        self.address = address
        found = re.fullmatch(r"http://([^/]+)/\?token=(\S+)", address)
        assert found, address
        self.host, self.token = found.groups()
        self.port = int(self.host.rpartition(":")[2])

    def connected(self) -> Any:
        """A socket as a page of the desk opens it."""
        from websockets.sync.client import connect

        return connect(
            f"ws://{self.host}/socket", origin=f"http://{self.host}", additional_headers=self._cookie, proxy=None,
            max_size=None,
        )  # type: ignore[arg-type]  # fmt: skip

    @property
    def _cookie(self) -> dict[str, str]:
        return {"Cookie": f"shortdesk-{self.port}={self.token}"}

    def say(self, **message: Any) -> None:
        """Say one thing and hear its answer."""
        with self.connected() as socket:
            _heard(socket, say="watch", parts=[])
            answer = _heard(socket, **message)
            assert answer["ok"], answer["text"]

    def state(self, parts: Sequence[str] = ()) -> dict[str, Any]:
        """The newest frame with these parts."""
        with self.connected() as socket:
            socket.send(json.dumps({"say": "watch", "parts": list(parts), "id": 1}))
            while True:
                frame: dict[str, Any] = json.loads(socket.recv(timeout=600))  # it may have to compile first
                if frame["kind"] == "frame" and frame["state"]["phase"] != "opening":
                    return frame
                if frame["kind"] == "frame":
                    socket.send(json.dumps({"say": "ready", "frame": frame["number"]}))

    def restart(self, *, pace: float, playing: bool) -> None:
        """The first second again; the same seed, so the same market."""
        self.say(say="control", playing=False)
        self.say(say="restart")
        self.say(say="control", playing=playing, pace=pace)

    def play_until_cells(self, cells: int) -> int:
        """Let the market play from its beginning until the map has so many cells; how many it has."""
        self.restart(pace=PACE, playing=False)
        while True:
            self.say(say="control", step_s=120.0)
            frame = self.state(["columns"])
            found = sum(len(bins) for _, bins in frame["columns"])
            if found >= cells or frame["state"]["over"]:
                return found

    def cpu_s(self) -> float:
        """CPU seconds of the server so far."""
        return _cpu_s([self.process.pid])


def _heard(socket: Any, **message: Any) -> dict[str, Any]:
    """The answer to a message; frames that come between are passed over."""
    socket.send(json.dumps({**message, "id": 5}))
    while True:
        found: dict[str, Any] = json.loads(socket.recv(timeout=600))
        if found["kind"] == "answer" and found["id"] == 5:
            return found


@contextmanager
def started_desk() -> Iterator[Desk]:
    """A desk on a free port with the squeeze staged and compiled."""
    command = [sys.executable, "-m", "shortdesk", "web", "--port", "0", "--scenario", SCENARIO, "--pace", str(PACE)]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)
        try:
            assert process.stdout is not None
            address = re.search(r"http://\S+", process.stdout.readline())
            if address is None:
                raise Missing(f"the desk did not start: {process.communicate()[1].strip().splitlines()[-1:]}")
            desk = Desk(process, address.group(0))
            desk.state()
            yield desk
        finally:
            process.terminate()
            process.wait(30)


# --- processes ------------------------------------------------------------------------------------------------------


def _stat(pid: int) -> list[str]:
    """The fields of a process after its name: state, parent, ...; none where it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu_s(pids: Sequence[int]) -> float:
    fields = [_stat(pid) for pid in pids]
    return sum(int(one[11]) + int(one[12]) for one in fields if one) / _TICKS_PER_S


def _chromium() -> list[int]:
    """Chromium's processes below this one."""
    parents = {int(one): _stat(int(one)) for one in os.listdir("/proc") if one.isdigit()}
    ours = {os.getpid()}
    while True:
        more = {pid for pid, stat in parents.items() if stat and int(stat[1]) in ours} - ours
        if not more:
            break
        ours |= more
    return [pid for pid in ours if "chrom" in _name(pid)]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return ""


# --- the tables -----------------------------------------------------------------------------------------------------


@contextmanager
def _page(desk: Desk, browser: Any) -> Iterator[Any]:
    """The cockpit in a fresh profile: nothing cached, at 1280 x 720."""
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    try:
        page = context.new_page()
        page.add_init_script(_PAINTED)
        page.goto(desk.address)
        began = time.monotonic()
        while not page.evaluate("window.painted"):  # the page's policy forbids what waiting in it would need
            if time.monotonic() - began > _PATIENCE_S:
                raise Missing(f"no page was painted within {_PATIENCE_S} s")
            page.wait_for_timeout(50)
        yield page
    finally:
        context.close()


def _first_paint(desk: Desk, browser: Any, repetitions: int) -> Section:
    section = Section("First paint with data", ("page", "ms", "goal", "verdict"), frozenset({"verdict"}))
    taken = []
    for _ in range(repetitions):
        with _page(desk, browser) as page:
            taken.append(page.evaluate("window.painted"))
    found = statistics.median(taken)
    section.rows.append(("squeeze cockpit", f"{found:.0f}", "1,000", "kept" if found <= 1000 else "NOT KEPT"))
    section.notes = [
        f"median of {repetitions}, {min(taken):.0f} to {max(taken):.0f}: from the start of the navigation, the token's "
        "redirect included, to two animation frames after the chart's text tells of candles",
        "cold page (a fresh profile each time), warm server, wall time: other work on the machine is in it",
    ]
    return section


def _over(seconds: float, costs: Callable[[], Sequence[float]]) -> list[float]:
    """Per cent of a core that each cost took over so many seconds."""
    before, began = costs(), time.monotonic()
    time.sleep(seconds)
    passed = time.monotonic() - began
    return [100 * (now - then) / passed for now, then in zip(costs(), before, strict=True)]


def _costs(desk: Desk, browser: Any, seconds: float, cells: int) -> Section:
    section = Section("Cost at 10 updates a second", ("of", "% of a core", "goal", "verdict"), frozenset({"verdict"}))
    desk.say(say="control", playing=True, pace=float(PACE))
    unwatched = _over(seconds, lambda: [desk.cpu_s()])[0]
    with _page(desk, browser) as page:
        page.wait_for_timeout(1_000)
        pids = _chromium()
        drawn, began = int(page.evaluate("document.documentElement.dataset.ready")), time.monotonic()
        server, pages = _over(seconds, lambda: [desk.cpu_s(), _cpu_s(pids)])
        frames = (int(page.evaluate("document.documentElement.dataset.ready")) - drawn) / (time.monotonic() - began)
        now_s = desk.state()["state"]["now_s"]
    desk.say(say="control", playing=False)
    market = 100 * PACE * _market_s(now_s - PACE * seconds, now_s)
    own = server - market
    section.rows = [
        ("the market alone, played in this process", f"{market:.1f}", "-", ""),
        ("server, nobody watching", f"{unwatched:.1f}", "-", ""),
        ("server, one page", f"{server:.1f}", "-", ""),
        ("server beside the market", f"{own:.1f}", "10", "kept" if own <= 10 else "NOT KEPT"),
        ("browser, all processes", f"{pages:.1f}", "20", "kept" if pages <= 20 else "NOT KEPT"),
    ]
    section.notes = [
        f"{PACE} simulated seconds a second; {frames:.1f} frames a second were drawn over {seconds:g} s, candles, "
        f"depth and {cells:,} cells of the map at the beginning",
        "CPU seconds of the processes over wall seconds; headless Chromium without a GPU, so drawing is in it",
    ]
    return section


def _market_s(from_s: float, until_s: float) -> float:
    """CPU seconds that a simulated second takes without a desk, in the desk's slices."""
    play = open_play(find_scenario(SCENARIO, ()))
    start_ns = play.scenario.start_ns
    for _ in play.run(start_ns + int(from_s * 1e9)):
        pass
    began, at_ns = time.process_time(), play.now_ns
    while play.now_ns < start_ns + int(until_s * 1e9):
        for _ in play.run(play.now_ns + PACE * 10**8):
            pass
    return (time.process_time() - began) / ((play.now_ns - at_ns) / 1e9)


def _slowed(desk: Desk, repetitions: int) -> Section:
    """The same two hours played as fast as they go, watched by one and by eight; in turns."""
    taken: dict[int, list[tuple[float, float]]] = {1: [], 8: []}
    for _ in range(repetitions):
        for pages, found in taken.items():
            with Crowd(desk, pages) as crowd:
                found.append(_played(desk))
            assert min(crowd.frames) > 0
    wall, cpu = ({n: statistics.median(one[at] for one in found) for n, found in taken.items()} for at in (0, 1))
    section = Section(
        "Eight pages beside one, the market as fast as it goes",
        ("pages", "seconds for the run", "CPU seconds of the server", "slower", "goal", "verdict"),
        frozenset({"verdict"}),
    )
    slower = 100 * (wall[8] / wall[1] - 1)
    section.rows = [
        ("1", f"{wall[1]:.2f}", f"{cpu[1]:.2f}", "-", "-", ""),
        ("8", f"{wall[8]:.2f}", f"{cpu[8]:.2f}", f"{slower:+.1f} %", "10 %", "kept" if slower <= 10 else "NOT KEPT"),
    ]
    section.notes = [
        f"medians of {repetitions}, in turns; the same seed, so the same market from its first to its last second",
        "pages are sockets that watch what the cockpit watches and say when they have drawn, as fast as they can: "
        "eight browsers on one small machine would measure the machine",
    ]
    return section


def _played(desk: Desk) -> tuple[float, float]:
    """Wall seconds and the server's CPU seconds for a run from beginning to end at full speed."""
    desk.restart(pace=0, playing=False)
    began, cpu = time.monotonic(), desk.cpu_s()
    desk.say(say="control", playing=True)
    while not desk.state()["state"]["over"]:
        time.sleep(0.02)
    return time.monotonic() - began, desk.cpu_s() - cpu


class Crowd:
    """Pages without a browser: sockets in a thread that take every frame they can get."""

    def __init__(self, desk: Desk, pages: int) -> None:
        self.desk = desk
        self.frames = [0] * pages
        self._ends = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._all(),), daemon=True)

    def __enter__(self) -> Crowd:
        self._thread.start()
        while min(self.frames) == 0:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ends.set)
        self._thread.join(30)

    async def _all(self) -> None:
        talks = [asyncio.create_task(self._one(at)) for at in range(len(self.frames))]
        await self._ends.wait()
        for one in talks:
            one.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def _one(self, at: int) -> None:
        from websockets.asyncio.client import connect

        desk = self.desk
        async with connect(
            f"ws://{desk.host}/socket", origin=f"http://{desk.host}", additional_headers=desk._cookie, proxy=None,
            max_size=None, compression=None,
        ) as socket:  # type: ignore[arg-type]  # fmt: skip
            await socket.send(json.dumps({"say": "watch", "parts": PARTS, "id": 1}))
            async for text in socket:
                found = re.match(r'\{"kind":"frame","number":(\d+)', str(text[:60]))
                if found:
                    self.frames[at] += 1
                    await socket.send(f'{{"say":"ready","frame":{found.group(1)}}}')


def _memory(desk: Desk, browser: Any, simulated_s: float) -> Section:
    """The page's heap, after a collection, while the market plays; its trend over the second half."""
    desk.restart(pace=PACE, playing=False)
    desk.say(say="control", step_s=30.0)
    taken: list[tuple[float, float, int]] = []
    with _page(desk, browser) as page:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        desk.say(say="control", playing=True)
        while not taken or not (taken[-1][0] >= simulated_s or desk.state()["state"]["over"]):
            page.wait_for_timeout(2_000)
            devtools.send("HeapProfiler.collectGarbage")
            figures = {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}
            frames = int(page.evaluate("document.documentElement.dataset.ready"))
            taken.append((desk.state()["state"]["now_s"], figures["JSHeapUsedSize"] / 1e6, frames))
            nodes = figures["Nodes"]
    desk.say(say="control", playing=False)
    late = [one for one in taken if one[0] >= simulated_s / 4]
    hours = [one[0] / 3600 for one in late]
    slope, error = _trend(hours, [one[1] for one in late])
    flat = abs(slope) <= max(2 * error, 0.5)
    section = Section(
        "Memory of the page", ("simulated", "frames", "heap MB, first", "last", "MB an hour", "goal", "verdict"),
        frozenset({"verdict"}),
    )  # fmt: skip
    section.rows.append(
        (f"{taken[-1][0] / 60:.0f} min", f"{taken[-1][2]:,}", f"{taken[0][1]:.2f}", f"{taken[-1][1]:.2f}",
         f"{slope:+.2f} ± {2 * error:.2f}", "flat", "kept" if flat else "NOT KEPT")
    )  # fmt: skip
    section.notes = [
        f"JavaScript heap after a collection, every 2 s; the trend is that of the last three quarters; {nodes:.0f} "
        "nodes at the end",
        "flat: the trend is within twice its standard error, or within half a megabyte an hour, which is what candles "
        "and columns of the map take",
    ]
    return section


def _trend(at: Sequence[float], values: Sequence[float]) -> tuple[float, float]:
    """Slope of a straight line through the values, and its standard error."""
    mean = statistics.fmean(at)
    spread = sum((one - mean) ** 2 for one in at)
    slope, start = statistics.linear_regression(at, values)
    rest = sum((value - start - slope * one) ** 2 for one, value in zip(at, values, strict=True))
    return slope, (rest / max(1, len(at) - 2) / spread) ** 0.5
