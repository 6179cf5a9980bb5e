"""A scenario played into a run folder: its Journal streamed to disk, what is needed to play it again, what came of it.

Beside ``run.json``, ``names.json`` and the Journal (``ground/run_folder.py``) the folder holds

    scenario.json  the scenario with every default filled in and its settings: a replay reads nothing else
    summary.json   prices, liquidations, stops, funds, makers; written at the end
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from numpy.typing import NDArray

from shortdesk.ground.errors import InputError
from shortdesk.ground.fine import plain, to_decimal
from shortdesk.ground.journal import ROW
from shortdesk.ground.run_folder import JOURNAL, Run, RunWriter, code_table, read_run, versions
from shortdesk.margin.liquidation import LiquidationForm
from shortdesk.market.errands import Setting
from shortdesk.market.tables import venue_at
from shortdesk.stage.agents.shock import Act
from shortdesk.stage.cast import Market
from shortdesk.stage.gauges import equity_units, shortfall_units
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import InstrumentTerms, Scenario, scenario_digest
from shortdesk.stage.tally import PricePath, Tally

__all__ = [
    "SLICE_S",
    "FundSummary",
    "InstrumentSummary",
    "Look",
    "Moment",
    "RunSummary",
    "Staged",
    "fund_units",
    "read_staged",
    "read_summary",
    "record",
    "run_codes",
    "run_into",
    "summary_of",
]

T = TypeVar("T")

SCENARIO = "scenario.json"
SUMMARY = "summary.json"
"""What a staged run adds to its folder: the scenario as it was played, and what came of it."""

SLICE_S = 5.0
"""Simulated time between two looks at a run: so often a watcher is told, and may stop it."""

_SECOND_NS = 10**9


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario as it was played: the name it was found by, the settings put over it, all its values."""

    given: str
    settings: tuple[str, ...] = ()
    scenario: Scenario


class Moment(NamedTuple):
    """How far a run has come, for those who watch it."""

    now_ns: int
    prices: dict[str, float]
    liquidations: int
    makers: int
    present: int
    rows: int


class InstrumentSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one instrument. Prices and money are in its quote; times in seconds from the start."""

    name: str
    asset: str
    """What a lot is a part of."""
    lot: Decimal
    quote: str
    opening: Decimal
    base: Decimal
    """The price when what the scenario is about begins (``trigger_s``); rises and falls are measured from it."""
    peak: Decimal
    peak_s: float
    peak_pct: float
    trough: Decimal
    trough_s: float
    trough_pct: float
    last: Decimal
    fills: int
    traded: Decimal
    liquidations: int
    liquidation_lots: int
    liquidated: Decimal
    taken_over_lots: int
    stops: int
    stop_lots: int
    stopped: Decimal
    adl: int
    adl_lots: int
    deleveraged: Decimal
    bad_debt: Decimal
    """What funds, other traders and venues paid for equities below zero."""
    bars: tuple[tuple[float, float, float, float, float], ...] = ()
    """Time in seconds, first, highest, lowest and last price of each bar."""


class FundSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An insurance fund with the positions and coins it took at their marks, and what its venue could not cover."""

    venue: str
    asset: str
    before: Decimal
    after: Decimal
    deficit: Decimal


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run."""

    scenario: str
    digest: str
    seed: int
    stop: str
    start_ns: int
    reached_s: float
    rows: int
    hash: str
    state: str
    """Sixteen hex digits over the market and its people at the end."""
    makers: int
    fewest_makers: int
    maker_leaves: int
    maker_absence: float
    """Part of the makers' time in which they did not quote."""
    shortfall: dict[str, Decimal]
    """By asset: what traders' balances lack at the end, not yet paid by anybody."""
    instrument: tuple[InstrumentSummary, ...]
    fund: tuple[FundSummary, ...]


Watch = Callable[[Moment], bool]


def run_codes() -> dict[str, dict[int, str]]:
    """What the codes of a staged run's rows mean."""
    return {
        "shock": code_table(Act),
        "liquidation_start": code_table(LiquidationForm),
        "setting": code_table(Setting),
        "connection": {0: "down", 1: "up"},
        "fee": {0: "taker", 1: "maker"},
    }


class Look(Protocol):
    """Somebody who looks at a run while it is played, and changes nothing."""

    def rows(self, rows: NDArray[Any]) -> None:
        """Rows of the Journal, in order, piece by piece."""

    def at(self, play: Play) -> None:
        """The market between two slices of time, after the rows of the one that has passed."""


