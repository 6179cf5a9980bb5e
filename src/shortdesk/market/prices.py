"""Index and mark on the venue's clock: members say prices, a tick makes an index of them and a mark of that.

The formulas are those of ``margin.mark``; here stands only what they are asked with. Every command returns a Refusal;
what is refused changes nothing.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.exact import clamp, median3, mul_div_nearest
from shortdesk.ground.kinds import FeedState, Kind
from shortdesk.ground.order import Refusal
from shortdesk.margin.mark import (
    IndexForm,
    MarkForm,
    fair_mark,
    index_ticks,
    mark_within_band,
    median_mark,
    moving_average,
)
from shortdesk.market.entry import mark_moved
from shortdesk.market.ladder import Ladder, ladder_number
from shortdesk.market.note import Detail, note_apart
from shortdesk.market.pricing_tables import MEMBER, PRICING
from shortdesk.market.tables import Shelf, clock_of, front_at, instrument_at, row_at, shelf_at

__all__ = [
    "PART",
    "make_prices",
    "member_at",
    "pricing_at",
    "pricing_refusal",
    "set_member",
]

PART = 1 << 16
"""Averages of prices are kept in parts of a tick: so many are one."""
_NEVER_STALE = 1 << 62


@rule
def pricing_at(w: Any, instrument: int) -> Any:
    """How an instrument's prices are formed."""
    return row_at(w, Shelf.PRICING, instrument, PRICING)


@rule
def member_at(w: Any, at: int) -> Any:
    """A member of an index."""
    return row_at(w, Shelf.MEMBERS, at, MEMBER)


@rule
def pricing_refusal(w: Any, number: int) -> int:
    """Whether the instrument exists and has a clock of its own."""
    if not 0 < number <= shelf_at(w, Shelf.INSTRUMENTS).used or pricing_at(w, number).is_priced == 0:
        return Refusal.UNKNOWN_INSTRUMENT
    return Refusal.NONE


@rule
def set_member(w: Any, command: Any) -> int:
    """Member ``client_id``, from 1, of the instrument's index says ``price_ticks``.

    With ``traits`` 1 it is frozen: it stands still at that price (0: at the one it has) and does not grow old, until it
    speaks again with ``traits`` 0.
    """
    number = command.instrument
    refusal = pricing_refusal(w, number)
    if refusal != Refusal.NONE:
        return refusal
    pricing = pricing_at(w, number)
    is_member = 0 < command.client_id <= pricing.member_count
    at = pricing.first_member + command.client_id - 1 if is_member else 0
    member = member_at(w, at)
    if command.traits > 1:
        return Refusal.BAD_FLAGS
    ticks = command.price_ticks
    if ticks == 0 and command.traits == 1:
        ticks = member.price_ticks if is_member else 1
    if ticks <= 0 or ticks > instrument_at(w, number).highest_ticks:
        return Refusal.BAD_PRICE
    if not is_member:
        return Refusal.BAD_CLIENT_ID
    state = FeedState.OUTLIER.value if member.state == FeedState.OUTLIER else FeedState.LIVE.value
    if command.traits == 1:
        state = FeedState.FROZEN.value
    is_news = ticks != member.price_ticks or state != member.state
    member.price_ticks = ticks
    member.seen_ns = clock_of(w).now_ns
    member.is_frozen = command.traits
    member.state = state
    if is_news:
        _note_member(w, at)
    return Refusal.NONE


@rule
def _note_member(w: Any, at: int) -> None:
    member = member_at(w, at)
    note_apart(
        w,
        Detail.MONEY,
        Kind.MEMBER,
        venue=instrument_at(w, member.instrument).venue,
        instrument=member.instrument,
        order=at - pricing_at(w, member.instrument).first_member + 1,
        price=member.price_ticks if member.price_ticks != 0 else -1,
        code=member.state,
    )


@rule
def _oldest(pricing: Any) -> int:
    return int(pricing.oldest_ns) if pricing.oldest_ns != 0 else _NEVER_STALE


@rule
def _age(w: Any, at: int, oldest: int) -> int:
    """Nanoseconds since a member spoke; more than ``oldest`` for one that never did, 0 for one that is frozen."""
    member = member_at(w, at)
    if member.price_ticks == 0:
        return oldest + 1
    return 0 if member.is_frozen else int(clock_of(w).now_ns - member.seen_ns)


@rule
def _members_say(w: Any, number: int, form: int) -> int:
    """What the members' last prices make by one form; their ages have been written."""
    pricing = pricing_at(w, number)
    place = shelf_at(w, Shelf.MEMBERS)
    first = pricing.first_member
    members = w[place.start : place.end].view(MEMBER)[first : first + pricing.member_count]
    return index_ticks(
        members["price_ticks"],
        members["weight"],
        members["age_ns"],
        pricing.member_count,
        _oldest(pricing),
        form,
        pricing.outlier_band,
        pricing.rate_one,
    )


