"""Opening the wire: links with their latency, and who sends over them."""

from __future__ import annotations

from shortdesk.ground.errors import UsageError
from shortdesk.market.open_market import take_row_of
from shortdesk.market.tables import Shelf, account_at, instrument_at
from shortdesk.market.wire import MOST_DELAY_NS, link_at
from shortdesk.market.world import World

__all__ = ["open_link", "set_feed", "set_link"]


def open_link(world: World, *, seed: int, agent: int, base_ns: int, jitter_ns: int = 0, extra_ns: int = 0) -> int:
    """A new link: messages take ``base_ns`` + ``extra_ns`` and an exponential of mean ``jitter_ns``.

    ``seed`` and ``agent`` are the key of its draws (``ground.draw``); two links with the same key draw the same.

    Raises:
        UsageError: a time or a key out of range.
    """
    for name, value in (("base_ns", base_ns), ("jitter_ns", jitter_ns), ("extra_ns", extra_ns)):
        if not 0 <= value <= MOST_DELAY_NS:
            raise UsageError(f"{name} of a link is {value}; expected 0 to {MOST_DELAY_NS}")
    for name, value in (("seed", seed), ("agent", agent)):
        if not 0 <= value < 1 << 63:
            raise UsageError(f"{name} of a link is {value}; expected 0 to {(1 << 63) - 1}")
    at = take_row_of(world, Shelf.LINKS)
    row = link_at(world.block, at)
    row.seed, row.agent = seed, agent
    row.base_ns, row.jitter_ns, row.extra_ns = base_ns, jitter_ns, extra_ns
    return at


def set_link(world: World, account: int, link: int) -> None:
    """The account's commands go over this link from now on; 0: they arrive at once. Several accounts may share one."""
    account_at(world.block, account).link = link


def set_feed(world: World, instrument: int, link: int) -> None:
    """The instrument's marks and index prices come over this link from now on; 0: at once."""
    instrument_at(world.block, instrument).link = link
