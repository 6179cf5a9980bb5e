"""The page: well-formed, self-contained, escaped, readable without colour, script or network."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from shortdesk.intake.times import HOUR_NANOS, parse_time
from shortdesk.study.figure import (
    Candles,
    Fact,
    Facts,
    FlowChart,
    Line,
    Marker,
    PathChart,
    PriceChart,
    Prose,
    Section,
    Table,
    Verdict,
    page,
)

VOID = {"meta", "br", "hr", "img", "input", "link"}
START = parse_time("2020-12-01")
DAY = 24 * HOUR_NANOS
HOSTILE = "<script>alert('x')</script> & \"quoted\" </td></svg>"


class Reader(HTMLParser):
    """Checks that every tag is closed in order, and keeps tags, attributes and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    def of(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


def charts() -> tuple[PriceChart, PathChart, FlowChart]:
    days = START + DAY * np.arange(45)
    close = 19_700 + 450.0 * np.arange(45)
    candles = Candles(days, close, DAY, close - 300, close + 500, close - 600)
    levels = [
        Line("liquidation price", days, np.full(45, 38_000.0), "danger", steps=True),
        Line("entry", [int(days[0]), int(days[-1]) + DAY], [19_700.0, 19_700.0], "quiet", steps=True),
    ]
    markers = [
        Marker(START, 19_700.0, "sold 2 BTC short at 19,700.00", "entry"),
        Marker(START + 41 * DAY, 38_000.0, "liquidated at 38,000.00", "liquidation"),
    ]
    price = PriceChart("BTCUSDT, daily bars", candles, levels, markers, "USDT", "The short dies at the dashed line.")
    path = PathChart("Equity", [Line("equity", days, 13_000 - 2 * close + 39_400)], baseline=13_000.0, unit="USDT")
    times = START + 8 * HOUR_NANOS * np.arange(1, 130)
    flow = FlowChart("Funding", times, np.sin(np.arange(129)) * 9, 8 * HOUR_NANOS, "USDT")
    return price, path, flow


def report() -> str:
    price, path, flow = charts()
    table = Table(
        "At the end of each month",
        ["month", "close", "distance"],
        [["2020-12", "28,951.68", "−7.1%"], ["2021-01", "33,092.98", "–"]],
        note="Prices in USDT.",
    )
    sections = [
        Section(
            "",
            [
                Verdict("Liquidated on 2021-01-11.", "bad"),
                Facts([Fact("Result", "−13,000.00 USDT", "all of it", "bad")]),
            ],
        ),
        Section("What happened", [price, path, flow, table, Prose(["Daily bars do not tell the hour."])]),
    ]
    return page("2 BTC short", sections, subtitle="isolated, 3×", footer=["shortdesk"])


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_it_is_well_formed_and_says_everything() -> None:
    reader = read(report())
    words = " ".join(reader.words)
    for expected in (
        "2 BTC short", "isolated, 3×", "Liquidated on 2021-01-11.", "−13,000.00 USDT", "all of it", "28,951.68",
        "−7.1%", "shortdesk", "sold 2 BTC short at 19,700.00", "liquidated at 38,000.00", "2021-01-11 00:00",
        "liquidation price", "At the end of each month", "Prices in USDT.", "Daily bars do not tell the hour.",
    ):  # fmt: skip
        assert expected in words
    assert "2020-12-01 00:00: open 19,400, high 20,200, low 19,100, close 19,700" in words


def test_it_needs_nothing_from_anywhere() -> None:
    text = report()
    reader = read(text)
    assert "://" not in text
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe", "object", "embed", "base", "form"}
    assert not [attrs for _, attrs in reader.tags if {"src", "href", "srcset", "action"} & set(attrs)]
    assert not [name for _, attrs in reader.tags for name in attrs if name.startswith("on")]
    assert re.findall(r"url\((?!#)", text) == []
    assert "@import" not in text
    policy = next(attrs for attrs in reader.of("meta") if attrs.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_it_is_for_phones_dark_rooms_and_paper() -> None:
    text = report()
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media (prefers-color-scheme: dark)" in text
    assert "@media (max-width: 640px)" in text
    assert "@media print" in text
    assert '<html lang="en">' in text


def test_charts_can_be_read_aloud() -> None:
    text = report()
    reader = read(text)
    ids = [attrs["id"] for _, attrs in reader.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    drawings = [attrs for attrs in reader.of("svg") if "chart" in attrs["class"].split()]
    assert len(drawings) == 6
    for attrs in drawings:
        assert attrs["role"] == "img"
        assert set(attrs["aria-labelledby"].split()) <= set(ids)
    assert [
        attrs for attrs in reader.of("svg") if "icon" in attrs["class"].split() and attrs["aria-hidden"] != "true"
    ] == []
    for attrs in (attrs for _, attrs in reader.tags if "clip-path" in attrs):
        assert attrs["clip-path"][5:-1] in ids
    assert "\0" not in text


def test_tables_have_captions_and_scopes_and_numbers_to_the_right() -> None:
    reader = read(report())
    assert len(reader.of("caption")) == len(reader.of("table")) == 1
    assert {attrs["scope"] for attrs in reader.of("th")} == {"col", "row"}
    assert [attrs.get("class") for attrs in reader.of("th")] == [None, "n", "n", None, None]
    assert [attrs.get("class") for attrs in reader.of("td")] == ["n"] * 4
    assert any(attrs.get("role") == "region" and attrs.get("tabindex") == "0" for attrs in reader.of("div"))


def test_whatever_people_write_is_only_text() -> None:
    candles = Candles([START], [5.0], DAY)
    chart = PriceChart(
        HOSTILE,
        candles,
        [Line(HOSTILE, [START, START + DAY], [5.0, 5.0], "danger", steps=True)],
        [Marker(START, 5.0, HOSTILE, "event")],
        HOSTILE,
        HOSTILE,
    )
    parts = [
        Verdict(HOSTILE), Prose([HOSTILE]), Facts([Fact(HOSTILE, HOSTILE, HOSTILE)]), chart,
        PathChart(HOSTILE, [Line(HOSTILE, [START], [at]) for at in (1.0, 2.0)], unit=HOSTILE, description=HOSTILE),
        FlowChart(HOSTILE, [START], [1.0], DAY, HOSTILE, HOSTILE), Table(HOSTILE, [HOSTILE], [[HOSTILE]], HOSTILE),
    ]  # fmt: skip
    text = page(HOSTILE, [Section(HOSTILE, parts)], subtitle=HOSTILE, footer=[HOSTILE])
    reader = read(text)
    assert not reader.of("script")
    assert "<script" not in text
    assert "".join(reader.words).count("<script>alert('x')</script>") >= 20


def test_the_phone_gets_its_own_drawing() -> None:
    price, path, flow = charts()
    for chart in (price, path, flow):
        wide, narrow = re.findall(r'<svg class="chart (\w+)" viewBox="0 0 (\d+) (\d+)"', chart.svg())
        assert (wide[0], int(wide[1])) == ("wide", 860)
        assert (narrow[0], int(narrow[1])) == ("narrow", 380)


def test_the_dead_side_of_a_short_is_above_the_line() -> None:
    """Also when the market went on rising after the liquidation."""
    price, _, _ = charts()
    early = Line("liquidation", [START, START + 5 * DAY], [22_000.0, 22_000.0], "danger", steps=True)
    drawn = PriceChart("", price.candles, [early]).svg()
    zone = re.search(r'class="zone" d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)', drawn)
    assert zone
    assert float(zone[1]) < float(zone[2])


def test_names_of_levels_do_not_cover_each_other() -> None:
    price, _, _ = charts()
    last = price.candles.stop_nanos
    levels = [
        Line(name, [START, last], [value, value], steps=True)
        for name, value in (("a", 30_000.0), ("b", 30_100.0), ("c", 29_950.0))
    ]
    drawn = PriceChart("", price.candles, levels).svg()
    heights = sorted(float(y) for y in re.findall(r'class="name plain" x="[\d.]+" y="([\d.]+)"', drawn))
    assert len(heights) == 3
    assert min(np.diff(heights)) >= 12


def test_many_bars_make_a_small_page() -> None:
    count = 35_000
    close = 30_000 + 1_000 * np.sin(np.arange(count) / 500)
    candles = Candles(START + HOUR_NANOS * np.arange(count), close, HOUR_NANOS, close, close + 9, close - 9)
    line = Line("equity", START + HOUR_NANOS * np.arange(count), close)
    text = page(
        "years of hours", [Section("", [PriceChart("price", candles), PathChart("equity", [line], baseline=30_000.0)])]
    )
    assert len(text) < 400_000


def test_the_same_data_make_the_same_page(tmp_path: Path) -> None:
    assert report() == report()
    with pytest.raises(ValueError, match="zip"):
        page("", [Section("", [Table("t", ["a", "b"], [["1", "2"], ["3"]])])])
