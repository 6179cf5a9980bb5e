"""A short held through real history, bar by bar: when and why it died, or what it earned.

Opening, rules, funding, interest, liquidation price and fees are those of the margin rules on a grid of whole ticks
and units; nothing here rounds but they. What a bar cannot tell is decided against the short and said.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import ShortdeskError, UsageError
from shortdesk.ground.exact import mul_div_up
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.venue import VenueRules
from shortdesk.intake import format_time
from shortdesk.margin.loan_terms import margin_terms
from shortdesk.margin.position import FLAT, after_fill
from shortdesk.margin.solve import NO_PRICE
from shortdesk.study import hold_words as words
from shortdesk.study.hold_grid import DIGITS_OF_MONEY, Grid, grid_of
from shortdesk.study.hold_path import History, first_price, funding_charges, path_of
from shortdesk.study.hold_result import (
    ClosestCall,
    HoldBar,
    HoldResult,
    HoldTotals,
    Liquidated,
    Payment,
    Rung,
)
from shortdesk.study.hold_rules import Ending, Epoch, day_of, ending_at, epochs, first_known_day
from shortdesk.study.hold_short import LoanShort, PerpShort, Short
from shortdesk.study.hold_walk import Added, Charge, Funding, Hours, NewRules, Path, Walk, smallest_wallet, walk
from shortdesk.study.short import short_ticket
from shortdesk.study.ticket import ShortRequest, ShortTicket, Size, Sized, place, sized

__all__ = ["History", "HoldRequest", "hold"]

LEVERAGES = (1, 2, 3, 5, 10, 20, 50)
"""The leverages at which the same short is shown beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """A short to be held. ``entry`` None opens at the first price known; rates are plain numbers."""

    symbol: str
    size: Size
    leverage: Decimal | None = None
    mode: str | None = None
    kind: str | None = None
    wallet: Decimal | None = None
    entry: Decimal | None = None
    rules_day: date | None = None
    """The day whose rules bind throughout; None takes those of each day."""
    borrow_annual: Decimal | None = None
    taker: Decimal | None = None
    added: tuple[tuple[int, Decimal], ...] = ()
    """Margin added on the way: instants and amounts."""


class _Opened(NamedTuple):
    """A short just opened, and all that the walk needs."""

    ticket: ShortTicket
    order: Sized
    request: ShortRequest
    grid: Grid
    short: Short
    path: Path
    charges: list[Charge]
    epochs: list[Epoch]
    entry_ticks: int
    opening: Ending


def hold(rules: VenueRules, request: HoldRequest, history: History) -> HoldResult:
    """Take a short through history.

    Raises:
        UsageError: the venue would not take it, or cannot be held here; the message says why.
        InputError: size or price off the venue's grid, or mark prices that do not fit the bars.
    """
    opened = _open(rules, request, history)
    walked = walk(opened.short, opened.path, opened.charges)
    totals, liquidated, exit_ticks = _settle(opened, walked)
    least = opened.grid.money(smallest_wallet(opened.short, opened.path, opened.charges))
    ladder = tuple(_ladder(rules, request, history, opened))
    return _result(opened, walked, history, request, totals, liquidated, exit_ticks, least, ladder)


