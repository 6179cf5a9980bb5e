"""A recorded tape on a trader's chair: what the base is worth is what was recorded, and somebody quotes around it.

At every step the tape tells the stage the recorded price as the value known elsewhere, where index members, makers and
informed traders look for it, and one account without bounds moves its quotes there: it takes what others left on the
wrong side and rests around the price. So the book trades along the recording, and what others do to the price lasts
as long as they outweigh ``depth_usd`` a step. With ``memory_s`` the recording gives way to them, as news does
(``agents/value.py``): the tape then goes on from where they have pushed it.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Literal

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp, ln
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import Side
from shortdesk.market.command import CommandKind
from shortdesk.market.open_pricing import RATE_ONE
from shortdesk.market.prices import pricing_at
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at, value_at
from shortdesk.stage.pen import begin, cancel_all, is_silent, place, say
from shortdesk.stage.tapes import Points, read_points, read_rates

__all__ = ["TAPE", "TAPE_POINT", "TAPE_RATE", "TapeTerms", "open_tape", "wake_tape"]

_MOST_LEVELS = 40
_BOTTOMLESS_UNITS = 1 << 60


class TapeTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="tape"):
    """A recorded price, played. What it quotes is our assumption: bars say nothing of a book."""

    name: str
    instrument: str
    file: str = ""
    """Recorded bars, as ``shortdesk hold --prices`` reads them; empty: the shipped history."""
    sample: str = "BTCUSDT"
    """A symbol of the shipped history."""
    product: Literal["usdm", "coinm", "spot"] = "usdm"
    """Which of its products."""
    interval: str = ""
    """Length of a bar, such as 1h; empty: the finest that ships, or what a file's steps say."""
    funding: str = ""
    """Recorded rates, paid in place of the venue's: a file, or a symbol of the shipped history; empty: the
    venue's own."""
    since: datetime | None = msgspec.field(default=None, name="from")
    """Recorded time of the first instant, the open of a bar; left out: the scenario's start."""
    pace: float = 1.0
    """Recorded seconds in one simulated second."""
    rebased: bool = False
    """True: all prices times so much that the first is the instrument's price."""
    step_s: float = 1.0
    """Simulated time between two moves of its quotes; not less than the instrument's clock_s."""
    half_spread_bps: float = 1.0
    depth_usd: float = 1_000_000
    """What it quotes on each side, anew at every step: the most that it trades in one."""
    levels: int = 5
    band_bps: float = 25.0
    """How far from the price the last level lies."""
    memory_s: float = 0.0
    """0: what others do to the price does not last. Else how fast the recording gives way to it."""


TAPE = row_type(
    ("step_ns", "<i8"),
    ("first_point", "<i8"),
    ("point_count", "<i8"),
    ("cursor", "<i8"),  # the point that was passed last, from 0
    ("first_rate", "<i8"),
    ("rate_count", "<i8"),
    ("paid", "<i8"),  # rates paid so far
    ("half", "<f8"),
    ("apart", "<f8"),  # between two levels, part of the price
    ("level_lots", "<i8"),
    ("levels", "<i8"),
    ("follow", "<f8"),
    ("pushed", "<f8"),  # ln of what others have made of the recorded price
    ("instrument", "<i8"),
    ("account", "<i8"),
)
"""One tape as it plays."""

TAPE_POINT = row_type(("time_ns", "<i8"), ("price", "<f8"))
"""A recorded price and when it is reached."""

TAPE_RATE = row_type(("time_ns", "<i8"), ("rate", "<i8"))
"""A recorded funding rate out of ``RATE_ONE`` and when it is paid."""


