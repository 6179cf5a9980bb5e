"""Funding on the venue's clock: figures worked out by hand; a tick is a dollar, a lot a coin, a unit a cent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from tests.market.markets import ROOM, Floor, kinds, only

from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Kind
from shortdesk.ground.venue import at, find_venue
from shortdesk.margin.funding import FundingForm
from shortdesk.margin.mark import MarkForm
from shortdesk.market.advance import obey_all
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.entry import Halt
from shortdesk.market.funding import Sampling, impact_ticks
from shortdesk.market.ladder import Ladder
from shortdesk.market.open_market import balance_of
from shortdesk.market.open_pricing import RATE_ONE, PricingTerms, open_pricing, venue_pricing
from shortdesk.market.prices import pricing_at
from shortdesk.market.tables import Shelf, balance_at, clock_of, instrument_at

EIGHT_HOURS = PricingTerms(interest="0.0001", clamp="0.0005", cap="0.02")


def priced(terms: PricingTerms = EIGHT_HOURS, *, floor: Floor | None = None, **impact: int) -> Floor:
    floor = floor or Floor()
    open_pricing(floor.world, floor.perp, terms, (1,), **impact)
    for name in ("ann", "bob", "mia"):
        floor.open(name, 100_000, leverage=5)
    return floor


def price(floor: Floor, ticks: int) -> list[tuple[Any, ...]]:
    floor.send(CommandKind.INDEX, client_id=1, price_ticks=ticks)
    return floor.send(CommandKind.TICK)


def book(floor: Floor, *orders: tuple[int, int]) -> None:
    for lots, ticks in orders:
        floor.order("mia", lots, ticks)


def premium(rows: list[tuple[Any, ...]]) -> Fraction:
    (row,) = only(rows, "PREMIUM")
    return Fraction(int(row[4]), 10**12)


def short_of(floor: Floor, lots: int, ticks: int) -> None:
    """Ann sells to Bob."""
    floor.order("bob", lots, ticks)
    floor.order("ann", -lots, ticks)


# --- the premium ---


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (1000, Fraction(0)),  # inside the book
        (990, Fraction(0)),  # on the bid
        (980, Fraction(10, 980)),  # below it: (990 - 980) / 980
        (1025, Fraction(-15, 1025)),  # above the ask: (1010 - 1025) / 1025
    ],
)
def test_premium_of_the_best_prices(index: int, expected: Fraction) -> None:
    floor = priced()
    book(floor, (5, 990), (-5, 1010))
    assert abs(premium(price(floor, index)) - expected) <= Fraction(1, RATE_ONE)


@pytest.mark.parametrize(
    ("impact", "bid"),
    [
        ({"impact_lots": 1}, 1000),
        ({"impact_lots": 2}, 1000),
        ({"impact_lots": 4}, 950),  # (2 at 1000, 2 at 900) / 4
        ({"impact_lots": 5}, 900),  # (2000 + 1800 + 700) / 5
        ({"impact_lots": 6}, 0),  # nobody buys so many
        ({"impact_units": 200_000}, 1000),  # 2,000 dollars are two coins at 1,000
        ({"impact_units": 290_000}, 967),  # and one of 900: 2,900 / 3
        ({"impact_units": 450_000}, 900),
        ({"impact_units": 450_001}, 0),
    ],
)
def test_impact_bid_walks_the_book(impact: dict[str, int], bid: int) -> None:
    floor = Floor()
    open_pricing(floor.world, floor.perp, EIGHT_HOURS, (1,), **impact)
    floor.open("mia", 100_000, leverage=5)
    book(floor, (2, 1000), (2, 900), (1, 700))
    assert impact_ticks(floor.world.block, floor.perp, Ladder.BIDS) == bid


def test_a_side_that_cannot_fill_the_size_counts_as_the_index() -> None:
    floor = priced(impact_lots=10)
    book(floor, (2, 1000), (-10, 1100))
    assert premium(price(floor, 900)) == 0
    assert premium(price(floor, 1210)) == Fraction(-round(Fraction(110, 1210) * RATE_ONE), RATE_ONE)


def test_premium_of_the_middle() -> None:
    floor = priced(EIGHT_HOURS._replace(takes_middle=True))
    book(floor, (5, 1000), (-5, 1030))
    assert premium(price(floor, 1000)) == Fraction(15, 1000)  # inside the book, and yet not zero


def test_middle_with_an_empty_side() -> None:
    floor = priced(EIGHT_HOURS._replace(takes_middle=True))
    book(floor, (-5, 1030))
    assert premium(price(floor, 1000)) == Fraction(15, 1000)  # of the index and 1,030


# --- the rate ---


@pytest.mark.parametrize(
    ("terms", "bid", "per_million"),
    [
        (EIGHT_HOURS, 1000, 100),  # no premium: interest
        (EIGHT_HOURS, 1004, 3_500),  # 0.4 % + clamp(0.01 % - 0.4 %, 0.05 %)
        (EIGHT_HOURS, 1100, 20_000),  # 10 % less 0.05 %, held at the cap
        (EIGHT_HOURS._replace(interval_hours=1, cap=0), 1004, Fraction(875, 2)),  # an eighth of 0.35 %
        (EIGHT_HOURS._replace(funding_form=FundingForm.DEAD_BAND, dead_band="0.005"), 1004, 0),
        (EIGHT_HOURS._replace(funding_form=FundingForm.DEAD_BAND, dead_band="0.001"), 1004, 3_000),
        (EIGHT_HOURS._replace(funding_form=FundingForm.LEGACY_CLAMP), 1004, 3_900),
        (EIGHT_HOURS._replace(funding_form=FundingForm.PREMIUM_ONLY, interval_hours=1), 1004, 500),
    ],
)
def test_rate_by_form(terms: PricingTerms, bid: int, per_million: int | Fraction) -> None:
    floor = priced(terms)
    book(floor, (5, bid))
    price(floor, 1000)
    (row,) = only(floor.send(CommandKind.FUND), "FUNDING_RATE")
    assert Fraction(int(row[4]), 10**6) == per_million


@pytest.mark.parametrize(
    ("sampling", "average"),
    [
        (Sampling.RISING, Fraction(1 * 0 + 2 * 10 + 3 * 40, 6)),
        (Sampling.EQUAL, Fraction(0 + 10 + 40, 3)),
        (Sampling.SNAPSHOT, Fraction(40)),
    ],
)
def test_samples_of_an_interval(sampling: Sampling, average: Fraction) -> None:
    floor = priced(PricingTerms(funding_form=FundingForm.PREMIUM_ONLY, sampling=sampling))
    for bid in (1000, 1010, 1040):  # premiums of 0, 10 and 40 thousandths
        book(floor, (1, bid))
        price(floor, 1000)
    (row,) = only(floor.send(CommandKind.FUND), "FUNDING_RATE")
    assert abs(Fraction(int(row[4]), 10**12) - average / 1000) <= Fraction(1, RATE_ONE)
    assert pricing_at(floor.world.block, floor.perp).samples == 0


# --- the payment ---


def test_longs_pay_shorts_and_what_rounding_leaves_stays_in_clearing() -> None:
    floor = priced()
    short_of(floor, 3, 1111)
    price(floor, 1111)
    rows = floor.send(CommandKind.FUND)
    # 3 coins at 1,111 are 3,333 dollars; 0.01 % of them 33.33 cents: Bob pays 34, Ann gets 33.
    assert sorted(only(rows, "FUNDING"), key=lambda row: str(row[1])) == [
        ("FUNDING", "ann", -3, 1111, Decimal("0.33")),
        ("FUNDING", "bob", 3, 1111, Decimal("-0.34")),
    ]
    assert floor.wallet("ann") == Decimal("100000.33")
    assert floor.wallet("bob") == Decimal("99999.66")
    assert floor.wallet("clearing") == Decimal("0.01")


def test_every_payment_is_caused_by_the_rate() -> None:
    floor = priced()
    short_of(floor, 3, 1000)
    price(floor, 1000)
    floor.send(CommandKind.FUND)
    seq = {name: k for k, name in enumerate(floor.world.table(Shelf.JOURNAL).dtype.names or ())}
    paid = [row for row in floor.rows if row[seq["kind"]] == Kind.FUNDING]
    fixed = [row[seq["seq"]] for row in floor.rows if row[seq["kind"]] == Kind.FUNDING_RATE]
    assert [row[seq["cause"]] for row in paid] == fixed * 2


def test_a_rate_of_zero_pays_nothing() -> None:
    floor = priced(PricingTerms())
    short_of(floor, 3, 1000)
    price(floor, 1000)
    assert kinds(floor.send(CommandKind.FUND)) == ["FUNDING_RATE"]


def test_an_instant_may_pay_the_rate_of_the_instant_before() -> None:
    floor = priced(EIGHT_HOURS._replace(pays_before=True))
    short_of(floor, 3, 1000)
    price(floor, 1000)
    assert kinds(floor.send(CommandKind.FUND)) == ["FUNDING_RATE"]
    assert kinds(floor.send(CommandKind.FUND)) == ["FUNDING_RATE", "FUNDING", "FUNDING"]


@pytest.mark.parametrize("pays_before", [False, True])
def test_a_told_rate_is_fixed_and_paid_whatever_the_formula_says(pays_before: bool) -> None:
    floor = priced(EIGHT_HOURS._replace(pays_before=pays_before))
    short_of(floor, 3, 1000)
    price(floor, 1000)
    rows = floor.send(CommandKind.FUND, traits=1, lots=-2 * RATE_ONE // 100)
    assert [row[4] for row in only(rows, "FUNDING_RATE")] == [-2 * 10**10]  # parts per 10^12
    assert sorted(row[4] for row in only(rows, "FUNDING")) == [-60, 60]  # 2 % of 3,000 dollars, from the short
    assert floor.wallet("ann") == 100_000 - 60


def test_where_funding_accrues_no_rate_can_be_told() -> None:
    floor = priced(EIGHT_HOURS._replace(interval_hours=0))
    price(floor, 1000)
    assert kinds(floor.send(CommandKind.FUND, traits=1, lots=1)) == ["REFUSED"]


def test_payment_by_the_minute() -> None:
    """Deribit's form: 1 % per 8 hours, paid for 90 whole minutes: 3,000 dollars * 1 % * 90/480 = 5.625 dollars."""
    floor = priced(PricingTerms(funding_form=FundingForm.PREMIUM_ONLY, interval_hours=0))
    short_of(floor, 3, 1000)
    book(floor, (1, 1010))
    price(floor, 1000)
    floor.now_ns += 90 * 60 * 10**9 + 59 * 10**9
    assert sorted(row[4] for row in only(floor.send(CommandKind.FUND), "FUNDING")) == [
        Decimal("-5.63"),
        Decimal("5.62"),
    ]
    assert floor.wallet("bob") == Decimal("99994.37")
    floor.now_ns += 10**9  # the 91st minute is full
    floor.send(CommandKind.FUND)
    # 3,000 dollars * 1 % / 480 = 6.25 cents; the rate is the last sample's, as no new one was taken
    assert floor.wallet("bob") == Decimal("99994.37") - Decimal("0.07")


