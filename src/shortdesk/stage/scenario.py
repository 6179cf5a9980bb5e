"""A scenario: which venues, instruments and people, what happens to them, for how long, from which seed.

A strict TOML file; every number carries its unit in its name. Values that are not said are the defaults of the terms,
which say where they come from.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from shortdesk.ground.errors import InputError, UsageError, unknown_name
from shortdesk.ground.toml import Lines, convert, read_toml
from shortdesk.ground.venue import sheet_folder
from shortdesk.stage.agents.amm_arbitrage import AmmArbitrageTerms
from shortdesk.stage.agents.amm_lp import AmmLpTerms
from shortdesk.stage.agents.amm_searcher import AmmSearcherTerms
from shortdesk.stage.agents.amm_swapper import AmmSwapperTerms
from shortdesk.stage.agents.arbitrage import ArbitrageTerms
from shortdesk.stage.agents.basis import BasisTerms
from shortdesk.stage.agents.borrower import BorrowerTerms
from shortdesk.stage.agents.crowd import CrowdTerms
from shortdesk.stage.agents.hedger import HedgerTerms
from shortdesk.stage.agents.informed import InformedTerms
from shortdesk.stage.agents.latent import LatentTerms
from shortdesk.stage.agents.lender import LenderTerms
from shortdesk.stage.agents.liquidator import LiquidatorTerms
from shortdesk.stage.agents.maker import MakerTerms
from shortdesk.stage.agents.metaorder import MetaorderTerms
from shortdesk.stage.agents.momentum import MomentumTerms
from shortdesk.stage.agents.noise import NoiseTerms
from shortdesk.stage.agents.own import OwnTerms
from shortdesk.stage.agents.predator import PredatorTerms
from shortdesk.stage.agents.tape import TapeTerms
from shortdesk.stage.agents.value import ValueTerms
from shortdesk.stage.dex_terms import ChainTerms, DexPoolTerms, dex_problems
from shortdesk.stage.market_terms import InstrumentTerms, MemberTerms, PoolTerms, ShockTerms, VenueTerms

__all__ = [
    "InstrumentTerms",
    "MemberTerms",
    "PoolTerms",
    "PopulationTerms",
    "Scenario",
    "ShockTerms",
    "VenueTerms",
    "find_scenario",
    "read_scenario",
    "scenario_digest",
    "scenario_folder",
    "scenario_names",
    "with_settings",
]

PopulationTerms = (
    LatentTerms
    | NoiseTerms
    | MetaorderTerms
    | MakerTerms
    | CrowdTerms
    | ValueTerms
    | ArbitrageTerms
    | InformedTerms
    | MomentumTerms
    | BasisTerms
    | HedgerTerms
    | PredatorTerms
    | BorrowerTerms
    | LenderTerms
    | LiquidatorTerms
    | AmmLpTerms
    | AmmSwapperTerms
    | AmmArbitrageTerms
    | AmmSearcherTerms
    | OwnTerms
    | TapeTerms
)
"""The terms of every kind of agent."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A market with its people, before the first second."""

    name: str
    about: str = ""
    sources: tuple[str, ...] = ()
    """Where the sizes come from; what is our assumption says so."""
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)
    horizon_s: float
    seed: int = 1
    decimals: dict[str, int] = {}
    """Decimals of an asset's smallest unit; 6 for quotes and 8 for bases that are not named."""
    venue: tuple[VenueTerms, ...]
    instrument: tuple[InstrumentTerms, ...]
    population: tuple[PopulationTerms, ...]
    lending: tuple[PoolTerms, ...] = ()
    chain: tuple[ChainTerms, ...] = ()
    pool: tuple[DexPoolTerms, ...] = ()
    shock: tuple[ShockTerms, ...] = ()
    trigger_s: float = 0
    """When what the scenario is about begins: where counterfactuals fork, and what peaks are measured from."""

    @property
    def start_ns(self) -> int:
        """The first nanosecond."""
        return int(self.start.timestamp()) * 10**9

    @property
    def end_ns(self) -> int:
        """The last nanosecond."""
        return self.start_ns + int(self.horizon_s * 1e9)


