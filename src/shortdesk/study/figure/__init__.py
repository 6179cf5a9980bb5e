"""Charts in a terminal and pages that carry everything in themselves, from plain data."""

from shortdesk.study.figure.charts import FlowChart, PathChart, PriceChart
from shortdesk.study.figure.curve import Curve, CurveChart, PriceMark
from shortdesk.study.figure.page import Around, Fact, Facts, Part, Prose, Section, Table, Verdict, body_of, drawn, page
from shortdesk.study.figure.series import Candles, Line, Marker, MarkerKind, Tone
from shortdesk.study.figure.tree import CauseTree, NodeKind, TreeNode, TreeRoot

__all__ = [
    "Around",
    "Candles",
    "CauseTree",
    "Curve",
    "CurveChart",
    "Fact",
    "Facts",
    "FlowChart",
    "Line",
    "Marker",
    "MarkerKind",
    "NodeKind",
    "Part",
    "PathChart",
    "PriceChart",
    "PriceMark",
    "Prose",
    "Section",
    "Table",
    "Tone",
    "TreeNode",
    "TreeRoot",
    "Verdict",
    "body_of",
    "drawn",
    "page",
]
