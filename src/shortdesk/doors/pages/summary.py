"""What came of a run in words: the figures of an instrument, the funds, the makers; for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from shortdesk.doors.cli.stage_inputs import clock_text
from shortdesk.ground.fine import plain
from shortdesk.stage.run import FundSummary, InstrumentSummary, RunSummary

__all__ = ["figure_rows", "fund_words", "makers_words", "money"]


def money(value: Decimal) -> str:
    """Whole units with thousands apart."""
    return f"{value:,.0f}"


def figure_rows(one: InstrumentSummary) -> Iterator[tuple[str, str, str, str]]:
    """Name, price or count, size or change, worth or time."""

    def size(lots: int) -> str:
        return f"{lots * one.lot:,.0f} {one.asset}" if lots * one.lot >= 100 else f"{plain(lots * one.lot)} {one.asset}"

    def worth(amount: Decimal) -> str:
        return f"{money(amount)} {one.quote}"

    yield "opened at", plain(one.opening), "", ""
    yield "measured from", plain(one.base), "", ""
    yield "peak", plain(one.peak), f"{one.peak_pct:+.2f} %", f"at {clock_text(one.peak_s)}"
    yield "trough", plain(one.trough), f"{one.trough_pct:+.2f} %", f"at {clock_text(one.trough_s)}"
    yield "last", plain(one.last), "", ""
    yield "trades", f"{one.fills:,}", "", worth(one.traded)
    yield "liquidations", f"{one.liquidations:,}", size(one.liquidation_lots), worth(one.liquidated)
    yield "taken over", "", size(one.taken_over_lots), ""
    yield "stops", f"{one.stops:,}", size(one.stop_lots), worth(one.stopped)
    yield "deleveraged", f"{one.adl:,}", size(one.adl_lots), worth(one.deleveraged)
    yield "losses others paid", "", "", worth(one.bad_debt)


def fund_words(fund: FundSummary) -> str:
    """What became of an insurance fund."""
    change = fund.after - fund.before
    lost = f", {money(fund.deficit)} not covered" if fund.deficit else ""
    text = f"insurance fund of {fund.venue}: {money(fund.before)} {fund.asset} before, {money(fund.after)} after"
    return f"{text} ({change:+,.0f}){lost}"


def makers_words(found: RunSummary) -> str:
    """How many makers there were, and how often they left."""
    times = "once" if found.maker_leaves == 1 else f"{found.maker_leaves} times"
    away = f"away {100 * found.maker_absence:.1f} % of their time"
    return f"makers: {found.makers}, at the fewest {found.fewest_makers} quoting; left {times}, {away}"
