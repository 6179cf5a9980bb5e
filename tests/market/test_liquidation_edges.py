"""What must not happen to a liquidation: losses out of nothing, loops, results that hang on room, money that strays."""

from __future__ import annotations

from decimal import Decimal

import pytest
from tests.market.markets import ROOM, TWO_TIERS, Floor, hand_contract, kinds, only
from tests.market.test_triggers import FORMS, busy

from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.order import OrderFlag, Refusal
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import Cover
from shortdesk.market.open_market import LiquidationTerms, open_instrument
from shortdesk.market.tables import Shelf, shelf_at, venue_at
from shortdesk.market.world import Capacity

IOC = LiquidationTerms(LiquidationForm.IOC_THEN_TAKEOVER, (Cover.INSURANCE, Cover.ADL, Cover.DEFICIT))
TIGHT = Capacity(
    accounts=40, legs=80, orders=30, pages=8, nodes=40, balances=100, cases=1, journal_rows=120, assets=2, tiers=8
)  # fmt: skip


@pytest.mark.parametrize("terms", FORMS, ids=lambda terms: terms.form.name.lower())
@pytest.mark.parametrize("seed", range(2))
def test_results_do_not_depend_on_room(seed: int, terms: LiquidationTerms) -> None:
    """Cases, pages, nodes and the journal run out in the middle of asking and of treating."""
    tight = busy(seed, terms, 300, asks_everybody=False, capacity=TIGHT)
    roomy = busy(seed, terms, 300, asks_everybody=False, capacity=ROOM)
    assert tight.rows == roomy.rows
    assert tight.world.digest() == roomy.world.digest()


@pytest.mark.parametrize("terms", FORMS, ids=lambda terms: terms.form.name.lower())
def test_every_case_ends_in_its_row_and_nobody_is_forgotten(terms: LiquidationTerms) -> None:
    floor = busy(3, terms, 300, asks_everybody=False)
    w = floor.world.block
    balances = floor.world.table(Shelf.BALANCES)[1 : floor.world.used_rows(Shelf.BALANCES)]
    sick = balances[balances["state"] == 2]
    assert int(shelf_at(w, Shelf.CASES).live) == len(sick) == len({*sick["case"].tolist()})
    assert (sick["level"] != 0).all(), "a liquidation that waits on no ladder never goes on"


def second_perp(floor: Floor) -> int:
    """Another perpetual of the venue, marked at 100."""
    number = open_instrument(
        floor.world, floor.venue, form=Form.LINEAR, settle_asset=floor.asset, contract=hand_contract(*TWO_TIERS),
        highest_ticks=1 << 30,
    )  # fmt: skip
    floor.send(CommandKind.MARK, instrument=number, price_ticks=100)
    return number


def test_a_minus_that_no_price_of_the_leg_can_mend_is_not_charged_to_the_winner() -> None:
    """Eve's long of ten is sold into a gap and loses 3,000 of her 1,200; her short of one coin worth 100 is left.

    She is bankrupt whatever that coin costs. Win, who holds the other side, is closed at the mark of 101 and gets 1.
    """
    floor = Floor(LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE, Cover.ADL)))
    other = second_perp(floor)
    floor.open("eve", 1_200)
    floor.open("mia", 100_000, leverage=2)
    floor.open("win", 1_000, leverage=2)
    floor.order("mia", -10, 1_000)
    floor.order("eve", 10, 1_000)
    floor.order("win", 1, 100, instrument=other)
    floor.order("eve", -1, 100, instrument=other)
    floor.order("mia", 10, 700)
    floor.send(CommandKind.MARK, instrument=other, price_ticks=101)
    rows = floor.mark(900)
    assert only(rows, "ADL") == [("ADL", "win", -1, 101, Decimal(101))]
    assert (floor.wallet("win"), floor.wallet("deficit")) == (Decimal(1_001), Decimal(-1_801))


