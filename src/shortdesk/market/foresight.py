"""What the next commands will look at is asked of the memory early, so that nobody waits for it when its turn comes.

Among many accounts nearly every row that a message looks at is far away, and each leads to the next: the account to its
leg, the leg to its balance and its orders. A table of commands says what is coming, so each step of that way is asked
for some commands ahead. Nothing is decided here and nothing is written; a wrong guess costs a little time.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.market.accounts import has_account, leg_bucket
from shortdesk.market.book import bucket_of, client_bucket, crosses
from shortdesk.market.command import CommandKind
from shortdesk.market.ladder import ladder_number
from shortdesk.market.ledger import balance_bucket
from shortdesk.market.tables import (
    ACCOUNT,
    BALANCE,
    BUCKET,
    LEG,
    ORDER,
    Shelf,
    account_at,
    expect_row,
    front_at,
    instrument_at,
    leg_at,
    level_at,
    order_at,
    row_at,
    shelf_at,
)

__all__ = ["FORESIGHT", "foresee", "is_wide"]

FORESIGHT = 32
"""So many commands ahead the first row is asked for."""
_LEG_AHEAD, _BALANCE_AHEAD, _ORDER_AHEAD, _NEIGHBOURS_AHEAD = 23, 15, 8, 3
_NEAR_ROWS = 8_192
"""So many orders stay near by themselves; an account counts for sixteen, since its rows lie far apart."""


@rule(inline=True)
def is_wide(w: Any) -> bool:
    """Whether there is so much that it pays to look ahead; to look costs some 15 ns a message."""
    return bool(shelf_at(w, Shelf.ACCOUNTS).used * 16 + shelf_at(w, Shelf.ORDERS).live > _NEAR_ROWS)


@rule(inline=True)
def foresee(w: Any, commands: Any, at: int) -> None:
    """Ask for what commands behind ``at`` need, each for the next step of its way; there are ``FORESIGHT`` more."""
    expect_row(w, Shelf.ACCOUNTS, commands[at + FORESIGHT].account, ACCOUNT)
    _expect_leg(w, commands[at + _LEG_AHEAD])
    _expect_balance(w, commands[at + _BALANCE_AHEAD])
    expect_row(w, Shelf.ORDERS, _likely_order(w, commands[at + _ORDER_AHEAD]), ORDER)
    expect_row(w, Shelf.LEGS, _likely_maker(w, commands[at + _ORDER_AHEAD]), LEG)
    _expect_neighbours(w, commands[at + _NEIGHBOURS_AHEAD])


@rule(inline=True)
def _expect_leg(w: Any, command: Any) -> None:
    """The sender's leg; of a sender without one, where it will be looked for in vain, and where its wallet is found."""
    leg = _likely_leg(w, command)
    if leg != 0:
        expect_row(w, Shelf.LEGS, leg, LEG)
    elif _has_instrument(w, command):
        expect_row(w, Shelf.LEG_BUCKETS, leg_bucket(w, command.account, command.instrument, 0), BUCKET)
        expect_row(w, Shelf.BALANCE_BUCKETS, _wallet_bucket(w, command), BUCKET)


@rule(inline=True)
def _expect_balance(w: Any, command: Any) -> None:
    """The balance behind the sender's leg, and the bucket of the order that the command names."""
    leg = _likely_leg(w, command)
    balance = leg_at(w, leg).balance
    if leg == 0 and _has_instrument(w, command):
        balance = row_at(w, Shelf.BALANCE_BUCKETS, _wallet_bucket(w, command), BUCKET).first
    expect_row(w, Shelf.BALANCES, balance, BALANCE)
    expect_row(w, Shelf.ORDER_BUCKETS, client_bucket(w, leg, command.client_id), BUCKET)


@rule(inline=True)
def _expect_neighbours(w: Any, command: Any) -> None:
    """The orders before and behind one that may leave its queue, and the balance of whom an order would meet."""
    order = order_at(w, _likely_order(w, command))
    expect_row(w, Shelf.ORDERS, order.prev, ORDER)
    expect_row(w, Shelf.ORDERS, order.next, ORDER)
    expect_row(w, Shelf.BALANCES, leg_at(w, _likely_maker(w, command)).balance, BALANCE)


@rule(inline=True)
def _has_instrument(w: Any, command: Any) -> bool:
    return bool(0 < command.instrument <= shelf_at(w, Shelf.INSTRUMENTS).used)


@rule(inline=True)
def _likely_leg(w: Any, command: Any) -> int:
    """The newest leg of the sender: for most the only one. 0 where there is none."""
    return int(account_at(w, command.account).first_leg) if has_account(w, command.account) else 0


@rule(inline=True)
def _likely_order(w: Any, command: Any) -> int:
    """The newest order in the bucket of the command's: almost always the one it is about, if there is one."""
    return int(bucket_of(w, _likely_leg(w, command), command.client_id).first)


@rule(inline=True)
def _likely_maker(w: Any, command: Any) -> int:
    """The leg whose order stands first where an order would trade, as the book is now; else 0."""
    if command.kind != CommandKind.PLACE or not _has_instrument(w, command):
        return 0
    front = front_at(w, ladder_number(command.instrument, (command.side & 1) ^ 1))
    if front.level == 0 or not crosses(command.side, command.price_ticks, front.ticks):
        return 0
    return int(order_at(w, level_at(w, front.level).head).leg)


@rule(inline=True)
def _wallet_bucket(w: Any, command: Any) -> int:
    return int(balance_bucket(w, command.account, instrument_at(w, command.instrument).settle_asset, 0))