def open_tape(cast: Cast, terms: TapeTerms) -> None:
    """Read the recording, lay it over simulated time, and seat the account that quotes along it.

    Raises:
        UsageError: it does not cover the run, does not begin at the instrument's price, or steps too fast or too slow.
        InputError: a file cannot be used; names file, line and field.
    """
    market = cast.market(terms.instrument)
    clock_s = cast.clocks_s[terms.instrument]
    if terms.step_s < clock_s:
        raise UsageError(
            f"tape '{terms.name}': step_s is {terms.step_s:g}, but {terms.instrument} looks at prices every "
            f"{clock_s:g} s (clock_s) and would miss some"
        )
    since = terms.since or datetime.fromtimestamp(cast.start_ns // SECOND_NS, UTC)
    span_s, step_s = cast.horizon_s * terms.pace, terms.step_s * terms.pace
    points = read_points(terms.file, terms.sample, terms.product, terms.interval, since, span_s, step_s)
    factor = _factor(market, terms, points)
    cast.begin(terms.name, "tape", Mechanism.TAPE)
    account = cast.account(market, leverage=1)
    cast.deposit(account, market.settle_asset, _BOTTOMLESS_UNITS)
    if not market.is_perp:
        cast.deposit(account, market.base_asset, _BOTTOMLESS_UNITS)
    levels = min(max(terms.levels, 1), _MOST_LEVELS)
    half, band = terms.half_spread_bps / 1e4, terms.band_bps / 1e4
    own = cast.row(
        Part.TAPES, TAPE, step_ns=int(terms.step_s * SECOND_NS), instrument=market.number, account=account,
        half=half, apart=max(0.0, band - half) / max(1, levels - 1), levels=levels,
        level_lots=market.lots(terms.depth_usd / levels),
        follow=terms.step_s / terms.memory_s if terms.memory_s else 0.0,
    )  # fmt: skip
    step_ns = int(terms.step_s * SECOND_NS)
    rows = [
        cast.row(Part.TAPE_POINTS, TAPE_POINT, time_ns=cast.start_ns + step * step_ns, price=price * factor)
        for step, price in zip(points.steps, points.prices, strict=True)
    ]
    cast.change(Part.TAPES, own, first_point=rows[0], point_count=len(rows))
    if terms.funding:
        _open_rates(cast, market, terms, own, points, span_s, step_s)
    cast.agent(AgentKind.TAPE, own)


def _factor(market: Market, terms: TapeTerms, points: Points) -> float:
    """What recorded prices are multiplied by."""
    first = points.prices[0]
    if terms.rebased:
        return market.price / first
    if abs(first - market.price) > float(market.tick):
        raise UsageError(
            f"tape '{terms.name}' begins at {first:g} ({points.source}), but the price of {terms.instrument} is "
            f"{market.price:g}: set price = {first:g}, or rebased = true to move the tape there"
        )
    return 1.0


def _open_rates(
    cast: Cast, market: Market, terms: TapeTerms, own: int, points: Points, span_s: float, step_s: float
) -> None:
    """Recorded funding, in place of the venue's."""
    if not market.is_perp or pricing_at(cast.world.block, market.number).interval_ns == 0:
        raise UsageError(
            f"tape '{terms.name}': {terms.instrument} has no funding instants (a pair, or funding by the minute), so "
            "recorded rates cannot be paid there; leave funding out"
        )
    rates = read_rates(terms.funding, points.first_nanos, span_s, step_s)
    rows = [
        cast.row(
            Part.TAPE_RATES, TAPE_RATE, time_ns=cast.start_ns + one.step * int(terms.step_s * SECOND_NS),
            rate=round(Fraction(one.rate).limit_denominator(RATE_ONE) * RATE_ONE),
        )
        for one in rates
    ]  # fmt: skip
    cast.change(Part.TAPES, own, first_rate=rows[0] if rows else 0, rate_count=len(rows))


@rule
def wake_tape(w: Any, s: Any, agent: int) -> int:
    """Funding that falls due, the recorded price of now, and the quotes around it."""
    row = row_at(s, Part.TAPES, agent_at(s, agent).own, TAPE)
    now = int(clock_of(w).now_ns)
    number = int(row.instrument)
    while row.paid < row.rate_count and _rate(s, row).time_ns <= now:
        pen = begin(w, s, 0, CommandKind.FUND.value, 0, number)
        pen.lots = _rate(s, row).rate
        pen.traits = 1
        say(w, s, 0)
        row.paid += 1
    grid = grid_at(s, number)
    value = value_at(s, int(grid.own_value))
    if row.follow > 0.0:
        row.pushed += row.follow * ln(mid_ticks(w, number) * grid.tick / value.price)
    value.price = _recorded(s, row, now) * exp(row.pushed)
    if not is_silent(w, s, agent):
        _quote(w, s, agent, row, value.price / grid.tick)
    return int(now + row.step_ns)


@rule
def _rate(s: Any, row: Any) -> Any:
    return row_at(s, Part.TAPE_RATES, int(row.first_rate + row.paid), TAPE_RATE)


@rule
def _point(s: Any, row: Any, at: int) -> Any:
    return row_at(s, Part.TAPE_POINTS, int(row.first_point + at), TAPE_POINT)


@rule
def _recorded(s: Any, row: Any, now: int) -> float:
    """The recorded price of an instant, on the straight line between two points; the last one stays."""
    while row.cursor + 1 < row.point_count and _point(s, row, int(row.cursor) + 1).time_ns <= now:
        row.cursor += 1
    here = _point(s, row, int(row.cursor))
    if row.cursor + 1 >= row.point_count or now <= here.time_ns:
        return float(here.price)
    there = _point(s, row, int(row.cursor) + 1)
    part = float(now - here.time_ns) / float(there.time_ns - here.time_ns)
    return float(here.price + (there.price - here.price) * part)


@rule
def _quote(w: Any, s: Any, agent: int, row: Any, worth: float) -> None:
    """Everything anew: what stands beyond the price is taken, the rest of each quote stays."""
    account, number = int(row.account), int(row.instrument)
    cancel_all(w, s, agent, account, number)
    far = row.half
    for _ in range(row.levels):
        bid = max(1, int(worth * (1.0 - far)))
        ask = max(bid + 1, math.ceil(worth * (1.0 + far)))
        place(w, s, agent, account, number, Side.BUY.value, bid, int(row.level_lots), 0)
        place(w, s, agent, account, number, Side.SELL.value, ask, int(row.level_lots), 0)
        far += row.apart
