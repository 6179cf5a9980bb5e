"""News: what an asset is worth to those who know, a jump diffusion that listens to the market.

    d ln value = σ dW + jumps + (ln mid - ln value) / memory dt

σ itself wanders: its logarithm is the sum of a quick and a slow mean-reverting part of equal size, which makes
volatility cluster with a memory that falls slowly.

The last term lets what was traded become what is believed: without it every move would be undone, with a short memory
every move would stay.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from shortdesk.ground.compile import rule
from shortdesk.ground.elementary import exp, ln
from shortdesk.ground.kinds import Mechanism
from shortdesk.market.row_type import row_type
from shortdesk.market.tables import clock_of, row_at
from shortdesk.stage.cast import Cast
from shortdesk.stage.chance import SECOND_NS, chance, normal
from shortdesk.stage.look import mid_ticks
from shortdesk.stage.parts import AgentKind, Part, agent_at, grid_at, value_at

__all__ = ["NEWS", "ValueTerms", "open_value", "wake_value"]

_DAY_S = 86_400.0


class ValueTerms(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag="value"):
    """What a base asset is worth. Defaults: 2 % a day and two jumps of 1 %, our assumption for a large coin."""

    name: str
    instrument: str
    """The market it listens to; its base asset is what the value is of."""
    sigma_day: float = 0.02
    jumps_day: float = 2.0
    jump: float = 0.01
    memory_s: float = 600.0
    """0: it does not listen."""
    step_s: float = 1.0
    sigma_wanders: float = 0.0
    """Standard deviation of ln σ around its mean."""
    quick_s: float = 900.0
    slow_s: float = 14_400.0
    """Memories of its two parts."""


NEWS = row_type(
    ("sigma_step", "<f8"),
    ("jump_chance", "<f8"),
    ("jump", "<f8"),
    ("follow", "<f8"),
    ("step_ns", "<i8"),
    ("instrument", "<i8"),
    ("quick", "<f8"),  # the two parts of ln sigma, each of standard deviation 1
    ("slow", "<f8"),
    ("quick_kept", "<f8"),  # what one step leaves of them
    ("slow_kept", "<f8"),
    ("wanders", "<f8"),  # by how much each part counts
)
"""How one value moves."""


def open_value(cast: Cast, terms: ValueTerms) -> None:
    """The agent that moves a value; the value itself is there already."""
    market = cast.market(terms.instrument)
    cast.begin(terms.name, "value", Mechanism.NOISE)
    own = cast.row(
        Part.NEWS, NEWS, sigma_step=terms.sigma_day * math.sqrt(terms.step_s / _DAY_S),
        jump_chance=terms.jumps_day * terms.step_s / _DAY_S, jump=terms.jump,
        follow=terms.step_s / terms.memory_s if terms.memory_s else 0.0, step_ns=int(terms.step_s * SECOND_NS),
        instrument=market.number, wanders=terms.sigma_wanders * math.sqrt(0.5),
        quick_kept=math.exp(-terms.step_s / terms.quick_s), slow_kept=math.exp(-terms.step_s / terms.slow_s),
    )  # fmt: skip
    cast.agent(AgentKind.VALUE, own, first_wake_ns=int(terms.step_s * SECOND_NS), mechanism=0)


@rule
def wake_value(w: Any, s: Any, agent: int) -> int:
    """One step of the value."""
    row = row_at(s, Part.NEWS, agent_at(s, agent).own, NEWS)
    grid = grid_at(s, int(row.instrument))
    value = value_at(s, int(grid.own_value))
    row.quick = _reverts(row.quick, row.quick_kept, normal(s, agent))
    row.slow = _reverts(row.slow, row.slow_kept, normal(s, agent))
    # The mean of a squared log-normal is taken out, so that sigma_day is what it says.
    size = exp(row.wanders * (row.quick + row.slow) - 2.0 * row.wanders * row.wanders)
    step = row.sigma_step * size * normal(s, agent)
    if chance(s, agent) < row.jump_chance:
        step += row.jump * normal(s, agent)
    else:
        agent_at(s, agent).draws += 1
    if row.follow > 0.0:
        step += row.follow * ln(mid_ticks(w, int(row.instrument)) * grid.tick / value.price)
    value.price *= exp(step)
    return int(clock_of(w).now_ns + row.step_ns)


@rule
def _reverts(part: float, kept: float, draw: float) -> float:
    """One step of a mean-reverting part whose variance is 1 in the long run."""
    return kept * part + math.sqrt(1.0 - kept * kept) * draw
