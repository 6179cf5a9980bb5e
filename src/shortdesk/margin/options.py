"""Margin of short options and of whole portfolios by stress (Deribit's standard and portfolio forms).

Amounts are in the coin for inverse options. Option prices come from a model and are marked before they enter
here, so everything below is exact arithmetic on what is given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import Exact, to_decimal, to_fraction

__all__ = [
    "OptionMargin",
    "PortfolioMargin",
    "portfolio_margin",
    "price_move_gain",
    "short_option_margin",
    "stress_moves",
]


class OptionMargin(NamedTuple):
    """Initial and maintenance margin in coin."""

    initial: Decimal
    maintenance: Decimal


class PortfolioMargin(NamedTuple):
    """A portfolio's margin by stress, in coin."""

    worst_case: Decimal
    worst_move: Decimal
    roll_shock: Decimal
    risk_matrix: Decimal
    initial: Decimal
    maintenance: Decimal


def short_option_margin(
    kind: str,
    strike: Exact,
    underlying: Exact,
    mark_coin: Exact,
    amount: Exact = 1,
    *,
    base_rate: Exact = "0.15",
    least_rate: Exact = "0.1",
    maintenance_rate: Exact = "0.075",
) -> OptionMargin:
    """Standard margin of a short call or put.

    Call: IM = max(0.15 - OTM/U, 0.1) + mark, MM = 0.075 + mark. Put: MM = max(0.075, 0.075 * mark) + mark,
    IM = max(max(0.15 - OTM/U, 0.1) + mark, MM). OTM is how far the strike lies out of the money, U the underlying.

    Source: secondary; a new standard model was announced for 2026-08 and not seen.
    """
    k, u, mark, size = (to_fraction(value) for value in (strike, underlying, mark_coin, amount))
    least, floor_rate = to_fraction(least_rate), to_fraction(maintenance_rate)
    if kind == "short_call":
        outside = max(Fraction(0), k - u) / u
        initial = max(to_fraction(base_rate) - outside, least) + mark
        maintenance = floor_rate + mark
    elif kind == "short_put":
        outside = max(Fraction(0), u - k) / u
        maintenance = max(floor_rate, floor_rate * mark) + mark
        initial = max(max(to_fraction(base_rate) - outside, least) + mark, maintenance)
    else:
        raise UsageError(f"option '{kind}': expected short_call or short_put")
    return OptionMargin(to_decimal(initial * size), to_decimal(maintenance * size))


def price_move_gain(coins: Exact, move: Exact) -> Decimal:
    """What an inverse position of N coins gains in coin when the price moves by m: N * m / (1 + m)."""
    m = to_fraction(move)
    return to_decimal(to_fraction(coins) * m / (1 + m))


def stress_moves(price_range: Exact, buckets: int = 4) -> list[Fraction]:
    """The price moves of the risk matrix: ``buckets`` equal steps to each side, and none."""
    step = to_fraction(price_range) / buckets
    return [step * k for k in range(-buckets, buckets + 1)]


def portfolio_margin(
    positions: Mapping[str, Exact],
    *,
    price_range: Exact,
    roll_shock_rate: Exact,
    mm_factor: Exact,
    mmp_margin: Exact = 0,
    open_orders_margin: Exact = 0,
    option_losses: Sequence[Exact] = (),
) -> PortfolioMargin:
    """Margin of inverse positions in coin by stress: the worst move and a shock on the gross size of each expiry.

    ``positions`` are coins by name. ``option_losses`` are the options' losses for each of the moves of
    ``stress_moves``, already the worst of the volatility states, where there are options.

    risk matrix = worst case + roll shock; IM = risk matrix + maker protection + open orders; MM = factor * matrix.
    """
    coins = [to_fraction(amount) for amount in positions.values()]
    moves = stress_moves(price_range)
    losses = [-sum((n * m / (1 + m) for n in coins), Fraction(0)) for m in moves]
    if option_losses:
        if len(option_losses) != len(moves):
            raise UsageError(f"{len(option_losses)} option losses; expected one for each of the {len(moves)} moves")
        losses = [loss + to_fraction(extra) for loss, extra in zip(losses, option_losses, strict=True)]
    worst = max(losses)
    roll = to_fraction(roll_shock_rate) * sum(abs(n) for n in coins)
    matrix = max(Fraction(0), worst) + roll
    initial = matrix + to_fraction(mmp_margin) + to_fraction(open_orders_margin)
    return PortfolioMargin(
        to_decimal(worst),
        to_decimal(moves[losses.index(worst)]),
        to_decimal(roll),
        to_decimal(matrix),
        to_decimal(initial),
        to_decimal(matrix * to_fraction(mm_factor)),
    )
