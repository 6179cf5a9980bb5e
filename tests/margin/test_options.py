"""Short options and portfolios by stress."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from shortdesk.ground.errors import UsageError
from shortdesk.margin import options


@pytest.mark.parametrize(
    ("kind", "strike", "underlying", "mark", "initial", "maintenance"),
    [
        ("short_call", "100", "100", "0.05", "0.2", "0.125"),
        ("short_call", "90", "100", "0.12", "0.27", "0.195"),
        ("short_call", "103", "100", "0.04", "0.16", "0.115"),
        ("short_call", "105", "100", "0.04", "0.14", "0.115"),
        ("short_call", "200", "100", "0.001", "0.101", "0.076"),
        ("short_put", "100", "100", "0.05", "0.2", "0.125"),
        ("short_put", "97", "100", "0.04", "0.16", "0.115"),
        ("short_put", "50", "100", "0.001", "0.101", "0.076"),
        # deep in the money: maintenance grows with the mark and lifts the initial margin
        ("short_put", "400", "100", "3", "3.225", "3.225"),
    ],
)
def test_margin_of_one_short_option(
    kind: str, strike: str, underlying: str, mark: str, initial: str, maintenance: str
) -> None:
    found = options.short_option_margin(kind, strike, underlying, mark)
    assert found == (Decimal(initial), Decimal(maintenance))
    ten = options.short_option_margin(kind, strike, underlying, mark, 10)
    assert ten == (Decimal(initial) * 10, Decimal(maintenance) * 10)


def test_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="expected short_call or short_put"):
        options.short_option_margin("long_call", "1", "1", "1")


def test_moves_are_even_and_reach_the_range() -> None:
    moves = options.stress_moves("0.16")
    assert moves == [Fraction(k, 25) for k in range(-4, 5)]


@pytest.mark.parametrize(("coins", "worst_move"), [("10", "-0.16"), ("-10", "0.16")])
def test_the_worst_move_is_the_one_against_the_position(coins: str, worst_move: str) -> None:
    found = options.portfolio_margin({"perp": coins}, price_range="0.16", roll_shock_rate="0.01", mm_factor="0.8")
    move = Fraction(worst_move)
    loss = -Fraction(coins) * move / (1 + move)
    assert found.worst_move == Decimal(worst_move)
    assert abs(Fraction(found.worst_case) - loss) < Fraction(1, 10**20)
    assert found.roll_shock == Decimal("0.1")
    assert abs(Fraction(found.maintenance) - Fraction(found.initial) * Fraction(4, 5)) < Fraction(1, 10**20)


def test_a_hedged_book_pays_the_roll_shock_alone() -> None:
    found = options.portfolio_margin(
        {"perp": "5", "future": "-5"}, price_range="0.16", roll_shock_rate="0.01", mm_factor="0.8", mmp_margin="0.3"
    )
    assert (found.worst_case, found.roll_shock) == (0, Decimal("0.1"))
    assert found.initial == Decimal("0.4")


def test_losses_of_options_join_the_moves() -> None:
    losses = [0] * 8 + [2]
    found = options.portfolio_margin(
        {"perp": "-1"}, price_range="0.25", roll_shock_rate="0", mm_factor="0.8", option_losses=losses
    )
    assert found.worst_case == Decimal("2.2")
    with pytest.raises(UsageError, match="expected one for each of the 9 moves"):
        options.portfolio_margin({}, price_range="0.2", roll_shock_rate="0", mm_factor="1", option_losses=[1])
