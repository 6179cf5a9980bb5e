"""What a frame can hold: each part is computed at most once a frame, in the market's thread, if somebody watches it.

A screen asks for parts by name. To add one, write its view in ``view/`` and enter it here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import msgspec

from shortdesk.doors.web.happenings import Happening
from shortdesk.doors.web.recorder import Trade
from shortdesk.doors.web.trader import LATENCY_MS, Slip
from shortdesk.doors.web.view.book import BookView, book_view
from shortdesk.doors.web.view.deaths import DeathMap
from shortdesk.doors.web.view.gauges import Gauges, gauges
from shortdesk.doors.web.view.liquidations import LiquidationView, liquidation_view
from shortdesk.doors.web.view.scale import places_of
from shortdesk.doors.web.view.verdict import Verdict, mechanism_name
from shortdesk.doors.web.view.you import OrderView, PositionView, own_orders, position_view, wallet
from shortdesk.ground.kinds import Mechanism

if TYPE_CHECKING:
    from shortdesk.doors.web.session import Session

__all__ = ["PARTS", "Counts", "Head", "TapeView", "YouView", "you_view"]

_SLOW_S = 0.45


class Head(msgspec.Struct, frozen=True):
    """What is played and how far it is: does not change but for a restart."""

    scenario: str
    about: str
    seed: int
    instrument: str
    base: str
    quote: str
    venue: str
    tick: float
    lot: float
    price_places: int
    size_places: int
    horizon_s: float
    trigger_s: float
    start_s: int
    candle_s: int
    column_s: int
    bin: float
    most_leverage: float
    latency_ms: float
    mechanisms: dict[int, str]
    instruments: list[str]


class Counts(msgspec.Struct, frozen=True):
    """Sums since the play began, in the quote."""

    liquidations: int
    shorts_liquidated: float
    longs_liquidated: float
    deleveraged: float
    queue: tuple[int, int]
    """Longs and shorts in line to be deleveraged, as their venue ranks them."""
    rows: int


class TapeView(msgspec.Struct, frozen=True):
    """The last trades, the newest first."""

    trades: list[Trade]


class YouView(msgspec.Struct, frozen=True):
    """The reader's account."""

    deposit: float
    wallet: float
    equity: float
    fees: float
    funding: float
    realised: float
    position: PositionView | None
    orders: list[OrderView]
    slips: list[Slip]
    verdict: Verdict | None


def _head(session: Session) -> Head:
    from shortdesk.doors.web.view.deaths import bin_ticks

    board, scenario, recorder = session.board, session.play.scenario, session.recorder
    market = board.market
    return Head(
        scenario=scenario.name,
        about=scenario.about,
        seed=scenario.seed,
        instrument=board.name,
        base=board.base,
        quote=board.quote,
        venue=board.venue,
        tick=board.tick,
        lot=board.lot,
        price_places=places_of(market.tick),
        size_places=places_of(market.lot),
        horizon_s=scenario.horizon_s,
        trigger_s=scenario.trigger_s,
        start_s=scenario.start_ns // 10**9,
        candle_s=recorder.candle_s,
        column_s=recorder.column_s,
        bin=board.price(bin_ticks(board)),
        most_leverage=session.play.cast.most_leverage(market, 1.0) if market.tiers else 1.0,
        latency_ms=LATENCY_MS,
        mechanisms={0: mechanism_name(0), **{int(one): mechanism_name(one) for one in Mechanism}},
        instruments=[one.name for one in scenario.instrument],
    )


def _gauges(session: Session) -> Gauges:
    return gauges(session.play, session.board)


def _counts(session: Session) -> Counts:
    one = session.recorder
    return Counts(one.liquidations, one.liquidated[0], one.liquidated[1], one.deleveraged, session.queue, one.rows)


def _book(session: Session) -> BookView:
    return book_view(session.play.world, session.board, session.seat.account)


def _deaths(session: Session) -> DeathMap:
    return session.deaths


def _liquidations(session: Session) -> LiquidationView | None:
    """Twice a second: it sorts everybody and takes ten times as long as any other part."""
    recorder, now = session.recorder, time.monotonic()
    known = session.slow.get(recorder)
    if known is None or now - known[0] >= _SLOW_S:
        found = liquidation_view(session.play.world, session.board, recorder.candles, recorder.candle_s)
        session.slow = {recorder: (now, found)}
        return found
    view: LiquidationView | None = known[1]
    return view


def _tape(session: Session) -> TapeView:
    return TapeView(list(session.recorder.trades)[::-1])


def _happenings(session: Session) -> list[Happening]:
    return list(session.recorder.happenings)[::-1][:80]


def you_view(session: Session) -> YouView:
    """The reader's account as it is now."""
    world, board, seat = session.play.world, session.board, session.seat
    position = position_view(world, board, seat.account, session.lights)
    free = wallet(world, board, seat.account)
    return YouView(
        deposit=seat.deposit,
        wallet=free,
        equity=free + (position.equity if position and position.isolated else position.pnl if position else 0.0),
        fees=board.money(seat.sums.fees + seat.sums.liquidation_fees),
        funding=board.money(seat.sums.funding),
        realised=board.money(seat.sums.realised),
        position=position,
        orders=own_orders(world, board, seat.account),
        slips=list(seat.slips)[::-1][:40],
        verdict=session.verdict,
    )


PARTS: Mapping[str, Callable[[Session], Any]] = MappingProxyType(
    {
        "head": _head,
        "gauges": _gauges,
        "counts": _counts,
        "book": _book,
        "deaths": _deaths,
        "liquidations": _liquidations,
        "tape": _tape,
        "happenings": _happenings,
        "you": you_view,
    }
)
"""Every part by the name that a page asks for. ``candles`` and ``columns`` come on top, piece by piece."""
