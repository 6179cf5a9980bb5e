"""An agent's draws, keyed by (seed, agent, purpose, counter): nobody's draws move another's.

The counter is the agent's own and goes on with every draw. An agent that wants the same numbers whatever the market
does draws the same number of times at every wake.
"""

from __future__ import annotations

from typing import Any

from shortdesk.ground.compile import rule
from shortdesk.ground.draw import Purpose, draw_below, draw_exponential, draw_normal, draw_uniform
from shortdesk.stage.parts import agent_at, play_of

__all__ = ["SECOND_NS", "below", "chance", "exponential", "normal", "wait_ns"]

SECOND_NS = 10**9
"""Nanoseconds in a second."""
_OWN = int(Purpose.OWN)
_LONGEST_S = 10**9


@rule
def _counted(s: Any, agent: int) -> int:
    row = agent_at(s, agent)
    row.draws += 1
    return int(row.draws)


@rule
def chance(s: Any, agent: int) -> float:
    """Uniform on [0, 1)."""
    return draw_uniform(play_of(s).seed, agent_at(s, agent).key, _OWN, _counted(s, agent))


@rule
def below(s: Any, agent: int, n: int) -> int:
    """One of 0 … n - 1."""
    return int(draw_below(n, play_of(s).seed, agent_at(s, agent).key, _OWN, _counted(s, agent)))


@rule
def normal(s: Any, agent: int) -> float:
    """Normal of mean 0 and variance 1."""
    return draw_normal(play_of(s).seed, agent_at(s, agent).key, _OWN, _counted(s, agent))


@rule
def exponential(s: Any, agent: int) -> float:
    """Exponential of mean 1."""
    return draw_exponential(play_of(s).seed, agent_at(s, agent).key, _OWN, _counted(s, agent))


@rule
def wait_ns(s: Any, agent: int, rate_per_s: float) -> int:
    """Nanoseconds to the next event of a Poisson clock; at least 1, and at most thirty years."""
    drawn = exponential(s, agent)
    if drawn >= rate_per_s * _LONGEST_S:
        return _LONGEST_S * SECOND_NS
    return max(1, int(drawn / rate_per_s * 1e9))
