"""A tree of causes over time and price: each node set off by the one that its edge comes from, roots named.

The drawing is inline SVG as the other charts are; the same tree stands below it in words, step by step.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal, TypeAlias

from shortdesk.study.figure import svg as drawn
from shortdesk.study.figure.axes import Scale

__all__ = ["CauseTree", "NodeKind", "TreeNode", "TreeRoot"]

NodeKind: TypeAlias = Literal["liquidation", "stop", "buy-in"]
"""What most of a node's orders were."""

_LARGEST, _SMALLEST = {"wide": 13.0, "narrow": 9.0}, 2.2
_NAMED_ROOTS = 3
_ROOM = 0.06


@dataclass(frozen=True, slots=True)
class TreeNode:
    """Orders that one moment set off: when and at which price, how much, and by which node (-1: by a root)."""

    time_nanos: int
    value: float
    weight: float
    kind: NodeKind
    parent: int
    words: str


@dataclass(frozen=True, slots=True)
class TreeRoot:
    """Where a tree begins: what somebody free did, at a time and a price, and the node that it set off."""

    time_nanos: int
    value: float
    name: str
    node: int


@dataclass(frozen=True, slots=True)
class CauseTree:
    """Nodes in the order in which they happened, parents first; ``words`` of each are read below the drawing."""

    title: str
    nodes: Sequence[TreeNode]
    roots: Sequence[TreeRoot]
    unit: str = ""
    description: str = ""

    @property
    def children(self) -> list[list[int]]:
        """For each node those that it set off."""
        found: list[list[int]] = [[] for _ in self.nodes]
        for at, node in enumerate(self.nodes):
            if node.parent >= 0:
                found[node.parent].append(at)
        return found

    def svg(self) -> str:
        """The drawing, once for a screen and once for a phone."""
        return drawn.both_sizes(lambda size: _tree(self, size.without_names()))

    def html(self) -> str:
        """The figure of a page: the drawing, its key, and the tree in words."""
        unit = f' <span class="unit">{escape(self.unit)}</span>' if self.unit else ""
        kinds = [kind for kind in ("liquidation", "stop", "buy-in") if any(one.kind == kind for one in self.nodes)]
        key = "".join(
            f'<li class="of-line"><svg class="icon" viewBox="0 0 14 14" aria-hidden="true">'
            f'<circle class="node {kind}" cx="7" cy="7" r="5"/></svg> {kind}s</li>'
            for kind in kinds
        )
        key += (
            '<li class="of-line"><svg class="icon" viewBox="0 0 14 14" aria-hidden="true">'
            '<path class="root" d="M7 2l5 9h-10z"/></svg> somebody free, or the index</li>'
        )
        told = f'<p class="note">{escape(self.description)}</p>' if self.description else ""
        steps = "\n".join(f"<li>{escape(node.words)}</li>" for node in self.nodes)
        return (
            f'<figure class="cause-tree"><figcaption>{escape(self.title)}{unit}</figcaption>\n{self.svg()}\n'
            f'<ul class="key">{key}</ul>{told}<details class="in-words"><summary>The tree in words, '
            f"{len(self.nodes)} steps</summary><ol>\n{steps}\n</ol></details></figure>"
        )


def _tree(tree: CauseTree, size: drawn.Size) -> str:
    times = [one.time_nanos for one in tree.nodes] + [one.time_nanos for one in tree.roots]
    values = [one.value for one in tree.nodes] + [one.value for one in tree.roots]
    room = _ROOM * (max(values) - min(values) or 1.0)
    wide = max(times) - min(times) or 1
    x = Scale(min(times) - 0.03 * wide, max(times) + 0.03 * wide, size.left, size.x_last)
    y = Scale(min(values) - room, max(values) + room, size.y_last, size.top)
    inside = [drawn.grid(x, y, size), *_edges(tree, x, y), *_nodes(tree, x, y, size), *_roots(tree, x, y, size)]
    return drawn.framed(tree.title, tree.description, size, inside)


def _edges(tree: CauseTree, x: Scale, y: Scale) -> Iterator[str]:
    """From what pushed to what was set off: level where it leaves, steep where it arrives."""
    most = max(one.weight for one in tree.nodes) or 1.0
    begins = {one.node: (x(one.time_nanos), y(one.value)) for one in tree.roots}
    for at, node in enumerate(tree.nodes):
        if node.parent >= 0:
            other = tree.nodes[node.parent]
            begins[at] = (x(other.time_nanos), y(other.value))
        if at not in begins:
            continue
        (left, low), (right, high) = begins[at], (x(node.time_nanos), y(node.value))
        bend = left + 0.6 * (right - left)
        thick = 0.8 + 3.2 * math.sqrt(node.weight / most)
        yield (
            f'<path class="edge" data-to="{at}" style="stroke-width:{thick:.1f}" '
            f'd="M{left:.1f} {low:.1f}C{bend:.1f} {low:.1f} {right:.1f} {low:.1f} {right:.1f} {high:.1f}"/>'
        )


def _nodes(tree: CauseTree, x: Scale, y: Scale, size: drawn.Size) -> Iterator[str]:
    most = max(one.weight for one in tree.nodes) or 1.0
    for at, node in enumerate(tree.nodes):
        radius = max(_SMALLEST, _LARGEST[size.name] * math.sqrt(node.weight / most))
        place = f'cx="{x(node.time_nanos):.1f}" cy="{y(node.value):.1f}" r="{radius:.1f}"'
        names = f'data-at="{at}" data-parent="{node.parent}"'
        title = f"<title>{escape(node.words)}</title>"
        yield f'<circle class="node {node.kind}" {names} {place}>{title}</circle>'


def _roots(tree: CauseTree, x: Scale, y: Scale, size: drawn.Size) -> Iterator[str]:
    """A triangle for each; the name beside the first of each name, the most frequent names first."""
    counts: dict[str, int] = {}
    for root in tree.roots:
        counts[root.name] = counts.get(root.name, 0) + 1
    named = set(sorted(counts, key=lambda name: -counts[name])[:_NAMED_ROOTS])
    taken: list[float] = []
    for root in tree.roots:
        across, down = x(root.time_nanos), y(root.value)
        yield (f'<path class="root" d="M{across:.1f} {down - 4:.1f}l4 7h-8z"><title>{escape(root.name)}</title></path>')
        if root.name not in named or any(abs(down - other) < 15 for other in taken):
            continue
        named.discard(root.name)
        taken.append(down)
        half = 3.3 * len(root.name)
        middle = min(max(across, size.left + half + 4), size.x_last - half)
        yield f'<text class="name" x="{middle:.1f}" y="{down + 17:.1f}" text-anchor="middle">{escape(root.name)}</text>'
