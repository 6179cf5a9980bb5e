"""Lending in the market: loans, interest, recall and buy-in through the book, sale and repayment."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.market.lenders import BONUS, HOUR, MARGIN, ROOM, Pair, only

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Refusal
from shortdesk.ground.venue import find_venue
from shortdesk.margin.borrow import HourForm
from shortdesk.margin.lending import borrow_rate_at
from shortdesk.market.command import CommandKind
from shortdesk.market.open_lending import (
    LendingTerms,
    open_lending,
    reserve_lending,
    set_auto_borrow,
    spot_margin_lending,
)
from shortdesk.market.tables import Shelf
from shortdesk.market.world import Capacity, World


@pytest.mark.parametrize(
    ("units", "asked", "refusal"),
    [
        # 150 dollars behind coins of 100: new loans need 50 % of equity on what is owed, so 3 coins
        (300, {}, Refusal.NONE),
        (301, {}, Refusal.NOT_ENOUGH_MARGIN),
        (10_001, {}, Refusal.NOTHING_TO_LEND),
        (101, {"reserve_units": 9_900}, Refusal.NOTHING_TO_LEND),
        (100, {"reserve_units": 9_900}, Refusal.NONE),
        (201, {"limit_units": 200}, Refusal.OVER_BORROW_LIMIT),
        (200, {"limit_units": 200}, Refusal.NONE),
        (0, {}, Refusal.BAD_SIZE),
        (1 << 62, {}, Refusal.SIZE_TOO_LARGE),
    ],
)
def test_who_may_borrow_how_much(units: int, asked: dict[str, Any], refusal: Refusal) -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0), **asked)
    pair.open("ann", usd=15_000)
    pair.mark(100)
    assert pair.borrow("ann", units) == refusal
    assert pair.has("ann") == (15_000, units if refusal == Refusal.NONE else 0)
    assert pair.owes("ann") == (units if refusal == Refusal.NONE else 0)


def test_without_a_price_nothing_is_lent() -> None:
    pair = Pair()
    pair.open("ann", usd=15_000)
    assert pair.borrow("ann", 100) == Refusal.NO_REFERENCE_PRICE
    assert pair.send(CommandKind.BORROW, "ann", instrument=pair.usd, lots=1)[0][0] == "REFUSED"
    assert pair.refusal() == Refusal.NOTHING_TO_LEND
    pair.send(CommandKind.BORROW, "ann", instrument=9, lots=1)
    assert pair.refusal() == Refusal.UNKNOWN_ASSET


@pytest.mark.parametrize(
    ("borrowed", "used", "rate"),
    # the curve by hand: 8.76 % + 8.76 % * used / 80 % up to the bend, then 876 % over the last fifth
    [(400_000, "0.4", "0.1314"), (800_000, "0.8", "0.1752"), (900_000, "0.9", "4.5552")],
)
def test_the_hour_charges_the_rate_of_the_curve(borrowed: int, used: str, rate: str) -> None:
    pair = Pair(MARGIN._replace(hours=HourForm.ELAPSED_HOURS), lent=1_000_000)
    pair.open("ann", usd=10**9)
    pair.mark(100)
    assert pair.borrow("ann", borrowed) == Refusal.NONE
    pair.now_ns = HOUR
    rows = pair.accrue()
    assert rows[0] == ("BORROW_RATE", "", 0, int(Decimal(rate) * 10**12))
    assert pair.rate() == Fraction(borrow_rate_at(used, "0.8", "0.0876", "0.0876", "8.76")) == Fraction(rate)
    cost = -(-borrowed * Fraction(rate) // 8760)
    assert rows[1:] == [("INTEREST", "ann", 0, -cost), ("BORROW", "ann", 0, cost)]
    assert pair.owes("ann") == borrowed + cost
    assert pair.accrue() == []  # the hour is charged once
    pair.now_ns += HOUR - 1
    assert [row[0] for row in pair.accrue()] == ["BORROW_RATE"]


def test_hours_of_the_clock_are_charged_as_binance_counts_them() -> None:
    # borrowed 13:20, repaid 14:15: two hours; 1,000,000 units at 0.001 % an hour (nothing else is lent: 10 % of slope)
    pair = Pair(MARGIN._replace(slope_1=0), lent=100_000_000)
    pair.open("ann", usd=10**11)
    pair.mark(100)
    pair.now_ns = 13 * HOUR + HOUR // 3
    pair.borrow("ann", 1_000_000)
    assert pair.owes("ann") == 1_000_010
    pair.now_ns = 14 * HOUR + HOUR // 4
    pair.give("ann", pair.coin, 100)
    rows = pair.send(CommandKind.REPAY, "ann", lots=1_000_100)
    assert rows == [("INTEREST", "ann", 0, -10), ("BORROW", "ann", 0, 10), ("REPAY", "ann", 0, -1_000_020)]
    assert (pair.owes("ann"), pair.has("ann")[1]) == (0, 80)
    pair.send(CommandKind.REPAY, "ann", lots=1)
    assert pair.refusal() == Refusal.NOTHING_OWED


def test_what_an_order_promises_is_neither_repaid_nor_withdrawn() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0))
    pair.open("ann", usd=100_000)
    pair.mark(100)
    pair.borrow("ann", 300)
    pair.order("ann", -2, 110)
    pair.send(CommandKind.REPAY, "ann", lots=101)
    assert pair.refusal() == Refusal.NOT_ENOUGH_BALANCE
    pair.send(CommandKind.WITHDRAW, "ann", lots=101)
    assert pair.refusal() == Refusal.NOT_ENOUGH_BALANCE
    pair.send(CommandKind.REPAY, "ann", lots=100)
    assert (pair.refusal(), pair.owes("ann")) == (Refusal.NONE, 200)


def test_what_stands_behind_a_loan_cannot_be_withdrawn() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0))
    pair.open("ann", usd=20_000)
    pair.mark(100)
    pair.borrow("ann", 200)
    # 200 dollars and 2 coins against 2 coins: 300 must stay, 100 may go
    pair.send(CommandKind.WITHDRAW, "ann", instrument=pair.usd, lots=10_001)
    assert pair.refusal() == Refusal.NOT_ENOUGH_MARGIN
    pair.send(CommandKind.WITHDRAW, "ann", instrument=pair.usd, lots=10_000)
    assert pair.refusal() == Refusal.NONE


def test_the_closed_loop_from_utilisation_to_price() -> None:
    """Loans use the pool up, the rate jumps, interest eats the margin level, a recall buys in, and the price moves."""
    pair = Pair(MARGIN._replace(hours=HourForm.ELAPSED_HOURS), lent=100_000)
    pair.open("maker", coin=200_000)
    pair.open("buyer", usd=100_000_000)
    pair.open("short", usd=10_000_000)
    pair.mark(100)
    pair.borrow("short", 50_000)
    pair.now_ns = HOUR
    pair.accrue()
    calm = pair.rate()
    pair.borrow("short", 45_000)
    pair.order("buyer", 950, 100)
    pair.order("short", -950, 100)
    pair.now_ns = 2 * HOUR
    interest = only(pair.accrue(), "INTEREST")
    # half of the pool 14.235 % a year; at 95 % the second slope has begun: 17.52 % + 876 % * 3/4
    assert calm == Fraction(14235, 100_000)
    assert pair.rate() > 40 * calm
    assert interest[0][3] == -(-pair.rate() * 95_001 // 8760) * -1
    # the lender wants 90,000 units back within an hour; the book has 600 lots at 101 to 130 and no more below 200
    for lots, price in ((300, 101), (300, 130), (300, 200)):
        pair.order("maker", -lots, price)
    pair.send(CommandKind.RECALL, "short", lots=90_000, trigger_ticks=3 * HOUR)
    pair.send(CommandKind.BUY_IN, instrument=pair.coin, account=pair.names["short"])
    assert pair.refusal() == Refusal.BAD_TRIGGER
    pair.now_ns = 3 * HOUR
    rows = pair.send(CommandKind.BUY_IN, "short")
    assert only(rows, "BUY_IN") == [("BUY_IN", "short", 900, 0)]
    assert [row[2] for row in only(rows, "FILL")] == [300, 300, 300]
    assert only(rows, "REPAY") == [("REPAY", "short", 0, -90_000)]
    assert {int(row["mechanism"]) for row in pair.rows} == {Mechanism.RECALL}
    # 1 % up, 30 % up, 100 % up: the buy-in moved the price, and the pool has coins and a low rate again
    assert int(pair.world.table(Shelf.INSTRUMENTS)[pair.pair].last_ticks) == 200
    assert pair.has("short")[0] == 10_000_000 + 9_500_000 - 30_000 * 101 - 30_000 * 130 - 30_000 * 200
    pair.now_ns = 4 * HOUR
    pair.accrue()
    assert pair.rate() < Fraction(1, 10)


def test_what_the_book_cannot_supply_stays_owed_and_is_said() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0))
    pair.open("maker", coin=100)
    pair.open("buyer", usd=100_000)
    pair.open("short", usd=100_000)
    pair.mark(100)
    pair.borrow("short", 300)
    pair.order("buyer", 3, 100)
    pair.order("short", -3, 100)
    pair.order("maker", -1, 120)
    pair.send(CommandKind.RECALL, "short", lots=300)
    rows = pair.send(CommandKind.BUY_IN, "short")
    assert only(rows, "REPAY") == [("REPAY", "short", 0, -100)]
    assert only(rows, "RECALL") == [("RECALL", "short", 0, 200)]
    assert pair.owes("short") == 200


def test_a_short_without_margin_is_bought_back_and_the_fund_and_deficit_pay_the_minus() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0), liquidation_rate=10_000_000)
    pair.open("maker", coin=1_000)
    pair.open("buyer", usd=1_000_000)
    pair.open("short", usd=60_000)
    pair.give("insurance", pair.usd, 5_000)
    pair.mark(100)
    pair.borrow("short", 1_000)
    pair.order("buyer", 10, 100)
    pair.order("short", -10, 100)
    # 1,600 dollars against 10 coins: called in when 1,600 <= 1.1 * 10 * price, at 145.46
    assert only(pair.mark(145), "LIQUIDATION_START") == []
    pair.order("maker", -5, 150)
    pair.order("maker", -5, 190)
    rows = pair.mark(146)
    # 5 at 150 and 5 at 190 cost 1,700. The fee is 1 %: 7.50 on the first fill, nothing left for the second
    assert only(rows, "LIQUIDATION_STEP", "LIQUIDATION_FEE", "REPAY", "INSURANCE_OUT", "DEFICIT") == [
        ("LIQUIDATION_STEP", "short", 10, 0),
        ("LIQUIDATION_FEE", "short", 0, -750),
        ("REPAY", "short", 0, -1_000),
        ("INSURANCE_OUT", "short", 0, 5_750),
        ("DEFICIT", "short", 0, 5_000),
    ]
    assert (pair.has("short"), pair.owes("short"), pair.has("deficit")[0]) == ((0, 0), 0, -5_000)
    assert rows[-1][:2] == ("LIQUIDATION_END", "short")


def test_a_long_without_margin_sells_its_coins_and_repays_dollars() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0), lends_quote=True, lent=1_000_000)
    pair.open("bidder", usd=1_000_000)
    pair.open("seller", coin=1_000)
    pair.open("long", usd=50_000)
    pair.mark(100)
    assert pair.borrow("long", 100_001) == Refusal.NOT_ENOUGH_MARGIN
    pair.borrow("long", 50_000)
    pair.order("seller", -10, 100)
    pair.order("long", 10, 100)
    pair.order("bidder", 10, 40)
    # 10 coins against 500 dollars: called in at 55; they bring 400, and 100 are nobody's but the venue's
    assert only(pair.mark(56), "LIQUIDATION_START") == []
    rows = pair.mark(55)
    assert only(rows, "REPAY", "DEFICIT") == [
        ("REPAY", "long", 0, -40_000), ("DEFICIT", "long", 0, 10_000), ("REPAY", "long", 0, -10_000)
    ]  # fmt: skip
    assert (pair.has("long"), pair.owes("long"), pair.has("lender")[0]) == ((0, 0), 0, 1_000_000)


def test_an_account_that_borrows_of_itself() -> None:
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0))
    pair.open("other", usd=100_000, coin=1_000)
    pair.open("short", usd=20_000, coin=50)
    pair.mark(100)
    pair.order("other", 3, 100)
    pair.order("short", -3, 100)
    assert pair.refusal() == Refusal.NOT_ENOUGH_BALANCE
    set_auto_borrow(pair.world, pair.names["short"])
    rows = pair.order("short", -3, 100)
    assert only(rows, "BORROW") == [("BORROW", "short", 0, 250)]
    assert pair.has("short") == (50_000, 0)
    pair.order("other", -4, 90)
    rows = pair.order("short", 4, 90)
    assert only(rows, "REPAY") == [("REPAY", "short", 0, -250)]
    assert (pair.has("short"), pair.owes("short")) == ((14_000, 150), 0)
    pair.order("short", -90, 100)
    assert pair.refusal() == Refusal.NOT_ENOUGH_BALANCE


def test_terms_from_the_sheets() -> None:
    day = date(2026, 6, 15)
    margin = spot_margin_lending(find_venue("binance_margin").product[0], "ETH", "cross", day, LendingTerms())
    # a threefold account: assets of 3/2 of the debts for a new loan, 1.1 calls it in
    assert (margin.initial_rate, margin.debt_rate) == (Fraction(1, 2), Fraction(1, 10))
    assert margin.hours == HourForm.CLOCK_HOURS
    market = reserve_lending(find_venue("aave_v3").product[0], "USDC", "WETH", date(2024, 2, 1))
    assert (market.asset_rate, market.initial_asset_rate) == (Fraction(1, 5), Fraction(23, 100))
    assert (market.bonus_bps, market.protocol_fee_bps, market.close_bps) == (10_450, 1_000, 5_000)
    assert market.full_below == Decimal("0.95")
    pair = Pair(market, BONUS)
    pair.open("short", usd=1_000_000)
    pair.mark(2_000)
    assert pair.borrow("short", 386) == Refusal.NOT_ENOUGH_MARGIN  # 77 % of 10,000 are 3.85 coins
    assert pair.borrow("short", 385) == Refusal.NONE


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pair": 9}, "no spot pair"),
        ({"terms": MARGIN._replace(optimal=0)}, "optimal utilisation 0"),
        ({"terms": MARGIN._replace(slope_1=-1)}, "slope 1 -1"),
    ],
)
def test_what_cannot_be_opened_is_named(change: dict[str, Any], words: str) -> None:
    pair = Pair()
    with pytest.raises(UsageError, match=words):
        open_lending(pair.world, pair.venue, pair.usd, **{"pair": pair.pair, "terms": MARGIN, **change})
    with pytest.raises(UsageError, match="lends asset"):
        open_lending(pair.world, pair.venue, pair.coin, pair=pair.pair, terms=MARGIN)


def test_many_loans_fill_tables_and_journal_and_change_nothing(tmp_path: Path) -> None:
    """A World with little room, asked to grow and to empty its journal in the middle, ends like one with plenty."""
    ends = []
    for room in (
        ROOM,
        Capacity(accounts=60, legs=60, orders=200, pages=300, nodes=900, balances=400, journal_rows=9_000),
    ):
        pair = Pair(MARGIN._replace(hours=HourForm.ELAPSED_HOURS), lent=10**9, room=room)
        for number in range(50):
            pair.open(f"a{number}", usd=10**10)
        pair.mark(100)
        for number in range(50):
            assert pair.borrow(f"a{number}", 10_000_000 - number * 1_000) == Refusal.NONE
        pair.now_ns = HOUR
        rows = pair.accrue() + pair.accrue()
        assert len(only(rows, "INTEREST")) == 50
        pair.world.save(tmp_path / "world")
        assert World.load(tmp_path / "world").digest() == pair.world.digest()
        ends.append((pair.world.digest(), rows))
    assert ends[0] == ends[1]


def test_a_second_buy_in_goes_back_to_the_recall_that_was_left() -> None:
    """One of three coins can be had: the rest is wanted in a new RECALL row, and that row makes the next buy-in."""
    pair = Pair(MARGIN._replace(lowest=0, slope_1=0))
    pair.open("maker", coin=200)
    pair.open("buyer", usd=100_000)
    pair.open("short", usd=100_000)
    pair.mark(100)
    pair.borrow("short", 300)
    pair.order("buyer", 3, 100)
    pair.order("short", -3, 100)
    pair.order("maker", -1, 120)
    pair.send(CommandKind.RECALL, "short", lots=300)
    asked = int(pair.rows[0]["seq"])
    rows = pair.send(CommandKind.BUY_IN, "short")
    first = next(row for row in pair.rows if row["kind"] == Kind.BUY_IN)
    left = next(row for row in pair.rows if row["kind"] == Kind.RECALL)
    assert (int(first["cause"]), only(rows, "RECALL")) == (asked, [("RECALL", "short", 0, 200)])
    pair.order("maker", -1, 120)
    pair.send(CommandKind.BUY_IN, "short")
    second = next(row for row in pair.rows if row["kind"] == Kind.BUY_IN)
    assert int(second["cause"]) == int(left["seq"])


def test_a_recall_for_yesterday_is_refused_for_that_whoever_owes() -> None:
    pair = Pair()
    pair.open("nobody", usd=1)
    pair.now_ns = HOUR
    pair.send(CommandKind.STEP)
    pair.send(CommandKind.RECALL, "nobody", lots=1, trigger_ticks=HOUR - 1)
    assert pair.refusal() == Refusal.BAD_TRIGGER
    pair.send(CommandKind.RECALL, "nobody", lots=1, trigger_ticks=HOUR)
    assert pair.refusal() == Refusal.NOTHING_OWED
