"""A short over the price: by hand, and against the liquidation prices that the tickets print."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from shortdesk.ground.venue import find_venue, venue_ids
from shortdesk.study.figure import CurveChart, drawn
from shortdesk.study.short import compare_shorts, short_ticket
from shortdesk.study.ticket import ShortRequest, Size
from shortdesk.study.ticket_path import equity_chart, payoff_chart, short_path

DAY = date(2026, 9, 1)


def asked(leverage: str = "10", symbol: str = "BTC", size: str = "1") -> ShortRequest:
    return ShortRequest(
        symbol=symbol, size=Size(Decimal(size), "base", symbol), entry=Decimal(50_000), day=DAY,
        leverage=Decimal(leverage), volatility=0.6,
    )  # fmt: skip


def test_a_linear_short_by_hand() -> None:
    # 1 BTC from 50,000 with 5,000. Above a worth of 50,000 the second tier of that day asks 0.5 % less 50.
    rules = find_venue("binance_usdm")
    ticket = short_ticket(rules, asked())
    points = short_path(rules, asked(), ticket)
    at_entry = next(one for one in points if one.price == 50_000)
    assert (at_entry.profit, at_entry.equity) == (0.0, 5_000.0)
    one = min(points, key=lambda point: abs(point.price - 52_000))
    assert one.profit == pytest.approx(50_000 - one.price)
    assert one.equity == pytest.approx(5_000 + 50_000 - one.price)
    assert one.requirement == pytest.approx(0.005 * one.price - 50)
    assert ticket.bankruptcy_price is not None
    bankrupt = next(one for one in points if one.price == pytest.approx(float(ticket.bankruptcy_price)))
    assert bankrupt.equity == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("leverage", ["2", "10"])
def test_equity_meets_the_requirement_where_every_ticket_says(leverage: str) -> None:
    request = asked(leverage)
    checked = 0
    for venue in venue_ids():
        (ticket,) = compare_shorts([find_venue(venue)], request)
        if ticket.refusal or ticket.liquidation_price is None:
            continue
        points = short_path(find_venue(venue), request, ticket)
        line = float(ticket.liquidation_price)
        for point in points:
            alive = point.equity - point.requirement
            if point.price < line * 0.999:
                assert alive > 0, (venue, point)
            elif point.price > line * 1.001:
                assert alive < 0, (venue, point)
        assert points[0].price < 50_000 < points[-1].price
        checked += 1
    assert checked >= 8


def test_an_inverse_short_without_a_liquidation_price_is_drawn_all_the_same() -> None:
    rules = find_venue("bitmex")
    request = asked("1")
    ticket = short_ticket(rules, request)
    points = short_path(rules, request, ticket)
    chart = payoff_chart(ticket, points)
    if ticket.liquidation_price is None:
        assert chart.dead_from is None
        assert [one.name for one in chart.curves] == ["profit"]
        assert "never meets" in equity_chart(ticket, points).description
    assert drawn(chart).count("<svg") == 2 + len(chart.curves)


def test_the_payoff_ends_with_the_wallet_and_names_its_prices() -> None:
    rules = find_venue("binance_usdm")
    ticket = short_ticket(rules, asked())
    chart = payoff_chart(ticket, short_path(rules, asked(), ticket), Decimal(51_000))
    assert isinstance(chart, CurveChart)
    assert chart.curves[1].values[-1] == -5_000.0
    assert chart.dead_from == float(ticket.liquidation_price or 0)
    assert [one.name.split()[0] for one in chart.marks] == ["entry", "stop", "liquidation", "bankruptcy"]
    page = drawn(chart)
    assert "stop 51,000.0" in page
    assert "entry 50,000.0" in page
    assert 'class="zone"' in page
