"""What is measured after a fork, as plain numbers, and how two continuations of one run part from each other.

The functionals are those of an instrument (the scenario's first perpetual where none is named): how far the mark rises,
for how long, how much of the book goes, who is forced, who pays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind
from shortdesk.market.tables import venue_at
from shortdesk.stage.cast import Market
from shortdesk.stage.gauges import depth_lots, equity_units, shortfall_units
from shortdesk.stage.play import Play
from shortdesk.stage.run import Moment, record
from shortdesk.stage.tally import Tally

__all__ = ["FUNCTIONALS", "Fork", "Outcome", "Trace", "fork_of", "market_of", "measure", "parting"]

FUNCTIONALS: Mapping[str, str] = {
    "peak_pct": "highest mark above the mark at the fork, % of it",
    "area_pct_min": "time integral of the mark above that of the fork, % times minutes",
    "depth_lost_pct": "least depth within 1 % of the middle, % below that at the fork",
    "liquidated": "worth of liquidation orders' fills, in the quote",
    "bad_debt": "paid by funds, others and venues for equities below zero, and what is still lacking at the end",
    "adl": "worth of positions closed by deleveraging, in the quote",
    "fund_change": "the insurance fund's equity at the end less that at the fork, in the quote",
}
"""What is measured, and in what."""

_MINUTE_NS = 60 * 10**9


class Fork(NamedTuple):
    """A run at the moment where its continuations part."""

    play: Play
    bases: dict[int, int]
    away: dict[int, int]


class Trace(NamedTuple):
    """One continuation's rows as words: equal rows have equal words, whatever their numbers in the journal."""

    times_ns: NDArray[np.int64]
    words: NDArray[np.uint64]
    is_fill: NDArray[np.bool_]


class Outcome(NamedTuple):
    """What a continuation came to, and its rows where they were asked for."""

    values: dict[str, float]
    counts: dict[str, float]
    trace: Trace | None


def market_of(play: Play, instrument: str = "") -> Market:
    """The instrument that is measured."""
    if instrument:
        return play.cast.market(instrument)
    perps = [one.name for one in play.scenario.instrument if one.kind == "perp"]
    return play.cast.markets[perps[0] if perps else play.scenario.instrument[0].name]


def fork_of(play: Play, from_ns: int) -> Fork:
    """Let a play run up to the fork."""
    tally = Tally(play.cast, play.scenario.start_ns, play.scenario.end_ns, from_ns)
    for rows in play.run(from_ns):
        tally.add(rows)
    return Fork(play, {number: path.latest_ticks for number, path in tally.paths.items()}, dict(tally.presence.away))


def measure(
    play: Play,
    fork: Fork,
    until_ns: int,
    instrument: str = "",
    *,
    traced: bool = False,
    add: Callable[[NDArray[np.void]], None] | None = None,
) -> Outcome:
    """Let a continuation of a fork, changed or not, run on; its functionals.

    ``add`` is given the rows; with ``traced`` they are kept as a trace instead.
    """
    market = market_of(play, instrument)
    from_ns = play.now_ns
    tally = Tally(play.cast, from_ns, until_ns, from_ns, fork.bases, fork.away)
    fund = int(venue_at(play.world.block, market.venue).insurance)
    changes = list(play.take_waiting())
    before = equity_units(play.world, fund, market.settle_asset)
    depth = [sum(depth_lots(fork.play.world, market.number))]
    pieces: list[NDArray[np.void]] = []

    def watch(_: Moment) -> bool:
        depth.append(sum(depth_lots(play.world, market.number)))
        return False

    for rows in changes:
        tally.add(rows)
    record(play, until_ns, tally, watch, pieces.append if traced else add)
    path, sums, unit = tally.paths[market.number], tally.sums[market.number], float(market.unit)
    base = max(1, path.base_ticks)
    lacking = shortfall_units(play.world, market.settle_asset)
    values = {
        "peak_pct": 100.0 * (path.peak_ticks / base - 1.0),
        "area_pct_min": 100.0 * path.area / base / _MINUTE_NS,
        "depth_lost_pct": 100.0 * (1.0 - min(depth) / depth[0]) if depth[0] > 0 else 0.0,
        "liquidated": sums.liquidation_units * unit,
        "bad_debt": (sums.bad_debt_units + lacking) * unit,
        "adl": sums.adl_units * unit,
        "fund_change": (equity_units(play.world, fund, market.settle_asset) - before) * unit,
    }
    counts = {
        "liquidations": sums.liquidations,
        "stops": sums.stops,
        "fills": sums.fills,
        "maker_absence": tally.presence.absent_share(play.now_ns),
    }
    return Outcome(values, counts, trace_of(pieces) if traced else None)


_COMPARED = ("time_ns", "order", "other_order", "price", "lots", "units", "account", "other", "instrument", "asset")
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


def trace_of(pieces: list[NDArray[np.void]]) -> Trace:
    """Rows as words over all that happened, without their own numbers and those of their causes."""
    words, times, fills = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)], [np.zeros(0, np.bool_)]
    for rows in pieces:
        word = rows["kind"].astype(np.uint64) | rows["mechanism"].astype(np.uint64) << np.uint64(8)
        word |= rows["code"].astype(np.uint64) << np.uint64(16)
        for name in _COMPARED:
            word ^= rows[name].astype(np.int64).view(np.uint64)
            word *= _MULTIPLIER
            word ^= word >> np.uint64(29)
        words.append(word)
        times.append(rows["time_ns"].copy())
        fills.append(rows["kind"] == Kind.FILL)
    return Trace(np.concatenate(times), np.concatenate(words), np.concatenate(fills))


def parting(one: Trace, other: Trace) -> tuple[int | None, float]:
    """When two continuations first differ (None: never), and which part of the first's later fills both have."""
    both = min(len(one.words), len(other.words))
    different = np.flatnonzero(one.words[:both] != other.words[:both])
    if len(different) == 0 and len(one.words) == len(other.words):
        return None, 1.0
    at = int(different[0]) if len(different) else both
    time_ns = min(int(trace.times_ns[at]) for trace in (one, other) if len(trace.words) > at)
    mine, theirs = one.words[at:][one.is_fill[at:]], other.words[at:][other.is_fill[at:]]
    if len(mine) == 0:
        return time_ns, 1.0
    names, counts = np.unique(mine, return_counts=True)
    found, theirs_counts = np.unique(theirs, return_counts=True)
    _, left, right = np.intersect1d(names, found, return_indices=True)
    return time_ns, float(np.minimum(counts[left], theirs_counts[right]).sum()) / len(mine)
