"""A post-mortem to be looked at: its tables, its charts, and the page that carries all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind
from shortdesk.study.figure import (
    Candles,
    Fact,
    Facts,
    FlowChart,
    Line,
    Marker,
    Part,
    PathChart,
    PriceChart,
    Prose,
    Section,
    Table,
    Tone,
    Verdict,
    page,
)
from shortdesk.study.postmortem import Postmortem, Winner
from shortdesk.study.postmortem_causes import ForcedKind
from shortdesk.study.postmortem_money import COLUMNS, Flows
from shortdesk.study.postmortem_push import Booked
from shortdesk.study.postmortem_tape import Ints, Tape, signed
from shortdesk.study.postmortem_timeline import fund_level, makers_away
from shortdesk.study.postmortem_tree import cause_tree
from shortdesk.study.postmortem_worth import Gains

__all__ = [
    "ANSWERED",
    "candles_of",
    "clock",
    "facts",
    "flow_tables",
    "footer_of",
    "forced_chart",
    "generations_table",
    "heading",
    "page_of",
    "people_tables",
    "price_chart",
    "pushed_tables",
    "replays_table",
    "rungs_table",
    "sections_of",
    "subheading",
    "tests_table",
    "timeline_table",
    "trust",
]

_BARS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 14_400, 86_400)
_SECOND_NS = 10**9
ANSWERED = "What would have happened otherwise"
"""The heading of what replays found, and of its table."""
_BOOKED = (
    "The middle of the book after each trade, as the next trade shows it, booked to who took; quotes that come back "
    "count against them. The lines sum exactly to its way in the move. They say who pushed, not what else could be."
)
_TREE = (
    "A forced order is booked to whoever carried the traded price to the mark that set it off; if those were forced "
    "orders too, to the root of theirs."
)


def clock(time_ns: int) -> str:
    """Date and time of day to the second, UTC."""
    return f"{datetime.fromtimestamp(time_ns // _SECOND_NS, UTC):%Y-%m-%d %H:%M:%S}"


def heading(report: Postmortem) -> str:
    """What was looked at."""
    scenario = report.tape.journal.run.scenario
    return f"Post-mortem: {report.tape.name}" + (f", {scenario}" if scenario else "")


def subheading(report: Postmortem) -> str:
    """When, and how much of it there is."""
    tape, run = report.tape, report.tape.journal.run
    seed = f", seed {run.seed}" if run.scenario else ""
    span = f"{clock(tape.start_ns)} to {clock(int(tape.time_ns[-1]))} UTC"
    return f"{span}; {len(tape):,} rows, {len(tape.fills):,} trades{seed}"


def facts(report: Postmortem) -> list[Fact]:
    """The figures that tell the story."""
    tape, move, found = report.tape, report.move, report.branching
    share = report.forced_lots / report.taken_lots if report.taken_lots else 0.0
    bought = "buying" if move.up else "selling"
    way = f"{tape.grid.price(move.begin_ticks)} to {tape.grid.price(move.peak_ticks)}"
    spread = f"{found.ratio:.2f}" if found.all else "–"
    between = f"95 %: {found.low:.2f} to {found.high:.2f}" if found.all else "no forced orders"
    gain = "–" if math.isnan(found.gain) else f"{found.gain:.2f}"
    gain_note = "not known" if math.isnan(found.gain) else f"95 %: {found.gain_low:.2f} to {found.gain_high:.2f}"
    minutes = (move.peak_ns - move.begin_ns) / (60 * _SECOND_NS)
    sizes = f"{tape.grid.size(report.forced_lots)} of {tape.grid.size(report.taken_lots)} {tape.grid.base}"
    return [
        Fact("the move", f"{move.sign * move.part:+.2%}".replace("-", "−"), way),
        Fact("its time", f"{minutes:.1f} min", f"{clock(move.begin_ns)[11:]} to {clock(move.peak_ns)[11:]}"),
        Fact(f"forced {bought}", f"{share:.1%}", sizes),
        Fact("forced orders", f"{found.all:,}", f"{len(report.forced):,} in the whole Journal"),
        Fact("set off by another", spread, between),
        Fact("density × size × impact", gain, gain_note),
        Fact("given back", f"{move.given_back:.0%}", "on average over the hour after it"),
    ]


def tests_table(report: Postmortem) -> Table:
    """The questions behind the verdict, with our thresholds."""
    words = {True: "yes", False: "no", None: "not known"}
    rows = [(one.name, one.found, one.needed, words[one.passed]) for one in report.verdict.tests]
    return Table("The verdict's questions", ("question", "found", "needed", "met"), rows, "The thresholds are ours.")


def timeline_table(report: Postmortem) -> Table:
    """What happened when."""
    rows = [(clock(one.time_ns), one.what, one.price) for one in report.timeline]
    return Table("What happened", ("UTC", "event", "price"), rows)


def pushed_tables(report: Postmortem) -> list[Table]:
    """Who moved the price, by mechanism and by root; the last line is the sum."""
    first = _pushed(report, "Who pushed, by what they did", report.by_mechanism, _BOOKED)
    second = _pushed(report, "Who pushed, by the root of the chain of causes", report.by_root, _TREE)
    return [first, second]


def _pushed(report: Postmortem, caption: str, lines: Sequence[Booked], note: str) -> Table:
    tape = report.tape
    total = Booked("sum", sum(x.half_ticks for x in lines), sum(x.lots for x in lines), sum(x.against for x in lines))
    grid, way = tape.grid, total.half_ticks or 1
    rows = [
        (
            one.name, grid.short(one.ticks * float(grid.tick)), f"{one.half_ticks / way:.0%}".replace("-", "−"),
            grid.size(one.lots), grid.size(one.against),
        )
        for one in [*lines, total]
    ]  # fmt: skip
    sides = ("bought", "sold") if report.move.up else ("sold", "bought")
    columns = ("who took", "price moved", "part", *(f"{side} {grid.base}".strip() for side in sides))
    return Table(caption, columns, rows, note)


def generations_table(report: Postmortem) -> Table:
    """First- and second-order forced orders and so on."""
    words = {
        1: "first order: set off by the free, or by the index",
        2: "second order: set off by those",
        3: "third order",
    }
    rows = [
        (
            words.get(one.number, f"{one.number}th order"), f"{one.liquidations:,}", f"{one.stops:,}",
            f"{one.buy_ins:,}", report.tape.grid.size(one.lots),
        )
        for one in report.generations
    ]  # fmt: skip
    columns = ("generation", "liquidations", "stops", "buy-ins", f"traded {report.tape.grid.base}".strip())
    roots = "; ".join(f"{who}: {count:,}, {deep} deep" for who, count, deep in report.trees)
    return Table("The tree of causes", columns, rows, f"Roots: {roots}." if roots else "No forced order in the move.")


def rungs_table(report: Postmortem) -> Table:
    """Gain by price."""
    grid, found = report.tape.grid, report.branching
    told = report.rungs if found.all else ()
    rows = [
        (
            f"{grid.price(one.low_ticks)} – {grid.price(one.high_ticks)}", f"{one.liquidations:,}", f"{one.stops:,}",
            grid.size(one.forced_lots), grid.size(one.all_lots), "–" if math.isnan(one.gain) else f"{one.gain:.2f}",
        )
        for one in told
    ]  # fmt: skip
    taken = "bought" if report.move.up else "sold"
    columns = ("price", "liquidations", "stops", f"forced, {grid.base}", f"{taken} in all, {grid.base}", "gain")
    note = (
        "Gain: forced size per tick times ticks per size. Above 1 a move feeds on itself. Impact over spans of "
        f"{found.span_s:.0f} s, known to within {abs(found.impact_error / found.impact):.0%} (one standard error)."
        if found.impact and not math.isnan(found.impact)
        else "There are too few trades to tell the impact."
    )
    return Table("Gain by price", columns, rows, note)


def flow_tables(report: Postmortem) -> list[Table]:
    """Where the money went: all of it at the last prices, then a table for each asset; last lines sum to zero."""
    found = [_flows(report.tape, one) for one in report.flows]
    return [_worths(report.tape, report.gains), *found] if report.gains is not None and report.gains.prices else found


def _worths(tape: Tape, gains: Gains) -> Table:
    settle = tape.asset_name(gains.flows[0].asset)
    groups = gains.flows[0].groups
    held = [at for at in range(len(groups)) if any(gains.parts[at])]
    rows = [
        (groups[at], *(signed(worth, 0) for worth in (*gains.parts[at], sum(gains.parts[at], Decimal(0)))))
        for at in sorted(held, key=lambda at: -sum(gains.parts[at]))
    ]
    sums = [sum((gains.parts[at][column] for at in held), Decimal(0)) for column in range(len(gains.flows))]
    rows.append(("sum", *(signed(worth, 0) for worth in (*sums, sum(sums, Decimal(0))))))
    names = [tape.asset_name(one.asset) for one in gains.flows]
    told = ", ".join(f"1 {tape.asset_name(one.asset)} at {one.price:,f} ({one.market})" for one in gains.prices)
    note = f"Everything in {settle} at the last prices: {told}. What a pool gained or lost its providers did."
    if gains.unpriced:
        note += f" Without a price, so not counted: {', '.join(map(tape.asset_name, gains.unpriced))}."
    return Table(f"Where the money went, all in {settle}", ("group", *names, "in all"), rows, note)


def _flows(tape: Tape, flows: Flows) -> Table:
    unit = tape.unit_of(flows.asset)
    grid = tape.grid._replace(unit=unit)

    def whole(units: int) -> str:
        return signed(Decimal(units) * unit, 0)

    shown = [at for at, _ in enumerate(COLUMNS) if flows.table[:, at].any()] or [0]
    lines = [at for at in np.argsort(-flows.totals, kind="stable").tolist() if flows.table[at].any()]
    rows = [
        (
            flows.groups[at], f"{int(flows.accounts[at]):,}",
            *(whole(int(flows.table[at, column])) for column in shown), whole(int(flows.totals[at])),
            whole(int(flows.unrealised[at])),
        )
        for at in lines
    ]  # fmt: skip
    left = flows.left_over
    zeros = [whole(int(left[at])) for at in shown]
    rows.append(("sum", "", *zeros, whole(int(left.sum())), whole(int(flows.unrealised.sum()))))
    name = tape.asset_name(flows.asset)
    note = (
        "Gains between the opening and the last mark; deposits, margin, the principal of loans and what providers put "
        "into pools are none. Rounded to "
        f"whole {name}; each column sums to exactly 0 units. Left in the clearing purse: {grid.money(flows.clearing)}."
    )
    columns = ("group", "accounts", *(COLUMNS[at] for at in shown), "in all", "unrealised")
    return Table(f"Where the money went, {name}", columns, rows, note)


def people_tables(report: Postmortem) -> list[Table]:
    """Who gained most, who lost most, who was deleveraged."""
    settle = report.tape.grid.settle
    found = []
    for caption, people in (("Who gained most", report.winners), ("Who lost most", report.losers)):
        rows = [(one.name, one.group, report.tape.grid.money(one.gain_units)) for one in people]
        if rows:
            found.append(Table(caption, ("account", "group", f"gain, {settle}"), rows))
    if report.deleveraged:
        found.append(_deleveraged(report, report.deleveraged[:20]))
    return found


def _deleveraged(report: Postmortem, people: Sequence[Winner]) -> Table:
    grid, last = report.tape.grid, report.move.end_ticks
    worth = report.tape.worth(report.tape.instrument)
    rows = []
    for one in people:
        held = one.lots * (last - one.price_ticks) * worth.factor * -report.move.sign
        brought = 0 if worth.is_inverse else -round(held)
        figures = (grid.size(one.lots), grid.price(one.price_ticks), grid.money(one.gain_units), grid.money(brought))
        rows.append((one.name, *figures))
    columns = (
        "account",
        f"closed, {grid.base}",
        "at",
        f"gain in all, {grid.settle}",
        "against holding on",
    )
    note = "Against holding on: what being closed brought compared with the last mark; negative: it cost them."
    return Table(f"Deleveraged ({len(report.deleveraged)} accounts)", columns, rows, note)


def replays_table(report: Postmortem) -> Table | None:
    """What would have happened otherwise, where replays were run."""
    if not report.replays:
        return None
    rows = [
        (
            one.functional, one.mechanism, f"{one.effect:+,.4g}".replace("-", "−"),
            "–" if one.standard_error is None else f"{one.standard_error:,.2g}",
            "–" if one.shapley is None else f"{one.shapley:+,.4g}".replace("-", "−"), f"{one.seeds:,}",
        )
        for one in report.replays
    ]  # fmt: skip
    columns = ("of", "switched off", "effect", "standard error", "Shapley value", "seeds")
    note = "Paired replays with the same draws: what the functional loses when the mechanism is switched off."
    return Table(ANSWERED, columns, rows, note)


def _prices(tape: Tape, rows: Ints) -> NDArray[np.float64]:
    return np.asarray(tape.price[rows] * float(tape.grid.tick), np.float64)


def candles_of(tape: Tape, most: int = 120) -> Candles | None:
    """The trades as bars, so wide that at most ``most`` fill the span; the marks where nobody traded, else None."""
    rows = tape.fills if len(tape.fills) else tape.marks
    if not len(rows):
        return None
    times, prices = tape.time_ns[rows], _prices(tape, rows)
    wide = (int(times[-1]) - int(times[0])) // _SECOND_NS
    step = next((one for one in _BARS if wide // one <= most), _BARS[-1]) * _SECOND_NS
    bars = times // step
    edges = np.flatnonzero(np.diff(bars, prepend=-1))
    last = np.append(edges[1:], len(rows)) - 1
    return Candles(
        times=bars[edges] * step, close=prices[last], interval_nanos=step, open=prices[edges],
        high=np.maximum.reduceat(prices, edges), low=np.minimum.reduceat(prices, edges),
    )  # fmt: skip


def price_chart(report: Postmortem, height: int = 18) -> PriceChart | None:
    """Traded prices as bars, the mark and the index as lines, the ends of the move and the first liquidation."""
    tape, move = report.tape, report.move
    bars = candles_of(tape)
    if bars is None:
        return None
    tick = float(tape.grid.tick)
    lines = [_path(tape, "mark", tape.marks, "plain")] if tape.has_marks else []
    index = tape.here(Kind.INDEX)
    if len(index):
        lines.append(_path(tape, "index", index, "quiet"))
    markers = [
        Marker(move.begin_ns, move.begin_ticks * tick, "the move begins", kind="event"),
        Marker(move.peak_ns, move.peak_ticks * tick, "the move ends", kind="event"),
    ]
    dead = np.flatnonzero(report.forced.kind == ForcedKind.LIQUIDATION)
    if len(dead):
        row = int(report.forced.row[dead[0]])
        level = int(report.forced.mark[dead[0]])
        price = float(tape.price[level if level >= 0 else row]) * tick
        markers.append(Marker(int(tape.time_ns[row]), price, "first liquidation", kind="liquidation"))
    return PriceChart("Traded price, mark and index", bars, lines, markers, unit=_quote(tape), height=height)


def _quote(tape: Tape) -> str:
    return f"{tape.grid.settle} per {tape.grid.base}" if tape.grid.base else ""


def _path(tape: Tape, name: str, rows: Ints, tone: Tone) -> Line:
    return Line(name, tape.time_ns[rows], _prices(tape, rows), tone=tone, steps=True).thinned(400)


def forced_chart(report: Postmortem, most: int = 72) -> FlowChart | None:
    """What forced orders bought (above zero) and sold, over time, in at most about ``most`` sums."""
    tape = report.tape
    rows = tape.fills[report.forced.of_fill >= 0]
    if not len(rows):
        return None
    start, stop = tape.start_ns, int(tape.time_ns[-1])
    step = max(_SECOND_NS, (stop - start) // most)
    part = (tape.time_ns[rows] - start) // step
    sums = np.zeros(int((stop - start) // step) + 1)
    np.add.at(sums, part, tape.lots[rows] * float(tape.grid.lot))
    ends = start + (np.arange(len(sums)) + 1) * step
    title = "Forced buying and selling"
    return FlowChart(title, ends, sums, step, unit=tape.grid.base, description="Above zero forced orders bought.")


def _other_charts(report: Postmortem) -> list[Part]:
    tape = report.tape
    shown: list[Part] = []
    forced = forced_chart(report)
    if forced is not None:
        shown.append(forced)
    times, away = makers_away(tape)
    if len(times) > 1:
        line = Line("makers away", times, away.astype(np.float64), steps=True)
        shown.append(PathChart("Market makers away from the book", [line], baseline=0.0))
    rows, level = fund_level(tape)
    if len(rows) > 1:
        line = Line("fund", tape.time_ns[rows], np.asarray(level * float(tape.grid.unit)), steps=True).thinned(400)
        shown.append(PathChart("The insurance fund", [line], baseline=float(line.values[0]), unit=tape.grid.settle))
    return shown


def _who_pushed(report: Postmortem) -> list[Part]:
    tree = cause_tree(report)
    first, *others = pushed_tables(report)
    return [first, *([tree] if tree else []), *others, generations_table(report), rungs_table(report)]


def sections_of(report: Postmortem, extra: Sequence[Section] = ()) -> list[Section]:
    """The whole post-mortem in the order in which it is read; ``extra`` follows the verdict."""
    verdict = Verdict(report.verdict.words, "bad" if report.verdict.outcome == "squeeze" else "plain")
    chart = price_chart(report)
    replays = replays_table(report)
    sections = [
        Section("", [verdict, Facts(facts(report)), *([chart] if chart else [])]),
        *extra,
        Section("Was it a squeeze?", [tests_table(report)]),
        Section("The way", [*_other_charts(report), timeline_table(report)]),
        Section("Who pushed whom", _who_pushed(report)),
        Section("Who paid whom", [*flow_tables(report), *people_tables(report)]),
    ]
    if replays is not None:
        sections.append(Section(ANSWERED, [replays]))
    sections.append(Section("How far to trust this", [Prose([*trust(report), *report.unknown])]))
    return sections


def page_of(report: Postmortem, extra: Sequence[Section] = ()) -> str:
    """The whole post-mortem as one HTML page that carries everything in itself; ``extra`` follows the verdict."""
    return page(heading(report), sections_of(report, extra), subtitle=subheading(report), footer=footer_of(report))


def footer_of(report: Postmortem) -> list[str]:
    """What was read, and what wrote it."""
    return [f"shortdesk {report.tape.journal.run.shortdesk}, Journal {report.tape.journal.hash}"]


def trust(report: Postmortem) -> list[str]:
    """What the figures rest on."""
    return [
        "Causes are read off the Journal, but for one link that is ours: a venue looks at its mark on its own clock, "
        "so who carried the price to a mark is found by time, price and size of the trades before it.",
        "Booking a move says who pushed. What would have happened without them only replays can say.",
        f"The spread that the middle is made with is the tape's own: {report.spread_ticks} ticks.",
    ]