def _open(rules: VenueRules, request: HoldRequest, history: History) -> _Opened:
    path, price_decimals = path_of(history, [request.entry] if request.entry is not None else [])
    entry = request.entry if request.entry is not None else first_price(history, path, price_decimals)
    opened_nanos = path.open_nanos[0]
    asked = ShortRequest(
        symbol=request.symbol,
        size=request.size,
        entry=entry,
        day=request.rules_day or day_of(opened_nanos),
        leverage=request.leverage,
        mode=request.mode,
        kind=request.kind,
        wallet=request.wallet,
        borrow_annual=request.borrow_annual,
        taker=request.taker,
    )
    if request.rules_day is None:
        asked = replace(asked, day=first_known_day(rules, asked))
    ticket = short_ticket(rules, asked)
    product, resolved = place(rules, asked)
    if product.kind == "lending":
        raise UsageError(
            f"{product.name}: hold knows no loans against a health factor, where anyone repays a part at a time; "
            "price it with shortdesk short, or hold it on a margin venue"
        )
    order = sized(rules, product, resolved, asked)
    digits = rules.digits.get(resolved.settle, DIGITS_OF_MONEY)
    grid = grid_of(order.instrument, price_decimals, digits, borrowed=product.kind == "spot_margin")
    fixed = request.rules_day is not None
    charges: list[Charge] = [Added(nanos, grid.units_up(amount)) for nanos, amount in request.added]
    found: list[Epoch] = []
    short: Short
    if product.kind == "spot_margin":
        short = _borrowed(order, asked, ticket, grid, opened_nanos)
        charges += [Hours(start, stop) for start, stop in zip(path.open_nanos, path.close_nanos, strict=True)]
    else:
        found = epochs(order, ticket.mode, grid, opened_nanos, path.close_nanos[-1], asked.day, fixed=fixed)
        short = _perpetual(order, ticket, grid, found[0])
        charges += [NewRules(epoch.since_nanos, epoch.contract) for epoch in found[1:]]
        charges += funding_charges(history.funding, opened_nanos, path.close_nanos[-1])
    kinds = (Hours, Funding, Added, NewRules)
    charges.sort(key=lambda charge: (charge.time_nanos, kinds.index(type(charge))))
    _check_added(request, opened_nanos, path.close_nanos[-1])
    taker = Fraction(request.taker) if request.taker is not None else None
    opening = ending_at(order, asked.day, taker)
    return _Opened(ticket, order, asked, grid, short, path, charges, found, grid.ticks(entry), opening)


def _check_added(request: HoldRequest, first: int, last: int) -> None:
    for nanos, amount in request.added:
        if not first < nanos < last:
            span = f"{format_time(first)} to {format_time(last)} UTC"
            raise UsageError(f"margin of {plain(amount)} added at {format_time(nanos)}: expected a time inside {span}")


def _perpetual(order: Sized, ticket: ShortTicket, grid: Grid, first: Epoch) -> PerpShort:
    assert ticket.wallet is not None
    assert ticket.leverage is not None
    size = Fraction(order.contracts) * Fraction(order.instrument.contract_size)
    contract = first.contract
    ticks = grid.ticks(ticket.entry_price)
    position = after_fill(contract.form, contract.factor, FLAT, -grid.lots(size), ticks).position
    return PerpShort(contract, position, grid.units_up(ticket.wallet), int(ticket.leverage * 100))


def _borrowed(order: Sized, request: ShortRequest, ticket: ShortTicket, grid: Grid, opened_nanos: int) -> LoanShort:
    assert ticket.wallet is not None
    terms = margin_terms(order.product, order.resolved.base, ticket.mode, request.day)
    rules = order.product.borrow_at(request.day, ticket.mode, order.resolved.base)
    call = rules.margin_call_level
    if ticket.mode == "isolated" and order.product.ladders:
        call = order.product.ladder_at(request.day, order.resolved.base).margin_call_level
    annual = request.borrow_annual
    return LoanShort(
        factor=grid.factor,
        entry_ticks=grid.ticks(request.entry),
        borrowed=grid.lots(order.quantity),
        wallet=grid.units_up(ticket.wallet),
        maintenance=terms.maintenance_rate,
        trigger=terms.trigger,
        rate=Fraction(terms.hourly_rate) if annual is None else Fraction(annual) / (365 * 24),
        hours=rules.hours,
        opened_nanos=opened_nanos,
        call_level=Fraction(call) if call else None,
    )


