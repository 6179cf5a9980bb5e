"""Lenders of a pool: they take back what is not lent, and call in loans, when use is high or the price runs.

At each look, with use U = lent / (lent + there + withdrawn) and run = price / slow average of it - 1::

    U > ``high_use`` or run > ``run``     withdraw the part ``pulls`` of what is there, and recall the part ``recalls``
                                          of what is lent, each loan whole, due after ``notice_s``
    otherwise                             bring back the part ``returns`` of what was withdrawn

So a squeeze in the price dries its own loans up: less there to borrow, a steeper rate, shorts called in who buy in the
same book. A loan that is not repaid in time is bought in by the venue.
"""

from __future__ import annotations

from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp
from shortdesk.ground.errors import UsageError, unknown_name
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.command import CommandKind
from shortdesk.market.loan_tables import LENDING, LOAN
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import Shelf, balance_at, clock_of, row_at, shelf_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, wait_ns
from shortdesk.stage.funds import carry_in, carry_out
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at
from shortdesk.stage.pen import begin, is_silent, say

__all__ = ["LENDER", "LenderTerms", "open_lender", "wake_lender"]

_LOANS_AT_ONCE = 40


class LenderTerms(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="lender"
):
    """Lenders of one pool as one agent. Defaults are our assumptions: venues do not publish who recalls when."""

    name: str
    instrument: str
    """The pair of the pool, whose price they watch."""
    pool: str
    """A pool by its name in the scenario."""
    high_use: float = 0.95
    run: float = 0.1
    """Rise of the price over its slow average, as a part of it."""
    run_memory_s: float = 1_800.0
    pulls: float = 0.3
    recalls: float = 0.1
    returns: float = 0.1
    notice_s: float = 600.0
    look_s: float = 60.0


LENDER = row_type(
    ("look_rate_per_s", "<f8"),
    ("high_use", "<f8"),
    ("run", "<f8"),
    ("run_memory_s", "<f8"),
    ("pulls", "<f8"),
    ("recalls", "<f8"),
    ("returns", "<f8"),
    ("slow_mid", "<f8"),  # slow average of the price, in ticks
    ("seen_ns", "<i8"),
    ("notice_ns", "<i8"),
    ("instrument", "<i8"),
    ("pool", "<i8"),
    ("away_units", "<i8"),  # withdrawn so far and not brought back
    ("cursor", "<i8"),  # the loan that was recalled last
)
"""The lenders of one pool."""


def open_lender(cast: Cast, terms: LenderTerms) -> None:
    """One agent for the lenders of a pool; their account is the pool's.

    Raises:
        UsageError: there is no such pool.
    """
    market = cast.market(terms.instrument)
    if terms.pool not in cast.pools:
        raise UsageError(f"lender '{terms.name}': {unknown_name('pool', terms.pool, cast.pools)}")
    population = cast.begin(terms.name, "lender", Mechanism.RECALL)
    population.accounts.append(int(row_at(cast.world.block, Shelf.LENDING, cast.pools[terms.pool], LENDING).lender))
    own = cast.row(
        Part.LENDERS, LENDER, look_rate_per_s=1.0 / terms.look_s, high_use=terms.high_use, run=terms.run,
        run_memory_s=terms.run_memory_s, pulls=terms.pulls, recalls=terms.recalls, returns=terms.returns,
        slow_mid=market.price / float(market.tick), seen_ns=cast.start_ns, notice_ns=int(terms.notice_s * SECOND_NS),
        instrument=market.number, pool=cast.pools[terms.pool],
    )  # fmt: skip
    cast.agent(AgentKind.LENDER, own, first_wake_ns=SECOND_NS)


@rule
def wake_lender(w: Any, s: Any, agent: int) -> int:
    """Watch use and price; withdraw and recall, or bring back."""
    row = row_at(s, Part.LENDERS, agent_at(s, agent).own, LENDER)
    now = int(clock_of(w).now_ns)
    next_ns = now + wait_ns(s, agent, row.look_rate_per_s)
    mid = mid_ticks(w, int(row.instrument))
    row.slow_mid += (1.0 - exp(-(now - row.seen_ns) * 1e-9 / row.run_memory_s)) * (mid - row.slow_mid)
    row.seen_ns = now
    if is_silent(w, s, agent):
        return next_ns
    pool = row_at(w, Shelf.LENDING, int(row.pool), LENDING)
    there = max(0, int(balance_at(w, pool.lender_balance).units))
    whole = int(pool.lent_units) + there + int(row.away_units)
    if whole == 0:
        return next_ns
    if float(pool.lent_units) > row.high_use * whole or mid > (1.0 + row.run) * row.slow_mid:
        _withdraw(w, s, agent, row, int(row.pulls * there))
        _call_in(w, s, agent, row, int(row.recalls * float(pool.lent_units)), now)
    else:
        _bring_back(w, s, agent, row, int(row.returns * float(row.away_units) + 0.999))
    return next_ns


@rule
def _withdraw(w: Any, s: Any, agent: int, row: Any, units: int) -> None:
    """Units out of the pool, unless the venue refuses."""
    pool = row_at(w, Shelf.LENDING, int(row.pool), LENDING)
    if carry_out(w, s, agent, int(pool.lender), int(pool.asset), units):
        row.away_units += units


@rule
def _bring_back(w: Any, s: Any, agent: int, row: Any, units: int) -> None:
    """Units back into the pool, unless the venue is down."""
    pool = row_at(w, Shelf.LENDING, int(row.pool), LENDING)
    if carry_in(w, s, agent, int(pool.lender), int(pool.asset), units):
        row.away_units -= units


@rule
def _call_in(w: Any, s: Any, agent: int, row: Any, wanted: int, now: int) -> None:
    """Recall whole loans, one after the other, up to the wanted sum; each with its buy-in at the end of its time."""
    used = int(shelf_at(w, Shelf.LOANS).used)
    asset = int(row_at(w, Shelf.LENDING, int(row.pool), LENDING).asset)
    told = 0
    for _ in range(used):
        if wanted <= 0 or told == _LOANS_AT_ONCE:
            return
        row.cursor = row.cursor % used + 1
        loan = row_at(w, Shelf.LOANS, int(row.cursor), LOAN)
        owed = int(loan.units) + int(loan.interest)
        if loan.pool != row.pool or owed <= 0 or loan.recall_units > 0:
            continue
        pen = begin(w, s, agent, CommandKind.RECALL.value, int(loan.account), asset)
        pen.lots = owed
        pen.trigger_ticks = now + row.notice_ns
        say(w, s, agent)
        begin(w, s, agent, CommandKind.BUY_IN.value, int(loan.account), asset).time_ns = now + row.notice_ns
        say(w, s, agent)
        wanted -= owed
        told += 1
