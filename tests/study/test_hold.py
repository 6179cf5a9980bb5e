"""A held short: figures worked by hand, the tick on which it dies, the money that adds up, laws on random paths."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal as D
from fractions import Fraction
from math import ceil

import numpy as np
import pytest
from tests.study.hold_story import HOUR, START, bars_of, closes_of, funding_of, held

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.venue import load_venue
from shortdesk.intake import parse_time, sample_bars, sample_funding
from shortdesk.study.hold import History, HoldRequest, hold
from shortdesk.study.hold_result import HoldResult, HoldTotals
from shortdesk.study.hold_short import LoanShort
from shortdesk.study.short import short_ticket
from shortdesk.study.ticket import ShortRequest, Size

# Five bars of eight hours, 1 BTC sold at 10,000 with 10x, Binance's tiers of 2020 (0.4 % up to 50,000). By hand:
#   wallet 1,000; it dies where 11,000 - P = 0.004 P: P = 11,000 / 1.004 = 10,956.1753
#   bar 1 closes at 10,100; funding +0.1 %  of 10,100: receives 10.10, wallet 1,010.10, dies at 10,966.2351
#   bar 2 closes at 10,400; funding -0.2 %  of 10,400: pays     20.80, wallet   989.30, dies at 10,945.5179
#   bar 3 closes at 10,800; funding +0.05 % of 10,800: receives  5.40, wallet   994.70, dies at 10,950.8964
#   bar 4 closes at 10,050; funding nothing
#   bar 5 closes at  9,600; funding -0.01 % of  9,600: pays      0.96, wallet   993.74, dies at 10,949.9402
#   closed at 9,600: price +400, fee 0.05 % of 9,600 = 4.80; the fee to open was 5.00
#   put in 1,005.00; back 993.74 + 400 - 4.80 = 1,388.94
FIVE = (
    ("10000", "10200", "9900", "10100"),
    ("10100", "10500", "10050", "10400"),
    ("10400", "10945.51", "10300", "10800"),
    ("10800", "10900", "10000", "10050"),
    ("10050", "10060", "9500", "9600"),
)
RATES = ("0.001", "-0.002", "0.0005", "0", "-0.0001")


def test_five_bars_by_hand() -> None:
    result = held(bars_of(FIVE), funding_of(RATES), leverage=D(10))
    assert result.liquidated is None
    assert [bar.wallet for bar in result.bars] == [D("1010.10"), D("989.30"), D("994.70"), D("994.70"), D("993.74")]
    # Each liquidation price is the first cent at which equity meets maintenance.
    assert [bar.liquidation_price for bar in result.bars] == [
        D("10966.24"),
        D("10945.52"),
        D("10950.90"),
        D("10950.90"),
        D("10949.95"),
    ]
    assert [payment.amount for payment in result.payments] == [D("10.1"), D("-20.8"), D("5.4"), D("0"), D("-0.96")]
    assert [bar.equity for bar in result.bars][-1] == D("1393.74")
    totals = result.totals
    assert totals == HoldTotals(
        stake=D("1005"), added=D(0), price_profit=D(400), funding=D("-6.26"), interest=D(0), open_fee=D(5),
        close_fee=D("4.8"), liquidation_fee=D(0), kept_by_venue=D(0), covered_by_others=D(0), money_back=D("1388.94"),
    )  # fmt: skip
    assert totals.profit == D("383.94")
    assert result.closest is not None
    assert (result.closest.high, result.closest.liquidation_price) == (D("10945.51"), D("10945.52"))
    assert result.worst_loss == D("945.51")
    assert result.days == D(5) / 3


def test_one_tick_more_kills_it() -> None:
    rows = [*FIVE[:2], ("10400", "10945.52", "10300", "10800"), *FIVE[3:]]
    result = held(bars_of(rows), funding_of(RATES), leverage=D(10))
    died = result.liquidated
    assert died is not None
    assert (died.fill_price, died.at_open, died.certain) == (D("10945.52"), False, True)
    assert (died.since_nanos, died.until_nanos) == (START + 16 * HOUR, START + 24 * HOUR)
    # 989.30 - 945.52 = 43.78 are left; 1.25 % of 10,945.52 would be 136.82, so the fee takes all of it.
    assert died.equity_before_fees == D("43.78")
    assert result.totals.liquidation_fee == D("43.78")
    assert result.totals.money_back == 0
    assert len(result.bars) == 3
    assert result.bars[-1].equity == D("43.78")


@pytest.mark.parametrize(
    ("rate", "received"), [("0.001", D("10")), ("-0.001", D("-10"))], ids=["longs pay shorts", "shorts pay longs"]
)
def test_the_sign_of_funding(rate: str, received: D) -> None:
    result = held(bars_of([("10000", "10000", "10000", "10000")]), funding_of([rate]), leverage=D(2))
    assert result.totals.funding == received


def test_funding_at_the_opening_is_not_for_who_opens_then() -> None:
    before = funding_of(["0.01", "0.001"], start=START - 8 * HOUR)
    result = held(bars_of([("10000", "10000", "10000", "10000")]), before, leverage=D(2))
    assert [payment.time_nanos for payment in result.payments] == [START + 8 * HOUR]


def test_funding_alone_can_kill() -> None:
    # Wallet 100 (100x), dies at 10,100 / 1.004 = 10,059.77; a payment of 0.7 % of 10,000 leaves 30: dies at 9,990.04.
    rows = [("10000", "10010", "9990", "10000"), ("10000", "10000", "9900", "9900")]
    result = held(bars_of(rows), funding_of(["-0.007"]), leverage=D(100))
    died = result.liquidated
    assert died is not None
    assert (died.since_nanos, died.fill_price, died.liquidation_price) == (START + 8 * HOUR, D(10000), D("9990.04"))


def test_a_jump_over_the_bankruptcy_price_is_not_the_traders_loss() -> None:
    # Wallet 1,000, bankrupt at 11,000; the next bar opens at 12,000.
    rows = [("10000", "10100", "9900", "10000"), ("12000", "12500", "11900", "12100")]
    result = held(bars_of(rows), funding_of(["0"]), leverage=D(10))
    died = result.liquidated
    assert died is not None
    assert died.at_open
    assert (died.liquidation_price, died.fill_price) == (D("10956.18"), D(12000))
    assert died.deficit == D(1000)
    assert died.paid_by == ("insurance", "adl")
    totals = result.totals
    assert (totals.price_profit, totals.covered_by_others, totals.money_back) == (D(-2000), D(1000), D(0))
    assert totals.profit == D(-1005)
    assert [event.kind for event in result.events] == ["opened", "liquidated"]
    assert "1,000.00 USDT beyond the wallet" in result.events[-1].text


def test_whether_the_wick_came_before_the_funding_may_decide() -> None:
    # One day, 100x: dies at 10,059.77 until 08:00, from then on (+0.5 % received) at 10,109 or so.
    def day(high: str) -> HoldResult:
        rows = [("10000", high, "9990", "10000")]
        return held(bars_of(rows, hours=24), funding_of(["0.005", "0", "0"]), leverage=D(100))

    unsure, sure, alive = day("10080"), day("10200"), day("10059.76")
    assert unsure.liquidated is not None
    assert not unsure.liquidated.certain
    assert any("lies between the lowest and the highest liquidation price" in text for text in unsure.warnings)
    assert sure.liquidated is not None
    assert sure.liquidated.certain
    assert alive.liquidated is None


def test_funding_inside_a_bar_is_paid_on_the_line_from_open_to_close_and_says_how_sure_it_is() -> None:
    result = held(bars_of([("10000", "10600", "9700", "10300")], hours=24), funding_of(["0.001"] * 3), leverage=D(2))
    assert [payment.price for payment in result.payments] == [D(10100), D(10200), D(10300)]
    # At most 0.1 % of 10,600 - 10,100 and of 10,600 - 10,200 (or 9,700): 0.5 and 0.5; the last price is known.
    assert result.funding_uncertainty == D("1")


def test_funding_in_a_gap_is_paid_and_comes_before_the_next_wick() -> None:
    # Bars of four hours, those from 04:00 to 12:00 are missing; 100x dies at 10,059.77, after +1 % of 10,000 and of
    # 10,010 at 10,259 or so. The wick to 10,200 opens with the second payment, so it finds the higher price.
    rows = [("10000", "10010", "9990", "10000"), ("10010", "10200", "9990", "10000")]
    bars = bars_of(rows, hours=4)
    gapped = replace(bars, open_time_nanos=np.array([START, START + 12 * HOUR], dtype=np.int64))
    payments = funding_of(["0.01", "0.01"], hours=6)  # at 06:00, in the gap, and at 12:00, where the next bar opens
    result = held(gapped, payments, leverage=D(100))
    assert result.liquidated is None
    assert [payment.price for payment in result.payments] == [D("10002.50"), D(10010)]
    assert any("1 gap, 2 bars of 4h missing" in note for note in result.notes)
    assert held(gapped, funding_of(["0"] * 2, hours=6), leverage=D(100)).liquidated is not None


def test_the_opening_is_the_ticket() -> None:
    request = ShortRequest(
        symbol="BTCUSDT", size=Size(D(2), "base", "BTC"), entry=D(10773), day=date(2020, 10, 1), leverage=D(3)
    )
    ticket = short_ticket(load_venue("binance_usdm"), request)
    result = held(bars_of([("10773", "10800", "10700", "10750")]), funding_of(["0"]), size="2", leverage=D(3))
    assert ticket.liquidation_price is not None
    assert result.liquidation_price is not None
    assert 0 <= result.liquidation_price - ticket.liquidation_price < D("0.01")
    assert (result.wallet, result.notional) == (ticket.wallet, ticket.notional)
    assert result.totals.open_fee == ticket.open_fee


def test_a_short_with_a_wallet_as_large_as_itself_can_die_but_not_an_inverse_one() -> None:
    rows = [("10000", "10100", "9900", "10000"), ("10000", "1000000", "9900", "900000")]
    linear = held(bars_of(rows), funding_of(["0"]), leverage=D(1))
    assert linear.liquidated is not None
    assert linear.liquidated.fill_price == D("19920.32")  # 20,000 / 1.004
    inverse = held(bars_of(rows), funding_of(["0"]), venue="binance_coinm", symbol="BTCUSD_PERP", leverage=D(1))
    assert inverse.liquidated is None
    assert inverse.liquidation_price is None
    # 100 contracts of 100 USD; wallet 1 BTC, and 10,000 / 900,000 BTC of it are left.
    assert inverse.totals.price_profit == D("-0.98888889")
    assert inverse.totals.money_back > 0


@pytest.mark.parametrize(("venue", "back"), [("bybit", D(0)), ("hyperliquid", None)])
def test_what_is_left_goes_where_the_venue_says(venue: str, back: D | None) -> None:
    rows = [("10000", "30000", "9900", "10000")]
    result = held(bars_of(rows), funding_of(["0"]), venue=venue, symbol="BTC", leverage=D(2), rules_day=None)
    died, totals = result.liquidated, result.totals
    assert died is not None
    assert died.equity_before_fees > 0
    if back is None:
        assert totals.money_back == died.equity_before_fees, "no fee, the trader keeps the rest"
    else:
        assert totals.money_back == back
        assert totals.kept_by_venue == died.equity_before_fees, "taken over at the bankruptcy price"


def test_added_margin_moves_the_liquidation_price_and_counts_as_put_in() -> None:
    added = ((START + 9 * HOUR, D(500)),)
    rows = [*FIVE[:2], ("10400", "10945.52", "10300", "10800"), *FIVE[3:]]
    result = held(bars_of(rows), funding_of(RATES), leverage=D(10), added=added)
    assert result.liquidated is None
    assert result.totals.added == D(500)
    assert result.totals.profit == D("383.94"), "as without it"
    with pytest.raises(UsageError, match="expected a time inside"):
        held(bars_of(rows), funding_of(RATES), leverage=D(10), added=((START, D(500)),))


def test_the_mark_decides_where_it_is_known() -> None:
    wick = [*FIVE[:2], ("10400", "11500", "10300", "10800"), *FIVE[3:]]
    assert held(bars_of(wick), funding_of(RATES), leverage=D(10)).liquidated is not None
    result = held(bars_of(wick), funding_of(RATES), mark=bars_of(FIVE), leverage=D(10))
    assert result.liquidated is None
    assert result.uses_mark
    assert result.totals.money_back == D("1388.94")
    assert result.assumptions[0].startswith("The mark price decides")
    # It is dealt at last trades all the same: 10 above the mark at the entry and at the exit.
    apart = [("10010", "10200", "9900", "10100"), *FIVE[1:4], ("10050", "10060", "9500", "9610")]
    dealt = held(bars_of(apart), funding_of(RATES), mark=bars_of(FIVE), leverage=D(10))
    assert (dealt.entry_price, dealt.exit_price, dealt.totals.price_profit) == (D(10010), D(9610), D(400))
    closes = held(closes_of([row[3] for row in FIVE], hours=8), funding_of(RATES), mark=bars_of(FIVE), leverage=D(10))
    assert closes.liquidated is None
    assert not any("highs are unknown" in warning for warning in closes.warnings)
    with pytest.raises(InputError, match="no mark price for 2 of 5 bars, first 2020-10-02 00:00"):
        held(bars_of(wick), funding_of(RATES), mark=bars_of(FIVE[:3]), leverage=D(10))
    with pytest.raises(InputError, match="bars of 4h; the prices have 8h"):
        held(bars_of(wick), funding_of(RATES), mark=bars_of(FIVE, hours=4), leverage=D(10))


def test_closes_alone_say_that_a_wick_may_have_killed() -> None:
    result = held(closes_of(["10000", "10500", "10900", "10400"]), funding_of(["0.0001"]), leverage=D(10))
    assert result.liquidated is None
    assert result.entry_price == D(10000)
    assert result.opened_nanos == START + HOUR, "at the first close, which is the first price known"
    assert "highs are unknown: between two closes a wick may have killed it earlier" in result.warnings
    assert {bar.high for bar in result.bars} == {None}
    dead = held(closes_of(["10000", "10500", "10956.18", "10400"]), funding_of(["0.0001"]), leverage=D(10))
    assert dead.liquidated is not None
    assert dead.liquidated.fill_price == D("10956.18")


def test_interest_is_counted_in_the_hours_of_the_clock() -> None:
    # Ten days of 24 h: 240 hours touched at the sheet's rate, in coins and rounded up to the last of 8 decimals.
    rows = [("10000", "10100", "9900", "10000")] * 10
    result = held(bars_of(rows, hours=24), venue="binance_margin", leverage=D(2))
    rate = Fraction(load_venue("binance_margin").product[0].borrow[0].hourly_rate)
    coins = Fraction(ceil(rate * 240 * 10**8), 10**8)
    assert result.totals.interest == D(coins.numerator) / D(coins.denominator) * 10_000
    assert result.totals.funding == 0
    assert result.payments == ()
    # The page of the venue: from 13:20 to 14:15 two hours are charged.
    short = loan(opened=parse_time("2020-10-01 13:20"))
    assert short.accrued(parse_time("2020-10-01 14:15")).owed == 2000
    assert short.accrued(parse_time("2020-10-01 14:00")).owed == 1000, "14:00 itself is not touched"
    assert replace(short, hours="exact").accrued(parse_time("2020-10-01 14:50")).owed == 1500


def loan(*, opened: int) -> LoanShort:
    """One coin of 1e8 lots at 100 ticks; a thousandth of a percent an hour."""
    return LoanShort(
        factor=1, entry_ticks=100, borrowed=10**8, wallet=5 * 10**9, maintenance=Fraction(1, 20), trigger=0,
        rate=Fraction(1, 100_000), hours="clock_hours", opened_nanos=opened, call_level=Fraction(11, 10),
    )  # fmt: skip


def test_a_loan_dies_where_assets_over_debts_meet_the_level() -> None:
    # Isolated, 2x: assets 15,000 against 1 BTC; called at 1.10, sold at 1.05: 13,636.36 and 14,285.71 before interest.
    rows = [
        ("10000", "10100", "9900", "10000"),
        ("10000", "13700", "9900", "10000"),
        ("10000", "14286", "9900", "9900"),
    ]
    result = held(bars_of(rows, hours=1), venue="binance_margin", leverage=D(2))
    assert result.liquidation_price == D("14285.72")
    kinds = [event.kind for event in result.events]
    assert kinds == ["opened", "margin_call", "liquidated"]
    assert result.events[1].time_nanos == START + HOUR
    died = result.liquidated
    assert died is not None
    # Three hours of interest by then: 0.00003125 BTC more are owed.
    owed = 1 + Fraction(ceil(Fraction("0.0000104166666667") * 3 * 10**8), 10**8)
    exact = Fraction(15_000) / (owed * Fraction("1.05"))
    assert died.fill_price - D("0.01") < exact.numerator / D(exact.denominator) <= died.fill_price


def test_rules_of_each_day_bind() -> None:
    # 60 BTC at 10,000: 600,000 stand in the tier of 1 % (deduction 1,300) in 2020, in that of 0.5 % (50) in 2024-10.
    start = parse_time("2024-09-30")
    rows = [("10000", "10010", "9990", "10000")] * 2
    quiet = funding_of(["0"] * 6, start=start)
    result = held(bars_of(rows, hours=24, start=start), quiet, size="60", leverage=D(10))
    first, second = (bar.liquidation_price for bar in result.bars)
    # wallet 60,000: (660,000 + 1,300) / 60.6 = 10,912.541 and, above 600,000, (660,000 + 950) / 60.39 = 10,944.693
    assert result.liquidation_price == D("10912.55")
    assert (first, second) == (D("10944.70"), D("10944.70"))
    assert [event.text for event in result.events if event.kind == "rules"] == ["rules of 2024-10-01 came into force"]
    fixed = held(
        bars_of(rows, hours=24, start=start),
        quiet,
        size="60",
        leverage=D(10),
        rules_day=date.fromisoformat("2024-09-30"),
    )
    assert {bar.liquidation_price for bar in fixed.bars} == {D("10912.55")}
    assert "the rules of 2024-09-30 bind throughout, as asked" in fixed.notes


def test_rules_that_are_not_known_are_taken_from_later_aloud() -> None:
    rows = [("10000", "10010", "9990", "10000")]
    result = held(bars_of(rows), funding_of(["0"]), venue="binance_coinm", symbol="BTCUSD_PERP", leverage=D(3))
    assert "rules of 2024-01-01 are applied to 2020-10-01: older ones of this venue are not in the sheets" in (
        result.warnings
    )
    with pytest.raises(UsageError, match="no tiers in the sheets on 2020-10-01"):
        held(
            bars_of(rows),
            funding_of(["0"]),
            venue="binance_coinm",
            symbol="BTCUSD_PERP",
            rules_day=date.fromisoformat("2020-10-01"),
        )


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ({"leverage": D(200)}, "200x is above the largest leverage for 10000 USDT: 125x"),
        ({"wallet": D(10), "leverage": D(10)}, "wallet 10 is below the initial margin 1000 USDT"),
        ({"mode": "portfolio"}, "no portfolio margin here"),
        ({"venue": "aave_v3", "symbol": "BTC"}, "hold knows no loans against a health factor"),
    ],
)
def test_what_the_venue_would_not_take(asked: dict[str, object], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        held(bars_of(FIVE), funding_of(RATES), **asked)  # type: ignore[arg-type]


# --- the real squeeze ---


@pytest.fixture(scope="module")
def squeeze() -> History:
    """BTCUSDT from October 2020 to February 2021, by day, with its funding."""
    span = ("2020-10-01", "2021-03-01")
    return History(bars=sample_bars("BTCUSDT", *span), funding=sample_funding("BTCUSDT", *span))


@pytest.mark.parametrize(
    ("leverage", "died"), [(10, "2020-10-20"), (3, "2020-11-05"), (1, "2020-12-17")], ids=["10x", "3x", "1x"]
)
def test_the_squeeze_of_2020(squeeze: History, leverage: int, died: str) -> None:
    result = hold(load_venue("binance_usdm"), two_btc(leverage), squeeze)
    assert result.liquidated is not None
    assert result.liquidated.since_nanos == parse_time(died)
    assert result.liquidated.certain
    # The same in a few lines of floating point: funding on the day's middle, Binance's 0.4 % up to 50,000 USDT.
    wallet, entry = 21_546 / leverage, 10_773.0
    by_day: dict[int, float] = {}
    assert squeeze.funding is not None
    for nanos, rate in zip(squeeze.funding.time_nanos.tolist(), squeeze.funding.rate.tolist(), strict=True):
        by_day[(nanos - 1) // (24 * HOUR)] = by_day.get((nanos - 1) // (24 * HOUR), 0.0) + rate / 1e8
    bars = squeeze.bars
    assert bars.high is not None
    assert bars.open is not None
    for time, opened, high, close in zip(bars.open_time_nanos, bars.open, bars.high, bars.close, strict=True):
        border = (wallet + 2 * entry) / (2 * 1.004)
        if high / 100 >= border:
            break
        wallet += 2 * (opened + close) / 200 * by_day[int(time) // (24 * HOUR)]
    assert int(time) == parse_time(died)
    assert float(result.liquidated.fill_price) == pytest.approx(border, rel=2e-4)


def test_what_it_would_have_taken_to_live(squeeze: History) -> None:
    result = hold(load_venue("binance_usdm"), two_btc(3), squeeze)
    assert [rung.leverage for rung in result.ladder] == [D(n) for n in (1, 2, 3, 5, 10, 20, 50)]
    assert all(rung.died_nanos is not None for rung in result.ladder)
    least = result.smallest_wallet
    request = replace(two_btc(3), leverage=None, wallet=least)
    lived = hold(load_venue("binance_usdm"), request, squeeze)
    assert lived.liquidated is None
    assert lived.closest is not None
    assert abs(lived.closest.room_pct) < D("0.0001")
    died = hold(load_venue("binance_usdm"), replace(request, wallet=least - D("0.00000001")), squeeze)
    assert died.liquidated is not None
    assert result.leverage_survived == D("0.25")


def test_on_2021_05_19_the_price_of_the_product_decides() -> None:
    """The perps in USDT and in coin topped at 43,615.93 and 43,611.00: a short that dies at 43,613 dies on one."""
    span = ("2021-05-19", "2021-05-20")
    usdm = sample_bars("BTCUSDT", *span)
    coinm = sample_bars("BTCUSD_PERP", *span, interval="1d")
    quiet = funding_of(["0"] * 3, start=parse_time("2021-05-19"))
    # Linear: wallet = 43,613 * 1.004 - 42,882.54. Inverse, 430 contracts: 43,000 * (1 / 42,878.1 - 0.996 / 43,613).
    linear = held(usdm, quiet, wallet=D("904.912"), leverage=D(50))
    in_coin = Fraction(43_000) * (1 / Fraction("42878.1") - Fraction("0.996") / 43_613)
    wallet = D(ceil(in_coin * 10**8)) / 10**8
    inverse = held(
        coinm, quiet, venue="binance_coinm", symbol="BTCUSD_PERP", size="1.003", wallet=wallet, leverage=D(60)
    )
    assert inverse.contracts == 430
    assert linear.liquidation_price == D("43613.00")
    assert inverse.liquidation_price is not None
    assert abs(inverse.liquidation_price - 43_613) <= D("0.01"), "the wallet was rounded up to a satoshi"
    assert linear.liquidated is not None
    assert inverse.liquidated is None


def two_btc(leverage: int) -> HoldRequest:
    return HoldRequest(symbol="BTCUSDT", size=Size(D(2), "base", "BTC"), leverage=D(leverage))
