"""A short held in a staged market that a recorded tape plays into: the stage's own clock, index, mark and funding.

The scenario holds the contract of the venue's sheet, a tape that reads the very file that ``hold`` reads, and one
isolated short with the margin that ``hold`` gave it. Who else lives there is the test's.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from shortdesk.ground.kinds import Kind
from shortdesk.ground.venue import load_venue
from shortdesk.market.margin_check import balance_risk
from shortdesk.market.open_market import open_account
from shortdesk.market.opening import new_openings, open_positions
from shortdesk.market.tables import Shelf, instrument_at
from shortdesk.stage.agents.tape import TapeTerms
from shortdesk.stage.play import Play, open_play
from shortdesk.stage.scenario import InstrumentTerms, PopulationTerms, Scenario, VenueTerms
from shortdesk.study.hold import History, HoldRequest
from shortdesk.study.hold_grid import DIGITS_OF_MONEY, grid_of
from shortdesk.study.hold_path import path_of
from shortdesk.study.hold_result import HoldResult
from shortdesk.study.ticket import ShortRequest, place, sized

STEPS = 8
"""Steps of the tape in one bar; the venue's clock ticks as often."""


class Taped(NamedTuple):
    """What the market says of a short: mark and equity at the end of every bar it lived through, and when it died."""

    marks: list[Decimal]
    equities: list[Decimal]
    died_in: int | None


class TapedMarket:
    """A play of a tape beside whoever ``others`` are, and one short that was there from the first instant."""

    def __init__(
        self, sheet: str, request: HoldRequest, history: History, result: HoldResult, file: Path, funding: Path,
        *, others: tuple[PopulationTerms, ...] = (), mark: Any = "index",
    ) -> None:  # fmt: skip
        path, places = path_of(history, [])
        self.bars = len(path)
        rules = load_venue(sheet)
        assert request.rules_day is not None
        asked = ShortRequest(
            symbol=request.symbol, size=request.size, entry=result.entry_price, day=request.rules_day,
            leverage=request.leverage, mode=request.mode,
        )  # fmt: skip
        product, resolved = place(rules, asked)
        order = sized(rules, product, resolved, asked)
        grid = self.grid = grid_of(order.instrument, places, rules.digits.get(resolved.settle, DIGITS_OF_MONEY))
        seconds = history.bars.interval_nanos / 1e9
        # A bar of the tape takes an hour of the stage, funding included: eight steps of 450 seconds.
        pace, step_s = seconds / 3_600, 3_600 / STEPS
        tape = TapeTerms(
            name="tape", instrument=request.symbol, file=str(file), funding=str(funding), pace=pace, step_s=step_s
        )
        start = datetime.fromtimestamp(path.open_nanos[0] // 10**9, UTC)
        scenario = Scenario(
            name="held", start=start, horizon_s=3_600.0 * self.bars, decimals={resolved.settle: grid.unit_decimals},
            venue=(VenueTerms(name="venue", sheet=sheet, day=request.rules_day, kind=product.kind),),
            instrument=(
                InstrumentTerms(
                    name=request.symbol, venue="venue", base=resolved.base, quote=resolved.settle,
                    price=grid.price(path.open[0]), tick=Decimal(1).scaleb(-places), lot=grid_lot(grid.scale.lot),
                    clock_s=step_s, mark=mark,
                ),
            ),
            population=(tape, *others),
        )  # fmt: skip
        self.play: Play = open_play(scenario)
        self.market = self.play.cast.markets[request.symbol]
        self.short = self._open(path.open[0], result)

    def _open(self, ticks: int, result: HoldResult) -> int:
        """The short, and whoever is on its other side."""
        world, market = self.play.world, self.market
        short, other = open_account(world, market.venue, is_isolated=True), open_account(world, market.venue)
        table = new_openings(2)
        table["account"], table["asset"], table["instrument"] = (short, other), market.settle_asset, market.number
        table["ticks"] = ticks
        lots = self.grid.lots(result.quantity)
        table["lots"] = -lots, lots
        table["leverage_x100"] = int(result.leverage * 100), 100
        margin = self.grid.units_up(result.wallet)
        table["units"], table["margin_units"] = (margin, 1 << 58), (margin, 0)
        open_positions(world, table)
        legs = world.table(Shelf.LEGS)
        (self.balance,) = legs[legs["account"] == short]["balance"].tolist()
        return short

    def hold(self) -> Taped:
        """Bar by bar to the end, or to the death."""
        marks, equities = [], []
        for bar in range(self.bars):
            until_ns = self.play.scenario.start_ns + (bar + 1) * 3_600 * 10**9
            rows = self.play.run_all(until_ns)
            if ((rows["kind"] == Kind.LIQUIDATION_START) & (rows["account"] == self.short)).any():
                return Taped(marks, equities, bar)
            w = self.play.world.block
            marks.append(self.grid.price(int(instrument_at(w, self.market.number).mark_ticks)))
            equities.append(self.grid.money(int(balance_risk(w, self.balance).equity)))
        return Taped(marks, equities, None)


def grid_lot(lot: Any) -> Decimal:
    """A decimal fraction as a decimal."""
    return Decimal(lot.numerator) / Decimal(lot.denominator)


def write_bars(path: Path, history: History) -> Path:
    """The bars as a file of the plainest form."""
    bars = history.bars
    assert bars.open is not None
    assert bars.high is not None
    assert bars.low is not None
    columns = (bars.open, bars.high, bars.low, bars.close)
    lines = ["open_time,open,high,low,close"]
    for time, *prices in zip(bars.open_time_nanos.tolist(), *(one.tolist() for one in columns), strict=True):
        lines.append(",".join([str(time // 10**6), *(str(bars.price(price)) for price in prices)]))
    path.write_text("\n".join(lines) + "\n")
    return path


def write_funding(path: Path, history: History) -> Path:
    """The funding as a file; where there is none, a rate of nothing at the end of every bar."""
    found, bars = history.funding, history.bars
    hour = 3_600 * 10**9
    if found is None:
        rows = [(time, Decimal(0), bars.interval_nanos // hour) for time in bars.close_time_nanos.tolist()]
    else:
        columns = (found.time_nanos.tolist(), found.rate.tolist(), found.interval_nanos.tolist())
        rows = [(time, found.fraction(rate), length // hour) for time, rate, length in zip(*columns, strict=True)]
    lines = ["funding_time,rate,funding_interval_hours"]
    lines += [f"{time // 10**6},{rate},{hours}" for time, rate, hours in rows]
    path.write_text("\n".join(lines) + "\n")
    return path


DAY = date(2026, 9, 29)
"""Whose rules the tests hold by."""
