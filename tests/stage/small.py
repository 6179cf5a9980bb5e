"""A squeeze small enough to be played as plain Python: forty shorts, twelve seconds."""

from __future__ import annotations

from shortdesk.stage.scenario import Scenario, find_scenario

SMALL = (
    "shorts.count=40",
    "shorts.open_interest_usd=240000",
    "latent.slots=100",
    "latent.accounts=5",
    "noise.accounts=5",
    "institutions.traders=2",
    "trigger.at_s=5",
    "latent.depth_1pc_usd=20000",
    "makers.limit_usd=20000",
    "makers.order_usd=1000",
    "trigger.amount_usd=2000000",
    "trigger.piece_usd=100000",
    "trigger.pause_s=0.5",
    "trigger_s=4",
    "horizon_s=12",
)
"""Settings over the shipped squeeze."""


def small_squeeze(*settings: str) -> Scenario:
    """The small squeeze with further settings."""
    return find_scenario("short-squeeze", [*SMALL, *settings])
