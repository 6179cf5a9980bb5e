"""Floor 3: the past comes in: bars and funding histories from public formats, and the sample that ships."""

from shortdesk.intake.bars import Bars, Label, read_bars
from shortdesk.intake.clock import Gap
from shortdesk.intake.clock_offset import ClockOffset, clock_offset
from shortdesk.intake.findings import Finding
from shortdesk.intake.funding import FundingHistory, RateUnit, read_funding
from shortdesk.intake.samples import Product, SampleSeries, sample_bars, sample_funding, shipped
from shortdesk.intake.times import format_interval, format_time, parse_interval, parse_time

__all__ = [
    "Bars",
    "ClockOffset",
    "Finding",
    "FundingHistory",
    "Gap",
    "Label",
    "Product",
    "RateUnit",
    "SampleSeries",
    "clock_offset",
    "format_interval",
    "format_time",
    "parse_interval",
    "parse_time",
    "read_bars",
    "read_funding",
    "sample_bars",
    "sample_funding",
    "shipped",
]
