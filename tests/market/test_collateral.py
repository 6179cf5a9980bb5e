"""Other coins behind a wallet: what they add, when their peg kills, who pays with them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.market.markets import CENTS, Floor, kinds, only

from shortdesk.ground.errors import UsageError
from shortdesk.ground.instrument import Form
from shortdesk.ground.order import Refusal
from shortdesk.market.command import CommandKind
from shortdesk.market.covers import Cover
from shortdesk.market.ledger import find_balance
from shortdesk.market.open_collateral import accept_collateral, set_multi_asset
from shortdesk.market.open_lending import set_auto_borrow
from shortdesk.market.open_market import LiquidationTerms, open_asset, open_instrument
from shortdesk.market.open_pricing import PricingTerms, open_pricing
from shortdesk.market.tables import balance_at


class Coins(Floor):
    """A floor on which a stable coin counts at nine tenths: pair STABLE/dollar in ten-thousandths of a dollar."""

    def __init__(self, terms: LiquidationTerms | None = None, *, asks_everybody: bool = False) -> None:
        super().__init__(terms, asks_everybody=asks_everybody)
        self.stable = open_asset(self.world, 2)
        # One lot is 100 coins; a tick of it is worth one cent.
        self.pair = open_instrument(
            self.world, self.venue, form=Form.SPOT, settle_asset=self.asset, factor=1, base_asset=self.stable,
            base_units=100 * CENTS, highest_ticks=1 << 30,
        )  # fmt: skip
        accept_collateral(self.world, self.pair, haircut="0.1")
        self.peg(1.0)

    def peg(self, dollars: float) -> list[tuple[Any, ...]]:
        return self.send(CommandKind.MARK, instrument=self.pair, price_ticks=round(dollars * 10_000))

    def trader(self, name: str, dollars: int, coins: int = 0) -> None:
        self.open(name, dollars)
        if coins:
            set_multi_asset(self.world, self.names[name])
            self.send(CommandKind.DEPOSIT, name, instrument=self.stable, lots=coins * CENTS)

    def coins(self, who: str) -> float:
        at = int(find_balance(self.world.block, self.names[who], self.stable, 0))
        return int(balance_at(self.world.block, at).units) / CENTS if at else 0.0

    def short(self, lots: int, dollars: int, coins: int) -> None:
        """``bear`` sells to ``bull`` at 1,000 dollars."""
        self.trader("bull", 100_000)
        self.trader("bear", dollars, coins)
        self.order("bear", -lots, 1_000)
        self.order("bull", lots, 1_000)


def test_coins_are_margin_after_their_haircut() -> None:
    floor = Coins()
    floor.trader("bear", 0, coins=1_000)
    floor.order("bear", -9, 1_000)  # 9,000 dollars at 10x need 900, which is nine tenths of 1,000 coins
    assert floor.refusal() == Refusal.NONE
    floor.order("bear", -1, 1_000)
    assert floor.refusal() == Refusal.NOT_ENOUGH_MARGIN


def test_without_the_setting_coins_are_no_margin() -> None:
    floor = Coins()
    floor.trader("bear", 0)
    floor.send(CommandKind.DEPOSIT, "bear", instrument=floor.stable, lots=1_000 * CENTS)
    floor.order("bear", -1, 1_000)
    assert floor.refusal() == Refusal.NOT_ENOUGH_MARGIN


@pytest.mark.parametrize("asks_everybody", [False, True])
def test_a_lost_peg_kills_a_short_whose_mark_never_moved(asks_everybody: bool) -> None:
    """9 coins short at 1,000: maintenance 5 % of 9,000 = 450. The coins carry it to a peg of 0.5 and no further."""
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)), asks_everybody=asks_everybody)
    floor.short(9, 0, 1_000)
    floor.trader("seller", 100_000)
    floor.order("seller", -9, 1_010)
    assert only(floor.peg(0.5001), "LIQUIDATION_START") == []
    rows = floor.peg(0.5)
    assert "LIQUIDATION_START" in kinds(rows)
    # Bought back at 1,010 the short has lost 90 dollars; 90 dollars are 200 coins at 0.50 and nine tenths.
    assert only(rows, "COLLATERAL") == [("COLLATERAL", "bear", 0, -1, 90), ("COLLATERAL", "bear", 0, 5_000, -200)]
    assert (floor.held("bear"), floor.wallet("bear"), floor.coins("bear")) == (0, 0, 800)
    assert (floor.wallet("deficit"), floor.coins("deficit")) == (-90, 200)


def test_the_fund_pays_when_it_can() -> None:
    floor = Coins(LiquidationTerms(cover=(Cover.INSURANCE,)))
    floor.send(CommandKind.DEPOSIT, "insurance", lots=10_000 * CENTS)
    floor.short(9, 0, 1_000)
    floor.trader("seller", 100_000)
    floor.order("seller", -9, 1_010)
    floor.peg(0.5)
    assert (floor.wallet("insurance"), floor.coins("insurance"), floor.wallet("deficit")) == (9_910, 200, 0)


def test_what_coins_cannot_pay_has_the_usual_payer() -> None:
    """At 1,200 and 0.60 the deficit account takes the 9 over: 1,800 lost; the fund cannot pay the coins' 540."""
    floor = Coins(LiquidationTerms(cover=(Cover.INSURANCE, Cover.DEFICIT)))
    floor.send(CommandKind.DEPOSIT, "insurance", lots=500 * CENTS)
    floor.short(9, 0, 1_000)
    floor.peg(0.6)
    rows = floor.mark(1_200)
    assert only(rows, "COLLATERAL") == [("COLLATERAL", "bear", 0, -1, 540), ("COLLATERAL", "bear", 0, 6_000, -1_000)]
    assert only(rows, "INSURANCE_OUT") == [("INSURANCE_OUT", "bear", 0, -1, 500)]
    assert only(rows, "DEFICIT") == [("DEFICIT", "bear", 0, -1, 760)]
    assert (floor.held("deficit"), floor.wallet("deficit"), floor.coins("deficit")) == (-9, -1_300, 1_000)
    assert (floor.wallet("bear"), floor.coins("bear"), floor.wallet("insurance")) == (0, 0, 0)


