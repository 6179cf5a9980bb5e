"""Margin and liquidation of a chain that counts in quantums (dYdX v4): integers throughout, rates in ppm.

A base quantum is 10^resolution of the base asset, a quote quantum 10^-6 USDC. Requirements round up, so the
chain is never short. The Risk is the same three numbers as everywhere: net collateral, initial, maintenance.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.errors import UsageError
from shortdesk.ground.exact import clamp, mul_div_down, mul_div_up
from shortdesk.ground.fine import Exact, to_decimal, to_fraction
from shortdesk.ground.units import Units
from shortdesk.margin.risk import Risk, Trigger, add, is_liquidatable

__all__ = [
    "Holding",
    "bankruptcy_quote",
    "fillable_price",
    "funding_index_delta",
    "funding_rate_limit",
    "funding_settlement",
    "holding_risk",
    "insurance_delta",
    "liquidatable",
    "margin_with_open_interest",
    "net_risk",
    "notional_quantums",
    "open_interest_rate",
    "partial_limits",
    "quantum_liquidation_price",
    "required_margins",
    "TierRates",
    "tier_rates",
]

_PPM = 1_000_000
_QUOTE_RESOLUTION = -6


class Holding(NamedTuple):
    """A position of a sub-account: signed base quantums, the oracle price, and the market's rates."""

    market: str
    base_quantums: int
    resolution: int
    price: Fraction
    """Quote per base, already multiplied by its exponent."""
    initial_rate: Fraction
    maintenance_rate: Fraction


@rule
def open_interest_rate(initial_ppm: int, open_interest: int, lower_cap: int, upper_cap: int) -> int:
    """The initial rate in ppm, lifted linearly to 100 % while open interest moves from the lower to the upper cap."""
    if upper_cap <= lower_cap or open_interest <= lower_cap:
        return initial_ppm
    reached = clamp(open_interest, lower_cap, upper_cap) - lower_cap
    return initial_ppm + mul_div_down(1_000_000 - initial_ppm, reached, upper_cap - lower_cap)


@rule
def funding_rate_limit(factor_ppm: int, initial_ppm: int, maintenance_fraction_ppm: int) -> int:
    """The largest eight-hour rate in ppm: floor(factor * (initial - maintenance rate))."""
    maintenance = mul_div_down(initial_ppm, maintenance_fraction_ppm, 1_000_000)
    return mul_div_down(factor_ppm, initial_ppm - maintenance, 1_000_000)


@rule
def funding_settlement(position_index: int, current_index: int, base_quantums: int) -> int:
    """What a position receives since it last settled, in ppm of quote quantums: -(now - then) * base quantums."""
    return (position_index - current_index) * base_quantums


def notional_quantums(base_quantums: int, price: Exact, resolution: int, exponent: int = 0) -> Fraction:
    """Signed notional in quote quantums: base * price * 10^(exponent + resolution + 6), not yet rounded."""
    power = exponent + resolution - _QUOTE_RESOLUTION
    return base_quantums * to_fraction(price) * Fraction(10) ** power


def required_margins(
    base_quantums: int,
    resolution: int,
    price: Exact,
    exponent: int,
    initial_ppm: int,
    maintenance_fraction_ppm: int,
    open_interest_base: int = 0,
    lower_cap: int = 0,
    upper_cap: int = 0,
) -> tuple[int, int]:
    """Initial and maintenance margin in quote quantums, both rounded up.

    Open interest raises the initial rate only; the raised rate is cut to whole ppm first.
    """
    notional = abs(notional_quantums(base_quantums, price, resolution, exponent))
    open_interest = int(abs(notional_quantums(open_interest_base, price, resolution, exponent)))
    raised = open_interest_rate(initial_ppm, open_interest, lower_cap, upper_cap)
    maintenance = notional * initial_ppm * maintenance_fraction_ppm / _PPM**2
    return _up(notional * raised / _PPM), _up(maintenance)


def margin_with_open_interest(
    position_quantums: int, initial_ppm: int, open_interest: int, lower_cap: int, upper_cap: int
) -> int:
    """Initial margin in quote quantums, the open interest being given in quote quantums too."""
    return mul_div_up(position_quantums, open_interest_rate(initial_ppm, open_interest, lower_cap, upper_cap), _PPM)


def holding_risk(holding: Holding) -> Risk:
    """Risk of one position without the quote balance: its signed notional and its two margins."""
    notional = notional_quantums(holding.base_quantums, holding.price, holding.resolution)
    return Risk(
        Units(int(notional)),
        Units(_up(abs(notional) * holding.initial_rate)),
        Units(_up(abs(notional) * holding.maintenance_rate)),
    )


def net_risk(quote_quantums: int, holdings: Sequence[Holding]) -> Risk:
    """Risk of a sub-account: net collateral is the quote balance and all notionals."""
    total = Risk(Units(quote_quantums), Units(0), Units(0))
    for holding in holdings:
        total = add(total, holding_risk(holding))
    return total


