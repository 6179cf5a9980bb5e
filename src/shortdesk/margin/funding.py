"""Funding: from the premium to the rate to the payment.

Rates are whole numbers out of ``rate_one``, the same for every rate in a call. Positive rates make longs pay
shorts. The interval is a number of hours; quoted rates are per eight hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import NamedTuple

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp, mul_div_nearest, mul_div_up
from shortdesk.ground.fine import ONE, Exact, fine, from_fine, to_decimal, to_fraction
from shortdesk.ground.instrument import Form
from shortdesk.margin.desk import side_of
from shortdesk.margin.position import FLAT, after_fill, value_at

__all__ = [
    "FundingForm",
    "HourlyFunding",
    "RoundTrip",
    "accrued_funding",
    "average_premium",
    "clamped_rate",
    "dead_band_rate",
    "funding_accrued",
    "funding_cap",
    "funding_paid",
    "funding_rate",
    "funding_received",
    "hourly_funding",
    "impact_notional",
    "impact_premium",
    "limited_rate",
    "mid_premium",
    "premium_index",
    "rate_between",
    "rate_by_form",
    "rising_average",
    "round_trip",
]


class FundingForm(IntEnum):
    """How a venue turns the average premium into a rate."""

    CLAMPED_PREMIUM = 0
    """premium + clamp(interest - premium, -c, +c), per eight hours, scaled to the interval."""
    DEAD_BAND = 1
    """What the premium exceeds a band by (Deribit)."""
    LEGACY_CLAMP = 2
    """clamp(premium - interest, floor, cap) (OKX until its newer rule)."""
    PREMIUM_ONLY = 3
    """The average premium itself, limited (dYdX)."""


@rule
def impact_premium(bid_ticks: int, ask_ticks: int, index_ticks: int, rate_one: int) -> int:
    """(max(0, impact bid - index) - max(0, index - impact ask)) / index: zero while the index lies in the book."""
    above = max(0, bid_ticks - index_ticks) - max(0, index_ticks - ask_ticks)
    return mul_div_nearest(above, rate_one, index_ticks)


@rule
def mid_premium(bid_ticks: int, ask_ticks: int, index_ticks: int, rate_one: int) -> int:
    """(impact mid - index) / index, the form of Hyperliquid's builder-deployed markets."""
    return mul_div_nearest(bid_ticks + ask_ticks - 2 * index_ticks, rate_one, 2 * index_ticks)


@rule
def rising_average(weighted_sum: int, count: int) -> int:
    """sum(k * p_k) / sum(k) for k = 1..count, the newest sample heaviest; ``weighted_sum`` is sum(k * p_k)."""
    if count == 0:
        return 0
    return mul_div_nearest(weighted_sum, 2, count * (count + 1))


@rule
def clamped_rate(premium: int, interest: int, clamp_rate: int, interval_hours: int) -> int:
    """[P + clamp(I - P, -c, +c)] * hours / 8."""
    return mul_div_nearest(premium + clamp(interest - premium, -clamp_rate, clamp_rate), interval_hours, 8)


@rule
def dead_band_rate(premium: int, band: int) -> int:
    """max(d, P) + min(-d, P): zero inside the band, the excess outside."""
    return max(band, premium) + min(-band, premium)


@rule
def limited_rate(rate: int, cap: int) -> int:
    """The rate between -cap and +cap; a cap of zero means none."""
    if cap == 0:
        return rate
    return clamp(rate, -cap, cap)


@rule
def rate_by_form(form: int, premium: int, interest: int, clamp_rate: int, band: int, interval_hours: int) -> int:
    """The rate for one interval before its cap, by the venue's form."""
    if form == FundingForm.CLAMPED_PREMIUM:
        return clamped_rate(premium, interest, clamp_rate, interval_hours)
    if form == FundingForm.DEAD_BAND:
        return dead_band_rate(premium, band)
    if form == FundingForm.LEGACY_CLAMP:
        return premium - interest
    return mul_div_nearest(premium, interval_hours, 8)


@rule
def funding_paid(form: int, factor: int, lots: int, ticks: int, rate: int, rate_one: int) -> int:
    """Units that a position pays at one funding instant; negative when it receives.

    s * worth at the mark * rate, rounded against the position, so that what all pay covers what all receive.
    """
    worth = value_at(form, factor, lots, ticks)
    if lots < 0:
        worth = -worth
    return mul_div_up(worth, rate, rate_one)


@rule
def accrued_funding(
    form: int, factor: int, lots: int, index_ticks: int, rate_8h: int, rate_one: int, minutes: int
) -> int:
    """Units that a position pays for some minutes of a continuously accruing eight-hour rate (Deribit)."""
    worth = value_at(form, factor, lots, index_ticks)
    if lots < 0:
        worth = -worth
    return mul_div_up(worth, rate_8h * minutes, rate_one * 480)


# --- the desk's face: decimals in, decimals out ---


