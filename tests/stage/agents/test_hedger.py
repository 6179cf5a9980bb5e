"""Hedgers: who is short gamma buys what rises and sells what falls, by what the delta says, outside of the band."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.stage.agents.town import Town

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.stage.agents.hedger import HedgerTerms


def hedgers(**changes: Any) -> HedgerTerms:
    terms: dict[str, Any] = {
        "name": "dealers", "instrument": "PERP", "gamma_usd_per_pct": -100_000, "band": 0.002, "latency_ms": 1.0,
        "look_s": 0.5, "piece_usd": 1e7, "width": 0.1,
    }  # fmt: skip
    return HedgerTerms(**(terms | changes))


def town(middle: float = 100.0, **changes: Any) -> Town:
    found = Town(hedgers(**changes))
    move(found, middle)
    return found


def move(found: Town, middle: float) -> None:
    """The middle is there, with plenty on both sides."""
    found.quote("PERP", middle - 0.01, middle + 0.01, 100_000.0)
    found.go(10)


def held(found: Town) -> float:
    return found.held(found.accounts("dealers")[0], "PERP")


def delta(price: float, gamma: float = -100_000.0, width: float = 0.1) -> float:
    """100 Γ width √(2π) (Φ(x / width) - ½), by the error function."""
    return 100 * gamma * width * math.sqrt(2 * math.pi) * 0.5 * math.erf(math.log(price / 100.0) / width / math.sqrt(2))


@pytest.mark.parametrize("middle", [101.0, 99.0, 104.0])
def test_short_gamma_buys_what_rises_and_sells_what_falls(middle: float) -> None:
    found = town(middle)
    assert held(found) == pytest.approx(-delta(middle) / middle, abs=0.02)
    assert abs(delta(101.0)) == pytest.approx(100_000 * 0.995, rel=0.01)  # near the strike: gamma times the move
    assert {int(row["mechanism"]) for row in found.of(Kind.FILL, "dealers")} == {Mechanism.HEDGE}


def test_long_gamma_sells_what_rises() -> None:
    assert held(town(101.0, gamma_usd_per_pct=100_000)) < -900


def test_within_the_band_nothing_is_done() -> None:
    found = town(100.15)
    assert len(found.of(Kind.FILL, "dealers")) == 0
    move(found, 100.25)
    assert held(found) == pytest.approx(-delta(100.25) / 100.25, abs=0.02)


def test_gamma_far_from_the_strike_is_small() -> None:
    near, far = town(101.0, band=1e-5), town(101.0, band=1e-5, strike=140.0)
    assert 0 < held(far) < 0.01 * held(near)


def test_pieces_bound_each_order() -> None:
    found = town(101.0, piece_usd=10_000)
    assert found.of(Kind.FILL, "dealers")["lots"].max() == 10_000
    for _ in range(3):
        move(found, 101.0)
    assert held(found) == pytest.approx(-delta(101.0) / 101.0, abs=0.02)


def test_a_fixed_short_stands_from_the_opening_and_is_kept() -> None:
    found = town(100.0, gamma_usd_per_pct=0.0, fixed_short_usd=50_000, count=2)
    accounts = found.accounts("dealers")
    assert [found.held(account, "PERP") for account in accounts] == [pytest.approx(-250.0)] * 2
    assert found.held(found.accounts("dealers holders")[0], "PERP") == pytest.approx(500.0)
    move(found, 103.0)
    assert [found.held(account, "PERP") for account in accounts] == [pytest.approx(-250.0)] * 2


def test_switched_off_they_are_silent_and_draw_on() -> None:
    loud, silent = Town(hedgers()), Town(hedgers())
    silent.switch_off(Mechanism.HEDGE)
    for found in (loud, silent):
        move(found, 102.0)
    assert len(loud.of(Kind.FILL, "dealers")) > 0
    assert len(silent.of(Kind.FILL, "dealers")) == 0
    assert loud.draws("dealers") == silent.draws("dealers")


def test_a_spot_pair_is_refused() -> None:
    with pytest.raises(UsageError, match="spot pair"):
        Town(hedgers(instrument="SPOT"))
