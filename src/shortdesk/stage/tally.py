"""What a run's journal adds up to, kept while its rows pass by: prices, liquidations, stops, makers who leave.

Nothing here grows with the length of a run: a price is kept as so many bars, everything else as sums.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.kinds import Kind, Mechanism
from shortdesk.stage.cast import Cast

__all__ = ["BARS", "PricePath", "Presence", "Sums", "Tally"]

BARS = 480
"""So many bars a price is kept in, over the whole horizon."""
_NONE = -1


class PricePath:
    """One instrument's price: bars over the horizon, and what it did since ``since_ns``.

    ``base_ticks`` is the price in force at ``since_ns``; ``area`` is the time integral of what lies above it, in ticks
    times nanoseconds; a price is -1 until there was one.
    """

    def __init__(self, start_ns: int, end_ns: int, since_ns: int, base_ticks: int = _NONE) -> None:
        self.start_ns, self.since_ns = start_ns, since_ns
        self.bar_ns = max(1, -(-(end_ns - start_ns) // BARS))
        self.first, self.high, self.low, self.last = (np.full(BARS, _NONE, np.int64) for _ in range(4))
        self.opening_ticks = self.latest_ticks = base_ticks
        self.base_ticks = base_ticks
        self.peak_ticks = self.trough_ticks = base_ticks
        self.peak_ns = self.trough_ns = since_ns
        self.area = 0
        self._until_ns = since_ns

    def add(self, times_ns: NDArray[np.int64], ticks: NDArray[np.int64]) -> None:
        """Further prices, in the order of their times."""
        if len(ticks) == 0:
            return
        if self.opening_ticks == _NONE:
            self.opening_ticks = int(ticks[0])
        self._add_bars(times_ns, ticks)
        before = int(np.searchsorted(times_ns, self.since_ns, side="right"))
        if before:
            self.latest_ticks = int(ticks[before - 1])
        if before and self._until_ns == self.since_ns:
            self.base_ticks = self.peak_ticks = self.trough_ticks = self.latest_ticks
        if before < len(ticks):
            self._add_since(times_ns[before:], ticks[before:])

    def _add_bars(self, times_ns: NDArray[np.int64], ticks: NDArray[np.int64]) -> None:
        bars = np.clip((times_ns - self.start_ns) // self.bar_ns, 0, BARS - 1)
        starts = np.flatnonzero(np.diff(bars, prepend=-1))
        ends = np.append(starts[1:], len(bars)) - 1
        highs, lows = np.maximum.reduceat(ticks, starts), np.minimum.reduceat(ticks, starts)
        for at, start, end, high, low in zip(bars[starts], starts, ends, highs, lows, strict=True):
            is_new = self.first[at] == _NONE
            self.first[at] = ticks[start] if is_new else self.first[at]
            self.high[at] = max(self.high[at], high)
            self.low[at] = low if is_new else min(self.low[at], low)
            self.last[at] = ticks[end]

    def _add_since(self, times_ns: NDArray[np.int64], ticks: NDArray[np.int64]) -> None:
        if self.base_ticks == _NONE:
            self.base_ticks = self.peak_ticks = self.trough_ticks = self.latest_ticks = int(ticks[0])
        self._hold_until(int(times_ns[0]))
        held_ns = np.diff(times_ns)
        self.area += int((np.maximum(0, ticks[:-1] - self.base_ticks) * held_ns).sum())
        self._until_ns = int(times_ns[-1])
        highest, lowest = int(ticks.argmax()), int(ticks.argmin())
        if ticks[highest] > self.peak_ticks:
            self.peak_ticks, self.peak_ns = int(ticks[highest]), int(times_ns[highest])
        if ticks[lowest] < self.trough_ticks:
            self.trough_ticks, self.trough_ns = int(ticks[lowest]), int(times_ns[lowest])
        self.latest_ticks = int(ticks[-1])

    def _hold_until(self, time_ns: int) -> None:
        if time_ns > self._until_ns and self.base_ticks != _NONE:
            self.area += max(0, self.latest_ticks - self.base_ticks) * (time_ns - self._until_ns)
            self._until_ns = time_ns

    def close(self, end_ns: int) -> None:
        """The latest price holds to the end."""
        self._hold_until(end_ns)


class Presence:
    """Makers who are away: who, since when, and for how long all of them together so far."""

    def __init__(self, makers: int, start_ns: int, away: Mapping[int, int] | None = None) -> None:
        self.makers, self.start_ns = makers, start_ns
        self.away = dict.fromkeys(away or (), start_ns)
        self.fewest = self.present
        self.leaves = 0
        self.absent_ns = 0

    @property
    def present(self) -> int:
        """Makers who quote now."""
        return self.makers - len(self.away)

    def add(self, time_ns: int, account: int, is_there: bool) -> None:
        """A maker leaves or comes back."""
        if is_there:
            self.absent_ns += time_ns - self.away.pop(account, time_ns)
        elif account not in self.away:
            self.away[account] = time_ns
            self.leaves += 1
            self.fewest = min(self.fewest, self.present)

    def close(self, end_ns: int) -> None:
        """Who is away stays away to the end."""
        for account, left_ns in self.away.items():
            self.absent_ns += end_ns - left_ns
            self.away[account] = end_ns

    def absent_share(self, end_ns: int) -> float:
        """Absence of all makers over the time of all makers, 0 to 1; 0 where there are none."""
        whole_ns = self.makers * (end_ns - self.start_ns)
        return self.absent_ns / whole_ns if whole_ns > 0 else 0.0


class Sums:
    """Counts, lots and units of one instrument, by what happened."""

    def __init__(self) -> None:
        self.liquidations = 0
        self.liquidation_lots = self.liquidation_units = 0
        self.taken_over_lots = 0
        self.stops = 0
        self.stop_lots = self.stop_units = 0
        self.adl = 0
        self.adl_lots = self.adl_units = 0
        self.fills = 0
        self.traded_units = 0
        self.bad_debt_units = 0
        self.bought_units: dict[int, int] = {}
        self.sold_units: dict[int, int] = {}
        self._stop_order = (_NONE, _NONE)

    def add(self, rows: NDArray[np.void]) -> None:
        """Further rows of the instrument."""
        kinds = rows["kind"]
        self.liquidations += int((kinds == Kind.LIQUIDATION_START).sum())
        taken = rows[kinds == Kind.TAKEOVER]
        self.taken_over_lots += int(np.abs(taken["lots"]).sum())
        adl = rows[kinds == Kind.ADL]
        self.adl += len(adl)
        self.adl_lots += int(np.abs(adl["lots"]).sum())
        self.adl_units += int(adl["units"].sum())
        lost = rows[np.isin(kinds, _LOSSES)]
        self.bad_debt_units += int(np.abs(lost["units"]).sum())
        self._add_fills(rows[kinds == Kind.FILL])

    def _add_fills(self, fills: NDArray[np.void]) -> None:
        if len(fills) == 0:
            return
        self.fills += len(fills)
        self.traded_units += int(fills["units"].sum())
        for mechanism in np.unique(fills["mechanism"]):
            some = fills[fills["mechanism"] == mechanism]
            for sums, side in ((self.bought_units, some["lots"] > 0), (self.sold_units, some["lots"] < 0)):
                sums[int(mechanism)] = sums.get(int(mechanism), 0) + int(some["units"][side].sum())
        forced = fills[fills["mechanism"] == Mechanism.LIQUIDATION]
        self.liquidation_lots += int(np.abs(forced["lots"]).sum())
        self.liquidation_units += int(forced["units"].sum())
        self._add_stops(fills[fills["mechanism"] == Mechanism.STOP])

    def _add_stops(self, fills: NDArray[np.void]) -> None:
        """A stop that eats several orders is counted once; its fills follow each other."""
        self.stop_lots += int(np.abs(fills["lots"]).sum())
        self.stop_units += int(fills["units"].sum())
        for account, order in zip(fills["account"].tolist(), fills["order"].tolist(), strict=True):
            if (account, order) != self._stop_order:
                self.stops += 1
                self._stop_order = (account, order)


_LOSSES = np.array([Kind.INSURANCE_OUT, Kind.LOSS_SHARE, Kind.DEFICIT], np.uint8)


class Tally:
    """Prices and sums of every instrument, and makers' presence, out of journal rows in their order."""

    def __init__(
        self,
        cast: Cast,
        start_ns: int,
        end_ns: int,
        since_ns: int,
        bases: Mapping[int, int] | None = None,
        away: Mapping[int, int] | None = None,
    ) -> None:
        """``bases``: prices in ticks in force at ``start_ns``; ``away``: makers who are away then."""
        self.start_ns, self.end_ns = start_ns, end_ns
        self.markets = {market.number: market for market in cast.markets.values()}
        self.paths = {
            number: PricePath(start_ns, end_ns, since_ns, (bases or {}).get(number, _NONE)) for number in self.markets
        }
        self.sums = {number: Sums() for number in self.markets}
        makers = [account for one in cast.populations if one.kind == "maker" for account in one.accounts]
        self.presence = Presence(len(makers), start_ns, away)
        self.rows = 0

    @property
    def liquidations(self) -> int:
        """Liquidations begun, on all instruments."""
        return sum(one.liquidations for one in self.sums.values())

    def add(self, rows: NDArray[np.void]) -> None:
        """Further rows of the journal."""
        self.rows += len(rows)
        for number, market in self.markets.items():
            mine = rows[rows["instrument"] == number]
            self.sums[number].add(mine)
            prices = mine[mine["kind"] == (Kind.MARK if market.is_perp else Kind.FILL)]
            self.paths[number].add(prices["time_ns"], prices["price"])
        moved = rows[rows["kind"] == Kind.PRESENCE]
        for time_ns, account, units in zip(
            moved["time_ns"].tolist(), moved["account"].tolist(), moved["units"].tolist(), strict=True
        ):
            self.presence.add(time_ns, account, units != 0)

    def close(self, now_ns: int) -> None:
        """The run has come this far and goes no further."""
        for path in self.paths.values():
            path.close(now_ns)
        self.presence.close(now_ns)
