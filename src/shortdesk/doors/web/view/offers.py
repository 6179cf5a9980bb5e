"""The counterfactuals that a run's page offers: what ``shortdesk replay`` can change, fitted to its scenario."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import msgspec

from shortdesk.ground.errors import UsageError
from shortdesk.ground.venue import find_venue, venue_ids
from shortdesk.stage.changes import WITHDRAWAL, Change
from shortdesk.stage.scenario import Scenario
from shortdesk.stage.venues import liquidation_terms

__all__ = ["Offer", "find_offer", "offers_of"]

_FUND_TIMES = 10
_WAIT_S = 30
_MARKET = ("value", "latent", "noise", "maker", "crowd")
"""Kinds of population without which there would be no market to speak of."""


class Offer(NamedTuple):
    """One button: its key, the group it stands in, what it says, what would have been different, and the changes."""

    key: str
    group: str
    title: str
    otherwise: str
    changes: tuple[Change, ...]
    with_shapley: bool = False


def offers_of(scenario: Scenario) -> list[Offer]:
    """Every counterfactual that makes sense for a scenario, the most telling first."""
    return [*_mechanisms(scenario), *_people(scenario), *_rules(scenario), *_shares(scenario)]


def find_offer(scenario: Scenario, key: str) -> Offer:
    """The offer of a key.

    Raises:
        UsageError: this scenario has none of that key.
    """
    for one in offers_of(scenario):
        if one.key == key:
            return one
    raise UsageError(f"'{key[:60]}' cannot be asked of {scenario.name}")


def _without(what: str, title: str, otherwise: str, group: str = "Without a mechanism") -> Offer:
    return Offer(f"without:{what}", group, title, otherwise, (Change("without", what),))


def _mechanisms(scenario: Scenario) -> Iterator[Offer]:
    yield _without("liquidation", "Without liquidations", "Had nobody been liquidated")
    yield _without("adl", "Without deleveraging", "Had no winner been closed by force (ADL)")
    yield _without("stop", "Without stops", "Had nobody left a stop order")
    yield _without(WITHDRAWAL, "Had the makers stayed", "Had no maker left the book")
    if scenario.lending:
        yield _without("recall", "Without recalls", "Had no lender called a loan back")


def _people(scenario: Scenario) -> Iterator[Offer]:
    for one in scenario.population:
        kind = type(one).__struct_config__.tag
        if kind not in _MARKET:
            said = f"Had “{one.name}” ({str(kind).replace('_', ' ')}) not traded"
            yield _without(one.name, f"Without “{one.name}”", said, "Without somebody")


def _rules(scenario: Scenario) -> Iterator[Offer]:
    group = "With another rule"
    fund = max((one.insurance_usd for one in scenario.venue), default=0.0)
    if fund > 0:
        amount = format(_FUND_TIMES * fund, "g") if fund < 1e5 else str(round(_FUND_TIMES * fund))
        said = f"Had the insurance fund held {_FUND_TIMES} times as much"
        yield Offer("fund", group, f"Insurance fund × {_FUND_TIMES}", said, (Change("fund", amount),))
    said = f"Had the venue paused {_WAIT_S} s after each step of a liquidation"
    yield Offer("wait", group, f"{_WAIT_S} s between steps", said, (Change("wait", str(_WAIT_S)),))
    for sheet, name in _sheets(scenario):
        said = f"Had the venue liquidated as {name} does"
        yield Offer(f"like:{sheet}", group, f"Rules of {name}", said, (Change("like", sheet),))


def _sheets(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """Other venues whose first product is a linear perpetual that is liquidated as a position."""
    traded = {one.venue for one in scenario.instrument if one.kind == "perp"}
    terms = next((one for one in scenario.venue if one.name in traded), None)
    if terms is None:
        return
    for sheet in venue_ids():
        rules = find_venue(sheet)
        product = rules.of_kind(None)
        if product.kind != "linear" or sheet in (terms.sheet, terms.liquidates_like):
            continue
        changed = msgspec.structs.replace(terms, liquidates_like=sheet, wait_s=None)
        try:
            liquidation_terms(changed, Fraction(1))
        except UsageError:  # this sheet's covers do not fit into a market
            continue
        yield sheet, rules.name


def _shares(scenario: Scenario) -> Iterator[Offer]:
    groups = ("liquidation", "stop", WITHDRAWAL)
    yield Offer(
        "shares", "All at once", "Share it out", "Had there been no liquidations, no stops and no maker who left",
        tuple(Change("without", one) for one in groups), with_shapley=True,
    )  # fmt: skip
