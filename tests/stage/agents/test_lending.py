"""Short sellers who borrow, and lenders who call their loans in: rates, recalls and buy-ins, all through one book."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.command import CommandKind
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.loans import RATE_ONE, present_rate
from shortdesk.market.tables import Shelf, balance_at, row_at
from shortdesk.stage.agents.borrower import BorrowerTerms
from shortdesk.stage.agents.lender import LenderTerms
from shortdesk.stage.scenario import MemberTerms, PoolTerms, ShockTerms, read_scenario

OWN_PRICE = (MemberTerms(source="SPOT"),)


def shorts(**changes: Any) -> BorrowerTerms:
    terms: dict[str, Any] = {
        "name": "shorts", "instrument": "SPOT", "count": 20, "short_usd": 100_000, "short_at_opening": 1.0,
        "enters": 0.0, "look_s": 5.0, "latency_ms": 1.0, "profit": 0.04, "stop": 0.1,
    }  # fmt: skip
    return BorrowerTerms(**(terms | changes))


def lenders(**changes: Any) -> LenderTerms:
    terms: dict[str, Any] = {
        "name": "lenders",
        "instrument": "SPOT",
        "pool": "SOL pool",
        "look_s": 5.0,
        "notice_s": 60.0,
    }
    return LenderTerms(**(terms | changes))


def town(*populations: Any, size: float = 2_000, pool: dict[str, Any] | None = None, **changes: Any) -> Town:
    """A pool of 2,000 SOL, its loans valued by the pair's own middle; the book at 100 with plenty on both sides."""
    terms = PoolTerms(name="SOL pool", pair="SPOT", size=size, **(pool or {}))
    plain = scenario()
    spot = msgspec.structs.replace(plain.instrument[2], index=OWN_PRICE)
    found = Town(*populations, lending=(terms,), instrument=(*plain.instrument[:2], spot), **changes)
    found.quote("SPOT", 99.99, 100.01, 50_000.0)
    return found


def pool(found: Town) -> Any:
    return row_at(found.w, Shelf.LENDING, 1, LENDING)


def lent(found: Town) -> float:
    return int(pool(found).lent_units) / 1e8


def there(found: Town) -> float:
    return int(balance_at(found.w, pool(found).lender_balance).units) / 1e8


def owed(found: Town) -> float:
    loans = [row_at(found.w, Shelf.LOANS, at, LOAN) for at in range(1, found.play.world.used_rows(Shelf.LOANS))]
    return sum(int(loan.units) + int(loan.interest) for loan in loans) / 1e8


def move(found: Town, middle: float, seconds: float = 30.0) -> Any:
    found.quote("SPOT", middle - 0.01, middle + 0.01, 50_000.0)
    return found.go(seconds)


def test_opening_loans_are_drawn_and_their_base_is_gone() -> None:
    found = town(shorts())
    found.go(5)
    assert lent(found) == pytest.approx(1_000.0, rel=0.001)  # 100,000 at 100, and the first hour's interest
    assert lent(found) > 1_000.0
    assert there(found) + lent(found) == pytest.approx(2_000.0, abs=0.1)
    for account in found.accounts("shorts"):
        assert found.units(account, "SOL") < 1e-6
    quote = sum(found.units(account, "USDT") for account in found.accounts("shorts"))
    assert quote == pytest.approx(100_000 * (1 + 1.001 / 1.5), rel=1e-4)  # and their own two thirds
    assert found.money("SOL") == 0
    assert found.money("USDT") == 0


def test_who_is_flat_sells_borrowed_base() -> None:
    found = town(shorts(short_at_opening=0.0, enters=1.0))
    found.go(60)
    assert lent(found) == pytest.approx(1_000.0, rel=0.001)
    sold = found.of(Kind.FILL, "shorts")
    assert sold["lots"].sum() * 0.01 == pytest.approx(-1_000.0, rel=1e-3)
    assert {int(row["mechanism"]) for row in sold} == {Mechanism.USER}


def test_a_fall_is_bought_back_and_repaid() -> None:
    found = town(shorts())
    found.go(5)
    rows = move(found, 93.9, 60.0)  # 6.1 %; profits lie between 2 and 6 %
    assert found.of(Kind.FILL, "shorts", rows)["lots"].sum() * 0.01 == pytest.approx(1_000.0, rel=0.01)
    assert owed(found) == pytest.approx(0.0, abs=0.01)
    assert there(found) > 2_000.0  # with interest
    assert found.money("SOL") == 0