@rule
def _make_index(w: Any, number: int) -> int:
    """A new index where a member is fresh, else the one there was; NO_REFERENCE_PRICE where there was none."""
    pricing = pricing_at(w, number)
    oldest = _oldest(pricing)
    end = pricing.first_member + pricing.member_count
    fresh = 0
    for at in range(pricing.first_member, end):
        if _age(w, at, oldest) <= oldest and member_at(w, at).weight > 0:
            fresh += 1
    if fresh == 0 and pricing.index_ticks == 0:
        return Refusal.NO_REFERENCE_PRICE
    for at in range(pricing.first_member, end):
        member_at(w, at).age_ns = _age(w, at, oldest)
    middle = _members_say(w, number, IndexForm.WEIGHTED_MEDIAN)
    for at in range(pricing.first_member, end):
        state = _state_of(w, at, middle, oldest)
        if state != member_at(w, at).state:
            member_at(w, at).state = state
            _note_member(w, at)
    ticks = _members_say(w, number, pricing.index_form)
    if ticks != 0 and ticks != pricing.index_ticks:
        pricing.index_ticks = ticks
        clock_of(w).cause = note_apart(
            w, Detail.MONEY, Kind.INDEX, venue=instrument_at(w, number).venue, instrument=number, price=ticks
        )
    return Refusal.NONE


@rule
def _state_of(w: Any, at: int, middle: int, oldest: int) -> int:
    """How the index takes a member at this tick; where no member is fresh there is no middle to stand far from."""
    member = member_at(w, at)
    pricing = pricing_at(w, member.instrument)
    if member.price_ticks == 0:
        return FeedState.ABSENT
    if member.age_ns > oldest:
        return FeedState.STALE
    pulls = middle != 0 and pricing.index_form == IndexForm.WEIGHTED_MEAN
    if pulls and (
        mark_within_band(member.price_ticks, middle, pricing.outlier_band, pricing.rate_one) != member.price_ticks
    ):
        return FeedState.OUTLIER
    return FeedState.FROZEN if member.is_frozen else FeedState.LIVE


@rule
def make_prices(w: Any, number: int) -> int:
    """One tick of the venue's clock: the index out of its members, averages one step on, and the mark."""
    refusal = pricing_refusal(w, number)
    if refusal == Refusal.NONE:
        refusal = _make_index(w, number)
    if refusal != Refusal.NONE:
        return refusal
    _step_averages(w, number)
    instrument = instrument_at(w, number)
    pricing = pricing_at(w, number)
    ticks = mark_within_band(_mark_by_form(w, number), pricing.index_ticks, pricing.mark_band, pricing.rate_one)
    ticks = clamp(ticks, 1, instrument.highest_ticks)
    if ticks != instrument.mark_ticks:
        instrument.mark_ticks = ticks
        clock_of(w).cause = note_apart(
            w, Detail.MONEY, Kind.MARK, venue=instrument.venue, instrument=number, price=ticks
        )
        mark_moved(w, number)
    return Refusal.NONE


@rule
def _last(w: Any, number: int) -> int:
    """The last trade; before the first the index."""
    instrument = instrument_at(w, number)
    return int(instrument.last_ticks) if instrument.last_ticks != 0 else int(pricing_at(w, number).index_ticks)


@rule
def _step_averages(w: Any, number: int) -> None:
    """One step of the averages: middle of the best prices less index, and middle of bid, ask and last.

    While a side of the book is empty they stand still.
    """
    pricing = pricing_at(w, number)
    bid = front_at(w, ladder_number(number, Ladder.BIDS))
    ask = front_at(w, ladder_number(number, Ladder.ASKS))
    if bid.level == 0 or ask.level == 0:
        return
    basis = mul_div_nearest(bid.ticks + ask.ticks - 2 * pricing.index_ticks, PART, 2)
    book = median3(int(bid.ticks), int(ask.ticks), _last(w, number)) * PART
    if pricing.has_basis == 0:
        pricing.has_basis = 1
        pricing.basis_fine = basis
        pricing.book_fine = book
        return
    pricing.basis_fine = moving_average(pricing.basis_fine, basis, pricing.basis_weight, pricing.rate_one)
    pricing.book_fine = moving_average(pricing.book_fine, book, pricing.book_weight, pricing.rate_one)


@rule
def _mark_by_form(w: Any, number: int) -> int:
    pricing = pricing_at(w, number)
    index = int(pricing.index_ticks)
    form = pricing.mark_form
    basis = mul_div_nearest(pricing.basis_fine, 1, PART)
    interval = max(1, int(pricing.interval_ns))
    left = clamp(int(pricing.next_funding_ns - clock_of(w).now_ns), 0, int(pricing.interval_ns))
    if form == MarkForm.MEDIAN_FUNDING_BASIS_LAST:
        return median_mark(index, pricing.rate, pricing.rate_one, left, interval, basis, _last(w, number))
    if form == MarkForm.INDEX_PLUS_BASIS:
        return index + basis
    if form == MarkForm.FAIR_FUNDING_BASIS:
        return fair_mark(index, pricing.rate, pricing.rate_one, left, interval)
    if form == MarkForm.ORACLE_MEDIAN_EMA:
        return _oracle_median(w, number, index, basis)
    return index


@rule
def _oracle_median(w: Any, number: int, index: int, basis: int) -> int:
    """The middle of oracle plus basis, the book's own middle, and its average in place of other venues' perps."""
    pricing = pricing_at(w, number)
    bid = front_at(w, ladder_number(number, Ladder.BIDS))
    ask = front_at(w, ladder_number(number, Ladder.ASKS))
    if pricing.has_basis == 0 or bid.level == 0 or ask.level == 0:
        return index + basis
    book = median3(int(bid.ticks), int(ask.ticks), _last(w, number))
    return median3(index + basis, book, mul_div_nearest(pricing.book_fine, 1, PART))