def test_the_mark_still_kills() -> None:
    """With 900 dollars of counted coins, 9 short from 1,000 die where 900 - 9(P - 1,000) is 5 % of 9P: at 1,047.6."""
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)))
    floor.short(9, 0, 1_000)
    assert only(floor.mark(1_047), "LIQUIDATION_START") == []
    assert only(floor.mark(1_048), "LIQUIDATION_START") != []


def test_coins_are_worth_their_index_when_the_venues_clock_ticks() -> None:
    """The member says 0.50 and nothing happens; the tick makes index and mark of it, and the short dies."""
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)))
    open_pricing(floor.world, floor.pair, PricingTerms(), [1])
    floor.short(9, 0, 1_000)
    rows = floor.send(CommandKind.INDEX, instrument=floor.pair, client_id=1, price_ticks=5_000)
    assert kinds(rows) == ["MEMBER"]
    rows = floor.send(CommandKind.TICK, instrument=floor.pair)
    assert kinds(rows)[:2] == ["INDEX", "MARK"]
    assert "LIQUIDATION_START" in kinds(rows)


def test_the_last_trade_of_the_coin_does_not_count() -> None:
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)))
    floor.short(9, 0, 1_000)
    for name, lots in (("buyer", 1), ("seller", -1)):
        floor.trader(name, 1_000)
        floor.send(CommandKind.DEPOSIT, name, instrument=floor.stable, lots=1_000 * CENTS)
        floor.order(name, lots, 1_000, instrument=floor.pair)
    assert only(floor.mark(1_001), "LIQUIDATION_START") == []


def test_a_peg_that_comes_back_leaves_everybody_alive() -> None:
    floor = Coins()
    floor.short(9, 0, 1_000)
    for peg in (0.9, 0.7, 0.6, 0.51, 0.8, 0.505, 1.0):
        assert kinds(floor.peg(peg)) == ["MARK"]
    assert floor.held("bear") == -9


