"""What a counterfactual changes at the fork: a mechanism away, an account or a population away, another rule, a number.

``without`` takes, in this order,

- a population of the scenario, or a kind of population: its agents say nothing from now on, their orders are
  withdrawn, what they hold they keep;
- a shock of the scenario by its name, or all of an act's: what has not happened yet does not;
- ``withdrawal``: makers who would leave stay;
- a mechanism: ``liquidation`` (nobody is liquidated), ``adl`` (covers without deleveraging), ``stop`` (those that wait
  are withdrawn), ``recall`` (also the scenario's own recalls), and those of agents, such as ``momentum``.

``without_account`` takes one agent's account away in the same manner; a member of a crowd has its position closed
against its crowd's holders at the mark, outside of the book, so that longs still equal shorts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from shortdesk.ground.compile import kernel
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.kinds import Kind, Mechanism, RiskState
from shortdesk.market.accounts import Hedge, find_leg
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.covers import Cover
from shortdesk.market.ledger import balance_for, transfer
from shortdesk.market.margin_check import price_of
from shortdesk.market.open_market import LiquidationTerms, set_liquidation
from shortdesk.market.settle import move_position
from shortdesk.market.tables import balance_at, leg_at, venue_at
from shortdesk.stage.agents.shock import SHOCK_ROW, Act
from shortdesk.stage.cast import Population
from shortdesk.stage.parts import Part, agent_at
from shortdesk.stage.play import Play
from shortdesk.stage.venues import liquidation_terms

__all__ = ["WITHDRAWAL", "Change", "apply_changes", "known_mechanisms", "label_of"]

WITHDRAWAL = "withdrawal"
"""Makers' leaving, as a mechanism that can be switched off."""

_SHARED_ACCOUNTS = {"noise", "latent", "borrower"}
"""Kinds of population that are one agent with many accounts."""


class Change(NamedTuple):
    """One change: what to do and to whom, or how much."""

    do: Literal["without", "without_account", "like", "adl_like", "fund", "wait"]
    what: str


def label_of(changes: Iterable[Change]) -> str:
    """A change as a reader meets it: a mechanism by its own name, everything else with what is done."""
    return " + ".join(one.what if one.do == "without" else f"{one.do.replace('_', ' ')} {one.what}" for one in changes)


def known_mechanisms() -> list[str]:
    """Mechanisms that ``without`` takes beside populations and their kinds."""
    return [WITHDRAWAL, *(one.name.lower() for one in Mechanism)]


def apply_changes(play: Play, changes: Iterable[Change]) -> None:
    """Change a play from its present moment on.

    Raises:
        UsageError: a name that the scenario does not have, or an account that cannot be taken away by itself.
    """
    for change in changes:
        if change.do == "without":
            _take_mechanism(play, change.what)
        elif change.do == "without_account":
            _take_account(play, change.what)
        elif change.do == "like":
            _liquidate_like(play, change.what)
        elif change.do == "adl_like":
            _deleverage_like(play, change.what)
        elif change.do == "fund":
            _fill_fund(play, _number(change, "an amount of the quote"))
        else:
            _pause(play, _number(change, "seconds"))


def _number(change: Change, what: str) -> float:
    try:
        found = float(change.what)
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e15:
        raise UsageError(f"{change.do} '{change.what}': expected {what}, 0 or more")
    return found


def _take_mechanism(play: Play, name: str) -> None:
    populations = [one for one in play.cast.populations if name == one.name]
    populations = populations or [one for one in play.cast.populations if name == one.kind]
    shocks = {at for at, one in enumerate(play.scenario.shock, 1) if name == (one.name or one.act)}
    if populations:
        _silence(play, populations)
    elif name == WITHDRAWAL:
        play.freeze_makers(max(1, play.now_ns))
    elif name.upper() in Mechanism.__members__:
        mechanism = Mechanism[name.upper()]
        if mechanism == Mechanism.ADL:
            _without_adl(play)
        elif mechanism == Mechanism.RECALL:
            _without_recalls(play)
        play.switch_off([mechanism], play.now_ns)
        if mechanism not in (Mechanism.LIQUIDATION, Mechanism.ADL, Mechanism.STOP):
            _silence(play, [one for one in play.cast.populations if one.mechanism == mechanism])
    elif shocks:
        _without_shocks(play, name, shocks)
    else:
        known = [one.name for one in play.cast.populations if one.agents and one.name not in ("market", "scenario")]
        known += [one.name or one.act for one in play.scenario.shock]
        raise UsageError(unknown_name("mechanism or population", name, dict.fromkeys([*known_mechanisms(), *known])))


def _silence(play: Play, populations: Iterable[Population]) -> None:
    for one in populations:
        play.take_away(one.name)
        _withdraw_orders(play, one.accounts)


def _withdraw_orders(play: Play, accounts: list[int]) -> None:
    commands = new_commands(len(accounts))
    commands["time_ns"], commands["kind"], commands["account"] = play.now_ns, CommandKind.CANCEL_ALL, accounts
    play.obey(commands)


def _without_adl(play: Play) -> None:
    """Covers without deleveraging; what stays open behind the last goes to the venue's deficit account."""
    for number in play.cast.venues.values():
        venue = venue_at(play.world.block, number)
        covers = [int(venue.cover_1), int(venue.cover_2), int(venue.cover_3)]
        kept = [cover for cover in covers if cover not in (Cover.ADL, Cover.NOBODY)]
        kept += [] if Cover.DEFICIT in kept else [int(Cover.DEFICIT)]
        venue.cover_1, venue.cover_2, venue.cover_3 = (*kept, 0, 0, 0)[:3]