def _settle(opened: _Opened, walked: Walk) -> tuple[HoldTotals, Liquidated | None, int]:
    """Close what is left, by the trader or by the venue, and count the money."""
    grid, short, death = opened.grid, walked.short, walked.death
    ticks = death.fill if death else opened.path.last_close[-1]
    worth, equity = short.worth(ticks), short.risk(ticks).equity
    day = day_of(death.since_nanos if death else opened.path.close_nanos[-1] - 1)
    taker = opened.opening.taker if opened.request.taker is not None else None
    ending = ending_at(opened.order, max(day, opened.request.day), taker)
    close_fee = liquidation_fee = kept = 0
    if death is None:
        close_fee = mul_div_up(worth, ending.taker.numerator, ending.taker.denominator)
    elif ending.keeps_rest:
        kept = max(equity, 0)
    else:
        liquidation_fee = min(mul_div_up(worth, ending.fee.numerator, ending.fee.denominator), max(equity, 0))
    after = equity - close_fee - liquidation_fee - kept
    # Who holds more than the wallet can pay loses the wallet; the rest is others' loss.
    covered = max(0, -after)
    rate = opened.opening.taker
    open_fee = mul_div_up(opened.short.worth(opened.entry_ticks), rate.numerator, rate.denominator)
    added = sum(charge.units for charge in walked.added)
    totals = HoldTotals(
        stake=grid.money(opened.short.wallet + open_fee),
        added=grid.money(added),
        price_profit=grid.money(short.profit(ticks)),
        funding=grid.money(walked.funding),
        interest=grid.money(short.interest(ticks)),
        open_fee=grid.money(open_fee),
        close_fee=grid.money(close_fee),
        liquidation_fee=grid.money(liquidation_fee),
        kept_by_venue=grid.money(kept),
        covered_by_others=grid.money(covered),
        money_back=grid.money(after + covered),
    )
    _assert_adds_up(totals)
    if death is None:
        return totals, None, ticks
    liquidated = Liquidated(
        since_nanos=death.since_nanos,
        until_nanos=death.until_nanos,
        liquidation_price=grid.price(death.liquidation),
        fill_price=grid.price(death.fill),
        at_open=death.at_open,
        certain=death.certain,
        equity_before_fees=grid.money(equity),
        deficit=grid.money(covered),
        paid_by=ending.cover,
    )
    return totals, liquidated, ticks


def _assert_adds_up(totals: HoldTotals) -> None:
    """The lines must give the money that came back, to the last unit."""
    paid = totals.open_fee + totals.close_fee + totals.liquidation_fee + totals.kept_by_venue + totals.interest
    came = totals.stake + totals.added + totals.price_profit + totals.funding + totals.covered_by_others
    assert came - paid == totals.money_back, f"the money does not add up: {totals}"


def _ladder(rules: VenueRules, request: HoldRequest, history: History, opened: _Opened) -> list[Rung]:
    """The same short at other leverages, as far as the venue allows them, each with its own initial margin."""
    asked = opened.ticket.leverage
    assert asked is not None
    rungs = []
    for leverage in sorted({asked, *map(Decimal, LEVERAGES)}):
        try:
            if leverage == asked:
                other = opened
            else:
                other = _open(rules, replace(request, leverage=leverage, wallet=None, added=()), history)
        except ShortdeskError:
            continue
        walked = walk(other.short, other.path, other.charges)
        totals, died, _ = _settle(other, walked)
        border = other.short.liquidation()
        rungs.append(
            Rung(
                leverage=leverage,
                wallet=other.grid.money(other.short.wallet),
                liquidation_price=None if border == NO_PRICE else other.grid.price(border),
                died_nanos=died.since_nanos if died else None,
                profit=totals.profit,
                return_on_margin=totals.return_on_margin,
            )
        )
    return rungs