def test_inverse_contracts_pay_in_coin() -> None:
    """Lots of one dollar, units of 10^-8 coin: worth = lots * 10^8 / price."""
    floor = priced()
    row = instrument_at(floor.world.block, floor.perp)
    row.form, row.factor = Form.INVERSE, 10**8
    floor.mark(50_000)
    short_of(floor, 20_000, 50_000)
    price(floor, 50_000)
    rows = floor.send(CommandKind.FUND)
    worth = Fraction(20_000 * 10**8, 50_000)
    assert worth * Fraction(1, 10_000) == 4_000
    assert sorted(int(row[4] * 100) for row in only(rows, "FUNDING")) == [-4_000, 4_000]


def test_next_instant_is_on_the_grid() -> None:
    floor = priced()
    price(floor, 1000)
    hour = 3_600 * 10**9
    for now, due in ((7, 8), (8, 16), (31, 32), (32, 40)):
        floor.now_ns = now * hour
        floor.send(CommandKind.FUND)
        assert pricing_at(floor.world.block, floor.perp).next_funding_ns == due * hour


def test_fair_mark_falls_to_the_index_towards_the_instant() -> None:
    """BitMEX's form: index * (1 + rate * time left / interval)."""
    terms = PricingTerms(mark_form=MarkForm.FAIR_FUNDING_BASIS, funding_form=FundingForm.PREMIUM_ONLY)
    floor = priced(terms)
    book(floor, (1, 10_400))
    price(floor, 10_000)
    floor.now_ns = 8 * 3_600 * 10**9
    floor.send(CommandKind.FUND)  # 4 %
    marks = []
    for hours in (8, 10, 12, 16):
        floor.now_ns = hours * 3_600 * 10**9
        price(floor, 10_000)
        marks.append(int(instrument_at(floor.world.block, floor.perp).mark_ticks))
    assert marks == [10_400, 10_300, 10_200, 10_000]