def _without_shocks(play: Play, name: str, numbers: set[int]) -> None:
    """The scenario's own acts of a name that lie ahead are taken off its list."""
    ahead = [row for row in play.rows(Part.SHOCKS, SHOCK_ROW) if row.number in numbers and row.time_ns > play.now_ns]
    if not ahead:
        raise UsageError(f"shock '{name}' lies before the fork; fork earlier, with --from")
    for row in ahead:
        row.is_off = 1


def _without_recalls(play: Play) -> None:
    """The scenario's own recalls find no loan: pool 0 is nobody's."""
    for row in play.rows(Part.SHOCKS, SHOCK_ROW):
        if row.act == Act.RECALL:
            row.target = 0


def _take_account(play: Play, name: str) -> None:
    numbers = {known: number for number, known in play.cast.account_names.items()}
    if name not in numbers:
        raise UsageError(unknown_name("account", name, numbers))
    account = numbers[name]
    population = next((one for one in play.cast.populations if account in one.accounts), None)
    if population is None or population.kind == "holders":
        raise UsageError(f"account '{name}' stands on the other side of others' positions; it cannot be taken away")
    if population.kind in _SHARED_ACCOUNTS:
        raise UsageError(
            f"account '{name}' is one of several that one agent uses; take the population '{population.name}' away"
        )
    _withdraw_orders(play, [account])
    if population.kind == "crowd":
        _close_member(play, account, name, population)
    else:
        index = population.accounts.index(account) * len(population.agents) // len(population.accounts)
        agent_at(play.block, population.agents[index]).is_away = 1


def _close_member(play: Play, account: int, name: str, population: Population) -> None:
    terms: Any = next(one for one in play.scenario.population if one.name == population.name)
    _close_position(play, account, name, population, terms.instrument, f"{population.name} holders")
    if terms.other:
        holders = f"{population.name} holders of {terms.other}"
        _close_position(play, account, name, population, terms.other, holders)


def _close_position(
    play: Play, account: int, name: str, population: Population, instrument: str, other_side: str
) -> None:
    number = play.cast.markets[instrument].number
    holders = next(one for one in play.cast.populations if one.name == other_side).accounts
    first = population.accounts.index(account) % len(holders)
    for holder in (*holders[first:], *holders[:first]):
        left = int(_close_against(play.world.block, account, holder, number))
        play.keep_rows()
        if left < 0:
            raise UsageError(f"account '{name}' is being liquidated at the fork; fork earlier")
        if left == 0:
            return
    raise UsageError(f"account '{name}': its crowd's holders no longer hold the other side; fork earlier")


@kernel
def _close_against(w: Any, account: int, holder: int, number: int) -> int:
    """Close a position against a holder's at the mark, outside of the book; lots left, -1 where it is liquidated."""
    mine = find_leg(w, account, number, Hedge.BOTH.value)
    other = find_leg(w, holder, number, Hedge.BOTH.value)
    if mine == 0 or leg_at(w, mine).lots == 0:
        return 0
    lots = int(leg_at(w, mine).lots)
    if balance_at(w, leg_at(w, mine).balance).state >= RiskState.LIQUIDATING:
        return -1
    if other == 0 or (leg_at(w, other).lots > 0) == (lots > 0) or leg_at(w, other).lots == 0:
        return abs(lots)
    closed = min(abs(lots), abs(int(leg_at(w, other).lots)))
    signed = closed if lots > 0 else -closed
    ticks = price_of(w, number)
    move_position(w, mine, -signed, ticks, -1)
    move_position(w, other, signed, ticks, -1)
    return abs(lots) - closed


def _perp_terms(play: Play, like: str) -> Iterable[tuple[int, LiquidationTerms]]:
    """Each venue with a perpetual, and how it would liquidate with another venue's sheet."""
    for terms in play.scenario.venue:
        traded = [one.name for one in play.scenario.instrument if one.venue == terms.name and one.kind == "perp"]
        if traded:
            market = play.cast.markets[traded[0]]
            changed = type(terms)(**{**_fields(terms), "liquidates_like": like, "wait_s": None})
            yield play.cast.venues[terms.name], liquidation_terms(changed, market.unit)


def _fields(terms: Any) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in terms.__struct_fields__}


def _liquidate_like(play: Play, sheet: str) -> None:
    for venue, terms in _perp_terms(play, sheet):
        set_liquidation(play.world, venue, terms)


def _deleverage_like(play: Play, sheet: str) -> None:
    """Only who is deleveraged first, and at which price."""
    for number, terms in _perp_terms(play, sheet):
        venue = venue_at(play.world.block, number)
        venue.adl_rank, venue.adl_price = terms.adl_rank, terms.adl_price


def _fill_fund(play: Play, amount: float) -> None:
    """Every venue's fund holds this much of its first instrument's quote; the difference comes from outside."""
    for terms in play.scenario.venue:
        traded = next((one for one in play.scenario.instrument if one.venue == terms.name), None)
        if traded is not None:
            market = play.cast.markets[traded.name]
            venue = venue_at(play.world.block, market.venue)
            _set_units(
                play.world.block, int(venue.insurance), int(venue.outside), market.settle_asset, market.units(amount)
            )
            play.keep_rows()


@kernel
def _set_units(w: Any, account: int, outside: int, asset: int, units: int) -> None:
    mine, other = balance_for(w, account, asset, 0), balance_for(w, outside, asset, 0)
    if balance_at(w, mine).units != units:
        transfer(w, Kind.DEPOSIT.value, mine, other, units - balance_at(w, mine).units)


def _pause(play: Play, seconds: float) -> None:
    for number in play.cast.venues.values():
        venue_at(play.world.block, number).wait_ms = round(1_000 * seconds)