def test_a_rise_stops_them_out_before_the_venue_does() -> None:
    found = town(shorts(stop=0.06))
    found.go(5)
    rows = move(found, 110.0, 60.0)
    bought = found.of(Kind.FILL, "shorts", rows)
    assert bought["lots"].sum() * 0.01 == pytest.approx(1_000.0, rel=0.01)
    assert {int(row["mechanism"]) for row in bought} == {Mechanism.STOP}
    assert owed(found) == pytest.approx(0.0, abs=0.01)


def test_with_stops_off_they_stay() -> None:
    found = town(shorts(stop=0.06))
    found.go(5)
    found.switch_off(Mechanism.STOP)
    move(found, 110.0, 60.0)
    assert owed(found) == pytest.approx(1_000.0, rel=0.001)


def test_the_venue_sells_out_who_has_no_margin_left() -> None:
    found = town(shorts(stop=10.0, leverage=2.0))
    found.go(5)
    # Assets 1.5 of the debt at 100; the sheet calls a loan in at 1.1, which is a price of 136.36.
    assert len(found.of(Kind.LIQUIDATION_START, rows=move(found, 135.0))) == 0
    rows = move(found, 138.0)
    assert len(found.of(Kind.LIQUIDATION_START, "shorts", rows)) == 20
    assert owed(found) == pytest.approx(0.0, abs=0.01)
    assert found.money("USDT") == 0


def test_interest_is_charged_by_the_hour_at_the_rate_of_use() -> None:
    found = town(shorts(profit=0.9, stop=0.9, bearable_rate_year=100.0))
    found.go(10)
    first = lent(found)
    rate = int(present_rate(found.w, 1)) / RATE_ONE
    # Use 0.5 of an optimum of 0.8: the sheet's 0.0000104166666667 an hour is reached at the optimum.
    assert rate == pytest.approx(0.0000104166666667 * 8_760 * 0.5 / 0.8, rel=0.001)
    rows = found.go(3_600)
    charged = found.of(Kind.INTEREST, "shorts", rows)
    assert len(charged) == 20
    assert {int(time) - found.play.scenario.start_ns for time in charged["time_ns"]} == {3_600 * 10**9}
    assert lent(found) - first == pytest.approx(first * rate / 8_760, rel=0.001)


def test_a_dear_loan_drives_them_out() -> None:
    found = town(shorts(bearable_rate_year=0.05))
    found.go(60)  # 0.5 of use costs 5.7 % a year
    assert owed(found) < 950.0
    assert int(present_rate(found.w, 1)) / RATE_ONE < 0.06


def test_high_use_makes_lenders_withdraw_and_recall_and_the_venue_buys_in() -> None:
    found = town(shorts(heeds=0.0, bearable_rate_year=100.0), lenders(), size=1_020)
    found.go(10)  # use 0.98
    rows = found.go(120)
    recalls = found.of(Kind.RECALL)
    assert len(recalls) > 0
    assert {int(row["mechanism"]) for row in recalls} == {Mechanism.RECALL}
    bought = found.of(Kind.BUY_IN, rows=rows)
    assert len(bought) > 0
    wait_ns = int(bought["time_ns"][0] - recalls["time_ns"][0])
    assert 59.9e9 < wait_ns <= 60e9  # the notice counts from when it was sent
    first = int(recalls["account"][0])
    at_first = found.of(Kind.FILL, "shorts")
    assert first in at_first["account"]
    assert {int(m) for m in at_first["mechanism"]} == {Mechanism.RECALL}
    assert owed(found) < 990.0
    assert len(found.of(Kind.WITHDRAWAL, "lenders")) > 0
    assert found.money("SOL") == 0


def test_who_heeds_a_recall_covers_in_time() -> None:
    found = town(shorts(heeds=1.0, bearable_rate_year=100.0), lenders(notice_s=300.0), size=1_020)
    found.go(200)
    bought = found.of(Kind.FILL, "shorts")
    assert len(bought) > 0
    assert {int(m) for m in bought["mechanism"]} == {Mechanism.USER}
    assert len(found.of(Kind.BUY_IN)) == 0


