"""Arbitrageurs: they trade a gap beyond both fees, at both ends at once, and no other; money goes where it lacks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.stage.agents.town import DAY, Town, scenario

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.command import CommandKind
from shortdesk.stage.agents.arbitrage import ArbitrageTerms
from shortdesk.stage.funds import has_word_under_way
from shortdesk.stage.scenario import VenueTerms


def arbs(**changes: Any) -> ArbitrageTerms:
    terms: dict[str, Any] = {
        "name": "arbs", "instrument": "PERP", "other": "FAR", "count": 1, "capital_usd": 100_000, "limit_usd": 50_000,
        "order_usd": 1_000, "edge_bps": 1.0, "latency_ms": 2.0, "look_s": 0.1,
    }  # fmt: skip
    return ArbitrageTerms(**(terms | changes))


def town(**changes: Any) -> Town:
    """Both books at 100, five units on each side."""
    found = Town(arbs(**changes))
    for name in ("PERP", "FAR", "SPOT"):
        found.quote(name, 99.99, 100.01, 5.0)
    found.go(3)
    return found


def fills(found: Town, rows: Any) -> list[tuple[int, float, float]]:
    """(instrument, signed size, price) of what arbitrageurs took."""
    return [
        (int(row["instrument"]), row["lots"] * 0.01, row["price"] * 0.01) for row in found.of(Kind.FILL, "arbs", rows)
    ]


# Both sheets say a taker pays 5 bp, so that a gap has to be ten ticks and a little to leave anything.


def test_a_gap_within_the_fees_is_left_alone() -> None:
    found = town()
    found.quote("PERP", 100.10, 100.12, 5.0)  # nine ticks above the other's ask
    assert len(found.of(Kind.FILL, rows=found.go(30))) == 0


def test_a_gap_beyond_the_fees_is_traded_at_both_ends_at_once() -> None:
    found = town()
    found.quote("PERP", 100.20, 100.22, 5.0)
    rows = found.go(0.6)
    traded = fills(found, rows)
    perp, far = found.market("PERP").number, found.market("FAR").number
    sold = [one for one in traded if one[0] == perp]
    bought = [one for one in traded if one[0] == far]
    assert sold
    assert sum(size for _, size, _ in sold) == pytest.approx(-sum(size for _, size, _ in bought))
    assert {round(price, 2) for *_, price in sold} == {100.20}
    assert {round(price, 2) for *_, price in bought} == {100.01}
    assert all(abs(size) == pytest.approx(5.0) for _, size, _ in sold)  # the best level holds less than the order's 10
    assert {int(row["mechanism"]) for row in found.of(Kind.FILL, "arbs")} == {Mechanism.ARBITRAGE}


def test_a_trade_is_no_larger_than_its_order_and_its_limit() -> None:
    found = town(limit_usd=2_500)
    found.quote("PERP", 101.0, 101.02, 1_000.0)
    found.quote("FAR", 99.99, 100.01, 1_000.0)
    found.go(60)
    first, second = found.accounts("arbs")
    sizes = {round(abs(size), 2) for _, size, _ in fills(found, found.rows)}
    assert max(sizes) <= 10.0
    assert found.held(first, "PERP") == pytest.approx(-25.0)
    assert found.held(second, "FAR") == pytest.approx(25.0)


def test_it_closes_when_the_gap_has_turned() -> None:
    found = town(limit_usd=2_500)
    found.quote("PERP", 101.0, 101.02, 1_000.0)
    found.quote("FAR", 99.99, 100.01, 1_000.0)
    found.go(30)
    found.quote("PERP", 99.0, 99.02, 1_000.0)
    found.quote("FAR", 99.99, 100.01, 1_000.0)
    found.go(3)
    first, second = found.accounts("arbs")
    assert found.held(first, "PERP") == pytest.approx(25.0)  # through flat to the limit on the other side
    assert found.held(second, "FAR") == pytest.approx(-25.0)
    money = found.units(first, "USDT") + found.units(second, "USDT")
    # Both gaps on 25, and a fee of 0.05 on each side of the 75 that were traded.
    assert money == pytest.approx(200_000 + 25 * (0.99 + 0.97) - 75 * 2 * 0.05, abs=0.1)


def test_what_one_leg_did_not_get_is_mended() -> None:
    found = town(latency_ms=400.0)
    found.quote("PERP", 100.40, 100.42, 5.0)
    first, second = found.accounts("arbs")
    while not has_word_under_way(found.w, second):
        found.go(0.02)
    far = found.market("FAR")
    found.tell(CommandKind.CANCEL_ALL, found.stranger(far.venue), far.number)  # gone before its leg arrives
    while found.held(first, "PERP") == 0:
        found.go(0.02)
    found.go(0.4)
    assert found.held(second, "FAR") == 0
    assert found.held(first, "PERP") == pytest.approx(-5.0)
    found.quote("FAR", 100.35, 100.45, 50.0)
    found.quote("PERP", 100.35, 100.42, 50.0)
    found.go(10)
    assert found.held(first, "PERP") == 0  # bought back where it was cheaper
    assert found.held(second, "FAR") == 0


def test_spot_against_its_perpetual() -> None:
    found = town(instrument="SPOT", other="PERP")
    spot, perp = found.accounts("arbs")
    had = found.units(spot, "SOL")
    found.quote("PERP", 102.0, 102.02, 5.0)
    found.go(1)
    assert found.held(perp, "PERP") == pytest.approx(-(found.units(spot, "SOL") - had))
    assert found.held(perp, "PERP") < 0
    found.quote("SPOT", 104.0, 104.02, 500.0)
    found.quote("PERP", 101.98, 102.0, 500.0)
    found.go(30)
    assert found.held(perp, "PERP") == pytest.approx(had - found.units(spot, "SOL"))
    assert found.held(perp, "PERP") > 0


def test_a_dry_venue_is_filled_up_after_the_transfer_time() -> None:
    found = town(capital_usd=3_000, limit_usd=50_000, transfer_s=600, leverage=1.0)
    found.quote("PERP", 101.0, 101.02, 1_000.0)
    found.quote("FAR", 99.99, 100.01, 1_000.0)
    found.go(10)  # 30 units of position tie up all of both wallets
    first, second = found.accounts("arbs")
    assert found.held(first, "PERP") == pytest.approx(-29, abs=1.5)
    venue = found.venue_of(second)
    found.tell(CommandKind.DEPOSIT, second, found.market("FAR").settle_asset, lots=10_000 * 10**6)
    found.go(1)
    withdrawals = found.of(Kind.WITHDRAWAL, "arbs")
    assert len(withdrawals) == 1
    carried = -int(withdrawals["units"][0])
    assert int(withdrawals["venue"][0]) == venue
    assert int(withdrawals["mechanism"][0]) == Mechanism.ARBITRAGE
    before = found.units(first, "USDT")
    found.go(590)
    assert len(found.of(Kind.DEPOSIT, "arbs", found.go(0))) == 0
    rows = found.go(20)
    came = found.of(Kind.DEPOSIT, "arbs", rows)
    assert [int(units) for units in came["units"]] == [carried]
    left_ns = int(came["time_ns"][0] - withdrawals["time_ns"][0])
    assert left_ns == 600 * 10**9
    assert found.units(first, "USDT") == pytest.approx(before + carried / 1e6, abs=100)
    assert found.money("USDT") == 0


def test_base_is_carried_between_two_spot_venues_too() -> None:
    plain = scenario()
    venue = VenueTerms(name="spot2", sheet="binance_margin", day=DAY)
    second = msgspec.structs.replace(plain.instrument[2], name="SPOT2", venue="spot2")
    found = Town(
        arbs(instrument="SPOT", other="SPOT2", capital_usd=3_000, transfer_s=60, limit_usd=1e6),
        venue=(*plain.venue, venue), instrument=(*plain.instrument, second),
    )  # fmt: skip
    found.quote("SPOT", 102.0, 102.02, 1_000.0)
    found.quote("SPOT2", 99.98, 100.0, 1_000.0)
    found.go(20)
    assets = {int(row["asset"]) for row in found.of(Kind.WITHDRAWAL, "arbs")}
    found.go(300)
    assets |= {int(row["asset"]) for row in found.of(Kind.WITHDRAWAL, "arbs")}
    assert assets == {found.play.cast.assets["SOL"], found.play.cast.assets["USDT"]}
    one, two = found.accounts("arbs")
    total = found.units(one, "SOL") + found.units(two, "SOL")
    assert total <= 60.0 + 1e-6
    assert found.money("SOL") == 0
    assert found.money("USDT") == 0


def test_switched_off_it_is_silent_and_draws_on() -> None:
    loud, silent = town(), town()
    silent.switch_off(Mechanism.ARBITRAGE)
    for found in (loud, silent):
        found.quote("PERP", 100.20, 100.22, 5.0)
        found.go(10)
    assert len(loud.of(Kind.FILL, "arbs")) > 0
    assert len(silent.of(Kind.FILL, "arbs")) == 0
    assert loud.draws("arbs") == silent.draws("arbs")


def test_one_market_is_not_two() -> None:
    with pytest.raises(UsageError, match="not two markets"):
        Town(arbs(other="PERP"))


def test_two_spot_pairs_of_one_venue_share_a_wallet() -> None:
    instruments = scenario().instrument
    second = msgspec.structs.replace(instruments[2], name="SPOT2")
    with pytest.raises(UsageError, match="SPOT and SPOT2 are spot pairs of one venue"):
        Town(arbs(instrument="SPOT", other="SPOT2"), instrument=(*instruments, second))


def test_it_waits_while_a_venue_is_down() -> None:
    found = town()
    found.tell(CommandKind.OUTAGE, 0, found.market("FAR").venue, lots=1)
    found.go(0.1)
    found.quote("PERP", 100.20, 100.22, 5.0)
    assert len(found.of(Kind.FILL, "arbs", found.go(10))) == 0
    found.tell(CommandKind.OUTAGE, 0, found.market("FAR").venue, lots=0)
    found.go(5)
    assert len(found.of(Kind.FILL, "arbs")) > 0
