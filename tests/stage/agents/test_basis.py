"""Basis traders: they are short what is dear and pays funding, the base on the other side, and out when stressed."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stage.agents.town import Town

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.market.command import CommandKind
from shortdesk.stage.agents.basis import BasisTerms


def traders(**changes: Any) -> BasisTerms:
    terms: dict[str, Any] = {
        "name": "carry", "instrument": "PERP", "spot": "SPOT", "count": 1, "capital_usd": 100_000, "limit_usd": 50_000,
        "piece_usd": 10_000, "latency_ms": 1.0, "look_s": 2.0,
    }  # fmt: skip
    return BasisTerms(**(terms | changes))


def town(perp: float, **changes: Any) -> Town:
    """The perpetual at this price, spot at 100."""
    found = Town(traders(**changes))
    found.quote("PERP", perp - 0.01, perp + 0.01, 100_000.0)
    found.quote("SPOT", 99.99, 100.01, 100_000.0)
    return found


def base(found: Town) -> float:
    """Base bought since the opening."""
    return found.units(found.accounts("carry")[1], "SOL") - 1_000.0


def perp(found: Town) -> float:
    return found.held(found.accounts("carry")[0], "PERP")


def test_a_dear_perpetual_is_sold_against_the_base_piece_by_piece() -> None:
    found = town(102.0)
    found.go(60)
    assert perp(found) == pytest.approx(-500.0)
    assert base(found) == pytest.approx(500.0)
    assert abs(found.of(Kind.FILL, "carry")["lots"]).max() == 10_000
    assert {int(row["mechanism"]) for row in found.of(Kind.FILL, "carry")} == {Mechanism.FUNDING}


def test_a_cheap_one_is_bought_against_base_that_was_there() -> None:
    found = town(98.0)
    found.go(60)
    assert perp(found) == pytest.approx(500.0)
    assert base(found) == pytest.approx(-500.0)


def test_a_carry_that_does_not_pay_is_left_alone() -> None:
    found = town(100.0)
    found.go(60)
    assert len(found.of(Kind.FILL, "carry")) == 0


def test_it_is_kept_until_the_carry_turns() -> None:
    found = town(102.0)
    found.go(60)
    found.quote("PERP", 100.02, 100.04, 100_000.0)
    found.go(20)
    assert perp(found) == pytest.approx(-500.0)
    found.quote("PERP", 98.0, 98.02, 100_000.0)
    found.go(1_200)
    assert perp(found) > 0
    assert base(found) == pytest.approx(-perp(found))


def test_stressed_margin_closes_everything_and_then_it_rests() -> None:
    # 50,000 need 250 of maintenance: 60,000 are 240 times as much, what is left after the withdrawal 80 times.
    found = town(102.0, capital_usd=60_000, leverage=3.0, rest_s=600, stress=100.0)
    found.go(60)
    account = found.accounts("carry")[0]
    assert perp(found) == pytest.approx(-500.0)
    found.tell(CommandKind.WITHDRAW, account, found.market("PERP").settle_asset, lots=40_000 * 10**6)
    found.go(20)
    assert perp(found) == 0
    assert found.units(found.accounts("carry")[1], "SOL") == pytest.approx(600.0)
    rows = found.go(500)
    assert len(found.of(Kind.FILL, "carry", rows)) == 0


def test_without_a_spot_market_the_base_is_elsewhere() -> None:
    found = town(102.0, spot="")
    found.go(60)
    assert found.held(found.accounts("carry")[0], "PERP") == pytest.approx(-500.0)
    assert len(found.accounts("carry")) == 1


def test_switched_off_they_are_silent_and_draw_on() -> None:
    loud, silent = town(102.0), town(102.0)
    silent.switch_off(Mechanism.FUNDING)
    loud.go(20)
    silent.go(20)
    assert len(loud.of(Kind.FILL, "carry")) > 0
    assert len(silent.of(Kind.FILL, "carry")) == 0
    assert loud.draws("carry") == silent.draws("carry")


def test_two_perpetuals_are_no_basis() -> None:
    with pytest.raises(UsageError, match="a spot pair of its base"):
        Town(traders(spot="FAR"))
