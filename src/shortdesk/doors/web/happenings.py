"""Journal rows as sentences for the list of events: rare ones one by one, the rest as sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shortdesk.doors.web.view.scale import Board
from shortdesk.ground.kinds import Kind
from shortdesk.stage.agents.shock import Act
from shortdesk.study.shock_words import shock_words

__all__ = ["Happening", "told"]

Happening = tuple[int, float, str, str]
"""Number, second since the start, what happened, and its tone: bad, good or plain."""

_ONE_BY_ONE = 4
_PPM = 1e6
_PER_RATE = 1e10


def told(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    """What happened in these rows: second since the start, sentence, tone; in order of time."""
    mine = rows[(rows["instrument"] == board.number) | (rows["instrument"] < 0) | (rows["kind"] == Kind.SHOCK)]
    found = [
        *_liquidations(mine, board),
        *_sums(mine, board),
        *_makers(mine, board),
        *_shocks(mine, board),
        *_funding(mine, board),
        *_halts(mine, board),
    ]
    yield from sorted(found, key=lambda one: one[0])


def _money(value: float, board: Board) -> str:
    return f"{value:,.0f} {board.quote}"


def _at(row: Any, board: Board) -> float:
    return board.seconds(int(row["time_ns"]))


def _liquidations(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for sign, name in ((-1, "short"), (1, "long")):
        some = rows[(rows["kind"] == Kind.LIQUIDATION_START) & (np.sign(rows["lots"]) == sign)]
        if not len(some):
            continue
        worth = float((np.abs(some["lots"]).astype(np.float64) * some["price"]).sum()) * board.lot * board.tick
        last = some[-1]
        count = f"{len(some):,} {name}s" if len(some) > 1 else f"a {name}"
        mark = board.price(int(last["price"]))
        yield _at(last, board), f"{count} liquidated at mark {mark:g}: {_money(worth, board)}", "bad"


def _sums(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for kind, text in (
        (Kind.ADL, "winners were deleveraged outside the book"),
        (Kind.TAKEOVER, "the venue took positions over"),
    ):
        some = rows[rows["kind"] == kind]
        if len(some):
            worth = float((np.abs(some["lots"]).astype(np.float64) * some["price"]).sum()) * board.lot * board.tick
            yield _at(some[-1], board), f"{text}: {_money(worth, board)}", "bad"
    for kind, text in (
        (Kind.COLLATERAL, "the venue paid minuses and took coins for them"),
        (Kind.INSURANCE_OUT, "the insurance fund paid for losses"),
        (Kind.LOSS_SHARE, "winners bore a part of a loss"),
        (Kind.DEFICIT, "a loss that nobody could bear was booked"),
    ):
        some = rows[rows["kind"] == kind]
        if len(some):
            worth = board.money(int(np.abs(some["units"]).sum()))
            yield _at(some[-1], board), f"{text}: {_money(worth, board)}", "bad"


def _makers(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for units, text, tone in ((0, "left the book", "bad"), (1, "came back", "good")):
        some = rows[(rows["kind"] == Kind.PRESENCE) & (rows["units"] == units)]
        if len(some):
            count = f"{len(some)} makers" if len(some) > 1 else "a maker"
            yield _at(some[-1], board), f"{count} {text}", tone


def _shocks(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for row in rows[rows["kind"] == Kind.SHOCK]:
        act = Act(int(row["code"]))
        on = board.base if act == Act.NEWS else ""
        yield _at(row, board), shock_words(act.name.lower(), int(row["units"]) / _PPM, on), "bad"


def _funding(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for row in rows[rows["kind"] == Kind.FUNDING_RATE][-_ONE_BY_ONE:]:
        rate = int(row["units"]) / _PER_RATE
        payer = "longs pay shorts" if rate > 0 else "shorts pay longs" if rate < 0 else "nobody pays"
        yield _at(row, board), f"funding {rate:+.4f} %: {payer}", "plain"


def _halts(rows: NDArray[Any], board: Board) -> Iterator[tuple[float, str, str]]:
    for kind, text, tone in ((Kind.HALTED, "matching stopped", "bad"), (Kind.RESUMED, "matching goes on", "good")):
        some = rows[rows["kind"] == kind]
        if len(some):
            yield _at(some[-1], board), text, tone