def liquidatable(risk: Risk) -> bool:
    """Maintenance is positive and above net collateral; equality is safe."""
    return is_liquidatable(risk, Trigger.BELOW)


def bankruptcy_quote(quote_quantums: int, holdings: Sequence[Holding], market: str, delta: int) -> int:
    """Quote quantums at which closing ``delta`` base quantums leaves the rest as well covered as before.

    -DNNV - floor(TNC * |DMMR| / TMMR), with DNNV and DMMR the changes of notional and maintenance that the
    delta makes and TNC, TMMR those of the account.
    """
    holding = _of_market(holdings, market)
    total = net_risk(quote_quantums, holdings)
    before = holding_risk(holding)
    after = holding_risk(holding._replace(base_quantums=holding.base_quantums + delta))
    notional_change = after.equity - before.equity
    maintenance_change = abs(after.maintenance - before.maintenance)
    return -notional_change - mul_div_down(total.equity, maintenance_change, total.maintenance)


def fillable_price(
    quote_quantums: int,
    holdings: Sequence[Holding],
    market: str,
    bankruptcy_adjustment_ppm: int,
    spread_to_maintenance_ppm: int,
) -> Decimal:
    """The price of the liquidation order, in quote quantums per base quantum.

    (PNNV - ABR * SMMR * PMMR) / PS with ABR = clamp(BA * (1 - TNC / TMMR), 0, 1): from the oracle price toward
    the bankruptcy price as the account gets poorer.
    """
    holding = _of_market(holdings, market)
    total = net_risk(quote_quantums, holdings)
    own = holding_risk(holding)
    adjusted = Fraction(bankruptcy_adjustment_ppm, _PPM) * (1 - Fraction(total.equity, total.maintenance))
    rating = min(max(adjusted, Fraction(0)), Fraction(1))
    spread = Fraction(spread_to_maintenance_ppm, _PPM) * own.maintenance
    return to_decimal((own.equity - rating * spread) / holding.base_quantums)


def insurance_delta(
    quote_quantums: int,
    holdings: Sequence[Holding],
    side: str,
    fill_base_quantums: int,
    fill_price: Exact,
    largest_fee_ppm: int,
) -> int:
    """What the insurance fund receives (negative: pays) when a liquidation order fills.

    The quote of the fill less the bankruptcy quote; a gain is capped at a share of the fill, a loss is borne whole.
    """
    if len(holdings) != 1:
        raise UsageError(f"{len(holdings)} positions given; expected the one that fills")
    holding = holdings[0]
    delta = -fill_base_quantums if side == "sell" else fill_base_quantums
    fill = notional_quantums(fill_base_quantums, fill_price, holding.resolution)
    quote_delta = int(fill) if side == "sell" else -_up(fill)
    gain = quote_delta - bankruptcy_quote(quote_quantums, holdings, holding.market, delta)
    if gain > 0:
        return min(gain, mul_div_down(abs(quote_delta), largest_fee_ppm, _PPM))
    return gain


def partial_limits(notional: int, smallest: int, largest_portion_ppm: int) -> tuple[int, int]:
    """The least and the most notional that one block liquidates: min(smallest, N) and max(least, N * portion)."""
    least = min(smallest, notional)
    return least, max(least, mul_div_down(notional, largest_portion_ppm, _PPM))


def funding_index_delta(resolution: int, price: Exact, exponent: int, rate_8h_ppm: int, seconds: int) -> int:
    """The move of the funding index: price * 10^(exponent + resolution + 6) * rate * seconds / 28800, cut toward 0."""
    moved = notional_quantums(1, price, resolution, exponent) * rate_8h_ppm * seconds / 28_800
    return int(moved)


def quantum_liquidation_price(size: Exact, quote_balance: Exact, maintenance_rate: Exact) -> Decimal:
    """The oracle price at which a single position is liquidatable: -quote / (size - |size| * mmr)."""
    signed = to_fraction(size)
    return to_decimal(-to_fraction(quote_balance) / (signed - abs(signed) * to_fraction(maintenance_rate)))


class TierRates(NamedTuple):
    """Rates of a liquidity tier."""

    maintenance_rate: Decimal
    funding_limit: Decimal
    """The largest absolute eight-hour funding rate."""


def tier_rates(initial_rate: Exact, maintenance_fraction: Exact, funding_factor: Exact) -> TierRates:
    """MMR = IMR * fraction; the funding limit is factor * (IMR - MMR)."""
    initial = to_fraction(initial_rate)
    maintenance = initial * to_fraction(maintenance_fraction)
    return TierRates(to_decimal(maintenance), to_decimal(to_fraction(funding_factor) * (initial - maintenance)))


def _of_market(holdings: Sequence[Holding], market: str) -> Holding:
    for holding in holdings:
        if holding.market == market:
            return holding
    raise UsageError(f"no position in {market}; the account holds {', '.join(h.market for h in holdings) or 'none'}")


def _up(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)
