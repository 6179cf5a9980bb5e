"""The page of a held short: its candles with entry and liquidation price, its equity and its funding below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from shortdesk.doors.pages.figures import MOST, Row, candle_rows, lines_on, marks_on, row_of, series_of
from shortdesk.doors.pages.shell import Panel, Store, live_page
from shortdesk.study.figure import FlowChart, Part, PathChart, PriceChart
from shortdesk.study.hold_report import footer_of, heading, sections_of, subheading
from shortdesk.study.hold_result import HoldResult

__all__ = ["hold_page"]

_SECOND_NS = 10**9


def hold_page(result: HoldResult) -> str:
    """A held short as one file that opens offline.

    Its first chart shows the span of the short and can be moved to what came after, so that has no chart of its own.
    """
    sections = sections_of(result)
    charts = [part for section in sections for part in section.parts if isinstance(part, PriceChart)]
    lead, widest = charts[0], charts[-1]
    candles = widest.candles.grouped(MOST)
    row = row_of(candles)

    def panels(part: Part) -> Sequence[Panel]:
        if part is lead:
            return [Panel("sd-chart")]
        if isinstance(part, PriceChart):
            return [Panel()]
        return [series_of(row, part)] if isinstance(part, PathChart | FlowChart) else []

    store = Store(
        parts={
            "head": _head(result, row, lead),
            "lines": lines_on(row, lead),
            "marks": marks_on(row, lead.markers),
        },
        candles=candle_rows(candles),
    )
    return live_page(
        heading(result), sections, entry="hold", store=store, panels=panels, subtitle=subheading(result),
        footer=footer_of(result),
    )  # fmt: skip


def _head(result: HoldResult, row: Row, lead: PriceChart) -> dict[str, Any]:
    """What the chart has to know; ``seen`` are the first and the last candle of the short's own span."""
    last = int(np.searchsorted(row.opens_ns, lead.candles.stop_nanos, side="left")) - 1
    places = result.prices.price_decimals
    return {
        "instrument": result.symbol, "base": result.base, "quote": result.quote, "venue": result.name,
        "candle_s": row.step_ns // _SECOND_NS, "price_places": places, "tick": 10.0**-places, "bin": 1.0,
        "whole": True, "under": "the liquidation price" if result.liquidation_price is not None else "the entry price",
        "seen": [0, last] if last < len(row.opens_ns) - 1 else None,
    }  # fmt: skip