class HourlyFunding(NamedTuple):
    """A rate per eight hours and what one hour of it pays."""

    rate_8h: Decimal
    hourly: Decimal


def premium_index(impact_bid: Exact, impact_ask: Exact, index: Exact, form: str = "impact") -> Decimal:
    """The premium of a book over its index; ``form`` is ``impact`` (dead zone) or ``mid``."""
    measure = impact_premium if form == "impact" else mid_premium
    return from_fine(measure(fine(impact_bid), fine(impact_ask), fine(index), ONE))


def average_premium(samples: Iterable[Exact]) -> Decimal:
    """The linearly weighted average of premium samples, oldest first."""
    values = [fine(sample) for sample in samples]
    return from_fine(rising_average(sum(k * value for k, value in enumerate(values, 1)), len(values)))


def funding_rate(
    average_premium: Exact,
    *,
    form: FundingForm = FundingForm.CLAMPED_PREMIUM,
    interest: Exact = 0,
    clamp_rate: Exact = 0,
    band: Exact = 0,
    cap: Exact = 0,
    interval_hours: Exact = 8,
) -> Decimal:
    """The funding rate for one interval, capped; a cap of 0 means none."""
    hours = int(to_fraction(interval_hours, "interval"))
    rate = rate_by_form(form, fine(average_premium), fine(interest), fine(clamp_rate), fine(band), hours)
    return from_fine(limited_rate(rate, fine(cap)))


def hourly_funding(average_premium: Exact, interest_8h: Exact, clamp_rate: Exact, hourly_cap: Exact) -> HourlyFunding:
    """The eight-hour clamped rate and one eighth of it, capped per hour (Hyperliquid)."""
    rate = clamped_rate(fine(average_premium), fine(interest_8h), fine(clamp_rate), 8)
    return HourlyFunding(from_fine(rate), from_fine(limited_rate(mul_div_nearest(rate, 1, 8), fine(hourly_cap))))


def funding_cap(initial_rate: Exact, maintenance_rate: Exact, multiple: Exact) -> Decimal:
    """The largest rate where a venue ties it to margin: multiple * (initial - maintenance rate)."""
    spread = to_fraction(initial_rate, "initial rate") - to_fraction(maintenance_rate, "maintenance rate")
    return to_decimal(spread * to_fraction(multiple, "multiple"))


def funding_received(
    side: str, size: Exact, payments: Sequence[tuple[Exact, Exact]], form: Form = Form.LINEAR
) -> Decimal:
    """What a position receives over several funding instants: -s * worth * rate, summed.

    ``payments`` are (rate, price) pairs. ``size`` is in the base asset, on inverse contracts in the quote
    asset; the answer is in the settlement asset.
    """
    factor = ONE**2 if form == Form.INVERSE else 1
    lots = side_of(side) * fine(size)
    paid = sum(funding_paid(form, factor, lots, fine(price), fine(rate), ONE) for rate, price in payments)
    return from_fine(-paid, 2)


def funding_accrued(side: str, size_quote: Exact, index: Exact, rate_8h: Exact, minutes: Exact) -> Decimal:
    """What an inverse position receives for some minutes of continuous funding, in coin."""
    lots = side_of(side) * fine(size_quote)
    whole = int(to_fraction(minutes, "minutes"))
    return from_fine(-accrued_funding(Form.INVERSE, ONE**2, lots, fine(index), fine(rate_8h), ONE, whole), 2)


def impact_notional(margin: Exact, initial_rate_at_largest_leverage: Exact) -> Decimal:
    """The notional whose average fill price is the impact price: margin / initial rate at the largest leverage."""
    return to_decimal(Fraction(to_fraction(margin)) / to_fraction(initial_rate_at_largest_leverage))


class RoundTrip(NamedTuple):
    """An inverse position carried over one funding instant and closed, in coin."""

    value_at_mark: Decimal
    funding_paid: Decimal
    realised: Decimal
    net: Decimal


def round_trip(side: str, size_quote: Exact, entry: Exact, mark: Exact, exit_price: Exact, rate: Exact) -> RoundTrip:
    """Worth at the mark, funding paid there, profit at the exit, and what is left of it."""
    lots = side_of(side) * fine(size_quote)
    opened = after_fill(Form.INVERSE, ONE**2, FLAT, lots, fine(entry)).position
    realised = after_fill(Form.INVERSE, ONE**2, opened, -lots, fine(exit_price)).realised
    paid = funding_paid(Form.INVERSE, ONE**2, lots, fine(mark), fine(rate), ONE)
    worth = value_at(Form.INVERSE, ONE**2, lots, fine(mark))
    return RoundTrip(from_fine(worth, 2), from_fine(paid, 2), from_fine(realised, 2), from_fine(realised - paid, 2))


def rate_between(average_premium: Exact, interest: Exact, floor: Exact, cap: Exact) -> Decimal:
    """clamp(premium - interest, floor, cap), the older OKX form."""
    return from_fine(clamp(fine(average_premium) - fine(interest), fine(floor), fine(cap)))