# --- stopping in the middle ---


def crowd(journal_rows: int) -> Floor:
    """Seventy shorts against one long, before a funding instant."""
    floor = Floor(capacity=replace(ROOM, accounts=100, legs=100, journal_rows=journal_rows))
    priced(floor=floor)
    for number in range(70):
        name = f"short {number}"
        floor.open(name, 10_000, leverage=5)
        floor.order("bob", number % 3 + 1, 1003)
        floor.order(name, -(number % 3) - 1, 1003)
    price(floor, 1003)
    return floor


def test_paying_stops_for_the_journal_and_goes_on() -> None:
    wide, narrow = crowd(2_000), crowd(50)
    assert wide.world.digest() == narrow.world.digest()
    paid = only(wide.send(CommandKind.FUND), "FUNDING")
    assert len(paid) == 71, "one payment for each leg"
    assert -sum(row[4] for row in paid) == wide.wallet("clearing") > 0, "rounding left over"

    command = new_commands(1)
    command["kind"], command["instrument"], command["time_ns"] = CommandKind.FUND, narrow.perp, narrow.now_ns
    narrow.world.take_journal()
    assert obey_all(narrow.world.block, command, 0) == 1
    clock = clock_of(narrow.world.block)
    assert clock.halt == Halt.JOURNAL_FULL
    assert 1 < clock.paying_leg < 71
    pieces = [narrow.world.take_journal()]
    narrow.world = narrow.world.clone()  # a copy made in the middle goes on as well
    pieces.append(narrow.world.obey(command[:0]))
    rows = [narrow.told(row) for piece in pieces for row in piece]
    assert only(rows, "FUNDING") == paid
    assert narrow.world.digest() == wide.world.digest()
    assert clock_of(narrow.world.block).paying_instrument == 0


