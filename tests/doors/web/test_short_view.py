"""The short ticket's view: the library's own tickets, a stop by hand, and fields that do not read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shortdesk.doors.web.view.short import request_of, short_view
from shortdesk.ground.errors import UsageError
from shortdesk.ground.venue import find_venue
from shortdesk.study.short import short_ticket

ASKED = {"symbol": "BTC", "size": "1", "leverage": "10", "entry": "50000", "volatility": "60%"}


def test_each_column_is_the_library_s_ticket() -> None:
    request, _ = request_of(ASKED)
    view = short_view(ASKED)
    taken = [one for one in view.venues if not one.refusal]
    assert {"binance_usdm", "bybit", "okx", "bitmex"} <= {one.venue for one in taken}
    for one in taken:
        ticket = short_ticket(find_venue(one.venue), request)
        assert ticket.liquidation_price is not None
        assert ticket.bankruptcy_price is not None
        assert one.liquidation == float(ticket.liquidation_price)
        assert one.bankruptcy == float(ticket.bankruptcy_price)
        assert one.probability == ticket.liquidation_probability


def test_a_stop_of_a_linear_short_by_hand() -> None:
    view = short_view({**ASKED, "stop": "51000"})
    ticket = short_ticket(find_venue("binance_usdm"), request_of(ASKED)[0])
    one = next(one for one in view.venues if one.venue == "binance_usdm")
    rate = ticket.open_fee / Decimal(50_000)  # type: ignore[operator]
    assert one.stop is not None
    # 1 BTC from 50,000 to 51,000 costs 1,000 and a taker fee on 50,000 and on 51,000.
    assert one.stop.loss == pytest.approx(1000 + float(rate) * 101_000)
    assert not one.stop.is_too_late


def test_a_stop_of_an_inverse_short_by_hand() -> None:
    view = short_view({**ASKED, "stop": "51000"})
    one = next(one for one in view.venues if one.venue == "bitmex")
    assert one.stop is not None
    assert one.quantity is not None
    assert one.fees is not None
    # Worth q coins at 50,000; covering at 51,000 takes q * 50 / 51, the rest is lost, with a fee on both.
    fee = one.fees / 2
    assert one.stop.loss == pytest.approx(one.quantity * (1 - 50 / 51) + fee + fee * 50 / 51)


def test_a_stop_beyond_the_liquidation_price_comes_too_late() -> None:
    view = short_view({**ASKED, "stop": "60000"})
    assert all(one.stop is not None and one.stop.is_too_late for one in view.venues if one.liquidation)


def test_the_explanation_unfolds_for_one_venue() -> None:
    view = short_view({**ASKED, "explain": "bybit"})
    assert view.explained == "bybit"
    assert any("equity meets maintenance margin" in line for line in view.explanation)
    assert view.sources


def test_what_a_venue_refuses_is_said_and_comes_last() -> None:
    venues = short_view(ASKED).venues
    assert [bool(one.refusal) for one in venues] == sorted(bool(one.refusal) for one in venues)
    assert all(one.liquidation is None for one in venues if one.refusal)
    assert any(one.refusal for one in venues)


def test_an_empty_entry_is_filled_in_and_said() -> None:
    view = short_view({"symbol": "BTC"})
    assert view.entry > 0
    assert "Entry not given" in view.said[0]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("symbol", "", "symbol is empty"),
        ("symbol", "NOSUCHCOIN", "NOSUCHCOIN"),
        ("entry", "-3", "entry"),
        ("entry", "1e13", "out of reach"),
        ("size", "many", "size"),
        ("volatility", "0", "more than zero"),
        ("stop", "40000", "not above the entry"),
        ("explain", "nowhere", "nowhere"),
    ],
)
def test_a_field_that_does_not_read_is_named(field: str, value: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        short_view({**ASKED, field: value})
