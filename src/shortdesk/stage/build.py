"""Building a Stage: from a scenario to a World with its book still empty, and the people who will fill it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import Mechanism
from shortdesk.ground.run_folder import Names, NameTable
from shortdesk.ground.symbols import resolve
from shortdesk.ground.venue import Product, at, find_venue
from shortdesk.margin.contract import Scale, build_contract
from shortdesk.margin.mark import MarkForm
from shortdesk.market.command import CommandKind, new_commands
from shortdesk.market.entry import BoundFrom
from shortdesk.market.note import Detail
from shortdesk.market.open_collateral import accept_collateral
from shortdesk.market.open_market import open_asset, open_instrument, open_venue, set_liquidation
from shortdesk.market.open_pricing import open_pricing, venue_pricing
from shortdesk.market.open_wire import open_link, set_feed
from shortdesk.market.opening import open_positions
from shortdesk.market.tables import clock_of, venue_at
from shortdesk.market.world import Capacity, World
from shortdesk.stage.agents.amm_arbitrage import AmmArbitrageTerms, open_amm_arbitrage
from shortdesk.stage.agents.amm_lp import AmmLpTerms, open_amm_lps
from shortdesk.stage.agents.amm_searcher import AmmSearcherTerms, open_amm_searchers
from shortdesk.stage.agents.amm_swapper import AmmSwapperTerms, open_amm_swappers
from shortdesk.stage.agents.arbitrage import ArbitrageTerms, open_arbitrage
from shortdesk.stage.agents.basis import BasisTerms, open_basis
from shortdesk.stage.agents.borrower import BorrowerTerms, open_borrowers
from shortdesk.stage.agents.clock import CLOCK_ROW, HOUR_NS
from shortdesk.stage.agents.crowd import CrowdTerms, open_crowd
from shortdesk.stage.agents.hedger import HedgerTerms, open_hedgers
from shortdesk.stage.agents.informed import InformedTerms, open_informed
from shortdesk.stage.agents.latent import LatentTerms, open_latent
from shortdesk.stage.agents.lender import LenderTerms, open_lender
from shortdesk.stage.agents.liquidator import LiquidatorTerms, open_liquidators
from shortdesk.stage.agents.maker import MakerTerms, open_makers
from shortdesk.stage.agents.metaorder import MetaorderTerms, open_metaorders
from shortdesk.stage.agents.momentum import MomentumTerms, open_momentum
from shortdesk.stage.agents.noise import NoiseTerms, open_noise
from shortdesk.stage.agents.own import OwnTerms, open_own
from shortdesk.stage.agents.predator import PredatorTerms, open_predators
from shortdesk.stage.agents.shock import SHOCK_ROW, Act
from shortdesk.stage.agents.tape import TapeTerms, open_tape
from shortdesk.stage.agents.value import ValueTerms, open_value
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.chance import SECOND_NS
from shortdesk.stage.dex import open_dexes
from shortdesk.stage.lending import lent_pairs, open_pools
from shortdesk.stage.parts import FEED, VALUE, AgentKind, Part
from shortdesk.stage.scenario import InstrumentTerms, Scenario, ShockTerms, VenueTerms
from shortdesk.stage.venues import fee_rate, liquidation_terms, product_of

__all__ = ["Built", "build"]

_PROTECTION_PPM = 100_000
"""How far a market order may trade from the mark (spot: from the touch): our assumption, the sheets do not say."""
_PPM = 1_000_000
_PURSES = ("clearing", "fees", "insurance", "deficit", "outside")
_OPENERS: dict[type, Callable[[Cast, Any], None]] = {
    InformedTerms: open_informed,
    AmmLpTerms: open_amm_lps,
    AmmSwapperTerms: open_amm_swappers,
    AmmArbitrageTerms: open_amm_arbitrage,
    AmmSearcherTerms: open_amm_searchers,
    LatentTerms: open_latent,
    NoiseTerms: open_noise,
    MetaorderTerms: open_metaorders,
    MakerTerms: open_makers,
    CrowdTerms: open_crowd,
    ValueTerms: open_value,
    ArbitrageTerms: open_arbitrage,
    MomentumTerms: open_momentum,
    BasisTerms: open_basis,
    HedgerTerms: open_hedgers,
    PredatorTerms: open_predators,
    BorrowerTerms: open_borrowers,
    LenderTerms: open_lender,
    LiquidatorTerms: open_liquidators,
    OwnTerms: open_own,
    TapeTerms: open_tape,
}


class Built(NamedTuple):
    """A World and the Stage's tables beside it, the rows of the opening, and everybody's names."""

    world: World
    block: NDArray[np.uint8]
    cast: Cast
    opening: NDArray[Any]
    names: Names


def build(scenario: Scenario) -> Built:
    """A scenario's market at its first nanosecond.

    Raises:
        UsageError: the scenario asks for what its sheets or its sizes do not allow; says what.
    """
    world = World(_capacity(scenario))
    clock = clock_of(world.block)
    clock.now_ns, clock.detail = scenario.start_ns, Detail.MONEY
    cast = Cast(world, {}, scenario.seed, scenario.start_ns, scenario.horizon_s)
    _open_assets(cast, scenario)
    _open_venues(cast, scenario)
    for terms in scenario.instrument:
        _open_instrument(cast, scenario, terms)
    open_dexes(cast, scenario)
    open_pools(cast, scenario)
    cast.begin("market", "market", Mechanism.NOISE)
    for terms in scenario.instrument:
        _open_clock(cast, scenario, terms)
    for population in scenario.population:
        _OPENERS[type(population)](cast, population)
    _open_shocks(cast, scenario.shock)
    _fill_insurance(cast, scenario)
    opening = [_first_prices(cast, scenario), open_positions(world, cast.openings())]
    return Built(world, cast.block(), cast, np.concatenate(opening), _names(cast, scenario))


def _capacity(scenario: Scenario) -> Capacity:
    """Room to begin with; tables that turn out too small grow without changing anything."""
    people = sum(getattr(one, "count", 0) + getattr(one, "accounts", 0) for one in scenario.population) + 1_000
    slots = sum(getattr(one, "slots", 0) for one in scenario.population)
    return Capacity(
        accounts=2 * people, legs=3 * people, orders=2 * slots + 2 * people, balances=6 * people, cases=people,
        pages=8_000, nodes=8_000, links=people, messages=4_096, tiers=400, members=200, journal_rows=1 << 17,
    )  # fmt: skip


def _open_assets(cast: Cast, scenario: Scenario) -> None:
    pairs = [(one.quote, one.base) for one in scenario.instrument]
    pairs += [(pool.quote, pool.base) for pool in scenario.pool]
    quotes = {quote for quote, _ in pairs}
    for pair in pairs:
        for name in pair:
            if name not in cast.assets:
                digits = scenario.decimals.get(name, 6 if name in quotes else 8)
                cast.assets[name] = open_asset(cast.world, digits)
                cast.digits[name] = digits
    unknown = set(scenario.decimals) - set(cast.assets)
    if unknown:
        raise UsageError(unknown_name("asset", min(unknown), cast.assets) + " Field decimals.")


def _open_venues(cast: Cast, scenario: Scenario) -> None:
    for terms in scenario.venue:
        product_of(terms)
        number = open_venue(cast.world)
        cast.venues[terms.name] = number
        for purse in _PURSES:
            cast.account_names[int(venue_at(cast.world.block, number)[purse])] = f"{purse} of {terms.name}"
    for chain in scenario.chain:
        number = open_venue(cast.world)
        cast.venues[chain.name] = number
        for purse in _PURSES:
            cast.account_names[int(venue_at(cast.world.block, number)[purse])] = f"{purse} of {chain.name}"


def _venue_terms(scenario: Scenario, name: str) -> VenueTerms:
    return next(one for one in scenario.venue if one.name == name)


def _open_instrument(cast: Cast, scenario: Scenario, terms: InstrumentTerms) -> None:
    venue = _venue_terms(scenario, terms.venue)
    product = product_of(venue)
    tick, lot = Fraction(terms.tick), Fraction(terms.lot)
    unit = Fraction(1, 10 ** cast.digits[terms.quote])
    base_unit = Fraction(1, 10 ** cast.digits[terms.base])
    fees = at(product.fees, venue.day, f"{product.name}: fees")
    rates = {
        "taker_rate": fee_rate(terms.taker_bps, Fraction(fees.taker)),
        "maker_rate": fee_rate(terms.maker_bps, Fraction(fees.maker)),
    }
    value = cast.values.setdefault(terms.base, 0)
    if value == 0:
        value = cast.values[terms.base] = cast.row(Part.VALUES, VALUE, price=float(terms.price))
    shared: dict[str, Any] = {"venue": cast.venues[terms.venue], "settle_asset": cast.assets[terms.quote], **rates}
    highest = {"highest_ticks": min(1 << 31, int(50 * terms.price / terms.tick))}
    if terms.kind == "spot":
        number = _open_spot(cast, terms, shared | highest, unit, base_unit)
        tiers = ()
    else:
        number, tiers = _open_perp(cast, venue, product, terms, shared | highest, unit)
    cast.markets[terms.name] = Market(
        number=number, venue=cast.venues[terms.venue], price=float(terms.price), tick=tick, lot=lot, unit=unit,
        settle_asset=cast.assets[terms.quote], base_asset=cast.assets[terms.base], base_unit=base_unit,
        is_perp=terms.kind == "perp", value=value, tiers=tiers,
    )  # fmt: skip
    cast.clocks_s[terms.name] = terms.clock_s
    set_feed(cast.world, number, open_link(cast.world, seed=cast.seed, agent=number, base_ns=0))


def _open_spot(cast: Cast, terms: InstrumentTerms, shared: dict[str, Any], unit: Fraction, base_unit: Fraction) -> int:
    factor, base_units = Fraction(terms.tick) * Fraction(terms.lot) / unit, Fraction(terms.lot) / base_unit
    if factor.denominator != 1 or base_units.denominator != 1:
        raise UsageError(
            f"instrument {terms.name}: tick times lot, and lot, have to be whole units; give {terms.quote} or "
            f"{terms.base} more decimals"
        )
    number = open_instrument(
        cast.world, form=Form.SPOT, factor=factor.numerator, base_asset=cast.assets[terms.base],
        base_units=base_units.numerator, bound_from=BoundFrom.TOUCH, bound_ppm=_PROTECTION_PPM, **shared,
    )  # fmt: skip
    if terms.haircut is not None:
        haircut = Fraction(terms.haircut).limit_denominator(_PPM)
        exchange = 1 - haircut if terms.exchange is None else Fraction(terms.exchange).limit_denominator(_PPM)
        accept_collateral(cast.world, number, haircut=haircut, exchange=exchange)
    return number


def _open_perp(
    cast: Cast, venue: VenueTerms, product: Product, terms: InstrumentTerms, shared: dict[str, Any], unit: Fraction
) -> tuple[int, tuple[Any, ...]]:
    scale = Scale(Fraction(terms.tick), Fraction(terms.lot), unit)
    symbol = resolve(find_venue(venue.sheet), product.kind, terms.symbol or terms.name, venue.day).symbol
    mode = "isolated" if "isolated" in product.modes() else product.modes()[0]
    contract = build_contract(product, symbol, mode, venue.day, scale=scale)
    if contract.form != Form.LINEAR:
        raise UsageError(f"instrument {terms.name}: only linear perpetuals are staged; this one is inverse")
    first = contract.rows[0]
    set_liquidation(cast.world, cast.venues[terms.venue], liquidation_terms(venue, unit))
    liquidation = at(product.fees, venue.day, "fees").liquidation
    number = open_instrument(
        cast.world, form=Form.LINEAR, contract=contract, liquidation_rate=fee_rate(None, Fraction(liquidation)),
        bound_from=BoundFrom.MARK, bound_ppm=_PROTECTION_PPM, **shared,
    )  # fmt: skip
    pricing = venue_pricing(
        at(product.mark, venue.day, f"{product.name}: mark"), product.funding_at(venue.day, terms.base),
        tick_seconds=Fraction(terms.clock_s).limit_denominator(10**6),
        margin_spread=Fraction(first.initial_rate) - Fraction(first.maintenance_rate),
        oldest_seconds=Fraction(terms.stale_s).limit_denominator(10**6),
    )  # fmt: skip
    if terms.mark == "index":
        pricing = pricing._replace(mark_form=MarkForm.ORACLE, mark_band=0)
    open_pricing(
        cast.world, number, pricing, [member.weight for member in terms.index],
        impact_units=int(Fraction(terms.impact_usd).limit_denominator(100) / unit),
    )  # fmt: skip
    return number, contract.rows


def _fill_insurance(cast: Cast, scenario: Scenario) -> None:
    """The insurance funds of the opening, in the quote of their venue's first instrument."""
    for terms in scenario.venue:
        first = next((one for one in scenario.instrument if one.venue == terms.name), None)
        if first is not None:
            market = cast.market(first.name)
            fund = int(venue_at(cast.world.block, cast.venues[terms.name]).insurance)
            cast.deposit(fund, market.settle_asset, market.units(terms.insurance_usd))


