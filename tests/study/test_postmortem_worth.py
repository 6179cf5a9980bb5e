"""Gains in several assets as one figure, on a pool written by hand.

The perpetual's tick, lot and unit are 1, and so are the coin's. Max puts 10 coins and 1,000 USD into a pool whose
reserves Hal's account holds; the whale pays 600 USD into it for 5 coins; the pool then stands at 130, the perpetual's
mark at 101. So the whale has gained 5 x 130 - 600 = 50, the pool has lost them, and Max, who only put something in, has
neither gained nor lost: the pool's loss is his and the other providers'.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
from tests.study.postmortem_story import ANN, HAL, MAX, NAMES, RUN, WHALE, Teller

from shortdesk.ground.journal import Journal
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.run_folder import NameTable
from shortdesk.study.postmortem import Postmortem, explain
from shortdesk.study.postmortem_report import flow_tables

POOL, USD, COIN, DUST = 2, 1, 2, 3


def story(*, has_dust: bool = False) -> Postmortem:
    t = Teller()
    t.mark(100)
    fill = t.trade(ANN, MAX, 1, 100, Mechanism.NOISE)
    t.position(fill, MAX, -1, 100)
    t.position(fill, ANN, 1, 100)
    t.mechanism = Mechanism.AMM
    put = t.say(Kind.POOL_MINT, venue=1, instrument=POOL, account=MAX, other=HAL)
    for asset, units in ((COIN, -10), (USD, -1_000)):
        t.say(Kind.POOL_LEG, put, venue=1, instrument=POOL, asset=asset, account=MAX, other=HAL, units=units)
    swap = t.say(Kind.POOL_SWAP, venue=1, instrument=POOL, account=WHALE, other=HAL, price=130, lots=5, units=-600)
    for asset, units in ((COIN, 5), (USD, -600)):
        t.say(Kind.POOL_LEG, swap, venue=1, instrument=POOL, asset=asset, account=WHALE, other=HAL, units=units)
    for second, is_there in ((1, 0), (2, 1)):
        t.second = second
        t.say(Kind.PRESENCE, venue=1, instrument=POOL, account=MAX, units=is_there)
    if has_dust:
        t.say(Kind.TRADE_LEG, venue=1, instrument=POOL, asset=DUST, account=WHALE, other=MAX, units=7)
    t.mark(101)
    coin = {"tick": "1", "lot": "1", "base": "COIN", "quote": "USD", "settle": "USD"}
    people = [dict(one) for one in NAMES.account.info]
    people[HAL] = {"population": "venue", "kind": "venue"}
    names = [*NAMES.account.names]
    names[HAL] = "reserves of COIN-USD"
    told = msgspec.structs.replace(
        NAMES,
        instrument=NameTable(["", "COIN", "COIN-USD"], [{}, {**coin, "kind": "perp"}, {**coin, "kind": "pool"}]),
        asset=NameTable(["", "USD", "COIN", "DUST"], [{}, *({"digits": "0"} for _ in range(3))]),
        account=NameTable(names, people),
    )
    return explain(Journal.from_rows(t.rows, RUN, told))


def test_coins_and_money_make_one_gain() -> None:
    gains = story().gains
    assert gains is not None
    by_group = dict(zip(gains.flows[0].groups, gains.parts, strict=True))
    assert [(one.price, one.market) for one in gains.prices] == [(Decimal(130), "COIN-USD")]
    assert by_group["whale"] == [Decimal(-600), Decimal(650)]
    assert by_group["pools, for their providers"] == [Decimal(600), Decimal(-650)]
    assert by_group["makers"] == [Decimal(-1), Decimal(0)]  # sold at 100 what is worth 101; nothing of the pool
    assert all(sum(group[at] for group in gains.parts) == 0 for at in range(2))
    assert (gains.account[WHALE], gains.account[HAL], gains.account.sum()) == (50, -50, 0)


def test_who_gained_most_is_asked_of_all_assets_and_of_people_only() -> None:
    report = story()
    assert [(one.name, one.gain_units) for one in report.winners] == [("whale", 50), ("ann", 1)]
    assert [(one.name, one.gain_units) for one in report.losers] == [("max", -1)]


def test_the_table_says_at_which_prices() -> None:
    first = flow_tables(story())[0]
    assert first.caption == "Where the money went, all in USD"
    assert first.rows[0] == ("whale", "−600", "650", "50")
    assert first.rows[-1] == ("sum", "0", "0", "0")
    assert "1 COIN at 130 (COIN-USD)" in first.note


def test_what_has_no_price_is_named_and_not_counted() -> None:
    report = story(has_dust=True)
    assert report.gains is not None
    assert report.gains.unpriced == [DUST]
    assert report.gains.account[WHALE] == 50
    assert "not counted: DUST" in flow_tables(report)[0].note


def test_providers_who_leave_their_pool_are_told() -> None:
    said = [one.what for one in story().timeline]
    assert "a liquidity provider of COIN-USD leaves" in said
    assert "all liquidity providers of COIN-USD are back" in said
