"""How an account stands: may it take this order?"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.order import OrderFlag, Refusal
from shortdesk.market.tables import instrument_at, leg_at

__all__ = ["refusal_for_margin"]


@rule(inline=True)
def refusal_for_margin(w: Any, leg: int, side: int, limit_ticks: int, lots: int, replaced_lots: int, flags: int) -> int:
    """Whether the account carries an order that replaces ``replaced_lots`` of an older one."""
    if instrument_at(w, leg_at(w, leg).instrument).has_accounts == 0 or flags & OrderFlag.REDUCE_ONLY:
        return Refusal.NONE.value
    return Refusal.NONE.value