def test_a_leg_cannot_join_a_wallet_that_is_being_liquidated() -> None:
    """Its trigger would ask a balance that answers nothing, at every mark again."""
    terms = LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE, Cover.ADL), wait_ms=30_000)
    floor = Floor(terms._replace(first_fraction_ppm=200_000))
    venue_at(floor.world.block, floor.venue).switches_open = 1
    other = second_perp(floor)
    floor.send(CommandKind.MARK, instrument=other, price_ticks=500)
    floor.open("eve", 3_000)
    floor.open("mia", 100_000, leverage=2)
    floor.send(CommandKind.SET_ISOLATED, "eve", instrument=other, lots=1)
    floor.order("mia", 4, 500, instrument=other)
    floor.order("eve", -4, 500, instrument=other)
    floor.order("mia", 10, 1_000)
    floor.order("eve", -10, 1_000)
    floor.send(CommandKind.ADD_MARGIN, "eve", instrument=other, lots=50_000)
    floor.send(CommandKind.MARK, instrument=other, price_ticks=501)
    floor.order("mia", -2, 1_230)
    assert "LIQUIDATION_STEP" in kinds(floor.mark(1_230))
    floor.mark(1_000)
    floor.send(CommandKind.SET_ISOLATED, "eve", instrument=other, lots=0)
    assert floor.refusal() == Refusal.ACCOUNT_LIQUIDATING
    assert "RISK_STATE" in kinds(floor.send(CommandKind.MARK, instrument=other, price_ticks=5_000))


def test_without_a_mark_no_margin_can_be_asked() -> None:
    floor = Floor()
    floor.open("ann", 1_000)
    floor.world.table(Shelf.INSTRUMENTS)[floor.perp].mark_ticks = 0
    before = floor.world.digest()
    floor.order("ann", 1, 1_000)
    assert (floor.refusal(), floor.world.digest()) == (Refusal.NO_REFERENCE_PRICE, before)


def test_bids_above_the_mark_reserve_what_they_would_lose() -> None:
    """At a mark of 1,000 a bid of 1,900 loses 900 at once and needs 100: one of five is all that 1,500 carries."""
    floor = Floor()
    floor.open("ann", 1_500)
    answers = []
    for _ in range(3):
        floor.order("ann", 1, 1_900)
        answers.append(floor.refusal())
    assert answers == [Refusal.NONE, Refusal.NOT_ENOUGH_MARGIN, Refusal.NOT_ENOUGH_MARGIN]
    floor.send(CommandKind.WITHDRAW, "ann", instrument=floor.asset, lots=50_001)
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE


def test_the_fund_counts_what_it_took_before() -> None:
    """600 dollars pay for one position that is 500 under water, not for three."""
    floor = Floor(IOC)
    for name in ("ann", "bea", "cas"):
        floor.open(name, 1_000, isolated=True)
    floor.open("mia", 200_000, leverage=1)
    floor.send(CommandKind.DEPOSIT, "insurance", instrument=floor.asset, lots=60_000)
    for name in ("ann", "bea", "cas"):
        floor.order("mia", 10, 1_000)
        floor.order(name, -10, 1_000)
    rows = floor.mark(1_150)
    assert [row[1] for row in only(rows, "TAKEOVER")] == ["ann"]
    assert floor.held("insurance") == -10
    assert "ADL" in kinds(rows)


def test_what_she_closed_herself_in_the_pause_is_hers() -> None:
    """A part was taken over; then she puts in 5,000 and closes the rest by hand: the fund has no claim on that."""
    floor = Floor(LiquidationTerms(LiquidationForm.LOWER_TIER_THEN_TAKEOVER, (Cover.INSURANCE,), wait_ms=60_000))
    floor.open("ann", 1_000)
    floor.open("mia", 200_000, leverage=1)
    floor.send(CommandKind.DEPOSIT, "insurance", instrument=floor.asset, lots=1_000_000)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    assert "TAKEOVER" in kinds(floor.mark(1_046))
    held = -floor.held("ann")
    assert 0 < held < 10
    floor.send(CommandKind.DEPOSIT, "ann", instrument=floor.asset, lots=500_000)
    floor.order("mia", -held, 1_046)
    floor.reduce("ann", held, 1_046)
    before = floor.wallet("ann")
    assert "INSURANCE_IN" not in kinds(floor.wait(61))
    assert floor.wallet("ann") == before > 5_000


def test_no_step_is_taken_while_matching_is_halted() -> None:
    floor = Floor(IOC)
    floor.open("ann", 1_000)
    floor.open("mia", 200_000, leverage=1)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.send(CommandKind.HALT, lots=1)
    assert kinds(floor.mark(1_060)) == ["MARK", "RISK_STATE", "LIQUIDATION_START"]
    floor.wait(600)
    assert floor.held("ann") == -10
    floor.send(CommandKind.HALT, lots=0)
    assert "TAKEOVER" in kinds(floor.wait(1))


