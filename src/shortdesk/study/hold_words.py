"""What is said about a held short: its events, what was assumed, what is to be known, where the numbers are from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.fine import plain, to_decimal
from shortdesk.intake import Bars, FundingHistory, format_interval, format_time
from shortdesk.study.hold_grid import Grid
from shortdesk.study.hold_path import History
from shortdesk.study.hold_result import EventKind, HoldEvent, HoldResult, Liquidated
from shortdesk.study.hold_rules import Ending, Epoch, day_of
from shortdesk.study.hold_short import PerpShort
from shortdesk.study.hold_walk import Path, Walk
from shortdesk.study.ticket import ShortTicket, Sized

__all__ = [
    "Opening",
    "amount",
    "assumptions",
    "events",
    "notes",
    "payers",
    "percent",
    "price",
    "sources",
    "verdict",
    "warnings",
]

_DAY_NANOS = 86_400_000_000_000
_PAYERS = {
    "insurance": "the insurance fund",
    "adl": "winning longs by auto-deleveraging",
    "loss_sharing": "all winners of the session by loss sharing",
    "deficit": "the lender",
    "backstop": "the backstop vault",
}


class Opening(NamedTuple):
    """How a short was opened: the ticket, the order, the rules by date, how it ends, and the entry price asked for."""

    ticket: ShortTicket
    order: Sized
    epochs: list[Epoch]
    rules_day: date
    rules_are_fixed: bool
    ending: Ending
    entry_asked: Decimal | None


def amount(value: Decimal, settle: str) -> str:
    """Money for reading: two decimals and thousands apart in dollars, more digits in coins."""
    coin = abs(value) < 100 and "USD" not in settle and settle != "DAI"
    return f"{value:,.6f}" if coin else f"{value:,.2f}"


def price(value: Decimal) -> str:
    """A price for reading, with about seven digits."""
    places = 2 if value >= 100 else max(2, 6 - value.adjusted())
    return f"{value:,.{places}f}"


def percent(value: Decimal, places: int = 1) -> str:
    """A signed percentage for reading."""
    return f"{value:+,.{places}f} %".replace("-", "−")


def payers(cover: tuple[str, ...]) -> str:
    """Who pays a deficit, in words."""
    return ", then ".join(_PAYERS[name] for name in cover)


def verdict(result: HoldResult) -> str:
    """The answer in one or two sentences."""
    settle, totals = result.settle, result.totals
    days = f"{result.days:.0f}" if result.days >= 2 else f"{result.days:.1f}"
    put_in = amount(totals.stake + totals.added, settle)
    if result.liquidated is None:
        won = "earned" if totals.profit >= 0 else "lost"
        gained = f"{won} {amount(abs(totals.profit), settle)} {settle}"
        share = percent(100 * totals.return_on_margin)
        return (
            f"It lived: after {days} days, closed at {price(result.exit_price)}, the short {gained}, "
            f"{share} of the {put_in} {settle} put in."
        )
    died = result.liquidated
    when = f"at {format_time(died.since_nanos)} UTC" if died.at_open else _span_of_death(died)
    move = percent(100 * (died.fill_price / result.entry_price - 1))
    jumped = f"the price jumped to {price(died.fill_price)}, over" if died.at_open else "the price reached"
    back = f"{amount(totals.money_back, settle)} came back" if totals.money_back else "nothing came back"
    sentence = (
        f"Liquidated {when}, after {days} days: {jumped} the liquidation price of "
        f"{price(died.liquidation_price)}, {move} from the entry. Of {put_in} {settle} put in, {back}."
    )
    if died.deficit > 0:
        sentence += f" The loss beyond it, {amount(died.deficit, settle)} {settle}, fell to {payers(died.paid_by)}."
    return sentence


def _span_of_death(died: Liquidated) -> str:
    since, until = format_time(died.since_nanos), format_time(died.until_nanos)
    if until[11:] == "00:00" and died.until_nanos - died.since_nanos <= _DAY_NANOS:
        hour = "" if since[11:] == "00:00" else f"after {since[11:]} UTC, "
        return f"on {since[:10]} ({hour}the hour is not known)"
    if since[:10] == until[:10]:
        return f"on {since} to {until[11:]} UTC"
    return f"{since} to {until} UTC"


def events(
    walked: Walk, grid: Grid, path: Path, opening: Opening, died: Liquidated | None, exit_ticks: int
) -> Iterator[HoldEvent]:
    """What happened, in the order of time."""
    found = [_opened(walked, grid, path, opening), *_on_the_way(walked, grid, path, opening)]
    settle = opening.ticket.settle
    if died is None:
        text = f"closed at {price(grid.price(exit_ticks))}, the end of the span"
        found.append(HoldEvent(path.close_nanos[-1], "closed", grid.price(exit_ticks), text))
    else:
        how = "jumped over" if died.at_open else "met"
        text = f"liquidated at {price(died.fill_price)}: the price {how} {price(died.liquidation_price)}"
        if died.deficit:
            text += f"; {amount(died.deficit, settle)} {settle} beyond the wallet"
        found.append(HoldEvent(died.since_nanos, "liquidated", died.fill_price, text))
    order = ("opened", "liquidated", "closed")
    return iter(
        sorted(found, key=lambda event: (event.time_nanos, order.index(event.kind) if event.kind in order else 0))
    )


def _opened(walked: Walk, grid: Grid, path: Path, opening: Opening) -> HoldEvent:
    ticket = opening.ticket
    assert ticket.quantity is not None
    assert ticket.wallet is not None
    text = (
        f"sold {plain(ticket.quantity, 8)} {opening.order.resolved.base} at {price(ticket.entry_price)}, "
        f"wallet {amount(ticket.wallet, ticket.settle)} {ticket.settle}"
    )
    return HoldEvent(path.open_nanos[0], "opened", ticket.entry_price, text)


def _on_the_way(walked: Walk, grid: Grid, path: Path, opening: Opening) -> Iterator[HoldEvent]:
    settle = opening.ticket.settle

    def event(nanos: int, kind: EventKind, text: str, bar: int | None = None) -> HoldEvent:
        at = bar if bar is not None else max(0, _bar_at(path, nanos))
        return HoldEvent(nanos, kind, grid.price(path.price_at(at, nanos)), text)

    for charge in walked.added:
        yield event(charge.time_nanos, "margin_added", f"added {amount(grid.money(charge.units), settle)} {settle}")
    for rules in walked.rules:
        yield event(rules.time_nanos, "rules", f"rules of {day_of(rules.time_nanos)} came into force")
    if walked.payments:
        for best, verb in (
            (max(walked.payments, key=lambda paid: paid.units), "received"),
            (min(walked.payments, key=lambda paid: paid.units), "paid"),
        ):
            if (best.units > 0) == (verb == "received") and best.units:
                rate = percent(to_decimal(Fraction(100 * best.rate, best.rate_one)), 4)
                money = amount(grid.money(abs(best.units)), settle)
                yield event(best.time_nanos, "funding", f"largest funding {verb}: {money} {settle} at {rate}")
    seen = walked.rows[0].tier if walked.rows else 1
    for row in walked.rows:
        if row.tier > seen and isinstance(walked.short, PerpShort):
            tiers = len(walked.short.contract.tiers)
            yield event(path.close_nanos[row.bar], "tier", f"closed a bar in tier {row.tier} of {tiers}", row.bar)
            seen = row.tier
    if walked.called is not None:
        bar, ticks = walked.called
        text = f"margin call: assets over debts at the venue's call level, at {price(grid.price(ticks))}"
        yield event(path.open_nanos[bar], "margin_call", text, bar)


def _bar_at(path: Path, nanos: int) -> int:
    for bar, stop in enumerate(path.close_nanos):
        if nanos <= stop:
            return bar
    return len(path) - 1


def assumptions(opening: Opening, bars: Bars, uses_mark: bool, borrow_annual: Decimal | None) -> Iterator[str]:
    """How the questions that the data leave open were decided."""
    ticket = opening.ticket
    perpetual = ticket.kind in ("linear", "inverse")
    length = format_interval(bars.interval_nanos)
    if uses_mark:
        yield "The mark price decides: its high against the liquidation price, its price at each funding instant."
    elif perpetual:
        yield (
            "Last trades decide, because no mark prices are given. The venue liquidates on the mark, which spikes "
            "less: a short that a wick kills here may have lived there."
        )
    else:
        yield "Last trades decide; the venue values margin loans at its own index, which spikes less."
    if bars.closes_only and not uses_mark:
        yield f"Only closes of {length} are known, no highs: a wick may have killed it earlier."
    else:
        yield f"When inside a bar of {length} the high was is not known: it is taken to have come at the worst instant."
    yield "The short is opened and closed whole at one price; the order moves nothing and pays the taker fee."
    yield "The fee to open is paid beside the wallet, so the wallet at the start is the whole margin of the ticket."
    if perpetual:
        yield (
            "Funding goes to and from the wallet behind the short, so each payment moves the liquidation price. "
            "At an instant inside a bar the price is drawn on the line from its open to its close."
        )
    else:
        rate = "the rate given" if borrow_annual is not None else "the sheet's rate, not that of the day"
        yield (
            f"Interest grows hour by hour in the borrowed coin at {rate}, simple, and is bought back at the end. "
            "A bar's hours count before its wick."
        )
    yield _how_it_ends(opening)


def _how_it_ends(opening: Opening) -> str:
    ending, settle = opening.ending, opening.ticket.settle
    if ending.keeps_rest:
        text = "A liquidation is a takeover at the bankruptcy price: the venue keeps what margin is left."
    elif ending.fee:
        fee = plain(to_decimal(ending.fee * 100), 4)
        text = (
            f"A liquidation fills at the liquidation price, or at the open where the price jumped over it; the venue "
            f"takes {fee} % of the worth, at most what {settle} are left, and the rest comes back."
        )
    else:
        text = (
            "A liquidation fills at the liquidation price, or at the open where the price jumped over it, "
            "without a fee; what margin is left comes back."
        )
    return f"{text} More than the wallet is never lost; a deficit falls to {payers(ending.cover)}."


def warnings(opening: Opening, walked: Walk, path: Path, history: History) -> Iterator[str]:
    """What may make this result wrong, most important first."""
    bars = history.bars
    asked = day_of(path.open_nanos[0])
    if opening.rules_day > asked and not opening.rules_are_fixed:
        yield f"rules of {opening.rules_day} are applied to {asked}: older ones of this venue are not in the sheets"
    ticket = opening.ticket
    if ticket.kind in ("linear", "inverse"):
        yield from _funding_warnings(history.funding, path)
    if bars.closes_only and history.mark is None:
        yield "highs are unknown: between two closes a wick may have killed it earlier"
    if walked.death is not None and not walked.death.certain:
        yield (
            "the wick that killed it lies between the lowest and the highest liquidation price of its bar: "
            "whether it came before or after the funding of that bar decides, and the bars do not tell"
        )
    tier = walked.rows[-1].tier if walked.rows else 1
    if opening.ending.in_parts and tier > 1 and walked.death is not None:
        yield "the venue closes a position of this size in parts; here it is closed whole, which costs more"
    entry = opening.entry_asked
    if entry is not None and bars.high is not None and bars.low is not None:
        low, high = bars.price(int(bars.low[0])), bars.price(int(bars.high[0]))
        if not low <= entry <= high:
            yield f"the entry of {plain(entry)} was not traded in the first bar ({plain(low)} to {plain(high)})"


def _funding_warnings(funding: FundingHistory | None, path: Path) -> Iterator[str]:
    start, stop = path.open_nanos[0], path.close_nanos[-1]
    if funding is None:
        yield "no funding history is given, so no funding is counted"
        return
    within = funding.between(start, stop)
    if not len(within):
        yield "the funding history has no payment inside the span, so no funding is counted"
        return
    first, last = int(within.time_nanos[0]), int(within.time_nanos[-1])
    step = int(within.interval_nanos[0])
    if first - step > start or last + step <= stop:
        yield f"funding is known from {format_time(first)} to {format_time(last)} only; outside none is counted"


def notes(opening: Opening, bars: Bars, funding: FundingHistory | None) -> Iterator[str]:
    """What to know beside: what differs from what was asked, remarks on the rules and on the data."""
    if opening.rules_are_fixed:
        yield f"the rules of {opening.rules_day} bind throughout, as asked"
    yield from (note for note in opening.ticket.notes if not note.startswith("cross:"))
    for epoch in opening.epochs:
        if epoch.schedule.note:
            yield f"tiers since {epoch.schedule.since}: {epoch.schedule.note}"
    yield from (f"prices: {finding}" for finding in bars.findings)
    yield from (f"funding: {finding}" for finding in (funding.findings if funding else ()))


def sources(opening: Opening, prices: str, funding: FundingHistory | None, mark: Bars | None) -> Iterator[str]:
    """Where prices, funding and rules are from."""
    yield f"prices: {prices}"
    if mark is not None:
        yield f"mark prices: {mark.source}"
    if funding is not None and opening.ticket.kind in ("linear", "inverse"):
        yield f"funding: {funding.source}"
    yield from opening.ticket.sources
    for epoch in opening.epochs[1:]:
        yield f"tiers: {epoch.schedule.source} [{epoch.schedule.evidence}] since {epoch.schedule.since}"
    yield f"liquidation: {opening.ending.source}"