def _result(
    opened: _Opened,
    walked: Walk,
    history: History,
    request: HoldRequest,
    totals: HoldTotals,
    liquidated: Liquidated | None,
    exit_ticks: int,
    least: Decimal,
    ladder: tuple[Rung, ...],
) -> HoldResult:
    grid, path, ticket, order = opened.grid, opened.path, opened.ticket, opened.order
    border, broke = opened.short.liquidation(), opened.short.bankruptcy()
    highest = max(walked.highest, opened.entry_ticks)
    loss = max(0, -opened.short.profit(highest))
    assert ticket.leverage is not None
    opened_at = words.Opening(
        ticket, order, opened.epochs, opened.request.day, request.rules_day is not None, opened.opening, request.entry
    )
    return HoldResult(
        venue=ticket.venue,
        name=ticket.name,
        symbol=ticket.symbol,
        kind=ticket.kind,
        mode=ticket.mode,
        base=order.resolved.base,
        quote=order.resolved.quote,
        settle=ticket.settle,
        quantity=order.quantity,
        contracts=order.contracts,
        notional=order.notional,
        leverage=ticket.leverage,
        wallet=grid.money(opened.short.wallet),
        opened_nanos=path.open_nanos[0],
        ended_nanos=liquidated.since_nanos if liquidated else path.close_nanos[-1],
        last_nanos=path.close_nanos[-1],
        entry_price=ticket.entry_price,
        exit_price=grid.price(exit_ticks),
        liquidation_price=None if border == NO_PRICE else grid.price(border),
        bankruptcy_price=None if broke == NO_PRICE else grid.price(broke),
        liquidated=liquidated,
        totals=totals,
        funding_uncertainty=grid.money(sum(paid.uncertain_units for paid in walked.payments)),
        highest_price=grid.price(highest),
        worst_loss=grid.money(loss),
        worst_move_pct=to_decimal(100 * (Fraction(grid.price(highest)) / Fraction(ticket.entry_price) - 1), 12),
        closest=_closest(walked, grid, path),
        smallest_wallet=least,
        bars=tuple(_bars(walked, grid, path, history)),
        payments=tuple(_payments(walked, grid)),
        events=tuple(words.events(walked, grid, path, opened_at, liquidated, exit_ticks)),
        ladder=ladder,
        prices=history.bars,
        uses_mark=history.mark is not None,
        rules_day=opened.request.day.isoformat(),
        assumptions=tuple(words.assumptions(opened_at, history.bars, history.mark is not None, request.borrow_annual)),
        warnings=(*history.warnings, *words.warnings(opened_at, walked, path, history)),
        notes=tuple(words.notes(opened_at, history.bars, history.funding)),
        sources=tuple(words.sources(opened_at, history.bars.source, history.funding, history.mark)),
    )


def _closest(walked: Walk, grid: Grid, path: Path) -> ClosestCall | None:
    if walked.worst is None:
        return None
    worst = walked.worst
    room = to_decimal(100 * (Fraction(worst.liquidation, worst.high) - 1), 12)
    return ClosestCall(path.open_nanos[worst.bar], grid.price(worst.high), grid.price(worst.liquidation), room)


def _payments(walked: Walk, grid: Grid) -> Iterator[Payment]:
    for paid in walked.payments:
        rate = to_decimal(Fraction(paid.rate, paid.rate_one))
        yield Payment(paid.time_nanos, rate, grid.price(paid.ticks), grid.money(paid.units))


def _bars(walked: Walk, grid: Grid, path: Path, history: History) -> list[HoldBar]:
    known = history.mark is not None or not history.bars.closes_only
    return [
        HoldBar(
            open_nanos=path.open_nanos[row.bar],
            close=grid.price(row.close),
            high=grid.price(path.high[row.bar]) if known else None,
            liquidation_price=None if row.liquidation == NO_PRICE else grid.price(row.liquidation),
            equity=grid.money(row.equity),
            wallet=grid.money(row.wallet),
            funding=grid.money(row.funding),
            interest=grid.money(row.interest),
            tier=row.tier,
        )
        for row in walked.rows
    ]