def test_a_run_in_the_price_dries_the_pool_and_calm_fills_it_again() -> None:
    found = town(
        shorts(stop=10.0, profit=0.9, bearable_rate_year=100.0),
        lenders(run=0.1, run_memory_s=600.0, recalls=0.0, returns=0.5),
    )
    found.go(20)
    assert there(found) == pytest.approx(1_000.0, rel=0.001)
    move(found, 115.0, 60.0)
    assert there(found) < 300.0
    for _ in range(8):
        move(found, 115.0, 300.0)
    assert there(found) == pytest.approx(1_000.0, rel=0.001)


def test_an_outage_makes_lenders_no_richer() -> None:
    found = town(
        shorts(stop=10.0, profit=0.9, bearable_rate_year=100.0),
        lenders(run=0.1, run_memory_s=600.0, recalls=0.0, returns=0.5),
    )
    found.go(20)
    found.quote("SPOT", 114.99, 115.01, 50_000.0)
    found.go(0.1)
    found.tell(CommandKind.OUTAGE, 0, found.market("SPOT").venue, lots=1)
    found.go(60)  # they would withdraw if they could
    assert there(found) == pytest.approx(1_000.0, rel=0.001)
    found.tell(CommandKind.OUTAGE, 0, found.market("SPOT").venue, lots=0)
    for _ in range(8):
        move(found, 115.0, 300.0)
    assert there(found) == pytest.approx(1_000.0, rel=0.001)


def test_switched_off_lenders_are_silent_and_draw_on() -> None:
    loud, silent = (town(shorts(bearable_rate_year=100.0), lenders(), size=1_020) for _ in range(2))
    silent.switch_off(Mechanism.RECALL)
    loud.go(30)
    silent.go(30)
    assert len(loud.of(Kind.RECALL)) > 0
    assert len(silent.of(Kind.RECALL)) == 0
    assert loud.draws("lenders") == silent.draws("lenders")


def test_switched_off_shorts_are_silent_and_draw_on() -> None:
    loud, silent = (town(shorts(short_at_opening=0.0, enters=0.5)) for _ in range(2))
    silent.switch_off(Mechanism.USER)
    loud.go(30)
    silent.go(1)  # what was said at the first instant arrives
    late = silent.go(29)
    assert len(loud.of(Kind.FILL, "shorts")) > 0
    assert len(silent.of(Kind.FILL, "shorts", late)) == 0
    assert loud.draws("shorts") == silent.draws("shorts")


def test_the_shock_of_a_recall_reaches_the_pool() -> None:
    shock = ShockTerms(at_s=10, act="recall", target="SOL pool", amount=0.5)
    found = town(shorts(heeds=0.0), shock=(shock,))
    found.go(20)
    recalled = found.of(Kind.RECALL)["units"].sum() / 1e8
    assert recalled == pytest.approx(500.0, rel=0.001)


def test_a_muted_member_leaves_the_mark_where_it_was() -> None:
    found = town(shorts(), shock=(ShockTerms(at_s=5, act="mute", target="SPOT/1"),))
    found.go(10)
    rows = move(found, 101.0, 10.0)
    assert len(found.of(Kind.MARK, rows=rows[rows["instrument"] == found.market("SPOT").number])) == 0


def test_what_cannot_be_is_said(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="nobody lends the base"):
        Town(shorts())
    with pytest.raises(UsageError, match="at most 2"):
        town(shorts(leverage=2.5))
    with pytest.raises(UsageError, match="unknown pool 'gold'"):
        town(lenders(pool="gold"))
    with pytest.raises(UsageError, match="no spot pair of a venue whose sheet lends"):
        Town(lending=(PoolTerms(name="a", pair="PERP", size=1),))
    file = tmp_path / "a.toml"
    file.write_text(
        'name = "a"\nhorizon_s = 10\npopulation = []\n'
        '[[venue]]\nname = "spot"\nsheet = "binance_margin"\nday = 2026-09-29\n'
        '[[instrument]]\nname = "S"\nvenue = "spot"\nkind = "spot"\nbase = "SOL"\nprice = 100\n'
        "tick = 0.01\nlot = 0.01\n"
        '[[lending]]\nname = "pool"\npair = "S"\nsize = -1\n'
    )
    with pytest.raises(InputError, match=r"-1; expected more than 0, field lending\[0\].size"):
        read_scenario(file)
    file.write_text(file.read_text().replace("size = -1", "size = 10"))
    assert read_scenario(file, ["pool.size=20"]).lending[0].size == 20
