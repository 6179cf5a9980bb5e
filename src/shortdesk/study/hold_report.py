"""A held short to be looked at: the rows of its tables, its charts, and the page that carries all of it."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Literal, NamedTuple

from shortdesk.ground.fine import plain
from shortdesk.intake import Bars, format_interval, format_time
from shortdesk.study.figure import (
    Candles,
    Fact,
    Facts,
    FlowChart,
    Line,
    Marker,
    MarkerKind,
    Part,
    PathChart,
    PriceChart,
    Prose,
    Section,
    Table,
    Verdict,
    page,
)
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.hold_words import amount, percent, price, verdict

__all__ = [
    "Charts",
    "charts",
    "facts",
    "footer_of",
    "heading",
    "ladder_rows",
    "money_rows",
    "page_of",
    "sections_of",
    "subheading",
]

_HOUR_NANOS = 3_600_000_000_000
_MINUS = "−"
_MOST_OF_IT = 0.7
"""A life longer than this part of the span needs no second chart of what came after."""
_MARKERS: dict[str, MarkerKind] = {"opened": "entry", "liquidated": "liquidation", "closed": "exit"}


def heading(result: HoldResult) -> str:
    """What was held, in a few words."""
    return f"Short {plain(result.quantity, 8)} {result.base}, {result.symbol} on {result.name}"


def subheading(result: HoldResult) -> str:
    """How and when it was held."""
    span = f"{format_time(result.opened_nanos)} to {format_time(result.last_nanos)} UTC"
    bars = f"bars of {format_interval(result.prices.interval_nanos)}"
    return f"{result.mode} {plain(result.leverage, 2)}x, {span}, {bars}"


def signed(value: Decimal, settle: str) -> str:
    """Money with its sign, a true minus."""
    text = amount(abs(value), settle)
    return text if not value else f"+{text}" if value > 0 else f"{_MINUS}{text}"


def _mood(result: HoldResult) -> Literal["good", "bad"]:
    return "good" if result.totals.profit >= 0 else "bad"


def money_rows(result: HoldResult) -> list[tuple[str, str]]:
    """The lines that add up from what was put in to what came back; those that are nothing are left out."""
    totals, settle = result.totals, result.settle
    lines = [
        ("put in: wallet and fee to open", totals.stake),
        ("margin added", totals.added),
        ("price, from entry to exit", totals.price_profit),
        ("funding", totals.funding),
        ("interest", -totals.interest),
        ("fee to open", -totals.open_fee),
        ("fee to close", -totals.close_fee),
        ("liquidation fee", -totals.liquidation_fee),
        ("margin kept by the venue", -totals.kept_by_venue),
        ("loss beyond the wallet, paid by others", totals.covered_by_others),
    ]
    rows = [(name, signed(value, settle)) for name, value in lines if value]
    return [*rows, ("came back", amount(totals.money_back, settle))]


def facts(result: HoldResult) -> list[Fact]:
    """The figures that tell the story."""
    totals, settle = result.totals, result.settle
    ending = "liquidated at" if result.liquidated else "closed at"
    days = f"{result.days:.0f}" if result.days >= 2 else f"{result.days:.1f}"
    return [
        Fact(
            "result",
            f"{signed(totals.profit, settle)} {settle}",
            f"{percent(100 * totals.return_on_margin)} of what was put in",
            _mood(result),
        ),
        Fact("entry", price(result.entry_price), f"worth {amount(result.notional, 'USD')} {result.quote}"),
        Fact(
            ending,
            price(result.exit_price),
            f"{percent(100 * (result.exit_price / result.entry_price - 1))} from the entry",
        ),
        _liquidation_fact(result),
        Fact("held", f"{days} days", f"{len(result.bars)} bars of {format_interval(result.prices.interval_nanos)}"),
        _carry_fact(result),
        Fact(
            "worst price met",
            price(result.highest_price),
            f"{percent(result.worst_move_pct)}, {amount(result.worst_loss, settle)} {settle} under water",
        ),
        _needed_fact(result),
    ]


def _liquidation_fact(result: HoldResult) -> Fact:
    if result.liquidation_price is None:
        return Fact("liquidation price", "none", "the coins in the wallet back the whole short")
    away = f"{percent(100 * (result.liquidation_price / result.entry_price - 1))} from the entry, at the opening"
    return Fact("liquidation price", price(result.liquidation_price), away)


def _carry_fact(result: HoldResult) -> Fact:
    totals, settle = result.totals, result.settle
    if result.kind in ("linear", "inverse"):
        count = len(result.payments)
        note = f"{count} payments" if count else "none counted"
        if result.funding_uncertainty:
            note += f", known to within {amount(result.funding_uncertainty, settle)}"
        return Fact("funding", f"{signed(totals.funding, settle)} {settle}", note)
    return Fact("interest", f"{signed(-totals.interest, settle)} {settle}", "bought back at the end")


def _needed_fact(result: HoldResult) -> Fact:
    least = max(result.smallest_wallet, Decimal(0))
    most = result.leverage_survived
    if most is None:
        return Fact("wallet needed to live", "0", "no wallet at all would have been needed")
    return Fact(
        "wallet needed to live",
        f"{amount(least, result.settle)} {result.settle}",
        f"{plain(most)} times leverage at most",
    )


def ladder_rows(result: HoldResult) -> list[tuple[str, ...]]:
    """The same short at other leverages: leverage, wallet, liquidation price, what became of it, result, return."""
    rows: list[tuple[str, ...]] = []
    for rung in result.ladder:
        mark = " (this one)" if rung.leverage == result.leverage else ""
        fate = "lived" if rung.died_nanos is None else format_time(rung.died_nanos)[:10]
        rows.append(
            (
                f"{plain(rung.leverage, 2)}x{mark}",
                amount(rung.wallet, result.settle),
                "–" if rung.liquidation_price is None else price(rung.liquidation_price),
                fate,
                signed(rung.profit, result.settle),
                percent(100 * rung.return_on_margin),
            )
        )
    return rows


class Charts(NamedTuple):
    """The pictures of a held short; ``after`` shows the whole span where the short died early in it."""

    price: PriceChart
    after: PriceChart | None
    equity: PathChart
    funding: FlowChart | None


def charts(result: HoldResult) -> Charts:
    """Price with the liquidation price, what came after a liquidation, equity, and funding where any was paid."""
    step = result.prices.interval_nanos
    lived = _bar_end(result, len(result.bars) - 1) - result.opened_nanos
    # Some bars beyond the death show what it was spared, and where the wick stood among its neighbours.
    seen = result.opened_nanos + lived + max(lived // 8, 4 * step)
    title = "Price and liquidation price"
    if result.liquidated is None or seen - result.opened_nanos > _MOST_OF_IT * (
        result.last_nanos - result.opened_nanos
    ):
        return Charts(_price_chart(result, result.prices, title), None, _equity_chart(result), _funding_chart(result))
    near = result.prices.between(int(result.prices.open_time_nanos[0]), seen)
    after = _price_chart(result, result.prices, "What came after", height=12)
    return Charts(_price_chart(result, near, title), after, _equity_chart(result), _funding_chart(result))


def _price_chart(result: HoldResult, bars: Bars, title: str, height: int = 18) -> PriceChart:
    scale = 10.0**bars.price_decimals
    candles = Candles(
        times=bars.open_time_nanos,
        close=bars.close / scale,
        interval_nanos=bars.interval_nanos,
        open=None if bars.open is None else bars.open / scale,
        high=None if bars.high is None else bars.high / scale,
        low=None if bars.low is None else bars.low / scale,
    )
    stop = _bar_end(result, len(result.bars) - 1)
    entry = float(result.entry_price)
    levels = [Line("entry price", [result.opened_nanos, stop], [entry, entry], tone="quiet", steps=True)]
    border = _liquidation_line(result)
    if border is not None:
        levels.insert(0, border)
    whole_story = height > 12
    markers = [
        Marker(event.time_nanos, float(event.price), event.text, kind=_MARKERS.get(event.kind, "event"))
        for event in result.events
        if whole_story or event.kind in _MARKERS
    ]
    told = "Mark prices decide; the bars are last trades." if result.uses_mark else ""
    return PriceChart(title, candles, levels, markers, unit=result.quote, description=told, height=height)


def _liquidation_line(result: HoldResult) -> Line | None:
    if result.liquidation_price is None:
        return None
    times, values = [result.opened_nanos], [float(result.liquidation_price)]
    for index, bar in enumerate(result.bars):
        if bar.liquidation_price is not None:
            times.append(_bar_end(result, index))
            values.append(float(bar.liquidation_price))
    return Line("liquidation price", times, values, tone="danger", steps=True)


def _equity_chart(result: HoldResult) -> PathChart:
    times = [result.opened_nanos, *(_bar_end(result, index) for index in range(len(result.bars)))]
    equity = [float(result.wallet), *(float(bar.equity) for bar in result.bars)]
    return PathChart(
        "Equity behind the short",
        [Line("equity", times, equity)],
        baseline=float(result.wallet),
        unit=result.settle,
        description="Wallet and unrealised profit at the end of each bar; the line is the wallet at the opening.",
    )


def _bar_end(result: HoldResult, index: int) -> int:
    following = index + 1
    step = result.prices.interval_nanos
    if following < len(result.bars):
        return min(result.bars[index].open_nanos + step, result.bars[following].open_nanos)
    return result.bars[index].open_nanos + step


def _funding_chart(result: HoldResult) -> FlowChart | None:
    if not result.payments:
        return None
    times = [payment.time_nanos for payment in result.payments]
    steps = [later - earlier for earlier, later in pairwise(times)]
    return FlowChart(
        "Funding",
        times,
        [float(payment.amount) for payment in result.payments],
        interval_nanos=min(steps, default=8 * _HOUR_NANOS),
        unit=result.settle,
        description="Above zero the short received.",
    )


def sections_of(result: HoldResult) -> list[Section]:
    """The whole result in the order in which it is read."""
    shown: list[Part] = [chart for chart in charts(result) if chart is not None]
    money = Table("Where the money went", ("", result.settle), money_rows(result))
    columns = ("leverage", "wallet", "dies at", "died on", f"result, {result.settle}", "return")
    ladder = Table("The same short at other leverages", columns, ladder_rows(result))
    story = Table(
        "What happened",
        ("UTC", "event", "price"),
        [(format_time(event.time_nanos), event.text, price(event.price)) for event in result.events],
    )
    answer: list[Part] = [Verdict(verdict(result), _mood(result)), Facts(facts(result))]
    if result.warnings:
        answer.append(Prose([f"Warning: {warning}." for warning in result.warnings]))
    return [
        Section("", answer),
        Section("The way", shown),
        Section("The money", [money]),
        Section("What if", [Prose([_what_if(result)]), ladder]),
        Section("The story", [story]),
        Section("How far to trust this", [Prose([*result.assumptions, *_sentences(result.notes)])]),
    ]


def footer_of(result: HoldResult) -> list[str]:
    """Where the data and the rules came from."""
    return ["Sources", *result.sources]


def page_of(result: HoldResult) -> str:
    """The whole result as one HTML page that carries everything in itself, without script."""
    return page(heading(result), sections_of(result), subtitle=subheading(result), footer=footer_of(result))


def _what_if(result: HoldResult) -> str:
    most = result.leverage_survived
    if most is None:
        return "The price never stood against this short: any wallet would have lived."
    least = amount(result.smallest_wallet, result.settle)
    return (
        f"A wallet of {least} {result.settle} or more, {plain(most)} times leverage at most, would have lived through "
        "the whole span; with less it dies. Each line below has its own initial margin as its wallet."
    )


def _sentences(notes: tuple[str, ...]) -> list[str]:
    return [f"{note[:1].upper()}{note[1:]}." for note in notes]
