"""Squeeze hunters: they act on a large return when a rung lies ahead, with a size the push pays for, and get out."""

from __future__ import annotations

from typing import Any

import pytest
from tests.stage.agents.town import Town

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.ground.order import Side
from shortdesk.stage.agents.crowd import CrowdTerms, Rung
from shortdesk.stage.agents.momentum import MomentumTerms

# A crowd of shorts worth 200,000 (2,000 units) in the perpetual at 100, all thought to have a leverage of 50: with a
# maintenance of 0.5 % they die at 100 (1 + 1/50) / 1.005 = 101.49.
MIX = (Rung(leverage=50, share=1.0),)


def hunters(**changes: Any) -> MomentumTerms:
    terms: dict[str, Any] = {
        "name": "hunters", "instrument": "PERP", "count": 1, "capital_usd": 1_000_000, "mix": MIX, "look_s": 0.5,
        "piece_usd": 1e6, "latency_ms": 1.0, "window_s": 20.0,
    }  # fmt: skip
    return MomentumTerms(**(terms | changes))


def town(**changes: Any) -> Town:
    """The crowd is there and holds still; the book has 100 units a tick on ten ticks of both sides."""
    crowd = CrowdTerms(
        name="shorts", instrument="PERP", side="short", count=10, open_interest_usd=200_000, entry_sd=0.0, stops=0.0,
        mix=(Rung(leverage=2, share=1.0),), look_s=1e6,
    )  # fmt: skip
    found = Town(crowd, hunters(**changes))
    ladder(found, 100.0)
    found.go(40)
    return found


def ladder(found: Town, middle: float) -> None:
    found.quote("PERP", middle - 0.01, middle + 0.01, 100.0)
    for step in range(2, 11):
        found.rest("PERP", Side.BUY, middle - 0.01 * step, 100.0)
        found.rest("PERP", Side.SELL, middle + 0.01 * step, 100.0)


def rise(found: Town, by: float, steps: int = 10) -> None:
    """The middle goes to 100 + ``by`` within ten seconds."""
    for step in range(1, steps + 1):
        ladder(found, round(100.0 + by * step / steps, 2))
        found.go(10.0 / steps)


def largest(found: Town) -> float:
    """The most that the hunter held."""
    return float(found.of(Kind.POSITION, "hunters")["lots"].max()) * 0.01


def test_a_quiet_price_wakes_nobody() -> None:
    found = town()
    assert len(found.of(Kind.FILL, "hunters")) == 0


def test_a_rise_towards_a_rung_is_bought_at_the_size_that_pays() -> None:
    found = town()
    rise(found, 0.5)
    found.go(3)
    bought = found.of(Kind.FILL, "hunters")
    assert bought["lots"][0] > 0
    assert {int(row["mechanism"]) for row in bought} == {Mechanism.MOMENTUM}
    # 1,000 units stand within 1.5 %, so a unit moves the price by 0.0015 %; 2,000 push by 3 %. Two fees of 5 bp and the
    # spread of 2 bp cost 0.12 %: (3 % - 0.12 %) / (2 × 0.0015 %) = 960. They come in one piece.
    assert largest(found) == pytest.approx(960, rel=0.01)


def test_without_a_rung_ahead_the_same_rise_is_left_alone() -> None:
    found = town(mix=(Rung(leverage=3, share=1.0),))
    rise(found, 0.5)
    assert len(found.of(Kind.FILL, "hunters", found.go(5))) == 0


def test_hunters_of_longs_leave_shorts_alone() -> None:
    found = town(hunts="longs")
    rise(found, 0.5)
    assert len(found.of(Kind.FILL, "hunters", found.go(5))) == 0
    fall = town(hunts="longs")
    rise(fall, -0.5)
    fall.go(3)
    assert fall.held(fall.accounts("hunters")[0], "PERP") < -500


def test_capital_limits_the_size() -> None:
    found = town(capital_usd=10_000)
    rise(found, 0.5)
    found.go(3)
    assert largest(found) == pytest.approx(180.0)  # 0.9 of 20,000 with leverage 2


def test_the_position_decays_and_ends() -> None:
    found = town(half_life_s=30.0)
    rise(found, 0.5)
    account = found.accounts("hunters")[0]
    full = largest(found)
    for _ in range(20):
        ladder(found, 100.5)
        found.go(10)
    sizes = found.of(Kind.POSITION, "hunters")
    halves = sizes[sizes["lots"] <= 55 * full]
    entered = sizes["time_ns"][sizes["lots"].argmax()]
    assert (halves["time_ns"][halves["time_ns"] > entered][0] - entered) / 1e9 == pytest.approx(30, abs=12)
    assert found.held(account, "PERP") == 0


def test_a_reversal_closes_everything() -> None:
    found = town(half_life_s=3_600.0, hunts="shorts")
    rise(found, 0.5)
    found.go(2)
    account = found.accounts("hunters")[0]
    assert found.held(account, "PERP") > 500
    for step in range(10):
        ladder(found, round(100.5 - 0.1 * step, 2))
        found.go(1)
    found.go(25)
    assert found.held(account, "PERP") == 0


def test_switched_off_they_are_silent_and_draw_on() -> None:
    loud, silent = town(), town()
    silent.switch_off(Mechanism.MOMENTUM)
    for found in (loud, silent):
        rise(found, 0.5)
        found.go(5)
    assert len(loud.of(Kind.FILL, "hunters")) > 0
    assert len(silent.of(Kind.FILL, "hunters")) == 0
    assert loud.draws("hunters") == silent.draws("hunters")


def test_a_spot_pair_has_no_open_interest_and_a_mix_sums_to_one() -> None:
    with pytest.raises(UsageError, match="spot pair"):
        Town(hunters(instrument="SPOT"))
    with pytest.raises(UsageError, match=r"sum to 0\.5"):
        Town(hunters(mix=(Rung(leverage=5, share=0.5),)))
