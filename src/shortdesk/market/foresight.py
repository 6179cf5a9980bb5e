"""What the next commands will look at is asked of the memory early, so that nobody waits for it when its turn comes.

Among many accounts nearly every row that a message looks at is far away, and each leads to the next: the account to its
leg, the leg to its balance and orders. A table of commands says what is coming, so each step of that way is asked for a
few commands ahead. Nothing is decided here and nothing is written; a wrong guess costs a little time.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import interpreted, rule
from shortdesk.market.accounts import has_account
from shortdesk.market.book import bucket_of, client_bucket
from shortdesk.market.tables import (
    ACCOUNT,
    BALANCE,
    BUCKET,
    LEG,
    ORDER,
    Shelf,
    account_at,
    expect_row,
    leg_at,
    order_at,
)

__all__ = ["FORESIGHT", "foresee"]

FORESIGHT = 12
"""So many commands ahead the first row is asked for."""
_LEG_AHEAD, _BUCKET_AHEAD, _ORDER_AHEAD, _NEIGHBOURS_AHEAD = 8, 5, 3, 1
_IS_COMPILED = not interpreted()


@rule(inline=True)
def foresee(w: Any, commands: Any, at: int) -> None:
    """Ask for what the commands behind ``at`` need, each for the next step of its way; there are ``FORESIGHT`` more."""
    if not _IS_COMPILED:
        return
    expect_row(w, Shelf.ACCOUNTS, commands[at + FORESIGHT].account, ACCOUNT)
    expect_row(w, Shelf.LEGS, _likely_leg(w, commands[at + _LEG_AHEAD]), LEG)
    later = commands[at + _BUCKET_AHEAD]
    leg = _likely_leg(w, later)
    expect_row(w, Shelf.BALANCES, leg_at(w, leg).balance, BALANCE)
    expect_row(w, Shelf.ORDER_BUCKETS, client_bucket(w, leg, later.client_id), BUCKET)
    later = commands[at + _ORDER_AHEAD]
    expect_row(w, Shelf.ORDERS, _likely_order(w, later), ORDER)
    order = order_at(w, _likely_order(w, commands[at + _NEIGHBOURS_AHEAD]))
    expect_row(w, Shelf.ORDERS, order.prev, ORDER)
    expect_row(w, Shelf.ORDERS, order.next, ORDER)


@rule(inline=True)
def _likely_leg(w: Any, command: Any) -> int:
    """The newest leg of the sender: for most the only one."""
    return int(account_at(w, command.account).first_leg) if has_account(w, command.account) else 0


@rule(inline=True)
def _likely_order(w: Any, command: Any) -> int:
    """The newest order in the bucket of the command's: almost always the one it is about, if there is one."""
    return int(bucket_of(w, _likely_leg(w, command), command.client_id).first)
