"""What a reader can do to a running market: send makers away, move the news, recall the borrow."""

from __future__ import annotations

import numpy as np

from shortdesk.doors.web.view.scale import Board
from shortdesk.ground.errors import UsageError
from shortdesk.market.tables import Shelf, clock_of, has_room
from shortdesk.stage.agents.shock import SHOCK_ROW, Act, act_on, recalls_on
from shortdesk.stage.pen import MOST_MESSAGES
from shortdesk.stage.play import Play

__all__ = ["shock_now"]


def shock_now(play: Play, board: Board, act: str, amount: float) -> str:
    """Do what a scenario's shock of this name would do, at this moment; what is said about it.

    ``amount`` as in a scenario: seconds, part of the value, part of every loan.

    Raises:
        UsageError: the market lends nothing, or an amount that makes no sense.
    """
    kind = Act[act.upper()]
    clock = clock_of(play.world.block)
    clock.cause, clock.mechanism = -1, 0
    if kind == Act.RECALL:
        return _recall(play, amount)
    if kind == Act.MAKERS_AWAY and amount <= 0:
        raise UsageError(f"makers away for {amount:g} s; expected more than 0")
    _do(play, kind, board.number, amount)
    if kind == Act.NEWS:
        return f"news: what {board.base} is worth moves by {100 * amount:+g} %"
    return f"makers stay away for {amount:g} s"


def _do(play: Play, act: Act, target: int, amount: float) -> None:
    row = np.zeros(1, SHOCK_ROW)[0]
    row["act"], row["target"], row["amount"] = int(act), target, amount
    act_on(play.world.block, play.block, row)


def _recall(play: Play, part: float) -> str:
    """Recall that part of every loan of every pool; the buy-ins follow when the time to repay is up."""
    if not play.cast.pools:
        raise UsageError(f"{play.scenario.name} lends nothing, so nothing can be recalled; stage a scenario that lends")
    if not 0 < part <= 1:
        raise UsageError(f"recall of {part:g}; expected a part of every loan above 0 and up to 1")
    for pool in dict.fromkeys(play.cast.pools.values()):  # a pool is also called by its asset
        row = np.zeros(1, SHOCK_ROW)[0]
        row["act"], row["target"], row["amount"] = int(Act.RECALL), pool, part
        going_on = True
        while going_on:
            if not has_room(play.world.block, Shelf.INBOX, MOST_MESSAGES):
                play.world.grow(Shelf.MESSAGES)
            going_on = recalls_on(play.world.block, play.block, row)
        act_on(play.world.block, play.block, row)
    return f"lenders want {100 * part:g} % of every loan back within ten minutes"
