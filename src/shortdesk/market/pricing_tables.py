"""The rows of prices: members of an index, and how an instrument's index, mark and funding are formed."""

from __future__ import annotations

from shortdesk.market.row_type import row_type

__all__ = ["MEMBER", "PRICING"]


MEMBER = row_type(
    ("price_ticks", "<i8"),  # 0 before its first price
    ("weight", "<i8"),
    ("seen_ns", "<i8"),  # when it last said something
    ("age_ns", "<i8"),  # at the last tick of the venue's clock
    ("instrument", "<i4"),
    ("state", "<u1"),  # FeedState at the last tick
    ("is_frozen", "<u1"),  # its price stands still, and the venue does not notice
)
"""One source of an index. The members of an instrument lie next to each other."""

PRICING = row_type(
    ("index_ticks", "<i8"),  # 0 before the first
    ("oldest_ns", "<i8"),  # older members are stale; 0 for never
    ("outlier_band", "<i8"),  # how far a member may stand from the middle; 0 for anywhere
    ("basis_fine", "<i8"),  # average of book less index, in parts of a tick
    ("basis_weight", "<i8"),  # of one tick of the clock in that average
    ("book_fine", "<i8"),  # average of the book's own middle, in parts of a tick
    ("book_weight", "<i8"),
    ("mark_band", "<i8"),  # how far the mark may stand from the index; 0 for anywhere
    ("interest", "<i8"),  # with the next three: rates of the funding form
    ("clamp", "<i8"),
    ("dead_band", "<i8"),
    ("cap", "<i8"),
    ("interval_ns", "<i8"),  # 0: funding accrues from minute to minute
    ("rate_one", "<i8"),  # all rates, bands and weights of averages are out of this
    ("next_funding_ns", "<i8"),
    ("paid_until_ns", "<i8"),  # where funding accrues: up to when it is paid
    ("premium_sum", "<i8"),  # over the samples; where they rise, weighted by their number
    ("premium_last", "<i8"),
    ("samples", "<i8"),
    ("rate", "<i8"),  # fixed last
    ("paid_rate", "<i8"),  # of the payment under way
    ("paid_ticks", "<i8"),  # at which it values positions
    ("paid_minutes", "<i8"),  # that it is for, where funding accrues
    ("rate_row", "<i8"),  # the journal row that fixed it
    ("impact_lots", "<i8"),  # size of the order whose average price is sampled
    ("impact_units", "<i8"),  # or its worth
    ("first_member", "<i4"),
    ("member_count", "<i4"),
    ("is_priced", "<u1"),  # the instrument has a clock of its own
    ("has_basis", "<u1"),
    ("mark_form", "<u1"),  # MarkForm
    ("index_form", "<u1"),  # IndexForm
    ("funding_form", "<u1"),  # FundingForm
    ("sampling", "<u1"),  # Sampling
    ("takes_middle", "<u1"),  # the premium is that of the impact prices' middle
    ("pays_before", "<u1"),  # an instant pays the rate that the instant before fixed
    ("pays_on_index", "<u1"),  # positions are valued at the index
)
"""How one instrument's prices and funding are formed, and how far that is; row k is instrument k's."""