# --- from a venue's sheet ---


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "bitmex", "hyperliquid", "dydx", "deribit"])
def test_terms_of_a_venue(venue: str) -> None:
    rules = find_venue(venue)
    products = [product for product in rules.product if product.mark and product.funding]
    assert products
    for product in products:
        day = date(2026, 1, 1)
        mark, funding = at(product.mark, day, "mark"), product.funding_at(day, "BTC")
        terms = venue_pricing(mark, funding, tick_seconds=1, margin_spread="0.005")
        assert terms.mark_form.name.lower() == mark.form
        assert terms.funding_form.name.lower() == funding.form
        assert terms.basis_weight == min(Fraction(1), Fraction(2, mark.basis_seconds + 1))
        floor = Floor()
        open_pricing(floor.world, floor.perp, terms, (1, 1))
        row = pricing_at(floor.world.block, floor.perp)
        assert row.interval_ns == funding.interval_hours * 3_600 * 10**9
        assert row.interest == Fraction(funding.interest_8h) * RATE_ONE
        assert row.clamp == Fraction(funding.clamp) * RATE_ONE


def test_a_cap_tied_to_margin_needs_the_margin() -> None:
    rules = find_venue("dydx")
    product = next(product for product in rules.product if product.funding)
    day = date(2026, 1, 1)
    mark, funding = at(product.mark, day, "mark"), product.funding_at(day, "BTC")
    assert funding.cap_form == "margin_spread"
    with pytest.raises(UsageError, match="margin_spread"):
        venue_pricing(mark, funding, tick_seconds=1)
    with pytest.raises(UsageError, match="more than 0"):
        venue_pricing(mark, funding, tick_seconds=0, margin_spread="0.02")


def test_the_deposits_are_still_there() -> None:
    floor = priced()
    short_of(floor, 7, 1001)
    price(floor, 1001)
    for _ in range(5):
        floor.send(CommandKind.FUND)
    clearing = balance_at(floor.world.block, balance_of(floor.world, floor.names["clearing"], floor.asset)).units
    # 7,007 dollars, 70.07 cents: 71 paid and 70 received, five times.
    assert clearing == 5
    assert floor.wallet("ann") + floor.wallet("bob") + Decimal("0.05") == 200_000


def test_whom_a_payment_kills_is_liquidated_at_that_instant() -> None:
    """Ann is short 10 at 1,000 on her own 1,000 dollars; at 1,045 her 550 stand against 545 of maintenance.

    The rate is the interest's -1 %: a short pays 10 * 1,045 * 1 % = 104.50 dollars and no mark moves after that.
    """
    floor = Floor()
    open_pricing(floor.world, floor.perp, PricingTerms(interest="-0.01", clamp="0.1"), (1,))
    floor.open("ann", 2_000, isolated=True)
    floor.open("bob", 100_000)
    short_of(floor, 10, 1_000)
    assert "RISK_STATE" not in kinds(price(floor, 1_045))
    rows = floor.send(CommandKind.FUND)
    assert only(rows, "FUNDING", "RISK_STATE", "LIQUIDATION_START") == [
        ("FUNDING", "bob", 10, 1_045, Decimal("104.50")),
        ("FUNDING", "ann", -10, 1_045, Decimal("-104.50")),
        ("RISK_STATE", "ann", -10, 1_045, Decimal("445.50")),
        ("LIQUIDATION_START", "ann", -10, 1_045, Decimal("545")),
    ]
    by_seq = {row[0]: row for row in floor.rows}
    began = next(row for row in floor.rows if Kind(row[13]) == Kind.RISK_STATE)
    assert Kind(by_seq[began[2]][13]) == Kind.FUNDING_RATE
