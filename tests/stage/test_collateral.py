"""A crowd whose margin is a stablecoin, and its peg: what members hold, when they die, what switching it off does."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.market.ledger import find_balance
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.tables import Shelf, instrument_at, venue_at
from shortdesk.stage.agents.crowd import CrowdTerms, Rung
from shortdesk.stage.agents.shock import Act
from shortdesk.stage.changes import Change, apply_changes
from shortdesk.stage.gauges import equity_units
from shortdesk.stage.scenario import InstrumentTerms, ShockTerms, find_scenario, read_scenario, scenario_folder

COIN = InstrumentTerms(
    name="COIN", venue="futures", kind="spot", base="USDE", price=Decimal(1), tick=Decimal("0.0001"), lot=Decimal(1),
    haircut=0.1, exchange=0.95,
)  # fmt: skip
CROWD = CrowdTerms(
    name="shorts", instrument="PERP", side="short", count=20, open_interest_usd=200_000, collateral="COIN",
    mix=(Rung(leverage=10, share=1.0),), entry_sd=0.0, kept_back=0.0, stops=0.0, gives_up=0.0,
)  # fmt: skip
FALLS = (
    ShockTerms(name="peg", at_s=2, act="peg", target="COIN", amount=0.5),
    ShockTerms(name="peg", at_s=4, act="peg", target="COIN", amount=0.05),
)


def town(*shocks: ShockTerms, crowd: CrowdTerms = CROWD, coin: InstrumentTerms = COIN) -> Town:
    found = Town(crowd, instrument=(*scenario().instrument, coin), shock=shocks)
    found.quote("PERP", 99.99, 100.01, 1e5)
    return found


def dead(found: Town) -> int:
    return len(found.of(Kind.LIQUIDATION_START))


def test_a_member_has_coins_instead_of_the_quote_and_they_count_for_its_margin() -> None:
    found = town()
    w, market, coin = found.w, found.market("PERP"), found.market("COIN")
    for account in found.accounts("shorts"):
        lots, ticks = found.play.cast.held(account, market)
        margin = abs(lots) * ticks * 0.01 * 0.01 / 10
        wallet = int(find_balance(w, account, market.settle_asset, 0))
        held = int(find_balance(w, account, coin.base_asset, 0))
        balances = found.play.world.table(Shelf.BALANCES)
        assert balances["units"][wallet] == 0
        assert float(balances["units"][held]) * float(coin.base_unit) == pytest.approx(margin / 0.9, rel=1e-6)
        profit = lots * (int(instrument_at(w, market.number).mark_ticks) - ticks)
        assert balance_risk(w, wallet).equity == pytest.approx(margin / float(market.unit) + profit * 100, rel=1e-4)
    told = found.of(Kind.SETTING, "shorts")
    assert told["units"].tolist() == [900_000] * 20
    assert set(told["instrument"].tolist()) == {coin.number}


def test_a_lost_peg_kills_at_a_mark_that_stands_still() -> None:
    """10x: a tenth of the worth is behind it; at 0.05 a two-hundredth is, below the requirement."""
    found = town(*FALLS)
    found.go(3.5)
    assert dead(found) == 0
    found.go(2)
    assert dead(found) == 20
    row = found.of(Kind.RISK_STATE)[0]
    marks = found.of(Kind.MARK)
    cause = marks[marks["seq"] == row["cause"]][0]
    assert (int(cause["instrument"]), int(cause["price"])) == (found.market("COIN").number, 500)
    shocks = found.of(Kind.SHOCK)
    assert shocks["code"].tolist() == [Act.COIN_PEG, Act.COIN_PEG]
    assert shocks["instrument"].tolist() == [found.market("COIN").number] * 2
    balances = found.play.world.table(Shelf.BALANCES)
    for asset in np.unique(balances["asset"]):
        assert balances["units"][balances["asset"] == asset].sum() == 0


def test_what_the_fund_took_counts_at_its_mark() -> None:
    """It pays no more for coins than they are worth: their discount is its gain, the peg that comes back more of it."""
    back = ShockTerms(name="peg", at_s=8, act="peg", target="COIN", amount=1.0)
    found = town(*FALLS, back)
    fund = int(venue_at(found.w, found.market("PERP").venue).insurance)
    asset = found.market("PERP").settle_asset
    before = equity_units(found.play.world, fund, asset)
    found.go(6)
    after = equity_units(found.play.world, fund, asset)
    cash = found.of(Kind.COLLATERAL)
    paid = int(cash["units"][cash["asset"] == asset].sum())
    fees = int(-found.of(Kind.LIQUIDATION_FEE)["units"].sum()) + int(-found.of(Kind.INSURANCE_IN)["units"].sum())
    covered = int(found.of(Kind.INSURANCE_OUT)["units"].sum())
    assert after - before == pytest.approx(paid * (1 / 0.95 - 1) + fees - covered, rel=1e-3)
    found.go(3)
    assert equity_units(found.play.world, fund, asset) - after == pytest.approx(paid / 0.95 * 19, rel=1e-3)


def test_without_the_shock_everybody_lives() -> None:
    found = town(*FALLS)
    apply_changes(found.play, [Change("without", "peg")])
    found.go(6)
    assert dead(found) == 0
    assert len(found.of(Kind.SHOCK)) == 0


def test_a_shock_that_is_over_cannot_be_taken_away() -> None:
    found = town(*FALLS)
    found.go(4.5)
    with pytest.raises(UsageError, match="shock 'peg' lies before the fork"):
        apply_changes(found.play, [Change("without", "peg")])


def test_one_setting_is_for_all_shocks_of_a_name() -> None:
    amounts = [one.amount for one in find_scenario("desync", ["coin-peg.amount=1"]).shock if one.name == "coin-peg"]
    assert amounts == [1.0] * 5
    assert {one.amount for one in find_scenario("desync").shock if one.name == "members-peg"} == {0.94, 0.96, 1.0}


@pytest.mark.parametrize(
    ("crowd", "words"),
    [
        ({"collateral": "PERP"}, "no spot pair in PERP's money"),
        ({"collateral": "SPOT"}, "at its venue, or has no haircut"),
        ({"collateral": "COINS"}, "unknown instrument 'COINS'.*COIN"),
        ({"other": "FAR"}, "FAR is no second perpetual"),
        ({"other": "PERP2"}, "not both"),
    ],
)
def test_what_is_no_collateral(crowd: dict[str, Any], words: str) -> None:
    second = msgspec.structs.replace(scenario().instrument[0], name="PERP2")
    with pytest.raises(UsageError, match=words):
        Town(msgspec.structs.replace(CROWD, **crowd), instrument=(*scenario().instrument, COIN, second))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("haircut = 1.0", "haircut.*0 to below 1|0 to below 1.*haircut"),
        ("exchange = 0.9", "expected a haircut"),
        ("haircut = 0.1\nexchange = 0", "more than 0 and at most 1"),
    ],
)
def test_numbers_of_collateral_are_checked(tmp_path: Path, change: str, words: str) -> None:
    text = (scenario_folder() / "desync.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("haircut = 0.05\nexchange = 0.975", change), encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_scenario(path)
