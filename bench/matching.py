"""Group ``matching``: the book against a plain-Python book, the same streams in the same run.

The reference is the plain-Python price-time book of ``../shared/bench``: a dict of deques, heaps of prices, lazy
cancels. Ours runs with every order kind compiled in, on a bare instrument (no accounts). Both must leave the
same fills, lots and turnover behind.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from harness import Missing, Section, cpu_seconds
from numpy.typing import NDArray

from shortdesk.market.advance import obey_all, tell
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.tables import instrument_at
from shortdesk.market.world import Capacity, World, bare_world

DESCRIPTION = "the book against a plain-Python price-time book"

SHARED = Path(__file__).parents[2] / "shared" / "bench"
FLOOR, AIM, FLOOR_ONE_CALL, FLOOR_GROWTH = 10.0, 18.0, 0.5, 3.0
STREAMS = ("mix60", "quote", "squeeze")


def main() -> None:
    """Print the tables."""
    from rich.console import Console

    for section in measure("--quick" in sys.argv):
        section.show(Console())


def measure(quick: bool) -> list[Section]:
    """All tables of the group.

    Raises:
        Missing: the folder with the streams does not lie beside the project.
    """
    workloads, peer = _module("workloads"), _module("bench_matching")
    count = 100_000 if quick else 1_000_000
    return [_streams(workloads, peer, count), _growth(100_000 if quick else 1_000_000)]


def _module(name: str) -> Any:
    if not SHARED.is_dir():
        raise Missing("the folder 'shared' with the streams does not lie beside the project")
    spec = importlib.util.spec_from_file_location(f"shared_{name}", SHARED / f"{name}.py")
    if spec is None or spec.loader is None:
        raise Missing(f"no {name}.py beside the streams")
    module = importlib.util.module_from_spec(spec)
    # The shared drivers find each other, and a harness of their own, by bare names.
    ours = sys.modules.pop("harness", None)
    sys.path.insert(0, str(SHARED))
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SHARED))
        sys.modules.pop("harness", None)
        if ours is not None:
            sys.modules["harness"] = ours
    return module


def commands_of(stream: dict[str, NDArray[np.int64]]) -> NDArray[Any]:
    """A shared stream as commands of account 1 on instrument 1."""
    rows = new_commands(len(stream["kind"]))
    rows["client_id"] = stream["oid"]
    rows["side"] = stream["side"]
    rows["price_ticks"] = stream["price"]
    rows["lots"] = stream["qty"]
    rows["kind"] = np.where(stream["kind"] == 1, CommandKind.CANCEL, CommandKind.PLACE)
    rows["account"] = 1
    rows["instrument"] = 1
    return rows


def _room(count: int) -> Capacity:
    return Capacity(orders=count, pages=8_000, journal_rows=1_000_000)


def _streams(workloads: Any, peer: Any, count: int) -> Section:
    section = Section(
        f"Matching, {count:,} messages",
        ("stream", "plain Python M/s", "ours, one call M/s", "ratio", "ours, a call each M/s", "ratio a call each"),
    )
    for name in STREAMS:
        stream = workloads.stream(name, count)
        columns = [stream[key].tolist() for key in ("kind", "oid", "side", "price", "qty")]
        messages = list(zip(*columns, strict=True))
        commands = commands_of(stream)
        some = min(count, 100_000)
        reference = cpu_seconds(lambda rows=messages: _by_reference(peer, rows))
        whole, left = _timed(lambda w, rows=commands: obey_all(w.block, rows, 0))
        one, _ = _timed(lambda w, rows=messages[:some]: _one_by_one(w, rows))
        first = cpu_seconds(lambda rows=messages[:some]: _by_reference(peer, rows))
        expected = _by_reference(peer, messages)
        if left != expected:
            raise AssertionError(f"{name}: ours leaves {left}, the reference {expected}")
        section.rows.append(
            (
                name,
                f"{count / reference / 1e6:.2f}",
                f"{count / whole / 1e6:.1f}",
                f"{reference / whole:.1f}",
                f"{some / one / 1e6:.2f}",
                f"{first / one:.2f}",
            )
        )
    section.notes.append(f"floor {FLOOR:g} times (aim {AIM:g}) in one call, {FLOOR_ONE_CALL:g} times a call each")
    section.notes.append("fills, lots and turnover agree with the reference on every stream")
    return section


def _by_reference(peer: Any, messages: list[tuple[int, ...]]) -> tuple[int, int, int]:
    book = peer.RefBook()
    limit, cancel = book.limit, book.cancel
    for kind, order, side, price, lots in messages:
        if kind == 1:
            cancel(order)
        else:
            limit(order, side, price, lots)
    return book.fills, book.qty, book.notional


def _one_by_one(w: World, messages: list[tuple[int, ...]]) -> None:
    call, block = tell.dispatcher(), w.block
    for kind, order, side, price, lots in messages:
        call(block, 1 if kind == 1 else 0, 1, 1, order, side, price, lots, 0, 0, 0)


def _timed(work: Callable[[World], object]) -> tuple[float, tuple[int, int, int]]:
    """Median CPU seconds on a fresh World each time, making it not counted; and what the last one left."""
    worlds = [bare_world(_room(200_000)) for _ in range(6)]
    for w in worlds:
        w.block[:] = w.block.copy()  # every page of memory is there before the clock starts
    waiting = iter(worlds)
    seconds = cpu_seconds(lambda: work(next(waiting)))
    left = instrument_at(worlds[-1].block, 1)
    return seconds, (int(left.fills), int(left.traded_lots), int(left.turnover_tick_lots))


def _growth(most: int) -> Section:
    """Add and cancel at random depth while many orders rest."""
    section = Section("Growth with resting orders", ("resting orders", "ns a message", "ratio to 1,000"))
    first = 0.0
    resting = 1_000
    while resting <= most:
        taken = _with_resting(resting)
        first = first or taken
        section.rows.append((f"{resting:,}", f"{taken:.1f}", f"{taken / first:.2f}"))
        resting *= 10
    section.notes.append(
        f"floor: the last at most {FLOOR_GROWTH:g} times the first; half adds, half cancels of any order"
    )
    return section


def _with_resting(resting: int) -> float:
    rng = np.random.Generator(np.random.PCG64(20261124))
    depth = max(100, resting // 50)
    fill = new_commands(resting)
    fill["client_id"] = np.arange(1, resting + 1)
    churn = new_commands(200_000)
    churn["kind"][1::2] = CommandKind.CANCEL
    churn["client_id"][0::2] = np.arange(resting + 1, resting + 100_001)
    alive = np.arange(1, resting + 1)
    for at in range(100_000):
        victim = rng.integers(0, resting)
        churn["client_id"][2 * at + 1] = alive[victim]
        alive[victim] = resting + 1 + at
    for rows in (fill, churn):
        rows["account"] = 1
        rows["instrument"] = 1
        rows["side"] = rng.integers(0, 2, len(rows))
        distance = rng.integers(1, depth, len(rows))
        rows["price_ticks"] = np.where(rows["side"] == 0, 1_000_000 - distance, 1_000_000 + distance)
        rows["lots"] = 10
    worlds = [bare_world(Capacity(orders=resting + 10, pages=depth // 16 + 100)) for _ in range(6)]
    for w in worlds:
        obey_all(w.block, fill, 0)
    waiting = iter(worlds)
    return cpu_seconds(lambda: obey_all(next(waiting).block, churn, 0)) / len(churn) * 1e9


if __name__ == "__main__":
    main()
