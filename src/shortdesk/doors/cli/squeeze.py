"""``shortdesk squeeze``: how crowded a recorded run was at a moment, and where its people would be liquidated."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from shortdesk.doors.cli.output import console, notice, to_json
from shortdesk.doors.cli.stage_inputs import parse_seconds
from shortdesk.ground.errors import UsageError
from shortdesk.ground.journal import Journal

if TYPE_CHECKING:
    from shortdesk.margin.contract import Contract
    from shortdesk.stage.scenario import Scenario
    from shortdesk.study.cascade import Side
    from shortdesk.study.postmortem_tape import Tape

__all__ = ["squeeze"]


def squeeze(
    run: Path,
    *,
    at: str | None = None,
    side: str = "short",
    instrument: str = "",
    depth_usd: float | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """How crowded a run was at a moment, and where its people would be liquidated.

    The map of liquidation prices as the venue knows it beside the one that
    outsiders could draw from open interest and an assumed mix of leverage.
    Reads the run's journal and its scenario.

    Parameters
    ----------
    run
        The folder of a run.
    at
        The moment, as 30m after the start; the scenario's trigger when not
        given.
    side
        Whose liquidations: short or long.
    instrument
        The instrument to look at; the one with most liquidations when not
        given.
    depth_usd
        What rests within 1 % of the price, in the quote asset; told from the
        fills when not given.
    json
        Print one object instead.
    """
    if side not in ("short", "long"):
        raise UsageError(f"side '{side}': expected short or long")
    if depth_usd is not None and not depth_usd > 0:
        raise UsageError(f"depth-usd {depth_usd:g}: expected a positive number")
    from shortdesk.stage.run import read_staged
    from shortdesk.study.postmortem_tape import read_tape
    from shortdesk.study.squeeze_risk import squeeze_risk

    scenario = read_staged(run).scenario
    journal = Journal.open(run)
    if journal.notice:
        notice(f"notice: {journal.notice}")
    tape = read_tape(journal, instrument)
    after_s = parse_seconds(at, "at")
    after_s = scenario.trigger_s if after_s is None else after_s
    if after_s > scenario.horizon_s:
        raise UsageError(f"at {at}: the run's horizon is {scenario.horizon_s:g} s; expected no more")
    at_ns = scenario.start_ns + int(after_s * 1e9)
    way: Side = "up" if side == "short" else "down"
    found = squeeze_risk(tape, _contract(tape, scenario), at_ns, side=way, depth_1pct_quote=depth_usd)
    from shortdesk.doors.cli.squeeze_table import print_squeeze, squeeze_object

    if json:
        sys.stdout.write(to_json(squeeze_object(tape, after_s, found)))
    else:
        print_squeeze(console(), tape, after_s, found)
    return 0


def _contract(tape: Tape, scenario: Scenario) -> Contract:
    """The instrument's contract on the scale of the Journal, as the stage builds it."""
    from fractions import Fraction

    from shortdesk.ground.symbols import resolve
    from shortdesk.ground.venue import find_venue
    from shortdesk.margin.contract import Scale, build_contract
    from shortdesk.stage.venues import product_of

    terms = next((one for one in scenario.instrument if one.name == tape.name and one.kind == "perp"), None)
    if terms is None:
        raise UsageError(f"{tape.name} is no perpetual of this run's scenario; only those have liquidation prices here")
    venue = next(one for one in scenario.venue if one.name == terms.venue)
    product = product_of(venue)
    symbol = resolve(find_venue(venue.sheet), product.kind, terms.symbol or terms.name, venue.day).symbol
    mode = "isolated" if "isolated" in product.modes() else product.modes()[0]
    scale = Scale(Fraction(terms.tick), Fraction(terms.lot), Fraction(tape.grid.unit))
    return build_contract(product, symbol, mode, venue.day, scale=scale)
