"""The exact twin's accounts: whose legs there are, and which of them a command is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from tests.twin.book import LegKey, Order

from shortdesk.ground.order import OrderFlag, Side


class AccountTerms(NamedTuple):
    """An account as the test opens it."""

    venue: int
    is_hedged: bool = False
    cancels_on_disconnect: bool = False


@dataclass
class Leg:
    """An account's orders in one instrument, by client id, the oldest first."""

    orders: dict[int, Order] = field(default_factory=dict)


def legs_of(number: int, terms: AccountTerms, venues: dict[int, int]) -> list[LegKey]:
    """All legs an account can have, given the venue of each instrument."""
    hedges = (1, 2) if terms.is_hedged else (0,)
    return [
        (number, instrument, hedge) for instrument, venue in venues.items() if venue == terms.venue for hedge in hedges
    ]


def leg_asked_for(number: int, terms: AccountTerms, instrument: int, side: int, flags: int) -> LegKey:
    """A hedged account buys into its long leg and sells into its short one; what reduces goes the other way."""
    if not terms.is_hedged:
        return (number, instrument, 0)
    reduces = bool(flags & OrderFlag.REDUCE_ONLY)
    is_long = (side == Side.BUY) != reduces
    return (number, instrument, 1 if is_long else 2)
