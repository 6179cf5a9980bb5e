"""What an agent's account can spend, and how money is carried from one venue to another.

A withdrawal leaves at once, as a venue books it when it is asked for; what was withdrawn is under way for as long as
the agent says and is then booked at the other venue. Both go through the market's own rules, so a venue that is down
or a balance that is needed says no, and no unit is made or lost on the way: while it is under way it stands with nobody
but the agent's row, between a WITHDRAWAL and a DEPOSIT.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.order import Refusal
from shortdesk.market.command import CommandKind
from shortdesk.market.errands import deposit
from shortdesk.market.ledger import find_balance
from shortdesk.market.margin_check import spare_units
from shortdesk.market.tables import account_at, balance_at, clock_of, instrument_at, venue_at
from shortdesk.market.wire import link_at
from shortdesk.stage.parts import agent_at, grid_at
from shortdesk.stage.pen import begin

__all__ = ["base_unit", "carry_in", "carry_out", "fee_part", "has_word_under_way", "is_closed", "spare_of", "units_of"]


@rule
def units_of(w: Any, account: int, asset: int) -> int:
    """What stands in the account's wallet of an asset."""
    at = find_balance(w, account, asset, 0)
    return int(balance_at(w, at).units) if at != 0 else 0


@rule
def spare_of(w: Any, account: int, asset: int) -> int:
    """What of it neither margins nor standing orders need; at least 0."""
    at = find_balance(w, account, asset, 0)
    return max(0, int(spare_units(w, at))) if at != 0 else 0


@rule
def fee_part(w: Any, number: int) -> float:
    """The taker's fee as a part of what is traded."""
    instrument = instrument_at(w, number)
    return float(instrument.taker_rate) / float(venue_at(w, instrument.venue).fee_one)


@rule
def base_unit(w: Any, s: Any, number: int) -> float:
    """A smallest unit of a spot pair's base asset, in the base."""
    return float(grid_at(s, number).lot) / float(instrument_at(w, number).base_units)


@rule
def has_word_under_way(w: Any, account: int) -> bool:
    """Whether something that the account sent has not arrived yet."""
    link = int(account_at(w, account).link)
    return bool(link != 0 and link_at(w, link).last_ns >= clock_of(w).now_ns)


@rule
def is_closed(w: Any, number: int) -> bool:
    """Whether an instrument cannot be traded now: halted, or its venue down."""
    instrument = instrument_at(w, number)
    return bool(instrument.is_halted != 0 or venue_at(w, instrument.venue).is_down != 0)


@rule
def carry_out(w: Any, s: Any, agent: int, account: int, asset: int, units: int) -> bool:
    """Withdraw units now; False where the venue refuses."""
    return _book(w, s, agent, CommandKind.WITHDRAW.value, account, asset, units)


@rule
def carry_in(w: Any, s: Any, agent: int, account: int, asset: int, units: int) -> bool:
    """Book units that have arrived; False while the venue is down. The account must have had the asset before."""
    return _book(w, s, agent, CommandKind.DEPOSIT.value, account, asset, units)


@rule
def _book(w: Any, s: Any, agent: int, kind: int, account: int, asset: int, units: int) -> bool:
    if venue_at(w, account_at(w, account).venue).is_down != 0:
        return False
    pen = begin(w, s, agent, kind, account, asset)
    pen.lots = units
    clock_of(w).mechanism = agent_at(s, agent).mechanism
    return bool(deposit(w, pen, 1 if kind == CommandKind.DEPOSIT else -1) == Refusal.NONE)
