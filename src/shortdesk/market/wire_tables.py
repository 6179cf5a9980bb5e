"""The rows of the wire: links with their latency, and the queue of messages that are under way."""

from __future__ import annotations

from shortdesk.market.row_type import row_type

__all__ = ["INBOX", "LINK"]


LINK = row_type(
    ("base_ns", "<i8"),  # what every message takes at least
    ("jitter_ns", "<i8"),  # mean of what is drawn on top
    ("extra_ns", "<i8"),  # delay at present: what DELAY commands set
    ("last_ns", "<i8"),  # arrival of the last message sent, which later ones do not overtake
    ("sent", "<i8"),  # messages sent so far: the counter of the draws
    ("seed", "<i8"),  # key of the draws, with the next
    ("agent", "<i8"),
)
"""One way from a sender to a venue, or from a price's source to its instrument."""

INBOX = row_type(
    ("arrives_ns", "<i8"),
    ("sent_ns", "<i8"),
    ("seq", "<i8"),  # number of the message in the order of sending
    ("venue", "<i4"),  # 0: the market as a whole
    ("slot", "<i4"),  # the row of MESSAGES with the command; beyond the queue: a free one
)
"""One place of the queue, a binary heap from row 1 on: row k is before rows 2k and 2k + 1."""
