"""Coins that stand behind positions in another asset: which part of their worth counts, and what they fetch.

A haircut is the part of a worth that does not count. The same rule serves the calculator's whole account and the
market's wallets, so a coin is margin for the same amount on both.
"""

from __future__ import annotations

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import mul_div_down, mul_div_up

__all__ = ["counted_worth", "exchanged_worth", "uncut_worth", "unexchanged_worth"]


@rule
def counted_worth(worth: int, haircut: int, one: int) -> int:
    """worth - worth * haircut / one, the haircut rounded up: never too much margin."""
    return worth - mul_div_up(worth, haircut, one)


@rule
def uncut_worth(counted: int, haircut: int, one: int) -> int:
    """The least worth of which at least ``counted`` counts; the haircut is less than one."""
    return mul_div_up(counted, one, one - haircut)


@rule
def exchanged_worth(worth: int, rate: int, one: int) -> int:
    """What coins of a worth pay when the venue takes them at worth * rate / one, rounded down."""
    return mul_div_down(worth, rate, one)


@rule
def unexchanged_worth(paid: int, rate: int, one: int) -> int:
    """The worth of the coins that the venue takes for what it pays: paid * one / rate, rounded up."""
    return mul_div_up(paid, one, rate)
