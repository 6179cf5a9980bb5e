"""The tree of causes of a move, to be drawn: forced orders that one mark set off together, and whose trade carried it.

Orders that the same mark set off have the same cause (``postmortem_causes``), so they are one node. Where there are
more nodes than a drawing can hold the smallest are left out, and what they set off hangs on whoever set them off.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from shortdesk.study.figure import CauseTree, NodeKind, TreeNode, TreeRoot
from shortdesk.study.postmortem import Postmortem
from shortdesk.study.postmortem_causes import ForcedKind

__all__ = ["Batch", "batches_of", "cause_tree"]

MOST_NODES = 140
"""Nodes of a drawing."""
_KINDS: tuple[NodeKind, ...] = ("liquidation", "stop", "buy-in")


class Batch(NamedTuple):
    """Forced orders set off together. ``parent`` is a batch, -1 for a root; ``by_fill`` a place among the fills."""

    row: int
    time_ns: int
    ticks: int
    counts: tuple[int, int, int]
    """Liquidations, stops, buy-ins."""
    lots: int
    """What they traded."""
    parent: int
    by_fill: int
    root: str
    generation: int


def batches_of(report: Postmortem) -> list[Batch]:
    """The batches of the move in the order in which they began."""
    tape, forced = report.tape, report.forced
    traded = np.zeros(len(forced), np.int64)
    mine = forced.of_fill >= 0
    np.add.at(traded, forced.of_fill[mine], np.abs(tape.lots[tape.fills[mine]]))
    numbers: dict[tuple[int, int], int] = {}
    members: list[list[int]] = []
    batch_of: dict[int, int] = {}
    for at in np.flatnonzero(report.in_move).tolist():
        key = (int(forced.mark[at]), int(forced.by_fill[at]))
        if key == (-1, -1):
            key = (-1, -2 - int(forced.row[at]))
        number = numbers.setdefault(key, len(numbers))
        if number == len(members):
            members.append([])
        members[number].append(at)
        batch_of[at] = number
    found = []
    for orders in members:
        first = orders[0]
        mark = int(forced.mark[first])
        fill = int(forced.by_fill[first])
        ticks = int(tape.price[mark if mark >= 0 else tape.fills[fill] if fill >= 0 else forced.row[first]])
        counts = tuple(int((forced.kind[orders] == kind).sum()) for kind in ForcedKind)
        found.append(
            Batch(
                row=int(forced.row[first]),
                time_ns=int(tape.time_ns[forced.row[first]]),
                ticks=ticks,
                counts=(counts[0], counts[1], counts[2]),
                lots=int(traded[orders].sum()),
                parent=batch_of.get(int(forced.parent[first]), -1),
                by_fill=fill,
                root=forced.roots[int(forced.root[first])],
                generation=int(forced.generation[first]),
            )
        )
    return found


def cause_tree(report: Postmortem, most: int = MOST_NODES) -> CauseTree | None:
    """The drawing; None where no forced order belongs to the move."""
    batches = batches_of(report)
    priced = [at for at, one in enumerate(batches) if one.ticks > 0]
    if not priced:
        return None
    kept = sorted(sorted(priced, key=lambda at: (-batches[at].lots, at))[:most])
    place = {at: new for new, at in enumerate(kept)}
    tick = float(report.tape.grid.tick)
    nodes, roots = [], []
    for at in kept:
        one = batches[at]
        parent = _kept_above(batches, place, at)
        kind = _KINDS[max(range(3), key=lambda number: one.counts[number])]
        words = _words(report, one, place[at] + 1, -1 if parent < 0 else place[parent] + 1)
        nodes.append(
            TreeNode(one.time_ns, one.ticks * tick, float(one.lots), kind, -1 if parent < 0 else place[parent], words)
        )
        if parent < 0:
            roots.append(_root(report, one, place[at]))
    left_out = len(batches) - len(kept)
    told = (
        "A node is what one mark set off; its size is what was traded; a line comes from whose trades carried the mark."
    )
    if left_out:
        told += f" The {left_out} smallest of {len(batches)} are left out."
    quote = f"{report.tape.grid.settle} per {report.tape.grid.base}" if report.tape.grid.base else ""
    return CauseTree("Who pushed whom over", nodes, roots, quote, told)


def _kept_above(batches: list[Batch], place: dict[int, int], at: int) -> int:
    """The nearest batch above that is drawn; -1 for a root."""
    above = batches[at].parent
    while above >= 0 and above not in place:
        above = batches[above].parent
    return above


def _root(report: Postmortem, one: Batch, node: int) -> TreeRoot:
    tape = report.tape
    if one.by_fill < 0:
        return TreeRoot(one.time_ns, one.ticks * float(tape.grid.tick), one.root, node)
    row = tape.fills[one.by_fill]
    return TreeRoot(int(tape.time_ns[row]), float(tape.price[row]) * float(tape.grid.tick), one.root, node)


def _words(report: Postmortem, one: Batch, number: int, parent: int) -> str:
    tape, grid = report.tape, report.tape.grid
    names = (("liquidation", "liquidations"), ("stop", "stops"), ("buy-in", "buy-ins"))
    counts = [f"{count:,} {pair[count > 1]}" for count, pair in zip(one.counts, names, strict=True) if count]
    what = f"{_clock(one.time_ns)}, {grid.price(one.ticks)}: {' and '.join(counts)}, {grid.size(one.lots)} {grid.base}"
    if one.by_fill < 0:
        return f"{what}. Set off by {one.root}."
    row = tape.fills[one.by_fill]
    trade = f"largest trade {grid.size(abs(int(tape.lots[row])))} {grid.base} at {grid.price(int(tape.price[row]))}"
    by = f"the orders of step {parent}" if parent > 0 else one.root
    return f"{what}. The price was carried there by {by} ({trade})."


def _clock(time_ns: int) -> str:
    seconds = time_ns // 10**9 % 86_400
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
