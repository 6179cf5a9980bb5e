"""Charts in a terminal and pages that carry everything in themselves, from plain data."""

from shortdesk.study.figure.charts import FlowChart, PathChart, PriceChart
from shortdesk.study.figure.page import Fact, Facts, Part, Prose, Section, Table, Verdict, drawn, page
from shortdesk.study.figure.series import Candles, Line, Marker, MarkerKind, Tone

__all__ = [
    "Candles",
    "Fact",
    "Facts",
    "FlowChart",
    "Line",
    "Marker",
    "MarkerKind",
    "Part",
    "PathChart",
    "PriceChart",
    "Prose",
    "Section",
    "Table",
    "Tone",
    "Verdict",
    "drawn",
    "page",
]
