"""Pools of a scenario: who lends which asset at which venue, on what terms, and the clocks that keep their hours.

A spot-margin venue's sheet says what a loan needs and one rate; the curve around it is our assumption: at
``optimal`` utilisation the rate is the sheet's, from there to a full pool it rises by ``slope_2_year``. A lending
market's sheet says everything.
"""

from __future__ import annotations

from fractions import Fraction

from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.venue import Product
from shortdesk.market.loans import RATE_ONE
from shortdesk.market.open_lending import LendingTerms, open_lending, reserve_lending, spot_margin_lending
from shortdesk.market.open_market import set_liquidation
from shortdesk.stage.cast import Cast, Market
from shortdesk.stage.scenario import PoolTerms, Scenario, VenueTerms
from shortdesk.stage.venues import liquidation_terms, product_of

__all__ = ["lent_pairs", "open_pools"]

_HOURS_OF_A_YEAR = 8_760


def lent_pairs(scenario: Scenario) -> dict[str, str]:
    """Spot pairs whose mark says what loans are worth, each with its venue; the venue's first keeps the hours."""
    venues = {one.name: one.venue for one in scenario.instrument}
    return {pool.pair: venues[pool.pair] for pool in scenario.lending}


def open_pools(cast: Cast, scenario: Scenario) -> None:
    """Every pool of the scenario, with what it has to lend.

    Raises:
        UsageError: a pair is no spot pair, an asset is not of its pair, or the sheet does not lend so.
    """
    for terms in scenario.lending:
        market = cast.market(terms.pair)
        venue = next(one for one in scenario.venue if cast.venues[one.name] == market.venue)
        product = product_of(venue)
        if market.is_perp or product.kind not in ("spot_margin", "lending"):
            raise UsageError(f"lending '{terms.name}': {terms.pair} is no spot pair of a venue whose sheet lends")
        set_liquidation(cast.world, market.venue, liquidation_terms(venue, market.unit))
        _open_pool(cast, scenario, terms, market, venue, product)


def _open_pool(
    cast: Cast, scenario: Scenario, terms: PoolTerms, market: Market, venue: VenueTerms, product: Product
) -> None:
    pair = next(one for one in scenario.instrument if one.name == terms.pair)
    asset = terms.asset or pair.base
    if asset not in (pair.base, pair.quote):
        raise UsageError(f"lending '{terms.name}': {unknown_name('asset', asset, (pair.base, pair.quote))}")
    one = 10 ** cast.digits[asset]
    found = open_lending(
        cast.world, market.venue, cast.assets[asset], pair=market.number,
        terms=_lending_terms(product, terms, venue, asset, pair.quote if asset == pair.base else pair.base),
        reserve_units=int(terms.reserve * one), limit_units=int(terms.limit * one),
    )  # fmt: skip
    cast.account_names[found.lender] = f"lender of {asset} at {venue.name}"
    cast.deposit(found.lender, cast.assets[asset], int(terms.size * one))
    cast.pools[terms.name] = found.pool
    cast.pools.setdefault(asset, found.pool)


def _lending_terms(product: Product, terms: PoolTerms, venue: VenueTerms, asset: str, other: str) -> LendingTerms:
    if product.kind == "lending":
        named = {name: product.symbol_base.get(name, name) for name in (asset, other)}
        found = reserve_lending(product, named[other], named[asset], venue.day)
    else:
        yearly = Fraction(product.borrow_at(venue.day, terms.mode, asset).hourly_rate) * _HOURS_OF_A_YEAR
        curve = LendingTerms(
            slope_1=_rounded(yearly),
            slope_2=_rounded(Fraction(terms.slope_2_year)),
            optimal=_rounded(Fraction(terms.optimal)),
        )
        found = spot_margin_lending(product, asset, terms.mode, venue.day, curve)
    if terms.lowest_year is not None:
        found = found._replace(lowest=_rounded(Fraction(terms.lowest_year)))
    if terms.slope_1_year is not None:
        found = found._replace(slope_1=_rounded(Fraction(terms.slope_1_year)))
    return found


def _rounded(part: Fraction) -> Fraction:
    """To the scale on which pools keep rates."""
    return Fraction(round(part * RATE_ONE), RATE_ONE)