def scenario_folder() -> Path:
    """Where the shipped scenarios are."""
    return sheet_folder() / "scenarios"


def scenario_names() -> list[str]:
    """The shipped scenarios, in alphabetical order."""
    return sorted(path.stem for path in scenario_folder().glob("*.toml"))


def find_scenario(given: str, settings: Sequence[str] = ()) -> Scenario:
    """A shipped scenario by name, or a scenario file.

    Raises:
        UsageError: there is neither.
        InputError: the file is wrong; names file, line and field.
    """
    path = scenario_folder() / f"{given}.toml"
    if path.is_file():
        return read_scenario(path, settings)
    if given.endswith(".toml") or "/" in given:
        return read_scenario(Path(given), settings)
    raise UsageError(f"{unknown_name('scenario', given, scenario_names())} (or give a file that ends in .toml)")


def read_scenario(path: Path, settings: Sequence[str] = ()) -> Scenario:
    """A scenario file, checked, with ``settings`` such as ``makers.count=4`` put over it.

    Raises:
        UsageError: a setting that names nothing.
        InputError: names file, line and field.
    """
    content, lines = read_toml(path)
    return scenario_of(with_settings(content, settings), lines, str(path))


def scenario_of(content: Mapping[str, Any], lines: Lines, name: str) -> Scenario:
    """A scenario out of what a file says, checked.

    Raises:
        InputError: names file, line and field.
    """
    found = convert(content, Scenario, lines, name)
    for field, problem in _problems(found):
        raise InputError(f"{problem}, field {field}", f"{name}:{lines.of(field)}")
    return found


def scenario_digest(scenario: Scenario) -> str:
    """Sixteen hex digits over all that a scenario says, its seed included."""
    return hashlib.sha256(msgspec.json.encode(scenario, order="deterministic")).hexdigest()[:16]