def run_into(
    folder: Path,
    scenario: Scenario,
    *,
    given: str = "",
    settings: Sequence[str] = (),
    until_ns: int | None = None,
    watch: Watch | None = None,
    look: Look | None = None,
    slice_s: float = SLICE_S,
) -> RunSummary:
    """Play a scenario into a new folder, to its horizon, to ``until_ns`` or until ``watch`` says True.

    ``look`` sees the market after each slice of ``slice_s`` seconds. The same scenario gives the same hash, in whatever
    slices time passes and whoever looks.

    Raises:
        InputError: the folder is not empty or cannot be written.
        UsageError: the scenario asks for what its sheets or its sizes do not allow.
    """
    play = open_play(scenario)
    described = Run(
        scenario=scenario.name,
        scenario_digest=scenario_digest(scenario),
        seed=scenario.seed,
        start_ns=scenario.start_ns,
        versions=versions("numpy", "numba", "msgspec", "duckdb"),
        codes=run_codes(),
    )
    before = fund_units(play)
    tally = Tally(play.cast, scenario.start_ns, scenario.end_ns, scenario.start_ns + int(scenario.trigger_s * 1e9))
    end_ns = scenario.end_ns if until_ns is None else min(until_ns, scenario.end_ns)
    with RunWriter(folder, described, play.names) as writer:
        _write(folder / SCENARIO, Staged(given=given or scenario.name, settings=tuple(settings), scenario=scenario))
        journal = writer.stream(JOURNAL, ROW)
        is_stopped = record(play, end_ns, tally, watch, journal.add, look=look, slice_s=slice_s)
        stop = "interrupted" if is_stopped else "horizon" if end_ns == scenario.end_ns else "until"
        ended = writer.end(stop)
    found = summary_of(play, tally, before, stop, ended.streams[JOURNAL].hash)
    _write(folder / SUMMARY, found)
    return found


def record(
    play: Play, end_ns: int, tally: Tally, watch: Watch | None = None, add: Callable[..., None] | None = None,
    *, look: Look | None = None, slice_s: float = SLICE_S,
) -> bool:  # fmt: skip
    """Let time pass in slices, every row into ``tally`` and ``add``; whether ``watch`` ended it before ``end_ns``."""
    slice_ns = int(slice_s * _SECOND_NS)
    while True:
        until_ns = min(play.now_ns + slice_ns, end_ns)
        for rows in play.run(until_ns):
            tally.add(rows)
            if add is not None:
                add(rows)
            if look is not None:
                look.rows(rows)
        if look is not None:
            look.at(play)
        is_enough = watch is not None and watch(_moment(play, tally))
        if until_ns >= end_ns or is_enough:
            tally.close(until_ns)
            return until_ns < end_ns


def _moment(play: Play, tally: Tally) -> Moment:
    prices = {
        name: tally.paths[market.number].latest_ticks * float(market.tick)
        for name, market in play.cast.markets.items()
        if tally.paths[market.number].latest_ticks >= 0
    }
    presence = tally.presence
    return Moment(play.now_ns, prices, tally.liquidations, presence.makers, presence.present, tally.rows)


def fund_units(play: Play) -> dict[tuple[str, str], int]:
    """Equity of each venue's insurance fund in each asset that its instruments settle in, in smallest units."""
    found: dict[tuple[str, str], int] = {}
    for terms in play.scenario.instrument:
        market = play.cast.markets[terms.name]
        fund = int(venue_at(play.world.block, market.venue).insurance)
        found[terms.venue, terms.quote] = equity_units(play.world, fund, market.settle_asset)
    return found


def summary_of(play: Play, tally: Tally, before: dict[tuple[str, str], int], stop: str, hash_text: str) -> RunSummary:
    """What came of a run that has ended."""
    scenario = play.scenario
    units = {(one.venue, one.quote): play.cast.markets[one.name].unit for one in scenario.instrument}
    funds = []
    for (venue, asset), after in fund_units(play).items():
        bearer = int(venue_at(play.world.block, play.cast.venues[venue]).deficit)
        lost = -equity_units(play.world, bearer, play.cast.assets[asset])
        unit = units[venue, asset]
        funds.append(
            FundSummary(
                venue=venue,
                asset=asset,
                before=_money(before[venue, asset], unit),
                after=_money(after, unit),
                deficit=_money(lost, unit),
            )
        )
    lacking = {
        asset: _money(shortfall_units(play.world, play.cast.assets[asset]), unit) for (_, asset), unit in units.items()
    }
    presence = tally.presence
    return RunSummary(
        scenario=scenario.name,
        digest=scenario_digest(scenario),
        seed=scenario.seed,
        stop=stop,
        start_ns=scenario.start_ns,
        reached_s=(play.now_ns - scenario.start_ns) / _SECOND_NS,
        rows=tally.rows,
        hash=hash_text,
        state=play.digest(),
        makers=presence.makers,
        fewest_makers=presence.fewest,
        maker_leaves=presence.leaves,
        maker_absence=presence.absent_share(play.now_ns),
        shortfall=lacking,
        instrument=tuple(
            _instrument_summary(scenario, one, play.cast.markets[one.name], tally, play.now_ns)
            for one in scenario.instrument
        ),
        fund=tuple(funds),
    )


