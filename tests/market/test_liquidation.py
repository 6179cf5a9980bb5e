"""Stories of shorts that die, with figures worked out by hand; dollars, coins and the venue's own forms."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.market.markets import Floor, kinds, only

from shortdesk.ground.order import Refusal
from shortdesk.margin.liquidation import AdlRank, LiquidationForm
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import AdlPrice, Cover
from shortdesk.market.open_market import LiquidationTerms

IOC = LiquidationTerms(LiquidationForm.IOC_THEN_TAKEOVER, (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT))


def squeezed(terms: LiquidationTerms, *, fund: int = 0, asks: tuple[tuple[int, int], ...] = (), **fees: int) -> Floor:
    """Ann is short 10 coins at 1,000 with 1,000 dollars of her own margin; Bob (10x) and Cat (2x) are long 5 each.

    Her maintenance at a mark P is 5 % of 10 P up to 10,000 dollars and 10 % less 500 above: at 1,040 it is
    1,040 - 500 = 540 and her equity 1,000 - 400 = 600, alive; at 1,046 it is 546, her equity 540, dead.
    She is bankrupt at 1,100.
    """
    floor = Floor(terms, **fees)
    floor.open("ann", 3_000, isolated=True)
    floor.open("bob", 1_000)
    floor.open("cat", 50_000, leverage=2)
    floor.open("mia", 100_000, leverage=2)
    if fund:
        floor.send(CommandKind.DEPOSIT, "insurance", instrument=floor.asset, lots=100 * fund)
    floor.order("bob", 5, 1_000)
    floor.order("cat", 5, 1_000)
    floor.order("ann", -10, 1_000)
    for lots, price in asks:
        floor.order("mia", -lots, price)
    return floor


def test_the_first_mark_at_which_risk_says_so_and_not_one_before() -> None:
    """1,000 - 10 (P - 1,000) <= P - 500 from P = 1,045.45 on: at 1,045 she lives, at 1,046 she does not."""
    floor = squeezed(IOC, asks=((10, 1_046),))
    assert "RISK_STATE" not in kinds(floor.mark(1_045))
    rows = floor.mark(1_046)
    assert only(rows, "RISK_STATE", "LIQUIDATION_START") == [
        ("RISK_STATE", "ann", -10, 1_046, Decimal(540)),
        ("LIQUIDATION_START", "ann", -10, 1_046, Decimal(546)),
    ]


def test_a_deep_book_closes_her_and_the_rest_is_hers() -> None:
    """Ten coins at 1,046 cost 460; the venue's 1 % of 10,460 goes to the fund; 435.40 goes home to her wallet."""
    floor = squeezed(IOC, asks=((10, 1_046),), liquidation=10_000_000)
    rows = floor.mark(1_046)
    assert only(rows, "REALISED", "LIQUIDATION_FEE", "MARGIN", "LIQUIDATION_END") == [
        ("REALISED", "ann", 10, 1_046, Decimal(-460)),
        ("LIQUIDATION_FEE", "ann", 0, -1, Decimal("-104.60")),
        ("MARGIN", "ann", 0, -1, Decimal("435.40")),
        ("LIQUIDATION_END", "ann", 0, -1, Decimal(0)),
    ]
    assert (floor.wallet("ann"), floor.wallet("insurance")) == (Decimal("2435.40"), Decimal("104.60"))


def test_what_the_book_lacks_the_fund_takes_over_at_bankruptcy() -> None:
    """Four at 1,050 lose 200; 800 dollars behind six coins end at 1,000 + 800 / 6 = 1,133.33: at 1,133.

    At the mark of 1,090 the six have 260 behind them and need 327. At 1,133 they cost 798; the two dollars that are
    left go to the fund with them, which is now short six at 1,133.
    """
    floor = squeezed(IOC, fund=500, asks=((4, 1_050),))
    rows = floor.mark(1_090)
    assert only(rows, "LIQUIDATION_STEP", "FILL", "TAKEOVER", "INSURANCE_IN") == [
        ("LIQUIDATION_STEP", "ann", 10, 1_100, 0),
        ("FILL", "ann", 4, 1_050, Decimal(4_200)),
        ("TAKEOVER", "ann", -6, 1_133, 0),
        ("INSURANCE_IN", "ann", 0, -1, Decimal(-2)),
    ]
    assert (floor.held("ann"), floor.held("insurance"), floor.wallet("insurance")) == (0, -6, Decimal(502))