def with_settings(content: dict[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """The content of a file with some values replaced: ``seed=3``, ``makers.limit_usd=5e5``, ``perp.adl=false``.

    The first part names a population, an instrument, a venue, or shocks by their name or act, all of them; without a
    point it is a key of the scenario itself.

    Raises:
        UsageError: no ``=``, a name that nobody has, or a value that is no TOML value.
    """
    for setting in settings:
        path, equals, text = setting.partition("=")
        if not equals:
            raise UsageError(f"setting '{setting}': expected name=value, such as makers.count=4")
        targets: list[dict[str, Any]] = [content]
        kind: type[msgspec.Struct] = Scenario
        owner, _, key = path.strip().rpartition(".")
        if owner:
            targets, kind = _named(content, owner, setting)
        types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        known = [name for name in types if owner or name not in _TABLES]
        if key not in known:
            whose = f"key of {owner or 'the scenario'}"
            raise UsageError(f"setting '{setting}': {unknown_name(whose, key, known)}")
        value = _value(text.strip(), setting)
        for target in targets:
            target[key] = value
        try:
            msgspec.convert(value, types[key])
        except msgspec.ValidationError as error:
            raise UsageError(f"setting '{setting}': {str(error).replace('`', chr(39))}") from None
    return content


def _named(content: Mapping[str, Any], name: str, setting: str) -> tuple[list[dict[str, Any]], type[msgspec.Struct]]:
    """The tables of that name, of which only shocks have several, and what they may say."""
    kinds = {one.__struct_config__.tag: one for one in PopulationTerms.__args__}
    terms: dict[str, type[msgspec.Struct]] = {
        "shock": ShockTerms, "venue": VenueTerms, "lending": PoolTerms, "instrument": InstrumentTerms,
        "chain": ChainTerms, "pool": DexPoolTerms,
    }  # fmt: skip
    found: dict[str, tuple[list[dict[str, Any]], type[msgspec.Struct]]] = {}
    for table in _TABLES:
        for row in content.get(table, ()):
            kind = terms[table] if table in terms else kinds.get(row.get("kind", ""), LatentTerms)
            called = str(row.get("name") or row.get("act", ""))
            others = found[called][0] if table == "shock" and called in found else []
            found[called] = ([*others, row], kind)
    if name not in found:
        raise UsageError(f"setting '{setting}': {unknown_name('name', name, found)}")
    return found[name]


_TABLES = ("shock", "venue", "lending", "chain", "pool", "instrument", "population")


def _value(text: str, setting: str) -> Any:
    import tomllib

    for written in (text, f'"{text}"'):
        try:
            return tomllib.loads(f"value = {written}", parse_float=Decimal)["value"]
        except tomllib.TOMLDecodeError:
            continue
    raise UsageError(f"setting '{setting}': '{text}' is not a value")


def _problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """What is wrong with a scenario whose keys and types are right: the field and the complaint."""
    if not 0 < scenario.horizon_s <= 30 * 86_400:
        yield "horizon_s", f"{scenario.horizon_s:g}; expected more than 0 and at most thirty days"
    if not 0 <= scenario.seed < 1 << 62:
        yield "seed", f"{scenario.seed}; expected 0 to 2^62"
    if not 0 <= scenario.trigger_s <= scenario.horizon_s:
        yield "trigger_s", f"{scenario.trigger_s:g} lies outside of the horizon"
    for table in _TABLES:
        seen: set[str] = set()
        for at, row in enumerate(getattr(scenario, table)):
            for field in row.__struct_fields__:
                value = getattr(row, field)
                if isinstance(value, float) and not math.isfinite(value):
                    yield f"{table}[{at}].{field}", f"{value:g}; expected a number"
            if table == "shock":
                continue
            if row.name in seen:
                yield f"{table}[{at}].name", f"a second {table} is called '{row.name}'"
            seen.add(row.name)
    for at, venue in enumerate(scenario.venue):
        if not 0 <= venue.unwind_s <= _MOST["_s"]:
            yield f"venue[{at}].unwind_s", f"{venue.unwind_s:g}; expected 0 to {_MOST['_s']:g}"
        if not 0 < venue.unwind_fraction <= 1:
            yield f"venue[{at}].unwind_fraction", f"{venue.unwind_fraction:g}; expected more than 0 and at most 1"
    yield from _instrument_problems(scenario)
    yield from dex_problems(scenario.chain, scenario.pool, [one.name for one in scenario.instrument])
    yield from _population_problems(scenario)


def _instrument_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    venues = [venue.name for venue in scenario.venue]
    names = [one.name for one in scenario.instrument]
    for at, one in enumerate(scenario.instrument):
        if one.venue not in venues:
            yield f"instrument[{at}].venue", unknown_name("venue", one.venue, venues)
        for field in ("price", "tick", "lot"):
            if not getattr(one, field) > 0:
                yield f"instrument[{at}].{field}", f"{getattr(one, field)}; expected more than 0"
        if one.price % one.tick:
            yield f"instrument[{at}].price", f"{one.price} is not on the grid of {one.tick}"
        if not one.clock_s > 0:
            yield f"instrument[{at}].clock_s", f"{one.clock_s:g}; expected more than 0"
        if one.haircut is not None and (one.kind != "spot" or not 0 <= one.haircut < 1):
            yield f"instrument[{at}].haircut", f"{one.haircut:g}; expected a spot pair and 0 to below 1"
        if one.exchange is not None and (one.haircut is None or not 0 < one.exchange <= 1):
            yield f"instrument[{at}].exchange", f"{one.exchange:g}; expected a haircut, and more than 0 and at most 1"
        for member in one.index:
            if member.source != "elsewhere" and member.source not in names:
                yield f"instrument[{at}].index", unknown_name("instrument", member.source, [*names, "elsewhere"])


def _population_problems(scenario: Scenario) -> Iterator[tuple[str, str]]:
    names = [one.name for one in scenario.instrument]
    pools = [one.name for one in scenario.pool]
    for at, population in enumerate(scenario.population):
        where = f"population[{at}]"
        is_swapped = isinstance(population, AmmLpTerms | AmmSwapperTerms | AmmArbitrageTerms | AmmSearcherTerms)
        known = pools if is_swapped else names
        if population.instrument not in known:
            what = "pool" if is_swapped else "instrument"
            yield f"{where}.instrument", unknown_name(what, population.instrument, known)
        for field, problem in _number_problems(population):
            yield f"{where}.{field}", problem
    for at, pool in enumerate(scenario.lending):
        if pool.pair not in names:
            yield f"lending[{at}].pair", unknown_name("instrument", pool.pair, names)
        if not pool.size > 0:
            yield f"lending[{at}].size", f"{pool.size:g}; expected more than 0"
        if not 0 < pool.optimal <= 1:
            yield f"lending[{at}].optimal", f"{pool.optimal:g}; expected more than 0 and at most 1"
    for at, shock in enumerate(scenario.shock):
        if not 0 <= shock.at_s <= scenario.horizon_s:
            yield f"shock[{at}].at_s", f"{shock.at_s:g} lies outside of the horizon"
        least, most = _AMOUNTS[shock.act]
        if not least <= shock.amount <= most:
            yield f"shock[{at}].amount", f"{shock.amount:g}; {shock.act} expects {least:g} to {most:g}"


def _number_problems(population: Any) -> Iterator[tuple[str, str]]:
    """Numbers that nobody can trade by."""
    kind = population.__struct_config__.tag
    for field in population.__struct_fields__:
        value = getattr(population, field)
        if not isinstance(value, float | int):
            continue
        if value < 0 and field not in _SIGNED:
            yield field, f"{value:g} is negative"
        if value == 0 and (field in _POSITIVE or f"{kind}.{field}" in _POSITIVE):
            yield field, f"{value:g}; expected more than 0"
        for ending, most in _MOST.items():
            if field.endswith(ending) and abs(value) > most:
                yield field, f"{value:g}; expected at most {most:g}"
    for rung in getattr(population, "mix", ()):
        if not 0 < rung.leverage < math.inf:
            yield "mix", f"leverage {rung.leverage:g}; expected more than 0"


_SIGNED = {"gamma_usd_per_pct", "entry_mean", "amount_usd", "at_s"}
"""Fields of populations that may be negative."""
_AMOUNTS = {
    "news": (-0.99, 100.0), "makers_away": (0.0, 1e8), "halt": (0.0, 1.0), "outage": (0.0, 1.0), "delay": (0.0, 1e6),
    "mute": (0.0, 1.0), "recall": (0.0, 1.0), "peg": (0.01, 100.0),
}  # fmt: skip
"""What a shock's amount may be."""
_POSITIVE = {
    "accounts", "attack_s", "entry_memory_s", "half_life_s", "half_spread_bps", "holders", "holding_days", "leverage",
    "lifetime_s", "look_s", "quick_s", "requote_s", "run_memory_s", "sigma_half_life_s", "slow_s", "steepness",
    "step_s", "tail", "threshold_bps_day", "width", "window_s", "borrower.count", "crowd.count", "hedger.count",
    "latent.band", "latent.slots", "maker.sigma_day", "tape.depth_usd", "tape.levels", "tape.pace",
    "amm_swapper.piece_usd",
}  # fmt: skip
"""Fields of populations, or of one kind of them, that others are divided by."""
_MOST = {"_s": 1e8, "_usd": 1e12}
"""Three years and a trillion: what is drawn around them still fits into whole nanoseconds and units."""