def _open_clock(cast: Cast, scenario: Scenario, terms: InstrumentTerms) -> None:
    """The agent that keeps an instrument's clock, and its index's feeds; a spot pair has one where its mark counts."""
    market = cast.market(terms.name)
    lent = lent_pairs(scenario)
    if not market.is_perp and terms.name not in lent and terms.haircut is None:
        return
    keeps_hours = terms.name == next((pair for pair, venue in lent.items() if venue == terms.venue), "")
    feeds = []
    for number, member in enumerate(terms.index, 1):
        source = 0 if member.source == "elsewhere" else cast.market(member.source).number
        feeds.append(cast.row(Part.FEEDS, FEED, source=source, member=number, scale=1.0, weight=member.weight))
        cast.feeds[f"{terms.name}/{number}"] = feeds[-1]
    period_ns = int(terms.clock_s * SECOND_NS)
    own = cast.row(
        Part.CLOCKS, CLOCK_ROW, instrument=market.number, first_feed=feeds[0], feed_count=len(feeds),
        period_ns=period_ns, next_minute_ns=cast.start_ns + 60 * SECOND_NS, is_priced=int(market.is_perp),
        is_marked=int(not market.is_perp), lends_venue=market.venue if keeps_hours else 0,
        next_hour_ns=(cast.start_ns // HOUR_NS + 1) * HOUR_NS, funds=int(not _is_funded_by_tape(scenario, terms.name)),
    )  # fmt: skip
    cast.agent(AgentKind.CLOCK, own, first_wake_ns=period_ns, mechanism=0)


def _is_funded_by_tape(scenario: Scenario, name: str) -> bool:
    return any(isinstance(one, TapeTerms) and one.funding and one.instrument == name for one in scenario.population)


def _open_shocks(cast: Cast, shocks: tuple[ShockTerms, ...]) -> None:
    """One agent who works the scenario's list off."""
    if not shocks:
        return
    cast.begin("scenario", "scenario", Mechanism.NOISE)
    ordered = sorted(enumerate(shocks, 1), key=lambda one: one[1].at_s)
    first = 0
    for number, shock in ordered:
        time_ns = cast.start_ns + int(shock.at_s * SECOND_NS)
        act = Act[shock.act.upper()]
        if act == Act.PEG and shock.target not in cast.feeds:
            act = _peg_of_a_pair(cast, shock.target)
        own = cast.row(
            Part.SHOCKS, SHOCK_ROW, time_ns=time_ns, act=int(act), target=_target(cast, act, shock.target),
            amount=shock.amount, number=number,
        )  # fmt: skip
        first = first or own
    cast.row(Part.SHOCKS, SHOCK_ROW)
    cast.agent(AgentKind.SHOCK, first, first_wake_ns=int(ordered[0][1].at_s * SECOND_NS), mechanism=0)


def _peg_of_a_pair(cast: Cast, name: str) -> Act:
    """A peg may be that of a pair's base, which then has no other source than its worth."""
    if name in cast.markets and not cast.markets[name].is_perp:
        return Act.COIN_PEG
    return Act.PEG


def _target(cast: Cast, act: Act, name: str) -> int:
    known = {Act.OUTAGE: cast.venues, Act.RECALL: cast.pools, Act.MUTE: cast.feeds, Act.PEG: cast.feeds}.get(act)
    if known is None:
        return cast.market(name).number
    if name not in known:
        raise UsageError(f"shock {act.name.lower()}: {unknown_name('target', name, known)}")
    return known[name]


def _first_prices(cast: Cast, scenario: Scenario) -> NDArray[Any]:
    """Every member of every index says the opening price, and the clock ticks once."""
    perps = [one for one in scenario.instrument if one.kind == "perp"]
    counted = [one.name for one in scenario.instrument if one.haircut is not None]
    marked = list(dict.fromkeys([*lent_pairs(scenario), *counted]))
    commands = new_commands(sum(len(one.index) + 1 for one in perps) + len(marked))
    commands["time_ns"] = scenario.start_ns
    for row, name in zip(commands, marked, strict=False):
        market = cast.market(name)
        row.kind, row.instrument, row.price_ticks = CommandKind.MARK, market.number, market.ticks(market.price)
    at = len(marked)
    for one in perps:
        market = cast.market(one.name)
        for member in range(1, len(one.index) + 1):
            row = commands[at]
            row.kind, row.instrument, row.client_id = CommandKind.INDEX, market.number, member
            row.price_ticks = market.ticks(market.price)
            at += 1
        commands[at].kind, commands[at].instrument = CommandKind.TICK, market.number
        at += 1
    cast.world.send(commands)
    return cast.world.advance(scenario.start_ns)


def _names(cast: Cast, scenario: Scenario) -> Names:
    """What a run's readers call everything; number 0 is nobody."""
    accounts = [""] * (max(cast.account_names, default=0) + 1)
    info = [{"population": "", "kind": ""} for _ in accounts]
    for number, name in cast.account_names.items():
        accounts[number] = name
        info[number] = {"population": "venue", "kind": "venue"}
    for population in cast.populations:
        for number in population.accounts:
            info[number] = {"population": population.name, "kind": population.kind}
    instruments = [""]
    about: list[dict[str, str]] = [{}]
    for one in scenario.instrument:
        instruments.append(one.name)
        about.append(
            {"tick": str(one.tick), "lot": str(one.lot), "kind": one.kind, "base": one.base, "quote": one.quote,
             "settle": one.quote, "venue": one.venue, "price": str(one.price)}
        )  # fmt: skip
    for pool in scenario.pool:
        instruments.append(pool.name)
        about.append(
            {"tick": str(pool.tick), "lot": str(pool.lot), "kind": "pool", "base": pool.base, "quote": pool.quote,
             "settle": pool.quote, "venue": pool.venue, "price": str(pool.price)}
        )  # fmt: skip
    return Names(
        venue=NameTable(
            ["", *cast.venues],
            [{}, *({"sheet": one.sheet} for one in scenario.venue), *({"sheet": ""} for _ in scenario.chain)],
        ),
        instrument=NameTable(instruments, about),
        asset=NameTable(["", *cast.assets], [{}, *({"digits": str(cast.digits[name])} for name in cast.assets)]),
        account=NameTable(accounts, info),
    )