def test_a_gap_that_empties_the_fund_deleverages_the_winners() -> None:
    """At 1,200 ann has -1,000. A fund of 500 cannot pay that: bob, with the higher leverage, goes first, then cat.

    Both are closed at 1,100, her bankruptcy price: 500 each, where the mark says 1,000 each.
    """
    floor = squeezed(IOC, fund=500)
    rows = floor.mark(1_200)
    assert only(rows, "ADL", "TAKEOVER", "DEFICIT", "INSURANCE_OUT") == [
        ("ADL", "bob", -5, 1_100, Decimal(5_500)),
        ("ADL", "cat", -5, 1_100, Decimal(5_500)),
    ]
    assert (floor.wallet("bob"), floor.wallet("cat")) == (Decimal(1_500), Decimal(50_500))
    assert [floor.held(name) for name in ("ann", "bob", "cat")] == [0, 0, 0]
    assert floor.wallet("clearing") == 0


def test_what_the_venue_takes_at_the_mark_leaves_her_the_rest() -> None:
    """Nobody offers and there is no fund: the deficit account takes ten at 1,046; her 540 go home to 2,000."""
    floor = squeezed(LiquidationTerms(LiquidationForm.IOC_THEN_TAKEOVER, (Cover.DEFICIT,)))
    rows = floor.mark(1_046)
    assert only(rows, "TAKEOVER", "INSURANCE_IN") == [("TAKEOVER", "ann", -10, 1_046, 0)]
    assert (floor.wallet("ann"), floor.held("deficit")) == (Decimal(2_540), -10)


@pytest.mark.parametrize(
    ("cover", "payer", "paid"),
    [
        ((Cover.DEFICIT,), "deficit", Decimal(1_000)),
        ((Cover.LOSS_SHARING, Cover.DEFICIT), "bob", Decimal(500)),
        ((), "deficit", Decimal(1_000)),
    ],
)
def test_a_minus_always_has_a_named_payer(cover: tuple[Cover, ...], payer: str, paid: Decimal) -> None:
    """Mia sells her the ten at 1,200: equity -1,000. Bob and cat have won 1,000 each and share it in halves."""
    floor = squeezed(LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, cover), asks=((10, 1_200),))
    before = floor.wallet(payer)
    rows = floor.mark(1_200)
    assert before - floor.wallet(payer) == paid
    assert floor.wallet("ann") == 2_000
    named = {"deficit": "DEFICIT", "bob": "LOSS_SHARE"}[payer]
    assert named in kinds(rows)


def test_hyperliquid_like_a_fifth_first_then_a_pause_then_the_rest() -> None:
    """Above 5,000 dollars a fifth goes first: 2 coins at 1,046. Eight at 1,061 leave 420 and need 424.40: after 30 s
    they go too, unless the mark has come back.
    """
    terms = LiquidationTerms(
        LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE, Cover.ADL), AdlRank.PRICE_MOVE_TIMES_LEVERAGE,
        AdlPrice.MARK, wait_ms=30_000, first_fraction_ppm=200_000, threshold_units=500_000, backstop_ppm=666_667,
    )  # fmt: skip
    floor = squeezed(terms, asks=((2, 1_046), (20, 1_050)))
    assert [row[2:4] for row in only(floor.mark(1_061), "FILL")] == [(2, 1_046)]
    assert floor.wait(29.9) == []
    assert [row[2:4] for row in only(floor.wait(0.2), "FILL")] == [(8, 1_050)]
    assert floor.held("ann") == 0

    saved = squeezed(terms, asks=((2, 1_046), (20, 1_050)))
    saved.mark(1_061)
    saved.mark(1_010)
    assert kinds(saved.wait(30)) == ["LIQUIDATION_END"]
    assert saved.held("ann") == -8


