"""The exact twin of prices on the venue's clock and of funding: index, mark, premiums, the rate, and who pays whom.

Rates are in parts per 10^9 and rounded to the nearest one, halves away from zero, at every stage at which the venue
would write a number down; what a position pays is rounded against it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil
from typing import Any, NamedTuple

from tests.twin.bank import BalanceKey, worth
from tests.twin.command import Command
from tests.twin.liquidation import LiquidatingMarket

from shortdesk.ground.fine import Exact
from shortdesk.ground.instrument import Form
from shortdesk.ground.kinds import FeedState, Kind, Mechanism
from shortdesk.ground.order import Refusal, Side
from shortdesk.margin.funding import FundingForm
from shortdesk.margin.mark import IndexForm, MarkForm
from shortdesk.market.command import CommandKind
from shortdesk.market.funding import Sampling
from shortdesk.market.open_pricing import RATE_ONE, PricingTerms

HOUR_NS, MINUTE_NS = 3_600 * 10**9, 60 * 10**9
PART = 1 << 16
LARGEST_PREMIUM = 100 * RATE_ONE
JOURNAL_RATE = 10**12
ABOUT_PRICES = (CommandKind.INDEX, CommandKind.TICK, CommandKind.FUND)


class Pricing(NamedTuple):
    """How one instrument's prices are formed."""

    terms: PricingTerms
    weights: tuple[int, ...] = (1,)
    impact_lots: int = 0
    impact_units: int = 0


@dataclass
class Member:
    """One source of an index."""

    weight: int
    price: int = 0
    seen: int = 0
    state: FeedState = FeedState.ABSENT
    is_frozen: bool = False


@dataclass
class Clock:
    """What an instrument's prices have come to so far."""

    members: list[Member]
    next_funding: int
    paid_until: int = 0
    index: int = 0
    basis: int | None = None  # averages in parts of a tick, from the first book with two sides on
    book: int = 0
    premiums: list[int] = field(default_factory=list)
    last_premium: int = 0
    rate: int = 0


def to_nearest(exact: Fraction) -> int:
    """To the nearest whole; a half goes away from zero."""
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def limited(rate: int, most: int) -> int:
    """Between -most and +most."""
    return max(-most, min(most, rate))


def parts(rate: Exact) -> int:
    """A rate in parts per 10^9."""
    return int(Fraction(rate) * RATE_ONE)


