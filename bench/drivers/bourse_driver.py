"""bourse's random agents: how many agents and steps come in, seconds and orders go out, as JSON.

Runs in its own environment; nothing of the product is imported here.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import bourse
from bourse.step_sim.agents import random_agent

asked = json.load(sys.stdin)
agents, steps = asked["agents"], asked["steps"]


def as_arrays() -> None:
    environment = bourse.core.StepEnvNumpy(1, 0, 1, 1000)
    crowd = [random_agent.NumpyRandomAgents(agents, (10, 100), (1, 20), 1)]
    bourse.step_sim.run(environment, crowd, steps, 7, show_progress=False, use_numpy=True)


def as_objects() -> None:
    environment = bourse.core.StepEnv(1, 0, 1, 1000)
    crowd = [random_agent.RandomAgent(i, 0.5, (10, 100), (1, 20), 1) for i in range(agents)]
    bourse.step_sim.run(environment, crowd, steps, 7, show_progress=False)


def seconds(work: Callable[[], Any]) -> float:
    work()
    taken = []
    for _ in range(3):
        started = time.process_time()
        work()
        taken.append(time.process_time() - started)
    return statistics.median(taken)


print(
    json.dumps(
        {
            "version": version("bourse"),
            "arrays_per_s": agents * steps / seconds(as_arrays),
            "objects_per_s": agents * steps / 2 / seconds(as_objects),  # each acts with chance one half
        }
    )
)