DYDX = LiquidationTerms(
    LiquidationForm.FILLABLE_CAPPED, (Cover.INSURANCE, Cover.ADL), wait_ms=1_000, spread_ppm=1_500_000,
    first_fraction_ppm=100_000, threshold_units=300_000, largest_step_units=800_000,
)  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "limit"),
    [
        (1_046, 1_046),  # 540 of 546: 1.5 * 546 * 1.1 % = 9 dollars for ten coins, less than a tick each
        (1_060, 1_084),  # 400 of 560: 840 * 160 / 560 = 240 dollars, 24 for each coin
        (1_090, 1_163),  # 100 of 590: 885 * 490 / 590 = 735 dollars
        (1_110, 1_201),  # nothing is left: the whole spread, 1.5 * 610 = 915 dollars
    ],
)
def test_dydx_like_the_poorer_she_is_the_more_her_order_gives_up(mark: int, limit: int) -> None:
    """The order stands off by spread * maintenance * (1 - equity / maintenance); the steps are worth 3,000 to 8,000."""
    floor = squeezed(DYDX, asks=((1, limit + 1),))
    rows = floor.mark(mark)
    assert only(rows, "LIQUIDATION_STEP")[0][3] == limit
    assert "FILL" not in kinds(rows)
    touched = squeezed(DYDX, asks=((10, limit),))
    assert [row[3] for row in only(touched.mark(mark), "FILL")] == [limit]


@pytest.mark.parametrize(
    ("portion", "smallest", "block", "lots"),
    [(0.1, 3_000, 8_000, 3), (0.5, 3_000, 8_000, 5), (0.9, 3_000, 8_000, 7), (0.1, 20_000, 8_000, 7), (0.9, 0, 0, 9)],
)
def test_dydx_like_a_step_has_a_least_and_a_most(portion: float, smallest: int, block: int, lots: int) -> None:
    """Ten coins at 1,060: the portion, but not less than the smallest worth and not more than the most of a block."""
    terms = DYDX._replace(
        first_fraction_ppm=round(1e6 * portion), threshold_units=100 * smallest, largest_step_units=100 * block
    )
    (step,) = only(squeezed(terms).mark(1_060), "LIQUIDATION_STEP")
    assert step[2] == lots


def test_the_backstop_takes_the_position_and_what_is_left_behind_it() -> None:
    """At 1,070 maintenance is 570 and equity 300, less than two thirds of it: the fund gets both."""
    terms = LiquidationTerms(
        LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE, Cover.ADL), backstop_ppm=666_667, wait_ms=30_000
    )
    floor = squeezed(terms, asks=((20, 1_070),))
    rows = floor.mark(1_070)
    assert only(rows, "FILL", "TAKEOVER", "INSURANCE_IN") == [
        ("TAKEOVER", "ann", -10, 1_070, 0),
        ("INSURANCE_IN", "ann", 0, -1, Decimal(-300)),
    ]
    assert (floor.held("insurance"), floor.wallet("insurance")) == (-10, Decimal(300))


def test_bybit_like_one_tier_down_is_enough() -> None:
    """At 1,046 she is in the second tier (10,460); down to 10,000 means one coin of ten. Then 9,414 at 5 % is 470.70.

    Her equity after buying one at 1,046 is still 540: safe.
    """
    terms = LiquidationTerms(LiquidationForm.LOWER_TIER_THEN_TAKEOVER, (Cover.INSURANCE, Cover.ADL))
    floor = squeezed(terms, asks=((20, 1_046),))
    rows = floor.mark(1_046)
    assert [row[2:4] for row in only(rows, "FILL")] == [(1, 1_046)]
    assert only(rows, "LIQUIDATION_END") == [("LIQUIDATION_END", "ann", -9, -1, Decimal(540))]


def test_her_orders_go_first_and_new_ones_wait_until_it_is_over() -> None:
    terms = LiquidationTerms(
        LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE,), wait_ms=30_000, first_fraction_ppm=200_000
    )
    floor = squeezed(terms, asks=((2, 1_046),))
    floor.order("ann", 3, 900)
    assert ("CANCELLED", "ann", 3, 900, 0) in floor.mark(1_046)
    floor.order("ann", -3, 1_100)
    assert floor.refusal() == Refusal.ACCOUNT_LIQUIDATING
    floor.order("mia", -1, 1_060)
    floor.reduce("ann", 1, 1_060)
    assert floor.refusal() == Refusal.NONE


def test_a_cross_account_dies_by_all_its_legs_together() -> None:
    """A wallet stands behind everything: what isolated ann loses at 1,046, cross eve with 3,000 carries to 1,227.

    3,000 - 10 (P - 1,000) <= P - 500 from 13,500 / 11 = 1,227.27 on.
    """
    floor = Floor(IOC)
    floor.open("eve", 3_000)
    floor.open("mia", 100_000, leverage=2)
    floor.order("mia", 10, 1_000)
    floor.order("eve", -10, 1_000)
    assert "RISK_STATE" not in kinds(floor.mark(1_227))
    assert "RISK_STATE" in kinds(floor.mark(1_228))