def test_coins_that_carry_a_position_cannot_leave() -> None:
    floor = Coins()
    floor.short(5, 0, 1_000)  # 500 of the 900 counted dollars are initial margin
    floor.send(CommandKind.WITHDRAW, "bear", instrument=floor.stable, lots=445 * CENTS)
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE
    floor.send(CommandKind.WITHDRAW, "bear", instrument=floor.stable, lots=444 * CENTS)
    assert floor.refusal() == Refusal.NONE
    assert "LIQUIDATION_START" in kinds(floor.peg(0.4))  # 556 coins at 0.40 and nine tenths are 200, below 250


def test_dollars_backed_by_coins_alone_cannot_leave() -> None:
    floor = Coins()
    floor.short(5, 100, 1_000)
    floor.send(CommandKind.WITHDRAW, "bear", lots=100 * CENTS)
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE


def test_more_coins_save() -> None:
    floor = Coins()
    floor.short(9, 0, 1_000)
    floor.peg(0.51)
    floor.send(CommandKind.DEPOSIT, "bear", instrument=floor.stable, lots=1_000 * CENTS)
    assert only(floor.peg(0.4), "LIQUIDATION_START") == []
    assert only(floor.peg(0.25), "LIQUIDATION_START") != []


def test_a_minus_without_positions_is_paid_with_coins() -> None:
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)))
    floor.short(9, 0, 1_000)
    floor.trader("seller", 100_000)
    floor.order("seller", -9, 1_020)
    floor.order("bear", 9, 1_020)  # bought back by its owner, 180 dollars below nothing
    assert floor.wallet("bear") == -180
    rows = floor.mark(1_001)
    assert only(rows, "COLLATERAL") == [("COLLATERAL", "bear", 0, -1, 180), ("COLLATERAL", "bear", 0, 10_000, -200)]
    assert (floor.wallet("bear"), floor.coins("bear")) == (0, 800)


def test_nothing_can_be_borrowed() -> None:
    floor = Coins()
    floor.trader("bear", 0, coins=100)
    floor.send(CommandKind.BORROW, "bear", instrument=floor.stable, lots=100)
    assert floor.refusal() == Refusal.BAD_KIND
    with pytest.raises(UsageError, match="stand behind positions"):
        set_auto_borrow(floor.world, floor.names["bear"])


def test_settings_that_make_no_sense_are_refused() -> None:
    floor = Coins()
    with pytest.raises(UsageError, match="no spot pair"):
        accept_collateral(floor.world, floor.perp)
    with pytest.raises(UsageError, match="behind one money"):
        accept_collateral(floor.world, floor.pair)
    floor.open("alone", 0, isolated=True)
    with pytest.raises(UsageError, match="stand behind wallets"):
        set_multi_asset(floor.world, floor.names["alone"])
    bare = Floor()
    bare.open("bear", 0)
    with pytest.raises(UsageError, match="counts no coins"):
        set_multi_asset(bare.world, bare.names["bear"])


def test_coins_of_two_kinds_pay_in_proportion_to_their_worth() -> None:
    """Binance: "according to the proportion of each asset". 1,000 coins at 0.90 beside 2 gold at 1,000 less 5 %."""
    floor = Coins(LiquidationTerms(cover=(Cover.DEFICIT,)))
    gold = open_asset(floor.world, 2)
    pair = open_instrument(
        floor.world, floor.venue, form=Form.SPOT, settle_asset=floor.asset, factor=CENTS, base_asset=gold,
        base_units=CENTS, highest_ticks=1 << 30,
    )  # fmt: skip
    accept_collateral(floor.world, pair, haircut="0.2", exchange="0.95")
    floor.send(CommandKind.MARK, instrument=pair, price_ticks=1_000)
    floor.trader("bull", 100_000)
    floor.trader("bear", 0, coins=1_000)
    floor.send(CommandKind.DEPOSIT, "bear", instrument=gold, lots=2 * CENTS)
    floor.order("bear", -9, 1_000)
    floor.order("bull", 9, 1_000)
    floor.order("bull", -9, 1_028)
    floor.order("bear", 9, 1_028)  # 252 lost
    floor.mark(1_001)
    # 900 and 1,900 dollars of 2,800: 81 and 171; 81 / 0.90 = 90 coins, 171 / 950 = 0.18 gold.
    at = int(find_balance(floor.world.block, floor.names["bear"], gold, 0))
    assert (floor.wallet("bear"), floor.coins("bear"), balance_at(floor.world.block, at).units) == (0, 910, 182)