def _money(units: int, unit: Fraction) -> Decimal:
    return Decimal(plain(to_decimal(units * unit)))


def _instrument_summary(
    scenario: Scenario, terms: InstrumentTerms, market: Market, tally: Tally, reached_ns: int
) -> InstrumentSummary:
    path, sums = tally.paths[market.number], tally.sums[market.number]

    def price(ticks: int) -> Decimal:
        return _money(max(ticks, 0), market.tick)

    def seconds(time_ns: int) -> float:
        return (time_ns - scenario.start_ns) / _SECOND_NS

    def change_pct(ticks: int) -> float:
        return 100.0 * (ticks / path.base_ticks - 1.0) if path.base_ticks > 0 else 0.0

    return InstrumentSummary(
        name=terms.name,
        asset=terms.base,
        lot=_money(1, market.lot),
        quote=terms.quote,
        opening=price(path.opening_ticks),
        base=price(path.base_ticks),
        peak=price(path.peak_ticks),
        peak_s=seconds(path.peak_ns),
        peak_pct=change_pct(path.peak_ticks),
        trough=price(path.trough_ticks),
        trough_s=seconds(path.trough_ns),
        trough_pct=change_pct(path.trough_ticks),
        last=price(path.latest_ticks),
        fills=sums.fills,
        traded=_money(sums.traded_units, market.unit),
        liquidations=sums.liquidations,
        liquidation_lots=sums.liquidation_lots,
        liquidated=_money(sums.liquidation_units, market.unit),
        taken_over_lots=sums.taken_over_lots,
        stops=sums.stops,
        stop_lots=sums.stop_lots,
        stopped=_money(sums.stop_units, market.unit),
        adl=sums.adl,
        adl_lots=sums.adl_lots,
        deleveraged=_money(sums.adl_units, market.unit),
        bad_debt=_money(sums.bad_debt_units, market.unit),
        bars=tuple(_bars(path, float(market.tick), reached_ns)),
    )


def _bars(path: PricePath, tick: float, reached_ns: int) -> list[tuple[float, float, float, float, float]]:
    """Bars from the first price to where the run has come; in a bar without a price the one before it holds."""
    found = []
    held = -1
    for at in range(min(len(path.first), -(-(reached_ns - path.start_ns) // path.bar_ns))):
        ticks = (path.first[at], path.high[at], path.low[at], path.last[at])
        if ticks[0] >= 0:
            held = ticks[3]
        elif held >= 0:
            ticks = (held, held, held, held)
        if held >= 0:
            first, high, low, last = (round(float(one) * tick, 12) for one in ticks)
            found.append((at * path.bar_ns / _SECOND_NS, first, high, low, last))
    return found


def read_staged(folder: Path) -> Staged:
    """The scenario that a run folder was played from.

    Raises:
        InputError: the folder is not a run's, or the run was not staged.
    """
    read_run(folder)
    if not (folder / SCENARIO).is_file():
        raise InputError("this run was not staged: there is no scenario.json in it", str(folder))
    return _read(folder / SCENARIO, Staged)


def read_summary(folder: Path) -> RunSummary:
    """What came of the run in a folder.

    Raises:
        InputError: the folder is not a run's, or the run has not ended.
    """
    read_run(folder)
    if not (folder / SUMMARY).is_file():
        raise InputError("this run has not ended: there is no summary.json in it", str(folder))
    return _read(folder / SUMMARY, RunSummary)


def _write(path: Path, value: Staged | RunSummary) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n")
        part.replace(path)
    except OSError as problem:
        raise InputError(f"cannot be written: {problem.strerror}", str(path)) from None


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise InputError(f"not what a run writes: {problem}", str(path)) from None
