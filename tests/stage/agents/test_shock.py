"""What a scenario itself does, and the venue's clock that says it on: news, halts, late, mute and wrong prices."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from tests.stage.agents.town import Town, scenario

from shortdesk.ground.errors import UsageError
from shortdesk.ground.kinds import Kind
from shortdesk.ground.order import Side
from shortdesk.market.tables import instrument_at, venue_at
from shortdesk.stage.agents.maker import MakerTerms
from shortdesk.stage.agents.shock import Act
from shortdesk.stage.parts import value_at
from shortdesk.stage.scenario import MemberTerms, ShockTerms


def town(*shocks: tuple[float, str, str, float], **changes: Any) -> Town:
    """Shocks of (time, act, target, amount); PERP's index hears the spot book and, twice as loud, what is known."""
    instruments = scenario().instrument
    index = (MemberTerms(source="SPOT"), MemberTerms(weight=2))
    perp = msgspec.structs.replace(instruments[0], index=index, **changes)
    found = Town(
        instrument=(perp, *instruments[1:]),
        shock=tuple(ShockTerms(at_s=at_s, act=act, target=on, amount=by) for at_s, act, on, by in shocks),
    )
    found.quote("SPOT", 99.99, 100.01, 5.0)
    return found


def index_of(found: Town) -> float:
    seen = found.of(Kind.INDEX)
    return float(seen["price"][seen["instrument"] == found.market("PERP").number][-1]) * 0.01


def test_news_moves_the_value_at_its_time_and_the_index_with_it() -> None:
    found = town((3, "news", "PERP", -0.1), (6, "news", "PERP", 0.5))
    found.go(2.5)
    assert index_of(found) == pytest.approx(100)
    found.go(3)
    assert index_of(found) == pytest.approx(90)
    found.go(3)
    assert index_of(found) == pytest.approx(135)
    shocks = found.of(Kind.SHOCK)
    seconds = (shocks["time_ns"] - found.play.scenario.start_ns) / 1e9
    assert seconds.tolist() == [3, 6]
    assert shocks["units"].tolist() == [-100_000, 500_000]
    assert shocks["code"].tolist() == [Act.NEWS, Act.NEWS]


def test_a_halt_stops_matching_and_ends() -> None:
    found = town((2, "halt", "PERP", 1), (4, "halt", "PERP", 0))
    number = found.market("PERP").number
    states = []
    for _ in range(3):
        found.quote("PERP", 99.0, 101.0, 1.0)
        found.go(0.5)
        found.hit("PERP", Side.BUY, 0.5)
        found.go(1.5)
        states.append((int(instrument_at(found.w, number).is_halted), len(found.of(Kind.FILL))))
    assert states == [(1, 1), (0, 1), (0, 2)]


def test_an_outage_takes_the_venue_down_and_back() -> None:
    found = town((2, "outage", "futures", 1), (4, "outage", "futures", 0))
    venue = found.market("PERP").venue
    states = []
    for _ in range(3):
        found.go(2)
        states.append(int(venue_at(found.w, venue).is_down))
    assert states == [1, 0, 0]


def test_a_delay_makes_prices_late() -> None:
    found = town((2, "delay", "PERP", 3.0), (3, "news", "PERP", 0.2))
    found.go(5.5)
    assert index_of(found) == pytest.approx(100)
    found.go(2)
    assert index_of(found) == pytest.approx(120)


def test_a_mute_member_grows_old_and_speaks_again() -> None:
    """Muted at 2 s and stale after 3: the index hears the spot book alone until what is known is said again."""
    found = town((2, "mute", "PERP/2", 1), (3, "news", "PERP", 0.2), (9, "mute", "PERP/2", 0), stale_s=3.0)
    found.go(2.5)
    found.quote("SPOT", 104.99, 105.01, 5.0)
    found.go(2)
    assert index_of(found) == pytest.approx(100)  # it still counts with what it said last
    found.go(3)
    assert index_of(found) == pytest.approx(105)
    found.go(4)
    assert index_of(found) == pytest.approx(120)


def test_a_coin_off_its_peg_moves_what_its_source_says() -> None:
    found = town((2, "peg", "PERP/2", 0.9))
    found.go(3.5)
    assert index_of(found) == pytest.approx(100 / 0.9, rel=0.01)  # more of the cheap coin for one


def test_makers_are_sent_away_and_come_back() -> None:
    maker = MakerTerms(name="makers", instrument="PERP", count=2, order_usd=100, requote_s=0.2)
    found = Town(maker, shock=(ShockTerms(at_s=3, act="makers_away", target="PERP", amount=5),))
    found.go(12)
    seen = found.of(Kind.PRESENCE, "makers")
    seconds = (seen["time_ns"] - found.play.scenario.start_ns) / 1e9
    assert seen["units"].tolist() == [0, 0, 1, 1]
    assert ((seconds[:2] >= 3) & (seconds[:2] < 5)).all()
    assert ((seconds[2:] >= 8) & (seconds[2:] < 10)).all()


def test_several_at_one_time_all_happen() -> None:
    found = town((2, "news", "PERP", 0.1), (2, "news", "PERP", 0.1), (1, "news", "PERP", 0.0))
    found.go(3)
    assert float(value_at(found.play.block, found.market("PERP").value).price) == pytest.approx(121)


@pytest.mark.parametrize(
    ("act", "target", "words"), [("outage", "PERP", "target"), ("mute", "PERP/3", "PERP/2"), ("news", "BTC", "BTC")]
)
def test_a_target_that_is_not_there_is_named(act: str, target: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        town((1, act, target, 1))


def test_the_clock_ticks_on_time_and_funding_comes_at_its_instants() -> None:
    instruments = tuple(msgspec.structs.replace(one, clock_s=60.0) for one in scenario().instrument)
    found = Town(instrument=instruments)
    found.go(8 * 3_600 + 120)
    number = found.market("PERP").number
    rates = found.of(Kind.FUNDING_RATE)
    seconds = (rates["time_ns"][rates["instrument"] == number] - found.play.scenario.start_ns) / 1e9
    assert seconds.tolist() == [8 * 3_600]
    samples = found.of(Kind.PREMIUM)
    times = samples["time_ns"][samples["instrument"] == number] - found.play.scenario.start_ns
    assert np.unique(np.diff(times)).tolist() == [60 * 10**9]