def test_coins_that_are_offered_do_not_count() -> None:
    floor = Coins()
    floor.short(5, 0, 1_000)  # needs 500 of 900
    floor.order("bear", -5, 10_500, instrument=floor.pair)  # five lots of 100 coins
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE
    floor.order("bear", -3, 10_500, instrument=floor.pair)
    floor.order("bear", -2, 10_500, instrument=floor.pair)
    assert floor.refusal() == Refusal.NOT_ENOUGH_BALANCE
    floor.order("bear", -1, 10_500, instrument=floor.pair)
    assert floor.refusal() == Refusal.NONE
    # 600 coins are left behind the short: at 0.463 they count for 250.02, at 0.462 for 249.48; 250 is maintenance.
    assert only(floor.peg(0.463), "LIQUIDATION_START") == []
    assert only(floor.peg(0.462), "LIQUIDATION_START") != []


def test_coins_bought_in_the_book_count_at_once() -> None:
    floor = Coins()
    floor.short(9, 0, 1_000)
    floor.trader("whale", 0)
    floor.send(CommandKind.DEPOSIT, "whale", instrument=floor.stable, lots=1_000 * CENTS)
    floor.order("whale", -10, 10_000, instrument=floor.pair)
    floor.send(CommandKind.DEPOSIT, "bear", instrument=floor.asset, lots=2_000 * CENTS)
    floor.order("bear", 10, 10_000, instrument=floor.pair)  # 1,000 dollars of the 2,000 for 1,000 coins
    assert (floor.wallet("bear"), floor.coins("bear")) == (1_000, 2_000)
    floor.send(CommandKind.WITHDRAW, "bear", instrument=floor.stable, lots=2_000 * CENTS)
    assert floor.refusal() == Refusal.NONE  # the dollars alone carry 9 at 1,000
    assert floor.coins("bear") == 0


def test_an_isolated_leg_has_no_coins_behind_it() -> None:
    floor = Coins()
    floor.trader("bull", 100_000)
    floor.trader("bear", 1_000, coins=1_000)
    floor.send(CommandKind.SET_ISOLATED, "bear", lots=1)
    floor.order("bear", -9, 1_000)
    floor.order("bull", 9, 1_000)
    assert floor.wallet("bear") == 100  # 900 went to the leg
    assert only(floor.peg(0.01), "LIQUIDATION_START") == []
    assert only(floor.mark(1_048), "LIQUIDATION_START") != []


def test_what_is_refused_changes_nothing() -> None:
    floor = Coins()
    floor.short(9, 0, 1_000)
    before = floor.world.digest()
    for kind, fields in (
        (CommandKind.WITHDRAW, {"instrument": floor.stable, "lots": 500 * CENTS}),
        (CommandKind.BORROW, {"instrument": floor.stable, "lots": 1}),
        (CommandKind.DEPOSIT, {"instrument": floor.stable, "lots": 0}),
        (CommandKind.PLACE, {"instrument": floor.pair, "client_id": 99, "side": 1, "lots": 5, "price_ticks": 10_000}),
        (CommandKind.PLACE, {"client_id": 99, "side": 1, "lots": 1, "price_ticks": 1_000}),
        (CommandKind.MARK, {"instrument": floor.pair, "price_ticks": 0}),
    ):
        floor.send(kind, "bear", **fields)
        assert floor.refusal() != Refusal.NONE
        assert floor.world.digest() == before
