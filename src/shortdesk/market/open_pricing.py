"""Opening prices: members of an instrument's index, and how its index, mark and funding are formed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.errors import UsageError
from shortdesk.ground.fine import Exact, to_fraction
from shortdesk.ground.kinds import FeedState
from shortdesk.ground.sheet import FundingRules, MarkRules
from shortdesk.margin.funding import FundingForm
from shortdesk.margin.mark import IndexForm, MarkForm
from shortdesk.market.book import ROOM_FOR_A_FILL
from shortdesk.market.funding import Sampling
from shortdesk.market.open_market import take_row_of
from shortdesk.market.prices import member_at, pricing_at
from shortdesk.market.tables import Shelf, clock_of
from shortdesk.market.world import World

__all__ = ["RATE_ONE", "PricingTerms", "open_pricing", "venue_pricing"]

RATE_ONE = 10**9
"""Rates, bands and weights of averages are whole parts of this."""
MOST_MEMBERS = ROOM_FOR_A_FILL
_MOST_WEIGHT = 1 << 20
_BOOK_SECONDS = 30


class PricingTerms(NamedTuple):
    """How prices and funding are formed; rates, bands and weights are exact parts of one, times in seconds."""

    mark_form: MarkForm = MarkForm.ORACLE
    index_form: IndexForm = IndexForm.WEIGHTED_MEDIAN
    funding_form: FundingForm = FundingForm.CLAMPED_PREMIUM
    sampling: Sampling = Sampling.RISING
    oldest_seconds: Exact = 0
    outlier_band: Exact = 0
    basis_weight: Exact = 1
    book_weight: Exact = 1
    mark_band: Exact = 0
    interest: Exact = 0
    clamp: Exact = 0
    dead_band: Exact = 0
    cap: Exact = 0
    interval_hours: int = 8
    takes_middle: bool = False
    pays_before: bool = False
    pays_on_index: bool = False


def venue_pricing(
    mark: MarkRules,
    funding: FundingRules,
    *,
    tick_seconds: Exact,
    margin_spread: Exact = 0,
    index_form: IndexForm = IndexForm.WEIGHTED_MEDIAN,
    oldest_seconds: Exact = 0,
    outlier_band: Exact = 0,
) -> PricingTerms:
    """A venue's mark and funding rules of a day, for a clock that ticks every ``tick_seconds``.

    A moving average over n ticks becomes an exponential one with weight 2 / (n + 1), our assumption where the venue
    says "moving average". ``margin_spread`` is the first tier's initial less maintenance rate, for caps that are a
    multiple of it; such a cap is an 8-hour rate and is scaled to the interval. What the sheets do not
    say (form of the index, staleness, outliers) is the caller's.

    Raises:
        UsageError: a clock that does not tick; a cap tied to margin without ``margin_spread``.
    """
    step = to_fraction(tick_seconds, "tick seconds")
    if step <= 0:
        raise UsageError(f"the clock ticks every {tick_seconds} seconds; expected more than 0")
    cap = Fraction(funding.cap) if funding.cap_form != "none" else Fraction(0)
    if funding.cap_form == "margin_spread":
        cap *= to_fraction(margin_spread, "margin spread") * Fraction(funding.interval_hours or 8, 8)
        if cap == 0:
            raise UsageError("this venue's funding cap is a multiple of the margin spread; expected margin_spread")
    return PricingTerms(
        mark_form=MarkForm[mark.form.upper()],
        index_form=index_form,
        funding_form=FundingForm[funding.form.upper()],
        sampling=Sampling[funding.samples.upper()],
        oldest_seconds=oldest_seconds,
        outlier_band=outlier_band,
        basis_weight=_weight(Fraction(mark.basis_seconds), step),
        book_weight=_weight(Fraction(_BOOK_SECONDS), step),
        mark_band=mark.band,
        interest=funding.interest_8h,
        clamp=funding.clamp,
        dead_band=funding.dead_band,
        cap=cap,
        interval_hours=funding.interval_hours,
        pays_before=funding.window == "previous",
        pays_on_index=funding.paid_on != "mark",
    )


def _weight(seconds: Fraction, step: Fraction) -> Fraction:
    """Weight of one tick in an average over so many seconds; the newest alone where they are fewer than a tick."""
    return min(Fraction(1), 2 / (seconds / step + 1))


def open_pricing(
    world: World,
    instrument: int,
    terms: PricingTerms,
    weights: Sequence[int],
    *,
    impact_lots: int = 0,
    impact_units: int = 0,
) -> None:
    """Give an instrument an index of ``len(weights)`` members, numbered from 1, and a clock for its prices.

    ``impact_units`` is the worth of the order whose average price the premium is sampled from, ``impact_lots`` its size
    where it is given in lots; with neither the best price counts. The first interval begins now.

    Raises:
        UsageError: the instrument has its prices already, or a number is out of range.
    """
    if not 0 < instrument < world.used_rows(Shelf.INSTRUMENTS):
        raise UsageError(f"there is no instrument {instrument}")
    if pricing_at(world.block, instrument).is_priced:
        raise UsageError(f"instrument {instrument} has its prices already")
    if not 0 < len(weights) <= MOST_MEMBERS or min(weights) < 0 or not 0 < sum(weights) <= _MOST_WEIGHT:
        raise UsageError(f"weights of the index members: expected 1 to {MOST_MEMBERS}, with a sum up to {_MOST_WEIGHT}")
    if impact_lots < 0 or impact_units < 0 or terms.interval_hours < 0:
        raise UsageError("impact sizes and the interval: expected 0 or more")
    rates = {name: _parts(getattr(terms, name), name) for name in _RATES}
    members = [take_row_of(world, Shelf.MEMBERS) for _ in weights]
    for at, weight in zip(members, weights, strict=True):
        member = member_at(world.block, at)
        member.weight, member.instrument, member.state = weight, instrument, FeedState.ABSENT
    row = pricing_at(world.block, instrument)
    row.first_member, row.member_count, row.is_priced = members[0], len(members), 1
    for name, value in rates.items():
        setattr(row, name, value)
    for name in ("mark_form", "index_form", "funding_form", "sampling", "takes_middle", "pays_before", "pays_on_index"):
        setattr(row, name, getattr(terms, name))
    now = int(clock_of(world.block).now_ns)
    row.rate_one, row.impact_lots, row.impact_units = RATE_ONE, impact_lots, impact_units
    row.oldest_ns = int(to_fraction(terms.oldest_seconds, "oldest seconds") * 10**9)
    row.interval_ns = terms.interval_hours * 3_600 * 10**9
    row.next_funding_ns, row.paid_until_ns = now + row.interval_ns, now


_RATES = (
    "outlier_band",
    "basis_weight",
    "book_weight",
    "mark_band",
    "interest",
    "clamp",
    "dead_band",
    "cap",
)


def _parts(given: Exact, name: str) -> int:
    part: Fraction = to_fraction(given, name) * RATE_ONE
    if not abs(part) <= 100 * RATE_ONE or (part < 0 and name != "interest"):
        raise UsageError(f"{name.replace('_', ' ')} {given}: expected 0 to 100")
    return round(part)
