"""Charts in a terminal: exact cells on a small example, any width, and nothing but ASCII where that is all there is."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from shortdesk.intake.samples import sample_bars, sample_funding
from shortdesk.intake.times import HOUR_NANOS, parse_time
from shortdesk.study.figure import Candles, FlowChart, Line, Marker, PathChart, PriceChart
from shortdesk.study.figure.terminal import Canvas, Plot, draw_candles, draw_flow, draw_line, draw_markers

DAY = 24 * HOUR_NANOS


def shown(chart: object, width: int = 80, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    text = io.TextIOWrapper(raw, encoding=encoding, newline="")
    Console(width=width, file=text, color_system=None, force_terminal=False).print(chart)
    text.flush()
    return raw.getvalue().decode(encoding).splitlines()


def plot(width: int, height: int, high: float, *, low: float = 0.0, ascii_only: bool = False) -> Plot:
    return Plot(Canvas(width, height), 0, width, low, high, ascii_only)


def rows(on: Plot) -> list[str]:
    return [on.canvas.row(index).plain for index in range(on.canvas.height)]


def squeeze() -> PriceChart:
    bars = sample_bars("BTCUSDT", "2020-12-01", "2021-01-15")
    scale = 10.0**bars.price_decimals
    candles = Candles(
        bars.open_time_nanos,
        bars.close / scale,
        bars.interval_nanos,
        bars.open / scale,
        bars.high / scale,
        bars.low / scale,
    )
    start, death = parse_time("2020-12-01"), parse_time("2020-12-27")
    return PriceChart(
        "BTCUSDT",
        candles,
        [Line("liquidation", [start, death], [26_100.0, 26_150.0], "danger", steps=True)],
        [
            Marker(start, 19_697.0, "sold 2 BTC short at 19,697.00", "entry"),
            Marker(death, 26_150.0, "liquidated at 26,150.00", "liquidation"),
        ],
        unit="USDT",
    )


@pytest.mark.parametrize(
    ("open_", "high", "low", "close", "column", "plain"),
    [
        (2.0, 7.5, 0.5, 6.0, "╽┃┃│", "+++|"),  # rising: body in halves 2 to 6, wick in 0 to 7
        (6.0, 7.5, 0.5, 2.0, "╽┃┃│", "###|"),  # falling
        (3.5, 3.5, 3.5, 3.5, "  ╹ ", "  + "),  # one price
        (4.5, 5.5, 4.5, 4.5, " ╽  ", " +  "),
        (1.5, 6.5, 1.5, 1.5, "╷││╹", "|||+"),
    ],
)
def test_a_candle_is_exact_to_half_a_row(
    open_: float, high: float, low: float, close: float, column: str, plain: str
) -> None:
    for ascii_only, expected in ((False, column), (True, plain)):
        on = plot(1, 4, 8.0, ascii_only=ascii_only)
        draw_candles(on, Candles([0], [close], 1, [open_], [high], [low]))
        assert "".join(rows(on)) == expected


def test_a_level_is_a_row_of_dots_where_it_holds() -> None:
    on = plot(8, 2, 8.0)
    draw_line(on, Line("liquidation", [2, 6], [6.5, 6.5], "danger", steps=True))
    draw_line(on, Line("entry", [0, 8], [0.5, 0.5], "quiet", steps=True))
    assert rows(on) == ["  ⠒⠒⠒⠒  ", "⡀⡀⡀⡀⡀⡀⡀⡀"]


def test_a_line_joins_its_points() -> None:
    on = plot(4, 2, 8.0)
    draw_line(on, Line("equity", [0, 4], [0.0, 8.0]))
    assert rows(on) == ["  ⡠⠊", "⡠⠊  "]
    on = plot(2, 4, 16.0, ascii_only=True)
    draw_line(on, Line("equity", [0, 1, 2], [0.5, 0.5, 15.5]))
    assert [row[1] for row in rows(on)] == [" ", "*", "*", "*"]


def test_flows_stand_on_zero() -> None:
    on = plot(4, 4, 4.0, low=-4.0)
    draw_flow(on, {0: 3.5, 1: 0.5, 2: -0.5, 3: -3.5}, 1)
    assert rows(on) == ["█   ", "█▄  ", "  ▀█", "   █"]


def test_markers_outside_the_range_stand_at_the_edge() -> None:
    on = plot(3, 2, 4.0)
    draw_markers(on, [Marker(1, 99.0, "far above", "liquidation"), Marker(2, -9.0, "far below", "exit")])
    assert rows(on) == [" ✖ ", "  ▲"]


@pytest.mark.parametrize("width", [24, 40, 79, 80, 120, 200])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_every_line_fits_the_window(width: int, encoding: str) -> None:
    times = [parse_time("2020-12-01") + 8 * HOUR_NANOS * row for row in range(1, 79)]
    charts = [
        squeeze(),
        PathChart("Equity", [Line("equity", times, np.linspace(13_000, -200, 78))], baseline=13_131.33, unit="USDT"),
        FlowChart("Funding", times, np.linspace(-12, 40, 78), 8 * HOUR_NANOS, unit="USDT"),
    ]
    for chart in charts:
        lines = shown(chart, width, encoding)
        assert max(cell_len(line) for line in lines) <= width
        assert len(lines) > chart.height


def test_the_chart_tells_the_whole_story() -> None:
    lines = shown(squeeze(), 100)
    assert lines[0] == "BTCUSDT  USDT"
    assert any(line.startswith("30,000 ┤") for line in lines)
    assert any("1 Dec 2020" in line and "1 Jan 2021" in line for line in lines)
    assert "⠒⠒⠒ liquidation" in lines[-3]
    assert lines[-2:] == [
        "▼ 2020-12-01 00:00  sold 2 BTC short at 19,697.00",
        "✖ 2020-12-27 00:00  liquidated at 26,150.00",
    ]
    plotted = lines[1:19]
    assert sum(line.count("▼") for line in plotted) == 1
    assert sum(line.count("✖") for line in plotted) == 1
    level = next(line for line in plotted if line.count("⠒") + line.count("⠤") + line.count("⠉") + line.count("⣀") > 20)
    below = plotted[plotted.index(level) + 1 :]
    assert any("▼" in line for line in below)


def test_ascii_says_the_same() -> None:
    lines = shown(squeeze(), 100, "ascii")
    assert "\n".join(lines).isascii()
    assert lines[-2:] == [
        "v 2020-12-01 00:00  sold 2 BTC short at 19,697.00",
        "X 2020-12-27 00:00  liquidated at 26,150.00",
    ]
    assert any(line.startswith("30,000 +") for line in lines)


def test_minus_signs_survive_ascii() -> None:
    chart = PathChart("Result · 3×", [Line("result", [0, DAY], [-500.0, 100.0])], baseline=0.0)
    assert any(line.startswith("-400 +") for line in shown(chart, 60, "ascii"))
    assert shown(chart, 60, "ascii")[0] == "Result . 3x"
    assert any(line.startswith("−400 ┤") for line in shown(chart, 60))


def test_bars_get_equal_columns() -> None:
    """75 groups of two bars in a window of 92 columns would otherwise stand unevenly."""
    bars = 150
    prices = 100 + np.arange(bars) % 2
    chart = PriceChart("", Candles(np.arange(bars) * DAY, prices, DAY, prices, prices + 1.0, prices - 1.0))
    plotted = [line.partition("┤" if "┤" in line else "│")[2] for line in shown(chart, 100)[1:19]]
    filled = {column for line in plotted for column, sign in enumerate(line) if sign in "┃╽╿╻╹│"}
    assert len(filled) == 75
    assert max(filled) - min(filled) == 74


def test_a_level_far_away_is_told_and_not_drawn() -> None:
    chart = squeeze()
    far = PriceChart(
        chart.title, chart.candles, [Line("liquidation", [chart.candles.start_nanos], [400_000.0], "danger", True)]
    )
    assert far.bounds[1] < 45_000
    assert shown(far)[-1] == "liquidation: 400,000, beyond the chart"


def test_closes_alone_are_a_line() -> None:
    bars = sample_bars("BTCUSDT", "2023-03-24", "2023-03-25", interval="1h")
    chart = PriceChart("closes", Candles(bars.open_time_nanos, bars.close / 10.0**bars.price_decimals, HOUR_NANOS))
    text = "\n".join(shown(chart))
    assert not set("┃╽╿╻╹") & set(text)
    assert any(0x2800 < ord(sign) < 0x2900 for sign in text)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_the_smallest_charts(encoding: str) -> None:
    one = Candles([parse_time("2021-05-19")], [35_000.0], DAY, [40_000.0], [41_000.0], [28_688.0])
    assert shown(PriceChart("one bar", one), 60, encoding)
    assert shown(PriceChart("one price", Candles([0, DAY], [5.0, 5.0], DAY)), 60, encoding)
    assert shown(PathChart("one point", [Line("equity", [0], [5.0])]), 60, encoding)
    assert shown(FlowChart("one payment", [DAY], [-1.0], DAY), 60, encoding)


def test_payments_are_summed_by_day_where_the_window_is_narrow() -> None:
    funding = sample_funding("BTCUSDT", "2020-12-01", "2021-01-15")
    amounts = funding.rate * 1e-8 * 40_000
    chart = FlowChart("Funding", funding.time_nanos, amounts, 8 * HOUR_NANOS, unit="USDT")
    assert shown(chart, 200)[0] == "Funding  USDT"
    assert shown(chart, 80)[0] == "Funding  USDT per day"
    assert shown(chart, 30)[0] == "Funding  USDT per 7d"
    for most in (10, 60, 500):
        sums, _ = chart.grouped(most)
        assert sum(sums.values()) == pytest.approx(amounts.sum())