class PricedMarket(LiquidatingMarket):
    """A market whose perpetuals have an index, a mark and funding of their own."""

    def __init__(self, *args: Any, pricing: dict[int, Pricing], **more: Any) -> None:
        super().__init__(*args, **more)
        self.pricing = pricing
        self.clocks = {
            number: Clock([Member(weight) for weight in one.weights], one.terms.interval_hours * HOUR_NS)
            for number, one in pricing.items()
        }
        self.left_by_funding: defaultdict[int, int] = defaultdict(int)
        self.to_pay: tuple[int, int, int, Fraction] | None = None

    def _run_venue(self, command: Command) -> Refusal:
        if command.kind not in ABOUT_PRICES:
            return super()._run_venue(command)
        if command.instrument not in self.clocks:
            return Refusal.UNKNOWN_INSTRUMENT
        if command.kind == CommandKind.INDEX:
            return self._hear(command)
        if command.kind == CommandKind.TICK:
            return self._tick(command.instrument)
        return self._fix_rate(command)

    def _rest(self) -> None:
        if self.to_pay:
            self._pay_funding(*self.to_pay)
            self.to_pay = None
        super()._rest()

    # ---- members and index

    def _hear(self, c: Command) -> Refusal:
        """A member says a price, or is frozen at one; without one, at the one it has."""
        members, found = self.clocks[c.instrument].members, []
        is_known = 0 < c.client_id <= len(members)
        price = c.price_ticks
        if price == 0 and c.traits == 1:
            price = members[c.client_id - 1].price if is_known else 1
        if c.traits > 1:
            found.append(Refusal.BAD_FLAGS)
        if not 0 < price <= self.terms[c.instrument].highest_ticks:
            found.append(Refusal.BAD_PRICE)
        if not is_known:
            found.append(Refusal.BAD_CLIENT_ID)
        if found:
            return min(found)
        member = members[c.client_id - 1]
        was = (member.price, member.state)
        member.price, member.seen, member.is_frozen = price, self.now, c.traits == 1
        if member.is_frozen:
            member.state = FeedState.FROZEN
        elif member.state != FeedState.OUTLIER:  # that it is none any more is seen at the tick
            member.state = FeedState.LIVE
        if was != (member.price, member.state):
            self._say_member(c.instrument, member)
        return Refusal.NONE

    def _say_member(self, number: int, member: Member) -> None:
        at = next(at for at, one in enumerate(self.clocks[number].members, 1) if one is member)
        self._row(
            Kind.MEMBER, venue=self.terms[number].venue, instrument=number, order=at, price=member.price or -1,
            code=member.state,
        )  # fmt: skip

    def _is_stale(self, number: int, member: Member) -> bool:
        oldest = int(Fraction(self.pricing[number].terms.oldest_seconds) * 10**9)
        return oldest > 0 and not member.is_frozen and self.now - member.seen > oldest

    def _tick(self, number: int) -> Refusal:
        """The index out of its fresh members, the mark of that, and one premium."""
        clock = self.clocks[number]
        fresh = [one for one in clock.members if one.price and one.weight and not self._is_stale(number, one)]
        if not fresh and clock.index == 0:
            return Refusal.NO_REFERENCE_PRICE
        for member in clock.members:
            state = self._state_of(number, member, fresh)
            if state != member.state:
                member.state = state
                self._say_member(number, member)
        index = self._index_of(number, fresh) if fresh else clock.index
        if index != clock.index:
            clock.index = index
            self.cause = self._row(Kind.INDEX, venue=self.terms[number].venue, instrument=number, price=index)
        self._look_at_book(number)
        mark, room = self._mark_of(number), self._room(index, self.pricing[number].terms.mark_band)
        if room is not None:
            mark = max(index - room, min(mark, index + room))
        mark = max(1, min(mark, self.terms[number].highest_ticks))
        if mark != self.mark[number]:
            self.mark[number] = mark
            self.cause = self._row(Kind.MARK, venue=self.terms[number].venue, instrument=number, price=mark)
            self._mark_moved(number)
        self._sample(number)
        return Refusal.NONE

    @staticmethod
    def _room(price: int, band: Exact) -> int | None:
        """How far from a price a band reaches; None where there is no band."""
        return to_nearest(Fraction(price * parts(band), RATE_ONE)) if parts(band) else None

    def _state_of(self, number: int, member: Member, fresh: list[Member]) -> FeedState:
        """How a tick takes a member; only a mean pulls outliers in, for a median they are as good as any other."""
        terms = self.pricing[number].terms
        if member.price == 0:
            return FeedState.ABSENT
        if self._is_stale(number, member):
            return FeedState.STALE
        pulls = bool(fresh) and terms.index_form == IndexForm.WEIGHTED_MEAN
        if pulls and self._pulled(number, member, fresh) != member.price:
            return FeedState.OUTLIER
        return FeedState.FROZEN if member.is_frozen else FeedState.LIVE

    def _pulled(self, number: int, member: Member, fresh: list[Member]) -> int:
        """A member's price, or the edge of the band around the middle where it stands outside."""
        middle = self._median(fresh)
        room = self._room(middle, self.pricing[number].terms.outlier_band)
        return member.price if room is None else max(middle - room, min(member.price, middle + room))

    def _index_of(self, number: int, fresh: list[Member]) -> int:
        """The middle by weight, or the mean by weight of what is within the band."""
        if self.pricing[number].terms.index_form == IndexForm.WEIGHTED_MEDIAN:
            return self._median(fresh)
        whole = sum(one.weight for one in fresh)
        return to_nearest(Fraction(sum(self._pulled(number, one, fresh) * one.weight for one in fresh), whole))

    @staticmethod
    def _median(fresh: list[Member]) -> int:
        """The price up to which half of the weight lies, by weight."""
        whole = sum(one.weight for one in fresh)
        prices = sorted({one.price for one in fresh})
        below = {price: sum(one.weight for one in fresh if one.price <= price) for price in prices}
        middle = min(price for price in prices if 2 * below[price] >= whole)
        if 2 * below[middle] > whole:
            return middle
        return to_nearest(Fraction(middle + min(price for price in prices if price > middle), 2))

    # ---- mark

    def _book_middle(self, number: int) -> int | None:
        """The middle one of best bid, best ask and last trade; None while a side is empty."""
        bid, ask = (self.books[number].best(side) for side in (Side.BUY, Side.SELL))
        if bid is None or ask is None:
            return None
        return sorted((bid, ask, self.last[number] or self.clocks[number].index))[1]

    def _look_at_book(self, number: int) -> None:
        """One step of two averages: of the best prices' middle less the index, and of the book's own middle."""
        clock, terms, book = self.clocks[number], self.pricing[number].terms, self._book_middle(number)
        if book is None:
            return
        bid, ask = (self.books[number].best(side) or 0 for side in (Side.BUY, Side.SELL))
        basis = int((Fraction(bid + ask, 2) - clock.index) * PART)
        if clock.basis is None:
            clock.basis, clock.book = basis, book * PART
            return
        clock.basis += to_nearest((basis - clock.basis) * Fraction(parts(terms.basis_weight), RATE_ONE))
        clock.book += to_nearest((book * PART - clock.book) * Fraction(parts(terms.book_weight), RATE_ONE))

    def _mark_of(self, number: int) -> int:
        """The mark by the instrument's form, before any band."""
        clock, form = self.clocks[number], self.pricing[number].terms.mark_form
        with_basis = clock.index + to_nearest(Fraction(clock.basis or 0, PART))
        if form == MarkForm.ORACLE:
            return clock.index
        if form == MarkForm.INDEX_PLUS_BASIS:
            return with_basis
        if form == MarkForm.ORACLE_MEDIAN_EMA:
            book = self._book_middle(number)
            if book is None:
                return with_basis
            return sorted((with_basis, book, to_nearest(Fraction(clock.book, PART))))[1]
        if form == MarkForm.MEDIAN_FUNDING_BASIS_LAST:
            return sorted((self._with_funding(number), with_basis, self.last[number] or clock.index))[1]
        return self._with_funding(number)

    def _with_funding(self, number: int) -> int:
        """The index with the funding that is still to come."""
        clock, interval = self.clocks[number], self.pricing[number].terms.interval_hours * HOUR_NS
        if interval == 0:
            return clock.index
        left = max(0, min(clock.next_funding - self.now, interval))
        whole = to_nearest(Fraction(clock.index * clock.rate, RATE_ONE))
        return clock.index + to_nearest(Fraction(whole * left, interval))

    # ---- premium and rate

    def _impact(self, number: int, side: Side) -> int:
        """Average price of an order of the impact size against what shows on a side; the index where it cannot fill."""
        one, terms, levels = self.pricing[number], self.terms[number], self.books[number].sides[side]
        left, lots, paid = one.impact_units or max(1, one.impact_lots), 0, 0
        for price in sorted(levels, reverse=side == Side.BUY):
            shown = sum(order.shown for order in levels[price])
            here = worth(terms, shown, price) if one.impact_units else shown
            taken = shown if here < left else ceil(Fraction(shown * left, here))
            left -= here
            lots, paid = lots + taken, paid + worth(terms, taken, price)
            if left <= 0:
                if terms.form == Form.INVERSE:
                    return to_nearest(Fraction(lots * terms.factor, max(1, paid)))
                return to_nearest(Fraction(paid, lots * terms.factor))
        return self.clocks[number].index

    def _sample(self, number: int) -> None:
        """How far the book stands beyond the index."""
        clock = self.clocks[number]
        index, bid, ask = clock.index, self._impact(number, Side.BUY), self._impact(number, Side.SELL)
        beyond = Fraction(max(0, bid - index) - max(0, index - ask))
        if self.pricing[number].terms.takes_middle:
            beyond = Fraction(bid + ask, 2) - index
        clock.last_premium = limited(to_nearest(beyond * RATE_ONE / index), LARGEST_PREMIUM)
        clock.premiums.append(clock.last_premium)
        units = to_nearest(Fraction(clock.last_premium * JOURNAL_RATE, RATE_ONE))
        self._row(Kind.PREMIUM, venue=self.terms[number].venue, instrument=number, units=units)

    def _average(self, number: int) -> int:
        clock, sampling = self.clocks[number], self.pricing[number].terms.sampling
        if sampling == Sampling.SNAPSHOT or not clock.premiums:
            return clock.last_premium
        weights = [1] * len(clock.premiums)
        if sampling == Sampling.RISING:
            weights = [*range(1, len(weights) + 1)]
        weighted = sum(weight * premium for weight, premium in zip(weights, clock.premiums, strict=True))
        return to_nearest(Fraction(weighted, sum(weights)))

    def _rate_of(self, number: int) -> int:
        terms, premium = self.pricing[number].terms, self._average(number)
        part = Fraction(terms.interval_hours or 8, 8)
        interest, band = parts(terms.interest), parts(terms.dead_band)
        if terms.funding_form == FundingForm.CLAMPED_PREMIUM:
            rate = to_nearest((premium + limited(interest - premium, parts(terms.clamp))) * part)
        elif terms.funding_form == FundingForm.DEAD_BAND:
            rate = premium - limited(premium, band)
        elif terms.funding_form == FundingForm.LEGACY_CLAMP:
            rate = premium - interest
        else:
            rate = to_nearest(premium * part)
        return limited(rate, parts(terms.cap)) if parts(terms.cap) else rate

    def _fix_rate(self, c: Command) -> Refusal:
        """The funding instant: the rate is fixed or told, and all positions pay this one or the one before."""
        number, is_told = c.instrument, c.traits == 1
        clock, terms = self.clocks[number], self.pricing[number].terms
        if c.traits > 1 or (is_told and terms.interval_hours == 0):
            return Refusal.BAD_FLAGS
        if is_told and abs(c.lots) > RATE_ONE:
            return Refusal.SIZE_TOO_LARGE
        is_on_index = terms.pays_on_index or terms.interval_hours == 0
        price = clock.index if is_on_index else self.mark[number]
        if price == 0 or clock.index == 0:
            return Refusal.NO_REFERENCE_PRICE
        rate = c.lots if is_told else self._rate_of(number)
        paid, clock.rate, clock.premiums = (clock.rate if terms.pays_before and not is_told else rate), rate, []
        minutes = self._turn_clock(number)
        row = self._row(
            Kind.FUNDING_RATE, venue=self.terms[number].venue, instrument=number, price=price,
            units=to_nearest(Fraction(rate * JOURNAL_RATE, RATE_ONE)),
        )  # fmt: skip
        if paid and (terms.interval_hours or minutes):
            share = Fraction(minutes, 480) if terms.interval_hours == 0 else Fraction(1)
            self.to_pay = (number, row, price, paid * share)
        return Refusal.NONE

    def _turn_clock(self, number: int) -> int:
        """The next instant lies ahead; where funding accrues, the whole minutes since the last."""
        clock, interval = self.clocks[number], self.pricing[number].terms.interval_hours * HOUR_NS
        if interval == 0:
            minutes = (self.now - clock.paid_until) // MINUTE_NS
            clock.paid_until += minutes * MINUTE_NS
            return minutes
        while clock.next_funding <= self.now:
            clock.next_funding += interval
        return 0

    def _pay_funding(self, number: int, row: int, price: int, rate: Fraction) -> None:
        """Longs pay a positive rate of their worth, shorts receive it."""
        self.cause, self.mechanism = row, Mechanism.FUNDING
        clearing: BalanceKey = (self.purses[self.terms[number].venue, "clearing"], self.terms[number].asset, None)
        for key, position in self.positions.items():
            if key[1] == number and position.lots:
                now = worth(self.terms[number], position.lots, price)
                paid = ceil((now if position.lots > 0 else -now) * rate / RATE_ONE)
                if paid:
                    self.left_by_funding[number] += paid
                    self._pay(
                        Kind.FUNDING, self.behind[key], clearing, -paid, instrument=number, price=price,
                        lots=position.lots,
                    )  # fmt: skip
        self.cause = row
        self._mark_moved(number)
