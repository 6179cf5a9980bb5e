"""The liquidation map of a running market against the study that the command line prints, and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from shortdesk.doors.web.recorder import Candle
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.view.book import resting_orders
from shortdesk.doors.web.view.deaths import armed_legs, death_map
from shortdesk.doors.web.view.liquidations import REACH, STEPS, LiquidationView, held_of, liquidation_view
from shortdesk.market.tables import instrument_at
from shortdesk.study.liquidation_map import liquidation_map
from shortdesk.study.squeeze_risk import exposure, guess_of


def view_of(session: Session) -> LiquidationView:
    recorder = session.recorder
    found = liquidation_view(session.play.world, session.board, recorder.candles, recorder.candle_s)
    assert found is not None
    return found


def test_truth_is_the_venue_s_own_ladder(session: Session) -> None:
    view, deaths = view_of(session), death_map(session.play.world, session.board)
    assert view.shorts.positions + view.longs.positions == deaths.positions
    legs, ticks = armed_legs(session.play.world, session.board.number)
    size = -float(legs["lots"][legs["lots"] < 0].sum()) * session.board.lot
    assert view.shorts.placed == pytest.approx(size * view.mark)
    near = (legs["lots"] < 0) & (ticks * session.board.tick < view.mark * (1 + REACH / STEPS * 20))
    worth = float((np.abs(legs["lots"]) * ticks)[near].sum() * session.board.lot * session.board.tick)
    assert sum(view.shorts.exact[:20]) == pytest.approx(worth, rel=2e-3)


def test_the_figures_are_those_of_the_command_line(session: Session) -> None:
    view, board, world = view_of(session), session.board, session.play.world
    legs, ticks = armed_legs(world, board.number)
    interest = board.size(int(instrument_at(world.block, board.number).open_lots))
    held = held_of(board, view.mark, interest, legs, ticks, session.recorder.candles, "up")
    kappa = 0.01 * view.mark**2 / view.shorts.depth_1pct
    risk = exposure(held, kappa=kappa, depth_is_given=True)
    assert view.shorts.ignition == (risk.map.ignition_price or 0.0)
    assert view.shorts.greatest_gain == risk.greatest_gain
    assert view.shorts.oi_over_depth == risk.oi_over_depth
    assert view.shorts.misplaced_pct == pytest.approx(100 * risk.map.error.misplaced)
    fine = liquidation_map(
        view.mark, held.levels, held.sizes, guess_of(held), kappa=kappa, reach=REACH, buckets=STEPS
    ).guessed
    assert sum(view.shorts.guessed) == pytest.approx(float((fine * view.mark).sum()), rel=REACH)


def test_the_book_in_the_way_adds_up_order_by_order(session: Session) -> None:
    view, board = view_of(session), session.board
    orders, _ = resting_orders(session.play.world, board.number)
    for side, book, reach in ((1, view.shorts.book, 1 + REACH), (0, view.longs.book, 1 - REACH)):
        worth = sum(
            int(one["lots"]) * board.lot * int(one["price_ticks"]) * board.tick
            for one in orders
            if one["side"] == side
            and abs(int(one["price_ticks"]) * board.tick - view.mark * reach) <= REACH * view.mark
        )
        assert sum(book) == pytest.approx(worth, rel=0.02)


def test_outsiders_see_nothing_but_candles(session: Session) -> None:
    view, board, world = view_of(session), session.board, session.play.world
    bar: Candle = (0, 100.0, 102.0, 98.0, 100.0, 5_000.0, 0.0, 0.0)
    silent: Candle = (5, 100.0, 100.0, 100.0, 100.0, 0.0, 0.0, 0.0)
    legs, ticks = armed_legs(world, board.number)
    held = held_of(board, view.mark, 10.0, legs, ticks, [bar, silent], "up")
    assert held.entries.tolist() == [100.0]
    assert held.weights.tolist() == [50.0]
