"""The walk of a short through bars: what falls due in the order of its time, and the test against each wick.

Inside a bar only open, high, low and close are known, not when the high was. So a bar is cut at the instants that
change the liquidation price (funding, added margin, new rules), and each piece is tested against the high of the
whole bar: a short that could have died there is dead, and ``Death.certain`` says whether the order could matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from shortdesk.margin.contract import Contract
from shortdesk.margin.risk import Trigger
from shortdesk.margin.solve import NO_PRICE
from shortdesk.study.hold_short import LoanShort, PerpShort, Short

__all__ = [
    "Added",
    "Charge",
    "Death",
    "Funding",
    "Hours",
    "NewRules",
    "Paid",
    "Path",
    "Row",
    "Walk",
    "Worst",
    "smallest_wallet",
    "walk",
]


class Funding(NamedTuple):
    """A funding instant and its rate, out of ``rate_one``."""

    time_nanos: int
    rate: int
    rate_one: int


class Hours(NamedTuple):
    """Interest for the hours up to ``until_nanos`` falls due."""

    time_nanos: int
    until_nanos: int


class Added(NamedTuple):
    """Margin is added."""

    time_nanos: int
    units: int


class NewRules(NamedTuple):
    """Other rules come into force."""

    time_nanos: int
    contract: Contract


Charge: TypeAlias = Funding | Hours | Added | NewRules
"""What changes a short at an instant."""


@dataclass(frozen=True, slots=True)
class Path:
    """Bars in ticks: the prices that decide (``mark`` where known, else last trades) and the close that is dealt at."""

    open_nanos: Sequence[int]
    close_nanos: Sequence[int]
    open: Sequence[int]
    high: Sequence[int]
    low: Sequence[int]
    close: Sequence[int]
    last_close: Sequence[int]

    def __len__(self) -> int:
        return len(self.open_nanos)

    def price_at(self, bar: int, nanos: int) -> int:
        """The price at an instant of a bar, on the straight line from its open to its close, to the nearest tick.

        Between two bars that leave a gap the line runs from the close of the one before.
        """
        start, stop = self.open_nanos[bar], self.close_nanos[bar]
        first, last = self.open[bar], self.close[bar]
        if nanos < start and bar > 0:
            start, stop = self.close_nanos[bar - 1], self.open_nanos[bar]
            first, last = self.close[bar - 1], self.open[bar]
        nanos = min(max(nanos, start), stop)
        return first + (2 * (last - first) * (nanos - start) + (stop - start)) // (2 * (stop - start))


class Due(NamedTuple):
    """A charge falls due at a price; ``inside`` when the price is drawn between open and close."""

    bar: int
    charge: Charge
    ticks: int
    inside: bool


class Look(NamedTuple):
    """A piece of a bar to be tested: from an instant at a price up to ``high``."""

    bar: int
    since_nanos: int
    until_nanos: int
    ticks: int
    high: int


class End(NamedTuple):
    """A bar is over."""

    bar: int


class Paid(NamedTuple):
    """A funding payment: when, at which rate and price, what the short received, and by how much that may be off."""

    time_nanos: int
    rate: int
    rate_one: int
    ticks: int
    units: int
    uncertain_units: int


class Row(NamedTuple):
    """The short at the end of a bar; ``liquidation`` is ``NO_PRICE`` where there is none."""

    bar: int
    close: int
    liquidation: int
    tier: int
    equity: int
    wallet: int
    funding: int
    interest: int


class Worst(NamedTuple):
    """The closest the price came to the liquidation price."""

    bar: int
    high: int
    liquidation: int

    @property
    def room(self) -> float:
        """How much further the price could have risen, as a fraction of it."""
        return self.liquidation / self.high - 1


class Death(NamedTuple):
    """A liquidation: in which bar, from when on, at which price; the wick may have come until the bar's end.

    ``at_open`` when the price jumped over the liquidation price, so that the first price known is the fill.
    """

    bar: int
    since_nanos: int
    until_nanos: int
    liquidation: int
    fill: int
    at_open: bool
    certain: bool


@dataclass(slots=True)
class Walk:
    """What happened on the way, and the short as it stood in the end."""

    short: Short
    rows: list[Row] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    added: list[Added] = field(default_factory=list)
    rules: list[NewRules] = field(default_factory=list)
    highest: int = 0
    """The highest price met while the short lived."""
    worst: Worst | None = None
    called: tuple[int, int] | None = None
    """Bar and price of the first margin call."""
    death: Death | None = None
    funding: int = 0
    """All funding received."""


def moments(path: Path, charges: Sequence[Charge]) -> Iterator[Due | Look | End]:
    """Everything in the order in which it happens; ``charges`` must be in the order of their times."""
    place, count = 0, len(charges)
    for bar in range(len(path)):
        start, stop = path.open_nanos[bar], path.close_nanos[bar]
        while place < count and charges[place].time_nanos <= start:
            nanos = charges[place].time_nanos
            yield Due(bar, charges[place], path.price_at(bar, nanos), nanos < start)
            place += 1
        since, ticks = start, path.open[bar]
        while True:
            until = min(charges[place].time_nanos, stop) if place < count else stop
            yield Look(bar, since, until, ticks, path.high[bar])
            if place == count or charges[place].time_nanos > stop:
                break
            since, ticks = until, path.price_at(bar, until)
            while place < count and charges[place].time_nanos == since:
                yield Due(bar, charges[place], ticks, since < stop)
                place += 1
            if since == stop:
                # Only the close is known of this instant, the wick lies before it.
                yield Look(bar, since, since, ticks, ticks)
                break
        yield End(bar)


def walk(short: Short, path: Path, charges: Sequence[Charge]) -> Walk:
    """Take a short through a path until it dies or the path ends.

    Two walks, the second with the short of the first over the rest of the path, are one walk over the whole.
    """
    going = Walk(short)
    border = short.liquidation()
    steps = moments(path, charges)
    for step in steps:
        if isinstance(step, Due):
            _fall_due(going, path, step)
            border = going.short.liquidation()
        elif isinstance(step, Look):
            if border != NO_PRICE and step.high >= border:
                going.death = _death(going.short, path, step, border, steps)
                going.highest = max(going.highest, going.death.fill)
                going.rows.append(_row(going, path, step.bar, border, going.death.fill))
                return going
            going.highest = max(going.highest, step.high)
            _note_closest(going, step, border)
        else:
            going.rows.append(_row(going, path, step.bar, border, path.close[step.bar]))
    return going


def smallest_wallet(short: Short, path: Path, charges: Sequence[Charge]) -> int:
    """The least wallet at the start with which the short would have lived through the whole path.

    The wallet moves equity one to one at every price, so it is the wallet less the narrowest gap between equity
    and maintenance; below zero where none is needed.
    """
    going = Walk(short)
    narrowest: int | None = None
    for step in moments(path, charges):
        if isinstance(step, Due):
            _fall_due(going, path, step)
        elif isinstance(step, Look):
            risk = going.short.risk(step.high)
            gap = risk.equity - risk.maintenance
            narrowest = gap if narrowest is None else min(narrowest, gap)
    assert narrowest is not None
    return short.wallet - narrowest + (1 if short.trigger == Trigger.AT_OR_BELOW else 0)


def _fall_due(going: Walk, path: Path, due: Due) -> None:
    charge, short = due.charge, going.short
    if isinstance(charge, Funding) and isinstance(short, PerpShort):
        received = short.funding(charge.rate, charge.rate_one, due.ticks)
        off = 0
        if due.inside:
            edges = (path.low[due.bar], path.high[due.bar])
            off = max(abs(short.funding(charge.rate, charge.rate_one, edge) - received) for edge in edges)
        going.payments.append(Paid(*charge, due.ticks, received, off))
        going.funding += received
        going.short = short.with_wallet(short.wallet + received)
    elif isinstance(charge, Hours) and isinstance(short, LoanShort):
        going.short = short.accrued(charge.until_nanos)
    elif isinstance(charge, Added):
        going.added.append(charge)
        going.short = short.with_wallet(short.wallet + charge.units)
    elif isinstance(charge, NewRules) and isinstance(short, PerpShort):
        going.rules.append(charge)
        going.short = short.under(charge.contract)


def _note_closest(going: Walk, look: Look, border: int) -> None:
    if border != NO_PRICE:
        seen = Worst(look.bar, look.high, border)
        if going.worst is None or seen.liquidation * going.worst.high < going.worst.liquidation * seen.high:
            going.worst = seen
    if going.called is None and going.short.is_called(look.high):
        going.called = (look.bar, look.high)


def _death(short: Short, path: Path, look: Look, border: int, rest: Iterator[Due | Look | End]) -> Death:
    """The fill is the liquidation price, or the first price known where that lies beyond it already."""
    at_open = look.ticks >= border
    certain = at_open or _dies_in_any_case(short, path, look, rest)
    fill = look.ticks if at_open else border
    until = look.since_nanos if at_open else path.close_nanos[look.bar]
    return Death(look.bar, look.since_nanos, until, border, fill, at_open, certain)


def _dies_in_any_case(short: Short, path: Path, look: Look, rest: Iterator[Due | Look | End]) -> bool:
    """Whether the wick would have killed at every instant of its bar, not only in the piece that was tested first."""
    if look.since_nanos > path.open_nanos[look.bar]:
        return False
    beyond = Walk(short)
    for step in rest:
        if isinstance(step, End):
            break
        if isinstance(step, Due):
            _fall_due(beyond, path, step)
        elif step.until_nanos > step.since_nanos:
            border = beyond.short.liquidation()
            if border == NO_PRICE or look.high < border:
                return False
    return True


def _row(going: Walk, path: Path, bar: int, border: int, ticks: int) -> Row:
    short = going.short
    return Row(
        bar=bar,
        close=ticks,
        liquidation=border,
        tier=short.tier(ticks) if isinstance(short, PerpShort) else 1,
        equity=short.risk(ticks).equity,
        wallet=short.wallet,
        funding=going.funding,
        interest=short.interest(ticks),
    )