def test_a_winner_never_shares_more_than_it_has_won() -> None:
    """Mia sells eve her way out at a ruinous price; bob has won 60 and pays 60, the rest is a deficit."""
    floor = Floor(LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, (Cover.LOSS_SHARING,)))
    floor.open("eve", 1_000)
    floor.open("bob", 2_000)
    floor.open("mia", 200_000, leverage=1)
    floor.order("bob", 1, 1_000)
    floor.order("mia", 9, 1_000)
    floor.order("eve", -10, 1_000)
    floor.order("mia", -10, 1_900)
    rows = floor.mark(1_060)
    shared = {row[1]: -row[4] for row in only(rows, "LOSS_SHARE")}
    assert shared["bob"] <= 60
    assert "DEFICIT" in kinds(rows)


def test_her_own_reducing_order_pays_no_liquidation_fee() -> None:
    terms = LiquidationTerms(
        LiquidationForm.FRACTION_THEN_WAIT, (Cover.INSURANCE,), wait_ms=60_000, first_fraction_ppm=100_000
    )
    floor = Floor(terms, liquidation=10_000_000)
    floor.open("ann", 1_000)
    floor.open("mia", 200_000, leverage=1)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.order("mia", -1, 1_050)
    assert "LIQUIDATION_FEE" in kinds(floor.mark(1_060))
    floor.order("mia", -1, 1_060)
    assert "LIQUIDATION_FEE" not in kinds(floor.reduce("ann", 1, 1_060))


def test_a_step_that_closes_nothing_is_tried_again_later_each_time() -> None:
    """Nobody offers and nobody covers: an hour has a dozen tries, not 3,600."""
    floor = Floor(LiquidationTerms(LiquidationForm.INCREMENTAL, (), first_fraction_ppm=100_000))
    floor.open("ann", 1_000)
    floor.open("mia", 200_000, leverage=1)
    floor.order("mia", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.mark(1_060)
    tries = [row for row in floor.wait(3_600) if row[0] == "LIQUIDATION_STEP"]
    assert 8 <= len(tries) <= 16


def test_deposits_beyond_what_the_books_hold_are_refused() -> None:
    floor = Floor()
    floor.open("ann", 0)
    floor.open("bea", 0)
    for name, answer in (("ann", Refusal.NONE), ("bea", Refusal.SIZE_TOO_LARGE)):
        before = floor.world.digest()
        floor.send(CommandKind.DEPOSIT, name, instrument=floor.asset, lots=1 << 61)
        assert floor.refusal() == answer
        assert (floor.world.digest() == before) == (answer != Refusal.NONE)
    assert floor.wallet("bea") == Decimal(0)


def test_only_a_step_that_closed_nothing_makes_the_next_wait() -> None:
    """Four coins are on offer and nobody covers: the step that buys them was not idle, so the next follows at once.

    That one finds nothing, and the third comes a second later.
    """
    floor = Floor(LiquidationTerms(LiquidationForm.IOC_THEN_TAKEOVER, ()))
    floor.open("ann", 3_000, isolated=True)
    floor.open("bob", 100_000, leverage=2)
    floor.order("bob", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.order("bob", -4, 1_050)
    steps = only(floor.mark(1_090), "LIQUIDATION_STEP")
    assert [lots for _, _, lots, _, _ in steps] == [10, 6]
    assert floor.wait(0.999) == []
    assert [lots for _, _, lots, _, _ in only(floor.wait(0.001), "LIQUIDATION_STEP")] == [6]


def test_an_owner_who_calls_his_own_order_a_liquidation_pays_no_fee_for_one() -> None:
    """Between two steps ann, still sick, buys one coin back herself and says why: only the venue's orders cost 1 %."""
    terms = LiquidationTerms(LiquidationForm.FRACTION_THEN_WAIT, (), wait_ms=30_000, first_fraction_ppm=200_000)
    floor = Floor(terms, liquidation=10_000_000)
    floor.open("ann", 1_000, isolated=True)
    floor.open("bob", 100_000, leverage=2)
    floor.order("bob", 10, 1_000)
    floor.order("ann", -10, 1_000)
    floor.order("bob", -3, 1_061)
    assert len(only(floor.mark(1_061), "LIQUIDATION_FEE")) == 1
    rows = floor.order("ann", 1, 1_061, traits=OrderFlag.REDUCE_ONLY, mechanism=Mechanism.LIQUIDATION)
    assert (len(only(rows, "FILL")), only(rows, "LIQUIDATION_FEE")) == (1, [])
