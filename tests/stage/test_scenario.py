"""Scenario files: what is wrong with one is said with file, line and field; settings are put over it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from shortdesk.ground.errors import InputError, UsageError
from shortdesk.stage.build import build
from shortdesk.stage.scenario import Scenario, find_scenario, read_scenario, scenario_digest, scenario_names

TEXT = """name = "story"
horizon_s = 60
seed = 3

[[venue]]
name = "futures"
sheet = "binance_usdm"
day = 2026-09-29

[[instrument]]
name = "PERP"
venue = "futures"
base = "SOL"
symbol = "SOLUSDT"
price = 100.00
tick = 0.01
lot = 0.01

[[population]]
kind = "noise"
name = "noise"
instrument = "PERP"
takers_per_s = 1
taker_usd = 500

[[shock]]
at_s = 10
act = "news"
target = "PERP"
amount = 0.02
"""


def read(tmp_path: Path, text: str, *settings: str) -> Scenario:
    path = tmp_path / "story.toml"
    path.write_text(text, encoding="utf-8")
    return read_scenario(path, settings)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("horizon_s = 60", "horizon_s = 0", 2, "horizon_s"),
        ("horizon_s = 60", "horizon = 60", None, "horizon"),
        ("horizon_s = 60", 'horizon_s = "a day"', 2, "horizon_s"),
        ("horizon_s = 60", "horizon_s = 60\ntrigger_s = 61", 3, "trigger_s"),
        ("seed = 3", "seed = -1", 3, "seed"),
        ('sheet = "binance_usdm"', "sheet = 7", 7, "sheet"),
        ("day = 2026-09-29", 'day = "soon"', 8, "day"),
        ("day = 2026-09-29", "day = 2026-09-29\nunwind_s = -1", 9, "expected 0 to"),
        ("day = 2026-09-29", "day = 2026-09-29\nunwind_fraction = 0", 9, "at most 1"),
        ('venue = "futures"', 'venue = "future"', 12, "did you mean 'futures'"),
        ("price = 100.00", "price = 100.005", 15, "not on the grid of 0.01"),
        ("tick = 0.01", "tick = 0", 16, "tick"),
        ("lot = 0.01", "lot = 0.01\nclock_s = 0", 18, "clock_s"),
        ("lot = 0.01", "lot = 0.01\nslot = 1", None, "slot"),
        ('kind = "noise"', 'kind = "nose"', None, "nose"),
        ('instrument = "PERP"', 'instrument = "PREP"', 22, "did you mean 'PERP'"),
        ("takers_per_s = 1", "takers_per_s = -1", 23, "negative"),
        ("taker_usd = 500", "", None, "taker_usd"),
        ("taker_usd = 500", "taker_usd = nan", 24, "expected a number"),
        ("taker_usd = 500", "taker_usd = 1e13", 24, "expected at most 1e+12"),
        ("taker_usd = 500", "taker_usd = 500\naccounts = 0", 25, "expected more than 0"),
        ("taker_usd = 500", "taker_usd = 500\nlifetime_s = 0", 25, "expected more than 0"),
        ("taker_usd = 500", "taker_usd = 500\nlifetime_s = 1e12", 25, "expected at most 1e+08"),
        ("amount = ", "amount = inf #", None, "expected a number"),
        ("amount = ", "amount = -1 #", 30, "news expects -0.99 to 100"),
        ("at_s = 10", "at_s = 61", 27, "outside of the horizon"),
        ('act = "news"', 'act = "noise"', 28, "act"),
        ('base = "SOL"', 'base = "SOL"\nindex = [{ source = "SPOT" }]', 14, "SPOT"),
        ("[[shock]]", '[[instrument]]\nname = "PERP"\n[[shock]]', None, "instrument"),
        ("seed = 3", "seed = = 3", 3, ""),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, line: int | None, words: str) -> None:
    assert TEXT.count(old) >= 1
    with pytest.raises(InputError) as caught:
        read(tmp_path, TEXT.replace(old, new, 1))
    said = str(caught.value)
    assert "story.toml" in said
    assert words in said
    if line is not None:
        assert f"story.toml:{line}" in said


def test_two_of_one_name(tmp_path: Path) -> None:
    second = '\n[[venue]]\nname = "futures"\nsheet = "bybit"\nday = 2026-09-29\n'
    with pytest.raises(InputError, match="a second venue is called 'futures'"):
        read(tmp_path, TEXT + second)


def test_a_file_that_is_right(tmp_path: Path) -> None:
    found = read(tmp_path, TEXT)
    assert (found.name, found.horizon_s, found.seed) == ("story", 60, 3)
    assert found.end_ns - found.start_ns == 60 * 10**9
    assert found.population[0].taker_usd == 500  # type: ignore[union-attr]
    build(found)


@pytest.mark.parametrize(
    ("setting", "field", "value"),
    [
        ("seed=9", "seed", 9),
        ("horizon_s=50", "horizon_s", 50),
        ("noise.taker_usd=750", "population", 750),
        ("futures.adl=false", "venue", False),
    ],
)
def test_settings_are_put_over_the_file(tmp_path: Path, setting: str, field: str, value: object) -> None:
    plain, found = read(tmp_path, TEXT), read(tmp_path, TEXT, setting)
    given = getattr(found, field)
    if isinstance(given, tuple):
        given = getattr(given[0], setting.split("=")[0].split(".")[1])
    assert given == value
    assert scenario_digest(found) != scenario_digest(plain)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("seed", "expected name=value"),
        ("nose.taker_usd=1", "did you mean 'noise'"),
        ("noise.taker_usd=[", "noise.taker_usd=["),
    ],
)
def test_settings_that_name_nothing(tmp_path: Path, setting: str, words: str) -> None:
    with pytest.raises(UsageError, match="setting") as caught:
        read(tmp_path, TEXT, setting)
    assert words in str(caught.value)


def test_a_setting_of_no_field_or_a_wrong_value(tmp_path: Path) -> None:
    for setting in ("noise.taker=1", "noise.taker_usd=many", "noise.taker_usd=-5"):
        with pytest.raises((InputError, UsageError), match="taker"):
            read(tmp_path, TEXT, setting)


@pytest.mark.parametrize("name", scenario_names())
def test_shipped_scenarios_can_be_read_and_say_where_their_sizes_come_from(name: str) -> None:
    found = find_scenario(name)
    assert found.name == name
    assert found.about
    assert found.sources
    assert scenario_digest(found) == scenario_digest(find_scenario(name))
    assert scenario_digest(msgspec.structs.replace(found, seed=77)) != scenario_digest(found)


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="did you mean 'short-squeeze'"):
        find_scenario("short-sqeeze")
