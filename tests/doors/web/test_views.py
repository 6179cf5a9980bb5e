"""View models against the library and against a second, slower way of counting."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest
from tests.stage.agents.town import Town

from shortdesk.doors.web.messages import Order
from shortdesk.doors.web.recorder import candle_seconds
from shortdesk.doors.web.session import Session
from shortdesk.doors.web.shocks import shock_now
from shortdesk.doors.web.view.book import book_view, resting_orders
from shortdesk.doors.web.view.deaths import armed_legs, bin_ticks, death_map
from shortdesk.doors.web.view.gauges import gauges, makers_of
from shortdesk.doors.web.view.scale import Board, places_of
from shortdesk.doors.web.view.verdict import pushes
from shortdesk.doors.web.view.you import adl_queue, position_view, wallet
from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.margin.risk import is_liquidatable
from shortdesk.market.covers import leg_score
from shortdesk.market.margin_check import balance_risk, leg_risk
from shortdesk.market.tables import Shelf, balance_at, instrument_at, leg_at, terms_at, venue_at
from shortdesk.stage.agents.borrower import BorrowerTerms
from shortdesk.stage.gauges import equity_units
from shortdesk.stage.look import ask_ticks, bid_ticks, leg_of
from shortdesk.stage.scenario import PoolTerms


@pytest.mark.parametrize(("step", "places"), [("1", 0), ("0.01", 2), ("0.5", 1), ("1000", 0), ("0.00025", 5)])
def test_places_show_every_step(step: str, places: int) -> None:
    assert places_of(Fraction(step)) == places


@pytest.mark.parametrize(("horizon_s", "seconds"), [(60, 1), (7_200, 5), (86_400, 60), (30 * 86_400, 1800)])
def test_a_play_has_about_as_many_candles_whatever_its_length(horizon_s: float, seconds: int) -> None:
    assert candle_seconds(horizon_s) == seconds


def test_the_book_adds_up_order_by_order(session: Session) -> None:
    world, board = session.play.world, session.board
    view = book_view(world, board)
    w = world.block
    assert (view.bid, view.ask) == (board.price(bid_ticks(w, board.number)), board.price(ask_ticks(w, board.number)))
    orders, _ = resting_orders(world, board.number)
    for side, levels in ((0, view.bids), (1, view.asks)):
        near = [
            o
            for o in orders
            if o["side"] == side and abs(int(o["price_ticks"]) * board.tick - view.middle) <= 0.04 * view.middle
        ]
        assert sum(level[1] for level in levels) == pytest.approx(sum(int(o["lots"]) for o in near) * board.lot)
    assert all(first[0] > second[0] for first, second in zip(view.bids, view.bids[1:], strict=False))
    assert all(first[0] < second[0] for first, second in zip(view.asks, view.asks[1:], strict=False))


def test_the_map_is_where_risk_flips(session: Session) -> None:
    world, board = session.play.world, session.board
    legs, ticks = armed_legs(world, board.number)
    assert len(legs) > 20
    trigger = terms_at(world.block, board.number).trigger
    table = world.table(Shelf.LEGS)[1 : world.used_rows(Shelf.LEGS)]
    checked = 0
    for leg, price in zip(legs, ticks.tolist(), strict=True):
        at = 1 + next(i for i, row in enumerate(table) if row["account"] == leg["account"] and row["lots"] != 0)
        units = int(balance_at(world.block, int(leg["balance"])).units)
        if int(balance_at(world.block, int(leg["balance"])).leg) != at:
            continue
        against = 1 if leg["lots"] < 0 else -1
        assert is_liquidatable(leg_risk(world.block, at, units, price), trigger)
        assert not is_liquidatable(leg_risk(world.block, at, units, price - against), trigger)
        checked += 1
    assert checked > 20
    view = death_map(world, board)
    worth = sum(abs(int(leg["lots"])) * price * board.lot * board.tick for leg, price in zip(legs, ticks, strict=True))
    assert view.shorts + view.longs == pytest.approx(worth, abs=len(view.bins) + 1)
    assert {one[0] for one in view.bins} == {int(price) // bin_ticks(board) for price in ticks}


def test_the_figures_are_the_market_s(session: Session) -> None:
    view, row = gauges(session.play, session.board), instrument_at(session.play.world.block, session.board.number)
    assert view.mark == session.board.price(int(row.mark_ticks))
    assert view.open_lots == int(row.open_lots) > 0
    assert view.makers == len(makers_of(session.play, session.board)) == 8
    fund = int(venue_at(session.play.world.block, session.board.market.venue).insurance)
    settle = session.board.market.settle_asset
    assert view.insurance == session.board.money(equity_units(session.play.world, fund, settle)) > 0


def test_a_short_is_placed_and_shown_as_the_library_sees_it_then_closed(session: Session) -> None:
    board, world, seat = session.board, session.play.world, session.seat
    before = wallet(world, board, seat.account)
    assert before == seat.deposit
    order = Order(side="sell", order="market", size="5", leverage=10)
    session.ask(lambda one: one.trade(lambda play: one.seat.order(play, order))).result(60)
    session.ask(lambda one: one.control(None, None, 30.0)).result(60)
    view = position_view(world, board, seat.account)
    assert view is not None
    leg = leg_of(world.block, seat.account, board.number)
    risk = balance_risk(world.block, int(leg_at(world.block, leg).balance))
    assert (view.size, view.leverage, view.isolated) == (-5.0, 10.0, True)
    assert view.equity == board.money(risk.equity)
    assert view.maintenance == board.money(risk.maintenance)
    assert view.margin_ratio_pct == pytest.approx(100 * risk.maintenance / risk.equity)
    assert view.liquidation > view.entry
    assert "sold 5 SOL" in seat.slips[-1][2]
    session.ask(lambda one: one.trade(lambda play: one.seat.close(play, 1))).result(60)
    assert position_view(world, board, seat.account) is None


def test_the_queue_for_deleveraging_is_counted_leg_by_leg(session: Session) -> None:
    world, board = session.play.world, session.board
    rank = int(venue_at(world.block, board.market.venue).adl_rank)
    longs, shorts = 0, 0
    for at in range(1, world.used_rows(Shelf.LEGS)):
        leg = leg_at(world.block, at)
        if int(leg.instrument) == board.number and int(leg.lots) and leg_score(world.block, at, at, rank) > 0:
            longs, shorts = longs + (int(leg.lots) > 0), shorts + (int(leg.lots) < 0)
    assert adl_queue(world, board) == (longs, shorts)
    assert shorts > 20


def test_what_the_venue_refuses_is_said_in_words(session: Session) -> None:
    order = Order(side="sell", order="market", size="1000000", leverage=10)
    session.ask(lambda one: one.trade(lambda play: one.seat.order(play, order))).result(60)
    assert session.seat.slips[-1][2].startswith("refused: ")
    for size, complaint in (
        ("0.001", "grid"),
        ("-1", "more than 0"),
        ("much", "not a number"),
        ("NaN", "not a number"),
    ):
        wrong = Order(side="sell", order="market", size=size)
        with pytest.raises(UsageError, match=complaint):
            session.ask(lambda one, wrong=wrong: one.trade(lambda play: one.seat.order(play, wrong))).result(60)


def test_makers_are_sent_away_and_what_cannot_be_recalled_is_said(session: Session) -> None:
    session.ask(lambda one: shock_now(one.play, one.board, "makers_away", 60)).result(60)
    session.ask(lambda one: one.control(None, None, 10.0)).result(300)
    assert gauges(session.play, session.board).makers_present == 0
    with pytest.raises(UsageError, match="lends nothing"):
        session.ask(lambda one: shock_now(one.play, one.board, "recall", 0.5)).result(60)


def test_a_recall_asks_each_loan_once() -> None:
    pool = PoolTerms(name="SOL loans", pair="SPOT", size=1_000)
    shorts = BorrowerTerms(name="shorts", instrument="SPOT", count=5, short_usd=10_000, short_at_opening=1.0)
    found = Town(shorts, lending=(pool,))
    found.go(2)
    board = Board("SPOT", "SOL", "USDT", "spot", found.market("SPOT"), found.play.cast.venues, found.play.now_ns)
    shock_now(found.play, board, "recall", 0.5)
    rows = found.go(1)
    assert len(found.of(Kind.RECALL, "shorts", rows)) == 5
    assert len(found.of(Kind.SHOCK, rows=rows)) == 1


def test_the_rate_shown_is_that_of_the_coins_lent_now() -> None:
    """580 of 1,000 coins are lent, below the kink at 0.8: slope 1 x 0.58 / 0.8, though nobody was charged yet."""
    pool = PoolTerms(name="SOL loans", pair="SPOT", size=1_000, lowest_year=0.0, slope_1_year=0.08)
    shorts = BorrowerTerms(name="shorts", instrument="SPOT", count=5, short_usd=10_000, short_at_opening=1.0)
    found = Town(shorts, lending=(pool,))
    found.go(2)
    board = Board("SPOT", "SOL", "USDT", "spot", found.market("SPOT"), found.play.cast.venues, found.play.now_ns)
    shown = gauges(found.play, board).pools[0]
    assert shown.lent > 0
    assert shown.rate_pct_year == pytest.approx(8 * shown.lent / 1_000 / 0.8, rel=1e-6)


def test_frames_are_json_and_the_same_for_all(session: Session) -> None:
    session.ask(lambda one: "").result(60)
    head = msgspec.json.decode(session.frame.parts["head"])
    assert (head["scenario"], head["instrument"], head["seed"]) == ("short-squeeze", "SOL-PERP", 1)


def test_who_pushed_is_counted_in_the_last_minute_and_one_direction() -> None:
    stop, crowd = int(Mechanism.STOP), int(Mechanism.LIQUIDATION)
    pushed = [(10, stop, 999.0), (100, crowd, 300.0), (120, stop, 100.0), (125, stop, -700.0), (131, stop, 50.0)]
    found = [(one.mechanism, one.worth, one.share_pct) for one in pushes(pushed, 130, 1)]
    assert found == [("liquidation", 300.0, 75.0), ("stop", 100.0, 25.0)]
